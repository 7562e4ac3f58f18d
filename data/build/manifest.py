"""Write data/manifest.toml from the texts of metadata.toml and from the data files themselves."""

import hashlib
import tomllib
from pathlib import Path

import pyarrow.parquet as pq
from settlement import COLUMN_MEANINGS

METADATA = Path(__file__).parent / "metadata.toml"
HEADER = """# Metadata of every data file, written by data/build/build.py: edit the texts in
# data/build/metadata.toml. `file` is relative to this folder; `sha256` is that of the file.
"""


def quote(value: str | float | int) -> str:
    r"""Return a value as TOML writes it.

    >>> quote('He said "yes"'), quote(5), quote(10.0)
    ('"He said \\"yes\\""', '5', '10.0')
    """
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    return repr(value)


def format_table(name: str, values: dict[str, str]) -> list[str]:
    """Return the lines of a TOML table of texts."""
    return [f"[{name}]", *(f"{key} = {quote(value)}" for key, value in values.items()), ""]


def describe_file(name: str, entry: dict[str, object], data: Path) -> list[str]:
    """Return the lines of one dataset: its texts, the rows and hash of its file, its columns."""
    path = data / str(entry["file"])
    stored = pq.ParquetFile(path)
    texts = {key: value for key, value in entry.items() if not isinstance(value, dict)}
    texts["rows"] = stored.metadata.num_rows
    texts["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    given = entry.get("columns", {})
    meanings = COLUMN_MEANINGS | (given if isinstance(given, dict) else {})
    columns = {column: str(meanings[column]) for column in stored.schema_arrow.names}
    lines = [f"[{name}]", *(f"{key} = {quote(value)}" for key, value in texts.items()), ""]  # type: ignore[arg-type]
    lines += format_table(f"{name}.columns", columns)
    sources = entry.get("sources")
    return lines + (format_table(f"{name}.sources", sources) if isinstance(sources, dict) else [])


def write_manifest(data: Path) -> None:
    """Write the manifest of the files that are in `data` now."""
    entries = tomllib.loads(METADATA.read_text(encoding="utf-8"))
    lines = [line for name, entry in entries.items() for line in describe_file(name, entry, data)]
    text = HEADER + "\n" + "\n".join(lines)
    (data / "manifest.toml").write_text(text.rstrip("\n") + "\n", encoding="utf-8")

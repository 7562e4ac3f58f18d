"""data/manifest.toml, the papers of every file: texts of papers.toml, and what the files say."""

import hashlib
import tomllib
from pathlib import Path

import pyarrow.parquet as pq
from settlement import COLUMN_MEANINGS

PAPERS = Path(__file__).parent / "papers.toml"
HEADER = """# The papers of every data file, written by data/build/build.py: edit the texts in
# data/build/papers.toml. `file` is relative to this folder; `sha256` is that of the file.
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


def describe_file(name: str, paper: dict[str, object], data: Path) -> list[str]:
    """Return the lines of one dataset: its paper, what its file says of itself, its columns."""
    path = data / str(paper["file"])
    stored = pq.ParquetFile(path)
    texts = {key: value for key, value in paper.items() if not isinstance(value, dict)}
    texts["rows"] = stored.metadata.num_rows
    texts["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    given = paper.get("columns", {})
    meanings = COLUMN_MEANINGS | (given if isinstance(given, dict) else {})
    columns = {column: str(meanings[column]) for column in stored.schema_arrow.names}
    lines = [f"[{name}]", *(f"{key} = {quote(value)}" for key, value in texts.items()), ""]  # type: ignore[arg-type]
    lines += format_table(f"{name}.columns", columns)
    sources = paper.get("sources")
    return lines + (format_table(f"{name}.sources", sources) if isinstance(sources, dict) else [])


def write_manifest(data: Path) -> None:
    """Write the manifest of the files that are in `data` now."""
    papers = tomllib.loads(PAPERS.read_text(encoding="utf-8"))
    lines = [line for name, paper in papers.items() for line in describe_file(name, paper, data)]
    text = HEADER + "\n" + "\n".join(lines)
    (data / "manifest.toml").write_text(text.rstrip("\n") + "\n", encoding="utf-8")

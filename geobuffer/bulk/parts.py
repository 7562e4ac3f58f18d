"""A folder of parts, and the note that tells of which source and zone they are."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from geobuffer.bulk import opening
from geobuffer.drafts import is_draft, write_text
from geobuffer.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from geobuffer.combined import Zone

# What notes of which source and zone parts are, and what may be there beside drafts.
_MARK = "_geobuffer.json"
_PART = re.compile(r"part-\d{6,}\.parquet|_geobuffer\.json")


def begin_parts(target: Path, said: dict[str, Any]) -> None:
    """Make a folder of parts, or see that what is there may be gone on with."""
    mark = target / _MARK
    there = list(target.iterdir()) if target.is_dir() else []
    foreign = [path for path in there if not (_PART.fullmatch(path.name) or is_draft(path))]
    if foreign or (there and not mark.is_file() and not all(map(is_draft, there))):
        name = (foreign or there)[0].name
        raise DataError(f"Invalid folder {str(target)!r}: it holds {name!r}. Must be empty.")
    if mark.is_file() and _noted(mark) != said:
        raise DataError(
            f"Invalid folder {str(target)!r}: its parts are of another source or zone. Must be "
            "of these, or not be there."
        )
    target.mkdir(exist_ok=True)
    write_text(mark, json.dumps(said))


def _noted(mark: Path) -> object:
    """Return what a folder's note says; nothing, if it is not one."""
    try:
        return json.loads(mark.read_text(encoding="utf-8"))
    except ValueError:
        return None


def rows_in(folder: Path) -> int:
    """Return how many rows the parts of a folder have."""
    import pyarrow.parquet as pq

    return sum(pq.read_metadata(part).num_rows for part in sorted(folder.glob("part-*.parquet")))


def fingerprint(source: Path, zone: Zone) -> dict[str, Any]:
    """Return what must be the same for parts to belong together."""
    state = source.stat()
    return {
        "source": str(source.resolve()),
        "bytes": state.st_size,
        "modified": state.st_mtime_ns,
        "batch_rows": opening.BATCH_ROWS,
        "edges_km": list(zone.edges_km),
        "zone": repr(zone),
        "side": zone.side_label,
        "ends": zone.ends,
        "sections": [section.name for section in zone.sections],
        "border_km": sum(section.length_km for section in zone.sections),
        "accuracy_m": zone.source.accuracy_m,
    }

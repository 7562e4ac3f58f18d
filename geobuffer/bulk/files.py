"""A file in, the same rows with what a zone says of them out."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from geobuffer.bulk.answering import answered_batches
from geobuffer.bulk.opening import opened
from geobuffer.bulk.parts import begin_parts, fingerprint, rows_in
from geobuffer.bulk.writing import Writer, check_plain
from geobuffer.drafts import check_folder, check_place, drafted
from geobuffer.errors import DataError, did_you_mean
from geobuffer.kinds import check_zone

if TYPE_CHECKING:
    from collections.abc import Callable

    from geobuffer.bulk.opening import Rows
    from geobuffer.combined import Zone

_FORMATS = (".parquet", ".csv")


def classify_file(
    source: str | Path,
    zone: Zone,
    target: str | Path,
    *,
    progress: Callable[[float], None] | None = None,
) -> int:
    """Write the rows of a file with what a zone says of each, and return how many they are.

    Added are ``distance_km``, ``side``, ``section``, ``ring`` and ``membership``, as by
    :func:`geobuffer.classify` (columns of these names are replaced); rows without a point get
    missing values. ``accuracy_m`` and ``radius_m`` are used where the file has them, as by
    ``classify``; ``country`` and ``oblast_iso`` are not used. The side of a place
    on the territory of neither is missing.

    Parameters
    ----------
    source
        GeoParquet with points, in any CRS; or Parquet or CSV with columns of longitude and
        latitude in degrees (``lon``/``lat``, ``longitude``/``latitude``, ``lng``, ``x``/``y``).
        Commas, semicolons or tabs part the columns of CSV; if coordinates have decimal commas, all
        numbers must.
    zone
        The zone.
    target
        ``.parquet`` or ``.csv``: one file, whole or not there. A path without suffix: a folder of
        parts in Parquet, in order; if it is there already, from the same source and zone, the
        parts that it lacks are added.
    progress
        Called with the share done, from 0 to 1.

    Raises
    ------
    DataError
        The source cannot be read, has no coordinates, or one is impossible, or an accuracy is: the
        row is named, counted from 0; the target's suffix names no format, or it cannot hold a
        column of the source; the folder is of another source or zone.
    MissingCRSError
        GeoParquet that says it has no reference system.
    WrongKind
        The zone is none.

    Examples
    --------
    >>> import tempfile
    >>> import geobuffer as gb
    >>> zone = gb.scenario_zone(gb.load_scenario(), gb.load_regions())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = gb.write(gb.load_settlements(), f"{folder}/towns.parquet")
    ...     rows = classify_file(path, zone, f"{folder}/classified.parquet")
    ...     print(rows == len(gb.load_settlements()))
    True
    """
    source, target = Path(source), Path(target)
    check_zone(zone)
    check_bulk_target(target)
    rows = opened(source)
    if target.suffix.lower() == ".csv":
        check_plain(rows, target)
    if target.suffix == "":
        return _write_parts(rows, zone, target, progress)
    return _write_file(rows, zone, target, progress)


def check_bulk_target(target: Path) -> None:
    """Refuse a target that cannot be written, before anything is read.

    Raises
    ------
    DataError
        Its suffix names no format, or a file stands where a folder is meant.
    WriteError
        Its folder does not exist or is read-only, or a folder stands where a file is meant.
    """
    if target.suffix.lower() not in (*_FORMATS, ""):
        hint = did_you_mean(target.suffix, _FORMATS)
        raise DataError(f"Invalid file {str(target)!r} for a large table. {hint}")
    if not target.suffix and target.exists() and not target.is_dir():
        raise DataError(f"Invalid folder {str(target)!r}: it is a file. Must be a folder's name.")
    if not target.suffix and target.is_dir():
        check_folder(target, f"Invalid folder {str(target)!r}")
    else:
        check_place(target)


def _write_file(
    rows: Rows,
    zone: Zone,
    target: Path,
    progress: Callable[[float], None] | None,
) -> int:
    """Write one file, which is whole or not there."""
    count = 0
    with drafted(target) as draft, Writer(draft, rows) as writer, ThreadPoolExecutor(1) as behind:
        writing: Future[None] | None = None
        for _, table in answered_batches(rows, zone, progress, set()):
            count += table.num_rows
            if writing is not None:
                writing.result()
            writing = behind.submit(writer.write, table)
        if writing is not None:
            writing.result()
    return count


def _write_parts(
    rows: Rows,
    zone: Zone,
    target: Path,
    progress: Callable[[float], None] | None,
) -> int:
    """Write a folder of parts; add those that it lacks, if it is of this source and zone."""
    begin_parts(target, fingerprint(rows.path, zone))
    done = {int(part.stem.removeprefix("part-")) for part in target.glob("part-*.parquet")}
    for number, table in answered_batches(rows, zone, progress, done):
        part = target / f"part-{number:06}.parquet"
        with drafted(part) as draft, Writer(draft, rows) as writer:
            writer.write(table)
    return rows_in(target)

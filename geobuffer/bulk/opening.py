"""A source of any length: its columns, where it keeps its points, and its rows in batches."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, NamedTuple

import pyproj

from geobuffer.errors import DataError, MissingCRSError, did_you_mean
from geobuffer.references import check_geoparquet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    import pyarrow as pa

# Rows at a time: some 100 MB with a few columns, and enough for two processors to share.
BATCH_ROWS = 500_000

# Names by which columns of coordinates are known, in the order in which they are looked for.
_LONGITUDE = ("longitude", "lon", "lng", "long", "x")
_LATITUDE = ("latitude", "lat", "y")


class Coordinates(NamedTuple):
    """Where a table keeps its points: one column of geometry, or two of numbers."""

    columns: tuple[str, ...]
    encoding: str
    """``"WKB"``, ``"point"`` (GeoArrow) or ``"numbers"``."""
    crs: pyproj.CRS | None
    """The reference system, if it is not longitude and latitude."""
    boxes: str = ""
    """GeoParquet's column of boxes about the points, which says nothing that they do not."""
    decimal: str = "."
    """What parts a number's decimals, where numbers are texts."""


class Rows(NamedTuple):
    """An opened source: its columns, where its points are, and a way to read it in order."""

    path: Path
    schema: pa.Schema
    at: Coordinates
    batches: Callable[[], Iterator[tuple[float, pa.Table]]]
    """Yields the share of the source read so far, and the next rows."""


def opened(path: Path) -> Rows:
    """Open a source by its suffix, and find where it keeps its points."""
    import pyarrow as pa

    readers = {".parquet": _open_parquet, ".csv": _open_csv}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise DataError(f"Invalid file {str(path)!r}. {did_you_mean(path.suffix, readers)}")
    try:
        return reader(path)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"Unreadable {path}: {error}") from error


def _open_parquet(path: Path) -> Rows:
    import pyarrow as pa
    import pyarrow.parquet as pq

    # Buffering ahead keeps all that was read: as much memory as the file is long.
    file = pq.ParquetFile(path, pre_buffer=False)
    schema = file.schema_arrow
    _check_names(path, schema.names)
    geo = (schema.metadata or {}).get(b"geo")
    at = _geometry_at(path, geo, schema.names) if geo else _numbers_at(path, schema.names)
    total = max(file.metadata.num_rows, 1)

    def batches() -> Iterator[tuple[float, pa.Table]]:
        done = 0
        for batch in file.iter_batches(batch_size=BATCH_ROWS):
            done += batch.num_rows
            yield done / total, pa.Table.from_batches([batch])

    return Rows(path, schema, at, batches)


def _open_csv(path: Path) -> Rows:
    import pyarrow as pa
    from pyarrow import csv as arrow

    mark = _separator(path)
    # A newline within quotes may be where one block ends and the next begins.
    parse = arrow.ParseOptions(delimiter=mark, newlines_in_values=True)
    with arrow.open_csv(path, arrow.ReadOptions(block_size=1 << 20), parse) as head:
        names = head.schema.names
    _check_names(path, names)
    at = _numbers_at(path, names)
    # All is carried through as text, letter by letter; coordinates and accuracies too.
    schema = pa.schema({name: pa.string() for name in names}.items())
    convert = arrow.ConvertOptions(column_types=schema, strings_can_be_null=False)
    with arrow.open_csv(path, arrow.ReadOptions(block_size=1 << 20), parse, convert) as head:
        at = at._replace(decimal=_decimal(head, at))
    size = max(path.stat().st_size, 1)

    def batches() -> Iterator[tuple[float, pa.Table]]:
        # Some 100 bytes a row.
        with path.open("rb") as file:
            options = arrow.ReadOptions(block_size=100 * BATCH_ROWS)
            for batch in arrow.open_csv(file, options, parse, convert):
                yield min(file.tell() / size, 1.0), pa.Table.from_batches([batch])

    return Rows(path, schema, at, batches)


def _separator(path: Path) -> str:
    """Return what parts a table's columns: what finds coordinates in its first line, or commas."""
    with path.open("rb") as file:
        head = file.readline(1 << 16).decode("utf-8-sig", "replace")
    for mark in (",", ";", "\t"):
        if _found(next(csv.reader([head], delimiter=mark), [])):
            return mark
    return ","


def _decimal(rows: Iterable[pa.RecordBatch], at: Coordinates) -> str:
    """Return what parts decimals: commas if more of the first coordinates have them than points.

    One mark for all numbers of a table: 1,500 is read as 1500 by some and as 1.5 by others.
    """
    from pyarrow import compute as pc

    first = next(iter(rows), None)
    columns = [first[name] for name in at.columns] if first is not None else []
    commas, points = (
        sum(pc.sum(pc.match_substring(one, mark)).as_py() or 0 for one in columns) for mark in ",."
    )
    return "," if commas > points else "."


def _check_names(path: Path, names: list[str]) -> None:
    """Refuse a table in which two columns have one name: neither could be told from the other."""
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise DataError(f"Invalid table {path}: two columns are named {twice[0]!r}. Must differ.")


def _geometry_at(path: Path, geo: bytes, names: list[str]) -> Coordinates:
    """Return where a GeoParquet file keeps its points."""
    check_geoparquet(geo, str(path))
    try:
        told = json.loads(geo)
        name, column = told["primary_column"], told["columns"][told["primary_column"]]
        encoding, kinds = column.get("encoding", "WKB"), column.get("geometry_types", [])
        boxes = column.get("covering", {}).get("bbox", {}).get("xmin", [""])[0]
        crs = pyproj.CRS.from_user_input(column["crs"]) if column.get("crs") else None
    except (
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        pyproj.exceptions.CRSError,
    ) as error:
        raise DataError(
            f"Unreadable {path}: its GeoParquet metadata are broken: {error}"
        ) from error
    if name not in names:
        raise DataError(f"Invalid table {path}: there is no column {name!r}, its geometry.")
    if encoding not in {"WKB", "point"} or {kind.removesuffix(" Z") for kind in kinds} - {"Point"}:
        shown = ", ".join(kinds) or encoding
        raise DataError(f"Invalid geometry in {path}: {name!r} holds {shown}. Must hold points.")
    # No key means longitude and latitude (GeoParquet 1.1); a null, that nobody knows.
    if "crs" in column and column["crs"] is None:
        raise MissingCRSError(f"{path} says that {name!r} has no reference system. Must have one.")
    degrees = crs is None or crs.equals(pyproj.CRS("OGC:CRS84"), ignore_axis_order=True)
    degrees = degrees or (crs is not None and crs.to_epsg() == 4326)
    return Coordinates((name,), encoding, None if degrees else crs, boxes)


def _found(names: list[str]) -> tuple[str, ...]:
    """Return which columns of a table are longitude and latitude, if there are any."""
    folded = {name.strip().casefold(): name for name in reversed(names)}
    for lon, lat in zip(_LONGITUDE, (*_LATITUDE[:2], "lat", "lat", "y"), strict=True):
        if lon in folded and lat in folded:
            return (folded[lon], folded[lat])
    return ()


def _numbers_at(path: Path, names: list[str]) -> Coordinates:
    """Return which columns of a table are longitude and latitude, or refuse it."""
    if columns := _found(names):
        return Coordinates(columns, "numbers", None)
    shown = ", ".join(names[:12])
    raise DataError(
        f"Invalid table {path}: no columns of coordinates among {shown}. Must have lon and lat, "
        "or longitude and latitude, in degrees; or be GeoParquet."
    )


def read_batches(rows: Rows) -> Iterator[tuple[float, pa.Table]]:
    """Yield the batches of a source; one without rows, if it has none."""
    import pyarrow as pa

    batch = None
    try:
        for share, batch in rows.batches():
            yield share, batch
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"Unreadable {rows.path}: {error}") from error
    if batch is None:
        yield 1.0, rows.schema.empty_table()

"""Tables larger than memory: a file in, the same rows with what a zone says of them out.

Rows are read, asked and written a batch at a time, in their order; while one batch is asked, the
one before is written. What the file holds besides coordinates is carried through as it is.
"""

from __future__ import annotations

import json
import re
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyproj
import shapely

from geobuffer.drafts import check_folder, check_place, drafted, is_draft, write_text
from geobuffer.errors import DataError, MissingCRSError, did_you_mean
from geobuffer.geodesy import ON_GLOBE, is_on_globe, wrap
from geobuffer.membership import MEMBERSHIP, answer, margin_km
from geobuffer.nearest import has_numba
from geobuffer.oddities import warn_if_swapped
from geobuffer.points import UNSTATED_M
from geobuffer.references import check_geoparquet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

    from geobuffer.combined import Zone
    from geobuffer.geodesy import Floats

# Rows at a time: some 100 MB with a few columns, and enough for two processors to share.
BATCH_ROWS = 500_000

# Names by which columns of coordinates are known, in the order in which they are looked for.
_LONGITUDE = ("longitude", "lon", "lng", "long", "x")
_LATITUDE = ("latitude", "lat", "y")

# A point in well-known binary: byte order, type, longitude, latitude; 21 bytes, no padding.
_WKB_POINT = np.dtype([("order", "u1"), ("type", "<u4"), ("lon", "<f8"), ("lat", "<f8")])

# Texts that stand for no number, in small letters.
_NO_NUMBER = ("", "na", "n/a", "nan", "null", "none")

_FORMATS = (".parquet", ".csv")

# What notes of which source and zone parts are, and what may be there beside drafts.
_MARK = "_geobuffer.json"
_PART = re.compile(r"part-\d{6,}\.parquet|_geobuffer\.json")


class _Coordinates(NamedTuple):
    """Where a table keeps its points: one column of geometry, or two of numbers."""

    columns: tuple[str, ...]
    encoding: str
    """``"WKB"``, ``"point"`` (GeoArrow) or ``"numbers"``."""
    crs: pyproj.CRS | None
    """The reference system, if it is not longitude and latitude."""
    boxes: str = ""
    """GeoParquet's column of boxes about the points, which says nothing that they do not."""


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
    check_bulk_target(target)
    rows = _opened(source)
    if target.suffix.lower() == ".csv":
        _check_plain(rows, target)
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


class _Rows(NamedTuple):
    """An opened source: its columns, where its points are, and a way to read it in order."""

    path: Path
    schema: pa.Schema
    at: _Coordinates
    batches: Callable[[], Iterator[tuple[float, pa.Table]]]
    """Yields the share of the source read so far, and the next rows."""


def _opened(path: Path) -> _Rows:
    import pyarrow as pa

    readers = {".parquet": _open_parquet, ".csv": _open_csv}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise DataError(f"Invalid file {str(path)!r}. {did_you_mean(path.suffix, readers)}")
    try:
        return reader(path)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"Unreadable {path}: {error}") from error


def _open_parquet(path: Path) -> _Rows:
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

    return _Rows(path, schema, at, batches)


def _open_csv(path: Path) -> _Rows:
    import pyarrow as pa
    from pyarrow import csv

    _check_commas(path)
    # A newline within quotes may be where one block ends and the next begins.
    parse = csv.ParseOptions(newlines_in_values=True)
    with csv.open_csv(path, csv.ReadOptions(block_size=1 << 20), parse) as head:
        names = head.schema.names
    _check_names(path, names)
    at = _numbers_at(path, names)
    # All is carried through as text, letter by letter; coordinates and accuracies too.
    schema = pa.schema({name: pa.string() for name in names}.items())
    convert = csv.ConvertOptions(column_types=schema, strings_can_be_null=False)
    size = max(path.stat().st_size, 1)

    def batches() -> Iterator[tuple[float, pa.Table]]:
        # Some 100 bytes a row.
        with path.open("rb") as file:
            options = csv.ReadOptions(block_size=100 * BATCH_ROWS)
            for batch in csv.open_csv(file, options, parse, convert):
                yield min(file.tell() / size, 1.0), pa.Table.from_batches([batch])

    return _Rows(path, schema, at, batches)


def _check_commas(path: Path) -> None:
    """Refuse a table whose columns are parted by something else: its decimals may be commas."""
    with path.open("rb") as file:
        head = file.readline(1 << 16)
    other = next((mark for mark in (b";", b"\t") if mark in head and b"," not in head), None)
    if other:
        raise DataError(
            f"Invalid table {path}: its columns are parted by {other.decode()!r}. Must be parted "
            "by commas, with decimal points."
        )


def _check_names(path: Path, names: list[str]) -> None:
    """Refuse a table in which two columns have one name: neither could be told from the other."""
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise DataError(f"Invalid table {path}: two columns are named {twice[0]!r}. Must differ.")


def _geometry_at(path: Path, geo: bytes, names: list[str]) -> _Coordinates:
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
    return _Coordinates((name,), encoding, None if degrees else crs, boxes)


def _numbers_at(path: Path, names: list[str]) -> _Coordinates:
    """Return which columns of a table are longitude and latitude."""
    folded = {name.strip().casefold(): name for name in reversed(names)}
    for lon, lat in zip(_LONGITUDE, (*_LATITUDE[:2], "lat", "lat", "y"), strict=True):
        if lon in folded and lat in folded:
            return _Coordinates((folded[lon], folded[lat]), "numbers", None)
    shown = ", ".join(names[:12])
    raise DataError(
        f"Invalid table {path}: no columns of coordinates among {shown}. Must have lon and lat, "
        "or longitude and latitude, in degrees; or be GeoParquet."
    )


def _points(rows: pa.Table, at: _Coordinates, first: int) -> tuple[Floats, Floats]:
    """Return longitudes and latitudes; NaN where there is no point."""
    if at.encoding == "numbers":
        lon, lat = (_numbers(rows, name, first) for name in at.columns)
    else:
        column = _whole(rows, at.columns[0])
        read = _from_struct if at.encoding == "point" else _from_wkb
        lon, lat = read(column, first)
    if at.crs is not None:
        to_degrees = pyproj.Transformer.from_crs(at.crs, "OGC:CRS84", always_xy=True)
        there = np.isfinite(lon)
        lon, lat = np.array(lon), np.array(lat)
        lon[there], lat[there] = to_degrees.transform(lon[there], lat[there])
    return lon, lat


def _whole(rows: pa.Table, name: str) -> pa.Array:
    """Return a column as one array, in a layout whose bytes can be looked at."""
    import pyarrow as pa

    column = rows.column(name).combine_chunks()
    column = getattr(column, "storage", column)
    return column.cast(pa.large_binary()) if column.type == pa.binary_view() else column


def _numbers(rows: pa.Table, name: str, first: int) -> Floats:
    """Return a column of numbers, or of texts that are numbers; NaN where there is none."""
    import pyarrow as pa
    from pyarrow import compute as pc

    column = rows.column(name)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    try:
        if not pa.types.is_primitive(column.type) and not pa.types.is_decimal(column.type):
            column = pc.utf8_trim_whitespace(column.cast(pa.string()))
            absent = pc.is_in(pc.utf8_lower(column), value_set=pa.array(_NO_NUMBER))
            column = pc.if_else(absent, pa.scalar(None, pa.string()), column)
        numbers: Floats = column.cast(pa.float64(), safe=False).to_numpy()
    except pa.ArrowException as error:
        raise DataError(_no_number(column, name, first)) from error
    return numbers


def _no_number(column: pa.ChunkedArray, name: str, first: int) -> str:
    """Return what to say of a column in which some row is not a number."""
    import pyarrow as pa

    for row, value in enumerate(column.to_pylist()):
        try:
            pa.array([value]).cast(pa.float64(), safe=False)
        except pa.ArrowException:
            return f"Invalid {name} in row {first + row}: {value!r}. Must be a number, as in 35.27."
    return f"Invalid {name}: it is of type {column.type}. Must be numbers."


def _from_struct(column: pa.Array, first: int) -> tuple[Floats, Floats]:  # noqa: ARG001 - as _from_wkb
    """Return the points of GeoArrow: numbers x and y."""
    x, y = column.flatten()[:2]
    return x.to_numpy(zero_copy_only=False), y.to_numpy(zero_copy_only=False)


def _from_wkb(column: pa.Array, first: int) -> tuple[Floats, Floats]:
    """Return the points of well-known binary: by a view of its bytes where all are plain points."""
    offsets = np.frombuffer(column.buffers()[1], dtype=_offset_type(column))
    offsets = offsets[column.offset : column.offset + len(column) + 1]
    if column.null_count == 0 and (np.diff(offsets) == _WKB_POINT.itemsize).all() and len(column):
        values = np.frombuffer(column.buffers()[2], dtype=np.uint8)[offsets[0] : offsets[-1]]
        points = values.view(_WKB_POINT)
        if ((points["order"] == 1) & (points["type"] == 1)).all():
            return np.ascontiguousarray(points["lon"]), np.ascontiguousarray(points["lat"])
    shapes = _shapes(column, first)
    lon, lat = np.full((2, len(shapes)), np.nan)
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    wrong = np.flatnonzero(there & (shapely.get_type_id(shapes) != 0))
    if len(wrong):
        kind = shapes[wrong[0]].geom_type
        raise DataError(f"Invalid geometry in row {first + wrong[0]}: {kind}. Must be a Point.")
    lon[there], lat[there] = shapely.get_coordinates(shapes[there]).T
    return lon, lat


def _shapes(column: pa.Array, first: int) -> np.ndarray[Any, Any]:
    """Return the shapes of well-known binary."""
    texts = column.to_numpy(zero_copy_only=False)
    try:
        return np.asarray(shapely.from_wkb(texts))
    except (shapely.errors.GEOSException, TypeError) as error:
        shapes = shapely.from_wkb(texts, on_invalid="ignore")
        row = np.flatnonzero(
            shapely.is_missing(shapes) & column.is_valid().to_numpy(zero_copy_only=False)
        )[0]
        message = f"Invalid geometry in row {first + row}: {error}. Must be well-known binary."
        raise DataError(message) from error


def _offset_type(column: pa.Array) -> type[np.signedinteger[Any]]:
    import pyarrow as pa

    return np.int64 if pa.types.is_large_binary(column.type) else np.int32


def _answered(rows: pa.Table, at: _Coordinates, zone: Zone, first: int) -> pa.Table:
    """Return rows with what a zone says of them."""
    lon, lat = _points(rows, at, first)
    nowhere = np.isnan(lon) & np.isnan(lat)
    bad = np.flatnonzero(~nowhere & ~is_on_globe(lon, lat))
    if len(bad):
        row = bad[0]
        raise DataError(
            f"Invalid point in row {first + row}: longitude {lon[row]:.10g}, latitude "
            f"{lat[row]:.10g}. {ON_GLOBE}"
        )
    if not first:  # the first batch tells as well as all
        warn_if_swapped(lon, lat, [one.line for one in zone.sections], stacklevel=2)
    accuracy, radius = (_metres(rows, name, first) for name in ("accuracy_m", "radius_m"))
    margin = margin_km(accuracy, radius, zone)
    # Not left to the number of rows: the last batch is short, and must be asked like the others.
    said = answer(wrap(lon), lat, zone, margin=margin, compiled=has_numba())
    sides, sections = zone.sides, zone.sections
    columns = {
        "distance_km": _floats(said.distance_km),
        "side": _coded(said.side, [side.name for side in sides]),
        "section": _coded(said.section, [section.name for section in sections]),
        "ring": _coded(said.ring, zone.ring_names),
        "membership": _coded(said.membership, MEMBERSHIP),
    }
    kept = [name for name in rows.column_names if name not in columns]
    rows = rows.select(kept)
    for name, column in columns.items():
        rows = rows.append_column(name, column)
    return rows


def _metres(rows: pa.Table, name: str, first: int) -> Floats:
    """Return accuracies or radii."""
    if name not in rows.column_names:
        return np.zeros(rows.num_rows)
    metres = _numbers(rows, name, first)
    bad = np.flatnonzero(metres < 0)
    if len(bad):
        row = bad[0]
        raise DataError(
            f"Invalid {name} in row {first + row}: {metres[row]:g}. Must not be negative."
        )
    return np.where(np.isnan(metres), UNSTATED_M, metres)


def _floats(values: Floats) -> pa.Array:
    import pyarrow as pa

    return pa.array(values, from_pandas=True)


def _coded(codes: np.ndarray[Any, Any], names: Any) -> pa.Array:
    """Return codes as a column of names, each name kept once; −1 is missing."""
    import pyarrow as pa

    indices = pa.array(codes, mask=codes < 0) if (codes < 0).any() else pa.array(codes)
    return pa.DictionaryArray.from_arrays(indices, pa.array(list(names), pa.string()))


def _read(rows: _Rows) -> Iterator[tuple[float, pa.Table]]:
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


def _tables(
    rows: _Rows,
    zone: Zone,
    progress: Callable[[float], None] | None,
    skip: set[int],
) -> Iterator[tuple[int, pa.Table]]:
    """Yield numbered batches with what the zone says of them, but for those to skip."""
    first = 0
    for number, (share, batch) in enumerate(_read(rows)):
        if number not in skip:
            try:
                answered = _answered(batch, rows.at, zone, first)
            except DataError as error:
                raise DataError(f"{rows.path}: {error}") from error
            yield number, answered
        first += batch.num_rows
        if progress is not None:
            progress(share)


def _write_file(
    rows: _Rows,
    zone: Zone,
    target: Path,
    progress: Callable[[float], None] | None,
) -> int:
    """Write one file, which is whole or not there."""
    count = 0
    with drafted(target) as draft, _Writer(draft, rows) as writer, ThreadPoolExecutor(1) as behind:
        writing: Future[None] | None = None
        for _, table in _tables(rows, zone, progress, set()):
            count += table.num_rows
            if writing is not None:
                writing.result()
            writing = behind.submit(writer.write, table)
        if writing is not None:
            writing.result()
    return count


def _write_parts(
    rows: _Rows,
    zone: Zone,
    target: Path,
    progress: Callable[[float], None] | None,
) -> int:
    """Write a folder of parts; add those that it lacks, if it is of this source and zone."""
    _begin_parts(target, _fingerprint(rows.path, zone))
    done = {int(part.stem.removeprefix("part-")) for part in target.glob("part-*.parquet")}
    for number, table in _tables(rows, zone, progress, done):
        part = target / f"part-{number:06}.parquet"
        with drafted(part) as draft, _Writer(draft, rows) as writer:
            writer.write(table)
    return _rows_in(target)


def _begin_parts(target: Path, said: dict[str, Any]) -> None:
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


def _rows_in(folder: Path) -> int:
    import pyarrow.parquet as pq

    return sum(pq.read_metadata(part).num_rows for part in sorted(folder.glob("part-*.parquet")))


def _fingerprint(source: Path, zone: Zone) -> dict[str, Any]:
    """Return what must be the same for parts to belong together."""
    state = source.stat()
    return {
        "source": str(source.resolve()),
        "bytes": state.st_size,
        "modified": state.st_mtime_ns,
        "batch_rows": BATCH_ROWS,
        "edges_km": list(zone.edges_km),
        "zone": repr(zone),
        "side": zone.side_label,
        "ends": zone.ends,
        "sections": [section.name for section in zone.sections],
        "border_km": sum(section.length_km for section in zone.sections),
        "accuracy_m": zone.source.accuracy_m,
    }


class _Writer:
    """Writes tables one after another to a Parquet or CSV file; made when the first one comes."""

    def __init__(self, path: Path, rows: _Rows) -> None:
        self._path, self._rows = path, rows
        self._file: Any = None

    def __enter__(self) -> _Writer:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, table: pa.Table) -> None:
        if self._path.suffix.lower() == ".csv":
            table = _plain(table, self._rows.at)
        # The source's own notes (what its geometry is, above all) hold for its rows.
        table = table.replace_schema_metadata(self._rows.schema.metadata)
        if self._file is None:
            self._file = self._made(table.schema)
        self._file.write_table(table)

    def _made(self, schema: pa.Schema) -> Any:
        import pyarrow.parquet as pq
        from pyarrow import csv

        if self._path.suffix.lower() == ".csv":
            return csv.CSVWriter(
                self._path, schema, write_options=csv.WriteOptions(quoting_style="needed")
            )
        return pq.ParquetWriter(self._path, schema, compression="zstd")


def _plain(table: pa.Table, at: _Coordinates) -> pa.Table:
    """Return a table with names written out and geometry as well-known text, for CSV."""
    import pyarrow as pa

    if at.boxes in table.column_names:
        table = table.drop_columns(at.boxes)
    columns = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_dictionary(column.type):
            columns.append(column.cast(column.type.value_type))
        elif name in at.columns and at.encoding == "WKB":
            shapes = shapely.from_wkb(column.to_numpy())
            columns.append(pa.array(shapely.to_wkt(shapes, rounding_precision=9), pa.string()))
        elif name in at.columns and at.encoding == "point":
            lon, lat = _from_struct(column.combine_chunks(), 0)
            texts = shapely.to_wkt(shapely.points(lon, lat), rounding_precision=9)
            columns.append(pa.array(texts, mask=np.isnan(lon)))
        else:
            columns.append(column)
    return pa.table(columns, names=table.column_names)


def _check_plain(rows: _Rows, target: Path) -> None:
    """Refuse CSV for a table with columns that it cannot hold, before anything is computed."""
    import pyarrow as pa

    unfit = (pa.types.is_nested, pa.types.is_binary, pa.types.is_large_binary)
    for field in rows.schema:
        known = {*rows.at.columns, rows.at.boxes}
        if field.name not in known and any(is_(field.type) for is_ in unfit):
            raise DataError(
                f"Invalid file {str(target)!r}: CSV cannot hold the column {field.name!r} of type "
                f"{field.type}. Must be .parquet, or a folder."
            )

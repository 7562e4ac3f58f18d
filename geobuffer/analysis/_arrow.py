"""Read and write large tables with Arrow: find their points, yield batches, write answered ones.

A table is Parquet, GeoParquet or CSV of any length, of which only one batch is in memory at a
time; or another file, read as a whole. This is one module, and so a long one, because finding,
reading and writing points all depend on how a source stores them (:class:`Coordinates`).
"""

from __future__ import annotations

import codecs
import json
import math
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import pyproj
import shapely

from geobuffer.analysis._whole_tables import Reading, WholeTable, read_whole
from geobuffer.analysis.conflicts import NumberedValues, drop_blanks, number_values
from geobuffer.errors import DataError, missing_crs
from geobuffer.io.read.axis_order import order_axes
from geobuffer.io.read.column_words import KNOWN_COLUMNS
from geobuffer.io.read.columns import (
    add_points,
    find_columns,
    find_known_columns,
    find_people,
    prepare_number_texts,
    read_metres_column,
)
from geobuffer.io.read.columns import read_coordinates as parse_coordinates
from geobuffer.io.read.files import MAX_GB, FileFormat, find_file
from geobuffer.io.read.header_rows import drop_second_headers
from geobuffer.io.read.layers import list_native_columns
from geobuffer.io.read.point_columns import (
    PairFacts,
    choose_order,
    complete_pair,
    locate_points,
    missing_column_error,
    order_pairs,
    read_shape_column,
)
from geobuffer.io.read.point_texts import parse_shapes
from geobuffer.io.read.read import refuse_needless
from geobuffer.io.read.reproject import parse_crs
from geobuffer.io.read.shape_kinds import unwrap_points
from geobuffer.io.read.source_table import SourceTable
from geobuffer.io.read.text_tables import TextTable, has_text
from geobuffer.io.untrusted import check_geoparquet, is_nested_too_deeply
from geobuffer.io.write.csv_tables import CsvStyle, mark_arrow_table
from geobuffer.zones.quantities import MAX_NUMBER, choose_mark, count_marks

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    import pyarrow as pa
    import pyarrow.parquet as pq
    from numpy.typing import NDArray

    from geobuffer.geodesy.ellipsoid import Floats
    from geobuffer.io.odd_points import OddPoints, Rows
    from geobuffer.io.read.files import UserFile


# Rows of a batch: some 100 MB with a few columns, and enough work for two processors.
BATCH_ROWS = 500_000


class Coordinates(NamedTuple):
    """The columns that hold the points of a table: one of geometry, or two of numbers."""

    columns: tuple[str, ...]
    encoding: str
    """``"WKB"``, ``"point"`` (GeoArrow), ``"numbers"``, or ``"texts"`` of whole points."""
    crs: pyproj.CRS | None
    """The coordinate reference system; None for longitude and latitude."""
    boxes: str = ""
    """GeoParquet's column of bounding boxes, which repeats what the points say."""
    decimal: str = ""
    """The decimal mark of numbers that are stored as text; ``""`` if none of them shows it."""
    marks: Mapping[str, str] = MappingProxyType({})
    """The decimal marks of the columns of metres and people that are stored as text."""
    known: Mapping[str, str] = MappingProxyType({})
    """The columns of accuracies, radii, countries and oblasts, by the names that geobuffer uses."""
    pairs: PairFacts = PairFacts()
    """The evidence for the order of latitude and longitude in pairs of texts."""
    note: str = ""
    """What was assumed of the columns, for a warning."""
    crs_is_stated: bool = False
    """Whether the caller states the system, so that SRIDs of shapes do not count."""
    swap: bool = False
    """Whether the two coordinates are to be swapped."""
    accuracy_m: float | None = None
    """The accuracy of rows that do not state it; None if it is unknown."""


class TableSource(NamedTuple):
    """An opened source: its columns, the columns of its points, and a reader of batches."""

    path: Path
    schema: pa.Schema
    at: Coordinates
    batches: Callable[[], Iterator[tuple[float, pa.Table]]]
    """Yields the share of the source read so far and the next rows."""
    lines_from: Callable[[int], Sequence[int]] | None = None
    """Returns the lines of the rows of a text table from a row on; for messages."""
    notes: Sequence[str] = ()
    """The warnings to give when all batches are read."""
    encoding: str = ""
    """The encoding of a text table."""
    odd: OddPoints | None = None
    """Collects the odd points of the batches that are read."""
    name: str = ""
    """The name in messages, if it is not the path: with the sheet, or the file of an archive."""
    is_checked: bool = False
    """Whether its points were checked when it was read as a whole."""

    def cite_rows(self, rows: Rows) -> str:
        """Return the words for some rows in a message."""
        table = SourceTable(self.name or str(self.path), pd.DataFrame())
        table.line_numbers = self.lines_from(0) if self.lines_from else None
        return table.cite_rows(rows.first, rows.total)

    def cite_row(self, number: int) -> str:
        """Return the words for a row in a message."""
        return self.batch_table(number, {}).cite_row(0)

    def batch_table(self, first: int, columns: Mapping[str, Any]) -> SourceTable:
        """Return some columns of a batch in the form that the reader of settlements uses.

        Parameters
        ----------
        first
            The number of the batch's first row in the source, counted from 0.
        columns
            The columns by name.
        """
        table = SourceTable(self.name or str(self.path), pd.DataFrame(columns, dtype=object))
        table.first_row, table.decimal, table.marks = first, self.at.decimal, self.at.marks
        table.line_numbers = self.lines_from(first) if self.lines_from else None
        return table


def open_table(
    path: Path | str,
    how: Reading = Reading(),  # noqa: B008 - immutable
    near: Sequence[shapely.Geometry] = (),
    *,
    max_gb: float = MAX_GB,
) -> TableSource:
    """Open a source by its content, and find the columns of its points.

    Parameters
    ----------
    path
        The file, or the address of a table of PostGIS.
    how
        What the caller states about how it is read.
    near
        Shapes near which the points are expected; they help to find columns without headings.
    max_gb
        The largest size of a file that is read as a whole, because batches of it cannot be read.

    Raises
    ------
    DataError
        The file cannot be read or has no coordinates.
    GeometryError
        A row of a layer is not a point.
    MissingCRSError
        A layer has no reference system, or GeoParquet states that its own is unknown.
    """
    import pyarrow as pa

    if isinstance(path, str):
        whole = read_whole(path, how)
        return _open_whole(Path(whole.name), whole, how, near)
    file, layer = find_file(path, layer=how.layer, max_gb=math.inf)
    how = how._replace(layer=layer)
    refuse_needless(file, layer, how.sheet, how.encoding)
    try:
        rows = None
        if file.format is FileFormat.TEXT:
            rows = _open_csv(file, how, near)
        elif _has_batches_of_points(file):
            rows = _open_parquet(path, how, near)
        if rows is not None and not rows.at.pairs.has_others:
            return rows
        find_file(path, layer=how.layer, max_gb=max_gb)
        return _open_whole(path, read_whole(file, how, mixes_kinds=rows is not None), how, near)
    except UnicodeDecodeError as error:
        raise DataError(
            f"Unreadable {path}: its header is not UTF-8 at byte {error.start}. Save it as UTF-8."
        ) from error
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"Unreadable {path}: {error}") from error


def _has_batches_of_points(file: UserFile) -> bool:
    """Return whether a file is Parquet that can be read in batches.

    Points can. To read a mixture of shapes, or a table with a second header row, we need facts
    about the whole file.
    """
    import pyarrow.parquet as pq

    if file.format is not FileFormat.PARQUET or file.member:
        return False
    opened = pq.ParquetFile(file.path)
    geo = (opened.schema_arrow.metadata or {}).get(b"geo")
    if geo is None:
        table = SourceTable(str(file), _sample_parquet(opened))
        drop_second_headers(table)
        return not table.notes
    try:
        metadata = json.loads(geo)
        column = metadata["columns"][metadata["primary_column"]]
        kinds = {kind.removesuffix(" Z") for kind in column.get("geometry_types", [])}
        return column.get("encoding", "WKB") in {"WKB", "point"} and kinds <= {"Point"}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return True  # a later check reports the fault in the metadata


class _Rows(NamedTuple):
    """The rows of a source of Arrow, from which its points are located."""

    schema: pa.Schema
    sample: Callable[[], pd.DataFrame]
    """Returns the first rows."""
    read: Callable[[list[str]], Iterator[pa.Table]]
    """Yields the batches of some columns."""
    native: Callable[[], Coordinates | None] = lambda: None
    tags: Mapping[str, str] = MappingProxyType({})


def _open_parquet(path: Path, how: Reading, near: Sequence[shapely.Geometry]) -> TableSource:
    import pyarrow as pa
    import pyarrow.parquet as pq

    # With pre_buffer Arrow keeps all that it has read, so memory would grow to the file's size.
    file = pq.ParquetFile(path, pre_buffer=False)

    def read(columns: list[str]) -> Iterator[pa.Table]:
        return map(pa.table, file.iter_batches(batch_size=BATCH_ROWS, columns=columns))

    rows = _Rows(
        file.schema_arrow, lambda: _sample_parquet(file), read, lambda: _locate_native(path, file)
    )
    at = _locate(path, rows, how, near)
    total = max(file.metadata.num_rows, 1)

    def batches() -> Iterator[tuple[float, pa.Table]]:
        done = 0
        for batch in file.iter_batches(batch_size=BATCH_ROWS):
            done += batch.num_rows
            yield done / total, pa.Table.from_batches([batch])

    return TableSource(path, rows.schema, at, batches, notes=(at.note,) if at.note else ())


def _open_whole(
    path: Path, whole: WholeTable, how: Reading, near: Sequence[shapely.Geometry]
) -> TableSource:
    """Open a source that cannot be read in batches, with all its rows in memory."""
    table, lines = whole.rows, whole.lines
    is_checked = bool((table.schema.metadata or {}).get(b"geo"))
    if is_checked:  # its points are in degrees by now
        how = how._replace(crs=None, swap=False)

    def read(columns: list[str]) -> Iterator[pa.Table]:
        yield table.select(columns)

    rows = _Rows(
        table.schema, lambda: table.slice(0, SAMPLE_ROWS).to_pandas(), read, tags=whole.tags
    )
    at = _locate(path, rows, how, near)

    def batches() -> Iterator[tuple[float, pa.Table]]:
        for first in range(0, table.num_rows, BATCH_ROWS):
            part = table.slice(first, BATCH_ROWS)
            yield (first + part.num_rows) / table.num_rows, part

    return TableSource(
        path, table.schema, at, batches,
        None if lines is None else lambda first: lines[first:],
        [*whole.notes, *([at.note] if at.note else [])], name=whole.name, is_checked=is_checked,
    )  # fmt: skip


def _locate(path: Path, rows: _Rows, how: Reading, near: Sequence[shapely.Geometry]) -> Coordinates:
    """Return the columns of the points of a source of Arrow, with the facts needed to read them."""
    schema = rows.schema
    _check_names(path, schema.names)
    geo = (schema.metadata or {}).get(b"geo")
    at = _locate_geometry(path, geo, schema.names, how.crs) if geo else rows.native()
    if at is None:
        at = _locate_points(path, schema.names, rows.sample, how, tags=rows.tags, near=near)
    elif how.lon is not None or how.lat is not None:
        raise DataError(f"Invalid lon and lat: {path} has shapes. Leave them out.")
    at = at._replace(known=find_known_columns(schema.names, rows.tags))
    columns = [*(at.columns if at.encoding == "numbers" else ()), *_number_columns(schema.names)]
    texts = [name for name in dict.fromkeys(columns) if _may_hold_texts(schema.field(name).type)]
    if texts:
        at = _choose_marks(at, [_count_marks(part, at.columns) for part in rows.read(texts)])
    if at.encoding == "texts":
        parts = rows.read(list(at.columns))
        at = _decide_order(at, [_find_facts(part, at) for part in parts])
    return _state_reading(path, at, how, rows.sample)


def _state_reading(
    path: Path, at: Coordinates, how: Reading, sample: Callable[[], pd.DataFrame]
) -> Coordinates:
    """Return the columns of the points with what the caller states about them."""
    at = at._replace(swap=how.swap, accuracy_m=how.accuracy_m)
    if how.crs is None:
        return at
    crs = parse_crs(how.crs)
    note = at.note
    if at.crs is not None and at.crs != crs:
        note = f"its own reference system, {at.crs.name}, is not used: crs= names another."
    at = at._replace(crs=_needed_crs(crs), crs_is_stated=True, note=note)
    if at.encoding != "numbers" or how.swap or at.crs is None:
        return at
    # The axes of a national grid may point north first: the first rows show it.
    table = SourceTable(str(path), sample().astype(object))
    table.decimal = at.decimal
    stated = how.lon is not None or how.lat is not None
    add_points(table, at.columns[0], at.columns[1], crs, is_stated=stated)
    before, count = table.required_shapes, len(table.notes)
    order_axes(table, crs)
    turned = not shapely.equals_exact(before, table.required_shapes).all()
    return at._replace(swap=turned, note=" ".join([at.note, *table.notes[count:]]).strip())


def _sample_parquet(file: pq.ParquetFile) -> pd.DataFrame:
    """Return the first rows of a Parquet file."""
    import pyarrow as pa

    batch = next(file.iter_batches(batch_size=SAMPLE_ROWS), None)
    table = file.schema_arrow.empty_table() if batch is None else pa.Table.from_batches([batch])
    frame: pd.DataFrame = table.to_pandas()
    return frame


def _locate_native(path: Path, file: pq.ParquetFile) -> Coordinates | None:
    """Return the only column of Parquet's own type of geometry; ``None`` without one."""
    native = list_native_columns(file)
    if len(native) > 1:
        shown = ", ".join(map(repr, native))
        raise DataError(f"Ambiguous {path}: several columns hold shapes: {shown}.")
    for name, kind in native.items():
        if kind.crs is None:
            raise missing_crs(f"The column {name!r} of {path} has", "state one in the file")
        return Coordinates((name,), "WKB", _needed_crs(_parse_crs(kind.crs)))
    return None


def _may_hold_texts(kind: pa.DataType) -> bool:
    import pyarrow as pa

    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _open_csv(file: UserFile, how: Reading, near: Sequence[shapely.Geometry]) -> TableSource:
    import pyarrow as pa

    path = file.path
    table = TextTable(str(file), file.open, file.size, how.encoding)
    _check_names(path, [name for name in table.header if name.strip()])
    tags = table.tags

    def sample() -> pd.DataFrame:
        return _sample_texts(table)

    at = _locate_points(path, table.header, sample, how, tags=tags, near=near)
    columns = [*dict.fromkeys(at.columns + _number_columns(table.header))]
    positions = [table.header.index(name) for name in columns]
    unnamed = [position for position, name in enumerate(table.header) if not name.strip()]

    def summarise(batch: pa.Table) -> _Summary:
        named = batch.select([str(position) for position in positions]).rename_columns(columns)
        filled = frozenset(n for n in unnamed if has_text(batch.column(str(n))))
        return _Summary(_count_marks(named, at.columns), filled, _find_facts(named, at))

    found = table.scan([*positions, *unnamed], summarise)
    used = frozenset[int]().union(*(one.used for one in found))
    kept = [n for n, name in enumerate(table.header) if name.strip() or n in used]
    names = [table.header[position] for position in kept]
    _check_names(path, names)
    at = _choose_marks(at, [one.marks for one in found])
    at = at._replace(known=find_known_columns(names, tags))
    at = _decide_order(at, [one.pairs for one in found])
    at = _state_reading(path, at, how, sample)
    if at.note:
        table.notes.append(at.note)
    schema = pa.schema({name: pa.string() for name in names}.items())

    def batches() -> Iterator[tuple[float, pa.Table]]:
        return table.batches(kept, BATCH_ROWS)

    return TableSource(
        path,
        schema,
        at,
        batches,
        table.lines_from,
        table.notes,
        table.encoding,
        name=str(file),
    )


class _Summary(NamedTuple):
    """The facts about a whole text table that one batch of it shows."""

    marks: dict[str, tuple[int, int]]
    """How many texts of each column prove a decimal point, and how many a comma."""
    used: frozenset[int]
    """The columns without a name that have values."""
    pairs: PairFacts
    """As of :class:`Coordinates`."""


#: How many rows we examine if headings do not show which columns hold the points.
SAMPLE_ROWS = 1_000


def _sample_texts(table: TextTable) -> pd.DataFrame:
    """Return the first rows of a text table; empty texts are missing."""
    with table.open_file() as file:
        rows = [row for _, row in islice(table.filled_rows(file), SAMPLE_ROWS)]
    frame = pd.DataFrame(rows, columns=table.header, dtype=object)
    return frame.where(frame != "", None)


def _find_facts(rows: pa.Table, at: Coordinates) -> PairFacts:
    """Return the evidence of some rows for the order of latitude and longitude in their pairs."""
    if at.encoding != "texts":
        return PairFacts()
    return PairFacts.of(parse_shapes(read_texts(rows, at.columns[0]).tolist()))


def _decide_order(at: Coordinates, parts: Iterable[PairFacts]) -> Coordinates:
    """Return the column of pairs with the evidence for their order from the whole table."""
    if at.encoding != "texts":
        return at
    facts = PairFacts.join(parts)
    return at._replace(pairs=facts, note=choose_order(at.columns[0], facts)[1])


def _number_columns(names: Iterable[str]) -> tuple[str, ...]:
    """Return the columns of metres and people, whose decimal marks belong together."""
    listed = list(names)
    found = (find_columns(listed, KNOWN_COLUMNS[known]) for known in ("accuracy_m", "radius_m"))
    people = find_people(listed)[0]
    metres = tuple(of_name[0] for of_name in found if len(of_name) == 1)
    return (*metres, people) if people else metres


def _count_marks(rows: pa.Table, coordinates: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Return the proofs of decimal points and commas in the columns of texts of a table."""
    import pyarrow as pa

    counts = {}
    for name, column in zip(rows.column_names, rows.columns, strict=True):
        texts = column
        if pa.types.is_dictionary(texts.type):
            texts = texts.cast(texts.type.value_type)
        if pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type):
            counts[name] = count_marks(
                texts.combine_chunks(), are_decimals=name in coordinates, unit="m"
            )
    return counts


def _choose_marks(at: Coordinates, counts: Iterable[Mapping[str, tuple[int, int]]]) -> Coordinates:
    """Return the columns with the decimal marks that hold for the whole table.

    All numbers of a table have one mark, because 1,500 may mean 1500 or 1.5; but a column whose
    own values have one reading decides for itself.
    """
    total: dict[str, tuple[int, int]] = {}
    for batch in counts:
        for name, (points, commas) in batch.items():
            before = total.get(name, (0, 0))
            total[name] = (before[0] + points, before[1] + commas)

    def mark_of(columns: Iterable[str]) -> str:
        points, commas = (sum(total.get(name, (0, 0))[n] for name in columns) for n in (0, 1))
        return choose_mark(points, commas, "") if points != commas else ""

    quantities = [name for name in total if name not in at.columns]
    decimal = mark_of(at.columns) or mark_of(quantities)
    marks = {name: choose_mark(*total[name], decimal) for name in quantities}
    return at._replace(decimal=decimal, marks=marks)


def _check_names(path: Path, names: list[str]) -> None:
    """Refuse a table in which two columns have the same name, because we could not choose one."""
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise DataError(f"Invalid table {path}: two columns are named {twice[0]!r}. Must differ.")


def _locate_geometry(path: Path, geo: bytes, names: list[str], stated: Any) -> Coordinates:
    """Return the column of points that the metadata of a GeoParquet file name."""
    check_geoparquet(geo, str(path))
    try:
        metadata = json.loads(geo)
        name = metadata["primary_column"]
        column = metadata["columns"][name]
        encoding = column.get("encoding", "WKB")
        boxes = column.get("covering", {}).get("bbox", {}).get("xmin", [""])[0]
        _check_texts(name, encoding, boxes)
        crs = _parse_crs(column["crs"]) if column.get("crs") else None
    except (
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        RecursionError,
        pyproj.exceptions.ProjError,
    ) as error:
        raise DataError(
            f"Unreadable {path}: its GeoParquet metadata are invalid: {error}"
        ) from error
    if name not in names:
        raise DataError(f"Invalid table {path}: there is no column {name!r}, its geometry.")
    # In GeoParquet 1.1 a missing key means longitude and latitude; null means unknown.
    if "crs" in column and column["crs"] is None and stated is None:
        remedy = 'crs="EPSG:…" states one, or its metadata'
        raise missing_crs(f"The column {name!r} of {path} has", remedy)
    return Coordinates((name,), encoding, _needed_crs(crs), boxes)


def _needed_crs(crs: pyproj.CRS | None) -> pyproj.CRS | None:
    """Return a reference system; ``None`` for longitude and latitude of WGS 84."""
    degrees = crs is None or crs.equals(pyproj.CRS("OGC:CRS84"), ignore_axis_order=True)
    degrees = degrees or (crs is not None and crs.to_epsg() == 4326)
    return None if degrees else crs


def _check_texts(*values: object) -> None:
    for value in values:
        if not isinstance(value, str):
            raise TypeError(f"{value!r} is no text")


def _parse_crs(stated: Any) -> pyproj.CRS:
    """Return the reference system that metadata state; raise an error if it is not of the Earth."""
    crs = pyproj.CRS.from_user_input(stated)
    if not (crs.is_geographic or crs.is_projected):
        raise ValueError(f"{crs.name} is neither geographic nor projected")
    # This raises an error for a system of another planet.
    pyproj.Transformer.from_crs(crs, "OGC:CRS84")
    return crs


def _locate_points(
    path: Path,
    names: Sequence[str],
    sample: Callable[[], pd.DataFrame],
    how: Reading,
    *,
    tags: Mapping[str, str] = MappingProxyType({}),
    near: Sequence[shapely.Geometry] = (),
) -> Coordinates:
    """Return the columns of longitude and latitude, or of whole points; raise an error if none."""
    if how.lon is not None or how.lat is not None:
        headings = SourceTable(str(path), pd.DataFrame(columns=list(names)))
        pair = complete_pair(headings, list(names), how.lon, how.lat)
        return Coordinates(pair, "numbers", None)
    in_metres = how.crs is not None and parse_crs(how.crs).is_projected
    found = locate_points(str(path), names, sample, tags=tags, near=near, in_metres=in_metres)
    if found is not None:
        encoding = "texts" if found.is_one else "numbers"
        return Coordinates(found.columns, encoding, None, note=found.note)
    raise missing_column_error(str(path), names)


def read_batches(rows: TableSource) -> Iterator[tuple[float, pa.Table]]:
    """Yield the batches of a source: the share read so far and the rows; at least one batch."""
    import pyarrow as pa

    batch = None
    try:
        for share, batch in rows.batches():
            yield share, batch
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"Unreadable {rows.path}: {error}") from error
    if batch is None:
        yield 1.0, rows.schema.empty_table()


# A point in well-known binary: byte order, type, longitude, latitude; 21 bytes without padding.
_WKB_POINT = np.dtype([("order", "u1"), ("type", "<u4"), ("lon", "<f8"), ("lat", "<f8")])


def read_points(rows: pa.Table, source: TableSource, first: int) -> tuple[Floats, Floats]:
    """Return longitudes and latitudes; NaN where there is no point.

    ``first`` is the number of the first row in the file, for messages.
    """
    at = source.at
    if at.encoding in {"numbers", "texts"}:
        if at.encoding == "texts":
            lon, lat = _read_text_points(rows, source, first)
        else:
            lon, lat = (
                read_coordinates(rows, name, axis, source, first)
                for name, axis in zip(at.columns, ("longitude", "latitude"), strict=True)
            )
        # As in the reader of tables: a row that lacks a coordinate has no point.
        nowhere = np.isnan(lon) | np.isnan(lat)
        if nowhere.any():
            lon, lat = np.where(nowhere, np.nan, lon), np.where(nowhere, np.nan, lat)
    else:
        column = _join_chunks(rows, at.columns[0])
        _check_encoding(column, at)
        read = read_struct_points if at.encoding == "point" else _read_wkb_points
        lon, lat = read(column, first)
    if at.swap and at.encoding != "texts":
        lon, lat = lat, lon
    if source.odd is not None:
        in_degrees = at.crs is None or not at.crs.is_projected
        gone = source.odd.drop(lon, lat, first, in_degrees=in_degrees)
        if gone.any():
            lon, lat = np.where(gone, np.nan, lon), np.where(gone, np.nan, lat)
    return _convert_points(lon, lat, at.crs)


def _read_text_points(rows: pa.Table, source: TableSource, first: int) -> tuple[Floats, Floats]:
    """Return the points of a column of texts: pairs of numbers, or well-known text or binary."""
    name = source.at.columns[0]
    table = source.batch_table(first, {name: read_texts(rows, name)})
    read = read_shape_column(table, name)
    lon, lat = order_pairs(name, read, source.at.pairs)
    shaped = ~shapely.is_missing(read.shapes)
    shapes = unwrap_points(read.shapes)
    lon[shaped], lat[shaped] = shapely.get_coordinates(shapes[shaped]).T
    if source.at.swap:
        lon, lat = lat, lon
    if source.at.crs_is_stated:
        return lon, lat
    if len(read.srids) > 1:
        shown = ", ".join(map(str, sorted(read.srids)))
        raise DataError(
            f"Invalid {name} of {source.path}: its shapes are in the reference systems {shown}. "
            "Must be in one."
        )
    for srid in read.srids:
        lon, lat = _convert_points(lon, lat, _needed_crs(_parse_crs(f"EPSG:{srid}")))
    return lon, lat


def _convert_points(lon: Floats, lat: Floats, crs: pyproj.CRS | None) -> tuple[Floats, Floats]:
    """Return points of a reference system as longitudes and latitudes."""
    if crs is None:
        return lon, lat
    to_degrees = pyproj.Transformer.from_crs(crs, "OGC:CRS84", always_xy=True)
    there = np.isfinite(lon)
    lon, lat = np.array(lon), np.array(lat)
    lon[there], lat[there] = to_degrees.transform(lon[there], lat[there])
    return lon, lat


def _check_encoding(column: pa.Array, at: Coordinates) -> None:
    """Raise an error if a column of points does not have the type that the metadata state."""
    import pyarrow as pa

    kind = column.type
    fits = pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
    if at.encoding == "point":
        parts = [kind.field(number).type for number in range(2)] if kind.num_fields >= 2 else []
        fits = bool(parts) and all(pa.types.is_float64(part) for part in parts)
    if not fits:
        raise DataError(
            f"Invalid geometry: the column {at.columns[0]!r} has the type {kind}, but the metadata "
            f"state {at.encoding!r}. Must agree."
        )


def _join_chunks(rows: pa.Table, name: str) -> pa.Array:
    """Return a column as one array, in a layout whose bytes we can view."""
    import pyarrow as pa

    column = rows.column(name).combine_chunks()
    column = getattr(column, "storage", column)
    return column.cast(pa.large_binary()) if column.type == pa.binary_view() else column


def read_texts(rows: pa.Table, name: str) -> NDArray[np.object_]:
    """Return a column of texts; None where one is missing."""
    import pyarrow as pa

    column = rows.column(name)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return np.asarray(column.to_numpy(), dtype=object)


def number_texts(rows: pa.Table, name: str, column_name: str) -> NumberedValues:
    """Return the different texts of a column and their numbers; ``name`` is for messages."""
    import pyarrow as pa

    column = rows.column(column_name)
    if not _may_hold_texts(column.type):
        return number_values(name, read_texts(rows, column_name))
    encoded = column.dictionary_encode().combine_chunks()
    number = encoded.indices.cast(pa.int32()).fill_null(-1).to_numpy()
    return drop_blanks(NumberedValues(number, encoded.dictionary.to_pylist()))


def read_coordinates(
    rows: pa.Table, name: str, axis: str, source: TableSource, first: int
) -> Floats:
    """Return a column of coordinates as numbers, or as texts in any form that readers know."""
    import pyarrow as pa

    try:
        return _cast_numbers(rows.column(name), source.at.decimal)
    except pa.ArrowException as error:
        if not _may_hold_texts(rows.column(name).type):
            raise _type_error(rows, name) from error
    table = source.batch_table(first, {name: read_texts(rows, name)})
    return parse_coordinates(table, name, axis)


def _cast_plain_texts(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Return a column of texts as numbers; None if a text is not simply a number.

    Most tables hold plain numbers only, and preparing texts takes twice as long as casting them.
    """
    import pyarrow as pa

    try:
        return column.cast(pa.float64())
    except pa.ArrowException:
        return None


def read_metres(rows: pa.Table, name: str, source: TableSource, first: int) -> Floats:
    """Return a column of accuracies or radii in metres; NaN where one is missing."""
    import pyarrow as pa

    column = rows.column(name)
    is_text, mark = _may_hold_texts(column.type), source.at.marks.get(name, "")
    # The fast path reads the numbers of almost every table. Texts with an ambiguous decimal mark,
    # or with a unit, are read as in read_settlements.
    if not is_text or mark:
        try:
            metres = _cast_numbers(column, mark)
        except pa.ArrowException as error:
            if not is_text:
                raise _type_error(rows, name) from error
        else:
            if not ((metres < 0.0) | (metres > MAX_NUMBER)).any():
                return metres
    values = read_texts(rows, name) if is_text else np.asarray(column.to_pylist(), dtype=object)
    table = source.batch_table(first, {name: values})
    return np.asarray(read_metres_column(table, table.frame[name], name), dtype=np.float64)


def _type_error(rows: pa.Table, name: str) -> DataError:
    kind = rows.column(name).type
    return DataError(f"Invalid {name}: the column has the type {kind}. Must be numbers.")


def _cast_numbers(column: pa.ChunkedArray, decimal: str) -> Floats:
    """Return a column of numbers, or of plain texts of numbers; NaN where one is missing."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_boolean(column.type) and column.null_count < len(column):
        raise pa.ArrowInvalid("truth values are no numbers")
    if not pa.types.is_primitive(column.type) and not pa.types.is_decimal(column.type):
        plain = _cast_plain_texts(column) if decimal != "," else None
        column = prepare_number_texts(column, decimal) if plain is None else plain
    numbers: Floats = column.cast(pa.float64(), safe=False).to_numpy()
    return numbers


def read_struct_points(column: pa.Array, first: int) -> tuple[Floats, Floats]:  # noqa: ARG001 - as _read_wkb_points
    """Return the coordinates of points in GeoArrow: a struct of the numbers x and y."""
    x, y = column.flatten()[:2]
    return x.to_numpy(zero_copy_only=False), y.to_numpy(zero_copy_only=False)


def _read_wkb_points(column: pa.Array, first: int) -> tuple[Floats, Floats]:
    """Return the coordinates of points in well-known binary.

    If all values are plain points, we view their bytes instead of parsing them.
    """
    offsets = np.frombuffer(column.buffers()[1], dtype=_offset_type(column))
    offsets = offsets[column.offset : column.offset + len(column) + 1]
    if column.null_count == 0 and (np.diff(offsets) == _WKB_POINT.itemsize).all() and len(column):
        values = np.frombuffer(column.buffers()[2], dtype=np.uint8)[offsets[0] : offsets[-1]]
        points = values.view(_WKB_POINT)
        if ((points["order"] == 1) & (points["type"] == 1)).all():
            return np.ascontiguousarray(points["lon"]), np.ascontiguousarray(points["lat"])
    shapes = unwrap_points(_parse_wkb(column, first))
    lon, lat = np.full((2, len(shapes)), np.nan)
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    wrong = np.flatnonzero(there & (shapely.get_type_id(shapes) != 0))
    if len(wrong):
        kind = shapes[wrong[0]].geom_type
        raise DataError(f"Invalid geometry in row {first + wrong[0]}: {kind}. Must be a Point.")
    lon[there], lat[there] = shapely.get_coordinates(shapes[there]).T
    return lon, lat


def _parse_wkb(column: pa.Array, first: int) -> np.ndarray[Any, Any]:
    """Return the shapes of well-known binary; an error names the row that is invalid."""
    texts = column.to_numpy(zero_copy_only=False)
    for row, text in enumerate(texts):
        if text is not None and is_nested_too_deeply(text):
            raise DataError(
                f"Invalid geometry in row {first + row}: its collections are nested too deeply. "
                "Must be a Point."
            )
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


def check_csv_columns(rows: TableSource, target: Path) -> None:
    """Refuse CSV as the target of a table with columns that CSV cannot hold."""
    import pyarrow as pa

    unfit = (pa.types.is_nested, pa.types.is_binary, pa.types.is_large_binary)
    for field in rows.schema:
        known = {*rows.at.columns, rows.at.boxes}
        if field.name not in known and any(is_(field.type) for is_ in unfit):
            raise DataError(
                f"Invalid file {str(target)!r}: CSV cannot hold the column {field.name!r} of type "
                f"{field.type}. Must be .parquet, or a folder."
            )


class TableWriter:
    """Write tables one after another to a Parquet or CSV file; the first one opens the file.

    Parquet also holds, in its metadata, the origin of the answers. ``style`` is how a CSV is
    written for a locale.
    """

    def __init__(
        self,
        path: Path,
        rows: TableSource,
        origin: Mapping[str, str],
        style: CsvStyle | None = None,
    ) -> None:
        self._path, self._rows, self._style = path, rows, style
        # We keep the metadata of the source, because they describe its geometry.
        self._metadata = (rows.schema.metadata or {}) | {b"geobuffer": json.dumps(origin)}
        self._file: Any = None
        self._stream: Any = None

    def __enter__(self) -> TableWriter:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
        if self._stream is not None:
            self._stream.close()

    def write(self, table: pa.Table) -> None:
        """Write a table after the earlier ones."""
        if self._path.suffix.lower() == ".csv":
            table = _flatten_columns(table, self._rows.at)
            if self._style is not None:
                at = self._rows.at
                numbers = {*at.columns, *_number_columns(table.column_names)}
                table = mark_arrow_table(table, self._style, numbers)
        table = table.replace_schema_metadata(self._metadata)
        if self._file is None:
            self._file = self._open_file(table.schema)
        self._file.write_table(table)

    def _open_file(self, schema: pa.Schema) -> Any:
        import pyarrow.parquet as pq
        from pyarrow import csv

        if self._path.suffix.lower() == ".csv":
            separator = "," if self._style is None else self._style.separator
            options = csv.WriteOptions(quoting_style="needed", delimiter=separator)
            if self._style is None:
                return csv.CSVWriter(self._path, schema, write_options=options)
            self._stream = self._path.open("wb")
            self._stream.write(codecs.BOM_UTF8)
            return csv.CSVWriter(self._stream, schema, write_options=options)
        options = choose_parquet_options(schema, self._rows.schema.names)
        return pq.ParquetWriter(self._path, schema, **options)


# The levels of compression by Zstandard. Numbers and shapes have few repetitions: for them, level 1
# would take a quarter more time and make files 5 % smaller.
_LEVEL_OF_TEXTS, _LEVEL_OF_OTHERS = 1, -1


def choose_parquet_options(schema: pa.Schema, carried: Collection[str]) -> dict[str, Any]:
    """Return how a table is written to Parquet fast, for ``pyarrow.parquet.ParquetWriter``.

    For shapes and numbers we try no dictionary, because their values seldom repeat. We leave out
    statistics where they help no reader to skip rows: for shapes, and for the texts of answers,
    whose few values occur everywhere. That saves a third of the time of writing.

    Parameters
    ----------
    schema
        The columns of the table.
    carried
        The names of the columns that come from the source, not from answers.
    """
    leaves = _list_leaves(schema)
    texts = {leaf.path for leaf in leaves if leaf.logical_type.type == "STRING"}
    binaries = {leaf.path for leaf in leaves if leaf.physical_type == "BYTE_ARRAY"} - texts
    answers = texts.difference(carried).intersection(schema.names)
    paths = [leaf.path for leaf in leaves]
    return {
        "compression": "zstd",
        "compression_level": {
            path: _LEVEL_OF_TEXTS if path in texts else _LEVEL_OF_OTHERS for path in paths
        },
        "use_dictionary": [path for path in paths if path in texts],
        "write_statistics": [path for path in paths if path not in binaries | answers],
    }


def _list_leaves(schema: pa.Schema) -> list[pq.ColumnSchema]:
    """Return the columns that Parquet makes of a table, one for each field of a struct."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    made = pa.BufferOutputStream()
    pq.write_table(schema.empty_table(), made)
    stored = pq.ParquetFile(made.getvalue()).schema
    return [stored.column(number) for number in range(len(stored))]


def _flatten_columns(table: pa.Table, at: Coordinates) -> pa.Table:
    """Return a table for CSV: codes replaced by names, geometry as well-known text."""
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
            lon, lat = read_struct_points(column.combine_chunks(), 0)
            texts = shapely.to_wkt(shapely.points(lon, lat), rounding_precision=9)
            columns.append(pa.array(texts, mask=np.isnan(lon)))
        else:
            columns.append(column)
    return pa.table(columns, names=table.column_names)

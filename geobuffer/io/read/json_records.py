"""Read tables that are written as JSON: records, as most services send them, or columns.

The records may be the whole file, one on each line, or in a member such as ``results``. Objects in
records become columns such as ``location.lat``; then the usual rules for headings apply.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from geobuffer.errors import DataError, did_you_mean
from geobuffer.io.read.encodings import detect_encoding
from geobuffer.io.read.json_kinds import describe_other
from geobuffer.io.read.point_columns import locate_points
from geobuffer.io.read.point_headings import find_pairs
from geobuffer.io.read.source_table import SourceTable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geobuffer.io.read.files import UserFile

# Python takes some ten times as much memory for the values of JSON as their text has.
_MOST_BYTES = 500_000_000

# How deep we search for lists of records: Wikidata has results.bindings, CKAN result.records.
_MOST_DEPTH = 3

# Members in which services put the columns of a record. We leave their names out of headings.
_WRAPPERS = frozenset({"_source", "attributes", "fields", "properties"})
# Bounding boxes have coordinates that are not those of the place.
_BOXES = frozenset({"viewport", "bounds", "bbox", "boundingbox", "bounding_box", "extent"})

# Google's history of locations has degrees times ten million.
_E7 = {"latitudeE7": "latitude", "longitudeE7": "longitude"}


class _Table(NamedTuple):
    path: str
    """The members that lead to it, such as ``result.records``."""
    frame: pd.DataFrame


def read_records(file: UserFile, layer: str | None = None) -> SourceTable:
    """Return the rows of a JSON file that holds records or columns.

    Parameters
    ----------
    file
        The file.
    layer
        The member that holds the records, if there are several.

    Raises
    ------
    DataError
        The file is too large, damaged, not in UTF-8, or JSON of another kind; or several members
        hold records, and ``layer`` names none of them.
    """
    if file.size > _MOST_BYTES:
        raise DataError(
            f"Unreadable {file}: JSON records of {file.size:,} bytes. Must be at most "
            f"{_MOST_BYTES:,}. Save them as CSV or Parquet."
        )
    value = _parse(file)
    tables = list(_list_tables(value))
    if layer is not None:
        named = [one for one in tables if layer in {one.path, one.path.rpartition(".")[2]}]
        if not named:
            hint = did_you_mean(layer, [one.path for one in tables if one.path] or ["no layer"])
            raise DataError(f"Invalid layer {layer!r} of {file}. {hint}", parameter="layer")
        tables = named
    if len(tables) > 1:
        tables = [one for one in tables if _has_points(one.frame)] or tables
    if not tables:
        what, remedy = describe_other(value)
        raise DataError(f"Unreadable {file}: it is {what}. {remedy}")
    if len(tables) > 1:
        shown = ", ".join(repr(one.path) for one in tables[:12])
        raise DataError(
            f"Ambiguous {file}: {len(tables)} members hold records. Choose one with layer=: "
            f"{shown}."
        )
    path, frame = tables[0]
    notes: list[str] = [f"its records were read from the member {path!r}."] if path else []
    return SourceTable(str(file), _divide_e7(frame, notes), notes=notes)


def _parse(file: UserFile) -> Any:
    """Return the value of a file; of JSON lines, the list of their values."""
    data = file.read()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"Unreadable {file}: not UTF-8 at byte {error.start:,}; it seems to be "
            f"{detect_encoding(data)}. Save it as UTF-8 (RFC 8259)."
        ) from error
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        if getattr(error, "msg", "") != "Extra data":  # "Extra data" may be JSON lines
            raise DataError(
                f"Unreadable {file}: its JSON is incomplete or damaged ({len(data):,} bytes; "
                f"{_explain(error)}). Download or save it again."
            ) from error
    values = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip(" \t\r,"):
            try:
                values.append(json.loads(line))
            except (ValueError, RecursionError) as error:
                raise DataError(
                    f"Unreadable {file}, line {number}: no JSON ({_explain(error)}). Must be one "
                    "object on each line, or a list of objects."
                ) from error
    return values


def _explain(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "too many nested lists"
    return str(error).partition(";")[0]  # after it comes advice on settings of Python


def _list_tables(value: Any, path: str = "", depth: int = 0) -> Iterator[_Table]:
    """Yield the tables in a value of JSON, and in its members."""
    frame = _make_table(value)
    if frame is not None:
        yield _Table(path, frame)
    elif isinstance(value, dict) and depth < _MOST_DEPTH:
        for name, member in value.items():
            yield from _list_tables(member, f"{path}.{name}" if path else name, depth + 1)


def _make_table(value: Any) -> pd.DataFrame | None:
    """Return a JSON value as a table; ``None`` if it is not a table."""
    if isinstance(value, list) and value:
        if all(isinstance(one, dict) for one in value):
            return _join_records(value)
        if len(value) > 1 and all(isinstance(one, list) for one in value):
            return _join_rows(value[0], value[1:])
    if not isinstance(value, dict) or not value:
        return None
    rows = value.get("data")
    if isinstance(rows, list) and rows and all(isinstance(one, list) for one in rows):
        return _join_rows(value.get("columns"), rows)
    return _join_columns(value) if find_pairs(value) else _join_keyed(value)


def _join_rows(header: Any, rows: list[list[Any]]) -> pd.DataFrame | None:
    """Return lists of values as a table, if there is a list of column names."""
    if not isinstance(header, list) or not all(isinstance(name, str) for name in header):
        return None
    return _join_records([dict(zip(header, row, strict=False)) for row in rows])


def _join_keyed(value: dict[str, Any]) -> pd.DataFrame | None:
    """Return an object of records as a table; the keys are ids, or names if there are no others."""
    if not all(isinstance(one, dict) and find_pairs(one) for one in value.values()):
        return None
    named = any("name" in name.casefold() for one in value.values() for name in one)
    key = "key" if named else "name"
    return _join_records([{key: label, **one} for label, one in value.items()])


def _join_columns(value: dict[str, Any]) -> pd.DataFrame | None:
    """Return an object with members for coordinates as a table: columns, or one record."""
    columns = list(value.values())
    if all(isinstance(one, list) for one in columns) and len({len(one) for one in columns}) == 1:
        rows = zip(*columns, strict=True)
    elif all(isinstance(one, dict) for one in columns):
        # pandas writes columns as objects, with a member for each row.
        labels = list(columns[0])
        if any(list(one) != labels for one in columns):
            return None
        rows = zip(*(one.values() for one in columns), strict=True)
    elif any(isinstance(value[name], (list, dict)) for pair in find_pairs(value) for name in pair):
        return None
    else:
        return _join_records([value])
    return _join_records([dict(zip(value, row, strict=True)) for row in rows])


def _join_records(records: list[dict[str, Any]]) -> pd.DataFrame | None:
    """Return records as a table with a column for each member; ``None`` without members."""
    flat = [dict(_flatten(record)) for record in records]
    names = list(dict.fromkeys(name for one in flat for name in one))
    if not names:
        return None
    columns = {name: pd.Series([one.get(name) for one in flat], dtype=object) for name in names}
    return pd.DataFrame(columns)


def _flatten(record: dict[str, Any], prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Yield the names and values of a record and of the objects in it."""
    for name, value in record.items():
        full = f"{prefix}{name}"
        if not isinstance(value, dict):
            yield full, _simplify(name, value)
        elif "value" in value and value.keys() <= {"type", "value", "datatype", "xml:lang"}:
            yield full, value["value"]  # a SPARQL value, as Wikidata sends it
        elif (
            # We keep GeoJSON shapes, the names of Overture Maps, boxes and deep objects whole.
            "coordinates" in value
            or name == "names"
            or name.casefold() in _BOXES
            or depth > _MOST_DEPTH
        ):
            yield full, json.dumps(value, ensure_ascii=False)
        else:
            inner = prefix if name in _WRAPPERS else f"{full}."
            yield from _flatten(value, inner, depth + 1)


def _simplify(name: str, value: Any) -> Any:
    """Return a list as a text in JSON; a pair of numbers as coordinates."""
    if not isinstance(value, list):
        return value
    is_pair = 2 <= len(value) <= 4 and all(
        isinstance(one, (int, float)) and not isinstance(one, bool) for one in value
    )
    if is_pair and name.casefold() == "coordinates":
        return json.dumps({"lon": value[0], "lat": value[1]})  # in the order of GeoJSON
    if is_pair or not any(value):  # KoBo's _geolocation is [null, null] without a point
        return " ".join(map(str, value)) if is_pair else None
    return json.dumps(value, ensure_ascii=False)


def _divide_e7(frame: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """Return a table whose columns of degrees times ten million, by their names, are degrees."""
    for column in [c for c in frame.columns if c.rpartition(".")[2] in _E7]:
        numbers = pd.to_numeric(frame[column], errors="coerce") / 1e7
        plain = column.replace("E7", "")
        frame = frame.drop(columns=column).assign(**{plain: numbers})
        notes.append(f"{column!r} was divided by ten million.")
    return frame


def _has_points(frame: pd.DataFrame) -> bool:
    """Return whether columns of points are known in a table, or several that may be."""
    try:
        return locate_points("", list(frame.columns), lambda: frame) is not None
    except DataError:
        return True

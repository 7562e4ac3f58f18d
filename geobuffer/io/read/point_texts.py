"""Read points and shapes from one column: pairs of numbers, WKT, WKB and GeoJSON.

A pair has any form that ``zones/coordinates.py`` knows, such as "51.123, 35.038" or KoBo's "51.123
35.038 150 4.8". WKT may begin with an SRID (EWKT). WKB may be bytes or hexadecimal, with or without
an SRID (EWKB).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import shapely

from geobuffer.io.read.shape_kinds import parse_and_close
from geobuffer.io.untrusted import is_nested_too_deeply
from geobuffer.zones.coordinates import NO_COORDINATE, CoordinateError, parse_position

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geobuffer.geodesy.ellipsoid import Floats


class ShapeColumn(NamedTuple):
    """The shapes of a column, and the pairs whose order is not yet decided."""

    shapes: NDArray[np.object_]
    """``None`` where a value is missing or wrong, or is a pair."""
    first: Floats
    """The first numbers of pairs; NaN where a value is not a pair."""
    second: Floats
    """The second numbers of pairs."""
    eastward: NDArray[np.int8]
    """1 where the first number is surely the longitude, −1 where it is the latitude, else 0."""
    wrong: NDArray[np.bool_]
    """Which values are neither missing nor a shape."""
    srids: frozenset[int]
    """The codes of EPSG that the shapes state."""
    closed: Sequence[int] = ()
    """The rows of areas whose rings did not end where they begin."""

    @property
    def has_pairs(self) -> bool:
        """Whether the column has pairs of numbers."""
        return not bool(np.isnan(self.first).all())


_HEX = re.compile(r"0[01](?:[0-9A-Fa-f]{2}){8,}")
_WKT = re.compile(
    r"(?:SRID\s*=\s*(?P<srid>\d{1,6})\s*;\s*|<http://www\.opengis\.net/def/crs/OGC/1\.3/CRS84>\s*)?"
    r"(?P<shape>(?:MULTI)?(?:POINT|LINESTRING|POLYGON|CURVE|SURFACE)|GEOMETRYCOLLECTION)"
    r"\s*[ZM]{0,2}\s*(?:\(|EMPTY)",
    re.IGNORECASE,
)
# GEOS recurses into nested collections; this many levels are safe, as for WKB.
_MOST_COLLECTIONS = 32


def parse_shapes(values: Sequence[Any]) -> ShapeColumn:
    """Return the shapes of the values of a column.

    Examples
    --------
    >>> found = parse_shapes(["POINT (35 51)", "51.1, 35.2", "51.1 35.2 150 4.8", None, "a"])
    >>> [str(found.shapes[0]), found.first.tolist()[1:3], found.second.tolist()[1:3]]
    ['POINT (35 51)', [51.1, 51.1], [35.2, 35.2]]
    >>> found.wrong.tolist()
    [False, False, False, False, True]
    """
    count = len(values)
    found = ShapeColumn(
        np.full(count, None, dtype=object), np.full(count, np.nan), np.full(count, np.nan),
        np.zeros(count, dtype=np.int8), np.zeros(count, dtype=bool), frozenset(),
    )  # fmt: skip
    texts: dict[int, str] = {}
    binaries: dict[int, bytes] = {}
    srids: set[int] = set()
    for row, value in enumerate(values):
        if _is_missing(value):
            continue
        if isinstance(value, (bytes, bytearray, memoryview)):
            binaries[row] = bytes(value)
        elif not isinstance(value, str):
            found.wrong[row] = not _set_mapping(found, row, value)
        elif _HEX.fullmatch(text := value.strip()):
            binaries[row] = bytes.fromhex(text)
        elif match := _WKT.match(text):
            texts[row] = text[match.start("shape") :]
            srids |= {int(match["srid"])} if match["srid"] else set()
        else:
            found.wrong[row] = not (_set_json(found, row, text) or _set_pair(found, row, text))
    closed = _set_wkt(found, texts)
    codes, more = _set_wkb(found, binaries)
    found.shapes[shapely.is_empty(found.shapes)] = None
    srids |= codes
    return found._replace(srids=frozenset(srids - {0}), closed=sorted(closed + more))


def holds_shapes(values: Sequence[Any]) -> bool:
    """Return whether all values are shapes or pairs, and not missing.

    >>> holds_shapes(["51.1, 35.2"]), holds_shapes(["gps"])
    (True, False)
    """
    read = parse_shapes(values)
    return bool((~np.isnan(read.first) | ~shapely.is_missing(read.shapes)).all())


def is_well_known_text(text: str) -> bool:
    """Return whether a text begins like WKT; the rest may be wrong.

    >>> is_well_known_text("POINT (35 x)"), is_well_known_text("point of sale")
    (True, False)
    """
    return _WKT.match(text.strip()) is not None


def _is_missing(value: Any) -> bool:
    if value is None or value is pd.NA or value is pd.NaT:
        return True
    if isinstance(value, str):
        return value.strip().casefold() in NO_COORDINATE
    return isinstance(value, float) and np.isnan(value)


def _set_wkt(found: ShapeColumn, texts: dict[int, str]) -> list[int]:
    """Set the shapes of well-known text, and return the rows whose rings were closed."""
    safe = {r: t for r, t in texts.items() if t.upper().count("COLLECTION") <= _MOST_COLLECTIONS}
    shapes, closed = parse_and_close(shapely.from_wkt, list(safe.values()))
    found.wrong[list(texts)] = True
    for row, shape in zip(safe, shapes, strict=True):
        found.shapes[row], found.wrong[row] = shape, shape is None
    return [list(safe)[n] for n in closed]


def _set_wkb(found: ShapeColumn, binaries: dict[int, bytes]) -> tuple[set[int], list[int]]:
    """Set the shapes of WKB; return their SRIDs, and the rows whose rings were closed."""
    safe = {row: one for row, one in binaries.items() if not is_nested_too_deeply(one)}
    shapes, closed = parse_and_close(shapely.from_wkb, list(safe.values()))
    found.wrong[list(binaries)] = True
    for row, shape in zip(safe, shapes, strict=True):
        found.shapes[row], found.wrong[row] = shape, shape is None
    srids = set(shapely.get_srid(shapes[~shapely.is_missing(shapes)]).tolist())
    return srids, [list(safe)[n] for n in closed]


# The names of coordinates in structures, each with that of the other coordinate.
_MEMBERS = (("lon", "lat"), ("lng", "lat"), ("longitude", "latitude"), ("x", "y"))


def _set_mapping(found: ShapeColumn, row: int, value: Any) -> bool:
    """Set the shape of a dictionary such as ``{"lat": 51, "lng": 35}``; return if it has one."""
    if not isinstance(value, dict):
        return False
    low = {str(name).casefold(): one for name, one in value.items()}
    for east, north in _MEMBERS:
        if east in low and north in low:
            try:
                x, y = float(low[east]), float(low[north])
            except (TypeError, ValueError):
                return False
            found.first[row], found.second[row], found.eastward[row] = x, y, 1
            return True
    if "coordinates" not in low:
        return False
    try:
        found.shapes[row] = shapely.geometry.shape(value)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError,
            shapely.errors.ShapelyError):  # fmt: skip
        return False
    return True


def _set_json(found: ShapeColumn, row: int, text: str) -> bool:
    """Set the shape of a JSON text: GeoJSON, or an object with two coordinates."""
    if not text.startswith("{"):
        return False
    try:
        return _set_mapping(found, row, json.loads(text))
    except (ValueError, RecursionError):
        return False


def _set_pair(found: ShapeColumn, row: int, text: str) -> bool:
    """Set the numbers of a pair; return whether the text is one."""
    try:
        pair = parse_position(text, in_degrees=False)
    except CoordinateError:
        return False
    if pair is None:
        return False
    found.first[row], found.second[row] = pair.latitude, pair.longitude
    found.eastward[row] = -1 if pair.is_certain else 0
    return True


def explain_fault(value: object) -> str:
    """Return why a text is not a pair of coordinates, for a message; "" without a reason."""
    if not isinstance(value, str) or _WKT.match(value.strip()):
        return ""
    try:
        parse_position(value.strip(), in_degrees=False)
    except CoordinateError as error:
        return f": {error}"
    return ""

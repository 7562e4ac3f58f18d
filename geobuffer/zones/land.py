"""Find which stretches of lines run at sea, by a coarse map of the land of the world.

The map is Natural Earth's at 1:50 million, cut into tiles: ``data/boundaries/land.parquet``. Lakes
and rivers count as land. The Caspian Sea counts as sea. The map lacks most islands of less than
50 km². We read its polygons only for lines near a coast. Far inland, boxes of land are enough.
"""

from __future__ import annotations

import hashlib
import io
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely

from geobuffer.errors import ChecksumMismatch, DataError
from geobuffer.geodesy.antimeridian import crosses_antimeridian, cut_line
from geobuffer.zones.data_folder import data_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from shapely import STRtree
    from shapely.geometry import LineString, MultiLineString
    from shapely.geometry.base import BaseGeometry

    _Shapes = NDArray[np.object_]


#: The distance from the map's land, in km, that a stretch must exceed to count as at sea. The map
#: is coarse: 84 % of the 1:10 million coastline that lies in the water of this map is nearer to its
#: land than this distance. A border in a river's mouth, or in a strait of less than twice this
#: width, therefore counts as land. With 5 km, the mouth of the Han would count as land too, and
#: Korea's land border would be 289 km long.
COAST_KM = 3.0

_FILE = "boundaries/land.parquet"
# The hash of the file, as in the manifest.
_SHA256 = "354738984b4727398b34e9286202c51c462f6a5058c0c598c0265df78c8770fd"

# The number of segments in a run. We compare the box of a run with the boxes that are all land.
_RUN = 64

# Degrees of latitude in a kilometre, and the number of corners of the circle around a point: with
# 12 corners, the edge of the circle lies within 4 % of its radius.
_DEGREES = 1.0 / 111.2
_CORNERS = 12


class LandAndSea(NamedTuple):
    """A line in two parts: what counts as land, and what runs at sea; either may be empty."""

    land: LineString | MultiLineString
    sea: MultiLineString


def split_at_coast(lines: Sequence[BaseGeometry]) -> list[LandAndSea]:
    """Split each line into the part that counts as land and the part that runs at sea.

    A stretch between two crossings of the map's coast runs at sea if one of its points lies more
    than :data:`COAST_KM` from the map's land. Lines that meet at their ends count as one line.
    The new ends are exact to a few kilometres only.

    Parameters
    ----------
    lines
        Lines in longitude and latitude. Points have no part at sea.

    Raises
    ------
    DataError
        The bundled map is missing.
    ChecksumMismatch
        The bundled map was altered.

    Examples
    --------
    >>> off_odesa = shapely.LineString([(30.5, 46.8), (31.5, 46.0)])
    >>> [(land, sea)] = split_at_coast([off_odesa])
    >>> round(land.length / off_odesa.length, 1), len(sea.geoms)
    (0.3, 1)
    """
    if all(_is_inland(_list_runs(line)).all() for line in lines):
        return [LandAndSea(line, shapely.MultiLineString()) for line in lines]
    within = [_bring_within_180(line) for line in lines]
    land = _find_land(np.concatenate([_list_runs(line) for line in within]))
    pieces = [_list_lines(shapely.difference(line, land)) for line in within]
    is_sea = iter(_find_sea([piece for some in pieces for piece in some]))
    split = []
    for line, some in zip(within, pieces, strict=True):
        at_sea = [next(is_sea) for _ in some]
        if not any(at_sea):
            split.append(LandAndSea(line, shapely.MultiLineString()))
            continue
        sea = [piece for piece, held in zip(some, at_sea, strict=True) if held]
        near = [piece for piece, held in zip(some, at_sea, strict=True) if not held]
        on_land = shapely.get_parts(
            _merge_lines([*_list_lines(shapely.intersection(line, land)), *near])
        )
        dry, wet = (_restore_order(line, parts) for parts in (on_land, sea))
        split.append(LandAndSea(dry[0] if len(dry) == 1 else _join(dry), _join(wet)))
    return split


def reaches_inland(lines: Sequence[BaseGeometry]) -> bool:
    """Return whether a part of a line lies far inland, by comparison of boxes only.

    Examples
    --------
    >>> reaches_inland([shapely.LineString([(33, 51), (33.1, 51)])])
    True
    """
    return any(_is_inland(_list_runs(line)).any() for line in lines)


def _restore_order(line: BaseGeometry, parts: Sequence[LineString]) -> list[LineString]:
    """Return parts of a line in the order and direction of the line, which an overlay loses."""
    if not len(parts):
        return []
    # We locate two points inside a part's first segment, so that a ring cannot begin between them.
    first = shapely.linestrings([shapely.get_coordinates(part)[:2] for part in parts])
    begin, end = (
        shapely.line_locate_point(line, shapely.line_interpolate_point(first, at, normalized=True))
        for at in (0.4, 0.6)
    )
    turned = np.where(begin < end, parts, shapely.reverse(parts))
    return list(turned[np.argsort(begin, kind="stable")])


def _join(parts: Sequence[LineString]) -> MultiLineString:
    return shapely.MultiLineString(list(parts))


def _bring_within_180(line: BaseGeometry) -> BaseGeometry:
    return cut_line(line) if crosses_antimeridian(line) else line


def _list_lines(shape: BaseGeometry) -> list[LineString]:
    """Return the lines of an overlay's result, joined where they touch, without points."""
    parts = shapely.get_parts(shapely.get_parts(shape))
    lines = [part for part in parts if part.geom_type == "LineString" and not part.is_empty]
    return list(shapely.get_parts(_merge_lines(lines))) if lines else []


def _merge_lines(lines: Sequence[LineString]) -> LineString | MultiLineString:
    """Join lines that follow each other in the same direction."""
    if not lines:
        return shapely.MultiLineString()
    return shapely.line_merge(shapely.multilinestrings(lines), directed=True)


def _list_runs(line: BaseGeometry) -> _Shapes:
    """Return the box of each run of a line's segments; no boxes for points."""
    boxes = [np.empty((0, 4))]
    for part in shapely.get_parts(line):
        at = shapely.get_coordinates(part)
        if len(at) < 2:
            continue
        starts = np.arange(0, len(at) - 1, _RUN)
        # The last vertex of a run is the first of the next one.
        ends = at[np.minimum(starts + _RUN, len(at) - 1)]
        low = np.minimum(np.minimum.reduceat(at, starts), ends)
        high = np.maximum(np.maximum.reduceat(at, starts), ends)
        boxes.append(np.hstack([low, high]))
    return np.asarray(shapely.box(*np.concatenate(boxes).T), dtype=object)


def _is_inland(boxes: _Shapes) -> NDArray[np.bool_]:
    return np.asarray(shapely.covers(_inland_area(), boxes), dtype=bool)


def _find_land(boxes: _Shapes) -> BaseGeometry:
    """Return the land of the tiles that boxes touch, as one area."""
    tree = _land_tree()
    return shapely.union_all(tree.geometries.take(np.unique(tree.query(boxes)[1])))


def _find_sea(pieces: Sequence[LineString]) -> NDArray[np.bool_]:
    """Return which lines outside the map's land run at sea; lines that meet get one answer."""
    if not pieces:
        return np.zeros(0, dtype=bool)
    dense = shapely.segmentize(pieces, COAST_KM * _DEGREES / 4.0)
    at, number = shapely.get_coordinates(dense, return_index=True)
    near = np.zeros(len(at), dtype=bool)
    near[_land_tree().query(_draw_circles(at), predicate="intersects")[0]] = True
    is_sea = np.zeros(len(pieces), dtype=bool)
    is_sea[number[~near]] = True
    ends = [{piece.coords[0], piece.coords[-1]} for piece in pieces]
    while True:
        reached = {end for two, sea in zip(ends, is_sea, strict=True) if sea for end in two}
        joined = np.array([bool(two & reached) for two in ends])
        if (joined == is_sea).all():
            return is_sea
        is_sea = joined


def _draw_circles(at: NDArray[np.float64]) -> _Shapes:
    """Return a circle of :data:`COAST_KM` around each point, in degrees."""
    angle = np.linspace(0.0, 2.0 * np.pi, _CORNERS, endpoint=False)
    radius = COAST_KM * _DEGREES
    # At 89.9° a circle is 30° wide; nearer to the poles it would go round the globe.
    width = radius / np.cos(np.radians(np.minimum(np.abs(at[:, 1]), 89.9)))
    lon = at[:, 0, None] + width[:, None] * np.cos(angle)
    lat = at[:, 1, None] + radius * np.sin(angle)
    return np.asarray(shapely.polygons(np.stack([lon, lat], axis=2)), dtype=object)


@cache
def _read_file() -> bytes:
    path = data_folder() / _FILE
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"Cannot read {path}: {error.strerror}. Reinstall geobuffer.") from error
    found = hashlib.sha256(content).hexdigest()
    if found != _SHA256:
        raise ChecksumMismatch(
            f"Altered {path}: its sha256 is {found[:12]}…, but geobuffer expects "
            f"{_SHA256[:12]}…. Reinstall geobuffer."
        )
    return content


def _read_columns(*names: str) -> list[NDArray[np.object_]]:
    import pyarrow.parquet as pq

    # One thread: starting a pool takes longer than reading the columns.
    file = pq.ParquetFile(io.BytesIO(_read_file()))
    table = file.read(columns=list(names), use_threads=False)
    return [table[name].to_numpy() for name in names]


@cache
def _inland_area() -> BaseGeometry:
    """Return the area of the tiles that are all land."""
    *bounds, is_inland = _read_columns("west", "south", "east", "north", "is_inland")
    full = is_inland.astype(bool)
    area = shapely.union_all(shapely.box(*(side[full].astype(float) for side in bounds)))
    shapely.prepare(area)
    return area


@cache
def _land_tree() -> STRtree:
    (wkb,) = _read_columns("geometry")
    return shapely.STRtree(shapely.from_wkb(wkb))

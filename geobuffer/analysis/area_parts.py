"""Find which parts of areas lie in a zone: in each ring, on each side and near each section.

An area that no edge of the zone crosses lies in one ring; its outline shows in which
(:mod:`geobuffer.analysis.line_parts`). Other areas are cut with the polygons of the rings. Edges of
these polygons only approximate a distance, so for small areas we draw them again with a finer
tolerance. If the side or the nearest section changes within a part, we measure the part along
parallels: a parallel is a line, and :mod:`geobuffer.analysis.line_parts` measures to a millimetre
how much of it lies on which side and near which section.
"""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

from geobuffer.analysis.line_parts import measure_lines
from geobuffer.analysis.membership import answer
from geobuffer.geodesy.antimeridian import keep_polygons, trace_boundary
from geobuffer.geodesy.ellipsoid import WGS84, Floats, Ints, areas_m2, find_group_starts
from geobuffer.zones.areas import flatten_area
from geobuffer.zones.make_zone import build_zone
from geobuffer.zones.region import Region
from geobuffer.zones.zone import BufferZone, CombinedZone, is_zone

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geobuffer.zones.zone import Part, Zone

    Shapes = NDArray[np.object_]


# If an edge is off by a tolerance, an area is wrong by the length of the edge times the tolerance.
# The edge is about as long as the square root of the area. With a tolerance of this share of that
# length, a part of a fifth of the area is still accurate to 0.01 %.
_TOLERANCE_SHARE = 2e-5

# The tolerances at which rings are drawn again, in metres. The finest takes seven seconds for the
# default zone; areas smaller than 500 m by 500 m are then accurate to some square metres.
_TOLERANCES_M = (1.0, 0.1, 0.01)

# Rings are cut into tiles of at most this many vertices, so that cutting a small area involves few
# vertices.
_TILE = 256

# A part that is divided by side and section is first cut by this many parallels. A strip that is
# narrower from south to north than half a step may be missed.
_PARALLELS = 32

# A step between two parallels is halved while it may be wrong by more than this share of the part.
# Few steps contain a jump, such as an edge along a parallel, so shares are accurate to 0.01 %.
_PARALLEL_SHARE = 3e-6
_HALVINGS = 14


class AreaParts(NamedTuple):
    """Parts of areas: an entry for each area, ring, side and section."""

    area: Ints
    """The number of the area."""
    ring: Ints
    side: Ints
    section: Ints
    size_km2: Floats


class Pieces(NamedTuple):
    """The parts of areas in the rings of a zone: an entry for each area, ring and side."""

    area: Ints
    ring: Ints
    shape: Shapes

    def select(self, rows: NDArray[Any]) -> Pieces:
        """Return some of the pieces."""
        return Pieces(self.area[rows], self.ring[rows], self.shape[rows])


def _join(found: Sequence[Pieces]) -> Pieces:
    joined: Any = (np.concatenate(column) for column in zip(*found, strict=True))
    return Pieces(*joined)


def cut_areas(shapes: Shapes, outline_ring: Ints, zone: Zone, size_m2: Floats) -> Pieces:
    """Return the parts of areas that lie in each ring of a zone.

    Parameters
    ----------
    shapes
        Valid areas in longitude and latitude, cut at 180°.
    outline_ring
        The ring of a point of each area's outline; −1 outside the zone.
    zone
        The zone.
    size_m2
        The size of each area, in square metres.
    """
    drawn = [*zone.rings]
    crossed = _find_crossed(shapes, drawn)
    if crossed.any():
        finer = [*_draw_rings(zone, _choose_tolerance(zone, size_m2[crossed]))]
        # A finer edge may meet areas that the coarser one does not.
        crossed |= _find_crossed(shapes, finer)
        drawn = finer
    whole = np.flatnonzero(~crossed & (outline_ring >= 0))
    found = [Pieces(whole, outline_ring[whole], shapes[whole])]
    cut = np.flatnonzero(crossed)
    for ring, polygon in enumerate(drawn):
        at, parts = _cut_with_tiles(shapes[cut], polygon)
        found.append(Pieces(cut[at], np.full(len(at), ring), parts))
    return _join(found)


def measure_pieces(pieces: Pieces) -> AreaParts:
    """Return the sizes of pieces, without dividing them by side and section."""
    unknown = np.full(len(pieces.area), -1)
    return AreaParts(pieces.area, pieces.ring, unknown, unknown, areas_m2(pieces.shape) / 1e6)


def divide_pieces(pieces: Pieces, zone: Zone) -> AreaParts:
    """Return the sizes of pieces by side and section of the zone."""
    if not len(pieces.area):
        none = np.zeros(0, dtype=np.int64)
        return AreaParts(none, none, none, none, np.zeros(0))
    one = zone.zones[0]
    if isinstance(zone, BufferZone) and not one.border.is_bare:
        pieces = _cut_by_side(pieces, zone)
    size = areas_m2(pieces.shape) / 1e6
    side, section, is_mixed = _find_mixed_pieces(pieces, zone)
    plain = np.flatnonzero(~is_mixed)
    parts = AreaParts(
        pieces.area[plain], pieces.ring[plain], side[plain], section[plain], size[plain]
    )
    mixed = np.flatnonzero(is_mixed)
    if not len(mixed):
        return parts
    divided = _divide(pieces.select(mixed), size[mixed], zone)
    joined: Any = (np.concatenate(both) for both in zip(parts, divided, strict=True))
    return AreaParts(*joined)


# --- rings ---


def _find_crossed(shapes: Shapes, rings: Sequence[BaseGeometry]) -> NDArray[np.bool_]:
    """Return which areas the outline of a ring meets."""
    edges = shapely.multilinestrings(
        [line for ring in rings for line in shapely.get_parts(trace_boundary(ring))]
    )
    shapely.prepare(edges)
    return np.asarray(shapely.intersects(edges, shapes))


def _choose_tolerance(zone: Zone, size_m2: Floats) -> float:
    """Return the tolerance (m) for rings that cut areas; 0 if the drawn rings are good enough."""
    wanted = max(_TOLERANCE_SHARE * float(np.sqrt(size_m2.min())), _TOLERANCES_M[-1])
    if zone.error_m <= wanted:
        return 0.0
    return next(tolerance for tolerance in _TOLERANCES_M if tolerance <= wanted)


def _draw_rings(zone: Zone, tolerance_m: float) -> tuple[BaseGeometry, ...]:
    """Return the rings of a zone, drawn to a tolerance in metres; 0 keeps them unchanged."""
    if tolerance_m == 0.0 or not is_zone(zone):
        return zone.rings
    return _redraw_rings(zone, tolerance_m)


# We keep the rings of a few zones, and of the parts of combined zones: drawing them takes seconds.
@lru_cache(maxsize=8)
def _redraw_rings(zone: BufferZone | CombinedZone, tolerance_m: float) -> tuple[BaseGeometry, ...]:
    if isinstance(zone, BufferZone):
        km: Any = (
            dict(zip((side.name for side in zone.border.sides), zone.side_km, strict=True))
            if zone.side_km
            else list(zone.edges_km[1:])
        )
        ends: Any = zone.ends
        with warnings.catch_warnings():
            # Where sides meet, edges may exceed the tolerance by tenths of a metre.
            warnings.filterwarnings("ignore", "The edges of the zone lie up to", UserWarning)
            drawn = build_zone(
                zone.border, km, from_km=zone.edges_km[0], side=zone.side, ends=ends,
                tolerance_m=tolerance_m,
            )  # fmt: skip
        return tuple(drawn.rings)
    first, *rest = (_draw_part(part, tolerance_m) for part in zone.parts)
    if zone.how == "union":
        return (keep_polygons(shapely.union_all([first, *rest])),)
    if zone.how == "difference":
        return (keep_polygons(shapely.difference(first, shapely.union_all(rest))),)
    return (keep_polygons(shapely.intersection_all([first, *rest])),)


def _draw_part(part: Part, tolerance_m: float) -> BaseGeometry:
    """Return a part of a combined zone as a polygon."""
    if isinstance(part, Region):
        return flatten_area(part.geometry)
    return shapely.union_all(_redraw_rings(part, tolerance_m))


def _cut_with_tiles(shapes: Shapes, polygon: BaseGeometry) -> tuple[Ints, Shapes]:
    """Return which areas have a part in a polygon, and these parts."""
    tiles = np.array([*_list_tiles(polygon)], dtype=object)
    if not len(tiles) or not len(shapes):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=object)
    row, tile = shapely.STRtree(tiles).query(shapes, predicate="intersects")
    if not len(row):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=object)
    order = np.argsort(row, kind="stable")
    row, tile = row[order], tile[order]
    cut = shapely.intersection(shapes[row], tiles[tile])
    starts = find_group_starts(row)
    ends = np.append(starts[1:], len(row))
    parts = [
        keep_polygons(shapely.union_all(cut[begin:end]))
        for begin, end in zip(starts, ends, strict=True)
    ]
    found = np.array([*parts, None], dtype=object)[:-1]
    kept = ~shapely.is_empty(found)
    return row[starts][kept], found[kept]


def _list_tiles(polygon: BaseGeometry) -> Iterator[BaseGeometry]:
    """Yield parts of a polygon that have few vertices."""
    for part in shapely.get_parts(polygon):
        west, south, east, north = part.bounds
        if shapely.get_num_coordinates(part) <= _TILE:
            yield part
            continue
        if east - west > north - south:
            middle = (west + east) / 2.0
            halves = (west, south, middle, north), (middle, south, east, north)
        else:
            middle = (south + north) / 2.0
            halves = (west, south, east, middle), (west, middle, east, north)
        for half in halves:
            yield from _list_tiles(keep_polygons(shapely.intersection(part, shapely.box(*half))))


# --- sides and sections ---


def _cut_by_side(pieces: Pieces, zone: BufferZone) -> Pieces:
    """Return pieces cut at the outlines of the territories, which decide on the side."""
    areas = [side.area for side in zone.border.sides if side.area is not None]
    areas = [area for area in areas if not area.is_empty]
    crossed = np.zeros(len(pieces.area), dtype=bool)
    for area in areas:
        crossed |= _find_crossed(pieces.shape, [area])
    rows = np.flatnonzero(crossed)
    if not len(rows):
        return pieces
    found = [pieces.select(~crossed)]
    left = pieces.shape[rows]
    for area in areas:
        at, parts = _cut_with_tiles(left, area)
        found.append(Pieces(pieces.area[rows[at]], pieces.ring[rows[at]], parts))
        # Land that lies in both territories counts for the first side.
        left = left.copy()
        left[at] = shapely.difference(left[at], parts)
    rest = np.flatnonzero(~shapely.is_empty(left))
    shapes = np.array([*(keep_polygons(shape) for shape in left[rest]), None], dtype=object)[:-1]
    found.append(Pieces(pieces.area[rows[rest]], pieces.ring[rows[rest]], shapes))
    joined = _join(found)
    return joined.select(~shapely.is_empty(joined.shape))


def _find_mixed_pieces(pieces: Pieces, zone: Zone) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """Return the side and section of a point in each piece, and whether any vertex has another."""
    inner = shapely.get_coordinates(shapely.point_on_surface(pieces.shape))
    at = answer(inner[:, 0], inner[:, 1], zone)
    side, section = at.side.astype(np.int64), at.section.astype(np.int64)
    is_mixed = np.zeros(len(side), dtype=bool)
    has_sides = any(one.border.is_bare for one in zone.zones) or not isinstance(zone, BufferZone)
    if len(zone.sections) == 1 and not has_sides:
        return side, section, is_mixed
    lonlat, owner = shapely.get_coordinates(pieces.shape, return_index=True)
    found = answer(lonlat[:, 0], lonlat[:, 1], zone)
    other = found.section != section[owner]
    if has_sides:
        other |= found.side != side[owner]
    is_mixed[owner[other]] = True
    return side, section, is_mixed


def _divide(pieces: Pieces, size_km2: Floats, zone: Zone) -> AreaParts:
    """Return the sizes of pieces by side and section, measured along parallels across them.

    We measure each parallel by side and section, and integrate over the latitude by Simpson's rule.
    A step from one parallel to the next is halved where Simpson's rule and the trapezium rule
    differ.
    """
    every = np.arange(len(pieces.area))
    bounds = shapely.bounds(pieces.shape)
    # A parallel at the north or south end of a piece may run along an edge, so we stay inside.
    height = (bounds[:, 3] - bounds[:, 1]) * (1.0 - 2e-9)
    south = bounds[:, 1] + 1e-9 * height

    def measure(piece: Ints, share: Floats) -> Floats:
        return _measure_parallels(pieces.shape[piece], south[piece] + share * height[piece], zone)

    piece = np.repeat(every, _PARALLELS)
    begin = np.tile(np.arange(_PARALLELS) / _PARALLELS, len(every))
    step = np.full(len(piece), 1.0 / _PARALLELS)
    low, high = measure(piece, begin), measure(piece, begin + step)
    total = np.zeros((len(every), low.shape[1]))
    for depth in range(_HALVINGS + 1):
        middle = measure(piece, begin + step / 2.0)
        off = np.abs(middle - (low + high) / 2.0).max(axis=1) * step
        fine = off <= _PARALLEL_SHARE * np.maximum(middle.sum(axis=1), low.sum(axis=1))
        fine |= depth == _HALVINGS
        simpson = (low + 4.0 * middle + high) * step[:, None] / 6.0
        np.add.at(total, piece[fine], simpson[fine])
        left = ~fine
        piece, step = np.tile(piece[left], 2), np.tile(step[left] / 2.0, 2)
        begin = np.concatenate([begin[left], begin[left] + step[: left.sum()]])
        low, high = (
            np.concatenate([low[left], middle[left]]), np.concatenate([middle[left], high[left]])
        )  # fmt: skip
        if not len(piece):
            break
    at, key = np.nonzero(total)
    size = total[at, key] / total.sum(axis=1)[at] * size_km2[at]
    side, section = np.divmod(key, len(zone.sections) + 1)
    # The last number stands for the code −1 (none).
    side[side == len(zone.sides)] = -1
    section[section == len(zone.sections)] = -1
    return AreaParts(pieces.area[at], pieces.ring[at], side, section, size)


def _measure_parallels(shapes: Shapes, lat: Floats, zone: Zone) -> Floats:
    """Return how much of the parallel across each shape lies on each side and near each section.

    There is a column for each pair of side and section; a pair may have no side or no section.
    Lengths are weighted by the length of a degree of latitude there, so that their integral is an
    area.
    """
    west, _, east, _ = shapely.bounds(shapes).T
    ends = np.stack([np.stack([west, lat], axis=-1), np.stack([east, lat], axis=-1)], axis=1)
    cut = shapely.intersection(shapes, shapely.linestrings(ends))
    parts, owner = shapely.get_parts(cut, return_index=True)
    kept = shapely.length(parts) > 0.0
    parts, owner = parts[kept], owner[kept]
    sides, sections = len(zone.sides) + 1, len(zone.sections) + 1
    found = np.zeros((len(shapes), sides * sections))
    if not len(parts):
        return found
    stretches = measure_lines(parts, np.zeros(len(parts)), zone, extremes=False).stretches
    key = (stretches.side % sides) * sections + stretches.section % sections
    np.add.at(found, (owner[stretches.line], key), stretches.length_km)
    arc = (1.0 - WGS84.es * np.sin(np.radians(lat)) ** 2) ** -1.5
    return found * arc[:, None]

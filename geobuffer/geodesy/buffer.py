"""Buffer lines by a distance on the ellipsoid: polygons that state the error of their edges.

:func:`buffer_lines` starts from a planar buffer. That buffer alone is wrong by 3 m at 10 km: its
projection distorts, chords replace its arcs, and GEOS simplifies it, even with fine arcs. So
:mod:`geobuffer.geodesy.refine` then moves every vertex along its geodesic until it lies at the
distance, and cuts every edge until it lies at the distance within a tolerance.

:class:`PlanarBuffers` stops at the planar buffer, for pictures at many widths.

Geometry is in longitude and latitude, degrees on WGS 84; distances are in metres.
"""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon

from geobuffer.errors import GeometryError
from geobuffer.geodesy.antimeridian import (
    cut_at_antimeridian,
    keep_polygons,
    unwrap_near,
    wrap_degrees,
)
from geobuffer.geodesy.ellipsoid import (
    WGS84,
    Floats,
    Ints,
    find_group_starts,
    inverse,
    project_to_globe,
    project_to_plane,
)
from geobuffer.geodesy.refine import Edges, Target, list_vertices, refine_edges
from geobuffer.geodesy.threads import run_in_threads

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geobuffer.geodesy.nearest import LineIndex


# We buffer lines in runs of this length, or of the distance if it is longer. Each run has a
# separate azimuthal equidistant plane, which is off by at most 1 cm at the edge of a 10 km zone.
_RUN_M = 15_000.0
# Runs that a thread buffers at a time: some 10 ms of work, against 0.1 ms to pass them on.
_RUNS_OF_THREAD = 6

# We simplify lines by this share of the tolerance before the planar buffer. A long segment has a
# piece every 100 m; measuring an edge for each piece took a minute instead of a second.
_START_SHARE = 0.25

# Segments per quarter circle of the planar buffer, whose chords are 3 m short at 10 km. Finer arcs
# would keep no more holes, because GEOS itself simplifies by as much. We cut the arcs finer
# afterwards.
_QUADRANT = 32


def buffer_lines(
    index: LineIndex, distance_m: float, *, tolerance_m: float
) -> tuple[Polygon | MultiPolygon, float]:
    """Return all that lies within a distance of the lines, and the error of its edges.

    Parameters
    ----------
    index
        The lines.
    distance_m
        The distance of the edge from the lines, in metres.
    tolerance_m
        How far the edge may lie from that distance, in metres.

    Returns
    -------
    tuple
        A polygon in longitude and latitude, cut at the antimeridian (RFC 7946, section 3.1.9), and
        a bound of how far its edges depart from the distance, in metres.

    Raises
    ------
    GeometryError
        The zone would reach both poles, or its edge passes a pole too closely.

    Notes
    -----
    A zone over a pole, or round the globe, is drawn as a strip from −180° to 180° that closes along
    the pole.

    Examples
    --------
    >>> from geobuffer.geodesy.nearest import LineIndex
    >>> dot = LineIndex([shapely.LineString([(30, 50), (30, 50.00001)])])
    >>> disc, error = buffer_lines(dot, 1000, tolerance_m=0.1)
    >>> disc.geom_type, error <= 0.1
    ('Polygon', True)
    >>> cap, _ = buffer_lines(LineIndex([shapely.Point(30, 85)]), 600_000, tolerance_m=10.0)
    >>> cap.bounds[0], cap.bounds[2:]
    (-180.0, (180.0, 90.0))
    """
    if _find_meridian_problem(index, distance_m):
        return trace_about_pole(index, distance_m, tolerance_m)
    outline = trace_outline(index, distance_m, tolerance_m=tolerance_m)
    return cut_at_antimeridian(outline.shape), outline.error_m


class Outline(NamedTuple):
    """All that lies within a distance of lines, not yet cut at the antimeridian."""

    shape: MultiPolygon
    """In degrees; longitudes are unwrapped about ``meridian``."""
    meridian: float
    """A longitude in whole degrees, near the middle of the lines."""
    error_m: float
    """A bound of how far the edges depart from the distance, in metres."""


def trace_outline(index: LineIndex, distance_m: float, *, tolerance_m: float) -> Outline:
    """Return what :func:`buffer_lines` returns, before it is cut at the antimeridian.

    Arguments are those of :func:`buffer_lines`.

    Raises
    ------
    GeometryError
        The zone would reach a pole or round the globe, so that no meridian is free of it.
    """
    meridian = _find_central_meridian(index, distance_m)
    runs = _buffer_simplified_runs(index, distance_m, tolerance_m)
    start = _unite_runs(runs, meridian)
    edges, polygon_of_ring, error_m = _refine_rings(index, start, distance_m, tolerance_m)
    return Outline(_assemble_polygons(edges, polygon_of_ring, tolerance_m), meridian, error_m)


class PlanarBuffers:
    """Planar buffers at many distances from lines: pictures, without a measured error.

    The HTML map uses it for the areas that flat ends cut off, at each width of its slider. A sketch
    is enough there.

    We buffer once by a narrow distance, which closes the bends of the lines, and buffer the result
    again for each wide buffer. Thirty buffers of the lines themselves, up to 30 km from the default
    border, would take three times as long.

    Parameters
    ----------
    index
        The lines.
    widest_m
        The largest distance that the caller needs, in metres.
    error_m
        How far the narrow buffer may be off, in metres: one half by its arcs, the other half by
        simplifying. The arcs of the wide buffers may be short by the same distance.

    Examples
    --------
    >>> from geobuffer.geodesy.nearest import LineIndex
    >>> dot = LineIndex([shapely.LineString([(30, 50), (30, 50.00001)])])
    >>> len(PlanarBuffers(dot, 1000, error_m=20).at(1000).exterior.coords) < 40
    True
    """

    def __init__(self, index: LineIndex, widest_m: float, *, error_m: float) -> None:
        self._index, self._error_m = index, error_m
        self._lines = _cut_into_runs(index, _RUN_M)
        # With a tenth or a thirtieth of the widest distance, all buffers take 5 % longer.
        self._narrow_m = widest_m / 15.0
        half = error_m / 2.0
        quadrant = _count_quadrant_segments(self._narrow_m, half)
        narrow = (_buffer_run(run, self._narrow_m, quadrant) for run in self._lines)
        # GEOS leaves out shallow hollows, and measures their depth at vertices. Beside the long
        # edges of simplified lines it filled bays 200 m deep, so we add vertices.
        self._narrow = [
            run._replace(
                shape=shapely.segmentize(shapely.simplify(run.shape, half), self._narrow_m / 2.0)
            )
            for run in narrow
        ]

    def at(self, distance_m: float) -> Polygon | MultiPolygon:
        """Return the buffer at a distance, with unwrapped longitudes.

        The projections add errors of centimetres. GEOS leaves out shallow hollows: on real borders
        this error was up to 35 m at 60 km.

        Raises
        ------
        GeometryError
            The zone would reach a pole or round the globe.
        """
        centre = _find_central_meridian(self._index, distance_m)
        runs, rest = self._lines, distance_m
        if distance_m > self._narrow_m:
            runs, rest = self._narrow, distance_m - self._narrow_m
        quadrant = _count_quadrant_segments(rest, self._error_m)
        return keep_polygons(
            _unite_runs([_buffer_run(run, rest, quadrant) for run in runs], centre)
        )


def unite_repaired(polygons: Sequence[BaseGeometry], tolerance_m: float) -> MultiPolygon:
    """Unite polygons after repairing those that cross themselves, and drop slivers."""
    valid = shapely.make_valid(polygons, method="structure", keep_collapsed=False)
    whole = shapely.union_all(valid)
    if not whole.is_valid:
        # Where edges nearly touch, one repair may leave a crossing, so we repair again.
        whole = shapely.make_valid(whole, method="structure", keep_collapsed=False)
    return drop_slivers(whole, tolerance_m)


def drop_slivers(shape: BaseGeometry, width_m: float) -> MultiPolygon:
    """Remove parts and holes thinner than a width, which are left where edges cross."""
    degrees = np.degrees(width_m / WGS84.a)

    def is_thick(ring: BaseGeometry) -> bool:
        return bool(Polygon(ring).area > degrees * ring.length / 2.0)

    return MultiPolygon(
        [
            Polygon(part.exterior, [hole for hole in part.interiors if is_thick(hole)])
            for part in shapely.get_parts(shape)
            if isinstance(part, Polygon) and is_thick(part.exterior)
        ]
    )


# --- the planar buffer ---


class _Run(NamedTuple):
    """A stretch of a line, or its buffer, in an equidistant plane around its middle."""

    lon: float
    lat: float
    shape: BaseGeometry
    """In metres east and north of ``lon`` and ``lat``."""


def _find_central_meridian(index: LineIndex, distance_m: float) -> float:
    """Return a central meridian, in whole degrees, for which the zone is in one piece."""
    if problem := _find_meridian_problem(index, distance_m):
        raise GeometryError(f"Invalid distance {distance_m / 1e3:g} km: {problem}")
    return _mean_meridian(index)


def _mean_meridian(index: LineIndex) -> float:
    lon = np.radians(index.pieces.lon)
    return float(np.round(np.degrees(np.arctan2(np.sin(lon).mean(), np.cos(lon).mean()))))


def _find_meridian_problem(index: LineIndex, distance_m: float) -> str:
    """Return why no central meridian draws the zone in one piece; an empty text if one does."""
    pole_m = (90.0 - np.abs(index.pieces.lat).max()) * 111_000.0
    if pole_m < distance_m * 1.05:
        return (
            f"the zone would reach a pole, {pole_m / 1e3:,.0f} km from the border. Must be less, "
            "or on both sides of the border."
        )
    margin = np.degrees(distance_m / (WGS84.b * np.sin(pole_m / WGS84.a)))
    away = wrap_degrees(index.pieces.lon - _mean_meridian(index))
    if np.abs(away).max() + margin > 175.0:
        return (
            "the zone would reach round the globe. Must be less, or the border shorter, or on both "
            "sides of the border."
        )
    return ""


def _cut_into_runs(index: LineIndex, run_m: float) -> list[_Run]:
    """Cut the lines into runs of at most some metres, each in its own plane."""
    p = index.pieces
    run = np.floor(p.chainage_m / run_m).astype(np.int64)
    begins = ~index.continues | (np.diff(run, prepend=-1) != 0)
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(p.lon)) - 1
    # GEOS treats a closed line as a ring. If the ring crosses itself, GEOS loses the area between
    # the loops, or the whole area. So we split closed lines in the middle.
    begins[((first + last + 1) // 2)[_find_closed(index, first, last)]] = True
    bounds = [*np.flatnonzero(begins).tolist(), len(p.lon)]
    runs = []
    for a, b in itertools.pairwise(bounds):
        lon = np.append(p.lon[a:b], p.lon[b - 1] + p.dlon[b - 1])
        lat = np.append(p.lat[a:b], p.lat[b - 1] + p.dlat[b - 1])
        at_lon, at_lat = float(lon[len(lon) // 2]), float(lat[len(lat) // 2])
        plane = project_to_plane(at_lon, at_lat, lon, lat).T
        runs.append(_Run(at_lon, at_lat, shapely.linestrings(plane)))
    return runs


def _find_closed(index: LineIndex, first: Ints, last: Ints) -> NDArray[np.bool_]:
    """Return which runs of pieces, from ``first`` to ``last``, end where they begin."""
    p = index.pieces
    end_lon, end_lat = p.at(last, np.ones(len(last)))
    _, _, apart = inverse(p.lon[first], p.lat[first], end_lon, end_lat)
    # We compare to 0.01 mm, as for lines that meet. A point is a piece of zero length, not a loop.
    return np.asarray((apart < 1e-5) & (last > first))


def _count_quadrant_segments(distance_m: float, chord_m: float) -> int:
    """Return the number of chords of a quarter circle that are at most ``chord_m`` short."""
    return int(np.ceil(np.pi / 4.0 / np.arccos(1.0 - min(chord_m / distance_m, 0.1))))


def _buffer_run(run: _Run, distance_m: float, quadrant: int) -> _Run:
    """Buffer a run in its plane."""
    return run._replace(shape=shapely.buffer(run.shape, distance_m, quad_segs=quadrant))


def _buffer_simplified_runs(index: LineIndex, distance_m: float, tolerance_m: float) -> list[_Run]:
    """Cut the lines into runs, simplify these, and buffer each in its plane."""
    simplify_m = _START_SHARE * tolerance_m
    runs = _cut_into_runs(index, max(_RUN_M, distance_m))

    def buffer_range(low: int, high: int) -> list[_Run]:
        return [
            _buffer_run(
                run._replace(shape=shapely.simplify(run.shape, simplify_m)), distance_m, _QUADRANT
            )
            for run in runs[low:high]
        ]

    return list(itertools.chain(*run_in_threads(buffer_range, len(runs), _RUNS_OF_THREAD)))


def _unite_runs(runs: Iterable[_Run], centre: float) -> BaseGeometry:
    """Convert runs from their planes to degrees around a central meridian, and unite them."""

    def to_globe(xy: Floats, run: _Run) -> Floats:
        lon, lat = project_to_globe(run.lon, run.lat, xy.T)
        return np.stack([unwrap_near(lon, centre), lat], axis=1)

    return shapely.union_all(
        [shapely.transform(run.shape, functools.partial(to_globe, run=run)) for run in runs]
    )


# --- over a pole, or round the globe ---

# The least distance of the edge of a zone from a pole, in metres: more than the error of the planar
# buffer.
_BESIDE_POLE_M = 50.0


def trace_about_pole(
    index: LineIndex, distance_m: float, tolerance_m: float
) -> tuple[Polygon | MultiPolygon, float]:
    """Do what :func:`buffer_lines` does, for a zone that crosses all meridians.

    We unite the runs in a plane around a pole, in which such a zone is one piece. Then we compute
    the area of each ring of the outline in longitude and latitude. A ring that winds around the
    pole gets the area up to the pole, any other ring the area within it.
    """
    pole, holds_pole = _choose_pole(index, distance_m)
    start = _unite_about_pole(_buffer_simplified_runs(index, distance_m, tolerance_m), pole)
    edges, polygon_of_ring, error_m = _refine_rings(index, start, distance_m, tolerance_m)
    lonlat = np.stack([edges.lon, edges.lat], axis=1)
    bounds = np.flatnonzero(np.diff(edges.ring, prepend=-1))
    areas = [_enclose_ring(ring, pole) for ring in np.split(lonlat, bounds[1:])]
    shells = np.flatnonzero(np.diff(polygon_of_ring, prepend=-1))
    polygons = [
        shapely.difference(areas[group[0]], shapely.union_all([areas[n] for n in group[1:]]))
        for group in np.split(np.arange(len(areas)), shells[1:])
    ]
    whole = keep_polygons(drop_slivers(shapely.union_all(polygons), tolerance_m))
    if bool(shapely.intersects_xy(whole, 0.0, pole)) != holds_pole:
        raise _beside_pole_error(distance_m)
    return whole, error_m


def _choose_pole(index: LineIndex, distance_m: float) -> tuple[float, bool]:
    """Return the latitude of the pole for the plane, and whether the zone holds the pole.

    The other pole must not be near the zone, because the plane ends there.
    """
    poles = np.array([90.0, -90.0])
    away = index.nearest(np.zeros(2), poles).distance_m
    if (away < distance_m * 1.05).all():
        raise GeometryError(
            f"Invalid distance {distance_m / 1e3:g} km: the zone would reach both poles, "
            f"{away[0] / 1e3:,.0f} and {away[1] / 1e3:,.0f} km from the border. Must be less; or "
            "build two zones, one for each half of the border."
        )
    if (np.abs(away - distance_m) < _BESIDE_POLE_M).any():
        raise _beside_pole_error(distance_m)
    near = int(away.argmin())
    return float(poles[near]), bool(away[near] < distance_m)


def _beside_pole_error(distance_m: float) -> GeometryError:
    return GeometryError(
        f"Invalid distance {distance_m / 1e3:g} km: the edge of the zone would pass within metres "
        "of a pole. Must be a little more or less."
    )


def _unite_about_pole(runs: Iterable[_Run], pole: float) -> BaseGeometry:
    """Convert runs to a plane around a pole, unite them, and return the whole in degrees.

    Edges of the result run the short way round the globe.
    """

    def to_polar(xy: Floats, run: _Run) -> Floats:
        lon, lat = project_to_globe(run.lon, run.lat, xy.T)
        turn, away = np.radians(lon), np.abs(pole - lat)
        return np.stack([away * np.cos(turn), away * np.sin(turn)], axis=1)

    def to_degrees(xy: Floats) -> Floats:
        lon = np.degrees(np.arctan2(xy[:, 1], xy[:, 0]))
        return np.stack([lon, pole - np.sign(pole) * np.hypot(*xy.T)], axis=1)

    united = shapely.union_all(
        [shapely.transform(run.shape, functools.partial(to_polar, run=run)) for run in runs]
    )
    return shapely.transform(united, to_degrees)


def _enclose_ring(lonlat: Floats, pole: float) -> BaseGeometry:
    """Return the area within an open ring, cut at ±180°: up to the pole if the ring winds about it.

    Edges of the ring run the short way round.
    """
    step = wrap_degrees(np.diff(lonlat[:, 0], append=lonlat[:1, 0]))
    turns = round(step.sum() / 360.0)
    lon = lonlat[0, 0] + np.append(0.0, np.cumsum(step))
    ring = np.column_stack([lon, np.append(lonlat[:, 1], lonlat[0, 1])])
    if turns:
        ring = _close_over_pole(ring, pole)
    valid = shapely.make_valid(shapely.Polygon(ring), method="structure", keep_collapsed=False)
    if valid.is_empty:  # a hole without width
        return valid
    return shapely.union_all([cut_at_antimeridian(valid)])


def _close_over_pole(ring: Floats, pole: float) -> Floats:
    """Return a ring around a pole that begins at the antimeridian and closes along the pole."""
    lon, lat = ring.T
    seam = np.floor((lon + 180.0) / 360.0)
    before = int(np.flatnonzero(np.diff(seam))[0])
    at = 360.0 * max(seam[before], seam[before + 1]) - 180.0
    share = (at - lon[before]) / (lon[before + 1] - lon[before])
    crossing = lat[before] + share * (lat[before + 1] - lat[before])
    turn = lon[-1] - lon[0]
    onward = np.column_stack([lon[before + 1 :], lat[before + 1 :]])
    again = np.column_stack([lon[1 : before + 1] + turn, lat[1 : before + 1]])
    first = -180.0 * np.sign(turn)
    middle = np.vstack([onward, again]) + np.array([first - at, 0.0])
    end = [(-first, crossing), (-first, pole), (first, pole)]
    return np.vstack([[(first, crossing)], middle, end])


# --- from rings to polygons ---


def _refine_rings(
    index: LineIndex, start: BaseGeometry, distance_m: float, tolerance_m: float
) -> tuple[Edges, Ints, float]:
    """Move the rings of a planar buffer to the distance.

    Returns the edges, the polygon number of each ring, and a bound of the error of the edges.
    """
    lon, lat, ring, polygon_of_ring = list_vertices(start)
    count = len(polygon_of_ring)
    target = Target(index, np.full(count, distance_m), np.full(count, tolerance_m))
    edges = refine_edges(target, lon, lat, ring)
    return edges, polygon_of_ring, float(edges.error_m.max())


def _assemble_polygons(edges: Edges, polygon_of_ring: Ints, tolerance_m: float) -> MultiPolygon:
    """Build polygons from rings; repair those that cross themselves at a notch."""
    vertices = np.stack([edges.lon, edges.lat], axis=1)
    rings = shapely.linearrings(vertices, indices=edges.ring)
    shells = find_group_starts(polygon_of_ring)
    polygons = [shapely.Polygon(part[0], list(part[1:])) for part in np.split(rings, shells[1:])]
    return unite_repaired(polygons, tolerance_m)

"""Match the edges of two areas whose outlines nearly coincide, and find their common line.

Layers of different origin draw the same border twice. The common line follows the outline of the
first area: the stretches of it that run along the second outline within a tolerance, with spurs cut
off and breaks closed. The second area is then adjusted to that line, so that near it no point
belongs to both areas or to neither.

Geometry is in longitude and latitude, degrees on WGS 84; distances are in metres. The module is
long because it is one algorithm, from two outlines to the sections of their common line.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import numpy as np
import shapely
from shapely.affinity import translate

from geobuffer.errors import GeometryError
from geobuffer.geodesy._stretches import (
    SAME_M,
    Samples,
    Stretch,
    compare_outlines,
    find_points_at,
    find_runs_apart,
    find_stretches,
    gap_m,
    measure_rings,
    measure_vertex_chainages,
)
from geobuffer.geodesy.antimeridian import (
    cut_at_antimeridian,
    normalize_longitudes,
    reaches_antimeridian,
    unwrap_to_0_360,
    wrap_degrees,
)
from geobuffer.geodesy.ellipsoid import (
    Floats,
    Ints,
    covers_points,
    find_group_starts,
    find_successors,
    inverse,
    number_within_groups,
    project_equal_area,
)
from geobuffer.geodesy.nearest import LineIndex

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shapely.geometry import LineString, MultiPolygon, Polygon
    from shapely.geometry.base import BaseGeometry


# A stretch shorter than this many tolerances, and nowhere exact, is a corner where outlines touch
# and not a border.
_CRUMB = 2.0

# To find where a section of a matched line ends, we look at points no farther apart than this, or
# than half the tolerance if that is more. No map shows more exactly where three regions meet.
_STEP_M = 50.0

# Degrees (some centimetres) by which a tie to the other outline reaches beyond that outline, so
# that both surely cross.
_OVERSHOOT = 1e-7

# Edges of this many degrees bend by some 10 m in the plane in which we measure areas.
_BEND_DEGREES = 0.2


@dataclass(frozen=True)
class Healing:
    """How far two outlines disagreed along their common border; the border follows the first one.

    Parameters
    ----------
    tolerance_m
        The disagreement that was allowed.
    healed_km
        Length of the border along which the outlines differ by more than 2 mm.
    disagreement_km
        The largest distance from either outline to the other along the border.
    lon, lat
        Where that is, in degrees.
    typical_m
        Root mean square of the distance along the border.
    gap_km2, overlap_km2
        Area between the outlines that belonged to neither side, and that belonged to both.
    bridges
        Number of spurs and breaks, no wider than the tolerance, that the border crosses in a
        straight line.
    """

    tolerance_m: float
    healed_km: float
    disagreement_km: float
    lon: float
    lat: float
    typical_m: float
    gap_km2: float
    overlap_km2: float
    bridges: int

    def __repr__(self) -> str:
        return (
            f"Healing({self.healed_km:,.3g} km healed within {self.tolerance_m:g} m; at most "
            f"{self.disagreement_km:.3g} km apart, at {self.lon:.4f}, {self.lat:.4f}; "
            f"gaps {self.gap_km2:.3g} km², overlaps {self.overlap_km2:.3g} km²)"
        )


def is_exact(healing: Healing) -> bool:
    """Return whether the outlines agree so closely that they count as the same line."""
    return 1e3 * healing.disagreement_km <= SAME_M


class CommonLine(NamedTuple):
    """The common line of two areas, the second area adjusted to it, and by how much."""

    lines: list[LineString]
    other: Polygon | MultiPolygon
    healing: Healing | None
    """``None`` if there is no common line."""
    differences: Floats = np.empty((0, 4))
    """How far the outlines differ along the line: longitude, latitude and metres (n, 4). The last
    column is the length in km that a point stands for; 0 for points of the second outline."""


class Claims(NamedTuple):
    """How far two areas may overlap beyond the tolerance, if both claim the land between them."""

    shallow_m: float
    """An overlap is allowed anywhere if it is nowhere deeper than this."""
    share: float
    """A deeper one is allowed along this share of the length for which the outlines meet."""


class NearMiss(NamedTuple):
    """A stretch where two outlines run near each other, beside their common line."""

    length_km: float
    apart_m: float
    """The largest distance between the outlines along the stretch."""
    lon: float
    lat: float
    """Where that is, in degrees."""


class OutlinePair:
    """Two areas whose outlines we compare, at one tolerance or at several.

    Parameters
    ----------
    one, other
        Polygons or MultiPolygons in degrees, within ±180° of longitude.

    Examples
    --------
    >>> one, other = shapely.box(30, 50, 31, 51), shapely.box(31.001, 50, 32, 51)  # 72 m apart
    >>> pair = OutlinePair(one, other)
    >>> found = pair.find_common_line(100.0)
    >>> [list(line.coords) for line in found.lines]
    [[(31.0, 50.0), (31.0, 51.0)]]
    >>> found.healing
    Healing(111 km healed within 100 m; at most 0.0717 km apart, at 31.00..., 50.0000;
            gaps 7.89 km², overlaps 0 km²)
    """

    def __init__(self, one: BaseGeometry, other: BaseGeometry) -> None:
        west, _, east, _ = shapely.total_bounds([one, other])
        # Areas may face each other across 180° without reaching it; a degree is far enough.
        self._crosses_180 = reaches_antimeridian(one) or reaches_antimeridian(other)
        self._crosses_180 |= bool(west < -179.0 and east > 179.0)
        if self._crosses_180:
            one, other = unwrap_to_0_360(one), unwrap_to_0_360(other)
        self._one, self._other = one, other
        self._rings = _list_rings(one)
        self._index, self._facing = LineIndex(self._rings), LineIndex(_list_rings(other))

    def find_common_line(self, tolerance_m: float, claims: Claims | None = None) -> CommonLine:
        """Return the line along which the areas meet within a tolerance, following the first.

        Parameters
        ----------
        tolerance_m
            How far apart their outlines may run, in metres; positive.
        claims
            How far the areas may overlap beyond the tolerance; by default not at all. Where they
            do, the line follows the outline of the first inside the second.

        Returns
        -------
        CommonLine
            The lines, within ±180°; the second area with the gaps up to the line added and without
            what the first area covers; and how far the outlines disagreed.

        Raises
        ------
        GeometryError
            The areas overlap by more than the tolerance.
        """
        one, other = self._one, self._other
        mine = compare_outlines(self._index, self._facing, tolerance_m)
        theirs = compare_outlines(self._facing, self._index, tolerance_m)
        claimed = self._find_claimed(mine, theirs, tolerance_m, claims)
        stretches = _find_together(self._index, mine, theirs, claimed[0], tolerance_m)
        facing = _find_together(self._facing, theirs, mine, claimed[1], tolerance_m)
        lines, bridges = _join_stretches(self._rings, self._index, stretches, tolerance_m)
        if not lines:
            return CommonLine([], cut_at_antimeridian(other), None)
        apart, lon, lat = max(
            _find_largest_distance(mine, stretches), _find_largest_distance(theirs, facing)
        )
        drawn = _cut_at_180(lines) if self._crosses_180 else lines
        gaps = _find_gaps(one, other, lines, tolerance_m)
        overlap = shapely.intersection(one, other)
        adjusted = shapely.difference(shapely.union(other, gaps), one)
        healed, typical = _summarize_distances(stretches)
        areas = _measure_slivers_km2(gaps), _measure_slivers_km2(overlap)
        healing = Healing(tolerance_m, healed, apart / 1e3, lon, lat, typical, *areas, bridges)
        differences = _list_differences(self._index, mine, stretches, theirs, facing)
        return CommonLine(drawn, cut_at_antimeridian(adjusted), healing, differences)

    def find_near_misses(
        self,
        lines: Sequence[BaseGeometry],
        near_m: float,
        *,
        tolerance_m: float = 0.0,
        trim: bool = True,
    ) -> list[NearMiss]:
        """Return where the outlines run near each other, beside lines that they have in common.

        Where outlines part at an angle they are not near each other for long, so such ends do not
        count. A stretch counts if it is longer than twice the distance between the outlines.

        Parameters
        ----------
        lines
            The common lines, in degrees.
        near_m
            How far apart outlines may be that are near each other, in metres.
        tolerance_m
            The tolerance with which the lines were found, in metres.
        trim
            Whether to cut ends back to where outlines are as near as is typical of the stretch.
        """
        mine = compare_outlines(self._index, self._facing, near_m)
        theirs = compare_outlines(self._facing, self._index, near_m)
        lengths = measure_rings(self._index)
        stretches = find_stretches(mine, theirs, lengths, near_m, trim=False)
        if not stretches:
            return []
        at = np.unique(np.concatenate([stretch.sample for stretch in stretches]))
        away = LineIndex(lines).nearest(mine.lon[at], mine.lat[at]).distance_m
        beside = np.zeros(len(mine.line), dtype=bool)
        beside[at] = away > tolerance_m + SAME_M
        found = []
        for run in find_runs_apart(stretches, beside, lengths, trim=trim):
            apart, lon, lat = _find_largest_distance(mine, [run])
            if run.length_m > _CRUMB * max(apart, tolerance_m):
                found.append(NearMiss(run.length_m / 1e3, apart, lon, lat))
        return found

    def _find_claimed(
        self, mine: Samples, theirs: Samples, tolerance_m: float, claims: Claims | None
    ) -> list[Ints]:
        """Return the samples of either outline where the areas overlap beyond the tolerance.

        An error is raised where they overlap by more than the claims allow.
        """
        found = []
        for area, samples, index in (
            (self._other, mine, self._index),
            (self._one, theirs, self._facing),
        ):
            inside = _find_inside(area, samples)
            deep = inside[samples.distance[inside] > tolerance_m]
            if len(deep) and not _is_allowed(samples, deep, index, tolerance_m, claims):
                _raise_overlap(samples, deep, tolerance_m)
            found.append(_extend_to_runs(samples, inside, deep))
        return found


def _list_rings(area: BaseGeometry) -> list[BaseGeometry]:
    return [
        ring
        for polygon in shapely.get_parts(area)
        if polygon.geom_type == "Polygon"
        for ring in (polygon.exterior, *polygon.interiors)
    ]


def _cut_at_180(lines: Sequence[LineString]) -> list[LineString]:
    """Return lines of 0° to 360° as lines within ±180°; what runs along 180° stays there."""
    west = shapely.box(0.0, -90.0, 180.0, 90.0)
    whole = shapely.multilinestrings(list(lines))
    parts = [
        *shapely.get_parts(shapely.intersection(whole, west)),
        *shapely.get_parts(translate(shapely.difference(whole, west), -360.0)),
    ]
    kept = [part for part in parts if part.geom_type == "LineString" and not part.is_empty]
    return list(shapely.get_parts(shapely.line_merge(shapely.multilinestrings(kept))))


def _find_inside(area: BaseGeometry, samples: Samples) -> Ints:
    """Return the samples that lie in the other area, and not on its outline."""
    at = np.flatnonzero((samples.distance > SAME_M) & np.isfinite(samples.distance))
    return np.asarray(at[covers_points(area, samples.lon[at], samples.lat[at])])


def _is_allowed(
    samples: Samples, deep: Ints, index: LineIndex, tolerance_m: float, claims: Claims | None
) -> bool:
    """Return whether claims allow an overlap at the samples that lie deep in the other area."""
    if claims is None:
        return False
    if samples.distance[deep].max() <= claims.shallow_m:
        return True
    weights = _measure_weights(samples, measure_rings(index))
    together = weights[samples.distance <= tolerance_m].sum()
    return bool(weights[deep].sum() <= claims.share * together)


def _measure_weights(samples: Samples, lengths: Floats) -> Floats:
    """Return the length in metres from each sample to the next of its ring."""
    after = find_successors(samples.line)
    way = samples.chainage[after] - samples.chainage
    return np.asarray(np.where(way < 0.0, way + lengths[samples.line], way))


def _raise_overlap(samples: Samples, deep: Ints, tolerance_m: float) -> NoReturn:
    worst = deep[samples.distance[deep].argmax()]
    raise GeometryError(
        f"Invalid sides: they overlap by up to {samples.distance[worst] / 1e3:,.3g} km, at "
        f"{samples.lon[worst]:.4f}, {samples.lat[worst]:.4f} (longitude, latitude), which is more "
        f"than the tolerance of {tolerance_m:g} m. Must lie beside each other."
    )


def _extend_to_runs(samples: Samples, inside: Ints, deep: Ints) -> Ints:
    """Return the samples of those runs inside the other area that are deep somewhere.

    Each run includes the sample before it and the one after it, where it enters and leaves.
    """
    mask = np.zeros(len(samples.line), dtype=bool)
    mask[inside] = True
    after = find_successors(samples.line)
    # The number of a run is the count of samples outside before it. A run across the first vertex
    # of a ring has two numbers, so we decide about its two parts separately.
    number = np.cumsum(~mask)
    kept = mask & np.isin(number, number[deep])
    entered = np.zeros_like(kept)
    entered[after[kept]] = True
    return np.flatnonzero(kept | entered | kept[after])


def _find_together(
    index: LineIndex, mine: Samples, theirs: Samples, claimed: Ints, tolerance_m: float
) -> list[Stretch]:
    """Return the stretches of an outline that run along the other, with what both areas claim."""
    lengths = measure_rings(index)
    stretches = _drop_crumbs(find_stretches(mine, theirs, lengths, tolerance_m), tolerance_m)
    return _unite_stretches(mine, stretches, claimed, lengths) if len(claimed) else stretches


def _unite_stretches(
    samples: Samples, stretches: Sequence[Stretch], more: Ints, lengths: Floats
) -> list[Stretch]:
    """Return the runs of samples that lie in stretches or are given."""
    mask = np.zeros(len(samples.line), dtype=bool)
    mask[more] = True
    for stretch in stretches:
        mask[stretch.sample] = True
    found = []
    for ring in np.unique(samples.line[mask]):
        at = np.flatnonzero(samples.line == ring)
        # The ring begins where it is outside; a ring wholly in the line begins anywhere.
        begin = int(mask[at].argmin())
        order = np.append(np.roll(at, -begin), at[begin])
        chainage = samples.chainage[order] + lengths[ring] * (order < at[begin])
        chainage[-1] = chainage[0] + lengths[ring]
        there = np.flatnonzero(mask[order])
        whole = Stretch(int(ring), chainage, samples.distance[order], order)
        for run in np.split(there, np.flatnonzero(np.diff(there) > 1) + 1):
            found += [whole.part(run)] if len(run) > 1 else []
    return found


def _list_differences(
    index: LineIndex,
    mine: Samples,
    stretches: Sequence[Stretch],
    theirs: Samples,
    facing: Sequence[Stretch],
) -> Floats:
    """Return how far outlines differ at points of the first one, as :class:`CommonLine` does."""
    found = []
    for stretch in stretches:
        at = stretch.sample
        found.append([mine.lon[at], mine.lat[at], stretch.distance, stretch.weights / 1e3])
    for stretch in facing:
        line, chainage = theirs.foot_line[stretch.sample], theirs.foot_chainage[stretch.sample]
        for ring in np.unique(line[line >= 0]):
            there = line == ring
            points = find_points_at(index, int(ring), chainage[there])
            found.append([*points.T, stretch.distance[there], np.zeros(len(points))])
    return np.hstack(found).T


def _join_stretches(
    rings: Sequence[BaseGeometry],
    index: LineIndex,
    stretches: Sequence[Stretch],
    tolerance_m: float,
) -> tuple[list[LineString], int]:
    """Return the stretches as lines, joined across breaks within the tolerance.

    The second value is the number of breaks that were bridged.
    """
    lines: list[LineString] = []
    bridges = 0
    for ring in dict.fromkeys(stretch.ring for stretch in stretches):
        coords = shapely.get_coordinates(rings[ring])
        place = measure_vertex_chainages(index, ring, coords)
        runs = [
            _extract_stretch(index, coords, place, stretch)
            for stretch in stretches
            if stretch.ring == ring
        ]
        joined = [runs[0]]
        for run in runs[1:]:
            if gap_m(joined[-1][-1], run[0]) <= tolerance_m:
                joined[-1] = np.vstack([joined[-1], run])
                bridges += 1
            else:
                joined.append(run)
        last, first = joined[-1][-1], joined[0][0]
        if (last != first).any() and gap_m(last, first) <= tolerance_m:
            # The break is at the ring's first vertex. If there is only one run, it closes.
            joined[0] = np.vstack([joined.pop(), joined[0]]) if len(joined) > 1 else np.vstack(
                [joined[0], first]
            )  # fmt: skip
            bridges += 1
        lines += [shapely.linestrings(run) for run in joined]
    return lines, bridges


def _extract_stretch(index: LineIndex, coords: Floats, place: Floats, stretch: Stretch) -> Floats:
    """Return the vertices (n, 2) of a stretch of a ring, its ends included."""
    length = place[-1]
    place = np.concatenate([place[:-1], place + length])
    coords = np.concatenate([coords[:-1], coords])
    within = (place > stretch.chainage[0] + SAME_M) & (place < stretch.chainage[-1] - SAME_M)
    ends = []
    for chainage in stretch.chainage[[0, -1]]:
        vertex = int(np.abs(place - chainage).argmin())
        if abs(place[vertex] - chainage) <= SAME_M:
            ends.append(coords[vertex][np.newaxis])
        else:
            ends.append(find_points_at(index, stretch.ring, np.array([chainage % length])))
    return np.vstack([ends[0], coords[within], ends[1]])


def _drop_crumbs(stretches: Sequence[Stretch], tolerance_m: float) -> list[Stretch]:
    """Return the stretches without those that are corners: short, and not exact."""
    return [
        stretch
        for stretch in stretches
        if stretch.length_m > _CRUMB * tolerance_m or stretch.distance.max() <= SAME_M
    ]


def _find_largest_distance(
    samples: Samples, stretches: Sequence[Stretch]
) -> tuple[float, float, float]:
    """Return the largest distance (m) from the other outline along stretches, and where it is."""
    worst = (0.0, 0.0, 0.0)
    for stretch in stretches:
        at = int(stretch.sample[stretch.distance.argmax()])
        lon = normalize_longitudes(samples.lon[at])
        worst = max(worst, (float(samples.distance[at]), float(lon), float(samples.lat[at])))
    return worst


def _summarize_distances(stretches: Sequence[Stretch]) -> tuple[float, float]:
    """Return the length (km) along which outlines differ, and their RMS distance (m)."""
    distance = np.concatenate([stretch.distance for stretch in stretches])
    weight = np.concatenate([stretch.weights for stretch in stretches])
    healed = float(weight[distance > SAME_M].sum()) / 1e3
    return healed, float(np.sqrt(np.average(distance**2, weights=weight)))


def _find_gaps(
    one: BaseGeometry, other: BaseGeometry, lines: Sequence[LineString], tolerance_m: float
) -> BaseGeometry:
    """Return what lies between the lines and the second area and belongs to neither area.

    Only gaps that are nowhere farther from the lines than the tolerance count.
    """
    ties = _tie_ends(lines, other)
    net = shapely.union_all([one.boundary, other.boundary, *lines, *ties])
    faces = shapely.get_parts(shapely.polygonize([net]))
    inner = shapely.get_coordinates(shapely.point_on_surface(faces))
    free = ~(covers_points(one, *inner.T) | covers_points(other, *inner.T))
    vertices, face = shapely.get_coordinates(faces[free], return_index=True)
    if not len(vertices):
        return shapely.Polygon()
    # The last five centimetres are for the overshoot of a tie.
    far = LineIndex(lines).nearest(*vertices.T).distance_m > tolerance_m + 0.05
    return shapely.union_all(np.delete(faces[free], np.unique(face[far])))


def _tie_ends(lines: Sequence[LineString], other: BaseGeometry) -> list[LineString]:
    """Return short lines from the ends of the lines to the nearest points of an outline."""
    coords = [shapely.get_coordinates(line)[[0, -1]] for line in lines if not line.is_closed]
    if not coords:
        return []
    ends, vertices = np.concatenate(coords), shapely.get_coordinates(other)
    found = LineIndex([other.boundary]).nearest(*ends.T)
    # A foot lies within ±180°, and an end within 0° to 360° beside the antimeridian.
    feet = ends + wrap_degrees(np.stack([found.lon, found.lat], axis=1) - ends)
    corner = vertices[shapely.STRtree(shapely.points(vertices)).nearest(shapely.points(feet))]
    # A tie to a corner must have exactly its coordinates; otherwise it passes beside the corner.
    is_corner = np.abs(corner - feet).max(axis=1) < _OVERSHOOT / 100.0
    feet = np.where(is_corner[:, None], corner, feet)
    away = feet - ends
    reach = np.hypot(*away.T)
    there = reach > 0.0
    beyond = feet[there] + away[there] / reach[there, None] * _OVERSHOOT
    return list(shapely.linestrings(np.stack([ends[there], feet[there], beyond], axis=1)))


def _measure_slivers_km2(slivers: BaseGeometry) -> float:
    """Return the area of many narrow polygons in km², measured in an equal-area plane.

    An edge bends in that plane, but the opposite edge of the sliver bends in the same way.
    """
    parts = [part for part in shapely.get_parts(slivers) if part.geom_type == "Polygon"]
    plane = shapely.transform(shapely.segmentize(parts, _BEND_DEGREES), project_equal_area)
    return float(shapely.area(plane).sum()) / 1e6


def split_by_nearest(
    lines: Sequence[LineString],
    ones: Sequence[BaseGeometry],
    others: Sequence[BaseGeometry],
    tolerance_m: float,
) -> dict[tuple[int, int], list[LineString]]:
    """Cut lines where the outline nearest to them changes, on either side.

    Parameters
    ----------
    lines
        The common lines of two sides.
    ones, others
        The outlines of the areas on either side.
    tolerance_m
        The tolerance with which the lines were found, in metres.

    Returns
    -------
    dict
        Lines by the numbers of the nearest of `ones` and of `others`. A piece that would be
        shorter than twice the tolerance stays with its longer neighbour.
    """
    # A single outline is always the nearest one, so it needs no index.
    sides = [LineIndex(outlines) if len(outlines) > 1 else None for outlines in (ones, others)]
    found: dict[tuple[int, int], list[LineString]] = {}
    for line in lines:
        points, is_vertex = _subdivide_line(line, max(tolerance_m / 2.0, _STEP_M))
        middle = (points[:-1] + points[1:]) / 2.0
        a, b = (
            np.zeros(len(middle), dtype=np.intp) if index is None else index.nearest(*middle.T).line
            for index in sides
        )
        pair = a * len(others) + b
        length = inverse(*points[:-1].T, *points[1:].T)[2]
        for begin, end in _split_into_runs(pair, length, _CRUMB * tolerance_m):
            most = np.bincount(pair[begin:end], weights=length[begin:end]).argmax()
            kept = is_vertex[begin : end + 1].copy()
            kept[[0, -1]] = True
            run = shapely.linestrings(points[begin : end + 1][kept])
            found.setdefault(divmod(int(most), len(others)), []).append(run)
    return found


def _subdivide_line(line: LineString, step_m: float) -> tuple[Floats, Floats]:
    """Return points (n, 2) along a line, at most a step apart, and which of them are vertices."""
    coords = shapely.get_coordinates(line)
    length = inverse(*coords[:-1].T, *coords[1:].T)[2]
    steps = np.maximum(np.ceil(length / step_m), 1.0).astype(int)
    nth = number_within_groups(steps)
    share = (nth / np.repeat(steps, steps))[:, None]
    points = np.repeat(coords[:-1], steps, axis=0) + share * np.repeat(
        np.diff(coords, axis=0), steps, axis=0
    )
    return np.vstack([points, coords[-1:]]), np.append(nth == 0, True)


def _split_into_runs(label: Ints, length: Floats, least_m: float) -> Iterator[tuple[int, int]]:
    """Yield start and end of runs of one label; runs shorter than the least join a neighbour."""
    first = find_group_starts(label).tolist()
    bounds = [*first, len(label)]
    while len(bounds) > 2:
        lengths = [float(length[a:b].sum()) for a, b in pairwise(bounds)]
        shortest = int(np.argmin(lengths))
        if lengths[shortest] >= least_m:
            break
        # The shortest run joins its longer neighbour: we drop the bound between the two.
        before = lengths[shortest - 1] if shortest > 0 else -1.0
        after = lengths[shortest + 1] if shortest + 1 < len(lengths) else -1.0
        del bounds[shortest if before >= after else shortest + 1]
    yield from pairwise(bounds)

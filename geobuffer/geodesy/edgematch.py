"""Match the edges of two areas whose outlines nearly coincide, and find their common line.

Layers of different origin draw the same border twice. The common line follows the outline of the
first area: the stretches of it that run along the second outline within a tolerance, with spurs cut
off and breaks closed. The second area is then adjusted to that line, so that near it no point
belongs to both areas or to neither.

Geometry is in longitude and latitude, degrees on WGS 84; distances are in metres.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely

from geobuffer.errors import GeometryError
from geobuffer.geodesy._stretches import (
    SAME_M,
    Samples,
    Stretch,
    compare_outlines,
    find_points_at,
    find_stretches,
    gap_m,
    measure_rings,
    measure_vertex_chainages,
)
from geobuffer.geodesy.antimeridian import (
    cut_at_antimeridian,
    cut_unwrapped_line,
    normalize_longitudes,
    reaches_antimeridian,
    unwrap_to_0_360,
)
from geobuffer.geodesy.ellipsoid import (
    Floats,
    Ints,
    area_m2,
    covers_points,
    find_group_starts,
    inverse,
    number_within_groups,
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
# than half the tolerance if that is more. No map shows more finely where three regions meet.
_STEP_M = 50.0

# Degrees (some centimetres) by which a tie to the other outline reaches beyond that outline, so
# that both surely cross.
_OVERSHOOT = 1e-7


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


def find_common_line(one: BaseGeometry, other: BaseGeometry, tolerance_m: float) -> CommonLine:
    """Return the line along which two areas meet within a tolerance, following the first.

    Parameters
    ----------
    one, other
        Polygons or MultiPolygons in degrees, within ±180° of longitude.
    tolerance_m
        How far apart their outlines may run, in metres; positive.

    Returns
    -------
    CommonLine
        The lines, within ±180°; the second area with the gaps up to the line added and without
        what the first area covers; and how far the outlines disagreed.

    Raises
    ------
    GeometryError
        The areas overlap by more than the tolerance.

    Examples
    --------
    >>> one, other = shapely.box(30, 50, 31, 51), shapely.box(31.001, 50, 32, 51)  # 72 m apart
    >>> found = find_common_line(one, other, 100.0)
    >>> [list(line.coords) for line in found.lines]
    [[(31.0, 50.0), (31.0, 51.0)]]
    >>> found.healing
    Healing(111 km healed within 100 m; at most 0.0717 km apart, at 31.00..., 50.0000;
            gaps 7.89 km², overlaps 0 km²)
    """
    if reaches_antimeridian(one) or reaches_antimeridian(other):
        one, other = unwrap_to_0_360(one), unwrap_to_0_360(other)
    rings = _list_rings(one)
    index, facing = LineIndex(rings), LineIndex(_list_rings(other))
    mine = compare_outlines(index, facing, tolerance_m)
    theirs = compare_outlines(facing, index, tolerance_m)
    _check_overlap(one, theirs, tolerance_m)
    _check_overlap(other, mine, tolerance_m)
    stretches = _drop_crumbs(
        find_stretches(mine, theirs, measure_rings(index), tolerance_m), tolerance_m
    )
    lines, bridges = _join_stretches(rings, index, stretches, tolerance_m)
    facing_stretches = _drop_crumbs(
        find_stretches(theirs, mine, measure_rings(facing), tolerance_m), tolerance_m
    )
    apart, lon, lat = max(
        _find_largest_distance(mine, stretches), _find_largest_distance(theirs, facing_stretches)
    )
    drawn = [part for line in lines for part in cut_unwrapped_line(line)]
    if not lines:
        return CommonLine([], cut_at_antimeridian(other), None)
    gaps = _find_gaps(one, other, lines, tolerance_m)
    overlap = shapely.intersection(one, other)
    adjusted = shapely.difference(shapely.union(other, gaps), one)
    healed, typical = _summarize_distances(stretches)
    areas = area_m2(gaps) / 1e6, area_m2(overlap) / 1e6
    healing = Healing(tolerance_m, healed, apart / 1e3, lon, lat, typical, *areas, bridges)
    return CommonLine(drawn, cut_at_antimeridian(adjusted), healing)


def _list_rings(area: BaseGeometry) -> list[BaseGeometry]:
    return [
        ring
        for polygon in shapely.get_parts(area)
        if polygon.geom_type == "Polygon"
        for ring in (polygon.exterior, *polygon.interiors)
    ]


def _check_overlap(area: BaseGeometry, samples: Samples, tolerance_m: float) -> None:
    """Check that an outline reaches into the other area by no more than the tolerance."""
    far = np.flatnonzero((samples.distance > tolerance_m) & np.isfinite(samples.distance))
    far = far[covers_points(area, samples.lon[far], samples.lat[far])]
    if not len(far):
        return
    worst = far[samples.distance[far].argmax()]
    raise GeometryError(
        f"Invalid sides: they overlap by up to {samples.distance[worst] / 1e3:,.3g} km, at "
        f"{samples.lon[worst]:.4f}, {samples.lat[worst]:.4f} (longitude, latitude), which is more "
        f"than the tolerance of {tolerance_m:g} m. Must lie beside each other."
    )


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
    ties = []
    facing = LineIndex([other.boundary])
    for line in lines:
        if not line.is_closed:
            ends = shapely.get_coordinates(line)[[0, -1]]
            feet = facing.nearest(*ends.T)
            for end, foot in zip(ends, np.stack([feet.lon, feet.lat], axis=1), strict=True):
                away = foot - end
                reach = np.hypot(*away)
                if reach > 0.0:
                    tie = np.stack([end, foot + away / reach * _OVERSHOOT])
                    ties.append(shapely.linestrings(tie))
    net = shapely.union_all([one.boundary, other.boundary, *lines, *ties])
    faces = shapely.get_parts(shapely.polygonize([net]))
    inner = shapely.get_coordinates(shapely.point_on_surface(faces))
    free = ~(covers_points(one, *inner.T) | covers_points(other, *inner.T))
    index = LineIndex(lines)
    kept = [face for face in faces[free] if _is_near(index, face, tolerance_m)]
    return shapely.union_all(kept) if kept else shapely.Polygon()


def _is_near(index: LineIndex, face: Polygon, tolerance_m: float) -> bool:
    """Return whether a face is nowhere farther from the lines than the tolerance."""
    lon, lat = shapely.get_coordinates(face).T
    # The last five centimetres are for the overshoot of a tie.
    return bool((index.nearest(lon, lat).distance_m <= tolerance_m + 0.05).all())


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
    sides = [LineIndex(outlines) for outlines in (ones, others)]
    found: dict[tuple[int, int], list[LineString]] = {}
    for line in lines:
        points, is_vertex = _subdivide_line(line, max(tolerance_m / 2.0, _STEP_M))
        middle = (points[:-1] + points[1:]) / 2.0
        a, b = (index.nearest(*middle.T).line for index in sides)
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
        # It joins the longer neighbour: we drop its start if that is the one before, else its end.
        before = lengths[shortest - 1] if shortest > 0 else -1.0
        after = lengths[shortest + 1] if shortest + 1 < len(lengths) else -1.0
        del bounds[shortest if before >= after else shortest + 1]
    yield from pairwise(bounds)

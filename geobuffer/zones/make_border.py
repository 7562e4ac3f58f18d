"""Make borders: of one region, between regions, along lines, around points and areas.

This is one module although it is long: the four functions share how they order lines, measure
chainages, name sides and check shapes.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from geobuffer.errors import (
    DataError,
    GeometryError,
    NotAdjacent,
    find_caller_level,
    missing_crs,
)
from geobuffer.geodesy.antimeridian import (
    cut_at_antimeridian,
    meet_around_globe,
    normalize_longitudes,
    reaches_antimeridian,
    trace_boundary,
    trace_boundary_at_180,
)
from geobuffer.geodesy.edgematch import (
    Claims,
    CommonLine,
    NearMiss,
    OutlinePair,
    is_exact,
    split_by_nearest,
)
from geobuffer.geodesy.ellipsoid import Floats, area_m2, check_degrees, inverse, length_m
from geobuffer.geodesy.nearest import LineIndex
from geobuffer.zones.areas import check_area, flatten_area
from geobuffer.zones.arguments import (
    FLAG,
    TEXTS,
    check_arguments,
    describe_type,
    find_conversion,
    optional,
)
from geobuffer.zones.border import SIDE_NAMES, Border, Section, Side, find_opposed_lines
from geobuffer.zones.checks import (
    check_region,
    convert_to_degrees,
)
from geobuffer.zones.doubts import combine_errors_m, find_doubts
from geobuffer.zones.edges import check_edges, read_edges
from geobuffer.zones.land import reaches_inland
from geobuffer.zones.quantities import parse_metres
from geobuffer.zones.region import Region
from geobuffer.zones.source import SOURCE, UNSTATED, Source, join_sources
from geobuffer.zones.toponyms import NAME_LANGUAGES

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray
    from shapely.geometry import LineString, MultiLineString, MultiPolygon, Polygon

    from geobuffer.geodesy.curved_edges import EdgeKind
    from geobuffer.geodesy.edgematch import Healing

    # Pairs of regions of the two sides, each with the line along which they meet.
    _Meetings = Sequence[tuple[Region, Region, BaseGeometry]]


# If the exact common line has a gap smaller than this, the outlines probably do not match there.
# Gaps between islands or lakes are larger.
_BREAK_M = 1_000.0

# Which map says that a line runs at sea, for messages.
_BY_MAP = (
    "by a coarse map of land (Natural Earth 1:50 million), which lacks most islands of less than "
    "50 km²"
)

# Outlines run near each other if their distance is less than _NEAR times the stated accuracy, or
# less than _NEAR_M. In the data of the world (stated accuracy 30 m), the outlines of neighbours are
# up to 680 m apart. For small shapes, the limit is _NEAR_SHARE of the border's length.
_NEAR = 20.0
_NEAR_M = 600.0
_NEAR_SHARE = 0.05

# A border lacks much if the missing stretches are longer than this share of it, or than these km.
# Shorter ones are corners, or islands in a river.
_MISSING_SHARE = 0.005
_MISSING_KM = 10.0

# Where outlines are farther apart, we search for strips of land that the two sides surround. The
# border lacks a strip if its average width is at most _POCKET_M, and at most _POCKET_SHARE of its
# length. Regions that lie between two others are wider: Liechtenstein 4.2 km, Chandigarh 4.4 km. Of
# the 972 borders in the data of the world three have such a strip, and each is a true gap. For
# strips that are open at one end, the largest width counts, and the share is _WEDGE.
_POCKET_M = 3_000.0
_POCKET_SHARE = 0.15

# Outlines that diverge at more than some 6° do not run along each other; those of two neighbours
# of a third region diverge so at its corner. Such a stretch is shorter than ten times its widest
# gap.
_WEDGE = 0.1

# The quick test looks for outlines within a distance (reach) of each other, but not within
# _AT_END reaches of the line's ends. It then repeats with a reach that is _REACH_STEP times as
# long. A strip wider than the shorter reach is more than ten times as long as that reach, and so
# longer than what the longer reach leaves out at each end.
_AT_END = 4.0
_REACH_STEP = 1.0 / (_WEDGE * _AT_END)

# We cut diverging ends off a stretch before we measure it. If less than this share of the stretch
# is left, because its outlines diverge steadily, the warning is about the uncut stretch.
_REST_SHARE = 0.1

# How many times the measured distance the tolerance is. We measured stretches without their
# diverging ends, where the outlines are farther apart: 69 m instead of 57 m for South Africa and
# Lesotho.
_WIDER = 1.5

# The sides may overlap by more than the tolerance along at most this share of the border, because
# two neighbours may claim the same part of a sea. Overlaps along more of the border are errors.
_OVERLAP_SHARE = 0.05

_LINES = ("LineString", "LinearRing", "MultiLineString")
_POINTS = ("Point", "MultiPoint")
_AREAS = ("Polygon", "MultiPolygon")
_MIXED = "GeometryCollection"


def border_of(region: Region, *, land_only: bool = False) -> Border:
    """Return the whole outline of a region as a border between its inside and its outside.

    The outline of a coastal region may run far out to sea: :attr:`Border.sea_km` states how far.

    Parameters
    ----------
    region
        The region.
    land_only
        Whether to leave out the stretches at sea, as :attr:`Border.coast_split` finds them. The
        sides keep their territory, with its waters.

    Raises
    ------
    GeometryError
        The region's geometry is not a valid polygon, or is empty. Or ``land_only`` is true and the
        whole outline runs at sea.
    WrongKind
        ``region`` is not a region but, for example, its name.

    Examples
    --------
    >>> import geobuffer as gb
    >>> park = gb.Region("Park", shapely.box(30, 50, 30.1, 50.1), gb.Source("a sketch"))
    >>> border_of(park)
    Border(inside | outside: Park; 37 km)
    """
    check_arguments(land_only=(land_only, FLAG))
    check_region(region, "region")
    area = _union_regions([region])
    line = _outline_area(area)
    section = Section(region.name, line, (region,), 0.0, length_m(line) / 1e3)
    inside = Side("inside", area, (region,), SIDE_NAMES["inside"])
    outside = Side("outside", None, (), SIDE_NAMES["outside"])
    return _check_coast(Border((section,), (inside, outside), region.source), land_only=land_only)


def _check_coast(border: Border, *, land_only: bool) -> Border:
    """Remove the stretches at sea if wanted; warn if the whole border runs at sea."""
    lines = [section.line for section in border.sections]
    is_at_sea = not reaches_inland(lines) and all(one.land.is_empty for one in border.coast_split)
    if is_at_sea and land_only:
        message = f"No land border: all {border.length_km:,.0f} km of it run at sea, {_BY_MAP}."
        raise GeometryError(message, parameter="land_only")
    if is_at_sea:
        warnings.warn(
            f"All {border.length_km:,.0f} km of the border run at sea, {_BY_MAP}.", stacklevel=3
        )
    return _leave_out_sea(border) if land_only and border.sea_km else border


def _leave_out_sea(border: Border) -> Border:
    sections, chainage_km = [], 0.0
    for section, (land, sea) in zip(border.sections, border.coast_split, strict=True):
        if land.is_empty:
            continue
        length_km = section.length_km if sea.is_empty else length_m(land) / 1e3
        cut = replace(section, line=land, start_km=chainage_km, length_km=length_km)
        sections.append(cut)
        chainage_km += length_km
    return replace(border, sections=tuple(sections))


def _outline_area(area: BaseGeometry) -> LineString | MultiLineString:
    """Return the outline of an area as one line, or as several in a MultiLineString."""
    parts = shapely.get_parts(shapely.line_merge(trace_boundary(area)))
    return parts[0] if len(parts) == 1 else shapely.multilinestrings(parts)


def border_between(
    one: Region | Iterable[Region],
    other: Region | Iterable[Region],
    *,
    tolerance_m: float | str | None = None,
    land_only: bool = False,
) -> Border:
    """Return the border between regions of one side and regions of the other.

    Each pair of regions that meets along a line makes a section. Sections follow the line from its
    western end. A side has the name of a country if all its regions are of that country and no
    region of the other side is. Otherwise it has the names of its regions.

    Outlines from one source share their vertices, and the border is the line that they share.
    Outlines from different sources do not share vertices. The border then follows the outline of
    the first side wherever the other outline is within a tolerance, and ends where the two outlines
    diverge. It crosses spurs, breaks and corners no wider than the tolerance. The function adapts
    the territory of the other side: land that both sides claim belongs to the first side, and land
    between the outlines that neither claims belongs to the other. ``healing`` of the border says
    how far the outlines disagree, and where most. The accuracy of the border's source includes this
    disagreement. Where it is unusually large, ``doubts`` of the border hold it instead. So a place
    is *uncertain* wherever the two outlines would give different answers.

    A warning reports stretches where the outlines run near each other and are not in the border:
    length, largest distance and place. *Near* is 20 times the stated accuracy or 600 m. The warning
    also covers strips of land that both sides surround and neither holds, up to an average width of
    3 km. A strip that is open at one end counts if its largest width is at most 3 km, a tenth of
    its length and a twentieth of the border's length.

    Parameters
    ----------
    one, other
        A region or several, for either side.
    tolerance_m
        How far apart the outlines of the two sides may run, in metres or as a text with its unit.
        0 means: only the part that they share exactly. The default is the accuracy that the sources
        state, or 0 if they state none. The default grows to at most 20 times the accuracy where
        the outlines run beside each other at a larger distance; then a warning gives length,
        distance and place. A border shorter than twice the tolerance counts as a corner.
    land_only
        Whether to leave out the stretches at sea, as :attr:`Border.coast_split` finds them. The
        sides keep their territory, with its waters.

    Raises
    ------
    NotAdjacent
        The outlines run together within the tolerance nowhere. The message gives the smallest gap
        in km and its position.
    GeometryError
        A geometry is not a valid polygon. Or a region stands on both sides, or overlaps one on the
        other side by more than the tolerance (by default, deeper than 20 times the stated accuracy
        along more than a twentieth of the border). Or the tolerance is not a distance. Or
        ``land_only`` is true and the whole border runs at sea.
    WrongKind
        A side consists of names instead of regions.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> border = border_between(regions["Kursk"], regions["Sumy"])
    >>> border.sides[0].name, border.sides[1].name, [s.name for s in border.sections]
    ('Russia', 'Ukraine', ['Kursk–Sumy'])

    Two drawings of one river, about 70 m apart:

    >>> west = gb.Region("West", shapely.box(30, 50, 31, 51), gb.Source("one layer"))
    >>> east = gb.Region("East", shapely.box(31.001, 50, 32, 51), gb.Source("another"))
    >>> border_between(west, east, tolerance_m=100)
    Border(West | East: West–East; 111 km; healed: outlines up to 0.0717 km apart)
    """
    check_arguments(land_only=(land_only, FLAG))
    ones, others = _list_regions(one, "one"), _list_regions(other, "other")
    if twice := set(map(_region_identity, ones)) & set(map(_region_identity, others)):
        both = ", ".join(name for name, *_ in sorted(twice))
        raise GeometryError(f"Invalid sides: {both} stands on both. Must stand on one.")
    areas = [_union_regions(ones), _union_regions(others)]
    tolerance = _choose_tolerance_m(tolerance_m, ones, others)
    exact = _find_meetings(ones, others)
    near_m = max(_NEAR * _choose_tolerance_m(None, ones, others), _NEAR_M)
    found = _find_line(areas, exact, tolerance, near_m, may_widen=tolerance_m is None)
    if found is None:
        raise NotAdjacent(_gap_message(ones, others, tolerance))
    meetings, healing = exact, found.healing
    if healing is not None:
        meetings = _assign_lines(found.lines, ones, others, healing.tolerance_m)
        areas[1] = found.other
    border = _join_meetings(meetings, areas, ones, others, healing)
    if healing is None:
        _check_overlap(areas, ones, others, 1e3 * border.length_km)
    border = _check_coast(border, land_only=land_only)
    return border if healing is None else _add_disagreement(border, healing, found.differences)


def join_sections(
    lines: Mapping[tuple[str, str], LineString], one: Iterable[Region], other: Iterable[Region]
) -> Border | None:
    """Return the border of regions whose common lines are known, as :func:`border_between` does.

    It takes a fifth of the time of :func:`border_between`, because it searches and checks nothing.

    Parameters
    ----------
    lines
        The line that two regions share, by the codes of the region on either side.
    one, other
        Regions of either side.

    Returns
    -------
    Border
        The border; ``None`` if we know no line between the two sides.
    """
    ones, others = list(dict.fromkeys(one)), list(dict.fromkeys(other))
    pairs = [
        (a, b, lines.get((a.iso, b.iso), lines.get((b.iso, a.iso)))) for a in ones for b in others
    ]
    meetings = [(a, b, line) for a, b, line in pairs if line is not None]
    if not meetings:
        return None
    areas = [_union_regions(ones), _union_regions(others)]
    return _check_coast(_join_meetings(meetings, areas, ones, others), land_only=False)


def _join_meetings(
    meetings: _Meetings,
    areas: Sequence[BaseGeometry],
    ones: Sequence[Region],
    others: Sequence[Region],
    healing: Healing | None = None,
) -> Border:
    """Return the border along the lines of pairs of regions; ``areas`` are those of both sides."""
    names = _side_names(ones, others)
    sides = tuple(
        Side(name["en"], area, tuple(regions), name)
        for name, area, regions in zip(names, areas, (ones, others), strict=True)
    )
    source = _border_source(ones, others)
    return Border(_order_sections(meetings), (sides[0], sides[1]), source, healing)


def _choose_tolerance_m(
    given: float | str | None, ones: Sequence[Region], others: Sequence[Region]
) -> float:
    """Return the given tolerance, or else the accuracy of the least accurate source, in metres."""
    if given is None:
        return max(region.source.accuracy_m or 0.0 for region in (*ones, *others))
    tolerance = parse_metres(given, "tolerance_m")
    if not math.isfinite(tolerance) or tolerance < 0.0:
        message = f"Invalid tolerance_m {tolerance:g}. Must be metres, 0 or more."
        raise GeometryError(message, parameter="tolerance_m")
    return tolerance


def _find_line(
    areas: Sequence[BaseGeometry],
    exact: _Meetings,
    tolerance_m: float,
    near_m: float,
    *,
    may_widen: bool,
) -> CommonLine | None:
    """Return the whole line along which two areas meet, or None; warn of stretches it lacks.

    Without healing, the line is the one that the outlines share exactly. If the caller gave no
    tolerance, the tolerance grows to the distance between outlines that run near each other.
    """
    lines = [part for *_, line in exact for part in shapely.get_parts(line)]
    found = CommonLine(lines, areas[1], None) if lines else None
    clear_m = _find_clear_m(areas, lines, near_m) if may_widen and found else 0.0
    if found and clear_m >= near_m:
        is_clear = clear_m >= _POCKET_M
        _warn_of_lack(areas[0], found, None if is_clear else OutlinePair(*areas), tolerance_m)
        return found
    pair = OutlinePair(*areas)
    claims = Claims(near_m, _OVERLAP_SHARE) if may_widen else None
    if tolerance_m > 0.0:
        healed = pair.find_common_line(tolerance_m, claims)
        if healed.healing is not None and not _confirms_exact_line(lines, healed):
            found = healed
    if found is None:
        return None
    missing = _find_missing(pair, found.lines, near_m, tolerance_m)
    widest_m = max((stretch.apart_m for stretch in missing), default=0.0)
    wider = found
    if may_widen and 0.0 < tolerance_m < widest_m:
        wider = pair.find_common_line(math.ceil(_WIDER * widest_m), claims)
    if _measure_lines(wider.lines) > _measure_lines(found.lines) * (1.0 + 1e-6):
        found, missing = wider, []
    # A wider tolerance does not help where outlines diverge slowly, with a third region between.
    _warn_of_lack(areas[0], found, pair, tolerance_m, missing)
    if may_widen and found.healing and 1e3 * found.healing.disagreement_km > tolerance_m:
        _warn_of_disagreement(found.healing, found.differences, tolerance_m)
    return found


def _measure_lines(lines: Sequence[BaseGeometry]) -> float:
    return float(sum(map(length_m, lines)))


def _find_clear_m(
    areas: Sequence[BaseGeometry], lines: Sequence[BaseGeometry], near_m: float
) -> float:
    """Return a distance in metres that outlines keep from each other beside their common lines.

    We test ``near_m`` and then longer distances, up to the width of strips. The result is 0 if
    outlines come nearer than ``near_m``, except at the ends of the lines. This test is quick, and
    enough for most neighbours that share their vertices. It compares degrees, with a reach that is
    long enough at every latitude. A line whose ends are near each other always fails.
    """
    if any(map(reaches_antimeridian, areas)):
        return 0.0
    shared = shapely.line_merge(shapely.multilinestrings(list(lines)))
    ends = _list_ends(shared)
    beside = [_list_edges_beside(area.boundary, shared) for area in areas]
    bounds = shapely.total_bounds(shared)
    highest = min(np.abs(bounds[[1, 3]]).max() + 1.0, 89.0)
    metres = 6.3e6 * np.radians(1.0) * np.cos(np.radians(highest))
    clear_m, next_m = 0.0, near_m
    while clear_m < _POCKET_M and _is_clear(beside, ends, next_m / metres):
        clear_m, next_m = next_m, min(_REACH_STEP * next_m, _POCKET_M)
    return clear_m


def _is_clear(
    beside: Sequence[NDArray[np.float64]], ends: NDArray[np.object_], reach: float
) -> bool:
    """Return whether the edges beside lines come near each other only at the ends of the lines."""
    if len(ends) and len(shapely.STRtree(ends).query(ends, "dwithin", 12.0 * reach)[0]) > len(ends):
        return False
    rest = [_cut_to_segments(edges, reach) for edges in _keep_facing(beside, reach)]
    near = np.unique(shapely.STRtree(rest[0]).query(rest[1], "dwithin", reach)[0])
    if not len(near) or not len(ends):
        return not len(near)
    at_end = shapely.STRtree(ends).query(rest[1][near], "dwithin", _AT_END * reach)[0]
    return len(np.unique(at_end)) == len(near)


def _list_ends(merged: BaseGeometry) -> NDArray[np.object_]:
    """Return the ends of merged lines as points; closed lines have none."""
    ends = [
        shapely.get_coordinates(line)[[0, -1]]
        for line in shapely.get_parts(merged)
        if not line.is_closed
    ]
    return np.asarray(shapely.points(np.concatenate(ends))) if ends else np.array([], dtype=object)


def _list_edges(lines: BaseGeometry) -> NDArray[np.float64]:
    """Return the edges of lines, as an array (edges, 2, 2)."""
    coords, part = shapely.get_coordinates(shapely.get_parts(lines), return_index=True)
    first = np.flatnonzero(np.diff(part) == 0)
    return np.stack([coords[first], coords[first + 1]], axis=1)


def _list_edges_beside(outline: BaseGeometry, shared: BaseGeometry) -> NDArray[np.float64]:
    """Return the edges of an outline that are not in a line on it, as an array (edges, 2, 2).

    If every edge of the line is an edge of the outline, we compare edges. That takes a fifth of the
    time of ``shapely.difference``.
    """
    edges, taken = _list_edges(outline), _list_edges(shared)
    points = np.concatenate([edges, taken]).reshape(-1, 2)
    number = np.unique(points[:, 0] + 1j * points[:, 1], return_inverse=True)[1].reshape(-1, 2)
    key = number.min(axis=1) * len(points) + number.max(axis=1)
    is_taken = np.isin(key[: len(edges)], key[len(edges) :])
    if np.count_nonzero(is_taken) == len(taken):
        return edges[~is_taken]
    return _list_edges(shapely.difference(outline, shared))


def _keep_facing(beside: Sequence[NDArray[np.float64]], reach: float) -> list[NDArray[np.float64]]:
    """Return the edges of each set that lie within a reach of the box around the other set."""
    kept = []
    for edges, others in zip(beside, beside[::-1], strict=True):
        if not len(others):
            kept.append(edges[:0])
            continue
        low, high = others.min(axis=(0, 1)) - reach, others.max(axis=(0, 1)) + reach
        is_near = (edges.max(axis=1) >= low) & (edges.min(axis=1) <= high)
        kept.append(edges[is_near.all(axis=1)])
    return kept


def _cut_to_segments(edges: NDArray[np.float64], longest: float) -> NDArray[np.object_]:
    """Return edges cut into segments no longer than this, in degrees."""
    lines = shapely.linestrings(edges)
    long = shapely.length(lines) > longest
    cut = _list_edges(shapely.segmentize(shapely.multilinestrings(lines[long]), longest))
    return np.concatenate([lines[~long], shapely.linestrings(cut)])


def _find_missing(
    pair: OutlinePair, lines: Sequence[BaseGeometry], near_m: float, tolerance_m: float
) -> list[NearMiss]:
    """Return where outlines run near each other beside their line, if the line lacks much."""
    missing = _find_beside(pair, lines, near_m, tolerance_m, trim=True)
    if _lack_much(lines, missing):
        return missing
    is_apart = any(stretch.apart_m > tolerance_m for stretch in missing)
    return missing if is_apart and _has_breaks(lines) else []


def _find_beside(
    pair: OutlinePair,
    lines: Sequence[BaseGeometry],
    near_m: float,
    tolerance_m: float,
    *,
    trim: bool,
) -> list[NearMiss]:
    """Return the stretches beside the line where outlines are near, long for their distance."""
    near_m = min(near_m, _NEAR_SHARE * _measure_lines(lines))
    if near_m <= tolerance_m:
        return []
    return [
        stretch
        for stretch in pair.find_near_misses(lines, near_m, tolerance_m=tolerance_m, trim=trim)
        if stretch.apart_m <= _WEDGE * 1e3 * stretch.length_km
    ]


def _lack_much(lines: Sequence[BaseGeometry], missing: Sequence[NearMiss]) -> bool:
    """Return whether the missing stretches are long, compared with the lines."""
    least_km = min(_MISSING_SHARE * _measure_lines(lines) / 1e3, _MISSING_KM)
    return sum(stretch.length_km for stretch in missing) > least_km


def _warn_of_missing(missing: Sequence[NearMiss]) -> None:
    worst = max(missing, key=lambda stretch: stretch.apart_m)
    total_km = sum(stretch.length_km for stretch in missing)
    warnings.warn(
        f"The border may be incomplete: {total_km:,.3g} km of the two outlines run beside each "
        f"other, up to {_format_m(worst.apart_m)} m apart, and are not in it. The widest gap is at "
        f"{worst.lon:.4f}, {worst.lat:.4f} (longitude, latitude). If they belong to the border, "
        f"give tolerance_m={math.ceil(_WIDER * worst.apart_m)}.",
        stacklevel=find_caller_level(),
    )


def _warn_of_lack(
    area: BaseGeometry,
    found: CommonLine,
    pair: OutlinePair | None,
    tolerance_m: float,
    missing: Sequence[NearMiss] = (),
) -> None:
    """Warn of missing stretches, or of strips of land that neither side holds.

    Without a pair of outlines we do not search for strips that are open at one end.
    """
    pockets = [] if missing else _list_pockets(area, found.other, tolerance_m)
    if _lack_much(found.lines, pockets):
        _warn_of_pockets(pockets)
        return
    # Outlines that diverge steadily have no typical distance, so here diverging ends count.
    strips = _find_beside(pair, found.lines, _POCKET_M, tolerance_m, trim=False) if pair else []
    missing_km = sum(stretch.length_km for stretch in missing)
    strips_km = sum(strip.length_km for strip in strips)
    if _lack_much(found.lines, strips) and missing_km < _REST_SHARE * strips_km:
        missing = strips
    if missing:
        _warn_of_missing(missing)


def _warn_of_pockets(pockets: Sequence[NearMiss]) -> None:
    missing_km = sum(pocket.length_km for pocket in pockets)
    worst = max(pockets, key=lambda pocket: pocket.length_km)
    warnings.warn(
        f"The border may be incomplete: {missing_km:,.3g} km are missing where a strip that "
        f"neither side holds lies between the two outlines. The longest is {worst.length_km:,.3g} "
        f"km long and {_format_m(worst.apart_m)} m wide on average, at {worst.lon:.4f}, "
        f"{worst.lat:.4f} (longitude, latitude). If it belongs to the border, give "
        f"tolerance_m={math.ceil(_WIDER * max(pocket.apart_m for pocket in pockets))}.",
        stacklevel=find_caller_level(),
    )


def _list_pockets(area: BaseGeometry, other: BaseGeometry, tolerance_m: float) -> list[NearMiss]:
    """Return the strips of land that two areas together surround."""
    surrounded = [part.interiors for one in (area, other) for part in shapely.get_parts(one)]
    known = [shapely.Polygon(ring) for rings in surrounded for ring in rings]
    tree, found = shapely.STRtree(known), []
    for part in shapely.get_parts(shapely.union(area, other)):
        for ring in part.interiors:
            hole = shapely.Polygon(ring)
            if any(hole.equals(known[n]) for n in tree.query(hole)):
                continue
            along_m = length_m(hole.exterior) / 2.0
            wide_m = area_m2(hole) / along_m
            if tolerance_m < wide_m <= min(_POCKET_M, _POCKET_SHARE * along_m):
                at = hole.representative_point()
                found.append(NearMiss(along_m / 1e3, wide_m, at.x, at.y))
    return found


def _warn_of_disagreement(
    healing: Healing, differences: NDArray[np.float64], tolerance_m: float
) -> None:
    beyond_km = differences[differences[:, 2] > tolerance_m, 3].sum()
    warnings.warn(
        f"Along {beyond_km:,.3g} km of the border the outlines of the two sides differ by more "
        f"than the ±{tolerance_m:g} m that their sources state: up to "
        f"{_format_m(1e3 * healing.disagreement_km)} m, at {healing.lon:.4f}, {healing.lat:.4f} "
        "(longitude, latitude). There the border follows the outline of the first side, and places "
        "near it are uncertain by that much.",
        stacklevel=4,
    )


def _format_m(metres: float) -> str:
    return f"{metres:,.0f}" if metres >= 100.0 else f"{metres:,.2g}"


def _confirms_exact_line(lines: Sequence[BaseGeometry], found: CommonLine) -> bool:
    """Return whether the line found within the tolerance equals the exact line, which we keep."""
    exact_m, found_m = _measure_lines(lines), _measure_lines(found.lines)
    is_no_longer = bool(lines) and found_m <= exact_m * (1.0 + 1e-6)
    return is_no_longer and found.healing is not None and is_exact(found.healing)


def _has_breaks(lines: Sequence[BaseGeometry]) -> bool:
    """Return whether lines have small gaps, which is a sign that outlines do not match.

    Closed lines, such as those around enclaves, have no ends.
    """
    merged = shapely.line_merge(shapely.multilinestrings(list(lines)))
    points = _list_ends(merged)
    if shapely.get_num_geometries(merged) < 2 or not len(points):
        return False
    ends = shapely.get_coordinates(points)
    # The reach in degrees of longitude; a degree is shortest at the highest latitude.
    highest = min(abs(ends[:, 1]).max(), 89.0)
    reach = np.degrees(_BREAK_M / 6.3e6) / np.cos(np.radians(highest))
    a, b = shapely.STRtree(points).query(points, predicate="dwithin", distance=reach)
    _, _, apart_m = inverse(*ends[a[a < b]].T, *ends[b[a < b]].T)
    return bool((apart_m < _BREAK_M).any())


def _add_disagreement(border: Border, healing: Healing, differences: NDArray[np.float64]) -> Border:
    """Return a border whose accuracy and doubts include the disagreement of its outlines."""
    stated_m = border.source.accuracy_m or 0.0
    lon, lat, apart_m, _ = differences.T
    foot = border.index.nearest(normalize_longitudes(lon), lat)
    # A border may leave out its stretches at sea; then their differences do not count.
    there = foot.distance_m <= healing.tolerance_m
    starts_km = np.array([section.start_km for section in border.sections])
    chainage_km = starts_km[foot.line] + foot.chainage_m / 1e3
    usual_m, doubts = find_doubts(chainage_km[there], apart_m[there], stated_m)
    source = replace(border.source, accuracy_m=combine_errors_m(stated_m, usual_m))
    return replace(border, source=source, doubts=doubts)


def _assign_lines(
    lines: Sequence[LineString],
    ones: Sequence[Region],
    others: Sequence[Region],
    tolerance_m: float,
) -> _Meetings:
    """Assign each line to the pair of regions that face each other along it."""
    outlines = [[region.geometry.boundary for region in regions] for regions in (ones, others)]
    return [
        (ones[a], others[b], shapely.line_merge(shapely.multilinestrings(runs)))
        for (a, b), runs in split_by_nearest(lines, outlines[0], outlines[1], tolerance_m).items()
    ]


def _region_identity(region: Region) -> tuple[str, str, str]:
    """Return name, code and country of a region: two countries have a region named Limburg."""
    return region.name, region.iso, region.country


def _list_regions(given: Region | Iterable[Region], parameter: str) -> list[Region]:
    """Return one region or several as a list, after a check."""
    regions: list[Any] = [given]
    if isinstance(given, Iterable) and not isinstance(given, (str, pd.DataFrame)):
        regions = list(given)
    for region in regions:
        check_region(region, parameter)
    regions = list(dict.fromkeys(regions))
    if not regions:
        message = "Invalid side: no regions given. Must be a region or several."
        raise GeometryError(message, parameter=parameter)
    return regions


def _union_regions(regions: Sequence[Region]) -> Polygon | MultiPolygon:
    areas = [flatten_area(region.geometry) for region in regions]
    return areas[0] if len(areas) == 1 else shapely.union_all(areas)


def _check_overlap(
    areas: Sequence[BaseGeometry],
    ones: Sequence[Region],
    others: Sequence[Region],
    length_m: float,
) -> None:
    """Raise an error if regions overlap by more than 1 m, averaged over their border's length."""
    if shapely.touches(*areas):  # takes a third of the time of the intersection
        return
    for a in ones:
        for b in others:
            overlap_m2 = area_m2(shapely.intersection(a.geometry, b.geometry))
            if overlap_m2 > length_m:
                raise GeometryError(
                    f"Invalid sides: {a.name} and {b.name} overlap by {overlap_m2 / 1e6:,.3g} km². "
                    "Must lie beside each other."
                )


def _find_meetings(ones: Sequence[Region], others: Sequence[Region]) -> _Meetings:
    """Return the pairs of regions that share a line exactly, each with the merged line."""
    outlines = (
        [trace_boundary_at_180(region.geometry) for region in ones],
        [trace_boundary_at_180(region.geometry) for region in others],
    )
    found = []
    for a, outline_a in zip(ones, outlines[0], strict=True):
        for b, outline_b in zip(others, outlines[1], strict=True):
            common = _keep_lines(shapely.intersection(outline_a, outline_b))
            if len(common):
                found.append((a, b, shapely.line_merge(shapely.multilinestrings(common))))
    return found


def _keep_lines(shape: BaseGeometry) -> NDArray[np.object_]:
    parts = shapely.get_parts(shape)
    is_line = shapely.get_type_id(parts) == shapely.GeometryType.LINESTRING
    return np.asarray(parts[is_line & ~shapely.is_empty(parts)])


def _gap_message(ones: Sequence[Region], others: Sequence[Region], tolerance_m: float) -> str:
    """Return the message for sides that share no line, with the smallest gap between them."""
    gap, lon, lat, a_name, b_name = min(
        (*_find_gap_km(a, b), a.name, b.name) for a in ones for b in others
    )
    where = f"{lon:.4f}, {lat:.4f} (longitude, latitude)"
    # A distance below 1 m is not a gap in a map.
    if gap * 1e3 <= max(tolerance_m, 1.0):
        return (
            f"{a_name} and {b_name} meet at a point, or along edges that do not share their "
            f"vertices, near {where}. Must share a line, vertex by vertex, or run together within "
            f"tolerance_m (now {tolerance_m:g}) for more than twice that."
        )
    return (
        f"{a_name} and {b_name} do not meet: their outlines are at least {gap:,.3g} km apart, at "
        f"{where}. Must be neighbours. If they are, and their outlines are from different sources, "
        f"give tolerance_m (now {tolerance_m:g})."
    )


def _find_gap_km(a: Region, b: Region) -> tuple[float, float, float]:
    """Return the distance between two outlines in km, and its longitude and latitude.

    The position is a vertex of either outline.
    """
    lines = a.geometry.boundary, b.geometry.boundary
    gaps = []
    for line, other in (lines, lines[::-1]):
        lon, lat = shapely.get_coordinates(other).T
        found = LineIndex([line]).nearest(lon, lat).distance_m
        at = int(found.argmin())
        gaps.append((float(found[at]) / 1e3, float(lon[at]), float(lat[at])))
    return min(gaps)


def _side_names(ones: Sequence[Region], others: Sequence[Region]) -> tuple[dict[str, str], ...]:
    """Return the names of both sides by language: of a country, or of the regions."""
    return _name_side(ones, others), _name_side(others, ones)


def _name_side(regions: Sequence[Region], beyond: Sequence[Region]) -> dict[str, str]:
    """Return the names of a side: of its country if only this side has it, or of its regions."""
    countries = {region.country for region in regions}
    is_one = len(countries) == 1 and "" not in countries
    if is_one and countries.isdisjoint(region.country for region in beyond):
        names = regions[0].country_names
        if names:
            return dict(names)
    return _join_names(regions)


def _join_names(regions: Sequence[Region]) -> dict[str, str]:
    names = {
        language: ", ".join(region.label(language) for region in regions)
        for language in NAME_LANGUAGES
    }
    # In English, we use the short names by which users look up the regions.
    return names | {"en": ", ".join(region.name for region in regions)}


def _order_sections(meetings: _Meetings) -> tuple[Section, ...]:
    """Return the sections in the order in which the whole line runs, from its western end."""
    whole = shapely.line_merge(
        shapely.multilinestrings([p for *_, line in meetings for p in shapely.get_parts(line)])
    )
    runs = sorted(map(_start_in_west, shapely.get_parts(whole)), key=lambda run: run.coords[0])
    lines = shapely.get_parts([line for *_, line in meetings])
    position_of = _find_positions(lines, shapely.get_coordinates(runs))
    pieces = []
    for a, b, line in meetings:
        parts = [_orient_part(part, position_of) for part in shapely.get_parts(line)]
        parts.sort(key=lambda part: position_of[part.coords[0]])
        pieces.append((position_of[parts[0].coords[0]], a, b, parts))
    sections, chainage_km = [], 0.0
    for _, a, b, parts in sorted(pieces, key=lambda piece: piece[0]):
        line = parts[0] if len(parts) == 1 else shapely.multilinestrings(parts)
        length_km = length_m(line) / 1e3
        sections.append(Section(f"{a.name}–{b.name}", line, (a, b), chainage_km, length_km))
        chainage_km += length_km
    return tuple(sections)


def _start_in_west(run: LineString) -> LineString:
    """Return a line that begins at its western end; a ring, at its westernmost vertex."""
    coords = shapely.get_coordinates(run)
    if run.is_closed:
        first = int(coords[:-1, 0].argmin())
        return shapely.linestrings(np.vstack([coords[first:-1], coords[: first + 1]]))
    return shapely.reverse(run) if tuple(coords[0]) > tuple(coords[-1]) else run


def _find_positions(parts: Iterable[LineString], vertices: Floats) -> dict[tuple[float, ...], int]:
    """Return where the first two vertices and the last one of each part are among some vertices.

    A border has tens of thousands of vertices, and we need the places of a few.
    """
    ends = np.concatenate([shapely.get_coordinates(part)[[0, 1, -1]] for part in parts])
    # Each vertex as one complex number, so that numpy compares both coordinates at once.
    is_end = np.isin(vertices.view(np.complex128)[:, 0], ends.view(np.complex128)[:, 0])
    return {tuple(vertices[i].tolist()): int(i) for i in np.flatnonzero(is_end)}


def _orient_part(part: LineString, position_of: dict[tuple[float, ...], int]) -> LineString:
    """Return a part of the whole line in the direction in which the whole line runs."""
    # We compare the first two vertices, because the last one of a part may be the first of a ring.
    first, second = (position_of[vertex] for vertex in part.coords[:2])
    return shapely.reverse(part) if second < first else part


def _border_source(ones: Sequence[Region], others: Sequence[Region]) -> Source:
    """Return the source of the line; the least accurate source decides its accuracy."""
    pairs = {(a.country, b.country) for a in ones for b in others}
    is_international = all(a != b and a and b for a, b in pairs)
    sources = [
        (region.border_source or region.source) if is_international else region.source
        for region in (*ones, *others)
    ]
    return join_sources(sources)


def border_along(
    lines: BaseGeometry | Iterable[BaseGeometry] | gpd.GeoDataFrame | gpd.GeoSeries,
    *,
    names: Sequence[str] = (),
    source: Source | None = None,
    edges: EdgeKind = "straight",
) -> Border:
    """Return a bare line, or several, as a border between its left and its right.

    Left and right are seen in the direction of the line: a closed line that turns left has its
    inside on the left. A point lies left or right of the part of the line that is nearest to the
    point. If that is an end of the line, we extend the line straight beyond the end.

    Parameters
    ----------
    lines
        LineStrings or MultiLineStrings in longitude and latitude, each a section; or a table of
        them in any CRS. A line that crosses 180°, as from 178 to −179, is cut there, with a
        warning.
    names
        The names of the sections, one for each; by default they are numbered.
    source
        Where the lines come from; its accuracy decides which places are uncertain. The default
        source says that the user gave the lines and stated no source; its accuracy is unknown.

    edges
        How edges run between vertices: ``"straight"`` in longitude and latitude, ``"geodesic"``
        (the shortest way, as flights) or ``"loxodrome"`` (one bearing, as ships). Vertices are
        added until straight pieces follow the curve to 1 cm.

    Raises
    ------
    GeometryError
        ``edges`` is not one of the three; there is no line; a shape is not a line, or has no
        length; an edge of more than 180° of longitude may run either way round the Earth; or the
        number of names differs from the number of lines.
    MissingCRSError
        A table has no coordinate reference system.

    Warns
    -----
    UserWarning
        Two lines, or parts of one, meet and run in opposite directions, so that the left of one
        would be the right of the other. You can still build a zone on both sides, but none on one
        side (:func:`geobuffer.read_border` reverses such lines). Or a line crosses 180°.

    Examples
    --------
    >>> river = shapely.LineString([(30, 50), (30, 50.5), (30.2, 51)])
    >>> border = border_along(river, names=["Irpin"], source=Source("a sketch", accuracy_m=50))
    >>> border
    Border(left | right: Irpin; 113 km)
    >>> import numpy as np
    >>> border.side_codes(np.array([29.9, 30.1]), np.array([50.2, 50.2])).tolist()
    [0, 1]
    """
    check_arguments(names=(names, TEXTS), source=(source, optional(SOURCE)))
    source = source or UNSTATED
    shapes = _name_shapes(lines, names, "line", _LINES, source, edges)
    sections, chainage_km = [], 0.0
    for shape in shapes:
        section = _make_line_section(shape, chainage_km, "lines")
        chainage_km += section.length_km
        sections.append(section)
    if opposed := find_opposed_lines(sections):
        warnings.warn(
            f"{opposed} A zone on both sides is not affected; for one side, shapely.reverse() "
            "reverses a line.",
            stacklevel=find_caller_level(),
        )
    left, right = (Side(name, None, (), SIDE_NAMES[name]) for name in ("left", "right"))
    return Border(tuple(sections), (left, right), source)


def _make_line_section(shape: _NamedShape, start_km: float, parameter: str) -> Section:
    line = shape.geometry
    if line.geom_type == "LinearRing":
        line = shapely.LineString(line)
    section = Section(shape.name, line, (), start_km, length_m(line) / 1e3)
    # Vertices that differ by less than a picometre give a length of zero.
    if not section.length_km:
        message = f"Invalid line {shape.name!r}: it has no length."
        raise GeometryError(message, parameter=parameter)
    return section


def border_around(
    shapes: BaseGeometry | Region | Iterable[BaseGeometry | Region] | gpd.GeoDataFrame,
    *,
    names: Sequence[str] = (),
    source: Source | None = None,
    edges: EdgeKind = "straight",
) -> Border:
    """Return points, lines and outlines of areas as a border between their inside and the outside.

    Use it for zones around a plant (a geodesic disc) or around several parks. Points and lines have
    no inside. Areas that touch or overlap count as one, with one outline and one section. For the
    parks with all land near them, build the zone with ``side="around"``. A zone on both sides is
    only the band along their outlines.

    Parameters
    ----------
    shapes
        Points, lines and polygons of all kinds in longitude and latitude; collections of them;
        regions; or a table of shapes in any CRS. Each shape is a section. A collection makes one
        section of its areas, one of its lines and one of its points. A ring that crosses 180° is
        cut there, with a warning.
    names
        The names of the sections, one for each. By default a region keeps its name, and other
        shapes are numbered.
    source
        Where the shapes come from. By default a region keeps its own source. The default source of
        other shapes says that the user stated no source; its accuracy is unknown.

    edges
        How edges run between vertices: ``"straight"`` in longitude and latitude, ``"geodesic"``
        (the shortest way, as flights) or ``"loxodrome"`` (one bearing, as ships). Vertices are
        added until straight pieces follow the curve to 1 cm. A region keeps its edges.

    Raises
    ------
    GeometryError
        ``edges`` is not one of the three; there is no shape; a shape is empty or not valid, or a
        line without length; an edge of more than 180° of longitude may run either way round the
        Earth; the number of names differs from the number of shapes.
    MissingCRSError
        A table has no coordinate reference system.

    Examples
    --------
    >>> plant = border_around(shapely.Point(30.1, 51.39), names=["plant"], source=Source("a map"))
    >>> plant
    Border(inside | outside: plant; 0 km)
    >>> import geobuffer as gb
    >>> disc = gb.build_zone(plant, km=30)
    >>> round(disc.area_km2, 1)
    2827.4
    >>> park = shapely.box(30, 50, 30.1, 50.1)
    >>> zone = gb.build_zone(border_around(park, source=gb.Source("a map")), km=5, side="around")
    >>> float(gb.answer(30.05, 50.05, zone).distance_km)
    0.0
    """
    check_arguments(names=(names, TEXTS), source=(source, optional(SOURCE)))
    given = _name_shapes(
        shapes, names, "shape", (*_POINTS, *_LINES, *_AREAS, _MIXED), source, edges
    )
    given = [part for shape in given for part in _split_collection(shape)]
    points = [shape for shape in given if shape.geometry.geom_type in _POINTS]
    lines = [shape for shape in given if shape.geometry.geom_type in _LINES]
    groups = _unite_touching([shape for shape in given if shape.geometry.geom_type in _AREAS])
    sections, chainage_km = [], 0.0
    for group in groups:
        line = _outline_area(flatten_area(group.geometry))
        length_km = length_m(line) / 1e3
        sections.append(Section(group.name, line, group.regions, chainage_km, length_km))
        chainage_km += length_km
    for shape in lines:
        section = _make_line_section(shape, chainage_km, "shapes")
        chainage_km += section.length_km
        sections.append(section)
    sections += [Section(shape.name, shape.geometry, (), chainage_km, 0.0) for shape in points]
    parts = [part for group in groups for part in shapely.get_parts(group.geometry)]
    area = parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
    regions = tuple(region for group in groups for region in group.regions)
    area = cut_at_antimeridian(area) if parts else area
    inside = Side("inside", area, regions, SIDE_NAMES["inside"])
    outside = Side("outside", None, (), SIDE_NAMES["outside"])
    sources = join_sources(shape.source for shape in given)
    return Border(tuple(sections), (inside, outside), sources)


@dataclass(frozen=True, eq=False)
class _NamedShape:
    name: str
    geometry: Any
    source: Source
    regions: tuple[Region, ...] = ()


def _name_shapes(
    given: Any,
    names: Sequence[str],
    kind: str,
    allowed: tuple[str, ...],
    source: Source | None,
    edges: EdgeKind,
) -> list[_NamedShape]:
    """Return the given shapes with names and sources, after a check."""
    parameter = f"{kind}s"
    check_edges(edges)
    items = _list_shapes(given, parameter)
    if not items:
        message = f"Invalid {kind}s: none given. Must be one or several."
        raise GeometryError(message, parameter=parameter)
    names = list(names)
    if names and len(names) != len(items):
        message = f"Invalid names: {len(names)} for {len(items)} {kind}s. Must be as many."
        raise GeometryError(message, parameter="names")
    numbered = [kind] if len(items) == 1 else [f"{kind} {n}" for n in range(1, len(items) + 1)]
    shapes = []
    for n, item in enumerate(items):
        region: tuple[Region, ...] = (item,) if isinstance(item, Region) else ()
        own, shape = (item.source, item.geometry) if region else (UNSTATED, item)
        name = str(names[n]) if names else item.name if region else numbered[n]
        _check_shape(shape, f"{kind} {name!r}", allowed, parameter)
        shape = _check_edges(shape, f"{kind} {name!r}", "straight" if region else edges)
        if shape.geom_type in _AREAS:
            region = tuple(replace(one, geometry=shape) for one in region)
        shapes.append(_NamedShape(name, shape, source or own, region))
    return shapes


def _check_edges(shape: BaseGeometry, what: str, edges: EdgeKind) -> BaseGeometry:
    """Return a shape whose edges are at most 180° long and whose areas are valid."""
    if shape.geom_type == _MIXED:
        return shapely.GeometryCollection(
            [_check_edges(part, what, edges) for part in _flatten(shape)]
        )
    shape = read_edges(shape, what, edges)
    if shape.geom_type not in _AREAS:
        return shape
    area = check_area(shape, what)
    return shape if shape.is_valid else area


def _split_collection(shape: _NamedShape) -> list[_NamedShape]:
    """Return the areas, lines and points of a collection as one shape each, of the same name."""
    if shape.geometry.geom_type != _MIXED:
        return [shape]
    parts = _flatten(shape.geometry)
    kinds = (
        (_AREAS, lambda areas: shapely.union_all([cut_at_antimeridian(area) for area in areas])),
        (_LINES, lambda lines: shapely.multilinestrings([shapely.LineString(x) for x in lines])),
        (_POINTS, shapely.multipoints),
    )
    return [
        replace(shape, geometry=join(members))
        for types, join in kinds
        if (members := [part for part in parts if part.geom_type in types])
    ]


def _flatten(shape: BaseGeometry) -> list[BaseGeometry]:
    """Return the points, lines and polygons of a collection of collections."""
    if not hasattr(shape, "geoms"):
        return [] if shape.is_empty else [shape]
    return [part for one in shape.geoms for part in _flatten(one)]


def _list_shapes(given: Any, parameter: str) -> list[Any]:
    """Return one shape, several shapes or a table's shapes as a list, tables in degrees."""
    geometry: Any = getattr(given, "geometry", None)
    if hasattr(geometry, "to_crs"):
        if geometry.crs is None:
            raise missing_crs("The table's shapes have", "use set_crs()")
        return list(convert_to_degrees(geometry, "the table's shapes"))
    if isinstance(given, (BaseGeometry, Region)):
        return [given]
    conversion = find_conversion(given)
    remedy = ""
    if isinstance(given, str):
        remedy = _OF_TEXT
    elif conversion or hasattr(given, "columns"):
        remedy = f"{conversion} {_OF_TABLE}".strip()
    if remedy or not isinstance(given, Iterable) or isinstance(given, (bytes, Mapping)):
        what = describe_type(given)
        what += " without geometry" if hasattr(given, "columns") and not conversion else ""
        message = f"Invalid shapes: {what}. Must be shapes, a GeoDataFrame or a GeoSeries. {remedy}"
        raise DataError(message.strip(), parameter=parameter)
    return list(given)


# How to make shapes from a text, and from a table without geometry; for messages.
_OF_TEXT = "read_border() and read_regions() read files; shapely.from_wkt() reads a text in WKT."
_OF_TABLE = (
    "geopandas.GeoDataFrame(df, geometry=geopandas.points_from_xy(df.lon, df.lat), crs=4326) makes "
    "points from its columns; shapely.LineString(df[['lon', 'lat']].to_numpy()) makes one line "
    "from its rows, in their order."
)


def _check_shape(shape: Any, what: str, allowed: tuple[str, ...], parameter: str) -> None:
    kind = getattr(shape, "geom_type", type(shape).__name__)
    if kind not in allowed:
        remedy = "; border_around takes it" if kind in (*_POINTS, *_AREAS, _MIXED) else ""
        message = f"Invalid {what}: {kind}. Must be a {' or '.join(allowed)}{remedy}."
        raise GeometryError(message, parameter=parameter)
    coords = shapely.get_coordinates(shape)
    if not len(coords):
        raise GeometryError(f"Invalid {what}: it is empty.", parameter=parameter)
    check_degrees(coords, what)


def _unite_touching(shapes: Sequence[_NamedShape]) -> list[_NamedShape]:
    """Unite the areas that touch each other; a united area takes the place of its first part."""
    groups: list[_NamedShape] = []
    for shape in shapes:
        near = [g for g in groups if meet_around_globe(g.geometry, shape.geometry)]
        members = [*near, shape]
        areas = [cut_at_antimeridian(member.geometry) for member in members]
        united = _NamedShape(
            " + ".join(member.name for member in members),
            shapely.union_all(areas) if near else shape.geometry,
            join_sources(member.source for member in members),
            tuple(region for member in members for region in member.regions),
        )
        at = groups.index(near[0]) if near else len(groups)
        groups = [*groups[:at], united, *(g for g in groups[at:] if g not in near)]
    return groups

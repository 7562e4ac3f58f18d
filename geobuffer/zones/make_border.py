"""The line of a region, and the line between two: borders with two named sides.

Borders of shapes that are no neighbours: along bare lines, around points and areas.
"""

from __future__ import annotations

import dataclasses
import math
import numbers
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from geobuffer.errors import DataError, GeometryError, NotAdjacent, missing_crs
from geobuffer.geodesy.antimeridian import (
    cut_at_antimeridian,
    meet_around_globe,
    trace_boundary,
    trace_boundary_at_180,
)
from geobuffer.geodesy.edgematch import find_common_line, is_exact, split_by_nearest
from geobuffer.geodesy.ellipsoid import area_m2, check_degrees, inverse, length_m
from geobuffer.geodesy.nearest import LineIndex
from geobuffer.zones.border import Border, Section, Side
from geobuffer.zones.checks import check_area, check_region
from geobuffer.zones.region import Region
from geobuffer.zones.source import Source, join_sources

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from shapely.geometry import LineString, MultiPolygon, Polygon

    from geobuffer.geodesy.edgematch import CommonLine, Healing

    _Meeting = Sequence[tuple[Region, Region, BaseGeometry]]
    import geopandas as gpd


# An exact line that breaks off and goes on nearer than this has probably lost what lies between
# to outlines that do not match; between islands or lakes there is more.
_BREAK_M = 1_000.0


def border_of(region: Region) -> Border:
    """Return the whole outline of a region as a border between its inside and its outside.

    Parameters
    ----------
    region
        The region.

    Raises
    ------
    GeometryError
        The region's geometry is not a valid polygon, or is empty.
    WrongKind
        It is no region, but its name.

    Examples
    --------
    >>> import geobuffer as gb
    >>> park = gb.Region("Park", shapely.box(30, 50, 30.1, 50.1), gb.Source("a sketch"))
    >>> border_of(park)
    Border(inside | outside: Park; 37 km)
    """
    check_region(region)
    area = _area_of([region])
    parts = shapely.get_parts(shapely.line_merge(trace_boundary(area)))
    line = parts[0] if len(parts) == 1 else shapely.multilinestrings(parts)
    section = Section(region.name, line, (region,), 0.0, length_m(line) / 1e3)
    inside = Side("inside", area, (region,), {"en": "inside", "uk": "всередині", "ru": "внутри"})
    outside = Side("outside", None, (), {"en": "outside", "uk": "зовні", "ru": "снаружи"})
    return Border((section,), (inside, outside), region.source)


def border_between(
    one: Region | Iterable[Region],
    other: Region | Iterable[Region],
    *,
    tolerance_m: float | None = None,
) -> Border:
    """Return the border between regions of one side and regions of the other.

    Each pair that meets along a line gives a section; sections come in the order of the line,
    which begins at its western end. A side is named after the country of its regions if they
    share one and the other side's is another; else after the regions.

    Outlines of one origin share their vertices, and the border is what they share. Outlines of
    different origin never do: within a tolerance, the border then follows the outline of the
    first side, ends where the two stop running together, and passes over spurs, breaks and
    corners no wider than the tolerance. The other side's territory is brought to it: what both
    claim is the first side's, what nobody claims between the two outlines is the other's.
    ``healing`` of the border says how far they disagree, and where most; the accuracy of its
    source includes that, so that a place is *uncertain* wherever the two outlines would
    answer differently.

    Parameters
    ----------
    one, other
        A region or several, for either side.
    tolerance_m
        How far apart the outlines of the two sides may run, in metres; 0 for what they share
        exactly. By default, what they share if that is unbroken; else within the accuracy that
        their sources state. A border shorter than twice the tolerance is taken for a corner.

    Raises
    ------
    NotAdjacent
        Nothing runs together within the tolerance: with the nearest gap in km, and where it is.
    GeometryError
        A geometry is not a valid polygon; a region stands on both sides, or overlaps one on the
        other by more than the tolerance; or the tolerance is no distance.
    WrongKind
        A side is not of regions, but of names.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> border = border_between(regions["Kursk"], regions["Sumy"])
    >>> border.sides[0].name, border.sides[1].name, [s.name for s in border.sections]
    ('Russia', 'Ukraine', ['Kursk–Sumy'])

    Two drawings of one river, some 70 m apart:

    >>> west = gb.Region("West", shapely.box(30, 50, 31, 51), gb.Source("one layer"))
    >>> east = gb.Region("East", shapely.box(31.001, 50, 32, 51), gb.Source("another"))
    >>> border_between(west, east, tolerance_m=100)
    Border(West | East: West–East; 111 km; healed: outlines up to 0.0717 km apart)
    """
    ones, others = _as_regions(one), _as_regions(other)
    if twice := set(map(_identity, ones)) & set(map(_identity, others)):
        both = ", ".join(name for name, *_ in sorted(twice))
        raise GeometryError(f"Invalid sides: {both} stands on both. Must stand on one.")
    areas = [_area_of(ones), _area_of(others)]
    meeting = exact = _meeting(ones, others)
    healing = None
    tolerance = _tolerance_m(tolerance_m, ones, others)
    if tolerance > 0.0 and (tolerance_m is not None or not exact or _is_broken(exact)):
        found = find_common_line(areas[0], areas[1], tolerance)
        if found.healing is not None and not _is_same(exact, found):
            meeting = _told_apart(found.lines, ones, others, tolerance)
            healing, areas[1] = found.healing, found.other
    if not meeting:
        raise NotAdjacent(_apart(ones, others, tolerance))
    sections = _in_order(meeting)
    if healing is None:
        _check_apart(ones, others, 1e3 * sum(section.length_km for section in sections))
        _warn_if_broken(exact)
    names = _side_names(ones, others)
    sides = tuple(
        Side(name["en"], area, tuple(regions), name)
        for name, area, regions in zip(names, areas, (ones, others), strict=True)
    )
    source = _doubted(_source_of(ones, others), healing)
    return Border(sections, (sides[0], sides[1]), source, healing)


def _tolerance_m(given: float | None, ones: Sequence[Region], others: Sequence[Region]) -> float:
    """Return the tolerance: as given, or the least accurate source's own."""
    if given is None:
        return max(region.source.accuracy_m or 0.0 for region in (*ones, *others))
    number = isinstance(given, numbers.Real) and not isinstance(given, bool)
    if not number or not math.isfinite(given) or given < 0.0:
        raise GeometryError(
            f"Invalid tolerance_m {given!r}. Must be metres, 0 or more.", parameter="tolerance_m"
        )
    return float(given)


def _is_same(exact: _Meeting, found: CommonLine) -> bool:
    """Tell whether the exact lines are all there is, and the same: then they stand as they are."""
    lengths = [length_m(line) for *_, line in exact], [length_m(line) for line in found.lines]
    same = abs(sum(lengths[0]) - sum(lengths[1])) <= 1e-6 * sum(lengths[1])
    return same and found.healing is not None and is_exact(found.healing)


def _is_broken(meeting: _Meeting) -> bool:
    """Tell whether lines break off and go on close by, as they do where outlines do not match."""
    lines = [part for *_, line in meeting for part in shapely.get_parts(line)]
    merged = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(lines)))
    ends = np.array([shapely.get_coordinates(line)[[0, -1]] for line in merged])
    if len(ends) < 2:
        return False
    points = shapely.points(ends.reshape(-1, 2))
    reach = np.degrees(_BREAK_M / 6.3e6) / np.cos(np.radians(min(abs(ends[..., 1]).max(), 89.0)))
    a, b = shapely.STRtree(points).query(points, predicate="dwithin", distance=reach)
    a, b = a[a // 2 < b // 2], b[a // 2 < b // 2]
    if not len(a):
        return False
    flat = ends.reshape(-1, 2)
    return bool((inverse(*flat[a].T, *flat[b].T)[2] < _BREAK_M).any())


def _warn_if_broken(meeting: _Meeting) -> None:
    if _is_broken(meeting):
        parts = sum(shapely.get_num_geometries(line) for *_, line in meeting)
        warnings.warn(
            f"The outlines match in {parts} pieces only, which break off and go on close by: "
            "give tolerance_m, such as tolerance_m=50, for the whole border.",
            stacklevel=3,
        )


def _doubted(source: Source, healing: Healing | None) -> Source:
    """Return a source with the disagreement of the outlines in its accuracy."""
    if healing is None:
        return source
    accuracy = math.hypot(source.accuracy_m or 0.0, 1e3 * healing.disagreement_km)
    # Up to the next decimetre, so that it includes the disagreement in any case.
    return dataclasses.replace(source, accuracy_m=math.ceil(10.0 * accuracy) / 10.0)


def _told_apart(
    lines: Sequence[LineString],
    ones: Sequence[Region],
    others: Sequence[Region],
    tolerance_m: float,
) -> _Meeting:
    """Give each pair of regions the lines along which they face one another."""
    outlines = [[region.geometry.boundary for region in regions] for regions in (ones, others)]
    return [
        (ones[a], others[b], shapely.line_merge(shapely.multilinestrings(runs)))
        for (a, b), runs in split_by_nearest(lines, outlines[0], outlines[1], tolerance_m).items()
    ]


def _identity(region: Region) -> tuple[str, str, str]:
    """Return what tells a region from its namesakes: there is a Limburg in two countries."""
    return region.name, region.iso, region.country


def _as_regions(given: Region | Iterable[Region]) -> list[Region]:
    regions: list[Any] = [given]
    if isinstance(given, Iterable) and not isinstance(given, (str, pd.DataFrame)):
        regions = list(dict.fromkeys(given))
    for region in regions:
        check_region(region)
    if not regions:
        raise GeometryError("Invalid side: no regions given. Must be a region or several.")
    return regions


def _area_of(regions: Sequence[Region]) -> Polygon | MultiPolygon:
    areas = [check_area(region.geometry, f"region {region.name!r}") for region in regions]
    return areas[0] if len(areas) == 1 else shapely.union_all(areas)


def _linear(shape: BaseGeometry) -> NDArray[np.object_]:
    parts = shapely.get_parts(shape)
    is_line = shapely.get_type_id(parts) == shapely.GeometryType.LINESTRING
    return np.asarray(parts[is_line & ~shapely.is_empty(parts)])


def _check_apart(ones: Sequence[Region], others: Sequence[Region], length_m: float) -> None:
    """Refuse regions that overlap by more than a sliver: on average a metre along their border."""
    for a in ones:
        for b in others:
            overlap = area_m2(shapely.intersection(a.geometry, b.geometry))
            if overlap > length_m:
                raise GeometryError(
                    f"Invalid sides: {a.name} and {b.name} overlap by {overlap / 1e6:,.3g} km². "
                    "Must lie beside each other."
                )


def _meeting(ones: Sequence[Region], others: Sequence[Region]) -> _Meeting:
    """Return the pairs of regions that meet, each with the lines along which it does, merged."""
    outlines = (
        [trace_boundary_at_180(region.geometry) for region in ones],
        [trace_boundary_at_180(region.geometry) for region in others],
    )
    found = []
    for a, outline_a in zip(ones, outlines[0], strict=True):
        for b, outline_b in zip(others, outlines[1], strict=True):
            common = _linear(shapely.intersection(outline_a, outline_b))
            if len(common):
                found.append((a, b, shapely.line_merge(shapely.multilinestrings(common))))
    return found


def _apart(ones: Sequence[Region], others: Sequence[Region], tolerance_m: float) -> str:
    """Return the message about sides that share no line, with the nearest gap between them."""
    gap, lon, lat, a_name, b_name = min(
        (*_gap_km(a, b), a.name, b.name) for a in ones for b in others
    )
    where = f"{lon:.4f}, {lat:.4f} (longitude, latitude)"
    if gap * 1e3 <= max(tolerance_m, 1.0):  # nobody would say of less that it is a gap
        return (
            f"{a_name} and {b_name} meet at a point, or along edges that do not share their "
            f"vertices, near {where}. Must share a line, vertex by vertex, or run together within "
            f"tolerance_m (now {tolerance_m:g}) for more than twice that."
        )
    return (
        f"{a_name} and {b_name} do not meet: at their nearest they are {gap:,.3g} km apart, at "
        f"{where}. Must be neighbours; if they are, and their outlines are of different origin, "
        f"give tolerance_m (now {tolerance_m:g})."
    )


def _gap_km(a: Region, b: Region) -> tuple[float, float, float]:
    """Return the distance between outlines and where it is: at a vertex of either."""
    lines = a.geometry.boundary, b.geometry.boundary
    gaps = []
    for line, other in (lines, lines[::-1]):
        lon, lat = shapely.get_coordinates(other).T
        found = LineIndex([line]).nearest(lon, lat).distance_m
        at = int(found.argmin())
        gaps.append((float(found[at]) / 1e3, float(lon[at]), float(lat[at])))
    return min(gaps)


def _side_names(ones: Sequence[Region], others: Sequence[Region]) -> tuple[dict[str, str], ...]:
    countries = [{region.country for region in regions} for regions in (ones, others)]
    national = all(len(c) == 1 and "" not in c for c in countries) and countries[0] != countries[1]
    if national and ones[0].country_names and others[0].country_names:
        return dict(ones[0].country_names), dict(others[0].country_names)
    return _joined(ones), _joined(others)


def _joined(regions: Sequence[Region]) -> dict[str, str]:
    names = {"en": ", ".join(region.name for region in regions)}
    for language in ("uk", "ru"):
        names[language] = ", ".join(region.label(language) for region in regions)
    return names


def _in_order(meeting: Sequence[tuple[Region, Region, BaseGeometry]]) -> tuple[Section, ...]:
    """Put sections in the order in which the whole line runs, from its western end."""
    whole = shapely.line_merge(
        shapely.multilinestrings([p for *_, line in meeting for p in shapely.get_parts(line)])
    )
    runs = sorted((_from_west(run) for run in shapely.get_parts(whole)), key=lambda r: r.coords[0])
    vertices = shapely.get_coordinates(runs).tolist()
    place = {tuple(vertex): i for i, vertex in enumerate(vertices)}
    pieces = []
    for a, b, line in meeting:
        parts = [_directed(part, place) for part in shapely.get_parts(line)]
        parts.sort(key=lambda part: place[part.coords[0]])
        pieces.append((place[parts[0].coords[0]], a, b, parts))
    sections, chainage = [], 0.0
    for _, a, b, parts in sorted(pieces, key=lambda piece: piece[0]):
        line = parts[0] if len(parts) == 1 else shapely.multilinestrings(parts)
        length = length_m(line) / 1e3
        sections.append(Section(f"{a.name}–{b.name}", line, (a, b), chainage, length))
        chainage += length
    return tuple(sections)


def _from_west(run: LineString) -> LineString:
    """Return a line that begins at its western end; a ring, at its westernmost vertex."""
    coords = shapely.get_coordinates(run)
    if run.is_closed:
        first = int(coords[:-1, 0].argmin())
        return shapely.linestrings(np.vstack([coords[first:-1], coords[: first + 1]]))
    return shapely.reverse(run) if tuple(coords[0]) > tuple(coords[-1]) else run


def _directed(part: LineString, place: dict[tuple[float, ...], int]) -> LineString:
    """Return a part of the line running the way the whole line runs."""
    # A long part may close on the start of a ring, so ask its first two vertices.
    first, second = (place[vertex] for vertex in part.coords[:2])
    return shapely.reverse(part) if second < first else part


def _source_of(ones: Sequence[Region], others: Sequence[Region]) -> Source:
    """Return the source of the line, of which the least accurate decides."""
    pairs = {(a.country, b.country) for a in ones for b in others}
    international = all(a != b and a and b for a, b in pairs)
    sources = [
        (region.border_source or region.source) if international else region.source
        for region in (*ones, *others)
    ]
    return join_sources(sources)


_LINES = ("LineString", "LinearRing", "MultiLineString")
_POINTS = ("Point", "MultiPoint")
_AREAS = ("Polygon", "MultiPolygon")

_LEFT = {"en": "left", "uk": "ліворуч", "ru": "слева"}
_RIGHT = {"en": "right", "uk": "праворуч", "ru": "справа"}
_INSIDE = {"en": "inside", "uk": "всередині", "ru": "внутри"}
_OUTSIDE = {"en": "outside", "uk": "зовні", "ru": "снаружи"}


def border_along(
    lines: BaseGeometry | Iterable[BaseGeometry] | gpd.GeoDataFrame | gpd.GeoSeries,
    *,
    names: Sequence[str] = (),
    source: Source,
) -> Border:
    """Return a bare line, or several, as a border between its left and its right.

    Left and right are as one walks a line from its beginning: a closed line that turns left has
    its inside on the left. A point belongs to the side of the stretch that is nearest to it; where
    that is a line's end, the line is thought to go straight on.

    Parameters
    ----------
    lines
        LineStrings or MultiLineStrings in longitude and latitude, each a section; or a table of
        them in any CRS.
    names
        The sections' names, one for each; by default they are counted.
    source
        Where the lines come from; its accuracy decides what is uncertain.

    Raises
    ------
    GeometryError
        There is no line, one has no length or is no line; names and lines differ in number; or two
        lines, or parts of one, run against each other where they meet, so that left of one would
        be right of the other (:func:`geobuffer.read_border` turns such lines round).
    MissingCRSError
        A table has no coordinate reference system.

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
    given = _named(lines, names, "line", _LINES, source)
    sections, chainage = [], 0.0
    for shape in given:
        line = shape.geometry
        if line.geom_type == "LinearRing":
            line = shapely.LineString(line)
        section = Section(shape.name, line, (), chainage, length_m(line) / 1e3)
        if not section.length_km:  # vertices that differ by less than a picometre
            raise GeometryError(f"Invalid line {shape.name!r}: it has no length.")
        chainage += section.length_km
        sections.append(section)
    _check_one_way(sections)
    left, right = Side("left", None, (), _LEFT), Side("right", None, (), _RIGHT)
    return Border(tuple(sections), (left, right), source)


def border_around(
    shapes: BaseGeometry | Region | Iterable[BaseGeometry | Region] | gpd.GeoDataFrame,
    *,
    names: Sequence[str] = (),
    source: Source | None = None,
) -> Border:
    """Return points, and the outlines of areas, as a border between their inside and the outside.

    For a distance around a plant (its zone is a geodesic disc) or about several parks. A point
    has no inside. Areas that touch or overlap are one, with one outline and one section.

    Parameters
    ----------
    shapes
        Points, MultiPoints, Polygons or MultiPolygons in longitude and latitude; regions; or a
        table of shapes in any CRS. Each is a section.
    names
        The sections' names, one for each; by default a region's own, others are counted.
    source
        Where the shapes come from; may be left out for regions, which have their own.

    Raises
    ------
    GeometryError
        There is no shape, or one is a line, empty or not valid; names and shapes differ in number;
        a bare shape has no source.
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
    """
    given = _named(shapes, names, "shape", (*_POINTS, *_AREAS), source)
    points = [shape for shape in given if shape.geometry.geom_type in _POINTS]
    groups = _touching([shape for shape in given if shape.geometry.geom_type in _AREAS])
    borders = [border_of(Region(g.name, g.geometry, g.source)) for g in groups]
    sections, chainage = [], 0.0
    for group, border in zip(groups, borders, strict=True):
        section = replace(border.sections[0], regions=group.regions, start_km=chainage)
        chainage += section.length_km
        sections.append(section)
    sections += [Section(shape.name, shape.geometry, (), chainage, 0.0) for shape in points]
    parts = [part for group in groups for part in shapely.get_parts(group.geometry)]
    area = parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
    regions = tuple(region for group in groups for region in group.regions)
    inside = Side("inside", cut_at_antimeridian(area) if parts else area, regions, _INSIDE)
    outside = Side("outside", None, (), _OUTSIDE)
    return Border(tuple(sections), (inside, outside), join_sources(s.source for s in given))


def _check_one_way(sections: Sequence[Section]) -> None:
    """Refuse lines of which two alone meet at a point, both with their ends or both with theirs."""
    parts = [(s.name, part) for s in sections for part in shapely.get_parts(s.line)]
    meeting: dict[tuple[float, ...], list[tuple[str, int]]] = {}
    for name, part in parts:
        for end in (0, -1):
            meeting.setdefault(part.coords[end][:2], []).append((name, end))
    for (lon, lat), there in meeting.items():
        if len(there) == 2 and there[0][1] == there[1][1]:
            (one, end), (other, _) = there
            how = "begin" if end == 0 else "end"
            raise GeometryError(
                f"Invalid lines {one!r} and {other!r}: they, or parts of them, both {how} at "
                f"{lon:.6f}, {lat:.6f} (longitude, latitude), so that left of one is right of the "
                "other. Must run one way: shapely.reverse() turns a line round."
            )


@dataclass(frozen=True, eq=False)
class _Shape:
    name: str
    geometry: Any
    source: Source
    regions: tuple[Region, ...] = ()


def _named(
    given: Any,
    names: Sequence[str],
    kind: str,
    allowed: tuple[str, ...],
    source: Source | None,
) -> list[_Shape]:
    """Return what was given as named shapes, checked."""
    items = _items(given)
    if not items:
        raise GeometryError(f"Invalid {kind}s: none given. Must be one or several.")
    if isinstance(names, str) or (len(names) and len(names) != len(items)):
        count = 1 if isinstance(names, str) else len(names)
        raise GeometryError(f"Invalid names: {count} for {len(items)} {kind}s. Must be as many.")
    counted = [kind] if len(items) == 1 else [f"{kind} {n}" for n in range(1, len(items) + 1)]
    names = list(names)  # by position: the labels of a table's column may be in any order
    found = []
    for n, item in enumerate(items):
        region = (item,) if isinstance(item, Region) else ()
        shape, origin = (item.geometry, source or item.source) if region else (item, source)
        name = str(names[n]) if names else item.name if region else counted[n]
        _check(shape, f"{kind} {name!r}", allowed)
        if origin is None:
            raise GeometryError(f"Invalid source None for {kind} {name!r}. Must be a Source.")
        found.append(_Shape(name, shape, origin, region))
    return found


def _items(given: Any) -> list[Any]:
    shapes: Any = getattr(given, "geometry", None)
    if hasattr(shapes, "to_crs"):
        if shapes.crs is None:
            raise missing_crs("The table's shapes have", "use set_crs()")
        return list(shapes.to_crs("EPSG:4326"))
    if isinstance(given, (BaseGeometry, Region)):
        return [given]
    if not isinstance(given, Iterable) or isinstance(given, str):
        raise DataError(f"Invalid shapes: a {type(given).__name__}. Must be shapes or a table.")
    return list(given)


def _check(shape: Any, what: str, allowed: tuple[str, ...]) -> None:
    kind = getattr(shape, "geom_type", type(shape).__name__)
    if kind not in allowed:
        other = {"border_along": _LINES, "border_around": (*_POINTS, *_AREAS)}
        verb = next((f"; {verb} takes it" for verb, kinds in other.items() if kind in kinds), "")
        raise GeometryError(f"Invalid {what}: {kind}. Must be a {' or '.join(allowed)}{verb}.")
    coords = shapely.get_coordinates(shape)
    if not len(coords):
        raise GeometryError(f"Invalid {what}: it is empty.")
    check_degrees(coords, what)


def _touching(shapes: Sequence[_Shape]) -> list[_Shape]:
    """Unite the areas that touch each other, in the order of the first of each."""
    groups: list[_Shape] = []
    for shape in shapes:
        check_area(shape.geometry, f"shape {shape.name!r}")
        near = [g for g in groups if meet_around_globe(g.geometry, shape.geometry)]
        members = [*near, shape]
        areas = [cut_at_antimeridian(m.geometry) for m in members]
        joined = _Shape(
            " + ".join(m.name for m in members),
            shapely.union_all(areas) if near else shape.geometry,
            join_sources(m.source for m in members),
            tuple(region for m in members for region in m.regions),
        )
        at = groups.index(near[0]) if near else len(groups)
        groups = [*groups[:at], joined, *(g for g in groups[at:] if g not in near)]
    return groups

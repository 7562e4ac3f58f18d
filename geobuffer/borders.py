"""The line of a region, and the line between two: borders with two named sides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from geobuffer.errors import GeometryError, NotAdjacent
from geobuffer.geodesy import LineIndex, area_m2, length_m
from geobuffer.model import Border, Region, Section, Side, Source, join_sources
from geobuffer.outlines import cut_at_antimeridian

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shapely.geometry import LineString, MultiPolygon, Polygon
    from shapely.geometry.base import BaseGeometry


_ROUND = np.array([360.0, 0.0])  # once round the globe


def border_of(region: Region) -> Border:
    """Return the whole outline of a region as a border between its inside and its outside.

    Raises
    ------
    GeometryError
        The region's geometry is not a valid polygon, or is empty.

    Examples
    --------
    >>> import geobuffer as gb
    >>> park = gb.Region("Park", shapely.box(30, 50, 30.1, 50.1), gb.Source("a sketch"))
    >>> border_of(park)
    Border(inside | outside: Park; 37 km)
    """
    area = _area_of([region])
    parts = shapely.get_parts(shapely.line_merge(_outline(area)))
    line = parts[0] if len(parts) == 1 else shapely.multilinestrings(parts)
    section = Section(region.name, line, (region,), 0.0, length_m(line) / 1e3)
    inside = Side("inside", area, (region,), {"en": "inside", "uk": "всередині", "ru": "внутри"})
    outside = Side("outside", None, (), {"en": "outside", "uk": "зовні", "ru": "снаружи"})
    return Border((section,), (inside, outside), region.source)


def border_between(one: Region | Iterable[Region], other: Region | Iterable[Region]) -> Border:
    """Return the border between regions of one side and regions of the other.

    Each pair that meets along a line gives a section; sections come in the order of the line,
    which begins at its western end. A side is named after the country of its regions if they
    share one and the other side's is another; else after the regions.

    Parameters
    ----------
    one, other
        A region or several, for either side. Their outlines must share their vertices.

    Raises
    ------
    NotAdjacent
        No region of one side shares a line with one of the other: with the nearest gap in km.
    GeometryError
        A geometry is not a valid polygon; a region stands on both sides, or overlaps one on the
        other.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> border = border_between(regions["Kursk"], regions["Sumy"])
    >>> border.sides[0].name, border.sides[1].name, [s.name for s in border.sections]
    ('Russia', 'Ukraine', ['Kursk–Sumy'])
    """
    ones, others = _as_regions(one), _as_regions(other)
    if twice := {r.name for r in ones} & {r.name for r in others}:
        raise GeometryError(
            f"Invalid sides: {', '.join(sorted(twice))} stands on both. Must stand on one."
        )
    areas = _area_of(ones), _area_of(others)
    pairs = [(a, b, _shared(a, b)) for a in ones for b in others]
    meeting = [(a, b, line) for a, b, line in pairs if not line.is_empty]
    if not meeting:
        raise NotAdjacent(_apart(ones, others))
    names = _side_names(ones, others)
    sides = tuple(
        Side(name["en"], area, tuple(regions), name)
        for name, area, regions in zip(names, areas, (ones, others), strict=True)
    )
    sections = _in_order(meeting)
    _check_apart(ones, others, 1e3 * sum(section.length_km for section in sections))
    return Border(sections, (sides[0], sides[1]), _source_of(ones, others))


def _as_regions(given: Region | Iterable[Region]) -> list[Region]:
    regions = [given] if isinstance(given, Region) else list(dict.fromkeys(given))
    if not regions:
        raise GeometryError("Invalid side: no regions given. Must be a region or several.")
    return regions


def _area_of(regions: Sequence[Region]) -> Polygon | MultiPolygon:
    for region in regions:
        _check_area(region)
    areas = [cut_at_antimeridian(region.geometry) for region in regions]
    return areas[0] if len(areas) == 1 else shapely.union_all(areas)


def _check_area(region: Region) -> None:
    shape = region.geometry
    if shape.is_empty or shape.geom_type not in {"Polygon", "MultiPolygon"}:
        raise GeometryError(
            f"Invalid region {region.name!r}: its geometry is an empty or linear "
            f"{shape.geom_type}. Must be a Polygon or MultiPolygon."
        )
    if not shape.is_valid:
        raise GeometryError(
            f"Invalid region {region.name!r}: {shapely.is_valid_reason(shape)}. Must be a valid "
            "polygon; shapely.make_valid() mends most."
        )


def _linear(shape: BaseGeometry) -> list[LineString]:
    return [
        part
        for part in shapely.get_parts(shape)
        if part.geom_type == "LineString" and not part.is_empty
    ]


def _outline(area: BaseGeometry) -> BaseGeometry:
    """Return an area's boundary without the seams at which it was cut at the antimeridian."""
    boundary = area.boundary
    west, east = (shapely.intersection(boundary, _meridian(lon)) for lon in (-180.0, 180.0))
    if west.is_empty or east.is_empty:
        return boundary
    moved = shapely.transform(west, lambda xy: xy + _ROUND)
    seam = shapely.intersection(moved, east)
    twin = shapely.transform(seam, lambda xy: xy - _ROUND)
    return shapely.difference(boundary, shapely.union(seam, twin))


def _seamed(region: Region) -> BaseGeometry:
    """Return a region's boundary, what runs along −180° brought to 180°, where others have it."""
    boundary = _outline(cut_at_antimeridian(region.geometry))
    west = shapely.intersection(boundary, _meridian(-180.0))
    if not _linear(west):
        return boundary
    moved = shapely.transform(west, lambda xy: xy + _ROUND)
    return shapely.union(shapely.difference(boundary, west), moved)


def _meridian(lon: float) -> LineString:
    return shapely.LineString([(lon, -90.0), (lon, 90.0)])


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


def _shared(a: Region, b: Region) -> BaseGeometry:
    """Return the lines along which two regions meet, merged; empty where they do not."""
    common = shapely.intersection(_seamed(a), _seamed(b))
    return shapely.line_merge(shapely.MultiLineString(_linear(common)))


def _apart(ones: Sequence[Region], others: Sequence[Region]) -> str:
    """Return the message about sides that share no line, with the nearest gap between them."""
    gaps = [(_gap_km(a, b), a.name, b.name) for a in ones for b in others]
    gap, a_name, b_name = min(gaps)
    if gap < 1e-6:
        return (
            f"{a_name} and {b_name} meet at a point, or along edges that do not share their "
            "vertices. Must share a line, vertex by vertex."
        )
    return (
        f"{a_name} and {b_name} do not meet: at their nearest they are {gap:,.3g} km apart. "
        "Must be neighbours; outlines of different origin must first be snapped to each other."
    )


def _gap_km(a: Region, b: Region) -> float:
    """Return the distance between two outlines: two lines are nearest at a vertex of either."""
    lines = a.geometry.boundary, b.geometry.boundary
    gaps = []
    for line, other in (lines, lines[::-1]):
        lon, lat = shapely.get_coordinates(other).T
        gaps.append(float(LineIndex([line]).nearest(lon, lat).distance_m.min()))
    return min(gaps) / 1e3


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
    place = {vertex: i for i, vertex in enumerate(c for run in runs for c in run.coords)}
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

"""Borders of shapes that are no neighbours: along bare lines, around points and areas."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import shapely
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from geobuffer.areas import checked_area
from geobuffer.borders import border_of
from geobuffer.errors import DataError, GeometryError, MissingCRSError
from geobuffer.geodesy import check_degrees, length_m
from geobuffer.model import Border, Region, Section, Side, Source, join_sources
from geobuffer.outlines import cut_at_antimeridian

if TYPE_CHECKING:
    import geopandas as gpd

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
            raise MissingCRSError(
                "The table's shapes have no coordinate reference system. Must have one: set_crs()."
            )
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
        checked_area(shape.geometry, f"shape {shape.name!r}")
        near = [g for g in groups if _meet(g.geometry, shape.geometry)]
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


def _meet(one: BaseGeometry, other: BaseGeometry) -> bool:
    """Tell whether two areas touch, across the antimeridian as well."""
    whole, part = cut_at_antimeridian(one), cut_at_antimeridian(other)
    turned = (translate(part, turn) for turn in (-360.0, 360.0))
    return any(shapely.intersects(whole, area) for area in (part, *turned))

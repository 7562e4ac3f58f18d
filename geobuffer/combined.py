"""Zones made of zones: united, cut out of one another, clipped to regions.

What lies in one is decided by its parts' distances, never by the polygons, which are its picture.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias

import shapely

from geobuffer.areas import checked_area
from geobuffer.cards import of_zone
from geobuffer.errors import GeometryError, WrongKind
from geobuffer.geodesy import area_m2
from geobuffer.model import BufferZone, Region, Section, Side, Source, join_sources, zone_frame

if TYPE_CHECKING:
    import geopandas as gpd
    from shapely.geometry import MultiPolygon, Polygon

How: TypeAlias = Literal["union", "intersection", "difference"]


@dataclass(frozen=True, eq=False)
class CombinedZone:
    """Several zones and regions as one zone, of one ring.

    Made by :func:`geobuffer.unite`, :func:`geobuffer.subtract`, :func:`geobuffer.clip_zone`, and
    by :func:`geobuffer.build_zone` for widths by section. A place that is uncertain in a part, and
    not settled by the others, is uncertain in the whole: in a union, being surely inside one part
    settles it; in an intersection, being surely outside one.

    Parameters
    ----------
    how
        ``"union"``, ``"intersection"``, or ``"difference"``: the first part less the others.
    parts
        Zones and regions, of which at least one is a zone.
    polygon
        Its picture.
    name
        What its ring is called.

    Examples
    --------
    >>> import geobuffer as gb
    >>> spots = shapely.points([(30.0, 50.0), (30.1, 50.0)])
    >>> one, two = (gb.build_zone(gb.border_around(p, source=Source("a map")), km=5) for p in spots)
    >>> gb.unite(one, two).area_km2 < one.area_km2 + two.area_km2
    True
    """

    how: How
    parts: tuple[Part, ...]
    polygon: Polygon | MultiPolygon = field(repr=False)
    name: str

    @cached_property
    def zones(self) -> tuple[BufferZone, ...]:
        """The zones that it is made of, in the order of the parts."""
        found: list[BufferZone] = []
        for part in self.parts:
            if isinstance(part, CombinedZone):
                found += part.zones
            elif isinstance(part, BufferZone):
                found.append(part)
        return tuple(found)

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """The sections of all its borders."""
        return tuple(dict.fromkeys(s for zone in self.zones for s in zone.border.sections))

    @cached_property
    def sides(self) -> tuple[Side, ...]:
        """The sides of all its borders, those of one name once."""
        return tuple({s.name: s for zone in self.zones for s in zone.border.sides}.values())

    @cached_property
    def regions(self) -> tuple[Region, ...]:
        """The regions along its borders, and those that are parts of it."""
        found = [region for zone in self.zones for region in zone.border.regions]
        return tuple(dict.fromkeys([*found, *self._region_parts]))

    @cached_property
    def _region_parts(self) -> tuple[Region, ...]:
        found: list[Region] = []
        for part in self.parts:
            if isinstance(part, CombinedZone):
                found += part._region_parts  # noqa: SLF001 - of the same class
            elif isinstance(part, Region):
                found.append(part)
        return tuple(found)

    @cached_property
    def source(self) -> Source:
        """The sources of its borders and regions; the least accurate decides."""
        return join_sources(
            [zone.border.source for zone in self.zones] + [r.source for r in self._region_parts]
        )

    @property
    def side(self) -> str:
        """The side of its zones, or how it was made where they have several."""
        sides = {zone.side for zone in self.zones}
        return sides.pop() if len(sides) == 1 else self.how

    side_label = side

    @property
    def ends(self) -> str:
        """What happens at its borders' ends: ``"round"``, ``"flat"``, or ``"mixed"``."""
        ends = {zone.ends for zone in self.zones}
        return ends.pop() if len(ends) == 1 else "mixed"

    @property
    def width_km(self) -> float:
        """The largest width of its zones."""
        return max(zone.width_km for zone in self.zones)

    @property
    def edges_km(self) -> tuple[float, float]:
        """0 and its width: it has one ring."""
        return (0.0, self.width_km)

    @property
    def has_plain_edges(self) -> bool:
        """No: how far its edge lies from a border differs from place to place."""
        return False

    @property
    def ring_names(self) -> tuple[str]:
        """Its name."""
        return (self.name,)

    @property
    def rings(self) -> tuple[Polygon | MultiPolygon]:
        """Its polygon."""
        return (self.polygon,)

    @property
    def error_m(self) -> float:
        """The largest error of its zones' edges."""
        return max(zone.error_m for zone in self.zones)

    @property
    def tolerance_m(self) -> float:
        """The largest tolerance of its zones."""
        return max(zone.tolerance_m for zone in self.zones)

    @cached_property
    def area_km2(self) -> float:
        """Its area on the ellipsoid."""
        return area_m2(self.polygon) / 1e6

    @property
    def ring_areas_km2(self) -> tuple[float]:
        """Its area."""
        return (self.area_km2,)

    def to_frame(self) -> gpd.GeoDataFrame:
        """Return it as a row, with the columns of :meth:`geobuffer.BufferZone.to_frame`."""
        return zone_frame(self)

    def __repr__(self) -> str:
        return (
            f"CombinedZone({self.name}: {self.how} of {len(self.parts)}, {self.area_km2:,.0f} km²)"
        )

    _repr_html_ = of_zone


#: A zone, of either kind.
Zone: TypeAlias = BufferZone | CombinedZone

Part: TypeAlias = Zone | Region


def unite(*parts: Part, name: str = "") -> CombinedZone:
    """Return what lies in any of several zones (and regions).

    Parameters
    ----------
    *parts
        Zones, and regions whose whole area shall belong to it: a park and all within 5 km of it is
        the zone outside it, united with the park.
    name
        What its ring is called.

    Raises
    ------
    GeometryError
        There is no zone among the parts; or a region's geometry is no valid polygon in degrees.
    WrongKind
        Something is neither zone nor region.

    Examples
    --------
    >>> import geobuffer as gb
    >>> park = gb.Region("Park", shapely.box(30, 50, 30.1, 50.1), gb.Source("a sketch"))
    >>> about = gb.build_zone(gb.border_of(park), km=5, side="outside")
    >>> both = unite(about, park)
    >>> both.area_km2 - about.area_km2 - park.area_km2 < 1e-6
    True
    """
    return _combined("union", parts, name or "united zone")


def subtract(zone: Zone, *others: Part, name: str = "") -> CombinedZone:
    """Return what lies in a zone and in none of others.

    Parameters
    ----------
    zone
        The zone.
    *others
        Zones and regions to be cut out of it.
    name
        What its ring is called.

    Raises
    ------
    GeometryError, WrongKind
        As :func:`unite`.

    Examples
    --------
    >>> import geobuffer as gb
    >>> line = gb.border_along(shapely.LineString([(30, 50), (30, 51)]), source=gb.Source("a map"))
    >>> wide, narrow = (gb.build_zone(line, km=km) for km in (10, 5))
    >>> subtract(wide, narrow).area_km2 < wide.area_km2
    True
    """
    return _combined("difference", (zone, *others), name or "zone less others")


def clip_zone(zone: Zone, regions: Region | Iterable[Region], *, name: str = "") -> CombinedZone:
    """Return what of a zone lies in a region, or in any of several.

    Places nearer to a region's edge than they are accurate are uncertain.

    Parameters
    ----------
    zone
        The zone.
    regions
        A region or several, which count as one area.
    name
        What its ring is called.

    Raises
    ------
    GeometryError, WrongKind
        As :func:`unite`.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> border = gb.border_between(regions["Kursk"], regions["Sumy", "Chernihiv"])
    >>> zone = gb.build_zone(border, km=10, tolerance_m=1)
    >>> clip_zone(zone, regions["Sumy"]).name
    'zone in Sumy'
    """
    given = tuple(regions) if isinstance(regions, Iterable) else (regions,)
    if not given or not all(isinstance(region, Region) for region in given):
        raise WrongKind(f"Invalid regions {given!r}. Must be a region or several.")
    joined = given[0]
    if len(given) > 1:
        # One area, so that the edge between two of them is none.
        joined = Region(
            ", ".join(region.name for region in given),
            shapely.union_all([_area(region) for region in given]),
            join_sources(region.source for region in given),
        )
    return _combined("intersection", (zone, joined), name or f"zone in {joined.name}")


def _area(region: Region) -> Polygon | MultiPolygon:
    return checked_area(region.geometry, f"region {region.name!r}")


def _combined(how: How, parts: tuple[Part, ...], name: str) -> CombinedZone:
    for part in parts:
        if not isinstance(part, (BufferZone, CombinedZone, Region)):
            kind = type(part).__name__
            raise WrongKind(f"Invalid part: a {kind}. Must be a zone or a region.")
    if all(isinstance(part, Region) for part in parts):
        raise GeometryError("Invalid parts: no zone among them. Must have one.")
    first, *rest = (_area(part) if isinstance(part, Region) else part.polygon for part in parts)
    shape = first
    if how == "union":
        shape = shapely.union_all([first, *rest])
    elif how == "difference":
        shape = shapely.difference(first, shapely.union_all(rest))
    elif rest:
        shape = shapely.intersection_all([first, *rest])
    polygons = shapely.get_parts(shapely.get_parts(shape))
    polygons = [part for part in polygons if part.geom_type == "Polygon"]
    picture = polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)
    return CombinedZone(how, tuple(parts), picture, name)

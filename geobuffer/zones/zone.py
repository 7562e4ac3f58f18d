"""A zone along a border, and its rings as a table."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import shapely

from geobuffer.geodesy.ellipsoid import area_m2
from geobuffer.zones.border import BOTH, Section, Side
from geobuffer.zones.region import Region
from geobuffer.zones.repr_html import zone_html
from geobuffer.zones.source import Source, join_sources

if TYPE_CHECKING:
    import geopandas as gpd
    from shapely.geometry import MultiPolygon, Polygon

    from geobuffer.zones.border import Border, Section, Side
    from geobuffer.zones.flat_ends import FlatEnd
    from geobuffer.zones.source import Source


#: How zones are measured, in a sentence that travels with files.
METHOD = "Geodesic distance on WGS 84 to the border; segments straight in longitude and latitude."


@dataclass(frozen=True, eq=False)
class BufferZone:
    """What lies within a distance of a border, on one side or both, ring by ring.

    Made by :func:`geobuffer.build_zone`. The zone *is* the distance: whether a place lies in it
    is decided by the place's geodesic distance. The polygons are its picture.

    Parameters
    ----------
    border
        The border it lies along.
    edges_km
        Its edges, ascending: ``(0, 5, 10)`` are the rings 0–5 km and 5–10 km. Where the first is
        not 0, what lies nearer, that edge included, is not in it.
    side
        ``"both"`` or the name of one of the border's sides.
    ends
        ``"round"`` or ``"flat"``: what happens at the ends of the border.
    rings
        A polygon for each ring, the innermost first.
    tolerance_m
        How far an edge of the polygons was allowed to lie from its distance.
    error_m
        The largest departure found when the finished edges were measured.
    flat_ends
        Where it is cut off square; empty for round ends.
    side_km
        Its widths on the border's first and second side, where they differ; then what lies on the
        territory of neither is not in it.

    Examples
    --------
    >>> import geobuffer as gb
    >>> plant = gb.border_around(shapely.Point(30.1, 51.39), source=gb.Source("a map"))
    >>> gb.build_zone(plant, km=[10, 30]).ring_names
    ('0–10 km', '10–30 km')
    """

    border: Border
    edges_km: tuple[float, ...]
    side: str
    ends: str
    rings: tuple[Polygon | MultiPolygon, ...] = field(repr=False)
    tolerance_m: float
    error_m: float
    flat_ends: tuple[FlatEnd, ...] = field(repr=False, default=())
    side_km: tuple[float, float] | None = None

    @property
    def sections(self) -> tuple[Section, ...]:
        """The sections of its border."""
        return self.border.sections

    @property
    def sides(self) -> tuple[Side, ...]:
        """The sides of its border."""
        return self.border.sides

    @property
    def regions(self) -> tuple[Region, ...]:
        """The regions along its border."""
        return self.border.regions

    @property
    def source(self) -> Source:
        """Where its border comes from."""
        return self.border.source

    @property
    def has_plain_edges(self) -> bool:
        """Whether its edges lie at the same distances everywhere."""
        return self.side_km is None

    @property
    def width_km(self) -> float:
        """The distance of its outermost edge from the border."""
        return self.edges_km[-1]

    @property
    def reach_km(self) -> tuple[float, float, float]:
        """How far it reaches on the first and second side and on neither's territory, by code.

        Minus infinity where it has no part.
        """
        if self.side_km:
            return (*self.side_km, -math.inf)
        if self.side == BOTH:
            return (self.width_km,) * 3
        one, other = (
            self.width_km if s.name == self.side else -math.inf for s in self.border.sides
        )
        return (one, other, -math.inf)

    @property
    def ring_names(self) -> tuple[str, ...]:
        """The rings' names, innermost first: ``"0–5 km"``, ``"5–10 km"``."""
        if self.side_km:
            begin = f", from {self.edges_km[0]:g} km" if self.edges_km[0] else ""
            return (self.side_label + begin,)
        pairs = zip(self.edges_km[:-1], self.edges_km[1:], strict=True)
        return tuple(f"{inner:g}–{outer:g} km" for inner, outer in pairs)

    @property
    def side_label(self) -> str:
        """Its side; where widths differ, both with theirs: ``"Russia 5 km, Ukraine 10 km"``."""
        if self.side_km is None:
            return self.side
        pairs = zip(self.border.sides, self.side_km, strict=True)
        return ", ".join(f"{side.name} {km:g} km" for side, km in pairs)

    @cached_property
    def polygon(self) -> Polygon | MultiPolygon:
        """The whole zone: all its rings together."""
        if len(self.rings) == 1:
            return self.rings[0]
        return shapely.coverage_union_all(self.rings)

    @cached_property
    def ring_areas_km2(self) -> tuple[float, ...]:
        """The area of each ring on the ellipsoid."""
        return tuple(area_m2(ring) / 1e6 for ring in self.rings)

    @property
    def area_km2(self) -> float:
        """Its area on the ellipsoid."""
        return math.fsum(self.ring_areas_km2)

    def to_frame(self) -> gpd.GeoDataFrame:
        """Return a row for each ring, with everything that must outlast the object as a column."""
        return zone_frame(self)

    def __repr__(self) -> str:
        edges = "/".join(f"{edge:g}" for edge in self.edges_km[not self.edges_km[0] :])
        return (
            f"BufferZone({edges} km, side={self.side_label!r}, ends={self.ends!r}, "
            f"{self.area_km2:,.0f} km², edges within {self.error_m:.2g} m)"
        )

    _repr_html_ = zone_html


def zone_frame(zone: Any) -> gpd.GeoDataFrame:
    """Return a row for each ring of any zone, with all that must outlast it as columns."""
    import geopandas as gpd

    from geobuffer._version import __version__

    source = zone.source
    return gpd.GeoDataFrame(
        {
            "ring": zone.ring_names,
            "from_km": zone.edges_km[:-1],
            "to_km": zone.edges_km[1:],
            "side": zone.side_label,
            "ends": zone.ends,
            "area_km2": zone.ring_areas_km2,
            "edge_error_m": zone.error_m,
            "border": "; ".join(section.name for section in zone.sections),
            "source": source.title,
            "licence": source.licence,
            "as_of": source.as_of,
            "accuracy_m": math.nan if source.accuracy_m is None else source.accuracy_m,
            "method": METHOD,
            "made_with": f"geobuffer {__version__}",
        },
        geometry=list(zone.rings),
        crs="EPSG:4326",
    )


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

    _repr_html_ = zone_html


#: A zone, of either kind.
Zone: TypeAlias = BufferZone | CombinedZone

Part: TypeAlias = Zone | Region

"""The classes of zones: along one border, combined from several, and their common protocol."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, TypeGuard

import numpy as np
import shapely

from geobuffer.geodesy.antimeridian import keep_polygons
from geobuffer.geodesy.area_index import AreaIndex
from geobuffer.geodesy.ellipsoid import area_m2
from geobuffer.zones.areas import POLYGON, repair_polygon
from geobuffer.zones.arguments import NAME, Kind, check_arguments, is_tuple_of, optional
from geobuffer.zones.border import AROUND, BOTH, Border
from geobuffer.zones.flat_ends import FlatEnd
from geobuffer.zones.protocols import SpatialNoun, make_source_columns
from geobuffer.zones.quantities import is_number
from geobuffer.zones.region import Region
from geobuffer.zones.repr_html import card_html, format_km2
from geobuffer.zones.source import join_sources, source_facts
from geobuffer.zones.translation import format_km

if TYPE_CHECKING:
    import geopandas as gpd
    from shapely.geometry import MultiPolygon, Polygon

    from geobuffer.zones.border import Section, Side
    from geobuffer.zones.source import Source


#: How zones are measured, as a sentence for files.
METHOD = "Geodesic distance on WGS 84 to the border; segments straight in longitude and latitude."


class Zone(Protocol):
    """The members that every zone has, along one border or combined from several zones."""

    @property
    def digest(self) -> str:
        """The SHA-256 of its content, in hexadecimal; equal for equal zones."""

    @property
    def zones(self) -> tuple[BufferZone, ...]:
        """The zones along single borders that form this zone; one zone returns itself."""

    @property
    def sections(self) -> tuple[Section, ...]:
        """The sections of all its borders."""

    @property
    def sides(self) -> tuple[Side, ...]:
        """The sides of all its borders; sides of one name once."""

    @property
    def regions(self) -> tuple[Region, ...]:
        """The regions along its borders, and the regions that are its parts."""

    @property
    def region_index(self) -> AreaIndex:
        """The index that finds which of its regions hold a point."""

    def build_grids(self) -> None:
        """Build the grids of its borders and regions, as :meth:`geobuffer.Border.build_grids`."""

    @property
    def source(self) -> Source:
        """Where its borders and regions come from."""

    @property
    def edges_km(self) -> tuple[float, ...]:
        """The distances of its edges from the border, in kilometres, ascending."""

    @property
    def width_km(self) -> float:
        """The distance of its outermost edge from the border, in kilometres."""

    @property
    def has_plain_edges(self) -> bool:
        """Whether its edges lie at the same distances everywhere."""

    @property
    def side(self) -> str:
        """``"both"``, ``"around"``, the name of a side, or how the zone was made."""

    @property
    def side_label(self) -> str:
        """Its side for readers; if the widths of the sides differ, both sides with their widths."""

    @property
    def ends(self) -> str:
        """What happens at the ends of its borders: ``"round"``, ``"flat"`` or ``"mixed"``."""

    @property
    def rings(self) -> tuple[Polygon | MultiPolygon, ...]:
        """A polygon for each ring, the innermost first."""

    @property
    def ring_names(self) -> tuple[str, ...]:
        """The names of the rings, the innermost first."""

    @property
    def ring_areas_km2(self) -> tuple[float, ...]:
        """The area of each ring on the ellipsoid, in square kilometres."""

    @property
    def polygon(self) -> Polygon | MultiPolygon:
        """All its rings together."""

    @property
    def area_km2(self) -> float:
        """Its area on the ellipsoid, in square kilometres."""

    @property
    def error_m(self) -> float:
        """A bound of how far its edges lie from their true distance, in metres."""

    @property
    def tolerance_m(self) -> float:
        """The largest error that its edges were allowed to have, in metres."""

    def to_frame(self) -> gpd.GeoDataFrame:
        """Return a row for each ring."""


def is_zone(thing: object) -> TypeGuard[BufferZone | CombinedZone]:
    """Return whether something is a zone of either class."""
    return isinstance(thing, (BufferZone, CombinedZone))


def zone_frame(zone: Zone) -> gpd.GeoDataFrame:
    """Return a row for each ring of a zone, with its metadata as columns."""
    import geopandas as gpd

    from geobuffer._version import __version__

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
            **make_source_columns(zone.source),
            "method": METHOD,
            "zone_id": zone.digest,
            "made_with": f"geobuffer {__version__}",
        },
        geometry=list(zone.rings),
        crs="EPSG:4326",
    )


def _zone_html(zone: Zone) -> str:
    """Return the HTML of a zone for a notebook, with a table of a row for each ring."""
    facts = [
        ("along", ", ".join(section.name for section in zone.sections)),
        ("side", zone.side_label),
        ("ends", zone.ends),
        ("area", f"{format_km2(zone.area_km2)} km²"),
        ("edges drawn", f"within {zone.error_m:.2g} m of their distance"),
        *source_facts(zone.source),
    ]
    areas = zip(zone.ring_names, map(format_km2, zone.ring_areas_km2), strict=True)
    # The innermost ring has the strongest fill.
    fills = np.linspace(0.4, 0.1, len(zone.rings)).tolist() if len(zone.rings) > 1 else [0.2]
    lines = [(section.line, 0.0) for section in zone.sections]
    shapes = [*zip(zone.rings, fills, strict=True), *lines]
    is_plain = zone.has_plain_edges
    title = f"{format_km(zone.width_km)} km from the border" if is_plain else zone.ring_names[0]
    rows = [("ring", "km²"), *areas]
    return card_html(type(zone).__name__, title, facts, rows=rows, shapes=shapes)


@dataclass(frozen=True, eq=False)
class BufferZone(SpatialNoun):
    """All points within a distance of a border, on one side or both, in one or several rings.

    :func:`geobuffer.build_zone` makes it. The geodesic distance of a place decides whether the
    place lies in the zone. The polygons are only for maps and files.

    Zones are equal if their borders, edges, sides, ends and widths are equal. Polygons, tolerance
    and error are not compared, because no answer depends on them.

    Parameters
    ----------
    border
        The border along which the zone lies.
    edges_km
        Its edges, ascending: ``(0, 5, 10)`` are the rings 0–5 km and 5–10 km. If the first edge is
        not 0, points nearer to the border than that edge, or on it, are not in the zone.
    side
        ``"both"``, the name of one of the border's sides, or ``"around"``: the inside of the border
        is filled.
    ends
        ``"round"`` or ``"flat"``: what happens at the ends of the border.
    rings
        A polygon for each ring, the innermost first.
    tolerance_m
        How far an edge of the polygons was allowed to lie from its true distance, in metres.
    error_m
        A bound of how far the finished edges lie from their true distance, in metres.
    flat_ends
        Where the zone is cut off square; empty for round ends.
    side_km
        Its widths on the border's first and second side, in kilometres, if they differ. Then
        points on the territory of neither side are not in the zone.

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
    rings: tuple[Polygon | MultiPolygon, ...] = field(repr=False, compare=False)
    tolerance_m: float = field(compare=False)
    error_m: float = field(compare=False)
    flat_ends: tuple[FlatEnd, ...] = field(repr=False, default=(), compare=False)
    side_km: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        self._freeze_lists("edges_km", "rings", "flat_ends", "side_km")
        check_arguments(
            border=(self.border, _BORDER),
            edges_km=(self.edges_km, _EDGES),
            side=(self.side, NAME),
            ends=(self.ends, _ENDS),
            rings=(self.rings, _RINGS),
            tolerance_m=(self.tolerance_m, _METRES),
            error_m=(self.error_m, _METRES),
            flat_ends=(self.flat_ends, _FLAT_ENDS),
            side_km=(self.side_km, optional(_SIDE_KM)),
        )
        rings = tuple(repair_polygon(ring, f"ring {n}") for n, ring in enumerate(self.rings, 1))
        object.__setattr__(self, "rings", rings)

    def _content(self) -> dict[str, Any]:
        # Of a flat end only the position counts: border and width determine the rest.
        return super()._content() | {"tips": [(end.lon, end.lat) for end in self.flat_ends]}

    @property
    def zones(self) -> tuple[BufferZone, ...]:
        """The zone itself, as a tuple."""
        return (self,)

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
    def region_index(self) -> AreaIndex:
        """The index that finds which of its regions hold a point."""
        return self.border.region_index

    def build_grids(self) -> None:
        """Build the grids of its border, as :meth:`geobuffer.Border.build_grids`."""
        self.border.build_grids()

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
        """The distance of its outermost edge from the border, in kilometres."""
        return self.edges_km[-1]

    @cached_property
    def reach_km(self) -> tuple[float, float, float]:
        """Its widths on the first side, the second side and the territory of neither.

        They are in kilometres; minus infinity where the zone has no part. The code of a side is
        its position. A zone around areas holds their whole inside.
        """
        if self.side_km:
            return (*self.side_km, -math.inf)
        if self.side == AROUND:
            return (math.inf, self.width_km, self.width_km)
        if self.side == BOTH:
            return (self.width_km,) * 3
        one, other = (
            self.width_km if side.name == self.side else -math.inf for side in self.border.sides
        )
        return (one, other, -math.inf)

    @property
    def ring_names(self) -> tuple[str, ...]:
        """The names of the rings, the innermost first: ``"0–5 km"``, ``"5–10 km"``."""
        if self.side_km:
            begin = f", from {format_km(self.edges_km[0])} km" if self.edges_km[0] else ""
            return (self.side_label + begin,)
        pairs = zip(self.edges_km[:-1], self.edges_km[1:], strict=True)
        return tuple(f"{format_km(inner)}–{format_km(outer)} km" for inner, outer in pairs)

    @property
    def side_label(self) -> str:
        """Its side, or both sides if their widths differ: ``"Russia 5 km, Ukraine 10 km"``."""
        if self.side_km is None:
            return self.side
        pairs = zip(self.border.sides, self.side_km, strict=True)
        return ", ".join(f"{side.name} {format_km(km)} km" for side, km in pairs)

    @cached_property
    def polygon(self) -> Polygon | MultiPolygon:
        """The whole zone: all its rings together."""
        if len(self.rings) == 1:
            return self.rings[0]
        whole = shapely.coverage_union_all(self.rings)
        # Where the outline of a side cuts the edge between two rings, rounding may give the rings
        # slightly different corners.
        return whole if whole.is_valid else keep_polygons(shapely.union_all(self.rings))

    @cached_property
    def ring_areas_km2(self) -> tuple[float, ...]:
        """The area of each ring on the ellipsoid, in square kilometres."""
        return tuple(area_m2(ring) / 1e6 for ring in self.rings)

    @property
    def area_km2(self) -> float:
        """Its area on the ellipsoid, in square kilometres."""
        return math.fsum(self.ring_areas_km2)

    def to_frame(self) -> gpd.GeoDataFrame:
        """Return a row for each ring, with the metadata of the zone as columns."""
        return zone_frame(self)

    def _shape(self) -> Polygon | MultiPolygon:
        return self.polygon

    def __repr__(self) -> str:
        shown = self.edges_km if self.edges_km[0] else self.edges_km[1:]
        edges = "/".join(map(format_km, shown))
        return (
            f"BufferZone({edges} km, side={self.side_label!r}, ends={self.ends!r}, "
            f"{self.area_km2:,.0f} km², edges within {self.error_m:.2g} m)"
        )

    _repr_html_ = _zone_html


How: TypeAlias = Literal["union", "intersection", "difference"]


@dataclass(frozen=True, eq=False)
class CombinedZone(SpatialNoun):
    """Several zones and regions as one zone, of one ring.

    :func:`geobuffer.unite`, :func:`geobuffer.subtract` and :func:`geobuffer.clip_zone` make it, and
    :func:`geobuffer.build_zone` for widths by section. A place that is uncertain in one part is
    uncertain in the whole, unless the other parts decide. In a union, a place surely inside one
    part is inside. In an intersection, a place surely outside one part is outside.

    Zones are equal if the operation, the parts in order and the names are equal.

    Parameters
    ----------
    how
        ``"union"``, ``"intersection"``, or ``"difference"``: the first part without the others.
    parts
        Zones and regions, of which at least one is a zone.
    polygon
        The area of the zone, for maps and files.
    name
        The name of its ring.

    Examples
    --------
    >>> import geobuffer as gb
    >>> source = gb.Source("a map")
    >>> spots = shapely.points([(30.0, 50.0), (30.1, 50.0)])
    >>> one, two = (gb.build_zone(gb.border_around(p, source=source), km=5) for p in spots)
    >>> gb.unite(one, two).area_km2 < one.area_km2 + two.area_km2
    True
    """

    how: How
    parts: tuple[Part, ...]
    polygon: Polygon | MultiPolygon = field(repr=False, compare=False)
    name: str

    def __post_init__(self) -> None:
        self._freeze_lists("parts")
        check_arguments(
            how=(self.how, _HOW),
            parts=(self.parts, _PARTS),
            polygon=(self.polygon, POLYGON),
            name=(self.name, NAME),
        )
        object.__setattr__(self, "polygon", repair_polygon(self.polygon, f"zone {self.name!r}"))

    @cached_property
    def zones(self) -> tuple[BufferZone, ...]:
        """The zones along single borders that it is made of, in the order of the parts."""
        return tuple(
            zone for part in self.parts if not isinstance(part, Region) for zone in part.zones
        )

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """The sections of all its borders."""
        return tuple(dict.fromkeys(s for zone in self.zones for s in zone.sections))

    @cached_property
    def sides(self) -> tuple[Side, ...]:
        """The sides of all its borders; sides of one name once."""
        return tuple({side.name: side for zone in self.zones for side in zone.sides}.values())

    @cached_property
    def regions(self) -> tuple[Region, ...]:
        """The regions along its borders, and the regions that are its parts."""
        along = [region for zone in self.zones for region in zone.regions]
        return tuple(dict.fromkeys([*along, *self._region_parts]))

    @cached_property
    def region_index(self) -> AreaIndex:
        """The index that finds which of its regions hold a point; built once, and picklable."""
        lines = [section.line for section in self.sections]
        return AreaIndex([one.geometry for one in self.regions], shapely.total_bounds(lines))

    def build_grids(self) -> None:
        """Build the grids of its borders and regions, as :meth:`geobuffer.Border.build_grids`."""
        for zone in self.zones:
            zone.build_grids()
        self.region_index.build_cells()

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
        """The sources of its borders and regions; the least accurate decides the accuracy."""
        return join_sources(
            [zone.source for zone in self.zones] + [region.source for region in self._region_parts]
        )

    @property
    def side(self) -> str:
        """The side of its zones; if they have several, how the zone was made."""
        sides = {zone.side for zone in self.zones}
        return sides.pop() if len(sides) == 1 else self.how

    side_label = side

    @property
    def ends(self) -> str:
        """What happens at the ends of its borders: ``"round"``, ``"flat"``, or ``"mixed"``."""
        ends = {zone.ends for zone in self.zones}
        return ends.pop() if len(ends) == 1 else "mixed"

    @property
    def width_km(self) -> float:
        """The largest width of its zones, in kilometres."""
        return max(zone.width_km for zone in self.zones)

    @property
    def edges_km(self) -> tuple[float, float]:
        """0 and its width, in kilometres: it has one ring."""
        return (0.0, self.width_km)

    @property
    def has_plain_edges(self) -> bool:
        """Always false: the distance of its edge from a border differs from place to place."""
        return False

    @property
    def ring_names(self) -> tuple[str]:
        """Its name, as that of its only ring."""
        return (self.name,)

    @property
    def rings(self) -> tuple[Polygon | MultiPolygon]:
        """Its polygon, as its only ring."""
        return (self.polygon,)

    @property
    def error_m(self) -> float:
        """The largest error bound of its zones, in metres."""
        return max(zone.error_m for zone in self.zones)

    @property
    def tolerance_m(self) -> float:
        """The largest tolerance of its zones, in metres."""
        return max(zone.tolerance_m for zone in self.zones)

    @cached_property
    def area_km2(self) -> float:
        """Its area on the ellipsoid, in square kilometres."""
        return area_m2(self.polygon) / 1e6

    @property
    def ring_areas_km2(self) -> tuple[float]:
        """Its area in square kilometres, as that of its only ring."""
        return (self.area_km2,)

    def to_frame(self) -> gpd.GeoDataFrame:
        """Return the zone as one row, with the columns of :meth:`geobuffer.BufferZone.to_frame`."""
        return zone_frame(self)

    def _shape(self) -> Polygon | MultiPolygon:
        return self.polygon

    def __repr__(self) -> str:
        return (
            f"CombinedZone({self.name}: {self.how} of {len(self.parts)}, {self.area_km2:,.0f} km²)"
        )

    _repr_html_ = _zone_html


Part: TypeAlias = BufferZone | CombinedZone | Region


def _is_ascending(edges: tuple[float, ...]) -> bool:
    return all(one < other for one, other in pairwise(edges))


_BORDER = Kind(
    lambda value: isinstance(value, Border),
    "a Border, as border_between() and border_along() make it",
)
_EDGES = Kind(
    lambda v: is_tuple_of(is_number)(v) and len(v) > 1 and v[0] >= 0.0 and _is_ascending(v),
    "a tuple of two kilometres or more, ascending from 0 or more",
)
_ENDS = Kind(
    lambda value: isinstance(value, str) and value in ("round", "flat"), "'round' or 'flat'"
)
_RINGS = Kind(is_tuple_of(POLYGON.accepts), "a tuple of polygons")
# An infinite tolerance means that the zone has no polygons, because only distances are needed.
_METRES = Kind(lambda value: is_number(value) and value >= 0.0, "metres, 0 or more")
_FLAT_ENDS = Kind(
    is_tuple_of(lambda one: isinstance(one, FlatEnd)), "a tuple of the flat ends of another zone"
)
_SIDE_KM = Kind(
    lambda value: is_tuple_of(is_number)(value) and len(value) == 2, "a tuple of two kilometres"
)
_HOW = Kind(
    lambda value: isinstance(value, str) and value in ("union", "intersection", "difference"),
    "'union', 'intersection' or 'difference'",
)
_PARTS = Kind(
    lambda value: (
        is_tuple_of(lambda one: is_zone(one) or isinstance(one, Region))(value)
        and any(map(is_zone, value))
    ),
    "a tuple of zones and regions, of which at least one is a zone",
)

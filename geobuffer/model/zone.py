"""A zone along a border, and its rings as a table."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import shapely

from geobuffer.cards import of_zone
from geobuffer.geodesy import area_m2
from geobuffer.model.border import BOTH

if TYPE_CHECKING:
    import geopandas as gpd
    from shapely.geometry import MultiPolygon, Polygon

    from geobuffer.ends import FlatEnd
    from geobuffer.model.border import Border, Section, Side
    from geobuffer.model.region import Region
    from geobuffer.model.source import Source

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

    _repr_html_ = of_zone


def zone_frame(zone: Any) -> gpd.GeoDataFrame:
    """Return a row for each ring of any zone, with all that must outlast it as columns."""
    import geopandas as gpd

    from geobuffer import __version__

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

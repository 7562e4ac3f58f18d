"""The nouns: Source, Region, Border, BufferZone, and what they are made of.

All are immutable, hold shapely geometry in longitude and latitude (EPSG:4326, degrees), and carry
where they come from. Their methods use only what they hold; what needs a table, a file or a map
is a function in a room of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import shapely

from geobuffer.cards import (
    of_border,
    of_region,
    of_regions,
    of_section,
    of_side,
    of_source,
    of_zone,
)
from geobuffer.errors import UnknownRegion, UnknownSide, did_you_mean
from geobuffer.geodesy import Floats, area_m2, holds
from geobuffer.names import LANGUAGES, fold, other_names, region_key
from geobuffer.nearest import LineIndex
from geobuffer.outlines import boundary_of, cut_at_antimeridian

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import geopandas as gpd
    from numpy.typing import NDArray
    from shapely.geometry import LineString, MultiLineString, MultiPolygon, Polygon

    from geobuffer.ends import FlatEnd
    from geobuffer.healing import Healing

#: The side of a zone that lies on both sides of its border.
BOTH = "both"

#: How zones are measured, in a sentence that travels with files.
METHOD = "Geodesic distance on WGS 84 to the border; segments straight in longitude and latitude."

_MIXED = -2


@dataclass(frozen=True)
class Source:
    """Where a shape or a table comes from.

    Parameters
    ----------
    title, publisher, url, licence, version
        As the publisher gives them; empty where unknown.
    as_of
        The date of the facts (``2026``, ``2026-03`` or ``2026-03-01``), not of the download.
    accuracy_m
        How far off a position is, typically (about one standard deviation), in metres; ``None``
        where nobody says, which makes nothing that rests on it *uncertain*.
    citation
        How to cite it, and what its licence asks to be shown.
    retrieved
        The day a download was made (``2026-11-25``); empty for what is bundled or drawn.
    sha256
        The hash of the file that was downloaded; empty for what is bundled or drawn.

    Examples
    --------
    >>> Source("City parks 2025", licence="CC BY 4.0", accuracy_m=5)
    Source(City parks 2025, CC BY 4.0, ±5 m)
    """

    title: str
    publisher: str = ""
    url: str = ""
    licence: str = ""
    version: str = ""
    as_of: str = ""
    accuracy_m: float | None = None
    citation: str = ""
    retrieved: str = ""
    sha256: str = ""

    def __repr__(self) -> str:
        known = "" if self.accuracy_m is None else f"±{self.accuracy_m:g} m"
        facts = (self.title, self.licence, self.as_of and f"as of {self.as_of}", known)
        return f"Source({', '.join(fact for fact in facts if fact)})"

    _repr_html_ = of_source


def join_sources(sources: Iterable[Source]) -> Source:
    """Return several sources as one, each named once; the least accurate decides its accuracy.

    Where only some state a date or a licence, those of the others are said to be unknown, so that
    nobody takes one source's for another's.

    Examples
    --------
    >>> join_sources([Source("a map", as_of="2020"), Source("a sketch", accuracy_m=50)])
    Source(a map; a sketch, as of 2020; undated, ±50 m)
    """
    sources = list(dict.fromkeys(sources))
    if len(sources) == 1:
        return sources[0]
    known = [source.accuracy_m for source in sources if source.accuracy_m is not None]
    texts = {}
    for told in (f.name for f in fields(Source) if f.name != "accuracy_m"):
        values = dict.fromkeys(getattr(source, told) for source in sources)
        unknown = _UNKNOWN.get(told, "") if any(values) else ""
        texts[told] = "; ".join(filter(None, (value or unknown for value in values)))
    return Source(**texts, accuracy_m=max(known, default=None))


# What is said of a source that does not state what others do.
_UNKNOWN = {"as_of": "undated", "licence": "licence not stated"}


@dataclass(frozen=True, eq=False)
class Region:
    """A named area: a country, an oblast, a park.

    Parameters
    ----------
    name
        The short name it is looked up by, such as ``"Kursk"``.
    geometry
        Polygon or MultiPolygon, longitude and latitude.
    source
        Where its outline comes from.
    names
        Full names by language (``en``, ``uk``, ``ru``).
    iso
        ISO 3166 code, such as ``"RU-KRS"``.
    country
        ISO 3166-1 alpha-2 code of its country.
    country_names
        The country's name by language.
    border_source
        Where its part of the international border comes from, if not from ``source``.

    Examples
    --------
    >>> park = Region("Park", shapely.box(30, 50, 30.1, 50.1), Source("a sketch"))
    >>> round(park.area_km2, 1)
    79.7
    """

    name: str
    geometry: Polygon | MultiPolygon = field(repr=False)
    source: Source
    names: Mapping[str, str] = field(default_factory=dict, repr=False)
    iso: str = ""
    country: str = ""
    country_names: Mapping[str, str] = field(default_factory=dict, repr=False)
    border_source: Source | None = field(default=None, repr=False)

    def label(self, language: str) -> str:
        """Return its full name in a language, or its short name where there is none.

        Parameters
        ----------
        language
            ``"en"``, ``"uk"`` or ``"ru"``.
        """
        return self.names.get(language, self.name)

    @cached_property
    def area_km2(self) -> float:
        """Its area on the ellipsoid."""
        return area_m2(self.geometry) / 1e6

    _repr_html_ = of_region

    @cached_property
    def index(self) -> LineIndex:
        """The index that finds the nearest point of its outline; built once."""
        return LineIndex([boundary_of(cut_at_antimeridian(self.geometry))])


@dataclass(frozen=True, eq=False)
class Regions:
    """Regions, found by name in any of their languages or by ISO code.

    ``regions["Kursk"]`` is a :class:`Region`; ``regions["Kursk", "Sumy"]`` a tuple of them. Case,
    accents and letters that spellings differ in do not matter, nor does the word *oblast*; the
    names of the towns that oblasts are named after are known in other spellings too (*Kiev*).

    Parameters
    ----------
    members
        The regions, in order.

    Raises
    ------
    UnknownRegion
        No region has that name, and the message suggests the nearest; or several have it, and none
        of them alone is a country.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> regions["Сумська область"].iso, regions["UA-59"].name
    ('UA-59', 'Sumy')
    """

    members: tuple[Region, ...]

    @overload
    def __getitem__(self, name: str) -> Region: ...
    @overload
    def __getitem__(self, name: tuple[str, ...]) -> tuple[Region, ...]: ...
    def __getitem__(self, name: str | tuple[str, ...]) -> Region | tuple[Region, ...]:
        if isinstance(name, (tuple, list)):  # a list is what pandas wants
            return tuple(self._find(one) for one in name)
        return self._find(name)

    def __iter__(self) -> Iterator[Region]:
        return iter(self.members)

    def __len__(self) -> int:
        return len(self.members)

    def __repr__(self) -> str:
        return f"Regions({', '.join(region.name for region in self)})"

    _repr_html_ = of_regions

    def _find(self, name: str) -> Region:
        if not isinstance(name, str):
            raise UnknownRegion(f"Invalid region {name!r}. Must be a name or an ISO code.")
        key = region_key(name)
        for known in (fold(name), f"~{key}", *(f"~{other}" for other in other_names(key))):
            if found := self._by_name.get(known):
                return _only(name, found)
        names = [region.name for region in self]
        raise UnknownRegion(f"Invalid region {name!r}. {did_you_mean(name, names)}")

    @cached_property
    def _by_name(self) -> dict[str, list[Region]]:
        """Regions by what they are called, whole; and, after a ~, by what is left of that."""
        ways: list[dict[str, list[Region]]] = [{}, {}, {}, {}]
        for region in self:
            full = region.names.values()
            # Without what is drawn with it, which stands in brackets.
            others = (*full, *(name.partition(" (")[0] for name in full))
            for way, names in enumerate(((region.name,), (region.iso,), others)):
                for name in filter(None, names):
                    ways[way].setdefault(fold(name), []).append(region)
                    ways[3].setdefault(f"~{region_key(name)}", []).append(region)
        # Its short name counts before its code, and that before what it is called elsewhere.
        return ways[3] | ways[2] | ways[1] | ways[0]


def _only(name: str, found: Sequence[Region]) -> Region:
    """Return the region that is meant: the only one, or the country among its namesakes."""
    different: list[Region] = []
    for region in found:
        if not any(_is_same(region, other) for other in different):
            different.append(region)
    countries = [region for region in different if region.iso and region.iso == region.country]
    for meant in (different, countries):
        if len(meant) == 1:
            return meant[0]
    shown = ", ".join(
        " ".join(filter(None, (region.name, region.iso and f"({region.iso})")))
        for region in different
    )
    raise UnknownRegion(
        f"Ambiguous region {name!r}: {len(different)} are called so: {shown}. Must be a name or a "
        "code that only one of them has."
    )


def _is_same(one: Region, other: Region) -> bool:
    """Tell whether two are one region that was read twice, as countries of one region are."""
    facts = [(region.name, region.iso, region.country) for region in (one, other)]
    return facts[0] == facts[1] and bool(one.geometry == other.geometry)


@dataclass(frozen=True, eq=False)
class Side:
    """One of the two sides of a border: a name, and the territory it stands for.

    Parameters
    ----------
    name
        What it is called, such as ``"Ukraine"``.
    area
        Its territory, in longitude and latitude. ``None`` for a side that is everything not on the
        other (outside a park), and for both sides of a bare line, which lie left and right of its
        nearest stretch.
    regions
        The regions it is made of.
    names
        Its name by language.

    Examples
    --------
    >>> import geobuffer as gb
    >>> border = gb.border_along(shapely.LineString([(30, 50), (30, 51)]), source=Source("a map"))
    >>> border.side("left").label("uk")
    'ліворуч'
    """

    name: str
    area: Polygon | MultiPolygon | None = field(repr=False)
    regions: tuple[Region, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict, repr=False)

    def label(self, language: str) -> str:
        """Return its name in a language, or its own name where there is none.

        Parameters
        ----------
        language
            ``"en"``, ``"uk"`` or ``"ru"``.
        """
        return self.names.get(language, self.name)

    _repr_html_ = of_side


@dataclass(frozen=True, eq=False)
class Section:
    """A stretch of a border between one pair of regions, with its chainage.

    Parameters
    ----------
    name
        The names of its regions, or what it was called.
    line
        Its line in longitude and latitude; of a section around a point, the point.
    regions
        The regions on either side; none of a bare line.
    start_km
        The chainage at which it begins: the length of the sections before it.
    length_km
        Its length on the ellipsoid.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> [section] = gb.border_between(regions["Kursk"], regions["Sumy"]).sections
    >>> section.name, section.label("uk"), round(section.length_km)
    ('Kursk–Sumy', 'Курська область – Сумська область', 313)
    """

    name: str
    line: LineString | MultiLineString = field(repr=False)
    regions: tuple[Region, ...]
    start_km: float
    length_km: float

    def label(self, language: str) -> str:
        """Return its name in a language: the names of its regions.

        Parameters
        ----------
        language
            ``"en"``, ``"uk"`` or ``"ru"``.
        """
        if not self.regions or language == "en":
            return self.name
        return " – ".join(region.label(language) for region in self.regions)

    _repr_html_ = of_section


@dataclass(frozen=True, eq=False)
class Border:
    """A line with two named sides, made of sections, with chainage in km.

    Made by :func:`geobuffer.border_between` and :func:`geobuffer.border_of`, from bare lines by
    :func:`geobuffer.border_along`, and about points and areas by :func:`geobuffer.border_around`.

    Parameters
    ----------
    sections
        Its stretches, in order.
    sides
        Its first and its second side.
    source
        Where its line comes from, and how accurate it is.
    healing
        How far the outlines of its two sides disagreed; ``None`` where they share every vertex.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> border = gb.border_between(regions["Kursk"], regions["Sumy"])
    >>> round(border.length_km), [side.name for side in border.sides]
    (313, ['Russia', 'Ukraine'])
    """

    sections: tuple[Section, ...]
    sides: tuple[Side, Side]
    source: Source
    healing: Healing | None = None

    @cached_property
    def line(self) -> LineString | MultiLineString:
        """The whole line, at full resolution; empty for points."""
        parts = [part for s in self.sections for part in shapely.get_parts(s.line)]
        lines = [part for part in parts if part.geom_type != "Point"]
        return shapely.line_merge(shapely.MultiLineString(lines), directed=True)

    @property
    def is_bare(self) -> bool:
        """Whether it is a bare line, whose sides are its left and its right."""
        return all(side.area is None for side in self.sides)

    @property
    def length_km(self) -> float:
        """Its length on the ellipsoid."""
        return sum(section.length_km for section in self.sections)

    @property
    def regions(self) -> tuple[Region, ...]:
        """The regions on either side, in the order they were given."""
        return tuple(region for side in self.sides for region in side.regions)

    @cached_property
    def index(self) -> LineIndex:
        """The index that finds the nearest point of each section; built once, can be pickled."""
        return LineIndex([section.line for section in self.sections])

    def side_codes(
        self, lon: Floats, lat: Floats, *, compiled: bool | None = None
    ) -> NDArray[np.int8]:
        """Return the number of the side whose territory holds each point; −1 for neither's.

        A point on the border itself is the first side's. Of a bare line that is the left one
        (:meth:`geobuffer.nearest.LineIndex.is_left`).

        Parameters
        ----------
        lon, lat
            Degrees; NaN where there is no point.
        compiled
            As :meth:`geobuffer.nearest.LineIndex.nearest`.
        """
        if self.is_bare:
            codes = np.full(len(lon), -1, dtype=np.int8)
            there = np.isfinite(lon)
            codes[there] = ~self.index.is_left(lon[there], lat[there], compiled=compiled)
            return codes
        if not self.index.uses_grid(len(lon), compiled):
            return self._codes(lon, lat)
        there = np.isfinite(lon)
        cell = np.full(len(lon), -1, dtype=np.int32)
        cell[there] = self.index.cells_of(lon[there], lat[there])
        codes = self._cell_codes[cell]
        open_ = np.flatnonzero((codes == _MIXED) | (cell < 0))
        codes[open_] = self._codes(lon[open_], lat[open_])
        return codes

    def _codes(self, lon: Floats, lat: Floats) -> NDArray[np.int8]:
        one, other = self.sides
        codes = np.full(len(lon), -1, dtype=np.int8)
        for number, side, opposite in ((1, other, one), (0, one, other)):
            if side.area is not None:
                codes[holds(side.area, lon, lat)] = number
            elif opposite.area is not None:
                codes[~holds(opposite.area, lon, lat) & np.isfinite(lon)] = number
        return codes

    @cached_property
    def _cell_codes(self) -> NDArray[np.int8]:
        """The side of each cell of the index's grid; ``_MIXED`` where an outline crosses it."""
        areas = [side.area for side in self.sides if side.area is not None]
        where = self.index.cells_in(areas)
        if len(areas) == 1:
            inside, outside = (0, 1) if self.sides[0].area is not None else (1, 0)
            codes = np.where(where[0] > 0, inside, outside)
        else:
            codes = np.where(where[0] > 0, 0, np.where(where[1] > 0, 1, -1))
        return np.where((where < 0).any(axis=0), _MIXED, codes).astype(np.int8)

    def side(self, name: str) -> Side:
        """Return a side by its name in any language.

        Parameters
        ----------
        name
            The name; case and accents do not matter.

        Raises
        ------
        UnknownSide
            The border has no such side; the message names those it has.
        """
        wanted = fold(str(name))
        for side in self.sides:
            if wanted in {fold(side.name), *(fold(n) for n in side.names.values())}:
                return side
        known = [*(side.name for side in self.sides), BOTH]
        raise UnknownSide(f"Invalid side {name!r}. {did_you_mean(str(name), known)}")

    def __repr__(self) -> str:
        names = ", ".join(section.name for section in self.sections)
        one, other = (side.name for side in self.sides)
        healed = ""
        if self.healing is not None:
            healed = f"; healed: outlines up to {self.healing.disagreement_km:.3g} km apart"
        return f"Border({one} | {other}: {names}; {self.length_km:,.0f} km{healed})"

    _repr_html_ = of_border


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
    >>> plant = gb.border_around(shapely.Point(30.1, 51.39), source=Source("a map"))
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


__all__ = [
    "BOTH", "LANGUAGES", "Border", "BufferZone", "Region", "Regions", "Section", "Side", "Source",
    "join_sources", "zone_frame",
]  # fmt: skip

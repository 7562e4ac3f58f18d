"""Named areas: a region, and a collection of regions that users look up by name."""

from __future__ import annotations

from dataclasses import InitVar, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

import shapely
from shapely.geometry.base import BaseGeometry

from geobuffer.errors import UnknownRegion, did_you_mean
from geobuffer.geodesy.antimeridian import cut_at_antimeridian, trace_boundary
from geobuffer.geodesy.ellipsoid import area_m2
from geobuffer.geodesy.nearest import LineIndex
from geobuffer.zones.areas import check_polygon
from geobuffer.zones.arguments import (
    NAME,
    NAMES_BY_LANGUAGE,
    Kind,
    check_arguments,
    describe_type,
    is_each,
    is_tuple_of,
    optional,
)
from geobuffer.zones.protocols import (
    SpatialNoun,
    make_frame,
    make_name_columns,
    make_source_columns,
)
from geobuffer.zones.repr_html import card_html, format_km2
from geobuffer.zones.source import SOURCE, source_facts
from geobuffer.zones.toponyms import (
    NAME_LANGUAGES,
    find_other_names,
    fold_name,
    fold_region_name,
    pick_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import geopandas as gpd
    from shapely.geometry import MultiPolygon, Polygon

    from geobuffer.geodesy.curved_edges import EdgeKind
    from geobuffer.zones.source import Source


@dataclass(frozen=True, eq=False)
class Region(SpatialNoun):
    """A named area: a country, an oblast, a park. Equal by content.

    Parameters
    ----------
    name
        The short name by which users look it up, such as ``"Kursk"``.
    geometry
        Polygon or MultiPolygon, longitude and latitude. A ring that crosses 180°, as from 178 to
        −179, is cut there, as in files.
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
    edges
        How edges run between vertices: ``"straight"`` in longitude and latitude, ``"geodesic"`` or
        ``"loxodrome"``. Vertices are added until straight pieces follow them to 1 cm.

    Raises
    ------
    WrongKind
        A value has a wrong type.
    GeometryError
        The geometry is not a polygon or is empty, a repair would change its area by more than 1 %,
        or its coordinates are not degrees. Or ``edges`` is not one of the three, or impossible, as
        between opposite points of the globe. Or an edge of more than 180° of longitude may run
        either way round the Earth.

    Warns
    -----
    UserWarning
        The polygon was invalid and was repaired; the warning says how much its area changed. Or a
        ring crosses 180°.

    Examples
    --------
    >>> import geobuffer as gb
    >>> import shapely
    >>> park = Region("Park", shapely.box(30, 50, 30.1, 50.1), gb.Source("a sketch"))
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
    edges: InitVar[EdgeKind] = "straight"

    def __post_init__(self, edges: EdgeKind) -> None:
        check_arguments(
            name=(self.name, NAME),
            geometry=(self.geometry, GEOMETRY),
            source=(self.source, SOURCE),
            names=(self.names, NAMES_BY_LANGUAGE),
            iso=(self.iso, NAME),
            country=(self.country, NAME),
            country_names=(self.country_names, NAMES_BY_LANGUAGE),
            border_source=(self.border_source, optional(SOURCE)),
        )
        area = check_polygon(self.geometry, f"region {self.name!r}", edges)
        object.__setattr__(self, "geometry", area)

    def label(self, language: str) -> str:
        """Return the full name of the region in a language, or else its short name.

        Parameters
        ----------
        language
            The code of the language, such as ``"uk"``.
        """
        return pick_name(self.names, language, self.name)

    def to_frame(self) -> gpd.GeoDataFrame:
        """Return the region as one row, with its names, codes, area and source."""
        return make_frame([self._facts()], [self.geometry])

    def _facts(self) -> dict[str, Any]:
        """Return the names, codes, area and source of the region as a row."""
        return make_name_columns(self.name, self.names) | {
            "iso": self.iso,
            "country": self.country,
            "area_km2": self.area_km2,
            **make_source_columns(self.source),
            "region_id": self.digest,
        }

    def _shape(self) -> Polygon | MultiPolygon:
        return self.geometry

    @cached_property
    def area_km2(self) -> float:
        """Its area on the ellipsoid, in square kilometres."""
        return area_m2(self.geometry) / 1e6

    @cached_property
    def index(self) -> LineIndex:
        """The index that finds the nearest point of the outline; built once."""
        return LineIndex([trace_boundary(cut_at_antimeridian(self.geometry))])

    def _repr_html_(self) -> str:
        facts: list[tuple[str, object]] = [
            (language, self.names.get(language, "")) for language in NAME_LANGUAGES
        ]
        facts.append(("ISO 3166", self.iso))
        facts.append(("country", self.country_names.get("en", self.country)))
        facts.append(("area", f"{format_km2(self.area_km2)} km²"))
        facts += source_facts(self.source)
        if self.border_source:
            facts.append(("border from", self.border_source.title))
        return card_html("Region", self.name, facts, shapes=[(self.geometry, 0.15)])


@dataclass(frozen=True, eq=False)
class Regions(SpatialNoun):
    """Regions, found by name in any of their languages or by ISO code; equal by content.

    ``regions["Kursk"]`` is a :class:`Region`; ``regions["Kursk", "Sumy"]`` are Regions again. Case,
    accents, the word *oblast* and letters that differ between spellings do not matter. Older
    spellings (*Kiev*) also find the towns after which oblasts are named.

    Parameters
    ----------
    members
        The regions, in order.

    Raises
    ------
    UnknownRegion
        No region has that name; the message suggests the most similar name. Or several regions
        have that name, and not exactly one of them is a country.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> regions["Сумська область"].iso, regions["UA-59"].name
    ('UA-59', 'Sumy')
    """

    members: tuple[Region, ...]

    def __post_init__(self) -> None:
        self._freeze_lists("members")
        check_arguments(members=(self.members, TUPLE_OF_REGIONS))

    @overload
    def __getitem__(self, name: str) -> Region: ...
    @overload
    def __getitem__(self, name: tuple[str, ...]) -> Regions: ...
    def __getitem__(self, name: str | tuple[str, ...]) -> Region | Regions:
        # We accept a list too, because pandas users write regions[["Kursk", "Sumy"]].
        if isinstance(name, (tuple, list)):
            return Regions(tuple(self._find(one) for one in name))
        return self._find(name)

    def __iter__(self) -> Iterator[Region]:
        return iter(self.members)

    def __len__(self) -> int:
        return len(self.members)

    def to_frame(self) -> gpd.GeoDataFrame:
        """Return a row for each region, with its names, codes, area and source."""
        rows = [region._facts() for region in self]  # noqa: SLF001 - a part
        return make_frame(rows, [region.geometry for region in self])

    @property
    def __geo_interface__(self) -> dict[str, Any]:
        """The regions as a FeatureCollection of GeoJSON."""
        features = [region.__geo_interface__ for region in self]
        return {"type": "FeatureCollection", "features": features}

    def __repr__(self) -> str:
        return f"Regions({', '.join(region.name for region in self)})"

    def _repr_html_(self) -> str:
        rows = [["name", *NAME_LANGUAGES, "ISO 3166", "country"]]
        for region in self:
            names = [region.names.get(language, "") for language in NAME_LANGUAGES]
            rows.append([region.name, *names, region.iso, region.country])
        shapes = [(region.geometry, 0.15) for region in self]
        return card_html("Regions", f"{len(self):,} regions", [], rows=rows, shapes=shapes)

    def _find(self, name: str) -> Region:
        if not isinstance(name, str):
            raise UnknownRegion(
                f"Invalid region: {describe_type(name)}. Must be a name or an ISO code."
            )
        key = fold_region_name(name)
        for known in (
            fold_name(name),
            f"~{key}",
            *(f"~{other}" for other in find_other_names(key)),
        ):
            if found := self._by_name.get(known):
                return _choose_region(name, found)
        names = [region.name for region in self]
        raise UnknownRegion(f"Invalid region {name!r}. {did_you_mean(name, names)}")

    @cached_property
    def _by_name(self) -> dict[str, list[Region]]:
        """The regions by folded name, and by ``~`` and the name without the word *oblast*."""
        by_short: dict[str, list[Region]] = {}
        by_iso: dict[str, list[Region]] = {}
        by_full: dict[str, list[Region]] = {}
        by_stem: dict[str, list[Region]] = {}
        for region in self:
            full = region.names.values()
            # Brackets in a name contain the names of other regions in the same outline.
            others = (*full, *(name.partition(" (")[0] for name in full))
            for by_name, names in (
                (by_short, (region.name,)),
                (by_iso, (region.iso,)),
                (by_full, others),
            ):
                for name in filter(None, names):
                    by_name.setdefault(fold_name(name), []).append(region)
                    by_stem.setdefault(f"~{fold_region_name(name)}", []).append(region)
        # A short name counts before an ISO code, and a code before a full name.
        return by_stem | by_full | by_iso | by_short


# The kinds of nouns and shapes, for checks of arguments.
GEOMETRY = Kind(
    lambda value: isinstance(value, BaseGeometry), "a shape of shapely, such as a Polygon"
)
REGIONS = Kind(
    lambda value: is_each(value, lambda one: isinstance(one, Region)),
    "regions, as load_regions() returns them",
)
TUPLE_OF_REGIONS = Kind(is_tuple_of(lambda one: isinstance(one, Region)), "a tuple of regions")

# A small area for the checks of the other facts of a region whose area is known to be valid.
_SQUARE = shapely.box(0.0, 0.0, 1.0, 1.0)


def make_region_of_valid_area(geometry: Polygon | MultiPolygon, **facts: Any) -> Region:
    """Return a region whose area is known to be valid.

    Checking the outlines of the whole world takes a second, most of the time of loading them. The
    data are fixed; all 799 regions were valid when we checked them, and a test checks some of them.

    >>> import geobuffer as gb
    >>> make_region_of_valid_area(_SQUARE, name="A degree", source=gb.Source("a sketch")).name
    'A degree'
    """
    region = Region(geometry=_SQUARE, **facts)
    object.__setattr__(region, "geometry", geometry)
    return region


def _choose_region(name: str, found: Sequence[Region]) -> Region:
    """Return the only region of a name, or the only country among several regions of that name."""
    different: list[Region] = []
    for region in found:
        if not any(_is_same_region(region, other) for other in different):
            different.append(region)
    countries = [region for region in different if region.iso and region.iso == region.country]
    for candidates in (different, countries):
        if len(candidates) == 1:
            return candidates[0]
    shown = ", ".join(
        " ".join(filter(None, (region.name, region.iso and f"({region.iso})")))
        for region in different
    )
    raise UnknownRegion(
        f"Ambiguous region {name!r}: {len(different)} regions have this name: {shown}. Must be a "
        "name or a code that only one of them has."
    )


def _is_same_region(one: Region, other: Region) -> bool:
    """Return whether two regions are the same: a country with one region occurs twice."""
    facts = [(region.name, region.iso, region.country) for region in (one, other)]
    return facts[0] == facts[1] and bool(one.geometry == other.geometry)

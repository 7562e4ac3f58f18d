"""Named areas, one by one and found by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, overload

from geobuffer.errors import UnknownRegion, did_you_mean
from geobuffer.geodesy.antimeridian import cut_at_antimeridian, trace_boundary
from geobuffer.geodesy.ellipsoid import area_m2
from geobuffer.geodesy.nearest import LineIndex
from geobuffer.zones.repr_html import card_html, format_km2
from geobuffer.zones.source import source_facts
from geobuffer.zones.toponyms import LANGUAGES, find_other_names, fold_name, fold_region_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from shapely.geometry import MultiPolygon, Polygon

    from geobuffer.zones.source import Source


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

    @cached_property
    def index(self) -> LineIndex:
        """The index that finds the nearest point of its outline; built once."""
        return LineIndex([trace_boundary(cut_at_antimeridian(self.geometry))])

    def _repr_html_(self) -> str:
        facts: list[tuple[str, object]] = [
            (language, self.names.get(language, "")) for language in LANGUAGES
        ]
        facts.append(("ISO 3166", self.iso))
        facts.append(("country", self.country_names.get("en", self.country)))
        facts.append(("area", f"{format_km2(self.area_km2)} km²"))
        facts += source_facts(self.source)
        if self.border_source:
            facts.append(("border from", self.border_source.title))
        return card_html("Region", self.name, facts, shapes=[(self.geometry, 0.15)])


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

    def _repr_html_(self) -> str:
        rows = [["name", *LANGUAGES, "ISO 3166", "country"]]
        for region in self:
            names = [region.names.get(language, "") for language in LANGUAGES]
            rows.append([region.name, *names, region.iso, region.country])
        shapes = [(region.geometry, 0.15) for region in self]
        return card_html("Regions", f"{len(self):,} regions", [], rows=rows, shapes=shapes)

    def _find(self, name: str) -> Region:
        if not isinstance(name, str):
            raise UnknownRegion(f"Invalid region {name!r}. Must be a name or an ISO code.")
        key = fold_region_name(name)
        for known in (
            fold_name(name),
            f"~{key}",
            *(f"~{other}" for other in find_other_names(key)),
        ):
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
                    ways[way].setdefault(fold_name(name), []).append(region)
                    ways[3].setdefault(f"~{fold_region_name(name)}", []).append(region)
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

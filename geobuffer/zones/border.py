"""A border: a line with two named sides, made of sections."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geobuffer.errors import GeometryError, UnknownSide, did_you_mean
from geobuffer.geodesy.area_index import AreaIndex
from geobuffer.geodesy.edgematch import Healing
from geobuffer.geodesy.ellipsoid import covers_points, length_m
from geobuffer.geodesy.nearest import LineIndex, find_tips
from geobuffer.zones.areas import POLYGON, repair_polygon
from geobuffer.zones.arguments import (
    NAME,
    NAMES_BY_LANGUAGE,
    NUMBER,
    Kind,
    check_arguments,
    is_tuple_of,
    optional,
)
from geobuffer.zones.doubts import Doubt, index_doubts
from geobuffer.zones.land import split_at_coast
from geobuffer.zones.protocols import (
    SpatialNoun,
    make_frame,
    make_name_columns,
    make_source_columns,
)
from geobuffer.zones.region import TUPLE_OF_REGIONS, Region, Regions
from geobuffer.zones.repr_html import card_html
from geobuffer.zones.source import SOURCE, source_facts
from geobuffer.zones.toponyms import NAME_LANGUAGES, fold_name, pick_name
from geobuffer.zones.translation import translate_all

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import geopandas as gpd
    from numpy.typing import NDArray
    from shapely.geometry import LineString, MultiLineString, MultiPolygon, Polygon
    from shapely.geometry.base import BaseGeometry

    from geobuffer.geodesy.ellipsoid import Floats
    from geobuffer.zones.land import LandAndSea
    from geobuffer.zones.source import Source


#: The side of a zone that lies on both sides of its border.
BOTH = "both"

#: The side of a zone that holds whole areas, and all land within a distance outside them.
AROUND = "around"

#: The names of sides that are not named after regions, by language.
SIDE_NAMES: Mapping[str, Mapping[str, str]] = {
    side: translate_all(f"name_{side}") for side in ("inside", "outside", "left", "right", AROUND)
}

# The text of a border names this many sections; it may have hundreds.
_MOST_NAMES = 8


@dataclass(frozen=True, eq=False)
class Side(SpatialNoun):
    """One of the two sides of a border: a name and a territory. Equal by content.

    Parameters
    ----------
    name
        Its name, such as ``"Ukraine"``.
    area
        Its territory, in longitude and latitude. ``None`` for a side that is everything not on the
        other side (outside a park), and for both sides of a bare line: its left and right.
    regions
        The regions that form the side.
    names
        Its name by language.

    Examples
    --------
    >>> import geobuffer as gb
    >>> line = shapely.LineString([(30, 50), (30, 51)])
    >>> border = gb.border_along(line, source=gb.Source("a map"))
    >>> border.side("left").label("uk")
    'ліворуч'
    """

    name: str
    area: Polygon | MultiPolygon | None = field(repr=False)
    regions: tuple[Region, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self._freeze_lists("regions")
        check_arguments(
            name=(self.name, NAME),
            area=(self.area, optional(POLYGON)),
            regions=(self.regions, TUPLE_OF_REGIONS),
            names=(self.names, NAMES_BY_LANGUAGE),
        )
        if self.area is not None:
            object.__setattr__(self, "area", repair_polygon(self.area, f"side {self.name!r}"))

    def label(self, language: str) -> str:
        """Return the name of the side in a language, or ``name`` without one in that language.

        Parameters
        ----------
        language
            The code of the language, such as ``"uk"``.
        """
        return pick_name(self.names, language, self.name)

    def to_frame(self) -> gpd.GeoDataFrame:
        """Return the side as one row; its shape is missing if ``area`` is ``None``."""
        facts = {"regions": "; ".join(region.name for region in self.regions)}
        return make_frame([make_name_columns(self.name, self.names) | facts], [self.area])

    def _shape(self) -> Polygon | MultiPolygon | None:
        return self.area

    def _repr_html_(self) -> str:
        facts = [(language, self.names.get(language, "")) for language in NAME_LANGUAGES]
        facts.append(("regions", ", ".join(region.name for region in self.regions)))
        if self.area is None:
            facts.append(("territory", "all that is not on the other side"))
        return card_html("Side", self.name, facts, shapes=[(self.area, 0.15)])


@dataclass(frozen=True, eq=False)
class Section(SpatialNoun):
    """A part of a border, such as that between one pair of regions, with its chainage.

    Sections are equal if their content is equal. Kilometres are rounded to a metre first.

    Parameters
    ----------
    name
        The names of its regions, or the name that the caller gave it.
    line
        Its line in longitude and latitude; for a section around a point, the point.
    regions
        The regions on either side; empty for a bare line.
    start_km
        The chainage at which it begins, in kilometres: the length of the sections before it.
    length_km
        Its length on the ellipsoid, in kilometres.

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

    def __post_init__(self) -> None:
        self._freeze_lists("regions")
        check_arguments(
            name=(self.name, NAME),
            line=(self.line, _LINE),
            regions=(self.regions, TUPLE_OF_REGIONS),
            start_km=(self.start_km, NUMBER),
            length_km=(self.length_km, NUMBER),
        )

    def _content(self) -> dict[str, Any]:
        # Rounding errors below 1e-9 degrees at many vertices change a length by centimetres.
        km = {name: round(getattr(self, name), 3) for name in ("start_km", "length_km")}
        return super()._content() | km

    def label(self, language: str) -> str:
        """Return the name of the section in a language: the names of its regions.

        Parameters
        ----------
        language
            The code of the language, such as ``"uk"``.
        """
        known = {*NAME_LANGUAGES, *(to for region in self.regions for to in region.names)}
        if not self.regions or language == "en" or language not in known:
            return self.name
        return " – ".join(region.label(language) for region in self.regions)

    def _facts(self) -> dict[str, Any]:
        """Return the names and the chainage of the section as a row."""
        names = {language: self.label(language) for language in NAME_LANGUAGES}
        return make_name_columns(self.name, names) | {
            "regions": "; ".join(region.name for region in self.regions),
            "start_km": self.start_km,
            "length_km": self.length_km,
        }

    def to_frame(self) -> gpd.GeoDataFrame:
        """Return the section as one row, with its names, regions and chainage."""
        return make_frame([self._facts()], [self.line])

    def _shape(self) -> LineString | MultiLineString:
        return self.line

    def _repr_html_(self) -> str:
        facts = [(language, self.label(language)) for language in NAME_LANGUAGES]
        end_km = self.start_km + self.length_km
        facts.append(("chainage", f"{self.start_km:,.1f} to {end_km:,.1f} km"))
        facts.append(("length", f"{self.length_km:,.1f} km"))
        return card_html("Section", self.name, facts, shapes=[(self.line, 0.0)])


@dataclass(frozen=True, eq=False)
class Border(SpatialNoun):
    """A line with two named sides, made of sections, with chainage in km.

    :func:`geobuffer.border_between` and :func:`geobuffer.border_of` make borders from regions,
    :func:`geobuffer.border_along` from bare lines, and :func:`geobuffer.border_around` from points
    and areas. Borders are equal if their sections, sides and sources are equal.

    Parameters
    ----------
    sections
        Its sections, in order.
    sides
        Its first and its second side.
    source
        Where its line comes from, and how accurate it is.
    healing
        How far the outlines of its two sides disagree; ``None`` if they share every vertex.
    doubts
        The stretches along which the border is less accurate than its source states.

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
    healing: Healing | None = field(default=None, compare=False)
    doubts: tuple[Doubt, ...] = field(default=(), repr=False)

    def _content(self) -> dict[str, Any]:
        # Without doubts we leave the field out, so that the digest equals that of older versions of
        # geobuffer, which had no doubts.
        content = super()._content()
        return content if self.doubts else {k: v for k, v in content.items() if k != "doubts"}

    def __post_init__(self) -> None:
        self._freeze_lists("sections", "sides", "doubts")
        check_arguments(
            sections=(self.sections, _SECTIONS),
            sides=(self.sides, _SIDES),
            source=(self.source, SOURCE),
            healing=(self.healing, optional(_HEALING)),
            doubts=(self.doubts, _DOUBTS),
        )

    @cached_property
    def line(self) -> LineString | MultiLineString:
        """The whole line, at full resolution; empty for points."""
        parts = [part for section in self.sections for part in shapely.get_parts(section.line)]
        lines = [part for part in parts if part.geom_type != "Point"]
        return shapely.line_merge(shapely.MultiLineString(lines), directed=True)

    def to_frame(self) -> gpd.GeoDataFrame:
        """Return a row for each section, with its names and chainage, the sides and the source."""
        facts = {
            "sides": "; ".join(side.name for side in self.sides),
            **make_source_columns(self.source),
            "border_id": self.digest,
        }
        rows = [section._facts() | facts for section in self.sections]  # noqa: SLF001 - a part
        return make_frame(rows, [section.line for section in self.sections])

    def _shape(self) -> BaseGeometry:
        """Return the line of the border, or the points around which it was made."""
        shapes = [section.line for section in self.sections]
        has_points = any(shape.geom_type.endswith("Point") for shape in shapes)
        return shapely.union_all(shapes) if has_points else self.line

    @cached_property
    def is_bare(self) -> bool:
        """Whether the border is a line without regions: its sides are left and right."""
        return all(side.area is None for side in self.sides)

    @property
    def length_km(self) -> float:
        """Its length on the ellipsoid, in kilometres."""
        return sum(section.length_km for section in self.sections)

    @cached_property
    def coast_split(self) -> tuple[LandAndSea, ...]:
        """Its sections, each in two parts: what counts as land, and what runs at sea.

        A coarse map of the world's land decides: Natural Earth at 1:50 million. The map is exact to
        some 3 km, and lacks most islands of less than 50 km². Lakes and rivers count as land. So
        does a stretch of which every point lies within 3 km of the map's land, such as a river's
        mouth. Sides and distances do not depend on this map.
        """
        return tuple(split_at_coast([section.line for section in self.sections]))

    @property
    def sea_line(self) -> MultiLineString:
        """The stretches of the border at sea, by :attr:`coast_split`; empty without any."""
        return shapely.MultiLineString([run for one in self.coast_split for run in one.sea.geoms])

    @cached_property
    def sea_km(self) -> float:
        """How many kilometres of the border run at sea, by :attr:`coast_split`."""
        runs = self.sea_line
        return 0.0 if runs.is_empty else length_m(runs) / 1e3

    @property
    def regions(self) -> tuple[Region, ...]:
        """The regions of the first side and of the second, in the caller's order."""
        return tuple(region for side in self.sides for region in side.regions)

    @cached_property
    def index(self) -> LineIndex:
        """The index that finds the nearest point of each section; built once, and picklable."""
        return LineIndex([section.line for section in self.sections])

    @cached_property
    def section_starts_km(self) -> Floats:
        """The chainage at which each section begins, in kilometres, as a read-only array."""
        starts = np.array([section.start_km for section in self.sections])
        starts.flags.writeable = False
        return starts

    def build_grids(self) -> None:
        """Build the grids that speed up queries of many points, so that copies have them.

        Call it before you send a border or a zone to many workers. Otherwise each worker builds
        its own grids when it first needs them. The answers are the same.
        """
        for index in (self.index, self._territories, self.region_index):
            index.build_cells()

    @property
    def can_fill(self) -> bool:
        """Whether the border has an inside and an outside, so that a zone can fill the inside."""
        one, other = self.sides
        return one.area is not None and other.area is None

    @cached_property
    def _doubtful_lines(self) -> list[tuple[float, LineIndex]]:
        starts_km = [section.start_km for section in self.sections]
        return index_doubts(self.index, starts_km, self.doubts)

    def accuracy_m_at(self, lon: Floats, lat: Floats) -> Floats:
        """Return the accuracy of the distance to the border at each point, in metres.

        It is the accuracy of the source, or a larger number near a stretch of ``doubts``: the
        accuracy of the stretch, less how much farther away the stretch is than the nearest point
        of the border.

        Parameters
        ----------
        lon, lat
            Degrees; NaN where there is no point.
        """
        accuracy = np.full(len(lon), self.source.accuracy_m or 0.0)
        there = np.flatnonzero(np.isfinite(lon))
        if not self.doubts or not len(there):
            return accuracy
        lon, lat = lon[there], lat[there]
        nearest = self.index.nearest(lon, lat).distance_m
        for doubt_m, index in self._doubtful_lines:
            farther = index.nearest(lon, lat).distance_m - nearest
            accuracy[there] = np.maximum(accuracy[there], doubt_m - farther)
        return accuracy

    @cached_property
    def _territories(self) -> AreaIndex:
        """The index of the territories of its sides; built once, and picklable."""
        return AreaIndex([side.area for side in self.sides if side.area is not None], self._bounds)

    @cached_property
    def region_index(self) -> AreaIndex:
        """The index that finds which regions hold a point; built once, and picklable."""
        return AreaIndex([region.geometry for region in self.regions], self._bounds)

    @cached_property
    def _bounds(self) -> Floats:
        """West, south, east and north of its line."""
        bounds: Floats = shapely.total_bounds([section.line for section in self.sections])
        return bounds

    def side_codes(self, lon: Floats, lat: Floats) -> NDArray[np.int8]:
        """Return the code of the side whose territory holds each point.

        The code is 0 for the first side, 1 for the second and −1 for neither. A point on the border
        itself belongs to the first side, which is the left of a bare line.

        Parameters
        ----------
        lon, lat
            Degrees; NaN where there is no point.
        """
        if self.is_bare:
            codes = np.full(len(lon), -1, dtype=np.int8)
            there = np.isfinite(lon)
            codes[there] = ~self.index.is_left(lon[there], lat[there])
            return codes
        if not self._territories.uses_cells(len(lon)):
            return self._find_side_codes(lon, lat)
        number, held = self._territories.find_holders(lon, lat)
        if held.shape[1] == len(self.sides):
            return _take(np.where(held[:, 0], 0, np.where(held[:, 1], 1, -1)), number)
        # All points outside the one area are on the other side.
        inside, outside = (1, 0) if self.sides[0].area is None else (0, 1)
        codes = _take(np.where(held[:, 0], inside, outside), number)
        codes[~np.isfinite(lon)] = -1
        return codes

    def _find_side_codes(self, lon: Floats, lat: Floats) -> NDArray[np.int8]:
        """Return the code of each point's side by a test against the territories."""
        one, other = self.sides
        codes = np.full(len(lon), -1, dtype=np.int8)
        for number, side, opposite in ((0, one, other), (1, other, one)):
            # A point in both territories counts for the first side, so we test the second
            # territory only with the points that are not in the first.
            rows = (codes < 0).nonzero()[0] if number else slice(None)
            at_lon, at_lat = lon[rows], lat[rows]
            if not len(at_lon):
                break
            held = np.zeros(len(at_lon), dtype=bool)
            if side.area is not None:
                held = covers_points(side.area, at_lon, at_lat)
            elif opposite.area is not None:
                held = ~covers_points(opposite.area, at_lon, at_lat) & np.isfinite(at_lon)
            codes[rows] = np.where(held, number, -1)
        return codes

    def side(self, name: str) -> Side:
        """Return a side by its name in any language.

        Parameters
        ----------
        name
            The name; case and accents do not matter.

        Raises
        ------
        UnknownSide
            The border has no such side; the message names its sides.
        """
        wanted = fold_name(str(name))
        for side in self.sides:
            if wanted in {fold_name(side.name), *(fold_name(n) for n in side.names.values())}:
                return side
        known = [*(side.name for side in self.sides), BOTH, *([AROUND] if self.can_fill else [])]
        message = f"Invalid side {name!r}. {did_you_mean(str(name), known)}"
        raise UnknownSide(message, parameter="side")

    def find_side_name(self, name: str) -> str:
        """Return the name by which zones store a side, from its name in any language.

        Parameters
        ----------
        name
            As for :meth:`side`; or ``"both"``; or, if the border has an inside, ``"around"``.

        Raises
        ------
        UnknownSide
            The border has no such side.
        GeometryError
            The name is that of one side, and the bare lines run in opposite directions.

        Examples
        --------
        >>> import geobuffer as gb
        >>> plant = gb.border_around(shapely.Point(30.1, 51.39), source=gb.Source("a map"))
        >>> plant.find_side_name("навколо"), plant.find_side_name("Зовні")
        ('around', 'outside')
        """
        if name == BOTH:
            return BOTH
        if self.can_fill and fold_name(name) in map(fold_name, SIDE_NAMES[AROUND].values()):
            return AROUND
        found = self.side(name).name
        if self.is_bare and (opposed := find_opposed_lines(self.sections)):
            raise GeometryError(
                f"Invalid side {name!r}: {opposed} Must run in one direction: shapely.reverse() "
                "reverses a line.",
                parameter="side",
            )
        return found

    def __repr__(self) -> str:
        names = ", ".join(section.name for section in self.sections[:_MOST_NAMES])
        if len(self.sections) > _MOST_NAMES:
            names += f" and {len(self.sections) - _MOST_NAMES:,} more"
        one, other = (side.name for side in self.sides)
        more = f"; {self.sea_km:,.0f} km at sea" if self.sea_km else ""
        if self.healing is not None:
            more += f"; healed: outlines up to {self.healing.disagreement_km:.3g} km apart"
        return f"Border({one} | {other}: {names}; {self.length_km:,.0f} km{more})"

    def _repr_html_(self) -> str:
        rows: list[list[object]] = [["section", "from km", "to km", "length km"]]
        for section in self.sections:
            end_km = section.start_km + section.length_km
            ends = (f"{section.start_km:,.1f}", f"{end_km:,.1f}")
            rows.append([section.name, *ends, f"{section.length_km:,.1f}"])
        at_sea = f"{self.sea_km:,.1f} km, by a coarse map of land" if self.sea_km else ""
        length = ("length", f"{self.length_km:,.1f} km")
        facts = [length, ("at sea", at_sea), *source_facts(self.source)]
        title = " | ".join(side.name for side in self.sides)
        shapes = [(section.line, 0.0) for section in self.sections]
        return card_html("Border", title, facts, rows=rows, shapes=shapes)


def _take(codes: NDArray[np.int64], number: NDArray[np.integer[Any]]) -> NDArray[np.int8]:
    """Return the code of a side for each number."""
    found: NDArray[np.int8] = codes.astype(np.int8)[number]
    return found


def find_opposed_lines(sections: Sequence[Section]) -> str:
    """Return a sentence that names two lines which meet with both beginnings, or with both ends.

    The sentence is empty without such lines. Places where three or more lines meet do not count.
    """
    ends_at: dict[tuple[float, float], list[tuple[str, int]]] = {}
    for section in sections:
        # A line that crosses itself at 180° is cut there twice, so four ends meet there.
        for part in find_tips([section.line]).tolist():
            for end, (lon, lat) in zip((0, -1), part, strict=True):
                ends_at.setdefault((lon, lat), []).append((section.name, end))
    for (turned, lat), ends in ends_at.items():
        if len(ends) == 2 and ends[0][1] == ends[1][1]:
            (one, end), (other, _) = ends
            how, lon = "begin" if end == 0 else "end", turned - 360.0 * (turned > 180.0)
            return (
                f"Lines {one!r} and {other!r}, or parts of them, both {how} at {lon:.6f}, "
                f"{lat:.6f} (longitude, latitude), so that left of one is right of the other."
            )
    return ""


_LINES = ("LineString", "MultiLineString", "Point", "MultiPoint")
_LINE = Kind(
    lambda value: getattr(value, "geom_type", "") in _LINES and not value.is_empty,
    "a LineString, a MultiLineString or, for a section around points, a Point or MultiPoint",
)
_SECTIONS = Kind(
    lambda value: is_tuple_of(lambda one: isinstance(one, Section))(value) and len(value) > 0,
    "a tuple of one Section or several",
)
_SIDES = Kind(
    lambda value: is_tuple_of(lambda one: isinstance(one, Side))(value) and len(value) == 2,
    "a tuple of two Sides",
)
_HEALING = Kind(lambda value: isinstance(value, Healing), "the healing of another border")
_DOUBTS = Kind(is_tuple_of(lambda one: isinstance(one, Doubt)), "the doubts of another border")

EXTENT = Kind(
    lambda value: isinstance(value, (Region, Regions, Border)), "a Region, Regions or a Border"
)

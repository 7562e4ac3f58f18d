"""Build the zone about a border: rings, sides, ends.

Zones made of zones: united, cut out of one another, clipped to regions.

What lies in one is decided by its parts' distances, never by the polygons, which are its picture.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, overload

import numpy as np
import pandas as pd
import shapely

from geobuffer.errors import GeometryError, WrongKind, did_you_mean
from geobuffer.geodesy.antimeridian import keep_polygons
from geobuffer.geodesy.buffer import buffer_lines
from geobuffer.geodesy.ellipsoid import LIMIT_M
from geobuffer.geodesy.sides import split_sides
from geobuffer.zones.border import BOTH, Border, Section
from geobuffer.zones.checks import check_area, check_border, parse_km
from geobuffer.zones.flat_ends import build_end_cuts, find_flat_ends
from geobuffer.zones.region import Region
from geobuffer.zones.source import join_sources
from geobuffer.zones.toponyms import LANGUAGES, fold_name
from geobuffer.zones.zone import BufferZone, CombinedZone, How, Part, Zone

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shapely.geometry import MultiPolygon, Polygon
    from shapely.geometry.base import BaseGeometry

    from geobuffer.zones.border import Section

    # A number of kilometres, or a text with its unit.
    _Width = float | str
    _Widths = float | str | Iterable[float] | Sequence[float | str]


_ENDS = ("round", "flat")

# No border is known to a metre.
_LEAST_KM = 0.001


@overload
def build_zone(
    border: Border,
    *,
    km: Mapping[str, _Width] | pd.Series,
    from_km: _Width = ...,
    side: str = ...,
    ends: Literal["round", "flat"] = ...,
    tolerance_m: float = ...,
) -> BufferZone | CombinedZone: ...
@overload
def build_zone(
    border: Border,
    *,
    km: _Widths,
    from_km: _Width = ...,
    side: str = ...,
    ends: Literal["round", "flat"] = ...,
    tolerance_m: float = ...,
) -> BufferZone: ...
@overload
def build_zone(
    border: Border,
    *,
    km: _Widths | Mapping[str, _Width] | pd.Series,
    from_km: _Width = ...,
    side: str = ...,
    ends: Literal["round", "flat"] = ...,
    tolerance_m: float = ...,
) -> BufferZone | CombinedZone: ...
def build_zone(
    border: Border,
    *,
    km: _Widths | Mapping[str, _Width] | pd.Series,
    from_km: _Width = 0.0,
    side: str = BOTH,
    ends: Literal["round", "flat"] = "round",
    tolerance_m: float = 0.1,
) -> BufferZone | CombinedZone:
    """Build the zone within a distance of a border, measured along geodesics.

    Parameters
    ----------
    border
        The border.
    km
        The width, or the outer edges of several rings: ``[5, 10]`` gives 0–5 and 5–10 km; each a
        number of kilometres or a text such as ``"10 km"``, ``"500 m"`` or ``"5 NM"``. Or a
        width for each side, ``{"Ukraine": 10, "Russia": 5}``, or for each section by its name,
        ``{"Kursk–Sumy": 10}``: in one ring and with round ends. A Series labelled by names, such as
        ``lines.set_index("name")["km"]``, is the same. A side left out has no part, and neither has
        what lies on no side's territory. A section left out has no zone; of the others the zones
        are united, each with its own round ends. Sections of one name have one width.
    from_km
        Where it begins: what lies nearer, or just so near, is not in it.
    side
        ``"both"``, or the name of one of the border's sides: then the zone is cut to that side's
        territory, which is that of the regions the border was made from; or, of a bare line, to
        what lies left or right of its nearest stretch.
    ends
        ``"round"`` keeps all that is within the distance of the border, past its ends as well;
        ``"flat"`` cuts the zone off square where the border ends, by a geodesic across the bearing
        of its last stretch as long as the zone is wide: not along other borders that begin there,
        so some of a neighbour may stay in. On one side, round ends are the better choice: the zone
        stays within that side's regions, so that one of Chernihiv, Sumy and Kharkiv reaches
        neither into Luhansk nor into Belarus, and keeps all of theirs that is near enough.
    tolerance_m
        How far the polygons' edges may lie from their distance.

    Raises
    ------
    GeometryError
        A distance is not a positive finite number, or beyond the limit of 2,000 km; rings do not
        ascend; the tolerance is not positive; ``ends`` is neither; the zone would reach a pole;
        widths for each side are given with rings, a ``side`` or flat ends; those for each section
        with rings, flat ends, ``from_km`` or one side of a bare line; a point has no inside; widths
        are given for what is neither side nor section, or for some of both, or two for one name.
    UnknownSide
        The border has no side of that name.
    WrongKind
        No border is given, but its line, its file or its name.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> border = gb.border_between(regions["Kursk"], regions["Sumy"])
    >>> zone = gb.build_zone(border, km=10, side="Ukraine", tolerance_m=1)
    >>> zone.ring_names, zone.error_m <= 1
    (('0–10 km',), True)
    """
    check_border(border)
    _check_drawing(ends, tolerance_m)
    name, side_km = (side if side == BOTH else border.side(side).name), None
    km, from_km = _labelled(km), _beginning(from_km)
    if isinstance(km, Mapping):
        if by_section := _sections_named(border, km):
            _check_of_sections(border, km, from_km, side, ends)
            return _by_section(border, by_section, name, tolerance_m)
        name, side_km, km = _by_side(border, km, side, ends)
    for one in border.sides:
        if one.name == name and one.area is not None and one.area.is_empty:
            raise GeometryError(f"Invalid side {name!r}: a point has none. Must be 'outside'.")
    edges = _edges(km, from_km)
    if side_km and edges[0] >= min(side_km):
        raise GeometryError(f"Invalid from_km {from_km:g}. Must be less than {min(side_km):g}.")
    squared = tuple(find_flat_ends(border.line, edges[-1] * 1e3) if ends == "flat" else ())
    zone = BufferZone(border, edges, name, ends, (), tolerance_m, 0.0, squared, side_km)
    rings, error_m = _drawn(zone)
    if error_m > tolerance_m:
        warnings.warn(
            f"The zone's edges stray by up to {error_m:.2g} m, more than tolerance_m "
            f"{tolerance_m:g}. Distances and membership are not affected.",
            stacklevel=2,
        )
    return replace(zone, rings=rings, error_m=error_m)


def _check_drawing(ends: str, tolerance_m: float) -> None:
    """Refuse ends and tolerances that there are not."""
    if not (_is_number(tolerance_m) and math.isfinite(tolerance_m) and tolerance_m >= 0.001):
        raise GeometryError(
            f"Invalid tolerance_m {tolerance_m!r}. Must be at least 0.001: a millimetre."
        )
    if ends not in _ENDS:
        raise GeometryError(f"Invalid ends {ends!r}. {did_you_mean(str(ends), _ENDS)}")


def _check_of_sections(
    border: Border, km: Mapping[str, _Width], from_km: float, side: str, ends: str
) -> None:
    """Refuse what cannot come with widths for each section."""
    if ends != "round" or from_km or (border.is_bare and side != BOTH):
        raise GeometryError(
            f"Invalid km {dict(km)!r} with ends {ends!r}, from_km {from_km:g}, side "
            f"{side!r}. Widths for each section must come with round ends, from_km 0 and, "
            "along a bare line, both sides."
        )


def _labelled(
    km: _Widths | Mapping[str, _Width] | pd.Series,
) -> _Widths | Mapping[str, _Width]:
    """Return the width for each label of a column that is labelled by names, else what is given."""
    if not (isinstance(km, pd.Series) and any(isinstance(label, str) for label in km.index)):
        return km
    for name, widths in km.groupby(level=0, sort=False):
        if len(set(widths)) > 1:
            raise GeometryError(
                f"Invalid km for {name!r}: {', '.join(f'{width}' for width in widths)}. Must be "
                "one width for a name; give what is to differ different names."
            )
    return dict(zip(km.index, km.tolist(), strict=True))


def _sections_named(border: Border, km: Mapping[str, _Width]) -> dict[float, tuple[Section, ...]]:
    """Return the sections of each width; nothing if widths are for sides."""
    keys = {key: _known_as(border, str(key)) for key in km}
    kinds = {kind for kind, _ in keys.values()}
    if len(kinds) > 1:
        raise GeometryError(
            f"Invalid km {dict(km)!r}: some are sides, some sections. Must be all of one kind."
        )
    named: dict[int, float] = {}
    for key, (_, numbers) in keys.items():
        for number in numbers:
            if number in named:
                name = border.sections[number].name
                raise GeometryError(f"Invalid km {dict(km)!r}: {name!r} is named twice.")
            named[number] = _edges([km[key]])[-1]
    return {
        width: tuple(border.sections[n] for n in sorted(named) if named[n] == width)
        for width in sorted(set(named.values()))
    }


def _known_as(border: Border, name: str) -> tuple[str, list[int]]:
    """Tell whether a name is that of a side or of sections, and return those sections' numbers."""
    wanted = fold_name(name)
    for side in border.sides:
        if wanted in {fold_name(side.name), *map(fold_name, side.names.values())}:
            return "side", []
    found = [
        number
        for number, section in enumerate(border.sections)
        if wanted in {fold_name(section.name), *(fold_name(section.label(to)) for to in LANGUAGES)}
    ]
    if not found:
        known = [*(s.name for s in border.sides), *(s.name for s in border.sections)]
        raise GeometryError(f"Invalid km for {name!r}. {did_you_mean(name, known)}")
    return "section", found


def _by_section(
    border: Border, by_width: Mapping[float, tuple[Section, ...]], side: str, tolerance_m: float
) -> CombinedZone:
    """Unite the zones of the sections of each width."""
    zones = [
        build_zone(replace(border, sections=sections), km=km, side=side, tolerance_m=tolerance_m)
        for km, sections in by_width.items()
    ]
    widths = ", ".join(
        f"{km:g} km along {', '.join(s.name for s in sections)}"
        for km, sections in by_width.items()
    )
    return unite(*zones, name=widths)


def _by_side(
    border: Border, km: Mapping[str, _Width], side: str, ends: str
) -> tuple[str, tuple[float, float] | None, float]:
    """Return the side, the widths on both, and the largest, of widths given by side."""
    if side != BOTH or ends != "round":
        raise GeometryError(
            f"Invalid km {dict(km)!r} with side {side!r} and ends {ends!r}. Widths for each side "
            "must come with side 'both' and round ends."
        )
    widths = {}
    for name, width in km.items():
        found = border.side(name).name
        if found in widths:
            raise GeometryError(f"Invalid km {dict(km)!r}: {found!r} is named twice.")
        widths[found] = _edges([width])[-1]
    if not widths:
        raise GeometryError("Invalid km {}. Must have a width for a side or a section.")
    if len(widths) == 1:
        name, width = next(iter(widths.items()))
        return name, None, width
    one, other = (widths[s.name] for s in border.sides)
    return BOTH, (one, other), max(one, other)


def _drawn(zone: BufferZone) -> tuple[tuple[Polygon | MultiPolygon, ...], float]:
    """Return the polygons of a zone's rings, and the error of their edges."""
    cut = build_end_cuts(zone.flat_ends, zone.width_km * 1e3, zone.tolerance_m)
    outlines: dict[float, tuple[BaseGeometry, float]] = {}

    def within(km: float) -> BaseGeometry:
        if km not in outlines:
            tolerance = min(zone.tolerance_m, km * 10.0)  # a hundredth of a very narrow zone
            outlines[km] = buffer_lines(zone.border.index, km * 1e3, tolerance_m=tolerance)
        return outlines[km][0]

    on_side, error_m = _territory(zone, within)
    rings = []
    inner = within(zone.edges_km[0]) if zone.edges_km[0] else shapely.Polygon()
    for edge in zone.edges_km[1:]:
        reach = zone.side_km or (edge, edge)
        parts = [on_side(within(km), side) for side, km in enumerate(reach)]
        whole = within(edge) if zone.reach_km[2] > 0 else shapely.union_all(parts)
        if not cut.is_empty:
            whole = shapely.difference(whole, cut)
        rings.append(keep_polygons(shapely.difference(whole, inner)))
        inner = within(edge)
    return tuple(rings), max(error_m, *(error for _, error in outlines.values()))


def _territory(
    zone: BufferZone, within: Callable[[float], BaseGeometry]
) -> tuple[Callable[[BaseGeometry, int], BaseGeometry], float]:
    """Return what cuts a shape to the zone's part of a side, and the error of that cut."""
    border, error_m = zone.border, 0.0
    areas = [side.area for side in border.sides]
    if border.is_bare and zone.reach_km[2] < 0:
        width_m = zone.width_km * 1e3
        left, right, error_m = split_sides(border.index, within(zone.width_km), width_m)
        areas = [left, right]

    def on_side(shape: BaseGeometry, side: int) -> BaseGeometry:
        if zone.reach_km[side] < 0 or zone.reach_km[2] > 0:
            return shapely.Polygon()
        area = areas[side]
        if area is None:
            return shapely.difference(shape, areas[1 - side])
        return shapely.intersection(shape, area)

    return on_side, error_m


def _edges(km: _Widths, from_km: float = 0.0) -> tuple[float, ...]:
    widths = list(km) if isinstance(km, Iterable) and not isinstance(km, str) else [km]
    if not widths:
        raise GeometryError("Invalid km []. Must be a distance or several, in kilometres.")
    edges = [from_km]
    for given in widths:
        width = parse_km(given)
        if not (math.isfinite(width) and width > 0):
            raise GeometryError(f"Invalid km {width:g}. Must be positive and finite{_why(width)}.")
        if width < _LEAST_KM:
            raise GeometryError(f"Invalid km {width:g}. Must be at least a metre: {_LEAST_KM:g}.")
        if width * 1e3 > LIMIT_M:
            limit = f"{LIMIT_M / 1e3:,.0f} km"
            raise GeometryError(f"Invalid km {width:g}. Must be at most {limit}.")
        if width <= from_km:
            raise GeometryError(f"Invalid km {width:g}. Must be more than from_km {from_km:g}.")
        if width <= edges[-1]:
            raise GeometryError(f"Invalid km {widths!r}. Must ascend, without repeats.")
        edges.append(width)
    return tuple(edges)


def _why(width: float) -> str:
    """Return what was probably meant by a width that is none."""
    if width == 0:
        return ": at no distance is only the line itself"
    if width < 0:
        return ": a line has no inside; side= takes one side of it, as 'inside' of a region"
    return ""


def _beginning(given: float | str) -> float:
    from_km = parse_km(given, "from_km")
    if not (math.isfinite(from_km) and from_km >= 0):
        raise GeometryError(f"Invalid from_km {given!r}. Must be a number, not negative.")
    if 0 < from_km < _LEAST_KM:
        raise GeometryError(f"Invalid from_km {from_km:g}. Must be 0 or at least {_LEAST_KM:g}.")
    return from_km


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


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
    return check_area(region.geometry, f"region {region.name!r}")


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
    return CombinedZone(how, tuple(parts), keep_polygons(shape), name)

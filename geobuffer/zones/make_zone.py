"""Build zones: the zone along a border, and zones combined from other zones and regions.

Distances to the parts decide which points lie in a combined zone. We combine the polygons of the
parts too, but only for maps and files.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, overload

import pandas as pd
import shapely

from geobuffer.errors import GeometryError, WrongKind, did_you_mean
from geobuffer.geodesy.antimeridian import cut_at_antimeridian, keep_polygons
from geobuffer.geodesy.buffer import buffer_lines, trace_outline
from geobuffer.geodesy.ellipsoid import LIMIT_M
from geobuffer.geodesy.sides import split_sides
from geobuffer.zones.areas import flatten_area
from geobuffer.zones.arguments import TEXT, check_arguments, describe_type
from geobuffer.zones.border import AROUND, BOTH, Border, Section
from geobuffer.zones.checks import check_border
from geobuffer.zones.flat_ends import build_end_cuts, find_flat_ends
from geobuffer.zones.quantities import M_FORMS, list_values, parse_km, parse_metres, quote_value
from geobuffer.zones.region import REGIONS, Region
from geobuffer.zones.source import join_sources
from geobuffer.zones.toponyms import NAME_LANGUAGES, fold_name
from geobuffer.zones.translation import format_km
from geobuffer.zones.zone import BufferZone, CombinedZone, How, Part, Zone, is_zone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shapely.geometry import MultiPolygon, Polygon
    from shapely.geometry.base import BaseGeometry

    # A number of kilometres, or a text with its unit.
    _Width = float | str
    _Widths = float | str | Iterable[float] | Sequence[float | str]


_ENDS = ("round", "flat")

#: The smallest width, in kilometres: no border is known to a metre.
LEAST_KM = 0.001


@overload
def build_zone(
    border: Border,
    km: Mapping[str, _Width] | pd.Series,
    *,
    from_km: _Width = ...,
    side: str = ...,
    ends: Literal["round", "flat"] = ...,
    tolerance_m: float | str = ...,
) -> BufferZone | CombinedZone: ...
@overload
def build_zone(
    border: Border,
    km: _Widths,
    *,
    from_km: _Width = ...,
    side: str = ...,
    ends: Literal["round", "flat"] = ...,
    tolerance_m: float | str = ...,
) -> BufferZone: ...
@overload
def build_zone(
    border: Border,
    km: _Widths | Mapping[str, _Width] | pd.Series,
    *,
    from_km: _Width = ...,
    side: str = ...,
    ends: Literal["round", "flat"] = ...,
    tolerance_m: float | str = ...,
) -> BufferZone | CombinedZone: ...
def build_zone(
    border: Border,
    km: _Widths | Mapping[str, _Width] | pd.Series,
    *,
    from_km: _Width = 0.0,
    side: str = BOTH,
    ends: Literal["round", "flat"] = "round",
    tolerance_m: float | str = 0.1,
) -> BufferZone | CombinedZone:
    """Build the zone within a distance of a border, measured along geodesics.

    Parameters
    ----------
    border
        The border.
    km
        The width, or the outer edges of several rings: ``[5, 10]`` gives 0–5 and 5–10 km. Each is
        a number of kilometres, a text such as ``"10 km"``, ``"500 m"``, ``"5 NM"`` or ``"100 ft"``,
        or a quantity of pint or astropy. An ambiguous text, such as ``"5,10"``, raises an error.

        Or a width for each side, ``{"Ukraine": 10, "Russia": 5}``, or for each section by its
        name, ``{"Kursk–Sumy": 10}``, with one ring and round ends. A Series labelled by names,
        such as ``lines.set_index("name")["km"]``, means the same. With widths for sides, the zone
        excludes a side without a width, and land on the territory of neither side. With widths for
        sections, the zone is the union of the sections' zones, each with its own round ends. A
        section without a width has no zone. Sections with the same name have the same width.
    from_km
        Where the zone begins, in kilometres. If it is not 0, the zone excludes points at this
        distance and nearer ones.
    side
        ``"both"``, or the name of one of the border's sides. A zone on one side is clipped to the
        territory of the side: the regions from which the border was made. Along a bare line, it is
        clipped to the land left or right of the nearest part of the line.

        ``"around"`` takes the areas of :func:`border_around` or :func:`border_of` as a whole. The
        zone holds their inside, at distance 0, and all land within the distance outside them.
    ends
        ``"round"`` keeps all points within the distance, also past the ends of the border.
        ``"flat"`` cuts the zone off square where the border ends. The cut is a geodesic
        perpendicular to the last part of the border, which is as long as the zone is wide. The cut
        does not follow other borders that begin there, so the zone may hold a part of a neighbour.
        For a zone on one side, round ends are better, because the zone stays within the regions of
        that side. A zone in Chernihiv, Sumy and Kharkiv reaches neither into Luhansk nor into
        Belarus, and holds all parts of the three that are near enough.
    tolerance_m
        How far the edges of the polygons may lie from the true distance, in metres, or a text with
        its unit.

    Raises
    ------
    GeometryError
        A distance is not a positive finite number, or above the limit of 2,000 km; rings do not
        ascend; the tolerance is not positive; ``ends`` is neither value; the zone would reach
        both poles, or its edge passes within metres of a pole.

        Widths for each side come with rings, a ``side`` or flat ends; widths for each section come
        with rings, flat ends, ``from_km`` or one side of a bare line; a width names neither a side
        nor a section; widths name both sides and sections; or one name has two widths.

        The side is the inside of a point or a line, or one side of lines that run in opposite
        directions.
    UnknownSide
        The border has no side of that name.
    WrongKind
        ``border`` is not a border but, for example, its line, its file or its name.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> border = gb.border_between(regions["Kursk"], regions["Sumy"])
    >>> zone = gb.build_zone(border, km=10, side="Ukraine", tolerance_m=1)
    >>> zone.ring_names, zone.error_m <= 1
    (('0–10 km',), True)
    """
    check_arguments(side=(side, TEXT), ends=(ends, TEXT))
    check_border(border)
    tolerance_m = parse_tolerance(tolerance_m)
    if ends not in _ENDS:
        message = f"Invalid ends {ends!r}. {did_you_mean(str(ends), _ENDS)}"
        raise GeometryError(message, parameter="ends")
    name = border.find_side_name(side)
    widths, begin_km = _read_labelled_widths(km), parse_from_km(from_km)
    zone: BufferZone | CombinedZone
    if not isinstance(widths, Mapping):
        edges_km = _parse_edges(widths, begin_km)
        zone = _build_buffer_zone(border, edges_km, name, ends, tolerance_m)
    elif sections := _group_sections_by_width(border, widths):
        _check_section_options(border, widths, begin_km, side, ends)
        zone = _build_section_zones(border, sections, name, tolerance_m)
    else:
        zone = _build_side_zone(border, widths, begin_km, side, ends, tolerance_m)
    if zone.error_m > tolerance_m:
        warnings.warn(
            f"The edges of the zone are up to {zone.error_m:.2g} m off, more than "
            f"tolerance_m {tolerance_m:g}. Distances and membership are not affected.",
            stacklevel=2,
        )
    return zone


def plan_zone(
    border: Border, km: _Widths, *, from_km: _Width = 0.0, side: str = BOTH, ends: str = "round"
) -> BufferZone:
    """Return a zone with empty polygons and an infinite error: its rings are not computed.

    Distances decide which places lie in a zone, so counts and lists of points need no polygons.
    Zones on one side of a bare line do need them.

    Parameters
    ----------
    border, km, from_km, side, ends
        As for :func:`build_zone`, but ``km`` without names.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> border = gb.border_between(regions["Kursk"], regions["Sumy"])
    >>> zone = plan_zone(border, [5, 10], side="Ukraine")
    >>> zone.ring_names, zone.polygon.is_empty
    (('0–5 km', '5–10 km'), True)
    """
    edges_km = _parse_edges(km, parse_from_km(from_km))
    return _build_buffer_zone(border, edges_km, border.find_side_name(side), ends, math.inf)


def parse_tolerance(given: object) -> float:
    """Return the tolerance of edges in metres.

    Raises
    ------
    GeometryError
        The tolerance is not a length, or is below a millimetre.
    """
    least = "at least 0.001: a millimetre."
    tolerance_m = parse_metres(given, "tolerance_m", f"{M_FORMS[:-1]}, of {least}")
    if not (math.isfinite(tolerance_m) and tolerance_m >= 0.001):
        raise GeometryError(
            f"Invalid tolerance_m {tolerance_m:g}. Must be {least}",
            parameter="tolerance_m",
        )
    return tolerance_m


def _check_section_options(
    border: Border, km: Mapping[str, _Width], from_km: float, side: str, ends: str
) -> None:
    """Raise an error for options that widths for each section do not support."""
    if ends != "round" or from_km or (border.is_bare and side != BOTH):
        raise GeometryError(
            f"Invalid km {quote_value(dict(km))} with ends {ends!r}, from_km {from_km:g}, side "
            f"{side!r}. Widths for each section must come with round ends, from_km 0 and, "
            "along a bare line, both sides.",
            parameter="km",
        )


def _read_labelled_widths(
    km: _Widths | Mapping[str, _Width] | pd.Series,
) -> _Widths | Mapping[str, _Width]:
    """Turn a Series that is labelled by names into a dictionary; return other widths as given."""
    if not (isinstance(km, pd.Series) and any(isinstance(label, str) for label in km.index)):
        return km
    for name, widths in km.groupby(level=0, sort=False):
        if len({parse_km(width) for width in widths}) > 1:
            raise GeometryError(
                f"Invalid km for {name!r}: {', '.join(f'{width}' for width in widths)}. Must be "
                "one width for a name. Give different names to lines of different widths.",
                parameter="km",
            )
    return dict(zip(km.index, km.tolist(), strict=True))


def _group_sections_by_width(
    border: Border, km: Mapping[str, _Width]
) -> dict[float, tuple[Section, ...]]:
    """Return the sections of each width; an empty dictionary if the widths are for sides."""
    sides, sections = _list_folded_names(border)
    matches = {key: _match_name(border, str(key), sides, sections) for key in km}
    if len({kind for kind, _ in matches.values()}) > 1:
        raise GeometryError(
            f"Invalid km {quote_value(dict(km))}: some are sides, some sections. Must be all of "
            "one kind.",
            parameter="km",
        )
    width_of: dict[int, float] = {}
    for key, (_, numbers) in matches.items():
        for number in numbers:
            if number in width_of:
                raise _duplicate_name_error(km, border.sections[number].name)
            width_of[number] = _parse_edges([km[key]])[-1]
    return {
        width: tuple(border.sections[n] for n in sorted(width_of) if width_of[n] == width)
        for width in sorted(set(width_of.values()))
    }


def _duplicate_name_error(km: Mapping[str, _Width], name: str) -> GeometryError:
    return GeometryError(
        f"Invalid km {quote_value(dict(km))}: {name!r} is named twice. Name it once.",
        parameter="km",
    )


def _list_folded_names(border: Border) -> tuple[set[str], dict[str, list[int]]]:
    """Return the folded names of sides, and those of sections with the sections' positions."""
    sides = {fold_name(name) for side in border.sides for name in (side.name, *side.names.values())}
    sections: dict[str, list[int]] = {}
    for number, section in enumerate(border.sections):
        names = (section.name, *(section.label(language) for language in NAME_LANGUAGES))
        for name in {fold_name(name) for name in names}:
            sections.setdefault(name, []).append(number)
    return sides, sections


def _match_name(
    border: Border, name: str, sides: set[str], sections: dict[str, list[int]]
) -> tuple[str, list[int]]:
    """Return whether a name is that of a side or of sections, and those sections' positions."""
    wanted = fold_name(name)
    if wanted in sides:
        return "side", []
    if wanted not in sections:
        known = [*(s.name for s in border.sides), *(s.name for s in border.sections)]
        message = f"Invalid km for {name!r}. {did_you_mean(name, known)}"
        raise GeometryError(message, parameter="km")
    return "section", sections[wanted]


def _build_section_zones(
    border: Border,
    sections_of: Mapping[float, tuple[Section, ...]],
    side: str,
    tolerance_m: float,
) -> CombinedZone:
    """Unite the zones of the sections of each width."""
    zones = [
        _build_buffer_zone(
            _select_sections(border, sections, side), (0.0, width_km), side, "round", tolerance_m
        )
        for width_km, sections in sections_of.items()
    ]
    widths = ", ".join(
        f"{format_km(width_km)} km along {', '.join(section.name for section in sections)}"
        for width_km, sections in sections_of.items()
    )
    return _combine_parts("union", zones, widths)


def _select_sections(border: Border, sections: tuple[Section, ...], side: str) -> Border:
    """Return the border of some sections; for a zone around areas, with only their areas."""
    if side != AROUND:
        return replace(border, sections=sections)
    inside, outside = border.sides
    parts = shapely.get_parts(inside.area)
    outlines = shapely.union_all([section.line for section in sections])
    # The areas do not touch each other, so an outline meets only its own area.
    area = shapely.MultiPolygon(list(parts[shapely.intersects(shapely.boundary(parts), outlines)]))
    regions = tuple(dict.fromkeys(region for one in sections for region in one.regions))
    return replace(
        border, sections=sections, sides=(replace(inside, area=area, regions=regions), outside)
    )


def _build_side_zone(
    border: Border,
    km: Mapping[str, _Width],
    from_km: float,
    side: str,
    ends: str,
    tolerance_m: float,
) -> BufferZone:
    """Build a zone with a width for one side, or a width for each side."""
    if side != BOTH or ends != "round":
        raise GeometryError(
            f"Invalid km {quote_value(dict(km))} with side {side!r} and ends {ends!r}. Widths for "
            "each side must come with side 'both' and round ends.",
            parameter="km",
        )
    width_of: dict[str, float] = {}
    for name, width in km.items():
        found = border.find_side_name(name)
        if found in width_of:
            raise _duplicate_name_error(km, found)
        width_of[found] = _parse_edges([width])[-1]
    if not width_of:
        message = "Invalid km {}. Must have a width for a side or a section."
        raise GeometryError(message, parameter="km")
    if len(width_of) == 1:
        [(name, width_km)] = width_of.items()
        edges_km = _parse_edges([width_km], from_km)
        return _build_buffer_zone(border, edges_km, name, ends, tolerance_m)
    one_km, other_km = (width_of[one.name] for one in border.sides)
    edges_km = _parse_edges([max(one_km, other_km)], from_km)
    least_km = min(one_km, other_km)
    if from_km >= least_km:
        message = f"Invalid from_km {from_km:g}. Must be less than {least_km:g}."
        raise GeometryError(message, parameter="from_km")
    return _build_buffer_zone(border, edges_km, BOTH, ends, tolerance_m, (one_km, other_km))


def _build_buffer_zone(
    border: Border,
    edges_km: tuple[float, ...],
    side: str,
    ends: str,
    tolerance_m: float,
    side_km: tuple[float, float] | None = None,
) -> BufferZone:
    """Build the zone along a border from checked arguments; check only the side's area."""
    for one in border.sides:
        if one.name == side and one.area is not None and one.area.is_empty:
            message = f"Invalid side {side!r}: points and lines have no inside. Must be 'outside'."
            raise GeometryError(message, parameter="side")
    squared = tuple(find_flat_ends(border.line, edges_km[-1] * 1e3) if ends == "flat" else ())
    zone = BufferZone(border, edges_km, side, ends, (), tolerance_m, 0.0, squared, side_km)
    if math.isinf(tolerance_m):
        return replace(zone, rings=(shapely.Polygon(),) * (len(edges_km) - 1), error_m=math.inf)
    rings, error_m = _build_rings(zone)
    return replace(zone, rings=rings, error_m=error_m)


def _build_rings(zone: BufferZone) -> tuple[tuple[Polygon | MultiPolygon, ...], float]:
    """Return the polygons of a zone's rings, and a bound of the error of their edges in metres."""
    cut_tolerance_m = _limit_tolerance(zone, zone.width_km)
    cut, cut_error_m = build_end_cuts(zone.flat_ends, zone.width_km * 1e3, cut_tolerance_m)
    areas, error_m, buffers = _find_side_areas(zone)

    def buffer_border(km: float) -> BaseGeometry:
        if km not in buffers:
            tolerance_m = _limit_tolerance(zone, km)
            buffers[km] = buffer_lines(zone.border.index, km * 1e3, tolerance_m=tolerance_m)
        return buffers[km][0]

    def clip_to_side(shape: BaseGeometry, side: int) -> BaseGeometry:
        if zone.reach_km[side] < 0:
            return shapely.Polygon()
        area = areas[side]
        if area is None:
            return shapely.difference(shape, areas[1 - side])
        return shapely.intersection(shape, area)

    covers_all = zone.reach_km[2] > 0
    filled = zone.border.sides[0].area if zone.side == AROUND else None
    rings = []
    inner = (
        _fill(buffer_border(zone.edges_km[0]), filled) if zone.edges_km[0] else shapely.Polygon()
    )
    for edge_km in zone.edges_km[1:]:
        if covers_all:
            whole = buffer_border(edge_km)
        else:
            widths_km = zone.side_km or (edge_km, edge_km)
            parts = [clip_to_side(buffer_border(km), side) for side, km in enumerate(widths_km)]
            whole = shapely.union_all(parts)
        if not cut.is_empty:
            whole = shapely.difference(whole, cut)
        rings.append(keep_polygons(shapely.difference(_fill(whole, filled), inner)))
        inner = _fill(buffer_border(edge_km), filled)
    return tuple(rings), max(error_m, cut_error_m, *(error for _, error in buffers.values()))


def _fill(shape: BaseGeometry, area: BaseGeometry | None) -> BaseGeometry:
    return shape if area is None else shapely.union(shape, area)


def _limit_tolerance(zone: BufferZone, km: float) -> float:
    """Return the tolerance in metres; for a very narrow zone, one hundredth of its width."""
    return min(zone.tolerance_m, km * 10.0)


def _find_side_areas(
    zone: BufferZone,
) -> tuple[list[BaseGeometry | None], float, dict[float, tuple[BaseGeometry, float]]]:
    """Return the area of each side, a bound of its error in metres, and buffers by width in km.

    The line of a bare border splits the zone of full width into sides; that buffer is returned.
    """
    border = zone.border
    if not border.is_bare or zone.reach_km[2] > 0:
        return [side.area for side in border.sides], 0.0, {}
    width_m, tolerance_m = zone.width_km * 1e3, _limit_tolerance(zone, zone.width_km)
    outline = trace_outline(border.index, width_m, tolerance_m=tolerance_m)
    left, right, error_m = split_sides(border.index, outline, width_m, tolerance_m=tolerance_m)
    whole = cut_at_antimeridian(outline.shape)
    return [left, right], error_m, {zone.width_km: (whole, outline.error_m)}


def _parse_edges(km: _Widths, from_km: float = 0.0) -> tuple[float, ...]:
    """Return the edges of all rings in kilometres; the first edge is where the zone begins."""
    widths = list_values(km)
    if not widths:
        message = "Invalid km []. Must be a distance or several, in kilometres."
        raise GeometryError(message, parameter="km")
    edges = [from_km]
    for given in widths:
        width = parse_km(given)
        if problem := find_width_problem(width, from_km):
            raise GeometryError(f"Invalid km {width:g}. {problem}", parameter="km")
        if width <= edges[-1]:
            message = f"Invalid km {quote_value(widths)}. Must ascend, without repeats."
            raise GeometryError(message, parameter="km")
        edges.append(width)
    return tuple(edges)


def parse_widths(
    km: _Widths | Mapping[str, _Width], from_km: float = 0.0
) -> tuple[float, ...] | dict[str, float]:
    """Read and check widths without a border: one, several, or one for each name.

    Raises
    ------
    GeometryError
        A width is not a length, not positive, not finite or too large, or widths do not ascend.

    Examples
    --------
    >>> parse_widths("10 km"), parse_widths([5, 10]), parse_widths({"Ukraine": 5})
    ((10.0,), (5.0, 10.0), {'Ukraine': 5.0})
    """
    if isinstance(km, Mapping):
        # We do not compare with from_km here: it is enough if one of the widths is larger.
        return {name: _parse_edges([width])[-1] for name, width in km.items()}
    return _parse_edges(km, from_km)[1:]


def find_width_problem(width: float, from_km: float = 0.0) -> str:
    """Return the requirement that a width breaks, for a message; an empty text if none."""
    if not (math.isfinite(width) and width > 0):
        return f"Must be positive and finite{_explain_width(width)}."
    if width < LEAST_KM:
        return f"Must be at least a metre: {LEAST_KM:g}."
    if width * 1e3 > LIMIT_M:
        return f"Must be at most {LIMIT_M / 1e3:,.0f} km."
    if width <= from_km:
        return f"Must be more than from_km {from_km:g}."
    return ""


def _explain_width(width: float) -> str:
    """Return why a width of zero or less makes no zone, to end a message."""
    if width == 0:
        return ": a zone of width 0 is only the line itself"
    if width < 0:
        return ": a line has no inside; side= takes one side, such as 'inside' of a region"
    return ""


def parse_from_km(given: float | str) -> float:
    """Return the distance in kilometres at which a zone begins.

    Raises
    ------
    GeometryError
        The distance is not a length, is negative or is not finite.
    """
    from_km = parse_km(given, "from_km")
    if not (math.isfinite(from_km) and from_km >= 0):
        message = f"Invalid from_km {quote_value(given)}. Must be a number, not negative."
        raise GeometryError(message, parameter="from_km")
    if 0 < from_km < LEAST_KM:
        message = f"Invalid from_km {from_km:g}. Must be 0 or at least {LEAST_KM:g}."
        raise GeometryError(message, parameter="from_km")
    return from_km


def unite(*parts: Zone | Region, name: str = "") -> CombinedZone:
    """Return the zone of all points that lie in any of several zones and regions.

    Parameters
    ----------
    *parts
        Zones, and regions whose whole area belongs to the result. For a park with all land within
        5 km, unite the zone outside the park with the park.
    name
        The name of its ring.

    Raises
    ------
    GeometryError
        There is no zone among the parts, or a region's geometry is not a valid polygon in degrees.
    WrongKind
        A part is neither a zone nor a region.

    Examples
    --------
    >>> import geobuffer as gb
    >>> park = gb.Region("Park", shapely.box(30, 50, 30.1, 50.1), gb.Source("a sketch"))
    >>> about = gb.build_zone(gb.border_of(park), km=5, side="outside")
    >>> both = unite(about, park)
    >>> both.area_km2 - about.area_km2 - park.area_km2 < 1e-6
    True
    """
    check_arguments(name=(name, TEXT))
    return _combine_parts("union", _check_parts(parts, "parts"), name or "united zone")


def subtract(zone: Zone, *others: Zone | Region, name: str = "") -> CombinedZone:
    """Return the zone of all points that lie in one zone and outside all others.

    Parameters
    ----------
    zone
        The zone.
    *others
        Zones and regions to cut out of it.
    name
        The name of its ring.

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
    check_arguments(name=(name, TEXT))
    first = _check_parts((zone,), "zone")
    parts = [*first, *_check_parts((*first, *others), "others")[1:]]
    return _combine_parts("difference", parts, name or "zone less others")


def clip_zone(zone: Zone, regions: Region | Iterable[Region], *, name: str = "") -> CombinedZone:
    """Return the part of a zone that lies in a region, or in any of several regions.

    A place whose accuracy is larger than its distance to the edge of the regions is uncertain.

    Parameters
    ----------
    zone
        The zone.
    regions
        A region or several, which count as one area.
    name
        The name of its ring.

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
    check_arguments(name=(name, TEXT))
    given = tuple(regions) if isinstance(regions, Iterable) else (regions,)
    if not given or not all(isinstance(region, Region) for region in given):
        message = f"Invalid regions: {describe_type(regions)}. Must be {REGIONS.must_be}."
        raise WrongKind(message, parameter="regions")
    joined = given[0]
    if len(given) > 1:
        # One area, so that a line between two of the regions is not an edge of the zone.
        joined = Region(
            ", ".join(region.name for region in given),
            shapely.union_all([flatten_area(region.geometry) for region in given]),
            join_sources(region.source for region in given),
        )
    parts = _check_parts((zone, joined), "zone")
    return _combine_parts("intersection", parts, name or f"zone in {joined.name}")


def _check_parts(parts: Sequence[Zone | Region], parameter: str) -> list[Part]:
    """Return the parts of a combined zone after checking their classes."""
    checked: list[Part] = []
    for part in parts:
        if not (is_zone(part) or isinstance(part, Region)):
            message = f"Invalid {parameter}: {describe_type(part)}. Must be a zone or a region."
            raise WrongKind(message, parameter=parameter)
        checked.append(part)
    if all(isinstance(part, Region) for part in checked):
        raise GeometryError("Invalid parts: no zone among them. Must have one.")
    return checked


def _combine_parts(how: How, parts: Sequence[Part], name: str) -> CombinedZone:
    """Combine zones and regions; a difference subtracts all other parts from the first one."""
    first, *rest = (
        flatten_area(part.geometry) if isinstance(part, Region) else part.polygon for part in parts
    )
    shape: BaseGeometry = first
    if how == "union":
        shape = shapely.union_all([first, *rest])
    elif how == "difference":
        shape = shapely.difference(first, shapely.union_all(rest))
    elif rest:
        shape = shapely.intersection_all([first, *rest])
    return CombinedZone(how, tuple(parts), keep_polygons(shape), name)

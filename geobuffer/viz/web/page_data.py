"""Compute the data that the page of a map shows: shapes, columns and names, ready for JSON.

The script of the page only compares and counts. All work with geometry is done here.
"""

from __future__ import annotations

import functools
import math
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
import pandas as pd
import shapely

from geobuffer.analysis.classify import join_columns
from geobuffer.analysis.column_sums import read_population
from geobuffer.analysis.membership import MEMBERSHIP, decide, measure_signed_km
from geobuffer.datasets.bundled import load_other_names
from geobuffer.geodesy.antimeridian import keep_polygons, shift_to_0_360, unwrap_to_0_360
from geobuffer.geodesy.simplify import scale_degrees
from geobuffer.io.not_located import read_hromadas
from geobuffer.io.point_tables import read_numbers
from geobuffer.viz.captions import find_kind, label_side, load_translation, name_rings
from geobuffer.viz.extent import measure_sea_km, split_sections_at_coast
from geobuffer.viz.ground import (
    choose_window,
    find_band_km,
    find_regions_at_sea,
    simplify_region,
)
from geobuffer.viz.web.compact import (
    GRID,
    encode_column,
    encode_line,
    encode_together,
    find_kept_vertices,
    find_state_arcs,
    list_arcs,
    measure_thinned,
    read_texts,
    round_numbers,
    share_arcs,
)
from geobuffer.viz.web.expected import describe_expected, states_accuracy, zone_at_width
from geobuffer.viz.web.slider import cut_error_m
from geobuffer.zones.border import AROUND, BOTH
from geobuffer.zones.flat_ends import find_flat_ends, has_flat_ends
from geobuffer.zones.toponyms import NAME_COLUMNS, make_name_keys, pick_name, romanize
from geobuffer.zones.translation import leave_out_english, list_languages, name_in_all
from geobuffer.zones.zone import BufferZone

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import geopandas as gpd
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geobuffer.analysis.classify import Classification
    from geobuffer.geodesy.ellipsoid import Floats
    from geobuffer.viz.place_outlines import OutlineSpans
    from geobuffer.viz.web.slider import SliderStep
    from geobuffer.zones.border import Section, Side
    from geobuffer.zones.land import LandAndSea
    from geobuffer.zones.region import Region
    from geobuffer.zones.zone import Zone


# We count settlements farther from the border than this multiple of the slider's widest zone, but
# do not draw them. Readers still see the places near the zone, and the page leaves out half of the
# default table.
_BEYOND = 1.1

# How far a drawn line may lie from the true one, in metres. At zoom 13, the closest at which a
# whole town fits a screen, a pixel is 12 m at latitude 51; outlines of oblasts are themselves 32 m
# off on average. Regions that the border does not touch only have to be recognised.
_TOLERANCE_M = {"border": 10.0, "zone": 15.0, "regions": 50.0, "neighbours": 1000.0}

# We draw and name towns with at least this many people even if they are farther away.
_TOWN = 15_000

# The drawn border is shorter than the true one, and the share differs from place to place. The page
# gets the true chainage every _CHAINAGE_KM; in between it is exact to some 100 m.
_CHAINAGE_KM = 3.0

# The page draws other widths itself, from its border (exact to 10 m), with circles that have the
# curvature of the ellipsoid at each vertex. From 80° S to 80° N, the circles are off by at most
# 1.6 m at 1,000 km. At larger widths, the error grows with the cube of the width.
_CIRCLE_M = 2.0

# Columns with few different values, each of which is written once.
_CODED = (
    "transliterated", "kind", "country", "oblast", "raion", "raion_en", "hromada", "hromada_code",
    "hromada_type", "code_system",
    "population_as_of", "source", "side", "section", "conflict",
)  # fmt: skip
# Columns of numbers and their decimals. More decimals would be finer than a position is known.
_NUMBERS = {"population": 0, "chainage_km": 1}
# Columns that state how exact a point is, and their decimals. The margin follows from them, so a
# table has few different combinations of all these.
_EXACTNESS = {"accuracy_m": 0, "radius_m": 0}


def has_slider(zone: Zone) -> TypeGuard[BufferZone]:
    """Return whether a page can show the zone at other widths: if one distance decides."""
    if not zone.has_plain_edges or zone.edges_km[0] > 0.0:
        return False
    return zone.side == BOTH or any(side.area is not None for side in zone.sides)


def list_sides(zone: Zone) -> list[str]:
    """Return the sides that the page offers; for a zone around areas, not the inside alone.

    A line or points have no inside, so there is nothing to choose.
    """
    if any(side.area is not None and side.area.is_empty for side in zone.sides):
        return [zone.side]
    if zone.side == AROUND:
        return [AROUND, zone.sides[1].name]
    return [BOTH, *(side.name for side in zone.sides)]


def crosses_antimeridian(zone: Zone) -> bool:
    """Return whether the antimeridian runs through a zone, so that the map must not end there.

    A zone around the globe is drawn from −180° to 180°, because any end of the map would cut it.
    """
    west, _, east, _ = zone.polygon.bounds
    if west > -179.99 or east < 179.99:
        return False
    return not shapely.intersects(zone.polygon, shapely.linestrings([(0.0, -90.0), (0.0, 90.0)]))


def _join_over_antimeridian(shapes: Iterable[BaseGeometry]) -> list[BaseGeometry]:
    """Return polygons and lines in longitudes 0° to 360°, polygons without a seam at 180°.

    A map that continues beyond the antimeridian would draw the seam as an edge.
    """
    return [
        keep_polygons(unwrap_to_0_360(shape))
        if "Polygon" in shape.geom_type
        else shapely.transform(shape, _shift_line)
        for shape in shapes
    ]


def _shift_line(lonlat: Floats) -> Floats:
    # We shift lines as areas are shifted, to the last bit, so that they still share their arcs.
    lon, lat = lonlat.T
    return np.column_stack([np.where(lon < 0.0, lon + 360.0, lon), lat])


def describe_shapes(zone: Zone, regions: Sequence[Region]) -> dict[str, Any]:
    """Return the border, its sides, the regions and the zone's rings in terms of shared arcs."""
    share = min(1.0, zone.width_km / 10.0)  # readers zoom in further on narrower zones
    tolerance_m = {layer: metres * share for layer, metres in _TOLERANCE_M.items()}
    split = split_sections_at_coast(zone)
    lines, at_sea = zip(*map(_order_parts, zone.sections, split), strict=True)
    groups: dict[str, list[BaseGeometry]] = {
        "border": [_make_drawable(line) for line in lines],
        "zone": list(zone.rings),
        "regions": [r.geometry for r in regions if r in zone.regions]
        + [side.area or shapely.Polygon() for side in zone.sides],
        "neighbours": [r.geometry for r in regions if r not in zone.regions],
    }
    joined = _join_over_antimeridian if crosses_antimeridian(zone) else list
    arcs = share_arcs(joined([shape for these in groups.values() for shape in these]))
    shapes = iter(arcs.shapes)
    parts = {layer: [next(shapes) for _ in these] for layer, these in groups.items()}
    finest = _find_tolerances(parts, tolerance_m, len(arcs.lines))
    kept = [find_kept_vertices(*these) for these in zip(arcs.lines, finest, strict=True)]
    paths = list(zip(arcs.lines, kept, strict=True))
    of_sides = parts["regions"][len(parts["regions"]) - len(zone.sides) :]
    shapes_of_regions = [*parts["regions"][: -len(zone.sides)], *parts["neighbours"]]
    by_region = iter(shapes_of_regions)
    ordered = sorted(regions, key=lambda region: region not in zone.regions)
    state = find_state_arcs([region.country for region in ordered], shapes_of_regions)
    at_sea_too = find_regions_at_sea(ordered, choose_window(zone))
    # Regions along the border get a second point for their name, in the area that the map shows
    # when it opens. Of other regions, at most a corner lies there.
    view = shapely.box(*zone.polygon.bounds)
    seen = shapely.difference(view, shapely.simplify(zone.polygon, 0.01))
    return {
        "tolerance_m": tolerance_m,
        "wraps": crosses_antimeridian(zone),
        "kind": find_kind(zone),
        "arcs": [encode_line(line[these]) for line, these in zip(arcs.lines, kept, strict=True)],
        # Arcs on which regions of two countries meet.
        "state": state,
        "zone": _describe_zone(zone, parts["zone"]),
        "sides": [
            _describe_side(zone, side, shape)
            for side, shape in zip(zone.sides, of_sides, strict=True)
        ],
        "border": _describe_border(zone, parts["border"], at_sea, paths),
        "regions": [
            _describe_region(region, next(by_region), seen if region in zone.regions else None)
            | {"at_sea": wet}
            for region, wet in zip(ordered, at_sea_too, strict=True)
        ],
    }


def _order_parts(section: Section, split: LandAndSea) -> tuple[BaseGeometry, list[int]]:
    """Return a section in parts along its line, and the numbers of those at sea."""
    if split.sea.is_empty:
        return section.line, []
    parts = [*shapely.get_parts(split.land), *split.sea.geoms]
    middles = shapely.line_interpolate_point(parts, 0.5, normalized=True)
    order = np.argsort(shapely.line_locate_point(section.line, middles), kind="stable")
    first_sea = len(parts) - len(split.sea.geoms)
    line = shapely.multilinestrings([parts[i] for i in order])
    return line, np.flatnonzero(order >= first_sea).tolist()


def _make_drawable(line: BaseGeometry) -> BaseGeometry:
    """Return the points of a border as lines of one metre, which are drawn as dots."""
    if line.geom_type not in {"Point", "MultiPoint"}:
        return line
    points = shapely.get_coordinates(line)
    ends = np.add(points, [GRID, 0.0])
    return shapely.multilinestrings(list(np.stack([points, ends], axis=1)))


def _find_tolerances(
    parts: Mapping[str, Sequence[Any]], tolerance_m: Mapping[str, float], count: int
) -> list[float]:
    """Return the tolerance of each arc in metres: the smallest of all shapes that it belongs to."""
    finest = [tolerance_m["neighbours"]] * count
    for layer, these in parts.items():
        for number in list_arcs(these):
            finest[number] = min(finest[number], tolerance_m[layer])
    return finest


def _describe_zone(zone: Zone, rings: Sequence[Any]) -> dict[str, Any]:
    _, south, _, north = zone.polygon.bounds
    lon = shapely.get_coordinates(zone.polygon)[:, 0]
    lon = shift_to_0_360(lon) if crosses_antimeridian(zone) else lon
    names = {to: name_rings(zone, load_translation(to, zone)) for to in list_languages()}
    return {
        "edges_km": list(zone.edges_km),
        "side": zone.side,
        "side_label": zone.side_label,
        "sides": list_sides(zone),
        "is_plain": has_slider(zone),
        "has_ends": isinstance(zone, BufferZone) and has_flat_ends(zone.border.line),
        "ends": zone.ends,
        "error_m": zone.error_m,
        "bounds": [[south, float(lon.min())], [north, float(lon.max())]],
        "rings": [
            {
                "name": name,
                "names": leave_out_english({to: named[i] for to, named in names.items()}),
                "area_km2": area,
                "shape": shape,
            }
            for i, (name, area, shape) in enumerate(
                zip(zone.ring_names, zone.ring_areas_km2, rings, strict=True)
            )
        ],
    }


def _describe_border(
    zone: Zone,
    shapes: Sequence[Any],
    at_sea: Sequence[list[int]],
    paths: Sequence[tuple[Floats, NDArray[np.bool_]]],
) -> dict[str, Any]:
    return {
        "length_km": sum(section.length_km for section in zone.sections),
        "sea_km": measure_sea_km(zone),
        "as_of": zone.source.as_of,
        "sections": [
            {
                **_describe_section(section, lines, parts),
                "chainages_km": _measure_chainages(lines, paths),
            }
            for section, lines, parts in zip(zone.sections, shapes, at_sea, strict=True)
        ],
    }


def _measure_chainages(
    lines: Sequence[Sequence[int]], paths: Sequence[tuple[Floats, NDArray[np.bool_]]]
) -> list[float | int | None]:
    """Return the true lengths passed, in km, at even steps along a section as it is drawn."""
    ordered = [
        (lonlat[::-1], kept[::-1]) if number < 0 else (lonlat, kept)
        for line in lines
        for number in line
        for lonlat, kept in [paths[max(number, ~number)]]
    ]
    return measure_thinned(ordered, _CHAINAGE_KM)


def _describe_side(zone: Zone, side: Side, shape: Any) -> dict[str, Any]:
    return {
        "name": side.name,
        "names": name_in_all(lambda to: label_side(side, load_translation(to, zone))),
        "shape": shape if side.area is not None else None,
    }


def _describe_section(section: Section, lines: Any, at_sea: list[int]) -> dict[str, Any]:
    return {
        "name": section.name,
        "names": name_in_all(section.label),
        "start_km": section.start_km,
        "length_km": section.length_km,
        "shape": lines,
        "at_sea": at_sea,
    }


def _describe_region(region: Region, shape: Any, seen: BaseGeometry | None) -> dict[str, Any]:
    # The outline is exact to a kilometre. That is enough, because a name on the map is longer.
    rough = simplify_region(region)
    near = shapely.intersection(rough, seen or shapely.Polygon())
    return {
        "name": region.name,
        "names": name_in_all(region.label),
        "country": region.country,
        "labels": [_find_label_point(part) for part in (rough, near) if part.area],
        "shape": shape,
    }


def _find_label_point(area: BaseGeometry) -> list[float]:
    """Return latitude and longitude of the point of an area with most space for a name."""
    plane, scale = scale_degrees(max(shapely.get_parts(area), key=shapely.area))
    at = shapely.maximum_inscribed_circle(plane, tolerance=0.01)  # to 1 km
    lon, lat = at.coords[0] / scale
    return [round(lat, 3), round(lon, 3)]


def describe_countries(regions: Sequence[Region]) -> list[dict[str, Any]]:
    """Return the names of the regions' countries, by their codes."""
    named = {region.country: region.country_names for region in regions if region.country}
    return [
        {"name": code, "names": name_in_all(functools.partial(pick_name, names, name=code))}
        for code, names in named.items()
    ]


def describe_slider(steps: Sequence[SliderStep], border_m: float, *, wraps: bool) -> dict[str, Any]:
    """Return the zone at each width of the slider: its areas, and what its flat ends cut off.

    ``border_m`` is the error of the drawn border in metres. ``wraps`` states whether the map
    continues beyond the antimeridian.
    """
    cuts = [keep_polygons(step.cut) for step in steps if step.cut is not None]
    widest = max((step.km for step in steps), default=0.0)
    return {
        "widths_km": [step.km for step in steps],
        "error_m": border_m + 2.0 + _CIRCLE_M * (widest / 1000.0) ** 3,
        # The error of the areas that flat ends cut off.
        "cut_error_m": cut_error_m([step.km for step in steps]) if cuts else 0.0,
        "areas_km2": {
            side: round_numbers([step.areas_km2[side] for step in steps], 1)
            for side in (steps[0].areas_km2 if steps else ())
        },
        "cuts": [
            [
                [encode_line(shapely.get_coordinates(r)) for r in (p.exterior, *p.interiors)]
                for p in shapely.get_parts(cut)
            ]
            for cut in (_join_over_antimeridian(cuts) if wraps else cuts)
        ],
    }


#: The data of a page without places.
NO_PLACES: dict[str, Any] = {
    "given": False, "count": 0, "far": 0, "columns": {}, "exactness": None,
}  # fmt: skip


def describe_places(
    table: gpd.GeoDataFrame,
    found: Classification,
    zone: Zone,
    steps: Sequence[SliderStep],
    spans: OutlineSpans | None = None,
) -> tuple[dict[str, Any], NDArray[np.bool_]]:
    """Return the table column by column, each encoded in few characters, and which rows it shows.

    Parameters
    ----------
    table
        The places.
    found
        Their classification.
    zone
        The zone.
    steps
        The zone at each width of the slider.
    spans
        The distances and shares of places with outlines.
    """
    answers, uncertainty = found.frame.reset_index(drop=True), found.uncertainty
    if "conflict" in table:
        answers["conflict"] = _join_conflicts(table["conflict"], answers["conflict"])
    table = join_columns(table, answers)
    widths = np.array([*zone.edges_km[1:], *(step.km for step in steps)])
    reach_km = _BEYOND * float(widths.max())
    away = answers["distance_km"].to_numpy()
    # The margin of a town may reach into the widest zone even if its point is too far to be drawn.
    # Distances are negative inside the areas of a zone. The page gets them without a sign, and
    # finds the sign from the side.
    signed = measure_signed_km(found.lon, found.lat, zone, away)
    far = (away > reach_km) & (away - uncertainty.margin > widths.max())
    near = ~far
    near[near] = _may_be_in_zone(table[near])
    shown, here = table[near], found.select(near).uncertainty
    offered = [step.km for step in steps]
    expected, of_each = describe_expected(found, near, zone, offered, list_sides(zone))
    # The third decimal keeps the sum of probabilities right to a tenth of a place.
    finer = int(states_accuracy(found))
    exactness: dict[str, Any] = {
        name: round_numbers(read_numbers(shown, name), digits)
        for name, digits in _EXACTNESS.items()
        if name in shown
    }
    exactness["margin_km"] = round_numbers(here.margin, None)
    if "errors_km" in of_each:
        exactness["errors_km"] = of_each.pop("errors_km")
    columns = (
        _pack_columns(shown)
        | of_each
        | {
            "distance_km": round_numbers(
                np.abs(round_distances(signed[near], here.margin, widths, finer=finer)), None
            ),
            "unlisted": encode_column(here.unlisted.astype(int).tolist()),
            "wrong_country": encode_column(here.wrong_country.astype(int).tolist()),
        }
    )
    if not has_slider(zone):  # the page cannot find the ring from one distance
        rings = [-1, *range(len(zone.ring_names))]
        named = {name: number for number, name in zip(rings, [None, *zone.ring_names], strict=True)}
        columns["ring"] = encode_column([named.get(ring, -1) for ring in answers["ring"][near]])
    if spans is not None:
        columns |= _describe_spans(spans.select(near))
    facts = {
        "given": True,
        "count": len(shown),
        "far": int(far.sum()),
        "reach_km": reach_km,
        "expected": expected,
        "exceptions": _list_exceptions(found.select(near), zone, steps, spans is not None),
        "band_km": find_band_km(here.margin),
        "towns": _list_towns(table[far]),
        "columns": columns,
        "exactness": encode_together(exactness),
    }
    return facts, near


def _describe_spans(spans: OutlineSpans) -> dict[str, Any]:
    """Return columns of outlines: to a centimetre, and to a thousandth of their area."""
    return {
        "farthest_km": round_numbers(spans.farthest_km, 5),
        "share_inside": round_numbers(spans.share_inside, 3),
    }


def _list_towns(far: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """Return the towns among places that are too far from the border to be listed."""
    people = read_population(far)
    large = np.flatnonzero((people >= _TOWN) & far.geometry.notna().to_numpy())
    names = [name for name in NAME_COLUMNS if name in far]
    texts = {name: read_texts(far[name]) for name in names}
    points = far.geometry.to_numpy()
    return [
        {
            "lon": round(float(points[i].x), 3),
            "lat": round(float(points[i].y), 3),
            "population": int(people[i]),
            **{name: texts[name][i] for name in names if texts[name][i]},
        }
        for i in large.tolist()
    ]


def _join_conflicts(given: pd.Series[Any], found: pd.Series[Any]) -> list[str]:
    """Return the conflicts that the table states, and further ones that we found."""
    pairs = zip(read_texts(given), read_texts(found), strict=True)
    return [a if b in a else f"{a}; {b}" if a else b for a, b in pairs]


def _may_be_in_zone(table: gpd.GeoDataFrame) -> Any:
    """Return which rows have a point, or share their hromada with a row that has one."""
    located = table.geometry.notna().to_numpy()
    keys = pd.Series(read_hromadas(table), dtype=object)
    return located | (keys.isna() | keys.isin(set(keys[located].dropna()))).to_numpy()


def round_distances(
    distance_km: Any, margin_km: Floats, widths_km: Floats, *, finer: int = 0
) -> Floats:
    """Return distances with as few decimals as possible, so that no comparison of the page changes.

    Two decimals are enough for most: 10 m is far finer than a position is known. ``finer`` is the
    number of further decimals.

    Examples
    --------
    >>> round_distances([4.56789, 10.00001], np.array([0.0, 0.0]), np.array([5.0, 10.0])).tolist()
    [4.57, 10.00001]
    """
    exact = np.asarray(distance_km, dtype=np.float64)
    margin, width = np.asarray(margin_km)[:, None], np.asarray(widths_km)[None, :]

    def list_decisions(given: Floats) -> Any:
        near, away = given[:, None], np.abs(given)[:, None]
        parts = [near <= width, np.abs(near - width) < margin, away < margin]
        if (given < 0.0).any():
            parts += [away <= width, np.abs(away - width) < margin]
        return np.concatenate(parts, axis=1)

    wanted = list_decisions(exact)
    short = exact.copy()
    # Two decimals for zones of some kilometres; one more for zones of some hundred metres.
    fewest = 2 + finer - min(0, math.floor(math.log10(width.min())))
    for digits in range(fewest + 4, fewest - 1, -1):
        rounded = np.round(exact, digits)
        same = (list_decisions(rounded) == wanted).all(axis=1)
        short[same] = rounded[same]
    return short


def _list_exceptions(
    shown: Classification,
    zone: Zone,
    steps: Sequence[SliderStep],
    have_outlines: bool,  # noqa: FBT001 - a fact about the table
) -> list[dict[str, Any]]:
    """Return the rows whose class does not follow from one distance, by width and side.

    These are places near flat ends. If the zone is not a plain distance, or places have outlines,
    these are all rows. At other widths, the page finds the class of an outline from its least and
    its greatest distance.
    """
    if have_outlines or not has_slider(zone):
        named = {name: code for code, name in enumerate(MEMBERSHIP)}
        known = np.array([named.get(name, -1) for name in shown.frame["membership"]])
        there = np.flatnonzero(known >= 0)
        return [_describe_exception(zone.width_km, zone.side, there, known[there])]
    if zone.ends != "flat":
        return []
    found = []
    lon, lat = shown.lon, shown.lat
    for km in (step.km for step in steps):
        flat_ends = tuple(find_flat_ends(zone.border.line, km * 1e3))
        concerned = [end.concerns(lon, lat, km * 1e3) for end in flat_ends]
        rows = np.flatnonzero(np.any(concerned, axis=0))
        errors = shown.uncertainty.select(rows)
        for side in list_sides(zone):
            known, plain = (
                decide(lon[rows], lat[rows], zone_at_width(zone, km, side, ends), errors).membership
                for ends in (flat_ends, ())
            )
            differ = known != plain
            if differ.any():
                found.append(_describe_exception(km, side, rows[differ], known[differ]))
    return found


def _describe_exception(km: float, side: str, rows: Any, codes: Any) -> dict[str, Any]:
    classes = [MEMBERSHIP[code] for code in codes]
    return {"km": km, "side": side, "rows": rows.tolist(), "classes": classes}


def _pack_columns(table: gpd.GeoDataFrame) -> dict[str, Any]:
    points = table.geometry
    columns: dict[str, Any] = {"lon": round_numbers(points.x), "lat": round_numbers(points.y)}
    columns |= {name: read_texts(table[name]) for name in (*NAME_COLUMNS, "code") if name in table}
    columns |= {name: encode_column(read_texts(table[name])) for name in _CODED if name in table}
    columns |= {
        name: round_numbers(read_numbers(table, name), digits)
        for name, digits in _NUMBERS.items()
        if name in table
    }
    if "name_en" in columns:
        romanized = _find_romanized(columns)
        columns["romanized"] = encode_column(romanized)
        columns["name_en"] = [
            "" if language else name
            for name, language in zip(columns["name_en"], romanized, strict=True)
        ]
    if "id" in table and any(others := _list_other_names(table)):
        columns["other_names"] = encode_column(others)
    return columns


def _find_romanized(columns: Mapping[str, list[str]]) -> list[str]:
    """Return the language whose name gives the English name by rule, or an empty text.

    The page spells such names itself, which saves a twentieth of its size.
    """
    found = [""] * len(columns["name_en"])
    for language in ("uk", "ru"):
        for row, name in enumerate(columns.get(f"name_{language}", ())):
            if name and not found[row] and romanize(name, language) == columns["name_en"][row]:
                found[row] = language
    return found


def _list_other_names(table: gpd.GeoDataFrame) -> list[str | None]:
    """Return the former and foreign names of each row that its own names do not cover, or None."""
    known = load_other_names()
    columns = [read_texts(table[name]) for name in NAME_COLUMNS if name in table]
    given = [known[one].split("|") if one in known else [] for one in read_texts(table["id"])]
    own = [
        list(filter(None, names)) if others else []
        for others, names in zip(given, zip(*columns, strict=True), strict=True)
    ]
    # Computing the keys of all names at once takes a fifth of the time.
    keys = iter(
        make_name_keys(name for names in zip(given, own, strict=True) for name in chain(*names))
    )
    found: list[str | None] = []
    for others, names in zip(given, own, strict=True):
        kept = {key: name for name, key in zip(others, keys)}  # noqa: B905
        for key in islice(keys, len(names)):
            kept.pop(key, None)
        found.append("|".join(kept.values()) or None)
    return found

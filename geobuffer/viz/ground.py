"""Compute the ground under a zone: coasts, countries, rivers and lakes; and the locator.

This ground is coarse and only a background: nothing is measured on it. The page and the picture
draw the same ground. The zone decides the tint of a country, so page, picture and locator agree.
"""

from __future__ import annotations

import math
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely
from shapely.affinity import translate

from geobuffer.datasets.bundled import read_ground
from geobuffer.geodesy.antimeridian import keep_polygons
from geobuffer.viz.extent import find_bounds
from geobuffer.viz.web.compact import find_state_arcs, share_arcs
from geobuffer.zones.toponyms import NAME_LANGUAGES, pick_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from shapely.geometry.base import BaseGeometry

    from geobuffer.geodesy.ellipsoid import Floats
    from geobuffer.zones.region import Region
    from geobuffer.zones.zone import Zone


#: West, south, east and north in degrees; longitudes may go on beyond ±180°.
Window = tuple[float, float, float, float]

#: The largest zoom of a web map at which we draw rivers, and countries with coasts. At zoom 10, a
#: pixel is 100 m at latitude 51. The median error of coasts, 1.4 km, is then 14 pixels. At zoom 9,
#: simplifying puts rivers of the world off by at most 15 pixels.
RIVERS_UP_TO_ZOOM, GROUND_UP_TO_ZOOM = 9.0, 10.0

#: The size of a locator, in pixels of the page.
LOCATOR_SIZE = (132, 100)

# The least width of a window, in degrees, so that the map of a camp shows its country too.
_LEAST_WINDOW_DEGREES = 3.0

# How far the window reaches beyond the zone, in lengths of the zone: more than one step of zooming
# out. Rivers reach less far, because they have many vertices.
_REACH, _RIVER_REACH = 1.45, 0.6

# The columns and rows of the grid of points for names of countries, and how many points we try.
_COLUMNS, _ROWS, _MOST_POINTS = 9, 7, 8

# The least height of a locator, in degrees of latitude, and in lengths of the zone.
_LOCATOR_LEAST_DEGREES, _LOCATOR_LENGTHS = 22.0, 2.5

# A locator with less than this share of land is useless: a box in a blue sea. We enlarge it in
# steps of this factor, up to nearly half the globe.
_LOCATOR_LEAST_LAND, _LOCATOR_STEP, _LOCATOR_MOST_DEGREES = 0.06, 1.5, 150.0

# Exact outlines of regions replace coarse borders of countries nearer than this, in degrees. Coarse
# borders are exact to a kilometre.
_NEAR_DEGREES = 0.015

# If a larger share of a region is sea, we do not draw the region as land. Coasts are off by about a
# kilometre, which makes a smaller share of sea.
_MOST_SEA_SHARE = 0.05

# We simplify the ground within a window by this many degrees, which is a kilometre. In a large
# window, we simplify it by the height of the window divided by the other number.
_TOLERANCE_DEGREES, _MOST_STEPS = 0.01, 500.0


class Country(NamedTuple):
    """A country in a window: its code, its names by language, its tint, and its land there.

    The tint is 0 for a country of the first side, 1 for one of the second side, else −1.
    """

    iso: str
    names: Mapping[str, str]
    tint: int
    land: BaseGeometry

    def label(self, language: str) -> str:
        """Return its name in a language."""
        return pick_name(self.names, language, self.iso)


class Ground(NamedTuple):
    """What lies under a zone in a window, in degrees: countries, their borders, rivers, lakes."""

    window: Window
    countries: list[Country]
    borders: BaseGeometry
    rivers: BaseGeometry
    lakes: BaseGeometry


class Locator(NamedTuple):
    """A small map of where a zone lies, in pixels from its upper left corner.

    ``shapes`` are pairs of a tint, as that of a :class:`Country`, and an area. ``mark`` is the box
    of the zone.
    """

    shapes: list[tuple[int, BaseGeometry]]
    mark: Window


def choose_window(zone: Zone, reach: float = _REACH) -> Window:
    """Return the window around a zone, which reaches ``reach`` times its length to every side."""
    west, south, east, north = find_bounds(zone)
    lon_scale = _find_lon_scale((south + north) / 2.0)
    high = max((east - west) * lon_scale, north - south, _LEAST_WINDOW_DEGREES) * reach
    wide = high / lon_scale
    return (west - wide, max(south - high, -85.0), east + wide, min(north + high, 85.0))


def _find_lon_scale(lat: float) -> float:
    """Return the length of a degree of longitude in degrees of latitude, at least 0.2."""
    return max(math.cos(math.radians(lat)), 0.2)


def choose_tints(zone: Zone, countries: Iterable[tuple[str, BaseGeometry]]) -> dict[str, int]:
    """Return the tint of each country by its code.

    The sides of the border decide. If they name no country, the two countries with the largest
    areas within the bounds of the zone get a tint.
    Two regions of one country on either side of a border have one tint.
    """
    found: dict[str, int] = {}
    for number, side in enumerate(zone.sides[:2]):
        for code in {region.country for region in side.regions if region.country}:
            found.setdefault(code, number)
    if found:
        return found
    west, south, east, north = find_bounds(zone)
    view = shapely.box(west, south, east, north)
    held = {code: shapely.intersection(land, view).area for code, land in countries}
    largest = sorted((code for code, area in held.items() if area), key=lambda code: -held[code])
    # The country of the zone gets the second tint, the warmer one.
    return dict(zip(largest, (1, 0), strict=False))


def find_band_km(margin_km: Floats) -> float | None:
    """Return the median margin of places in km, or None without places.

    Maps hatch the edge of the zone that far to each side.

    Examples
    --------
    >>> find_band_km(np.array([0.5, 0.62, 3.0, np.nan])), find_band_km(np.array([]))
    (0.6, None)
    """
    known = margin_km[np.isfinite(margin_km)]
    return round(float(np.median(known)), 1) if len(known) else None


def find_state_lines(regions: Sequence[Region]) -> BaseGeometry:
    """Return the lines along which regions of two countries meet exactly, in degrees."""
    arcs = share_arcs([region.geometry for region in regions])
    numbers = find_state_arcs([region.country for region in regions], arcs.shapes)
    lines = [shapely.linestrings(arcs.lines[number]) for number in numbers]
    return shapely.line_merge(shapely.MultiLineString(lines))


def find_ground(zone: Zone, window: Window, exact: BaseGeometry | None = None) -> Ground:
    """Return the ground of a zone in a window.

    Parameters
    ----------
    zone
        The zone, whose sides have a tint each.
    window
        Bounds in degrees.
    exact
        Lines between countries that the map draws exactly. Coarse lines beside them are left out.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> border = gb.border_between(regions["Kursk"], regions["Sumy"])
    >>> zone = gb.build_zone(border, km=10, side="Ukraine", tolerance_m=50)
    >>> ground = find_ground(zone, choose_window(zone))
    >>> [(country.iso, country.tint) for country in ground.countries]
    [('BY', -1), ('LV', -1), ('MD', -1), ('RO', -1), ('RU', 0), ('UA', 1)]
    """
    box = shapely.box(*window)
    land = _find_land(window)
    rows = [
        (row, outline)
        for row in read_ground("countries").itertuples()
        if not (outline := _cut_to([row.geometry], box)).is_empty
    ]
    whole = [keep_polygons(shapely.intersection(outline, land)) for _, outline in rows]
    simpler = max(_TOLERANCE_DEGREES, (window[3] - window[1]) / _MOST_STEPS)
    simple = shapely.coverage_simplify(whole, simpler) if whole else []
    lands = {row.iso: shape for (row, _), shape in zip(rows, simple, strict=True)}
    tints = choose_tints(zone, lands.items())
    countries = [
        Country(
            row.iso,
            {to: getattr(row, f"name_{to}") for to in NAME_LANGUAGES},
            tints.get(row.iso, -1),
            lands[row.iso],
        )
        for row, _ in rows
        if not lands[row.iso].is_empty
    ]
    borders = shapely.intersection(_find_common_edges([outline for _, outline in rows]), land)
    if exact is not None:
        rough = shapely.simplify(exact, _NEAR_DEGREES / 3.0, preserve_topology=False)
        known = shapely.buffer(rough, _NEAR_DEGREES)
        borders = shapely.difference(borders, known)
    borders = shapely.line_merge(_keep_lines(borders))
    close = shapely.intersection(box, shapely.box(*choose_window(zone, _RIVER_REACH)))
    rivers, lakes = _find_waters(zone, close)
    return Ground(
        window,
        countries,
        shapely.simplify(borders, simpler / 2.0),
        shapely.simplify(shapely.line_merge(_keep_lines(rivers)), simpler / 5.0),
        shapely.simplify(lakes, simpler / 2.0),
    )


# We cache the result, because a page needs it for its ground and for the regions at sea.
@lru_cache(maxsize=1)
def _find_land(window: Window) -> BaseGeometry:
    """Return the land in a window, as one shape."""
    return _cut_to(read_ground("land").geometry, shapely.box(*window))


# We cache the result, because a page needs it for the names of regions and for the regions at sea.
@lru_cache(maxsize=64)
def simplify_region(region: Region) -> BaseGeometry:
    """Return the outline of a region, within a kilometre."""
    # Preserving the topology takes ten times as long. Few outlines need a repair afterwards.
    rough = shapely.make_valid(
        shapely.simplify(region.geometry, _TOLERANCE_DEGREES, preserve_topology=False)
    )
    # Simplifying leaves nothing of a region smaller than the tolerance, so we keep its outline.
    return keep_polygons(rough) if shapely.area(rough) > 0.0 else region.geometry


def find_regions_at_sea(regions: Sequence[Region], window: Window) -> list[bool]:
    """Return which regions have too much sea in a window to be drawn as land.

    In the data of the world, countries include their territorial waters.
    """
    box = shapely.box(*window)
    land = _find_land(window)
    held = [_cut_to([simplify_region(region)], box) for region in regions]
    whole = shapely.area(held)
    wet = shapely.area([shapely.difference(one, land) for one in held])
    return (wet > _MOST_SEA_SHARE * whole).tolist() if regions else []


def choose_waters(zone: Zone) -> str:
    """Return the dataset of rivers and lakes for a zone: "waters" if it covers the zone.

    Examples
    --------
    >>> import geobuffer as gb
    >>> camp = gb.border_around(shapely.Point(92.15, 21.2), source=gb.Source("by hand"))
    >>> choose_waters(gb.build_zone(camp, km=5, tolerance_m=100))
    'waters_far'
    """
    is_near = shapely.box(*_find_river_bounds()).contains(shapely.box(*find_bounds(zone)))
    return "waters" if is_near else "waters_far"


def _find_waters(zone: Zone, box: BaseGeometry) -> tuple[BaseGeometry, BaseGeometry]:
    """Return rivers and lakes in a box; coarse ones only where there are no finer ones."""
    boxes = {"waters_far": box}
    if choose_waters(zone) == "waters":
        near = shapely.box(*_find_river_bounds())
        boxes = {
            "waters": shapely.intersection(box, near),
            "waters_far": shapely.difference(box, near),
        }
    found = []
    for layer, part in boxes.items():
        table = read_ground(layer)
        is_river = table["kind"] == "river"
        found.append([_cut_to(table.geometry[these], part) for these in (is_river, ~is_river)])
    rivers, lakes = (shapely.union_all(parts) for parts in zip(*found, strict=True))
    return rivers, lakes


@cache
def _find_river_bounds() -> Window:
    """Return the bounds of the rivers in the dataset "waters", which are cut at its edges."""
    table = read_ground("waters")
    west, south, east, north = table.geometry[table["kind"] == "river"].total_bounds.tolist()
    return west, south, east, north


def _cut_to(shapes: Iterable[BaseGeometry], box: BaseGeometry) -> BaseGeometry:
    """Return the parts of shapes in a box as one shape, moved by 360° if necessary."""
    given = np.asarray(shapes, dtype=object)
    parts: list[BaseGeometry] = []
    west, _, east, _ = box.bounds
    # The data lie within ±180°. So do most windows, which then need no moved copies.
    for turn in (0.0,) if west >= -180.0 and east <= 180.0 else (-360.0, 0.0, 360.0):
        moved = translate(box, -turn)
        there = shapely.intersection(given[shapely.intersects(given, moved)], moved)
        parts += [translate(one, turn) for one in there] if turn else there.tolist()
    return shapely.union_all(parts)


def _keep_lines(shape: BaseGeometry) -> BaseGeometry:
    """Return the lines of an overlay's result, without points."""
    parts = shapely.get_parts(shapely.get_parts(shape))
    return shapely.MultiLineString(
        [part for part in parts if part.geom_type == "LineString" and not part.is_empty]
    )


def _find_common_edges(areas: Sequence[BaseGeometry]) -> BaseGeometry:
    """Return the lines along which areas meet."""
    if not areas:
        return shapely.MultiLineString()
    edges = shapely.boundary(np.array(areas, dtype=object))
    one, other = shapely.STRtree(areas).query(areas, predicate="intersects")
    first = one < other
    return shapely.union_all(shapely.intersection(edges[one[first]], edges[other[first]]))


def find_name_points(area: BaseGeometry, bounds: Window) -> Floats:
    """Return points of an area within bounds (n, 2) that are far from its edge, the farthest first.

    A map writes the name at the first point that has room for it.
    """
    west, south, east, north = bounds
    lon = np.linspace(west, east, 2 * _COLUMNS + 1)[1::2]
    lat = np.linspace(south, north, 2 * _ROWS + 1)[1::2]
    grid = np.column_stack([part.ravel() for part in np.meshgrid(lon, lat)])
    points = grid[shapely.contains_xy(area, *grid.T)]
    away = shapely.distance(shapely.boundary(area), shapely.points(points))
    best = np.argsort(-away, kind="stable")[:_MOST_POINTS]
    return np.asarray(points[best[away[best] > (east - west) / 40.0]])


def make_locator(zone: Zone, tints: Mapping[str, int]) -> Locator:
    """Return the locator of a zone; ``tints`` are those of its ground, by the code of a country."""
    west, south, east, north = find_bounds(zone)
    lon, lat = (west + east) / 2.0, (south + north) / 2.0
    lon_scale = _find_lon_scale(lat)
    width, height = LOCATOR_SIZE
    length = max((east - west) * lon_scale * height / width, north - south)
    tall = min(max(_LOCATOR_LEAST_DEGREES, _LOCATOR_LENGTHS * length), _LOCATOR_MOST_DEGREES)
    far = read_ground("countries_far")
    while True:
        middle = np.array([lon, min(max(lat, tall / 2.0 - 88.0), 88.0 - tall / 2.0)])
        scale = np.array([lon_scale, -1.0]) * height / tall
        half = np.array([width, height]) / np.abs(scale) / 2.0
        box = shapely.box(*(middle - half), *(middle + half))
        cut = [_cut_to([shape], box) for shape in far.geometry]
        has_land = shapely.area(cut).sum() >= _LOCATOR_LEAST_LAND * box.area
        if has_land or tall >= _LOCATOR_MOST_DEGREES:
            break
        tall = min(_LOCATOR_STEP * tall, _LOCATOR_MOST_DEGREES)

    def to_pixels(lonlat: Floats) -> Floats:
        return np.asarray((lonlat - middle) * scale + np.array([width, height]) / 2.0)

    seen = [keep_polygons(shapely.transform(shape, to_pixels)) for shape in cut]
    # We simplify countries together, so that they still meet. Errors are less than a pixel.
    simple = shapely.coverage_simplify(seen, 1.0)
    tinted = [tints.get(iso, -1) for iso in far["iso"]]
    corners = to_pixels(np.array([(west, north), (east, south)]))
    # The mark has at least 6 pixels, so that it is visible for small zones too.
    low, high = corners.min(axis=0), corners.max(axis=0)
    grow = np.maximum(0.0, (6.0 - (high - low)) / 2.0)
    return Locator(
        sorted(
            ((tint, one) for tint, one in zip(tinted, simple, strict=True) if not one.is_empty),
            key=lambda pair: pair[0],
        ),
        (*(low - grow).tolist(), *(high + grow).tolist()),
    )

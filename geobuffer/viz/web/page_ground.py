"""Compute what the page shows around its zone: the ground, names of countries, the locator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geobuffer.geodesy.antimeridian import keep_polygons
from geobuffer.viz.extent import find_bounds
from geobuffer.viz.ground import (
    GROUND_UP_TO_ZOOM,
    LOCATOR_SIZE,
    RIVERS_UP_TO_ZOOM,
    choose_window,
    find_ground,
    find_name_points,
    find_state_lines,
    make_locator,
)
from geobuffer.viz.web.compact import encode_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shapely.geometry.base import BaseGeometry

    from geobuffer.viz.ground import Ground, Locator
    from geobuffer.zones.region import Region
    from geobuffer.zones.zone import Zone


# We write the ground on a grid of 220 m, which is enough because it is exact to a kilometre.
_GRID = 2e-3

# Parts of land and lakes smaller than this, in square degrees, are left out: 78 km² at latitude 51.
_SMALLEST = 1e-2


def describe_ground(zone: Zone, regions: Sequence[Region]) -> dict[str, Any]:
    """Return the ground of a zone as data for the page."""
    ground = find_ground(zone, choose_window(zone), find_state_lines(regions))
    tints = {country.iso: country.tint for country in ground.countries if country.tint >= 0}
    return {
        "grid": _GRID,
        "zooms": {"rivers": RIVERS_UP_TO_ZOOM, "ground": GROUND_UP_TO_ZOOM},
        "tints": tints,
        # The page has the colours of these tints in the same order; −1 is land of neither side.
        "land": [
            _encode_areas(country.land for country in ground.countries if country.tint == tint)
            for tint in (0, 1, -1)
        ],
        "lakes": _encode_areas([ground.lakes]),
        "rivers": _encode_lines(ground.rivers),
        "borders": _encode_lines(ground.borders),
        "countries": _list_names(ground, zone),
        "locator": _describe_locator(make_locator(zone, tints)),
    }


def _encode_areas(areas: Any) -> list[list[str]]:
    whole = keep_polygons(shapely.union_all(list(areas)))
    return [
        [
            encode_line(shapely.get_coordinates(ring), _GRID)
            for ring in (part.exterior, *part.interiors)
        ]
        for part in shapely.get_parts(whole)
        if part.area >= _SMALLEST
    ]


def _encode_lines(lines: BaseGeometry) -> list[str]:
    parts = [part for part in shapely.get_parts(lines) if part.length]
    return [encode_line(shapely.get_coordinates(part), _GRID) for part in parts]


def _list_names(ground: Ground, zone: Zone) -> list[dict[str, Any]]:
    """Return the names of countries, each with points where it may stand, the best first."""
    window = shapely.box(*ground.window)
    view = shapely.box(*find_bounds(zone))
    zone_rough = shapely.simplify(zone.polygon, 0.01)
    named = []
    for country in ground.countries:
        free = shapely.difference(country.land, zone_rough)
        points = [
            point
            for area in (view, window)
            for point in find_name_points(shapely.intersection(free, area), area.bounds)
        ]
        if points:
            named.append(
                {
                    "name": country.iso,
                    "names": dict(country.names),
                    "labels": [[round(lat, 2), round(lon, 2)] for lon, lat in points],
                }
            )
    return named


def _describe_locator(locator: Locator) -> dict[str, Any]:
    """Return a locator as paths of SVG in half pixels."""
    paths = [
        {"tint": tint, "path": "".join(_write_path(ring) for ring in _list_rings(shape))}
        for tint, shape in locator.shapes
    ]
    return {
        "size": list(LOCATOR_SIZE),
        "shapes": [one for one in paths if one["path"]],
        "mark": [round(value, 1) for value in locator.mark],
    }


def _list_rings(shape: BaseGeometry) -> list[BaseGeometry]:
    return [ring for part in shapely.get_parts(shape) for ring in (part.exterior, *part.interiors)]


def _write_path(ring: BaseGeometry) -> str:
    """Return a ring as a path of SVG in half pixels; empty if it is too small to have an area."""
    at = np.round(shapely.get_coordinates(ring) * 2.0).astype(int)
    steps = np.diff(at, axis=0)
    steps = steps[(steps != 0).any(axis=1)]
    if len(steps) < 3:
        return ""
    return f"M{at[0, 0]} {at[0, 1]}l" + " ".join(f"{x} {y}" for x, y in steps[:-1].tolist()) + "z"

"""Decide which of two columns of metres is the easting.

In national grids of Gauss and Krüger, X points north: EPSG:28406, 2180 and 31468 say so in their
definitions. Many GIS programs nevertheless write X for the easting. So the definition decides, and
we check the result against the area in which the system is used.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
import shapely

from geobuffer.errors import DataError
from geobuffer.geodesy.antimeridian import wrap_degrees
from geobuffer.io.read.reproject import parse_crs

if TYPE_CHECKING:
    from geobuffer.geodesy.ellipsoid import Floats
    from geobuffer.io.read.source_table import SourceTable

# How many degrees outside its area a system may be used. A grid with zones 6° wide is often used
# for the neighbouring zones too, to have all points of a country in one system.
_MARGIN_DEGREES = 6.0

# How many points we convert to see where most of them lie.
_SAMPLE = 1_000

_X_OR_Y = re.compile(r"(?:.*[\W_\d])?([xyху])(?:[\W_\d].*|coord.*)?", re.IGNORECASE)
_CYRILLIC = {"х": "x", "у": "y"}


def order_axes(table: SourceTable, crs: object) -> None:
    """Put the easting of points first, if their two columns are those of a projected system.

    Raises
    ------
    DataError
        Most points lie in the area of the system only with the columns swapped, but the caller
        stated the columns, or their names are unambiguous.
    """
    if table.axes is None:
        return
    system = parse_crs(table.crs if crs is None else crs)
    if not system.is_projected:
        return
    is_stated, names = table.axes.is_stated, table.axes.columns
    letters = [_find_letter(name) for name in names]
    is_free = sorted(letters) == ["x", "y"] and not is_stated
    swaps = is_free and letters[0] != _name_first_axis(system)
    fits = _fits_area(table, system, swapped=swaps)
    other_fits = _fits_area(table, system, swapped=not swaps)
    first, second = names[::-1] if swaps else names
    if fits is False and other_fits:
        if not is_free:
            raise DataError(
                f"Invalid coordinates in {table.name}: with {first!r} as the easting, most points "
                f"lie outside the area of {system.name}, but not with {second!r}. The easting must "
                f"be first; lon={second!r}, lat={first!r} swaps them."
            )
        swaps, first, second = not swaps, second, first
        table.notes.append(
            f"{first!r} was read as the easting and {second!r} as the northing: in the other "
            f"order, points lie outside the area of {system.name}."
        )
    elif fits is False:
        table.notes.append(
            f"most points lie outside the area of {system.name}, in either order of the two "
            "columns. Is crs= right?"
        )
    elif swaps:
        remedy = f" lon={second!r}, lat={first!r} reads them the other way." if other_fits else ""
        table.notes.append(
            f"{second!r} was read as the northing and {first!r} as the easting, as {system.name} "
            f"defines its axes.{remedy}"
        )
    if swaps:
        table.shapes = shapely.transform(table.required_shapes, lambda xy: xy[:, ::-1])


def _find_letter(name: str) -> str:
    """Return "x" or "y" if the name of a column contains that letter as a word; else "".

    >>> [_find_letter(name) for name in ("X", "coord_Y", "Х, м", "X_2000", "easting", "xcoord")]
    ['x', 'y', 'x', 'x', '', 'x']
    """
    match = _X_OR_Y.fullmatch(name.strip())
    letter = match[1].casefold() if match else ""
    return _CYRILLIC.get(letter, letter)


def _name_first_axis(system: pyproj.CRS) -> str:
    """Return which of the letters x and y the definition of a system gives to the easting."""
    axes = system.axis_info[:2]
    letters = [axis.abbrev.casefold() for axis in axes]
    if sorted(letters) != ["x", "y"]:
        return "x"  # its axes are E and N
    # PROJ swaps only north and east; other orders, such as south and west, stay as defined.
    is_turned = [axis.direction for axis in axes] == ["north", "east"]
    return letters[1] if is_turned else letters[0]


def _fits_area(table: SourceTable, system: pyproj.CRS, *, swapped: bool) -> bool | None:
    """Return whether most points lie where a system is used; ``None`` if that is unknown."""
    area = system.area_of_use
    xy = shapely.get_coordinates(table.required_shapes)
    if area is None or not len(xy):
        return None
    xy = xy[np.linspace(0, len(xy) - 1, min(len(xy), _SAMPLE)).astype(int)]
    lon, lat = _to_degrees(system, xy[:, ::-1] if swapped else xy)
    width = (area.east - area.west) % 360.0 or 360.0
    middle = area.west + width / 2.0
    across = np.abs(wrap_degrees(lon - middle)) <= width / 2.0 + _MARGIN_DEGREES
    up = (lat >= area.south - _MARGIN_DEGREES) & (lat <= area.north + _MARGIN_DEGREES)
    return bool((across & up).mean() > 0.5)


def _to_degrees(system: pyproj.CRS, xy: Any) -> tuple[Floats, Floats]:
    convert = pyproj.Transformer.from_crs(system, "EPSG:4326", always_xy=True, only_best=False)
    lon, lat = convert.transform(*xy.T)
    return np.where(np.isfinite(lon), lon, np.nan), np.where(np.isfinite(lat), lat, np.nan)

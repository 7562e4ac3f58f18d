"""What is given for a border, a zone or a region is one: an error at the door, not far inside.

Widths as people write them: a number of kilometres, or a text with its unit.

Areas that callers give: refused where no zone could be right, else flat and within ±180°.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import shapely

from geobuffer.errors import GeometryError, WrongKind
from geobuffer.geodesy.antimeridian import cut_at_antimeridian
from geobuffer.geodesy.ellipsoid import area_m2, check_degrees
from geobuffer.zones.border import Border
from geobuffer.zones.region import Region
from geobuffer.zones.zone import BufferZone, CombinedZone

if TYPE_CHECKING:
    from shapely.geometry import MultiPolygon, Polygon
    from shapely.geometry.base import BaseGeometry


# Kilometres in each unit. The nautical mile is 1,852 m (BIPM, The International System of Units,
# 2019, table 8), the mile 1,609.344 m. A capital M alone may be metres or nautical miles: neither.
_UNITS = {
    "km": 1.0, "км": 1.0, "kilometre": 1.0, "kilometres": 1.0, "kilometer": 1.0, "kilometers": 1.0,
    "m": 1e-3, "м": 1e-3, "metre": 1e-3, "metres": 1e-3, "meter": 1e-3, "meters": 1e-3,
    "nm": 1.852, "nmi": 1.852, "mi": 1.609344, "mile": 1.609344, "miles": 1.609344,
}  # fmt: skip

# Thousands are parted by spaces, decimals by a point or a comma. A comma before three digits may
# mean either.
_WRITTEN = re.compile(
    r"([+-]?(?:\d{1,3}(?: \d{3})+|\d+)(?:\.\d+|,(?!\d{3}(?!\d))\d+)?) ?([^\W\d]*)"
)

#: What a width must be, for messages.
KM_FORMS = (
    "Must be a number of kilometres, or a text such as '10 km', '10,5 km', '10 000 m', '5 NM' or "
    "'3 mi'."
)


def parse_km(given: object, name: str = "km") -> float:
    """Return a width in kilometres; a text without a unit is kilometres too, as ``name`` says.

    Parameters
    ----------
    given
        A number, or a text such as ``"10 km"``, ``"10,5 km"``, ``"10 000 m"``, ``"5 NM"`` (nautical
        miles) or ``"3 mi"``.
    name
        What messages call it.

    Raises
    ------
    GeometryError
        It is neither; the message lists the forms. Whether a width is a sensible one is not asked.

    Examples
    --------
    >>> parse_km(10), parse_km("10,5 km"), parse_km("10 000 m"), parse_km("5 NM")
    (10.0, 10.5, 10.0, 9.26)
    >>> parse_km("10,000 m")
    Traceback (most recent call last):
    geobuffer.errors.GeometryError: Invalid km '10,000 m'. Must be a number of kilometres, or ...
    """
    if isinstance(given, (int, float, np.number)) and not isinstance(given, bool):
        return float(given)
    if isinstance(given, str):
        match = _WRITTEN.fullmatch(" ".join(given.replace("−", "-").split()))
        unit = match[2] if match else ""
        factor = _UNITS.get(unit.casefold()) if unit not in {"M", "М"} else None
        if match and (factor or not unit):
            number = float(match[1].replace(" ", "").replace(",", "."))
            return round(number * (factor or 1.0), 9)  # a micrometre: no trace of 1e-3
    raise GeometryError(f"Invalid {name} {given!r}. {KM_FORMS}")


def check_area(shape: BaseGeometry, what: str) -> Polygon | MultiPolygon:
    """Return an area without heights, cut at the antimeridian; ``what`` is for messages.

    Raises
    ------
    GeometryError
        It is no polygon, empty, not valid, or its coordinates are no degrees.

    Examples
    --------
    >>> bow_tie = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    >>> check_area(bow_tie, "region 'Park'")
    Traceback (most recent call last):
    geobuffer.errors.GeometryError: Invalid region 'Park': Self-intersection[0.5 0.5]. Must be ...
    """
    kind = getattr(shape, "geom_type", type(shape).__name__)
    if kind not in {"Polygon", "MultiPolygon"} or shape.is_empty:
        found = f"an empty {kind}" if getattr(shape, "is_empty", False) else f"a {kind}"
        mixed = kind == "GeometryCollection" and not shape.is_empty
        remedy = "; keep the polygons of its shapely.get_parts()" if mixed else ""
        raise GeometryError(
            f"Invalid {what}: its geometry is {found}. Must be a Polygon or MultiPolygon{remedy}."
        )
    check_degrees(shapely.get_coordinates(shape), what)
    if not shape.is_valid:
        raise GeometryError(f"Invalid {what}: {_not_valid(shape)}")
    return cut_at_antimeridian(shapely.force_2d(shape))


def _not_valid(shape: BaseGeometry) -> str:
    """Return what is wrong with a polygon, and what mending would do to its area."""
    mended = shapely.make_valid(shape, method="structure", keep_collapsed=False)
    before, after = (area_m2(one) / 1e6 for one in (shape, mended))
    return (
        f"{shapely.is_valid_reason(shape)}. Must be a valid polygon; shapely.make_valid() makes "
        f"one of {after:,.6g} km² of these {before:,.6g} km²: look whether that is meant."
    )


def check_border(given: object) -> None:
    """Refuse what is no border.

    Raises
    ------
    WrongKind
        With the functions that make one of what people have.

    Examples
    --------
    >>> check_border("Kursk–Sumy")
    Traceback (most recent call last):
    ...
    geobuffer.errors.WrongKind: Invalid border: a str. Must be a Border: border_between() makes \
one of regions, border_along() of lines, border_around() of shapes, read_border() of a file.
    """
    if not isinstance(given, Border):
        raise WrongKind(
            f"Invalid border: {_kind(given)}. Must be a Border: border_between() makes one of "
            "regions, border_along() of lines, border_around() of shapes, read_border() of a file."
        )


def check_zone(given: object) -> None:
    """Refuse what is no zone.

    Raises
    ------
    WrongKind
        With the functions that make one.

    Examples
    --------
    >>> check_zone(10)
    Traceback (most recent call last):
    ...
    geobuffer.errors.WrongKind: Invalid zone: a int. Must be a zone: build_zone() makes one of a \
border, read_zone() of a file.
    """
    if not isinstance(given, (BufferZone, CombinedZone)):
        raise WrongKind(
            f"Invalid zone: {_kind(given)}. Must be a zone: build_zone() makes one of a border, "
            "read_zone() of a file."
        )


def check_region(given: object) -> None:
    """Refuse what is no region.

    Raises
    ------
    WrongKind
        With the way from a name to its region.

    Examples
    --------
    >>> check_region("Kursk")
    Traceback (most recent call last):
    ...
    geobuffer.errors.WrongKind: Invalid region: 'Kursk', a str. Must be a Region: \
load_regions()['Kursk'] if it is bundled, read_regions() makes them of a file.
    """
    if isinstance(given, str):
        raise WrongKind(
            f"Invalid region: {given!r}, a str. Must be a Region: load_regions()[{given!r}] if it "
            "is bundled, read_regions() makes them of a file."
        )
    if not isinstance(given, Region):
        raise WrongKind(
            f"Invalid region: {_kind(given)}. Must be a Region, as load_regions() or "
            "read_regions() holds them."
        )


def _kind(given: object) -> str:
    return f"a {type(given).__name__}"

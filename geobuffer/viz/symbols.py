"""Compute the sizes of the dots of settlements, on the page and in pictures.

The page gets these numbers as data, so that its script draws the same dots as a picture has.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import NamedTuple

#: With at most this many places in view, we draw all of them large and name them.
FEW_PLACES = 40

# The rule of :func:`scale_dots`: the factor at zoom 7, its growth with each step of zoom, and its
# largest value. Below zoom 9, dots outside the zone are smaller by a further factor.
_AT_ZOOM_7, _GROWTH, _LARGEST = 0.42, 0.15, 1.3
_OUTSIDE, _OUTSIDE_BELOW_ZOOM = 0.7, 9.0

#: The smallest factor for dots on a screen, and on paper. At 0.3, a printed village in the zone
#: would be 0.8 mm wide; at 0.42 it can be distinguished from those outside.
SMALLEST_ON_SCREEN, SMALLEST_ON_PAPER = 0.3, 0.42


class DotSize(NamedTuple):
    """Radius and width of the outline of a dot, in CSS pixels."""

    radius: float
    outline: float


#: The dots of each class. Classes differ in size and outline, not only in colour.
DOT_SIZES = MappingProxyType(
    {
        "inside": DotSize(5.0, 1.0),
        "uncertain": DotSize(6.0, 2.6),
        "outside": DotSize(2.6, 0.0),
    }
)


#: The radius of the symbol of a town, by the least population, so that readers see its size.
TOWNS = ((500_000, 6.5), (100_000, 5.0), (30_000, 3.9), (10_000, 3.0))


def find_town_radius(population: float) -> float:
    """Return the radius of a place's symbol in pixels, by its population; 0 for a village.

    Examples
    --------
    >>> [find_town_radius(people) for people in (1_400_000, 12_000, 9_000, float("nan"))]
    [6.5, 3.0, 0.0, 0.0]
    """
    return next((radius for least, radius in TOWNS if population >= least), 0.0)


def scale_dots(zoom: float, membership: str) -> float:
    """Return the factor by which dots shrink at a zoom of a web map.

    Where a whole border is in view, dots of full size would hide it.

    Examples
    --------
    >>> [round(scale_dots(zoom, "inside"), 2) for zoom in (5, 9, 20)]
    [0.42, 0.72, 1.3]
    >>> round(scale_dots(5, "outside"), 2)
    0.29
    """
    scale = min(_LARGEST, max(SMALLEST_ON_PAPER, _AT_ZOOM_7 + (zoom - 7.0) * _GROWTH))
    return scale * (_OUTSIDE if membership == "outside" and zoom < _OUTSIDE_BELOW_ZOOM else 1.0)


def describe_dots() -> dict[str, object]:
    """Return the sizes of dots and their rule as data for the page."""
    return {
        "sizes": {name: size._asdict() for name, size in DOT_SIZES.items()},
        "few": FEW_PLACES,
        "towns": [list(one) for one in TOWNS],
        "scale": {
            "smallest": SMALLEST_ON_SCREEN,
            "at_zoom_7": _AT_ZOOM_7,
            "growth": _GROWTH,
            "largest": _LARGEST,
            "outside": _OUTSIDE,
            "outside_below_zoom": _OUTSIDE_BELOW_ZOOM,
        },
    }

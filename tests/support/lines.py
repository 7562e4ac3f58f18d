"""Lines of every kind, anywhere on the globe, for property tests: hypothesis draws them."""

from __future__ import annotations

import os
from typing import NamedTuple

import numpy as np
import shapely
from hypothesis import strategies as st

# The length of a degree of latitude, to a percent: the sizes of random lines need no more accuracy.
_DEGREE_M = 111_195.0

# The highest latitude of a vertex, north or south.
_MOST_LAT = 89.0

# The largest ratio of the size of a line to the width about it: larger lines take too long.
_MOST_WIDTHS = 1e5 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else 200.0

# The vertices of lines, as fractions of the size, between −1 and 1.
_SHAPES = {
    "straight": [[(-1, -0.3), (1, 0.3)]],
    "along a parallel": [[(-1, 0), (1, 0)]],
    "along a meridian": [[(0, -1), (0, 1)]],
    "crossing itself": [[(-1, -1), (1, 1), (1, -1), (-1, 1)]],
    "touching itself": [[(-1, 0), (1, 0), (1, 1), (0, 0), (-1, 1)]],
    "there and back": [[(-1, 0), (1, 0.2), (-1, 0)]],
    "there and half back": [[(-1, 0), (1, 0), (0, 0)]],
    "closed": [[(-1, -1), (1, -1), (0.8, 1), (-1, 0.7), (-1, -1)]],
    "repeated vertices": [[(-1, 0), (-1, 0), (0, 0.5), (0, 0.5), (0, 0.5), (1, 0), (1, 0)]],
    "two that meet at their ends": [[(-1, 0), (0, 0.1)], [(0, 0.1), (1, 0)]],
    "two that meet in a T": [[(-1, 0), (1, 0)], [(0, 0), (0, 1)]],
    "two that cross": [[(-1, -1), (1, 1)], [(-1, 1), (1, -1)]],
    "two apart": [[(-1, -0.5), (1, -0.5)], [(-1, 0.5), (1, 0.4)]],
    "one twice": [[(-1, 0), (0, 0.4), (1, 0)], [(1, 0), (0, 0.4), (-1, 0)]],
    "a spike": [[(-1, 0), (-0.01, 0), (0, 1), (0.01, 0), (1, 0)]],
    "nearly closed": [[(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -0.999)]],
}


class Drawn(NamedTuple):
    """Lines, how large they are, and the width of a zone about them."""

    lines: list[shapely.LineString]
    size_m: float
    kind: str
    width_m: float


@st.composite
def _wandering(draw):
    """A line of many short random steps."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    steps = rng.normal(0.0, 1.0, (draw(st.integers(2, 25)), 2))
    way = np.cumsum(steps, axis=0)
    return [list(map(tuple, way / max(1.0, np.abs(way).max())))]


@st.composite
def anywhere(draw, largest_m=1.5e6, most_lat=_MOST_LAT, widths_m=(1.0, 500_000.0)):
    """Lines from a metre to 3,000 km across, at any longitude, and a width to go with them."""
    kind = draw(st.sampled_from([*_SHAPES, "wandering"]))
    shape = draw(_wandering()) if kind == "wandering" else _SHAPES[kind]
    # Any order of magnitude is as likely as another.
    width_m = 10.0 ** draw(st.floats(*np.log10(widths_m)))
    largest_m = min(largest_m, _MOST_WIDTHS * width_m)
    size_m = 10.0 ** draw(st.floats(0.0, np.log10(largest_m)))
    lat = draw(st.one_of(st.floats(-most_lat, most_lat), st.sampled_from([0.0, most_lat, -85.0])))
    lat = float(np.clip(lat, -most_lat, most_lat))
    lon = draw(st.one_of(st.floats(-180.0, 180.0), st.sampled_from([0.0, 180.0, -179.9999])))
    lines = _place_shape(shape, size_m, lon, lat, most_lat)
    if draw(st.booleans()):
        lines = [np.stack([(xy[:, 0] + 180.0) % 360.0 - 180.0, xy[:, 1]], axis=1) for xy in lines]
    return Drawn([shapely.LineString(xy) for xy in lines], size_m, kind, width_m)


def _place_shape(shape, size_m, lon, lat, most_lat):
    """Return a shape about a place as degrees, not wrapped at the antimeridian."""
    high = size_m / _DEGREE_M
    centre = np.clip(lat, high - most_lat, most_lat - high)
    # Towards a pole, lines are wider in degrees. We limit that, so that none goes round the globe.
    narrow = np.cos(np.radians(min(abs(centre) + high, 89.5)))
    across = min(high / narrow, 80.0)
    placed = []
    for part in shape:
        x, y = np.array(part, dtype=float).T
        lats = np.clip(centre + y * high, -most_lat, most_lat)
        placed.append(np.stack([lon + x * across, lats], axis=1))
    return placed

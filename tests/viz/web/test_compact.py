"""Encoded shapes and columns are exact to the stated tolerance."""

import itertools

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geobuffer.geodesy.simplify import simplify_parts
from geobuffer.viz.web.compact import encode_line, find_kept_vertices, round_numbers, share_arcs


def decoded(text, grid=1e-5):
    """Decode a line independently, by the description of the format."""
    values, value, shift = [], 0, 0
    for sign in text:
        bits = ord(sign) - 63
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits < 0x20:
            values.append(-(value >> 1) - 1 if value & 1 else value >> 1)
            value, shift = 0, 0
    steps = np.reshape(values, (-1, 2))
    return np.cumsum(steps, axis=0)[:, ::-1] * grid


lonlat = st.tuples(st.floats(-180, 180), st.floats(-90, 90))


def test_closed_line_begins_where_it_was_given_to_begin() -> None:
    outline = shapely.LineString([(2, 0), (2, 1), (0, 1), (0, 0), (2, 0)])
    arcs = share_arcs([shapely.Polygon(outline), outline])
    [[number]] = arcs.shapes[1]
    drawn = arcs.lines[max(number, ~number)][:: 1 if number >= 0 else -1]
    assert drawn.tolist() == shapely.get_coordinates(outline).tolist()


@given(st.lists(lonlat, min_size=1, max_size=30), st.sampled_from([1e-5, 1e-4]))
def test_a_line_comes_back_within_half_a_step(points, grid):
    line = np.array(points)
    back = decoded(encode_line(line, grid), grid)
    whole = np.round(line / grid)
    kept = np.concatenate([[True], (np.diff(whole, axis=0) != 0).any(axis=1)])
    assert np.abs(back - line[kept]).max() <= grid * 0.5001


def test_lines_stay_within_the_stated_tolerance():
    rng = np.random.default_rng(1)
    lat = np.linspace(50, 51, 2_000)
    line = np.stack([30 + rng.normal(0, 3e-4, 2_000), lat], axis=1)
    drawn = shapely.linestrings(line[find_kept_vertices(line, 10)])
    metres = np.array([111_320 * np.cos(np.radians(50)), 111_320])
    away = shapely.distance(
        shapely.points(line * metres), shapely.transform(drawn, lambda xy: xy * metres)
    )
    # The scale is that of the latitude closest to the equator, which is 50° here.
    assert away.max() <= 10
    assert len(drawn.coords) < 2_000
    assert drawn.coords[0] == tuple(line[0])
    assert drawn.coords[-1] == tuple(line[-1])


def joined(arcs, numbers):
    parts = [arcs.lines[n] if n >= 0 else arcs.lines[~n][::-1] for n in numbers]
    return np.concatenate([parts[0], *(part[1:] for part in parts[1:])])


def rebuilt(arcs, shape):
    polygons = [
        shapely.Polygon(joined(arcs, p[0]), [joined(arcs, r) for r in p[1:]]) for p in shape
    ]
    return shapely.multipolygons(polygons)


GRID_OF_BOXES = [shapely.box(x, y, x + 1, y + 1) for x, y in itertools.product(range(3), range(3))]


@pytest.mark.parametrize(
    "shapes",
    [
        GRID_OF_BOXES,
        [shapely.box(0, 0, 3, 3) - shapely.box(1, 1, 2, 2), shapely.box(1, 1, 2, 2)],
        [shapely.multipolygons([shapely.box(0, 0, 1, 1), shapely.box(5, 5, 6, 6)])],
        # Shapes that touch at a corner only; and one shape twice, with another start and direction.
        [shapely.box(0, 0, 1, 1), shapely.box(1, 1, 2, 2)],
        [shapely.Polygon([(0, 0), (1, 0), (1, 1), (0, 1)]),
         shapely.Polygon([(1, 1), (1, 0), (0, 0), (0, 1)])],
    ],
)  # fmt: skip
def test_shapes_come_back_from_their_arcs(shapes):
    arcs = share_arcs(shapes)
    for shape, these in zip(shapes, arcs.shapes, strict=True):
        assert rebuilt(arcs, these).equals(shape)
    edges = sorted(
        tuple(sorted(map(tuple, edge)))
        for line in arcs.lines
        for edge in itertools.pairwise(line.tolist())
    )
    assert len(edges) == len(set(edges)), "an edge is written twice"


def test_a_line_along_regions_shares_their_arc():
    west, east = shapely.box(0, 0, 1, 2), shapely.box(1, 0, 2, 2)
    part = shapely.segmentize(shapely.LineString([(1, 0), (1, 2)]), 0.5)
    west, east = shapely.segmentize(west, 0.5), shapely.segmentize(east, 0.5)
    line = shapely.linestrings(shapely.get_coordinates(part)[1:3])  # ends amid the common edge
    arcs = share_arcs([line, west, east])
    (own,) = arcs.shapes[0]
    assert all(any(n in (m, ~m) for m in arcs.shapes[1][0][0]) for n in own)
    assert rebuilt(arcs, arcs.shapes[1]).equals(west)
    assert rebuilt(arcs, arcs.shapes[2]).equals(east)


def test_no_lines_give_no_arcs():
    assert share_arcs([]) == ([], [])
    assert share_arcs([shapely.Polygon()]).shapes == [[]]
    assert simplify_parts(shapely.Polygon(), 10) == []


def test_numbers_stay_exact_when_asked():
    assert round_numbers([1 / 3, 2.0, np.inf], None) == [1 / 3, 2, None]

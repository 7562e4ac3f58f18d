import numpy as np
import pytest
import shapely

from geobuffer.geodesy import pieces_of
from geobuffer.nearest import LineIndex
from geobuffer.nodes import Nodes, tips_of


def _nodes(*lines):
    shapes = [shapely.LineString(line) for line in lines]
    return Nodes(pieces_of(shapes), tips_of(shapes))


def test_a_line_has_two_free_ends_that_point_outward():
    lon, lat, azimuth = _nodes([(30.0, 50.0), (30.0, 51.0)]).free_ends()
    order = np.argsort(lat)
    assert lon == pytest.approx([30.0, 30.0])
    assert lat[order] == pytest.approx([50.0, 51.0])
    assert (azimuth % 360.0)[order] == pytest.approx([180.0, 0.0])


def test_where_lines_meet_and_where_one_closes_is_no_free_end():
    one, other = [(30.0, 50.0), (30.0, 51.0)], [(30.0, 51.0), (31.0, 51.0)]
    lon, lat, _ = _nodes(one, other).free_ends()
    assert sorted(lon) == pytest.approx([30.0, 31.0])
    assert sorted(lat) == pytest.approx([50.0, 51.0])
    ring = [(30.0, 50.0), (31.0, 50.0), (30.5, 51.0), (30.0, 50.0)]
    assert len(_nodes(ring).free_ends()[0]) == 0


def test_lines_meet_across_the_antimeridian():
    lon, _, _ = _nodes([(179.0, 50.0), (180.0, 50.0)], [(-180.0, 50.0), (-179.0, 50.0)]).free_ends()
    assert sorted(lon) == pytest.approx([-179.0, 179.0])


def test_at_a_bend_both_stretches_decide_which_way_is_left():
    nodes = _nodes([(30.0, 50.0), (30.0, 50.005), (30.005, 50.005)])  # north, then east
    bend = np.repeat(nodes.end[0], 4)
    directions = np.array([-45.0, -135.0, 45.0, 135.0])
    assert nodes.left(directions, bend).tolist() == [True, True, True, False]


def test_beyond_an_end_the_line_is_thought_to_go_straight_on():
    index = LineIndex([shapely.LineString([(30.0, 50.0), (30.0, 51.0)])])
    assert index.is_left([29.99, 30.01, 29.99, 30.01], [51.1, 51.1, 49.9, 49.9]).tolist() == [
        True, False, True, False,
    ]  # fmt: skip

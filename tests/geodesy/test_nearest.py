"""The nearest point of lines, its distance and side, compared with an independent search."""

import pickle

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from support.reference import distance_m

from geobuffer.errors import GeometryError
from geobuffer.geodesy._chord_tree import ChordTree
from geobuffer.geodesy.ellipsoid import cut_into_pieces, inverse, length_m, to_ecef
from geobuffer.geodesy.nearest import LineIndex, Nodes, find_tips

GEOD = pyproj.Geod(ellps="WGS84")


def _crooked(rng, count, *, lat=(-80.0, 80.0), spread=1.0):
    start = np.array([rng.uniform(-180.0, 180.0), rng.uniform(*lat)])
    steps = rng.normal(0.0, spread, (count, 2)) * [1.0, 0.6]
    line = start + np.cumsum(steps, axis=0)
    line[:, 1] = np.clip(line[:, 1], -87.0, 87.0)
    return line


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("spread", [0.001, 0.05, 2.0])
def test_distance_is_right_to_a_millimetre_near_and_a_billionth_far(seed, spread):
    rng = np.random.default_rng(seed)
    lines = [_crooked(rng, 8, spread=spread) for _ in range(2)]
    lines[1] = lines[1] - lines[1][0] + lines[0][-1]
    lines[1][:, 1] = np.clip(lines[1][:, 1], -87.0, 87.0)
    index = LineIndex([shapely.LineString(line) for line in lines])
    away = 10.0 ** rng.uniform(-4.0, 1.0, 12)
    bearing = rng.uniform(0.0, 2.0 * np.pi, 12)
    near = np.concatenate(lines)[rng.integers(0, 16, 12)]
    lon = near[:, 0] + away * np.cos(bearing)
    lat = np.clip(near[:, 1] + away * np.sin(bearing), -88.0, 88.0)
    found = index.nearest(lon, lat)
    expected = np.array([distance_m(lines, *point) for point in zip(lon, lat, strict=True)])
    assert np.abs(found.distance_m - expected) == pytest.approx(
        0.0, abs=1e-3 if expected.max() < 1e5 else max(1e-3, 1e-9 * expected.max())
    )
    back = GEOD.inv(lon, lat, found.lon, found.lat)[2]
    # Both engines measure by one series, whose error grows with the distance.
    assert (np.abs(back - found.distance_m) <= 1e-6 + 5e-11 * found.distance_m).all()


def test_real_border_is_right_to_a_millimetre(border, towns):
    some = towns.sample(40, random_state=1)
    lines = [shapely.get_coordinates(section.line) for section in border.sections]
    found = border.index.nearest(some.geometry.x, some.geometry.y)
    expected = [distance_m(lines, p.x, p.y) for p in some.geometry]
    assert found.distance_m == pytest.approx(expected, abs=1e-3)


def test_points_on_the_line_are_at_no_distance(border):
    vertices = shapely.get_coordinates(border.sections[2].line)[::50]
    found = border.index.nearest(vertices[:, 0], vertices[:, 1])
    assert found.distance_m == pytest.approx(0.0, abs=1e-6)


def test_reversing_the_line_changes_no_distance():
    rng = np.random.default_rng(3)
    line = shapely.LineString(_crooked(rng, 30, lat=(-60.0, 60.0)))
    lon, lat = rng.uniform(-180.0, 180.0, 200), rng.uniform(-88.0, 88.0, 200)
    one, other = (LineIndex([each]).nearest(lon, lat) for each in (line, shapely.reverse(line)))
    assert one.distance_m == pytest.approx(other.distance_m, rel=1e-10, abs=1e-6)


@given(turn=st.floats(-360.0, 360.0), seed=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_turning_the_globe_changes_no_distance(turn, seed):
    rng = np.random.default_rng(seed)
    line = _crooked(rng, 10, spread=0.3)
    point = line[3] + rng.normal(0.0, 0.5, 2)
    point[1] = np.clip(point[1], -88.0, 88.0)
    turned = line + np.array([turn, 0.0])
    turned[:, 0] = (turned[:, 0] + 180.0) % 360.0 - 180.0  # breaks at the antimeridian
    here = LineIndex([shapely.LineString(line)]).nearest(*point)
    there = LineIndex([shapely.LineString(turned)]).nearest(point[0] + turn, point[1])
    assert there.distance_m == pytest.approx(here.distance_m, abs=1e-6)
    assert there.chainage_m == pytest.approx(here.chainage_m, abs=1e-3)


def test_segment_is_straight_in_longitude_and_latitude():
    parallel = LineIndex([shapely.LineString([(-120.0, 49.0), (-95.0, 49.0)])])
    on_it = parallel.nearest([-107.5], [49.0])
    assert on_it.distance_m[0] == pytest.approx(0.0, abs=1e-6)
    lon, lat = GEOD.npts(-120.0, 49.0, -95.0, 49.0, 1)[0]
    found = parallel.nearest(lon, lat).distance_m[0]
    assert found == pytest.approx(GEOD.inv(lon, lat, lon, 49.0)[2], abs=1e-6)
    assert found > 70_000


def test_answers_do_not_depend_on_batches_or_order(border):
    rng = np.random.default_rng(5)
    lon, lat = rng.uniform(30.0, 40.0, 20_000), rng.uniform(49.0, 53.0, 20_000)
    whole = border.index.nearest(lon, lat)
    shuffled = rng.permutation(20_000)
    again = border.index.nearest(lon[shuffled], lat[shuffled])
    assert (whole.distance_m[shuffled] == again.distance_m).all()
    assert (whole.line[shuffled] == again.line).all()
    assert (whole.distance_m[:7] == border.index.nearest(lon[:7], lat[:7]).distance_m).all()


def test_index_survives_pickling(border):
    copy = pickle.loads(pickle.dumps(border.index))  # noqa: S301 - our own bytes
    here, there = copy.nearest([34.0], [51.0]), border.index.nearest([34.0], [51.0])
    assert here.distance_m == there.distance_m


def test_chainage_grows_along_the_line_by_its_length():
    line = shapely.LineString([(30.0, 50.0), (30.0, 51.0), (31.0, 51.0)])
    meridian = GEOD.inv(30.0, 50.0, 30.0, 51.0)[2]
    found = LineIndex([line]).nearest([29.9, 30.5], [50.5, 51.1])
    assert found.chainage_m[0] == pytest.approx(GEOD.inv(30.0, 50.0, 30.0, 50.5)[2], abs=50)
    assert meridian < found.chainage_m[1] < length_m(line)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (shapely.LineString(), "empty or has no length"),
        (shapely.LineString([(30, 50), (30, 50)]), "empty or has no length"),
        (shapely.LineString([(30, 50), (30, np.inf)]), "finite"),
        (shapely.LineString([(30, 50), (30, 136)]), "latitude 136"),
    ],
)
def test_lines_that_cannot_be_measured_are_refused(line, says):
    with pytest.raises(GeometryError, match=says):
        LineIndex([line])


@pytest.mark.parametrize("point", [(np.nan, 50.0), (30.0, np.inf), (30.0, 91.0)])
def test_points_that_cannot_be_measured_are_refused(border, point):
    with pytest.raises(GeometryError, match="position 1"):
        border.index.nearest([30.0, point[0]], [50.0, point[1]])


@pytest.mark.parametrize("seed", range(3))
def test_the_nearest_piece_is_among_a_few_candidates(seed):
    rng = np.random.default_rng(seed)
    line = np.array([30.0, 50.0]) + np.cumsum(rng.normal(0.0, 0.05, (60, 2)), axis=0)
    pieces = cut_into_pieces([shapely.LineString(line)])
    lon, lat = rng.uniform(25.0, 35.0, 50), rng.uniform(45.0, 55.0, 50)
    found = ChordTree(pieces).find_candidates(to_ecef(lon, lat))
    assert (np.diff(found.point) >= 0).all()
    every = np.arange(len(pieces.lon))
    # Geodesics to eleven points of every piece; the foot is near one of them.
    feet = [pieces.at(every, np.full(len(every), share)) for share in np.linspace(0.0, 1.0, 11)]
    for point in range(50):
        to_feet = [inverse(lon[point], lat[point], *foot)[2] for foot in feet]
        away = np.min(to_feet, axis=0)
        mine = found.piece[found.point == point]
        # The nearest of those points is at most a twentieth of a piece farther than the foot is.
        assert away[mine].min() == pytest.approx(away.min(), abs=50.0)
        assert found.chord_m[point] <= away.min()
        assert len(mine) < len(every) / 10


@pytest.mark.parametrize("rough", [0.0, 0.02])
def test_far_away_a_few_candidates_hold_the_nearest_vertex(rough):
    """Chords alone would leave hundreds of pieces of a straight line, and many of a rough one."""
    rng = np.random.default_rng(8)
    line = np.stack([np.linspace(-20.0, 40.0, 800), np.full(800, 66.0)], axis=1)
    pieces = cut_into_pieces([shapely.LineString(line + rng.normal(0.0, rough, line.shape))])
    tree = ChordTree(pieces)
    for away_m in (3e5, 1.5e6, 4e6, 8e6):
        start = rng.integers(0, len(pieces.lon), 6)
        turn, away = rng.uniform(0.0, 360.0, 6), np.full(6, away_m)
        lon, lat, _ = GEOD.fwd(pieces.lon[start], pieces.lat[start], turn, away)
        found = tree.find_candidates(to_ecef(lon, lat))
        nearest = np.full(6, np.inf)
        for share in (np.zeros(len(found.piece)), found.share, np.ones(len(found.piece))):
            feet = pieces.at(found.piece, share)
            to_feet = inverse(lon[found.point], lat[found.point], *feet)[2]
            np.minimum.at(nearest, found.point, to_feet)
        for row in range(6):
            to_vertices = inverse(lon[row], lat[row], pieces.lon, pieces.lat)[2]
            assert nearest[row] <= to_vertices.min() + 1e-6
        assert len(found.piece) < 6 * (15 if away_m < 3e6 else 1_000)


def test_a_point_is_its_own_foot_and_a_short_line_one_piece():
    dot = ChordTree(cut_into_pieces([shapely.Point(30.0, 50.0)])).find_candidates(
        to_ecef([30.1], [50.0])
    )
    assert (dot.piece.tolist(), dot.share.tolist()) == ([0], [0.0])
    line = shapely.LineString([(30.0, 50.0), (30.0, 50.001)])
    dash = ChordTree(cut_into_pieces([line])).find_candidates(to_ecef([30.0], [50.0004]))
    assert dash.piece.tolist() == [0]
    assert dash.share == pytest.approx([0.4], abs=1e-6)


def _nodes(*lines):
    shapes = [shapely.LineString(line) for line in lines]
    return Nodes(cut_into_pieces(shapes), find_tips(shapes))


def test_at_a_bend_both_stretches_decide_which_way_is_left():
    nodes = _nodes([(30.0, 50.0), (30.0, 50.005), (30.005, 50.005)])  # north, then east
    bend = np.repeat(nodes.end[0], 4)
    directions = np.array([-45.0, -135.0, 45.0, 135.0])
    assert nodes.is_left(directions, bend).tolist() == [True, True, True, False]


def test_beyond_an_end_the_line_counts_as_going_straight_on():
    index = LineIndex([shapely.LineString([(30.0, 50.0), (30.0, 51.0)])])
    assert index.is_left([29.99, 30.01, 29.99, 30.01], [51.1, 51.1, 49.9, 49.9]).tolist() == [
        True, False, True, False,
    ]  # fmt: skip


def test_lines_searched_apart_give_the_answers_of_single_lines():
    rng = np.random.default_rng(3)
    middles = np.column_stack([rng.uniform(-180, 180, 60), rng.uniform(-85, 85, 60)])
    lines = [
        shapely.LineString(middle + np.cumsum(rng.normal(0.0, 0.02, (size, 2)), axis=0))
        for middle, size in zip(middles, rng.integers(2, 120, 60), strict=True)
    ]
    lines[7], lines[8] = shapely.Point(middles[7]), shapely.MultiPoint(middles[8] + np.eye(2))
    apart = LineIndex(lines, apart=True)
    for count in (3, 40):  # one by one, and in groups
        line = np.repeat(np.arange(60), count)
        lon, lat = (middles[line] + rng.normal(0.0, 0.1, (len(line), 2))).T
        found = apart.find_feet(lon, lat, line=line)
        for n, one in enumerate(lines):
            alone = LineIndex([one]).nearest(lon[line == n], lat[line == n])
            assert found.distance_m[line == n] == pytest.approx(alone.distance_m, abs=1e-4)
        assert (apart.pieces.line[found.piece] == line).all()


def test_scattered_points_are_found_in_any_order():
    rng = np.random.default_rng(4)
    dots = shapely.points(rng.uniform(20, 40, 500), rng.uniform(45, 55, 500))
    lon, lat = rng.uniform(20, 40, 2000), rng.uniform(45, 55, 2000)
    found = LineIndex(list(dots)).nearest(lon, lat)
    backward = LineIndex(list(dots[::-1])).nearest(lon, lat)
    assert (found.distance_m == backward.distance_m).all()
    assert (found.line == 499 - backward.line).all()
    nearest = shapely.get_coordinates(dots)[found.line]
    assert (nearest == np.column_stack([found.lon, found.lat])).all()

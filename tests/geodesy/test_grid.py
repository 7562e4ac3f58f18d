"""The compiled grid, the tree and an independent search give the same answers."""

import pickle

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from support.engines import use_engine
from support.reference import distance_m

from geobuffer.geodesy import _chord_tree, _kernels
from geobuffer.geodesy.nearest import LineIndex


def _both(index, lon, lat):
    with use_engine("compiled"):
        fast = index.nearest(lon, lat)
    with use_engine("tree"):
        return fast, index.nearest(lon, lat)


def test_grid_and_tree_agree_on_the_real_border(border):
    rng = np.random.default_rng(0)
    lon, lat = rng.uniform(29.0, 42.0, 20_000), rng.uniform(48.0, 54.0, 20_000)
    fast, slow = _both(border.index, lon, lat)
    off = np.abs(fast.distance_m - slow.distance_m)
    near = slow.distance_m < 1e5
    assert off[near].max() < 1e-6
    assert (off[~near] / slow.distance_m[~near]).max() < 1e-9
    # Where two feet are equally far, either may be named.
    same = np.abs(fast.chainage_m - slow.chainage_m) < 0.1
    assert same.mean() > 0.9999


def test_compiled_distance_is_right_to_a_millimetre(border):
    rng = np.random.default_rng(1)
    lines = [shapely.get_coordinates(section.line) for section in border.sections]
    lon, lat = rng.uniform(31.0, 39.5, 40), rng.uniform(49.5, 53.0, 40)
    expected = np.array([distance_m(lines, *point) for point in zip(lon, lat, strict=True)])
    near = expected < 1e5
    with use_engine("compiled"):
        found = border.index.nearest(lon[near], lat[near]).distance_m
    assert found == pytest.approx(expected[near], abs=1e-3)


@given(
    seed=st.integers(0, 10_000),
    spread=st.sampled_from([0.001, 0.02, 0.5]),
    lat=st.floats(-75.0, 75.0),
    lon=st.floats(-180.0, 180.0),
)
def test_grid_and_tree_agree_anywhere(seed, spread, lat, lon):
    rng = np.random.default_rng(seed)
    line = np.array([lon, lat]) + np.cumsum(rng.normal(0.0, spread, (12, 2)), axis=0)
    line[:, 0] = (line[:, 0] + 180.0) % 360.0 - 180.0
    line[:, 1] = np.clip(line[:, 1], -79.0, 79.0)
    index = LineIndex([shapely.LineString(line)])
    away = 10.0 ** rng.uniform(-4.0, 0.3, 100)
    bearing = rng.uniform(0.0, 2.0 * np.pi, 100)
    at = line[rng.integers(0, 12, 100)]
    lon, lat = at[:, 0] + away * np.cos(bearing), at[:, 1] + away * np.sin(bearing)
    fast, slow = _both(index, lon, lat)
    near = slow.distance_m < 1e5
    assert np.abs(fast.distance_m - slow.distance_m)[near].max(initial=0.0) < 1e-5
    assert np.abs(fast.distance_m / slow.distance_m - 1.0)[~near].max(initial=0.0) < 1e-9
    for edge in (500.0, 5_000.0, 50_000.0):
        clear = np.abs(slow.distance_m - edge) > 0.001
        with use_engine("compiled"):
            inside = index.within(lon, lat, edge)
        assert (inside == (slow.distance_m <= edge))[clear].all()


def test_answers_do_not_depend_on_number_order_or_threads(border, monkeypatch):
    rng = np.random.default_rng(2)
    lon, lat = rng.uniform(30.0, 40.0, 300_000), rng.uniform(49.0, 53.0, 300_000)
    whole = border.index.nearest(lon, lat)  # enough points for the grid by default
    parts = [border.index.nearest(lon[i : i + 7001], lat[i : i + 7001])
             for i in range(0, 300_000, 7001)]  # fmt: skip
    assert (np.concatenate([part.distance_m for part in parts]) == whole.distance_m).all()
    backward = border.index.nearest(lon[::-1].copy(), lat[::-1].copy())
    assert (backward.distance_m[::-1] == whole.distance_m).all()
    assert (backward.line[::-1] == whole.line).all()
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    assert (border.index.nearest(lon, lat).distance_m == whole.distance_m).all()


def test_membership_agrees_with_distance(border):
    rng = np.random.default_rng(3)
    lon, lat = rng.uniform(28.0, 43.0, 250_000), rng.uniform(47.0, 55.0, 250_000)
    measured = border.index.nearest(lon, lat).distance_m
    for edge in (100.0, 10_000.0, 80_000.0, 300_000.0):
        assert (border.index.within(lon, lat, edge) == (measured <= edge)).all()


def test_points_outside_the_grid_are_measured_as_well():
    index = LineIndex([shapely.LineString([(30.0, 50.0), (31.0, 50.5)])])
    lon, lat = np.array([-150.0, 30.5, 30.0]), np.array([-40.0, 50.2, 89.9])
    fast, slow = _both(index, lon, lat)
    assert fast.distance_m == pytest.approx(slow.distance_m, rel=1e-9, abs=1e-3)


def test_points_far_inside_a_wide_ring_are_answered_by_the_tree():
    # Up to 1,600 km from the ring: within its grid, but beyond the reach of the compiled series.
    index = LineIndex([shapely.box(60.0, 20.0, 110.0, 55.0).exterior])
    rng = np.random.default_rng(8)
    lon, lat = rng.uniform(59.0, 111.0, 3_000), rng.uniform(19.0, 56.0, 3_000)
    fast, slow = _both(index, lon, lat)
    far = slow.distance_m > 1.001e6
    assert 100 < far.sum() < 2_000
    assert (fast.distance_m == slow.distance_m)[far].all()
    assert fast.distance_m == pytest.approx(slow.distance_m, rel=1e-9, abs=1e-6)
    assert (fast.line == slow.line).all()


@pytest.mark.parametrize("far", [-720.0, -684.0, -361.5, 361.5, 396.0, 720.0])
def test_longitudes_may_go_round_twice(far):
    plain, lat = np.array([(far + 180.0) % 360.0 - 180.0]), np.array([50.2])
    index = LineIndex([shapely.LineString([(plain[0] - 0.5, 50.0), (plain[0] + 0.4, 50.5)])])
    _, wanted = _both(index, plain, lat)
    for found in _both(index, np.array([far]), lat):
        assert found.distance_m == pytest.approx(wanted.distance_m, abs=1e-6)


def test_tree_and_kernels_allow_the_same_slack():
    chord = np.concatenate([[0.0], 10.0 ** np.linspace(-3.0, 7.0, 101)])
    compiled = [_kernels._chord_slack(length) for length in chord]
    assert compiled == pytest.approx(_chord_tree._chord_slack(chord).tolist(), rel=1e-12)


def test_grid_is_kept_and_pickled(border):
    border.index.build_cells()
    copy = pickle.loads(pickle.dumps(border.index))  # noqa: S301 - our own bytes
    assert copy._grid is not None
    with use_engine("compiled"):
        found = [index.nearest([34.0], [51.0]).distance_m for index in (copy, border.index)]
    assert found[0] == found[1]

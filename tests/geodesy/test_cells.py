"""The grid, with numpy and compiled, gives the same answers as the tree, to the last bit."""

import numpy as np
import pytest
import shapely
from support.engines import use_engine

from geobuffer.errors import GeometryError
from geobuffer.geodesy.nearest import LineIndex
from geobuffer.versions import has_numba

ENGINES = ("numpy", "compiled") if has_numba() else ("numpy",)


def _compare(index, lon, lat, edges_m):
    with use_engine("tree"):
        slow = index.find_feet(lon, lat)
    for engine in ENGINES:
        with use_engine(engine):
            fast = index.find_feet(lon, lat)
            for found, wanted in zip(fast, slow, strict=True):
                assert (found == wanted).all()
            for edge in edges_m:
                assert (index.within(lon, lat, edge) == (slow.distance_m <= edge)).all()


def test_grid_and_tree_agree_on_the_real_border(border):
    index = LineIndex([section.line for section in border.sections])
    rng = np.random.default_rng(0)
    lon, lat = rng.uniform(29.0, 42.0, 30_000), rng.uniform(48.0, 54.0, 30_000)
    _compare(index, lon, lat, (100.0, 10_000.0, 80_000.0, 300_000.0))
    # Edges that pass through a point: the grid must measure, because cells do not decide.
    near = index.nearest(lon, lat).distance_m
    some = np.abs(near - 20_000.0) < 2_000.0
    for edge in near[some][:5]:
        _compare(index, lon[some][:200], lat[some][:200], (edge, np.nextafter(edge, 0.0)))


@pytest.mark.parametrize(
    ("middle", "spread"),
    [((30.0, 50.0), 0.02), ((179.99, 65.0), 0.05), ((-60.0, 78.0), 0.1), ((0.0, 0.0), 1.0)],
)
def test_grid_and_tree_agree_anywhere(middle, spread):
    rng = np.random.default_rng(1)
    way = np.array(middle) + np.cumsum(rng.normal(0.0, spread, (12, 2)), axis=0)
    way[:, 1] = np.clip(way[:, 1], -79.0, 79.0)
    lines = [shapely.LineString(way), shapely.Point(way[3] + 2.0 * spread), shapely.Point(way[5])]
    index = LineIndex(lines)
    away = 10.0 ** rng.uniform(-4.0, 0.3, 4_000)
    turn = rng.uniform(0.0, 2.0 * np.pi, 4_000)
    at = way[rng.integers(0, 12, 4_000)]
    lon, lat = at[:, 0] + away * np.cos(turn), at[:, 1] + away * np.sin(turn)
    _compare(index, lon, np.clip(lat, -89.0, 89.0), (500.0, 5_000.0, 50_000.0))


def test_grids_are_built_when_enough_points_were_asked_for(border):
    index = LineIndex([section.line for section in border.sections[:2]])
    lon, lat = np.full(15_000, 34.0), np.full(15_000, 51.5)
    for _ in range(6):
        index.nearest(lon, lat)
        assert index._grid is None
    index.within(lon, lat, 1e4)
    assert index._class_table is None
    index.nearest(lon, lat)
    assert index._grid is not None
    index.within(np.tile(lon, 2), np.tile(lat, 2), 1e4)
    assert index._class_table is not None
    other = LineIndex([section.line for section in border.sections[:2]])
    other.nearest(np.tile(lon, 3), np.tile(lat, 3))
    assert other._grid is not None


def test_points_outside_the_table_of_memberships_get_the_answers_of_the_tree(border):
    lon = np.array([-150.0, 34.0, 719.0, 394.0, -326.0])
    lat = np.array([-40.0, 89.9, 51.0, 51.0, 51.0])
    _compare(border.index, lon, lat, (1e4, 8e5, 2e6, 2e7))


@pytest.mark.parametrize("point", [(np.nan, 50.0), (30.0, np.inf), (30.0, 91.0), (-1100.0, 50.0)])
@pytest.mark.parametrize("engine", ["tree", *ENGINES])
def test_invalid_points_are_refused_with_their_position(border, point, engine):
    lon, lat = np.full(5, 34.0), np.full(5, 51.0)
    lon[3], lat[3] = point
    for ask in (border.index.nearest, lambda *at: border.index.within(*at, 1e4)):
        with use_engine(engine), pytest.raises(GeometryError, match="position 3"):
            ask(lon, lat)


@pytest.mark.slow
def test_a_million_random_points_are_answered_as_by_the_tree(border):
    rng = np.random.default_rng(4)
    lon, lat = rng.uniform(30.0, 41.0, 1_000_000), rng.uniform(49.0, 53.5, 1_000_000)
    _compare(border.index, lon, lat, (10_000.0,))

"""The grid of numpy, as it is without numba, gives the answers of the tree, to the bit."""

import numpy as np
import pytest
import shapely

from geobuffer.errors import GeometryError
from geobuffer.geodesy.nearest import LineIndex


@pytest.fixture(autouse=True, scope="module")
def without_numba():
    with pytest.MonkeyPatch.context() as patch:
        for module in ("_grid", "nearest"):
            patch.setattr(f"geobuffer.geodesy.{module}.has_numba", lambda: False)
        yield


def _compare(index, lon, lat, edges_m):
    fast = index.find_feet(lon, lat, compiled=True)
    slow = index.find_feet(lon, lat, compiled=False)
    for found, wanted in zip(fast, slow, strict=True):
        assert (found == wanted).all()
    for edge in edges_m:
        inside = index.within(lon, lat, edge, compiled=True)
        assert (inside == (slow.distance_m <= edge)).all()


def test_grid_and_tree_agree_on_the_real_border(border):
    index = LineIndex([section.line for section in border.sections])
    rng = np.random.default_rng(0)
    lon, lat = rng.uniform(29.0, 42.0, 30_000), rng.uniform(48.0, 54.0, 30_000)
    _compare(index, lon, lat, (100.0, 10_000.0, 80_000.0, 300_000.0))
    # Next to the edge, where cells decide nothing.
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


def test_many_points_take_the_grid_and_keep_it(border):
    index = LineIndex([section.line for section in border.sections[:2]])
    lon, lat = np.full(60_000, 34.0), np.full(60_000, 51.5)
    index.nearest(lon[:10], lat[:10])
    assert index._grid is None
    index.nearest(lon, lat)
    assert index._grid is not None
    assert index.uses_grid(10_000, None)


@pytest.mark.parametrize("point", [(np.nan, 50.0), (30.0, np.inf), (30.0, 91.0), (-1100.0, 50.0)])
def test_invalid_points_are_refused_with_their_position(border, point):
    lon, lat = np.full(5, 34.0), np.full(5, 51.0)
    lon[3], lat[3] = point
    for ask in (border.index.nearest, lambda *at, **how: border.index.within(*at, 1e4, **how)):
        with pytest.raises(GeometryError, match="position 3"):
            ask(lon, lat, compiled=True)

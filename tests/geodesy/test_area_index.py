"""The index of areas gives the same answer as the areas themselves, for every point."""

import pickle

import numpy as np
import pytest
import shapely

from geobuffer.geodesy import area_index
from geobuffer.geodesy.area_index import AreaIndex
from geobuffer.geodesy.ellipsoid import covers_points


def _draw_star(seed, lon, lat, size):
    """Return a jagged area of 300 vertices with a hole."""
    rng = np.random.default_rng(seed)
    turn = np.sort(rng.uniform(0.0, 2.0 * np.pi, 300))
    reach = size * rng.uniform(0.3, 1.0, 300)
    ring = np.column_stack([lon + reach * np.cos(turn), lat + reach * np.sin(turn)])
    return shapely.make_valid(shapely.Polygon(ring)).difference(
        shapely.box(lon - size / 9, lat - size / 9, lon + size / 8, lat + size / 7)
    )


def _draw_across_180():
    parts = shapely.box(179.2, -17.0, 180.0, -16.0), shapely.box(-180.0, -17.5, -179.5, -16.2)
    return [shapely.MultiPolygon(parts), parts[0], parts[1].buffer(0.2).intersection(
        shapely.box(-180.0, -20.0, -170.0, -10.0))]  # fmt: skip


STARS = [_draw_star(1, 30.0, 50.0, 1.0), _draw_star(2, 31.0, 50.5, 2.0)]
CASES = {
    "two that overlap": (STARS, None),
    "near a corner of one": (STARS, np.array([30.9, 50.9, 31.1, 51.0])),
    "far from both": (STARS, np.array([10.0, 10.0, 11.0, 11.0])),
    "ten": ([_draw_star(n, 30.0 + n / 3, 50.0, 0.5) for n in range(10)], None),
    "thin, and so large that cells are longer than its edges": (
        [shapely.box(20.0, 50.0, 60.0, 50.0001), shapely.box(20.0, 40.0, 20.0001, 50.0)], None,
    ),
    "across 180": (_draw_across_180(), None),
    "on one side of 180": (_draw_across_180()[1:2], None),
    "none": ([], None),
}  # fmt: skip


def _draw_points(areas, count=30_000):
    """Return points about areas, on their vertices and edges, next to edges, at ±180°, and NaN."""
    rng = np.random.default_rng(3)
    west, south, east, north = shapely.total_bounds(areas or STARS)
    wide, high = 0.2 * (east - west), 0.2 * (north - south)
    free = np.column_stack([
        rng.uniform(max(west - wide, -180.0), min(east + wide, 180.0), count),
        rng.uniform(south - high, north + high, count),
    ])  # fmt: skip
    rings = shapely.get_rings(shapely.get_parts(areas or STARS))
    vertex = np.concatenate([shapely.get_coordinates(ring)[:-1] for ring in rings])
    following = np.concatenate([shapely.get_coordinates(ring)[1:] for ring in rings])
    pick = rng.integers(0, len(vertex), count)
    on_edge = vertex[pick] + rng.uniform(size=(count, 1)) * (following - vertex)[pick]
    beside = on_edge + rng.choice([1e-13, 1e-9, 1e-5, 1e-3], (count, 1)) * rng.normal(
        size=(count, 2)
    )
    odd = [[180.0, -16.5], [-180.0, -16.5], [np.nan, np.nan], [np.nan, 50.0], [30.0, np.nan]]
    points = np.concatenate([free, vertex, on_edge, beside, odd])
    points = points[~(np.abs(points) > [180.0, 90.0]).any(axis=1)]
    return np.ascontiguousarray(points[:, 0]), np.ascontiguousarray(points[:, 1])


@pytest.mark.parametrize("case", CASES)
def test_cells_answer_as_the_areas_do(case):
    areas, near = CASES[case]
    lon, lat = _draw_points(areas)
    index = AreaIndex(areas, near)
    index.build_cells()
    assert index.uses_cells(len(lon)) == bool(areas)
    number, combinations = index.find_holders(lon, lat)
    assert combinations.shape[1] == len(areas)
    for held, area in zip(combinations[number].T, areas, strict=True):
        wanted = covers_points(area, lon, lat)
        assert (held == wanted).all()
        assert 0 < wanted.sum() < len(lon)


def test_few_points_get_the_same_answers_without_cells():
    lon, lat = _draw_points(STARS, 100)
    index = AreaIndex(STARS)
    few = index.find_holders(lon[:300], lat[:300])
    assert "_cells" not in vars(index)
    index.build_cells()
    copy = pickle.loads(pickle.dumps(index))  # noqa: S301 - our own bytes
    assert "_cells" in vars(copy)
    many = copy.find_holders(np.tile(lon, 2), np.tile(lat, 2))
    assert (few.combinations[few.number] == many.combinations[many.number[:300]]).all()


def test_most_points_are_looked_up():
    """Fewer than two points in a hundred are tested one by one."""
    asked = []

    def count(area, lon, lat):
        asked.append(len(lon))
        return covers_points(area, lon, lat)

    index = AreaIndex([shapely.box(30.0, 50.0, 31.0, 51.0), shapely.box(31.0, 50.0, 32.0, 52.0)])
    index.build_cells()
    rng = np.random.default_rng(4)
    lon, lat = rng.uniform(29.0, 33.0, 100_000), rng.uniform(49.0, 53.0, 100_000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(area_index, "covers_points", count)
        index.find_holders(lon, lat)
    assert 0 < sum(asked) < 0.02 * len(lon)

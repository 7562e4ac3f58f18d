"""A grid of distances agrees with distances of points and with an independent search."""

import sys

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import rasterio
import shapely
from support.reference import distance_m

import geobuffer as gb

pytest.importorskip("xarray")


def test_cells_are_as_far_as_points_and_on_their_side(made_once):
    regions = gb.load_regions()
    border = gb.border_between(regions["Kursk"], regions["Sumy"])
    grid = gb.distance_grid(border, bounds=(33, 50, 37, 53), resolution=(0.004, 0.003))
    assert grid.shape == (1000, 1000)
    row, column = np.random.default_rng(1).integers(0, 1000, (2, 1000))
    lon, lat = grid.x.values[column], grid.y.values[row]
    km, found = grid.values[row, column], gpd.GeoSeries.from_xy(lon, lat, crs="EPSG:4326")
    assert np.abs(np.abs(km) - gb.distance_to_border(found, border)).max() < 1e-6
    russia = shapely.contains_xy(border.sides[0].area, lon, lat)
    assert ((km < 0) == russia).all()
    assert 0 < russia.sum() < 1000
    lines = [np.asarray(part.coords) for part in shapely.get_parts(border.line)]
    for n in range(3):
        assert abs(abs(km[n]) * 1e3 - distance_m(lines, lon[n], lat[n])) < 1e-3


def test_like_is_the_grid_itself(strip, tmp_path):
    grid = gb.distance_grid(strip, bounds=(29.7, 50.4, 30.3, 50.6), resolution=0.05)
    again = gb.distance_grid(strip, like=grid)
    assert again.identical(grid)
    at = rasterio.Affine(
        *map(float, np.array(grid.spatial_ref.GeoTransform.split())[[1, 2, 0, 4, 5, 3]])
    )
    path = tmp_path / "a.tif"
    with rasterio.open(path, "w", driver="GTiff", width=12, height=4, count=1, dtype="uint8",
                       crs="EPSG:4326", transform=at) as raster:  # fmt: skip
        raster.write(np.ones((4, 12), dtype="uint8"), 1)
    np.testing.assert_allclose(gb.distance_grid(strip, like=path), grid, atol=1e-9)
    with rasterio.open(path) as raster:
        assert gb.distance_grid(strip, like=raster).identical(gb.distance_grid(strip, like=path))
    with rasterio.open(path, "r+") as raster:
        raster.transform = rasterio.Affine(at.a, 0.01, at.c, 0.01, at.e, at.f)
    with rasterio.open(path) as raster, pytest.raises(gb.DataError, match=r"a\.tif.*rotated"):
        gb.distance_grid(strip, like=raster)
    with pytest.raises(gb.DataError, match=r"a\.tif.*north up"):
        gb.distance_grid(strip, like=path)
    turned = grid.isel(y=slice(None, None, -1)).rename(x="lon", y="lat")
    south_up = gb.distance_grid(strip, like=turned)
    assert south_up.dims == ("lat", "lon")
    assert (south_up.values[::-1] == grid.values).all()
    assert (gb.distance_grid(strip, like=grid, side="West") == -grid).all()
    assert (gb.distance_grid(strip, like=grid, side="both") == abs(grid)).all()


def test_other_systems_and_180_degrees():
    line = shapely.LineString([(180, -17), (180, -16)])
    border = gb.border_along(line, source=gb.Source("mine"))
    grid = gb.distance_grid(border, bounds=(179, -17, -179, -16), resolution=0.5)
    assert grid.x.values.tolist() == [179.25, 179.75, 180.25, 180.75]
    np.testing.assert_allclose(grid.values[:, ::-1], -grid.values, atol=1e-9)
    assert (grid.values[:, 2:] > 0).all()
    utm = gb.distance_grid(
        border, bounds=(710_000, 8_150_000, 750_000, 8_190_000), resolution=20_000, crs="EPSG:32760"
    )
    lon, lat = pyproj.Transformer.from_crs("EPSG:32760", "EPSG:4326", always_xy=True).transform(
        *np.meshgrid(utm.x, utm.y)
    )
    points = gpd.GeoSeries.from_xy(lon.ravel(), lat.ravel(), crs="EPSG:4326")
    found = gb.distance_to_border(points, border).to_numpy().reshape(2, 2)
    np.testing.assert_allclose(abs(utm.values), found, atol=1e-6)


def test_around_an_area_and_about_the_pole():
    """A cap about the pole, in a polar projection: a cell is as far as the parallel is."""
    island = gb.border_around(shapely.box(20, 83, 60, 87), source=gb.Source("mine"))
    polar = {"bounds": (-9e5, -9e5, 9e5, 9e5), "resolution": 1e5, "crs": "EPSG:3995"}
    away, signed = (gb.distance_grid(island, side=side, **polar) for side in ("around", None))
    assert (signed.values < 0).sum() > 0
    np.testing.assert_array_equal(away.values, np.maximum(signed.values, 0.0))
    line = shapely.LineString([(lon, 85) for lon in range(-180, 181, 2)])
    border = gb.border_along(line, source=gb.Source("mine"))
    grid = gb.distance_grid(border, side="both", **polar)
    lon, lat = pyproj.Transformer.from_crs("EPSG:3995", "EPSG:4326", always_xy=True).transform(
        *np.meshgrid(grid.x, grid.y)
    )
    arc = pyproj.Geod(ellps="WGS84").inv(lon, np.full_like(lat, 85.0), lon, lat)[2] / 1e3
    # Chords of the parallel, straight in degrees, follow it; so the meridian is the shortest way.
    np.testing.assert_allclose(grid.values, arc, atol=1e-3)


def test_cells_are_the_same_in_small_blocks(strip, monkeypatch):
    given = {"bounds": (29.7, 50.4, 30.3, 50.6), "resolution": 0.05}
    grid = gb.distance_grid(strip, **given)
    for cells in (5, 30):
        monkeypatch.setattr("geobuffer.analysis.distance_grid._BLOCK_CELLS", cells)
        assert gb.distance_grid(strip, **given).identical(grid)


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        ({}, gb.DataError, "like="),
        ({"bounds": (0, 0, 1, 1)}, gb.DataError, "resolution="),
        ({"bounds": (0, 0, 1, 1), "resolution": 1, "like": "a.tif"}, gb.DataError, "like="),
        ({"bounds": (0, 0, 1, 1), "resolution": -1}, gb.DataError, "-1"),
        ({"bounds": (0, 0, 1, 1), "resolution": 1e-5}, gb.DataError, "10,000,0"),
        ({"bounds": (0, 0, 1, 1), "resolution": 1e-320}, gb.DataError, "1e-320: it makes inf"),
        ({"bounds": (0, 0, 1, 1), "resolution": (1e-15, 9)}, gb.DataError, r"1e\+15 "),
        ({"bounds": (0, 0, 1e300, 1), "resolution": 1, "crs": 3857}, gb.DataError, r"1e\+300"),
        ({"bounds": (90, 0, 90 + 2e-14, 1), "resolution": (1e-16, 1)}, gb.DataError, "are zero"),
        ({"bounds": (0, 0, 1, 1), "resolution": float("inf")}, gb.WrongKind, "inf"),
        ({"bounds": (0, 0, 1, float("nan")), "resolution": 1}, gb.WrongKind, "bounds"),
        ({"bounds": (0, 0, 1, 1), "resolution": 9}, gb.DataError, "0 by 0"),
        ({"bounds": (0, 80, 1, 91), "resolution": 1}, gb.DataError, "91"),
        ({"bounds": (0, 0, 1, 1), "resolution": 1, "crs": "no"}, gb.DataError, "no"),
        ({"bounds": (0, 0, 1, 1), "resolution": 1, "side": "x"}, gb.UnknownSide, "x"),
    ],
)
def test_what_is_no_grid_is_refused(strip, given, error, says):
    with pytest.raises(error, match=says):
        gb.distance_grid(strip, **given)


def test_a_grid_without_a_system_is_refused(strip):
    grid = gb.distance_grid(strip, bounds=(29, 50, 30, 51), resolution=0.5)
    with pytest.raises(gb.MissingCRSError, match="write_crs"):
        gb.distance_grid(strip, like=grid.drop_vars("spatial_ref"))


def test_without_xarray_the_extra_is_named(strip, monkeypatch):
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(gb.MissingExtra, match=r"pip install 'geobuffer\[xarray\]'"):
        gb.distance_grid(strip, bounds=(29, 50, 30, 51), resolution=0.5)

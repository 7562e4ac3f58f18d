"""A grid written as GeoTIFF is the same grid for rasterio and for distance_grid."""

import sys

import numpy as np
import pytest
import rasterio

import geobuffer as gb

pytest.importorskip("xarray")


@pytest.fixture(scope="module")
def grid(strip):
    return gb.distance_grid(strip, bounds=(29.7, 50.4, 30.3, 50.6), resolution=(0.05, 0.04))


def test_numbers_place_and_source_come_back(strip, grid, tmp_path):
    holed = grid.where(grid > -5)
    path = gb.write(holed, tmp_path / "km.tif")
    with rasterio.open(path) as raster:
        np.testing.assert_array_equal(raster.read(1), holed.values)
        assert raster.dtypes == ("float64",)
        assert np.isnan(raster.nodata)
        assert np.isnan(holed.values).any()
        assert raster.crs == "EPSG:4326"
        assert raster.bounds == pytest.approx((29.7, 50.4, 30.3, 50.6), abs=1e-12)
        tags = raster.tags() | raster.tags(ns="IMAGE_STRUCTURE")
        assert tags["COMPRESSION"] == "DEFLATE"
        assert tags["PREDICTOR"] == "3"
        kept = {"border", "source", "method", "made_with", "units"}
        assert kept <= grid.attrs.keys()
        assert {name: tags.get(name) for name in kept} == {n: grid.attrs[n] for n in kept}
        assert raster.descriptions == (grid.attrs["long_name"],)
        assert raster.units == ("km",)
    np.testing.assert_allclose(gb.distance_grid(strip, like=path), grid, atol=1e-9)
    written = path.read_bytes()
    assert gb.write(holed, path).read_bytes() == written
    assert list(tmp_path.iterdir()) == [path]


def test_coordinates_place_a_slice_and_turn_it_north_up(grid, tmp_path):
    part = grid.isel(y=slice(3, None), x=slice(2, 10, 2))
    assert part.spatial_ref.GeoTransform == grid.spatial_ref.GeoTransform
    turned = part.isel(y=slice(None, None, -1), x=slice(None, None, -1)).T.rename(x="lon", y="lat")
    for number, one in enumerate((part, turned)):
        with rasterio.open(gb.write(one, tmp_path / f"{number}.tiff")) as raster:
            np.testing.assert_array_equal(raster.read(1), part.values)
            at = np.array(raster.transform)[:6]
            np.testing.assert_allclose(at, [0.1, 0, 29.775, 0, -0.04, 50.48], atol=1e-12)


def test_another_system_is_kept_or_refused(strip, tmp_path):
    bounds = (250_000, 5_590_000, 290_000, 5_610_000)
    grid = gb.distance_grid(strip, bounds=bounds, resolution=10_000, crs="EPSG:32636")
    with rasterio.open(gb.write(grid, tmp_path / "utm.tif")) as raster:
        assert (raster.crs, raster.bounds) == ("EPSG:32636", bounds)
    oblique = "+proj=ob_tran +o_proj=moll +o_lon_p=0 +o_lat_p=45 +lon_0=30"
    grid = gb.distance_grid(strip, bounds=(0, 0, 20, 20), resolution=10, crs=oblique)
    with pytest.raises(gb.DataError, match="GeoTIFF cannot hold its system"):
        gb.write(grid, tmp_path / "oblique.tif")
    assert [path.name for path in tmp_path.iterdir()] == ["utm.tif"]


@pytest.mark.parametrize(
    ("spoil", "error", "says"),
    [
        (lambda grid: grid.isel(y=[0, 1, 3]), gb.DataError, "y of the grid: its steps differ"),
        (lambda grid: grid.isel(y=[0]), gb.DataError, "y of the grid: it has one value"),
        (lambda grid: grid.isel(x=0), gb.DataError, "dimensions are y. Must have one of each"),
        (lambda grid: grid.expand_dims("time"), gb.DataError, "time, y, x. Must be two"),
        (lambda grid: grid.drop_vars("x"), gb.DataError, "with coordinates"),
        (lambda grid: grid.astype(str), gb.DataError, "Must be numbers"),
        (lambda grid: grid.drop_vars("spatial_ref"), gb.MissingCRSError, "write_crs"),
        (lambda grid: grid.to_dataset(), gb.WrongKind, "a DataArray of xarray"),
    ],
)
def test_what_is_no_grid_is_refused(grid, tmp_path, spoil, error, says):
    with pytest.raises(error, match=says):
        gb.write(spoil(grid), tmp_path / "km.tif")
    assert not list(tmp_path.iterdir())


def test_suffixes_and_the_extra_are_named(grid, tmp_path, monkeypatch):
    with pytest.raises(gb.DataError, match=r"for a DataArray.*\.tif"):
        gb.write(grid, tmp_path / "km.gpkg")
    with pytest.raises(gb.DataError, match="for a DataFrame"):
        gb.write(grid.to_dataframe(), tmp_path / "km.tif")
    monkeypatch.setitem(sys.modules, "rasterio", None)
    with pytest.raises(gb.MissingExtra, match=r"pip install 'geobuffer\[raster\]'"):
        gb.write(grid, tmp_path / "km.tif")
    assert not list(tmp_path.iterdir())

"""Rows about rasters: units and values that stand for no data. More in test_raster_units.py."""

import numpy as np
import pytest
import rasterio

import geobuffer as gb


@pytest.fixture
def raster(tmp_path):
    def write(dtype, value, unit=""):
        path = tmp_path / "people.tif"
        at = rasterio.Affine(0.1, 0, 29.5, 0, -0.1, 51.5)
        with rasterio.open(path, "w", driver="GTiff", count=1, dtype=dtype, height=20, width=10,
                           crs="EPSG:4326", transform=at) as opened:  # fmt: skip
            opened.write(np.full((20, 10), value, dtype), 1)
            opened.units = (unit,)
        return path

    return write


@pytest.mark.row(71)
def test_unit_of_a_raster(raster, belt):
    plain = gb.exposure_raster(raster("float64", 5), belt, values="density")["population"]
    with pytest.warns(UserWarning, match="'people per hectare'.*100 people per square kilometre"):
        found = gb.exposure_raster(
            raster("float64", 5, "people per hectare"), belt, values="density"
        )
    assert found["population"].tolist() == pytest.approx((100 * plain).tolist())
    with pytest.raises(gb.DataError, match="'people per household'"):
        gb.exposure_raster(raster("float64", 5, "people per household"), belt, values="counts")


@pytest.mark.row(72)
@pytest.mark.parametrize(
    ("dtype", "value"), [("uint16", 65535), ("float32", 3.4028235e38), ("float64", 1e12)]
)
def test_forgotten_no_data_of_a_raster(raster, belt, dtype, value):
    with pytest.raises(gb.DataError, match=r"people\.tif at .*rio edit-info --nodata"):
        gb.exposure_raster(raster(dtype, value), belt, values="counts")

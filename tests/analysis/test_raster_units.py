"""Units that a raster states are applied, or refused by name; its fill values are found."""

import json
import os

import numpy as np
import pytest
import rasterio
import shapely

import geobuffer as gb
from geobuffer.analysis.raster_units import Statements, read_unit

MILE2 = 1.609344**2
ACRE = 4046.8564224e-6

# The people on a square kilometre whose value is 1, and words for that unit.
DENSITIES = {
    1.0: "people per square kilometre|persons/km2|Persons / km^2|people per sq. km|pop per sqkm|"
    "inhabitants km-2|inhabitants km⁻²|km**-2|1/km^2|/km2|people per km sq|осіб на км²|"
    "чел. на кв.км|Einwohner je Quadratkilometer|habitants par km²|hab/km2|osób na km2|"
    "Einwohner/km²|pop_per_km2|people per 1 km2|population density|people per kilometre squared|"
    "pop_km2|density (pers./sq km)",
    100.0: "people per hectare|persons/ha|people ha-1|people·ha⁻¹|pers. / ha|pph|чел./га|"
    "мешканців на гектар|Einwohner pro Hektar|Population density (people per hectare)",
    1 / MILE2: "people per square mile|inhabitants per sq. mi.|people/mi²|people per sq mi|mi-2",
    1 / ACRE: "people per acre|persons/ac",
    0.01: "people per 100 km2|people per 100 sq km",
    10_000.0: "people per 100 m2",
    1e6: "people per m2|people per square metre|people/sq m",
    1000.0: "thousand people per km2|people/km² (thousands)|тис. осіб на км²",
    1000 / MILE2: "thousand inhabitants per sq mile",
}
COUNTS = {
    1.0: "people per pixel|people/cell|counts/pixel|persons per grid cell|people per 100 m cell|"
    "ppp|people per 30 arc-second grid cell|people per 1 km2 grid cell|count|осіб на піксель",
    1000.0: "thousand people per pixel|people per pixel, in thousands",
}
OPEN = {  # words that fit both
    1.0: "|people|persons|n/a|1|Layer_1|осіб",
    1000.0: "thousand people|thousands|people (thousands)|people ('000)|000s|1000 persons|x1000|"
    "10^3 people|10³ people|тис. осіб|тыс. чел.|thous. persons",
    1e6: "millions of people|млн чел.",
}
NO_UNITS = (
    "people per household|births per 1000 people|people/year|m|km2|ha|%|percent|persons per km|"
    "degrees|households"
)


def split(table):
    return [(words, times) for times, texts in table.items() for words in texts.split("|")]


def read(words, values):
    return read_unit("a.tif", Statements(units=[words]), values)


def test_densities_are_converted_to_people_per_square_kilometre():
    for words, times in split(DENSITIES):
        found = read(words, "density")
        assert (found.factor, found.is_density) == (pytest.approx(times), True), words
        assert bool(found.note) == (times != 1.0), words
        with pytest.raises(gb.DataError, match="Must be 'density'") as caught:
            read(words, "counts")
        assert " ".join(words.split()) in str(caught.value)


def test_counts_are_refused_as_densities():
    for words, times in split(COUNTS):
        assert read(words, "counts").factor == times, words
        with pytest.raises(gb.DataError, match="Must be 'counts'"):
            read(words, "density")


def test_multiples_fit_both_meanings():
    for words, times in split(OPEN):
        assert read(words, "counts").factor == read(words, "density").factor == times, words
        assert bool(read(words, "counts").note) == (times != 1.0), words


def test_units_of_other_quantities_are_refused_by_name():
    for words in NO_UNITS.split("|"):
        for values in ("counts", "density"):
            with pytest.raises(gb.DataError, match="Invalid unit of a") as caught:
                read(words, values)
            assert repr(words) in str(caught.value)


@pytest.mark.parametrize(
    ("stated", "values", "expected"),
    [
        (Statements(["people"], ["people per hectare"]), "density", 100.0),
        (Statements(["1000 persons"], ["Population Density"]), "density", 1000.0),
        (Statements(["people per km2"], ["Population density per hectare"]), "density", 1.0),
        (
            Statements([], [], ["Number of people per pixel. Density per km2 is apart."]),
            "density",
            1,
        ),
        (Statements([], [], ["High resolution population density maps"]), "counts", 1.0),
        (Statements([], [], ["WorldPop, people per 100 m cell, UKR 2025"]), "density", "counts"),
        (Statements([], ["Population Count, v4.11 (2020)"]), "density", "counts"),
        (Statements([], ["Population 2020/2021, 1000 m"]), "counts", 1.0),
        (Statements(["people/ha", "people/km2"]), "density", "Ambiguous unit"),
        (Statements(["people " * 10_000 + "per hectare"]), "counts", 1.0),
    ],
)
def test_the_surest_statement_counts(stated, values, expected):
    if isinstance(expected, str):
        with pytest.raises(gb.DataError, match=expected):
            read_unit("a.tif", stated, values)
    else:
        assert read_unit("a.tif", stated, values).factor == pytest.approx(expected)


@pytest.fixture(scope="module")
def strip_zone():
    """The 5 km about a line of half a degree along 30° E."""
    line = shapely.LineString([(30, 50), (30, 50.5)])
    return gb.build_zone(gb.border_along(line, source=gb.Source("x")), km=5, tolerance_m=50)


@pytest.fixture
def raster(tmp_path):
    def write(dtype="float64", fill=None, nodata=None, value=7, **tags):
        path = tmp_path / "p.tif"
        values = np.full((40, 30), value, dtype)
        if fill is not None:
            values[:, 14:17] = fill
        at = rasterio.Affine(0.02, 0, 29.7, 0, -0.02, 50.7)
        with rasterio.open(path, "w", driver="GTiff", count=1, dtype=dtype, height=40, width=30,
                           crs="EPSG:4326", transform=at, nodata=nodata) as opened:  # fmt: skip
            opened.write(values, 1)
            opened.update_tags(**tags)
        return path

    return write


def count(path, zone, values="counts"):
    return float(gb.exposure_raster(path, zone, values=values)["population"].iloc[0])


FLOAT_MAX = 3.4028234663852886e38
FILLS = [
    ("float32", FLOAT_MAX), ("float64", FLOAT_MAX), ("float64", 1.7976931348623157e308),
    ("float32", 3.4e38), ("uint8", 255), ("int8", 127), ("uint16", 65535), ("int16", 32767),
    ("int32", 2**31 - 1), ("uint32", 2**32 - 1), ("float32", 2**31 - 1), ("float64", 65535),
    ("int32", 65535), ("float64", 255),
]  # fmt: skip


@pytest.mark.parametrize(("dtype", "fill"), FILLS)
def test_the_greatest_number_of_a_type_is_no_count(raster, strip_zone, dtype, fill):
    path = raster(dtype, fill)
    with pytest.raises(gb.DataError, match=r"p\.tif at 29\.99, 5.*--nodata") as caught:
        count(path, strip_zone)
    number = str(caught.value).rpartition("--nodata ")[2].rstrip(".")
    # The remedy works.
    with rasterio.open(path, "r+") as opened:
        opened.nodata = float(number)
    empty = gb.exposure_raster(path, strip_zone, values="counts")
    assert 0.3 < empty["no_data_share"].iloc[0] < 0.5
    assert empty["population"].iloc[0] < 1000


def test_a_count_that_is_the_greatest_of_a_narrower_type_is_kept(raster, strip_zone):
    whole = count(raster(), strip_zone)
    for fill, nodata in ((255, -1), (65535, -1)):  # another number is declared to be no data
        assert count(raster("float64", fill, nodata), strip_zone) > 10 * whole
    path = raster("float64", 255)
    with rasterio.open(path, "r+") as opened:
        opened.write(np.full((1, 1), 256.0), 1, window=rasterio.windows.Window(0, 0, 1, 1))
    assert count(path, strip_zone) > 10 * whole  # the type holds more


@pytest.mark.parametrize(
    ("values", "value"), [("density", 2.1e6), ("counts", 1.2e7), ("density", 1e30)]
)
def test_more_people_than_can_live_there_are_refused(raster, strip_zone, values, value):
    with pytest.raises(gb.DataError, match="2,000,000 people to a square kilometre"):
        count(raster(value=value), strip_zone, values)
    assert count(raster(value=1.9e6), strip_zone, values) > 1e8


def test_units_in_the_file_and_beside_it_are_read(raster, strip_zone):
    plain = count(raster(), strip_zone, "density")
    band = "<PAMRasterBand band='1'><UnitType>persons/ha</UnitType></PAMRasterBand>"
    beside = {
        ".json": json.dumps({"title": "mine", "unit": "people per hectare"}),
        ".aux.xml": f"<PAMDataset>{band}</PAMDataset>",
    }
    said = r"p\.tif: it states '\w+.*100 people per square"
    for ending, content in beside.items():
        path = raster()
        other = path.with_name(f"p.tif{ending}")
        other.write_text(content, encoding="utf-8")
        with pytest.warns(UserWarning, match=said):
            assert count(path, strip_zone, "density") == pytest.approx(100 * plain)
        other.unlink()
    path = raster(units="people per hectare")
    with pytest.warns(UserWarning, match=said):
        assert count(path, strip_zone, "density") == pytest.approx(100 * plain)


@pytest.mark.parametrize(
    ("band", "said"),
    [
        ("<NoDataValue>65535</NoDataValue>", "no-data value of '65535'"),
        ("<Scale>0.1</Scale>", "scale of '0.1'"),
        ("<Offset>5</Offset>", "offset of '5'"),
        ("<Scale>1</Scale><Metadata><MDI key='STATISTICS_MEAN'>7</MDI></Metadata>", ""),
        ("<NoDataValue>7", ""),
    ],
)
def test_what_would_change_the_values_must_be_in_the_raster(raster, strip_zone, band, said):
    path = raster()
    text = f"<PAMDataset><PAMRasterBand band='1'>{band}</PAMRasterBand></PAMDataset>"
    path.with_name("p.tif.aux.xml").write_text(text, encoding="utf-8")
    if not said:
        assert count(path, strip_zone) > 0
        return
    with pytest.raises(gb.DataError, match=said) as caught:
        count(path, strip_zone)
    assert "p.tif.aux.xml" in str(caught.value)


@pytest.mark.parametrize("how", ["pipe", "link", "device", "long"])
@pytest.mark.parametrize("ending", [".tif.aux.xml", ".tif.json", ".prj"])
def test_files_beside_a_raster_are_short_plain_files(raster, strip_zone, tmp_path, ending, how):
    raster()
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "p.tif").rename(home / "p.tif")
    beside = home / f"p{ending}"
    if how == "pipe":
        os.mkfifo(beside)
    elif how == "device":
        beside.symlink_to("/dev/zero")
    elif how == "link":
        (tmp_path / "secret").write_text("TOPSECRET", encoding="utf-8")
        beside.symlink_to(tmp_path / "secret")
    else:
        beside.write_bytes(b" " * 1_000_001)
    if how == "long" and ending == ".tif.json":
        assert count(home / "p.tif", strip_zone) > 0  # metadata of another program
        return
    with pytest.raises(gb.DataError) as caught:
        count(home / "p.tif", strip_zone)
    assert beside.name in str(caught.value)
    assert "TOPSECRET" not in str(caught.value)

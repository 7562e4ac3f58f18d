"""The options that say how files are read: one form for all, with the arguments of the library."""

import warnings

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from support.cli import SHORT

import geobuffer as gb
from geobuffer.cli import options
from geobuffer.cli.read_keys import Older, list_keys, read_keys, spread_keys

GIVEN = {
    "lon=X,lat=Y": {"lon": "X", "lat": "Y"},
    " lon = X , lat = Y , ": {"lon": "X", "lat": "Y"},
    'name="Name, full",sheet=2': {"name": "Name, full", "sheet": "2"},
    "name='It''s',lon=\"a \"\"b\"\"\"": {"name": "It's", "lon": 'a "b"'},
    "name=Населення осіб,LAT=Широта": {"name": "Населення осіб", "lat": "Широта"},
    "crs=+proj=utm +zone=36,swap=True": {"crs": "+proj=utm +zone=36", "swap": True},
    "max_gb=0.5,swap=false,accuracy_m=500 ft": {
        "max_gb": 0.5, "swap": False, "accuracy_m": "500 ft"},
    "": {},
}  # fmt: skip


@pytest.mark.parametrize("text", GIVEN)
def test_keys_are_read(text):
    assert read_keys("--places-read", text) == GIVEN[text]


REFUSED = {
    "lno=X": ["unknown key 'lno'", "'lon', 'lat'"],
    "encodng=x": ["unknown key 'encodng'", "Did you mean 'encoding'?", "keys are lon, lat, name"],
    "near=x": ["unknown key 'near'"],
    "lon": ["at 'lon'", "keys and values"],
    "lon=X;lat=Y,name": ["at 'name'"],
    "name=Населення, осіб": ["at 'осіб'", "quote a value"],
    'name="A': ["""at 'name="A'""", "close each quote"],
    'name="A"B': ["close each quote"],
    "lon=A,lon=B": ["lon= is given twice"],
    "lon=,lat=Y": ["lon= has no value"],
    "swap=maybe": ["Invalid --places-read swap 'maybe'", "true or false"],
    "max_gb=nan": ["Invalid --places-read max_gb 'nan'"],
}


@pytest.mark.parametrize("text", REFUSED)
def test_other_texts_are_refused(text):
    with pytest.raises(gb.DataError) as caught:
        read_keys("--places-read", text)
    for fragment in REFUSED[text]:
        assert fragment in str(caught.value)


def test_older_options_must_agree():
    older = {"crs": Older("--crs", "EPSG:3857"), "layer": Older("--layer", None)}
    assert read_keys("--along-read", "crs=EPSG:3857", older) == {"crs": "EPSG:3857"}
    assert read_keys("--along-read", None, older) == {"crs": "EPSG:3857"}
    with pytest.raises(gb.DataError, match="Invalid --crs with --along-read crs=4326"):
        read_keys("--along-read", "crs=4326", older)


def test_texts_are_spread_over_files():
    assert spread_keys("--around-read", None, 2) == [{}, {}]
    assert spread_keys("--around-read", ["name=A", ""], 2) == [{"name": "A"}, {}]
    with pytest.raises(gb.DataError, match="given 2 times, for 3 --around"):
        spread_keys("--around-read", ["name=A", ""], 3)


def test_help_lists_the_keys():
    words = {flag: {word.strip(",;") for word in text.split()} for flag, text in (
        ("--places-read", options._PLACE_KEYS), ("--regions-read", options._REGION_KEYS),
    )}  # fmt: skip
    for flag, listed in words.items():
        assert set(list_keys(flag)) <= listed
    for flag in ("--along-read", "--around-read", "--outline-read"):
        assert {*list_keys(flag)} == {*list_keys("--regions-read")} - {"iso", "country"}


@pytest.fixture
def files(here):
    """Files that need options to be read: a column of names, a layer, an encoding, a CRS."""
    line = gpd.GeoSeries([shapely.LineString([(35.0, 51.0), (35.2, 51.1)])], crs=4326)
    metres = line.to_crs(3857)
    for layer in ("a", "b"):
        line.to_frame("geometry").assign(one=["Ї"], two=["B"]).to_file("l.gpkg", layer=layer)
    area = metres.buffer(9000).to_frame("geometry").assign(one=["Їжак"], two=["B"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there is no reference system
        area.set_crs(None, allow_override=True).to_file(here / "areas.shp", encoding="cp1251")
    (here / "areas.cpg").unlink()
    (here / "odd.csv").write_bytes("Що;Шыр;Доў\nЇжак;51,0;35,0\n".encode("cp1251"))
    with pd.ExcelWriter(here / "book.xlsx") as book:
        for sheet, place in (("one", "A"), ("two", "B")):
            pd.DataFrame({"name": [place], "lat": [51.0], "lon": [35.0]}).to_excel(
                book, sheet_name=sheet, index=False
            )
    return here


@pytest.mark.parametrize(
    ("args", "keys", "found"),
    [
        (("--along", "l.gpkg", "--along-read"), "layer=b,name=two", ["B"]),
        (("--around", "areas.shp", "--around-read"), "crs=EPSG:3857,name=one,encoding=cp1251",
         ["Їжак"]),
        (("--outline", "areas.shp", "--outline-read"), "crs=EPSG:3857,name=two", ["B"]),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore")
def test_files_of_borders_are_read_as_the_keys_state(run, files, args, keys, found):
    code, out, err = run("zone", *args[:2], "--km", "1")
    assert (code, out) == (2, "")
    assert f"{args[2]} " in err
    told = run("zone", *args, keys, "--km", "1", "--json")
    assert told.code == 0, told.err
    assert [name for name in found if f'"{name}"' in told.out] == found


@pytest.mark.parametrize(
    ("file", "keys", "found"),
    [
        ("odd.csv", "lon=Доў,lat=Шыр,name=Що,encoding=cp1251,accuracy_m=20", "Їжак"),
        ("book.xlsx", "sheet=two,accuracy_m=20", "B"),
        ("book.xlsx", "sheet=2,accuracy_m=20", "B"),
    ],
)
def test_files_of_places_are_read_as_the_keys_state(run, files, file, keys, found):
    asked = ("where", found, *SHORT, "--places", file)
    code, out, err = run(*asked)
    assert (code, out) == (2, "")
    assert "--places-read " in err
    told = run(*asked, "--places-read", keys, "--json")
    assert [(row["name"], row["accuracy_m"]) for row in told.json] == [(found, 20)]


def test_each_added_file_is_read_as_its_keys_state(run, files):
    keys = ("--places-read", "sheet=1", "--add-places-read", "encoding=cp1251, lon=Доў,lat=Шыр")
    both = ("--places", "book.xlsx", "--add-places", "odd.csv", *keys)
    added = run("where", "Їжак", *SHORT, *both)
    assert (added.code, "Їжак" in added.out) == (2, False)
    added = run("where", "Їжак", *SHORT, *both[:-1], f"{keys[-1]},name=Що")
    assert (added.code, "Їжак" in added.out) == (0, True), added.err


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("zone", "--along-read", "name=a"), "--along-read without --along"),
        (
            ("zone", "--around", "51.0,35.0", "--around-read", "name=a"),
            "--around-read with a point",
        ),
        (("settlements", "--places-read", "lon=a"), "--places-read without --places"),
        (("settlements", "--add-places-read", "lon=a"), "--add-places-read without --add-places"),
        (("where", "51", "35", "--places-read", "lon=a"), "--places"),
        (("zone", "--km", "5", "--km", "10"), "Invalid --km: given twice"),
        (("zone", "--km", "Ukraine=5", "--km", "Russia=1"), "as in --km 5,10 or --km Ukraine=10"),
        (("settlements", "--places", "a.csv", "--places", "b.csv"), "--places: given twice"),
        (("where", "Sumy", "--along", "a", "--along", "b"), "--along: given twice"),
        (("data", "get", "geonames", "--country", "UA", "--country", "PL"), "--country: given"),
        (("settlements", "--places-lon", "X"), "Possible options: --places-read"),
        (
            ("settlements", *SHORT, "--places", "odd.csv", "--places-read", "sheet=1"),
            "is not a workbook. Leave --places-read sheet= out.",
        ),
        (
            ("settlements", *SHORT, "--places", "odd.csv", "--places-read", "lon=1"),
            "Invalid --places-read lon '1' of odd.csv",
        ),
    ],
)
def test_options_without_their_file_are_refused(run, files, args, said):
    code, out, err = run(*args)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1 + err.count("note: ")

"""Odd text tables: read_settlements and classify_file read the same rows, or refuse the same."""

import re
import zipfile

import geopandas as gpd
import pandas as pd
import pyarrow.parquet as pq
import pytest
import shapely

import geobuffer as gb
from geobuffer.analysis import _arrow

HEAD = "name,lat,lon,accuracy_m\n"
ROWS = ["Суми,51.20,30.05,1500", "Глухів,50.60,30.10,20", "Ізюм,50.5,30.2,7"]
PLAIN = HEAD + "\n".join(ROWS) + "\n"


def semicolons(text):
    return text.replace(",", ";").replace(".", ",")


GOOD = {
    "plain": PLAIN.encode(),
    "cp1251": PLAIN.encode("cp1251"),
    "koi8-u": PLAIN.encode("koi8-u"),
    "utf-16": PLAIN.encode("utf-16"),
    "utf-16 without a mark": PLAIN.encode("utf-16-le"),
    "byte order mark": PLAIN.encode("utf-8-sig"),
    "CR": PLAIN.replace("\n", "\r").encode(),
    "CR, cp1251": PLAIN.replace("\n", "\r").encode("cp1251"),
    "CR LF": PLAIN.replace("\n", "\r\n").encode(),
    "decimal commas": semicolons(PLAIN).encode(),
    "decimal commas, cp1251": semicolons(PLAIN).encode("cp1251"),
    "sep": ("sep=;\n" + semicolons(PLAIN)).encode(),
    "sep, CR LF": ("sep=;\r\n" + semicolons(PLAIN).replace("\n", "\r\n")).encode(),
    "sep, another one": ("SEP=|\n" + PLAIN.replace(",", "|")).encode(),
    "tabs": PLAIN.replace(",", "\t").encode(),
    "empty lines above": ("\n\n" + PLAIN).encode(),
    "empty fields above": (",,,\n" + PLAIN).encode(),
    "empty lines between": PLAIN.replace("\n", "\n\n").encode(),
    "rows of empty fields": PLAIN.replace("\nГ", '\n,,,\n"",,,\nГ').encode(),
    "rows of empty fields, some short": PLAIN.replace("\nГ", "\n,\n,,,,,\nГ").encode(),
    "rows of empty fields at the end": (PLAIN + ",,,\n" * 90).encode(),
    "rows of empty fields, UTF-16": (PLAIN + ",,,\n" * 90).encode("utf-16"),
    "no newline at the end": PLAIN.rstrip().encode(),
    "trailing separators": PLAIN.replace("\n", ",\n").encode(),
    "trailing separators in rows": (HEAD + PLAIN.removeprefix(HEAD).replace("\n", ",,\n")).encode(),
    "trailing separators in a row": PLAIN.replace("20\n", "20,,,\n").encode(),
    "a trailing separator of the header": PLAIN.replace("_m\n", "_m,\n", 1).encode(),
    "an empty column": PLAIN.replace(",", ",,", 1).replace("и,", "и,,").replace("в,", "в,,")
    .replace("м,", "м,,").encode(),
    "Cyrillic headings": semicolons(PLAIN).replace("lat;lon", "Широта;Довгота").encode("cp1251"),
    "degrees and minutes": PLAIN.replace("51.20", "51°12′00″ пн. ш.").encode(),
    "commas in quotes": PLAIN.replace("51.20", '"51,20"').encode(),
    "line breaks in quotes": PLAIN.replace("Суми", '"Су\nми"').encode(),
    "line breaks in the header": PLAIN.replace("name", '"na\nme"').encode(),
    "quotes in quotes": PLAIN.replace("Суми", '"Су""ми"').encode(),
    "a quote within a name": PLAIN.replace("Суми", 'Су"ми').encode(),
    "thousands": PLAIN.replace("1500", '"1,500"').encode(),
    "thousands, decimal commas": semicolons(PLAIN).replace("1500", "1.500").encode(),
    "thousands in a later batch": (
        HEAD + "A,50,30,7\n" * 200 + 'B,50,30,"1,500"\nC,50.5,30.1,3\n').encode(),
    "decimals in a later batch": (
        "name;lat;lon;accuracy_m\n" + "A;50;30;1,500\n" * 200 + "B;50;30;0,5\n").encode(),
    "units": PLAIN.replace("1500", "500 ft").replace(",7\n", ",1.5 км\n").encode(),
    "units, decimal commas": semicolons(PLAIN).replace("1500", "0,5 mi").encode(),
    "no accuracy": PLAIN.replace("1500", "н/д").replace(",20\n", ",\n").encode(),
    "no point": PLAIN.replace("51.20,30.05", ",").replace("50.60,30.10", "0,0").encode(),
    "an unnamed column": PLAIN.replace("name,", ",").encode(),
    "population beside": PLAIN.replace("_m\n", "_m,population\n")
    .replace("1500\n", '1500,"1,234"\n').replace(",20\n", ",20,5\n").replace(",7\n", ",7,\n")
    .encode(),
}  # fmt: skip


@pytest.fixture(scope="module")
def zone():
    line = shapely.LineString([(30, 50), (30, 52)])
    return gb.build_zone(gb.border_along(line, source=gb.Source("a map")), [5, 10], tolerance_m=20)


@pytest.fixture(params=[41, 500_000], ids=["small batches", "one batch"])
def batches(request, monkeypatch):
    monkeypatch.setattr(_arrow, "BATCH_ROWS", request.param)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", GOOD)
@pytest.mark.usefixtures("batches")
def test_both_readers_read_the_same_rows(kind, zone, tmp_path):
    source = tmp_path / ("in.tsv" if kind == "tabs" else "in.csv")
    source.write_bytes(GOOD[kind])
    gb.classify_file(source, zone, tmp_path / "out.parquet")
    found = pq.read_table(tmp_path / "out.parquet").to_pandas()
    places = gb.read_settlements(source)
    wanted = gb.classify(places, zone)
    # read_settlements leaves out rows that repeat another one.
    found = found[~found.drop(columns=found.columns[-8:]).duplicated()]
    assert len(found) == len(wanted) >= 2
    for column in ("distance_km", "margin_km", "membership", "side", "ring", "section"):
        there, expected = found[column].astype(object), wanted[column].astype(object)
        assert there.fillna("").tolist() == expected.fillna("").tolist(), column


BAD = {
    "a long row": (PLAIN.replace("20\n", "20,9\n"), "Invalid line 3 of", "5 fields"),
    "a short row": (PLAIN.replace(",20\n", "\n"), "Invalid line 3 of", "3 fields"),
    "no coordinate": (PLAIN.replace("50.60", "north"), "Invalid lat in line 3 of", "'north'"),
    "no number": (PLAIN.replace(",20\n", ",good\n"), "Invalid accuracy_m in line 3 of", "'good'"),
    "below a line break": (
        PLAIN.replace("Суми", '"Су\n\nми"').replace(",20\n", ",-2\n"),
        "Invalid accuracy_m in line 5 of", "-2"),
    "below sep and empty lines": (
        "sep=,\n\n" + PLAIN.replace(",20\n", ",1e99\n"), "Invalid accuracy_m in line 5 of", "1e99"),
    "beyond a pole": (PLAIN.replace("50.60", "150.60"), "line 3 of", "150.6"),
    "two readings": (
        'name,lat,lon,accuracy_m\nA,50,30,"1,500"\n', "Ambiguous accuracy_m", "line 2)"),
    "two columns": (PLAIN.replace("name", "lat"), "'lat'", "in.csv"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", BAD)
@pytest.mark.usefixtures("batches")
def test_both_readers_refuse_the_same_line(kind, zone, tmp_path):
    text, *fragments = BAD[kind]
    source = tmp_path / "in.csv"
    source.write_text(text, encoding="utf-8")
    messages = []
    for read in (gb.read_settlements, lambda s: gb.classify_file(s, zone, tmp_path / "o.csv")):
        with pytest.raises(gb.DataError) as caught:
            read(source)
        messages.append(str(caught.value))
        for fragment in fragments:
            assert fragment in messages[-1]
    if kind not in {"beyond a pole", "two columns"}:
        assert messages[0] == messages[1]


@pytest.mark.usefixtures("batches")
def test_a_byte_of_another_encoding_is_named_alike(zone, tmp_path):
    source = tmp_path / "in.csv"
    source.write_bytes(PLAIN.encode("utf-16") + b"\x00")
    messages = []
    for read in (gb.read_settlements, lambda s: gb.classify_file(s, zone, tmp_path / "o.csv")):
        with pytest.raises(gb.DataError, match=r"no utf-16 at byte") as caught:
            read(source)
        messages.append(re.sub(r"\s+", " ", str(caught.value)))
    assert messages[0] == messages[1]


EMPTY = HEAD + ",,,\n" + ROWS[0] + "\n" + ",,,\n" * 90 + ROWS[1] + "\n,\n"


@pytest.mark.parametrize("text", [EMPTY, EMPTY.removesuffix(",\n") + ",,,\n"])
@pytest.mark.usefixtures("batches")
def test_both_readers_count_the_rows_of_empty_fields(text, zone, tmp_path):
    source = tmp_path / "in.csv"
    source.write_text(text, encoding="utf-8")
    said = r"in\.csv: rows of empty fields were left out: 92 \(lines 2, 4, 5 and 89 more\)"
    with pytest.warns(UserWarning, match=said):
        assert len(gb.read_settlements(source)) == 2
    with pytest.warns(UserWarning, match=said):
        assert gb.classify_file(source, zone, tmp_path / "out.csv") == 2
    with pytest.warns(UserWarning, match=said):
        assert gb.classify_file(source, zone, tmp_path / "out") == 2


def test_the_line_below_rows_of_empty_fields_is_named(zone, tmp_path):
    source = tmp_path / "in.csv"
    source.write_text(EMPTY + "A,50,30,-7\n", encoding="utf-8")
    with pytest.raises(gb.DataError, match=r"line 96 of .*in\.csv: '-7'"):
        gb.classify_file(source, zone, tmp_path / "out.csv")


def test_both_readers_take_an_encoding_and_say_which_one_they_found(zone, tmp_path):
    source = tmp_path / "in.csv"
    source.write_bytes(PLAIN.encode("koi8-u"))
    said = r"in\.csv: read as koi8[-_][ru]"
    with pytest.warns(UserWarning, match=said):
        gb.read_settlements(source)
    with pytest.warns(UserWarning, match=said):
        gb.classify_file(source, zone, tmp_path / "out.parquet")
    for encoding, name in [
        ("koi8-u", "Суми"),
        ("cp1251", "Суми".encode("koi8-u").decode("cp1251")),
    ]:
        gb.classify_file(source, zone, tmp_path / "out.parquet", encoding=encoding)
        assert pq.read_table(tmp_path / "out.parquet")["name"][0].as_py() == name
    with pytest.raises(gb.DataError, match=r"no ascii at byte 24\b"):
        gb.classify_file(source, zone, tmp_path / "out.parquet", encoding="ascii")
    with pytest.raises(gb.DataError, match="Invalid encoding 'cp12511'"):
        gb.classify_file(source, zone, tmp_path / "out.parquet", encoding="cp12511")
    with pytest.raises(gb.DataError, match="Leave encoding= out"):
        gb.classify_file(tmp_path / "out.parquet", zone, tmp_path / "o.csv", encoding="cp1251")
    with pytest.raises(gb.GeobufferError, match="Invalid encoding: 1251"):
        gb.classify_file(source, zone, tmp_path / "out.parquet", encoding=1251)


def test_a_folder_of_another_encoding_is_refused(zone, tmp_path):
    source = tmp_path / "in.csv"
    source.write_bytes(PLAIN.encode("koi8-u"))
    gb.classify_file(source, zone, tmp_path / "parts", encoding="koi8-u")
    with pytest.raises(gb.DataError, match=r"another encoding of the source file \(koi8-u\)"):
        gb.classify_file(source, zone, tmp_path / "parts", encoding="cp1251")


TABLE = pd.DataFrame(
    {"name": ["Суми", "Глухів", "Ізюм"], "lat": [51.2, 50.6, 50.5], "lon": [30.05, 30.1, 30.2],
     "accuracy_m": [1500, 20, 7], "notes": [1, "a", None]}
)  # fmt: skip
ACCURATE = {"accuracy_m": 300}
GRID = {"crs": "EPSG:28406"}
STATED = {"lon": "Доў", "lat": "Шыр"}

# A file, the options for reading it, and a part of the error, or "" if the file is read.
FILES = [
    ("book.xlsx", {}, ""),
    ("book.xlsx", {"sheet": "1"}, ""),
    ("book.xlsx", {"sheet": "3"}, "Invalid sheet '3'"),
    ("book.xlsx", {"encoding": "cp1251"}, "Leave encoding= out"),
    ("places.gpkg", {}, ""),
    ("places.gpkg", {"lon": "x"}, "has shapes. Leave them out"),
    ("places.gpkg", {"layer": "none"}, "Invalid layer 'none'"),
    ("places.geojson", ACCURATE, ""),
    ("places.kml", {}, ""),
    ("places.shp", {"crs": "EPSG:3857"}, ""),
    ("places.shp", {}, "no coordinate reference system"),
    ("metres.parquet", {}, ""),
    ("metres.parquet", {"encoding": "cp1251"}, "Leave encoding= out"),
    ("metres.parquet", {"layer": "x"}, "Leave layer= out"),
    ("columns.parquet", {"swap": True}, ""),
    ("places.zip", STATED, ""),
    ("odd.data", STATED, ""),
    ("odd.data", {"lon": "Доў", "lat": "Ш"}, "Invalid lat 'Ш'"),
    ("odd.data", {**STATED, "sheet": "1"}, "Leave sheet= out"),
    ("odd.data", {**STATED, "layer": "1"}, "Leave layer= out"),
    ("turned.csv", {"swap": True}, ""),
    ("grid.csv", GRID, ""),
    ("grid.csv", {**GRID, "lon": "Y", "lat": "X"}, ""),
    ("grid.csv", {"crs": "EPSG:2"}, "Invalid crs"),
    ("bare.csv", ACCURATE, ""),
    ("bare.csv", {"accuracy_m": "0.5 mi"}, ""),
    ("bare.csv", {"accuracy_m": -1}, "accuracy_m"),
    ("gaps.csv", ACCURATE, ""),
    ("wkt.tsv", {}, ""),
    ("odd-line.xlsx", {}, "line 4 of"),
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The same three places in files of every kind."""
    made = tmp_path_factory.mktemp("files")
    plain = TABLE.drop(columns="notes")
    points = gpd.GeoDataFrame(
        plain.drop(columns=["lat", "lon"]),
        geometry=gpd.points_from_xy(TABLE["lon"], TABLE["lat"]), crs=4326,
    )  # fmt: skip
    with pd.ExcelWriter(made / "book.xlsx") as book:
        TABLE.to_excel(book, sheet_name="places", index=False, startrow=2)
        pd.DataFrame({"a": [1]}).to_excel(book, sheet_name="other", index=False)
    book = TABLE.assign(lat=[51.2, 50.6, "north"])
    book.to_excel(made / "odd-line.xlsx", index=False)
    for suffix in ("gpkg", "geojson", "kml"):
        gb.write(points, made / f"places.{suffix}")
    grid, metres = points.to_crs(28406).geometry, points.to_crs(3857)
    metres.to_file(made / "places.shp")
    (made / "places.prj").unlink()
    metres.to_parquet(made / "metres.parquet")
    turned = plain.rename(columns={"lat": "lon", "lon": "lat"})
    turned.to_parquet(made / "columns.parquet")
    turned.to_csv(made / "turned.csv", index=False)
    odd = plain.rename(columns={"lat": "Шыр", "lon": "Доў"})
    odd.to_csv(made / "odd.data", index=False, sep=";", decimal=",", encoding="cp1251")
    with zipfile.ZipFile(made / "places.zip", "w") as archive:
        archive.write(made / "odd.data", "odd.csv")
    plain[["name"]].assign(X=grid.y, Y=grid.x).to_csv(made / "grid.csv", index=False)
    plain.drop(columns="accuracy_m").to_csv(made / "bare.csv", index=False)
    plain.assign(accuracy_m=[None, 20, None]).to_csv(made / "gaps.csv", index=False)
    plain[["name"]].assign(wkt=points.geometry.to_wkt()).to_csv(
        made / "wkt.tsv", index=False, sep="\t"
    )
    return made


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "stated", "error"), FILES)
def test_both_readers_read_the_same_files(name, stated, error, zone, folder, tmp_path):
    readers = (
        lambda: gb.classify(gb.read_settlements(folder / name, **stated), zone),
        lambda: gb.classify_file(folder / name, zone, tmp_path / "out.parquet", **stated),
    )
    if error:
        messages = []
        for read in readers:
            with pytest.raises(gb.GeobufferError) as caught:
                read()
            messages.append(str(caught.value))
        assert error in messages[0]
        assert messages[0] == messages[1]
        return
    wanted = readers[0]()
    assert readers[1]() == len(wanted) == 3
    found = pq.read_table(tmp_path / "out.parquet").to_pandas()
    assert wanted["membership"].tolist() == found["membership"].tolist()
    for column in ("distance_km", "margin_km"):
        assert wanted[column].tolist() == pytest.approx(found[column].tolist(), abs=1e-9), column

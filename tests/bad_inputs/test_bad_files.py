"""Rows about files: incomplete, truncated, of another kind than their name says, or malicious."""

import json
import zipfile

import geopandas as gpd
import pandas as pd
import pytest
from geopandas.testing import assert_geodataframe_equal
from support.given import areas, own, points, save, text

import geobuffer as gb

CYRILLIC = ["Суджа", "Ёлкино"]


@pytest.mark.row(28)
def test_a_shapefile_in_cp1251_is_decoded_with_a_note(here, check_accepted):
    file = save(areas(names=CYRILLIC), here / "areas.shp", encoding="cp1251")
    file.with_suffix(".cpg").unlink()
    assert gpd.read_file(file)["name"].tolist() != CYRILLIC, "GDAL alone reads it wrongly"
    with pytest.warns(UserWarning, match=r"areas\.shp: its texts were read as cp1251"):
        assert [region.name for region in gb.read_regions(file)] == CYRILLIC
    answer = check_accepted(
        "zone",
        "--regions",
        "areas.shp",
        "--between",
        "Суджа",
        "--and",
        "Елкино",
        "--km",
        "10",
        "--json",
        notes=["were read as cp1251"],
    )
    assert json.loads(answer.out)["sections"] == ["Суджа–Ёлкино"]


@pytest.mark.row(30)
def test_a_shapefile_without_its_index_is_read_with_a_warning(here, check_accepted):
    save(areas(), here / "areas.shp").with_suffix(".shx").unlink()
    check_accepted("zone", *own("areas.shp"), notes=["areas.shp: its index (.shx) is missing"])
    assert not (here / "areas.shx").exists()


@pytest.mark.row(31)
def test_a_shapefile_without_its_table_is_refused(here, check_refused, check_error):
    save(areas(), here / "areas.shp").with_suffix(".dbf").unlink()
    said = ["areas.shp", "there is no areas.dbf beside it", "Must be together"]
    with check_error(gb.DataError, *said):
        gb.read_regions("areas.shp")
    check_refused("zone", *own("areas.shp"), "--out", "zone.gpkg", says=said)
    save(points((30.05, 50.5)), here / "places.shp").with_suffix(".dbf").unlink()
    check_refused(
        "settlements", *own(), "--places", "places.shp", "--out", "o.csv", says=["places.dbf"]
    )


@pytest.mark.row(32)
def test_column_names_too_long_for_a_shapefile_are_reported(here, check_accepted, check_refused):
    table = points((30.05, 50.5), a_very_long_name_of_people=[1], a_very_long_name_of_houses=[2])
    before = table.copy()
    with pytest.warns(UserWarning, match="A shapefile cannot hold all") as caught:
        gb.write(table, here / "out.shp.zip")
    said = str(caught[0].message)
    assert "'a_very_long_name_of_people' is called 'a_very_lon'" in said
    assert "'a_very_long_name_of_houses' is called 'a_very_l_1'" in said
    assert len(caught) == 1
    assert_geodataframe_equal(table, before)
    check_accepted("zone", *own(), "--out", "zone.shp.zip", notes=["A shapefile cannot hold all"])
    check_refused("zone", *own(), "--out", "zone.shp", says=["zone.shp", "'.shp.zip'"])


@pytest.mark.row(33)
def test_truncated_geojson_reports_position_and_size(here, check_refused, check_error):
    whole = save(areas(), here / "whole.geojson").read_bytes()
    (here / "cut.geojson").write_bytes(whole[: len(whole) // 2])
    said = ["cut.geojson", "incomplete or damaged", f"{len(whole) // 2:,} bytes", "again"]
    with check_error(gb.DataError, *said):
        gb.read_regions("cut.geojson")
    check_refused("zone", *own("cut.geojson"), "--out", "zone.gpkg", says=said)


@pytest.mark.row(34)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_truncated_geopackage_is_reported_as_incomplete(share, here, check_refused, check_error):
    whole = (here / "regions.gpkg").read_bytes()
    kept = int(len(whole) * share)
    (here / "cut.gpkg").write_bytes(whole[:kept])
    said = ["cut.gpkg", "it is incomplete or damaged", f"{kept:,} bytes"]
    with check_error(gb.DataError, *said):
        gb.read_regions("cut.gpkg")
    check_refused("zone", *own("cut.gpkg"), "--out", "zone.gpkg", says=said)


OTHERWISE = {
    "empty.geojson": (b"", "it is empty (0 bytes)"),
    "page.geojson": (b"<!DOCTYPE html><html><body>404</body></html>", "a web page (HTML)"),
    "utf16.geojson": ('{"type": "FeatureCollection"}'.encode("utf-16"), "text in UTF-16"),
    "picture.gpkg": (b"\x89PNG\r\n\x1a\n" + bytes(40), "a picture (PNG)"),
    "article.geojson": (b"%PDF-1.7 ...", "a PDF document"),
    "empty.zip": (b"PK\x05\x06" + bytes(18), "an empty zip archive"),
}


@pytest.mark.row(35)
@pytest.mark.parametrize("name", OTHERWISE)
def test_the_error_names_the_kind_of_the_file(name, here, check_refused, check_error):
    content, what = OTHERWISE[name]
    (here / name).write_bytes(content)
    for read in (gb.read_regions, gb.read_settlements, gb.read_border):
        with check_error(gb.DataError, name, what):
            read(name)
    check_refused("zone", *own(name), "--out", "zone.gpkg", says=[name, what])
    check_refused("map", *own(), "--places", name, says=[name, what])


@pytest.mark.row(35)
def test_a_truncated_archive_is_reported_as_truncated(here, check_refused):
    with zipfile.ZipFile(here / "data.zip", "w") as packed:
        packed.write("regions.gpkg")
    whole = (here / "data.zip").read_bytes()
    (here / "data.zip").write_bytes(whole[:-200])
    said = [
        "data.zip",
        "a zip archive that is incomplete or damaged",
        f"{len(whole) - 200:,} bytes",
    ]
    check_refused("zone", *own("data.zip"), "--out", "zone.gpkg", says=said)


@pytest.mark.row(35)
def test_a_file_without_rows_raises_an_error(here, check_refused):
    (here / "none.geojson").write_text('{"type": "FeatureCollection", "features": []}')
    check_refused("zone", *own("none.geojson"), says=["none.geojson", "it has no rows"])
    check_refused(
        "map", *own(), "--places", "none.geojson", says=["none.geojson", "it has no rows"]
    )
    text(here / "none.csv", "name,lat,lon")
    check_refused(
        "map", *own(), "--places", "none.csv", says=["none.csv", "no rows below a header"]
    )


@pytest.mark.row(38)
def test_a_missing_file_raises_an_error_with_a_similar_name(here, check_refused, check_error):
    text(here / "places.csv", "name,lat,lon", "A,50.5,30.05")
    check_refused("zone", *own("region.gpkg"), says=["No file 'region.gpkg'", "'regions.gpkg'?"])
    check_refused(
        "map", *own(), "--places", "place.csv", says=["No file 'place.csv'", "'places.csv'?"]
    )
    check_refused("map", *own("no/regions.gpkg"), says=["there is no folder 'no'"])
    with check_error(gb.DataError, "No file", "Did you mean 'regions.gpkg'?"):
        gb.read_border("regoins.gpkg")


@pytest.mark.row(46)
@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE kml [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;&x;">]>',
    ],
)
def test_a_kml_with_entities_is_refused_in_clear_words(doctype, here, check_refused):
    mark = "<Placemark><name>&x;</name><Point><coordinates>30,50</coordinates></Point></Placemark>"
    (here / "trap.kml").write_text(
        f'<?xml version="1.0"?>{doctype}<kml xmlns="http://www.opengis.net/kml/2.2">{mark}</kml>'
    )
    check_refused("map", *own(), "--places", "trap.kml", says=["trap.kml", "entities"])


@pytest.mark.row(47)
def test_a_virtual_format_under_another_name_opens_no_file(here, check_refused):
    (here / "trap.geojson").write_text(
        '<OGRVRTDataSource><OGRVRTLayer name="regions"><SrcDataSource>regions.gpkg</SrcDataSource>'
        "</OGRVRTLayer></OGRVRTDataSource>"
    )
    check_refused("zone", *own("trap.geojson"), "--out", "zone.gpkg",
            says=["trap.geojson", "VRT", "opens other files"])  # fmt: skip


@pytest.mark.row(48)
@pytest.mark.parametrize(
    "name",
    ["/vsicurl/http://127.0.0.1:9/a.gpkg", "/vsizip/regions.zip", "http://127.0.0.1:9/a.geojson",
     "/vsistdin/"],
)  # fmt: skip
def test_only_files_on_this_machine_are_opened(name, check_refused, check_error):
    said = ["Invalid file", "Must be a file on this machine", "download it first"]
    for read in (gb.read_regions, gb.read_settlements, gb.read_border):
        with check_error(gb.DataError, *said):
            read(name)
    check_refused("zone", *own(name), "--out", "zone.gpkg", says=said)


@pytest.mark.row(49)
@pytest.mark.parametrize("name", ["../../escaped.gpkg", "/escaped.gpkg"])
def test_an_archive_is_read_in_place_and_nowhere_else(name, here, check_refused, check_accepted):
    with zipfile.ZipFile(here / "data.zip", "w") as packed:
        packed.write("regions.gpkg", "deep/regions.gpkg")
    check_accepted("zone", *own("data.zip"))
    assert sorted(path.name for path in here.iterdir()) == ["data.zip", "regions.gpkg"]
    with zipfile.ZipFile(here / "slip.zip", "w") as packed:
        packed.write("regions.gpkg", "x")
        packed.filelist[0].filename = name
    before = set(here.parent.rglob("*"))
    check_refused("zone", *own("slip.zip"), says=["slip.zip", name, "outside of the archive"])
    assert set(here.parent.rglob("*")) == before


@pytest.mark.row(50)
def test_a_file_larger_than_the_cap_is_refused_unread(here, check_refused, check_error):
    with zipfile.ZipFile(here / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("regions.geojson", b" " * 30_000_000)
    assert (here / "bomb.zip").stat().st_size < 100_000
    with check_error(gb.DataError, "bomb.zip", "0.0 GB, unpacked", "max_gb= allows more"):
        gb.read_regions("bomb.zip", max_gb=0.01)
    # A sparse file as long as the cap of 4 GB uses almost no disk space.
    with (here.parent / "huge.geojson").open("wb") as huge:
        huge.truncate(4_100_000_000)
    check_refused("zone", *own(here.parent / "huge.geojson"),
            says=["huge.geojson", "4.1 GB", "Must be at most 4 GB"])  # fmt: skip


@pytest.mark.row(40)
def test_unknown_coordinate_columns_must_be_chosen(here, check_refused):
    """If no column name is known, the message asks for the columns and lists those there are."""
    pd.DataFrame({"a": [1], "b": [2]}).to_csv(here / "odd.csv", index=False)
    check_refused("map", *own(), "--places", "odd.csv", says=["odd.csv", "lon=", "'a', 'b'"])

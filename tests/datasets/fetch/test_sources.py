"""Each source is read from a local server that sends valid and invalid files of its format."""

import hashlib
import io
import json
import math
import subprocess
import sys
import zipfile

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from support.publisher import Page
from support.sources import (
    BOX,
    DUMP,
    WORLDPOP_PATH,
    YUNAKIVKA,
    boundary,
    cod_people,
    cod_place,
    geonames_row,
    geotiff,
    hdx_package,
    node,
    overpass_answer,
    relation,
    serve_geoboundaries,
    serve_geonames,
    serve_hdx_places,
    serve_hdx_population,
    way,
    zipped,
)

import geobuffer as gb
from geobuffer.datasets.fetch import catalogue, hdx_places, http, overpass, tables
from geobuffer.datasets.fetch.catalogue import fetch_with_sources
from geobuffer.datasets.fetch.downloader import SITES
from geobuffer.geodesy.ellipsoid import area_m2

# GeoNames


def test_geonames_places_with_their_names(publisher, how):
    digest = serve_geonames(publisher)
    places = gb.fetch("geonames", country="UA", downloader=how)
    assert list(places.columns) == list(gb.load_settlements().columns)
    assert places.crs == "EPSG:4326"
    assert places["id"].tolist() == ["geonames:690889", "geonames:692194"]
    village, city = places.to_dict("records")
    assert (village["name_uk"], village["name_ru"], village["name_en"]) == (
        "Юнаківка", "Юнаковка", 'Yunakivka "old"',
    )  # fmt: skip
    assert (city["name_uk"], city["name_ru"]) == ("Суми", "Сумы")
    assert (city["oblast"], city["raion_en"], city["country"]) == (
        "Sumy Oblast", "Sumskyi Raion", "UA",
    )  # fmt: skip
    assert pd.isna(village["population"])
    assert city["population"] == 294456
    assert city["radius_m"] == round(78 * 294456**0.35)
    assert (city["geometry"].x, city["geometry"].y) == (34.80029, 50.9216)
    for fact in ("GeoNames", "CC BY 4.0", f"{publisher.url}/geonames/UA.zip", "retrieved 20",
                 f"sha256 {digest}", "as of 2026-12-31"):  # fmt: skip
        assert fact in city["source"]


def test_geonames_is_offline_after_the_first_time(publisher, how):
    serve_geonames(publisher)
    first = gb.fetch("geonames", country="Ukraine", downloader=how)
    publisher.stop()
    again = gb.fetch("geonames", country="ukr", downloader=how)
    assert_geodataframe_equal(first, again)


def test_the_code_na_is_not_read_as_missing(publisher, how):
    row = geonames_row(1, "NA", -22, 17).replace("\tUA\t", "\tNA\t")
    publisher.serve("/geonames/NA.zip", Page(zipped({"NA.txt": row + "\n"})))
    publisher.serve("/geonames/alternatenames/NA.zip", Page(zipped({"NA.txt": ""})))
    places = gb.fetch("geonames", country="NA", downloader=how)
    assert places[["name_en", "country"]].to_numpy().tolist() == [["NA", "NA"]]


@pytest.mark.parametrize(
    ("dump", "message"),
    [(["a\tb"], r"UA\.txt.*row 1: 2 columns\. Expected 19"), ([*DUMP, "a\tb"], "row 8: 2 columns"),
     ([*DUMP, DUMP[0] + "\textra"], "row 8: 20 columns"), (DUMP[:2], "holds no places"),
     ([geonames_row(7, "X", 95, 30)], r"row geonames:7: longitude '30', latitude '95'"),
     ([geonames_row(7, "X", "", 30)], "row geonames:7")],
)  # fmt: skip
def test_a_broken_dump_raises_an_error(publisher, how, dump, message):
    serve_geonames(publisher, dump=dump)
    with pytest.raises(gb.DataError, match=message):
        gb.fetch("geonames", country="UA", downloader=how)


def test_a_dump_of_another_kind_raises_an_error(publisher, how):
    serve_geonames(publisher, member="RU.txt")
    with pytest.raises(gb.DownloadError, match=r"UA\.txt, but readme\.txt, RU\.txt"):
        gb.fetch("geonames", country="UA", downloader=how)


def test_a_zip_bomb_raises_an_error(publisher, how, tmp_path):
    publisher.serve("/geonames/UA.zip", Page(zipped({"UA.txt": b"\0" * 2_000_000})))
    small = gb.Downloader(folder=tmp_path, sites=how.sites, pause_s=0, size_cap_bytes=1_000_000)
    with pytest.raises(gb.DownloadError, match=r"unpacks to 1\.9 MB, more than 1\.0 MB"):
        gb.fetch("geonames", country="UA", downloader=small)


# OpenStreetMap


def test_osm_places_of_a_box(publisher, how):
    hamlet = node(2, 51, 35, place="hamlet", name="Х", population="~50")
    publisher.serve("/overpass", overpass_answer(YUNAKIVKA, hamlet))
    places = gb.fetch("osm-places", bbox=(33.5, 50.9, 35, 52), country="UA", downloader=how)
    query = publisher.asked[0][2]["data"][0]
    assert query.startswith("[out:json][timeout:2];")
    assert 'area["ISO3166-1"="UA"]' in query
    assert "(50.900000,33.500000,52.000000,35.000000)" in query
    assert '"^(city|town|village|hamlet|isolated_dwelling)$"' in query
    one, other = places.to_dict("records")
    assert (one["id"], one["name_uk"], one["name_ru"], one["name_en"]) == (
        "osm:node/337", "Юнаківка", "Юнаковка", "Yunakivka",
    )  # fmt: skip
    assert (one["code"], one["code_system"], one["population"]) == (
        "UA59080330010086784", "KATOTTG", 1234,
    )  # fmt: skip
    assert (one["kind"], other["kind"], other["radius_m"]) == ("village", "hamlet", 350.0)
    assert pd.isna(other["population"])
    assert "ODbL 1.0" in one["source"]
    assert "as of 2026-11-24" in one["source"]


def test_another_box_sends_another_query(publisher, how):
    publisher.serve("/overpass", overpass_answer(YUNAKIVKA))
    for box in ("33,50,35,52", "33,50,35,52", "33,50,35,53"):
        gb.fetch("osm-places", bbox=box, downloader=how)
    assert len(publisher.asked) == 2


def test_a_remark_of_overpass_counts_as_an_incomplete_answer(publisher, how):
    remark = 'runtime error: Query timed out in "query" at line 1 after 2 seconds.'
    publisher.serve(
        "/overpass", overpass_answer(YUNAKIVKA, remark=remark), overpass_answer(YUNAKIVKA)
    )
    with pytest.raises(gb.DownloadError, match="Query timed out"):
        gb.fetch("osm-places", bbox="33,50,35,52", downloader=how)
    assert len(gb.fetch("osm-places", bbox="33,50,35,52", downloader=how)) == 1


@pytest.mark.parametrize(
    ("page", "message"),
    [(overpass_answer(), "no such data"), (Page(b"{}"), "Expected elements"),
     (Page(b"<?xml version='1.0'?><osm/>"), "XML"), (Page(b"no", 400), "400 Bad Request")],
)  # fmt: skip
def test_an_invalid_answer_of_overpass_raises_an_error_and_is_not_cached(
    publisher, how, page, message
):
    publisher.serve("/overpass", page, overpass_answer(YUNAKIVKA))
    with pytest.raises(gb.DownloadError, match=message):
        gb.fetch("osm-places", bbox="33,50,35,52", downloader=how)
    assert len(gb.fetch("osm-places", bbox="33,50,35,52", downloader=how)) == 1


def test_a_busy_overpass_falls_back_to_its_mirror(publisher, tmp_path, monkeypatch):
    # Both addresses are of one host here, which is left alone for half a minute after a 429.
    monkeypatch.setattr(http.time, "sleep", lambda _: None)
    busy = Page(b"<html>rate_limited</html>", 429)
    publisher.serve("/one", busy)
    publisher.serve("/two", overpass_answer(YUNAKIVKA))
    sites = {"overpass": [f"{publisher.url}/one", f"{publisher.url}/two/"]}
    mirrored = gb.Downloader(folder=tmp_path, sites=sites, pause_s=0)
    places = gb.fetch("osm-places", bbox="33,50,35,52", downloader=mirrored)
    assert publisher.paths() == ["/one", "/two"]
    assert f"{publisher.url}/two?data=" in places["source"].iloc[0]


def test_osm_boundaries_by_code(publisher, how):
    tags = {"ISO3166-2": "RU-KRS", "name": "Курская область", "name:en": "Kursk Oblast",
            "name:uk": "Курська область", "name:ru": "Курская область"}  # fmt: skip
    west = relation(way(BOX[:3], ref=1), way(BOX[2:][::-1], ref=2), **tags)
    east = relation(way([(34, 50), (38, 50), (38, 54), (34, 54), (34, 50)]), number=71249,
                    **{"ISO3166-2": "UA-59", "name": "Сумська область"})  # fmt: skip
    publisher.serve("/overpass", overpass_answer(west, east))
    regions = gb.fetch("osm-boundaries", iso="RU-KRS,ua-59", downloader=how)
    query = publisher.asked[0][2]["data"][0]
    assert '["ISO3166-2"~"^(RU-KRS|UA-59)$"]' in query
    assert query.endswith("out geom;")
    kursk = regions["Курская область"]
    assert (kursk.name, kursk.iso, kursk.country) == ("Kursk Oblast", "RU-KRS", "RU")
    assert kursk.geometry.equals(shapely.box(30, 50, 34, 54))
    assert kursk.source.as_of == "2026-11-24"
    assert kursk.source.sha256
    assert kursk.source.retrieved
    border = gb.border_between(regions["RU-KRS"], regions["UA-59"])
    assert [side.name for side in border.sides] == ["Russia", "Ukraine"]
    zone = gb.build_zone(border, km=10, side="Ukraine", tolerance_m=50)
    assert zone.area_km2 == pytest.approx(4450, rel=0.02)  # 445 km of meridian, 10 km wide


def test_a_code_missing_in_openstreetmap_raises_an_error(publisher, how):
    publisher.serve("/overpass", overpass_answer(relation(way(BOX), **{"ISO3166-2": "RU-KRS"})))
    with pytest.raises(gb.DataError, match="no boundary UA-59"):
        gb.fetch("osm-boundaries", iso="RU-KRS,UA-59", downloader=how)


def test_countries_are_requested_by_their_level(publisher, how):
    publisher.serve("/overpass", overpass_answer(relation(way(BOX), **{"ISO3166-1": "KR"})))
    region = gb.fetch("osm-boundaries", iso=["KR"], downloader=how)["KR"]
    assert 'rel["admin_level"="2"]["ISO3166-1"~"^(KR)$"]' in publisher.asked[0][2]["data"][0]
    assert (region.country, region.country_names["en"]) == ("KR", "South Korea")


@pytest.mark.parametrize("iso", ['UA"];out;', "UA-", "Ukraine", "", "UA-5999", 5, ["UA", None]])
def test_invalid_codes_raise_an_error_before_any_query(how, publisher, iso):
    with pytest.raises(gb.DataError, match="Use an ISO 3166 code"):
        gb.fetch("osm-boundaries", iso=iso, downloader=how)
    assert publisher.asked == []


# Rings


HOLE = [(31, 51), (33, 51), (33, 53), (31, 53), (31, 51)]
ISLAND = [(31.5, 51.5), (32.5, 51.5), (32.5, 52.5), (31.5, 52.5), (31.5, 51.5)]


def test_a_hole_and_an_island_in_it():
    ring = [way(HOLE[:2], "inner"), way(HOLE[1:4][::-1], "inner"), way(HOLE[3:], "inner")]
    label = {"type": "node", "ref": 1, "role": "label", "lat": 50, "lon": 30}
    area = overpass.assemble_area(relation(label, *ring, way(ISLAND), way(BOX[1:3]), way(BOX[2:]),
                                      way(BOX[:2])))  # fmt: skip
    expected = shapely.MultiPolygon([shapely.Polygon(BOX, [HOLE]), shapely.Polygon(ISLAND)])
    assert area.equals(expected)
    assert area.is_valid


def test_holes_that_share_an_edge_and_parts_that_touch():
    left, right = shapely.box(31, 51, 32, 52), shapely.box(32, 51, 33, 52)
    shared = [(32, 51), (32, 52)]
    inner = [way([(32, 51), (31, 51), (31, 52), (32, 52)], "inner"), way(shared, "inner"),
             way([(32, 51), (33, 51), (33, 52), (32, 52)], "inner")]  # fmt: skip
    corner = [(34, 54), (35, 54), (35, 55), (34, 55), (34, 54)]
    area = overpass.assemble_area(relation(way(BOX), way(corner), *inner))
    expected = shapely.box(30, 50, 34, 54) - left - right  # the second part touches a corner
    assert area.equals(expected.union(shapely.Polygon(corner)))


@pytest.mark.parametrize(
    ("members", "message"),
    [([way(BOX[:4])], r"do not close a ring near 5\d\.00000, 3\d\.00000"),
     ([way(BOX), way(HOLE[:3], "inner")], "do not close"),
     ([way(BOX), way([(40, 51), (41, 51), (41, 52), (40, 51)], "inner")],
      "inner ring at 5.* does not lie in an outer"),
     ([way(BOX), way(HOLE)], "outer ring at 5.* does not lie outside an outer"),
     ([way(BOX), way(HOLE, "inner"), way(ISLAND, "inner")], "inner ring at 5.* does not lie in"),
     ([way(HOLE, "inner")], "no outer ways"), ([], "no outer ways"),
     ([{"type": "way", "ref": 9, "role": "outer", "geometry": [None, {"lat": 1, "lon": 1}]}],
      "way 9 lacks geometry"), ([{"type": "way", "ref": 9, "role": ""}], "way 9 lacks geometry")],
)  # fmt: skip
def test_broken_relations_raise_an_error(members, message):
    with pytest.raises(gb.DataError, match=rf"relation 72639.*{message}"):
        overpass.assemble_area(relation(*members))


# geoBoundaries


def test_geoboundaries_regions(publisher, how):
    sumy = boundary("Sumy Oblast", (33, 50, 35, 52), shapeISO="UA-59")
    kharkiv = boundary("Kharkiv Oblast", (35, 49, 38, 51), shapeISO="x")
    serve_geoboundaries(publisher, [sumy, kharkiv])
    regions = gb.fetch("geoboundaries", country="UA", downloader=how)
    assert regions["UA-59"].name == "Sumy Oblast"
    assert regions["Kharkiv"].iso == ""
    source = regions["Sumy"].source
    assert source.licence == "Open Data Commons Open Database License 1.0"
    assert (source.version, source.as_of) == ("UKR-ADM1-13919839", "2017")
    assert "OpenStreetMap, Wambacher" in source.publisher
    assert source.url.endswith("/raw/geoBoundaries-UKR-ADM1.geojson")
    assert regions["Sumy"].country_names == {"en": "Ukraine", "uk": "Україна", "ru": "Украина"}


def test_names_that_repeat_get_their_codes(publisher, how):
    serve_geoboundaries(publisher, [boundary("Raion", (33, 50, 35, 52), shapeID="A1"),
                                    boundary("Raion", (35, 50, 36, 52), shapeID="B2")])  # fmt: skip
    regions = gb.fetch("geoboundaries", country="UA", downloader=how)
    assert [region.name for region in regions] == ["Raion (A1)", "Raion (B2)"]


def test_an_address_in_an_answer_keeps_the_scheme(publisher, how):
    serve_geoboundaries(publisher, [], url="https://elsewhere.example/x.geojson")
    with pytest.raises(gb.DataError, match="led to another scheme"):
        gb.fetch("geoboundaries", country="UA", downloader=how)
    serve_geoboundaries(publisher, [], url="file:///etc/passwd")
    with pytest.raises(gb.DataError, match="begin with https"):
        gb.fetch("geoboundaries", country="UA", downloader=how, refresh=True)


@pytest.mark.parametrize(
    ("geometry", "message"),
    [({"type": "Point", "coordinates": [30, 50]}, "Expected a polygon"),
     ({"type": "Polygon", "coordinates": [[[373000, 5e6], [373001, 5e6], [373001, 5e6 + 1],
                                           [373000, 5e6]]]}, "longitude and latitude in degrees"),
     ({"type": "Polygon", "coordinates": [[[1]]]}, "Invalid geometry of Sumy"),
     ({"type": "Blob"}, "Invalid geometry of Sumy")],
)  # fmt: skip
def test_shapes_other_than_areas_raise_an_error(publisher, how, geometry, message):
    feature = {**boundary("Sumy", (33, 50, 35, 52)), "geometry": geometry}
    serve_geoboundaries(publisher, [feature])
    with pytest.raises(gb.DataError, match=message):
        gb.fetch("geoboundaries", country="UA", downloader=how)


def test_a_small_slip_is_repaired_with_both_areas_and_a_bow_tie_refused(publisher, how):
    ring = [[30, 50], [31, 50], [31, 50.51], [31.001, 50.5], [30.999, 50.5], [31, 51], [30, 51],
            [30, 50]]  # fmt: skip
    slip = {"type": "Polygon", "coordinates": [ring]}
    serve_geoboundaries(publisher, [{**boundary("Slip", (0, 0, 1, 1)), "geometry": slip}])
    with pytest.warns(UserWarning, match=r"repaired Slip in .*km² before, .*km² after") as caught:
        region = gb.fetch("geoboundaries", country="UA", downloader=how)["Slip"]
    assert [one.filename for one in caught] == [__file__]
    assert region.geometry.is_valid
    tie = {"type": "Polygon", "coordinates": [[[30, 50], [32, 52], [32, 50], [30, 52], [30, 50]]]}
    serve_geoboundaries(publisher, [{**boundary("Tie", (0, 0, 1, 1)), "geometry": tie}])
    with pytest.raises(gb.GeometryError, match=r"Invalid Tie in .*more than 1%"):
        gb.fetch("geoboundaries", country="UA", downloader=how, refresh=True)


@pytest.mark.parametrize("level", [6, -1, "one", 1.5])
def test_unknown_levels_raise_an_error(how, level):
    with pytest.raises(gb.DataError, match=r"Invalid level.*Use 0 \(the country\) to 5"):
        gb.fetch("geoboundaries", country="UA", level=level, downloader=how)


# HDX


SUMY, KHARKIV = shapely.box(33, 50, 35, 52), shapely.box(35, 49, 38, 51)


def new_layout():
    def layer(level, rows):
        features = [
            {"type": "Feature", "geometry": shape.__geo_interface__,
             "properties": {f"adm{level}_name": en, f"adm{level}_name1": uk,
                            f"adm{level}_name2": None, f"adm{level}_pcode": code, "lang": "en",
                            "lang1": "uk", "lang2": "ru", "adm0_pcode": "UA"}}
            for en, uk, code, shape in rows
        ]  # fmt: skip
        return json.dumps({"type": "FeatureCollection", "features": features})

    return zipped({
        "ukr_admin0.geojson": layer(0, [("Ukraine", "Україна", "UA", SUMY.union(KHARKIV))]),
        "ukr_admin1.geojson": layer(1, [("Sumska", "Сумська", "UA59", SUMY),
                                        ("Luhanska", "Луганська", "UA44", KHARKIV)]),
        "ukr_adminlines.geojson": layer(1, []), "ukr_adminpoints.geojson": layer(1, []),
    })  # fmt: skip


def old_layout(folder, *, crs="EPSG:4326", without=()):
    """Shapefiles like those of SSPE: areas beside points, in a folder of the zip."""
    areas = gpd.GeoDataFrame(
        {"ADM1_EN": ["Sumska"], "ADM1_UA": ["Сумська"], "ADM1_RU": ["Сумская"],
         "ADM1_PCODE": ["UA59"]}, geometry=[SUMY], crs="EPSG:4326",
    ).to_crs(crs)  # fmt: skip
    areas.to_file(folder / "ukr_admbnda_adm1_sspe_20240416.shp", encoding="UTF-8")
    points = areas.set_geometry(areas.representative_point())
    points.to_file(folder / "ukr_admbndp_adm1_sspe_20240416.shp", encoding="UTF-8")
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for file in sorted(folder.iterdir()):
            if file.suffix not in without:
                archive.write(file, f"ukr_admbnd_SHP/{file.name}")
    return data.getvalue()


def test_hdx_geojson_of_the_new_layout(publisher, how):
    body = new_layout()
    stated = hashlib.md5(body, usedforsecurity=False).hexdigest()
    hdx_package(publisher, ("ukr_admin_boundaries.shp.zip", "SHP", ""),
                ("ukr_admin_boundaries.geojson.zip", "GeoJSON", stated),
                ("ukr_adminboundaries_tabulardata.xlsx", "XLSX", ""))  # fmt: skip
    publisher.serve("/download/ukr_admin_boundaries.geojson.zip", Page(body))
    regions = gb.fetch("hdx", country="UA", downloader=how)
    assert publisher.asked[0][2] == {"id": ["cod-ab-ukr"]}
    sumy = regions["Сумська"]
    assert (sumy.name, sumy.iso, sumy.country) == ("Sumska", "UA-59", "UA")
    assert sumy.names == {"en": "Sumska", "uk": "Сумська"}
    assert regions["Luhanska"].iso == "UA-09"
    assert sumy.source.licence.startswith("Creative Commons Attribution for Intergov")
    assert sumy.source.as_of == "2025-01-29"
    assert "Kartographia" in sumy.source.publisher
    country = gb.fetch("hdx", country="UA", level=0, downloader=how)["UA"]
    assert country.geometry.equals(SUMY.union(KHARKIV))


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857"])
def test_hdx_shapefiles_of_the_old_layout(publisher, how, tmp_path, crs):
    (tmp_path / "shp").mkdir()
    name = "ukr_admbnd_sspe_20240416_AB_SHP.zip"
    hdx_package(publisher, (name, "SHP", ""))
    publisher.serve(f"/download/{name}", Page(old_layout(tmp_path / "shp", crs=crs)))
    sumy = gb.fetch("hdx", country="UA", downloader=how)["UA-59"]
    assert sumy.names == {"en": "Sumska", "uk": "Сумська", "ru": "Сумская"}
    assert sumy.geometry.hausdorff_distance(SUMY) < 1e-9
    with pytest.raises(gb.DataError, match=r"no layer of level 2, but ukr_admbnd_SHP"):
        gb.fetch("hdx", country="UA", level=2, downloader=how)


@pytest.mark.parametrize("without", [".prj", ".dbf"])
def test_a_shapefile_without_a_part_raises_an_error(publisher, how, tmp_path, without):
    (tmp_path / "shp").mkdir()
    hdx_package(publisher, ("ukr_SHP.zip", "SHP", ""))
    publisher.serve("/download/ukr_SHP.zip", Page(old_layout(tmp_path / "shp", without=(without,))))
    with pytest.raises(gb.DataError, match=rf"lacks {without} beside it"):
        gb.fetch("hdx", country="UA", downloader=how)


def test_points_instead_of_boundaries_raise_an_error(publisher, how, tmp_path):
    (tmp_path / "shp").mkdir()
    hdx_package(publisher, ("ukr_SHP.zip", "SHP", ""))
    whole = zipfile.ZipFile(io.BytesIO(old_layout(tmp_path / "shp")))
    points = {name: whole.read(name) for name in whole.namelist() if "admbndp" in name}
    publisher.serve("/download/ukr_SHP.zip", Page(zipped(points)))
    with pytest.raises(gb.DataError, match=r"no layer of level 1, but .*admbndp"):
        gb.fetch("hdx", country="UA", downloader=how)


def test_hdx_cannot_redirect_to_another_scheme(publisher, how):
    hdx_package(publisher, resources=[{"format": "GeoJSON", "url": "file:///x.geojson.zip"}])
    with pytest.raises(gb.DataError, match="begin with https"):
        gb.fetch("hdx", country="UA", downloader=how)


def test_a_wrong_hash_of_hdx_raises_an_error(publisher, how):
    hdx_package(publisher, ("ukr.geojson.zip", "GeoJSON", "0" * 32))
    publisher.serve("/download/ukr.geojson.zip", Page(new_layout()))
    with pytest.raises(gb.ChecksumMismatch, match="its publisher states 000000000000…"):
        gb.fetch("hdx", country="UA", downloader=how)


def test_a_dataset_without_boundaries_raises_an_error(publisher, how):
    hdx_package(publisher, ("ukr_gazetteer.xlsx", "XLSX", ""))
    with pytest.raises(gb.DataError, match=r"no zipped GeoJSON.*but ukr_gazetteer\.xlsx"):
        gb.fetch("hdx", country="UA", downloader=how)


def test_an_error_of_ckan_raises_an_error(publisher, how):
    no = {"success": False, "error": {"__type": "Not Found Error", "message": "Not found"}}
    publisher.serve("/hdx/package_show", Page(json.dumps(no).encode(), 404))
    with pytest.raises(gb.DownloadError, match="404"):
        gb.fetch("hdx", country="UA", downloader=how)
    publisher.serve("/hdx/package_show", Page(json.dumps(no).encode()))
    with pytest.raises(gb.DownloadError, match="not a dataset of HDX"):
        gb.fetch("hdx", country="UA", downloader=how)


def test_a_layer_without_names_raises_an_error(publisher, how):
    bare = {"type": "FeatureCollection", "features": [boundary("X", (33, 50, 35, 52))]}
    hdx_package(publisher, ("ukr.geojson.zip", "GeoJSON", ""))
    body = zipped({"ukr_admin1.geojson": json.dumps(bare)})
    publisher.serve("/download/ukr.geojson.zip", Page(body))
    with pytest.raises(gb.DataError, match=r"no names or codes among .*shapename"):
        gb.fetch("hdx", country="UA", downloader=how)


# HDX, places


def a_known_place():
    """The first place that is known by name only, and an outline for it."""
    known = gb.load_not_located()
    return known.iloc[0], shapely.box(35.0, 51.0, 35.02, 51.01)


def test_hdx_places_are_located_by_code(publisher, how):
    lost, outline = a_known_place()
    ring = shapely.box(34, 50, 34.02, 50.02).difference(shapely.box(34.005, 50.005, 34.015, 50.015))
    features = [
        cod_place(lost["code"][:12], ("Elsewhere", "Деінде"), outline, center_lon=35.01,
                  center_lat=51.002),
        # Not in the bundled register, and its centre lies in the hole of its outline.
        cod_place("UA9900000001", ("Faraway", "Далеке"), ring, center_lon=34.01, center_lat=50.01),
        cod_place("UA9900000002", ("Parts", "Частини"), shapely.box(30, 50, 30.01, 50.01)),
        cod_place("UA9900000002", ("Parts", "Частини"), shapely.box(30.02, 50, 30.03, 50.01)),
    ]  # fmt: skip
    serve_hdx_places(publisher, features)
    places = gb.fetch("hdx-places", downloader=how)
    assert set(gb.load_settlements().columns) == set(places.columns) - {"radius_from"}
    one, far, parts = places.to_dict("records")
    columns = ["code", "hromada_code", "name_uk", "hromada", "raion", "kind", "oblast"]
    assert [one[c] for c in columns] == lost[columns].tolist()
    assert (one["geometry"].x, one["geometry"].y) == (35.01, 51.002)
    metres = area_m2(outline)
    assert one["radius_m"] == pytest.approx((metres / math.pi) ** 0.5, abs=1.5)
    assert (one["accuracy_m"], one["radius_from"]) == (250.0, "outline")
    for fact in ("as of 2025-01-29", "Creative Commons Attribution for Intergov", "sha256"):
        assert fact in one["source"]
    assert (far["adm4_pcode"], far["adm3_pcode"], far["name_uk"], far["name_en"]) == (
        "UA9900000001", "UA9900000", "Далеке", "Faraway",
    )  # fmt: skip
    assert pd.isna(far["code"])
    assert ring.contains(far["geometry"])
    assert parts["radius_m"] == pytest.approx(
        (2 * area_m2(shapely.box(30, 50, 30.01, 50.01)) / math.pi) ** 0.5, abs=1.5
    )
    official = gb.load_settlements(located="all")
    near = official[official["hromada_code"] == lost["hromada_code"]]
    merged = gb.merge_settlements(near, places)
    assert gb.merge_summary(merged)["newly_located"] == 1
    row = merged[merged["code"] == lost["code"]].iloc[0]
    assert (row["geometry"].x, row["radius_m"], row["name_uk"]) == (
        35.01, one["radius_m"], lost["name_uk"],
    )  # fmt: skip
    # A table that has the p-code alone, of a place with another name, is joined too.
    bare = places.assign(code=None, code_system=None, name_uk="Інакше")
    again = gb.merge_settlements(near, bare)
    assert again.loc[again["code"] == lost["code"], "newly_located"].tolist() == [True]


@pytest.mark.parametrize(
    ("change", "message"),
    [({"adm4_pcode": "59"}, r"feature 0: '59'\. Expected UA and ten digits"),
     ({"adm4_pcode": None}, "feature 0: ''"),
     ({"adm4_name": None, "adm4_name1": None}, "no names of places among .*adm3_name")],
)  # fmt: skip
def test_hdx_places_in_another_shape_raise_an_error(publisher, how, change, message):
    serve_hdx_places(publisher, [cod_place("UA9900000001", ("A", "А"), SUMY, **change)])
    with pytest.raises(gb.DataError, match=message):
        gb.fetch("hdx-places", downloader=how)


def test_a_layer_without_p_codes_lists_its_columns(publisher, how):
    serve_hdx_places(publisher, [boundary("X", (33, 50, 35, 52))])
    with pytest.raises(gb.DataError, match=r"no column adm4_pcode or ADM4_PCODE among .*shapename"):
        gb.fetch("hdx-places", downloader=how)


def test_places_of_hdx_are_computed_once(publisher, how, monkeypatch):
    serve_hdx_places(publisher, [cod_place("UA9900000001", ("A", "А"), SUMY)])
    first = gb.fetch("hdx-places", downloader=how)
    calls = []
    measure = hdx_places._measure_places
    monkeypatch.setattr(
        hdx_places, "_measure_places", lambda *args: calls.append(1) or measure(*args)
    )
    assert_geodataframe_equal(gb.fetch("hdx-places", downloader=how), first)
    assert calls == []
    (stored,) = (how.folder / "hdx").glob("*.parquet")
    stored.write_bytes(b"PAR1 and nothing else")
    assert_geodataframe_equal(gb.fetch("hdx-places", downloader=how), first)
    assert calls == [1]
    # Another download gets another table, and the old one goes.
    serve_hdx_places(publisher, [cod_place("UA9900000002", ("B", "Б"), SUMY)])
    again = gb.fetch("hdx-places", downloader=how, refresh=True)
    assert again["name_uk"].tolist() == ["Б"]
    (other,) = (how.folder / "hdx").glob("*.parquet")
    assert other.name != stored.name


# HDX, populations


@pytest.mark.parametrize("name", ["ukr_admpop_2022.xlsx", "ukr_admpop_adm3_2022.csv"])
def test_hdx_population_has_people_by_hromada(publisher, how, name):
    hromadas = cod_people({"UA5908027": 5400, "UA5908029": 0})
    sheets = {"ukr_admpop_adm3_2022": hromadas}
    if name.endswith("xlsx"):
        sheets = {"ukr_admpop_adm1_2022": cod_people({"UA59": 1_000_000}, 1), **sheets}
    serve_hdx_population(publisher, sheets, name=name)
    people = gb.fetch("hdx-population", downloader=how)
    assert people["hromada_code"].tolist() == ["UA5908027", "UA5908029"]
    assert people["population"].tolist() == [5400, 0]
    assert set(people["population_as_of"]) == {"2022"}
    assert "Population Statistics" in people["source"].iloc[0]


@pytest.mark.parametrize(
    ("sheets", "message"),
    [({"ukr_admpop_adm1_2022": cod_people({"UA59": 7}, 1)},
      "no people of hromadas: ukr_admpop_2022.xlsx holds the sheets ukr_admpop_adm1_2022"),
     ({"ukr_admpop_adm3_2022": cod_people({"UA5908027": 7}).drop(columns="T_TL")},
      "none of people, among ADM3_EN, .*F_TL, M_TL"),
     ({"ukr_admpop_adm3_2022": cod_people({"UA59": 7})}, "'UA59'. Expected UA and seven digits"),
     ({"ukr_admpop_adm3_2022": cod_people({"UA5908027": -7})}, "Invalid T_TL in line 2 .*-7")],
)  # fmt: skip
def test_hdx_population_in_another_shape_raises_an_error(publisher, how, sheets, message):
    serve_hdx_population(publisher, sheets)
    with pytest.raises(gb.DataError, match=message):
        gb.fetch("hdx-population", downloader=how)


def test_hdx_without_a_table_of_people_lists_what_it_has(publisher, how):
    hdx_package(publisher, ("ukr_admpop_adm1_2022.csv", "CSV", ""), name="cod-ps-ukr")
    with pytest.raises(gb.DataError, match=r"cod-ps-ukr, but ukr_admpop_adm1_2022\.csv"):
        gb.fetch("hdx-population", downloader=how)


# WorldPop


def test_worldpop_raster(publisher, how):
    publisher.serve(WORLDPOP_PATH, Page(geotiff()))
    got = fetch_with_sources("worldpop", country="UA", downloader=how)
    path = gb.fetch("worldpop", country="UA", downloader=how)
    assert path == got.value
    assert path.read_bytes() == geotiff()
    metadata = json.loads(path.with_name(path.name + ".json").read_text(encoding="utf-8"))
    assert metadata["licence"] == "CC BY 4.0"
    assert metadata["as_of"] == "2025"
    assert metadata["sha256"] == got.sources[0].sha256 == hashlib.sha256(geotiff()).hexdigest()
    assert len(publisher.asked) == 1


def test_an_invalid_raster_raises_an_error(publisher, how):
    publisher.serve(WORLDPOP_PATH, Page(b"II*\0" + b"\0" * 100))
    with pytest.raises(gb.DownloadError, match="not a GeoTIFF"):
        gb.fetch("worldpop", country="UA", downloader=how)


@pytest.mark.parametrize("year", [2014, 2031, "now", 2025.5])
def test_years_missing_in_worldpop_raise_an_error(how, year):
    with pytest.raises(gb.DataError, match=r"Invalid year .*must be 2015 to 2030"):
        gb.fetch("worldpop", country="UA", year=year, downloader=how)


# Arguments of fetch


@pytest.mark.parametrize(
    ("name", "what", "message"),
    [("geoname", {}, "Did you mean 'geonames'"), ("geonames", {}, "geonames needs country"),
     ("geonames", {"contry": "UA"}, "Invalid contry for geonames. Did you mean 'country'"),
     ("hdx-places", {"country": "UA"}, "It takes no arguments"),
     ("geonames", {"country": "Ukrain"}, "Did you mean 'Ukraine'"),
     ("geonames", {"country": "../UA"}, "Invalid country"),
     ("osm-places", {}, "needs country or bbox"), ("osm-boundaries", {}, "needs iso"),
     ("osm-boundaries", {"iso": "UA", "country": "UA"}, "needs iso"),
     ("osm-places", {"bbox": "1,2,3"}, "Invalid bbox"),
     ("osm-places", {"bbox": (35, 50, 33, 52)}, "Invalid bbox"),
     ("osm-places", {"bbox": (33, 50, float("nan"), 52)}, "Invalid bbox"),
     ("osm-places", {"bbox": 5}, "Invalid bbox")],
)  # fmt: skip
def test_wrong_arguments_raise_an_error_before_any_request(publisher, how, name, what, message):
    with pytest.raises(gb.DataError, match=message):
        gb.fetch(name, downloader=how, **what)
    assert publisher.asked == []


def test_the_list_names_what_can_be_fetched_and_nothing_else():
    listed = gb.list_sources()
    assert set(listed.index) == set(catalogue.LOADERS)
    assert (listed["holds"].str.len() > 0).all()


def test_every_site_is_https():
    assert all(url.startswith("https://") for urls in SITES.values() for url in urls)


@pytest.mark.parametrize(
    "module",
    [
        "requests",
        "pycountry",
        *(
            pytest.param(name, marks=pytest.mark.long)
            for name in ("urllib3", "filelock", "platformdirs", "babel")
        ),
    ],
)
def test_a_missing_extra_is_named(module):
    code = (
        f"import sys; sys.modules[{module!r}] = None; import geobuffer as gb; gb.list_sources()\n"
        "try: gb.fetch('geonames', country='UA')\n"
        "except gb.MissingExtra as error: print(error)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert module in run.stdout
    assert "pip install 'geobuffer[fetch]'" in run.stdout


def test_kosovo_uses_the_codes_of_each_publisher(publisher, how):
    row = geonames_row(1, "Pristina", 42.67, 21.17).replace("\tUA\t", "\tXK\t")
    publisher.serve("/geonames/XK.zip", Page(zipped({"XK.txt": row + "\n"})))
    publisher.serve("/geonames/alternatenames/XK.zip", Page(zipped({"XK.txt": ""})))
    assert len(gb.fetch("geonames", country="XKX", downloader=how)) == 1


def test_fetched_places_can_be_classified_and_mapped(publisher, how, zone):
    serve_geonames(publisher)
    places = gb.fetch("geonames", country="UA", downloader=how)
    inside = gb.within(places, zone)
    assert inside["id"].tolist() == ["geonames:690889"]
    page = gb.map_zone(zone, settlements=places).get_root().render()
    assert "Юнаківка" in page


def test_regions_as_a_table(publisher, how):
    serve_geoboundaries(publisher, [boundary("Sumy Oblast", (33, 50, 35, 52), shapeISO="UA-59")])
    regions = gb.fetch("geoboundaries", country="UA", downloader=how)
    table = tables.regions_table(regions)
    assert table[["name", "iso", "country"]].to_numpy().tolist() == [["Sumy Oblast", "UA-59", "UA"]]
    assert regions["Sumy"].source.sha256 in table["source"].iloc[0]

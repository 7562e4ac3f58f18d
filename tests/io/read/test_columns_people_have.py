"""Columns, headers and points as people have them: one table of cases for every door."""

import json
import warnings

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from support.place_tables import WORDS

import geobuffer as gb
from geobuffer.io.read.columns import find_people, holds_names
from geobuffer.io.read.header_rows import find_header
from geobuffer.io.read.point_columns import find_pairs, has_point_heading

LON, LAT = 35.038, 51.123
HERE = ("Юнаківка", LON, LAT)
THERE = ("Білопілля", 34.311, 51.147)
EWKB = shapely.to_wkb(shapely.set_srid(shapely.Point(LON, LAT), 4326), hex=True, include_srid=True)
UTM = shapely.to_wkb(
    shapely.set_srid(shapely.Point(642620.8538, 5665478.1232), 32636), hex=True, include_srid=True
)


@pytest.fixture
def write(tmp_path):
    def write_table(text, name="t.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write_table


def read_rows(path, **options):
    """Return the name and point of each row, with the number of people, and the warnings."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        places = gb.read_settlements(path, **options)
    name = next((c for c in ("name", "name_en", "name_uk") if c in places), None)
    rows = []
    for _, place in places.iterrows():
        point = place.geometry
        people = place.get("population")
        row = (
            place[name] if name else None,
            *((None, None) if pd.isna(point) else (round(point.x, 5), round(point.y, 5))),
        )
        rows.append(row if people is None or pd.isna(people) else (*row, people))
    return rows, " ".join(str(one.message) for one in said)


# Headings of a pair of columns: the latitude and the longitude.
PAIRS = [
    ("_GPS_latitude", "_GPS_longitude"), ("gps/latitude", "gps/longitude"),
    ("gps.latitude", "gps.longitude"), ("store_gps:Latitude", "store_gps:Longitude"),
    ("GPS Latitude", "GPS Longitude"), ("Lat_WGS84", "Lon_WGS84"), ("town_lat", "town_lon"),
    ("DEC_LAT", "DEC_LONG"), ("geo.lat", "geo.lng"), ("location.latitude", "location.longitude"),
    ("latitud", "longitud"), ("Szerokość", "Długość"), ("Breite", "Länge"), ("Enlem", "Boylam"),
    ("Szerokość geograficzna", "Długość geograficzna"), ("geogr. Breite", "geogr. Länge"),
    ("纬度", "经度"), ("GPS纬度", "GPS经度"), ("Latitudine", "Longitudine"),
    ("INTPTLAT", "INTPTLON"),
    ("Широта (WGS84)", "Довгота (WGS84)"), ("townLat", "townLng"), ("GPSLatitude", "GPSLongitude"),
    ("geographische Breite", "geographische Länge"), ("Zeměpisná šířka", "Zeměpisná délka"),
    ("latitude_dd", "longitude_dd"), ("centroid_y", "centroid_x"), ("Northing", "Easting"),
    ("Широта села", "Долгота села"), ("Ширина", "Дължина"), ("Vĩ độ", "Kinh độ"),
]  # fmt: skip


@pytest.mark.parametrize(("lat", "lon"), PAIRS, ids=[pair[0] for pair in PAIRS])
def test_pairs_of_headings(lat, lon):
    headings = ["id", "name", "latency", "long_name", "platform", "flat", lat, lon, "lat_source"]
    assert find_pairs(headings[:-1]) == [(lon, lat)]


@pytest.mark.parametrize("language", WORDS)
def test_headers_in_languages(language):
    names = WORDS[language][0].split(";")
    *_, people, lat, lon = names
    assert find_pairs(names) == [(lon, lat)]
    assert find_people(names)[0] == people
    assert find_header([names, ["A"] * len(names)]).above == 0


NOT_POINTS = [
    ["latency", "longest"], ["long_name", "lat_name"], ["platform", "oblong"], ["flat", "along"],
    ["Breite (m)", "Länge (m)"], ["generation_x", "generation_y"], ["long_title", "translat"],
]  # fmt: skip


@pytest.mark.parametrize("headings", NOT_POINTS)
def test_headings_that_only_look_like_coordinates(headings):
    assert find_pairs(headings) == []
    assert not any(map(has_point_heading, headings))


PEOPLE = {
    "Населення, осіб": True, "Кількість жителів": True, "population_2021": True, "pop_est": True,
    "population 2001": True, "POP2020": True, "Einwohner (2011)": True, "Liczba ludności": True,
    "Чисельність населення, чол.": True, "Total population": True, "人口": True,
    "population_density": False, "pop_up": False, "pop_growth": False, "popup": False,
    "population_male": False, "Населення, тис. осіб": False, "POP_RANK": False,
    "people_killed": False,
}  # fmt: skip


@pytest.mark.parametrize("heading", PEOPLE)
def test_headings_of_people(heading):
    assert (find_people(["name", heading])[0] == heading) == PEOPLE[heading]


def test_of_several_years_the_latest_is_the_population():
    column, note = find_people(["population_2001", "pop_2021", "pop_2014"])
    assert column == "pop_2021"
    assert "'population_2001', 'pop_2014', 'pop_2021'" in note


# A table, the rows that it has, and what the warnings say.
TABLES = {
    "KoBo": (
        ("start,village_name,GPS,_GPS_latitude,_GPS_longitude,_GPS_altitude,_GPS_precision\n"
        f"2024,Юнаківка,{LAT} {LON} 150 4.8,{LAT},{LON},150,4.8\n"),
        [HERE], "",
    ),
    "KoBo's point alone": (
        f"village_name,gps_point\nЮнаківка,{LAT} {LON} 150 4.8\n", [HERE],
        "'gps_point' were taken as latitude, longitude",
    ),
    "groups of questions": (
        f"start,Ф/Назва села,Ф/_GPS_latitude,Ф/_GPS_longitude\n2024,Юнаківка,{LAT},{LON}\n",
        [HERE], "",
    ),
    "what is counted below its heading": (
        "Назва;Координати;;Населення\n;Широта;Довгота;осіб\nЮнаківка;51,123;35,038;1674\n",
        [(*HERE, 1674)], "(line 1)",
    ),
    "files joined with their marks of byte order": (
        f"name,lat,lon\nЮнаківка,{LAT},{LON}\n\ufeffname,lat,lon\n\ufeffБілопілля,51.147,34.311\n",
        [HERE, THERE], "further headers below it (line 3)",
    ),
    "a pair in quotes": (f'name,LatLng\nЮнаківка,"({LAT}, {LON})"\n', [HERE], ""),
    "a pair with decimal commas": (
        "name;Координати\nЮнаківка;51,123; 35,038\n".replace("51,123; 35,038", '"51,123; 35,038"'),
        [HERE], "latitude, longitude",
    ),
    "a pair without a known heading": (
        f'name,where\nЮнаківка,"{LAT}, {LON}"\n', [HERE], "'where' were taken",
    ),
    "longitude first": (f'name,lon_lat\nЮнаківка,"{LON}, {LAT}"\n', [HERE], ""),
    "longitude first by its size": (
        'name,gps\nA,"35.038, 51.123"\nB,"142.5, 48.5"\n',
        [("A", LON, LAT), ("B", 142.5, 48.5)], "",
    ),
    "degrees in one column": (
        'name,coord\nЮнаківка,"51°07\'22.8""N 35°02\'16.8""E"\n', [HERE], "",
    ),
    "WKT": (f"name,WKT\nЮнаківка,POINT ({LON} {LAT})\nX,\n", [HERE, ("X", None, None)], ""),
    "EWKT": (f'name,geom\nЮнаківка,"SRID=4326;POINT ({LON} {LAT})"\n', [HERE], ""),
    "Wikidata": (
        ("item,itemLabel,coord\n"
        f"http://www.wikidata.org/entity/Q1,Yunakivka,Point({LON} {LAT})\n"),
        [("Yunakivka", LON, LAT)], "",
    ),
    "EWKB": (f"name,the_geom\nЮнаківка,{EWKB}\n", [HERE], ""),
    "EWKB in a projection": (f"name,the_geom\nЮнаківка,{UTM}\n", [HERE], ""),
    "GeoJSON in a column": (
        'name,geometry\nЮнаківка,"{""type"":""Point"",""coordinates"":[35.038,51.123]}"\n',
        [HERE], "",
    ),
    "HXL below headings": (
        ("Село,Ш,Д,Люди,f\n#loc+name,#geo+lat,#geo+lon,#population,#population+f\n"
        f"Юнаківка,{LAT},{LON},1674,800\n"),
        [(*HERE, 1674)], "further headers below it (line 2)",
    ),
    "HXL alone": (
        f"#adm1+name,#adm4+name+uk,#geo +lat,#geo +lon\nСумська,Юнаківка,{LAT},{LON}\n", [HERE], "",
    ),
    "a name in the language of its tag": (
        f"Назва,Широта,Довгота\n#adm4 +name +uk,#geo+lat,#geo+lon\nЮнаківка,{LAT},{LON}\n",
        [HERE],
        "(line 2)",
    ),
    "a noun for a place": (
        f"Miejscowość,Szer. geogr.,Dł. geogr.\nЮнаківка,{LAT},{LON}\n", [HERE], "",
    ),
    "titles, an empty row and a source": (
        ("Таблиця 1. Села громади,,,\nстаном на 01.01.2024,,,\n,,,\n"
        'Назва,Широта,Довгота,"Населення, осіб"\nЮнаківка,51.123,35.038,1674\n'
        "Білопілля,51.147,34.311,\n,,,\nДжерело: ОВА,,,\n"),
        [(*HERE, 1674), THERE], "(lines 1, 2); notes and totals below the table (line 8)",
    ),
    "a title of one field, a note of one field": (
        ("Villages of the region, 2024\n\nname;lat;lon\nЮнаківка;51,123;35,038\n"
        "Білопілля;51,147;34,311\n\n* without hamlets\n"),
        [HERE, THERE], "(line 1); notes and totals below the table (line 7)",
    ),
    "comments": (
        ("# exported, 2024\n# by me\nname;lat;lon\nЮнаківка;51,123;35,038\n# a comment\n"
        "Білопілля;51,147;34,311\n"),
        [HERE, THERE], "comments (line 5)",
    ),
    "a header behind a sign of comments": (
        f"# name,lat,lon\nЮнаківка,{LAT},{LON}\n", [HERE], "",
    ),
    "a header in two languages": (
        "Назва;Широта;Довгота\nname;lat;lon\nЮнаківка;51,123;35,038\n", [HERE], "(line 2)",
    ),
    "units": (
        "name;lat;lon;pop\n;°;°;осіб\nЮнаківка;51,123;35,038;5\n", [(*HERE, 5)], "(line 2)",
    ),
    "a repeated header": (
        "name,lat,lon\nЮнаківка,51.123,35.038\nname,lat,lon\nБілопілля,51.147,34.311\n",
        [HERE, THERE], "(line 3)",
    ),
    "merged cells above": (
        "Назва,Координати,,Населення\n,lat,lon,\nЮнаківка,51.123,35.038,1674\n",
        [(*HERE, 1674)], "(line 1)",
    ),
    "a row of totals": (
        "name,lat,lon,pop\nЮнаківка,51.123,35.038,12\nБілопілля,51.147,34.311,3\nTotal,,,15\n",
        [(*HERE, 12), (*THERE, 3)], "(line 4)",
    ),
    "the last place without a point": (
        "name,lat,lon\nЮнаківка,51.123,35.038\nСело,,\n", [HERE, ("Село", None, None)], "",
    ),
    "names of the deepest level": (
        f"ADM1_EN,ADM4_EN,ADM4_UA,lat,lon\nSumska,Yunakivka,Юнаківка,{LAT},{LON}\n",
        [("Yunakivka", LON, LAT)], "",
    ),
    "names of HDX": (
        ("admin4Name_en,admin4Name_ua,admin1Name_en,lat,lon\n"
        f"Yunakivka,Юнаківка,Sumska,{LAT},{LON}\n"),
        [("Yunakivka", LON, LAT)], "",
    ),
    "tags of OpenStreetMap": (
        f"@id,place,name:uk,lat,lon\n1,village,Юнаківка,{LAT},{LON}\n", [HERE], "",
    ),
    "what is no name": (
        f"settlement,title,label,назва_нп,lat,lon\nyes,Mr,1,Юнаківка,{LAT},{LON}\n", [HERE], "",
    ),
    "ACLED": (
        (f"event_type,location,latitude,longitude,notes\nBattle,Yunakivka,{LAT},{LON},a\n"
        f"Battle,Yunakivka,{LAT},{LON},b\n"),
        [("Yunakivka", LON, LAT)] * 2, "",
    ),
    "nom": (f"nom,lat,lon\nЮнаківка,{LAT},{LON}\n", [HERE], ""),
    "JPT_NAZWA_": (f"JPT_NAZWA_,lat,lon\nЮнаківка,{LAT},{LON}\n", [HERE], ""),
    "two pairs of the same values": (
        (f"name,_gps_latitude,_gps_longitude,_geo_latitude,_geo_longitude\nЮнаківка,{LAT},{LON},"
        f"{LAT},{LON}\n"),
        [HERE], "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLES)
def test_text_tables(case, write, zone):
    text, wanted, said = TABLES[case]
    path = write(text)
    rows, warned = read_rows(path)
    assert rows == wanted
    assert said in warned
    assert said or "left out" not in warned
    # The reader of large tables finds the same rows and points, and says the same.
    target = path.with_name("out.parquet")
    with warnings.catch_warnings(record=True) as also:
        warnings.simplefilter("always")
        assert gb.classify_file(path, zone, target) == len(wanted)
    assert said in " ".join(str(one.message) for one in also)
    found = pq.read_table(target, columns=["distance_km"]).column(0).to_pylist()
    lon, lat = (np.array([np.nan if row[n] is None else row[n] for row in rows]) for n in (1, 2))
    there = np.isfinite(lon)
    right = np.full(len(rows), np.nan)
    right[there] = gb.answer(lon[there], lat[there], zone).distance_km
    assert np.allclose(np.array(found, dtype=float), right, atol=1e-3, equal_nan=True)


SHEETS = ("KoBo", "HXL below headings", "titles, an empty row and a source", "merged cells above",
          "a row of totals", "WKT", "units", "a repeated header")  # fmt: skip


@pytest.mark.parametrize("case", SHEETS)
def test_workbooks_are_read_as_text_tables(case, write, tmp_path):
    text, wanted, said = TABLES[case]
    mark = ";" if text.count(";") > text.count(",") else ","
    lines = pd.read_csv(write(text), sep=mark, header=None, dtype=str, skip_blank_lines=False)
    if mark == ";":
        lines = lines.replace(",", ".", regex=True)
    lines.to_excel(tmp_path / "t.xlsx", header=False, index=False)
    rows, warned = read_rows(tmp_path / "t.xlsx")
    assert rows == wanted
    assert said in warned


REFUSED = {
    "two pairs": (
        "name,start_lat,start_lon,end_lat,end_lon\nA,51.1,35.1,51.2,35.2\n",
        "several pairs .*'start_lat' with 'start_lon', 'end_lat' with 'end_lon'",
    ),
    "degrees and minutes apart": (
        "name,lat_deg,lat_min,lon_deg,lon_min\nA,51,7,35,2\n", "separate columns",
    ),
    "a pair with a fault": (
        'name,coords\nA,"51.1, 35.1"\nB,"51.1, 35.2"\nC,"51.1, abc"\n',
        r"Invalid coords in line 4 .*'51\.1, abc'",
    ),
    "WKT with a fault": ("name,WKT\nA,POINT (35 51)\nB,POINT (35\n", "Invalid WKT in line 3"),
    "two columns of points": (
        'name,home,work\nA,"51.1, 35.1","51.2, 35.2"\n',
        "several columns hold shapes: 'home', 'work'",
    ),
    "two reference systems": (
        'name,geom\nA,"SRID=4326;POINT (35 51)"\nB,"SRID=32636;POINT (642724 5665651)"\n',
        "systems 4326, 32636",
    ),
    "numbers without headings": ("c1,c2,c3\nA,51.1,35.1\n", "no column is known|no columns of"),
    "a line cut short": ("name,lat,lon\nA,51.1,35.1\nЮнак\n", "Invalid line 3 .*incomplete"),
    "collections in one another": (
        f"name,WKT\nA,POINT (35 51)\nB,{'GEOMETRYCOLLECTION(' * 500}POINT (1 1){')' * 500}\n",
        "Invalid WKT in line 3",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_tables_that_are_refused(case, write, zone):
    text, message = REFUSED[case]
    path = write(text)
    with pytest.raises(gb.DataError, match=message):
        gb.read_settlements(path)
    if case != "numbers without headings":  # here the zone tells the columns
        with pytest.raises(gb.DataError, match=message):
            gb.classify_file(path, zone, path.with_name("out.csv"))


def test_columns_are_found_by_values_near_the_border(write, border, zone):
    path = write(f"c1,c2,c3,c4\nЮнаківка,{LAT},{LON},7\n")
    rows, said = read_rows(path, near=border)
    assert rows[0][1:] == (LON, LAT)
    assert "'c3' was taken as the longitude and 'c2' as the latitude" in said
    with pytest.warns(UserWarning, match="'c3' was taken as the longitude"):
        gb.classify_file(path, zone, path.with_name("out.csv"))
    # A row of numbers is no header.
    path = write(f"1,A,{LAT},{LON}\n2,B,{LAT},{LON}\n")
    with pytest.raises(gb.DataError, match="no column is known as the longitude"):
        gb.classify_file(path, zone, path.with_name("out.csv"))
    # Two columns more that lead there too leave it open.
    path = write(f"c1,c2,c3,c4\nA,{LAT},{LON},{LON + 0.1}\n")
    with pytest.raises(gb.DataError, match="no column is known"):
        gb.read_settlements(path, near=border)


def test_a_kind_is_no_name(write):
    path = write(f"@id,place,lat,lon\n1,village,{LAT},{LON}\n2,town,51.2,35.1\n")
    with pytest.warns(UserWarning, match="no column of names"):
        places = gb.read_settlements(path)
    assert places["kind"].tolist() == ["village", "town"]
    assert "name" not in places
    assert not holds_names(pd.Series(["смт", "Село", "село"]))


AREA = "POLYGON ((35 51, 36 51, 36 52, 35 52, 35 51))"
LINE = "LINESTRING (34 51, 34.5 51.2)"


@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet", "hex", "frame"])
def test_shapes_in_a_column_make_regions_and_borders(form, tmp_path):
    def save(shape, names):
        value = shapely.to_wkb(shapely.from_wkt(shape), hex=True) if form == "hex" else shape
        frame = pd.DataFrame({**names, "geometry": [value]})
        if form == "frame":
            return frame
        path = tmp_path / f"t.{form}"
        if form == "xlsx":
            frame.to_excel(path, index=False)
        elif form == "parquet":
            frame.assign(geometry=[shapely.to_wkb(shapely.from_wkt(shape))]).to_parquet(path)
        else:
            frame.to_csv(path, index=False)
        return path

    regions = gb.read_regions(save(AREA, {"adm0_name": "Ukraine", "adm1_name": "Sumy"}))
    assert [region.name for region in regions] == ["Sumy"]
    assert regions["Sumy"].geometry.equals(shapely.from_wkt(AREA))
    border = gb.read_border(save(LINE, {"nom": "Psel"}))
    assert [section.name for section in border.sections] == ["Psel"]
    assert shapely.get_coordinates(border.line).tolist() == [[34, 51], [34.5, 51.2]]


class _Wkb(pa.ExtensionType):
    """The type that Arrow writes as Parquet's own types of geometry."""

    def __init__(self, stated="{}"):
        self.stated = stated
        super().__init__(pa.binary(), "geoarrow.wkb")

    def __arrow_ext_serialize__(self):
        return self.stated.encode()

    @classmethod
    def __arrow_ext_deserialize__(cls, _storage, stated):
        return cls(stated.decode())


NATIVE = {
    "{}": shapely.Point(LON, LAT),
    '{"edges": "spherical"}': shapely.Point(LON, LAT),
    '{"crs": "EPSG:32636"}': shapely.Point(642620.8538, 5665478.1232),
    '{"crs": "srid:32636"}': shapely.Point(642620.8538, 5665478.1232),
}


@pytest.mark.parametrize("stated", NATIVE)
def test_parquets_own_types_of_geometry(stated, tmp_path, zone):
    pa.register_extension_type(_Wkb())
    try:
        values = pa.array([shapely.to_wkb(NATIVE[stated])], pa.binary())
        shapes = pa.ExtensionArray.from_storage(_Wkb(stated), values)
        path = tmp_path / "native.parquet"
        pq.write_table(pa.table({"name": ["Юнаківка"], "g": shapes}), path, store_schema=False)
    finally:
        pa.unregister_extension_type("geoarrow.wkb")
    logical = json.loads(pq.ParquetFile(path).schema.column(1).logical_type.to_json())
    if logical.get("Type") not in {"Geometry", "Geography"}:
        pytest.skip("this pyarrow does not write the types")
    assert read_rows(path)[0] == [HERE]
    gb.classify_file(path, zone, tmp_path / "out.parquet")
    found = pq.read_table(tmp_path / "out.parquet").column("distance_km")[0].as_py()
    assert found == pytest.approx(gb.answer(LON, LAT, zone).distance_km, abs=1e-3)


@pytest.mark.filterwarnings("ignore:.*taken as latitude, longitude")
def test_plain_parquet_with_points_in_one_column(tmp_path, zone):
    point = shapely.Point(LON, LAT)
    for value in (point.wkt, point.wkb, f"{LAT}, {LON}", {"lat": LAT, "lng": LON}):
        path = tmp_path / "t.parquet"
        pd.DataFrame({"name": ["Юнаківка"], "location": [value]}).to_parquet(path)
        assert read_rows(path)[0] == [HERE]
        gb.classify_file(path, zone, tmp_path / "out.parquet")
        found = pq.read_table(tmp_path / "out.parquet").column("distance_km")[0].as_py()
        assert found == pytest.approx(gb.answer(LON, LAT, zone).distance_km, abs=1e-3)


def test_names_of_overture(tmp_path):
    names = {"primary": "Юнаківка", "common": [("en", "Yunakivka"), ("ru", "Юнаковка")]}
    kind = pa.struct({"primary": pa.string(), "common": pa.map_(pa.string(), pa.string())})
    table = pa.table({"id": ["1"], "names": pa.array([names], kind), "lat": [LAT], "lon": [LON]})
    pq.write_table(table, tmp_path / "t.parquet")
    places = gb.read_settlements(tmp_path / "t.parquet")
    found = places.loc[0, ["name", "name_en", "name_ru"]].tolist()
    assert found == ["Юнаківка", "Yunakivka", "Юнаковка"]


def test_layers_of_points_have_the_same_names_and_people(tmp_path):
    frame = gpd.GeoDataFrame(
        {"place": ["village"], "village_name": ["Юнаківка"], "pop_2021": [1674]},
        geometry=[shapely.Point(LON, LAT)], crs=4326,
    )  # fmt: skip
    frame.to_file(tmp_path / "t.geojson")
    assert read_rows(tmp_path / "t.geojson")[0] == [(*HERE, 1674)]


def test_a_tag_row_in_a_table_in_memory():
    frame = pd.DataFrame(
        {"n": ["#loc+name", "Юнаківка"], "a": ["#geo+lat", LAT], "b": ["#geo+lon", LON]}
    )
    assert read_rows(frame)[0] == [HERE]


@pytest.mark.parametrize("unknown", ["?", "--", "#N/A", "-", "немає даних"])
def test_a_first_row_with_an_unknown_point_is_not_a_header(unknown, write, zone):
    path = write(f"name,lat,lon\nA,{unknown},{unknown}\nB,{LAT},{LON}\n")
    rows, said = read_rows(path)
    assert rows == [("A", None, None), ("B", LON, LAT)]
    assert "rows without coordinates: 1 (line 2)" in said
    gb.classify_file(path, zone, path.with_name("out.csv"))
    written = pd.read_csv(path.with_name("out.csv"))
    assert written["name"].tolist() == ["A", "B"]
    assert written["distance_km"].isna().tolist() == [True, False]


@pytest.mark.parametrize(
    "text", ["GEOMETRYCOLLECTION(" * 100 + "POINT(35 51)" + ")" * 100, "POINT(35 x)"]
)
def test_well_known_text_that_cannot_be_read_is_called_so(write, text):
    with pytest.raises(gb.DataError, match=r"Invalid wkt of .*no well-known text that can be read"):
        gb.read_settlements(write(f'name,wkt\nA,"{text}"\n'))


def test_saved_places_of_google_have_the_name_of_their_location(write):
    place = {
        "type": "Feature", "geometry": {"type": "Point", "coordinates": [LON, LAT]},
        "properties": {"date": "2024", "location": {"name": "Юнаківка", "address": "Суми"}},
    }  # fmt: skip
    text = json.dumps({"type": "FeatureCollection", "features": [place]})
    assert read_rows(write(text, "Saved Places.json"))[0] == [HERE]

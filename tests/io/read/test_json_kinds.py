"""JSON is read by its kind, by its first members, or is called what it is."""

import json
import time
import warnings

import pandas as pd
import pytest
import shapely

import geobuffer as gb


def point(name, lon=35.0, lat=51.0):
    return {
        "type": "Feature",
        "properties": {"name": name},
        "geometry": {"type": "Point", "coordinates": [lon, lat]},
    }


@pytest.fixture
def write(tmp_path):
    def write_file(content, name="file.json"):
        path = tmp_path / name
        if not isinstance(content, (str, bytes)):
            content = json.dumps(content)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file


TOPOLOGY = {
    "type": "Topology",
    "transform": {"scale": [0.5, 0.5], "translate": [35, 51]},
    "objects": {
        "oblasts": {
            "type": "GeometryCollection",
            "geometries": [{"type": "Polygon", "arcs": [[0]], "properties": {"name": "Суми"}}],
        },
        "rivers": {
            "type": "GeometryCollection",
            "geometries": [{"type": "LineString", "arcs": [1], "properties": {"name": "Psel"}}],
        },
    },
    "arcs": [[[0, 0], [2, 0], [0, 2], [-2, 0], [0, -2]], [[0, 0], [2, 2]]],
}


def test_topojson_gives_the_layer_of_the_wanted_kind(write):
    path = write(TOPOLOGY)
    regions = gb.read_regions(path)
    assert [region.name for region in regions] == ["Суми"]
    assert regions["Суми"].geometry.equals(shapely.box(35, 51, 36, 52))
    assert shapely.get_coordinates(gb.read_border(path).line).tolist() == [[35, 51], [36, 52]]


ESRI = {
    "displayFieldName": "",
    "geometryType": "esriGeometryPoint",
    "spatialReference": {"wkid": 102100, "latestWkid": 3857},
    "fields": [{"name": "NAME", "type": "esriFieldTypeString", "alias": "Name", "length": 20}],
    "features": [{"attributes": {"NAME": "Суми"}, "geometry": {"x": 3900000, "y": 6600000}}],
}


def test_esri_json_is_read_in_its_reference_system(write):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        places = gb.read_settlements(write(ESRI))
    assert places["name"].tolist() == ["Суми"]
    assert places.geometry.iloc[0].distance(shapely.Point(35.0343, 50.8789)) < 1e-3
    with pytest.warns(UserWarning, match="only some of the features"):
        gb.read_settlements(write({**ESRI, "exceededTransferLimit": True}))


def test_esri_json_may_lack_its_head(write):
    ring = [[35, 51], [35, 52], [36, 52], [35, 51]]
    shape = {"rings": [ring], "spatialReference": {"wkid": 4326}}
    features = [{"attributes": {"NAME": "A"}, "geometry": shape}]
    assert gb.read_regions(write({"features": features}))["A"].geometry.area == 0.5


GRID = (
    'GEOGCS["x",DATUM["d",SPHEROID["s",6378137,298],EXTENSION["PROJ4_GRIDS","/etc/there.gsb"]],'
    'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]]'
)


@pytest.mark.parametrize("member", ["wkt", "WKT", "wkt2", "\\u0077kt"])
def test_a_reference_system_of_esri_json_opens_no_file(write, member):
    text = json.dumps({**ESRI, "spatialReference": {"CRS": GRID}}).replace("CRS", member)
    with pytest.raises(gb.DataError, match=r"file\.json: it names another file, '/etc/there"):
        gb.read_settlements(write(text))


@pytest.mark.parametrize("document", [TOPOLOGY, ESRI])
def test_a_tree_of_json_is_limited(write, monkeypatch, document):
    from geobuffer.io.read import gdal

    text = json.dumps(document)
    with pytest.raises(gb.DataError, match="damaged"):
        gb.read_settlements(write(text[:-2]))
    with pytest.raises(gb.DataError, match="damaged"):
        gb.read_settlements(write(text[:-1] + ', "x": ' + "[" * 200_000))
    monkeypatch.setattr(gdal, "_MAX_TREE_BYTES", 100)
    with pytest.raises(gb.DataError, match="at most 100 bytes"):
        gb.read_settlements(write(text))


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("count", [1, 3])
def test_a_sequence_with_record_separators_is_read(write, indent, count):
    records = [json.dumps(point(f"P{n}"), indent=indent) for n in range(count)]
    path = write("".join(f"\x1e{record}\n" for record in records), "places.geojsons")
    assert gb.read_settlements(path)["name"].tolist() == [f"P{n}" for n in range(count)]
    with pytest.raises(gb.DataError):
        gb.read_settlements(write("\x1e" + records[0][:-9], "places.geojsons"))


# Below 200 MB of memory GDAL has no limit for a feature; a million vertices take more.
def test_a_feature_of_more_than_a_million_vertices_is_read(write):
    shape = {"type": "LineString", "coordinates": []}
    text = json.dumps({**point("long"), "geometry": shape})
    pairs = "[35.1, 51.2], [35.2, 51.1], " * 550_000
    text = text.replace("[]", f"[{pairs[:-2]}]")
    from geobuffer.io.read import files
    from geobuffer.io.read.layers import read_layer

    file, _ = files.find_file(write(text))
    table = read_layer(file, None, ("LineString",))
    assert shapely.get_num_coordinates(table.required_shapes[0]) == 1_100_000


def test_the_time_to_find_a_kind_grows_with_the_length():
    from geobuffer.io.read.json_kinds import list_members

    began = time.process_time()
    # Without care, each of the quotes begins a string to the end.
    assert list_members('{"a": 1, "' + '\\"' * 200_000)["a"] == "1"
    assert time.process_time() - began < 5


OTHERS = {
    '{"error": {"code": 499, "message": "Token Required"}}': "error of a server .*Token Required",
    '{"errors": ["x"], "status": 500}': "error of a server",
    '{"towns": {"lat": [51]}}': "another kind, with the members 'towns'",
    '{"results": []}': "another kind, with the members 'results'",
    json.dumps({"towns": ["x" * 70_000]}): "another kind, with the members 'towns'",
    '{"type": "Chart", "data": {}}': "another kind, with the members 'type', 'data'",
    '[{"lat": 51, "lon": 35}, 5]': "a JSON list, but no layer",
    "[[1, 2], [3]]": "a JSON list, but no layer",
    "[1, 2, 3]": "a JSON list, but no layer",
    json.dumps([point("A")]): "list of GeoJSON features.*FeatureCollection",
    'var towns = {"type": "FeatureCollection"}': "JavaScript.*only the JSON",
    'callback({"type": "FeatureCollection"})': "JavaScript",
    "window.data = [1]": "JavaScript",
    '{"currentVersion": 11, "geometryType": "esriGeometryPoint"}': "description.*f=geojson",
    "!table\n!version 300\n": "MapInfo table",
    'Version   300\nCharset "Neutral"\n': "MapInfo interchange",
    "  0\nSECTION\n  2\nHEADER\n": "DXF",
    "461400\tZhytomyr\tZhytomyr\tJitomir\t50.25\t28.66\tP\tPPLA\tUA\n": "GeoNames.*no header",
    b"ARROW1\0\0": "Feather",
}


@pytest.mark.parametrize("content", OTHERS)
def test_other_files_are_called_what_they_are(write, content):
    with pytest.raises(gb.DataError, match=rf"(?s)file\.json: it is .*{OTHERS[content]}"):
        gb.read_settlements(write(content))


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"features": [point("A")], "type": "FeatureCollection"}),
        json.dumps({"error": None, "type": "FeatureCollection", "features": [point("A")]}),
        json.dumps({"crs": None, "name": "layer", "features": [point("A")]} | {
            "type": "FeatureCollection"}),
        json.dumps({"note": "x" * 2_000, "type": "FeatureCollection", "features": [point("A")]}),
        json.dumps({"properties": {"name": "A"}, "geometry": point("A")["geometry"]} | {
            "type": "Feature"}),
        "name,lat,lon\nvar x,51,35\n",
    ],
)  # fmt: skip
def test_geojson_with_members_in_another_order_is_read(write, text):
    assert len(gb.read_settlements(write(text))) == 1


RECORDS = [
    {"name": "Юнаківка", "lat": 51.123, "lon": 35.038, "population": 1234},
    {"name": "Білопілля", "lat": 51.147, "lon": 34.311, "population": None},
]
POINT = {"type": "Point", "coordinates": [35.038, 51.123]}
AT = {"lat": 51.123, "lng": 35.038}
BOX = {"northeast": {"lat": 52, "lng": 36}, "southwest": {"lat": 50, "lng": 34}}
# Forms in which services and programs write tables; the first place is always the same.
TABLES = {
    "a list": RECORDS,
    "one object": RECORDS[0],
    "lines": "\n".join(json.dumps(one) for one in RECORDS) + "\n",
    "a member": {"status": "ok", "count": 2, "data": RECORDS, "error": None},
    "CKAN": {"success": True, "result": {"fields": [{"id": "name"}], "records": RECORDS}},
    "columns": {key: [one[key] for one in RECORDS] for key in RECORDS[0]},
    "pandas": {key: {"0": RECORDS[0][key], "1": RECORDS[1][key]} for key in RECORDS[0]},
    "pandas split": {"columns": [*RECORDS[0]], "data": [[*one.values()] for one in RECORDS]},
    "rows": [[*RECORDS[0]], *([*one.values()] for one in RECORDS)],
    "by name": {"Юнаківка": AT, "Білопілля": AT},
    "Nominatim": [{"boundingbox": ["51", "52", "35", "36"], "lat": "51.123", "lon": "35.038",
                   "type": "village", "display_name": "Юнаківка"}],
    "Google": {"results": [{"name": "Юнаківка", "geometry": {"location": AT, "viewport": BOX}}]},
    "KoBo": {"next": None, "errors": [], "results": [
        {"g/name": "Юнаківка", "_geolocation": [51.123, 35.038], "_tags": []},
        {"g/name": "Суми", "_geolocation": [None, None]}]},
    "Wikidata": {"results": {"bindings": [{
        "name": {"type": "literal", "xml:lang": "uk", "value": "Юнаківка"},
        "coord": {"type": "literal", "datatype": "wkt", "value": "Point(35.038 51.123)"}}]}},
    "Elasticsearch": {"hits": {"hits": [{"_id": "1", "_source": {
        "name": "Юнаківка", "location": {"lat": 51.123, "lon": 35.038}}}]}},
    "shape": [{"name": "Юнаківка", "location": POINT, "tags": {"a": {"b": 1}}}],
    "coordinates": [{"name": "Юнаківка", "coordinates": [35.038, 51.123]}],
    "GeoNames": {"geonames": [{"lng": "35.038", "lat": "51.123", "name": "Юнаківка"}]},
    "JSON:API": {"data": [{"id": "1", "attributes": {"name": "Юнаківка", **AT}}]},
    "Takeout": {"locations": [{"name": "Юнаківка", "latitudeE7": 511230000,
                               "longitudeE7": 350380000}]},
    "others": {"roads": [{"id": 1}], "towns": RECORDS},
}  # fmt: skip


@pytest.mark.parametrize("form", TABLES)
def test_both_readers_read_tables_in_json_alike(write, tmp_path, form):
    text = TABLES[form]
    path = write(text if isinstance(text, str) else json.dumps(text, ensure_ascii=False))
    line = shapely.LineString([(35, 50), (35, 53)])
    zone = gb.build_zone(gb.border_along(line, source=gb.Source("x")), km=5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they say which member was read, and what was assumed
        places = gb.read_settlements(path)
        gb.classify_file(path, zone, tmp_path / "out.csv")
    first = places.iloc[0]
    assert first.get("name", first.get("name_uk")) == "Юнаківка"
    assert (first.geometry.x, first.geometry.y) == pytest.approx((35.038, 51.123), abs=1e-9)
    if "population" in places:
        assert places["population"].fillna(-1).tolist()[:2] in ([1234, -1], [1234])
    answers = pd.read_csv(tmp_path / "out.csv")
    assert answers["distance_km"].to_numpy() == pytest.approx(
        gb.classify(places, zone)["distance_km"].to_numpy(float), nan_ok=True
    )


BAD_TABLES = {
    '[{"name": "A", "x1": 3}]': "no column is known as the longitude",
    json.dumps({"towns": RECORDS, "villages": RECORDS}): "2 members .* layer=: 'towns', 'villages'",
    json.dumps(RECORDS[0]) + '\n{"name": ': "line 2: no JSON",
    '[{"lat": 51, "lon": 35}': "incomplete or damaged",
    '[{"lat": ' + "[" * 200_000: "too many nested lists",
    '[{"lat": 51, "lon": 35, "people": ' + "9" * 6_000 + "}]": "digits",
    '[{"lat": 51, "lon": 35, "name": "Суми"}]'.encode("cp1251"): "not UTF-8 at byte",
}


@pytest.mark.parametrize("text", BAD_TABLES, ids=list(BAD_TABLES.values()))
def test_tables_in_json_are_refused_with_the_reason(write, text):
    with pytest.raises(gb.DataError, match=rf"file\.json.*{BAD_TABLES[text]}"):
        gb.read_settlements(write(text))


def test_a_member_with_records_is_named(write, monkeypatch):
    from geobuffer.io.read import json_records

    path = write({"towns": RECORDS, "villages": RECORDS[:1]})
    with pytest.warns(UserWarning, match="from the member 'villages'"):
        assert len(gb.read_settlements(path, layer="villages")) == 1
    with pytest.raises(gb.DataError, match="Invalid layer 'x'"):
        gb.read_settlements(path, layer="x")
    monkeypatch.setattr(json_records, "_MOST_BYTES", 100)
    with pytest.raises(gb.DataError, match="at most 100"):
        gb.read_settlements(path)

"""JSON is read by its kind, by its first members, or is called what it is."""

import json
import time
import warnings

import numpy as np
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
    angle = np.linspace(0, 2 * np.pi, 1_100_000)
    line = np.round(np.c_[35 + np.cos(angle) / 3, 51 + angle / 9], 7).tolist()
    shape = {"type": "LineString", "coordinates": line}
    text = json.dumps({**point("long"), "geometry": shape})
    from geobuffer.io.read import files
    from geobuffer.io.read.layers import read_layer

    file, _ = files.find_file(write(text))
    table = read_layer(file, None, ("LineString",))
    assert shapely.get_num_coordinates(table.required_shapes[0]) == len(line)


def test_the_time_to_find_a_kind_grows_with_the_length():
    from geobuffer.io.read.json_kinds import list_members

    began = time.process_time()
    # Without care, each of the quotes begins a string to the end.
    assert list_members('{"a": 1, "' + '\\"' * 200_000)["a"] == "1"
    assert time.process_time() - began < 5


OTHERS = {
    '{"error": {"code": 499, "message": "Token Required"}}': "error of a server .*Token Required",
    '{"errors": ["x"], "status": 500}': "error of a server",
    '{"towns": [{"lat": 51}]}': "another kind, with the members 'towns'",
    json.dumps({"towns": ["x" * 70_000]}): "another kind, with the members 'towns'",
    '{"type": "Chart", "data": {}}': "another kind, with the members 'type', 'data'",
    '[{"name": "A", "lat": 51}]': "list of records with the members 'name', 'lat'.*CSV",
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

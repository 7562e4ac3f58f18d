"""KML, KMZ and GPX are read by one stream: all folders, the wanted kind, real field names."""

import time
import warnings
import zipfile

import geopandas as gpd
import pytest
import shapely

import geobuffer as gb

KML = '<kml xmlns="http://www.opengis.net/kml/2.2">'


def point(name, lon, lat, data=""):
    return (
        f"<Placemark><name>{name}</name>{data}<Point><coordinates>{lon},{lat},0</coordinates>"
        "</Point></Placemark>\n"
    )


def line(name, text="35,51 36,52"):
    return (
        f"<Placemark><name>{name}</name><LineString><coordinates>{text}</coordinates>"
        "</LineString></Placemark>\n"
    )


RING = "<LinearRing><coordinates>{}</coordinates></LinearRing>"
SQUARE = RING.format("35,51,0 36,51,0\n36,52,0 35,52,0 35,51,0")


def area(name, more=""):
    return (
        f"<Placemark><name>{name}</name><MultiGeometry><Polygon><outerBoundaryIs>{SQUARE}"
        f"</outerBoundaryIs></Polygon>{more}</MultiGeometry></Placemark>\n"
    )


def folder(name, content):
    return f"<Folder><name>{name}</name>{content}</Folder>"


@pytest.fixture
def write(tmp_path):
    def write_kml(content, name="map.kml", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(f"{KML}<Document>{content}</Document></kml>".encode(encoding))
        return path

    return write_kml


def read(reader, path, **options):
    """Return what a reader reads, and its warnings as one text."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        return reader(path, **options), "\n".join(str(one.message) for one in said)


MAP = (
    point("root", 34, 50)
    + folder("empty", folder("Села", point("inner", 35, 51) + folder("deep", point("low", 36, 52))))
    + folder("Front", line("front") + area("zone") + point("pin", 37, 53))
)


def test_all_folders_are_read_and_kinds_are_sorted(write):
    path = write(MAP)
    places, said = read(gb.read_settlements, path)
    assert places["name"].tolist() == ["root", "inner", "low", "pin"]
    assert places["folder"].tolist() == [None, "Села", "deep", "Front"]
    assert "rows that are no points were left out: 1 line, 1 area: 2 (lines " in said
    border, said = read(gb.read_border, path)
    assert [section.name for section in border.sections] == ["front"]
    assert "no lines were left out: 4 points, 1 area" in said
    regions, said = read(gb.read_regions, path)
    assert [region.name for region in regions] == ["zone"]
    assert regions["zone"].geometry.equals(shapely.box(35, 51, 36, 52))


def test_a_layer_is_a_folder_at_any_depth(write):
    path = write(MAP)
    for layer, names in (("Села", ["inner", "low"]), ("deep", ["low"]), ("Front", ["pin"])):
        places, _ = read(gb.read_settlements, path, layer=layer)
        assert places["name"].tolist() == names
    with pytest.raises(gb.DataError, match=r"Invalid layer 'Fromt' of .*map\.kml.*'Front'"):
        gb.read_settlements(path, layer="Fromt")


def test_a_file_without_the_wanted_kind_is_refused_by_what_it_holds(write):
    with pytest.raises(gb.GeometryError, match=r"map\.kml: LineString\. Must be polygons.*border"):
        gb.read_regions(write(line("front")))


def test_parts_of_another_kind_are_left_out_of_a_placemark(write):
    label = "<MultiGeometry><Point><coordinates>35.5,51.5</coordinates></Point></MultiGeometry>"
    path = write(area("zone", label))
    regions, said = read(gb.read_regions, path)
    assert regions["zone"].geometry.equals(shapely.box(35, 51, 36, 52))
    assert "parts that are no areas were left out: 1 (line 1)" in said
    places, _ = read(gb.read_settlements, path)
    assert places.geometry.tolist() == [shapely.Point(35.5, 51.5)]


CYRILLIC = (
    '<ExtendedData><Data name="Район"><value>Сумський</value></Data><Data name="Назва"><value>'
    'Басівка</value></Data><Data name="Населення"><value>1 234</value></Data></ExtendedData>'
)
SCHEMA = (
    '<Schema id="s"><SimpleField type="string" name="Громада"/><SimpleField type="int" '
    'name="Дворів"/></Schema>'
)
SIMPLE = (
    '<ExtendedData><SchemaData schemaUrl="#s"><SimpleData name="Громада">Юнаківська</SimpleData>'
    '<SimpleData name="Дворів">12</SimpleData></SchemaData></ExtendedData>'
)


def test_fields_keep_their_cyrillic_names(write):
    places, _ = read(
        gb.read_settlements, write(point("", 35, 51, CYRILLIC) + point("", 36, 51, CYRILLIC))
    )
    row = places.iloc[0]
    assert (row["name"], row["raion"], row["population"]) == ("Басівка", "Сумський", 1234)
    places, _ = read(gb.read_settlements, write(SCHEMA + point("A", 35, 51, SIMPLE)))
    row = places.iloc[0]
    assert (row["name"], row["hromada"], row["Дворів"]) == ("A", "Юнаківська", 12)


def test_data_of_the_name_of_an_element_keep_both(write):
    data = '<ExtendedData><Data name="name"><value>field</value></Data></ExtendedData>'
    places, _ = read(gb.read_settlements, write(point("label", 35, 51, data)))
    assert (places["name"][0], places["kml_name"][0]) == ("field", "label")


@pytest.mark.parametrize("suffix", [".kml", ".kmz"])
def test_our_own_files_are_read_back_with_equal_rows(tmp_path, suffix):
    border = gb.border_along(shapely.LineString([(35, 50), (35, 52)]), source=gb.Source("x"))
    zone = gb.build_zone(border, km=20)
    places = gpd.GeoDataFrame(
        {
            "name_en": ["Basivka", None, "Far <b>"],
            "name_uk": ["Басівка", "Юнаківка", "Даль & Ко"],
            "population": [10, 20, 3000],
            "accuracy_m": [50.0, 100.0, 10.0],
            "description": ["a", "b", "c"],
        },
        geometry=gpd.points_from_xy([35.1, 35.282, 38.123456], [51, 51, 51]),
        crs=4326,
    )
    table = places.join(gb.classify(places, zone))
    again, said = read(gb.read_settlements, gb.write(table, tmp_path / f"places{suffix}"))
    # Our files have a folder for each membership.
    again = again.set_index("name_uk").loc[table["name_uk"]].reset_index()
    for column in ("name_en", "name_uk", "population", "accuracy_m", "description", "membership"):
        wanted = table[column].astype(object).where(table[column].notna(), None)
        assert again[column].tolist() == wanted.tolist(), column
    assert again.geometry.geom_equals(table.geometry).all()
    assert not {"name", "folder", "kml_name", "kml_description"}.intersection(again.columns)
    assert "left out" not in said
    path = gb.write(zone, tmp_path / f"zone{suffix}")
    regions, _ = read(gb.read_regions, path)
    ring = zone.to_frame().geometry.iloc[0]
    assert next(iter(regions)).geometry.symmetric_difference(ring).area < 1e-6
    sections, _ = read(gb.read_border, path)
    assert sections.line.equals(border.line)


def test_tracks_of_google_earth_and_heights(write):
    track = (
        "<Placemark><name>t</name><gx:MultiTrack><gx:Track><when>2024</when><gx:coord>35 51 100"
        "</gx:coord><gx:coord>36 52 120</gx:coord></gx:Track></gx:MultiTrack></Placemark>"
    )
    border, said = read(gb.read_border, write(track))
    assert shapely.get_coordinates(border.line).tolist() == [[35, 51], [36, 52]]
    assert "heights and measures left out: 1" in said
    _, said = read(gb.read_border, write(line("flat", "35, 51, 0\n36 , 52,")))
    assert "heights" not in said


@pytest.mark.parametrize("text", ["35;51", "35", "35,51,0,36", "35,5,51,2", "35,5x", "1_0,2"])
def test_a_coordinate_that_is_no_number_is_refused_by_its_line(write, text):
    with pytest.raises(gb.DataError, match=rf"line 2 of .*map\.kml: '{text}'"):
        gb.read_border(write("\n" + line("bad", f"{text} 36,52")))


def test_short_lines_and_rings_are_noted(write):
    ring = f"<Placemark><name>r</name>{RING.format('35,51 36,51 35,51')}</Placemark>\n"
    border, said = read(gb.read_border, write(line("dot", "35,51") + ring + line("good")))
    assert [section.name for section in border.sections] == ["good"]
    assert "less than three corners were left out: 2 (lines 1, 2)" in said


def test_a_link_alone_is_explained(write):
    with pytest.raises(gb.DataError, match=r"only a link to another file.*Google Earth"):
        gb.read_settlements(
            write("<NetworkLink><Link><href>http://x/y</href></Link></NetworkLink>")
        )


def test_encodings_of_kml(tmp_path):
    content = f"{KML}{point('Суми', 35, 51)}</kml>"
    for encoding, stated in (("cp1251", "windows-1251"), ("utf-16", "UTF-16"), ("utf-8-sig", "")):
        first = f'<?xml version="1.0" encoding="{stated}"?>' if stated else ""
        (tmp_path / "a.kml").write_bytes((first + content).encode(encoding))
        places, _ = read(gb.read_settlements, tmp_path / "a.kml")
        assert places["name"].tolist() == ["Суми"]
    (tmp_path / "a.kml").write_bytes(content.encode("cp1251"))
    with pytest.raises(gb.DataError, match=r"a\.kml: line 1 is not UTF-8.*Save it as UTF-8"):
        gb.read_settlements(tmp_path / "a.kml")


def test_the_main_document_of_a_kmz_is_read(tmp_path, write):
    path = tmp_path / "map.kmz"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("files/icon.png", b"x")
        packed.writestr("files/a.kml", f"{KML}{point('a', 35, 51)}</kml>")
        packed.writestr("doc.kml", f"{KML}{folder('f', point('main', 35, 51))}</kml>")
    places, said = read(gb.read_settlements, path)
    assert places["name"].tolist() == ["main"]
    assert "other documents were not read: files/a.kml" in said
    assert read(gb.read_settlements, path, layer="f")[0]["name"].tolist() == ["main"]
    assert read(gb.read_settlements, path, layer="a")[0]["name"].tolist() == ["a"]


# What a hostile file may try.


def test_a_deep_file_is_refused(write):
    with pytest.raises(gb.DataError, match="200 nested elements"):
        gb.read_settlements(write("<Folder>" * 300_000))


def test_collections_in_one_another_become_one(write):
    shape = "<Point><coordinates>35,51</coordinates></Point>"
    nested = "<MultiGeometry>" * 150 + shape + "</MultiGeometry>" * 150
    places, _ = read(gb.read_settlements, write(f"<Placemark>{nested}</Placemark>"))
    assert places.geometry.tolist() == [shapely.Point(35, 51)]


def test_the_number_of_cells_is_limited(write, monkeypatch):
    from geobuffer.io.read import xml_layers

    monkeypatch.setattr(xml_layers, "_MAX_CELLS", 1000)
    with pytest.raises(gb.DataError, match="more than 1,000 values"):
        gb.read_settlements(write("<Placemark/>" * 200))


def test_the_time_for_blanks_grows_with_their_number(write):
    began = time.process_time()
    border, _ = read(gb.read_border, write(line("a", "35,51" + " " * 2_000_000 + "36,52")))
    assert border.line.length > 1
    assert time.process_time() - began < 5


def test_placemarks_in_one_another_are_refused(write):
    with pytest.raises(gb.DataError, match="Placemark within another"):
        gb.read_settlements(write("<Placemark><Placemark/></Placemark>"))


GPX = """<?xml version="1.0"?>
<gpx version="1.1" creator="Garmin" xmlns="http://www.topografix.com/GPX/1/1">
<metadata><name>trip</name></metadata>
<wpt lat="51.1" lon="35.2"><ele>140</ele><name>Застава</name><sym>Flag</sym>
<extensions><gpxx:W><gpxx:Населення>12</gpxx:Населення></gpxx:W></extensions></wpt>
<wpt lat="51.2" lon="35.3"/>
<rte><name>route</name><rtept lat="51" lon="35"><name>x</name></rtept>
<rtept lat="52" lon="35"/></rte>
<trk><name>track</name><trkseg><trkpt lat="51" lon="36"><ele>3</ele>
<time>2024-01-01T00:00:00Z</time>
<extensions><hr>90</hr></extensions></trkpt><trkpt lat="52" lon="36"/></trkseg>
<trkseg><trkpt lat="53" lon="36"/><trkpt lat="54" lon="36"/></trkseg></trk>
</gpx>
"""


def test_gpx_gives_waypoints_or_routes_and_tracks(tmp_path):
    path = tmp_path / "walk.gpx"
    path.write_text(GPX, encoding="utf-8")
    places, said = read(gb.read_settlements, path)
    assert places["name"].tolist() == ["Застава", None]
    assert places["population"].tolist()[0] == 12
    assert places.geometry.tolist() == [shapely.Point(35.2, 51.1), shapely.Point(35.3, 51.2)]
    assert "no points were left out: 2 lines: 2 (lines 7, 9)" in said
    border, _ = read(gb.read_border, path)
    assert [section.name for section in border.sections] == ["route", "track"]
    border, _ = read(gb.read_border, path, layer="tracks")
    assert shapely.get_coordinates(border.line).tolist() == [[36, 51], [36, 52], [36, 53], [36, 54]]
    with pytest.raises(gb.DataError, match="'routes'"):
        gb.read_border(path, layer="rotes")
    with pytest.raises(gb.GeometryError, match="Must be polygons"):
        gb.read_regions(path)


@pytest.mark.parametrize("attributes", ['lat="51,1" lon="35"', 'lat="51"', 'lat="" lon=""'])
def test_a_waypoint_without_numbers_is_refused_by_its_line(tmp_path, attributes):
    path = tmp_path / "walk.gpx"
    path.write_text(f"<gpx>\n<wpt {attributes}/></gpx>", encoding="utf-8")
    with pytest.raises(gb.DataError, match=r"line 2 of .*walk\.gpx"):
        gb.read_settlements(path)


def test_a_gpx_with_entities_is_refused(tmp_path):
    path = tmp_path / "walk.gpx"
    path.write_text('<!-- a --><!DOCTYPE gpx [<!ENTITY x "ha">]><gpx>&x;</gpx>', encoding="utf-8")
    with pytest.raises(gb.DataError, match=r"walk\.gpx.*entities"):
        gb.read_settlements(path)

"""Files that we write can be read back unchanged, and no incomplete file is left."""

import json
import os
import pathlib
import sqlite3
import subprocess
import sys
import xml.etree.ElementTree as ET
import zipfile
from xml.etree.ElementTree import ElementTree

import folium
import geopandas as gpd
import numpy as np
import pandas as pd
import PIL.Image
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
from matplotlib.figure import Figure

import geobuffer as gb
from geobuffer.io.write.write import check_target

SHAPES = [".gpkg", ".geojson", ".fgb", ".parquet"]


def read(path):
    if path.suffix == ".parquet":
        return gpd.read_parquet(path)
    # The first layer; a GeoPackage of a zone has more.
    return gpd.read_file(path, layer=pyogrio.list_layers(path)[0, 0])


def same_shape(one, other):
    """Return whether two shapes have the same vertices, to 1e-8° (1 mm), Multi or not.

    GeoJSON turns rings, so they may begin and run otherwise.
    """
    shapes = (shapely.set_precision(shape, 1e-9, mode="pointwise") for shape in (one, other))
    parts = [shapely.multipolygons(shapely.get_parts(shape)).normalize() for shape in shapes]
    return shapely.equals_exact(*parts, tolerance=1e-8)


@pytest.fixture(scope="module")
def rings(strip):
    return gb.build_zone(strip, km=[5, 10], side="East", tolerance_m=1)


@pytest.fixture
def villages():
    return gpd.GeoDataFrame(
        {"name": ["Юнаківка", "Тёткино"], "population": pd.array([1741, None], dtype="Int64")},
        geometry=gpd.points_from_xy([35.1234567, 34.25], [51.1, 51.27]),
        crs="EPSG:4326",
        index=[7, 3],
    )


# A zone written and read is the same zone


@pytest.mark.parametrize("suffix", SHAPES)
@pytest.mark.parametrize("which", ["zone", "rings"])
def test_a_zone_written_and_read_is_the_same(suffix, which, request, tmp_path):
    zone = request.getfixturevalue(which)
    path = tmp_path / f"out{suffix}"
    assert gb.write(zone, path) == path
    # FlatGeobuf sorts its rows for its index.
    table = read(path).sort_values("from_km", ignore_index=True)
    wanted = zone.to_frame()
    assert table.crs == "EPSG:4326"
    assert set(table.columns) == set(wanted.columns)
    for column in wanted.columns.drop("geometry"):
        if pd.api.types.is_numeric_dtype(wanted[column]):
            now, was = (frame[column].astype(float).tolist() for frame in (table, wanted))
            assert now == pytest.approx(was, rel=1e-12, nan_ok=True)
        else:
            assert table[column].astype(object).fillna("").tolist() == wanted[column].tolist()
    for was, now in zip(wanted.geometry, table.geometry, strict=True):
        assert same_shape(was, now)
        assert now.is_valid
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_zone_carries_its_source_border_and_error(rings, tmp_path):
    table = read(gb.write(rings, tmp_path / "zone.geojson"))
    assert table["ring"].tolist() == ["0–5 km", "5–10 km"]
    assert table[["from_km", "to_km"]].to_numpy().tolist() == [[0, 5], [5, 10]]
    assert set(table["side"]) == {"East"}
    assert set(table["border"]) == {"West–East"}
    assert set(table["source"]) == {"drawn by hand"}
    assert table["edge_error_m"].max() <= 1
    assert table["area_km2"].sum() == pytest.approx(rings.area_km2)


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".fgb"])
def test_the_layer_has_the_name_of_the_file(suffix, rings, tmp_path):
    path = gb.write(rings, tmp_path / f"my zone{suffix}")
    assert pyogrio.list_layers(path)[0, 0] == "my zone"


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".fgb", ".parquet"])
@pytest.mark.parametrize("stem", ["zone", "zone-5.km", "зона", "5 km", "-x", "a'b\"c"])
def test_every_file_name_is_accepted(suffix, stem, rings, tmp_path):
    path = gb.write(rings, tmp_path / f"{stem}{suffix}")
    assert [p.name for p in tmp_path.iterdir()] == [f"{stem}{suffix}"]
    assert len(read(path)) == 2


def test_the_suffix_may_be_in_capitals(rings, tmp_path):
    path = gb.write(rings, tmp_path / "ZONE.GEOJSON")
    assert len(read(path)) == 2


def test_a_path_can_be_a_text_without_a_folder(rings, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    gb.write(rings, "zone.fgb")
    assert [p.name for p in tmp_path.iterdir()] == ["zone.fgb"]


@pytest.mark.parametrize("suffix", SHAPES)
def test_an_existing_file_is_replaced_completely(suffix, zone, rings, tmp_path):
    path = tmp_path / f"zone{suffix}"
    gb.write(rings, path)
    gb.write(zone, path)
    assert read(path)["ring"].tolist() == ["0–10 km"]
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", SHAPES)
def test_a_reader_of_the_old_file_reads_it_completely(suffix, rings, tmp_path):
    path = tmp_path / f"zone{suffix}"
    path.write_bytes(b"an older file")
    with path.open("rb") as reader:
        gb.write(rings, path)
        assert reader.read() == b"an older file"
    assert len(read(path)) == 2


def test_a_new_file_has_the_mode_of_the_umask(rings, tmp_path):
    path = gb.write(rings, tmp_path / "zone.geojson")
    umask = os.umask(0)
    os.umask(umask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask


def test_a_geopackage_states_its_crs(rings, tmp_path):
    path = gb.write(rings, tmp_path / "zone.gpkg")
    with sqlite3.connect(path) as database:
        srs = database.execute("SELECT srs_id FROM gpkg_geometry_columns").fetchall()
    database.close()
    assert set(srs) == {(4326,)}


def test_geojson_follows_rfc_7946(rings, tmp_path):
    text = gb.write(rings, tmp_path / "zone.geojson").read_text(encoding="utf-8")
    document = json.loads(text)
    assert "crs" not in document
    for feature in document["features"]:
        shape = shapely.geometry.shape(feature["geometry"])
        for part in shapely.get_parts(shape):
            assert part.exterior.is_ccw
            assert not any(hole.is_ccw for hole in part.interiors)
        assert feature["properties"]["method"].startswith("Geodesic distance")


def test_geojson_is_cut_at_the_antimeridian(tmp_path):
    point = gb.border_around(shapely.Point(179.95, -17), source=gb.Source("a map"))
    path = gb.write(gb.build_zone(point, km=30), tmp_path / "disc.geojson")
    (feature,) = json.loads(path.read_text(encoding="utf-8"))["features"]
    assert feature["geometry"]["type"] == "MultiPolygon"
    lons = {round(lon) for part in feature["geometry"]["coordinates"] for lon, _ in part[0]}
    assert lons == {180, -180}


def test_geoparquet_is_1_1_with_boxes(rings, villages, tmp_path):
    for thing in (rings, villages):
        path = gb.write(thing, tmp_path / "t.parquet")
        file = pq.ParquetFile(path)
        metadata = json.loads(file.schema_arrow.metadata[b"geo"])
        assert metadata["version"] == "1.1.0"
        assert metadata["columns"]["geometry"]["encoding"] == "WKB"
        assert metadata["columns"]["geometry"]["covering"]["bbox"]["xmin"] == ["bbox", "xmin"]
        boxes = file.read(["bbox"])["bbox"].to_pylist()
        shapes = gpd.read_parquet(path).geometry
        assert [list(box.values()) for box in boxes] == [list(s.bounds) for s in shapes]
        assert "bbox" not in gpd.read_parquet(path).columns


def test_a_table_with_a_column_of_that_name_keeps_it(villages, tmp_path):
    path = gb.write(villages.assign(bbox="mine"), tmp_path / "t.parquet")
    assert gpd.read_parquet(path)["bbox"].tolist() == ["mine", "mine"]


# Tables


def test_a_csv_opens_in_a_spreadsheet(villages, tmp_path):
    path = gb.write(villages, tmp_path / "villages.csv")
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.decode("utf-8-sig").splitlines() == [
        "name,population,longitude,latitude",
        "Юнаківка,1741,35.123457,51.1",
        "Тёткино,,34.25,51.27",
    ]


def test_a_csv_of_other_shapes_has_them_as_text(tmp_path):
    square = shapely.box(30, 50, 31, 51)
    table = gpd.GeoDataFrame({"name": ["a"]}, geometry=[square], crs="EPSG:4326")
    back = pd.read_csv(gb.write(table, tmp_path / "squares.csv"), encoding="utf-8-sig")
    assert back.columns.tolist() == ["name", "wkt"]
    assert shapely.from_wkt(back["wkt"].item()).equals(square)


def test_a_csv_of_a_row_without_a_point_has_empty_cells(villages, tmp_path):
    table = villages.set_geometry([villages.geometry.iloc[0], None], crs="EPSG:4326")
    back = pd.read_csv(gb.write(table, tmp_path / "villages.csv"), encoding="utf-8-sig")
    assert back["longitude"].isna().tolist() == [False, True]
    assert back["name"].tolist() == ["Юнаківка", "Тёткино"]


@pytest.mark.parametrize("suffix", SHAPES)
def test_a_table_of_points_written_and_read_is_the_same(suffix, villages, tmp_path):
    table = read(gb.write(villages, tmp_path / f"villages{suffix}"))
    table = table.set_index("name").loc[villages["name"]]
    assert table["population"].astype("Int64").tolist() == [1741, pd.NA]
    assert shapely.equals_exact(
        table.geometry.to_numpy(), villages.geometry.to_numpy(), tolerance=1e-8
    ).all()


def test_a_table_without_geometry_goes_to_csv_and_parquet(villages, tmp_path):
    table = pd.DataFrame(villages.drop(columns="geometry"))
    back = pd.read_parquet(gb.write(table, tmp_path / "t.parquet"))
    assert back["name"].tolist() == table["name"].tolist()
    assert back["population"].tolist() == [1741, pd.NA]
    text = gb.write(table, tmp_path / "t.csv").read_text(encoding="utf-8-sig")
    assert text.splitlines() == ["name,population", "Юнаківка,1741", "Тёткино,"]


@pytest.mark.parametrize("suffix", [*SHAPES, ".csv"])
def test_tables_in_another_crs_are_written_in_longitude_and_latitude(suffix, villages, tmp_path):
    path = gb.write(villages.to_crs("EPSG:32636"), tmp_path / f"villages{suffix}")
    if suffix == ".csv":
        table = pd.read_csv(path, encoding="utf-8-sig").set_index("name")
        lon, lat = table["longitude"], table["latitude"]
    else:
        table = read(path).set_index("name")
        assert table.crs == "EPSG:4326"
        lon, lat = table.geometry.x, table.geometry.y
    assert lon[villages["name"]].tolist() == pytest.approx([35.1234567, 34.25], abs=1e-6)
    assert lat[villages["name"]].tolist() == pytest.approx([51.1, 51.27], abs=1e-6)


@pytest.mark.parametrize("suffix", [*SHAPES, ".csv"])
def test_write_does_not_change_the_table(suffix, villages, tmp_path):
    utm = villages.to_crs("EPSG:32636")
    before = utm.copy(deep=True)
    gb.write(utm, tmp_path / f"villages{suffix}")
    pd.testing.assert_frame_equal(utm, before)
    assert utm.crs == before.crs


@pytest.mark.parametrize("suffix", [*SHAPES, ".csv"])
def test_coordinates_without_a_crs_raise_an_error(suffix, tmp_path):
    metres = gpd.GeoDataFrame(geometry=[shapely.Point(370_000, 5_600_000)])
    with pytest.raises(gb.MissingCRSError, match="coordinate reference system"):
        gb.write(metres, tmp_path / f"villages{suffix}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_table_of_named_rows_keeps_their_names(suffix, strip, tmp_path):
    """Without the names, readers cannot see which rows were kept and which were lost."""
    narrow, wide = (gb.build_zone(strip, km=km, tolerance_m=1) for km in (5, 10))
    path = gb.write(gb.compare(narrow, wide), tmp_path / f"compared{suffix}")
    back = pd.read_csv(path) if suffix == ".csv" else pd.read_parquet(path).reset_index()
    assert any(back[column].tolist() == ["kept", "gained", "lost"] for column in back.columns)


def test_a_map_is_written_completely(tmp_path):
    path = gb.write(folium.Map(location=(51, 34)), tmp_path / "map.html")
    text = path.read_text(encoding="utf-8")
    assert text.lstrip().startswith("<!DOCTYPE html>")
    assert text.rstrip().endswith("</html>")


# Errors before anything is written


def check_refused(thing, path, *fragments):
    """Check that a file is refused, and that nothing is written."""
    folder = path.parent
    before = sorted(folder.iterdir()) if folder.is_dir() else None
    with pytest.raises(gb.DataError) as caught:
        gb.write(thing, path)
    for fragment in (repr(str(path)), *fragments):
        assert fragment in str(caught.value)
    assert before == (sorted(folder.iterdir()) if folder.is_dir() else None)


def test_an_unknown_suffix_raises_an_error_with_the_known_ones(rings, villages, tmp_path):
    check_refused(
        rings, tmp_path / "zone.doc", "BufferZone", "'.gpkg', '.geojson', '.fgb', '.parquet'"
    )
    check_refused(rings, tmp_path / "zone.shp", "'.shp.zip'")
    check_refused(rings, tmp_path / "zone.csv", "BufferZone", "'.gpkg'")
    check_refused(rings, tmp_path / "zone.geojsn", "Did you mean '.geojson'?")
    check_refused(rings, tmp_path / "zone", "Must be one of '.gpkg'")
    check_refused(villages, tmp_path / "v.docx", "GeoDataFrame", "'.csv'")
    check_refused(
        pd.DataFrame({"a": [1]}), tmp_path / "t.gpkg", "DataFrame", "'.csv', '.xlsx', '.parquet'"
    )
    check_refused(folium.Map(), tmp_path / "map.png", "Map", "'.html'")


def test_a_missing_folder_raises_an_error(rings, tmp_path):
    folder = tmp_path / "nowhere"
    check_refused(rings, folder / "zone.gpkg", f"there is no folder {str(folder)!r}")
    assert list(tmp_path.iterdir()) == []


def test_a_read_only_folder_is_named(rings, tmp_path, monkeypatch):
    access = os.access
    monkeypatch.setattr(
        os, "access",
        lambda path, mode, **more: not (mode & os.W_OK) and access(path, mode, **more),
    )  # fmt: skip
    check_refused(rings, tmp_path / "zone.gpkg", f"the folder {str(tmp_path)!r} is read-only")


@pytest.mark.parametrize("suffix", SHAPES)
def test_a_folder_with_the_name_of_the_target_raises_an_error(suffix, rings, tmp_path):
    (tmp_path / f"zone{suffix}").mkdir()
    check_refused(rings, tmp_path / f"zone{suffix}", "folder")
    assert list((tmp_path / f"zone{suffix}").iterdir()) == []


def test_a_target_can_be_checked_before_anything_is_computed(tmp_path):
    assert check_target(tmp_path / "zone.gpkg", gb.BufferZone) == tmp_path / "zone.gpkg"
    assert check_target(tmp_path / "z.KMZ", gb.CombinedZone) == tmp_path / "z.KMZ"
    assert check_target(tmp_path / "zone.csv", gpd.GeoDataFrame) == tmp_path / "zone.csv"
    with pytest.raises(gb.DataError, match="for a BufferZone"):
        check_target(tmp_path / "zone.csv", gb.BufferZone)
    assert list(tmp_path.iterdir()) == []


# Errors while writing


class DiskFullError(OSError):
    pass


def break_off(monkeypatch, kind, method):
    """Make a writer fail after half a file; return the paths that it got."""
    asked = []

    def half(self, path, *args, **kwargs):
        path = self if isinstance(self, pathlib.Path) else path
        asked.append(os.fspath(path))
        with open(path, "wb") as file:  # noqa: PTH123 - a text or a path
            file.write(b"half")
        raise DiskFullError(28, "No space left on device")

    monkeypatch.setattr(kind, method, half)
    return asked


WRITERS = [
    (".gpkg", gpd.GeoDataFrame, "to_file"),
    (".geojson", pathlib.Path, "write_bytes"),
    (".fgb", pathlib.Path, "write_bytes"),
    (".parquet", gpd.GeoDataFrame, "to_parquet"),
    (".csv", pd.DataFrame, "to_csv"),
    (".html", folium.Map, "save"),
    (".kml", ElementTree, "write"),
    (".kmz", zipfile.ZipFile, "__init__"),
    (".xlsx", pd.ExcelWriter, "__new__"),
]


@pytest.mark.parametrize("old", [b"an older file", None])
@pytest.mark.parametrize(("suffix", "kind", "method"), WRITERS)
def test_an_error_while_writing_leaves_no_file(  # noqa: PLR0917 - fixtures
    suffix, kind, method, old, rings, tmp_path, monkeypatch
):
    path = tmp_path / f"out{suffix}"
    if old:
        with path.open("wb") as file:
            file.write(old)
    asked = break_off(monkeypatch, kind, method)
    table = pd.DataFrame({"a": [1]})
    thing = {".csv": table, ".xlsx": table, ".html": folium.Map()}.get(suffix, rings)
    with pytest.raises(gb.WriteError, match="disk full"):
        gb.write(thing, path)
    assert asked  # or it failed before the middle
    assert asked != [str(path)]
    assert [p.name for p in tmp_path.iterdir()] == ([path.name] if old else [])
    assert not old or path.read_bytes() == old


def test_an_error_of_the_driver_leaves_no_file(villages, tmp_path):
    # Half of a letter is not valid UTF-8.
    odd = pd.Series(["a", "\ud800"], index=villages.index, dtype=object)
    table = villages.assign(odd=odd)
    with pytest.raises(UnicodeEncodeError):
        gb.write(table, tmp_path / "out.gpkg")
    assert list(tmp_path.iterdir()) == []


FULL = """
import pathlib, resource, signal, sys
import geopandas as gpd, numpy as np
import geobuffer as gb

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
lon, lat = np.random.default_rng(0).random((2, 20_000))
table = gpd.GeoDataFrame(geometry=gpd.points_from_xy(lon, lat), crs="EPSG:4326")
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
for path in sys.argv[1:]:
    try:
        gb.write(table, path)
    except Exception:
        print("failed", pathlib.Path(path).name)
"""


def test_a_full_disk_keeps_the_old_files_and_leaves_no_draft(tmp_path):
    """Limit files to 100 kB, so that every driver fails while it writes."""
    paths = [tmp_path / f"out{suffix}" for suffix in (*SHAPES, ".csv", ".kml", ".shp.zip", ".xlsx")]
    for path in paths:
        path.write_bytes(b"an older file")
    run = subprocess.run(
        [sys.executable, "-c", FULL, *map(str, paths)], capture_output=True, text=True, check=True
    )
    assert run.stdout.splitlines() == [f"failed {path.name}" for path in paths]
    assert sorted(tmp_path.iterdir()) == sorted(paths)
    assert {path.read_bytes() for path in paths} == {b"an older file"}


def test_points_keep_nine_decimals_in_geojson(tmp_path):
    """A tenth of a millimetre: two more than RFC 7946 asks for, and no more."""
    point = shapely.Point(35.123456789123, 51.0)
    table = gpd.GeoDataFrame(geometry=[point], crs="EPSG:4326")
    path = gb.write(table, tmp_path / "point.geojson")
    assert np.isclose(read(path).geometry.x.item(), point.x, rtol=0, atol=5.1e-10)
    assert "35.123456789" in path.read_text(encoding="utf-8")
    assert "35.1234567891" not in path.read_text(encoding="utf-8")


# Pictures


@pytest.fixture(scope="module")
def picture(rings):
    """A picture, with words of more than one script in its title."""
    return gb.plot_zone(rings, title="Зона $5$ & <10> km")


def test_a_png_has_300_dpi_and_its_sources(picture, tmp_path):
    path = gb.write(picture, tmp_path / "zone.png")
    with PIL.Image.open(path) as image:
        image.load()
        wide, high = picture.get_size_inches()
        assert image.size == pytest.approx((300 * wide, 300 * high), abs=1)
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.01)
        assert image.info["Title"] == "Зона $5$ & <10> km"
        assert "drawn by hand" in image.info["Description"]
        assert "imply no endorsement" in image.info["Description"]


def test_an_svg_is_xml_with_letters_as_shapes(picture, tmp_path):
    path = gb.write(picture, tmp_path / "zone.svg")
    root = ET.parse(path).getroot()  # noqa: S314 - our own
    svg, dc = "{http://www.w3.org/2000/svg}", "{http://purl.org/dc/elements/1.1/}"
    assert root.tag == f"{svg}svg"
    assert not root.findall(f".//{svg}text")
    assert not root.findall(f".//{svg}script")
    assert root.find(f".//{dc}title").text == "Зона $5$ & <10> km"
    assert "drawn by hand" in root.find(f".//{dc}description").text
    assert root.find(f".//{dc}date") is None
    assert root.findall(f".//{svg}g[@id='geobuffer-zone']")


def test_a_pdf_embeds_its_fonts(picture, tmp_path):
    raw = gb.write(picture, tmp_path / "zone.pdf").read_bytes()
    assert raw.startswith(b"%PDF-1.")
    assert raw.rstrip().endswith(b"%%EOF")
    assert b"/FontFile2" in raw
    assert b"/Title" in raw
    assert b"/Subject" in raw
    assert b"CreationDate" not in raw


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_the_same_picture_gives_the_same_bytes(suffix, picture, rings, tmp_path, monkeypatch):
    one = gb.write(picture, tmp_path / f"one{suffix}").read_bytes()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    again = gb.plot_zone(rings, title="Зона $5$ & <10> km")
    assert gb.write(again, tmp_path / f"two{suffix}").read_bytes() == one
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"one{suffix}", f"two{suffix}"]


def test_any_figure_of_matplotlibs_can_be_written(tmp_path):
    figure = Figure()
    figure.add_subplot().plot([0, 1])
    for suffix in (".png", ".svg", ".pdf"):
        assert gb.write(figure, tmp_path / f"mine{suffix}").stat().st_size > 1000


def test_a_picture_cannot_be_written_as_page_or_table(picture, rings, tmp_path):
    check_refused(picture, tmp_path / "zone.html", "Figure", "'.png', '.svg', '.pdf'")
    check_refused(picture, tmp_path / "zone.jpg", "'.png'")
    check_refused(rings, tmp_path / "zone.png", "BufferZone")


@pytest.mark.parametrize("old", [b"an older file", None])
def test_an_error_while_drawing_leaves_no_file(old, picture, tmp_path, monkeypatch):
    path = tmp_path / "zone.png"
    if old:
        path.write_bytes(old)
    break_off(monkeypatch, Figure, "savefig")
    with pytest.raises(gb.WriteError, match="disk full"):
        gb.write(picture, path)
    assert [p.name for p in tmp_path.iterdir()] == ([path.name] if old else [])
    assert not old or path.read_bytes() == old


ODD = {
    "of capitals": ({"Name": ["a", "b"], "fid": [5, 5], "geom": ["x", "y"]}, [".kml"]),
    "durations": ({"walk": pd.to_timedelta(["1h", None])}, []),
    "numbers and texts": ({"house": [12, "12a"]}, []),
    "large numbers": ({"hash": np.array([2**64 - 1, 1], dtype=np.uint64)}, []),
    "short numbers": ({"share": np.array([0.5, 1], dtype=np.float16)}, []),
    "complex": ({"wave": [1 + 2j, 0]}, []),
    "of a pivot": ({("places", 2020): [1, 2]}, []),
    "numbered": ({2020: [1, 2]}, []),
}
ALL = [*SHAPES, ".kml", ".kmz", ".shp.zip", ".csv", ".xlsx"]


@pytest.mark.filterwarnings("ignore:A shapefile cannot hold all")
@pytest.mark.parametrize("suffix", ALL)
@pytest.mark.parametrize("what", ODD)
def test_columns_of_any_kind_are_written_in_every_format(what, suffix, tmp_path):
    columns, _ = ODD[what]
    points = [shapely.Point(30, 50), shapely.Point(31, 51)]
    table = gpd.GeoDataFrame(columns, geometry=points, crs=4326)
    path = gb.write(table, tmp_path / f"odd{suffix}")
    if suffix in {".gpkg", ".parquet"}:
        names = [" ".join(map(str, n)) if isinstance(n, tuple) else str(n) for n in columns]
        back = read(path)
        assert [c for c in back.columns if c != "geometry"] == names
        for name, column in columns.items():
            if name in {"fid", "geom", "house", "share"}:
                assert back[name].astype(str).tolist() == [str(v) for v in column]


@pytest.mark.parametrize("suffix", ALL)
def test_rows_without_a_shape_are_written_in_every_format(suffix, tmp_path):
    points = [shapely.Point(30, 50), None, shapely.Point()]
    table = gpd.GeoDataFrame({"name": ["a", "b", "c"]}, geometry=points, crs=4326)
    path = gb.write(table, tmp_path / f"some{suffix}")
    if suffix in SHAPES:
        assert read(path)["name"].tolist() == ["a", "b", "c"]


@pytest.mark.parametrize("suffix", [*SHAPES, ".csv"])
def test_names_of_rows_never_collide_with_a_column(suffix, villages, tmp_path):
    keyed = villages.set_index(pd.Index(["x", "y"], name="name"))
    levels = pd.MultiIndex.from_tuples([("UA", 1), ("RU", 2)], names=["country", None])
    for index, (table, expected) in enumerate(
        [
            (keyed, {"name_of_row": ["x", "y"], "name": ["Юнаківка", "Тёткино"]}),
            (villages.set_index(levels), {"country": ["UA", "RU"], "row_1": [1, 2]}),
        ]
    ):
        path = gb.write(table, tmp_path / f"t{index}{suffix}")
        back = pd.read_csv(path) if suffix == ".csv" else read(path)
        for name, values in expected.items():
            assert sorted(back[name].tolist()) == sorted(values)


def test_duplicate_column_names_raise_an_error(villages, tmp_path):
    twice = pd.concat([villages, villages[["name"]]], axis=1)
    check_refused(twice, tmp_path / "t.geojson", "Invalid columns 'name' and 'name'", "rename()")
    capitals = villages.assign(NAME="x")
    check_refused(capitals, tmp_path / "t.gpkg", "'name' and 'NAME'", "ignores case")
    assert set(read(gb.write(capitals, tmp_path / "t.fgb"))["NAME"]) == {"x"}


def test_a_second_column_of_shapes_is_text(villages, tmp_path):
    table = villages.assign(centre=villages.geometry)
    back = read(gb.write(table, tmp_path / "t.gpkg"))
    assert back["centre"].tolist() == table["centre"].to_wkt().tolist()


def test_coordinates_that_a_table_had_are_not_overwritten(villages, tmp_path):
    table = villages.assign(longitude=["35°07′E", "34°15′E"])
    back = pd.read_csv(gb.write(table, tmp_path / "t.csv"))
    assert back["longitude"].tolist() == pytest.approx([35.123457, 34.25])
    assert back["longitude_original"].tolist() == ["35°07′E", "34°15′E"]


@pytest.mark.filterwarnings("ignore:A shapefile cannot hold all")
@pytest.mark.parametrize("suffix", ALL)
def test_a_file_of_distances_names_their_border(suffix, strip, tmp_path):
    zone = gb.build_zone(strip, km=10, tolerance_m=10)
    middle = zone.polygon.representative_point()
    places = gpd.GeoDataFrame(
        {"name": ["A"], "source": ["a gazetteer"]}, geometry=[middle], crs=4326
    )
    inside = gb.within(places, zone).sort_values("distance_km")
    path = gb.write(inside, tmp_path / f"inside{suffix}")
    if suffix == ".xlsx":  # once, not in each row
        assert not {"border", "border_source", "made_with"} & set(pd.read_excel(path).columns)
        about = dict(pd.read_excel(path, sheet_name="about", header=None).to_numpy().tolist())
        assert about["border_source"] == strip.source.title
        assert about["made_with"] == f"geobuffer {gb.__version__}"
        return
    assert strip.source.title in _text_of(path)
    assert f"geobuffer {gb.__version__}" in _text_of(path)
    if suffix == ".shp.zip":
        assert strip.source.title in zipfile.ZipFile(path).read("inside.txt").decode()
    assert "border_source" not in inside.columns
    counted = gb.exposure(places, zone)
    back = pd.read_csv(gb.write(counted, tmp_path / "counted.csv"))
    assert back["border_source"].tolist() == [strip.source.title]
    assert back["places_source"].tolist() == ["a gazetteer"]


def _text_of(path):
    """The whole content of a file as one text."""
    if path.suffix == ".csv":
        return path.read_text("utf-8")
    if path.suffix == ".kmz":
        return zipfile.ZipFile(path).read("doc.kml").decode()
    if path.suffix == ".kml":
        return path.read_text("utf-8")
    frame = gpd.read_file(f"zip://{path}") if path.suffix == ".zip" else read(path)
    return frame.drop(columns="geometry").to_string()

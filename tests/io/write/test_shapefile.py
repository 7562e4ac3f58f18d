"""Zipped shapefiles are read back, and a warning lists what the format cannot hold."""

import zipfile

import geopandas as gpd
import pandas as pd
import pytest
import shapely

import geobuffer as gb
from geobuffer.io.write import shapefile


@pytest.fixture
def places():
    return gpd.GeoDataFrame(
        {"name": ["Юнаківка", None], "population_as_of": ["2020", "2021"],
         "population": pd.array([1741, None], dtype="Int64"), "large": [True, False]},
        geometry=gpd.points_from_xy([35.123456789, 34.25], [51.1, 51.27]), crs="EPSG:4326",
    )  # fmt: skip


def _read_notes(path):
    with zipfile.ZipFile(path) as packed:
        (name,) = (name for name in packed.namelist() if name.endswith(".txt"))
        return packed.read(name).decode()


def test_a_zone_is_read_back_and_changes_are_reported(strip, tmp_path):
    zone = gb.build_zone(strip, km=[5, 10], tolerance_m=1)
    with pytest.warns(UserWarning, match="'edge_error_m' is called 'edge_error'"):
        path = gb.write(zone, tmp_path / "zone.shp.zip")
    assert [p.name for p in tmp_path.iterdir()] == ["zone.shp.zip"]
    back = gpd.read_file(path)
    assert back.crs == "EPSG:4326"
    assert back["ring"].tolist() == ["0–5 km", "5–10 km"]
    assert back["area_km2"].tolist() == pytest.approx(zone.ring_areas_km2)
    for was, now in zip(zone.rings, back.geometry, strict=True):
        assert now.normalize().equals_exact(was.normalize(), 1e-12)
    notes = _read_notes(path)
    for fact in (f"geobuffer {gb.__version__}", "source: drawn by hand", "Geodesic distance",
                 "edge_error = edge_error_m"):  # fmt: skip
        assert fact in notes


def test_it_holds_the_five_files_in_utf_8(places, tmp_path):
    with pytest.warns(UserWarning, match="'population_as_of' is called 'populati_1'") as told:
        path = gb.write(places, tmp_path / "мої місця.shp.zip")
    assert "the files in 'мої місця.shp.zip' are called 'мої_місця'" in str(told[0].message)
    with zipfile.ZipFile(path) as packed:
        endings = sorted(name.rsplit(".", 1)[1] for name in packed.namelist())
        (cpg,) = (name for name in packed.namelist() if name.endswith(".cpg"))
        assert packed.read(cpg) == b"UTF-8"
    assert endings == ["cpg", "dbf", "prj", "shp", "shx", "txt"]
    back = gpd.read_file(path)
    assert back["name"].tolist()[0] == "Юнаківка"
    assert pd.isna(back["name"][1])
    assert back["population"].fillna(-1).tolist() == [1741, -1]
    assert back["populati_1"].tolist() == ["2020", "2021"]
    assert back["large"].astype(bool).tolist() == [True, False]
    assert back.geometry.x.tolist() == [35.123456789, 34.25]


def test_long_texts_are_cut_between_letters_with_a_warning(places, tmp_path):
    long = "ї" * 200
    table = places[["geometry"]].assign(note=[long, "short"])
    with pytest.warns(UserWarning, match="column 'note': 1 texts are cut to 254 bytes"):
        path = gb.write(table, tmp_path / "t.shp.zip")
    first, second = gpd.read_file(path)["note"]
    assert second == "short"
    assert first.endswith("…")
    assert set(first[:-1]) == {"ї"}
    assert 250 <= len(first.encode()) <= 254
    assert "1 texts are cut" in _read_notes(path)


def test_timestamps_become_texts(places, tmp_path):
    when = pd.to_datetime(["2026-03-01T12:30:00Z", None])
    with pytest.warns(UserWarning, match="column 'when': moments"):
        path = gb.write(places[["geometry"]].assign(when=when), tmp_path / "t.shp.zip")
    back = gpd.read_file(path)["when"]
    assert back[0] == "2026-03-01T12:30:00+00:00"
    assert pd.isna(back[1])


def test_long_names_that_differ_at_the_end_stay_distinct(places, tmp_path):
    names = ["distance_km_a", "distance_km_b", "DISTANCE_KM_C", "дуже", "довге", "geometry_x"]
    table = places[["geometry"]].assign(**{name: n for n, name in enumerate(names)})
    with pytest.warns(UserWarning, match="shapefile cannot hold all"):
        path = gb.write(table, tmp_path / "t.shp.zip")
    back = gpd.read_file(path).drop(columns="geometry")
    assert back.iloc[0].tolist() == list(range(len(names)))
    assert all(len(name) <= 10 and name.isascii() for name in back.columns)
    assert len({name.casefold() for name in back.columns}) == len(names)


def test_points_and_multipoints_become_multipoints(tmp_path):
    shapes = [shapely.Point(30, 50), shapely.MultiPoint([(31, 50), (32, 50)]), None]
    table = gpd.GeoDataFrame({"a": [1, 2, 3]}, geometry=shapes, crs="EPSG:4326")
    back = gpd.read_file(gb.write(table, tmp_path / "t.shp.zip"))
    assert [None if s is None else len(shapely.get_parts(s)) for s in back.geometry] == [1, 2, None]


@pytest.mark.parametrize(
    ("shapes", "says"),
    [
        ([shapely.Point(30, 50), shapely.box(30, 50, 31, 51)], "Point, Polygon"),
        ([None, None], "none"),
    ],
)
def test_shapes_of_several_kinds_are_refused(shapes, says, tmp_path):
    table = gpd.GeoDataFrame({"a": [1, 2]}, geometry=shapes, crs="EPSG:4326")
    with pytest.raises(gb.DataError, match=f"{says}. Must be of one kind"):
        gb.write(table, tmp_path / "t.shp.zip")
    assert list(tmp_path.iterdir()) == []


def test_a_shapefile_over_2_gb_raises_an_error(places, tmp_path, monkeypatch):
    monkeypatch.setattr(shapefile, "_MOST_BYTES", 100)
    with pytest.raises(gb.DataError, match="more than 2 GB"):
        gb.write(places[["name", "geometry"]], tmp_path / "t.shp.zip")
    assert list(tmp_path.iterdir()) == []

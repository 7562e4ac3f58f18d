"""A file geodatabase is read as a folder and in a zip archive, and opens no other file."""

import zipfile

import geopandas as gpd
import pytest
import shapely

import geobuffer as gb

AREA = shapely.box(35, 51, 36, 52)


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "data.gdb"
    layers = {"oblasts": AREA, "towns": shapely.Point(35.2, 51.2)}
    for layer, shape in layers.items():
        table = gpd.GeoDataFrame({"name": ["Суми"]}, geometry=[shape], crs="EPSG:4326")
        table.to_file(path, driver="OpenFileGDB", layer=layer)
    return path


def pack(database, archive, within):
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for part in database.iterdir():
            packed.write(part, f"{within}{part.name}")
        packed.writestr("readme.txt", "not data")
    return archive


def check_read(path):
    assert gb.read_regions(path)["Суми"].geometry.equals(AREA)
    assert gb.read_settlements(path)["name"].tolist() == ["Суми"]
    assert len(gb.read_settlements(path, layer="towns")) == 1
    with pytest.raises(gb.DataError, match=r"Invalid layer 'x' of .*'oblasts'"):
        gb.read_settlements(path, layer="x")
    with pytest.raises(gb.DataError, match=r"2 layers.*layer="):
        gb.read_border(path)


def test_a_folder_is_read_and_not_changed(database):
    before = {part.name: part.read_bytes() for part in database.iterdir()}
    check_read(database)
    assert {part.name: part.read_bytes() for part in database.iterdir()} == before


@pytest.mark.parametrize("within", ["data.gdb/", "deep/data.gdb/", ""])
def test_an_archive_of_a_folder_is_read(database, tmp_path, within):
    check_read(pack(database, tmp_path / "data.zip", within))


def test_the_size_of_a_folder_is_limited(database, tmp_path):
    for path in (database, pack(database, tmp_path / "data.zip", "data.gdb/")):
        with pytest.raises(gb.DataError, match=r"Must be at most 1e-05 GB"):
            gb.read_regions(path, max_gb=0.00001)


def test_a_link_out_of_the_folder_is_refused(database, tmp_path):
    part = next(database.glob("*.gdbtable"))
    part.rename(tmp_path / "elsewhere")
    part.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(gb.DataError, match="a link to another folder"):
        gb.read_regions(database)


def test_other_files_in_the_folder_are_not_opened(database):
    table = gpd.GeoDataFrame({"name": ["Canary"]}, geometry=[AREA], crs="EPSG:4326")
    table.to_file(database / "first.shp")
    (database / "a.vrt").write_text("<OGRVRTDataSource/>")
    (database / "sub").mkdir()
    assert [region.name for region in gb.read_regions(database)] == ["Суми"]


GRID = "PROJ4_GRIDS"


@pytest.mark.parametrize(
    "text",
    [
        GRID.encode(), GRID.encode("utf-16-le"), b"&#80;ROJ4_GRIDS", b"+nadgrids=x.gsb",
        b"ParameterFile",
    ],
)  # fmt: skip
@pytest.mark.parametrize("shift", [0, 1, (1 << 22) - 5])
def test_a_reference_system_that_names_a_file_is_refused(database, text, shift):
    part = max(database.glob("*.gdbtable"))
    padding = b"\0" if shift < 2 else b"x"
    part.write_bytes(part.read_bytes() + padding * shift + text)
    with pytest.raises(gb.DataError, match=r"data\.gdb: it names another file"):
        gb.read_regions(database)


def test_a_damaged_database_is_refused_with_its_size(database):
    for part in database.glob("*.gdbtable"):
        part.write_bytes(part.read_bytes()[:50])
    with pytest.raises(
        gb.DataError, match=r"data\.gdb: it is incomplete or damaged \([\d,]+ bytes"
    ):
        gb.read_regions(database)


def test_another_folder_is_refused(tmp_path):
    with pytest.raises(gb.DataError, match=r"it is a folder.*geodatabase"):
        gb.read_regions(tmp_path)

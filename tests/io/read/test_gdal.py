"""A missing companion of a Shapefile is reported, created again, or raises an error."""

import os
import zipfile

import geopandas as gpd
import pyogrio
import pytest
import shapely

import geobuffer as gb

NAMES = ["Суджа", "Ёлкино"]


def shapefile(folder, encoding="cp1251", names=NAMES):
    shapes = [shapely.box(30 + i, 50, 31 + i, 51) for i in range(len(names))]
    table = gpd.GeoDataFrame({"name": names}, geometry=shapes, crs="EPSG:4326")
    table.to_file(folder / "areas.shp", encoding=encoding)
    return folder / "areas.shp"


def test_cp1251_without_cpg_is_detected_with_a_note(tmp_path):
    file = shapefile(tmp_path)
    file.with_suffix(".cpg").unlink()
    assert gpd.read_file(file)["name"].tolist() != NAMES, "GDAL reads it wrongly"
    with pytest.warns(UserWarning, match=r"read as cp1251.*no \.cpg"):
        regions = gb.read_regions(file)
    assert [region.name for region in regions] == NAMES


@pytest.mark.parametrize("encoding", ["cp1251", "UTF-8"])
def test_the_encoding_comes_from_the_cpg_file(tmp_path, encoding):
    file = shapefile(tmp_path, encoding)
    assert [region.name for region in gb.read_regions(file)] == NAMES


def test_the_encoding_comes_from_the_language_driver(tmp_path):
    file = shapefile(tmp_path, names=["Ћ"])  # as cp1251 a letter of Serbian; as cp866, nothing
    file.with_suffix(".cpg").unlink()
    table = bytearray(file.with_suffix(".dbf").read_bytes())
    table[29] = 0xC9
    file.with_suffix(".dbf").write_bytes(table)
    with pytest.warns(UserWarning, match="cp1251"):
        assert next(iter(gb.read_regions(file))).name == "Ћ"


def test_plain_texts_need_no_encoding(tmp_path):
    file = shapefile(tmp_path, names=["Kursk", "Sumy"])
    file.with_suffix(".cpg").unlink()
    assert len(gb.read_regions(file)) == 2


@pytest.mark.parametrize("packed", [False, True])
def test_a_shapefile_without_shx_is_read_with_a_warning_and_not_changed(tmp_path, packed):
    file = shapefile(tmp_path, "UTF-8")
    file.with_suffix(".shx").unlink()
    if packed:
        with zipfile.ZipFile(tmp_path / "areas.zip", "w") as archive:
            for part in tmp_path.glob("areas.*"):
                if part.suffix != ".zip":
                    archive.write(part, f"in/{part.name}")
        file = tmp_path / "areas.zip"
    before = sorted(tmp_path.iterdir())
    with pytest.warns(UserWarning, match=r"index \(\.shx\) is missing"):
        regions = gb.read_regions(file)
    assert [region.name for region in regions] == NAMES
    assert sorted(tmp_path.iterdir()) == before
    assert pyogrio.get_gdal_config_option("SHAPE_RESTORE_SHX") is None


def test_a_truncated_file_raises_an_error_though_gdal_reads_it(tmp_path):
    file = shapefile(tmp_path)
    whole = file.read_bytes()
    file.write_bytes(whole[:-60])
    assert gpd.read_file(file).geometry.isna().any(), "GDAL says nothing"
    with pytest.raises(gb.DataError, match=f"incomplete, {len(whole) - 60} bytes of {len(whole)}"):
        gb.read_regions(file)


@pytest.mark.skipif(os.name == "nt", reason="its file systems do not tell capitals apart")
def test_companions_in_capitals(tmp_path):
    file = shapefile(tmp_path)
    file.with_suffix(".dbf").rename(tmp_path / "areas.DBF")
    assert [region.name for region in gb.read_regions(file)] == NAMES


TOWNS = ["Юнаківка", "Хотінь", "Краснопілля"]
CZECH = ["Přerov", "Žďár", "Kroměříž", "Třebíč"]


@pytest.mark.parametrize(("encoding", "code_page", "names"), [
    ("UTF-8", "1251", TOWNS), ("UTF-8", "ISO-8859-1", TOWNS), ("UTF-8", "1252", CZECH),
    ("cp1251", "UTF-8", TOWNS), ("cp1251", "ISO-8859-1", TOWNS), ("cp1251", "OEM 866", TOWNS),
    ("KOI8-U", "1251", TOWNS), ("cp1250", "UTF-8", CZECH), ("cp1250", "1252", CZECH),
    ("cp1250", "1251", CZECH), ("cp1251", "system", TOWNS),
    ("gb18030", "UTF-8", ["黑河市", "北京市", "上海市"]),
])  # fmt: skip
def test_warns_of_a_wrong_cpg_and_reads_the_right_encoding(tmp_path, encoding, code_page, names):
    file = shapefile(tmp_path, encoding, names)
    file.with_suffix(".cpg").write_text(code_page)
    with pytest.warns(UserWarning, match=rf"areas\.shp: its texts were read .*{code_page}") as told:
        regions = gb.read_regions(file)
    assert [region.name for region in regions] == names
    assert "encoding=" in str(told[0].message)


@pytest.mark.parametrize(("encoding", "code_page", "names"), [
    ("cp1251", "1251", TOWNS), ("cp1251", "ANSI 1251", TOWNS), ("cp1251", "windows-1251", TOWNS),
    ("cp866", "OEM 866", ["Суджа", "Рыльск"]), ("ISO-8859-2", "88592", CZECH),
    ("gb18030", "936", ["黑河市"]), ("UTF-8", "65001", CZECH),
    ("cp1252", "ISO-8859-1", ["Besançon", "Orléans"]), ("cp1254", "1254", ["Şırnak"]),
    ("UTF-8", "UTF-8", ["Ö"]), ("cp1251", "1251", ["В»"]),
])  # fmt: skip
def test_a_right_cpg_is_taken_without_a_note(tmp_path, encoding, code_page, names):
    file = shapefile(tmp_path, encoding, names)
    file.with_suffix(".cpg").write_text(code_page)
    assert [region.name for region in gb.read_regions(file)] == names


def test_the_caller_may_state_the_encoding_of_a_shapefile(tmp_path):
    file = shapefile(tmp_path, "cp1251", TOWNS)
    file.with_suffix(".cpg").write_text("UTF-8")
    assert [r.name for r in gb.read_regions(file, encoding="Windows-1251")] == TOWNS
    line = gpd.GeoDataFrame({"name": ["Псел"]}, geometry=[shapely.LineString([(34, 51), (34, 50)])])
    line.set_crs("EPSG:4326").to_file(tmp_path / "line.shp", encoding="cp1251")
    (tmp_path / "line.cpg").write_text("UTF-8")
    border = gb.read_border(tmp_path / "line.shp", encoding="cp1251")
    assert "Псел" in repr(border)


def test_texts_of_two_encodings_are_refused(tmp_path):
    file = shapefile(tmp_path, "UTF-8", TOWNS)
    table = file.with_suffix(".dbf")
    wide = "Хотінь".encode()
    data = table.read_bytes().replace(wide, "Хотінь".encode("cp1251").ljust(len(wide)))
    table.write_bytes(data)
    with pytest.raises(gb.DataError, match=r"some of its texts are UTF-8, and others .* cp1251"):
        gb.read_regions(file)


def test_a_letter_cut_by_a_field_is_still_utf8(tmp_path):
    file = shapefile(tmp_path, "UTF-8", [*TOWNS, "Я" * 40])
    table = file.with_suffix(".dbf")
    width = table.read_bytes()[48]
    name = "Я" * 40
    cut = ("a" + name).encode()[:width].ljust(width)
    whole = name.encode().ljust(width)
    table.write_bytes(table.read_bytes().replace(whole, cut))
    # GDAL's reader cannot read the cut letter, and we must not take all names for another encoding.
    with pytest.raises(gb.DataError, match="utf-8"):
        gb.read_regions(file)

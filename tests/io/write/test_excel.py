"""Excel workbooks can be read back unchanged and contain no formulas."""

import datetime as dt
import zipfile

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely

import geobuffer as gb
from geobuffer.io.write import excel


def _cells(path, sheet="data"):
    return [[cell.value for cell in row] for row in openpyxl.load_workbook(path)[sheet].rows]


DANGEROUS = ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x")', "#REF!", "\t=1"]


def test_no_text_becomes_a_formula(tmp_path):
    table = pd.DataFrame({"=name": DANGEROUS})
    path = gb.write(table, tmp_path / "t.xlsx")
    book = openpyxl.load_workbook(path)["data"]
    cells = [cell for row in book.rows for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "inlineStr"}
    assert {cell.number_format for cell in cells} == {"@"}
    assert [cell.value for cell in cells] == ["=name", *DANGEROUS]
    with zipfile.ZipFile(path) as packed:
        sheet = packed.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet


def test_codes_keep_their_zeros_and_their_digits(tmp_path):
    table = pd.DataFrame({"katotth": ["007", "1e5"], "id": [2**60, 5]})
    assert _cells(gb.write(table, tmp_path / "t.xlsx"))[1:] == [["007", str(2**60)], ["1e5", 5]]


def test_values_keep_their_kinds(tmp_path):
    moment = pd.Timestamp("2026-03-01T12:30:00")
    table = pd.DataFrame(
        {
            "number": [1.5, np.nan],
            "count": pd.array([3, None], dtype="Int64"),
            "yes": [True, False],
            "day": [dt.date(2026, 3, 1), None],
            "moment": [moment, pd.NaT],
            "zoned": [moment.tz_localize("Europe/Kyiv"), None],
            "old": [dt.date(1854, 1, 1), None],
            "infinite": [np.inf, 0],
            "text": ["Юнаківка", None],
        }
    )
    head, first, second = _cells(gb.write(table, tmp_path / "t.xlsx"))
    assert head == list(table.columns)
    assert first == [1.5, 3, True, pd.Timestamp("2026-03-01"), moment.to_pydatetime(),
                     "2026-03-01T12:30:00+02:00", "1854-01-01", "inf", "Юнаківка"]  # fmt: skip
    assert second == [None, None, False, None, None, None, None, 0, None]


def test_points_become_columns_and_the_source_is_stated(towns, tmp_path):
    path = gb.write(towns.head(20), tmp_path / "places.xlsx")
    rows = _cells(path)
    assert rows[0][-2:] == ["longitude", "latitude"]
    assert [row[-2] for row in rows[1:]] == towns.head(20).geometry.x.round(6).tolist()
    about = _cells(path, "about")
    assert ["made_with", f"geobuffer {gb.__version__}"] in about
    assert ["rows", 20] in about
    assert {value for key, value in about if key == "source"} == set(towns.head(20)["source"])
    back = pd.read_excel(path, sheet_name="data", dtype={"code": str})
    assert back["code"].dropna().tolist() == towns.head(20)["code"].dropna().tolist()


def test_tables_beyond_the_limits_of_a_sheet_raise_an_error(tmp_path, monkeypatch):
    path = tmp_path / "t.xlsx"
    with pytest.raises(gb.DataError, match="row 1, 'a': 40,000 characters"):
        gb.write(pd.DataFrame({"a": ["x", "y" * 40_000]}), path)
    with pytest.raises(gb.DataError, match=r"row 0, 'a': .* cannot hold"):
        gb.write(pd.DataFrame({"a": ["bell\x07"]}), path)
    monkeypatch.setattr(excel, "_MOST_ROWS", 2)
    with pytest.raises(gb.DataError, match="3 rows"):
        gb.write(pd.DataFrame({"a": [1, 2, 3]}), path)
    square = gpd.GeoDataFrame(geometry=[shapely.Point(30, 50).buffer(1, 2000)], crs="EPSG:4326")
    with pytest.raises(gb.DataError, match="'wkt'"):
        gb.write(square, path)
    assert list(tmp_path.iterdir()) == []


def test_without_xlsxwriter_the_error_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setattr(excel.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(gb.DataError, match=r"pip install 'geobuffer\[excel\]'"):
        gb.write(pd.DataFrame({"a": [1]}), tmp_path / "t.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_the_header_is_bold_stays_in_view_and_has_a_filter(tmp_path):
    table = pd.DataFrame({"name": ["Юнаківка" * 4, "b"], "n": [1, 2], "wkt": ["x" * 500, ""]})
    sheet = openpyxl.load_workbook(gb.write(table, tmp_path / "t.xlsx"))["data"]
    assert [cell.font.bold for cell in sheet[1]] == [True, True, True]
    assert not any(cell.font.bold for cell in sheet[2])
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:C3"
    # A column is as wide as its longest value, within the smallest and the largest width.
    widths = [sheet.column_dimensions[letter].width for letter in "ABC"]
    assert [round(width) for width in widths] == [33, 9, 61]


def test_numbers_among_texts_stay_numbers(tmp_path):
    path = gb.write(pd.DataFrame({"mixed": ["007", 7, 1.5]}), tmp_path / "t.xlsx")
    cells = [row[0] for row in openpyxl.load_workbook(path)["data"].rows][1:]
    assert [(c.value, c.number_format) for c in cells] == [
        ("007", "@"), (7, "General"), (1.5, "General"),
    ]  # fmt: skip


def test_a_table_without_rows_or_columns_is_written(tmp_path):
    assert _cells(gb.write(pd.DataFrame({"a": []}), tmp_path / "rows.xlsx")) == [["a"]]
    assert _cells(gb.write(pd.DataFrame(), tmp_path / "none.xlsx")) in ([], [[None]])

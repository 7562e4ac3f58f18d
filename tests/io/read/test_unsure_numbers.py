"""Figures that are no sure numbers, errors of spreadsheets, unsaved formulas and hidden sheets."""

import re

import openpyxl
import pytest

import geobuffer as gb

HEADER = ["name", "lat", "lon", "population"]


def csv(path, *people):
    rows = [f'P{n},51.{n + 1},35.{n + 1},"{one}"' for n, one in enumerate(people)]
    path.write_text("\n".join([",".join(HEADER), *rows]) + "\n", encoding="utf-8")
    return path


def book(path, sheets, hidden=()):
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for title, rows in sheets.items():
        sheet = workbook.create_sheet(title)
        for row in rows:
            sheet.append(row)
        sheet.sheet_state = "hidden" if title in hidden else "visible"
    workbook.save(path)
    return path


@pytest.mark.parametrize(
    ("people", "expected", "told"),
    [
        (["?", "~1700", "1200", "5"], [None, None, 1200, 5], r"'\?', '~1700'\): 2 \(lines 2, 3\)"),
        (["c. 1700", "5", "500–600", "7"], [None, 5, None, 7], r"2 \(lines 2, 4\)"),
        (["?", "#N/A", "невідомо", "?"], [None] * 4, r"4 \(lines 2, 3, 4, 5\)"),
        (["1\u200b700", "5", "n/a", ""], [1700, 5, None, None], ""),
    ],
)
def test_vague_numbers_of_people_become_missing(tmp_path, recwarn, people, expected, told):
    table = gb.read_settlements(csv(tmp_path / "a.csv", *people))
    assert table["population"].astype(object).where(table["population"].notna(), None).tolist() == (
        expected
    )
    said = "\n".join(str(one.message) for one in recwarn)
    assert bool(told) == ("no sure numbers" in said)
    assert re.search(told, said), said


@pytest.mark.parametrize(
    "people",
    [
        ["1700 осіб", "5 осіб", "6 осіб", "7"],
        ["TRUE", "5", "6", "7"],
        ["1,2,3", "5", "6", "7"],
        ["inf", "5", "6", "7"],
        ["9" * 5000, "5", "6", "7"],
        ["99999999999", "5", "6", "7"],
    ],
)
def test_other_values_of_people_are_refused_by_line(tmp_path, people):
    with pytest.raises(gb.DataError, match=r"Invalid population in line 2 of .*a\.csv"):
        gb.read_settlements(csv(tmp_path / "a.csv", *people))


def test_an_approximate_accuracy_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    for value, refused in (("?", False), ("~500", True)):
        path.write_text(f"name,lat,lon,accuracy_m\nA,51.1,35.1,{value}\nB,51.2,35.2,50\n")
        if refused:
            with pytest.raises(gb.DataError, match="'~500'"):
                gb.read_settlements(path)
        else:
            with pytest.warns(UserWarning, match="no sure numbers"):
                assert gb.read_settlements(path)["accuracy_m"].isna().tolist() == [True, False]


def test_warns_of_unsaved_formulas_by_cell(tmp_path, recwarn):
    rows = [HEADER, ["A", "=51+0.1", "=35+0.1", 5], ["B", 51.2, 35.1, "=2*3"], ["C", 51.3, 35, 7]]
    path = book(tmp_path / "a.xlsx", {"data": rows})
    table = gb.read_settlements(path)
    assert table.geometry.notna().tolist() == [False, True, True]
    assert table["population"].isna().tolist() == [False, True, False]
    assert "saved result were read as empty: 3 (cells B2, C2, D3)" in str(recwarn[0].message)
    only = book(tmp_path / "b.xlsx", {"data": [["=A", "=B"], ["=1", "=2"]]})
    with pytest.raises(gb.DataError, match=r"no sheet has rows.*formulas"):
        gb.read_settlements(only)


def test_warns_of_errors_in_cells_and_refuses_truth_values(tmp_path, recwarn):
    rows = [HEADER, ["#NAME?", "#N/A", "#N/A", "#DIV/0!"], ["B", 51.2, 35.1, 6], ["C", 51, 35, 7]]
    table = gb.read_settlements(book(tmp_path / "a.xlsx", {"data": rows}))
    assert table.iloc[0][["name", "population", "geometry"]].isna().all()
    text = "\n".join(str(one.message) for one in recwarn)
    for part in ("#NAME?: 1 (line 2)", "rows without coordinates: 1 (line 2)", "'#DIV/0!'"):
        assert part in text
    rows[1] = ["A", 51.1, 35.1, True]
    with pytest.raises(gb.DataError, match=r"population in line 2 .*True"):
        gb.read_settlements(book(tmp_path / "a.xlsx", {"data": rows}))


def test_hidden_sheets_are_left_out_and_told(tmp_path):
    now, old = [HEADER, ["A", 51.1, 35.1, 5]], [HEADER, ["Z", 52.1, 36.1, 5]]
    path = book(tmp_path / "a.xlsx", {"old": old, "now": now}, hidden=["old"])
    with pytest.warns(UserWarning, match="hidden sheets were left out: 'old'"):
        assert gb.read_settlements(path)["name"].tolist() == ["A"]
    assert gb.read_settlements(path, sheet="old")["name"].tolist() == ["Z"]

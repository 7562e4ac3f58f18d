"""Read text tables in any encoding with any separator, and workbooks."""

import datetime as dt
import json
import math
import re
import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
from geopandas.testing import assert_geodataframe_equal
from hypothesis import given, settings
from hypothesis import strategies as st

import geobuffer as gb
from geobuffer.io.read.encodings import detect_encoding
from geobuffer.zones.coordinates import parse_coordinate

COORDINATES = json.loads(
    (Path(__file__).parents[2] / "support" / "coordinates.json").read_text(encoding="utf-8")
)
ROWS = [("Суджа", "51,19", "35,27"), ("Юнаківка", "51,09", "34,99"), ("Ґудове", "51,2", "34,5")]


def text(separator=";", header=("Назва", "Широта", "Довгота"), rows=ROWS):
    return "\n".join(separator.join(row) for row in (header, *rows)) + "\n"


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_the_separator_is_detected(tmp_path, separator):
    file = tmp_path / "places.csv"
    file.write_text(text(separator), encoding="utf-8")
    places = gb.read_settlements(file)
    assert places["name"].tolist() == [row[0] for row in ROWS]
    assert places.geometry.x.tolist() == [35.27, 34.99, 34.5]
    assert places.geometry.y.tolist() == [51.19, 51.09, 51.2]


def test_commas_with_points_or_quoted_decimal_commas(tmp_path):
    file = tmp_path / "places.csv"
    file.write_text('name,lat,lon\n"Sudzha, town",51.19,35.27\nB,"51,09","34,99"\n')
    places = gb.read_settlements(file)
    assert places["name"].tolist() == ["Sudzha, town", "B"]
    assert places.geometry.y.tolist() == [51.19, 51.09]


def test_unquoted_decimal_commas_between_commas_name_the_line(tmp_path):
    file = tmp_path / "places.csv"
    file.write_text("name,lat,lon\nA,51,19,35,27\n")
    with pytest.raises(gb.DataError, match=r"line 2 .*5 fields.*header has 3.*decimal commas"):
        gb.read_settlements(file)


def test_a_short_line_raises_an_error_with_its_number(tmp_path):
    file = tmp_path / "places.csv"
    file.write_text("name;lat;lon\nA;51;35\nB;51\n")
    with pytest.raises(gb.DataError, match=r"line 3 .*2 fields.*incomplete\?"):
        gb.read_settlements(file)


def test_line_numbers_match_those_of_an_editor(tmp_path):
    file = tmp_path / "places.csv"
    file.write_text('name;lat;lon\n"A\nA";51;35\n\nB;north;35\n')
    with pytest.raises(gb.DataError, match=r"Invalid lat in line 5 .*'north'"):
        gb.read_settlements(file)


@pytest.mark.parametrize("encoding", [
    "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be",
])  # fmt: skip
def test_unicode_in_any_form(tmp_path, encoding):
    file = tmp_path / "places.txt"
    file.write_bytes(text("\t").encode(encoding))
    if not encoding.startswith("utf-8"):
        with pytest.warns(UserWarning, match=f"read as {encoding[:6]}"):
            places = gb.read_settlements(file)
    else:
        places = gb.read_settlements(file)
    assert places["name"].tolist() == [row[0] for row in ROWS]


@pytest.mark.parametrize("encoding", ["cp1251", "koi8_u"])
def test_old_encodings_are_detected_with_a_note(tmp_path, encoding):
    file = tmp_path / "places.csv"
    file.write_bytes(text().encode(encoding))
    with pytest.warns(UserWarning, match=f"read as {encoding}; if letters look wrong"):
        places = gb.read_settlements(file)
    assert places["name"].tolist() == [row[0] for row in ROWS]


@pytest.mark.parametrize(("column", "encoding", "least"), [
    ("name_uk", "cp1251", 0.994), ("name_uk", "utf-8", 1.0),
    pytest.param("name_ru", "koi8_u", 0.979, marks=pytest.mark.long),
    pytest.param("name_uk", "koi8_u", 0.983, marks=pytest.mark.long),
    pytest.param("name_ru", "cp1251", 0.994, marks=pytest.mark.long),
    pytest.param("name_ru", "cp866", 0.993, marks=pytest.mark.long),
])  # fmt: skip
def test_the_encoding_of_a_single_village_is_found(towns, column, encoding, least):
    """We detect the encoding from any single name, but for the few that the shares leave."""
    right = tried = 0
    for name in sorted(set(towns[column].dropna())):
        try:
            data = f"name;lat;lon\n{name};51,5;34,5\n".encode(encoding)
        except UnicodeEncodeError:
            continue
        tried += 1
        right += data.isascii() or data.decode(detect_encoding(data)) == data.decode(encoding)
    assert tried > 3_500
    assert right / tried >= least


@pytest.mark.parametrize(("text", "encoding"), [
    ("Łódź;Kraków;Gdańsk;Świnoujście;Żyrardów;Poznań", "cp1250"),
    ("서울 부산 대구 인천 광주 대전 울산", "cp949"),
    ("Αθήνα;Θεσσαλονίκη;Πάτρα;Ηράκλειο;Λάρισα", "cp1253"),
    ("Orléans;Besançon;Saint-Étienne;Châlons", "cp1252"),
])  # fmt: skip
def test_other_scripts_are_not_taken_for_cyrillic(text, encoding):
    assert text.encode(encoding).decode(detect_encoding(text.encode(encoding))) == text


@pytest.mark.parametrize("encoding", ["cp1251", "koi8_u", "cp1125", "iso8859_5"])
@pytest.mark.parametrize("facility", [
    "ТОВ «Юнаківка»", "ФАП № 5, КП «Вода»", "СумОДА", "© ДНВП «Картографія»", "смт — 5 °",
])  # fmt: skip
def test_punctuation_and_abbreviations_mislead_no_choice(encoding, facility):
    rows = "".join(f"{name};{facility};51,1;34,9\n" for name in ("Юнаківка", "Хотінь", "Кияниця"))
    data = f"name;facility;lat;lon\n{rows}".encode(encoding, "ignore")
    assert data.decode(detect_encoding(data)) == data.decode(encoding)


@pytest.mark.parametrize(("one", "other"), [("utf-8", "cp1251"), ("cp1251", "utf-8")])
def test_a_file_of_two_encodings_is_refused_with_its_lines(tmp_path, one, other):
    file = tmp_path / "places.csv"
    file.write_bytes(
        "name;lat;lon\nA;51;35\nСуджа;51;35\n".encode(one) + "Юнаківка;51;35\n".encode(other)
    )
    first, second = (3, 4) if one == "utf-8" else (4, 3)
    with pytest.raises(
        gb.DataError, match=f"line {first} is UTF-8, but line {second} is not"
    ) as no:
        gb.read_settlements(file)
    assert "cp1251" in str(no.value)
    assert "places.csv" in str(no.value)


def test_note_on_an_unsure_encoding_shows_a_word_in_both(tmp_path):
    file = tmp_path / "places.csv"
    rows = "Hostie;57;54\nHruboňovo;57;54\nMedzilaborce;57;53\n"
    file.write_bytes(f"name;lat;lon\n{rows}".encode("cp852"))
    with pytest.warns(UserWarning, match="may be") as told:
        gb.read_settlements(file)
    assert "Hruboňovo" in str(told[0].message)


def test_the_caller_may_state_the_encoding(tmp_path):
    file = tmp_path / "places.csv"
    file.write_bytes("name;lat;lon\nЯлта;51;35\n".encode("mac_cyrillic"))
    places = gb.read_settlements(file, encoding="Mac-Cyrillic")
    assert places["name"].tolist() == ["Ялта"]


def test_an_encoding_is_refused_that_is_unknown_or_needless(tmp_path):
    file = tmp_path / "places.csv"
    file.write_text("name;lat;lon\nA;51;35\n")
    for wrong in ("cp12510", "base64", "idna", "undefined", "a\0b", ""):
        with pytest.raises(gb.DataError, match="Invalid encoding") as no:
            gb.read_settlements(file, encoding=wrong)
        assert no.value.parameter == "encoding"
    with pytest.raises(gb.WrongKind, match="encoding"):
        gb.read_settlements(file, encoding=1251)
    file.write_text("name;lat;lon\nЯ;51;35\n", encoding="utf-8")
    with pytest.raises(gb.DataError, match="line 2: no ascii at byte"):
        gb.read_settlements(file, encoding="ascii")
    with pytest.raises(gb.DataError, match="table in memory"):
        gb.read_settlements(pd.DataFrame({"lat": [51], "lon": [35]}), encoding="utf-8")


@pytest.mark.parametrize(("page", "countries"), [
    ("cp1251", ("UA", "RU")), ("cp1250", ("PL",)), ("cp1252", ("DE",)),
])  # fmt: skip
def test_our_own_csv_resaved_by_excel_reads_back_whole(tmp_path, towns, page, countries):
    """Excel of another locale writes semicolons, decimal commas and the code page of Windows."""
    if "UA" in countries:
        table = towns.iloc[::400].reset_index(drop=True)
    else:
        names = {"PL": ["Łódź", "Żyrardów", "Świętochłowice"], "DE": ["Köln", "Gießen", "Lübeck"]}
        table = gpd.GeoDataFrame(
            {
                "name": names[countries[0]],
                "population": pd.Series([767628, 39_374, 48_716], dtype="Int64"),
                "accuracy_m": [50.0, 12.5, 7.25],
                "source": ["© GUGiK „PRNG”", "© BKG – GN250", "§ 5 «x»"],
            },
            geometry=gpd.points_from_xy([19.4547, 20.4461, 18.9167], [51.7769, 52.0554, 50.2919]),
            crs="EPSG:4326",
        )
        table["source"] = table["source"].map(lambda text: text.encode(page, "ignore").decode(page))
    gb.write(table, tmp_path / "own.csv")
    first = gb.read_settlements(tmp_path / "own.csv")
    cells = pd.read_csv(tmp_path / "own.csv", dtype=str, keep_default_na=False)
    commas = cells.map(lambda text: re.sub(r"^(-?\d+)\.(\d+)$", r"\1,\2", text))
    resaved = tmp_path / "resaved.csv"
    commas.to_csv(resaved, sep=";", index=False, encoding=page, lineterminator="\r\n")
    with pytest.warns(UserWarning, match=f"read as {page}"):
        again = gb.read_settlements(resaved)
    assert_geodataframe_equal(again, first)


def test_bytes_invalid_in_the_encoding_raise_an_error(tmp_path):
    file = tmp_path / "places.csv"
    file.write_bytes("name;lat;lon\nСуджа;51;35".encode("utf-16")[:-1])
    with pytest.raises(gb.DataError, match="line 2: no utf-16 at byte"):
        gb.read_settlements(file)


def test_two_columns_of_one_name_are_refused(tmp_path):
    file = tmp_path / "places.csv"
    file.write_text("name;lat;lat\nA;51;35\n")
    with pytest.raises(gb.DataError, match="two columns are named 'lat'"):
        gb.read_settlements(file)


def test_a_table_without_rows(tmp_path):
    file = tmp_path / "places.csv"
    file.write_text("name;lat;lon\n")
    with pytest.raises(gb.DataError, match="no rows below a header"):
        gb.read_settlements(file)


# Notations of coordinates


def test_coordinates_in_known_notations_are_read(tmp_path):
    axes = {"latitude": 51.0, "longitude": 35.0}
    cases = COORDINATES["single"]
    rows = [axes | {axis: text} for text, axis, _ in cases]
    pd.DataFrame(rows).assign(name=range(len(rows))).to_csv(tmp_path / "places.csv", index=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        points = gb.read_settlements(tmp_path / "places.csv", name="name").geometry
    found = np.where(
        [axis == "latitude" for _, axis, _ in cases], points.y.to_numpy(), points.x.to_numpy()
    )
    meant = [math.nan if degrees is None else degrees for _, _, degrees in cases]
    assert found == pytest.approx(meant, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize(
    ("written", "axis"),
    [
        ("51 11 24", "latitude"), ("1.234,5", "longitude"), ("51.19 N", "longitude"),
        ("35°61′", "longitude"), ("51;19", "latitude"), ("inf", "latitude"),
    ],
)  # fmt: skip
def test_an_unclear_coordinate_is_refused_with_line_column_and_value(tmp_path, written, axis):
    file = tmp_path / "places.csv"
    pair = {"latitude": "51.19", "longitude": "35.27"} | {axis: written}
    file.write_text(
        f'name,latitude,longitude\nA,51,35\nB,"{pair["latitude"]}","{pair["longitude"]}"\n',
        encoding="utf-8",
    )
    with pytest.raises(gb.DataError, match=f"Invalid {axis} in line 3 of ") as caught:
        gb.read_settlements(file)
    assert repr(written) in str(caught.value)


@settings(max_examples=200, deadline=None)
@given(st.floats(-180, 180), st.sampled_from([".", ","]))
def test_every_decimal_number_is_parsed(number, mark):
    written = repr(number).replace(".", mark)
    assert parse_coordinate(written, "longitude") == number


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 179), st.integers(0, 59), st.integers(0, 59), st.sampled_from("EW"))
def test_degrees_minutes_and_seconds_are_sixtieths(degrees, minutes, seconds, letter):
    meant = (degrees * 3600 + minutes * 60 + seconds) / 3600 * (1 if letter == "E" else -1)
    written = f"{degrees}°{minutes}′{seconds}″{letter}"
    assert parse_coordinate(written, "longitude") == pytest.approx(meant, abs=1e-12)


# Workbooks.


@pytest.fixture
def workbook(tmp_path):
    book = openpyxl.Workbook()
    notes = book.active
    notes.title = "Notes"
    notes.append(["A note"])
    notes.append(["of no use"])
    places = book.create_sheet("Places")
    places.append([None])
    places.append(["Назва", "Широта", "Довгота", "Населення", "Станом на", "Код"])
    places.append(["Суджа", 51.19, "35,27", 5127, dt.datetime(2024, 1, 1), "007"])  # noqa: DTZ001
    places.append([None] * 6)
    places.append(["Юнаківка", 51.09, 34.99, None, None, "008"])
    book.save(tmp_path / "places.xlsx")
    return tmp_path / "places.xlsx"


@pytest.mark.filterwarnings("ignore:.*empty rows")
def test_a_workbook_is_read_from_the_sheet_with_coordinates(workbook):
    places = gb.read_settlements(workbook)
    assert places["name"].tolist() == ["Суджа", "Юнаківка"]
    assert places.geometry.x.tolist() == [35.27, 34.99]
    assert places["population"].fillna(-1).tolist() == [5127, -1]
    assert places["Станом на"].iloc[0] == dt.datetime(2024, 1, 1)  # noqa: DTZ001
    assert places["Код"].tolist() == ["007", "008"]


@pytest.mark.filterwarnings("ignore:.*empty rows")
def test_a_sheet_may_be_named(workbook):
    with pytest.raises(gb.DataError, match="Did you mean 'Places'"):
        gb.read_settlements(workbook, sheet="Place")
    with pytest.raises(gb.DataError, match="sheet Notes: no column is known as the longitude"):
        gb.read_settlements(workbook, sheet="Notes")
    assert len(gb.read_settlements(workbook, sheet="Places")) == 2


@pytest.mark.filterwarnings("ignore:.*empty rows")
def test_several_sheets_with_coordinates_require_a_choice(workbook):
    book = openpyxl.load_workbook(workbook)
    more = book.create_sheet("More")
    more.append(["name", "lat", "lon"])
    more.append(["A", 51, 35])
    book.save(workbook)
    with pytest.raises(gb.DataError, match="sheet=: 'Notes', 'Places', 'More'"):
        gb.read_settlements(workbook)
    assert len(gb.read_settlements(workbook, sheet="More")) == 1


def test_line_numbers_of_a_sheet_match_its_rows(workbook):
    book = openpyxl.load_workbook(workbook)
    book["Places"]["B5"] = "north"
    book.save(workbook)
    with pytest.raises(gb.DataError, match=r"Широта in line 5 of .*sheet Places: 'north'"):
        gb.read_settlements(workbook)


def test_a_damaged_workbook_raises_an_error(workbook):
    import zipfile

    with zipfile.ZipFile(workbook) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    parts["xl/worksheets/sheet2.xml"] = parts["xl/worksheets/sheet2.xml"][:-90]
    with zipfile.ZipFile(workbook, "w") as book:
        for name, content in parts.items():
            book.writestr(name, content)
    with pytest.raises(gb.DataError, match="workbook that is incomplete or damaged"):
        gb.read_settlements(workbook)


def test_a_sheet_of_a_text_table_is_refused(tmp_path):
    file = tmp_path / "places.csv"
    file.write_text(text(), encoding="utf-8")
    with pytest.raises(gb.DataError, match=r"sheet .*places\.csv"):
        gb.read_settlements(file, sheet="Places")


def test_without_openpyxl_the_extra_is_named(workbook, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(gb.DataError, match=r"geobuffer\[excel\]"):
        gb.read_settlements(workbook)


def test_the_separator_line_of_excel_is_used(tmp_path):
    file = tmp_path / "places.csv"
    file.write_text("sep=|\n" + text("|", rows=[("Су;джа", "51,19", "35,27")]), encoding="utf-8")
    assert gb.read_settlements(file)["name"].tolist() == ["Су;джа"]
    file.write_text("sep=;\n" + text(rows=[("A", "north", "35,27")]), encoding="utf-8")
    with pytest.raises(gb.DataError, match="in line 3 of"):
        gb.read_settlements(file)


@pytest.mark.parametrize("end", ["\r", "\r\n"])
def test_line_endings_of_every_system_are_read(tmp_path, end):
    file = tmp_path / "places.csv"
    file.write_bytes(text().replace("\n", end).encode())
    assert gb.read_settlements(file)["name"].tolist() == [row[0] for row in ROWS]


def test_unnamed_empty_columns_are_dropped(tmp_path):
    file = tmp_path / "places.csv"
    file.write_text("name,,lat,,lon\nA,,51.1,,35.2\n", encoding="utf-8")
    assert list(gb.read_settlements(file).columns) == ["name", "source", "geometry"]
    file.write_text("name,,lat,,lon\nA,x,51.1,y,35.2\n", encoding="utf-8")
    with pytest.raises(gb.DataError, match="two columns are named ''"):
        gb.read_settlements(file)


def test_cells_right_of_the_header_are_reported(tmp_path):
    book = openpyxl.Workbook()
    for row in (["name", None, "lat", "lon"], ["A", None, 51.1, 35.2], ["B", None, 51, 35, "why?"]):
        book.active.append(row)
    book.save(tmp_path / "places.xlsx")
    with pytest.warns(UserWarning, match="right of the last named column .* 1 lines: 3"):
        places = gb.read_settlements(tmp_path / "places.xlsx")
    assert places["name"].tolist() == ["A", "B"]


def test_empty_rows_within_a_sheet_are_counted(tmp_path):
    book = openpyxl.Workbook()
    rows = [("name", "lat", "lon"), ("A", 50, 30), (), ("B", 51, 31), (), (), ("C", 52, 32), ()]
    for number, row in enumerate(rows, 1):
        for column, value in enumerate(row, 1):
            book.active.cell(number, column, value)
    book.active.cell(len(rows) + 2, 1).number_format = "0.00"  # formatted, but empty
    book.save(tmp_path / "places.xlsx")
    with pytest.warns(UserWarning, match=r"empty rows were left out: 3 \(lines 3, 5, 6\)"):
        assert len(gb.read_settlements(tmp_path / "places.xlsx")) == 3


def test_sheets_and_encodings_of_tables_of_shapes_are_stated(tmp_path):
    area = "POLYGON ((30 50, 31 50, 31 51, 30 50))"
    shapes = pd.DataFrame({"name": ["one"], "wkt": [area]})
    lines = shapes.assign(name="Ї", wkt="LINESTRING (30 50, 31 51)")
    with pd.ExcelWriter(tmp_path / "book.xlsx") as book:
        shapes.to_excel(book, sheet_name="areas", index=False)
        lines.to_excel(book, sheet_name="lines", index=False)
    lines.to_csv(tmp_path / "lines.csv", index=False, encoding="koi8-u")
    regions = gb.read_regions(tmp_path / "book.xlsx", sheet="areas")
    assert [region.name for region in regions] == ["one"]
    border = gb.read_border(tmp_path / "book.xlsx", sheet="2")
    assert [section.name for section in border.sections] == ["Ї"]
    border = gb.read_border(tmp_path / "lines.csv", encoding="koi8-u")
    assert [section.name for section in border.sections] == ["Ї"]
    for stated in ({"sheet": "1"}, {"layer": "lines"}):
        with pytest.raises(gb.DataError, match=rf"Leave {next(iter(stated))}= out"):
            gb.read_border(tmp_path / "lines.csv", encoding="koi8-u", **stated)

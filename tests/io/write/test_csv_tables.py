"""A CSV for a locale opens as columns in its spreadsheet, and is read back with equal rows."""

import csv
import re

import babel
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from babel.numbers import get_decimal_symbol
from geopandas.testing import assert_geodataframe_equal

import geobuffer as gb
from geobuffer.io.spreadsheet_texts import mark_text, unmark_text
from geobuffer.io.write.csv_tables import find_csv_style


@pytest.fixture(scope="module")
def listed(towns, zone):
    """Places of the zone with distances, some with a code of digits."""
    return gb.within(towns, zone).head(40)


@pytest.fixture(scope="module")
def plain(listed, tmp_path_factory):
    """The rows of the usual CSV of the same places."""
    return gb.read_settlements(
        gb.write(listed, tmp_path_factory.mktemp("plain") / "a.csv"), source="a"
    )


def test_the_decimal_marks_are_those_of_babel():
    known = 0
    for name in babel.localedata.locale_identifiers():
        if "_" in name and name[:3] not in {"de_", "en_", "es_", "fr_", "it_", "pt_"}:
            continue
        locale = babel.Locale.parse(name)
        if locale.script or locale.variant or len(locale.language) > 2:
            continue
        try:
            style = find_csv_style(name)
        except gb.DataError:
            assert locale.language in {"ar", "fa", "ks", "ms", "ps", "sd", "ur", "wa"}
            continue
        assert style.decimal == get_decimal_symbol(locale, numbering_system="default"), name
        assert style.separator == ";" or style.decimal == "."
        known += 1
    assert known > 150


@pytest.mark.parametrize(
    ("locale", "separator", "decimal"),
    [("uk", ";", ","), ("pl-PL", ";", ","), ("de_CH", ";", "."), ("EN", ",", ".")],
)  # fmt: skip
def test_rows_of_a_csv_for_a_locale_are_equal(listed, plain, tmp_path, locale, separator, decimal):
    path = gb.write(listed, tmp_path / "a.csv", csv_locale=locale)
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(raw.decode("utf-8-sig").splitlines(), delimiter=separator))
    assert [row["name_uk"] for row in rows] == listed["name_uk"].fillna("").tolist()
    digits = re.compile(rf"\d+\{decimal}\d+")
    assert all(digits.fullmatch(row["longitude"]) for row in rows)
    assert all(digits.fullmatch(row["distance_km"]) for row in rows)
    assert_geodataframe_equal(gb.read_settlements(path, source="a"), plain)


def excel_saves(path, separator, code_page):
    """Return the bytes that Excel of a locale with decimal commas makes of a CSV for it.

    It shows the value of a formula, numbers of up to eleven digits with decimal commas, and each
    character that its code page lacks as a question mark; it ends lines with CR and LF.
    """
    lines = path.read_text("utf-8-sig").splitlines()
    saved = []
    for row in csv.reader(lines, delimiter=separator):
        cells = []
        for text in row:
            cell = re.sub('^="(.*)"$', lambda found: found[1].replace('""', '"'), text)
            if cell == text and re.fullmatch(r"-?\d+([.,]\d+)?", text):
                number = float(text.replace(",", "."))
                assert number < 1e11, "it would be shown as 3,86E+11"
                cell = f"{number:.10g}".replace(".", ",")
            quote = any(sign in cell for sign in '";\n')
            cells.append('"' + cell.replace('"', '""') + '"' if quote else cell)
        saved.append(";".join(cells))
    return ("\r\n".join(saved) + "\r\n").encode(code_page, "replace")


@pytest.mark.parametrize(
    ("locale", "code_page"),
    [("uk", "cp1251"), ("ru", "cp1251"), ("pl", "cp1250"), ("de", "cp1252")],
)
@pytest.mark.filterwarnings("ignore:.*encoding")
def test_rows_that_excel_saved_again_are_equal(listed, plain, tmp_path, locale, code_page):
    for given, separator in ((locale, ";"), (None, ",")):
        path = gb.write(listed, tmp_path / "a.csv", csv_locale=given)
        # The usual CSV must be imported with codes as texts; a double click would spoil them.
        saved = tmp_path / "saved.csv"
        saved.write_bytes(excel_saves(path, separator, code_page))
        back = gb.read_settlements(saved, source="a")
        # The letters that the code page lacks are lost when Excel saves the file.
        kept = [
            name for name in plain.columns
            if name == "geometry" or "?" not in "".join(map(str, back[name]))
        ]  # fmt: skip
        assert {"name_en", "code", "distance_km", "population", "accuracy_m"} <= set(kept)
        assert ("name_uk" in kept) == (code_page == "cp1251")
        assert_geodataframe_equal(back[kept], plain[kept])


TEXTS = [
    "38640101001", "007", "1-2", "12/4", "1.5", "2025-05-01", "10:30", "=1+1", "+38044", "-x", "@a",
    "5 травня", "May-5", "1e5", '="x"', "a\tb", "  12", "12 345", "5%", "Суми", "2026", "UA-59",
    "0", 'a "b"', "a;b", "=" + "1" * 300, "№ 5",
]  # fmt: skip


def test_texts_that_a_spreadsheet_would_alter_are_marked_and_read_back(tmp_path):
    table = pd.DataFrame({"name": TEXTS, "lat": 51.5, "lon": 35.25, "=head": "x"})
    path = gb.write(table, tmp_path / "a.csv", csv_locale="uk")
    with path.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file, delimiter=";")
    assert header[-1] == '="=head"'
    marked = [row[0] for row in rows if row[0].startswith('="')]
    assert marked == [f'="{text}"'.replace('=""x""', '=""x""') if text != '="x"' else '="=""x"""'
                      for text in TEXTS[:TEXTS.index("5%") + 1] if text != "a\tb"]  # fmt: skip
    assert [row[1:3] for row in rows] == [["51,5", "35,25"]] * len(TEXTS)
    back = gb.read_settlements(path, source="a")
    assert back["name"].tolist() == [" ".join(text.split()) for text in TEXTS]
    assert "=head" in back
    assert [unmark_text(mark_text(text)) for text in TEXTS] == TEXTS


def test_numbers_of_many_digits_and_of_every_kind_are_kept(tmp_path):
    table = pd.DataFrame({
        "oktmo": [38640101001, 386401010011], "share": pd.array([0.5, None], dtype="Float64"),
        "mixed": [1.5, "1.5"], "flag": [True, False], "n": pd.array([7, None], dtype="Int64"),
    })  # fmt: skip
    text = gb.write(table, tmp_path / "a.csv", csv_locale="uk").read_text("utf-8-sig")
    assert text.splitlines()[1:] == [
        "38640101001;0,5;1,5;True;7",
        '"=""386401010011""";;"=""1.5""";False;',
    ]


@pytest.mark.parametrize("source", [".csv", ".parquet"])
def test_large_tables_are_written_for_a_locale_too(zone, listed, tmp_path, source):
    table = listed.drop(columns=["distance_km", "margin_km"]).assign(share=0.5)
    path = gb.write(table, tmp_path / f"a{source}")
    for locale, target in ((None, "plain.csv"), ("uk", "uk.csv")):
        gb.classify_file(path, zone, tmp_path / target, csv_locale=locale)
    raw = (tmp_path / "uk.csv").read_text("utf-8-sig")
    rows = list(csv.DictReader(raw.splitlines(), delimiter=";"))
    assert all(re.fullmatch(r"\d+,\d+", row["distance_km"]) for row in rows)
    if source == ".csv":
        assert all(re.fullmatch(r"\d+,\d+", row["longitude"]) for row in rows)
        plain, back = (
            gb.read_settlements(tmp_path / n, source="a") for n in ("plain.csv", "uk.csv")
        )
        for name in ("code", "population", "accuracy_m", "geometry", "name_uk"):
            assert plain[name].equals(back[name])
        # The same reader takes the marked texts in batches.
        gb.classify_file(tmp_path / "uk.csv", zone, tmp_path / "again.parquet")
        assert (
            pd.read_parquet(tmp_path / "again.parquet")["code"].tolist() == plain["code"].tolist()
        )


def test_locales_that_do_not_fit_raise_an_error(listed, zone, tmp_path):
    for locale in ("xx", "", "fa", "ukr", "uk_UA.UTF-8"):
        with pytest.raises(gb.DataError, match="csv_locale"):
            gb.write(listed, tmp_path / "a.csv", csv_locale=locale)
    with pytest.raises(gb.DataError, match=r"csv_locale 'uk' for .*a\.gpkg"):
        gb.write(listed, tmp_path / "a.gpkg", csv_locale="uk")
    source = gb.write(listed, tmp_path / "a.csv")
    for target in ("b.parquet", "folder"):
        with pytest.raises(gb.DataError, match="csv_locale 'uk' for"):
            gb.classify_file(source, zone, tmp_path / target, csv_locale="uk")


def test_distances_are_rounded_to_what_is_known(listed, tmp_path):
    margin, away = (listed[name].to_numpy() for name in ("margin_km", "distance_km"))
    for suffix in (".csv", ".xlsx", ".gpkg", ".geojson", ".kml", ".parquet", ".fgb"):
        back = gb.read_settlements(gb.write(listed, tmp_path / f"a{suffix}"), source="a")
        back = back.set_index("code").loc[listed["code"]]
        found = back["distance_km"].to_numpy(dtype=float)
        assert (np.abs(found - away) <= 0.05 * np.maximum(margin, 1.0) + 1e-9).all()
        assert (np.round(found, 1) == found)[margin >= 1].all()
    assert (listed["distance_km"] != listed["distance_km"].round(6)).all()


def test_decimals_follow_the_accuracies(strip, tmp_path):
    places = gpd.GeoDataFrame(
        {"name": list("abcd"), "accuracy_m": [0.0, 3.0, 480.0, 5000.0]},
        geometry=[shapely.Point(30.1234567 + n / 7, 50.01) for n in range(4)], crs=4326,
    )  # fmt: skip
    border = gb.border_along(strip.line, source=gb.Source("a survey", accuracy_m=0))
    found = gb.locate(places, border)
    located = places.join(found)
    located.attrs = found.attrs
    back = pd.read_csv(gb.write(located, tmp_path / "a.csv"), dtype=str)
    assert back["distance_km"].str.partition(".")[2].str.len().tolist() == [6, 4, 2, 1]
    # Without a border measured by geobuffer the column is the user's own.
    own = pd.DataFrame({"distance_km": [1.23456789]})
    assert pd.read_csv(gb.write(own, tmp_path / "own.csv"))["distance_km"].item() == 1.23456789


def test_rows_read_back_are_classified_as_before(listed, zone, tmp_path):
    for suffix in (".csv", ".gpkg", ".kml"):
        back = gb.read_settlements(gb.write(listed, tmp_path / f"a{suffix}"), source="a")
        again = gb.classify(back, zone).set_index(back["code"]).loc[listed["code"]]
        assert again["membership"].tolist() == listed["membership"].tolist()

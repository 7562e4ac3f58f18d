"""Folded spellings of one name are equal; folded names of two places differ."""

import json
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geobuffer.zones.toponyms import (
    NAME_COLUMNS,
    NAME_LANGUAGES,
    TOWN_NAMES,
    find_other_names,
    fold_name,
    fold_region_name,
    name_columns,
    romanize,
)

SUPPORT = Path(__file__).parents[1] / "support"

LETTERS = st.text(st.sampled_from("абвгдеёєжзиіїйкьъА’' -abcdefxyzéïß1"), max_size=12)


@given(st.one_of(LETTERS, st.text()))
def test_folding_twice_is_folding_once(name):
    assert fold_name(fold_name(name)) == fold_name(name)


@given(LETTERS, st.sampled_from(["NFC", "NFD"]))
def test_unicode_forms_and_case_do_not_matter(name, form):
    assert fold_name(unicodedata.normalize(form, name)) == fold_name(name)
    assert fold_name(name.upper()) == fold_name(name)


@pytest.mark.parametrize(
    ("mixed", "meant"),
    [("Cумы", "Сумы"), ("Бeлгород", "Белгород"), ("МAР’ЇНО", "МАР’ЇНО"), ("Kуіv", "Kyiv"),
     ("Оdesа", "Odesa")],
)  # fmt: skip
def test_look_alikes_are_brought_to_the_script_of_the_word(mixed, meant):
    assert mixed != meant
    assert fold_name(mixed) == fold_name(meant)


def test_words_that_are_surely_of_both_scripts_stay_so():
    assert fold_name("ДжерелоQ") == "джерелоq"


def test_the_bundled_names_of_one_script_are_not_touched_by_look_alikes(towns):
    """Latin and Cyrillic names stay what they are: none is brought to the other's letters."""
    for column, others in {"name_uk": "a-z", "name_ru": "a-z", "name_en": "а-я"}.items():
        words = set(" ".join(towns[column].dropna().map(fold_name)).split())
        # Some settlements are called "N 20".
        assert {word for word in words if re.search(f"[{others}]", word)} <= {"n"}


def test_no_name_stands_for_two_places():
    folded = [{fold_name(name) for name in group} for group in TOWN_NAMES]
    assert sum(map(len, folded)) == len(set().union(*folded))
    for group in folded:
        for name in group:
            assert {name, *find_other_names(name)} == group


def test_the_word_for_oblast_is_no_part_of_a_regions_name():
    assert fold_region_name("Сумська область") == fold_region_name("сумська") == "сумска"
    assert fold_region_name("область") == "област"


@pytest.mark.parametrize("language", NAME_LANGUAGES)
def test_name_columns_begin_with_the_language_and_leave_none_out(language):
    columns = name_columns(language)
    assert columns[:2] == (f"name_{language}", "name")
    assert sorted(columns) == sorted(NAME_COLUMNS)
    assert set(NAME_COLUMNS) == {"name", *(f"name_{to}" for to in NAME_LANGUAGES)}


@pytest.mark.parametrize("language", ["uk", "ru"])
def test_names_in_latin_letters_follow_the_tables(language):
    cases = json.loads((SUPPORT / "romanized.json").read_text("utf-8"))[language]
    assert [romanize(name, language) for name, _ in cases] == [latin for _, latin in cases]

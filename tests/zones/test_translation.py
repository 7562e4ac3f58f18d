"""Every language has the same texts, and one more file is one more language."""

import copy
import json

import pytest

import geobuffer as gb
from geobuffer.viz import captions
from geobuffer.viz.web import page
from geobuffer.zones import translation
from geobuffer.zones.translation import (
    KINDS,
    check_texts,
    find_folder,
    list_languages,
    read_language_file,
    read_translation,
)


def test_every_file_has_the_keys_and_the_gaps_of_the_english_one():
    assert list_languages()[:3] == ("en", "uk", "ru")  # those that data has names in
    for language in list_languages():
        check_texts(read_language_file(language), f"{language}.json")
    english = read_language_file("en")
    texts = english["page"] | english["elsewhere"]
    for key, _, kind in (key.partition("@") for key in texts if "@" in key):
        assert key in texts
        assert kind in KINDS


def _drop(content):
    del content["page"]["border_plain"]


def _add(content):
    content["elsewhere"]["nrth"] = "N"


def _lose_gap(content):
    content["page"]["listed"] = "W spisie"


def _lose_numbers(content):
    del content["numbers"]


@pytest.mark.parametrize(
    ("spoil", "named"),
    [(_drop, "no key 'border_plain'"), (_add, "'nrth'.*'north'"), (_lose_gap, "listed.*count"),
     (_lose_numbers, "no key 'numbers'")],
)  # fmt: skip
def test_a_file_that_lacks_something_is_refused_by_name(spoil, named):
    content = copy.deepcopy(read_language_file("pl"))
    spoil(content)
    with pytest.raises(gb.DataError, match=f"pl.json.*{named}"):
        check_texts(content, "pl.json")


def test_one_more_file_is_one_more_language(tmp_path, monkeypatch, zone):
    """Pages, pictures and scenarios find it; what data does not name in it has its English name."""
    content = json.loads((find_folder() / "en.json").read_text("utf-8"))
    content["page"] |= {"language_name": "Deutsch", "title": "{km} km entlang der Grenze {border}"}
    content["elsewhere"]["no_script"] = "Bitte Skripte erlauben."
    for language in list_languages():
        (tmp_path / f"{language}.json").write_bytes(
            (find_folder() / f"{language}.json").read_bytes()
        )
    (tmp_path / "de.json").write_text(json.dumps(content), "utf-8")
    found = (list_languages, read_language_file)
    with monkeypatch.context() as patch:
        patch.setattr(translation, "find_folder", lambda: tmp_path)
        for function in found:
            function.cache_clear()
        assert list_languages() == ("en", "uk", "ru", "de", "pl")
        title = captions.write_title(zone, "", captions.load_translation("de"))
        assert title == "10 km entlang der Grenze Russia – Ukraine, side: Ukraine"
        drawn = gb.map_zone(zone, language="de").get_root().render()
        assert '<html lang="de">' in drawn
        assert "Deutsch" in drawn
        assert '<p class="no-script" lang="de">Bitte Skripte erlauben.</p>' in drawn
        assert gb.load_scenario(language="de").title == gb.load_scenario().title
    for function in found:
        function.cache_clear()
    assert "de" not in list_languages()
    assert page.read_asset("page.html").count("no-script") == 0


def test_texts_have_the_form_of_their_number():
    for language, numbers in {"uk": (1, 21, 3, 14, 5), "pl": (1, 22, 3, 14, 21)}.items():
        forms = [read_translation(language).plural(number) for number in numbers]
        assert (
            forms
            == {
                "uk": ["one", "one", "few", "many", "many"],
                "pl": ["one", "few", "few", "many", "many"],
            }[language]
        )

"""Captions state the same facts in every language, and omit none."""

import re

import pytest
import shapely

import geobuffer as gb
from geobuffer.datasets.bundled import sources_of_places
from geobuffer.viz import captions
from geobuffer.viz.figure.projection import fit_projection
from geobuffer.zones.translation import list_languages

LANGUAGES = list_languages()


@pytest.mark.parametrize("language", ["de", "EN", "", None, 3])
def test_another_language_is_refused(language):
    with pytest.raises(gb.DataError, match=r"Must be one of 'en', 'uk', 'ru', 'pl'|Did you mean"):
        captions.load_translation(language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_titles_state_width_and_side(language, zone, strip):
    words = captions.load_translation(language)
    assert "10" in captions.write_title(zone, " ", words)
    title = captions.write_title(zone, "", words)
    assert any(name in title for name in ("Ukraine", "Україна", "Украина"))
    both = gb.build_zone(strip, km=[0.5, 2], tolerance_m=1)
    said = captions.write_title(both, "", words)
    assert ("0.5 / 2" if language == "en" else "0,5 / 2") in said
    assert words.texts["on_both"] in said
    assert captions.write_title(both, "Mine\n\u202e$x$", words) == "Mine $x$"


def test_a_few_regions_are_named_in_a_title_and_of_more_their_countries(zone, regions):
    words = captions.load_translation("en")
    assert "the border Russia – Ukraine" in captions.write_title(zone, "", words)
    border = gb.border_between(regions[["Kursk", "Belgorod"]], regions["Sumy"])
    narrow = gb.build_zone(border, km=2, tolerance_m=50)
    assert captions.write_title(narrow, "", words) == (
        "2 km zone along the border Kursk Oblast, Belgorod Oblast – Sumy Oblast, both sides"
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_points_have_no_border_and_no_sides(language):
    points = [shapely.Point(30.1 + i / 10, 51.39) for i in range(5)]
    plant = gb.border_around(points, names=list("ABCDE"), source=gb.Source("a map", as_of="1986"))
    zone = gb.build_zone(plant, km=30, tolerance_m=50)
    words = captions.load_translation(language, zone)
    said = " ".join(
        [captions.write_title(zone, "", words), captions.write_subtitle(zone, words, titled=True),
         captions.write_dates(zone, (), (), words), words.text("border"),
         *captions.describe_sources(zone, (), None, words)[:-1]]
    )  # fmt: skip
    assert "30" in said
    assert "A; B; C; D; … " in said
    assert "1986" in said
    assert not re.search(r"border|кордон|границ|both|обидва|обе", said, re.IGNORECASE)


def test_the_line_under_an_own_title_states_the_width(zone):
    words = captions.load_translation("en")
    plain = captions.write_subtitle(zone, words, titled=False)
    assert plain == "Border: 1,104 km, 5 sections. Zone: 8,137 km²."
    titled = captions.write_subtitle(zone, words, titled=True)
    assert titled == f"Within 10 km of the border, side: Ukraine. {plain}"


def test_every_source_is_credited_as_it_asks(zone, towns, regions):
    words = captions.load_translation("en")
    places = sources_of_places(towns)
    lines = captions.describe_sources(zone, regions, places, words)
    said = " ".join(lines)
    for source in (*places, zone.border.source, regions["Sumy"].source):
        assert source.citation.rstrip(".") in said
    assert "in doubt" in said  # of the licence of one table
    assert lines[-1] == words.texts["endorsement"]
    assert captions.describe_sources(zone, regions, None, words) == [*lines[:2], lines[-1]]
    assert captions.describe_sources(zone, regions, [], words)[2] == "Settlements: not stated."


def test_makers_are_credited_in_a_few_words(zone, towns, regions):
    sources = [zone.border.source, regions["Sumy"].source, *sources_of_places(towns)]
    assert captions.credit_briefly(sources) == "© OpenStreetMap, GeoNames, KATOTTG, INID"
    assert captions.credit_briefly(sources[:2]) == "© OpenStreetMap"
    assert captions.credit_briefly([gb.Source("a sketch")]) == ""


def test_the_stated_error_of_scale_is_true(zone):
    found = fit_projection(zone.polygon)
    said = captions.describe_projection(found, captions.load_translation("en"))
    percent = float(re.search(r"within ([\d.]+) %", said)[1])
    assert found.scale_error * 100 <= percent <= found.scale_error * 100 + 0.001
    assert said.startswith("Projection: oblique Mercator about 35°0")


@pytest.mark.parametrize(
    ("value", "signs", "step", "text"),
    [(34.99999, "EW", 1 / 60, "35° E"), (-0.5, "NS", 0.5, "0°30′ S"), (185, "EW", 1, "175° W"),
     (30.50833, "EW", 1 / 120, "30°30′30″ E"), (-180, "EW", 1, "180°"), (-0.1, "EW", 1, "0°")],
)  # fmt: skip
def test_degrees(value, signs, step, text):
    assert captions.format_degrees(value, captions.load_translation("en"), signs, step) == text


SOURCE = gb.Source("a map")


def make_kinds(strip, regions):
    """Make a zone of each kind of thing, with the word for it in each language."""
    river = gb.border_along(strip.line, names=["річка Псел"], source=SOURCE)
    drawn = gb.border_along(strip.line, names=["Psel"], source=gb.Source("river.gpkg"))
    front = gb.border_along(strip.line, names=["Riverside"], source=SOURCE)
    camp = gb.border_around(shapely.box(30, 50, 30.1, 50.1), names=["Camp"], source=SOURCE)
    plant = gb.border_around(shapely.Point(30, 50), names=["Plant"], source=SOURCE)
    road = gb.border_around(strip.line, names=["Road"], source=SOURCE)
    return {
        "border": [(strip, "both"), (gb.border_of(regions["Sumy"]), "inside")],
        "river": [(river, "left"), (drawn, "both")],
        "line": [(front, "right"), (road, "around")],
        "outline": [(camp, "outside")],
        "area": [(camp, "around")],
        "point": [(plant, "both"), (plant, "around")],
    }


def test_things_are_called_by_their_kind(strip, regions):
    """Only a border is called one, only a river has banks, and unknown dates are left out."""
    found = {}
    for kind, borders in make_kinds(strip, regions).items():
        for border, side in borders:
            zone = gb.build_zone(border, km=1, side=side, tolerance_m=50)
            assert captions.find_kind(zone) == kind, border
            for language in LANGUAGES:
                words = captions.load_translation(language, zone)
                parts = (
                    captions.write_title(zone, "", words),
                    captions.write_subtitle(zone, words, titled=True),
                )
                found.setdefault((kind, language), []).extend(parts)
                if not zone.source.as_of:
                    assert captions.write_dates(zone, (), [""], words) == ""
    border = {"en": "border", "uk": "кордон", "ru": "границ", "pl": "granic"}
    bank = {"en": " bank", "uk": "берег", "ru": "берег", "pl": "brzeg"}
    for (kind, language), said in found.items():
        text = " ".join(said).casefold()
        assert (border[language] in text) == (kind == "border"), (kind, language, text)
        assert (bank[language] in text) == (kind == "river"), (kind, language, text)
        assert "{" not in text
    assert found["river", "uk"][:2] == [
        "Зона 1 км уздовж річки: Псел, лівий берег",
        "До 1 км від річки, лівий берег. Річка: 111 км. Зона: 113 км².",
    ]
    assert found["area", "en"][:2] == [
        "1 km around Camp", "Within 1 km, and inside. Outline: 36.6 km. Zone: 119 km²."
    ]  # fmt: skip
    assert found["outline", "pl"][0] == "Strefa 1 km wzdłuż obrysu: Camp, tylko na zewnątrz"
    assert found["point", "ru"][0] == "1 км вокруг: Plant"


def test_dates_of_border_regions_and_people_stand_in_one_line(zone, regions):
    words = captions.load_translation("en", zone)
    drawn = [regions["Sumy"], regions["Kursk"]]
    dates = ["2020", "2001-12-05", "2020"]
    assert captions.write_dates(zone, drawn, dates, words) == (
        "As of: border 2026, regions 2020-10, people 2001–2020."
    )
    told = captions.write_dates(zone, (), [*dates, ""], captions.load_translation("pl", zone))
    assert told == "Stan danych: granica 2026, ludność 2001–2020 lub bez daty."

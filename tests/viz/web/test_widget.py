"""Changes on the map of the widget reach Python, and changes in Python reach the map."""

from __future__ import annotations

import functools
import html
import re
import sys
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from support.browser import axe_core, chromium, needs_browser
from support.lab import jupyter_lab, marimo, wait_for

import geobuffer as gb
from geobuffer.errors import (
    DataError,
    GeobufferError,
    GeometryError,
    MissingCRSError,
    MissingExtra,
    UnknownSide,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from support.browser import Browser
    from support.lab import Lab


# A border along the meridian 30° E and thirty places: twenty in a block of five columns west of it,
# within 9 km, and ten in a row farther north. The cell of the notebook runs the same code.
CODE = """
import geobuffer as gb
import geopandas as gpd
import shapely
source = gb.Source("drawn by hand")
west = gb.Region("West", shapely.box(29, 50, 30, 51), source, country="AA", names={})
east = gb.Region("East", shapely.box(30, 50, 31, 51), source, country="BB", names={})
zone = gb.build_zone(gb.border_between(west, east), km=10, side="West", tolerance_m=1)
block = [(29.88 + 0.025 * i, 50.3 + 0.02 * j) for i in range(5) for j in range(4)]
row = [(29.7 + 0.05 * i, 50.7) for i in range(10)]
places = gpd.GeoDataFrame(
    {"name": [f"P{i}" for i in range(30)], "population": range(0, 3000, 100)},
    geometry=[shapely.Point(at) for at in block + row], crs="EPSG:4326",
    index=[f"p{i}" for i in range(30)],
)
"""


@functools.cache
def make_things() -> dict[str, Any]:
    made: dict[str, Any] = {}
    exec(CODE, made)  # noqa: S102 - our own code, which the notebook runs too
    return made


def make_widget(**options: Any) -> Any:
    made = make_things()
    return gb.widget(made["zone"], made["places"], **options)


class TestPython:
    def test_zone_is_the_one_that_is_shown(self) -> None:
        shown = make_widget()
        assert shown.zone is make_things()["zone"]
        shown.km, shown.side = "7 km", "both"
        assert (shown.km, shown.zone.edges_km, shown.zone.side) == (7.0, (0.0, 7.0), "both")
        assert shown.zone is shown.zone
        shown.km = 2.5
        assert shown.zone.width_km == 2.5

    def test_narrower_rings_stay(self) -> None:
        made = make_things()
        rings = gb.build_zone(made["zone"].border, km=[5, 10, 15], tolerance_m=10)
        shown = gb.widget(rings)
        shown.km = 12
        assert shown.zone.edges_km == (0.0, 5.0, 10.0, 12.0)

    def test_selected_rows_are_those_of_the_table(self) -> None:
        made = make_things()
        # P1 is there three times, and drawn once. One place is beyond the slider's reach, and one
        # has no point.
        table = made["places"].iloc[[1, 1, *range(30)]].set_index(pd.RangeIndex(100, 132))
        table.loc[110, "geometry"] = shapely.Point(29.05, 50.5)
        table.loc[111, "geometry"] = None
        with pytest.warns(UserWarning, match="repeating another"):
            shown = gb.widget(made["zone"], table.to_crs("EPSG:32636"))
        shown.selected = [109, 100]
        assert shown.selected.index.tolist() == [100, 109]
        assert shown.selected.crs == "EPSG:32636"
        shown.selected = table.loc[[120]]
        assert shown.selected["name"].tolist() == ["P18"]
        for label in (101, 103, 110, 111):
            with pytest.raises(DataError, match=f"row {label} is not on the map"):
                shown.selected = [label]
        assert shown.selected.index.tolist() == [120]

    def test_drawings_come_back_in_degrees(self) -> None:
        shown = make_widget()
        parts = [shapely.box(29, 50, 29.1, 50.1), shapely.box(28, 50, 28.1, 50.1)]
        line = shapely.LineString([(30, 50), (30.1, 50.1)])
        given = gpd.GeoSeries(
            [shapely.Point(30, 50), None, line, shapely.MultiPolygon(parts)], crs="EPSG:4326"
        )
        shown.drawn = given.to_crs("EPSG:32635")
        assert shown.drawn["kind"].tolist() == ["point", "line", "area", "area"]
        assert shown.drawn.crs == "EPSG:4326"
        assert shown.drawn.geometry.iloc[0].distance(given.iloc[0]) < 1e-9
        # They can be asked like any other table.
        assert gb.classify(shown.drawn.iloc[:1], shown.zone)["distance_km"].iloc[0] < 1e-3
        shown.drawn = shown.drawn.iloc[:0]
        assert len(shown.drawn) == 0

    def test_drawings_across_180_degrees_are_cut(self) -> None:
        shown = make_widget()
        area = [[[179, 50], [181, 50], [181, 51], [179, 51], [179, 50]]]
        bow = [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]
        shown.drawn_geometries = [
            {"type": "LineString", "coordinates": [[179, 50], [181, 50]]},
            *({"type": "Polygon", "coordinates": one} for one in (area, bow)),
        ]
        for shape in shown.drawn.geometry:
            assert shape.is_valid
            assert -180 <= shape.bounds[0] <= shape.bounds[2] <= 180
        assert shown.drawn.geometry.iloc[1].area == pytest.approx(2.0)
        assert shown.drawn.geometry.iloc[2].area == pytest.approx(0.5)

    @pytest.mark.parametrize(
        ("name", "value", "error", "says"),
        [
            ("km", 40, DataError, "from 0.1 to 30 km"),
            ("km", float("nan"), DataError, "nan"),
            ("km", "wide", GeometryError, "'wide'"),
            ("km", None, GeometryError, "None"),
            ("side", "North", UnknownSide, "'North'"),
            ("side", 3, UnknownSide, "'West'"),
            ("side", None, UnknownSide, "None"),
            ("language", "xx", DataError, "'xx'"),
            ("language", None, GeobufferError, "None"),
            ("selected", ["p0", "p99"], DataError, "'p99'"),
            ("selected", 3, DataError, "labels of its index"),
            ("selected_rows", [30], DataError, "row number 30"),
            ("drawn", [shapely.Point(0, 0)], DataError, "GeoDataFrame"),
            ("drawn", gpd.GeoSeries([shapely.Point(0, 0)]), MissingCRSError, "set_crs"),
        ],
    )
    def test_wrong_values_change_nothing(
        self, name: str, value: Any, error: type[Exception], says: str
    ) -> None:
        shown = make_widget()
        before = repr(shown)
        with pytest.raises(error, match=says):
            setattr(shown, name, value)
        assert repr(shown) == before

    def test_flat_ends_have_the_widths_of_the_slider(self) -> None:
        zone = make_things()["zone"]
        flat = gb.build_zone(zone.border, km=10, side="West", ends="flat", tolerance_m=10)
        shown = gb.widget(flat)
        with pytest.raises(DataError, match="the widths 1, 2, 3"):
            shown.km = 2.5
        shown.km = 2
        assert shown.zone.ends == "flat"

    def test_zones_without_one_distance_keep_their_width(self) -> None:
        zone = make_things()["zone"]
        part = gb.subtract(zone, gb.build_zone(zone.border, km=5, side="West", tolerance_m=10))
        shown = gb.widget(part)
        assert shown.zone is part
        with pytest.raises(DataError, match="the widths 10 km"):
            shown.km = 5
        with pytest.raises(UnknownSide):
            shown.side = "both"

    @pytest.mark.parametrize("height", [0, 299, 1e9])
    def test_a_height_that_shows_nothing(self, height: float) -> None:
        with pytest.raises(DataError, match="300 to 4,000"):
            make_widget(height=height)

    def test_without_places(self) -> None:
        shown = gb.widget(make_things()["zone"])
        assert len(shown.selected) == 0
        with pytest.raises(DataError, match="'p0'"):
            shown.selected = ["p0"]

    def test_missing_anywidget(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "anywidget", None)
        with pytest.raises(MissingExtra, match=r"pip install 'geobuffer\[widget\]'"):
            make_widget()

    def test_a_page_to_publish_has_nothing_of_it(self) -> None:
        made = make_things()
        page = gb.map_zone(made["zone"], settlements=made["places"]).get_root().render()
        widget = make_widget()._page
        for text in ("tool-sheet", "tool_lasso", "MessageChannel"):
            assert text in widget
            assert text not in page
        (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', widget)
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy

    def test_viewers_without_a_kernel_get_the_zone(self) -> None:
        data = make_widget()._repr_mimebundle_()[0]
        assert "application/vnd.jupyter.widget-view+json" in data
        assert data["text/html"].startswith(make_things()["zone"]._repr_html_())
        assert data["text/plain"].startswith("ZoneWidget(10 km")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def lab(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A notebook that shows two widgets; the tests work on the first."""
    code = f"{CODE}\nw, other = gb.widget(zone, places), gb.widget(zone)\ndisplay(w, other)"
    browser.read_journal()
    with jupyter_lab(tmp_path_factory.mktemp("lab"), code, browser) as opened:
        find = "return document.querySelectorAll('iframe').length === 2"
        wait_for(lambda: browser.run(find), "two widgets")
        enter(browser)
        yield opened


def enter(browser: Browser, number: int = 0) -> None:
    """Go into the frame of a widget, and wait until its page has started."""
    browser.driver.switch_to.default_content()
    frame = browser.driver.find_elements("css selector", "iframe")[number]
    enter_frame(browser, frame)


def enter_frame(browser: Browser, frame: Any) -> None:
    browser.run("arguments[0].scrollIntoView({ block: 'center' })", frame)
    browser.driver.switch_to.frame(frame)
    # The tools are the last that the page starts.
    started = "return !!document.querySelector('.tools')"
    wait_for(lambda: browser.run(started), "page in the widget")


def choose_tool(browser: Browser, name: str) -> None:
    button = browser.driver.find_element("css selector", f".tools [data-tool={name}]")
    button.click()
    assert button.get_attribute("aria-pressed") == "true"


def find_on_screen(browser: Browser, places: Sequence[tuple[float, float]]) -> list[list[int]]:
    """Return where longitudes and latitudes are in the window of the page."""
    script = """
      const { map } = geobuffer.view;
      const box = map.getContainer().getBoundingClientRect();
      return arguments[0].map(([lon, lat]) => {
        const at = map.latLngToContainerPoint([lat, lon]);
        return [Math.round(box.left + at.x), Math.round(box.top + at.y)];
      });
    """
    found: list[list[int]] = browser.run(script, places)
    return found


def find_offset(browser: Browser, x: int, y: int) -> tuple[int, int]:
    """Return what to add to coordinates of the frame, as drivers may not add the frame's offset."""
    browser.run(
        "window.seen = null; document.addEventListener('pointermove',"
        " (event) => { window.seen = [event.clientX, event.clientY]; }, true);"
    )
    for at in ((x - 1, y), (x, y)):
        chain = ActionChains(browser.driver, duration=0)
        chain.w3c_actions.pointer_action.move_to_location(*at)
        chain.perform()
    seen_x, seen_y = wait_for(lambda: browser.run("return window.seen"), "a move of the pointer")
    return x - round(seen_x), y - round(seen_y)


def press(browser: Browser, path: Sequence[Sequence[int]], *, hold: bool) -> None:
    """Move the pointer along points of the page: pressed all the way, or with a click at each."""
    right, down = find_offset(browser, *path[0])
    chain = ActionChains(browser.driver, duration=20)
    pointer = chain.w3c_actions.pointer_action
    for i, (x, y) in enumerate(path):
        pointer.move_to_location(x + right, y + down)
        if hold and i == 0:
            pointer.pointer_down()
        if not hold:
            pointer.pointer_down()
            pointer.pointer_up()
    if hold:
        pointer.pointer_up()
    chain.perform()


def await_value(lab: Lab, expression: str, wanted: Any) -> None:
    wait_for(lambda: lab.ask(expression) == wanted, f"{expression} == {wanted!r}", 10)


def await_page(browser: Browser, expression: str, wanted: Any) -> None:
    wait_for(lambda: browser.run(f"return {expression}") == wanted, f"{expression} {wanted!r}", 10)


# The corners of a lasso around the block of twenty, and of a box around its two western columns.
LASSO = [(29.86, 50.28), (29.86, 50.38), (29.93, 50.4), (29.995, 50.38), (29.995, 50.28)]


@needs_browser
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
class TestNotebook:
    def test_slider_reaches_python(self, browser: Browser, lab: Lab) -> None:
        browser.driver.find_element("id", "width").send_keys(Keys.ARROW_LEFT * 3)
        await_value(lab, "w.km", 7.0)
        counted = browser.run("return geobuffer.countByClass()")
        sums = lab.ask("gb.exposure(places, w.zone)[['places', 'uncertain']].iloc[0].tolist()")
        assert [counted["inside"], counted["uncertain"]] == sums
        # Four columns of the block, and two of the row.
        assert sums[0] == 18
        assert lab.ask("other.km") == 10.0

    def test_lasso_box_and_clicks_select(self, browser: Browser, lab: Lab) -> None:
        choose_tool(browser, "lasso")
        press(browser, find_on_screen(browser, LASSO), hold=True)
        twenty = [f"p{i}" for i in range(20)]
        await_value(lab, "w.selected.index.tolist()", twenty)
        assert "20" in browser.text(".tool-status")
        choose_tool(browser, "box")
        press(browser, find_on_screen(browser, [(29.86, 50.28), (29.91, 50.38)]), hold=True)
        await_value(lab, "w.selected.index.tolist()", twenty[:8])
        choose_tool(browser, "pick")
        press(browser, find_on_screen(browser, [(29.88, 50.3), (29.98, 50.36)]), hold=False)
        await_value(lab, "w.selected.index.tolist()", [*twenty[1:8], "p19"])

    def test_drawings_reach_python(self, browser: Browser, lab: Lab) -> None:
        choose_tool(browser, "point")
        press(browser, find_on_screen(browser, [(29.9, 50.5)]), hold=False)
        choose_tool(browser, "line")
        # A double click at the last corner ends it.
        line = [(29.8, 50.5), (29.9, 50.6), (30.1, 50.6), (30.1, 50.6)]
        press(browser, find_on_screen(browser, line), hold=False)
        choose_tool(browser, "area")
        area = [(29.7, 50.45), (29.7, 50.55), (29.8, 50.55)]
        press(browser, find_on_screen(browser, area), hold=False)
        ActionChains(browser.driver).send_keys(Keys.ENTER).perform()
        await_value(lab, "w.drawn['kind'].tolist()", ["point", "line", "area"])
        # A pixel of this map is 0.002° at most.
        texts = lab.ask("w.drawn.geometry.to_wkt().tolist()")
        wanted = [shapely.Point(29.9, 50.5), shapely.LineString(line[:3]), shapely.Polygon(area)]
        for text, shape in zip(texts, wanted, strict=True):
            assert shapely.hausdorff_distance(shapely.from_wkt(text), shape) < 0.004
        browser.driver.find_element("css selector", "[data-tool=back]").click()
        await_value(lab, "w.drawn['kind'].tolist()", ["point", "line"])
        ActionChains(browser.driver).send_keys(Keys.ESCAPE).perform()
        await_page(browser, "document.querySelector('.tool-sheet').hidden", wanted=True)

    def test_python_reaches_the_page(self, browser: Browser, lab: Lab) -> None:
        lab.tell(
            "w.km, w.side, w.language = 5, 'both', 'uk'\n"
            "w.selected = places.iloc[[3, 4]]\n"
            "w.drawn = gpd.GeoSeries([shapely.box(29.5, 50.2, 29.6, 50.3)], crs='EPSG:4326')"
        )
        traits = "(w.km, w.side, w.language, w.selected_rows, w.drawn_geometries)"
        state = lab.ask(traits)
        # The second time the frame has been loaded again, as when a notebook moves it.
        for is_loaded_again in (False, True):
            if is_loaded_again:
                browser.driver.switch_to.default_content()
                browser.run("const f = document.querySelector('iframe'); f.srcdoc = f.srcdoc;")
                enter(browser)
            for expression, wanted in (
                ("geobuffer.view.km", 5),
                ("geobuffer.view.side", "both"),
                ("document.documentElement.lang", "uk"),
                ("document.getElementById('width-value').value", "5"),
                ("geobuffer.listSelected()", [3, 4]),
                ("geobuffer.listDrawn().map((one) => one.type)", ["Polygon"]),
            ):
                await_page(browser, expression, wanted)
        # Nothing comes back changed.
        assert state[:4] == (5.0, "both", "uk", [3, 4])
        assert lab.ask(traits) == state

    def test_another_widget_has_a_state_of_its_own(self, browser: Browser, lab: Lab) -> None:
        lab.tell("w.km = 4; other.km = 12")
        await_page(browser, "geobuffer.view.km", 4)
        enter(browser, 1)
        await_page(browser, "geobuffer.view.km", 12)
        browser.driver.find_element("css selector", "[data-language=ru]").click()
        await_value(lab, "other.language", "ru")
        enter(browser, 0)
        assert lab.ask("(w.language, w.km)") == ("uk", 4.0)

    def test_frame_is_closed_and_hears_only_its_own_page(self, browser: Browser, lab: Lab) -> None:
        assert browser.run("return [window.origin, window.frameElement]") == ["null", None]
        browser.driver.switch_to.default_content()
        # Another window knows the key, but is not the frame; then the frame has another key.
        browser.run(
            """const { port1, port2 } = new MessageChannel();
               window.postMessage({ geobuffer: arguments[0] }, '*', [port2]);
               port1.postMessage({ km: 3 });""",
            lab.ask("w._key"),
        )
        enter(browser, 0)
        browser.run(
            """const { port1, port2 } = new MessageChannel();
               window.parent.postMessage({ geobuffer: 'guessed' }, '*', [port2]);
               port1.postMessage({ km: 3 });"""
        )
        browser.run("geobuffer.setWidth(6)")
        await_value(lab, "w.km", 6.0)
        lab.tell("w.km = 8")
        await_page(browser, "geobuffer.view.km", 8)

    def test_nothing_is_asked_of_the_network(self, browser: Browser, lab: Lab) -> None:
        asked = [url for url in browser.read_journal() if url != "about:srcdoc"]
        assert [url for url in asked if not url.startswith((lab.url, "blob:", "data:"))] == []
        complaints = [one for one in browser.complaints() if "Content Security" in one]
        assert complaints == []


# marimo shows a widget in a shadow tree, which selectors of the document do not reach.
FIND_FRAME = """
  const find = (root) => [...root.querySelectorAll('*')].reduce((found, one) =>
    found ?? (one.matches('iframe[srcdoc]') ? one : one.shadowRoot && find(one.shadowRoot)), null);
  return find(document);
"""


@needs_browser
def test_marimo_runs_cells_again(browser: Browser, tmp_path: Path) -> None:
    cells = [
        f"import marimo as mo\n{CODE}\nw = gb.widget(zone, places)\nview = mo.ui.anywidget(w)",
        "view",
        "km = view.value['km']\nmo.md(f'{km:g} km: {len(gb.within(places, w.zone))} inside')",
        "if km == 7:\n    w.language = 'uk'",
    ]
    text = "document.body.innerText.match(/.* km: .* inside/)?.[0]"
    # A page that an earlier test left open may still send requests to its server.
    browser.driver.get("about:blank")
    browser.read_journal()
    with marimo(tmp_path, cells, browser) as url:
        frame = wait_for(lambda: browser.run(FIND_FRAME), "widget in marimo")
        await_page(browser, text, "10 km: 23 inside")
        enter_frame(browser, frame)
        browser.driver.find_element("id", "width").send_keys(Keys.ARROW_LEFT * 3)
        await_page(browser, "document.documentElement.lang", "uk")
        browser.driver.switch_to.default_content()
        await_page(browser, text, "7 km: 18 inside")
        asked = [one for one in browser.read_journal() if one != "about:srcdoc"]
        assert [one for one in asked if not one.startswith((url, "blob:", "data:"))] == []
        # marimo logs much to the console, so we read and drop it before the next test.
        browser.driver.get("about:blank")
        assert [one for one in browser.complaints() if "Content Security" in one] == []


@needs_browser
def test_a_frame_may_be_hidden_or_small_at_first(browser: Browser, tmp_path: Path) -> None:
    # Notebooks and tabs load frames before they show them.
    framed = html.escape(make_widget()._page)
    for number, style in enumerate(("display: none", "width: 0", "width: 2px; height: 2px")):
        page = tmp_path / f"{number}.html"
        page.write_text(
            f'<div style="{style}"><iframe sandbox="allow-scripts" srcdoc="{framed}"'
            ' style="width: 100%; height: 100%; border: 0"></iframe></div>'
            "<script>document.querySelector('iframe').onload = () => { window.isLoaded = true; };"
            "</script>",
            encoding="utf-8",
        )
        browser.driver.switch_to.default_content()
        browser.open(page)
        wait_for(lambda: browser.run("return window.isLoaded"), "page in the frame")
        browser.run("document.querySelector('div').style = 'width: 900px; height: 640px'")
        enter(browser)
        choose_tool(browser, "lasso")
        zooms = "const { map } = geobuffer.view; return [map.getZoom(), map.getBoundsZoom("
        shown, fitting = browser.run(f"{zooms}geobuffer.facts.zone.bounds)]")
        assert shown == fitting
        assert browser.complaints() == []


@needs_browser
def test_axe_finds_no_fault_in_the_tools(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "widget.html"
    page.write_text(make_widget()._page, encoding="utf-8")
    browser.driver.switch_to.default_content()
    browser.open(page)
    choose_tool(browser, "lasso")
    assert browser.audit(axe_core()) == []
    assert browser.complaints() == []

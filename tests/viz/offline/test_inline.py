"""Any folium map becomes one page that fetches nothing and lists the files that it lacks.

Pages are parsed as a browser parses them, and get a policy that allows no requests.
"""

from __future__ import annotations

import json
import re
import socket
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import folium
import folium.plugins
import geopandas as gpd
import pytest
import shapely
from branca.element import Element, MacroElement
from folium.elements import JSCSSMixin
from folium.template import Template
from support.browser import chromium, needs_browser

import geobuffer as gb
from geobuffer.errors import DataError
from geobuffer.viz.offline.inline import PageElements, add_policy, escape_script, linked_url
from geobuffer.viz.offline.packages import InstalledPackages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.browser import Browser


TILES = "https://tile.openstreetmap.org/{z}/{x}/{y}.png"
SQUARE = {"type": "Polygon", "coordinates": [[[30, 50], [31, 50], [31, 51], [30, 51], [30, 50]]]}


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Allow connections only to the driver of the browser."""
    reach = socket.create_connection

    def local(address: Any, *others: Any, **named: Any) -> socket.socket:
        assert address[0] in {"localhost", "127.0.0.1", "::1"}, address
        return reach(address, *others, **named)

    monkeypatch.setattr(socket, "create_connection", local)


def blank(**options: Any) -> folium.Map:
    return folium.Map([50.5, 30.5], zoom_start=8, tiles=None, maxZoom=18, **options)


def squares(text: str = "text") -> dict[str, Any]:
    feature = {"type": "Feature", "properties": {"name": text}, "geometry": SQUARE}
    return {"type": "FeatureCollection", "features": [feature]}


class AbsentPlugin(JSCSSMixin, MacroElement):
    """A plugin whose library no package has; it defines a variable of the map."""

    _template = Template(
        "{% macro script(this, kwargs) %}var {{ this.get_name() }} = L.absent();{% endmacro %}"
    )
    default_js = [("absent", "https://cdn.jsdelivr.net/npm/leaflet-absent@1.0.0/absent.js")]  # noqa: RUF012
    default_css = [("absent_css", "https://cdn.jsdelivr.net/npm/leaflet-absent@1.0.0/u.css")]  # noqa: RUF012


def quietly(m: folium.Map) -> gb.OfflinePage:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return gb.inline(m)


class TestPage:
    def test_holds_what_the_map_links_to(self) -> None:
        page = gb.inline(blank())
        assert page.inlined["https://cdn.jsdelivr.net/npm/leaflet@1.9.3/dist/leaflet.js"] == (
            "Leaflet 1.9.3"
        )
        assert page.missing == ()
        assert not re.search(r"<(?:script|link)[^>]* (?:src|href)=", page.html)
        assert "default-src 'none'" in page.html

    def test_leaves_out_what_nothing_in_it_can_use(self) -> None:
        unused = " ".join(gb.inline(blank()).unused)
        for library in (
            "jquery",
            "bootstrap.bundle",
            "awesome-markers.js",
            "glyphicons",
            "all.min",
        ):
            assert library in unused

    @pytest.mark.parametrize(
        ("added", "library"),
        [
            (folium.CircleMarker([50, 30], popup="text"), "jquery"),
            (folium.Marker([50, 30], icon=folium.Icon()), "awesome-markers.js"),
            (folium.Marker([50, 30], icon=folium.Icon()), "glyphicons"),
            (folium.Marker([50, 30], icon=folium.Icon(prefix="fa")), "all.min.css"),
            (folium.Marker([50, 30], icon=folium.DivIcon("<i class='fa-solid fa-x'>")), "all.min"),
            (folium.CircleMarker([50, 30], tooltip="<a data-bs-toggle>"), "bootstrap.bundle"),
        ],
    )
    def test_keeps_what_is_used(self, added: Any, library: str) -> None:
        m = blank()
        added.add_to(m)
        page = gb.inline(m)
        assert library in " ".join(page.inlined)
        assert library not in " ".join(page.unused)

    def test_says_that_tiles_are_not_in_it(self) -> None:
        with pytest.warns(UserWarning, match=r"(?s)The page lacks.*openstreetmap.*is blank"):
            page = gb.inline(folium.Map())
        assert [missing.url for missing in page.missing] == [TILES]

    def test_says_what_a_missing_library_is_for(self) -> None:
        m = blank()
        AbsentPlugin().add_to(m)
        messages = [str(missing) for missing in quietly(m).missing]
        assert any(
            "absent.js: no installed package" in t and "AbsentPlugin will not" in t
            for t in messages
        )
        assert any(
            "u.css: no installed" in t and "AbsentPlugin may look wrong" in t for t in messages
        )

    def test_says_which_pictures_are_not_in_it(self) -> None:
        m = blank()
        icon = folium.CustomIcon("https://example.org/i.png", shadow_image="https://a.org/s.png")
        folium.Marker([50, 30], icon=icon, popup='<img src="https://b.org/p.png">').add_to(m)
        folium.raster_layers.ImageOverlay("https://c.org/o.png", [[50, 30], [51, 31]]).add_to(m)
        folium.CircleMarker([50, 30], tooltip="<iframe src='//d.org/f'></iframe>").add_to(m)
        m.get_root().html.add_child(Element('<img src="https://e.org/h.png"><a href="https://f">'))
        frame = folium.IFrame("<script src='https://g.org/s.js'></script>", width=9, height=9)
        folium.CircleMarker([50, 30], popup=folium.Popup(frame)).add_to(m)
        page = quietly(m)
        assert {missing.url for missing in page.missing} == {
            "https://g.org/s.js", "https://example.org/i.png", "https://a.org/s.png", "https://b.org/p.png",
            "https://c.org/o.png", "//d.org/f", "https://e.org/h.png",
        }  # fmt: skip
        assert '<img src="https://b.org/p.png">' in page.html
        assert '<img src="https://e.org/h.png">' in page.html

    def test_a_data_file_that_a_layer_would_load_is_reported(self, tmp_path: Path) -> None:
        file = tmp_path / "squares.geojson"
        file.write_text(json.dumps(squares()))
        m = blank()
        folium.GeoJson(str(file), embed=False).add_to(m)
        assert [missing.url for missing in quietly(m).missing] == [str(file)]

    def test_users_text_stays_as_it_is(self) -> None:
        m = blank()
        text = "<b>bold</b> https://example.org/a.js <a href='https://example.org'>more</a>"
        folium.CircleMarker([50, 30], popup=text, tooltip=text).add_to(m)
        page = gb.inline(m)
        assert page.html.count(text) == 2
        assert page.missing == ()

    def test_is_saved_and_written(self, tmp_path: Path) -> None:
        page = gb.inline(blank())
        page.save(tmp_path / "one.html")
        assert gb.write(page, tmp_path / "two.html") == tmp_path / "two.html"
        assert (tmp_path / "one.html").read_text("utf-8") == page.html
        assert (tmp_path / "two.html").read_text("utf-8") == page.html
        with pytest.raises(DataError, match=r"one\.gpkg"):
            gb.write(page, tmp_path / "one.gpkg")

    def test_our_own_map_is_there_already(self, zone: gb.BufferZone) -> None:
        m = gb.map_zone(zone)
        page = gb.inline(m)
        assert page.html == m.get_root().render()
        assert (page.missing, page.unused, page.inlined) == ((), (), {})

    @pytest.mark.parametrize("other", ["map.html", None, 1, Element("x"), folium.Map])
    def test_other_values_than_maps_are_refused(self, other: Any) -> None:
        with pytest.raises(DataError, match=r"Invalid m.*Must be a folium map"):
            gb.inline(other)


@pytest.fixture(scope="module")
def window() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def browser(window: Browser) -> Browser:
    """A browser without the messages of earlier pages."""
    window.driver.get("about:blank")
    window.complaints()
    return window


@needs_browser
class TestInABrowser:
    def opened(self, browser: Browser, page: gb.OfflinePage, folder: Path) -> None:
        """Open a page, and check that it sent no requests and no messages."""
        path = gb.write(page, folder / "map.html")
        browser.open(path)
        browser.driver.set_script_timeout(10)
        browser.driver.execute_async_script("requestAnimationFrame(() => setTimeout(arguments[0]))")
        assert browser.read_journal() == [path.as_uri()]
        assert browser.complaints() == []

    def clicked(self, browser: Browser, selector: str) -> str:
        """Click on the element of a selector, and return the text of the popup."""
        browser.run(
            "const at = document.querySelector(arguments[0]).getBoundingClientRect();"
            "const point = {bubbles: true, clientX: at.x + at.width / 2, "
            "clientY: at.y + at.height / 2};"
            "for (const kind of ['mousedown', 'mouseup', 'click'])"
            "document.querySelector(arguments[0]).dispatchEvent(new MouseEvent(kind, point))",
            selector,
        )
        # The popup opened last; an earlier one takes a moment to disappear.
        script = (
            "return [...document.querySelectorAll('.leaflet-popup-content')].at(-1).textContent"
        )
        return str(browser.run(script))

    def test_a_plain_map_with_tiles(self, browser: Browser, tmp_path: Path) -> None:
        self.opened(browser, quietly(folium.Map([50.5, 30.5], zoom_start=8)), tmp_path)
        assert browser.run("return document.querySelectorAll('.leaflet-tile-loaded').length") > 3
        browser.run("document.querySelector('.leaflet-control-zoom-in').click()")
        assert browser.read_journal() == []
        assert browser.complaints() == []

    def test_shapes_with_popups_and_tooltips(self, browser: Browser, tmp_path: Path) -> None:
        m = blank()
        text = "Zhuravlivka </script><b>"
        folium.GeoJson(
            squares(text),
            popup=folium.GeoJsonPopup(["name"]),
            tooltip=folium.GeoJsonTooltip(["name"]),
        ).add_to(m)
        folium.CircleMarker([50.5, 29], popup="<em>circle</em>", color="#d55e00").add_to(m)
        page = gb.inline(m)
        assert page.missing == ()
        self.opened(browser, page, tmp_path)
        assert "circle" in self.clicked(browser, "path[stroke='#d55e00']")
        assert "Zhuravlivka" in self.clicked(browser, "path:not([stroke='#d55e00'])")
        assert browser.complaints() == []

    def test_markers_with_icons(self, browser: Browser, tmp_path: Path) -> None:
        m = blank()
        folium.Marker([50.5, 30], popup="plain").add_to(m)
        folium.Marker([50.5, 30.5], icon=folium.Icon(color="red", icon="cloud")).add_to(m)
        folium.Marker([50.5, 31], icon=folium.Icon(prefix="fa", icon="house")).add_to(m)
        page = gb.inline(m)
        assert page.missing == ()
        self.opened(browser, page, tmp_path)
        assert "plain" in self.clicked(browser, "img.leaflet-marker-icon")
        pin, red = browser.run(
            "return [document.querySelector('img.leaflet-marker-icon').naturalWidth,"
            "getComputedStyle(document.querySelector('.awesome-marker-icon-red')).backgroundImage]"
        )
        assert pin in {25, 50}  # Leaflet's pin, or that for fine screens
        assert red.startswith('url("data:image/png;base64,')
        fonts = browser.driver.execute_async_script(
            "document.fonts.ready.then(fonts => arguments[0]([...fonts]"
            ".filter(f => f.status === 'loaded').map(f => f.family.replaceAll('\"', ''))))"
        )
        assert {"Glyphicons Halflings", "Font Awesome 6 Free"} <= set(fonts)
        assert browser.complaints() == []

    def test_what_the_how_to_shows(self, browser: Browser, tmp_path: Path) -> None:
        guide = (Path(__file__).parents[3] / "docs/how-to/offline.md").read_text("utf-8")
        (code,) = re.findall(r"```python\n(.*?)```", guide, flags=re.DOTALL)
        names: dict[str, Any] = {}
        exec(code.replace('"map.html"', "file"), {"file": tmp_path / "guide.html"}, names)  # noqa: S102
        assert names["page"].missing == ()
        assert len(names["page"].html) < 1_150_000
        self.opened(browser, names["page"], tmp_path)
        assert (tmp_path / "guide.html").read_text("utf-8") == names["page"].html

    def test_what_geopandas_explores(self, browser: Browser, tmp_path: Path) -> None:
        table = gpd.GeoDataFrame(
            {"km": [1.0, 2.0], "name": ["a", "b"]},
            geometry=[shapely.box(30, 50, 31, 51), shapely.box(31, 50, 32, 51)],
            crs="EPSG:4326",
        )
        page = gb.inline(table.explore("km", tiles=None, tooltip="name", popup=True))
        assert page.missing == ()
        self.opened(browser, page, tmp_path)
        assert "km" in self.clicked(browser, "path.leaflet-interactive")
        assert browser.run("return document.querySelectorAll('.legend svg, #legend').length") > 0
        assert browser.complaints() == []

    def test_plugins(self, browser: Browser, tmp_path: Path) -> None:
        m = blank()
        cluster = folium.plugins.MarkerCluster().add_to(m)
        for _ in range(3):
            folium.Marker([50.5, 30.5]).add_to(cluster)
        folium.plugins.Fullscreen().add_to(m)
        folium.plugins.MeasureControl().add_to(m)
        folium.plugins.HeatMap([[50.5, 29.5]]).add_to(m)
        folium.LayerControl().add_to(m)
        page = gb.inline(m)
        assert page.missing == ()
        self.opened(browser, page, tmp_path)
        assert browser.text(".marker-cluster") == "3"
        assert browser.run("return !!document.querySelector('.leaflet-control-measure')")

    def test_the_rest_works_without_a_plugin_that_no_package_has(
        self, browser: Browser, tmp_path: Path
    ) -> None:
        m = blank()
        folium.Marker([50.5, 30], popup="before").add_to(m)
        AbsentPlugin().add_to(m)
        folium.CircleMarker([50.5, 31], popup="after", color="#d55e00").add_to(m)
        path = gb.write(quietly(m), tmp_path / "map.html")
        browser.open(path)
        assert "before" in self.clicked(browser, "img.leaflet-marker-icon")
        assert "after" in self.clicked(browser, "path[stroke='#d55e00']")
        assert browser.read_journal() == [path.as_uri()]
        (warned,) = browser.complaints()
        assert "L.absent is not a function" in warned

    def test_without_the_extra_the_map_is_there_and_plainer(
        self, browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("geobuffer.viz.offline.packages.InstalledPackages._texts_by_url", {})
        monkeypatch.setattr(
            "geobuffer.viz.offline.packages.InstalledPackages._find_files",
            lambda self, url, address, filed=InstalledPackages._find_files: (
                one for one in filed(self, url, address) if "Leaflet" in one[1].package
            ),
        )
        m = blank()
        folium.Marker([50.5, 30], icon=folium.Icon(color="red"), popup="no").add_to(m)
        folium.CircleMarker([50.5, 31], color="#d55e00", tooltip="tip").add_to(m)
        page = quietly(m)
        messages = " ".join(map(str, page.missing))
        for words in ("popups do not open", "are plain pins", "pip install 'geobuffer[offline]'"):
            assert words in messages
        path = gb.write(page, tmp_path / "map.html")
        browser.open(path)
        assert browser.run("return document.querySelector('img.leaflet-marker-icon').naturalWidth")
        assert browser.run("return !!document.querySelector('path[stroke=\"#d55e00\"]')")
        assert browser.read_journal() == [path.as_uri()]

    def test_text_of_users_requests_nothing(self, browser: Browser, tmp_path: Path) -> None:
        m = blank()
        folium.Marker([50.5, 30], popup='<img src="https://b.org/p.png">').add_to(m)
        path = gb.write(quietly(m), tmp_path / "map.html")
        browser.open(path)
        self.clicked(browser, "img.leaflet-marker-icon")
        entries = [
            json.loads(e["message"])["message"] for e in browser.driver.get_log("performance")
        ]
        failed = [e["params"] for e in entries if e["method"] == "Network.loadingFailed"]
        assert [one["blockedReason"] for one in failed] == ["csp"]  # before it left the browser
        responses = [e["params"] for e in entries if e["method"] == "Network.responseReceived"]
        assert [one["response"]["url"].partition(":")[0] for one in responses].count("https") == 0
        assert all("Content Security Policy" in complaint for complaint in browser.complaints())

    def test_our_own_map_with_a_plugin(
        self, browser: Browser, tmp_path: Path, strip: gb.Border
    ) -> None:
        m = gb.map_zone(gb.build_zone(strip, km=10, tolerance_m=1))
        folium.plugins.Fullscreen().add_to(m)
        page = gb.inline(m)
        assert page.missing == ()
        assert "https:" not in re.findall(r'content="(default-src[^"]*)"', page.html)[0]
        self.opened(browser, page, tmp_path)
        assert browser.run("return !!document.querySelector('.leaflet-control-zoom-fullscreen')")

    def test_shows_in_a_notebook_with_what_it_lacks(self, browser: Browser, tmp_path: Path) -> None:
        m = blank()
        folium.CircleMarker([50.5, 31]).add_to(m)
        AbsentPlugin().add_to(m)
        path = tmp_path / "notebook.html"
        path.write_text(f"<meta charset=utf-8>{quietly(m)._repr_html_()}", "utf-8")
        browser.open(path)
        frame = "document.querySelector('iframe').contentDocument"
        assert browser.run(f"return {frame}.querySelectorAll('path.leaflet-interactive').length")
        assert "AbsentPlugin will not work" in browser.text("table")
        assert browser.read_journal() == [path.as_uri()]


PAGE = """<!DOCTYPE html><html><head>
<!-- <script src="https://no/1.js"></script> -->
<script src="https://a/b.js"></script><SCRIPT>x = '<script src="https://no/2.js">';</SCRIPT>
<link href="https://a/c.css" rel="Stylesheet"/><link rel="icon" href="https://a/i.ico">
<style>a > b {}</style><script src="data:,1"></script>
</head><body><img src="https://a/p.png"></body></html>"""


def test_links_are_those_that_a_browser_would_follow() -> None:
    assert [url for element in PageElements(PAGE).found if (url := linked_url(element))] == [
        "https://a/b.js", "https://a/c.css",
    ]  # fmt: skip


def test_pieces_know_where_they_stand() -> None:
    elements = PageElements(PAGE)
    texts = {PAGE[slice(*p.text)] for p in elements.found if p.tag in {"script", "style"}}
    assert texts == {"", "x = '<script src=\"https://no/2.js\">';", "a > b {}"}
    script = next(element for element in elements.found if linked_url(element))
    assert PAGE[slice(*script.span)] == '<script src="https://a/b.js"></script>'
    assert PAGE[slice(*elements.head)].startswith("\n<!--")
    assert PAGE[elements.head[1] :].startswith("</head>")


@pytest.mark.parametrize(
    "script",
    ["a = '</script>'", "/* </SCRIPT > */", "`<!-- <script>`", "/<\\/script>/.test(x)", "'<!--'"],
)
def test_no_script_ends_early(script: str) -> None:
    page = f"<script>{escape_script(script)}</script><p>after</p>"
    elements = PageElements(page).found
    assert [element.tag for element in elements] == ["script", "p"]
    assert "<!--" not in page


def test_scripts_point_to_no_source_map() -> None:
    assert escape_script("x;\n//# sourceMappingURL=leaflet.js.map") == "x;\n"


def test_a_page_is_put_under_a_policy() -> None:
    begin, _ = PageElements(PAGE).head
    page = add_policy(PAGE, begin)
    assert page.index("default-src 'none'") < page.index("<script")
    assert "http" not in page.partition('content="')[2].partition('"')[0]


def test_policy_of_a_page_allows_its_texts_and_no_web_address() -> None:
    page = (
        """<head><meta http-equiv="Content-Security-Policy" content="default-src 'none'; """
        """script-src 'sha256-old' https://a/b.js; style-src 'unsafe-inline' https:; """
        """img-src data: https: http:; connect-src https:; upgrade-insecure-requests">"""
        """</head><script>1;</script><script type="application/json">{}</script>"""
    )
    assert add_policy(page, 6).partition('content="')[2].partition('"')[0] == (
        # printf '1;' | openssl dgst -sha256 -binary | base64
        "default-src 'none'; script-src 'sha256-CImjRDTlhukYQ2AnxOi0wzgPhGQ3Mb3rVwJK24dFz1M='; "
        "style-src 'unsafe-inline'; img-src data:; connect-src 'none'; upgrade-insecure-requests"
    )

"""Find the file of an address among the installed packages, and embed style sheets."""

from __future__ import annotations

import importlib
import socket
from typing import TYPE_CHECKING

import folium
import folium.plugins
import pytest
from folium.elements import JSCSSMixin

from geobuffer.viz.offline.packages import (
    Address,
    Asset,
    InstalledPackages,
    StyleSheet,
    data_url,
    read_address,
)

if TYPE_CHECKING:
    from pathlib import Path


JSDELIVR = "https://cdn.jsdelivr.net/npm/"


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        (f"{JSDELIVR}leaflet@1.9.3/dist/leaflet.js", ("leaflet", "1.9.3", "dist/leaflet.js")),
        (f"{JSDELIVR}@fortawesome/fontawesome-free@6.2.0/css/all.min.css",
         ("@fortawesome/fontawesome-free", "6.2.0", "css/all.min.css")),
        ("https://unpkg.com/leaflet.boatmarker/a.min.js", ("leaflet.boatmarker", "", "a.min.js")),
        ("https://unpkg.com/@joergdietrich/leaflet.terminator",
         ("@joergdietrich/leaflet.terminator", "", "")),
        ("https://cdn.jsdelivr.net/gh/python-visualization/folium@main/folium/templates/x.js",
         ("folium", "main", "folium/templates/x.js")),
        ("https://cdnjs.cloudflare.com/ajax/libs/d3/3.5.5/d3.min.js", ("d3", "3.5.5", "d3.min.js")),
        ("https://netdna.bootstrapcdn.com/bootstrap/3.0.0/css/glyphs.css",
         ("bootstrap", "3.0.0", "css/glyphs.css")),
        ("https://code.jquery.com/jquery-3.7.1.min.js?x=1",
         ("jquery", "3.7.1", "jquery-3.7.1.min.js")),
        ("https://d3js.org/d3.v4.min.js", ("d3", "4", "d3.v4.min.js")),
    ],
)  # fmt: skip
def test_an_address_names_a_package_a_version_and_a_file(
    url: str, asked: tuple[str, str, str]
) -> None:
    assert read_address(url) == Address(*asked)


@pytest.mark.parametrize("url", ["https://example.org/a.png", "x.js", "", "https://"])
def test_other_addresses_do_not(url: str) -> None:
    assert read_address(url) is None


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Install packages of files for one test, and hide all others."""
    monkeypatch.setattr("sys.path", [str(tmp_path)])

    def installed(name: str, version: str, files: dict[str, str]) -> None:
        metadata = tmp_path / f"{name.replace('-', '_')}-{version}.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        for path, text in files.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text, "utf-8")
        (metadata / "RECORD").write_text("".join(f"{path},,\n" for path in files))
        importlib.invalidate_caches()

    return installed


class TestShelves:
    def test_finds_a_file_by_the_name_of_its_library(self, install) -> None:
        install("XStatic-Some-Thing", "2.1.0.3", {"xstatic/pkg/st/data/some.thing.min.js": "1"})
        found = InstalledPackages().find(f"{JSDELIVR}some.thing@2.1.0/dist/some.thing.min.js")
        assert isinstance(found, Asset)
        assert (found.data, found.package, found.note) == (b"1", "XStatic-Some-Thing 2.1.0.3", "")

    def test_finds_a_file_whose_address_has_the_version_in_its_name(self, install) -> None:
        install("XStatic-jQuery", "3.7.1.1", {"data/jquery.min.js": "1", "data/jquery.js": "2"})
        found = InstalledPackages().find("https://code.jquery.com/jquery-3.7.1.min.js")
        assert isinstance(found, Asset)
        assert found.data == b"1"

    def test_reports_another_compatible_version(self, install) -> None:
        install("XStatic-Thing", "2.4.0.0", {"thing.js": "old"})
        found = InstalledPackages().find(
            "https://cdnjs.cloudflare.com/ajax/libs/thing/2.1.0/thing.js"
        )
        assert isinstance(found, Asset)
        assert found.note == "version 2.4.0.0 in place of 2.1.0"

    @pytest.mark.parametrize(("here", "asked"), [("3.0.0", "2.9.9"), ("0.3.0", "0.2.9")])
    def test_does_not_take_an_incompatible_version(self, install, here: str, asked: str) -> None:
        install("thing", here, {"thing.js": "1"})
        found = InstalledPackages().find(
            f"https://cdnjs.cloudflare.com/ajax/libs/thing/{asked}/thing.js"
        )
        assert found == f"thing {here} has another major version of it"

    def test_prefers_the_requested_version_and_then_the_newest(self, install) -> None:
        install("thing", "1.2.0", {"a/thing.js": "1.2"})
        install("xstatic-thing", "1.4.0", {"b/thing.js": "1.4"})
        packages = InstalledPackages()
        exact = packages.find(f"{JSDELIVR}thing@1.2.0/thing.js")
        newest = packages.find(f"{JSDELIVR}thing@1.3.0/thing.js")
        assert isinstance(exact, Asset)
        assert isinstance(newest, Asset)
        assert (exact.data, newest.data) == (b"1.2", b"1.4")

    def test_takes_the_file_in_the_folders_of_the_address(self, install) -> None:
        install("thing", "1.0", {"thing/src/css/a.css": "no", "thing/dist/css/a.css": "yes"})
        found = InstalledPackages().find(f"{JSDELIVR}thing@1.0/dist/css/a.css")
        assert isinstance(found, Asset)
        assert found.data == b"yes"

    def test_reads_texts_by_address_without_running_them(self, install) -> None:
        module = 'raise SystemExit\n_res = {}\n_res["https://x.org/a.js"] = "text"\n'
        install("folium-offline", "1.0", {"offlinefolium/elements.py": module})
        found = InstalledPackages().find("https://x.org/a.js")
        assert isinstance(found, Asset)
        assert (found.data, found.package) == (b"text", "folium-offline 1.0")

    def test_advises_what_to_install_where_that_is_not_there(self, install) -> None:
        assert "pip install 'geobuffer[offline]'" in str(
            InstalledPackages().find("https://x.org/a.js")
        )
        module = "_res['https://x.org/b.js'] = 'text'"
        install("folium-offline", "1.0", {"offlinefolium/features.py": module})
        assert "pip install" not in str(InstalledPackages().find("x"))

    def test_looks_beside_a_file_within_its_package_only(self, install, tmp_path: Path) -> None:
        install("thing", "1.0", {"css/a.css": "", "images/b.png": "picture"})
        (tmp_path / "secret.png").write_text("no")
        found = InstalledPackages().find(f"{JSDELIVR}thing@1.0/css/a.css")
        assert isinstance(found, Asset)
        assert found.find_sibling("../images/b.png?v=1#x") == b"picture"
        assert found.find_sibling("../secret.png") is None
        assert found.find_sibling("../../../etc/passwd") is None
        assert found.find_sibling("https://x.org/../images/b.png") is None

    def test_leaves_out_a_file_that_is_listed_and_gone(self, install, tmp_path: Path) -> None:
        install("thing", "1.0", {"thing.js": "1"})
        (tmp_path / "thing.js").unlink()
        assert isinstance(InstalledPackages().find(f"{JSDELIVR}thing@1.0/thing.js"), str)

    def test_has_all_that_folium_and_its_plugins_ask_for(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(socket.socket, "connect", None)  # a look at the network fails
        classes = [folium.Map, *vars(folium.plugins).values()]
        asked = {
            url
            for kind in classes
            if isinstance(kind, type) and issubclass(kind, JSCSSMixin)
            for _, url in [*kind.default_js, *kind.default_css]
        }
        packages = InstalledPackages()
        assert len(asked) > 50
        assert [url for url in asked if isinstance(packages.find(url), str)] == []


class TestSheet:
    def bound(self, text: str, install, page: str = "") -> StyleSheet:
        files = {
            "css/a.css": text, "css/b.css": "b {}", "images/p.png": "p", "fonts/f.woff2": "2",
            "fonts/f.ttf": "t",
        }  # fmt: skip
        install("thing", "1.0", files)
        packages = InstalledPackages()
        asset = packages.find(f"{JSDELIVR}thing@1.0/css/a.css")
        assert isinstance(asset, Asset)
        return StyleSheet(text, asset, packages, page)

    @pytest.mark.parametrize("quote", ["", '"', "'"])
    def test_pictures_become_data(self, install, quote: str) -> None:
        sheet = self.bound(f"a {{background: url({quote}../images/p.png{quote}) 0 0}}", install)
        assert sheet.text == f'a {{background: url("{data_url("p.png", b"p")}") 0 0}}'
        assert sheet.missing == []

    def test_styles_without_addresses_stay_unchanged(self, install) -> None:
        text = "a {behavior: url(#default#VML); background: url(data:image/png;base64,eA==)}"
        assert self.bound(text, install).text == text

    def test_a_file_that_no_package_has_is_reported_and_not_requested(self, install) -> None:
        sheet = self.bound("a {background: url(no.png)} b {color: red}", install)
        assert sheet.text == 'a {background: url("data:,")} b {color: red}'
        assert sheet.missing == [f"{JSDELIVR}thing@1.0/css/no.png"]

    def test_imports_are_written_in(self, install) -> None:
        sheet = self.bound('@import "b.css"; @import url(b.css) print; @import "c.css";', install)
        assert sheet.text.split() == ["b", "{}", "@media", "print", "{b", "{}}"]
        assert sheet.missing == [f"{JSDELIVR}thing@1.0/css/c.css"]

    def test_of_a_font_one_file_is_taken(self, install) -> None:
        face = (
            "@font-face{font-family:'F G';src:url(../fonts/f.eot);src:url(../fonts/f.eot?#ie) "
            "format('eot'),url(../fonts/f.woff2) format('woff2'),url(../fonts/f.ttf);font-weight:1}"
        )
        sheet = self.bound(face + "a{font:1em 'F G'}", install)
        assert sheet.text == (
            "@font-face{font-family:'F G';font-weight:1;"
            f'src:url("{data_url("f.woff2", b"2")}")}}' + "a{font:1em 'F G'}"
        )
        assert sheet.missing == []

    def test_a_font_that_nothing_names_is_left_out(self, install) -> None:
        sheet = self.bound("@font-face{font-family:F;src:url(../fonts/f.ttf)}a{}", install)
        assert sheet.text == "a{}"

    def test_a_font_that_the_page_names_is_kept(self, install) -> None:
        face = "@font-face{font-family:F;src:url(data:font/woff;base64,eA==)}"
        assert "eA==" in self.bound(face, install, "<p style='font-family: F'>").text

    def test_a_font_without_a_file_is_reported(self, install) -> None:
        sheet = self.bound("@font-face{font-family:F;src:url(no.woff)}a{font:F}", install)
        assert sheet.text == "a{font:F}"
        assert sheet.missing == [f"{JSDELIVR}thing@1.0/css/no.woff"]

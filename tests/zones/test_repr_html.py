"""The HTML that every noun shows in a notebook, whatever text its fields hold."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from support.browser import chromium, needs_browser

import geobuffer as gb
from geobuffer.zones.flat_ends import FlatEnd
from geobuffer.zones.repr_html import card_html, outline_svg

if TYPE_CHECKING:
    from pathlib import Path


# What is made of data; a Downloader is a tool.
NOUNS = sorted(
    {name for name in gb.__all__ if dataclasses.is_dataclass(getattr(gb, name))} - {"Downloader"}
)

# Elements and their attributes that a card is made of; no other may come of data.
MADE_OF = {
    "div": {"style"}, "strong": set(), "span": {"style"}, "table": {"style"}, "tr": {"style"},
    "th": {"style", "scope"}, "td": {"style"}, "a": {"href", "rel", "target"},
    "svg": {"xmlns", "role", "width", "height", "viewbox", "style"}, "title": set(),
    "g": {"fill", "fill-rule", "stroke", "stroke-linejoin"},
    "path": {"d", "fill-opacity", "stroke-width"}, "iframe": {"srcdoc", "style"},
}  # fmt: skip

PROBES = (
    "</table><script>1</script>", '" onmouseover="1', "' onload='1", "<img src=x>", "&lt;b&gt;",
    "{{ 7*191 }}", "</title><b>", "javascript:1", "<!--", "]]>",
)  # fmt: skip
HOSTILE = " ".join(PROBES)


class Reader(HTMLParser):
    """The elements, links and text of a card, as a browser takes them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


def made(name: str, text: str = "") -> Any:
    """Make a noun with a text in every field that can hold one."""
    source = gb.Source(
        f"Atlas{text}", f"Office{text}", f"https://example.org/?{text}", f"CC0{text}", f"3{text}",
        f"2026{text}", 10.0, f"Cite{text}",
    )  # fmt: skip
    names = {"en": f"West{text}", "uk": f"Захід{text}", "ru": f"Запад{text}"}
    region = gb.Region(
        f"West{text}", shapely.box(29, 50, 30, 51), source, names, f"AA-1{text}", f"AA{text}",
        {"en": f"Land{text}"}, source,
    )  # fmt: skip
    line = shapely.LineString([(30, 50), (30, 51)])
    section = gb.Section(f"West–East{text}", line, (region, region), 0.0, 111.2)
    sides = (
        gb.Side(f"left{text}", region.geometry, (region,), names),
        gb.Side(f"right{text}", None, (), names),
    )
    border = gb.Border((section,), sides, source)
    rings = (shapely.box(29.93, 50, 30, 51), shapely.box(29.86, 50, 29.93, 51))
    zone = gb.BufferZone(
        border, (0, 5, 10), f"left{text}", "flat", rings, 1, 0.5,
        (FlatEnd(30.0, 51.0, 0.0, None),),
    )  # fmt: skip
    report = gb.Report(f"Claim{text}", f"Speaker{text}", dt.date(2025, 5, 22), f"https://a{text}")
    scenario = gb.Scenario(
        f"Title{text}", (f"West{text}",), (f"East{text}",), (5.0, 10.0), f"left{text}", "round",
        f"Summary{text}", f"Somebody{text}", dt.date(2025, 5, 22), (report, report),
        ((f"Village{text}", f"Hromada{text}"),),
    )  # fmt: skip
    page = gb.OfflinePage(f"<p>{text}</p>", {}, (), (_missing(text),))
    nouns = {
        "Source": source, "Region": region, "Regions": gb.Regions((region,)), "Side": sides[0],
        "Section": section, "Border": border, "BufferZone": zone, "Report": report,
        "Scenario": scenario, "OfflinePage": page,
        "CombinedZone": gb.unite(zone, region, name=f"Both{text}"),
    }  # fmt: skip
    return nouns[name]


def _missing(text: str) -> Any:
    from geobuffer.viz.offline.inline import Missing

    return Missing(f"https://example.org/{text}", f"reason{text}", f"effect{text}")


def read(noun: Any) -> Reader:
    return Reader(noun._repr_html_())


@pytest.mark.parametrize("name", NOUNS)
class TestEveryNoun:
    def test_has_a_card(self, name: str) -> None:
        assert callable(vars(getattr(gb, name)).get("_repr_html_"))
        assert name in read(made(name)).text

    def test_shows_hostile_text_as_it_is(self, name: str) -> None:
        shown = read(made(name, f" {HOSTILE}"))
        plain = read(made(name))
        assert [tag for tag, _ in shown.tags] == [tag for tag, _ in plain.tags]
        for tag, attributes in shown.tags:
            assert attributes.keys() <= MADE_OF[tag]
        assert "</table><script>1</script>" in shown.text
        assert not shown.open

    def test_only_web_addresses_become_links(self, name: str) -> None:
        for tag, attributes in read(made(name, f" {HOSTILE}")).tags:
            if tag == "a":
                assert (attributes["href"] or "").startswith("https://")

    def test_card_sets_no_colours(self, name: str) -> None:
        text = re.sub(r'srcdoc="[^"]*"', "", made(name)._repr_html_())
        assert not re.search(r"#[0-9a-f]{3,8}\b|rgb|hsl|(?<!current)color:(?!inherit)", text)


def test_source_shows_only_known_facts() -> None:
    shown = read(gb.Source("Parks", licence="CC0", accuracy_m=5)).text
    assert shown == "Parks SourcelicenceCC0accuracy±5 m"


def test_several_addresses_are_no_link() -> None:
    one = read(gb.Source("Parks", url="https://a.example"))
    two = read(gb.Source("Parks", url="https://a.example; https://b.example"))
    assert [tag for tag, _ in one.tags if tag == "a"] == ["a"]
    assert "a" not in [tag for tag, _ in two.tags]
    assert "https://a.example; https://b.example" in two.text


def test_region_in_three_languages_with_its_area(regions: gb.Regions) -> None:
    shown = read(regions["Sumy"]).text
    for fact in ("Sumy Oblast", "Сумська область", "Сумская область", "UA-59", "23,866 km²",
                 "ODbL-1.0", "2020-10", "±50 m"):  # fmt: skip
        assert fact in shown


def test_border_and_section_with_chainage(border: gb.Border) -> None:
    shown = read(border).text
    assert "Bryansk–Sumy232.2391.1159.0" in shown
    assert "1,104.4 km" in shown
    assert "232.2 to 391.1 km" in read(border.sections[1]).text
    assert "Брянська область – Сумська область" in read(border.sections[1]).text


def test_zone_with_rings_ends_and_error(strip: gb.Border) -> None:
    zone = gb.build_zone(strip, km=[5, 10], side="West", ends="flat")
    shown = read(zone).text
    for ring, area in zip(zone.ring_names, zone.ring_areas_km2, strict=True):
        assert f"{ring}{area:,.0f}" in shown
    assert f"within {zone.error_m:.2g} m" in shown
    assert "endsflat" in shown


def test_scenario_with_its_reports() -> None:
    scenario = gb.load_scenario()
    shown = read(scenario).text
    assert scenario.title in shown
    assert "2025-05-22" in shown
    assert all(report.said_by in shown for report in scenario.reports)


def test_card_of_a_side_without_an_area() -> None:
    other = made("Border").sides[1]
    shown = read(other)
    assert "not on the other side" in shown.text
    assert "svg" not in [tag for tag, _ in shown.tags]


def test_bundled_nouns_are_small(
    regions: gb.Regions, border: gb.Border, zone: gb.BufferZone
) -> None:
    nouns = [regions, border, zone, *regions, *border.sides, *border.sections, gb.load_scenario()]
    assert max(len(noun._repr_html_().encode()) for noun in nouns) < 20_000


def coast(points: int, parts: int) -> shapely.MultiPolygon:
    """Make islands with rough coasts."""
    rng = np.random.default_rng(1)
    turn = np.linspace(0, 2 * np.pi, points, endpoint=False)
    rough = 0.4 + 0.05 * rng.random((parts, points))
    centres = rng.uniform((-170, -60), (170, 60), (parts, 2))
    xy = np.stack([np.cos(turn), np.sin(turn)], axis=-1) * rough[..., None]
    return shapely.MultiPolygon(list(shapely.polygons(centres[:, None] + xy)))


@pytest.mark.parametrize(("points", "parts"), [(200_000, 1), (20, 5_000), (2_000, 200)])
def test_a_picture_is_small_however_rough_the_shape(points: int, parts: int) -> None:
    picture = outline_svg([(coast(points, parts), 0.2)], "coast")
    assert len(picture) < 11_000
    assert picture.count("M") >= 1


def test_more_rows_than_a_table_shows_are_counted() -> None:
    shown = Reader(card_html("Kind", "Title", [], rows=[["n"], *([k] for k in range(1_000))])).text
    assert shown.endswith("19and 980 more")


def test_a_long_text_is_cut() -> None:
    assert len(Reader(card_html("Kind", "Title", [("fact", "&" * 10_000)])).text) < 550


def size(picture: str) -> tuple[int, int]:
    found = re.search(r'width="(\d+)" height="(\d+)"', picture)
    assert found
    return int(found[1]), int(found[2])


def drawn(picture: str) -> np.ndarray[Any, Any]:
    """Return all points of a picture in pixels."""
    points = []
    for path in re.findall(r'd="([^"]*)"', picture):
        for x0, y0, steps in re.findall(r"M(-?\d+),(-?\d+)l([^MZ]*)", path):
            walk = [(int(x0), int(y0)), *(tuple(map(int, s.split(","))) for s in steps.split())]
            points.append(np.cumsum(walk, axis=0) / 10.0)
    return np.concatenate(points)


@pytest.mark.parametrize("lat", [0.0, 50.0, -60.0])
def test_proportions_are_those_of_the_ground(lat: float) -> None:
    width, height = size(outline_svg([(shapely.box(10, lat - 1, 12, lat + 1), 0.2)], ""))
    assert (width - 2) / (height - 2) == pytest.approx(np.cos(np.radians(lat)), abs=0.02)


def test_north_is_up() -> None:
    points = drawn(outline_svg([(shapely.LineString([(0, 0), (1, 2)]), 0.0)], ""))
    assert points[0, 1] > points[-1, 1]
    assert points[0, 0] < points[-1, 0]


@given(west=st.floats(-540.0, 540.0), width=st.floats(1.0, 40.0))
def test_where_the_antimeridian_is_makes_no_difference(west: float, width: float) -> None:
    east = west + width
    here = shapely.LineString([(west, 60), (east, 62)])
    there = shapely.LineString([((x + 180) % 360 - 180, y) for x, y in here.coords])
    # A pixel for rounding.
    assert size(outline_svg([(there, 0.0)], "")) == pytest.approx(
        size(outline_svg([(here, 0.0)], "")), abs=1
    )


def test_a_region_cut_at_the_antimeridian_is_drawn_in_one_piece() -> None:
    cut = shapely.MultiPolygon([shapely.box(170, 60, 180, 70), shapely.box(-180, 60, -170, 70)])
    whole = shapely.box(170, 60, 190, 70)
    assert size(outline_svg([(cut, 0.2)], "")) == size(outline_svg([(whole, 0.2)], ""))


@pytest.mark.parametrize(
    "shape",
    [None, shapely.Polygon(), shapely.LineString([(30, 50), (30, 50)]), shapely.Point(1, 2),
     shapely.LineString([(30, 50), (30, 51)]), shapely.box(-180, -90, 180, 90)],
)  # fmt: skip
def test_odd_shapes_are_drawn_or_left_out(shape: Any) -> None:
    assert "nan" not in outline_svg([(shape, 0.2)], "odd").lower()


@needs_browser
def test_card_suits_light_and_dark_notebooks(
    tmp_path: Path, regions: gb.Regions, border: gb.Border, zone: gb.BufferZone
) -> None:
    nouns = [regions["Sumy"].source, regions, border, zone, gb.load_scenario()]
    cards = "".join(noun._repr_html_() for noun in nouns)
    with chromium() as browser:
        for ground, ink in (("#ffffff", "rgb(33, 33, 33)"), ("#111111", "rgb(230, 230, 230)")):
            page = tmp_path / "cards.html"
            # JupyterLab sets its tables' cells to the right.
            page.write_text(
                f"<!DOCTYPE html><meta charset=utf-8><style>body {{background: {ground}; color: "
                f"{ink}}} td, th {{text-align: right; padding: .5em}}</style>{cards}", "utf-8"
            )  # fmt: skip
            browser.open(page)
            styles = browser.run(
                "return [...document.querySelectorAll('td, th, strong, g')].map("
                "e => [getComputedStyle(e).color, getComputedStyle(e).textAlign])"
            )
            assert {colour for colour, _ in styles} == {ink}
            assert browser.run("return getComputedStyle(document.querySelector('g')).stroke") == ink
            assert browser.run(
                "return getComputedStyle(document.querySelector('td')).textAlign"
            ) == "left"  # fmt: skip
            assert browser.read_journal() == [page.as_uri()]
            assert browser.complaints() == []


def test_half_a_character_is_shown_as_an_escape() -> None:
    assert "a \\ud800" in card_html("Source", "a \ud800", [])

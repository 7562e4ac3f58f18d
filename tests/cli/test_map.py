"""``geobuffer map``: the page and the picture."""

import re
import sys

import PIL.Image
import pytest
from support.cli import SHORT, TITLE

import geobuffer as gb
from geobuffer.analysis import classify
from geobuffer.viz import place_outlines
from geobuffer.viz.figure import plot


def _map(run, here, *args):
    facts = run("map", *args, "--json").json
    return facts, (here / facts["file"]).read_text(encoding="utf-8")


def test_map_of_the_announced_zone(run, here, towns, zone):
    facts, page = _map(run, here)
    assert [p.name for p in here.iterdir()] == ["geobuffer-map.html"]
    counts = gb.classify(towns, zone)["membership"].value_counts()
    assert (facts["inside"], facts["uncertain"]) == (counts["inside"], counts["uncertain"])
    assert facts["zone"]["area_km2"] == pytest.approx(zone.area_km2, rel=1e-4)
    assert page.lstrip().startswith("<!DOCTYPE html>")
    assert page.rstrip().endswith("</html>")
    for said in ("10 km into Ukraine", "Oleh Hryhorov", "Юнаківка", "Chernihiv"):
        assert said in page
    # The reports are compared, and the model's range is there; one option leaves that out.
    assert '"people":56000' in page
    assert '"basis":' in page
    assert '"basis":' not in _map(run, here, "--no-model", "--out", "m.html")[1]
    # It opens offline.
    assert not re.search(r"<(script|link)[^>]+(src|href)=.(https?:)?//", page)


def test_map_follows_the_options(run, here):
    facts, page = _map(
        run, here, *SHORT, "--km", "3,6", "--side", "Ukraine", "--ends", "flat", "--out", "m.html"
    )
    assert [p.name for p in here.iterdir()] == ["m.html"]
    shape = {key: facts["zone"][key] for key in ("side", "ends", "edges_km", "sections")}
    assert shape == {
        "side": "Ukraine", "ends": "flat", "edges_km": [0, 3, 6], "sections": ["Belgorod–Sumy"],
    }  # fmt: skip
    for said in (TITLE.format("3 / 6"), '"edges_km":[0.0,3.0,6.0]', "Велика Писарівка"):
        assert said in page
    # What was reported of another zone is not compared with this one.
    assert '"people":56000' not in page
    listed = run(
        "settlements", *SHORT, "--km", "6", "--side", "Ukraine", "--ends", "flat", "--json"
    )
    memberships = [r["membership"] for r in listed.json]
    assert facts["inside"] == memberships.count("inside") > 0
    assert facts["uncertain"] == memberships.count("uncertain")


def test_map_of_a_scenario_file_shows_its_title_and_reports(run, here, mine):
    facts, page = _map(run, here, "--scenario", mine)
    assert facts["zone"]["side"] == "Russia"
    assert "Зона «моя»" in page
    assert "A test says so." in page
    assert "Oleh Hryhorov" not in page


def test_map_has_the_title_that_is_given_on_page_and_picture(run, here):
    title = "Ours & <theirs>"
    files = ("--out", "m.html", "--png", "m.png")
    answer = run("map", *SHORT, "--km", "3", "--title", title, *files)
    assert answer.code == 0, answer.err
    page = (here / "m.html").read_text("utf-8")
    assert "<title>Ours &amp; &lt;theirs&gt;</title>" in page
    assert TITLE.format(3) not in page.split('"along"')[0]
    with PIL.Image.open(here / "m.png") as image:
        assert image.info["Title"] == title


def test_map_draws_the_picture_as_large_as_is_asked(run, here):
    answer = run("map", *SHORT, "--km", "3", "--png", "m.png", "--size", "social")
    assert answer.code == 0, answer.err
    with PIL.Image.open(here / "m.png") as image:
        assert image.size == (1200, 630)
    for size, files in (("a5", ("--png", "n.png")), ("a4", ())):
        answer = run("map", *SHORT, "--km", "3", "--size", size, *files)
        assert (answer.code, answer.out) == (2, "")
        assert size in answer.err
    assert "Must come with --png" in answer.err


def test_map_speaks_the_language_that_is_given(run, here):
    files = ("--out", "m.html", "--png", "m.png", "--language", "uk")
    assert run("map", *SHORT, "--km", "3", *files).code == 0
    page = (here / "m.html").read_text("utf-8")
    assert '<html lang="uk">' in page
    assert '"follows_browser":false' in page
    with PIL.Image.open(here / "m.png") as image:
        assert "км" in image.info["Title"]


def test_map_prints_counts_and_the_file(run, here):
    answer = run("map", *SHORT, "--km", "3", "--out", "m.html")
    assert re.fullmatch(
        r"\d+ settlements inside, \d+ uncertain\.\nAbout \d+ places are expected [^\n]* surely\.\n"
        r"\d+ more places of the same hromadas [^\n]* among those expected[^\n]*\n"
        r"Wrote m\.html: open it in any browser\.\n",
        answer.out,
    )
    assert (answer.code, answer.err) == (0, "")


def test_map_png_writes_the_picture_and_no_page(run, here):
    answer = run("map", *SHORT, "--km", "3,6", "--side", "Ukraine", "--png", "m.png")
    assert re.fullmatch(
        r"\d+ settlements inside, \d+ uncertain\.\nAbout \d+ places are expected [^\n]* surely\.\n"
        r"\d+ more places of the same hromadas [^\n]* among those expected[^\n]*\n"
        r"Wrote m\.png\.\n", answer.out
    )  # fmt: skip
    assert (answer.code, answer.err) == (0, "")
    assert [p.name for p in here.iterdir()] == ["m.png"]
    with PIL.Image.open(here / "m.png") as image:
        assert image.info["Title"] == TITLE.format("3 / 6") + ", side: Ukraine"
        assert min(image.size) > 1500


def test_map_png_shows_the_same_zone_and_places_as_the_page(run, here, monkeypatch):
    drawn = []
    draw = plot.draw_figure

    def keep_figure(*args, **options):
        drawn.append(draw(*args, **options))
        return drawn[0]

    monkeypatch.setattr(plot, "draw_figure", keep_figure)
    args = (*SHORT, "--km", "6", "--side", "Ukraine", "--png", "m.svg", "--out", "m.html")
    facts = run("map", *args, "--json").json
    assert (facts["file"], facts["picture"]) == ("m.html", "m.svg")
    assert sorted(p.name for p in here.iterdir()) == ["m.html", "m.svg"]
    rows = [text.get_text() for text in drawn[0].axes[0].get_legend().get_texts()]
    assert f"Inside the zone ({facts['inside']})" in rows
    places = gb.load_settlements()
    zone = gb.build_zone(
        gb.border_between(*(gb.load_regions()[name] for name in ("Belgorod", "Sumy"))),
        km=(6.0,), side="Ukraine", ends="round", tolerance_m=1.0,
    )  # fmt: skip
    unknown = len(gb.load_not_located(gb.within(places, zone)))
    assert facts["not_located"] == unknown > 0
    exposed = gb.exposure(gb.load_settlements(located="all"), zone).iloc[0]
    for name in ("expected", "expected_low", "expected_high"):
        assert facts[name] == exposed[name]
    assert rows[-1].replace("\n", " ") == f"Known by name, position unknown ({unknown})"


def test_a_page_and_a_picture_classify_the_places_once(run, here, monkeypatch):
    classify_table, calls = classify.classify_table, []

    def count(*args, **options):
        calls.append(len(args[0]))
        return classify_table(*args, **options)

    for module in (classify, place_outlines):
        monkeypatch.setattr(module, "classify_table", count)
    answer = run("map", *SHORT, "--km", "3", "--png", "m.png", "--out", "m.html")
    assert (answer.code, answer.err) == (0, "")
    assert len(calls) == 1


def test_map_png_without_matplotlib_is_one_line_before_anything_is_computed(run, here, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setattr(gb, "build_zone", lambda *_, **__: pytest.fail("computed first"))
    answer = run("map", "--png", "m.png")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == (
        "geobuffer: A picture needs matplotlib, which is not installed. "
        "Run: pip install 'geobuffer[plot]'.\n"
    )
    assert not list(here.iterdir())

"""The files, pictures, numbers and page of the gallery of real zones agree."""

import functools
import importlib.util
import json
import os
import sys
from pathlib import Path

import pytest
from PIL import Image

import geobuffer as gb

DOCS = Path(__file__).parents[2] / "docs"

needs_world = pytest.mark.skipif(
    importlib.util.find_spec("borders") is None and not os.environ.get("CI"),
    reason="the extra world is not installed",
)


@functools.cache
def _gallery():
    spec = importlib.util.spec_from_file_location("gallery", DOCS / "gallery.py")
    module = importlib.util.module_from_spec(spec)
    # A dataclass looks its module up.
    sys.modules["gallery"] = module
    spec.loader.exec_module(module)
    return module


@functools.cache
def _measured():
    return json.loads(_gallery().MEASURED.read_text(encoding="utf-8"))


def test_every_zone_has_a_file_a_picture_and_numbers():
    names = [zone.name for zone in _gallery().ZONES]
    files = {file.stem for file in _gallery().FOLDER.glob("*.toml")}
    assert files == set(names) - {"announced"}
    assert list(_measured()) == names
    pictures = {file.stem: file for file in _gallery().FIGURES.glob("*.png")}
    assert set(pictures) == set(names)
    for file in pictures.values():
        assert file.stat().st_size <= 80_000
        with Image.open(file) as picture:
            assert picture.width == _gallery().WIDTH


@pytest.mark.parametrize("name", [zone.name for zone in _gallery().ZONES])
def test_a_scenario_says_what_is_known_and_by_whom(name):
    [zone] = [one for one in _gallery().ZONES if one.name == name]
    scenario = _gallery().load(zone)
    assert len(scenario.summary) > 100
    assert scenario.announced_by
    assert scenario.reports
    assert any(report.km for report in scenario.reports)
    for report in scenario.reports:
        assert report.said_by
        assert report.url.startswith("https://")
    assert _measured()[name]["edges_km"][1:] == pytest.approx(list(scenario.km), abs=1e-6)
    assert _measured()[name]["side"] == scenario.side


def test_areas_agree_with_those_computed_otherwise():
    for name, numbers in _measured().items():
        assert numbers["area_km2"] == pytest.approx(numbers["checked_km2"], rel=1e-4), name


def test_the_page_has_the_texts_and_numbers_of_the_files():
    text = _gallery().PAGE.read_text(encoding="utf-8")
    written = text.partition(_gallery().BEGIN)[2].partition(_gallery().END)[0]
    assert written == f"\n{_gallery().render(_measured())}\n", "make gallery"


@pytest.mark.parametrize(
    "name", ["chornobyl", "wrangel", "rio-grande", pytest.param("korea", marks=needs_world)]
)
def test_a_zone_that_is_built_again_has_its_numbers(name, request):
    if name == "korea":
        request.getfixturevalue("unpacked_world")
    [zone] = [one for one in _gallery().ZONES if one.name == name]
    scenario = _gallery().load(zone)
    found = _gallery().measure(scenario, gb.scenario_zone(scenario))
    for key, value in _measured()[name].items():
        wanted = value if isinstance(value, (str, list)) else pytest.approx(value, rel=1e-5)
        assert found[key] == wanted, key

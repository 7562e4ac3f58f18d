"""A search finds places under the names that people write, and only places of that name."""

import dataclasses
import json
from pathlib import Path

import pandas as pd
import pytest

import geobuffer as gb
from geobuffer.datasets.name_search import NameIndex
from geobuffer.zones.toponyms import make_name_keys

FOLDER = Path(__file__).parent / "names"
CASES = json.loads((FOLDER / "cases.json").read_text("utf-8"))
# How GeoNames spells the bundled towns: licence and source stand in the file.
GEONAMES = json.loads((FOLDER / "geonames.json").read_text("utf-8"))["names"]
OTHERS = [(one, name) for one, names in GEONAMES.items() for name in names.split("|")]


@pytest.fixture(scope="module")
def distances(towns, border):
    """Return the distance of each bundled place from the border, by its id."""
    return dict(zip(towns["id"], gb.locate(towns, border)["distance_km"], strict=True))


@pytest.fixture(scope="module")
def index(towns):
    """Return the index of the bundled places."""
    return NameIndex(towns)


def _find_ids(index, towns, name):
    return [towns["id"].iloc[row] for row in index.find(name).rows]


@pytest.mark.parametrize("name", CASES["found"])
def test_the_names_that_people_write_are_found(index, towns, distances, name):
    wanted = CASES["found"][name]
    found = index.find(name)
    ordered = sorted(
        zip(found.ranks, (towns["id"].iloc[row] for row in found.rows), strict=True),
        key=lambda pair: (pair[0], distances[pair[1]]),
    )
    assert [one for _, one in ordered][:1] == wanted[:1]
    assert set(wanted) <= {one for _, one in ordered}


@pytest.mark.parametrize("name", CASES["absent"])
def test_a_part_of_a_name_is_no_answer(index, name):
    assert index.find(name).rows == []


def test_the_other_names_of_geonames_are_found(index, towns):
    country = dict(zip(towns["id"], towns["country"], strict=True))
    found, astray = 0, []
    for one, name in OTHERS:
        ids = _find_ids(index, towns, name)
        found += one in ids
        if ids and country[one] not in {country[other] for other in ids}:
            astray.append(name)
    assert astray == []
    assert found >= 0.97 * len(OTHERS)


def test_the_answers_are_those_of_the_page():
    """`names.test.js` gives the page's search the same file."""
    shared = json.loads((FOLDER / "answers.json").read_text("utf-8"))
    assert dict(zip(shared["keys"], make_name_keys(shared["keys"]), strict=True)) == shared["keys"]
    table = pd.DataFrame(shared["places"])
    few = NameIndex(table)
    for name, answer in shared["answers"].items():
        found = few.find(name)
        order = sorted(
            zip(found.ranks, table["distance_km"].iloc[found.rows], found.rows, strict=True)
        )
        ids = [table["id"].iloc[row] for _, _, row in order]
        assert (found.is_exact, ids, few.suggest(name)) == (
            answer["exact"], answer["ids"], answer["similar"],
        ), name  # fmt: skip


def test_suggestions_are_similar_names(index):
    assert index.suggest("Vovchnsk") == ["Vovchansk"]
    assert index.suggest("Xyzzy") == index.suggest("Kiev") == []


def test_settlements_are_found_by_name_code_and_hromada(towns):
    for asked, by, first in (
        ("с. Басівка", "name", "Басівка"), ("Юнаківська громада", "hromada", "Юнаківка"),
        ("UA5908", "code", None),
    ):  # fmt: skip
        found = gb.find_settlements(towns, asked)
        assert set(found["found_by"]) == {by}, asked
        assert first is None or found["name_uk"].iloc[0] == first
        pd.testing.assert_frame_equal(found.drop(columns="found_by"), towns.loc[found.index])
    assert found.crs == towns.crs
    similar = gb.find_settlements(pd.DataFrame({"name_en": ["Krolevets"]}), "Krolewez")
    assert similar["found_by"].tolist() == ["similar name"]
    assert "found_by" not in towns
    unplaced = gb.find_settlements(gb.load_not_located(), "UA59")
    assert unplaced.empty


def test_a_name_that_is_not_found_gets_a_suggestion(towns):
    with pytest.warns(UserWarning, match=r"'Vovchnsk'\. Did you mean 'Vovchansk'\?"):
        assert gb.find_settlements(towns, "Vovchnsk").empty
    assert gb.find_settlements(towns, "Xyzzy").empty
    with pytest.raises(gb.DataError, match="name"):
        gb.find_settlements(towns, " ")
    with pytest.raises(gb.WrongKind, match="a column name"):
        gb.find_settlements(towns[["population"]], "Суми")


def test_places_of_a_scenario_are_found_in_any_spelling(towns):
    names = (("Новенькое", "Юнаківська"), ("Basivka", "Юнаківська громада"))
    asked = dataclasses.replace(gb.load_scenario(), places=names)
    assert gb.scenario_places(asked, towns)["name_uk"].tolist() == ["Новеньке", "Басівка"]


def test_a_known_town_beyond_the_table_is_named():
    table = gb.load_settlements()
    index = NameIndex(table)
    said = {
        name: index.describe_reach(name, table.iloc[index.find(name).rows])
        for name in (
            "Poltava",
            "Воронеж",
            "Oboyan",
            "Moscow",
            "Kharkiv",
            "Rylsk",
            "Охтирка",
            "Lgov",
        )
    }
    assert "the large town Poltava is not" in said["Poltava"]
    assert "the large town Voronezh is not" in said["Воронеж"]
    assert "the place that Oboyanskiy Raion (Kursk) is named after" in said["Oboyan"]
    for name in ("Moscow", "Kharkiv", "Rylsk", "Охтирка", "Lgov"):
        assert "such as Kyiv and Chernihiv, are not in it" in said[name]

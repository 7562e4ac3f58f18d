"""Rows about names: spellings, scripts, forms of letters, mistakes, and text like code."""

import json
import re
import unicodedata

import pytest
from support.given import areas, own, points, save, text

import geobuffer as gb

KYIV = ["Kyiv", "Kiev", "Київ", "Киев", "KYIV", "Київська область", "Киевская обл", "UA-32"]
BELGOROD = ["Belgorod", "Bilhorod", "Бєлгород", "Белгород", "Білгород", "Белгородская область"]


@pytest.mark.row(44)
@pytest.mark.parametrize(
    ("spellings", "name"),
    [
        (KYIV[:6] + KYIV[7:], "Kyiv"), (BELGOROD, "Belgorod"),
        (["Kharkov", "Харьков", "Харків"], "Kharkiv"), (["Chernigov", "Чернігів"], "Chernihiv"),
        (["Lugansk", "Луганська область"], "Luhansk"), (["Орёл", "Орел", "Orel"], "Oryol"),
        (["Сумы", "Суми", "sumy oblast"], "Sumy"),
    ],
)  # fmt: skip
def test_regions_are_found_by_any_spelling(spellings, name, regions):
    assert {regions[spelling].name for spelling in spellings} == {name}


@pytest.mark.row(44)
def test_the_command_line_and_scenarios_accept_spellings(here, check_accepted):
    asked = ("--between", "Белгород", "--and", "Харьков", "--km", "1", "--json")
    assert json.loads(check_accepted("zone", *asked).out)["sections"] == ["Belgorod–Kharkiv"]
    (here / "mine.toml").write_text(
        '[zone]\nbetween = "Bilhorod"\nand = "Kharkov"\nkm = 1\nside = "Украина"\n',
        encoding="utf-8",
    )
    facts = json.loads(check_accepted("zone", "--scenario", "mine.toml", "--json").out)
    assert (facts["sections"], facts["side"]) == (["Belgorod–Kharkiv"], "Ukraine")


@pytest.mark.row(44)
@pytest.mark.parametrize("name", ["Журавлёвка", "журавлевка", "Журавлівка", "Zhuravlivka"])
def test_settlements_are_found_by_any_spelling(name, towns):
    """A scenario finds its places by name and hromada."""
    row = towns[(towns["name_uk"] == "Басівка") & (towns["hromada"] == "Юнаківська громада")]
    table = row.assign(name_uk="Журавлівка", name_ru="Журавлёвка", name_en="Zhuravlivka")
    asked = gb.Scenario("mine", ("Kursk",), ("Sumy",), (10.0,),
                        places=((name, "юнаківська громада"),))  # fmt: skip
    assert len(gb.scenario_places(asked, table)) == 1


@pytest.mark.row(44)
def test_an_unknown_place_raises_an_error_with_the_nearest_name(towns, check_error):
    asked = gb.Scenario("mine", ("Kursk",), ("Sumy",), (10.0,),
                        places=(("Басівк", "Юнаківська громада"),))  # fmt: skip
    with check_error(gb.DataError, "'Басівк'", "0 times", "Did you mean 'Басівка'?"):
        gb.scenario_places(asked, towns)


@pytest.mark.row(45)
@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
def test_forms_of_letters_do_not_matter(form, here, regions, check_accepted):
    name = unicodedata.normalize(form, "Київська область")
    assert regions[name].name == "Kyiv"
    text(
        here / "places.csv", "name,lat,lon", f"{unicodedata.normalize(form, 'Йоржівка')},50.5,30.05"
    )
    assert gb.read_settlements("places.csv")["name"].tolist() == ["Йоржівка"]
    save(areas(names=[name, "East"]), here / "areas.geojson")
    check_accepted(
        "zone",
        "--regions",
        "areas.geojson",
        "--between",
        "Київська область",
        "--and",
        "East",
        "--km",
        "10",
    )


@pytest.mark.row(45)
def test_lookalike_letters_find_the_place_with_a_note(here, regions, check_accepted):
    latin = "Cумська"  # its first letter is Latin
    assert latin != "Сумська"
    assert regions[latin].name == "Sumy"
    assert regions["Курcк"].name == "Kursk"  # its fourth letter is
    text(here / "places.csv", "name,lat,lon", "Cумы,50.5,30.05")
    said = r"names in 'name' that mix Latin and Cyrillic letters, such as 'Cумы': 1 \(line 2\)"
    with pytest.warns(UserWarning, match=said):
        assert gb.read_settlements("places.csv")["name"].tolist() == ["Cумы"]
    check_accepted("settlements", *own(), "--places", "places.csv",
             notes=["mix Latin and Cyrillic letters"])  # fmt: skip


ODD = ["<script>alert(1)</script>", "{{ 7*191 }}", "`${7*191}`", "{% raw %}", "</title><b>x"]


@pytest.mark.row(51)
def test_names_are_drawn_letter_by_letter(here, check_accepted):
    save(points(*[(30.05, 50.5)] * len(ODD), name=ODD), here / "places.gpkg")
    save(areas(names=["West {{ 7*191 }}", "<b>East</b>"]), here / "areas.gpkg")
    between = ("--between", "West {{ 7*191 }}", "--and", "<b>East</b>", "--km", "10")
    check_accepted("map", "--regions", "areas.gpkg", *between, "--places", "places.gpkg",
             "--out", "map.html")  # fmt: skip
    page = (here / "map.html").read_text(encoding="utf-8")
    assert "1337" not in page
    data = re.search(r'id="geobuffer-data">(.*?)</script>', page, flags=re.DOTALL)
    facts = json.loads(data[1])
    assert facts["places"]["columns"]["name"] == ODD
    assert {region["name"] for region in facts["regions"]} == {"West {{ 7*191 }}", "<b>East</b>"}
    for odd in ("<script>alert(1)", "<b>East</b>", "<b>x"):
        assert odd not in page


@pytest.mark.row(52)
@pytest.mark.parametrize("name", ["../../escaped", "a/b", "/etc/escaped", "..", "con:*?"])
def test_a_layer_or_name_is_not_used_as_a_path(
    name, here, check_refused, check_accepted, belt, check_error
):
    with check_error(gb.DataError, f"Invalid layer {name!r}", "regions.gpkg"):
        gb.read_regions("regions.gpkg", layer=name)
    save(areas(names=[name, "East"]), here / "areas.gpkg", layer="areas")
    before = set(here.parent.rglob("*"))
    check_accepted(
        "zone",
        "--regions",
        "areas.gpkg",
        "--between",
        name,
        "--and",
        "East",
        "--km",
        "10",
        "--out",
        "zone.gpkg",
    )
    check_accepted(
        "zone",
        "--regions",
        "areas.gpkg",
        "--between",
        name,
        "--and",
        "East",
        "--km",
        "10",
        "--out",
        "zone.kmz",
    )
    made = {path.name for path in set(here.parent.rglob("*")) - before}
    assert made == {"zone.gpkg", "zone.kmz"}
    assert gb.read_zone("zone.gpkg").border.sections[0].name == f"{name}–East"


@pytest.mark.row(60)
def test_an_unknown_region_raises_an_error_with_similar_names(regions, check_refused, check_error):
    with check_error(gb.UnknownRegion, "Invalid region 'Kurks'", "Did you mean 'Kursk'?"):
        regions["Kurks"]
    with check_error(gb.UnknownRegion, "Invalid region 'Atlantis'", "Must be one of", "'Sumy'"):
        regions["Atlantis"]
    with check_error(gb.UnknownSide, "Invalid side 'Ukrain'", "Did you mean 'Ukraine'?"):
        gb.border_between(regions["Kursk"], regions["Sumy"]).side("Ukrain")
    check_refused("zone", "--between", "Kurks", "--and", "Sumy", "--out", "zone.gpkg",
            says=["Invalid region 'Kurks'", "Did you mean 'Kursk'?"])  # fmt: skip
    check_refused(
        "map", *own()[:3], "Wset", "--and", "East", says=["'Wset'", "Did you mean 'West'?"]
    )

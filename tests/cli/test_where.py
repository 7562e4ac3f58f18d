"""``geobuffer where``: the distance of a point or of a named place."""

import pytest
import shapely
from support import reference
from support.cli import GEOD, SHORT

import geobuffer as gb


@pytest.mark.parametrize(
    ("place", "side"), [("Юнаківка", "Ukraine"), ("Тьоткіно", "Russia"), ("Вовчанськ", "Ukraine")]
)
def test_where_prints_distance_side_and_section(run, towns, border, place, side):
    point = towns.loc[towns["name_uk"] == place].geometry.iloc[0]
    facts = run("where", point.y, point.x, "--json").json
    lines = [shapely.get_coordinates(part) for part in shapely.get_parts(border.line)]
    assert facts["distance_km"] * 1e3 == pytest.approx(
        reference.distance_m(lines, point.x, point.y), abs=1e-3
    )
    assert (facts["latitude"], facts["longitude"]) == (point.y, point.x)
    assert facts["side"] == side
    section = next(s for s in border.sections if s.name == facts["section"])
    assert section.start_km <= facts["chainage_km"] <= section.start_km + section.length_km
    words = run("where", point.y, point.x).out.splitlines()
    assert words == [
        f"{facts['distance_km']:.3f} km from the border, in {side}.",
        f"Nearest section: {facts['section']}, at kilometre {facts['chainage_km']:.1f}.",
        "The border itself is accurate to about 10 m.",
    ]


def test_the_nearest_point_is_on_the_border_at_that_distance_and_bearing(run):
    facts = run("where", "51.27", "34.63", "--nearest-point", "--json").json
    bearing, _, away_m = GEOD.inv(34.63, 51.27, facts["nearest_lon"], facts["nearest_lat"])
    assert away_m / 1e3 == pytest.approx(facts["distance_km"], abs=1e-6)
    assert bearing % 360.0 == pytest.approx(facts["bearing_deg"], abs=1e-3)
    again = run("where", facts["nearest_lat"], facts["nearest_lon"], "--json").json
    assert again["distance_km"] == pytest.approx(0.0, abs=1e-4)
    at = f"{facts['nearest_lat']:.6f}, {facts['nearest_lon']:.6f}"
    line = f"Nearest point: {at} (latitude, longitude), bearing {facts['bearing_deg']:05.1f}°."
    assert line in run("where", "51.27", "34.63", "--nearest-point").out
    (place,) = run("where", "Yunakivka", "--nearest-point", "--json").json
    shown = f"{place['nearest_lat']:.6f}, {place['nearest_lon']:.6f}"
    assert shown in run("where", "Yunakivka", "--nearest-point").out


@pytest.mark.parametrize(
    "words", [("51.27,34.63",), ("51.27, 34.63",), ("51,27", "34,63"), ("51.27", "+34.63")]
)
def test_where_takes_pairs_as_people_write_them(run, words):
    assert run("where", *words) == run("where", "51.27", "34.63")


@pytest.mark.parametrize(
    "text",
    [
        "51°07'22.8\"N 35°02'16.8\"E", "https://yandex.ru/maps/?ll=35.038%2C51.123&z=12",
    ],
)  # fmt: skip
def test_where_takes_what_maps_and_devices_show(run, text):
    facts = run("where", text, "--json").json
    assert (facts["latitude"], facts["longitude"]) == (51.123, 35.038)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("51.1 N, 35.0 N", "both are latitudes"),
        ("51°61' 35°", "61 minutes"),
        ("51,27", "alone, or"),
    ],
)
def test_where_refuses_unclear_coordinates_with_the_reason(run, text, reason):
    answer = run("where", text)
    assert answer.code == 2
    assert repr(text) in answer.err
    assert reason in answer.err


def test_where_says_that_a_point_far_off_would_be_near_if_swapped(run):
    answer = run("where", "35.038 51.123")
    assert "longitude and latitude swapped" in answer.err


@pytest.mark.parametrize("name", ["Yunakivka", "yunakivka", "Юнаківка", "Юнаковка"])
def test_where_finds_a_place_by_its_name(run, towns, border, name):
    (record,) = run("where", name, "--json").json
    (row,) = towns.index[towns["name_en"] == "Yunakivka"]
    expected = gb.locate(towns.loc[[row]], border).iloc[0]
    assert record["distance_km"] == pytest.approx(expected["distance_km"])
    assert (record["id"], record["section"]) == (towns.loc[row, "id"], expected["section"])
    words = run("where", name).out
    assert f"{expected['distance_km']:.1f}" in words
    assert "accurate to about 10 m" in words


def test_where_lists_all_places_of_a_name_and_those_without_a_position(run):
    same = run("where", "Mykhailivka", "--json").json
    assert len(same) > 3
    distances = [record["distance_km"] for record in same if record["distance_km"] is not None]
    assert 3 < len(distances) < len(same)
    assert distances == sorted(distances)
    unplaced = gb.load_not_located()
    located = gb.load_settlements()
    names = set(unplaced["name_en"]) - set(located["name_en"]) - set(located["name_ru"])
    name = min(one for one in names if one.isalpha() and one.isascii())
    assert "Known by name only, without a trusted position: " in run("where", name).out
    known = run("where", name, "--json").json
    assert {record["id"] for record in known} <= set(unplaced["id"])
    for record in known:
        for column in ("distance_km", "longitude", "latitude"):
            assert record[column] is None


def test_where_answers_once_for_a_name_given_twice(run):
    assert run("where", "Basivka; Basivka", "--json").json == run("where", "Basivka", "--json").json
    assert run("where", "Basivka; Basivka").out == run("where", "Basivka").out
    assert run("where", "Xyzzy; Xyzzy").err.count("No settlement is called") == 1


@pytest.mark.parametrize(
    "options", [("--fetched",), ("--add-places", "a.csv"), ("--places", "a.csv")]
)
def test_where_names_the_option_that_no_point_can_have(run, options):
    error = run("where", "51.2", "34.6", *options).err
    assert f"Invalid {options[0]} with a point" in error


def test_where_knows_the_other_names_of_a_place(run):
    known = run("where", "Belgorod", "--json").json
    assert known
    assert run("where", "Bilhorod", "--json").json == known


def test_where_knows_the_former_names_of_renamed_places(run):
    found = run("where", "Перше Травня", "--json").json
    (first, *_) = found
    assert first["name_en"] == "Novokostiantynivka"
    assert first["distance_km"] == pytest.approx(0.8, abs=0.3)


def test_where_finds_a_name_of_a_file(run, here):
    (here / "mine.csv").write_text("name,lat,lon,accuracy_m\nMy farm,51.1,35.0,50\n")
    (record,) = run("where", "my", "farm", "--places", "mine.csv", "--json").json
    assert (record["name"], record["latitude"], record["longitude"]) == ("My farm", 51.1, 35.0)


def test_where_on_the_territory_of_neither(run):
    assert run("where", "53.5", "23.0", "--json").json["side"] == ""
    assert "on the territory of neither side" in run("where", "53.5", "23.0").out


def test_where_takes_southern_and_western_degrees(run, border):
    facts = run("where", "-51.5", "-0.25", "--json").json
    assert (facts["latitude"], facts["longitude"]) == (-51.5, -0.25)
    # We measure to the nearest vertex. Segments of the border are some 50 m long, so its nearest
    # point is at most that much nearer.
    lon, lat = shapely.get_coordinates(border.line).T
    _, _, away = GEOD.inv([-0.25] * len(lon), [-51.5] * len(lat), lon, lat)
    assert facts["distance_km"] == pytest.approx(away.min() / 1e3, abs=0.05)


def test_where_takes_longitudes_once_round_the_globe_or_refuses_them(run):
    plain, round_ = (
        run("where", "51.27", "34.63", "--json"),
        run("where", "51.27", "394.63", "--json"),
    )
    if round_.code == 2:
        assert "394.63" in round_.err
        return
    assert round_.json["side"] == plain.json["side"] == "Russia"


def test_where_by_another_border(run, regions, mine):
    for option in (SHORT, ("--scenario", mine)):
        facts = run("where", "51.2", "35.1", *option, "--json").json
        assert facts["section"] == "Belgorod–Sumy"
    assert run("where", "51.2", "35.1", "--json").json["section"] == "Kursk–Sumy"


def test_where_lists_the_namesakes_of_both_countries_the_nearest_first(run):
    records = run("where", "Loknya", "--json").json
    assert [record["oblast"] for record in records] == ["Sumy", "Belgorod", "Sumy"]


def test_where_answers_several_names(run):
    records = run("where", "с. Юнаківка;", "Belopolye", "--json").json
    assert [(one["query"], one["name_en"]) for one in records] == [
        ("с. Юнаківка", "Yunakivka"), ("Belopolye", "Bilopillia"),
    ]  # fmt: skip
    answer = run("where", "Yunakivka; Vovchnsk")
    assert answer.code == 2
    assert "Юнаківка" in answer.out
    assert "'Vovchansk'" in answer.err


def test_where_says_how_far_the_table_reaches(run, here):
    others = "towns farther away, such as Kyiv and Chernihiv, are not in it"
    for name, words in {
        "Kyiv": "the large town Kyiv",
        "Donetsk": "the large town Donetsk",
        "Konotop": "the place that Konotopskyi Raion (Sumy) is named after",
        "Moscow": others,
    }.items():
        answer = run("where", name)
        said = " ".join((answer.out + answer.err).split())
        assert f"ends 60 km from the border of Ukraine and Russia: {words}" in said
        assert "Did you mean" not in answer.err
    (here / "mine.csv").write_text("name,lat,lon,accuracy_m\nMy farm,51.1,35.0,50\n")
    answer = run("where", "My farn", "--places", "mine.csv")
    assert "60 km" not in answer.err
    assert "'My farm'" in answer.err


def test_where_finds_a_hromada_and_a_code(run):
    hromada = run("where", "Юнаківська громада", "--json").json
    assert hromada[0]["name_uk"] == "Юнаківка"
    assert {record["hromada"] for record in hromada} == {"Юнаківська громада"}
    for code in ("UA59080310010046655", "ua59080310010046655"):
        (record,) = run("where", code, "--json").json
        assert record["name_uk"] == "Юнаківка"
    assert run("where", "14755000156", "--json").json[0]["name_en"] == "Dmitriyevka"


def test_where_is_at_distance_0_in_areas_around_which_it_asks(run, here):
    (here / "park.geojson").write_text(shapely.to_geojson(shapely.box(30, 50, 30.5, 50.4)))
    (here / "places.csv").write_text(
        "name,lon,lat,accuracy_m\nHut,30.05,50.05,9\nInn,29.95,50.05,9\n"
    )
    around, outline = ("--around", "park.geojson"), ("--outline", "park.geojson")
    inside = run("where", "50.05", "30.05", *around, "--json").json
    assert (inside["distance_km"], inside["side"]) == (0.0, "inside")
    assert run("where", "50.05", "30.05", *outline, "--json").json["distance_km"] > 3.5
    assert "0.000 km from the areas, inside" in run("where", "50.05", "30.05", *around).out
    outside = [run("where", "50.05", "29.95", *how, "--json").json for how in (around, outline)]
    assert outside[0] == outside[1]
    assert outside[0]["distance_km"] > 3.5
    hut, inn = (
        run("where", name, *around, "--places", "places.csv", "--json").json[0]
        for name in ("Hut", "Inn")
    )
    assert hut["distance_km"] == 0.0
    assert inn["distance_km"] == pytest.approx(outside[0]["distance_km"], abs=1e-8)


def test_where_says_that_a_name_is_a_former_one(run):
    said = run("where", "Перше Травня").out
    assert "'Перше Травня' is a former or another name of: Novokostiantynivka" in said
    assert "former or another name" not in run("where", "Новокостянтинівка").out


def test_where_explains_distances_beyond_the_reach_of_the_table_once(run):
    said = run("where", "Zhuravka; Basivka").out
    assert said.count("The bundled table ends 60 km") == 1
    assert said.count("Places listed as more than 60 km away are near that border too") == 1
    assert "Places listed as" not in run("where", "Basivka").out

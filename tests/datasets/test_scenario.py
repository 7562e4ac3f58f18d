"""Scenarios are built as their file says, and an error names the file and the key."""

import datetime as dt
import re

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely

import geobuffer as gb

GEOD = pyproj.Geod(ellps="WGS84")

LEAST = """
[zone]
between = "West"
and = "East"
km = 10
"""


@pytest.fixture
def load(tmp_path):
    """Load a scenario of that text (or those bytes)."""

    def loaded(content):
        file = tmp_path / "my-zone.toml"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return gb.load_scenario(file)

    return loaded


# The default


def test_the_default_is_the_zone_announced_in_may_2025():
    scenario = gb.load_scenario()
    assert scenario.between == ("Bryansk", "Kursk", "Belgorod")
    assert scenario.other == ("Chernihiv", "Sumy", "Kharkiv")
    assert (scenario.km, scenario.side, scenario.ends) == ((10.0,), "Ukraine", "round")
    assert scenario.announced_by.startswith("Vladimir Putin")
    assert scenario.announced_on == dt.date(2025, 5, 22)
    assert "10 km" in scenario.title


def test_the_default_scenario_cites_its_statements():
    scenario = gb.load_scenario()
    assert [report.date for report in scenario.reports] == [
        dt.date(2025, 5, day) for day in (20, 22, 26, 27)
    ]
    for report in scenario.reports:
        assert report.said_by
        assert report.claim
        assert report.url.startswith("https://")
    claims = " ".join(report.claim for report in scenario.reports)
    assert "56,000" in claims
    assert "10 km into Ukraine" in claims


def test_the_default_scenario_states_what_it_leaves_out():
    assert "Luhansk" in gb.load_scenario().summary
    assert "Luhansk" in gb.load_scenario().notes[0]


def test_the_default_names_the_villages_and_their_hromadas():
    assert gb.load_scenario().places == (
        ("Новеньке", "Юнаківська громада"), ("Басівка", "Юнаківська громада"),
        ("Веселівка", "Хотінська громада"), ("Журавка", "Хотінська громада"),
    )  # fmt: skip


def test_notes_state_announcement_and_reports_with_their_dates():
    scenario = gb.load_scenario()
    summary, announced, *reports = scenario.notes
    assert summary == scenario.summary
    assert announced == "Announced by Vladimir Putin, President of Russia, 22 May 2025."
    assert len(reports) == len(scenario.reports)
    for note, report in zip(reports, scenario.reports, strict=True):
        assert note == (
            f"{report.said_by}, {report.date.day} May 2025: {report.claim} ({report.url})"
        )


# Scenario files of users


def test_a_file_needs_no_more_than_two_sides_and_a_width(load):
    scenario = load(LEAST)
    assert scenario == gb.Scenario("my-zone", ("West",), ("East",), (10.0,))
    assert (scenario.side, scenario.ends, scenario.notes) == ("both", "round", ())


def test_every_key_of_a_file_is_used(load):
    scenario = load(
        """
        title = "Зона"
        summary = "A test."
        announced_by = "A ministry"
        announced_on = 2024-02-03
        [zone]
        between = ["West", "North"]
        and = ["East"]
        side = "East"
        km = [2.5, 5]
        ends = "flat"
        [[report]]
        claim = "It is a test."
        [[report]]
        claim = "It is."
        said_by = "Somebody"
        date = 2024-02-04
        url = "https://example.org"
        [[place]]
        name = "Журавка"
        hromada = "Хотінська громада"
        """
    )
    assert scenario == gb.Scenario(
        title="Зона",
        between=("West", "North"),
        other=("East",),
        km=(2.5, 5.0),
        side="East",
        ends="flat",
        summary="A test.",
        announced_by="A ministry",
        announced_on=dt.date(2024, 2, 3),
        reports=(
            gb.Report("It is a test."),
            gb.Report("It is.", "Somebody", dt.date(2024, 2, 4), "https://example.org"),
        ),
        places=(("Журавка", "Хотінська громада"),),
    )
    assert scenario.notes == (
        "A test.",
        "Announced by A ministry, 3 February 2024.",
        "It is a test.",
        "Somebody, 4 February 2024: It is. (https://example.org)",
    )


def test_a_byte_order_mark_does_no_harm(load):
    assert load(b"\xef\xbb\xbf" + LEAST.encode()) == load(LEAST)


def test_a_path_can_be_a_text(tmp_path):
    (tmp_path / "a.toml").write_text(LEAST)
    assert gb.load_scenario(str(tmp_path / "a.toml")) == gb.load_scenario(tmp_path / "a.toml")


def test_a_place_needs_no_hromada_where_its_name_is_unique(load):
    towns = gb.load_settlements()
    scenario = load(LEAST + "[[place]]\nname = 'Юнаківка'")
    assert scenario.places == (("Юнаківка", ""),)
    assert gb.scenario_places(scenario, towns)["name_en"].tolist() == ["Yunakivka"]
    several = load(LEAST + "[[place]]\nname = 'Михайлівка'")
    with pytest.raises(gb.DataError, match=r"'Михайлівка' of the .*Give its hromada"):
        gb.scenario_places(several, towns)
    nowhere = load(LEAST + "[[place]]\nname = 'Юнакавка'")
    with pytest.raises(gb.DataError, match=r"0 times\. .*Did you mean"):
        gb.scenario_places(nowhere, towns)


# Mistakes

MISTAKES = {
    "5,000 digits": (LEAST.replace("10", "9" * 5000), ["line 5", "digits", "shorter number"]),
    "lists in lists": (LEAST.replace("10", "[" * 5000), ["line 5", "nested too deeply"]),
    "tables in tables": (
        LEAST.replace("10", "{a = " * 3000 + "1" + "}" * 3000), ["line 5", "nested too deeply"]),
    "not TOML": ("[zone\nkm = 10", ["line 1", "must be TOML"]),
    "not UTF-8": (b'title = "\xcf\xf0\xe8"', ["not UTF-8", "byte 9"]),
    "unknown key": ("titel = 'x'\n" + LEAST, ["'titel'", "Did you mean 'title'?"]),
    "unknown key of the zone": (LEAST + "sides = 'x'", ["[zone]", "'sides'", "mean 'side'?"]),
    "unknown key of a report": (
        LEAST + "[[report]]\nclaim = 'x'\nsaidby = 'y'",
        ["[report]", "'saidby'", "Did you mean 'said_by'?"],
    ),
    "unknown key of a place": (
        LEAST + "[[place]]\nnam = 'x'", ["[place]", "'nam'", "Did you mean 'name'?"],
    ),
    "unknown key far from any": (LEAST + "q = 1", ["[zone]", "'q'", "Must be one of 'between'"]),
    "no zone": ("title = 'x'", ["[zone] lacks 'between'", "Add it"]),
    "no between": (LEAST.replace("between", "# "), ["[zone] lacks 'between'", "Add it"]),
    "no and": (LEAST.replace("and", "# "), ["[zone] lacks 'and'", "Add it"]),
    "no km": (LEAST.replace("km", "# "), ["[zone] lacks 'km'", "Add it"]),
    "no claim": (LEAST + "[[report]]\nurl = 'x'", ["[[report]] lacks 'claim'", "Add it"]),
    "title a number": ("title = 5\n" + LEAST, ["title = 5", "Must be a text"]),
    "date a text": (
        "announced_on = '2025-05-22'\n" + LEAST,
        ["announced_on = '2025-05-22'", "Must be a date such as 2025-05-22, without quotes"],
    ),
    "date of a report a text": (
        LEAST + "[[report]]\nclaim = 'x'\ndate = 'May'", ["[report] date = 'May'", "a date such"],
    ),
    "zone a text": ("zone = 'West'", ["zone = 'West'", "Must be a table"]),
    "zone a list": ("[[zone]]\nkm = 1", ["zone = ", "Must be a table"]),
    "report a table": (LEAST + "[report]\nclaim = 'x'", ["report = ", "Must be a list"]),
    "report of texts": ("report = ['x']\n" + LEAST, ["[report]", "must be a table"]),
    "side a number": (LEAST + "side = 1", ["[zone] side = 1", "Must be a text"]),
    "side a list": (LEAST + "side = ['East']", ["[zone] side = ['East']", "Must be a text"]),
    "ends a boolean": (LEAST + "ends = true", ["[zone] ends = True", "Must be a text"]),
    "km a text": (LEAST.replace("10", "'ten'"), ["[zone] km = 'ten'", "Must be a number"]),
    "km a boolean": (LEAST.replace("10", "true"), ["[zone] km = True", "Must be a number"]),
    "km no width": (LEAST.replace("10", "[]"), ["[zone] km = []", "Must be a number or several"]),
    "km of texts": (LEAST.replace("10", "[5, 'x']"), ["[zone] km = [5, 'x']", "Must be a number"]),
    "km infinite": (LEAST.replace("10", "inf"), ["[zone] km = inf", "positive and finite"]),
    "km too large": (LEAST.replace("10", "1e400"), ["[zone] km = inf", "positive and finite"]),
    "km no number": (LEAST.replace("10", "[5, nan]"), ["[zone] km = [5, nan]", "finite"]),
    "km negative": (LEAST.replace("10", "{ Ukraine = -5 }"), ["'Ukraine': -5", "positive"]),
    "km descending": (LEAST.replace("10", "[5, 3]"), ["[zone] km = [5, 3]", "ascend"]),
    "from_km infinite": (LEAST + "\nfrom_km = inf", ["[zone] from_km = inf", "not negative"]),
    "from_km too far": (LEAST + "\nfrom_km = 12", ["[zone] km = 10", "more than from_km 12"]),
    "km of booleans": (LEAST.replace("10", "[true]"), ["[zone] km = [True]", "Must be a number"]),
    "between a number": (LEAST.replace('"West"', "3"), ["[zone] between = 3", "Must be a text"]),
    "between no regions": (LEAST.replace('"West"', "[]"), ["[zone] between = []", "Must name"]),
    "between a boolean": (LEAST.replace('"West"', "true"), ["[zone] between = True", "Must be"]),
    "and of numbers": (LEAST.replace('"East"', "[1]"), ["[zone] and = [1]", "Must name a region"]),
    "around and between": (LEAST + "around = '51, 30'", ["'around' and 'between'", "one of them"]),
    "around and along": (
        "[zone]\nkm = 1\naround = '51, 30'\nalong = 'a.gpkg'", ["'around' and 'along'"]),
    "around of numbers": (
        "[zone]\nkm = 1\naround = [51, 30]", ["around = [51, 30]", "'51.39, 30.1'"]),
    "around without km": ("[zone]\naround = '51, 30'", ["[zone] lacks 'km'"]),
    "country a number": (LEAST + "country = 1", ["country = 1", "Must be a text or a list"]),
    "country empty": (LEAST + "country = []", ["country = []", "Must name a country"]),
    "land_only a text": (LEAST + "land_only = 'yes'", ["land_only = 'yes'", "true or false"]),
    "and no regions": (LEAST.replace('"East"', "[]"), ["[zone] and = []", "Must name a region"]),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_its_file_key_and_remedy(load, mistake):
    content, fragments = MISTAKES[mistake]
    with pytest.raises(gb.DataError) as caught:
        load(content)
    message = str(caught.value)
    assert "my-zone.toml" in message
    assert "\n" not in message
    for fragment in fragments:
        assert fragment in message


def test_a_missing_scenario_file_raises_an_error(tmp_path):
    file = tmp_path / "nowhere.toml"
    with pytest.raises(gb.DataError, match=rf"{re.escape(str(file))}: No such file"):
        gb.load_scenario(file)


def test_a_folder_instead_of_a_scenario_raises_an_error(tmp_path):
    with pytest.raises(gb.DataError, match=rf"{re.escape(str(tmp_path))}: Is a directory"):
        gb.load_scenario(tmp_path)


def test_unknown_regions_sides_and_ends_raise_an_error_with_the_valid_ones(load, strip):
    regions = gb.Regions(strip.regions)
    with pytest.raises(gb.UnknownRegion, match=r"Invalid region 'Wset'.*'West'"):
        gb.scenario_border(load(LEAST.replace("West", "Wset")), regions)
    with pytest.raises(gb.UnknownSide, match=r"Invalid side 'up'.*'West', 'East', 'both'"):
        gb.scenario_zone(load(LEAST + "side = 'up'"), regions)
    with pytest.raises(gb.GeobufferError, match=r"ends.*'oval'.*'round', 'flat'"):
        gb.scenario_zone(load(LEAST + "ends = 'oval'"), regions)
    with pytest.raises(gb.GeobufferError, match=r"km.*-1.*Must be positive"):
        gb.scenario_zone(load(LEAST.replace("10", "-1")), regions)
    with pytest.raises(gb.GeobufferError, match=r"km.*10.*5.*Must ascend"):
        gb.scenario_zone(load(LEAST.replace("10", "[10, 5]")), regions)


# The zone of a scenario


def _band_km2(inner_km, outer_km, azimuth):
    """The area between two distances from 30° E, 50° N to 51° N, by GeographicLib alone."""
    lat = np.linspace(50, 51, 101)
    n = len(lat)
    near, near_lat, _ = GEOD.fwd(
        np.full(n, 30.0), lat, np.full(n, azimuth), np.full(n, inner_km * 1e3)
    )
    far, far_lat, _ = GEOD.fwd(
        np.full(n, 30.0), lat, np.full(n, azimuth), np.full(n, outer_km * 1e3)
    )
    lon, lat = np.concatenate([near, far[::-1]]), np.concatenate([near_lat, far_lat[::-1]])
    return abs(GEOD.polygon_area_perimeter(lon, lat)[0]) / 1e6


def test_the_zone_has_the_widths_side_and_ends_of_its_scenario(load, strip):
    scenario = load(LEAST.replace("10", "[4, 10]") + "side = 'East'\nends = 'flat'")
    zone = gb.scenario_zone(scenario, gb.Regions(strip.regions))
    assert (zone.edges_km, zone.side, zone.ends) == ((0.0, 4.0, 10.0), "East", "flat")
    assert zone.polygon.bounds[0] == pytest.approx(30.0, abs=1e-6)
    assert zone.ring_areas_km2 == pytest.approx(
        (_band_km2(0, 4, 90), _band_km2(4, 10, 90)), rel=1e-4
    )
    # Cut off square: nothing within the box of East, but beyond the border's last latitude, is in.
    assert zone.polygon.bounds[1] >= 50 - 1e-3


def test_both_sides_and_round_ends_are_the_defaults(load, strip):
    zone = gb.scenario_zone(load(LEAST), gb.Regions(strip.regions))
    # Two bands and, past the ends, two half discs: a plane's πr² is right to (10/6371)²/12.
    wanted = _band_km2(0, 10, 90) + _band_km2(0, 10, 270) + np.pi * 10**2
    assert zone.area_km2 == pytest.approx(wanted, rel=1e-5)


def test_a_zone_around_points_and_files_beside_the_scenario(load, tmp_path):
    points = gb.scenario_zone(load("[zone]\nkm = 5\naround = ['50, 30', '51°30′N 30°E']"))
    assert [section.name for section in points.border.sections] == ["50, 30", "51.5, 30"]
    # An edge within 0.1 m of 5 km changes the area by at most 4e-5 of it.
    assert points.area_km2 == pytest.approx(2 * np.pi * 25, rel=4e-5)
    box = shapely.box(30.0, 50.0, 30.1, 50.1)
    frame = gpd.GeoDataFrame({"name": ["park"]}, geometry=[box], crs="EPSG:4326")
    frame.to_file(tmp_path / "park.geojson")
    filled = load("[zone]\nkm = 5\naround = 'park.geojson'")
    assert (filled.side, filled.between) == ("around", ())
    zone = gb.scenario_zone(filled)
    assert gb.answer(30.05, 50.05, zone).distance_km == 0.0
    band = gb.scenario_zone(load("[zone]\nkm = 5\nside = 'outside'\naround = 'park.geojson'"))
    park_km2 = abs(GEOD.geometry_area_perimeter(box)[0]) / 1e6
    assert zone.area_km2 - band.area_km2 == pytest.approx(park_km2, rel=1e-4)


def test_a_zone_along_a_file_beside_the_scenario(load, tmp_path):
    line = shapely.LineString([(30.0, 50.0), (30.0, 51.0)])
    frame = gpd.GeoDataFrame({"name": ["river"]}, geometry=[line], crs="EPSG:4326")
    frame.to_file(tmp_path / "river.geojson")
    zone = gb.scenario_zone(load("[zone]\nkm = 10\nside = 'left'\nalong = 'river.geojson'"))
    wanted = _band_km2(0, 10, 270) + np.pi * 10**2 / 2
    assert zone.area_km2 == pytest.approx(wanted, rel=1e-5)
    with pytest.raises(gb.DataError, match=r"elsewhere\.geojson"):
        gb.scenario_border(load("[zone]\nkm = 10\nalong = 'elsewhere.geojson'"))


def test_the_default_border_has_five_sections_and_not_that_of_luhansk(border):
    assert [section.name for section in border.sections] == [
        "Bryansk–Chernihiv", "Bryansk–Sumy", "Kursk–Sumy", "Belgorod–Sumy", "Belgorod–Kharkiv",
    ]  # fmt: skip


def test_a_region_named_twice_counts_once(load, strip):
    twice = load(LEAST.replace('"West"', '["West", "West"]'))
    try:
        border = gb.scenario_border(twice, gb.Regions(strip.regions))
    except gb.GeobufferError:
        return  # to refuse it is as good
    assert border.length_km == pytest.approx(strip.length_km)


def test_the_default_scenario_has_three_languages():
    english, ukrainian, russian = (gb.load_scenario(language=to) for to in ("en", "uk", "ru"))
    assert english.title.endswith("10 km into Ukraine")
    assert ukrainian.title.endswith("10 км углиб України")
    assert russian.title.endswith("10 км вглубь Украины")
    assert ukrainian.notes[1] == "Оголошено: Володимир Путін, президент Росії, 22.05.2025."
    assert russian.notes[1] == "Объявлено: Владимир Путин, президент России, 22.05.2025."
    assert len(english.notes) == len(ukrainian.notes) == len(russian.notes)
    assert ukrainian.notes[2].startswith("Олег Григоров")
    assert (english.km, english.between) == (ukrainian.km, ukrainian.between)


def test_a_text_in_one_language_serves_for_all(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(
        'title.uk = "Моя"\nsummary = "One"\n[zone]\nbetween = "Kursk"\nand = "Sumy"\nkm = 1\n',
        "utf-8",
    )
    assert gb.load_scenario(file, language="ru").title == "Моя"
    assert gb.load_scenario(file, language="uk").summary == "One"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('title.fr = "x"', r"title has fr = 'x'.*'en'"),
        ("title.en = 5", r"title has en = 5"),
    ],
)
def test_texts_by_language_are_checked(tmp_path, line, message):
    file = tmp_path / "mine.toml"
    file.write_text(f'{line}\n[zone]\nbetween = "Kursk"\nand = "Sumy"\nkm = 1\n', "utf-8")
    with pytest.raises(gb.DataError, match=message):
        gb.load_scenario(file)


def test_unknown_language():
    with pytest.raises(gb.DataError, match="Invalid language 'xx'"):
        gb.load_scenario(language="xx")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('places = ["Басівкa"]', "Must be the name of a [[place]] of the file. Did you mean"),
        ("places = [3]", "[[report]] places has 3"),
        ("people = -1", "people = -1. Must be zero or more"),
        ("people = true", "people = True. Must be a number"),
        ('oblast = "Sumy"', "'oblast' without 'people'"),
        ("people = 1\nall_within = 1", "all_within = 1. Must be true or false"),
        ("km = 0", "[[report]] km = 0"),
        ('km = "5,10"', "[[report]] km = '5,10'"),
    ],
)
def test_what_a_report_gives_to_check_is_checked(tmp_path, line, message):
    file = tmp_path / "own.toml"
    file.write_text(
        '[zone]\nbetween = "Kursk"\nand = "Sumy"\nkm = 10\n[[place]]\nname = "Басівка"\n'
        f'[[report]]\nclaim = "x"\n{line}\n',
        encoding="utf-8",
    )
    with pytest.raises(gb.DataError) as caught:
        gb.load_scenario(file)
    assert str(file) in str(caught.value)
    assert message in str(caught.value)

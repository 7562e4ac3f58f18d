"""Rows about tables of places: decimal commas, encodings, repeats, namesakes, conflicts."""

import json

import geopandas as gpd
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from support.given import areas, own, points, save, text

import geobuffer as gb


@pytest.fixture(scope="module")
def sumy(regions):
    """The zone of 10 km on both sides of the border of Kursk and Sumy."""
    return gb.build_zone(gb.border_between(regions["Kursk"], regions["Sumy"]), km=10, tolerance_m=5)


# Sudzha, 9 km into Russia, and Yunakivka, 7 km into Ukraine.
SUDZHA, YUNAKIVKA = (35.272, 51.192), (35.038, 51.123)


@pytest.mark.row(27)
@pytest.mark.parametrize("country", ["UA", "ua", "Ukraine", "Україна", "UKR"])
def test_a_country_that_contradicts_the_point_is_reported_and_makes_it_uncertain(country, sumy):
    table = points(SUDZHA, YUNAKIVKA, country=[country, country])
    before = table.copy()
    found = gb.classify(table, sumy)
    assert found["conflict"].tolist() == ["listed in UA, but its point lies in Kursk", ""]
    assert found["membership"].tolist() == ["uncertain", "inside"]
    assert_geodataframe_equal(table, before)


@pytest.mark.row(27)
@pytest.mark.parametrize(
    "oblast", ["Sumy", "Sumy Oblast", "Сумська область", "сумская", "Суми", "Cумська область"]
)
def test_an_oblast_that_contradicts_the_point_is_reported(oblast, sumy):
    table = points(SUDZHA, YUNAKIVKA, oblast=[oblast, oblast])
    said = f"listed in {oblast}, but its point lies in Kursk"
    assert gb.classify(table, sumy)["conflict"].tolist() == [said, ""]


@pytest.mark.row(27)
def test_an_oblast_outside_the_regions_is_reported_if_its_name_is_known(sumy):
    table = points(YUNAKIVKA, YUNAKIVKA, YUNAKIVKA, oblast=["Kharkov", "of the north", None])
    found = gb.classify(table, sumy)["conflict"].tolist()
    assert found == ["listed in Kharkov, but its point lies in Sumy", "", ""]
    coded = points(YUNAKIVKA, oblast_iso=["UA-63"], oblast=["Kharkiv"])
    assert gb.classify(coded, sumy)["conflict"][0].startswith("listed in Kharkiv")


@pytest.mark.row(27)
def test_the_command_line_reports_conflicts(here, check_accepted):
    text(here / "places.csv", "name;country;область;lat;lon", "Суджа;Ukraine;Сумська;51,19;35,27")
    listed = check_accepted("settlements", "--between", "Kursk", "--and", "Sumy", "--km", "10",
                      "--places", "places.csv", "--json")  # fmt: skip
    (row,) = json.loads(listed.out)
    assert row["conflict"] == "listed in UA, but its point lies in Kursk"
    assert row["membership"] == "uncertain"


@pytest.mark.row(37)
def test_nan_in_geojson_becomes_missing_with_a_note(here, check_accepted):
    table = areas(height=[1.5, 2.5])
    save(table, here / "nan.geojson")
    plain = (here / "nan.geojson").read_text()
    (here / "nan.geojson").write_text(plain.replace("1.5", "NaN"))
    with pytest.warns(UserWarning, match=r"nan\.geojson: it holds NaN.*JSON does not allow"):
        assert len(gb.read_regions("nan.geojson")) == 2
    check_accepted("zone", *own("nan.geojson"), notes=["note: nan.geojson: it holds NaN"])


@pytest.mark.row(39)
def test_decimal_commas_between_semicolons_are_parsed(here, check_accepted):
    text(here / "places.csv", "Назва;Широта;Довгота", "Село;50,5;30,05")
    table = gb.read_settlements("places.csv")
    assert (table.geometry[0].x, table.geometry[0].y) == (30.05, 50.5)
    listed = json.loads(
        check_accepted("settlements", *own(), "--places", "places.csv", "--json").out
    )
    assert [row["name"] for row in listed] == ["Село"]


@pytest.mark.row(39)
def test_ambiguous_decimal_commas_name_line_and_value(here, check_refused):
    text(here / "places.csv", "name,lat,lon", "A,50.5,30.05", "B,50,5,30,05")
    said = ["line 3 of places.csv", "5 fields, but the header has 3", "decimal commas in quotes"]
    check_refused("settlements", *own(), "--places", "places.csv", "--out", "o.csv", says=said)
    text(here / "other.csv", "name;lat;lon", "A;50,5;thirty")
    said = ["Invalid lon in line 2 of other.csv", "'thirty'", "35.27 or 35,27"]
    check_refused("settlements", *own(), "--places", "other.csv", "--out", "o.csv", says=said)
    check_refused("bulk", "other.csv", "o.csv", *own(), says=said)


@pytest.mark.row(40)
def test_cp1251_is_detected_with_a_note(here, check_accepted):
    text(here / "places.csv", "Назва;Широта;Довгота", "Юнаківка;50,5;30,05", encoding="cp1251")
    with pytest.warns(UserWarning, match=r"places\.csv: read as cp1251"):
        assert gb.read_settlements("places.csv")["name"].tolist() == ["Юнаківка"]
    notes_wanted = ["note: places.csv: read as cp1251; if letters look wrong"]
    answer = check_accepted(
        "settlements", *own(), "--places", "places.csv", "--json", notes=notes_wanted
    )
    assert json.loads(answer.out)[0]["name"] == "Юнаківка"


@pytest.mark.row(41)
def test_a_byte_order_mark_is_not_part_of_the_first_column_name(here, check_accepted):
    text(here / "places.csv", "name,lat,lon", "Юнаківка,50.5,30.05", encoding="utf-8-sig")
    assert gb.read_settlements("places.csv").columns[0] == "name"
    listed = json.loads(
        check_accepted("settlements", *own(), "--places", "places.csv", "--json").out
    )
    assert listed[0]["name"] == "Юнаківка"
    assert check_accepted("bulk", "places.csv", "o.csv", *own()).code == 0


TWICE = ("name,lat,lon,population", "A,50.5,30.05,5", "A,50.5,30.05,5", "A,50.5,30.05,7")


@pytest.mark.row(42)
def test_duplicate_rows_count_once_with_a_warning(here, belt, check_accepted):
    text(here / "places.csv", *TWICE)
    said = r"repeat others were left out: 1 \(line 3\)"
    alike = r"name and point of another row.* kept: 1 \(line 4\)"
    with pytest.warns(UserWarning, match=said), pytest.warns(UserWarning, match=alike):
        assert len(gb.read_settlements("places.csv")) == 2
    notes_wanted = ["left out: 1 (line 3)", "kept: 1 (line 4)"]
    answer = check_accepted(
        "exposure", *own(), "--places", "places.csv", "--json", notes=notes_wanted
    )
    assert json.loads(answer.out)[0]["population"] == 12
    table = points((30.05, 50.5), (30.05, 50.5), (30.04, 50.5), name=list("AAB"),
                   population=[5, 5, 3])  # fmt: skip
    before = table.copy()
    said = r"1 row repeating another in every column, and counted once: 1\."
    with pytest.warns(UserWarning, match=said):
        assert gb.exposure(table, belt)["population"].tolist() == [8]
    with pytest.warns(UserWarning, match=said):
        curve = gb.exposure_curve(table, belt.border, to_km=10)
    assert curve["places"].iloc[-1] == 2
    with pytest.warns(UserWarning, match=said):
        assert gb.compare(belt, belt, table).loc["kept", "places"] == 2
    assert_geodataframe_equal(table, before)


@pytest.mark.row(42)
def test_rows_without_name_and_id_are_not_duplicates(belt):
    people = gpd.GeoDataFrame(geometry=[shapely.Point(30.05, 50.5)] * 3, crs=4326)
    assert gb.exposure(people, belt)["places"].tolist() == [3]


@pytest.mark.row(43)
def test_namesakes_stay_apart(here, sumy, towns, check_accepted):
    """Of two places called Yunakivka, each is counted and listed with its oblast."""
    text(here / "places.csv", "name,oblast,lat,lon", "Yunakivka,Sumy,51.123,35.038",
         "Yunakivka,Kursk,51.192,35.272")  # fmt: skip
    answer = check_accepted("settlements", "--between", "Kursk", "--and", "Sumy", "--km", "10",
                      "--places", "places.csv", "--json")  # fmt: skip
    listed = json.loads(answer.out)
    assert [(row["name"], row["oblast"]) for row in listed] == [
        ("Yunakivka", "Sumy"), ("Yunakivka", "Kursk")]  # fmt: skip
    assert gb.exposure(gb.read_settlements("places.csv"), sumy, by="oblast")["places"].sum() == 2
    # Many bundled places share a name. Each has its own id and oblast.
    assert towns["name_uk"].duplicated().sum() > 100
    assert towns["id"].is_unique
    assert towns["oblast"].notna().all()


@pytest.mark.row(43)
def test_regions_of_one_name_are_refused(here, check_refused):
    table = areas(names=["West", "West"], oblast=["Sumy", "Kursk"])
    save(table, here / "areas.gpkg")
    said = ["areas.gpkg", "'West' names 2 (rows 0, 1)", "'Sumy', 'Kursk'", "name="]
    check_refused("zone", *own("areas.gpkg"), "--out", "zone.gpkg", says=said)


@pytest.mark.row(75)
def test_lines_around_a_table_are_left_out_and_told(here, check_accepted):
    text(
        here / "places.csv", "Villages, 2024", "", "name;lat;lon", "village;°;°",
        "Суджа;51,192;35,272", "", "Source: a survey",
    )  # fmt: skip
    listed = check_accepted("settlements", "--between", "Kursk", "--and", "Sumy", "--km", "10",
                      "--places", "places.csv", "--json")  # fmt: skip
    assert [row["name"] for row in json.loads(listed.out)] == ["Суджа"]
    assert "(line 1); further headers below it (line 4); notes and totals" in listed.err
    text(here / "places.csv", "name;lat;lon", "Суджа;51,192;35,272", "Юнак")
    with pytest.raises(gb.DataError, match="Invalid line 3"):
        gb.read_settlements(here / "places.csv")


@pytest.mark.row(76)
def test_two_pairs_of_coordinates_are_refused_with_both(here, check_refused):
    text(here / "places.csv", "name,start_lat,start_lon,end_lat,end_lon", "A,51,35,52,36")
    check_refused("settlements", "--between", "Kursk", "--and", "Sumy", "--km", "10",
                  "--places", "places.csv", says=("'start_lat' with 'start_lon'",))  # fmt: skip
    text(here / "places.csv", "name,lat_deg,lat_min,lon_deg,lon_min", "A,51,7,35,2")
    with pytest.raises(gb.DataError, match=r"separate columns .*'lat_min'"):
        gb.read_settlements(here / "places.csv")


@pytest.mark.row(77)
def test_kinds_are_no_names_and_thousands_no_people(here):
    text(here / "places.csv", "place,lat,lon,population thousands", "village,51.1,35.1,12.5")
    with (
        pytest.warns(UserWarning, match="no column of names"),
        pytest.warns(UserWarning, match="counts thousands"),
    ):
        places = gb.read_settlements(here / "places.csv")
    assert not {"name", "population"} & set(places.columns)


@pytest.mark.row(82)
def test_formulas_without_results_and_errors(here, check_accepted):
    import openpyxl

    book = openpyxl.Workbook()
    for row in (["name", "lat", "lon", "population"], ["A", 50.5, "=30+0.05", "#N/A"],
                ["B", 50.5, 30.05, 7]):  # fmt: skip
        book.active.append(row)
    book.save(here / "places.xlsx")
    said = ["read as empty: 1 (cells C2)", "without coordinates: 1 (line 2)", "'#N/A'"]
    answer = check_accepted("settlements", *own(), "--places", "places.xlsx", "--json", notes=said)
    assert [row["name"] for row in json.loads(answer.out)] == ["B"]


@pytest.mark.row(83)
def test_people_that_are_no_sure_numbers(here, check_accepted, check_refused):
    text(here / "places.csv", "name;lat;lon;population", "A;50.5;30.05;~1700", "B;50.4;30.05;7")
    said = ["('~1700'): 1 (line 2). Write a number"]
    answer = check_accepted("exposure", *own(), "--places", "places.csv", "--json", notes=said)
    row = json.loads(answer.out)[0]
    assert (row["population"], row["without_figure"]) == (7, 1)
    text(here / "other.csv", "name;lat;lon;population", "A;50.5;30.05;many", "B;50.4;30.05;few")
    said = ["Invalid population in line 2 of other.csv", "'many'"]
    check_refused("exposure", *own(), "--places", "other.csv", says=said)


@pytest.mark.row(84)
def test_records_of_json(here, check_accepted, check_refused):
    town = {"name": "A", "lat": 50.5, "lon": 30.05}
    (here / "towns.json").write_text(json.dumps({"old": [town], "new": [town]}), encoding="utf-8")
    args = ("settlements", *own(), "--json", "--places")
    check_refused(*args, "towns.json", says=["2 members hold records", "layer=: 'old', 'new'"])
    answer = check_accepted(
        *args, "towns.json", "--places-read", "layer=new", notes=["from the member 'new'"]
    )
    assert [row["name"] for row in json.loads(answer.out)] == ["A"]
    (here / "cut.json").write_text(json.dumps(town) + '\n{"name', encoding="utf-8")
    check_refused(*args, "cut.json", says=["cut.json, line 2", "no JSON"])
    (here / "bare.json").write_text('[{"name": "A", "x1": 3}]', encoding="utf-8")
    check_refused(*args, "bare.json", says=["no column is known as the longitude", "'x1'"])

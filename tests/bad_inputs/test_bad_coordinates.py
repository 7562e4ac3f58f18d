"""Rows about coordinates: the order of axes, written forms, points that stand for no place."""

import pytest
from support.given import own, text

import geobuffer as gb


@pytest.mark.row(73)
def test_x_of_a_national_grid_points_north_as_its_definition_says(here):
    text(here / "grid.csv", "name;X;Y", "A;5667000;6502000")
    with pytest.warns(UserWarning, match="'X' was read as the northing and 'Y' as the easting"):
        (point,) = gb.read_settlements("grid.csv", crs="EPSG:28406").geometry
    assert (point.x, point.y) == pytest.approx((33.03, 51.13), abs=0.01)
    with pytest.raises(gb.DataError, match=r"grid\.csv.*lon='Y', lat='X'"):
        gb.read_settlements("grid.csv", crs="EPSG:28406", lon="X", lat="Y")


@pytest.mark.row(74)
def test_coordinates_that_contradict_themselves_are_refused_with_the_reason(here, check_refused):
    check_refused("where", "51.1 N, 35.2 N", says=["'51.1 N, 35.2 N'", "both are latitudes"])
    text(here / "towns.csv", "name;lat;lon", "A;51;30.5", "B;51°61′;30.5")
    check_refused("where", "B", "--places", "towns.csv", says=["line 3 of towns.csv", "61 minutes"])


@pytest.mark.row(79)
def test_points_that_stand_for_no_place_are_left_without_a_point(here, check_accepted):
    text(here / "towns.csv", "name;lat;lon", "A;50.5;30.1", "B;0;0", "C;-999;-999")
    answer = check_accepted("settlements", *own(), "--places", "towns.csv")
    assert "0, 0, which is in the ocean, got no point: 1 (line 3)" in answer.err
    assert "no data got no point: 1 (line 4): longitude -999, latitude -999" in answer.err


@pytest.mark.row(80)
def test_a_point_far_from_the_others_is_reported_with_its_slip(here, check_accepted):
    rows = [f"{name};50.{name};30.{name}" for name in range(1, 6)]
    text(here / "towns.csv", "name;lat;lon", *rows, "F;-50.5;30.2")
    answer = check_accepted("settlements", *own(), "--places", "towns.csv")
    assert "1 (line 7): longitude 30.2, latitude -50.5. With the other sign" in answer.err


@pytest.mark.row(81)
def test_lost_decimal_points_are_refused_as_such(here, check_refused):
    text(here / "towns.csv", "name;lat;lon", "A;50.5;30.1", "B;50.6;30.2", "C;50512;30.1")
    check_refused("settlements", *own(), "--places", "towns.csv",
                  says=["line 4 of towns.csv", "latitude 50512", "rather 50.512"])  # fmt: skip

"""Rows about coordinates: the order of axes, written forms, points that stand for no place."""

import pytest
from support.given import text

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

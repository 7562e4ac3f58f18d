"""Rows about widths: negative, zero, infinite, as texts, too wide; and about the tolerance."""

import json
import math

import pytest
from support.given import LINE, SOURCE, own

import geobuffer as gb


def widths(*km):
    """Return the options of the command line for a width."""
    return (*own()[:-2], *(f"--km={one}" for one in km))


@pytest.mark.row(16)
def test_inside_raises_an_error_for_a_line(strip, check_refused, check_error):
    said = ["Invalid km -10", "a line has no inside", "side= takes"]
    with check_error(gb.GeometryError, *said):
        gb.build_zone(strip, km=-10)
    with check_error(gb.GeometryError, "Invalid km -3"):
        gb.build_zone(gb.border_along(LINE, source=SOURCE), km=[5, -3])
    check_refused("zone", *widths(-10), "--out", "zone.gpkg", says=said)
    # A zone inside an area is what a negative distance is meant for; it has an option.
    park = gb.border_of(strip.sides[0].regions[0])
    assert gb.build_zone(park, km=5, side="inside", tolerance_m=10).area_km2 > 0


@pytest.mark.row(17)
def test_a_distance_of_zero_raises_an_error(strip, check_refused, check_error):
    said = ["Invalid km 0", "Must be positive", "only the line itself"]
    with check_error(gb.GeometryError, *said):
        gb.build_zone(strip, km=0)
    check_refused("map", *widths(0), says=said)
    with check_error(gb.GeometryError, "Invalid to_km 0"):
        gb.exposure_curve(gb.load_settlements(), strip, to_km=0)


@pytest.mark.row(18)
@pytest.mark.parametrize("km", [math.nan, math.inf, -math.inf])
def test_a_distance_is_finite(km, strip, check_refused, check_error):
    with check_error(gb.GeometryError, f"Invalid km {km:g}", "positive and finite"):
        gb.build_zone(strip, km=km)
    check_refused(
        "zone", *widths(km), "--out", "zone.gpkg", says=["--km", "a number of kilometres"]
    )


@pytest.mark.row(19)
def test_a_text_with_a_unit_is_parsed(strip, check_accepted):
    zone = gb.build_zone(strip, km="10 km", tolerance_m=10)
    assert zone.edges_km == (0, 10)
    assert gb.build_zone(strip, km=["500 m", 1], tolerance_m=10).edges_km == (0, 0.5, 1)
    assert json.loads(check_accepted("zone", *widths("10 km"), "--json").out)["edges_km"] == [0, 10]


@pytest.mark.row(20)
def test_the_unit_is_in_the_name(strip, check_accepted, here):
    """A number means kilometres, as the names of parameter, option and key say."""
    assert gb.build_zone(strip, 10, tolerance_m=10).ring_names == ("0–10 km",)
    with pytest.raises(TypeError, match="km"):
        gb.build_zone(strip)
    zone = gb.build_zone(strip, km=10, tolerance_m=10)
    assert zone.ring_names == ("0–10 km",)
    answer = check_accepted("zone", *widths(10))
    assert "0–10 km" in answer.out


@pytest.mark.row(21)
@pytest.mark.parametrize(
    ("written", "km"),
    [
        ("10.5 km", 10.5), ("0,5 km", 0.5), ("10 000 m", 10), ("5 NM", 9.26), ("10km", 10),
        ("10.5", 10.5), ("2\u202f500 м", 2.5), ("3 mi", 4.828032), (" 10 Km ", 10),
    ],
)  # fmt: skip
def test_valid_forms_are_parsed(written, km, strip):
    assert gb.build_zone(strip, km=written, tolerance_m=50).width_km == pytest.approx(km)


@pytest.mark.row(21)
@pytest.mark.parametrize(
    "written",
    ["10km/h", "ten", "10,000 m", "10,5 km", "5 M", "", "km", "1e1 km", "10 10", "1 0 km", "10 °"],
)
def test_invalid_forms_raise_an_error_with_the_valid_forms(
    written, strip, check_refused, check_error
):
    said = [repr(written), "'10 km', '10.5 km', '10 000 m', '5 NM' or '3 mi'"]
    with check_error(gb.GeometryError, "Invalid km", *said):
        gb.build_zone(strip, km=written)
    if "," not in written:
        check_refused("zone", *widths(written), "--out", "zone.gpkg", says=["Invalid --km", *said])


@pytest.mark.row(21)
def test_a_comma_on_the_command_line_separates_rings(here, check_refused, check_accepted):
    rings = json.loads(check_accepted("zone", *widths("500 m, 5 km"), "--json").out)["edges_km"]
    assert rings == [0, 0.5, 5]
    said = ["Invalid --km '10,5 km'", "it may mean 10.5 km, or 10 and 5 km"]
    check_refused("zone", *widths("10,5 km"), "--out", "zone.gpkg", says=said)


@pytest.mark.row(21)
def test_a_scenario_accepts_a_unit_and_invalid_units_raise_an_error(
    here, check_accepted, check_refused
):
    lines = '[zone]\nbetween = "West"\nand = "East"\nkm = {}\n'
    (here / "mine.toml").write_text(lines.format('"10 000 m"'))
    facts = check_accepted("zone", "--regions", "regions.gpkg", "--scenario", "mine.toml", "--json")
    assert json.loads(facts.out)["edges_km"] == [0, 10]
    (here / "mine.toml").write_text(lines.format('"ten"'))
    check_refused("zone", "--regions", "regions.gpkg", "--scenario", "mine.toml", "--out", "z.gpkg",
            says=["scenario mine.toml", "[zone] km = 'ten'", "'10 km'"])  # fmt: skip


@pytest.mark.row(22)
@pytest.mark.parametrize("km", [2001, 10_000, 20_000])
def test_a_distance_has_a_limit(km, strip, check_refused, check_error):
    said = [f"Invalid km {km}", "Must be at most 2,000 km"]
    with check_error(gb.GeometryError, *said):
        gb.build_zone(strip, km=km)
    check_refused("zone", *widths(km), "--out", "zone.gpkg", says=said)


@pytest.mark.row(23)
@pytest.mark.parametrize("tolerance", [0, -1, math.nan, "fine"])
def test_the_tolerance_is_checked_as_a_distance(tolerance, strip, check_refused, check_error):
    """The tolerance decides how fine an edge is; there is no parameter quad_segs."""
    with check_error(gb.GeometryError, f"Invalid tolerance_m {tolerance!r}", "at least 0.001"):
        gb.build_zone(strip, km=10, tolerance_m=tolerance)
    if not isinstance(tolerance, str):
        check_refused("zone", *widths(10), f"--tolerance={tolerance}", "--out", "zone.gpkg",
                says=["Invalid tolerance_m", "at least 0.001"])  # fmt: skip
    with pytest.raises(TypeError, match="quad_segs"):
        gb.build_zone(strip, km=10, quad_segs=0)

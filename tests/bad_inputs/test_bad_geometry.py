"""Rows about shapes: out of range, empty, invalid, mixed, with heights, at the poles or at 180°."""

import json
import math
import warnings

import geopandas as gpd
import numpy as np
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from support.given import (
    BETWEEN,
    BOW_TIE,
    EAST,
    GEOD,
    LINE,
    SOURCE,
    WEST,
    areas,
    own,
    points,
    save,
    text,
)  # fmt: skip

import geobuffer as gb

NEAR = (30.05, 50.5)  # 3.55 km east of the border

# A rectangle with a spike. The first method of GEOS repairs it to a polygon and a line.
SPIKE = shapely.Polygon([(29, 50), (30, 50), (30, 51), (29.5, 51), (29.5, 51.2), (29.5, 51),
                         (29, 51)])  # fmt: skip


@pytest.mark.row(6)
def test_a_latitude_beyond_the_pole_names_row_and_value(here, belt, check_refused, check_error):
    with check_error(gb.DataError, "row 'b'", "longitude 30, latitude 136"):
        gb.classify(points(NEAR, (30, 136)).set_index([["a", "b"]]), belt)
    text(here / "places.csv", "name,lat,lon", "A,50.5,30.05", "B,136,30")
    said = ["line 3 of places.csv", "latitude 136", "Must lie within ±180 and ±90"]
    check_refused("settlements", *own(), "--places", "places.csv", "--out", "o.csv", says=said)
    check_refused("bulk", "places.csv", "o.parquet", *own(), says=["line 3 of places.csv", "136"])
    check_refused(
        "where", "136", "30", "--regions", "regions.gpkg", *BETWEEN[:4], says=["latitude 136"]
    )


@pytest.mark.row(7)
def test_rows_without_a_point_stay_and_functions_that_skip_them_warn(belt):
    table = points(None, NEAR, (30.04, 50.5), population=[7, 5, 3])
    table.loc[2, "geometry"] = shapely.Point()
    before = table.copy()
    found = gb.classify(table, belt)
    assert found.index.equals(table.index)
    assert found["membership"].isna().tolist() == [True, False, True]
    said = r"2 rows without a point, and so in no zone: 0, 2\."
    for ask in (gb.within, gb.exposure, lambda t, z: gb.exposure_curve(t, z.border, to_km=10),
                lambda t, z: gb.compare(z, z, t)):  # fmt: skip
        with pytest.warns(UserWarning, match=said):
            assert len(ask(table, belt))
    with pytest.warns(UserWarning, match=said):
        assert gb.exposure(table, belt)["population"].tolist() == [5]
    assert_geodataframe_equal(table, before)


@pytest.mark.row(7)
def test_rows_without_a_point_are_reported_with_their_lines(here, check_accepted):
    text(here / "places.csv", "name,lat,lon", "A,50.5,30.05", "B,,", "C,50.6,")
    with pytest.warns(UserWarning, match=r"rows without coordinates: 2 \(lines 3, 4\)"):
        table = gb.read_settlements("places.csv")
    assert table.geometry.isna().tolist() == [False, True, True]
    check_accepted("settlements", *own(), "--places", "places.csv",
             notes=["places.csv: rows without coordinates: 2 (lines 3, 4)"])  # fmt: skip


@pytest.mark.row(7)
def test_regions_without_an_area_are_dropped_with_a_warning(here, check_accepted):
    table = areas([WEST, EAST, shapely.Polygon()], ["West", "East", "Nowhere"])
    save(table, here / "areas.gpkg")
    check_accepted("zone", *own("areas.gpkg"), notes=["rows without geometry: 1 (row 2)"])


@pytest.mark.row(8)
def test_a_bow_tie_is_refused_with_its_area_before_and_after(here, check_refused, check_error):
    save(areas([BOW_TIE, EAST]), here / "bow.gpkg")
    said = ["row 0 of bow.gpkg", "Self-intersection", "0 km² before", "3,946", "km² after",
            "make_valid()"]  # fmt: skip
    with check_error(gb.GeometryError, *said):
        gb.read_regions("bow.gpkg")
    check_refused("zone", *own("bow.gpkg"), "--out", "zone.gpkg", says=said)
    for make in (gb.Region, gb.Side, lambda name, shape, source: gb.border_around(
            shape, names=[name], source=source)):  # fmt: skip
        arguments = ("Bow", BOW_TIE) if make is gb.Side else ("Bow", BOW_TIE, SOURCE)
        with check_error(gb.GeometryError, "'Bow'", "Self-intersection", "make_valid()", "3,946"):
            make(*arguments)


@pytest.mark.row(8)
# Beyond the slip a strip is left between the two outlines.
@pytest.mark.filterwarnings("ignore:The border may be incomplete:UserWarning")
def test_a_small_self_intersection_is_repaired_and_both_areas_are_reported(here, check_accepted):
    slip = [(30, 50.51), (30.001, 50.5), (29.999, 50.5)]
    crossed = shapely.Polygon([(29, 50), (30, 50), *slip, (30, 51), (29, 51)])
    assert not crossed.is_valid
    save(areas([crossed], ["West"]), here / "slip.gpkg")
    with pytest.warns(UserWarning, match=r"repaired the polygon of row 0 .*before.*after"):
        assert gb.read_regions("slip.gpkg")["West"].geometry.is_valid
    save(areas([crossed, shapely.box(29, 49, 30, 50)]), here / "two.gpkg")
    check_accepted("zone", *own("two.gpkg"), notes=["repaired the polygon of row 0", "km² before"])
    east = gb.Region("East", EAST, SOURCE)

    def slipped():
        return gb.Region("Slip", crossed, SOURCE)

    line = gb.border_along(shapely.LineString([(29, 50), (30, 51)]), source=SOURCE)
    zone = gb.build_zone(line, km=5, tolerance_m=10)
    for make in (
        lambda: gb.border_of(slipped()),
        lambda: gb.border_between(slipped(), east),
        lambda: gb.border_around(crossed, names=["Slip"], source=SOURCE),
        lambda: gb.border_around([slipped(), shapely.Point(20, 50)], source=SOURCE),
        lambda: gb.clip_zone(zone, slipped()),
        lambda: gb.subtract(zone, slipped()),
    ):
        with pytest.warns(UserWarning, match=r"repaired .*'Slip' .*before.*after") as caught:
            made = make()
        assert {one.filename for one in caught} == {__file__}
        with warnings.catch_warnings(action="error"):
            gb.locate(gpd.GeoSeries([shapely.Point(29.5, 50.5)], crs="EPSG:4326"), line)
            assert all(r.geometry.is_valid for r in made.regions)


@pytest.mark.row(9)
def test_an_overlay_with_a_bow_tie_names_it(belt, check_error):
    for combine in (gb.clip_zone, gb.subtract, gb.unite):
        with check_error(
            gb.GeometryError, "region 'Bow'", "Self-intersection", "make_valid()", "3,946"
        ):
            combine(belt, gb.Region("Bow", BOW_TIE, SOURCE))


@pytest.mark.row(10)
def test_repair_keeps_polygons_only(here, check_accepted, check_error):
    assert shapely.make_valid(SPIKE).geom_type == "GeometryCollection"
    save(areas([SPIKE, EAST]), here / "spike.gpkg")
    with pytest.warns(UserWarning, match="repaired the polygon of row 0"):
        region = gb.read_regions("spike.gpkg")["West"]
    assert region.geometry.geom_type == "Polygon"
    assert gb.border_of(region).length_km == pytest.approx(gb.border_of(
        gb.Region("West", WEST, SOURCE)).length_km)  # fmt: skip
    check_accepted("zone", *own("spike.gpkg"), notes=["repaired the polygon of row 0"])
    with check_error(gb.GeometryError, "region 'Mixed'", "GeometryCollection", "get_parts()"):
        gb.Region("Mixed", shapely.make_valid(SPIKE), SOURCE)


@pytest.mark.row(11)
def test_files_of_mixed_kinds_are_sorted_and_tables_refused(
    here, belt, check_accepted, check_refused, check_error
):
    mixed = areas([WEST, LINE, EAST], ["West", "road", "East"])
    save(mixed, here / "mixed.geojson")
    said = "rows that are no areas were left out: 1 line: 1 (row 1)"
    check_accepted("zone", *own("mixed.geojson"), notes=[said])
    save(mixed.iloc[[1]], here / "line.geojson")
    said = ["row 0 of line.geojson", "LineString", "Must be polygons", "read_border()"]
    with check_error(gb.GeometryError, *said):
        gb.read_regions("line.geojson")
    check_refused("zone", *own("line.geojson"), "--out", "zone.kml", says=said)
    table = gpd.GeoDataFrame({"name": ["A", "B"]}, geometry=[shapely.Point(NEAR), EAST], crs=4326)
    with check_error(gb.DataError, "row 1", "Polygon", "representative_point()"):
        gb.exposure(table, belt)
    both = gpd.GeoSeries([EAST, LINE], crs=4326).to_frame("geometry")
    with check_error(gb.GeometryError, "'line 1'", "Polygon", "border_around takes it"):
        gb.border_along(both, source=SOURCE)
    assert len(gb.border_around(both, source=SOURCE).sections) == 2


@pytest.mark.row(12)
def test_heights_are_dropped_with_one_warning(here, check_accepted, belt):
    save(areas([shapely.force_3d(one, 150) for one in (WEST, EAST)]), here / "raised.gpkg")
    with pytest.warns(UserWarning, match="heights and measures left out") as caught:
        region = gb.read_regions("raised.gpkg")["West"]
    assert len(caught) == 1
    assert not region.geometry.has_z
    answer = check_accepted("zone", *own("raised.gpkg"))
    assert answer.err.count("heights and measures left out: 2 (rows 0, 1)") == 1
    # We also drop heights from shapes in memory, because heights do not count in distances.
    raised = [
        gb.Region(n, shapely.force_3d(s, 9), SOURCE) for n, s in {"W": WEST, "E": EAST}.items()
    ]
    border = gb.border_between(*raised)
    assert not border.line.has_z
    table = gpd.GeoDataFrame(geometry=[shapely.Point(*NEAR, 2_000)], crs=4326)
    assert gb.classify(table, belt)["distance_km"][0] == gb.classify(points(NEAR), belt)[
        "distance_km"][0]  # fmt: skip
    assert gb.within(table, belt).geometry[0].z == 2_000


@pytest.mark.row(13)
def test_a_line_across_the_antimeridian_goes_the_short_way(here, check_accepted):
    line = shapely.LineString([(179.9, 0), (-179.9, 0)])
    with pytest.warns(UserWarning, match="line 'line' read as crossing the antimeridian"):
        border = gb.border_along(line, source=SOURCE)
    assert border.length_km == pytest.approx(GEOD.inv(179.9, 0, -179.9, 0)[2] / 1e3)
    zone = gb.build_zone(border, km=5, tolerance_m=1)
    assert zone.area_km2 == pytest.approx(10 * border.length_km + 25 * np.pi, rel=1e-3)
    assert all(
        east - west < 1 for west, _, east, _ in shapely.bounds(shapely.get_parts(zone.polygon))
    )
    here_, there = shapely.box(179, 50, 180, 51), shapely.box(-180, 50, -179, 51)
    save(areas([here_, there]), here / "seam.gpkg")
    answer = json.loads(check_accepted("zone", *own("seam.gpkg"), "--json").out)
    plain = json.loads(check_accepted("zone", *own(), "--json").out)
    assert answer["area_km2"] == pytest.approx(plain["area_km2"], rel=1e-5)


@pytest.mark.row(14)
def test_distances_at_the_pole_are_exact_and_zones_over_it_are_drawn(here, check_error):
    line = shapely.LineString([(0, 89), (10, 89)])
    border = gb.border_along(line, source=SOURCE)
    assert gb.distance_to_border(points((45, 90)), border)[0] == pytest.approx(
        GEOD.inv(0, 90, 0, 89)[2] / 1e3
    )
    zone = gb.build_zone(border, km=50, tolerance_m=1)
    assert zone.error_m <= 1
    over = gb.build_zone(border, km=120, tolerance_m=5)
    assert shapely.intersects_xy(over.polygon, 100.0, 90.0)
    said = ["the zone would reach a pole", "111 km from the border", "Must be less"]
    with check_error(gb.GeometryError, *said):
        gb.build_zone(border, km=120, side="left")
    north = [shapely.box(0, 88, 10, 89.5), shapely.box(10, 88, 20, 89.5)]
    save(areas(north), here / "north.gpkg")
    regions = gb.read_regions("north.gpkg")
    over = gb.build_zone(gb.border_between(regions["West"], regions["East"]), km=70, tolerance_m=5)
    assert gb.read_zone(gb.write(over, here / "zone.gpkg")) == over
    assert gb.answer(200.0, 89.95, over).membership == 1


@pytest.mark.row(14)
def test_a_layer_in_a_polar_projection_is_converted_to_degrees(here):
    north = areas([shapely.box(0, 84, 10, 86), shapely.box(10, 84, 20, 86)])
    save(north.to_crs(3413), here / "polar.gpkg")
    border = gb.border_between(*gb.read_regions("polar.gpkg")["West", "East"])
    assert border.length_km == pytest.approx(GEOD.inv(10, 84, 10, 86)[2] / 1e3, rel=1e-6)


@pytest.mark.row(15)
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_coordinates_that_are_not_finite_name_row_and_value(
    bad, belt, here, check_refused, check_error
):
    with check_error(gb.DataError, "row 1", f"longitude 30, latitude {bad:g}", "Must be finite"):
        gb.classify(points(NEAR, (30, bad)), belt)
    with np.errstate(invalid="ignore"):
        line = shapely.LineString([(30, 50), (30, bad)])
        area = shapely.Polygon([(29, 50), (30, 50), (30, bad), (29, 50)])
    with check_error(gb.GeometryError, "vertex 1", f"latitude {bad:g}", "finite"):
        gb.border_along(line, source=SOURCE)
    with check_error(gb.GeometryError, "region 'Odd'", "vertex 2", "finite"):
        gb.border_of(gb.Region("Odd", area, SOURCE))
    areas([WEST, area]).to_parquet(here / "odd.parquet")
    check_refused(
        "zone", *own("odd.parquet"), says=["row 1 of odd.parquet", f"(30, {bad:g})", "finite"]
    )


@pytest.mark.row(15)
def test_texts_that_are_not_numbers_name_line_and_column(here, check_refused):
    text(here / "places.csv", "name,lat,lon", "A,50.5,30.05", "B,50.5,inf")
    said = ["Invalid lon in line 3 of places.csv", "'inf'", "Must be decimal degrees"]
    check_refused("settlements", *own(), "--places", "places.csv", "--out", "o.csv", says=said)


@pytest.mark.row(25)
def test_a_place_in_two_zones_counts_once(here, check_accepted, strip, belt):
    narrow = gb.build_zone(strip, km=5, tolerance_m=1)
    table = points(NEAR, (30.1, 50.5), population=[5, 7])
    united = gb.unite(belt, narrow)
    assert gb.exposure(table, united)["population"].tolist() == [12]
    assert united.area_km2 == pytest.approx(belt.area_km2, rel=1e-6)
    text(here / "places.csv", "name,lat,lon,population", "A,50.5,30.05,5", "B,50.5,30.1,7")
    ring = json.loads(check_accepted("exposure", *own()[:-1], "5,10", "--places", "places.csv",
                               "--json").out)  # fmt: skip
    assert [row["population"] for row in ring] == [5, 7]


@pytest.mark.row(26)
def test_the_edge_belongs_to_the_zone(strip, here, check_accepted):
    table = points(NEAR)
    km = gb.distance_to_border(table, strip)[0]
    zone = gb.build_zone(strip, km=km, tolerance_m=1)
    assert gb.classify(table, zone)["membership"].tolist() == ["inside"]
    less = gb.build_zone(strip, km=np.nextafter(km, 0), tolerance_m=1)
    assert gb.classify(table, less)["membership"].tolist() == ["outside"]
    # The edge of two rings belongs to the inner one. If a position is not exact, its place on the
    # edge is reported.
    rings = gb.build_zone(strip, km=[km, 10], tolerance_m=1)
    assert gb.classify(table, rings)["ring"].tolist() == [rings.ring_names[0]]
    found = gb.classify(table.assign(accuracy_m=10.0), zone)
    assert found["membership"].tolist() == ["uncertain"]
    text(here / "places.csv", "name,lat,lon", "A,50.5,30.05")
    listed = check_accepted(
        "settlements", *own()[:-1], repr(float(km)), "--places", "places.csv", "--json"
    )
    assert [row["membership"] for row in json.loads(listed.out)] == ["inside"]


@pytest.mark.row(61)
def test_regions_that_do_not_meet_raise_an_error_with_their_gap(here, check_refused, check_error):
    far = shapely.box(31, 50, 32, 51)
    gap = GEOD.inv(30, 51, 31, 51)[2] / 1e3
    said = ["West and East do not meet", f"{gap:.3g} km apart", "51.0000", "Must be neighbours"]
    with check_error(gb.NotAdjacent, *said):
        gb.border_between(gb.Region("West", WEST, SOURCE), gb.Region("East", far, SOURCE))
    save(areas([WEST, far]), here / "far.gpkg")
    check_refused("zone", *own("far.gpkg"), "--out", "zone.gpkg", says=said)
    save(areas([WEST, shapely.box(30, 51, 31, 52)]), here / "corner.gpkg")
    check_refused("zone", *own("corner.gpkg"), says=["meet at a point", "30.0000, 51.0000"])


@pytest.mark.row(62)
def test_outlines_that_disagree_are_healed_with_a_warning(here, check_accepted):
    """Two outlines 36 m apart become one line, and its accuracy states the difference."""
    other = shapely.box(30.0005, 50, 31, 51)
    rough = gb.Source("drawn roughly", accuracy_m=50)
    west, east = gb.Region("West", WEST, SOURCE), gb.Region("East", other, rough)
    border = gb.border_between(west, east)
    apart = GEOD.inv(30, 50, 30.0005, 50)[2] / 1e3
    assert border.healing.disagreement_km == pytest.approx(apart, rel=0.01)
    assert border.length_km == pytest.approx(GEOD.inv(30, 50, 30, 51)[2] / 1e3, rel=1e-3)
    assert border.source.accuracy_m >= 1e3 * apart
    with pytest.raises(gb.NotAdjacent, match="give tolerance_m"):
        gb.border_between(west, gb.Region("East", other, SOURCE))
    assert gb.border_between(west, gb.Region("East", other, SOURCE), tolerance_m=40).healing


@pytest.mark.row(63)
def test_the_direction_of_a_ring_does_not_matter(here, check_accepted):
    clockwise = [shapely.Polygon(shapely.get_coordinates(one)[::-1]) for one in (WEST, EAST)]
    assert [one.exterior.is_ccw for one in clockwise] != [WEST.exterior.is_ccw] * 2
    assert gb.Region("West", clockwise[0], SOURCE).area_km2 == pytest.approx(
        gb.Region("West", WEST, SOURCE).area_km2
    )
    save(areas(clockwise), here / "turned.gpkg")
    one, other = (
        json.loads(check_accepted("zone", *own(file), "--json").out)
        for file in ("regions.gpkg", "turned.gpkg")
    )
    assert one["area_km2"] == pytest.approx(other["area_km2"])
    assert other["area_km2"] > 0


@pytest.mark.row(64)
def test_a_disc_is_round_at_every_latitude():
    """Pages simplify shapes by metres on the ground: by 15 m for 10 km, at every latitude."""
    from geobuffer.viz.web.compact import find_kept_vertices

    for lat in (0, 50, 80):
        disc = gb.build_zone(
            gb.border_around(shapely.Point(30, lat), source=SOURCE), km=10, tolerance_m=1
        )
        edge = shapely.get_coordinates(disc.polygon.exterior)
        drawn = edge[find_kept_vertices(edge, 15.0)]
        away = GEOD.inv(*np.broadcast_to([[30.0], [lat]], (2, len(drawn))), *drawn.T)[2]
        assert len(drawn) > 30
        assert np.abs(away - 10_000).max() < 20

"""Rows about reference systems: missing ones, metres and degrees, axes the wrong way round."""

import json

import geopandas as gpd
import numpy as np
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from support.given import BETWEEN, EAST, GEOD, LINE, SOURCE, WEST, areas, own, points, save, text

import geobuffer as gb

NEAR = (30.05, 50.5)  # 3.55 km east of the border


@pytest.mark.row(1)
@pytest.mark.parametrize(
    "ask",
    [gb.classify, gb.within, gb.exposure, lambda t, zone: gb.map_zone(zone, settlements=t)],
    ids=["classify", "within", "exposure", "map"],
)
def test_points_without_a_crs_raise_an_error_with_the_likely_crs(ask, belt, check_error):
    table = points(NEAR, crs=None)
    before = table.copy()
    with check_error(gb.MissingCRSError, "no coordinate reference system", "EPSG:4326"):
        ask(table, belt)
    assert_geodataframe_equal(table, before)


@pytest.mark.row(1)
def test_lines_and_tables_without_a_crs_raise_an_error(tmp_path, check_error):
    line = gpd.GeoDataFrame(geometry=[LINE])
    with check_error(gb.MissingCRSError, "set_crs"):
        gb.border_along(line, source=SOURCE)
    with check_error(gb.MissingCRSError, "set_crs"):
        gb.write(points(NEAR, crs=None), tmp_path / "places.geojson")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.row(1)
def test_files_without_a_crs_raise_an_error(here, check_refused, check_error):
    save(points(NEAR, crs=None), here / "places.gpkg")
    says_ = ["places.gpkg", "no coordinate reference system", 'crs="EPSG:4326" fits']
    with check_error(gb.MissingCRSError, *says_):
        gb.read_settlements("places.gpkg")
    check_refused("settlements", *own(), "--places", "places.gpkg", "--out", "o.csv", says=says_)
    check_refused("map", *own(), "--places", "places.gpkg", says=says_)
    assert len(gb.read_settlements("places.gpkg", crs="EPSG:4326")) == 1


@pytest.mark.row(2)
def test_a_width_is_kilometres_whatever_the_system(check_accepted):
    disc = gb.build_zone(gb.border_around(shapely.Point(30, 50), source=SOURCE), km=10)
    _, south, _, north = disc.polygon.bounds
    assert GEOD.inv(30, south, 30, north)[2] == pytest.approx(20_000, abs=0.5)
    # Chords are up to 0.1 m short of the circle.
    assert disc.area_km2 == pytest.approx(np.pi * 100, rel=2e-5)
    facts = json.loads(check_accepted("zone", *own(), "--json").out)
    assert facts["edges_km"] == [0, 10]
    assert facts["area_km2"] == pytest.approx(20 * 111.24 + np.pi * 100, rel=1e-3)


@pytest.mark.row(2)
@pytest.mark.parametrize(
    "shape", [LINE, shapely.Point(30, 50), WEST], ids=["line", "point", "area"]
)
def test_metres_are_not_taken_for_degrees(shape, check_error):
    metres = gpd.GeoSeries([shape], crs=4326).to_crs(32636)[0]
    # An easting alone is also refused: 373,000° would wrap around the globe a thousand times.
    half = shapely.transform(metres, lambda xy: np.stack([xy[:, 0], xy[:, 1] / 1e5], axis=1))
    make = gb.border_along if shape is LINE else gb.border_around
    for given in (metres, half):
        with check_error(gb.GeometryError, "vertex 0 is longitude", "or metres?"):
            make(given, source=SOURCE)
        if shape is WEST:
            with check_error(
                gb.GeometryError, "region 'Park'", "vertex 0 is longitude", "or metres?"
            ):
                gb.border_of(gb.Region("Park", given, SOURCE))
    table = points((373_000, 50.5))
    with check_error(gb.DataError, "row 0", "longitude 373000, latitude 50.5", "or metres?"):
        gb.distance_to_border(table, gb.border_along(LINE, source=SOURCE))


@pytest.mark.row(2)
def test_columns_of_metres_are_refused(here, check_refused):
    text(here / "places.csv", "name,x,y", "A,3345000,6550000")
    says_ = ["line 2 of places.csv", "3345000", "metres of a projection need crs=:"]
    check_refused("settlements", *own(), "--places", "places.csv", says=says_)
    check_refused(
        "bulk", "places.csv", "o.csv", *own(), says=["line 2 of places.csv", "metres of a proj"]
    )


@pytest.mark.row(3)
def test_a_web_map_gives_the_same_kilometres(here, check_accepted):
    """At 51° N, 10,000 m of web Mercator are 6,300 m on the ground, so we do not use them."""
    save(areas(crs=3857), here / "mercator.gpkg")
    geodesic, mercator = (
        json.loads(check_accepted("zone", *own(file), "--json").out)
        for file in ("regions.gpkg", "mercator.gpkg")
    )
    assert mercator["border_km"] == pytest.approx(geodesic["border_km"], rel=1e-6)
    # Vertices that are apart by a rounding error may be left out or not, within error_m.
    assert mercator["area_km2"] == pytest.approx(geodesic["area_km2"], rel=3e-6)


@pytest.mark.row(4)
def test_a_projection_outside_its_area_gives_the_same_kilometres(here, check_accepted):
    """UTM zone 36 covers 30 to 36° E; at 60° E, 1 m on the ground is 1.04 m in it."""
    far = [shapely.transform(one, lambda xy: np.add(xy, [30, 0])) for one in (WEST, EAST)]
    save(areas(far), here / "degrees.gpkg")
    save(areas(far, crs=32636), here / "utm.gpkg")
    degrees, utm = (
        json.loads(check_accepted("zone", *own(file), "--json").out)
        for file in ("degrees.gpkg", "utm.gpkg")
    )
    assert utm["border_km"] == pytest.approx(degrees["border_km"], rel=1e-6)
    assert utm["area_km2"] == pytest.approx(degrees["area_km2"], rel=1e-5)
    place = points((60, 50)).to_crs(32636)
    disc = gb.build_zone(gb.border_around(place, source=SOURCE), km=10, tolerance_m=0.5)
    lon, lat = shapely.get_coordinates(disc.polygon).T
    away = GEOD.inv(np.full(len(lon), 60.0), np.full(len(lon), 50.0), lon, lat)[2]
    assert np.abs(away - 10_000).max() < 0.6


SWAPPED = points((50.5, 30.05), (50.6, 30.02))


@pytest.mark.row(5)
@pytest.mark.parametrize(
    "ask",
    [
        gb.classify, gb.within, gb.exposure,
        lambda t, zone: gb.distance_to_border(t, zone.border),
        lambda t, zone: gb.nearest_section(t, zone.border),
        lambda t, zone: gb.locate(t, zone.border),
        lambda t, zone: gb.exposure_curve(t, zone.border, to_km=10),
        lambda t, zone: gb.compare(zone, zone, t),
        lambda t, zone: gb.map_zone(zone, settlements=t),
    ],
)  # fmt: skip
def test_points_with_swapped_axes_are_reported(ask, belt):
    before = SWAPPED.copy()
    with pytest.warns(UserWarning, match=r"longitude 50\.5, latitude 30\.05.*swapped.*swap=True"):
        ask(SWAPPED, belt)
    assert_geodataframe_equal(SWAPPED, before)


@pytest.mark.row(5)
def test_distant_places_are_not_reported_as_swapped(belt):
    """These points are far away in either order, or near as given; a warning fails the test."""
    gb.classify(points((100, 10), (30.05, 50.5)), belt)
    gb.classify(points((-60, -10)), belt)
    gb.classify(points(None), belt)


@pytest.mark.row(5)
def test_files_with_swapped_axes_raise_an_error_and_swap_corrects_them(
    here, check_refused, strip, check_error
):
    text(here / "places.csv", "name,lat,lon", "A,30.05,50.5", "B,30.02,50.6")
    said = ["places.csv", "longitude 50.5, latitude 30.05", "swap=True turns them"]
    with check_error(gb.DataError, *said):
        gb.read_settlements("places.csv", near=strip)
    turned = gb.read_settlements("places.csv", near=strip, swap=True)
    assert turned.geometry.x.tolist() == [30.05, 30.02]
    check_refused("settlements", *own(), "--places", "places.csv", "--out", "o.gpkg", says=said)
    check_refused("map", *own(), "--places", "places.csv", says=said)


@pytest.mark.row(5)
def test_swap_corrects_regions_and_lines(here, regions, strip, check_error):
    turned = [shapely.transform(one, lambda xy: xy[:, ::-1]) for one in (WEST, EAST)]
    save(areas(turned), here / "turned.geojson")
    with check_error(gb.DataError, "turned.geojson", "swap=True turns them"):
        gb.read_regions("turned.geojson", near=regions)
    assert gb.read_regions("turned.geojson", swap=True)["West"].geometry.equals(WEST)
    save(areas([shapely.LineString([(50, 30), (51, 30)])], ["A"]), here / "line.geojson")
    with check_error(gb.DataError, "swap=True turns them"):
        gb.read_border("line.geojson", near=strip)
    assert gb.read_border("line.geojson", swap=True).line.equals(LINE)


@pytest.mark.row(5)
def test_bulk_and_where_report_swapped_axes(here, check_accepted):
    text(here / "places.csv", "name,lat,lon", "A,30.05,50.5", "B,30.02,50.6")
    check_accepted("bulk", "places.csv", "o.csv", *own(), notes=["geobuffer: note:", "swapped"])
    check_accepted("where", "30.05", "50.5", "--regions", "regions.gpkg", *BETWEEN[:4],
             notes=["The point at longitude 50.5, latitude 30.05", "swapped"])  # fmt: skip


@pytest.mark.row(24)
def test_tables_in_different_systems_are_merged(here, belt, check_accepted):
    degrees = points(NEAR, (30.3, 50.5))
    for crs in (3857, 32636, 4258):
        table = degrees.to_crs(crs)
        before = table.copy()
        found = gb.within(table, belt)
        assert found.crs == table.crs
        assert found["name"].tolist() == ["A"]
        expected = gb.within(degrees, belt)["distance_km"].item()
        assert found["distance_km"].item() == pytest.approx(expected, abs=1e-6)
        assert_geodataframe_equal(table, before)
    save(areas(crs=32636), here / "utm.gpkg")
    save(degrees.to_crs(3857), here / "places.gpkg")
    listed = json.loads(check_accepted("settlements", *own("utm.gpkg"), "--places", "places.gpkg",
                                 "--json").out)  # fmt: skip
    assert [row["name"] for row in listed] == ["A"]


@pytest.mark.row(29)
def test_a_shapefile_without_prj_is_refused(here, check_refused, check_accepted, check_error):
    save(areas(), here / "areas.shp").with_suffix(".prj").unlink()
    said = ["areas.shp", "no .prj file beside it", 'crs="EPSG:4326" fits']
    with check_error(gb.MissingCRSError, *said):
        gb.read_regions("areas.shp")
    check_refused("zone", *own("areas.shp"), "--out", "zone.gpkg", says=said)
    assert len(gb.read_regions("areas.shp", crs="EPSG:4326")) == 2
    save(areas(crs=32636), here / "metres.shp").with_suffix(".prj").unlink()
    check_refused(
        "zone", *own("metres.shp"), says=["metres.shp", "are not degrees", 'crs="EPSG:…"']
    )


@pytest.mark.row(36)
def test_geojson_of_projected_numbers_is_refused(here, check_refused, check_error):
    metres = areas(crs=32636).set_crs("EPSG:4326", allow_override=True)
    features = json.loads(metres.to_json())
    features.pop("crs", None)
    (here / "metres.geojson").write_text(json.dumps(features))
    said = ["row 0 of metres.geojson", "Must lie within ±180 and ±90", "crs=:"]
    with check_error(gb.DataError, *said):
        gb.read_regions("metres.geojson")
    check_refused("zone", *own("metres.geojson"), "--out", "zone.gpkg", says=said)
    assert gb.read_regions("metres.geojson", crs=32636)["West"].geometry.centroid.x < 30

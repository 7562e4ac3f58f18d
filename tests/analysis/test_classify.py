"""classify, within and locate, for points at known distances from a meridian."""

import pickle

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely

import geobuffer as gb

GEOD = pyproj.Geod(ellps="WGS84")


@pytest.fixture(scope="module")
def strip_zone(strip):
    return gb.build_zone(strip, km=[5, 10], side="East", tolerance_m=0.5)


def _east(km, lat=50.5):
    """A point that many kilometres east of 30°E along the geodesic square to it."""
    lon, lat, _ = GEOD.fwd(30.0, lat, 90.0 if km >= 0 else -90.0, abs(km) * 1e3)
    return shapely.Point(lon, lat)


def _table(kms, **columns):
    return gpd.GeoDataFrame(columns, geometry=[_east(km) for km in kms], crs="EPSG:4326")


def test_distance_side_ring_and_membership(strip_zone):
    table = _table([1, 4.999, 5.001, 9.999, 10.001, -1])
    found = gb.classify(table, strip_zone)
    assert found["distance_km"].tolist() == pytest.approx([1, 4.999, 5.001, 9.999, 10.001, 1])
    assert found["side"].tolist() == ["East"] * 5 + ["West"]
    assert found["ring"].fillna("").tolist() == ["0–5 km"] * 2 + ["5–10 km"] * 2 + [""] * 2
    assert found["membership"].tolist() == ["inside"] * 4 + ["outside"] * 2
    assert found["chainage_km"].tolist() == pytest.approx(
        [GEOD.inv(30, 50, 30, 50.5)[2] / 1e3] * 6, abs=0.01
    )


def test_locate_gives_the_nearest_point_and_the_bearing_to_it(strip):
    table = _table([3.0, -2.0, 0.0])
    table = table.set_geometry([*table.geometry[:2], shapely.Point(30.0, 50.5)], crs=4326)
    table.loc[3, "geometry"] = None
    plain = gb.locate(table, strip)
    found = gb.locate(table, strip, nearest_point=True)
    pd.testing.assert_frame_equal(found[plain.columns], plain)
    assert found["nearest_lon"][:3].tolist() == pytest.approx([30.0] * 3)
    assert found["nearest_lat"][:3].tolist() == pytest.approx([50.5] * 3, abs=1e-6)
    # The geodesics to both sides start at right angles to the meridian 30°E.
    assert found["bearing_deg"][:2].tolist() == pytest.approx([270.0, 90.0], abs=0.05)
    assert found["bearing_deg"][2:].isna().all()
    assert found.loc[3, ["nearest_lon", "nearest_lat"]].isna().all()


def test_edge_belongs_to_the_zone(strip):
    point = _table([3.0])
    km = float(gb.distance_to_border(point, strip).iloc[0])
    zone = gb.build_zone(strip, km=[km, 2 * km], tolerance_m=1.0)
    assert gb.classify(point, zone)["ring"].item() == zone.ring_names[0]


def test_membership_is_uncertain_within_the_error_of_the_data(strip_zone):
    table = _table([9.4, 9.6, 10.4, 10.6], accuracy_m=[500.0] * 4, country=["BB"] * 4)
    assert gb.classify(table, strip_zone)["membership"].tolist() == [
        "inside", "uncertain", "uncertain", "outside",
    ]  # fmt: skip
    wider = table.assign(radius_m=200.0)
    found = gb.classify(wider, strip_zone)
    assert found["membership"].tolist() == ["uncertain"] * 4
    assert found["margin_km"].tolist() == pytest.approx([0.7] * 4, abs=0.001)


def test_margin_combines_border_and_point_as_independent(strip):
    coarse = gb.Border(strip.sections, strip.sides, gb.Source("coarse", accuracy_m=400.0))
    zone = gb.build_zone(coarse, km=10, tolerance_m=1.0)
    found = gb.classify(_table([1.0], accuracy_m=[300.0]), zone)
    assert found["margin_km"].item() == pytest.approx(0.5)


def test_unlisted_place_by_the_border_may_be_on_either_side(strip_zone):
    near = _table([0.3, -0.3], accuracy_m=[500.0, 500.0])
    assert gb.classify(near, strip_zone)["membership"].tolist() == ["uncertain", "uncertain"]
    listed = near.assign(country=["BB", "AA"])
    assert gb.classify(listed, strip_zone)["membership"].tolist() == ["inside", "outside"]


def test_conflicts_are_reported(zone):
    points = [shapely.Point(34.8, 50.91), shapely.Point(36.6, 50.6), shapely.Point(34.8, 50.91)]
    table = gpd.GeoDataFrame(
        {
            "country": ["RU", "RU", "UA"],
            "oblast_iso": ["RU-KRS", "RU-BEL", "UA-74"],
            "oblast": ["Kursk", "Belgorod", "Chernihiv"],
        },
        geometry=points,
        crs="EPSG:4326",
    )
    conflict = gb.classify(table, zone)["conflict"].tolist()
    assert conflict == [
        "listed in RU, but its point lies in Sumy",
        "",
        "listed in Chernihiv, but its point lies in Sumy",
    ]


def test_place_listed_across_the_border_is_uncertain(strip_zone):
    table = _table([3.0, -3.0], country=["AA", "BB"])
    found = gb.classify(table, strip_zone)
    assert found["membership"].tolist() == ["uncertain", "uncertain"]
    assert (found["conflict"] != "").all()


def test_rows_without_a_point_stay_as_missing(strip_zone):
    table = gpd.GeoDataFrame(
        {"name": ["none", "empty", "there"]},
        geometry=[None, shapely.Point(), _east(1)],
        crs="EPSG:4326",
        index=[7, 8, 9],
    )
    found = gb.classify(table, strip_zone)
    assert found.index.tolist() == [7, 8, 9]
    assert found["distance_km"].isna().tolist() == [True, True, False]
    assert found["membership"].isna().tolist() == [True, True, False]
    assert found["ring"].isna().tolist() == [True, True, False]


def test_any_crs_gives_the_same_answer_and_comes_back(strip_zone):
    table = _table([1, 6, -2], name=["a", "b", "c"])
    utm = table.to_crs("EPSG:32636")
    before = utm.copy(deep=True)
    assert gb.classify(utm, strip_zone)["distance_km"].tolist() == pytest.approx([1, 6, 2])
    inside = gb.within(utm, strip_zone)
    assert inside.crs == utm.crs
    assert inside["name"].tolist() == ["a", "b"]
    pd.testing.assert_frame_equal(utm, before)
    again = gb.within(inside, strip_zone)  # its columns are replaced, not doubled
    assert again.columns.tolist() == inside.columns.tolist()


def test_tables_without_rows_give_empty_results(strip_zone):
    empty = _table([1]).iloc[:0]
    assert gb.classify(empty, strip_zone).columns.tolist() == (
        gb.classify(_table([1]), strip_zone).columns.tolist()
    )
    assert len(gb.within(empty, strip_zone)) == 0


def test_a_geoseries_of_points_is_accepted(strip, strip_zone):
    points = gpd.GeoSeries([_east(2)], index=["x"], crs="EPSG:4326")
    assert gb.distance_to_border(points, strip).to_dict() == pytest.approx({"x": 2.0})
    assert gb.nearest_section(points, strip)["section"].tolist() == ["West–East"]
    assert gb.locate(points, strip)["side"].tolist() == ["East"]
    assert gb.classify(points, strip_zone)["membership"].tolist() == ["inside"]


def test_polygon_and_distance_agree(border):
    zone = gb.build_zone(border, km=10, side="Ukraine", tolerance_m=0.5)
    rng = np.random.default_rng(2)
    west, south, east, north = zone.polygon.bounds
    lon, lat = rng.uniform(west, east, 5000), rng.uniform(south, north, 5000)
    found = gb.classify(gpd.GeoSeries.from_xy(lon, lat, crs="EPSG:4326"), zone)
    drawn = shapely.contains_xy(zone.polygon, lon, lat)
    clear = (found["distance_km"] - 10.0).abs() > 0.001
    assert (drawn == found["ring"].notna())[clear].all()
    assert drawn.sum() > 300


def test_flat_ends_leave_points_out(strip):
    zone = gb.build_zone(strip, km=10, ends="flat", tolerance_m=1.0)
    beyond = gpd.GeoSeries.from_xy([30.01, 30.01], [51.02, 50.98], crs="EPSG:4326")
    assert gb.classify(beyond, zone)["membership"].tolist() == ["outside", "inside"]


def test_zone_survives_pickling(zone, towns):
    copy = pickle.loads(pickle.dumps(zone))  # noqa: S301 - our own bytes
    pd.testing.assert_frame_equal(gb.classify(towns, copy), gb.classify(towns, zone))


def test_a_missing_accuracy_counts_as_one_kilometre(strip_zone):
    table = _table([9.8, 9.8], accuracy_m=[500.0, None], country=["BB", "BB"])
    assert gb.classify(table, strip_zone)["membership"].tolist() == ["uncertain"] * 2


def test_place_by_a_flat_end_is_uncertain(strip):
    zone = gb.build_zone(strip, km=10, ends="flat", tolerance_m=1.0)
    _, north, _ = GEOD.fwd(30.0, 51.0, 0.0, 300.0)
    table = gpd.GeoDataFrame(
        {"accuracy_m": [500.0, 100.0], "country": ["BB", "BB"]},
        geometry=gpd.points_from_xy([30.01, 30.01], [north, north]),
        crs="EPSG:4326",
    )
    assert gb.classify(table, zone)["membership"].tolist() == ["uncertain", "outside"]


def test_geometries_other_than_points_are_refused(strip, strip_zone):
    nowhere = gpd.GeoSeries([_east(1), shapely.Point(50.0, 136.0)], crs="EPSG:4326")
    asked = (gb.distance_to_border, gb.nearest_section, gb.locate, gb.classify, gb.within)
    for ask, of in zip(asked, (strip, strip, strip, strip_zone, strip_zone), strict=True):
        with pytest.raises(gb.DataError, match=r"row 1: .*latitude 136"):
            ask(nowhere, of)
    with pytest.raises(gb.DataError, match=r"accuracy_m in row 0: -1\.0"):
        gb.classify(_table([1], accuracy_m=[-1.0]), strip_zone)

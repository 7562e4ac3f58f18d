"""compare: areas kept, gained and lost, for bands along a meridian whose areas are known."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest

import geobuffer as gb

GEOD = pyproj.Geod(ellps="WGS84")


def band_km2(inner_km, outer_km, azimuth):
    """The area between two distances from 30° E, 50° N to 51° N, by GeographicLib alone."""
    lat = np.linspace(50, 51, 101)
    start, towards = np.full(101, 30.0), np.full(101, float(azimuth))
    near = GEOD.fwd(start, lat, towards, np.full(101, inner_km * 1e3))
    far = GEOD.fwd(start, lat, towards, np.full(101, outer_km * 1e3))
    lon, lat = (np.concatenate([near[i], far[i][::-1]]) for i in (0, 1))
    return abs(GEOD.polygon_area_perimeter(lon, lat)[0]) / 1e6


def places(kms, **columns):
    """Points that many kilometres east of 30° E (west, where negative), at 50.5° N."""
    points = [GEOD.fwd(30.0, 50.5, 90.0 if km > 0 else 270.0, abs(km) * 1e3)[:2] for km in kms]
    points = gpd.points_from_xy(*zip(*points, strict=True))
    return gpd.GeoDataFrame(columns, geometry=points, crs="EPSG:4326")


@pytest.fixture(scope="module")
def built(strip):
    """Build zones with flat ends, so that they are bands."""

    def build(km, side="both"):
        return gb.build_zone(strip, km=km, side=side, ends="flat", tolerance_m=0.1)

    return build


# West, 0–10 km, after 0–5 km on both sides: 0–5 km west is kept, 5–10 km gained, 0–5 km east lost.
KEPT, GAINED, LOST = (0, 5, 270), (5, 10, 270), (0, 5, 90)


def test_kept_gained_and_lost_areas_are_those_of_the_bands(built):
    table = gb.compare(built(5), built(10, "West"))
    assert table.index.tolist() == ["kept", "gained", "lost"]
    assert table.columns.tolist() == ["area_km2"]
    assert table["area_km2"].tolist() == pytest.approx(
        [band_km2(*KEPT), band_km2(*GAINED), band_km2(*LOST)], rel=1e-4
    )


def test_places_and_people_are_counted_by_point(built):
    # One kept, two gained of which one without a figure, one lost, one in neither zone.
    table = places([-2, -7, -8, 3, 7], population=pd.array([100, 10, None, 1, 1000], dtype="Int64"))
    found = gb.compare(built(5), built(10, "West"), table)
    assert found["places"].to_dict() == {"kept": 1, "gained": 2, "lost": 1}
    assert found["population"].to_dict() == {"kept": 100, "gained": 10, "lost": 1}
    assert found["without_figure"].to_dict() == {"kept": 0, "gained": 1, "lost": 0}


def test_without_a_population_every_place_is_without_a_figure(built):
    found = gb.compare(built(5), built(10, "West"), places([-2, -7, -8, 3, 7]))
    assert found["places"].tolist() == [1, 2, 1]
    assert found["population"].tolist() == [0, 0, 0]
    assert found["without_figure"].tolist() == [1, 2, 1]


def test_rings_do_not_change_a_comparison(built):
    one = gb.compare(built(5), built(10, "West"), places([-2, -7, 3]))
    several = gb.compare(built([1, 5]), built([2, 6, 10], "West"), places([-2, -7, 3]))
    pd.testing.assert_frame_equal(one, several, rtol=1e-5)


def test_a_zone_compared_to_itself_is_kept(built):
    table = gb.compare(built(5), built(5), places([-2, 7]))
    assert table.loc["kept", "area_km2"] == pytest.approx(built(5).area_km2)
    assert table.loc[["gained", "lost"], "area_km2"].tolist() == [0, 0]
    assert table["places"].tolist() == [1, 0, 0]


def test_a_wider_zone_loses_nothing(built):
    table = gb.compare(built(5), built(10))
    assert table["area_km2"].tolist() == pytest.approx(
        [2 * band_km2(0, 5, 90), 2 * band_km2(5, 10, 90), 0], rel=1e-4, abs=1e-4
    )


def test_opposite_sides_have_nothing_in_common(built):
    table = gb.compare(built(5, "West"), built(10, "East"))
    assert table["area_km2"].tolist() == pytest.approx(
        [0, band_km2(0, 10, 90), band_km2(0, 5, 270)], rel=1e-4, abs=1e-4
    )


def test_areas_add_up_to_the_two_zones(regions):
    """On a real border, both ways."""
    border = gb.border_between(regions["Kursk"], regions["Sumy"])
    before = gb.build_zone(border, km=3, tolerance_m=1)
    after = gb.build_zone(border, km=[2, 5], side="Ukraine", tolerance_m=1)
    area = gb.compare(before, after)["area_km2"]
    assert area["kept"] + area["gained"] == pytest.approx(after.area_km2, rel=1e-6)
    assert area["kept"] + area["lost"] == pytest.approx(before.area_km2, rel=1e-6)
    back = gb.compare(after, before)["area_km2"]
    assert back[["kept", "lost", "gained"]].tolist() == pytest.approx(area.tolist())


def test_places_add_up_to_those_of_the_two_zones(towns, regions):
    border = gb.border_between(regions["Kursk"], regions["Sumy"])
    before = gb.build_zone(border, km=10, tolerance_m=10)
    after = gb.build_zone(border, km=20, side="Ukraine", tolerance_m=10)
    table = gb.compare(before, after, towns)
    for zone, other in ((after, "gained"), (before, "lost")):
        here = towns[gb.classify(towns, zone)["ring"].notna()]
        both = table.loc[["kept", other]].sum()
        assert both["places"] == len(here) > 0
        assert both["population"] == here["population"].sum() > 0
        assert both["without_figure"] == here["population"].isna().sum()


def test_the_table_of_the_caller_is_unchanged(built):
    table = places([-2, -7], population=[1, None])
    before = table.copy(deep=True)
    gb.compare(built(5), built(10, "West"), table)
    pd.testing.assert_frame_equal(table, before)


def test_labels_of_rows_do_not_change_the_result(built):
    table = places([-2, -7, 3], population=[1, 2, 4]).set_index(pd.Index([5, 5, 5]))
    found = gb.compare(built(5), built(10, "West"), table)
    assert found["places"].tolist() == [1, 1, 1]
    assert found["population"].tolist() == [1, 2, 4]


def test_each_row_counts_its_uncertain_places(built):
    """Two places are kept, one of them near the old edge; one place beyond that edge is gained."""
    table = places([-1, -4.9, -5.1, 3], population=[1, 10, 100, 1000], accuracy_m=300)
    found = gb.compare(built(5), built(10, "West"), table)
    assert found["places"].to_dict() == {"kept": 2, "gained": 1, "lost": 1}
    assert found["uncertain"].to_dict() == {"kept": 1, "gained": 1, "lost": 0}
    assert found["population_uncertain"].to_dict() == {"kept": 10, "gained": 100, "lost": 0}


def test_combined_zones_compare_like_any(built):
    """A union gains the area that the other zone adds."""
    narrow, west = built(5), built(10, "West")
    table = places([-2, -7, -8, 3, 7], population=[100, 10, 1, 1, 1000])
    both = gb.compare(narrow, gb.unite(narrow, west), table)
    assert both["places"].to_dict() == {"kept": 2, "gained": 2, "lost": 0}
    assert both.loc["lost", "area_km2"] == pytest.approx(0, abs=1e-6)
    assert both.loc["gained", "area_km2"] == pytest.approx(band_km2(*GAINED), rel=1e-4)
    less = gb.compare(narrow, gb.subtract(narrow, west), table)
    assert less["places"].to_dict() == {"kept": 1, "gained": 0, "lost": 1}


def test_people_without_the_uncertain_are_certainly_in_both(towns, regions):
    """For equal zones, the people kept without the uncertain are the lower limit of exposure."""
    border = gb.border_between(regions["Kursk"], regions["Sumy"])
    zone = gb.build_zone(border, km=10, side="Ukraine", tolerance_m=10)
    kept = gb.compare(zone, zone, towns).loc["kept"]
    sure = gb.exposure(towns, zone).iloc[0]
    assert kept["population"] - kept["population_uncertain"] == sure["population"] > 0
    assert kept["places"] - kept["uncertain"] == sure["places"]


def test_other_objects_than_zones_are_refused(built, strip):
    with pytest.raises(gb.WrongKind, match="Invalid zone: a Border"):
        gb.compare(built(5), strip)

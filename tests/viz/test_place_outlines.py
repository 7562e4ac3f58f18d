"""Places with outlines on maps: a dot in each, judged by the outline."""

import geopandas as gpd
import pytest
import shapely

import geobuffer as gb
from geobuffer.viz.figure.plot import draw_figure
from geobuffer.viz.place_outlines import classify_places


@pytest.fixture(scope="module")
def villages():
    shapes = [
        shapely.box(35.03, 51.12, 35.035, 51.125),
        shapely.box(34.98, 50.95, 35.02, 51.12),
        shapely.box(34.6, 50.7, 34.7, 50.8),
        None,
    ]
    table = {"name": ["in", "partly", "out", "unknown"], "population": [10, 20, 30, 40]}
    return gpd.GeoDataFrame(table, geometry=shapes, crs="EPSG:4326")


@pytest.fixture(scope="module")
def zone(border):
    return gb.build_zone(border, km=10, side="Ukraine", tolerance_m=10)


def test_classes_are_those_of_the_outlines(villages, zone):
    shown = classify_places(villages.to_crs("EPSG:32636"), zone)
    told = gb.classify(villages, zone)
    classes = shown.found.frame["membership"]
    assert told["membership"].tolist()[:3] == ["inside", "partly", "outside"]
    assert classes.tolist()[:3] == ["inside", "uncertain", "outside"]
    assert classes.isna().tolist() == [False, False, False, True]
    assert shown.found.answers.membership.tolist() == [1, 2, 0, -1]
    points = shown.table.geometry
    assert points.iloc[:3].within(villages.geometry.iloc[:3]).all()
    assert points.iloc[3] is None
    share = shown.spans.share_inside[:3]
    assert share == pytest.approx(told["share_inside"].to_numpy()[:3], abs=1e-4)
    assert share[0] == 1.0
    assert 0.0 < share[1] < 1.0
    assert (shown.spans.farthest_km[:3] > shown.found.frame["distance_km"][:3]).all()


def test_a_picture_counts_outlines(villages, zone):
    pytest.importorskip("matplotlib")
    figure = draw_figure(zone, villages)
    texts = " ".join(text.get_text() for axes in figure.axes for text in axes.texts)
    assert "partly" in texts


def test_lines_are_no_places(zone):
    road = gpd.GeoDataFrame(
        {"name": ["road"]}, geometry=[shapely.LineString([(34, 51), (35, 51)])], crs="EPSG:4326"
    )
    with pytest.raises(gb.DataError, match=r"lines\. Must be points, or areas"):
        gb.map_zone(zone, settlements=road)

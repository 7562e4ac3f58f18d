"""Buffer the rows of tables: every edge lies at its distance, and tables stay tables."""

import functools
import subprocess
import sys
import warnings

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from support import reference

import geobuffer as gb
from geobuffer.errors import DataError, GeometryError, MissingCRSError

SOURCE = gb.Source("a sketch")
SQUARE = shapely.box(30, 50, 30.2, 50.2)
LINE = shapely.LineString([(30, 50), (30.1, 50.1), (30.3, 50.1)])


def _star(rng, lon, lat, size, count):
    turn = np.sort(rng.uniform(0.0, 2.0 * np.pi, count))
    reach = size * rng.uniform(0.3, 1.0, count)
    east = reach * np.cos(turn) / np.cos(np.radians(lat))
    return shapely.Polygon(np.column_stack([lon + east, lat + reach * np.sin(turn)])).buffer(0)


def _draw_row(rng):
    """Return a random shape of any kind, anywhere but at the poles and at 180°, and a width."""
    lon, lat, size = rng.uniform(-175, 175), rng.uniform(-80, 80), 10 ** rng.uniform(-2.5, -0.5)
    walk = np.array([lon, lat]) + np.cumsum(rng.normal(0.0, size / 2.0, (8, 2)), axis=0)
    km = 10 ** rng.uniform(-1.5, 1.4)
    star = _star(rng, lon, lat, size, int(rng.integers(5, 40)))
    far = shapely.LineString(walk + 3.0 * size)
    kinds = [
        (shapely.Point(lon, lat), km),
        (shapely.LineString(walk), km),
        (shapely.LineString([*walk, walk[0]]), km),
        (star, km),
        (star, -min(km, 10.0 * size)),
        (star.difference(_star(rng, lon, lat, size / 2.0, 7)), km),
        (shapely.GeometryCollection([star, far, shapely.Point(lon, lat + size)]), km),
    ]
    return kinds[rng.integers(len(kinds))]


@functools.cache
def _random_rows():
    rng = np.random.default_rng(20)
    rows = [_draw_row(rng) for _ in range(150)]
    table = gpd.GeoDataFrame(
        {"w": [km for _, km in rows]},
        geometry=[shape for shape, _ in rows],
        index=[f"row {n}" for n in range(150)],
        crs="EPSG:4326",
    )
    return table, table.geobuffer.buffer(km="w", tolerance_m=1)


def _outlines(shape):
    """Return the vertices of lines, of outlines and, twice, of points."""
    parts = shapely.get_parts(shapely.get_parts(shape))
    lines = [part.boundary if part.geom_type == "Polygon" else part for part in parts]
    flat = shapely.get_coordinates
    return [flat(one) if len(flat(one)) > 1 else flat(one)[[0, 0]]
            for line in lines for one in shapely.get_parts(line)]  # fmt: skip


def test_edges_of_150_rows_lie_at_their_distance_by_geographiclib():
    table, zones = _random_rows()
    rng = np.random.default_rng(1)
    for row in zones.itertuples():
        shape, km = table.geometry[row.Index], table["w"][row.Index]
        assert row.geometry.is_valid, row.Index
        assert row.buffer_error_m <= min(1.0, 10.0 * abs(km)), row.Index
        if row.geometry.is_empty:  # an area that is nowhere wide enough
            assert km < 0
            continue
        vertices = shapely.get_coordinates(row.geometry.boundary)
        ring = shapely.get_parts(shapely.get_rings(shapely.get_parts(row.geometry)))
        ends = np.concatenate([shapely.get_coordinates(one)[1:] for one in ring])
        starts = np.concatenate([shapely.get_coordinates(one)[:-1] for one in ring])
        assert len(vertices) >= 4
        for edge, share in zip(rng.integers(0, len(starts), 4), rng.uniform(0, 1, 4), strict=True):
            at = starts[edge] + share * (ends[edge] - starts[edge])
            away = reference.distance_m(_outlines(shape), *at)
            assert abs(away - abs(km) * 1e3) <= row.buffer_error_m + 1e-3, row.Index


def test_points_inside_and_outside_agree_with_distances():
    table, zones = _random_rows()
    rng = np.random.default_rng(2)
    for row in zones.iloc[::3].itertuples():
        shape, km = table.geometry[row.Index], table["w"][row.Index]
        west, south, east, north = shapely.box(*shape.bounds).buffer(abs(km) / 60.0).bounds
        for lon, lat in zip(rng.uniform(west, east, 4), rng.uniform(south, north, 4), strict=True):
            away = reference.distance_m(_outlines(shape), lon, lat) / 1e3
            within = shapely.intersects_xy(shape, lon, lat)
            wanted = (within and away >= -km) if km < 0 else (within or away <= km)
            if abs(away - abs(km)) > 2e-3:
                assert shapely.intersects_xy(row.geometry, lon, lat) == wanted, row.Index


def test_rows_and_zones_of_borders_are_the_same():
    for side, shape, of_border in (
        ("around", SQUARE, "around"),
        ("outside", SQUARE, "outside"),
        ("inside", SQUARE, "inside"),
        ("both", SQUARE, "both"),
        ("around", LINE, "both"),
        ("around", shapely.Point(30, 50), "both"),
        ("left", LINE, "left"),
        ("right", LINE, "right"),
    ):
        row = gb.buffer(shape, 2, side=side, tolerance_m=0.05)
        make = gb.border_along if side in ("left", "right") else gb.border_around
        zone = gb.build_zone(make(shape, source=SOURCE), 2, side=of_border, tolerance_m=0.05)
        apart = shapely.symmetric_difference(row, zone.polygon)
        # A band of twice both tolerances along the edges, in square degrees.
        assert apart.area < 0.2 / 111_000 / 0.64 * row.length, (side, shape.geom_type)


def test_flat_ends_of_a_line_are_those_of_its_zone():
    row = gb.buffer(LINE, 2, ends="flat")
    zone = gb.build_zone(gb.border_along(LINE, source=SOURCE), 2, ends="flat", tolerance_m=1)
    assert row.equals(zone.polygon)
    assert row.area < 0.95 * gb.buffer(LINE, 2).area


def test_a_table_keeps_its_index_columns_crs_and_geometry_column():
    table = gpd.GeoDataFrame(
        {"name": ["a", "b"], "shape": [SQUARE, LINE]},
        geometry="shape",
        crs="EPSG:4326",
        index=pd.Index(["x", "y"], name="code"),
    ).to_crs("EPSG:32636")
    before = table.copy()
    zones = table.geobuffer.buffer("500 m")
    assert list(zones.columns) == ["name", "shape", "buffer_error_m"]
    assert zones.index.equals(table.index)
    assert zones.index.name == "code"
    assert zones.crs == "EPSG:32636"
    assert zones.geometry.name == "shape"
    assert zones["name"].tolist() == ["a", "b"]
    pd.testing.assert_frame_equal(pd.DataFrame(table), pd.DataFrame(before))
    # In metres of the table's own system, edges are straight there, within the tolerance.
    assert (zones["buffer_error_m"] <= 1.0).all()
    edge = zones.geometry["y"].boundary.segmentize(50.0)
    away = shapely.distance(shapely.points(shapely.get_coordinates(edge)), table.geometry["y"])
    assert np.abs(away / 500.0 - 1.0).max() < 0.003  # the scale of UTM differs by so much


def test_each_kind_of_input_comes_back_as_its_kind():
    array = np.array([SQUARE, LINE, None], dtype=object)
    with pytest.warns(UserWarning, match="1 row without a shape or a width.*: 2"):
        found = gb.buffer(array, [1, 2, 3])
    assert isinstance(found, np.ndarray)
    assert found[2] is None
    assert found[1].equals(gb.buffer(LINE, 2))
    series = gb.buffer(gpd.GeoSeries([SQUARE], index=[7], crs="EPSG:4326"), pd.Series({7: 1.0}))
    assert isinstance(series, gpd.GeoSeries)
    assert series.index.tolist() == [7]
    assert series[7].equals(found[0])
    assert gb.buffer([], 1).tolist() == []


def test_widths_are_numbers_texts_quantities_and_columns():
    table = gpd.GeoDataFrame(
        {"w": [1, "500 m", None, 2.5]}, geometry=[shapely.Point(30, 50)] * 4, crs="EPSG:4326"
    )
    with pytest.warns(UserWarning, match="1 row without a shape or a width, .*: 2"):
        zones = gb.buffer(table, "w")
    assert zones.geometry.isna().tolist() == [False, False, True, False]
    assert np.isnan(zones["buffer_error_m"].iloc[2])
    areas = shapely.area(zones.geometry.to_numpy())
    assert areas[1] / areas[0] == pytest.approx(0.25, rel=0.02)
    assert areas[3] / areas[0] == pytest.approx(6.25, rel=0.02)
    mixed = pd.Series([1.0, 0.5, 9.0, 2.5], index=[0, 1, 2, 3])[[3, 2, 1, 0]]
    assert gb.buffer(table, mixed).geometry[0].equals(zones.geometry[0])


def test_dissolve_unites_all_or_by_a_column():
    table = gpd.GeoDataFrame(
        {"kind": ["clinic", "school", "clinic", None]},
        geometry=gpd.GeoSeries.from_xy([30, 30.01, 30.02, 31], [50] * 4, crs="EPSG:4326"),
    )
    apart = gb.buffer(table, 1)
    one = gb.buffer(table, 1, dissolve=True)
    assert list(one.columns) == ["geometry", "buffer_error_m"]
    assert one.geometry.iloc[0].equals(shapely.union_all(apart.geometry.to_numpy()))
    by = gb.buffer(table, 1, dissolve="kind")
    assert by["kind"].tolist()[:2] == ["clinic", "school"]
    assert by["kind"].isna().tolist() == [False, False, True]
    assert by.geometry.iloc[0].equals(apart.geometry[0].union(apart.geometry[2]))
    assert by["buffer_error_m"].iloc[0] == apart["buffer_error_m"][[0, 2]].max()
    assert gb.buffer(list(table.geometry), 1, dissolve=True).equals(one.geometry.iloc[0])


@pytest.mark.parametrize(
    "shape",
    [
        shapely.Point(30, 89.95),
        shapely.Point(179.99, 10),
        shapely.box(179, 10, 181, 11),
        shapely.MultiPolygon([shapely.box(179, 10, 180, 11), shapely.box(-180, 10, -179, 11)]),
        shapely.LineString([(179.9, 10), (180.1, 10.1)]),
        shapely.Point(190, 10),
    ],
)
def test_rows_at_a_pole_and_across_180_are_cut_there(shape):
    zone = gb.buffer(shape, 20)
    assert zone.is_valid
    west, _, east, _ = zone.bounds
    assert west >= -180
    assert east <= 180
    turned = shapely.transform(shape, lambda xy: np.column_stack([(xy[:, 0] - 30) % 360, xy[:, 1]]))
    whole = shapely.union_all([turned])  # the halves of an area meet
    assert zone.bounds[3] > 89 or zone.area == pytest.approx(gb.buffer(whole, 20).area, rel=1e-5)


def test_a_negative_width_across_180_leaves_no_seam():
    halves = shapely.MultiPolygon([shapely.box(179, 10, 180, 11), shapely.box(-180, 10, -179, 11)])
    west, _, east, _ = gb.buffer(halves, -20).bounds
    assert (west, east) == (-180.0, 180.0)


def test_broken_rows_are_named_or_left_out():
    bow_tie = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    table = gpd.GeoSeries([SQUARE, bow_tie, LINE], index=["a", "b", "c"], crs="EPSG:4326")
    with pytest.raises(GeometryError, match=r"row 'b': a Polygon that is not valid: Self-inters"):
        gb.buffer(table, 1)
    with pytest.warns(UserWarning, match=r"1 row without a zone.*row 'b': a Polygon"):
        zones = gb.buffer(table, 1, on_error="null")
    assert zones.isna().tolist() == [False, True, False]
    # The point is where the user sees it: in the CRS of the table.
    metres = gpd.GeoSeries([shapely.transform(bow_tie, lambda xy: xy * 1000)], crs="EPSG:3857")
    with pytest.raises(GeometryError, match=r"Self-intersection\[500 500\]"):
        gb.buffer(metres, 1)
    with pytest.raises(GeometryError, match="row 'a': side 'left' needs a line, not a Polygon"):
        gb.buffer(table.drop("b"), 1, side="left")
    with pytest.raises(GeometryError, match="row 'c': a LineString has no zone of a width of zero"):
        gb.buffer(table.drop("b"), -1)
    with pytest.raises(GeometryError, match="row 0: longitude 500000"):
        gb.buffer(shapely.Point(500_000, 5_600_000), 1)
    assert gb.buffer(SQUARE, 0).equals(SQUARE)


@pytest.mark.parametrize(
    ("given", "options", "error", "words"),
    [
        (SQUARE, {"km": 3000}, GeometryError, "at most 2,000 km"),
        (SQUARE, {"km": float("inf")}, GeometryError, "finite"),
        (SQUARE, {"km": "5,10"}, GeometryError, "it may mean 5.10, or 5 and 10"),
        ([SQUARE], {"km": [1, 2]}, GeometryError, "2 widths for 1 rows"),
        (SQUARE, {"km": 1, "side": "lft"}, GeometryError, "'left'"),
        (SQUARE, {"km": 1, "ends": "flat"}, GeometryError, "flat ends need a line"),
        (SQUARE, {"km": 1, "on_error": "skip"}, GeometryError, "'raise'"),
        (SQUARE, {"km": 1, "dissolve": "name"}, DataError, "no columns"),
        ("POINT (1 2)", {"km": 1}, DataError, "shapely geometries"),
        (pd.DataFrame({"lon": [1]}), {"km": 1}, DataError, "points_from_xy"),
        (gpd.GeoSeries([SQUARE]), {"km": 1}, MissingCRSError, "set_crs"),
        (SQUARE, {"km": 1, "tolerance_m": 0}, GeometryError, "tolerance_m"),
    ],
)
def test_wrong_arguments_have_clear_errors(given, options, error, words):
    with pytest.raises(error, match=words):
        gb.buffer(given, **options)


def test_a_missing_column_is_named_with_those_that_are_there():
    table = gpd.GeoDataFrame({"width": [1]}, geometry=[SQUARE], crs="EPSG:4326")
    with pytest.raises(GeometryError, match=r"no such column.*'width'"):
        gb.buffer(table, "widht")


def test_a_narrow_zone_keeps_a_hundredth_of_its_width():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = gpd.GeoDataFrame(geometry=[LINE], crs="EPSG:4326").geobuffer.buffer("10 m")
    assert table["buffer_error_m"].iloc[0] <= 0.1


def test_the_accessor_comes_with_pandas_or_with_the_first_name():
    code = (
        "import sys, geobuffer as gb\n"
        "assert 'pandas' not in sys.modules\n"
        "gb.buffer\n"
        "import pandas as pd\n"
        "assert hasattr(pd.DataFrame, 'geobuffer')\n"
        "assert not hasattr(pd.DataFrame({'a': [1]}), 'geobuffer')\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    early = "import pandas as pd, geobuffer; assert hasattr(pd.DataFrame, 'geobuffer')"
    subprocess.run([sys.executable, "-c", early], check=True)

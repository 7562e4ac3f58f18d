"""exposure_curve of rasters: each row agrees with exposure_raster of the zone of that width."""

import functools

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import given
from hypothesis import strategies as st

import geobuffer as gb
from geobuffer.analysis import distance_shares
from geobuffer.analysis.distance_shares import share_below

SOURCE = gb.Source("drawn by hand")
BENT = [(34, 50.5), (34.3, 50.6), (34.5, 50.9), (34.25, 50.7), (34.1, 51)]
# The pixels of made-up rasters about that line: reference system, left, top, pixel, columns, rows.
GRIDS = {
    "5 km, degrees": ("EPSG:4326", 33.4, 51.4, (0.07, 0.05), 25, 26),
    "1 km, LAEA": ("EPSG:3035", 5_940_000, 3_410_000, (1000, 1000), 115, 110),
    "100 m, UTM": ("EPSG:32636", 565_000, 5_660_000, (100, 100), 500, 750),
}
# What the documentation promises.
EXACT = 1e-3


@functools.cache
def make_border(kind):
    if kind == "line":
        return gb.border_along(shapely.LineString(BENT), source=SOURCE)
    if kind == "park":
        return gb.border_around(shapely.Polygon(BENT), source=SOURCE)
    # Territories end at some distance from the border, so that their rims cut pixels too.
    line = [(34, 50.2), *BENT[:3], (34.5, 51.2)]
    west = gb.Region(
        "West", shapely.Polygon([*line, (33.9, 51.1), (33.8, 50.4)]), SOURCE, country="AA"
    )
    east = gb.Region(
        "East", shapely.Polygon([*line, (34.9, 50.8), (34.4, 50.3)]), SOURCE, country="BB"
    )
    return gb.border_between(west, east)


@functools.cache
def make_zone(kind, side, edges):
    return gb.build_zone(make_border(kind), km=list(edges), side=side)


@pytest.fixture(scope="module")
def raster(tmp_path_factory):
    """A function that writes a raster on one of the grids, with a hole without data."""
    folder = tmp_path_factory.mktemp("rasters")

    @functools.cache
    def write(name):
        crs, left, top, (wide, high), columns, rows = GRIDS[name]
        people = np.random.default_rng(4).gamma(0.3, 100.0, (rows, columns))
        people[rows // 2 : rows // 2 + rows // 9, columns // 3 : columns // 2] = -1
        path = folder / f"{list(GRIDS).index(name)}.tif"
        with rasterio.open(
            path, "w", driver="GTiff", count=1, dtype="float64", width=columns, height=rows,
            crs=crs, nodata=-1, transform=rasterio.Affine(wide, 0, left, 0, -high, top),
        ) as file:  # fmt: skip
            file.write(people, 1)
        return path

    return write


@pytest.mark.parametrize(
    ("grid", "kind", "side", "edges"),
    [
        ("5 km, degrees", "regions", "both", (1, 2, 3, 4, 5)),
        ("5 km, degrees", "regions", "West", (1, 2, 3, 4, 5)),
        ("5 km, degrees", "line", "left", (2, 4, 6)),
        ("5 km, degrees", "park", "around", (3, 6, 9)),
        ("1 km, LAEA", "regions", "East", (5, 10, 15, 20)),
        ("1 km, LAEA", "park", "inside", (0.5, 1, 1.5, 2)),
        ("1 km, LAEA", "line", "both", (10, 20, 30)),
        ("100 m, UTM", "regions", "West", (1, 2, 3)),
        ("100 m, UTM", "park", "outside", (2, 4, 6)),
    ],
)
def test_each_row_is_what_exposure_raster_counts(raster, grid, kind, side, edges):
    """Also where pixels have no data, and where the zone reaches beyond the raster."""
    asked = {"values": "counts", "source": gb.Source("made up", as_of="2026")}
    curve = gb.exposure_curve(
        raster(grid), make_border(kind), to_km=edges[-1], step_km=edges[0], side=side, **asked
    )
    zone = make_zone(kind, side, edges)
    wanted = gb.exposure_raster(raster(grid), zone, cumulative=True, **asked)
    assert curve.columns.tolist() == wanted.columns.tolist()
    for column in ("within_km", "source", "as_of"):
        assert curve[column].tolist() == wanted[column].tolist()
    for column in ("population", "area_km2"):
        np.testing.assert_allclose(curve[column], wanted[column], rtol=EXACT)
        assert curve[column].iloc[-1] == pytest.approx(wanted[column].iloc[-1], rel=1e-6)
    np.testing.assert_allclose(curve["no_data_share"], wanted["no_data_share"], atol=EXACT)
    assert (np.diff(curve[["population", "area_km2", "no_data_km2"]], axis=0) >= -1e-6).all()


@given(
    edges=st.lists(st.floats(0.3, 25), min_size=1, max_size=4, unique=True),
    side=st.sampled_from(["both", "West", "East"]),
)
def test_people_grow_with_the_width_and_depend_on_no_other_width(raster, edges, side):
    """A curve to one width has, at that width, the people of any other curve there."""
    border, path = make_border("regions"), raster("5 km, degrees")
    to_km = max(edges)
    curve = gb.exposure_curve(path, border, to_km=to_km, step_km=to_km / 4, side=side,
                              values="counts")  # fmt: skip
    assert (np.diff(curve["population"]) >= -1e-9).all()
    assert (curve["no_data_share"] <= 1).all()
    half = gb.exposure_curve(path, border, to_km=to_km / 2, step_km=to_km / 2, side=side,
                             values="counts")  # fmt: skip
    people = curve["population"].iloc[1], half["population"].iloc[0]
    assert people[0] == pytest.approx(people[1], rel=EXACT)


def test_small_batches_count_the_same(raster, monkeypatch):
    asked = {"to_km": 4, "step_km": 1, "side": "West", "values": "counts"}
    whole = gb.exposure_curve(raster("5 km, degrees"), make_border("regions"), **asked)
    monkeypatch.setattr(distance_shares, "_BATCH", 50)
    monkeypatch.setattr(distance_shares, "_MOST_SHARES", 40)
    again = gb.exposure_curve(raster("5 km, degrees"), make_border("regions"), **asked)
    np.testing.assert_allclose(again["population"], whole["population"], rtol=1e-9)


def test_a_world_map_whose_rim_has_no_coordinates(tmp_path, strip):
    path, at = tmp_path / "p.tif", rasterio.Affine(100_000, 0, -18_050_000, 0, -100_000, 9_000_000)
    with rasterio.open(path, "w", driver="GTiff", count=1, dtype="uint8", width=361, height=180,
                       crs="ESRI:54009", transform=at) as file:  # fmt: skip
        file.write(np.full((180, 361), 3, dtype="uint8"), 1)
    curve = gb.exposure_curve(path, strip, to_km=20, step_km=5, values="density")
    np.testing.assert_allclose(curve["population"], 3 * curve["area_km2"], rtol=EXACT)
    assert (curve["no_data_share"] == 0).all()


def test_steps_by_default_and_places_beside_a_raster(raster):
    border, path = make_border("regions"), raster("5 km, degrees")
    curve = gb.exposure_curve(path, border, to_km="5 km", values="counts")
    assert len(curve) == 100
    places = gpd.GeoDataFrame(
        {"population": [7, 8]}, geometry=gpd.points_from_xy([34.3, 34.2], [50.6, 50.6]), crs=4326
    )
    counted = gb.exposure_curve(places, border, to_km=5, step_km=0.05)
    both = gb.compare_exposure(counted, curve)
    assert both["population_places"].iloc[-1] == 15
    assert both["population_raster"].tolist() == curve["population"].tolist()


def test_what_does_not_fit_is_refused(raster, tmp_path):
    border, path = make_border("regions"), raster("5 km, degrees")
    places = gpd.GeoSeries.from_xy([34.3], [50.6], crs=4326)
    for table, values, says in (
        (path, None, "values None"),
        (places, "counts", "'counts'"),
        (path, "count", "Did you mean 'counts'"),
        (tmp_path / "none.tif", "counts", "none.tif"),
        ([], "counts", "No raster"),
    ):
        with pytest.raises(gb.DataError, match=says):
            gb.exposure_curve(table, border, to_km=5, values=values)
    with pytest.raises(gb.UnknownSide, match="'Wst'"):
        gb.exposure_curve(path, border, to_km=5, side="Wst", values="counts")
    with pytest.raises(gb.GeometryError, match="step_km"):
        gb.exposure_curve(path, border, to_km=5, step_km=0, values="counts")


@given(above=st.floats(-3, 3), along=st.floats(0, 2), across=st.floats(0, 2))
def test_the_share_below_a_level_is_that_of_points(above, along, across):
    at = (np.arange(400) + 0.5) / 200 - 1
    below = (along * at[:, None] + across * at <= above).mean()
    share = share_below(*np.array([[above], [along], [across]]))
    assert share[0] == pytest.approx(below, abs=0.006) or along + across < 1e-3

"""exposure_raster agrees with an independent count: we cut each pixel into many points, and count
those that lie in the ring by their geodesic distance, side and section."""

import json
import subprocess
import sys
import warnings

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import rasterio
import shapely

import geobuffer as gb
from geobuffer.geodesy.ellipsoid import area_m2

CUT = 16  # a pixel is cut into so many rows and columns


def from_origin(left, top, width, height):
    return rasterio.Affine(width, 0.0, left, 0.0, -height, top)


def write(path, values, left, top, pixel, *, crs="EPSG:4326", nodata=-99999.0, **more):
    values = np.asarray(values, dtype="float64")
    with rasterio.open(
        path, "w", driver="GTiff", count=1, dtype="float64", height=values.shape[0],
        width=values.shape[1], crs=crs, nodata=nodata,
        transform=from_origin(left, top, pixel, pixel), **more,
    ) as raster:  # fmt: skip
        raster.write(np.nan_to_num(values, nan=nodata if nodata is not None else 0.0), 1)
    return path


def brute(path, zone, *, density=False, label=None):
    """Sum people ring by ring from points; (ring, label) → people, and km² without data."""
    with rasterio.open(path) as raster:
        values = raster.read(1, masked=True).filled(np.nan).ravel()
        t, crs, shape = raster.transform, raster.crs, raster.shape
    rows, columns = (index.ravel() for index in np.indices(shape))
    convert = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    random = np.random.default_rng(1)
    people, empty = {}, {}
    # We answer for a row of parts of all pixels at once, because many calls would take longer.
    values, rows, columns = (np.tile(one, CUT) for one in (values, rows, columns))
    j = np.repeat(np.arange(CUT), shape[0] * shape[1])
    for i in range(CUT):
        # Points are random within the pixel: a regular lattice would be biased at straight edges.
        dx, dy = (i + random.random(len(rows))) / CUT, (j + random.random(len(rows))) / CUT
        x, y = t.c + (columns + dx) * t.a, t.f + (rows + dy) * t.e
        lon, lat = (np.asarray(c) for c in convert.transform(x, y))
        lon = (lon + 180) % 360 - 180
        said = gb.answer(lon, lat, zone)
        area = _ground_km2(crs, t, lon, lat) / CUT**2
        part = np.where(np.isnan(values), 0.0, values * area if density else values / CUT**2)
        name = np.full(len(lon), "") if label is None else label(said, lon, lat)
        found = pd.DataFrame({"ring": said.ring, "name": name, "people": part,
                              "empty": np.where(np.isnan(values), area, 0.0)})  # fmt: skip
        found = found[found["ring"] >= 0].groupby(["ring", "name"]).sum()
        for key, row in zip(found.index, found.to_numpy().tolist(), strict=True):
            people[key] = people.get(key, 0.0) + row[0]
            empty[key] = empty.get(key, 0.0) + row[1]
    return people, empty


def _ground_km2(crs, t, lon, lat):
    """Return the area of a pixel on the ground, by the radii of curvature or by the scale."""
    crs = pyproj.CRS.from_user_input(crs)
    if crs.is_geographic:
        a, e2 = 6378137.0, 0.0066943799901413165
        w = 1 - e2 * np.sin(np.radians(lat)) ** 2
        north, east = a * (1 - e2) / w**1.5, a / np.sqrt(w) * np.cos(np.radians(lat))
        return north * east * np.radians(t.a) * np.radians(-t.e) / 1e6
    scale = pyproj.Proj(crs).get_factors(lon, lat).areal_scale
    return t.a * -t.e / np.asarray(scale) / 1e6


@pytest.fixture(scope="module")
def rings(strip):
    return gb.build_zone(strip, km=[5, 10], tolerance_m=0.1)


@pytest.fixture(scope="module")
def uneven():
    """Values that no two pixels share, over 29.7–30.3° E, 50.4–50.6° N in pixels of 0.02°."""
    return np.random.default_rng(3).integers(0, 900, (10, 30)).astype(float)


@pytest.fixture
def grid(tmp_path, uneven):
    return write(tmp_path / "people.tif", uneven, 29.7, 50.6, 0.02)


# Compared with points


def test_people_in_each_ring_are_those_of_points(grid, rings):
    table = gb.exposure_raster(grid, rings, values="counts")
    people, _ = brute(grid, rings)
    assert table["population"].tolist() == pytest.approx([people[0, ""], people[1, ""]], rel=1e-3)


def test_density_is_people_per_square_kilometre(grid, rings):
    table = gb.exposure_raster(grid, rings, values="density")
    people, _ = brute(grid, rings, density=True)
    assert table["population"].tolist() == pytest.approx([people[0, ""], people[1, ""]], rel=1e-3)


@pytest.mark.parametrize(
    ("crs", "values"),
    [
        ("EPSG:32636", "counts"), ("EPSG:3857", "density"), ("ESRI:54009", "density"),
        pytest.param("EPSG:3857", "counts", marks=pytest.mark.long),
        pytest.param("EPSG:3035", "counts", marks=pytest.mark.long),
    ],
)  # fmt: skip
def test_any_reference_system(tmp_path, rings, crs, values):
    x, y = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(30, 50.5)
    people = np.random.default_rng(5).integers(0, 900, (40, 40)).astype(float)
    path = write(tmp_path / "p.tif", people, x - 20_000, y + 20_000, 1000.0, crs=crs)
    table = gb.exposure_raster(path, rings, values=values)
    said, _ = brute(path, rings, density=values == "density")
    expected = [said[0, ""], said[1, ""]]
    assert table["population"].tolist() == pytest.approx(expected, rel=2e-3)


def test_areas_without_data_are_reported_and_count_no_people(tmp_path, uneven, rings):
    holes = uneven.copy()
    holes[3:6, 12:20] = np.nan
    path = write(tmp_path / "p.tif", holes, 29.7, 50.6, 0.02)
    table = gb.exposure_raster(path, rings, values="counts", by="side")
    people, empty = brute(path, rings, label=lambda _, lon, __: np.where(lon > 30, "East", "West"))
    covered = {}
    for ring, name, polygon in _sides(rings):
        frame = shapely.intersection(polygon, shapely.box(29.7, 50.4, 30.3, 50.6))
        outside = area_m2(polygon) / 1e6 - area_m2(frame) / 1e6
        covered[ring, name] = outside + empty.get((ring, name), 0.0)
    for row in table.to_dict("records"):
        key = (rings.ring_names.index(row["ring"]), row["side"])
        if row["side"] == "":  # beyond the ends of the border, where this raster has no pixels
            assert np.isnan(row["population"])
        else:
            assert row["population"] == pytest.approx(people[key], rel=2e-3)
        assert row["no_data_km2"] == pytest.approx(covered[key], rel=2e-3)
        assert row["no_data_share"] == pytest.approx(row["no_data_km2"] / row["area_km2"])
    assert table["area_km2"].sum() == pytest.approx(rings.area_km2, rel=1e-6)


def _sides(zone):
    for number, ring in enumerate(zone.rings):
        yield number, "East", shapely.intersection(ring, shapely.box(30, 50, 31, 51))
        yield number, "West", shapely.intersection(ring, shapely.box(29, 50, 30, 51))
        yield number, "", shapely.difference(ring, shapely.box(29, 50, 31, 51))


def test_sections_get_the_pixels_whose_centres_are_nearest(tmp_path, border, zone):
    values = np.random.default_rng(4).integers(1, 500, (12, 40)).astype(float)
    path = write(tmp_path / "p.tif", values, 33.6, 52.45, 0.02)
    table = gb.exposure_raster(path, zone, values="counts", by="section")
    with rasterio.open(path) as raster:
        t = raster.transform
    names = [section.name for section in border.sections]

    def of_pixel(said, lon, lat):
        centre = (
            t.c + (np.floor((np.asarray(lon) - t.c) / t.a) + 0.5) * t.a,
            t.f + (np.floor((np.asarray(lat) - t.f) / t.e) + 0.5) * t.e,
        )
        near = gb.answer(*centre, zone).section
        return [names[n] for n in near]

    people, _ = brute(path, zone, label=of_pixel)
    found = {row["section"]: row["population"] for row in table.to_dict("records")
             if isinstance(row["section"], str)}  # fmt: skip
    assert set(found) == {name for _, name in people}
    for (_, name), expected in people.items():
        assert found[name] == pytest.approx(expected, rel=5e-3, abs=5)
    # Most of the zone lies outside this raster. Its section is unknown, and a row reports it.
    beyond = table[table["section"].isna()]
    assert beyond["no_data_share"].tolist() == [1.0]
    assert beyond["population"].isna().all()
    assert table["area_km2"].sum() == pytest.approx(zone.area_km2, rel=1e-3)


def test_oblasts_are_the_regions_of_the_border(tmp_path, zone):
    path = write(tmp_path / "p.tif", np.ones((400, 800)), 30.0, 53.0, 0.02)
    table = gb.exposure_raster(path, zone, values="density", by="oblast")
    assert set(table["oblast"]) == {"Chernihiv", "Sumy", "Kharkiv"}
    for row in table.to_dict("records"):
        assert row["population"] == pytest.approx(row["area_km2"], rel=1e-4)
    assert table["area_km2"].sum() == pytest.approx(zone.area_km2, rel=1e-4)
    assert (table["no_data_share"] == 0).all()


@pytest.fixture(scope="module")
def line():
    """A bare line along the meridian of the strip: the east is on its right."""
    return gb.border_along(
        [shapely.LineString([(30, 50), (30, 50.5)]), shapely.LineString([(30, 50.5), (30, 51)])],
        names=["one road", "one road"],
        source=gb.Source("drawn by hand"),
    )


@pytest.mark.parametrize("more", [{"km": [5, 10]}, {"km": 10, "from_km": 5}])
def test_left_and_right_of_a_bare_line_are_its_one_sided_zones(grid, line, more):
    whole = gb.build_zone(line, tolerance_m=0.1, **more)
    table = gb.exposure_raster(grid, whole, values="counts", by="side")
    assert table["side"].tolist() == ["left", "right"] * len(whole.rings)
    for side in ("left", "right"):
        zone = gb.build_zone(line, side=side, tolerance_m=0.1, **more)
        one = gb.exposure_raster(grid, zone, values="counts")
        found = table[table["side"] == side]
        for column in ("population", "area_km2"):
            assert found[column].tolist() == pytest.approx(one[column].tolist(), rel=1e-5)


def test_sides_of_a_bare_line_of_other_widths(grid, line):
    zone = gb.build_zone(line, km={"left": 5, "right": 10}, tolerance_m=0.1)
    table = gb.exposure_raster(grid, zone, values="counts", by="side").set_index("side")
    for side, km in (("left", 5), ("right", 10)):
        alone = gb.build_zone(line, km=km, side=side, tolerance_m=0.1)
        people = gb.exposure_raster(grid, alone, values="counts")["population"].sum()
        assert table.loc[side, "population"] == pytest.approx(people, rel=1e-5)


def test_sections_of_one_name_are_one_row(grid, line):
    zone = gb.build_zone(line, km=10, tolerance_m=0.1)
    table = gb.exposure_raster(grid, zone, values="counts", by="section")
    whole = gb.exposure_raster(grid, zone, values="counts")
    located = table[table["section"].notna()]
    assert located["section"].tolist() == ["one road"]
    assert located["population"].sum() == pytest.approx(whole["population"].sum())
    places = gpd.GeoDataFrame(
        {"population": [7]}, geometry=gpd.points_from_xy([30.01], [50.5]), crs="EPSG:4326"
    )
    both = gb.compare_exposure(gb.exposure(places, zone, by="section"), table)
    assert both["population_places"].sum() == 7


def test_combined_zones_of_one_border_are_cut_by_its_sides(grid, strip):
    east, west = (gb.build_zone(strip, km=k, side=s, tolerance_m=0.1)
                  for k, s in ((10, "East"), (5, "West")))  # fmt: skip
    table = gb.exposure_raster(grid, gb.unite(east, west), values="counts", by="side")
    alone = [gb.exposure_raster(grid, z, values="counts")["population"].sum() for z in (west, east)]
    assert table.set_index("side")["population"].loc[["West", "East"]].tolist() == pytest.approx(
        alone, rel=1e-6
    )


@pytest.mark.parametrize("by", ["side", "oblast", "section"])
def test_rows_of_combined_zones_add_up(grid, strip, line, by):
    other = gb.border_around(
        shapely.box(30.1, 50.45, 30.2, 50.55), names=["park"], source=gb.Source("a map")
    )
    zone = gb.unite(gb.build_zone(line, km=8), gb.build_zone(other, km=4, side="outside"))
    table = gb.exposure_raster(grid, zone, values="counts", by=by)
    whole = gb.exposure_raster(grid, zone, values="counts")
    assert table["population"].sum() == pytest.approx(whole["population"].sum(), rel=1e-9)
    assert table["area_km2"].sum() == pytest.approx(whole["area_km2"].sum(), rel=1e-4)
    names = {
        "side": {"left", "right", "inside", "outside", None},
        "section": {"one road", "park", None},
        "oblast": {None},
    }
    assert {None if pd.isna(key) else key for key in table[by]} <= names[by]


def _neighbours(south, north):
    """Return the border of two boxes, West and East of 30° E; all of them share these names."""
    source = gb.Source("drawn by hand")
    west, east = (
        gb.Region(name, shapely.box(lon, south, lon + 1, north), source)
        for name, lon in (("West", 29), ("East", 30))
    )
    return gb.border_between(west, east)


def test_oblasts_of_one_name_are_counted_together(grid):
    """Two zones that do not meet; the oblasts of one of them have the names of the other's."""
    strips = [(50.42, 50.48), (50.52, 50.58)]
    zones = [gb.build_zone(_neighbours(*at), km=1, ends="flat", tolerance_m=1) for at in strips]
    options = {"values": "counts", "by": "oblast"}
    whole = gb.exposure_raster(grid, gb.unite(*zones), **options).set_index("oblast")
    parts = [gb.exposure_raster(grid, zone, **options).set_index("oblast") for zone in zones]
    for name in ("West", "East"):
        wanted = sum(part.loc[name, "population"] for part in parts)
        assert wanted > 0
        assert whole.loc[name, "population"] == pytest.approx(wanted, rel=1e-6)


def test_a_zone_smaller_than_a_sliver_is_kept(grid):
    house = gb.border_around(shapely.Point(30.01, 50.51), source=gb.Source("a map"))
    zone = gb.build_zone(house, km=0.05)
    whole = gb.exposure_raster(grid, zone, values="counts")
    for by in ("side", "oblast"):
        table = gb.exposure_raster(grid, zone, values="counts", by=by)
        assert len(table) == 1
        assert table["population"].tolist() == pytest.approx(whole["population"].tolist())


# Several files


def test_tiles_that_touch_are_one_raster(tmp_path, uneven, rings, grid):
    tiles = [
        write(tmp_path / f"{n}{m}.tif", uneven[5 * n : 5 * n + 5, 13 * m : 13 * m + 13 + 4 * m],
              29.7 + 0.26 * m, 50.6 - 0.1 * n, 0.02)
        for n in (0, 1) for m in (0, 1)
    ]  # fmt: skip
    for by in (None, "side", "section"):
        whole = gb.exposure_raster(grid, rings, values="counts", by=by)
        parts = gb.exposure_raster(tiles, rings, values="counts", by=by)
        pd.testing.assert_frame_equal(parts, whole)


def test_tiles_that_overlap_are_refused_where_both_have_data(tmp_path, uneven, rings, grid):
    other = write(tmp_path / "other.tif", uneven[:, 10:20], 29.9, 50.6, 0.02)
    with pytest.raises(gb.DataError, match=r"Overlap of .*people.tif and .*other.tif"):
        gb.exposure_raster([grid, other], rings, values="counts")
    # Rasters of countries overlap, but each has data on its own side only.
    west, east = uneven.copy(), uneven.copy()
    west[:, 15:], east[:, :15] = np.nan, np.nan
    halves = [write(tmp_path / f"{n}.tif", v, 29.7, 50.6, 0.02) for n, v in enumerate((west, east))]
    pd.testing.assert_frame_equal(
        gb.exposure_raster(halves, rings, values="counts"),
        gb.exposure_raster(grid, rings, values="counts"),
    )


def test_different_grids_may_touch_but_not_overlap(tmp_path, rings):
    west = write(tmp_path / "west.tif", np.ones((10, 15)), 29.7, 50.6, 0.02)
    for left, fits in ((30.0, True), (29.95, False)):
        east = write(tmp_path / f"{left}.tif", np.ones((5, 10)), left, 50.6, 0.03)
        if fits:
            table = gb.exposure_raster([west, east], rings, values="density")
            assert (table["no_data_share"] > 0).all()
            one = gb.exposure_raster(west, rings, values="density", by="side")
            two = gb.exposure_raster(east, rings, values="density", by="side")
            assert table["population"].sum() == pytest.approx(
                one["population"].sum() + two["population"].sum()
            )
        else:
            with pytest.raises(gb.DataError, match="different grids"):
                gb.exposure_raster([west, east], rings, values="density")


# At the antimeridian and beyond the valid area of projections


@pytest.fixture(scope="module")
def far_east():
    """A border along the meridian 179.95° E: its zone lies on both sides of the antimeridian."""
    source = gb.Source("drawn by hand")
    west = gb.Region("West", shapely.box(178, 66, 179.95, 67), source, country="AA")
    halves = [shapely.box(179.95, 66, 180, 67), shapely.box(-180, 66, -179, 67)]
    east = gb.Region("East", shapely.MultiPolygon(halves), source, country="BB")
    return gb.build_zone(gb.border_between(west, east), km=[4, 9], tolerance_m=0.1)


@pytest.mark.parametrize(("left", "crs", "pixel", "top"), [
    (-180.0, "EPSG:4326", 0.5, 68.5),
    (0.0, "EPSG:4326", 0.5, 68.5),
    (179.0, "EPSG:4326", 0.04, 67.2),
    (None, "EPSG:32601", 1000.0, None),
    (None, "EPSG:3995", 1000.0, None),
])  # fmt: skip
def test_zones_across_the_antimeridian(tmp_path, far_east, left, crs, pixel, top):
    if left is None:
        x, y = pyproj.Transformer.from_crs(4326, crs, always_xy=True).transform(179.95, 66.5)
        left, top, shape = x - 80_000, y + 80_000, (160, 160)
    else:
        shape = (round(3 / pixel), round(360 / pixel) if pixel == 0.5 else 50)
    path = write(tmp_path / "p.tif", np.full(shape, 7.0), left, top, pixel, crs=crs)
    table = gb.exposure_raster(path, far_east, values="density")
    assert table["population"].tolist() == pytest.approx(
        [7 * a for a in far_east.ring_areas_km2], rel=5e-3 if pixel == 0.5 else 1e-4
    )
    assert table["no_data_share"].tolist() == pytest.approx([0, 0], abs=5e-3)


def test_long_edges_are_curved_as_in_the_projection(tmp_path):
    """A border along 60° N, two vertices 6° apart: drawn straight in LAEA it would be 4 km off."""
    source = gb.Source("drawn by hand")
    south = gb.Region("South", shapely.box(28, 59, 34, 60), source, country="AA")
    north = gb.Region("North", shapely.box(28, 60, 34, 61), source, country="BB")
    zone = gb.build_zone(gb.border_between(south, north), km=10, side="South", tolerance_m=1)
    x, y = pyproj.Transformer.from_crs(4326, 3035, always_xy=True).transform(31, 60)
    ones = np.ones((300, 500))
    path = write(tmp_path / "p.tif", ones, x - 250_000, y + 150_000, 1000, crs="EPSG:3035")
    table = gb.exposure_raster(path, zone, values="density")
    assert table["population"].tolist() == pytest.approx([zone.area_km2], rel=1e-4)


def test_a_projection_of_another_area_has_no_data_in_the_zone(tmp_path, rings):
    path = write(tmp_path / "p.tif", np.ones((10, 10)), 500_000, 5_000_000, 1000, crs="EPSG:32718")
    table = gb.exposure_raster(path, rings, values="counts")
    assert table["population"].isna().all()
    assert table["no_data_share"].tolist() == [1.0, 1.0]
    for by in ("side", "oblast", "section"):
        parts = gb.exposure_raster(path, rings, values="counts", by=by, cumulative=True)
        assert parts["population"].isna().all()
        assert (parts["no_data_share"] == 1.0).all()


def test_a_world_map_whose_rim_has_no_coordinates(tmp_path, rings):
    values = np.full((180, 361), 3.0)
    path = write(tmp_path / "p.tif", values, -18_050_000, 9_000_000, 100_000, crs="ESRI:54009")
    table = gb.exposure_raster(path, rings, values="density")
    expected = [3 * area for area in rings.ring_areas_km2]
    assert table["population"].tolist() == pytest.approx(expected, rel=1e-4)


# Missing data, sums and sources


def test_a_ring_without_data_has_a_missing_population(tmp_path, rings):
    path = write(tmp_path / "p.tif", np.full((10, 30), np.nan), 29.7, 50.6, 0.02)
    table = gb.exposure_raster(path, rings, values="counts")
    assert table["population"].isna().all()
    assert (table["no_data_share"] == 1).all()
    zero = write(tmp_path / "z.tif", np.zeros((100, 60)), 29.7, 51.5, 0.02)
    assert gb.exposure_raster(zero, rings, values="counts")["population"].tolist() == [0, 0]


def test_rings_add_up_to_what_lies_within(grid, rings):
    for by in (None, "side", "section", "oblast"):
        parts = gb.exposure_raster(grid, rings, values="counts", by=by)
        within = gb.exposure_raster(grid, rings, values="counts", by=by, cumulative=True)
        assert within.columns.tolist() == [
            "within_km", *([by] if by else []),
            "population", "area_km2", "no_data_km2", "no_data_share", "source", "as_of",
        ]  # fmt: skip
        outer = within[within["within_km"] == 10.0]
        for column in ("population", "area_km2", "no_data_km2"):
            assert outer[column].sum() == pytest.approx(parts[column].sum(), rel=1e-3)
        assert sorted(set(within["within_km"])) == [5.0, 10.0]


def test_source_and_date_go_with_the_figures(grid, rings):
    source = gb.Source("WorldPop R2025A", as_of="2025")
    table = gb.exposure_raster(grid, rings, values="counts", source=source)
    assert set(table["source"]) == {"WorldPop R2025A"}
    assert set(table["as_of"]) == {"2025"}


def test_the_source_of_a_fetched_raster_is_read_from_its_metadata(grid, rings):
    metadata = {"title": "WorldPop, UKR 2025", "as_of": "2025", "sha256_note": "recorded"}
    grid.with_name("people.tif.json").write_text(json.dumps(metadata), encoding="utf-8")
    table = gb.exposure_raster(grid, rings, values="counts")
    assert set(table["source"]) == {"WorldPop, UKR 2025"}
    assert set(table["as_of"]) == {"2025"}
    given = gb.exposure_raster(grid, rings, values="counts", source=gb.Source("mine"))
    assert set(given["source"]) == {"mine"}


@pytest.mark.parametrize(
    "content", ["[]", r'{"title": "\ud800"}', '{"title": {"a": [1]}}', "[" * 9999]
)
def test_metadata_of_another_program_is_no_source(grid, rings, content):
    grid.with_name("people.tif.json").write_text(content, encoding="utf-8")
    assert gb.exposure_raster(grid, rings, values="counts")["source"].isna().all()


def test_one_sided_zones_have_one_side(grid, strip):
    zone = gb.build_zone(strip, km=10, side="West", tolerance_m=1)
    table = gb.exposure_raster(grid, zone, values="counts", by="side")
    assert table["side"].tolist() == ["West"]


def test_scale_and_offset_of_the_file_count(tmp_path, uneven, rings, grid):
    path = write(tmp_path / "p.tif", uneven * 10 - 20, 29.7, 50.6, 0.02, nodata=None)
    with rasterio.open(path, "r+") as raster:
        raster.scales, raster.offsets = [0.1], [2.0]
    scaled = gb.exposure_raster(path, rings, values="counts")["population"]
    plain = gb.exposure_raster(grid, rings, values="counts")["population"]
    assert scaled.tolist() == pytest.approx(plain.tolist())


def test_a_raster_larger_than_memory_is_read_in_blocks(tmp_path, rings):
    """The raster has 100,000 × 100,000 pixels (40 GB); the zone covers 900,000 of them."""
    path = tmp_path / "huge.tif"
    with rasterio.open(
        path, "w", driver="GTiff", count=1, dtype="float32", width=100_000, height=100_000,
        crs="EPSG:4326", transform=from_origin(25.0, 55.0, 1e-4, 1e-4), tiled=True, nodata=-1.0,
        sparse_ok=True, blockxsize=256, blockysize=256, compress="deflate", BIGTIFF="YES",
    ) as raster:  # fmt: skip
        window = rasterio.windows.Window(49_500, 44_000, 1_000, 2_000)
        raster.write(np.ones((2_000, 1_000), dtype="float32"), 1, window=window)
    code = (
        "import geobuffer as gb, shapely, resource, sys\n"
        "s = gb.Source('')\n"
        "a = gb.Region('A', shapely.box(29, 50, 30, 51), s, country='AA')\n"
        "b = gb.Region('B', shapely.box(30, 50, 31, 51), s, country='BB')\n"
        "zone = gb.build_zone(gb.border_between(a, b), km=3, tolerance_m=10)\n"
        "import rasterio, exactextract\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "table = gb.exposure_raster(sys.argv[1], zone, values='counts')\n"
        "after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "print(table['population'][0], table['no_data_share'][0], (after - before) / 1024)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    people, share, megabytes = map(float, run.stdout.split())
    # The window with data is 7.0 km wide: 3 km to each side of the border lie inside.
    width = 2 * 3000 / (np.cos(np.radians(50.5)) * 6_390_702 * np.radians(1e-4))
    assert people == pytest.approx(2_000 * width, rel=2e-3)
    assert 0.75 < share < 0.85
    assert megabytes < 700


# Compared with counts of places


def test_the_two_estimates_stand_side_by_side(grid, rings):
    places = gpd.GeoDataFrame(
        {"population": [120, None], "population_as_of": ["2020", None]},
        geometry=gpd.points_from_xy([30.01, 29.98], [50.5, 50.5]), crs="EPSG:4326",
    )  # fmt: skip
    counted = gb.exposure(places, rings, by="side")
    assert counted["as_of"].tolist() == ["2020", ""]
    source = gb.Source("A model", as_of="2025")
    raster = gb.exposure_raster(grid, rings, values="counts", by="side", source=source)
    table = gb.compare_exposure(counted, raster)
    beyond = table["side"] == ""
    assert table.loc[beyond, "population_raster"].isna().all()
    assert table.loc[beyond, "places"].tolist() == [0, 0]
    table = table[~beyond]
    assert table[["ring", "side"]].to_numpy().tolist() == [
        ["0–5 km", "East"], ["0–5 km", "West"], ["5–10 km", "East"], ["5–10 km", "West"],
    ]  # fmt: skip
    assert table["places"].tolist() == [1, 1, 0, 0]
    assert table["population_places"].tolist() == [120, 0, 0, 0]
    assert table["without_figure"].tolist() == [0, 1, 0, 0]
    assert table["population_raster"].notna().all()
    assert table["as_of_places"].fillna("").tolist() == ["2020", "", "", ""]
    assert set(table["as_of_raster"]) == {"2025"}


def test_tables_of_other_rings_or_columns_are_refused(grid, rings, strip):
    places = gpd.GeoDataFrame(geometry=gpd.points_from_xy([30.01], [50.5]), crs="EPSG:4326")
    raster = gb.exposure_raster(grid, rings, values="counts", by="side")
    with pytest.raises(gb.DataError, match="ring, side"):
        gb.compare_exposure(gb.exposure(places, rings), raster)
    other = gb.build_zone(strip, km=7, tolerance_m=1)
    with pytest.raises(gb.DataError, match="other rings"):
        gb.compare_exposure(gb.exposure(places, other, by="side"), raster)
    named = gb.exposure(places.assign(oblast="Східна"), rings, by="oblast")
    oblasts = gb.exposure_raster(grid, rings, values="counts", by="oblast")
    with pytest.raises(gb.DataError, match="no name in common"):
        gb.compare_exposure(named, oblasts)
    with pytest.raises(gb.WrongKind, match=r"Invalid places.*exposure\(\)"):
        gb.compare_exposure(pd.DataFrame({"a": [1]}), raster)


# Errors


def test_negative_values_are_refused(tmp_path, uneven, rings):
    bad = uneven.copy()
    bad[5, 14] = -99999.0
    path = write(tmp_path / "p.tif", bad, 29.7, 50.6, 0.02, nodata=None)
    with pytest.raises(gb.DataError, match=r"p.tif at 29.99, 50.49: -99999"):
        gb.exposure_raster(path, rings, values="counts")


def test_errors_name_the_mistake(tmp_path, uneven, rings, grid):
    def check_refused(match, error=gb.DataError, rasters=grid, values="counts", **options):
        with pytest.raises(error, match=match):
            gb.exposure_raster(rasters, rings, values=values, **options)

    check_refused("Invalid values 'count'", values="count")
    check_refused("Invalid by 'hromada'", by="hromada")
    check_refused("No raster", rasters=[])
    check_refused("No file", rasters=tmp_path / "none.tif")
    plain = write(tmp_path / "plain.tif", uneven, 29.7, 50.6, 0.02, crs=None)
    check_refused("no coordinate reference system", gb.MissingCRSError, rasters=plain)
    page = tmp_path / "page.tif"
    page.write_text("<html>Not found</html>")
    check_refused("it begins with b'<htm'", rasters=page)
    pointer = tmp_path / "pointer.tif"
    pointer.write_text(
        f'<VRTDataset rasterXSize="30" rasterYSize="10"><VRTRasterBand dataType="Float64" band="1">'
        f"<SimpleSource><SourceFilename>{grid}</SourceFilename></SimpleSource>"
        "</VRTRasterBand></VRTDataset>"
    )
    check_refused("it begins with b'<VRT'", rasters=pointer)
    torn = tmp_path / "torn.tif"
    torn.write_bytes(grid.read_bytes()[:1500])
    check_refused("Unreadable", rasters=torn)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        many = tmp_path / "many.tif"
        with rasterio.open(many, "w", driver="GTiff", count=2, dtype="uint8", width=2, height=2,
                           crs="EPSG:4326", transform=from_origin(30, 50.5, 1, 1)):  # fmt: skip
            pass
        turned = tmp_path / "turned.tif"
        skewed = rasterio.Affine(0.1, 0.1, 30, 0.1, -0.1, 50)
        with rasterio.open(turned, "w", driver="GTiff", count=1, dtype="uint8", width=2, height=2,
                           crs="EPSG:4326", transform=skewed):  # fmt: skip
            pass
    check_refused("2 bands", rasters=many)
    check_refused("north up", rasters=turned)


def test_a_missing_extra_is_reported_with_its_command(grid, rings, monkeypatch):
    monkeypatch.setitem(sys.modules, "rasterio", None)
    with pytest.raises(gb.DataError, match=r"pip install 'geobuffer\[raster\]'"):
        gb.exposure_raster(grid, rings, values="counts")

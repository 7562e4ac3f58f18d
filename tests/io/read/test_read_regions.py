"""Regions from users' files: names, parts, reference systems, repairs, the antimeridian, poles."""

import contextlib
import itertools
import json
import re
import sqlite3
import struct
import warnings

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import pytest
import shapely

import geobuffer as gb
from geobuffer.geodesy.antimeridian import crosses_antimeridian
from geobuffer.io.read.read import read_regions

BOX = shapely.box(30, 50, 31, 51)


def frame(columns, shapes=None, crs="EPSG:4326"):
    count = len(next(iter(columns.values())))
    if shapes is None:
        shapes = [shapely.box(30 + i, 50, 31 + i, 51) for i in range(count)]
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=crs)


@pytest.fixture
def write(tmp_path):
    def written(table, name="mine.gpkg", **options):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "'crs' was not provided")
            table.to_file(tmp_path / name, **options)
        return tmp_path / name

    return written


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ({"NAME": ["A"], "admin": ["x"]}, "A"),
        ({"name": ["A"], "name_en": ["B"]}, "A"),
        ({"Name_EN": ["B"], "adm1_en": ["C"]}, "B"),
        ({"ADM0_EN": ["Ukraine"], "ADM1_EN": ["Sumy"], "ADM1_PCODE": ["UA59"]}, "Sumy"),
        ({"NAME_0": ["Ukraine"], "NAME_1": ["Sumy"], "VARNAME_1": ["x"]}, "Sumy"),
        ({"shapeName": ["Sumy"], "shapeISO": ["UA-59"], "shapeGroup": ["UKR"]}, "Sumy"),
        ({"назва": ["Суми"], "код": ["59"]}, "Суми"),
        ({"park_name": ["Riverside"], "owner": ["city"]}, "Riverside"),
        ({"whatever": ["Sumy"], "area": [3.5]}, "Sumy"),
    ],
)
def test_the_column_of_names_is_found(write, columns, found):
    assert [region.name for region in gb.read_regions(write(frame(columns)))] == [found]


def test_an_ambiguous_name_column_must_be_chosen(write):
    file = write(frame({"one": ["A"], "two": ["B"]}))
    with pytest.raises(gb.DataError, match="name=: 'one', 'two'"):
        gb.read_regions(file)
    assert gb.read_regions(file, name="two")["B"].area_km2 > 0
    with pytest.raises(gb.DataError, match="Did you mean 'two'"):
        gb.read_regions(file, name="twoo")


def test_names_codes_and_country_are_detected_or_chosen(write):
    file = write(
        frame(
            {
                "name": ["Sumy"], "name:uk": ["Суми"], "ADM1_RU": ["Сумы"], "hasc": ["UA.SM"],
                "iso_3166_2": ["UA-59"], "cc": ["ua"], "Deutsch": ["Sumy (Stadt)"],
            }
        )
    )  # fmt: skip
    region = gb.read_regions(file, names={"de": "Deutsch"})["Sumy"]
    assert region.names == {"uk": "Суми", "ru": "Сумы", "de": "Sumy (Stadt)"}
    assert (region.iso, region.country) == ("UA-59", "UA")
    region = gb.read_regions(file, iso="hasc", country="PL")["Sumy"]
    assert (region.iso, region.country) == ("UA.SM", "PL")
    with pytest.raises(gb.DataError, match=r"Invalid Deutsch in row 0 .* ISO code of two letters"):
        gb.read_regions(file, country="Deutsch")
    with pytest.raises(gb.DataError, match="Invalid iso 'nope'"):
        gb.read_regions(file, iso="nope")


def test_source_is_the_callers_or_the_files_name(write):
    file = write(frame({"name": ["A"]}))
    mine = gb.Source("City parks 2025", accuracy_m=5)
    assert gb.read_regions(file, source=mine)["A"].source is mine
    assert gb.read_regions(file)["A"].source == gb.Source("mine.gpkg")


def test_rows_of_one_name_are_parts_of_one_region(write):
    file = write(frame({"name": ["Isles", "Isles", "Main"], "osm_id": ["1", "2", "3"]}))
    with pytest.warns(UserWarning, match=r"joined .*: Isles \(2\)"):
        regions = gb.read_regions(file)
    assert [region.name for region in regions] == ["Isles", "Main"]
    assert regions["Isles"].geometry.equals(shapely.box(30, 50, 32, 51))


def test_namesakes_are_refused(write):
    file = write(frame({"name": ["Union", "Union"], "state": ["Iowa", "Ohio"], "id": [1, 2]}))
    with pytest.raises(gb.DataError, match=r"'Union' names 2 \(rows 0, 1\).*'Iowa', 'Ohio'"):
        gb.read_regions(file)


def test_rows_without_name_or_area_are_dropped_with_a_warning(write):
    table = frame({"name": ["A", None, "C", "D"]}, [BOX, BOX, None, shapely.Polygon()])
    with pytest.warns(UserWarning, match="mine|places") as said:
        regions = gb.read_regions(write(table))
    assert [region.name for region in regions] == ["A"]
    text = "\n".join(str(warning.message) for warning in said)
    assert "without a name were left out: 1 (row 1)" in text
    assert "without geometry: 2 (rows 2, 3)" in text


def test_a_file_without_usable_rows_raises_an_error(write):
    with pytest.raises(gb.DataError, match="no row has a name and an area"):
        gb.read_regions(write(frame({"name": ["A"]}, [None])))


@pytest.mark.parametrize("epsg", [4326, 4258, 3857, 32636, 6381, 3035])
def test_every_reference_system_is_converted_to_degrees(write, epsg):
    file = write(frame({"name": ["A"]}).to_crs(epsg))
    there = gb.read_regions(file)["A"].geometry
    corners = shapely.points(shapely.get_coordinates(BOX))
    assert shapely.distance(there, corners).max() < 3e-5  # 3 m: ETRS89 is not WGS 84 to the metre
    assert there.is_valid


def test_edges_straight_in_a_projection_stay_so(write):
    """Points along the projected edges, converted by pyproj, lie on the edges of the region."""
    square = shapely.box(300_000, 5_600_000, 400_000, 5_700_000)
    region = gb.read_regions(write(frame({"name": ["A"]}, [square], crs=32636)))["A"]
    along = shapely.get_coordinates(shapely.segmentize(square.exterior, 777.0))
    back = pyproj.Transformer.from_crs(32636, 4326, always_xy=True)
    lonlat = np.stack(back.transform(*along.T), axis=1)
    metres = 111_320 * np.array([np.cos(np.radians(50.5)), 1.0])
    edges = shapely.transform(region.geometry.exterior, lambda xy: xy * metres)
    assert (
        shapely.distance(edges, shapely.points(lonlat * metres)).max() < 0.102
    )  # metres are rounded
    chord = shapely.Polygon(np.stack(back.transform(*shapely.get_coordinates(square).T), axis=1))
    assert shapely.distance(chord.exterior, shapely.points(lonlat)).max() * 111_320 > 100


def test_neighbours_in_a_projection_keep_their_common_border(write):
    west = shapely.Polygon([(3e5, 56e5), (4e5, 56.1e5), (4.1e5, 57e5), (3e5, 57e5)])
    east = shapely.Polygon([(4.1e5, 57e5), (4e5, 56.1e5), (5e5, 56e5), (5e5, 57e5)])
    file = write(frame({"name": ["W", "E"]}, [west, east], crs=32636))
    regions = gb.read_regions(file)
    border = gb.border_between(regions["W"], regions["E"])
    straight = pyproj.Geod(ellps="WGS84")
    back = pyproj.Transformer.from_crs(32636, 4326, always_xy=True)
    (a, b), (c, d) = back.transform(4e5, 56.1e5), back.transform(4.1e5, 57e5)
    assert border.length_km == pytest.approx(straight.inv(a, b, c, d)[2] / 1e3, rel=1e-5)
    assert border.line.geom_type == "LineString"


def test_a_missing_crs_raises_an_error_with_a_likely_crs(write):
    file = write(frame({"name": ["A"]}, crs=None), driver="ESRI Shapefile", name="mine.shp")
    assert not file.with_suffix(".prj").exists()
    with pytest.raises(gb.MissingCRSError, match=r'no \.prj.*crs="EPSG:4326" fits'):
        gb.read_regions(file)
    assert gb.read_regions(file, crs="EPSG:4326")["A"].geometry.equals(BOX)
    metres = write(frame({"name": ["A"]}, [shapely.box(3e5, 56e5, 4e5, 57e5)], crs=None))
    with pytest.raises(gb.MissingCRSError, match="are not degrees"):
        gb.read_regions(metres)
    assert gb.read_regions(metres, crs=32636)["A"].area_km2 == pytest.approx(10_000, rel=2e-3)


@pytest.mark.parametrize("crs", ["EPSG:1", "nonsense", "EPSG:5773"])
def test_an_unknown_system_is_refused(write, crs):
    with pytest.raises(gb.DataError, match="Invalid crs"):
        gb.read_regions(write(frame({"name": ["A"]})), crs=crs)


def test_the_crs_argument_overrides_the_file_with_a_warning(write):
    wrong = frame({"name": ["A"]}).to_crs(32636).set_crs(32637, allow_override=True)
    with pytest.warns(UserWarning, match="zone 37N, is not used"):
        region = gb.read_regions(write(wrong), crs=32636)["A"]
    assert region.geometry.centroid.distance(BOX.centroid) < 0.01


def test_geojson_with_projected_numbers_is_refused_with_the_remedy(tmp_path):
    file = tmp_path / "metres.geojson"
    shape = shapely.box(373_000, 5_500_000, 374_000, 5_501_000)
    feature = {"type": "Feature", "properties": {"name": "A"}, "geometry": shape.__geo_interface__}
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    with pytest.raises(gb.DataError, match=r"row 0 .*longitude 374000.*±180 and ±90.*crs="):
        gb.read_regions(file)
    assert gb.read_regions(file, crs=32636)["A"].area_km2 == pytest.approx(1.0, rel=2e-3)


def test_geojson_from_before_2016_can_name_its_crs(tmp_path):
    file = tmp_path / "old.geojson"
    frame({"name": ["A"]}).to_crs(32636).to_file(file, driver="GeoJSON")
    assert "32636" in file.read_text()
    assert gb.read_regions(file)["A"].geometry.centroid.distance(BOX.centroid) < 0.01


def test_nan_in_geojson_is_accepted_and_noted(tmp_path):
    file = tmp_path / "nan.geojson"
    frame({"name": ["A"], "height": [1.5]}).to_file(file, driver="GeoJSON")
    file.write_text(file.read_text().replace("1.5", "NaN"))
    with pytest.warns(UserWarning, match="JSON does not allow"):
        assert len(gb.read_regions(file)) == 1


def test_geojson_in_another_encoding_raises_an_error_that_names_it(tmp_path):
    file = tmp_path / "old.geojson"
    frame({"name": ["Суджа"]}).to_file(file, driver="GeoJSON")
    file.write_bytes(file.read_text(encoding="utf-8").encode("cp1251"))
    with pytest.raises(gb.DataError, match=r"not UTF-8 at byte [\d,]+; it seems to be cp1251"):
        gb.read_regions(file)


def test_coordinates_beyond_the_globe_name_the_row(write):
    shapes = [BOX, shapely.box(30, 135, 31, 136)]
    with pytest.raises(gb.DataError, match=r"row 1 .*latitude 13[56]"):
        gb.read_regions(write(frame({"name": ["A", "B"]}, shapes)))


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_coordinates_that_are_not_finite_name_the_row(tmp_path, bad):
    with np.errstate(invalid="ignore"):
        shape = shapely.Polygon([(30, 50), (31, 50), (31, bad), (30, 50)])
    file = tmp_path / "a.parquet"
    frame({"name": ["A", "B"]}, [BOX, shape]).to_parquet(file)
    with pytest.raises(gb.DataError, match=r"row 1 .*\(31, (nan|inf)\)"):
        gb.read_regions(file)


def test_a_small_error_is_repaired_and_both_areas_are_reported(write):
    slip = [(31, 50.51), (31.001, 50.5), (30.999, 50.5)]
    crossed = shapely.Polygon([(30, 50), (31, 50), *slip, (31, 51), (30, 51)])
    assert not crossed.is_valid
    with pytest.warns(UserWarning, match=r"row 0 \(.*Self-intersection.*km² before.*km² after"):
        region = gb.read_regions(write(frame({"name": ["A"]}, [crossed])))["A"]
    assert region.geometry.is_valid
    assert region.area_km2 == pytest.approx(gb.Region("", BOX, gb.Source("")).area_km2, rel=1e-3)


def test_a_bow_tie_is_refused_with_the_row_and_both_areas(write):
    tie = shapely.Polygon([(30, 50), (31, 51), (31, 50), (30, 51)])
    file = write(frame({"name": ["A", "B"]}, [BOX, tie]))
    with pytest.raises(gb.GeometryError, match=r"row 1 .*Self-intersection.*before.*after.*QGIS"):
        gb.read_regions(file)


def test_repair_keeps_polygons_only(write):
    # The repair gives a polygon and a line.
    lined = shapely.Polygon(
        [(30, 50), (31, 50), (31, 51), (30, 51), (30, 50.5), (29, 50.5), (30, 50.5)]
    )
    with pytest.warns(UserWarning, match="repaired"):
        region = gb.read_regions(write(frame({"name": ["A"]}, [lined])))["A"]
    assert region.geometry.geom_type == "Polygon"
    assert gb.border_of(region).length_km == pytest.approx(
        gb.border_of(gb.Region("A", BOX, gb.Source("x"))).length_km
    )


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (shapely.GeometryCollection([shapely.Point(30, 50)]), "GeometryCollection.*holds none"),
        (shapely.LineString([(30, 50), (31, 51)]), "LineString.*read_border"),
        (shapely.Point(30, 50), "Point.*read_settlements"),
    ],
)
def test_other_geometry_is_refused_with_layer_and_row(write, shape, message):
    with pytest.raises(gb.GeometryError, match=f"row 0 .*layer mine.*{message}"):
        gb.read_regions(write(frame({"name": ["A", "B"]}, [shape, shape])))


def test_heights_are_dropped_with_one_warning(write):
    high = shapely.force_3d(BOX, 7.0)
    with pytest.warns(UserWarning, match=r"heights .* left out: 1 \(row 0\)") as said:
        region = gb.read_regions(write(frame({"name": ["A"]}, [high])))["A"]
    assert len(said) == 1
    assert not region.geometry.has_z


def test_several_layers(tmp_path):
    file = tmp_path / "many.gpkg"
    frame({"name": ["A"]}).to_file(file, layer="areas")
    frame({"name": ["p"]}, [shapely.Point(30, 50)]).to_file(file, layer="points", mode="a")
    assert len(gb.read_regions(file)) == 1, "the only layer of areas is meant"
    frame({"name": ["B"]}).to_file(file, layer="more", mode="a")
    with pytest.raises(gb.DataError, match=r"3 layers. .*layer=: 'areas' \(Polygon\), 'points'"):
        gb.read_regions(file)
    assert gb.read_regions(file, layer="more")["B"]
    with pytest.raises(gb.DataError, match="Did you mean 'areas'"):
        gb.read_regions(file, layer="area")
    with pytest.raises(gb.DataError, match=re.escape("Invalid layer '../areas'")):
        gb.read_regions(file, layer="../areas")


def test_names_are_composed_and_look_alikes_noted(write):
    file = write(frame({"name": ["Київ", "Cумы"]}))  # decomposed; with a Latin C
    with pytest.warns(UserWarning, match=r"'Cумы': 1 \(row 1\)"):
        regions = gb.read_regions(file)
    assert [region.name for region in regions] == ["Київ", "Cумы"]


def test_a_number_as_a_name(write):
    file = write(frame({"zone": [1.0, 2.0]}))
    assert [region.name for region in gb.read_regions(file, name="zone")] == ["1", "2"]


def test_tables_are_no_regions(tmp_path):
    file = tmp_path / "places.csv"
    file.write_text("name,lat,lon\nA,50,30\n")
    with pytest.raises(gb.DataError, match=r"has no shapes.*read_settlements"):
        gb.read_regions(file)
    import pandas as pd

    pd.DataFrame({"name": ["A"]}).to_parquet(tmp_path / "plain.parquet")
    with pytest.raises(gb.DataError, match="has no shapes"):
        gb.read_regions(tmp_path / "plain.parquet")


# The antimeridian and the poles

FIJI = shapely.Polygon([(178, -19), (-178, -19), (-178, -16), (178, -16)])
FIJI_CUT = [shapely.box(178, -19, 180, -16), shapely.box(-180, -19, -178, -16)]
BEYOND = shapely.box(178, -19, 182, -16)


@pytest.mark.parametrize("shape", [FIJI, BEYOND])
def test_areas_across_the_antimeridian_are_cut_there(write, shape):
    with pytest.warns(UserWarning, match="crossing the antimeridian"):
        region = gb.read_regions(write(frame({"name": ["Fiji"]}, [shape])))["Fiji"]
    assert region.geometry.equals(shapely.MultiPolygon(FIJI_CUT))
    near = gb.Region("x", shapely.box(28, -19, 32, -16), gb.Source("x"))
    assert region.area_km2 == pytest.approx(near.area_km2)
    border = gb.border_of(region)
    assert border.length_km == pytest.approx(gb.border_of(near).length_km)


def test_areas_cut_already_stay_as_they_are(write):
    whole = shapely.MultiPolygon(FIJI_CUT)
    region = gb.read_regions(write(frame({"name": ["Fiji"]}, [whole])))["Fiji"]
    assert region.geometry.equals(whole)


def test_holes_follow_their_shell_across_the_antimeridian(write):
    hole = [(179, -18), (-179, -18), (-179, -17), (179, -17)]
    holed = shapely.Polygon(FIJI.exterior.coords, [hole])
    with pytest.warns(UserWarning, match="antimeridian"):
        region = gb.read_regions(write(frame({"name": ["Fiji"]}, [holed])))["Fiji"]
    inside = shapely.box(179, -18, 180, -17), shapely.box(-180, -18, -179, -17)
    assert not any(region.geometry.contains(part.centroid) for part in inside)
    assert region.geometry.area == pytest.approx(12 - 2)


@pytest.mark.parametrize(("epsg", "sign"), [(3413, 1), (3031, -1)])
def test_a_polar_cap_is_read_from_a_polar_projection(write, epsg, sign):
    cap = shapely.Point(0, 0).buffer(1_000_000, quad_segs=64)
    with pytest.warns(UserWarning, match="antimeridian"):
        region = gb.read_regions(write(frame({"name": ["Cap"]}, [cap], crs=epsg)))["Cap"]
    assert region.geometry.is_valid
    assert region.geometry.contains(shapely.Point(10, sign * 89.9))
    assert not region.geometry.contains(shapely.Point(10, sign * 70))
    densified = shapely.segmentize(cap, 1_000)
    lon, lat = pyproj.Transformer.from_crs(epsg, 4326, always_xy=True).transform(
        *shapely.get_coordinates(densified).T
    )
    area, _ = pyproj.Geod(ellps="WGS84").polygon_area_perimeter(lon, lat)
    assert region.area_km2 == pytest.approx(abs(area) / 1e6, rel=1e-5)


def test_antarctica_with_an_edge_at_the_pole_does_not_cross_the_antimeridian(write):
    drawn = shapely.Polygon([(-180, -90), (180, -90), (180, -75), (0, -70), (-180, -75)])
    assert not crosses_antimeridian(drawn)
    assert gb.read_regions(write(frame({"name": ["A"]}, [drawn])))["A"].geometry.equals(drawn)


def test_a_ring_round_the_equator_is_refused(write):
    belt = shapely.Polygon([(0, -10), (90, 5), (170, 10), (-170, -10), (-90, -5)])
    with pytest.raises(gb.GeometryError, match=r"row 0 .*across the equator"):
        gb.read_regions(write(frame({"name": ["A"]}, [belt])))


def test_the_public_function_is_the_one_of_the_face():
    assert read_regions is gb.read_regions


def _with_a_circle(file, radius):
    """Replace the shape of the only row of a GeoPackage by a circle of arcs."""
    x, y = 30.0, 50.0
    arcs = [(x - radius, y), (x, y + radius), (x + radius, y), (x, y - radius), (x - radius, y)]
    # WKB 10 is a CurvePolygon, 8 a CircularString.
    wkb = struct.pack("<BII", 1, 10, 1) + struct.pack("<BII10d", 1, 8, 5, *itertools.chain(*arcs))
    with contextlib.closing(sqlite3.connect(file)) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            database.execute(f'DROP TRIGGER "{name}"')
        head = b"GP" + struct.pack("<BBi", 0, 1, 4326)
        database.execute("UPDATE mine SET geom = ?", (head + wkb,))
        database.execute("UPDATE gpkg_geometry_columns SET geometry_type_name = 'CURVEPOLYGON'")
        database.commit()


@pytest.mark.filterwarnings("ignore:.*not consistent with type")
def test_arcs_are_cut_finely(write):
    radius = 0.36  # degrees: 40 km of latitude
    file = write(frame({"name": ["Round"]}, [BOX]))
    _with_a_circle(file, radius)
    ring = gb.read_regions(file)["Round"].geometry.exterior
    middles = shapely.get_coordinates(ring.segmentize(radius / 500)) - [30, 50]
    # 0.1 m in degrees of latitude.
    assert (radius - np.hypot(*middles.T)).max() < 0.1 / 111_000
    assert pyogrio.get_gdal_config_option("OGR_ARC_STEPSIZE") is None


def test_names_of_rows_are_names_of_regions(tmp_path):
    parts = frame({"oblast": ["A", "A", "B"], "area": [1, 2, 3]})
    parts.dissolve(by="oblast").to_parquet(tmp_path / "dissolved.parquet")
    regions = gb.read_regions(tmp_path / "dissolved.parquet", name="oblast")
    assert [region.name for region in regions] == ["A", "B"]
    parts.set_index(pd.Index(["x", "y", "z"]))[["geometry"]].to_parquet(tmp_path / "named.parquet")
    assert [r.name for r in gb.read_regions(tmp_path / "named.parquet")] == ["x", "y", "z"]
    places = frame({"code": ["007"], "lat": [50]}, [shapely.Point(30, 50)]).set_index("code")
    places.to_parquet(tmp_path / "places.parquet")
    assert gb.read_settlements(tmp_path / "places.parquet", name="code")["name"].tolist() == ["007"]

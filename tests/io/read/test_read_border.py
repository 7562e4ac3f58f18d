"""Lines from users' files become sections in one direction, with their names and source."""

import itertools
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import geobuffer as gb
from geobuffer.geodesy.ellipsoid import length_m
from geobuffer.io.read.geometry import orient_lines

A, B, C, D = (34, 52), (34, 51), (34.5, 50.5), (35, 50)


@pytest.fixture
def write(tmp_path):
    def written(shapes, crs="EPSG:4326", **columns):
        columns = columns or {"nr": list(range(len(shapes)))}
        table = gpd.GeoDataFrame(columns, geometry=shapes, crs=crs)
        table.to_file(tmp_path / "lines.gpkg")
        return tmp_path / "lines.gpkg"

    return written


class Read(NamedTuple):
    """Return the names and lines of a border's sections, and its source."""

    names: tuple
    lines: tuple
    source: gb.Source


def read_lines(file, **options):
    border = gb.read_border(file, **options)
    names, lines = zip(*((one.name, one.line) for one in border.sections), strict=True)
    return Read(names, lines, border.source)


def line(*points):
    return shapely.LineString(points)


def test_features_are_sections_in_the_order_of_the_file(write):
    read = read_lines(write([line(A, B), line(B, C, D)], name=["upper", "lower"]))
    assert read.names == ("upper", "lower")
    assert [one.coords[:] for one in read.lines] == [[A, B], [B, C, D]]
    assert read.source == gb.Source("lines.gpkg")
    mine = gb.Source("survey", accuracy_m=1)
    assert read_lines(write([line(A, B)]), source=mine).source is mine


def test_features_without_names_are_numbered(write):
    assert read_lines(write([line(A, B), line(B, C)])).names == ("section 1", "section 2")
    file = write([line(A, B), line(B, C)], river=["Psel", None])
    assert read_lines(file, name="river").names == ("Psel", "section 2")
    with pytest.raises(gb.DataError, match="Invalid name 'nope'"):
        read_lines(file, name="nope")


@pytest.mark.parametrize(
    ("shapes", "turned"),
    [
        ([line(B, A), line(B, C), line(C, D)], "row 0"),
        ([line(A, B), line(C, B), line(C, D)], "row 1"),
        ([line(A, B), line(B, C), line(D, C)], "row 2"),
    ],
)
def test_a_section_in_the_opposite_direction_is_reversed_with_a_warning(write, shapes, turned):
    with pytest.warns(UserWarning, match=rf"reversed.*1 \({turned}\)"):
        read = read_lines(write(shapes))
    assert [one.coords[:] for one in read.lines] == [[A, B], [B, C], [C, D]]


def test_separate_sections_keep_their_direction(write):
    read = read_lines(write([line(A, B), line(D, C)]))
    assert [one.coords[:] for one in read.lines] == [[A, B], [D, C]]


def test_consecutive_parts_are_joined(write):
    read = read_lines(write([shapely.MultiLineString([[A, B], [B, C]])]))
    assert read.lines[0].coords[:] == [A, B, C]


def test_a_line_across_the_antimeridian_is_cut_there(write):
    with pytest.warns(UserWarning, match="crossing the antimeridian"):
        read = read_lines(write([line((179.9, 65), (-179.9, 66))]))
    assert read.lines[0].wkt == "MULTILINESTRING ((179.9 65, 180 65.5), (-180 65.5, -179.9 66))"
    from geobuffer.geodesy.ellipsoid import length_m

    assert length_m(read.lines[0]) == pytest.approx(length_m(line((-0.1, 65), (0.1, 66))))


def test_a_projected_line_is_converted_to_degrees(write):
    table = gpd.GeoSeries([line(A, B)], crs=4326).to_crs(32636)
    read = read_lines(write(list(table), crs=32636))
    assert read.lines[0].hausdorff_distance(line(A, B)) < 1e-3


def test_areas_points_and_empty_files_raise_an_error(write):
    with pytest.raises(gb.GeometryError, match=r"row 0 .*Polygon.*border_of\(\)"):
        read_lines(write([shapely.box(30, 50, 31, 51)]))
    with pytest.raises(gb.GeometryError, match=r"Point.*read_settlements"):
        read_lines(write([shapely.Point(30, 50)]))
    with pytest.raises(gb.DataError, match="no line"):
        read_lines(write([None]))


def test_rows_without_a_line_are_dropped_with_a_warning(write):
    with pytest.warns(UserWarning, match=r"without geometry: 1 \(row 1\)"):
        read = read_lines(write([line(A, B), None, line(B, C)], name=["a", "b", "c"]))
    assert read.names == ("a", "c")


@pytest.mark.parametrize("driver", ["GeoJSON", "FlatGeobuf", "KML", "ESRI Shapefile"])
def test_lines_in_every_format(tmp_path, driver):
    table = gpd.GeoDataFrame({"name": ["Psel"]}, geometry=[line(A, B, C)], crs="EPSG:4326")
    suffix = {"GeoJSON": "geojson", "FlatGeobuf": "fgb", "KML": "kml"}.get(driver, "shp")
    table.to_file(tmp_path / f"lines.{suffix}", driver=driver)
    read = read_lines(tmp_path / f"lines.{suffix}")
    assert read.names == ("Psel",)
    assert read.lines[0].equals(line(A, B, C))


def test_a_border_of_lines_has_sections_and_a_left_and_a_right(write):
    file = write([line(A, B), line(B, C)], name=["upper", "lower"])
    border = gb.read_border(file, source=gb.Source("survey", accuracy_m=1))
    assert [section.name for section in border.sections] == ["upper", "lower"]
    assert [side.name for side in border.sides] == ["left", "right"]
    assert border.source.title == "survey"
    # Going south, left is east.
    banks = gpd.GeoSeries.from_xy([34.1, 33.9], [51.5, 51.5], crs="EPSG:4326")
    assert gb.locate(banks, border)["side"].tolist() == ["left", "right"]
    assert gb.locate(banks, border)["section"].tolist() == ["upper", "upper"]


def test_the_sides_of_a_line_can_be_named(write):
    border = gb.read_border(write([line(A, B)]), sides=("схід", "захід"))
    banks = gpd.GeoSeries.from_xy([34.1, 33.9], [51.5, 51.5], crs="EPSG:4326")
    assert gb.locate(banks, border)["side"].tolist() == ["схід", "захід"]
    zone = gb.build_zone(border, km=5, side="захід", tolerance_m=1)
    assert zone.polygon.representative_point().x < 34
    assert border.sides[0].label("en") == "схід"


@pytest.mark.parametrize("sides", [("bank", "Bank"), ("both", "other")])
def test_sides_of_a_line_differ(write, sides):
    with pytest.raises(gb.DataError, match=r"sides .*two different names"):
        gb.read_border(write([line(A, B)]), sides=sides)


E4 = (36, 50)


def _sides_along(border):
    """The side of a point 1 km to the left of the middle of each stretch of A, B, C, D, E4."""
    points = [A, B, C, D, E4]
    left = []
    for (x, y), (to_x, to_y) in itertools.pairwise(points):
        along = np.array([to_x - x, to_y - y]) / np.hypot(to_x - x, to_y - y)
        left.append([(x + to_x) / 2 - 0.01 * along[1], (y + to_y) / 2 + 0.01 * along[0]])
    found = gb.locate(gpd.GeoSeries.from_xy(*np.array(left).T, crs="EPSG:4326"), border)
    return found["side"].tolist()


WAYS = [line(A, B), line(B, C), line(C, D), line(D, E4)]


@pytest.mark.filterwarnings("ignore:.*run one way", "ignore:.*order of the line")
@given(
    order=st.permutations(range(4)),
    backwards=st.lists(st.booleans(), min_size=4, max_size=4),
    dissolved=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_sides_do_not_change_along_a_line_however_it_was_drawn(order, backwards, dissolved):
    ways = [shapely.reverse(WAYS[n]) if backwards[n] else WAYS[n] for n in order]
    lines = [shapely.MultiLineString(ways)] if dissolved else ways
    runs = orient_lines(lines)
    border = gb.border_along(runs.lines, source=gb.Source("a map"))
    assert len(set(_sides_along(border))) == 1
    assert border.length_km == pytest.approx(sum(length_m(w) for w in WAYS) / 1e3)
    assert border.line.geom_type == "LineString"
    # If the order of the file follows the line, we keep it.
    if not dissolved and order == sorted(order):
        assert _sides_along(border) == ["left"] * 4
    # Sections are in the order of the line: each begins where the one before it ended.
    ends = [shapely.get_coordinates(run)[[0, -1]].tolist() for run in runs.lines]
    assert all(one[1] == other[0] for one, other in itertools.pairwise(ends))


def test_sections_out_of_order_are_sorted_with_a_warning(write):
    file = write([WAYS[0], WAYS[2], WAYS[1]], name=["upper", "lower", "middle"])
    with pytest.warns(UserWarning, match=r"sorted.*3 \(rows 0, 2, 1\)"):
        border = gb.read_border(file)
    assert [section.name for section in border.sections] == ["upper", "middle", "lower"]
    assert _sides_along(border)[:3] == ["left"] * 3


def test_parts_in_the_opposite_direction_are_reversed_with_a_warning(write):
    file = write([shapely.MultiLineString([WAYS[0], shapely.reverse(WAYS[1]), WAYS[2]])])
    with pytest.warns(UserWarning, match=r"in part, so that all run one way: 1 \(row 0\)"):
        border = gb.read_border(file)
    assert border.sections[0].line.coords[:] == [A, B, C, D]


def test_a_ring_of_sections_keeps_the_order_of_the_file(write):
    ring = [line(A, B), line(C, B), line(C, A)]
    with pytest.warns(UserWarning, match=r"run one way: 1 \(row 1\)"):
        read = read_lines(write(ring))
    assert [one.coords[:] for one in read.lines] == [[A, B], [B, C], [C, A]]


def test_branches_are_reported(write):
    with pytest.warns(UserWarning, match=r"meet at 34\.0000, 51\.0000 \("):
        read_lines(write([line(A, B), line(B, C), line(B, (33, 50))]))


def test_ends_on_either_side_of_the_antimeridian_meet(write):
    with pytest.warns(UserWarning, match="run one way"):
        read = read_lines(write([line((179, 65), (180, 66)), line((-179, 66), (-180, 66))]))
    assert read.lines[1].coords[:] == [(-180, 66), (-179, 66)]

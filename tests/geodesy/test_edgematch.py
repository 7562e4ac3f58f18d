"""Outlines that do not match: two inexact drawings of one line give one line near it."""

import itertools

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

import geobuffer as gb
from geobuffer.geodesy.antimeridian import cut_at_antimeridian
from geobuffer.geodesy.edgematch import OutlinePair

GEOD = pyproj.Geod(ellps="WGS84")
LAT = 50.0
# Metres in a degree of longitude and of latitude at 50° N, to 0.1 %: for drawing, not for judging.
DEGREE = np.array([71_700.0, 111_230.0])


def _truth(seed, amplitude_m=3_000.0):
    """Return a winding line of some 55 km from south to north, with a vertex every 500 m."""
    rng = np.random.default_rng(seed)
    lat = np.linspace(LAT, LAT + 0.5, 112)
    waves = sum(
        rng.uniform(-1, 1) * np.sin(2 * np.pi * (k * (lat - LAT) / 0.5 + rng.uniform()))
        for k in range(1, 8)
    )
    lon = 30.0 + amplitude_m * (waves - waves[0]) / 3.0 / DEGREE[0]
    return np.stack([lon, lat], axis=1)


def _beside(line, lon):
    """Return the polygon between a line and a meridian; at the line's ends three regions meet."""
    closing = [(lon, line[-1, 1]), (lon, line[0, 1])]
    return np.vstack([line, closing, line[:1]])


def _redrawn(ring, rng, *, spacing_m, simplify_m, jitter_m):
    """Draw a ring as another survey would: with other vertices, each off by up to ``jitter_m``."""
    flat = shapely.Polygon(ring * DEGREE).simplify(simplify_m)
    dense = shapely.get_coordinates(flat.segmentize(spacing_m).exterior)[:-1]
    turned = np.roll(dense, -rng.integers(len(dense)), axis=0)  # another vertex comes first
    angle, far = rng.uniform(0, 2 * np.pi, len(dense)), rng.uniform(0, jitter_m, len(dense))
    moved = turned + far[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    shape = shapely.Polygon(moved / DEGREE)
    return shape if shape.is_valid else max(shapely.make_valid(shape).geoms, key=shapely.area)


def _region(name, shape, accuracy_m=None):
    return gb.Region(name, shape, gb.Source(name, accuracy_m=accuracy_m))


def _away_m(points, line):
    """Return the distance of points from a line: feet in the plane, lengths by GeographicLib."""
    flat = shapely.transform(line, lambda xy: xy * DEGREE)
    near = shapely.points(np.asarray(points) * DEGREE)
    feet = flat.interpolate(flat.project(near))
    lon, lat = (shapely.get_coordinates(feet) / DEGREE).T
    lon0, lat0 = np.asarray(points).T
    return GEOD.inv(lon0, lat0, lon, lat)[2]


def _dense(line, step_m=25.0):
    flat = shapely.transform(line, lambda xy: xy * DEGREE)
    return shapely.get_coordinates(shapely.segmentize(flat, step_m)) / DEGREE


surveys = st.tuples(
    st.integers(0, 2**32 - 1),
    st.floats(5.0, 150.0),  # jitter of the first, m
    st.floats(5.0, 150.0),  # of the second
    st.floats(0.0, 100.0),  # simplification of either
    st.floats(700.0, 3_000.0),  # spacing of the first: the jitter must not make it cross itself
    st.floats(700.0, 3_000.0),
)


def _drawn_twice(survey):
    seed, jitter_a, jitter_b, simplify, spacing_a, spacing_b = survey
    rng = np.random.default_rng(seed)
    line = _truth(seed)
    west = _redrawn(_beside(line, 29.7), rng, spacing_m=spacing_a, simplify_m=simplify,
                    jitter_m=jitter_a)  # fmt: skip
    east = _redrawn(_beside(line, 30.3), rng, spacing_m=spacing_b, simplify_m=simplify,
                    jitter_m=jitter_b)  # fmt: skip
    return line, west, east, jitter_a + simplify, jitter_b + simplify


# The parts cut off at the ends may be long enough for a warning; the test measures them.
@pytest.mark.filterwarnings("ignore:The border may be incomplete")
@given(surveys)
def test_two_drawings_give_one_line_within_the_jitter_of_the_truth(survey):
    line, west, east, off_west, off_east = _drawn_twice(survey)
    tolerance = off_west + off_east
    border = gb.border_between(
        _region("West", west), _region("East", east), tolerance_m=1.01 * tolerance
    )
    assert border.line.geom_type == "LineString"
    truth = shapely.LineString(line)
    inner = _dense(border.line)
    # We allow 0.2 % for the errors of the plane in which the drawings were made.
    assert (_away_m(inner, truth) <= 1.002 * off_west + 2 * tolerance).all()
    from_ends = np.minimum(*(GEOD.inv(*np.broadcast_to(end, inner.shape).T, *inner.T)[2]
                             for end in line[[0, -1]]))  # fmt: skip
    assert (_away_m(inner[from_ends > 3 * tolerance], truth) <= 1.002 * off_west + 1.0).all()
    # The whole line is found, except the parts cut off at its ends: a few vertices.
    along = _dense(truth)
    missing = _away_m(along, border.line) > 1.002 * (off_west + tolerance)
    lost = GEOD.line_length(*along.T) * missing.mean()
    assert lost <= 2 * (max(survey[4:]) + 3 * tolerance)
    assert 1e3 * border.healing.disagreement_km <= 1.002 * tolerance
    # The border's source or one of its doubts states the largest disagreement.
    worst_m = max(border.source.accuracy_m, *(doubt.accuracy_m for doubt in border.doubts), 0.0)
    assert 0.0 <= worst_m - 1e3 * border.healing.disagreement_km < 0.1001


@given(surveys)
def test_every_point_near_a_healed_line_has_the_side_it_lies_on(survey):
    _, west, east, *off = _drawn_twice(survey)
    border = gb.border_between(
        _region("West", west), _region("East", east), tolerance_m=1.01 * sum(off)
    )
    rng = np.random.default_rng(survey[0])
    at = _dense(border.line, 500.0)
    points = np.repeat(at, 8, axis=0) + rng.uniform(-2, 2, (8 * len(at), 2)) * sum(off) / DEGREE
    from_ends = np.minimum(*(GEOD.inv(*np.broadcast_to(end, points.shape).T, *points.T)[2]
                             for end in np.asarray(border.line.coords)[[0, -1]]))  # fmt: skip
    points = points[from_ends > 6 * sum(off)]
    codes = border.side_codes(*points.T)
    assert (codes >= 0).all()
    # A point lies east of the line if the way west from it crosses the line an odd number of times.
    west_end = np.stack([np.full(len(points), 29.75), points[:, 1]], axis=1)
    crossing = shapely.linestrings(np.stack([points, west_end], axis=1))
    odd = np.array([
        len(shapely.get_coordinates(shapely.intersection(c, border.line))) % 2 for c in crossing
    ])  # fmt: skip
    assert (codes == odd).all()
    # Distances from the line and from either drawing differ by no more than the drawings do.
    for outline in (west.exterior, east.exterior):
        away = [_away_m(points, shapely.LineString(g.coords)) for g in (border.line, outline)]
        assert (away[1] - away[0] <= 1e3 * border.healing.disagreement_km + 1.0).all()


@given(
    st.integers(0, 2**32 - 1),
    st.floats(1.0, 2_000.0),
    st.floats(30.0, 150.0),
    st.floats(30.0, 150.0),
)
def test_healing_changes_nothing_where_outlines_match(seed, tolerance, above, below):
    line = _truth(seed, 1_000.0)
    # The outlines part at these angles. At acute ones they stay within the tolerance for long.
    up, down = np.radians([above, below])
    top = line[-1] + 30_000 * np.array([np.sin(up), np.cos(up)]) / DEGREE
    bottom = line[0] + 30_000 * np.array([np.sin(down), -np.cos(down)]) / DEGREE
    north, south = line[-1] + [0.0, 0.3], line[0] - [0.0, 0.3]
    west = shapely.Polygon([*line, north, (29.3, north[1]), (29.3, south[1]), south])
    east = shapely.Polygon([*line, top, (30.8, top[1]), (30.8, bottom[1]), bottom])
    if not (west.is_valid and east.is_valid) or west.intersection(east).area > 0.0:
        return
    regions = _region("West", west), _region("East", east)
    exact, healed = (gb.border_between(*regions, tolerance_m=t) for t in (0.0, tolerance))
    assert healed.line.equals_exact(exact.line, 0.0)
    assert healed.healing is None
    assert healed.source == exact.source


@given(st.integers(0, 2**32 - 1), st.floats(5.0, 150.0))
def test_regions_that_meet_at_a_corner_have_no_border(seed, jitter):
    rng = np.random.default_rng(seed)
    south_west = np.array([(29.5, 49.5), (30, 49.5), (30, 50), (29.5, 50), (29.5, 49.5)])
    drawing = {"spacing_m": 1_000.0, "simplify_m": 0.0, "jitter_m": jitter}
    one = _redrawn(south_west, rng, **drawing)
    other = _redrawn(south_west + 0.5, rng, **drawing)
    with pytest.raises(gb.NotAdjacent, match=r"at a point.*near (30\.00|29\.99)|do not meet"):
        gb.border_between(_region("One", one), _region("Other", other), tolerance_m=2.2 * jitter)


@given(surveys)
def test_sections_of_a_healed_line_change_at_the_corner_of_three(survey):
    seed, jitter_a, jitter_b, simplify, spacing_a, spacing_b = survey
    rng = np.random.default_rng(seed)
    line = _truth(seed)
    west = _redrawn(_beside(line, 29.7), rng, spacing_m=spacing_a, simplify_m=simplify,
                    jitter_m=jitter_a)  # fmt: skip
    east = _redrawn(_beside(line, 30.3), rng, spacing_m=spacing_b, simplify_m=simplify,
                    jitter_m=jitter_b)  # fmt: skip
    tolerance = 1.01 * (jitter_a + jitter_b + 2 * simplify)
    south, north = (
        shapely.intersection(east, shapely.box(29, LAT + a, 31, LAT + a + 0.35))
        for a in (-0.1, 0.25)
    )
    border = gb.border_between(
        _region("West", west), [_region("North", north), _region("South", south)],
        tolerance_m=tolerance,
    )  # fmt: skip
    assert border.line.geom_type == "LineString"
    assert {section.name for section in border.sections} == {"West–North", "West–South"}
    assert all(section.line.geom_type == "LineString" for section in border.sections)
    corner = set(border.sections[0].line.coords) & set(border.sections[1].line.coords)
    assert abs(corner.pop()[1] - (LAT + 0.25)) * DEGREE[1] <= 3 * tolerance + 100.0


@pytest.mark.parametrize("turn", [0.0, 150.0, -210.0])
def test_islands_enclaves_and_the_antimeridian(turn):
    """Land round an enclave, with islands beside the land, at different longitudes.

    The border of the enclave is drawn twice.
    """
    rng = np.random.default_rng(7)
    angle = np.linspace(0, 2 * np.pi, 200)
    round_ = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    lake = round_ * 8_000 / DEGREE + [30.0, LAT]
    drawing = {"spacing_m": 800.0, "simplify_m": 5.0, "jitter_m": 60.0}
    hole, enclave = (_redrawn(lake, rng, **drawing) for _ in range(2))
    islands = [shapely.box(30.4 + i / 10, LAT, 30.45 + i / 10, LAT + 0.05) for i in range(5)]
    land = shapely.union_all([shapely.box(29.5, 49.5, 30.3, 50.5) - hole, *islands])
    moved = [
        cut_at_antimeridian(shapely.transform(s, lambda xy: xy + np.array([turn, 0.0])))
        for s in (land, enclave)
    ]
    border = gb.border_between(_region("Land", moved[0]), _region("Enclave", moved[1]),
                               tolerance_m=150)  # fmt: skip
    length = GEOD.geometry_length(hole.exterior) / 1e3
    assert border.length_km == pytest.approx(length, rel=1e-6)
    assert border.healing.disagreement_km <= 0.13
    west, east = (border.side_codes(np.array([30.0 + turn]), np.array([LAT + d])) for d in (0, 0.2))
    assert (west[0], east[0]) == (1, 0)
    if turn == 0.0:
        assert border.line.is_closed
    zone = gb.build_zone(border, km=2, side="Land", tolerance_m=5)
    assert zone.area_km2 == pytest.approx(np.pi * (10**2 - 8**2), rel=0.03)


def test_the_line_follows_the_first_side():
    one, other = _region("One", shapely.box(30, 50, 31, 51)), _region(
        "Other", shapely.box(31.001, 50, 32, 51))  # fmt: skip
    for regions, lon in (((one, other), 31.0), ((other, one), 31.001)):
        border = gb.border_between(*regions, tolerance_m=100)
        assert set(np.asarray(border.line.coords)[:, 0]) == {lon}
        # The strip between the two, which belonged to neither, now belongs to the second side.
        assert border.side_codes(np.array([31.0005]), np.array([50.5])) == 1
    width = GEOD.inv(31, 50, 31.001, 50)[2]
    assert 1e3 * border.healing.disagreement_km == pytest.approx(width, abs=0.01)
    assert border.healing.healed_km == pytest.approx(border.length_km, rel=1e-6)
    assert border.healing.lat == pytest.approx(50.0)
    strip = GEOD.geometry_area_perimeter(shapely.box(31, 50, 31.001, 51))[0] / 1e6
    assert border.healing.gap_km2 == pytest.approx(abs(strip), rel=1e-3)
    assert "healed: outlines up to 0.0717 km apart" in repr(border)


def test_land_that_both_sides_claim_goes_to_the_first_side():
    one, other = shapely.box(30, 50, 31.001, 51), shapely.box(31, 50, 32, 51)
    border = gb.border_between(_region("One", one), _region("Other", other), tolerance_m=100)
    assert border.side_codes(np.array([31.0005]), np.array([50.5])) == 0
    assert border.healing.overlap_km2 > 7.0
    assert shapely.intersection(border.sides[0].area, border.sides[1].area).area < 1e-12


def test_a_gap_beyond_the_tolerance_is_refused_with_its_width_and_place():
    one = _region("One", shapely.box(30, 50, 31, 51))
    other = _region("Other", shapely.box(31.01, 50, 32, 51))
    gap = GEOD.inv(31, 51, 31.01, 51)[2] / 1e3
    with pytest.raises(gb.NotAdjacent, match=rf"{gap:.3g} km apart, at 31\.0\d+, 51\.0000.*500"):
        gb.border_between(one, other, tolerance_m=500)
    # An end of the common line is found to a fraction of the tolerance only.
    whole = GEOD.inv(31, 50, 31, 51)[2] / 1e3
    assert gb.border_between(one, other, tolerance_m=1100).length_km == pytest.approx(
        whole, abs=0.3
    )


def test_deep_overlap_is_refused_with_its_depth_and_place():
    one = _region("One", shapely.box(30, 50, 31, 51))
    other = _region("Other", shapely.box(30.9, 50, 32, 51))
    with pytest.raises(gb.GeometryError, match=r"overlap by up to .* km, at .*500 m"):
        gb.border_between(one, other, tolerance_m=500)


@pytest.mark.parametrize("tolerance", [-1.0, float("nan"), float("inf"), "a hundred", True])
def test_a_tolerance_that_is_not_a_distance_is_refused(tolerance):
    regions = (_region(n, shapely.box(w, 50, w + 1, 51)) for n, w in (("One", 30), ("Other", 31)))
    with pytest.raises(gb.GeometryError, match="Invalid tolerance_m"):
        gb.border_between(*regions, tolerance_m=tolerance)


def test_spurs_are_cut_off_and_breaks_closed():
    # The first has an inlet 2 km long and 200 m wide; the second does not.
    one = shapely.Polygon([(30, 50), (31, 50), (31, 50.3), (30.97, 50.3), (30.97, 50.302),
                           (31, 50.302), (31, 51), (30, 51)])  # fmt: skip
    other = shapely.box(31.0005, 50, 32, 51)
    border = gb.border_between(_region("One", one), _region("Other", other), tolerance_m=300)
    assert border.healing.bridges == 1
    assert border.line.geom_type == "LineString"
    assert border.length_km == pytest.approx(GEOD.inv(31, 50, 31, 51)[2] / 1e3, rel=1e-6)


def _fragments(accuracy_m):
    """Return two drawings that agree along every second segment, and are 7 m apart elsewhere."""
    lat = np.linspace(50, 50.5, 101)
    middle = (lat[1:] + lat[:-1]) / 2
    line = np.stack([np.full(101, 30.0), lat], axis=1)
    bent = np.stack([np.full(100, 30.0), middle], axis=1)
    bent[::2, 0] += 0.0001
    other = np.vstack([*itertools.chain.from_iterable(zip(line[:-1], bent, strict=True)), line[-1]])
    return (
        _region("West", shapely.Polygon(_beside(line, 29.7)), accuracy_m),
        _region("East", shapely.Polygon(_beside(other.reshape(-1, 2), 30.3)), accuracy_m),
    )


def test_by_default_outlines_are_healed_within_their_stated_accuracy():
    border = gb.border_between(*_fragments(30.0))
    assert border.line.geom_type == "LineString"
    assert border.healing.tolerance_m == 30.0
    assert border.source.accuracy_m == pytest.approx(
        np.hypot(30.0, 1e3 * border.healing.disagreement_km), abs=0.1
    )


def test_a_line_in_pieces_is_reported():
    with pytest.warns(UserWarning, match=r"incomplete: 14 km .* up to 7.2 m apart.*tolerance_m=11"):
        gb.border_between(*_fragments(None))


def test_classify_is_uncertain_where_the_outlines_would_disagree():
    import geopandas as gpd

    one = _region("One", shapely.box(30, 50, 31, 51))
    other = _region("Other", shapely.box(31.001, 50, 32, 51))
    border = gb.border_between(one, other, tolerance_m=100)
    zone = gb.build_zone(border, km=10, side="both", tolerance_m=1)
    # A point 10 km from the first outline is some 72 m nearer to the second.
    lon, lat, _ = GEOD.fwd([31.0] * 3, [50.5] * 3, [90.0] * 3, [9_900.0, 10_030.0, 10_100.0])
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(lon, lat), crs="EPSG:4326")
    found = gb.classify(points, zone)["membership"].tolist()
    assert found == ["inside", "uncertain", "outside"]


def test_areas_far_apart_have_no_common_line():
    pair = OutlinePair(shapely.box(0, 0, 1, 1), shapely.box(5, 5, 6, 6))
    found = pair.find_common_line(100.0)
    assert found.lines == []
    assert found.healing is None


def test_a_gap_at_the_antimeridian_is_filled_as_anywhere():
    """The same two boxes, 72 m apart, at 31 degrees east and at 180."""
    for turn in (31.0, 180.0, 179.9995, -180.0):
        one = cut_at_antimeridian(shapely.box(turn - 1, 50, turn, 51))
        other = cut_at_antimeridian(shapely.box(turn + 0.001, 50, turn + 1, 51))
        healing = gb.border_between(_region("One", one), _region("Other", other),
                                    tolerance_m=100).healing  # fmt: skip
        assert healing.gap_km2 == pytest.approx(7.89, abs=0.005), turn


def _stepped(apart_m, begin, end, accuracy_m=30.0):
    """Return two regions that share the meridian 30°, except from ``begin`` to ``end``.

    These are shares of its length of 50 km. There the regions are ``apart_m`` apart.
    """
    lat = LAT + 0.45 * np.array([0.0, begin, begin, end, end, 1.0])
    lon = 30.0 + apart_m / DEGREE[0] * np.array([0, 0, 1, 1, 0, 0])
    bent = np.stack([lon, lat], axis=1)
    straight = np.array([(30.0, lat[0]), (30.0, lat[-1])])
    return (
        _region("West", shapely.Polygon(_beside(straight, 29.7)), accuracy_m),
        _region("East", shapely.Polygon(_beside(bent, 30.3)), accuracy_m),
    )


def test_an_edge_with_one_vertex_more_is_part_of_the_border():
    """The exact line lacks 33 of 56 km, and its two parts are far apart."""
    west = shapely.box(29, 50, 30, 50.5)
    east = shapely.Polygon([(30, 50), (31, 50), (31, 50.5), (30, 50.5), (30, 50.4),
                            (30.00001, 50.2), (30, 50.1)])  # fmt: skip
    border = gb.border_between(_region("West", west, 30.0), _region("East", east, 30.0))
    assert border.length_km == pytest.approx(GEOD.inv(30, 50, 30, 50.5)[2] / 1e3, rel=1e-6)
    assert border.line.geom_type == "LineString"
    with pytest.warns(UserWarning, match=r"incomplete: 33.3 km .*tolerance_m=2\b"):
        border = gb.border_between(_region("West", west), _region("East", east))
    assert border.length_km == pytest.approx(22.2, abs=0.1)


def test_beyond_the_stated_accuracy_the_border_is_whole_with_a_warning_and_local_doubt():
    regions = _stepped(90.0, 0.4, 0.44)
    with pytest.warns(UserWarning, match=r"Along 1\.9\d km .*±30 m.*: up to 90 m, at 30\.00"):
        border = gb.border_between(*regions)
    assert border.line.geom_type == "LineString"
    assert border.length_km == pytest.approx(50.06, abs=0.05)
    assert border.source.accuracy_m == pytest.approx(30.0, abs=15.0)
    assert max(doubt.accuracy_m for doubt in border.doubts) == pytest.approx(94.6, abs=0.1)
    at = LAT + 0.45 * np.array([0.42, 0.1, 0.8])
    near, *far = border.accuracy_m_at(np.full(3, 29.99), at)
    assert near == pytest.approx(94.6, abs=0.1)
    assert far == [border.source.accuracy_m] * 2


def test_a_wider_search_that_finds_no_more_border_leaves_it_as_it_was():
    """Where the border ends, the narrow wedge of a third region begins.

    The border was once reported as up to 532 m apart there.
    """
    wedge = shapely.Polygon([(31, 50), (31, 50.3), (31.035, 51), (32, 51), (32, 50)])
    with pytest.warns(UserWarning, match=r"may be incomplete: 18\.\d km") as caught:
        border = gb.border_between(
            _region("One", shapely.box(30, 50, 31, 51), 30.0), _region("Other", wedge, 30.0)
        )
    assert len(caught) == 1
    assert border.healing is None
    assert border.source.accuracy_m == 30.0
    assert border.length_km == pytest.approx(GEOD.inv(31, 50, 31, 50.3)[2] / 1e3, rel=1e-6)


def test_a_corridor_between_two_regions_is_no_border():
    """Beside a border of 30 km, outlines are 500 m apart for 20 km: border only with a warning."""
    with pytest.warns(UserWarning, match=r"Along 19\.9 km .* up to 498 m"):
        gb.border_between(*_stepped(500.0, 0.5, 0.9))
    with pytest.warns(UserWarning, match=r"incomplete: 19\.\d km .* up to 498 m"):
        kept_out = gb.border_between(*_stepped(500.0, 0.5, 0.9), tolerance_m=30)
    assert kept_out.length_km == pytest.approx(30.0, abs=0.2)
    enclaves = [_region(n, shapely.box(30 + w, 50, 30.1 + w, 50.1), 30.0)
                for n, w in (("One", 0.0), ("Other", 0.107))]  # fmt: skip
    with pytest.raises(gb.NotAdjacent, match=r"do not meet: .* 0\.50\d? km apart"):
        gb.border_between(*enclaves)


def test_borders_that_are_closed_rings_are_whole(recwarn):
    """Two enclaves 700 m apart, one of them with land inside: their borders are whole."""
    land = shapely.box(4.8, 51.3, 5.1, 51.6)
    enclave = shapely.box(4.91, 51.43, 4.94, 51.45) - shapely.box(4.92, 51.435, 4.93, 51.445)
    enclave |= shapely.box(4.95, 51.43, 4.96, 51.45)
    for accuracy in (None, 30.0):
        border = gb.border_between(
            _region("Land", land - enclave, accuracy), _region("Enclaves", enclave, accuracy)
        )
        assert border.length_km == pytest.approx(
            GEOD.geometry_length(enclave.boundary) / 1e3, rel=1e-6
        )
        assert border.healing is None
    assert not recwarn

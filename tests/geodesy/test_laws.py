"""Laws that hold for any line, anywhere, at any width; hypothesis looks for a counterexample.

``HYPOTHESIS_PROFILE=thorough`` tries thirty times as many cases, which differ in each run.
"""

import contextlib
import warnings

import numpy as np
import pyproj
import shapely
from hypothesis import assume, given, note
from hypothesis import strategies as st
from shapely.affinity import translate
from support.lines import anywhere
from support.reference import distance_m

import geobuffer as gb
from geobuffer.geodesy.ellipsoid import area_m2
from geobuffer.geodesy.nearest import LineIndex

GEOD = pyproj.Geod(ellps="WGS84")
HAND = gb.Source("drawn by hand")

# Points nearer to an edge than this may fall on either side of it. Distances are right to
# micrometres near the lines and to a billionth far away, and vertices of polygons are rounded to
# doubles.
ROUNDING_M = 1e-3

SEEDS = st.integers(0, 10_000)


def _border(drawn):
    # An edge of more than 180° that may run either way round is refused.
    longest = max(np.abs(np.diff(np.asarray(line.xy[0]))).max() for line in drawn.lines)
    assume(longest <= 180.0 or longest >= 270.0)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*read as crossing the antimeridian")
        return gb.border_along(drawn.lines, source=HAND)


def _zone(border, width_m, **options):
    """Build a zone; return None where it would reach a pole or round the globe.

    Any other refusal is an error. A zone whose edges exceed the tolerance states their error, and
    the laws then hold within that error.
    """
    options.setdefault("tolerance_m", max(0.01, width_m / 100.0))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The edges of the zone lie up to")
        try:
            return gb.build_zone(border, km=width_m / 1e3, **options)
        except gb.GeometryError as error:
            if (
                "a pole" in str(error)
                or "both poles" in str(error)
                or "reach round the globe" in str(error)
            ):
                return None
            raise


def _about(drawn, seed, count):
    """Return points up to twice the width from vertices and stretches, in all directions."""
    rng, width_m = np.random.default_rng(seed), drawn.width_m
    ways = [np.array(line.coords) for line in drawn.lines]
    starts = np.concatenate([way[:-1] for way in ways])
    steps = np.concatenate([np.diff(way, axis=0) for way in ways])
    steps[:, 0] = (steps[:, 0] + 180.0) % 360.0 - 180.0
    chosen = rng.integers(0, len(starts), count)
    share = rng.choice([0.0, 1.0, 0.5, rng.uniform()], count)
    on_it = starts[chosen] + steps[chosen] * share[:, None]
    away = width_m * rng.choice([0.01, 0.5, 0.99, 0.9999, 1.0001, 1.01, 2.0], count)
    lon, lat, _ = GEOD.fwd(*on_it.T, rng.uniform(-180.0, 180.0, count), away)
    return np.asarray(lon), np.asarray(lat)


def _coordinates(lines):
    return [np.array(line.coords) for line in lines]


@given(drawn=anywhere(), seed=SEEDS)
def test_a_zone_holds_just_the_points_within_its_width(drawn, seed):
    """Polygons are right within their stated error, memberships exactly, by GeographicLib."""
    zone = _zone(_border(drawn), drawn.width_m)
    assume(zone is not None)
    assert shapely.is_valid(zone.polygon), shapely.is_valid_reason(zone.polygon)
    west, south, east, north = zone.polygon.bounds
    assert (west, south) >= (-180.0, -90.0)
    assert east <= 180.0
    assert north <= 90.0
    lon, lat = _about(drawn, seed, 12)
    exact = np.array(
        [distance_m(_coordinates(drawn.lines), *p) for p in zip(lon, lat, strict=True)]
    )
    rounding = np.maximum(ROUNDING_M, 1e-9 * exact)
    said = gb.answer(lon, lat, zone)
    assert np.abs(said.distance_km * 1e3 - exact).max() <= rounding.max()
    clear = np.abs(exact - drawn.width_m) > rounding
    assert ((said.ring >= 0) == (exact <= drawn.width_m))[clear].all()
    clear = np.abs(exact - drawn.width_m) > rounding + zone.error_m
    drawn_in = shapely.intersects_xy(zone.polygon, lon, lat)
    wrong = clear & (drawn_in != (exact <= drawn.width_m))
    note(f"{exact[wrong] - drawn.width_m} m from the edge, error_m {zone.error_m:g}")
    assert not wrong.any()


@given(drawn=anywhere(widths_m=(1.0, 300_000.0)), wider=st.floats(1.03, 1.6))
def test_a_wider_zone_holds_a_narrower(drawn, wider):
    narrow, wide = (
        _zone(_border(drawn), width) for width in (drawn.width_m, wider * drawn.width_m)
    )
    assume(narrow is not None and wide is not None)
    assert shapely.difference(narrow.polygon, wide.polygon).area <= 1e-9 * narrow.polygon.area
    assert wide.area_km2 > narrow.area_km2


@given(drawn=anywhere(), seed=SEEDS)
def test_the_direction_and_order_of_lines_change_nothing_but_left_and_right(drawn, seed):
    one = _border(drawn)
    turned = [shapely.reverse(line) for line in reversed(drawn.lines)]
    other = _border(drawn._replace(lines=turned))
    lon, lat = _about(drawn, seed, 200)
    here, there = (border.index.nearest(lon, lat).distance_m for border in (one, other))
    np.testing.assert_allclose(here, there, rtol=1e-9, atol=1e-5)
    zones = [_zone(border, drawn.width_m) for border in (one, other)]
    assert (zones[0] is None) == (zones[1] is None)
    if zones[0] is not None:
        _assert_same_area(*zones)


def _assert_same_area(one, other):
    """Check that areas differ by no more than the length of the edges times their errors."""
    edge_m = sum(_edge_m(zone) for zone in (one, other)) / 2.0
    error_m = one.error_m + other.error_m + ROUNDING_M
    assert abs(one.area_km2 - other.area_km2) * 1e6 <= edge_m * error_m


def _edge_m(zone):
    return GEOD.geometry_length(zone.polygon.boundary)


@given(drawn=anywhere(), seed=SEEDS, count=st.integers(2, 7))
def test_vertices_within_segments_change_nothing(drawn, seed, count):
    whole = LineIndex(drawn.lines)
    dense = LineIndex([_denser(line, count) for line in drawn.lines])
    lon, lat = _about(drawn, seed, 200)
    found, again = (index.nearest(lon, lat) for index in (whole, dense))
    # The same line, cut elsewhere into geodesics, each of which is off the line by its sagitta.
    off_m = sum(_largest_sagitta_m(index.pieces) for index in (whole, dense))
    np.testing.assert_allclose(again.distance_m, found.distance_m, rtol=1e-9, atol=1e-5 + off_m)
    length = sum(index.pieces.length_m.sum() for index in (whole, dense)) / 2.0
    np.testing.assert_allclose(
        dense.pieces.length_m.sum(), whole.pieces.length_m.sum(), atol=1e-3 + 1e-7 * length
    )


def _largest_sagitta_m(pieces):
    """Return how far a geodesic piece may be off the line that is straight in degrees.

    A piece of length s with azimuth α at latitude φ is off by s² tan φ sin α (1 + cos² α) / 8R: at
    83° N that is 0.06 mm for 20 m eastwards.
    """
    lat = np.radians(np.maximum(np.abs(pieces.lat), np.abs(pieces.lat + pieces.dlat)))
    azimuth = np.arctan2(np.abs(pieces.dlon) * np.cos(lat), np.abs(pieces.dlat))
    bend = np.tan(lat) * np.sin(azimuth) * (1.0 + np.cos(azimuth) ** 2)
    return (pieces.length_m**2 * bend).max() / (8.0 * GEOD.a)


def _denser(line, count):
    """Return a line with each segment cut into ``count`` parts, the short way round."""
    xy = np.array(line.coords)
    steps = np.diff(xy, axis=0)
    steps[:, 0] = np.where(np.abs(steps[:, 0]) > 180.0, (steps[:, 0] + 180.0) % 360.0 - 180.0,
                           steps[:, 0])  # fmt: skip
    shares = np.arange(count) / count
    between = (xy[:-1, None] + steps[:, None] * shares[:, None]).reshape(-1, 2)
    return shapely.LineString([*between, xy[-1]])


@given(drawn=anywhere(), seed=SEEDS, turns=st.sampled_from([-360.0, 360.0]))
def test_a_whole_turn_of_longitude_changes_nothing(drawn, seed, turns):
    moved = drawn._replace(lines=[translate(line, turns) for line in drawn.lines])
    one, other = _border(drawn), _border(moved)
    lon, lat = _about(drawn, seed, 200)
    here = one.index.nearest(lon, lat).distance_m
    there = other.index.nearest(lon - turns, lat).distance_m
    # A turn rounds vertices of small longitudes to 6e-14 degrees: 6 nm.
    np.testing.assert_allclose(here, there, rtol=1e-9, atol=1e-5)
    zones = [_zone(border, drawn.width_m) for border in (one, other)]
    assert (zones[0] is None) == (zones[1] is None)
    if zones[0] is not None:
        _assert_same_area(*zones)
        assert zones[1].polygon.bounds[0] >= -180.0
        assert zones[1].polygon.bounds[2] <= 180.0


@given(drawn=anywhere(3e5, 80.0, (50.0, 50_000.0)), seed=SEEDS)
def test_left_and_right_together_are_both(drawn, seed):
    border = _border(drawn)
    try:
        zones = [_zone(border, drawn.width_m, side=side) for side in ("left", "right", "both")]
    except gb.GeometryError as error:
        message = str(error)
        assert "run along one another" in message, message
        assert drawn.kind in {"there and back", "there and half back", "one twice"}
        return
    assume(None not in zones)
    left, right, both = zones
    assert all(shapely.is_valid(zone.polygon) for zone in zones)
    overlap = shapely.intersection(left.polygon, right.polygon)
    assert area_m2(overlap) <= 1e-6 * both.area_km2 * 1e6 + 1e-3
    together = left.area_km2 + right.area_km2
    assert abs(together - both.area_km2) <= 1e-6 * both.area_km2 + 1e-9
    lon, lat = _about(drawn, seed, 300)
    rings = [gb.answer(lon, lat, zone).ring >= 0 for zone in zones]
    assert ((rings[0] ^ rings[1]) == rings[2]).all()


@given(one=anywhere(2e4, 85.0, (100.0, 20_000.0)), seed=SEEDS)
def test_uniting_and_subtracting_again_adds_nothing(one, seed):
    a = _zone(_border(one), one.width_m)
    shifted = [translate(line, 0.01, 0.01) for line in one.lines]
    b = _zone(_border(one._replace(lines=shifted)), 0.7 * one.width_m)
    assume(a is not None and b is not None)
    rest = gb.subtract(gb.unite(a, b), b)
    assert shapely.is_valid(rest.polygon)
    assert shapely.difference(rest.polygon, a.polygon).area <= 1e-9 * a.polygon.area
    lon, lat = _about(one, seed, 300)
    in_rest, in_a, in_b = (gb.answer(lon, lat, zone).ring >= 0 for zone in (rest, a, b))
    assert (in_rest == (in_a & ~in_b)).all()


@given(drawn=anywhere(), inner=st.floats(0.2, 0.9))
def test_rings_add_up_to_the_zone(drawn, inner):
    whole = _zone(_border(drawn), drawn.width_m)
    assume(whole is not None)
    tolerance_m = whole.tolerance_m
    edges = [max(0.001, inner * drawn.width_m / 1e3), drawn.width_m / 1e3]
    assume(edges[0] < edges[1])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The edges of the zone lie up to")
        rings = gb.build_zone(_border(drawn), km=edges, tolerance_m=tolerance_m)
    assert all(shapely.is_valid(ring) for ring in rings.rings)
    assert shapely.intersection(*rings.rings).area <= 1e-9 * whole.polygon.area
    assert abs(sum(rings.ring_areas_km2) - whole.area_km2) <= 1e-6 * whole.area_km2 + 1e-9


NUMBERS = st.floats(allow_nan=True, allow_infinity=True)


@given(
    xy=st.lists(st.tuples(NUMBERS | st.floats(-200, 200), NUMBERS | st.floats(-100, 100)),
                min_size=2, max_size=6),
    km=NUMBERS | st.floats(0.001, 500.0),
)  # fmt: skip
def test_any_numbers_give_a_valid_zone_or_an_error_that_says_why(xy, km):
    """For any coordinates and width, no other error is raised and no invalid polygon returned."""
    with contextlib.suppress(gb.GeobufferError), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The edges of the zone lie up to")
        warnings.filterwarnings("ignore", "overflow|invalid value", RuntimeWarning)
        border = gb.border_along(shapely.LineString(xy), source=HAND)
        assume(border.length_km < 5_000)
        zone = gb.build_zone(border, km=km, tolerance_m=max(km, 1.0) * 10.0)
        assert shapely.is_valid(zone.polygon)
        assert not zone.polygon.is_empty
        assert np.isfinite(zone.area_km2)

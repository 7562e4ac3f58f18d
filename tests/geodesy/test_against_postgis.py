"""Distances and zones compared with PostGIS, on random lines.

``geography`` measures on WGS 84 as well, with its own copy of GeographicLib. Three things differ:

- In PostGIS an edge is a geodesic; here it is straight in longitude and latitude. We cut lines into
  edges so short (1.1 km) that the two differ by 2 cm at most at 72° of latitude.
- ``ST_Distance`` looks for the nearest points on a sphere, and measures between them on the
  ellipsoid. The ratio of a degree of latitude to one of longitude differs between the two by up to
  twice the flattening (2f = 1/149), so the foot may be off by that share of the distance d. The
  result is then too long by (2f·d)²/2d, which is 2.3·10⁻⁵ of it, and never too short. We found
  2.3·10⁻⁵ at most along plain stretches, and up to 1.5·10⁻⁴ where another stretch is nearest on the
  sphere; there the bound is 2f.
- ``ST_Buffer`` draws in a plane that it chooses by the extent of the line. Mostly this is UTM,
  whose scale is wrong by 4·10⁻⁴ in the middle of a zone and by up to 10⁻³ at its edge. Wider lines
  get Lambert's azimuthal equal-area projection, whose scale is wrong by (a/R)²/8 across half an
  extent a, or Mercator's. We found 4·10⁻⁴ of the width at most; our edges keep to the requested
  tolerance of 10⁻⁵ of the width.
"""

import numpy as np
import pyproj
import pytest
import shapely
from support.postgres import needs_postgis, postgis

import geobuffer as gb
from geobuffer.geodesy.ellipsoid import area_m2

GEOD = pyproj.Geod(ellps="WGS84")
HAND = gb.Source("drawn by hand")

# We cut edges to this length. An edge of length a is off a geodesic by a² · tan φ / 8R, which is
# 7 mm along the parallel of 72°, and 2 cm at most in other directions.
_EDGE_DEG = 0.01
_STRAY_M = 0.03

# (2f)² / 2, and a tenth more for the curvature of the sphere.
_SPHERICAL_FOOT = 2.5e-5


@pytest.fixture(scope="module")
def connection():
    """Yield a connection to a PostGIS."""
    import psycopg

    with postgis() as database, psycopg.connect(database.url, autocommit=True) as connected:
        yield connected


def _line(rng, spread_deg, lat):
    """Return a line of 12 vertices that wanders by some degrees, in short edges."""
    steps = rng.normal(0.0, spread_deg, (12, 2)) * [1.0 / np.cos(np.radians(lat)), 1.0]
    xy = np.cumsum(steps, axis=0)
    xy += [rng.uniform(-160.0, 160.0), lat] - xy.mean(axis=0)
    return shapely.segmentize(shapely.LineString(xy), _EDGE_DEG)


def _distances_m(connection, line, lon, lat):
    """Return the distances of ST_Distance, in metres."""
    rows = connection.execute(
        "SELECT ST_Distance(ST_MakePoint(p.lon, p.lat)::geography, "
        "ST_GeomFromWKB(%s, 4326)::geography) "
        "FROM unnest(%s::float8[], %s::float8[]) WITH ORDINALITY AS p(lon, lat, n) ORDER BY n",
        (shapely.to_wkb(line), lon.tolist(), lat.tolist()),
    )
    return np.array([row[0] for row in rows.fetchall()])


def _about(rng, line, furthest_m, count):
    """Return points at distances of all orders of magnitude from vertices of a line."""
    vertices = shapely.get_coordinates(line)
    at = vertices[rng.integers(0, len(vertices), count)]
    away = 10.0 ** rng.uniform(0.0, np.log10(furthest_m), count)
    lon, lat, _ = GEOD.fwd(*at.T, rng.uniform(-180.0, 180.0, count), away)
    return np.asarray(lon), np.asarray(lat)


@needs_postgis
@pytest.mark.parametrize("lat", [0.0, 50.0, -72.0])
@pytest.mark.parametrize("spread_deg", [0.01, 0.1, 0.5])
def test_distances_are_those_of_postgis(connection, lat, spread_deg):
    rng = np.random.default_rng([int(abs(lat)), int(spread_deg * 100)])
    line = _line(rng, spread_deg, lat)
    lon, lat_of = _about(rng, line, 500_000.0, 300)
    ours = gb.border_along(line, source=HAND).index.nearest(lon, lat_of).distance_m
    more = _distances_m(connection, line, lon, lat_of) - ours
    assert more.min() >= -_STRAY_M
    assert (more <= _STRAY_M + 2.0 / 298.0 * ours).all()
    # Nearly always the same stretch is nearest on the sphere.
    assert (more <= _STRAY_M + _SPHERICAL_FOOT * ours).mean() > 0.97


@needs_postgis
@pytest.mark.parametrize(
    ("lat", "spread_deg", "width_m"),
    [(0.0, 0.02, 1_000.0), (50.0, 0.1, 10_000.0), (-60.0, 0.3, 30_000.0), (50.0, 0.05, 300.0)],
)
def test_buffers_of_postgis_stray_by_the_scale_of_their_plane(connection, lat, spread_deg, width_m):
    line = _line(np.random.default_rng(int(width_m)), spread_deg, lat)
    # With 64 edges per quarter circle, arcs are short by (π/256)²/2 of the width, which is 8·10⁻⁵.
    sql = "SELECT ST_AsBinary(ST_Buffer(ST_GeomFromWKB(%s, 4326)::geography, %s, 64)::geometry)"
    wkb = connection.execute(sql, (shapely.to_wkb(line), width_m)).fetchone()[0]
    theirs = shapely.from_wkb(wkb)
    border = gb.border_along(line, source=HAND)
    zone = gb.build_zone(border, km=width_m / 1e3, tolerance_m=width_m * 1e-5)
    vertices = shapely.get_coordinates(theirs.boundary)
    off = np.abs(border.index.nearest(*vertices.T).distance_m - width_m) / width_m
    ours = shapely.get_coordinates(zone.polygon.boundary)
    kept = np.abs(border.index.nearest(*ours.T).distance_m - width_m) / width_m
    # The error of the scale at the edge of a UTM zone.
    assert off.max() <= 1e-3
    assert kept.max() <= 2e-5
    area = area_m2(theirs) / 1e6
    assert zone.area_km2 == pytest.approx(area, rel=1e-3)

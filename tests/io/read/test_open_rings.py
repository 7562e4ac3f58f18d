"""Rings that do not end where they begin: closed in every format, and told."""

import json
import struct

import geopandas as gpd
import pyarrow as pa
import pytest
import shapely
from pyarrow import parquet

import geobuffer as gb

SOURCE = gb.Source("drawn by hand")
RING = [(30, 50), (31, 50), (31, 51), (30, 51)]


def _write_geojson(path, ring):
    shape = {"type": "Polygon", "coordinates": [ring]}
    row = {"type": "Feature", "properties": {"name": "Park"}, "geometry": shape}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [row]}))


def _write_topojson(path, ring):
    shape = {"type": "Polygon", "arcs": [[0]], "properties": {"name": "Park"}}
    parks = {"type": "GeometryCollection", "geometries": [shape]}
    path.write_text(json.dumps({"type": "Topology", "objects": {"parks": parks}, "arcs": [ring]}))


def _write_kml(path, ring):
    pairs = " ".join(f"{lon},{lat}" for lon, lat in ring)
    path.write_text(
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Placemark><name>Park</name><Polygon>'
        f"<outerBoundaryIs><LinearRing><coordinates>{pairs}</coordinates></LinearRing>"
        "</outerBoundaryIs></Polygon></Placemark></kml>"
    )


def _write_csv(path, ring):
    pairs = ", ".join(f"{lon} {lat}" for lon, lat in ring)
    path.write_text(f'name,wkt\nPark,"POLYGON (({pairs}))"\n')


def _write_shapefile(path, ring):
    closed = gpd.GeoDataFrame({"name": ["Park"]}, geometry=[shapely.Polygon(ring)], crs=4326)
    closed.to_file(path)
    content = bytearray(path.read_bytes())
    # The last vertex, which closes the ring, becomes the one before it.
    struct.pack_into("<2d", content, len(content) - 16, *_find_last_but_one(content))
    path.write_bytes(content)


def _find_last_but_one(content):
    return struct.unpack_from("<2d", content, len(content) - 32)


def _write_parquet(path, ring):
    shape = shapely.Polygon(ring)
    gpd.GeoDataFrame({"name": ["Park"]}, geometry=[shape], crs=4326).to_parquet(path)
    content = bytearray(shapely.to_wkb(shape))
    struct.pack_into("<2d", content, len(content) - 16, *_find_last_but_one(content))
    table = parquet.read_table(path)
    at = table.schema.get_field_index("geometry")
    shapes = pa.array([bytes(content)])
    parquet.write_table(table.set_column(at, table.schema.field(at), shapes), path)


WRITERS = {
    "geojson": _write_geojson,
    "topojson": _write_topojson,
    "kml": _write_kml,
    "csv": _write_csv,
    "shp": _write_shapefile,
    "parquet": _write_parquet,
}


@pytest.mark.parametrize("suffix", WRITERS)
def test_open_rings_are_closed_and_told(tmp_path, suffix):
    path = tmp_path / f"park.{suffix}"
    WRITERS[suffix](path, RING)
    with pytest.warns(
        UserWarning, match=rf"park\.{suffix}: rings that do not end where they begin"
    ) as said:
        (park,) = gb.read_regions(path, source=SOURCE)
    assert park.name == "Park"
    assert shapely.equals(park.geometry, shapely.box(30, 50, 31, 51))
    assert len(said) == 1


def test_a_ring_of_two_vertices_is_refused_by_row(tmp_path):
    path = tmp_path / "park.geojson"
    _write_geojson(path, RING[:2])
    with pytest.raises(gb.GeometryError, match=r"in row 0 of .*park\.geojson: Too few points"):
        gb.read_regions(path, source=SOURCE)


def test_warns_of_open_rings_of_shared_arcs_by_row(tmp_path):
    """Arcs in steps of a tenth of a degree: two rows share one, in either direction."""
    around, shared = [[300, 510], [0, -10], [10, 0]], [[310, 500], [0, 10], [-10, 0]]
    beyond = [[310, 500], [10, 0], [0, 20], [-20, -10]]
    rings = {"Park": [0, 1], "Lake": [-2, 2], "Open": [0], "Wood": [-3, 1], "Half": [-2]}
    shapes = [
        {"type": "MultiPolygon", "arcs": [[arcs]], "properties": {"name": name}}
        for name, arcs in rings.items()
    ]
    shapes.insert(1, {"type": None, "properties": {"name": "no shape, so no row"}})
    path = tmp_path / "parks.json"
    path.write_text(
        json.dumps(
            {
                "type": "Topology",
                "transform": {"scale": [0.1, 0.1], "translate": [0, 0]},
                "objects": {"parks": {"type": "GeometryCollection", "geometries": shapes}},
                "arcs": [around, shared, beyond],
            }
        )
    )
    with pytest.warns(UserWarning, match=r"do not end .* edge: 2 \(rows 2, 4\)\."):
        parks = gb.read_regions(path, source=SOURCE)
    assert shapely.equals(parks["Park"].geometry, shapely.box(30, 50, 31, 51))
    assert shapely.equals(parks["Lake"].geometry, parks["Wood"].geometry)

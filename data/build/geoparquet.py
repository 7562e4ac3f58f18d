"""Write Parquet tables with zstd and a fixed order; the only metadata are those of GeoParquet."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from pyproj import CRS
from settlement import APPROXIMATE_SCHEMA, SCHEMA, Settlement


def describe_geometry(geometries: np.ndarray[Any, np.dtype[np.object_]]) -> str:
    """Return the `geo` metadata of GeoParquet 1.1, in EPSG:4326, longitude first."""
    kinds = sorted({geometry.geom_type for geometry in geometries})
    bounds = shapely.total_bounds(geometries).tolist()
    crs = CRS("EPSG:4326").to_json_dict()
    column = {"encoding": "WKB", "geometry_types": kinds, "crs": crs, "bbox": bounds}
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
    return json.dumps(geo, sort_keys=True)


def write_table(path: Path, table: pa.Table, geometries: list[shapely.Geometry] | None) -> None:
    """Write a table, with its geometries as last column if there are any."""
    metadata: dict[str, str] = {}
    if geometries is not None:
        shapes = np.array(geometries, dtype=object)
        wkb = pa.array([shapely.to_wkb(shape, byte_order=1) for shape in shapes], pa.binary())
        table = table.append_column("geometry", wkb)
        metadata["geo"] = describe_geometry(shapes)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Level 19 takes a second and saves an eighth of the size. We leave out the Arrow schema, so
    # that the bytes depend only on the content and not on the version of pyarrow.
    with pq.ParquetWriter(
        path, table.schema, compression="zstd", compression_level=19, store_schema=False
    ) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata(metadata)


def write_settlements(path: Path, rows: list[Settlement], *, located: bool) -> None:
    """Write a settlement file; without positions it has approximate ones and no geometry."""
    schema = SCHEMA if located else pa.schema([*SCHEMA, *APPROXIMATE_SCHEMA])
    columns = {name: [getattr(row, name) for row in rows] for name in schema.names}
    points = [shapely.Point(row.lon, row.lat) for row in rows] if located else None
    write_table(path, pa.table(columns, schema=schema), points)

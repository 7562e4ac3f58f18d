"""Whether GDAL has written all: it says nothing of a last buffer for which the disk had no room.

Formats of one stream are made in memory instead, and written by us; these are of several files or
parts, so they are looked at where they lie.
"""

from __future__ import annotations

import sqlite3
import struct
from contextlib import closing
from typing import TYPE_CHECKING

import shapely

from geobuffer.errors import WriteError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

# The head of a .shp and of a .shx; in the latter, eight bytes a shape follow.
_HEAD, _ENTRY = 100, 8

_COUNT = "SELECT feature_count FROM gpkg_ogr_contents WHERE table_name = ?"


def check_whole_geopackage(path: Path, layer: str, table: pd.DataFrame) -> None:
    """Refuse a GeoPackage whose layer lacks rows, their count, or its spatial index.

    Raises
    ------
    WriteError
        It is not whole.
    """
    import geopandas as gpd

    quoted = '"{}"'.format(layer.replace('"', '""'))
    wanted: list[tuple[str, str, tuple[str, ...], int]] = [
        ("rows", f"SELECT count(*) FROM {quoted}", (), len(table)),  # noqa: S608 - quoted
        ("count of rows", _COUNT, (layer,), len(table)),
    ]
    if isinstance(table, gpd.GeoDataFrame):
        shapes = table.geometry.to_numpy()
        index = '"{}"'.format(f"rtree_{layer}_geom_rowid".replace('"', '""'))
        there = int((~(shapely.is_missing(shapes) | shapely.is_empty(shapes))).sum())
        wanted.append(("spatial index", f"SELECT count(*) FROM {index}", (), there))  # noqa: S608
    try:
        with closing(sqlite3.connect(path)) as database:
            for what, question, values, number in wanted:
                found = database.execute(question, values).fetchone()
                if found is None or found[0] != number:
                    raise WriteError(_lacking(path, f"the {what} of {layer!r}"))
    except sqlite3.Error as error:
        raise WriteError(_lacking(path, f"a part of {layer!r} ({error})")) from error


def check_whole_shapefile(path: Path, rows: int) -> None:
    """Refuse a shapefile whose files are not as long as their own heads and the rows say.

    Raises
    ------
    WriteError
        It is not whole.
    """
    shapes, index = path.read_bytes()[:_HEAD], path.with_suffix(".shx").read_bytes()[:_HEAD]
    # Counted in words of two bytes.
    lengths = [2 * struct.unpack(">i", head[24:28])[0] for head in (shapes, index)]
    with path.with_suffix(".dbf").open("rb") as file:
        count, head, row = struct.unpack("<IHH", file.read(12)[4:])
    wanted = {
        ".shp": lengths[0],
        ".shx": _HEAD + _ENTRY * rows,
        # After the last row stands a mark of the end.
        ".dbf": head + rows * row + 1,
    }
    for suffix, length in wanted.items():
        if path.with_suffix(suffix).stat().st_size != length:
            raise WriteError(_lacking(path, suffix))
    if lengths[1] != wanted[".shx"] or count != rows:
        raise WriteError(_lacking(path, "rows"))
    for suffix in (".prj", ".cpg"):
        if not path.with_suffix(suffix).stat().st_size:
            raise WriteError(_lacking(path, suffix))


def _lacking(path: Path, what: str) -> str:
    return (
        f"Cannot write {path.name!r} whole: GDAL left out {what}, most likely as the disk is full "
        "or files may not be as large here. What stood there, if anything, is as it was. Must have "
        "room for the old and the new file: make some, or write to another disk."
    )

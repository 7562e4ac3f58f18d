"""Writing answered batches one after another, to Parquet or CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geobuffer.bulk.points import from_struct
from geobuffer.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from geobuffer.bulk.opening import Coordinates, Rows


def check_plain(rows: Rows, target: Path) -> None:
    """Refuse CSV for a table with columns that it cannot hold, before anything is computed."""
    import pyarrow as pa

    unfit = (pa.types.is_nested, pa.types.is_binary, pa.types.is_large_binary)
    for field in rows.schema:
        known = {*rows.at.columns, rows.at.boxes}
        if field.name not in known and any(is_(field.type) for is_ in unfit):
            raise DataError(
                f"Invalid file {str(target)!r}: CSV cannot hold the column {field.name!r} of type "
                f"{field.type}. Must be .parquet, or a folder."
            )


class Writer:
    """Writes tables one after another to a Parquet or CSV file; made when the first one comes."""

    def __init__(self, path: Path, rows: Rows) -> None:
        self._path, self._rows = path, rows
        self._file: Any = None

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, table: pa.Table) -> None:
        """Write a table after those that were written before."""
        if self._path.suffix.lower() == ".csv":
            table = _plain(table, self._rows.at)
        # The source's own notes (what its geometry is, above all) hold for its rows.
        table = table.replace_schema_metadata(self._rows.schema.metadata)
        if self._file is None:
            self._file = self._made(table.schema)
        self._file.write_table(table)

    def _made(self, schema: pa.Schema) -> Any:
        import pyarrow.parquet as pq
        from pyarrow import csv

        if self._path.suffix.lower() == ".csv":
            return csv.CSVWriter(
                self._path, schema, write_options=csv.WriteOptions(quoting_style="needed")
            )
        return pq.ParquetWriter(self._path, schema, compression="zstd")


def _plain(table: pa.Table, at: Coordinates) -> pa.Table:
    """Return a table with names written out and geometry as well-known text, for CSV."""
    import pyarrow as pa

    if at.boxes in table.column_names:
        table = table.drop_columns(at.boxes)
    columns = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_dictionary(column.type):
            columns.append(column.cast(column.type.value_type))
        elif name in at.columns and at.encoding == "WKB":
            shapes = shapely.from_wkb(column.to_numpy())
            columns.append(pa.array(shapely.to_wkt(shapes, rounding_precision=9), pa.string()))
        elif name in at.columns and at.encoding == "point":
            lon, lat = from_struct(column.combine_chunks(), 0)
            texts = shapely.to_wkt(shapely.points(lon, lat), rounding_precision=9)
            columns.append(pa.array(texts, mask=np.isnan(lon)))
        else:
            columns.append(column)
    return pa.table(columns, names=table.column_names)

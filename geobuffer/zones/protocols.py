"""Pass nouns to other libraries: as a table, a GeoJSON Feature or an Arrow stream.

``shapely.geometry.shape(zone)``, ``GeoDataFrame.from_features([zone])`` and lonboard take the
Feature (https://gist.github.com/sgillies/2217756). pyarrow, Polars and DuckDB take the stream
(https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html). Its shapes are WKB
with the GeoArrow type ``geoarrow.wkb``. All three libraries read that encoding, and one column of
it may hold both points and lines.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any

import shapely

from geobuffer.zones.identity import Noun

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    from shapely.geometry.base import BaseGeometry

    from geobuffer.zones.source import Source


class SpatialNoun(Noun):
    """A noun with a shape, which other libraries can take."""

    def to_frame(self) -> gpd.GeoDataFrame:
        """Return the noun as a table, with its facts as columns, in EPSG:4326."""
        raise NotImplementedError

    def _shape(self) -> BaseGeometry | None:
        """Return the whole shape in longitude and latitude; ``None`` for a noun without a shape."""
        raise NotImplementedError

    @property
    def __geo_interface__(self) -> dict[str, Any]:
        """The noun as a GeoJSON Feature: the whole shape, and the facts that all rows share."""
        rows = self.to_frame()
        facts = rows.drop(columns=rows.geometry.name)
        first = facts.iloc[0].to_dict()
        same = {name: first[name] for name in facts if facts[name].nunique(dropna=False) == 1}
        shape = self._shape()
        return {
            "type": "Feature",
            "properties": {name: _to_plain(value) for name, value in same.items()},
            "geometry": None if shape is None else shapely.geometry.mapping(shape),
        }

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return the rows of :meth:`to_frame` as an Arrow stream, in a PyCapsule."""
        return self._arrow.__arrow_c_stream__(requested_schema)

    @cached_property
    def _arrow(self) -> Any:
        """The rows as a table of Arrow.

        We cache the table. DuckDB reads it when it receives the noun, and again in its own threads.
        A new table there would call pyproj for its CRS, which crashes the process.
        """
        import pyarrow as pa

        return pa.table(self.to_frame().to_arrow())


def _to_plain(value: Any) -> Any:
    """Return a value of a table for JSON; a missing number becomes ``None``."""
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and math.isnan(value) else value


def make_name_columns(name: str, names: Mapping[str, str]) -> dict[str, str]:
    """Return the name columns of a row: the short name, and the name in each language."""
    return {"name": name} | {f"name_{language}": text for language, text in names.items()}


def make_source_columns(source: Source) -> dict[str, Any]:
    """Return the columns of a row that describe the source of its shape."""
    return {
        "source": source.title,
        "licence": source.licence,
        "as_of": source.as_of,
        "accuracy_m": math.nan if source.accuracy_m is None else source.accuracy_m,
    }


def make_frame(rows: list[dict[str, Any]], shapes: list[BaseGeometry | None]) -> gpd.GeoDataFrame:
    """Return rows and their shapes as a table in EPSG:4326; missing texts become empty texts."""
    import geopandas as gpd
    import pandas as pd

    table = pd.DataFrame(rows)
    texts = {name: "" for name in table if not pd.api.types.is_numeric_dtype(table[name])}
    table = table.fillna(texts)
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(shapes, crs="EPSG:4326"))

"""Make ``table.geobuffer.buffer(...)`` work on tables of pandas, as a method of theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    import geopandas as gpd


@pd.api.extensions.register_dataframe_accessor("geobuffer")
class TableAccessor:
    """What geobuffer does with a GeoDataFrame, as ``table.geobuffer``.

    It is registered by ``import geobuffer`` where pandas is imported already, and else by the first
    use of a public name of geobuffer.

    Parameters
    ----------
    table
        A GeoDataFrame.

    Raises
    ------
    AttributeError
        The table has no geometry.
    """

    def __init__(self, table: pd.DataFrame) -> None:
        if getattr(table, "active_geometry_name", None) is None:
            # pandas asks for this class of error.
            raise AttributeError("geobuffer works on a GeoDataFrame with an active geometry")
        self._table = table

    def buffer(self, km: Any, **options: Any) -> gpd.GeoDataFrame:
        """Return the zone within a distance of each row, as :func:`geobuffer.buffer`.

        Parameters
        ----------
        km, **options
            As for :func:`geobuffer.buffer`.

        Examples
        --------
        >>> import geopandas as gpd
        >>> import geobuffer as gb
        >>> place = gpd.GeoSeries.from_xy([34.80], [50.91], crs="EPSG:4326")
        >>> clinics = gpd.GeoDataFrame({"km": [2.5]}, geometry=place)
        >>> clinics.geobuffer.buffer(km="km").geom_type.tolist()
        ['Polygon']
        """
        # Imported late: registering must not take the time that geopandas takes.
        from geobuffer.analysis.buffers import buffer

        found: gpd.GeoDataFrame = buffer(self._table, km, **options)
        return found

"""Register an accessor in pandas, so that ``table.geobuffer.buffer(...)`` works."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    import geopandas as gpd


@pd.api.extensions.register_dataframe_accessor("geobuffer")
class TableAccessor:
    """The methods of geobuffer for a GeoDataFrame, as ``table.geobuffer``.

    ``import geobuffer`` registers this accessor if pandas is already imported. Otherwise the first
    use of a public name of geobuffer registers it.

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
            # pandas expects an accessor to raise this class of error.
            raise AttributeError("geobuffer works on a GeoDataFrame with an active geometry")
        self._table = table

    def buffer(self, km: Any, **options: Any) -> gpd.GeoDataFrame:
        """Return the zone within a distance of each row, like :func:`geobuffer.buffer`.

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
        # Imported here, because importing geopandas would make the registration slow.
        from geobuffer.analysis.buffers import buffer

        found: gpd.GeoDataFrame = buffer(self._table, km, **options)
        return found

# ruff: noqa: INP001
"""The pages of other packages that the reference links to, by the name of the type.

Sphinx's own way, intersphinx, fetches a list of all names of each package in every build. This one
builds without a network.
"""

from __future__ import annotations

_PANDAS = "https://pandas.pydata.org/docs/reference/api/pandas."
_GEOPANDAS = "https://geopandas.org/en/stable/docs/reference/api/geopandas."
_SHAPELY = "https://shapely.readthedocs.io/en/stable/"
_NUMPY = "https://numpy.org/doc/stable/reference/typing.html#numpy.typing."
_PYTHON = "https://docs.python.org/3/library/"

OTHER_SITES = {
    "DataFrame": f"{_PANDAS}DataFrame.html",
    "Series": f"{_PANDAS}Series.html",
    "GeoDataFrame": f"{_GEOPANDAS}GeoDataFrame.html",
    "GeoSeries": f"{_GEOPANDAS}GeoSeries.html",
    "Point": f"{_SHAPELY}reference/shapely.Point.html",
    "LineString": f"{_SHAPELY}reference/shapely.LineString.html",
    "MultiLineString": f"{_SHAPELY}reference/shapely.MultiLineString.html",
    "Polygon": f"{_SHAPELY}reference/shapely.Polygon.html",
    "MultiPolygon": f"{_SHAPELY}reference/shapely.MultiPolygon.html",
    "BaseGeometry": f"{_SHAPELY}geometry.html",
    "ArrayLike": f"{_NUMPY}ArrayLike",
    "NDArray": f"{_NUMPY}NDArray",
    "CRS": "https://pyproj4.github.io/pyproj/stable/api/crs/crs.html#pyproj.crs.CRS",
    "Map": "https://python-visualization.github.io/folium/latest/reference.html#folium.folium.Map",
    "DataArray": "https://docs.xarray.dev/en/stable/generated/xarray.DataArray.html",
    "Table": "https://arrow.apache.org/docs/python/generated/pyarrow.Table.html",
    "Axes": "https://matplotlib.org/stable/api/_as_gen/matplotlib.axes.Axes.html",
    "Figure": "https://matplotlib.org/stable/api/_as_gen/matplotlib.figure.Figure.html",
    "Path": f"{_PYTHON}pathlib.html#pathlib.Path",
    "date": f"{_PYTHON}datetime.html#datetime.date",
    "Iterable": f"{_PYTHON}collections.abc.html#collections.abc.Iterable",
    "Iterator": f"{_PYTHON}collections.abc.html#collections.abc.Iterator",
    "Mapping": f"{_PYTHON}collections.abc.html#collections.abc.Mapping",
    "Sequence": f"{_PYTHON}collections.abc.html#collections.abc.Sequence",
    "Callable": f"{_PYTHON}collections.abc.html#collections.abc.Callable",
}

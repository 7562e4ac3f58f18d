"""Write zones, tables, grids, maps and pictures to files in the format that the suffix names.

Before writing, we adapt a table to its format: names and kinds of columns, one geometry in degrees,
and the index as columns. Every file is written atomically.
"""

from __future__ import annotations

import io
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geobuffer.errors import DataError, WriteError, did_you_mean, missing_crs
from geobuffer.io.atomic import (
    check_name_length,
    check_whole_geopackage,
    check_writable,
    replace_file,
)
from geobuffer.io.write.csv_tables import CsvStyle, find_csv_style, write_csv
from geobuffer.io.write.excel import check_xlsxwriter, write_workbook
from geobuffer.io.write.geotiff import check_rasterio, fit_geotiff
from geobuffer.io.write.kml import write_kml
from geobuffer.io.write.qgis_styles import style_border, style_places, style_rings, write_styles
from geobuffer.io.write.shapefile import write_shapefile
from geobuffer.io.write.values import round_distances
from geobuffer.io.zone_file import SECTIONS_LAYER, write_zone_layers
from geobuffer.zones.arguments import PATH, TEXT, Kind, check_arguments, optional
from geobuffer.zones.checks import convert_to_degrees
from geobuffer.zones.source import ORIGIN
from geobuffer.zones.zone import BufferZone, CombinedZone

if TYPE_CHECKING:
    from collections.abc import Callable

    import folium
    import xarray as xr
    from matplotlib.figure import Figure

    from geobuffer.zones.zone import Zone


# GDAL writes these formats. It can write numbers, booleans, dates and texts; Parquet holds more.
_BY_GDAL = (".gpkg", ".geojson", ".fgb", ".shp.zip")


def fit_table(table: pd.DataFrame, suffix: str, path: Path) -> pd.DataFrame:
    """Return a copy of a table, adapted to a format.

    Distances that geobuffer measured are rounded to meaningful digits. Shapes are converted to
    degrees. A meaningful index becomes a column. Values that the format cannot hold, such as
    durations or numbers among texts, become texts. ``path`` is for messages.

    Raises
    ------
    DataError
        Two columns have the same name; in a GeoPackage, which ignores case, also two names that
        differ only in case.
    MissingCRSError
        The geometry has no coordinate reference system.
    """
    table = _add_row_names(_add_origin(_convert_names(round_distances(table))))
    _check_names(table, suffix, path)
    if isinstance(table, gpd.GeoDataFrame):
        table = _keep_one_geometry(_convert_to_degrees(table))
    if suffix in _BY_GDAL or suffix == ".parquet":
        fit = _fit_gdal_column if suffix in _BY_GDAL else _fit_arrow_column
        shape = table.active_geometry_name if isinstance(table, gpd.GeoDataFrame) else None
        changed = {
            name: fitted
            for name in table.columns
            if name != shape and (fitted := fit(table[name])) is not table[name]
        }
        table = table.assign(**changed) if changed else table
    return table


def reserve_names(table: pd.DataFrame) -> dict[str, str]:
    """Return unused names for the two columns that GDAL adds to a GeoPackage.

    >>> reserve_names(pd.DataFrame({"name": []})), reserve_names(pd.DataFrame({"FID": []}))
    ({'FID': 'fid', 'GEOMETRY_NAME': 'geom'}, {'FID': 'fid_1', 'GEOMETRY_NAME': 'geom'})
    """
    taken = {str(name).casefold() for name in table.columns}
    names = {}
    for option, name in (("FID", "fid"), ("GEOMETRY_NAME", "geom")):
        free = (f"{name}_{n}" if n else name for n in range(len(taken) + 1))
        names[option] = next(one for one in free if one not in taken)
    return names


def _convert_to_degrees(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    if table.active_geometry_name is None:
        raise DataError(
            "Invalid table: a GeoDataFrame without geometry. Must have a column of shapes: name it "
            "with set_geometry(), or write a pandas.DataFrame.",
            parameter="thing",
        )
    if table.crs is None:
        raise missing_crs("The table's geometry has", "use set_crs()")
    return convert_to_degrees(table, "the table's geometry")


def _keep_one_geometry(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return a table with one column of shapes, as most formats need; other ones become WKT."""
    more = [
        name
        for name, kind in table.dtypes.items()
        if str(kind) == "geometry" and name != table.active_geometry_name
    ]
    return table.assign(**{name: table[name].to_wkt() for name in more}) if more else table


def _convert_names(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with texts as column names; the levels of a pivot table get spaces between."""
    if all(isinstance(name, str) for name in table.columns):
        return table
    plain: pd.DataFrame = table.set_axis(
        [_name_text(name) for name in table.columns], axis="columns"
    )
    if isinstance(plain, gpd.GeoDataFrame):
        plain = plain.set_geometry(_name_text(table.active_geometry_name))
    return plain


def _name_text(name: Any) -> str:
    return " ".join(map(str, name)).strip() if isinstance(name, tuple) else str(name)


def _add_origin(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with the border and source of its distances as columns, if they are known."""
    from geobuffer._version import __version__

    origin = table.attrs.get(ORIGIN)
    if not origin:
        return table
    facts = {**origin, "made_with": f"geobuffer {__version__}"}
    return table.assign(**{n: fact for n, fact in facts.items() if n not in table.columns})


def _add_row_names(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with its index as columns, if the index is more than row numbers."""
    index = table.index
    if index.nlevels == 1 and index.name is None and pd.api.types.is_integer_dtype(index):
        return table
    taken = {str(name) for name in table.columns}
    names = []
    for level, name in enumerate(index.names):
        plain = str(name) if name is not None else "row" if index.nlevels == 1 else f"row_{level}"
        names.append(plain if plain not in taken else f"{plain}_of_row")
    named = table.copy(deep=False)
    named.index = index.set_names(names)
    return named.reset_index()


def _check_names(table: pd.DataFrame, suffix: str, path: Path) -> None:
    """Check that no two columns have the same name."""
    seen: dict[str, str] = {}
    for name in table.columns:
        key = name.casefold() if suffix == ".gpkg" else name
        if key in seen:
            alike = "" if seen[key] == name else ", and GeoPackage ignores case"
            raise DataError(
                f"Invalid columns {seen[key]!r} and {name!r} for {str(path)!r}: they have the "
                f"same name{alike}. Rename one of them with rename()."
            )
        seen[key] = name


def _fit_gdal_column(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column of a kind that GDAL writes, or as text if GDAL cannot."""
    kind = column.dtype
    if kind == np.float16:
        return column.astype(np.float32)
    # GDAL has signed integers of 64 bits only.
    beyond = kind == np.uint64 and bool((column > np.iinfo(np.int64).max).any())
    odd = beyond or getattr(kind, "kind", "") in "mc" or isinstance(kind, pd.PeriodDtype)
    return _convert_to_text(column) if odd else column


def _fit_arrow_column(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column of a kind that Parquet has, or as text if Parquet cannot hold it."""
    import pyarrow as pa

    try:
        pa.array(column, from_pandas=True)
    except (pa.ArrowException, TypeError, OverflowError):
        return _convert_to_text(column)
    return column


def _convert_to_text(column: pd.Series[Any]) -> pd.Series[Any]:
    return column.astype(object).where(column.notna(), None).map(str, na_action="ignore")


_SHAPES = (".gpkg", ".geojson", ".fgb", ".parquet", ".kml", ".kmz", ".shp.zip")
_TABLES = (".csv", ".xlsx")
_PLAIN = (*_TABLES, ".parquet")
_MAPS = (".html",)
_PICTURES = (".png", ".svg", ".pdf")
_RASTERS = (".tif", ".tiff")

# Pixels to the inch, as journals ask.
_DPI = 300

# The parts of a picture that describe its content and its sources.
_DESCRIPTIONS = ("geobuffer-subtitle", "geobuffer-sources", "geobuffer-citations")


def write(
    thing: Zone | pd.DataFrame | xr.DataArray | folium.Map | Figure,
    path: str | Path,
    *,
    csv_locale: str | None = None,
) -> Path:
    """Write a zone, a table, a grid, a map or a picture to a file, and return the file's path.

    Parameters
    ----------
    thing
        A zone (one row for each ring, with its source), a (Geo)DataFrame, a grid of numbers as
        :func:`geobuffer.distance_grid` returns it, a map (of folium, or as
        :func:`geobuffer.inline` returns it), or a matplotlib figure such as
        :func:`geobuffer.plot_zone` returns.
    path
        The suffix names the format. For zones and tables with geometry, in EPSG:4326: ``.gpkg``
        (for a zone with all that :func:`geobuffer.read_zone` needs), ``.geojson`` (RFC
        7946), ``.fgb``, ``.parquet`` (GeoParquet 1.1), ``.kml`` and ``.kmz``, ``.shp.zip`` (a
        shapefile, with a warning that lists what it cannot hold). For tables, points as
        ``longitude`` and ``latitude``, other shapes as WKT: ``.csv`` (UTF-8 with a byte order mark,
        so that spreadsheets read Cyrillic) and ``.xlsx`` (the extra ``excel``). For tables without
        geometry also ``.parquet``. For grids ``.tif`` and ``.tiff`` (GeoTIFF of 64 bits, north
        up, with NaN for no data; the extra ``raster``). For maps ``.html``. Pictures are
        ``.png`` (300 pixels to the inch), ``.svg`` (letters as shapes) or ``.pdf`` (with its
        fonts): the same picture gives the same bytes, and its title and sources are in its
        metadata too.
    csv_locale
        Only for ``.csv``: the locale of the spreadsheet that opens the file with a double click,
        such as ``"uk"``, ``"ru"``, ``"pl"``, ``"de"``, ``"fr"`` or ``"en_US"``. The locale decides
        the separator and the decimal mark, and we mark texts that would become numbers, dates or
        formulas. By default commas separate the columns, decimals have a point, and texts are
        written unchanged.

    Raises
    ------
    DataError
        The suffix names no format for that thing; ``csv_locale`` is unknown, or the file is not a
        CSV; or a grid has other dimensions than x and y, one column or row, or uneven steps.
    MissingExtra
        A library that writes the format is not installed.
    WriteError
        The folder is missing or read-only, or the target is read-only or not a plain file: we
        check this first. Or the disk is full. An older file of this name stays unchanged.
    MissingCRSError
        A table's geometry, or a grid, has no coordinate reference system.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write(pd.DataFrame({"name": ["Юнаківка"]}), f"{folder}/places.csv")
    ...     print(path.read_text(encoding="utf-8-sig"))
    name
    Юнаківка
    """
    check_arguments(
        thing=(thing, _WRITABLE), path=(path, PATH), csv_locale=(csv_locale, optional(TEXT))
    )
    path = Path(path)
    style = check_csv_locale(path, csv_locale)
    save = _choose_writer(thing, check_target(path, thing), style)
    with replace_file(path) as draft:
        save(draft)
    return path


def check_target(path: str | Path, thing: object) -> Path:
    """Check that a thing can be written to a path, before anything is computed; return the path.

    Raises
    ------
    DataError
        The suffix names no format for that thing.
    WriteError
        The folder is missing or read-only, or the target is a folder, a device or read-only.
    """
    path = Path(path)
    formats = _list_formats(thing)
    if _file_suffix(path) not in formats:
        kind = thing.__name__ if isinstance(thing, type) else type(thing).__name__
        message = f"Invalid file {str(path)!r} for a {kind}. {did_you_mean(path.suffix, formats)}"
        if formats == _PLAIN and _file_suffix(path) in _SHAPES:
            message += " read_settlements() makes points from columns of longitude and latitude."
        raise DataError(message)
    if _file_suffix(path) == ".xlsx":
        check_xlsxwriter()
    if _file_suffix(path) in _RASTERS:
        check_rasterio()
    check_writable(path)
    _check_name(path)
    return path


def check_csv_locale(path: Path, csv_locale: str | None) -> CsvStyle | None:
    """Return how a CSV is written for a locale, ``None`` without a locale.

    Raises
    ------
    DataError
        The locale is unknown, or the file is not a CSV.
    """
    if csv_locale is None:
        return None
    style = find_csv_style(csv_locale)
    if _file_suffix(path) != ".csv":
        raise DataError(
            f"Invalid csv_locale {csv_locale!r} for {str(path)!r}. Must be for a .csv; other "
            "formats are the same in every locale.",
            parameter="csv_locale",
        )
    return style


# In the name of a file, pyogrio reads ! as the end of an archive's name, and GDAL reads ; as the
# end of a table's name. Both drop control characters.
_NO_NAME = re.compile(r"[\x00-\x1f\x7f;!]")
_NO_FOLDER = re.compile(r"[\x00-\x1f\x7f!]")

# Files that are written by libraries which take names in UTF-8 only.
_IN_UTF8 = (*_BY_GDAL, ".parquet")


def _check_name(path: Path) -> None:
    """Refuse a file name that the library for the format cannot open."""
    suffix = _file_suffix(path)
    folder = os.path.realpath(path.parent)
    wrong = ""
    if suffix in _IN_UTF8 and re.search("[\ud800-\udfff]", str(path)):
        wrong = "it is not text in UTF-8"
    elif suffix in {".gpkg", ".shp.zip"} and (found := _NO_FOLDER.search(folder)):
        wrong = f"its folder has {found[0]!r} in its name"
    elif suffix == ".gpkg" and (found := _NO_NAME.search(path.name)):
        wrong = f"it has {found[0]!r} in its name"
    elif suffix == ".gpkg":
        # SQLite writes a journal beside the database.
        check_name_length(path, len("-journal"))
    if wrong:
        raise WriteError(
            f"Invalid file {str(path)!r}: {wrong}, which a {suffix} file must not have. Choose "
            "another name."
        )


def _file_suffix(path: Path) -> str:
    """Return the suffix in small letters; for a zipped Shapefile, both suffixes."""
    zipped = path.name.lower().endswith(".shp.zip")
    return ".shp.zip" if zipped else path.suffix.lower()


def _list_formats(thing: object) -> tuple[str, ...]:
    kind = thing if isinstance(thing, type) else type(thing)
    if issubclass(kind, (BufferZone, CombinedZone)):
        return _SHAPES
    if issubclass(kind, gpd.GeoDataFrame):
        return _SHAPES + _TABLES
    if issubclass(kind, pd.DataFrame):
        return _PLAIN
    if _is_array(kind):
        return _RASTERS
    return _PICTURES if _is_figure(kind) else _MAPS


def _is_page(value: object) -> bool:
    """Return whether a value is a folium map or an OfflinePage, without importing either."""
    return hasattr(value, "save") and (hasattr(value, "get_root") or hasattr(value, "html"))


_WRITABLE = Kind(
    lambda value: (
        isinstance(value, (BufferZone, CombinedZone, pd.DataFrame))
        or _is_figure(type(value))
        or _is_array(type(value))
        or (_is_page(value) and not isinstance(value, type))
    ),
    "a zone, a table of pandas or geopandas, a DataArray of xarray, a map of folium, a page of "
    "inline() or a figure of matplotlib (of axes, their .figure)",
    takes_tables=True,
)


def _is_figure(kind: type) -> bool:
    return _is_subclass(kind, "matplotlib.figure", "Figure")


def _is_array(kind: type) -> bool:
    return _is_subclass(kind, "xarray.core.dataarray", "DataArray")


def _is_subclass(kind: type, module: str, name: str) -> bool:
    """Return whether a class is one of a library, without importing the library."""
    return any((c.__module__, c.__name__) == (module, name) for c in kind.__mro__)


def _choose_writer(thing: Any, target: Path, style: CsvStyle | None) -> Callable[[Path], Any]:
    suffix = _file_suffix(target)
    if suffix == ".html":
        return lambda path: thing.save(str(path))
    if suffix in _PICTURES:
        return lambda path: _save_picture(thing, path, suffix)
    if suffix in _RASTERS:
        return fit_geotiff(thing)
    is_zone = isinstance(thing, (BufferZone, CombinedZone))
    if is_zone and suffix in {".kml", ".kmz"}:
        return lambda path: write_kml(thing, path)
    table = fit_table(thing.to_frame() if is_zone else thing, suffix, target)
    writers: dict[str, Callable[[Path], Any]] = {
        ".csv": lambda path: write_csv(_drop_geometry(table), path, style),
        ".xlsx": lambda path: write_workbook(_drop_geometry(table), path),
        ".kml": lambda path: write_kml(table, path),
        ".kmz": lambda path: write_kml(table, path),
        ".shp.zip": lambda path: write_shapefile(table, path),
        ".parquet": lambda path: _write_parquet(table, path),
        ".gpkg": lambda path: _write_geopackage(thing if is_zone else None, table, path),
    }
    return writers.get(suffix, lambda path: _write_layer(table, path, suffix))


def _write_geopackage(
    zone: BufferZone | CombinedZone | None, table: gpd.GeoDataFrame, path: Path
) -> None:
    """Write a table, or a zone with its rings as the table, with the styles for QGIS."""
    layer, shapes_in = _write_layer(table, path, ".gpkg"), reserve_names(table)["GEOMETRY_NAME"]
    if zone is None:
        style = style_places(table, layer, shapes_in)
        write_styles(path, [] if style is None else [style])
        return
    write_zone_layers(zone, path, layer)
    write_styles(path, [style_rings(table, layer, shapes_in), style_border(SECTIONS_LAYER)])


def _write_layer(table: gpd.GeoDataFrame, path: Path, suffix: str) -> str:
    """Write a table as the layer of a file, and return the layer's name."""
    drivers = {".geojson": "GeoJSON", ".fgb": "FlatGeobuf"}
    # RFC 7946 asks for counterclockwise outer rings, no CRS, and at most seven decimals. We write
    # nine (0.1 mm), so that a zone that is read again equals the zone that was written.
    options: dict[str, Any] = {}
    if suffix == ".geojson":
        options = {"RFC7946": "YES", "COORDINATE_PRECISION": 9}
    if suffix == ".gpkg":
        options = reserve_names(table)
    shapes = table.geometry.to_numpy()
    if suffix == ".fgb" and (shapely.is_missing(shapes) | shapely.is_empty(shapes)).any():
        # The index of FlatGeobuf allows no row without a shape. Queries are slower without it.
        options = {"SPATIAL_INDEX": "NO"}
    layer = _layer_name(path)
    if suffix == ".gpkg":
        table.to_file(path, driver="GPKG", layer=layer, index=False, **options)
        check_whole_geopackage(path, layer, table, shapes_in=options["GEOMETRY_NAME"])
        return layer
    # Make the file in memory: GDAL does not report a failed last write on a full disk.
    made = io.BytesIO()
    table.to_file(made, driver=drivers[suffix], layer=layer, index=False, **options)
    path.write_bytes(made.getbuffer())
    return layer


def _write_parquet(table: pd.DataFrame, path: Path) -> None:
    if not isinstance(table, gpd.GeoDataFrame):
        table.to_parquet(path, index=False)
        return
    # GeoParquet 1.1 has a column of bounding boxes, with which readers skip distant rows.
    covering = "bbox" not in table.columns
    table.to_parquet(path, index=False, schema_version="1.1.0", write_covering_bbox=covering)


def _save_picture(figure: Figure, path: Path, suffix: str) -> None:
    """Save a picture reproducibly: without a date, and with fixed ids."""
    import matplotlib as mpl

    settings: dict[Any, Any] = {
        "svg.hashsalt": "geobuffer",
        "svg.fonttype": "path",
        "pdf.fonttype": 42,
    }
    with mpl.rc_context(settings):
        dpi = figure.dpi if figure.get_gid() == "geobuffer-pixels" else _DPI
        figure.savefig(path, dpi=dpi, metadata=_picture_metadata(figure, suffix))


def _picture_metadata(figure: Figure, suffix: str) -> dict[str, str | None]:
    """Return the metadata of a picture, with the keys of its format."""
    title = " ".join(figure.get_suptitle().split())
    about = " ".join(
        " ".join(t.get_text() for t in figure.texts if t.get_gid() in _DESCRIPTIONS).split()
    )
    fields: dict[str, dict[str, str | None]] = {
        ".png": {"Title": title, "Description": about, "Software": "geobuffer"},
        ".svg": {"Title": title, "Description": about, "Creator": "geobuffer", "Date": None},
        ".pdf": {"Title": title, "Subject": about, "Creator": "geobuffer", "CreationDate": None},
    }
    return {key: text for key, text in fields[suffix].items() if text != ""}


def _layer_name(path: Path) -> str:
    """Return a layer name from a file name; in a GeoPackage it must begin with a letter."""
    name = path.stem.lstrip("`~!@#$%^&*()+-={}|[]\\:\";'<>?,./ ") or "layer"
    # This prefix is reserved for our own layers.
    return f"layer {name}" if name.lower().startswith("geobuffer_") else name


def _drop_geometry(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table without geometry: points as longitude and latitude, others as WKT."""
    if not isinstance(table, gpd.GeoDataFrame):
        return table
    shapes = table.geometry
    flat = pd.DataFrame(table.drop(columns=shapes.name))
    flat.attrs = table.attrs
    made = ("longitude", "latitude", "wkt")
    # Existing columns of these names get other names: the shapes are the current positions.
    flat = flat.rename(columns={n: f"{n}_original" for n in made if n in flat.columns})
    if (shapes.geom_type.dropna() == "Point").all():
        # Six decimals: 0.1 m, far below the accuracy of any gazetteer.
        return flat.assign(longitude=shapes.x.round(6), latitude=shapes.y.round(6))
    return flat.assign(wkt=shapely.to_wkt(shapes.to_numpy(), rounding_precision=9))

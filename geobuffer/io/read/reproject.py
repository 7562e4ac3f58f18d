"""Convert shapes of any reference system to longitude and latitude."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
import shapely
from pyproj.exceptions import ProjError
from pyproj.transformer import TransformerGroup

from geobuffer.errors import DataError, MissingCRSError, missing_crs
from geobuffer.geodesy.projected_edges import keep_edges_straight

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geobuffer.io.read.source_table import SourceTable

    Shapes = NDArray[np.object_]


_DEGREES = pyproj.CRS("EPSG:4326")

# A conversion with a smaller error needs no note, because few positions are known better.
_EXACT_M = 1.0


def reproject_to_degrees(table: SourceTable, crs: object) -> None:
    """Convert the shapes of a table to longitude and latitude (EPSG:4326).

    Raises
    ------
    MissingCRSError
        Neither the file nor ``crs`` states their reference system.
    DataError
        ``crs`` is unknown, or a shape lies where its reference system is not defined.
    """
    shapes = table.required_shapes
    system = _choose_crs(table, crs)
    if system is None:
        raise _unknown_crs_error(table, shapes)
    if _is_degrees(system):
        return
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    _note_unknown_datum_shift(table, system)
    try:
        convert = pyproj.Transformer.from_crs(system, _DEGREES, always_xy=True)
    except ProjError as error:
        raise DataError(
            f"Invalid reference system {system.name} of {table.name}: it cannot be converted to "
            f"longitude and latitude on Earth ({error}). Must be one that can; crs= names another."
        ) from error
    parts = shapes[there]
    # Only straight edges need this: geodesics and loxodromes are not straight in a projection.
    if not system.is_geographic and table.edges == "straight":
        parts = keep_edges_straight(parts, convert)
    moved = shapely.transform(parts, lambda xy: np.stack(convert.transform(*xy.T), axis=1))
    beyond = [not np.isfinite(shapely.get_coordinates(shape)).all() for shape in moved]
    if any(beyond):
        row = np.flatnonzero(there)[beyond.index(True)]
        raise DataError(
            f"Invalid geometry in {table.cite_row(row)}: it lies where {system.name} is not "
            "defined. Must be in that system; crs= names another."
        )
    table.shapes = shapes.copy()
    table.shapes[there] = moved


def _choose_crs(table: SourceTable, crs: object) -> pyproj.CRS | None:
    """Return the reference system: the one that the caller names, else that of the file."""
    own = pyproj.CRS.from_user_input(table.crs) if table.crs is not None else None
    if own is not None and not (own.is_geographic or own.is_projected):
        own = None  # GeoPackage's "undefined", or an engineering system
    if crs is None:
        return own
    named = parse_crs(crs)
    # GeoJSON and KML have a fixed system, so a stated crs contradicts the file only if the file
    # states an unusual one.
    if own is not None and not (table.crs_is_fixed and _is_degrees(own)) and own != named:
        table.notes.append(
            f"its own reference system, {own.name}, is not used: crs= names another."
        )
    return named


def parse_crs(crs: Any) -> pyproj.CRS:
    """Return the reference system that the caller names.

    Raises
    ------
    DataError
        The name is unknown, or the system does not describe places on Earth.
    """
    try:
        named = pyproj.CRS.from_user_input(crs)
    except (pyproj.exceptions.CRSError, AttributeError, TypeError, ValueError, KeyError) as error:
        message = f"Invalid crs {crs!r:.200}. Must be such as 'EPSG:4326'."
        raise DataError(message, parameter="crs") from error
    if not (named.is_geographic or named.is_projected):
        message = f"Invalid crs {crs!r:.200}. Must be geographic or projected."
        raise DataError(message, parameter="crs")
    return named


def _is_degrees(system: pyproj.CRS) -> bool:
    """Return whether a system is WGS 84 in degrees, in either order of axes."""
    return (
        system.to_2d().equals(_DEGREES, ignore_axis_order=True)
        if system.is_geographic and not system.is_bound
        else False
    )


def _unknown_crs_error(table: SourceTable, shapes: Shapes) -> MissingCRSError:
    west, south, east, north = shapely.total_bounds(shapes)
    fits = west >= -180 and east <= 180 and south >= -90 and north <= 90
    hint = (
        'crs="EPSG:4326" fits the range of its coordinates'
        if fits
        else f"its coordinates, from {west:g} {south:g} to {east:g} {north:g}, are not degrees: "
        'pass crs="EPSG:…" of their projection'
    )
    if table.name.lower().endswith(".shp"):
        return missing_crs(f"{table.name}, which has no .prj file beside it, has", hint)
    return missing_crs(f"{table.name} has", hint)


def _note_unknown_datum_shift(table: SourceTable, system: pyproj.CRS) -> None:
    """Note if PROJ knows no shift between the datums, or lacks the file of the best one."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Best transformation is not available")
        group = TransformerGroup(system, _DEGREES, always_xy=True)
    ways = group.transformers
    if not ways or "ballpark" in ways[0].description.lower():
        table.notes.append(
            f"no shift is known from the datum of {system.name} to WGS 84; positions may be off by "
            "some hundred metres."
        )
    elif not group.best_available and not 0.0 <= ways[0].accuracy <= _EXACT_M:
        grids = [g.short_name for way in group.unavailable_operations for g in way.grids]
        about = f"{ways[0].accuracy:g} m" if ways[0].accuracy > 0 else "some metres"
        fetch = f"; pyproj sync --file {grids[0]} fetches a better conversion" if grids else ""
        table.notes.append(
            f"positions were converted from {system.name} with an error of up to {about}{fetch}."
        )

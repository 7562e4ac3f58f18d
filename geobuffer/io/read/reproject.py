"""Convert shapes of any reference system to longitude and latitude, and keep their edges straight.

An edge that is straight in a projection is curved in longitude and latitude. We add vertices until
no piece of it deviates by more than 0.1 m.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
import shapely
from pyproj.exceptions import ProjError
from pyproj.transformer import TransformerGroup

from geobuffer.errors import DataError, MissingCRSError, missing_crs
from geobuffer.geodesy.antimeridian import wrap_degrees

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geobuffer.geodesy.ellipsoid import Floats
    from geobuffer.io.read.source_table import SourceTable

    Shapes = NDArray[np.object_]


_DEGREES = pyproj.CRS("EPSG:4326")

# The largest deviation of a piece of an edge: the same as that of a zone's edges by default.
_BEND_M = 0.1
_DEGREE_M = 111_320.0

# A conversion that errs by less is not worth a note: few positions are known better.
_EXACT_M = 1.0

# Enough for half a great circle in pieces that deviate by 0.1 m.
_MOST_PIECES = 10_000

# Two rounds are enough, except for edges across an interruption of a projection, which would never
# end.
_ROUNDS = 4


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
            f"Invalid reference system {system.name} of {table.name}: it does not lead to "
            "longitude "
            f"and latitude on Earth ({error}). Must be one that does; crs= names another."
        ) from error
    parts = shapes[there]
    # An edge that is a geodesic or a loxodrome is no straight line in a projection.
    if not system.is_geographic and table.edges == "straight":
        parts = _densify_shapes(parts, convert)
    moved = shapely.transform(parts, lambda xy: np.stack(convert.transform(*xy.T), axis=1))
    beyond = [not np.isfinite(shapely.get_coordinates(shape)).all() for shape in moved]
    if any(beyond):
        row = np.flatnonzero(there)[beyond.index(True)]
        raise DataError(
            f"Invalid geometry in {table.cite_row(row)}: it lies where {system.name} is not "
            "defined. "
            "Must be in that system; crs= names another."
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
    # A GeoJSON or KML states its system only if that is an unusual one.
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
        fetch = f"; pyproj sync --file {grids[0]} fetches what is better" if grids else ""
        table.notes.append(
            f"positions were converted from {system.name} with an error of up to {about}{fetch}."
        )


def _densify_shapes(shapes: Shapes, convert: pyproj.Transformer) -> Shapes:
    """Add vertices to edges that are curved in longitude and latitude.

    An edge that two shapes share gets exactly the same vertices in both, in either direction: the
    pieces are counted from the end with the smaller coordinates.
    """
    if not len(shapes) or (shapely.get_dimensions(shapes) == 0).all():
        return shapes
    # Half an edge deviates by a quarter only if its curvature is even, so we repeat the step.
    for _ in range(_ROUNDS):
        shapes, cut = _densify_once(shapes, convert)
        if not cut:
            break
    return shapes


def _densify_once(shapes: Shapes, convert: pyproj.Transformer) -> tuple[Shapes, bool]:
    """Add vertices where a first look needs them, and return whether there were any."""
    kind, xy, offsets = shapely.to_ragged_array(shapes)
    ends = np.zeros(len(xy), dtype=bool)
    ends[offsets[0][1:] - 1] = True
    pieces = _count_pieces(xy, ends, convert)
    owner = np.repeat(np.arange(len(xy)), pieces)
    first = np.cumsum(pieces) - pieces
    nth = (np.arange(len(owner)) - first[owner]).astype(float)
    start, stop = xy[owner], xy[np.minimum(owner + 1, len(xy) - 1)]
    turned = (stop[:, 0] < start[:, 0]) | ((stop[:, 0] == start[:, 0]) & (stop[:, 1] < start[:, 1]))
    low, high = np.where(turned[:, None], stop, start), np.where(turned[:, None], start, stop)
    share = np.where(turned, pieces[owner] - nth, nth) / pieces[owner]
    cut = np.where(nth[:, None] == 0.0, start, low + (high - low) * share[:, None])
    rings = np.append(first, len(owner))[offsets[0]]
    made = shapely.from_ragged_array(kind, cut, (rings, *offsets[1:]))
    return np.asarray(made), bool((pieces > 1).any())


def _count_pieces(
    xy: Floats, ends: NDArray[np.bool_], convert: pyproj.Transformer
) -> NDArray[np.int64]:
    """Return the number of pieces for the edge from each vertex to the next."""
    pieces = np.ones(len(xy), dtype=np.int64)
    edge = np.flatnonzero(~ends)
    middle = (xy[edge] + xy[edge + 1]) / 2.0
    lon, lat = convert.transform(*xy.T)
    at_lon, at_lat = convert.transform(*middle.T)
    half = lon[edge] + wrap_degrees(lon[edge + 1] - lon[edge]) / 2.0
    north = at_lat - (lat[edge] + lat[edge + 1]) / 2.0
    east = wrap_degrees(at_lon - half) * np.cos(np.radians(at_lat))
    bend = np.hypot(north, east) * _DEGREE_M
    wanted = np.ceil(np.sqrt(np.nan_to_num(bend, nan=0.0, posinf=0.0) / _BEND_M))
    pieces[edge] = np.clip(wanted, 1, _MOST_PIECES).astype(np.int64)
    return pieces

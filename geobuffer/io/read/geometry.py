"""Check the shapes of a file: one kind, two dimensions, finite, in degrees, valid.

The checks also find swapped axes, and put lines into the order and direction of the border that
they form. A border has a left and a right side only if all its lines run in one direction. In files
they seldom do: ways of OpenStreetMap have the direction in which they were drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

from geobuffer.errors import DataError, GeometryError
from geobuffer.geodesy.antimeridian import (
    crosses_antimeridian,
    cut_at_antimeridian,
    cut_line,
    unwrap_polygon,
    wrap_degrees,
)
from geobuffer.geodesy.curved_edges import draw_edges
from geobuffer.geodesy.ellipsoid import inverse, length_m
from geobuffer.io.odd_points import OddPoints, explain_beyond
from geobuffer.io.point_tables import axes_seem_swapped
from geobuffer.io.read.axis_order import order_axes
from geobuffer.io.read.reproject import parse_crs, reproject_to_degrees
from geobuffer.io.read.shape_kinds import unwrap_points
from geobuffer.zones.areas import repair_area
from geobuffer.zones.border import Border
from geobuffer.zones.region import Region

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from shapely.geometry import LineString, MultiLineString

    from geobuffer.geodesy.ellipsoid import Floats, Ints
    from geobuffer.io.read.source_table import SourceTable
    from geobuffer.zones.region import Regions


def check_axis_order(table: SourceTable, near: Region | Regions | Border | None) -> None:
    """Check that the axes of shapes are not swapped, if we know where to expect the shapes.

    Raises
    ------
    DataError
        Most shapes lie near ``near`` only with swapped axes. The message states the first
        coordinates and the remedy.
    """
    if near is None:
        return
    xy = shapely.get_coordinates(table.required_shapes)
    if axes_seem_swapped(xy[:, 0], xy[:, 1], expected_shapes(near)):
        lon, lat = xy[0]
        raise DataError(
            f"Invalid coordinates in {table.name}: longitude {lon:g}, latitude {lat:g} and most "
            "others lie far from where they are expected, but not with longitude and latitude "
            "swapped. Must be in that order; swap=True turns them."
        )


def expected_shapes(near: Region | Regions | Border | None) -> list[shapely.Geometry]:
    """Return the shapes near which points are expected; an empty list if we expect no place."""
    if near is None:
        return []
    if isinstance(near, Border):
        return [near.line]
    return [near.geometry] if isinstance(near, Region) else [one.geometry for one in near]


# Line ends nearer than this are the same point. It is ten times the rounding error of GeoJSON,
# which by default has seven decimals of a degree.
_JOINED_M = 0.1
_EARTH_M = 6.3e6  # less than any radius of the Earth, so that no pair is missed


class OrientedLines(NamedTuple):
    """Lines in the order and direction of the border, and the changes made to them."""

    lines: list[LineString | MultiLineString]
    rows: list[int]
    """The row of each line."""
    turned: list[int]
    """The rows of lines that were reversed, in whole or in part."""
    branches: Floats
    """Longitude and latitude (n, 2) of places where three ends or more meet."""


class _Piece(NamedTuple):
    """A part of a line in a chain; ``backwards`` if it was drawn against the chain."""

    number: int
    backwards: bool


def orient_lines(lines: Sequence[LineString | MultiLineString]) -> OrientedLines:
    """Reverse and sort lines so that lines that meet run in one direction.

    Lines whose ends meet form a chain. A chain runs in the order of its rows. If the rows are not
    in order, the direction in which most of its length was drawn decides. Single lines stay
    unchanged.

    Examples
    --------
    >>> there = shapely.MultiLineString([[(30, 49), (30, 51)], [(30, 52), (30, 51)]])
    >>> runs = orient_lines([there])
    >>> print(runs.lines[0], runs.turned)
    LINESTRING (30 49, 30 51, 30 52) [0]
    """
    parts, owner = shapely.get_parts(np.asarray(lines, dtype=object), return_index=True)
    node, branches = _find_nodes(parts)
    chains = [_orient_chain(chain, owner, parts, node) for chain in _follow_chains(node)]
    # Sort the chains by the first row of each.
    chains.sort(key=lambda chain: min(int(owner[piece.number]) for piece in chain))
    path = [piece for chain in chains for piece in chain]
    order = list(dict.fromkeys(int(owner[piece.number]) for piece in path))
    made = {row: [p for p in path if owner[p.number] == row] for row in order}
    turned = [row for row, pieces in made.items() if any(piece.backwards for piece in pieces)]
    return OrientedLines(
        [_join_pieces(made[row], parts) for row in order], order, sorted(turned), branches
    )


def _find_nodes(parts: Any) -> tuple[Ints, Floats]:
    """Return the nodes (n, 2) at each part's ends, and the places where three ends or more meet."""
    ends = np.array([shapely.get_coordinates(part)[[0, -1]] for part in parts]).reshape(-1, 2)
    # Unit vectors on a sphere: they have no gap at the poles or the antimeridian.
    lon, lat = np.radians(ends).T
    unit = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)
    tree = shapely.STRtree(shapely.points(unit[:, :2]))
    reach = _JOINED_M / _EARTH_M
    a, b = tree.query(tree.geometries, predicate="dwithin", distance=reach)
    a, b = a[a < b], b[a < b]
    near = inverse(*ends[a].T, *ends[b].T)[2] <= _JOINED_M
    node = np.arange(len(ends))
    for one, other in zip(a[near].tolist(), b[near].tolist(), strict=True):
        node[node == node[other]] = node[one]
    _, count = np.unique(node, return_counts=True)
    crowded = np.unique(node)[count > 2]
    where = np.array([ends[np.flatnonzero(node == n)[0]] for n in crowded]).reshape(-1, 2)
    return node.reshape(-1, 2), where


def _follow_chains(node: Ints) -> list[list[_Piece]]:
    """Return the parts as chains, joined at nodes where exactly two ends meet."""
    ends: dict[int, list[tuple[int, int]]] = {}
    for number, pair in enumerate(node.tolist()):
        for end, at in enumerate(pair):
            ends.setdefault(at, []).append((number, end))
    chains: list[list[_Piece]] = []
    done: set[int] = set()
    for number in range(len(node)):
        if number in done:
            continue
        onward = _follow_chain(_Piece(number, backwards=False), node, ends, done)
        back = _follow_chain(_Piece(number, backwards=True), node, ends, done)
        before = [_Piece(p.number, not p.backwards) for p in reversed(back[1:])]
        chains.append(before + onward)
    return chains


def _follow_chain(
    piece: _Piece,
    node: Ints,
    ends: dict[int, list[tuple[int, int]]],
    done: set[int],
) -> list[_Piece]:
    """Return a part and the parts that follow it, up to a free end, a branch or a visited part."""
    chain = [piece]
    done.add(piece.number)
    while True:
        last = chain[-1]
        leaving = (last.number, 0 if last.backwards else 1)
        here = ends[int(node[leaving])]
        if len(here) != 2:
            return chain
        number, end = here[0] if here[1] == leaving else here[1]
        if number in done:
            return chain
        done.add(number)
        chain.append(_Piece(number, backwards=end == 1))


def _orient_chain(chain: list[_Piece], owner: Ints, parts: Any, node: Ints) -> list[_Piece]:
    """Return a chain in the direction of its rows, or else of most of its length."""
    first, last = chain[0], chain[-1]
    closed = node[first.number, int(first.backwards)] == node[last.number, 1 - int(last.backwards)]
    back = [_Piece(piece.number, not piece.backwards) for piece in reversed(chain)]
    if closed and len(chain) > 1:
        back = [back[-1], *back[:-1]]  # a ring begins with the same part in both directions
    up, down = ([int(owner[p.number]) for p in way] for way in (chain, back))
    if (up == sorted(up)) != (down == sorted(down)):
        return chain if up == sorted(up) else back
    backward_m = sum(length_m(parts[piece.number]) for piece in chain if piece.backwards)
    forward_m = sum(length_m(parts[piece.number]) for piece in chain if not piece.backwards)
    if forward_m == backward_m:
        # The first part of the file decides the direction.
        return back if min(chain).backwards else chain
    return chain if forward_m > backward_m else back


def _join_pieces(pieces: Sequence[_Piece], parts: Any) -> LineString | MultiLineString:
    """Return the line of several parts, joined where one part begins at the end of another."""
    runs: list[Floats] = []
    for piece in pieces:
        xy = shapely.get_coordinates(parts[piece.number])
        xy = xy[::-1] if piece.backwards else xy
        if runs and (runs[-1][-1] == xy[0]).all():
            runs[-1] = np.vstack([runs[-1], xy[1:]])
        else:
            runs.append(xy)
    lines = [shapely.LineString(run) for run in runs]
    return lines[0] if len(lines) == 1 else shapely.MultiLineString(lines)


# The geometry types of each kind, and the remedy if a file has another kind.
_TYPES = {
    "polygons": {"Polygon", "MultiPolygon"},
    "lines": {"LineString", "MultiLineString"},
    "points": {"Point", "MultiPoint"},
}
_TYPES["shapes"] = {"GeometryCollection"}.union(*_TYPES.values())
_REMEDIES = {
    ("polygons", "lines"): "lines are read by read_border()",
    ("polygons", "points"): "points are read by read_settlements()",
    ("lines", "polygons"): "areas are read by read_regions(), their outline is border_of()",
    ("lines", "points"): "points are read by read_settlements()",
    ("points", "polygons"): "classify() judges areas that read_settlements() has read; or save "
    "their representative points instead",
    ("points", "lines"): "classify() judges lines that read_settlements() has read; read_border() "
    "makes a border of them",
}


def check_polygons(
    table: SourceTable,
    crs: object,
    *,
    swap: bool = False,
    near: Region | Regions | Border | None = None,
) -> None:
    """Make the shapes of a table valid polygons in degrees.

    ``swap`` reads the first coordinate as the latitude. ``near`` is where the shapes are expected.

    Raises
    ------
    GeometryError
        A row is not a polygon, or repairing it would change its area by more than 1 %.
    DataError, MissingCRSError
        As :func:`geobuffer.io.read.reproject.reproject_to_degrees`; a coordinate is not finite or
        not in degrees; the axes are swapped.
    """
    _check_shapes(table, crs, "polygons", swap=swap)
    shapes = table.required_shapes
    crossing: list[int] = []
    repairs: list[str] = []
    for row in _rows_with_shape(shapes):
        shapes[row] = _settle_shape(table, row, shapes[row], crossing, repairs)
    _note_crossing(table, crossing)
    table.notes.extend(repairs)
    check_axis_order(table, near)


def check_lines(
    table: SourceTable,
    crs: object,
    *,
    swap: bool = False,
    near: Region | Regions | Border | None = None,
) -> None:
    """Make the shapes of a table lines in degrees, cut at the antimeridian.

    Parameters and errors as :func:`check_polygons`.
    """
    _check_shapes(table, crs, "lines", swap=swap)
    shapes = table.required_shapes
    crossing: list[int] = []
    for row in _rows_with_shape(shapes):
        shapes[row] = _settle_shape(table, row, shapes[row], crossing, [])
    _note_crossing(table, crossing)
    check_axis_order(table, near)


def check_any_shapes(table: SourceTable, crs: object, *, swap: bool = False) -> None:
    """Make the shapes of a table points, lines, valid polygons or collections, in degrees.

    Parameters and errors as :func:`check_polygons`.
    """
    _check_shapes(table, crs, "shapes", swap=swap)
    shapes = table.required_shapes
    crossing: list[int] = []
    repairs: list[str] = []
    for row in _rows_with_shape(shapes):
        shapes[row] = _settle_shape(table, row, shapes[row], crossing, repairs)
    _note_crossing(table, sorted(set(crossing)))
    table.notes.extend(repairs)


def _settle_shape(
    table: SourceTable, row: int, shape: Any, crossing: list[int], repairs: list[str]
) -> Any:
    """Repair a shape and cut it at the antimeridian; note the rows that needed a change."""
    if shape.geom_type in _TYPES["points"]:
        return shape
    if shape.geom_type == "GeometryCollection":
        parts = [_settle_shape(table, row, part, crossing, repairs) for part in shape.geoms]
        return shapely.GeometryCollection(parts)
    crosses, shape = _read_edges(table, row, shape)
    if crosses:
        crossing.append(row)
    if shape.geom_type not in _TYPES["polygons"]:
        return shape
    if not shape.is_valid:
        shape = _repair_polygon(table, row, shape, repairs)
    # The parts of a polygon around a pole may touch where its ring began.
    return shapely.union_all([cut_at_antimeridian(shape)]) if crosses else shape


def check_points(table: SourceTable, crs: object, *, swap: bool = False) -> None:
    """Make the shapes of a table points in degrees; a row without coordinates has no point.

    Parameters and errors as :func:`check_polygons`.
    """
    odd = OddPoints()
    _drop_no_places(table, crs, odd, swap=swap)
    if not swap:
        order_axes(table, crs)
    _check_shapes(table, crs, "points", swap=swap)
    shapes = unwrap_points(table.required_shapes)
    several = np.flatnonzero(shapely.get_type_id(shapes) == shapely.GeometryType.MULTIPOINT)
    if len(several):
        row = int(several[0])
        count = shapely.get_num_geometries(shapes[row])
        raise GeometryError(
            f"Invalid geometry in {table.cite_row(row)}: {count} points. Must be one."
        )
    table.shapes = shapely.transform(
        shapes, lambda xy: np.stack([wrap_degrees(xy[:, 0]), xy[:, 1]], axis=1)
    )
    odd.look(shapely.get_x(table.shapes), shapely.get_y(table.shapes))
    table.notes.extend(odd.list_notes(lambda rows: table.cite_rows(rows.first, rows.total)))


def _drop_no_places(table: SourceTable, crs: object, odd: OddPoints, *, swap: bool) -> None:
    """Remove points at 0, 0 and points whose coordinates mean "no data"."""
    shapes = table.shapes = table.required_shapes.copy()
    xy, row = shapely.get_coordinates(shapes, return_index=True)
    alone = np.bincount(row, minlength=len(shapes)) == 1
    x, y = np.full((2, len(shapes)), np.nan)
    x[row], y[row] = xy[:, ::-1].T if swap else xy.T
    x[~alone] = np.nan
    system = table.crs if crs is None else crs
    in_degrees = system is None or not parse_crs(system).is_projected
    shapes[odd.drop(x, y, in_degrees=in_degrees)] = None


def _rows_with_shape(shapes: NDArray[np.object_]) -> list[int]:
    """Return the numbers of the rows that have a shape."""
    rows: list[int] = np.flatnonzero(~shapely.is_missing(shapes)).tolist()
    return rows


def _check_shapes(table: SourceTable, crs: object, kind: str, *, swap: bool) -> None:
    shapes = table.shapes = table.required_shapes.copy()
    shapes[shapely.is_empty(shapes)] = None
    there = ~shapely.is_missing(shapes)
    if not there.all():
        what = "coordinates" if kind == "points" else "geometry"
        table.notes.append(f"rows without {what}: {table.cite_rows(np.flatnonzero(~there))}.")
    for row in _rows_with_shape(shapes):
        _check_type(table, row, shapes[row].geom_type, kind)
    raised = shapely.has_z(shapes) | _have_measures(shapes)
    if raised.any():
        table.notes.append(
            f"heights and measures left out: {table.cite_rows(np.flatnonzero(raised))}."
        )
        shapes[raised] = shapely.force_2d(shapes[raised])
    if swap:
        table.shapes = shapes = shapely.transform(shapes, lambda xy: xy[:, ::-1])
    _check_finite(table, shapes)
    reproject_to_degrees(table, crs)
    _check_range(table, table.required_shapes)


def _have_measures(shapes: NDArray[np.object_]) -> Any:
    # GEOS knows measures from version 3.12 on.
    return shapely.has_m(shapes) if shapely.geos_version >= (3, 12, 0) else False


def _check_type(table: SourceTable, row: int, found: str, kind: str) -> None:
    if found in _TYPES[kind]:
        return
    other = next((name for name, types in _TYPES.items() if found in types), "")
    remedy = _REMEDIES.get((kind, other), "it holds none")
    raise GeometryError(
        f"Invalid geometry in {table.cite_row(row)}: {found}. Must be {kind}; {remedy}."
    )


def _check_finite(table: SourceTable, shapes: NDArray[np.object_]) -> None:
    xy, row = shapely.get_coordinates(shapes, return_index=True)
    bad = np.flatnonzero(~np.isfinite(xy).all(axis=1))
    if len(bad):
        at = xy[bad[0]]
        raise DataError(
            f"Invalid coordinates in {table.cite_row(int(row[bad[0]]))}: ({at[0]:g}, {at[1]:g}). "
            "Must be finite numbers."
        )


def _check_range(table: SourceTable, shapes: NDArray[np.object_]) -> None:
    """Check that coordinates can be degrees, and not metres or swapped axes."""
    xy, row = shapely.get_coordinates(shapes, return_index=True)
    # Charts of the Pacific have longitudes up to 360.
    bad = np.flatnonzero((np.abs(xy[:, 0]) > 360.0) | (np.abs(xy[:, 1]) > 90.0))
    if not len(bad):
        return
    lon, lat = xy[bad[0]]
    reason = explain_beyond(
        *xy.T,
        swap="swap=True turns all.",
        metres='need crs=: "EPSG:3857" for web maps, or that of the file.',
    )
    raise DataError(
        f"Invalid coordinates in {table.cite_row(int(row[bad[0]]))}: longitude {lon:.10g}, "
        f"latitude {lat:.10g}. Must lie within ±180 and ±90; {reason}"
    )


def _read_edges(table: SourceTable, row: int, shape: Any) -> tuple[bool, Any]:
    """Return whether a shape crosses the antimeridian, and the shape without edges over 180°.

    A line is cut at the antimeridian; a polygon is only unwrapped, as it may need a repair first.
    """
    try:
        shape = draw_edges(shape, table.edges)
        crosses = crosses_antimeridian(shape)
        if shape.geom_type in _TYPES["polygons"]:
            return crosses, unwrap_polygon(shape)
        west, _, east, _ = shape.bounds
        return crosses, cut_line(shape) if crosses or east - west > 180.0 else shape
    except GeometryError as error:
        raise GeometryError(f"Invalid geometry in {table.cite_row(row)}: {error}.") from error


def _repair_polygon(table: SourceTable, row: int, shape: Any, notes: list[str]) -> Any:
    """Repair a polygon, and add a note; raise an error if the repair would change its area."""
    repaired, note = repair_area(shape, f"polygon in {table.cite_row(row)}")
    notes.append(f"repaired the polygon of row {table.number_of(row)} {note}")
    return repaired


def _note_crossing(table: SourceTable, rows: list[int]) -> None:
    if rows:
        table.notes.append(
            f"read as crossing the antimeridian and cut there: {table.cite_rows(rows)}."
        )

"""Encode shapes and columns in few characters, so that the page is small enough to mail.

A line that several shapes share is written once, as an arc, and each shape lists the numbers of its
arcs. A border, for example, is an edge of two regions and of its zone. Shapes that meet exactly
therefore still meet after their arcs are simplified.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

from geobuffer.geodesy.ellipsoid import cut_into_pieces, to_ecef
from geobuffer.geodesy.simplify import scale_degrees, simplify_parts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geobuffer.geodesy.ellipsoid import Floats, Ints


# Coordinates are written as whole numbers of this many degrees: 1.1 m.
GRID = 1e-5

# For each character of a number, how many bits the characters before it contain. Seven characters
# are enough for 360° in steps of the grid.
_BITS = 5 * np.arange(7)

# An edge of less than this many metres is as long as its geodesic, to a hundredth of a millimetre,
# and as the chord through the Earth, to a micrometre.
_SHORT_M = 1_000.0

# The first and the second vertices of the edges of a path.
_ALL_BUT_LAST, _REST = slice(None, -1), slice(1, None)


def encode_line(lonlat: Floats, grid: float = GRID) -> str:
    """Return a line as text: each vertex as steps on a grid from the one before, latitude first.

    This is Google's Encoded Polyline Algorithm Format. A character contains five bits, and the
    lowest bit of a number is its sign. A typical vertex takes four characters. All are ASCII.

    Examples
    --------
    >>> encode_line(np.array([(-120.2, 38.5), (-120.95, 40.7), (-126.453, 43.252)]))
    '_p~iF~ps|U_ulLnnqC_mqNvxq`@'
    """
    whole = np.round(np.asarray(lonlat)[:, ::-1] / grid).astype(np.int64)
    steps = np.diff(whole, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    steps = steps[(steps != 0).any(axis=1) | (np.arange(len(steps)) == 0)]
    signed = np.where(steps < 0, ~(steps << 1), steps << 1).reshape(-1, 1)
    rests = signed >> _BITS
    # We always write the first character, and one more for each five bits that are left.
    written = (rests > 0) | (_BITS == 0)
    signs = (rests & 31) + np.where(rests >= 32, 95, 63)
    return bytes(signs[written].astype(np.uint8)).decode("ascii")


class Arcs(NamedTuple):
    """Lines that shapes share, each once, and the shapes as numbers of these lines.

    A shape is a list of polygons or lines, and a polygon is a list of rings. A ring or a line is a
    list of numbers of arcs, as in TopoJSON: ``n`` is an arc forwards, ``~n`` (that is, ``-n - 1``)
    the same arc backwards.
    """

    lines: list[Floats]
    shapes: list[list[Any]]


def share_arcs(shapes: Sequence[BaseGeometry]) -> Arcs:
    """Split polygons and lines into arcs where they separate; store each shared arc once.

    Shapes share a vertex if its coordinates are equal.

    Examples
    --------
    >>> arcs = share_arcs([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)])
    >>> len(arcs.lines), arcs.shapes
    (3, [[[[0, 1]]], [[[-1, 2]]]])
    """
    paths = [_list_paths(shape) for shape in shapes]
    flat = [path for these in paths for parts in these for path in parts]
    if not flat:
        return Arcs([], [[] for _ in shapes])
    # Pairs as complex numbers sort in the same order as rows, and ten times as fast.
    pairs = np.ascontiguousarray(np.concatenate(flat), dtype=np.float64).view(np.complex128)
    found, names = np.unique(pairs.ravel(), return_inverse=True)
    coords = found.view(np.float64).reshape(-1, 2)
    ids = np.split(names, np.cumsum([len(path) for path in flat])[:-1])
    junctions = _find_junctions(ids, len(coords))
    # A closed line must keep its first vertex, because its kilometres count from there.
    for path, is_line in zip(ids, _list_kinds(shapes, paths), strict=True):
        junctions[path[0]] |= is_line
    known: dict[bytes, int] = {}
    lines: list[Floats] = []
    numbered = iter([_number_arcs(path, junctions, coords, known, lines) for path in ids])
    return Arcs(
        lines,
        [_arrange_arcs(these, shape, numbered) for these, shape in zip(paths, shapes, strict=True)],
    )


def _list_kinds(shapes: Sequence[BaseGeometry], paths: list[list[list[Floats]]]) -> list[bool]:
    """Return which paths are lines and not edges of polygons."""
    return [
        "Polygon" not in shape.geom_type
        for shape, these in zip(shapes, paths, strict=True)
        for part in these
        for _ in part
    ]


def list_arcs(shape: Any) -> set[int]:
    """Return the numbers of the arcs of a shape, without their directions.

    Examples
    --------
    >>> sorted(list_arcs([[[0, ~2]], [[1]]]))
    [0, 1, 2]
    """
    if isinstance(shape, int):
        return {max(shape, ~shape)}
    return set().union(*(list_arcs(part) for part in shape)) if shape else set()


def find_state_arcs(countries: Sequence[str], shapes: Sequence[Any]) -> list[int]:
    """Return the numbers of the arcs on which regions of two countries meet.

    Examples
    --------
    >>> find_state_arcs(["UA", "RU", "RU"], [[[[0, 1]]], [[[~1, 2]]], [[[~2, 3]]]])
    [1]
    """
    known: dict[int, set[str]] = {}
    for country, shape in zip(countries, shapes, strict=True):
        for number in list_arcs(shape):
            known.setdefault(number, set()).add(country)
    return sorted(number for number, held in known.items() if len(held - {""}) == 2)


def _list_paths(shape: BaseGeometry) -> list[list[Floats]]:
    """Return the paths of each part of a shape: a polygon's rings, or a line."""
    parts = [part for part in shapely.get_parts(shape) if not part.is_empty]
    return [
        [shapely.get_coordinates(ring) for ring in (part.exterior, *part.interiors)]
        if part.geom_type == "Polygon"
        else [shapely.get_coordinates(part)]
        for part in parts
    ]


def _arrange_arcs(paths: list[list[Floats]], shape: BaseGeometry, numbered: Any) -> list[Any]:
    rings = [[next(numbered) for _ in part] for part in paths]
    return rings if "Polygon" in shape.geom_type else [part[0] for part in rings]


def _find_junctions(paths: Sequence[Ints], count: int) -> NDArray[np.bool_]:
    """Return which vertices are junctions: ends of lines, or without exactly two edges."""
    begin, end = (np.concatenate([path[part] for path in paths]) for part in (_ALL_BUT_LAST, _REST))
    # We write an edge as one number, because numbers sort ten times as fast as rows of two.
    edges = np.minimum(begin, end) * count + np.maximum(begin, end)
    edges = np.sort(edges[begin != end])
    edges = edges[np.diff(edges, prepend=-1) != 0]
    junctions = np.bincount(np.concatenate(np.divmod(edges, count)), minlength=count) != 2
    for path in paths:
        if path[0] != path[-1]:
            junctions[path[[0, -1]]] = True
    return np.asarray(junctions)


def _number_arcs(
    path: Ints,
    junctions: NDArray[np.bool_],
    coords: Floats,
    known: dict[bytes, int],
    lines: list[Floats],
) -> list[int]:
    """Return a path as numbers of arcs, and add new arcs to ``known`` and ``lines``."""
    path = path[np.diff(path, prepend=-1) != 0]
    cuts = np.flatnonzero(junctions[path])
    if path[0] == path[-1] and not junctions[path[0]]:
        # We begin at a junction. Without one, we begin at the vertex with the smallest number, so
        # that each copy of the path begins at the same vertex.
        first = int(cuts[0]) if len(cuts) else int(np.argmin(path))
        path = np.concatenate([path[first:], path[1 : first + 1]])
        cuts = np.flatnonzero(junctions[path])
    cuts = np.unique([0, *cuts.tolist(), len(path) - 1])
    found = []
    for a, b in itertools.pairwise(cuts.tolist()):
        arc = path[a : b + 1]
        there, back = arc.tobytes(), arc[::-1].tobytes()
        if back in known and there not in known:
            found.append(~known[back])
            continue
        if there not in known:
            known[there] = len(lines)
            lines.append(coords[arc])
        found.append(known[there])
    return found


def find_kept_vertices(lonlat: Floats, tolerance_m: float) -> NDArray[np.bool_]:
    """Return which vertices of a line are left after simplifying it within a tolerance.

    The end points stay.

    Examples
    --------
    >>> bend = np.array([(30, 50), (30.5, 50.0001), (31, 50)])  # 11 m off straight
    >>> [find_kept_vertices(bend, metres).tolist() for metres in (10, 12)]
    [[True, True, True], [True, False, True]]
    """
    line = shapely.linestrings(lonlat)
    drawn = shapely.get_coordinates(simplify_parts(line, tolerance_m))
    _, scale = scale_degrees(line)
    # Simplifying scales the vertices and scales them back, which may change the last bit. We do the
    # same here, so that equal vertices stay equal.
    scaled = np.ascontiguousarray(np.asarray(lonlat, dtype=np.float64) * scale / scale)
    kept = np.isin(scaled.view(np.complex128).ravel(), drawn.view(np.complex128).ravel())
    kept[[0, -1]] = True
    return np.asarray(kept)


def measure_thinned(
    paths: Sequence[tuple[Floats, NDArray[np.bool_]]], step_km: float
) -> list[float | int | None]:
    """Return the true chainages, in km, at even steps along simplified lines.

    Parameters
    ----------
    paths
        The vertices of lines that follow one another, and which of them are kept.
    step_km
        The longest step, measured along the simplified lines.

    Returns
    -------
    list of float
        Numbers to 10 m: the first is 0, the last the length of the lines with all vertices.

    Examples
    --------
    >>> bend = np.array([(30.0, 0.0), (30.1, 0.1), (30.2, 0.0), (30.4, 0.0)])
    >>> measure_thinned([(bend, np.array([True, False, True, True]))], 25)
    [0, 31.38, 53.64]
    """
    true_km, drawn_km = (
        np.concatenate([[0.0], *(part[i] for part in map(_measure_kept, paths))]).cumsum()
        for i in (0, 1)
    )
    count = max(1, math.ceil(drawn_km[-1] / step_km))
    return round_numbers(np.interp(np.linspace(0, drawn_km[-1], count + 1), drawn_km, true_km), 2)


def _measure_kept(path: tuple[Floats, NDArray[np.bool_]]) -> tuple[Floats, Floats]:
    """Return the lengths in km between kept vertices: along all vertices, and straight."""
    lonlat, kept = path
    places = np.flatnonzero(kept)
    return (
        np.add.reduceat(_measure_edges(lonlat), places[:-1]) / 1e3,
        _measure_edges(lonlat[places]) / 1e3,
    )


def _measure_edges(lonlat: Floats) -> Floats:
    # A chord takes a tenth of the time of a geodesic.
    lengths = np.linalg.norm(np.diff(to_ecef(*lonlat.T), axis=0), axis=1)
    long = np.flatnonzero(lengths > _SHORT_M)
    if len(long):
        edges = shapely.linestrings(np.stack([lonlat[long], lonlat[long + 1]], axis=1))
        pieces = cut_into_pieces(list(edges))
        lengths[long] = np.bincount(pieces.line, pieces.length_m, minlength=len(long))
    return np.asarray(lengths)


def read_texts(column: pd.Series[Any]) -> list[str]:
    """Return a column as text, empty where the value is missing."""
    # Iterating a list of Python objects takes a third of the time of iterating a column.
    values, known = column.tolist(), column.notna().tolist()
    return [str(value) if is_known else "" for value, is_known in zip(values, known, strict=True)]


def encode_column(column: Sequence[Any]) -> dict[str, Any]:
    """Return a column as its distinct values and a code for each row.

    ``runs`` holds pairs of a code and the number of successive rows with it; a table sorted by
    country has few runs. If there are many, ``codes`` holds one code for each row instead.

    Examples
    --------
    >>> encode_column(["Sumy", "", "Sumy"])
    {'values': ['Sumy', ''], 'codes': [0, 1, 0]}
    >>> encode_column(["Sumy"] * 500)
    {'values': ['Sumy'], 'runs': [0, 500]}
    """
    codes = {value: code for code, value in enumerate(dict.fromkeys(column))}
    rows = [codes[value] for value in column]
    runs = [(code, len(list(same))) for code, same in itertools.groupby(rows)]
    if 2 * len(runs) < len(rows):
        return {"values": list(codes), "runs": [part for run in runs for part in run]}
    return {"values": list(codes), "codes": rows}


def encode_together(columns: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """Return columns that depend on each other as one: the distinct rows of their values.

    Examples
    --------
    >>> encode_together({"accuracy_m": [500, 700, 500], "margin_km": [0.5, 0.7, 0.5]})
    {'names': ['accuracy_m', 'margin_km'], 'values': [(500, 0.5), (700, 0.7)], 'codes': [0, 1, 0]}
    """
    return {"names": list(columns), **encode_column(list(zip(*columns.values(), strict=True)))}


def round_numbers(values: Any, digits: int | None = 4) -> list[float | int | None]:
    """Return numbers for JSON: rounded, as integers where they are whole, ``None`` if not finite.

    Examples
    --------
    >>> round_numbers([1.0, 2.345678, float("nan")])
    [1, 2.3457, None]
    """
    exact = np.asarray(values, dtype=np.float64)
    rounded = exact if digits is None else np.round(exact, digits)
    return [
        None if not math.isfinite(one) else int(one) if one.is_integer() else one
        for one in rounded.tolist()
    ]

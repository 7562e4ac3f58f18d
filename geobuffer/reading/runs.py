"""Lines of a file put in the order and the direction of the whole line that they make up.

Left and right of a border are those of somebody who goes along it, so it must run one way. Files
seldom do: ways of OpenStreetMap, and what was dissolved from them, run as they were drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

from geobuffer.geodesy import inverse, length_m

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shapely.geometry import LineString, MultiLineString

    from geobuffer.geodesy import Floats, Ints

# Ends nearer than this are one: ten times what seven decimals of a degree, as GeoJSON has them
# by default, can part them by.
_JOINED_M = 0.1
_EARTH_M = 6.3e6  # less than any radius of it, so that no pair is missed


class Runs(NamedTuple):
    """Lines in the order and direction of the whole, and what was done to them."""

    lines: list[LineString | MultiLineString]
    rows: list[int]
    """The number that each line was given with."""
    turned: list[int]
    """The numbers of those of which something was turned round."""
    branches: Floats
    """Longitude and latitude (n, 2) of places where three ends or more meet."""


class _Piece(NamedTuple):
    """A part of a line on its way along a chain: backwards if it was drawn the other way."""

    number: int
    backwards: bool


def one_way(lines: Sequence[LineString | MultiLineString]) -> Runs:
    """Return lines so that none runs against another that it meets.

    Where two ends meet, one line runs on into the other. Lines that so make up one run the way in
    which they are numbered; where their numbers tell nothing, the way most of their length runs.
    Lines that nothing meets stay as they are.

    Examples
    --------
    >>> there = shapely.MultiLineString([[(30, 49), (30, 51)], [(30, 52), (30, 51)]])
    >>> runs = one_way([there])
    >>> print(runs.lines[0], runs.turned)
    LINESTRING (30 49, 30 51, 30 52) [0]
    """
    parts, owner = shapely.get_parts(np.asarray(lines, dtype=object), return_index=True)
    node, branches = _nodes(parts)
    chains = [_directed(chain, owner, parts, node) for chain in _chains(node)]
    # Chains come in the order of the first line of each.
    chains.sort(key=lambda chain: min(int(owner[piece.number]) for piece in chain))
    path = [piece for chain in chains for piece in chain]
    order = list(dict.fromkeys(int(owner[piece.number]) for piece in path))
    made = {row: [p for p in path if owner[p.number] == row] for row in order}
    turned = [row for row, pieces in made.items() if any(piece.backwards for piece in pieces)]
    return Runs([_whole(made[row], parts) for row in order], order, sorted(turned), branches)


def _nodes(parts: Any) -> tuple[Ints, Floats]:
    """Return the node (n, 2) at which each part begins and ends, and the nodes of three or more."""
    ends = np.array([shapely.get_coordinates(part)[[0, -1]] for part in parts]).reshape(-1, 2)
    # In space, where neither poles nor the antimeridian are in the way; the sphere will do.
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


def _chains(node: Ints) -> list[list[_Piece]]:
    """Return the parts as chains: through nodes at which just two ends meet."""
    ends: dict[int, list[tuple[int, int]]] = {}
    for number, pair in enumerate(node.tolist()):
        for end, at in enumerate(pair):
            ends.setdefault(at, []).append((number, end))
    chains: list[list[_Piece]] = []
    done: set[int] = set()
    for number in range(len(node)):
        if number in done:
            continue
        onward = _follow(_Piece(number, backwards=False), node, ends, done)
        back = _follow(_Piece(number, backwards=True), node, ends, done)
        before = [_Piece(p.number, not p.backwards) for p in reversed(back[1:])]
        chains.append(before + onward)
    return chains


def _follow(
    piece: _Piece,
    node: Ints,
    ends: dict[int, list[tuple[int, int]]],
    done: set[int],
) -> list[_Piece]:
    """Return a part and those that it runs on into, until a free end, a branch or a part done."""
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


def _directed(chain: list[_Piece], owner: Ints, parts: Any, node: Ints) -> list[_Piece]:
    """Return a chain in its own direction: that of the numbers, or of most of its length."""
    first, last = chain[0], chain[-1]
    closed = node[first.number, int(first.backwards)] == node[last.number, 1 - int(last.backwards)]
    back = [_Piece(piece.number, not piece.backwards) for piece in reversed(chain)]
    if closed and len(chain) > 1:
        back = [back[-1], *back[:-1]]  # a ring begins with the same part either way round
    up, down = ([int(owner[p.number]) for p in way] for way in (chain, back))
    if (up == sorted(up)) != (down == sorted(down)):
        return chain if up == sorted(up) else back
    length = [length_m(parts[piece.number]) * (-1) ** piece.backwards for piece in chain]
    # As the first part of the file, if as much of it runs one way as the other.
    with_it = sum(length) or (-1) ** min(chain).backwards
    return chain if with_it > 0 else back


def _whole(pieces: Sequence[_Piece], parts: Any) -> LineString | MultiLineString:
    """Return the line that parts make up, joined where one begins at the end of the other."""
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

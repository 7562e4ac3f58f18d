"""Where lines meet and end: nodes, the rays that leave them, and which way is left there."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import shapely

from geobuffer.geodesy import Floats, Ints, wrap
from geobuffer.ragged import numbered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geobuffer.geodesy import Pieces


class Nodes:
    """The nodes at both ends of pieces; parts that share their first or last vertex meet there.

    Parameters
    ----------
    pieces
        The pieces of lines.
    tips
        What :func:`tips_of` returns for those lines.
    """

    def __init__(self, pieces: Pieces, tips: Floats) -> None:
        self._pieces = pieces
        parts = np.unique(pieces.part)
        _, met = np.unique(tips[parts].reshape(-1, 2), axis=0, return_inverse=True)
        first = np.flatnonzero(np.diff(pieces.part, prepend=-1))
        count = len(pieces.part)
        begin, end = np.arange(count), np.arange(1, count + 1)
        begin[first], end[np.append(first[1:], count) - 1] = count + 1 + met.reshape(-1, 2).T
        self.begin: Ints = begin
        self.end: Ints = end

    def left(self, azimuth: Floats, node: Ints) -> NDArray[np.bool_]:
        """Tell which directions from nodes point left: as the nearest of the node's rays has it."""
        at, bearing, leaves = self._rays
        first, count = np.searchsorted(at, node), np.searchsorted(at, node, side="right")
        count -= first
        ray = np.repeat(first, count) + numbered(count)
        point = np.repeat(np.arange(len(node)), count)
        turn = wrap(np.repeat(azimuth, count) - bearing[ray])
        best = np.lexsort((np.abs(turn), point))
        best = best[np.diff(point[best], prepend=-1) != 0]
        return np.asarray((turn[best] <= 0.0) == leaves[ray[best]])

    def free_ends(self) -> tuple[Floats, Floats, Floats]:
        """Return longitude, latitude and outward azimuth of the ends where no other line begins."""
        node, azimuth, leaves = self._rays
        _, first, count = np.unique(node, return_index=True, return_counts=True)
        ray = first[count == 1]
        ends = np.concatenate([self.begin, self.end])
        piece_of = np.argsort(ends, kind="stable")[ray] % len(self.begin)
        lon, lat = self._pieces.at(piece_of, (~leaves[ray]).astype(float))
        return lon, lat, wrap(azimuth[ray] + 180.0)

    @cached_property
    def _rays(self) -> tuple[Ints, Floats, NDArray[np.bool_]]:
        """The rays of nodes: node, azimuth (degrees) and whether the line leaves along it."""
        p, every = self._pieces, np.arange(len(self.begin))
        out = np.degrees(p.heading(every, p.lat))
        back = np.degrees(p.heading(every, p.lat + p.dlat)) + 180.0
        node = np.concatenate([self.begin, self.end])
        order = np.argsort(node, kind="stable")
        leaves = np.repeat([True, False], len(every))
        return node[order], np.concatenate([out, back])[order], leaves[order]


def tips_of(lines: Sequence[BaseGeometry]) -> Floats:
    """Return (parts, 2, 2): first and last vertex of each part, as given, save for whole turns.

    Parts that meet share that vertex; rounded to 0.01 mm, for what adding a turn rounds off.

    Examples
    --------
    >>> tips_of([shapely.LineString([(-170, 50), (0, 51), (10, 52)])]).tolist()
    [[[190.0, 50.0], [10.0, 52.0]]]
    """
    parts = shapely.get_parts(np.asarray(lines, dtype=object))
    coords, part = shapely.get_coordinates(parts, return_index=True)
    ends = np.full((len(parts), 2, 2), np.nan)
    ends[part[::-1], 0], ends[part, 1] = coords[::-1], coords
    ends[..., 0] %= 360.0
    return np.round(ends, 10)

"""Find the line between Ukraine and Russia and cut it into sections, one per pair of oblasts."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from plane import project, project_geometry
from regions import ALONG_RUSSIA, ALONG_UKRAINE, BY_NAME


class Section(NamedTuple):
    """A stretch of the line, with the ISO 3166-2 codes left and right of its direction."""

    section: str
    left_iso: str
    right_iso: str
    line: NDArray[np.float64]


def find_shared_line(ring: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the one run of vertices of `ring` that `other` has too, in the direction of `ring`.

    Raises
    ------
    ValueError
        If the two share no vertex, or their shared vertices fall into several runs.
    """
    vertices = {tuple(vertex) for vertex in other.tolist()}
    shared = np.array([tuple(vertex) in vertices for vertex in ring[:-1].tolist()])
    start = np.flatnonzero(shared & ~np.roll(shared, 1))
    if len(start) != 1:
        msg = f"Invalid pair of rings. Must share one line, but share {len(start)}."
        raise ValueError(msg)
    return np.roll(ring[:-1], -start[0], axis=0)[: shared.sum()]


def find_junction(
    vertices: NDArray[np.float64], first: shapely.Geometry, second: shapely.Geometry
) -> int:
    """Return the index of the vertex where two neighbours meet on a line, shapes in metres.

    It is the vertex whose larger distance to the two shapes is smallest. We do not divide the
    line into the parts nearest to each shape: the shapes of 2020 extend beyond the exact line by
    different amounts, and at Chernihiv and Sumy that vertex would be wrong by 1.2 km.
    """
    points = shapely.points(vertices)
    shapely.prepare([first, second])
    away = np.maximum(shapely.distance(points, first), shapely.distance(points, second))
    return int(np.argmin(away))


def find_breaks(
    vertices: NDArray[np.float64], names: tuple[str, ...], shapes: dict[str, shapely.Geometry]
) -> list[int]:
    """Return the vertices where each region, in the order of the line, meets the next one."""
    flat = [project_geometry(shapes[BY_NAME[name].shape]) for name in names]
    return [find_junction(vertices, a, b) for a, b in pairwise(flat)]


def cut_sections(line: NDArray[np.float64], shapes: dict[str, shapely.Geometry]) -> list[Section]:
    """Cut the line, which has Russia on its left, into sections that share their end vertices."""
    vertices = project(line)
    russia = find_breaks(vertices, ALONG_RUSSIA, shapes)
    ukraine = find_breaks(vertices, ALONG_UKRAINE, shapes)
    cuts = [0, *sorted(russia + ukraine), len(line) - 1]
    sections = []
    for start, end in pairwise(cuts):
        left = BY_NAME[ALONG_RUSSIA[np.searchsorted(russia, start, side="right")]]
        right = BY_NAME[ALONG_UKRAINE[np.searchsorted(ukraine, start, side="right")]]
        name = f"{left.name}–{right.name}"
        sections.append(Section(name, left.iso, right.iso, line[start : end + 1]))
    return sections

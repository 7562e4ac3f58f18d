"""Build the polygons of the oblasts: exact along international lines, simplified elsewhere.

From the shapes of 2020 we use only the lines *between* oblasts of one country. Each such line is
connected to the vertex of the exact international line where the two oblasts meet. These lines
and the exact line divide the country into faces, and each face belongs to the oblast that fills
it. So oblasts on both sides of the border share the vertices of the exact line to the last bit,
and neighbours share their line.
"""

from itertools import combinations, pairwise

import numpy as np
import shapely
from border import find_junction
from numpy.typing import NDArray
from plane import project, project_geometry
from regions import COUNTRIES, REGIONS, Region
from shapely.ops import linemerge

# The simplified shapes lie up to 0.9 km from the exact line; an end of a line between oblasts
# that is farther away than this is a meeting of three oblasts and not an end at the border.
REACH_M = 3_000.0
# Gaps between simplified neighbours up to this width (in degrees, some 1.5 km) are closed.
GAP_DEG = 0.02
# We shorten a line by this much more than its distance from the junction. So the straight
# connection leads into the country and does not run along the exact line.
CUT_BACK_M = 200.0


def clean_neighbours(
    shapes: dict[str, shapely.Geometry], country: str, inside: shapely.Geometry
) -> dict[str, shapely.Geometry]:
    """Return the regions in `inside` that touch a shipped one, without gaps and overlaps between.

    Regions outside are left out, also those of the same country: Volgograd and Saratov have
    another time zone, so the outline of `inside` is already the exact line towards them.
    """
    shipped = [r.shape for r in REGIONS if r.country == country]
    union = shapely.union_all([shapes[name] for name in shipped])
    near = [
        name
        for name, shape in shapes.items()
        if name.startswith(COUNTRIES[country])
        and shapely.dwithin(shape, union, GAP_DEG)
        and shapely.contains(inside, shapely.point_on_surface(shape))
    ]
    cleaned = shapely.coverage_clean([shapes[name] for name in near], gap_width=GAP_DEG)
    return dict(zip(near, cleaned, strict=True))


def find_inner_lines(
    cleaned: dict[str, shapely.Geometry], shipped: list[str], inside: shapely.Geometry
) -> list[tuple[str, str, shapely.LineString]]:
    """Return the lines between each shipped region and its neighbours, cut to `inside`.

    If an end of a line extends beyond the exact line, the parts behind its first crossing, seen
    from the middle, are dropped.
    """
    lines = []
    for a, b in combinations(cleaned, 2):
        if a in shipped or b in shipped:
            shared = shapely.intersection(cleaned[a].boundary, cleaned[b].boundary)
            parts = [p for p in shapely.get_parts(shared) if shapely.length(p) > 0]
            merged = linemerge(parts) if parts else shapely.MultiLineString()
            lines += [(a, b, keep_inside(line, inside)) for line in shapely.get_parts(merged)]
    return lines


def keep_inside(line: shapely.LineString, inside: shapely.Geometry) -> shapely.LineString:
    """Return the longest stretch of a line that lies in the country."""
    if shapely.covers(inside, line):
        return line
    parts = shapely.get_parts(shapely.line_merge(shapely.intersection(line, inside)))
    return parts[np.argmax(shapely.length(parts))]


def tie_end(
    line: NDArray[np.float64], junction: NDArray[np.float64], inside: shapely.Geometry
) -> NDArray[np.float64]:
    """Replace the last stretch of a line, in degrees, by a straight tie to the junction.

    `inside` is the country in degrees. Vertices are dropped from the end until the rest of the
    line is far enough from the junction and the tie touches the exact line only there.
    """
    away = np.hypot(*(project(line) - project(junction[np.newaxis])).T)
    keep = int(np.flatnonzero(away > away[-1] + CUT_BACK_M)[-1]) + 1
    while not shapely.LineString([line[keep - 1], junction]).relate_pattern(inside, "1FF*0****"):
        keep -= 1
    return np.vstack([line[:keep], junction])


def tie_line(
    line: shapely.LineString,
    pair: tuple[shapely.Geometry, shapely.Geometry],
    ring: NDArray[np.float64],
    inside: shapely.Geometry,
    open_ends: set[tuple[float, float]],
) -> shapely.LineString:
    """Connect the ends of a line between two regions to the exact line, if they are near it."""
    vertices = shapely.get_coordinates(line)
    flat = project(ring)
    for _ in range(2):
        end = vertices[-1]
        distance = np.hypot(*(flat - project(end[np.newaxis])).T)
        if tuple(end) in open_ends and distance.min() < REACH_M:
            near = np.flatnonzero(distance < 2 * REACH_M)
            junction = ring[near][find_junction(flat[near], *pair)]
            vertices = tie_end(vertices, junction, inside)
        vertices = vertices[::-1]
    return shapely.LineString(vertices)


def find_open_ends(lines: list[shapely.LineString]) -> set[tuple[float, float]]:
    """Return the ends that belong to one line only: they are at the border of the country."""
    ends = np.array([end for line in lines for end in (line.coords[0], line.coords[-1])])
    found, counts = np.unique(ends, axis=0, return_counts=True)
    return {tuple(end) for end in found[counts == 1].tolist()}


def cut_country(
    shapes: dict[str, shapely.Geometry], country: str, ring: NDArray[np.float64]
) -> list[tuple[Region, shapely.Geometry]]:
    """Return the shipped regions of a country as polygons cut out of its exact outline."""
    shipped = [region for region in REGIONS if region.country == country]
    inside = shapely.Polygon(ring)
    shapely.prepare(inside)
    cleaned = clean_neighbours(shapes, country, inside)
    flat = {name: project_geometry(shapes[name]) for name in cleaned}
    inner = find_inner_lines(cleaned, [region.shape for region in shipped], inside)
    open_ends = find_open_ends([line for _, _, line in inner])
    tied = [tie_line(line, (flat[a], flat[b]), ring, inside, open_ends) for a, b, line in inner]
    faces = shapely.get_parts(shapely.polygonize([*cut_ring(ring, tied), *tied]))
    return [(region, fill_shape(faces, cleaned[region.shape])) for region in shipped]


def cut_ring(ring: NDArray[np.float64], tied: list[shapely.LineString]) -> list[shapely.LineString]:
    """Cut a closed ring at its vertices where a tied line ends, without adding vertices."""
    ends = {end for line in tied for end in (line.coords[0], line.coords[-1])}
    cuts = [i for i, vertex in enumerate(ring[:-1].tolist()) if tuple(vertex) in ends]
    turned = np.roll(ring[:-1], -cuts[0], axis=0)
    stops = [*(cut - cuts[0] for cut in cuts), len(turned)]
    closed = np.vstack([turned, turned[:1]])
    return [shapely.LineString(closed[a : b + 1]) for a, b in pairwise(stops)]


def fill_shape(faces: NDArray[np.object_], shape: shapely.Geometry) -> shapely.Geometry:
    """Return the union of the faces that lie mostly in a shape."""
    mine = shapely.area(shapely.intersection(faces, shape)) > 0.5 * shapely.area(faces)
    return shapely.normalize(shapely.coverage_union_all(faces[mine]))

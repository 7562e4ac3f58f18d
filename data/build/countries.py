"""Make coarse outlines of the countries of the world that meet exactly, for the ground of maps."""

import csv
import io
import tarfile
from collections import defaultdict
from typing import NamedTuple

import babel
import numpy as np
import omim
import shapely
from land import keep_polygons
from numpy.typing import NDArray

# Vertices are moved to multiples of this number, in degrees: at most 310 m. The source draws two
# neighbours within 8 m of each other, so nearly all their vertices then agree.
GRID = 1.0 / 256.0

# Where neighbours still disagree, a face between their lines belongs to none of them. One smaller
# than this, in square degrees, goes to the neighbour with which it shares the longest edge.
LARGEST_GAP = 0.02

# How much the outlines are simplified, in degrees: for maps that show a few oblasts, and for an
# overview of a continent. A triangle of that width and height is the largest part that is cut off.
NEAR, FAR = 0.01, 0.2

LANGUAGES = ("en", "uk", "ru")
Shapes = NDArray[np.object_]


class Country(NamedTuple):
    """A country: its code and names, its outline with its waters, and its land from afar."""

    iso: str
    name_en: str
    name_uk: str
    name_ru: str
    outline: shapely.Geometry
    overview: shapely.Geometry


def read_countries(archive: bytes, table: str) -> dict[str, shapely.Geometry]:
    """Return the area of each country, by its code; `table` names the country of each file."""
    codes = {row["file"]: row["country"] for row in csv.DictReader(table.splitlines())}
    parts: dict[str, list[shapely.Geometry]] = defaultdict(list)
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:xz") as tar:
        for member in tar:
            code = codes.get(member.name.removeprefix("./").removesuffix(".poly"))
            content = tar.extractfile(member) if code else None
            if code and content is not None:
                shape = omim.read_region(content.read().decode("utf-8"))
                parts[code].append(shapely.set_precision(shape, GRID / 2.0))
    return {
        code: keep_polygons(shapely.union_all(shapes, grid_size=GRID / 2.0))
        for code, shapes in sorted(parts.items())
    }


def make_countries(areas: dict[str, shapely.Geometry], land: shapely.Geometry) -> list[Country]:
    """Return the countries, in the order of their codes."""
    shapes = close_gaps(np.array(list(areas.values())))
    on_land = [keep_polygons(shapely.intersection(one, land, grid_size=GRID)) for one in shapes]
    near, far = shapely.coverage_simplify(shapes, NEAR), shapely.coverage_simplify(on_land, FAR)
    names = [name_countries(list(areas), language) for language in LANGUAGES]
    rows = zip(areas, *names, near, drop_islets(far), strict=True)
    return [Country(*row) for row in rows]


def close_gaps(shapes: Shapes) -> Shapes:
    """Return areas whose common edges agree to the last vertex.

    >>> one, other = shapely.box(0, 0, 1, 1), shapely.Polygon([(1, 0), (2, 0), (2, 1), (1.01, 1)])
    >>> closed = close_gaps(np.array([one, other]))
    >>> shapely.union_all(closed).area, bool(shapely.coverage_is_valid(closed))
    (2.0, True)
    """
    snapped = np.array([keep_polygons(shapely.set_precision(one, GRID)) for one in shapes])
    lines = shapely.union_all(shapely.boundary(snapped), grid_size=GRID)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
    owners = np.full(len(faces), -1)
    held, holders = shapely.STRtree(snapped).query(
        shapely.point_on_surface(faces), predicate="within"
    )
    # Where two countries overlap, the first has the face.
    owners[held[::-1]] = holders[::-1]
    give_gaps(faces, owners)
    return np.array(
        [keep_polygons(shapely.union_all(faces[owners == i])) for i in range(len(shapes))]
    )


def give_gaps(faces: Shapes, owners: NDArray[np.int64]) -> None:
    """Give each small face without an owner to the neighbour with the longest common edge."""
    tree = shapely.STRtree(faces)
    for i in np.flatnonzero((owners < 0) & (shapely.area(faces) < LARGEST_GAP)):
        near = [j for j in tree.query(faces[i], predicate="touches") if owners[j] >= 0]
        if near:
            edges = shapely.boundary(faces[near])
            common = shapely.length(shapely.intersection(shapely.boundary(faces[i]), edges))
            owners[i] = owners[near[int(np.argmax(common))]]


def drop_islets(shapes: Shapes) -> list[shapely.Geometry]:
    """Return areas without the parts too small to be seen from afar."""
    parts = [shapely.get_parts(one) for one in shapes]
    return [shapely.MultiPolygon([p for p in some if p.area > FAR**2]) for some in parts]


def name_countries(codes: list[str], language: str) -> list[str]:
    """Return the names of countries in a language, from Unicode CLDR."""
    names = babel.Locale(language).territories
    return [names[code] for code in codes]

"""Read answers of Overpass, and assemble the areas that relations of OpenStreetMap describe.

Format of answers: https://wiki.openstreetmap.org/wiki/Overpass_API
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from geobuffer.errors import DataError
from geobuffer.io.read.files import damaged_error
from geobuffer.io.read.gdal import load_json
from geobuffer.io.read.source_table import SourceTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from geobuffer.io.read.files import UserFile


# Rows times columns of the table. Each cell takes 8 bytes, so this is 0.4 GB.
_MAX_CELLS = 50_000_000
_AREAS = frozenset({"boundary", "multipolygon"})


def read_overpass(file: UserFile, kinds: tuple[str, ...]) -> SourceTable:
    """Return the elements of an answer that have tags, with a column for each tag.

    Parameters
    ----------
    file
        The file.
    kinds
        The wanted geometry types. A closed way is an area if areas are wanted, else a line; a
        ``center`` counts if points are wanted.

    Raises
    ------
    DataError
        The file is damaged, or the server reports an error: the answer is then incomplete.
    """
    document = load_json(file)
    if "error" in str(document.get("remark", "")):
        raise DataError(
            f"Incomplete {file}: Overpass reports {str(document['remark'])[:200]!r}. Ask it again."
        )
    try:
        elements = [one for one in document["elements"] if one["type"] in _SHAPES]
        rows = [one for one in elements if one.get("tags")] or elements
        known = {(one["type"], one["id"]): one for one in elements}
        shapes = np.empty(len(rows), dtype=object)
        for number, row in enumerate(rows):
            shapes[number] = _build_shape(row, known, kinds)
        notes: list[str] = []
        frame = _build_frame(rows, notes)
    except DataError as error:
        raise DataError(f"Unreadable {file}: {error}") from error
    except (AttributeError, LookupError, TypeError, ValueError, shapely.GEOSException) as error:
        raise damaged_error(file, f"{type(error).__name__} {error}") from error
    return SourceTable(str(file), frame, shapes, "EPSG:4326", crs_is_fixed=True, notes=notes)


def _build_frame(rows: Sequence[dict[str, Any]], notes: list[str]) -> pd.DataFrame:
    """Return the tags of elements as columns; of very many tags, the most common ones."""
    counts = Counter(key for row in rows for key in row.get("tags", ()))
    most = max(_MAX_CELLS // max(len(rows), 1), 1)
    chosen = {key for key, _ in counts.most_common(most)}
    if len(counts) > most:
        notes.append(f"the {len(counts) - most:,} rarest tags were left out.")
    columns = {"id": [f"osm:{row['type']}/{row['id']}" for row in rows]}
    columns |= {
        "id_original" if key == "id" else key: [row.get("tags", {}).get(key) for row in rows]
        for key in counts
        if key in chosen
    }
    return pd.DataFrame(columns, index=range(len(rows)), dtype=object)


_Elements = dict[tuple[str, int], dict[str, Any]]


def _build_shape(row: dict[str, Any], known: _Elements, kinds: tuple[str, ...]) -> Any:
    center = row.get("center")
    if center and "Point" in kinds and "Polygon" not in kinds:
        return _make_point(center)
    return _SHAPES[row["type"]](row, known, "Polygon" in kinds or "LineString" not in kinds)


def _make_point(place: dict[str, Any]) -> Any:
    return shapely.Point(float(place["lon"]), float(place["lat"]))


def _make_node(row: dict[str, Any], _known: _Elements, _as_area: bool) -> Any:  # noqa: FBT001
    return _make_point(row)


def _make_way(row: dict[str, Any], known: _Elements, as_area: bool) -> Any:  # noqa: FBT001
    points = _list_points(row, known)
    if len(points) < 2:
        return None
    line = shapely.LineString([(float(p["lon"]), float(p["lat"])) for p in points])
    return shapely.Polygon(line) if as_area and len(points) > 3 and line.is_closed else line


def _list_points(row: dict[str, Any], known: _Elements) -> list[dict[str, Any]]:
    """Return the points of a way: its geometry (``out geom``), or the nodes that it names.

    A way that the bounding box of the query cuts lacks points.
    """
    points = row.get("geometry") or [known.get(("node", ref)) for ref in row.get("nodes", ())]
    return [point for point in points if point]


def _make_relation(row: dict[str, Any], known: _Elements, as_area: bool) -> Any:  # noqa: FBT001
    members = [
        {
            **one,
            "geometry": _list_points(one if "geometry" in one else _find_way(one, known), known),
        }
        for one in row.get("members", ())
        if one.get("type") == "way"
    ]
    members = [one for one in members if one["geometry"]]
    if not members:
        return None
    if as_area and row.get("tags", {}).get("type") in _AREAS:
        return assemble_area({**row, "members": members})
    lines = [_make_way(one, known, False) for one in members]  # noqa: FBT003
    return shapely.multilinestrings([line for line in lines if line is not None])


def _find_way(member: dict[str, Any], known: _Elements) -> dict[str, Any]:
    return known.get(("way", member["ref"]), {})


_SHAPES = {"node": _make_node, "way": _make_way, "relation": _make_relation}


def assemble_area(relation: dict[str, Any]) -> Any:
    """Return the area that the ways of a relation enclose, from an answer with their geometry.

    Ways have any order and direction, and several ways form a ring. Rings lie inside each other:
    a point is in the area if an odd number of rings contain it, so a hole can contain an island.
    The roles ``outer`` and ``inner`` must agree with that.

    Raises
    ------
    DataError
        The ways enclose no area, do not close, lack their geometry, or contradict their roles.
    """
    name = f"relation {relation.get('id')}"
    ways = [m for m in relation.get("members", ()) if m.get("type") == "way"]
    # A way without a role is an outer way.
    outer = _build_rings([w for w in ways if w.get("role") != "inner"], name)
    if not outer:
        raise DataError(f"Invalid {name}: it has no outer ways. Expected a boundary.")
    inner = _build_rings([w for w in ways if w.get("role") == "inner"], name)
    return _area_within_rings(np.array([*outer, *inner]), len(outer), name)


def _area_within_rings(rings: NDArray[np.object_], outer: int, name: str) -> Any:
    """Return the area within rings; the first `outer` rings are outer ones."""
    sizes = shapely.area(rings)
    inside, around = shapely.STRtree(rings).query(
        shapely.point_on_surface(rings), predicate="within"
    )
    larger = sizes[around] > sizes[inside]
    inside, around = inside[larger], around[larger]
    depth = np.bincount(inside, minlength=len(rings))
    odd = depth % 2 == 1
    if (wrong := np.flatnonzero(odd != (np.arange(len(rings)) >= outer))).size:
        x, y = shapely.get_coordinates(rings[wrong[0]])[0]
        role, must = ("inner", "in") if wrong[0] >= outer else ("outer", "outside")
        raise DataError(
            f"Invalid {name}: the {role} ring at {y:.5f}, {x:.5f} does not lie {must} an outer one."
        )
    parts = []
    for shell in np.flatnonzero(~odd):
        # Every ring inside this one is in one of its holes. Islands in a hole are separate shells.
        holes = shapely.union_all(rings[inside[around == shell]])
        parts.append(shapely.difference(rings[shell], holes))
    return shapely.union_all(parts)


def _build_rings(ways: Iterable[dict[str, Any]], name: str) -> list[Any]:
    """Return the rings that ways form, each as a polygon without holes."""
    faces = shapely.get_parts(_polygonize_lines(_way_lines(ways, name), name))
    return [shapely.polygons(shapely.get_exterior_ring(face)) for face in faces]


def _way_lines(ways: Iterable[dict[str, Any]], name: str) -> list[Any]:
    lines = []
    for way in ways:
        points = way.get("geometry") or []
        if len(points) < 2 or not all(points):
            raise DataError(f"Invalid {name}: way {way.get('ref')} lacks geometry.")
        lines.append(shapely.linestrings([(p["lon"], p["lat"]) for p in points]))
    return lines


def _polygonize_lines(lines: list[Any], name: str) -> Any:
    """Return the polygons that lines form. Every line must be part of a ring."""
    polygons, cuts, dangles, invalid = shapely.polygonize_full(lines)
    for kind in (cuts, dangles, invalid):
        if not kind.is_empty:
            x, y = shapely.get_coordinates(kind)[0]
            raise DataError(
                f"Invalid {name}: its ways do not close a ring near {y:.5f}, {x:.5f}. The boundary "
                "is broken in OpenStreetMap. Try again later, or use another source."
            )
    return polygons

"""Find the rings of a TopoJSON that do not end where they begin: GDAL silently closes them.

A ring is a list of numbers of arcs, which areas share; ~n stands for arc n in reverse. With a
transform, each position of an arc is the difference from the position before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from geobuffer.io.read.gdal import load_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geobuffer.io.read.files import UserFile

# The layer in which GDAL puts objects that are not collections.
_SINGLES = "TopoJSON"


def list_open_rows(file: UserFile, layer: str) -> list[int]:
    """Return the rows of a layer that have a ring that does not end where it begins."""
    topology = load_json(file)
    rows = enumerate(_list_shapes(topology.get("objects"), layer))
    return [row for row, shape in rows if any(_is_open(r, topology) for r in _list_rings(shape))]


def _list_shapes(objects: Any, layer: str) -> Iterator[dict[str, Any]]:
    """Yield the shapes that become the rows of a layer in GDAL."""
    for name, held in objects.items() if isinstance(objects, dict) else ():
        if not isinstance(held, dict):
            continue
        shapes: Any = []
        if held.get("type") != "GeometryCollection":
            shapes = [held] if layer == _SINGLES else []
        elif name == layer:
            shapes = held.get("geometries")
        for shape in shapes if isinstance(shapes, list) else ():
            if isinstance(shape, dict) and _makes_row(shape):
                yield shape


def _makes_row(shape: dict[str, Any]) -> bool:
    member = "coordinates" if shape.get("type") in {"Point", "MultiPoint"} else "arcs"
    return isinstance(shape.get("type"), str) and isinstance(shape.get(member), list)


def _list_rings(shape: dict[str, Any]) -> list[Any]:
    if shape["type"] == "Polygon":
        return list(shape["arcs"])
    if shape["type"] == "MultiPolygon":
        return [ring for part in shape["arcs"] if isinstance(part, list) for ring in part]
    return []


def _is_open(ring: Any, topology: dict[str, Any]) -> bool:
    """Return whether a ring is not closed; False for invalid rings, which GDAL leaves out."""
    try:
        return _find_ends(ring[0], topology)[0] != _find_ends(ring[-1], topology)[1]
    except (LookupError, OverflowError, TypeError):
        return False


def _find_ends(number: int, topology: dict[str, Any]) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Return the first and last position of an arc in its direction, in the units of the file."""
    arc = topology["arcs"][~number if number < 0 else number]
    first, last = tuple(arc[0][:2]), tuple(arc[-1][:2])
    if "transform" in topology:
        last = sum(step[0] for step in arc), sum(step[1] for step in arc)
    return (last, first) if number < 0 else (first, last)

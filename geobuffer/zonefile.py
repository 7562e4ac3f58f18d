"""A zone read back from the GeoPackage that :mod:`geobuffer.zonelayers` made of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import shapely
from shapely.errors import ShapelyError

from geobuffer.combined import CombinedZone
from geobuffer.ends import flat_ends
from geobuffer.errors import DataError
from geobuffer.geopackages import check_geopackage, is_geopackage
from geobuffer.healing import Healing
from geobuffer.model import BOTH, Border, BufferZone, Region, Section, Side, Source
from geobuffer.zonelayers import FORMAT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from geobuffer.combined import Part, Zone

_LAYERS = ("rings", "sections", "sides", "regions")


def read_zone(path: str | Path) -> Zone:
    """Read a zone from a GeoPackage that :func:`geobuffer.write` made.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    BufferZone or CombinedZone
        The zone that was written: its polygons, border, sides, regions and sources are the same,
        and so is what it says of any place.

    Raises
    ------
    DataError
        There is no such file, it holds no zone of geobuffer's, or one of a later geobuffer's.

    Examples
    --------
    >>> import tempfile
    >>> import geobuffer as gb
    >>> plant = gb.border_around(shapely.Point(30.1, 51.39), source=gb.Source("a map"))
    >>> zone = gb.build_zone(plant, km=[10, 30])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     again = read_zone(gb.write(zone, f"{folder}/plant.gpkg"))
    >>> again.ring_names == zone.ring_names, again.border.source == zone.border.source
    (True, True)
    """
    path = Path(path)
    tables = _tables(path)
    try:
        return _read(tables)
    except (AttributeError, IndexError, KeyError, LookupError, TypeError, ValueError) as error:
        raise DataError(
            f"Invalid zone in {str(path)!r}: {type(error).__name__} {error}. Must be as "
            "geobuffer.write() wrote it; was it edited?"
        ) from error


def _tables(path: Path) -> Mapping[str, Any]:
    """Return the layers and tables of a file, by their names without the prefix."""
    import pyogrio

    if not path.is_file():
        raise DataError(f"Unreadable zone {str(path)!r}: there is no such file.")
    with path.open("rb") as file:
        if not is_geopackage(file.read(72)):
            raise DataError(f"Unreadable zone {str(path)!r}: Must be a GeoPackage.")
    check_geopackage(path, repr(str(path)))
    try:
        names = [str(name) for name, _ in pyogrio.list_layers(path)]
    except (RuntimeError, ValueError) as error:
        raise DataError(f"Unreadable zone {str(path)!r}: {error}. Must be a GeoPackage.") from error
    if "geobuffer_zone" not in names:
        raise DataError(
            f"Invalid zone {str(path)!r}: it holds {', '.join(map(repr, names))}, but no zone of "
            "geobuffer's. Must be a GeoPackage that geobuffer.write() made of a zone."
        )
    told = _layer(path, "geobuffer_zone")
    try:
        definition = json.loads(told["definition"].iloc[0])
        wanted, layer = definition["format"], definition["layer"]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise DataError(f"Invalid zone in {str(path)!r}: its definition is damaged.") from error
    if wanted != FORMAT:
        made = definition.get("made_with", "another geobuffer")
        raise DataError(
            f"Invalid zone in {str(path)!r}: format {wanted!r}, made with {made}. This geobuffer "
            f"reads format {FORMAT}; a later one may read it."
        )
    tables = {
        name: _layer(path, f"geobuffer_{name}")
        for name in (*_LAYERS, "sources")
        if f"geobuffer_{name}" in names
    }
    return {"definition": definition, "main": _layer(path, layer), **tables}


def _layer(path: Path, name: str) -> Any:
    """Return a layer or table of a file."""
    import pyogrio

    try:
        return pyogrio.read_dataframe(path, layer=name)
    # The third is a mistake of pyogrio's own (0.13), of a reference system that cannot be written.
    except (RuntimeError, ValueError, UnboundLocalError, TypeError, ShapelyError) as error:
        raise DataError(
            f"Unreadable zone {str(path)!r}: {name!r} in it is damaged ({error}). Must be as "
            "geobuffer.write() wrote it; get it again."
        ) from error


def _read(tables: Mapping[str, Any]) -> Zone:
    definition = tables["definition"]
    sources = [_source(row) for row in tables["sources"].to_dict("records")]
    regions = [_region(row, sources) for row in _rows(tables, "regions")]
    borders = [
        _border(n, facts, tables, regions, sources) for n, facts in enumerate(definition["borders"])
    ]
    zones = []
    for n, facts in enumerate(definition["zones"]):
        if "rings" in tables:
            rings = [row["geometry"] for row in _rows(tables, "rings") if row["zone"] == n]
        else:
            rings = [row["geometry"] for row in _rows(tables, "main")]
        zones.append(_zone(facts, borders, rings))
    whole = _part(definition["tree"], zones, regions)
    if isinstance(whole, Region):
        raise TypeError("a region is no zone")
    return whole


def _rows(tables: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    if name not in tables:
        return []
    rows: list[dict[str, Any]] = tables[name].to_dict("records")
    return rows


def _source(row: Mapping[str, Any]) -> Source:
    accuracy = row["accuracy_m"]
    texts = {
        key: "" if pd.isna(value) else str(value)
        for key, value in row.items()
        if key != "accuracy_m"
    }
    return Source(**texts, accuracy_m=None if pd.isna(accuracy) else float(accuracy))


def _region(row: Mapping[str, Any], sources: Sequence[Source]) -> Region:
    return Region(
        row["name"],
        row["geometry"],
        sources[row["source"]],
        json.loads(row["names"]),
        row["iso"] or "",
        row["country"] or "",
        json.loads(row["country_names"]),
        None if row["border_source"] < 0 else sources[row["border_source"]],
    )


def _border(
    number: int,
    facts: Mapping[str, Any],
    tables: Mapping[str, Any],
    regions: Sequence[Region],
    sources: Sequence[Source],
) -> Border:
    def named(text: str) -> tuple[Region, ...]:
        return tuple(regions[n] for n in json.loads(text))

    sections = tuple(
        Section(
            row["name"], row["geometry"], named(row["regions"]), row["start_km"], row["length_km"]
        )
        for row in _rows(tables, "sections")
        if row["border"] == number
    )
    if not sections:
        raise ValueError("a border without sections")
    sides = []
    for row in _rows(tables, "sides"):
        if row["border"] == number:
            area = (row["geometry"] or shapely.MultiPolygon()) if row["has_area"] else None
            side = Side(row["name"], area, named(row["regions"]), json.loads(row["names"]))
            sides.append(side)
    one, other = sides
    # Files of before it was kept have none.
    healing = Healing(**facts["healing"]) if facts.get("healing") else None
    return Border(sections, (one, other), sources[facts["source"]], healing)


def _zone(facts: Mapping[str, Any], borders: Sequence[Border], rings: Sequence[Any]) -> BufferZone:
    border, edges = borders[facts["border"]], tuple(map(float, facts["edges_km"]))
    if len(rings) != len(edges) - 1 or list(edges) != sorted(set(edges)):
        raise ValueError(f"{len(rings)} rings between edges at {edges} km")
    if facts["side"] not in {BOTH, *(side.name for side in border.sides)}:
        raise ValueError(f"no side {facts['side']!r}")
    # Where some rings have several parts, the layer has made multipolygons of all.
    parts = [shapely.get_parts(ring) for ring in rings]
    rings = [ps[0] if len(ps) == 1 else ring for ps, ring in zip(parts, rings, strict=True)]
    squared = tuple(flat_ends(border.line, edges[-1] * 1e3)) if facts["ends"] == "flat" else ()
    return BufferZone(
        border,
        edges,
        facts["side"],
        facts["ends"],
        tuple(rings),
        facts["tolerance_m"],
        facts["error_m"],
        squared,
        tuple(facts["side_km"]) if facts["side_km"] else None,
    )


def _part(tree: Mapping[str, Any], zones: Sequence[BufferZone], regions: Sequence[Region]) -> Part:
    if "zone" in tree:
        return zones[int(tree["zone"])]
    if "region" in tree:
        return regions[int(tree["region"])]
    parts = tuple(_part(one, zones, regions) for one in tree["parts"])
    return CombinedZone(tree["how"], parts, shapely.from_wkb(tree["wkb"]), tree["name"])

"""A zone as a GeoPackage that holds all of it: borders, sides, regions, sources, edges.

The rings are the first layer, under the file's name, for any GIS. Beside them lie the layers
``geobuffer_rings`` (of the zones that a combined zone is made of), ``geobuffer_sections``,
``geobuffer_sides`` and ``geobuffer_regions``, and the tables ``geobuffer_sources`` and
``geobuffer_zone``: one row of JSON that says how they belong together. Coordinates are kept to the
last bit, so that what :mod:`geobuffer.zonefile` reads gives the same answers.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import shapely

from geobuffer.combined import CombinedZone
from geobuffer.model import Border, BufferZone, Region, Source
from geobuffer.wholeness import check_whole_geopackage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from geobuffer.combined import Part, Zone

# Raised when a file of today could not be read by the geobuffer of yesterday.
FORMAT = 1


@dataclass
class _Shelf:
    """What a zone is made of, each thing once and known by its number."""

    zones: list[BufferZone] = field(default_factory=list)
    borders: list[Border] = field(default_factory=list)
    regions: list[Region] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)

    def zone(self, zone: BufferZone) -> int:
        self.border(zone.border)
        return _number(self.zones, zone)

    def border(self, border: Border) -> int:
        for region in border.regions:
            self.region(region)
        for section in border.sections:
            for region in section.regions:
                self.region(region)
        self.source(border.source)
        return _number(self.borders, border)

    def region(self, region: Region) -> int:
        self.source(region.source)
        if region.border_source is not None:
            self.source(region.border_source)
        return _number(self.regions, region)

    def source(self, source: Source) -> int:
        return _number(self.sources, source)


def _number(shelf: list[Any], thing: Any) -> int:
    """Return the number of a thing on a shelf, where it is put if it is not there."""
    if thing not in shelf:
        shelf.append(thing)
    return shelf.index(thing)


def write_zone_layers(zone: Zone, path: Path, layer: str) -> None:
    """Write beside a zone's rings, which are in the file already, what it is made of."""
    import pyogrio

    from geobuffer import __version__

    shelf = _Shelf()
    tree = _tree(zone, shelf)
    definition = {
        "format": FORMAT,
        "made_with": f"geobuffer {__version__}",
        "layer": layer,
        "tree": tree,
        "zones": [_zone_facts(one, shelf) for one in shelf.zones],
        "borders": [_border_facts(border, shelf) for border in shelf.borders],
    }
    tables = {
        "rings": _rings(shelf) if isinstance(zone, CombinedZone) else None,
        "sections": _sections(shelf),
        "sides": _sides(shelf),
        "regions": _regions(shelf),
        "sources": pd.DataFrame([asdict(source) for source in shelf.sources]),
        "zone": pd.DataFrame({"definition": [json.dumps(definition, ensure_ascii=False)]}),
    }
    for name, table in tables.items():
        if table is None or not len(table):
            continue
        kinds = {"geometry_type": "Unknown"} if isinstance(table, gpd.GeoDataFrame) else {}
        pyogrio.write_dataframe(
            table, path, layer=f"geobuffer_{name}", driver="GPKG", promote_to_multi=False, **kinds
        )
        check_whole_geopackage(path, f"geobuffer_{name}", table)


def _tree(part: Part, shelf: _Shelf) -> dict[str, Any]:
    """Return how a zone is made of others, as nested dictionaries of numbers."""
    if isinstance(part, BufferZone):
        return {"zone": shelf.zone(part)}
    if isinstance(part, Region):
        return {"region": shelf.region(part)}
    return {
        "how": part.how,
        "name": part.name,
        "parts": [_tree(one, shelf) for one in part.parts],
        "wkb": shapely.to_wkb(part.polygon, hex=True),
    }


def _border_facts(border: Border, shelf: _Shelf) -> dict[str, Any]:
    healing = None if border.healing is None else asdict(border.healing)
    return {"source": shelf.source(border.source), "healing": healing}


def _zone_facts(zone: BufferZone, shelf: _Shelf) -> dict[str, Any]:
    return {
        "border": shelf.border(zone.border),
        "edges_km": zone.edges_km,
        "side": zone.side,
        "ends": zone.ends,
        "tolerance_m": zone.tolerance_m,
        "error_m": zone.error_m,
        "side_km": zone.side_km,
    }


def _rings(shelf: _Shelf) -> gpd.GeoDataFrame:
    rows = [(n, ring) for n, zone in enumerate(shelf.zones) for ring in zone.rings]
    return _frame({"zone": [n for n, _ in rows]}, [ring for _, ring in rows])


def _sections(shelf: _Shelf) -> gpd.GeoDataFrame:
    rows = [(n, section) for n, border in enumerate(shelf.borders) for section in border.sections]
    columns = {
        "border": [n for n, _ in rows],
        "name": [s.name for _, s in rows],
        "start_km": [s.start_km for _, s in rows],
        "length_km": [s.length_km for _, s in rows],
        "regions": [_numbers(s.regions, shelf) for _, s in rows],
    }
    return _frame(columns, [s.line for _, s in rows])


def _sides(shelf: _Shelf) -> gpd.GeoDataFrame:
    rows = [(n, side) for n, border in enumerate(shelf.borders) for side in border.sides]
    columns = {
        "border": [n for n, _ in rows],
        "name": [s.name for _, s in rows],
        "names": [json.dumps(dict(s.names), ensure_ascii=False) for _, s in rows],
        "regions": [_numbers(s.regions, shelf) for _, s in rows],
        # An area that is empty, as of points, is not the same as none.
        "has_area": [int(s.area is not None) for _, s in rows],
    }
    areas = [None if s.area is None or s.area.is_empty else s.area for _, s in rows]
    return _frame(columns, areas)


def _regions(shelf: _Shelf) -> gpd.GeoDataFrame:
    regions = shelf.regions
    columns = {
        "name": [r.name for r in regions],
        "names": [json.dumps(dict(r.names), ensure_ascii=False) for r in regions],
        "iso": [r.iso for r in regions],
        "country": [r.country for r in regions],
        "country_names": [json.dumps(dict(r.country_names), ensure_ascii=False) for r in regions],
        "source": [shelf.source(r.source) for r in regions],
        "border_source": [
            -1 if r.border_source is None else shelf.source(r.border_source) for r in regions
        ],
    }
    return _frame(columns, [r.geometry for r in regions])


def _frame(columns: Mapping[str, Any], shapes: Sequence[Any]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(dict(columns), geometry=list(shapes), crs="EPSG:4326")


def _numbers(regions: Sequence[Region], shelf: _Shelf) -> str:
    return json.dumps([shelf.region(region) for region in regions])

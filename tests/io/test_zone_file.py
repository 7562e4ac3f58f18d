"""A zone written to a GeoPackage and read again is the same zone, to the last bit."""

import json
import sqlite3

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely

import geobuffer as gb
from geobuffer.viz.extent import measure_sea_km

HAND = gb.Source("drawn; by hand", licence="CC0", as_of="2026", accuracy_m=12.5)


def _line():
    return gb.border_along(
        [
            shapely.LineString([(30, 50), (30.2, 50.1)]),
            shapely.LineString([(30.2, 50.1), (31, 50)]),
        ],
        names=["west", "схід"], source=HAND,
    )  # fmt: skip


def _plant():
    return gb.border_around(shapely.Point(30.1, 50.2), names=["plant"], source=gb.Source("map"))


def _park():
    return gb.Region("Park", shapely.box(30, 50, 30.2, 50.1), HAND, {"uk": "Парк"}, "XX-1", "XX")


def _combined(border):
    sides = gb.build_zone(border, km={"Ukraine": 10, "Russia": 5}, tolerance_m=20)
    disc = gb.build_zone(_plant(), km=30, tolerance_m=20)
    return gb.subtract(gb.unite(sides, disc, _park(), name="перша"), gb.build_zone(_line(), km=2))


def _coast():
    """Two zones off Odesa: about the whole outline of a square, and about a part at sea of it."""
    square = gb.Region("Square", shapely.box(30.5, 45.5, 31.5, 47), HAND)
    part = gb.border_along([shapely.LineString([(30.5, 45.5), (31.5, 45.5)])], source=HAND)
    return [gb.build_zone(border, km=2, tolerance_m=20) for border in (gb.border_of(square), part)]


def _healed():
    east = gb.Region("East", shapely.box(30.201, 50, 30.4, 50.1), gb.Source("another layer"))
    return gb.border_between(_park(), east, tolerance_m=100)


@pytest.fixture(scope="module")
def two_sections(regions):
    """A border that is shorter than the default one."""
    return gb.border_between(regions["Kursk", "Belgorod"], regions["Sumy"])


ZONES = {
    "one side": lambda border: gb.build_zone(border, km=10, side="Ukraine", tolerance_m=50),
    "flat rings": lambda border: gb.build_zone(border, km=[3, 5], ends="flat", tolerance_m=50),
    "by side": lambda border: gb.build_zone(border, km={"Ukraine": 8, "Russia": 3}, tolerance_m=50),
    "by section": lambda border: gb.build_zone(border, km={"Kursk–Sumy": 8}, tolerance_m=50),
    "from a distance": lambda border: gb.build_zone(border, km=8, from_km=3, tolerance_m=50),
    "left of a line": lambda _: gb.build_zone(_line(), km=[1, 4], side="left", tolerance_m=5),
    "a disc": lambda _: gb.build_zone(_plant(), km=[10, 30]),
    "round a park": lambda _: gb.build_zone(gb.border_of(_park()), km=2, side="outside"),
    "of outlines that were healed": lambda _: gb.build_zone(_healed(), km=2, tolerance_m=5),
    "off a coast": lambda _: _coast()[0],
    "off a coast, of two": lambda _: gb.unite(*_coast()),
    "of many": _combined,
    "clipped": lambda border: gb.clip_zone(
        gb.build_zone(border, km=9, tolerance_m=50),
        [_park(), gb.Region("Box", shapely.box(34.3, 51.0, 35.2, 51.5), HAND)],
    ),
}


def _same(one, other):
    """Return whether two shapes have the same vertices, to the last bit, in the same order."""
    return (one is None and other is None) or (
        one.geom_type == other.geom_type and one.wkb == other.wkb
    )


@pytest.mark.parametrize("name", ZONES)
def test_a_zone_read_back_equals_the_zone_written(name, two_sections, tmp_path):
    zone = ZONES[name](two_sections)
    again = gb.read_zone(gb.write(zone, tmp_path / "zone.gpkg"))
    assert type(again) is type(zone)
    assert repr(again) == repr(zone)
    assert again.edges_km == zone.edges_km
    assert again.ring_names == zone.ring_names
    assert all(map(_same, again.rings, zone.rings))
    assert again.source == zone.source
    sea_km = measure_sea_km(zone)
    assert measure_sea_km(again) == sea_km
    assert (sea_km > 100) == name.startswith("off a coast")
    if isinstance(zone, gb.BufferZone):
        assert again.border.healing == zone.border.healing
    for was, now in zip(zone.sections, again.sections, strict=True):
        assert (was.name, was.start_km, was.length_km) == (now.name, now.start_km, now.length_km)
        assert _same(was.line, now.line)
        assert [was.label(to) for to in ("en", "uk", "ru")] == [
            now.label(to) for to in ("en", "uk", "ru")
        ]
    for was, now in zip(zone.sides, again.sides, strict=True):
        assert (was.name, was.names) == (now.name, now.names)
        assert (was.area is None) == (now.area is None)
        assert was.area is None or was.area.is_empty or _same(was.area, now.area)
    for was, now in zip(zone.regions, again.regions, strict=True):
        facts = [(r.name, r.names, r.iso, r.country, r.country_names, r.source, r.border_source)
                 for r in (was, now)]  # fmt: skip
        assert facts[0] == facts[1]
        assert _same(was.geometry, now.geometry)
    rng = np.random.default_rng(0)
    west, south, east, north = zone.polygon.buffer(0.1).bounds
    lon, lat = rng.uniform(west, east, 3000), rng.uniform(south, north, 3000)
    for was, now in zip(
        gb.answer(lon, lat, zone, radius_m=400),
        gb.answer(lon, lat, again, radius_m=400),
        strict=True,
    ):
        np.testing.assert_array_equal(was, now)


def test_the_answers_for_the_bundled_places_are_the_same(zone, towns, tmp_path):
    again = gb.read_zone(gb.write(zone, tmp_path / "zone.gpkg"))
    assert gb.classify(towns, again).equals(gb.classify(towns, zone))
    assert gb.exposure(towns, again).equals(gb.exposure(towns, zone))
    assert gb.map_zone(again).get_root().render().count("Sumy") == gb.map_zone(
        zone
    ).get_root().render().count("Sumy")


def test_a_zone_file_can_be_renamed(tmp_path):
    zone = gb.build_zone(_plant(), km=3)
    path = gb.write(zone, tmp_path / "geobuffer_zone.gpkg")
    path = path.rename(tmp_path / "інше.gpkg")
    assert gb.read_zone(path).area_km2 == zone.area_km2


def test_layers_describe_their_content(border, tmp_path):
    path = gb.write(ZONES["one side"](border), tmp_path / "zone.gpkg")
    layers = dict(pyogrio.list_layers(path))
    assert next(iter(layers)) == "zone"
    assert set(layers) == {"zone", "geobuffer_sections", "geobuffer_sides", "geobuffer_regions",
                           "geobuffer_sources", "geobuffer_zone", "layer_styles"}  # fmt: skip
    rings = gpd.read_file(path, layer="zone")
    assert rings["licence"].tolist() == [border.source.licence]
    assert rings["made_with"].tolist() == [f"geobuffer {gb.__version__}"]
    assert "Geodesic" in rings["method"].item()
    sections = gpd.read_file(path, layer="geobuffer_sections")
    assert sections["name"].tolist() == [s.name for s in border.sections]
    assert sections.crs == "EPSG:4326"


def _edit(path, change):
    with sqlite3.connect(path) as database:
        (text,) = database.execute("SELECT definition FROM geobuffer_zone").fetchone()
        database.execute("UPDATE geobuffer_zone SET definition = ?", (change(text),))
    database.close()


def _set(**facts):
    return lambda text: json.dumps(json.loads(text) | facts)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda text: text[:50], "its definition is damaged"),
        (lambda _: "[]", "its definition is damaged"),
        (_set(format=2, made_with="geobuffer 9"), "format 2, made with geobuffer 9"),
        (_set(zones=[]), "was it edited"),
        (_set(tree={"zone": 7}), "was it edited"),
        (_set(tree={"region": 0}), "was it edited"),
        (_set(borders=[{"source": 5}]), "was it edited"),
    ],
)
def test_an_altered_zone_file_is_refused(change, says, tmp_path):
    path = gb.write(gb.build_zone(_plant(), km=3), tmp_path / "zone.gpkg")
    _edit(path, change)
    with pytest.raises(gb.DataError, match=says):
        gb.read_zone(path)


def test_files_without_a_zone_are_refused(towns, tmp_path):
    with pytest.raises(gb.DataError, match="there is no such file"):
        gb.read_zone(tmp_path / "nothing.gpkg")
    with pytest.raises(gb.DataError, match="'places', but no zone"):
        gb.read_zone(gb.write(towns.head(3), tmp_path / "places.gpkg"))
    (tmp_path / "text.gpkg").write_text("no database", encoding="utf-8")
    with pytest.raises(gb.DataError, match="Must be a GeoPackage"):
        gb.read_zone(tmp_path / "text.gpkg")

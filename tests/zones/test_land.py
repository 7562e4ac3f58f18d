"""Stretches of borders at sea: found, measured, left out, and never asked of a border inland."""

import re
import subprocess
import sys

import numpy as np
import pyproj
import pytest
import shapely

import geobuffer as gb
from geobuffer.datasets.bundled import manifest
from geobuffer.zones import land
from geobuffer.zones.land import reaches_inland, split_at_coast

GEOD = pyproj.Geod(ellps="WGS84")


def _km(line):
    return GEOD.geometry_length(line) / 1e3


def _region(name, west, south, east, north):
    return gb.Region(name, shapely.box(west, south, east, north), gb.Source("a sketch"))


@pytest.fixture(scope="module")
def off_odesa():
    """Two squares that meet along 31.5° E, from the steppe far into the Black Sea."""
    west, east = _region("West", 30.5, 44, 31.5, 48), _region("East", 31.5, 44, 32.5, 48)
    return west, east, gb.border_between(west, east)


def test_kilometres_at_sea_are_those_off_the_coast(off_odesa):
    *_, border = off_odesa
    # The coast west of Ochakiv is near 46.7° N: 2.7° of latitude at sea, 111.15 km each.
    assert border.sea_km == pytest.approx(2.7 * 111.15, abs=8)
    assert border.sea_km == pytest.approx(_km(border.sea_line), rel=1e-9)
    [(dry, sea)] = border.coast_split
    assert _km(dry) + _km(sea) == pytest.approx(border.length_km, rel=1e-9)
    assert "km at sea" in repr(border)
    assert "at sea" in border._repr_html_()


def test_land_only_leaves_out_what_runs_at_sea(off_odesa):
    west, east, border = off_odesa
    dry = gb.border_between(west, east, land_only=True)
    assert dry.length_km == pytest.approx(border.length_km - border.sea_km, rel=1e-9)
    assert dry.sea_km == 0.0
    assert dry.sides == border.sides
    assert dry != border
    # A place at sea, 800 m from the border and far from its end on land.
    place = np.array([31.51]), np.array([44.5])
    assert border.index.nearest(*place).distance_m[0] == pytest.approx(795, abs=2)
    assert dry.index.nearest(*place).distance_m[0] > 240_000
    assert dry.side_codes(*place).tolist() == border.side_codes(*place).tolist()


def test_outline_of_a_coastal_region_states_and_leaves_out_its_sea(off_odesa):
    west, *_ = off_odesa
    border, dry = gb.border_of(west), gb.border_of(west, land_only=True)
    assert 0 < border.sea_km < border.length_km
    assert dry.length_km == pytest.approx(border.length_km - border.sea_km, rel=1e-9)
    # The ring begins in a corner; the stretch through that corner is one.
    assert len(border.sea_line.geoms) == 1


def test_sections_keep_their_order_and_chainage_without_the_sea():
    west = _region("West", 30.5, 44, 31.5, 48)
    south, north = _region("South", 31.5, 44, 32.5, 46), _region("North", 31.5, 46, 32.5, 48)
    border = gb.border_between(west, [south, north])
    assert len(border.sections) == 2
    dry = gb.border_between(west, [south, north], land_only=True)
    assert [section.name for section in dry.sections] == ["West–North"]
    assert dry.sections[0].start_km == 0.0
    assert dry.length_km == pytest.approx(border.length_km - border.sea_km, rel=1e-9)
    at_sea = {s.name: _km(p.sea) for s, p in zip(border.sections, border.coast_split, strict=True)}
    assert at_sea["West–South"] == pytest.approx(border.sections[0].length_km, rel=1e-9)
    assert 0 < at_sea["West–North"] < at_sea["West–South"]


def test_border_wholly_at_sea_warns_and_has_no_land_border():
    west, east = _region("West", 33, 43, 34, 44), _region("East", 34, 43, 35, 44)
    with pytest.warns(UserWarning, match=r"All 111 km of the border run at sea.*coarse map"):
        border = gb.border_between(west, east)
    assert border.sea_km == pytest.approx(border.length_km)
    with pytest.raises(gb.GeometryError, match=r"No land border: all 111 km") as caught:
        gb.border_between(west, east, land_only=True)
    assert caught.value.parameter == "land_only"
    with pytest.warns(UserWarning, match="run at sea"):
        gb.border_of(west)
    with pytest.raises(gb.GeometryError, match="No land border"):
        gb.border_of(west, land_only=True)


# Shapes of every kind


@pytest.mark.parametrize(
    ("name", "line", "sea_km"),
    [
        ("inland", [(33, 51), (34, 52)], 0),
        ("the Caspian Sea", [(50.5, 42), (51, 42)], 41.4),
        ("Lake Superior", [(-88, 47.8), (-87, 47.8)], 0),
        # Over 180°, in land (Chukotka) and at sea (south of Fiji), jumping and cut.
        ("Chukotka", [(179.5, 67.5), (-179.5, 67.5)], 0),
        ("the Pacific", [(179.5, -25), (-179.5, -25)], 100.9),
        ("to the South Pole", [(0, -85), (0, -90)], 0),
        ("the North Pole", [(0, 88), (0, 90)], 223.4),
    ],
)
def test_lines_of_every_kind(name, line, sea_km):
    [(dry, sea)] = split_at_coast([shapely.LineString(line)])
    assert (_km(sea) if not sea.is_empty else 0) == pytest.approx(sea_km, abs=0.1), name
    assert dry.is_empty == (sea_km > 0)


def test_points_and_empty_lines_have_no_sea():
    assert gb.border_around(shapely.Point(0, 0)).sea_km == 0.0
    assert [one.sea.is_empty for one in split_at_coast([shapely.LineString()])] == [True]
    assert split_at_coast([]) == []


def test_nothing_is_lost_or_counted_twice_where_a_line_weaves_along_a_coast():
    # The coast of Norway: hundreds of crossings, of which short ones count as land.
    t = np.linspace(0, 1, 4_000)
    lon, lat = 5 + 20 * t, 61 + 9.5 * t + 0.4 * np.cos(170 * t)
    line = shapely.LineString(np.column_stack([lon, lat]))
    [(dry, sea)] = split_at_coast([line])
    assert _km(dry) + _km(sea) == pytest.approx(_km(line), rel=1e-9)
    assert not shapely.is_empty(dry)
    assert len(sea.geoms) > 5
    # Both keep the order and the direction of the line: chainages follow them.
    for parts in (shapely.get_parts(dry), sea.geoms):
        at = np.concatenate([shapely.get_coordinates(part)[[0, -1]] for part in parts])
        along = shapely.line_locate_point(line, shapely.points(at))
        assert (np.diff(along) > -1e-9).all()
    [back] = split_at_coast([shapely.reverse(line)])
    for parts, other in ((dry, back.land), (sea, back.sea)):
        turned = [shapely.reverse(part) for part in reversed(shapely.get_parts(other))]
        assert shapely.equals_exact(parts, shapely.multilinestrings(turned), tolerance=1e-9)


def test_outline_without_its_sea_runs_as_before():
    """The stretch on land through the first corner of a ring keeps its direction."""
    # Short segments, whose geodesics are as long as their parts.
    whole = shapely.segmentize(shapely.box(30.5, 44, 31.5, 48).exterior, 0.01)
    for first in (0, 100, 400, 600, 1_000):
        ring = np.roll(shapely.get_coordinates(whole)[:-1], first, axis=0)
        line = shapely.LineString([*ring, ring[0]])
        [(dry, sea)] = split_at_coast([line])
        assert _km(dry) + _km(sea) == pytest.approx(_km(line), rel=1e-6)
        for part in [*shapely.get_parts(dry), *sea.geoms]:
            turned = shapely.Polygon(part).exterior.is_ccw
            assert turned == shapely.Polygon(line).exterior.is_ccw


def test_stretch_near_the_coast_counts_as_land():
    near, far = ([(30.75, 46.5), (lon, 46.5)] for lon in (30.80, 30.95))
    (one, other) = (split_at_coast([shapely.LineString(line)])[0] for line in (near, far))
    assert one.sea.is_empty
    # The longer one gets away from the land, so all of it counts from the map's coast on.
    assert _km(other.sea) > 10


# What it costs, and what may be broken


def test_border_inland_does_not_read_the_coasts():
    code = (
        "import geobuffer as gb; from geobuffer.zones import land; r = gb.load_regions();"
        "read = land._read_file.cache_info;"
        "print(read().misses);"
        "b = gb.border_between(r['Kursk'], r['Sumy']); b.sea_km;"
        "print(land._land_tree.cache_info().misses, b.sea_km)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "0", "0.0"]


def test_default_border_is_inland_and_the_whole_line_ends_at_sea():
    regions = gb.load_regions()
    scenario = gb.load_scenario()
    border = gb.border_between(regions[scenario.between], regions[scenario.other])
    assert reaches_inland([section.line for section in border.sections])
    assert border.sea_km == 0.0
    assert "at sea" not in repr(border)


def test_hash_in_the_code_is_that_of_the_manifest():
    assert manifest()["land"]["sha256"] == land._SHA256
    assert manifest()["land"]["file"] == land._FILE


@pytest.fixture
def broken(tmp_path, monkeypatch):
    """A data folder without the map of land."""
    (tmp_path / "boundaries").mkdir()
    monkeypatch.setattr(land, "data_folder", lambda: tmp_path)
    for read in (land._read_file, land._inland_area, land._land_tree):
        read.cache_clear()
    yield tmp_path / "boundaries" / "land.parquet"
    for read in (land._read_file, land._inland_area, land._land_tree):
        read.cache_clear()


def test_missing_or_altered_map_is_named(broken):
    line = [shapely.LineString([(0, 0), (1, 1)])]
    with pytest.raises(gb.DataError, match=rf"{re.escape(str(broken))}: No such file.*Reinstall"):
        split_at_coast(line)
    broken.write_bytes(b"altered")
    with pytest.raises(gb.ChecksumMismatch, match=rf"{re.escape(str(broken))}.*sha256.*Reinstall"):
        split_at_coast(line)

"""The regions of the world: table of files, countries, and real borders on five continents.

We check each real border by an independent computation: its length by pyproj's Geod, distances by
brute force over GeographicLib, and the area of its zone by buffers in local equidistant planes and
an equal-area projection.

Shapes cached between runs are returned unchanged, or computed again.
"""

import functools
import importlib.util
import itertools
import json
import os
import re
import sys
import tarfile
import threading
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from support.cli import run_geobuffer
from support.plane_areas import buffer_line, densify, equal_area_km2

import geobuffer as gb
from geobuffer.datasets import countries, world
from geobuffer.datasets.world import read_cached_shape, write_cached_shape

_missing = [m for m in ("babel", "pycountry", "borders") if importlib.util.find_spec(m) is None]
# In continuous integration the extra must be installed, so that no test is skipped unnoticed.
pytestmark = [
    pytest.mark.skipif(
        bool(_missing) and not os.environ.get("CI"), reason=f"the extra world lacks {_missing}"
    ),
    # Building the borders takes half a minute, so one worker runs all these tests.
    pytest.mark.xdist_group("world"),
]

GEOD = pyproj.Geod(ellps="WGS84")
GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "anywhere.md"

# Two sides each, by name of a country or region and the level at which it is found; without a
# second side, the outline.
BORDERS = {
    "South Korea | North Korea": (["KR"], ["KP"], 0),
    "India | Pakistan": (["IN-GJ", "IN-RJ", "IN-PB", "IN-JK"], ["PK"], 1),
    "Norway | Finland": (["NO"], ["FI"], 0),
    "Kamchatka Krai | Chukotka": (["RU-KAM"], ["RU-CHU"], 1),
    "Colombia | Venezuela": (["CO"], ["VE"], 0),
    "Rwanda | Congo - Kinshasa": (["RW"], ["CD"], 0),
    "United States | Mexico": (["US-CA", "US-AZ", "US-NM", "US-TX"], ["MX"], (1, 0)),
    "Fiji": (["FJ"], None, 0),
}


def _load(codes, level):
    countries = sorted({code[:2] for code in codes})
    return [gb.load_regions("world", country=countries, level=level)[code] for code in codes]


@pytest.fixture(scope="module", autouse=True)
def unpacked(unpacked_world):
    pass


@pytest.fixture(scope="module")
def borders():
    made = {}
    for name, (one, other, level) in BORDERS.items():
        levels = level if isinstance(level, tuple) else (level, level)
        ones = _load(one, levels[0])
        made[name] = (
            gb.border_between(ones, _load(other, levels[1])) if other else gb.border_of(ones[0])
        )
    return made


@pytest.fixture(scope="module")
def zones(borders):
    """The zone of 10 km about each of them, made when it is first asked for."""
    return functools.cache(lambda name: gb.build_zone(borders[name], km=10, tolerance_m=10))


@pytest.fixture(scope="module", params=BORDERS)
def border(request, borders):
    return borders[request.param]


def test_land_borders_are_as_long_as_published(borders):
    # Korea's Demarcation Line of 1953 is published with 238 to 250 km, the Colombian border with
    # 2,219 km, the Finnish one with 727 to 736, the Mexican one with 3,145 to 3,180.
    published = {
        "South Korea | North Korea": (238, 250), "Norway | Finland": (727, 745),
        "Colombia | Venezuela": (2_200, 2_400), "United States | Mexico": (3_140, 3_190),
    }  # fmt: skip
    found = {name: borders[name].length_km - borders[name].sea_km for name in published}
    for name, (least, most) in published.items():
        assert least <= found[name] <= most, found
    assert borders["Fiji"].sea_km == pytest.approx(borders["Fiji"].length_km)


def _length_km(line):
    # 0.001°: at most 0.1 km, whose geodesic departs from the parallel by less than a millimetre.
    return sum(GEOD.line_length(*part.T) for part in densify(line, 0.001)) / 1e3


def _brute_km(lon, lat, line):
    """The distance to a line: by GeographicLib to all its points nearby, then to denser ones."""
    found = []
    parts = densify(line, 0.0005)
    for x, y in zip(lon, lat, strict=True):
        best = np.inf
        for part in parts:
            away = np.abs((part - [x, y] + 180.0) % 360.0 - 180.0)
            near = np.flatnonzero((away[:, 1] < 0.3) & (away[:, 0] < 0.3 / np.cos(np.radians(y))))
            if not len(near):
                continue
            ones = np.ones(len(near))
            first = near[GEOD.inv(x * ones, y * ones, *part[near].T)[2].argsort()[:20]]
            for at in first:
                for end in {max(at - 1, 0), min(at + 1, len(part) - 1)}:
                    share = np.linspace(0.0, 1.0, 501)[:, None]
                    fine = part[at] + share * (part[end] - part[at])
                    ones = np.ones(len(fine))
                    best = min(best, GEOD.inv(x * ones, y * ones, *fine.T)[2].min())
        found.append(best / 1e3)
    return np.array(found)


def _points_about(border, count, seed=0):
    """Random points within some 15 km of a border."""
    rng = np.random.default_rng(seed)
    parts = np.vstack(densify(border.line, 0.05))
    at = parts[rng.integers(len(parts), size=count)]
    lon, lat, _ = GEOD.fwd(*at.T, rng.uniform(0, 360, count), rng.uniform(100, 15_000, count))
    return np.asarray(lon), np.asarray(lat)


def _distances_differ_m(border, count=25):
    lon, lat = _points_about(border, count)
    points = gpd.GeoSeries.from_xy(lon, lat, crs="EPSG:4326")
    ours = gb.distance_to_border(points, border).to_numpy()
    return 1e3 * np.abs(ours - _brute_km(lon, lat, border.line)).max()


def test_length_of_a_real_border(border):
    assert border.length_km == pytest.approx(_length_km(border.line), rel=1e-7)


def test_distances_from_a_real_border(border):
    # The brute force samples every 0.1 m or so: 0.02 m at 1 km in the worst case.
    assert _distances_differ_m(border) < 0.02


@pytest.mark.parametrize("name", BORDERS)
def test_area_of_the_zone_of_a_real_border(name, borders, zones):
    zone = zones(name)
    ours, theirs = equal_area_km2(zone.polygon), equal_area_km2(buffer_line(borders[name].line, 10))
    assert zone.area_km2 == pytest.approx(ours, rel=1e-5)
    assert zone.area_km2 == pytest.approx(theirs, rel=5e-4)


def test_real_borders_are_continuous_and_report_their_healing(borders):
    for name, made in borders.items():
        if name != "Fiji":
            assert made.line.geom_type == "LineString", name
            assert made.source.accuracy_m < 32.0
            assert made.source.as_of == "2020-10"
            assert made.healing is None or made.healing.disagreement_km < 0.01
    north, south = borders["South Korea | North Korea"].sides
    assert (north.name, south.name) == ("South Korea", "North Korea")
    fiji = borders["Fiji"].line.bounds
    assert (fiji[0], fiji[2]) == (-180.0, 180.0)
    assert borders["Norway | Finland"].line.bounds[3] > 70.0


def test_the_zone_of_fiji_is_one_across_the_antimeridian(borders, zones):
    zone = zones("Fiji")
    coast = np.vstack(densify(borders["Fiji"].line, 0.01))
    coast = coast[np.abs(coast[:, 0]) > 179.8]
    rng = np.random.default_rng(0)
    at = coast[rng.integers(len(coast), size=400)]
    lon, lat, _ = GEOD.fwd(*at.T, rng.uniform(0, 360, 400), rng.uniform(100, 20_000, 400))
    assert (lon > 0).any()
    assert (lon < 0).any()
    inside = shapely.intersects_xy(zone.polygon, lon, lat)
    away = borders["Fiji"].index.nearest(lon, lat).distance_m
    clear = np.abs(away - 10_000) > 20
    assert (inside[clear] == (away[clear] < 10_000)).all()
    assert inside.any()
    assert not inside.all()


def test_the_guide_states_the_computed_figures(borders, zones):
    # The last three columns compare with an independent computation; other tables lack them.
    row = re.compile(r"^\| (.+?) \| ([\d,]+) \| ([\d.–]+) \| ([\d,]+) \| <", re.MULTILINE)
    rows = row.findall(GUIDE.read_text("utf-8"))
    stated = {name.split(" (")[0].replace(" – ", " | "): figures for name, *figures in rows}
    assert set(stated) == set(BORDERS)
    for name, (length, apart, area) in stated.items():
        made = borders[name]
        assert f"{made.length_km:,.0f}" == length, name
        healed = "–" if made.healing is None else f"{1e3 * made.healing.disagreement_km:.1f}"
        assert healed == apart, name
        assert zones(name).area_km2 == pytest.approx(float(area.replace(",", "")), abs=1.5), name


def test_bundled_and_world_outlines_are_healed_to_the_line(regions):
    """Kursk and Sumy come from two sources; the bundled line is the true border."""
    exact = gb.border_between(regions["Kursk"], regions["Sumy"])
    sumy = gb.load_regions("world", country="UA")["UA-59"]
    with pytest.raises(gb.NotAdjacent, match=r"Kursk and Sumy Oblast"):
        gb.border_between(regions["Kursk"], sumy, tolerance_m=0)
    # The world's outline reaches 1.1 km into the bundled one.
    with pytest.raises(gb.GeometryError, match=r"up to 1\.1 km, at 35\.32.*, 51\.08"):
        gb.border_between(regions["Kursk"], sumy, tolerance_m=1_000)
    border = gb.border_between(regions["Kursk"], sumy, tolerance_m=1_500)
    assert border.line.geom_type == "LineString"
    assert border.length_km == pytest.approx(exact.length_km, abs=1.0)
    # The healed line follows the outline of the first side, which is the exact one.
    away = exact.index.nearest(*shapely.get_coordinates(border.line).T).distance_m
    assert away.max() < 0.01
    assert border.healing.disagreement_km == pytest.approx(1.10, abs=0.01)
    other = gb.border_between(sumy, regions["Kursk"], tolerance_m=1_500)
    assert other.line.geom_type == "LineString"
    away = exact.index.nearest(*shapely.get_coordinates(other.line).T).distance_m
    assert away.max() <= 1e3 * other.healing.disagreement_km + 0.1


@pytest.fixture
def run(made_once, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return run_geobuffer


@pytest.fixture(scope="module")
def kivu():
    """The border of Rwanda and Congo that the commands below use."""
    countries = gb.load_regions("world", country=["RW", "CD"], level=0)
    return gb.border_between(countries["RW"], countries["CD"])


KIVU = ("--between", "RW", "--and", "CD", "--country", "RW,CD")


def test_zone_of_countries_on_the_command_line(run, kivu):
    done = run("zone", *KIVU, "--km", "3", "--tolerance", "5", "--json")
    facts = json.loads(done.out)
    zone = gb.build_zone(kivu, km=3, tolerance_m=5)
    assert facts["area_km2"] == pytest.approx(zone.area_km2)
    assert facts["sections"] == ["Rwanda–Congo - Kinshasa"]
    assert facts["healing"]["disagreement_km"] == kivu.healing.disagreement_km
    printed = run("zone", *KIVU, "--km", "3", "--tolerance", "5").out
    healed = f"{kivu.healing.healed_km:,.0f} km of the border were healed within 30 m"
    assert f"The outlines do not match exactly: {healed}" in printed
    assert f"at most {kivu.healing.disagreement_km * 1e3:.1f} m apart" in printed


def test_where_by_a_border_of_countries(run, kivu):
    done = run("where", "-1.7", "29.3", *KIVU, "--json")
    point = gpd.GeoSeries.from_xy([29.3], [-1.7], crs="EPSG:4326")
    expected = gb.locate(point, kivu).iloc[0]
    answer = json.loads(done.out)
    assert answer["distance_km"] == pytest.approx(expected["distance_km"])
    assert answer["side"] == expected["side"] == "Rwanda"


def test_map_and_bulk_of_a_border_of_countries(run, tmp_path, kivu):
    done = run("map", *KIVU, "--km", "3", "--out", "m.html", "--json")
    assert json.loads(done.out)["zone"]["sections"] == ["Rwanda–Congo - Kinshasa"]
    page = (tmp_path / "m.html").read_text("utf-8")
    assert "Congo - Kinshasa" in page
    assert '"given":false' in page  # the bundled settlements are elsewhere
    (tmp_path / "points.csv").write_text("lon,lat\n29.3,-1.7\n29.2,-1.6\n29.0,-2.3\n")
    assert run("bulk", "points.csv", "out.csv", *KIVU).code == 0
    away = kivu.index.nearest([29.3, 29.2, 29.0], [-1.7, -1.6, -2.3]).distance_m / 1e3
    answers = pd.read_csv(tmp_path / "out.csv")
    assert answers["distance_km"].to_numpy() == pytest.approx(away, abs=1e-6)


def test_every_file_of_the_archive_is_in_the_table_once():
    with tarfile.open(world._borders_archive(), mode="r|xz") as archive:
        files = sorted(Path(m.name).stem for m in archive if m.name.endswith(".poly"))
    assert sorted(row.file for row in world._world_table()) == files


def test_every_code_of_the_table_is_one_of_iso():
    import pycountry

    for row in world._world_table():
        if row.country not in {"", "XK"}:  # Kosovo: a code of CLDR's, ISO has none
            assert pycountry.countries.get(alpha_2=row.country), row
        for code in (row.iso, *row.with_.split()):
            assert not code or pycountry.subdivisions.get(code=code).country_code == row.country
        assert not row.iso or row.name, row


def test_parts_of_one_region_agree_on_its_names():
    rows = sorted((row for row in world._world_table() if row.iso), key=lambda row: row.iso)
    for iso, group in itertools.groupby(rows, key=lambda row: row.iso):
        assert len({row[1:] for row in group}) == 1, iso


def test_names_in_three_languages_and_codes():
    ukraine = gb.load_regions("world", country="Україна")
    assert len(ukraine) == 25
    assert ukraine["Сумська область"].iso == ukraine["Сумская область"].iso == "UA-59"
    assert ukraine["Sumy"].country_names == {"en": "Ukraine", "uk": "Україна", "ru": "Украина"}
    korea = gb.load_regions("world", country=["kor", "North Korea"], level=0)
    assert [(r.name, r.iso, r.country) for r in korea] == [
        ("North Korea", "KP", "KP"), ("South Korea", "KR", "KR"),
    ]  # fmt: skip
    assert korea["Південна Корея"] is korea["Республика Корея"] is korea["KR"]


def test_a_country_is_its_regions_together():
    parts = gb.load_regions("world", country=["RW", "BI"], level=1)
    whole = gb.load_regions("world", country=["RW", "BI"], level=0)
    assert [r.name for r in parts] == [r.name for r in whole]
    regions = gb.load_regions("world", country="CZ")
    country = gb.load_regions("world", country="CZ", level=0)["CZ"]
    assert country.geometry.is_valid
    assert len(regions) == 14
    assert country.area_km2 == pytest.approx(sum(r.area_km2 for r in regions), rel=1e-5)
    assert country.area_km2 == pytest.approx(78_871, rel=3e-3)  # Czech Statistical Office


@pytest.fixture(scope="module")
def antarctica():
    return gb.load_regions("world", country="AQ", level=0)["AQ"]


# The northern outline of Antarctica as its file has it, as a line across the whole map.
NORTH_OF_ANTARCTICA = shapely.LineString(
    [
        (-180, -60.2637),
        (179.59, -57.59396),
        (179.9488, -57.73986),
        (179.9489, -57.5913),
        (180, -57.59092),
        (180, -60.2637),
    ]
)


def test_antarctica_reaches_the_pole(antarctica):
    plane = pyproj.Transformer.from_crs(
        "EPSG:4326", "+proj=laea +lat_0=-90 +ellps=WGS84", always_xy=True
    )
    [around] = densify(NORTH_OF_ANTARCTICA, 0.01)
    expected_km2 = shapely.Polygon(np.stack(plane.transform(*around.T), axis=1)).area / 1e6
    assert antarctica.area_km2 == pytest.approx(expected_km2, rel=1e-7)
    assert antarctica.area_km2 == pytest.approx(36_874_695, abs=1)
    assert shapely.intersects_xy(antarctica.geometry, [0, 0, 120], [-85.0, -90, -89]).all()
    assert antarctica.geometry.is_valid
    [same] = gb.load_regions("world", country="AQ", level=1)
    assert same.geometry.equals(antarctica.geometry)


@pytest.mark.filterwarnings("ignore:All .* of the border run at sea")
def test_the_edge_of_the_source_is_no_border_of_antarctica(antarctica):
    border = gb.border_of(antarctica)
    assert border.length_km == pytest.approx(_length_km(NORTH_OF_ANTARCTICA), rel=1e-7)
    assert border.length_km == pytest.approx(21_054.6, abs=0.1)
    assert border.line.bounds[1] == -60.2637
    # The nearest of such points is at most 10 m farther than the line at 200 km, 0.3 m at 2,900 km.
    [around] = densify(NORTH_OF_ANTARCTICA, 0.05)
    lat = np.array([-85.05, -90.0])
    ones = np.ones(len(around))
    expected = [GEOD.inv(0 * ones, y * ones, *around.T)[2].min() for y in lat]
    for index in (border.index, antarctica.index):
        assert index.nearest(np.zeros(2), lat).distance_m == pytest.approx(expected, rel=1e-6)
    zone = gb.build_zone(border, km=200 * 1.852, tolerance_m=10)
    lon, lat = np.random.default_rng(0).uniform([-180, -70], [180, -50], (30, 2)).T
    away = [GEOD.inv(x * ones, y * ones, *around.T)[2].min() for x, y in zip(lon, lat, strict=True)]
    inside = np.array(away) < 370_400
    assert (np.abs(np.array(away) - 370_400) > 100).all()
    assert inside.any()
    assert not inside.all()
    assert (shapely.intersects_xy(zone.polygon, lon, lat) == inside).all()


def test_the_outline_of_antarctica_runs_wholly_at_sea(antarctica):
    with pytest.warns(UserWarning, match="21,055 km of the border run at sea"):
        border = gb.border_of(antarctica)
    assert border.sea_km == border.length_km
    with pytest.raises(gb.GeometryError, match="No land border"):
        gb.border_of(antarctica, land_only=True)


def test_a_file_that_ends_with_the_map_of_the_source_reaches_the_pole():
    text = "T\n1\n -180 60\n 180 60\n 180 85.05113\n -180 85.05113\n -180 60\nEND\nEND\n"
    shape = world.parse_poly(text)
    assert shape.bounds == (-180.0, 60.0, 180.0, 90.0)
    ring = shapely.get_coordinates(shape)
    assert (np.abs(np.diff(ring[:, 0]))[(ring[1:, 1] < 90) | (ring[:-1, 1] < 90)] <= 180).all()


def test_unknown_countries_raise_an_error_with_the_nearest_name():
    with pytest.raises(gb.UnknownRegion, match="Did you mean 'France'"):
        gb.load_regions("world", country="Frnace")
    with pytest.raises(gb.UnknownRegion, match="Invalid country 'XX'"):
        gb.load_regions("world", country=["KR", "XX"])
    with pytest.raises(gb.UnknownRegion, match="none given"):
        gb.load_regions("world", country=[])
    with pytest.raises(gb.WrongKind, match="Invalid country: a list of int"):
        gb.load_regions("world", country=[410])
    with pytest.raises(gb.DataError, match="Invalid level 2"):
        gb.load_regions("world", country="KR", level=2)


def test_only_the_world_has_countries():
    with pytest.raises(gb.UnknownDataset, match=r"'wrld'.*Did you mean 'world'"):
        gb.load_regions("wrld")
    with pytest.raises(gb.DataError, match=r"load_regions\('world'"):
        gb.load_regions(country="KR")


def test_without_the_extra_the_message_names_it(monkeypatch):
    def absent(_):
        raise world.metadata.PackageNotFoundError

    world._borders_archive.cache_clear()
    world._load_shapes.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(world.metadata, "files", absent)
        with pytest.raises(gb.DataError, match=r"omim-data-borders.*geobuffer\[world\]"):
            gb.load_regions("world", country="RW")
    countries.country_names.cache_clear()
    countries._codes_by_name.cache_clear()
    monkeypatch.setitem(sys.modules, "babel", None)
    with pytest.raises(gb.DataError, match=r"babel.*geobuffer\[world\]"):
        gb.load_regions("world", country="RW")


def test_an_altered_archive_is_refused(monkeypatch):
    world._borders_archive.cache_clear()
    world._load_shapes.cache_clear()
    monkeypatch.setattr(world, "_SHA256", "0" * 64)
    with pytest.raises(gb.ChecksumMismatch, match=r"Altered .*borders\.tar\.xz"):
        gb.load_regions("world", country="RW")
    world._borders_archive.cache_clear()


def test_disputed_territory_is_shown_as_the_guide_says():
    table = {row.file: row for row in world._world_table()}
    assert table["Crimea"].iso == "UA-43"
    assert table["Abkhazia"].country == table["South Ossetia"].country == "GE"
    assert table["Nagorno-Karabakh"].country == "AZ"
    assert table["Republic of Kosovo"].country == "XK"
    western_sahara = {row.file for row in world._world_table() if row.country == "EH"}
    assert western_sahara == {"Morocco_Western Sahara", "Sahrawi Arab Democratic Republic"}
    assert {row.file for row in world._world_table() if not row.country} == {
        "Jerusalem", "Campo de Hielo Sur",
    }  # fmt: skip
    guide = GUIDE.read_text("utf-8")
    for name in (
        "Crimea",
        "Abkhazia",
        "South Ossetia",
        "Nagorno-Karabakh",
        "Kosovo",
        "Jerusalem",
        "Western Sahara",
        "Campo de Hielo Sur",
        "Cyprus",
        "Line of Control",
        "Taiwan",
    ):
        assert name in guide  # fmt: skip


def test_holes_of_a_polygon_file_are_cut_out():
    text = (
        "T\n1\n 0 0\n 0 3\n 3 3\n 3 0\n 0 0\nEND\n!2\n 1 1\n 1 2\n 2 2\n 2 1\n 1 1\nEND\n"
        "3\n 5 5\n 5 6\n 6 6\n 5 5\nEND\nEND\n"
    )
    assert world.parse_poly(text).area == 8.5


def test_a_ring_that_doubles_itself_keeps_its_area_only():
    spur = "T\n1\n 0 0\n 0 1\n 1 1\n 2 2\n 1 1\n 1 0\n 0 0\nEND\nEND\n"
    shape = world.parse_poly(spur)
    assert (shape.geom_type, shape.area, shape.is_valid) == ("Polygon", 1.0, True)


def test_an_ambiguous_name_raises_an_error_with_the_codes():
    regions = gb.load_regions("world", country=["NL", "BE"])
    with pytest.raises(gb.UnknownRegion, match=r"'Limburg': 2 .*BE-VLI.*NL-LI"):
        regions["Limburg"]
    assert regions["NL-LI"].country == "NL"


def test_a_city_is_not_confused_with_its_oblast():
    russia = gb.load_regions("world", country="RU")
    assert [russia[n].iso for n in ("Moscow", "Moscow Oblast", "Московская область")] == [
        "RU-MOW", "RU-MOS", "RU-MOS",
    ]  # fmt: skip
    # "Kursk" finds Kursk Oblast, and "Київська область" the oblast, not the city.
    assert russia["Kursk"].iso == "RU-KRS"
    assert gb.load_regions("world", country="UA")["Київська область"].iso == "UA-32"


def test_a_country_comes_before_a_region_of_its_name():
    levels = (gb.load_regions("world", country=["BE", "LU"], level=level) for level in (1, 0))
    both = gb.Regions(tuple(itertools.chain(*levels)))
    assert (both["Luxembourg"].iso, both["BE-WLX"].country) == ("LU", "BE")


def test_shapes_are_cached_and_unchanged(monkeypatch):
    first = gb.load_regions("world", country=["RW", "LU"], level=0)
    world._load_shapes.cache_clear()

    def unpacked(path, files):
        assert not files, "the archive is read again"
        return iter(())

    monkeypatch.setattr(world, "_unpack_shapes", unpacked)
    again = gb.load_regions("world", country=["RW", "LU"], level=0)
    assert [r.geometry.wkb for r in again] == [r.geometry.wkb for r in first]
    world._load_shapes.cache_clear()


def _met_km(one, other, reach_m):
    """The length of the outline of one area that runs within a reach of the other's.

    It knows neither border_between nor its helpers: both outlines in a plane about their middle,
    equidistant along its meridian, cut to 200 m, each piece asked for its distance in the plane.
    """
    middle = shapely.union_all([g.geometry.envelope for g in one]).intersection(
        shapely.union_all([g.geometry.envelope for g in other]).buffer(0.1)
    )
    lon, lat = middle.centroid.coords[0]
    # The scale of the plane errs by a hundredth within 900 km, of a reach of 40 m by 0.4 m.
    plane = pyproj.Transformer.from_crs(
        "EPSG:4326", f"+proj=aeqd +lon_0={lon} +lat_0={lat} +ellps=WGS84", always_xy=True
    )

    def flat(regions):
        lines = shapely.union_all([region.geometry for region in regions]).boundary
        lines = shapely.intersection(lines, middle.buffer(0.2))
        return [
            shapely.transform(part, lambda xy: np.stack(plane.transform(*xy.T), axis=1))
            for part in shapely.get_parts(shapely.segmentize(lines, 0.002))
        ]

    facing = shapely.STRtree(
        [
            shapely.LineString(pair)
            for part in flat(other)
            for pair in itertools.pairwise(shapely.get_coordinates(part))
        ]
    )
    total = 0.0
    for part in flat(one):
        xy = shapely.get_coordinates(part)
        mid = shapely.points((xy[:-1] + xy[1:]) / 2.0)
        near = np.zeros(len(mid), dtype=bool)
        near[facing.query(mid, predicate="dwithin", distance=reach_m)[0]] = True
        back = np.stack(plane.transform(*xy.T, direction="INVERSE"), axis=1)
        total += GEOD.inv(*back[:-1].T, *back[1:].T)[2][near].sum() / 1e3
    return total


@pytest.mark.parametrize("name", [name for name in BORDERS if name != "Fiji"])
def test_a_real_border_is_all_that_its_regions_have_in_common(name, borders):
    border = borders[name]
    one, other = (side.regions for side in border.sides)
    # Beyond the ends of the border outlines part within a few hundred metres.
    assert border.length_km == pytest.approx(_met_km(one, other, 30), rel=2e-3)


def test_countries_are_found_by_former_names():
    codes = tuple(row.code for row in world._world_table())
    for name, code in countries._FORMER_NAMES.items():
        found = [countries.find_country(text, among=codes) for text in (name, name.lower())]
        assert found == [code, code]
        assert code in {row.country for row in world._world_table()}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("UK", "GB"), ("Turkey", "TR"), ("Україна", "UA"), ("россия", "RU"), ("804", "UA"),
        ("xkx", "XK"), ("Косово", "XK"), ("Côte d’Ivoire", "CI"), ("Российская Федерация", "RU"),
        ("Türkiye", "TR"), (" ukr ", "UA"), ("Республіка Корея", "KR"), ("Czechia", "CZ"),
    ],
)  # fmt: skip
def test_downloads_and_the_world_accept_the_same_country_names(name, code):
    codes = tuple(dict.fromkeys(row.code for row in world._world_table()))
    assert countries.find_country(name, among=codes) == countries.find_country(name) == code
    assert countries.describe_country(name).alpha_2 == code


@pytest.mark.parametrize("name", ["Atlantis", "", 5, None, ["UA"]])
def test_an_unknown_country_raises_the_same_error_in_both(name):
    codes = tuple(dict.fromkeys(row.code for row in world._world_table()))
    for among in (None, codes):
        with pytest.raises(gb.UnknownRegion, match="Invalid country") as caught:
            countries.find_country(name, among=among)
        assert caught.value.parameter == "country"


SHAPE = shapely.MultiPolygon([shapely.box(30, 50, 31, 51), shapely.box(32, 50, 33, 51 + 1e-15)])


def test_the_cache_returns_shapes_exactly(tmp_path):
    folder = tmp_path / "not" / "there yet"
    assert read_cached_shape(folder, "one") is None
    write_cached_shape(folder, "one", SHAPE)
    assert read_cached_shape(folder, "one").wkb == SHAPE.wkb
    assert read_cached_shape(folder, "../other") is None
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-1], lambda b: b[:-9] + b"\0" + b[-8:], lambda _: b""]
)
def test_a_damaged_cache_file_is_not_used(damage, tmp_path):
    write_cached_shape(tmp_path, "one", SHAPE)
    (file,) = tmp_path.iterdir()
    file.write_bytes(damage(file.read_bytes()))
    assert read_cached_shape(tmp_path, "one") is None
    write_cached_shape(tmp_path, "one", SHAPE)
    assert read_cached_shape(tmp_path, "one").wkb == SHAPE.wkb


def test_a_cache_folder_that_cannot_be_created_is_skipped(tmp_path):
    (tmp_path / "file").write_text("in the way")
    write_cached_shape(tmp_path / "file", "one", SHAPE)
    assert read_cached_shape(tmp_path / "file", "one") is None


def test_several_threads_can_cache_the_same_shape(tmp_path):
    threads = [
        threading.Thread(target=write_cached_shape, args=(tmp_path, "one", SHAPE))
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read_cached_shape(tmp_path, "one").wkb == SHAPE.wkb
    assert len(list(tmp_path.iterdir())) == 1


def test_outlines_of_the_world_are_valid(borders):
    """`make_region_of_valid_area` relies on it."""
    regions = [region for border in borders.values() for region in border.regions]
    assert len(regions) > 10
    assert shapely.is_valid([region.geometry for region in regions]).all()

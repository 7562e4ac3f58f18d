"""Eight threads that share all objects get the same results as one thread, byte for byte."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from support.engines import use_engine

import geobuffer as gb
from geobuffer.geodesy.ellipsoid import covers_points

THREADS = 8


def at_once(job):
    """Return the result of a job in each of eight threads that start together."""
    together = threading.Barrier(THREADS)

    def begun(number):
        together.wait(30)
        return job(number)

    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(begun, range(THREADS)))


@pytest.fixture
def often(request):
    """Let Python switch between threads a thousand times as often as usual."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    yield
    sys.setswitchinterval(before)


def fresh(regions):
    """Return a new border, whose cached values do not exist yet: the first thread makes them."""
    return gb.border_between(regions["Belgorod"], regions["Sumy"])


@pytest.mark.usefixtures("often")
def test_queries_of_a_new_border(regions, towns):
    border = fresh(regions)
    distances = gb.distance_to_border(towns, border)
    located = gb.locate(towns, border)
    zone = gb.build_zone(border, km=[5, 20], side="Ukraine", tolerance_m=20)
    classified, inside = gb.classify(towns, zone), gb.within(towns, zone)
    for _ in range(2):
        # New regions too: shapely prepares the areas of the sides on first use.
        again = fresh(gb.load_regions())
        rebuilt = gb.build_zone(again, km=[5, 20], side="Ukraine", tolerance_m=20)

        def asked(number, again=again, rebuilt=rebuilt):
            if number % 2:
                return gb.classify(towns, rebuilt), gb.within(towns, rebuilt)
            return gb.distance_to_border(towns, again), gb.locate(towns, again)

        for number, got in enumerate(at_once(asked)):
            if number % 2:
                pd.testing.assert_frame_equal(got[0], classified, check_exact=True)
                assert_geodataframe_equal(got[1], inside)
            else:
                pd.testing.assert_series_equal(got[0], distances, check_exact=True)
                pd.testing.assert_frame_equal(got[1], located, check_exact=True)


@pytest.mark.usefixtures("often")
def test_the_compiled_engine(regions):
    pytest.importorskip("numba")
    rng = np.random.default_rng(0)
    lon, lat = rng.uniform(33.0, 37.0, 10_000), rng.uniform(50.0, 52.5, 10_000)
    with use_engine("compiled"):
        alone = fresh(regions).index.nearest(lon, lat)
        near = fresh(regions).index.within(lon, lat, 10_000.0)
        shared = fresh(regions).index

        def asked(number):
            found = shared.nearest(lon, lat)
            return found.distance_m, found.line, shared.within(lon, lat, 10_000.0)

        for distance, line, within in at_once(asked):
            assert (distance == alone.distance_m).all()
            assert (line == alone.line).all()
            assert (within == near).all()


# In a process of its own: without our lock, threads that use one area at once would crash it.
ASKED = """
import sys, threading
import numpy as np, shapely
from geobuffer.geodesy.ellipsoid import covers_points

sys.setswitchinterval(1e-5)
rng = np.random.default_rng(0)
angle, away = np.sort(rng.uniform(0, 2 * np.pi, 5_000)), rng.uniform(0.5, 1, 5_000)
ring = np.stack([away * np.cos(angle), away * np.sin(angle)], axis=1)
x, y = rng.uniform(-1, 1, (2, 500))
truth = covers_points(shapely.Polygon(ring), x, y)
wrong = 0
for _ in range(25):
    area, got, together = shapely.Polygon(ring), [None] * 8, threading.Barrier(8)
    def ask(number):
        together.wait()
        got[number] = covers_points(area, x, y)
    threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    wrong += sum((one != truth).any() for one in got)
print(wrong)
"""


def test_an_area_that_is_not_prepared_yet():
    done = subprocess.run(
        [sys.executable, "-c", ASKED], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "0\n", "")


def test_an_empty_area_holds_no_points():
    assert covers_points(
        shapely.Polygon(), np.array([0.0, np.nan]), np.array([0.0, 1.0])
    ).tolist() == [
        False,
        False,
    ]


def test_zones_and_pages(strip, tmp_path):
    border = gb.border_between(*strip.regions)
    rng = np.random.default_rng(0)
    shapes = shapely.points(rng.uniform(29.8, 30.2, 60), rng.uniform(50.0, 51.0, 60))
    names = [f"place {number}" for number in range(60)]
    towns = gpd.GeoDataFrame({"name": names}, geometry=shapes, crs="EPSG:4326")

    def built(number):
        zone = gb.build_zone(border, km=[5, 10], side="both", tolerance_m=20)
        inside = gb.within(towns, zone)
        folder = tmp_path / str(number)
        folder.mkdir()
        gb.write(gb.map_zone(zone, settlements=inside), folder / "zone.html")
        gb.write(zone, folder / "zone.geojson")
        gb.write(inside, folder / "inside.csv")
        return zone.polygon.wkb, {path.name: path.read_bytes() for path in folder.iterdir()}

    outline, files = built("alone")
    assert len(files) == 3
    for got in at_once(built):
        assert got[0] == outline
        assert {name for name in got[1] if got[1][name] != files.get(name)} == set()


@pytest.mark.usefixtures("often")
def test_files_are_read_at_once(regions, towns, tmp_path):
    gb.write(
        gpd.GeoDataFrame(towns[["name_en", "population", "geometry"]].iloc[:500]),
        tmp_path / "towns.gpkg",
    )
    alone = gb.read_settlements(tmp_path / "towns.gpkg")
    for number in range(THREADS):
        named = {"name": [f"area {number}"]}
        frame = gpd.GeoDataFrame(named, geometry=[shapely.box(30, 50, 31, 51)], crs="EPSG:4326")
        gb.write(frame, tmp_path / f"{number}.geojson")

    def read(number):
        named = gb.read_regions(tmp_path / f"{number}.geojson")
        return [region.name for region in named], gb.read_settlements(tmp_path / "towns.gpkg")

    for number, (names, places) in enumerate(at_once(read)):
        assert names == [f"area {number}"]
        assert_geodataframe_equal(places, alone)

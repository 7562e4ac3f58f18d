"""Writers that are killed: one process that imports once, and forks for every kill.

Run as a script, it writes both versions of every file to a folder, and says how long each took and
what Python opened for that. Then it takes lines of JSON: which writer to start, where, how long to
let it overwrite a file again and again, and which signal to send it then. It answers with the exit
code of the writer.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from matplotlib.figure import Figure

import geobuffer as gb
from geobuffer.analysis import _arrow
from geobuffer.datasets.fetch import cache
from geobuffer.datasets.fetch.check_content import read_json
from geobuffer.datasets.fetch.downloader import Downloader, Wanted
from geobuffer.io.atomic import write_text

# The two versions of a file differ in the number of places or rings, or in the size of cells.
PLACES = (1_500, 2_500)
RINGS = (2, 3)
RESOLUTIONS = (0.02, 0.01)


def places(count):
    """Return points with a name, the same each time."""
    lon, lat = np.random.default_rng(count).uniform((29.5, 50), (30.5, 51), (count, 2)).T
    names = [f"Юнаківка {n}" for n in range(count)]
    return gpd.GeoDataFrame({"name": names}, geometry=gpd.points_from_xy(lon, lat), crs="EPSG:4326")


def zone(rings):
    source = gb.Source("drawn by hand")
    west = gb.Region("West", shapely.box(29, 50, 30, 51), source, country="AA", names={})
    east = gb.Region("East", shapely.box(30, 50, 31, 51), source, country="BB", names={})
    border = gb.border_between(west, east)
    return gb.build_zone(border, km=[5, 10, 15][:rings], side="East", tolerance_m=1)


def picture(count):
    figure = Figure(figsize=(1, 1))
    figure.add_subplot().plot(np.random.default_rng(0).random(count))
    return figure


def make_writers(version):
    """Return what each writer writes: by the name of the file, a function that takes its path."""
    rows, rings = places(PLACES[version]), zone(RINGS[version])
    table = pd.DataFrame(rows.drop(columns="geometry"))
    drawn = gb.map_zone(rings)
    grid = gb.distance_grid(rings.border, bounds=(29, 50, 31, 51), resolution=RESOLUTIONS[version])
    page = gb.OfflinePage(drawn.get_root().render())
    things = {
        "zone.gpkg": rings, "places.gpkg": rows, "zone.geojson": rings, "places.geojson": rows,
        "places.fgb": rows, "places.parquet": rows, "table.parquet": table, "zone.kml": rings,
        "zone.kmz": rings, "places.shp.zip": rows, "places.csv": rows, "places.xlsx": rows,
        "grid.tif": grid, "map.html": drawn, "line.png": picture(10 + version),
        "line.svg": picture(10 + version), "line.pdf": picture(10 + version),
    }  # fmt: skip
    writers = {name: lambda path, thing=thing: gb.write(thing, path) for name, thing in
               things.items()}  # fmt: skip
    text = json.dumps(list(range(PLACES[version])))
    return writers | {
        "saved.html": lambda path: drawn.save(str(path)),
        "page.html": page.save,
        "bulk.parquet": lambda path: gb.classify_file(_source(rows, path), rings, path),
        "bulk.csv": lambda path: gb.classify_file(_source(rows, path), rings, path),
        "metadata.json": lambda path: write_text(path, text),
    }


def fetch_file(folder, url, *, refresh):
    """Return a file of the cache, downloaded if necessary."""
    what = Wanted("test", "data.json", (url,), gb.Source("Test data", "A test"), read_json, "")
    return cache.obtain(what, Downloader(folder=folder, pause_s=0), refresh=refresh)


def _source(rows, path):
    source = path.parent.parent / f"source-{len(rows)}.parquet"
    return source if source.exists() else gb.write(rows, source)


def overwrite(path, versions, started):
    """Write the two versions of a file by turns, until a signal ends the process."""
    if path.name == "cache":
        os.write(started, b"!")
        while True:
            fetch_file(path, os.environ["PUBLISHER"], refresh=True)
    # The first write is slow, because libraries initialize; no kill should interrupt that.
    versions[1][path.name](path)
    os.write(started, b"!")
    while True:
        for writers in versions:
            writers[path.name](path)


# How often and how long we wait for a writer that was sent a signal: 10 s in all. It ends within
# one write, of which the slowest takes a second on a busy machine.
_WAITS, _WAIT_S = 1_000, 0.01


def kill_writer(path, versions, after_s, number):
    """Start a writer, send it a signal after a while, and return its exit code."""
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            overwrite(path, versions, writes)
        except KeyboardInterrupt:
            os._exit(130)
        except BaseException as error:  # noqa: BLE001 - we print whatever it is
            os.write(2, repr(error).encode())
            os._exit(1)
    os.read(reads, 1)
    os.close(reads)
    os.close(writes)
    time.sleep(after_s)
    # Python drops an interrupt that arrives within a callback of a library in C. Then a user
    # presses Ctrl-C again, and so do we.
    while True:
        os.kill(child, number)
        for _ in range(_WAITS):
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status)
            time.sleep(_WAIT_S)


def watch_opened():
    """Return a list that grows by each path that Python opens to write, or moves."""
    opened = []

    def note(event, args):
        if event == "open" and isinstance(args[0], (str, bytes)) and isinstance(args[2], int):
            if args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                opened.append(str(Path(os.fsdecode(args[0])).absolute()))
        elif event in {"os.rename", "shutil.move"}:
            opened.append(str(Path(os.fsdecode(args[0])).absolute()))

    sys.addaudithook(note)
    return opened


def main(folder):
    _arrow.BATCH_ROWS = 400
    versions = (make_writers(0), make_writers(1))
    took, opened = {}, watch_opened()
    for number, writers in enumerate(versions):
        place = folder / f"version-{number}"
        place.mkdir()
        for name, write in writers.items():
            started = time.perf_counter()
            write(place / name)
            took[name] = time.perf_counter() - started
    sys.stdout.write(json.dumps({"took": took, "opened": opened}) + "\n")
    sys.stdout.flush()
    for line in sys.stdin:
        request = json.loads(line)
        exit_code = kill_writer(
            Path(request["path"]), versions, request["after_s"], request["signal"]
        )
        sys.stdout.write(f"{exit_code}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""Killed and interrupted writers of every format leave a complete file or no file.

``GEOBUFFER_KILLS`` is the number of kills for each writer. ``GEOBUFFER_KILLS_SEED`` repeats the
times of a run.
"""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import xml.etree.ElementTree as ET
import zipfile
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
from support.kills import PLACES, RINGS, fetch_file
from support.publisher import Page, Publisher

import geobuffer as gb
from geobuffer.io import atomic

# 3 kills of each of 22 writers make 66; .ci/long sets 20.
KILLS = int(os.environ.get("GEOBUFFER_KILLS", "3"))
INTERRUPTS = max(1, KILLS // 5)
SEED = int(os.environ.get("GEOBUFFER_KILLS_SEED", str(random.SystemRandom().randrange(10**9))))

# Writing the same object twice gives the same bytes.
SAME_BYTES = [
    "zone.geojson", "places.geojson", "places.fgb", "places.parquet", "table.parquet", "zone.kml",
    "places.csv", "grid.tif", "map.html", "saved.html", "page.html", "line.png", "line.svg",
    "line.pdf", "bulk.parquet", "bulk.csv", "metadata.json",
]  # fmt: skip
# These formats store the time of writing.
OTHER_BYTES = ["zone.gpkg", "places.gpkg", "zone.kmz", "places.shp.zip", "places.xlsx"]


BODIES = [json.dumps({"elements": [n] * 50_000}).encode() for n in range(2)]


class Killer:
    """The process that forks writers, and the orders that we send to it."""

    def __init__(self, folder, publisher):
        self.folder = folder
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).parents[1] / "support" / "kills.py"), str(folder)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "TMPDIR": str(self.temporary),
                 "PUBLISHER": f"{publisher.url}/data.json"},
        )  # fmt: skip
        answer = self.process.stdout.readline()
        assert answer, self.process.stderr.read()
        said = json.loads(answer)
        self.took, self.opened = said["took"], [Path(path) for path in said["opened"]]
        self.kills = self.amidst = 0

    def end(self, path, after_s, number):
        request = {"path": str(path), "after_s": after_s, "signal": number}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def whole(self, version, name):
        return self.folder / f"version-{version}" / name


@pytest.fixture(scope="module")
def server():
    """A publisher that sends another file at each request."""
    publisher = Publisher()
    publisher.serve("/data.json", *[Page(body) for body in BODIES] * 10_000)
    yield publisher
    publisher.stop()


@pytest.fixture(scope="module")
def killer(tmp_path_factory, server):
    killer = Killer(tmp_path_factory.mktemp("kills"), server)
    yield killer
    killer.process.communicate()
    # Unless enough kills hit a writer while it wrote, the test proves nothing.
    assert killer.kills < 50 or killer.amidst > killer.kills / 5


def count_in(path):
    """Read the whole file and return its number of places or rings."""
    if path.suffix == ".xlsx":
        return len(pd.read_excel(path))
    if path.suffix == ".gpkg":
        with closing(sqlite3.connect(path)) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        if path.name == "zone.gpkg":
            return len(gb.read_zone(path).ring_names)
        return len(gpd.read_file(path))
    with zipfile.ZipFile(path) as packed:
        assert packed.testzip() is None
        if path.suffix == ".kmz":
            root = ET.fromstring(packed.read("doc.kml"))  # noqa: S314 - we made it
            rings = root.find("{*}Document/{*}Folder")
            return len(rings.findall("{*}Placemark"))
    return len(pyogrio.read_dataframe(path))


def is_version(path, version, killer):
    """Return whether a file is complete and of that version."""
    if path.name in SAME_BYTES:
        return path.read_bytes() == killer.whole(version, path.name).read_bytes()
    return count_in(path) == (RINGS if path.name.startswith("zone") else PLACES)[version]


@pytest.mark.parametrize("name", [*SAME_BYTES, *OTHER_BYTES])
def test_the_two_versions_of_each_file_differ(name, killer):
    one, other = (killer.whole(version, name) for version in (0, 1))
    assert one.read_bytes() != other.read_bytes()
    assert is_version(one, 0, killer)
    assert is_version(other, 1, killer)
    assert not is_version(other, 0, killer)


def moments(name, killer, count):
    """Return moments within the first few writes of a file."""
    chance = random.Random(f"{SEED} {name}")  # noqa: S311 - moments, no secrets
    return [chance.uniform(0, 2.5 * killer.took[name]) for _ in range(count)]


def left_beside(path):
    """Return the files beside a file; all of them must be drafts."""
    beside = [other for other in path.parent.iterdir() if other != path]
    assert all(atomic.is_temporary_folder(other) for other in beside), beside
    return beside


def deletes_drafts(path):
    """Return whether writing another file deletes all drafts of killed processes."""
    atomic.write_text(path.with_name("next.txt"), "another file")
    path.with_name("next.txt").unlink()
    return not left_beside(path)


@pytest.mark.parametrize("name", [*SAME_BYTES, *OTHER_BYTES])
def test_a_killed_writer_leaves_the_old_file_or_the_new(name, killer, tmp_path):
    path = tmp_path / name
    path.write_bytes(killer.whole(0, name).read_bytes())
    for number, after_s in enumerate(moments(name, killer, KILLS)):
        seen = f"seed {SEED}, {name}, kill {number} after {after_s:.4f} s"
        assert killer.end(path, after_s, signal.SIGKILL) == -signal.SIGKILL, seen
        killer.kills += 1
        left = left_beside(path)
        killer.amidst += bool(left)
        assert len(left) <= 1, seen
        assert is_version(path, 0, killer) or is_version(path, 1, killer), seen
        assert deletes_drafts(path), seen
    assert list(killer.temporary.iterdir()) == []


@pytest.mark.parametrize("name", [*SAME_BYTES, *OTHER_BYTES])
def test_an_interrupted_writer_deletes_its_draft(name, killer, tmp_path):
    path = tmp_path / name
    path.write_bytes(killer.whole(0, name).read_bytes())
    for number, after_s in enumerate(moments(name, killer, INTERRUPTS)):
        seen = f"seed {SEED}, {name}, interrupt {number} after {after_s:.4f} s"
        assert killer.end(path, after_s, signal.SIGINT) == 130, seen
        assert left_beside(path) == [], seen
        assert is_version(path, 0, killer) or is_version(path, 1, killer), seen
    assert list(killer.temporary.iterdir()) == []


def test_a_killed_download_leaves_the_old_or_the_new_file_with_its_metadata(
    killer, server, tmp_path
):
    folder, url = tmp_path / "cache", f"{server.url}/data.json"
    chance = random.Random(f"{SEED} cache")  # noqa: S311 - moments, no secrets
    for number in range(KILLS):
        after_s = chance.uniform(0, 0.1)
        seen = f"seed {SEED}, cache, kill {number} after {after_s:.4f} s"
        assert killer.end(folder, after_s, signal.SIGKILL) == -signal.SIGKILL, seen
        killer.kills += 1
        path = folder / "test" / "data.json"
        assert not path.exists() or path.read_bytes() in BODIES, seen
        # `fetch_file` compares the file with its metadata, and resumes or removes partial files.
        for refresh in (False, True):
            assert fetch_file(folder, url, refresh=refresh).path.read_bytes() in BODIES, seen
        there = {other.name for other in path.parent.iterdir()}
        assert there == {".data.json.lock", "data.json", "data.json.json"}, seen


def test_python_opens_no_file_for_writing_but_drafts(killer):
    """The audit hook does not see files that C libraries open; the tests of kills cover them."""
    ours = [path for path in killer.opened if path.is_relative_to(killer.folder)]
    assert len(ours) > 60
    assert all(any(map(atomic.is_temporary_folder, path.parents)) for path in ours), ours

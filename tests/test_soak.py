"""A long run needs no more memory than a short one: a short form of ``benchmarks/soak.py``."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SOAK = Path(__file__).parents[1] / "benchmarks" / "soak.py"

pytestmark = pytest.mark.skipif(
    not SOAK.exists() or not hasattr(__import__("psutil").Process, "num_fds"),
    reason="the benchmarks are not in a source archive; Windows does not count open files",
)


@pytest.fixture(scope="module")
def soak():
    spec = importlib.util.spec_from_file_location("soak", SOAK)
    module = importlib.util.module_from_spec(spec)
    sys.modules["soak"] = module
    spec.loader.exec_module(module)
    return module


def in_its_own_process(code, folder):
    """Run code after soak.py is imported, and return what it prints as JSON."""
    begin = (
        "import gc, json, pathlib, sys\n"
        f"sys.path.insert(0, {str(SOAK.parent)!r})\n"
        "import soak, geobuffer as gb, numpy as np\n"
        "from geobuffer.analysis import _arrow as opening\n"
        "folder = pathlib.Path(sys.argv[1])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", begin + code, folder], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


STREAM = """
opening.BATCH_ROWS = 75_000
zone = gb.build_zone(
    gb.border_between(*(gb.load_regions()[name] for name in ("Belgorod", "Sumy"))),
    km=10, tolerance_m=50,
)
source = soak.make_points(folder / "in.parquet", 4_500_000, zone.border.line.bounds)
moments = soak.stream(source, zone, folder / "out.parquet", 4_500_000)
done, held = [m.done for m in moments], [m.memory_mb for m in moments]
# How a leak would look: the distances of each batch stay in memory.
leak = [mb + rows * 8 / 1e6 for mb, rows in zip(held, done)]
print(json.dumps({
    "grows": soak.slope(done, held) * 1e6, "leaks": soak.slope(done, leak) * 1e6,
    "batches": len(moments), "files": [m.files for m in moments],
}))
"""


# A test of bulk compares the memory for one million rows with that for three.
@pytest.mark.long
def test_points_stream_without_growth_of_memory(tmp_path):
    pytest.importorskip("numba")
    measured = in_its_own_process(STREAM, tmp_path)
    if measured["grows"] >= 4.0:
        # On a busy machine the memory of one run varies more; a leak shows in every run.
        measured = in_its_own_process(STREAM, tmp_path)
    assert measured["batches"] == 60
    # A million rows of one column are 8 MB. The memory of a run varies by some 15 MB, which is
    # less than 4 MB for each of four and a half million rows.
    assert measured["grows"] < 4.0 < measured["leaks"], measured
    assert min(measured["files"][-5:]) <= max(measured["files"][:5]), measured


ZONES = """
import matplotlib.pyplot as plt
moments = []
with soak.Watch() as watch:
    for number in soak.make_zones(24, folder, drawn_every=6):
        if number % 2 == 0:
            gc.collect()
            watch.note(number)
measured = watch.moments
print(json.dumps({
    "files": [m.files for m in measured], "figures": plt.get_fignums(),
    "objects": soak.slope([m.done for m in measured], [m.objects for m in measured]),
    "grows": soak.slope([m.done for m in measured], [m.memory_mb for m in measured]),
}))
"""


def test_zones_maps_and_pictures_leak_no_memory_and_no_files(tmp_path):
    measured = in_its_own_process(ZONES, tmp_path)
    # The first drawing opens the databases of GDAL and PROJ, which stay open. A file may be open
    # by chance at one moment; a leak would show in each of the last moments.
    assert min(measured["files"][-4:]) <= max(measured["files"][:3]), measured
    assert measured["figures"] == []
    # A leak of a border with its settlements would be thousands of objects and megabytes.
    assert measured["objects"] < 200, measured
    assert measured["grows"] < 3.0, measured
    assert not list(tmp_path.glob(".geobuffer-*"))


def test_the_slope_ignores_outliers_and_the_first_third(soak):
    done = np.arange(30.0)
    assert soak.slope(done, 5 + 2 * done) == pytest.approx(2.0)
    swung = 5 + 2 * done
    swung[25] = 400.0
    assert soak.slope(done, swung) == pytest.approx(2.0)
    # Caches fill in the first third.
    assert soak.slope(done, np.minimum(done, 9.0)) == 0.0


def test_points_are_always_the_same(soak, tmp_path):
    import pandas as pd

    bounds = (30.0, 50.0, 31.0, 51.0)
    made = pd.read_parquet(soak.make_points(tmp_path / "a.parquet", 300_000, bounds))
    again = pd.read_csv(soak.make_points(tmp_path / "a.csv", 300_000, bounds))
    pd.testing.assert_frame_equal(made, again, check_dtype=False)
    assert made["number"].tolist() == list(range(300_000))
    assert made["lon"].between(30.0, 31.0).all()
    assert made["lat"].between(50.0, 51.0).all()

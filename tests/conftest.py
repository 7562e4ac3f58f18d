"""Fixtures that many tests share, and which tests are slow."""

import functools
import gc
import importlib.util
import os
import warnings
from pathlib import Path

import pytest
import shapely
from hypothesis import settings
from support.publisher import Publisher

import geobuffer as gb
from geobuffer.datasets.fetch.downloader import SITES

# Quick: the same examples in each run, so that only a change of the code makes a test fail.
# Thorough: many more examples, other ones in each run. Hypothesis prints what repeats a failure.
settings.register_profile("quick", max_examples=12, deadline=None, derandomize=True)
settings.register_profile("thorough", max_examples=400, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


# `make quick` leaves these out: they start, stop and kill processes or a database, run guides and
# notebooks as users would, run commands on many files or large tables, or load the outlines of the
# whole world.
SLOW = (
    "analysis/test_bulk_formats.py",
    "analysis/test_bulk_parts.py",
    "analysis/test_distributed.py",
    "analysis/test_raster_exposure.py",
    "bad_inputs/test_bad_crs.py",
    "bad_inputs/test_bad_files.py",
    "bad_inputs/test_bad_output.py",
    "cli/test_bulk.py",
    "cli/test_exposure.py",
    "cli/test_interrupts.py",
    "cli/test_mistakes.py",
    "cli/test_own_files.py",
    "cli/test_process.py",
    "cli/test_settlements.py",
    "cli/test_where.py",
    "cli/test_zone.py",
    "datasets/test_calibration.py",
    "datasets/test_neighbours.py",
    "datasets/test_world.py",
    "docs/test_how_to.py",
    "docs/test_notebooks.py",
    "io/read/test_postgis.py",
    "io/test_kills.py",
    "io/test_odd_points.py",
    "io/write/test_csv_tables.py",
    "test_arguments.py",
    "test_environment.py",
    "test_soak.py",
    "test_threads.py",
    "viz/figure/test_plot.py",
    "viz/web/test_slider.py",
    "zones/test_law.py",
)
# The names of single tests that took more than some 0.7 s of CPU time, all their cases together; an
# example in a docstring has the name of its function.
SLOW_TESTS = set((Path(__file__).parent / "slow_tests.txt").read_text(encoding="utf-8").split())
TESTS = Path(__file__).parent


# Both begin with unpacking countries, which takes five seconds. One worker runs both, so the second
# finds them in the cache.
UNPACKING = ("tests/datasets/test_neighbours.py", "tests/datasets/test_world.py")


def pytest_ignore_collect(collection_path, config):
    """Do not import slow files if slow tests are left out: collection then takes a quarter less."""
    is_slow = collection_path in {TESTS / file for file in SLOW}
    return True if is_slow and "not slow" in config.option.markexpr else None


def pytest_collection_modifyitems(config, items):
    """Mark the tests of slow files, and leave out long ones unless they are asked for.

    Among several workers (-n), slow files begin first: one of them as the last would leave the
    other workers idle.
    """
    if "long" not in config.option.markexpr:
        long = {item for item in items if item.get_closest_marker("long")}
        config.hook.pytest_deselected(items=sorted(long, key=lambda item: item.nodeid))
        items[:] = [item for item in items if item not in long]
    slow = {TESTS / file for file in SLOW}
    for item in items:
        name = getattr(item, "originalname", None) or item.name
        if item.path in slow or name in SLOW_TESTS:
            item.add_marker(pytest.mark.slow)
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: item.path not in slow)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Run all tests of a file in one worker, because many files have fixtures that take long."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid):
            file = super()._split_scope(nodeid)
            return "world" if file in UNPACKING else file

    # Files begin in the order of the collection.
    config.option.loadscopereorder = False
    return Scheduling(config, log)


@pytest.fixture(scope="session")
def regions():
    """The bundled oblasts."""
    return gb.load_regions()


@pytest.fixture(scope="session")
def border(regions):
    """The border of the default scenario: five sections."""
    return gb.scenario_border(gb.load_scenario(), regions)


@pytest.fixture(scope="session")
def zone(border):
    """The zone of the default scenario, drawn to a metre."""
    scenario = gb.load_scenario()
    return gb.build_zone(
        border, km=scenario.km, side=scenario.side, ends=scenario.ends, tolerance_m=1
    )


@pytest.fixture(scope="session")
def towns():
    """The bundled places."""
    return gb.load_settlements()


@functools.cache
def make_before():
    """Return a border_between and a build_zone that cache their results."""
    from geobuffer.zones.make_border import border_between as between
    from geobuffer.zones.make_zone import build_zone as build

    borders, zones = {}, {}

    def border_once(one, other, **options):
        sides = [tuple([side] if isinstance(side, gb.Region) else side) for side in (one, other)]
        asked = (*sides, repr(options))
        if asked in borders:
            return borders[asked]
        with warnings.catch_warnings(record=True) as caught:
            made = between(one, other, **options)
        for warning in caught:
            warnings.warn(warning.message, stacklevel=2)
        # We do not cache a border that gave a warning, because each command must warn.
        return made if caught else borders.setdefault(asked, made)

    def build_once(border, *widths, **options):
        asked = (border.digest, repr(widths), repr(options))
        if asked not in zones:
            zones[asked] = build(border, *widths, **options)
        return zones[asked]

    return border_once, build_once


@functools.cache
def load_before():
    """Return a load_regions and a load_settlements that cache the bundled data."""
    from geobuffer.datasets.bundled import load_regions as read
    from geobuffer.datasets.bundled import load_settlements as load

    regions, towns = read(), load()
    return (
        lambda *which, **how: read(*which, **how) if which or how else regions,
        lambda **how: load(**how) if how else towns.copy(),
    )


def patch_makers(patch):
    """Have geobuffer load the bundled data, and make each border and each zone, only once."""
    load_regions, load_settlements = load_before()
    border_between, build_zone = make_before()
    patch.setattr(gb, "load_regions", load_regions)
    patch.setattr(gb, "load_settlements", load_settlements)
    for module in ("geobuffer", "geobuffer.datasets.scenario"):
        patch.setattr(f"{module}.border_between", border_between)
        patch.setattr(f"{module}.build_zone", build_zone)


@pytest.fixture
def made_once(monkeypatch):
    """Have commands load the bundled data, and make each border and each zone, only once."""
    patch_makers(monkeypatch)


class MadeOnceForExamples:
    """Examples in docstrings share the borders and the zones that they begin with.

    This is a plugin, because no fixture of this folder reaches the modules of geobuffer.
    """

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item):
        if not isinstance(item, pytest.DoctestItem):
            return (yield)
        with pytest.MonkeyPatch.context() as patch:
            patch_makers(patch)
            return (yield)


def pytest_configure(config):
    config.pluginmanager.register(MadeOnceForExamples())


def pytest_collection_finish():
    """Exclude the collected tests from garbage collection, and collect garbage less often.

    Otherwise garbage collection takes a tenth of the time of the tests.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


@pytest.fixture(scope="session")
def strip():
    """A border along the meridian 30° E from 50° N to 51° N, between boxes a degree wide.

    The meridian is a geodesic, so distances from it are known without our code. The border's source
    states no accuracy, so a place is uncertain only by the accuracy of its own row.
    """
    source = gb.Source("drawn by hand")
    west = gb.Region("West", shapely.box(29, 50, 30, 51), source, country="AA", names={})
    east = gb.Region("East", shapely.box(30, 50, 31, 51), source, country="BB", names={})
    return gb.border_between(west, east)


@pytest.fixture
def publisher():
    """A server on this machine that answers downloads in place of the real publishers."""
    server = Publisher()
    yield server
    server.stop()


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """Give the tests and their subprocesses an empty cache, so that no shapes are of older code.

    All workers share it: unpacking a country takes five seconds.
    """
    folder = tmp_path_factory.getbasetemp()
    folder = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "cache"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield


# All countries whose outlines tests load. The archive is one block; to read it takes five seconds.
WORLD = (
    "AQ", "BE", "BI", "CA", "CD", "CO", "CZ", "DZ", "FI", "FJ", "IN", "KP", "KR", "LS", "LU", "MX",
    "NE", "NL", "NO", "OM", "PK", "RU", "RW", "SA", "UA", "US", "VE", "ZA",
)  # fmt: skip


@pytest.fixture(scope="session")
def unpacked_world(own_cache):
    """Put the outlines of all these countries into the cache by one reading of the archive."""
    if importlib.util.find_spec("borders"):
        gb.load_regions("world", country=list(WORLD))


@pytest.fixture
def how(publisher, tmp_path):
    """A downloader that asks the server on this machine for every site."""
    sites = {site: f"{publisher.url}/{site}" for site in SITES}
    folder = tmp_path / "cache"
    return gb.Downloader(folder=folder, sites=sites, timeout_s=2, pause_s=0, attempts=2)

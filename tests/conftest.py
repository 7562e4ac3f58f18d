"""What many tests need and nobody should build twice."""

import os

import pytest
import shapely
from hypothesis import settings
from support.publisher import Publisher

import geobuffer as gb
from geobuffer.datasets.fetch.downloader import SITES

# Quick: the same examples each time, so that a change fails by its own fault alone. Thorough: many
# more, others each time, for a campaign; what fails is printed so that it can be tried again.
settings.register_profile("quick", max_examples=12, deadline=None, derandomize=True)
settings.register_profile("thorough", max_examples=400, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


def pytest_collection_modifyitems(items):
    """Begin with what one worker has to itself: as the last it would leave the others idle."""
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") is None)


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


@pytest.fixture(scope="session")
def strip():
    """A border along the meridian 30° E from 50° N to 51° N, between boxes a degree wide.

    It is a geodesic, so what lies within 10 km of it is solved by hand. Its source states no
    accuracy, so only what a place says of itself makes it uncertain.
    """
    source = gb.Source("drawn by hand")
    west = gb.Region("West", shapely.box(29, 50, 30, 51), source, country="AA", names={})
    east = gb.Region("East", shapely.box(30, 50, 31, 51), source, country="BB", names={})
    return gb.border_between(west, east)


@pytest.fixture
def publisher():
    """A publisher of data on this machine, who is asked in place of the real ones."""
    server = Publisher()
    yield server
    server.stop()


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """A cache folder of the tests' own, for commands too: shapes of today's code, nobody else's.

    All workers share it: unpacking a country takes five seconds.
    """
    folder = tmp_path_factory.getbasetemp()
    folder = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "cache"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield


@pytest.fixture
def how(publisher, tmp_path):
    """A downloader whose every site is the publisher on this machine."""
    sites = {site: f"{publisher.url}/{site}" for site in SITES}
    folder = tmp_path / "cache"
    return gb.Downloader(folder=folder, sites=sites, timeout_s=2, pause_s=0, attempts=2)

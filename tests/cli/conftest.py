"""Commands that run in an empty folder of this process, and the files that they are given."""

import geopandas as gpd
import pytest
import shapely
from support.cli import run_geobuffer

import geobuffer as gb


@pytest.fixture
def run(monkeypatch, tmp_path, made_once):
    """Run geobuffer in this process, in an empty folder; the data are loaded only once."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return run_geobuffer


@pytest.fixture
def here(tmp_path):
    """The folder in which commands are run."""
    return tmp_path / "here"


@pytest.fixture
def mine(tmp_path):
    """A scenario file of the user: a short border, one side, flat ends, two rings."""
    file = tmp_path / "mine.toml"
    file.write_text(
        """
        title = "Зона «моя»"
        [zone]
        between = "Belgorod"
        and = "Sumy"
        side = "Russia"
        km = [3, 6]
        ends = "flat"
        [[report]]
        claim = "A test says so."
        """,
        encoding="utf-8",
    )
    return file


@pytest.fixture(scope="session")
def short(regions):
    """The zone that the options SHORT and --km 6 describe."""
    border = gb.border_between(regions["Belgorod"], regions["Sumy"])
    return gb.build_zone(border, km=6, tolerance_m=1)


@pytest.fixture
def own(tmp_path):
    """Options for two squares of the user, which share an edge, and for places near it."""
    squares = [shapely.box(10, 45, 11, 46), shapely.box(11, 45, 12, 46)]
    table = gpd.GeoDataFrame(
        {"park": ["Left", "Right"], "kind": ["a", "b"]}, geometry=squares, crs="EPSG:4326"
    )
    table.to_file(tmp_path / "parks.gpkg")
    (tmp_path / "towns.csv").write_text(
        "назва;населення;широта;довгота;дата\nСело;120;45,5;11,05;2024-01-01\n"
        "Місто;5 000;45,4;10,5;2024-01-01\n?;;;;\n",
        encoding="cp1251",
    )
    between = ("--between", "Left", "--and", "Right")
    return ("--regions", tmp_path / "parks.gpkg", "--region-name", "park", *between), (
        "--places", tmp_path / "towns.csv",
    )  # fmt: skip

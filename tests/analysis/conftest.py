"""Fixtures for the tests of large tables (classify_file)."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

import geobuffer as gb
from geobuffer.analysis import _arrow, bulk


@pytest.fixture(scope="module")
def rings(strip):
    """A zone of two rings on the eastern side of ``strip``, with flat ends."""
    return gb.build_zone(strip, km=[5, 10], side="East", ends="flat", tolerance_m=1)


@pytest.fixture(scope="module")
def places():
    """Points about the border ``strip``, also beyond its sides; some state an accuracy."""
    rng = np.random.default_rng(3)
    count = 600
    lon = np.where(rng.random(count) < 0.5, rng.normal(30, 0.15, count), rng.uniform(28, 32, count))
    accuracy = rng.choice([0.0, 50.0, 2000.0], count)
    return gpd.GeoDataFrame(
        {
            "id": np.arange(count),
            "name": [f"село № {n}" for n in range(count)],
            "accuracy_m": accuracy,
            "radius_m": pd.array(rng.choice([0, 900], count), dtype="Int64"),
        },
        geometry=gpd.points_from_xy(lon, rng.uniform(49.8, 51.2, count)),
        crs="EPSG:4326",
    )


@pytest.fixture
def small_batches(monkeypatch):
    """Read many small batches."""
    monkeypatch.setattr(_arrow, "BATCH_ROWS", 64)


@pytest.fixture
def batch_sizes(monkeypatch):
    """The number of rows of each batch that was classified."""
    sizes, decide = [], bulk.decide

    def counted(lon, *args, **options):
        sizes.append(len(lon))
        return decide(lon, *args, **options)

    monkeypatch.setattr(bulk, "decide", counted)
    return sizes


@pytest.fixture
def fail_after(monkeypatch):
    """A function that lets the engine fail after a number of batches."""
    decide = bulk.decide

    def after(batches, error=RuntimeError):
        left = [batches]

        def failing(*args, **options):
            if not left[0]:
                raise error("the lights went out")
            left[0] -= 1
            return decide(*args, **options)

        monkeypatch.setattr(bulk, "decide", failing)

    return after


@pytest.fixture
def complete_parts(rings, places, tmp_path, small_batches):
    """A source, and the folder of parts that one complete run wrote."""
    places.to_parquet(tmp_path / "in.parquet")
    gb.classify_file(tmp_path / "in.parquet", rings, tmp_path / "whole")
    return tmp_path / "in.parquet", tmp_path / "whole"

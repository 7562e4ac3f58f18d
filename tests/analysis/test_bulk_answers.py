"""Large tables: the columns that are added hold the answers of classify."""

import os

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from support.bulk_tables import (
    ADDED,
    classify_rows,
    make_points,
    needs_numba,
    read_answers,
)
from support.engines import use_engine

import geobuffer as gb
from geobuffer.analysis import _arrow
from geobuffer.geodesy import _grid

CRSS = ["EPSG:4326", "OGC:CRS84", "EPSG:32636", "EPSG:3857", "EPSG:4284", "EPSG:3035"]


@pytest.mark.parametrize(
    ("crs", "encoding"),
    [*((crs, "WKB") for crs in CRSS), ("EPSG:4326", "geoarrow"), ("EPSG:32636", "geoarrow")],
)
@pytest.mark.usefixtures("small_batches")
def test_answers_equal_classify_in_any_crs(crs, encoding, rings, places, tmp_path):
    table = places.to_crs(crs)
    table.to_parquet(tmp_path / "in.parquet", geometry_encoding=encoding, row_group_size=100)
    gb.classify_file(tmp_path / "in.parquet", rings, tmp_path / "out.parquet")
    wanted = classify_rows(table, rings)
    assert set(wanted["membership"]) == {"inside", "outside", "uncertain"}
    assert set(wanted["ring"]) == {*rings.ring_names, None}
    assert set(wanted["side"]) == {"West", "East", ""}
    now = read_answers(tmp_path / "out.parquet")
    assert now.pop("distance_km") == pytest.approx(wanted.pop("distance_km"), abs=1e-9)
    assert now == wanted
    back = gpd.read_parquet(tmp_path / "out.parquet")
    assert back.crs == table.crs
    assert shapely.equals_identical(back.geometry.to_numpy(), table.geometry.to_numpy()).all()
    assert back["distance_km"].notna().all()


@pytest.mark.usefixtures("small_batches")
def test_answers_equal_classify_for_the_bundled_places(zone, towns, tmp_path):
    gb.write(towns, tmp_path / "in.parquet")
    gb.classify_file(tmp_path / "in.parquet", zone, tmp_path / "out.parquet")
    assert read_answers(tmp_path / "out.parquet") == classify_rows(towns, zone)


@pytest.mark.usefixtures("small_batches")
def test_the_country_column_is_used(strip, tmp_path):
    """A village that a country lists stands on the side of that country, as in classify."""
    zone = gb.build_zone(strip, km=10, side="East", tolerance_m=1)
    table = make_points([30.001, 29.9], [50.5, 50.5], accuracy_m=500.0, country=["BB", "BB"])
    table.to_parquet(tmp_path / "in.parquet")
    gb.classify_file(tmp_path / "in.parquet", zone, tmp_path / "out.parquet")
    assert classify_rows(table, zone)["membership"] == ["inside", "uncertain"]
    assert read_answers(tmp_path / "out.parquet") == classify_rows(table, zone)


@pytest.mark.usefixtures("small_batches")
def test_a_missing_accuracy_counts_as_in_classify(rings, places, tmp_path):
    accuracy = places["accuracy_m"].where(places["id"] % 3 > 0)
    table = places.assign(accuracy_m=accuracy)
    table.to_parquet(tmp_path / "in.parquet")
    gb.classify_file(tmp_path / "in.parquet", rings, tmp_path / "out.parquet")
    assert read_answers(tmp_path / "out.parquet") == classify_rows(table, rings)


def test_grids_give_the_same_bits(rings, places, tmp_path):
    places.to_parquet(tmp_path / "in.parquet")
    with use_engine("numpy"):
        gb.classify_file(tmp_path / "in.parquet", rings, tmp_path / "out.parquet")
    with use_engine("tree"):
        assert read_answers(tmp_path / "out.parquet") == classify_rows(places, rings)


@needs_numba
@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_answers_do_not_depend_on_batches_order_or_threads(
    suffix, rings, places, tmp_path, monkeypatch
):
    monkeypatch.setattr(_grid, "_SHARE", 50)
    source, target = tmp_path / f"in{suffix}", tmp_path / f"out{suffix}"
    order = np.random.default_rng(1).permutation(len(places))
    results = []
    for rows, threads, shuffled in [
        (1000, 2, False),
        (37, 1, False),
        (600, 7, True),
        (90, 3, True),
    ]:
        monkeypatch.setattr(_arrow, "BATCH_ROWS", rows)
        monkeypatch.setattr(os, "cpu_count", lambda threads=threads: threads)
        table = places.iloc[order] if shuffled else places
        if suffix == ".csv":
            gb.write(table, source)
        else:
            table.to_parquet(source, row_group_size=170)
        gb.classify_file(source, rings, target)
        now = pd.DataFrame(read_answers(target))
        results.append(now.iloc[np.argsort(order)] if shuffled else now)
    for other in results[1:]:
        pd.testing.assert_frame_equal(
            other.reset_index(drop=True), results[0], check_exact=True, check_dtype=False
        )


def test_answers_equal_classify_for_a_combined_zone(rings, strip, places, tmp_path):
    disc = gb.border_around(shapely.Point(29.8, 50.5), names=["plant"], source=gb.Source("a map"))
    zone = gb.unite(rings, gb.build_zone(disc, km=20, tolerance_m=5), name="either")
    source = gb.write(places, tmp_path / "in.parquet")
    gb.classify_file(source, zone, tmp_path / "out.parquet")
    found = pd.read_parquet(tmp_path / "out.parquet", columns=ADDED)
    classified = gb.classify(places, zone)
    for column in ("side", "section", "ring", "membership"):
        texts = found[column].astype(object)
        assert texts.fillna("").tolist() == classified[column].astype(object).fillna("").tolist()
    assert {"West–East", "plant"} <= set(found["section"].astype(str))
    assert np.abs(found["distance_km"] - classified["distance_km"]).max() < 1e-7

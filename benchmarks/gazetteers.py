"""Measure how well merging of gazetteers finds rows of one place, by labelled pairs and by codes.

    python benchmarks/gazetteers.py

The first table: GeoNames' places of Russia near the line against the INID table of settlements,
two gazetteers made independently, on the pairs of tests/data/gazetteer_pairs.csv, each labelled
by reading its names, raions, kinds, populations and distance. The second: places of Ukraine, split
into a table without points and a table of the points without code, raion and hromada. The official
code shows which matches are right.
"""

import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

import geobuffer as gb

ROOT = Path(__file__).parents[1]


def place_of(merged: pd.DataFrame) -> dict[str, int]:
    """Return the number of the merged place that contains each id."""
    groups = merged["merged_from"].str.split("; ")
    return {one: number for number, ids in enumerate(groups) for one in ids}


def labelled() -> pd.DataFrame:
    """Count hits, false matches and misses on the labelled pairs, by kind of difficulty."""
    folder = ROOT / "data" / "settlements"
    tables = [
        gpd.read_parquet(folder / f"{name}.parquet").drop(columns="duplicate_of")
        for name in ("russia_geonames", "russia_inid")
    ]
    start = time.perf_counter()
    merged = gb.merge_settlements(*tables)
    print(f"{sum(map(len, tables)):,} rows merged in {time.perf_counter() - start:.1f} s")
    number = place_of(merged)
    pairs = pd.read_csv(ROOT / "tests" / "data" / "gazetteer_pairs.csv")
    said = pairs["geonames_id"].map(number) == pairs["inid_id"].map(number)
    same = pairs["same"] == 1
    marks = pd.DataFrame(
        {"pairs": 1, "same": same, "found": same & said, "wrong": said & ~same, "kind": pairs.kind}
    )
    table = marks.groupby("kind").sum()
    table.loc["all"] = table.sum()
    table["precision"] = table["found"] / (table["found"] + table["wrong"])
    table["recall"] = table["found"] / table["same"]
    for _, row in pairs[said != same].iterrows():
        print(f"  missed: {row['geonames_name']} – {row['inid_name']}: {row['reason']}")
    return table


def hidden(share: float, seed: int) -> dict[str, float]:
    """Separate a share of Ukraine's places from their points, and count the right matches."""
    towns = gb.load_settlements()
    official = towns[towns["code_system"] == "KATOTTG"].reset_index(drop=True)
    lost = np.random.default_rng(seed).random(len(official)) < share
    unlocated = pd.DataFrame(official[lost].drop(columns=["geometry", "source", "accuracy_m"]))
    points = official.loc[lost, ["name_uk", "oblast_iso", "country", "geometry"]]
    points = points.assign(id=[f"found:{code}" for code in official.loc[lost, "code"]])
    merged = gb.merge_settlements(official[~lost], unlocated, points, gb.load_not_located())
    pairs = [ids.split("; ") for ids in merged["merged_from"] if "; " in ids]
    right = sum(len({one.split(":")[1] for one in ids}) == 1 for ids in pairs)
    return {
        "hidden": int(lost.sum()), "matched": len(pairs), "right": right,
        "precision": right / len(pairs), "recall": right / lost.sum(),
    }  # fmt: skip


if __name__ == "__main__":
    print(labelled().round(3).to_string())
    rows = {f"{share:.0%} hidden": hidden(share, 1) for share in (0.1, 0.25, 0.5)}
    print(pd.DataFrame.from_dict(rows, orient="index").round(3).to_string())

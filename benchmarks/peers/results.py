"""Store the results of a run as CSV and JSON, and look them up for the report and other pages."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

HERE = Path(__file__).parent
FOLDER = HERE.parent / "results"

# The method of geobuffer that takes turns with every peer, by part.
OURS = {
    "zone": "build_zone, tolerance 0.1 m",
    "membership": "index.within",
    "distance": "index.nearest, with section and chainage",
    "buffers": "gb.buffer, tolerance 1 m",
    "lines": "build_zone, tolerance 0.1 m",
}

# These are divided by the number of points or rows, so that tables of any length can be compared.
RATES = ("seconds", "cpu_s", "load_s")


# Columns of the CSV. Counts are of points, rows or shapes; cpu_s is of all threads.
TEXTS = ("group", "part", "case", "peer", "method")
NUMBERS = ("count", "seconds", "cpu_s", "load_s", "kernel_s", "vertices", "ring_points",
           "wrong_per_million", "max_error_m", "rms_error_m", "max_error_anywhere_m", "peak_mb",
           "bytes_in", "bytes_out", "bytes_sent")  # fmt: skip


class NotMeasured(LookupError):
    """A run has no such row."""


@dataclass(frozen=True)
class Results:
    """All that one run found."""

    rows: pd.DataFrame
    # Which peers ran (versions) or did not and why (failed), the points, the machine and the date.
    facts: dict[str, Any]

    @classmethod
    def of(cls, rows: list[dict[str, Any]], facts: dict[str, Any]) -> Results:
        """Return results; a row has empty cells for what was not measured."""
        return cls(pd.DataFrame(rows).reindex(columns=[*TEXTS, *NUMBERS]), facts)

    def write(self, stem: Path) -> None:
        """Write ``stem.csv`` and ``stem.json``."""
        stem.parent.mkdir(parents=True, exist_ok=True)
        table = self.rows.copy()
        for column in table.select_dtypes("float"):
            table[column] = table[column].map(lambda x: float(f"{x:.4g}"))
        table.to_csv(stem.with_suffix(".csv"), index=False)
        text = json.dumps(self.facts, indent=1, ensure_ascii=False)
        stem.with_suffix(".json").write_text(text + "\n", encoding="utf-8")

    def has(self, **wanted: Any) -> bool:
        """Return whether a row was measured."""
        return not self.select(**wanted).empty

    def select(self, **wanted: Any) -> pd.DataFrame:
        """Return the rows in which columns have values."""
        rows = self.rows
        for column, value in wanted.items():
            rows = rows[rows[column] == value]
        return rows

    def find(self, *, fewest: bool = False, **wanted: Any) -> pd.Series:
        """Return the row with the most points, or with the fewest."""
        rows = self.select(**wanted).sort_values("count")
        if rows.empty:
            raise NotMeasured(f"not in the results: {wanted}")
        return rows.iloc[0 if fewest else -1]

    def home(self, part: str) -> pd.DataFrame:
        """Return the rows of one part, without those that only took turns with another peer."""
        rows = self.rows[self.rows["part"] == part]
        main = rows["peer"].isin(["geobuffer", "shapely", "geopandas"])
        at_home = (rows["group"] == rows["peer"]) | (main & (rows["group"] == "default"))
        return rows[at_home | ((rows["peer"] == "geobuffer") & (rows["group"] == "fast"))]

    def times_ours(self, row: pd.Series) -> float:
        """Return the time of a method as a multiple of geobuffer's, which took turns with it."""
        wanted = {"group": row["group"], "part": row["part"], "case": row["case"]}
        name = OURS[row["part"]]
        base = self.select(**wanted, peer="geobuffer", method=name)
        same = base[base["count"] == row["count"]]
        if base.empty:
            return float("nan")
        # A peer that is too slow for all points is compared by its rate.
        ours = (base.sort_values("count") if same.empty else same).iloc[-1]
        return _per(row, "seconds") / _per(ours, "seconds")


def _per(row: pd.Series, quantity: str) -> float:
    value = float(row[quantity])
    return value / max(float(row["count"]), 1.0) if quantity in RATES else value


def read(stem: Path) -> Results:
    """Read what ``Results.write`` wrote."""
    # Only numbers may be missing.
    missing = {column: [""] for column in NUMBERS}
    table = pd.read_csv(stem.with_suffix(".csv"), keep_default_na=False, na_values=missing)
    facts = json.loads(stem.with_suffix(".json").read_text(encoding="utf-8"))
    return Results(table, facts)


def latest() -> Path:
    """Return the stem of the newest results in the repository."""
    return max(FOLDER.glob("peers-*.csv")).with_suffix("")


def read_goals() -> list[dict[str, Any]]:
    """Return the goals."""
    path = HERE.parent / "goals.toml"
    goals: list[dict[str, Any]] = tomllib.loads(path.read_text(encoding="utf-8"))["goal"]
    return goals


def measure_goal(results: Results, goal: dict[str, Any]) -> float:
    """Return what was measured of a goal: a ratio, or a number in its unit."""
    wanted = {key: goal[key] for key in ("group", "part", "method")}
    wanted["case"] = goal.get("case", "")
    quantity = goal.get("quantity", "seconds")
    row = results.find(**wanted, peer="geobuffer")
    if quantity == "rate":
        return float(row["count"] / row["seconds"])
    if "base" not in goal:
        return float(row[quantity])
    base = results.find(**(wanted | goal["base"]))
    return _per(row, quantity) / _per(base, quantity)


def is_reached(goal: dict[str, Any], value: float) -> bool:
    """Return whether a number meets its goal."""
    return bool(value <= goal["at_most"] if "at_most" in goal else value >= goal["at_least"])

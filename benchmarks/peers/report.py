"""Write results as CSV and Markdown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from pathlib import Path

RECIPE = {
    "zone": ("geopandas", "estimated UTM, buffer"),
    "membership": ("geopandas", "estimated UTM, buffer + sjoin"),
    "distance": ("geopandas", "estimated UTM, distance"),
}


@dataclass(frozen=True)
class Results:
    """All that one run found."""

    rows: pd.DataFrame
    first: pd.DataFrame
    versions: dict[str, str]
    failed: list[tuple[str, str]]
    facts: dict[str, Any]

    def write(self, stem: Path) -> None:
        """Write ``stem.csv`` and ``stem.md``."""
        stem.parent.mkdir(parents=True, exist_ok=True)
        table = self.rows.drop(columns="number")
        table.insert(0, "date", self.facts["date"])
        table.insert(2, "version", table["peer"].map(self.versions))
        table["processor"] = self.facts["processor"]
        table["cores"] = self.facts["cores"]
        for column in table.select_dtypes("float"):
            table[column] = table[column].map(lambda x: float(f"{x:.4g}"))
        table.to_csv(stem.with_suffix(".csv"), index=False)
        parts = [self._head(), *(self._task(task) for task in RECIPE), self._first(), self._notes()]
        stem.with_suffix(".md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")

    def _head(self) -> str:
        f = self.facts
        return (
            f"# Peers, {f['date']}\n\n"
            f"{f['cores']} cores of {f['processor']}, Python {f['python']}. The border: "
            f"{f['border_km']:,.0f} km, {f['border_vertices']:,} vertices; "
            f"{f['inside_share']:.1%} of the scattered points lie within 10 km of it.\n\n"
            f"Truth: {f['certified_points']:,.0f} of the points were solved independently "
            f"(`tests/support/reference.py`); the largest difference is {f['certified_m']:.0e} m. "
            f"The point nearest to the zone's edge is {f['nearest_to_edge_mm']:.2g} mm from it.\n\n"
            "*busy*: how long a fixed piece of numpy work took just before, relative to the least "
            "in this run: 1 is a quiet machine. *loading*: nanoseconds a point to bring arrays "
            "into the form in which the peer keeps points; not part of the time. Who would have "
            f"taken longer than {f['budget_s']:g} s got fewer points (column *points*). Errors "
            "and *wrong per million* are those of points within 50 m of the zone's edge; "
            "geobuffer's without "
            "numba are 0 by construction, for it is the truth that was certified."
        )

    def _task(self, task: str) -> str:
        rows = self.rows[self.rows["task"] == task].copy()
        if rows.empty:
            return f"## {task.capitalize()}\n\nnot measured"
        last = rows.groupby(["peer", "method"], sort=False).tail(1)
        rate = last["seconds"] / last["points"].clip(lower=1)
        peer, method = RECIPE[task]
        base = rate[(last["peer"] == peer) & (last["method"] == method)]
        base_rate = float(base.iloc[0]) if len(base) else float("nan")
        last = last.assign(rate=rate).sort_values("rate")
        lines = [self._line(row, base_rate, rows) for _, row in last.iterrows()]
        heads = self._heads(task)
        rule = "|".join(["---"] * 2 + ["---:"] * (len(heads) - 2))
        return "\n".join(
            [f"## {task.capitalize()}", "", f"| {' | '.join(heads)} |", f"|{rule}|", *lines]
        )

    def _heads(self, task: str) -> list[str]:
        speed = ["peer", "method"]
        if task == "zone":
            return [*speed, "seconds", "times recipe", "busy", "vertices", "max error, m", "RMS, m"]
        speed += [f"ns/pt at {n:.0e}".replace("e+0", "e") for n in self._sizes()]
        speed += ["points", "ns/pt", "loading", "faster than recipe", "busy"]
        speed += ["wrong per million"]
        return [*speed, "max error, m", "RMS, m"] if task == "distance" else speed

    def _sizes(self) -> list[int]:
        """Return all sizes asked for but the largest, which is a column of its own."""
        sizes: list[int] = self.facts["sizes"]
        return sizes[:-1]

    def _line(self, row: pd.Series, base: float, rows: pd.DataFrame) -> str:
        busy = f"{row['kernel_s'] / self.rows['kernel_s'].min():.1f}"
        name = str(row["peer"]).replace("_fast", "[fast]")
        cells = [name, str(row["method"])]
        if row["task"] == "zone":
            ratio = _number(row["seconds"] / base)
            cells += [f"{row['seconds']:.2f}", ratio, busy, f"{row['vertices']:,.0f}"]
            cells += [f"{row[c]:.3g}" for c in ("max_error_m", "rms_error_m")]
            return f"| {' | '.join(cells)} |"
        same = rows[(rows["peer"] == row["peer"]) & (rows["method"] == row["method"])]
        at = same.set_index("points")["seconds"]
        cells += [_ns(at[n] / n) if n in at.index else "–" for n in self._sizes()]
        loading = _ns(row["load_s"] / row["points"])
        cells += [f"{row['points']:,}", _ns(row["rate"]), loading]
        cells += [_number(base / row["rate"]), busy]
        cells += [_number(row["wrong_per_million"])]
        if row["task"] == "distance":
            cells += [_number(row["max_error_m"]), _number(row["rms_error_m"])]
        return f"| {' | '.join(cells)} |"

    def _first(self) -> str:
        lines = [f"| {name} | {' | '.join(f'{x:.3f}' for x in row)} |"
                 for name, row in self.first.iterrows()]  # fmt: skip
        heads = " | ".join(self.first.columns)
        rule = "---:|" * len(self.first.columns)
        return (
            "## Before the first answer\n\nSeconds, in a fresh process, 200,000 points.\n\n"
            f"| step | {heads} |\n|---|{rule}\n" + "\n".join(lines)
        )

    def _notes(self) -> str:
        lines = [f"* {said}" for said in dict.fromkeys(self.versions.values())]
        parts = ["## Versions", "\n".join(lines)]
        if self.failed:
            parts += ["## Not measured", "\n".join(f"* {p}: {why}" for p, why in self.failed)]
        return "\n\n".join(parts)


def _ns(seconds: float) -> str:
    return f"{float(f'{seconds * 1e9:.3g}'):,.10g}" if seconds > 1e-10 else "–"


def _number(value: float) -> str:
    if pd.isna(value):
        return "–"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"

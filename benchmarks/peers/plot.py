"""Draw time against number of points."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from results import Results

# One colour a peer (Okabe and Ito, who chose them for colour-blind readers), one dash a method.
COLOURS = {
    ("geobuffer", "fast"): "#000000",
    ("geobuffer", "default"): "#0072B2",
    ("geopandas", "default"): "#E69F00",
    ("shapely", "default"): "#009E73",
    ("postgis", "postgis"): "#D55E00",
    ("duckdb", "duckdb"): "#CC79A7",
    ("sedonadb", "sedonadb"): "#56B4E9",
    ("spherely", "spherely"): "#B8A800",
    ("turf", "turf"): "#888888",
    ("sf", "sf"): "#7A4B9A",
}
DASHES = ("-", "--", ":", "-.")


def draw(axes: plt.Axes, rows: pd.DataFrame, title: str) -> None:
    """Draw one part."""
    ends = []
    for (peer, group), colour in COLOURS.items():
        of_peer = rows[(rows["peer"] == peer) & (rows["group"] == group)]
        for nth, method in enumerate(of_peer["method"].unique()):
            line = of_peer[of_peer["method"] == method].sort_values("count")
            width = 2.2 if peer == "geobuffer" else 1.2
            label = f"{peer}{'[fast]' * (group == 'fast')}: {method}"
            axes.plot(line["count"], line["seconds"], DASHES[nth % 4], color=colour, lw=width,
                      marker="o", ms=3, label=label)  # fmt: skip
            ends.append((line["seconds"].iloc[-1] / line["count"].iloc[-1], label))
    axes.set(xscale="log", yscale="log", xlabel="points", ylabel="seconds", title=title)
    axes.grid(visible=True, which="major", alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    # The legend in the order of the lines: the slowest first.
    order = [label for _, label in sorted(ends, reverse=True)]
    handles = dict(zip(*axes.get_legend_handles_labels()[::-1], strict=True))
    axes.legend([handles[o] for o in order], order, fontsize=7, frameon=False,
                loc="upper center", bbox_to_anchor=(0.5, -0.12))  # fmt: skip


def draw_page(results: Results, path: Path) -> None:
    """Draw both parts side by side."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 10), sharey=True)
    draw(left, results.home("membership"), "Which points lie within 10 km?")
    draw(right, results.home("distance"), "How far is each point from the border?")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)

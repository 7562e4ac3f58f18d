"""Draw time against number of points: python plot.py results.csv out.png (in the peers' venv)."""

from __future__ import annotations

import sys

import matplotlib as mpl
import pandas as pd

mpl.use("Agg")
from matplotlib import pyplot as plt

# One colour a peer (Okabe and Ito, told apart with any eyes), one dash a method.
COLOURS = {
    "geobuffer_fast": "#000000",
    "geobuffer": "#0072B2",
    "geopandas": "#E69F00",
    "shapely": "#009E73",
    "postgis": "#D55E00",
    "duckdb": "#CC79A7",
    "sedonadb": "#56B4E9",
    "spherely": "#B8A800",
    "turf": "#888888",
}
DASHES = ("-", "--", ":")


def draw(axes: plt.Axes, rows: pd.DataFrame, title: str) -> None:
    """Draw one task."""
    ends = []
    for peer, colour in COLOURS.items():
        of_peer = rows[rows["peer"] == peer]
        for nth, method in enumerate(of_peer["method"].unique()):
            line = of_peer[of_peer["method"] == method].sort_values("points")
            width = 2.2 if peer.startswith("geobuffer") else 1.2
            label = f"{peer.replace('_fast', '[fast]')}: {method}"
            axes.plot(line["points"], line["seconds"], DASHES[nth % 3], color=colour, lw=width,
                      marker="o", ms=3, label=label)  # fmt: skip
            ends.append((line["seconds"].iloc[-1] / line["points"].iloc[-1], label))
    axes.set(xscale="log", yscale="log", xlabel="points", ylabel="seconds", title=title)
    axes.grid(visible=True, which="major", alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    # The legend in the order of the lines: the slowest first.
    order = [label for _, label in sorted(ends, reverse=True)]
    handles = dict(zip(*axes.get_legend_handles_labels()[::-1], strict=True))
    axes.legend([handles[o] for o in order], order, fontsize=7, frameon=False,
                loc="upper center", bbox_to_anchor=(0.5, -0.12))  # fmt: skip


def main() -> None:
    """Draw both tasks side by side."""
    table = pd.read_csv(sys.argv[1])
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 9), sharey=True)
    draw(left, table[table["task"] == "membership"], "Which points lie within 10 km?")
    draw(right, table[table["task"] == "distance"], "How far is each point from the border?")
    figure.tight_layout()
    figure.savefig(sys.argv[2], dpi=110)


if __name__ == "__main__":
    main()

"""The tables of a run, in Markdown; pages that quote a run show some of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from results import NotMeasured, is_reached, measure_goal, read_goals

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from results import Results

# The names of peers that differ from the names of their modules.
NAMES = {
    "postgis": "PostGIS",
    "duckdb": "DuckDB",
    "sedonadb": "SedonaDB",
    "spherely": "S2 (spherely)",
    "turf": "Turf.js",
    "sf": "sf (R)",
}


def name_of(row: pd.Series) -> str:
    """Return how a peer is called in tables."""
    if row["peer"] == "geobuffer":
        return "**geobuffer[fast]**" if row["group"] == "fast" else "**geobuffer**"
    return NAMES.get(row["peer"], row["peer"])


def number(value: float, digits: int = 3) -> str:
    """Return a number to some digits, without powers of ten."""
    if pd.isna(value):
        return "–"
    if value != 0 and abs(value) < 1e-6:
        return "below 0.000001"
    rounded = float(f"{value:.{digits}g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 1000 else f"{rounded:.10g}"


def nanoseconds(row: pd.Series) -> str:
    """Return the time of one point."""
    return number(row["seconds"] / row["count"] * 1e9)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], texts: int = 1) -> str:
    """Return a table whose first columns are text, and the others numbers."""
    rule = "|".join(["---"] * texts + ["---:"] * (len(heads) - texts))
    lines = [f"| {' | '.join(heads)} |", f"|{rule}|"]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows])


def goals(results: Results) -> str:
    """Return each goal beside what was measured."""
    lines = []
    for goal in read_goals():
        unit = goal.get("unit", "×")
        key = "at_most" if "at_most" in goal else "at_least"
        limit = f"{key.replace('_', ' ')} {_in_unit(goal[key], unit)}"
        try:
            value = measure_goal(results, goal)
        except NotMeasured:
            found, reached = "not measured", "–"
        else:
            found, reached = _in_unit(value, unit), "yes" if is_reached(goal, value) else "**no**"
        lines.append((goal["what"], goal["of"], limit, found, reached))
    return table(("what", "of", "goal", "measured", "reached"), lines, texts=2)


def _in_unit(value: float, unit: str) -> str:
    if value >= 1e6:
        return f"{value / 1e6:.3g} million {unit}"
    return f"{number(value)} {unit}"


def zones(results: Results) -> str:
    """Return the ways to the zone of 10 km."""
    rows = results.home("zone").sort_values("seconds")
    heads = ("peer", "method", "seconds", "× geobuffer", "vertices", "largest error, m", "RMS, m")
    return table(heads, (
        (name_of(row), row["method"], number(row["seconds"]), number(results.times_ours(row)),
         number(row["vertices"], 6), number(row["max_error_m"]), number(row["rms_error_m"]))
        for _, row in rows.iterrows()
    ), texts=2)  # fmt: skip


def points(results: Results, part: str) -> str:
    """Return the ways to memberships or distances, the fastest first."""
    rows = results.home(part)
    sizes = results.facts["sizes"][:-1]
    last = rows.sort_values("count").groupby(["group", "peer", "method"], sort=False).tail(1)
    last = last.assign(rate=last["seconds"] / last["count"]).sort_values("rate")
    heads = ["peer", "method", *(f"ns a point, {n:,}" for n in sizes), "most points", "ns a point",
             "× geobuffer", "loading, ns", "wrong per million"]  # fmt: skip
    heads += ["largest error, m", "RMS, m"] * (part == "distance")
    lines = []
    for _, row in last.iterrows():
        same = results.select(group=row["group"], part=part, peer=row["peer"], method=row["method"])
        at = {found["count"]: nanoseconds(found) for _, found in same.iterrows()}
        cells = [name_of(row), row["method"], *(at.get(size, "–") for size in sizes)]
        cells += [f"{row['count']:,}", nanoseconds(row), number(results.times_ours(row))]
        cells += [number(row["load_s"] / row["count"] * 1e9), number(row["wrong_per_million"], 4)]
        if part == "distance":
            cells += [number(row["max_error_m"]), number(row["rms_error_m"])]
        lines.append(cells)
    return table(heads, lines, texts=2)


def shapes(results: Results, part: str) -> str:
    """Return the buffers of tables, or the zones along bare lines."""
    rows = results.home(part)
    # Neither part runs compiled loops, so numba makes no difference.
    rows = rows[rows["group"] != "fast"]
    rows = rows.assign(rate=rows["seconds"] / rows["count"], order=rows["case"].factorize()[0])
    heads = ["case", "peer", "method", "rows", "processor, s", "seconds", "× geobuffer", "vertices",
             "largest error found, m"]  # fmt: skip
    lines = [
        [row["case"], name_of(row), row["method"], f"{row['count']:,}", number(row["cpu_s"]),
         number(row["seconds"]), number(results.times_ours(row)), number(row["vertices"], 7),
         number(row["max_error_m"])]
        for _, row in rows.sort_values(["order", "rate"]).iterrows()
    ]  # fmt: skip
    if part == "lines":
        # Each case is one line.
        for line in (heads, *lines):
            del line[3]
    return table(heads, lines, texts=3)


def commands(results: Results) -> str:
    """Return commands from a cold start, as multiples of the imports."""
    lines = []
    rows = results.select(part="command", group="default")
    for _, row in rows.iterrows():
        cells = [f"`{row['method']}`"]
        for group in ("default", "fast"):
            found = results.select(part="command", group=group, method=row["method"])
            base = results.select(part="command", group=group, peer="python")
            if found.empty:
                cells += ["–", "–"]
                continue
            seconds, imports = (float(x["seconds"].iloc[0]) for x in (found, base))
            cells += [number(seconds), number(seconds / imports)]
        lines.append(cells)
    heads = ("command", "seconds", "× imports", "with `fast`: seconds", "× imports")
    return table(heads, lines)


def first_calls(results: Results) -> str:
    """Return what comes before the first answer."""
    rows = results.rows[results.rows["part"] == "first"]
    cases = rows["case"].unique()
    wide = rows.pivot_table(index="method", columns="case", values="seconds", sort=False)
    lines = ((name, *(number(row[case]) for case in cases)) for name, row in wide.iterrows())
    return table(("step", *cases), lines)


def bulk(results: Results) -> str:
    """Return rows from file to file."""
    rows = results.rows[results.rows["part"] == "bulk"]
    heads = ("install", "what", "rows", "in, GB", "out, GB", "seconds", "rows a second",
             "processor, s", "most memory, MB")  # fmt: skip
    return table(heads, (
        (row["group"], row["method"], f"{row['count']:,}", number(row["bytes_in"] / 1e9),
         number(row["bytes_out"] / 1e9), number(row["seconds"]),
         _in_unit(row["count"] / row["seconds"], "").strip(), number(row["cpu_s"]),
         number(row["peak_mb"]))
        for _, row in rows.iterrows()
    ), texts=2)  # fmt: skip


def cluster(results: Results) -> str:
    """Return what dask and Spark took on one machine."""
    rows = results.rows[results.rows["part"] == "cluster"]
    heads = ("engine", "what", "points", "seconds", "processor, s", "bytes a point in", "out",
             "zone sent, MB")  # fmt: skip
    return table(heads, (
        (row["peer"], f"`{'classify' if 'classify' in row['method'] else 'answer'}`",
         f"{row['count']:,}", number(row["seconds"]), number(row["cpu_s"]),
         number(row["bytes_in"] / row["count"]), number(row["bytes_out"] / row["count"]),
         number(row["bytes_sent"] / 1e6))
        for _, row in rows.iterrows()
    ), texts=2)  # fmt: skip


def head(results: Results) -> str:
    """Return how it was measured."""
    f = results.facts
    kernel = results.rows["kernel_s"].dropna()
    busy = f"{kernel.median() / kernel.min():.2g}, {kernel.max() / kernel.min():.2g} at most"
    return (
        f"{f['cores']} cores of {f['processor']}, Python {f['python']}, {f['minutes']:.0f} minutes "
        f"of `python benchmarks/peers.py{f['options']}`. The border: {f['border_km']:,.0f} km, "
        f"{f['border_vertices']:,} vertices; {f['inside_share']:.1%} of the scattered points lie "
        f"within 10 km of it.\n\n"
        f"Truth: {f['certified_points']:,.0f} of the points were solved independently "
        f"(`tests/support/reference.py`); the largest difference is {f['certified_m']:.0e} m. "
        f"The point nearest to the zone's edge is {f['nearest_to_edge_mm']:.2g} mm from it. Errors "
        "and *wrong per million* are those of points within 50 m of the zone's edge. geobuffer's "
        "without numba are 0 by construction, for it is the truth that was certified.\n\n"
        "Least times of several turns. *× geobuffer*: how many times as long as geobuffer took "
        "(`build_zone` at 0.1 m, `index.within`, `index.nearest`, `gb.buffer`), in turns in the "
        "same process; without numba, except beside geobuffer[fast]. *loading*: to bring arrays "
        "into the form in which the peer keeps points; not part of the time. A method that would "
        f"take longer than {f['budget_s']:g} s gets fewer points. How busy the machine was: a "
        f"fixed piece of numpy work took {busy}, of its least time (median)."
    )


def notes(results: Results) -> str:
    """Return the versions, and which peers are missing."""
    versions = dict.fromkeys(results.facts["versions"].values())
    parts = ["## Versions", "\n".join(f"* {said}" for said in versions)]
    if results.facts["failed"]:
        lines = (f"* {peer}: {why}" for peer, why in results.facts["failed"])
        parts += ["## Not measured", "\n".join(lines)]
    return "\n\n".join(parts)


def page(results: Results) -> str:
    """Return all tables."""
    parts = [f"# Peers, {results.facts['date']}", head(results), "## Goals", goals(results)]
    sections = (
        ("zone", "Zone of 10 km", zones),
        ("membership", "Membership", lambda r: points(r, "membership")),
        ("distance", "Distance", lambda r: points(r, "distance")),
        ("buffers", "Buffers of the rows of tables", lambda r: shapes(r, "buffers")),
        ("lines", "Zones along bare lines", lambda r: shapes(r, "lines")),
        ("command", "Commands, cold", commands),
        ("first", "Before the first answer: seconds, a million points", first_calls),
        ("bulk", "GeoParquet to GeoParquet", bulk),
        ("cluster", "dask and Spark", cluster),
    )
    for part, title, draw in sections:
        if results.has(part=part):
            parts += [f"## {title}", draw(results)]
    return "\n\n".join([*parts, notes(results)]) + "\n"

"""Write the figures of the newest run into the pages that quote them.

A page quotes a figure between two comments, ``<!-- measured: NAME -->`` and ``<!-- /measured -->``.
``python benchmarks/peers.py --quote`` writes the text between them. A test compares all pages with
the results in the repository, so no page can quote an older run.
"""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

import report
import results as found
from report import number, table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd
    from results import Results

ROOT = found.HERE.parents[1]
QUOTE = re.compile(r"(<!-- measured: ([\w-]+) -->)(.*?)(<!-- /measured -->)", re.DOTALL)

# US dollars for an hour of one core: an assumption, which readers replace by their own price.
CORE_HOUR = 0.05

# Rows of a partition: some seconds of work, some hundred MB of memory. For very many points ten
# times as many, as a scheduler plans every task.
PART_ROWS = {10**9: 10**6, 10**12: 10**7}

WIDTH = 110  # of a line of a page


def block(text: str) -> str:
    """Return text that stands by itself."""
    return f"\n\n{text}\n\n"


def paragraph(text: str, indent: str = "") -> str:
    """Return text in lines, as in a paragraph or in an item of a list."""
    lines = textwrap.wrap(text, WIDTH - len(indent), break_long_words=False, break_on_hyphens=False)
    return "".join(f"\n{indent}{line}" for line in lines) + f"\n{indent}"


def zone(r: Results, peer: str, method: str) -> pd.Series:
    """Return a way to the zone of 10 km."""
    return _at_home(r, "zone", peer, method)


def _at_home(r: Results, part: str, peer: str, method: str, case: str = "") -> pd.Series:
    group = "default" if peer in {"geobuffer", "shapely", "geopandas"} else peer
    return r.find(group=group, part=part, case=case, peer=peer, method=method)


def quote_speed(r: Results) -> str:
    """Return what the README says of speed and accuracy."""
    exact = zone(r, "geobuffer", "build_zone, tolerance 0.1 m")
    recipe = zone(r, "geopandas", "estimated UTM, buffer")
    prepared = _at_home(r, "membership", "shapely", "own conic, contains_xy in prepared zone")
    tree = _at_home(r, "distance", "shapely", "UTM 36N, STRtree")
    joined = _at_home(r, "membership", "geopandas", "estimated UTM, buffer + sjoin")
    own = _at_home(r, "buffers", "geobuffer", found.OURS["buffers"], "points")
    utm = _at_home(r, "buffers", "geopandas", "one UTM zone for all rows", "points")

    def ours(part: str, method: str) -> list[str]:
        rows = [r.find(group=group, part=part, peer="geobuffer", method=method)
                for group in ("default", "fast")]  # fmt: skip
        return [f"{report.nanoseconds(row)} ns" for row in rows]

    def built(row: pd.Series) -> str:
        return f"{number(row['seconds'], 2)} s; {number(row['max_error_m'])} m"

    rows = [
        ("the zone of 10 km: time; largest error of its edge", built(exact), "–",
         f"a buffer in UTM: {built(recipe)}"),
        ("whether one of a million points lies inside",
         *ours("membership", found.OURS["membership"]),
         f"a prepared planar polygon: {report.nanoseconds(prepared)} ns"),
        ("the distance of one of a million points", *ours("distance", found.OURS["distance"]),
         f"an index of planar segments: {report.nanoseconds(tree)} ns"),
        ("one row of a table, all columns of `classify`",
         *ours("membership", "classify of a table"),
         f"geopandas' `sjoin`, one column: {report.nanoseconds(joined)} ns"),
        (f"zones of {own['count']:,} points: time; largest error",
         f"{number(own['seconds'], 2)} s; {number(own['max_error_m'], 2)} m", "–",
         f"one UTM zone: {number(utm['seconds'], 2)} s; {number(utm['max_error_m'])} m"),
    ]  # fmt: skip
    goals = found.read_goals()
    reached = sum(found.is_reached(goal, found.measure_goal(r, goal)) for goal in goals)
    heads = ("", "geobuffer", "with the extra `fast`", "a usual way")
    return block(
        f"{table(heads, rows, texts=len(heads))}\n\n"
        f"Measured in one run on {r.facts['cores']} cores ({r.facts['date']}); {reached} of "
        f"{len(goals)} [goals](benchmarks/README.md#goals) are reached."
    )


def quote_run(r: Results) -> str:
    """Return when and how the newest run was made, with links to all of it."""
    name = found.latest().name
    f = r.facts
    return block(
        f"![Time against number of points](results/{name}.png)\n\n"
        f"Measured on {f['date']}, {f['cores']} cores, Python {f['python']}, in one run of "
        f"{f['minutes']:.0f} minutes: [all tables](results/{name}.md), "
        f"[all rows](results/{name}.csv)."
    )


def quote_cluster(r: Results) -> str:
    """Return what is measured of dask, Spark and files, for the page on scale."""
    rows = r.select(part="bulk", group="fast", method="classify_file").sort_values("count").tail(1)
    rows = rows.assign(peer="one process")
    lines = []
    for _, row in (*rows.iterrows(), *r.select(part="cluster").iterrows()):
        lines.append((row["peer"], _what(row), f"{row['count']:,}", number(row["seconds"]),
                      number(row["cpu_s"]), _million(row["count"] / row["cpu_s"]),
                      number(row["bytes_in"] / row["count"], 2),
                      number(row["bytes_out"] / row["count"], 2)))  # fmt: skip
    heads = ("engine", "answers", "points", "clock, s", "processor, s", "a core-second",
             "bytes a point read", "written")  # fmt: skip
    return block(table(heads, lines, texts=2))


def _what(row: pd.Series) -> str:
    return "numbers" if row["method"] == "answer_columns" else "text and numbers"


def _million(value: float) -> str:
    return f"{number(value / 1e6, 2)} million"


def quote_scale(r: Results) -> str:
    """Return time and cost of many points, by proportion."""
    single = r.find(part="bulk", group="fast", method="classify_file").copy()
    single["peer"] = "one process"
    rows = [single, *(row for _, row in r.select(part="cluster").iterrows())]
    lines = []
    for points, part_rows in PART_ROWS.items():
        for row in rows:
            share = points / row["count"]
            hours = row["cpu_s"] * share / 3600.0
            many = (f"{points // part_rows:,}", _duration(hours * 36.0),
                    _size(row["bytes_sent"] * 100))  # fmt: skip
            parts, clock, sent = ("–",) * 3 if row is single else many
            lines.append((power_of_ten(points), row["peer"], _what(row), parts, number(hours, 2),
                          _duration(row["seconds"] * share), clock, number(hours * CORE_HOUR, 2),
                          _size(row["bytes_in"] * share), _size(row["bytes_out"] * share),
                          sent))  # fmt: skip
    cores = r.facts["cores"]
    heads = ("points", "engine", "answers", "partitions", "core-hours", f"on {cores} cores as here",
             "on 100 cores", "US dollars", "read", "written", "zone, to 100 workers")  # fmt: skip
    return block(table(heads, lines, texts=3))


_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def power_of_ten(value: int) -> str:
    """Return a power of ten, written as such."""
    return f"10{str(len(str(value)) - 1).translate(_RAISED)}"


def _duration(seconds: float) -> str:
    for unit, size in (("days", 86_400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2.0 * size:
            return f"{number(seconds / size, 2)} {unit}"
    return f"{number(seconds, 2)} s"


def _size(count: float) -> str:
    return f"{number(count / 1e12, 2)} TB" if count >= 1e12 else f"{number(count / 1e9, 2)} GB"


def quote_zone_times(r: Results) -> str:
    """Return how many times as long as the recipe the zone at the default tolerance takes."""
    return number(1.0 / r.times_ours(zone(r, "geopandas", "estimated UTM, buffer")), 2)


def quote_planar_rows(r: Results) -> str:
    """Return how long planar buffers of rows take, as multiples."""
    return _spread(r, "geopandas", "one UTM zone for all rows")


def _spread(r: Results, peer: str, method: str) -> str:
    rows = r.home("buffers")
    rows = rows[(rows["peer"] == peer) & (rows["method"] == method)]
    ratios = sorted(r.times_ours(row) for _, row in rows.iterrows())
    return f"{number(ratios[0], 2)} to {number(ratios[-1], 2)}"


def quote_row_seconds(r: Results) -> str:
    """Return what the page on buffers says of time."""
    rows = [
        _at_home(r, "buffers", "geobuffer", found.OURS["buffers"], case)
        for case in ("points", "smooth areas", "jagged areas")
    ]
    points, smooth, jagged = (number(row["cpu_s"], 2) for row in rows)
    return paragraph(
        f"{rows[0]['count']:,} points of 0.2 to 30 km took {points} s of processor time, "
        f"{rows[1]['count']:,} areas of 100 vertices {smooth} to {jagged} s "
        f"({r.facts['date']}, {r.facts['cores']} cores)."
    )


def edge(peer: str, method: str) -> Callable[[Results], str]:
    """Return a figure: how far a zone's edge is off at worst, in metres."""
    return lambda r: number(zone(r, peer, method)["max_error_m"], 2 if peer == "shapely" else 3)


def figure(
    part: str, peer: str, method: str, column: str, digits: int = 3, *, case: str = ""
) -> Callable[[Results], str]:
    """Return one number of a row of the results."""
    return lambda r: number(_at_home(r, part, peer, method, case)[column], digits)


QUOTES: dict[str, Callable[[Results], str]] = {
    "speed": quote_speed,
    "run": quote_run,
    "goals": lambda r: block(report.goals(r)),
    "zones": lambda r: block(report.zones(r)),
    "memberships": lambda r: block(report.points(r, "membership")),
    "distances": lambda r: block(report.points(r, "distance")),
    "rows": lambda r: block(report.shapes(r, "buffers")),
    "lines": lambda r: block(report.shapes(r, "lines")),
    "commands": lambda r: block(report.commands(r)),
    "first-calls": lambda r: block(report.first_calls(r)),
    "bulk": lambda r: block(report.bulk(r)),
    "cluster": quote_cluster,
    "scale": quote_scale,
    "row-seconds": quote_row_seconds,
    "planar-rows": quote_planar_rows,
    "postgis-rows": lambda r: _spread(r, "postgis", "geography, ST_Buffer"),
    "zone-times": quote_zone_times,
    "rows-one-utm": figure("buffers", "geopandas", "one UTM zone for all rows", "max_error_m",
                           case="points"),
    "rows-each-utm": figure("buffers", "geopandas", "estimate_utm_crs() for each row",
                            "max_error_m", 2, case="points"),
    "edge-recipe": edge("geopandas", "estimated UTM, buffer"),
    "edge-conic": edge("shapely", "own conic, 128 arcs a quarter"),
    "edge-postgis": edge("postgis", "geography, ST_Buffer"),
    "edge-postgis-fine": edge("postgis", "geography, ST_Buffer, 128 arcs a quarter"),
    "edge-turf": edge("turf", "buffer"),
    "edge-duckdb": edge("duckdb", "UTM 36N, ST_Buffer"),
    "edge-sf": edge("sf", "S2, st_buffer"),
    "wrong-conic": figure("membership", "shapely", "own conic, contains_xy in prepared zone",
                          "wrong_per_million", 4),
    "wrong-postgis": figure("membership", "postgis", "geography, ST_DWithin",
                            "wrong_per_million", 2),
    "off-postgis": figure("distance", "postgis", "geography, ST_Distance", "max_error_m", 2),
    "off-sphere": figure("distance", "spherely", "distance", "max_error_m", 2),
}  # fmt: skip


def pages() -> list[Path]:
    """Return the pages that may quote figures."""
    folders = ("benchmarks", "docs/explanation", "docs/how-to")
    return [ROOT / "README.md", *(p for name in folders for p in sorted(ROOT.glob(f"{name}/*.md")))]


def fill(text: str, r: Results) -> str:
    """Return a page with the figures of a run."""
    return QUOTE.sub(lambda quote: quote[1] + QUOTES[quote[2]](r) + quote[4], text)


def write() -> None:
    """Put the newest figures into all pages."""
    r = found.read(found.latest())
    for page in pages():
        text = page.read_text(encoding="utf-8")
        new = fill(text, r)
        if new != text:
            page.write_text(new, encoding="utf-8")
            print(f"{page.relative_to(ROOT)}: new figures")

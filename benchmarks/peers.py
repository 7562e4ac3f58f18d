"""Measure geobuffer beside what people use today: same border, same points, one run.

Run: python benchmarks/peers.py [--only zone,membership,...] [--peers geobuffer,shapely,...]

Any Python from 3.11 on will do: the script sets up environments and keeps them in a cache. All
methods take turns with geobuffer, and their answers are compared with geodesic distances. Tables
(CSV and Markdown), facts (JSON) and a plot are written to benchmarks/results. With ``--quote``, the
script measures nothing and writes the newest figures into the pages that quote them.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "peers"))

import environment  # noqa: E402 - after the path; it needs nothing but Python

PEERS = ("geobuffer", "shapely", "geopandas", "postgis", "duckdb", "spherely", "sedonadb", "turf",
         "sf")  # fmt: skip
PARTS = ("zone", "membership", "distance", "buffers", "lines", "command", "first", "bulk",
         "cluster")  # fmt: skip


def count(text: str) -> int:
    """Read a number such as 1e6."""
    return int(float(text))


def some_of(known: tuple[str, ...]) -> object:
    """Return a reader of names separated by commas."""

    def read(text: str) -> list[str]:
        unknown = set(text.split(",")) - set(known)
        if unknown:
            said = f"no such name: {', '.join(sorted(unknown))}. Must be of {', '.join(known)}"
            raise argparse.ArgumentTypeError(said)
        return text.split(",")

    return read


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add = parser.add_argument
    add("--only", type=some_of(PARTS), default=list(PARTS), help=f"of {', '.join(PARTS)}")
    add("--peers", type=some_of(PEERS), default=list(PEERS), help=f"of {', '.join(PEERS)}")
    add("--points", default="1e3,1e5,1e6", help="how many, separated by commas")
    add("--ring", type=count, default=200_000, help="points within 50 m of the zone's edge")
    add("--rows", type=count, default=100_000_000,
        help="of the largest file; a fifth without numba, a tenth for dask and Spark")  # fmt: skip
    add("--share", type=float, default=1.0, help="of 10,000 points and 1,000 areas to buffer")
    add("--turns", type=int, default=9, help="of each command")
    add("--budget", type=float, default=3.0, help="seconds for one method at one size")
    add("--patience", type=float, default=600.0, help="seconds for one group of peers")
    add("--certify", type=int, default=300, help="points to solve independently")
    add("--cache", type=Path, default=Path.home() / ".cache" / "geobuffer-peers")
    add("--out", type=Path, default=HERE / "results")
    add("--name", default=time.strftime("peers-%Y-%m"))
    add("--quote", action="store_true", help="put the newest figures into README and docs")
    given = parser.parse_args()
    # The options that the results state. They leave out the folders of this machine.
    given.said = "".join(
        f" --{name} {shlex.quote(_written(getattr(given, name)))}"
        for name in ("only", "peers", "points", "ring", "rows", "share", "turns", "budget")
        if getattr(given, name) != parser.get_default(name)
    )
    given.points = sorted(count(word) for word in given.points.split(","))
    return given


def _written(value: object) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)


def main() -> None:
    """Set up the environments, and start this script again in the default one."""
    given = options()
    if given.quote:
        import quotes

        quotes.write()
        return
    program = environment.python(given.cache, "default")
    if Path(sys.executable) != program:
        given.cache.mkdir(parents=True, exist_ok=True)
        environment.set_up(given.cache)
        variables = environment.plain_variables(given.cache)
        os.execve(program, [str(program), __file__, *sys.argv[1:]], variables)  # noqa: S606
    import run

    run.main(given)


if __name__ == "__main__":
    main()

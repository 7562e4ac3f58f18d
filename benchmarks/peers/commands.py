"""Time whole commands from a cold start, in turns with the imports that any such program needs.

Run by ``run.py`` with the Python of an environment: python commands.py [turns]. Prints JSON lines.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# A map needs tables and a page; no program has both for less.
IMPORTS = "python -c 'import geopandas, folium'"

# Files are written beside each other in a temporary folder.
COMMANDS = (
    "geobuffer map --out map.html",
    "geobuffer map --km 11.3 --side both --out both.html",
    "geobuffer map --country KR,KP --between KR --and KP --km 2 --out korea.html",
    "geobuffer exposure --km 5,10",
    "geobuffer where Yunakivka",
    "geobuffer --version",
    "geobuffer --help",
)


def words_of(command: str) -> list[str]:
    """Return the words of a command, with the programs of this environment."""
    if command == IMPORTS:
        return [sys.executable, "-c", "import geopandas, folium"]
    return [str(Path(sys.executable).parent / "geobuffer"), *command.split()[1:]]


def run_once(command: str, folder: str) -> tuple[float, float]:
    """Return clock and processor seconds of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.perf_counter()
    subprocess.run(words_of(command), check=True, capture_output=True, cwd=folder)
    seconds = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Run all commands in turns and print the least times; the first turn fills caches of files."""
    turns = int(sys.argv[1])
    found: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(turns):
            for command in (IMPORTS, *COMMANDS):
                found.setdefault(command, []).append(run_once(command, folder))
    for command, times in found.items():
        seconds, cpu_s = min(times)
        row = {"method": command, "seconds": seconds, "cpu_s": cpu_s, "count": 1}
        print(json.dumps(row))


if __name__ == "__main__":
    main()

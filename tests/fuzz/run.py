"""Fuzz the readers, guided by the branches that an input reaches (atheris, on libFuzzer).

``python tests/fuzz/run.py --seconds 300`` runs every target for five minutes each, several at a
time with ``--jobs``; ``--target kml`` names one. GDAL may crash its process, so each target runs in
a child process with limits of memory and of time for each input. A child that ends early is started
again. The folder ``--findings`` stores every crash once, by where it was raised, and the command
ends with 1 if there is any. ``--grown`` stores inputs that reach more code, for the next run.

Needs the extra ``fuzz``. The fuzzer sees branches of geobuffer and of the Python libraries that it
reads with. It sees none of compiled libraries such as GDAL, so inputs reach those by chance.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import resource
import subprocess
import sys
import tempfile
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# The limits for one input: a hundred times what a valid one takes on a busy machine.
_SECONDS_AN_INPUT = 25
# Reading takes some 300 MB with all libraries. A file that states a false size must not get
# more.
_MEGABYTES = 2_000

# Python libraries whose branches guide the search, beside our own.
_GUIDES = ("geobuffer", "openpyxl", "tomllib", "zipfile", "csv", "chardet")

_WORDS = Path(__file__).parent / "words.dict"


def main():
    """Run targets in child processes, or run as such a child."""
    options = _options()
    if options.child:
        return _child(options)
    from fuzz.targets import TARGETS

    options.findings.mkdir(parents=True, exist_ok=True)
    wanted = options.target or list(TARGETS)
    if unknown := set(wanted) - set(TARGETS):
        sys.exit(f"Unknown targets {sorted(unknown)}. Must be of {', '.join(TARGETS)}.")
    with ThreadPoolExecutor(options.jobs) as jobs:
        results = list(jobs.map(lambda name: _campaign(name, options), wanted))
    crashes = sum(found for _, found in results)
    sys.stdout.write(f"{sum(runs for runs, _ in results):,} executions, {crashes} crashes\n")
    return int(crashes > 0)


def _options():
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--target", action="append", help="one target; may be repeated")
    parser.add_argument("--jobs", type=int, default=1, help="targets at a time")
    parser.add_argument("--findings", type=Path, default=Path(tempfile.gettempdir(), "findings"))
    parser.add_argument("--grown", type=Path, help="a folder for inputs that reach more code")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _campaign(name, options):
    """Run a target for its time, and again if it ends early; return runs and crashes."""
    began, runs, starts = time.monotonic(), 0, 0
    grown = (options.grown or Path(tempfile.mkdtemp(prefix="grown-"))) / name
    grown.mkdir(parents=True, exist_ok=True)
    findings = options.findings / name
    findings.mkdir(parents=True, exist_ok=True)
    while (left := options.seconds - (time.monotonic() - began)) > 1:
        command = [
            sys.executable, __file__, "--child", "--target", name, "--seconds", str(int(left)),
            "--findings", str(options.findings), "--grown", str(grown),
        ]  # fmt: skip
        # We set a timeout beside that of libFuzzer, because a child may hang in compiled code.
        limit = left + 4 * _SECONDS_AN_INPUT
        log = findings.with_suffix(".log")
        try:
            with log.open("wb") as said:
                subprocess.run(command, stdout=said, stderr=said, timeout=limit, check=False)
        except subprocess.TimeoutExpired:
            (findings / "hung").touch()
        text = log.read_text(errors="replace")
        runs += _runs(text)
        starts += 1
        if _runs(text) == 0:
            sys.stdout.write(f"{name}: the child did not run:\n{text[-2000:]}\n")
            (findings / "did-not-run").touch()
            break
    crashes = sum(1 for file in findings.iterdir() if file.suffix != ".txt")
    seconds = time.monotonic() - began
    sys.stdout.write(
        f"{name}: {runs:,} executions in {seconds:.0f} s, {starts - 1} restarts, "
        f"{crashes} crashes\n"
    )
    sys.stdout.flush()
    return runs, crashes


def _runs(log):
    """Return how many inputs a child ran, from the output of libFuzzer."""
    results = re.findall(r"^#(\d+)|^stat::number_of_executed_units:\s*(\d+)", log, re.MULTILINE)
    return max((int(running or final) for running, final in results), default=0)


def _child(options):
    """Fuzz one target in this process until its time is over."""
    import atheris

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # A target may also write a file that is too large.
    resource.setrlimit(resource.RLIMIT_FSIZE, (256 << 20, 256 << 20))
    with atheris.instrument_imports(include=list(_GUIDES)):
        from fuzz.seeds import seeds
        from fuzz.targets import try_target
    (name,), seen = options.target, set()
    folder = options.findings / name
    begin = Path(tempfile.mkdtemp(prefix="seeds-"))
    inputs = seeds(name)
    for number, data in enumerate(inputs):
        Path(begin, str(number)).write_bytes(data)

    def once(data):
        try:
            try_target(name, data)
        except Exception as error:  # noqa: BLE001 - whatever is raised is what is looked for
            _keep(folder, data, error, seen)

    # Inputs may grow to twice the largest seed, and to at least 4 kB.
    longest = max(4096, 2 * max(map(len, inputs)))
    arguments = [
        f"-max_total_time={options.seconds}", f"-timeout={_SECONDS_AN_INPUT}",
        f"-rss_limit_mb={_MEGABYTES}", f"-max_len={longest}", f"-artifact_prefix={folder}/",
        f"-dict={_WORDS}", "-print_final_stats=1", "-reload=0", "-len_control=0",
    ]  # fmt: skip
    atheris.Setup([sys.argv[0], *arguments, str(options.grown), str(begin)], once)
    atheris.Fuzz()
    return 0


def _keep(folder, data, error, seen):
    """Store an input that crashed and its traceback, unless one at that place is stored."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "geobuffer" in f.filename and "site-packages" not in f.filename]
    last = (ours or list(frames))[-1]
    place = f"{type(error).__name__} {Path(last.filename).name} {last.name} {last.lineno}"
    if place in seen:
        return
    seen.add(place)
    digest = hashlib.sha256(place.encode()).hexdigest()[:12]
    file = folder / f"{digest}.input"
    if not file.exists():
        file.write_bytes(data)
        text = "".join(traceback.format_exception(error))
        file.with_suffix(".txt").write_text(f"{place}\n\n{text}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())

"""Fuzz the readers, guided by what of the code an input reaches (atheris, on libFuzzer).

``python tests/fuzz/run.py --seconds 300`` runs every target for five minutes each, several at a
time with ``--jobs``; ``--target kml`` names one. Each runs in a child with limits of memory and
of time for one input, as GDAL is in there, which may take the process with it; a child that ended
before its time is started again. Every crash is kept once, by where it was raised, in the folder
``--findings``, and the command ends with 1 if there is any. ``--grown`` keeps what was found to
reach more code, to go on from.

Needs the extra ``fuzz``. Of geobuffer and the Python libraries that it reads with, branches are
seen; of GDAL and the like, which are compiled, nothing, so inputs reach them by chance.
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

# What one input may take: a hundred times what a sound one does, on a busy machine.
_SECONDS_AN_INPUT = 25
# Reading takes some 300 MB with all libraries; files that promise more than they hold must not
# get it.
_MEGABYTES = 2_000

# Libraries in Python whose branches guide the search beside ours.
_GUIDES = ("geobuffer", "openpyxl", "tomllib", "zipfile", "csv", "charset_normalizer")

_WORDS = Path(__file__).parent / "words.dict"


def main():
    """Run targets in children, or be such a child."""
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
    """Run a target for its time, again and again if it ends before; return runs and crashes."""
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
        # Bounded beside libFuzzer's own time: a child may hang in compiled code.
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
    """Return how many inputs a child ran, by what libFuzzer prints."""
    results = re.findall(r"^#(\d+)|^stat::number_of_executed_units:\s*(\d+)", log, re.MULTILINE)
    return max((int(running or final) for running, final in results), default=0)


def _child(options):
    """Fuzz one target in this process until its time is over."""
    import atheris

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # A file that is written may be large by mistake, too.
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

    # Inputs may grow to twice the largest seed, and text to 4 kB at least.
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
    """Keep an input that crashed, if none did at that place before, and how."""
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

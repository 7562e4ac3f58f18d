"""Ctrl-C, SIGTERM and a closed pipe: no half-written file, one line on stderr, the exit code.

A shell starts the suite with Ctrl-C ignored when the suite runs in the background, and a process
inherits that. So every command here starts with the default action, unless a test says otherwise.
"""

import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.cli import SHORT

from geobuffer.cli.interrupts import Stopped, handle_signals, raise_stopped

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows has no such signals")

# The code of the script that pip installs; this does not need its path.
COMMAND = "from geobuffer.cli.main import main; main()"
OLD = b"the old file"

# How many moments in each command; .ci/long sets more.
MOMENTS = int(os.environ.get("INTERRUPT_MOMENTS", "1"))

SAID = {
    signal.SIGINT: "geobuffer: interrupted; ",
    signal.SIGTERM: "geobuffer: terminated; ",
}


@pytest.fixture(scope="module")
def points(tmp_path_factory):
    """A table that bulk needs some seconds for."""
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("points") / "points.parquet"
    count = 2_000_000
    lon, lat = rng.uniform(33, 37, count), rng.uniform(50, 52.5, count)
    pd.DataFrame({"lon": lon, "lat": lat}).to_parquet(path)
    return path


def started(args, folder, *, code=COMMAND, ctrl_c=signal.default_int_handler, **options):
    """Start a command; a process inherits from its parent whether it ignores Ctrl-C."""
    ours = signal.signal(signal.SIGINT, ctrl_c)
    try:
        return subprocess.Popen(
            [sys.executable, "-c", code, *map(str, args)], cwd=folder,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
        )  # fmt: skip
    finally:
        signal.signal(signal.SIGINT, ours)


# A command, the files that it writes, and how many seconds it runs on an idle machine.
COMMANDS = {
    "map": (["map", "--out", "out.html", "--png", "out.png"], ("out.html", "out.png"), 5.0),
    "list": (["settlements", "--out", "out.xlsx"], ("out.xlsx",), 2.5),
    "zone": (["zone", "--tolerance", "1", "--out", "out.gpkg"], ("out.gpkg",), 3.0),
    "bulk": (["bulk", "{points}", "out.parquet"], ("out.parquet",), 5.0),
    "bulk to csv": (["bulk", "{points}", "out.csv"], ("out.csv",), 6.0),
}


def check_stopped(process, number, folder, names):
    """Check the exit code, the message and the files of a stopped command."""
    out, err = process.communicate(timeout=60)
    if process.returncode == 0:
        # The command ended before the signal came.
        return
    assert process.returncode == 128 + number, err
    assert err.startswith(SAID[number]), err
    assert err.count("\n") == 1, err
    assert out == "" or out.startswith("Wrote")
    assert {path.name for path in folder.iterdir()} == set(names)


# Each command gets one of the signals, by turns; .ci/long sends it the other one too.
BY_TURNS = [
    pytest.param(command, number, marks=[pytest.mark.long] if (n + m) % 2 else [])
    for n, command in enumerate(COMMANDS)
    for m, number in enumerate(SAID)
]


@pytest.mark.parametrize(("command", "number"), BY_TURNS)
def test_at_random_moments(command, number, points, tmp_path):
    args, names, seconds = COMMANDS[command]
    args = [arg.format(points=points) for arg in args]
    # Each run has another seed, and so other moments; a failure shows the seed.
    seed = random.randrange(1 << 32)  # noqa: S311 - a moment, no secret
    moments = random.Random(seed)  # noqa: S311
    for _ in range(MOMENTS):
        for name in names:
            (tmp_path / name).write_bytes(OLD)
        wait = moments.uniform(0.0, seconds)
        process = started(args, tmp_path)
        wait_until_listening(process)
        time.sleep(wait)
        process.send_signal(number)
        check_stopped(process, number, tmp_path, names)
        if process.returncode:
            # Each file is whole, old or new: a command that writes two may have written one.
            assert all(whole(tmp_path / name) for name in names), (seed, wait)


def wait_until_listening(process):
    """Wait until the command has set its handlers: before that, Python handles signals.

    SIGTERM is the second signal for which it sets one, and Linux lists the handled signals.
    """
    status = Path(f"/proc/{process.pid}/status")
    if not status.exists():
        time.sleep(1.0)
        return
    caught = 0
    while not caught >> (signal.SIGTERM - 1) & 1:
        assert process.poll() is None
        caught = int(re.search(r"SigCgt:\s*(\w+)", status.read_text())[1], 16)
        time.sleep(0.002)


def whole(path):
    """Return whether a file is the old one or a complete new one."""
    ends = {".html": b"</html>", ".png": b"IEND\xaeB`\x82", ".parquet": b"PAR1"}
    content = path.read_bytes()
    return content == OLD or content.rstrip().endswith(ends.get(path.suffix, b""))


# A random moment seldom falls into the writing of a file. Here the writer itself sends the signal.
WITHIN = """
import os, signal, sys
from geobuffer.cli.main import main
import geobuffer.io.write.write as export

number, folder = int(sys.argv.pop(1)), sys.argv.pop(1)
before = export._choose_writer

def writer(thing, *how):
    save = before(thing, *how)
    def half(path):
        save(path)
        assert any(name.startswith(".geobuffer-") for name in os.listdir(folder))
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)
    return half

export._choose_writer = writer
main()
"""


@pytest.mark.parametrize("number", list(SAID), ids=lambda number: number.name)
def test_twice_while_a_file_is_written(number, tmp_path):
    (tmp_path / "out.geojson").write_bytes(OLD)
    args = ["zone", *SHORT, "--tolerance", "50", "--out", "out.geojson"]
    process = started([int(number), tmp_path, *args], tmp_path, code=WITHIN)
    check_stopped(process, number, tmp_path, ["out.geojson"])
    assert process.returncode == 128 + number
    assert (tmp_path / "out.geojson").read_bytes() == OLD


@pytest.mark.parametrize("number", list(SAID), ids=lambda number: number.name)
@pytest.mark.parametrize("library", ["typer", "geopandas"])
def test_while_a_library_is_imported(library, number, tmp_path):
    """Typer takes 0.2 s and geopandas a second to be imported; neither may show a traceback."""
    late = "import os, sys; sys.path.insert(0, os.getcwd())\n" + COMMAND
    (tmp_path / f"{library}.py").write_text(
        f"import os, signal\nos.kill(os.getpid(), {int(number)})\nraise RuntimeError\n"
    )
    process = started(["map"], tmp_path, code=late)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (128 + number, "")
    assert err == SAID[number] + "nothing was written.\n"


@pytest.mark.parametrize("number", list(SAID), ids=lambda number: number.name)
def test_a_signal_after_the_last_write_changes_no_exit_code(number, tmp_path):
    """Python restores the default action while it ends; a signal then must not be a failure."""
    late = f"import atexit, os\natexit.register(os.kill, os.getpid(), {int(number)})\n" + COMMAND
    args = ["zone", *SHORT, "--tolerance", "50", "--out", "out.geojson"]
    process = started(args, tmp_path, code=late)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, ""), out
    assert (tmp_path / "out.geojson").exists()


def test_a_stopped_download_is_resumed(publisher, tmp_path):
    from support.publisher import Page

    publisher.serve("/geonames/UA.zip", Page(hang=True))
    script = (
        "import functools, geobuffer as gb\n"
        "from geobuffer.datasets.fetch.downloader import SITES\n"
        f"sites = {{site: '{publisher.url}/' + site for site in SITES}}\n"
        "gb.Downloader = functools.partial(gb.Downloader, sites=sites)\n" + COMMAND
    )
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    args = ["data", "get", "geonames", "--country", "UA"]
    process = started(args, tmp_path, code=script, env=environment)
    patience = time.monotonic() + 30
    while not publisher.asked and process.poll() is None and time.monotonic() < patience:
        time.sleep(0.05)
    assert publisher.asked, process.communicate()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, ""), err
    assert err.startswith(SAID[signal.SIGINT])
    assert err.count("\n") == 1
    left = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    # The lock file stays; no other file may be left that a later run could read as data.
    assert all(path.name.endswith(".lock") for path in left), left


def test_a_command_keeps_ignoring_ctrl_c(tmp_path):
    """As in the background of a script: it succeeds although Ctrl-C is sent repeatedly."""
    process = started(["where", "51.27", "34.63"], tmp_path, ctrl_c=signal.SIG_IGN)
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert "km from the border" in out


@pytest.mark.parametrize(
    "args",
    [["settlements", *SHORT], ["settlements", *SHORT, "--json"], ["data", "--json"]],
    ids=" ".join,
)
def test_a_pipe_that_is_closed_early(args, tmp_path):
    process = started(args, tmp_path)
    # As `head` does: it closes the pipe.
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(60) == 1


def test_a_closed_pipe_of_errors(tmp_path):
    process = started(["zone", "--km", "wide"], tmp_path)
    process.stderr.close()
    assert process.stdout.read() == ""
    process.stdout.close()
    assert process.wait(60) in {1, 2}


def test_a_second_signal_does_not_stop_the_cleanup():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    cleaned = []

    def stopped_twice():
        with handle_signals(raise_stopped):
            try:
                signal.raise_signal(signal.SIGTERM)
            finally:
                signal.raise_signal(signal.SIGINT)
                cleaned.append(True)

    with pytest.raises(Stopped) as stopped:
        stopped_twice()
    assert (stopped.value.exit_code, cleaned) == (143, [True])
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before

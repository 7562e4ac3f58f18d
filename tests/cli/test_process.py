"""``geobuffer`` as a process of its own: streams, encodings, a closed pipe."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import pytest
from support.cli import SHORT, Answer

import geobuffer as gb

#: A zone of that border whose building takes little.
COARSE = (*SHORT, "--km", "2", "--tolerance", "50")

SCRIPT = "from geobuffer.cli.main import main; main()"


ROOT = Path(gb.__file__).parents[1]


def process(*args, streams="", **environment):
    """Run geobuffer as a process; ``streams`` are the redirections for bash, as ``<&-``."""
    command = f'exec "{sys.executable}" -W error -c "{SCRIPT}" "$@" {streams}'
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG", "PYTHON"))}
    done = subprocess.run(
        ["bash", "-c", command, "geobuffer", *args],
        capture_output=True,
        env=clean | {"PYTHONPATH": str(ROOT)} | environment,
        check=False,
        timeout=120,
    )
    return Answer(done.returncode, done.stdout, done.stderr)


def test_process_version_with_closed_input():
    answer = process("--version", streams="<&-")
    assert answer == Answer(0, f"geobuffer {gb.__version__}\n".encode(), b"")


def test_process_answers_in_a_posix_locale_with_closed_input():
    """It loads the real data without a warning, and writes Cyrillic and en dashes as UTF-8."""
    answer = process("settlements", *SHORT, "--km", "6", streams="<&-", LC_ALL="POSIX")
    assert (answer.code, answer.err) == (0, b"")
    assert "Велика" in answer.out.decode("utf-8")


def test_process_answers_where_only_ascii_can_be_shown():
    answer = process("where", "51.1", "35.1", "--json", PYTHONIOENCODING="ascii")
    assert (answer.code, answer.err) == (0, b"")
    assert json.loads(answer.out.decode("ascii"))["section"] == "Kursk–Sumy"


def test_process_reports_a_mistake_in_one_line(tmp_path):
    file = tmp_path / "zone.geojson"
    file.write_text("older")
    answer = process("zone", "--between", "Куртськ", "--and", "Sumy", "--out", str(file),
                     LC_ALL="POSIX")  # fmt: skip
    assert (answer.code, answer.out) == (2, b"")
    (line,) = answer.err.decode("utf-8").splitlines()
    assert line.startswith("geobuffer: Invalid region 'Куртськ'")
    assert file.read_text() == "older"
    assert list(tmp_path.iterdir()) == [file]


def test_process_writes_and_stays_quiet(tmp_path):
    answer = process("zone", *COARSE, "--out", str(tmp_path / "зона.geojson"), "--json",
                     LC_ALL="POSIX")  # fmt: skip
    assert (answer.code, answer.err) == (0, b"")
    facts = json.loads(answer.out)
    table = gpd.read_file(facts["file"])
    assert table["area_km2"].item() == pytest.approx(facts["area_km2"])
    assert [p.name for p in tmp_path.iterdir()] == ["зона.geojson"]


def test_process_prints_nothing_after_its_reader_closes_the_pipe():
    """As in ``geobuffer data | head -1``: no traceback."""
    answer = process("data", streams="> >(exec true; exit)")
    assert b"Traceback" not in answer.err
    assert b"Exception" not in answer.err


@pytest.mark.parametrize("streams", [">&-", "<&- >&- 2>&-"])
def test_process_with_closed_streams_does_its_work(tmp_path, streams):
    file = tmp_path / "zone.gpkg"
    answer = process("zone", *COARSE, "--out", str(file), streams=streams)
    assert answer == Answer(0, b"", b"")
    assert gb.read_zone(file).width_km == 2


@pytest.mark.parametrize("words", [["data"], ["data", "--json"], ["--version"], ["--help"]])
def test_process_with_closed_stdout_is_no_crash(words):
    assert process(*words, streams=">&-") == Answer(0, b"", b"")


def test_process_reports_a_full_disk_behind_stdout():
    answer = process("data", "--json", streams=">/dev/full")
    assert (answer.code, answer.err.count(b"\n")) == (2, 1)
    assert b"Cannot write the answer" in answer.err


GONE = ["2>/dev/full", "2>&-", "2> >(exec true; exit)"]
FAULT = (
    "import sys, time; from geobuffer.cli import data, main; sys.argv = ['geobuffer', {}'data']; "
    "time.sleep(0.2); data.gb.list_datasets = lambda: 1 / 0; main.main()"
)


@pytest.mark.parametrize(
    ("streams", "debug"), [*((streams, "") for streams in GONE), (GONE[0], "'--debug', ")]
)
def test_process_keeps_the_code_of_a_fault_where_stderr_takes_nothing(streams, debug):
    command = shlex.join([sys.executable, "-c", FAULT.format(debug)])
    done = subprocess.run(["bash", "-c", f"{command} {streams}"], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (70, b"", b"")


@pytest.mark.parametrize("streams", GONE)
def test_process_keeps_the_code_of_a_mistake_where_stderr_takes_nothing(streams):
    assert process("zone", "--between", streams=streams) == Answer(2, b"", b"")

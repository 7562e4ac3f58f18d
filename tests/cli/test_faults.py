"""An unforeseen exception is one line, exit code 70, and a traceback in a private file."""

import re
import stat
import tempfile
from pathlib import Path

import pytest

import geobuffer as gb
from geobuffer.cli import data


@pytest.fixture
def fail(monkeypatch, tmp_path):
    """Make ``geobuffer data`` raise an exception, and temporary files lie in a folder."""
    reports = tmp_path / "reports"
    reports.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(reports))

    def set_exception(error):
        def list_datasets():
            raise error

        monkeypatch.setattr(data.gb, "list_datasets", list_datasets)
        return reports

    return set_exception


ERRORS = [
    KeyError("Kursk"), TypeError("two\nlines"), RecursionError("deep"), ValueError("\x1b[31mred"),
    ZeroDivisionError(), AttributeError("'x' has no y"), OSError("of a library"), AssertionError(),
]  # fmt: skip


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: type(e).__name__)
def test_fault_is_one_line(run, fail, error):
    reports = fail(error)
    done = run("data")
    assert (done.code, done.out) == (70, "")
    (line,) = done.err.splitlines()
    assert line.startswith(f"geobuffer: a fault of geobuffer {gb.__version__}, please report it (")
    assert type(error).__name__ in line
    assert "\x1b" not in line
    (report,) = reports.iterdir()
    assert str(report) in line
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    assert "Traceback (most recent call last)" in report.read_text(encoding="utf-8")
    assert "list_datasets" in report.read_text(encoding="utf-8")


@pytest.mark.parametrize("words", [["--debug", "data"], ["data", "--debug"]])
def test_debug_shows_the_traceback(run, fail, words):
    reports = fail(KeyError("Kursk"))
    done = run(*words)
    assert done.code == 70
    assert done.err.startswith("Traceback (most recent call last)")
    assert done.err.splitlines()[-1].startswith("geobuffer: a fault of geobuffer")
    assert not list(reports.iterdir())


def test_debug_changes_no_answer(run):
    assert run("where", "51.27", "34.63", "--debug") == run("where", "51.27", "34.63")


def test_debug_after_two_dashes_is_no_option(run):
    assert run("where", "--", "--debug").code == 2


def test_fault_shows_no_password(run, fail):
    reports = fail(RuntimeError("no postgresql://me:S3CRET@host/db?password=S3CRET"))
    done = run("data")
    assert "S3CRET" not in done.err
    assert "S3CRET" not in next(reports.iterdir()).read_text(encoding="utf-8")


def test_fault_is_reported_where_no_file_can_be_written(run, fail, monkeypatch):
    fail(KeyError("Kursk"))
    monkeypatch.setattr(tempfile, "tempdir", "/no such folder")
    done = run("data")
    assert (done.code, done.err.count("\n")) == (70, 1)
    assert "could not be written" in done.err
    assert "--debug" in done.err


def test_lack_of_memory_is_no_fault(run, fail):
    fail(MemoryError())
    done = run("data")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "memory" in done.err


def test_error_of_the_system_names_its_file(run, fail):
    fail(PermissionError(13, "Permission denied", "towns.csv"))
    done = run("data")
    assert done.code == 2
    assert re.fullmatch(r"geobuffer: Cannot open 'towns.csv': Permission denied.\n", done.err)


def test_only_the_command_line_catches_every_exception():
    package = Path(gb.__file__).parent
    every = re.compile(r"except\s*(?:\(?\s*Exception\b|:)")
    found = [
        file.relative_to(package).as_posix()
        for file in package.rglob("*.py")
        if every.search(file.read_text(encoding="utf-8"))
    ]
    assert found == ["cli/main.py"]

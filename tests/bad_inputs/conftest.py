"""Run the command line for every row in an empty folder, and check the folder afterwards."""

import contextlib
import shutil

import pytest
from support import given
from support.cli import run_geobuffer

import geobuffer as gb
from geobuffer.cli.output import OPTIONS, in_options
from geobuffer.cli.read_keys import list_keys

# The options that stand in the place of arguments where a file is read.
READERS = [
    OPTIONS | {key: f"{flag} {key}=" for key in list_keys(flag)}
    for flag in ("--places-read", "--regions-read", "--along-read", "--around-read")
]


@pytest.fixture(scope="session")
def regions_file(tmp_path_factory):
    """A file with the regions West and East."""
    path = tmp_path_factory.mktemp("regions") / "regions.gpkg"
    given.save(given.areas(), path)
    return path


@pytest.fixture
def here(tmp_path, monkeypatch, regions_file):
    """An empty folder, in which commands are run; it holds the regions West and East."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    shutil.copyfile(regions_file, folder / "regions.gpkg")
    return folder


@pytest.fixture
def run(here, made_once):
    """Run geobuffer in this process, with the bundled data loaded once."""
    return run_geobuffer


def _files(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def check_refused(run, here):
    """Run a command that must fail: one plain line, exit code 2, no file made or changed."""

    def run_and_check(*args, says=()):
        before = _files(here)
        answer = run(*args)
        assert (answer.code, answer.out) == (2, ""), answer
        *notes, error = answer.err.splitlines()
        assert all(line.startswith("geobuffer: note: ") for line in notes)
        assert error.startswith("geobuffer: ")
        given.plain(error)
        for part in says:
            # Messages name the option instead of the Python argument.
            assert any(
                in_options(part, options, parameter=parameter) in error
                for options in (OPTIONS, *READERS, OPTIONS | {"tolerance_m": "--gap-m"})
                for parameter in (None, *options)
            ), part
        assert _files(here) == before
        return error

    return run_and_check


@pytest.fixture
def check_accepted(run, here):
    """Run a command that must succeed and must not change its input; return its answer."""

    def run_and_check(*args, notes=()):
        before = _files(here)
        answer = run(*args)
        assert answer.code == 0, answer
        for part in notes:
            assert part in answer.err
        after = _files(here)
        assert before == {path: after.get(path) for path in before}
        return answer

    return run_and_check


@pytest.fixture
def check_error():
    """Check that a call raises our error, with a plain message that contains some parts."""

    @contextlib.contextmanager
    def check_raised(kind, *parts):
        with pytest.raises(kind) as caught:
            yield
        message = given.plain(str(caught.value))
        for part in parts:
            assert part in message

    return check_raised


@pytest.fixture(scope="session")
def belt(strip):
    """The zone of 10 km on both sides of the meridian."""
    return gb.build_zone(strip, km=10, tolerance_m=1)

"""The command line starts fast: help, the version and completion import no library of data."""

import os
import subprocess
import sys

import pytest

import geobuffer as gb

HEAVY = {"numpy", "pandas", "geopandas", "shapely", "pyproj", "pyarrow", "pyogrio", "folium",
         "matplotlib", "rich"}  # fmt: skip

# The command, and at its end which of the libraries it has imported.
WATCHED = f"""
import atexit, sys
atexit.register(lambda: print("IMPORTED", *sorted({HEAVY!r} & set(sys.modules))))
from geobuffer.cli.main import main
main()
"""


def run(*args, **environment):
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, *args], capture_output=True, text=True, check=False,
        env=os.environ | environment, timeout=60,
    )  # fmt: skip
    assert done.stderr == ""
    answer, _, imported = done.stdout.rpartition("IMPORTED")
    return done.returncode, answer, imported.split()


COMMANDS = ["map", "zone", "settlements", "exposure", "curve", "bulk", "where", "data", "data get"]


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_imports_no_library_of_data(command):
    code, answer, imported = run(*command.split(), "--help")
    assert (code, imported) == (0, [])
    assert f"Usage: -c {command}".strip() in answer


def test_the_version_imports_no_library_of_data():
    assert run("--version") == (0, f"geobuffer {gb.__version__}\n", [])


def test_the_commands_know_the_version_too():
    """main.py answers ``--version`` alone; with other words, the command answers the same."""
    assert run("--version", "map") == run("--version")


def test_completion_imports_no_library_of_data():
    completion = {"COMP_WORDS": "geobuffer set", "COMP_CWORD": "1"}
    _, _, imported = run(_GEOBUFFER_COMPLETE="complete_bash", **completion)
    assert imported == []


def test_a_command_that_computes_imports_them():
    """So the tests above can fail."""
    _, answer, imported = run("where", "51.27", "34.63")
    assert "km from the border" in answer
    assert {"geopandas", "numpy", "pandas"} <= set(imported)


@pytest.mark.parametrize(
    ("given", "used"),
    [({}, "system"), ({"ARROW_DEFAULT_MEMORY_POOL": "mimalloc"}, "mimalloc")],
    ids=["default", "given"],
)
def test_arrow_takes_memory_from_the_system_unless_the_user_sets_another_pool(given, used):
    script = """
import atexit
from geobuffer.cli.main import main

def print_pool():
    import pyarrow
    print(pyarrow.default_memory_pool().backend_name)

atexit.register(print_pool)
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", script, "--version"], capture_output=True, text=True, check=True,
        env={name: value for name, value in os.environ.items() if "ARROW" not in name} | given,
        timeout=60,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == used

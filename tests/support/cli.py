"""Run the command line within this process, and what many of its tests use."""

import contextlib
import functools
import io
import json
import sys
from typing import NamedTuple
from unittest import mock

import pyproj
import pytest
import typer.main

from geobuffer.cli.main import run_command

GEOD = pyproj.Geod(ellps="WGS84")

#: A short border, for tests that do not need the default one: Belgorod and Sumy share 117 km.
SHORT = ("--between", "Belgorod", "--and", "Sumy")

#: The heading of tables of a zone along that border.
TITLE = "{} km zone along the border Belgorod Oblast – Sumy Oblast"


# At each call typer makes all commands again. For thousands of calls that takes half a minute.
_get_command = functools.cache(typer.main.get_command)


class Answer(NamedTuple):
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        assert (self.code, self.err) == (0, ""), self
        return json.loads(self.out, parse_constant=lambda c: pytest.fail(f"{c} is not JSON"))


def run_geobuffer(*args):
    """Run a command in this process: as the script does, with errors as one line and a code.

    typer's CliRunner would not do: it bypasses what turns our errors into one line.
    """
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.object(sys, "argv", ["geobuffer", *map(str, args)]),
        mock.patch.object(typer.main, "get_command", _get_command),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        pytest.raises(SystemExit) as done,
    ):
        run_command()
    return Answer(done.value.code or 0, out.getvalue(), err.getvalue())

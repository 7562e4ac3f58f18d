"""One run of the command line, and how it ends: mistakes are one line and exit code 2."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import typer

import geobuffer as gb
from geobuffer.cli.commands import app
from geobuffer.cli.interrupts import Stopped, listening
from geobuffer.cli.printing import inert, stderr, telling
from geobuffer.cli.wording import in_options, option_meant

# typer's own errors of usage derive from this; it shows where it is from nowhere else.
_UsageError: Any = typer.BadParameter.__bases__[0]


def main() -> None:
    """Run the command line; turn mistakes into one line and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        with listening(), telling():
            code = app(standalone_mode=False)
            # Here, where it is known what to say, and not while Python ends.
            sys.stdout.flush()
    except Stopped as stopped:
        _stop(stopped)
    except BrokenPipeError:
        _hang_up()
    except _UsageError as error:
        _refuse(_with_option_meant(error))
    except gb.GeobufferError as error:
        _refuse(in_options(str(error)))
    except OSError as error:
        _refuse(f"Cannot write {error.filename or 'the answer'}: {error.strerror}.")
    except typer.Abort:
        raise SystemExit(130) from None
    raise SystemExit(code)


def _with_option_meant(error: Any) -> str:
    """Return what an error of usage says; of an unknown option, the one that was meant."""
    meant = option_meant(getattr(error, "option_name", ""))
    command = getattr(error.ctx, "command", None)
    if command is None or not any(meant in one.opts for one in command.params):
        return str(error.format_message())
    return f"No such option: {error.option_name} (Possible options: {meant})"


def _refuse(message: str) -> NoReturn:
    stderr.print(inert(f"geobuffer: {' '.join(message.split())}"), soft_wrap=True)
    raise SystemExit(2) from None


def _stop(stopped: Stopped) -> NoReturn:
    stderr.print(inert(f"geobuffer: {stopped}"), soft_wrap=True)
    raise SystemExit(stopped.exit_code) from None


def _hang_up() -> NoReturn:
    """End without a word, as other programs do whose reader has seen enough: ``| head``."""
    # What is still buffered has nowhere to go, and Python would tell so when it ends.
    with Path(os.devnull).open("wb") as nowhere:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                os.dup2(nowhere.fileno(), stream.fileno())
    raise SystemExit(1) from None  # as typer and rich have it, where they notice first

"""Run the command line: the entry point ``geobuffer``, its exit codes and its errors.

Answers go to stdout; progress, notes and errors go to stderr. A mistake of the user, from a wrong
name to a file that cannot be written, is one line and exit code 2.

This module imports the standard library only. :func:`main` handles signals first and imports the
commands second, so that Ctrl-C never shows a traceback.
"""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from geobuffer._version import __version__
from geobuffer.cli.interrupts import (
    Stopped,
    end_at_once,
    handle_signals,
    ignore_signals,
    raise_stopped,
    set_handler,
)


def main() -> None:
    """Run the command line as a process of its own; its last act is to ignore signals."""
    set_handler(end_at_once)
    try:
        run_command()
    finally:
        ignore_signals()


def run_command() -> NoReturn:
    """Run the command that ``sys.argv`` names, and raise SystemExit with its exit code."""
    if sys.argv[1:] == ["--version"]:
        # The commands would answer the same, but typer and pydantic take 0.2 s to be imported.
        sys.stdout.write(f"geobuffer {__version__}\n")
        raise SystemExit(0)
    import typer

    from geobuffer.cli.commands import app
    from geobuffer.cli.output import in_options, print_warnings
    from geobuffer.errors import GeobufferError

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    # typer shows the base class of its errors of usage nowhere else.
    usage_error: Any = typer.BadParameter.__bases__[0]
    try:
        with handle_signals(raise_stopped), print_warnings():
            code = app(standalone_mode=False)
            # A full disk or a closed pipe shows here, where we can still report it.
            sys.stdout.flush()
    except Stopped as stopped:
        _exit_with(f"{stopped}", stopped.exit_code)
    except BrokenPipeError:
        _exit_quietly()
    except usage_error as error:
        _exit_with(_usage_message(error), 2)
    except GeobufferError as error:
        _exit_with(in_options(str(error), parameter=error.parameter), 2)
    except OSError as error:
        _exit_with(f"Cannot write {error.filename or 'the answer'}: {error.strerror}.", 2)
    except typer.Abort:
        raise SystemExit(130) from None
    raise SystemExit(code)


def _usage_message(error: Any) -> str:
    """Return the message of an error of usage; for an unknown option it names the right one."""
    from geobuffer.cli.output import find_option

    meant = find_option(getattr(error, "option_name", ""))
    command = getattr(error.ctx, "command", None)
    if command is None or not any(meant in one.opts for one in command.params):
        return str(error.format_message())
    return f"No such option: {error.option_name} (Possible options: {meant})"


def _exit_with(message: str, code: int) -> NoReturn:
    """Print an error as one line, and exit."""
    from geobuffer.cli.output import escape_controls, stderr_console

    line = f"geobuffer: {' '.join(message.split())}"
    stderr_console().print(escape_controls(line), soft_wrap=True)
    raise SystemExit(code) from None


def _exit_quietly() -> NoReturn:
    """Exit without a message, as other programs do when ``| head`` has closed the pipe."""
    # Python would report what is still buffered when it ends: it goes to the null device.
    with Path(os.devnull).open("wb") as null:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                os.dup2(null.fileno(), stream.fileno())
    raise SystemExit(1) from None  # typer and rich use this code, where they notice first.

"""The command line: each subcommand is one question, answered through the public functions.

Answers go to stdout, progress and errors to stderr. A mistake of the user's, from a wrong name to
an unwritable file, is one line and exit code 2.

Ctrl-C and SIGTERM: what was begun is cleaned away, one line is said, the code tells which.

One run of the command line, and how it ends: mistakes are one line and exit code 2.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

import geobuffer as gb
from geobuffer.cli.data import data_app
from geobuffer.cli.exposure import curve, exposure
from geobuffer.cli.map import map_
from geobuffer.cli.output import in_options, inert, option_meant, stderr, telling
from geobuffer.cli.where import where
from geobuffer.cli.zone import bulk, settlements, zone_

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


#: The signals that a person or a system asks a program to stop with.
SIGNALS = (signal.SIGINT, signal.SIGTERM)

_SAID = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}


class Stopped(BaseException):
    """Somebody asked the command to stop.

    No ``Exception``, nor a ``KeyboardInterrupt``: no library takes it for an error of its own.
    """

    def __init__(self, number: int) -> None:
        said = _SAID[signal.Signals(number)]
        super().__init__(f"{said}; nothing was left half-written.")
        # As shells have it.
        self.exit_code = 128 + number


@contextmanager
def listening() -> Iterator[None]:
    """Raise :class:`Stopped` in the main thread when a signal comes, but for those ignored.

    A command in the background of a script ignores Ctrl-C, and must go on doing so.
    """
    before = {number: signal.getsignal(number) for number in SIGNALS}
    heeded = {number: how for number, how in before.items() if how is not signal.SIG_IGN}
    try:
        for number in heeded:
            signal.signal(number, _stop_on_signal)
        yield
    finally:
        for number, how in heeded.items():
            signal.signal(number, how)


def _stop_on_signal(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - as signals are told
    # A second Ctrl-C must not interrupt the cleaning up after the first.
    if not isinstance(sys.exception(), Stopped):
        raise Stopped(number)


app = typer.Typer(
    name="geobuffer",
    help="Model buffer zones along borders: the zone, the places inside, the people, the map.",
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True)
    ] = False,
    versions: Annotated[
        bool, typer.Option("--versions", help="Print those of all it uses.", is_eager=True)
    ] = False,
) -> None:
    if version:
        typer.echo(f"geobuffer {gb.__version__}")
        raise typer.Exit
    if versions:
        gb.show_versions()
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


# In the order in which help lists them.
app.command("map")(map_)
app.command("zone")(zone_)
app.command()(settlements)
app.command()(exposure)
app.command()(curve)
app.command()(bulk)
# A latitude or longitude below zero is no option.
app.command(context_settings={"ignore_unknown_options": True})(where)
app.add_typer(data_app, name="data", help="List the data, bundled and to be fetched; fetch them.")

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

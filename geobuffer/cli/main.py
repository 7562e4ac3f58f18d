"""Run the command line: the entry point ``geobuffer``, its exit codes and its errors.

Answers go to stdout; progress, notes and errors go to stderr. A mistake of the user, from a wrong
name to a file that cannot be written, is one line and exit code 2. Any other exception is a fault
of geobuffer: one line that names the file of its traceback, and exit code 70 (EX_SOFTWARE of BSD).

This module imports the standard library only. :func:`main` handles signals first and imports the
commands second, so that Ctrl-C never shows a traceback.
"""

from __future__ import annotations

import gc
import io
import os
import sys
import tempfile
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn, TextIO

from geobuffer._version import __version__
from geobuffer.cli.interrupts import (
    Stopped,
    end_at_once,
    handle_signals,
    ignore_signals,
    raise_stopped,
    set_handler,
)

# By default Python looks for unused cycles of objects after every 700 new objects, which took a
# tenth of the time of a command. Importing the libraries makes 150,000 objects and a short command
# 100,000 more, with hardly a cycle. A long command keeps at most some 60 MB of unused cycles.
_COLLECT_AFTER = (300_000, 20, 20)

# The memory pool of Arrow, unless the user sets another one. The default pool, mimalloc, returns
# memory and takes it again so often that it costs a tenth of the time of a command.
_ARROW_MEMORY = ("ARROW_DEFAULT_MEMORY_POOL", "system")


def main() -> None:
    """Run the command line as a process of its own; ignore signals at the end."""
    set_handler(end_at_once)
    gc.set_threshold(*_COLLECT_AFTER)
    os.environ.setdefault(*_ARROW_MEMORY)
    try:
        run_command()
    finally:
        # When Python ends, it looks for cycles among all objects, which takes 0.1 s. We prevent
        # that, because the memory is returned anyway when the process ends.
        gc.freeze()
        ignore_signals()


def run_command() -> NoReturn:
    """Run the command that ``sys.argv`` names, and raise SystemExit with its exit code."""
    _open_closed_streams()
    words = sys.argv[1:]
    if words == ["--version"]:
        # The option --version gives the same line, but importing typer and pydantic takes 0.2 s.
        sys.stdout.write(f"geobuffer {__version__}\n")
        raise SystemExit(0)
    options = words[: words.index("--")] if "--" in words else words
    debug = "--debug" in options
    try:
        _run_words([word for word in options if word != "--debug"] + words[len(options) :])
    # All other exceptions are reported here, so the user never sees a traceback.
    except Exception as error:  # noqa: BLE001
        _exit_with_fault(error, debug=debug)


def _run_words(words: list[str]) -> NoReturn:
    """Run a command from its words; raise SystemExit when it ends or the user made a mistake."""
    import typer

    from geobuffer.cli.commands import app
    from geobuffer.cli.output import in_options, print_warnings
    from geobuffer.errors import GeobufferError

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    # typer does not export the base class of its usage errors, so we take it from a subclass.
    usage_error: Any = typer.BadParameter.__bases__[0]
    try:
        with handle_signals(raise_stopped), print_warnings():
            code = app(words, standalone_mode=False)
            # We flush here, so that a full disk or closed pipe raises an error that we can report.
            sys.stdout.flush()
    except Stopped as stopped:
        _exit_with(f"{stopped}", stopped.exit_code)
    except BrokenPipeError:
        _exit_quietly()
    except usage_error as error:
        _exit_with(_usage_message(error), 2)
    except GeobufferError as error:
        _exit_with(in_options(str(error), parameter=error.parameter), 2)
    except MemoryError:
        _exit_with("Not enough memory. Use smaller data, a larger --tolerance, or free some.", 2)
    except OSError as error:
        _exit_with(_system_message(error), 2)
    except typer.Abort:
        raise SystemExit(130) from None
    raise SystemExit(code)


def _system_message(error: OSError) -> str:
    """Return the message of an error of the system; raise an error that a library made itself."""
    if error.errno is None:
        raise error
    if error.filename:
        return f"Cannot open {error.filename!r}: {error.strerror}."
    _drop_output(sys.stdout)
    return f"Cannot write the answer: {error.strerror}."


def _open_closed_streams() -> None:
    """Open the null device in place of streams that are closed, as by ``>&-``.

    Otherwise the next file that is opened gets the number of the closed stream, and libraries that
    print to that stream write into the file.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # it takes the lowest free number
    for number, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w", encoding="utf-8", closefd=False))  # noqa: SIM115


def _exit_with_fault(error: Exception, *, debug: bool) -> NoReturn:
    """Report an exception that is no mistake of the user, and exit."""
    report = _hide_passwords("".join(traceback.format_exception(error)))
    if debug:
        _write_error(report)
        where = "The traceback stands above."
    else:
        where = _write_report(report)
    said = _hide_passwords(f"{type(error).__name__}: {error}"[:300])
    line = " ".join(
        f"geobuffer: a fault of geobuffer {__version__}, please report it ({said}). {where}".split()
    )
    # rich itself may have failed, so we write this line without it.
    shown = (letter if letter.isprintable() else ascii(letter)[1:-1] for letter in line)
    _write_error("".join(shown) + "\n")
    raise SystemExit(70) from None


def _write_error(text: str) -> None:
    """Write to stderr; drop the text if stderr is closed or full, so that the exit code stays."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, ValueError):
        _drop_output(sys.stderr)


def _write_report(report: str) -> str:
    """Write a traceback to a temporary file that only its owner may read; say where it is."""
    try:
        handle, name = tempfile.mkstemp(prefix="geobuffer-fault-", suffix=".txt")
        with open(handle, "w", encoding="utf-8", errors="backslashreplace") as file:  # noqa: PTH123
            file.write(report)
    except OSError as error:
        return f"The traceback could not be written ({error.strerror}); --debug shows it."
    return f"The traceback is in {name}; --debug shows it."


def _hide_passwords(text: str) -> str:
    from geobuffer.io.read.files import hide_password

    return "\n".join(map(hide_password, text.split("\n")))


def _usage_message(error: Any) -> str:
    """Return the message of a usage error; for an unknown option it suggests the right one."""
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
    try:
        stderr_console().print(escape_controls(line), soft_wrap=True)
        sys.stderr.flush()
    # rich exits with 1 where stderr is a closed pipe.
    except (OSError, ValueError, SystemExit):
        _drop_output(sys.stderr)
    raise SystemExit(code) from None


def _exit_quietly() -> NoReturn:
    """Exit without a message, as other programs do when ``| head`` has closed the pipe."""
    _drop_output(sys.stdout, sys.stderr)
    raise SystemExit(1) from None  # as typer and rich, if they notice the closed pipe first


def _drop_output(*streams: TextIO) -> None:
    """Send buffered text to the null device; else Python reports an error when it ends."""
    with Path(os.devnull).open("wb") as null:
        for stream in streams:
            with suppress(OSError, ValueError):
                os.dup2(null.fileno(), stream.fileno())

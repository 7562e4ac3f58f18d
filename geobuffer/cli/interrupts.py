"""Handle Ctrl-C (SIGINT) and SIGTERM: clean up, print one line, exit with 128 + signal number.

Two handlers are used, one after the other. While libraries are imported, nothing has been written,
so :func:`end_at_once` ends the process. While a command works, :func:`raise_stopped` raises
:class:`Stopped`, so that half-written files are removed before the process ends.

A signal that the process ignores stays ignored: the shell ignores Ctrl-C for a command in the
background of a script, and ``nohup`` may do the same.
"""

from __future__ import annotations

import functools
import importlib
import os
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

#: The signals by which a person or a system asks a program to stop.
SIGNALS = (signal.SIGINT, signal.SIGTERM)

_WORDS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}


class Stopped(BaseException):
    """The exception that ends a command after a signal.

    It derives from neither ``Exception`` nor ``KeyboardInterrupt``, so no library catches it.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"{_WORDS[signal.Signals(number)]}; nothing was left half-written.")
        # Shells use the same code for a program that a signal ended.
        self.exit_code = 128 + number


def raise_stopped(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - Python calls it so
    """Raise :class:`Stopped`, unless the command already cleans up after an earlier signal."""
    if not isinstance(sys.exception(), Stopped):
        raise Stopped(number)


def end_at_once(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - Python calls it so
    """End the process with one line on stderr, without cleaning up: nothing was written yet."""
    word = _WORDS[signal.Signals(number)]
    os.write(2, f"geobuffer: {word}; nothing was written.\n".encode())
    os._exit(128 + number)


def set_handler(handler: Callable[[int, FrameType | None], None]) -> None:
    """Set the handler of the signals that the process does not ignore."""
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def ignore_signals() -> None:
    """Ignore the signals from now on: for a process that has done its work and ends.

    While Python ends, it restores the default action of a signal. A signal in those milliseconds
    would otherwise change a successful exit into one by a signal.
    """
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def handle_signals(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Handle the signals that the process does not ignore; restore the old handlers at the end."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    set_handler(handler)
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def import_geopandas_first(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command that imports geopandas before it runs, while a signal ends the process.

    Python or a library in C may print and ignore an exception that is raised during an import. So
    :class:`Stopped` is not raised while geopandas is imported, which takes about a second.
    """

    @functools.wraps(command)
    def run(*args: Any, **options: Any) -> None:
        with handle_signals(end_at_once):
            importlib.import_module("geopandas")
        command(*args, **options)

    return run

"""Ctrl-C and SIGTERM: what was begun is cleaned away, one line is said, the code tells which."""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

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
            signal.signal(number, _stop)
        yield
    finally:
        for number, how in heeded.items():
            signal.signal(number, how)


def _stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - as signals are told
    # A second Ctrl-C must not interrupt the cleaning up after the first.
    if not isinstance(sys.exception(), Stopped):
        raise Stopped(number)

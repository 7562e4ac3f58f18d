"""The command ``geobuffer``, which can be stopped from its first moment.

Beside the package and not in it: whatever is in it imports it first, with geopandas and all, and
that takes a second. Nothing is written in that second, so a signal may end it at once.
"""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType


def _end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - as signals are told
    said = "interrupted" if number == signal.SIGINT else "terminated"
    os.write(2, f"geobuffer: {said}; nothing was written.\n".encode())
    os._exit(128 + number)


def main() -> None:
    """Run the command line."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end)
    from geobuffer.cli.main import main as run

    try:
        run()
    finally:
        # All is written or cleaned away. Python gives a caught signal its default back while it
        # ends, and one in those milliseconds would turn success into a death by a signal.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)

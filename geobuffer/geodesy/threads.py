"""Share work on arrays among threads. The loops that do the work must release the GIL."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    _Found = TypeVar("_Found")


def run_in_threads(work: Callable[[int, int], _Found], count: int, share: int) -> list[_Found]:
    """Call a function on ranges of a count, on all processors, and return what it returned.

    Parameters
    ----------
    work
        Takes the first row of a range and the row after its last one.
    count
        The number of rows.
    share
        How many rows one call takes. For fewer rows than that, no thread is started.

    Examples
    --------
    >>> run_in_threads(lambda low, high: high - low, 5, 2)
    [2, 2, 1]
    """
    bounds = range(0, count, share)
    if len(bounds) < 2:
        return [work(0, count)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        calls = [pool.submit(work, low, min(low + share, count)) for low in bounds]
        return [call.result() for call in calls]

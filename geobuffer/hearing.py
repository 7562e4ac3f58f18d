"""Warnings of libraries, heard by who asked for them: by one thread at a time."""

from __future__ import annotations

import threading
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Up to Python 3.13 the filters are the whole process's: of two threads that change them, one may
# hear what the other one's file says, and the last may leave them changed for good, so that
# nothing is ever heard again. Reentrant, as a reader may use another one.
_one_hears = threading.RLock()


@contextmanager
def heard() -> Iterator[list[warnings.WarningMessage]]:
    """Keep warnings from the user, and give them to the caller instead.

    Examples
    --------
    >>> with heard() as said:
    ...     warnings.warn("A ring is broken.")
    >>> [str(one.message) for one in said]
    ['A ring is broken.']
    """
    with _one_hears, warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        yield said


@contextmanager
def unheard(category: type[Warning] = Warning) -> Iterator[None]:
    """Keep warnings of a category from everybody: they say nothing of what is asked.

    Examples
    --------
    >>> with unheard(UserWarning):
    ...     warnings.warn("Fonts are not read.")
    """
    with _one_hears, warnings.catch_warnings():
        warnings.simplefilter("ignore", category)
        yield

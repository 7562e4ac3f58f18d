"""Every error that geobuffer raises on purpose, in one tree.

::

    GeobufferError
    ├── DataError (ValueError)              a table, a file or a scenario is not what it must be
    │   ├── UnknownDataset (LookupError)    no bundled dataset has that name
    │   ├── UnknownRegion (LookupError)     no region has that name
    │   ├── UnknownSide (LookupError)       the border has no side of that name
    │   ├── ChecksumMismatch                a bundled file is not the one that was published
    │   ├── MissingCRSError                 coordinates without a reference system
    │   └── WriteError (OSError)            a file cannot be written where it should be
    ├── GeometryError (ValueError)          a shape or a distance that cannot be worked with
    │   └── NotAdjacent                     regions that share no border
    ├── WrongKind (TypeError)               no border, zone or region, where one is needed
    ├── DownloadError (ConnectionError)     a file is neither to be had nor in the cache
    └── MissingExtra (ImportError)          what was asked for needs an optional part of geobuffer

Each is also the builtin it resembles, so ``except ValueError`` works as a newcomer expects.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class GeobufferError(Exception):
    """Any error that geobuffer raises on purpose."""


class DataError(GeobufferError, ValueError):
    """A table, a file or a scenario is not what it must be."""


class UnknownDataset(DataError, LookupError):
    """No bundled dataset has that name."""


class UnknownRegion(DataError, LookupError):
    """No region has that name."""


class UnknownSide(DataError, LookupError):
    """The border has no side of that name."""


class ChecksumMismatch(DataError):
    """A bundled file is not the one that was published."""


class MissingCRSError(DataError):
    """Coordinates came without a coordinate reference system."""


class WriteError(DataError, OSError):
    """A file cannot be written: its place takes none, or the disk is full."""


class GeometryError(GeobufferError, ValueError):
    """A shape or a distance that cannot be worked with."""


class NotAdjacent(GeometryError):
    """Regions that share no border."""


class WrongKind(GeobufferError, TypeError):
    """Something else was given where a border, a zone or a region is needed."""


class DownloadError(GeobufferError, ConnectionError):
    """A file is neither to be had nor in the cache."""


class MissingExtra(GeobufferError, ImportError):
    """What was asked for needs an optional part of geobuffer that is not installed."""


def did_you_mean(name: str, known: Iterable[str], *, list_up_to: int = 12) -> str:
    """Return the end of a message about an unknown name: the nearest names, or all of them.

    Examples
    --------
    >>> did_you_mean("Kurks", ["Bryansk", "Kursk"])
    "Did you mean 'Kursk'?"
    >>> did_you_mean("east", ["Ukraine", "Russia", "both"])
    "Must be one of 'Ukraine', 'Russia', 'both'."
    """
    known = list(dict.fromkeys(known))
    folded = {candidate.casefold(): candidate for candidate in known}
    near = difflib.get_close_matches(name.casefold(), folded, n=3, cutoff=0.7)
    if near:
        return f"Did you mean {' or '.join(repr(folded[n]) for n in near)}?"
    shown = ", ".join(repr(candidate) for candidate in known[:list_up_to])
    more = f" (and {len(known) - list_up_to} more)" if len(known) > list_up_to else ""
    return f"Must be one of {shown}{more}."

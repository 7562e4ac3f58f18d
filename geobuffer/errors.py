"""All errors that geobuffer raises on purpose, in one class tree.

::

    GeobufferError
    ├── DataError (ValueError)              a table, file or scenario is invalid
    │   ├── UnknownDataset (LookupError)    no bundled dataset has that name
    │   ├── UnknownRegion (LookupError)     no region has that name
    │   ├── UnknownSide (LookupError)       the border has no side of that name
    │   ├── ChecksumMismatch                a bundled file differs from the published one
    │   ├── MissingCRSError                 coordinates have no coordinate reference system
    │   ├── WriteError (OSError)            a file cannot be written at the given path
    │   └── MissingExtra (ImportError)      an optional part of geobuffer is not installed
    ├── GeometryError (ValueError)          a shape or a distance is invalid
    │   └── NotAdjacent                     the regions share no border
    ├── WrongKind (TypeError)               an argument has a type that the function cannot use
    └── DownloadError (ConnectionError)     a file can neither be downloaded nor found in the cache

Each class also derives from the built-in error that it resembles, so that ``except ValueError``
works as a newcomer expects.
"""

from __future__ import annotations

import difflib
import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType


# If no name is similar, a message lists this many valid names.
_MOST_NAMES = 12


class GeobufferError(Exception):
    """Base class of all errors that geobuffer raises on purpose.

    Parameters
    ----------
    *args
        The message.
    parameter
        The name of the argument that is invalid, such as ``"km"``; ``None`` if the error is not
        about one argument. The command line uses it to name its option.
    """

    def __init__(self, *args: object, parameter: str | None = None) -> None:
        super().__init__(*args)
        self.parameter = parameter


class DataError(GeobufferError, ValueError):
    """A table, a file or a scenario is invalid."""


class UnknownDataset(DataError, LookupError):
    """No bundled dataset has that name."""


class UnknownRegion(DataError, LookupError):
    """No region has that name."""


class UnknownSide(DataError, LookupError):
    """The border has no side of that name."""


class ChecksumMismatch(DataError):
    """A bundled file differs from the one that was published."""


class MissingCRSError(DataError):
    """Coordinates have no coordinate reference system."""


class WriteError(DataError, OSError):
    """A file cannot be written at the given path, or the disk is full."""

    # Python makes instances of WriteError with OSError.__new__, but the attribute __new__ would be
    # that of ValueError, the first base that has one. dask (tblib) unpickles errors with it.
    __new__ = OSError.__new__  # type: ignore[assignment]


class GeometryError(GeobufferError, ValueError):
    """A shape or a distance is invalid."""


class NotAdjacent(GeometryError):
    """The regions share no border."""


class WrongKind(GeobufferError, TypeError):
    """An argument has a type that the function cannot use, such as a name in place of a border."""


class DownloadError(GeobufferError, ConnectionError):
    """A file can neither be downloaded nor found in the cache."""


class MissingExtra(DataError, ImportError):
    """A function needs an optional part of geobuffer that is not installed."""


def require(extra: str, module: str, purpose: str) -> ModuleType:
    """Import and return a module that belongs to an optional part of geobuffer.

    Parameters
    ----------
    extra
        The optional part, as ``pip install 'geobuffer[extra]'`` names it.
    module
        The module to import.
    purpose
        What needs the module, for the message: a subject in the singular.

    Raises
    ------
    MissingExtra
        The module, or a module that it imports, is not installed.

    Examples
    --------
    >>> require("plot", "json", "A figure").__name__
    'json'
    >>> require("plot", "no_such_module", "A figure")
    Traceback (most recent call last):
    geobuffer.errors.MissingExtra: A figure needs no_such_module, which is not installed. Run: ...
    """
    try:
        return import_module(module)
    except ImportError as cause:
        raise missing_extra(extra, cause.name or module, purpose) from cause


def missing_extra(extra: str, package: str, purpose: str) -> MissingExtra:
    """Return the error that says which optional part of geobuffer is not installed.

    Parameters
    ----------
    extra, purpose
        As for :func:`require`.
    package
        The package or file that is missing.
    """
    return MissingExtra(
        f"{purpose} needs {package}, which is not installed. Run: pip install 'geobuffer[{extra}]'."
    )


def missing_crs(subject: str, remedy: str) -> MissingCRSError:
    """Return the error that says which coordinates have no coordinate reference system.

    Parameters
    ----------
    subject
        What lacks one, with its verb: ``"towns.shp has"``.
    remedy
        How to state one.

    Examples
    --------
    >>> raise missing_crs("towns.shp has", 'use set_crs("EPSG:4326")')
    Traceback (most recent call last):
    geobuffer.errors.MissingCRSError: towns.shp has no coordinate reference system. Must have ...
    """
    return MissingCRSError(f"{subject} no coordinate reference system. Must have one: {remedy}.")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the end of a message about an unknown name: the most similar names, or all names.

    Parameters
    ----------
    name
        The unknown name.
    known
        The valid names.

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
    shown = ", ".join(repr(candidate) for candidate in known[:_MOST_NAMES])
    more = f" (and {len(known) - _MOST_NAMES} more)" if len(known) > _MOST_NAMES else ""
    return f"Must be one of {shown}{more}."


def find_caller_level() -> int:
    """Return the ``stacklevel`` at which a warning of our caller points to the code of the user."""
    frame, level = sys._getframe(1), 1  # noqa: SLF001 - the documented way to look at callers
    while frame.f_back and frame.f_globals.get("__name__", "").startswith("geobuffer."):
        frame, level = frame.f_back, level + 1
    return level

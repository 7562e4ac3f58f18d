"""What the library's messages call arguments of Python, said as options of the command line."""

from __future__ import annotations

import difflib
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import geobuffer as gb

if TYPE_CHECKING:
    from collections.abc import Iterator

# Options of the file that is read, which come after what tells the file apart.
_OF_FILES = (
    (r"read_settlements\(swap=True\)", r"--places-swap"),
    (r"\bswap=True\b", r"{}swap"),
    (r'\bcrs="([^"]*)"', r"{}crs \1"),
    (r"\b(crs|layer)=:", r"{}\1:"),
)
_OTHERS = (
    (r"\bread_settlements\(\)", "--places"),
    (r"\bread_border\(\)", "--along"),
    (r"\bread_regions\(\), their outline is border_of\(\)", "--around"),
    (r"\bside= takes", "--side takes"),
    (r"\bmax_gb= allows more", "In Python, max_gb= allows more"),
    (r"\btolerance_m=(\d+)", r"--gap-m \1"),
    (r"\b(give|within) tolerance_m\b", r"\1 --gap-m"),
    (r"\bInvalid tolerance_m (\S+) Must be metres", r"Invalid --gap-m \1 Must be metres"),
    (r"\b(more than|Invalid) tolerance_m\b", r"\1 --tolerance"),
)


# What other programs call some of our options.
_ELSEWHERE = {
    "--width": "--km", "--distance": "--km", "--radius": "--km", "--buffer": "--km",
    "--output": "--out",
}  # fmt: skip


def option_meant(name: str) -> str:
    """Return the option that goes by another name elsewhere, be it misspelt; empty if none does.

    Examples
    --------
    >>> option_meant("--widht"), option_meant("--sdie")
    ('--km', '')
    """
    near = difflib.get_close_matches(name, _ELSEWHERE, 1, cutoff=0.8)
    return _ELSEWHERE[near[0]] if near else ""


def in_options(text: str, file: str = "--") -> str:
    """Return a message whose remedies are options; ``file`` is how those of its file begin.

    Examples
    --------
    >>> in_options('No coordinate reference system. Must have one: crs="EPSG:4326" fits.')
    'No coordinate reference system. Must have one: --crs EPSG:4326 fits.'
    >>> in_options("Must be in that order; swap=True turns them.", "--places-")
    'Must be in that order; --places-swap turns them.'
    """
    for pattern, said in _OF_FILES:
        text = re.sub(pattern, said.format(file), text)
    for pattern, said in _OTHERS:
        text = re.sub(pattern, said, text)
    return text


@contextmanager
def options_of(file: str) -> Iterator[None]:
    """Say errors of a file that is read meanwhile with its own options."""
    try:
        yield
    except gb.GeobufferError as error:
        error.args = (in_options(str(error), file), *error.args[1:])
        raise

"""Read the options that say how a file is read, such as ``--places-read "lon=X,encoding=cp1251"``.

Each option that names a file has such an option beside it. All have the same form: keys and values,
separated by commas. The keys are the arguments of the library function that reads the file. So if
a message of the library recommends an argument, there is a key of that name, and :func:`name_keys`
writes the message with the key.
"""

from __future__ import annotations

import inspect
import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import geobuffer as gb
from geobuffer.cli.output import name_options
from geobuffer.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager


def _read_flag(key: str, value: str) -> bool:
    flags = {"true": True, "false": False}
    if value.casefold() not in flags:
        raise gb.DataError(f"Invalid {key} {value!r}. Must be true or false.", parameter=key)
    return flags[value.casefold()]


def _read_number(key: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise gb.DataError(f"Invalid {key} {value!r}. Must be a number.", parameter=key)
    return number


def _read_text(key: str, value: str) -> str:  # noqa: ARG001 - called like the other readers
    return value


# Every key, and what reads its value.
_VALUES: Mapping[str, Callable[[str, str], Any]] = {
    "lon": _read_text, "lat": _read_text, "name": _read_text, "layer": _read_text,
    "sheet": _read_text, "encoding": _read_text, "crs": _read_text, "swap": _read_flag,
    "source": _read_text, "accuracy_m": _read_text, "iso": _read_text, "country": _read_text,
    "edges": _read_text, "max_gb": _read_number,
}  # fmt: skip

# The function that reads the files of each option.
_READERS = {
    "--places-read": "read_settlements", "--add-places-read": "read_settlements",
    "--regions-read": "read_regions", "--along-read": "read_border",
    "--around-read": "read_shapes", "--outline-read": "read_shapes",
    "--source-read": "classify_file",
}  # fmt: skip

# A key with its value, which is plain or in quotes; a doubled quote stands for one.
_PART = re.compile(
    r"""\s*([^=,]*?)\s*=\s*("(?:[^"]|"")*"|'(?:[^']|'')*'|[^,"'][^,]*|)\s*(?:,|$)""", re.DOTALL
)


class Older(NamedTuple):
    """The value of an older option that means the same as a key, such as ``--places-crs``."""

    flag: str
    value: Any
    """``None`` if it is not given."""


def list_keys(flag: str) -> list[str]:
    """Return the keys of an option: the arguments of its reader that a text can give.

    Examples
    --------
    >>> list_keys("--along-read")
    ['name', 'layer', 'sheet', 'encoding', 'source', 'crs', 'swap', 'max_gb', 'edges']
    """
    from geobuffer.io.read.read import read_shapes

    # The shapes of --around have no reader among the public names.
    reader: Any = getattr(gb, _READERS[flag], read_shapes)
    _, *arguments = inspect.signature(reader).parameters  # the first one is the file
    return [name for name in arguments if name in _VALUES]


def name_keys(flag: str) -> AbstractContextManager[None]:
    """Replace arguments by the keys of an option, in the messages that are raised inside."""
    return name_options({key: f"{flag} {key}=" for key in list_keys(flag)})


def read_keys(
    flag: str, text: str | None, older: Mapping[str, Older] | None = None
) -> dict[str, Any]:
    """Return the arguments of a reader from the text of an option.

    Parameters
    ----------
    flag
        The option, such as ``--places-read``.
    text
        Its text; ``None`` if it is not given.
    older
        The options that give the same arguments, by key.

    Raises
    ------
    DataError
        The text does not have the form KEY=VALUE,…, a key is unknown or given twice, a value is
        invalid, or an older option has another value.

    Examples
    --------
    >>> read_keys("--places-read", "lon=X, name='Name, full', swap=true")
    {'lon': 'X', 'name': 'Name, full', 'swap': True}
    """
    given = _split_keys(flag, text or "")
    with name_keys(flag):
        found = {key: _VALUES[key](key, value) for key, value in given.items()}
    for key, (other, value) in (older or {}).items():
        if value is None:
            continue
        if found.setdefault(key, value) != value:
            raise gb.DataError(
                f"Invalid {other} with {flag} {key}={found[key]}. Must agree; give only {flag}."
            )
    if isinstance(found.get("source"), str) and flag not in _TEXT_SOURCES:
        found["source"] = gb.Source(found["source"])
    return found


# Each row of a table of places has a source, which is a text. A border has a gb.Source.
_TEXT_SOURCES = ("--places-read", "--add-places-read")


def spread_keys(
    flag: str,
    texts: Sequence[str] | None,
    count: int,
    older: Mapping[str, Older] | None = None,
) -> list[dict[str, Any]]:
    """Return the arguments for each of several files: one text applies to all of them.

    Raises
    ------
    DataError
        As :func:`read_keys`, or there are several texts, but not one for each file.

    Examples
    --------
    >>> spread_keys("--around-read", ["crs=EPSG:3857"], 2)
    [{'crs': 'EPSG:3857'}, {'crs': 'EPSG:3857'}]
    """
    given = list(texts or [""])
    if len(given) not in {1, count}:
        raise gb.DataError(
            f"Invalid {flag}: given {len(given)} times, for {count} "
            f"{flag.removesuffix('-read')}. Must be given once for all, or once for each in order."
        )
    each = [read_keys(flag, text, older) for text in given]
    return each * count if len(each) == 1 else each


def _split_keys(flag: str, text: str) -> dict[str, str]:
    """Return the keys and their values, as texts without quotes."""
    known, place = list_keys(flag), 0
    found: dict[str, str] = {}
    while place < len(text.rstrip()):
        part = _PART.match(text, place)
        if part is None:
            raise _form_error(flag, text[place:].strip())
        key, value = part[1].lower(), part[2].strip()
        if value[:1] in {'"', "'"}:
            value = value[1:-1].replace(2 * value[0], value[0])
        if key not in known:
            hint = did_you_mean(key, known)
            keys = "" if hint.startswith("Must") else f" The keys are {', '.join(known)}."
            raise gb.DataError(f"Invalid {flag}: unknown key {part[1]!r}. {hint}{keys}")
        if key in found:
            raise gb.DataError(f"Invalid {flag}: {key}= is given twice. Must be given once.")
        if not value:
            raise gb.DataError(
                f"Invalid {flag}: {key}= has no value. Must have one, or be left out."
            )
        found[key], place = value, part.end()
    return found


def _form_error(flag: str, rest: str) -> gb.DataError:
    """Return the error for a text that is not a key with its value."""
    example = ",".join(f"{key}=..." for key in list_keys(flag)[:3])
    return gb.DataError(
        f"Invalid {flag} at {rest[:60]!r}. Must be keys and values, as in {example}; quote a value "
        """that has a comma, as in name="A, B", and close each quote."""
    )

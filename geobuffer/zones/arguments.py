"""Check the types of arguments where they enter a public function.

Each public function and each constructor of a noun calls :func:`check_arguments` once, with a
:class:`Kind` for each argument. A value of a wrong type raises an error that names the argument,
its type and the expected type. The kind of a noun is defined beside its class.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from geobuffer.errors import WrongKind
from geobuffer.zones.quantities import is_number


class Kind(NamedTuple):
    """The type that an argument must have: a test, and the words for messages."""

    accepts: Callable[[Any], bool]
    must_be: str
    takes_tables: bool = False
    """Whether the kind accepts pandas tables; then messages say how to convert other tables."""


def optional(kind: Kind) -> Kind:
    """Return the kind that also accepts None."""
    return Kind(
        lambda value: value is None or kind.accepts(value),
        f"{kind.must_be}, or None",
        kind.takes_tables,
    )


def is_each(value: object, accepts: Callable[[Any], bool]) -> bool:
    """Return whether a value is a collection, not a text, all of whose items pass a test."""
    if not isinstance(value, Iterable) or isinstance(value, (str, bytes, Mapping, type)):
        return False
    # We do not look into an iterator: it can be read only once, and the caller needs its items.
    return isinstance(value, Iterator) or all(map(accepts, value))


def _is_finite(value: Any) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number that no float can hold
        return False


TEXT = Kind(lambda value: isinstance(value, str), "a text")
TEXTS = Kind(lambda value: is_each(value, TEXT.accepts), "a list of texts")
FLAG = Kind(lambda value: isinstance(value, (bool, np.bool_)), "True or False")
NUMBER = Kind(lambda value: is_number(value) and _is_finite(value), "a number")
PATH = Kind(lambda value: isinstance(value, (str, os.PathLike)), "a path: a text or a pathlib.Path")
CALLABLE = Kind(lambda v: callable(v) and not isinstance(v, type), "a function")
TEXTS_BY_NAME = Kind(
    lambda v: isinstance(v, Mapping) and is_each([*v, *v.values()], TEXT.accepts),
    "texts by language, as {'en': 'name_en'}",
)
TEXT_OR_TEXTS_BY_NAME = Kind(
    lambda v: TEXT.accepts(v) or TEXTS_BY_NAME.accepts(v),
    "a text, or texts by language, as {'en': 'A zone'}",
)


def has_whole_characters(text: str) -> bool:
    """Return whether a text can be written as UTF-8; a lone surrogate cannot.

    >>> has_whole_characters("Суми"), has_whole_characters(chr(0xD83D))
    (True, False)
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


# The names of nouns are written into files, which are UTF-8.
NAME = Kind(
    lambda value: isinstance(value, str) and has_whole_characters(value),
    "a text of whole characters (no lone surrogate, which no file can hold)",
)
NAMES_BY_LANGUAGE = Kind(
    lambda v: isinstance(v, Mapping) and is_each([*v, *v.values()], NAME.accepts),
    "texts by language, as {'en': 'Sumy Oblast'}",
)


def is_tuple_of(accepts: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Return the test that a value is a tuple all of whose items pass a test."""
    return lambda value: isinstance(value, tuple) and all(map(accepts, value))


def check_arguments(**given: tuple[object, Kind]) -> None:
    """Raise an error for the first argument that is not of its kind.

    Parameters
    ----------
    **given
        For each argument, by its name: the value and the kind.

    Raises
    ------
    WrongKind
        A value is not of its kind.

    Examples
    --------
    >>> check_arguments(name=("Sumy", TEXT), swap=(1, FLAG))
    Traceback (most recent call last):
    geobuffer.errors.WrongKind: Invalid swap: 1, an int. Must be True or False.
    """
    for name, (value, kind) in given.items():
        if not kind.accepts(value):
            remedy = find_conversion(value) if kind.takes_tables else ""
            message = f"Invalid {name}: {describe_type(value)}. Must be {kind.must_be}. {remedy}"
            raise WrongKind(message.strip(), parameter=name)


# Libraries whose tables users pass to us, by the first word of their module names. Each has its
# name and the methods that make a pandas table; we suggest the first method that the object has.
_LIBRARIES = {
    "astropy": ("astropy", ("to_pandas()",)),
    "dask": ("dask", ("compute()",)),
    "dask_expr": ("dask", ("compute()",)),
    "dask_geopandas": ("dask", ("compute()",)),
    "duckdb": ("duckdb", ("df()",)),
    "_duckdb": ("duckdb", ("df()",)),
    "ibis": ("ibis", ("to_pandas()",)),
    "polars": ("polars", ("to_pandas()", "collect().to_pandas()")),
    "pyarrow": ("pyarrow", ("to_pandas()",)),
    "pyspark": ("pyspark", ("toPandas()",)),
    "xarray": ("xarray", ("to_dataframe()",)),
}


def find_conversion(table: object) -> str:
    """Return how to convert a table of another library; an empty text for unknown libraries.

    Examples
    --------
    >>> import pyarrow as pa
    >>> find_conversion(pa.table({"lon": [34.8], "lat": [50.9]}))
    'Convert it first: its to_pandas() gives a table of pandas.'
    """
    _, calls = _LIBRARIES.get(type(table).__module__.partition(".")[0], ("", ()))
    for call in calls:
        if hasattr(table, call.partition("(")[0]):
            remedy = f"Convert it first: its {call} gives a table of pandas."
            # A lazy table has no rows yet, but functions such as classify() read the collected one.
            lazy = call.startswith("collect()")
            return remedy + (" classify() and buffer() take its collect()." if lazy else "")
    return ""


def describe_type(value: object) -> str:
    """Return the words for the type of a value in a message, with the value if it is short.

    Examples
    --------
    >>> describe_type(5), describe_type([]), describe_type(list)
    ('5, an int', 'a list', 'the class list')
    """
    if isinstance(value, type):
        return f"the class {value.__name__}"
    name = type(value).__name__
    article = "an" if name[0] in "aeiouAEIOU" else "a"
    shown = f"{value!r:.60}, " if isinstance(value, (str, bytes, int, float)) else ""
    if isinstance(value, (list, tuple)) and value:
        return f"{article} {name} of {type(value[0]).__name__}"
    library, _ = _LIBRARIES.get(type(value).__module__.partition(".")[0], ("", ()))
    of_library = f" of {library}" if library else ""
    return f"{shown}{article} {name}{of_library}" if value is not None else "None"

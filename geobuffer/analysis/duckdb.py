"""Give DuckDB functions that answer for a zone, so that queries ask it row by row."""

from __future__ import annotations

import contextlib
import functools
import inspect
import os
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from geobuffer.analysis.sql_functions import SQL_FUNCTIONS, SqlFunction, answer_columns
from geobuffer.errors import DataError, require
from geobuffer.zones.arguments import TEXT, Kind, check_arguments
from geobuffer.zones.checks import check_zone

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa
    from duckdb import DuckDBPyConnection

    from geobuffer.analysis.membership import Answers
    from geobuffer.zones.zone import Zone


# We recognise a connection by its methods, so that DuckDB need not be imported.
_CONNECTION = Kind(
    lambda value: hasattr(value, "create_function") and hasattr(value, "remove_function"),
    "a connection of DuckDB, as duckdb.connect() returns it",
)

_PREFIX = re.compile(r"[a-z][a-z0-9_]*")


def register(con: DuckDBPyConnection, zone: Zone, *, prefix: str = "gb") -> list[str]:
    """Give a connection of DuckDB functions that answer for a zone; return their names.

    ``gb_km(lon, lat)``
        The distance from the border, in kilometres.
    ``gb_membership(lon, lat, accuracy_m)``
        ``'inside'``, ``'outside'`` or ``'uncertain'``, as :func:`geobuffer.classify` says. The
        accuracy of the point is in metres: 0 for an exact point; NULL counts as 1,000.
    ``gb_side(lon, lat)``
        The name of the side whose territory holds the point, ``''`` where neither does.
    ``gb_section(lon, lat)``
        The name of the section with the nearest point of the border.
    ``gb_p_inside(lon, lat, accuracy_m)``
        The probability that the place lies in the zone.

    Coordinates are degrees on WGS 84. Where one is NULL, the answer is NULL. A query that asks for
    a point that is not on the globe fails.

    Parameters
    ----------
    con
        The connection. Existing functions with these names are replaced.
    zone
        The zone.
    prefix
        What the names begin with: small letters, digits and ``_``. So a connection can hold
        the functions of several zones.

    Raises
    ------
    DataError
        The prefix cannot begin a name.
    MissingExtra
        DuckDB is not installed.
    WrongKind
        ``con`` is not a connection, or ``zone`` not a zone.

    Examples
    --------
    >>> import duckdb, geobuffer as gb
    >>> import shapely
    >>> plant = gb.border_around(shapely.Point(30.1, 51.39), source=gb.Source("a map"))
    >>> con = duckdb.connect()
    >>> names = register(con, gb.build_zone(plant, km=10))
    >>> con.sql("select gb_membership(30.1, 51.4, 50), round(gb_km(30.3, 51.4), 1)").fetchall()
    [('inside', 14.0)]
    """
    duckdb = require("duckdb", "duckdb", "A function of DuckDB")
    check_arguments(con=(con, _CONNECTION), prefix=(prefix, TEXT))
    check_zone(zone)
    if not _PREFIX.fullmatch(prefix):
        raise DataError(
            f"Invalid prefix {prefix!r}. Must be small letters, digits and _, as in 'gb'.",
            parameter="prefix",
        )

    # A query asks several functions in turn about the same batch of 2,048 rows, in each of its
    # threads. We cache the answers of two batches per processor, some 200 kB each: one for the
    # functions of points, one for those that also take an accuracy.
    @functools.lru_cache(2 * (os.cpu_count() or 1))
    def answer_batch(*columns: bytes) -> Answers:
        return answer_columns(zone, *map(np.frombuffer, columns))

    def read(function: SqlFunction) -> Callable[..., pa.Array]:
        # A missing number becomes NaN.
        return lambda *columns: function.read(
            zone, answer_batch(*(column.to_numpy().tobytes() for column in columns))
        )

    return [_register(con, duckdb, f"{prefix}_{one.name}", one, read(one)) for one in SQL_FUNCTIONS]


def _register(con: Any, duckdb: Any, name: str, function: SqlFunction, ask: Any) -> str:
    """Give a connection one function, in place of an older one of its name."""
    # DuckDB counts the parameters of a function by its signature.
    names = [inspect.Parameter(n, inspect.Parameter.POSITIONAL_ONLY) for n in function.parameters]
    ask.__signature__ = inspect.Signature(names)
    with contextlib.suppress(duckdb.InvalidInputException):  # no function has that name
        con.remove_function(name)
    con.create_function(
        name,
        ask,
        ["DOUBLE"] * len(function.parameters),
        function.sql_type,
        type="arrow",
        null_handling="special",
    )
    return name

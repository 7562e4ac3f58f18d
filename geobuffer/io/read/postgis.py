"""Read tables of a PostGIS database by addresses such as ``postgresql://me@host/db?table=s.t``."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from geobuffer.errors import DataError, require
from geobuffer.io.read.files import hide_password
from geobuffer.io.read.source_table import SourceTable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray


_SCHEMES = ("postgresql://", "postgres://")

# Give up on a server that does not answer within this time.
_CONNECT_S = 10


def is_database(path: str | Path) -> bool:
    """Return whether a path is the address of a database.

    >>> is_database("postgresql://me@host/gis?table=oblasts"), is_database("oblasts.gpkg")
    (True, False)
    """
    return str(path).strip().lower().startswith(_SCHEMES)


def read_database(address: str, layer: str | None = None) -> SourceTable:
    """Return the rows of a table or query of a PostGIS database, in a read-only transaction.

    Parameters
    ----------
    address
        A PostgreSQL address. After the question mark it has ``table=schema.table`` or
        ``query=SELECT …``, and ``geometry=column`` if there are several columns of shapes.
    layer
        The table, if the address does not name it.

    Raises
    ------
    DataError
        The extra ``postgis`` is not installed; the server does not answer or rejects the request;
        there is no such table; or the table has no column of shapes, or several. No message shows
        the password.
    """
    address = address.strip()
    # SQLAlchemy finds psycopg by its name.
    for module in ("psycopg", "sqlalchemy"):
        require("postgis", module, "Reading from PostGIS")
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError, SQLAlchemyError

    shown = hide_password(address)
    try:
        url = make_url("postgresql" + address[address.index("://") :])
        # A repeated key has a tuple as its value; the last value counts.
        asked = {
            key: value[-1] if isinstance(value := url.query.get(key), tuple) else value
            for key in ("table", "query", "geometry")
        }
        url = url.difference_update_query(asked).set(drivername="postgresql+psycopg")
    except (ArgumentError, ValueError):
        raise DataError(f"Invalid address {shown!r}. Must be postgresql://…") from None
    if "@" in (url.host or ""):
        raise DataError(
            f"Invalid address {shown!r}. Must have one @: write one in the password as %40."
        )
    statement, name = _make_statement(shown, asked["table"] or layer, asked["query"])
    name = f"{name} of {url.host or 'the local server'}/{url.database or ''}"
    try:
        with _connect_database(url) as connection:
            column = _find_geometry_column(connection, statement, name, asked["geometry"])
            return _read_rows(connection, statement, name, column)
    except (SQLAlchemyError, pd.errors.DatabaseError) as error:
        # The original error may show the password in a traceback, so we do not chain it.
        beneath = error.__cause__ if isinstance(error, pd.errors.DatabaseError) else error
        said = " ".join(str(getattr(beneath, "orig", None) or error).split())
        if url.password:
            said = said.replace(str(url.password), "***")
        raise DataError(f"Unreadable {name}: {said}.") from None


def _make_statement(shown: str, table: str | None, query: str | None) -> tuple[str, str]:
    """Return the SELECT statement, and its name in messages."""
    if bool(table) == bool(query):
        raise DataError(
            f"Invalid address {shown!r}. Must end in ?table=schema.table or ?query=SELECT …, one "
            "of them."
        )
    if query:
        # The closing bracket is on a new line, because the query may end in a comment.
        asked = query.strip().rstrip(";")
        return f"SELECT * FROM ({asked}\n) AS asked", "the query"  # noqa: S608 - it is the user's
    quoted = ".".join('"' + part.replace('"', '""') + '"' for part in str(table).split("."))
    return f"SELECT * FROM {quoted}", f"table {table}"  # noqa: S608 - the names are quoted


@contextmanager
def _connect_database(url: Any) -> Iterator[Any]:
    """Yield a connection that cannot write."""
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    engine = create_engine(
        url,
        poolclass=NullPool,
        connect_args={"connect_timeout": _CONNECT_S},
        # A percent sign in a query is not a parameter.
        execution_options={"no_parameters": True, "postgresql_readonly": True},
    )
    with engine.connect() as connection:
        yield connection


def _find_geometry_column(connection: Any, statement: str, name: str, given: str | None) -> str:
    types = "SELECT oid FROM pg_type WHERE typname IN ('geometry', 'geography')"
    shaped = {row[0] for row in connection.exec_driver_sql(types)}
    none_of_it = f"SELECT * FROM ({statement}) AS shape LIMIT 0"  # noqa: S608 - as above
    empty = connection.exec_driver_sql(none_of_it)
    fields = empty.cursor.description
    _check_column_names([field.name for field in fields], name)
    columns = [field.name for field in fields if field.type_code in shaped]
    if given is not None:
        if given not in columns:
            shown = ", ".join(columns) or "none"
            raise DataError(f"Invalid geometry {given!r} of {name}. Must be one of: {shown}.")
        return given
    if len(columns) != 1:
        shown = ", ".join(columns)
        what = f"{len(columns)} columns of shapes ({shown})" if columns else "no column of shapes"
        remedy = (
            "geometry= tells which"
            if columns
            else "?query=SELECT *, ST_SetSRID(ST_MakePoint(lon, lat), 4326) … makes one of numbers"
        )
        raise DataError(f"Ambiguous {name}: it has {what}. Must have one; {remedy}.")
    return str(columns[0])


def _check_column_names(columns: list[str], name: str) -> None:
    twice = [column for column in dict.fromkeys(columns) if columns.count(column) > 1]
    if twice:
        raise DataError(
            f"Invalid columns of {name}: two are named {twice[0]!r}. Must differ; AS renames them."
        )


def _read_rows(connection: Any, statement: str, name: str, column: str) -> SourceTable:
    import geopandas as gpd

    try:
        frame = gpd.read_postgis(statement, connection, geom_col=column)
    except (NotImplementedError, shapely.GEOSException) as error:
        raise DataError(
            f"Unreadable {name}: a shape in {column!r} is curved or of another kind that is not "
            f"read ({error}). Must be straight: ?query=SELECT …, ST_CurveToLine({column}, t, 1, 0) "
            "where t is the largest deviation in units of the coordinates, such as 0.1 for metres."
        ) from error
    shapes = np.asarray(frame.geometry.to_numpy(), dtype=object)
    _check_one_srid(shapes, name)
    attributes = pd.DataFrame(frame.drop(columns=column))
    return SourceTable(name, attributes, shapes, frame.crs)


def _check_one_srid(shapes: NDArray[np.object_], name: str) -> None:
    """Check that all rows have one SRID: geopandas would use the SRID of the first row for all."""
    there = np.flatnonzero(~shapely.is_missing(shapes))
    codes = shapely.get_srid(shapes[there])
    other = np.flatnonzero(codes != codes[0]) if len(codes) else codes
    if len(other):
        raise DataError(
            f"Invalid geometry in row {there[other[0]]} of {name}: its SRID is "
            f"{codes[other[0]]}, but that of row {there[0]} is {codes[0]}. Must be one: "
            "?query=SELECT …, ST_Transform(…, 4326)."
        )

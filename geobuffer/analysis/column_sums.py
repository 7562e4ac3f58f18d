"""Add up columns of a table over the rows in a zone, and count the rows without a figure.

A sum is a lower limit, because rows may have no figure. So each sum comes with the number of such
rows, and the uncertain rows have a sum and a number of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from geobuffer.errors import DataError, WrongKind, did_you_mean
from geobuffer.io.point_tables import read_numbers
from geobuffer.zones.arguments import TEXTS, describe_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray

    from geobuffer.geodesy.ellipsoid import Floats

#: The column that is added up if the caller names none.
PEOPLE = "population"

# A sum is written without decimals if it differs from a whole number by at most this share of it.
_WHOLE = 1e-12


class SumNames(NamedTuple):
    """The names of the columns for the sums of a column and for its rows without a figure."""

    sure: str
    sure_without: str
    unsure: str
    unsure_without: str


def name_sums(column: str) -> SumNames:
    """Return the columns that hold the sums of a column.

    Examples
    --------
    >>> name_sums("beds")[:2], name_sums("beds")[2:]
    (('beds', 'beds_without_figure'), ('beds_uncertain', 'beds_uncertain_without_figure'))
    >>> name_sums("population")[:2]
    ('population', 'without_figure')
    """
    # ``population``, the default column, gets the shorter names.
    before = "" if column == PEOPLE else f"{column}_"
    return SumNames(
        column, f"{before}without_figure", f"{column}_uncertain",
        f"{before}uncertain_without_figure",
    )  # fmt: skip


def list_sums(counted: pd.DataFrame) -> list[SumNames]:
    """Return the names of the sums that a table of counts has.

    Examples
    --------
    >>> import pandas as pd
    >>> counted = pd.DataFrame(columns=["ring", *name_sums("beds"), *name_sums("population")])
    >>> [names.sure for names in list_sums(counted)]
    ['beds', 'population']
    """
    names = [name_sums(str(column)) for column in counted.columns]
    return [one for one in names if {*one} <= {*counted.columns}]


def read_population(table: pd.DataFrame) -> Floats:
    """Return the population of each row; NaN where the table gives no figure.

    Examples
    --------
    >>> import pandas as pd
    >>> read_population(pd.DataFrame({"population": [120, None]})).tolist()
    [120.0, nan]
    >>> read_population(pd.DataFrame({"name": ["Sudzha"]})).tolist()
    [nan]
    """
    if PEOPLE not in table.columns:
        return np.full(len(table), np.nan)
    return read_numbers(table, PEOPLE)


def read_columns(table: gpd.GeoDataFrame, of: Any, taken: Iterable[str]) -> dict[str, Floats]:
    """Return the columns to add up as numbers, NaN where a row has no figure.

    Parameters
    ----------
    table
        The table.
    of
        The name of a column, or several; None for ``population``, which the table may lack.
    taken
        Other columns of the result.

    Raises
    ------
    WrongKind
        ``of`` is neither a text nor a list of texts.
    DataError
        The table has no such column; a column is named twice; a value of it is not a number or is
        negative; or the result has another column of the name of a sum.
    """
    if of is None:
        return {PEOPLE: read_population(table)}
    if not (isinstance(of, str) or TEXTS.accepts(of)):
        message = f"Invalid of: {describe_type(of)}. Must be the name of a column, or a list."
        raise WrongKind(message, parameter="of")
    given = [of] if isinstance(of, str) else list(of)
    known = [str(column) for column in table.columns if column != table.geometry.name]
    used = {*taken}
    for column in given:
        if column not in known:
            raise DataError(f"Invalid of {column!r}. {did_you_mean(column, known)}", parameter="of")
        if used & {*(names := name_sums(column))}:
            raise DataError(
                f"Invalid of {column!r}: the result has another column with the name of its sum. "
                "Must be another column, or the same one renamed.",
                parameter="of",
            )
        used |= {*names}
    return {column: read_numbers(table, column) for column in given}


def sum_columns(
    columns: Mapping[str, Floats], sure: Floats | NDArray[np.bool_], unsure: NDArray[np.bool_]
) -> dict[str, int | float]:
    """Return the sums of columns and the numbers of rows without a figure, by name.

    Parameters
    ----------
    columns
        The figures of each row; NaN in a row without one.
    sure
        Which rows count, or the share of each row that counts.
    unsure
        Which rows are uncertain.

    Examples
    --------
    >>> rows = np.array([True, True, False]), np.array([False, False, True])
    >>> list(sum_columns({"beds": np.array([120.0, np.nan, 30.0])}, *rows).values())
    [120, 1, 30, 0]
    """
    sums: dict[str, int | float] = {}
    for column, figures in columns.items():
        for share, total, without in (
            (sure, *name_sums(column)[:2]),
            (unsure, *name_sums(column)[2:]),
        ):
            counted = share > 0
            there = counted & ~np.isnan(figures)
            sums[total] = _write_sum(column, float((figures[there] * share[there]).sum()))
            sums[without] = int((counted & np.isnan(figures)).sum())
    return sums


def _write_sum(column: str, total: float) -> int | float:
    """Return a sum as an integer if it is whole, because people are counted in integers."""
    whole = round(total)
    return whole if column == PEOPLE or abs(total - whole) <= _WHOLE * abs(total) else total

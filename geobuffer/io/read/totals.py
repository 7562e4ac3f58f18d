"""Read how many people municipalities have, from tables of a code and a number in each row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from geobuffer.errors import DataError
from geobuffer.io.read.columns import find_columns, find_people
from geobuffer.io.read.files import find_file
from geobuffer.io.read.text_tables import read_table
from geobuffer.zones.quantities import quote_value, read_number_column

if TYPE_CHECKING:
    from pathlib import Path

    from geobuffer.io.read.source_table import SourceTable


# Columns of the code of a municipality, the surest name first: ours, those of COD-PS on HDX, and
# what a user may write.
_CODES = (
    "hromada_code", "adm3_pcode", "admin3pcode", "adm3_code", "admin3_code", "код_громади",
    "код_громады", "katottg", "код_катоттг", "pcode", "code", "код",
)  # fmt: skip

# The total of people in COD-PS, beside those by sex and age.
_TOTALS = ("t_tl",)


def read_totals(file: str | Path, *, sheet: str | None = None) -> dict[str, float]:
    """Return the number of people of each municipality in a table, by its code.

    Parameters
    ----------
    file
        A text table or a workbook with a column of codes (``hromada_code``, ``ADM3_PCODE``,
        ``code``) and one of people (``population``, ``T_TL``).
    sheet
        The sheet of a workbook.

    Raises
    ------
    DataError
        The file cannot be read or lacks one of the columns; a code occurs twice; or a number of
        people is missing, negative or not a number. The message names the row.
    """
    found, layer = find_file(file, layer=sheet)
    table = read_table(found, layer)
    columns = [str(name) for name in table.frame.columns]
    codes = find_columns(columns, _CODES)
    people = find_columns(columns, _TOTALS) or [name for name in [find_people(columns)[0]] if name]
    if len(codes) != 1 or len(people) != 1:
        raise DataError(
            f"Invalid table {table.name}: no column of codes of hromadas, or none of people, among "
            f"{', '.join(columns)}. Must have one of each: name them hromada_code and population."
        )
    return _read_rows(table, codes[0], people[0])


def _read_rows(table: SourceTable, codes: str, people: str) -> dict[str, float]:
    """Return the numbers by code, of the rows that have a code."""
    read = read_number_column(table.frame[people])
    totals: dict[str, float] = {}
    for row, (value, number) in enumerate(zip(table.frame[codes], read.numbers, strict=True)):
        if pd.isna(value) or not (code := str(value).strip()):
            continue
        if not number >= 0.0:
            given = quote_value(table.frame[people].iloc[row])
            raise DataError(
                f"Invalid {people} in {table.cite_row(row)}: {given}. Must be a number of people."
            )
        if code in totals:
            raise DataError(
                f"Invalid {codes} in {table.cite_row(row)}: {quote_value(code)} is also in an "
                "earlier row. Must occur once."
            )
        totals[code] = float(number)
    return totals

"""Write CSV, also in the form that a spreadsheet expects in a reader's locale.

A double click opens a CSV by the settings of the computer. In Ukraine and most of Europe, the comma
is the decimal mark, and semicolons separate columns.
"""

from __future__ import annotations

import functools
import numbers
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from geobuffer.errors import DataError
from geobuffer.io.spreadsheet_texts import mark_text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    import pyarrow as pa

#: UTF-8 with a byte order mark, by which spreadsheets know that it is UTF-8.
ENCODING = "utf-8-sig"

# The languages whose decimal mark is a comma, those with a point, and the countries that differ
# from the rule of their language. They are from CLDR 47, through Babel; a test compares them.
# Languages with an Arabic decimal mark are in neither list.
_COMMA = (
    "af az ba be bg br bs ca cs cv da de el eo es et eu ff fi fo fr fy gl hr ht hu hy ia id ie is "
    "it jv ka kk kl ku ky lb ln lo lt lu lv mk nb nl nn no nr pl pt rm rn ro ru rw sc se sg sk sl "
    "sq sr ss su sv tg tk tr ts tt uk uz ve vi wo"
)
_POINT = (
    "aa ab ak am an as bm bn bo ce co cu cy dv dz ee en ga gd gn gu gv ha he hi ig ii io iu ja ki "
    "km kn ko kw la lg mg mi ml mn mr mt my nd ne nv ny oc om or os pa pi qu sa si sn so st sw ta "
    "te th ti tn to ug vo xh yi yo za zh zu"
)
_OTHER_WAY = {
    "de": "CH LI", "es": "419 BR BZ CU DO GT HN MX NI PA PE PR SV US", "fr": "RW", "it": "CH",
    "en": "AT BE CZ DE DK EE ES FI FR GE HU ID IT LT LV NL NO PL PT RO SE SI SK UA ZA",
    "qu": "BO", "sw": "CD",
}  # fmt: skip

# In these countries semicolons separate columns, although the decimal mark is a point.
_SEMICOLON_COUNTRIES = frozenset({"CH", "LI"})

_LOCALE = re.compile(r"([a-z]{2})(?:[_-]([a-z]{2}|\d{3}))?", re.IGNORECASE)

_NUMBER_TEXT = re.compile(r"([+-]?\d+)[.,](\d+)")

# Excel keeps fifteen digits of a number and shows more than eleven as 3.86E+11.
_LONGEST_NUMBER = 10**11


class CsvStyle(NamedTuple):
    """How a CSV is written for a locale."""

    separator: str
    decimal: str


def find_csv_style(locale: str) -> CsvStyle:
    """Return the separator of columns and the decimal mark of a locale.

    If the decimal mark is a comma, semicolons separate the columns.

    Raises
    ------
    DataError
        The locale is unknown.

    Examples
    --------
    >>> [tuple(find_csv_style(locale)) for locale in ("uk", "en_US", "de-CH")]
    [(';', ','), (',', '.'), (';', '.')]
    """
    found = _LOCALE.fullmatch(locale.strip())
    language, country = (found[1].lower(), (found[2] or "").upper()) if found else ("", "")
    if language not in f"{_COMMA} {_POINT}".split():
        raise DataError(
            f"Invalid csv_locale {locale!r}. Must be a language, or a language and a country, as "
            "in uk, ru, pl, de, fr, en_US or de_CH.",
            parameter="csv_locale",
        )
    is_other_way = country in _OTHER_WAY.get(language, "").split() if country else False
    decimal = "," if (language in _COMMA.split()) != is_other_way else "."
    semicolon = decimal == "," or country in _SEMICOLON_COUNTRIES
    return CsvStyle(";" if semicolon else ",", decimal)


def write_csv(table: pd.DataFrame, path: Path, style: CsvStyle | None) -> None:
    """Write a table without geometry; without a style, texts are written unchanged.

    With a style, we mark texts that a spreadsheet would read as numbers, dates or formulas: see
    :mod:`geobuffer.io.spreadsheet_texts`.
    """
    if style is None:
        table.to_csv(path, index=False, encoding=ENCODING)
        return
    columns = [_mark_column(table.iloc[:, n], style) for n in range(len(table.columns))]
    header = [mark_text(str(name)) for name in table.columns]
    marked = pd.DataFrame(dict(enumerate(columns)), index=table.index)
    marked.to_csv(
        path, index=False, encoding=ENCODING, sep=style.separator, decimal=style.decimal,
        header=header,
    )  # fmt: skip


def _mark_column(column: pd.Series[Any], style: CsvStyle) -> pd.Series[Any]:
    """Return a column whose texts and long whole numbers are marked."""
    kind = column.dtype
    if pd.api.types.is_bool_dtype(kind):
        return column
    if pd.api.types.is_float_dtype(kind):
        # pandas applies a decimal mark to plain numbers only.
        return column.astype(np.float64)
    if pd.api.types.is_integer_dtype(kind) and not (column.abs() >= _LONGEST_NUMBER).any():
        return column
    values = column.astype(object)
    return values.map(lambda value: _mark_value(value, style), na_action="ignore")


def _mark_value(value: Any, style: CsvStyle) -> Any:
    if isinstance(value, (bool, np.bool_)):
        return value
    if isinstance(value, numbers.Integral):
        return mark_text(str(value)) if abs(int(value)) >= _LONGEST_NUMBER else value
    if isinstance(value, (float, np.floating)):
        return str(value).replace(".", style.decimal)
    # We do not mark dates, so that a spreadsheet reads them as dates.
    return mark_text(value) if isinstance(value, str) else value


def mark_arrow_table(table: pa.Table, style: CsvStyle, numeric: Collection[str]) -> pa.Table:
    """Return an Arrow table for a CSV, marked as :func:`write_csv` marks tables.

    A table that was read from a text table holds texts only; ``numeric`` are the columns whose
    texts are numbers.
    """
    import pyarrow as pa

    columns = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        kind = column.type
        if pa.types.is_floating(kind) or pa.types.is_integer(kind):
            columns.append(_mark_arrow_numbers(column, style))
        elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
            texts = column.to_pylist()
            mark: Callable[[str], str] = mark_text
            if name in numeric:
                mark = functools.partial(_mark_number_text, style=style)
            marked = {text: mark(text) for text in set(texts) if text is not None}
            columns.append(pa.array([marked.get(text) for text in texts], pa.string()))
        else:
            columns.append(column)
    return pa.table(columns, names=[mark_text(name) for name in table.column_names])


def _mark_number_text(text: str, style: CsvStyle) -> str:
    found = _NUMBER_TEXT.fullmatch(text.strip())
    return f"{found[1]}{style.decimal}{found[2]}" if found and found[2] else mark_text(text)


def _mark_arrow_numbers(column: pa.ChunkedArray, style: CsvStyle) -> pa.ChunkedArray:
    import pyarrow as pa
    from pyarrow import compute as pc

    if pa.types.is_floating(column.type):
        texts = pc.replace_substring(column.cast(pa.string()), ".", style.decimal)
        return pc.if_else(pc.is_nan(column), None, texts)
    beyond = pc.or_(
        pc.greater_equal(column, _LONGEST_NUMBER), pc.less_equal(column, -_LONGEST_NUMBER)
    )
    if not pc.any(beyond).as_py():
        return column
    return pa.array([_mark_value(value, style) for value in column.to_pylist()], pa.string())

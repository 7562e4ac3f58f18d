"""Write Excel workbooks in which every text stays a text.

XlsxWriter writes them. We choose the kind of each cell ourselves, from the value alone, so that
XlsxWriter never takes a text for a formula, an address or a number.
"""

from __future__ import annotations

import datetime as dt
import importlib.util
import numbers
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from geobuffer.errors import DataError, missing_extra
from geobuffer.io.write.values import NOT_IN_XML, is_missing
from geobuffer.zones.source import ORIGIN, ORIGIN_COLUMNS

if TYPE_CHECKING:
    from pathlib import Path


# The limits of a sheet, without the row of column names, and of a cell.
_MOST_ROWS = 1_048_575
_MOST_COLUMNS = 16_384
_LONGEST = 32_767

# Excel keeps fifteen digits of a number; longer whole numbers are codes and become texts.
_MOST_DIGITS = 10**15

# Widths of columns, in letters. The first rows suffice to see how long a column's values are.
_NARROWEST, _WIDEST = 8, 60
_ROWS_FOR_WIDTH = 500
# Room for the button of the filter beside a column's name.
_FILTER_BUTTON = 3

# How Excel shows the cells of each kind; "@" is text, which keeps "007" when a user edits the cell.
_STYLES: dict[str, dict[str, Any]] = {
    "header": {"bold": True, "num_format": "@"},
    "text": {"num_format": "@"},
    "date": {"num_format": "yyyy-mm-dd"},
    "moment": {"num_format": "yyyy-mm-dd h:mm:ss"},
}


def check_xlsxwriter() -> None:
    """Check that the library that writes workbooks is installed.

    Raises
    ------
    DataError
        XlsxWriter is not installed.
    """
    if importlib.util.find_spec("xlsxwriter") is None:
        raise missing_extra("excel", "xlsxwriter", "Writing an Excel file")


def write_workbook(table: pd.DataFrame, path: Path) -> None:
    """Write a table without geometry as a workbook with the sheets ``data`` and ``about``.

    The border and its source are on the sheet ``about``, not in each row. A text stays a text: one
    that begins with ``=`` is not a formula, and ``007`` keeps its zeros. Dates are dates. Times
    with a time zone are ISO 8601 texts, because Excel has no time zones. The row of column names is
    bold, stays in view and has a filter.

    Raises
    ------
    DataError
        The table has more rows or columns than a sheet can hold, a text is longer than a cell, or a
        text has a character that Excel files cannot hold.
    """
    check_xlsxwriter()
    if len(table) > _MOST_ROWS or len(table.columns) > _MOST_COLUMNS:
        raise DataError(
            f"Invalid table for Excel: {len(table):,} rows, {len(table.columns):,} columns. Must "
            f"be at most {_MOST_ROWS:,} and {_MOST_COLUMNS:,}; .csv and .parquet have no limits."
        )
    about_rows = _describe_table(table)
    header, columns = _convert_table(_drop_origin(table))
    about = [[_convert_value(value, "about") for value in row] for row in about_rows]
    # XlsxWriter puts its temporary files beside the workbook, in our temporary folder, so that they
    # are removed even if the process is killed. We do not use its option constant_memory, because
    # it then drops cells that are not in order, without an error.
    options = {"tmpdir": str(path.parent)}
    from xlsxwriter.exceptions import FileCreateError

    try:
        with pd.ExcelWriter(
            path, engine="xlsxwriter", engine_kwargs={"options": options}
        ) as writer:
            book: Any = writer.book
            styles = {name: book.add_format(style) for name, style in _STYLES.items()}
            sheet = book.add_worksheet("data")
            _write_data(sheet, header, columns, styles)
            sheet = book.add_worksheet("about")
            for row, values in enumerate(about):
                for column, value in enumerate(values):
                    _write_cell(sheet, row, column, value, styles)
    except FileCreateError as error:
        # XlsxWriter hides the system's error in its own, which is not an OSError.
        raise error.args[0] from error


def _convert_table(table: pd.DataFrame) -> tuple[list[str], list[list[Any]]]:
    """Return the names of the columns, and the values of each column, converted for cells."""
    names = [str(name) for name in table.columns]
    header = [_convert_value(name, "the names of columns") for name in names]
    columns = [
        [
            _convert_value(value, f"row {label!r}, {name!r}")
            for label, value in zip(table.index, table.iloc[:, n].astype(object), strict=True)
        ]
        for n, name in enumerate(names)
    ]
    return header, columns


def _drop_origin(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table without the facts about its border, which the sheet ``about`` states once."""
    from geobuffer._version import __version__

    origin = table.attrs.get(ORIGIN)
    if not origin:
        return table
    facts = {**origin, "made_with": f"geobuffer {__version__}"}
    # The table may have an older column of the same name with other values, which we keep.
    same = [name for name, fact in facts.items() if name in table and (table[name] == fact).all()]
    return table.drop(columns=same)


def _describe_table(table: pd.DataFrame) -> list[tuple[str, Any]]:
    """Return the rows of the sheet ``about``: version, size and sources."""
    from geobuffer._version import __version__

    rows: list[tuple[str, Any]] = [
        ("made_with", f"geobuffer {__version__}"),
        ("rows", len(table)),
        ("coordinates", "WGS 84, degrees"),
    ]
    for column in ("source", "licence", "as_of", *ORIGIN_COLUMNS):
        if column in table.columns:
            texts = table[column].dropna().astype(str).unique()
            rows += [(column, text[:_LONGEST]) for text in texts[:1000]]
    return rows


def _write_data(
    sheet: Any, header: list[str], columns: list[list[Any]], styles: dict[str, Any]
) -> None:
    for column, (name, values) in enumerate(zip(header, columns, strict=True)):
        sheet.write_string(0, column, name, styles["header"])
        for row, value in enumerate(values, 1):
            _write_cell(sheet, row, column, value, styles)
        sheet.set_column(column, column, _measure_width(name, values))
    sheet.freeze_panes(1, 0)
    if header:
        sheet.autofilter(0, 0, len(columns[0]), len(header) - 1)


def _measure_width(name: str, values: list[Any]) -> int:
    """Return the width of a column, in letters."""
    longest = max((len(str(value)) for value in values[:_ROWS_FOR_WIDTH]), default=0)
    return min(max(len(name) + _FILTER_BUTTON, longest, _NARROWEST), _WIDEST)


def _write_cell(sheet: Any, row: int, column: int, value: Any, styles: dict[str, Any]) -> None:
    """Write a value by the method of its kind: the general ``write`` would guess from texts."""
    if value is None:
        return
    if isinstance(value, str):
        sheet.write_string(row, column, value, styles["text"])
    elif isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, dt.date):
        style = styles["moment" if isinstance(value, dt.datetime) else "date"]
        sheet.write_datetime(row, column, value, style)
    else:
        sheet.write_number(row, column, value)


def _convert_value(value: Any, where: str) -> Any:
    """Convert a value for a cell; ``where`` names the cell in messages."""
    if is_missing(value):
        return None
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, numbers.Real):
        return _convert_number(value)
    if isinstance(value, dt.date):
        return _convert_date(value)
    return _check_text(str(value), where)


def _check_text(text: str, where: str) -> str:
    if len(text) > _LONGEST:
        raise DataError(
            f"Invalid text in {where}: {len(text):,} characters. Must be at most {_LONGEST:,} in "
            "Excel; .csv has no limit."
        )
    if NOT_IN_XML.search(text):
        raise DataError(
            f"Invalid text in {where}: {text[:40]!r} has a character that Excel files cannot hold. "
            "Remove it."
        )
    return text


def _convert_number(value: Any) -> int | float | str:
    if isinstance(value, numbers.Integral):
        return int(value) if abs(int(value)) < _MOST_DIGITS else str(int(value))
    return float(value) if np.isfinite(float(value)) else str(float(value))


def _convert_date(value: dt.date) -> dt.date | str:
    """Return a date or time, or a text if Excel cannot hold it."""
    if isinstance(value, pd.Timestamp):
        value = value.to_pydatetime(warn=False)
    zoned = isinstance(value, dt.datetime) and value.tzinfo is not None
    return value.isoformat() if zoned or value.year < 1900 else value

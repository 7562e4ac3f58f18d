"""Excel workbooks: texts stay texts, whatever they begin with, and codes keep their zeros."""

from __future__ import annotations

import datetime as dt
import importlib.util
import numbers
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from geobuffer.errors import DataError
from geobuffer.zones.source import ORIGIN_COLUMNS

if TYPE_CHECKING:
    from pathlib import Path


# What a sheet of the format holds, with a row for the names of columns.
_MOST_ROWS = 1_048_575
_MOST_COLUMNS = 16_384
_LONGEST = 32_767

# Excel keeps fifteen digits of a number; longer ones are codes.
_MOST_DIGITS = 10**15


def check_openpyxl() -> None:
    """Refuse to write a workbook where the library that does it is missing.

    Raises
    ------
    DataError
        openpyxl is not installed.
    """
    if importlib.util.find_spec("openpyxl") is None:
        raise DataError(
            "Excel files need openpyxl. Must be installed: pip install 'geobuffer[excel]'."
        )


def write_workbook(table: pd.DataFrame, path: Path) -> None:
    """Write a table without geometry as a workbook: the sheet ``data``, and ``about`` it.

    Texts are written as texts and shown as such, so that one that begins with ``=`` is no formula
    and ``007`` keeps its zeros. Dates are dates; moments with a time zone are ISO 8601 texts, as
    the format knows no zones.

    Raises
    ------
    DataError
        The table has more rows or columns than a sheet, a text is longer than a cell, or has a
        character that the format cannot hold.
    """
    check_openpyxl()
    from openpyxl import Workbook

    from geobuffer._version import __version__

    if len(table) > _MOST_ROWS or len(table.columns) > _MOST_COLUMNS:
        raise DataError(
            f"Invalid table for Excel: {len(table):,} rows, {len(table.columns):,} columns. Must "
            f"be at most {_MOST_ROWS:,} and {_MOST_COLUMNS:,}; .csv and .parquet have no limits."
        )
    book = Workbook(write_only=True)
    try:
        _fill(_sheet(book, "data", path.parent), table)
        about = _sheet(book, "about", path.parent)
        for key, value in _about(table, __version__):
            about.append([_cell(about, key, "about"), _cell(about, value, "about")])
        book.save(path)
    finally:
        # Rows are drafted in files of their own, which stay open when a value is refused. Where a
        # disk was full, the draft's writer has ended: Python 3.14 says so by the other error.
        with suppress(OSError, StopIteration):
            for sheet in book.worksheets:
                if not sheet.closed:
                    sheet.close()


def _sheet(book: Any, title: str, folder: Path) -> Any:
    """Add a sheet whose rows are drafted in a folder.

    openpyxl would draft them among the system's temporary files, where they stay when the process
    is killed.
    """
    from openpyxl.worksheet import _writer

    sheet, draft = book.create_sheet(title), str(folder / f"{title}.xml")
    if title == "data":
        sheet.freeze_panes = "A2"
    sheet._writer = _writer.WorksheetWriter(sheet, draft)  # noqa: SLF001 - there is no other way
    sheet._writer.write_top()  # noqa: SLF001
    # openpyxl removes from this list what it has removed from the disk.
    _writer.ALL_TEMP_FILES.append(draft)
    return sheet


def _fill(sheet: Any, table: pd.DataFrame) -> None:
    """Append the names of columns and the rows of a table."""
    names = [str(name) for name in table.columns]
    sheet.append([_cell(sheet, name, "the names of columns") for name in names])
    columns = [table.iloc[:, n].astype(object).tolist() for n in range(len(names))]
    for n, row in enumerate(zip(*columns, strict=True)):
        where = f"row {table.index[n]!r}"
        sheet.append([_cell(sheet, v, f"{where}, {k!r}") for k, v in zip(names, row, strict=True)])


def _about(table: pd.DataFrame, version: str) -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = [
        ("made_with", f"geobuffer {version}"),
        ("rows", len(table)),
        ("coordinates", "WGS 84, degrees"),
    ]
    for column in ("source", "licence", "as_of", *ORIGIN_COLUMNS):
        if column in table.columns:
            told = table[column].dropna().astype(str).unique()
            rows += [(column, text[:_LONGEST]) for text in told[:1000]]
    return rows


def _cell(sheet: Any, value: Any, where: str) -> Any:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.utils.exceptions import IllegalCharacterError

    plain = _plain(value)
    if not isinstance(plain, str):
        return WriteOnlyCell(sheet, plain)
    if len(plain) > _LONGEST:
        raise DataError(
            f"Invalid text in {where}: {len(plain):,} characters. Must be at most {_LONGEST:,} in "
            "Excel; .csv has no limit."
        )
    try:
        cell = WriteOnlyCell(sheet, plain)
    except IllegalCharacterError as error:
        raise DataError(
            f"Invalid text in {where}: {plain[:40]!r} has a character that Excel files cannot "
            "hold. Must be taken out."
        ) from error
    # Set after the value, which openpyxl takes for a formula or an error by how it begins.
    cell.data_type = "s"
    cell.number_format = "@"
    return cell


def _plain(value: Any) -> Any:
    """Return a value as a cell can have it."""
    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return None
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, numbers.Real):
        return _number(value)
    if isinstance(value, dt.date):
        return _date(value)
    return str(value)


def _number(value: Any) -> int | float | str:
    if isinstance(value, numbers.Integral):
        return int(value) if abs(int(value)) < _MOST_DIGITS else str(int(value))
    return float(value) if np.isfinite(float(value)) else str(float(value))


def _date(value: dt.date) -> dt.date | str:
    """Return a date or moment, as text where the format has none such."""
    if isinstance(value, pd.Timestamp):
        value = value.to_pydatetime(warn=False)
    zoned = isinstance(value, dt.datetime) and value.tzinfo is not None
    return value.isoformat() if zoned or value.year < 1900 else value

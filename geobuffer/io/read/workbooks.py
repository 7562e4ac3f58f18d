"""Read the sheets of Excel workbooks as rows of values.

The rules for headers, notes and comments are those of text tables.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from geobuffer.errors import DataError, did_you_mean, require
from geobuffer.io.read.header_rows import (
    MOST_FOOTERS,
    SEARCHED_ROWS,
    LeftOut,
    describe_lines,
    find_header,
    find_places,
    is_comment,
    is_footer,
    is_repeated,
)
from geobuffer.io.read.workbook_formulas import find_unsaved_formulas
from geobuffer.io.untrusted import silence_warnings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from geobuffer.io.read.files import UserFile


# The errors that openpyxl and its dependencies raise for a damaged workbook.
_BROKEN_WORKBOOK = (
    ArithmeticError, AttributeError, EOFError, LookupError, NotImplementedError, OSError,
    RuntimeError, SyntaxError, TypeError, ValueError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


class Grid(NamedTuple):
    """A header, the rows below it, and the line of each row."""

    header: list[str]
    rows: list[list[Any]]
    lines: list[int]
    beside: tuple[int, ...] = ()
    """The lines that have a value where the header ends."""
    tags: Mapping[str, str] = MappingProxyType({})
    """The meanings of columns by their names, from tags of HXL."""
    notes: tuple[str, ...] = ()
    """What was left out."""


def read_workbook(file: UserFile, sheet: str | None, notes: list[str]) -> tuple[str, Grid]:
    """Return a name for messages and the rows of a sheet, and add notes about what was left out.

    Raises
    ------
    DataError
        The workbook is damaged, the sheet is missing or must be named, or the extra ``excel`` is
        not installed.
    """
    source: Any = io.BytesIO(file.read())
    try:
        with silence_warnings():
            book = _open_workbook(source)
            for one in book.worksheets:
                # We ignore the stated size of a sheet: it may be up to 17 thousand million cells.
                one.reset_dimensions()
            sheets = {
                one.title: _split_header(one.iter_rows(values_only=True)) for one in book.worksheets
            }
            hidden = {one.title for one in book.worksheets if one.sheet_state != "visible"}
            paths = {one.title: getattr(one, "_worksheet_path", "") for one in book.worksheets}
    except _BROKEN_WORKBOOK as error:
        raise _damaged_error(file, error) from error
    title = _choose_sheet(file, sheets, sheet, hidden)
    chosen = sheets[title]
    notes += chosen.notes
    if sheet is None and (aside := [t for t in sheets if t in hidden - {title} and sheets[t].rows]):
        shown = ", ".join(map(repr, aside[:5]))
        notes.append(f"hidden sheets were left out: {shown}. sheet= can state one.")
    if unsaved := find_unsaved_formulas(source, paths[title]):
        more = f" and {len(unsaved) - 5:,} more" if len(unsaved) > 5 else ""
        notes.append(
            f"formulas without a saved result were read as empty: {len(unsaved):,} (cells "
            f"{', '.join(unsaved[:5])}{more}). Open the workbook in Excel or LibreOffice and save "
            "it."
        )
    if chosen.beside:
        lines = ", ".join(str(line) for line in chosen.beside[:5])
        notes.append(
            f"cells right of the last named column were left out, in {len(chosen.beside)} lines: "
            f"{lines}"
            f"{' and others' if len(chosen.beside) > 5 else ''}."
        )
    return f"{file}, sheet {title}", chosen


def list_sheets(file: UserFile) -> list[str]:
    """Return the titles of the sheets of a workbook.

    Raises
    ------
    DataError
        The workbook is damaged, or the extra ``excel`` is not installed.
    """
    try:
        with silence_warnings():
            return [str(title) for title in _open_workbook(io.BytesIO(file.read())).sheetnames]
    except _BROKEN_WORKBOOK as error:
        raise _damaged_error(file, error) from error


def _open_workbook(source: io.BytesIO) -> Any:
    """Open a workbook for its cells. openpyxl warns of styles and rules that it does not read."""
    openpyxl = require("excel", "openpyxl", "Reading a workbook")
    return openpyxl.load_workbook(source, read_only=True, data_only=True)


def _damaged_error(file: UserFile, error: Exception) -> DataError:
    return DataError(
        f"Unreadable {file}: a workbook that is incomplete or damaged ({error}). Save it again."
    )


def _split_header(rows: Iterable[Sequence[Any]]) -> Grid:
    """Return the header of a sheet and the rows below it, without titles, notes and comments."""
    filled = [
        (number, list(row)) for number, row in enumerate(rows, 1) if any(v is not None for v in row)
    ]
    if not filled:
        return Grid([], [], [])
    found = find_header([row for _, row in filled[:SEARCHED_ROWS]])
    header, width = found.names, len(found.names)
    below = filled[found.length :]
    left_out = LeftOut(
        [number for number, _ in filled[: found.above]],
        [number for number, _ in filled[found.above + 1 : found.length]],
    )
    kept = _drop_footers(below, find_places(header), left_out)
    rest = [
        (number, row) for number, row in kept if not _is_left_out(number, row, header, left_out)
    ]
    # We do not report the empty rows between the table and the notes below it.
    table = range(filled[found.length - 1][0], rest[-1][0] if rest else 0)
    empty = sorted(set(table).difference(number for number, _ in filled))
    notes = left_out.describe()
    if empty:
        notes.append(f"empty rows were left out: {len(empty):,} ({describe_lines(empty)}).")
    return Grid(
        header,
        [(row + [None] * width)[:width] for _, row in rest],
        [number for number, _ in rest],
        tuple(n for n, row in rest if any(v is not None for v in row[width:])),
        found.tags,
        tuple(notes),
    )


def _drop_footers(
    rows: list[tuple[int, list[Any]]], places: Sequence[int], left_out: LeftOut
) -> list[tuple[int, list[Any]]]:
    """Return rows without the last ones that are notes or totals."""
    end = len(rows)
    while end and len(rows) - end < MOST_FOOTERS:
        number, row = rows[end - 1]
        # There is a gap if empty lines come before this row, or before the notes above it.
        above = [n for n, _ in rows[max(0, end - MOST_FOOTERS) : end]]
        gap = any(after > before + 1 for before, after in pairwise(above))
        if not is_footer(row, places, after_gap=gap):
            break
        left_out.footers.insert(0, number)
        end -= 1
    return rows[:end]


def _is_left_out(number: int, row: list[Any], header: list[str], left_out: LeftOut) -> bool:
    """Return whether a row is a comment or repeats the header, and store its line."""
    if is_comment(row, len(header)):
        left_out.comments.append(number)
    elif is_repeated(row, header):
        left_out.repeated.append(number)
    else:
        return False
    return True


def _choose_sheet(
    file: UserFile, sheets: dict[str, Grid], wanted: str | None, hidden: set[str]
) -> str:
    """Return the sheet to read: the given one, the only one, or the only one with coordinates.

    We read a hidden sheet if no other sheet has rows. A sheet is given by its name, or by its
    number, from 1 on, if no sheet has that name.
    """
    if wanted is not None:
        if wanted in sheets:
            return wanted
        if wanted.isdecimal() and len(wanted) < 6 and 0 < int(wanted) <= len(sheets):
            return list(sheets)[int(wanted) - 1]
        raise DataError(
            f"Invalid sheet {wanted!r} of {file}. {did_you_mean(wanted, sheets)}",
            parameter="sheet",
        )
    filled = [title for title, one in sheets.items() if one.rows]
    filled = [title for title in filled if title not in hidden] or filled
    if not filled:
        raise DataError(
            f"Invalid workbook {file}: no sheet has rows below a header. Must have at least one; "
            "if its cells are formulas, open it in Excel or LibreOffice and save it."
        )
    placed = [t for t in filled if find_places(sheets[t].header)]
    chosen = filled if len(filled) == 1 else placed
    if len(chosen) != 1:
        shown = ", ".join(repr(title) for title in sheets)
        raise DataError(
            f"Ambiguous {file}: {len(filled)} sheets with rows. Choose one with sheet=: {shown}."
        )
    return chosen[0]

"""Read CSV, TSV and Excel tables in any encoding and with any separator, and clean their names."""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
import zipfile
import zlib
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, cast

import pandas as pd

from geobuffer.errors import DataError, did_you_mean, require
from geobuffer.io.read.columns import LATITUDE, LONGITUDE, find_columns
from geobuffer.io.read.encodings import (
    choose_encoding,
    detect_encoding,
    needless_encoding_error,
)
from geobuffer.io.read.files import FileFormat
from geobuffer.io.read.source_table import SourceTable
from geobuffer.io.untrusted import silence_warnings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from geobuffer.io.read.files import UserFile


_LATIN = re.compile(r"[A-Za-z]")
_CYRILLIC = re.compile(r"[Ѐ-ӿ]")


def clean_names(table: SourceTable, column: pd.Series) -> list[str]:
    """Return a column of names in Unicode form NFC, without surplus spaces; empty where missing.

    Words that mix Latin and Cyrillic letters stay as they are, with a note: a Latin C in *Cумы*
    looks right, and only a search that folds names finds it, with
    :func:`geobuffer.zones.toponyms.fold_name`.
    """
    names = [
        " ".join(unicodedata.normalize("NFC", _name_text(value)).split()) if known else ""
        for value, known in zip(column, column.notna(), strict=True)
    ]
    mixed = [row for row, name in enumerate(names) if any(map(mixes_scripts, name.split()))]
    if mixed:
        table.notes.append(
            f"names in {column.name!r} that mix Latin and Cyrillic letters, such as "
            f"{names[mixed[0]]!r}: {table.cite_rows(mixed)}. They stay as they are. "
            "geobuffer finds them by either spelling, but other programs do not."
        )
    return names


def _name_text(value: object) -> str:
    """Return a value as text: a whole number of a spreadsheet without decimals."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def mixes_scripts(word: str) -> bool:
    """Return whether a word has both Latin and Cyrillic letters.

    >>> mixes_scripts("Cумы"), mixes_scripts("Сумы"), mixes_scripts("Kyiv")
    (True, False, False)
    """
    return bool(_LATIN.search(word) and _CYRILLIC.search(word))


# Separators of columns, in the order in which we try them. The semicolon comes before the comma, so
# that a decimal comma is not taken as a separator.
_SEPARATORS = ("\t", ";", ",", "|")

# The line that states the separator for Excel.
_SEPARATOR_LINE = re.compile(r"sep=(.)\n", re.IGNORECASE)

# So many lines are read to detect the separator.
_SAMPLE_LINES = 50

# The longest field: a table of places may hold an outline, which we do not read.
_FIELD_BYTES = 1 << 27

# The errors that openpyxl and its dependencies raise for a damaged workbook.
_BROKEN_WORKBOOK = (
    ArithmeticError, AttributeError, EOFError, LookupError, NotImplementedError, OSError,
    RuntimeError, SyntaxError, TypeError, ValueError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


class _Grid(NamedTuple):
    """A header, the rows below it, and the line of each row."""

    header: list[str]
    rows: list[list[Any]]
    lines: list[int]
    beside: tuple[int, ...] = ()
    """The lines that have a value where the header ends."""


def read_table(file: UserFile, sheet: str | None, encoding: str | None = None) -> SourceTable:
    """Return the rows of a text table, as texts, or of a spreadsheet, as its values.

    An encoding that the caller states counts as it is.

    Raises
    ------
    DataError
        A line has more or fewer fields than the header; two columns have the same name; the sheet
        is missing or must be named; or the extra ``excel`` is not installed.
    """
    notes: list[str] = []
    if file.format is FileFormat.EXCEL:
        if encoding is not None:
            raise needless_encoding_error(encoding, str(file))
        name, found = _read_excel(file, sheet, notes)
    else:
        name, found = str(file), _read_text(file, notes, encoding)
    found = _drop_empty_columns(found)
    twice = [c for c in dict.fromkeys(found.header) if found.header.count(c) > 1]
    if twice:
        raise DataError(f"Invalid table {name}: two columns are named {twice[0]!r}. Must differ.")
    frame = pd.DataFrame(found.rows, columns=found.header, dtype=object)
    return SourceTable(name, frame, line_numbers=found.lines, notes=notes)


def _drop_empty_columns(sheet: _Grid) -> _Grid:
    """Return rows without the columns that have neither a name nor a value."""
    used = [
        n
        for n, name in enumerate(sheet.header)
        if name or any(row[n] not in {None, ""} for row in sheet.rows)
    ]
    if len(used) == len(sheet.header):
        return sheet
    rows = [[row[n] for n in used] for row in sheet.rows]
    return _Grid([sheet.header[n] for n in used], rows, sheet.lines)


def _read_text(file: UserFile, notes: list[str], encoding: str | None) -> _Grid:
    data = file.read()
    encoding = choose_encoding([data], encoding, str(file), notes)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].decode(encoding, "replace").count("\n") + 1
        raise DataError(
            f"Unreadable {file}, line {line}: no {encoding} at byte {error.start:,}. Save it as "
            "UTF-8, or state another encoding with encoding=."
        ) from error
    # Excel still offers the line ends of old Macintosh computers.
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    stated = _SEPARATOR_LINE.match(text)
    separator = stated[1] if stated else detect_separator(text)
    csv.field_size_limit(_FIELD_BYTES)
    reader = csv.reader(io.StringIO(text), delimiter=separator)
    rows, lines = [], []
    if stated:
        next(reader)
    try:
        for row in reader:
            if any(row):
                rows.append(row)
                lines.append(reader.line_num)
    except csv.Error as error:
        message = f"Unreadable {file}, line {reader.line_num}: {error}."
        raise DataError(message) from error
    if len(rows) < 2:
        raise DataError(f"Invalid table {file}: no rows below a header. Must have at least one.")
    return _check_row_lengths(
        _Grid([c.strip() for c in rows[0]], rows[1:], lines[1:]), str(file), separator
    )


def detect_separator(text: str) -> str:
    r"""Return the separator of columns: the one that gives every line as many fields as the header.

    >>> detect_separator("name;lat;lon\nСуджа;51,19;35,27")
    ';'
    """
    sample = "".join(text.splitlines(keepends=True)[:_SAMPLE_LINES])
    best, fit = ",", (0.0, 1)
    for separator in _SEPARATORS:
        try:
            rows = [r for r in csv.reader(io.StringIO(sample), delimiter=separator) if any(r)]
        except csv.Error:
            continue
        width = len(rows[0]) if rows else 0
        even = sum(1 for row in rows if len(row) == width) / max(len(rows), 1)
        if width > 1 and (even, width) > fit:
            best, fit = separator, (even, width)
    return best


class TextFormat(NamedTuple):
    """How the text of a table is written, for tables that we read piece by piece."""

    encoding: str
    separator: str
    lines_above: int
    """Lines above the header, such as the one that states the separator for Excel."""
    ends_with_cr: bool
    """Whether lines end as on old Macintosh computers."""


# We look at so many bytes for letters beyond ASCII, and at so many for the separator.
_ENCODING_BYTES = 1 << 26
_HEAD_BYTES = 1 << 20


def detect_text_format(path: Path) -> TextFormat:
    """Return how a text table is written, from its beginning."""
    with path.open("rb") as file:
        head = sample = file.read(_HEAD_BYTES)
        while sample.isascii() and file.tell() < _ENCODING_BYTES:
            if not (sample := file.read(_HEAD_BYTES)):
                break
    # No letter can begin before the second part, because the first one is ASCII.
    encoding = detect_encoding(head if sample is head else head + sample)
    text = head.decode(encoding, "replace")
    ends_with_cr = "\r" in text.rstrip("\r") and "\n" not in text
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if len(head) == _HEAD_BYTES and "\n" in text:
        text = text[: text.rindex("\n") + 1]
    stated = _SEPARATOR_LINE.match(text)
    separator = stated[1] if stated else detect_separator(text)
    return TextFormat(encoding, separator, 1 if stated else 0, ends_with_cr)


def read_as_utf8(file: BinaryIO, form: TextFormat) -> BinaryIO:
    """Return an opened text table as a file in UTF-8 whose lines end as Arrow expects."""
    if form.encoding in {"utf-8", "utf-8-sig"} and not form.ends_with_cr:
        return file
    return cast("BinaryIO", _Utf8File(file, form))


class _Utf8File(io.RawIOBase):
    """The text of a file in another encoding, as bytes in UTF-8."""

    def __init__(self, file: BinaryIO, form: TextFormat) -> None:
        self._file, self._form, self._left, self._ended = file, form, b"", False
        decoder: Any = codecs.getincrementaldecoder(form.encoding)()
        if form.ends_with_cr:
            decoder = io.IncrementalNewlineDecoder(decoder, translate=True)
        self._decoder = decoder

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer and return the number of its bytes that were filled."""
        while not self._left and not self._ended:
            data = self._file.read(max(len(buffer), 1))
            self._ended = not data
            try:
                text = self._decoder.decode(data, final=self._ended)
            except UnicodeDecodeError as error:
                raise OSError(f"not all is {self._form.encoding}. Save it as UTF-8") from error
            self._left = text.encode("utf-8")
        count = min(len(buffer), len(self._left))
        buffer[:count], self._left = self._left[:count], self._left[count:]
        return count


def _check_row_lengths(sheet: _Grid, name: str, separator: str) -> _Grid:
    """Return rows as long as the header, without empty fields at their end."""
    width = len(sheet.header)
    while width and not sheet.header[width - 1]:
        width -= 1
    rows = []
    for row, line in zip(sheet.rows, sheet.lines, strict=True):
        if any(row[width:]):
            hint = " or with decimal commas in quotes" if separator == "," else ""
            raise DataError(
                f"Invalid line {line} of {name}: {len(row)} fields, but the header has {width}. "
                f"Must be as many{hint}; columns are parted by {separator!r}."
            )
        if len(row) < width:
            raise DataError(
                f"Invalid line {line} of {name}: {len(row)} fields, but the header has {width}. "
                "Must be as many; is the file incomplete?"
            )
        rows.append([field if field != "" else None for field in row[:width]])
    return _Grid(sheet.header[:width], rows, sheet.lines)


def _read_excel(file: UserFile, sheet: str | None, notes: list[str]) -> tuple[str, _Grid]:
    openpyxl = require("excel", "openpyxl", "Reading a workbook")
    try:
        # openpyxl warns of styles and validation rules that it does not read; we need only cells.
        with silence_warnings():
            source: Any = io.BytesIO(file.read())
            book = openpyxl.load_workbook(source, read_only=True, data_only=True)
            for one in book.worksheets:
                # A sheet may state a size of up to 17 thousand million cells: ignore it.
                one.reset_dimensions()
            sheets = {
                one.title: _split_header(one.iter_rows(values_only=True)) for one in book.worksheets
            }
    except _BROKEN_WORKBOOK as error:
        raise DataError(
            f"Unreadable {file}: a workbook that is incomplete or damaged ({error}). Save it again."
        ) from error
    title = _choose_sheet(file, sheets, sheet)
    chosen = sheets[title]
    if chosen.beside:
        lines = ", ".join(str(line) for line in chosen.beside[:5])
        notes.append(
            f"cells right of the last named column were left out, in {len(chosen.beside)} lines: "
            f"{lines}"
            f"{' and others' if len(chosen.beside) > 5 else ''}."
        )
    return f"{file}, sheet {title}", chosen


def _split_header(rows: Iterable[Sequence[Any]]) -> _Grid:
    """Return the header, which is the first row that is not empty, and the rows below it."""
    filled = [
        (number, list(row)) for number, row in enumerate(rows, 1) if any(v is not None for v in row)
    ]
    if not filled:
        return _Grid([], [], [])
    header = ["" if value is None else str(value).strip() for value in filled[0][1]]
    while header and not header[-1]:
        header.pop()
    return _Grid(
        header,
        [(row + [None] * len(header))[: len(header)] for _, row in filled[1:]],
        [number for number, _ in filled[1:]],
        tuple(n for n, row in filled[1:] if any(v is not None for v in row[len(header) :])),
    )


def _choose_sheet(file: UserFile, sheets: dict[str, _Grid], wanted: str | None) -> str:
    """Return the sheet to read: the given one, the only one, or the only one with coordinates."""
    if wanted is not None:
        if wanted not in sheets:
            raise DataError(f"Invalid sheet {wanted!r} of {file}. {did_you_mean(wanted, sheets)}")
        return wanted
    filled = [title for title, one in sheets.items() if one.rows]
    placed = [
        t
        for t in filled
        if find_columns(sheets[t].header, LATITUDE) and find_columns(sheets[t].header, LONGITUDE)
    ]
    chosen = filled if len(filled) == 1 else placed
    if len(chosen) != 1:
        shown = ", ".join(repr(title) for title in sheets)
        raise DataError(
            f"Ambiguous {file}: {len(filled)} sheets with rows. Choose one with sheet=: {shown}."
        )
    return chosen[0]

"""Read text tables in any encoding and with any separator, and workbooks; clean their names.

:class:`TextTable` is the only reader of text tables: ``read_settlements`` takes its rows, and
``classify_file`` its batches. Both use the header and the separator that it finds first, so all is
in one long module.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, cast, overload

import pandas as pd

from geobuffer.errors import DataError
from geobuffer.io.read.encodings import choose_encoding, needless_encoding_error
from geobuffer.io.read.files import FileFormat
from geobuffer.io.read.header_rows import (
    MOST_FOOTERS,
    SEARCHED_ROWS,
    LeftOut,
    find_header,
    find_places,
    is_comment,
    is_footer,
    is_repeated,
)
from geobuffer.io.read.source_table import SourceTable
from geobuffer.io.read.workbooks import Grid, read_workbook
from geobuffer.io.spreadsheet_texts import MARK, unmark_text
from geobuffer.zones.quantities import SPREADSHEET_ERRORS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

    from geobuffer.io.read.files import UserFile


_LATIN = re.compile(r"[A-Za-z]")
_CYRILLIC = re.compile(r"[Ѐ-ӿ]")


def clean_names(table: SourceTable, column: pd.Series) -> list[str]:
    """Return a column of names in Unicode form NFC, without surplus spaces; empty where missing.

    Words that mix Latin and Cyrillic letters stay unchanged, with a note. A Latin C in *Cумы* looks
    right, and only a search with :func:`geobuffer.zones.toponyms.fold_name` finds such a name.
    """
    names = [
        " ".join(unicodedata.normalize("NFC", _name_text(value)).split()) if known else ""
        for value, known in zip(column, column.notna(), strict=True)
    ]
    errors = [row for row, name in enumerate(names) if name.casefold() in SPREADSHEET_ERRORS]
    if errors:
        table.notes.append(
            f"names in {column.name!r} that are errors of a spreadsheet were left out: "
            f"{names[errors[0]]}: {table.cite_rows(errors)}."
        )
        names = ["" if name.casefold() in SPREADSHEET_ERRORS else name for name in names]
    mixed = [row for row, name in enumerate(names) if any(map(mixes_scripts, name.split()))]
    if mixed:
        table.notes.append(
            f"names in {column.name!r} that mix Latin and Cyrillic letters, such as "
            f"{names[mixed[0]]!r}: {table.cite_rows(mixed)}. They stay as they are. "
            "geobuffer finds them by either spelling, but other programs do not."
        )
    return names


def _name_text(value: object) -> str:
    """Return a value as text; whole numbers of a spreadsheet without decimals."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def mixes_scripts(word: str) -> bool:
    """Return whether a word has both Latin and Cyrillic letters.

    >>> mixes_scripts("Cумы"), mixes_scripts("Сумы"), mixes_scripts("Kyiv")
    (True, False, False)
    """
    return bool(_LATIN.search(word) and _CYRILLIC.search(word))


# Separators of columns, in the order in which we try them. The semicolon comes before the comma, so
# that we do not read a decimal comma as a separator.
_SEPARATORS = ("\t", ";", ",", "|")

# The line that states the separator for Excel.
_SEPARATOR_LINE = re.compile(r"sep=(.)\n", re.IGNORECASE)

# How many lines we read to detect the separator.
_SAMPLE_LINES = 50

# The longest field: a table of places may hold an outline, which we do not read.
_FIELD_BYTES = 1 << 27


def read_table(file: UserFile, sheet: str | None, encoding: str | None = None) -> SourceTable:
    """Return the rows of a text table, as texts, or of a spreadsheet, as values.

    We do not check an encoding that the caller states.

    Raises
    ------
    DataError
        A line has more or fewer fields than the header; two columns have the same name; the sheet
        is missing or you must name one; or the extra ``excel`` is not installed.
    """
    notes: list[str] = []
    if file.format is FileFormat.EXCEL:
        if encoding is not None:
            raise needless_encoding_error(encoding, str(file))
        name, found = read_workbook(file, sheet, notes)
    else:
        name, found = str(file), _read_text(file, notes, encoding)
    found = _drop_empty_columns(found)
    twice = [column for column, times in Counter(found.header).items() if times > 1]
    if twice:
        raise DataError(f"Invalid table {name}: two columns are named {twice[0]!r}. Must differ.")
    frame = pd.DataFrame(found.rows, columns=found.header, dtype=object)
    return SourceTable(name, frame, line_numbers=found.lines, notes=notes, tags=found.tags)


def _drop_empty_columns(sheet: Grid) -> Grid:
    """Return rows without the columns that have neither a name nor a value."""
    used = [
        n
        for n, name in enumerate(sheet.header)
        if name or any(row[n] not in {None, ""} for row in sheet.rows)
    ]
    if len(used) == len(sheet.header):
        return sheet
    rows = [[row[n] for n in used] for row in sheet.rows]
    return sheet._replace(header=[sheet.header[n] for n in used], rows=rows)


def _read_text(file: UserFile, notes: list[str], encoding: str | None) -> Grid:
    data = file.read()
    table = TextTable(str(file), lambda: io.BytesIO(data), len(data), encoding)
    lines, rows = [], []
    for line, row in table.rows():
        lines.append(line)
        rows.append([field if field != "" else None for field in row])
    notes += table.notes
    if not rows:
        raise DataError(f"Invalid table {file}: no rows below a header. Must have at least one.")
    tags = {name.strip(): meaning for name, meaning in table.tags.items()}
    return Grid([name.strip() for name in table.header], rows, lines, tags=tags)


def detect_separator(text: str) -> str:
    r"""Return the separator that gives every line as many fields as the header.

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
        # We take the usual length, because the first row may be a title above the header.
        usual = Counter(len(row) for row in rows if len(row) > 1).most_common(1)
        width = usual[0][0] if usual else 0
        even = sum(1 for row in rows if len(row) == width) / max(len(rows), 1)
        if width > 1 and (even, width) > fit:
            best, fit = separator, (even, width)
    return best


# How many bytes we read at a time, and from the beginning to detect the separator.
_PART_BYTES = 1 << 20


class _Line(NamedTuple):
    """A row of a text table."""

    line: int
    """The line in which the row begins."""
    end: int
    """The line in which the row ends."""
    fields: list[str]
    is_after_gap: bool
    """Whether empty lines come before the row."""


class TextTable:
    """A text table of any length, which is read row by row or batch by batch.

    Rows and batches give the same data: every function that reads a text table uses this class. A
    header may come after empty lines, titles and comments, or after the line that states the
    separator for Excel. We leave out empty lines. We leave out rows of empty fields, second
    headers, comments and footers too, with a note.

    Parameters
    ----------
    name
        The name of the table, for messages.
    open_file
        Opens the table, as bytes; called for each pass.
    size
        The size of the table in bytes.
    encoding
        The encoding that the caller states; ``None`` to detect it.

    Raises
    ------
    DataError
        The beginning of the table cannot be decoded or read.
    """

    def __init__(
        self,
        name: str,
        open_file: Callable[[], BinaryIO],
        size: int,
        encoding: str | None = None,
    ) -> None:
        self.name, self.open_file, self._size = name, open_file, max(size, 1)
        self.notes: list[str] = []
        with open_file() as file:
            parts = iter(lambda: file.read(_PART_BYTES), b"")
            self.encoding = choose_encoding(parts, encoding, name, self.notes)
        with open_file() as file:
            head = file.read(_PART_BYTES).decode(self.encoding, "replace")
        self._ends_with_cr = "\r" in head.rstrip("\r") and "\n" not in head
        text = head.replace("\r\n", "\n").replace("\r", "\n")
        if size > _PART_BYTES and "\n" in text:
            text = text[: text.rindex("\n") + 1]
        stated = _SEPARATOR_LINE.match(text)
        self._separator_is_stated = bool(stated)
        self.separator = stated[1] if stated else detect_separator(text)
        # Whether all rows are as long as the header, so that Arrow can read them; see scan().
        self._is_plain = False
        self._header_end = 0
        self._left_out = LeftOut()
        with open_file() as file:
            # We read only the first part, because a quote without an end may follow.
            first = list(islice(self._raw_rows(file), SEARCHED_ROWS))
        header = find_header([row.fields for row in first])
        self._names, self._places = header.names, find_places(header.names)
        whole = first[header.above].fields if first else []
        # classify_file writes the headings unchanged.
        self.header = [
            name if name != raw.strip() else raw
            for name, raw in zip(header.names, whole, strict=False)
        ]
        self.tags = {
            raw: header.tags[name]
            for raw, name in zip(self.header, header.names, strict=True)
            if name in header.tags
        }
        if first:
            self._header_end = first[header.length - 1].end
            self._fields = len(whole)
            self._left_out.titles = [row.line for row in first[: header.above]]
            self._left_out.headers = [row.line for row in first[header.above + 1 : header.length]]
        else:
            self._fields = 0
        self._has_footers = self._look_for_footers()

    def _look_for_footers(self) -> bool:
        """Return whether the last lines seem to be notes, which Arrow would read as rows."""
        with self.open_file() as file:
            # An even number of bytes, so that UTF-16 stays readable.
            file.seek(max(0, file.seek(0, io.SEEK_END) - _TAIL_BYTES) // 4 * 4)
            text = file.read().decode(self.encoding.removesuffix("-sig"), "replace")
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[-MOST_FOOTERS:]
        try:
            rows = list(csv.reader(lines, delimiter=self.separator))
        except csv.Error:
            return False
        return any(is_footer(row, self._places, after_gap=True) for row in rows)

    def _raw_rows(self, file: BinaryIO) -> Iterator[_Line]:
        """Yield the rows below the header; before we know the header, all rows not empty."""
        csv.field_size_limit(_FIELD_BYTES)
        # Excel still offers the line ends of old Macintosh computers; newline=None reads them.
        text = io.TextIOWrapper(file, self.encoding, newline=None)
        reader = csv.reader(text, delimiter=self.separator)
        line, end = 1, self._header_end
        try:
            for row in map(_unmark_fields, reader):
                is_below = bool(self._header_end) and line > self._header_end
                if line == 1 and self._separator_is_stated:
                    pass
                elif is_below and row:
                    yield _Line(line, reader.line_num, row, line > end + 1)
                    end = reader.line_num
                elif not self._header_end and any(row):
                    yield _Line(line, reader.line_num, row, is_after_gap=False)
                line = reader.line_num + 1
        except csv.Error as error:
            message = f"Unreadable {self.name}, line {reader.line_num}: {error}."
            raise DataError(message) from error
        except UnicodeDecodeError as error:
            raise self._encoding_error() from error
        finally:
            if not file.closed:  # the caller closes it
                text.detach()

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the line in which each row below the header begins, and its fields.

        After the last row, :attr:`notes` says how many rows of empty fields were left out.

        Raises
        ------
        DataError
            A row has more or fewer fields than the header.
        """
        empty = 0
        with self.open_file() as file:
            for line, row in self._checked_rows(file):
                if any(row):
                    yield line, row
                else:
                    empty += 1
        self._add_notes(empty)

    def _checked_rows(self, file: BinaryIO) -> Iterator[tuple[int, list[str]]]:
        """Yield the line and the fields of each row below the header, also of empty rows."""
        left_out = self._left_out
        left_out.repeated, left_out.comments, left_out.footers = [], [], []
        held: list[_Line] = []
        after_gap = False
        for one in self._raw_rows(file):
            row = one.fields
            if not held and self._is_plain_row(row):  # nearly all rows
                after_gap = False
                yield one.line, row
                continue
            after_gap = after_gap or one.is_after_gap
            if is_comment(row, len(self.header)):
                left_out.comments.append(one.line)
            elif row[0].strip() == self._names[0] and is_repeated(row, self._names):
                left_out.repeated.append(one.line)
            elif len(held) < MOST_FOOTERS and (
                self._may_end_with(row, after_gap=after_gap) if any(row) else held
            ):
                held.append(one)
            else:
                yield from self._check_rows([*held, one])
                held, after_gap = [], not any(row)
        left_out.footers = [one.line for one in held if any(one.fields)]

    def _is_plain_row(self, row: list[str]) -> bool:
        """Return whether a row is surely a place: as long as the header, with a point."""
        return (
            bool(self._places)
            and len(row) == len(self.header)
            and bool(row[self._places[-1]])
            and not row[0].startswith("#")
            and row[0].strip() != self._names[0]
        )

    def _may_end_with(self, row: list[str], *, after_gap: bool) -> bool:
        """Return whether a row may be a note below the table."""
        # Nearly all rows have coordinates, so this test is enough for them.
        has_point = any(place < len(row) and row[place] for place in self._places)
        is_first = 0 in self._places and not any(row[1:])
        return (not has_point or is_first) and is_footer(row, self._places, after_gap=after_gap)

    def _check_rows(self, rows: Sequence[_Line]) -> Iterator[tuple[int, list[str]]]:
        """Yield rows after a check that they are as long as the header."""
        width = len(self.header)
        for line, _, row, _ in rows:
            if len(row) != width and any(row):
                self._check_row_length(row, line, width)
            yield line, row[:width] if any(row) else [""] * width

    def filled_rows(self, file: BinaryIO) -> Iterator[tuple[int, list[str]]]:
        """Yield the line and the fields of each row of an opened file, without adding a note."""
        return ((line, row) for line, row in self._checked_rows(file) if any(row))

    def _add_notes(self, count: int) -> None:
        """Add the notes about lines that are not places, and about rows of empty fields."""
        self.notes += self._left_out.describe()
        if not count:
            return
        with self.open_file() as file:
            empty = (line for line, row in self._checked_rows(file) if not any(row))
            lines = [f"{line:,}" for line in islice(empty, _NAMED_LINES)]
        more = f" and {count - len(lines):,} more" if count > len(lines) else ""
        self.notes.append(
            f"rows of empty fields were left out: {count:,} (line{'s' if count > 1 else ''} "
            f"{', '.join(lines)}{more})."
        )

    def _check_row_length(self, row: list[str], line: int, width: int) -> None:
        """Raise an error for a row that is not as long as the header, without empty last fields."""
        if any(row[width:]):
            # A decimal comma splits a number into two fields of digits.
            digits = sum(field.strip().lstrip("+-").isdigit() for field in row)
            hint = (
                " or with decimal commas in quotes"
                if self.separator == "," and digits >= 2 * (len(row) - width)
                else ""
            )
            raise DataError(
                f"Invalid line {line} of {self.name}: {len(row)} fields, but the header has "
                f"{width}. Must be as many{hint}; the separator of columns is {self.separator!r}."
            )
        if len(row) < width:
            raise DataError(
                f"Invalid line {line} of {self.name}: {len(row)} fields, but the header has "
                f"{width}. Must be as many; is the file incomplete?"
            )

    def lines_from(self, first: int) -> Sequence[int]:
        """Return the lines of the rows from a row on, for messages; rows are counted from 0."""
        return _Lines(self, first)

    def _encoding_error(self) -> DataError:
        """Return the error about the first byte that is not valid in the encoding."""
        decoder = codecs.getincrementaldecoder(self.encoding)()
        place, line = 0, 1
        with self.open_file() as file:
            while part := file.read(_PART_BYTES):
                pending = len(decoder.getstate()[0])
                try:
                    line += decoder.decode(part).count("\n")
                except UnicodeDecodeError as error:
                    line += error.object[: error.start].decode(self.encoding, "replace").count("\n")
                    place += error.start - pending
                    break
                place += len(part)
        return DataError(
            f"Unreadable {self.name}, line {line}: no {self.encoding} at byte {place:,}. Save it "
            "as UTF-8, or state another encoding with encoding=."
        )

    def scan(self, columns: Sequence[int], summarise: Callable[[pa.Table], Any]) -> list[Any]:
        """Return a summary of each batch of some columns, and check the length of each row.

        Call it before :meth:`batches`. The properties of a whole column, such as its decimal mark,
        are known only after the whole table is read.

        Parameters
        ----------
        columns
            The positions of the columns.
        summarise
            A function that returns a small summary of a batch; its columns are named by position.

        Raises
        ------
        DataError
            As :meth:`rows`.
        """
        import pyarrow as pa

        # Fields beyond the header must be empty; if not, the other reader names the line.
        beyond = range(len(self.header), self._fields)
        try:
            if self._has_footers:
                raise pa.ArrowInvalid("the last lines may be notes")  # noqa: TRY301
            found = []
            for _, batch in self._arrow_batches([*columns, *beyond], _SCAN_BYTES):
                if any(has_text(batch.column(str(position))) for position in beyond):
                    raise pa.ArrowInvalid("a row is longer than the header")  # noqa: TRY301
                if any(self._repeats_heading(batch, position) for position in columns):
                    raise pa.ArrowInvalid("a row repeats the header")  # noqa: TRY301
                found.append(summarise(batch))
            self._is_plain = True
        except pa.ArrowInvalid:
            return [summarise(batch) for _, batch in self._csv_batches(columns, _SCAN_ROWS)]
        return found

    def _repeats_heading(self, batch: pa.Table, position: int) -> bool:
        """Return whether a column of texts repeats its heading."""
        from pyarrow import compute as pc

        heading = self.header[position]
        same = pc.equal(batch.column(str(position)), heading)
        return bool(heading) and bool(pc.any(same).as_py())

    def batches(self, columns: Sequence[int], rows: int) -> Iterator[tuple[float, pa.Table]]:
        """Yield the share of the table read so far and the next rows, after :meth:`scan`.

        After the last batch, :attr:`notes` says how many rows of empty fields were left out.

        Parameters
        ----------
        columns
            The positions of the columns: all that have a value.
        rows
            How many rows a batch holds, roughly.
        """
        if not self._is_plain:
            batches = self._csv_batches(columns, rows)
        else:  # a row takes some 100 bytes
            batches = self._arrow_batches(columns, 100 * rows)
        empty = 0
        for share, batch in batches:
            filled = _drop_empty_rows(batch)
            empty += batch.num_rows - filled.num_rows
            yield share, filled.rename_columns([self.header[position] for position in columns])
        self._add_notes(empty)

    def _csv_batches(self, columns: Sequence[int], rows: int) -> Iterator[tuple[float, pa.Table]]:
        """Yield batches by Python's reader, which allows rows of different lengths."""
        import pyarrow as pa

        names = [str(position) for position in columns]
        with self.open_file() as file:
            found = self._checked_rows(file)
            while part := [row for _, row in islice(found, rows)]:
                arrays = [pa.array([row[n] for row in part], pa.string()) for n in columns]
                share = 1.0 if file.closed else min(file.tell() / self._size, 1.0)
                yield share, pa.table(arrays, names=names)

    def _arrow_batches(
        self, columns: Sequence[int], block_size: int
    ) -> Iterator[tuple[float, pa.Table]]:
        """Yield batches by Arrow's reader, which takes a tenth of the time."""
        import pyarrow as pa
        from pyarrow import csv as arrow

        names = [str(position) for position in range(self._fields)]
        # A block may end at a newline within quotes, so Arrow must expect such newlines.
        parse = arrow.ParseOptions(delimiter=self.separator, newlines_in_values=True)
        read = arrow.ReadOptions(
            block_size=block_size, skip_rows=self._header_end, column_names=names
        )
        # We read every column as text, so that classify_file can write it unchanged.
        convert = arrow.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            strings_can_be_null=False,
            include_columns=[str(position) for position in columns],
        )
        with self.open_file() as file:
            for batch in arrow.open_csv(self._as_utf8(file), read, parse, convert):
                share = min(file.tell() / self._size, 1.0)
                yield share, _unmark_texts(pa.Table.from_batches([batch]))

    def _as_utf8(self, file: BinaryIO) -> BinaryIO:
        """Return an opened table as a file in UTF-8 whose lines end as Arrow expects."""
        if self.encoding in {"utf-8", "utf-8-sig"} and not self._ends_with_cr:
            return file
        decoder: Any = codecs.getincrementaldecoder(self.encoding)()
        if self._ends_with_cr:
            decoder = io.IncrementalNewlineDecoder(decoder, translate=True)
        return cast("BinaryIO", _Utf8File(file, decoder, self._encoding_error))


# How many bytes at the end of a table we search for notes.
_TAIL_BYTES = 1 << 13

# How many lines of left-out rows a note names; it counts the others.
_NAMED_LINES = 3

# The size of batches in the first pass, which keeps only a few columns.
_SCAN_BYTES = 1 << 24
_SCAN_ROWS = 100_000


_BOM = "\ufeff"


def _unmark_fields(row: list[str]) -> list[str]:
    """Return the fields of a line without the marks for spreadsheets."""
    if row and row[0].startswith(_BOM):  # joined files have byte order marks in the middle
        row = [row[0].lstrip(_BOM), *row[1:]]
    is_marked = any(field.startswith(MARK) for field in row)
    return [unmark_text(field) for field in row] if is_marked else row


def _unmark_texts(batch: pa.Table) -> pa.Table:
    """Return a table of texts without the marks for spreadsheets."""
    import pyarrow as pa
    from pyarrow import compute as pc

    for n, column in enumerate(batch.columns):
        if pc.any(pc.starts_with(column, MARK)).as_py():
            texts = pa.array([unmark_text(text) for text in column.to_pylist()], pa.string())
            batch = batch.set_column(n, batch.column_names[n], texts)
    return batch


def _drop_empty_rows(batch: pa.Table) -> pa.Table:
    """Return the rows of a table of texts that have a field which is not empty."""
    from pyarrow import compute as pc

    filled = None
    for column in batch.columns:
        has = pc.not_equal(column, "")
        filled = has if filled is None else pc.or_(filled, has)
        # In almost every table the first column has a text in each row.
        if pc.all(filled).as_py():
            return batch
    return batch if filled is None else batch.filter(filled)


def has_text(column: pa.ChunkedArray) -> bool:
    """Return whether a column of texts has one that is not empty."""
    from pyarrow import compute as pc

    return bool(pc.any(pc.not_equal(column, "")).as_py())


class _Lines(Sequence[int]):
    """The lines of the rows of a table from a row on; each one is computed when it is needed."""

    def __init__(self, table: TextTable, first: int) -> None:
        self._table, self._first = table, first

    def __len__(self) -> int:
        with self._table.open_file() as file:
            return sum(1 for _ in self._table.filled_rows(file)) - self._first

    @overload
    def __getitem__(self, number: int) -> int: ...
    @overload
    def __getitem__(self, number: slice) -> list[int]: ...
    def __getitem__(self, number: int | slice) -> int | list[int]:
        if isinstance(number, slice):
            return [self[n] for n in range(*number.indices(len(self)))]
        with self._table.open_file() as file:
            return next(islice(self._table.filled_rows(file), self._first + number, None))[0]


class _Utf8File(io.RawIOBase):
    """The text of a file in another encoding, as bytes in UTF-8."""

    def __init__(
        self, file: BinaryIO, decoder: Any, encoding_error: Callable[[], DataError]
    ) -> None:
        self._file, self._decoder, self._encoding_error = file, decoder, encoding_error
        self._left, self._ended = b"", False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer and return the number of filled bytes."""
        while not self._left and not self._ended:
            data = self._file.read(max(len(buffer), 1))
            self._ended = not data
            try:
                text = self._decoder.decode(data, final=self._ended)
            except UnicodeDecodeError as error:
                raise self._encoding_error() from error
            self._left = text.encode("utf-8")
        count = min(len(buffer), len(self._left))
        buffer[:count], self._left = self._left[:count], self._left[count:]
        return count

"""Find the header of a table below titles and comments, second headers below it, and footers.

The rules are the same for text tables and workbooks. The header is a row with headings of
coordinates, or a row above tags of the Humanitarian Exchange Language. Without such a row, it is
the first row with about as many cells as the others.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from geobuffer.io.read import column_words as words
from geobuffer.io.read.column_words import fold_heading
from geobuffer.io.read.point_headings import find_pairs, has_point_heading
from geobuffer.io.read.point_texts import holds_shapes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from geobuffer.io.read.source_table import SourceTable

    Row = Sequence[Any]


#: How many rows we search for the header.
SEARCHED_ROWS = 25


class Header(NamedTuple):
    """The header of a table among its first rows."""

    names: list[str]
    """The headings, without surplus spaces."""
    above: int
    """How many rows are above it."""
    below: int
    """How many rows directly below it are headers too: tags, units or another language."""
    tags: Mapping[str, str]
    """The meanings of columns by their names, from tags of HXL."""

    @property
    def length(self) -> int:
        """How many rows end with the last row of the header."""
        return self.above + 1 + self.below


def find_header(rows: Sequence[Row]) -> Header:
    """Return the header among the first rows of a table that are not empty.

    Examples
    --------
    >>> find_header([["Villages 2024"], ["name", "lat", "lon"], ["Суджа", "51.2", "35.3"]])[:3]
    (['name', 'lat', 'lon'], 1, 0)
    >>> find_header([["Село", "Ш", "Д"], ["#loc+name", "#geo+lat", "#geo+lon"]]).tags
    {'Село': 'name', 'Ш': 'latitude', 'Д': 'longitude'}
    """
    texts = [[_text(cell) for cell in row] for row in rows[:SEARCHED_ROWS]]
    if not texts:
        return Header([], 0, 0, {})
    tag_rows = [number for number, row in enumerate(texts) if is_tag_row(row)]
    number = _choose_row(texts[: tag_rows[0]] if tag_rows and tag_rows[0] else texts)
    if tag_rows and not _is_full(texts[number], texts[tag_rows[0]]):
        number = tag_rows[0]
    names = _complete_names(texts, number)
    below = tag_rows[0] - number if tag_rows else 0
    while number + below + 1 < len(texts) and _is_second(texts[number + below + 1], names):
        below += 1
    tags = read_hxl_tags(names, texts[tag_rows[0]]) if tag_rows else {}
    return Header(names, number, below, tags)


def read_hxl_tags(columns: Sequence[str], tags: Sequence[str]) -> dict[str, str]:
    """Return the meanings of columns by their names, from a row of tags of HXL.

    >>> read_hxl_tags(["a", "b", "c"], ["#geo +lat", "#adm4+name+uk", "#affected"])
    {'a': 'latitude', 'b': 'name_uk'}
    """
    ranked: dict[str, tuple[int, str]] = {}
    for column, tag in zip(columns, tags, strict=False):
        found = _read_hxl_tag(tag) if column else None
        if found is not None and (found[1] not in ranked or found[0] < ranked[found[1]][0]):
            ranked[found[1]] = found[0], column
    return {column: meaning for meaning, (_, column) in ranked.items()}


def _read_hxl_tag(tag: str) -> tuple[int, str] | None:
    """Return the meaning of a tag, with its rank among tags of the same meaning."""
    name, *attributes = (part.strip() for part in tag.casefold().lstrip("# ").split("+"))
    # Attributes such as +f and +children mean a part of the people, which we do not read.
    if name == "population" and set(attributes) - {"total", "all", "num", "est", "census"}:
        return None
    for place, (wanted, attribute, meaning) in enumerate(words.HXL_MEANINGS):
        if name == wanted and (attribute in attributes or (not attribute and not attributes)):
            stated = [words.LANGUAGES[one] for one in attributes if one in words.LANGUAGES]
            language = stated[0] if stated else ""
            return place, f"name_{language}" if meaning == "name" and language else meaning
    return None


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell).strip()


_TAG = re.compile(r"#\s*[A-Za-z][A-Za-z0-9_]*(?:\s*\+\s*[A-Za-z][A-Za-z0-9_]*)*")


def is_tag_row(row: Row) -> bool:
    """Return whether a row has tags of HXL: at least two cells, and nothing else.

    >>> is_tag_row(["#geo+lat", "", "#geo +lon"]), is_tag_row(["# comment", "", ""])
    (True, False)
    """
    filled = [text for cell in row if (text := _text(cell))]
    return len(filled) > 1 and all(_TAG.fullmatch(text) for text in filled)


def _count_filled(row: Row) -> int:
    return sum(1 for cell in row if cell not in {None, ""})


def _choose_row(texts: Sequence[list[str]]) -> int:
    """Return the number of the row that is the header."""
    usual = Counter(map(_count_filled, texts)).most_common(1)[0][0]
    # A row above the headings may group columns, as "Coordinates" above "lat" and "lon".
    for number, row in enumerate(texts):
        if find_pairs(_list_headings(row)):
            return number
    for number, row in enumerate(texts):
        if _has_point_column(row, texts[number + 1 :]):
            return number
    wide = max(usual, 2)
    for number, row in enumerate(texts):
        # Up to half of the cells of a header may be empty.
        if 2 * _count_filled(row) > wide and not is_comment(row, wide):
            return number
    return 0


def _list_headings(row: list[str]) -> list[str]:
    """Return the cells of a row that may be headings, without sentences of a title."""
    filled = [name for name in _strip_mark(row) if name]
    return [] if len(filled) < 2 else [n for n in filled if len(n) <= _HEADING_CHARACTERS]


def _has_point_column(row: list[str], below: Sequence[list[str]]) -> bool:
    """Return whether a row has a heading of whole points, and the rows below it have points."""
    return any(
        has_point_heading(name)
        and any(holds_shapes([one[place]]) for one in below if place < len(one) and one[place])
        for place, name in enumerate(_strip_mark(row))
        if name and len(name) <= _HEADING_CHARACTERS
    )


# A cell longer than this is probably a sentence.
_HEADING_CHARACTERS = 60


def _strip_mark(row: list[str]) -> list[str]:
    """Remove the # that numpy writes before a header."""
    return [re.sub(r"^#+\s+", "", row[0]), *row[1:]] if row else row


def is_comment(row: Row, width: int) -> bool:
    """Return whether a row is a comment: it begins with #, and has fewer cells than the header."""
    return bool(row) and _text(row[0]).startswith("#") and _count_filled(row) < max(width, 2)


def _is_full(row: list[str], tags: list[str]) -> bool:
    """Return whether a row above tags has headings: text for at least half of the tags."""
    both = sum(1 for name, tag in zip(row, tags, strict=False) if name and tag)
    return 2 * both >= _count_filled(tags) and not is_tag_row(row)


# Words in a second header that say what is counted: "осіб" below "Населення".
_PEOPLE = frozenset({"осіб", "чол", "чоловік", "чел", "человек", "people", "persons", "osob"})


def _complete_names(texts: Sequence[list[str]], number: int) -> list[str]:
    """Return the headings; an empty one below merged cells is taken from the row above."""
    names = _strip_mark(texts[number])
    above = texts[number - 1] if number else []
    if 2 * _count_filled(above) <= max(_count_filled(names), 2):
        above = []  # the row above is a title
    names = names + [""] * (len(above) - len(names))
    for place, name in enumerate(above):
        if not names[place] and name not in names:
            names[place] = name
        elif name and fold_heading(names[place]) in _PEOPLE:
            names[place] = f"{name}, {names[place]}"
    while names and not names[-1]:
        names.pop()
    return names


def _is_second(row: list[str], names: Sequence[str]) -> bool:
    """Return whether a row below the header is a second one: repeated, tags, units, translated."""
    if is_tag_row(row) or is_repeated(row, names):
        return True
    places = find_places(names)
    cells = [row[place] if place < len(row) else "" for place in places]
    if not places or not all(cells):
        return False
    return all(map(_is_unit, cells)) or (
        bool(find_pairs(cells)) if len(cells) == 2 else has_point_heading(cells[0])
    )


def _is_unit(text: str) -> bool:
    # "°" and "(°)" are units. Other signs, such as "?", mean an unknown coordinate.
    return fold_heading(text) in words.UNITS or text.strip("()[] ") == "°"


def find_places(names: Sequence[str]) -> list[int]:
    """Return the positions of the headings of coordinates; none if we do not know them."""
    pairs = find_pairs(names)
    if pairs:
        return [list(names).index(name) for name in pairs[0]]
    return [place for place, name in enumerate(names) if name and has_point_heading(name)][:1]


def is_repeated(row: Row, names: Sequence[str]) -> bool:
    """Return whether a row repeats the header."""
    texts = [_text(cell) for cell in row]
    while texts and not texts[-1]:
        texts.pop()
    return len(texts) > 1 and texts == list(names)


# We look for notes in at most this many rows below a table.
MOST_FOOTERS = 20

_SIGNS_OF_NOTES = ("*", "©", "(c)", "(", "†", "‡", "¹", "[1", "--", "—", "№1")
_LONG_NOTE = 80  # no name of a place is that long


def is_footer(row: Row, places: Sequence[int], *, after_gap: bool) -> bool:
    """Return whether the last row of a table is a footer: a note, or a row of totals.

    Parameters
    ----------
    row
        The row.
    places
        The positions of the coordinates, as :func:`find_places` returns them.
    after_gap
        Whether there are empty lines above the row, or above notes before it.

    Examples
    --------
    >>> is_footer(["Source: OCHA", "", ""], [1, 2], after_gap=False)
    True
    >>> is_footer(["Басівка", "", ""], [1, 2], after_gap=False)
    False
    """
    filled = [(place, text) for place, cell in enumerate(row) if (text := _text(cell))]
    if not filled or any(place in places for place, _ in filled[1:]):
        return False
    first, text = filled[0]
    folded = fold_heading(text[:_LONG_NOTE])
    if first in places and len(filled) > 1:
        return False
    if folded in words.TOTALS:
        return True
    if len(filled) > 2:
        return False
    return (
        text.startswith(_SIGNS_OF_NOTES)
        or "http" in text
        or (len(filled) == 1 and (len(text.split()) > 2 if after_gap else len(text) > _LONG_NOTE))
        or any(_begins_note(text, folded, word) for word in words.FOOTNOTES)
    )


def _begins_note(text: str, folded: str, word: str) -> bool:
    """Return whether a text begins with a word for notes, then a mark, which no village has."""
    return folded == word or (
        folded.startswith(f"{word}_") and bool(re.match(r"[^:.\d]{0,40}[:.\d]", text))
    )


def describe_lines(lines: Iterable[int]) -> str:
    """Return lines for a note: "line 3" or "lines 1, 2"; of many lines the first ones.

    >>> describe_lines([3]), describe_lines([1, 2])
    ('line 3', 'lines 1, 2')
    """
    listed = list(lines)
    shown = ", ".join(f"{line:,}" for line in listed[:_NAMED_LINES])
    more = f" and {len(listed) - _NAMED_LINES:,} more" if len(listed) > _NAMED_LINES else ""
    return f"line{'' if len(listed) == 1 else 's'} {shown}{more}"


_NAMED_LINES = 5


@dataclass
class LeftOut:
    """The lines of a table that are neither its header nor its rows."""

    titles: list[int] = field(default_factory=list)
    headers: list[int] = field(default_factory=list)
    repeated: list[int] = field(default_factory=list)
    comments: list[int] = field(default_factory=list)
    footers: list[int] = field(default_factory=list)

    def describe(self) -> list[str]:
        """Return the notes about the lines."""
        kinds = {
            "titles above the header": self.titles,
            "further headers below it": [*self.headers, *self.repeated],
            "comments": self.comments,
            "notes and totals below the table": self.footers,
        }
        shown = [f"{what} ({describe_lines(lines)})" for what, lines in kinds.items() if lines]
        return [f"lines that are no places were left out: {'; '.join(shown)}."] if shown else []


def drop_second_headers(table: SourceTable) -> None:
    """Leave out first rows that are headers, with a note, in tables that are not text tables."""
    if table.line_numbers is not None or not len(table.frame):
        return
    names = [str(column) for column in table.frame.columns]
    texts = [
        [value if isinstance(value, str) else None for value in row]
        for row in table.frame.head(SEARCHED_ROWS).astype(object).itertuples(index=False)
    ]
    found = find_header([names, *texts])
    if found.above or not found.below:
        return
    table.tags = found.tags
    table.notes.append(f"the first {found.below} rows are further headers and were left out.")
    first = np.arange(len(table.frame)) < found.below
    table.drop_rows(first)

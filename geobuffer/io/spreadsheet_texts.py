"""Mark the texts of a CSV that a spreadsheet would alter, and read such marks.

A CSV says nothing of the kinds of its cells, so a spreadsheet guesses: a code becomes ``3.86E+10``,
*1-2* a date, *=A1* a formula. Excel shows ``="1-2"``, a formula whose value is a text, as it is.
Other programs export such cells, too, so we read them in every table.
"""

from __future__ import annotations

import re

# A spreadsheet keeps whole numbers of so many digits as they are, in a column of usual width.
_PLAIN_NUMBER = re.compile(r"[1-9]\d{0,7}|0")

# What a spreadsheet may take for a number, a share, an amount, a time, a date or a fraction.
_NUMBER = re.compile(r"(?=\D*\d)[\d\s.,:/()%’'$€£₴₽-]+(?:e[+-]?\d+)?", re.IGNORECASE)

# What it may take for a date: "5 May 2025", "May-5". Names of months have three to nine letters in
# most languages; a name of a place that looks so is marked without harm.
_DAY, _MONTH = r"\d{1,4}\.?", r"[^\W\d_]{3,9}\.?"
_DATE = re.compile(rf"{_DAY}[\s./-]*{_MONTH}(?:[\s./-]*{_DAY})?|{_MONTH}[\s./-]*{_DAY}")

# A text that begins so is a formula.
_FORMULA = ("=", "+", "-", "@")

# Excel takes no longer text in a formula.
_LONGEST = 255

_MARKED = re.compile('="((?:[^"]|"")*)"')
#: What every marked text begins with.
MARK = '="'


def mark_text(text: str) -> str:
    """Return a text as a formula whose value it is, if a spreadsheet would alter it.

    Examples
    --------
    >>> [mark_text(text) for text in ("38640101001", "1-2", "=1+1", "5 May")]
    ['="38640101001"', '="1-2"', '="=1+1"', '="5 May"']
    >>> [mark_text(text) for text in ("Суми", "2026", "UA-59", "0–10 km")]
    ['Суми', '2026', 'UA-59', '0–10 km']
    """
    return f'="{text.replace(chr(34), chr(34) * 2)}"' if _is_altered(text) else text


def _is_altered(text: str) -> bool:
    plain = text.strip()
    if not plain or len(text) > _LONGEST or _PLAIN_NUMBER.fullmatch(text):
        return False
    is_guessed = _NUMBER.fullmatch(plain) or _DATE.fullmatch(plain)
    return plain.startswith(_FORMULA) or bool(is_guessed)


def unmark_text(text: str) -> str:
    """Return the text that a cell of a CSV stands for.

    Examples
    --------
    >>> unmark_text('="007"'), unmark_text('="1 ""b"" 2"'), unmark_text('="a"&"b"')
    ('007', '1 "b" 2', '="a"&"b"')
    """
    found = _MARKED.fullmatch(text) if text.startswith(MARK) else None
    return found[1].replace('""', '"') if found else text

"""Mark the texts of a CSV that a spreadsheet would alter, and read such marks.

A CSV does not state the types of its cells, so a spreadsheet guesses: a code becomes ``3.86E+10``,
*1-2* a date, *=A1* a formula. ``="1-2"`` is a formula whose value is a text, and Excel shows that
text unchanged. Other programs export such cells too, so we read them in every table.
"""

from __future__ import annotations

import re

# A spreadsheet shows whole numbers of up to eight digits in full, in a column of usual width.
_PLAIN_NUMBER = re.compile(r"[1-9]\d{0,7}|0")

# Texts that a spreadsheet may read as a number, a share, an amount, a time, a date or a fraction.
_NUMBER = re.compile(r"(?=\D*\d)[\d\s.,:/()%’'$€£₴₽-]+(?:e[+-]?\d+)?", re.IGNORECASE)

# Texts that a spreadsheet may read as a date: "5 May 2025", "May-5". Names of months have three to
# nine letters in most languages. Marking a name of a place that looks like a date does no harm.
_DAY, _MONTH = r"\d{1,4}\.?", r"[^\W\d_]{3,9}\.?"
_DATE = re.compile(rf"{_DAY}[\s./-]*{_MONTH}(?:[\s./-]*{_DAY})?|{_MONTH}[\s./-]*{_DAY}")

# A spreadsheet reads a text as a formula if it begins with one of these.
_FORMULA = ("=", "+", "-", "@")

# Excel takes no longer text in a formula.
_LONGEST = 255

_MARKED = re.compile('="((?:[^"]|"")*)"')
#: What every marked text begins with.
MARK = '="'


def mark_text(text: str) -> str:
    """Return a formula with this text as its value if a spreadsheet would alter the text.

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

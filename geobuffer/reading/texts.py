"""Names as texts: one form of each letter, and a note of letters that only look right."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from geobuffer.reading.raw import Raw

_LATIN = re.compile(r"[A-Za-z]")
_CYRILLIC = re.compile(r"[Ѐ-ӿ]")


def clean_names(raw: Raw, column: pd.Series) -> list[str]:
    """Return a column of names: composed (NFC), without spaces about them; empty where missing.

    Words that mix Latin and Cyrillic letters are kept as they are and noted: a Latin C in *Cумы*
    looks right, and only what folds names as :func:`geobuffer.names.fold` does finds it.
    """
    names = [
        " ".join(unicodedata.normalize("NFC", _text(value)).split()) if known else ""
        for value, known in zip(column, column.notna(), strict=True)
    ]
    mixed = [row for row, name in enumerate(names) if any(map(is_mixed, name.split()))]
    if mixed:
        raw.notes.append(
            f"names in {column.name!r} that mix Latin and Cyrillic letters, such as "
            f"{names[mixed[0]]!r}: {raw.rows(mixed)}; kept as they are, and found here by either "
            "spelling, but elsewhere by nobody."
        )
    return names


def _text(value: object) -> str:
    """Return a value as text; a whole number without the decimals it got in a spreadsheet."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def is_mixed(word: str) -> bool:
    """Tell whether a word has letters of both scripts.

    >>> is_mixed("Cумы"), is_mixed("Сумы"), is_mixed("Kyiv")
    (True, False, False)
    """
    return bool(_LATIN.search(word) and _CYRILLIC.search(word))

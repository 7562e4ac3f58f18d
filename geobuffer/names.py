"""Names of places: folded so that one spelling finds another, shown in the language asked for."""

from __future__ import annotations

import unicodedata

# Letters that Ukrainian and Russian spell one sound with, brought to one of them; the apostrophes
# and the signs of hardness and softness, which readers leave out when they search.
_ALIKE = str.maketrans(
    {
        "ё": "е", "є": "е", "э": "е", "і": "и", "ї": "и", "й": "и", "ы": "и", "ґ": "г",
        "ь": None, "ъ": None, "'": None, "’": None, "ʼ": None, "‘": None, "`": None, "ʹ": None,
        "-": " ", "–": " ", "—": " ",
    }
)  # fmt: skip

LANGUAGES = ("en", "uk", "ru")


def fold(name: str) -> str:
    """Return a name without case, accents, apostrophes and the letters that spellings differ in.

    Examples
    --------
    >>> fold("Журавлёвка") == fold("ЖУРАВЛЕВКА"), fold("Мар’їно") == fold("Марьино")
    (True, True)
    >>> fold("Kyïv  oblast")
    'kyiv oblast'
    """
    plain = unicodedata.normalize("NFC", name).casefold().translate(_ALIKE)
    decomposed = unicodedata.normalize("NFD", plain)
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())

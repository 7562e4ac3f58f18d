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


def alike(one: str, other: str) -> bool:
    """Tell whether two folded names are one slip of spelling apart, two from eight letters on.

    Numbers must be the same, and there must be as many words.

    Examples
    --------
    >>> alike("страчево", "страчово"), alike("крапивна", "крапивное")
    (True, True)
    >>> alike("победа 1 я", "победа 2 я"), alike("лужки", "ляжки"), alike("яма", "ямы")
    (False, True, False)
    """
    if len(one.split()) != len(other.split()):
        return False
    if [c for c in one if c.isdigit()] != [c for c in other if c.isdigit()]:
        return False
    letters = min(len(one), len(other))
    # A name of four letters has too many neighbours one letter away.
    slips = 0 if letters < 5 else 1 if letters < 8 else 2
    return 0 < slips >= _edits(one, other, slips)


def _edits(one: str, other: str, most: int) -> int:
    """Return how many letters must be put in, left out or changed; beyond ``most``, more."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before, row[0] = row[0], i
        for j, against in enumerate(other, 1):
            before, row[j] = (
                row[j],
                min(row[j] + 1, row[j - 1] + 1, before + (letter != against)),
            )
    return row[-1]


def legible(text: str) -> str:
    r"""Return text for a message: signs that are not shown, but obeyed, as escapes.

    Examples
    --------
    >>> legible("Суджа\u202e\x1b[31m")
    'Суджа\\u202e\\x1b[31m'
    """
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)

"""Names of places: folded so that one spelling finds another, shown in the language asked for."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

# Letters that Ukrainian and Russian spell one sound with, brought to one of them; the apostrophes
# and the signs of hardness and softness, which readers leave out when they search.
_ALIKE = str.maketrans(
    {
        "ё": "е", "є": "е", "э": "е", "і": "и", "ї": "и", "й": "и", "ы": "и", "ґ": "г",
        "ь": None, "ъ": None, "'": None, "’": None, "ʼ": None, "‘": None, "`": None, "ʹ": None,
        "-": " ", "–": " ", "—": " ",
    }
)  # fmt: skip

# Letters that look alike in both scripts, as capitals or small: what is typed on the wrong
# keyboard. Folded, і and й are и.
_LATIN = "abcehikmoptxy"
_CYRILLIC = "авсеникмортху"
_TO_CYRILLIC = str.maketrans(_LATIN, _CYRILLIC)
_TO_LATIN = str.maketrans(_CYRILLIC, _LATIN)
_MIXED = re.compile(r"[a-z]\w*[а-я]|[а-я]\w*[a-z]")
_SURELY_CYRILLIC = re.compile(f"[^{_CYRILLIC}\\W\\d_a-z]")
_SURELY_LATIN = re.compile(f"[^{_LATIN}\\W\\d_а-я]")

LANGUAGES = ("en", "uk", "ru")

# Towns by which oblasts go, and names that they are also known by, which no folding brings
# together: in Ukrainian, in Russian, and in Latin letters after either.
TOWN_NAMES = (
    ("Kyiv", "Київ", "Киев", "Kiev"),
    ("Kharkiv", "Харків", "Харьков", "Kharkov"),
    ("Chernihiv", "Чернігів", "Чернигов", "Chernigov"),
    ("Sumy", "Суми", "Сумы"),
    ("Luhansk", "Луганськ", "Луганск", "Lugansk"),
    ("Donetsk", "Донецьк", "Донецк"),
    ("Poltava", "Полтава"),
    ("Zaporizhzhia", "Запоріжжя", "Запорожье", "Zaporozhye", "Zaporizhia"),
    ("Kherson", "Херсон"),
    ("Mykolaiv", "Миколаїв", "Николаев", "Nikolaev"),
    ("Odesa", "Одеса", "Одесса", "Odessa"),
    ("Dnipro", "Дніпро", "Днепр", "Dnepr"),
    ("Zhytomyr", "Житомир", "Zhitomir"),
    ("Rivne", "Рівне", "Ровно", "Rovno"),
    ("Lviv", "Львів", "Львов", "Lvov"),
    ("Ternopil", "Тернопіль", "Тернополь", "Ternopol"),
    ("Vinnytsia", "Вінниця", "Винница", "Vinnitsa"),
    ("Chernivtsi", "Чернівці", "Черновцы", "Chernovtsy"),
    ("Belgorod", "Бєлгород", "Білгород", "Белгород", "Bilhorod", "Bielhorod"),
    ("Kursk", "Курськ", "Курск"),
    ("Bryansk", "Брянськ", "Брянск", "Briansk"),
    ("Voronezh", "Воронеж", "Voroniezh"),
    ("Rostov", "Ростов", "Ростов-на-Дону", "Rostov-on-Don"),
    ("Smolensk", "Смоленськ", "Смоленск"),
    ("Oryol", "Орел", "Орёл", "Orel"),
    ("Gomel", "Гомель", "Homel", "Homiel", "Homyel"),
)


def fold_name(name: str) -> str:
    """Return a name without case, accents, apostrophes and the letters that spellings differ in.

    Examples
    --------
    >>> fold_name("Журавлёвка") == fold_name("ЖУРАВЛЕВКА")
    True
    >>> fold_name("Мар’їно") == fold_name("Марьино")
    True
    >>> fold_name("Kyïv  oblast")
    'kyiv oblast'

    A word of both scripts is brought to one: here the first letter of *Сумы* is Latin.

    >>> fold_name("Cумы") == fold_name("Сумы"), fold_name("Kуіv")
    (True, 'kyiv')
    """
    plain = unicodedata.normalize("NFC", name).casefold().translate(_ALIKE)
    decomposed = unicodedata.normalize("NFD", plain)
    words = "".join(c for c in decomposed if not unicodedata.combining(c)).split()
    return " ".join(_of_one_script(word) if _MIXED.search(word) else word for word in words)


def _of_one_script(word: str) -> str:
    """Return a folded word of both scripts in the one that its other letters are surely of.

    It stays as it is where there are such of both.
    """
    cyrillic, latin = _SURELY_CYRILLIC.search(word), _SURELY_LATIN.search(word)
    if cyrillic and latin:
        return word
    return word.translate(_TO_LATIN if latin else _TO_CYRILLIC)


def find_other_names(folded: str) -> tuple[str, ...]:
    """Return what else a place of a folded name is known as, folded.

    >>> find_other_names("kiev"), find_other_names("sudzha")
    (('kyiv', 'киив', 'киев'), ())
    """
    return tuple(name for name in _groups().get(folded, ()) if name != folded)


@cache
def _groups() -> dict[str, tuple[str, ...]]:
    folded = [tuple(dict.fromkeys(fold_name(name) for name in group)) for group in TOWN_NAMES]
    return {name: group for group in folded for name in group}


def fold_region_name(name: str) -> str:
    """Fold a region's name, without the word for *oblast*.

    >>> fold_region_name("Курская область") == fold_region_name("курская")
    True
    """
    words = fold_name(name).split()
    return " ".join(w for w in words if w not in {"oblast", "област", "region"}) or fold_name(name)


def differ_by_slip(one: str, other: str) -> bool:
    """Tell whether two folded names are one slip of spelling apart, two from eight letters on.

    Numbers must be the same, and there must be as many words.

    Examples
    --------
    >>> differ_by_slip("страчево", "страчово"), differ_by_slip("крапивна", "крапивное")
    (True, True)
    >>> differ_by_slip("победа 1 я", "победа 2 я"), differ_by_slip("лужки", "ляжки")
    (False, True)
    >>> differ_by_slip("яма", "ямы")
    False
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


def escape_controls(text: str) -> str:
    r"""Return text for a message: signs that are not shown, but obeyed, as escapes.

    Examples
    --------
    >>> escape_controls("Суджа\u202e\x1b[31m")
    'Суджа\\u202e\\x1b[31m'
    """
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)

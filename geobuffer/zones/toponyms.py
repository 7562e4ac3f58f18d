"""Names of places: keys for comparing spellings, other names of towns, name columns.

:func:`fold_name` is for names of regions and sides: they are few, and may differ by one letter.
:func:`make_name_keys` is for names of settlements, with the many spellings of Latin and Cyrillic
letters. Its rules are in ``name_rules.json``, which the page reads too.
"""

from __future__ import annotations

import json
import re
import unicodedata
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: The languages of names in the data. The texts of the page may have further languages.
NAME_LANGUAGES = ("en", "uk", "ru")

#: The columns of a table that hold the name of a place: without a language, and in each language.
NAME_COLUMNS = ("name", "name_en", "name_uk", "name_ru")

# We replace Ukrainian and Russian letters of the same sound by one letter. We remove apostrophes
# and the hard and soft signs, because users omit them in a search.
_ALIKE = str.maketrans(
    {
        "ё": "е", "є": "е", "э": "е", "і": "и", "ї": "и", "й": "и", "ы": "и", "ґ": "г",
        "ь": None, "ъ": None, "'": None, "’": None, "ʼ": None, "‘": None, "`": None, "ʹ": None,
        "-": " ", "–": " ", "—": " ",
    }
)  # fmt: skip

# Letters that look alike in both scripts, as capitals or as small letters. People type them with
# the wrong keyboard layout. A folded name has и for і and й.
_LATIN = "abcehikmoptxy"
_CYRILLIC = "авсеникмортху"
_TO_CYRILLIC = str.maketrans(_LATIN, _CYRILLIC)
_TO_LATIN = str.maketrans(_CYRILLIC, _LATIN)
_MIXED = re.compile(r"[a-z]\w*[а-я]|[а-я]\w*[a-z]")
_SURELY_CYRILLIC = re.compile(f"[^{_CYRILLIC}\\W\\d_a-z]")
_SURELY_LATIN = re.compile(f"[^{_LATIN}\\W\\d_а-я]")

# Towns after which oblasts are named, with other names that folding does not make equal: in
# Ukrainian, in Russian, and in Latin letters from both languages.
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


def name_columns(language: str) -> tuple[str, ...]:
    """Return the name columns in the order in which a reader of a language prefers them.

    Parameters
    ----------
    language
        ``"en"``, ``"uk"`` or ``"ru"``.

    Examples
    --------
    >>> name_columns("uk")
    ('name_uk', 'name', 'name_en', 'name_ru')

    Many villages of Ukraine have no Russian name. A reader of Russian gets the Ukrainian name
    rather than one in Latin letters.

    >>> name_columns("ru")
    ('name_ru', 'name', 'name_uk', 'name_en')
    """
    others = ("name", "name_uk", "name_en") if language == "ru" else NAME_COLUMNS
    return tuple(dict.fromkeys((f"name_{language}", *others)))


def pick_name(names: Mapping[str, str], language: str, name: str) -> str:
    """Return a name in a language, or ``name``; English for languages without names in the data.

    Parameters
    ----------
    names
        The names by language.
    language
        The language.
    name
        The name without a language.

    Examples
    --------
    >>> names = {"en": "Sumy Oblast", "uk": "Сумська область"}
    >>> [pick_name(names, language, "Sumy") for language in ("uk", "ru", "pl")]
    ['Сумська область', 'Sumy', 'Sumy Oblast']
    """
    if language not in NAME_LANGUAGES:
        name = names.get("en", name)
    return names.get(language, name)


def fold_name(name: str) -> str:
    """Return a name without case, accents, apostrophes and differences between spellings.

    Examples
    --------
    >>> fold_name("Журавлёвка") == fold_name("ЖУРАВЛЕВКА")
    True
    >>> fold_name("Мар’їно") == fold_name("Марьино")
    True
    >>> fold_name("Kyïv  oblast")
    'kyiv oblast'

    A word with letters of both scripts becomes a word of one script. Here the first letter of
    *Сумы* is Latin.

    >>> fold_name("Cумы") == fold_name("Сумы"), fold_name("Kуіv")
    (True, 'kyiv')
    """
    plain = unicodedata.normalize("NFC", name).casefold().translate(_ALIKE)
    decomposed = unicodedata.normalize("NFD", plain)
    words = "".join(c for c in decomposed if not unicodedata.combining(c)).split()
    return " ".join(_unify_script(word) if _MIXED.search(word) else word for word in words)


def _unify_script(word: str) -> str:
    """Return a folded word of two scripts in one script, by the letters that only one script has.

    A word with such letters of both scripts stays unchanged.
    """
    cyrillic, latin = _SURELY_CYRILLIC.search(word), _SURELY_LATIN.search(word)
    if cyrillic and latin:
        return word
    return word.translate(_TO_LATIN if latin else _TO_CYRILLIC)


@cache
def load_name_rules() -> dict[str, Any]:
    """Return the rules for comparing names of settlements; the page uses the same file."""
    rules: dict[str, Any] = json.loads(
        resources.files("geobuffer.zones").joinpath("name_rules.json").read_text("utf-8")
    )
    return rules


@cache
def _sign_table() -> dict[int, str]:
    """Return the replacement of each sign of a name."""
    rules = load_name_rules()
    signs = dict.fromkeys(rules["removed"], "") | dict.fromkeys(rules["spaces"], " ")
    return str.maketrans(signs | rules["letters"])


_LINE_FEED = "\n"
_WORD = re.compile(r"[^\W_]+")
_ANY_LATIN, _ANY_CYRILLIC = re.compile("[a-z]"), re.compile("[\u0400-\u04ff]")


def make_name_keys(names: Iterable[str], *, endings: bool = True) -> list[str]:
    """Return the key of each name: names that differ only in their spelling have one key.

    The Ukrainian and the Russian name of a place have one key, in Cyrillic letters and in all
    common Latin schemes. So do the usual endings: *-ivka* and *-ovka*, *-e* and *-oye*.

    Parameters
    ----------
    names
        The names, in Cyrillic or Latin letters.
    endings
        If false, names that differ in such an ending have two keys, as for a table with both
        Страчово and Страчево.

    Examples
    --------
    >>> make_name_keys(["Локня", "Loknia", "Loknya", "Lokn'a"])
    ['lokna', 'lokna', 'lokna', 'lokna']
    >>> make_name_keys(["Новенькое", "Novenkoye", "Новеньке"])
    ['novenke', 'novenke', 'novenke']
    """
    # A table has 20,000 names. We join them with line feeds, which no key contains, so that each
    # replacement runs once.
    text = "".join(f" {spelt} \n" for spelt in _spell_sounds(names))
    text = _replace_pairs(text, "pairs")
    if endings:
        text = _replace_pairs(text, "endings")
    return [key.strip() for key in text.split("\n")[:-1]]


_CYRILLIC_WORD = re.compile("[А-яЁёІіЇїЄєҐґ’]+")


def romanize(name: str, language: str) -> str:
    """Return a Ukrainian or Russian name in Latin letters.

    Ukrainian follows the national table of 2010, Russian BGN/PCGN 1947 without its apostrophes and
    with *yo* for ё: see ``name_rules.json``.

    Parameters
    ----------
    name
        The name.
    language
        ``"uk"`` or ``"ru"``.

    Examples
    --------
    >>> [romanize(name, "uk") for name in ("Згурівка", "Знам’янка", "Велика Писарівка")]
    ['Zghurivka', 'Znamianka', 'Velyka Pysarivka']
    >>> romanize("Тёткино", "ru"), romanize("Елань-Колено", "ru")
    ('Tyotkino', 'Yelan-Koleno')
    """
    rules = load_name_rules()["romanization"][language]
    return _CYRILLIC_WORD.sub(lambda word: _romanize_word(word[0], rules), name)


def _romanize_word(word: str, rules: Mapping[str, Any]) -> str:
    low = word.lower()
    plain: dict[str, str] = rules["letters"]
    latin = "".join(
        rules["after"].get(before, {}).get(letter, plain.get(letter, letter))
        for before, letter in zip(["", *low], low, strict=False)
    )
    if len(word) > 1 and word.isupper():
        return latin.upper()
    return latin[:1].upper() + latin[1:] if word[:1].isupper() else latin


def make_coarse_keys(keys: Iterable[str]) -> list[str]:
    """Return keys with one letter for all vowels, and one for all sounds like s or z.

    They find spellings of other languages: *Tschugujew* and *Chuhuiv* have one coarse key.

    Examples
    --------
    >>> make_coarse_keys(make_name_keys(["Кролевець", "Krolevets", "Krolewez"]))
    ['krelevez', 'krelevez', 'krelevez']
    """
    return [
        key.strip()
        for key in _replace_pairs("".join(f" {key} \n" for key in keys), "coarse").split("\n")[:-1]
    ]


def _replace_pairs(text: str, kind: str) -> str:
    for old, new in load_name_rules()[kind]:
        text = text.replace(old, new)
    return text


def _spell_sounds(names: Iterable[str]) -> list[str]:
    """Return names in small Latin letters; capitals stand for sounds without a Latin letter."""
    # We spell one text of all names, which takes less time than names one by one. Line feeds
    # separate the names, so that no sign of a name changes one of the next.
    text = "".join(f"{name.replace(_LINE_FEED, ' ')}{_LINE_FEED}" for name in names)
    low = unicodedata.normalize("NFC", text).lower()
    if not low.isascii():
        low = _LINE_FEED.join(map(_choose_scripts, low.split(_LINE_FEED)))
    low = unicodedata.normalize("NFD", low.translate(_sign_table()))
    for sign in set(low):
        if unicodedata.category(sign).startswith("M"):
            low = low.replace(sign, "")
    return [" ".join(line.split()) for line in low.split(_LINE_FEED)[:-1]]


def _choose_scripts(name: str) -> str:
    """Return a name with each word in one script, where that can be."""
    if name.isascii() or not (_ANY_LATIN.search(name) and _ANY_CYRILLIC.search(name)):
        return name
    return _WORD.sub(lambda word: _choose_script(word[0]), name)


@cache
def _script_tables() -> tuple[re.Pattern[str], re.Pattern[str], dict[int, int], dict[int, int]]:
    """Return patterns of letters of one script only, and tables to Latin and to Cyrillic."""
    latin, cyrillic = load_name_rules()["look_alike"]
    return (
        re.compile(f"(?![{latin}])[a-z\u00df-\u024f]"),
        re.compile(f"(?![{cyrillic}])[\u0400-\u04ff]"),
        str.maketrans(cyrillic, latin),
        str.maketrans(latin, cyrillic),
    )


def _choose_script(word: str) -> str:
    """Return a word in one script; a word with letters unique to each script stays unchanged."""
    if not (_ANY_LATIN.search(word) and _ANY_CYRILLIC.search(word)):
        return word
    latin, cyrillic, to_latin, to_cyrillic = _script_tables()
    surely_latin, surely_cyrillic = latin.search(word), cyrillic.search(word)
    if surely_latin and surely_cyrillic:
        return word
    return word.translate(to_latin if surely_latin else to_cyrillic)


@cache
def _kind_patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    rules = load_name_rules()
    before, after, apart = (
        "|".join(rules[where]) for where in ("kinds_before", "kinds_after", "kinds_apart")
    )
    return (
        re.compile(rf"^(?:{before})(?:\.\s*|\s+)(?=\S)"),
        re.compile(rf"(?:\s+(?:{after})|\s*[,(]\s*(?:{apart})\.?\)?)$"),
    )


def strip_kind(name: str) -> str:
    """Return a name in small letters, without words such as "village" before and after it.

    Examples
    --------
    >>> [strip_kind(name) for name in ("с. Басівка", "Yunakivka village", "Басівка (село)")]
    ['басівка', 'yunakivka', 'басівка']
    >>> [strip_kind(name) for name in ("Нове Село", "Хутір-Михайлівський", "Село")]
    ['нове село', 'хутір-михайлівський', 'село']
    """
    low = name.lower().strip()
    # One word, as most names are, has no other word to lose.
    if low.isalpha():
        return low
    first, last = _kind_patterns()
    return last.sub("", first.sub("", low)) or low


def find_other_names(folded: str) -> tuple[str, ...]:
    """Return the other names of a town, all folded, from its folded name.

    Examples
    --------
    >>> find_other_names("kiev"), find_other_names("sudzha")
    (('kyiv', 'киив', 'киев'), ())
    """
    return tuple(name for name in _town_groups().get(folded, ()) if name != folded)


@cache
def _town_groups() -> dict[str, tuple[str, ...]]:
    """Return, for each folded name of a town, all its folded names."""
    groups = [tuple(dict.fromkeys(fold_name(name) for name in names)) for names in TOWN_NAMES]
    return {name: group for group in groups for name in group}


def fold_region_name(name: str) -> str:
    """Fold a region's name, without the word for *oblast*.

    Examples
    --------
    >>> fold_region_name("Курская область") == fold_region_name("курская")
    True
    """
    words = fold_name(name).split()
    rest = " ".join(word for word in words if word not in {"oblast", "област", "region"})
    return rest or fold_name(name)


def differ_by_slip(one: str, other: str) -> bool:
    """Return whether two folded names differ by one typing error, or two from 8 letters on.

    Numbers in the names must be equal, and so must the number of words.

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
    # Too many different names of four letters differ by only one letter.
    slips = 0 if letters < 5 else 1 if letters < 8 else 2
    return 0 < slips >= count_edits(one, other, slips)


def count_edits(one: str, other: str, most: int) -> int:
    """Return the Levenshtein distance of two names: letters to insert, omit or change.

    If the distance is more than ``most``, the result is some number above ``most``.
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        diagonal, row[0] = row[0], i
        for j, against in enumerate(other, 1):
            changed = diagonal + (letter != against)
            diagonal = row[j]
            row[j] = min(row[j] + 1, row[j - 1] + 1, changed)
    return row[-1]


def escape_controls(text: str) -> str:
    r"""Return text for a message, with escapes for characters that control a terminal.

    Examples
    --------
    >>> escape_controls("Суджа\u202e\x1b[31m")
    'Суджа\\u202e\\x1b[31m'
    """
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)

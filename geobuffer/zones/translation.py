"""Read the texts of pages, pictures and answers: one JSON file for each language.

The files are in ``languages``, named by language codes. All translated texts are there, so that a
new file adds a language. Every file has the keys of ``en.json``, and each text has the same gaps as
the English text.
"""

from __future__ import annotations

import json
import re
from functools import cache
from gettext import c2py
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple

from geobuffer.errors import DataError, did_you_mean
from geobuffer.zones.toponyms import NAME_LANGUAGES

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping
    from importlib.resources.abc import Traversable

#: The language that has every key. We use English names where the data lack another language.
ENGLISH = "en"

#: What distances are measured from: each kind, with the kinds whose texts it uses, the best first.
#: For a river, the text "km@river" replaces "km"; without it, "km@line" does. An area is a filled
#: outline.
KINDS: Mapping[str, tuple[str, ...]] = {
    "border": (), "line": ("line",), "river": ("river", "line"), "outline": ("outline",),
    "area": ("area", "outline"), "point": ("point",),
}  # fmt: skip

# Which of these gaps a text has depends on the grammar of its language.
_NAMES_OF_IT = {"it", "It", "of_it"}

_GAP = re.compile(r"\{(\w+)\}")


class Translation(NamedTuple):
    """The words of a language, and how the language writes numbers and dates.

    A text is a string with ``{gaps}``, or a mapping from plural categories of Unicode, such as
    ``one`` and ``few``, to strings; the number ``{n}`` decides the category. The gaps ``{it}``,
    ``{It}`` and ``{of_it}`` name what distances are measured from: a border, a river, an outline.
    """

    language: str
    texts: Mapping[str, str | Mapping[str, str]]
    numbers: Mapping[str, Any]
    date_format: str
    plural: Callable[[int], str]

    def text(self, key: str, **values: object) -> str:
        """Return the text for a key, with ``{values}`` filled in; ``n`` is a whole number.

        >>> read_translation("en").text("at_least", total=5)
        'at least 5'
        """
        found = self.texts[key]
        if not isinstance(found, str):
            number: Any = values["n"]
            found, values = found[self.plural(number)], values | {"n": self.format_number(number)}
        it = str(self.texts["it"])
        values = {"it": it, "It": it[0].upper() + it[1:], "of_it": self.texts["of_it"], **values}
        return _GAP.sub(lambda gap: str(values.get(gap[1], gap[0])), found)

    def of_kind(self, kind: str) -> Translation:
        """Return the texts for one of :data:`KINDS`, such as a river.

        >>> [read_translation("en").of_kind(kind).text("km") for kind in ("border", "river")]
        ['km to the border', 'km to the river']
        """
        return self._replace(texts=choose_texts(self.texts, kind))

    def format_number(self, value: float, digits: int = 0) -> str:
        """Return a number as the language writes it.

        >>> english, ukrainian = read_translation("en"), read_translation("uk")
        >>> english.format_number(12345.5, 1)
        '12,345.5'
        >>> ukrainian.format_number(12345.5, 1).replace(chr(160), "_")
        '12_345,5'
        """
        plain = f"{value:,.{digits}f}"
        if abs(round(value, digits)) < self.numbers["least_grouped"]:
            plain = plain.replace(",", "")
        return plain.translate({44: self.numbers["group"], 46: self.numbers["decimal"]})

    def format_date(self, date: dt.date) -> str:
        """Return a date as the language writes it.

        >>> import datetime as dt
        >>> read_translation("en").format_date(dt.date(2025, 5, 2))
        '2 May 2025'
        """
        return date.strftime(self.date_format.replace("{day}", str(date.day)))

    def format_km(self, value: float) -> str:
        """Return a distance to the metre, as the language writes it."""
        return format_km(value).replace(".", self.numbers["decimal"])


def format_km(km: float) -> str:
    """Return a width in kilometres to the metre, or with three digits if it is less than 100 m.

    A width converted from miles has more digits than are useful.

    Examples
    --------
    >>> [format_km(km) for km in (10.0, 2.5, 16.09344, 0.402336, 0.0254)]
    ['10', '2.5', '16.093', '0.402', '0.0254']
    """
    return f"{km:.3f}".rstrip("0").rstrip(".") if km >= 0.1 or km == 0 else f"{km:.3g}"


def find_folder() -> Traversable:
    """Return the folder of the files."""
    return resources.files("geobuffer.zones") / "languages"


def choose_texts(
    texts: Mapping[str, str | Mapping[str, str]], kind: str
) -> dict[str, str | Mapping[str, str]]:
    """Return the texts for one of :data:`KINDS`, under their plain keys.

    Examples
    --------
    >>> choose_texts({"km": "km", "km@line": "km to the line", "km@point": "km away"}, "river")
    {'km': 'km to the line'}
    """
    return {
        key: next((texts[f"{key}@{one}"] for one in KINDS[kind] if f"{key}@{one}" in texts), text)
        for key, text in texts.items()
        if "@" not in key
    }


@cache
def list_languages() -> tuple[str, ...]:
    """Return the codes of all languages; the languages of names in the data come first.

    Examples
    --------
    >>> list_languages()
    ('en', 'uk', 'ru', 'pl')
    """
    files = (file.name for file in find_folder().iterdir())
    found = sorted(name.removesuffix(".json") for name in files if name.endswith(".json"))
    return tuple(sorted(found, key=_rank))


def _rank(code: str) -> int:
    return NAME_LANGUAGES.index(code) if code in NAME_LANGUAGES else len(NAME_LANGUAGES)


def check_language(language: object) -> None:
    """Raise :class:`DataError` if there are no texts in a language."""
    if not isinstance(language, str) or language not in list_languages():
        hint = did_you_mean(str(language), list_languages())
        raise DataError(f"Invalid language {language!r}. {hint}", parameter="language")


def read_translation(language: str) -> Translation:
    """Return the words of a language.

    Parameters
    ----------
    language
        Its code, as in :func:`list_languages`.

    Raises
    ------
    DataError
        There are no texts in the language; or the file has other keys or gaps than the English one.

    Examples
    --------
    >>> read_translation("uk").text("border_plain")
    'Кордон'
    """
    check_language(language)
    content = read_language_file(language)
    forms = content["plural"]["forms"]
    number_of = c2py(content["plural"]["rule"])
    return Translation(
        language,
        {**content["page"], **content["elsewhere"]},
        content["numbers"],
        content["date"],
        lambda n: str(forms[number_of(n)]),
    )


def translate_all(key: str, **values: object) -> dict[str, str]:
    """Return a text in every language.

    Examples
    --------
    >>> translate_all("border_plain")["en"]
    'Border'
    """
    return {to: read_translation(to).text(key, **values) for to in list_languages()}


def leave_out_english(by_language: Mapping[str, Any]) -> dict[str, Any]:
    """Return texts by language without those that equal the English text, which is the default.

    Examples
    --------
    >>> leave_out_english({"en": "Park", "uk": "Парк", "pl": "Park"})
    {'en': 'Park', 'uk': 'Парк'}
    """
    english = by_language[ENGLISH]
    return {to: text for to, text in by_language.items() if to == ENGLISH or text != english}


def name_in_all(label: Callable[[str], str]) -> dict[str, str]:
    """Return a name by language, without names that equal the English one.

    ``label`` returns the name in a language.
    """
    return leave_out_english({to: label(to) for to in list_languages()})


@cache
def read_language_file(language: str) -> Mapping[str, Any]:
    """Return the content of the file of a language, after a check.

    ``page`` holds the texts of pages and pictures, ``elsewhere`` texts that pages do not need.
    """
    text = (find_folder() / f"{language}.json").read_text("utf-8")
    content: dict[str, Any] = json.loads(text)
    if language != ENGLISH:
        check_texts(content, f"{language}.json")
    return content


def check_texts(content: Mapping[str, Any], file: str) -> None:
    """Raise :class:`DataError` if a file of texts has other keys or gaps than the English one.

    >>> check_texts({}, "xx.json")
    Traceback (most recent call last):
        ...
    geobuffer.errors.DataError: Invalid language file xx.json: no key 'plural'. Must be there, as in en.json.
    """  # noqa: E501 - the message is one line
    english = read_language_file(ENGLISH)
    _check_keys(english, content, file)
    forms = content["plural"]["forms"]
    for part in ("page", "elsewhere"):
        _check_keys(english[part], content[part], file)
        for key, text in english[part].items():
            _check_gaps(key, text, content[part][key], forms, file)


def _check_keys(wanted: Mapping[str, Any], given: Mapping[str, Any], file: str) -> None:
    for key in [*wanted, *given]:
        if key not in given:
            raise DataError(
                f"Invalid language file {file}: no key {key!r}. Must be there, as in en.json."
            )
        if key not in wanted:
            hint = did_you_mean(key, wanted)
            raise DataError(f"Invalid language file {file}: unknown key {key!r}. {hint}")


def _check_gaps(key: str, english: Any, text: Any, forms: list[str], file: str) -> None:
    """Raise :class:`DataError` if a text, or a form of it, has other gaps than the English text."""
    if isinstance(english, str) != isinstance(text, str):
        kind = "a text" if isinstance(english, str) else f"texts by {', '.join(forms)}"
        raise DataError(f"Invalid language file {file}: {key}. Must be {kind}, as in en.json.")
    if not isinstance(text, str) and list(text) != forms:
        raise DataError(
            f"Invalid language file {file}: {key} has the forms {', '.join(text)}. Must have "
            f"{', '.join(forms)}, as its plural says."
        )
    wanted = _list_gaps(english if isinstance(english, str) else english["other"])
    for one in [text] if isinstance(text, str) else text.values():
        if _list_gaps(one) != wanted:
            raise DataError(
                f"Invalid language file {file}: {key} is {one!r}. Must have the gaps "
                f"{', '.join(wanted) or 'none'}, as in en.json."
            )


def _list_gaps(text: str) -> list[str]:
    return sorted(set(_GAP.findall(text)) - _NAMES_OF_IT)

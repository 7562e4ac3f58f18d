"""Countries by code or name: ISO 3166 in two and three letters, names in three languages."""

from __future__ import annotations

import gettext
from typing import NamedTuple

import pycountry

from geobuffer.errors import DataError, did_you_mean
from geobuffer.zones.toponyms import LANGUAGES

# Not in ISO 3166; the codes that GeoNames, geoBoundaries, HDX and WorldPop all use.
_KOSOVO = {"XK", "XKX", "KOSOVO"}

# Oblasts of Ukraine whose number in its codifier (KATOTTG), and so in the p-codes of the United
# Nations, is not that of ISO 3166-2: Crimea, Luhansk, Chernivtsi, Kyiv city and Sevastopol.
_OTHER_NUMBERS = {"01": "43", "44": "09", "73": "77", "80": "30", "85": "40"}

# The bundled data, and so the sides of borders, call it so in every language.
_RUSSIA = {"en": "Russia", "uk": "Росія", "ru": "Россия"}


class Country(NamedTuple):
    """A country: its codes and its names by language."""

    alpha_2: str
    alpha_3: str
    names: dict[str, str]


def country_of(text: str) -> Country:
    """Return a country by its code in two or three letters, or its English name.

    Raises
    ------
    DataError
        There is none.

    Examples
    --------
    >>> country_of("ua").alpha_3, country_of("KOR").names["uk"], country_of("Ukraine").alpha_2
    ('UKR', 'Південна Корея', 'UA')
    """
    wanted = str(text).strip().upper()
    if wanted in _KOSOVO:
        return Country("XK", "XKX", {"en": "Kosovo"})
    if wanted in {"RU", "RUS", "RUSSIA"}:
        return Country("RU", "RUS", _RUSSIA)
    try:
        found = pycountry.countries.lookup(wanted)
    except LookupError:
        known = [c.name for c in pycountry.countries]
        end = did_you_mean(str(text), known)
        nearest = end if end.startswith("Did") else "Must be an ISO 3166 code, such as UA or UKR."
        raise DataError(f"Invalid country {text!r}. {nearest}") from None
    name = getattr(found, "common_name", found.name)
    names = {language: _in_language(name, language) for language in LANGUAGES}
    return Country(found.alpha_2, found.alpha_3, names)


def _in_language(name: str, language: str) -> str:
    if language == "en":
        return name
    names = gettext.translation("iso3166-1", pycountry.LOCALES_DIR, [language], fallback=True)
    return names.gettext(name)


def ukraine_iso(code: str) -> str:
    """Return the ISO 3166-2 code of the oblast that a KATOTTG code or a p-code lies in.

    Examples
    --------
    >>> ukraine_iso("UA59080330010086784"), ukraine_iso("UA44")
    ('UA-59', 'UA-09')
    """
    number = code[2:4]
    return f"UA-{_OTHER_NUMBERS.get(number, number)}"

"""Find countries by ISO 3166 code or by name, and the codes of Ukrainian oblasts."""

from __future__ import annotations

import gettext
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from geobuffer.errors import UnknownRegion, did_you_mean, require
from geobuffer.zones.toponyms import NAME_LANGUAGES, fold_name

if TYPE_CHECKING:
    from collections.abc import Mapping


# Oblasts of Ukraine whose number in KATOTTG codes differs from the number in ISO 3166-2: Crimea,
# Luhansk, Chernivtsi, Kyiv city and Sevastopol. The p-codes of the United Nations have the numbers
# of KATOTTG.
_OTHER_NUMBERS = {"01": "43", "44": "09", "73": "77", "80": "30", "85": "40"}

# Former and common names that are missing in CLDR and in ISO 3166.
_FORMER_NAMES = {
    "UK": "GB", "Turkey": "TR", "Czech Republic": "CZ", "Burma": "MM", "Ivory Coast": "CI",
    "Cape Verde": "CV", "Swaziland": "SZ", "Macedonia": "MK", "East Timor": "TL", "DR Congo": "CD",
}  # fmt: skip


class Country(NamedTuple):
    """A country: its ISO 3166-1 codes, and its names by language."""

    alpha_2: str
    alpha_3: str
    names: dict[str, str]


# Kosovo is not in ISO 3166. GeoNames, geoBoundaries, HDX and WorldPop all use these codes.
_KOSOVO = Country("XK", "XKX", {"en": "Kosovo"})
# ISO 3166 says "Russian Federation". The bundled data say "Russia", and the names of the sides of
# a border come from the data.
_RUSSIA = Country("RU", "RUS", {"en": "Russia", "uk": "Росія", "ru": "Россия"})
_NOT_AS_IN_ISO: Mapping[str, Country] = {"XK": _KOSOVO, "RU": _RUSSIA}

# The purpose of a missing package, for messages.
_PURPOSE = "A look-up of countries"


def find_country(text: object, *, among: tuple[str, ...] | None = None) -> str:
    """Return the code of a country, by its code or its name.

    Parameters
    ----------
    text
        An ISO 3166-1 code (two letters, three letters or three digits), or a name in English,
        Ukrainian or Russian: that of ISO 3166, of Unicode CLDR or a former one.
    among
        The codes to choose from. By default those of ISO 3166-1 and Kosovo.

    Raises
    ------
    UnknownRegion
        No country has that code or name.
    MissingExtra
        Neither the extra ``fetch`` nor the extra ``world`` is installed.

    Examples
    --------
    >>> find_country("ukr"), find_country("South Korea"), find_country("UK")
    ('UA', 'KR', 'GB')
    >>> find_country("Туреччина", among=("GB", "TR"))
    'TR'
    """
    codes = _all_codes() if among is None else among
    # No country has a name of two letters. The names of all countries take 0.3 s.
    if isinstance(text, str) and text.upper() in codes:
        return text.upper()
    found = _codes_by_name(codes).get(fold_name(text)) if isinstance(text, str) else None
    if found is None:
        hint = did_you_mean(str(text), [*sorted(country_names(codes, "en").values()), *codes])
        remedy = hint if hint.startswith("Did") else "Must be a name or an ISO 3166 code, as 'UA'."
        raise UnknownRegion(f"Invalid country {text!r}. {remedy}", parameter="country")
    return found


@cache
def _all_codes() -> tuple[str, ...]:
    return (*(country.alpha_2 for country in _iso_countries()), _KOSOVO.alpha_2)


@cache
def _codes_by_name(codes: tuple[str, ...]) -> Mapping[str, str]:
    """Return codes by folded code and name; the first country with a name keeps it."""
    countries = _iso_countries()
    names_by_language = [country_names(codes, language) for language in NAME_LANGUAGES]
    found: dict[str, str] = {}
    for code in codes:
        names = [code, *(names.get(code, "") for names in names_by_language)]
        if country := countries.get(alpha_2=code):
            names += [country.alpha_3, country.numeric]
            for kind in ("name", "common_name", "official_name"):
                iso = getattr(country, kind, "")
                names += [_translate_name(iso, language) for language in NAME_LANGUAGES if iso]
        if code == _KOSOVO.alpha_2:
            names.append(_KOSOVO.alpha_3)
        for name in filter(None, names):
            found.setdefault(fold_name(name), code)
    former = {fold_name(name): code for name, code in _FORMER_NAMES.items() if code in codes}
    return former | found


@cache
def country_names(codes: tuple[str, ...], language: str) -> Mapping[str, str]:
    """Return the names of countries in a language by code, from Unicode CLDR.

    Codes that CLDR does not have, as those of disputed territories, are left out.
    """
    babel = require("fetch", "babel", _PURPOSE)
    territories = babel.Locale(language).territories
    return {code: territories[code] for code in codes if code in territories}


def describe_country(text: str) -> Country:
    """Return the codes and names of a country, by a code or name that :func:`find_country` finds.

    Raises
    ------
    UnknownRegion, MissingExtra
        As :func:`find_country`.

    Examples
    --------
    >>> describe_country("ua").alpha_3, describe_country("KOR").names["uk"]
    ('UKR', 'Південна Корея')
    """
    code = find_country(text)
    if special := _NOT_AS_IN_ISO.get(code):
        return special
    country = _iso_countries().get(alpha_2=code)
    name = getattr(country, "common_name", country.name)
    names = {language: _translate_name(name, language) for language in NAME_LANGUAGES}
    return Country(country.alpha_2, country.alpha_3, names)


def _iso_countries() -> Any:
    return require("fetch", "pycountry", _PURPOSE).countries


def _translate_name(name: str, language: str) -> str:
    if language == "en":
        return name
    folder = require("fetch", "pycountry", _PURPOSE).LOCALES_DIR
    translations = gettext.translation("iso3166-1", folder, [language], fallback=True)
    return translations.gettext(name)


def ukraine_iso(code: str) -> str:
    """Return the ISO 3166-2 code of the oblast of a KATOTTG code or a p-code.

    Examples
    --------
    >>> ukraine_iso("UA59080330010086784"), ukraine_iso("UA44")
    ('UA-59', 'UA-09')
    """
    number = code[2:4]
    return f"UA-{_OTHER_NUMBERS.get(number, number)}"

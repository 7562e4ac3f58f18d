"""Find countries by ISO 3166 code or by name, and the codes of Ukrainian oblasts."""

from __future__ import annotations

import gettext
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from geobuffer.errors import DataError, UnknownRegion, did_you_mean, require
from geobuffer.zones.toponyms import LANGUAGES, fold_name

if TYPE_CHECKING:
    from collections.abc import Mapping


# Oblasts of Ukraine whose number in its codifier (KATOTTG) differs from that in ISO 3166-2:
# Crimea, Luhansk, Chernivtsi, Kyiv city and Sevastopol. The p-codes of the United Nations have
# the numbers of the codifier.
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
_NOT_AS_IN_ISO: Mapping[str, Country] = {
    "XK": _KOSOVO, "XKX": _KOSOVO, "KOSOVO": _KOSOVO,
    "RU": _RUSSIA, "RUS": _RUSSIA, "RUSSIA": _RUSSIA,
}  # fmt: skip


def find_country(text: object, *, among: tuple[str, ...] | None = None) -> str:
    """Return the code of a country, by its code or its name.

    Downloads and ``load_regions("world")`` have always accepted different names. ``among``
    chooses between the two.

    Parameters
    ----------
    text
        An ISO 3166-1 code of two or three letters, or a name.
    among
        Codes to choose from. With them, a country is also found by its Ukrainian, Russian or
        former name; this needs the extra ``world``. Without them, all countries are found, by
        code or by the English name in ISO 3166; this needs the extra ``fetch``.

    Raises
    ------
    DataError
        No country has that code or name; with ``among``, an UnknownRegion. Or the extra
        ``world`` is not installed.
    MissingExtra
        The extra ``fetch`` is not installed.

    Examples
    --------
    >>> find_country("ukr"), find_country("South Korea")
    ('UA', 'KR')
    >>> find_country("Туреччина", among=("GB", "TR")), find_country("UK", among=("GB", "TR"))
    ('TR', 'GB')
    """
    return _find_in_iso(text) if among is None else _find_by_any_name(text, among)


def _find_in_iso(text: object) -> str:
    wanted = str(text).strip().upper()
    if wanted in _NOT_AS_IN_ISO:
        return _NOT_AS_IN_ISO[wanted].alpha_2
    countries = _iso_countries()
    try:
        return str(countries.lookup(wanted).alpha_2)
    except LookupError:
        hint = did_you_mean(str(text), [country.name for country in countries])
        remedy = hint if hint.startswith("Did") else "Use an ISO 3166 code, such as UA or UKR."
        raise DataError(f"Invalid country {text!r}. {remedy}") from None


def _find_by_any_name(text: object, among: tuple[str, ...]) -> str:
    if not isinstance(text, str):
        raise UnknownRegion(f"Invalid country {text!r}. Use an ISO code or a name.")
    try:
        return _codes_by_name(among)[fold_name(text)]
    except KeyError:
        known = [*sorted(country_names(among, "en").values()), *among]
        raise UnknownRegion(f"Invalid country {text!r}. {did_you_mean(text, known)}") from None


@cache
def _codes_by_name(among: tuple[str, ...]) -> Mapping[str, str]:
    """Return codes by folded code and name; the first country with a name keeps it."""
    pycountry = require("world", "pycountry", _WORLD, error=DataError)
    names_by_language = [country_names(among, language) for language in LANGUAGES]
    found: dict[str, str] = {}
    for code in among:
        country = pycountry.countries.get(alpha_2=code)
        iso = (
            [country.alpha_3, country.name, getattr(country, "common_name", "")] if country else []
        )
        for name in (code, *(names.get(code, "") for names in names_by_language), *iso):
            if name:
                found.setdefault(fold_name(name), code)
    return {fold_name(name): code for name, code in _FORMER_NAMES.items()} | found


# What the message of a missing package says about its purpose.
_WORLD = "A region of the world"


@cache
def country_names(codes: tuple[str, ...], language: str) -> Mapping[str, str]:
    """Return the names of countries in a language by code, from Unicode CLDR.

    Codes that CLDR does not have, as those of disputed territories, are left out. Needs the
    extra ``world``.
    """
    babel = require("world", "babel", _WORLD, error=DataError)
    territories = babel.Locale(language).territories
    return {code: territories[code] for code in codes if code in territories}


def describe_country(text: str) -> Country:
    """Return the codes and names of a country, by a code or name that :func:`find_country` finds.

    Raises
    ------
    DataError
        No country has that code or name.
    MissingExtra
        The extra ``fetch`` is not installed.

    Examples
    --------
    >>> describe_country("ua").alpha_3, describe_country("KOR").names["uk"]
    ('UKR', 'Південна Корея')
    """
    special = _NOT_AS_IN_ISO.get(str(text).strip().upper())
    if special is not None:
        return special
    country = _iso_countries().get(alpha_2=find_country(text))
    name = getattr(country, "common_name", country.name)
    names = {language: _translate_name(name, language) for language in LANGUAGES}
    return Country(country.alpha_2, country.alpha_3, names)


def _iso_countries() -> Any:
    return require("fetch", "pycountry", "A download").countries


def _translate_name(name: str, language: str) -> str:
    if language == "en":
        return name
    folder = require("fetch", "pycountry", "A download").LOCALES_DIR
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

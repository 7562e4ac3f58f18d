"""Read the unit of the values of a raster from the words in its metadata.

We understand words such as "people per hectare", "persons/km²", "thousand people" and "people per
pixel". Other units of a density and units of other quantities raise an error.
"""

from __future__ import annotations

import math
import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from geobuffer.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence


class Statements(NamedTuple):
    """The texts in the metadata of a raster about its values, the most reliable ones first."""

    units: Sequence[str] = ()
    """Texts that are units."""
    descriptions: Sequence[str] = ()
    """Descriptions of the band."""
    titles: Sequence[str] = ()
    """Titles and other prose, which may mention several units."""


class Reading(NamedTuple):
    """How the values of a raster become people: in a pixel, or on a square kilometre."""

    factor: float
    """People in a value of 1."""
    is_density: bool
    note: str = ""
    """A note for the user if the unit in the file changes the values; else empty."""


class _Unit(NamedTuple):
    """What a text says about a unit; ``None`` where it says nothing."""

    text: str
    km2: float | None = None
    """The area on which people are counted: 0 for a pixel, NaN for a density without an area."""
    multiple: float | None = None
    unknown: str = ""
    """The words of a unit that is not one of people."""


# Lengths in kilometres whose squares are areas. The mile has 1,609.344 m, the yard 0.9144 m and the
# foot 0.3048 m.
_LENGTHS = (
    (1.0, r"km|kms|[ck]il[oóò]m[eèé]tr\w*|kilometers?|quilómetros?|км|кілометр\w*|километр\w*"),
    (1.609344, r"mi|miles?|мил[яьиі]\w*|миль"),
    (1e-3, r"m|met(?:er|re)s?|mètres?|metros?|meter|м|метр\w*"),
    (3.048e-4, r"ft|feet|foot"),
    (9.144e-4, r"yd|yards?"),
    (0.1, r"hm"),
)
_SQUARE = r"(?:sq|sqr|square|кв|квадратн\w+|quadrat|kw|q)"
_SQUARED = r"(?:\^? ?2|sq|squared?|carr[eé]s?|cuadrad[oa]s?|quadrad[oa]s?|kwadratow\w+)"
# A hectare has 0.01 km², an acre 4,046.8564224 m² (a 640th of a square mile).
_AREAS = (
    (0.01, r"ha|hectares?|hekt[aá]r\w*|hect[aá]reas?|га|гектар\w*"),
    (4046.8564224e-6, r"acres?|ac|акр\w*"),
)
_AREA_WORDS = "|".join(
    [f"(?P<a{n}>{words})" for n, (_, words) in enumerate(_AREAS)]
    + [
        f"(?P<b{n}>{_SQUARE}[ -]?(?:{words})|(?:{words}) ?{_SQUARED})"
        for n, (_, words) in enumerate(_LENGTHS)
    ]
)
_KM2 = {f"a{n}": km2 for n, (km2, _) in enumerate(_AREAS)} | {
    f"b{n}": km**2 for n, (km, _) in enumerate(_LENGTHS)
}

_NUMBER = r"(?:(?P<number>\d{1,3}(?:[ ,]000)+|\d+(?:\.\d+)?) ?)?"
_PIXEL = (
    r"(?:grid ?-?)?(?:cells?|pixels?|pix|px|squares?)|gridcells?|піксел\w*|пиксел\w*|клітин\w*|"
    r"комірк\w*|ячейк\w*|клетк\w*|raster ?zellen?|zellen?|pikseln?\w*|komórk\w*|celdas?|cellules?"
)
_PER = r"(?:\bper\b|/|\bpro\b|\bje\b|\bpar\b|\bpor\b|\bna\b|\bна\b)"
_BETWEEN = r"(?: ?(?:a|an|each|one|the|jede[nrs]?|каждый|кожен))? ?"
# "people per 100 m grid cell": up to six words may stand in between.
_PER_PIXEL = re.compile(rf"{_PER}{_BETWEEN}(?:[^\s/()]+ ){{0,6}}?\(?(?:{_PIXEL})\b")
_PER_AREA = re.compile(rf"{_PER}{_BETWEEN}{_NUMBER}(?:{_AREA_WORDS})(?!\w)(?! ?(?:{_PIXEL})\b)")
# "people km-2", "ha^-1", and abbreviations of WorldPop: ppp is people per pixel, pph per hectare.
_INVERSE = re.compile(
    r"(?<!\w)(?:(?P<b0>km|км)|(?P<b1>mi|miles?)|(?P<b2>m|м)|(?P<a0>ha|га)|(?P<a1>acres?)|"
    r"(?P<pixel>pixel|px|cell))\^? ?- ?\^?(?:1|2)\b"
)
_SHORT = {"ppp": 0.0, "pph": 0.01, "ppkm2": 1.0, "ppsqkm": 1.0, "ppskm": 1.0}
# In a text that is a unit, an area after a word is the area of a density: "pop km2".
_BARE_AREA = re.compile(rf"(?<=\w ){_NUMBER}(?:{_AREA_WORDS})$")
_DENSITY = re.compile(r"densit|densid|щільн|густот|плотност|dichte|gęsto")
_COUNT = re.compile(r"\b(?:head ?)?counts?\b")

_PEOPLE = (
    r"(?:people|persons?|pers|inhabitants?|inhab|residents?|pop(?:ulation)?|ppl|capita|heads?|"
    r"осіб|особ\w*|людей|люди|мешканц\w*|жител\w*|чол\w*|чел\w*|населен\w*|einwohner|osób|hab\w*)"
)
_THOUSAND = (
    r"thousands?|thsd|thous|тис|тисяч\w*|тыс|тысяч\w*|tausend|tsd|tys|milliers?|"
    r"x? ?1[ ,']?000s?|'?000s?|x? ?10 ?\^ ?3|1e\+?0?3|k(?= )"
)
_MULTIPLES = (
    (1e6, r"millions?|mln|mio|мільйон\w*|миллион\w*|млн|x? ?10 ?\^ ?6"),
    (1e3, _THOUSAND),
    (1e2, r"hundreds?|сот\w*|hundert|x? ?10 ?\^ ?2"),
)
# In prose such a word counts only before a word for people, in brackets or after "in", because
# "1000" may be a resolution.
_IN_PROSE = rf"(?:(?P<w>{{}})(?: of)? {_PEOPLE}\b|(?:\(|\bin )(?P<v>{{}})\)?)"
_RATE = re.compile(rf"\bper ?\d|\bper [^\W\d_]\w*|{_PEOPLE} ?/ ?\w+")
_RATE_OF_PEOPLE = re.compile(rf"{_PEOPLE} (?:per [^\W\d_]\w*|/ ?\w+)")
# Units of other quantities, such as an elevation or a share. An area alone is such a unit, too.
_OTHERS = frozenset({
    "m", "km", "mm", "cm", "metre", "metres", "meter", "meters", "kilometre", "kilometres", "ft",
    "feet", "deg", "degree", "degrees", "°", "°c", "c", "celsius", "kelvin", "k", "%", "percent",
    "per cent", "kg", "t", "tons", "tonnes", "usd", "eur", "$", "€", "dollars", "year", "years",
    "s", "seconds", "minutes", "hours", "household", "households", "dwellings", "buildings", "dn",
    "db",
})  # fmt: skip
_AREA_ALONE = re.compile(rf"{_NUMBER}(?:{_AREA_WORDS})")


def read_unit(name: str, stated: Statements, values: str) -> Reading:
    """Return how the values of a raster become people.

    Parameters
    ----------
    name
        The name of the raster, for messages.
    stated
        The texts in its metadata.
    values
        What pixels hold, as the caller states: ``"counts"`` or ``"density"``.

    Raises
    ------
    DataError
        The metadata contradict ``values`` or themselves, or state another unit than one of people.

    Examples
    --------
    >>> round(read_unit("a.tif", Statements(["people per hectare"]), "density").factor, 6)
    100.0
    >>> read_unit("a.tif", Statements(["thousand people"]), "counts").factor
    1000.0
    >>> read_unit("a.tif", Statements(["people per pixel"]), "density")
    Traceback (most recent call last):
    geobuffer.errors.DataError: Invalid values 'density': a.tif states 'people per pixel'. Must ...
    """
    area, multiple = _choose_unit(name, stated)
    is_density = values == "density"
    if area is not None and area.km2 is not None and (area.km2 == 0.0) == is_density:
        other = "counts" if is_density else "density"
        raise DataError(
            f"Invalid values {values!r}: {name} states {area.text!r}. Must be {other!r}.",
            parameter="values",
        )
    factor, texts = 1.0, []
    if multiple is not None and multiple.multiple:
        factor, texts = multiple.multiple, [multiple.text]
    if area is not None and area.km2 and not math.isnan(area.km2) and area.km2 != 1.0:
        factor, texts = factor / area.km2, [area.text, *texts]
    if not texts:
        return Reading(1.0, is_density)
    said = " and ".join(repr(text) for text in dict.fromkeys(texts))
    people = "people per square kilometre" if is_density else "people"
    note = f"it states {said}, so a value of 1 counts as {factor:,.6g} {people}."
    return Reading(factor, is_density, note)


def _choose_unit(name: str, stated: Statements) -> tuple[_Unit | None, _Unit | None]:
    """Return the units that state the area and the multiple, from the most reliable texts."""
    found: list[_Unit | None] = [None, None]
    for level, texts in enumerate(stated):
        units = [_parse_unit(text, level) for text in dict.fromkeys(texts) if text.strip()]
        for unit in units:
            if unit.unknown:
                raise _unknown_error(name, unit)
        for which, field in enumerate(("km2", "multiple")):
            known = [unit for unit in units if getattr(unit, field) is not None]
            distinct = {str(getattr(unit, field)): unit for unit in known}
            if "nan" in distinct and len(distinct) > 1:  # "density" beside a density with an area
                del distinct["nan"]
            if len(distinct) > 1 and level < _PROSE:
                shown = " and ".join(repr(unit.text) for unit in distinct.values())
                raise DataError(
                    f"Ambiguous unit of {name}: it states {shown}. Must be one: rio edit-info "
                    "--bidx 1 --units 'people per km2'."
                )
            if len(distinct) == 1 and found[which] is None:
                found[which] = next(iter(distinct.values()))
    return found[0], found[1]


def _unknown_error(name: str, unit: _Unit) -> DataError:
    return DataError(
        f"Invalid unit of {name}: it states {unit.text!r}. Must be people per pixel, or per square "
        "kilometre, hectare or square mile, also in thousands: convert the raster, or correct what "
        "it states: rio edit-info --bidx 1 --units 'people per km2'."
    )


def _parse_unit(stated: str, level: int) -> _Unit:
    """Return the unit in a text; ``level`` is the position of its kind in :class:`Statements`."""
    shown = " ".join(stated[:_LONGEST].split())
    text = _plain_text(stated[:_LONGEST])
    if level == 0 and (text in _OTHERS or _AREA_ALONE.fullmatch(text)):
        return _Unit(shown, unknown=text)
    km2, rest = _find_area(text, is_unit=level == 0)
    if level == _PROSE and km2 and _PER_PIXEL.search(text):
        km2 = None  # it mentions several units
    if km2 is None and level < _PROSE:
        if rate := (_RATE if level == 0 else _RATE_OF_PEOPLE).search(text):
            return _Unit(shown, unknown=rate[0])
        # The title of a raster of counts may be "population density map", so prose proves nothing.
        if _DENSITY.search(text):
            km2 = float("nan")
        elif _COUNT.search(text):
            km2 = 0.0
    return _Unit(shown, km2, _find_multiple(rest, is_unit=level == 0))


# The position of titles and prose in Statements.
_PROSE = 2
# Longer texts are articles; we do not search them for a unit.
_LONGEST = 300

_SIGNS = str.maketrans(
    {"²": "^2", "³": "^3", "⁻": "-", "¹": "1", "−": "-", "–": "-", "×": "x", "·": " ", "∕": "/",
     "⁄": "/", "_": " ", "’": "'", '"': " ", "{": "", "}": "", ";": " "}
)  # fmt: skip


def _plain_text(text: str) -> str:
    """Return a text in small letters, with plain signs and without the points of abbreviations."""
    plain = unicodedata.normalize("NFKC", text.translate(_SIGNS)).replace("**", "^").casefold()
    plain = re.sub(r"\.(?!\d)", " ", plain).replace("*", "x")
    return " ".join(re.sub(r" ?/ ?", "/", plain).split())


def _find_area(text: str, *, is_unit: bool) -> tuple[float | None, str]:
    """Return the area on which people are counted (0: a pixel), and the text without its words."""
    short = next((word for word in text.split() if word in _SHORT), None)
    if short is not None:
        return _SHORT[short], text
    if match := _PER_AREA.search(text) or _INVERSE.search(text):
        pass
    elif match := _PER_PIXEL.search(text):
        return 0.0, text.replace(match[0], " ")
    elif not (is_unit and (match := _BARE_AREA.search(text))):
        return None, text
    groups = match.groupdict()
    number = float(re.sub("[ ,]", "", groups.pop("number", None) or "1"))
    which = next(key for key, words in groups.items() if words)
    km2 = 0.0 if which == "pixel" else number * _KM2[which]
    return km2, text.replace(match[0], " ")


def _find_multiple(text: str, *, is_unit: bool) -> float | None:
    for multiple, words in _MULTIPLES:
        pattern = (
            rf"(?<![\w.,])(?:{words})(?![\w.,]\d)\b" if is_unit else _IN_PROSE.format(words, words)
        )
        if re.search(pattern, text):
            return multiple
    return None

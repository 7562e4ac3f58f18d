"""Read coordinates as people write them: degrees with letters, minutes and seconds; pairs; WKT.

Tables, the command line and messages share these rules. We cut a text into tokens, and write each
token as one letter of a code: ``51°07'22.8"N`` is ``i°i'f"H``. A pattern decides which codes are
one coordinate. A text is a pair if its code can be cut into two coordinates in exactly one way. A
text with several readings raises an error that says why.
"""

from __future__ import annotations

import json
import math
import re
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

from geobuffer.zones.map_links import LinkError, LinkPair, find_link_pairs
from geobuffer.zones.quantities import MAX_CHARACTERS, NO_NUMBER, NOT_KNOWN

#: What a pair of coordinates must be, for messages.
PAIR_FORMS = (
    "Must be latitude and longitude, such as 51.27 34.63, 51.27° N, 34.63° E or "
    "51°16′12″N 34°37′48″E."
)

#: Texts that mean "no coordinate", in small letters.
NO_COORDINATE = NO_NUMBER | NOT_KNOWN | {"point empty"}

# A pair is two coordinates with words between; an address is much longer.
_MAX_PAIR = 2 * MAX_CHARACTERS
_MAX_LINK = 4_000  # addresses of Google Maps with all their data have up to some 2,000 characters

_LAT, _LON = "latitude", "longitude"


@cache
def load_coordinate_words() -> dict[str, Any]:
    """Return the words and signs of coordinates; the page uses the same file."""
    words: dict[str, Any] = json.loads(
        resources.files("geobuffer.zones").joinpath("coordinate_words.json").read_text("utf-8")
    )
    return words


_WORDS = load_coordinate_words()
_SIGNS = str.maketrans({old: new for new, signs in _WORDS["signs"].items() for old in signs})
# Signs without width, which web pages and messengers add to copied text.
_REMOVED = re.compile(f"[{_WORDS['removed']}]")

_TOKEN = re.compile(
    r"(?P<number>(?:(?<![0-9])-|\+)?(?:[0-9]+(?:\.[0-9]*)?|(?<!\w)\.[0-9]+)(?:[eE][+-][0-9]{1,2})?)"
    r"|(?P<unit>[°'\"])|(?P<word>[^\W\d_]+)|(?P<mark>[,;/|~])|(?P<joint>(?<=[0-9])[:-](?=[0-9]))"
    r"|(?P<other>\S)"
)

# The axis and the sign of a hemisphere, by word and by the beginning of a word. The sign is 0 for
# the name of an axis.
_SIDES, _STEMS = (
    {word: (side[0], side[1]) for side in _WORDS["sides"] for word in side[place].split()}
    for place in (2, 3)
)
_UNITS = {word: unit for unit, words in _WORDS["units"].items() for word in words.split()}
# These letters may mean seconds or a hemisphere; we decide by the text around them.
_SECONDS = set("sсSС")
# Words that say only that coordinates follow.
_NOISE = set(_WORDS["noise"].split())

# The code of one coordinate: a number, or whole degrees with minutes and seconds. i is a number
# without decimals, f one with decimals; I and F are numbers with a sign.
_NUMBERS = r"[iI]°?[:-]?i'?[:-]?[if]\"?|[iI]°?[:-]?[if]'?|[ifIF]°?"
_COORDINATE = re.compile(rf"(?P<before>[HA]*)(?P<numbers>{_NUMBERS})(?P<after>[HA]*)")
# KoBo and GPS devices write latitude, longitude, height and then the accuracy.
_WITH_HEIGHT = re.compile(r"(?:[fF],[fF])(,[ifIF])|(?:[fF][fF])([ifIF]{1,2})")
_ISO_6709 = re.compile(
    r"([+-])([0-9]{2}|[0-9]{4}|[0-9]{6})(\.[0-9]+)?([+-])([0-9]{3}|[0-9]{5}|[0-9]{7})(\.[0-9]+)?"
    r"(?:[+-][0-9.]+)?(?:CRS\w+)?/?"
)
_WKT_POINT = re.compile(
    r"(?:SRID\s*=\s*(?P<srid>[0-9]+)\s*;)?\s*POINT\s*(?:ZM|Z|M)?\s*\(\s*(?P<x>[^\s(),]+)\s+"
    r"(?P<y>[^\s(),]+)(?:\s+[^\s(),]+){0,2}\s*\)",
    re.IGNORECASE,
)
_GEOJSON = re.compile(
    r'\{\s*"type"\s*:\s*"Point"\s*,\s*"coordinates"\s*:\s*\[\s*(?P<x>[^\s,\]]+)\s*,\s*'
    r"(?P<y>[^\s,\]]+)[^\]]*\]\s*\}"
)
_WKT = re.compile(
    r"(?:SRID\s*=\s*[0-9]+\s*;)?\s*(?:MULTI)?(?:POINT|LINESTRING|POLYGON|GEOMETRYCOLLECTION)\b.*\(",
    re.IGNORECASE,
)
_DECIMAL = re.compile(r"[+-]?[0-9]+(?:\.[0-9]*)?(?:e[+-]?[0-9]{1,3})?", re.IGNORECASE)
_PLAIN = re.compile(r"\s*([+-]?\d+(?:[.,]\d*)?(?:e[+-]?\d+)?)\s*°?\s*", re.IGNORECASE)
_ZEROS = re.compile(r"0+(?:\.0*)?(?:(?: ?[,;] ?| )0+(?:\.0*)?){1,3}")
_DIGITS_COMMA = re.compile(r"(?<=[0-9]),(?=[0-9])")


# The digits of degrees and minutes, and of degrees, minutes and seconds, without marks.
_COMPACT = {_LAT: (4, 6), _LON: (5, 7)}


class CoordinateError(ValueError):
    """A text is not a coordinate; the message is the reason, without the text."""


class Position(NamedTuple):
    """A pair of coordinates in degrees."""

    latitude: float
    """NaN, like the longitude, for a text such as "n/a"."""
    longitude: float
    is_certain: bool
    """Whether the text says which number is the latitude; if not, we take the first one."""


class _Token(NamedTuple):
    """A part of a text."""

    code: str
    """Its letter in the code."""
    text: str
    axis: str = ""
    """The axis of a hemisphere, or the axis that is named."""
    sign: int = 0
    """1 or −1 for a hemisphere, otherwise 0."""


class _Coordinate(NamedTuple):
    """One coordinate of a text."""

    degrees: float
    axis: str
    """Empty if no letter or word states it."""
    is_marked: bool
    """Whether a letter, a word or a sign shows that its numbers are one coordinate."""


def parse_coordinate(text: str, axis: str) -> float:
    """Return a coordinate in degrees; NaN for a text such as "n/a".

    Parameters
    ----------
    text
        The text, of at most ``MAX_CHARACTERS``.
    axis
        ``"latitude"`` or ``"longitude"``.

    Raises
    ------
    CoordinateError
        The text is not a coordinate, has several readings, or is a coordinate of the other axis.

    Examples
    --------
    >>> parse_coordinate("35,27", "longitude"), parse_coordinate("51°11′30″ пн. ш.", "latitude")
    (35.27, 51.191666666667)
    >>> parse_coordinate("51.19 N", "longitude")
    Traceback (most recent call last):
    geobuffer.zones.coordinates.CoordinateError: its letters state a latitude
    """
    if len(text) > MAX_CHARACTERS:
        raise CoordinateError("it is too long")
    if match := _PLAIN.fullmatch(text):  # the usual case
        number = float(match[1].replace(",", "."))
        if math.isinf(number):
            raise CoordinateError("it is too large")
        return number
    plain = _simplify(text)
    if plain.casefold() in NO_COORDINATE or not plain:
        return math.nan
    found = _read_coordinate(_split_tokens(_DIGITS_COMMA.sub(".", plain)) or [])
    if not found.is_marked:
        raise CoordinateError("its numbers may be degrees, minutes and seconds, or others")
    if found.axis not in {"", axis}:
        raise CoordinateError(f"its letters state a {found.axis}")
    return found.degrees


def parse_position(text: str, *, in_degrees: bool = True) -> Position | None:
    r"""Return the pair of coordinates that a text states; ``None`` if it is some other text.

    Degrees may have letters, words, minutes and seconds. The text may also be a ``geo:`` address,
    a point in WKT or EWKT, or the web address of an online map. Without letters, the first number
    is the latitude; in WKT, the first number is the longitude.

    Parameters
    ----------
    text
        The text.
    in_degrees
        Whether bare numbers must be degrees too; then a latitude of 136 raises an error.

    Raises
    ------
    CoordinateError
        The text is about coordinates, but is not one pair, or has several readings.

    Examples
    --------
    >>> parse_position("51°07'22.8\"N 35°02'16.8\"E")
    Position(latitude=51.123, longitude=35.038, is_certain=True)
    >>> parse_position("51,123; 35,038")
    Position(latitude=51.123, longitude=35.038, is_certain=False)
    >>> parse_position("POINT(35.038 51.123)").latitude, parse_position("Yunakivka")
    (51.123, None)
    >>> parse_position("51.123 N, 35.038 N")
    Traceback (most recent call last):
    geobuffer.zones.coordinates.CoordinateError: both are latitudes
    """
    position = _parse_special(text.strip())
    if position is None:
        if len(text) > _MAX_PAIR:
            return None
        plain = _simplify(text)
        if plain.casefold() in NO_COORDINATE:
            return Position(math.nan, math.nan, is_certain=True)
        position = _parse_pair(plain)
    if position is not None and (in_degrees or position.is_certain):
        _check_range(position)
    return position


def _parse_special(text: str) -> Position | None:
    """Return the position of an address, WKT or ISO 6709; ``None`` for other texts."""
    if len(text) > _MAX_LINK:
        return None
    try:
        pairs = find_link_pairs(text)
    except LinkError as error:
        raise CoordinateError(str(error)) from error
    if pairs is not None:
        return _parse_link(pairs)
    if len(text) > _MAX_PAIR:
        return None
    return _parse_wkt(text) or _parse_iso(text)


def _parse_link(pairs: list[LinkPair]) -> Position:
    """Return the position of the first text of an address that is a pair of coordinates."""
    for pair in pairs:
        try:
            found = _parse_pair(_simplify(pair.text))
        except CoordinateError:
            continue
        if found is not None:
            lat, lon = found[1::-1] if pair.longitude_first else found[:2]
            return Position(lat, lon, is_certain=True)
    raise CoordinateError("its address states no coordinates of a place")


def _parse_wkt(text: str) -> Position | None:
    """Return the position of a point in WKT, EWKT or GeoJSON; ``None`` for other texts."""
    if match := _WKT_POINT.fullmatch(text) or _GEOJSON.fullmatch(text):
        srid = match.groupdict().get("srid")
        if srid not in {None, "4326", "4979"}:
            raise CoordinateError(f"SRID {srid} is not longitude and latitude (4326)")
        if not (_DECIMAL.fullmatch(match["x"]) and _DECIMAL.fullmatch(match["y"])):
            raise CoordinateError("the numbers of its point are not numbers")
        return Position(float(match["y"]), float(match["x"]), is_certain=True)
    if _WKT.match(text):
        raise CoordinateError("it is not the WKT of one point")
    return None


def _parse_iso(text: str) -> Position | None:
    """Return the position of ISO 6709, such as ``+51.123+035.038/`` or ``+5107.38+03502.28/``."""
    if not (match := _ISO_6709.fullmatch(text)):
        return None
    values = []
    for width, (sign, digits, decimals) in ((2, match.group(1, 2, 3)), (3, match.group(4, 5, 6))):
        size = _split_digits(digits + (decimals or ""), width)
        values.append(-size if sign == "-" else size)
    lat, lon = values
    return Position(lat, lon, is_certain=True)


def _split_digits(digits: str, width: int) -> float:
    """Return the degrees of DD, DDMM or DDMMSS; the degrees have ``width`` digits."""
    whole = digits.partition(".")[0]
    cuts = [0, *range(width, len(whole), 2)]
    parts = [digits[a:b] for a, b in zip(cuts, [*cuts[1:], len(digits)], strict=True)]
    return _join_parts(parts)


def _simplify(text: str) -> str:
    """Return a text with plain signs, and without signs that have no width."""
    plain = " ".join(_REMOVED.sub("", text).translate(_SIGNS).split()).replace("''", '"')
    plain = re.sub(r"(?i)\bwgs[ -]?84\b:?", " ", plain).strip(" ,;@").removesuffix(".")
    # Quotes around the whole text; Excel writes an apostrophe before a number that is a text.
    if plain[:1] in {"'", '"'}:
        return plain[1:].removesuffix(plain[0]).strip()
    return plain


def _parse_pair(plain: str) -> Position | None:
    """Return the pair of a text with plain signs; ``None`` if it holds other words."""
    if _ZEROS.fullmatch(plain):  # many programs write zeros for an unknown place
        return Position(0.0, 0.0, is_certain=False)
    tokens = _split_tokens(_resolve_commas(plain))
    if tokens is None or sum(token.code in "ifIF" for token in tokens) == 0:
        return None
    pair = _find_pair(tokens)
    codes = "".join(token.code for token in tokens)
    if pair is None and (match := _WITH_HEIGHT.fullmatch(codes)):
        pair = _find_pair(tokens[: match.start(match.lastindex or 0)])
    if pair is None:
        is_one = _match_form(tokens) is not None
        raise CoordinateError(
            "it is one coordinate only" if is_one else "it is no pair of coordinates"
        )
    return _name_axes(*pair)


def _resolve_commas(plain: str) -> str:
    """Return a text with points in place of decimal commas."""
    between = len(_DIGITS_COMMA.findall(plain))
    if not between or re.search(r"[0-9]\.[0-9]", plain):
        return plain
    if re.fullmatch(r"[+-]?[0-9]+,[+-]?[0-9]+", plain):
        one, two = plain.split(",")
        raise CoordinateError(f"it may mean {one}.{two} alone, or {one} and {two}")
    if re.fullmatch(r"[+-]?[0-9]+(?:,[+-]?[0-9]+){2,}", plain):
        raise CoordinateError("its commas may mark decimals, or stand between numbers")
    return _DIGITS_COMMA.sub(".", plain)


def _name_axes(one: _Coordinate, two: _Coordinate) -> Position:
    """Decide by letters, or else by order, which coordinate is the latitude."""
    if one.axis and one.axis == two.axis:
        raise CoordinateError(f"both are {one.axis}s")
    if one.axis == _LON or two.axis == _LAT:
        one, two = two, one
    return Position(one.degrees, two.degrees, is_certain=bool(one.axis or two.axis))


def _check_range(position: Position) -> None:
    lat, lon, _ = position
    # Charts of the Pacific have longitudes up to 360.
    if abs(lat) > 90.0:
        swapped = " (is it the longitude?)" if abs(lon) <= 90.0 and abs(lat) <= 360.0 else ""
        raise CoordinateError(f"latitude {lat:.10g} is beyond ±90{swapped}")
    if abs(lon) > 360.0:
        raise CoordinateError(f"longitude {lon:.10g} is beyond ±180")


def _find_pair(tokens: list[_Token]) -> tuple[_Coordinate, _Coordinate] | None:
    """Return the two coordinates that tokens form; ``None`` if they form no pair.

    Raises
    ------
    CoordinateError
        There are several ways to cut, or a coordinate is contradictory or out of range.
    """
    found: dict[tuple[_Coordinate, _Coordinate] | str, None] = {}
    for cut in range(1, len(tokens)):
        behind = cut + (tokens[cut].code in ",;")
        one, two = tokens[:cut], tokens[behind:]
        if not (_match_form(one) and _match_form(two)):
            continue
        if behind == cut and _is_between_letters(one, two):
            continue
        try:
            found[_read_coordinate(one), _read_coordinate(two)] = None
        except CoordinateError as error:
            found[str(error)] = None
    if len(found) > 1:
        raise CoordinateError("it has several readings; write ° after the degrees")
    (pair,) = found or (None,)
    if isinstance(pair, str):
        raise CoordinateError(pair)
    return pair


def _is_between_letters(one: list[_Token], two: list[_Token]) -> bool:
    """Return whether a cut separates a number from its letter.

    A letter belongs to the number before it, unless the first letter stands before a number.
    """
    begins, ends, follows = (token.code in "HA" for token in (one[0], one[-1], two[0]))
    return (follows and not begins) or (begins and ends and not follows)


def _match_form(tokens: list[_Token]) -> re.Match[str] | None:
    return _COORDINATE.fullmatch("".join(token.code for token in tokens))


def _read_coordinate(tokens: list[_Token]) -> _Coordinate:
    """Return the coordinate that tokens form.

    Raises
    ------
    CoordinateError
        The tokens do not form a coordinate or contradict each other, or minutes or seconds are 60
        or more.
    """
    match = _match_form(tokens)
    if match is None:
        raise CoordinateError("it is not a number of degrees")
    start, stop = match.span("numbers")
    names = tokens[:start] + tokens[stop:]
    axis, sign = _read_names(names)
    parts = [token.text for token in tokens[start:stop] if token.code in "ifIF"]
    numbers = match["numbers"]
    # Aviation writes 5107N, 510722N and 0350216E.
    if sign and numbers in {"i", "f"} and len(parts[0].partition(".")[0]) in _COMPACT[axis]:
        degrees = _split_digits(parts[0], min(_COMPACT[axis]) - 2)
    else:
        degrees = _join_parts(parts)
    if sign and parts[0][0] in "+-":
        raise CoordinateError("it has a sign and the letter of a hemisphere")
    is_marked = len(parts) == 1 or bool(axis or set(numbers) & set("°'\":"))
    return _Coordinate(degrees * (sign or 1), axis, is_marked)


def _read_names(tokens: list[_Token]) -> tuple[str, int]:
    """Return the axis and the sign that letters and words state: ``("", 0)`` without any."""
    sides = {(token.axis, token.sign) for token in tokens if token.sign}
    axes = {token.axis for token in tokens}
    if len(sides) > 1 or len(axes) > 1 or len([t for t in tokens if t.sign]) > 1:
        shown = " and ".join(token.text for token in tokens)
        raise CoordinateError(f"{shown} contradict each other")
    return next(iter(axes), ""), next(iter(sides), ("", 0))[1]


def _join_parts(parts: list[str]) -> float:
    """Return texts of degrees, minutes and seconds as degrees."""
    degrees, minutes, seconds = (float(part) for part in [*parts, "0", "0"][:3])
    for amount, word in ((minutes, "minutes"), (seconds, "seconds")):
        if amount >= 60.0:
            raise CoordinateError(f"{amount:g} {word}; must be under 60")
    if len(parts) == 1:
        return degrees
    # Rounded to a tenth of a micrometre, so that 35°02'16.8" equals 35.038 exactly.
    size = round((abs(degrees) * 3600.0 + minutes * 60.0 + seconds) / 3600.0, 12)
    return -size if parts[0].startswith("-") else size


def _split_tokens(plain: str) -> list[_Token] | None:
    """Return the tokens of a text; ``None`` for a text with other words."""
    tokens: list[_Token] = []
    before = ""
    for match in _TOKEN.finditer(plain):
        kind, text = match.lastgroup or "", match[0]
        if kind == "word":
            words = _read_word(text, tokens, plain[match.end() :])
            if words is None:
                return None
            tokens.extend(words)
        elif kind == "other":
            if not (text in ".=:" and before == "word"):
                return None
            continue
        else:
            tokens.append(_Token(_encode(kind, text), text))
        before = kind
    return tokens


def _encode(kind: str, text: str) -> str:
    """Return the letter that stands for a token in a code."""
    if kind == "mark":
        return "," if text == "," else ";"
    if kind != "number":
        return text
    code = "f" if "." in text.rstrip(".") or "e" in text.casefold() else "i"
    return code.upper() if text[0] in "+-" else code


def _read_word(text: str, before: list[_Token], rest: str) -> list[_Token] | None:
    """Return the tokens of a word, by the text around it; ``None`` for an unknown word."""
    word = text.casefold()
    if word in _NOISE:
        return []
    follows_number = bool(before) and before[-1].code in "ifIF"
    if follows_number and text in _SECONDS and _is_seconds(text, before, rest):
        return [_Token('"', text)]
    if follows_number and word in _UNITS:
        return [_Token(_UNITS[word], text)]
    if word in {"o", "о"} and follows_number and rest[:1].isdigit():
        return [_Token("°", text)]
    if word in {"o", "о"} and before and before[-1].code in "ifIF°'\"":
        raise CoordinateError(f"{text} may be east (in German) or west (in French)")
    if named := _name_side(word):
        # In Ukrainian, "с. д." is eastern longitude; in Russian, "с. ш." is northern latitude.
        if before and before[-1].text in {"с", "С"} and named == (_LON, 0):
            before[-1] = _Token("H", before[-1].text, _LON, 1)
        axis, sign = named
        return [_Token("H" if sign else "A", text, axis, sign)]
    return _split_word(text, follows_number=follows_number)


def _name_side(word: str) -> tuple[str, int] | None:
    """Return the axis of a word and its sign (0 for the name of an axis)."""
    if word in _SIDES:
        return _SIDES[word]
    return next((side for stem, side in _STEMS.items() if word.startswith(stem)), None)


def _split_word(text: str, *, follows_number: bool) -> list[_Token] | None:
    """Return the unit and the hemisphere of a word such as ``sN`` or ``degE``."""
    unit = text[:-1].casefold()
    named = _SIDES.get(text[-1].casefold(), (_LAT, 0))
    code = '"' if text[:-1] in _SECONDS else _UNITS.get(unit)
    if not follows_number or not named[1] or code is None:
        return None
    return [_Token(code, text[:-1]), _Token("H", text[-1], *named)]


def _is_seconds(letter: str, before: list[_Token], rest: str) -> bool:
    """Return whether a letter behind a number means seconds, and not a hemisphere.

    Raises
    ------
    CoordinateError
        The letter may mean either.
    """
    codes = "".join(token.code for token in before)
    if not re.search(r"'[if]$", codes):
        return False
    following = re.match(r"[^\W\d_]+", rest.lstrip(" ."))
    side = _name_side(following[0].casefold()) if following else None
    if side is not None:
        # A hemisphere follows the s of seconds. The name of an axis follows the с of a hemisphere,
        # as in "с. ш.".
        return side[1] != 0
    minutes = before[-2].text
    if minutes.isalpha() and minutes.isupper() == letter.isupper():
        return True
    if minutes == "'" and letter.isupper():
        return False
    raise CoordinateError(f"{letter} may mean seconds or a hemisphere")

"""Read numbers, lengths and dates as people write them, in arguments, scenarios and tables.

All parts of the package read numbers by these rules. A single value whose comma has two readings
raises an error that names both. A column of a table has one decimal mark: a value with only one
reading decides for the whole column. We refuse texts longer than any number without searching
them, so that a damaged field costs no time.
"""

from __future__ import annotations

import datetime as dt
import math
import numbers
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard

import numpy as np
import pandas as pd

from geobuffer.errors import GeometryError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from geobuffer.geodesy.ellipsoid import Floats

    Flags = NDArray[np.bool_]


#: The most characters of a text that may be a number, a length or a coordinate.
MAX_CHARACTERS = 64

#: The largest number of people or metres in a table. Larger numbers are errors: the Earth has fewer
#: people, and no two of its points are so far apart.
MAX_NUMBER = 1e10

#: Texts that mean "no number", in small letters: in spreadsheets, statistics and three languages.
NO_NUMBER = {
    "", "-", "–", "—", "na", "n/a", "nan", "null", "none", "н/д", "немає", "нет", "…", "...",
}  # fmt: skip

#: The errors of a spreadsheet, in small letters: in English, Russian and Ukrainian, Polish, German.
SPREADSHEET_ERRORS = {
    "#n/a", "#ref!", "#value!", "#div/0!", "#name?", "#null!", "#num!", "#spill!", "#calc!",
    "#н/д", "#знач!", "#ссылка!", "#посилання!", "#дел/0!", "#діл/0!", "#имя?", "#ім'я?", "#число!",
    "#пусто!", "#nazwa?", "#arg!", "#adr!", "#dziel/0!", "#liczba!", "#nv", "#wert!", "#bezug!",
}  # fmt: skip

#: Texts that mean "unknown", in small letters, with the errors of a spreadsheet.
NOT_KNOWN = SPREADSHEET_ERRORS | {
    "?", "??", "???", "--", "---", "n.a.", "n/d", "n. d.", "nd", "nil", "unknown", "невідомо",
    "неизвестно", "не відомо", "не известно", "no data", "немає даних", "нет данных",
}  # fmt: skip

# Metres in each unit, by its names in English, Ukrainian and Russian. The nautical mile is 1,852 m
# (BIPM, The International System of Units, 2019, table 8), the mile 1,609.344 m, the yard 0.9144 m
# and the foot 0.3048 m. A capital M alone may mean metres or nautical miles, so it is no unit here.
_MILE = "mi mile miles миля милі миль мили"
_NAUTICAL = ("nautical", "naut", "n", "sea", "морська", "морські", "морських", "морская", "морские",
             "морских", "морской", "морської", "мор")  # fmt: skip
_METRES = {
    1000.0: "km kms kilometre kilometres kilometer kilometers км кілометр кілометри кілометра "
    "кілометрів километр километры километра километров",
    1.0: "m metre metres meter meters м метр метри метра метрів метры метров",
    0.3048: "ft foot feet фут фути фута футів футы футов",
    0.9144: "yd yds yard yards ярд ярди ярда ярдів ярды ярдов",
    1609.344: _MILE,
    1852.0: "nm nmi",
}
_UNITS = {name: metres for metres, names in _METRES.items() for name in names.split()} | {
    f"{word} {mile}": 1852.0 for word in _NAUTICAL for mile in _MILE.split()
}

# Spaces and apostrophes separate thousands; a point or a comma separates decimals.
_LENGTH = re.compile(
    r"([+-]?)([0-9]{1,3}(?:[ '][0-9]{3})+|[0-9]+)(?:([.,])([0-9]+))? ?([^\W\d_][^\d_]*)?"
)

# Signs that people write for a space, a minus sign or an apostrophe in numbers.
_LOOKALIKES = str.maketrans(
    {
        "−": "-",
        "’": "'",
        "ʼ": "'",
        **dict.fromkeys("\u00a0\u2007\u2009\u202f", " "),
        # Signs without width, which web pages and messengers add to copied text.
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff", ""),
    }
)

#: What a width must be, for messages.
KM_FORMS = (
    "Must be a number of kilometres, or a text such as '10 km', '10.5 km', '10 000 m', '5 NM' or "
    "'3 mi'."
)

#: What a length in metres must be, for messages.
M_FORMS = "Must be a number of metres, or a text such as '5 m', '0.5 km', '1 000 m' or '100 ft'."


def quote_value(value: object) -> str:
    """Return a value for a message, in one line; a long value is cut.

    Examples
    --------
    >>> quote_value("10 km/h"), quote_value(["a", 1])
    ("'10 km/h'", "['a', 1]")
    >>> quote_value("9" * 5_000)[-24:]
    "999'… (5,000 characters)"
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str) and len(value) > MAX_CHARACTERS:
        return f"{value[:MAX_CHARACTERS]!r}… ({len(value):,} characters)"
    try:
        shown = " ".join(repr(value).split()) if not isinstance(value, str) else repr(value)
    except ValueError:  # Python writes no integer of more than 4,300 digits
        return f"of type {type(value).__name__}, with thousands of digits"
    if isinstance(value, str) or len(shown) <= 2 * MAX_CHARACTERS:
        return shown
    return f"{shown[:MAX_CHARACTERS]}… ({len(shown):,} characters)"


def is_number(value: object) -> TypeGuard[float]:
    """Return whether a value is a real number of Python or numpy; True and False are not numbers.

    Examples
    --------
    >>> is_number(1), is_number(np.float32(0.5)), is_number(True), is_number("1"), is_number(1j)
    (True, True, False, False, False)
    """
    return isinstance(value, numbers.Real | Decimal) and not isinstance(value, bool)


def list_values(given: object) -> list[Any]:
    """Return the values of a list, array or Series; one value alone becomes a list.

    A text is one value, and so is an array or a quantity without axes.

    Examples
    --------
    >>> list_values((5, 10)), list_values("10 km"), list_values(np.array(5))
    ([5, 10], ['10 km'], [array(5)])
    """
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        return [given]
    try:
        return list(given)
    except TypeError:  # arrays and quantities without axes have an __iter__ that fails
        return [given]


def parse_km(given: object, name: str = "km") -> float:
    """Read a length in kilometres; a number or a text without a unit means kilometres.

    Parameters
    ----------
    given
        A number, a quantity of pint or astropy, or a text such as ``"10 km"``, ``"10.5 km"``,
        ``"10 000 m"``, ``"5 NM"``, ``"12 nautical miles"`` or ``"3 mi"``.
    name
        The name of the argument, for messages.

    Raises
    ------
    GeometryError
        The value has none of these forms, or a comma with two readings; the message lists the
        forms. The caller checks the size of the length.

    Examples
    --------
    >>> parse_km(10), parse_km("10.5 km"), parse_km("10 000 m"), parse_km("12 морських миль")
    (10.0, 10.5, 10.0, 22.224)
    >>> parse_km("5,10")
    Traceback (most recent call last):
    geobuffer.errors.GeometryError: Invalid km '5,10': it may mean 5.10, or 5 and 10. Must be a ...
    """
    return _parse_length(given, name, "km", KM_FORMS)


def parse_metres(given: object, name: str, forms: str = M_FORMS) -> float:
    """Read a length in metres, as :func:`parse_km`; a number without a unit means metres.

    ``forms`` is the sentence for messages that lists the allowed forms.

    Examples
    --------
    >>> parse_metres(5, "tolerance_m"), parse_metres("100 ft", "tolerance_m")
    (5.0, 30.48)
    """
    return _parse_length(given, name, "m", forms)


def _parse_length(given: object, name: str, unit: str, forms: str) -> float:
    """Return a length in "km" or "m"."""
    value = _read_quantity(given, unit)
    reading = ""
    if isinstance(value, str) and len(value) <= MAX_CHARACTERS:
        match = _match_length(value)
        metres = _unit_metres(match[5] or "", unit) if match else None
        if match and metres:
            reading = _describe_two_readings(match)
            if not reading:
                digits = re.sub("[ ']", "", match[2])
                number = float(f"{match[1]}{digits}.{match[4] or 0}")
                # Rounded to a micrometre, which removes the error of factors such as 1e-3.
                return round(number * (metres / _UNITS[unit]), 9)
    elif is_number(value):
        try:
            return float(value)
        except (OverflowError, ValueError):  # 10**400, or a Decimal that is not a number
            pass
    raise GeometryError(f"Invalid {name} {quote_value(given)}{reading}. {forms}", parameter=name)


def _match_length(text: str) -> re.Match[str] | None:
    return _LENGTH.fullmatch(" ".join(text.translate(_LOOKALIKES).split()))


def describe_readings(text: str) -> str:
    """Return both readings of a length with a comma, for a message; "" if it has one reading.

    Examples
    --------
    >>> describe_readings("10,5 km"), describe_readings("10.5 km")
    (': it may mean 10.5 km, or 10 and 5 km', '')
    """
    match = _match_length(text) if len(text) <= MAX_CHARACTERS else None
    return _describe_two_readings(match) if match else ""


def _read_quantity(given: Any, unit: str) -> object:
    """Return the number of a quantity in a unit, or the single value of an array, or the value.

    We recognise quantities of pint and astropy by their methods, so we need not import either.
    """
    for magnitude in ("magnitude", "value"):
        if hasattr(given, "to") and hasattr(given, magnitude):
            try:
                found = getattr(given.to(unit), magnitude)
            except (TypeError, ValueError, AttributeError):  # its unit is not one of length
                return None
            return _read_quantity(found, unit)
    if getattr(given, "shape", None) == () and hasattr(given, "item"):
        return None if np.ma.is_masked(given) else given.item()
    return given


def _unit_metres(written: str, default: str) -> float | None:
    """Return the metres in a written unit; ``None`` for an unknown unit."""
    name = " ".join(written.replace(".", "").replace("-", " ").split())
    if name in {"M", "М"}:  # Latin and Cyrillic
        return None
    return _UNITS.get(name.casefold() or default)


def _describe_two_readings(match: re.Match[str]) -> str:
    """Return both readings of a length with a comma, for a message; "" if it has one reading.

    A comma may separate two numbers, as in ``--km 5,10``. ``0,5`` has one reading, because a width
    is never zero.
    """
    sign, whole, mark, decimals, unit = match.groups("")
    if mark != "," or not whole.strip("0 '"):
        return ""
    one = f"{sign}{whole}.{decimals}"
    grouped = len(decimals) == 3 and re.fullmatch("[1-9][0-9]{0,2}", whole)
    in_unit = f" {unit}" if unit else ""
    thousands = f" or {sign}{whole}{decimals}{in_unit}" if grouped else ""
    return f": it may mean {one}{in_unit}{thousands}, or {sign}{whole} and {decimals}{in_unit}"


class NumberColumn(NamedTuple):
    """The numbers of a column, and which values are not numbers."""

    numbers: Floats
    """NaN where a value is missing, wrong or unclear."""
    wrong: Flags
    """Which values are not numbers, not finite, or larger than ``MAX_NUMBER``."""
    unclear: Flags
    """Which values have two readings that nothing in the column or the table decides."""
    decimal: str = ""
    """The decimal mark of the texts in the column; ``""`` if they have none."""


def read_number_column(
    column: pd.Series, decimal: str = "", *, mark: str | None = None, unit: str = ""
) -> NumberColumn:
    """Return the numbers of a column of numbers, of texts, or of both.

    Parameters
    ----------
    column
        The values. Truth values, complex numbers and dates are not numbers.
    decimal
        The decimal mark of other columns of the table, if known. We use it if every value of this
        column has two readings.
    mark
        The decimal mark of the whole column, if the values are only a part of it; ``""`` if the
        whole column does not decide it.
    unit
        ``"m"`` for a column of metres, whose texts may end with a unit, such as ``"500 ft"``.

    Examples
    --------
    >>> read_number_column(pd.Series(["1,234", "12,345,678", "n/a"])).numbers.tolist()
    [1234.0, 12345678.0, nan]
    >>> read_number_column(pd.Series(["1,234", "0,5"])).numbers.tolist()
    [1.234, 0.5]
    >>> read_number_column(pd.Series(["1,234", "7"])).unclear.tolist()
    [True, False]
    >>> read_number_column(pd.Series(["500 ft", "1.5 km", "20"]), unit="m").numbers.tolist()
    [152.4, 1500.0, 20.0]
    """
    kind = pd.api.types
    if kind.is_bool_dtype(column.dtype) or kind.is_complex_dtype(column.dtype):
        found = np.full(len(column), np.nan)
        wrong = column.notna().to_numpy(dtype=bool)
        return NumberColumn(found, wrong, np.zeros(len(column), dtype=bool))
    if kind.is_numeric_dtype(column.dtype):
        found = column.to_numpy(dtype=float, na_value=np.nan)
        return _mark_extremes(NumberColumn(found, *np.zeros((2, len(column)), dtype=bool)))
    values = column.tolist()
    found, (wrong, unclear) = np.full(len(values), np.nan), np.zeros((2, len(values)), dtype=bool)
    texts = [row for row, value in enumerate(values) if isinstance(value, str)]
    if len(texts) < len(values):
        for row, value in enumerate(values):
            if not isinstance(value, str):
                found[row], wrong[row] = _read_value(value)
    if texts:
        read = _read_texts([values[row] for row in texts], decimal, mark, unit)
        found[texts], wrong[texts], unclear[texts], decimal = read
    return _mark_extremes(NumberColumn(found, wrong, unclear, decimal if texts else ""))


def _mark_extremes(column: NumberColumn) -> NumberColumn:
    """Mark numbers that are infinite or larger than any that a table may hold."""
    extreme = np.abs(column.numbers) > MAX_NUMBER
    if not extreme.any():
        return column
    return column._replace(
        numbers=np.where(extreme, np.nan, column.numbers), wrong=column.wrong | extreme
    )


def _read_value(value: object) -> tuple[float, bool]:
    """Return the number of a value that is not a text, and whether the value is wrong."""
    if value is None or value is pd.NA or value is pd.NaT:
        return math.nan, False
    if is_number(value):
        try:
            return float(value), False
        except (OverflowError, ValueError):
            return math.nan, True
    return math.nan, True


# Numbers in a table: ``{0}`` is the decimal mark, and ``{1}`` separates thousands. One is a point,
# the other a comma. Spaces and apostrophes separate thousands too.
_TABLE_NUMBER = (
    r"^[+-]?(?:"
    r"(?:[0-9]+[{0}]?[0-9]*|[{0}][0-9]+)(?:[eE][+-]?[0-9]{{1,3}})?|"
    r"[0-9]{{1,3}}(?:(?: [0-9]{{3}})+|(?:'[0-9]{{3}})+)(?:[{0}][0-9]*)?|"
    r"[1-9][0-9]{{0,2}}(?:[{1}][0-9]{{3}})+(?:[{0}][0-9]*)?)$"
)
_WITH_POINT, _WITH_COMMA = _TABLE_NUMBER.format(".", ","), _TABLE_NUMBER.format(",", ".")


def _read_texts(texts: list[str], decimal: str, known_mark: str | None, unit: str) -> NumberColumn:
    """Return the numbers of texts, as :func:`read_number_column`."""
    from pyarrow import compute as pc

    found = np.full(len(texts), np.nan)
    wrong, unclear = np.zeros((2, len(texts)), dtype=bool)
    given, factors = _split_units(_arrow_texts(texts), unit)
    whole = _read_flags(pc.match_substring_regex(given, r"^[+-]?[0-9]+$"))  # the usual case
    found[whole] = _cast_numbers(given.filter(whole))
    if whole.all():
        return NumberColumn(_convert_units(found, factors), wrong, unclear)
    rest = np.flatnonzero(~whole)
    given = pc.replace_substring_regex(given.filter(~whole), r"\s+", " ")
    absent = _read_flags(pc.is_in(pc.utf8_lower(given), value_set=_arrow_texts(sorted(NO_NUMBER))))
    point = _read_flags(pc.match_substring_regex(given, _WITH_POINT))
    comma = _read_flags(pc.match_substring_regex(given, _WITH_COMMA))
    mark = known_mark
    if mark is None:
        mark = choose_mark(int((point & ~comma).sum()), int((comma & ~point).sum()), decimal)
    valid = {".": point, ",": comma, "": point & comma}[mark]
    wrong[rest] = ~valid & ~absent
    if not mark:
        unclear[rest] = valid & _read_flags(pc.match_substring_regex(given, "[.,]"))
    read = valid & ~unclear[rest]
    digits = pc.replace_substring_regex(given.filter(read), "[ '.]" if mark == "," else "[ ',]", "")
    found[rest[read]] = _cast_numbers(pc.replace_substring(digits, ",", "."))
    return NumberColumn(_convert_units(found, factors), wrong, unclear, mark)


_UNIT_ENDING = r"[0-9.,]\s*[^\s\d.,+-][^\d]*$"
_NUMBER_WITH_UNIT = re.compile(r"(.*[0-9.,])\s*([^\W\d_][^\d_]*)")


def _convert_units(found: Floats, factors: Any) -> Floats:
    """Multiply numbers by the factors of their units, and round them to a micrometre."""
    if not isinstance(factors, np.ndarray):
        return found
    with np.errstate(over="ignore"):  # an infinite number raises an error later
        return np.where(factors == 1.0, found, np.round(found * factors, 9))


def _split_units(texts: pa.Array, unit: str) -> tuple[pa.Array, Any]:
    """Return texts without spaces around them and without units, and the factor of each unit.

    A text with an unknown unit stays unchanged, so it is not a number.
    """
    from pyarrow import compute as pc

    given = pc.utf8_trim_whitespace(texts)
    factors: Any = 1.0
    if (
        unit
        and (
            rows := np.flatnonzero(_read_flags(pc.match_substring_regex(given, _UNIT_ENDING)))
        ).size
    ):
        plain = given.to_pylist()
        factors = np.ones(len(plain))
        for row in rows:
            match = _NUMBER_WITH_UNIT.fullmatch(plain[row])
            if match and (metres := _unit_metres(match[2], unit)):
                plain[row], factors[row] = match[1], metres / _UNITS[unit]
        given = _arrow_texts(plain)
    return given, factors


def choose_mark(points: int, commas: int, decimal: str) -> str:
    """Return the decimal mark of a column, by how many values prove a point or a comma."""
    if points == commas:
        return decimal or ("." if points else "")
    return "." if points > commas else ","


def _arrow_texts(texts: Sequence[str]) -> pa.Array:
    """Return texts as an Arrow array, with plain spaces and signs; ``"?"`` for a long text."""
    import pyarrow as pa

    plain = [
        "?"
        if len(text) > MAX_CHARACTERS
        else text
        if text.isascii()
        else text.translate(_LOOKALIKES)
        for text in texts
    ]
    try:
        return pa.array(plain, pa.large_string())
    except UnicodeEncodeError:  # a lone surrogate; no number has one
        safe = [text.encode("utf-8", "replace").decode() for text in plain]
        return pa.array(safe, pa.large_string())


def _read_flags(mask: Any) -> Flags:
    return np.asarray(mask.to_numpy(zero_copy_only=False), dtype=bool)


def _cast_numbers(texts: pa.Array) -> Floats:
    return np.asarray(texts.cast("float64").to_numpy(zero_copy_only=False))


def find_decimal_mark(columns: Iterable[pd.Series], *, are_decimals: bool = False) -> str:
    """Return the decimal mark that the texts of columns prove; ``""`` without a proof.

    Parameters
    ----------
    columns
        Columns of one table.
    are_decimals
        Whether the numbers have decimals and no thousands, as coordinates in degrees. If so, each
        mark is a proof. If not, only a value with one reading is a proof.

    Examples
    --------
    >>> find_decimal_mark([pd.Series(["51,125", "35,270"])], are_decimals=True)
    ','
    >>> find_decimal_mark([pd.Series(["1,234"])]), find_decimal_mark([pd.Series(["1,234.5"])])
    ('', '.')
    """
    points = commas = 0
    for column in columns:
        texts = [value for value in column.tolist() if isinstance(value, str)]
        if texts:
            found = count_marks(_arrow_texts(texts), are_decimals=are_decimals)
            points, commas = points + found[0], commas + found[1]
    return choose_mark(points, commas, "") if points != commas else ""


def count_marks(texts: pa.Array, *, are_decimals: bool, unit: str = "") -> tuple[int, int]:
    """Return how many texts prove a decimal point, and how many a decimal comma.

    For a column that is read in parts, add the counts of all parts and call :func:`choose_mark`.

    Parameters
    ----------
    texts
        An Arrow array of texts.
    are_decimals, unit
        As for :func:`find_decimal_mark` and :func:`read_number_column`.

    Examples
    --------
    >>> import pyarrow as pa
    >>> count_marks(pa.array(["1,234", "1,5", "0,5 km", "1.234.567"]), are_decimals=False, unit="m")
    (0, 3)
    """
    from pyarrow import compute as pc

    if are_decimals:
        point, comma = (_read_flags(pc.match_substring(texts, mark)) for mark in ".,")
    else:
        # Only texts with a mark can prove one; most columns have none.
        texts = texts.filter(pc.match_substring_regex(texts, "[.,]"))
        if not len(texts):
            return 0, 0
        given, _ = _split_units(_arrow_texts(texts.to_pylist()), unit)
        given = pc.replace_substring_regex(given, r"\s+", " ")
        point = _read_flags(pc.match_substring_regex(given, _WITH_POINT))
        comma = _read_flags(pc.match_substring_regex(given, _WITH_COMMA))
    return int((point & ~comma).sum()), int((comma & ~point).sum())


_ISO_DATE = re.compile(r"([0-9]{4})(?:([-/.])([0-9]{1,2})(?:\2([0-9]{1,2}))?)?(?:[T ][0-9:.Z+-]+)?")
_DAY_FIRST = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4})")

# The month or the day of a date that lacks one: larger than any, so that the date sorts last.
_END = 99


def parse_date(value: object) -> tuple[int, int, int] | None:
    """Return year, month and day of a date, for sorting; ``None`` for an ambiguous text.

    A year without a month, or a month without a day, sorts after every day in it.

    Parameters
    ----------
    value
        A date, a year, or a text: ``2001``, ``2001-12``, ``2001-12-05``, or ``31.12.2001`` where
        only one of the two first numbers can be the month.

    Examples
    --------
    >>> parse_date("2001-12-05"), parse_date(2001), parse_date("31.12.2001")
    ((2001, 12, 5), (2001, 99, 99), (2001, 12, 31))
    >>> parse_date("01.02.2001"), parse_date("about 2001")
    (None, None)
    """
    if isinstance(value, np.datetime64):
        value = pd.Timestamp(value)
    if value is pd.NaT:
        return None
    if isinstance(value, dt.date):
        return value.year, value.month, value.day
    if is_number(value):
        whole = math.isfinite(value) and float(value).is_integer()
        value = f"{int(value)}" if whole and 0 < value < 10_000 else ""
    if not isinstance(value, str) or len(value) > MAX_CHARACTERS:
        return None
    text = value.strip()
    if match := _ISO_DATE.fullmatch(text):
        year, month, day = int(match[1]), match[3], match[4]
        return _check_date(year, int(month) if month else None, int(day) if day else None)
    if match := _DAY_FIRST.fullmatch(text):
        first, second, year = int(match[1]), int(match[3]), int(match[4])
        found = {_check_date(year, second, first), _check_date(year, first, second)} - {None}
        return found.pop() if len(found) == 1 else None
    return None


def _check_date(year: int, month: int | None, day: int | None) -> tuple[int, int, int] | None:
    """Return a date that exists in the calendar; a missing month or day becomes 99."""
    try:
        dt.date(year, month or 1, 1 if day is None else day)
    except ValueError:
        return None
    if month == 0:
        return None
    return year, _END if month is None else month, _END if day is None else day

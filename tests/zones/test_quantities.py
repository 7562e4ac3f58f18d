"""Numbers, lengths and dates as people write them: what is read, and what is refused."""

import datetime as dt
import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import geobuffer as gb
from geobuffer.zones.quantities import (
    MAX_NUMBER,
    find_decimal_mark,
    parse_date,
    parse_km,
    parse_metres,
    quote_value,
    read_number_column,
)

FEET = ["ft", "ft.", "foot", "Feet", "фут", "футів", "футов", "футы", "фути"]
YARDS = ["yd", "yards", "ярд", "ярдів", "ярдов"]
MILES = ["mi", "mile", "Miles", "миля", "милі", "миль", "мили"]
NAUTICAL = ["NM", "nmi", "nautical mile", "nautical miles", "Nautical Miles", "naut. mi.",
            "морська миля", "морські милі", "морських миль", "морская миля", "морские мили",
            "морских миль", "мор. миль"]  # fmt: skip
METRES = ["m", "metres", "Meters", "м", "метр", "метри", "метрів", "метры", "метров", "м."]
KILOMETRES = ["km", "KM", "kilometres", "kilometers", "км", "кілометрів", "километров", "км."]
UNITS = [
    *((name, 0.3048e-3) for name in FEET), *((name, 0.9144e-3) for name in YARDS),
    *((name, 1.609344) for name in MILES), *((name, 1.852) for name in NAUTICAL),
    *((name, 1e-3) for name in METRES), *((name, 1.0) for name in KILOMETRES),
]  # fmt: skip


@pytest.mark.parametrize(("unit", "km"), UNITS)
def test_units_are_known_in_full_and_short_in_three_languages(unit, km):
    assert parse_km(f"12 {unit}") == pytest.approx(12 * km, abs=1e-9)
    assert parse_metres(f"12{unit}", "tolerance_m") == pytest.approx(12e3 * km, abs=1e-9)


@pytest.mark.parametrize(
    ("written", "readings"),
    [
        ("5,10", "5.10, or 5 and 10"), ("7,5", "7.5, or 7 and 5"),
        ("1,500", "1.500 or 1500, or 1 and 500"),
        ("10,000 m", "10.000 m or 10000 m, or 10 and 000 m"),
        ("5,10 km", "5.10 km, or 5 and 10 km"), ("-2,5 милі", "-2.5 милі, or -2 and 5 милі"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("read", [parse_km, parse_metres])
def test_a_comma_with_two_readings_is_refused_with_both(read, written, readings):
    with pytest.raises(gb.GeometryError, match=re.escape(f"{written!r}: it may mean {readings}")):
        read(written, "km")


@pytest.mark.parametrize(("written", "km"), [("0,5", 0.5), ("0,500 km", 0.5), ("00,5 км", 0.5)])
def test_a_comma_with_one_reading_is_a_decimal_mark(written, km):
    assert parse_km(written) == km


@pytest.mark.parametrize(
    "given",
    [
        10, np.int64(10), np.float32(10), np.array(10), np.array("10 km"), Fraction(10),
        Decimal(10), "10", "10.0 km",
    ],
)  # fmt: skip
def test_every_kind_of_one_number_is_read(given):
    assert parse_km(given) == 10


@pytest.mark.parametrize(
    "given",
    [
        True, np.True_, np.array([[True]]).reshape(()), 10 + 0j, np.array([10]), Decimal("sNaN"),
        pd.NA, None, b"10", "9" * 5_000, "1" * 65, "1_000", "٣", "10 km/h", "1e5", "1e5 km", "inf",
        np.ma.masked, 10**400, Fraction(10**400), np.datetime64("2020"),
    ],
    ids=type,
)  # fmt: skip
def test_other_values_than_numbers_are_refused_in_one_short_line(given):
    with pytest.raises(gb.GeometryError, match="Invalid width_km") as caught:
        parse_km(given, "width_km")
    assert len(str(caught.value)) < 400
    assert "\n" not in str(caught.value)
    assert caught.value.parameter == "width_km"


def test_an_integer_of_thousands_of_digits_is_refused():
    with pytest.raises(gb.GeometryError, match="thousands of digits"):
        parse_km(10**5_000)


class Quantity:
    """A number with a unit, as pint and astropy have them."""

    def __init__(self, metres, magnitude="magnitude"):
        self.metres, self._kind = metres, magnitude
        setattr(self, magnitude, metres)

    def __iter__(self):
        raise TypeError

    def to(self, unit):
        if self.metres is None:
            raise TypeError("no length")
        return Quantity(self.metres / {"km": 1e3, "m": 1}[unit], self._kind)


@pytest.mark.parametrize("kind", ["magnitude", "value"])
def test_quantities_are_known_by_their_methods(kind, strip):
    assert gb.build_zone(strip, km=Quantity(10e3, kind), tolerance_m=50).width_km == 10
    rings = [Quantity(5e3, kind), 10, "20 km"]
    zone = gb.build_zone(strip, km=rings, tolerance_m=Quantity(50, kind))
    assert zone.edges_km == (0, 5, 10, 20)
    with pytest.raises(gb.GeometryError, match="Invalid km"):
        parse_km(Quantity(None, kind))


def test_quantities_of_pint(strip):
    unit = pytest.importorskip("pint").UnitRegistry()
    zone = gb.build_zone(strip, km=[5_000, 10_000] * unit.metre, tolerance_m=50 * unit.metre)
    assert zone.edges_km == (0, 5, 10)
    assert parse_km(12 * unit.nautical_mile) == pytest.approx(22.224)
    for wrong in (5 * unit.second, unit.Quantity(5), unit.Quantity(5, "degC")):
        with pytest.raises(gb.GeometryError):
            parse_km(wrong)


def test_quantities_of_astropy(strip):
    unit = pytest.importorskip("astropy.units")
    zone = gb.build_zone(strip, km=[5_000, 10_000] * unit.m, tolerance_m=50 * unit.m)
    assert zone.edges_km == (0, 5, 10)
    assert parse_km(3 * unit.imperial.mile) == pytest.approx(4.828032)
    for wrong in (5 * unit.s, 5 * unit.dimensionless_unscaled):
        with pytest.raises(gb.GeometryError):
            parse_km(wrong)


def test_an_array_without_axes_is_a_width(strip):
    assert gb.build_zone(strip, km=np.array(5), tolerance_m=50).width_km == 5
    assert gb.build_zone(strip, km={"West": np.array(5)}, tolerance_m=50).width_km == 5


def test_lengths_in_metres_have_units_too(strip):
    assert gb.build_zone(strip, km="100 ft", tolerance_m="1 yard").width_km == pytest.approx(
        0.03048
    )
    with pytest.raises(gb.GeometryError, match="'1,000': it may mean") as caught:
        gb.build_zone(strip, km=5, tolerance_m="1,000")
    assert caught.value.parameter == "tolerance_m"


NUMBERS = st.integers(-(10**6), 10**6) | st.none() | st.sampled_from(["", "n/a", "1 234", "7"])


@given(st.lists(NUMBERS, max_size=20))
def test_a_column_is_read_as_its_texts_are(values):
    column = pd.Series(values, dtype=object)
    texts = column.map(lambda value: None if value is None else str(value))
    both = [read_number_column(one) for one in (column, pd.Series(texts, dtype=object))]
    np.testing.assert_array_equal(both[0].numbers, both[1].numbers)
    assert not both[0].wrong.any()


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ([True, False], [0, 1]), ([1.0, float("inf")], [1]), ([1j], [0]), ([2 * MAX_NUMBER], [0]),
        (["1", True, None, 2], [1]), (["1_000", "0x10", "1e400", "nan", " 7 "], [0, 1, 2]),
        (["1.5", "2,5", "3.5"], [1]), ([10**400, "9" * 5_000, "\ud800"], [0, 1, 2]),
        ([dt.date(2020, 1, 1), pd.NaT, pd.NA, Decimal("1.5")], [0]),
    ],
)  # fmt: skip
def test_values_of_a_column_that_are_no_numbers_are_marked(values, wrong):
    found = read_number_column(pd.Series(values))
    assert np.flatnonzero(found.wrong).tolist() == wrong
    assert np.isnan(found.numbers[wrong]).all()


@pytest.mark.parametrize("kind", ["Int64", "Float64", "float32", "int64[pyarrow]", "category"])
def test_a_column_of_numbers_may_have_any_type(kind):
    assert read_number_column(pd.Series([1, 2], dtype=kind)).numbers.tolist() == [1, 2]


def test_find_decimal_mark_needs_a_proof():
    assert find_decimal_mark([pd.Series(["1,234", "7"]), pd.Series([1.5])]) == ""
    assert find_decimal_mark([pd.Series(["1,234"]), pd.Series(["12,5"])]) == ","


@pytest.mark.parametrize(
    ("value", "date"),
    [
        ("2001-12-05", (2001, 12, 5)), ("2001-12-05T10:00:00Z", (2001, 12, 5)),
        (dt.date(2001, 12, 5), (2001, 12, 5)), (pd.Timestamp("2001-12-05"), (2001, 12, 5)),
        (np.datetime64("2001-12-05"), (2001, 12, 5)), ("31.12.2001", (2001, 12, 31)),
        ("12/31/2001", (2001, 12, 31)), ("05.05.2001", (2001, 5, 5)), (" 2001 ", (2001, 99, 99)),
        (2001, (2001, 99, 99)), (2001.0, (2001, 99, 99)), ("2001-12", (2001, 12, 99)),
        ("01.02.2001", None), ("about 2001", None), ("5/2001", None), ("2001-02-30", None),
        ("2001-13", None), ("2001-00", None), ("0000", None), (2001.5, None), (20011231, None),
        (pd.NaT, None), (None, None), (float("nan"), None), (True, None), ("9" * 5_000, None),
    ],
)  # fmt: skip
def test_dates_are_read_where_they_have_one_reading(value, date):
    assert parse_date(value) == date


def test_a_value_in_a_message_is_one_short_line():
    assert quote_value(np.float64(1.5)) == "1.5"
    assert quote_value(10**5_000) == "of type int, with thousands of digits"
    for value in ("x" * 10**6, list(range(10**4)), np.arange(100).reshape(10, 10)):
        assert len(quote_value(value)) < 200
        assert "\n" not in quote_value(value)

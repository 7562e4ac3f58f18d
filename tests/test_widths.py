"""Widths are read as people write them, and nothing else is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import geobuffer as gb
from geobuffer.widths import kilometres

UNITS = {"km": 1, "км": 1, "m": 1e-3, "м": 1e-3, "NM": 1.852, "nmi": 1.852, "mi": 1.609344, "": 1}


@given(st.integers(0, 2_000_000), st.integers(0, 99), st.sampled_from(sorted(UNITS)),
       st.sampled_from(".,"), st.sampled_from([" ", "\u00a0", ""]), st.booleans())  # fmt: skip
def test_every_plain_form_is_the_number_it_shows(whole, hundredths, unit, mark, space, parted):
    digits = f"{whole:,}".replace(",", "\u202f") if parted else str(whole)
    written = f"{digits}{mark}{hundredths:02}{space}{unit}"
    assert kilometres(written) == pytest.approx((whole + hundredths / 100) * UNITS[unit], abs=1e-9)


@given(st.floats(allow_nan=False))
def test_a_number_is_itself(number):
    assert kilometres(number) == number


@given(st.one_of(st.text(), st.binary(), st.booleans(), st.none(), st.lists(st.integers())))
def test_what_is_no_width_is_refused_with_the_forms(value):
    if isinstance(value, str) and any(sign.isdecimal() for sign in value):
        return  # it may be one
    with pytest.raises(gb.GeometryError) as refused:
        kilometres(value)
    assert f"Invalid km {value!r}. Must be a number of kilometres" in str(refused.value)


@pytest.mark.parametrize("written", ["1,852 m", "10,000", "5 M", "5 М", "10 000 0 m", "1.000,5 km"])
def test_what_may_mean_two_things_is_none(written):
    with pytest.raises(gb.GeometryError, match="Must be a number of kilometres"):
        kilometres(written)

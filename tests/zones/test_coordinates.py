"""Coordinates as people write them: the forms of ``coordinates.json``."""

import json
import math
import time
from pathlib import Path

import pytest

from geobuffer.zones.coordinates import CoordinateError, parse_coordinate, parse_position

CASES = json.loads(
    (Path(__file__).parents[1] / "support" / "coordinates.json").read_text(encoding="utf-8")
)


def _try(read, *given):
    """Return what a reader returns or, of an error, its message."""
    try:
        return read(*given)
    except CoordinateError as error:
        return str(error)


def _is_near(found, *expected):
    return isinstance(found, tuple) and found[:2] == pytest.approx(expected, abs=1e-12, nan_ok=True)


def test_a_pair_in_any_form_is_read():
    found = {text: (_try(parse_position, text), *pair) for text, *pair in CASES["pairs"]}
    assert len(found) > 180
    assert {text: case for text, case in found.items() if not _is_near(*case)} == {}


def test_an_unclear_pair_is_refused_with_its_reason():
    found = {text: (str(_try(parse_position, text)), reason) for text, reason in CASES["refused"]}
    assert {text: case for text, case in found.items() if case[1] not in case[0]} == {}


def test_names_and_missing_values_are_not_pairs():
    assert {text: found for text in CASES["names"] if (found := _try(parse_position, text))} == {}
    missing = {text: _try(parse_position, text) for text in CASES["missing"]}
    assert {
        t: found for t, found in missing.items() if not _is_near(found, math.nan, math.nan)
    } == {}


def test_one_coordinate_in_any_form_is_read():
    nan = math.nan
    found = {
        (text, axis): ((_try(parse_coordinate, text, axis), 0), nan if degrees is None else degrees)
        for text, axis, degrees in CASES["single"]
    }
    assert {text: case for text, case in found.items() if not _is_near(*case, 0)} == {}


def test_one_unclear_coordinate_is_refused():
    found = {
        (text, axis): _try(parse_coordinate, text, axis) for text, axis in CASES["single_refused"]
    }
    assert {case: degrees for case, degrees in found.items() if not isinstance(degrees, str)} == {}


def test_only_a_stated_order_of_axes_is_certain():
    certain = {text: parse_position(text).is_certain for text in ("35 E 51 N", "POINT(35 51)")}
    assert certain == {"35 E 51 N": True, "POINT(35 51)": True}
    assert not parse_position("51, 35").is_certain
    # Metres of a projection in one column: bare numbers are not checked as degrees.
    metres = parse_position("5667000, 6502000", in_degrees=False)
    assert metres == (5667000.0, 6502000.0, False)


@pytest.mark.parametrize(
    "text", ["5" * 10_000, "51°" * 5_000, "a?" * 9_000, "1 " * 64, "https://a.b/" + "?q=" * 999]
)
def test_long_texts_take_no_time(text):
    start = time.process_time()
    assert isinstance(_try(parse_position, text), str | None)
    assert time.process_time() - start < 0.5

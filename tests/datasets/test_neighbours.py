"""Borders of neighbours in the world data are whole, or a warning says what they lack."""

import datetime as dt
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import geobuffer as gb

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from neighbours import is_complete, read_table

# Pairs that lost a part in silence before, with the length of the whole border in km; by level.
KNOWN = {
    ("world", "Algeria", "Niger"): 952.1,
    ("world", "Saudi Arabia", "Oman"): 656.9,
    ("world", "South Africa", "Lesotho"): 1096.7,
    ("CA", "New Brunswick", "Quebec"): 518.0,
    ("CA", "Manitoba", "Saskatchewan"): 1229.3,
    ("CA", "Nova Scotia", "Prince Edward Island"): 181.8,
    ("CA", "British Columbia", "Yukon"): None,
    ("CA", "Newfoundland and Labrador", "Quebec"): 5019.2,
    ("US", "Montana", "Wyoming"): 612.2,
    ("US", "Colorado", "Nebraska"): None,
    ("US", "Illinois", "Wisconsin"): None,
    ("US", "Alabama", "Mississippi"): None,
    ("US", "New York", "Pennsylvania"): None,
    ("CA,US", "Manitoba", "North Dakota"): 302.8,
    ("CA,US", "Alberta", "Montana"): 297.9,
    ("CA,US", "Ontario", "Michigan"): 1143.1,
    ("CA,US", "British Columbia", "Montana"): None,
    ("CA,US", "British Columbia", "Idaho"): None,
}
COUNTRIES = ("DZ", "NE", "SA", "OM", "ZA", "LS")
TABLE = read_table()


@pytest.fixture(scope="module")
def loaded(unpacked_world):
    both = gb.load_regions("world", country=["CA", "US"])
    return {
        "world": gb.load_regions("world", country=COUNTRIES, level=0),
        "CA,US": both,
        "CA": [region for region in both if region.country == "CA"],
        "US": [region for region in both if region.country == "US"],
    }


def _find(regions, name):
    return next(region for region in regions if region.name == name)


def _border(regions, one, other, tolerance_m=None):
    """Return the border, and whether there was a warning about its outlines."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        made = gb.border_between(_find(regions, one), _find(regions, other),
                                 tolerance_m=tolerance_m)  # fmt: skip
    return made, any("outlines" in str(w.message) for w in caught)


# The longest lines, and others of their kinds.
LONG = ("Algeria", "Newfoundland and Labrador", "New Brunswick", "Manitoba", "Colorado", "Alberta")


@pytest.mark.parametrize(
    "pair",
    [pytest.param(p, marks=[pytest.mark.long] if p[1] in LONG else []) for p in KNOWN],
    ids=lambda pair: f"{pair[1]}-{pair[2]}",
)
def test_a_border_that_lost_a_part_is_whole(loaded, pair):
    level, one, other = pair
    made, warned = _border(loaded[level], one, other)
    whole_km = KNOWN[pair]
    if whole_km is None:
        whole_km = _border(loaded[level], one, other, 500.0)[0].length_km
    # A wide tolerance goes on for some hundred metres where outlines part.
    assert made.length_km == pytest.approx(whole_km, rel=0.002)
    assert made.line.is_closed == (other == "Lesotho")
    # The rule for strips that neither side holds warns of some borders whose outlines agree.
    has_strip = level in {"CA", "US"} and TABLE[pair].warned == "warned"
    assert warned == (1e3 * made.healing.disagreement_km > 30.0 or has_strip)


@pytest.mark.parametrize("count", [4, pytest.param(80, marks=pytest.mark.long)])
def test_neighbours_at_random_are_as_the_table_says(loaded, count):
    """Some pairs of the provinces and states; others on each day."""
    rows = [row for row in TABLE.values() if row.level in {"CA", "US"} and row.default_km]
    rng = np.random.default_rng(dt.date.today().toordinal())  # noqa: DTZ011
    for at in rng.choice(len(rows), size=count, replace=False):
        row = rows[at]
        made, warned = _border(loaded[row.level], row.one, row.other)
        assert made.length_km == pytest.approx(float(row.default_km), abs=0.1), row
        assert warned == (row.warned == "warned"), row


def test_no_row_of_the_table_is_incomplete_in_silence():
    incomplete = [row for row in TABLE.values() if not is_complete(row) and not row.warned]
    assert incomplete == []


def test_few_complete_borders_have_a_warning():
    alarms = [row for row in TABLE.values() if row.warned == "warned" and is_complete(row)]
    assert len(alarms) < 0.05 * len(TABLE)


@pytest.mark.long
def test_the_united_states_and_canada_are_neighbours_with_local_doubt():
    countries = gb.load_regions("world", country=["US", "CA"], level=0)
    made, warned = _border(countries, "Canada", "United States")
    assert warned
    assert made.length_km == pytest.approx(9050.0, abs=20.0)
    assert made.source.accuracy_m < 100.0
    beaufort, plain = made.accuracy_m_at(np.array([-140.9, -110.0]), np.array([69.9, 49.1]))
    assert beaufort > 5_000.0
    assert plain == made.source.accuracy_m

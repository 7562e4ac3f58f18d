"""Laws of classify, within and exposure: any table of places gives a result for each of its rows.

``HYPOTHESIS_PROFILE=thorough`` tries thirty times as many tables, others each time.
"""

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

import geobuffer as gb

# Warnings report rows without a point and repeated rows; other tests check their wording.
pytestmark = pytest.mark.filterwarnings(
    "ignore:.*without a point:UserWarning",
    "ignore:.*(twice|repeat):UserWarning",
    "ignore:.*swapped:UserWarning",
    "ignore:(Rows at 0|Points (more|within)|One coordinate):UserWarning",
)

# Points near the strip, far away, beyond the antimeridian and at a pole; missing; empty.
_POINTS = st.one_of(
    st.tuples(st.floats(29.7, 30.3), st.floats(49.8, 51.2)).map(shapely.Point),
    st.tuples(st.floats(-180, 180), st.floats(-90, 90)).map(shapely.Point),
    st.sampled_from([None, shapely.Point(), shapely.Point(30.05, 50.5)]),
)

_GAPS = [None, np.nan, pd.NA]

# Values that people write in a column, valid or not.
_COLUMNS = {
    "population": st.sampled_from([0, 1, 17, 256_474, 1.0, *_GAPS]),
    "accuracy_m": st.sampled_from([0, 1, 150.5, 1e6, *_GAPS]),
    "radius_m": st.sampled_from([0.0, 700, 3e5, *_GAPS]),
    "country": st.sampled_from(["AA", "BB", "CC", "", *_GAPS]),
    "oblast_iso": st.sampled_from(["", "BB-1", "Кс", *_GAPS]),
    "oblast": st.sampled_from(["Суми", "Cуми", "", "=1+1", "<b>", *_GAPS]),
    "name": st.sampled_from(["Суми", "", 7, 7.5, True, dt.date(2025, 5, 22), (1, 2), *_GAPS]),
    "population_as_of": st.sampled_from(["2021", 2021, dt.date(2021, 1, 1), "", *_GAPS]),
    "ring": st.sampled_from(["an older answer", *_GAPS]),
    "geometry_of": st.sampled_from(["x", *_GAPS]),
}

_LABELS = st.sampled_from(["numbers", "texts", "repeated", "missing", "two levels", "dates"])

_DTYPES = {
    "population": ["object", "Int64", "float64", "Float32", "string"],
    "accuracy_m": ["object", "float32", "Float64", "string"],
    "country": ["object", "string", "category"],
    "oblast": ["object", "string", "category"],
}


@st.composite
def places(draw):
    """A table of places: any rows, columns, dtypes, labels, and either of two systems."""
    points = draw(st.lists(_POINTS, max_size=12))
    columns = {
        name: _typed(draw, name, draw(st.lists(values, min_size=len(points), max_size=len(points))))
        for name, values in _COLUMNS.items()
        if draw(st.booleans())
    }
    count = len(points)
    labels = {
        "numbers": pd.RangeIndex(5, 5 + count),
        "texts": pd.Index([f"п{n}" for n in range(count)], dtype=object),
        "repeated": pd.Index([0] * count),
        "missing": pd.Index([None] * count, dtype=object),
        "two levels": pd.MultiIndex.from_tuples([(n % 2, n) for n in range(count)] or [],
                                                names=["a", "b"]) if count else pd.RangeIndex(0),
        "dates": pd.date_range("2025-05-22", periods=count),
    }[draw(_LABELS)]  # fmt: skip
    table = gpd.GeoDataFrame(columns, geometry=points, crs="EPSG:4326")
    table.index = labels
    repeats = draw(st.booleans()) and count > 0
    return pd.concat([table, table.iloc[[0]]]) if repeats else table


def _typed(draw, name, values):
    """Return values as a column of a dtype that they fit."""
    dtype = draw(st.sampled_from(_DTYPES.get(name, ["object"])))
    column = pd.Series(values, dtype=object)
    if dtype == "object":
        return column.array
    if dtype in {"string", "category"}:
        texts = column.map(lambda v: None if pd.isna(v) else str(v))
        return texts.astype(dtype).array
    return pd.to_numeric(column.where(column.notna(), None)).astype(dtype).array


@pytest.fixture(scope="module")
def rings(strip):
    """Two rings on one side of the strip."""
    return gb.build_zone(strip, km=[5, 10], side="East", tolerance_m=5)


@given(table=places())
def test_every_row_is_classified_in_order_and_the_table_is_unchanged(rings, table):
    before = table.copy(deep=True)
    said = gb.classify(table, rings)
    assert_frame_equal(pd.DataFrame(table), pd.DataFrame(before))
    assert said.index.equals(table.index)
    points = table.geometry.to_numpy()
    there = ~(shapely.is_missing(points) | shapely.is_empty(points))
    assert (said["distance_km"].notna().to_numpy() == there).all()
    assert (said["membership"].notna().to_numpy() == there).all()
    # The result of a row does not depend on the other rows.
    for row in range(0, len(table), 3):
        alone = gb.classify(table.iloc[[row]], rings)
        assert_frame_equal(_plain(alone), _plain(said.iloc[[row]]))
    backwards = gb.classify(table.iloc[::-1], rings).iloc[::-1]
    assert_frame_equal(_plain(backwards), _plain(said))


def _plain(said):
    """Return answers as objects: pandas infers a column of texts by what all of them are."""
    return said.astype(object).where(said.notna(), None)


@given(table=places())
def test_within_keeps_rows_order_columns_and_labels(rings, table):
    said, kept = gb.classify(table, rings), gb.within(table, rings)
    held = said["membership"].isin(["inside", "uncertain"]).to_numpy()
    assert len(kept) == held.sum()
    assert kept.index.equals(table.index[held])
    assert kept.crs == table.crs
    assert set(table.columns) | set(said.columns) == set(kept.columns)
    own = [c for c in table.columns if c not in said.columns]
    assert_frame_equal(pd.DataFrame(kept[own]), pd.DataFrame(table[held][own]))


def _is_first(table):
    """Return which rows repeat no earlier row in every column; without names, all rows count."""
    if "name" not in table:
        return np.ones(len(table), dtype=bool)
    # Columns of an earlier classification are replaced, so they cannot distinguish two rows.
    own = table.drop(columns="ring", errors="ignore")
    rows = [tuple(map(str, row)) for row in own.itertuples(index=False)]
    return np.array([row not in rows[:n] for n, row in enumerate(rows)], dtype=bool)


@given(table=places())
def test_counts_add_up_to_the_rows_and_people_of_the_table(rings, table):
    said, first = gb.classify(table, rings), _is_first(table)
    whole = gb.exposure(table, rings, cumulative=True).iloc[-1]
    sure = (said["membership"] == "inside").to_numpy() & first
    unsure = (said["membership"] == "uncertain").to_numpy() & first
    assert whole["places"] == sure.sum()
    assert whole["uncertain"] == unsure.sum()
    figures = (
        pd.to_numeric(table["population"]).to_numpy(dtype=float, na_value=np.nan)
        if "population" in table
        else np.full(len(table), np.nan)
    )
    assert whole["population"] == np.nansum(figures[sure])
    assert whole["population_uncertain"] == np.nansum(figures[unsure])
    assert whole["without_figure"] == np.isnan(figures[sure]).sum()
    assert whole["uncertain_without_figure"] == np.isnan(figures[unsure]).sum()


@given(table=places(), by=st.sampled_from(["oblast", "country", "side", "section", "name"]))
def test_parts_add_up_to_the_whole(rings, table, by):
    if by in {"side", "section"} or by in table.columns:
        parts = gb.exposure(table, rings, by=by)
        whole = gb.exposure(table, rings)
        for ring, row in whole.set_index("ring").iterrows():
            mine = parts[parts["ring"] == ring]
            for column in ("places", "uncertain", "population", "population_uncertain"):
                assert mine[column].sum() == row[column], (ring, column)
    else:
        with pytest.raises(gb.DataError, match="Invalid by"):
            gb.exposure(table, rings, by=by)


_WRONG = st.sampled_from(["many", "-5", -1, np.inf, -np.inf, "12-345", [1], "1e400"])


@given(
    table=places(), wrong=_WRONG,
    column=st.sampled_from(["population", "accuracy_m", "radius_m"]), at=st.integers(0, 20),
)  # fmt: skip
def test_a_value_that_is_not_a_number_is_refused_with_its_row(rings, table, wrong, column, at):
    if not len(table):
        return
    values = [None] * len(table)
    values[at % len(table)] = wrong
    odd = table.assign(**{column: pd.Series(values, dtype=object).array})
    with pytest.raises(gb.DataError, match=f"Invalid {column} in row"):
        gb.exposure(odd, rings)

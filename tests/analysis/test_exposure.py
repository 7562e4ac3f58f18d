"""exposure: counts that we can check by hand, for points at known distances from a meridian."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest

import geobuffer as gb

GEOD = pyproj.Geod(ellps="WGS84")
EXPECTED = ["expected", "expected_low", "expected_high"]
MODEL = ["population_model_low", "population_model_high"]
COUNTS = ["places", "uncertain", "population", "without_figure",
          "population_uncertain", "uncertain_without_figure"]  # fmt: skip


def places(kms, **columns):
    """Points that many kilometres east of 30° E (west, where negative), at 50.5° N."""
    kms = np.asarray(kms, dtype=float)
    n = len(kms)
    lon, lat, _ = GEOD.fwd(
        np.full(n, 30.0), np.full(n, 50.5), np.where(kms < 0, 270.0, 90.0), np.abs(kms) * 1e3
    )
    points = gpd.points_from_xy(lon, lat)
    return gpd.GeoDataFrame(columns, index=range(n), geometry=points, crs="EPSG:4326")


@pytest.fixture(scope="module")
def rings(strip):
    return gb.build_zone(strip, km=[5, 10], tolerance_m=1)


@pytest.fixture
def five():
    """Two places in the inner ring, two in the outer, one beyond; the second without a figure."""
    return places(
        [1, -4, 6, -8, 12],
        population=pd.array([100, None, 10, 1, 1000], dtype="Int64"),
        oblast=["A", "B", "A", "A", "B"],
    )


def counts(table):
    return table[COUNTS].to_numpy().tolist()


# Rings


def test_rings_count_what_lies_between_their_edges(five, rings):
    table = gb.exposure(five, rings)
    assert table.columns.tolist() == ["ring", *EXPECTED, *COUNTS, *MODEL]
    assert table["ring"].tolist() == ["0–5 km", "5–10 km"]
    assert counts(table) == [[2, 0, 100, 1, 0, 0], [2, 0, 11, 0, 0, 0]]


def test_cumulative_counts_everything_within_each_edge(five, rings):
    table = gb.exposure(five, rings, cumulative=True)
    assert table.columns.tolist() == ["within_km", *EXPECTED, *COUNTS, *MODEL]
    assert table["within_km"].tolist() == [5.0, 10.0]
    assert counts(table) == [[2, 0, 100, 1, 0, 0], [4, 0, 111, 1, 0, 0]]


def test_a_cumulative_count_says_where_the_zone_begins(five, strip, tmp_path):
    """The two places nearer than 5 km are not counted, so the label must not say within 10 km."""
    zone = gb.build_zone(strip, from_km=5, km=[10, 15], tolerance_m=1)
    table = gb.exposure(five, zone, cumulative=True)
    assert table.columns.tolist() == ["from_km", "within_km", *EXPECTED, *COUNTS, *MODEL]
    assert table[["from_km", "within_km", "places"]].to_numpy().tolist() == [[5, 10, 2], [5, 15, 3]]
    by = gb.exposure(five, zone, cumulative=True, by="oblast")
    assert by.columns.tolist()[:3] == ["from_km", "within_km", "oblast"]
    gb.write(table, tmp_path / "counts.csv")
    assert pd.read_csv(tmp_path / "counts.csv")["from_km"].tolist() == [5, 5]
    # A ring names both edges.
    assert "from_km" not in gb.exposure(five, zone)


@pytest.mark.filterwarnings("ignore:.*without a point:UserWarning")
def test_rows_without_a_point_count_with_others_of_their_hromada(five, rings, tmp_path):
    codes = ["UA59080270000073662", "UA59080130000022249"]
    lost = pd.DataFrame({"oblast": ["A", "A", "B", None], "hromada_code": [*codes, codes[1], None]})
    located = five.assign(hromada_code=[codes[0], None, codes[1], codes[1], codes[0]])
    table = gpd.GeoDataFrame(pd.concat([located, lost], ignore_index=True), crs=five.crs)
    assert gb.exposure(table, rings)["not_located"].tolist() == [2, 3]
    within = gb.exposure(table, rings, cumulative=True)
    assert within["not_located"].tolist() == [2, 4]
    assert counts(within) == counts(gb.exposure(located, rings, cumulative=True))
    by = gb.exposure(table, rings, by="oblast").set_index(["ring", "oblast"])["not_located"]
    assert by.to_dict() == {("0–5 km", "A"): 2, ("0–5 km", "B"): 1, ("5–10 km", "A"): 3}
    gb.write(within, tmp_path / "counts.csv")
    assert pd.read_csv(tmp_path / "counts.csv")["not_located"].tolist() == [2, 4]


def test_the_announced_zone_may_hold_218_places_without_a_point(towns, zone):
    (row,) = gb.exposure(towns, zone).to_dict("records")
    assert row["not_located"] == 218 == len(gb.load_not_located(gb.within(towns, zone)))
    ukraine = gb.exposure(towns[towns["country"] == "UA"], zone)
    assert ukraine["not_located"].tolist() == [218]
    assert gb.exposure(towns[towns["country"] == "RU"], zone)["not_located"].tolist() == [0]


def test_a_missing_population_is_not_zero(rings):
    table = gb.exposure(places([1, 2, 3], population=[None, None, 0]), rings)
    # The population of the third place is known to be 0; that of the others is unknown.
    assert counts(table)[0] == [3, 0, 0, 2, 0, 0]


def test_without_a_population_every_place_is_without_a_figure(five, rings):
    table = gb.exposure(five.drop(columns="population"), rings)
    assert counts(table) == [[2, 0, 0, 2, 0, 0], [2, 0, 0, 2, 0, 0]]


def test_a_zone_without_places_still_has_rows_for_its_rings(five, rings):
    for table in (five.iloc[4:], five.iloc[:0]):
        assert counts(gb.exposure(table, rings)) == [[0] * 6, [0] * 6]


def test_places_on_the_other_side_are_not_counted(five, strip):
    zone = gb.build_zone(strip, km=[5, 10], side="West", tolerance_m=1)
    assert counts(gb.exposure(five, zone)) == [[1, 0, 0, 1, 0, 0], [1, 0, 1, 0, 0, 0]]


def test_places_beyond_a_flat_end_are_not_counted(strip):
    table = gpd.GeoDataFrame(geometry=gpd.points_from_xy([30, 30], [50.99, 51.01]), crs="EPSG:4326")
    for ends, expected in (("flat", 1), ("round", 2)):
        zone = gb.build_zone(strip, km=10, ends=ends, tolerance_m=1)
        assert gb.exposure(table, zone)["places"].tolist() == [expected]


# Uncertain places


def test_a_place_nearer_to_an_edge_than_it_is_accurate_is_uncertain_in_both_rings(rings):
    table = places([4.6, 4.8, 5.2, 5.4], accuracy_m=300.0, population=[1, 10, 100, 1000])
    assert counts(gb.exposure(table, rings)) == [[1, 2, 1, 0, 110, 0], [1, 2, 1000, 0, 110, 0]]


def test_at_the_outer_edge_those_within_and_beyond_are_uncertain(rings):
    table = places([9.6, 9.8, 10.2, 10.4], accuracy_m=300.0, population=[1, 10, None, 1000])
    assert counts(gb.exposure(table, rings)) == [[0] * 6, [1, 2, 1, 0, 10, 1]]


def test_cumulative_leaves_only_the_outer_edge_uncertain(rings):
    table = places([4.8, 9.8], accuracy_m=300.0, population=[1, 10])
    assert counts(gb.exposure(table, rings, cumulative=True)) == [
        [0, 1, 0, 0, 1, 0], [1, 1, 1, 0, 10, 0],
    ]  # fmt: skip


def test_the_radius_of_a_place_makes_it_uncertain_too(rings):
    table = places([9.3, 9.3], accuracy_m=300.0, radius_m=[0.0, 500.0], population=[1, 10])
    assert counts(gb.exposure(table, rings))[1] == [1, 1, 1, 0, 10, 0]


def test_the_border_itself_makes_nothing_uncertain_on_both_sides(rings):
    table = places([0.1, -0.1], accuracy_m=300.0)
    assert counts(gb.exposure(table, rings))[0][:2] == [2, 0]


def test_by_a_one_sided_border_an_unlisted_place_is_uncertain(strip):
    zone = gb.build_zone(strip, km=[5, 10], side="East", tolerance_m=1)
    table = places([0.1, -0.1, 2.0], accuracy_m=300.0, population=[1, 10, 100])
    assert counts(gb.exposure(table, zone)) == [[1, 2, 100, 0, 11, 0], [0] * 6]


# By a column


def test_by_counts_each_value_within_each_ring(five, rings):
    table = gb.exposure(five, rings, by="oblast")
    assert table.columns.tolist() == ["ring", "oblast", *EXPECTED, *COUNTS, *MODEL]
    assert table[["ring", "oblast"]].to_numpy().tolist() == [
        ["0–5 km", "A"], ["0–5 km", "B"], ["5–10 km", "A"],
    ]  # fmt: skip
    assert counts(table) == [[1, 0, 100, 0, 0, 0], [1, 0, 0, 1, 0, 0], [2, 0, 11, 0, 0, 0]]


def test_by_and_cumulative_go_together(five, rings):
    table = gb.exposure(five, rings, by="oblast", cumulative=True)
    assert table[["within_km", "oblast", "places", "population"]].to_numpy().tolist() == [
        [5.0, "A", 1, 100], [5.0, "B", 1, 0], [10.0, "A", 3, 111], [10.0, "B", 1, 0],
    ]  # fmt: skip


def test_by_side_and_section_need_no_column_of_the_table(five, rings):
    table = gb.exposure(five, rings, by="side", cumulative=True)
    assert table[["side", "places"]].to_numpy().tolist() == [
        ["East", 1], ["West", 1], ["East", 2], ["West", 2],
    ]  # fmt: skip
    assert set(gb.exposure(five, rings, by="section")["section"]) == {"West–East"}


@pytest.mark.parametrize("dtype", [object, "string", "category"])
def test_places_without_a_value_of_by_are_not_lost(five, rings, dtype):
    table = five.assign(oblast=pd.Series(["A", None, "A", None, "B"], dtype=dtype))
    whole, parts = gb.exposure(table, rings), gb.exposure(table, rings, by="oblast")
    assert parts.groupby("ring")["places"].sum().to_dict() == {"0–5 km": 2, "5–10 km": 2}
    assert parts[COUNTS].sum().to_dict() == whole[COUNTS].sum().to_dict()


def test_an_unknown_by_is_refused_with_the_nearest_name(five, rings):
    with pytest.raises(gb.DataError, match=r"Invalid by 'oblats'\. Did you mean 'oblast'\?"):
        gb.exposure(five, rings, by="oblats")


@pytest.mark.parametrize("by", ["ring", "population", "geometry"])
def test_by_gives_a_table_of_distinct_columns_or_is_refused(five, rings, by):
    try:
        table = gb.exposure(five, rings, by=by)
    except gb.DataError as error:
        assert by in str(error)  # noqa: PT017 - either answer will do
        return
    assert table.columns.is_unique
    assert table["places"].sum() == 4


# Tables with other labels, reference systems and columns


def test_the_table_of_the_caller_is_unchanged(five, rings):
    before = five.copy(deep=True)
    gb.exposure(five, rings, by="oblast", cumulative=True)
    pd.testing.assert_frame_equal(five, before)


def test_any_crs_gives_the_same_counts(five, rings):
    pd.testing.assert_frame_equal(
        gb.exposure(five.to_crs("EPSG:32636"), rings), gb.exposure(five, rings)
    )


def test_labels_of_rows_do_not_change_the_result(five, rings):
    odd = five.set_index(pd.Index([7, 7, "x", None, 7], dtype=object))
    pd.testing.assert_frame_equal(gb.exposure(odd, rings), gb.exposure(five, rings))
    by = gb.exposure(odd, rings, by="oblast")
    pd.testing.assert_frame_equal(by, gb.exposure(five, rings, by="oblast"))


def test_columns_of_an_earlier_classification_are_replaced(five, rings, strip):
    narrow = gb.build_zone(strip, km=2, tolerance_m=1)
    asked = five.join(gb.classify(five, narrow))
    pd.testing.assert_frame_equal(gb.exposure(asked, rings), gb.exposure(five, rings))


def test_a_population_that_is_not_a_number_is_refused(five, rings):
    bad = five.drop(columns="population").assign(population=["100", "many", "1", "1", "1"])
    with pytest.raises(gb.DataError, match=r"population.*many"):
        gb.exposure(bad, rings)


def test_errors_of_classify_are_passed_on(five, rings):
    with pytest.raises(gb.MissingCRSError, match="no coordinate reference system"):
        gb.exposure(five.set_crs(None, allow_override=True), rings)


# Other columns


def test_any_column_is_added_up_with_its_unknowns_beside(five, rings):
    clinics = five.assign(beds=[10, 20, None, 2.5, 9], accuracy_m=1.0)
    table = gb.exposure(clinics, rings, of="beds")
    sums = ["beds", "beds_without_figure", "beds_uncertain", "beds_uncertain_without_figure"]
    assert table.columns.tolist() == ["ring", *EXPECTED, "places", "uncertain", *sums]
    assert table[sums].to_numpy().tolist() == [[30, 0, 0, 0], [2.5, 1, 0, 0]]
    both = gb.exposure(clinics, rings, of=["population", "beds"], by="oblast")
    assert both.columns.tolist() == ["ring", "oblast", *EXPECTED, *COUNTS, *sums, *MODEL]
    pd.testing.assert_frame_equal(both.drop(columns=sums), gb.exposure(clinics, rings, by="oblast"))
    assert both["beds"].sum() == table["beds"].sum()
    # 4.9995 km is nearer to the edge of 5 km than the point is accurate.
    near = places([4.9995], beds=[7], accuracy_m=1.0)
    assert gb.exposure(near, rings, of="beds")[sums].to_numpy().tolist() == [[0, 0, 7, 0]] * 2


@pytest.mark.parametrize(
    ("of", "words"),
    [
        ("bedz", "Did you mean 'beds'"),
        (["beds", "beds"], "another column with the name of its sum"),
        ("ring", "another column with the name of its sum"),
        ("oblast", "'A'"),
    ],
)
def test_a_column_that_cannot_be_added_up_is_refused(five, rings, of, words):
    with pytest.raises(gb.DataError, match=words):
        gb.exposure(five.assign(beds=1), rings, of=of, by=[])


def test_sums_of_any_column_stand_beside_a_raster(five, rings):
    table = gb.exposure(five.assign(beds=2), rings, of="beds", by="oblast")
    raster = pd.DataFrame({"ring": ["0–5 km", "5–10 km", "5–10 km"], "oblast": ["A", "A", "C"],
                           "population": [4.5, 1.0, 9.0]})  # fmt: skip
    joined = gb.compare_exposure(table, raster).set_index(["ring", "oblast"])
    assert joined["beds"].to_dict() == {
        ("0–5 km", "A"): 2, ("0–5 km", "B"): 2, ("5–10 km", "A"): 4, ("5–10 km", "C"): 0,
    }  # fmt: skip
    assert joined.loc[("5–10 km", "C"), "population_raster"] == 9.0


# The bundled places


def test_certain_and_uncertain_places_are_those_of_within(towns, zone):
    table = gb.exposure(towns, zone)
    within = gb.within(towns, zone)
    sure = within["membership"] == "inside"
    assert table["places"].tolist() == [sure.sum()]
    assert table["uncertain"].tolist() == [(~sure).sum()]
    assert table["population"].tolist() == [within.loc[sure, "population"].sum()]
    assert table["without_figure"].tolist() == [within.loc[sure, "population"].isna().sum()]
    assert table["without_figure"].item() > 0


@pytest.mark.parametrize("by", ["oblast", "raion", "hromada", "section", "side", "kind"])
def test_parts_add_up_to_the_whole(towns, zone, by):
    parts = gb.exposure(towns, zone, by=by)
    assert parts[COUNTS].sum().to_dict() == gb.exposure(towns, zone)[COUNTS].sum().to_dict()
    assert parts[by].is_unique


def test_places_certainly_in_a_ring_are_certainly_within_its_edge(towns, border):
    """Places certain in a ring are certain in the whole zone, and narrow zones lie in wide ones."""
    zone = gb.build_zone(border, km=[5, 10, 20], side="Ukraine", tolerance_m=10)
    rings, within = gb.exposure(towns, zone), gb.exposure(towns, zone, cumulative=True)
    assert (rings["places"].cumsum() <= within["places"]).all()
    assert within["places"].is_monotonic_increasing
    assert within["population"].is_monotonic_increasing
    assert rings["places"].iloc[0] == within["places"].iloc[0]


# Expected places


def _unplaced(text, **columns):
    row = {"candidates": [text], **{name: [value] for name, value in columns.items()}}
    return gpd.GeoDataFrame(row, geometry=[None], crs="EPSG:4326")


def test_expected_places_are_the_sum_of_probabilities(rings):
    table = places([1, 4.9, 5.2, 9.8, 12, -3], accuracy_m=500.0)
    p = gb.classify(table, rings)["p_inside"]
    total = gb.exposure(table, rings, cumulative=True)["expected"]
    assert total.tolist()[-1] == pytest.approx(p.sum(), abs=0.05)
    by_ring = gb.exposure(table, rings)["expected"].tolist()
    assert sum(by_ring) == pytest.approx(p.sum(), abs=0.1)
    assert total.tolist()[0] == by_ring[0]


def test_expected_places_are_those_of_the_curve_and_of_compare(towns, border):
    every = gb.load_settlements(located="all")
    zones = [gb.build_zone(border, km=km, side="Ukraine", tolerance_m=100) for km in (10, 15)]
    exposed = [gb.exposure(every, zone).iloc[0] for zone in zones]
    curve = gb.exposure_curve(every, border, side="Ukraine", to_km=15, step_km=5).iloc[1:]
    for name in ("expected", "expected_low", "expected_high"):
        assert curve[name].tolist() == [row[name] for row in exposed]
    changes = gb.compare(*zones, every)
    assert changes.loc["kept", "expected"] == exposed[0]["expected"]
    gained = exposed[1]["expected"] - exposed[0]["expected"]
    assert changes.loc["gained", "expected"] == pytest.approx(gained, abs=0.11)
    assert changes.loc["lost", "expected"] == 0.0


def test_a_curve_of_many_steps_expects_as_one_of_few(towns, border):
    few, many = (
        gb.exposure_curve(towns, border, side="Ukraine", to_km=12, step_km=step).set_index(
            "within_km"
        )
        for step in (3, 0.05)
    )
    shared = few.index[few.index.isin(many.index)]
    assert len(shared) >= 3
    assert (few.loc[shared, "expected"] - many.loc[shared, "expected"]).abs().max() < 0.6


def test_places_of_shared_candidates_widen_the_range(rings):
    half = "30.014 50.5 1000 1; 30.4 50.5 1000 1"  # 1 km from the border, and 28 km
    apart = [f"30.014 50.5 {1000 + n} 1; 30.4 50.5 1000 1" for n in range(20)]
    alike = pd.concat([_unplaced(half, name=str(n)) for n in range(20)], ignore_index=True)
    different = pd.concat([_unplaced(text) for text in apart], ignore_index=True)
    tables = [gb.exposure(one, rings, cumulative=True).iloc[-1] for one in (alike, different)]
    assert [table["expected"] for table in tables] == [10.0, 10.0]
    shared, single = (table["expected_high"] - table["expected_low"] for table in tables)
    # The correlation is a third: the variance of twenty is 1 + 19 / 3 times that of one.
    assert shared == pytest.approx(2.7 * single, rel=0.1)


def test_a_place_without_a_point_is_expected_where_its_candidates_are(strip):
    zone = gb.build_zone(strip, km=5, tolerance_m=10)
    row = _unplaced("30.014 50.5 100 4; 29.986 50.5 100 1", oblast="A", population=50)
    by = gb.exposure(row, zone, by=["oblast", "side"])
    found = by[["oblast", "side", "expected", "places"]].to_numpy().tolist()
    assert found == [["A", "East", 0.8, 0], ["A", "West", 0.2, 0]]
    whole = gb.exposure(row, zone).iloc[0]
    assert (whole["expected"], whole["places"], whole["population"]) == (1.0, 0, 0)


def test_a_table_that_states_no_accuracy_expects_nothing(five, rings):
    table = gb.exposure(five, rings)
    assert table[EXPECTED].isna().all(axis=None)
    assert table["places"].tolist() == [2, 2]


def test_a_row_given_twice_is_expected_once(rings):
    table = places([1, 1], accuracy_m=500.0, name=["Мала", "Мала"])
    with pytest.warns(UserWarning, match="repeating another"):
        assert gb.exposure(table, rings)["expected"].tolist()[0] == pytest.approx(1.0, abs=0.05)

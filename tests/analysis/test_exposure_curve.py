"""exposure_curve: each row equals the exposure of the zone of that width."""

import io
import sys

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.text import Text

import geobuffer as gb
from geobuffer.zones.translation import list_languages


@pytest.mark.parametrize("side", ["both", "Ukraine", "Russia"])
def test_each_row_is_the_exposure_of_the_zone_of_that_width(side, made_once, regions, towns):
    border = gb.border_between(regions["Belgorod", "Kursk"], regions["Sumy"])
    curve = gb.exposure_curve(towns, border, side=side, to_km=20, step_km=4)
    edges = [4, 8, 12, 16, 20]
    rings = gb.build_zone(border, km=edges, side=side, tolerance_m=500)
    towns = towns.drop(columns="population_as_of")  # a curve has no dates
    counted = gb.exposure(towns, rings, cumulative=True, model=False)
    assert curve.to_numpy().tolist() == counted.to_numpy().tolist()
    for n in (0, 3):
        km = edges[n]
        single = gb.build_zone(border, km=km, side=side, tolerance_m=500)
        assert (
            curve.iloc[n, 1:].astype(int).tolist()
            == gb.exposure(towns, single, model=False).iloc[0, 1:].astype(int).tolist()
        )


def test_every_place_is_a_row_and_the_sums_only_grow(border, towns):
    curve = gb.exposure_curve(towns, border, side="Ukraine", to_km=10)
    inside = gb.within(towns, gb.build_zone(border, km=10, side="Ukraine", tolerance_m=50))
    distances = inside["distance_km"][inside["distance_km"] <= 10].unique()
    assert curve["within_km"].tolist() == sorted({*distances, 10.0})
    for column in ("places", "population", "without_figure"):
        assert curve[column].is_monotonic_increasing
    assert curve[["places", "uncertain"]].iloc[-1].tolist() == [
        (inside["membership"] == "inside").sum(), (inside["membership"] == "uncertain").sum(),
    ]  # fmt: skip


@given(
    kms=st.lists(st.floats(-15, 15), min_size=1, max_size=12),
    accuracy=st.sampled_from([0.0, 300.0, 4000.0]),
    km=st.floats(0.5, 12),
    side=st.sampled_from(["both", "West"]),
)
@settings(max_examples=25, deadline=None)
def test_it_agrees_with_classify_at_any_width(strip, kms, accuracy, km, side):
    points = gpd.points_from_xy(30 + np.array(kms) / 70.9, np.full(len(kms), 50.5))
    table = gpd.GeoDataFrame(
        {"accuracy_m": [accuracy] * len(kms)}, geometry=points, crs="EPSG:4326"
    )
    last = gb.exposure_curve(table, strip, side=side, to_km=12.5, step_km=km).iloc[0]
    zone = gb.BufferZone(strip, (0.0, km), side, "round", (), 1.0, 1.0)
    membership = gb.classify(table, zone)["membership"]
    assert last["within_km"] == km
    assert (last["places"], last["uncertain"]) == (
        (membership == "inside").sum(), (membership == "uncertain").sum(),
    )  # fmt: skip


@pytest.mark.parametrize("side", ["both", "West", "East"])
def test_places_listed_across_the_border_agree_as_well(strip, side):
    """A place that another country lists may stand across the border, as far as its margin goes."""
    kms = np.array([-9.8, -6.2, -5.9, -3.0, -0.1, 0.2, 2.8, 3.1, 5.7, 6.1, 9.9])
    points = gpd.points_from_xy(30 + kms / 70.9, np.full(len(kms), 50.5))
    table = gpd.GeoDataFrame(
        {"accuracy_m": 400.0, "country": ["BB"] * 8 + ["AA", None, "AA"]},
        geometry=points, crs="EPSG:4326",
    )  # fmt: skip
    edges = [3, 6, 9]
    curve = gb.exposure_curve(table, strip, side=side, to_km=9, step_km=3)
    rings = gb.build_zone(strip, km=edges, side=side, tolerance_m=10)
    singles = [gb.build_zone(strip, km=km, side=side, tolerance_m=10) for km in edges]
    columns = ["places", "uncertain"]
    expected = [gb.exposure(table, zone)[columns].iloc[0].tolist() for zone in singles]
    assert curve[columns].to_numpy().tolist() == expected
    counted = gb.exposure(table, rings, cumulative=True)[columns]
    assert counted.to_numpy().tolist() == expected
    late = [gb.build_zone(strip, km=km, from_km=3, side=side, tolerance_m=10) for km in ([6, 9], 9)]
    several, one = (gb.exposure(table, zone, cumulative=True)[columns] for zone in late)
    assert several.iloc[-1].tolist() == one.iloc[-1].tolist()


def test_places_without_a_figure_are_counted_apart(strip):
    table = gpd.GeoDataFrame(
        {"population": pd.array([100, None, 7], dtype="Int64")},
        geometry=gpd.points_from_xy([30.01, 30.02, 30.05], [50.5] * 3), crs="EPSG:4326",
    )  # fmt: skip
    curve = gb.exposure_curve(table, strip, to_km=5, step_km=2)
    assert curve["within_km"].tolist() == [2, 4, 5]
    assert curve["population"].tolist() == [100, 107, 107]
    assert curve["without_figure"].tolist() == [1, 1, 1]
    bare = gb.exposure_curve(table.drop(columns="population"), strip, to_km=5)
    assert bare["without_figure"].tolist() == [1, 2, 3, 3]


def test_steps_that_fit_make_no_extra_row(strip, towns):
    for step, count in ((0.1, 10), (0.3, 4), (1.0, 1), (5.0, 1)):
        curve = gb.exposure_curve(towns, strip, to_km=1, step_km=step)
        assert len(curve) == count
        assert curve["within_km"].iloc[-1] == 1


@pytest.mark.parametrize(
    ("kwargs", "says"),
    [
        ({"to_km": 0}, "to_km 0"),
        ({"to_km": float("nan")}, "to_km nan"),
        ({"to_km": 3000}, "at most 2,000 km"),
        ({"to_km": 5, "step_km": -1}, "step_km -1"),
        ({"to_km": "5 h"}, "to_km '5 h'"),
        ({"to_km": "5,10"}, "to_km '5,10'"),
        ({"to_km": 5, "step_km": 1e-300}, "step_km 1e-300.*at least 0.001, a metre"),
        ({"to_km": 5, "side": "Wst"}, "Did you mean 'West'"),
    ],
)
def test_invalid_distances_and_sides_are_refused(strip, towns, kwargs, says):
    with pytest.raises(gb.GeobufferError, match=says):
        gb.exposure_curve(towns, strip, **kwargs)


def test_the_plot_shows_the_numbers_of_the_table(border, towns, tmp_path):
    curve = gb.exposure_curve(towns, border, side="Ukraine", to_km=20, step_km=5)
    axes = gb.plot_curve(curve)
    (line,) = axes.lines
    assert line.get_xdata().tolist() == [0, 5, 10, 15, 20]
    assert line.get_ydata().tolist() == [0, *curve["population"]]
    (band,) = axes.collections
    top = band.get_paths()[0].vertices[:, 1].max()
    assert top == (curve["population"] + curve["population_uncertain"]).max()
    assert (axes.get_xlabel(), axes.get_ylabel()) == (
        "distance from the border, km", "people, at least",
    )  # fmt: skip
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "uncertain", "surely within",
        f"and {curve['not_located'].iloc[-1]} places known by name only, not located",
    ]  # fmt: skip
    axes.figure.savefig(tmp_path / "curve.png")
    assert (tmp_path / "curve.png").stat().st_size > 5_000


@pytest.mark.parametrize("language", list_languages())
def test_a_curve_for_print_is_whole_in_every_language(border, towns, language):
    """Every text lies on the paper and over no other; hatches show what colours do, in grey too."""
    curve = gb.exposure_curve(towns, border, side="Ukraine", to_km=20)
    axes = gb.plot_curve(
        curve, people=False, mark_km=10, names={5: "$\\frac{Суми}", 6.1: "Глухів"}, size="a4",
        title="A heading that is far too long for one line of a page " * 2, language=language,
        sources=[border.source],
    )  # fmt: skip
    figure = axes.get_figure()
    figure.savefig(io.BytesIO())
    row = curve[curve["within_km"] <= 10].iloc[-1]
    (mark,) = axes.findobj(
        lambda part: isinstance(part, Text) and part.get_gid() == "geobuffer-mark"
    )
    for said in (row["places"], row["uncertain"]):
        assert f"\n{said:.0f} " in mark.get_text()
    assert axes.findobj(lambda part: isinstance(part, Text) and "Суми" in part.get_text())
    renderer = figure.canvas.get_renderer()
    texts = [part for part in figure.findobj(Text) if part.get_visible() and part.get_text()]
    boxes = [part.get_window_extent(renderer) for part in texts]
    for box in boxes:
        assert figure.bbox.x0 <= box.x0 <= box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0 <= box.y1 <= figure.bbox.y1
    assert not any(one.overlaps(box) for i, box in enumerate(boxes) for one in boxes[:i])
    assert axes.collections[0].get_hatch()
    lines = {line.get_linestyle() for line in axes.lines}
    assert len(lines) > 1
    # The expected number lies between the sure ones and all, at every distance.
    mean = curve["expected"].astype(float)
    assert (mean >= curve["places"] - 0.1).all()
    assert axes.lines[1].get_ydata().tolist() == [0.0, *mean]


def test_the_curve_can_be_drawn_in_given_axes(strip, towns):
    own = Figure().add_subplot()
    curve = gb.exposure_curve(towns, strip, to_km=2)
    assert gb.plot_curve(curve, people=False, ax=own) is own
    assert own.get_ylabel() == "places"


def test_other_tables_and_a_missing_library_raise_errors(strip, towns, monkeypatch):
    curve = gb.exposure_curve(towns, strip, to_km=2)
    with pytest.raises(gb.DataError, match="column 'within_km'"):
        gb.plot_curve(curve.drop(columns="within_km"))
    with pytest.raises(gb.DataError, match="mark_km 3"):
        gb.plot_curve(curve, mark_km=3)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(gb.DataError, match=r"geobuffer\[plot\]"):
        gb.plot_curve(curve)


def test_a_picture_of_a_curve_says_what_it_leaves_out(towns, border):
    pytest.importorskip("matplotlib")
    curve = gb.exposure_curve(towns, border, side="Ukraine", to_km=10, step_km=5)
    assert curve["not_located"].tolist() == [193, 218]
    said = [text.get_text() for text in gb.plot_curve(curve).get_legend().get_texts()]
    assert said[-1] == "and 218 places known by name only, not located"
    axes = gb.plot_curve(curve.iloc[1:].assign(from_km=5.0))
    assert axes.get_xlim() == (5.0, 10.0)


def test_the_curve_of_a_raster_is_drawn_beside_that_of_places():
    places = pd.DataFrame(
        {"within_km": [5.0, 10.0], "population": [100, 300], "population_uncertain": [0, 50]}
    )
    raster = pd.DataFrame(
        {"within_km": [5.0, 10.0], "population": [400.0, 900.0], "no_data_share": [0.0, 0.0]}
    )
    alone = gb.plot_curve(raster, mark_km=7.5)
    assert alone.get_ylabel() == "people"
    assert "7.5 km\n650 people" in [text.get_text() for text in alone.texts]
    assert alone.lines[0].get_ydata().tolist() == [0.0, 400.0, 900.0]
    axes = gb.plot_curve(raster, ax=gb.plot_curve(places))
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["uncertain", "surely within", "the estimate of the raster"]
    assert axes.get_ylim()[1] > 900.0
    with pytest.raises(gb.DataError, match="'places'"):
        gb.plot_curve(raster, people=False)

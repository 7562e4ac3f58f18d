"""Every function that classifies places gives the same answers: tables, arrays, files, commands."""

import os
from importlib.util import find_spec

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from support.bulk_tables import needs_numba, write_text_file
from support.cli import run_geobuffer
from support.engines import use_engine

import geobuffer as gb
from geobuffer.analysis import _arrow
from geobuffer.analysis.classify import classify_table
from geobuffer.analysis.membership import MEMBERSHIP
from geobuffer.viz.figure.plot import plot_zone
from geobuffer.viz.web.page_data import describe_places

COLUMNS = [
    "distance_km", "side", "section", "chainage_km", "ring", "membership", "p_inside",
    "margin_km", "conflict",
]  # fmt: skip
EXTRA = ["accuracy_m", "radius_m", "country", "oblast", "oblast_iso"]


def _make_table(zone, count=3_000):
    """Return points about a border with all that makes a place uncertain, and some without."""
    rng = np.random.default_rng(11)
    west, south, east, north = zone.polygon.buffer(0.1).bounds
    lon, lat = rng.uniform(west, east, count), rng.uniform(south, north, count)
    table = gpd.GeoDataFrame(
        {
            "name": [f"place {n}" for n in range(count)],
            "accuracy_m": np.where(rng.random(count) < 0.2, np.nan, rng.uniform(0, 2e3, count)),
            "radius_m": rng.choice([0.0, 500.0], count),
            "country": rng.choice(["UA", "Россия", "ru", "", None], count),
            "oblast": rng.choice(["Сумська область", "Kursk", "elsewhere", None], count),
            "oblast_iso": rng.choice(["UA-59", "RU-KRS", None, None, None], count),
        },
        geometry=gpd.points_from_xy(lon, lat),
        crs="EPSG:4326",
    )
    table.loc[rng.choice(count, 30, replace=False), "geometry"] = None
    return table


@pytest.fixture(scope="module")
def table(zone):
    return _make_table(zone)


def _rows(frame):
    """Return the answers as lists in which a missing value is None."""
    return {
        name: [None if pd.isna(value) else value for value in frame[name].tolist()]
        for name in COLUMNS
    }


def _counts(membership):
    classes = pd.Series(membership).dropna().value_counts()
    return {name: int(classes.get(name, 0)) for name in MEMBERSHIP}


def _answer_rows(table, zone, **options):
    lon, lat = table.geometry.x.to_numpy(), table.geometry.y.to_numpy()
    given = {name: table[name].to_numpy() for name in EXTRA if name in table}
    answers = gb.answer(lon, lat, zone, **given, **options)._asdict()
    names = {
        "side": [*(side.name for side in zone.sides), ""],
        "section": [*(section.name for section in zone.sections), None],
        "ring": [*zone.ring_names, None],
        "membership": [*MEMBERSHIP, None],
    }
    for column, known in names.items():
        answers[column] = np.array(known, dtype=object)[answers[column]]
    return _rows(pd.DataFrame(answers))


@pytest.mark.parametrize("without", [[], ["country"], ["accuracy_m", "radius_m"], EXTRA])
def test_arrays_and_files_answer_as_tables_do(without, table, zone, tmp_path):
    some = table.drop(columns=without)
    wanted = _rows(gb.classify(some, zone))
    assert _answer_rows(some, zone) == wanted
    source = gb.write(some, tmp_path / "in.parquet")
    gb.classify_file(source, zone, tmp_path / "out.parquet")
    assert _rows(pd.read_parquet(tmp_path / "out.parquet")) == wanted
    gb.write(some, tmp_path / "in.csv")
    gb.classify_file(tmp_path / "in.csv", zone, tmp_path / "out.csv")
    found = pd.read_csv(tmp_path / "out.csv", keep_default_na=False)
    assert found["membership"].tolist() == [name or "" for name in wanted["membership"]]
    assert found["conflict"].tolist() == wanted["conflict"]


@pytest.mark.parametrize("engine", ["tree", "numpy", "compiled"])
def test_the_engines_give_the_same_bits(engine, table, zone):
    wanted = gb.classify(table, zone)
    with use_engine(engine):
        assert _answer_rows(table, zone) == _rows(wanted)
        pd.testing.assert_frame_equal(gb.classify(table, zone), wanted, check_exact=True)


@pytest.mark.parametrize("rows", [1, 7, 500])
@pytest.mark.filterwarnings("ignore:.*longitude and latitude:UserWarning")
def test_no_answer_depends_on_other_rows(rows, table, zone):
    some = table[:210] if rows < 500 else table
    wanted = gb.classify(table, zone)[: len(some)]
    order = np.random.default_rng(rows).permutation(len(some))
    pieces = [some.iloc[order[at : at + rows]] for at in range(0, len(some), rows)]
    found = [gb.classify(piece, zone) for piece in pieces]
    assert {tuple(piece.dtypes) for piece in found} == {tuple(wanted.dtypes)}
    pd.testing.assert_frame_equal(pd.concat(found).sort_index(), wanted, check_exact=True)


@pytest.mark.filterwarnings("ignore:.*without a point:UserWarning")
def test_tables_of_counts_agree_with_classify(table, zone):
    found = gb.classify(table, zone)
    counts = _counts(found["membership"])
    inside = gb.within(table, zone)
    held = found["membership"].isin(["inside", "uncertain"])
    assert _rows(inside) == _rows(found[held])
    located = gb.locate(table, zone.border)
    pd.testing.assert_frame_equal(located, found[list(located.columns)], check_exact=True)
    [counted] = gb.exposure(table, zone).to_dict("records")
    assert (counted["places"], counted["uncertain"]) == (counts["inside"], counts["uncertain"])
    curve = gb.exposure_curve(table, zone.border, to_km=zone.width_km, side=zone.side)
    last = curve.iloc[-1]
    if zone.ends == "round":
        assert (last["places"], last["uncertain"]) == (counts["inside"], counts["uncertain"])
    both = gb.compare(zone, zone, table)
    assert both.loc["kept", "places"] == found["ring"].notna().sum()
    unsure = found["ring"].notna() & (found["membership"] == "uncertain")
    assert both.loc["kept", "uncertain"] == unsure.sum()
    page, _ = describe_places(table, classify_table(table, zone), zone, [])
    assert page["count"] + page["far"] == len(table)
    figure = plot_zone(zone, settlements=table)
    texts = " ".join(text.get_text() for text in figure.findobj(lambda a: hasattr(a, "get_text")))
    for kind in ("inside", "uncertain"):
        assert f"{counts[kind]:,}" in texts.replace("\N{NO-BREAK SPACE}", ",")


def test_the_bundled_places_have_their_known_counts(zone, towns, made_once, tmp_path):
    """The counts of the default zone that README and the data's page state."""
    wanted = {"inside": 335, "uncertain": 62}

    def held(membership):
        counts = _counts(membership)
        return {name: counts[name] for name in wanted}

    assert held(gb.classify(towns, zone)["membership"]) == wanted
    assert held(_answer_rows(towns, zone)["membership"]) == wanted
    gb.classify_file(gb.write(towns, tmp_path / "in.parquet"), zone, tmp_path / "out.parquet")
    assert held(pd.read_parquet(tmp_path / "out.parquet")["membership"].astype(object)) == wanted
    listed = run_geobuffer("settlements", "--json").json
    assert held([row["membership"] for row in listed]) == wanted
    counted = run_geobuffer("exposure", "--json").json
    assert [(row["places"], row["uncertain"]) for row in counted] == [(335, 62)]


@needs_numba
def test_random_points_get_the_same_counts(zone, tmp_path):
    rng = np.random.default_rng(2)
    west, south, east, north = zone.border.line.bounds
    lon, lat = rng.uniform(west, east, 300_000), rng.uniform(south, north, 300_000)
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(lon, lat), crs="EPSG:4326")
    found = gb.classify(points, zone)
    codes = gb.answer(lon, lat, zone).membership
    assert (np.array(MEMBERSHIP, dtype=object)[codes] == found["membership"]).all()
    points.to_parquet(tmp_path / "in.parquet")
    gb.classify_file(tmp_path / "in.parquet", zone, tmp_path / "out.parquet")
    written = pd.read_parquet(tmp_path / "out.parquet", columns=["membership", "distance_km"])
    assert _counts(written["membership"].astype(object)) == _counts(found["membership"])
    assert (written["distance_km"] == found["distance_km"]).all()
    assert _counts(found["membership"])["uncertain"] > 0


@pytest.mark.skipif(
    not os.environ.get("TEST_DISTRIBUTED") and find_spec("dask_geopandas") is None,
    reason="dask-geopandas is not installed",
)
def test_partitions_of_dask_answer_as_the_whole_table(table, zone):
    import dask
    import dask_geopandas

    with dask.config.set({"dataframe.convert-string": False, "scheduler": "synchronous"}):
        parts = dask_geopandas.from_geopandas(table, npartitions=5)
        meta = gb.classify(table[:1], zone)[:0]
        found = parts.map_partitions(gb.classify, zone, meta=meta).compute()
    assert _rows(found) == _rows(gb.classify(table, zone))


HEADINGS = [
    ("in.csv", "cp1251", "Назва;Широта;Довгота;Країна\n", ";", "\n"),
    ("in.csv", "utf-16", "name;lat;lon;country\n", ";", "\n"),
    ("in.csv", "utf-8", "name,lat,lon,country\n", ",", "\r"),
    ("in.csv", "utf-8", "sep=;\nname;lat;lon;country\n", ";", "\r\n"),
    ("in.tsv", "utf-8-sig", "name\tlatitude\tlongitude\tcountry_code\n", "\t", "\n"),
    ("in.txt", "utf-8", "name|Lat|LON|country\n", "|", "\n"),
]
POINTS = [("50.5", "30.001"), ("50.6", "29.9"), ("50°30'N", "30°6'E"), ("", "30"), ("0", "0")]


@pytest.mark.parametrize("form", HEADINGS)
@pytest.mark.filterwarnings(r"ignore:.*in\.(csv|tsv|txt)\b:UserWarning")
def test_large_files_are_read_as_tables_are(form, strip, tmp_path):
    file, encoding, header, mark, end = form
    zone = gb.build_zone(strip, km=10, side="East", tolerance_m=1)
    names = [f"Суджа Їжак {number}" for number in range(len(POINTS))]
    rows = [mark.join([name, *point, "BB"]) for name, point in zip(names, POINTS, strict=True)]
    text = (header + "\n".join(rows) + "\n").replace("\n", end)
    source = write_text_file(tmp_path / file, text, encoding)
    wanted = gb.classify(gb.read_settlements(source), zone)
    gb.classify_file(source, zone, tmp_path / "out.parquet")
    written = pd.read_parquet(tmp_path / "out.parquet")
    assert written.iloc[:, 0].tolist() == names
    assert _rows(written) == _rows(wanted)


def test_a_text_that_changes_its_encoding_is_refused(strip, tmp_path, monkeypatch):
    monkeypatch.setattr(_arrow, "BATCH_ROWS", 64)
    zone = gb.build_zone(strip, km=10, tolerance_m=1)
    source = tmp_path / "in.csv"
    head = "name,lat,lon\n" + "Суджа,50.5,30.1\n" * 200
    source.write_bytes(head.encode("utf-16") + b"\x00\xd8\x00")
    with pytest.raises(gb.DataError, match=r"in\.csv.*UTF-8"):
        gb.classify_file(source, zone, tmp_path / "out.csv")


@pytest.mark.parametrize("name", ["accuracy_m", "radius_m"])
@pytest.mark.parametrize("value", [-1.0, np.inf, "far", [1.0, 2.0, 3.0]])
def test_answer_refuses_what_is_no_length(name, value, strip):
    zone = gb.build_zone(strip, km=10, tolerance_m=1)
    with pytest.raises(gb.DataError, match=name) as caught:
        gb.answer(np.zeros(2), np.zeros(2), zone, **{name: value})
    assert caught.value.parameter == name


def test_answer_knows_the_meridian_of_a_longitude_beyond_180(strip):
    zone = gb.build_zone(strip, km=10, side="East", tolerance_m=1)
    turned, plain = (gb.answer(np.array([lon]), np.array([50.5]), zone) for lon in (390.05, 30.05))
    assert turned.membership == plain.membership == [1]
    assert shapely.Point(30.05, 50.5).within(zone.polygon)


@pytest.mark.parametrize("name", ["country", "oblast", "oblast_iso"])
def test_lists_are_no_country(name, strip):
    zone = gb.build_zone(strip, km=10, tolerance_m=1)
    texts = np.array(["UA", None], dtype=object)
    texts[1] = ["UA"]
    with pytest.raises(gb.DataError, match=rf"{name} at position 1: a list") as caught:
        gb.answer(np.full(2, 30.05), np.full(2, 50.5), zone, **{name: texts})
    assert caught.value.parameter == name
    points = gpd.points_from_xy([30.05, 30.05], [50.5, 50.5])
    table = gpd.GeoDataFrame({name: texts}, geometry=points, crs="EPSG:4326")
    with pytest.raises(gb.DataError, match=f"{name} at position 1"):
        gb.classify(table, zone)


def test_one_value_for_all_points_answers_as_one_for_each(strip):
    zone = gb.build_zone(strip, km=10, tolerance_m=1)
    lon, lat = np.array([[30.05, 30.2], [29.9, np.nan]]), np.full((2, 2), 50.5)
    one = gb.answer(lon, lat, zone, accuracy_m=500.0, radius_m=np.nan)
    each = gb.answer(
        lon, lat, zone, accuracy_m=np.full((2, 2), 500.0), radius_m=np.full((2, 2), np.nan),
        country=np.full((2, 2), None),
    )  # fmt: skip
    for name in one._fields:
        np.testing.assert_array_equal(getattr(one, name), getattr(each, name))
    assert one.margin_km.shape == one.conflict.shape == (2, 2)

"""Points that mean "no point" and points that are probably wrong, by the same rules everywhere."""

import json
import re
import warnings

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import shapely
from support.given import points, save

import geobuffer as gb
from geobuffer.analysis import _arrow
from geobuffer.io.odd_points import OddPoints, explain_beyond

# Ten places near Sumy, then points that mean "no point" or are wrong.
AMONG = [(34.0 + step / 10, 51.0 + step / 20) for step in range(10)]
ODD = [
    (0.0, 0.0), (1e-6, -1e-6), (-999.0, -999.0), (35.0, -99.0), (0.611, 0.892), (35.1, -51.1),
    (-35.2, 51.2),
]  # fmt: skip
NO_PLACE = [10, 11, 12, 13]


def _notes(read, *given, **options):
    """Return the warnings of a reader, without the file's name, and what the reader returns."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = read(*given, **options)
    return [re.sub(r"^\S.*?: ", "", str(one.message), count=1) for one in said], found


def _expected(offset, word):
    def cite(*rows):
        plural = "" if len(rows) == 1 else "s"
        shown = ", ".join(str(row + offset) for row in rows)
        return f"{len(rows)} ({word}{plural} {shown})"

    return [
        f"rows at 0, 0, which is in the ocean, got no point: {cite(10, 11)}.",
        f"no data got no point: {cite(12, 13)}: longitude -999, latitude -999; longitude 35, lat",
        f"no land: {cite(14)}: longitude 0.611, latitude 0.892. Are they in radians?",
        f"of the others: {cite(15, 16)}: longitude 35.1, latitude -51.1; longitude -35.2, latitude",
        "With the other sign, they would lie among the others: is a sign wrong?",
    ]


@pytest.mark.parametrize("form", ["csv", "xlsx", "geojson", "gpkg", "parquet", "memory"])
def test_every_format_reports_odd_points_alike(tmp_path, form):
    layer = points(*AMONG, *ODD)
    file = tmp_path / f"places.{form}"
    table = pd.DataFrame(layer.drop(columns="geometry")).assign(
        lon=[x for x, _ in AMONG + ODD], lat=[y for _, y in AMONG + ODD]
    )
    if form in {"csv", "xlsx"}:
        write = {"csv": table.to_csv, "xlsx": table.to_excel}[form]
        write(file, index=False)
    elif form == "parquet":
        layer.to_parquet(file)
    elif form != "memory":
        save(layer, file)
    notes, places = _notes(gb.read_settlements, layer if form == "memory" else file)
    assert np.flatnonzero(places.geometry.isna()).tolist() == NO_PLACE
    text = "\n".join(notes)
    for words in _expected(*((2, "line") if form in {"csv", "xlsx"} else (0, "row"))):
        assert words in text


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_bulk_reports_the_same_in_any_batches(tmp_path, monkeypatch, suffix):
    monkeypatch.setattr(_arrow, "BATCH_ROWS", 4)
    layer, file = points(*AMONG, *ODD), tmp_path / f"places{suffix}"
    if suffix == ".csv":
        columns = {"lon": [x for x, _ in AMONG + ODD], "lat": [y for _, y in AMONG + ODD]}
        pd.DataFrame(columns).to_csv(file, index=False)
    else:
        layer.to_parquet(file)
    border = gb.border_along(shapely.LineString([(34, 51), (35, 51.5)]), source=gb.Source("drawn"))
    zone = gb.build_zone(border, km=10)
    notes, count = _notes(gb.classify_file, file, zone, tmp_path / "out.parquet")
    assert count == len(layer)
    text = "\n".join(notes)
    for words in _expected(*((2, "line") if suffix == ".csv" else (0, "row"))):
        assert words in text
    answered = pq.read_table(tmp_path / "out.parquet").column("distance_km").to_pylist()
    assert [row for row, km in enumerate(answered) if km is None] == NO_PLACE


def _look(*xy):
    odd = OddPoints()
    odd.look(*np.array(xy, dtype=float).T)
    return odd.list_notes(lambda rows: str(rows.first))


@pytest.mark.parametrize(
    ("one", "hint"),
    [
        ((35.0, -51.0), "other sign"), ((51.1, 35.1), "swapped"), ((0.0, 51.0), "One coordinate"),
        ((35.0, 5.1), "decimal point moved"), ((-100.0, 20.0), "the middle of the others"),
    ],
)  # fmt: skip
def test_a_point_far_from_the_others_is_explained(one, hint):
    (note,) = _look(*AMONG, one)
    assert hint in note
    assert "(10,)" in note


def test_tables_that_are_right_have_no_odd_points(towns, regions):
    lon, lat = towns.geometry.x.to_numpy(), towns.geometry.y.to_numpy()
    capitals = [(x, y) for x in range(-175, 180, 25) for y in (-45, -20, 0.5, 20, 45, 60)]
    russia = [(20.5, 54.7), (37.6, 55.8), (60.6, 56.8), (82.9, 55.0), (104.3, 52.3), (131.9, 43.1)]
    for places in (list(zip(lon, lat, strict=True)), capitals, russia, [(35, 51), (-100, 20)]):
        assert _look(*places) == []
    # On the equator and the meridian of Greenwich, a coordinate of 0 among near points is right.
    assert _look((0.0, 51.5), (-0.1, 51.4), (0.2, 51.6)) == []
    assert "exactly 0" in _look((0.0, 51.5))[0]


@pytest.mark.parametrize(
    ("rows", "says", "silent"),
    [
        ([(35, 51), (34, 50.9), (35, 51123)], "is 51123 rather 51.123?", "metres"),
        ([(35, 51), (34, 50.9), (35038, 51)], "is 35038 rather 35.038?", "metres"),
        ([(35, 51), (34, 50.9), (35, 136)], "swapped, in this row or in all? SWAP", "metres"),
        ([(35038, 51123), (34311, 51147)], "decimal points seem to be lost", "metres"),
        ([(35038000, 51123000), (3431100, 51147000)], "degrees times a million", "metres"),
        ([(350380000, 511230000)], "degrees times a million", "metres"),
        ([(3926000.5, 6650000.5)], "metres of a projection", "million"),
        ([(6502000, 5667000), (7502000, 5567000)], "metres of a projection", "million"),
        ([(51, 136)], "swapped? SWAP", "metres"),
    ],
)
def test_numbers_beyond_the_globe_are_called_what_they_are(rows, says, silent):
    found = explain_beyond(*np.array(rows, dtype=float).T, swap="SWAP", metres="METRES")
    assert says in found
    assert silent not in found


def test_lost_decimal_points_are_refused_by_row_in_readers_and_bulk(tmp_path):
    file = tmp_path / "places.csv"
    file.write_text("name,lat,lon\nA,51.1,35.0\nB,51.2,35.1\nC,51123,35.0\n")
    zone = gb.build_zone(gb.border_around(shapely.Point(35, 51), source=gb.Source("x")), km=5)
    for read in (
        lambda: gb.read_settlements(file),
        lambda: gb.classify_file(file, zone, tmp_path / "out.parquet"),
    ):
        with pytest.raises(gb.DataError, match=r"line 4 .*latitude 51123\..*rather 51\.123"):
            read()


def test_a_projection_has_its_own_zero_and_fillers(tmp_path):
    table = gpd.GeoDataFrame(
        {"name": list("ABC")},
        geometry=gpd.points_from_xy([0.0, -9999.0, 500_000.0], [0.0, -9999.0, 5_650_000.0]),
        crs="EPSG:32636",
    )
    save(table, tmp_path / "grid.gpkg")
    notes, places = _notes(gb.read_settlements, tmp_path / "grid.gpkg")
    assert places.geometry.isna().tolist() == [True, True, False]
    assert "stand for no data" in "".join(notes)


def test_coordinates_in_quotes_of_geojson_are_named(tmp_path):
    features = [
        {"type": "Feature", "properties": {"name": "A"},
         "geometry": {"type": "Point", "coordinates": pair}}
        for pair in (["35.0", "51.1"], [35.0, 51.2])
    ]  # fmt: skip
    text = json.dumps({"type": "FeatureCollection", "features": features})
    (tmp_path / "a.geojson").write_text(text)
    notes, places = _notes(gb.read_settlements, tmp_path / "a.geojson")
    assert any("in quotes are texts" in note for note in notes)
    assert places.geometry.isna().tolist() == [True, False]


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        ((0.0, 0.0), r"^Rows at 0, 0, which is in the ocean: 1 \('odd'\)\. Are their"),
        ((35.1, -51.1), r"^Points more than .* 1 \('odd'\): longitude 35\.1, .*is a sign wrong"),
        ((0.611, 0.892), r"^Points within 1\.6.*\('odd'\).*radians"),
        ((35.1, 0.0), r"^Points more than .*\('odd'\).*One coordinate is 0"),
        ((51.1, 35.1), r"^1 row far from the border, but near it with .* swapped: 'odd'"),
    ],
)
def test_odd_points_of_tables_in_memory_are_reported_once(odd, words, tmp_path):
    zone = gb.build_zone(
        gb.border_along(shapely.LineString([(35, 50), (35, 53)]), source=gb.Source("x")), km=5
    )
    table = gpd.GeoDataFrame(
        {"name": [*(f"P{n}" for n in range(len(AMONG))), "odd"]},
        geometry=shapely.points([*AMONG, odd]), crs=4326,
    )  # fmt: skip
    for ask in (gb.classify, gb.exposure, lambda *of: gb.locate(of[0], of[1].border)):
        with pytest.warns(UserWarning, match=words) as said:
            ask(table, zone)
        assert len(said) == 1
    if odd != (51.1, 35.1):  # the reader reports it, and later calls do not repeat it
        table.to_file(tmp_path / "t.gpkg")
        said, read = _notes(gb.read_settlements, tmp_path / "t.gpkg")
        assert re.search("got no point|middle of the others|radians", " ".join(said))
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*without a point")
            gb.classify(read, zone)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gb.classify(table.iloc[:-1], zone)

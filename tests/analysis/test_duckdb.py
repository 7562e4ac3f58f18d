"""DuckDB asks the functions of a zone row by row, and gets the answers of ``gb.classify``."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import geobuffer as gb
from geobuffer.analysis import duckdb as duckdb_functions

duckdb = pytest.importorskip("duckdb")

QUERY = """
select gb_km(lon, lat) as distance_km, gb_side(lon, lat) as side, gb_section(lon, lat) as section,
       gb_membership(lon, lat, accuracy_m) as membership,
       gb_p_inside(lon, lat, accuracy_m) as p_inside
from places order by id
"""


@pytest.fixture(scope="module")
def zone(border):
    return gb.build_zone(border, km=[5, 10], side="Ukraine", tolerance_m=50)


@pytest.fixture
def con(zone):
    with duckdb.connect() as con:
        gb.duckdb.register(con, zone)
        yield con


@pytest.mark.slow
def test_a_million_rows_are_answered_as_by_classify(con, zone):
    rows = 1_000_000
    rng = np.random.default_rng(0)
    lon, lat = rng.uniform(31.0, 40.0, rows), rng.uniform(49.5, 53.0, rows)
    lon[:4] = np.nan
    accuracy_m = rng.choice([0.0, 100.0, 3_000.0, np.nan], rows)
    places = pd.DataFrame({"id": range(rows), "lon": lon, "lat": lat, "accuracy_m": accuracy_m})
    con.register("places", places)
    found = con.sql(QUERY).df()
    points = shapely.points(lon, lat)
    points[:4] = None
    table = gpd.GeoDataFrame({"accuracy_m": accuracy_m}, geometry=points, crs="EPSG:4326")
    wanted = gb.classify(table, zone)
    assert set(found["membership"].dropna()) == {"inside", "outside", "uncertain"}
    for column in ("side", "section", "membership"):
        # Without a point classify says that it lies on neither side, and a query NULL.
        assert found[column][:4].isna().all()
        assert (found[column][4:] == wanted[column][4:].astype(object)).all()
    for column in ("distance_km", "p_inside"):
        assert found[column].to_numpy() == pytest.approx(
            wanted[column].to_numpy(), abs=1e-12, nan_ok=True
        )


def test_functions_of_a_query_share_their_answers(zone, monkeypatch):
    asked, answer = [], duckdb_functions.answer_columns
    monkeypatch.setattr(
        duckdb_functions,
        "answer_columns",
        lambda *given: asked.append(len(given)) or answer(*given),
    )
    rows = (
        "(select range as id, 30 + range / 100 as lon, 51.0 as lat, 9 as accuracy_m from range(9))"
    )
    with duckdb.connect() as con:
        gb.duckdb.register(con, zone)
        con.sql(QUERY.replace("from places", f"from {rows}")).fetchall()
    # One batch: once with the accuracies and once without.
    assert sorted(asked) == [3, 4]


def test_functions_of_two_zones_live_side_by_side(con, zone, border):
    wide = gb.build_zone(border, km=40, side="Ukraine", tolerance_m=50)
    names = gb.duckdb.register(con, wide, prefix="wide")
    assert names == [f"wide_{n}" for n in ("km", "membership", "side", "section", "p_inside")]
    place = "(34.8, 50.9, 0)"
    query = f"select gb_membership{place}, wide_membership{place}"
    assert con.sql(query).fetchall() == [("outside", "inside")]
    # A zone of the same prefix takes the place of the one before.
    gb.duckdb.register(con, wide)
    assert con.sql(query).fetchall() == [("inside", "inside")]


def test_missing_accuracies_count_as_a_kilometre(con):
    """At this point the probability depends on the accuracy, so that another one would show."""
    place = "select gb_p_inside(34.98, 51.1, {0}), gb_membership(34.98, 51.1, {0})"
    [known], [missing], [exact] = (
        con.sql(place.format(accuracy)).fetchall() for accuracy in ("1000", "null", "1")
    )
    assert missing == known
    assert 0.0 < known[0] < 1.0
    assert exact[0] != pytest.approx(known[0], abs=0.01)


def test_bad_points_and_prefixes_are_refused(con, zone):
    with pytest.raises(duckdb.Error, match="latitude 95"):
        con.sql("select gb_km(34.0, 95.0)").fetchall()
    with pytest.raises(gb.DataError, match="Invalid prefix 'a b'"):
        gb.duckdb.register(con, zone, prefix="a b")
    with pytest.raises(gb.WrongKind, match="a connection of DuckDB"):
        gb.duckdb.register(zone, con)
    with pytest.raises(gb.WrongKind, match="zone"):
        gb.duckdb.register(con, "zone")

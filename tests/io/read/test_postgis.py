"""Read tables of a real PostGIS in read-only mode; no message shows the password."""

import traceback
from urllib.parse import quote

import pytest
import shapely
from support.postgres import needs_postgis, postgis

import geobuffer as gb

pytestmark = needs_postgis


@pytest.fixture(scope="module")
def database():
    with postgis() as running:
        running.run(
            "CREATE SCHEMA gis",
            """CREATE TABLE gis."Oblasts" (
                id serial, name_en text, name_uk text, iso text, country text,
                geom geometry(MultiPolygon, 32636))""",
            """INSERT INTO gis."Oblasts" (name_en, name_uk, iso, country, geom)
               SELECT n, u, i, 'UA',
                   ST_Multi(ST_Transform(ST_MakeEnvelope(w, 50, w + 1, 51, 4326), 32636))
               FROM (VALUES ('West', 'Захід', 'UA-1', 30), ('East', 'Схід', 'UA-2', 31))
                   AS t (n, u, i, w)""",
            "CREATE TABLE places (name text, pop integer, at geography(Point, 4326))",
            """INSERT INTO places VALUES ('Суми 100%', 250000, 'POINT(34.8 50.9)'),
               ('Nowhere', NULL, NULL)""",
            "CREATE TABLE rivers (name text, shape geometry(LineString, 4326))",
            "INSERT INTO rivers VALUES ('Псел', 'SRID=4326;LINESTRING(34 51, 34 50)')",
            "CREATE TABLE unplaced (name text, geom geometry)",
            "INSERT INTO unplaced VALUES ('A', 'POLYGON((30 50, 31 50, 31 51, 30 50))')",
            "CREATE TABLE twice (name text, one geometry(Point, 4326), two geometry(Point, 4326))",
            "INSERT INTO twice VALUES ('A', 'SRID=4326;POINT(1 2)', 'SRID=4326;POINT(3 4)')",
            "CREATE TABLE plain (name text)",
            "CREATE TABLE zones (name text, geom geometry)",
            """INSERT INTO zones VALUES ('none', NULL),
               ('36', 'SRID=32636;POINT(500000 5600000)'),
               ('37', 'SRID=32637;POINT(500000 5600000)')""",
            "CREATE TABLE arcs (name text, geom geometry(CurvePolygon, 4326))",
            """INSERT INTO arcs VALUES ('Round', 'SRID=4326;CURVEPOLYGON(CIRCULARSTRING(
               30 50, 31 51, 32 50, 31 49, 30 50))')""",
        )
        yield running


def test_a_table_of_a_schema_returns_regions(database):
    regions = gb.read_regions(f"{database.url}?table=gis.Oblasts")
    assert [region.name for region in regions] == ["West", "East"]
    west = regions["Захід"]
    assert (west.iso, west.country, west.names["uk"]) == ("UA-1", "UA", "Захід")
    assert west.source == gb.Source("table gis.Oblasts of 127.0.0.1/postgres")
    # A degree box whose corners only were projected: its edges are bent by up to 0.002°.
    assert west.geometry.hausdorff_distance(shapely.box(30, 50, 31, 51)) < 3e-3
    assert len(gb.read_regions(database.url, layer="gis.Oblasts")) == 2


def test_a_query_returns_places(database):
    query = (
        "SELECT *, upper(name) AS loud FROM places WHERE name LIKE '%100%%' OR pop IS NULL -- all"
    )
    with pytest.warns(UserWarning, match=r"without coordinates: 1 \(row 1\)"):
        places = gb.read_settlements(f"{database.url}?query={quote(query)}")
    assert places["name"].tolist() == ["Суми 100%", "Nowhere"]
    assert places["population"].fillna(-1).tolist() == [250000, -1]
    assert places["loud"].tolist() == ["СУМИ 100%", "NOWHERE"]
    assert places.geometry.iloc[0].equals(shapely.Point(34.8, 50.9))


def test_a_table_is_classified_into_a_file(database, tmp_path):
    line = shapely.LineString([(35, 50), (35, 53)])
    zone = gb.build_zone(gb.border_along(line, source=gb.Source("x")), km=20)
    address = f"{database.url}?table=places"
    with pytest.warns(UserWarning, match=r"without coordinates: 1 \(row 1\)") as said:
        assert gb.classify_file(address, zone, tmp_path / "out.csv") == 2
    assert database.password not in " ".join(str(one.message) for one in said)
    assert "inside" in (tmp_path / "out.csv").read_text(encoding="utf-8")
    with pytest.raises(gb.DataError, match="rows of a database may change"):
        gb.classify_file(address, zone, tmp_path / "folder")


def test_lines_of_a_table(database):
    (river,) = gb.read_border(f"{database.url}?table=rivers").sections
    assert river.name == "Псел"
    assert river.line.equals(shapely.LineString([(34, 51), (34, 50)]))


def test_a_table_without_a_crs_needs_the_crs_argument(database):
    with pytest.raises(gb.MissingCRSError, match='crs="EPSG:4326" fits'):
        gb.read_regions(f"{database.url}?table=unplaced")
    assert len(gb.read_regions(f"{database.url}?table=unplaced", crs="EPSG:4326")) == 1


def test_the_geometry_column_is_detected_or_chosen(database):
    with pytest.raises(gb.DataError, match=r"2 columns of shapes \(one, two\).*geometry="):
        gb.read_settlements(f"{database.url}?table=twice")
    places = gb.read_settlements(f"{database.url}?table=twice&geometry=two")
    assert places.geometry.iloc[0].equals(shapely.Point(3, 4))
    with pytest.raises(gb.DataError, match="Must be one of: one, two"):
        gb.read_settlements(f"{database.url}?table=twice&geometry=three")
    with pytest.raises(gb.DataError, match=r"no column of shapes.*ST_MakePoint"):
        gb.read_settlements(f"{database.url}?table=plain")


@pytest.mark.parametrize(
    "ending", ["", "?table=a&query=SELECT 1", "?nothing=1"],
)  # fmt: skip
def test_an_address_names_a_table_or_a_query(database, ending):
    with pytest.raises(gb.DataError, match=r"\?table=schema\.table or \?query=") as caught:
        gb.read_regions(database.url + ending)
    assert database.password not in str(caught.value)


@pytest.mark.parametrize(
    "trick",
    [
        "SELECT * FROM rivers; DROP TABLE rivers",
        "WITH gone AS (DELETE FROM rivers RETURNING *) SELECT * FROM gone",
        "SELECT 1) AS x; DROP TABLE rivers; --",
    ],
)
def test_nothing_can_be_written(database, trick):
    with pytest.raises(gb.DataError, match="Unreadable the query"):
        gb.read_regions(f"{database.url}?query={quote(trick)}")
    assert len(gb.read_border(f"{database.url}?table=rivers").sections) == 1


def test_a_function_that_writes_is_refused(database):
    database.run(
        """CREATE FUNCTION spoil() RETURNS SETOF rivers LANGUAGE sql VOLATILE
           AS 'DELETE FROM rivers RETURNING *'"""
    )
    query = "SELECT * FROM spoil()"
    with pytest.raises(gb.DataError, match="read-only"):
        gb.read_regions(f"{database.url}?query={quote(query)}")
    assert len(gb.read_border(f"{database.url}?table=rivers").sections) == 1


def test_a_name_of_a_table_is_a_name(database):
    with pytest.raises(gb.DataError, match="does not exist"):
        gb.read_regions(f'{database.url}?table={quote("""rivers" ; DROP TABLE "rivers""")}')
    assert len(gb.read_border(f"{database.url}?table=rivers").sections) == 1


def test_no_failure_shows_the_password(database):
    wrong = database.url.replace(database.password, "s3cret-tiger")
    silent = database.url.replace(f":{database.port}/", ":9/").replace(
        database.password, "s3cret-tiger"
    )
    for address in (
        f"{wrong}?table=rivers",
        f"{silent}?table=rivers",
        "postgresql://a:s3cret-tiger@[",
    ):
        with pytest.raises(gb.DataError) as caught:
            gb.read_regions(address)
        shown = "".join(traceback.format_exception(caught.value))
        assert "s3cret-tiger" not in shown, shown
        assert "s3cret-tiger" not in str(caught.value)


def test_a_missing_extra_is_named(database, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(gb.DataError, match=r"geobuffer\[postgis\]"):
        gb.read_regions(f"{database.url}?table=rivers")


def test_rows_in_several_systems_raise_an_error(database):
    with pytest.raises(gb.DataError, match=r"row 2 of .*SRID is 32637, but that of row 1 is 32636"):
        gb.read_settlements(f"{database.url}?table=zones")
    query = quote("SELECT name, ST_Transform(geom, 4326) AS geom FROM zones WHERE name <> 'none'")
    places = gb.read_settlements(f"{database.url}?query={query}")
    assert places.geometry.x.round(6).tolist() == [33, 39]


def test_curves_are_refused_with_what_makes_them_straight(database):
    with pytest.raises(gb.DataError, match=r"curved.*ST_CurveToLine\(geom, t, 1, 0\)"):
        gb.read_regions(f"{database.url}?table=arcs")
    query = quote("SELECT name, ST_CurveToLine(geom, 0.000001, 1, 0) AS geom FROM arcs")
    round_ = gb.read_regions(f"{database.url}?query={query}")["Round"].geometry
    assert round_.area == pytest.approx(3.14159265, abs=1e-5)


def test_columns_of_one_name_are_refused(database):
    query = quote("SELECT a.name, b.name, a.shape FROM rivers a, rivers b")
    with pytest.raises(gb.DataError, match=r"two are named 'name'.*AS"):
        gb.read_border(f"{database.url}?query={query}")

"""The code of the pages runs as it stands, from top to bottom.

A few pages use things that the reader has: files, a database, a network. The tests make them first.
"""

import inspect
import itertools
import os
import re
import shlex
from importlib.util import find_spec
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from support.postgres import needs_postgis, postgis
from typer.testing import CliRunner

import geobuffer as gb
from geobuffer.cli.commands import app

DOCS = Path(__file__).parents[2] / "docs"


def blocks_of(page):
    """Return the blocks of Python and of SQL on a page, in order."""
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    return re.findall(r"^```(python|sql)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def run(page, names, database=None, put=(), only=("python", "sql")):
    """Run a page in a namespace and return it; `put` has placeholders and what replaces them."""
    for language, code in blocks_of(page):
        if language not in only:
            continue
        for placeholder, with_ in put:
            code = code.replace(placeholder, with_)  # noqa: PLW2901
        if language == "sql":
            database.run(code)
        else:
            exec(compile(code, page, "exec"), names)  # noqa: S102 - our own page
    return names


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch, made_once):
    monkeypatch.chdir(tmp_path)


def left_behind():
    return {path.name for path in Path().iterdir()}


def test_what_a_page_gets_wrong_is_found(tmp_path, monkeypatch):
    (tmp_path / "page.md").write_text("```python\nimport geobuffer as gb\ngb.nothing()\n```\n")
    monkeypatch.setitem(globals(), "DOCS", tmp_path)
    with pytest.raises(AttributeError, match="nothing"):
        run("page", {})


def test_zones():
    names = run("how-to/zones", {})
    assert left_behind() == {"curve.png"}
    assert names["around"].area_km2 > names["outside"].area_km2
    assert names["band"].area_km2 > names["outside"].area_km2
    assert names["in_sumy"].area_km2 < names["by_side"].area_km2


def test_xarray():
    names = run("how-to/xarray", {})
    assert left_behind() == set()
    assert 0 < names["far"].count() < names["far"].size
    assert names["far"].max() <= 10.0


def test_buffers():
    names = run("how-to/buffers", {}, only=["python"])  # test_postgis runs its SQL
    assert left_behind() == set()
    area = {
        name: names[name].to_crs("EPSG:6933").area.item()
        for name in ("parcels", "around", "beside", "setback", "band", "core", "left", "strip")
    }
    whole = area["parcels"]
    assert area["around"] == pytest.approx(whole + area["beside"], rel=1e-6)
    assert area["band"] == pytest.approx(area["beside"] + area["setback"], rel=1e-6)
    assert area["core"] == pytest.approx(whole - area["setback"], rel=1e-6)
    # Half of the strip, but for the round ends and the tolerance of 1 m in 200.
    assert area["left"] == pytest.approx(area["strip"] / 2.0, rel=0.03)
    assert names["by_owner"]["owner"].tolist() == ["city", "farm"]
    assert names["same"].equals(names["zones"])
    planar, exact = (names[name].geometry.to_crs("EPSG:6933") for name in ("planar", "exact"))
    assert planar.symmetric_difference(exact).area.between(1.0, 0.01 * exact.area).all()


def test_the_readme_buffers_a_table():
    code = blocks_of("../README")[1][1]
    exec(compile(code, "README", "exec"), names := {})  # noqa: S102 - our own page
    back = gpd.read_file("zones.gpkg")
    assert len(back) == len(names["sites"]) == 100
    assert (back["buffer_error_m"] <= 1.0).all()


def test_the_readme_states_what_is_counted(zone):
    page = " ".join((DOCS.parent / "README.md").read_text(encoding="utf-8").split())
    wide = gb.build_zone(zone.border, km=[5, 10, 15, 20], side="Ukraine", tolerance_m=10)
    counted = gb.exposure(gb.load_settlements(located="all"), wide, cumulative=True)
    for row in counted.itertuples():
        expected = f"{row.expected:.0f} ({row.expected_low}–{row.expected_high})"
        line = f"| {row.within_km:.0f} km | {expected} | {row.places} | {row.population:,} |"
        assert line in page
    row = counted[counted["within_km"] == 10].iloc[0]
    assert f"About **{row['expected']:.0f} places** lie within 10 km of the border" in page
    assert f"**{row['expected_low']} to {row['expected_high']}**" in page
    assert f"At least **{row['population']:,} people** lived in the {row['places']} places" in page
    assert f"No open table has a figure for {row['without_figure']} of these" in page


def test_duckdb():
    pytest.importorskip("duckdb")
    names = run("how-to/duckdb", {})
    counts = dict(names["counts"])
    assert sum(counts.values()) == 10_000
    assert names["inside"].num_rows == counts["inside"] + counts["uncertain"]
    assert len(names["nearest"]) == 5
    assert sum(count for _, count in names["by_section"]) == names["inside"].num_rows


def test_polars():
    pytest.importorskip("polars")
    names = run("how-to/polars", {})
    assert names["classes"]["membership"].to_list() == ["inside", "outside"]
    assert names["inside"]["name"].to_list() == ["Yunakivka"]
    assert names["distance"]["km"].round(1).to_list()[1] == 28.9
    assert names["sections"]["name"].to_list() == ["Kursk–Sumy"]


@pytest.mark.filterwarnings("ignore:.*convert_dtypes")  # lonboard asks pandas so
def test_lonboard():
    pytest.importorskip("lonboard")
    names = run("how-to/lonboard", {})
    assert [len(layer.table) for layer in names["m"].layers] == [1, len(names["inside"])]


def test_widget(capsys):
    names = run("how-to/widget", {})
    assert left_behind() == set()
    w = names["w"]
    assert (w.zone.edges_km, w.zone.side, w.language) == ((0.0, 7.0), "both", "uk")
    assert w.selected["name_en"].unique().tolist() == ["Yunakivka"]
    assert w.drawn["kind"].tolist() == ["point"]
    w.selected = []
    assert "places selected: 0" in capsys.readouterr().out
    w.km = 3
    assert names["other"].zone.edges_km == (0.0, 3.0)


def test_lines_and_areas():
    names = run("how-to/lines-and-areas", {})
    assert left_behind() == set()
    assert names["found"]["membership"].tolist() == ["partly", "inside"]
    assert names["parts"].index.tolist() == names["beside"].index.tolist() == [0, 1]
    assert (names["shared"]["cars"] < names["whole"]["cars"]).all()


def test_scenarios_on_pages_are_read():
    shown = [
        block
        for page in DOCS.rglob("*.md")
        for block in re.findall(
            r"^```toml\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL
        )
    ]
    assert shown
    for number, block in enumerate(shown):
        file = Path(f"{number}.toml")
        # A page shows the part it speaks of; a title is all that must be added.
        file.write_text(f'title = "Shown"\n{block}', encoding="utf-8")
        assert gb.load_scenario(file).title == "Shown"


def test_formats():
    names = run("how-to/formats", {})
    assert left_behind() == {
        "zone.gpkg", "zone.kmz", "places.gpkg", "places.kml", "zone.shp.zip",
    }  # fmt: skip
    assert names["again"].ring_names == names["zone"].ring_names
    assert "is called" in str(names["told"][0].message)


def test_quick_start(zone, towns):
    names = run("quick-start", {})
    assert left_behind() == {"zone.png", "zone.gpkg", "zones.gpkg"}
    assert len(names["inside"]) == len(gb.within(towns, zone))


def test_the_commands_of_the_quick_start():
    parks = gpd.GeoDataFrame(
        {"name": ["Riverside", "Lakeside"]},
        geometry=[shapely.box(30, 50, 30.1, 50.1), shapely.box(30.1, 50, 30.2, 50.1)],
        crs="EPSG:4326",
    )
    parks.to_file("parks.gpkg")
    Path("places.csv").write_text("name;lat;lon\nMill;50,001;30,09\n", encoding="utf-8")
    text = (DOCS / "quick-start.md").read_text(encoding="utf-8")
    said = {}
    for line in re.findall(r"^\$ geobuffer (.+)$", text, re.MULTILINE):
        done = CliRunner().invoke(app, shlex.split(line))
        assert done.exit_code == 0, f"{line}: {done.output}"
        said[line.split()[0]] = done.output
    assert {"geobuffer-map.html", "inside.csv"} <= left_behind()
    assert "2.095 km from the border, in Russia" in said["where"]
    assert len(pd.read_csv("inside.csv")) > 300


# Words of commands that need things that only the reader has: files, a database, a network.
OF_THE_READER = {
    "--places", "--add-places", "--regions", "--along", "--scenario", "--raster", "--fetched",
    "bulk", "get",
}  # fmt: skip


def needs_nothing_of_the_reader(words):
    options = {"--around", "--outline"}
    around = [value for option, value in itertools.pairwise(words) if option in options]
    files = [value for value in around if not re.fullmatch(r"[-\d.]+,[-\d.]+", value)]
    return not files and OF_THE_READER.isdisjoint(words)


def commands_of(page):
    text = page.read_text(encoding="utf-8")
    for block in re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for line in re.findall(r"^\$ geobuffer (.+)$", block.replace("\\\n", " "), re.MULTILINE):
            yield tuple(shlex.split(line, comments=True))


def without_out(words):
    where = words.index("--out") if "--out" in words else len(words)
    return words[:where] + words[where + 2 :]


def commands_for_everyone():
    """Yield the commands of all pages that need only the bundled data, each once.

    The test above runs those of the quick start, so we leave them out, whatever file they write.
    """
    seen = {without_out(words) for words in commands_of(DOCS / "quick-start.md")}
    for page in [DOCS.parent / "README.md", *sorted(DOCS.rglob("*.md"))]:
        for words in commands_of(page):
            if needs_nothing_of_the_reader(words) and without_out(words) not in seen:
                seen.add(without_out(words))
                yield words


@pytest.mark.parametrize("words", list(commands_for_everyone()), ids=" ".join)
def test_commands_that_need_no_files_run(words):
    if "--country" in words and not os.environ.get("CI"):
        pytest.importorskip("borders", reason="needs the extra world")
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.exception or done.output
    for option, file in itertools.pairwise(words):
        assert option not in {"--out", "--png"} or file in left_behind()


def test_a_command_that_lacks_a_file_is_seen():
    words = shlex.split("exposure --around 51.3895,30.0995 --km 10,30")
    assert needs_nothing_of_the_reader(words)
    assert not needs_nothing_of_the_reader([*words, "--places", "towns.csv"])
    assert not needs_nothing_of_the_reader(["zone", "--around", "parks.gpkg"])
    assert not needs_nothing_of_the_reader(["zone", "--outline", "parks.gpkg"])
    assert "--places FILE" in str(CliRunner().invoke(app, words).exception)


def test_data():
    assert run("explanation/data", {})["gb"] is gb


def test_the_model_of_people_is_as_the_pages_say(zone):
    row = gb.exposure(gb.load_settlements(located="all"), zone).iloc[0]
    low, high = (row[f"population_model_{end}"] for end in ("low", "high"))
    for page in ("README.md", "CHANGELOG.md", "docs/how-to/population.md"):
        said = " ".join((DOCS.parent / page).read_text(encoding="utf-8").split())
        assert f"{low:,} to {high:,}" in said


def test_probability():
    """The page states what its code computes."""
    row = run("explanation/probability", {})["counted"].iloc[0]
    said = f"{row['expected']:.0f} places, between {row['expected_low']} and {row['expected_high']}"
    assert f"For the announced zone that is {said}; {row['places']} of them surely." in " ".join(
        (DOCS / "explanation" / "probability.md").read_text(encoding="utf-8").split()
    )


def test_uncertainty():
    """A border that is known less exactly makes more places uncertain and fewer sure."""
    names = run("explanation/uncertainty", {})
    zone = gb.build_zone(names["border"], km=10, side="Ukraine")
    usual = gb.exposure(gb.load_settlements(), zone).iloc[0]
    coarse = names["counted"].iloc[0]
    assert coarse["places"] < usual["places"]
    assert coarse["uncertain"] > usual["uncertain"]


def test_journalists(zone, towns):
    names = run("how-to/journalists", {})
    # The page shows how to choose among several villages of one name.
    assert len(names["near"]) > 1
    assert (names["near"]["distance_km"] > 0).all()
    assert len(names["found"]) == len(gb.within(towns, zone))
    assert names["counted"]["places"].is_monotonic_increasing


@pytest.mark.skipif(
    not os.environ.get("CI") and find_spec("borders") is None, reason="needs the extra world"
)
def test_anywhere():
    source = gb.Source("drawn by hand", accuracy_m=5)
    # 200 m apart at 50° N.
    park = gb.Region("Park", shapely.box(29.0, 50.0, 30.0, 50.2), source)
    county = gb.Region("County", shapely.box(30.0028, 49.9, 31.0, 50.3), source)
    names = run("how-to/anywhere", {"my_park": park, "their_county": county})
    assert names["zone"].width_km == 2
    assert names["border"].healing.disagreement_km == pytest.approx(0.2, abs=0.01)


def test_downloads(regions, towns):
    """The page's calls are valid. Other tests fetch from a local server."""
    asked = []

    def fetch(name, **how):
        inspect.signature(real).bind(name, **how)
        assert name in gb.list_sources().index
        asked.append(name)
        return regions if "boundaries" in name else towns

    real = gb.fetch
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gb, "fetch", fetch)
        run("how-to/downloads", {})
    assert asked == ["osm-boundaries", "geonames", "geonames"]


def test_gazetteers(towns):
    own = towns[["name_uk", "accuracy_m", "geometry"]].head(50).assign(source="OpenStreetMap")
    own.insert(0, "id", [f"osm:{number}" for number in range(50)])
    names = run("how-to/gazetteers", {"given": own}, put=[("osm = ...", "osm = given")])
    ids = {one for merged in names["merged"]["merged_from"] for one in merged.split("; ")}
    assert set(own["id"]) <= ids


def raster_of_ones(file, west, south, columns, rows, step=0.02):
    import rasterio

    profile = {
        "driver": "GTiff", "width": columns, "height": rows, "count": 1, "dtype": "float32",
        "crs": "EPSG:4326", "nodata": -1.0,
        "transform": rasterio.Affine(step, 0.0, west, 0.0, -step, south + rows * step),
    }  # fmt: skip
    with rasterio.open(file, "w", **profile) as made:
        made.write(np.ones((rows, columns), dtype="float32"), 1)


def test_population():
    # Two frames that meet at 34.5° E, a person in every cell.
    raster_of_ones("ukr_2025.tif", 33.0, 50.5, 75, 100)
    raster_of_ones("rus_2025.tif", 34.5, 50.5, 75, 100)
    names = run("how-to/population", {})
    assert names["people"]["population"].sum() > 500
    assert names["people"]["source"].unique().tolist() == ["WorldPop R2025A, 100 m"]
    within = names["curve"].set_index("within_km")["population"]
    assert within[10] == pytest.approx(names["people"]["population"].sum(), rel=1e-3)


def test_publish(zone, towns):
    caption = run("how-to/publish", {})["caption"]
    assert "OpenStreetMap" in caption
    assert "GeoNames" in caption
    text = (DOCS / "how-to" / "publish.md").read_text(encoding="utf-8")
    counted = gb.exposure(towns, zone).iloc[0]
    names = re.findall(r"`(\w+)`", "".join(re.findall(r"^\| [a-z].*\|$", text, re.MULTILINE)))
    CliRunner().invoke(app, ["exposure", "--cumulative", "--out", "counts.csv"])
    assert set(names) <= set(pd.read_csv("counts.csv", encoding="utf-8-sig").columns)
    # The caption on the page quotes the present data.
    for column in ("places", "uncertain", "population", "population_uncertain", "without_figure",
                   "uncertain_without_figure"):  # fmt: skip
        assert f" {counted[column]:,}" in text.partition("a caption may read")[2], column


@needs_postgis
def test_postgis(regions, towns):
    with postgis() as database:
        database.run("CREATE SCHEMA gazetteer")
        rows = ", ".join(
            f"('{number}', 'place {number}', ST_SetSRID(ST_MakePoint({p.x}, {p.y}), 4326))"
            for number, p in enumerate(towns.geometry[:200])
        )
        sumy = shapely.set_srid(regions["Sumy"].geometry, 4326)
        sumy = shapely.to_wkb(sumy, hex=True, include_srid=True)
        database.run(
            "CREATE TABLE gazetteer.places (id text, name text, geom geometry(Point, 4326))",
            f"INSERT INTO gazetteer.places VALUES {rows}",  # noqa: S608 - our own rows
            "CREATE TABLE gazetteer.oblasts (name text, country text, geom geometry)",
            f"INSERT INTO gazetteer.oblasts VALUES ('Sumy', 'UA', '{sumy}')",  # noqa: S608
        )
        database.run(
            "CREATE TABLE gazetteer.sites AS SELECT 'clinic' AS name, 2.5 AS km, "
            "ST_MakePoint(34.8, 50.91)::geography AS geog"
        )
        run("how-to/buffers", {}, database, only=["sql"])
        names = run("how-to/postgis", {"address": database.url}, database)
        try:
            back = gpd.read_postgis("SELECT * FROM gazetteer.zone", names["engine"])
        finally:
            names["engine"].dispose()
    assert back.crs == "EPSG:4326"
    assert back.geometry.iloc[0].equals(names["zone"].polygon)
    assert [region.name for region in names["regions"]] == ["Sumy"]
    assert len(names["answers"]) == 200

"""``geobuffer data`` lists datasets; ``geobuffer data get`` fetches them."""

import functools
import json
import os
import pty
import tomllib

import geopandas as gpd
import pytest
import shapely
from rich.console import Console
from support import sources
from support.publisher import Page

import geobuffer as gb
from geobuffer.cli import data as data_command
from geobuffer.datasets import bundled
from geobuffer.zones.data_folder import data_folder


def test_data_lists_the_manifest(run):
    text = (data_folder() / "manifest.toml").read_text(encoding="utf-8")
    manifest = tomllib.loads(text)
    records = run("data", "--json").json
    assert [r["dataset"] for r in records] == list(manifest)
    for record in records:
        entry = manifest[record["dataset"]]
        for key in ("title", "rows", "as_of", "accuracy_m", "licence", "version", "publisher"):
            assert record[key] == entry.get(key)


def test_data_prints_a_table(run):
    answer = run("data")
    assert (answer.code, answer.err) == (0, "")
    for name in bundled.manifest():
        assert name in answer.out
    assert "ODbL-1.0" in answer.out
    for name in gb.list_sources().index:
        assert name in answer.out


@pytest.fixture
def get(run, how, monkeypatch):
    """Run ``geobuffer data get`` against the publisher on this machine."""
    options = {"folder": how.folder, "sites": how.sites, "pause_s": 0, "attempts": 2}
    monkeypatch.setattr(gb, "Downloader", functools.partial(gb.Downloader, **options))
    return functools.partial(run, "data", "get")


def test_fetched_places_are_used_without_a_network(get, run, publisher):
    asked = ("settlements", "--between", "Belgorod", "--and", "Sumy", "--km", "6", "--fetched")
    without = run(*asked)
    assert without.code != 0
    assert "geobuffer data get hdx-places" in " ".join(without.err.split())
    assert publisher.asked == []
    # A place that is known by name only gets an outline 3 km from the border.
    lost = gb.load_not_located(gb.load_settlements().query("hromada == 'Краснопільська громада'"))
    place = lost.iloc[0]
    outline = shapely.box(35.43, 50.76, 35.45, 50.77)
    feature = sources.cod_place(place["code"][:12], ("Elsewhere", "Деінде"), outline)
    far = sources.cod_place("UA9900000001", ("Far", "Далеке"), shapely.box(24, 49, 24.1, 49.1))
    sources.serve_hdx_places(publisher, [feature, far])
    assert get("hdx-places", "--json").json["rows"] == 2
    publisher.asked.clear()
    answer = run(*asked, "--json")
    assert publisher.asked == []
    found = {row["code"]: row for row in json.loads(answer.out)}
    assert found[place["code"]]["radius_m"] > 0
    said = " ".join(answer.err.split())
    assert "1 of them now have a position" in said
    assert "positions: 1 from Ukraine - Subnational Administrative Boundaries, Creative" in said
    assert "populations: 0 from Ukraine" in said
    away = run("settlements", "--around", "24.5,10", "--km", "6", "--fetched")
    assert "none of the places in the cache" in away.err


def test_fetched_people_join_the_model_without_a_network(get, run, publisher, here):
    asked = ("exposure", "--between", "Belgorod", "--and", "Sumy", "--km", "6", "--side", "Ukraine")
    (plain,) = run(*asked, "--json").json
    near = shapely.box(35, 50.5, 35.1, 50.6)
    sources.serve_hdx_places(publisher, [sources.cod_place("UA9900000001", ("A", "А"), near)])
    get("hdx-places")
    # All hromadas of Sumy oblast have a hundred times as many people as the villages had.
    hromadas = {code[:9] for code in gb.load_not_located()["hromada_code"].dropna()}
    people = sources.cod_people(dict.fromkeys(sorted(hromadas), 1_000_000))
    sources.serve_hdx_population(publisher, {"ukr_admpop_adm3_2022": people})
    assert get("hdx-population", "--json").json["rows"] == len(hromadas)
    publisher.serve(sources.WORLDPOP_PATH, Page(sources.geotiff()))
    get("worldpop", "--country", "UA")
    publisher.asked.clear()
    answer = run(*asked, "--fetched", "--json")
    (row,) = json.loads(answer.out)
    assert publisher.asked == []
    assert row["no_data_share"] == 1.0  # the raster of this test lies elsewhere
    assert row["population_model_high"] > 10 * plain["population_model_high"]
    said = " ".join(answer.err.split())
    assert f"for the model: {len(hromadas)} from Ukraine - Subnational Population" in said
    assert "the raster come from ukr_pop_2025_CN_100m_R2025A_v1.tif" in said
    both = run(*asked[:-1], "both", "--fetched", "--json")
    assert "because that of RU is not in the cache" in " ".join(both.err.split())
    assert "population_raster" not in json.loads(both.out)[0]
    # A table of the user's instead, and one option without any model.
    (here / "mine.csv").write_text("code,people\nUA59080270000000000,5400\n", "utf-8")
    assert "or as large as the totals" in run(*asked, "--totals", "mine.csv").out
    (here / "mine.csv").write_text("code,people\nUA99,5400\n", "utf-8")
    assert "none of its 1 codes" in run(*asked, "--totals", "mine.csv").err
    assert "--totals with --no-model" in run(*asked, "--totals", "mine.csv", "--no-model").err
    get("hdx-population", "--out", ".")
    assert "hromada_code" in (here / "hdx-population.csv").read_text("utf-8")


def test_get_places_come_with_their_sources(get, publisher):
    digest = sources.serve_geonames(publisher)
    facts = get("geonames", "--country", "UA", "--json").json
    assert (facts["name"], facts["rows"]) == ("geonames", 2)
    dump, names = facts["sources"]
    assert (dump["sha256"], dump["licence"]) == (digest, "CC BY 4.0")
    assert names["url"] == f"{publisher.url}/geonames/alternatenames/UA.zip"
    assert "file" not in facts
    said = get("geonames", "--country", "UA")
    assert "2 rows, in the cache: gb.fetch('geonames', ...)" in said.out
    assert digest in said.out.replace("\n", "")
    assert said.err == ""
    assert len(publisher.asked) == 2
    get("geonames", "--country", "UA", "--refresh")
    assert len(publisher.asked) == 4


def test_get_out_writes_a_table_with_its_source(get, here, publisher):
    digest = sources.serve_geonames(publisher)
    facts = get("geonames", "--country", "UA", "--out", ".", "--json").json
    assert [p.name for p in here.iterdir()] == ["geonames-UA.gpkg"]
    table = gpd.read_file(here / facts["file"])
    assert table["name_uk"].tolist() == ["Юнаківка", "Суми"]
    assert digest in table["source"].iloc[0]
    assert f"Wrote {facts['file']}." in get(
        "geonames", "--country", "UA", "--out", "."
    ).out  # fmt: skip


def test_get_out_writes_regions(get, here, publisher):
    publisher.serve(
        "/overpass",
        sources.overpass_answer(
            sources.relation(sources.way(sources.BOX), **{"ISO3166-2": "RU-KRS"})
        ),
    )
    get("osm-boundaries", "--iso", "RU-KRS", "--out", ".")
    table = gpd.read_file(here / "osm-boundaries-RU-KRS.gpkg")
    assert table["iso"].tolist() == ["RU-KRS"]
    assert table.geometry.iloc[0].area == pytest.approx(16)


def test_get_out_copies_a_raster_with_its_metadata(get, here, publisher):
    publisher.serve(sources.WORLDPOP_PATH, Page(sources.geotiff()))
    options = ("--country", "UA", "--year", "2025")
    facts = get("worldpop", *options, "--out", here, "--json").json
    name = sources.WORLDPOP_PATH.rsplit("/", maxsplit=1)[1]
    assert sorted(p.name for p in here.iterdir()) == [name, f"{name}.json"]
    assert (here / name).read_bytes() == sources.geotiff()
    assert json.loads((here / f"{name}.json").read_text(encoding="utf-8"))["as_of"] == "2025"
    assert facts["file"] == str(here / name)
    assert "1 raster, in the cache" in get("worldpop", *options).out


def test_get_level_and_bbox_reach_the_publisher(get, publisher):
    sources.serve_geoboundaries(publisher, [sources.boundary("A", (33, 50, 35, 52))])
    get("geoboundaries", "--country", "UA", "--level", "1")
    assert publisher.paths()[0] == "/geoboundaries/gbOpen/UKR/ADM1/"
    publisher.serve("/overpass", sources.overpass_answer(sources.YUNAKIVKA))
    get("osm-places", "--bbox", "-5,50.9,35,52")
    assert "(50.900000,-5.000000,52.000000,35.000000)" in publisher.asked[-1][2]["data"][0]


@pytest.mark.parametrize(
    ("args", "fragment"),
    [(("geoname",), "Did you mean 'geonames'"), (("geonames",), "geonames needs country"),
     (("geonames", "--country", "UA"), "404 Not Found. It is not in the cache."),
     (("geonames", "--country", "UA", "--out", "nowhere"), "Invalid --out 'nowhere'"),
     (("worldpop", "--country", "UA", "--level", "1"), "Invalid level for worldpop"), ((), "NAME")],
)  # fmt: skip
def test_get_reports_mistakes_in_one_line_and_code_2(get, here, args, fragment):
    answer = get(*args)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.count("\n") == 1
    assert fragment.casefold() in answer.err.casefold()
    assert list(here.iterdir()) == []


def test_get_draws_a_progress_bar_on_a_terminal_only(get, publisher, monkeypatch):
    sources.serve_geonames(publisher)
    assert get("geonames", "--country", "UA").err == ""
    leader, follower = pty.openpty()
    with os.fdopen(follower, "w") as terminal:
        console = Console(file=terminal, force_terminal=True)
        monkeypatch.setattr(data_command, "stderr_console", lambda: console)
        get("geonames", "--country", "UA", "--refresh")
    shown = os.read(leader, 100_000).decode()
    os.close(leader)
    assert "UA.zip" in shown
    assert "UA-names.zip" in shown


def test_get_sends_no_request_if_the_folder_cannot_be_written(get, publisher):
    answer = get("geonames", "--country", "UA", "--out", "/proc")
    assert answer.code == 2
    assert "Invalid --out '/proc': the folder '/proc' is read-only" in answer.err
    assert publisher.asked == []

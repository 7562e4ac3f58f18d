"""``geobuffer settlements``: which places lie in the zone, in words, JSON and files."""

import json
import re

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
from support.cli import SHORT, TITLE, Answer

import geobuffer as gb


def test_settlements_are_those_within_the_announced_zone(run, towns, zone):
    records = run("settlements", "--json").json
    wanted = gb.within(towns, zone)
    assert {r["id"] for r in records} == set(wanted["id"])
    assert len(records) == len(wanted)
    found = pd.DataFrame(records).set_index("id").loc[wanted["id"]]
    for column in ("distance_km", "chainage_km", "margin_km"):
        assert found[column].tolist() == pytest.approx(wanted[column].tolist(), abs=1e-8)
    for column in ("name_uk", "side", "section", "membership", "conflict"):
        assert found[column].tolist() == wanted[column].tolist()
    assert found["longitude"].tolist() == pytest.approx(wanted.geometry.x.tolist(), abs=1e-8)
    assert found["latitude"].tolist() == pytest.approx(wanted.geometry.y.tolist(), abs=1e-8)
    # JSON has null for what is not known, not 0 and not NaN.
    unknown = [r["population"] is None for r in records]
    assert sum(unknown) == wanted["population"].isna().sum() > 0
    distances = [r["distance_km"] for r in records]
    assert distances == sorted(distances)


def test_settlements_within_fewer_km_on_another_side(run, towns, short):
    """--km, --side, --between and --and, each by which places are listed."""
    table = towns.join(gb.classify(towns, short))
    near = table[table["distance_km"] + table["margin_km"] < 3]  # surely within 3 km of the line
    for side in ("Ukraine", "Russia"):
        records = run("settlements", *SHORT, "--km", "3", "--side", side, "--json").json
        listed = {r["id"] for r in records}
        assert listed >= set(near.loc[(near["side"] == side) & (near["conflict"] == ""), "id"])
        assert {r["side"] for r in records if r["membership"] == "inside"} == {side}
        assert all(r["distance_km"] <= 3 + r["margin_km"] for r in records)
        assert {r["section"] for r in records} == {"Belgorod–Sumy"}


def test_settlements_list_their_ring(run):
    records = run("settlements", *SHORT, "--km", "3,6", "--json").json
    rings = {(r["ring"], r["distance_km"] <= 3) for r in records if r["membership"] == "inside"}
    assert rings == {("0–3 km", True), ("3–6 km", False)}


def test_flat_ends_list_fewer_settlements(run):
    listed = {
        ends: {
            r["id"]
            for r in run("settlements", *SHORT, "--km", "10", "--ends", ends, "--json").json
            if r["membership"] == "inside"
        }
        for ends in ("round", "flat")
    }
    assert listed["flat"] < listed["round"]


def test_settlements_of_a_scenario_file(run, mine):
    records = run("settlements", "--scenario", mine, "--json").json
    inside = [r for r in records if r["membership"] == "inside"]
    assert {r["side"] for r in inside} == {"Russia"}
    assert {r["ring"] for r in inside} == {"0–3 km", "3–6 km"}


def test_settlements_csv_holds_the_same_as_json(run, here):
    records = run("settlements", *SHORT, "--km", "3", "--out", "inside.csv", "--json").json
    raw = (here / "inside.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    table = pd.read_csv(here / "inside.csv", encoding="utf-8-sig")
    assert table["id"].tolist() == [r["id"] for r in records]
    assert table["name_uk"].tolist() == [r["name_uk"] for r in records]
    # A file has only meaningful digits: for villages, tenths or hundredths of a kilometre.
    away = [r["distance_km"] for r in records]
    assert table["distance_km"].tolist() == pytest.approx(away, abs=0.05)
    assert table["distance_km"].tolist() != away
    assert table["longitude"].tolist() == pytest.approx([r["longitude"] for r in records])
    assert "geometry" not in table


@pytest.mark.parametrize("suffix", ["gpkg", "geojson", "fgb", "parquet"])
def test_settlements_out_holds_points(run, here, suffix):
    path = here / f"inside.{suffix}"
    answer = run("settlements", *SHORT, "--km", "3", "--out", path)
    table = gpd.read_parquet(path) if suffix == "parquet" else gpd.read_file(path, layer="inside")
    assert table.crs == "EPSG:4326"
    assert (table.geom_type == "Point").all()
    unsure = int((table["membership"] == "uncertain").sum())
    sure = len(table) - unsure
    line = f"Wrote {len(table)} settlements to {path}: {sure} inside, {unsure} uncertain.\n"
    assert answer.out.startswith(line)
    assert answer == Answer(0, line + _more_places(table), "")
    assert table["places_not_located"].unique().tolist() == [len(gb.load_not_located(table))]


def _more_places(listed):
    """Return the line about places that are known by name only."""
    more = len(gb.load_not_located(listed))
    assert more > 1
    return (
        f"{more} more places of the same hromadas are known by name but have no trusted position; "
        "they are in none of these counts.\n"
    )


@pytest.mark.parametrize("suffix", ["kml", "kmz", "shp.zip", "xlsx"])
def test_settlements_out_for_other_programs(run, here, suffix):
    path = here / f"inside.{suffix}"
    answer = run("settlements", *SHORT, "--km", "3", "--out", path)
    records = run("settlements", *SHORT, "--km", "3", "--json").json
    unsure = sum(record["membership"] == "uncertain" for record in records)
    sure = len(records) - unsure
    line = f"Wrote {len(records)} settlements to {path}: {sure} inside, {unsure} uncertain.\n"
    assert answer.out == line + _more_places(pd.DataFrame(records))
    if suffix == "xlsx":
        table = pd.read_excel(path, sheet_name="data")
        assert table["name_uk"].tolist() == [r["name_uk"] for r in records]
        assert table["longitude"].tolist() == pytest.approx(
            [r["longitude"] for r in records], abs=1e-6
        )
        return
    source = f"/vsizip/{path}/doc.kml" if suffix == "kmz" else path
    layers = [gpd.read_file(source, layer=name) for name, _ in pyogrio.list_layers(source)]
    assert sum(map(len, layers)) == len(records)
    lons = sorted(lon for layer in layers for lon in layer.geometry.x)
    assert lons == pytest.approx(sorted(r["longitude"] for r in records), abs=1e-8)


def test_settlements_print_a_table(run):
    (wanted,) = (
        record
        for record in run("settlements", *SHORT, "--km", "6", "--json").json
        if record["name_uk"] == "Велика Писарівка"
    )
    out = run("settlements", *SHORT, "--km", "6").out
    assert out.startswith(TITLE.format(6) + ", both sides\n")
    for said in ("name", "українською", "section", "membership", "Belgorod–Sumy", "uncertain"):
        assert said in out
    (line,) = (line for line in out.splitlines() if "Велика" in line)
    assert f" {wanted['distance_km']:.1f} " in line
    assert f" {wanted['population']:,} " in line
    assert wanted["membership"] in line


def test_all_settlements_are_listed_with_those_outside(run, here, towns, short):
    args = ("settlements", *SHORT, "--km", "6", "--all")
    records = run(*args, "--json").json
    expected = gb.classify(towns, gb.build_zone(short.border, km=6, tolerance_m=50))
    assert [r["membership"] for r in records].count("outside") > 1000
    memberships = {record["id"]: record["membership"] for record in records}
    unplaced = gb.load_not_located()
    assert memberships == dict(
        zip(towns["id"], expected["membership"], strict=True)
    ) | dict.fromkeys(unplaced["id"])
    assert {r["longitude"] for r in records if r["membership"] is None} == {None}
    count = expected["membership"].value_counts()
    near = {record["places_not_located"] for record in records}
    listed = towns[expected["membership"].isin(["inside", "uncertain"])]
    assert near == {len(gb.load_not_located(listed))}
    total = len(towns) + len(unplaced)
    assert run(*args, "--out", here / "all.csv").out == (
        f"Wrote {total:,} settlements to {here / 'all.csv'}: {count['inside']} inside, "
        f"{count['uncertain']} uncertain, {count['outside']:,} outside, 865 without a point.\n"
        f"{near.pop()} of those without a point are of hromadas with places in the zone.\n"
    )
    table = pd.read_csv(here / "all.csv")
    assert len(table) == total
    assert table["membership"].isna().sum() == table["longitude"].isna().sum() == 865


def test_no_name_is_broken_for_a_file(run, here):
    name = "A very long name of a settlement that no one would ever give to one, " * 3
    (here / "long.csv").write_text(f'name,lat,lon\n"{name.strip(" ,")}",50.6,35.4\n', "utf-8")
    out = run("settlements", *SHORT, "--km", "50", "--places", "long.csv").out
    assert name.strip(" ,") in out


def test_a_row_without_a_point_is_reported_once(run, here):
    (here / "gap.csv").write_text("name,lat,lon\nA,50.6,35.4\nB,,\n", "utf-8")
    err = run("settlements", *SHORT, "--km", "50", "--places", "gap.csv").err
    (note,) = (line for line in err.splitlines() if "without" in line)
    assert note == "geobuffer: note: gap.csv: rows without coordinates: 1 (line 3)."


def test_rows_without_a_point_need_no_hromada_to_be_reported(run, here):
    (here / "gap.csv").write_text("name,lat,lon\nA,50.6,35.4\nB,,\n", "utf-8")
    args = (*SHORT, "--places", "gap.csv")
    one = "1 place has no position: it may lie inside or outside, and is in none of these counts."
    for command in ("settlements", "exposure", "map"):
        out = run(command, *args, "--km", "50").out
        assert one in out
        assert "hromada" not in out
    out = run("exposure", *args, "--km", "10,50").out
    assert "“Not located” counts the places without a position" in out
    assert "hromada" not in out


def test_settlements_count_the_places_that_are_not_located(run):
    answer = run("settlements", *SHORT, "--km", "6")
    match = re.search(r"(\d+) more places of the same hromadas are known by name", answer.out)
    listed = run("settlements", *SHORT, "--km", "6", "--json").json
    unplaced = gb.load_not_located()
    codes = {r["hromada_code"] for r in listed} - {None}
    assert int(match[1]) == unplaced["hromada_code"].isin(codes).sum()
    assert {r["places_not_located"] for r in listed} == {int(match[1])}


def test_the_announced_zone_may_hold_218_places_that_are_not_located(run):
    """Joined by name they are 224: Sumy raion has two Mykolaivska hromadas."""
    assert "\n218 more places of the same hromadas" in run("settlements").out


def test_own_rows_without_a_point_are_counted_with_their_hromada(run, here):
    rows = ["name,lat,lon,hromada_code", "A,50.6,35.4,UA59080270000073662"]
    rows += ["B,,,UA59080270000073662", "C,,,UA59080130000022249"]
    (here / "own.csv").write_text("\n".join(rows), "utf-8")
    args = ("settlements", *SHORT, "--km", "50", "--places", "own.csv")
    (record,) = json.loads(run(*args, "--json").out)
    assert record["places_not_located"] == 1
    assert "1 more place of the same hromadas is known by name" in run(*args).out


def test_headings_name_the_side(run):
    for command in ("exposure", "settlements"):
        assert run(command, *SHORT).out.splitlines()[0].endswith(", both sides")
        heading = run(command, *SHORT, "--side", "Ukraine").out.splitlines()[0]
        assert heading.endswith(", side: Ukraine")
        assert run(command, "--km", "5").out.splitlines()[0].endswith(" – side: Ukraine")

"""``geobuffer check``: the claims of a scenario beside distances and counts."""

import pandas as pd
import pytest

import geobuffer as gb


def test_check_prints_each_claim_with_its_reason(run):
    answer = run("check")
    assert (answer.code, answer.err) == (0, "")
    records = run("check", "--json").json
    assert [one["verdict"] for one in records].count("supported") == 4
    for one in records:
        assert one["claim"] in answer.out
        assert one["why"] in answer.out
    assert "not what happened there" in answer.out


def test_check_of_a_file_with_its_own_places(run, here, mine):
    text = mine.read_text("utf-8") + (
        'places = ["Мале"]\npeople = 5\noblast = "Sumy"\nall_within = true\nkm = 3\n'
        '[[place]]\nname = "Мале"\n'
    )
    mine.write_text(text, "utf-8")
    (here / "towns.csv").write_text("name,lat,lon,population,oblast\nМале,50.5,35.4,40,Sumy\n")
    given = ("--places", "towns.csv", "--places-read", "accuracy_m=100")
    records = run("check", mine, *given, "--json").json
    assert [one["about"] for one in records] == ["Мале", "3 km wide", "5 people of Sumy oblast"]
    assert run("check", "--scenario", mine, *given, "--json").json == records
    done = run("check", mine, *given, "--out", "checked.csv", "--csv-locale", "uk")
    assert (done.code, done.out) == (0, "Wrote 3 rows to checked.csv.\n")
    written = pd.read_csv("checked.csv", sep=";", decimal=",", skip_blank_lines=True)
    assert written["verdict"].tolist() == [one["verdict"] for one in records]
    wider = run("check", mine, *given, "--km", "100", "--side", "both", "--json").json
    verdicts = [one["verdict"] for one in wider]
    assert verdicts == ["supported", "not decidable", "contradicted"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--between", "Kursk", "--and", "Sumy"], "no [[report]] and no [[place]] to check"),
        (["a.toml", "--scenario", "b.toml"], "--scenario with a scenario file"),
        (["none.toml"], "Cannot read scenario none.toml"),
    ],
)
def test_check_refuses(run, words, message):
    answer = run("check", *words)
    assert answer.code == 2
    assert message in answer.err


def test_exposure_sets_the_reported_people_beside_ours(run):
    (row,) = [one for one in run("check", "--json").json if one["people"]]
    said = run("exposure").out
    assert f"Reported: 56,000 people of Sumy oblast ({row['said_by']}, 2025-05-20)" in said
    assert f"at least {row['people']:,} people" in said
    assert row["why"] in said
    # The reports are about the announced zone, so a zone of another width is not compared.
    assert "Reported" not in run("exposure", "--km", "5").out
    assert gb.load_scenario().reports[0].people == 56_000

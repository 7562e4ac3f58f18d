"""A mistake is one line on stderr and exit code 2; no file is made or changed."""

import resource

import pytest
from support.cli import SHORT, Answer

import geobuffer as gb
from geobuffer.cli import inputs

MISTAKES = {
    "unknown region": (["zone", "--between", "Kurks", "--and", "Sumy"],
                       ["Invalid region 'Kurks'", "Did you mean 'Kursk'?"]),
    "regions apart": (["zone", "--between", "Kursk", "--and", "Kyiv"],
                      ["Kursk", "Kyiv", "km apart", "Must be neighbours"]),
    "a region on both sides": (["zone", "--between", "Kursk", "--and", "Kursk"],
                               ["Kursk stands on both"]),
    "between without and": (["zone", "--between", "Kursk"], ["--between and --and", "together"]),
    "and without between": (["where", "51", "34", "--and", "Sumy"], ["--between and --and"]),
    "a line and a point": (["zone", "--along", "x.gpkg", "--around", "51,34"],
                           ["--along with --around"]),
    "a line and regions": (["zone", "--along", "x.gpkg", *SHORT], ["--between with --along"]),
    "a point and a gap": (["where", "51", "34", "--around", "51,34", "--gap-m", "5"],
                          ["--gap-m with --around"]),
    "a point beyond the pole": (["zone", "--around", "134,51"], ["134, 51", "±90"]),
    "a point and no file": (["zone", "--around", "51,34", "--around", "x.gpkg"], ["x.gpkg"]),
    "a width of neither side": (["zone", *SHORT, "--km", "Poland=5"], ["Poland"]),
    "a width without a number": (["zone", *SHORT, "--km", "Ukraine=wide"],
                                 ["--km 'wide'", "such as '10 km'"]),
    "from beyond the width": (["zone", *SHORT, "--km", "5", "--from-km", "6"], ["6"]),
    "a negative gap": (["zone", *SHORT, "--gap-m", "-1"], ["-1"]),
    "km of a side twice": (["zone", *SHORT, "--km", "Ukraine=10,Ukraine=5"],
                           ["Invalid --km", "'Ukraine' is named twice"]),
    "km of a side twice in other letters": (["zone", *SHORT, "--km", "Ukraine=10,ukraine=10"],
                                            ["Invalid --km", "named twice"]),
    "km of a side in two languages": (["zone", *SHORT, "--km", "Ukraine=10,Україна=5"],
                                      ["'Ukraine' is named twice"]),
    "km of a section twice": (["zone", *SHORT, "--km", "Kursk–Sumy=7,Kursk–Sumy=9"],
                              ["Invalid --km", "'Kursk–Sumy' is named twice"]),
    "km with a name and a comma": (["zone", *SHORT, "--km", "Ukraine=10,5"],
                                   ["Invalid --km 'Ukraine=10,5'", "decimals have a point"]),
    "km of 5,000 digits": (["zone", *SHORT, "--km", "9" * 5_000], ["Invalid --km", "characters"]),
    "from_km with two readings": (["zone", *SHORT, "--from-km", "1,500"],
                                  ["Invalid --from-km '1,500'", "1.500 or 1500"]),
    "tolerance with two readings": (["zone", *SHORT, "--tolerance", "1,5"],
                                    ["Invalid --tolerance '1,5'", "1.5, or 1 and 5"]),
    "gap with an underscore": (["zone", *SHORT, "--gap-m", "1_000"], ["Invalid --gap-m '1_000'"]),
    "curve by almost no step": (["curve", *SHORT, "--step-km", "0.0000001"],
                                ["Invalid --step-km 1e-07", "a metre"]),
    "curve to a text": (["curve", *SHORT, "--to-km", "1_0"], ["Invalid --to-km '1_0'"]),
    "curve to nowhere": (["curve", *SHORT, "--to-km", "0"], ["Invalid --to-km 0", "positive"]),
    "curve by no step": (["curve", *SHORT, "--step-km", "0"], ["Invalid --step-km 0", "positive"]),
    "suffix of a curve": (["curve", "--png", "m.jpg"], ["'m.jpg'", "Figure"]),
    "a country alone": (["zone", "--country", "KR,KP"], ["--country alone", "--between"]),
    "unknown side": (["zone", *SHORT, "--side", "Ukrain"],
                     ["Invalid side 'Ukrain'", "Did you mean 'Ukraine'?"]),
    "km a word": (["zone", *SHORT, "--km", "ten"], ["--km 'ten'", "such as '10 km'"]),
    "km an empty text": (["settlements", *SHORT, "--km", ""], ["--km ''", "such as '10 km'"]),
    "km a gap": (["exposure", *SHORT, "--km", "5,,10"], ["--km ''", "such as '10 km'"]),
    "km of two lines": (["zone", *SHORT, "--km", "5\n10x"], ["--km '5\\n10x'"]),
    "km in no unit of length": (["zone", *SHORT, "--km", "10km/h"], ["--km '10km/h'"]),
    "km with a decimal comma": (["zone", *SHORT, "--km", "10,5 km"],
                                ["--km '10,5 km'", "10.5 km, or 10 and 5 km", "have a point"]),
    "km negative": (["zone", *SHORT, "--km=-5"], ["Invalid km -5", "Must be positive"]),
    "km nothing": (["zone", *SHORT, "--km", "0"], ["Invalid km 0", "Must be positive"]),
    "km no number": (["map", *SHORT, "--km", "nan"], ["--km 'nan'", "such as '10 km'"]),
    "km too far": (["zone", *SHORT, "--km", "2001"], ["Invalid km 2001", "at most 2,000 km"]),
    "km descending": (["zone", *SHORT, "--km", "10,5"], ["[10.0, 5.0]", "Must ascend"]),
    "tolerance nothing": (["zone", *SHORT, "--tolerance", "0"],
                          ["Invalid --tolerance 0", "at least 0.001"]),
    "tolerance no number": (["zone", *SHORT, "--tolerance", "nan"],
                            ["Invalid --tolerance 'nan'", "metres"]),
    "unknown by": (["exposure", *SHORT, "--by", "oblats"],
                   ["Invalid --by 'oblats'", "Did you mean 'oblast'?"]),
    "by a ring": (["exposure", *SHORT, "--by", "ring", "--json"], ["Invalid --by 'ring'"]),
    "by a shape": (["exposure", *SHORT, "--by", "geometry"], ["Invalid --by 'geometry'"]),
    "by what is counted": (["exposure", *SHORT, "--by", "population", "--json"],
                           ["Invalid --by 'population'"]),
    "latitude beyond the pole": (["where", "95", "34"], ["latitude 95", "±90"]),
    "latitude no number": (["where", "nan", "34"], ["nan 34", "latitude and longitude"]),
    "no point": (["where", "nan", "nan"], ["No settlement", "nan nan"]),
    "longitude endless": (["where", "51", "inf"], ["51 inf", "latitude and longitude"]),
    "scenario not there": (["zone", "--scenario", "no.toml"], ["no.toml", "No such file"]),
    "scenario a folder": (["where", "51", "34", "--scenario", "."], ["Is a directory"]),
    "suffix of a zone": (["zone", "--out", "zone.shp"], ["'zone.shp'", "BufferZone", "'.gpkg'"]),
    "suffix of settlements": (["settlements", "--out", "t.html"], ["'t.html'", "'.csv'"]),
    "suffix of exposure": (
        ["exposure", "--out", "t.gpkg"], ["'t.gpkg'", "'.csv', '.xlsx', '.parquet'"],
    ),
    "suffix of a map": (["map", "--out", "m.png"], ["'m.png'", "Map", "'.html'"]),
    "suffix of a picture": (["map", "--png", "m.jpg"], ["'m.jpg'", "Figure", "'.png'"]),
    "folder not there": (["map", "--out", "no/m.html"], ["'no/m.html'", "no folder 'no'"]),
    "option misspelt": (["zone", "--sid", "Ukraine"], ["No such option: --sid", "--side"]),
    "option of other programs, and of none of ours": (
        ["data", "--output", "x"], ["No such option: --output\n"]),
    "option of other programs": (["zone", "--width", "5"],
                                 ["No such option: --width (Possible options: --km)"]),
    "unknown ends": (["zone", *SHORT, "--ends", "oval"], ["--ends", "oval", "round", "flat"]),
    "tolerance a word": (["zone", *SHORT, "--tolerance", "fine"], ["--tolerance", "number"]),
    "latitude a word": (["where", "north", "34"], ["'north 34'", "latitude and longitude"]),
    "no longitude": (["where", "51"], ["latitude and longitude", "51.27 34.63"]),
    "no such place": (["where", "Yunakivk"], ["'Yunakivk'", "'Yunakivka'"]),
    "option of where misspelt": (["where", "51", "34", "--jsn"], ["--jsn", "where --help"]),
    "a file's option without a file": (["zone", "--crs", "EPSG:4326"], ["--crs", "--along"]),
    "width below zero": (["zone", "--km", "-5"], ["--side takes one side"]),
    "a file of places without one": (["settlements", "--places-swap"], ["without --places"]),
    "a point and a file's option": (
        ["zone", "--around", "51,34", "--km", "1", "--crs", "4326"], ["--crs", "with a point"],
    ),
    "a point and a file of names": (["where", "51", "34", "--places", "x"], ["--places", "point"]),
    "regions that do not meet": (
        ["zone", "--between", "Kursk", "--and", "Kharkiv"], ["give --gap-m"],
    ),
    "a gap below zero": (["zone", *SHORT, "--gap-m", "-1"], ["Invalid --gap-m -1", "metres"]),
    "option without a value": (["zone", "--km"], ["--km"]),
    "unknown command": (["zones"], ["zones"]),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_line_exit_code_2_and_nothing_written(run, here, mistake):
    args, fragments = MISTAKES[mistake]
    answer = run(*args)
    assert (answer.code, answer.out) == (2, "")
    for fragment in fragments:
        assert fragment.casefold() in answer.err.casefold()
    assert answer.err.endswith("\n")
    assert len(answer.err.splitlines()) == 1
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    ("args", "file"),
    [
        (["zone", "--between", "Kursk", "--and", "Kyiv"], "old.geojson"),
        (["settlements", *SHORT, "--km", "0"], "old.csv"),
        (["exposure", *SHORT, "--by", "nothing"], "old.csv"),
        (["map", *SHORT, "--side", "Atlantis"], "old.html"),
    ],
)
def test_a_mistake_leaves_an_older_file_as_it_was(run, here, args, file):
    (here / file).write_text("older")
    assert run(*args, "--out", file).code == 2
    assert (here / file).read_text() == "older"
    assert [p.name for p in here.iterdir()] == [file]


# Every command that writes a file, as it names it, and a suffix that it takes.
WRITES = {
    "zone": (["zone", "--out"], ".gpkg"), "settlements": (["settlements", "--out"], ".csv"),
    "exposure": (["exposure", "--out"], ".csv"), "map": (["map", "--out"], ".html"),
    "picture": (["map", "--png"], ".png"), "bulk": (["bulk", "points.csv"], ".parquet"),
}  # fmt: skip


@pytest.mark.parametrize("command", WRITES)
def test_nothing_is_computed_for_a_file_that_cannot_be_written(run, here, command, monkeypatch):
    args, suffix = WRITES[command]
    monkeypatch.setattr(inputs, "read_scenario", lambda *_, **__: pytest.fail("computed"))
    (here / f"folder{suffix}").mkdir()
    (here / f"pipe{suffix}").symlink_to("/dev/null")
    for file, fragment in (
        (f"no/x{suffix}", "there is no folder 'no'"), (f"folder{suffix}", "it is a folder"),
        (f"pipe{suffix}", "it is a device"), ("x.doc", "Must be one of"),
        (f"/proc/x{suffix}", "'/proc' is read-only"),
    ):  # fmt: skip
        answer = run(*args, file)
        assert (answer.code, answer.out) == (2, "")
        assert fragment in answer.err
        assert len(answer.err.splitlines()) == 1
    assert sorted(p.name for p in here.iterdir()) == [f"folder{suffix}", f"pipe{suffix}"]


@pytest.mark.parametrize("command", ["zone", "settlements", "exposure", "map", "picture"])
def test_on_a_full_disk_the_old_file_stays_and_one_line_reports_it(run, here, command):
    args, suffix = WRITES[command]
    (here / f"x{suffix}").write_text("older")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limit[1]))
    try:
        answer = run(args[0], *SHORT, *args[1:], f"x{suffix}")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"geobuffer: Cannot write 'x{suffix}': ")
    assert "Is the disk full?" in answer.err
    assert len(answer.err.splitlines()) == 1
    assert (here / f"x{suffix}").read_text() == "older"
    assert [p.name for p in here.iterdir()] == [f"x{suffix}"]


@pytest.mark.parametrize(
    ("command", "file"),
    [("zone", "x.geojson"), ("settlements", "x.csv"), ("exposure", "x.csv"), ("map", "x.html")],
)
def test_a_folder_in_the_place_of_the_file_is_a_mistake(run, here, command, file):
    (here / file).mkdir()
    answer = run(command, *SHORT, "--km", "2", "--out", file)
    assert (answer.code, answer.out) == (2, "")
    assert len(answer.err.splitlines()) == 1
    assert file in answer.err
    assert [p.name for p in here.iterdir()] == [file]


def test_an_unknown_key_of_a_scenario_is_named_as_it_is_written(run, here):
    (here / "s.toml").write_text(
        "[zone]\nbetween = 'Kursk'\nand = 'Sumy'\nkm = 5\ntolerance_m = 9\n"
    )
    answer = run("zone", "--scenario", "s.toml")
    assert answer.code == 2
    assert "unknown key 'tolerance_m'" in answer.err


def test_a_bad_target_is_reported_before_anything_is_computed(run, monkeypatch):
    monkeypatch.setattr(gb, "build_zone", lambda *_, **__: pytest.fail("computed first"))
    for command in ("zone", "map", "settlements", "exposure"):
        assert run(command, "--out", "x.doc").code == 2


def test_a_fault_of_ours_is_not_reported_as_a_mistake(run, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(gb, "build_zone", broken)
    assert run("zone", *SHORT, "--debug").code == 70


def test_a_broken_installation_is_one_line_too(run, monkeypatch):
    def altered():
        raise gb.ChecksumMismatch("Altered oblasts.parquet.")

    monkeypatch.setattr(gb, "load_regions", altered)
    assert run("zone") == Answer(2, "", "geobuffer: Altered oblasts.parquet.\n")

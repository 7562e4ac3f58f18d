"""Help, the version, and the options of every command."""

import os
import re
import subprocess
import sys

import pytest
import shapely
import typer
from support.cli import Answer, run_geobuffer

import geobuffer as gb
from geobuffer.cli.commands import EXAMPLES, app

# Every option there is. A new one fails the test below until it is written here, and tested.
BORDER = {"--scenario", "--between", "--and", "--regions", "--country", "--gap-m",
          "--land-only", "--along", "--around", "--outline", "--regions-read", "--along-read",
          "--around-read", "--outline-read", "--edges", "--json"}  # fmt: skip

# Options that help does not show: keys such as --along-read crs= do the same.
OLDER = {"--region-name", "--layer", "--crs", "--swap", "--places-layer", "--places-crs",
         "--places-swap", "--encoding"}  # fmt: skip


ZONE = {*BORDER, "--km", "--from-km", "--side", "--ends"}


PLACES = {"--places", "--add-places", "--places-read", "--add-places-read", "--fetched"}


OPTIONS = {
    "": {"--version", "--versions", "--debug", "--install-completion", "--show-completion",
         "--help"},
    "map": {*ZONE, *PLACES, "--title", "--no-model", "--totals", "--out", "--png", "--size",
            "--language"},
    "zone": {*ZONE, "--tolerance", "--out"},
    "settlements": {*ZONE, *PLACES, "--all", "--out", "--csv-locale"},
    "exposure": {*ZONE, *PLACES, "--by", "--cumulative", "--of", "--whole", "--raster", "--values",
                 "--as-of", "--no-model", "--totals", "--out", "--csv-locale"},
    "curve": {*BORDER, *PLACES, "--raster", "--values", "--as-of", "--side", "--to-km",
              "--step-km", "--png", "--size", "--language", "--out", "--csv-locale"},
    "check": {*ZONE, *PLACES, "file", "--out", "--csv-locale"},
    "bulk": {*ZONE, "source", "target", "--source-read", "--csv-locale"},
    "where": {*BORDER, *PLACES, "--nearest-point", "place"},
    "data": {"--json"},
    "data get": {"name", "--country", "--level", "--iso", "--bbox", "--year", "--refresh", "--out",
                 "--json"},
}  # fmt: skip


def test_version(run):
    assert run("--version") == Answer(0, f"geobuffer {gb.__version__}\n", "")


def test_versions_lists_all_versions(run):
    lines = dict(line.split(" ", 1) for line in run("--versions", "--debug").out.splitlines())
    assert lines["geobuffer"] == gb.__version__
    assert lines["shapely"] == shapely.__version__
    assert {"Python", "GEOS", "PROJ", "GDAL", "folium", "numba"} <= set(lines)


@pytest.mark.parametrize("command", OPTIONS)
def test_every_option_is_known_here_and_explained(command, run):
    root = typer.main.get_command(app)
    node = root
    for word in command.split():
        node = node.commands[word]
    options = {name for param in node.params for name in (*param.opts, *param.secondary_opts)}
    shown = {name for param in node.params if not getattr(param, "hidden", False)
             for name in (*param.opts, *param.secondary_opts)}  # fmt: skip
    assert options - shown <= OLDER
    options = shown
    assert options | ({"--help"} & OPTIONS[command]) == OPTIONS[command]
    below = {" ".join([*command.split(), word]) for word in getattr(node, "commands", {})}
    deeper = {name for name in OPTIONS if name.rpartition(" ")[0] == command} - {""}
    assert below == deeper
    help_ = run(*command.split(), "--help")
    assert (help_.code, help_.err) == (0, "")
    words = help_.out.split()
    for option in options - {"place", "source", "target", "name", "file"}:
        assert option in words
    for name in below:
        assert name.split()[-1] in words


def test_help_of_where_explains_the_order_of_its_arguments(run):
    text = " ".join(run("where", "--help").out.split())
    assert "LATITUDE LONGITUDE | NAME" in text
    assert "Latitude (north positive), then longitude (east positive), in degrees" in text


def test_without_arguments_there_is_help(run):
    answer = run()
    assert answer.out + answer.err == run("--help").out


def test_help_lists_options_in_groups():
    text = run_geobuffer("map", "--help").out
    headings = ["The border", "The zone", "The settlements", "The people", "Output", "Examples"]
    assert re.findall(r"^(\S.*):$", text, re.MULTILINE) == headings
    border = text.partition("The border:")[2].partition("The zone:")[0]
    assert set(re.findall(r"^  (--\S+)", border, re.MULTILINE)) == BORDER - {"--json"}


def test_every_command_has_two_examples():
    assert set(EXAMPLES) == {"geobuffer", *OPTIONS} - {""}
    assert {len(lines) for lines in EXAMPLES.values()} == {2}
    for name, lines in EXAMPLES.items():
        words = () if name == "geobuffer" else name.split()
        assert "\n".join(f"  {line}" for line in lines) in run_geobuffer(*words, "--help").out
        assert all(line.startswith(f"geobuffer {' '.join(words)}".strip()) for line in lines)


# Those of `data get` fetch; tests of fetching ask a server of their own.
RUN = [line for name, lines in EXAMPLES.items() if name != "data get" for line in lines
       if "data get" not in line]  # fmt: skip


@pytest.mark.parametrize("line", RUN)
def test_examples_of_help_run(line, run, here):
    (here / "places.csv").write_text("name,lat,lon\nYunakivka,51.08,35.0\n", encoding="utf-8")
    _, *words = line.split()
    answer = run(*words)
    assert answer.code == 0, answer.err
    for flag in ("--out", "bulk"):
        if flag in words:
            file = words[words.index(flag) + 1 + (flag == "bulk")]
            assert (here / file).stat().st_size > 100


def test_examples_that_fetch_name_known_options():
    for line in EXAMPLES["data get"] + EXAMPLES["data"][1:]:
        _, _, _, name, *words = line.split()
        assert name in gb.list_sources().index
        assert {word for word in words if word.startswith("--")} <= OPTIONS["data get"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_completion_is_shown_for_each_shell(shell):
    # Otherwise typer takes the shell that runs the tests. It looks at this once for each process.
    environment = {**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    command = [sys.executable, "-m", "geobuffer", "--show-completion", shell]
    shown = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert f"complete_{shell}" in shown.stdout

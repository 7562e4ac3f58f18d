"""Help, the version, and the options of every command."""

import pytest
import shapely
import typer
from support.cli import Answer

import geobuffer as gb
from geobuffer.cli.commands import app

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
    "": {"--version", "--versions", "--debug", "--help"},
    "map": {*ZONE, *PLACES, "--title", "--no-model", "--totals", "--out", "--png", "--size",
            "--language"},
    "zone": {*ZONE, "--tolerance", "--out"},
    "settlements": {*ZONE, *PLACES, "--all", "--out", "--csv-locale"},
    "exposure": {*ZONE, *PLACES, "--by", "--cumulative", "--of", "--whole", "--raster", "--values",
                 "--as-of", "--no-model", "--totals", "--out", "--csv-locale"},
    "curve": {*BORDER, *PLACES, "--side", "--to-km", "--step-km", "--png", "--size",
              "--language", "--out", "--csv-locale"},
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

"""The command line: each subcommand is one question, answered through the public functions.

Answers go to stdout, progress and errors to stderr. A mistake of the user's, from a wrong name to
an unwritable file, is one line and exit code 2.
"""

from __future__ import annotations

from typing import Annotated

import typer

import geobuffer as gb
from geobuffer.cli.counts import curve, exposure
from geobuffer.cli.data import data_app
from geobuffer.cli.maps import map_
from geobuffer.cli.where import where
from geobuffer.cli.zones import bulk, settlements, zone_

app = typer.Typer(
    name="geobuffer",
    help="Model buffer zones along borders: the zone, the places inside, the people, the map.",
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True)
    ] = False,
    versions: Annotated[
        bool, typer.Option("--versions", help="Print those of all it uses.", is_eager=True)
    ] = False,
) -> None:
    if version:
        typer.echo(f"geobuffer {gb.__version__}")
        raise typer.Exit
    if versions:
        gb.show_versions()
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


# In the order in which help lists them.
app.command("map")(map_)
app.command("zone")(zone_)
app.command()(settlements)
app.command()(exposure)
app.command()(curve)
app.command()(bulk)
# A latitude or longitude below zero is no option.
app.command(context_settings={"ignore_unknown_options": True})(where)
app.add_typer(data_app, name="data", help="List the data, bundled and to be fetched; fetch them.")

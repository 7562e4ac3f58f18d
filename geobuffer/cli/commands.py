"""All commands of the command line: ``geobuffer map``, ``zone``, ``settlements`` and others.

Each command asks one question and answers it through the public functions of the library.
"""

from __future__ import annotations

from typing import Annotated

import typer

import geobuffer as gb
from geobuffer.cli.check import check
from geobuffer.cli.data import data_app
from geobuffer.cli.exposure import curve, exposure
from geobuffer.cli.interrupts import import_geopandas_first
from geobuffer.cli.map import map_
from geobuffer.cli.options import OnceCommand
from geobuffer.cli.where import where
from geobuffer.cli.zone import bulk, settlements, zone_

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
    debug: Annotated[  # noqa: ARG001 - main.py has taken it from the words, wherever it stood
        bool, typer.Option("--debug", help="Show the traceback of a fault of geobuffer.")
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


# In the order in which --help lists them.
app.command("map", cls=OnceCommand)(import_geopandas_first(map_))
app.command("zone", cls=OnceCommand)(import_geopandas_first(zone_))
app.command(cls=OnceCommand)(import_geopandas_first(settlements))
app.command(cls=OnceCommand)(import_geopandas_first(exposure))
app.command(cls=OnceCommand)(import_geopandas_first(curve))
app.command(cls=OnceCommand)(import_geopandas_first(check))
app.command(cls=OnceCommand)(import_geopandas_first(bulk))
# A latitude or longitude below zero looks like an option: `where` checks its words itself.
app.command(cls=OnceCommand, context_settings={"ignore_unknown_options": True})(
    import_geopandas_first(where)
)
app.add_typer(data_app, name="data", help="List the data, bundled and to be fetched; fetch them.")

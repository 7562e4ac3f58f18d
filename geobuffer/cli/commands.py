"""All commands of the command line: ``geobuffer map``, ``zone``, ``settlements`` and others.

Each command answers one question by calling the public functions of the library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

import geobuffer as gb
from geobuffer.cli.check import check
from geobuffer.cli.data import data_app, data_get
from geobuffer.cli.exposure import curve, exposure
from geobuffer.cli.interrupts import import_geopandas_first
from geobuffer.cli.map import map_
from geobuffer.cli.options import GroupWithExamples, OnceCommand
from geobuffer.cli.where import where
from geobuffer.cli.zone import bulk, settlements, zone_

if TYPE_CHECKING:
    from collections.abc import Callable

#: The examples at the end of each command's help, to copy and to change. A test runs them.
EXAMPLES = {
    "geobuffer": (
        "geobuffer map",
        "geobuffer where Yunakivka",
    ),
    "map": (
        "geobuffer map --km 5,10,20 --out rings.html",
        "geobuffer map --around 51.3895,30.0995 --km 10,30 --out plant.html",
    ),
    "zone": (
        "geobuffer zone --between Kursk --and Sumy --km 15 --out zone.gpkg",
        "geobuffer zone --between Kursk --and Sumy --km Ukraine=10,Russia=5",
    ),
    "settlements": (
        "geobuffer settlements --km 5",
        "geobuffer settlements --all --out places.csv --csv-locale uk",
    ),
    "exposure": (
        "geobuffer exposure --km 5,10,15,20 --cumulative",
        "geobuffer exposure --km 10 --by oblast --out counts.csv",
    ),
    "curve": (
        "geobuffer curve --to-km 30",
        "geobuffer curve --between Kursk --and Sumy --side Russia --step-km 10",
    ),
    "check": (
        "geobuffer check",
        "geobuffer check --km 15 --json",
    ),
    "bulk": (
        "geobuffer bulk places.csv classified.csv --source-read accuracy_m=500",
        "geobuffer bulk places.csv classified.parquet --km 5,10",
    ),
    "where": (
        "geobuffer where Yunakivka",
        "geobuffer where 51.27 34.63 --nearest-point",
    ),
    "data": (
        "geobuffer data",
        "geobuffer data get osm-boundaries --iso UA-59,RU-KRS",
    ),
    "data get": (
        "geobuffer data get geonames --country PL",
        "geobuffer data get worldpop --country UA --year 2020 --out .",
    ),
}


def _join_examples(name: str) -> str:
    return "\n".join(EXAMPLES[name])


app = typer.Typer(
    cls=GroupWithExamples,
    name="geobuffer",
    help="Model buffer zones along borders: the zone, the places inside, the people, the map.",
    epilog=_join_examples("geobuffer"),
    pretty_exceptions_enable=False,
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
        bool,
        typer.Option(
            "--versions",
            help="Print the versions of geobuffer and of the packages that it uses.",
            is_eager=True,
        ),
    ] = False,
    debug: Annotated[  # noqa: ARG001 - main.py reads and removes it, wherever it is
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


def _add_command(group: typer.Typer, name: str, command: Callable[..., None], **how: Any) -> None:
    own = name.rpartition(" ")[2]
    add = group.command(own, cls=OnceCommand, epilog=_join_examples(name), **how)
    add(import_geopandas_first(command))


# In the order in which --help lists them.
_add_command(app, "map", map_)
_add_command(app, "zone", zone_)
_add_command(app, "settlements", settlements)
_add_command(app, "exposure", exposure)
_add_command(app, "curve", curve)
_add_command(app, "check", check)
_add_command(app, "bulk", bulk)
# A negative latitude or longitude looks like an option: `where` itself refuses unknown options.
_add_command(app, "where", where, context_settings={"ignore_unknown_options": True})
_add_command(data_app, "data get", data_get)
app.add_typer(
    data_app,
    name="data",
    cls=GroupWithExamples,
    help="List the data, bundled and to be fetched; fetch them.",
    epilog=_join_examples("data"),
)

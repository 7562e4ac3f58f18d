"""``geobuffer data``: what is bundled, what can be fetched, and the fetching."""

from __future__ import annotations

import dataclasses
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import geobuffer as gb
from geobuffer.cli.interrupts import import_geopandas_first
from geobuffer.cli.options import AsJson  # noqa: TC001 - typer looks it up when it runs
from geobuffer.cli.output import print_json, print_records, print_table, say, stderr_console

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import geopandas as gpd
    from rich.progress import TaskID

    from geobuffer.datasets.fetch.tables import Fetched


data_app = typer.Typer()


@data_app.callback(invoke_without_command=True)
def data(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the bundled data: licence, date, accuracy; and what can be fetched."""
    if context.invoked_subcommand is None:
        _print_data(as_json=as_json)


@import_geopandas_first
def _print_data(*, as_json: bool) -> None:
    table = gb.list_datasets()
    if as_json:
        print_records(table.reset_index())
        return
    shown = table.reset_index()[["dataset", "rows", "as_of", "accuracy_m", "licence"]]
    print_table(shown, "Bundled data; --json tells all of it")
    offers = gb.list_sources().reset_index()[["name", "holds", "licence", "needs", "takes"]]
    print_table(offers, "To be fetched with: geobuffer data get NAME")


@data_app.command("get")
@import_geopandas_first
def data_get(  # noqa: PLR0913 - one parameter for each option of the command
    name: Annotated[str, typer.Argument(help="A name that geobuffer data lists.")],
    *,
    country: Annotated[
        str | None, typer.Option("--country", help="ISO 3166 code or English name.")
    ] = None,
    level: Annotated[
        int | None, typer.Option("--level", help="Administrative level; 0 is the country.")
    ] = None,
    iso: Annotated[
        str | None, typer.Option("--iso", help="ISO 3166 codes of regions, as in RU-KRS,UA-59.")
    ] = None,
    bbox: Annotated[
        str | None, typer.Option("--bbox", metavar="W,S,E,N", help="A box, in degrees.")
    ] = None,
    year: Annotated[int | None, typer.Option("--year", help="Of a raster.")] = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Download again, though it is there.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FOLDER", help="Write it to this folder too.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch public data into the cache, from which they are used offline."""
    from geobuffer.datasets.fetch.catalogue import fetch_with_sources

    if out is not None:
        _check_out(out)
    what = {"country": country, "level": level, "iso": iso, "bbox": bbox, "year": year}
    with _download_bar() as moved:
        got = fetch_with_sources(
            name, refresh=refresh, downloader=gb.Downloader(progress=moved), **what
        )
    asked = "-".join([name, *(str(value) for value in what.values() if value is not None)])
    file = None if out is None else _keep(got.value, out, asked)
    if as_json:
        print_json({"name": name, **_facts(got, file)})
        return
    _print_fetched(name, got)
    if file is not None:
        say(f"Wrote {file}.")


def _print_fetched(name: str, got: Fetched) -> None:
    """Print whose data were fetched, and how many."""
    from geobuffer.datasets.fetch.tables import cite

    for source in got.sources:
        say(f"{cite(source)}.")
    held = "1 raster" if isinstance(got.value, Path) else f"{len(got.value):,} rows"
    say(f"{held}, in the cache: gb.fetch({name!r}, ...) uses it offline from now on.")


def _check_out(folder: Path) -> None:
    from geobuffer.io.atomic import check_folder_writable

    if not folder.is_dir():
        raise gb.DataError(f"Invalid --out {str(folder)!r}. Must be a folder that exists.")
    check_folder_writable(folder, f"Invalid --out {str(folder)!r}")


def _facts(got: Fetched, file: Path | None) -> dict[str, Any]:
    """Return what JSON says of what was fetched, and where it was written."""
    count = {} if isinstance(got.value, Path) else {"rows": len(got.value)}
    there = {"file": str(file or got.value)} if file or not count else {}
    return {**count, **there, "sources": [dataclasses.asdict(one) for one in got.sources]}


def _keep(got: gb.Regions | gpd.GeoDataFrame | Path, folder: Path, asked: str) -> Path:
    """Write what was fetched to a folder: a GeoPackage, or a raster with its papers beside it."""
    from geobuffer.datasets.fetch.tables import regions_table
    from geobuffer.io.atomic import copy_file

    if isinstance(got, Path):
        papers = got.with_name(got.name + ".json")
        # At no moment do the papers of one raster lie beside another.
        (folder / papers.name).unlink(missing_ok=True)
        for file in (got, papers):
            copy_file(file, folder / file.name)
        return folder / got.name
    table = regions_table(got) if isinstance(got, gb.Regions) else got
    return gb.write(table, folder / f"{re.sub('[^A-Za-z0-9.-]+', '_', asked)}.gpkg")


@contextmanager
def _download_bar() -> Iterator[Callable[[str, int, int | None], None]]:
    """Show on a terminal how far each file has come."""
    from rich.markup import escape
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    stderr = stderr_console()
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=stderr, disable=not stderr.is_terminal) as bar:

        def moved(name: str, done: int, total: int | None) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(escape(name), total=total)
            bar.update(tasks[name], completed=done, total=total)

        yield moved

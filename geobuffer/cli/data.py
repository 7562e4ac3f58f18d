"""``geobuffer data``: list the bundled and the public data, and fetch public data."""

from __future__ import annotations

import dataclasses
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import geobuffer as gb
from geobuffer.cli.interrupts import import_geopandas_first
from geobuffer.cli.options import OUTPUT, AsJson
from geobuffer.cli.output import (
    check_folder,
    print_json,
    print_line,
    print_records,
    print_table,
    stderr_console,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import geopandas as gpd
    import pandas as pd
    from rich.progress import TaskID

    from geobuffer.datasets.fetch.tables import Fetched


data_app = typer.Typer()


@data_app.callback(invoke_without_command=True)
def data(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the bundled data and the data that can be fetched.

    Each dataset has its licence, date and accuracy.
    """
    if context.invoked_subcommand is None:
        _print_data(as_json=as_json)


@import_geopandas_first
def _print_data(*, as_json: bool) -> None:
    table = gb.list_datasets()
    if as_json:
        print_records(table.reset_index())
        return
    shown = table.reset_index()[["dataset", "rows", "as_of", "accuracy_m", "licence"]]
    print_table(shown, "Bundled data; --json shows all columns")
    offers = gb.list_sources().reset_index()[["name", "holds", "licence", "needs", "takes"]]
    print_table(offers, "Fetch with: geobuffer data get NAME")


def data_get(  # noqa: PLR0913 - one parameter for each option of the command
    name: Annotated[str, typer.Argument(help="A name that geobuffer data lists.")],
    *,
    country: Annotated[
        str | None,
        typer.Option("--country", metavar="COUNTRY", help="ISO 3166 code or English name."),
    ] = None,
    level: Annotated[
        int | None,
        typer.Option("--level", metavar="NUMBER", help="Administrative level; 0 is the country."),
    ] = None,
    iso: Annotated[
        str | None,
        typer.Option(
            "--iso", metavar="CODE,CODE", help="ISO 3166 codes of regions, as in RU-KRS,UA-59."
        ),
    ] = None,
    bbox: Annotated[
        str | None, typer.Option("--bbox", metavar="W,S,E,N", help="A box, in degrees.")
    ] = None,
    year: Annotated[
        int | None, typer.Option("--year", metavar="YEAR", help="Year of a raster.")
    ] = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Download again, even if the cache has it.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FOLDER",
            help="Also write it to this folder.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch public data into the cache; they can then be used offline."""
    from geobuffer.datasets.fetch.cache import cache_folder
    from geobuffer.datasets.fetch.catalogue import fetch_with_sources

    if out is not None:
        check_folder(out, cache=cache_folder(gb.Downloader()))
    what = {"country": country, "level": level, "iso": iso, "bbox": bbox, "year": year}
    with _show_downloads() as update_bar:
        got = fetch_with_sources(
            name, refresh=refresh, downloader=gb.Downloader(progress=update_bar), **what
        )
    asked = "-".join([name, *(str(value) for value in what.values() if value is not None)])
    file = None if out is None else _write_fetched(got.value, out, asked)
    if as_json:
        print_json({"name": name, **_describe_fetched(got, file)})
        return
    _print_fetched(name, got)
    if file is not None:
        print_line(f"Wrote {file}.")


def _print_fetched(name: str, got: Fetched) -> None:
    """Print the sources of the data, and the number of rows."""
    from geobuffer.datasets.fetch.tables import cite

    for source in got.sources:
        print_line(f"{cite(source)}.")
    held = "1 raster" if isinstance(got.value, Path) else f"{len(got.value):,} rows"
    print_line(f"{held}, in the cache: gb.fetch({name!r}, ...) uses it offline from now on.")


def _describe_fetched(got: Fetched, file: Path | None) -> dict[str, Any]:
    """Return the rows, the file and the sources of fetched data, for JSON."""
    count = {} if isinstance(got.value, Path) else {"rows": len(got.value)}
    there = {"file": str(file or got.value)} if file or not count else {}
    return {**count, **there, "sources": [dataclasses.asdict(one) for one in got.sources]}


def _write_fetched(
    got: gb.Regions | gpd.GeoDataFrame | pd.DataFrame | Path, folder: Path, asked: str
) -> Path:
    """Write fetched data to a folder: a GeoPackage, a table without shapes as CSV, or a raster.

    The metadata of a raster are written beside it.
    """
    from geobuffer.datasets.fetch.tables import regions_table
    from geobuffer.io.atomic import check_not_input, copy_file

    if isinstance(got, Path):
        metadata = got.with_name(got.name + ".json")
        for file in (got, metadata):
            check_not_input(folder / file.name, [("the file of the cache", file)])
        # Delete the old metadata first, so that they never lie beside the new raster.
        (folder / metadata.name).unlink(missing_ok=True)
        for file in (got, metadata):
            copy_file(file, folder / file.name)
        return folder / got.name
    table = regions_table(got) if isinstance(got, gb.Regions) else got
    suffix = "gpkg" if hasattr(table, "geometry") else "csv"
    return gb.write(table, folder / f"{re.sub('[^A-Za-z0-9.-]+', '_', asked)}.{suffix}")


@contextmanager
def _show_downloads() -> Iterator[Callable[[str, int, int | None], None]]:
    """Show a progress bar for each file, on a terminal only; yield the function that moves it."""
    from rich.markup import escape
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    stderr = stderr_console()
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=stderr, disable=not stderr.is_terminal) as bar:

        def update_bar(name: str, done: int, total: int | None) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(escape(name), total=total)
            bar.update(tasks[name], completed=done, total=total)

        yield update_bar

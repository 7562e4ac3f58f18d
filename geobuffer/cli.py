"""The command line: each subcommand is one question, answered through the public functions.

Answers go to stdout, progress and errors to stderr. A mistake of the user's, from a wrong name to
an unwritable file, is one line and exit code 2.
"""

from __future__ import annotations

import dataclasses
import enum
import io
import json
import re
import shutil
import sys
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import geopandas as gpd
import pandas as pd
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn
from rich.table import Table
from rich.text import Text

import geobuffer as gb
from geobuffer.bulk import check_bulk_target
from geobuffer.downloads.fetching import fetch_with_sources
from geobuffer.downloads.tables import cite, regions_table
from geobuffer.export import check_target
from geobuffer.names import LANGUAGES
from geobuffer.plots import require_matplotlib
from geobuffer.queries import with_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

app = typer.Typer(
    name="geobuffer",
    help="Model buffer zones along borders: the zone, the places inside, the people, the map.",
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
_out = Console()
_err = Console(stderr=True)


class Ends(enum.StrEnum):
    """What happens where the border ends."""

    round = "round"
    flat = "flat"


# A page shows a pixel as 12 m at its closest useful zoom: an edge within 1 m is drawn as exactly,
# and costs half the time of one within 0.1 m.
_PAGE_M = 1.0

# Where only distances are asked for, nobody sees the polygon.
_UNSEEN_M = 50.0

ScenarioFile = Annotated[
    Path | None,
    typer.Option("--scenario", help="A scenario file (TOML). Default: the zone of May 2025."),
]
Between = Annotated[
    list[str] | None,
    typer.Option("--between", metavar="NAME,NAME", help="Regions on one side of the border."),
]
And = Annotated[
    list[str] | None,
    typer.Option("--and", metavar="NAME,NAME", help="Regions on the other side."),
]
Country = Annotated[
    list[str] | None,
    typer.Option(
        "--country",
        metavar="CODE,CODE",
        help="Name these countries or their regions on either side, of the data of the world.",
    ),
]
Km = Annotated[
    str | None, typer.Option("--km", help="Width in km; several, as in 5,10,20, make rings.")
]
SideName = Annotated[str | None, typer.Option("--side", help="A side's name, or both.")]
EndsName = Annotated[
    Ends | None, typer.Option("--ends", help="Round, or flat: cut off where the border ends.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Out = Annotated[Path | None, typer.Option("--out", help="Write to this file.")]


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True)
    ] = False,
) -> None:
    if version:
        typer.echo(f"geobuffer {gb.__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command("map")
def map_(  # noqa: PLR0913 - one parameter for each option of the command
    *,
    scenario: ScenarioFile = None,
    between: Between = None,
    and_: And = None,
    country: Country = None,
    km: Km = None,
    side: SideName = None,
    ends: EndsName = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="The HTML file. Default: geobuffer-map.html.")
    ] = None,
    png: Annotated[
        Path | None,
        typer.Option("--png", help="A picture (.png, .svg, .pdf); the page only with --out too."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Draw the zone and its settlements: one HTML file that opens offline, or a picture."""
    page = out or (None if png else Path("geobuffer-map.html"))
    _check_map_targets(page, png)
    _check_country(country, scenario, between)
    asked = _scenario(scenario, between, and_, km, side, ends)
    with _progress("Measuring the zone and its settlements"):
        zone = _zone(asked, _PAGE_M, country)
        places = gb.load_settlements()
        places = with_columns(places, gb.classify(places, zone))
    with _progress("Drawing the map"):
        if page is not None:
            told = {
                to: _scenario(scenario, between, and_, km, side, ends, language=to)
                for to in LANGUAGES
            }
            _write_page(page, told, zone, places)
        if png is not None:
            _write_picture(png, asked, zone, places)
    count = places["membership"].value_counts()
    facts = {
        **({"file": str(page)} if page else {}),
        **({"picture": str(png)} if png else {}),
        "zone": _zone_facts(zone),
        "inside": int(count.get("inside", 0)),
        "uncertain": int(count.get("uncertain", 0)),
    }
    if as_json:
        _print_json(facts)
        return
    _say(f"{facts['inside']} settlements inside, {facts['uncertain']} uncertain.")
    if page is not None:
        _say(f"Wrote {page}: open it in any browser.")
    if png is not None:
        _say(f"Wrote {png}.")


def _check_map_targets(page: Path | None, png: Path | None) -> None:
    """Refuse what cannot be written before anything is computed."""
    if page is not None:
        import folium

        check_target(page, folium.Map)
    if png is not None:
        require_matplotlib()
        from matplotlib.figure import Figure

        check_target(png, Figure)


def _write_page(
    path: Path, told: dict[str, gb.Scenario], zone: gb.BufferZone, places: gpd.GeoDataFrame
) -> None:
    """Draw the page; places known by name only come without a point: it counts and finds them."""
    drawn = gb.map_zone(
        zone,
        settlements=pd.concat([places, gb.load_not_located()], ignore_index=True),
        regions=gb.load_regions(),
        title={to: one.title for to, one in told.items()},
        notes={to: one.notes for to, one in told.items()},
    )
    gb.write(drawn, path)


def _write_picture(
    path: Path, asked: gb.Scenario, zone: gb.BufferZone, places: gpd.GeoDataFrame
) -> None:
    """Draw the picture; places without a position are rows without a point, for its legend."""
    known = pd.concat([places, _not_located(places)], ignore_index=True)
    figure = gb.plot_zone(
        zone,
        settlements=gpd.GeoDataFrame(known, geometry="geometry", crs=places.crs),
        regions=gb.load_regions(),
        title=asked.title,
    )
    gb.write(figure, path)


@app.command()
def zone(  # noqa: PLR0913 - one parameter for each option of the command
    *,
    scenario: ScenarioFile = None,
    between: Between = None,
    and_: And = None,
    country: Country = None,
    km: Km = None,
    side: SideName = None,
    ends: EndsName = None,
    tolerance: Annotated[
        float, typer.Option("--tolerance", help="How far its edge may stray, in metres.")
    ] = 0.1,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Build the zone; write it as .gpkg, .geojson, .fgb, .parquet, .kml, .kmz or .shp.zip."""
    if out is not None:
        check_target(out, gb.BufferZone)
    _check_country(country, scenario, between)
    asked = _scenario(scenario, between, and_, km, side, ends)
    with _progress("Building the zone"):
        built = _zone(asked, tolerance, country)
        if out is not None:
            _write(built, out)
    if as_json:
        _print_json(_zone_facts(built) | ({"file": str(out)} if out else {}))
        return
    rows = pd.DataFrame({"ring": built.ring_names, "area_km2": built.ring_areas_km2})
    _print_table(rows, f"{asked.title} – side: {built.side}, ends: {built.ends}")
    _say(f"Border: {', '.join(s.name for s in built.border.sections)}.")
    _say(f"Length {built.border.length_km:,.1f} km; edges within {built.error_m:.2g} m.")
    if built.border.healing is not None:
        _say(f"Outlines do not match exactly. {built.border.healing}.")
    if out is not None:
        _say(f"Wrote {out}.")


@app.command()
def settlements(  # noqa: PLR0913 - one parameter for each option of the command
    *,
    scenario: ScenarioFile = None,
    between: Between = None,
    and_: And = None,
    km: Km = None,
    side: SideName = None,
    ends: EndsName = None,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """List the settlements in the zone, with distance, section, population and how sure it is."""
    if out is not None:
        check_target(out, gpd.GeoDataFrame)
    asked = _scenario(scenario, between, and_, km, side, ends)
    with _progress("Measuring the zone and its settlements"):
        places = gb.load_settlements()
        inside = gb.within(places, _zone(asked, _UNSEEN_M)).sort_values("distance_km")
    if out is not None:
        _write(inside, out)
    if as_json:
        table = inside.assign(longitude=inside.geometry.x, latitude=inside.geometry.y)
        _print_records(table.drop(columns="geometry"))
        return
    if out is not None:
        _say(f"Wrote {len(inside)} settlements to {out}.")
        return
    columns = ["name_en", "name_uk", "oblast", "distance_km", "section", "population", "membership"]
    _print_table(pd.DataFrame(inside[columns]), asked.title)
    for note in _not_located_note(inside):
        _say(note)


@app.command()
def exposure(  # noqa: PLR0913 - one parameter for each option of the command
    *,
    scenario: ScenarioFile = None,
    between: Between = None,
    and_: And = None,
    km: Km = None,
    side: SideName = None,
    ends: EndsName = None,
    by: Annotated[
        str | None, typer.Option("--by", help="Count by this column: oblast, raion, section.")
    ] = None,
    cumulative: Annotated[
        bool, typer.Option("--cumulative", help="Count all within each edge, not ring by ring.")
    ] = False,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Count the places and people in each ring of the zone."""
    if out is not None:
        check_target(out, pd.DataFrame)
    asked = _scenario(scenario, between, and_, km, side, ends)
    with _progress("Measuring the zone and its settlements"):
        counted = gb.exposure(
            gb.load_settlements(), _zone(asked, _UNSEEN_M), by=by, cumulative=cumulative
        )
    if out is not None:
        _write(counted, out)
    if as_json:
        _print_records(counted)
        return
    if out is not None:
        _say(f"Wrote {len(counted)} rows to {out}.")
        return
    _print_table(counted, asked.title)
    _say("People are at least this many: places without a figure are counted beside them.")
    _say("“?” stands for places nearer to the zone's edge than their position is accurate.")


@app.command()
def bulk(  # noqa: PLR0913 - one parameter for each option of the command
    source: Annotated[Path, typer.Argument(help="Parquet, GeoParquet or CSV with points.")],
    target: Annotated[Path, typer.Argument(help=".parquet, .csv, or a folder of parts.")],
    *,
    scenario: ScenarioFile = None,
    between: Between = None,
    and_: And = None,
    country: Country = None,
    km: Km = None,
    side: SideName = None,
    ends: EndsName = None,
    as_json: AsJson = False,
) -> None:
    """Classify every row of a table, however large: distance, side, section, ring, membership."""
    check_bulk_target(target)
    _check_country(country, scenario, between)
    asked = _scenario(scenario, between, and_, km, side, ends)
    with Progress(console=_err, disable=not _err.is_terminal) as bar:
        task = bar.add_task("Classifying", total=1.0)
        rows = gb.classify_file(
            source,
            _zone(asked, _PAGE_M, country),
            target,
            progress=lambda share: bar.update(task, completed=share),
        )
    if as_json:
        _print_json({"rows": rows, "file": str(target)})
        return
    _say(f"Wrote {rows:,} rows to {target}.")


@app.command(context_settings={"ignore_unknown_options": True})
def where(  # noqa: PLR0913 - one parameter for each option of the command
    latitude: Annotated[float, typer.Argument(help="Latitude in degrees, north positive.")],
    longitude: Annotated[float, typer.Argument(help="Longitude in degrees, east positive.")],
    *,
    scenario: ScenarioFile = None,
    between: Between = None,
    and_: And = None,
    country: Country = None,
    as_json: AsJson = False,
) -> None:
    """Tell how far a point is from the border, on which side, and by which section."""
    _check_country(country, scenario, between)
    asked = _scenario(scenario, between, and_, None, None, None)
    border = gb.scenario_border(asked, _regions(country))
    point = gpd.GeoSeries.from_xy([longitude], [latitude], crs="EPSG:4326")
    found = gb.locate(point, border).iloc[0]
    if as_json:
        _print_json({"latitude": latitude, "longitude": longitude, **found.to_dict()})
        return
    territory = f"in {found['side']}" if found["side"] else "on the territory of neither side"
    _say(f"{found['distance_km']:.3f} km from the border, {territory}.")
    _say(f"Nearest section: {found['section']}, at kilometre {found['chainage_km']:.1f}.")
    _say(f"The border itself is right to about {border.source.accuracy_m:g} m.")
    swapped = gpd.GeoSeries.from_xy([latitude], [longitude], crs="EPSG:4326")
    if found["distance_km"] > 500.0 and abs(longitude) <= 90.0:
        other = float(gb.distance_to_border(swapped, border).iloc[0])
        if other < 100.0:
            _say(f"Swapped, the two would be {other:.1f} km away: latitude comes first here.")


data_app = typer.Typer()
app.add_typer(data_app, name="data", help="List the data, bundled and to be fetched; fetch them.")


@data_app.callback(invoke_without_command=True)
def data(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the bundled data: licence, date, accuracy; and what can be fetched."""
    if context.invoked_subcommand is not None:
        return
    table = gb.list_datasets()
    if as_json:
        _print_records(table.reset_index())
        return
    shown = table.reset_index()[["dataset", "rows", "as_of", "accuracy_m", "licence"]]
    _print_table(shown, "Bundled data; --json tells all of it")
    offers = gb.list_sources().reset_index()[["name", "holds", "licence", "needs", "takes"]]
    _print_table(offers, "To be fetched with: geobuffer data get NAME")


@data_app.command("get")
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
    if out is not None and not out.is_dir():
        raise gb.DataError(f"Invalid --out {str(out)!r}. Must be a folder that exists.")
    what = {"country": country, "level": level, "iso": iso, "bbox": bbox, "year": year}
    with _download_bar() as moved:
        got = fetch_with_sources(
            name, refresh=refresh, downloader=gb.Downloader(progress=moved), **what
        )
    asked = "-".join([name, *(str(value) for value in what.values() if value is not None)])
    file = None if out is None else _keep(got.value, out, asked)
    sources = [dataclasses.asdict(source) for source in got.sources]
    count = {} if isinstance(got.value, Path) else {"rows": len(got.value)}
    if as_json:
        cached = {"file": str(file or got.value)} if file or not count else {}
        _print_json({"name": name, **count, **cached, "sources": sources})
        return
    for source in got.sources:
        _say(f"{cite(source)}.")
    held = "1 raster" if not count else f"{count['rows']:,} rows"
    _say(f"{held}, in the cache: gb.fetch({name!r}, ...) uses it offline from now on.")
    if file is not None:
        _say(f"Wrote {file}.")


def _keep(got: gb.Regions | gpd.GeoDataFrame | Path, folder: Path, asked: str) -> Path:
    """Write what was fetched to a folder: a GeoPackage, or a raster with its papers beside it."""
    if isinstance(got, Path):
        for file in (got, got.with_name(got.name + ".json")):
            with tempfile.TemporaryDirectory(dir=folder, prefix=".geobuffer-") as drafts:
                Path(shutil.copy2(file, drafts)).replace(folder / file.name)
        return folder / got.name
    table = regions_table(got) if isinstance(got, gb.Regions) else got
    return gb.write(table, folder / f"{re.sub('[^A-Za-z0-9.-]+', '_', asked)}.gpkg")


def _scenario(  # noqa: PLR0913 - the options that describe a zone
    file: Path | None,
    between: list[str] | None,
    and_: list[str] | None,
    km: str | None,
    side: str | None,
    ends: Ends | None,
    *,
    language: str = "en",
) -> gb.Scenario:
    """Return the scenario that the options describe, starting from the file or the default."""
    between, and_ = _separate(between), _separate(and_)
    if bool(between) != bool(and_):
        raise gb.DataError("Invalid --between and --and. Must be given together.")
    if between and file is not None:
        message = (
            "Invalid --scenario with --between. Must be one of them: a file names its regions."
        )
        raise gb.DataError(message)
    scenario = gb.load_scenario(file, language=language)
    changes: dict[str, Any] = {}
    if between and and_:
        title = f"{', '.join(between)} | {', '.join(and_)}"
        scenario = gb.Scenario(title, tuple(between), tuple(and_), scenario.km, language=language)
    if km is not None:
        changes["km"] = _widths(km)
    if side is not None:
        changes["side"] = side
    if ends is not None:
        changes["ends"] = ends.value
    changed = dataclasses.replace(scenario, **changes)
    if changed == scenario or between:
        return changed
    # What was changed is no longer what was announced.
    edges = ", ".join(f"{width:g}" for width in changed.km)
    title = _CHANGED[language].format(edges)
    return dataclasses.replace(changed, title=title, summary="", announced_by="")


_CHANGED = {
    "en": "Not as announced: {} km", "uk": "Не так, як оголошено: {} км",
    "ru": "Не так, как объявлено: {} км",
}  # fmt: skip


def _separate(names: list[str] | None) -> list[str]:
    """Return names given one by one or, as widths may be, with commas between."""
    return [name.strip() for given in names or [] for name in given.split(",")]


def _widths(km: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in km.split(","))
    except ValueError:
        raise gb.GeometryError(
            f"Invalid --km {km!r}. Must be kilometres, such as 10, or 5,10,20 for rings."
        ) from None


def _check_country(
    country: list[str] | None, scenario: Path | None, between: list[str] | None
) -> None:
    if country and scenario is None and not between:
        raise gb.DataError(
            "Invalid --country alone. Must come with --between and --and, or with --scenario."
        )


def _regions(country: list[str] | None) -> gb.Regions:
    """Return the bundled regions; or countries and their regions of the world's."""
    if not country:
        return gb.load_regions()
    codes = _separate(country)
    levels = (gb.load_regions("world", country=codes, level=level) for level in (0, 1))
    return gb.Regions(tuple(region for regions in levels for region in regions))


def _zone(
    scenario: gb.Scenario, tolerance_m: float = 0.1, country: list[str] | None = None
) -> gb.BufferZone:
    border = gb.scenario_border(scenario, _regions(country))
    return gb.build_zone(
        border, km=scenario.km, side=scenario.side, ends=scenario.ends, tolerance_m=tolerance_m
    )


def _zone_facts(built: gb.BufferZone) -> dict[str, Any]:
    return {
        "side": built.side,
        "ends": built.ends,
        "edges_km": list(built.edges_km),
        "area_km2": built.area_km2,
        "ring_areas_km2": list(built.ring_areas_km2),
        "edge_error_m": built.error_m,
        "border_km": built.border.length_km,
        "sections": [section.name for section in built.border.sections],
        "healing": None if built.border.healing is None else vars(built.border.healing),
    }


def _not_located(places: pd.DataFrame) -> pd.DataFrame:
    """Return the places that are known to lie about those in the zone, but not where."""
    return gb.load_not_located(places[places["membership"].isin(["inside", "uncertain"])])


def _not_located_note(places: pd.DataFrame) -> list[str]:
    """Return what to say of places that are known to lie about here, but not where."""
    near = _not_located(places)
    if near.empty:
        return []
    note = (
        f"{len(near)} more places of the same hromadas are known by name but have no trusted "
        "position; they are in none of these counts."
    )
    return [note]


@contextmanager
def _download_bar() -> Iterator[Callable[[str, int, int | None], None]]:
    """Show on a terminal how far each file has come."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=_err, disable=not _err.is_terminal) as bar:

        def moved(name: str, done: int, total: int | None) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(escape(name), total=total)
            bar.update(tasks[name], completed=done, total=total)

        yield moved


@contextmanager
def _progress(task: str) -> Iterator[None]:
    """Show on a terminal that something is being done."""
    if not _err.is_terminal:
        yield
        return
    with _err.status(f"{task} …"):
        yield


def _write(thing: gb.BufferZone | pd.DataFrame, out: Path) -> None:
    """Write a file; tell on stderr what its format could not hold."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", UserWarning)
        gb.write(thing, out)
    for warning in told:
        _err.print(Text(f"geobuffer: {warning.message}"), soft_wrap=True)


def _say(text: str) -> None:
    _out.print(Text(text), soft_wrap=True)


def _print_table(table: pd.DataFrame, title: str) -> None:
    _say(title)
    shown = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in table.columns:
        numeric = pd.api.types.is_numeric_dtype(table[column])
        heading = _HEADINGS.get(str(column), str(column))
        shown.add_column(heading, justify="right" if numeric else "left", overflow="fold")
    for row in table.itertuples(index=False):
        shown.add_row(*(Text(_cell(value)) for value in row))
    _out.print(shown)


# Short headings for a terminal; files and JSON keep the columns' own names.
_HEADINGS = {
    "name_en": "name", "name_uk": "українською", "distance_km": "km", "membership": "class",
    "population": "people", "without_figure": "no figure", "population_uncertain": "people?",
    "uncertain_without_figure": "no figure?", "within_km": "within km", "area_km2": "km²",
    "accuracy_m": "± m", "as_of": "as of",
}  # fmt: skip


def _cell(value: object) -> str:
    if pd.isna(value):  # type: ignore[call-overload]
        return "–"
    return f"{value:,.1f}" if isinstance(value, float) else str(value)


def _print_json(facts: object) -> None:
    sys.stdout.write(json.dumps(facts, ensure_ascii=False, indent=2) + "\n")


def _print_records(table: pd.DataFrame) -> None:
    _print_json(json.loads(table.to_json(orient="records", force_ascii=False, double_precision=9)))


# typer's own errors of usage derive from this; it shows where it is from nowhere else.
_UsageError: Any = typer.BadParameter.__bases__[0]


def main() -> None:
    """Run the command line; turn mistakes into one line and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        raise SystemExit(app(standalone_mode=False))
    except _UsageError as error:
        _refuse(error.format_message())
    except gb.GeobufferError as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"Cannot write {error.filename or 'the answer'}: {error.strerror}.")
    except (typer.Abort, KeyboardInterrupt):
        raise SystemExit(130) from None


def _refuse(message: str) -> NoReturn:
    _err.print(Text(f"geobuffer: {' '.join(message.split())}"), soft_wrap=True)
    raise SystemExit(2) from None

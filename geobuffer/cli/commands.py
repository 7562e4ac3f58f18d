"""The command line: each subcommand is one question, answered through the public functions.

Answers go to stdout, progress and errors to stderr. A mistake of the user's, from a wrong name to
an unwritable file, is one line and exit code 2.
"""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import geopandas as gpd
import pandas as pd
import typer
from rich.progress import Progress

import geobuffer as gb
from geobuffer.bulk import check_bulk_target
from geobuffer.cli.asked import (
    Places,
    build_zone,
    load_ground,
    load_places,
    read_scenario,
    read_zone,
)
from geobuffer.cli.data import data_app
from geobuffer.cli.interrupts import Stopped, listening
from geobuffer.cli.options import (
    AsJson,
    BorderOptions,
    Out,
    PlaceOptions,
    SideName,
    ZoneOptions,
    takes_options,
)
from geobuffer.cli.printing import (
    inert,
    print_json,
    print_records,
    print_table,
    progress,
    say,
    stderr,
    telling,
)
from geobuffer.datasets import of_same_hromadas
from geobuffer.export import check_target
from geobuffer.names import LANGUAGES
from geobuffer.plots import require_matplotlib
from geobuffer.queries import with_columns
from geobuffer.rasters import papers_of

if TYPE_CHECKING:
    from geobuffer.combined import Zone

app = typer.Typer(
    name="geobuffer",
    help="Model buffer zones along borders: the zone, the places inside, the people, the map.",
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
# A page shows a pixel as 12 m at its closest useful zoom: an edge within 1 m is drawn as exactly,
# and costs half the time of one within 0.1 m.
_PAGE_M = 1.0

# What a list of settlements shows of them, where it has it; own files may have other names.
_LISTED = (
    "name", "name_en", "name_uk", "oblast", "distance_km", "section", "population", "membership",
)  # fmt: skip

# What a terminal is too narrow for.
_UNPRINTED = ["as_of", "as_of_places", "as_of_raster", "source_raster", "no_data_share"]
_UNPRINTED_BESIDE = ["uncertain", "population_uncertain", "uncertain_without_figure"]

# Where only distances are asked for, nobody sees the polygon.
_UNSEEN_M = 50.0


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


@app.command("map")
@takes_options
def map_(
    *,
    zone: ZoneOptions,
    places: PlaceOptions,
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
    asked = read_zone(zone)
    ground = load_ground(zone, asked)
    with progress("Measuring the zone and its settlements"):
        built = build_zone(asked, ground.border, _PAGE_M)
        towns = load_places(places, ground)
        located = with_columns(towns.located, gb.classify(towns.located, built))
    # Of another part of the world than the bundled settlements', none are shown.
    shown = None if zone.country and not places.places else towns._replace(located=located)
    with progress("Drawing the map"):
        if page is not None:
            told = {to: read_zone(zone, language=to) for to in LANGUAGES}
            _write_page(page, told, built, shown, ground.regions)
        if png is not None:
            _write_picture(png, asked, built, shown, ground.regions)
    count = located["membership"].value_counts()
    facts = {
        **({"file": str(page)} if page else {}),
        **({"picture": str(png)} if png else {}),
        "zone": _zone_facts(built, ground.border),
        "inside": int(count.get("inside", 0)),
        "uncertain": int(count.get("uncertain", 0)),
    }
    if as_json:
        print_json(facts)
        return
    if shown is not None:
        say(f"{facts['inside']} settlements inside, {facts['uncertain']} uncertain.")
    if page is not None:
        say(f"Wrote {page}: open it in any browser.")
    if png is not None:
        say(f"Wrote {png}.")


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
    path: Path,
    told: dict[str, gb.Scenario],
    zone: Zone,
    places: Places | None,
    regions: gb.Regions,
) -> None:
    table = None if places is None else _together(places.located, places.not_located)
    drawn = gb.map_zone(
        zone,
        settlements=table,
        regions=regions,
        title={to: one.title for to, one in told.items()},
        notes={to: one.notes for to, one in told.items()},
    )
    gb.write(drawn, path)


def _write_picture(
    path: Path, asked: gb.Scenario, zone: Zone, places: Places | None, regions: gb.Regions
) -> None:
    """Draw the picture; places without a position are rows without a point, for its legend."""
    table = None if places is None else _together(places.located, _known_near(places))
    figure = gb.plot_zone(zone, settlements=table, regions=regions, title=asked.title)
    gb.write(figure, path)


def _together(located: gpd.GeoDataFrame, not_located: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return one table of places with a point and places without."""
    both = pd.concat([located, not_located], ignore_index=True)
    return gpd.GeoDataFrame(both, geometry="geometry", crs=located.crs)


@app.command("zone")
@takes_options
def zone_(
    *,
    zone: ZoneOptions,
    tolerance: Annotated[
        float, typer.Option("--tolerance", help="How far its edge may stray, in metres.")
    ] = 0.1,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Build the zone; write it as .gpkg, .geojson, .fgb, .parquet, .kml, .kmz or .shp.zip."""
    if out is not None:
        check_target(out, gb.BufferZone)
    asked = read_zone(zone)
    ground = load_ground(zone, asked)
    with progress("Building the zone"):
        built = build_zone(asked, ground.border, tolerance)
        if out is not None:
            gb.write(built, out)
    if as_json:
        print_json(_zone_facts(built, ground.border) | ({"file": str(out)} if out else {}))
        return
    rows = pd.DataFrame({"ring": built.ring_names, "area_km2": built.ring_areas_km2})
    print_table(rows, f"{asked.title} – side: {built.side}, ends: {built.ends}")
    border = ground.border
    say(f"Border: {', '.join(section.name for section in border.sections)}.")
    say(f"Length {border.length_km:,.1f} km; edges within {built.error_m:.2g} m.")
    if border.healing is not None:
        say(f"Outlines do not match exactly. {border.healing}.")
    if out is not None:
        say(f"Wrote {out}.")


@app.command()
@takes_options
def settlements(
    *, zone: ZoneOptions, places: PlaceOptions, out: Out = None, as_json: AsJson = False
) -> None:
    """List the settlements in the zone, with distance, section, population and how sure it is."""
    if out is not None:
        check_target(out, gpd.GeoDataFrame)
    asked = read_zone(zone)
    ground = load_ground(zone, asked)
    with progress("Measuring the zone and its settlements"):
        built = build_zone(asked, ground.border, _UNSEEN_M)
        towns = load_places(places, ground)
        inside = gb.within(towns.located, built).sort_values("distance_km")
    if out is not None:
        gb.write(inside, out)
    if as_json:
        table = inside.assign(longitude=inside.geometry.x, latitude=inside.geometry.y)
        print_records(table.drop(columns="geometry"))
        return
    if out is not None:
        say(f"Wrote {len(inside)} settlements to {out}.")
        return
    columns = [column for column in _LISTED if column in inside]
    print_table(pd.DataFrame(inside[columns]), asked.title)
    near = _known_near(Places(inside, towns.not_located))
    if not near.empty:
        say(
            f"{len(near)} more places of the same hromadas are known by name but have no trusted "
            "position; they are in none of these counts."
        )


@app.command()
@takes_options
def exposure(  # noqa: PLR0913 - one parameter for each option of the command
    *,
    zone: ZoneOptions,
    places: PlaceOptions,
    by: Annotated[
        str | None, typer.Option("--by", help="Count by this column: oblast, raion, section.")
    ] = None,
    cumulative: Annotated[
        bool, typer.Option("--cumulative", help="Count all within each edge, not ring by ring.")
    ] = False,
    raster: Annotated[
        list[Path] | None,
        typer.Option("--raster", help="Set a population raster beside the places; may repeat."),
    ] = None,
    values: Annotated[
        str | None, typer.Option("--values", help="What its pixels hold: counts or density.")
    ] = None,
    as_of: Annotated[str, typer.Option("--as-of", help="The date of the raster's people.")] = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Count the places and people in each ring of the zone."""
    if out is not None:
        check_target(out, pd.DataFrame)
    asked = read_zone(zone)
    if bool(raster) != (values is not None):
        raise gb.DataError("Invalid --raster and --values. Must be given together.")
    ground = load_ground(zone, asked)
    with progress("Measuring the zone and its settlements"):
        # A pixel of 100 m is cut by the polygon's edge, which must be right to a hundredth of it.
        built = build_zone(asked, ground.border, _PAGE_M if raster else _UNSEEN_M)
        towns = load_places(places, ground).located
        counted = gb.exposure(towns, built, by=by, cumulative=cumulative)
    if raster and values:
        named = gb.Source(", ".join(path.name for path in raster), as_of=as_of)
        with progress("Laying the zone over the raster"):
            people = gb.exposure_raster(
                raster, built, values=values, by=by, cumulative=cumulative,
                source=named if as_of else papers_of(raster) or named,
            )  # fmt: skip
        counted = gb.compare_exposure(counted, people)
    if out is not None:
        gb.write(counted, out)
    if as_json:
        print_records(counted)
        return
    if out is not None:
        say(f"Wrote {len(counted)} rows to {out}.")
        return
    _print_exposure(counted, asked.title, beside=bool(raster))


def _print_exposure(counted: pd.DataFrame, title: str, *, beside: bool) -> None:
    """Print counts, beside those of a raster or not."""
    if "population_raster" in counted:
        counted["population_raster"] = counted["population_raster"].round().astype("Int64")
    unprinted = _UNPRINTED + (_UNPRINTED_BESIDE if beside else [])
    print_table(counted.drop(columns=unprinted, errors="ignore"), title)
    say("People are at least this many: places without a figure are counted beside them.")
    if beside:
        say("The raster's people are a model's estimate; where it has no data, nobody is counted.")
        return
    say("“?” stands for places nearer to the zone's edge than their position is accurate.")


@app.command()
@takes_options
def curve(  # noqa: PLR0913 - one parameter for each option of the command
    *,
    border: BorderOptions,
    side: SideName = None,
    places: PlaceOptions,
    to_km: Annotated[float, typer.Option("--to-km", help="The largest distance.")] = 50.0,
    step_km: Annotated[
        float, typer.Option("--step-km", help="How far apart the distances are.")
    ] = 5.0,
    png: Annotated[
        Path | None, typer.Option("--png", help="Draw it too: a picture (.png, .svg, .pdf).")
    ] = None,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Count the places and people within every distance: to see how far it would have to be."""
    if out is not None:
        check_target(out, pd.DataFrame)
    _check_map_targets(None, png)
    asked = read_scenario(border, {} if side is None else {"side": side})
    ground = load_ground(border, asked)
    with progress("Measuring the settlements"):
        towns = load_places(places, ground).located
        counted = gb.exposure_curve(
            towns, ground.border, side=asked.side, to_km=to_km, step_km=step_km
        )
    if png is not None:
        # Of every place, not of every step.
        whole = gb.exposure_curve(towns, ground.border, side=asked.side, to_km=to_km)
        from matplotlib.figure import Figure

        figure = Figure(layout="constrained")
        gb.plot_curve(whole, ax=figure.subplots())
        gb.write(figure, png)
    if out is not None:
        gb.write(counted, out)
    if as_json:
        print_records(counted)
        return
    if out is None:
        borders = ", ".join(section.name for section in ground.border.sections)
        print_table(
            counted.drop(columns=_UNPRINTED, errors="ignore"), f"{borders} – side: {asked.side}"
        )
        say("People are at least this many: places without a figure are counted beside them.")
    for path in filter(None, (out, png)):
        say(f"Wrote {path}.")


@app.command()
@takes_options
def bulk(
    source: Annotated[Path, typer.Argument(help="Parquet, GeoParquet or CSV with points.")],
    target: Annotated[Path, typer.Argument(help=".parquet, .csv, or a folder of parts.")],
    *,
    zone: ZoneOptions,
    as_json: AsJson = False,
) -> None:
    """Classify every row of a table, however large: distance, side, section, ring, membership."""
    check_bulk_target(target)
    asked = read_zone(zone)
    border = load_ground(zone, asked).border
    with Progress(console=stderr, disable=not stderr.is_terminal) as bar:
        task = bar.add_task("Classifying", total=1.0)
        rows = gb.classify_file(
            source,
            build_zone(asked, border, _PAGE_M),
            target,
            progress=lambda share: bar.update(task, completed=share),
        )
    if as_json:
        print_json({"rows": rows, "file": str(target)})
        return
    say(f"Wrote {rows:,} rows to {target}.")


@app.command(context_settings={"ignore_unknown_options": True})
@takes_options
def where(
    latitude: Annotated[float, typer.Argument(help="Latitude in degrees, north positive.")],
    longitude: Annotated[float, typer.Argument(help="Longitude in degrees, east positive.")],
    *,
    border: BorderOptions,
    as_json: AsJson = False,
) -> None:
    """Tell how far a point is from the border, on which side, and by which section."""
    line = load_ground(border, read_scenario(border)).border
    point = gpd.GeoSeries.from_xy([longitude], [latitude], crs="EPSG:4326")
    found = gb.locate(point, line).iloc[0]
    if as_json:
        print_json({"latitude": latitude, "longitude": longitude, **found.to_dict()})
        return
    territory = f"in {found['side']}" if found["side"] else "on the territory of neither side"
    say(f"{found['distance_km']:.3f} km from the border, {territory}.")
    say(f"Nearest section: {found['section']}, at kilometre {found['chainage_km']:.1f}.")
    if line.source.accuracy_m is not None:
        say(f"The border itself is right to about {line.source.accuracy_m:g} m.")


app.add_typer(data_app, name="data", help="List the data, bundled and to be fetched; fetch them.")


def _zone_facts(built: Zone, border: gb.Border) -> dict[str, Any]:
    return {
        "side": built.side,
        "ends": built.ends,
        "edges_km": list(built.edges_km),
        "area_km2": built.area_km2,
        "ring_areas_km2": list(built.ring_areas_km2),
        "edge_error_m": built.error_m,
        "border_km": border.length_km,
        "sections": [section.name for section in border.sections],
        "healing": None if border.healing is None else vars(border.healing),
    }


def _known_near(places: Places) -> pd.DataFrame:
    """Return the places known by name only, of the hromadas of those in the zone."""
    inside = places.located[places.located["membership"].isin(["inside", "uncertain"])]
    return of_same_hromadas(places.not_located, inside)


# typer's own errors of usage derive from this; it shows where it is from nowhere else.
_UsageError: Any = typer.BadParameter.__bases__[0]


def main() -> None:
    """Run the command line; turn mistakes into one line and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        with listening(), telling():
            code = app(standalone_mode=False)
            # Here, where it is known what to say, and not while Python ends.
            sys.stdout.flush()
    except Stopped as stopped:
        _stop(stopped)
    except BrokenPipeError:
        _hang_up()
    except _UsageError as error:
        _refuse(error.format_message())
    except gb.GeobufferError as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"Cannot write {error.filename or 'the answer'}: {error.strerror}.")
    except typer.Abort:
        raise SystemExit(130) from None
    raise SystemExit(code)


def _refuse(message: str) -> NoReturn:
    stderr.print(inert(f"geobuffer: {' '.join(message.split())}"), soft_wrap=True)
    raise SystemExit(2) from None


def _stop(stopped: Stopped) -> NoReturn:
    stderr.print(inert(f"geobuffer: {stopped}"), soft_wrap=True)
    raise SystemExit(stopped.exit_code) from None


def _hang_up() -> NoReturn:
    """End without a word, as other programs do whose reader has seen enough: ``| head``."""
    # What is still buffered has nowhere to go, and Python would tell so when it ends.
    with Path(os.devnull).open("wb") as nowhere:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                os.dup2(nowhere.fileno(), stream.fileno())
    raise SystemExit(1) from None  # as typer and rich have it, where they notice first

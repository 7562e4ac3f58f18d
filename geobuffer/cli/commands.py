"""The command line: each subcommand is one question, answered through the public functions.

Answers go to stdout, progress and errors to stderr. A mistake of the user's, from a wrong name to
an unwritable file, is one line and exit code 2.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import geopandas as gpd
import pandas as pd
import typer
from rich.progress import Progress
from rich.text import Text

import geobuffer as gb
from geobuffer.bulk import check_bulk_target
from geobuffer.cli.data import data_app
from geobuffer.cli.options import (
    And,
    AsJson,
    Between,
    Country,
    EndsName,
    Km,
    Out,
    PlaceFile,
    RegionFile,
    RegionName,
    ScenarioFile,
    SideName,
    build_zone,
    load_places,
    load_regions,
    read_scenario,
)
from geobuffer.cli.printing import (
    print_json,
    print_records,
    print_table,
    progress,
    say,
    stderr,
    telling,
)
from geobuffer.export import check_target
from geobuffer.names import LANGUAGES
from geobuffer.plots import require_matplotlib
from geobuffer.queries import with_columns

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
    regions: RegionFile = None,
    region_name: RegionName = None,
    places: PlaceFile = None,
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
    asked = read_scenario(scenario, between, and_, km, side, ends)
    own = load_regions(regions, region_name, country, named=bool(between or scenario))
    bundled = regions is None and not country
    with progress("Measuring the zone and its settlements"):
        zone = build_zone(asked, own, _PAGE_M)
        towns = load_places(places, zone.border, bundled=bundled)
        towns = with_columns(towns, gb.classify(towns, zone))
        # Places known by name only come without a point: they are counted and found.
        known = [] if places or not bundled else [gb.load_not_located()]
    # Of the world there are countries and their regions, which would lie on one another, and no
    # settlements.
    around = gb.Regions(()) if country else own
    shown = None if country and not places else pd.concat([towns, *known], ignore_index=True)
    with progress("Drawing the map"):
        if page is not None:
            told = {
                to: read_scenario(scenario, between, and_, km, side, ends, language=to)
                for to in LANGUAGES
            }
            _write_page(page, told, zone, shown, around)
        if png is not None:
            _write_picture(png, asked, zone, towns, around, with_unlocated=bool(known))
    count = towns["membership"].value_counts()
    facts = {
        **({"file": str(page)} if page else {}),
        **({"picture": str(png)} if png else {}),
        "zone": _zone_facts(zone),
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
    zone: gb.BufferZone,
    places: gpd.GeoDataFrame | None,
    regions: gb.Regions,
) -> None:
    drawn = gb.map_zone(
        zone,
        settlements=places,
        regions=regions,
        title={to: one.title for to, one in told.items()},
        notes={to: one.notes for to, one in told.items()},
    )
    gb.write(drawn, path)


def _write_picture(
    path: Path,
    asked: gb.Scenario,
    zone: gb.BufferZone,
    places: gpd.GeoDataFrame,
    regions: gb.Regions,
    *,
    with_unlocated: bool,
) -> None:
    """Draw the picture; places without a position are rows without a point, for its legend."""
    known = [places, _not_located(places)] if with_unlocated else [places]
    figure = gb.plot_zone(
        zone,
        settlements=gpd.GeoDataFrame(
            pd.concat(known, ignore_index=True), geometry="geometry", crs=places.crs
        ),
        regions=regions,
        title=asked.title,
    )
    gb.write(figure, path)


@app.command()
def zone(  # noqa: PLR0913 - one parameter for each option of the command
    *,
    scenario: ScenarioFile = None,
    between: Between = None,
    and_: And = None,
    regions: RegionFile = None,
    region_name: RegionName = None,
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
    asked = read_scenario(scenario, between, and_, km, side, ends)
    own = load_regions(regions, region_name, country, named=bool(between or scenario))
    with progress("Building the zone"):
        built = build_zone(asked, own, tolerance)
        if out is not None:
            gb.write(built, out)
    if as_json:
        print_json(_zone_facts(built) | ({"file": str(out)} if out else {}))
        return
    rows = pd.DataFrame({"ring": built.ring_names, "area_km2": built.ring_areas_km2})
    print_table(rows, f"{asked.title} – side: {built.side}, ends: {built.ends}")
    say(f"Border: {', '.join(s.name for s in built.border.sections)}.")
    say(f"Length {built.border.length_km:,.1f} km; edges within {built.error_m:.2g} m.")
    if built.border.healing is not None:
        say(f"Outlines do not match exactly. {built.border.healing}.")
    if out is not None:
        say(f"Wrote {out}.")


@app.command()
def settlements(  # noqa: PLR0913 - one parameter for each option of the command
    *,
    scenario: ScenarioFile = None,
    between: Between = None,
    and_: And = None,
    regions: RegionFile = None,
    region_name: RegionName = None,
    places: PlaceFile = None,
    km: Km = None,
    side: SideName = None,
    ends: EndsName = None,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """List the settlements in the zone, with distance, section, population and how sure it is."""
    if out is not None:
        check_target(out, gpd.GeoDataFrame)
    asked = read_scenario(scenario, between, and_, km, side, ends)
    own = load_regions(regions, region_name, None, named=bool(between or scenario))
    with progress("Measuring the zone and its settlements"):
        zone = build_zone(asked, own, _UNSEEN_M)
        towns = load_places(places, zone.border, bundled=regions is None)
        inside = gb.within(towns, zone).sort_values("distance_km")
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
    if places is None:
        for line in _not_located_note(inside):
            say(line)


@app.command()
def exposure(  # noqa: PLR0913 - one parameter for each option of the command
    *,
    scenario: ScenarioFile = None,
    between: Between = None,
    and_: And = None,
    regions: RegionFile = None,
    region_name: RegionName = None,
    places: PlaceFile = None,
    km: Km = None,
    side: SideName = None,
    ends: EndsName = None,
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
    asked = read_scenario(scenario, between, and_, km, side, ends)
    if bool(raster) != (values is not None):
        raise gb.DataError("Invalid --raster and --values. Must be given together.")
    own = load_regions(regions, region_name, None, named=bool(between or scenario))
    with progress("Measuring the zone and its settlements"):
        # A pixel of 100 m is cut by the polygon's edge, which must be right to a hundredth of it.
        zone = build_zone(asked, own, _PAGE_M if raster else _UNSEEN_M)
        towns = load_places(places, zone.border, bundled=regions is None)
        counted = gb.exposure(towns, zone, by=by, cumulative=cumulative)
    if raster and values:
        source = gb.Source(", ".join(path.name for path in raster), as_of=as_of)
        with progress("Laying the zone over the raster"):
            people = gb.exposure_raster(
                raster, zone, values=values, by=by, cumulative=cumulative, source=source
            )
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
def bulk(  # noqa: PLR0913 - one parameter for each option of the command
    source: Annotated[Path, typer.Argument(help="Parquet, GeoParquet or CSV with points.")],
    target: Annotated[Path, typer.Argument(help=".parquet, .csv, or a folder of parts.")],
    *,
    scenario: ScenarioFile = None,
    between: Between = None,
    and_: And = None,
    regions: RegionFile = None,
    region_name: RegionName = None,
    country: Country = None,
    km: Km = None,
    side: SideName = None,
    ends: EndsName = None,
    as_json: AsJson = False,
) -> None:
    """Classify every row of a table, however large: distance, side, section, ring, membership."""
    check_bulk_target(target)
    asked = read_scenario(scenario, between, and_, km, side, ends)
    own = load_regions(regions, region_name, country, named=bool(between or scenario))
    with Progress(console=stderr, disable=not stderr.is_terminal) as bar:
        task = bar.add_task("Classifying", total=1.0)
        rows = gb.classify_file(
            source,
            build_zone(asked, own, _PAGE_M),
            target,
            progress=lambda share: bar.update(task, completed=share),
        )
    if as_json:
        print_json({"rows": rows, "file": str(target)})
        return
    say(f"Wrote {rows:,} rows to {target}.")


@app.command(context_settings={"ignore_unknown_options": True})
def where(  # noqa: PLR0913 - one parameter for each option of the command
    latitude: Annotated[float, typer.Argument(help="Latitude in degrees, north positive.")],
    longitude: Annotated[float, typer.Argument(help="Longitude in degrees, east positive.")],
    *,
    scenario: ScenarioFile = None,
    between: Between = None,
    and_: And = None,
    country: Country = None,
    regions: RegionFile = None,
    region_name: RegionName = None,
    as_json: AsJson = False,
) -> None:
    """Tell how far a point is from the border, on which side, and by which section."""
    asked = read_scenario(scenario, between, and_, None, None, None)
    own = load_regions(regions, region_name, country, named=bool(between or scenario))
    border = gb.scenario_border(asked, own)
    point = gpd.GeoSeries.from_xy([longitude], [latitude], crs="EPSG:4326")
    found = gb.locate(point, border).iloc[0]
    if as_json:
        print_json({"latitude": latitude, "longitude": longitude, **found.to_dict()})
        return
    territory = f"in {found['side']}" if found["side"] else "on the territory of neither side"
    say(f"{found['distance_km']:.3f} km from the border, {territory}.")
    say(f"Nearest section: {found['section']}, at kilometre {found['chainage_km']:.1f}.")
    if border.source.accuracy_m is not None:
        say(f"The border itself is right to about {border.source.accuracy_m:g} m.")


app.add_typer(data_app, name="data", help="List the data, bundled and to be fetched; fetch them.")


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


# typer's own errors of usage derive from this; it shows where it is from nowhere else.
_UsageError: Any = typer.BadParameter.__bases__[0]


def main() -> None:
    """Run the command line; turn mistakes into one line and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        with telling():
            code = app(standalone_mode=False)
    except _UsageError as error:
        _refuse(error.format_message())
    except gb.GeobufferError as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"Cannot write {error.filename or 'the answer'}: {error.strerror}.")
    except (typer.Abort, KeyboardInterrupt):
        raise SystemExit(130) from None
    raise SystemExit(code)


def _refuse(message: str) -> NoReturn:
    stderr.print(Text(f"geobuffer: {' '.join(message.split())}"), soft_wrap=True)
    raise SystemExit(2) from None

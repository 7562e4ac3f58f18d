"""The command line: each subcommand is one question, answered through the public functions.

Answers go to stdout, progress and errors to stderr. A mistake of the user's, from a wrong name to
an unwritable file, is one line and exit code 2.
"""

from __future__ import annotations

import dataclasses
import enum
import io
import json
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import geopandas as gpd
import pandas as pd
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

import geobuffer as gb
from geobuffer.bulk import check_bulk_target
from geobuffer.export import check_target
from geobuffer.queries import with_columns

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    km: Km = None,
    side: SideName = None,
    ends: EndsName = None,
    out: Annotated[Path, typer.Option("--out", help="The HTML file.")] = Path("geobuffer-map.html"),
    as_json: AsJson = False,
) -> None:
    """Draw the zone and its settlements on a map: one HTML file that opens offline."""
    import folium

    check_target(out, folium.Map)
    asked = _scenario(scenario, between, and_, km, side, ends)
    with _progress("Measuring the zone and its settlements"):
        zone = _zone(asked, _PAGE_M)
        places = gb.load_settlements()
        places = with_columns(places, gb.classify(places, zone))
    with _progress("Drawing the map"):
        missing = _not_located_note(places)
        drawn = gb.map_zone(
            zone, settlements=places, title=asked.title, notes=[*asked.notes, *missing]
        )
        gb.write(drawn, out)
    count = places["membership"].value_counts()
    facts = {
        "file": str(out),
        "zone": _zone_facts(zone),
        "inside": int(count.get("inside", 0)),
        "uncertain": int(count.get("uncertain", 0)),
    }
    if as_json:
        _print_json(facts)
        return
    _say(f"{facts['inside']} settlements inside, {facts['uncertain']} uncertain.")
    _say(f"Wrote {out}: open it in any browser.")


@app.command()
def zone(  # noqa: PLR0913 - one parameter for each option of the command
    *,
    scenario: ScenarioFile = None,
    between: Between = None,
    and_: And = None,
    km: Km = None,
    side: SideName = None,
    ends: EndsName = None,
    tolerance: Annotated[
        float, typer.Option("--tolerance", help="How far its edge may stray, in metres.")
    ] = 0.1,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Build the zone; write its rings as .gpkg, .geojson, .fgb or .parquet."""
    if out is not None:
        check_target(out, gb.BufferZone)
    asked = _scenario(scenario, between, and_, km, side, ends)
    with _progress("Building the zone"):
        built = _zone(asked, tolerance)
        if out is not None:
            gb.write(built, out)
    if as_json:
        _print_json(_zone_facts(built) | ({"file": str(out)} if out else {}))
        return
    rows = pd.DataFrame({"ring": built.ring_names, "area_km2": built.ring_areas_km2})
    _print_table(rows, f"{asked.title} – side: {built.side}, ends: {built.ends}")
    _say(f"Border: {', '.join(s.name for s in built.border.sections)}.")
    _say(f"Length {built.border.length_km:,.1f} km; edges within {built.error_m:.2g} m.")
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
        gb.write(inside, out)
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
    asked = _scenario(scenario, between, and_, km, side, ends)
    if bool(raster) != (values is not None):
        raise gb.DataError("Invalid --raster and --values. Must be given together.")
    with _progress("Measuring the zone and its settlements"):
        # A pixel of 100 m is cut by the polygon's edge, which must be right to a hundredth of it.
        zone = _zone(asked, _PAGE_M if raster else _UNSEEN_M)
        counted = gb.exposure(gb.load_settlements(), zone, by=by, cumulative=cumulative)
    if raster and values:
        source = gb.Source(", ".join(path.name for path in raster), as_of=as_of)
        with _progress("Laying the zone over the raster"):
            people = gb.exposure_raster(
                raster, zone, values=values, by=by, cumulative=cumulative, source=source
            )
        counted = gb.compare_exposure(counted, people)
    if out is not None:
        gb.write(counted, out)
    if as_json:
        _print_records(counted)
        return
    if out is not None:
        _say(f"Wrote {len(counted)} rows to {out}.")
        return
    if "population_raster" in counted:
        counted["population_raster"] = counted["population_raster"].round().astype("Int64")
    unprinted = _UNPRINTED + (_UNPRINTED_BESIDE if raster else [])
    _print_table(counted.drop(columns=unprinted, errors="ignore"), asked.title)
    _say("People are at least this many: places without a figure are counted beside them.")
    if raster:
        _say("The raster's people are a model's estimate; where it has no data, nobody is counted.")
        return
    _say("“?” stands for places nearer to the zone's edge than their position is accurate.")


@app.command()
def bulk(  # noqa: PLR0913 - one parameter for each option of the command
    source: Annotated[Path, typer.Argument(help="Parquet, GeoParquet or CSV with points.")],
    target: Annotated[Path, typer.Argument(help=".parquet, .csv, or a folder of parts.")],
    *,
    scenario: ScenarioFile = None,
    between: Between = None,
    and_: And = None,
    km: Km = None,
    side: SideName = None,
    ends: EndsName = None,
    as_json: AsJson = False,
) -> None:
    """Classify every row of a table, however large: distance, side, section, ring, membership."""
    check_bulk_target(target)
    asked = _scenario(scenario, between, and_, km, side, ends)
    with Progress(console=_err, disable=not _err.is_terminal) as bar:
        task = bar.add_task("Classifying", total=1.0)
        rows = gb.classify_file(
            source,
            _zone(asked, _PAGE_M),
            target,
            progress=lambda share: bar.update(task, completed=share),
        )
    if as_json:
        _print_json({"rows": rows, "file": str(target)})
        return
    _say(f"Wrote {rows:,} rows to {target}.")


@app.command(context_settings={"ignore_unknown_options": True})
def where(
    latitude: Annotated[float, typer.Argument(help="Latitude in degrees, north positive.")],
    longitude: Annotated[float, typer.Argument(help="Longitude in degrees, east positive.")],
    *,
    scenario: ScenarioFile = None,
    between: Between = None,
    and_: And = None,
    as_json: AsJson = False,
) -> None:
    """Tell how far a point is from the border, on which side, and by which section."""
    asked = _scenario(scenario, between, and_, None, None, None)
    border = gb.scenario_border(asked, gb.load_regions())
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


@app.command()
def data(*, as_json: AsJson = False) -> None:
    """List the bundled data: licence, date, accuracy."""
    table = gb.list_datasets()
    if as_json:
        _print_records(table.reset_index())
        return
    shown = table.reset_index()[["dataset", "rows", "as_of", "accuracy_m", "licence"]]
    _print_table(shown, "Bundled data; --json tells all of it")


def _scenario(
    file: Path | None,
    between: list[str] | None,
    and_: list[str] | None,
    km: str | None,
    side: str | None,
    ends: Ends | None,
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
    scenario = gb.load_scenario(file)
    changes: dict[str, Any] = {}
    if between and and_:
        title = f"{', '.join(between)} | {', '.join(and_)}"
        scenario = gb.Scenario(title, tuple(between), tuple(and_), scenario.km)
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
    title = f"Not as announced: {edges} km"
    return dataclasses.replace(changed, title=title, summary="", announced_by="")


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


def _zone(scenario: gb.Scenario, tolerance_m: float = 0.1) -> gb.BufferZone:
    border = gb.scenario_border(scenario, gb.load_regions())
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
    }


def _not_located_note(places: pd.DataFrame) -> list[str]:
    """Return what to say of places that are known to lie about here, but not where."""
    in_zone = places[places["membership"].isin(["inside", "uncertain"])]
    near = gb.load_not_located(in_zone)
    if near.empty:
        return []
    note = (
        f"{len(near)} more places of the same hromadas are known by name but have no trusted "
        "position; they are in none of these counts."
    )
    return [note]


@contextmanager
def _progress(task: str) -> Iterator[None]:
    """Show on a terminal that something is being done."""
    if not _err.is_terminal:
        yield
        return
    with _err.status(f"{task} …"):
        yield


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


# What a terminal is too narrow for.
_UNPRINTED = ["as_of", "as_of_places", "as_of_raster", "source_raster", "no_data_share"]
_UNPRINTED_BESIDE = ["uncertain", "population_uncertain", "uncertain_without_figure"]

# Short headings for a terminal; files and JSON keep the columns' own names.
_HEADINGS = {
    "name_en": "name", "name_uk": "українською", "distance_km": "km", "membership": "class",
    "population": "people", "without_figure": "no figure", "population_uncertain": "people?",
    "uncertain_without_figure": "no figure?", "within_km": "within km", "area_km2": "km²",
    "accuracy_m": "± m", "as_of": "as of", "population_places": "people",
    "population_raster": "raster", "no_data_km2": "km² no data",
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

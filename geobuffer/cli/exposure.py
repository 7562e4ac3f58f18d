"""``geobuffer exposure`` and ``geobuffer curve``: how many places and people lie how near."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer looks it up when it runs
from typing import TYPE_CHECKING, Annotated, Any

import typer

import geobuffer as gb
from geobuffer.cli.inputs import (
    PAGE_M,
    UNSEEN_M,
    build_zone,
    find_places,
    heading,
    load_ground,
    load_places,
    read_scenario,
    read_zone,
)
from geobuffer.cli.options import (
    AsJson,
    BorderOptions,
    Out,
    PlaceOptions,
    RasterOptions,
    SideName,
    ZoneOptions,
    takes_options,
)
from geobuffer.cli.output import (
    check_picture,
    check_table,
    print_records,
    print_table,
    progress,
    say,
    say_sources,
)

if TYPE_CHECKING:
    import pandas as pd

# What a terminal is too narrow for.
_UNPRINTED = [
    "as_of", "as_of_places", "as_of_raster", "source", "source_raster", "no_data_share",
]  # fmt: skip

_UNPRINTED_BESIDE = ["uncertain", "population_uncertain", "uncertain_without_figure"]


# Only a sum of rings is wrong: those places that may lie in either of two surely lie in both.
_NO_SUMS = (
    "Do not add rings up: a place near an edge between two is uncertain in both. --cumulative "
    "counts all within each edge."
)

# What a reader of people in places should know.
_AT_LEAST = (
    "People are at least this many: “no figure for” counts the places that have none; “–” where "
    "none has one."
)


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
    rasters: RasterOptions,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Count the places and people in each ring of the zone."""
    from geobuffer.viz.captions import has_only_points

    check_table(out)
    asked = read_zone(zone)
    raster, values = _given(rasters)
    ground = load_ground(zone, asked)
    with progress("Measuring the zone and its settlements"):
        # A pixel of 100 m is cut by the polygon's edge, which must be right to a hundredth of it.
        built = build_zone(asked, ground.border, PAGE_M if raster else UNSEEN_M)
        # A raster counts people where no settlement is listed, too.
        towns = find_places(places, ground) if raster else load_places(places, ground)
        tables = [gb.exposure(t.located, built, by=by, cumulative=cumulative) for t in [towns] if t]
    if raster and values:
        told: dict[str, Any] = {"values": values, "source": _raster_source(raster, rasters.as_of)}
        with progress("Laying the zone over the raster"):
            tables += [gb.exposure_raster(raster, built, by=by, cumulative=cumulative, **told)]
    counted = gb.compare_exposure(*tables) if len(tables) > 1 else tables[0]
    if out is not None:
        gb.write(counted, out)
    if as_json:
        print_records(counted)
    elif out is not None:
        say(f"Wrote {len(counted)} rows to {out}.")
    else:
        title = heading(asked, built)
        _print_exposure(counted, title, places=towns is not None, raster=bool(raster))
        of = "Point" if has_only_points(built.sections) else "Border"
        say_sources(counted, of, bundled=bool(towns) and not places.places)


def _given(rasters: RasterOptions) -> tuple[list[Path] | None, str | None]:
    """Return the rasters and what they hold, or refuse one without the other."""
    raster, values = rasters.raster, rasters.values  # noqa: PD011 - options, no table
    if bool(raster) != (values is not None):
        raise gb.DataError("Invalid --raster and --values. Must be given together.")
    return raster, values


def _raster_source(raster: list[Path], as_of: str) -> gb.Source:
    """Return what the user says of rasters, or else the papers beside them."""
    from geobuffer.analysis.rasters import read_raster_source

    named = gb.Source(", ".join(path.name for path in raster), as_of=as_of)
    return named if as_of else read_raster_source(raster) or named


def _print_exposure(counted: pd.DataFrame, title: str, *, places: bool, raster: bool) -> None:
    """Print the counts of places, of a raster, or of both side by side."""
    estimate = "population_raster" if places else "population"
    if raster:
        counted[estimate] = counted[estimate].round().astype("Int64")
    unprinted = _UNPRINTED + (_UNPRINTED_BESIDE if raster else [])
    shown = _without_zeros(counted).drop(columns=unprinted, errors="ignore")
    print_table(_uncertain_last(shown), title)
    if places:
        say(_AT_LEAST)
        if "ring" in counted and len(set(counted["ring"])) > 1:
            say(_NO_SUMS)
    if raster:
        say("The raster's people are a model's estimate; where it has no data, nobody is counted.")
        return
    say(
        "Uncertain are places nearer to the zone's edge than their position is accurate; their "
        "people stand beside them."
    )


def _uncertain_last(counted: pd.DataFrame) -> pd.DataFrame:
    """Return counts with what is said of uncertain places side by side, behind the others."""
    return counted[sorted(counted.columns, key=lambda name: "uncertain" in str(name))]


def _without_zeros(counted: pd.DataFrame) -> pd.DataFrame:
    """Return counts with gaps, not zeros, where none of the places has a figure."""
    people = {
        "population": ("places", "without_figure"),
        "population_uncertain": ("uncertain", "uncertain_without_figure"),
    }
    there = {name: of for name, of in people.items() if {name, *of} <= set(counted)}
    return counted.assign(
        **{
            name: counted[name]
            .astype("Int64")
            .mask((counted[among] > 0) & (counted[among] == counted[without]))
            for name, (among, without) in there.items()
        }
    )


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
    from geobuffer.viz.captions import has_only_points

    check_table(out)
    check_picture(png)
    asked = read_scenario(border, {} if side is None else {"side": side})
    ground = load_ground(border, asked)
    with progress("Measuring the settlements"):
        towns = load_places(places, ground).located
        counted = gb.exposure_curve(
            towns, ground.border, side=asked.side, to_km=to_km, step_km=step_km
        )
    if png is not None:
        # Of every place, not of every step.
        _draw_curve(gb.exposure_curve(towns, ground.border, side=asked.side, to_km=to_km), png)
    if out is not None:
        gb.write(counted, out)
    if as_json:
        print_records(counted)
        return
    if out is None:
        borders = ", ".join(section.name for section in ground.border.sections)
        shown = counted.drop(columns=_UNPRINTED, errors="ignore")
        side = "" if has_only_points(ground.border.sections) else f" – side: {asked.side}"
        print_table(_uncertain_last(shown), borders + side)
        say(_AT_LEAST)
    for path in filter(None, (out, png)):
        say(f"Wrote {path}.")


def _draw_curve(curve: pd.DataFrame, path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(layout="constrained")
    gb.plot_curve(curve, ax=figure.subplots())
    gb.write(figure, path)

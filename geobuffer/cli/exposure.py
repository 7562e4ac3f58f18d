"""``geobuffer exposure`` and ``curve``: count the places and people by distance."""

from __future__ import annotations

import math
from pathlib import Path  # noqa: TC003 - typer looks it up when it runs
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

import geobuffer as gb
from geobuffer.cli.fetched import find_fetched_rasters
from geobuffer.cli.inputs import (
    PAGE_M,
    Ground,
    build_zone,
    describe_expected,
    describe_not_located,
    find_places,
    has_hromadas,
    join_places,
    load_ground,
    load_places,
    load_totals,
    make_heading,
    measure_zone,
    read_scenario,
    read_zone,
)
from geobuffer.cli.options import (
    OUTPUT,
    AsJson,
    BorderOptions,
    CsvLocale,
    ModelOptions,
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
    print_line,
    print_records,
    print_sources,
    print_table,
    show_progress,
)
from geobuffer.zones.translation import check_language, list_languages

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from matplotlib.figure import Figure

    from geobuffer.zones.zone import Zone

# The picture of a curve names at most this many places, and only those with this many people.
_MOST_NAMED, _NAMED_FROM = 12, 1_000

# A terminal is too narrow for these columns; files and JSON have them.
_UNPRINTED = [
    "as_of", "as_of_places", "as_of_raster", "source", "source_raster", "no_data_share",
]  # fmt: skip

_ESTIMATE = (
    "The people of the raster are a model's estimate. Where the raster has no data, it counts no "
    "people."
)

_UNPRINTED_BESIDE = ["uncertain", "population_uncertain", "uncertain_without_figure"]


# A place that may lie in either of two rings is uncertain in both, although it surely lies in one
# of them. So a sum over rings differs from the count of their union.
_NO_SUMS = (
    "Do not add rings up: a place near the edge between two rings is uncertain in both. "
    "--cumulative counts all within each edge."
)

# Printed below the people of places: some places have no figure.
_AT_LEAST = (
    "There are at least this many people: “no figure for” counts the places without a figure; “–” "
    "means that no place has one."
)


# Printed below counts of lines or areas.
_FEATURES = (
    "“Features” counts the lines or areas with a part there; “uncertain” those that may have one. "
    "Only the share of their figures that lies there is counted; with --whole all of each figure."
)

# Printed below other sums than that of people.
_SUMS_AT_LEAST = (
    "The sums are at least this: “no figure for” counts the places without a figure; “–” means "
    "that no place has one."
)

_MODEL = ("population_model_low", "population_model_high")

_EXPECTED = ("expected", "expected_low", "expected_high")

_EXPECTED_MEANS = (
    "“Expected” is the sum of the probabilities that places lie there, in brackets the range that "
    "holds their number with 90 % probability. It includes places known by name."
)

_NOT_EXPECTED = (
    "How many places to expect is not known, because the table does not state how accurate its "
    "points are (accuracy_m)."
)

_NOT_LOCATED = (
    "“Not located” counts more places of the same hromadas, which are known by name but have no "
    "trusted position; they are in “expected” only."
)

# For tables that name no hromada: such places are the same in every row.
_NO_POSITION = (
    "“Not located” counts the places without a position: they may lie inside or outside, and are "
    "in no other count of places."
)


@takes_options
def exposure(  # noqa: PLR0913 - one parameter for each option of the command
    *,
    zone: ZoneOptions,
    places: PlaceOptions,
    by: Annotated[
        str | None,
        typer.Option(
            "--by", metavar="COLUMN", help="Count by this column: oblast, raion, section."
        ),
    ] = None,
    cumulative: Annotated[
        bool, typer.Option("--cumulative", help="Count all within each edge, not ring by ring.")
    ] = False,
    of: Annotated[
        list[str] | None,
        typer.Option(
            "--of", metavar="COLUMN", help="Add up this column instead of people; may repeat."
        ),
    ] = None,
    whole: Annotated[
        bool,
        typer.Option(
            "--whole", help="Count lines and areas whole in each ring, not by the share there."
        ),
    ] = False,
    model: ModelOptions,
    rasters: RasterOptions,
    out: Out = None,
    csv_locale: CsvLocale = None,
    as_json: AsJson = False,
) -> None:
    """Count the places and people in each ring of the zone."""
    from geobuffer.viz.captions import load_translation

    check_table(out, csv_locale)
    scenario = read_zone(zone)
    raster, values = _check_rasters(rasters)
    ground = load_ground(zone, scenario)
    if places.fetched and not raster:
        raster, values = find_fetched_rasters(_list_countries(ground, scenario)), "counts"
    with show_progress("Measuring the zone and its settlements"):
        built, towns = _measure_ground(scenario, ground, places, raster=bool(raster))
        tables = []
        if towns is not None:
            totals = load_totals(model, places, towns)
            how: Any = {
                "of": of or None,
                "whole": whole,
                "model": not model.no_model,
                "totals": totals,
            }
            tables = [gb.exposure(towns, built, by=by, cumulative=cumulative, **how)]
    if raster and values:
        source = _find_raster_source(raster, rasters.as_of)
        options: dict[str, Any] = {"values": values, "source": source}
        with show_progress("Laying the zone over the raster"):
            tables += [gb.exposure_raster(raster, built, by=by, cumulative=cumulative, **options)]
    counted = gb.compare_exposure(*tables) if len(tables) > 1 else tables[0]
    if out is not None:
        gb.write(counted, out, csv_locale=csv_locale)
    if as_json:
        print_records(counted)
    elif out is not None:
        print_line(f"Wrote {len(counted)} rows to {out}.")
    else:
        title = make_heading(scenario, built)
        _print_exposure(counted, title, towns, raster=bool(raster))
        origin = load_translation("en", built).text("source_border")
        if towns is not None and scenario == gb.load_scenario(zone.scenario):
            _print_reported(scenario, built, towns)
        print_sources(counted, origin, bundled=towns is not None and not places.places)


def _measure_ground(
    scenario: gb.Scenario, ground: Ground, places: PlaceOptions, *, raster: bool
) -> tuple[Zone, gpd.GeoDataFrame | None]:
    """Return the zone and all places; with a raster, None for the places if none are bundled."""
    if not raster:
        return measure_zone(scenario, ground, places)
    # The polygon's edge cuts pixels of 100 m: an error of 1 m is a hundredth of a pixel.
    built = build_zone(scenario, ground.border, PAGE_M)
    found = find_places(places, ground)
    return built, None if found is None else join_places(found)


def _print_reported(scenario: gb.Scenario, built: Zone, places: gpd.GeoDataFrame) -> None:
    """Print the first reported number of people beside ours, and why the two may differ."""
    from geobuffer.io.feature_tables import POINTS, find_kind
    from geobuffer.viz.claims import compare_people

    if find_kind(places) != POINTS:
        return
    for row in compare_people(scenario, built, places)[:1]:
        by = ", ".join(filter(None, (row["said_by"], row["date"])))
        print_line(f"Reported: {row['about']}{by and f' ({by})'}; here: {row['figure']}.")
        print_line(row["why"])


def _check_rasters(rasters: RasterOptions) -> tuple[list[Path] | None, str | None]:
    """Return the rasters and what their pixels hold; raise DataError for one alone."""
    raster, values = rasters.raster, rasters.values  # noqa: PD011 - options, not a table
    if bool(raster) != (values is not None):
        raise gb.DataError("Invalid --raster and --values. Must be given together.")
    return raster, values


def _list_countries(ground: Ground, scenario: gb.Scenario) -> set[str]:
    """Return the countries on whose territory the zone lies; empty if the border has no regions."""
    sides = ground.border.sides
    chosen = [side for side in sides if side.name == scenario.side] or sides
    return {region.country for side in chosen for region in side.regions if region.country}


def _find_raster_source(raster: list[Path], as_of: str) -> gb.Source:
    """Return the source with the date that the user gives, or the metadata beside the rasters."""
    from geobuffer.analysis.raster_metadata import read_raster_source

    named = gb.Source(", ".join(path.name for path in raster), as_of=as_of)
    return named if as_of else read_raster_source(raster) or named


def _print_exposure(
    counted: pd.DataFrame, title: str, towns: gpd.GeoDataFrame | None, *, raster: bool
) -> None:
    """Print the counts of places, of a raster, or of both side by side."""
    from geobuffer.analysis.column_sums import PEOPLE

    estimate = "population_raster" if towns is not None else "population"
    if raster:
        counted[estimate] = counted[estimate].round().astype("Int64")
    unprinted = _UNPRINTED + (_UNPRINTED_BESIDE if raster else [])
    # A single number is printed in a sentence instead.
    unprinted = unprinted + (["not_located"] if len(counted) == 1 else [])
    joined = _join_model(_join_expected(_blank_unknown_counts(counted)))
    shown = joined.drop(columns=unprinted, errors="ignore")
    print_table(_move_uncertain_last(_name_distances(shown)), title, _name_sums(counted))
    if "features" in counted:
        print_line(_FEATURES)
    elif towns is not None:
        _print_expected(counted)
        print_line(_AT_LEAST if PEOPLE in counted or raster else _SUMS_AT_LEAST)
        _print_model(counted)
        if "ring" in counted and len(set(counted["ring"])) > 1:
            print_line(_NO_SUMS)
        _print_not_located(counted, towns)
    if raster:
        print_line(_ESTIMATE)
        return
    print_line(
        "Places are uncertain if they are nearer to the zone's edge than their position is "
        "accurate. The columns after “uncertain” are about these places."
    )


def _join_expected(counted: pd.DataFrame) -> pd.DataFrame:
    """Return counts with the expected places and their interval as one text, as 450 (438–461)."""
    import numpy as np

    if not set(_EXPECTED) <= set(counted):
        return counted
    texts: list[Any] = [None] * len(counted)
    for row in np.flatnonzero(counted["expected"].notna()):
        mean, low, high = (counted[name].iloc[row] for name in _EXPECTED)
        texts[row] = f"{round(mean):,}" + (f" ({low:,}–{high:,})" if low < high else "")
    return counted.assign(expected=np.array(texts, dtype=object)).drop(columns=[*_EXPECTED[1:]])


def _join_model(counted: pd.DataFrame) -> pd.DataFrame:
    """Return counts with the modelled range of people as one text, as 100,000–180,000."""
    import numpy as np

    if not set(_MODEL) <= set(counted):
        return counted
    texts: list[Any] = [None] * len(counted)
    for row in np.flatnonzero(counted[_MODEL[0]].notna()):
        low, high = (counted[name].iloc[row] for name in _MODEL)
        texts[row] = f"{low:,}–{high:,}"
    plain = counted.drop(columns=[*_MODEL])
    # The range of a single row is printed in a sentence instead.
    return plain if len(plain) == 1 else plain.assign(modelled=np.array(texts, dtype=object))


def _print_model(counted: pd.DataFrame) -> None:
    """Print the modelled range of people, separately from the known figures, and its basis."""
    from geobuffer.zones.source import ORIGIN

    if not set(_MODEL) <= set(counted) or counted[_MODEL[0]].isna().all():
        return
    basis = counted.attrs.get(ORIGIN, {}).get("population_model", "")
    if len(counted) == 1:
        low, high = (counted[name].iloc[0] for name in _MODEL)
        print_line(f"A model gives {low:,} to {high:,} people in all: {basis}.")
    else:
        print_line(f"“Modelled” is a model's range of all people: {basis}.")


def _print_expected(counted: pd.DataFrame) -> None:
    """Print what the expected places are, or why they are not known."""
    if "expected" not in counted:
        return
    if counted["expected"].isna().any():
        print_line(_NOT_EXPECTED)
        return
    if len(counted) == 1:
        # By column: a row of the table would hold all numbers as floats.
        print_line(describe_expected(*(counted[name].iloc[0] for name in (*_EXPECTED, "places"))))
    else:
        print_line(_EXPECTED_MEANS)


def _print_not_located(counted: pd.DataFrame, towns: gpd.GeoDataFrame) -> None:
    """Print how many places without a point may lie here, or which column counts them."""
    if "not_located" not in counted:
        return
    by_hromada = has_hromadas(towns)
    is_expected = "expected" in counted and not counted["expected"].isna().any()
    if len(counted) > 1:
        print_line(_NOT_LOCATED if by_hromada else _NO_POSITION)
    elif number := int(counted["not_located"].sum()):
        print_line(describe_not_located(number, is_expected=is_expected, by_hromada=by_hromada))


def _name_distances(counted: pd.DataFrame) -> pd.DataFrame:
    """Return counts in which one column states from_km and within_km in words, if both exist."""
    if "from_km" not in counted:
        return counted
    edges = zip(counted["from_km"], counted["within_km"], strict=True)
    words = [f"from {begin:g} to {end:g} km" for begin, end in edges]
    named = counted.drop(columns=["from_km", "within_km"])
    named.insert(0, "within_km", words)
    return named.rename(columns={"within_km": "counted"})


def _move_uncertain_last(counted: pd.DataFrame) -> pd.DataFrame:
    """Return counts with the columns of uncertain places last, side by side."""
    return counted[sorted(counted.columns, key=lambda name: "uncertain" in str(name))]


def _name_sums(counted: pd.DataFrame) -> dict[str, str]:
    """Return short headings for the sums of columns other than people.

    The same heading stands for a sum among the places inside and among the uncertain ones.
    """
    from geobuffer.analysis.column_sums import PEOPLE, list_sums

    headings: dict[str, str] = {}
    for names in list_sums(counted):
        if names.sure != PEOPLE:
            headings[names.unsure] = names.sure
            headings |= dict.fromkeys((names.sure_without, names.unsure_without), "no figure for")
    return headings


def _blank_unknown_counts(counted: pd.DataFrame) -> pd.DataFrame:
    """Return counts in which a sum is missing, not zero, if no place has a figure."""
    from geobuffer.analysis.column_sums import list_sums

    sums = {
        total: (among, without)
        for names in list_sums(counted)
        for total, among, without in (
            (names.sure, "places", names.sure_without),
            (names.unsure, "uncertain", names.unsure_without),
        )
    }
    there = {name: of for name, of in sums.items() if {name, *of} <= set(counted)}
    return counted.assign(
        **{
            name: counted[name]
            .astype("Float64" if counted[name].dtype.kind == "f" else "Int64")
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
    rasters: RasterOptions,
    to_km: Annotated[
        str, typer.Option("--to-km", metavar="KM", help="The largest distance.")
    ] = "50",
    step_km: Annotated[
        str, typer.Option("--step-km", metavar="KM", help="The step between two distances.")
    ] = "5",
    png: Annotated[
        Path | None,
        typer.Option(
            "--png",
            metavar="FILE",
            help="Also draw it: a picture (.png, .svg, .pdf).",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    size: Annotated[
        str,
        typer.Option(
            "--size",
            metavar="SIZE",
            rich_help_panel=OUTPUT,
            help="The size of the picture: a4, a3, social (1200x630), or pixels as in 1600x900. "
            "Default: 500 x 330 points.",
        ),
    ] = "",
    language: Annotated[
        str,
        typer.Option(
            "--language",
            metavar=f"[{'|'.join(list_languages())}]",
            rich_help_panel=OUTPUT,
            help="The language of the picture.",
        ),
    ] = "en",
    out: Out = None,
    csv_locale: CsvLocale = None,
    as_json: AsJson = False,
) -> None:
    """Count the places and people within every distance."""
    from geobuffer.viz.captions import has_only_points

    check_table(out, csv_locale)
    check_picture(png, size)
    check_language(language)
    raster, values = _check_rasters(rasters)
    scenario = read_scenario(border, {} if side is None else {"side": side})
    ground = load_ground(border, scenario)
    asked: dict[str, Any] = {"side": scenario.side, "to_km": to_km}
    with show_progress("Measuring the settlements"):
        towns = join_places(load_places(places, ground))
        counted = gb.exposure_curve(towns, ground.border, step_km=step_km, **asked)
    estimate = source = None
    if raster and values:
        source = _find_raster_source(raster, rasters.as_of)
        asked |= {"values": values, "source": source}
        with show_progress("Measuring the pixels of the raster"):
            estimate = gb.exposure_curve(raster, ground.border, step_km=step_km, **asked)
        counted = gb.compare_exposure(counted, estimate)
    if png is not None:
        # The picture shows a step at each place, not only at each distance of the table.
        drawn = _draw_curve(
            towns, ground.border, scenario, to_km, language=language, size=size,
            estimate=estimate, others=() if source is None else (source,),
        )  # fmt: skip
        gb.write(drawn, png)
    if out is not None:
        gb.write(counted, out, csv_locale=csv_locale)
    if as_json:
        print_records(counted)
        return
    if out is None:
        borders = ", ".join(section.name for section in ground.border.sections)
        if estimate is not None:
            counted["population_raster"] = counted["population_raster"].round().astype("Int64")
        unprinted = _UNPRINTED + ([] if estimate is None else _UNPRINTED_BESIDE)
        shown = _join_expected(counted).drop(columns=unprinted, errors="ignore")
        side = "" if has_only_points(ground.border.sections) else f" – side: {scenario.side}"
        print_table(_move_uncertain_last(shown), borders + side)
        _print_expected(counted)
        print_line(_AT_LEAST)
        _print_not_located(counted, towns)
        if estimate is not None:
            print_line(_ESTIMATE)
    for path in filter(None, (out, png)):
        print_line(f"Wrote {path}.")


def _draw_curve(  # noqa: PLR0913 - what the picture shows
    towns: gpd.GeoDataFrame,
    border: gb.Border,
    scenario: gb.Scenario,
    to_km: str,
    *,
    language: str,
    size: str,
    estimate: pd.DataFrame | None,
    others: tuple[gb.Source, ...],
) -> Figure:
    """Draw the picture of a curve: a step at each place, the announced width, the largest ones.

    The estimate of rasters, if there is one, is a further line; `others` are their sources.
    """
    from geobuffer.datasets.bundled import sources_of_places
    from geobuffer.viz.captions import load_translation, write_curve_title

    curve = gb.exposure_curve(towns, border, side=scenario.side, to_km=to_km)
    last = float(curve["within_km"].iloc[-1])
    name = border.find_side_name(scenario.side)
    # The zone needs no polygon here: distances decide which places it holds.
    zone = gb.BufferZone(border, (0.0, last), name, "round", (), math.inf, math.inf)
    announced = scenario.km if scenario.announced_by and isinstance(scenario.km, tuple) else ()
    axes = gb.plot_curve(
        curve,
        title=write_curve_title(zone, load_translation(language, zone)),
        mark_km=max((km for km in announced if km <= last), default=None),
        names=_name_steps(towns, zone, language),
        sources=[border.source, *sources_of_places(towns), *others],
        language=language,
        size=size,
    )
    if estimate is not None:
        gb.plot_curve(estimate, ax=axes, language=language)
    return cast("Figure", axes.get_figure(root=True))


def _name_steps(towns: gpd.GeoDataFrame, zone: Zone, language: str) -> dict[float, str]:
    """Return the names of the largest places by the least distance at which they may count."""
    from geobuffer.analysis.column_sums import read_population
    from geobuffer.analysis.membership import is_counted
    from geobuffer.viz.figure.plot import list_names

    placed = towns[towns.geometry.notna() & ~towns.geometry.is_empty]
    found = gb.classify(placed, zone)
    near = found[is_counted(found["membership"])]
    people = found.assign(people=read_population(placed))["people"][near.index]
    large = people[people >= _NAMED_FROM].nlargest(_MOST_NAMED).index
    at = (near["distance_km"] - near["margin_km"].fillna(0.0))[large].clip(lower=0.0)
    return dict(zip(at.tolist(), list_names(towns.loc[large], language), strict=True))

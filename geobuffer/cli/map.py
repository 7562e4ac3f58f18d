"""``geobuffer map``: the zone and its settlements as a page, as a picture, or as both."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

import geobuffer as gb
from geobuffer.cli.inputs import (
    PAGE_M,
    Places,
    build_zone,
    count_not_located,
    describe_expected,
    describe_not_located,
    find_places,
    has_hromadas,
    join_places,
    load_ground,
    load_totals,
    read_zone,
)
from geobuffer.cli.options import (
    OUTPUT,
    AsJson,
    ModelOptions,
    PlaceOptions,
    ZoneOptions,
    takes_options,
)
from geobuffer.cli.output import (
    check_page,
    check_picture,
    describe_zone,
    print_json,
    print_line,
    show_progress,
)
from geobuffer.zones.translation import list_languages, translate_all

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.figure import Figure

    from geobuffer.analysis.expectation import Expected
    from geobuffer.viz.offline.inline import OfflinePage
    from geobuffer.viz.place_outlines import ShownPlaces
    from geobuffer.zones.zone import Zone


@takes_options
def map_(  # noqa: PLR0913 - one parameter for each option of the command
    *,
    zone: ZoneOptions,
    places: PlaceOptions,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="The HTML file. Default: geobuffer-map.html.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    title: Annotated[
        str | None,
        typer.Option(
            "--title",
            metavar="TEXT",
            help="The heading. Default: that of the scenario, else the sides and the width.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    model: ModelOptions,
    png: Annotated[
        Path | None,
        typer.Option(
            "--png",
            metavar="FILE",
            help="Draw a picture (.png, .svg, .pdf); then the page needs --out too.",
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
            "Default: as large as the zone needs.",
        ),
    ] = "",
    language: Annotated[
        str | None,
        typer.Option(
            "--language",
            metavar=f"[{'|'.join(list_languages())}]",
            rich_help_panel=OUTPUT,
            help="The language of the picture, and in which the page opens. Default: English; the "
            "page opens in that of the reader's browser.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Draw the map: one HTML file that opens offline, or a picture."""
    from geobuffer.analysis.expectation import expect_zone

    page = out or (None if png else Path("geobuffer-map.html"))
    check_page(page)
    check_picture(png, size)
    scenario = read_zone(zone, language=language or "en")
    ground = load_ground(zone, scenario)
    with show_progress("Measuring the zone and its settlements"):
        built = build_zone(scenario, ground.border, PAGE_M)
        towns = find_places(places, ground)
        totals = load_totals(model, places, join_places(towns)) if towns else {}
        shown = _classify_all(towns, built)
    with show_progress("Drawing the map"):
        if page is not None:
            how: dict[str, Any] = {"model": not model.no_model, "totals": totals}
            how["language"] = language or ""
            drawn_page: Any = _draw_page(zone, built, shown, ground.regions, title, **how)
            gb.write(drawn_page, page)
        if png is not None:
            named = replace(scenario, title=title) if title else scenario
            drawn = {"language": language or "en", "size": size}
            gb.write(_draw_picture(named, built, shown, ground.regions, **drawn), png)
    counts = {} if shown is None else _count_members(shown.places.located)
    expected = None if shown is None else expect_zone(shown.shown.found, built)
    if as_json:
        facts = {"zone": describe_zone(built, ground.border)}
        print_json(_describe_files(page, png) | facts | counts | _describe_expected(expected))
        return
    if counts and shown is not None:
        many = "" if counts["inside"] == 1 else "s"
        print_line(f"{counts['inside']} settlement{many} inside, {counts['uncertain']} uncertain.")
        if expected is not None:
            print_line(describe_expected(*expected, surely=counts["inside"]))
        if counts["not_located"]:
            known = {
                "is_expected": expected is not None,
                "by_hromada": has_hromadas(shown.places.located),
            }
            print_line(describe_not_located(counts["not_located"], **known))
    if page is not None:
        print_line(f"Wrote {page}: open it in any browser.")
    if png is not None:
        print_line(f"Wrote {png}.")


class _Classified(NamedTuple):
    """Places with their classes, and all of them as maps show them: those with a point first."""

    places: Places
    shown: ShownPlaces


def _classify_all(places: Places | None, zone: Zone) -> _Classified | None:
    """Classify all places once, for the page and the picture; None without places."""
    from geobuffer.analysis.classify import join_columns
    from geobuffer.io.point_tables import keep_first_rows
    from geobuffer.viz.place_outlines import classify_places

    if places is None:
        return None
    once = keep_first_rows(places.located, stacklevel=1)
    places = places._replace(located=places.located[once])
    shown = classify_places(join_places(places), zone)
    located = shown.found.frame.iloc[: len(places.located)]
    return _Classified(places._replace(located=join_columns(places.located, located)), shown)


def _count_members(located: gpd.GeoDataFrame) -> dict[str, int]:
    """Return how many places are inside, uncertain, and known without a position."""
    from geobuffer.analysis.membership import COUNTED

    count = located["membership"].value_counts()
    members = {name: int(count.get(name, 0)) for name in COUNTED}
    return members | {"not_located": count_not_located(located)}


def _describe_expected(expected: Expected | None) -> dict[str, float]:
    """Return the expected number of places, for JSON; empty if it is not known."""
    if expected is None:
        return {}
    facts = (round(expected.expected, 1), expected.low, expected.high)
    return dict(zip(("expected", "expected_low", "expected_high"), facts, strict=True))


def _describe_files(page: Path | None, png: Path | None) -> dict[str, Any]:
    """Return which files were written, for JSON."""
    files = {"file": page, "picture": png}
    return {name: str(path) for name, path in files.items() if path is not None}


def _draw_page(
    options: ZoneOptions,
    zone: Zone,
    shown: _Classified | None,
    regions: gb.Regions,
    title: str | None,
    **how: Any,
) -> OfflinePage:
    """Draw the page, whose title, notes and reports are in every language."""
    from geobuffer.viz.web.map import draw_page

    scenarios = {to: read_zone(options, language=to) for to in list_languages()}
    left_out = translate_all("land_only")
    table = None if shown is None else join_places(shown.places)
    # The reports are about the announced zone, so they say nothing about another one.
    is_announced = scenarios["en"] == gb.load_scenario(options.scenario)
    return draw_page(
        zone,
        table,
        None if shown is None else shown.shown,
        regions=regions,
        title={to: title or one.title for to, one in scenarios.items()},
        notes={
            to: [*one.notes, *([left_out[to]] if options.land_only or one.land_only else [])]
            for to, one in scenarios.items()
        },
        scenario=scenarios if is_announced else None,
        **how,
    )


def _draw_picture(
    scenario: gb.Scenario,
    zone: Zone,
    shown: _Classified | None,
    regions: gb.Regions,
    **how: Any,
) -> Figure:
    """Draw the picture under the title of a scenario, with the names of its places."""
    from geobuffer.viz.figure.plot import draw_figure

    table = None if shown is None else join_places(shown.places)
    return draw_figure(
        zone,
        table,
        None if shown is None else shown.shown,
        regions=regions,
        title=scenario.title,
        scenario=scenario,
        **how,
    )

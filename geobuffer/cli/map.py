"""``geobuffer map``: the zone and its settlements as a page, as a picture, or as both."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import geobuffer as gb
from geobuffer.cli.inputs import (
    PAGE_M,
    Places,
    build_zone,
    find_places,
    known_near,
    load_ground,
    read_zone,
    with_classes,
)
from geobuffer.cli.options import AsJson, PlaceOptions, ZoneOptions, takes_options
from geobuffer.cli.output import check_page, check_picture, print_json, progress, say, zone_facts
from geobuffer.zones.toponyms import LANGUAGES

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from geobuffer.zones.zone import Zone


@takes_options
def map_(
    *,
    zone: ZoneOptions,
    places: PlaceOptions,
    out: Annotated[
        Path | None, typer.Option("--out", help="The HTML file. Default: geobuffer-map.html.")
    ] = None,
    title: Annotated[
        str | None,
        typer.Option("--title", help="The heading, in place of our own."),
    ] = None,
    png: Annotated[
        Path | None,
        typer.Option("--png", help="A picture (.png, .svg, .pdf); the page only with --out too."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Draw the zone and its settlements: one HTML file that opens offline, or a picture."""
    page = out or (None if png else Path("geobuffer-map.html"))
    check_page(page)
    check_picture(png)
    asked = read_zone(zone)
    ground = load_ground(zone, asked)
    with progress("Measuring the zone and its settlements"):
        built = build_zone(asked, ground.border, PAGE_M)
        shown = _classified(find_places(places, ground), built)
    with progress("Drawing the map"):
        if page is not None:
            _write_page(page, zone, built, shown, ground.regions, title)
        if png is not None:
            _write_picture(png, title or asked.title, built, shown, ground.regions)
    counts = {} if shown is None else _counts(shown)
    if as_json:
        print_json(_written(page, png) | {"zone": zone_facts(built, ground.border)} | counts)
        return
    if counts:
        say(f"{counts['inside']} settlements inside, {counts['uncertain']} uncertain.")
    if page is not None:
        say(f"Wrote {page}: open it in any browser.")
    if png is not None:
        say(f"Wrote {png}.")


def _classified(places: Places | None, zone: Zone) -> Places | None:
    return places and places._replace(located=with_classes(places.located, zone))


def _counts(places: Places) -> dict[str, int]:
    from geobuffer.analysis.membership import COUNTED

    count = places.located["membership"].value_counts()
    return {name: int(count.get(name, 0)) for name in COUNTED}


def _written(page: Path | None, png: Path | None) -> dict[str, Any]:
    files = {"file": page, "picture": png}
    return {name: str(path) for name, path in files.items() if path is not None}


def _write_page(
    path: Path,
    options: ZoneOptions,
    zone: Zone,
    places: Places | None,
    regions: gb.Regions,
    title: str | None,
) -> None:
    """Draw the page; it tells of the zone in every language."""
    told = {to: read_zone(options, language=to) for to in LANGUAGES}
    table = None if places is None else _together(places.located, places.not_located)
    drawn = gb.map_zone(
        zone,
        settlements=table,
        regions=regions,
        title={to: title or one.title for to, one in told.items()},
        notes={to: one.notes for to, one in told.items()},
    )
    gb.write(drawn, path)


def _write_picture(
    path: Path, title: str, zone: Zone, places: Places | None, regions: gb.Regions
) -> None:
    """Draw the picture; places without a position are rows without a point, for its legend."""
    table = None if places is None else _together(places.located, known_near(places))
    figure = gb.plot_zone(zone, settlements=table, regions=regions, title=title)
    gb.write(figure, path)


def _together(located: gpd.GeoDataFrame, not_located: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return one table of places with a point and places without."""
    import geopandas as gpd
    import pandas as pd

    both = pd.concat([located, not_located], ignore_index=True)
    return gpd.GeoDataFrame(both, geometry="geometry", crs=located.crs)

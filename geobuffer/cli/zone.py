"""``geobuffer zone``, ``settlements`` and ``bulk``: the zone, and what lies in it."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer looks it up when it runs
from typing import TYPE_CHECKING, Annotated

import typer

import geobuffer as gb
from geobuffer.cli.inputs import (
    PAGE_M,
    UNSEEN_M,
    Places,
    build_zone,
    heading,
    known_near,
    load_ground,
    load_places,
    read_zone,
    with_classes,
)
from geobuffer.cli.options import AsJson, Out, PlaceOptions, ZoneOptions, takes_options
from geobuffer.cli.output import (
    check_places_file,
    check_zone_file,
    print_json,
    print_records,
    print_table,
    progress,
    say,
    stderr_console,
    zone_facts,
)

if TYPE_CHECKING:
    from geobuffer.zones.zone import Zone


# What a list of settlements shows of them, where it has it; own files may have other names.
_LISTED = (
    "name", "name_en", "name_uk", "oblast", "distance_km", "section", "population", "membership",
)  # fmt: skip


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
    check_zone_file(out)
    asked = read_zone(zone)
    ground = load_ground(zone, asked)
    with progress("Building the zone"):
        built = build_zone(asked, ground.border, tolerance)
        if out is not None:
            gb.write(built, out)
    if as_json:
        print_json(zone_facts(built, ground.border) | ({"file": str(out)} if out else {}))
        return
    _print_zone(built, ground.border, heading(asked, built))
    if out is not None:
        say(f"Wrote {out}.")


def _print_zone(built: Zone, border: gb.Border, title: str) -> None:
    """Print a zone's rings, and of which border they are."""
    import pandas as pd

    from geobuffer.viz.captions import has_only_points

    rows = pd.DataFrame({"ring": built.ring_names, "area_km2": built.ring_areas_km2})
    if has_only_points(border.sections):
        print_table(rows, title)
        say(f"Edges within {built.error_m:.2g} m.")
        return
    print_table(rows, f"{title}, ends: {built.ends}")
    say(f"Border: {', '.join(section.name for section in border.sections)}.")
    say(f"Length {border.length_km:,.1f} km; edges within {built.error_m:.2g} m.")
    if (healed := border.healing) is not None:
        say(
            f"The outlines do not match exactly: {healed.healed_km:,.0f} km of the border were "
            f"healed within {healed.tolerance_m:g} m; the two run at most "
            f"{healed.disagreement_km * 1e3:,.1f} m apart, at latitude {healed.lat:.4f}, longitude "
            f"{healed.lon:.4f}."
        )


@takes_options
def settlements(
    *,
    zone: ZoneOptions,
    places: PlaceOptions,
    every: Annotated[
        bool, typer.Option("--all", help="List those outside and without a point, too.")
    ] = False,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """List the settlements in the zone, with distance, section, population and how sure it is."""
    import pandas as pd

    from geobuffer.analysis.membership import COUNTED, is_counted

    check_places_file(out)
    asked = read_zone(zone)
    ground = load_ground(zone, asked)
    with progress("Measuring the zone and its settlements"):
        built = build_zone(asked, ground.border, UNSEEN_M)
        towns = load_places(places, ground)
        classed = with_classes(towns.located, built)
        is_in = is_counted(classed["membership"])
        listed = (classed if every else classed[is_in]).sort_values("distance_km")
    if out is not None:
        gb.write(listed, out)
    if as_json:
        table = listed.assign(longitude=listed.geometry.x, latitude=listed.geometry.y)
        print_records(table.drop(columns="geometry"))
        return
    if out is not None:
        count = listed["membership"].fillna("without a point").value_counts()
        kinds = [*COUNTED, *(["outside", "without a point"] if every else [])]
        told = ", ".join(f"{count.get(kind, 0):,} {kind}" for kind in kinds)
        say(f"Wrote {len(listed):,} settlements to {out}: {told}.")
        return
    columns = [column for column in _LISTED if column in listed]
    print_table(pd.DataFrame(listed[columns]), heading(asked, built))
    near = known_near(Places(listed, towns.not_located))
    if not near.empty:
        say(
            f"{len(near)} more places of the same hromadas are known by name but have no trusted "
            "position; they are in none of these counts."
        )


@takes_options
def bulk(
    source: Annotated[Path, typer.Argument(help="Parquet, GeoParquet or CSV with points.")],
    target: Annotated[Path, typer.Argument(help=".parquet, .csv, or a folder of parts.")],
    *,
    zone: ZoneOptions,
    as_json: AsJson = False,
) -> None:
    """Classify every row of a table, however large: distance, side, section, ring, membership."""
    from rich.progress import Progress

    from geobuffer.analysis.bulk import check_bulk_target

    check_bulk_target(target)
    asked = read_zone(zone)
    border = load_ground(zone, asked).border
    stderr = stderr_console()
    with Progress(console=stderr, disable=not stderr.is_terminal) as bar:
        task = bar.add_task("Classifying", total=1.0)
        rows = gb.classify_file(
            source,
            build_zone(asked, border, PAGE_M),
            target,
            progress=lambda share: bar.update(task, completed=share),
        )
    if as_json:
        print_json({"rows": rows, "file": str(target)})
        return
    say(f"Wrote {rows:,} rows to {target}.")

"""``geobuffer zone``, ``settlements`` and ``bulk``: build the zone, and list what lies in it."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer looks it up when it runs
from typing import TYPE_CHECKING, Annotated

import typer

import geobuffer as gb
from geobuffer.cli.inputs import (
    PAGE_M,
    build_zone,
    classify_places,
    count_not_located,
    describe_not_located,
    has_hromadas,
    load_ground,
    make_heading,
    measure_zone,
    read_zone,
)
from geobuffer.cli.options import (
    READ,
    AsJson,
    CsvLocale,
    Out,
    PlaceOptions,
    ZoneOptions,
    older_option,
    read_option,
    takes_options,
)
from geobuffer.cli.output import (
    check_bulk,
    check_places_file,
    check_zone_file,
    describe_zone,
    print_json,
    print_line,
    print_records,
    print_table,
    show_progress,
    stderr_console,
)
from geobuffer.cli.read_keys import Older, name_keys, read_keys
from geobuffer.zones.translation import read_translation

if TYPE_CHECKING:
    from geobuffer.zones.zone import Zone


# The columns that a list of settlements shows, if the table has them. Files of the user may have
# other columns of names.
_LISTED = (
    "name", "name_en", "name_uk", "oblast", "distance_km", "farthest_km", "section", "population",
    "length_km", "inside_km", "area_km2", "inside_km2", "membership",
)  # fmt: skip


@takes_options
def zone_(
    *,
    zone: ZoneOptions,
    tolerance: Annotated[
        str,
        typer.Option(
            "--tolerance", metavar="METRES", help="The largest error of its edges, in metres."
        ),
    ] = "0.1",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Build the zone, print its areas and write it to a file.

    The file may be .gpkg, .geojson, .fgb, .parquet, .kml, .kmz or .shp.zip.
    """
    check_zone_file(out)
    scenario = read_zone(zone)
    ground = load_ground(zone, scenario)
    with show_progress("Building the zone"):
        built = build_zone(scenario, ground.border, tolerance)
        if out is not None:
            gb.write(built, out)
    if as_json:
        print_json(describe_zone(built, ground.border) | ({"file": str(out)} if out else {}))
        return
    _print_zone(built, ground.border, make_heading(scenario, built))
    if zone.land_only or scenario.land_only:
        print_line(f"{read_translation('en').text('land_only')}.")
    if out is not None:
        print_line(f"Wrote {out}.")


def _print_zone(built: Zone, border: gb.Border, title: str) -> None:
    """Print the rings of a zone with their areas, and the sections of its border."""
    import pandas as pd

    from geobuffer.viz.captions import has_only_points, load_translation

    rows = pd.DataFrame({"ring": built.ring_names, "area_km2": built.ring_areas_km2})
    if has_only_points(border.sections):
        print_table(rows, title)
        print_line(f"Edges within {built.error_m:.2g} m.")
        return
    # Outlines are closed.
    has_ends = not border.line.boundary.is_empty
    print_table(rows, f"{title}, ends: {built.ends}" if has_ends else title)
    # Parts of one shape have one name.
    names = dict.fromkeys(section.name for section in border.sections)
    it = load_translation("en", built).text("source_border")
    print_line(f"{it}: {', '.join(names)}.")
    print_line(f"Length {border.length_km:,.1f} km; edges within {built.error_m:.2g} m.")
    # If the whole border runs at sea, a note has said so already.
    if 0.0 < border.sea_km < border.length_km * 0.999_999:
        print_line(
            f"{border.sea_km:,.1f} km of it run at sea, by a coarse map of land (Natural Earth "
            "1:50 million); --land-only leaves them out."
        )
    if (healed := border.healing) is not None:
        print_line(
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
        bool, typer.Option("--all", help="Also list settlements outside and without a point.")
    ] = False,
    out: Out = None,
    csv_locale: CsvLocale = None,
    as_json: AsJson = False,
) -> None:
    """List the settlements in the zone, and how sure that is.

    Each has its distance to the border, its section and its population.
    """
    import pandas as pd

    from geobuffer.analysis.membership import COUNTED, PARTLY, is_counted
    from geobuffer.zones.source import ORIGIN

    check_places_file(out, csv_locale)
    scenario = read_zone(zone)
    ground = load_ground(zone, scenario)
    with show_progress("Measuring the zone and its settlements"):
        built, towns = measure_zone(scenario, ground, places)
        classed = classify_places(towns, built)
        near = count_not_located(classed)
        chosen = classed if every else classed[is_counted(classed["membership"])]
        listed = chosen.sort_values("distance_km")
        listed.attrs[ORIGIN] = {**listed.attrs[ORIGIN], "places_not_located": near}
    if out is not None:
        gb.write(listed, out, csv_locale=csv_locale)
    if as_json:
        # A line or an area has no single position.
        points = "farthest_km" not in listed
        at = {"longitude": listed.geometry.x, "latitude": listed.geometry.y} if points else {}
        table = listed.assign(**at)
        print_records(table.drop(columns="geometry").assign(places_not_located=near))
        return
    if out is not None:
        count = listed["membership"].fillna("without a point").value_counts()
        kinds = [*COUNTED, *([PARTLY] if PARTLY in count else [])]
        kinds += ["outside", "without a point"] if every else []
        counts = ", ".join(f"{count.get(kind, 0):,} {kind}" for kind in kinds)
        print_line(f"Wrote {len(listed):,} settlements to {out}: {counts}.")
    else:
        columns = [column for column in _LISTED if column in listed]
        print_table(pd.DataFrame(listed[columns]), make_heading(scenario, built))
    if near and every:
        print_line(f"{near:,} of those without a point are of hromadas with places in the zone.")
    elif near:
        print_line(describe_not_located(near, by_hromada=has_hromadas(towns)))


@takes_options
def bulk(  # noqa: PLR0913 - one parameter for each option of the command
    source: Annotated[
        str,  # Path removes a slash from the address of a database
        typer.Argument(help="GeoParquet, Parquet, CSV, or any source that --places reads."),
        READ,
    ],
    target: Annotated[Path, typer.Argument(help=".parquet, .csv, or a folder of parts.")],
    *,
    zone: ZoneOptions,
    source_read: Annotated[
        str | None,
        read_option("--source-read", "SOURCE", "those of --places-read but name, source"),
    ] = None,
    encoding: Annotated[str | None, older_option("--encoding", "encoding")] = None,
    csv_locale: CsvLocale = None,
    as_json: AsJson = False,
) -> None:
    """Classify every row of a table, however large.

    Each row gets its distance to the border, side, section, ring and membership.
    """
    from rich.progress import Progress

    check_bulk(target, csv_locale)
    keys = read_keys("--source-read", source_read, {"encoding": Older("--encoding", encoding)})
    scenario = read_zone(zone)
    border = load_ground(zone, scenario).border
    stderr = stderr_console()
    with (
        Progress(console=stderr, disable=not stderr.is_terminal) as bar,
        name_keys("--source-read"),
    ):
        task = bar.add_task("Classifying", total=1.0)
        rows = gb.classify_file(
            source,
            build_zone(scenario, border, PAGE_M),
            target,
            **keys,
            csv_locale=csv_locale,
            progress=lambda share: bar.update(task, completed=share),
        )
    if as_json:
        print_json({"rows": rows, "file": str(target)})
        return
    print_line(f"Wrote {rows:,} rows to {target}.")

"""``geobuffer check``: compare what the reports of a scenario claim with distances and counts."""

from __future__ import annotations

import dataclasses
from pathlib import Path  # noqa: TC003 - typer looks it up when it runs
from typing import TYPE_CHECKING, Annotated

import typer

import geobuffer as gb
from geobuffer.cli.inputs import load_ground, measure_zone, read_zone
from geobuffer.cli.options import (
    READ,
    AsJson,
    CsvLocale,
    Out,
    PlaceOptions,
    ZoneOptions,
    takes_options,
)
from geobuffer.cli.output import (
    check_table,
    print_line,
    print_records,
    print_table,
    show_progress,
)

if TYPE_CHECKING:
    import pandas as pd

_LIMITS = (
    "A distance says where a place lies, not what happened there. “Supported” means only that the "
    "place lies in the zone."
)


@takes_options
def check(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="SCENARIO.toml", help="A scenario file, as --scenario.", show_default=False
        ),
        READ,
    ] = None,
    *,
    zone: ZoneOptions,
    places: PlaceOptions,
    out: Out = None,
    csv_locale: CsvLocale = None,
    as_json: AsJson = False,
) -> None:
    """Compare each claim of a scenario's reports with the zone.

    A claim is supported, contradicted or not decidable.
    """
    check_table(out, csv_locale)
    if file is not None:
        if zone.scenario is not None:
            raise gb.DataError("Invalid --scenario with a scenario file. Must be one of them.")
        zone = dataclasses.replace(zone, scenario=file)
    scenario = read_zone(zone)
    if not (scenario.reports or scenario.places):
        raise gb.DataError(
            "Invalid scenario: it has no [[report]] and no [[place]] to check. Name a scenario "
            "file that has."
        )
    ground = load_ground(zone, scenario)
    with show_progress("Measuring the zone and its settlements"):
        built, towns = measure_zone(scenario, ground, places)
        checked = gb.check_scenario(scenario, built, towns)
    if out is not None:
        gb.write(checked, out, csv_locale=csv_locale)
    if as_json:
        print_records(checked)
    elif out is not None:
        print_line(f"Wrote {len(checked)} rows to {out}.")
    else:
        print_table(checked[["date", "about", "verdict", "figure"]], scenario.title)
        _print_reasons(checked[["claim", "said_by", "about", "why"]])
        print_line(_LIMITS)


def _print_reasons(checked: pd.DataFrame) -> None:
    """Print each claim, who said it, and the reason of each verdict on it."""
    for (claim, said_by), rows in checked.fillna("").groupby(["claim", "said_by"], sort=False):
        print_line(f"“{claim}” {said_by}".rstrip())
        for about, why in zip(rows["about"], rows["why"], strict=True):
            print_line(f"  {about}: {why}" if about else f"  {why}")

"""Write the claims of a scenario's reports into the page, beside our figures.

The script ``reports.js`` compares them at each width and side of the slider, as
:mod:`geobuffer.viz.claims` does for the zone as built. Quoted reports are text in the page's JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from geobuffer.datasets.scenario import find_bearers
from geobuffer.viz.claims import find_oblast_values
from geobuffer.zones.translation import ENGLISH, leave_out_english, list_languages

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from geobuffer.analysis.classify import Classification
    from geobuffer.datasets.scenario import Report, Scenario
    from geobuffer.zones.region import Region


def describe_reports(
    scenarios: Mapping[str, Scenario],
    table: gpd.GeoDataFrame,
    found: Classification,
    shown: NDArray[Any],
    regions: Sequence[Region],
) -> list[dict[str, Any]]:
    """Return the reports that name places or a number of people, and places that no report names.

    Parameters
    ----------
    scenarios
        One scenario in each language of the page.
    table
        The places.
    found
        Their classification.
    shown
        Which of the places the page shows.
    regions
        Regions, which have the names of the reports' oblasts in each language.
    """
    first = scenarios[ENGLISH]
    bearers = find_bearers(first, table)
    number = shown.cumsum() - 1
    distance = found.answers.distance_km

    def describe_place(place: tuple[str, str]) -> dict[str, Any]:
        rows = bearers[place]
        facts: dict[str, Any] = {"name": place[0], "bearers": len(rows)}
        if len(rows) != 1:
            return facts
        row = rows[0]
        if shown[row]:
            return {**facts, "row": int(number[row])}
        # The place is too far away to be drawn, or it has no point and so no distance (NaN).
        has_distance = distance[row] == distance[row]
        return {**facts, "distance_km": round(float(distance[row]), 1) if has_distance else None}

    rows = []
    for number_of_report, report in enumerate(first.reports):
        if not report.places and report.people is None:
            continue
        in_all = {to: one.reports[number_of_report] for to, one in scenarios.items()}
        rows.append(
            {
                "claim": leave_out_english({to: one.claim for to, one in in_all.items()}),
                "said_by": leave_out_english({to: one.said_by for to, one in in_all.items()}),
                "date": report.date.isoformat() if report.date else "",
                "places": [describe_place(place) for place in report.places],
                **_describe_people(report, table, regions),
            }
        )
    reported = {place for report in first.reports for place in report.places}
    unreported = [place for place in dict.fromkeys(first.places) if place not in reported]
    if unreported:
        rows.append({"places": [describe_place(place) for place in unreported]})
    return rows


def _describe_people(
    report: Report, table: gpd.GeoDataFrame, regions: Sequence[Region]
) -> dict[str, Any]:
    """Return the number of people of a report, and of which oblast they are."""
    if report.people is None:
        return {}
    facts: dict[str, Any] = {"people": report.people, "all_within": report.all_within}
    if not report.oblast:
        return facts
    values = find_oblast_values(table["oblast"], report.oblast) if "oblast" in table else []
    names = find_oblast_values([region.name for region in regions], report.oblast)
    label = next((region for region in regions if region.name in names), None)
    oblast = {to: label.label(to) if label else report.oblast for to in list_languages()}
    return {**facts, "oblast": leave_out_english(oblast), "oblasts": values}

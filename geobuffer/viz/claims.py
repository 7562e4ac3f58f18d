"""Compare the claims in the reports of a scenario with distances and counts.

A distance can decide only whether a named place lies in the zone. A lower limit of people can
contradict a claimed number of all people, but cannot confirm one. All other claims are not
decidable here, and each row says why.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from geobuffer.analysis.classify import classify
from geobuffer.analysis.exposure import exposure
from geobuffer.datasets.scenario import find_bearers
from geobuffer.zones.checks import check_zone
from geobuffer.zones.toponyms import fold_region_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    import geopandas as gpd

    from geobuffer.datasets.scenario import Report, Scenario
    from geobuffer.zones.zone import Zone

SUPPORTED, CONTRADICTED, NOT_DECIDABLE = "supported", "contradicted", "not decidable"

#: The columns of the result and their types.
COLUMNS: dict[str, str] = {
    "date": "string", "said_by": "string", "claim": "string", "url": "string", "about": "string",
    "verdict": "string", "figure": "string", "distance_km": "Float64", "p_inside": "Float64",
    "expected": "Float64", "people": "Int64", "why": "string",
}  # fmt: skip


def check_scenario(scenario: Scenario, zone: Zone, table: gpd.GeoDataFrame) -> pd.DataFrame:
    """Compare the claims of a scenario's reports with a zone and a table of places.

    Parameters
    ----------
    scenario
        The scenario.
    zone
        Its zone, from :func:`geobuffer.scenario_zone`.
    table
        Places, preferably ``load_settlements(located="all")``.

    Returns
    -------
    pandas.DataFrame
        A row for each place, width and number of people that a report gives, and for each place of
        the scenario that no report gives; one row for a report that gives none of them. ``verdict``
        is ``"supported"``, ``"contradicted"`` or ``"not decidable"``, ``figure`` our figure in
        words, ``why`` the reason. ``distance_km`` and ``p_inside`` are those of a place;
        ``expected`` is the number of places expected in the zone, or in its part in the oblast of
        the report, and ``people`` is a lower limit of the people there.

    Raises
    ------
    WrongKind, DataError
        As :func:`geobuffer.scenario_places` and :func:`geobuffer.exposure`.

    Examples
    --------
    >>> import geobuffer as gb
    >>> scenario = gb.load_scenario()
    >>> zone = gb.scenario_zone(scenario, gb.load_regions())
    >>> checked = check_scenario(scenario, zone, gb.load_settlements(located="all"))
    >>> checked["verdict"].value_counts().to_dict()
    {'supported': 4, 'not decidable': 3}
    """
    check_zone(zone)
    check = _Check(scenario, zone, table)
    rows = [row for report in scenario.reports for row in check.judge_report(report)]
    reported = {place for report in scenario.reports for place in report.places}
    unreported = [place for place in dict.fromkeys(scenario.places) if place not in reported]
    claim = "Named by the scenario."
    rows += [{"claim": claim, **check.judge_place(*place)} for place in unreported]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def compare_people(
    scenario: Scenario, zone: Zone, places: gpd.GeoDataFrame
) -> list[dict[str, Any]]:
    """Return only the rows of :func:`check_scenario` about numbers of people."""
    with_people = [one for one in scenario.reports if one.people is not None]
    bare = [replace(one, places=(), km=None) for one in with_people]
    # Only the counts are needed, so no place is searched by its name.
    check = _Check(replace(scenario, reports=tuple(bare), places=()), zone, places)
    return [row for one in bare for row in check.judge_report(one)]


class _Check:
    """The zone and the places that we compare with the claims of a scenario."""

    def __init__(self, scenario: Scenario, zone: Zone, places: gpd.GeoDataFrame) -> None:
        self.zone, self.places = zone, places
        self.bearers = find_bearers(scenario, places)
        self._counts: dict[str, dict[str, Any]] = {}

    def judge_report(self, report: Report) -> list[dict[str, Any]]:
        """Return a row for each claim of a report."""
        found = [self.judge_place(*place) for place in report.places]
        found += [] if report.km is None else [self.judge_width(report.km)]
        found += [] if report.people is None else [self.judge_people(report, report.people)]
        nothing = _row("", NOT_DECIDABLE, "", _NOTHING_TO_COMPARE)
        head = {
            "date": None if report.date is None else report.date.isoformat(),
            "said_by": report.said_by, "claim": report.claim, "url": report.url,
        }  # fmt: skip
        return [head | one for one in found or [nothing]]

    def judge_place(self, name: str, hromada: str) -> dict[str, Any]:
        """Return the row about a place that a report puts in the zone."""
        rows = self.bearers[name, hromada]
        about = f"{name} ({hromada})" if hromada else name
        if not rows:
            return _row(about, NOT_DECIDABLE, "", "The table has no such place.")
        if len(rows) > 1:
            why = f"{len(rows)} places of the table bear this name, and any of them may be meant."
            return _row(about, NOT_DECIDABLE, f"{len(rows)} places", why)
        found = classify(self.places.iloc[rows], self.zone).iloc[0]
        measured = {"p_inside": found["p_inside"]}
        if pd.isna(found["membership"]):
            why = "The place is known by name only, without a trusted position."
            return _row(about, NOT_DECIDABLE, "no position", why, **measured)
        measured["distance_km"] = round(float(found["distance_km"]), 3)
        verdict, words = _VERDICTS[found["membership"]]
        if conflict := found["conflict"]:
            verdict, words = NOT_DECIDABLE, f"but its point is in doubt: {conflict}"
        far = f"{found['distance_km']:.1f} km"
        why = f"It lies {far} from the border, {words}".rstrip(".") + "."
        if "accuracy_m" not in self.places:
            why += " The table does not state how accurate its points are; they count as exact."
        figure = f"{far}, {found['membership']}{_name_probability(found['p_inside'])}"
        return _row(about, verdict, figure, why, **measured)

    def judge_width(self, km: float) -> dict[str, Any]:
        """Return the row about the width that a report gives to the zone."""
        edge = self.zone.edges_km[-1]
        counted = self._count("")
        same = "as wide" if edge == km else "not as wide"
        why = (
            "A width that is announced is an intention, and no distance on the ground proves it. "
            f"The zone here is {same}: {edge:g} km."
        )
        figure = f"{edge:g} km{_name_expected(counted)}"
        return _row(f"{km:g} km wide", NOT_DECIDABLE, figure, why, expected=counted["expected"])

    def judge_people(self, report: Report, claimed: int) -> dict[str, Any]:
        """Return the row about a number of people that a report gives."""
        counted = self._count(report.oblast)
        of = f" of {report.oblast} oblast" if report.oblast else ""
        about = f"{claimed:,} people{of}"
        known = counted["places"] - counted["without_figure"]
        if not known:
            why = f"The table has no figure of people for a place surely in the zone's part{of}."
            return _row(about, NOT_DECIDABLE, "no figure of people", why)
        floor = int(counted["population"])
        part = f"the zone's part{of}" if of else "the zone"
        ours = (
            f"ours is a lower limit of those who lived in {part}, from older figures "
            f"({counted['as_of']}) for {known:,} of its {counted['places']:,} sure places"
        )
        verdict = NOT_DECIDABLE
        if not report.all_within:
            whole = f"the whole{of.removeprefix(' of')}" if of else "more than the zone"
            why = f"Not the same: the report may be of {whole}, on its own date; {ours}."
        elif floor > claimed:
            verdict = CONTRADICTED
            why = f"Fewer than the lower limit, if no one has left since: {ours}."
        else:
            why = f"A lower limit below the claim cannot confirm it: {ours}."
        figure = f"at least {floor:,} people in {part}"
        measured = {"expected": counted["expected"], "people": floor}
        return _row(about, verdict, figure, why, **measured)

    def _count(self, oblast: str) -> dict[str, Any]:
        """Return the counts of the zone, or of its part in an oblast."""
        if oblast not in self._counts:
            table = self.places
            if oblast:
                own = table["oblast"] if "oblast" in table else pd.Series("", index=table.index)
                table = table[own.isin(find_oblast_values(own, oblast)).to_numpy()]
            counted = exposure(table, self.zone, cumulative=True, model=False)
            one: dict[str, Any] = {str(name): counted[name].iloc[-1] for name in counted}
            # The rings do not overlap, so the sum of their lower limits is a lower limit too.
            if "ring" in counted:
                sums = ["population", "places", "without_figure"]
                one |= {name: counted[name].sum() for name in sums}
                one |= {"expected": one["expected"] if len(counted) == 1 else None}
            self._counts[oblast] = {"as_of": "undated", **one}
        return self._counts[oblast]


def find_oblast_values(values: Iterable[object], oblast: str) -> list[str]:
    """Return the spellings of an oblast's name, with or without the word for oblast.

    Examples
    --------
    >>> find_oblast_values(["Sumy Oblast", "Kursk", None, "Sumy"], "Sumy oblast")
    ['Sumy Oblast', 'Sumy']
    """
    wanted = fold_region_name(oblast)
    names = dict.fromkeys(name for name in values if isinstance(name, str))
    return [name for name in names if fold_region_name(name) == wanted]


_NOTHING_TO_COMPARE = "The report gives no place, width or number of people to compare."

_VERDICTS = {
    "inside": (SUPPORTED, "inside the zone"),
    "outside": (CONTRADICTED, "outside the zone"),
    "uncertain": (NOT_DECIDABLE, "nearer to the zone's edge than its position is accurate"),
}


def _row(about: str, verdict: str, figure: str, why: str, **measured: Any) -> dict[str, Any]:
    return {"about": about, "verdict": verdict, "figure": figure, "why": why, **measured}


def _name_probability(probability: Any) -> str:
    """Return a probability as text that never says 0 or 1, because neither is certain."""
    if pd.isna(probability):
        return ""
    # Beyond these limits, two decimals would show 1.00 or 0.00.
    bounded = "above 0.99" if probability > 0.99 else "below 0.01" if probability < 0.01 else ""
    return f", probability {bounded or format(probability, '.2f')}"


def _name_expected(counted: dict[str, Any]) -> str:
    """Return the expected number of places as text, with its range."""
    if pd.isna(counted["expected"]):
        return ""
    low, high = counted["expected_low"], counted["expected_high"]
    return f"; {round(counted['expected']):,} places expected ({low:,}–{high:,})"

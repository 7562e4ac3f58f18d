"""What a scenario speaks of: its border, its zone, and the places that its reports name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geobuffer.borders import border_between
from geobuffer.errors import DataError, did_you_mean
from geobuffer.listings import listed
from geobuffer.names import fold, other_names
from geobuffer.zones import build_zone

if TYPE_CHECKING:
    import geopandas as gpd

    from geobuffer.combined import Zone
    from geobuffer.model import Border, Regions
    from geobuffer.scenarios.scenario import Scenario


def scenario_border(scenario: Scenario, regions: Regions) -> Border:
    """Return the border that a scenario speaks of.

    Parameters
    ----------
    scenario
        The scenario.
    regions
        Regions that hold those it names.

    Raises
    ------
    UnknownRegion
        A region is not among them.
    NotAdjacent, GeometryError
        As :func:`geobuffer.border_between`.

    Examples
    --------
    >>> import geobuffer as gb
    >>> len(scenario_border(gb.load_scenario(), gb.load_regions()).sections)
    5
    """
    return border_between(regions[scenario.between], regions[scenario.other])


def scenario_zone(scenario: Scenario, regions: Regions) -> Zone:
    """Build the zone that a scenario speaks of.

    Parameters
    ----------
    scenario
        The scenario.
    regions
        Regions that hold those it names.

    Raises
    ------
    UnknownRegion, NotAdjacent, GeometryError, UnknownSide
        As :func:`scenario_border` and :func:`geobuffer.build_zone`.

    Examples
    --------
    >>> import geobuffer as gb
    >>> zone = scenario_zone(gb.load_scenario(), gb.load_regions())
    >>> zone.width_km, len(zone.border.sections)
    (10.0, 5)
    """
    border = scenario_border(scenario, regions)
    return build_zone(
        border,
        km=scenario.km,
        from_km=scenario.from_km,
        side=scenario.side,
        ends=scenario.ends,
    )


def scenario_places(scenario: Scenario, table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the rows of a table of settlements that a scenario's reports name.

    A place is found by its name, in any language and spelling, and by its hromada where that is
    told, so that namesakes stay apart; rows come in the scenario's order.

    Parameters
    ----------
    scenario
        The scenario.
    table
        Settlements with the columns ``name_uk`` and ``hromada``.

    Raises
    ------
    DataError
        A named place is not in the table, or more than once.

    Examples
    --------
    >>> import geobuffer as gb
    >>> named = scenario_places(gb.load_scenario(), gb.load_settlements())
    >>> named["name_en"].tolist()
    ['Novenke', 'Basivka', 'Veselivka', 'Zhuravka']
    """
    columns = [table[c] for c in ("name_uk", "name_ru", "name_en", "name") if c in table]
    hromadas = np.array([fold(h) if isinstance(h, str) else "" for h in listed(table, "hromada")])
    rows = []
    for name, hromada in scenario.places:
        near = np.flatnonzero(hromadas == fold(hromada)) if hromada else np.arange(len(table))
        wanted = {fold(name), *other_names(fold(name))}
        exact = [row for row in near if any(c.iloc[row] == name for c in columns)]
        folded = [row for row in near if any(_folded(c.iloc[row]) in wanted for c in columns)]
        found = exact or folded
        if len(found) != 1:
            hint = did_you_mean(name, [str(columns[0].iloc[row]) for row in near])
            where = f" in {hromada!r}" if hromada else ""
            if len(found) > 1 and not hromada:
                hint = "Tell its hromada."
            raise DataError(
                f"Invalid place {name!r}{where} of the scenario: it is in the table "
                f"{len(found)} times. Must be there once. {hint if len(near) else _HROMADA}"
            )
        rows.append(int(found[0]))
    return table.iloc[rows]


# What to look at where a scenario names a hromada that the table has not.
_HROMADA = "The table has nothing of that hromada."


def _folded(name: object) -> str:
    return fold(name) if isinstance(name, str) else ""

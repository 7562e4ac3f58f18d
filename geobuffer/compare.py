"""Compare two zones: what was kept, gained and lost, in area, places and people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from geobuffer.geodesy import area_m2
from geobuffer.kinds import check_zone
from geobuffer.oddities import drop_uncounted
from geobuffer.points import numbers
from geobuffer.queries import classified

if TYPE_CHECKING:
    import geopandas as gpd

    from geobuffer.combined import Zone


def compare(
    before: Zone,
    after: Zone,
    settlements: gpd.GeoDataFrame | None = None,
) -> pd.DataFrame:
    """Return what two zones have in common, what the second gains and what it loses.

    Parameters
    ----------
    before, after
        The zones.
    settlements
        Places to count as well, with ``population`` if known. A place counts by its point.

    Returns
    -------
    pandas.DataFrame
        Rows ``kept``, ``gained``, ``lost``; columns ``area_km2``, and with settlements ``places``
        by their points, the uncertain among them; ``population`` of those that have a figure, and
        ``without_figure``, how many have none; ``uncertain``, how many of those places are so in
        one zone or the other and may belong to another row, or to none; and their
        ``population_uncertain``. So ``population`` less ``population_uncertain`` is what
        :func:`geobuffer.exposure` calls *at least*. Places that either zone may hold, but by their
        points neither does, are in none of these.

    Raises
    ------
    WrongKind
        Something given is no zone.
    DataError, MissingCRSError
        As :func:`geobuffer.classify`.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> border = gb.border_between(regions["Kursk"], regions["Sumy"])
    >>> narrow = gb.build_zone(border, km=5, tolerance_m=1)
    >>> wide = gb.build_zone(border, km=10, tolerance_m=1)
    >>> table = compare(narrow, wide)
    >>> bool(table.loc["lost", "area_km2"] < 0.1), bool(table.loc["gained", "area_km2"] > 1000)
    (True, True)
    """
    for zone in (before, after):
        check_zone(zone)
    old, new = before.polygon, after.polygon
    shapes = {
        "kept": shapely.intersection(old, new),
        "gained": shapely.difference(new, old),
        "lost": shapely.difference(old, new),
    }
    table = pd.DataFrame({"area_km2": {k: area_m2(s) / 1e6 for k, s in shapes.items()}})
    if settlements is None:
        return table
    told = [classified(settlements, zone, stacklevel=2) for zone in (before, after)]
    was, now = (found["ring"].notna().to_numpy() for found in told)
    counts = drop_uncounted(settlements, was | now, stacklevel=2)
    was, now = was & counts, now & counts
    unsure = np.any([found["membership"] == "uncertain" for found in told], axis=0)
    rows = {"kept": was & now, "gained": now & ~was, "lost": was & ~now}
    people = np.full(len(settlements), np.nan)
    if "population" in settlements.columns:
        people = numbers(settlements, "population")
    table["places"] = {k: int(rows[k].sum()) for k in table.index}
    table["population"] = {k: round(np.nansum(people[rows[k]])) for k in table.index}
    table["without_figure"] = {k: int(np.isnan(people[rows[k]]).sum()) for k in table.index}
    table["uncertain"] = {k: int((rows[k] & unsure).sum()) for k in table.index}
    table["population_uncertain"] = {
        k: round(np.nansum(people[rows[k] & unsure])) for k in table.index
    }
    return table

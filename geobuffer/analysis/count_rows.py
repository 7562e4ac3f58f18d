"""The rows of a table of counts: one for each ring, and each value of the columns to count by."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from geobuffer.errors import DataError, WrongKind, did_you_mean
from geobuffer.zones.arguments import TEXTS, describe_type
from geobuffer.zones.region import Region
from geobuffer.zones.zone import CombinedZone

if TYPE_CHECKING:
    from collections.abc import Collection

    import geopandas as gpd

    from geobuffer.analysis.expectation import Key
    from geobuffer.zones.zone import Zone


def label_rings(zone: Zone, *, cumulative: bool) -> list[dict[str, object]]:
    """Return the columns that name the row of each ring, or of all within its outer edge.

    Examples
    --------
    >>> from shapely import Point
    >>> from geobuffer.zones.make_border import border_around
    >>> from geobuffer.zones.make_zone import build_zone
    >>> from geobuffer.zones.source import Source
    >>> zone = build_zone(border_around(Point(30, 50), source=Source("mine")), km=10, from_km=5)
    >>> label_rings(zone, cumulative=True), label_rings(zone, cumulative=False)
    ([{'from_km': 5.0, 'within_km': 10.0}], [{'ring': '5–10 km'}])
    """
    if not cumulative or _is_cut_out(zone):
        return [{"ring": name} for name in zone.ring_names]
    begin, edges = _find_start(zone), zone.edges_km[1:]
    # A count that leaves out everything nearer than its first edge must state that edge.
    start: dict[str, object] = {} if begin == 0.0 else {"from_km": begin}
    return [{**start, "within_km": edge} for edge in edges]


def _find_start(zone: Zone) -> float:
    """Return the distance (km) below which a zone holds nothing, from the edges of its parts."""
    if not isinstance(zone, CombinedZone):
        return zone.edges_km[0]
    starts = [_find_start(part) for part in zone.parts if not isinstance(part, Region)]
    return max(starts) if zone.how == "intersection" else min(starts)


def _is_cut_out(zone: Zone | Region) -> bool:
    """Return whether a zone was cut out of another, so that no two distances bound the rest."""
    return isinstance(zone, CombinedZone) and (
        zone.how == "difference" or any(_is_cut_out(part) for part in zone.parts)
    )


def order_key(key: Key) -> list[tuple[bool, str, Any]]:
    """Return the sort key of a group: its values, with missing ones last.

    Examples
    --------
    >>> sorted([(None,), ("B",), ("A",)], key=order_key)
    [('A',), ('B',), (None,)]
    """
    return [(value is None, str(type(value)), value) for value in key]


def list_group_columns(joined: gpd.GeoDataFrame, by: Any, taken: Collection[str]) -> list[str]:
    """Return the columns to count by, after a check.

    Parameters
    ----------
    joined
        The table with the answers of `classify`.
    by
        The name of a column, or several; None for none.
    taken
        Other columns of the result.

    Raises
    ------
    WrongKind
        ``by`` is neither a text nor a list of texts.
    DataError
        The table has no such column, or the result has another one of that name; or the column
        holds what cannot be compared.
    """
    if by is None:
        return []
    given = [by] if isinstance(by, str) or not TEXTS.accepts(by) else list(by)
    known = [column for column in joined.columns if column != joined.geometry.name]
    for column in given:
        if not isinstance(column, str):
            message = (
                f"Invalid by: {describe_type(by)}. Must be the name of a column, or a list of them."
            )
            raise WrongKind(message, parameter="by")
        if column not in known:
            hint = did_you_mean(column, map(str, known))
            raise DataError(f"Invalid by {column!r}. {hint}", parameter="by")
        if column in taken or given.count(column) > 1:
            raise DataError(
                f"Invalid by {column!r}: the result has a column of this name. Must be another "
                "column, or the same one renamed.",
                parameter="by",
            )
        if not all(isinstance(value, Hashable) for value in joined[column]):
            message = (
                f"Invalid by {column!r}: it holds lists or mappings. Must hold texts or numbers."
            )
            raise DataError(message, parameter="by")
    return given

"""Recognise the headings of coordinates and of whole points, in many languages.

We recognise a heading by its first or last words: *latitude* in *GPS Latitude* and in
*latitude_dd*. The other words show which columns belong together, and how sure they are.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from geobuffer.io.read import column_words as words
from geobuffer.io.read.column_words import fold_heading

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class _Axis(NamedTuple):
    """The rank of the word for an axis in a heading, and the rest of the heading."""

    order: int
    rest: str


AXES = {
    "degrees": (words.LONGITUDES, words.LATITUDES),
    "metres": (words.EASTINGS, words.NORTHINGS),
    "extents": (words.LENGTHS, words.BREADTHS),
}


def find_pairs(headings: Iterable[object], *, in_metres: bool = False) -> list[tuple[str, str]]:
    """Return the pairs of columns of longitude and latitude (or x and y) with the surest headings.

    Several pairs mean that their headings are equally sure. ``in_metres`` says that x and y are
    expected rather than degrees.

    Examples
    --------
    >>> find_pairs(["_GPS_latitude", "_GPS_longitude", "x", "y"])
    [('_GPS_longitude', '_GPS_latitude')]
    >>> find_pairs(["start_lat", "start_lon", "end_lat", "end_lon"])
    [('start_lon', 'start_lat'), ('end_lon', 'end_lat')]
    >>> find_pairs(["latency", "long_name", "platform", "flat"])
    []
    """
    columns = [str(heading) for heading in headings]
    for kind in ("metres", "degrees", "extents") if in_metres else AXES:
        lon, lat = find_axes(columns, kind)
        alike = [rest for rest in lat if rest in lon] or _match_unlike(lon, lat)
        if alike:
            best = min(map(_rank_rest, alike))
            chosen = [rest for rest in alike if _rank_rest(rest) == best]
            return [
                (x, y) for rest in chosen for x in _of_rest(lon, rest) for y in _of_rest(lat, rest)
            ]
    return []


def find_axes(columns: Sequence[str], kind: str) -> tuple[dict[str, list[str]], ...]:
    """Return the columns of longitude and of latitude by the other words of their headings.

    If several columns of an axis have the same other words, those with the surest word count.
    """
    found: tuple[dict[str, list[str]], ...] = ({}, {})
    best: tuple[dict[str, int], ...] = ({}, {})
    for column in columns:
        east, north = (_match_axis(column, axis) for axis in AXES[kind])
        number, match = (0, east) if east is not None else (1, north)
        # "lat_lon" has words for both axes: it is one column of points.
        if match is None or (east and north) or not _may_stand_beside(match.rest, kind):
            continue
        order = best[number].setdefault(match.rest, match.order)
        if match.order < order:
            best[number][match.rest], found[number][match.rest] = match.order, []
        if match.order <= order:
            found[number].setdefault(match.rest, []).append(column)
    return found


@lru_cache(maxsize=100_000)  # called several times for a table, which may have many columns
def _match_axis(heading: str, axis: tuple[str, ...]) -> _Axis | None:
    """Return the word for an axis with which a heading begins or ends, and the other words.

    >>> _match_axis("town_lat", words.LATITUDES).rest, _match_axis("flat", words.LATITUDES)
    ('town', None)
    """
    folded = fold_heading(heading)
    first, last = folded.partition("_")[0], folded.rpartition("_")[2]
    is_near = {first, last} & _list_edges(axis) or max(folded, default="") >= _WITHOUT_SPACES
    for order, word in enumerate(axis if is_near else ()):
        rest = _split_affix(folded, word)
        if rest is not None:
            return _Axis(order, rest)
    glued = words.GLUED.fullmatch(folded)
    if glued and glued["axis"] in axis and axis in AXES["degrees"]:
        return _Axis(len(axis), "_".join(filter(None, glued.group("before", "after"))))
    return None


@cache
def _list_edges(axis: tuple[str, ...]) -> frozenset[str]:
    """Return the first and the last words of the terms for an axis, for a quick test."""
    return frozenset(part for word in axis for part in (word.split("_")[0], word.split("_")[-1]))


def _split_affix(folded: str, word: str) -> str | None:
    """Remove a word from the beginning or end of a heading; ``None`` if it is not there."""
    if folded == word:
        return ""
    # Scripts without spaces write "GPS纬度".
    gap = "" if word[0] >= _WITHOUT_SPACES else "_"
    if folded.endswith(gap + word):
        return folded.removesuffix(gap + word).strip("_")
    if folded.startswith(word + gap):
        return folded.removeprefix(word + gap).strip("_")
    return None


# From here on, Unicode has the scripts of Chinese, Japanese and Korean.
_WITHOUT_SPACES = "\u2e80"


def _may_stand_beside(rest: str, kind: str) -> bool:
    """Return whether words may stand beside the word for an axis."""
    if kind != "degrees":  # "Breite (m)" is a breadth, and "generation_y" is no coordinate
        return is_detail(rest)
    return not words.NO_COORDINATE.intersection(rest.split("_"))


def is_detail(rest: str) -> bool:
    """Return whether words only say how a coordinate is written or measured.

    >>> is_detail("wgs84_deg"), is_detail("capital"), is_detail("")
    (True, False, True)
    """
    return all(
        word in words.COORDINATE_DETAILS or word.isdecimal() for word in rest.split("_") if word
    )


def _rank_rest(rest: str) -> int:
    """Return how sure a pair is by the words beside it: 0 is the surest."""
    if "dms" in rest.split("_"):
        return 2
    if is_detail(rest):
        return 1 if rest else 0
    return 3 if words.SETTLEMENT_NOUNS.intersection(rest.split("_")) else 4


# Means the only column of an axis, whatever its other words are.
_ONLY = "*"


def _match_unlike(lon: Mapping[str, list[str]], lat: Mapping[str, list[str]]) -> list[str]:
    """Return ``_ONLY`` if each axis has one column and their other words do not contradict."""
    if len(lon) != 1 or len(lat) != 1:
        return []
    east, north = next(iter(lon)), next(iter(lat))
    return [_ONLY] if (not east or not north or (is_detail(east) and is_detail(north))) else []


def _of_rest(axis: Mapping[str, list[str]], rest: str) -> list[str]:
    return next(iter(axis.values())) if rest == _ONLY else axis[rest]


def has_point_heading(heading: str) -> bool:
    """Return whether a heading is usual for a column of whole points.

    >>> [has_point_heading(text) for text in ("LatLng", "gps_coords", "the_geom", "point_of_sale")]
    [True, True, True, False]
    """
    folded = fold_heading(heading)
    known = words.POINTS | words.POINTS_EASTWARD
    beside = folded.rpartition("_")
    return folded in known or (beside[2] in known and beside[2] not in {"shape", "location"})

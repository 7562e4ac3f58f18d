"""Make one table of settlements of several: nothing lost, every source kept, conflicts told."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from geobuffer.errors import DataError
from geobuffer.listings import contradictions
from geobuffer.matching import SAME_UNIT_KM, UNSTATED_KM, Rows, distance_km, match, named_alike
from geobuffer.points import lonlat, numbers
from geobuffer.records import AND, gathered, ids_of, texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from geobuffer.geodesy import Ints
    from geobuffer.model import Region

# The columns that merging adds, before the conflicts; a table merged before has them already.
_ADDED = ("source", "merged_from", "position_source", "population_source", "newly_located",
          "geometry")  # fmt: skip


# What a summary counts from.
_COUNTED = ("merged_from", "newly_located", "conflict", "geometry")


def merge_settlements(*tables: pd.DataFrame, regions: Iterable[Region] = ()) -> gpd.GeoDataFrame:
    """Make one table of several tables of settlements of one area.

    Rows are one place if they share an ``id``, or the ``code`` of one ``code_system``; if they
    share a name and lie within 15 km of each other in one raion or hromada, within 5 km where one
    names neither, within 3 km where they name different ones; or if they lie within 2 km and their
    names are a slip of spelling apart. A row without a point joins the one of its name within
    15 km of the middle of its hromada, if no other comes near. Two rows of one table, or with
    different codes of one system, are never one.

    Parameters
    ----------
    *tables
        As :func:`geobuffer.load_settlements` and :func:`geobuffer.load_not_located` return them:
        points in any CRS, or none. Each needs ``id``, unique in the table and standing for the
        same place wherever it occurs, and a name in a column that begins with ``name``; all else
        is used where present.
    regions
        Where given, a row whose ``oblast_iso`` or ``country`` contradicts the region that holds
        its point says so in ``conflict``.

    Returns
    -------
    geopandas.GeoDataFrame
        A row for each place, in the order of first rows, in EPSG:4326, with all columns of all
        tables and these: ``merged_from``, the ids of its rows, and ``source``, all their sources,
        divided by ``"; "``; ``position_source`` of its point, which with ``accuracy_m`` is that of
        the most accurate row; ``population_source`` of the latest ``population``, never a sum;
        ``newly_located`` where a row without a point got one; ``conflict``: sentences, or ``""``.
        Names and the rest come from the row with an official code, the gaps from the others; a
        name made by rule (``transliterated``) gives way to one that was not.

    Raises
    ------
    DataError
        There is no table; one lacks ids or names; an id repeats, holds a ``;`` or stands for two
        places; a population is no number or below zero; or as :func:`geobuffer.distance_to_border`.
    MissingCRSError
        A table of points has no coordinate reference system.

    Notes
    -----
    Pairs are united from the most alike down. The result does not depend on the order of tables,
    except for the order of its rows.

    Examples
    --------
    >>> import geobuffer as gb
    >>> def spot(id, name, lon, lat, **more):
    ...     point = gpd.points_from_xy([lon], [lat])
    ...     return gpd.GeoDataFrame({"id": [id], "name": [name], **more}, geometry=point, crs=4326)
    >>> here = spot("a:1", "Журавка", 35.2, 51.2, source=["A"], accuracy_m=[500.0])
    >>> there = spot("b:9", "Журавка", 35.21, 51.2, source=["B"], accuracy_m=[100.0])
    >>> merge_settlements(here, there)[["id", "merged_from", "source", "position_source"]].values
    array([['b:9', 'b:9; a:1', 'B; A', 'B']], dtype=object)
    """
    rows, said = gathered(tables)
    place = match(rows)
    merged = _assembled(rows, said, place)
    conflict = _conflicts(rows, said, place, merged, tuple(regions))
    merged.insert(len(merged.columns) - 1, "conflict", conflict)
    return merged


def merge_summary(merged: pd.DataFrame) -> pd.Series:
    """Count what :func:`merge_settlements` did.

    Parameters
    ----------
    merged
        The table that it returned.

    Returns
    -------
    pandas.Series
        ``records`` that came in, by different ids; ``places`` they are; ``merged``, places of more
        than one record; ``newly_located``; ``not_located`` still; ``conflicts``, places with one.

    Examples
    --------
    >>> import geobuffer as gb
    >>> merge_summary(merge_settlements(gb.load_settlements()))["merged"]
    np.int64(0)
    """
    if lacking := [name for name in _COUNTED if name not in merged]:
        raise DataError(f"Invalid table: no column {lacking[0]!r}. Must be of merge_settlements().")
    records = [ids.split(AND) for ids in merged["merged_from"]]
    counts = {
        "records": sum(map(len, records)),
        "places": len(merged),
        "merged": sum(len(ids) > 1 for ids in records),
        "newly_located": int(merged["newly_located"].sum()),
        "not_located": int(merged.geometry.isna().sum()),
        "conflicts": int((merged["conflict"] != "").sum()),
    }
    return pd.Series(list(counts.values()), index=list(counts), name="count")


def _assembled(rows: Rows, said: pd.DataFrame, place: Ints) -> gpd.GeoDataFrame:
    """Make a row of each place: the leading row's answers, its gaps filled from the others."""
    uncoded = np.array([not code for _, code in rows.code])
    rank = np.lexsort((rows.order, rows.accuracy_m, uncoded, place))
    lead, number = said.drop(columns="conflict", errors="ignore").iloc[rank], place[rank]
    merged = lead.groupby(number, sort=True).first()
    merged["merged_from"] = _joined(pd.Series(ids_of(said))[rank], number)
    _fill_names(merged, lead, number)
    _fill_population(merged, lead, number)
    _fill_position(merged, rows, said, place)
    sources = pd.Series(texts(said, "source"))[rank]
    merged["source"] = _joined(sources, number)
    for column in merged.columns.drop("geometry"):
        merged[column] = merged[column].where(merged[column].notna(), None).infer_objects()
    if "population" in merged:
        people = merged["population"].astype("Float64")
        whole = bool((people.dropna() % 1 == 0).all())  # estimates may have fractions
        merged["population"] = people.astype("Int64") if whole else people
    last = [column for column in _ADDED if column in merged]
    merged = merged[[*merged.columns.difference(last, sort=False), *last]]
    return gpd.GeoDataFrame(merged, geometry="geometry", crs="EPSG:4326")


def _joined(texts: pd.Series, number: Ints) -> pd.Series:
    """Join the parts of a place's texts, each once."""
    parts = texts.groupby(number, sort=True).agg(
        lambda group: AND.join(dict.fromkeys(p for t in group for p in t.split(AND) if p))
    )
    return pd.Series(parts)


def _fill_names(merged: pd.DataFrame, lead: pd.DataFrame, number: Ints) -> None:
    """Let names that were found in a source come before those made by rule."""
    if "transliterated" not in lead:
        return
    made = [text.split() for text in texts(lead, "transliterated")]
    left = pd.Series("", index=merged.index)
    for language in ("ru", "uk", "en"):  # as the bundled tables list them
        if (column := f"name_{language}") not in lead:
            continue
        by_rule = pd.Series([language in languages for languages in made], index=lead.index)
        found = lead[column].mask(by_rule, None).groupby(number, sort=True).first()
        only = found.isna() & merged[column].notna()
        left = left.where(~only, left + f" {language}")
        merged[column] = found.where(found.notna(), merged[column])
    merged["transliterated"] = left.str.strip()


def _fill_population(merged: pd.DataFrame, lead: pd.DataFrame, number: Ints) -> None:
    """Take the latest figure, with its date and source; one without a date only if alone."""
    if "population" not in lead:
        return
    dates = (
        lead["population_as_of"] if "population_as_of" in lead else pd.Series([None] * len(lead))
    )
    facts = pd.DataFrame({"population": numbers(lead, "population")})
    facts["population_as_of"] = dates.to_numpy()
    facts["population_source"] = _stated(lead, "population_source", "source")
    later = [_descending(date) for date in texts(lead, "population_as_of")]
    facts = facts.assign(number=number, later=later)[facts["population"].notna()]
    # A stable sort keeps the leading row first among figures of one date.
    latest = facts.sort_values("later", kind="stable").drop_duplicates("number")
    for column in ("population", "population_as_of", "population_source"):
        merged[column] = latest.set_index("number")[column].reindex(merged.index)


def _stated(said: pd.DataFrame, column: str, otherwise: str) -> list[str | None]:
    """Return what rows say in a column, and in another where they say nothing."""
    both = zip(texts(said, column), texts(said, otherwise), strict=True)
    return [one or other or None for one, other in both]


def _descending(date: str) -> str:
    """Return a key that sorts later ISO dates first, and no date last."""
    return "".join(chr(0x10FFFF - ord(letter)) for letter in date) or chr(0x10FFFF)


def _fill_position(merged: pd.DataFrame, rows: Rows, said: pd.DataFrame, place: Ints) -> None:
    """Take the most accurate point, with its accuracy and source."""
    there = np.isfinite(rows.lon)
    best = np.lexsort((rows.order, rows.accuracy_m, ~there, place))
    best = best[np.unique(place[best], return_index=True)[1]]
    located = pd.Series(there[best], index=merged.index)
    points = gpd.points_from_xy(rows.lon[best], rows.lat[best])
    merged["geometry"] = pd.Series(list(points), index=merged.index).where(located, None)
    if "accuracy_m" in said:
        known = pd.Series(said["accuracy_m"].to_numpy()[best], index=merged.index)
        merged["accuracy_m"] = known.where(located, None)
    sources = np.array(_stated(said, "position_source", "source"), dtype=object)[best]
    merged["position_source"] = pd.Series(sources, index=merged.index).where(located, None)
    before = np.array([text == "True" for text in texts(said, "newly_located")], dtype=bool)
    lost = pd.Series(~there | before).groupby(place, sort=True).any()
    merged["newly_located"] = located & lost


def _conflicts(
    rows: Rows,
    said: pd.DataFrame,
    place: Ints,
    merged: gpd.GeoDataFrame,
    regions: tuple[Region, ...],
) -> list[str]:
    """Return what contradicts itself in each place, the conflicts it came with included."""
    found: list[dict[str, None]] = [{} for _ in range(len(merged))]
    for row, text in enumerate(texts(said, "conflict")):
        found[place[row]] |= dict.fromkeys(filter(None, text.split(AND)))
    told = [*_apart(rows, said, place), *_differing(rows, said, place)]
    if regions and len(merged):
        astray, _ = contradictions(merged, regions, *lonlat(merged))
        told += [(at, sentence) for at, sentence in enumerate(astray) if sentence]
    for at, sentence in told:
        found[at][sentence] = None
    return [AND.join(sentences) for sentences in found]


def _apart(rows: Rows, said: pd.DataFrame, place: Ints) -> Iterator[tuple[int, str]]:
    """Tell of rows of one name in one raion that were too far apart to be one place."""
    tables: dict[int, set[int]] = {}
    for row, at in enumerate(place.tolist()):
        tables.setdefault(at, set()).add(int(rows.table[row]))
    for a, b, km, together in named_alike(rows):
        one, other = int(place[a]), int(place[b])
        coded = rows.code[a][0] == rows.code[b][0] != ""
        # Where each has its own partner in the other's table, they are namesakes, not strays.
        if (
            one != other
            and together
            and km > SAME_UNIT_KM
            and not coded | bool(tables[one] & tables[other])
        ):
            for at, to in ((one, b), (other, a)):
                yield at, f"{said['id'][to]} has its name in one raion, {km:.1f} km away"


def _differing(rows: Rows, said: pd.DataFrame, place: Ints) -> Iterator[tuple[int, str]]:
    """Tell where rows that became one lie far apart, or share no name."""
    members: dict[int, list[int]] = {}
    for row in np.argsort(rows.order, kind="stable").tolist():
        members.setdefault(int(place[row]), []).append(row)
    pairs = [(at, i, j) for at, group in members.items() for i, j in combinations(group, 2)]
    if not pairs:
        return
    _, first, second = np.array(pairs).T
    for (at, i, j), km in zip(pairs, distance_km(rows, first, second).tolist(), strict=True):
        both = f"{said['id'][i]} and {said['id'][j]}"
        if km > UNSTATED_KM:
            yield at, f"{both} lie {km:.1f} km apart"
        if not rows.names[i] & rows.names[j]:
            yield at, f"{both} have different names"

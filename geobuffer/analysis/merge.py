"""Make one table of settlements of several: nothing lost, every source kept, conflicts told.

What tables of settlements say, brought to one form: checked once, each row with its keys.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import combinations
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from geobuffer.analysis.conflicts import find_conflicts
from geobuffer.analysis.record_linkage import (
    SAME_UNIT_KM,
    UNSTATED_KM,
    Records,
    distance_km,
    link_records,
    pair_by_id,
    pair_namesakes,
)
from geobuffer.errors import DataError
from geobuffer.io.point_tables import UNSTATED_M, read_lonlat, read_numbers
from geobuffer.zones.toponyms import fold_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from geobuffer.geodesy.ellipsoid import Floats, Ints
    from geobuffer.zones.region import Region


# What stands between the ids and sources of rows that became one.
SEPARATOR = "; "
# Words that say that a raion is one.
_UNIT_WORDS = {
    fold_name(w) for w in ("район", "raion", "rayon", "district", "county", "муниципальный")
}


def gather_records(tables: tuple[pd.DataFrame, ...]) -> tuple[Records, pd.DataFrame]:
    """Return what decides about all rows, and all that they say."""
    if not tables:
        raise DataError("No table of settlements. Must be given at least one.")
    for number, table in enumerate(tables):
        _check_table(table, number)
    points = [_table_points(table) for table in tables]
    columns = dict.fromkeys(str(c) for t in tables for c in t.columns if c != _geometry_column(t))
    said = pd.DataFrame(
        {
            column: np.concatenate(
                [
                    _column_objects(t[column]) if column in t.columns else np.full(len(t), None)
                    for t in tables
                ]
            )
            for column in columns
        },
        dtype=object,
    )
    said["id"] = said["id"].map(str)
    lon, lat = np.concatenate(points, axis=1)
    table_numbers = np.repeat(np.arange(len(tables)), [len(t) for t in tables])
    rows = _make_records(said, table_numbers, lon, lat)
    _check_ids(rows, said)
    return rows, said


def _check_table(table: pd.DataFrame, number: int) -> None:
    which = f"table {number + 1}"
    if "id" not in table.columns:
        raise DataError(f"Invalid {which}: no column 'id'. Must have one, unique for each place.")
    if not any(str(column).startswith("name") for column in table.columns):
        raise DataError(f"Invalid {which}: no name. Must have a column 'name' or 'name_en'.")
    ids = table["id"]
    wrong = ids.isna() | ids.astype(str).duplicated() | ids.astype(str).str.contains(";")
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise DataError(
            f"Invalid id in {which}, row {table.index[row]!r}: {ids.iloc[row]!r}. Must be there, "
            "be unique in the table and hold no semicolon."
        )
    if "population" in table.columns:
        read_numbers(table, "population")


def _geometry_column(table: pd.DataFrame) -> str | None:
    if not isinstance(table, gpd.GeoDataFrame):
        return None
    name: str | None = table.active_geometry_name
    return name


def _table_points(table: pd.DataFrame) -> NDArray[np.float64]:
    """Return longitudes and latitudes; NaN for all rows of a table without geometry."""
    if _geometry_column(table) is None or table.geometry.isna().all():
        return np.full((2, len(table)), np.nan)
    return np.stack(read_lonlat(table))


def _column_objects(column: pd.Series) -> NDArray[np.object_]:
    """Return a column's values, None for each that is missing."""
    values = column.astype(object).to_numpy(copy=True)
    values[column.isna().to_numpy()] = None
    return np.asarray(values)


def column_texts(said: pd.DataFrame, column: str) -> list[str]:
    """Return a column as text; empty where nothing is said."""
    if column not in said:
        return [""] * len(said)
    return ["" if value is None else str(value) for value in said[column]]


def _make_records(said: pd.DataFrame, table: Ints, lon: Floats, lat: Floats) -> Records:
    names = [c for c in said.columns if c.startswith("name")]
    accuracy = (
        read_numbers(said, "accuracy_m") if "accuracy_m" in said else np.full(len(said), np.nan)
    )
    codes = list(zip(column_texts(said, "code_system"), column_texts(said, "code"), strict=True))
    raions = zip(column_texts(said, "raion"), column_texts(said, "raion_en"), strict=True)
    return Records(
        table=table,
        ids=[frozenset(ids.split(SEPARATOR)) for ids in record_ids(said)],
        lon=lon,
        lat=lat,
        accuracy_m=np.nan_to_num(accuracy, nan=UNSTATED_M),
        names=[_name_keys(row) for row in said[names].itertuples(index=False)],
        country=column_texts(said, "country"),
        oblast=column_texts(said, "oblast_iso"),
        raion=[frozenset(filter(None, map(_unit_key, pair))) for pair in raions],
        hromada=[fold_name(name) for name in column_texts(said, "hromada")],
        code=[(system, code) if system and code else ("", "") for system, code in codes],
        order=_sort_records(said, lon, lat),
    )


def record_ids(said: pd.DataFrame) -> list[str]:
    """Return the ids of each row: those it was merged from before, or its own."""
    return [
        b or a
        for a, b in zip(column_texts(said, "id"), column_texts(said, "merged_from"), strict=True)
    ]


def _sort_records(said: pd.DataFrame, lon: Floats, lat: Floats) -> Ints:
    """Return the place of each row when rows are sorted by all they say, the id first."""
    columns = ["id", *sorted(c for c in said.columns if c != "id")]
    parts = ["\0".join(row) for row in zip(*(column_texts(said, c) for c in columns), strict=True)]
    keys = [f"{t}\0{x!r}\0{y!r}" for t, x, y in zip(parts, lon.tolist(), lat.tolist(), strict=True)]
    order = np.empty(len(keys), dtype=np.int64)
    order[sorted(range(len(keys)), key=keys.__getitem__)] = np.arange(len(keys))
    return order


def _name_keys(names: Iterable[object]) -> frozenset[str]:
    """Return what of names is compared: folded; in Latin letters, i and y count as one."""
    folded = {fold_name(str(name)) for name in names if name is not None}
    return frozenset(re.sub("[iy]+", "i", name) for name in folded) - {""}


@lru_cache(maxsize=10_000)  # an area has few raions, and each is named by many rows
def _unit_key(name: str) -> str:
    return " ".join(word for word in fold_name(name).split() if word not in _UNIT_WORDS)


def _check_ids(rows: Records, said: pd.DataFrame) -> None:
    """Refuse an id that stands for two places: numbers from 1 in each table, say."""
    a, b = pair_by_id(rows)
    for i, j, km in zip(a.tolist(), b.tolist(), distance_km(rows, a, b).tolist(), strict=True):
        named = rows.names[i] & rows.names[j] or not (rows.names[i] and rows.names[j])
        # What was merged before may hold rows of other names, farther away.
        whole = len(rows.ids[i]) == len(rows.ids[j]) == 1
        if whole and (not named or km > SAME_UNIT_KM):
            one, two = (f"table {rows.table[r] + 1} {sorted(rows.names[r])}" for r in (i, j))
            raise DataError(
                f"Invalid id {said['id'][i]!r}: {one} and {two} are not one place. Must stand for "
                "the same place in all tables; put the table's name before it."
            )


# The columns that merging adds, before the conflicts; a table merged before has them already.
_ADDED_COLUMNS = ("source", "merged_from", "position_source", "population_source", "newly_located",
          "geometry")  # fmt: skip


# What a summary counts from.
_COUNTED_COLUMNS = ("merged_from", "newly_located", "conflict", "geometry")


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
    rows, said = gather_records(tables)
    place = link_records(rows)
    merged = _assemble_places(rows, said, place)
    conflict = _collect_conflicts(rows, said, place, merged, tuple(regions))
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
    if lacking := [name for name in _COUNTED_COLUMNS if name not in merged]:
        raise DataError(f"Invalid table: no column {lacking[0]!r}. Must be of merge_settlements().")
    records = [ids.split(SEPARATOR) for ids in merged["merged_from"]]
    counts = {
        "records": sum(map(len, records)),
        "places": len(merged),
        "merged": sum(len(ids) > 1 for ids in records),
        "newly_located": int(merged["newly_located"].sum()),
        "not_located": int(merged.geometry.isna().sum()),
        "conflicts": int((merged["conflict"] != "").sum()),
    }
    return pd.Series(list(counts.values()), index=list(counts), name="count")


def _assemble_places(rows: Records, said: pd.DataFrame, place: Ints) -> gpd.GeoDataFrame:
    """Make a row of each place: the leading row's answers, its gaps filled from the others."""
    uncoded = np.array([not code for _, code in rows.code])
    rank = np.lexsort((rows.order, rows.accuracy_m, uncoded, place))
    lead, number = said.drop(columns="conflict", errors="ignore").iloc[rank], place[rank]
    merged = lead.groupby(number, sort=True).first()
    merged["merged_from"] = _join_texts(pd.Series(record_ids(said))[rank], number)
    _fill_names(merged, lead, number)
    _fill_population(merged, lead, number)
    _fill_position(merged, rows, said, place)
    sources = pd.Series(column_texts(said, "source"))[rank]
    merged["source"] = _join_texts(sources, number)
    for column in merged.columns.drop("geometry"):
        merged[column] = merged[column].where(merged[column].notna(), None).infer_objects()
    if "population" in merged:
        people = merged["population"].astype("Float64")
        whole = bool((people.dropna() % 1 == 0).all())  # estimates may have fractions
        merged["population"] = people.astype("Int64") if whole else people
    last = [column for column in _ADDED_COLUMNS if column in merged]
    merged = merged[[*merged.columns.difference(last, sort=False), *last]]
    return gpd.GeoDataFrame(merged, geometry="geometry", crs="EPSG:4326")


def _join_texts(texts: pd.Series, number: Ints) -> pd.Series:
    """Join the parts of a place's texts, each once."""
    parts = texts.groupby(number, sort=True).agg(
        lambda group: SEPARATOR.join(
            dict.fromkeys(p for t in group for p in t.split(SEPARATOR) if p)
        )
    )
    return pd.Series(parts)


def _fill_names(merged: pd.DataFrame, lead: pd.DataFrame, number: Ints) -> None:
    """Let names that were found in a source come before those made by rule."""
    if "transliterated" not in lead:
        return
    made = [text.split() for text in column_texts(lead, "transliterated")]
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
    facts = pd.DataFrame({"population": read_numbers(lead, "population")})
    facts["population_as_of"] = dates.to_numpy()
    facts["population_source"] = _texts_or(lead, "population_source", "source")
    # A year or month without a day sorts as its end, after every day in it.
    stated = [date and f"{date}\U0010ffff" for date in column_texts(lead, "population_as_of")]
    facts["stated"] = pd.Series(stated, index=facts.index).replace("", None)
    facts = facts.assign(number=number)[facts["population"].notna()]
    # The sort is stable, so the leading row stays first among figures of one date.
    latest = facts.sort_values("stated", ascending=False, na_position="last", kind="stable")
    latest = latest.drop_duplicates("number")
    for column in ("population", "population_as_of", "population_source"):
        merged[column] = latest.set_index("number")[column].reindex(merged.index)


def _texts_or(said: pd.DataFrame, column: str, otherwise: str) -> list[str | None]:
    """Return what rows say in a column, and in another where they say nothing."""
    both = zip(column_texts(said, column), column_texts(said, otherwise), strict=True)
    return [one or other or None for one, other in both]


def _fill_position(merged: pd.DataFrame, rows: Records, said: pd.DataFrame, place: Ints) -> None:
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
    sources = np.array(_texts_or(said, "position_source", "source"), dtype=object)[best]
    merged["position_source"] = pd.Series(sources, index=merged.index).where(located, None)
    before = np.array([text == "True" for text in column_texts(said, "newly_located")], dtype=bool)
    lost = pd.Series(~there | before).groupby(place, sort=True).any()
    merged["newly_located"] = located & lost


def _collect_conflicts(
    rows: Records,
    said: pd.DataFrame,
    place: Ints,
    merged: gpd.GeoDataFrame,
    regions: tuple[Region, ...],
) -> list[str]:
    """Return what contradicts itself in each place, the conflicts it came with included."""
    found: list[dict[str, None]] = [{} for _ in range(len(merged))]
    for row, text in enumerate(column_texts(said, "conflict")):
        found[place[row]] |= dict.fromkeys(filter(None, text.split(SEPARATOR)))
    told = [*_find_far_namesakes(rows, said, place), *_find_disagreements(rows, said, place)]
    if regions and len(merged):
        sentences = find_conflicts(merged, regions, *read_lonlat(merged)).sentences
        told += [(at, sentence) for at, sentence in enumerate(sentences) if sentence]
    for at, sentence in told:
        found[at][sentence] = None
    return [SEPARATOR.join(sentences) for sentences in found]


def _find_far_namesakes(
    rows: Records, said: pd.DataFrame, place: Ints
) -> Iterator[tuple[int, str]]:
    """Tell of rows of one name in one raion that were too far apart to be one place."""
    tables: dict[int, set[int]] = {}
    for row, at in enumerate(place.tolist()):
        tables.setdefault(at, set()).add(int(rows.table[row]))
    for a, b, km, together in pair_namesakes(rows):
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


def _find_disagreements(
    rows: Records, said: pd.DataFrame, place: Ints
) -> Iterator[tuple[int, str]]:
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

"""Merge several tables of settlements into one, with all sources and with the conflicts found.

We check the tables and bring their rows to one form, :class:`Records`. The module
:mod:`geobuffer.analysis.record_linkage` finds the rows that are one place. Then each place gets one
row, and ``conflict`` reports where its sources contradict each other.
"""

from __future__ import annotations

import itertools
from functools import lru_cache
from itertools import combinations
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from geobuffer.analysis.conflicts import find_conflicts, read_listing
from geobuffer.analysis.record_linkage import (
    SAME_UNIT_KM,
    UNSTATED_KM,
    Records,
    find_shared_ids,
    link_records,
    measure_distances_km,
    pair_namesakes,
)
from geobuffer.errors import DataError
from geobuffer.io.pcodes import complete_pcodes, key_code
from geobuffer.io.point_tables import UNSTATED_M, read_lonlat, read_numbers, warn_of_rows
from geobuffer.zones.arguments import Kind, check_arguments
from geobuffer.zones.quantities import NO_NUMBER, parse_date, quote_value
from geobuffer.zones.region import REGIONS
from geobuffer.zones.toponyms import fold_name, make_name_keys, strip_kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from geobuffer.geodesy.ellipsoid import Floats, Ints
    from geobuffer.zones.region import Region


# Separates the ids and the sources of rows that became one.
SEPARATOR = "; "
# Words for a raion, which some tables add to its name.
_UNIT_WORDS = {
    fold_name(w) for w in ("район", "raion", "rayon", "district", "county", "муниципальный")
}


def gather_records(tables: tuple[pd.DataFrame, ...]) -> tuple[Records, pd.DataFrame]:
    """Return the records of all tables, for linkage, and all values of their columns."""
    if not tables:
        raise DataError("No table of settlements. Must be given at least one.")
    for number, table in enumerate(tables):
        _check_table(table, number)
    points = [_table_points(table) for table in tables]
    columns = dict.fromkeys(str(c) for t in tables for c in t.columns if c != _geometry_column(t))
    values = pd.DataFrame(
        {
            column: np.concatenate(
                [
                    _column_objects(t, column) if column in t.columns else np.full(len(t), None)
                    for t in tables
                ]
            )
            for column in columns
        },
        dtype=object,
    )
    values["id"] = values["id"].map(str)
    lon, lat = np.concatenate(points, axis=1)
    table_numbers = np.repeat(np.arange(len(tables)), [len(t) for t in tables])
    records = _make_records(values, table_numbers, lon, lat)
    _check_ids(records, values)
    return records, values


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
    for column in _NUMBERS:
        if column in table.columns:
            read_numbers(table, column)


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


# The columns of numbers that a merge uses.
_NUMBERS = ("population", "accuracy_m", "radius_m")


def _column_objects(table: pd.DataFrame, name: str) -> NDArray[np.object_]:
    """Return the values of a column; None for each missing one.

    Numbers that are texts are read here, because each table may have its own decimal mark.
    """
    column = table[name]
    if name in _NUMBERS and any(isinstance(value, str) for value in column):
        column = pd.Series(read_numbers(table, name))
    values = column.astype(object).to_numpy(copy=True)
    values[column.isna().to_numpy()] = None
    return np.asarray(values)


def column_texts(values: pd.DataFrame, column: str) -> list[str]:
    """Return a column as texts; an empty text for each missing value."""
    if column not in values:
        return [""] * len(values)
    return ["" if value is None else str(value) for value in values[column]]


def _make_records(values: pd.DataFrame, table: Ints, lon: Floats, lat: Floats) -> Records:
    names = [c for c in values.columns if c.startswith("name")]
    accuracy = (
        read_numbers(values, "accuracy_m")
        if "accuracy_m" in values
        else np.full(len(values), np.nan)
    )
    codes = [
        key_code(*parts)
        for parts in zip(
            *(column_texts(values, c) for c in ("code_system", "code", "adm4_pcode")), strict=True
        )
    ]
    raions = zip(column_texts(values, "raion"), column_texts(values, "raion_en"), strict=True)
    return Records(
        table=table,
        ids=[frozenset(ids.split(SEPARATOR)) for ids in list_ids(values)],
        lon=lon,
        lat=lat,
        accuracy_m=np.nan_to_num(accuracy, nan=UNSTATED_M),
        names=_list_name_keys(values[names]),
        country=column_texts(values, "country"),
        oblast=column_texts(values, "oblast_iso"),
        raion=[frozenset(filter(None, map(_unit_key, pair))) for pair in raions],
        hromada=[fold_name(name) for name in column_texts(values, "hromada")],
        code=codes,
        order=_sort_records(values, lon, lat),
    )


def list_ids(values: pd.DataFrame) -> list[str]:
    """Return the ids of each row: those of an earlier merge, or its own."""
    return [
        b or a
        for a, b in zip(
            column_texts(values, "id"), column_texts(values, "merged_from"), strict=True
        )
    ]


def _sort_records(values: pd.DataFrame, lon: Floats, lat: Floats) -> Ints:
    """Return the rank of each row when rows are sorted by id and then by all other values."""
    columns = ["id", *sorted(c for c in values.columns if c != "id")]
    parts = [
        "\0".join(row) for row in zip(*(column_texts(values, c) for c in columns), strict=True)
    ]
    keys = [f"{t}\0{x!r}\0{y!r}" for t, x, y in zip(parts, lon.tolist(), lat.tolist(), strict=True)]
    order = np.empty(len(keys), dtype=np.int64)
    order[sorted(range(len(keys)), key=keys.__getitem__)] = np.arange(len(keys))
    return order


def _list_name_keys(names: pd.DataFrame) -> list[frozenset[str]]:
    """Return the names of each row in the form in which we compare them, without kinds of places.

    Endings are kept: in one raion, Страчово may be another place than Страчево.
    """
    texts = [
        [str(name) for name in row if name is not None] for row in names.itertuples(index=False)
    ]
    distinct = list(dict.fromkeys(itertools.chain.from_iterable(texts)))
    keys = dict(
        zip(distinct, make_name_keys(map(strip_kind, distinct), endings=False), strict=True)
    )
    return [frozenset(keys[name] for name in row) - {""} for row in texts]


@lru_cache(maxsize=10_000)  # an area has few raions, and each is named by many rows
def _unit_key(name: str) -> str:
    return " ".join(word for word in fold_name(name).split() if word not in _UNIT_WORDS)


def _check_ids(records: Records, values: pd.DataFrame) -> None:
    """Refuse an id that stands for two places, as where each table counts from 1."""
    a, b = find_shared_ids(records)
    for i, j, km in zip(
        a.tolist(), b.tolist(), measure_distances_km(records, a, b).tolist(), strict=True
    ):
        named = records.names[i] & records.names[j] or not (records.names[i] and records.names[j])
        # A row of an earlier merge may stand for records of other names that lie farther away.
        unmerged = len(records.ids[i]) == len(records.ids[j]) == 1
        if unmerged and (not named or km > SAME_UNIT_KM):
            first, second = (
                f"table {records.table[r] + 1} {sorted(records.names[r])}" for r in (i, j)
            )
            raise DataError(
                f"Invalid id {values['id'][i]!r}: {first} and {second} are not one place. Must "
                "stand for the same place in all tables; put the name of the table before it."
            )


# The columns that a merge adds before ``conflict``. A table from an earlier merge has them already.
_ADDED_COLUMNS = ("source", "merged_from", "position_source", "population_source", "newly_located",
          "geometry")  # fmt: skip


# The columns that a summary needs.
_COUNTED_COLUMNS = ("merged_from", "newly_located", "conflict", "geometry")


_TABLE = Kind(lambda value: isinstance(value, pd.DataFrame), "a table of places", takes_tables=True)


def merge_settlements(*tables: pd.DataFrame, regions: Iterable[Region] = ()) -> gpd.GeoDataFrame:
    """Merge tables of settlements of one area into one table.

    Rows are one place if they share an ``id``, or the ``code`` of one ``code_system``; a KATOTTG
    code and its first twelve characters, in ``code`` or ``adm4_pcode``, are one code. They are
    also one place if they share a name and lie within 15 km of each other in one raion or hromada,
    within 5 km if one of them names neither, or within 3 km if they name different ones; or if they
    lie within 2 km and their names differ by a slip of spelling. A row without a point joins the
    place of its name within 15 km of the centre of its hromada, if no other place comes near. Two
    rows of one table, or with different codes of one system, are never one place.

    Parameters
    ----------
    *tables
        Tables such as those of :func:`geobuffer.load_settlements` and
        :func:`geobuffer.load_not_located`, with points in any CRS or without points. Each needs
        the column ``id``, which is unique in the table and stands for the same place in all tables,
        and a name in a column that begins with ``name``. Other columns are used where present.
    regions
        If given, ``conflict`` also reports where ``oblast_iso`` or ``country`` contradicts the
        region that holds the point.

    Returns
    -------
    geopandas.GeoDataFrame
        A row for each place, in the order of first rows, in EPSG:4326, with all columns of all
        tables. These columns are added: ``merged_from``, the ids of its rows, and ``source``, all
        their sources, separated by ``"; "``; ``position_source``, the source of the point, which
        with ``accuracy_m`` comes from the most accurate row; ``population_source``, the source of
        the latest ``population`` (figures are never added up; ``population_as_of`` may be
        ``2001``, ``2001-12``, ``2001-12-05`` or ``31.12.2001``, and a date without a sure reading
        counts as missing, with a warning); ``newly_located``, whether a row
        without a point got one; ``conflict``: sentences, or ``""``. Other values come from the row
        with an official code, and missing ones from the other rows. A transliterated name is used
        only where no row has another one.

    Raises
    ------
    DataError
        No table is given; a table lacks ids or names; an id repeats, contains ``;`` or stands for
        two places; a population is not a number or is negative; or as
        :func:`geobuffer.distance_to_border`.
    MissingCRSError
        A table of points has no coordinate reference system.

    Notes
    -----
    The most similar pairs are united first. The order of the tables changes only the order of the
    rows in the result.

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
    for table in tables:
        check_arguments(tables=(table, _TABLE))
    check_arguments(regions=(regions, REGIONS))
    records, values = gather_records(tables)
    _warn_of_dates(values)
    place = link_records(records)
    merged = _assemble_places(records, values, place)
    complete_pcodes(merged)
    conflict = _collect_conflicts(records, values, place, merged, tuple(regions))
    merged.insert(len(merged.columns) - 1, "conflict", conflict)
    return merged


def merge_summary(merged: pd.DataFrame) -> pd.Series:
    """Count the records, places and conflicts of a merge.

    Parameters
    ----------
    merged
        The result of :func:`merge_settlements`.

    Returns
    -------
    pandas.Series
        ``records``, the number of different ids in all tables; ``places``, the rows of the result;
        ``merged``, places of more than one record; ``newly_located``, places that got a point;
        ``not_located``, places without a point; ``conflicts``, places with a conflict.

    Examples
    --------
    >>> import geobuffer as gb
    >>> merge_summary(merge_settlements(gb.load_settlements()))["merged"]
    np.int64(0)
    """
    check_arguments(
        merged=(
            merged,
            Kind(lambda v: isinstance(v, gpd.GeoDataFrame), "a result of merge_settlements()"),
        )
    )
    if lacking := [name for name in _COUNTED_COLUMNS if name not in merged]:
        raise DataError(
            f"Invalid table: no column {lacking[0]!r}. Must come from merge_settlements()."
        )
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


def _assemble_places(records: Records, values: pd.DataFrame, place: Ints) -> gpd.GeoDataFrame:
    """Return a row for each place: the values of its leading row, and missing ones from others."""
    uncoded = np.array([not code for _, code in records.code])
    rank = np.lexsort((records.order, records.accuracy_m, uncoded, place))
    lead, number = values.drop(columns="conflict", errors="ignore").iloc[rank], place[rank]
    merged = lead.groupby(number, sort=True).first()
    merged["merged_from"] = _join_texts(pd.Series(list_ids(values))[rank], number)
    _fill_names(merged, lead, number)
    _fill_population(merged, lead, number)
    _fill_position(merged, records, values, place)
    _fill_radius(merged, lead, number)
    sources = pd.Series(column_texts(values, "source"))[rank]
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
    """Join the parts of the texts of each place; each part occurs once."""

    def join_group(group: pd.Series) -> str:
        parts = (part for text in group for part in text.split(SEPARATOR) if part)
        return SEPARATOR.join(dict.fromkeys(parts))

    return pd.Series(texts.groupby(number, sort=True).agg(join_group))


def _fill_names(merged: pd.DataFrame, lead: pd.DataFrame, number: Ints) -> None:
    """Prefer names from a source to names that were transliterated by rule."""
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
    """Take the latest figure, its date and its source; a figure without a sure date comes last."""
    if "population" not in lead:
        return
    dates = (
        lead["population_as_of"] if "population_as_of" in lead else pd.Series([None] * len(lead))
    )
    facts = pd.DataFrame({"population": read_numbers(lead, "population")})
    facts["population_as_of"] = dates.to_numpy()
    facts["population_source"] = _texts_or(lead, "population_source", "source")
    stated = [parse_date(date) for date in dates]
    facts["stated"] = pd.Series(stated, index=facts.index, dtype=object)
    facts = facts.assign(number=number)[facts["population"].notna()]
    # The sort is stable, so the leading row stays first among figures of one date.
    latest = facts.sort_values("stated", ascending=False, na_position="last", kind="stable")
    latest = latest.drop_duplicates("number")
    for column in ("population", "population_as_of", "population_source"):
        merged[column] = latest.set_index("number")[column].reindex(merged.index)


def _warn_of_dates(values: pd.DataFrame) -> None:
    """Warn of figures whose date cannot be read with certainty; they rank as undated."""
    if not {"population", "population_as_of"} <= set(values.columns):
        return
    known = values[["population", "population_as_of"]].notna().all(axis=1).to_numpy()
    rows, dates = np.flatnonzero(known), values["population_as_of"][known]
    unsure = [
        f"{values['id'].iloc[row]}: {quote_value(date)}"
        for row, date in zip(rows, dates, strict=True)
        if parse_date(date) is None and str(date).strip().casefold() not in NO_NUMBER
    ]
    warn_of_rows(
        pd.Index(unsure),
        "with a population whose population_as_of is not a clear date, so the figure ranks as "
        "undated (write dates as 2001-12-31)",
        stacklevel=3,
    )


def _texts_or(values: pd.DataFrame, column: str, otherwise: str) -> list[str | None]:
    """Return the texts of a column, or where one is empty, those of another column."""
    both = zip(column_texts(values, column), column_texts(values, otherwise), strict=True)
    return [one or other or None for one, other in both]


def _fill_position(
    merged: pd.DataFrame, records: Records, values: pd.DataFrame, place: Ints
) -> None:
    """Take the most accurate point, its accuracy and its source."""
    there = np.isfinite(records.lon)
    best = np.lexsort((records.order, records.accuracy_m, ~there, place))
    best = best[np.unique(place[best], return_index=True)[1]]
    located = pd.Series(there[best], index=merged.index)
    points = gpd.points_from_xy(records.lon[best], records.lat[best])
    merged["geometry"] = pd.Series(list(points), index=merged.index).where(located, None)
    if "accuracy_m" in values:
        known = pd.Series(values["accuracy_m"].to_numpy()[best], index=merged.index)
        merged["accuracy_m"] = known.where(located, None)
    sources = np.array(_texts_or(values, "position_source", "source"), dtype=object)[best]
    merged["position_source"] = pd.Series(sources, index=merged.index).where(located, None)
    before = np.array(
        [text == "True" for text in column_texts(values, "newly_located")], dtype=bool
    )
    lost = pd.Series(~there | before).groupby(place, sort=True).any()
    merged["newly_located"] = located & lost


def _fill_radius(merged: pd.DataFrame, lead: pd.DataFrame, number: Ints) -> None:
    """Prefer a radius that was measured, as ``radius_from`` says, to one that was estimated."""
    if not {"radius_m", "radius_from"} <= set(lead):
        return
    measured = lead["radius_m"].where(lead["radius_from"].notna(), None)
    found = measured.groupby(number, sort=True).first()
    merged["radius_m"] = found.where(found.notna(), merged["radius_m"])


def _collect_conflicts(
    records: Records,
    values: pd.DataFrame,
    place: Ints,
    merged: gpd.GeoDataFrame,
    regions: tuple[Region, ...],
) -> list[str]:
    """Return the conflicts of each place, including those of an earlier merge."""
    found: list[dict[str, None]] = [{} for _ in range(len(merged))]
    for row, text in enumerate(column_texts(values, "conflict")):
        found[place[row]] |= dict.fromkeys(filter(None, text.split(SEPARATOR)))
    found_conflicts = [
        *_find_far_namesakes(records, values, place),
        *_find_disagreements(records, values, place),
    ]
    if regions and len(merged):
        found_at = find_conflicts(read_listing(merged), regions, *read_lonlat(merged))
        sentences = found_at.sentences.spread()
        found_conflicts += [(at, sentence) for at, sentence in enumerate(sentences) if sentence]
    for at, sentence in found_conflicts:
        found[at][sentence] = None
    return [SEPARATOR.join(sentences) for sentences in found]


def _find_far_namesakes(
    records: Records, values: pd.DataFrame, place: Ints
) -> Iterator[tuple[int, str]]:
    """Yield the places of rows of one name in one raion that are too far apart to be one place."""
    tables: dict[int, set[int]] = {}
    for row, at in enumerate(place.tolist()):
        tables.setdefault(at, set()).add(int(records.table[row]))
    for a, b, km, together in pair_namesakes(records):
        one, other = int(place[a]), int(place[b])
        coded = records.code[a][0] == records.code[b][0] != ""
        # If each place also has a row of the other's table, the two are namesakes, not one place
        # with a wrong position.
        if (
            one != other
            and together
            and km > SAME_UNIT_KM
            and not coded | bool(tables[one] & tables[other])
        ):
            for at, to in ((one, b), (other, a)):
                yield at, f"{values['id'][to]} has the same name and raion, {km:.1f} km away"


def _find_disagreements(
    records: Records, values: pd.DataFrame, place: Ints
) -> Iterator[tuple[int, str]]:
    """Yield the places whose rows lie far apart or share no name."""
    members: dict[int, list[int]] = {}
    for row in np.argsort(records.order, kind="stable").tolist():
        members.setdefault(int(place[row]), []).append(row)
    pairs = [(at, i, j) for at, group in members.items() for i, j in combinations(group, 2)]
    if not pairs:
        return
    _, first, second = np.array(pairs).T
    for (at, i, j), km in zip(
        pairs, measure_distances_km(records, first, second).tolist(), strict=True
    ):
        both = f"{values['id'][i]} and {values['id'][j]}"
        if km > UNSTATED_KM:
            yield at, f"{both} lie {km:.1f} km apart"
        if not records.names[i] & records.names[j]:
            yield at, f"{both} have different names"

"""Make one table of settlements of several: nothing lost, every source kept, conflicts told."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from geobuffer.errors import DataError
from geobuffer.matching import (
    SAME_UNIT_KM,
    UNSTATED_KM,
    Rows,
    distance_km,
    match,
    named_alike,
    same_ids,
)
from geobuffer.names import fold
from geobuffer.queries import UNSTATED_M, contradictions, lonlat, numbers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from geobuffer.geodesy import Ints
    from geobuffer.model import Region

# What stands between the ids and sources of rows that became one.
_AND = "; "
# Words that say that a raion is one.
_UNIT = {"район", "raion", "rayon", "district", "county", "муниципальный"}


def merge_settlements(
    *tables: pd.DataFrame, regions: Iterable[Region] = ()
) -> gpd.GeoDataFrame:
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
        places; or as :func:`geobuffer.distance_to_border`.
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
    array([['a:1', 'a:1; b:9', 'A; B', 'B']], dtype=object)
    """
    rows, said = _gathered(tables)
    _check_ids(rows, said)
    place = match(rows)
    merged = _assembled(rows, said, place)
    merged["conflict"] = _conflicts(rows, said, place, merged, tuple(regions))
    return merged


def merge_summary(merged: pd.DataFrame) -> pd.Series:
    """Count what :func:`merge_settlements` did.

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
    records = merged["merged_from"].str.split(_AND)
    return pd.Series(
        {
            "records": sum(map(len, records)),
            "places": len(merged),
            "merged": int((records.str.len() > 1).sum()),
            "newly_located": int(merged["newly_located"].sum()),
            "not_located": int(merged.geometry.isna().sum()),
            "conflicts": int((merged["conflict"] != "").sum()),
        },
        name="count",
    )


def _gathered(tables: tuple[pd.DataFrame, ...]) -> tuple[Rows, pd.DataFrame]:
    """Return what decides about all rows, and all that they say."""
    if not tables:
        raise DataError("No table of settlements. Must be given at least one.")
    for number, table in enumerate(tables):
        _check_table(table, number)
    points = [_points(table) for table in tables]
    columns = dict.fromkeys(str(c) for t in tables for c in t.columns if c != _geometry_of(t))
    said = pd.DataFrame(
        {
            column: np.concatenate(
                [
                    _objects(t[column]) if column in t.columns else np.full(len(t), None)
                    for t in tables
                ]
            )
            for column in columns
        },
        dtype=object,
    )
    said["id"] = said["id"].map(str)
    lon, lat = np.concatenate(points, axis=1)
    return _rows(said, np.repeat(np.arange(len(tables)), [len(t) for t in tables]), lon, lat), said


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


def _geometry_of(table: pd.DataFrame) -> str | None:
    if not isinstance(table, gpd.GeoDataFrame):
        return None
    name: str | None = table.active_geometry_name
    return name


def _points(table: pd.DataFrame) -> NDArray[np.float64]:
    """Return longitudes and latitudes; NaN for all rows of a table without geometry."""
    if _geometry_of(table) is None or table.geometry.isna().all():
        return np.full((2, len(table)), np.nan)
    return np.stack(lonlat(table))


def _objects(column: pd.Series) -> NDArray[np.object_]:
    """Return a column's values, None for each that is missing."""
    values = column.astype(object).to_numpy(copy=True)
    values[column.isna().to_numpy()] = None
    return np.asarray(values)


def _texts(said: pd.DataFrame, column: str) -> list[str]:
    if column not in said:
        return [""] * len(said)
    return ["" if value is None else str(value) for value in said[column]]


def _rows(said: pd.DataFrame, table: Ints, lon: NDArray, lat: NDArray) -> Rows:  # type: ignore[type-arg]
    names = [c for c in said.columns if c.startswith("name")]
    accuracy = numbers(said, "accuracy_m") if "accuracy_m" in said else np.full(len(said), np.nan)
    codes = list(zip(_texts(said, "code_system"), _texts(said, "code"), strict=True))
    raions = zip(_texts(said, "raion"), _texts(said, "raion_en"), strict=True)
    return Rows(
        table=table,
        ids=[frozenset(ids.split(_AND)) for ids in _ids(said)],
        lon=lon,
        lat=lat,
        accuracy_m=np.nan_to_num(accuracy, nan=UNSTATED_M),
        names=[_name_keys(row) for row in said[names].itertuples(index=False)],
        country=_texts(said, "country"),
        oblast=_texts(said, "oblast_iso"),
        raion=[frozenset(filter(None, map(_unit_key, pair))) for pair in raions],
        hromada=[fold(name) for name in _texts(said, "hromada")],
        code=[(system, code) if system and code else ("", "") for system, code in codes],
        order=_order(said, lon, lat),
    )


def _ids(said: pd.DataFrame) -> list[str]:
    """Return the ids of each row: those it was merged from before, or its own."""
    return [b or a for a, b in zip(_texts(said, "id"), _texts(said, "merged_from"), strict=True)]


def _order(said: pd.DataFrame, lon: NDArray, lat: NDArray) -> Ints:  # type: ignore[type-arg]
    """Return the place of each row when rows are sorted by all they say, the id first."""
    columns = ["id", *sorted(c for c in said.columns if c != "id")]
    texts = ["\0".join(row) for row in zip(*(_texts(said, c) for c in columns), strict=True)]
    keys = [f"{t}\0{x!r}\0{y!r}" for t, x, y in zip(texts, lon.tolist(), lat.tolist(), strict=True)]
    order = np.empty(len(keys), dtype=np.int64)
    order[sorted(range(len(keys)), key=keys.__getitem__)] = np.arange(len(keys))
    return order


def _name_keys(names: Iterable[object]) -> frozenset[str]:
    """Return what of names is compared: folded; in Latin letters, i and y count as one."""
    folded = {fold(str(name)) for name in names if name is not None}
    return frozenset(re.sub("[iy]+", "i", name) for name in folded) - {""}


def _unit_key(name: str) -> str:
    return " ".join(word for word in fold(name).split() if word not in map(fold, _UNIT))


def _check_ids(rows: Rows, said: pd.DataFrame) -> None:
    """Refuse an id that stands for two places: numbers from 1 in each table, say."""
    a, b = same_ids(rows)
    for i, j, km in zip(a.tolist(), b.tolist(), distance_km(rows, a, b).tolist(), strict=True):
        named = rows.names[i] & rows.names[j] or not (rows.names[i] and rows.names[j])
        if not named or km > SAME_UNIT_KM:
            one, two = (f"table {rows.table[r] + 1} {sorted(rows.names[r])}" for r in (i, j))
            raise DataError(
                f"Invalid id {said['id'][i]!r}: {one} and {two} are not one place. Must stand for "
                "the same place in all tables; put the table's name before it."
            )


def _assembled(rows: Rows, said: pd.DataFrame, place: Ints) -> gpd.GeoDataFrame:
    """Make a row of each place: the leading row's answers, its gaps filled from the others."""
    coded = np.array([not code for _, code in rows.code])
    rank = np.lexsort((rows.order, rows.accuracy_m, coded, place))
    lead, number = said.iloc[rank], place[rank]
    merged = lead.groupby(number, sort=True).first()
    merged["merged_from"] = _joined(pd.Series(_ids(said))[rank], number)
    _fill_names(merged, lead, number)
    _fill_population(merged, lead, number)
    _fill_position(merged, rows, said, place)
    sources = pd.Series(_texts(said, "source"))[rank]
    merged["source"] = _joined(sources, number)
    for column in merged.columns.intersection(said.columns):
        merged[column] = merged[column].where(merged[column].notna(), None).infer_objects()
    if "population" in merged:
        merged["population"] = merged["population"].astype("Int64")
    return gpd.GeoDataFrame(merged, geometry="geometry", crs="EPSG:4326")


def _joined(texts: pd.Series, number: Ints) -> pd.Series:
    """Join the parts of a place's texts, each once."""
    parts = texts.groupby(number, sort=True).agg(
        lambda group: _AND.join(dict.fromkeys(p for t in group for p in t.split(_AND) if p))
    )
    return pd.Series(parts)


def _fill_names(merged: pd.DataFrame, lead: pd.DataFrame, number: Ints) -> None:
    """Let names that were found in a source come before those made by rule."""
    if "transliterated" not in lead:
        return
    made = [set(text.split()) for text in _texts(lead, "transliterated")]
    left = {place: [] for place in merged.index}  # type: dict[int, list[str]]
    for language in ("ru", "uk", "en"):
        if (column := f"name_{language}") not in lead:
            continue
        by_rule = np.array([language in languages for languages in made])
        found = lead[column].where(~by_rule, None).groupby(number, sort=True).first()
        for at in found.index[found.isna() & merged[column].notna()]:
            left[at].append(language)
        merged[column] = found.where(found.notna(), merged[column])
    merged["transliterated"] = [" ".join(languages) for languages in left.values()]


def _fill_population(merged: pd.DataFrame, lead: pd.DataFrame, number: Ints) -> None:
    """Take the latest figure, with its date and source; one without a date only if alone."""
    if "population" not in lead:
        return
    given = np.flatnonzero(lead["population"].notna())
    dates = np.array(_texts(lead, "population_as_of"), dtype=object)[given]
    # A stable sort keeps the leading row first among figures of one date.
    latest = given[np.argsort([_descending(date) for date in dates], kind="stable")]
    first = latest[np.unique(number[latest], return_index=True)[1]]
    for column in ("population", "population_as_of", "population_source"):
        texts = "source" if column == "population_source" else column
        if column == "population_source" and column in lead:
            known = lead[column].where(lead[column].notna(), lead.get("source"))
        elif texts in lead:
            known = lead[texts]
        else:
            continue
        merged[column] = pd.Series(known.to_numpy()[first], index=number[first], dtype=object)


def _descending(date: str) -> str:
    """Return a key that sorts later ISO dates first, and no date last."""
    return "".join(chr(0x10FFFF - ord(letter)) for letter in date) or chr(0x10FFFF)


def _fill_position(merged: pd.DataFrame, rows: Rows, said: pd.DataFrame, place: Ints) -> None:
    """Take the most accurate point, with its accuracy and source."""
    there = np.isfinite(rows.lon)
    best = np.lexsort((rows.order, rows.accuracy_m, ~there, place))
    best = best[np.unique(place[best], return_index=True)[1]]
    points = gpd.points_from_xy(rows.lon[best], rows.lat[best])
    located = there[best]
    merged["geometry"] = np.where(located, np.asarray(points, dtype=object), None)
    if "accuracy_m" in said:
        known = said["accuracy_m"].to_numpy()[best]
        merged["accuracy_m"] = pd.Series(np.where(located, known, None), index=merged.index)
    sources = np.array(
        [b or a or None for a, b in zip(
            _texts(said, "source"), _texts(said, "position_source"), strict=True
        )], dtype=object,
    )  # fmt: skip
    merged["position_source"] = np.where(located, sources[best], None)
    lost = pd.Series(~there).groupby(place, sort=True).any().to_numpy()
    before = np.array([text == "True" for text in _texts(said, "newly_located")])
    again = pd.Series(before).groupby(place, sort=True).any().to_numpy()
    merged["newly_located"] = located & (lost | again)


def _conflicts(
    rows: Rows,
    said: pd.DataFrame,
    place: Ints,
    merged: gpd.GeoDataFrame,
    regions: tuple[Region, ...],
) -> list[str]:
    """Return what contradicts itself in each place, the conflicts it came with included."""
    found: list[dict[str, None]] = [{} for _ in range(len(merged))]
    for row, text in enumerate(_texts(said, "conflict")):
        found[place[row]] |= dict.fromkeys(filter(None, text.split(_AND)))
    for at, sentence in (*_apart(rows, said, place), *_differing(rows, said, place)):
        found[at][sentence] = None
    if regions:
        lon, lat = lonlat(merged) if len(merged) else (np.empty(0), np.empty(0))
        astray, _ = contradictions(merged, regions, lon, lat)
        for at, sentence in enumerate(astray):
            if sentence:
                found[at][sentence] = None
    return [_AND.join(sentences) for sentences in found]


def _apart(rows: Rows, said: pd.DataFrame, place: Ints) -> list[tuple[int, str]]:
    """Tell of rows of one name in one raion that were too far apart to be one place."""
    told = []
    tables = pd.Series(rows.table).groupby(place).agg(set)
    for a, b, km, together in named_alike(rows):
        one, other = int(place[a]), int(place[b])
        unlike = rows.code[a][0] == rows.code[b][0] != ""
        if one != other and together and km > SAME_UNIT_KM and not unlike:
            if tables[one] & tables[other]:  # each has its own partner there
                continue
            told += [
                (at, f"{said['id'][to]} has its name in one raion, {km:.1f} km away")
                for at, to in ((one, b), (other, a))
            ]
    return told


def _differing(rows: Rows, said: pd.DataFrame, place: Ints) -> list[tuple[int, str]]:
    """Tell where rows that became one lie far apart, or have a code and no name in common."""
    told = []
    members = pd.Series(range(len(place))).groupby(place).agg(list)
    for at, group in members[members.str.len() > 1].items():
        a, b = np.triu_indices(len(group), 1)
        first, second = np.array(group)[a], np.array(group)[b]
        turned = rows.order[first] > rows.order[second]
        first, second = np.where(turned, second, first), np.where(turned, first, second)
        away = distance_km(rows, first, second)
        for i, j, km in sorted(
            zip(first.tolist(), second.tolist(), away.tolist(), strict=True),
            key=lambda pair: (rows.order[pair[0]], rows.order[pair[1]]),
        ):
            both = f"{said['id'][i]} and {said['id'][j]}"
            if km > UNSTATED_KM:
                told.append((int(at), f"{both} lie {km:.1f} km apart"))
            if not rows.names[i] & rows.names[j]:
                told.append((int(at), f"{both} have different names"))
    return told

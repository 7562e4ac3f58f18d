"""What tables of settlements say, brought to one form: checked once, each row with its keys."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from geobuffer.errors import DataError
from geobuffer.matching import SAME_UNIT_KM, Rows, distance_km, same_ids
from geobuffer.names import fold
from geobuffer.points import UNSTATED_M, lonlat, numbers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from geobuffer.geodesy import Floats, Ints

# What stands between the ids and sources of rows that became one.
AND = "; "
# Words that say that a raion is one.
_UNIT = {fold(w) for w in ("район", "raion", "rayon", "district", "county", "муниципальный")}


def gathered(tables: tuple[pd.DataFrame, ...]) -> tuple[Rows, pd.DataFrame]:
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
    rows = _rows(said, np.repeat(np.arange(len(tables)), [len(t) for t in tables]), lon, lat)
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
        numbers(table, "population")


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


def texts(said: pd.DataFrame, column: str) -> list[str]:
    """Return a column as text; empty where nothing is said."""
    if column not in said:
        return [""] * len(said)
    return ["" if value is None else str(value) for value in said[column]]


def _rows(said: pd.DataFrame, table: Ints, lon: Floats, lat: Floats) -> Rows:
    names = [c for c in said.columns if c.startswith("name")]
    accuracy = numbers(said, "accuracy_m") if "accuracy_m" in said else np.full(len(said), np.nan)
    codes = list(zip(texts(said, "code_system"), texts(said, "code"), strict=True))
    raions = zip(texts(said, "raion"), texts(said, "raion_en"), strict=True)
    return Rows(
        table=table,
        ids=[frozenset(ids.split(AND)) for ids in ids_of(said)],
        lon=lon,
        lat=lat,
        accuracy_m=np.nan_to_num(accuracy, nan=UNSTATED_M),
        names=[_name_keys(row) for row in said[names].itertuples(index=False)],
        country=texts(said, "country"),
        oblast=texts(said, "oblast_iso"),
        raion=[frozenset(filter(None, map(_unit_key, pair))) for pair in raions],
        hromada=[fold(name) for name in texts(said, "hromada")],
        code=[(system, code) if system and code else ("", "") for system, code in codes],
        order=_order(said, lon, lat),
    )


def ids_of(said: pd.DataFrame) -> list[str]:
    """Return the ids of each row: those it was merged from before, or its own."""
    return [b or a for a, b in zip(texts(said, "id"), texts(said, "merged_from"), strict=True)]


def _order(said: pd.DataFrame, lon: Floats, lat: Floats) -> Ints:
    """Return the place of each row when rows are sorted by all they say, the id first."""
    columns = ["id", *sorted(c for c in said.columns if c != "id")]
    parts = ["\0".join(row) for row in zip(*(texts(said, c) for c in columns), strict=True)]
    keys = [f"{t}\0{x!r}\0{y!r}" for t, x, y in zip(parts, lon.tolist(), lat.tolist(), strict=True)]
    order = np.empty(len(keys), dtype=np.int64)
    order[sorted(range(len(keys)), key=keys.__getitem__)] = np.arange(len(keys))
    return order


def _name_keys(names: Iterable[object]) -> frozenset[str]:
    """Return what of names is compared: folded; in Latin letters, i and y count as one."""
    folded = {fold(str(name)) for name in names if name is not None}
    return frozenset(re.sub("[iy]+", "i", name) for name in folded) - {""}


@lru_cache(maxsize=10_000)  # an area has few raions, and each is named by many rows
def _unit_key(name: str) -> str:
    return " ".join(word for word in fold(name).split() if word not in _UNIT)


def _check_ids(rows: Rows, said: pd.DataFrame) -> None:
    """Refuse an id that stands for two places: numbers from 1 in each table, say."""
    a, b = same_ids(rows)
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

"""Download the places of Ukraine, with outlines, from the boundaries on HDX (COD-AB, level 4).

The p-code of level 4 is the first twelve characters of the KATOTTG code, so the places join the
official register without a comparison of names. See :mod:`geobuffer.datasets.fetch.hdx`.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geobuffer.datasets import bundled
from geobuffer.datasets.countries import ukraine_iso
from geobuffer.datasets.fetch.derived import read_or_compute
from geobuffer.datasets.fetch.hdx import obtain_layers, read_layer, region_names
from geobuffer.datasets.fetch.tables import Fetched, check_outline, settlement_table
from geobuffer.errors import DataError
from geobuffer.geodesy.ellipsoid import project_equal_area
from geobuffer.zones.toponyms import fold_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geobuffer.datasets.fetch.downloader import Downloader
    from geobuffer.zones.source import Source


# The median distance between the points of a village in independent tables is 250 m, because they
# choose its middle differently. Even an exact outline does not define the middle better.
_ACCURACY_M = 250.0

_PCODE = r"UA\d{10}"

# Facts about a place that the bundled register has and HDX does not.
_REGISTER_COLUMNS = (
    "kind", "kind_local", "oblast", "raion", "raion_en", "hromada", "hromada_code", "hromada_type",
    "code", "code_system",
)  # fmt: skip


def places(how: Downloader, *, refresh: bool) -> Fetched:
    """Return the places of Ukraine: a point and the radius of an outline for each."""
    file = obtain_layers(how, "UA", 4, refresh=refresh)
    source = dataclasses.replace(file.source, accuracy_m=_ACCURACY_M)
    # To read 30,000 outlines takes twelve seconds.
    found = read_or_compute(file, source, lambda: _measure_places(read_layer(file, 4), source))
    return Fetched(found, (source,))


def _measure_places(table: gpd.GeoDataFrame, source: Source) -> gpd.GeoDataFrame:
    areas = _unite_parts(_check_rows(table, source))
    found = settlement_table(_place_rows(areas), source)
    found["adm4_pcode"] = areas["adm4_pcode"].to_numpy()
    found["adm3_pcode"] = areas["adm4_pcode"].str[:9].to_numpy()
    found["radius_m"] = _measure_radii_m(areas.geometry)
    found.insert(list(found.columns).index("radius_m") + 1, "radius_from", "outline")
    return found


def _check_rows(table: gpd.GeoDataFrame, source: Source) -> gpd.GeoDataFrame:
    """Return the rows with valid outlines; raise DataError for a wrong code or outline."""
    if "adm4_pcode" not in table:
        held = ", ".join(map(str, table.columns))
        raise DataError(
            f"Invalid level 4 of {source.title}: no column adm4_pcode or ADM4_PCODE among {held}."
        )
    codes = table["adm4_pcode"].fillna("").astype(str)
    wrong = ~codes.str.fullmatch(_PCODE)
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        raise DataError(
            f"Invalid adm4_pcode in {source.title}, feature {row}: {codes.iloc[row]!r}. Expected "
            "UA and ten digits."
        )
    outlines = [
        check_outline(shape, f"{code} in {source.title}")
        for code, shape in zip(codes, table.geometry, strict=True)
    ]
    return table.set_geometry(gpd.GeoSeries(outlines, table.index, crs=table.crs))


def _unite_parts(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return one row for each code: some files have a feature for each part of a place."""
    if table["adm4_pcode"].is_unique:
        return table.reset_index(drop=True)
    return table.dissolve(by="adm4_pcode", as_index=False, sort=False)


def _place_rows(areas: gpd.GeoDataFrame) -> pd.DataFrame:
    codes = areas["adm4_pcode"]
    facts = areas.drop(columns=areas.geometry.name).to_dict("records")
    own, hromada, raion, oblast = ([_read_names(row, n) for row in facts] for n in (4, 3, 2, 1))
    if not any(own):
        held = ", ".join(facts[0])
        raise DataError(
            f"Invalid level 4 of HDX: no names of places among {held}. Expected adm4_name or "
            "ADM4_EN."
        )
    points = _choose_points(areas)
    rows = pd.DataFrame(
        {
            "id": "cod-ab:" + codes,
            **{f"name_{key}": [names.get(key) for names in own] for key in ("uk", "ru", "en")},
            "kind": "populated place",
            "country": "UA",
            "oblast_iso": codes.map(ukraine_iso),
            "oblast": [names.get("en") or names.get("uk") for names in oblast],
            "raion": [names.get("uk") for names in raion],
            "raion_en": [names.get("en") for names in raion],
            "hromada": [names.get("uk") or names.get("en") for names in hromada],
            "longitude": shapely.get_x(points),
            "latitude": shapely.get_y(points),
        }
    )
    return _add_register(rows, codes)


def _read_names(row: Mapping[str, Any], level: int) -> dict[str, str]:
    """Return names by language; Cyrillic ones whose language is not stated are Ukrainian."""
    names = region_names(row, level)
    bare = row.get(f"adm{level}_name1")
    if "uk" not in names and bare not in names.values() and _is_cyrillic(bare):
        names["uk"] = str(bare)
    return names


def _is_cyrillic(value: object) -> bool:
    return isinstance(value, str) and re.search("[А-Яа-яІіЇїЄєҐґ]", value) is not None


def _add_register(rows: pd.DataFrame, codes: pd.Series[str]) -> pd.DataFrame:
    """Add the official code, and what goes with it, to places that are in the bundled register."""
    known = bundled.load_settlements(located="all")
    known = known[known["adm4_pcode"].notna()].drop_duplicates("adm4_pcode")
    register = known.set_index("adm4_pcode")
    for column in _REGISTER_COLUMNS:
        official = codes.map(register[column]).astype(object)
        given = rows[column] if column in rows else pd.Series(None, rows.index, dtype=object)
        rows[column] = official.where(official.notna(), given)
    # Where a place was renamed, the register has the new name; the other names are then old too.
    renamed = rows["name_uk"].map(fold_name, na_action="ignore") != codes.map(
        register["name_uk"].map(fold_name)
    )
    for column in ("name_uk", "name_ru", "name_en"):
        official = codes.map(register[column]).astype(object)
        rows[column] = rows[column].where(~(renamed & codes.isin(register.index)), official)
    return rows


def _choose_points(areas: gpd.GeoDataFrame) -> Any:
    """Return the stated centre of each outline, or a point within it if the centre lies outside."""
    shapes = areas.geometry.to_numpy()
    within = shapely.point_on_surface(shapes)
    if not {"center_lon", "center_lat"} <= set(areas):
        return within
    lon, lat = (
        pd.to_numeric(areas[name], errors="coerce").to_numpy(dtype=float)
        for name in ("center_lon", "center_lat")
    )
    stated = shapely.points(lon, lat)
    usable = np.isfinite(lon) & np.isfinite(lat)
    usable[usable] = shapely.intersects(shapes[usable], stated[usable])
    return np.where(usable, stated, within)


def _measure_radii_m(outlines: gpd.GeoSeries) -> Any:
    """Return the radius of the circle that has the area of each outline.

    A place of the same size is as likely to reach over an edge, whichever way the edge runs. The
    plane is exact within 2 m for edges of 10 km, and villages have shorter ones.
    """
    flat = shapely.transform(outlines.to_numpy(), project_equal_area)
    return np.sqrt(shapely.area(flat) / np.pi).round()

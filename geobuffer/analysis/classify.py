"""Ask where points lie: how far from a border, by which section, in a zone or not, and how surely.

The table comes first, in any CRS; results have its index, one row for each of its rows. A row
without a point gets missing values, never dropped. The caller's table is not changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from geobuffer.analysis.conflicts import contradictions, listed_country
from geobuffer.analysis.membership import MEMBERSHIP, answer, margin_km, placed
from geobuffer.io.point_tables import lonlat, metres, warn_if_swapped, warn_of
from geobuffer.zones.checks import check_border, check_zone
from geobuffer.zones.source import ORIGIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geobuffer.geodesy.ellipsoid import Floats
    from geobuffer.zones.border import Border
    from geobuffer.zones.zone import Zone


class Doubts(NamedTuple):
    """Why a place may not be where its point is: one entry for each row of a table."""

    margin: Floats
    """How far the place may be from its point, in km."""
    unlisted: NDArray[np.bool_]
    """Whether no country lists it."""
    wrong_country: NDArray[np.bool_]
    """Whether another country lists it than the one that holds its point."""


def distance_to_border(table: gpd.GeoDataFrame | gpd.GeoSeries, border: Border) -> pd.Series:
    """Return each point's geodesic distance to a border in km, right to a millimetre.

    Parameters
    ----------
    table
        Points, in any CRS.
    border
        The border.

    Raises
    ------
    MissingCRSError
        The table has no coordinate reference system.
    DataError
        A geometry is not a point, or its coordinates are not finite or no degrees. Points that
        would lie near the border with longitude and latitude swapped are warned of.
    WrongKind
        The border is none.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> border = gb.border_between(regions["Kursk"], regions["Sumy"])
    >>> import geopandas as gpd
    >>> sumy = gpd.GeoSeries.from_xy([34.8], [50.91], crs="EPSG:4326")
    >>> distance_to_border(sumy, border).round(1).tolist()
    [28.9]
    """
    check_border(border)
    lon, lat = lonlat(table)
    warn_if_swapped(lon, lat, _lines(border), _called(table), stacklevel=2)
    distance, _, _ = placed(lon, lat, border)
    return pd.Series(distance, index=table.index, name="distance_km")


def nearest_section(table: gpd.GeoDataFrame | gpd.GeoSeries, border: Border) -> pd.DataFrame:
    """Return each point's nearest section, and the chainage (km) of its nearest point there.

    Parameters
    ----------
    table
        Points, in any CRS.
    border
        The border.

    Returns
    -------
    pandas.DataFrame
        ``section`` and ``chainage_km``, with the table's index.

    Raises
    ------
    MissingCRSError, DataError, WrongKind
        As :func:`distance_to_border`.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> border = gb.border_between(regions["Kursk"], regions["Sumy"])
    >>> import geopandas as gpd
    >>> point = gpd.GeoSeries.from_xy([34.8], [50.91], crs="EPSG:4326")
    >>> nearest_section(point, border)["section"].tolist()
    ['Kursk–Sumy']
    """
    check_border(border)
    lon, lat = lonlat(table)
    warn_if_swapped(lon, lat, _lines(border), _called(table), stacklevel=2)
    return _located(table, border, lon, lat)[["section", "chainage_km"]]


def locate(table: gpd.GeoDataFrame | gpd.GeoSeries, border: Border) -> pd.DataFrame:
    """Return where each point lies by a border: how far, on which side, by which kilometre.

    Parameters
    ----------
    table
        Points, in any CRS.
    border
        The border.

    Returns
    -------
    pandas.DataFrame
        ``distance_km``, ``side`` (``""`` on the territory of neither), ``section`` and
        ``chainage_km``, with the table's index.

    Raises
    ------
    MissingCRSError, DataError, WrongKind
        As :func:`distance_to_border`.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> border = gb.border_between(regions["Kursk"], regions["Sumy"])
    >>> import geopandas as gpd
    >>> point = gpd.GeoSeries.from_xy([34.8], [50.91], crs="EPSG:4326")
    >>> locate(point, border)["side"].tolist()
    ['Ukraine']
    """
    check_border(border)
    lon, lat = lonlat(table)
    warn_if_swapped(lon, lat, _lines(border), _called(table), stacklevel=2)
    return _located(table, border, lon, lat)


def _located(
    table: gpd.GeoDataFrame | gpd.GeoSeries, border: Border, lon: Floats, lat: Floats
) -> pd.DataFrame:
    distance, section, chainage = placed(lon, lat, border)
    return _decoded(table, border, distance, border.side_codes(lon, lat), section, chainage)


def _called(table: gpd.GeoDataFrame | gpd.GeoSeries) -> pd.Index:
    """Return what a message calls the rows: by name, if they have one."""
    labels: pd.Index = table.index
    for column in ("name_en", "name"):
        if column in getattr(table, "columns", ()):
            labels = pd.Index(table[column])
    return labels


def _lines(border: Border | Zone) -> list[BaseGeometry]:
    return [section.line for section in border.sections]


def classify(
    table: gpd.GeoDataFrame | gpd.GeoSeries,
    zone: Zone,
    *,
    compiled: bool | None = None,
) -> pd.DataFrame:
    """Tell for each point whether it lies in a zone, in which ring, and how surely.

    Parameters
    ----------
    table
        Points, in any CRS. Used where present: ``accuracy_m`` (of the point) and ``radius_m`` (of
        the place about it), in metres, a gap in either for 1,000; ``country`` and ``oblast_iso``
        (ISO codes), or their names in ``country`` and ``oblast``.
    zone
        The zone. Its edges belong to it; a point on the edge of two rings is in the inner one.
    compiled
        Whether to use the compiled engine (the extra ``fast``); by default, for 200,000 rows or
        more. Say so for tables that come in pieces of different sizes: the engines' distances
        may differ by a hundredth of a millimetre.

    Returns
    -------
    pandas.DataFrame
        ``distance_km`` to the border; ``side``, the name of the side whose territory holds the
        point, or ``""``; ``section`` and ``chainage_km`` of the border's nearest point; ``ring``,
        missing outside the zone; ``membership``: ``"inside"``, ``"outside"``, or ``"uncertain"``
        where the zone's edge is nearer than ``margin_km``; that margin: the accuracies of border
        and point, combined as independent errors, and the radius of the place; ``conflict``, a
        sentence where the table's country or oblast contradicts the point's position, else ``""``.

    Raises
    ------
    MissingCRSError, DataError
        As :func:`distance_to_border`; also where an accuracy or radius is negative.
    WrongKind
        The zone is none.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> border = gb.border_between(regions["Kursk"], regions["Sumy"])
    >>> zone = gb.build_zone(border, km=10, side="Ukraine", tolerance_m=1)
    >>> places = gb.load_settlements()
    >>> place = places[places["name_uk"] == "Юнаківка"]
    >>> classify(place, zone)[["side", "ring", "membership"]].values.tolist()
    [['Ukraine', '0–10 km', 'inside']]
    """
    return classified(table, zone, compiled=compiled, stacklevel=2)


def classified(
    table: gpd.GeoDataFrame | gpd.GeoSeries,
    zone: Zone,
    *,
    compiled: bool | None = None,
    stacklevel: int = 1,
) -> pd.DataFrame:
    """Return what :func:`classify` does, whose warnings point to a caller further up."""
    check_zone(zone)
    lon, lat = lonlat(table)
    warn_if_swapped(lon, lat, _lines(zone), _called(table), stacklevel=stacklevel + 1)
    doubts = doubts_of(table, zone)
    said = answer(lon, lat, zone, **doubts._asdict(), compiled=compiled)
    found = _decoded(table, zone, *said[:4])
    found["ring"] = pd.array(_named(zone.ring_names, said.ring, None), dtype="string")
    found["membership"] = _named(MEMBERSHIP, said.membership, None)
    found["margin_km"] = doubts.margin
    found["conflict"], _ = contradictions(table, zone.regions, lon, lat)
    return found


def doubts_of(table: gpd.GeoDataFrame | gpd.GeoSeries, zone: Zone) -> Doubts:
    """Return what a table's rows leave in doubt about their points; errors as :func:`classify`."""
    _, wrong_country = contradictions(table, zone.regions, *lonlat(table))
    return Doubts(
        margin_km(metres(table, "accuracy_m"), metres(table, "radius_m"), zone),
        listed_country(table, zone.regions).isna().to_numpy(),
        wrong_country,
    )


def within(table: gpd.GeoDataFrame, zone: Zone) -> gpd.GeoDataFrame:
    """Return the rows that lie in a zone, surely or uncertainly, with what ``classify`` says.

    Parameters
    ----------
    table
        Points, in any CRS, as for :func:`classify`.
    zone
        The zone.

    Returns
    -------
    geopandas.GeoDataFrame
        The rows in their order, with their index, columns and CRS; the columns of :func:`classify`
        are added (or replaced). ``attrs["geobuffer"]`` says which border they were measured against
        and where it is from; :func:`geobuffer.write` puts that into every row.

    Raises
    ------
    MissingCRSError, DataError, WrongKind
        As :func:`classify`.

    Warns
    -----
    UserWarning
        Rows have no point; they are in no zone.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> border = gb.border_between(regions["Kursk"], regions["Sumy"])
    >>> zone = gb.build_zone(border, km=10, side="Ukraine", tolerance_m=1)
    >>> inside = within(gb.load_settlements(), zone)
    >>> sorted(inside["membership"].unique())
    ['inside', 'uncertain']
    """
    found = classified(table, zone, stacklevel=2)
    nowhere = found["membership"].isna().to_numpy()
    warn_of(table.index[nowhere], "without a point, and so in no zone", stacklevel=2)
    keep = found["membership"].isin(["inside", "uncertain"]).to_numpy()
    return with_columns(table, found)[keep]


def with_columns(table: gpd.GeoDataFrame, found: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return a table with the columns of another of the same rows, in the same order."""
    kept = table.drop(columns=[c for c in found.columns if c in table.columns])
    # By position: labels of rows may repeat.
    joined = kept.assign(**{column: found[column].to_numpy() for column in found.columns})
    joined.attrs |= found.attrs
    return joined


def _named(
    names: Sequence[str], codes: NDArray[np.signedinteger[Any]], none: str | None
) -> NDArray[np.object_]:
    """Return the names that codes stand for; −1 for none."""
    return np.asarray(np.array([*names, none], dtype=object)[codes])


def _decoded(
    table: gpd.GeoDataFrame | gpd.GeoSeries,
    border: Border | Zone,
    distance: Floats,
    side: NDArray[np.int8],
    section: NDArray[np.int16],
    chainage: Floats,
) -> pd.DataFrame:
    """Return where points lie as a frame with the table's index, and of which border it tells."""
    found = pd.DataFrame(
        {
            "distance_km": distance,
            "side": _named([s.name for s in border.sides], side, ""),
            "section": _named([s.name for s in border.sections], section, None),
            "chainage_km": chainage,
        },
        index=table.index,
    )
    found.attrs[ORIGIN] = _origin(border)
    return found


def _origin(border: Border | Zone) -> dict[str, Any]:
    """Return what a table must say of the border that it was measured against."""
    source = border.source
    facts = {
        "border": "; ".join(section.name for section in border.sections),
        "border_source": source.title,
        "border_citation": source.citation,
        "border_licence": source.licence,
        "border_as_of": source.as_of,
        "border_accuracy_m": source.accuracy_m,
    }
    return {name: fact for name, fact in facts.items() if fact not in {"", None}}

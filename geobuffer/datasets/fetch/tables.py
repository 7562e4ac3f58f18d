"""Build settlement tables and regions from downloaded data, with their source."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import pandas as pd
import shapely
import shapely.geometry

from geobuffer.errors import DataError, find_caller_level
from geobuffer.io.pcodes import insert_pcodes
from geobuffer.zones.areas import repair_area
from geobuffer.zones.region import Region, Regions
from geobuffer.zones.toponyms import NAME_LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from geobuffer.datasets.countries import Country
    from geobuffer.zones.source import Source


# The columns of the bundled tables of places, in their order.
_COLUMNS = (
    "id", "name_uk", "name_ru", "name_en", "transliterated", "kind", "kind_local", "country",
    "oblast_iso", "oblast", "raion", "raion_en", "hromada", "hromada_code", "hromada_type", "code",
    "code_system", "population", "population_as_of", "accuracy_m", "radius_m", "source",
)  # fmt: skip

_TEXT_COLUMNS = [name for name in _COLUMNS if name not in {"population", "accuracy_m", "radius_m"}]
# The type that pandas gives to text: "str" since version 3, "object" before.
_TEXT_TYPE = pd.Series(["text"]).dtype

# Radius in metres of a place of unknown population, as in the bundled tables: that of the median
# population of its kind within 60 km of the default border. By the definition of OpenStreetMap a
# town has between 10,000 and 100,000 people: 20,000 give 2.5 km by the formula below.
_KIND_RADIUS_M = {
    "city": 3000.0, "town": 2500.0, "urban-type settlement": 1800.0, "settlement": 500.0,
    "village": 500.0, "hamlet": 350.0, "populated place": 500.0,
}  # fmt: skip


class Fetched(NamedTuple):
    """Fetched data and their sources; the first source is that of the positions."""

    value: Regions | gpd.GeoDataFrame | pd.DataFrame | Path
    sources: tuple[Source, ...]


class Outline(NamedTuple):
    """A region as its publisher describes it."""

    name: str
    geometry: Any
    names: Mapping[str, str]
    iso: str
    code: str


def cite(source: Source) -> str:
    """Return a source as one line of text, for the column ``source``."""
    facts = (
        source.title, source.licence, source.url, source.as_of and f"as of {source.as_of}",
        source.retrieved and f"retrieved {source.retrieved}",
        source.sha256 and f"sha256 {source.sha256}",
    )  # fmt: skip
    return ", ".join(fact for fact in facts if fact)


def settlement_table(rows: pd.DataFrame, source: Source) -> gpd.GeoDataFrame:
    """Return places with the columns of :func:`geobuffer.load_settlements`.

    ``rows`` has ``longitude`` and ``latitude`` in degrees, and some of those columns. Values that
    the publisher does not have are missing. The radius of a place is estimated from its population
    or its kind, as in the bundled tables.

    Raises
    ------
    DataError
        There are no rows, or a position is invalid: the message names the row by its ``id``.
    """
    if rows.empty:
        raise DataError(f"{source.title} holds no places. Ask for a larger area.")
    points = _make_points(rows, source.title)
    table = rows.reindex(columns=list(_COLUMNS)).reset_index(drop=True)
    table["population"] = pd.to_numeric(table["population"]).astype("Int64")
    for name in _TEXT_COLUMNS:
        known = [value if isinstance(value, str) and value else None for value in table[name]]
        table[name] = pd.Series(known, dtype=_TEXT_TYPE)
    insert_pcodes(table)
    table["transliterated"] = ""
    table["accuracy_m"] = float("nan") if source.accuracy_m is None else source.accuracy_m
    table["radius_m"] = _estimate_radius_m(table)
    table["source"] = cite(source)
    return gpd.GeoDataFrame(table, geometry=points, crs="EPSG:4326")


def _make_points(rows: pd.DataFrame, title: str) -> Any:
    lon, lat = (pd.to_numeric(rows[c], errors="coerce") for c in ("longitude", "latitude"))
    wrong = ~(lon.between(-180, 180) & lat.between(-90, 90))
    if wrong.any():
        first = rows[wrong].iloc[0]
        raise DataError(
            f"Invalid position in {title}, row {first['id']}: longitude {first['longitude']!r}, "
            f"latitude {first['latitude']!r}. Use degrees."
        )
    return gpd.points_from_xy(lon, lat)


def _estimate_radius_m(table: pd.DataFrame) -> pd.Series[float]:
    """Return an estimated radius in metres for each place, by the formula of the bundled tables.

    r = 78 m · population^0.35: a village of 500 people has some 0.3 ha a head, a city of 400,000
    some 0.04 ha. For six cities the result is within 26 % of the official areas.
    """
    by_kind = table["kind"].map(_KIND_RADIUS_M).fillna(_KIND_RADIUS_M["populated place"])
    by_people = (78.0 * table["population"].astype("float64") ** 0.35).round()
    return by_people.fillna(by_kind)


def regions_of(outlines: Sequence[Outline], country: Country | None, source: Source) -> Regions:
    """Return outlines as regions. If several have one name, the code is added to each name.

    Raises
    ------
    DataError
        An outline is not a polygon, or reaches beyond 180° or 90°.
    """
    names = [outline.name for outline in outlines]
    repeated = {name for name in names if names.count(name) > 1}
    return Regions(
        tuple(
            Region(
                name=f"{o.name} ({o.code})" if o.name in repeated else o.name,
                geometry=check_outline(o.geometry, f"{o.name} in {source.title}"),
                source=source,
                names={language: name for language, name in o.names.items() if name},
                iso=o.iso,
                country=country.alpha_2 if country else o.iso[:2],
                country_names=country.names if country else {},
            )
            for o in outlines
        )
    )


def shape_of(feature: Mapping[str, Any], name: str) -> Any:
    """Return the shape of a GeoJSON feature, without heights.

    Raises
    ------
    DataError
        The feature has no valid shape.
    """
    try:
        return shapely.force_2d(shapely.geometry.shape(feature["geometry"]))
    except (KeyError, TypeError, ValueError, IndexError, shapely.errors.ShapelyError) as error:
        raise DataError(f"Invalid geometry of {name}: {error}.") from error


def check_outline(shape: Any, name: str) -> Any:
    """Return a polygon or multipolygon; repair it if its rings touch or cross themselves.

    A warning says how a repair changed the area.

    Raises
    ------
    DataError
        The shape is not an area, or its coordinates are not degrees.
    GeometryError
        A repair would change its area by more than 1 %.
    """
    if shape.geom_type not in {"Polygon", "MultiPolygon"} or shape.is_empty:
        raise DataError(f"Invalid geometry of {name}: {shape.geom_type}. Expected a polygon.")
    west, south, east, north = shape.bounds
    if min(west + 180, 180 - east, south + 90, 90 - north) < 0:
        raise DataError(
            f"Invalid geometry of {name}: it reaches to {west:g}, {south:g}, {east:g}, {north:g}. "
            "Expected longitude and latitude in degrees."
        )
    shape, note = repair_area(shape, name)
    if note:
        warnings.warn(f"repaired {name} {note}", stacklevel=find_caller_level())
    return shape


def parse_bbox(bbox: object) -> tuple[float, float, float, float]:
    """Return a box as (west, south, east, north) in degrees, from numbers or a text with commas.

    Raises
    ------
    DataError
        The box is invalid.

    Examples
    --------
    >>> parse_bbox("33.5,50.9,35,52")
    (33.5, 50.9, 35.0, 52.0)
    """
    parts = bbox.split(",") if isinstance(bbox, str) else bbox
    try:
        west, south, east, north = (float(part) for part in parts)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        west, south, east, north = 1.0, 1.0, 0.0, 0.0
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise DataError(
            f"Invalid bbox {bbox!r}. Use west, south, east, north in degrees, such as "
            "33.5,50.9,35,52. Ask for a box across 180° in two halves."
        )
    return west, south, east, north


def parse_level(level: object, *, deepest: int) -> int:
    """Return an administrative level as a whole number.

    Raises
    ------
    DataError
        The level is not a whole number from 0 to ``deepest``.
    """
    if str(level).isdecimal() and int(str(level)) <= deepest:
        return int(str(level))
    raise DataError(f"Invalid level {level!r}. Use 0 (the country) to {deepest}.")


def regions_table(regions: Regions) -> gpd.GeoDataFrame:
    """Return a row for each region: its names, codes and source, and its outline in EPSG:4326."""
    rows = [
        {
            "name": region.name,
            **{f"name_{language}": region.names.get(language) for language in NAME_LANGUAGES},
            "iso": region.iso,
            "country": region.country,
            "source": cite(region.source),
        }
        for region in regions
    ]
    shapes = [region.geometry for region in regions]
    return gpd.GeoDataFrame(pd.DataFrame(rows), geometry=shapes, crs="EPSG:4326")

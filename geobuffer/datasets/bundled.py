"""Load the bundled datasets; each file is checked against the hash in its manifest."""

from __future__ import annotations

import hashlib
import tomllib
import warnings
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
import shapely

from geobuffer.datasets.world import load_world
from geobuffer.errors import ChecksumMismatch, DataError, UnknownDataset, did_you_mean
from geobuffer.io.not_located import (
    NOT_LOCATED,
    count_by_hromada,
    join_not_located,
    select_same_hromadas,
)
from geobuffer.io.pcodes import insert_pcodes
from geobuffer.zones.arguments import NUMBER, TEXT, TEXTS, Kind, check_arguments, optional
from geobuffer.zones.data_folder import data_folder
from geobuffer.zones.make_border import join_sections
from geobuffer.zones.region import Region, Regions
from geobuffer.zones.source import Source
from geobuffer.zones.toponyms import NAME_LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from geobuffer.zones.border import Border


_SETTLEMENT_DATASETS = ("ukraine", "russia_inid", "russia_geonames")


@cache
def manifest() -> Mapping[str, Mapping[str, Any]]:
    """Return the entry of each bundled dataset in the manifest, by the name of the dataset.

    Examples
    --------
    >>> manifest()["oblasts"]["rows"]
    15
    """
    path = data_folder() / "manifest.toml"
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"Cannot read {path}: {error}. It must be TOML. Reinstall geobuffer."
        raise DataError(message) from error
    for name, entry in entries.items():
        for key in ("file", "title", "licence", "rows", "sha256", "columns"):
            if key not in entry:
                message = f"Invalid {path}: [{name}] lacks {key!r}. Reinstall geobuffer."
                raise DataError(message)
    return MappingProxyType({name: MappingProxyType(entry) for name, entry in entries.items()})


_COUNTRIES = Kind(
    lambda value: TEXT.accepts(value) or TEXTS.accepts(value), "a code or a name, or several"
)
_PLACES = optional(
    Kind(
        lambda value: (
            isinstance(value, pd.DataFrame) and bool({"hromada_code", "code"} & set(value.columns))
        ),
        "a table of places with a column 'hromada_code' or 'code'",
    )
)


def list_datasets() -> pd.DataFrame:
    """Return a row for each bundled dataset: title, licence, date, accuracy, number of rows.

    Examples
    --------
    >>> list_datasets().loc["oblasts", "rows"]
    np.int64(15)
    """
    columns = ["title", "rows", "as_of", "accuracy_m", "licence", "version", "publisher", "file"]
    table = pd.DataFrame.from_dict({k: dict(v) for k, v in manifest().items()}, orient="index")
    return table.rename_axis("dataset")[columns]


def source_of(dataset: str) -> Source:
    """Return the source of a bundled dataset.

    Parameters
    ----------
    dataset
        The name of the dataset, as in the index of :func:`list_datasets`.

    Raises
    ------
    UnknownDataset
        No dataset has that name.

    Examples
    --------
    >>> source_of("border_ukraine_russia").accuracy_m
    10.0
    """
    check_arguments(dataset=(dataset, TEXT))
    entry = _get_entry(dataset)
    fields = ("title", "publisher", "url", "licence", "version", "as_of", "citation")
    return Source(**{f: str(entry.get(f, "")) for f in fields}, accuracy_m=entry.get("accuracy_m"))


def sources_of_places(table: pd.DataFrame) -> list[Source]:
    """Return the sources in the column ``source`` of a table of places, each once.

    A text that the manifest uses for a bundled dataset gives the source of that dataset. Any other
    text becomes the title of a source.

    Examples
    --------
    >>> mine = pd.DataFrame({"source": ["My own survey", None]})
    >>> sources_of_places(mine)
    [Source(My own survey)]
    >>> [source.as_of for source in sources_of_places(load_settlements())]
    ['2024-08', '2021', '2024-08']
    """
    if "source" not in table:
        return []
    texts = dict.fromkeys(str(text) for text in table["source"].dropna() if str(text).strip())
    bundled = {name: set(entry.get("sources", {}).values()) for name, entry in manifest().items()}
    ours = [source_of(dataset) for dataset, own in bundled.items() if own & texts.keys()]
    known = set().union(*bundled.values())
    return ours + [Source(text) for text in texts if text not in known]


def load_regions(
    collection: str | None = None,
    *,
    country: str | Iterable[str] | None = None,
    level: int = 1,
) -> Regions:
    """Return the bundled oblasts, or the regions or countries of the world.

    The bundled oblasts are those along the line between Ukraine and Russia, and their neighbours.
    Each has a name, names in English, Ukrainian and Russian, an ISO 3166-2 code and its country.
    Oblasts on both sides of the border share every vertex of the border. Neighbours share their
    common line.

    ``"world"`` needs the extra ``world`` (``pip install 'geobuffer[world]'``). Its data are
    OpenStreetMap's of October 2020, with an accuracy of some 30 m, as its ``source`` says. Only
    the countries given are read. For disputed territory the data show one of several possible
    borders. They endorse no claim.

    The outline of Antarctica is not a coast: it runs at sea, between 57° and 60° S. The source ends
    at 85.05° S, and we extend the area to the pole.

    Parameters
    ----------
    collection
        ``"world"``; by default the bundled oblasts.
    country
        For the world: an ISO 3166-1 code (``"KR"``, ``"KOR"``), a name in English, Ukrainian or
        Russian, or several of these. By default all countries, which takes a minute or two.
    level
        For the world: 1 for first-level regions, if the data have them; 0 for whole countries.

    Raises
    ------
    UnknownDataset
        No collection has that name.
    UnknownRegion
        No country has that code or name; the message suggests the most similar one.
    DataError
        The extra is not installed, the level is neither 0 nor 1, or a country or level is given
        for the bundled oblasts.

    Examples
    --------
    >>> regions = load_regions()
    >>> regions["Sumy"].iso, regions["Курская область"].name, regions["UA-63"].name
    ('UA-59', 'Kursk', 'Kharkiv')
    """
    check_arguments(
        collection=(collection, optional(TEXT)),
        country=(country, optional(_COUNTRIES)),
        level=(level, NUMBER),
    )
    if collection == "world":
        return load_world(country, level=level)
    if collection is not None:
        known = did_you_mean(str(collection), ["world"])
        raise UnknownDataset(f"Invalid collection {collection!r}. {known}")
    if country is not None or level != 1:
        raise DataError(
            "Invalid country or level: the bundled oblasts take neither. Use "
            "load_regions('world', country=…, level=…)."
        )
    table = _read_dataset("oblasts")
    source, border_source = source_of("oblasts"), source_of("border_ukraine_russia")
    return Regions(
        tuple(
            Region(
                name=row["name"],
                geometry=row["geometry"],
                source=source,
                names={language: row[f"name_{language}"] for language in NAME_LANGUAGES},
                iso=row["iso"],
                country=row["country"],
                country_names={language: row[f"country_{language}"] for language in NAME_LANGUAGES},
                border_source=border_source,
            )
            for row in table.to_dict("records")
        )
    )


def load_border(one: Regions, other: Regions) -> Border | None:
    """Return the border of bundled oblasts of both countries, from the bundled line.

    It equals the result of :func:`geobuffer.border_between`; a test compares them.

    Parameters
    ----------
    one, other
        Oblasts of :func:`load_regions`.

    Returns
    -------
    Border
        The border; ``None`` if it is not between the two countries, or the sides do not meet.
    """
    sides = [{region.country for region in regions} for regions in (one, other)]
    if any(len(countries) > 1 for countries in sides) or sides[0] == sides[1]:
        return None
    table = _read_dataset("border_ukraine_russia")
    pairs = zip(table["left_iso"], table["right_iso"], strict=True)
    return join_sections(dict(zip(pairs, table["geometry"], strict=True)), one, other)


def load_settlements(*, located: str = "only") -> gpd.GeoDataFrame:
    """Return the bundled places within some 60 km of the line, on both sides.

    Parameters
    ----------
    located
        ``"only"``: the places with a trusted point. ``"all"``: after them also those of
        :func:`load_not_located`, without a point. These have ``candidates``: points near which the
        place may lie. So :func:`geobuffer.classify` gives ``p_inside`` for them, and
        :func:`geobuffer.exposure` includes them in the expected numbers.

    Returns
    -------
    geopandas.GeoDataFrame
        Columns: ``id``, ``name_uk``, ``name_ru`` (missing if no source has one), ``name_en``,
        ``transliterated`` (languages of the names made by rule), ``kind``, ``kind_local``,
        ``country`` (ISO alpha-2), ``oblast_iso``, ``oblast``, ``raion``, ``raion_en``,
        ``hromada``, ``hromada_code`` (several hromadas have one name), ``hromada_type`` (urban,
        settlement or rural), ``code`` and ``code_system`` (KATOTTG or OKTMO), ``adm3_pcode``
        and ``adm4_pcode`` (p-codes of OCHA for the hromada and the place, in Ukraine),
        ``population`` (missing if no source gives a figure), ``population_as_of``,
        ``accuracy_m`` of the point, ``radius_m`` of the place around it, ``source`` of the
        point and ``geometry``, a point in EPSG:4326. A place that is in two files is listed
        once.

        The ``attrs`` of a table of located places say how many more places of each hromada
        :func:`load_not_located` has, so that counts of these places mention them.

    Raises
    ------
    DataError
        ``located`` is neither ``"only"`` nor ``"all"``.

    Examples
    --------
    >>> places = load_settlements()
    >>> places.loc[places["name_uk"] == "Юнаківка", "oblast"].tolist()
    ['Sumy']
    >>> load_settlements(located="all")["candidates"].notna().sum() == len(load_not_located())
    np.True_
    """
    check_arguments(located=(located, TEXT))
    if located not in {"only", "all"}:
        message = f"Invalid located {located!r}. {did_you_mean(located, ['only', 'all'])}"
        raise DataError(message, parameter="located")
    present = [name for name in _SETTLEMENT_DATASETS if name in manifest()]
    if absent := [name for name in _SETTLEMENT_DATASETS if name not in present]:
        warnings.warn(
            f"The bundled data lack {', '.join(absent)}: fewer places are known.", stacklevel=2
        )
    tables = [_read_places(name) for name in present]
    ids = set().union(*(table["id"] for table in tables))
    repeated = [table["duplicate_of"].dropna().map(ids.__contains__) for table in tables]
    distinct = [
        table.drop(index=found.index[found.astype(bool)])
        for table, found in zip(tables, repeated, strict=True)
    ]
    places = pd.concat(distinct, ignore_index=True).drop(columns="duplicate_of")
    places["population"] = places["population"].astype("Int64")
    insert_pcodes(places)
    table = gpd.GeoDataFrame(places, geometry="geometry", crs="EPSG:4326")
    if located == "all":
        return join_not_located(table, load_not_located())
    table.attrs[NOT_LOCATED] = dict(_count_not_located())
    return table


@cache
def _count_not_located() -> Mapping[str, int]:
    """Return the number of places without a point in each hromada; empty without the file."""
    known = "ukraine_not_located" in manifest()
    return MappingProxyType(count_by_hromada(load_not_located()) if known else {})


def load_not_located(near: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the places of Ukraine that exist near the line but have no trusted position.

    The columns are those of :func:`load_settlements` without ``geometry``. geobuffer counts and
    lists these places, but never puts them on a map. If known, ``approx_lon`` and ``approx_lat``
    give a rough position, and ``approx_m`` its standard deviation in metres. ``candidates`` are
    points near which the place may lie, in the form that :func:`geobuffer.answer` takes.

    Parameters
    ----------
    near
        Return only places of the hromadas of these rows, by ``hromada_code`` or the KATOTTG
        ``code`` of the place. If you pass the places in a zone, you get the places that may also be
        in the zone.

    Raises
    ------
    WrongKind
        ``near`` is not a table, or has neither of these columns.

    Examples
    --------
    >>> bool((load_not_located()["country"] == "UA").all())
    True
    """
    check_arguments(near=(near, _PLACES))
    table = _read_dataset("ukraine_not_located").drop(
        columns=["duplicate_of", "accuracy_m", "source"]
    )
    table = table.astype({"population": "Int64"})
    insert_pcodes(table)
    return table if near is None else select_same_hromadas(table, near)


def add_not_located(settlements: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Add the bundled places without a point as rows to a table, if its attrs count them.

    For a table of some oblasts, add only places of these oblasts.
    """
    if not getattr(settlements, "attrs", {}).get(NOT_LOCATED):
        return settlements
    unlocated = load_not_located()
    if "oblast" in settlements:
        unlocated = unlocated[unlocated["oblast"].isin(settlements["oblast"].unique())]
    return join_not_located(settlements, unlocated)


@cache
def load_other_names() -> Mapping[str, str]:
    """Return other names of bundled places, separated by ``|``, by the id of the place.

    Examples
    --------
    >>> load_other_names()["katottg:UA59040110010017443"].split("|")[:2]
    ['Achtyrka', 'Akhtirka']
    """
    if "other_names" not in manifest():
        return MappingProxyType({})
    table = _read_dataset("other_names")
    return MappingProxyType(dict(zip(table["id"], table["names"], strict=True)))


@cache
def read_ground(dataset: str) -> gpd.GeoDataFrame:
    """Return a layer of the ground of maps: land, countries or waters; or a coarser one of these.

    All callers share the table: do not change it.

    Examples
    --------
    >>> countries = read_ground("countries")
    >>> from shapely import Point
    >>> countries[countries.contains(Point(34.1, 44.95))]["iso"].tolist()  # Simferopol
    ['UA']
    """
    return _read_dataset(dataset)


def _read_places(dataset: str) -> pd.DataFrame:
    """Read a table of places; replace the keys of its column ``source`` by the full texts."""
    table = _read_dataset(dataset)
    return table.assign(source=table["source"].map(dict(_get_entry(dataset)["sources"])))


def _get_entry(dataset: str) -> Mapping[str, Any]:
    try:
        return manifest()[dataset]
    except KeyError:
        known = did_you_mean(dataset, manifest())
        raise UnknownDataset(f"Invalid dataset {dataset!r}. {known}") from None


def _read_dataset(dataset: str) -> pd.DataFrame:
    """Read a bundled table after comparing its hash with the manifest."""
    entry = _get_entry(dataset)
    path = data_folder() / str(entry["file"])
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"Cannot read {path}: {error.strerror}. Reinstall geobuffer.") from error
    found = hashlib.sha256(content).hexdigest()
    if found != entry["sha256"]:
        raise ChecksumMismatch(
            f"Altered {path}: its sha256 is {found[:12]}…, but the manifest says "
            f"{str(entry['sha256'])[:12]}…. Reinstall geobuffer."
        )
    # geopandas would take 25 ms for a file, most of it to parse the same reference system again.
    read = pq.ParquetFile(pa.BufferReader(content)).read(use_threads=False)
    table: pd.DataFrame = read.to_pandas()
    if "geometry" not in entry["columns"]:
        return table
    shapes = shapely.from_wkb(table["geometry"].to_numpy(dtype=object))
    located: pd.DataFrame = gpd.GeoDataFrame(table.assign(geometry=shapes), crs=_crs())
    return located


@cache
def _crs() -> pyproj.CRS:
    """Return the reference system of all bundled data; a test reads it from the files."""
    return pyproj.CRS("EPSG:4326")

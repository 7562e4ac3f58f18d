"""The one door for data: what is bundled, checked against its manifest, with its source."""

from __future__ import annotations

import hashlib
import tomllib
import warnings
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from geobuffer.datasets.world import load_world
from geobuffer.errors import ChecksumMismatch, DataError, UnknownDataset, did_you_mean
from geobuffer.zones.region import Region, Regions
from geobuffer.zones.source import Source
from geobuffer.zones.toponyms import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


# What tells a hromada from its namesakes.
_HROMADA = ["oblast_iso", "raion", "hromada"]
_PLACES = ("ukraine", "russia_inid", "russia_geonames")


def data_folder() -> Path:
    """Return the folder of the bundled data: inside the installed package, or beside it.

    In a wheel the data lie within the package; in a checkout, and so in an editable install, in
    ``data/`` next to it.

    Raises
    ------
    DataError
        Neither is there.
    """
    package = Path(str(resources.files("geobuffer")))
    for folder in (package / "data", package.parent / "data"):
        if (folder / "manifest.toml").is_file():
            return folder
    raise DataError(
        f"No bundled data in {package / 'data'}: manifest.toml is missing. "
        "Must be installed with the package; reinstall geobuffer."
    )


@cache
def manifest() -> Mapping[str, Mapping[str, Any]]:
    """Return what the manifest says of every bundled dataset, by its name.

    Examples
    --------
    >>> manifest()["oblasts"]["rows"]
    15
    """
    path = data_folder() / "manifest.toml"
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"Unreadable {path}: {error}. Must be TOML; reinstall geobuffer."
        raise DataError(message) from error
    for name, entry in entries.items():
        for key in ("file", "title", "licence", "rows", "sha256", "columns"):
            if key not in entry:
                message = f"Invalid {path}: [{name}] lacks {key!r}. Must have it."
                raise DataError(message)
    return MappingProxyType({name: MappingProxyType(entry) for name, entry in entries.items()})


def list_datasets() -> pd.DataFrame:
    """Return a row for each bundled dataset: title, licence, date, accuracy, rows.

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
        Its name, as :func:`list_datasets` has it.

    Raises
    ------
    UnknownDataset
        There is none of that name.

    Examples
    --------
    >>> source_of("border_ukraine_russia").accuracy_m
    10.0
    """
    entry = _entry(dataset)
    fields = ("title", "publisher", "url", "licence", "version", "as_of", "citation")
    return Source(**{f: str(entry.get(f, "")) for f in fields}, accuracy_m=entry.get("accuracy_m"))


def sources_of_places(table: pd.DataFrame) -> list[Source]:
    """Return the sources that the places of a table name in the column ``source``, each once.

    Words of a bundled dataset's papers stand for it; other texts are the title of their source.

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
    named = dict.fromkeys(str(text) for text in table["source"].dropna() if str(text).strip())
    bundled = {name: set(entry.get("sources", {}).values()) for name, entry in manifest().items()}
    ours = [source_of(dataset) for dataset, texts in bundled.items() if texts & named.keys()]
    known = set().union(*bundled.values())
    return ours + [Source(text) for text in named if text not in known]


def load_regions(
    collection: str | None = None,
    *,
    country: str | Iterable[str] | None = None,
    level: int = 1,
) -> Regions:
    """Return the bundled oblasts; or the regions or countries of the world.

    The bundled oblasts are those on the line between Ukraine and Russia, and neighbours. Each has
    a name, names in English, Ukrainian and Russian, an ISO 3166-2 code and its country. Facing
    oblasts share every vertex of the border; neighbours share their line.

    ``"world"`` needs the extra ``world`` (``pip install 'geobuffer[world]'``): OpenStreetMap in
    October 2020, right to some 30 m, as its ``source`` says. Only the countries asked for are
    read. Where territory is disputed it shows one drawing among others, and endorses none.

    Parameters
    ----------
    collection
        ``"world"``, or nothing for the bundled oblasts.
    country
        Of the world: an ISO 3166-1 code (``"KR"``, ``"KOR"``), a name in English, Ukrainian or
        Russian, or several of these. All by default, which takes a minute or two.
    level
        Of the world: 1 for first-level regions, as far as the data have them; 0 for whole
        countries.

    Raises
    ------
    UnknownDataset
        There is no such collection.
    UnknownRegion
        No country has that code or name; the message suggests the nearest.
    DataError
        The extra is not installed; the level is neither 0 nor 1; or a country or level is asked
        of the bundled oblasts.

    Examples
    --------
    >>> regions = load_regions()
    >>> regions["Sumy"].iso, regions["Курская область"].name, regions["UA-63"].name
    ('UA-59', 'Kursk', 'Kharkiv')
    """
    if collection == "world":
        return load_world(country, level=level)
    if collection is not None:
        known = did_you_mean(str(collection), ["world"])
        raise UnknownDataset(f"Invalid collection {collection!r}. {known}")
    if country is not None or level != 1:
        raise DataError(
            "Invalid country or level of the bundled oblasts. Must come with the world: "
            "load_regions('world', country=…, level=…)."
        )
    table = _read("oblasts")
    source, border_source = source_of("oblasts"), source_of("border_ukraine_russia")
    return Regions(
        tuple(
            Region(
                name=row["name"],
                geometry=row["geometry"],
                source=source,
                names={language: row[f"name_{language}"] for language in LANGUAGES},
                iso=row["iso"],
                country=row["country"],
                country_names={language: row[f"country_{language}"] for language in LANGUAGES},
                border_source=border_source,
            )
            for row in table.to_dict("records")
        )
    )


def load_settlements() -> gpd.GeoDataFrame:
    """Return the bundled places within some 60 km of the line, on either side.

    Columns: ``id``, ``name_uk``, ``name_ru``, ``name_en``, ``transliterated`` (languages of the
    names made by rule), ``kind``, ``kind_local``, ``country`` (ISO alpha-2), ``oblast_iso``,
    ``oblast``, ``raion``, ``raion_en``, ``hromada``, ``code`` and ``code_system`` (KATOTTG or
    OKTMO), ``population`` (missing where nobody gives a figure), ``population_as_of``,
    ``accuracy_m`` of the point, ``radius_m`` of the place about it, ``source`` of the point and
    ``geometry``, a point in EPSG:4326. A place that two files hold is listed once.

    Examples
    --------
    >>> places = load_settlements()
    >>> places.loc[places["name_uk"] == "Юнаківка", "oblast"].tolist()
    ['Sumy']
    """
    there = [name for name in _PLACES if name in manifest()]
    if gone := [name for name in _PLACES if name not in there]:
        warnings.warn(
            f"The bundled data lack {', '.join(gone)}: fewer places are known.", stacklevel=2
        )
    tables = [_with_sources(name) for name in there]
    ids = set().union(*(table["id"] for table in tables))
    twice = [table["duplicate_of"].dropna().map(ids.__contains__) for table in tables]
    kept = [
        table.drop(index=found.index[found.astype(bool)])
        for table, found in zip(tables, twice, strict=True)
    ]
    places = pd.concat(kept, ignore_index=True).drop(columns="duplicate_of")
    places["population"] = places["population"].astype("Int64")
    return gpd.GeoDataFrame(places, geometry="geometry", crs="EPSG:4326")


def load_not_located(near: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the places of Ukraine known to exist near the line, but without a trusted position.

    Columns are those of :func:`load_settlements` without ``geometry``. They are counted and
    listed, never placed.

    Parameters
    ----------
    near
        Keep only the places of the hromadas that these rows name (``oblast_iso``, ``raion`` and
        ``hromada``): with the places in a zone, those that may lie in it as well.

    Examples
    --------
    >>> bool((load_not_located()["country"] == "UA").all())
    True
    """
    table = _read("ukraine_not_located").drop(columns=["duplicate_of", "accuracy_m", "source"])
    table = table.astype({"population": "Int64"})
    return table if near is None else of_same_hromadas(table, near)


def of_same_hromadas(table: pd.DataFrame, near: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a table that lie in a hromada which rows of another name."""
    if not {*_HROMADA} <= {*table.columns} & {*near.columns}:
        return table.iloc[:0]
    hromadas = pd.MultiIndex.from_frame(near[_HROMADA].dropna())
    return table[pd.MultiIndex.from_frame(table[_HROMADA]).isin(hromadas)]


def _with_sources(dataset: str) -> pd.DataFrame:
    """Read a table of places, with the sources of their points spelled out."""
    table = _read(dataset)
    return table.assign(source=table["source"].map(dict(_entry(dataset)["sources"])))


def _entry(dataset: str) -> Mapping[str, Any]:
    try:
        return manifest()[dataset]
    except KeyError:
        known = did_you_mean(dataset, manifest())
        raise UnknownDataset(f"Invalid dataset {dataset!r}. {known}") from None


def _read(dataset: str) -> pd.DataFrame:
    """Read a bundled table, after checking that it is the published one."""
    entry = _entry(dataset)
    path = data_folder() / str(entry["file"])
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise DataError(
            f"Unreadable {path}: {error.strerror}. Must be there; reinstall geobuffer."
        ) from error
    if found != entry["sha256"]:
        raise ChecksumMismatch(
            f"Altered {path}: sha256 is {found[:12]}…, but the manifest says "
            f"{str(entry['sha256'])[:12]}…. Must be the published file; reinstall geobuffer."
        )
    if "geometry" in entry["columns"]:
        located: pd.DataFrame = gpd.read_parquet(path)
        return located
    plain: pd.DataFrame = pd.read_parquet(path)
    return plain

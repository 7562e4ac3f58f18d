"""Download the boundaries that humanitarian organisations use (COD-AB) and their p-codes from HDX.

HDX runs CKAN: https://docs.ckan.org/en/latest/api. The files have one of two layouts: zips named
``*_admin_boundaries.geojson.zip`` or ``.shp.zip`` whose layers are ``ukr_admin1`` and whose columns
are ``adm1_name``, ``adm1_name1``, ``adm1_pcode``; and older ones whose layers are
``ukr_admbnda_adm1_sspe_20240416`` and whose columns are ``ADM1_EN``, ``ADM1_UA``, ``ADM1_PCODE``.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import geopandas as gpd

from geobuffer.datasets.countries import describe_country, ukraine_iso
from geobuffer.datasets.fetch.cache import file_name, known_hash, obtain
from geobuffer.datasets.fetch.check_content import (
    check_zip,
    open_zip,
    read_features,
    read_json,
    unpack,
)
from geobuffer.datasets.fetch.downloader import Wanted
from geobuffer.datasets.fetch.http import check_address
from geobuffer.datasets.fetch.tables import Fetched, Outline, parse_level, regions_of
from geobuffer.errors import DataError
from geobuffer.io.atomic import temporary_folder
from geobuffer.io.read.gdal import list_gdal_errors
from geobuffer.io.untrusted import check_crs_definition
from geobuffer.zones.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from geobuffer.datasets.fetch.downloader import Downloader, Obtained


# A Shapefile begins with the number 9994.
_SHAPEFILE_SIGNATURE = b"\x00\x00\x27\x0a"

# We prefer GeoJSON: it is one file, and by definition in UTF-8 and WGS 84.
_FORMATS = ("geojson", "shp")


def boundaries(how: Downloader, *, refresh: bool, country: str, level: int = 1) -> Fetched:
    """Return the regions of a country at an administrative level, 0 (the country) to 4."""
    where = describe_country(country)
    level = parse_level(level, deepest=4)
    table, source = fetch_layer(how, country, level, refresh=refresh)
    outlines = [_make_outline(row, level, where.alpha_2) for row in table.to_dict("records")]
    return Fetched(regions_of(outlines, where, source), (source,))


def fetch_layer(
    how: Downloader, country: str, level: int, *, refresh: bool
) -> tuple[gpd.GeoDataFrame, Source]:
    """Return the areas of a level, in longitude and latitude, columns in lower case."""
    file = obtain_layers(how, country, level, refresh=refresh)
    return read_layer(file, level), file.source


def obtain_layers(how: Downloader, country: str, level: int, *, refresh: bool) -> Obtained:
    """Return the zip in which the areas of a level are."""
    iso3 = describe_country(country).alpha_3
    package = fetch_package(how, "cod-ab", iso3, refresh=refresh)
    resource = _choose_resource(package, level)
    return obtain_resource(
        how, package, resource, iso3, lambda path: check_zip(path, how.size_cap_bytes),
        refresh=refresh,
    )  # fmt: skip


# The content of the datasets of a country.
_KINDS = {"cod-ab": "boundaries", "cod-ps": "populations"}


def fetch_package(how: Downloader, kind: str, iso3: str, *, refresh: bool) -> dict[str, Any]:
    """Return HDX's description of a dataset of a country: ``"cod-ab"`` or ``"cod-ps"``."""
    name = f"{kind}-{iso3.lower()}"
    urls = tuple(f"{address}/package_show?id={name}" for address in how.addresses("hdx"))
    what = f"HDX, {_KINDS[kind]} of {iso3} ({kind.upper()}): where they are"
    wanted = Wanted("hdx", f"{name}.json", urls, Source(what, "OCHA"), _check_package)
    file = obtain(wanted, how, refresh=refresh)
    package: dict[str, Any] = read_json(file.path)["result"]
    for resource in package["resources"]:
        check_address(str(resource.get("url")), like=urls[0])
    return package


def _check_package(path: Path) -> None:
    answer = read_json(path)
    result = answer.get("result") if isinstance(answer, dict) and answer.get("success") else None
    resources = result.get("resources") if isinstance(result, dict) else None
    if not isinstance(resources, list) or not all(isinstance(r, dict) for r in resources):
        raise DataError(f"Invalid {path.name}: not a dataset of HDX. Expected a list of resources.")


def _choose_resource(package: dict[str, Any], level: int) -> dict[str, Any]:
    """Return the file to download: zipped boundaries of all levels, or of the given level."""
    found: list[tuple[int, dict[str, Any]]] = []
    for resource in package["resources"]:
        name = resource_name(resource).lower()
        form = next((f for f in _FORMATS if f in f"{resource.get('format')} {name}".lower()), None)
        only = re.search(r"adm(?:in)?_?(\d)(?!\d)", name)
        if form and name.endswith(".zip") and (not only or int(only[1]) == level):
            found.append((_FORMATS.index(form), resource))
    if not found:
        held = ", ".join(resource_name(resource) for resource in package["resources"]) or "nothing"
        raise DataError(
            f"HDX has no zipped GeoJSON or Shapefile of level {level} in {package.get('name')}, "
            f"but {held}."
        )
    return min(found, key=lambda pair: pair[0])[1]


def resource_name(resource: dict[str, Any]) -> str:
    """Return the name of a file of a dataset."""
    return unquote(PurePosixPath(urlsplit(str(resource.get("url"))).path).name)


def obtain_resource(
    how: Downloader,
    package: dict[str, Any],
    resource: dict[str, Any],
    iso3: str,
    check: Callable[[Path], object],
    *,
    refresh: bool,
) -> Obtained:
    """Return a file of a dataset with its source."""
    dates = re.findall(r"\d{4}-\d\d-\d\d", str(package.get("dataset_date")))
    source = Source(
        str(package.get("title") or package.get("name") or iso3),
        f"{package.get('dataset_source') or 'OCHA'}, by way of HDX",
        licence=str(package.get("license_title") or package.get("license_id") or "not stated"),
        version=resource_name(resource), as_of=dates[-1] if dates else "",
        citation=f"{package.get('dataset_source') or 'OCHA'}; HDX, {package.get('name')}.",
    )  # fmt: skip
    wanted = Wanted(
        "hdx", file_name(f"{iso3}-{resource_name(resource)}"), (str(resource["url"]),), source,
        check,
        known_hash(str(resource.get("hash") or "")),
    )  # fmt: skip
    return obtain(wanted, how, refresh=refresh)


def read_layer(file: Obtained, level: int) -> gpd.GeoDataFrame:
    """Read the layer of a level, in longitude and latitude, with its columns in lower case."""
    with open_zip(file.path) as archive:
        members = archive.namelist()
    layer = re.compile(
        rf"(?:.*/)?[^/]*adm(?:in)?_?{level}(?:_[^/]*)?\.(geojson|shp)", re.IGNORECASE
    )
    # In the older layout, points and lines (admbndp, admbndl) are beside areas (admbnda).
    areas = [m for m in members if layer.fullmatch(m) and not re.search("admbnd[pl]", m)]
    if not areas:
        held = ", ".join(members[:12])
        raise DataError(f"Invalid {file.path}: no layer of level {level}, but {held}.")
    member = min(areas, key=lambda m: (not m.lower().endswith("geojson"), m))
    with temporary_folder() as folder:
        table = _read_member(file.path, member, members, folder)
    return table.rename(columns={c: str(c).lower() for c in table.columns})


def _read_member(path: Path, member: str, members: list[str], folder: Path) -> gpd.GeoDataFrame:
    if member.lower().endswith("geojson"):
        unpack(path, {member: "layer.geojson"}, folder)
        features = read_features(folder / "layer.geojson")
        return gpd.GeoDataFrame.from_features(features, crs="EPSG:4326")
    stem = member[:-4]
    parts = {m: f"layer{m[len(stem) :].lower()}" for m in members if _is_shapefile_part(m, stem)}
    if missing := {".shx", ".dbf", ".prj"} - {name[5:] for name in parts.values()}:
        raise DataError(f"Invalid {path}: {member} lacks {', '.join(sorted(missing))} beside it.")
    unpack(path, parts, folder)
    with (folder / "layer.shp").open("rb") as file:
        # GDAL would open a file of another format by its content, and then files that it names.
        if file.read(4) != _SHAPEFILE_SIGNATURE:
            raise DataError(f"Invalid {path}: {member} is not a Shapefile.")
    check_crs_definition((folder / "layer.prj").read_text("utf-8", "replace"), f"{path}, {member}")
    encoding = None if "layer.cpg" in parts.values() else "UTF-8"
    try:
        table = gpd.read_file(folder / "layer.shp", encoding=encoding)
    except list_gdal_errors() as error:
        raise DataError(f"Invalid {path}: {member} is not a Shapefile: {error}.") from error
    return table.to_crs("EPSG:4326")


def _is_shapefile_part(member: str, stem: str) -> bool:
    suffixes = {".shp", ".shx", ".dbf", ".prj", ".cpg"}
    return member.startswith(stem) and member[len(stem) :].lower() in suffixes


def _make_outline(row: dict[str, Any], level: int, country: str) -> Outline:
    names = region_names(row, level)
    code = str(row.get(f"adm{level}_pcode") or "")
    if not names or not code:
        raise DataError(
            f"Invalid layer of level {level}: no names or codes among {', '.join(map(str, row))}. "
            f"Expected adm{level}_name or ADM{level}_EN, and adm{level}_pcode."
        )
    iso = ukraine_iso(code) if country == "UA" and level == 1 else ""
    iso = country if level == 0 else iso
    return Outline(names.get("en") or code, row["geometry"], names, iso, code)


def region_names(row: Mapping[str, Any], level: int) -> dict[str, str]:
    """Return the names of a region by language; some files call Ukrainian UA."""
    found = {}
    for number in ("", "1", "2", "3"):
        language = str(row.get(f"lang{number}") or ("" if number else "en"))
        found[language] = row.get(f"adm{level}_name{number}")
    prefix = f"adm{level}_"
    for column, value in row.items():
        language = str(column).removeprefix(prefix)
        if len(language) == 2 and language.isalpha() and str(column).startswith(prefix):
            found[language] = value
    texts = {("uk" if k == "ua" else k): v for k, v in found.items() if isinstance(v, str) and v}
    return {language: name for language, name in texts.items() if language}

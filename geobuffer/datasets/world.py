"""The regions and countries of the whole world, offline: what the extra ``world`` brings.

Shapes come from the wheel ``omim-data-borders`` (OpenStreetMap in October 2020, simplified), names
of countries from Babel (Unicode CLDR), names of regions in Ukrainian and Russian from pycountry
(Debian's iso-codes). ``world.csv`` beside this module says of each file of the wheel what country
and what ISO 3166-2 region it is, or is part of; how disputed territory is shown is told in
``docs/how-to/anywhere.md``. None of it implies an endorsement.

Shapes that take long to make, kept between runs in the user's cache folder.

A file is the hash of a shape and the shape; what does not fit its hash is made anew. Where nothing
can be kept, as on a read-only disk, everything works as before, and as slowly.
"""

from __future__ import annotations

import csv
import gettext
import hashlib
import tarfile
from collections import defaultdict
from contextlib import suppress
from functools import cache, lru_cache
from importlib import metadata, resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

from geobuffer.errors import ChecksumMismatch, DataError, UnknownRegion, did_you_mean
from geobuffer.geodesy.antimeridian import cut_at_antimeridian
from geobuffer.geodesy.buffer import drop_slivers
from geobuffer.io.atomic import replace_file
from geobuffer.zones.region import Region, Regions
from geobuffer.zones.source import Source
from geobuffer.zones.toponyms import LANGUAGES, fold_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from shapely.geometry.base import BaseGeometry


_HASH_BYTES = 32


def read_cached_shape(folder: Path, name: str) -> BaseGeometry | None:
    """Return a shape that was kept; ``None`` if there is none, or not as it was kept.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_cached_shape(Path(folder), "a point", shapely.Point(30, 50))
    ...     print(read_cached_shape(Path(folder), "a point"))
    ...     print(read_cached_shape(Path(folder), "another"))
    POINT (30 50)
    None
    """
    try:
        content = _cached_shape_file(folder, name).read_bytes()
    except OSError:
        return None
    told, wkb = content[:_HASH_BYTES], content[_HASH_BYTES:]
    return shapely.from_wkb(wkb) if hashlib.sha256(wkb).digest() == told else None


def write_cached_shape(folder: Path, name: str, shape: BaseGeometry) -> None:
    """Keep a shape under a name, if the folder can be written."""
    wkb = shapely.to_wkb(shape)
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        with replace_file(_cached_shape_file(folder, name)) as draft:
            draft.write_bytes(hashlib.sha256(wkb).digest() + wkb)


def _cached_shape_file(folder: Path, name: str) -> Path:
    """Return the file of a name, which may hold any signs."""
    return folder / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.shape"


_PACKAGE = "omim-data-borders"
# Of borders.tar.xz in version 10.3.0rc2, of which world.csv names the files.
_SHA256 = "d524431b108102b34b46ad3883a832984aaa143aa56acfba043940dbe4144e5a"

# Raised when parse_poly or _join_shapes makes another shape of the same files.
_SHAPE_VERSION = 1

# Parts of one country are simplified apart: where they disagree, by up to 8 m, a union keeps
# slivers. Nothing that is mapped is as thin as this.
_SLIVER_M = 20.0

_SOURCE = Source(
    title="Borders of the world (omim-data-borders)",
    publisher="OpenStreetMap contributors, simplified by My.com B.V. (MAPS.ME)",
    url="https://pypi.org/project/omim-data-borders/10.3.0rc2/",
    licence="ODbL 1.0 (the package itself says Apache-2.0)",
    version="10.3.0rc2",
    as_of="2020-10",
    # Mean distance from the present line where that is known; 1.2 km at worst.
    accuracy_m=30.0,
    citation="© OpenStreetMap contributors",
)


# What countries are called beside their names of today, in CLDR and ISO.
_ALSO = {
    "UK": "GB", "Turkey": "TR", "Czech Republic": "CZ", "Burma": "MM", "Ivory Coast": "CI",
    "Cape Verde": "CV", "Swaziland": "SZ", "Macedonia": "MK", "East Timor": "TL", "DR Congo": "CD",
}  # fmt: skip


class _WorldFile(NamedTuple):
    """A row of ``world.csv``: a file of the wheel, and what it shows."""

    file: str
    country: str
    """ISO 3166-1 alpha-2, ``XK`` where ISO has none but CLDR does; empty where nobody's alone."""
    iso: str
    """ISO 3166-2 code of the region it is, or is part of; empty where its parts make up none."""
    name: str
    """English name; empty where it is the whole country."""
    uk: str
    """Ukrainian name where iso-codes has none or a wrong one."""
    ru: str
    """Russian name, likewise."""
    with_: str
    """Codes of regions that the source draws together with this one, by spaces."""

    @property
    def unit(self) -> str:
        """What its parts have in common."""
        return self.iso or self.file


def load_world(country: str | Iterable[str] | None = None, *, level: int = 1) -> Regions:
    """Return the first-level regions, or the countries, of the world or of some countries.

    Only the files of those countries are read: some seconds the first time, a minute or two for
    all. What was read is kept in the user's cache folder, from where it takes a fraction of a
    second.

    Parameters
    ----------
    country
        ISO 3166-1 code (two letters or three) or name in English, Ukrainian or Russian; or
        several. All by default.
    level
        1 for regions: those of ISO 3166-2 where the data have them, which have a code; else parts
        named after their country. 0 for whole countries.

    Raises
    ------
    UnknownRegion
        No country has that code or name; the message suggests the nearest.
    DataError
        The extra ``world`` is not installed; or the level is neither 0 nor 1.
    ChecksumMismatch
        The installed file of borders is not the one that was published.
    """
    if level not in {0, 1}:
        raise DataError(f"Invalid level {level!r}. Must be 0 for countries or 1 for regions.")
    rows = _rows_of(country)
    parts: dict[str, list[_WorldFile]] = defaultdict(list)
    for row in rows:
        parts[row.unit if level == 1 or not row.country else row.country].append(row)
    shapes = _load_shapes(tuple(row.file for row in rows))
    return Regions(tuple(_world_region(group, shapes, level) for group in parts.values()))


def _rows_of(country: str | Iterable[str] | None) -> tuple[_WorldFile, ...]:
    """Return the rows of some countries, in the order of the table."""
    if country is None:
        return _world_table()
    wanted = {_country_code(c) for c in ([country] if isinstance(country, str) else country)}
    if not wanted:
        raise UnknownRegion("Invalid country: none given. Must be a code or a name, or several.")
    return tuple(row for row in _world_table() if (row.country or row.file) in wanted)


def _country_code(country: str) -> str:
    """Return the code of a country, or the file of a territory of none, by code or name."""
    if not isinstance(country, str):
        raise UnknownRegion(f"Invalid country {country!r}. Must be an ISO code or a name.")
    try:
        return _country_codes()[fold_name(country)]
    except KeyError:
        known = [
            *sorted(_country_names("en").values()),
            *(row.country or row.file for row in _world_table()),
        ]
        raise UnknownRegion(
            f"Invalid country {country!r}. {did_you_mean(country, known)}"
        ) from None


@cache
def _country_codes() -> Mapping[str, str]:
    """Return codes by the folded codes and names of the countries in the table."""
    countries = _import_extra("pycountry").countries
    found: dict[str, str] = {}
    for row in _world_table():
        code = row.country or row.file
        entry = countries.get(alpha_2=row.country) if row.country else None
        names = [_country_names(language).get(row.country, "") for language in LANGUAGES]
        more = [entry.alpha_3, entry.name, getattr(entry, "common_name", "")] if entry else []
        for name in (code, *names, *more):
            if name:
                found.setdefault(fold_name(name), code)
    return {fold_name(name): code for name, code in _ALSO.items()} | found


@cache
def _country_names(language: str) -> Mapping[str, str]:
    """Return the names of the table's countries in a language, by code."""
    territories = _import_extra("babel").Locale(language).territories
    return {row.country: territories[row.country] for row in _world_table() if row.country}


@cache
def _world_table() -> tuple[_WorldFile, ...]:
    table = resources.files("geobuffer.datasets").joinpath("world.csv").read_text(encoding="utf-8")
    return tuple(_WorldFile(*row) for row in list(csv.reader(table.splitlines()))[1:])


def _world_region(
    group: Sequence[_WorldFile], shapes: Mapping[str, BaseGeometry], level: int
) -> Region:
    """Put the parts of a region or a country together."""
    first = group[0]
    country_names = {
        language: _country_names(language).get(first.country, "") for language in LANGUAGES
    }
    country_names = {language: name for language, name in country_names.items() if name}
    whole = bool(first.country) and (level == 0 or not first.name)
    names = country_names if whole else _region_names(first)
    return Region(
        name=country_names["en"] if whole else first.name,
        geometry=_join_shapes([row.file for row in group], shapes),
        source=_SOURCE,
        names=names,
        iso=first.country if whole else first.iso,
        country=first.country,
        country_names=country_names,
    )


def _join_shapes(files: Sequence[str], shapes: Mapping[str, BaseGeometry]) -> BaseGeometry:
    if len(files) == 1:
        return shapes[files[0]]
    name = "\n".join((f"without slivers of {_SLIVER_M} m", *files))
    whole = read_cached_shape(_shape_cache_folder(), name)
    if whole is None:
        parts = [shapes[file] for file in files]
        whole = drop_slivers(shapely.union_all(parts), _SLIVER_M)
        write_cached_shape(_shape_cache_folder(), name, whole)
    return whole


def _region_names(row: _WorldFile) -> dict[str, str]:
    """Return a region's names by language; those of what is drawn with it in brackets."""
    subdivisions = _import_extra("pycountry").subdivisions
    entries = [subdivisions.get(code=code) for code in (row.iso, *row.with_.split()) if code]
    # Of a code that ISO has withdrawn since, only our own names are known.
    official = [entry.name for entry in entries if entry]
    names = {"en": row.name}
    if len(official) > 1:
        names["en"] += f" (with {', '.join(official[1:])})"
    for language, given in (("uk", row.uk), ("ru", row.ru)):
        known = [_region_translations(language).gettext(name) for name in official]
        if given:
            names[language] = given
        elif known and all(one != other for one, other in zip(known, official, strict=True)):
            more = f" ({', '.join(known[1:])})" if len(known) > 1 else ""
            names[language] = f"{known[0]}{more}"
    return names


@cache
def _region_translations(language: str) -> gettext.NullTranslations:
    folder = _import_extra("pycountry").LOCALES_DIR
    return gettext.translation("iso3166-2", folder, languages=[language])


def _import_extra(module: str) -> Any:
    """Import a module that comes with the extra."""
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise _missing_error(module) from error


def _missing_error(package: str) -> DataError:
    return DataError(
        f"The borders of the world are not installed: {package} is missing. Must be installed "
        "with the extra 'world': pip install 'geobuffer[world]'."
    )


@cache
def _borders_archive() -> Path:
    """Return the path of the archive of borders, checked by its hash."""
    try:
        files = metadata.files(_PACKAGE) or []
    except metadata.PackageNotFoundError as error:
        raise _missing_error(_PACKAGE) from error
    for file in files:
        if file.name == "borders.tar.xz":
            path = Path(str(file.locate()))
            break
    else:
        raise _missing_error(f"borders.tar.xz of {_PACKAGE}")
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise _missing_error(str(path)) from error
    if found != _SHA256:
        raise ChecksumMismatch(
            f"Altered {path}: sha256 is {found[:12]}…, but must be {_SHA256[:12]}…, of version "
            f"{_SOURCE.version}; reinstall with pip install --force-reinstall 'geobuffer[world]'."
        )
    return path


def _shape_cache_folder() -> Path:
    """Return the folder where shapes of this archive are kept, as this library makes them."""
    made_by = f"{_SHA256[:12]}-{_SHAPE_VERSION}-geos{shapely.geos_version_string}"
    cache: Path = _import_extra("platformdirs").user_cache_path("geobuffer", appauthor=False)
    return cache / f"world-{made_by}"


# A script asks for the same few countries again and again; the world is some 400 MB.
@lru_cache(maxsize=4)
def _load_shapes(files: tuple[str, ...]) -> Mapping[str, BaseGeometry]:
    """Return the shapes of files by name: those that were kept, the others from the archive."""
    archive, folder = _borders_archive(), _shape_cache_folder()
    shapes = {
        file: shape for file in files if (shape := read_cached_shape(folder, file)) is not None
    }
    missing = set(files) - set(shapes)
    for file, shape in _unpack_shapes(archive, missing):
        shapes[file] = shape
        write_cached_shape(folder, file, shape)
    return shapes


def _unpack_shapes(path: Path, files: set[str]) -> Iterator[tuple[str, BaseGeometry]]:
    """Yield files of the archive, which is one block: read from its beginning to the last asked."""
    left = {f"{file}.poly" for file in files}
    if not left:
        return
    with tarfile.open(path, mode="r|xz") as archive:
        for member in archive:
            name = member.name.removeprefix("./")
            if name in left and (content := archive.extractfile(member)) is not None:
                yield name.removesuffix(".poly"), parse_poly(content.read().decode("utf-8"))
                left.discard(name)
                if not left:
                    return


def parse_poly(text: str) -> BaseGeometry:
    r"""Return the polygon of a file of Osmosis polygon text.

    A file is a title, then rings (a name, a line per vertex, ``END``), then ``END``. A ring whose
    name begins with an exclamation mark is a hole.

    Examples
    --------
    >>> parse_poly("T\n1\n 0 0\n 0 1\n 1 1\n 0 0\nEND\nEND\n").area
    0.5
    """
    rings: dict[bool, list[BaseGeometry]] = {True: [], False: []}
    for ring in text.partition("\n")[2].split("END")[:-2]:
        name, _, coords = ring.strip().partition("\n")
        vertices = np.array(coords.split(), dtype=float).reshape(-1, 2)
        polygon = shapely.Polygon(vertices)
        # A ring may touch or double itself; what has no area is dropped.
        valid = shapely.make_valid(polygon, method="structure", keep_collapsed=False)
        rings[name.startswith("!")].append(valid)
    shape = shapely.difference(shapely.union_all(rings[False]), shapely.union_all(rings[True]))
    return cut_at_antimeridian(shape)

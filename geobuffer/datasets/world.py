"""Load the regions and countries of the world without a network; needs the extra ``world``.

Shapes come from the wheel ``omim-data-borders`` (OpenStreetMap in October 2020, simplified), names
of countries from Babel (Unicode CLDR), names of regions in Ukrainian and Russian from pycountry
(Debian's iso-codes). ``world.csv`` beside this module lists the files of the wheel: for each, the
country and the ISO 3166-2 region that it shows, wholly or in part. ``docs/how-to/anywhere.md``
describes how disputed territory is shown. The data endorse no claim.

Shapes that take long to compute are cached between runs in the user's cache folder. Each cache
file holds a SHA-256 and the shape as WKB. If the hash does not match, or if the disk cannot be
written, the shape is computed again.
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
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely

from geobuffer._version import __version__
from geobuffer.datasets.countries import country_names, find_country
from geobuffer.errors import ChecksumMismatch, DataError, UnknownRegion, missing_extra, require
from geobuffer.geodesy.antimeridian import cut_at_antimeridian, unwrap_polygon
from geobuffer.geodesy.buffer import drop_slivers
from geobuffer.io.atomic import replace_file
from geobuffer.zones.region import Region, Regions, make_region_of_valid_area
from geobuffer.zones.source import Source
from geobuffer.zones.toponyms import NAME_LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from shapely.geometry.base import BaseGeometry

    from geobuffer.errors import MissingExtra


_PACKAGE = "omim-data-borders"
# The hash of borders.tar.xz in version 10.3.0rc2. world.csv lists the files of that archive.
_SHA256 = "d524431b108102b34b46ad3883a832984aaa143aa56acfba043940dbe4144e5a"

# Cached shapes of another version of geobuffer are not used. Between two versions, raise this
# number when parse_poly or _join_shapes begins to make other shapes of the same files.
_SHAPE_VERSION = 2

# The source simplified the parts of one country separately. Where two parts disagree, by up to
# 8 m, their union has slivers. No mapped area is as thin as this.
_SLIVER_M = 20.0

# The source is drawn in Web Mercator, a square map that ends at this latitude. Antarctica is cut
# off there, far inland. An edge at this latitude is no border, so the area goes on to the pole.
_MERCATOR_END = 85.05113

# A cache file begins with a SHA-256 of this many bytes.
_HASH_BYTES = 32

# The purpose of a missing package, for messages.
_PURPOSE = "A region of the world"

_SOURCE = Source(
    title="Borders of the world (omim-data-borders)",
    publisher="OpenStreetMap contributors, simplified by My.com B.V. (MAPS.ME)",
    url="https://pypi.org/project/omim-data-borders/10.3.0rc2/",
    licence="ODbL 1.0 (the package itself says Apache-2.0)",
    version="10.3.0rc2",
    as_of="2020-10",
    # The mean distance from today's line where we measured it. The largest was 1.2 km.
    accuracy_m=30.0,
    citation="© OpenStreetMap contributors",
)


class _WorldFile(NamedTuple):
    """A row of ``world.csv``: a file of the wheel, and the area that it shows."""

    file: str
    country: str
    """ISO 3166-1 alpha-2 code, or CLDR's ``XK``; empty if the area belongs to no single country."""
    iso: str
    """ISO 3166-2 code of the region that the file shows, wholly or in part; empty if there is no
    such region."""
    name: str
    """English name; empty if the file shows a whole country."""
    uk: str
    """Ukrainian name, if the one in iso-codes is missing or wrong."""
    ru: str
    """Russian name, if the one in iso-codes is missing or wrong."""
    with_: str
    """Codes of regions that the source draws together with this one, separated by spaces."""

    @property
    def code(self) -> str:
        """The code of the country; for an area of no single country, the name of the file."""
        return self.country or self.file

    @property
    def region(self) -> str:
        """A key that all files of one region share."""
        return self.iso or self.file


def load_world(country: str | Iterable[str] | None = None, *, level: int = 1) -> Regions:
    """Return the first-level regions, or the countries, of the world or of some countries.

    We read only the files of those countries: this takes some seconds the first time, and a
    minute or two for the whole world. Shapes are then cached in the user's cache folder, and
    reading them takes a fraction of a second.

    Parameters
    ----------
    country
        ISO 3166-1 code (two letters or three) or name in English, Ukrainian or Russian, or
        several of these. By default all countries.
    level
        1 for regions: those of ISO 3166-2, with their code, if the data have them; else parts
        named after their country. 0 for whole countries.

    Raises
    ------
    UnknownRegion
        No country has that code or name; the message suggests the nearest.
    DataError
        The level is neither 0 nor 1.
    MissingExtra
        The extra ``world`` is not installed.
    ChecksumMismatch
        The installed file of borders differs from the published one.
    """
    if level not in {0, 1}:
        raise DataError(f"Invalid level {level!r}. Use 0 for countries or 1 for regions.")
    for module in ("babel", "pycountry"):
        require("world", module, _PURPOSE)
    rows = _select_rows(country)
    parts: dict[str, list[_WorldFile]] = defaultdict(list)
    for row in rows:
        parts[row.region if level == 1 or not row.country else row.country].append(row)
    shapes = _load_shapes(tuple(row.file for row in rows))
    return Regions(tuple(_world_region(group, shapes, level) for group in parts.values()))


def _select_rows(country: str | Iterable[str] | None) -> tuple[_WorldFile, ...]:
    """Return the rows of some countries, in the order of the table."""
    if country is None:
        return _world_table()
    wanted = {
        find_country(one, among=_world_codes())
        for one in ([country] if isinstance(country, str) else country)
    }
    if not wanted:
        raise UnknownRegion("Invalid country: none given. Give a code or a name, or several.")
    return tuple(row for row in _world_table() if row.code in wanted)


@cache
def _world_codes() -> tuple[str, ...]:
    return tuple(dict.fromkeys(row.code for row in _world_table()))


@cache
def _world_table() -> tuple[_WorldFile, ...]:
    table = resources.files("geobuffer.datasets").joinpath("world.csv").read_text(encoding="utf-8")
    return tuple(_WorldFile(*row) for row in list(csv.reader(table.splitlines()))[1:])


def _world_region(
    group: Sequence[_WorldFile], shapes: Mapping[str, BaseGeometry], level: int
) -> Region:
    """Return a region or a country made of its files."""
    first = group[0]
    names_by_language = {
        language: country_names(_world_codes(), language).get(first.country, "")
        for language in NAME_LANGUAGES
    }
    of_country = {language: name for language, name in names_by_language.items() if name}
    whole = bool(first.country) and (level == 0 or not first.name)
    names = of_country if whole else _region_names(first)
    return make_region_of_valid_area(
        name=of_country["en"] if whole else first.name,
        geometry=_join_shapes([row.file for row in group], shapes),
        source=_SOURCE,
        names=names,
        iso=first.country if whole else first.iso,
        country=first.country,
        country_names=of_country,
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
    """Return a region's names by language; regions drawn with it follow in brackets."""
    subdivisions = require("world", "pycountry", _PURPOSE).subdivisions
    entries = [subdivisions.get(code=code) for code in (row.iso, *row.with_.split()) if code]
    # pycountry lacks codes that ISO has withdrawn. Such regions have only the names of our table.
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
    folder = require("world", "pycountry", _PURPOSE).LOCALES_DIR
    return gettext.translation("iso3166-2", folder, languages=[language])


def _missing_package_error(package: str) -> MissingExtra:
    return missing_extra("world", package, _PURPOSE)


@cache
def _borders_archive() -> Path:
    """Return the path of the archive of borders, after checking its hash."""
    try:
        files = metadata.files(_PACKAGE) or []
    except metadata.PackageNotFoundError as error:
        raise _missing_package_error(_PACKAGE) from error
    for file in files:
        if file.name == "borders.tar.xz":
            path = Path(str(file.locate()))
            break
    else:
        raise _missing_package_error(f"borders.tar.xz of {_PACKAGE}")
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise _missing_package_error(str(path)) from error
    if found != _SHA256:
        raise ChecksumMismatch(
            f"Altered {path}: its sha256 is {found[:12]}…, but that of version {_SOURCE.version} "
            f"is {_SHA256[:12]}…. Run: pip install --force-reinstall 'geobuffer[world]'."
        )
    return path


def _shape_cache_folder() -> Path:
    """Return the cache folder for this archive, this version of geobuffer and that of GEOS."""
    version = f"{__version__}-{_SHAPE_VERSION}-{_SHA256[:12]}-geos{shapely.geos_version_string}"
    platformdirs = require("world", "platformdirs", _PURPOSE)
    folder: Path = platformdirs.user_cache_path("geobuffer", appauthor=False)
    return folder / f"world-{version}"


# A script often loads the same few countries again. A larger cache would cost memory: the whole
# world takes some 400 MB.
@lru_cache(maxsize=4)
def _load_shapes(files: tuple[str, ...]) -> Mapping[str, BaseGeometry]:
    """Return shapes by the name of their file, from the cache or else from the archive."""
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
    """Yield the names and shapes of files of the archive.

    The archive is one compressed block, so we read from its beginning to the last of these files.
    """
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
    r"""Return the polygon of a text in the polygon format of Osmosis.

    The text is a title, then rings (a name, a line per vertex, ``END``), then ``END``. A ring
    whose name begins with an exclamation mark is a hole. An area that ends at 85.05113° N or S,
    where the map of the source ends, is continued to the pole. Edges of more than 180° of
    longitude are read as in files; of the source's files, Antarctica's alone has such edges.

    Examples
    --------
    >>> parse_poly("T\n1\n 0 0\n 0 1\n 1 1\n 0 0\nEND\nEND\n").area
    0.5
    """
    rings: dict[bool, list[BaseGeometry]] = {True: [], False: []}
    for ring in text.partition("\n")[2].split("END")[:-2]:
        name, _, coords = ring.strip().partition("\n")
        vertices = np.array(coords.split(), dtype=float).reshape(-1, 2)
        latitude = vertices[:, 1]
        at_end = np.abs(latitude) == _MERCATOR_END
        latitude[at_end] = np.copysign(90.0, latitude[at_end])
        polygon = shapely.Polygon(vertices)
        # A ring may touch itself or run back on itself. Parts without an area are dropped.
        valid = shapely.make_valid(polygon, method="structure", keep_collapsed=False)
        rings[name.startswith("!")].append(valid)
    shape = shapely.difference(shapely.union_all(rings[False]), shapely.union_all(rings[True]))
    return cut_at_antimeridian(unwrap_polygon(shape))


def read_cached_shape(folder: Path, name: str) -> BaseGeometry | None:
    """Return a shape of the cache, or None if it is missing or its file is damaged.

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
    stored_hash, wkb = content[:_HASH_BYTES], content[_HASH_BYTES:]
    return shapely.from_wkb(wkb) if hashlib.sha256(wkb).digest() == stored_hash else None


def write_cached_shape(folder: Path, name: str, shape: BaseGeometry) -> None:
    """Store a shape in the cache under a name, if the folder can be written."""
    wkb = shapely.to_wkb(shape)
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        with replace_file(_cached_shape_file(folder, name)) as draft:
            draft.write_bytes(hashlib.sha256(wkb).digest() + wkb)


def _cached_shape_file(folder: Path, name: str) -> Path:
    """Return the cache file of a name; the name may hold any characters."""
    return folder / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.shape"

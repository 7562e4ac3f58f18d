"""A reference system that a file brings along says all by itself; no other file is looked up.

The definition of one may name grids of corrections, or a file that it is defined in. PROJ opens
whatever is named there, so definitions are looked at before PROJ or GDAL sees them.
"""

from __future__ import annotations

import json
import re

from geobuffer.errors import DataError

# What names a file: parameters of PROJ, and their like in WKT 1, WKT 2 and PROJJSON. "null" is no
# grid at all, and EPSG's codes are in PROJ's own database.
_NAMES_A_FILE = re.compile(
    r"(?:\b(?:init|\w*grids?|file|model|catalog)\s*=\s*"
    r'|"PROJ4_GRIDS"\s*,\s*"'
    r'|PARAMETERFILE\s*[\[(]\s*"(?:[^"]|"")*"\s*,\s*"'
    r'|"value"\s*:\s*")'
    r'(?!(?:@?null|epsg:\d+)(?:["\s\]]|$))(?P<file>[^"\]]+)',
    re.IGNORECASE,
)


def check_reference(definition: str, name: str) -> None:
    """Refuse a reference system whose definition, of a file called ``name``, names another file.

    Raises
    ------
    DataError
        It names one, such as a grid of corrections.

    Examples
    --------
    >>> check_reference('GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.3]]]', "a")
    >>> check_reference("+proj=longlat +ellps=GRS80 +nadgrids=there.gsb", "mine.prj")
    Traceback (most recent call last):
    geobuffer.errors.DataError: Invalid reference system of mine.prj: it names another file, ...
    """
    if found := _NAMES_A_FILE.search(definition):
        raise DataError(
            f"Invalid reference system of {name}: it names another file, {found['file'][:80]!r}, "
            "which is not opened. Must say all by itself, as those of EPSG do: save the file in "
            "EPSG:4326."
        )


def check_geoparquet(geo: bytes, name: str) -> None:
    """Refuse the metadata of a GeoParquet file if a reference system in it names another file.

    Raises
    ------
    DataError
        One does, or the metadata are broken.
    """
    try:
        systems = [column.get("crs") for column in json.loads(geo)["columns"].values()]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(
            f"Unreadable {name}: its GeoParquet metadata are broken: {error}"
        ) from error
    for system in systems:
        # PROJJSON, or what older programs wrote in its place.
        check_reference(system if isinstance(system, str) else json.dumps(system), name)

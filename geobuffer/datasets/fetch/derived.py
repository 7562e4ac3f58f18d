"""Store what was computed from a file of the cache beside it, so that it is computed once.

The name of the stored file ends with a hash of all that it depends on: the downloaded file, its
source, the bundled data, and the code and versions that compute it. So a stale file is never found.
"""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd

from geobuffer.datasets.fetch.tables import cite
from geobuffer.errors import WriteError
from geobuffer.io.atomic import replace_file
from geobuffer.zones.data_folder import data_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from geobuffer.datasets.fetch.downloader import Obtained
    from geobuffer.zones.source import Source


# What computes the tables, beside this package.
_LIBRARIES = ("geobuffer", "geopandas", "pandas", "shapely")

# So many characters of a hash tell the versions of one file apart.
_SHOWN = 16


def read_or_compute(
    file: Obtained, source: Source, compute: Callable[[], gpd.GeoDataFrame]
) -> gpd.GeoDataFrame:
    """Return a table of places that was computed from a file: the stored one, or a new one.

    Parameters
    ----------
    file
        The file of the cache.
    source
        The source that the table names.
    compute
        Computes the table, which depends on nothing else than the bundled data.
    """
    key = _hash_all(file, source)
    path = file.path.with_name(f"{file.path.name}.{key[:_SHOWN]}.parquet")
    stored = _read_stored(path)
    if stored is not None:
        return stored
    table = compute()
    try:
        for old in file.path.parent.glob(f"{file.path.name}.{'?' * _SHOWN}.parquet"):
            old.unlink()
        with replace_file(path) as draft:
            table.to_parquet(draft)
    except (OSError, WriteError):  # a cache that we may only read
        return table
    return table


def _read_stored(path: Path) -> gpd.GeoDataFrame | None:
    """Return a stored table; None if it is not there or damaged."""
    try:
        return gpd.read_parquet(path)
    except (OSError, ValueError, KeyError):
        return None


def _hash_all(file: Obtained, source: Source) -> str:
    """Return a hash of all that a computed table depends on."""
    found = hashlib.sha256()
    facts = [file.source.sha256, cite(source), str(source.accuracy_m)]
    facts += [version(name) for name in _LIBRARIES]
    code = sorted(Path(__file__).parent.glob("*.py"))
    for part in [*(fact.encode() for fact in facts), *(one.read_bytes() for one in code)]:
        found.update(len(part).to_bytes(8, "big") + part)
    found.update((data_folder() / "manifest.toml").read_bytes())
    return found.hexdigest()

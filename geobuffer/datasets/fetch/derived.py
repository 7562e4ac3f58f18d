"""Store a table that was computed from a downloaded file beside that file in the cache.

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


# The libraries whose versions decide the content of the tables.
_LIBRARIES = ("geobuffer", "geopandas", "pandas", "shapely")

# This many characters of a hash are enough to distinguish the versions of one file.
_SHOWN = 16


def read_or_compute(
    file: Obtained, source: Source, compute: Callable[[], gpd.GeoDataFrame]
) -> gpd.GeoDataFrame:
    """Return the stored table of places for a file, or compute and store it.

    Parameters
    ----------
    file
        The file of the cache.
    source
        The source that the table names.
    compute
        A function that computes the table from the file, the bundled data and nothing else.
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
    """Return a stored table; None if it is missing or damaged."""
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

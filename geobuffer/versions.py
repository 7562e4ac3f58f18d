"""Look at what is installed: versions for a bug report, and whether numba is there."""

from __future__ import annotations

import importlib.util
import platform
import re
import sys
from functools import cache
from importlib import metadata

import pyproj
import shapely


def show_versions() -> None:
    """Print the versions of geobuffer, Python, the system and the packages that geobuffer uses.

    The packages are the requirements of the installed geobuffer and of its extras. About the
    machine, the report contains the operating system and the type of processor, and nothing else.

    Examples
    --------
    >>> show_versions()
    geobuffer ...
    Python ...
    """
    for name, version in {**_list_system(), **_list_packages()}.items():
        print(f"{name} {version}")  # noqa: T201 - its purpose


def _list_system() -> dict[str, str]:
    # Only readers and writers need GDAL, and it loads slowly, so we import it here.
    import pyogrio

    host = platform.uname()

    return {
        "geobuffer": metadata.version("geobuffer"),
        "Python": sys.version.split()[0],
        "system": f"{host.system} {host.release}, {host.machine}",
        "GEOS": shapely.geos_version_string,
        "PROJ": pyproj.proj_version_str,
        "GDAL": ".".join(map(str, pyogrio.__gdal_version__)),
    }


def _list_packages() -> dict[str, str]:
    """Return the version of each package that geobuffer requires, or ``"not installed"``."""
    requirements = (re.match(r"[\w.-]+", line) for line in metadata.requires("geobuffer") or [])
    names = {found.group() for found in requirements if found} - {"geobuffer"}
    return {name: _read_version(name) for name in sorted(names, key=str.casefold)}


def _read_version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


@cache
def has_numba() -> bool:
    """Return whether numba is installed, which compiles loops over many points."""
    return importlib.util.find_spec("numba") is not None

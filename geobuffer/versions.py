"""What is installed: for a report of a mistake, so that it can be made again elsewhere."""

from __future__ import annotations

import platform
import re
import sys
from importlib import metadata

import pyproj
import shapely


def show_versions() -> None:
    """Print the versions of geobuffer, Python, the system, and all that geobuffer can use.

    Packages are those that the installed geobuffer itself asks for, with its extras. Nothing of
    the machine is told but its system and processor.

    Examples
    --------
    >>> show_versions()
    geobuffer ...
    Python ...
    """
    for name, version in {**_system(), **_packages()}.items():
        print(f"{name} {version}")  # noqa: T201 - what it is for


def _system() -> dict[str, str]:
    # GDAL takes a while to load, and is asked for by no more than readers and writers.
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


def _packages() -> dict[str, str]:
    """Return the version of each package that geobuffer asks for, or that it is not there."""
    asked = (re.match(r"[\w.-]+", line) for line in metadata.requires("geobuffer") or [])
    names = {found.group() for found in asked if found} - {"geobuffer"}
    return {name: _version(name) for name in sorted(names, key=str.casefold)}


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"

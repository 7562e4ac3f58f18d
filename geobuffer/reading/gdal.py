"""A setting of GDAL's, which hold for the whole process, for the while of a reading only."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def gdal_setting(name: str, value: str) -> Iterator[None]:
    """Set one of GDAL's configuration options, and give it back its value after.

    Examples
    --------
    >>> with gdal_setting("OGR_ARC_STEPSIZE", "0.25"):
    ...     pass
    """
    import pyogrio

    before = pyogrio.get_gdal_config_option(name)
    pyogrio.set_gdal_config_options({name: value})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({name: before})

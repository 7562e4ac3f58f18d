"""The polygons of the time zones: the exact international lines, as OpenStreetMap has them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from timezonefinder import TimezoneFinder

# The package stores millionths of a degree; what it returns differs from them by the last bits
# of a double (1e-14°). Rounding gives the decimal value back, and the same bits in every zone.
DECIMALS = 6


def read_rings(data: Path, zones: list[str]) -> dict[str, NDArray[np.float64]]:
    """Return per zone the closed outer ring of its largest part: rows of longitude, latitude."""
    finder = TimezoneFinder(bin_file_location=data)
    rings: dict[str, NDArray[np.float64]] = {}
    for zone in zones:
        parts = finder.get_geometry(tz_name=zone, coords_as_pairs=True)
        outer = max((part[0] for part in parts), key=len)
        ring = np.array(outer, dtype=np.float64).round(DECIMALS)
        rings[zone] = np.vstack([ring, ring[:1]])
    return rings

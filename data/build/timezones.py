"""Read the polygons of time zones, which have the exact international lines of OpenStreetMap."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from timezonefinder import TimezoneFinder

# The package stores millionths of a degree, but returns numbers that differ from them in the last
# bits (1e-14°). Rounding restores the decimal value, and so the same bits in every zone.
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

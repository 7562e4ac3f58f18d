"""Read where the cells of a grid lie from the coordinates of an xarray array, and check them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyproj
from pyproj.exceptions import CRSError

from geobuffer.errors import DataError, missing_crs

if TYPE_CHECKING:
    from geobuffer.geodesy.ellipsoid import Floats


# A distance takes 8 bytes, so the largest grid takes 4 GB.
MOST_CELLS = 500_000_000
# Centres are evenly spaced if no two steps differ by more than this share of a step. Some files
# store centres as 32-bit floats, which rounds them by up to a hundredth of a cell of 0.001°.
_UNEVEN = 0.02

_X_NAMES, _Y_NAMES = ("x", "lon", "longitude"), ("y", "lat", "latitude")


class Cells(NamedTuple):
    """The cells of a grid, by the centres of its columns and rows, in the units of its system."""

    crs: pyproj.CRS
    x: Floats
    y: Floats
    names: tuple[str, str] = ("y", "x")
    """The names of the dimensions."""

    def check(self) -> None:
        """Check that this is an even grid on Earth, of at most ``MOST_CELLS`` cells.

        Raises
        ------
        DataError
            It is not.
        """
        count = len(self.x) * len(self.y)
        if not 0 < count <= MOST_CELLS:
            raise DataError(
                f"Invalid grid: {len(self.x):,} by {len(self.y):,} is {count:,} cells. Must be "
                f"from 1 to {MOST_CELLS:,}: choose another resolution, or smaller bounds."
            )
        if not (self.crs.is_geographic or self.crs.is_projected):
            raise DataError(
                f"Invalid crs {self.crs.name!r}. Must be geographic or projected.", parameter="crs"
            )
        for name, at in zip(reversed(self.names), (self.x, self.y), strict=True):
            steps = np.diff(at)
            if not np.isfinite(at).all() or (
                len(steps) and np.ptp(steps) >= _UNEVEN * abs(steps.mean())
            ):
                raise DataError(
                    f"Invalid {name} of the grid: its steps differ or are zero. Must be evenly "
                    "spaced finite numbers, with steps larger than the rounding of 64-bit floats."
                )
        if self.crs.is_geographic and np.abs(self.y).max() > 90.0:
            raise DataError(
                f"Invalid grid: a row of cells is at latitude {self.y[np.abs(self.y).argmax()]:g}. "
                "Must lie within ±90°."
            )

    def find_transform(self) -> tuple[float, float, float, float, float, float]:
        """Return the corner and the steps of the cells in the order of GDAL.

        Raises
        ------
        DataError
            One column or row, or several at one place: the size of a cell is unknown.
        """
        steps = []
        for name, at in zip(reversed(self.names), (self.x, self.y), strict=True):
            step = float(at[-1] - at[0]) / max(len(at) - 1, 1)
            if not step:
                raise DataError(
                    f"Invalid {name} of the grid: it has one value, so that the size of a cell is "
                    "unknown. Must have two or more."
                )
            steps.append(step)
        wide, high = steps
        return float(self.x[0]) - wide / 2, wide, 0.0, float(self.y[0]) - high / 2, 0.0, high


def read_system(crs: Any) -> pyproj.CRS:
    """Return a reference system that is given in any form that pyproj takes.

    Raises
    ------
    DataError
        The argument is not a reference system.
    """
    try:
        return pyproj.CRS.from_user_input(crs)
    except (CRSError, TypeError, ValueError) as error:
        shown = f"{type(crs).__name__} {crs!r:.60}"
        raise DataError(
            f"Invalid crs: {shown}. Must be a reference system, as 'EPSG:4326'.", parameter="crs"
        ) from error


def read_cells(array: Any, parameter: str = "like") -> Cells:
    """Return the cells of a DataArray of xarray; ``parameter`` is its name in messages.

    Raises
    ------
    DataError
        The array has no coordinates x and y, or its reference system cannot be read.
    MissingCRSError
        The array has no reference system.
    """
    found = []
    for known in (_Y_NAMES, _X_NAMES):
        names = [n for n in array.dims if str(n).lower() in known and n in array.coords]
        if len(names) != 1:
            raise DataError(
                f"Invalid {parameter}: its dimensions are {', '.join(map(str, array.dims))}. Must "
                "have one of each, with coordinates: x or lon, y or lat.",
                parameter=parameter,
            )
        found.append(names[0])
    y, x = (np.asarray(array.coords[name].values, dtype=np.float64) for name in found)
    mapping = array.encoding.get("grid_mapping") or array.attrs.get("grid_mapping", "spatial_ref")
    facts = array.coords[mapping].attrs if mapping in array.coords else {}
    system = facts.get("crs_wkt") or facts.get("spatial_ref") or array.attrs.get("crs")
    system = system or getattr(getattr(array, "rio", None), "crs", None)
    if not system:
        raise missing_crs(f"{parameter} has", 'use rio.write_crs("EPSG:4326") of rioxarray')
    return Cells(read_system(system), x, y, (str(found[0]), str(found[1])))

"""What is odd about a table of points: axes swapped, rows without a point, rows given twice."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geobuffer.geodesy import Floats

    Flags = NDArray[np.bool_]

# How far about where points are expected one may lie, in degrees: a gazetteer covers more than a
# border's neighbourhood, and axes are swapped only where turning them brings most points here.
_MARGIN_DEGREES = 5.0

# How many rows a message names before it only counts them.
_NAMED_ROWS = 5

# Without one of these nothing tells a row given twice from two places.
_TELLING = ("id", "code", "name", "name_en", "name_uk", "name_ru")


def seem_swapped(lon: Floats, lat: Floats, shapes: Iterable[BaseGeometry]) -> bool:
    """Tell whether most points lie far from some shapes, but not with their axes swapped.

    Examples
    --------
    >>> line = shapely.LineString([(34, 51), (34, 52)])
    >>> seem_swapped(np.array([51.2, 51.3]), np.array([34.9, 35.0]), [line])
    True
    """
    near, turned = _near(lon, lat, shapes)
    there = np.isfinite(lon)
    return bool(there.any() and near[there].mean() < 0.5 < turned[there].mean())


def _near(lon: Floats, lat: Floats, shapes: Iterable[BaseGeometry]) -> tuple[Flags, Flags]:
    """Return which points lie near some shapes, and which would with their axes swapped."""
    west, south, east, north = shapely.total_bounds(list(shapes))

    def there(x: Floats, y: Floats) -> Flags:
        across = (x >= west - _MARGIN_DEGREES) & (x <= east + _MARGIN_DEGREES)
        up = (y >= south - _MARGIN_DEGREES) & (y <= north + _MARGIN_DEGREES)
        return np.asarray(across & up)

    return there(lon, lat), there(lat, lon)


def warn_if_swapped(
    lon: Floats, lat: Floats, shapes: Iterable[BaseGeometry], labels: pd.Index, *, stacklevel: int
) -> None:
    """Warn of points that seem to have their axes swapped: most of them, or a few among others."""
    shapes = list(shapes)
    if not seem_swapped(lon, lat, shapes):
        near, turned = _near(lon, lat, shapes)
        # Of places all over the world some lie so by chance.
        if near.any() and near[np.isfinite(lon)].mean() > 0.5:
            warn_of(
                labels[turned & ~near],
                "far from the border, but near it with longitude and latitude swapped",
                stacklevel=stacklevel + 1,
            )
        return
    first = int(np.flatnonzero(np.isfinite(lon))[0])
    where = f"longitude {lon[first]:g}, latitude {lat[first]:g}"
    if len(lon) == 1:
        which, remedy = f"The point at {where} lies", ""
    else:
        which = f"Most points, such as the first at {where}, lie"
        remedy = "; read_settlements(swap=True) turns those of a file"
    warnings.warn(
        f"{which} far from the border, but near it with longitude and latitude swapped: is one "
        f"taken for the other{remedy}?",
        stacklevel=stacklevel + 1,
    )


def repeated(table: pd.DataFrame, shapes: NDArray[np.object_]) -> Flags:
    """Tell which rows repeat an earlier one in every column and their shape.

    Examples
    --------
    >>> table = pd.DataFrame({"name": ["Sudzha", "Sudzha"], "people": [5, 5]})
    >>> point = shapely.Point(35.3, 51.2)
    >>> repeated(table, np.array([point, point])).tolist()
    [False, True]
    """
    wkb = pd.Series(shapely.to_wkb(shapes), dtype=object)
    # Few rows share a shape, and only those are compared in all columns.
    alike = np.flatnonzero(wkb.duplicated(keep=False))
    # As text: columns may hold lists and other things that cannot be compared.
    rows = table.iloc[alike].astype(str).assign(**{"\0shape": wkb.iloc[alike].map(str).to_numpy()})
    found = np.zeros(len(table), dtype=bool)
    found[alike] = rows.duplicated().to_numpy()
    return found


def drop_uncounted(table: Any, near: Flags, *, stacklevel: int) -> Flags:
    """Return which of the rows near a zone count, and warn of those that do not.

    A row without a point is in no zone, and a row that repeats another is counted once; in a table
    that has neither names nor ids none does.
    """
    there = ~(table.geometry.isna() | table.geometry.is_empty).to_numpy()
    warn_of(table.index[~there], "without a point, and so in no zone", stacklevel=stacklevel + 1)
    if not set(_TELLING) & set(table.columns):
        return near
    rows = np.flatnonzero(near)
    part = table.iloc[rows]
    shapes = part.geometry.to_numpy()
    twice = repeated(pd.DataFrame(part.drop(columns=part.geometry.name)), shapes)
    warn_of(
        part.index[twice], "repeating another in every column, and counted once",
        stacklevel=stacklevel + 1,
    )  # fmt: skip
    counts = near.copy()
    counts[rows[twice]] = False
    return counts


def warn_of(labels: pd.Index, what: str, *, stacklevel: int) -> None:
    """Warn of rows, if there are any: how many they are, and the labels of the first."""
    if not len(labels):
        return
    shown = ", ".join(repr(label) for label in labels[:_NAMED_ROWS].tolist())
    more = f" and {len(labels) - _NAMED_ROWS:,} more" if len(labels) > _NAMED_ROWS else ""
    rows = "row" if len(labels) == 1 else "rows"
    warnings.warn(f"{len(labels):,} {rows} {what}: {shown}{more}.", stacklevel=stacklevel + 1)

"""Where a file's shapes are expected, and whether they would lie there with their axes swapped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import shapely

from geobuffer.errors import DataError
from geobuffer.model import Border, Region
from geobuffer.oddities import seem_swapped

if TYPE_CHECKING:
    from geobuffer.model import Regions
    from geobuffer.reading.raw import Raw


def check_place(raw: Raw, near: Region | Regions | Border | None) -> None:
    """Refuse shapes of which most would lie where they are expected if their axes were swapped.

    Raises
    ------
    DataError
        They would; the message tells the first coordinates and the remedy.
    """
    if near is None:
        return
    xy = shapely.get_coordinates(raw.placed)
    if seem_swapped(xy[:, 0], xy[:, 1], _shapes(near)):
        lon, lat = xy[0]
        raise DataError(
            f"Invalid coordinates in {raw.name}: longitude {lon:g}, latitude {lat:g} and most "
            "others lie far from where they are expected, but not with longitude and latitude "
            "swapped. Must be in that order; swap=True turns them."
        )


def _shapes(near: Region | Regions | Border) -> list[shapely.Geometry]:
    if isinstance(near, Border):
        return [near.line]
    return [near.geometry] if isinstance(near, Region) else [one.geometry for one in near]

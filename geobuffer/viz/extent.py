"""Select what a map of a zone shows: regions, and stretches of the border at sea.

The module also checks the arguments that maps and pictures share.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from shapely.affinity import translate

from geobuffer.datasets.bundled import add_not_located
from geobuffer.geodesy.antimeridian import shift_to_0_360
from geobuffer.geodesy.ellipsoid import length_m
from geobuffer.io.point_tables import check_points_table, keep_first_rows, read_points_table
from geobuffer.zones.arguments import TEXT, check_arguments
from geobuffer.zones.checks import check_zone
from geobuffer.zones.region import REGIONS

if TYPE_CHECKING:
    from collections.abc import Iterable

    import geopandas as gpd
    from numpy.typing import NDArray

    from geobuffer.zones.land import LandAndSea
    from geobuffer.zones.region import Region
    from geobuffer.zones.zone import Zone


def check_map_arguments(zone: Any, settlements: Any, regions: Any, language: Any) -> None:
    """Check the types of the arguments that maps and pictures share.

    Raises
    ------
    WrongKind, DataError
        An argument has another type.
    """
    check_zone(zone)
    check_arguments(regions=(regions, REGIONS), language=(language, TEXT))
    if settlements is not None:
        check_points_table(settlements, "settlements")


def read_places(settlements: gpd.GeoDataFrame, *, stacklevel: int) -> gpd.GeoDataFrame:
    """Return the places that a map shows, each once, and bundled places without coordinates.

    A warning names rows that repeat another row, as in :func:`geobuffer.exposure`.
    """
    table, _ = number_places(settlements, stacklevel=stacklevel + 1)
    return table


def number_places(
    settlements: gpd.GeoDataFrame, *, stacklevel: int
) -> tuple[gpd.GeoDataFrame, NDArray[np.intp]]:
    """Return the places of :func:`read_places`, and for each its row in the given table.

    Places without coordinates come after all rows of the table, with numbers beyond its length.
    """
    table = add_not_located(read_points_table(settlements, "settlements"))
    rows = np.flatnonzero(keep_first_rows(table, stacklevel=stacklevel + 1))
    return table.iloc[rows], rows


def select_regions(zone: Zone, regions: Iterable[Region]) -> tuple[Region, ...]:
    """Return the regions along the border of a zone, and other regions that the map may show.

    If a region is given twice, the one along the border counts, because outlines may differ.
    """
    near = [region for region in regions if _is_near(region, zone)]
    own = zone.regions
    chosen = [next((one for one in own if _shows_same(one, region)), region) for region in near]
    return tuple(dict.fromkeys((*chosen, *own)))


def _shows_same(one: Region, other: Region) -> bool:
    """Return whether two regions of one name may be the same: two countries have a Limburg."""
    codes = ((one.iso, other.iso), (one.country, other.country))
    return one.name == other.name and all(a == b for a, b in codes if a and b)


def _is_near(region: Region, zone: Zone) -> bool:
    """Return whether a region may be visible when the map opens, or after zooming out once.

    A map is about as wide as it is high, whatever the shape of the zone.
    """
    west, south, east, north = find_bounds(zone)
    reach = max(east - west, north - south)
    seen = shapely.box(west - reach, south - reach, east + reach, north + reach)
    held = shapely.box(*region.geometry.bounds)
    # The surroundings of a zone at 180° lie beyond it too.
    return any(shapely.intersects(translate(seen, turn), held) for turn in (-360.0, 0.0, 360.0))


def find_bounds(zone: Zone) -> tuple[float, float, float, float]:
    """Return the bounds of a zone; across the antimeridian, they continue beyond 180°."""
    west, south, east, north = zone.polygon.bounds
    if west < -179.99 and east > 179.99:
        lon = shift_to_0_360(shapely.get_coordinates(zone.polygon)[:, 0])
        if np.ptp(lon) < 180.0:
            return float(lon.min()), south, float(lon.max()), north
    return west, south, east, north


def split_sections_at_coast(zone: Zone) -> list[LandAndSea]:
    """Split each section of a zone into the part on land and the part at sea."""
    borders = [part.border for part in zone.zones]
    if len(borders) == 1:
        return list(borders[0].coast_split)
    # A combined zone lists a section once, although several of its zones may lie along it.
    split = {
        section: one
        for border in borders
        for section, one in zip(border.sections, border.coast_split, strict=True)
    }
    return [split[section] for section in zone.sections]


def measure_sea_km(zone: Zone) -> float:
    """Return how many kilometres of a zone's sections run at sea."""
    runs = [run for one in split_sections_at_coast(zone) for run in one.sea.geoms]
    return length_m(shapely.MultiLineString(runs)) / 1e3 if runs else 0.0

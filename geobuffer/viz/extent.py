"""Which regions a map of a zone shows: those along its border, and those about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import shapely

if TYPE_CHECKING:
    from collections.abc import Iterable

    from geobuffer.zones.region import Region
    from geobuffer.zones.zone import Zone


def select_regions(zone: Zone, regions: Iterable[Region]) -> tuple[Region, ...]:
    """Return the regions along a zone's border, and those given that may be seen about it.

    The border's own win over others of their name: loaded twice, they are two objects.
    """
    near = [region for region in regions if _is_near(region, zone)]
    return tuple({region.name: region for region in (*near, *zone.regions)}.values())


def _is_near(region: Region, zone: Zone) -> bool:
    """Tell whether a region may be seen where the map opens, or after a step out.

    A map is about as wide as it is high, whatever the zone is.
    """
    west, south, east, north = zone.polygon.bounds
    reach = max(east - west, north - south)
    seen = shapely.box(west - reach, south - reach, east + reach, north + reach)
    return bool(shapely.intersects(seen, shapely.box(*region.geometry.bounds)))

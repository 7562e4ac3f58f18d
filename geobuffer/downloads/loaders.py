"""Which function brings which source. Needs the extra ``fetch``, as everything below it does."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from geobuffer.downloads import geoboundaries, geonames, hdx, overpass, ua_geo, worldpop

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from geobuffer.downloads.tables import Fetched

#: A function for each name of the catalogue.
LOADERS: Mapping[str, Callable[..., Fetched]] = MappingProxyType(
    {
        "geonames": geonames.places,
        "osm-places": overpass.places,
        "osm-boundaries": overpass.boundaries,
        "geoboundaries": geoboundaries.boundaries,
        "ua-geo": ua_geo.places,
        "ua-geo-boundaries": ua_geo.boundaries,
        "hdx": hdx.boundaries,
        "worldpop": worldpop.raster,
    }
)

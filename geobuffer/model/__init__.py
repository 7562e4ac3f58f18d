"""The nouns: Source, Region, Border, BufferZone, and what they are made of.

All are immutable, hold shapely geometry in longitude and latitude (EPSG:4326, degrees), and carry
where they come from. Their methods use only what they hold; what needs a table, a file or a map
is a function in a room of its own.
"""

from geobuffer.model.border import BOTH, Border, Section, Side
from geobuffer.model.region import Region, Regions
from geobuffer.model.source import Source, join_sources
from geobuffer.model.zone import METHOD, BufferZone, zone_frame
from geobuffer.names import LANGUAGES

__all__ = [
    "BOTH", "LANGUAGES", "METHOD", "Border", "BufferZone", "Region", "Regions", "Section", "Side",
    "Source", "join_sources", "zone_frame",
]  # fmt: skip

"""Users' own files: regions, border lines and settlements, checked once, at the door."""

from geobuffer.reading.lines import read_border
from geobuffer.reading.regions import read_regions
from geobuffer.reading.settlements import read_settlements

__all__ = ["read_border", "read_regions", "read_settlements"]

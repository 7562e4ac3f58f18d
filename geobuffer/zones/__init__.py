"""The nouns (Source, Region, Border, BufferZone) and the functions that build them."""

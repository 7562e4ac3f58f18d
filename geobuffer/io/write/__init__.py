"""Write tables, zones, pictures and maps to files."""

"""Read users' own files and database tables: regions, settlements and lines."""

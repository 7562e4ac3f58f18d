"""Public data fetched when asked for: cached, checked by hash, with their sources."""

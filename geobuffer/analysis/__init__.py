"""Questions about tables and rasters: classify places, count people, merge tables."""

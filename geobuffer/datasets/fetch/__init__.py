"""Download data from publishers: catalogue, HTTP, cache, and one module for each source."""

"""Public data fetched when asked for: cached, checked by hash, with their sources."""

from geobuffer.downloads.downloader import Downloader
from geobuffer.downloads.fetching import fetch, list_sources

__all__ = ["Downloader", "fetch", "list_sources"]

"""Read Leaflet, the library that draws slippy maps, as texts that can be written into a page."""

from __future__ import annotations

import functools

from geobuffer.viz.offline.packages import LEAFLET, data_url, embed_urls, escape_script


def _read_leaflet_text(name: str) -> str:
    return (LEAFLET / name).read_text("utf-8")


@functools.cache
def read_leaflet_script() -> str:
    """Return Leaflet's script, without its reference to a source map."""
    return escape_script(_read_leaflet_text("leaflet.js"))


@functools.cache
def read_leaflet_style() -> str:
    """Return Leaflet's style sheet with its pictures written into it."""

    def find_picture(reference: str) -> str | None:
        return _read_picture(reference) if reference.startswith("images/") else None

    return embed_urls(_read_leaflet_text("leaflet.css"), find_picture)


def read_pin_pictures() -> dict[str, str]:
    """Return the pictures of Leaflet's default pin as data, by the names of Leaflet's options."""
    return {
        "iconUrl": _read_picture("images/marker-icon.png"),
        "iconRetinaUrl": _read_picture("images/marker-icon-2x.png"),
        "shadowUrl": _read_picture("images/marker-shadow.png"),
    }


def _read_picture(name: str) -> str:
    return data_url(name, (LEAFLET / name).read_bytes())

"""Files that commands are told to write: what cannot be, is refused before anything is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geobuffer.export import check_target
from geobuffer.plots import require_matplotlib

if TYPE_CHECKING:
    from pathlib import Path


def check_out(path: Path | None, kind: type) -> None:
    """Refuse a file that cannot be written, or whose format cannot hold what it is for."""
    if path is not None:
        check_target(path, kind)


def check_page(path: Path | None) -> None:
    """Refuse a page that cannot be written."""
    if path is not None:
        import folium

        check_target(path, folium.Map)


def check_picture(path: Path | None) -> None:
    """Refuse a picture that cannot be written, or drawn."""
    if path is not None:
        require_matplotlib()
        from matplotlib.figure import Figure

        check_target(path, Figure)

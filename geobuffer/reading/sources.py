"""Where shapes are read from: a file, an archive, or a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geobuffer.reading.database import is_database, read_database
from geobuffer.reading.files import find_file
from geobuffer.reading.layers import read_layer

if TYPE_CHECKING:
    from pathlib import Path

    from geobuffer.reading.raw import Raw


def read_shapes(
    path: str | Path, layer: str | None, kinds: tuple[str, ...], max_gb: float
) -> tuple[Raw, str]:
    """Return the rows of a layer or table, and the title of a source that nobody described.

    Errors as :func:`geobuffer.reading.files.find_file`,
    :func:`geobuffer.reading.layers.read_layer` and
    :func:`geobuffer.reading.database.read_database`.
    """
    if is_database(path):
        raw = read_database(str(path), layer)
        return raw, raw.name
    file, layer = find_file(path, layer=layer, max_gb=max_gb)
    return read_layer(file, layer, kinds), file.path.name

"""Shapes that take long to make, kept between runs in the user's cache folder.

A file is the hash of a shape and the shape; what does not fit its hash is made anew. Where nothing
can be kept, as on a read-only disk, everything works as before, and as slowly.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING

import shapely

from geobuffer.drafts import drafted

if TYPE_CHECKING:
    from pathlib import Path

    from shapely.geometry.base import BaseGeometry

_HASH_BYTES = 32


def load_shape(folder: Path, name: str) -> BaseGeometry | None:
    """Return a shape that was kept; ``None`` if there is none, or not as it was kept.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     keep_shape(Path(folder), "a point", shapely.Point(30, 50))
    ...     print(load_shape(Path(folder), "a point"), load_shape(Path(folder), "another"))
    POINT (30 50) None
    """
    try:
        content = _file(folder, name).read_bytes()
    except OSError:
        return None
    told, wkb = content[:_HASH_BYTES], content[_HASH_BYTES:]
    return shapely.from_wkb(wkb) if hashlib.sha256(wkb).digest() == told else None


def keep_shape(folder: Path, name: str, shape: BaseGeometry) -> None:
    """Keep a shape under a name, if the folder can be written."""
    wkb = shapely.to_wkb(shape)
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        with drafted(_file(folder, name)) as draft:
            draft.write_bytes(hashlib.sha256(wkb).digest() + wkb)


def _file(folder: Path, name: str) -> Path:
    """Return the file of a name, which may hold any signs."""
    return folder / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.shape"

"""Force the indexes of lines and areas to use one engine, whatever the number of points."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from geobuffer.geodesy import area_index, nearest


@contextmanager
def use_engine(name: str) -> Iterator[None]:
    """Answer by the ``"tree"``, by the grid of ``"numpy"``, or by its ``"compiled"`` loops.

    With ``"tree"``, areas are tested one by one. Otherwise lines and areas use their grids.
    """
    enough = 10**12 if name == "tree" else 0
    with pytest.MonkeyPatch.context() as patch:
        for limit in ("_TABLE_FROM", "_GRID_FROM", "_GRID_AFTER", "_KEPT_FROM", "_COMPILED_FROM"):
            patch.setattr(nearest, limit, enough)
        for limit in ("_ENOUGH", "_ENOUGH_ONCE_BUILT"):
            patch.setattr(area_index, limit, enough)
        if name == "numpy":
            patch.setattr(nearest, "has_numba", lambda: False)
        yield

"""geobuffer as ``pip install geobuffer[fast]`` gives it: the compiled grid as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba
from with_geobuffer import ways

import geobuffer as gb

if TYPE_CHECKING:
    from harness import Job, Method


def version(_job: Job) -> str:
    """Return versions."""
    return f"geobuffer {gb.__version__}, numba {numba.__version__}"


def methods(_job: Job) -> list[Method]:
    """Return the same as without numba."""
    return ways(compiled=True)

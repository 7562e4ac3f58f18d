"""S2 by way of spherely: geography on a sphere of the Earth's mean radius."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
import spherely
from harness import WIDTH_M, Method

if TYPE_CHECKING:
    from harness import Floats, Job


def version(_job: Job) -> str:
    """Return versions."""
    return f"spherely {spherely.__version__}"


def methods(job: Job) -> list[Method]:
    """Return distance, and membership by it; spherely has no buffer."""
    line = spherely.from_wkb(shapely.to_wkb(job.line))
    spherely.prepare(line)

    def away(points: Any) -> Floats:
        return np.asarray(spherely.distance(points, line))

    return [
        Method("membership", "distance", lambda p: away(p) <= WIDTH_M, spherely.points),
        Method("distance", "distance", away, spherely.points),
    ]

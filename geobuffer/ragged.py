"""Groups of unequal size as flat arrays, one group after another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def numbered(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the number of each member within its group, of groups of these sizes.

    Examples
    --------
    >>> numbered(np.array([2, 0, 3])).tolist()
    [0, 1, 0, 1, 2]
    """
    return np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)


def least(values: NDArray[np.float64], group: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the least value of each group; groups are sorted and none is empty.

    Examples
    --------
    >>> least(np.array([3.0, 1.0, 2.0]), np.array([0, 0, 1])).tolist()
    [1.0, 2.0]
    """
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    return np.minimum.reduceat(values, starts)

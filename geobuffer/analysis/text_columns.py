"""Make columns of texts from codes with Arrow, without a Python object for each row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Codes = NDArray[np.integer[Any]]

# The type that pandas gives a column of texts: its own text type since 3.0, before that objects.
_TEXT: Any = pd.Series(["text"]).dtype


def make_text_column(codes: Codes, names: Sequence[str], missing: str | None = None) -> Any:
    """Return the names that codes stand for, as an array of pandas.

    Its type does not depend on whether all texts are missing.

    Parameters
    ----------
    codes
        Numbers in ``names``; −1 where there is no name.
    names
        The names.
    missing
        What the code −1 stands for: a text, or None for a missing value.

    Examples
    --------
    >>> list(make_text_column(np.array([1, -1, 0]), ["inside", "outside"], "nowhere"))
    ['outside', 'nowhere', 'inside']
    """
    if not isinstance(_TEXT, pd.StringDtype):
        return pd.array(np.array([*names, missing], dtype=object).take(codes), dtype=_TEXT)
    # pandas stores texts in this type of Arrow, so it need not convert them.
    known = pa.array([*names, missing], pa.large_string())
    return pd.array(known.take(pa.array(_number_missing(codes, len(names)))), dtype=_TEXT)


def make_dictionary(codes: Codes, names: Sequence[str], missing: str | None = None) -> pa.Array:
    """Return the names that codes stand for, as a dictionary array of Arrow.

    The parameters are those of :func:`make_text_column`.

    Examples
    --------
    >>> make_dictionary(np.array([1, -1, 0]), ["inside", "outside"]).to_pylist()
    ['outside', None, 'inside']
    """
    if missing is None:
        gone = codes < 0
        indices = pa.array(codes, mask=gone) if gone.any() else pa.array(codes)
        return pa.DictionaryArray.from_arrays(indices, pa.array(list(names), pa.string()))
    indices = pa.array(_number_missing(codes, len(names)))
    return pa.DictionaryArray.from_arrays(indices, pa.array([*names, missing], pa.string()))


def _number_missing(codes: Codes, number: int) -> Codes:
    """Return codes with a number in place of −1."""
    fits = codes.astype(np.promote_types(codes.dtype, np.min_scalar_type(-number - 1)), copy=False)
    return np.where(codes < 0, fits.dtype.type(number), fits)

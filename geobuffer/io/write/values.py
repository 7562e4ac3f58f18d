"""Find missing values, and characters that XML cannot hold, before a value is written."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

#: Characters that XML 1.0 cannot hold, even escaped: KML and Excel files are XML.
NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def is_missing(value: Any) -> bool:
    """Return whether a value is ``None``, NaN, NaT or ``pandas.NA``; lists and shapes are not.

    >>> is_missing(float("nan")), is_missing(pd.NaT), is_missing([None]), is_missing("")
    (True, True, False, False)
    """
    return value is None or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))

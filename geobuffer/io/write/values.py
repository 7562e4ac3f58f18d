"""Prepare values before they are written.

Round distances to their meaningful digits; find missing values, and characters that XML cannot
hold.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from geobuffer.zones.source import ORIGIN

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Characters that XML 1.0 cannot hold, even escaped: KML and Excel files are XML.
NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def is_missing(value: Any) -> bool:
    """Return whether a value is ``None``, NaN, NaT or ``pandas.NA``; lists and shapes are not.

    >>> is_missing(float("nan")), is_missing(pd.NaT), is_missing([None]), is_missing("")
    (True, True, False, False)
    """
    return value is None or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))


# The columns of distances that geobuffer measures, in km.
_DISTANCES = ("distance_km", "farthest_km", "margin_km", "chainage_km")

# A probability is known to one or two hundredths; a third decimal distinguishes 0.999 from 1.
_PROBABILITY, _PROBABILITY_DECIMALS = "p_inside", 3

# Two digits of an uncertainty are meaningful (Guide to the expression of uncertainty in
# measurement, 7.2.6). We show distances at least to a tenth of a kilometre, because zones are some
# kilometres wide, and at most to a millimetre, because a line may be drawn exactly.
_DIGITS = 2
_FEWEST_DECIMALS, _MOST_DECIMALS = 1, 6


def round_distances(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with the distances that geobuffer measured rounded to meaningful digits.

    The decimals of a row are those of the first two digits of its ``margin_km``. Without that
    column, the accuracies of the place and the border decide.

    Examples
    --------
    >>> found = pd.DataFrame({"distance_km": [7.123456789] * 3, "margin_km": [1.0001, 0.51, 0.01]})
    >>> found.attrs["geobuffer"] = {"border": "A–B"}
    >>> round_distances(found)["distance_km"].tolist()
    [7.1, 7.12, 7.123]
    """
    origin = table.attrs.get(ORIGIN)
    if not origin or "distance_km" not in table:
        return table
    known_km = _find_uncertainty(table, origin)
    with np.errstate(divide="ignore"):
        decimals = _DIGITS - 1 - np.floor(np.log10(known_km))
    decimals = np.clip(decimals, _FEWEST_DECIMALS, _MOST_DECIMALS)
    rounded = {}
    for name in _DISTANCES:
        if name in table and pd.api.types.is_float_dtype(table[name]):
            exact = table[name].to_numpy(dtype=np.float64, na_value=np.nan)
            values = exact.copy()
            for count in range(_FEWEST_DECIMALS, _MOST_DECIMALS + 1):
                rows = decimals == count
                values[rows] = np.round(exact[rows], count)
            rounded[name] = values
    if _PROBABILITY in table and pd.api.types.is_float_dtype(table[_PROBABILITY]):
        rounded[_PROBABILITY] = np.round(table[_PROBABILITY].to_numpy(), _PROBABILITY_DECIMALS)
    return table.assign(**rounded)


def _find_uncertainty(table: pd.DataFrame, origin: dict[str, Any]) -> NDArray[np.float64]:
    """Return the uncertainty of the distance of each row in km; 0 if unknown."""
    if "margin_km" in table:
        return _read_column(table["margin_km"])
    place_m: Any = _read_column(table["accuracy_m"]) if "accuracy_m" in table else 0.0
    border_m = float(origin.get("border_accuracy_m") or 0.0)
    known_km = np.asarray(np.hypot(place_m, border_m) / 1e3, dtype=np.float64)
    return np.broadcast_to(known_km, len(table))


def _read_column(column: pd.Series[Any]) -> NDArray[np.float64]:
    """Return a column as numbers, 0 where a value is missing."""
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    return np.asarray(np.nan_to_num(numbers), dtype=np.float64)

"""Widths as people write them: a number of kilometres, or a text with its unit."""

from __future__ import annotations

import re

import numpy as np

from geobuffer.errors import GeometryError

# Kilometres in each unit. The nautical mile is 1,852 m (BIPM, The International System of Units,
# 2019, table 8), the mile 1,609.344 m. A capital M alone may be metres or nautical miles: neither.
_UNITS = {
    "km": 1.0, "км": 1.0, "kilometre": 1.0, "kilometres": 1.0, "kilometer": 1.0, "kilometers": 1.0,
    "m": 1e-3, "м": 1e-3, "metre": 1e-3, "metres": 1e-3, "meter": 1e-3, "meters": 1e-3,
    "nm": 1.852, "nmi": 1.852, "mi": 1.609344, "mile": 1.609344, "miles": 1.609344,
}  # fmt: skip

# Thousands are parted by spaces, decimals by a point or a comma. A comma before three digits may
# mean either.
_WRITTEN = re.compile(
    r"([+-]?(?:\d{1,3}(?: \d{3})+|\d+)(?:\.\d+|,(?!\d{3}(?!\d))\d+)?) ?([^\W\d]*)"
)

#: What a width must be, for messages.
FORMS = (
    "Must be a number of kilometres, or a text such as '10 km', '10,5 km', '10 000 m', '5 NM' or "
    "'3 mi'."
)


def kilometres(given: object, name: str = "km") -> float:
    """Return a width in kilometres; a text without a unit is kilometres too, as ``name`` says.

    Parameters
    ----------
    given
        A number, or a text such as ``"10 km"``, ``"10,5 km"``, ``"10 000 m"``, ``"5 NM"`` (nautical
        miles) or ``"3 mi"``.
    name
        What messages call it.

    Raises
    ------
    GeometryError
        It is neither; the message lists the forms. Whether a width is a sensible one is not asked.

    Examples
    --------
    >>> kilometres(10), kilometres("10,5 km"), kilometres("10 000 m"), kilometres("5 NM")
    (10.0, 10.5, 10.0, 9.26)
    >>> kilometres("10,000 m")
    Traceback (most recent call last):
    geobuffer.errors.GeometryError: Invalid km '10,000 m'. Must be a number of kilometres, or ...
    """
    if isinstance(given, (int, float, np.number)) and not isinstance(given, bool):
        return float(given)
    if isinstance(given, str):
        match = _WRITTEN.fullmatch(" ".join(given.replace("−", "-").split()))
        unit = match[2] if match else ""
        factor = _UNITS.get(unit.casefold()) if unit not in {"M", "М"} else None
        if match and (factor or not unit):
            number = float(match[1].replace(" ", "").replace(",", "."))
            return round(number * (factor or 1.0), 9)  # a micrometre: no trace of 1e-3
    raise GeometryError(f"Invalid {name} {given!r}. {FORMS}")

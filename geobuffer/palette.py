"""Colours of rings and classes, distinct in print, at night and for colour-blind readers.

Okabe and Ito's qualitative set (2008, https://jfly.uni-koeln.de/color/): under simulated
protanopia, vermillion, blue and yellow keep a CIE76 difference of 34 or more, while the usual
red, green and orange fall to 6. Classes differ in size and outline too, not in colour alone.
"""

from __future__ import annotations

from types import MappingProxyType

#: The colour of a settlement, by its membership.
MEMBERSHIP = MappingProxyType({"inside": "#d55e00", "uncertain": "#f0e442", "outside": "#7a7f87"})

#: The border line, the zone, its rings from the nearest to the farthest, the outline of regions.
BORDER = "#1a1a1a"
ZONE = "#0072b2"
RINGS = (ZONE, "#b8d8ee")
REGION = "#6b7280"


def ring_colours(count: int) -> list[str]:
    """Return a colour for each ring, from deep to pale blue, the ring nearest to the border first.

    Examples
    --------
    >>> ring_colours(1)
    ['#0072b2']
    >>> len(set(ring_colours(5)))
    5
    """
    deep, pale = (bytes.fromhex(end[1:]) for end in RINGS)
    steps = [i / max(count - 1, 1) for i in range(count)]
    return [
        "#" + "".join(f"{round(a + (b - a) * t):02x}" for a, b in zip(deep, pale, strict=True))
        for t in steps
    ]

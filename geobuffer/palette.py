"""Colours of maps by day and by night, distinct in print and for colour-blind readers.

The zone is warm and everything that is water is blue, so that no one takes the one for the other.
The zone's fill has a contrast of at least 2 : 1 to the land on either side, and keeps it under
simulated protanopia and deuteranopia (``tests/test_palette.py`` computes both). By day, places
inside are dark, uncertain ones yellow in a heavy ring, those outside grey. By night, those inside
are light, and uncertain ones dark in a yellow ring. Classes differ in size and outline too, not in
colour alone.
"""

from __future__ import annotations

from types import MappingProxyType

#: Colours by day, on paper too.
DAY = MappingProxyType(
    {
        "water": "#dfeaf1", "coast": "#9dbdd0", "river": "#86afc9",
        # Land of no side, of the first side's country, and of the second's.
        "land": "#f3f1ec", "land_0": "#e7e6ec", "land_1": "#faf3dc",
        "region": "#a29f98", "state": "#5d5a55", "border": "#1a1a1a", "junction": "#ffffff",
        "edge": "#9a2f12", "hatch": "#9a2f12",
        "inside": "#6b1700", "uncertain": "#fbee4a", "outside": "#8d9096",
        "rim_inside": "#ffffff", "rim_uncertain": "#1a1a1a", "town": "#33312e",
        "ink": "#1a1a1a", "quiet": "#555b63", "halo": "#ffffff", "country": "#7c7668",
    }
)  # fmt: skip

#: Colours by night.
NIGHT = MappingProxyType(
    {
        "water": "#121b25", "coast": "#34536c", "river": "#3f6683",
        "land": "#23262a", "land_0": "#292b36", "land_1": "#302d22",
        "region": "#5d636b", "state": "#a3a8ae", "border": "#f4f4f4", "junction": "#0d1014",
        "edge": "#ff9d78", "hatch": "#ffb496",
        "inside": "#ffe6da", "uncertain": "#14181c", "outside": "#747a82",
        "rim_inside": "#2a0d04", "rim_uncertain": "#f0e442", "town": "#d8d5d0",
        "ink": "#f1f1f1", "quiet": "#b4bac2", "halo": "#15181c", "country": "#9a968b",
    }
)  # fmt: skip

#: The colour of a settlement, by its membership.
MEMBERSHIP = MappingProxyType({name: DAY[name] for name in ("inside", "uncertain", "outside")})

#: The border line, the zone and its outline.
BORDER, REGION, EDGE, ZONE = DAY["border"], DAY["region"], DAY["edge"], "#d9663f"

#: The rings of a zone, the deepest and the palest, by day and by night; and the opacity of a fill.
RINGS = ("#a63c1c", "#dd7a55")
RINGS_AT_NIGHT = ("#e0754f", "#b05836")
FILL = 0.9


def ring_colours(count: int, *, at_night: bool = False) -> list[str]:
    """Return a colour for each ring, from deep to pale, the ring nearest to the border first.

    Examples
    --------
    >>> ring_colours(1)
    ['#d9663f']
    >>> len(set(ring_colours(5)))
    5
    """
    if count == 1:
        return ["#c4592f"] if at_night else [ZONE]
    deep, pale = (bytes.fromhex(end[1:]) for end in (RINGS_AT_NIGHT if at_night else RINGS))
    steps = [i / max(count - 1, 1) for i in range(count)]
    return [
        "#" + "".join(f"{round(a + (b - a) * t):02x}" for a, b in zip(deep, pale, strict=True))
        for t in steps
    ]

"""The colours of maps: the zone stands out from the land and from water, for every eye."""

import itertools

import numpy as np
import pytest

from geobuffer import palette

# Machado, Oliveira and Fernandes, A physiologically-based model for simulation of color vision
# deficiency (IEEE TVCG 15, 2009): matrices on linear RGB for complete deficiency.
EYES = {
    "usual": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
         [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
         [-0.011820, 0.042940, 0.968881]]
    ),
}  # fmt: skip
SCHEMES = {"day": (palette.DAY, False), "night": (palette.NIGHT, True)}
LANDS = ("land", "land_0", "land_1")


def to_linear(colour):
    """Return a colour as linear RGB."""
    part = np.array(list(bytes.fromhex(colour[1:]))) / 255
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def lay_over(colour, ground):
    """Return the colour of the zone's fill on a ground: screens mix colours as they are encoded."""
    parts = (np.array(list(bytes.fromhex(one[1:]))) for one in (colour, ground))
    shares = (palette.FILL, 1 - palette.FILL)
    mixed = sum(part * share for part, share in zip(parts, shares, strict=True))
    return "#" + bytes(np.round(mixed).astype(int).tolist()).hex()


def see(colour, eye):
    return np.clip(EYES[eye] @ to_linear(colour), 0, 1)


def measure_contrast(one, other, eye):
    """Return the contrast of two colours, as WCAG defines it."""
    dark, bright = sorted(see(c, eye) @ [0.2126, 0.7152, 0.0722] for c in (one, other))
    return (bright + 0.05) / (dark + 0.05)


def measure_difference(one, other, eye):
    """Return the difference of two colours in CIELAB (CIE 1976, D65)."""
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )

    def to_lab(colour):
        x, y, z = np.cbrt((to_xyz @ see(colour, eye)) / [0.9505, 1.0, 1.089] + 1e-9)
        return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])

    return np.linalg.norm(to_lab(one) - to_lab(other))


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_zone_stands_out_from_land_and_water(scheme, eye):
    colours, at_night = SCHEMES[scheme]
    for count, land in itertools.product((1, 2, 4), LANDS):
        for fill in palette.ring_colours(count, at_night=at_night):
            shown = lay_over(fill, colours[land])
            assert measure_contrast(shown, colours[land], eye) >= 2
            for water in ("water", "river"):
                assert measure_difference(shown, colours[water], eye) >= 25


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_classes_differ_from_each_other_and_from_the_zone(scheme, eye):
    colours, at_night = SCHEMES[scheme]
    (zone,) = palette.ring_colours(1, at_night=at_night)
    # The heavy ring is the larger part of an uncertain dot by night, its disc by day.
    seen = {
        "inside": colours["inside"],
        "uncertain": colours["rim_uncertain" if at_night else "uncertain"],
        "outside": colours["outside"],
    }
    for one, other in itertools.combinations(seen, 2):
        assert measure_difference(seen[one], seen[other], eye) >= 25, (one, other)
    for name in ("inside", "uncertain"):
        dot = lay_over(zone, colours["land_1"])
        assert measure_contrast(seen[name], dot, eye) >= 2, name


@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_is_legible_on_its_halo_and_on_land(scheme):
    colours, _ = SCHEMES[scheme]
    for text, ground in itertools.product(("ink", "quiet"), ("halo", *LANDS)):
        assert measure_contrast(colours[text], colours[ground], "usual") >= 4.5
    for land in LANDS:  # names of countries are large and spaced: 3 : 1 is enough
        assert measure_contrast(colours["country"], colours[land], "usual") >= 3

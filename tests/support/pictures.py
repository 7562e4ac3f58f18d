"""Draw the pictures that tests compare with golden ones. To replace those, run this file:

python tests/support/pictures.py

Then look at the new pictures before you commit them.
"""

from __future__ import annotations

import io
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

import geobuffer as gb

GOLDEN = Path(__file__).parent / "golden"

# Pixels per inch. A picture is some 600 pixels wide, and its names are still legible.
DPI = 60

# Pictures are compared in blocks of this many pixels. Another version of the font engine moves the
# edges of letters by a fraction of a pixel, which then makes no difference.
BLOCK = 6


def make_region(name, *bounds, country="AA", **names):
    """Make a region that is a box."""
    publisher = "Nobody"  # the golden pictures show this publisher; plain: ok
    source = gb.Source("Made by hand", publisher, licence="CC0", as_of="2026", accuracy_m=10)
    return gb.Region(name, shapely.box(*bounds), source, names=names, country=country)


def make_zone(km=(5, 15), side="East"):
    """Make a zone in two rings east of a border in two sections, along the meridian 30° E."""
    north, south = make_region("North", 29, 50.5, 30, 51), make_region("South", 29, 50, 30, 50.5)
    east = make_region("East", 30, 50, 31, 51, country="BB", uk="Східна область")
    return gb.build_zone(gb.border_between([north, south], east), km=km, side=side, tolerance_m=1)


def make_places():
    """Make places on a grid over the zone, some of them near an edge, one without a point."""
    lon, lat = (part.ravel() for part in np.meshgrid(
        [29.7, 30.04, 30.12, 30.21, 30.35], [50.12, 50.36, 50.62, 50.88]))  # fmt: skip
    table = gpd.GeoDataFrame(
        {
            "name_en": [f"Village {i + 1}" for i in range(20)],
            "name_uk": [f"Село {i + 1}" for i in range(20)],
            "population": pd.array([None if i % 3 else 100 * (i + 1) for i in range(20)], "Int64"),
            "accuracy_m": 300.0, "radius_m": 200.0, "country": ["AA"] + ["BB"] * 19,
        },
        geometry=gpd.points_from_xy(lon, lat), crs="EPSG:4326",
    )  # fmt: skip
    table.loc[19, "geometry"] = None
    table["country"] = np.where(lon < 30, "AA", "BB")
    return table


def draw_made():
    """Draw the zone and the places that are made by hand."""
    return gb.plot_zone(make_zone(), settlements=make_places(), language="uk")


def draw_default(zone, towns, regions):
    """Draw the default zone with all bundled data."""
    title = gb.load_scenario().title
    return gb.plot_zone(zone, settlements=towns, regions=regions, title=title)


def render_png(figure):
    """Return a figure as a PNG file.

    Letters keep fractional positions, because versions of the font engine round them differently.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    # A new canvas: one that has measured letters before keeps their rounded widths.
    FigureCanvasAgg(figure)
    file = io.BytesIO()
    with mpl.rc_context({"text.hinting": "no_hinting"}):
        figure.savefig(file, format="png", dpi=DPI, metadata={"Software": None})
    return file.getvalue()


def read_pixels(png):
    """Return a PNG file as an array of its pixels."""
    from matplotlib.image import imread

    return imread(io.BytesIO(png))[..., :3]


def find_letters(figure, shape):
    """Return which pixels of a picture show letters or the legend, which moves with its letters."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.legend import Legend
    from matplotlib.text import Text

    figure.set_dpi(DPI)
    renderer = FigureCanvasAgg(figure).get_renderer()
    held = np.zeros(shape[:2], dtype=bool)
    for part in figure.findobj(lambda part: isinstance(part, Text | Legend)):
        if part.get_visible() and (isinstance(part, Legend) or part.get_text()):
            box = part.get_window_extent(renderer).padded(2)
            left, bottom, right, top = (max(0, round(edge)) for edge in box.extents)
            held[shape[0] - top : shape[0] - bottom, left:right] = True
    return held


def compare_pictures(one, other, but=None):
    """Return the mean difference of two pictures' blocks, and the fraction of blocks that differ.

    The difference is a fraction of that between black and white. A block differs if its difference
    exceeds a tenth. ``but`` marks pixels to ignore.
    """
    seen = np.ones(one.shape[:2], dtype=bool) if but is None else ~but
    one, other = (np.where(seen[..., None], picture, 1.0) for picture in (one, other))
    off = np.abs(_blocks(one) - _blocks(other)).max(axis=2)
    return float(off.mean()), float((off > 0.1).mean())


def _blocks(picture):
    high, wide = (size // BLOCK * BLOCK for size in picture.shape[:2])
    cut = picture[:high, :wide]
    return cut.reshape(high // BLOCK, BLOCK, wide // BLOCK, BLOCK, 3).mean(axis=(1, 3))


def main():
    """Draw the golden pictures."""
    scenario, regions = gb.load_scenario(), gb.load_regions()
    border = gb.scenario_border(scenario, regions)
    zone = gb.build_zone(border, km=10, side="Ukraine", tolerance_m=1)
    for name, figure in (
        ("made", draw_made()), ("announced", draw_default(zone, gb.load_settlements(), regions))
    ):  # fmt: skip
        (GOLDEN / f"{name}.png").write_bytes(render_png(figure))


if __name__ == "__main__":
    main()

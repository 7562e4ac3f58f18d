"""Draw shapes, dots, names, legend, scale bar and north arrow on matplotlib axes.

The style is that of the map page. Positions are in metres of the plane, sizes in points. All text
goes through :func:`disable_markup`, so that matplotlib never reads it as TeX, and uses the font in
which it was measured. Every part has a gid, by which users find it and SVG files name their groups.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

from geobuffer.palette import BORDER, DAY, EDGE, FILL, MEMBERSHIP, REGION, ring_colours
from geobuffer.viz.figure.labels import FONT, LINE, PIXEL, Box, Label, find_leader, measure_text
from geobuffer.viz.symbols import DOT_SIZES, scale_dots

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text
    from shapely.geometry.base import BaseGeometry

    from geobuffer.geodesy.ellipsoid import Floats
    from geobuffer.viz.figure.map_elements import Graticule, ScaleBar


#: Colours of text: headings and names; secondary text; names of countries.
INK, QUIET, COUNTRY = DAY["ink"], DAY["quiet"], DAY["country"]

# Dots outside the zone are many and less important, so we draw them faintly.
_FAINT = 0.4

# The outline of regions.
_REGION_LINE: Any = {"edgecolor": REGION, "linewidth": 0.6, "linestyle": (0, (4, 3))}

# The dashes of the border at sea, in widths of the line.
_SEA = (0, (3.0, 2.5))

#: Size of the text around the map, in points. Journals print no text smaller than 6.
SMALL = 7.0


class DotColours(NamedTuple):
    """The colours of a class of settlements, as on the page. Sizes come from ``DOT_SIZES``."""

    fill: str
    edge: str


DOT_COLOURS = {
    "outside": DotColours(MEMBERSHIP["outside"], MEMBERSHIP["outside"]),
    "inside": DotColours(MEMBERSHIP["inside"], DAY["rim_inside"]),
    "uncertain": DotColours(MEMBERSHIP["uncertain"], DAY["rim_uncertain"]),
}

# More dots than this are stored as pixels in SVG and PDF. As shapes, they would make a file of more
# than 2 MB.
_MOST_SHAPES = 10_000


def find_dot_radius(zoom: float, membership: str) -> float:
    """Return the radius of the dots of a class, in points."""
    return DOT_SIZES[membership].radius * PIXEL * scale_dots(zoom, membership)


def add_text(
    to: Axes | Figure, x: float, y: float, text: str, *, size: float, gid: str, **style: Any
) -> Text:
    """Write plain text in the font in which it was measured."""
    made = to.text(x, y, text, fontsize=size, gid=gid, **{"color": INK, **style})
    disable_markup(made)
    return made


def disable_markup(text: Text) -> None:
    """Make matplotlib draw text literally: with any settings, a dollar sign begins no formula."""
    text.set_parse_math(False)
    text.set_usetex(False)
    text.set_fontfamily(list_fonts())


def list_fonts() -> list[str]:
    """Return the font of pictures, and the user's fonts for characters that it lacks."""
    import matplotlib as mpl

    return list(dict.fromkeys([FONT, *mpl.rcParams["font.family"]]))


def _make_path(shape: BaseGeometry) -> Any:
    """Return a shape as a path. Holes run against outer rings, so matplotlib leaves them empty."""
    from matplotlib.path import Path

    parts = shapely.get_parts(shapely.orient_polygons(shape))
    lines: list[Any] = []
    for part in parts[shapely.get_type_id(parts) != 0]:  # a point has no line
        areal = shapely.get_type_id(part) == 3
        lines += [part.exterior, *part.interiors] if areal else [part]
    paths = [Path(shapely.get_coordinates(line), closed=line.is_ring) for line in lines]
    return Path.make_compound_path(*paths)


def draw_shape(axes: Axes, shape: BaseGeometry, *, gid: str, **style: Any) -> None:
    """Draw a shape; a shape without an area becomes a line."""
    from matplotlib.patches import PathPatch

    if not shape.is_empty:
        axes.add_patch(PathPatch(_make_path(shape), gid=gid, **style))


def find_land_colour(tint: int) -> str:
    """Return the colour of a country's land by its tint; −1 is a country of neither side."""
    return DAY[f"land_{tint}" if tint >= 0 else "land"]


def draw_lands(axes: Axes, lands: Iterable[tuple[int, BaseGeometry]], *, is_sea: bool) -> None:
    """Draw water or land, and on it the land of countries: pairs of a tint and a shape."""
    axes.set_facecolor(DAY["water" if is_sea else "land"])
    for tint, shape in lands:
        draw_shape(
            axes, shape, gid="geobuffer-land", zorder=0.9, facecolor=find_land_colour(tint),
            edgecolor=DAY["coast"], linewidth=0.6,
        )  # fmt: skip


def draw_regions(axes: Axes, regions: Iterable[tuple[int | None, BaseGeometry]]) -> None:
    """Draw regions with dashed outlines: pairs of a tint, or None for no fill, and a shape."""
    for tint, shape in regions:
        fill = "none" if tint is None else find_land_colour(tint)
        draw_shape(
            axes, shape, gid="geobuffer-regions", zorder=1, facecolor=fill, **_REGION_LINE,
        )  # fmt: skip


def draw_waters(axes: Axes, rivers: BaseGeometry, lakes: BaseGeometry) -> None:
    """Draw rivers and lakes, above the land and below the zone."""
    draw_shape(axes, lakes, gid="geobuffer-lakes", zorder=1.2, facecolor=DAY["water"],
               edgecolor=DAY["coast"], linewidth=0.5)  # fmt: skip
    draw_shape(axes, rivers, gid="geobuffer-rivers", zorder=1.2, facecolor="none",
               edgecolor=DAY["river"], linewidth=0.8)  # fmt: skip


def draw_state_lines(axes: Axes, lines: Iterable[BaseGeometry]) -> None:
    """Draw borders between countries, heavier than those of regions."""
    for line in lines:
        draw_shape(axes, line, gid="geobuffer-state-borders", zorder=1.4, facecolor="none",
                   edgecolor=DAY["state"], linewidth=1.1)  # fmt: skip


def draw_band(axes: Axes, band: BaseGeometry) -> None:
    """Hatch the band along the edge of the zone in which a typical place is uncertain."""
    import matplotlib as mpl

    with mpl.rc_context({"hatch.linewidth": 0.5}):
        draw_shape(axes, band, gid="geobuffer-band", zorder=2.5, **BAND_STYLE)


def draw_locator(
    axes: Axes, shapes: Iterable[tuple[int, BaseGeometry]], mark: BaseGeometry, frame: BaseGeometry
) -> None:
    """Draw where in the world the zone lies; all shapes are in the plane of the map."""
    draw_shape(axes, frame, gid="geobuffer-locator", zorder=11, facecolor=DAY["water"],
               edgecolor=QUIET, linewidth=0.7)  # fmt: skip
    for tint, shape in shapes:
        draw_shape(axes, shape, gid="geobuffer-locator-land", zorder=11.1, linewidth=0.3,
                   facecolor=find_land_colour(tint), edgecolor=DAY["coast"])  # fmt: skip
    (zone,) = ring_colours(1)
    draw_shape(axes, mark, gid="geobuffer-locator-mark", zorder=11.2, facecolor=f"{zone}80",
               edgecolor=EDGE, linewidth=1.2)  # fmt: skip


def draw_graticule(axes: Axes, lines: Iterable[Floats]) -> None:
    """Draw thin meridians and parallels, above the regions and below everything else."""
    from matplotlib.collections import LineCollection

    axes.add_collection(
        LineCollection(list(lines), colors="#c3c8d0", linewidths=0.4, zorder=1.5,
                       gid="geobuffer-graticule"),
        autolim=False,
    )  # fmt: skip


def draw_rings(axes: Axes, rings: Sequence[BaseGeometry]) -> None:
    """Draw the rings of the zone."""
    for shape, colour in zip(rings, ring_colours(len(rings)), strict=True):
        draw_shape(axes, shape, gid="geobuffer-zone", zorder=2, **make_ring_style(colour))


def make_ring_style(colour: str) -> dict[str, Any]:
    """Return the style of a ring: a translucent fill and an opaque edge."""
    from matplotlib.colors import to_rgba

    return {"facecolor": to_rgba(colour, FILL), "edgecolor": EDGE, "linewidth": 0.7}


#: The style of the hatched band.
BAND_STYLE: Mapping[str, Any] = {
    "facecolor": "none",
    "edgecolor": DAY["hatch"],
    "linewidth": 0.0,
    "hatch": "//////",
}


def draw_border(
    axes: Axes, land: Sequence[BaseGeometry], sea: Sequence[BaseGeometry], junctions: Floats
) -> None:
    """Draw the border, dashed at sea, and a point at each junction of two sections."""
    style = {"facecolor": "none", "edgecolor": BORDER, "linewidth": 1.5, "joinstyle": "round"}
    for line in land:
        draw_shape(axes, line, gid="geobuffer-border", zorder=4, capstyle="round", **style)
    for line in sea:
        draw_shape(axes, line, gid="geobuffer-border-at-sea", zorder=4, linestyle=_SEA, **style)
    if len(junctions):
        axes.scatter(
            junctions[:, 0],
            junctions[:, 1],
            s=17,
            c="white",
            edgecolors=BORDER,
            linewidths=1.1,
            zorder=5,
            gid="geobuffer-junctions",
        )


def draw_dots(axes: Axes, membership: str, xy: Floats, zoom: float) -> None:
    """Draw the dots of the settlements of a class."""
    colours, scale = DOT_COLOURS[membership], scale_dots(zoom, membership)
    outline = DOT_SIZES[membership].outline
    order = {"outside": 3.0, "inside": 6.0, "uncertain": 6.5}[membership]
    axes.scatter(
        xy[:, 0],
        xy[:, 1],
        s=(2.0 * find_dot_radius(zoom, membership)) ** 2,
        c=colours.fill,
        edgecolors=colours.edge if outline else "none",
        linewidths=outline * PIXEL * max(scale, 0.5),
        zorder=order,
        gid=f"geobuffer-{membership}",
        rasterized=len(xy) > _MOST_SHAPES,
        alpha=_FAINT if membership == "outside" else None,
    )


def draw_towns(axes: Axes, xy: Floats, radii: Floats) -> None:
    """Draw the symbols of towns outside the zone: rings whose radii are in points."""
    axes.scatter(
        xy[:, 0], xy[:, 1], s=(2.0 * radii) ** 2, c="white", edgecolors=DAY["town"],
        linewidths=0.9, zorder=5.5, gid="geobuffer-towns",
    )  # fmt: skip


def draw_names(
    axes: Axes, placed: Iterable[tuple[Label, Box, tuple[float, float]]], *, gid: str, colour: str
) -> None:
    """Write names in their boxes, with a white rim that keeps them legible on lines.

    Each name is anchored at its point in the plane, and its offset is in points. Names therefore
    stay beside their dots if a user zooms the axes.
    """
    from matplotlib.patheffects import withStroke

    for label, box, at in placed:
        middle = (box.bottom + box.top) / 2.0
        name = axes.annotate(
            label.text, at, xytext=(box.left - label.x, middle - label.y),
            textcoords="offset points", ha="left", va="center", fontsize=label.size, color=colour,
            fontweight=label.weight, multialignment="center", zorder=9, gid=gid,
            annotation_clip=True,
        )  # fmt: skip
        disable_markup(name)
        name.set_path_effects([withStroke(linewidth=2.0, foreground=DAY["halo"])])
        if end := find_leader(label, box):
            axes.annotate(
                "", at, xytext=(end[0] - label.x, end[1] - label.y), textcoords="offset points",
                arrowprops={"arrowstyle": "-", "linewidth": 0.5, "color": colour, "shrinkA": 0.0,
                            "shrinkB": label.radius},
                zorder=5.8, gid="geobuffer-leaders",
            )  # fmt: skip


def draw_ticks(
    axes: Axes, lines: Graticule, texts: tuple[Sequence[str], Sequence[str]], *, point: float
) -> None:
    """Write degrees at the frame, below and to the left, without overlaps.

    ``texts`` are the texts of the meridians and of the parallels. ``point`` is the length of a
    point of the page in the plane, in metres.
    """
    axes.tick_params(labelsize=SMALL, length=3, width=0.6, color=QUIET, labelcolor=QUIET, pad=2)
    limits = axes.get_xlim(), axes.get_ylim()
    for side, at in enumerate((lines.meridians, lines.parallels)):
        axis = axes.yaxis if side else axes.xaxis
        low, high = limits[side]
        # Text far beyond a corner of the frame would collide with other text.
        ends = (low - 8.0 * point, high + 8.0 * point)
        chosen = _choose_ticks([x for x, _ in at], texts[side], point, ends)
        axis.set_ticks([at[i][0] for i in chosen], [texts[side][i] for i in chosen])
        for text in axis.get_ticklabels():
            disable_markup(text)
            if side:
                text.set(rotation=90, va="center")
    axes.spines[:].set(color=QUIET, linewidth=0.8)


def _choose_ticks(
    at: Sequence[float], texts: Sequence[str], point: float, ends: tuple[float, float]
) -> list[int]:
    """Return the indexes of the texts that fit between the ends of a line without touching."""
    chosen: list[int] = []
    free, end = ends
    for i, text in enumerate(texts):
        half = measure_text(text, SMALL) * point / 2.0
        if at[i] - half >= free and at[i] + half <= end:
            chosen.append(i)
            free = at[i] + half + 6.0 * point
    return chosen


def draw_scale(axes: Axes, bar: ScaleBar, texts: Sequence[str], size: tuple[float, float]) -> float:
    """Draw the scale bar below the frame, from its left edge; return its end in points.

    ``texts`` stand at its start, middle and end. ``size`` is the size of the map in points. The
    length of the bar is in metres of the plane, so it stays true if a user zooms the axes.
    """
    from matplotlib.patches import Rectangle

    west, east = axes.get_xlim()
    width, height = size
    half = (bar.east - bar.west) / 2.0
    across = axes.get_xaxis_transform()
    for i, colour in enumerate((INK, "white")):
        axes.add_patch(
            Rectangle((west + i * half, -26.0 / height), half, 4.0 / height, facecolor=colour,
                      edgecolor=INK, linewidth=0.7, clip_on=False, transform=across, zorder=10,
                      gid="geobuffer-scale-bar")
        )  # fmt: skip
    for i, text in enumerate(texts):
        add_text(
            axes, west + i * half, -28.5 / height, text, size=SMALL, gid="geobuffer-scale-bar",
            ha="left" if i == 0 else "center", va="top", transform=across,
        )  # fmt: skip
    return 2.0 * half / (east - west) * width + measure_text(texts[-1], SMALL) / 2.0


def draw_north(axes: Axes, angle: float, letter: str, x: float, size: tuple[float, float]) -> None:
    """Draw a north arrow below the frame; ``angle`` is in degrees clockwise from upwards.

    ``x`` is its position in points from the left edge of the map, ``size`` the size of the map.
    """
    from matplotlib.patches import Polygon

    turn = math.radians(angle)
    along = np.array([math.sin(turn), math.cos(turn)])
    across = np.array([along[1], -along[0]])
    middle = np.array([x, -29.0])
    tip, tail = middle + 10.0 * along, middle - 7.0 * along
    for side, colour in ((1.0, INK), (-1.0, "white")):
        corners = [tip, tail + 5.0 * side * across, middle - 3.5 * along]
        axes.add_patch(
            Polygon(np.array(corners) / size, closed=True, facecolor=colour, edgecolor=INK,
                    linewidth=0.7, joinstyle="round", clip_on=False, transform=axes.transAxes,
                    zorder=10, gid="geobuffer-north-arrow")
        )  # fmt: skip
    beside = (middle + np.array([12.0, 3.0])) / size
    add_text(
        axes,
        beside[0],
        beside[1],
        letter,
        size=8,
        gid="geobuffer-north-arrow",
        ha="center",
        va="center",
        fontweight="bold",
        transform=axes.transAxes,
    )


class LegendRow(NamedTuple):
    """A row of the legend: the kind of its symbol, and its text line by line."""

    kind: str
    lines: Sequence[str]
    colour: str = ""


def draw_legend(
    axes: Axes, rows: Sequence[LegendRow], title: str, zoom: float, at: tuple[float, float]
) -> None:
    """Draw the legend with its upper left corner at a point, as fractions of the axes."""
    legend = axes.legend(
        [_make_legend_key(row, zoom) for row in rows],
        ["\n".join(row.lines) for row in rows],
        title=title, loc="upper left", bbox_to_anchor=at, borderaxespad=0.0, borderpad=0.0,
        frameon=False, fontsize=8, handlelength=2.2, handletextpad=0.8, labelspacing=0.75,
        alignment="left", labelcolor=INK,
    )  # fmt: skip
    legend.set_gid("geobuffer-legend")
    legend.get_title().set(fontsize=9, fontweight="bold", color=INK)
    for text in (*legend.get_texts(), legend.get_title()):
        disable_markup(text)


def _make_legend_key(row: LegendRow, zoom: float) -> Any:
    """Return the symbol beside a row of the legend."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    areas: dict[str, Mapping[str, Any]] = {
        "ring": make_ring_style(row.colour) if row.colour else {},
        "regions": {"facecolor": DAY["land"], **_REGION_LINE},
        "band": BAND_STYLE,
    }
    if row.kind in areas:
        return Patch(**areas[row.kind])
    if row.kind in {"border", "sea"}:
        dashes: Any = _SEA if row.kind == "sea" else "-"
        return Line2D([], [], color=BORDER, linewidth=1.5, linestyle=dashes)
    if row.kind in {"junctions", "points"}:
        line = 1.5 if row.kind == "junctions" else 0.0
        return Line2D([], [], color=BORDER, linewidth=line, marker="o", markersize=4.1,
                      markerfacecolor="white", markeredgewidth=1.1)  # fmt: skip
    if row.kind not in DOT_SIZES:
        return Line2D([], [], linestyle="none")
    size, colours = DOT_SIZES[row.kind], DOT_COLOURS[row.kind]
    # The symbol is as large as on the map, but at least large enough to distinguish the classes.
    shown = max(scale_dots(zoom, row.kind), 0.6)
    return Line2D(
        [], [], linestyle="none", marker="o", markersize=2.0 * size.radius * PIXEL * shown,
        markerfacecolor=colours.fill, markeredgecolor=colours.edge,
        markeredgewidth=size.outline * PIXEL * max(shown, 0.5),
    )  # fmt: skip


def measure_legend(rows: Sequence[LegendRow]) -> float:
    """Return the approximate height of a legend in points; if wrong, it is too large."""
    lines = sum(len(row.lines) for row in rows)
    return 8.0 * (lines * LINE + 0.75 * len(rows)) + 9.0 * LINE * 2.0

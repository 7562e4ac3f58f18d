"""Compute the layout of a picture in points (1/72 inch), before anything is drawn.

The heading is above the map, the legend on the right, the scale bar and the sources below, so that
nothing covers the zone. The map is as wide as the page allows and as high as the zone needs.
"""

from __future__ import annotations

import math
import re
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely

from geobuffer.errors import DataError
from geobuffer.viz.figure import draw
from geobuffer.viz.figure.labels import LINE, PIXEL, wrap_text
from geobuffer.viz.figure.projection import (
    Projection,
    Window,
    find_window,
    globe_window,
    project_shape,
    unproject_points,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geobuffer.geodesy.ellipsoid import Floats
    from geobuffer.viz.figure.labels import Box


# Sizes in points. A picture is some 10 inches wide, which fits a slide or an A4 page in landscape.
# The map takes 7 inches of it. The column of the legend fits the longest word in it.
_MAP_WIDTH, _LEAST_WIDTH, _MOST_HEIGHT, _LEAST_HEIGHT = 500.0, 300.0, 560.0, 300.0
_LEFT, _RIGHT, _TOP, _BOTTOM, GAP, _LEGEND = 30.0, 12.0, 12.0, 10.0, 14.0, 172.0
# The space between the heading and the line under it.
_HEADING_GAP = 3.0
# The space for the degrees at the frame, the scale bar with its numbers, and a gap below them.
_SCALE_BAR_ROOM = 52.0
# The width of the symbols in the column of the legend.
_SYMBOL_WIDTH = 26.0

# Sizes of text in points. Journals print no text smaller than 6.
_TITLE, _SUBTITLE, _SMALL = 14.0, 8.5, 6.2

# At few dots per inch, matplotlib rounds letters to whole pixels, and lines become wider than
# measured: by up to 14 % at 50 to 300 dots per inch. We leave that much space before the edge.
_WIDENING = 1.14

# The least side of a map on paper of a given size.
_LEAST_SIDE = 120.0

# The frame reaches beyond the zone by this fraction of the longer side, to show its surroundings.
_MARGIN = 0.07

# Lines are simplified by this fraction of the map's width: an eighth of a point, 0.04 mm.
_SIMPLER = 1 / 4_000


# Sizes of paper in points, upright, and of a picture for social networks in pixels.
_PAPERS = {"a4": (595.28, 841.89), "a3": (841.89, 1190.55)}
_SOCIAL = "1200x630"
# Pixels per inch of pictures whose size is given in pixels: text of 8 points is 11 pixels high.
PIXELS_PER_INCH = 96


class PageSize(NamedTuple):
    """The size of a picture: in points, and whether it was given in pixels."""

    width: float
    height: float
    is_pixels: bool


def parse_size(text: str, *, is_wide: bool) -> PageSize:
    """Return the size that a text names: pixels, or paper, in landscape format for a wide zone.

    Raises
    ------
    DataError
        The text is not a size.

    Examples
    --------
    >>> parse_size("a4", is_wide=True).width, parse_size("a4", is_wide=False).width
    (841.89, 595.28)
    >>> parse_size("1600x900", is_wide=True)
    PageSize(width=1200.0, height=675.0, is_pixels=True)
    """
    name = text.strip().lower()
    if name in _PAPERS:
        short, long = _PAPERS[name]
        return PageSize(*((long, short) if is_wide else (short, long)), is_pixels=False)
    given = re.fullmatch(r"(\d{3,5}) ?[x×] ?(\d{3,5})", _SOCIAL if name == "social" else name)
    if given is None:
        raise DataError(
            f"Invalid size {text!r}. Must be 'a4', 'a3', 'social' ({_SOCIAL}) or pixels, as in "
            "'1600x900'.",
            parameter="size",
        )
    width, height = (int(part) * 72.0 / PIXELS_PER_INCH for part in given.groups())
    return PageSize(width, height, is_pixels=True)


class LayoutText(NamedTuple):
    """The text around the map, not yet broken into lines.

    A row of the legend is the kind of its symbol, its text and its colour. ``citations`` are not
    drawn: they are for the metadata of the file.
    """

    title: str
    subtitle: str
    legend: Sequence[tuple[str, str, str]]
    small: tuple[str, ...]
    citations: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class Layout:
    """The layout of a picture: the frame in the plane (metres) and the map on the page (points)."""

    projection: Projection
    frame: tuple[float, float, float, float]
    window: Window
    size: tuple[float, float]
    title: list[str]
    subtitle: list[str]
    legend: list[draw.LegendRow]
    small: list[str]
    citations: str
    paper: PageSize | None = None

    @property
    def unit_m(self) -> float:
        """The length of a point of the page in the plane, in metres."""
        return (self.frame[2] - self.frame[0]) / self.size[0]

    @property
    def centre(self) -> tuple[float, float]:
        """The centre of the frame in the plane."""
        west, south, east, north_ = self.frame
        return (west + east) / 2.0, (south + north_) / 2.0

    @property
    def bottom(self) -> float:
        """The height of the map's lower edge on the page."""
        return _BOTTOM + len(self.small) * _SMALL * LINE + _SCALE_BAR_ROOM

    @property
    def page(self) -> tuple[float, float]:
        """The size of the page in points."""
        head = (len(self.title) * _TITLE + len(self.subtitle) * _SUBTITLE) * LINE + _HEADING_GAP
        height = _TOP + head + GAP + self.size[1] + self.bottom
        return _LEFT + self.size[0] + GAP + _LEGEND + _RIGHT, height

    @property
    def zoom(self) -> float:
        """The zoom of a web map at the same scale."""
        _, lat = unproject_points(self.projection, *np.array(self.centre).reshape(2, 1))
        # At zoom 0, a pixel of a web map is 156,543 m on the equator. Each zoom step halves that.
        widest = 156_543.0 * max(math.cos(math.radians(lat[0])), 0.01)
        return math.log2(widest / (self.unit_m * PIXEL))

    def points(self, xy: Floats) -> Floats:
        """Return positions in the plane as points of the map."""
        return np.asarray((xy - self.frame[:2]) / self.unit_m)

    def box(self, box: Box) -> BaseGeometry:
        """Return a box of the map (points) in the plane."""
        west, south = self.frame[:2]
        return shapely.box(*(np.array(box) * self.unit_m + [west, south, west, south]))

    def shape(self, shape: BaseGeometry) -> BaseGeometry:
        """Return the visible part of a shape in the plane, as detailed as readers can see."""
        if shape.is_empty:
            return shape
        flat = project_shape(shape, self.projection, self.window)
        return shapely.simplify(flat, self.size[0] * self.unit_m * _SIMPLER)

    def holds(self, xy: Floats) -> NDArray[np.bool_]:
        """Return which positions lie in the frame."""
        west, south, east, north_ = self.frame
        x, y = xy.T
        return np.asarray((x >= west) & (x <= east) & (y >= south) & (y <= north_))


def make_layout(
    shape: BaseGeometry, projection: Projection, words: LayoutText, size: str = ""
) -> Layout:
    """Return the layout of a picture of a shape (in degrees) with its text around it.

    Without a size, the picture is as large as the zone needs.
    """
    rows = [
        draw.LegendRow(kind, wrap_text(text, _LEGEND - _SYMBOL_WIDTH, 8.0), colour)
        for kind, text, colour in words.legend
    ]
    bounds = _find_bounds(shape, projection)
    legend = draw.measure_legend(rows)
    west, south, east, north_ = bounds
    paper = parse_size(size, is_wide=east - west > north_ - south) if size else None
    frame, drawn = _fit_frame(bounds, legend)
    width = drawn[0] + GAP + _LEGEND if paper is None else paper.width - _LEFT - _RIGHT
    layout = Layout(
        projection, frame, find_window(projection, frame), drawn,
        title=wrap_text(words.title, width / _WIDENING, _TITLE, "bold"),
        subtitle=wrap_text(words.subtitle, width / _WIDENING, _SUBTITLE),
        legend=rows,
        small=[line for text in words.small for line in wrap_text(text, width / _WIDENING, _SMALL)],
        citations=" ".join(words.citations),
        paper=paper,
    )  # fmt: skip
    return layout if paper is None else _fill_paper(layout, bounds, legend, size)


def make_axes_layout(
    shape: BaseGeometry, projection: Projection, size: tuple[float, float], small: Sequence[str]
) -> Layout:
    """Return the layout of a map that fills axes of a size in points, with small lines below."""
    frame = _widen_frame(_find_bounds(shape, projection), size[0] / size[1])
    lines = [line for text in small for line in wrap_text(text, size[0] / _WIDENING, _SMALL)]
    window = find_window(projection, frame)
    return Layout(projection, frame, window, size, [], [], [], lines, citations="")


def _find_bounds(shape: BaseGeometry, projection: Projection) -> tuple[float, float, float, float]:
    """Return the bounds of a shape (in degrees) in the plane, in metres."""
    west, south, east, north_ = project_shape(shape, projection, globe_window(projection)).bounds
    return west, south, east, north_


def _fill_paper(
    layout: Layout, bounds: tuple[float, float, float, float], legend: float, size: str
) -> Layout:
    """Return a layout whose map fills the space that the text leaves free on its paper."""
    assert layout.paper is not None  # noqa: S101 - for the type checker
    taken = np.subtract(layout.page, layout.size)
    wide, high = np.subtract(layout.paper[:2], taken)
    if wide < _LEAST_SIDE or high < max(_LEAST_SIDE, legend):
        least = np.add(taken, (_LEAST_SIDE, max(_LEAST_SIDE, legend)))
        across, down = np.ceil(least * PIXELS_PER_INCH / 72.0).astype(int)
        raise DataError(
            f"Invalid size {size!r}: with its text, the map needs at least {across}x{down} pixels.",
            parameter="size",
        )
    frame = _widen_frame(bounds, wide / high)
    return replace(
        layout, frame=frame, window=find_window(layout.projection, frame), size=(wide, high)
    )


def _fit_frame(
    bounds: tuple[float, float, float, float], legend: float
) -> tuple[tuple[float, float, float, float], tuple[float, float]]:
    """Return the frame around a zone in metres, and its size in points, within the page's limits.

    >>> _fit_frame((0, 0, 86, 0.1), 100.0)[1], _fit_frame((0, 0, 0.1, 86), 100.0)[1]
    ((500.0, 300.0), (300.0, 560.0))
    """
    width, height = _add_margin(bounds)
    least = max(_LEAST_HEIGHT, legend)
    most = max(_MOST_HEIGHT, least)
    shape = min(max(width / height, _LEAST_WIDTH / most), _MAP_WIDTH / least)
    drawn = min(_MAP_WIDTH, most * shape)
    return _widen_frame(bounds, shape), (drawn, drawn / shape)


def _add_margin(bounds: tuple[float, float, float, float]) -> tuple[float, float]:
    """Return how wide and how high a zone is with its surroundings, in metres."""
    west, south, east, north_ = bounds
    margin = 2.0 * _MARGIN * max(east - west, north_ - south)
    return east - west + margin, north_ - south + margin


def _widen_frame(
    bounds: tuple[float, float, float, float], shape: float
) -> tuple[float, float, float, float]:
    """Return the frame of a zone and its surroundings that is `shape` times as wide as high."""
    west, south, east, north_ = bounds
    width, height = _add_margin(bounds)
    width, height = max(width, height * shape), max(height, width / shape)
    x, y = (west + east) / 2.0, (south + north_) / 2.0
    return x - width / 2.0, y - height / 2.0, x + width / 2.0, y + height / 2.0


@contextmanager
def default_style() -> Iterator[None]:
    """Ignore the user's settings while drawing, but keep their fonts for missing characters."""
    import matplotlib as mpl
    from matplotlib import style

    fonts = draw.list_fonts()
    with style.context("default"), mpl.rc_context({"font.family": fonts}):
        yield


def measure_axes(axes: Axes) -> tuple[float, float]:
    """Return the width and height of axes in points."""
    box = axes.get_window_extent()
    scale = 72.0 / axes.figure.dpi
    return box.width * scale, box.height * scale


def prepare_axes(axes: Axes, layout: Layout) -> None:
    """Set the caller's axes to the frame of a layout, and write the small lines below."""
    west, south, east, north_ = layout.frame
    axes.set(
        xlim=(west, east), ylim=(south, north_), aspect="equal", autoscale_on=False, xticks=[],
        yticks=[],
    )  # fmt: skip
    draw.add_text(
        axes, 0.0, -_HEADING_GAP / layout.size[1], "\n".join(layout.small), size=_SMALL, va="top",
        gid="geobuffer-sources", color=draw.QUIET, transform=axes.transAxes,
    )  # fmt: skip


def draw_page(layout: Layout) -> tuple[Figure, Axes]:
    """Return the page with its heading and its sources, and the empty map on it."""
    from matplotlib.figure import Figure

    wide, high = layout.page
    # We avoid pyplot, which would keep the figure alive and show it twice in a notebook.
    is_pixels = layout.paper is not None and layout.paper.is_pixels
    dpi = PIXELS_PER_INCH if is_pixels else 144
    figure = Figure(figsize=(wide / 72.0, high / 72.0), dpi=dpi, facecolor="white")
    if is_pixels:
        # With this gid, a saved file has the number of pixels that the user gave.
        figure.set_gid("geobuffer-pixels")
    left, top = _LEFT / wide, 1.0 - _TOP / high
    heading = figure.suptitle(
        "\n".join(layout.title), x=left, y=top, ha="left", va="top", fontsize=_TITLE,
        fontweight="bold", color=draw.INK, gid="geobuffer-title",
    )  # fmt: skip
    draw.disable_markup(heading)
    below = top - (len(layout.title) * _TITLE * LINE + _HEADING_GAP) / high
    style = {"ha": "left", "color": draw.QUIET}
    draw.add_text(figure, left, below, "\n".join(layout.subtitle), size=_SUBTITLE, va="top",
                    gid="geobuffer-subtitle", **style)  # fmt: skip
    draw.add_text(figure, left, _BOTTOM / high, "\n".join(layout.small), size=_SMALL,
                    va="bottom", gid="geobuffer-sources", **style)  # fmt: skip
    # The citations are invisible here. A saved file has them in its metadata.
    draw.add_text(figure, left, 0.0, layout.citations, size=_SMALL, gid="geobuffer-citations",
                    visible=False)  # fmt: skip
    axes = figure.add_axes(
        (left, layout.bottom / high, layout.size[0] / wide, layout.size[1] / high)
    )
    west, south, east, north_ = layout.frame
    axes.set(xlim=(west, east), ylim=(south, north_), aspect="equal", autoscale_on=False)
    return figure, axes

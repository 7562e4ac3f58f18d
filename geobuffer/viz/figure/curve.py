"""Draw the curve of people or places within each distance of a border, ready for print."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from geobuffer.errors import DataError, require
from geobuffer.palette import DAY, MEMBERSHIP
from geobuffer.viz.captions import credit_briefly
from geobuffer.viz.figure import draw
from geobuffer.viz.figure.labels import clean_text, wrap_text
from geobuffer.viz.figure.layout import PIXELS_PER_INCH, parse_size
from geobuffer.zones.arguments import (
    FLAG,
    NUMBER,
    TEXT,
    Kind,
    check_arguments,
    describe_type,
    is_each,
    optional,
)
from geobuffer.zones.source import Source
from geobuffer.zones.translation import read_translation

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    from matplotlib.axes import Axes

    from geobuffer.zones.translation import Translation


_AXES = Kind(lambda value: hasattr(value, "fill_between"), "Axes of matplotlib")
_SOURCES = Kind(
    lambda value: is_each(value, lambda one: isinstance(one, Source)), "a list of sources"
)
_NAMES = Kind(
    lambda value: (
        isinstance(value, Mapping)
        and is_each([*value], NUMBER.accepts)
        and is_each([*value.values()], TEXT.accepts)
    ),
    "names by distance, as {7.5: 'Hlukhiv'}",
)

# The width and height of a curve without a given size, in points: it fits the width of a page of A4
# with its margins.
_WIDTH, _HEIGHT = 500.0, 330.0

# Sizes of text in points. Journals print no text smaller than 6.
_TITLE, _TEXT, _NAME, _SMALL = 11.0, 8.5, 7.0, 6.5

# Room above the highest count, as a share of it, so that a name at the last step is not cut.
_ROOM_ABOVE = 0.08

# The share of the axes that the counts of a marked width need on the left of its line.
_ROOM_LEFT = 0.25

# The least distance between names at steps, as a share of the height of the axes.
_LEAST_GAP = 0.045


def plot_curve(  # noqa: PLR0913 - all but the table are keywords
    curve: pd.DataFrame,
    *,
    people: bool = True,
    ax: Axes | None = None,
    title: str = "",
    mark_km: float | None = None,
    names: Mapping[float, str] | None = None,
    sources: Iterable[Source] = (),
    language: str = "en",
    size: str = "",
) -> Axes:
    """Draw a table of :func:`exposure_curve`: certain counts as a line, uncertain ones above it.

    Uncertain counts are hatched, so that a print without colours shows them too. For places, a
    dashed line shows the expected number with its range, if the table states it. The people of
    rasters are a separate dotted line. To compare the two, draw rasters into the axes of places.

    Parameters
    ----------
    curve
        The table.
    people
        Whether to draw people (lower limits) or places.
    ax
        The axes to draw in; by default those of a new figure.
    title
        The heading.
    mark_km
        A width in km to mark, such as one that was announced, with its counts.
    names
        Names of places, each by the distance in km at which the place may first be counted. They
        stand at the steps of the upper edge.
    sources
        The sources to credit below.
    language
        The language of the words, as for :func:`plot_zone`.
    size
        The size of a new figure, as for :func:`plot_zone`; paper is in landscape format. By default
        500 by 330 points, which fits the width of a page of A4.

    Returns
    -------
    matplotlib.axes.Axes
        The axes. As the last line of a cell, ``plot_curve(...).figure`` shows the picture in a
        notebook; :func:`write` saves that figure.

    Raises
    ------
    DataError
        The table is not a result of :func:`exposure_curve`, the language or the size is unknown,
        or the marked width lies off the curve.
    MissingExtra
        matplotlib is not installed.
    WrongKind
        An argument has another type.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> border = gb.border_between(regions["Kursk"], regions["Sumy"])
    >>> curve = gb.exposure_curve(gb.load_settlements(), border, to_km=10)
    >>> axes = plot_curve(curve, people=False, mark_km=5, sources=[border.source])
    >>> axes.get_ylabel()
    'places'
    """
    check_arguments(
        people=(people, FLAG), ax=(ax, optional(_AXES)), title=(title, TEXT),
        mark_km=(mark_km, optional(NUMBER)), names=(names, optional(_NAMES)),
        sources=(sources, _SOURCES), size=(size, TEXT),
    )  # fmt: skip
    words = read_translation(language)
    is_raster = people and "no_data_share" in getattr(curve, "columns", ())
    columns = ("population", "population_uncertain") if people else ("places", "uncertain")
    _check_curve(curve, columns[:1] if is_raster else columns)
    # The counts of a zone that begins at some distance exclude all nearer places.
    begin = float(curve["from_km"].iloc[0]) if "from_km" in curve else 0.0
    km = np.append(begin, curve["within_km"])
    if mark_km is not None and not begin < mark_km <= km[-1]:
        raise DataError(
            f"Invalid mark_km {mark_km:g}. Must lie on the curve, above {begin:g} and at most "
            f"{km[-1]:g} km.",
            parameter="mark_km",
        )
    low = np.append(0, curve[columns[0]]).astype(float)
    # A raster has no places, so none is uncertain.
    more = np.zeros(len(curve)) if is_raster else curve[columns[1]]
    high = low + np.append(0, more).astype(float)
    axes = _make_axes(size) if ax is None else ax
    from matplotlib.patheffects import withStroke

    if is_raster:
        axes.plot(km, low, color=draw.INK, linewidth=1.4, linestyle=(0, (1, 1.5)),
                  label=words.text("curve_raster"))  # fmt: skip
    else:
        axes.fill_between(
            km, low, high, step="post", facecolor=MEMBERSHIP["uncertain"],
            edgecolor=DAY["hatch"], linewidth=0.4, hatch="/////", alpha=0.6,
            label=words.text("curve_uncertain"),
        )  # fmt: skip
        axes.step(km, low, where="post", color=DAY["inside"], linewidth=1.8,
                  label=words.text("curve_sure"))  # fmt: skip
    if not people:
        _draw_expected(axes, curve, km, words)
    # Another curve may be in these axes already.
    _style_axes(axes, (begin, float(km[-1])), float(axes.dataLim.y1), words)
    _write_label(axes.set_xlabel, words.text("curve_distance"))
    _write_label(axes.set_ylabel, words.text(_name_counts(people, is_raster)))
    _write_legend(axes, curve, words)
    if mark_km is not None:
        text = _describe_mark(mark_km, (km, low, high), words, is_raster=is_raster)
        _mark_width(axes, mark_km, text)
    for at, name, step in _choose_names(names or {}, km, high):
        made = axes.annotate(
            name, (at, step), xytext=(-4, 1), textcoords="offset points", ha="right", va="bottom",
            fontsize=_NAME, color=draw.INK, gid="geobuffer-names",
        )  # fmt: skip
        made.set_path_effects([withStroke(linewidth=2.0, foreground="white")])
        draw.disable_markup(made)
    _write_around(axes, title, list(sources))
    return axes


def _check_curve(curve: pd.DataFrame, wanted: tuple[str, ...]) -> None:
    columns = getattr(curve, "columns", ())
    missing = [name for name in ("within_km", *wanted) if name not in columns]
    if missing:
        raise DataError(
            f"Invalid curve: {describe_type(curve)} without a column {missing[0]!r}. Must be a "
            "result of exposure_curve().",
            parameter="curve",
        )


def _make_axes(size: str) -> Axes:
    require("plot", "matplotlib.figure", "A plot")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    page = parse_size(size, is_wide=True) if size else None
    wide, high = (_WIDTH, _HEIGHT) if page is None else page[:2]
    is_pixels = page is not None and page.is_pixels
    # We avoid pyplot, which keeps every figure until it is closed.
    figure = Figure(
        figsize=(wide / 72.0, high / 72.0), layout="constrained", facecolor="white",
        dpi=PIXELS_PER_INCH if is_pixels else 144,
    )  # fmt: skip
    if is_pixels:
        figure.set_gid("geobuffer-pixels")
    # Text must not touch the edge of the paper.
    margin = 0.014 * wide / 72.0
    figure.get_layout_engine().set(  # type: ignore[union-attr,call-arg]
        w_pad=margin, h_pad=margin
    )
    FigureCanvasAgg(figure)
    return figure.add_subplot()


def _draw_expected(axes: Axes, curve: pd.DataFrame, km: Any, words: Translation) -> None:
    """Draw how many places are expected, with their range, if the table states it."""
    if "expected" not in curve or curve["expected"].isna().all():
        return
    mean, low, high = (
        np.append(0.0, curve[name].astype(float).to_numpy())
        for name in ("expected", "expected_low", "expected_high")
    )
    axes.step(km, mean, where="post", color=draw.INK, linewidth=1.1, linestyle=(0, (4, 2)),
              label=words.text("curve_expected"))  # fmt: skip
    for edge in (low, high):
        axes.step(km, edge, where="post", color=draw.INK, linewidth=0.5, linestyle=(0, (1, 2)))


def _style_axes(axes: Axes, ends: tuple[float, float], highest: float, words: Translation) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_xlim(*ends)
    axes.set_ylim(0.0, (1.0 + _ROOM_ABOVE) * highest or 1.0)
    # We write 1,000,000 and not 1e6, with the separators of the language.
    axes.xaxis.set_major_formatter(lambda value, _: words.format_km(value))
    axes.yaxis.set_major_formatter(lambda value, _: words.format_number(value))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.tick_params(labelsize=_TEXT, color=draw.QUIET, labelcolor=draw.INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(draw.QUIET)
    axes.grid(axis="y", color="#d5d8dc", linewidth=0.5)
    axes.set_axisbelow(True)


def _write_label(write: Any, text: str) -> None:
    draw.disable_markup(write(text, fontsize=_TEXT, color=draw.INK))


def _write_legend(axes: Axes, curve: pd.DataFrame, words: Translation) -> None:
    """Write the legend, and how many places the curve leaves out."""
    handles, labels = axes.get_legend_handles_labels()
    if "not_located" in curve and (number := int(curve["not_located"].iloc[-1])):
        from matplotlib.patches import Patch

        handles.append(Patch(alpha=0.0))
        labels.append(words.text("curve_not_located", count=words.format_number(number)))
    # The legend is above the frame, where it covers neither the curve nor a mark.
    legend = axes.legend(
        handles, labels, loc="lower left", bbox_to_anchor=(0.0, 1.0), borderaxespad=0.5,
        borderpad=0.0, labelspacing=0.3, fontsize=_TEXT, frameon=False,
    )  # fmt: skip
    for text in legend.get_texts():
        draw.disable_markup(text)


def _name_counts(people: bool, is_raster: bool) -> str:  # noqa: FBT001 - two facts of a curve
    """Return the key of the words for what a curve counts."""
    if is_raster:
        return "curve_people_raster"
    return "curve_people" if people else "curve_places"


def _describe_mark(
    mark_km: float, counts: tuple[Any, Any, Any], words: Translation, *, is_raster: bool
) -> str:
    """Return the counts at a marked width, in words."""
    km, low, high = counts
    if is_raster:
        people = float(np.interp(mark_km, km, low))
        return words.text("curve_mark_raster", km=words.format_km(mark_km),
                          people=words.format_number(people))  # fmt: skip
    row = int(np.searchsorted(km, mark_km, side="right")) - 1
    return words.text(
        "curve_mark",
        km=words.format_km(mark_km),
        sure=words.format_number(low[row]),
        uncertain=words.format_number(high[row] - low[row]),
    )


def _mark_width(axes: Axes, mark_km: float, text: str) -> None:
    """Draw a line at a width, with its counts at the upper end."""
    axes.axvline(mark_km, color=draw.INK, linewidth=0.9, gid="geobuffer-mark")
    # The curve is lower on the left, so a text there covers nothing, if it has room.
    begin, end = axes.get_xlim()
    is_left = (mark_km - begin) / (end - begin) > _ROOM_LEFT
    made = axes.annotate(
        text, (mark_km, 1.0), xycoords=axes.get_xaxis_transform(), textcoords="offset points",
        xytext=(-5 if is_left else 5, 0), ha="right" if is_left else "left", va="top",
        fontsize=_TEXT, fontweight="bold", color=draw.INK, gid="geobuffer-mark",
    )  # fmt: skip
    draw.disable_markup(made)


def _choose_names(names: Mapping[float, str], km: Any, high: Any) -> list[tuple[float, str, float]]:
    """Return the names that have room, with distance and count; the largest steps first.

    >>> _choose_names({1.0: "A", 1.1: "B", 3.0: "C"}, np.array([0, 1, 1.1, 3]),
    ...               np.array([0, 50, 51, 90]))
    [(1.0, 'A', 50.0), (3.0, 'C', 90.0)]
    """
    # The first row at or beyond the distance of a place counts it: there the curve steps up.
    rows = {at: int(np.searchsorted(km, at)) for at in names}
    steps = {at: high[row] - high[row - 1] for at, row in rows.items() if 0 < row < len(km)}
    chosen: list[tuple[float, str, float]] = []
    for at in sorted(steps, key=lambda at: -steps[at]):
        count = float(high[rows[at]])
        if all(abs(count - other) > _LEAST_GAP * high[-1] for _, _, other in chosen):
            chosen.append((float(km[rows[at]]), clean_text(names[at]), count))
    return chosen


def _write_around(axes: Axes, title: str, sources: list[Source]) -> None:
    """Write the heading above and the sources below, in lines of the figure's width."""
    figure = axes.get_figure(root=True)
    assert figure is not None  # noqa: S101 - for the type checker
    width = figure.get_size_inches()[0] * 72.0
    legend = axes.get_legend()
    if (heading := clean_text(title)) and legend is not None:
        lines = wrap_text(heading, 0.8 * width, _TITLE, "bold")
        rows = len(legend.get_texts())
        made = axes.set_title("\n".join(lines), loc="left", fontsize=_TITLE, fontweight="bold",
                              color=draw.INK, pad=8.0 + 1.5 * _TEXT * rows)  # fmt: skip
        draw.disable_markup(made)
    if credit := credit_briefly(sources):
        lines = wrap_text(credit, 0.85 * width, _SMALL)
        below = figure.supxlabel("\n".join(lines), x=0.014, ha="left", fontsize=_SMALL,
                                 color=draw.QUIET, gid="geobuffer-sources")  # fmt: skip
        draw.disable_markup(below)

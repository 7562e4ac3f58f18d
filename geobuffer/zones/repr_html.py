"""Render a noun as HTML for a notebook: a title, a small outline, facts and a table.

The classes of the package pass their own facts to ``card_html``. This module alone escapes what
comes from data, in ``_escape`` and ``_link_url``. Lines and letters take the colour of the text
around them, so that the HTML suits light and dark notebooks.
"""

from __future__ import annotations

import html
import math
from typing import TYPE_CHECKING

import numpy as np
import shapely

from geobuffer.geodesy.antimeridian import unwrap_vertices

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    Facts = Iterable[tuple[str, object]]
    Points = NDArray[np.float64]
    Rows = Sequence[Sequence[object]]
    Shapes = Sequence[tuple[BaseGeometry | None, float]]


# The width or height of the picture in pixels, and a margin for half a stroke. We simplify lines by
# 0.3 pixels, which is invisible. The limit of 1,200 points keeps the SVG below 8 kB.
_SIZE, _MARGIN, _STEP, _MOST_POINTS = 180.0, 1.0, 0.3, 1_200

# How many rows of a table and letters of a fact we show. A longer table ends with the number of
# rows that are left out.
_MOST_ROWS, _MOST_LETTERS = 20, 500

_CELL = "padding:1px 10px 1px 0;text-align:left;vertical-align:top"
_HEAD = f"{_CELL};font-weight:normal;white-space:nowrap;opacity:.7"
_TABLE = "border-collapse:collapse;border:0;margin:4px 0;font-size:inherit;color:inherit"


def card_html(
    kind: str,
    title: str,
    facts: Facts,
    *,
    rows: Rows = (),
    shapes: Shapes = (),
) -> str:
    """Return the HTML of a noun: kind and title, an outline if there are shapes, facts, a table.

    Parameters
    ----------
    kind, title
        The class of the noun, and its name.
    facts
        Pairs of a name and a fact; empty facts are omitted.
    rows
        The rows of a table; the first one is the header.
    shapes
        Shapes in longitude and latitude, each with the opacity of its fill from 0 to 1.

    Examples
    --------
    >>> print(card_html("Region", "<b>", [("country", "AA"), ("iso", "")]))
    <div style="..."><div style="..."><strong>&lt;b&gt;</strong> <span ...>Region</span>...
    >>> "<b>" in card_html("Region", "<b>", [("<b>", "<b>")], rows=[["<b>"], ["<b>"]])
    False
    """
    fact_rows = "".join(
        f'<tr style="background:none"><th scope="row" style="{_HEAD}">{_escape(name)}</th>'
        f'<td style="{_CELL}">{_link_url(fact)}</td></tr>'
        for name, fact in facts
        if str(fact)
    )
    return (
        '<div style="display:flex;flex-wrap:wrap;gap:4px 20px;align-items:flex-start;'
        f'line-height:1.4">{outline_svg(shapes, title)}<div style="flex:1;min-width:18em">'
        f'<strong>{_escape(title)}</strong> <span style="opacity:.7">{_escape(kind)}</span>'
        f'<table style="{_TABLE}">{fact_rows}</table>{_table_html(rows)}</div></div>'
    )


def _escape(value: object) -> str:
    """Return a fact as escaped HTML text."""
    text = str(value)
    short = text if len(text) <= _MOST_LETTERS else text[: _MOST_LETTERS - 1] + "…"
    # Half a surrogate pair has no UTF-8 form, so it becomes an escape.
    encodable = short.encode("utf-8", "backslashreplace").decode()
    return html.escape(encodable)


def _link_url(value: object) -> str:
    """Return a fact as HTML; a fact that is a single web address becomes a link."""
    text = str(value)
    is_address = text.startswith(("https://", "http://")) and "; http" not in text
    if not is_address or len(text) > _MOST_LETTERS:
        return _escape(text)
    return (
        f'<a href="{_escape(text)}" rel="noopener noreferrer" target="_blank">{_escape(text)}</a>'
    )


def _table_html(rows: Rows) -> str:
    if not rows:
        return ""
    head, *body = rows
    cells = [
        "".join(f'<td style="{_CELL}">{_link_url(cell)}</td>' for cell in row)
        for row in body[:_MOST_ROWS]
    ]
    if len(body) > _MOST_ROWS:
        cells.append(f'<td style="{_CELL}">and {len(body) - _MOST_ROWS:,} more</td>')
    names = "".join(f'<th scope="col" style="{_HEAD}">{_escape(name)}</th>' for name in head)
    lines = "".join(f'<tr style="background:none">{line}</tr>' for line in (names, *cells))
    return f'<table style="{_TABLE}">{lines}</table>'


def outline_svg(shapes: Shapes, title: str) -> str:
    """Return shapes as a small SVG picture with true proportions; an empty text without shapes.

    A shape that crosses the antimeridian is drawn in one piece, whether it is cut there or not.
    """
    filled = [line for shape, fill in shapes if shape for line in _shape_lines(shape, fill)]
    if not filled:
        return ""
    lines, width, height = _scale_lines([line for line, _ in filled])
    fills = [fill for _, fill in filled]
    paths = "".join(
        f'<path d="{_svg_path(group, closed=fill > 0)}" fill-opacity="{fill:g}" '
        f'stroke-width="{5 if fill else 12}"/>'
        for fill, group in _group_by_fill(fills, _simplify_lines(lines)).items()
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width}" height="{height}" '
        f'viewBox="0 0 {width * 10} {height * 10}" style="flex:none">'
        f"<title>{_escape(title)}</title>"
        '<g fill="currentColor" fill-rule="evenodd" stroke="currentColor" '
        f'stroke-linejoin="round">{paths}</g></svg>'
    )


def _shape_lines(shape: BaseGeometry, fill: float) -> list[tuple[Points, float]]:
    """Return the rings of a shape's polygons with their fill, and its lines with a fill of 0."""
    parts = shapely.get_parts(shapely.get_parts(shape))
    is_polygon = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    lines = [(ring, fill) for ring in shapely.get_rings(parts[is_polygon])]
    lines += [(line, 0.0) for line in parts[~is_polygon]]
    points = [(shapely.get_coordinates(line), fill) for line, fill in lines]
    return [(xy, fill) for xy, fill in points if len(xy) > 1 and np.isfinite(xy).all()]


def _scale_lines(lines: list[Points]) -> tuple[list[Points], int, int]:
    """Return lines in pixels, x to the right and y down, with the picture's width and height."""
    frames = [[unwrap_vertices(line, west) for line in lines] for west in (-180.0, 0.0)]
    narrower = min(frames, key=lambda frame: np.ptp(np.concatenate(frame)[:, 0]))
    points = np.concatenate(narrower)
    low, high = points.min(axis=0), points.max(axis=0)
    # The length of a degree of longitude as a share of a degree of latitude, at the middle
    # latitude. At least 5 %, so that a shape at a pole keeps a width.
    squeeze = max(math.cos(math.radians((low[1] + high[1]) / 2.0)), 0.05)
    scale = _SIZE / max((high[0] - low[0]) * squeeze, high[1] - low[1], 1e-9)
    scaled = [
        np.column_stack([(x - low[0]) * squeeze * scale, (high[1] - y) * scale]) + _MARGIN
        for x, y in (line.T for line in narrower)
    ]
    width, height = np.concatenate(scaled).max(axis=0) + _MARGIN
    return scaled, round(width), round(height)


def _simplify_lines(lines: list[Points]) -> list[Points]:
    """Remove the points that a small picture does not need, and lines too small to see."""
    numbers = np.repeat(np.arange(len(lines)), [len(line) for line in lines])
    shapes = shapely.linestrings(np.concatenate(lines), indices=numbers)
    size = np.array([np.ptp(line, axis=0).max() for line in lines])
    step = _STEP
    while True:
        is_visible = size >= min(step, size.max())
        shapes = shapely.simplify(np.where(is_visible, shapes, None), step)
        if shapely.get_num_coordinates(shapes).sum() <= _MOST_POINTS or step > _SIZE:
            return [shapely.get_coordinates(line) for line in shapes]
        step *= 1.5


def _group_by_fill(fills: list[float], lines: list[Points]) -> dict[float, list[Points]]:
    groups: dict[float, list[Points]] = {}
    for fill, line in zip(fills, lines, strict=True):
        groups.setdefault(fill, []).append(line)
    return groups


def _svg_path(lines: list[Points], *, closed: bool) -> str:
    """Return lines as an SVG path, with coordinates in tenths of a pixel.

    Examples
    --------
    >>> _svg_path([np.array([[1.0, 2.0], [1.5, 2.0], [1.5, 1.0]])], closed=True)
    'M10,20l5,0 0,-10Z'
    """
    end = "Z" if closed else ""
    tenths = [np.rint(line * 10.0).astype(int) for line in lines if len(line)]
    return "".join(
        f"M{line[0, 0]},{line[0, 1]}l"
        + " ".join(f"{x},{y}" for x, y in np.diff(line, axis=0) if x or y)
        + end
        for line in tenths
    )


def format_km2(area: float) -> str:
    """Return an area in square kilometres with as many digits as are meaningful.

    Examples
    --------
    >>> format_km2(27123.4), format_km2(0.012345)
    ('27,123', '0.0123')
    """
    return f"{area:,.0f}" if area >= 100 else f"{area:.3g}"

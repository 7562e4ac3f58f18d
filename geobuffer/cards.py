"""Show a noun in a notebook: an outline and a table of facts, as HTML in the notebook's colours.

Cards lie beneath the nouns and take them as they are. All that comes from data is escaped here, in
``_text`` and ``_link``, and nowhere else. Lines and letters have the colour of the text around
them, so that a card reads by day and by night.
"""

from __future__ import annotations

import html
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geobuffer.names import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    Facts = Iterable[tuple[str, object]]
    Rows = Sequence[Sequence[object]]

# A picture is 200 units wide or high and is drawn as many pixels large, so that a point more than
# this would not be seen. 1,200 points are 10 kB.
_SIZE, _STEP, _MOST_POINTS = 200.0, 0.4, 1_200

# Rows of a table and letters of a fact that are shown; of more, how many there are.
_MOST_ROWS, _MOST_LETTERS = 20, 300

_CELL = "padding:1px 10px 1px 0;text-align:left;vertical-align:top;border:0;background:none"
_TABLE = "border-collapse:collapse;border:0;margin:4px 0;font-size:inherit;color:inherit"


def card(
    kind: str,
    title: str,
    facts: Facts,
    *,
    rows: Rows = (),
    shapes: Sequence[tuple[BaseGeometry | None, float]] = (),
) -> str:
    """Return a card: kind and title, an outline if there are shapes, facts, and a table.

    Parameters
    ----------
    kind, title
        What it is, and its name.
    facts
        Names of facts and the facts; those that are empty are left out.
    rows
        A table, the first row its head.
    shapes
        What to draw, in longitude and latitude, each with the strength of its fill from 0 to 1.

    Examples
    --------
    >>> print(card("Region", "<b>", [("country", "AA"), ("iso", "")]))
    <div style="..."><div><strong>&lt;b&gt;</strong> <span style="opacity:.7">Region</span>...
    >>> "<b>" in card("Region", "<b>", [("<b>", "<b>")], rows=[["<b>"], ["<b>"]])
    False
    """
    told = "".join(
        f'<tr style="background:none"><th scope="row" style="{_CELL};font-weight:normal;opacity:.7">'
        f'{_text(name)}</th><td style="{_CELL}">{_link(fact)}</td></tr>'
        for name, fact in facts
        if str(fact)
    )
    return (
        '<div style="display:flex;flex-wrap:wrap;gap:4px 20px;align-items:flex-start;'
        f'line-height:1.4">{outline(shapes, title)}<div>'
        f'<strong>{_text(title)}</strong> <span style="opacity:.7">{_text(kind)}</span>'
        f'<table style="{_TABLE}">{told}</table>{_table(rows)}</div></div>'
    )


def _text(value: object) -> str:
    """Return a fact as HTML that shows it, and is nothing else."""
    text = str(value)
    short = text if len(text) <= _MOST_LETTERS else text[: _MOST_LETTERS - 1] + "…"
    sound = short.encode("utf-8", "backslashreplace").decode()
    return html.escape(sound)


def _link(value: object) -> str:
    """Return a fact as HTML; an address on the web, and no other, can be followed."""
    text = str(value)
    if not text.startswith(("https://", "http://")) or len(text) > _MOST_LETTERS:
        return _text(text)
    return f'<a href="{_text(text)}" rel="noopener noreferrer" target="_blank">{_text(text)}</a>'


def _table(rows: Rows) -> str:
    if not rows:
        return ""
    head, *body = rows
    cells = [
        "".join(f'<td style="{_CELL}">{_text(cell)}</td>' for cell in row)
        for row in body[:_MOST_ROWS]
    ]
    if len(body) > _MOST_ROWS:
        cells.append(f'<td style="{_CELL}">and {len(body) - _MOST_ROWS:,} more</td>')
    names = "".join(
        f'<th scope="col" style="{_CELL};font-weight:normal;opacity:.7">{_text(name)}</th>'
        for name in head
    )
    lines = "".join(f'<tr style="background:none">{line}</tr>' for line in (names, *cells))
    return f'<table style="{_TABLE}">{lines}</table>'


def outline(shapes: Sequence[tuple[BaseGeometry | None, float]], title: str) -> str:
    """Return shapes as a small picture, as wide as they are on the ground; none, as nothing.

    Shapes that cross the antimeridian are drawn in one piece.
    """
    drawn = [(_lines(shape), fill) for shape, fill in shapes if shape is not None]
    drawn = [(lines, fill) for lines, fill in drawn if lines]
    if not drawn:
        return ""
    drawn, box = _on_paper(drawn)
    budget = _MOST_POINTS // len(drawn)
    paths = "".join(_path(lines, fill, budget) for lines, fill in drawn)
    width, height = box
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" style="flex:none"><title>{_text(title)}</title>'
        f'<g fill="currentColor" stroke="currentColor" stroke-linejoin="round">{paths}</g></svg>'
    )


class _Line:
    """A ring or a line, on the way from degrees to paper."""

    def __init__(self, points: NDArray[np.float64], *, closed: bool) -> None:
        self.points, self.closed = points, closed


def _lines(shape: BaseGeometry) -> list[_Line]:
    """Return the rings and lines of a shape, each without a leap at the antimeridian."""
    lines = []
    for part in shapely.get_parts(np.atleast_1d(shapely.get_parts(shape))):
        polygon = shapely.get_type_id(part) == 3
        rings = shapely.get_rings(part) if polygon else [part]
        for ring in rings:
            points = shapely.get_coordinates(ring)
            if len(points) and np.isfinite(points).all():
                lon = np.unwrap(points[:, 0], period=360.0)
                lines.append(_Line(np.column_stack([lon, points[:, 1]]), closed=polygon))
    return lines

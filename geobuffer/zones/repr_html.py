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

from geobuffer.geodesy.antimeridian import unwrap_vertices
from geobuffer.zones.toponyms import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    Facts = Iterable[tuple[str, object]]
    Points = NDArray[np.float64]
    Rows = Sequence[Sequence[object]]
    Shapes = Sequence[tuple[BaseGeometry | None, float]]


# A picture is as many pixels wide or high, with room for half a stroke. A line that strays by less
# than a third of a pixel is not seen to; 1,200 points are 8 kB.
_SIZE, _MARGIN, _STEP, _MOST_POINTS = 180.0, 1.0, 0.3, 1_200

# Rows of a table and letters of a fact that are shown; of more, how many there are.
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
    >>> print(card_html("Region", "<b>", [("country", "AA"), ("iso", "")]))
    <div style="..."><div style="..."><strong>&lt;b&gt;</strong> <span ...>Region</span>...
    >>> "<b>" in card_html("Region", "<b>", [("<b>", "<b>")], rows=[["<b>"], ["<b>"]])
    False
    """
    told = "".join(
        f'<tr style="background:none"><th scope="row" style="{_HEAD}">{_text(name)}</th>'
        f'<td style="{_CELL}">{_link(fact)}</td></tr>'
        for name, fact in facts
        if str(fact)
    )
    return (
        '<div style="display:flex;flex-wrap:wrap;gap:4px 20px;align-items:flex-start;'
        f'line-height:1.4">{outline_svg(shapes, title)}<div style="flex:1;min-width:18em">'
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
    """Return a fact as HTML; one address on the web, and nothing else, can be followed."""
    text = str(value)
    one = text.startswith(("https://", "http://")) and "; http" not in text
    if not one or len(text) > _MOST_LETTERS:
        return _text(text)
    return f'<a href="{_text(text)}" rel="noopener noreferrer" target="_blank">{_text(text)}</a>'


def _table(rows: Rows) -> str:
    if not rows:
        return ""
    head, *body = rows
    cells = [
        "".join(f'<td style="{_CELL}">{_link(cell)}</td>' for cell in row)
        for row in body[:_MOST_ROWS]
    ]
    if len(body) > _MOST_ROWS:
        cells.append(f'<td style="{_CELL}">and {len(body) - _MOST_ROWS:,} more</td>')
    names = "".join(f'<th scope="col" style="{_HEAD}">{_text(name)}</th>' for name in head)
    lines = "".join(f'<tr style="background:none">{line}</tr>' for line in (names, *cells))
    return f'<table style="{_TABLE}">{lines}</table>'


def outline_svg(shapes: Shapes, title: str) -> str:
    """Return shapes as a small picture, true in proportion; an empty text if there are none.

    A shape that crosses the antimeridian is drawn in one piece, whether it is cut there or not.
    """
    drawn = [line for shape, fill in shapes if shape for line in _lines(shape, fill)]
    if not drawn:
        return ""
    paper, width, height = _on_paper([line for line, _ in drawn])
    strengths = [fill for _, fill in drawn]
    paths = "".join(
        f'<path d="{_path(lines, closed=fill > 0)}" fill-opacity="{fill:g}" '
        f'stroke-width="{5 if fill else 12}"/>'
        for fill, lines in _by_strength(strengths, _simplified(paper)).items()
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width}" height="{height}" '
        f'viewBox="0 0 {width * 10} {height * 10}" style="flex:none"><title>{_text(title)}</title>'
        '<g fill="currentColor" fill-rule="evenodd" stroke="currentColor" '
        f'stroke-linejoin="round">{paths}</g></svg>'
    )


def _lines(shape: BaseGeometry, fill: float) -> list[tuple[Points, float]]:
    """Return the rings of a shape's polygons with their fill, and its lines with none."""
    parts = shapely.get_parts(shapely.get_parts(shape))
    filled = shapely.get_type_id(parts) == 3
    lines = [(ring, fill) for ring in shapely.get_rings(parts[filled])]
    lines += [(line, 0.0) for line in parts[~filled]]
    points = [(shapely.get_coordinates(line), fill) for line, fill in lines]
    return [(xy, fill) for xy, fill in points if len(xy) > 1 and np.isfinite(xy).all()]


def _on_paper(lines: list[Points]) -> tuple[list[Points], int, int]:
    """Return lines in units of the picture, x to the right and y down, and its width and height."""
    frames = [[unwrap_vertices(line, west) for line in lines] for west in (-180.0, 0.0)]
    chosen = min(frames, key=lambda frame: np.ptp(np.concatenate(frame)[:, 0]))
    low, high = np.concatenate(chosen).min(axis=0), np.concatenate(chosen).max(axis=0)
    # A degree of longitude as a share of one of latitude, in the middle; near a pole not nothing.
    squeeze = max(math.cos(math.radians((low[1] + high[1]) / 2.0)), 0.05)
    scale = _SIZE / max((high[0] - low[0]) * squeeze, high[1] - low[1], 1e-9)
    paper = [
        np.column_stack([(x - low[0]) * squeeze * scale, (high[1] - y) * scale]) + _MARGIN
        for x, y in (line.T for line in chosen)
    ]
    width, height = np.concatenate(paper).max(axis=0) + _MARGIN
    return paper, round(width), round(height)


def _simplified(lines: list[Points]) -> list[Points]:
    """Return lines with no more points than a picture needs, those too small to see left out."""
    whole = shapely.linestrings(np.concatenate(lines), indices=_numbers_of(lines))
    size = np.array([np.ptp(line, axis=0).max() for line in lines])
    step = _STEP
    while True:
        seen = size >= min(step, size.max())
        whole = shapely.simplify(np.where(seen, whole, None), step)
        if shapely.get_num_coordinates(whole).sum() <= _MOST_POINTS or step > _SIZE:
            return [shapely.get_coordinates(line) for line in whole]
        step *= 1.5


def _numbers_of(lines: list[Points]) -> NDArray[np.intp]:
    return np.repeat(np.arange(len(lines)), [len(line) for line in lines])


def _by_strength(strengths: list[float], lines: list[Points]) -> dict[float, list[Points]]:
    groups: dict[float, list[Points]] = {}
    for strength, line in zip(strengths, lines, strict=True):
        groups.setdefault(strength, []).append(line)
    return groups


def _path(lines: list[Points], *, closed: bool) -> str:
    """Return lines as an SVG path, in steps of a tenth of a pixel.

    >>> _path([np.array([[1.0, 2.0], [1.5, 2.0], [1.5, 1.0]])], closed=True)
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


def source_html(source: Any) -> str:
    """Return a source's card."""
    return card_html("Source", source.title, [*_papers(source)[1:], ("cite as", source.citation)])


def _papers(source: Any) -> list[tuple[str, object]]:
    """Return the facts of a source: what, whose, where, under which licence, how old, how exact."""
    accuracy = "" if source.accuracy_m is None else f"±{source.accuracy_m:g} m"
    return [
        ("source", source.title), ("publisher", source.publisher), ("address", source.url),
        ("licence", source.licence), ("version", source.version), ("as of", source.as_of),
        ("accuracy", accuracy),
    ]  # fmt: skip


def _names(noun: Any) -> list[tuple[str, object]]:
    return [(language, noun.names.get(language, "")) for language in LANGUAGES]


def _km2(area: float) -> str:
    """Return an area with as many digits as say something.

    >>> _km2(27123.4), _km2(0.012345)
    ('27,123', '0.0123')
    """
    return f"{area:,.0f}" if area >= 100 else f"{area:.3g}"


def region_html(region: Any) -> str:
    """Return a region's card."""
    country = region.country_names.get("en", region.country)
    facts = [*_names(region), ("ISO 3166", region.iso), ("country", country)]
    facts += [("area", f"{_km2(region.area_km2)} km²"), *_papers(region.source)]
    if region.border_source:
        facts.append(("border from", region.border_source.title))
    return card_html("Region", region.name, facts, shapes=[(region.geometry, 0.15)])


def regions_html(regions: Any) -> str:
    """Return the card of several regions: a row for each."""
    names = [[one.names.get(language, "") for language in LANGUAGES] for one in regions]
    rows = [
        [one.name, *told, one.iso, one.country] for one, told in zip(regions, names, strict=True)
    ]
    rows.insert(0, ["name", *LANGUAGES, "ISO 3166", "country"])
    shapes = [(region.geometry, 0.15) for region in regions]
    return card_html("Regions", f"{len(regions):,} regions", [], rows=rows, shapes=shapes)


def side_html(side: Any) -> str:
    """Return a side's card."""
    facts = [*_names(side), ("regions", ", ".join(region.name for region in side.regions))]
    if side.area is None:
        facts.append(("territory", "all that is not on the other side"))
    return card_html("Side", side.name, facts, shapes=[(side.area, 0.15)])


def section_html(section: Any) -> str:
    """Return a section's card."""
    end_km = section.start_km + section.length_km
    facts = [(language, section.label(language)) for language in LANGUAGES]
    facts.append(("chainage", f"{section.start_km:,.1f} to {end_km:,.1f} km"))
    facts.append(("length", f"{section.length_km:,.1f} km"))
    return card_html("Section", section.name, facts, shapes=[(section.line, 0.0)])


def border_html(border: Any) -> str:
    """Return a border's card: a row for each section."""
    title = " | ".join(side.name for side in border.sides)
    rows: list[list[object]] = [["section", "from km", "to km", "length km"]]
    rows += [
        [one.name, f"{one.start_km:,.1f}", f"{one.start_km + one.length_km:,.1f}",
         f"{one.length_km:,.1f}"]
        for one in border.sections
    ]  # fmt: skip
    facts = [("length", f"{border.length_km:,.1f} km"), *_papers(border.source)]
    shapes = [(section.line, 0.0) for section in border.sections]
    return card_html("Border", title, facts, rows=rows, shapes=shapes)


def zone_html(zone: Any) -> str:
    """Return the card of any zone: a row for each ring."""
    facts = [
        ("along", ", ".join(section.name for section in zone.sections)),
        ("side", zone.side_label), ("ends", zone.ends),
        ("area", f"{_km2(zone.area_km2)} km²"),
        ("edges drawn", f"within {zone.error_m:.2g} m of their distance"),
        *_papers(zone.source),
    ]  # fmt: skip
    areas = zip(zone.ring_names, map(_km2, zone.ring_areas_km2), strict=True)
    # The innermost ring is the strongest.
    strengths = np.linspace(0.4, 0.1, len(zone.rings)) if len(zone.rings) > 1 else [0.2]
    lines = [(section.line, 0.0) for section in zone.sections]
    shapes = [*zip(zone.rings, map(float, strengths), strict=True), *lines]
    plain = zone.has_plain_edges
    title = f"{zone.width_km:g} km from the border" if plain else zone.ring_names[0]
    kind = type(zone).__name__
    return card_html(kind, title, facts, rows=[("ring", "km²"), *areas], shapes=shapes)


def scenario_html(scenario: Any) -> str:
    """Return a scenario's card: a row for each report."""
    facts = [
        ("summary", scenario.summary), ("announced by", scenario.announced_by),
        ("announced on", scenario.announced_on or ""),
        ("between", ", ".join(scenario.between)), ("and", ", ".join(scenario.other)),
        ("width", f"{scenario.width} km"),
        ("side", scenario.side), ("ends", scenario.ends),
        ("places", ", ".join(name for name, _ in scenario.places)),
    ]  # fmt: skip
    reports = [(one.said_by, one.date or "", one.claim, one.url) for one in scenario.reports]
    rows = [("said by", "on", "claim", "reported at"), *reports] if reports else []
    return card_html("Scenario", scenario.title, facts, rows=rows)


def report_html(report: Any) -> str:
    """Return a report's card."""
    facts = [("said by", report.said_by), ("on", report.date or ""), ("reported at", report.url)]
    return card_html("Report", report.claim, facts)

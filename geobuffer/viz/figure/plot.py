"""Draw a zone as a picture for print: a matplotlib figure that can be saved and restyled.

Its axes are in metres of the projection that :func:`plot_crs` returns. The same zone and places
always give the same picture: no position is random, and the settings of the user change only the
fonts for characters that ours lacks.
"""

from __future__ import annotations

import functools
import io
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import shapely

from geobuffer.analysis.classify import Classification, classify_table
from geobuffer.analysis.expectation import Expected, expect_zone
from geobuffer.analysis.exposure import read_population
from geobuffer.analysis.membership import COUNTED, is_counted
from geobuffer.datasets.bundled import source_of, sources_of_places
from geobuffer.errors import require
from geobuffer.io.not_located import find_not_located
from geobuffer.palette import ring_colours
from geobuffer.viz import captions
from geobuffer.viz.extent import (
    check_map_arguments,
    measure_sea_km,
    read_places,
    select_regions,
    split_sections_at_coast,
)
from geobuffer.viz.figure import draw as drawing
from geobuffer.viz.figure.labels import (
    LINE,
    Box,
    Label,
    clean_text,
    measure_text,
    place_labels,
    shorten_text,
    wrap_text,
)
from geobuffer.viz.figure.layout import (
    GAP,
    Layout,
    LayoutText,
    default_style,
    draw_page,
    make_layout,
)
from geobuffer.viz.figure.map_elements import find_north, fit_scale_bar, make_graticule
from geobuffer.viz.figure.projection import fit_projection, project_points
from geobuffer.viz.symbols import FEW_PLACES
from geobuffer.zones.arguments import TEXT, check_arguments
from geobuffer.zones.checks import check_zone
from geobuffer.zones.toponyms import name_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import geopandas as gpd
    import pyproj
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geobuffer.geodesy.ellipsoid import Floats
    from geobuffer.viz.captions import Translation
    from geobuffer.viz.figure.projection import Projection
    from geobuffer.zones.region import Region
    from geobuffer.zones.source import Source
    from geobuffer.zones.zone import Zone


# Sizes of the names of regions and places, in points.
_REGION, _NAME = 8.5, 7.0

# The area of map for each name, in square points: some 36 names on a map; more would hide it.
_AREA_PER_NAME = 4_600.0

# How many names we try for each that has space on the map. Most of those that fail are in a crowd.
_TRIES = 6

# The largest width of a name in points: a fifth of the map.
_WIDEST_NAME = 100.0

# The distance of a region's name from the zone and the frame, in points; and the share of the name
# that must lie within the visible part of the region.
_OFF, _WITHIN = 4.0, 0.85

# A dot with a name is at least as large as at this zoom of the page, so that readers can see which
# dot the name belongs to.
_NAMED_ZOOM = 9.5


def plot_zone(
    zone: Zone,
    *,
    settlements: gpd.GeoDataFrame | None = None,
    regions: Iterable[Region] = (),
    title: str = "",
    language: str = "en",
) -> Figure:
    """Draw a zone, its border and the settlements around it as a picture for print.

    The result is a :class:`matplotlib.figure.Figure`: :func:`geobuffer.write` saves it as PNG, SVG
    or PDF, a notebook shows it, and you can restyle every part. The map is ``figure.axes[0]``, in
    metres of :func:`plot_crs`. Find parts by their gid, as in
    ``figure.findobj(lambda part: part.get_gid() == "geobuffer-zone")``.

    Parameters
    ----------
    zone
        The zone to draw, from :func:`geobuffer.build_zone`.
    settlements
        A table of places (points in any CRS), which this function classifies as
        :func:`geobuffer.classify` does. It uses these columns if present: ``name_en``,
        ``name_uk``, ``name_ru`` or ``name``, ``population`` and ``source``. The legend counts the
        places without a point that :func:`geobuffer.exposure` counts as not located. If the table
        states how accurate its points are, the line under the heading says how many places to
        expect; with :func:`geobuffer.load_settlements` also of those that are known by name only.
    regions
        Regions to draw as context, besides those along the border.
    title
        The heading. By default it states width, place and side of the zone.
    language
        The language of words and names: ``"en"``, ``"uk"`` or ``"ru"``.

    Raises
    ------
    DataError
        The language is unknown, a geometry is not a point, or a population is not a number.
    MissingCRSError
        The table has no coordinate reference system.
    MissingExtra
        matplotlib is not installed.
    WrongKind
        The zone is not a zone.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> border = gb.border_between(regions["Kursk"], regions["Sumy"])
    >>> zone = gb.build_zone(border, km=10, side="Ukraine", tolerance_m=50)
    >>> figure = plot_zone(zone, settlements=gb.load_settlements(), language="uk")
    >>> figure.get_suptitle()
    'Зона 10 км уздовж кордону Курська область – Сумська область, бік: Україна'
    """
    check_map_arguments(zone, settlements, regions, language)
    check_arguments(title=(title, TEXT))
    if settlements is not None:
        settlements = read_places(settlements, stacklevel=2)
    return draw_figure(zone, settlements, regions=regions, title=title, language=language)


def draw_figure(
    zone: Zone,
    settlements: gpd.GeoDataFrame | None,
    classification: Classification | None = None,
    *,
    regions: Iterable[Region] = (),
    title: str = "",
    language: str = "en",
) -> Figure:
    """Draw a picture as :func:`plot_zone` does; the caller may have classified the settlements."""
    check_zone(zone)
    words = captions.load_translation(language, zone.sections)
    require_matplotlib()
    drawn = select_regions(zone, regions)
    projection = fit_projection(zone.polygon)
    places = None
    if settlements is not None:
        # We never use classes from columns of the table: they may be those of another zone.
        found = classify_table(settlements, zone) if classification is None else classification
        places = _locate_places(settlements, found, zone, projection, language)
    sources = None if settlements is None else sources_of_places(settlements)
    text = LayoutText(
        title=captions.write_title(zone, title, words),
        subtitle=_write_subtitle(zone, places, words, titled=bool(clean_text(title))),
        legend=_list_legend_rows(zone, places, words, with_regions=bool(drawn)),
        small=(
            captions.credit_briefly(_list_sources(zone, drawn, sources)),
            words.text("endorsement"),
            captions.describe_projection(projection, words),
        ),
        citations=captions.describe_sources(
            zone, drawn, sources, words, land=_find_land_source(zone)
        ),
    )
    layout = make_layout(zone.polygon, projection, text)
    with default_style():
        figure, axes = draw_page(layout)
        _draw_map(axes, layout, zone, drawn, places, words)
        _draw_margin(axes, layout, words)
    # Jupyter displays objects with this method. We avoid pyplot, which would display it again.
    figure._repr_png_ = functools.partial(_render_png, figure)  # type: ignore[attr-defined]
    return figure


def _write_subtitle(zone: Zone, places: _Places | None, words: Translation, *, titled: bool) -> str:
    """Return the line under the heading: facts of the zone, and how many places it holds."""
    facts = captions.write_subtitle(zone, words, titled=titled)
    if places is None or places.expected is None:
        return facts
    sure = int((places.membership == "inside").sum())
    return f"{facts} {captions.describe_expected(places.expected, sure, words)}."


def _list_sources(
    zone: Zone, regions: Sequence[Region], places: Sequence[Source] | None
) -> list[Source]:
    """Return all sources of a picture, those of the border first."""
    borders = [region.border_source for region in zone.regions if region.border_source]
    land = _find_land_source(zone)
    others = [*(region.source for region in regions), *(places or []), *([land] if land else [])]
    return [zone.source, *borders, *others]


def _find_land_source(zone: Zone) -> Source | None:
    """Return the source of the map of land, if it decided about a part of the border."""
    return source_of("land") if measure_sea_km(zone) else None


def plot_crs(zone: Zone) -> pyproj.CRS:
    """Return the projection in which :func:`plot_zone` draws a zone, for layers of your own.

    It is the conformal projection, among the usual ones, whose scale is closest to true over the
    zone. Axes are in metres east and north.

    Parameters
    ----------
    zone
        The zone.

    Raises
    ------
    WrongKind
        The zone is not a zone.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> border = gb.border_between(regions["Kursk"], regions["Sumy"])
    >>> zone = gb.build_zone(border, km=10, side="Ukraine", tolerance_m=50)
    >>> plot_crs(zone).is_projected
    True
    """
    check_zone(zone)
    return fit_projection(zone.polygon).crs


def require_matplotlib() -> None:
    """Raise :class:`MissingExtra` if matplotlib is not installed."""
    require("plot", "matplotlib", "A picture")


class _Places(NamedTuple):
    """The settlements of a table: positions in the plane, classes, populations and names.

    ``unlocated`` counts the places without a point that the zone may hold; ``expected`` says how
    many places are in it, and is None if it is not known.
    """

    xy: Floats
    membership: NDArray[np.object_]
    population: Floats
    names: list[str]
    unlocated: int
    expected: Expected | None


def _locate_places(
    table: gpd.GeoDataFrame,
    found: Classification,
    zone: Zone,
    projection: Projection,
    language: str,
) -> _Places:
    membership = found.frame["membership"].to_numpy(dtype=object)
    points = table.geometry.to_crs("EPSG:4326").to_numpy()
    xy = np.stack(project_points(projection, shapely.get_x(points), shapely.get_y(points)), axis=1)
    xy[pd.isna(membership)] = np.nan
    unplaced = find_not_located(table, pd.isna(membership)).count_near(is_counted(membership))
    return _Places(
        xy,
        membership,
        read_population(table),
        _list_names(table, language),
        unplaced,
        expect_zone(found, zone),
    )


def _list_names(table: gpd.GeoDataFrame, language: str) -> list[str]:
    """Return the name of each row in a language, else the first it has; empty without a name."""
    names = np.full(len(table), "", dtype=object)
    for column in name_columns(language):
        if column in table:
            values = table[column].astype(object).where(table[column].notna(), "").to_numpy()
            names = np.where(names == "", values, names)
    return [clean_text(str(name)) for name in names]


def _list_legend_rows(
    zone: Zone, places: _Places | None, words: Translation, *, with_regions: bool
) -> list[tuple[str, str, str]]:
    """Return the rows of the legend with their counts: kind, text, colour."""
    of_points = captions.has_only_points(zone.sections)
    lines = [section.line for section in zone.sections]
    many = len(shapely.get_parts(lines) if of_points else lines) > 1
    border = words.text("border" if many else "border_plain")
    rows = [("points" if of_points else "junctions" if many else "border", border)]
    if measure_sea_km(zone):
        rows.append(("sea", words.text("at_sea")))
    rows += [("ring", name) for name in captions.describe_rings(zone, words)]
    rows += [("regions", words.text("regions"))] if with_regions else []
    if places is not None:
        for kind in COUNTED:
            count = words.format_number(int((places.membership == kind).sum()))
            rows.append((kind, words.text("count", label=words.text(kind), count=count)))
        rows.append(("outside", words.text("outside")))
        if places.unlocated:
            count = words.format_number(places.unlocated)
            rows.append(("none", words.text("count", label=words.text("unlocated"), count=count)))
    colours = iter(ring_colours(len(zone.rings)))
    return [(kind, text, next(colours) if kind == "ring" else "") for kind, text in rows]


def _draw_map(
    axes: Axes, layout: Layout, zone: Zone, regions: Sequence[Region],
    places: _Places | None, words: Translation,
) -> None:  # fmt: skip
    """Draw everything within the frame."""
    land = [layout.shape(region.geometry) for region in regions]
    rings = [layout.shape(ring) for ring in zone.rings]
    sections = [layout.shape(section.line) for section in zone.sections]
    drawing.draw_regions(axes, land)
    drawing.draw_rings(axes, rings)
    split = split_sections_at_coast(zone)
    on_land, at_sea = (
        [layout.shape(line) for line in lines if not line.is_empty]
        for lines in zip(*split, strict=True)
    )
    drawing.draw_border(axes, on_land, at_sea, _find_junctions(zone, layout))
    names = [clean_text(region.label(words.language)) for region in regions]
    zone_and_border = shapely.union_all([*rings, *sections])
    taken = _draw_region_names(axes, layout, land, names, zone_and_border)
    if places is None:
        return
    seen = layout.holds(places.xy)
    for kind in ("outside", "inside", "uncertain"):
        drawing.draw_dots(axes, kind, places.xy[seen & (places.membership == kind)], layout.zoom)
    _draw_place_names(axes, layout, places, taken, shapely.union_all(sections))


def _find_junctions(zone: Zone, layout: Layout) -> Floats:
    """Return the points where sections of the border meet, in the plane; or the border's points."""
    starts = shapely.get_coordinates([section.line for section in zone.sections])
    if not captions.has_only_points(zone.sections):
        starts = [shapely.get_coordinates(section.line)[0] for section in zone.sections[1:]]
    return np.stack(project_points(layout.projection, *np.reshape(starts, (-1, 2)).T), axis=1)


def _draw_region_names(
    axes: Axes,
    layout: Layout,
    land: Sequence[BaseGeometry],
    names: Sequence[str],
    zone_and_border: BaseGeometry,
) -> list[Box]:
    """Write each region's name where most of it is visible, off the zone; return their boxes."""
    area = shapely.buffer(shapely.box(*layout.frame), -_OFF * layout.unit_m, join_style="mitre")
    blocked = shapely.buffer(zone_and_border, _OFF * layout.unit_m)
    placed: list[tuple[Label, Box, tuple[float, float]]] = []
    for shape, name in zip(land, names, strict=True):
        free = shapely.difference(shapely.intersection(shape, area), blocked)
        parts = [part for part in shapely.get_parts(free) if part.area > 0.0]
        if not (parts and name):
            continue
        label, box, at = _place_region_name(max(parts, key=shapely.area), name, layout)
        # A name that reaches far beyond the visible part of its region would seem to name another.
        inked = shapely.box(*(np.array(box) * layout.unit_m + [*layout.frame[:2]] * 2))
        within = shapely.intersection(inked, free).area > _WITHIN * inked.area
        if within and not any(box.meets(other) for _, other, _ in placed):
            placed.append((label, box, at))
    drawing.draw_names(axes, placed, gid="geobuffer-region-names", colour=drawing.QUIET)
    return [box for _, box, _ in placed]


def _place_region_name(
    part: BaseGeometry, name: str, layout: Layout
) -> tuple[Label, Box, tuple[float, float]]:
    """Return a region's name with its box, around the centre of the widest circle that fits."""
    circle = shapely.maximum_inscribed_circle(part, tolerance=4.0 * layout.unit_m)
    at = shapely.get_coordinates(circle)[0]
    area = min(shapely.length(circle) * 2.0 / layout.unit_m, 1.5 * _WIDEST_NAME)
    whole = max(measure_text(word, _REGION) for word in name.split())
    lines = wrap_text(shorten_text(name, 3.0 * _WIDEST_NAME, _REGION), max(area, whole), _REGION)
    x, y = layout.points(at)
    half = (
        max(measure_text(line, _REGION) for line in lines) / 2.0,
        len(lines) * _REGION * LINE / 2.0,
    )
    box = Box(x - half[0], y - half[1], x + half[0], y + half[1])
    label = Label("\n".join(lines), float(x), float(y), _REGION, 0.0)
    return label, box, (float(at[0]), float(at[1]))


def _draw_place_names(
    axes: Axes, layout: Layout, places: _Places, taken: Sequence[Box], line: BaseGeometry
) -> None:
    """Write the names of the larger places, those in the zone before those outside."""
    near = is_counted(places.membership)
    at = layout.points(places.xy)
    seen = layout.holds(places.xy)
    named_zoom = max(layout.zoom, _NAMED_ZOOM)
    # The border as points, whose spacing is the height of a name.
    along = shapely.get_coordinates(shapely.segmentize(line, _NAME * layout.unit_m))
    most = int(layout.size[0] * layout.size[1] / _AREA_PER_NAME)
    labels: dict[Label, int] = {}
    for i in _rank_places(places, near, seen)[: _TRIES * most]:
        weight, zoom = ("bold", layout.zoom) if near[i] else ("normal", named_zoom)
        text = shorten_text(places.names[i], _WIDEST_NAME, _NAME, weight)
        radius = drawing.dot_radius(zoom, places.membership[i])
        labels[Label(text, float(at[i, 0]), float(at[i, 1]), _NAME, radius, weight)] = i
    area = Box(2.0, 2.0, layout.size[0] - 2.0, layout.size[1] - 2.0)
    placed = place_labels(
        labels, area, taken=taken, dots=at[near & seen], line=layout.points(along), most=most
    )
    outside = [row for label, _ in placed if not near[row := labels[label]]]
    drawing.draw_dots(axes, "outside", places.xy[outside], named_zoom)
    for bold, colour in ((True, drawing.INK), (False, drawing.QUIET)):
        drawing.draw_names(
            axes,
            [(label, box, tuple(places.xy[labels[label]].tolist())) for label, box in placed
             if near[labels[label]] == bold],
            gid="geobuffer-names", colour=colour,
        )  # fmt: skip


def _rank_places(places: _Places, near: NDArray[np.bool_], seen: NDArray[np.bool_]) -> list[int]:
    """Return the rows to name, the most important first.

    The weight is the order of magnitude of the population, times 1.5 in the zone. A town of 4,000
    in the zone comes before a city of 200,000 outside, which comes before a village of 3,000 in
    the zone. If no population is known, only places in the zone get names. A few places all do.
    """
    named = seen & np.array([bool(name) for name in places.names], dtype=bool)
    peopled = named & (np.nan_to_num(places.population) > 0.0)
    wanted = named if seen.sum() <= FEW_PLACES else peopled if peopled.any() else named & near
    weight = np.log10(10.0 + np.nan_to_num(places.population)) * np.where(near, 1.5, 1.0)
    rows = np.flatnonzero(wanted)
    return [int(i) for i in rows[np.argsort(-weight[rows], kind="stable")]]


def _draw_margin(axes: Axes, layout: Layout, words: Translation) -> None:
    """Draw the legend, the graticule with its degrees, the scale bar and the north arrow."""
    beside = (1.0 + GAP / layout.size[0], 1.0)
    drawing.draw_legend(axes, layout.legend, words.text("legend"), layout.zoom, beside)
    lines = make_graticule(layout.projection, layout.frame, layout.window)
    drawing.draw_graticule(axes, lines.lines)
    meridians = [
        captions.format_degrees(lon, words, "EW", lines.step) for _, lon in lines.meridians
    ]
    parallels = [
        captions.format_degrees(lat, words, "NS", lines.step) for _, lat in lines.parallels
    ]
    drawing.draw_ticks(axes, lines, (meridians, parallels), point=layout.unit_m)
    bar = fit_scale_bar(layout.projection, layout.frame)
    texts = [
        "0",
        words.format_km(bar.km / 2.0),
        f"{words.format_km(bar.km)} {words.text('unit_km')}",
    ]
    x = drawing.draw_scale(axes, bar, texts, layout.size) + 18.0
    angle = find_north(layout.projection, *layout.centre)
    drawing.draw_north(axes, angle, words.text("north"), x, layout.size)
    beside = (x + 26.0) / layout.size[0], -29.0 / layout.size[1]
    drawing.add_text(
        axes, *beside, words.text("scale"), size=drawing.SMALL, gid="geobuffer-scale", va="center",
        color=drawing.QUIET, transform=axes.transAxes,
    )  # fmt: skip


def _render_png(figure: Figure) -> bytes:
    """Return a figure as a PNG file, for a notebook."""
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()

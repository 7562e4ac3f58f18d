"""Draw a zone as a picture for print: a matplotlib figure that can be saved and restyled.

Its axes are in metres of the projection that :func:`plot_crs` returns. The same zone and places
always give the same picture: no position is random, and the settings of the user change only the
fonts for characters that our font lacks.
"""

from __future__ import annotations

import functools
import io
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import shapely

from geobuffer.analysis.column_sums import read_population
from geobuffer.analysis.expectation import Expected, expect_zone
from geobuffer.analysis.membership import COUNTED, is_counted
from geobuffer.datasets.bundled import source_of, sources_of_places
from geobuffer.datasets.scenario import find_bearers
from geobuffer.errors import DataError, require
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
    PIXEL,
    Box,
    Label,
    Obstacles,
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
    make_axes_layout,
    make_layout,
    measure_axes,
    prepare_axes,
)
from geobuffer.viz.figure.map_elements import find_north, fit_scale_bar, make_graticule
from geobuffer.viz.figure.projection import fit_projection, project_points
from geobuffer.viz.ground import (
    GROUND_UP_TO_ZOOM,
    LOCATOR_SIZE,
    RIVERS_UP_TO_ZOOM,
    choose_waters,
    find_band_km,
    find_ground,
    find_name_points,
    find_regions_at_sea,
    find_state_lines,
    make_locator,
)
from geobuffer.viz.label_rules import load_label_rules
from geobuffer.viz.place_outlines import ShownPlaces, classify_places
from geobuffer.viz.symbols import FEW_PLACES, find_town_radius
from geobuffer.zones.arguments import TEXT, Kind, check_arguments, optional
from geobuffer.zones.checks import check_zone
from geobuffer.zones.toponyms import name_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import geopandas as gpd
    import pyproj
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geobuffer.analysis.classify import Classification
    from geobuffer.datasets.scenario import Scenario
    from geobuffer.geodesy.ellipsoid import Floats
    from geobuffer.viz.figure.projection import Projection
    from geobuffer.viz.ground import Ground
    from geobuffer.zones.region import Region
    from geobuffer.zones.source import Source
    from geobuffer.zones.translation import Translation
    from geobuffer.zones.zone import Zone


# Sizes of the names of regions and places, in points.
_REGION_SIZE, _NAME_SIZE = 8.5, 7.0

# How many names we try for each name that fits on the map. Most names without room are those of
# places close together.
_TRIES_PER_NAME = 6

# The largest width of a name in points: a fifth of the map.
_WIDEST_NAME = 100.0

# The distance of a region's name from the zone and the frame, in points; and the share of the name
# that must lie within the visible part of the region.
_NAME_GAP, _SHARE_WITHIN = 4.0, 0.85

# A dot with a name is at least as large as at this zoom of the page, so that readers can see which
# dot the name belongs to.
_NAMED_ZOOM = 9.5


# Axes, recognised without importing matplotlib.
_AXES = Kind(lambda value: hasattr(value, "transAxes"), "axes of matplotlib, as plt.gca()")


def plot_zone(  # noqa: PLR0913 - all but the zone are keywords
    zone: Zone,
    *,
    settlements: gpd.GeoDataFrame | None = None,
    regions: Iterable[Region] = (),
    title: str = "",
    language: str = "en",
    size: str = "",
    ax: Axes | None = None,
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
        A table of places: points in any CRS, or areas that are the outlines of places. This
        function classifies them as :func:`geobuffer.classify` does; an outline that lies partly in
        the zone is uncertain. It uses these columns if present: ``name_en``, ``name_uk``,
        ``name_ru`` or ``name``, ``population`` and ``source``. The legend counts the places without
        a point that :func:`geobuffer.exposure` counts as not located. If the table states how
        accurate its points are, the line under the heading gives the expected number of places;
        with :func:`geobuffer.load_settlements` it includes places that are known by name only.
    regions
        Regions to draw as context, besides those along the border.
    title
        The heading. By default it states width, place and side of the zone.
    language
        The language of words and names: ``"en"``, ``"uk"``, ``"ru"`` or ``"pl"``.
    size
        ``"a4"`` or ``"a3"``, in landscape format for a wide zone; ``"social"`` for 1200 by 630
        pixels; or pixels, as in ``"1600x900"``. By default it is as large as the zone needs.
    ax
        Axes of your own figure. The map fills them, in metres of :func:`plot_crs`. You add heading,
        legend and scale bar; this function writes the sources below the map. By default, a new
        figure.

    Raises
    ------
    DataError
        The language or the size is unknown, the size is too small for the text, a title or a size
        is given with ``ax``, a geometry is neither a point nor an area, or a population is not a
        number.
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
    >>> " ".join(figure.get_suptitle().split())
    'Зона 10 км уздовж кордону Курська область – Сумська область, бік: Україна'
    """
    check_map_arguments(zone, settlements, regions, language)
    check_arguments(title=(title, TEXT), size=(size, TEXT), ax=(ax, optional(_AXES)))
    if ax is not None and (title or size):
        raise DataError(
            "Invalid title or size with ax. Must be left out: call ax.set_title(), and give your "
            "figure its size.",
            parameter="title" if title else "size",
        )
    if settlements is not None:
        settlements = read_places(settlements, stacklevel=2)
    return draw_figure(
        zone, settlements, regions=regions, title=title, language=language, size=size, axes=ax
    )


def draw_figure(  # noqa: PLR0913 - all but the zone and its places are keywords
    zone: Zone,
    settlements: gpd.GeoDataFrame | None,
    classified: ShownPlaces | None = None,
    *,
    regions: Iterable[Region] = (),
    title: str = "",
    language: str = "en",
    scenario: Scenario | None = None,
    size: str = "",
    axes: Axes | None = None,
) -> Figure:
    """Draw a picture as :func:`plot_zone` does; the caller may have classified the settlements.

    Places that a scenario puts in the zone are named before all others.
    """
    check_zone(zone)
    words = captions.load_translation(language, zone)
    require_matplotlib()
    drawn = select_regions(zone, regions)
    projection = fit_projection(zone.polygon)
    places = None
    if settlements is not None:
        # We never use classes from columns of the table: they may be those of another zone.
        known = classify_places(settlements, zone) if classified is None else classified
        places = _locate_places(known.table, known.found, zone, projection, language)
        if scenario is not None:
            bearers = find_bearers(scenario, known.table).values()
            places.is_named[[rows[0] for rows in bearers if len(rows) == 1]] = True
    sources = None if settlements is None else sources_of_places(settlements)
    small = (
        captions.credit_briefly(_list_sources(zone, drawn, sources)),
        words.text("endorsement"),
        captions.describe_projection(projection, words),
    )
    if axes is not None:
        layout = make_axes_layout(zone.polygon, projection, measure_axes(axes), small)
        with default_style():
            prepare_axes(axes, layout)
            _draw_map(axes, layout, zone, drawn, places, words)
        return axes.figure.figure  # for axes of a subfigure too, this is the whole figure
    text = LayoutText(
        title=captions.write_title(zone, title, words),
        subtitle=_write_subtitle(zone, drawn, places, words, titled=bool(clean_text(title))),
        legend=_list_legend_rows(zone, places, words, with_regions=_has_regions(zone, drawn)),
        small=small,
        citations=captions.describe_sources(
            zone,
            drawn,
            sources,
            words,
            land=_find_land_source(zone),
            ground=_ground_sources(zone),
        ),
    )
    layout = make_layout(zone.polygon, projection, text, size)
    with default_style():
        figure, axes = draw_page(layout)
        _draw_map(axes, layout, zone, drawn, places, words)
        _draw_margin(axes, layout, words)
    # Jupyter displays objects with this method. We avoid pyplot: it would display figures twice.
    figure._repr_png_ = functools.partial(_render_png, figure)  # type: ignore[attr-defined]
    return figure


def _has_regions(zone: Zone, drawn: Sequence[Region]) -> bool:
    """Return whether the map shows regions other than the parks or camps of the zone itself."""
    own = zone.regions if captions.find_kind(zone) in {"area", "outline"} else ()
    return any(region not in own for region in drawn)


def _write_subtitle(
    zone: Zone,
    regions: Sequence[Region],
    places: _Places | None,
    words: Translation,
    *,
    titled: bool,
) -> str:
    """Return the line under the heading: facts of the zone, its number of places, and dates."""
    facts = [captions.write_subtitle(zone, words, titled=titled)]
    if places is not None and places.expected is not None:
        sure = int((places.membership == "inside").sum())
        facts.append(f"{captions.describe_expected(places.expected, sure, words)}.")
    facts.append(captions.write_dates(zone, regions, places.dates if places else (), words))
    return " ".join(filter(None, facts))


def _list_sources(
    zone: Zone, regions: Sequence[Region], places: Sequence[Source] | None
) -> list[Source]:
    """Return all sources of a picture, those of the border first."""
    borders = [region.border_source for region in zone.regions if region.border_source]
    land = _find_land_source(zone)
    others = [*(region.source for region in regions), *(places or []), *([land] if land else [])]
    return [zone.source, *borders, *others, *_ground_sources(zone).values()]


def _ground_sources(zone: Zone) -> dict[str, Source]:
    """Return the sources of the layers under the zone."""
    return {"countries": source_of("countries"), "waters": source_of(choose_waters(zone))}


def _find_land_source(zone: Zone) -> Source | None:
    """Return the source of the map of land, if a part of the border runs at sea."""
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

    ``dates`` are those of the figures of people in the zone. ``unlocated`` is the number of places
    without a point that the zone may hold. ``expected`` is the expected number of places, None if
    unknown. ``band_km`` is the median margin of places, None if no place has a position.
    ``town_radii`` are the radii of the symbols of towns in points, 0 for a village. ``sides`` is
    the side of the border on which each place lies. ``is_named`` says whether a scenario puts a
    place in the zone.
    """

    xy: Floats
    membership: NDArray[np.object_]
    population: Floats
    names: list[str]
    dates: list[str]
    unlocated: int
    expected: Expected | None
    band_km: float | None
    town_radii: Floats
    sides: list[str]
    is_named: NDArray[np.bool_]


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
    unlocated = find_not_located(table, pd.isna(membership)).count_near(is_counted(membership))
    population = read_population(table)
    return _Places(
        xy,
        membership,
        population,
        list_names(table, language),
        _list_dates(table, is_counted(membership) & np.isfinite(population)),
        unlocated,
        expect_zone(found, zone),
        find_band_km(found.uncertainty.margin),
        np.array([PIXEL * find_town_radius(people) for people in population]),
        found.frame["side"].astype(object).where(found.frame["side"].notna(), "").tolist(),
        np.zeros(len(table), dtype=bool),
    )


def _list_dates(table: gpd.GeoDataFrame, counted: NDArray[np.bool_]) -> list[str]:
    """Return the date of each counted figure of people; empty for a figure without a date."""
    if "population_as_of" not in table:
        return [""] * int(counted.sum())
    dates = table["population_as_of"][counted]
    return [str(date) for date in dates.astype(object).where(dates.notna(), "")]


def list_names(table: gpd.GeoDataFrame, language: str) -> list[str]:
    """Return the name of each row in a language, or else its first name; empty without a name."""
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
    if places is not None and _has_band(places, zone):
        rows.append(("band", words.text("band", km=words.format_km(places.band_km or 0.0))))
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
    exact = find_state_lines(regions)
    ground = find_ground(zone, layout.window, exact)
    tints = {country.iso: country.tint for country in ground.countries}
    land = [layout.shape(region.geometry) for region in regions]
    rings = [layout.shape(ring) for ring in zone.rings]
    sections = [layout.shape(section.line) for section in zone.sections]
    # The ground is too coarse for closer maps. They are all land, or all sea if no land is near.
    is_far = layout.zoom <= GROUND_UP_TO_ZOOM
    lands = [(country.tint, layout.shape(country.land)) for country in ground.countries]
    drawing.draw_lands(axes, lands if is_far else [], is_sea=is_far or not lands)
    # We do not fill regions with much sea as land: the ground below them shows their coast.
    at_sea = find_regions_at_sea(regions, layout.window)
    fills = [
        None if is_far and wet else tints.get(region.country, -1)
        for region, wet in zip(regions, at_sea, strict=True)
    ]
    drawing.draw_regions(axes, zip(fills, land, strict=True))
    if layout.zoom <= RIVERS_UP_TO_ZOOM:
        drawing.draw_waters(axes, layout.shape(ground.rivers), layout.shape(ground.lakes))
    lines = [ground.borders, exact] if is_far else [exact]
    drawing.draw_state_lines(axes, [layout.shape(line) for line in lines])
    drawing.draw_rings(axes, rings)
    border = shapely.union_all(sections)
    edge = _find_edge(rings, border, layout)
    if places is not None and _has_band(places, zone):
        drawing.draw_band(axes, shapely.buffer(edge, (places.band_km or 0.0) * 1e3))
    split = split_sections_at_coast(zone)
    on_land, at_sea = (
        [layout.shape(line) for line in lines if not line.is_empty]
        for lines in zip(*split, strict=True)
    )
    drawing.draw_border(axes, on_land, at_sea, _find_junctions(zone, layout))
    taken = [_draw_locator(axes, layout, zone, tints, shapely.union_all([*rings, border]))]
    edges = shapely.union_all([border, *(shapely.boundary(ring) for ring in rings)])
    along = layout.points(shapely.get_coordinates(shapely.segmentize(edges, 3.0 * layout.unit_m)))
    obstacles = Obstacles(taken, np.empty((0, 2)), along, _find_other_sides(zone, layout))
    blocked = shapely.union_all([*rings, border])
    if places is not None:
        towns = _draw_dots(axes, layout, places)
        blocked = shapely.union(blocked, towns)
        taken += _draw_place_names(axes, layout, places, obstacles, outside=False)
    taken += _draw_country_names(axes, layout, ground, words.language, blocked, taken)
    names = [clean_text(region.label(words.language)) for region in regions]
    known = {country.label(words.language) for country in ground.countries}
    names = ["" if name in known else name for name in names]
    taken += _draw_region_names(axes, layout, land, names, blocked, taken)
    if places is not None:
        _draw_place_names(axes, layout, places, obstacles, outside=True)


def _find_other_sides(zone: Zone, layout: Layout) -> dict[str, BaseGeometry]:
    """Return for each side the territory of the other side, in points of the map."""
    if len(zone.sides) != 2:
        return {}
    areas = {side.name: side.area for side in zone.sides}
    names = list(areas)
    found = {}
    for name, other in zip(names, names[::-1], strict=True):
        area = areas[other]
        if area is not None:
            shape = layout.shape(area)
            found[name] = shapely.transform(shape, layout.points)
            shapely.prepare(found[name])
    return found


def _draw_dots(axes: Axes, layout: Layout, places: _Places) -> BaseGeometry:
    """Draw the dots of places and the symbols of towns; return the area of the towns' symbols."""
    seen = layout.holds(places.xy)
    towns = seen & (places.membership == "outside") & (places.town_radii > 0.0)
    for kind in ("outside", "inside", "uncertain"):
        shown = seen & (places.membership == kind) & ~towns
        drawing.draw_dots(axes, kind, places.xy[shown], layout.zoom)
    drawing.draw_towns(axes, places.xy[towns], places.town_radii[towns])
    radii = (places.town_radii[towns] + 1.0) * layout.unit_m
    return shapely.union_all(shapely.buffer(shapely.points(places.xy[towns]), radii))


def _find_edge(rings: Sequence[BaseGeometry], border: BaseGeometry, layout: Layout) -> BaseGeometry:
    """Return the outer edge of the zone: its outline away from the border, in the plane."""
    outline = shapely.boundary(shapely.union_all(rings, grid_size=layout.unit_m / 50.0))
    return shapely.difference(outline, shapely.buffer(border, 1.5 * layout.unit_m))


def _draw_locator(
    axes: Axes, layout: Layout, zone: Zone, tints: Mapping[str, int], blocked: BaseGeometry
) -> Box:
    """Draw the locator in the corner of the map that holds least of the zone; return its box."""
    locator = make_locator(zone, tints)
    wide, high = (part * PIXEL for part in LOCATOR_SIZE)
    across, up = layout.size[0] - wide - 5.0, layout.size[1] - high - 5.0
    corners = [Box(x, y, x + wide, y + high) for x, y in
               ((across, up), (5.0, up), (5.0, 5.0), (across, 5.0))]  # fmt: skip
    box = min(corners, key=lambda one: shapely.intersection(blocked, layout.box(one)).area)
    scale = PIXEL * layout.unit_m
    corner = np.array([box.left, box.top]) * layout.unit_m + layout.frame[:2]

    def place(shape: BaseGeometry) -> BaseGeometry:
        return shapely.transform(shape, lambda xy: corner + xy * (scale, -scale))

    drawing.draw_locator(
        axes,
        [(tint, place(shape)) for tint, shape in locator.shapes],
        place(shapely.box(*locator.mark)),
        layout.box(box),
    )
    return box


def _draw_country_names(
    axes: Axes, layout: Layout, ground: Ground, language: str, blocked: BaseGeometry,
    taken: Sequence[Box],
) -> list[Box]:  # fmt: skip
    """Write the names of countries, spaced, where there is room for them; return their boxes."""
    area = Box(4.0, 4.0, layout.size[0] - 4.0, layout.size[1] - 4.0)
    size = load_label_rules()["sizes"]["country"] * PIXEL
    placed: list[tuple[Label, Box, tuple[float, float]]] = []
    for country in ground.countries:
        # matplotlib cannot space letters, so we write thin spaces.
        text = "\u2009".join(clean_text(country.label(language)).upper())
        land = shapely.intersection(layout.shape(country.land), layout.box(area))
        if land.is_empty:  # GEOS cannot subtract from an empty shape
            continue
        free = shapely.difference(land, blocked)
        half = measure_text(text, size, "bold") / 2.0, size * LINE / 2.0
        for x, y in find_name_points(free, layout.frame).tolist():
            at = layout.points(np.array([x, y]))
            box = Box(at[0] - half[0], at[1] - half[1], at[0] + half[0], at[1] + half[1])
            inked = layout.box(box)
            within = shapely.intersection(inked, free).area > _SHARE_WITHIN * inked.area
            others = [*taken, *(one for _, one, _ in placed)]
            if (
                within
                and not shapely.intersects(inked, blocked)
                and not any(map(box.meets, others))
            ):
                label = Label(text, float(at[0]), float(at[1]), size, 0.0, "bold")
                placed.append((label, box, (x, y)))
                break
    drawing.draw_names(axes, placed, gid="geobuffer-country-names", colour=drawing.COUNTRY)
    return [box for _, box, _ in placed]


def _has_band(places: _Places, zone: Zone) -> bool:
    """Return whether the edge of a zone is hatched: a band wider than the zone would hide it."""
    return zone.has_plain_edges and 0.0 < (places.band_km or 0.0) <= zone.width_km / 2.0


def _find_junctions(zone: Zone, layout: Layout) -> Floats:
    """Return where sections of the border meet, in the plane; of a border of points, the points."""
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
    taken: Sequence[Box],
) -> list[Box]:
    """Write each region's name in its visible part, outside the zone; return the boxes."""
    gap_m = _NAME_GAP * layout.unit_m
    area = shapely.buffer(shapely.box(*layout.frame), -gap_m, join_style="mitre")
    blocked = shapely.buffer(zone_and_border, gap_m)
    placed: list[tuple[Label, Box, tuple[float, float]]] = []
    for shape, name in zip(land, names, strict=True):
        free = shapely.difference(shapely.intersection(shape, area), blocked)
        parts = [part for part in shapely.get_parts(free) if part.area > 0.0]
        if not (parts and name):
            continue
        part = max(parts, key=shapely.area)
        circle = shapely.maximum_inscribed_circle(part, tolerance=4.0 * layout.unit_m)
        wide = shapely.length(circle) * 2.0 / layout.unit_m
        others = [*taken, *(one for _, one, _ in placed)]
        tries = [shapely.get_coordinates(circle)[0], *find_name_points(part, part.bounds)]
        for at in tries:
            label, box = _write_region_name(layout.points(at), name, wide)
            # Far beyond the visible part of its region, a name would seem to name another region.
            inked = layout.box(box)
            within = shapely.intersection(inked, free).area > _SHARE_WITHIN * inked.area
            clear = shapely.contains(area, inked) and not shapely.intersects(inked, zone_and_border)
            if within and clear and not any(map(box.meets, others)):
                placed.append((label, box, (float(at[0]), float(at[1]))))
                break
    drawing.draw_names(axes, placed, gid="geobuffer-region-names", colour=drawing.QUIET)
    return [box for _, box, _ in placed]


def _write_region_name(at: Floats, name: str, width: float) -> tuple[Label, Box]:
    """Return a region's name around a point of the map, in lines of at most a width."""
    width = min(width, 1.5 * _WIDEST_NAME)
    whole = max(measure_text(word, _REGION_SIZE) for word in name.split())
    short = shorten_text(name, 3.0 * _WIDEST_NAME, _REGION_SIZE)
    lines = wrap_text(short, max(width, whole), _REGION_SIZE)
    x, y = at.tolist()
    half = (
        max(measure_text(line, _REGION_SIZE) for line in lines) / 2.0,
        len(lines) * _REGION_SIZE * LINE / 2.0,
    )
    label = Label("\n".join(lines), x, y, _REGION_SIZE, 0.0)
    return label, Box(x - half[0], y - half[1], x + half[0], y + half[1])


def _draw_place_names(
    axes: Axes, layout: Layout, places: _Places, obstacles: Obstacles, *, outside: bool
) -> list[Box]:  # fmt: skip
    """Write the names of places in the zone, or of those outside it; return their boxes."""
    near = is_counted(places.membership)
    at = layout.points(places.xy)
    seen = layout.holds(places.xy)
    rules = load_label_rules()
    named_zoom = max(layout.zoom, _NAMED_ZOOM)
    room = layout.size[0] * layout.size[1] / PIXEL**2
    has_leaders = layout.zoom >= rules["leader"]["from_zoom"] and not outside
    most = len(at) if has_leaders else int(room / rules["most"]["area_per_name"])
    labels: dict[Label, int] = {}
    for i in _rank_places(places, near, seen, outside=outside)[: _TRIES_PER_NAME * most]:
        weight, zoom = ("normal", named_zoom) if outside else ("bold", layout.zoom)
        text = shorten_text(places.names[i], _WIDEST_NAME, _NAME_SIZE, weight)
        radius = max(drawing.find_dot_radius(zoom, places.membership[i]), places.town_radii[i])
        x, y = at[i].tolist()
        first = places.is_named[i] or places.population[i] >= rules["first_from"]
        longest = rules["leader"]["longest"]["named" if places.is_named[i] else "others"] * PIXEL
        reach = longest if has_leaders or (first and not outside) else 0.0
        must = bool(places.is_named[i])
        labels[Label(text, x, y, _NAME_SIZE, radius, weight, places.sides[i], reach, must)] = i
    area = Box(2.0, 2.0, layout.size[0] - 2.0, layout.size[1] - 2.0)
    shown = seen & (near | (places.town_radii > 0.0))
    covered = _list_dot_points(at[shown], places.town_radii[shown])
    placed = place_labels(labels, area, obstacles._replace(dots=covered), most=most)
    if outside:
        rows = [labels[label] for label, _ in placed if not places.town_radii[labels[label]]]
        drawing.draw_dots(axes, "outside", places.xy[rows], named_zoom)
    drawing.draw_names(
        axes,
        [(label, box, tuple(places.xy[labels[label]].tolist())) for label, box in placed],
        gid="geobuffer-names", colour=drawing.QUIET if outside else drawing.INK,
    )  # fmt: skip
    return [box for _, box in placed]


def _list_dot_points(at: Floats, radii: Floats) -> Floats:
    """Return the centres of dots, and points around the larger ones, the symbols of towns."""
    angle = np.linspace(0.0, 2.0 * np.pi, 12, endpoint=False)
    around = radii[:, None, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return np.concatenate([at, (at[:, None] + around)[radii > 0.0].reshape(-1, 2)])


def _rank_places(
    places: _Places, near: NDArray[np.bool_], seen: NDArray[np.bool_], *, outside: bool
) -> list[int]:
    """Return the rows to name in or outside the zone, the most important first.

    In the zone, places of a scenario come first, then the largest, then places inside, then
    uncertain ones, each by population. An unknown population counts as that of a small village.
    Outside, we name only places with a known population, unless few places are in view.
    """
    named = seen & np.array([bool(name) for name in places.names], dtype=bool)
    known = np.nan_to_num(places.population) > 0.0
    few = seen.sum() <= FEW_PLACES
    wanted = named & (~near & (known | few) if outside else near)
    rules = load_label_rules()
    people = np.where(np.isnan(places.population), rules["unknown_as"], places.population)
    rank = np.where(places.membership == "inside", 1, 2)
    rank[people >= rules["first_from"]] = 0
    rank[places.is_named] = -1
    rows = np.flatnonzero(wanted)
    return [int(i) for i in rows[np.lexsort((-people[rows], rank[rows]))]]


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

"""Draw a zone on a slippy map: one HTML file that opens anywhere and fetches nothing.

The map is a :class:`folium.Map`. The page around it is our own: its files are in ``assets``,
:mod:`geobuffer.viz.web.page_data` computes its data, and :mod:`geobuffer.viz.web.page` assembles
it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from geobuffer._version import __version__
from geobuffer.analysis.exposure import TOTALS
from geobuffer.datasets.bundled import manifest, source_of
from geobuffer.datasets.scenario import Scenario
from geobuffer.errors import DataError, did_you_mean, missing_crs
from geobuffer.io.feature_tables import LINES, find_kind
from geobuffer.io.point_tables import read_numbers
from geobuffer.palette import DAY, FILL, NIGHT, ring_colours
from geobuffer.viz.captions import (
    credit_briefly,
    heading_template,
    load_translation,
    write_title,
)
from geobuffer.viz.extent import (
    check_map_arguments,
    measure_sea_km,
    read_places,
    select_regions,
)
from geobuffer.viz.ground import choose_waters
from geobuffer.viz.label_rules import load_label_rules
from geobuffer.viz.offline.inline import OfflinePage
from geobuffer.viz.place_outlines import ShownPlaces, classify_places
from geobuffer.viz.symbols import describe_dots
from geobuffer.viz.web.compact import read_texts
from geobuffer.viz.web.page import make_map_class, make_page_class, write_plain_page
from geobuffer.viz.web.page_data import (
    NO_PLACES,
    describe_countries,
    describe_places,
    describe_shapes,
    describe_slider,
    has_slider,
    list_sides,
)
from geobuffer.viz.web.page_ground import describe_ground
from geobuffer.viz.web.people import describe_people
from geobuffer.viz.web.reports import describe_reports
from geobuffer.viz.web.slider import measure_steps
from geobuffer.zones.arguments import (
    FLAG,
    TEXT,
    TEXT_OR_TEXTS_BY_NAME,
    TEXTS,
    Kind,
    check_arguments,
    is_each,
    optional,
)
from geobuffer.zones.checks import check_zone
from geobuffer.zones.coordinates import load_coordinate_words
from geobuffer.zones.source import Source
from geobuffer.zones.toponyms import NAME_COLUMNS, TOWN_NAMES, load_name_rules
from geobuffer.zones.translation import (
    check_language,
    leave_out_english,
    list_languages,
    name_in_all,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import folium
    import geopandas as gpd

    from geobuffer.viz.web.slider import SliderStep
    from geobuffer.zones.region import Region
    from geobuffer.zones.zone import Zone


# A page of 100,000 places is 12 MB and opens in 3 s on a desktop computer. Phones cannot open
# larger ones.
_MOST_PLACES = 100_000

# The slider has this many steps.
_STEPS = 30

# The page needs colours for this many rings even if the zone has fewer: it may show a ring for each
# fifth step of the slider, and one for the present width.
_LEAST_RINGS = 8


def _is_text_or_texts(value: Any) -> bool:
    return isinstance(value, str) or TEXTS.accepts(value)


_NOTES = Kind(
    lambda value: (
        _is_text_or_texts(value)
        or (isinstance(value, Mapping) and is_each(value.values(), _is_text_or_texts))
    ),
    "a text, a list of texts, or those by language",
)


_SCENARIOS = optional(
    Kind(
        lambda value: (
            isinstance(value, Scenario)
            or (
                isinstance(value, Mapping)
                and bool(value)
                and is_each(value.values(), lambda one: isinstance(one, Scenario))
            )
        ),
        "a Scenario of load_scenario(), or those by language",
    )
)


def map_zone(  # noqa: PLR0913 - all but the zone are keywords
    zone: Zone,
    *,
    settlements: gpd.GeoDataFrame | None = None,
    regions: Iterable[Region] = (),
    title: str | Mapping[str, str] = "",
    notes: Sequence[str] | Mapping[str, Sequence[str]] = (),
    language: str = "",
    basemap: str = "",
    scenario: Scenario | Mapping[str, Scenario] | None = None,
    model: bool = True,
    totals: Mapping[str, float] | None = None,
) -> folium.Map:
    """Draw a zone, its border and the settlements around it on a map that works offline.

    The result is a :class:`folium.Map`: ``.save("map.html")`` writes one file, a notebook shows
    it, and you can add further folium layers; ``folium.Icon`` is drawn as Leaflet's plain pin.
    Added layers may fetch files from the web (:func:`geobuffer.inline` writes those into the
    page). folium runs text as HTML and as a template, so pass it only text that you wrote.

    The page shows the zone at other widths, on either side: up to at least three times its own for
    zones of up to 10 km, up to 30 km for zones of up to 20 km, and up to at least 1.5 times for
    wider ones. Its counts compare the distance of each settlement with the width, as
    :func:`geobuffer.classify` does. If the table states how accurate its points are, the page gives
    the expected number of places, as :func:`geobuffer.exposure` does. Where one distance does not
    decide, such as near flat ends, it gives that number only for the zone as built.

    Parameters
    ----------
    zone
        The zone to draw, from :func:`geobuffer.build_zone`.
    settlements
        A table of places: points in any CRS, or areas that are the outlines of places. This
        function classifies them and ignores a column ``membership``; an outline that lies partly in
        the zone is uncertain. Rows without a point are known by name only. They count with the zone
        if it contains another place of their hromada (by ``hromada_code``, or by its name if there
        is no code), and also if the table does not state their hromada. With
        :func:`geobuffer.load_settlements` the page also lists the places of
        :func:`geobuffer.load_not_located`. Places more than a tenth farther from the border than
        the widest zone of the slider are counted, but not drawn.
    regions
        Regions to draw as context, besides those along the border.
    title
        Heading of the page. By default it states what is shown, where and how wide. A mapping by
        language (``"en"``, ``"uk"``, ``"ru"``, ``"pl"``) gives each language its own.
    notes
        Lines to show beside the map, such as what is shown and who reported it. A mapping by
        language is possible too.
    language
        The language in which the page opens: ``"en"``, ``"uk"``, ``"ru"`` or ``"pl"``. By default
        it is that of the reader's browser, or English if the page does not have it.
    basemap
        The name of a tile provider in xyzservices, such as ``"OpenStreetMap.Mapnik"``, to draw
        under the zone. Its pictures come from the network, with its attribution. Some providers
        send pictures only to pages from a web server, not to pages opened as files.
    scenario
        A scenario. The page compares its reports with our figures, as
        :func:`geobuffer.check_scenario`: places with their distance and a verdict, and numbers of
        people with our number and why the two differ. A mapping by language gives each language its
        own texts.
    model
        Whether to show a modelled range of people beside the lower limit of counted people, as
        :func:`geobuffer.exposure`.
    totals
        For the model: people of hromadas, by their code, as for :func:`geobuffer.exposure`.

    Raises
    ------
    DataError
        The table has no points, no names, or more than 100,000 rows; or the language or the
        basemap is unknown.
    WrongKind
        The zone is not a zone, or another argument has another type.

    Examples
    --------
    >>> from shapely import LineString, box
    >>> from geobuffer.zones.border import Border, Section, Side
    >>> from geobuffer.zones.zone import BufferZone
    >>> from geobuffer.zones.source import Source
    >>> section = Section("West – East", LineString([(30, 50), (30, 51)]), (), 0.0, 111.2)
    >>> sides = (Side("left", box(29, 50, 30, 51)), Side("right", box(30, 50, 31, 51)))
    >>> border = Border((section,), sides, Source("by hand"))
    >>> zone = BufferZone(border, (0, 10), "left", "flat", (box(29.86, 50, 30, 51),), 1.0, 0.5)
    >>> page = map_zone(zone, title="Ten kilometres").get_root().render()
    >>> "<title>Ten kilometres</title>" in page, "https://cdn" in page
    (True, False)
    """
    check_map_arguments(zone, settlements, regions, language)
    check_page_options(title=title, notes=notes, basemap=basemap, scenario=scenario, model=model,
                       totals=totals)  # fmt: skip
    return draw_map(
        zone,
        None if settlements is None else read_places(settlements, stacklevel=2),
        regions=regions,
        title=title,
        notes=notes,
        language=language,
        basemap=basemap,
        scenario=scenario,
        model=model,
        totals=totals,
    )


def check_page_options(**given: Any) -> None:
    """Check the types of a page's options other than zone, places, regions and language.

    Raises
    ------
    WrongKind
        An option has another type.
    """
    kinds = {
        "title": TEXT_OR_TEXTS_BY_NAME, "notes": _NOTES, "basemap": TEXT, "scenario": _SCENARIOS,
        "model": FLAG, "totals": optional(TOTALS),
    }  # fmt: skip
    check_arguments(**{name: (value, kinds[name]) for name, value in given.items()})


def draw_map(
    zone: Zone,
    settlements: gpd.GeoDataFrame | None,
    classified: ShownPlaces | None = None,
    *,
    basemap: str = "",
    **shown: Any,
) -> folium.Map:
    """Draw a map as :func:`map_zone` does; the caller may have classified the settlements.

    ``shown`` are the other arguments of :func:`describe_page`.
    """
    tiles = _find_basemap(basemap) if basemap else None
    facts = describe_page(zone, settlements, classified, has_basemap=bool(tiles), **shown)
    return _make_folium_map(facts, zone, tiles)


def draw_page(
    zone: Zone,
    settlements: gpd.GeoDataFrame | None,
    classified: ShownPlaces | None = None,
    **shown: Any,
) -> OfflinePage:
    """Return the page of :func:`draw_map` as text. Without folium, no layers can be added to it."""
    return OfflinePage(write_plain_page(describe_page(zone, settlements, classified, **shown)))


def _measure_slider(zone: Zone) -> list[SliderStep]:
    """Return the areas at the widths of the slider; none if the page has no slider."""
    return measure_steps(zone, choose_widths(zone)) if has_slider(zone) else []


def describe_page(  # noqa: PLR0913 - all but the zone and its places are keywords
    zone: Zone,
    settlements: gpd.GeoDataFrame | None,
    classified: ShownPlaces | None = None,
    *,
    regions: Iterable[Region] = (),
    title: str | Mapping[str, str] = "",
    notes: Sequence[str] | Mapping[str, Sequence[str]] = (),
    language: str = "",
    has_basemap: bool = False,
    scenario: Scenario | Mapping[str, Scenario] | None = None,
    model: bool = True,
    totals: Mapping[str, float] | None = None,
    widget: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return what the page of a map shows, as :func:`map_zone` draws it.

    With ``widget``, the page is that of a widget. Its ``rows`` hold, for each row of
    ``settlements``, the number of that row in the user's table; the page gets the numbers of the
    rows that it shows.
    """
    check_zone(zone)
    if language:
        check_language(language)
    if settlements is not None:
        _check_settlements(settlements)
    regions = tuple(regions)
    drawn = select_regions(zone, regions)
    with ThreadPoolExecutor(1) as pool:
        # The areas of the slider take as long as the shapes and the ground, on another processor.
        coming = pool.submit(_measure_slider, zone)
        shapes = describe_shapes(zone, drawn)
        ground = describe_ground(zone, drawn)
        steps = coming.result()
    has_waters = bool(ground["rivers"] or ground["lakes"])
    sources = _list_sources(zone, drawn, settlements, has_waters=has_waters)
    bundled = any(row["layer"] == "places" and "as_of" in row for row in sources)
    places = NO_PLACES
    shown = np.array([], dtype=bool)
    if settlements is not None:
        known = classify_places(settlements, zone) if classified is None else classified
        table, found = _number_rows(known.table), known.found
        places, shown = describe_places(table, found, zone, steps, known.spans)
        if model and known.spans is None:
            widths = [step.km for step in steps]
            people = describe_people(table, found, zone, widths, list_sides(zone), totals)
            places["people"] = people and _name_oblasts(people, (*regions, *drawn))
        if scenario is not None:
            scenarios = {to: _pick_language(scenario, to) for to in list_languages()}
            places["reports"] = describe_reports(scenarios, table, found, shown, drawn)
    facts = {
        "language": language or "en",
        "follows_browser": not language,
        "version": __version__,
        **_write_headings(zone, title),
        "notes": leave_out_english(
            {to: _list_notes(_pick_language(notes, to)) for to in list_languages()}
        ),
        "palette": _describe_palette(len(zone.rings)),
        "dots": describe_dots(),
        "countries": describe_countries(drawn),
        **shapes,
        "ground": ground,
        "label_rules": load_label_rules(),
        "slider": describe_slider(steps, shapes["tolerance_m"]["border"], wraps=shapes["wraps"]),
        "places": {**places, "is_bundled": bundled},
        "sources": sources,
        "credit": _credit_briefly(sources),
        "one_place": TOWN_NAMES,
        "coordinate_words": {k: v for k, v in load_coordinate_words().items() if k != "about"},
        "name_rules": {k: v for k, v in load_name_rules().items() if k != "about"},
        "has_basemap": has_basemap,
    }
    if widget is not None:
        facts["widget"] = {**widget, "rows": np.asarray(widget["rows"])[shown].tolist()}
    return facts


def _name_oblasts(people: dict[str, Any], regions: Iterable[Region]) -> dict[str, Any]:
    """Return the range of people with the names, by language, of the oblasts of its data."""
    known = {region.name: region for region in regions}
    names = [
        name_in_all(known[name].label) if name in known else {"en": name}
        for name in people["basis"]["oblasts"]
    ]
    return {**people, "basis": {**people["basis"], "oblasts": names}}


def _describe_palette(rings: int) -> dict[str, Any]:
    """Return the light and dark colours; ring colours for one ring, two rings, and so on."""
    counts = range(1, max(rings + 1, _LEAST_RINGS) + 1)
    return {
        "day": {**DAY, "rings": [ring_colours(n) for n in counts]},
        "night": {**NIGHT, "rings": [ring_colours(n, at_night=True) for n in counts]},
        "fill": FILL,
    }


def _write_headings(zone: Zone, title: str | Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return the user's headings, or else ours: for the zone as built, and for any width."""
    languages = list_languages()
    given = {to: " ".join(_pick_language(title, to).split()) for to in languages}
    words = {to: load_translation(to, zone) for to in languages}
    return {
        "given_titles": given,
        "titles": {to: given[to] or write_title(zone, "", words[to]) for to in languages},
        "along": {to: heading_template(zone, words[to]) for to in languages},
    }


def choose_widths(zone: Zone) -> list[float]:
    """Return the widths at which the slider stops: thirty even steps, and the edges of the zone.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> choose_widths(SimpleNamespace(edges_km=(0, 10.0), width_km=10.0))[:3]
    [1.0, 2.0, 3.0]
    >>> [choose_widths(SimpleNamespace(edges_km=(0, km), width_km=km))[-1] for km in (0.5, 20, 30)]
    [1.5, 30.0, 60.0]
    """
    # The slider reaches beyond the zone, so that a reader sees what lies there. For zones of up to
    # 10 km, it ends at three times the width or more; for zones of up to 20 km, at 30 km; for wider
    # ones, at 1.5 times the width or more. Its steps are round numbers.
    wanted = min(zone.width_km, 10.0) / 10.0 if zone.width_km <= 20.0 else zone.width_km / 20.0
    power = 10.0 ** math.floor(math.log10(wanted) + 1e-9)
    step = next(power * part for part in (1.0, 2.0, 5.0, 10.0) if power * part >= wanted * 0.999)
    even = {round(step * i, 6) for i in range(1, _STEPS + 1)}
    return sorted(even | set(zone.edges_km[1:]))


def _find_basemap(name: str) -> folium.TileLayer:
    import folium
    import xyzservices.providers

    known = xyzservices.providers.flatten()
    try:
        provider = xyzservices.providers.query_name(name)
    except ValueError:
        message = f"Invalid basemap {name!r}. {did_you_mean(name, known)}"
        raise DataError(message) from None
    if provider.requires_token():
        raise DataError(
            f"Invalid basemap {name!r}: its provider requires a key. Add the layer yourself: "
            "folium.TileLayer(url, attr=...).add_to(map)."
        )
    return folium.TileLayer(provider)


def _make_folium_map(
    facts: dict[str, Any], zone: Zone, tiles: folium.TileLayer | None
) -> folium.Map:
    """Return a folium map of the zone inside our page."""
    from folium.elements import MethodCall
    from folium.utilities import JsCode

    # All layers share one canvas: a second canvas would cover the first and receive its clicks. A
    # finger needs 24 px, and the smallest dot is 6 px wide, so clicks beside a dot count too.
    canvas: Any = JsCode("L.canvas({tolerance: 9, padding: 0.3})")
    west, south, east, north = zone.polygon.bounds
    drawn: folium.Map = make_map_class()(
        location=[(south + north) / 2, (west + east) / 2],
        zoom_start=8,
        tiles=None,
        prefer_canvas=True,
        control_scale=True,
        maxZoom=18,
        zoomSnap=0.25,
        renderer=canvas,
    )
    # The page contains what it needs of these libraries, so folium must not link to them.
    drawn.default_js, drawn.default_css = [], []
    drawn._id = "geobuffer"  # noqa: SLF001 - the same zone gives the same page, byte for byte
    drawn.add_child(MethodCall(drawn, "draw_zone"), name="draw_zone")
    if tiles is not None:
        tiles.add_to(drawn)
    make_page_class()(facts, drawn)
    return drawn


def _pick_language(given: Any, language: str) -> Any:
    """Return a text in a language, or else in English, or else in its first language."""
    if not isinstance(given, Mapping):
        return given
    return given.get(language) or given.get("en") or next(iter(given.values()), "")


def _list_notes(notes: Any) -> list[str]:
    return [notes] if isinstance(notes, str) else list(notes)


def _check_settlements(settlements: gpd.GeoDataFrame) -> None:
    """Raise an error if a page cannot show a table of places."""
    if len(settlements) > _MOST_PLACES:
        raise DataError(
            f"Invalid settlements: {len(settlements):,} rows. A page can show at most "
            f"{_MOST_PLACES:,}. Draw a part of them, such as geobuffer.within(settlements, zone)."
        )
    if not any(name in settlements for name in NAME_COLUMNS):
        raise DataError(
            f"Invalid settlements: no column of names among {list(settlements.columns)}. "
            f"The table must have one of {', '.join(NAME_COLUMNS)}."
        )
    if settlements.crs is None:
        raise missing_crs(
            "The table of settlements has",
            'for longitude and latitude use settlements.set_crs("EPSG:4326")',
        )
    twice = settlements.columns[settlements.columns.duplicated()]
    if len(twice):
        raise DataError(
            f"Invalid settlements: more than one column {twice[0]!r}. Rename or drop one of them."
        )
    for name in ("population", "accuracy_m", "radius_m"):
        if name in settlements:
            read_numbers(settlements, name)  # raises an error that names the row
    if find_kind(settlements) == LINES:
        raise DataError(
            "Invalid settlements: lines. Must be points, or areas that are the outlines of places."
        )


def _number_rows(settlements: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the table in degrees, its rows numbered from 0."""
    return settlements.to_crs("EPSG:4326").reset_index(drop=True)


def _list_sources(
    zone: Zone,
    regions: Sequence[Region],
    settlements: gpd.GeoDataFrame | None,
    *,
    has_waters: bool,
) -> list[dict[str, Any]]:
    """Return the sources of each layer, each source once."""
    parts = [region.border_source for region in zone.regions]
    named = [("border", zone.source), *(("border", source) for source in parts if source)]
    named += [("regions", region.source) for region in regions]
    if measure_sea_km(zone):
        named.append(("land", source_of("land")))
    named.append(("countries", source_of("countries")))
    if has_waters:
        named.append(("waters", source_of(choose_waters(zone))))
    rows = [{"layer": layer, **asdict(source)} for layer, source in dict.fromkeys(named)]
    return rows + _list_place_sources(settlements)


def _credit_briefly(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the publishers of some sources, in a few words."""
    return credit_briefly(
        Source(row["title"], row.get("publisher") or "", licence=row.get("licence") or "")
        for row in rows
    )


def _list_place_sources(settlements: gpd.GeoDataFrame | None) -> list[dict[str, Any]]:
    """Return the sources of positions: of bundled data from the manifest, of other data by name."""
    if settlements is None or "source" not in settlements:
        return []
    named = {text for text in read_texts(settlements["source"]) if text}
    rows = []
    for dataset, entry in manifest().items():
        if ours := named & set(entry.get("sources", {}).values()):
            source = asdict(source_of(dataset))
            parts = [source["licence"], entry.get("licence_note")]
            source["licence"] = " ".join(filter(None, parts))
            rows.append({**source, "layer": "places", "key": "; ".join(sorted(ours))})
    known = {text for e in manifest().values() for text in e.get("sources", {}).values()}
    return rows + [{"layer": "places", "key": t, "title": t} for t in sorted(named - known)]

"""Draw a zone on a slippy map: one HTML file that opens anywhere and fetches nothing.

The map is a :class:`folium.Map`; the page around it is our own (``geobuffer/page``), put together
by :mod:`geobuffer.document` from what :mod:`geobuffer.facts` tells of the zone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from geobuffer.errors import DataError, did_you_mean, missing_crs
from geobuffer.io.point_tables import read_numbers
from geobuffer.palette import BORDER, MEMBERSHIP, REGION, RINGS
from geobuffer.viz.captions import heading_template, load_translation, write_title
from geobuffer.viz.extent import select_regions
from geobuffer.viz.web.compact import read_texts
from geobuffer.viz.web.page import make_map_class, make_page_class
from geobuffer.viz.web.page_data import (
    NAMES,
    describe_countries,
    describe_places,
    describe_shapes,
    describe_slider,
    has_slider,
)
from geobuffer.viz.web.slider import draw_outlines
from geobuffer.zones.checks import check_zone
from geobuffer.zones.toponyms import LANGUAGES, TOWN_NAMES
from geobuffer.zones.zone import BufferZone

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import folium
    import geopandas as gpd

    from geobuffer.zones.region import Region
    from geobuffer.zones.zone import Zone


# A page of 100,000 places is 12 MB and opens in 3 s on a desk; of more, phones give up.
_MOST_PLACES = 100_000

# The slider has this many steps.
_STEPS = 30


def map_zone(  # noqa: PLR0913 - what a page may be told, all but the zone by keyword
    zone: Zone,
    *,
    settlements: gpd.GeoDataFrame | None = None,
    regions: Iterable[Region] = (),
    title: str | Mapping[str, str] = "",
    notes: Sequence[str] | Mapping[str, Sequence[str]] = (),
    language: str = "en",
    basemap: str = "",
) -> folium.Map:
    """Draw a zone, its border and the settlements about it on a map that works offline.

    The result is a :class:`folium.Map`: ``.save("map.html")`` writes one file, a notebook shows
    it, and further folium layers can be added to it; ``folium.Icon`` is drawn as Leaflet's plain
    pin. What those fetch is theirs (:func:`geobuffer.inline` writes it into the page), and folium
    runs text that it is given as HTML and as a template: give it none that you did not write.

    The page's slider shows the zone at thirty widths and on either side; its counts are
    comparisons of each settlement's own distance, as :func:`geobuffer.classify` makes them.

    Parameters
    ----------
    zone
        The zone to draw, from :func:`geobuffer.build_zone`.
    settlements
        A table of places (points in any CRS), classified anew. Rows without a point are known by
        name only: they are counted with the zone if it holds others of their ``hromada``, and
        always where the table has no such column. Places
        farther from the border than the slider reaches, and a tenth, are counted, but not drawn.
    regions
        Regions to draw as context, besides those along the border.
    title
        Heading of the page; by default what is shown, where and how wide. A mapping by language
        (``"en"``, ``"uk"``, ``"ru"``) gives each its own.
    notes
        Lines to show beside the map: what is shown, who said so. By language too, if need be.
    language
        The language the page opens in: ``"en"``, ``"uk"`` or ``"ru"``.
    basemap
        A tile provider that xyzservices knows by name, such as ``"OpenStreetMap.Mapnik"``, to draw
        under the zone. Its pictures come from the network, with its attribution; some providers
        answer only pages that are served, not opened as files.

    Raises
    ------
    DataError
        The table has no points, no names, or more than 100,000 rows; the language or the basemap
        is unknown.
    WrongKind
        The zone is none.

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
    check_zone(zone)
    if language not in LANGUAGES:
        raise DataError(f"Invalid language {language!r}. {did_you_mean(language, LANGUAGES)}")
    tiles = _find_basemap(basemap) if basemap else None
    table = None if settlements is None else _check_settlements(settlements)
    drawn = select_regions(zone, regions)
    pictures = (
        draw_outlines(zone, choose_widths(zone))
        if isinstance(zone, BufferZone) and has_slider(zone)
        else []
    )
    sources = _list_sources(zone, drawn, table)
    bundled = any(row["layer"] == "places" and "as_of" in row for row in sources)
    facts = {
        "language": language,
        **_write_headings(zone, title),
        "notes": {to: _list_notes(_pick_language(notes, to)) for to in LANGUAGES},
        "palette": {"border": BORDER, "rings": RINGS, "region": REGION, **MEMBERSHIP},
        "countries": describe_countries(drawn),
        **describe_shapes(zone, drawn),
        "slider": describe_slider(pictures),
        "places": {**describe_places(table, zone, pictures), "is_bundled": bundled},
        "sources": sources,
        "one_place": TOWN_NAMES,
        "has_basemap": bool(tiles),
    }
    return _make_folium_map(facts, zone, tiles)


def _write_headings(zone: Zone, title: str | Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return the user's headings, or else ours: of the zone as it is, and at any width."""
    given = {to: " ".join(_pick_language(title, to).split()) for to in LANGUAGES}
    voices = {to: load_translation(to, zone.sections) for to in LANGUAGES}
    return {
        "given_titles": given,
        "titles": {to: given[to] or write_title(zone, "", said) for to, said in voices.items()},
        "along": {to: heading_template(zone, said) for to, said in voices.items()},
    }


def choose_widths(zone: Zone) -> list[float]:
    """Return the widths that a page's slider stops at: thirty even steps, and the zone's own edges.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> choose_widths(SimpleNamespace(edges_km=(0, 10.0), width_km=10.0))[:3]
    [1.0, 2.0, 3.0]
    >>> choose_widths(SimpleNamespace(edges_km=(0, 0.5), width_km=0.5))[-1]
    1.5
    """
    # Thrice the width to see what comes next; a reader counts in steps of 1, 2 or 5.
    wanted = min(zone.width_km, 10.0) / 10.0 if zone.width_km <= 30.0 else zone.width_km / 20.0
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
            f"Invalid basemap {name!r}: its provider wants a key. Add it yourself: "
            "folium.TileLayer(url, attr=...).add_to(map)."
        )
    return folium.TileLayer(provider)


def _make_folium_map(
    facts: dict[str, Any], zone: Zone, tiles: folium.TileLayer | None
) -> folium.Map:
    """Return folium's map of the zone's surroundings, inside our page."""
    from folium.elements import MethodCall
    from folium.utilities import JsCode

    # One canvas for all, theirs and ours: a second would lie over the first and take its clicks.
    # A finger needs 24 px; the smallest dot is 6 px wide.
    canvas: Any = JsCode("L.canvas({tolerance: 9, padding: 0.3})")
    west, south, east, north = zone.polygon.bounds
    drawn: folium.Map = make_map_class()(
        location=[(south + north) / 2, (west + east) / 2],
        zoom_start=8,
        tiles=None,
        prefer_canvas=True,
        control_scale=True,
        maxZoom=18,
        zoomSnap=0.5,
        renderer=canvas,
    )
    # Not from a CDN: they are in the page already, or not needed.
    drawn.default_js, drawn.default_css = [], []
    drawn._id = "geobuffer"  # noqa: SLF001 - the same zone gives the same page, byte for byte
    drawn.add_child(MethodCall(drawn, "draw_zone"), name="draw_zone")
    if tiles is not None:
        tiles.add_to(drawn)
    make_page_class()(facts, drawn)
    return drawn


def _pick_language(given: Any, language: str) -> Any:
    """Return what is given in a language: English or the first where it lacks that one."""
    if not isinstance(given, Mapping):
        return given
    return given.get(language) or given.get("en") or next(iter(given.values()), "")


def _list_notes(notes: Any) -> list[str]:
    return [notes] if isinstance(notes, str) else list(notes)


def _check_settlements(settlements: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the table in degrees, its rows numbered from 0, or say why it cannot be drawn."""
    if len(settlements) > _MOST_PLACES:
        raise DataError(
            f"Invalid settlements: {len(settlements):,} rows. Must be at most {_MOST_PLACES:,} for "
            "a page that opens; draw a part of them, such as geobuffer.within(settlements, zone)."
        )
    if not any(name in settlements for name in NAMES):
        raise DataError(
            f"Invalid settlements: no column of names among {list(settlements.columns)}. "
            f"Must have one of {', '.join(NAMES)}."
        )
    if settlements.crs is None:
        raise missing_crs(
            "The table of settlements has",
            'for longitude and latitude use settlements.set_crs("EPSG:4326")',
        )
    twice = settlements.columns[settlements.columns.duplicated()]
    if len(twice):
        raise DataError(
            f"Invalid settlements: more than one column {twice[0]!r}. Must have each name once."
        )
    for name in ("population", "accuracy_m", "radius_m"):
        if name in settlements:
            read_numbers(settlements, name)  # says which row is none
    kinds = settlements.geometry.dropna().geom_type
    if not (kinds == "Point").all():
        raise DataError(
            f"Invalid settlements: a {kinds[kinds != 'Point'].iloc[0]} among the geometries. "
            "Must be points; for areas use settlements.representative_point()."
        )
    return settlements.to_crs("EPSG:4326").reset_index(drop=True)


def _list_sources(
    zone: Zone, regions: Sequence[Region], settlements: gpd.GeoDataFrame | None
) -> list[dict[str, Any]]:
    """Return where each layer comes from, each source once."""
    parts = [region.border_source for region in zone.regions]
    named = [("border", zone.source), *(("border", source) for source in parts if source)]
    named += [("regions", region.source) for region in regions]
    rows = [{"layer": layer, **asdict(source)} for layer, source in dict.fromkeys(named)]
    return rows + _list_place_sources(settlements)


def _list_place_sources(settlements: gpd.GeoDataFrame | None) -> list[dict[str, Any]]:
    """Return where positions come from: bundled sources in the manifest's words, others by name."""
    if settlements is None or "source" not in settlements:
        return []
    from geobuffer.datasets.bundled import manifest, source_of

    named = {text for text in read_texts(settlements["source"]) if text}
    rows = []
    for dataset, entry in manifest().items():
        if ours := named & set(entry.get("sources", {}).values()):
            told = asdict(source_of(dataset))
            told["licence"] = " ".join(filter(None, [told["licence"], entry.get("licence_note")]))
            rows.append({**told, "layer": "places", "key": "; ".join(sorted(ours))})
    known = {text for e in manifest().values() for text in e.get("sources", {}).values()}
    return rows + [{"layer": "places", "key": t, "title": t} for t in sorted(named - known)]

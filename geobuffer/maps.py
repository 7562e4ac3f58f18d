"""Draw a zone on a slippy map: one HTML file that opens anywhere and fetches nothing.

The map is a :class:`folium.Map`; the page around it is our own (``geobuffer/page``), and Leaflet
is written into it. folium and branca run the text they are given as a template, so no text of a
user's ever reaches them: it travels as inert JSON, and the page writes it with ``textContent``.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import html
import importlib.resources
import itertools
import json
import math
import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from geobuffer.errors import DataError, MissingCRSError, did_you_mean
from geobuffer.model import BOTH
from geobuffer.names import LANGUAGES
from geobuffer.palette import BORDER, MEMBERSHIP, REGION, ZONE, ring_colours

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from importlib.resources.abc import Traversable

    import folium
    import geopandas as gpd
    from shapely.geometry.base import BaseGeometry

    from geobuffer.combined import Zone
    from geobuffer.model import Region, Section

# A page of 100,000 places is 12 MB and opens in 3 s on a desk; of more, phones give up.
_MOST_PLACES = 100_000

# Places farther from the border than this, and than thrice the zone's width, are counted but not
# drawn: on the default map they are a third of the table, and would bring the page over 1 MB.
_REACH_KM = 50.0

# How far a drawn line may stray, in metres. At zoom 13, the closest at which a whole town fits a
# screen, a pixel is 12 m at latitude 51; outlines of oblasts are themselves 32 m off on average.
_TOLERANCE_M = {"border": 10.0, "zone": 15.0, "regions": 50.0}

# The longest a degree of latitude gets (at the poles). Lines are simplified in degrees scaled by
# the most they can measure, so that what is stated in metres is a bound and not an average.
_DEGREE_M = 111_694.0

# Coordinates are written as whole numbers of this many degrees: 1.1 m.
_GRID = 1e-5

_SCRIPTS = (
    "data.js", "fold.js", "say.js", "draw.js", "labels.js", "popup.js", "search.js", "panel.js",
    "table.js", "guests.js", "start.js",
)  # fmt: skip
_NAMES = ("name_en", "name_uk", "name_ru", "name")
# Columns with few different values, each written once.
_CODED = (
    "transliterated", "kind", "country", "oblast", "raion", "raion_en", "hromada", "code_system",
    "population_as_of", "source", "side", "section", "ring", "membership", "conflict",
)  # fmt: skip
# Numbers and their decimals: no finer than a position is known.
_NUMBERS = {"population": 0, "distance_km": 2, "chainage_km": 1}
_CODED_NUMBERS = {"accuracy_m": 0, "radius_m": 0, "margin_km": 2}


def map_zone(
    zone: Zone,
    *,
    settlements: gpd.GeoDataFrame | None = None,
    regions: Iterable[Region] = (),
    title: str = "",
    notes: Sequence[str] = (),
    language: str = "en",
) -> folium.Map:
    """Draw a zone, its border and the settlements about it on a map that works offline.

    The result is a :class:`folium.Map`: ``.save("map.html")`` writes one file, a notebook shows
    it, and further folium layers can be added to it. What those fetch is theirs, and folium runs
    text that it is given as HTML and as a template: give it none that you did not write.

    Parameters
    ----------
    zone
        The zone to draw, from :func:`geobuffer.build_zone`.
    settlements
        A table of places (points in any CRS). Columns of :func:`geobuffer.classify` are used if
        they are there, and worked out if not. Places more than 50 km from the border (or three
        times the zone's width, if that is more) are counted, but not drawn.
    regions
        Regions to draw as context, by default those along the border.
    title
        Heading of the page; by default what is shown, where and how wide.
    notes
        Lines to show under the heading.
    language
        The language the page opens in: ``"en"``, ``"uk"`` or ``"ru"``.

    Raises
    ------
    DataError
        The table has no points, no names, or more than 100,000 rows; or the language is unknown.

    Examples
    --------
    >>> from shapely import LineString, box
    >>> from geobuffer.model import Border, BufferZone, Section, Side, Source
    >>> section = Section("West – East", LineString([(30, 50), (30, 51)]), (), 0.0, 111.2)
    >>> sides = (Side("left", box(29, 50, 30, 51)), Side("right", box(30, 50, 31, 51)))
    >>> border = Border((section,), sides, Source("by hand"))
    >>> zone = BufferZone(border, (0, 10), "left", "flat", (box(29.86, 50, 30, 51),), 1.0, 0.5)
    >>> page = map_zone(zone, title="Ten kilometres").get_root().render()
    >>> "<title>Ten kilometres</title>" in page, "https://cdn" in page
    (True, False)
    """
    if language not in LANGUAGES:
        raise DataError(f"Invalid language {language!r}. {did_you_mean(language, LANGUAGES)}")
    drawn = tuple(regions) or zone.regions
    # What is stated holds for zones of 10 km; narrower ones are looked at from nearer.
    share = min(1.0, zone.width_km / 10.0)
    tolerance_m = {layer: metres * share for layer, metres in _TOLERANCE_M.items()}
    facts = {
        "language": language,
        "titles": {tongue: _title(zone, title, tongue) for tongue in LANGUAGES},
        "notes": list(notes),
        "palette": {"border": BORDER, "zone": ZONE, "region": REGION, **MEMBERSHIP},
        "tolerance_m": tolerance_m,
        "zone": _zone(zone, tolerance_m["zone"]),
        "border": _border(zone, tolerance_m["border"]),
        "regions": [_region(region, tolerance_m["regions"]) for region in drawn],
        "countries": _countries(drawn),
        "places": _places(settlements, zone),
        "sources": _sources(zone, drawn, settlements),
    }
    return _folium_map(facts, zone)


def _folium_map(facts: dict[str, Any], zone: Zone) -> folium.Map:
    """Return folium's map of the zone's surroundings, inside our page."""
    import folium
    from folium.elements import MethodCall
    from folium.utilities import JsCode

    # One canvas for all, theirs and ours: a second would lie over the first and take its clicks.
    # A finger needs 24 px; the smallest dot is 6 px wide.
    canvas: Any = JsCode("L.canvas({tolerance: 9, padding: 0.3})")
    west, south, east, north = zone.polygon.bounds
    drawn = folium.Map(
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
    _page_class()(facts, drawn)
    return drawn


@functools.cache
def _page_class() -> Any:
    """Return the page: a branca figure that writes itself without a template."""
    from branca.element import Figure

    class Page(Figure):
        def __init__(self, facts: dict[str, Any], drawn: folium.Map) -> None:
            super().__init__(height="640px")
            self.facts = facts
            self.title = facts["titles"][facts["language"]]
            self.add_child(drawn)

        def render(self, **kwargs: object) -> str:
            for child in self._children.values():
                child.render(**kwargs)
            drawn = self.to_dict(depth=2)["children"]["map_geobuffer"]["children"]
            return _document(
                self.facts,
                header=self.header.render(**kwargs),
                body=self.html.render(**kwargs),
                script=self.script.render(**kwargs),
                extended=len(drawn) > 1,
            )

    return Page


def _document(
    facts: Mapping[str, Any], *, header: str, body: str, script: str, extended: bool
) -> str:
    """Return the whole page as text.

    ``header``, ``body`` and ``script`` are folium's; ``extended`` says whether they hold layers
    that are not ours.
    """
    # folium forbids zooming on a phone; a reader with weak eyes needs it.
    header = re.sub(r'<meta\s+name="viewport".*?/>', "", header, flags=re.DOTALL)
    head = [
        f"<title>{html.escape(_sound(facts['titles'][facts['language']]))}</title>",
        '<meta name="viewport" content="width=device-width, initial-scale=1" />',
        '<link rel="icon" href="data:," />',
        _style(_leaflet_css()),
        _script(_leaflet_js()),
        header,
        _style(_asset("page.css")),
    ]
    room = _asset("page.html").replace("<!-- map -->", body)
    data = {**facts, "pins": _pins() if extended else {}}
    tail = [
        _inert("geobuffer-words", json.loads(_asset("words.json"))),
        _inert("geobuffer-data", data),
        *(_script(_asset(name)) for name in _SCRIPTS),
        _script(script),
    ]
    policy = _policy("\n".join([*head, room, *tail]), extended=extended)
    return "\n".join(
        [
            "<!DOCTYPE html>",
            f'<html lang="{facts["language"]}">',
            '<head><meta charset="utf-8" />',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}" />',
            *head,
            "</head><body>",
            room,
            *tail,
            "</body></html>\n",
        ]
    )


def _policy(page: str, *, extended: bool) -> str:
    """Return the content security policy that lets a page do what it does and nothing else.

    Inline scripts and styles are let in by the hash of their text; those that a layer of the
    user's links to, by their address. Only such layers may fetch pictures and data.

    >>> _policy("<style>p {}</style><script>1;</script>", extended=False)
    "default-src 'none'; base-uri 'none'; form-action 'none'; script-src 'sha256-...';
    style-src 'sha256-...'; img-src data:"
    """
    scripts, styles = _hashes(page, "script"), _hashes(page, "style")
    scripts += re.findall(r'<script[^>]* src="(https?://[^"; ]+)"', page)
    styles += re.findall(r'<link rel="stylesheet" href="(https?://[^"; ]+)"', page)
    rules = [
        "default-src 'none'; base-uri 'none'; form-action 'none'",
        f"script-src {' '.join(scripts)}",
        f"style-src {' '.join(styles)}",
        "img-src data: blob: https: http:" if extended else "img-src data:",
    ]
    if extended:
        rules += [
            "style-src-attr 'unsafe-inline'",
            "connect-src https: http: data:",
            "font-src https: data:",
            "frame-src https: data:",
        ]
    return "; ".join(rules)


def _hashes(page: str, tag: str) -> list[str]:
    """Return the sources by hash of a page's inline elements of a kind, each once."""
    texts = re.findall(rf"<{tag}>(.*?)</{tag}>", page, flags=re.DOTALL)
    digests = (hashlib.sha256(text.encode()).digest() for text in dict.fromkeys(texts))
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]


def _script(text: str) -> str:
    return f"<script>{text}</script>"


def _style(text: str) -> str:
    return f"<style>{text}</style>"


def _inert(name: str, facts: object) -> str:
    r"""Return facts as a block of JSON that no browser runs and no text can break out of.

    >>> _inert("x", "</script>")
    '<script type="application/json" id="x">"\\u003c/script\\u003e"</script>'
    """
    text = json.dumps(facts, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return f'<script type="application/json" id="{name}">{_sound(text)}</script>'


def _sound(text: str) -> str:
    """Return text that can be written as UTF-8: half a surrogate pair becomes its escape."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


@functools.cache
def _asset(name: str) -> str:
    """Return a file of ``geobuffer/page``; browsers hash a line end as one character."""
    text = (importlib.resources.files("geobuffer") / "page" / name).read_text("utf-8")
    return text.replace("\r\n", "\n")


def _leaflet(name: str) -> Traversable:
    return importlib.resources.files("xstatic.pkg.leaflet") / "data" / name


@functools.cache
def _leaflet_js() -> str:
    """Return Leaflet, without the pointer to a source map that is not there."""
    text = _leaflet("leaflet.js").read_text("utf-8").replace("\r\n", "\n")
    return re.sub(r"//# sourceMappingURL=\S*\s*$", "", text)


@functools.cache
def _leaflet_css() -> str:
    """Return Leaflet's style sheet with its pictures written into it."""
    text = _leaflet("leaflet.css").read_text("utf-8").replace("\r\n", "\n")
    return re.sub(r"url\(images/([\w.-]+)\)", lambda found: f"url({_picture(found[1])})", text)


def _picture(name: str) -> str:
    encoded = base64.b64encode(_leaflet(f"images/{name}").read_bytes()).decode()
    return f"data:image/png;base64,{encoded}"


def _pins() -> dict[str, str]:
    """Return the pictures of Leaflet's default pin, which a user's markers need."""
    return {
        "iconUrl": _picture("marker-icon.png"),
        "iconRetinaUrl": _picture("marker-icon-2x.png"),
        "shadowUrl": _picture("marker-shadow.png"),
    }


def _title(zone: Zone, title: str, language: str) -> str:
    """Return the heading: the user's, or what is shown, how wide, where and on which side."""
    if title.strip():
        return " ".join(title.split())
    words: dict[str, str] = json.loads(_asset("words.json"))[language]
    widths = " / ".join(f"{edge:g}" for edge in zone.edges_km[1:])
    if zone.edges_km[0]:
        widths = f"{zone.edges_km[0]:g}–{widths}"
    if not zone.has_plain_edges:
        return f"{zone.ring_names[0]} · {', '.join(s.label(language) for s in zone.sections)}"
    heading = _along(zone, language, words).replace("{km}", widths)
    if zone.side == BOTH:
        return heading + words["title_both"]
    side = next(side.label(language) for side in zone.sides if side.name == zone.side)
    return heading + words["title_side"].replace("{side}", words.get(f"side_{side}", side))


def _along(border: Zone, language: str, words: Mapping[str, str]) -> str:
    """Return words for along what: the border between two sides, or of one region or line."""
    if all(side.regions for side in border.sides):
        names = [side.label(language) for side in border.sides]
        return words["title"].replace("{border}", " – ".join(names))
    named = [item.label(language) for item in border.regions or border.sections]
    return words["title_of"].replace("{border}", ", ".join(named))


def _zone(zone: Zone, tolerance_m: float) -> dict[str, Any]:
    west, south, east, north = zone.polygon.bounds
    return {
        "edges_km": list(zone.edges_km),
        "side": zone.side,
        "sides": [
            {"name": side.name, "names": {to: side.label(to) for to in LANGUAGES}}
            for side in zone.sides
        ],
        "ends": zone.ends,
        "error_m": zone.error_m,
        "tolerance_m": zone.tolerance_m,
        "bounds": [[south, west], [north, east]],
        "rings": _rings(zone, tolerance_m),
    }


def _rings(zone: Zone, tolerance_m: float) -> list[dict[str, Any]]:
    colours = ring_colours(len(zone.rings))
    return [
        {
            "name": name,
            # None where they differ from place to place: then the name tells them.
            "edges_km": list(zone.edges_km[i : i + 2]) if zone.has_plain_edges else None,
            "area_km2": zone.ring_areas_km2[i],
            "colour": colours[i],
            "shape": _shape(zone.rings[i], tolerance_m),
        }
        for i, name in enumerate(zone.ring_names)
    ]


def _border(zone: Zone, tolerance_m: float) -> dict[str, Any]:
    return {
        "length_km": sum(section.length_km for section in zone.sections),
        "sections": [_section(section, tolerance_m) for section in zone.sections],
    }


def _section(section: Section, tolerance_m: float) -> dict[str, Any]:
    return {
        "name": section.name,
        "names": {to: section.label(to) for to in LANGUAGES},
        "start_km": section.start_km,
        "length_km": section.length_km,
        "lines": [_deltas(line) for line in _simple(_drawable(section.line), tolerance_m)],
    }


def _drawable(line: BaseGeometry) -> BaseGeometry:
    """Return a border's points as lines of a metre, which a pen draws as dots."""
    if line.geom_type not in {"Point", "MultiPoint"}:
        return line
    points = shapely.get_coordinates(line)
    ends = np.add(points, [_GRID, 0.0])
    return shapely.MultiLineString(list(np.stack([points, ends], axis=1)))


def _region(region: Region, tolerance_m: float) -> dict[str, Any]:
    parts = _simple(region.geometry, tolerance_m)
    # The middle of the widest circle that fits: where a name has most room. To 1 km.
    at = shapely.maximum_inscribed_circle(max(parts, key=shapely.area), tolerance=0.01)
    lon, lat = at.coords[0]
    return {
        "name": region.name,
        "names": {to: region.label(to) for to in LANGUAGES},
        "label": [round(lat, 3), round(lon, 3)],
        "shape": _shape(region.geometry, tolerance_m),
    }


def _countries(regions: Sequence[Region]) -> list[dict[str, Any]]:
    """Return the names of the regions' countries, by their codes."""
    named = {region.country: region.country_names for region in regions if region.country}
    return [
        {"name": code, "names": {to: names.get(to, code) for to in LANGUAGES}}
        for code, names in named.items()
    ]


def _shape(shape: BaseGeometry, tolerance_m: float) -> list[list[list[int]]]:
    """Return polygons, each a list of rings, outer first, each a list of deltas."""
    polygons = _simple(shape, tolerance_m)
    rings = ((polygon.exterior, *polygon.interiors) for polygon in polygons)
    return [[_deltas(ring) for ring in these] for these in rings]


def _simple(shape: BaseGeometry, tolerance_m: float) -> list[Any]:
    """Return the parts of a shape, simplified to within a tolerance in metres.

    >>> bend = shapely.LineString([(30, 50), (30.5, 50.0001), (31, 50)])  # 11 m off straight
    >>> [len(_simple(bend, metres)[0].coords) for metres in (10, 12)]
    [3, 2]
    """
    _, south, _, north = shape.bounds
    nearest_equator = 0.0 if south < 0.0 < north else min(abs(south), abs(north))
    scale = np.array([math.cos(math.radians(nearest_equator)), 1.0])
    scaled = shapely.transform(shape, lambda lonlat: lonlat * scale)
    simple = shapely.simplify(scaled, tolerance_m / _DEGREE_M, preserve_topology=True)
    back = shapely.transform(simple, lambda xy: xy / scale)
    return [part for part in shapely.get_parts(back) if part.length]


def _deltas(line: BaseGeometry) -> list[int]:
    """Return a line as whole steps of 0.00001°, longitude first, each from the one before.

    >>> _deltas(shapely.LineString([(30, 50), (30.00002, 49.99999)]))
    [3000000, 5000000, 2, -1]
    """
    grid = np.round(shapely.get_coordinates(line) / _GRID).astype(np.int64)
    steps = np.diff(grid, axis=0)
    steps = steps[(steps != 0).any(axis=1)]
    return [int(step) for step in np.concatenate([grid[:1], steps]).ravel()]


def _places(settlements: gpd.GeoDataFrame | None, zone: Zone) -> dict[str, Any]:
    """Return the table column by column, in the shape that weighs least."""
    if settlements is None:
        return {"given": False, "count": 0, "far": 0, "columns": {}}
    table = _classified(_checked(settlements), zone)
    reach_km = max(_REACH_KM, 3.0 * zone.width_km)
    far = table["distance_km"] > reach_km
    columns = _columns(table[~far])
    return {
        "given": True,
        "count": int((~far).sum()),
        "far": int(far.sum()),
        "reach_km": reach_km,
        "columns": columns,
    }


def _columns(table: gpd.GeoDataFrame) -> dict[str, Any]:
    points = table.geometry
    columns: dict[str, Any] = {"lon": _numbers(points.x), "lat": _numbers(points.y)}
    columns |= {name: _texts(table[name]) for name in (*_NAMES, "code") if name in table}
    columns |= {name: _coded(_texts(table[name])) for name in _CODED if name in table}
    columns |= {
        name: _numbers(_floats(table[name]), digits)
        for name, digits in _NUMBERS.items()
        if name in table
    }
    columns |= {
        name: _coded(_numbers(_floats(table[name]), digits))
        for name, digits in _CODED_NUMBERS.items()
        if name in table
    }
    return columns


def _checked(settlements: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the table in degrees, its rows numbered from 0, or say why it cannot be drawn."""
    if len(settlements) > _MOST_PLACES:
        raise DataError(
            f"Invalid settlements: {len(settlements):,} rows. Must be at most {_MOST_PLACES:,} for "
            "a page that opens; draw a part of them, such as geobuffer.within(settlements, zone)."
        )
    if not any(name in settlements for name in _NAMES):
        raise DataError(
            f"Invalid settlements: no column of names among {list(settlements.columns)}. "
            f"Must have one of {', '.join(_NAMES)}."
        )
    if settlements.crs is None:
        raise MissingCRSError(
            "Invalid settlements: no coordinate reference system. Must have one; for longitude "
            'and latitude use settlements.set_crs("EPSG:4326").'
        )
    kinds = settlements.geometry.dropna().geom_type
    if not (kinds == "Point").all():
        raise DataError(
            f"Invalid settlements: a {kinds[kinds != 'Point'].iloc[0]} among the geometries. "
            "Must be points; for areas use settlements.representative_point()."
        )
    return settlements.to_crs("EPSG:4326").reset_index(drop=True)


def _classified(table: gpd.GeoDataFrame, zone: Zone) -> gpd.GeoDataFrame:
    """Return the table with the columns of ``classify``, worked out if they are not there."""
    if {"distance_km", "membership"} <= set(table.columns):
        return table
    from geobuffer.queries import classify

    answers = classify(table, zone)
    return table.assign(**{name: answers[name] for name in answers.columns})


def _texts(column: pd.Series[Any]) -> list[str]:
    """Return a column as text, empty where nothing is known."""
    known = column.notna()
    return [str(value) if is_known else "" for value, is_known in zip(column, known, strict=True)]


def _coded(column: Sequence[Any]) -> dict[str, Any]:
    """Return a column as its different values and which of them each row has.

    ``runs`` are codes and how many rows in succession have them; a table sorted by country has
    few. Otherwise ``codes`` has one for each row.

    >>> _coded(["Sumy", "", "Sumy"])
    {'values': ['Sumy', ''], 'codes': [0, 1, 0]}
    >>> _coded(["Sumy"] * 500)
    {'values': ['Sumy'], 'runs': [0, 500]}
    """
    codes: dict[Any, int] = {}
    rows = [codes.setdefault(value, len(codes)) for value in column]
    runs = [(code, len(list(same))) for code, same in itertools.groupby(rows)]
    if 2 * len(runs) < len(rows):
        return {"values": list(codes), "runs": [part for run in runs for part in run]}
    return {"values": list(codes), "codes": rows}


def _floats(column: pd.Series[Any]) -> Any:
    return pd.to_numeric(column).to_numpy(np.float64, na_value=np.nan)


def _numbers(values: Any, digits: int = 4) -> list[float | int | None]:
    """Return numbers for JSON: rounded, whole where they are whole, ``None`` where unknown."""
    rounded = np.round(np.asarray(values, dtype=np.float64), digits).tolist()
    return [
        None if not math.isfinite(one) else int(one) if one.is_integer() else one for one in rounded
    ]


def _sources(
    zone: Zone, regions: Sequence[Region], settlements: gpd.GeoDataFrame | None
) -> list[dict[str, Any]]:
    """Return where each layer comes from, each source once."""
    parts = [region.border_source for region in zone.regions]
    named = [("border", zone.source), *(("border", source) for source in parts if source)]
    named += [("regions", region.source) for region in regions]
    rows = [{"layer": layer, **asdict(source)} for layer, source in dict.fromkeys(named)]
    return rows + _place_sources(settlements)


def _place_sources(settlements: gpd.GeoDataFrame | None) -> list[dict[str, Any]]:
    """Return where positions come from: bundled sources in the manifest's words, others by name."""
    if settlements is None or "source" not in settlements:
        return []
    from geobuffer.datasets import manifest, source_of

    named = {text for text in _texts(settlements["source"]) if text}
    rows = []
    for dataset, entry in manifest().items():
        if ours := named & set(entry.get("sources", {}).values()):
            told = asdict(source_of(dataset))
            told["licence"] = " ".join(filter(None, [told["licence"], entry.get("licence_note")]))
            rows.append({**told, "layer": "places", "key": "; ".join(sorted(ours))})
    known = {text for e in manifest().values() for text in e.get("sources", {}).values()}
    return rows + [{"layer": "places", "key": t, "title": t} for t in sorted(named - known)]

"""Write the texts of a map, in any language: its title, legend, sources and projection.

The words come from :mod:`geobuffer.zones.translation`.
"""

from __future__ import annotations

import itertools
import math
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import shapely

from geobuffer.geodesy.antimeridian import normalize_longitudes
from geobuffer.viz.extent import measure_sea_km
from geobuffer.viz.figure.labels import clean_text
from geobuffer.zones.border import AROUND, BOTH, SIDE_NAMES
from geobuffer.zones.translation import list_languages, read_translation
from geobuffer.zones.zone import BufferZone

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from geobuffer.analysis.expectation import Expected
    from geobuffer.viz.figure.projection import Projection
    from geobuffer.zones.border import Border, Section, Side
    from geobuffer.zones.region import Region
    from geobuffer.zones.source import Source
    from geobuffer.zones.translation import Translation
    from geobuffer.zones.zone import Zone


# How many sources of places a map names; a table may have a thousand.
_MOST_SOURCES = 6

# How many points or areas a line names, and how many regions on either side a heading names.
_MOST_NAMES, _MOST_REGIONS = 4, 2


def has_only_points(sections: Iterable[Section]) -> bool:
    """Return whether distances are measured from points, which have no sides and no length."""
    return all(shapely.get_dimensions(section.line) == 0 for section in sections)


def find_kind(zone: Zone) -> str:
    """Return which of :data:`~geobuffer.zones.translation.KINDS` a zone is, to choose its words.

    Only regions with a code or a country have borders. Parks and camps have outlines.

    Examples
    --------
    >>> import geobuffer as gb
    >>> camp = gb.Region("Camp", shapely.box(30, 50, 30.1, 50.1), gb.Source("a sketch"))
    >>> zone = gb.build_zone(gb.border_around(camp), km=1, side="around")
    >>> find_kind(zone)
    'area'
    """
    return _find_kind(zone, [part.border for part in zone.zones], zone.side)


def find_border_kind(border: Border, side: str) -> str:
    """Return the kind of the zones along a border, on a given side."""
    return _find_kind(border, [border], side)


def _find_kind(whole: Zone | Border, borders: Sequence[Border], side: str) -> str:
    """Return the kind of a border, or of a zone along several borders."""
    if has_only_points(whole.sections):
        return "point"
    if all(border.is_bare or _is_empty(border.sides[0]) for border in borders):
        return "river" if _is_river(whole) else "line"
    if side == AROUND:
        return "area"
    has_codes = any(region.iso or region.country for region in whole.regions)
    return "border" if has_codes or not all(b.can_fill for b in borders) else "outline"


def _is_empty(side: Side) -> bool:
    """Return whether a side has no area, as the inside of a line."""
    return side.area is not None and side.area.is_empty


def _list_river_words(words: Translation) -> set[str]:
    return {word.strip() for word in words.text("river_words").split(",")}


def _is_river(whole: Zone | Border) -> bool:
    """Return whether the names of all lines, or their source, contain the word for a river."""
    words = set().union(*(_list_river_words(read_translation(to)) for to in list_languages()))
    names = [section.name for section in whole.sections]
    titles = [whole.source.title]
    return any(
        all(words & set(re.findall(r"[^\W\d_]+", text.casefold())) for text in texts)
        for texts in (names, titles)
    )


def label_side(side: Side, words: Translation) -> str:
    """Return the name of a side in a language: that of its territory, or left or right."""
    if side.name in SIDE_NAMES:
        return words.text(f"name_{side.name}")
    return side.label(words.language)


def load_translation(language: str, zone: Zone | None = None) -> Translation:
    """Return the words of a language for the kind of a zone, such as one along a river.

    Raises
    ------
    DataError
        There are no texts in the language.

    Examples
    --------
    >>> load_translation("uk").text("distance")
    'Відстань до кордону'
    """
    words = read_translation(language)
    return words if zone is None else words.of_kind(find_kind(zone))


def write_title(zone: Zone, title: str, words: Translation) -> str:
    """Return the user's heading; without one, a heading with width, place and side of the zone.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> border = gb.border_between(regions["Kursk"], regions["Sumy"])
    >>> zone = gb.build_zone(border, km=10, side="Ukraine", tolerance_m=50)
    >>> write_title(zone, "", load_translation("en"))
    '10 km zone along the border Kursk Oblast – Sumy Oblast, side: Ukraine'
    """
    if own := clean_text(title):
        return own
    if not zone.has_plain_edges:
        sections = ", ".join(section.label(words.language) for section in zone.sections)
        return clean_text(f"{name_rings(zone, words)[0]} · {sections}")
    heading = heading_template(zone, words).replace("{km}", _format_widths(zone, words))
    return heading + _write_side(zone, words)


def write_subtitle(zone: Zone, words: Translation, *, titled: bool) -> str:
    """Return the line under the heading: facts, with width and side if the heading lacks them."""
    length_km = sum(section.length_km for section in zone.sections)
    parts = [
        words.text("measured_from", names=_join_names(zone.sections, words)).replace("….", "…")
        if has_only_points(zone.sections)
        else words.text(
            "length_parts" if len(zone.sections) > 1 else "length",
            length=_format_measure(length_km, words),
            n=len(zone.sections),
        )
    ]
    if sea_km := measure_sea_km(zone):
        parts.append(words.text("sea_km", km=_format_measure(sea_km, words)))
    parts.append(words.text("zone_area", area=_format_measure(zone.area_km2, words)))
    if titled and zone.has_plain_edges:
        key = "within_around" if zone.side == AROUND else "within"
        on = _write_side(zone, words)
        parts.insert(0, words.text(key, km=_format_widths(zone, words), on=on))
    return " ".join(parts)


def write_dates(
    zone: Zone, regions: Iterable[Region], dates_of_people: Iterable[str], words: Translation
) -> str:
    """Return a line with the dates of the border, the regions and the figures of people.

    Parts without a date are left out. If nothing has a date, the line is empty.

    Parameters
    ----------
    zone
        The zone, whose source states the date of its border.
    regions
        The regions that are shown.
    dates_of_people
        The date of each counted figure; empty for a figure without a date.
    words
        The words.

    Examples
    --------
    >>> import geobuffer as gb
    >>> river = gb.border_along(shapely.LineString([(30, 50), (30, 51)]),
    ...                         source=gb.Source("a map", as_of="2024-05"))
    >>> zone = gb.build_zone(river, km=1, tolerance_m=50)
    >>> write_dates(zone, (), ["2001", "2022-02", ""], load_translation("en", zone))
    'As of: line 2024-05, people 2001–2022 or undated.'
    """
    dated = {
        "it": zone.source.as_of,
        "as_of_regions": "; ".join(sorted({r.source.as_of for r in regions if r.source.as_of})),
        "as_of_people": _join_dates(dates_of_people, words),
    }
    shown = [f"{words.text(key)} {clean_text(date)}" for key, date in dated.items() if date]
    return words.text("as_of_line", list=", ".join(shown)) if shown else ""


def _join_dates(dates: Iterable[str], words: Translation) -> str:
    """Return the first and last year of dates, and the word for "undated" if some have no date."""
    known = sorted(set(dates))
    years = list(dict.fromkeys(date[:4] for date in known if date))
    if not years:
        return ""
    span = years[0] if len(years) == 1 else f"{years[0]}–{years[-1]}"
    return span if known[0] else words.text("or_undated", date=span)


def write_curve_title(zone: Zone, words: Translation) -> str:
    """Return the heading of the curve by distance: it names the border and the side.

    Examples
    --------
    >>> import geobuffer as gb
    >>> regions = gb.load_regions()
    >>> border = gb.border_between(regions["Kursk"], regions["Sumy"])
    >>> zone = gb.build_zone(border, km=10, side="Ukraine", tolerance_m=50)
    >>> write_curve_title(zone, load_translation("en"))
    'People within each distance: Kursk Oblast – Sumy Oblast, side: Ukraine'
    """
    _, border = _choose_heading(zone, words)
    side = "" if zone.side == BOTH else _write_side(zone, words)
    return words.text("curve_title", border=border) + side


def describe_expected(guess: Expected, sure: int, words: Translation) -> str:
    """Return the expected number of places in a zone with its range, and how many are sure.

    Examples
    --------
    >>> from geobuffer.analysis.expectation import Expected
    >>> describe_expected(Expected(449.6, 438, 461), 335, load_translation("en"))
    '450 places expected (438–461), 335 of them surely'
    """
    _, low, high = (words.format_number(round(value)) for value in guess)
    return words.text(
        "expected",
        n=round(guess.expected),
        range=f" ({low}–{high})" if guess.low < guess.high else "",
        sure=words.format_number(sure),
    )


def name_rings(zone: Zone, words: Translation) -> list[str]:
    """Return the name of each ring, the innermost first: its edges, or the width on each side.

    Examples
    --------
    >>> import geobuffer as gb
    >>> line = gb.border_along(shapely.LineString([(30, 50), (30, 51)]), source=gb.Source("a map"))
    >>> zone = gb.build_zone(line, km={"left": 0.5, "right": 2}, tolerance_m=50)
    >>> name_rings(zone, load_translation("uk", zone))
    ['ліворуч 0,5 км, праворуч 2 км']
    """
    unit = words.text("unit_km")
    edges = [words.format_km(edge) for edge in zone.edges_km]
    if isinstance(zone, BufferZone) and zone.side_km:
        begin = words.text("ring_from", km=edges[0]) if zone.edges_km[0] else ""
        widths = zip(zone.sides, map(words.format_km, zone.side_km), strict=True)
        sides = [f"{label_side(side, words)} {km} {unit}" for side, km in widths]
        return [clean_text(", ".join(sides) + begin)]
    if not zone.has_plain_edges:
        return list(zone.ring_names)
    pairs = itertools.pairwise(edges)
    return [words.text("ring_span", **{"from": inner, "to": outer}) for inner, outer in pairs]


def describe_rings(zone: Zone, words: Translation) -> list[str]:
    """Return the text of each ring in the legend, the innermost first."""
    if not zone.has_plain_edges:
        area = _format_measure(zone.area_km2, words)
        return [words.text("ring_named", name=name_rings(zone, words)[0], area=area)]
    pairs = zip(zone.edges_km[:-1], zone.edges_km[1:], zone.ring_areas_km2, strict=True)
    return [
        words.text(
            "ring",
            **{"from": words.format_km(inner), "to": words.format_km(outer)},
            area=_format_measure(area, words),
        )
        for inner, outer, area in pairs
    ]


def describe_sources(
    zone: Zone,
    regions: Iterable[Region],
    places: Iterable[Source] | None,
    words: Translation,
    *,
    land: Source | None = None,
    ground: Mapping[str, Source] = MappingProxyType({}),
) -> list[str]:
    """Return a line with the sources of each layer, and a line that the map endorses no claim.

    ``places`` are the sources of the settlements; ``None`` if no settlements are drawn. ``land`` is
    the source of the map of land; ``None`` if no part of the border runs at sea. ``ground`` are the
    sources of the layers under the zone: countries, waters.
    """
    parts = (region.border_source for region in zone.regions)
    border = [zone.source, *(source for source in parts if source is not None)]
    layers = [("source_border", border), ("source_regions", [r.source for r in regions])]
    if land is not None:
        layers.append(("source_land", [land]))
    layers += [(f"source_{layer}", [source]) for layer, source in ground.items()]
    if places is not None:
        layers.append(("source_places", list(places)))
    # The line of places is written even without a source: it then says "not stated".
    lines = [
        _credit_layer(words.text(key), sources, words)
        for key, sources in layers
        if sources or key == "source_places"
    ]
    return [*lines, words.text("endorsement")]


# Short names of publishers. OpenStreetMap allows "© OpenStreetMap". The ministry is better known by
# the name of its register.
_SHORT_MAKERS = {
    "OpenStreetMap contributors": "OpenStreetMap",
    "Ministry for Development of Communities and Territories of Ukraine": "KATOTTG",
}


def credit_briefly(sources: Iterable[Source]) -> str:
    """Return the publishers of the data, in a few words; the full sources state the licences.

    Examples
    --------
    >>> from geobuffer.zones.source import Source
    >>> credit_briefly([Source("Border", "OpenStreetMap contributors, by way of x"),
    ...                 Source("Land", "Natural Earth", licence="Public domain")])
    '© OpenStreetMap; Natural Earth (public domain)'
    """
    owned: dict[str, None] = {}
    free: dict[str, None] = {}
    for source in sources:
        if not (source.publisher or source.licence):
            continue
        makers = free if source.licence.casefold().startswith("public domain") else owned
        for part in (source.publisher or source.title).split(";"):
            maker = clean_text(re.split("[,(]", part)[0]).strip()
            if maker and not maker.startswith("by way of "):
                makers[_SHORT_MAKERS.get(maker, maker)] = None
    parts = [f"© {', '.join(owned)}"] if owned else []
    return "; ".join([*parts, *(f"{maker} (public domain)" for maker in free)])


def describe_projection(projection: Projection, words: Translation) -> str:
    """Return a line with the name of the projection, its centre and the error of its scale."""
    lon, lat = (
        format_degrees(projection.lon, words, "EW"),
        format_degrees(projection.lat, words, "NS"),
    )
    # We round up, so that the true error is never larger. The step of a hundred-thousandth is
    # invisible on any map.
    error = words.format_number(math.ceil(projection.scale_error * 1e5) / 1e3, 3)
    name = words.text(projection.kind, lon=lon, lat=lat)
    return words.text("projection", name=name, error=error)


def format_degrees(value: float, words: Translation, signs: str, step: float = 1 / 60) -> str:
    """Return an angle in degrees with its direction; with minutes and seconds if a step has them.

    ``signs`` are the keys of the directions of positive and negative angles.

    Examples
    --------
    >>> english = load_translation("en")
    >>> [format_degrees(lon, english, "EW", 0.5) for lon in (34.5, -181.0, 180.0)]
    ['34°30′ E', '179° E', '180°']
    >>> format_degrees(0.0, english, "NS", 1.0)
    '0°'
    """
    if signs == "EW":
        value = float(normalize_longitudes(value))
    unit = 1 if step >= 1.0 else 60 if step >= 1 / 60 - 1e-9 else 3600
    whole = round(abs(value) * unit)
    parts = [whole // unit, whole * 60 // unit % 60, whole * 3600 // unit % 60]
    text = f"{parts[0]}°"
    text += f"{parts[1]:02d}′" if unit > 1 and any(parts[1:]) else ""
    text += f"{parts[2]:02d}″" if unit > 60 and parts[2] else ""
    if whole in {0, 180 * unit}:
        return text
    return words.text(signs[value < 0.0], degrees=text)


def _join_names(named: Sequence[Region | Section], words: Translation) -> str:
    """Return a few names, and an ellipsis if there are more."""
    more = ["…"] if len(named) > _MOST_NAMES else []
    names = [clean_text(one.label(words.language)) for one in named[:_MOST_NAMES]]
    return "; ".join([*names, *more])


def _format_widths(zone: Zone, words: Translation) -> str:
    widths = " / ".join(words.format_km(edge) for edge in zone.edges_km[1:])
    return f"{words.format_km(zone.edges_km[0])}–{widths}" if zone.edges_km[0] else widths


def _write_side(zone: Zone, words: Translation) -> str:
    """Return the words of a heading about the side of a zone; empty for a zone without sides."""
    if zone.side == AROUND or has_only_points(zone.sections):
        return ""
    if (key := f"on_{zone.side}") in words.texts:
        return words.text(key)
    side = next(side for side in zone.sides if side.name == zone.side)
    return words.text("on_side", side=clean_text(label_side(side, words)))


def heading_template(zone: Zone, words: Translation) -> str:
    """Return a heading with the placeholder {km}.

    It names the two sides of the border, or its regions. A few regions are named one by one; if
    there are more, the heading names their countries.
    """
    key, border = _choose_heading(zone, words)
    return words.text(key, border=border)


def _choose_heading(zone: Zone, words: Translation) -> tuple[str, str]:
    """Return the key of a heading, and how it names the border."""
    if zone.side == AROUND or has_only_points(zone.sections):
        return "title_around", _join_names(zone.regions or zone.sections, words)
    if all(side.regions for side in zone.sides):
        few = max(len(side.regions) for side in zone.sides) <= _MOST_REGIONS
        named: list[Any] = [side.regions if few else [side] for side in zone.sides]
        sides = [", ".join(clean_text(n.label(words.language)) for n in some) for some in named]
        return "title", " – ".join(sides)
    border = _join_names(zone.regions or zone.sections, words)
    # A river or a front line is not a border, so the heading does not call it one.
    kind = find_kind(zone)
    if kind == "river":
        border = _shorten_river(border, words)
    return "title_along" if kind in {"line", "river"} else "title_of", border


def _shorten_river(name: str, words: Translation) -> str:
    """Remove the word "river" from the front of a name if the heading already has that word.

    >>> _shorten_river("річка Псел", load_translation("uk"))
    'Псел'
    >>> _shorten_river("River Psel", load_translation("en"))
    'River Psel'
    """
    first, _, rest = name.partition(" ")
    has_word = "{of_it}" in words.texts["title_along"]
    return rest if has_word and rest and first.casefold() in _list_river_words(words) else name


def _format_measure(value: float, words: Translation) -> str:
    """Return a length or area with at least three digits: 1,265 but 4.52."""
    if value <= 0.0 or value >= 100.0:
        return words.format_number(value)
    return words.format_number(value, max(0, 2 - math.floor(math.log10(value))))


def _credit_layer(name: str, sources: Iterable[Source], words: Translation) -> str:
    credits_ = list(dict.fromkeys(_credit_source(source, words) for source in sources))
    more = ["…"] if len(credits_) > _MOST_SOURCES else []
    listed = "; ".join([*credits_[:_MOST_SOURCES], *more]) or words.text("not_stated")
    return f"{name}: {listed.rstrip('.')}."


def _credit_source(source: Source, words: Translation) -> str:
    """Return the citation of a source, its licence and its date."""
    who = source.citation or ", ".join(filter(None, [source.title, source.publisher]))
    parts = [clean_text(who).rstrip(".")]
    licence = clean_text(source.licence)
    # "ODbL-1.0" and "ODbL 1.0" count as the same text.
    if licence and _fold_licence(licence) not in _fold_licence(who):
        parts.append(licence)
    if source.as_of:
        parts.append(words.text("as_of", date=clean_text(source.as_of)))
    return ", ".join(parts)


def _fold_licence(text: str) -> str:
    return text.casefold().replace("-", " ")

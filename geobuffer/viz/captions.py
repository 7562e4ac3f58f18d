"""Say in words what a picture shows: its title, legend, sources, projection; in three languages.

Words that the page uses too stand in ``web/assets/words.json``; those that only a picture needs
stand beside this module in ``captions.json``.
"""

from __future__ import annotations

import functools
import importlib.resources
import json
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import shapely

from geobuffer.errors import DataError, did_you_mean
from geobuffer.geodesy.antimeridian import normalize_longitudes
from geobuffer.viz.figure.labels import clean_text
from geobuffer.zones.border import BOTH
from geobuffer.zones.toponyms import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from geobuffer.viz.figure.projection import Projection
    from geobuffer.zones.border import Section
    from geobuffer.zones.region import Region
    from geobuffer.zones.source import Source
    from geobuffer.zones.zone import Zone


# Sources of places that are named one by one; a table of a thousand sources is told by its first.
_MOST_SOURCES = 6

# Points or areas that are named in a line, and regions on either side in a heading.
_MOST_NAMES, _MOST_REGIONS = 4, 2

# How the keys end of what is said otherwise of a zone around points.
_POINT = "_point"


class Translation(NamedTuple):
    """The words of a language, and how it writes numbers."""

    language: str
    words: Mapping[str, str]

    def say(self, key: str, **values: object) -> str:
        """Return the words for a key, with ``{values}`` filled in."""
        text = self.words[key]
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", str(value))
        return text

    def number(self, value: float, digits: int = 0) -> str:
        """Return a number as the language writes it.

        >>> [load_translation(to).number(12345.5, 1).replace(chr(160), "_") for to in ("en", "uk")]
        ['12,345.5', '12_345,5']
        """
        plain = f"{value:,.{digits}f}"
        return plain if self.language == "en" else plain.translate({44: "\u00a0", 46: ","})

    def km(self, value: float) -> str:
        """Return a distance as the language writes it, with the decimals that it has."""
        return f"{value:g}" if self.language == "en" else f"{value:g}".replace(".", ",")


def has_only_points(sections: Iterable[Section]) -> bool:
    """Tell whether there is no border but points, which have no sides and no length."""
    return all(shapely.get_dimensions(section.line) == 0 for section in sections)


def load_translation(language: str, sections: Iterable[Section] = ()) -> Translation:
    """Return the words of a language, for a border of these sections.

    Raises
    ------
    DataError
        There are none: it is not ``"en"``, ``"uk"`` or ``"ru"``.

    Examples
    --------
    >>> load_translation("uk").say("border_plain")
    'Кордон'
    """
    if language not in LANGUAGES:
        known = did_you_mean(str(language), LANGUAGES)
        raise DataError(f"Invalid language {language!r}. {known}")
    words, sections = _read_words()[language], tuple(sections)
    if sections and has_only_points(sections):
        own = {key: text for key, text in words.items() if key.endswith(_POINT)}
        words = {**words, **{key.removesuffix(_POINT): text for key, text in own.items()}}
    return Translation(language, words)


@functools.cache
def _read_words() -> Mapping[str, Mapping[str, str]]:
    folder = importlib.resources.files("geobuffer.viz")
    shared = json.loads((folder / "web" / "assets" / "words.json").read_text("utf-8"))
    own = json.loads((folder / "captions.json").read_text("utf-8"))
    return {language: {**shared[language], **own[language]} for language in LANGUAGES}


def write_title(zone: Zone, title: str, to: Translation) -> str:
    """Return the heading: the user's, or what is shown, how wide, where and on which side.

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
        sections = ", ".join(section.label(to.language) for section in zone.sections)
        return clean_text(f"{zone.ring_names[0]} · {sections}")
    heading = heading_template(zone, to).replace("{km}", _format_widths(zone, to))
    if zone.side == BOTH:
        return heading + to.say("title_both")
    return heading + to.say("title_side", side=_name_side(zone, to))


def write_subtitle(zone: Zone, to: Translation, *, titled: bool) -> str:
    """Return the line under the heading: width and side unless the heading has them; facts."""
    as_of = f", {to.say('as_of', date=clean_text(zone.source.as_of))}"
    facts = to.say(
        "facts",
        length=_format_measure(sum(section.length_km for section in zone.sections), to),
        sections=len(zone.sections),
        names=_join_names(zone.sections, to),
        as_of=as_of if zone.source.as_of else "",
        area=_format_measure(zone.area_km2, to),
    )
    if not titled or not zone.has_plain_edges:
        return facts
    side = (
        to.say("both_sides") if zone.side == BOTH else to.say("one_side", side=_name_side(zone, to))
    )
    return f"{to.say('within', km=_format_widths(zone, to), side=side)} {facts}"


def describe_rings(zone: Zone, to: Translation) -> list[str]:
    """Return what the legend says of each ring, the innermost first."""
    if not zone.has_plain_edges:
        return [f"{zone.ring_names[0]}, {_format_measure(zone.area_km2, to)} km²"]
    pairs = zip(zone.edges_km[:-1], zone.edges_km[1:], zone.ring_areas_km2, strict=True)
    return [
        to.say("ring", **{"from": to.km(inner), "to": to.km(outer)}, area=_format_measure(area, to))
        for inner, outer, area in pairs
    ]


def describe_sources(
    zone: Zone, regions: Iterable[Region], places: Iterable[Source] | None, to: Translation
) -> list[str]:
    """Return where each layer comes from, a line for each, and that nothing is endorsed.

    ``places`` are the sources of the settlements; ``None`` where none are drawn.
    """
    parts = (region.border_source for region in zone.regions)
    border = [zone.source, *(source for source in parts if source is not None)]
    layers = [("source_border", border), ("source_regions", [r.source for r in regions])]
    if places is not None:
        layers.append(("source_places", list(places)))
    told = [
        _credit_layer(to.say(key), sources, to) for key, sources in layers if sources or "pl" in key
    ]
    return [*told, to.say("endorsement")]


def describe_projection(projection: Projection, to: Translation) -> str:
    """Return the name of the projection, where its middle is and how true its scale."""
    lon, lat = format_degrees(projection.lon, to, "EW"), format_degrees(projection.lat, to, "NS")
    # Rounded up, so that what is said is kept; a hundred-thousandth is nothing on any map.
    error = to.number(math.ceil(projection.scale_error * 1e5) / 1e3, 3)
    name = to.say(projection.kind, lon=lon, lat=lat)
    return to.say("projection", name=name, error=error)


def format_degrees(value: float, to: Translation, signs: str, step: float = 1 / 60) -> str:
    """Return an angle in degrees, minutes and seconds, as fine as a step asks, with its direction.

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
    return to.say(signs[value < 0.0], degrees=text)


def _join_names(named: Sequence[Region | Section], to: Translation) -> str:
    """Return a few names, and that there are more."""
    more = ["…"] if len(named) > _MOST_NAMES else []
    names = [clean_text(one.label(to.language)) for one in named[:_MOST_NAMES]]
    return "; ".join([*names, *more])


def _format_widths(zone: Zone, to: Translation) -> str:
    widths = " / ".join(to.km(edge) for edge in zone.edges_km[1:])
    return f"{to.km(zone.edges_km[0])}–{widths}" if zone.edges_km[0] else widths


def _name_side(zone: Zone, to: Translation) -> str:
    name = clean_text(next(s for s in zone.sides if s.name == zone.side).label(to.language))
    return to.words.get(f"side_{zone.side}", name)


def heading_template(zone: Zone, to: Translation) -> str:
    """Return a heading with a place for {km}: along the border between two sides, or of what.

    A few regions are named themselves; of more, their countries.
    """
    if all(side.regions for side in zone.sides):
        few = max(len(side.regions) for side in zone.sides) <= _MOST_REGIONS
        named: list[Any] = [side.regions if few else [side] for side in zone.sides]
        sides = [", ".join(clean_text(n.label(to.language)) for n in some) for some in named]
        return to.say("title", border=" – ".join(sides))
    return to.say("title_of", border=_join_names(zone.regions or zone.sections, to))


def _format_measure(value: float, to: Translation) -> str:
    """Return a length or area with three digits at the least: 1,265 but 4.52."""
    if value <= 0.0 or value >= 100.0:
        return to.number(value)
    return to.number(value, max(0, 2 - math.floor(math.log10(value))))


def _credit_layer(name: str, sources: Iterable[Source], to: Translation) -> str:
    told = list(dict.fromkeys(_credit_source(source, to) for source in sources))
    more = ["…"] if len(told) > _MOST_SOURCES else []
    listed = "; ".join([*told[:_MOST_SOURCES], *more]) or to.say("not_stated")
    return f"{name}: {listed.rstrip('.')}."


def _credit_source(source: Source, to: Translation) -> str:
    """Return what a source asks to be shown, its licence and its date."""
    who = source.citation or ", ".join(filter(None, [source.title, source.publisher]))
    parts = [clean_text(who).rstrip(".")]
    licence = clean_text(source.licence)
    # "ODbL-1.0" and "ODbL 1.0" are the same words.
    if licence and _fold_licence(licence) not in _fold_licence(who):
        parts.append(licence)
    if source.as_of:
        parts.append(to.say("as_of", date=clean_text(source.as_of)))
    return ", ".join(parts)


def _fold_licence(text: str) -> str:
    return text.casefold().replace("-", " ")

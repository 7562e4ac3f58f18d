"""The source of a shape or a table, and how files and notebooks show it."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from geobuffer.errors import GeometryError
from geobuffer.zones.arguments import NAME, Kind, check_arguments
from geobuffer.zones.identity import Noun
from geobuffer.zones.quantities import MAX_NUMBER, is_number, parse_metres, quote_value
from geobuffer.zones.repr_html import card_html

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, eq=False)
class Source(Noun):
    """The source of a shape or a table. Sources are equal if their content is equal.

    Parameters
    ----------
    title, publisher, url, licence, version
        As the publisher gives them; empty if unknown.
    as_of
        The date of the facts (``2026``, ``2026-03`` or ``2026-03-01``), not of the download.
    accuracy_m
        The typical error of a position (about one standard deviation), in metres. If the source
        does not state an accuracy, it is ``None``, and makes no place *uncertain*. A text with a
        unit, such as ``"500 ft"``, is converted to metres.
    citation
        How to cite the source, and what its licence asks users to show.
    retrieved
        The day of the download (``2026-11-25``); empty for bundled or drawn data.
    sha256
        The hash of the downloaded file; empty for bundled or drawn data.

    Raises
    ------
    WrongKind
        A value other than the accuracy is not a text.
    GeometryError
        The accuracy is not a length in metres, or is negative.

    Examples
    --------
    >>> Source("City parks 2025", licence="CC BY 4.0", accuracy_m=5)
    Source(City parks 2025, CC BY 4.0, ±5 m)
    """

    title: str
    publisher: str = ""
    url: str = ""
    licence: str = ""
    version: str = ""
    as_of: str = ""
    accuracy_m: float | None = None
    citation: str = ""
    retrieved: str = ""
    sha256: str = ""

    def __post_init__(self) -> None:
        texts = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "accuracy_m"}
        check_arguments(**{name: (text, NAME) for name, text in texts.items()})
        given: object = self.accuracy_m
        if given is None or (isinstance(given, float) and math.isnan(given)):
            object.__setattr__(self, "accuracy_m", None)  # tables have NaN for an unknown accuracy
            return
        metres = parse_metres(given, "accuracy_m")
        if not 0.0 <= metres <= MAX_NUMBER:
            raise GeometryError(
                f"Invalid accuracy_m {quote_value(given)}. Must be metres, 0 or more, or None.",
                parameter="accuracy_m",
            )
        if not is_number(given):
            object.__setattr__(self, "accuracy_m", metres)

    def __repr__(self) -> str:
        known = "" if self.accuracy_m is None else f"±{self.accuracy_m:g} m"
        facts = (self.title, self.licence, self.as_of and f"as of {self.as_of}", known)
        return f"Source({', '.join(fact for fact in facts if fact)})"

    def _repr_html_(self) -> str:
        facts = [*source_facts(self)[1:], ("cite as", self.citation)]
        return card_html("Source", self.title, facts)


SOURCE = Kind(lambda value: isinstance(value, Source), "a Source, as Source('a survey of 2024')")


def source_facts(source: Source) -> list[tuple[str, object]]:
    """Return the facts of a source for notebooks: pairs of a name and a value."""
    return [
        ("source", source.title),
        ("publisher", source.publisher),
        ("address", source.url),
        ("licence", source.licence),
        ("version", source.version),
        ("as of", source.as_of),
        ("accuracy", "" if source.accuracy_m is None else f"±{source.accuracy_m:g} m"),
    ]


# What a joined source says about the members that lack a date or a licence, if others have one.
_UNKNOWN = {"as_of": "undated", "licence": "licence not stated"}


def join_sources(sources: Iterable[Source]) -> Source:
    """Join several sources into one, each named once; the least accurate decides the accuracy.

    If only some sources state a date or a licence, the joined source says that the others do not.
    Otherwise readers would take the date or licence of one source for that of all.

    Examples
    --------
    >>> join_sources([Source("a map", as_of="2020"), Source("a sketch", accuracy_m=50)])
    Source(a map; a sketch, as of 2020; undated, ±50 m)
    """
    sources = list(dict.fromkeys(sources))
    if len(sources) == 1:
        return sources[0]
    accuracies = [source.accuracy_m for source in sources if source.accuracy_m is not None]
    texts = {}
    for name in (f.name for f in fields(Source) if f.name != "accuracy_m"):
        values = dict.fromkeys(getattr(source, name) for source in sources)
        unknown = _UNKNOWN.get(name, "") if any(values) else ""
        texts[name] = "; ".join(filter(None, (value or unknown for value in values)))
    return Source(**texts, accuracy_m=max(accuracies, default=None))


#: The source of a line, a shape or a table that a user gives without one. Its accuracy is unknown.
UNSTATED = Source("given by the user, source not stated")

#: The entry of a table's ``attrs`` that names the border and its source. ``write`` adds it to every
#: row, because most file formats have no other place for it.
ORIGIN = "geobuffer"

#: The columns that ``write`` adds for :data:`ORIGIN`. Only counts have ``places_source``. Only
#: lists of places have ``places_not_located``: how many places without coordinates may be near.
ORIGIN_COLUMNS = (
    "border", "border_source", "border_citation", "border_licence", "border_as_of",
    "border_accuracy_m", "places_source", "places_not_located",
)  # fmt: skip

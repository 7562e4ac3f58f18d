"""Where a shape or a table comes from."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from geobuffer.zones.repr_html import source_html

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Source:
    """Where a shape or a table comes from.

    Parameters
    ----------
    title, publisher, url, licence, version
        As the publisher gives them; empty where unknown.
    as_of
        The date of the facts (``2026``, ``2026-03`` or ``2026-03-01``), not of the download.
    accuracy_m
        How far off a position is, typically (about one standard deviation), in metres; ``None``
        where nobody says, which makes nothing that rests on it *uncertain*.
    citation
        How to cite it, and what its licence asks to be shown.
    retrieved
        The day a download was made (``2026-11-25``); empty for what is bundled or drawn.
    sha256
        The hash of the file that was downloaded; empty for what is bundled or drawn.

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

    def __repr__(self) -> str:
        known = "" if self.accuracy_m is None else f"±{self.accuracy_m:g} m"
        facts = (self.title, self.licence, self.as_of and f"as of {self.as_of}", known)
        return f"Source({', '.join(fact for fact in facts if fact)})"

    _repr_html_ = source_html


def join_sources(sources: Iterable[Source]) -> Source:
    """Return several sources as one, each named once; the least accurate decides its accuracy.

    Where only some state a date or a licence, those of the others are said to be unknown, so that
    nobody takes one source's for another's.

    Examples
    --------
    >>> join_sources([Source("a map", as_of="2020"), Source("a sketch", accuracy_m=50)])
    Source(a map; a sketch, as of 2020; undated, ±50 m)
    """
    sources = list(dict.fromkeys(sources))
    if len(sources) == 1:
        return sources[0]
    known = [source.accuracy_m for source in sources if source.accuracy_m is not None]
    texts = {}
    for told in (f.name for f in fields(Source) if f.name != "accuracy_m"):
        values = dict.fromkeys(getattr(source, told) for source in sources)
        unknown = _UNKNOWN.get(told, "") if any(values) else ""
        texts[told] = "; ".join(filter(None, (value or unknown for value in values)))
    return Source(**texts, accuracy_m=max(known, default=None))


# What is said of a source that does not state what others do.
_UNKNOWN = {"as_of": "undated", "licence": "licence not stated"}


#: The entry of a table's ``attrs`` that says what it was measured against: ``write`` adds it to
#: every row, as a file must say it and most formats have no other place.
ORIGIN = "geobuffer"

#: The columns that so come about; the last is of counts only.
ORIGIN_COLUMNS = (
    "border", "border_source", "border_citation", "border_licence", "border_as_of",
    "border_accuracy_m", "places_source",
)  # fmt: skip

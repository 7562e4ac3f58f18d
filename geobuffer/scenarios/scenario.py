"""A zone that somebody announced, and what was said of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from geobuffer.cards import of_report, of_scenario
from geobuffer.model import BOTH

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

# How a note begins, by language; dates as each writes them in figures.
_ANNOUNCED = {"en": "Announced by {}", "uk": "Оголошено: {}", "ru": "Объявлено: {}"}
_DATES = {"en": "%d %B %Y", "uk": "%d.%m.%Y", "ru": "%d.%m.%Y"}


@dataclass(frozen=True)
class Report:
    """Who said what of a zone, when, and where that is reported.

    Parameters
    ----------
    claim
        What was said.
    said_by
        Who said it.
    date
        When.
    url
        Where it is reported.
    language
        The language of the texts.

    Examples
    --------
    >>> import datetime as dt
    >>> print(Report("The zone is 10 km wide.", "A minister", dt.date(2025, 5, 22)))
    A minister, 22 May 2025: The zone is 10 km wide.
    """

    claim: str
    said_by: str = ""
    date: dt.date | None = None
    url: str = ""
    language: str = "en"

    def __str__(self) -> str:
        when = _dated(self.date, self.language)
        head = ", ".join(part for part in (self.said_by, when) if part)
        tail = f" ({self.url})" if self.url else ""
        return f"{head}: {self.claim}{tail}" if head else f"{self.claim}{tail}"

    _repr_html_ = of_report


def _dated(date: dt.date | None, language: str) -> str:
    written = date.strftime(_DATES[language]) if date else ""
    return written.lstrip("0") if language == "en" else written


@dataclass(frozen=True)
class Scenario:
    """A zone that somebody announced or proposed.

    Parameters
    ----------
    title
        What it is called.
    between, other
        The names of the regions on either side of its border.
    km, from_km, side, ends
        As of :func:`geobuffer.build_zone`.
    summary
        What a reader should know of it first.
    announced_by, announced_on
        Who announced it, and when.
    reports
        What was said of it.
    places
        Pairs of the name and hromada (or ``""``) of places that the reports name.
    language
        The one that its texts are in.

    Examples
    --------
    >>> scenario = Scenario("A proposal", ("Kursk",), ("Sumy",), km={"Ukraine": 10, "Russia": 5})
    >>> scenario.width
    'Ukraine 10, Russia 5'
    """

    title: str
    between: tuple[str, ...]
    other: tuple[str, ...]
    km: tuple[float, ...] | Mapping[str, float]
    side: str = BOTH
    ends: Literal["round", "flat"] = "round"
    summary: str = ""
    announced_by: str = ""
    announced_on: dt.date | None = None
    reports: tuple[Report, ...] = ()
    places: tuple[tuple[str, str], ...] = field(default=())
    language: str = "en"
    from_km: float = 0.0

    @property
    def width(self) -> str:
        """Its width in words of figures: ``"10"``, ``"5 / 10"``, ``"Ukraine 10, Russia 5"``."""
        if isinstance(self.km, tuple):
            edges = " / ".join(f"{km:g}" for km in self.km)
            return f"{self.from_km:g}–{edges}" if self.from_km else edges
        widths = ", ".join(f"{name} {km:g}" for name, km in self.km.items())
        return f"{widths}, from {self.from_km:g}" if self.from_km else widths

    @property
    def notes(self) -> tuple[str, ...]:
        """What a map's reader should know of it: who announced it, when; and each report."""
        parts = (self.announced_by, _dated(self.announced_on, self.language))
        told = _ANNOUNCED[self.language].format(", ".join(part for part in parts if part))
        announced = (f"{told}.",) if self.announced_by else ()
        summary = (self.summary,) if self.summary else ()
        return (*summary, *announced, *(str(report) for report in self.reports))

    _repr_html_ = of_scenario

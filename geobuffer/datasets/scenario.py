"""A zone that somebody announced, and what was said of it.

A scenario from its file: TOML, every key of which is checked.

What a scenario speaks of: its border, its zone, and the places that its reports name.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from geobuffer.datasets.bundled import data_folder
from geobuffer.errors import DataError, GeometryError, did_you_mean
from geobuffer.io.point_tables import get_column
from geobuffer.zones.border import BOTH
from geobuffer.zones.checks import KM_FORMS, parse_km
from geobuffer.zones.make_border import border_between
from geobuffer.zones.make_zone import build_zone
from geobuffer.zones.repr_html import card_html
from geobuffer.zones.toponyms import LANGUAGES, find_other_names, fold_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

    from geobuffer.zones.border import Border
    from geobuffer.zones.region import Regions
    from geobuffer.zones.zone import Zone


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

    def _repr_html_(self) -> str:
        facts = [("said by", self.said_by), ("on", self.date or ""), ("reported at", self.url)]
        return card_html("Report", self.claim, facts)


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

    def _repr_html_(self) -> str:
        facts = [
            ("summary", self.summary),
            ("announced by", self.announced_by),
            ("announced on", self.announced_on or ""),
            ("between", ", ".join(self.between)),
            ("and", ", ".join(self.other)),
            ("width", f"{self.width} km"),
            ("side", self.side),
            ("ends", self.ends),
            ("places", ", ".join(name for name, _ in self.places)),
        ]
        reports = [(one.said_by, one.date or "", one.claim, one.url) for one in self.reports]
        rows = [("said by", "on", "claim", "reported at"), *reports] if reports else []
        return card_html("Scenario", self.title, facts, rows=rows)


_ENDS = ("round", "flat")
_DEFAULT = "announced-zone-2025.toml"

# A scenario is a page or two of text; this is a shelf of books.
_MOST_BYTES = 10_000_000

# Every key a scenario may have, by table, with the type its value must be of.
_KEYS: Mapping[str, Mapping[str, tuple[type, ...]]] = {
    "": {
        "title": (str, dict), "summary": (str, dict), "announced_by": (str, dict),
        "announced_on": (dt.date,),
        "zone": (dict,), "report": (list,), "place": (list,),
    },
    "zone": {
        "between": (str, list), "and": (str, list), "side": (str,),
        "km": (int, float, str, list, dict), "from_km": (int, float, str), "ends": (str,),
    },
    "report": {
        "date": (dt.date,), "said_by": (str, dict), "claim": (str, dict), "url": (str,),
    },
    "place": {"name": (str,), "hromada": (str,)},
}  # fmt: skip


def load_scenario(path: str | Path | None = None, *, language: str = "en") -> Scenario:
    """Read a scenario from a TOML file; without one, the bundled zone announced in May 2025.

    Parameters
    ----------
    path
        The file.
    language
        ``"en"``, ``"uk"`` or ``"ru"``: of texts that the file gives in several, as in
        ``title = { en = "…", uk = "…" }``. Where it lacks that one, English or the first is taken.

    Raises
    ------
    DataError
        The file cannot be read, is no TOML, lacks a key, has one that is not known, or a value of
        the wrong kind; the message names the file and the key. Or the language is unknown.

    Examples
    --------
    >>> scenario = load_scenario()
    >>> scenario.km, scenario.side, scenario.other
    ((10.0,), 'Ukraine', ('Chernihiv', 'Sumy', 'Kharkiv'))
    """
    if language not in LANGUAGES:
        raise DataError(f"Invalid language {language!r}. {did_you_mean(language, LANGUAGES)}")
    file = Path(path) if path is not None else data_folder() / "scenarios" / _DEFAULT
    content = _parsed(file)
    _check_content(file, content)
    zone = content["zone"]
    return Scenario(
        title=_text(file, "title", content.get("title", file.stem), language),
        between=_names(file, zone, "between"),
        other=_names(file, zone, "and"),
        km=_widths(file, zone["km"]),
        from_km=_beginning(file, zone),
        side=zone.get("side", BOTH),
        ends=zone.get("ends", "round"),
        summary=_text(file, "summary", content.get("summary", ""), language),
        announced_by=_text(file, "announced_by", content.get("announced_by", ""), language),
        announced_on=content.get("announced_on"),
        reports=tuple(_report(file, entry, language) for entry in content.get("report", [])),
        places=tuple(
            (place["name"], place.get("hromada", "")) for place in content.get("place", [])
        ),
        language=language,
    )


def _parsed(file: Path) -> dict[str, Any]:
    try:
        if file.exists() and not (file.is_file() or file.is_dir()):
            raise DataError(f"Unreadable scenario {file}: a device or a pipe. Must be a file.")
        if file.stat().st_size > _MOST_BYTES:
            raise DataError(
                f"Unreadable scenario {file}: {file.stat().st_size / 1e6:,.0f} MB. Must be at most "
                f"{_MOST_BYTES / 1e6:g} MB; is it a scenario?"
            )
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise DataError(f"Unreadable scenario {file}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise DataError(f"Invalid scenario {file}: not UTF-8 at byte {error.start}.") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise DataError(f"Invalid scenario {file}: {error}. Must be TOML.") from error


def _check_content(file: Path, content: dict[str, Any]) -> None:
    """Refuse a scenario that lacks a key, or has one or a value that it cannot have."""
    _check(file, "", content)
    zone = content.get("zone", {})
    _check(file, "zone", zone)
    for key in ("between", "and", "km"):
        if key not in zone:
            raise DataError(f"Invalid scenario {file}: [zone] lacks {key!r}. Must have it.")
    for table in ("report", "place"):
        for entry in content.get(table, []):
            _check(file, table, entry)
    for table, keys in (("report", ["claim"]), ("place", ["name"])):
        for key in keys:
            if any(key not in entry for entry in content.get(table, [])):
                message = f"Invalid scenario {file}: a [[{table}]] lacks {key!r}. Must have it."
                raise DataError(message)
    if zone.get("ends", "round") not in _ENDS:
        hint = did_you_mean(zone["ends"], _ENDS)
        raise DataError(f"Invalid scenario {file}: [zone] ends = {zone['ends']!r}. {hint}")


def _report(file: Path, entry: Mapping[str, Any], language: str) -> Report:
    said = {
        key: _text(file, f"[[report]] {key}", value, language)
        for key, value in entry.items()
        if key in ("said_by", "claim", "url")
    }
    return Report(**said, date=entry.get("date"), language=language)


def _text(file: Path, key: str, given: str | Mapping[str, Any], language: str) -> str:
    """Return a text, or of one in several languages the one that is wanted."""
    if isinstance(given, str):
        return given
    for to, text in given.items():
        if to not in LANGUAGES or not isinstance(text, str):
            hint = did_you_mean(to, LANGUAGES)
            raise DataError(f"Invalid scenario {file}: {key} has {to} = {text!r}. {hint}")
    return str(given.get(language) or given.get("en") or next(iter(given.values()), ""))


def _check(file: Path, table: str, content: object) -> None:
    """Refuse keys that are not known and values of the wrong kind."""
    where = f"[{table}] " if table else ""
    if not isinstance(content, dict):
        raise DataError(f"Invalid scenario {file}: {where}must be a table of keys and values.")
    known = _KEYS[table]
    for key, value in content.items():
        if key not in known:
            hint = did_you_mean(key, known)
            raise DataError(f"Invalid scenario {file}: {where}has an unknown key {key!r}. {hint}")
        if not isinstance(value, known[key]) or isinstance(value, bool):
            kinds = " or ".join(dict.fromkeys(_KINDS[kind] for kind in known[key]))
            raise DataError(f"Invalid scenario {file}: {where}{key} = {value!r}. Must be {kinds}.")


_KINDS = {
    str: "a text", list: "a list", dict: "a table", int: "a number", float: "a number",
    dt.date: "a date such as 2025-05-22, without quotes",
}  # fmt: skip


def _names(file: Path, zone: Mapping[str, Any], key: str) -> tuple[str, ...]:
    given = zone[key]
    names = [given] if isinstance(given, str) else given
    if not names or not all(isinstance(name, str) and name for name in names):
        raise DataError(
            f"Invalid scenario {file}: [zone] {key} = {given!r}. Must name a region or several."
        )
    return tuple(names)


def _beginning(file: Path, zone: Mapping[str, Any]) -> float:
    given = zone.get("from_km", 0.0)
    try:
        return parse_km(given)
    except GeometryError as error:
        raise DataError(
            f"Invalid scenario {file}: [zone] from_km = {given!r}. {KM_FORMS}"
        ) from error


def _widths(file: Path, given: Any) -> tuple[float, ...] | dict[str, float]:
    widths = given if isinstance(given, list) else [given]
    if isinstance(given, dict):
        widths = list(given.values())
    if not widths:
        raise DataError(
            f"Invalid scenario {file}: [zone] km = {given!r}. Must be a number or several, or one "
            "for each side or section, as in { Ukraine = 10, Russia = 5 }."
        )
    try:
        found = tuple(parse_km(width) for width in widths)
    except GeometryError as error:
        message = f"Invalid scenario {file}: [zone] km = {given!r}. {KM_FORMS}"
        raise DataError(message) from error
    return dict(zip(given, found, strict=True)) if isinstance(given, dict) else found


def scenario_border(scenario: Scenario, regions: Regions) -> Border:
    """Return the border that a scenario speaks of.

    Parameters
    ----------
    scenario
        The scenario.
    regions
        Regions that hold those it names.

    Raises
    ------
    UnknownRegion
        A region is not among them.
    NotAdjacent, GeometryError
        As :func:`geobuffer.border_between`.

    Examples
    --------
    >>> import geobuffer as gb
    >>> len(scenario_border(gb.load_scenario(), gb.load_regions()).sections)
    5
    """
    return border_between(regions[scenario.between], regions[scenario.other])


def scenario_zone(scenario: Scenario, regions: Regions) -> Zone:
    """Build the zone that a scenario speaks of.

    Parameters
    ----------
    scenario
        The scenario.
    regions
        Regions that hold those it names.

    Raises
    ------
    UnknownRegion, NotAdjacent, GeometryError, UnknownSide
        As :func:`scenario_border` and :func:`geobuffer.build_zone`.

    Examples
    --------
    >>> import geobuffer as gb
    >>> zone = scenario_zone(gb.load_scenario(), gb.load_regions())
    >>> zone.width_km, len(zone.border.sections)
    (10.0, 5)
    """
    border = scenario_border(scenario, regions)
    return build_zone(
        border,
        km=scenario.km,
        from_km=scenario.from_km,
        side=scenario.side,
        ends=scenario.ends,
    )


def scenario_places(scenario: Scenario, table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the rows of a table of settlements that a scenario's reports name.

    A place is found by its name, in any language and spelling, and by its hromada where that is
    told, so that namesakes stay apart; rows come in the scenario's order.

    Parameters
    ----------
    scenario
        The scenario.
    table
        Settlements with the columns ``name_uk`` and ``hromada``.

    Raises
    ------
    DataError
        A named place is not in the table, or more than once.

    Examples
    --------
    >>> import geobuffer as gb
    >>> named = scenario_places(gb.load_scenario(), gb.load_settlements())
    >>> named["name_en"].tolist()
    ['Novenke', 'Basivka', 'Veselivka', 'Zhuravka']
    """
    columns = [table[c] for c in ("name_uk", "name_ru", "name_en", "name") if c in table]
    hromadas = np.array(
        [fold_name(h) if isinstance(h, str) else "" for h in get_column(table, "hromada")]
    )
    rows = []
    for name, hromada in scenario.places:
        near = np.flatnonzero(hromadas == fold_name(hromada)) if hromada else np.arange(len(table))
        wanted = {fold_name(name), *find_other_names(fold_name(name))}
        exact = [row for row in near if any(c.iloc[row] == name for c in columns)]
        folded = [row for row in near if any(_folded(c.iloc[row]) in wanted for c in columns)]
        found = exact or folded
        if len(found) != 1:
            hint = did_you_mean(name, [str(columns[0].iloc[row]) for row in near])
            where = f" in {hromada!r}" if hromada else ""
            if len(found) > 1 and not hromada:
                hint = "Tell its hromada."
            raise DataError(
                f"Invalid place {name!r}{where} of the scenario: it is in the table "
                f"{len(found)} times. Must be there once. {hint if len(near) else _HROMADA}"
            )
        rows.append(int(found[0]))
    return table.iloc[rows]


# What to look at where a scenario names a hromada that the table has not.
_HROMADA = "The table has nothing of that hromada."


def _folded(name: object) -> str:
    return fold_name(name) if isinstance(name, str) else ""

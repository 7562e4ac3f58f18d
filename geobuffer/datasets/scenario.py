"""Read scenario files: announced zones, what was said about them, and the places named.

A scenario is a TOML file, and every key is checked. From a scenario, this module also builds the
border and the zone, and finds its places in a table of settlements.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from geobuffer.datasets.bundled import load_regions
from geobuffer.datasets.name_search import NameIndex
from geobuffer.errors import DataError, GeometryError, did_you_mean
from geobuffer.io.point_tables import check_points_table, get_column
from geobuffer.zones.arguments import (
    FLAG,
    NAME,
    PATH,
    TEXT,
    Kind,
    check_arguments,
    is_tuple_of,
    optional,
)
from geobuffer.zones.border import AROUND, BOTH
from geobuffer.zones.coordinates import PAIR_FORMS, CoordinateError, parse_position
from geobuffer.zones.data_folder import data_folder
from geobuffer.zones.identity import Noun
from geobuffer.zones.make_border import border_around, border_between
from geobuffer.zones.make_zone import build_zone, parse_from_km, parse_widths
from geobuffer.zones.quantities import quote_value
from geobuffer.zones.region import Regions
from geobuffer.zones.repr_html import card_html
from geobuffer.zones.source import Source, join_sources
from geobuffer.zones.toponyms import NAME_COLUMNS, make_name_keys, strip_kind
from geobuffer.zones.translation import check_language, format_km, list_languages, read_translation

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray
    from shapely import Point

    from geobuffer.zones.border import Border
    from geobuffer.zones.zone import Zone


@dataclass(frozen=True, eq=False)
class Report(Noun):
    """A statement about a zone: who said what and when, and where it is reported.

    Parameters
    ----------
    claim
        What was said.
    said_by
        Who said it.
    date
        When it was said.
    url
        The address of the report.
    language
        The language of the texts.
    places
        Pairs of the name and hromada (or ``""``) of places that the claim sets in the zone.
    people, oblast, all_within
        A number of people that the claim gives; the oblast that they are of, or ``""``; and
        whether the claim says that they are all people of the zone, or of its part in the oblast.
    km
        The width of the zone that the claim gives, in kilometres.

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
    places: tuple[tuple[str, str], ...] = ()
    people: int | None = None
    oblast: str = ""
    all_within: bool = False
    km: float | None = None

    def __post_init__(self) -> None:
        self._freeze_lists("places")
        check_arguments(
            claim=(self.claim, NAME),
            said_by=(self.said_by, NAME),
            date=(self.date, optional(_DATE)),
            url=(self.url, NAME),
            language=(self.language, _LANGUAGE),
            places=(self.places, _PLACES),
            people=(self.people, optional(_PEOPLE)),
            oblast=(self.oblast, NAME),
            all_within=(self.all_within, FLAG),
        )
        if self.km is not None:
            object.__setattr__(self, "km", _read_one_width(self.km))

    def __str__(self) -> str:
        when = _format_date(self.date, self.language)
        head = ", ".join(part for part in (self.said_by, when) if part)
        tail = f" ({self.url})" if self.url else ""
        return f"{head}: {self.claim}{tail}" if head else f"{self.claim}{tail}"

    def _repr_html_(self) -> str:
        facts = [("said by", self.said_by), ("on", self.date or ""), ("reported at", self.url)]
        return card_html("Report", self.claim, facts)


def _format_date(date: dt.date | None, language: str) -> str:
    return read_translation(language).format_date(date) if date else ""


@dataclass(frozen=True, eq=False)
class Scenario(Noun):
    """A zone that somebody announced or proposed. Equal by content.

    Parameters
    ----------
    title
        The title of the scenario.
    between, other
        The names of the regions on each side of its border; none if it has ``around`` or ``along``.
    km, from_km, side, ends
        As for :func:`geobuffer.build_zone`.
    summary
        What a reader should know first.
    announced_by, announced_on
        Who announced the zone, and when.
    reports
        Statements about the zone.
    places
        Pairs of the name and hromada (or ``""``) of places that the reports name.
    language
        The language of the texts.
    country
        The countries of the world that the regions are, or are parts of, as for
        :func:`geobuffer.load_regions`; none means the bundled oblasts, or a file of the user.
    land_only
        Whether the stretches of the border at sea are left out.
    around
        Points, each as a text of latitude and longitude, and files of areas, lines or points.
    along
        A file of a line, whose sides are its left and its right.

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
    country: tuple[str, ...] = ()
    land_only: bool = False
    around: tuple[str, ...] = ()
    along: str = ""

    def __post_init__(self) -> None:
        self._freeze_lists("between", "other", "km", "reports", "places", "country", "around")
        check_arguments(
            title=(self.title, NAME),
            between=(self.between, _NAMES),
            other=(self.other, _NAMES),
            side=(self.side, NAME),
            ends=(self.ends, _END),
            summary=(self.summary, NAME),
            announced_by=(self.announced_by, NAME),
            announced_on=(self.announced_on, optional(_DATE)),
            reports=(self.reports, _REPORTS),
            places=(self.places, _PLACES),
            language=(self.language, _LANGUAGE),
            country=(self.country, _NAMES),
            land_only=(self.land_only, FLAG),
            around=(self.around, _NAMES),
            along=(self.along, NAME),
        )
        object.__setattr__(self, "from_km", parse_from_km(self.from_km))
        object.__setattr__(self, "km", _read_widths(self.km, self.from_km))

    @property
    def width(self) -> str:
        """The widths as text: ``"10"``, ``"5 / 10"``, ``"Ukraine 10, Russia 5"``."""
        if isinstance(self.km, tuple):
            edges = " / ".join(map(format_km, self.km))
            return f"{format_km(self.from_km)}–{edges}" if self.from_km else edges
        widths = ", ".join(f"{name} {format_km(km)}" for name, km in self.km.items())
        return f"{widths}, from {format_km(self.from_km)}" if self.from_km else widths

    @property
    def notes(self) -> tuple[str, ...]:
        """Texts for the reader of a map: the summary, who announced the zone, and each report."""
        parts = (self.announced_by, _format_date(self.announced_on, self.language))
        who = ", ".join(part for part in parts if part)
        announcement = read_translation(self.language).text("announced", who=who)
        announced = (f"{announcement}.",) if self.announced_by else ()
        summary = (self.summary,) if self.summary else ()
        return (*summary, *announced, *(str(report) for report in self.reports))

    def _repr_html_(self) -> str:
        facts = [
            ("summary", self.summary),
            ("announced by", self.announced_by),
            ("announced on", self.announced_on or ""),
            ("between", ", ".join(self.between)),
            ("and", ", ".join(self.other)),
            ("around", "; ".join(self.around)),
            ("along", self.along),
            ("width", f"{self.width} km"),
            ("side", self.side),
            ("ends", self.ends),
            ("places", ", ".join(name for name, _ in self.places)),
        ]
        reports = [(one.said_by, one.date or "", one.claim, one.url) for one in self.reports]
        rows = [("said by", "on", "claim", "reported at"), *reports] if reports else []
        return card_html("Scenario", self.title, facts, rows=rows)


_ENDS = ("round", "flat")

# The kinds of values that the constructors take.
_DATE = Kind(lambda value: isinstance(value, dt.date), "a datetime.date")
_PEOPLE = Kind(
    lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= 0,
    "a whole number of people",
)
_LANGUAGE = Kind(
    lambda value: isinstance(value, str) and value in list_languages(),
    f"one of {', '.join(map(repr, list_languages()))}",
)
_END = Kind(lambda value: isinstance(value, str) and value in _ENDS, "'round' or 'flat'")
_NAMES = Kind(is_tuple_of(NAME.accepts), "a tuple of names of regions")
_NAMES_OF_WIDTHS = Kind(
    lambda value: all(map(NAME.accepts, value)), "widths by the name of a side or section"
)
_REPORTS = Kind(is_tuple_of(lambda one: isinstance(one, Report)), "a tuple of Reports")
_PLACES = Kind(
    is_tuple_of(lambda pair: is_tuple_of(NAME.accepts)(pair) and len(pair) == 2),
    "a tuple of pairs: the name of a place, and its hromada or ''",
)
# A point is only a pair of numbers: we do not know who measured it.
_TYPED = "as given in the scenario"

_DEFAULT_FILE = "announced-zone-2025.toml"

# A scenario is one or two pages of text. A file of more bytes is something else.
_MOST_BYTES = 10_000_000

# Every key that a scenario may have, by table, with the types of its value.
_KEYS: Mapping[str, Mapping[str, tuple[type, ...]]] = {
    "": {
        "title": (str, dict), "summary": (str, dict), "announced_by": (str, dict),
        "announced_on": (dt.date,),
        "zone": (dict,), "report": (list,), "place": (list,),
    },
    "zone": {
        "between": (str, list), "and": (str, list), "side": (str,),
        "km": (int, float, str, list, dict), "from_km": (int, float, str), "ends": (str,),
        "country": (str, list), "land_only": (bool,), "around": (str, list), "along": (str,),
    },
    "report": {
        "date": (dt.date,), "said_by": (str, dict), "claim": (str, dict), "url": (str,),
        "places": (list,), "people": (int,), "oblast": (str,), "all_within": (bool,),
        "km": (int, float, str),
    },
    "place": {"name": (str,), "hromada": (str,)},
}  # fmt: skip


_SCENARIO = Kind(lambda value: isinstance(value, Scenario), "a Scenario of load_scenario()")
_REGIONS = Kind(lambda value: isinstance(value, Regions), "Regions of load_regions()")


def load_scenario(path: str | Path | None = None, *, language: str = "en") -> Scenario:
    """Read a scenario from a TOML file; by default the bundled zone announced in May 2025.

    Parameters
    ----------
    path
        The file.
    language
        ``"en"``, ``"uk"``, ``"ru"`` or ``"pl"``: the language of texts that the file has in
        several, as in ``title = { en = "…", uk = "…" }``. If a text lacks that language, its
        English version or else its first version is used.

    Raises
    ------
    DataError
        The file cannot be read, is not TOML, lacks a key, or has an unknown key or a value of the
        wrong type; the message names the file and the key. Or the language is unknown.

    Examples
    --------
    >>> scenario = load_scenario()
    >>> scenario.km, scenario.side, scenario.other
    ((10.0,), 'Ukraine', ('Chernihiv', 'Sumy', 'Kharkiv'))
    """
    check_arguments(path=(path, optional(PATH)), language=(language, TEXT))
    check_language(language)
    file = Path(path) if path is not None else data_folder() / "scenarios" / _DEFAULT_FILE
    content = _parse_toml(file)
    _check_content(file, content)
    zone = content["zone"]
    around = tuple(_locate_file(file, text) for text in _read_names(file, zone, "around"))
    places = tuple((one["name"], one.get("hromada", "")) for one in content.get("place", []))
    return Scenario(
        title=_pick_text(file, "title", content.get("title", file.stem), language),
        between=_read_names(file, zone, "between"),
        other=_read_names(file, zone, "and"),
        km=_parse_widths(file, zone["km"], from_km := _parse_from_km(file, zone)),
        from_km=from_km,
        side=zone.get("side", AROUND if holds_file(around) else BOTH),
        ends=zone.get("ends", "round"),
        summary=_pick_text(file, "summary", content.get("summary", ""), language),
        announced_by=_pick_text(file, "announced_by", content.get("announced_by", ""), language),
        announced_on=content.get("announced_on"),
        reports=tuple(
            _make_report(file, entry, language, places) for entry in content.get("report", [])
        ),
        places=places,
        language=language,
        country=_read_names(file, zone, "country"),
        land_only=zone.get("land_only", False),
        around=around,
        along=_locate_file(file, zone["along"]) if "along" in zone else "",
    )


def _locate_file(scenario: Path, text: str) -> str:
    """Return the path of a file that a scenario names, which is relative to its own folder.

    A point, and the address of a database, stay as they are.
    """
    return text if "://" in text or parse_point(text) is not None else str(scenario.parent / text)


def _parse_toml(file: Path) -> dict[str, Any]:
    try:
        if file.exists() and not (file.is_file() or file.is_dir()):
            raise DataError(f"Cannot read scenario {file}: it is a device or a pipe. Give a file.")
        if file.stat().st_size > _MOST_BYTES:
            raise DataError(
                f"Cannot read scenario {file}: {file.stat().st_size / 1e6:,.0f} MB. A scenario has "
                f"at most {_MOST_BYTES / 1e6:g} MB."
            )
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"Invalid scenario {file}: not UTF-8 at byte {error.start}. Save it as UTF-8."
        raise DataError(message) from error
    except (OSError, ValueError) as error:  # ValueError: no path may hold a zero byte
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"Cannot read scenario {file}: {reason}.") from error
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"Invalid scenario {file}: {error}. It must be TOML.") from error
    except RecursionError as error:
        raise DataError(
            f"Invalid scenario {file}, line {_find_deep_line(text)}: lists or tables are "
            "nested too deeply. A scenario needs two levels; close each bracket."
        ) from error
    # Python reads no whole number of more than 4,300 digits.
    except (ValueError, OverflowError) as error:
        raise DataError(
            f"Invalid scenario {file}, line {_find_long_number(text)}: a number of thousands of "
            "digits. Write a shorter number."
        ) from error


def _find_deep_line(text: str) -> int:
    """Return the line in which brackets first stand a hundred deep, or else stand deepest."""
    depth = deepest = place = 0
    for bracket in re.finditer(r"[][{}]", text):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > deepest:
            deepest, place = depth, bracket.start()
        if depth == 100:
            break
    return text.count("\n", 0, place) + 1


def _find_long_number(text: str) -> int:
    """Return the line of the first number of thousands of digits; the first line without one."""
    found = re.search(r"[0-9_]{4000}", text)
    return text.count("\n", 0, found.start() if found else 0) + 1


def _check_content(file: Path, content: dict[str, Any]) -> None:
    """Raise DataError if a scenario lacks a key, or has an unknown key or a wrong value."""
    _check_table(file, "", content)
    zone = content.get("zone", {})
    _check_table(file, "zone", zone)
    _check_line(file, zone)
    for table in ("report", "place"):
        for entry in content.get(table, []):
            _check_table(file, table, entry)
    for table, keys in (("report", ["claim"]), ("place", ["name"])):
        for key in keys:
            if any(key not in entry for entry in content.get(table, [])):
                message = f"Invalid scenario {file}: a [[{table}]] lacks {key!r}. Add it."
                raise DataError(message)
    if zone.get("ends", "round") not in _ENDS:
        hint = did_you_mean(zone["ends"], _ENDS)
        raise DataError(f"Invalid scenario {file}: [zone] ends = {zone['ends']!r}. {hint}")


def _check_line(file: Path, zone: Mapping[str, Any]) -> None:
    """Raise DataError unless a zone has a width, and its border is given in one way."""
    given = [key for key in ("around", "along") if key in zone]
    of_regions = [key for key in ("between", "and", "country", "land_only") if key in zone]
    if given and len(given + of_regions) > 1:
        one, other = (given + of_regions)[:2]
        raise DataError(
            f"Invalid scenario {file}: [zone] has {one!r} and {other!r}. Must be one of them."
        )
    for key in ("km",) if given else ("between", "and", "km"):
        if key not in zone:
            raise DataError(f"Invalid scenario {file}: [zone] lacks {key!r}. Add it.")


def _make_report(
    file: Path, entry: Mapping[str, Any], language: str, places: Sequence[tuple[str, str]]
) -> Report:
    said = {
        key: _pick_text(file, f"[[report]] {key}", value, language)
        for key, value in entry.items()
        if key in ("said_by", "claim", "url")
    }
    people = entry.get("people")
    if people is not None and people < 0:
        raise DataError(
            f"Invalid scenario {file}: [[report]] people = {people}. Must be zero or more."
        )
    for key in ("oblast", "all_within"):
        if key in entry and people is None:
            raise DataError(
                f"Invalid scenario {file}: a [[report]] has {key!r} without 'people'. Add people."
            )
    return Report(
        **said,
        date=entry.get("date"),
        language=language,
        places=_pick_places(file, entry.get("places", []), places),
        people=people,
        oblast=entry.get("oblast", ""),
        all_within=entry.get("all_within", False),
        km=_read_claimed_km(file, entry.get("km")),
    )


def _pick_places(
    file: Path, named: Sequence[object], places: Sequence[tuple[str, str]]
) -> tuple[tuple[str, str], ...]:
    """Return the places of a scenario that a report names; each must be a [[place]] there."""
    known = [name for name, _ in places]
    for name in named:
        if name not in known:
            hint = did_you_mean(str(name), known) if known else "The file has no [[place]]."
            raise DataError(
                f"Invalid scenario {file}: [[report]] places has {quote_value(name)}. Must be the "
                f"name of a [[place]] of the file. {hint}"
            )
    return tuple(place for place in places if place[0] in named)


def _read_claimed_km(file: Path, given: Any) -> float | None:
    """Return the width that a report gives, in kilometres."""
    try:
        return None if given is None else _read_one_width(given)
    except GeometryError as error:
        raise _width_error(file, "km", given, error, "[[report]]") from error


def _pick_text(file: Path, key: str, given: str | Mapping[str, Any], language: str) -> str:
    """Return a text; of a text in several languages, the version in the given language."""
    if isinstance(given, str):
        return given
    for key_language, text in given.items():
        if key_language not in list_languages() or not isinstance(text, str):
            hint = did_you_mean(key_language, list_languages())
            raise DataError(
                f"Invalid scenario {file}: {key} has {key_language} = {quote_value(text)}. {hint}"
            )
    return str(given.get(language) or given.get("en") or next(iter(given.values()), ""))


def _check_table(file: Path, table: str, content: object) -> None:
    """Raise DataError for unknown keys and values of the wrong type."""
    where = f"[{table}] " if table else ""
    if not isinstance(content, dict):
        raise DataError(f"Invalid scenario {file}: {where}must be a table of keys and values.")
    known = _KEYS[table]
    for key, value in content.items():
        if key not in known:
            hint = did_you_mean(key, known)
            raise DataError(f"Invalid scenario {file}: {where}has an unknown key {key!r}. {hint}")
        if not isinstance(value, known[key]) or isinstance(value, bool) != (known[key] == (bool,)):
            expected = " or ".join(dict.fromkeys(_TYPE_NAMES[type_] for type_ in known[key]))
            raise DataError(
                f"Invalid scenario {file}: {where}{key} = {quote_value(value)}. Must be {expected}."
            )


_TYPE_NAMES = {
    str: "a text", bool: "true or false", list: "a list", dict: "a table", int: "a number",
    float: "a number",
    dt.date: "a date such as 2025-05-22, without quotes",
}  # fmt: skip


# What a key of [zone] holds, one or several of it.
_NAMED = {
    "between": "name a region", "and": "name a region", "country": "name a country",
    "around": "be a point such as '51.39, 30.1', or a file,",
}  # fmt: skip


def _read_names(file: Path, zone: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Return the texts of a key, of which there may be one or several; none without the key."""
    if key not in zone:
        return ()
    given = zone[key]
    names = [given] if isinstance(given, str) else given
    if not names or not all(isinstance(name, str) and name for name in names):
        raise DataError(
            f"Invalid scenario {file}: [zone] {key} = {quote_value(given)}. Must {_NAMED[key]} or "
            "several."
        )
    return tuple(names)


def _parse_from_km(file: Path, zone: Mapping[str, Any]) -> float:
    given = zone.get("from_km", 0.0)
    try:
        return parse_from_km(given)
    except GeometryError as error:
        raise _width_error(file, "from_km", given, error) from error


def _width_error(
    file: Path, key: str, given: object, error: GeometryError, table: str = "[zone]"
) -> DataError:
    """Return the error about a width in a scenario, with what the reader of widths says of it."""
    about = str(error).removeprefix(f"Invalid {key} {quote_value(given)}")
    about = f": {about}" if about.startswith("Invalid") else about
    return DataError(f"Invalid scenario {file}: {table} {key} = {quote_value(given)}{about}")


def _parse_widths(file: Path, given: Any, from_km: float) -> tuple[float, ...] | dict[str, float]:
    if isinstance(given, (list, dict)) and not given:
        raise DataError(
            f"Invalid scenario {file}: [zone] km = {quote_value(given)}. Must be a number or "
            "several, or one for each side or section, as in { Ukraine = 10, Russia = 5 }."
        )
    try:
        return _read_widths(given, from_km)
    except GeometryError as error:
        raise _width_error(file, "km", given, error) from error


def _read_one_width(given: Any) -> float:
    """Return a width in kilometres; several are refused."""
    (width,) = cast("tuple[float, ...]", parse_widths([given]))
    return width


def _read_widths(given: Any, from_km: float) -> tuple[float, ...] | dict[str, float]:
    """Return one width, several, or one for each name, in kilometres."""
    if isinstance(given, Mapping):
        check_arguments(km=([*given], _NAMES_OF_WIDTHS))
    return parse_widths(given, from_km)


def parse_point(text: str, key: str = "[zone] around") -> Point | None:
    """Return the point that a text of latitude and longitude gives; None if it names a file.

    Raises
    ------
    GeometryError
        The text is a position outside the ranges of latitude and longitude; the message names
        ``key``.

    Examples
    --------
    >>> print(parse_point("51.39, 30.1"), parse_point("parks.gpkg"))
    POINT (30.1 51.39) None
    """
    import shapely

    # In general "51,34" may be one decimal number. Here it cannot: one number is no point.
    if re.fullmatch(r"\s*[+-]?\d+,[+-]?\d+\s*", text):
        text = text.replace(",", ", ")
    try:
        found = parse_position(text)
    except CoordinateError as error:
        raise GeometryError(f"Invalid {key} {text!r}: {error}. {PAIR_FORMS}") from error
    if found is None or math.isnan(found.latitude):
        return None
    if abs(found.longitude) > 180.0:
        raise GeometryError(
            f"Invalid {key} {text!r}. Must be latitude within ±90, then longitude within ±180."
        )
    return shapely.Point(found.longitude, found.latitude)


def holds_file(around: Iterable[str]) -> bool:
    """Return whether texts name files, and not only points, around which nothing can be filled.

    Examples
    --------
    >>> holds_file(["51.39, 30.1"]), holds_file(["51.39, 30.1", "parks.gpkg"])
    (False, True)
    """
    return any(parse_point(text) is None for text in around)


def make_border_around(
    read: Iterable[tuple[list[Any], list[str], Source]], points: Sequence[Point], source: Source
) -> Border:
    """Return the border around shapes that were read from files, and around points.

    Parameters
    ----------
    read
        For each file its shapes, their names and their source.
    points
        Points, which are named by their latitude and longitude.
    source
        The source of the points.

    Raises
    ------
    GeometryError
        As :func:`geobuffer.border_around`.

    Examples
    --------
    >>> import shapely
    >>> from geobuffer.zones.source import Source
    >>> make_border_around([], [shapely.Point(30.1, 51.39)], Source("a map"))
    Border(inside | outside: 51.39, 30.1; 0 km)
    """
    given = list(read)
    if points:
        given.append(([*points], [f"{point.y:.8g}, {point.x:.8g}" for point in points], source))
    return border_around(
        [shape for shapes, *_ in given for shape in shapes],
        names=[name for _, names, _ in given for name in names],
        source=join_sources(source for *_, source in given),
    )


def load_country_regions(country: Iterable[str]) -> Regions:
    """Return countries of the world and their regions, to be named on the sides of a border.

    Raises
    ------
    UnknownRegion, DataError
        As :func:`geobuffer.load_regions`.

    Examples
    --------
    >>> regions = load_country_regions(["LS", "ZA"])  # doctest: +SKIP
    >>> regions["LS"].name, regions["ZA-FS"].name  # doctest: +SKIP
    ('Lesotho', 'Free State')
    """
    names = list(country)
    levels = (load_regions("world", country=names, level=level) for level in (0, 1))
    return Regions(tuple(region for regions in levels for region in regions))


def scenario_border(scenario: Scenario, regions: Regions | None = None) -> Border:
    """Return the border of a scenario.

    Parameters
    ----------
    scenario
        The scenario.
    regions
        Regions that include those of the scenario. By default those of its countries of the world,
        or else the bundled oblasts. A scenario around points or along a file needs none.

    Raises
    ------
    UnknownRegion
        The scenario names a region that is missing in ``regions``.
    NotAdjacent, GeometryError
        As :func:`geobuffer.border_between`.
    DataError, MissingCRSError, WrongKind
        A file that the scenario names cannot be read; or the extra ``world`` is not installed.

    Examples
    --------
    >>> import geobuffer as gb
    >>> len(scenario_border(gb.load_scenario()).sections)
    5
    >>> scenario_border(gb.Scenario("A plant", (), (), km=30, around=["51.39, 30.1"]))
    Border(inside | outside: 51.39, 30.1; 0 km)
    """
    check_arguments(scenario=(scenario, _SCENARIO), regions=(regions, optional(_REGIONS)))
    if scenario.along or scenario.around:
        return _read_border(scenario)
    if regions is None:
        regions = load_country_regions(scenario.country) if scenario.country else load_regions()
    return border_between(
        regions[scenario.between], regions[scenario.other], land_only=scenario.land_only
    )


def _read_border(scenario: Scenario) -> Border:
    """Return the border of a scenario that has no regions."""
    # The readers take long to load, and most scenarios name no file.
    from geobuffer.io.read.read import read_border, read_shapes

    if scenario.along:
        return read_border(scenario.along)
    texts = {text: parse_point(text) for text in scenario.around}
    points = [point for point in texts.values() if point is not None]
    files = [text for text, point in texts.items() if point is None]
    return make_border_around(map(read_shapes, files), points, Source(_TYPED))


def scenario_zone(scenario: Scenario, regions: Regions | None = None) -> Zone:
    """Build the zone of a scenario.

    Parameters
    ----------
    scenario
        The scenario.
    regions
        As for :func:`scenario_border`.

    Raises
    ------
    UnknownRegion, NotAdjacent, GeometryError, DataError, UnknownSide
        As :func:`scenario_border` and :func:`geobuffer.build_zone`.

    Examples
    --------
    >>> import geobuffer as gb
    >>> zone = scenario_zone(gb.load_scenario(), gb.load_regions())
    >>> zone.width_km, len(zone.border.sections)
    (10.0, 5)
    """
    check_arguments(scenario=(scenario, _SCENARIO), regions=(regions, optional(_REGIONS)))
    return build_zone(
        scenario_border(scenario, regions),
        km=scenario.km,
        from_km=scenario.from_km,
        side=scenario.side,
        ends=scenario.ends,
    )


def scenario_places(scenario: Scenario, table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the rows of a table of settlements that the reports of a scenario name.

    A place is found by its name, in any language and spelling. If the scenario gives its hromada,
    the hromada must match too, because several places may have one name. The rows are in the order
    of the scenario.

    Parameters
    ----------
    scenario
        The scenario.
    table
        Settlements with the columns ``name_uk`` and ``hromada``.

    Raises
    ------
    DataError
        A place is not in the table, or several times.

    Examples
    --------
    >>> import geobuffer as gb
    >>> named = scenario_places(gb.load_scenario(), gb.load_settlements())
    >>> named["name_en"].tolist()
    ['Novenke', 'Basivka', 'Veselivka', 'Zhuravka']
    """
    check_arguments(scenario=(scenario, _SCENARIO))
    check_points_table(table, "table")
    columns = [table[c] for c in NAME_COLUMNS if c in table]
    rows = []
    bearers = find_bearers(scenario, table)
    for name, hromada in scenario.places:
        found = bearers[name, hromada]
        if len(found) != 1:
            # Scenarios name places in Ukrainian, so names in another script would match nothing.
            own = table["name_uk"] if "name_uk" in table else columns[0]
            near = _list_rows_of_hromada(_key_hromadas(get_column(table, "hromada")), hromada)
            hint = did_you_mean(name, [str(own.iloc[row]) for row in near])
            where = f" in {hromada!r}" if hromada else ""
            if len(found) > 1 and not hromada:
                hint = "Give its hromada in the scenario."
            raise DataError(
                f"Invalid place {name!r}{where} of the scenario: it is in the table "
                f"{len(found)} times. Must be there once. {hint if len(near) else _NO_HROMADA}"
            )
        rows.append(found[0])
    return table.iloc[rows]


def find_bearers(scenario: Scenario, table: gpd.GeoDataFrame) -> dict[tuple[str, str], list[int]]:
    """Return the rows of a table that may be meant by each place of a scenario and its reports.

    Examples
    --------
    >>> import geobuffer as gb
    >>> scenario = gb.Scenario("", ("Kursk",), ("Sumy",), 10, places=(("Юнаківка", ""),))
    >>> [len(rows) for rows in find_bearers(scenario, gb.load_settlements()).values()]
    [1]
    """
    check_arguments(scenario=(scenario, _SCENARIO))
    check_points_table(table, "table")
    columns = [table[c] for c in NAME_COLUMNS if c in table]
    named = [*scenario.places, *(place for one in scenario.reports for place in one.places)]
    bearers = {}
    hromadas = _key_hromadas(get_column(table, "hromada"))
    for name, hromada in dict.fromkeys(named):
        near = _list_rows_of_hromada(hromadas, hromada)
        exact = [int(row) for row in near if any(c.iloc[row] == name for c in columns)]
        bearers[name, hromada] = exact or _find_named(table.iloc[near], name, near)
    return bearers


def _list_rows_of_hromada(keys: NDArray[np.object_], hromada: str) -> NDArray[np.int64]:
    """Return the numbers of the rows of a hromada, by the key of each; of all if none is given."""
    if not hromada:
        return np.arange(len(keys))
    return np.flatnonzero(keys == _key_hromadas([hromada])[0])


def _key_hromadas(hromadas: Iterable[object]) -> NDArray[np.object_]:
    """Return the keys by which hromadas are compared, without the word for their kind."""
    names = [one if isinstance(one, str) else "" for one in hromadas]
    distinct = list(dict.fromkeys(names))
    keys = dict(zip(distinct, make_name_keys(map(strip_kind, distinct)), strict=True))
    return np.array([keys[name] for name in names], dtype=object)


def _find_named(table: pd.DataFrame, name: str, rows: NDArray[np.int64]) -> list[int]:
    """Return which of these rows have a name, in any spelling; none that is only similar."""
    found = NameIndex(table).find(name)
    if not found.is_exact or found.by == "hromada":
        return []
    best = min(found.ranks, default=0)
    return [int(rows[n]) for n, rank in zip(found.rows, found.ranks, strict=True) if rank == best]


# Added to the message if the table lacks the hromada that the scenario names.
_NO_HROMADA = "The table has no places of that hromada."

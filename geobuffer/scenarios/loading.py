"""A scenario from its file: TOML, every key of which is checked."""

from __future__ import annotations

import datetime as dt
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geobuffer.datasets import data_folder
from geobuffer.errors import DataError, GeometryError, did_you_mean
from geobuffer.model import BOTH
from geobuffer.names import LANGUAGES
from geobuffer.scenarios.scenario import Report, Scenario
from geobuffer.widths import FORMS, kilometres

if TYPE_CHECKING:
    from collections.abc import Mapping

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
        return kilometres(given)
    except GeometryError as error:
        raise DataError(f"Invalid scenario {file}: [zone] from_km = {given!r}. {FORMS}") from error


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
        found = tuple(kilometres(width) for width in widths)
    except GeometryError as error:
        message = f"Invalid scenario {file}: [zone] km = {given!r}. {FORMS}"
        raise DataError(message) from error
    return dict(zip(given, found, strict=True)) if isinstance(given, dict) else found

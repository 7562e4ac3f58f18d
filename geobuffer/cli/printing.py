"""What the commands print: text and tables for people, JSON for scripts."""

from __future__ import annotations

import json
import numbers
import re
import sys
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from geobuffer.cli.wording import in_options
from geobuffer.queries import ORIGIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    import geobuffer as gb
    from geobuffer.combined import Zone

# Answers go here.
_answers = Console()
#: Progress, notes and errors go here.
stderr = Console(stderr=True)


# What a terminal obeys in place of showing it: controls, but tabs and line ends, and marks that
# turn the direction of what follows. A name may have them.
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def inert(text: str) -> Text:
    r"""Return text for a terminal that shows it, and does nothing that it says.

    Examples
    --------
    >>> inert("\x1b[31mred[/bold]").plain
    '\\x1b[31mred[/bold]'
    """
    return Text(_OBEYED.sub(lambda sign: ascii(sign[0])[1:-1], text))


@contextmanager
def progress(task: str) -> Iterator[None]:
    """Show on a terminal that something is being done."""
    if not stderr.is_terminal:
        yield
        return
    with stderr.status(f"{task} …"):
        yield


@contextmanager
def telling() -> Iterator[None]:
    """Print what users are warned of, as a line each, to stderr."""
    with warnings.catch_warnings():
        others = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *where: Any) -> None:
            if issubclass(category, UserWarning):
                note(in_options(str(message)))
            else:
                others(message, category, *where)

        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = show  # type: ignore[assignment]
        yield


def note(text: str) -> None:
    """Print what should be known of an answer, to stderr."""
    stderr.print(inert(f"geobuffer: note: {text}"), soft_wrap=True)


def say(text: str) -> None:
    """Print a line of the answer."""
    _answers.print(inert(text), soft_wrap=True)


def print_table(table: pd.DataFrame, title: str) -> None:
    """Print a table with short headings: as wide as the terminal, or as it is long for a file."""
    say(title)
    printed = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in table.columns:
        numeric = pd.api.types.is_numeric_dtype(table[column])
        heading = _HEADINGS.get(str(column), str(column))
        printed.add_column(inert(heading), justify="right" if numeric else "left", overflow="fold")
    for row in table.itertuples(index=False):
        printed.add_row(*(inert(" ".join(_cell(value).split("\n"))) for value in row))
    paper = _answers if _answers.is_terminal else Console(width=_UNBROKEN)
    paper.print(printed)


def say_sources(table: pd.DataFrame, of: str, *, bundled: bool) -> None:
    """Print what a caption must say of a table that was measured against a border or point."""
    origin = table.attrs.get(ORIGIN, {})
    border = origin.get("border_citation") or origin.get("border_source")
    if border:
        as_of = f" As of {origin['border_as_of']}." if "border_as_of" in origin else ""
        say(f"{of}: {border.rstrip('.')}.{as_of}")
    if origin.get("places_source"):
        say(f"Places and people: {origin['places_source'].rstrip('.')}.")
    if bundled:
        say("The bundled figures of people are pre-war: of about 2020, or undated.")


# Columns of letters where nobody's terminal ends: no name is broken for a file or another program.
_UNBROKEN = 10_000

# Short headings for a terminal; files and JSON keep the columns' own names.
_HEADINGS = {
    "name_en": "name", "name_uk": "українською", "raion_en": "raion", "distance_km": "km",
    "places": "inside", "population": "people", "without_figure": "no figure for",
    "population_uncertain": "people", "uncertain_without_figure": "no figure for",
    "within_km": "within km", "area_km2": "km²", "accuracy_m": "± m", "as_of": "as of",
    "population_places": "people", "population_raster": "raster", "no_data_km2": "km² no data",
}  # fmt: skip


def _cell(value: object) -> str:
    if pd.isna(value):  # type: ignore[call-overload]
        return "–"
    if isinstance(value, float):
        return f"{value:,.1f}"
    return f"{value:,}" if isinstance(value, numbers.Integral) else str(value)


def print_json(facts: object) -> None:
    """Print facts as JSON; signs that a terminal would obey are escaped, as JSON can have them."""
    text = json.dumps(facts, ensure_ascii=False, indent=2)
    sys.stdout.write(_OBEYED.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text) + "\n")


def print_records(table: pd.DataFrame) -> None:
    """Print a table as JSON: a list of its rows."""
    print_json(json.loads(table.to_json(orient="records", force_ascii=False, double_precision=9)))


def zone_facts(built: Zone, border: gb.Border) -> dict[str, Any]:
    """Return what JSON says of a zone."""
    return {
        "side": built.side,
        "ends": built.ends,
        "edges_km": list(built.edges_km),
        "area_km2": built.area_km2,
        "ring_areas_km2": list(built.ring_areas_km2),
        "edge_error_m": built.error_m,
        "border_km": border.length_km,
        "sections": [section.name for section in border.sections],
        "healing": None if border.healing is None else vars(border.healing),
    }

"""What the commands print: text and tables for people, JSON for scripts.

Files that commands are told to write: what cannot be, is refused before anything is computed.

What the library's messages call arguments of Python, said as options of the command line.
"""

from __future__ import annotations

import difflib
import functools
import json
import numbers
import re
import sys
import warnings
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import geobuffer as gb

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import pandas as pd
    from rich.console import Console
    from rich.text import Text

    from geobuffer.zones.zone import Zone


def check_zone_file(path: Path | None) -> None:
    """Raise WriteError or DataError for a file that cannot be written, or cannot hold a zone."""
    if path is not None:
        _check_target(path, gb.BufferZone)


def check_places_file(path: Path | None) -> None:
    """Raise WriteError or DataError for a file that cannot be written, or cannot hold places."""
    if path is not None:
        import geopandas as gpd

        _check_target(path, gpd.GeoDataFrame)


def check_table(path: Path | None) -> None:
    """Raise WriteError or DataError for a file that cannot be written, or cannot hold a table."""
    if path is not None:
        import pandas as pd

        _check_target(path, pd.DataFrame)


def check_page(path: Path | None) -> None:
    """Raise WriteError or DataError for a file that cannot be written, or is not HTML."""
    if path is not None:
        import folium

        _check_target(path, folium.Map)


def check_picture(path: Path | None) -> None:
    """Raise an error for a picture that cannot be written, or drawn without matplotlib."""
    if path is not None:
        from geobuffer.viz.figure.plot import require_matplotlib

        require_matplotlib()
        from matplotlib.figure import Figure

        _check_target(path, Figure)


def _check_target(path: Path, kind: type) -> None:
    from geobuffer.io.write.write import check_target

    check_target(path, kind)


#: The options that give the arguments of the library their values, in most commands. Widths, side
#: and ends are not among them: a scenario file may give them, so messages call them as it does.
OPTIONS = {
    "by": "--by", "crs": "--crs", "layer": "--layer", "step_km": "--step-km",
    "swap": "--swap", "to_km": "--to-km", "tolerance_m": "--tolerance", "values": "--values",
}  # fmt: skip

#: The options that say how the files of ``--places`` are read.
OPTIONS_OF_PLACES = OPTIONS | {
    "crs": "--places-crs", "layer": "--places-layer", "swap": "--places-swap",
}  # fmt: skip

# What messages recommend to users of Python, and what the command line has in its place.
_RECOMMENDED = {
    "read_settlements(swap=True)": "--places-swap", "read_settlements()": "--places",
    "read_border()": "--along", "read_regions(), their outline is border_of()": "--around",
    "side= takes": "--side takes", "max_gb= allows more": "In Python, max_gb= allows more",
}  # fmt: skip

# An argument as messages write it: swap=True, crs="EPSG:4326", tolerance_m=50, or layer= alone.
# In the address of a database, & and ? stand before names. No message uses tolerance_m otherwise.
_ARGUMENT = re.compile(
    r'(?<![?&\w])(?:(?P<name>\w+)=(?:True\b|"(?P<text>[^"]*)"|(?P<number>\d+)|(?=[ :]))'
    r"|(?P<bare>tolerance_m)\b)"
)


# What other programs call some of our options.
_ELSEWHERE = {
    "--width": "--km", "--distance": "--km", "--radius": "--km", "--buffer": "--km",
    "--output": "--out",
}  # fmt: skip


def option_meant(name: str) -> str:
    """Return the option that goes by another name elsewhere, be it misspelt; empty if none does.

    Examples
    --------
    >>> option_meant("--widht"), option_meant("--sdie")
    ('--km', '')
    """
    near = difflib.get_close_matches(name, _ELSEWHERE, 1, cutoff=0.8)
    return _ELSEWHERE[near[0]] if near else ""


def in_options(
    text: str, options: Mapping[str, str] = OPTIONS, *, parameter: str | None = None
) -> str:
    """Return a message of the library in which options stand for the arguments of Python.

    Parameters
    ----------
    text
        The message.
    options
        The option for each argument that the command passes on.
    parameter
        The argument that is invalid, as the error says.

    Examples
    --------
    >>> in_options('No coordinate reference system. Must have one: crs="EPSG:4326" fits.')
    'No coordinate reference system. Must have one: --crs EPSG:4326 fits.'
    >>> in_options("Must be in that order; swap=True turns them.", OPTIONS_OF_PLACES)
    'Must be in that order; --places-swap turns them.'
    >>> in_options("Invalid by 'oblats'.", parameter="by")
    "Invalid --by 'oblats'."
    """
    for call, option in _RECOMMENDED.items():
        text = text.replace(call, option)
    if parameter is not None and parameter in options:
        text = text.replace(f"Invalid {parameter} ", f"Invalid {options[parameter]} ", 1)

    def name_option(found: re.Match[str]) -> str:
        name = found["name"] or found["bare"]
        value = found["text"] or found["number"]
        return " ".join(filter(None, (options[name], value))) if name in options else found[0]

    return _ARGUMENT.sub(name_option, text)


# The options that the library's arguments have while a part of a command runs.
_current: ContextVar[Mapping[str, str]] = ContextVar("options", default=OPTIONS)


@contextmanager
def name_options(options: Mapping[str, str]) -> Iterator[None]:
    """Name these options in the errors and warnings of the library that come meanwhile."""
    before = _current.set({**OPTIONS, **options})
    try:
        yield
    except gb.GeobufferError as error:
        message = in_options(str(error), _current.get(), parameter=error.parameter)
        error.args = (message, *error.args[1:])
        raise
    finally:
        _current.reset(before)


@functools.cache
def stdout_console() -> Console:
    """Return the console of answers."""
    from rich.console import Console

    return Console()


@functools.cache
def stderr_console() -> Console:
    """Return the console of progress, notes and errors."""
    from rich.console import Console

    return Console(stderr=True)


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
    from rich.text import Text

    return Text(_OBEYED.sub(lambda sign: ascii(sign[0])[1:-1], text))


@contextmanager
def progress(task: str) -> Iterator[None]:
    """Show on a terminal that something is being done."""
    if not stderr_console().is_terminal:
        yield
        return
    with stderr_console().status(f"{task} …"):
        yield


@contextmanager
def telling() -> Iterator[None]:
    """Print what users are warned of, as a line each, to stderr."""
    with warnings.catch_warnings():
        others = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *where: Any) -> None:
            if issubclass(category, UserWarning):
                note(in_options(str(message), _current.get()))
            else:
                others(message, category, *where)

        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = show  # type: ignore[assignment]
        yield


def note(text: str) -> None:
    """Print what should be known of an answer, to stderr."""
    stderr_console().print(inert(f"geobuffer: note: {text}"), soft_wrap=True)


def say(text: str) -> None:
    """Print a line of the answer."""
    stdout_console().print(inert(text), soft_wrap=True)


def print_table(table: pd.DataFrame, title: str) -> None:
    """Print a table with short headings: as wide as the terminal, or as it is long for a file."""
    import pandas as pd
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    say(title)
    printed = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in table.columns:
        numeric = pd.api.types.is_numeric_dtype(table[column])
        heading = _HEADINGS.get(str(column), str(column))
        printed.add_column(inert(heading), justify="right" if numeric else "left", overflow="fold")
    for row in table.itertuples(index=False):
        printed.add_row(*(inert(" ".join(_cell(value).split("\n"))) for value in row))
    on_terminal = stdout_console().is_terminal
    console = stdout_console() if on_terminal else Console(width=_UNBROKEN)
    console.print(printed)


def say_sources(table: pd.DataFrame, of: str, *, bundled: bool) -> None:
    """Print what a caption must say of a table that was measured against a border or point."""
    from geobuffer.zones.source import ORIGIN

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
    import pandas as pd

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

"""Print answers, notes and errors, and check early that the files of answers can be written.

Answers are text and tables for people, or JSON for scripts. Messages of the library name arguments
of Python; :func:`in_options` puts the options of the command line in their place.
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
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import geobuffer as gb

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import pandas as pd
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from geobuffer.zones.zone import Zone


def check_zone_file(path: Path | None) -> None:
    """Raise WriteError or DataError for a file that cannot be written, or cannot hold a zone."""
    if path is not None:
        _check_target(path, gb.BufferZone)


def check_places_file(path: Path | None, csv_locale: str | None) -> None:
    """Raise WriteError or DataError for a file that cannot be written, or cannot hold places."""
    _check_csv_locale(path, csv_locale)
    if path is not None:
        import geopandas as gpd

        _check_target(path, gpd.GeoDataFrame)


def check_table(path: Path | None, csv_locale: str | None) -> None:
    """Raise WriteError or DataError for a file that cannot be written, or cannot hold a table."""
    _check_csv_locale(path, csv_locale)
    if path is not None:
        import pandas as pd

        _check_target(path, pd.DataFrame)


def check_page(path: Path | None) -> None:
    """Raise WriteError or DataError for a file that cannot be written, or is not HTML."""

    class Map:
        """A stand-in for a folium map, because importing folium takes 0.2 s."""

    if path is not None:
        _check_target(path, Map)


def check_picture(path: Path | None, size: str = "") -> None:
    """Raise an error for a picture that cannot be written or drawn, or has an unknown size."""
    if size:
        from geobuffer.viz.figure.layout import parse_size

        parse_size(size, is_wide=True)
        if path is None:
            raise gb.DataError(f"Invalid --size {size}. Must come with --png FILE.")
    if path is not None:
        from geobuffer.viz.figure.plot import require_matplotlib

        require_matplotlib()
        from matplotlib.figure import Figure

        _check_target(path, Figure)


def check_folder(path: Path, *, cache: Path) -> None:
    """Raise DataError or WriteError unless a path is a writable folder other than the cache."""
    from geobuffer.io.atomic import check_folder_writable

    if not path.is_dir():
        raise gb.DataError(f"Invalid --out {str(path)!r}. Must be a folder that exists.")
    if cache.resolve() in (path.resolve(), *path.resolve().parents):
        raise gb.WriteError(
            f"Invalid --out {str(path)!r}: it is the cache, from which the data are read. Must be "
            "another folder."
        )
    check_folder_writable(path, f"Invalid --out {str(path)!r}")


def check_bulk(path: Path, csv_locale: str | None) -> None:
    """Raise DataError or WriteError for a file or folder that cannot hold a large table."""
    from geobuffer.analysis.bulk import check_bulk_target

    _check_not_read(path)
    check_bulk_target(path)
    _check_csv_locale(path, csv_locale)


def _check_csv_locale(path: Path | None, csv_locale: str | None) -> None:
    from geobuffer.io.write.write import check_csv_locale

    if path is not None:
        check_csv_locale(path, csv_locale)
    elif csv_locale is not None:
        raise gb.DataError(f"Invalid --csv-locale {csv_locale}. Must come with --out FILE.csv.")


def _check_target(path: Path, kind: type) -> None:
    from geobuffer.io.write.write import check_target

    _check_not_read(path)
    check_target(path, kind)


# The files that the current command reads, each with its option.
_read: ContextVar[Sequence[tuple[str, str]]] = ContextVar("read", default=())


@contextmanager
def protect_inputs(files: Sequence[tuple[str, str]]) -> Iterator[None]:
    """Raise an error if a command would write to one of these files, which it reads."""
    before = _read.set(files)
    try:
        yield
    finally:
        _read.reset(before)


def _check_not_read(path: Path) -> None:
    """Raise WriteError for an output that is read by the command, or is one of our own files."""
    from geobuffer.io.atomic import check_not_input
    from geobuffer.zones.data_folder import data_folder

    check_not_input(path, _read.get())
    if path.exists() and data_folder().resolve() in path.resolve().parents:
        raise gb.WriteError(
            f"Invalid file {str(path)!r}: it is one of the bundled data. Must be another file."
        )


#: The option for each argument of the library, in most commands. Widths, side and ends are missing:
#: a scenario file may state them, so messages use the names of its keys.
OPTIONS = {
    "by": "--by", "csv_locale": "--csv-locale", "of": "--of", "step_km": "--step-km",
    "to_km": "--to-km", "tolerance_m": "--tolerance", "values": "--values",
}  # fmt: skip

# Functions that messages recommend to users of Python, and the options that replace them here.
_RECOMMENDED = {
    "read_settlements(swap=True)": "--places-read swap=true", "read_settlements()": "--places",
    "read_border()": "--along", "read_regions(), their outline is border_of()": "--around",
    "side= takes": "--side takes",
}  # fmt: skip

# An argument as messages write it: swap=True, crs="EPSG:4326", tolerance_m=50, or layer= alone.
# A name after & or ? belongs to the address of a database, and a quoted one is a key of a scenario
# file: both stay. tolerance_m alone is always the argument.
_ARGUMENT = re.compile(
    r'(?<![?&\w\'])(?:(?P<name>\w+)=(?:(?P<flag>True)\b|"(?P<text>[^"]*)"|(?P<number>\d+)|'
    r"(?=[ :,.]))"
    r"|(?P<bare>tolerance_m)\b)"
)


# Names that other programs use for some of our options.
_OTHER_NAMES = {
    "--width": "--km", "--distance": "--km", "--radius": "--km", "--buffer": "--km",
    "--output": "--out",
    # Facts about a file are keys of one option.
    **{f"--places-{key}": "--places-read" for key in ("lon", "lat", "name", "sheet", "encoding")},
    **{f"--along-{key}": "--along-read" for key in ("name", "layer", "crs", "encoding")},
}  # fmt: skip


def find_option(name: str) -> str:
    """Return our option for a name that other programs use, even misspelt; "" without a match.

    Examples
    --------
    >>> find_option("--widht"), find_option("--places-sheet"), find_option("--sdie")
    ('--km', '--places-read', '')
    """
    near = difflib.get_close_matches(name, _OTHER_NAMES, 1, cutoff=0.8)
    return _OTHER_NAMES[near[0]] if near else ""


def in_options(
    text: str, options: Mapping[str, str] = OPTIONS, *, parameter: str | None = None
) -> str:
    """Return a message of the library with options in place of the arguments of Python.

    Parameters
    ----------
    text
        The message.
    options
        The option for each argument that the command passes on; or the option and its key, as in
        ``--places-read crs=``.
    parameter
        The argument that is invalid, as the error says.

    Examples
    --------
    >>> in_options('Must have one: crs="EPSG:4326" fits.', {"crs": "--places-read crs="})
    'Must have one: --places-read crs=EPSG:4326 fits.'
    >>> in_options("Must be in that order; swap=True turns them.", {"swap": "--along-read swap="})
    'Must be in that order; --along-read swap=true turns them.'
    >>> in_options("Invalid by 'oblats'.", parameter="by")
    "Invalid --by 'oblats'."
    """
    for call, option in _RECOMMENDED.items():
        text = text.replace(call, option)
    if parameter is not None and parameter in options:
        option = options[parameter].removesuffix("=")
        text = text.replace(f"Invalid {parameter} ", f"Invalid {option} ", 1)

    def name_option(found: re.Match[str]) -> str:
        name = found["name"] or found["bare"]
        value = found["text"] or found["number"]
        if name not in options:
            return found[0]
        if options[name].endswith("="):
            return options[name] + (value or found["flag"] or "").replace("True", "true")
        return " ".join(filter(None, (options[name], value)))

    return _ARGUMENT.sub(name_option, text)


# The options that replace the library's arguments in messages, while a part of a command runs.
_current: ContextVar[Mapping[str, str]] = ContextVar("options", default=OPTIONS)


@contextmanager
def name_options(options: Mapping[str, str]) -> Iterator[None]:
    """Replace arguments by these options in the errors and warnings that are raised inside."""
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


# Characters that control a terminal: control characters except tabs and line ends, and marks that
# change the direction of text. A name in a file may contain them.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def escape_controls(text: str) -> Text:
    r"""Return text in which characters that control a terminal are escaped, and markup is not read.

    Examples
    --------
    >>> escape_controls("\x1b[31mred[/bold]").plain
    '\\x1b[31mred[/bold]'
    """
    from rich.text import Text

    return Text(_CONTROLS.sub(lambda sign: ascii(sign[0])[1:-1], text))


@contextmanager
def show_progress(task: str) -> Iterator[None]:
    """Show on a terminal what is being computed."""
    if not stderr_console().is_terminal:
        yield
        return
    with stderr_console().status(f"{task} …"):
        yield


@contextmanager
def print_warnings() -> Iterator[None]:
    """Print each warning for users as one line on stderr."""
    with warnings.catch_warnings():
        others = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *where: Any) -> None:
            if issubclass(category, UserWarning):
                print_note(in_options(str(message), _current.get()))
            else:
                others(message, category, *where)

        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = show  # type: ignore[assignment]
        yield


def print_note(text: str) -> None:
    """Print a note about the answer on stderr."""
    stderr_console().print(escape_controls(f"geobuffer: note: {text}"), soft_wrap=True)


def print_line(text: str) -> None:
    """Print a paragraph of the answer: one line in a file, on a terminal broken between words."""
    console = stdout_console()
    console.print(escape_controls(text), soft_wrap=not console.is_terminal)


def print_table(table: pd.DataFrame, title: str, headings: Mapping[str, str] | None = None) -> None:
    """Print a table with short headings; it fits the terminal, and has full width in a file.

    No word is broken. Where a table is too wide for the terminal, the English and the Ukrainian
    name share a column; where that is not enough, columns follow in further tables, which repeat
    the first column. `headings` holds those of columns that only this table has.
    """
    from rich.console import Console

    print_line(title)
    columns = _format_columns(table, _HEADINGS | dict(headings or {}))
    if not stdout_console().is_terminal:
        Console(width=_FILE_WIDTH).print(_draw_table(columns, _FILE_WIDTH))
        return
    width = stdout_console().width
    if _measure_width(columns) > width:
        columns = _stack_names(columns)
    for part in _split_columns(columns, width):
        stdout_console().print(_draw_table(part, width))


class _Column(NamedTuple):
    """A column as it is printed."""

    heading: str
    cells: list[str]
    is_numeric: bool
    full_width: int
    """How many characters its longest line has."""
    least_width: int
    """How many characters it needs: of its longest word, and of short texts as a whole."""


def _make_column(heading: str, cells: list[str], *, is_numeric: bool) -> _Column:
    """Return a column with its widths, which take long to measure in a table of many rows."""
    texts = (heading, *cells)
    whole = [_measure_text(line) for line in _split_lines(cells)]
    words = [_measure_text(word) for text in texts for word in text.split()]
    full = max((*whole, *map(_measure_text, _split_lines([heading]))))
    least = max((*(size for size in whole if size <= _WRAPPED_FROM), *words), default=0)
    return _Column(heading, cells, is_numeric, full, least)


def _split_lines(texts: Iterable[str]) -> list[str]:
    return [line for text in texts for line in text.split("\n")]


def _measure_text(text: str) -> int:
    """Return how many columns of a terminal a text needs: a Chinese character needs two."""
    from rich.cells import cell_len

    return cell_len(text)


# Texts of more characters than this may be wrapped between words. The longest interval of an
# expected number, as in "1,838 (1,824–1,852)", stays in one line.
_WRAPPED_FROM = 20

# What a column needs besides its texts: two spaces, and one before the first column.
_GAP = 2


def _format_columns(table: pd.DataFrame, headings: Mapping[str, str]) -> list[_Column]:
    """Return the columns of a table as texts."""
    import pandas as pd

    columns = []
    for name, values in table.items():
        is_metres = str(name).endswith("_m")
        texts = (" ".join(_format_cell(value, is_metres).split("\n")) for value in values)
        # An escaped character is longer, so we measure columns afterwards.
        cells = [escape_controls(text).plain for text in texts]
        heading = escape_controls(headings.get(str(name), str(name))).plain
        is_numeric = pd.api.types.is_numeric_dtype(values)
        columns.append(_make_column(heading, cells, is_numeric=is_numeric))
    return columns


def _measure_width(columns: Sequence[_Column]) -> int:
    """Return how many characters a table needs if no word is broken."""
    return 1 + sum(column.least_width + _GAP for column in columns)


def _stack_names(columns: list[_Column]) -> list[_Column]:
    """Return columns with the columns of names joined into one, whose cells have two lines."""
    english, ukrainian = _HEADINGS["name_en"], _HEADINGS["name_uk"]
    found = {column.heading: column for column in columns}
    if not {english, ukrainian} <= set(found):
        return columns
    pairs = zip(found[english].cells, found[ukrainian].cells, strict=True)
    names = _make_column(
        f"{english}\n{ukrainian}", ["\n".join(pair) for pair in pairs], is_numeric=False
    )
    kept = [column for column in columns if column.heading not in {english, ukrainian}]
    return [names, *kept]


def _split_columns(columns: list[_Column], width: int) -> list[list[_Column]]:
    """Return columns as tables of a width; each begins with the first column.

    The columns after "uncertain" describe uncertain places, so they stay with it if they fit.

    Examples
    --------
    >>> names = ("ring", "inside", "uncertain", "people")
    >>> wide = [_make_column(name, ["123456789"], is_numeric=True) for name in names]
    >>> [[column.heading for column in part] for part in _split_columns(wide, 34)]
    [['ring', 'inside'], ['ring', 'uncertain', 'people']]
    """
    first, *others = columns
    parts = [[first]]
    for column in others:
        if len(parts[-1]) > 1 and _measure_width([*parts[-1], column]) > width:
            headings = [one.heading for one in parts[-1]]
            start = headings.index("uncertain") if "uncertain" in headings[2:] else len(headings)
            parts[-1], moved = parts[-1][:start], parts[-1][start:]
            parts.append([first, *moved])
        parts[-1].append(column)
    return parts


def _share_width(columns: Sequence[_Column], width: int) -> list[int]:
    """Return the width of each column; columns with the tallest cells get the spare width."""
    sizes = [column.least_width for column in columns]
    spare = width - _measure_width(columns)
    while spare > 0:
        lines, column = max((one.full_width / sizes[k], k) for k, one in enumerate(columns))
        if lines <= 1:
            break
        sizes[column] += 1
        spare -= 1
    return sizes


def _draw_table(columns: Sequence[_Column], width: int) -> Table:
    """Return a table of at most a width for rich, in which lines end only between words."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column, size in zip(columns, _share_width(columns, width), strict=True):
        justify: Any = "right" if column.is_numeric else "left"
        drawn.add_column(Text(column.heading), justify=justify, width=size, overflow="fold")
    for row in zip(*(column.cells for column in columns), strict=True):
        drawn.add_row(*map(Text, row))
    return drawn


def print_sources(table: pd.DataFrame, of: str, *, bundled: bool) -> None:
    """Print the sources of a table: of the border or point, and of the places."""
    from geobuffer.zones.source import ORIGIN

    origin = table.attrs.get(ORIGIN, {})
    border = origin.get("border_citation") or origin.get("border_source")
    if border:
        as_of = f" As of {origin['border_as_of']}." if "border_as_of" in origin else ""
        print_line(f"{of}: {border.rstrip('.')}.{as_of}")
    if origin.get("places_source"):
        print_line(f"Places and people: {origin['places_source'].rstrip('.')}.")
    if bundled:
        print_line("The bundled figures of people are pre-war: from about 2020, or without a date.")


# The width of a table in a file, in characters: wide enough that no name is broken.
_FILE_WIDTH = 10_000

# Short headings for a terminal; files and JSON have the names of the columns.
_HEADINGS = {
    "name_en": "name", "name_uk": "українською", "raion_en": "raion", "distance_km": "km",
    "nearest_point": "nearest point", "bearing_deg": "bearing °",
    "places": "inside", "population": "people", "without_figure": "no figure for",
    "population_uncertain": "people", "uncertain_without_figure": "no figure for",
    "within_km": "within km", "area_km2": "km²", "accuracy_m": "± m", "as_of": "as of",
    "not_located": "not located",
    "population_places": "people", "population_raster": "raster", "no_data_km2": "km² no data",
}  # fmt: skip


def _format_cell(value: object, is_metres: bool) -> str:  # noqa: FBT001 - called once
    import pandas as pd

    if pd.isna(value):  # type: ignore[call-overload]
        return "–"
    if isinstance(value, float):
        # Metres of an accuracy are mostly whole numbers: 500, not 500.0.
        return f"{value:,.0f}" if is_metres and value.is_integer() else f"{value:,.1f}"
    return f"{value:,}" if isinstance(value, numbers.Integral) else str(value)


def print_json(facts: object) -> None:
    """Print facts as JSON, in which characters that control a terminal are escaped."""
    text = json.dumps(facts, ensure_ascii=False, indent=2)
    sys.stdout.write(_CONTROLS.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text) + "\n")


def list_records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table for JSON."""
    records = table.to_json(orient="records", force_ascii=False, double_precision=9)
    return cast("list[dict[str, Any]]", json.loads(records))


def print_records(table: pd.DataFrame) -> None:
    """Print a table as JSON: a list of its rows."""
    print_json(list_records(table))


def describe_zone(built: Zone, border: gb.Border) -> dict[str, Any]:
    """Return the facts about a zone, for JSON."""
    return {
        "side": built.side,
        "ends": built.ends,
        "edges_km": list(built.edges_km),
        "area_km2": built.area_km2,
        "ring_areas_km2": list(built.ring_areas_km2),
        "edge_error_m": built.error_m,
        "border_km": border.length_km,
        "sea_km": border.sea_km,
        "sections": [section.name for section in border.sections],
        "healing": None if border.healing is None else vars(border.healing),
    }

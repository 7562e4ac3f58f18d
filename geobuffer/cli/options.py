"""The options that commands share, as groups, and the decorator by which a command takes a group.

typer evaluates the annotations when it runs, so this module has no ``from __future__ import``.
"""

import enum
import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, get_type_hints

import typer
from typer.core import TyperCommand, TyperGroup

from geobuffer.cli.output import protect_inputs
from geobuffer.errors import DataError

#: Marks a parameter that names files which the command reads; see :func:`takes_options`.
READ = "a file that is read"


#: Under this heading, help lists the options that say what is printed and written.
OUTPUT = "Output"

# The headings of help, in this order. typer's own "Options" are those of one command only.
_HEADINGS = ("Arguments", "Options", "The border", "The zone", "The settlements", "The people")


def _format_examples(command: Any, formatter: Any) -> None:
    """Write the examples of a command, which are its epilog, one on each line."""
    if command.epilog:
        with formatter.section("Examples"):
            for line in command.epilog.split("\n"):
                formatter.write(f"{'':{formatter.current_indent}}{line}\n")


def list_options(command: Any, ctx: Any) -> dict[str, list[tuple[str, str]]]:
    """Return the arguments and options of a command: how they are typed, and their help.

    They are listed under the headings of their groups; a group without options is left out.
    """
    groups: dict[str, list[tuple[str, str]]] = {name: [] for name in (*_HEADINGS, OUTPUT)}
    for one in command.get_params(ctx):
        record = one.get_help_record(ctx)
        if record is not None:
            is_argument = one.param_type_name == "argument"
            heading = "Arguments" if is_argument else getattr(one, "rich_help_panel", None)
            # typer makes --help itself, without a heading.
            heading = OUTPUT if one.name == "help" else heading or "Options"
            groups[heading].append(record)
    return {heading: records for heading, records in groups.items() if records}


class GroupWithExamples(TyperGroup):
    """A group of commands whose help ends with examples."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - given by typer
        """Write the examples."""
        _format_examples(self, formatter)


class OnceCommand(TyperCommand):
    """A command that refuses an option with one value if it is given twice.

    By default typer takes the last value and silently drops the others. The help lists the options
    in groups, and ends with examples.
    """

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments, and the options under the headings of their groups."""
        for heading, records in list_options(self, ctx).items():
            with formatter.section(heading):
                formatter.write_dl(records)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - given by typer
        """Write the examples."""
        _format_examples(self, formatter)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Check how often options are given, and parse the words of a command."""
        _, _, given = self.make_parser(ctx).parse_args(args=list(args))
        for one in given:
            several = one.multiple or getattr(one, "is_flag", False)
            if one.param_type_name == "option" and not several and given.count(one) > 1:
                flag = one.opts[0]
                hint = f", as in {_JOINED[flag]}" if flag in _JOINED else ""
                raise DataError(f"Invalid {flag}: given twice. Must be given once{hint}.")
        return super().parse_args(ctx, args)


# For options that a user may want to repeat: how to write several values as one.
_JOINED = {
    "--km": "--km 5,10 or --km Ukraine=10,Russia=5",
    "--places": "--places FILE --add-places FILE",
    "--places-read": "--places-read lon=X,lat=Y",
    "--source-read": "--source-read lon=X,lat=Y",
    "--regions-read": "--regions-read name=park,layer=parks",
    "--along-read": "--along-read name=river,layer=rivers",
}


class Ends(enum.StrEnum):
    """The shape of the zone where the border ends."""

    round = "round"
    flat = "flat"


class Edges(enum.StrEnum):
    """How edges run between vertices."""

    straight = "straight"
    geodesic = "geodesic"
    loxodrome = "loxodrome"


AsJson = Annotated[
    bool, typer.Option("--json", help="Print JSON instead of text.", rich_help_panel=OUTPUT)
]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE", help="Write to this file.", rich_help_panel=OUTPUT),
]
CsvLocale = Annotated[
    str | None,
    typer.Option(
        "--csv-locale",
        metavar="LOCALE",
        help="Write a .csv for a spreadsheet of this locale: uk, ru, pl, de, fr, en_US and others. "
        "Default: commas, and points in numbers.",
        rich_help_panel=OUTPUT,
    ),
]
SideName = Annotated[
    str | None,
    typer.Option(
        "--side",
        metavar="SIDE",
        rich_help_panel="The zone",
        help="A side's name, or both. Default: both; with --around FILE, around; in the zone of "
        "May 2025, Ukraine.",
    ),
]


def read_option(flag: str, file: str, keys: str) -> Any:
    """Return the option that says how a file is read; see :mod:`geobuffer.cli.read_keys`."""
    return typer.Option(flag, metavar="KEY=VALUE,…", help=f"How {file} is read. Keys: {keys}.")


def older_option(flag: str, key: str) -> Any:
    """Return an older option that means the same as a key of :func:`read_option`."""
    return typer.Option(flag, hidden=True, help=f"As {key}= of the option that ends with -read.")


# The arguments of the functions that read the files. Help states them once for each function.
_REGION_KEYS = "name, layer, sheet, encoding, crs, swap, edges, source, iso, country, max_gb"
_BORDER_KEYS = "those of --regions-read but iso and country"
_PLACE_KEYS = (
    "lon, lat, name, layer, sheet, encoding, crs, swap, accuracy_m, source, max_gb; as in "
    'lon=X,lat=Y,name="Name, full",encoding=cp1251'
)
_EACH = "such a file (all of them, or one for each in order)"


# The type of a file is str, not Path: the address of a database is not a path.
@dataclass(frozen=True, kw_only=True)
class BorderOptions:
    """Which border: of a scenario, between regions, along a line, or around points and areas."""

    HEADING: ClassVar = "The border"

    scenario: Annotated[
        Path | None,
        typer.Option(
            "--scenario",
            metavar="FILE",
            help="A scenario file (TOML). Default: the zone of May 2025.",
        ),
        READ,
    ] = None
    between: Annotated[
        list[str] | None,
        typer.Option("--between", metavar="NAME,NAME", help="Regions on one side of the border."),
    ] = None
    and_: Annotated[
        list[str] | None,
        typer.Option("--and", metavar="NAME,NAME", help="Regions on the other side."),
    ] = None
    regions: Annotated[
        str | None,
        typer.Option("--regions", metavar="FILE", help="Your own regions, to name in --between."),
        READ,
    ] = None
    regions_read: Annotated[
        str | None, read_option("--regions-read", "that file", _REGION_KEYS)
    ] = None
    region_name: Annotated[str | None, older_option("--region-name", "name")] = None
    layer: Annotated[str | None, older_option("--layer", "layer")] = None
    crs: Annotated[str | None, older_option("--crs", "crs")] = None
    swap: Annotated[bool, older_option("--swap", "swap")] = False
    edges: Annotated[
        Edges | None,
        typer.Option(
            "--edges",
            help="How edges of the file of --regions, --along, --around or --outline run between "
            "vertices: straight in longitude and latitude, the shortest way, or at one bearing. "
            "Default: straight.",
        ),
    ] = None
    country: Annotated[
        list[str] | None,
        typer.Option(
            "--country",
            metavar="CODE,CODE",
            help="Name these countries or their regions on either side; they come from the data of "
            "the world.",
        ),
    ] = None
    gap_m: Annotated[
        str | None,
        typer.Option(
            "--gap-m",
            metavar="METRES",
            help="How far apart the outlines of the two sides may be, in metres. Default: "
            "the accuracy that the data state.",
        ),
    ] = None
    land_only: Annotated[
        bool,
        typer.Option(
            "--land-only",
            help="Leave out the stretches of the border at sea, by a coarse map of land.",
        ),
    ] = False
    along: Annotated[
        str | None,
        typer.Option("--along", metavar="FILE", help="Instead: a line, its sides left and right."),
        READ,
    ] = None
    along_read: Annotated[str | None, read_option("--along-read", "that file", _BORDER_KEYS)] = None
    around: Annotated[
        list[str] | None,
        typer.Option(
            "--around",
            metavar="LAT,LON",
            help="Instead: a point, or a file of areas, lines or points; may repeat. Areas are "
            "filled. Sides: around, inside, outside and both.",
        ),
        READ,
    ] = None
    around_read: Annotated[
        list[str] | None,
        read_option("--around-read", _EACH, _BORDER_KEYS),
    ] = None
    outline: Annotated[
        list[str] | None,
        typer.Option(
            "--outline",
            metavar="FILE",
            help="Instead: a file of areas, of which only the outlines count; may repeat. Sides: "
            "inside and outside.",
        ),
        READ,
    ] = None
    outline_read: Annotated[
        list[str] | None,
        read_option("--outline-read", _EACH, _BORDER_KEYS),
    ] = None


@dataclass(frozen=True, kw_only=True)
class ZoneOptions(BorderOptions):
    """Which zone along that border: its widths, its side and its ends."""

    HEADING: ClassVar = "The zone"

    km: Annotated[
        str | None,
        typer.Option(
            "--km",
            metavar="KM",
            help="Width in km; several, as in 5,10,20, make rings; or one for each side or "
            "section, as in Ukraine=10,Russia=5. Default: that of the scenario, else 10.",
        ),
    ] = None
    from_km: Annotated[
        str | None,
        typer.Option(
            "--from-km",
            metavar="KM",
            help="The nearest distance; leave out what is nearer. Default: 0.",
        ),
    ] = None
    side: SideName = None
    ends: Annotated[
        Ends | None,
        typer.Option(
            "--ends", help="Round, or flat: cut off where the border ends. Default: round."
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class PlaceOptions:
    """Which settlements, and how their files are read."""

    HEADING: ClassVar = "The settlements"

    places: Annotated[
        str | None,
        typer.Option(
            "--places", metavar="FILE", help="Your own settlements, instead of the bundled ones."
        ),
        READ,
    ] = None
    places_read: Annotated[str | None, read_option("--places-read", "that file", _PLACE_KEYS)] = (
        None
    )
    add_places: Annotated[
        list[str] | None,
        typer.Option(
            "--add-places", metavar="FILE", help="Another gazetteer to merge in; may repeat."
        ),
        READ,
    ] = None
    add_places_read: Annotated[
        list[str] | None,
        read_option("--add-places-read", _EACH, "those of --places-read"),
    ] = None
    fetched: Annotated[
        bool,
        typer.Option(
            "--fetched",
            help="Merge in the places that geobuffer data get has put into the cache.",
        ),
    ] = False
    places_layer: Annotated[str | None, older_option("--places-layer", "layer")] = None
    places_crs: Annotated[str | None, older_option("--places-crs", "crs")] = None
    places_swap: Annotated[bool, older_option("--places-swap", "swap")] = False

    def __post_init__(self) -> None:
        """Check early that each option about reading a file comes with that file."""
        check_together(
            {
                "--places-read": (self.places_read, self.places),
                "--add-places-read": (self.add_places_read, self.add_places),
            }
        )
        older = {
            "--places-layer": self.places_layer, "--places-crs": self.places_crs,
            "--places-swap": self.places_swap,
        }  # fmt: skip
        for flag, value in older.items():
            if value and not (self.places or self.add_places):
                raise DataError(
                    f"Invalid {flag} without --places or --add-places. Must be given together."
                )


def check_together(given: Mapping[str, tuple[Any, Any]]) -> None:
    """Raise DataError if an option says how a file is read, but the file is not given."""
    for flag, (keys, file) in given.items():
        if keys and not file:
            raise DataError(
                f"Invalid {flag} without {flag.removesuffix('-read')}. Must be given together."
            )


@dataclass(frozen=True, kw_only=True)
class RasterOptions:
    """Which population rasters, and what their pixels hold."""

    HEADING: ClassVar = "The people"

    raster: Annotated[
        list[Path] | None,
        typer.Option(
            "--raster",
            metavar="FILE",
            help="Count the people of a population raster too; may repeat.",
        ),
        READ,
    ] = None
    values: Annotated[
        str | None,
        typer.Option("--values", metavar="KIND", help="What its pixels hold: counts or density."),
    ] = None
    as_of: Annotated[
        str, typer.Option("--as-of", metavar="DATE", help="The date of the raster's people.")
    ] = ""


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """Whether to model a range of people, and from which totals."""

    HEADING: ClassVar = "The people"

    no_model: Annotated[
        bool, typer.Option("--no-model", help="Leave out the modelled range of people.")
    ] = False
    totals: Annotated[
        Path | None,
        typer.Option(
            "--totals", metavar="FILE", help="People of hromadas, for the model: code and number."
        ),
        READ,
    ] = None

    def __post_init__(self) -> None:
        """Check that --totals and --no-model are not given together."""
        if self.no_model and self.totals is not None:
            raise DataError("Invalid --totals with --no-model. Must be one of them.")


def takes_options(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command whose parameters are the single options of its groups.

    typer reads the signature of the result. When the command runs, we build each group from its
    options. While it runs, it may not write to a file of an option that is marked :data:`READ`.
    """
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}
    for group in groups.values():
        _set_headings(group)
    parameters = []
    for name, own in inspect.signature(command).parameters.items():
        group = inspect.signature(groups[name]).parameters.values() if name in groups else ()
        parameters += list(group) or [own.replace(annotation=hints[name])]

    read = _find_read_options(parameters)

    @functools.wraps(command)
    def run(**given: Any) -> None:
        files = _list_files(read, given)
        grouped = {
            name: group(**{field.name: given.pop(field.name) for field in fields(group)})
            for name, group in groups.items()
        }
        with protect_inputs(files):
            command(**grouped, **given)

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run


def _set_headings(group: Any) -> None:
    """Let help list options under the heading of the group that declares them."""
    for owner in group.__mro__:
        for name, hint in inspect.get_annotations(owner).items():
            if name != "HEADING":
                option = hint.__metadata__[0]
                option.rich_help_panel = option.rich_help_panel or owner.HEADING


def _find_read_options(parameters: list[inspect.Parameter]) -> dict[str, str]:
    """Return the parameters that name files which are read, each with the option as it is typed."""
    found = {}
    for one in parameters:
        about: tuple[Any, ...] = getattr(one.annotation, "__metadata__", ())
        if READ in about:
            # In Annotated, typer stores the first name of an option as its default.
            first = str(about[0].default)
            found[one.name] = first if first.startswith("--") else one.name
    return found


def _list_files(flags: Mapping[str, str], given: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the files that options name, each with its option; an option may repeat."""
    files = []
    for name, flag in flags.items():
        value = given[name]
        each = value if isinstance(value, list) else [value]
        files += [(flag, str(file)) for file in each if file is not None]
    return files

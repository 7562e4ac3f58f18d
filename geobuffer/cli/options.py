"""The options that commands share, as groups, and the decorator by which a command takes a group.

typer evaluates the annotations when it runs, so this module has no ``from __future__ import``.
"""

import enum
import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from geobuffer.cli.output import protect_inputs

#: Marks a parameter that names files which the command reads; see :func:`takes_options`.
READ = "a file that is read"


class Ends(enum.StrEnum):
    """The shape of the zone where the border ends."""

    round = "round"
    flat = "flat"


class Edges(enum.StrEnum):
    """How edges run between vertices."""

    straight = "straight"
    geodesic = "geodesic"
    loxodrome = "loxodrome"


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Out = Annotated[Path | None, typer.Option("--out", help="Write to this file.")]
SideName = Annotated[
    str | None,
    typer.Option(
        "--side",
        help="A side's name, or both. Default: both; with --around FILE, around; in the zone of "
        "May 2025, Ukraine.",
    ),
]


def _layer_option(flag: str, files: str) -> Any:
    return typer.Option(flag, help=f"The layer of {files}, if there are several.")


def _crs_option(flag: str, files: str) -> Any:
    text = f"The reference system of {files}, if it is not stated there."
    return typer.Option(flag, metavar="EPSG:CODE", help=text)


def _swap_option(flag: str, files: str) -> Any:
    return typer.Option(flag, help=f"Latitude comes before longitude in {files}.")


# The type of a file is str, not Path: the address of a database is not a path.
@dataclass(frozen=True, kw_only=True)
class BorderOptions:
    """Which border: of a scenario, between regions, along a line, or around points and areas."""

    scenario: Annotated[
        Path | None,
        typer.Option("--scenario", help="A scenario file (TOML). Default: the zone of May 2025."),
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
    region_name: Annotated[
        str | None,
        typer.Option(
            "--region-name",
            metavar="COLUMN",
            help="The column of names in that file, or of --along, --around or --outline.",
        ),
    ] = None
    layer: Annotated[str | None, _layer_option("--layer", "that file")] = None
    crs: Annotated[str | None, _crs_option("--crs", "that file")] = None
    swap: Annotated[bool, _swap_option("--swap", "that file")] = False
    edges: Annotated[
        Edges | None,
        typer.Option(
            "--edges",
            help="How edges of that file run between vertices: straight in longitude and latitude, "
            "the shortest way, or at one bearing.",
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
            help="How far apart the outlines of the two sides may be, in metres.",
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


@dataclass(frozen=True, kw_only=True)
class ZoneOptions(BorderOptions):
    """Which zone along that border: its widths, its side and its ends."""

    km: Annotated[
        str | None,
        typer.Option(
            "--km",
            help="Width in km; several, as in 5,10,20, make rings; or one for each side or "
            "section, as in Ukraine=10,Russia=5.",
        ),
    ] = None
    from_km: Annotated[
        str | None,
        typer.Option("--from-km", help="The nearest distance; leave out what is nearer."),
    ] = None
    side: SideName = None
    ends: Annotated[
        Ends | None,
        typer.Option("--ends", help="Round, or flat: cut off where the border ends."),
    ] = None


@dataclass(frozen=True, kw_only=True)
class PlaceOptions:
    """Which settlements, and how their files are read."""

    places: Annotated[
        str | None,
        typer.Option(
            "--places", metavar="FILE", help="Your own settlements, instead of the bundled ones."
        ),
        READ,
    ] = None
    add_places: Annotated[
        list[str] | None,
        typer.Option(
            "--add-places", metavar="FILE", help="Another gazetteer to merge in; may repeat."
        ),
        READ,
    ] = None
    places_layer: Annotated[str | None, _layer_option("--places-layer", "those files")] = None
    places_crs: Annotated[str | None, _crs_option("--places-crs", "those files")] = None
    places_swap: Annotated[bool, _swap_option("--places-swap", "those files")] = False


@dataclass(frozen=True, kw_only=True)
class RasterOptions:
    """Which population rasters, and what their pixels hold."""

    raster: Annotated[
        list[Path] | None,
        typer.Option("--raster", help="Count the people of a population raster too; may repeat."),
        READ,
    ] = None
    values: Annotated[
        str | None, typer.Option("--values", help="What its pixels hold: counts or density.")
    ] = None
    as_of: Annotated[str, typer.Option("--as-of", help="The date of the raster's people.")] = ""


def takes_options(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command whose parameters are the single options of its groups.

    typer reads the signature of the result. When the command runs, each group is put together
    again from its options. While it runs, no file of an option that is marked :data:`READ` may
    be one of its outputs.
    """
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}
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


def _find_read_options(parameters: list[inspect.Parameter]) -> dict[str, str]:
    """Return the parameters that name files which are read, each with the option as it is typed."""
    found = {}
    for one in parameters:
        about: tuple[Any, ...] = getattr(one.annotation, "__metadata__", ())
        if READ in about:
            # In Annotated, the first name of an option stands in the place of its default.
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

"""The options that commands share, in groups, and how a command takes a group of them.

Annotations are evaluated here, as typer needs them: hence no ``from __future__ import``.
"""

import enum
import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer


class Ends(enum.StrEnum):
    """What happens where the border ends."""

    round = "round"
    flat = "flat"


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Out = Annotated[Path | None, typer.Option("--out", help="Write to this file.")]
SideName = Annotated[
    str | None,
    typer.Option(
        "--side", help="A side's name, or both. Default: both; in the zone of May 2025, Ukraine."
    ),
]


# Files are texts, not paths: a database's address is no path.
@dataclass(frozen=True, kw_only=True)
class BorderOptions:
    """Which border: of a scenario, between regions, along a line, or around points and areas."""

    scenario: Annotated[
        Path | None,
        typer.Option("--scenario", help="A scenario file (TOML). Default: the zone of May 2025."),
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
    ] = None
    region_name: Annotated[
        str | None,
        typer.Option(
            "--region-name",
            metavar="COLUMN",
            help="The column of names in that file, or of --along or --around.",
        ),
    ] = None
    layer: Annotated[
        str | None, typer.Option("--layer", help="The layer of that file, if it has several.")
    ] = None
    crs: Annotated[
        str | None,
        typer.Option(
            "--crs", metavar="EPSG:CODE", help="The reference system of that file, if none is told."
        ),
    ] = None
    swap: Annotated[
        bool, typer.Option("--swap", help="That file has latitude before longitude.")
    ] = False
    country: Annotated[
        list[str] | None,
        typer.Option(
            "--country",
            metavar="CODE,CODE",
            help="Name these countries or their regions on either side, of the data of the world.",
        ),
    ] = None
    gap_m: Annotated[
        float | None,
        typer.Option(
            "--gap-m", help="How far apart the outlines of the two sides may run, in metres."
        ),
    ] = None
    along: Annotated[
        str | None,
        typer.Option("--along", metavar="FILE", help="Instead: a line, its sides left and right."),
    ] = None
    around: Annotated[
        list[str] | None,
        typer.Option(
            "--around",
            metavar="LAT,LON",
            help="Instead: a point, or a file of areas; may repeat. Sides: inside and outside.",
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class ZoneOptions(BorderOptions):
    """Which zone along that border."""

    km: Annotated[
        str | None,
        typer.Option(
            "--km",
            help="Width in km; several, as in 5,10,20, make rings; or one for each side or "
            "section, as in Ukraine=10,Russia=5.",
        ),
    ] = None
    from_km: Annotated[
        str | None, typer.Option("--from-km", help="Where it begins; what is nearer is left out.")
    ] = None
    side: SideName = None
    ends: Annotated[
        Ends | None,
        typer.Option("--ends", help="Round, or flat: cut off where the border ends."),
    ] = None


@dataclass(frozen=True, kw_only=True)
class PlaceOptions:
    """Which settlements."""

    places: Annotated[
        str | None,
        typer.Option(
            "--places", metavar="FILE", help="Your own settlements, instead of the bundled."
        ),
    ] = None
    add_places: Annotated[
        list[str] | None,
        typer.Option(
            "--add-places", metavar="FILE", help="Another gazetteer, to be merged in; may repeat."
        ),
    ] = None
    places_layer: Annotated[
        str | None, typer.Option("--places-layer", help="The layer of those files, if several.")
    ] = None
    places_crs: Annotated[
        str | None,
        typer.Option(
            "--places-crs", metavar="EPSG:CODE", help="Their reference system, if none is told."
        ),
    ] = None
    places_swap: Annotated[
        bool, typer.Option("--places-swap", help="Those files have latitude before longitude.")
    ] = False


@dataclass(frozen=True, kw_only=True)
class RasterOptions:
    """Which rasters of people, and what they hold."""

    raster: Annotated[
        list[Path] | None,
        typer.Option("--raster", help="Set a population raster beside the places; may repeat."),
    ] = None
    values: Annotated[
        str | None, typer.Option("--values", help="What its pixels hold: counts or density.")
    ] = None
    as_of: Annotated[str, typer.Option("--as-of", help="The date of the raster's people.")] = ""


def takes_options(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command that has, for each parameter that is a group of options, the options."""
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}
    parameters = []
    for name, own in inspect.signature(command).parameters.items():
        group = inspect.signature(groups[name]).parameters.values() if name in groups else ()
        parameters += list(group) or [own.replace(annotation=hints[name])]

    @functools.wraps(command)
    def run(**given: Any) -> None:
        grouped = {
            name: group(**{field.name: given.pop(field.name) for field in fields(group)})
            for name, group in groups.items()
        }
        command(**grouped, **given)

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run

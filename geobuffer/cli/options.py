"""The options that commands share, and what they stand for: a scenario, regions, places, a zone."""

from __future__ import annotations

import dataclasses
import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import geobuffer as gb
from geobuffer.cli.printing import note
from geobuffer.widths import kilometres

if TYPE_CHECKING:
    import geopandas as gpd


class Ends(enum.StrEnum):
    """What happens where the border ends."""

    round = "round"
    flat = "flat"


ScenarioFile = Annotated[
    Path | None,
    typer.Option("--scenario", help="A scenario file (TOML). Default: the zone of May 2025."),
]
Between = Annotated[
    list[str] | None,
    typer.Option("--between", metavar="NAME,NAME", help="Regions on one side of the border."),
]
And = Annotated[
    list[str] | None,
    typer.Option("--and", metavar="NAME,NAME", help="Regions on the other side."),
]
Country = Annotated[
    list[str] | None,
    typer.Option(
        "--country",
        metavar="CODE,CODE",
        help="Name these countries or their regions on either side, of the data of the world.",
    ),
]
Km = Annotated[
    str | None, typer.Option("--km", help="Width in km; several, as in 5,10,20, make rings.")
]
SideName = Annotated[str | None, typer.Option("--side", help="A side's name, or both.")]
EndsName = Annotated[
    Ends | None, typer.Option("--ends", help="Round, or flat: cut off where the border ends.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Out = Annotated[Path | None, typer.Option("--out", help="Write to this file.")]

# Texts, not paths: a database's address is no path.
RegionFile = Annotated[
    str | None,
    typer.Option("--regions", metavar="FILE", help="Your own regions, to name in --between."),
]
RegionName = Annotated[
    str | None,
    typer.Option("--region-name", metavar="COLUMN", help="The column of their names."),
]
PlaceFile = Annotated[
    str | None,
    typer.Option("--places", metavar="FILE", help="Your own settlements, instead of the bundled."),
]


def read_scenario(  # noqa: PLR0913 - the options that describe a zone
    file: Path | None,
    between: list[str] | None,
    and_: list[str] | None,
    km: str | None,
    side: str | None,
    ends: Ends | None,
    *,
    language: str = "en",
) -> gb.Scenario:
    """Return the scenario that the options describe, starting from the file or the default."""
    between, and_ = _separate(between), _separate(and_)
    if bool(between) != bool(and_):
        raise gb.DataError("Invalid --between and --and. Must be given together.")
    if between and file is not None:
        message = (
            "Invalid --scenario with --between. Must be one of them: a file names its regions."
        )
        raise gb.DataError(message)
    scenario = gb.load_scenario(file, language=language)
    changes: dict[str, Any] = {}
    if between and and_:
        title = f"{', '.join(between)} | {', '.join(and_)}"
        scenario = gb.Scenario(title, tuple(between), tuple(and_), scenario.km, language=language)
    if km is not None:
        changes["km"] = _widths(km)
    if side is not None:
        changes["side"] = side
    if ends is not None:
        changes["ends"] = ends.value
    changed = dataclasses.replace(scenario, **changes)
    if changed == scenario or between:
        return changed
    # What was changed is no longer what was announced.
    edges = ", ".join(f"{width:g}" for width in changed.km)
    title = _CHANGED[language].format(edges)
    return dataclasses.replace(changed, title=title, summary="", announced_by="")


_CHANGED = {
    "en": "Not as announced: {} km", "uk": "Не так, як оголошено: {} км",
    "ru": "Не так, как объявлено: {} км",
}  # fmt: skip


def _separate(names: list[str] | None) -> list[str]:
    """Return names given one by one or, as widths may be, with commas between."""
    return [name.strip() for given in names or [] for name in given.split(",")]


def _widths(km: str) -> tuple[float, ...]:
    parts = [part.strip() for part in km.split(",")]
    with_unit = [part[-1:].isalpha() for part in parts]
    # In 10,5 km nobody knows whether rings or decimals are meant.
    if len(set(with_unit)) > 1:
        raise gb.GeometryError(
            f"Invalid --km {km!r}. Commas part rings, each a number of kilometres or with a unit "
            "of its own, such as 5,10,20 or '500 m, 5 km'; decimals have a point."
        )
    return tuple(kilometres(part, "--km") for part in parts)


def load_regions(
    file: str | None, column: str | None, country: list[str] | None, *, named: bool
) -> gb.Regions:
    """Return the user's own regions, those of countries of the world, or the bundled ones.

    ``named`` says whether the user names regions: those of the default zone are in no other file.
    """
    if file is not None and country:
        raise gb.DataError("Invalid --regions with --country. Must be one of them.")
    if column is not None and file is None:
        raise gb.DataError("Invalid --region-name without --regions. Must be given together.")
    if country:
        return _of_the_world(_separate(country), named=named)
    if file is None:
        return gb.load_regions()
    if not named:
        raise gb.DataError(
            "Invalid --regions without --between and --and. Must name regions of the file there, "
            "or in a --scenario."
        )
    return gb.read_regions(file, name=column)


def _of_the_world(codes: list[str], *, named: bool) -> gb.Regions:
    """Return countries and their regions, both to be named."""
    if not named:
        raise gb.DataError(
            "Invalid --country alone. Must come with --between and --and, or with --scenario."
        )
    levels = (gb.load_regions("world", country=codes, level=level) for level in (0, 1))
    return gb.Regions(tuple(region for regions in levels for region in regions))


def load_places(file: str | None, border: gb.Border, *, bundled: bool) -> gpd.GeoDataFrame:
    """Return the user's own settlements, or the bundled ones.

    ``bundled`` says whether the regions are: others may lie where no bundled settlement is.
    """
    if file is None:
        if not bundled:
            note(
                "the bundled settlements are those along the border of Ukraine and Russia; "
                "--places reads your own."
            )
        return gb.load_settlements()
    return gb.read_settlements(file, near=border)


def build_zone(
    scenario: gb.Scenario, regions: gb.Regions, tolerance_m: float = 0.1
) -> gb.BufferZone:
    """Return the zone of a scenario among regions."""
    border = gb.scenario_border(scenario, regions)
    return gb.build_zone(
        border, km=scenario.km, side=scenario.side, ends=scenario.ends, tolerance_m=tolerance_m
    )

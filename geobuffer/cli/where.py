"""``geobuffer where``: how far a point is from the border, or every place of a name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

import geobuffer as gb
from geobuffer.cli.inputs import load_ground, load_places, read_scenario
from geobuffer.cli.options import AsJson, BorderOptions, PlaceOptions, takes_options
from geobuffer.cli.output import print_json, print_records, print_table, say
from geobuffer.errors import did_you_mean
from geobuffer.zones.toponyms import NAME_COLUMNS, find_other_names, fold_name

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

# What is told of a place that was found by its name.
_TOLD = (
    "name", "name_en", "name_uk", "oblast", "raion_en", "distance_km", "accuracy_m", "side",
    "section",
)  # fmt: skip

# Of columns that may hold a place's name, those of the bundled settlements and of own files.

_NUMBER = r"([+-]?(?:\d+(?:\.\d*)?|nan|inf))"
# Two numbers, parted by a blank or a comma; or by a blank, with decimal commas.
_PAIR = re.compile(rf"{_NUMBER}(?:\s*,\s*|\s+){_NUMBER}", re.IGNORECASE)
_WITH_COMMAS = re.compile(r"([+-]?\d+),(\d+)[,;]?\s+([+-]?\d+),(\d+)")


@takes_options
def where(
    place: Annotated[
        list[str],
        typer.Argument(
            metavar="LATITUDE LONGITUDE | NAME",
            help="Latitude (north positive), then longitude (east positive), in degrees; or the "
            "name of a settlement.",
        ),
    ],
    *,
    border: BorderOptions,
    places: PlaceOptions,
    as_json: AsJson = False,
) -> None:
    """Tell how far a point or a settlement is from the border, on which side, by which section."""
    for word in place:
        if word.startswith("--"):
            raise gb.DataError(f"No such option: {word}. geobuffer where --help lists them.")
    asked = " ".join(place)
    point = _coordinates(asked)
    if point is None:
        _tell_of_name(asked, border, places, as_json=as_json)
        return
    if places.places or places.add_places:
        raise gb.DataError("Invalid --places with a point. Must come with the name of a place.")
    _tell_of_point(*point, border, as_json=as_json)


def _coordinates(asked: str) -> tuple[float, float] | None:
    """Return latitude and longitude; None of a name.

    >>> _coordinates("51.27 34.63"), _coordinates("51.27,34.63"), _coordinates("51,27 34,63")
    ((51.27, 34.63), (51.27, 34.63), (51.27, 34.63))
    >>> _coordinates("Yunakivka")
    """
    text = asked.strip()
    if found := _WITH_COMMAS.fullmatch(text):
        a, b, c, d = found.groups()
        return float(f"{a}.{b}"), float(f"{c}.{d}")
    if found := _PAIR.fullmatch(text):
        return float(found[1]), float(found[2])
    if not any(sign.isalpha() for sign in text) or any(sign.isdigit() for sign in text):
        raise gb.DataError(
            f"Invalid place {asked!r}. Must be latitude and longitude in degrees, as in "
            "51.27 34.63, or the name of a settlement."
        )
    return None


def _tell_of_point(
    latitude: float, longitude: float, border: BorderOptions, *, as_json: bool
) -> None:
    import geopandas as gpd

    from geobuffer.viz.captions import has_only_points

    line = load_ground(border, read_scenario(border)).border
    point = gpd.GeoSeries.from_xy([longitude], [latitude], crs="EPSG:4326")
    found = gb.locate(point, line).iloc[0]
    if as_json:
        print_json({"latitude": latitude, "longitude": longitude, **found.to_dict()})
        return
    if has_only_points(line.sections):
        say(f"{found['distance_km']:.3f} km from {found['section']}.")
    else:
        say(f"{found['distance_km']:.3f} km from the border, {_territory(found['side'])}.")
        say(f"Nearest section: {found['section']}, at kilometre {found['chainage_km']:.1f}.")
    _tell_of_border(line)


def _territory(side: str | None) -> str:
    """Return on which side of a border something lies, in words."""
    if not side:
        return "on the territory of neither side"
    # Sides of lines and outlines, which are no territories.
    return {"left": "on its left", "right": "on its right"}.get(
        side, side if side in {"inside", "outside"} else f"in {side}"
    )


def _tell_of_name(name: str, border: BorderOptions, places: PlaceOptions, *, as_json: bool) -> None:
    import pandas as pd

    from geobuffer.analysis.classify import join_columns
    from geobuffer.viz.captions import has_only_points

    ground = load_ground(border, read_scenario(border))
    towns = load_places(places, ground)
    found = _named(towns.located, name)
    unplaced = _named(towns.not_located, name)
    if found.empty and unplaced.empty:
        columns = [towns.located[column].dropna() for column in _names(towns.located)]
        known = {str(one) for column in columns for one in column}
        raise gb.DataError(f"No settlement is called {name!r}. {did_you_mean(name, known)}")
    told = gb.locate(found, ground.border)
    table = join_columns(found, told).sort_values("distance_km")
    if as_json:
        table = table.assign(longitude=table.geometry.x, latitude=table.geometry.y)
        print_records(pd.DataFrame(table.drop(columns=table.geometry.name)))
        return
    if not table.empty:
        apart = {"side"} if has_only_points(ground.border.sections) else set()
        columns = [column for column in _TOLD if column in table and column not in apart]
        title = f"Distance: {name}" if apart else f"Distance from the border: {name}"
        print_table(pd.DataFrame(table[columns]), title)
    if not unplaced.empty:
        areas = ", ".join(sorted(set(unplaced["raion_en"].fillna(unplaced["oblast"]))))
        say(f"Known by name only, without a trusted position: {len(unplaced)} ({areas}).")
    _tell_of_border(ground.border)


def _names(table: pd.DataFrame) -> list[str]:
    return [column for column in NAME_COLUMNS if column in table]


def _named(table: gpd.GeoDataFrame, name: str) -> gpd.GeoDataFrame:
    """Return the rows that have a name in any language, as search on the page finds them."""
    import pandas as pd

    wanted = {fold_name(name), *find_other_names(fold_name(name))}
    same = pd.Series(data=False, index=table.index)
    for column in _names(table):
        same |= table[column].map(fold_name, na_action="ignore").isin(wanted)
    return table[same.to_numpy()]


def _tell_of_border(line: gb.Border) -> None:
    if line.source.accuracy_m is not None:
        say(f"The border itself is right to about {line.source.accuracy_m:g} m.")

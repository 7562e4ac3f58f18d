"""``geobuffer where``: the distance of a point, or of all places of a name, from the border."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

import geobuffer as gb
from geobuffer.cli.inputs import load_ground, load_places, read_scenario
from geobuffer.cli.options import AsJson, BorderOptions, PlaceOptions, takes_options
from geobuffer.cli.output import print_json, print_line, print_records, print_table
from geobuffer.errors import did_you_mean
from geobuffer.zones.toponyms import NAME_COLUMNS, find_other_names, fold_name

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

# The columns that are printed for places found by name.
_SHOWN = (
    "name", "name_en", "name_uk", "oblast", "raion_en", "distance_km", "accuracy_m", "side",
    "section",
)  # fmt: skip


_NUMBER = r"([+-]?(?:\d+(?:\.\d*)?|nan|inf))"
# Two numbers with a space or a comma between; or decimal commas, with a space between.
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
    """Print how far a point or a settlement is from the border, its side and its section."""
    # The command ignores unknown options, because -34.6 looks like one: see commands.py.
    for word in place:
        if word.startswith("--"):
            raise gb.DataError(f"No such option: {word}. geobuffer where --help lists them.")
    words = " ".join(place)
    point = _parse_coordinates(words)
    if point is None:
        _print_places(words, border, places, as_json=as_json)
        return
    if places.places or places.add_places:
        raise gb.DataError("Invalid --places with a point. Must come with the name of a place.")
    _print_point(*point, border, as_json=as_json)


def _parse_coordinates(words: str) -> tuple[float, float] | None:
    """Return latitude and longitude, or None if the text is a name.

    >>> [_parse_coordinates(text) for text in ("51.27 34.63", "51.27,34.63", "51,27 34,63")]
    [(51.27, 34.63), (51.27, 34.63), (51.27, 34.63)]
    >>> _parse_coordinates("Yunakivka")
    """
    text = words.strip()
    if found := _WITH_COMMAS.fullmatch(text):
        a, b, c, d = found.groups()
        return float(f"{a}.{b}"), float(f"{c}.{d}")
    if found := _PAIR.fullmatch(text):
        return float(found[1]), float(found[2])
    if not any(sign.isalpha() for sign in text) or any(sign.isdigit() for sign in text):
        raise gb.DataError(
            f"Invalid place {words!r}. Must be latitude and longitude in degrees, as in "
            "51.27 34.63, or the name of a settlement."
        )
    return None


def _print_point(
    latitude: float, longitude: float, border: BorderOptions, *, as_json: bool
) -> None:
    """Print the distance, side and section of a point."""
    import geopandas as gpd

    from geobuffer.viz.captions import has_only_points

    line = load_ground(border, read_scenario(border)).border
    point = gpd.GeoSeries.from_xy([longitude], [latitude], crs="EPSG:4326")
    found = gb.locate(point, line).iloc[0]
    if as_json:
        print_json({"latitude": latitude, "longitude": longitude, **found.to_dict()})
        return
    if has_only_points(line.sections):
        print_line(f"{found['distance_km']:.3f} km from {found['section']}.")
    else:
        side = _describe_side(found["side"])
        print_line(f"{found['distance_km']:.3f} km from the border, {side}.")
        print_line(f"Nearest section: {found['section']}, at kilometre {found['chainage_km']:.1f}.")
    _print_accuracy(line)


def _describe_side(side: str | None) -> str:
    """Return in words on which side of the border a point lies."""
    if not side:
        return "on the territory of neither side"
    # The sides of a line or an outline are not territories.
    return {"left": "on its left", "right": "on its right"}.get(
        side, side if side in {"inside", "outside"} else f"in {side}"
    )


def _print_places(name: str, border: BorderOptions, places: PlaceOptions, *, as_json: bool) -> None:
    """Print a table of all places that have a name, with their distances."""
    import pandas as pd

    from geobuffer.analysis.classify import join_columns
    from geobuffer.viz.captions import has_only_points

    ground = load_ground(border, read_scenario(border))
    towns = load_places(places, ground)
    found = _find_by_name(towns.located, name)
    unplaced = _find_by_name(towns.not_located, name)
    if found.empty and unplaced.empty:
        columns = [towns.located[column].dropna() for column in _name_columns(towns.located)]
        known = {str(one) for column in columns for one in column}
        raise gb.DataError(f"No settlement is called {name!r}. {did_you_mean(name, known)}")
    located = gb.locate(found, ground.border)
    table = join_columns(found, located).sort_values("distance_km")
    if as_json:
        table = table.assign(longitude=table.geometry.x, latitude=table.geometry.y)
        print_records(pd.DataFrame(table.drop(columns=table.geometry.name)))
        return
    if not table.empty:
        apart = {"side"} if has_only_points(ground.border.sections) else set()
        columns = [column for column in _SHOWN if column in table and column not in apart]
        title = f"Distance: {name}" if apart else f"Distance from the border: {name}"
        print_table(pd.DataFrame(table[columns]), title)
    if not unplaced.empty:
        areas = ", ".join(sorted(set(unplaced["raion_en"].fillna(unplaced["oblast"]))))
        print_line(f"Known by name only, without a trusted position: {len(unplaced)} ({areas}).")
    _print_accuracy(ground.border)


def _name_columns(table: pd.DataFrame) -> list[str]:
    return [column for column in NAME_COLUMNS if column in table]


def _find_by_name(table: gpd.GeoDataFrame, name: str) -> gpd.GeoDataFrame:
    """Return the rows that have this name in any language, as the search of the page does."""
    import pandas as pd

    wanted = {fold_name(name), *find_other_names(fold_name(name))}
    same = pd.Series(data=False, index=table.index)
    for column in _name_columns(table):
        same |= table[column].map(fold_name, na_action="ignore").isin(wanted)
    return table[same.to_numpy()]


def _print_accuracy(line: gb.Border) -> None:
    """Print how accurate the border itself is, if its source says so."""
    if line.source.accuracy_m is not None:
        print_line(f"The border itself is right to about {line.source.accuracy_m:g} m.")

"""``geobuffer where``: the distance of a point, or of all places of a name, from the border."""

from __future__ import annotations

import functools
import math
import re
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

import geobuffer as gb
from geobuffer.cli.inputs import AROUND, load_ground, load_places, read_scenario
from geobuffer.cli.options import AsJson, BorderOptions, PlaceOptions, takes_options
from geobuffer.cli.output import list_records, print_json, print_line, print_table

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd
    import pandas as pd

    from geobuffer.cli.inputs import Ground, Places
    from geobuffer.datasets.name_search import NameIndex

# The columns that are printed for places found by name.
_SHOWN = (
    "name", "name_en", "name_uk", "oblast", "raion_en", "distance_km", "accuracy_m", "side",
    "section", "nearest_point", "bearing_deg",
)  # fmt: skip


# OKTMO, the only codes without letters; no coordinate has that many digits before its point.
_OFFICIAL_CODE = re.compile(r"\d{8,11}")


@takes_options
def where(
    place: Annotated[
        list[str],
        typer.Argument(
            metavar="LATITUDE LONGITUDE | NAME",
            help="Latitude (north positive), then longitude (east positive), in degrees; or the "
            "name or official code of a settlement, in any spelling. Several names: with ; "
            "between, in quotes.",
        ),
    ],
    *,
    border: BorderOptions,
    places: PlaceOptions,
    nearest_point: Annotated[
        bool,
        typer.Option(
            "--nearest-point",
            help="Also print the nearest point of the border, and the bearing to it.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print how far a point or a settlement is from the border.

    Its side and the nearest section of the border are printed too.
    """
    # The command ignores unknown options, because -34.6 looks like one: see commands.py.
    for word in place:
        if word.startswith("--"):
            raise gb.DataError(f"No such option: {word}. geobuffer where --help lists them.")
    words = " ".join(place)
    point = _parse_coordinates(words)
    if point is None:
        _print_places(
            _split_names(words), border, places, nearest_point=nearest_point, as_json=as_json
        )
        return
    for name in ("places", "add_places", "fetched"):
        if getattr(places, name) != getattr(PlaceOptions(), name):
            flag = f"--{name.replace('_', '-')}"
            raise gb.DataError(f"Invalid {flag} with a point. Must come with the name of a place.")
    _print_point(*point, border, nearest_point=nearest_point, as_json=as_json)


def _parse_coordinates(words: str) -> tuple[float, float] | None:
    """Return latitude and longitude, or None if the text is a name.

    >>> [_parse_coordinates(text) for text in ("51.27 34.63", "51.27° N, 34.63° E", "51,27 34,63")]
    [(51.27, 34.63), (51.27, 34.63), (51.27, 34.63)]
    >>> _parse_coordinates("Yunakivka")
    """
    from geobuffer.zones.coordinates import PAIR_FORMS, CoordinateError, parse_position

    text = words.strip()
    if _OFFICIAL_CODE.fullmatch(text):
        return None
    try:
        found = parse_position(text)
    except CoordinateError as error:
        raise gb.DataError(f"Invalid place {words!r}: {error}. {PAIR_FORMS}") from error
    if found is not None and not math.isnan(found.latitude):
        return found.latitude, found.longitude
    if not any(sign.isalpha() for sign in text):
        raise _no_place(words)
    return None


def _no_place(words: str) -> gb.DataError:
    return gb.DataError(
        f"Invalid place {words!r}. Must be latitude and longitude in degrees, as in "
        "51.27 34.63, or the name of a settlement."
    )


def _print_point(
    latitude: float,
    longitude: float,
    border: BorderOptions,
    *,
    nearest_point: bool,
    as_json: bool,
) -> None:
    """Print the distance, side and section of a point."""
    import geopandas as gpd

    from geobuffer.viz.captions import has_only_points

    scenario = read_scenario(border)
    line = load_ground(border, scenario).border
    point = gpd.GeoSeries.from_xy([longitude], [latitude], crs="EPSG:4326")
    found = _locate_places(point, line, scenario.side, nearest_point=nearest_point).iloc[0]
    if as_json:
        print_json({"latitude": latitude, "longitude": longitude, **found.to_dict()})
        return
    if has_only_points(line.sections):
        print_line(f"{found['distance_km']:.3f} km from {found['section']}.")
    else:
        side = _describe_side(found["side"])
        origin = _name_origin(line, scenario.side)
        print_line(f"{found['distance_km']:.3f} km from {origin}, {side}.")
        print_line(f"Nearest section: {found['section']}, at kilometre {found['chainage_km']:.1f}.")
    if nearest_point:
        print_line(_describe_nearest_point(found))
    accuracy_m = line.accuracy_m_at(point.x.to_numpy(), point.y.to_numpy())[0]
    _print_accuracy(line, float(accuracy_m))


def _describe_nearest_point(found: pd.Series) -> str:
    """Return the sentence about the nearest point, latitude first as in the question."""
    at = _write_position(found["nearest_lat"], found["nearest_lon"])
    bearing = found["bearing_deg"]
    # 359.97 rounds to 360.0, which no compass shows.
    towards = "" if math.isnan(bearing) else f", bearing {round(bearing, 1) % 360.0:05.1f}°"
    return f"Nearest point: {at} (latitude, longitude){towards}."


def _write_position(lat: float, lon: float) -> str:
    """Return latitude and longitude to 0.1 m, as the command takes them.

    >>> _write_position(51.27, 34.63)
    '51.270000, 34.630000'
    """
    return f"{lat:.6f}, {lon:.6f}"


def _name_origin(line: gb.Border, side: str) -> str:
    """Return the origin of distances, for a sentence: the border, the river, the areas."""
    from geobuffer.viz.captions import find_border_kind
    from geobuffer.zones.translation import read_translation

    kind = find_border_kind(line, side)
    return "the areas" if kind == "area" else read_translation("en").of_kind(kind).text("of_it")


def _locate_places(
    points: gpd.GeoSeries | gpd.GeoDataFrame, line: gb.Border, side: str, *, nearest_point: bool
) -> pd.DataFrame:
    """Return the result of gb.locate, with distance 0 inside areas if the zone is around them."""
    found = gb.locate(points, line, nearest_point=nearest_point)
    if side == AROUND:
        is_inside = found["side"] == line.sides[0].name
        found["distance_km"] = found["distance_km"].mask(is_inside, 0.0)
    return found


def _describe_side(side: str | None) -> str:
    """Return in words on which side of the border a point lies."""
    if not side:
        return "on the territory of neither side"
    # The sides of a line or an outline are not territories.
    return {"left": "on its left", "right": "on its right"}.get(
        side, side if side in {"inside", "outside"} else f"in {side}"
    )


def _split_names(words: str) -> list[str]:
    """Return the names that are divided by semicolons.

    >>> _split_names("Yunakivka; Basivka;"), _split_names("Velyka Pysarivka")
    (['Yunakivka', 'Basivka'], ['Velyka Pysarivka'])
    """
    names = [name for part in words.split(";") if (name := " ".join(part.split()))]
    if not names:
        raise _no_place(words)
    return list(dict.fromkeys(names))


class _Answers(NamedTuple):
    """The places that one name stands for."""

    name: str
    located: gpd.GeoDataFrame
    not_located: pd.DataFrame
    is_exact: bool


def _print_places(
    names: list[str],
    border: BorderOptions,
    places: PlaceOptions,
    *,
    nearest_point: bool,
    as_json: bool,
) -> None:
    """Print for each name a table of the places that have it, with their distances."""
    from geobuffer.datasets.name_search import NameIndex

    scenario = read_scenario(border)
    ground = load_ground(border, scenario)
    towns = load_places(places, ground)
    index, unplaced = NameIndex(towns.located), NameIndex(towns.not_located)
    locate = functools.partial(
        _locate_places, line=ground.border, side=scenario.side, nearest_point=nearest_point
    )
    answers = [_find_places(name, towns, index, unplaced, locate) for name in names]
    found = [one for one in answers if not (one.located.empty and one.not_located.empty)]
    if as_json and found:
        records = [
            record | ({"query": one.name} if len(names) > 1 else {})
            for one in found
            for record in _list_records(one)
        ]
        print_json(records)
    elif found:
        for one in found:
            _print_answers(one, ground, scenario.side)
        if not places.places:
            _print_reach(found, index, ground)
        _print_accuracy(ground.border)
    missing = [one.name for one in answers if one.located.empty and one.not_located.empty]
    if missing:
        hints = [_describe_missing(name, index, unplaced) for name in missing]
        reach = "" if places.places else index.describe_reach(missing[0], towns.located[:0])
        raise gb.DataError(" ".join([*hints, reach]).strip())


def _find_places(
    name: str,
    towns: Places,
    index: NameIndex,
    unplaced: NameIndex,
    locate: Callable[[gpd.GeoDataFrame], pd.DataFrame],
) -> _Answers:
    """Return the places of a name, or of similar names if no place has it.

    The best matches come first; equally good ones are sorted by distance.
    """
    from geobuffer.analysis.classify import join_columns

    found, others = index.find(name), unplaced.find(name)
    if found.is_exact != others.is_exact:  # only one of them has exactly this name
        found, others = (
            (one if one.is_exact else one._replace(rows=[], ranks=[])) for one in (found, others)
        )
    rows = towns.located.iloc[found.rows]
    table = join_columns(rows, locate(rows))
    nearest = list(zip(found.ranks, table["distance_km"], strict=True))
    order = sorted(range(len(nearest)), key=nearest.__getitem__)
    return _Answers(
        name, table.iloc[order], towns.not_located.iloc[others.rows],
        found.is_exact or others.is_exact,
    )  # fmt: skip


def _list_records(answers: _Answers) -> list[dict[str, Any]]:
    """Return the rows of the places of a name; those without a position have no distance."""
    import pandas as pd

    located = answers.located
    table = located.assign(longitude=located.geometry.x, latitude=located.geometry.y)
    table = pd.DataFrame(table.drop(columns=located.geometry.name))
    return list_records(table) + list_records(answers.not_located.reindex(columns=table.columns))


def _describe_missing(name: str, index: NameIndex, unplaced: NameIndex) -> str:
    """Return that no settlement has a name, and which names are similar."""
    near = index.suggest(name) or unplaced.suggest(name)
    if not near and any(sign.isdigit() for sign in name):
        raise _no_place(name)
    hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    return f"No settlement is called {name!r}.{hint}"


def _print_reach(found: list[_Answers], index: NameIndex, ground: Ground) -> None:
    """Print how far the bundled table reaches, once: a larger namesake may lie beyond it."""
    from geobuffer.datasets.name_search import BUNDLED_REACH_KM
    from geobuffer.viz.captions import has_only_points

    has_line = not has_only_points(ground.border.sections)
    asked = [one for one in found if one.located.empty or has_line]
    for line in dict.fromkeys(index.describe_reach(one.name, one.located) for one in asked):
        print_line(line)
    # Without this line, such distances seem to contradict the line about how far the table reaches.
    if any((one.located["distance_km"] > BUNDLED_REACH_KM).any() for one in asked):
        print_line(
            f"Places listed as more than {BUNDLED_REACH_KM} km away are near that border too, but "
            "far from the line asked about."
        )


def _print_answers(answers: _Answers, ground: Ground, side: str) -> None:
    """Print the places of one name."""
    import pandas as pd

    from geobuffer.viz.captions import has_only_points

    name, table, unplaced = answers.name, answers.located, answers.not_located
    if not answers.is_exact:
        print_line(f"No settlement is spelled {name!r}. Similar names:")
    points_only = has_only_points(ground.border.sections)
    if not table.empty:
        apart = {"side"} if points_only else set()
        if "nearest_lat" in table:
            at = map(_write_position, table["nearest_lat"], table["nearest_lon"])
            table = table.assign(nearest_point=[*at])
        columns = [column for column in _SHOWN if column in table and column not in apart]
        origin = "" if apart else f" from {_name_origin(ground.border, side)}"
        print_table(pd.DataFrame(table[columns]), f"Distance{origin}: {name}")
    if renamed := _list_renamed(name, pd.concat([table, unplaced])):
        print_line(f"{name!r} is a former or another name of: {', '.join(renamed)}.")
    if not unplaced.empty:
        areas = ", ".join(sorted(set(unplaced["raion_en"].fillna(unplaced["oblast"]))))
        print_line(f"Known by name only, without a trusted position: {len(unplaced)} ({areas}).")


def _list_renamed(name: str, table: pd.DataFrame) -> list[str]:
    """Return the present names of places that have a name only as a former or other name."""
    from geobuffer.datasets.bundled import load_other_names
    from geobuffer.zones.toponyms import NAME_COLUMNS, make_name_keys

    if "id" not in table:
        return []
    (key,), others = make_name_keys([name]), load_other_names()
    columns = [column for column in NAME_COLUMNS if column in table]
    found = []
    for number, *names in table[["id", *columns]].itertuples(index=False):
        own = [one for one in names if isinstance(one, str) and one]
        aliases = others.get(number, "").split("|")
        if own and key not in make_name_keys(own) and key in make_name_keys(aliases):
            found.append(own[0])
    return list(dict.fromkeys(found))


def _print_accuracy(line: gb.Border, accuracy_m: float | None = None) -> None:
    """Print how accurate the border is, there or in general, if its source states that."""
    if line.source.accuracy_m is not None:
        about_m = line.source.accuracy_m if accuracy_m is None else accuracy_m
        print_line(f"The border itself is accurate to about {about_m:g} m.")

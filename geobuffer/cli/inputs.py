"""Turn the options of a command into a scenario, its border, its zone and the places."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import geobuffer as gb
from geobuffer.cli.fetched import load_fetched_places, load_fetched_totals, print_fetched_sources
from geobuffer.cli.options import check_together
from geobuffer.cli.output import name_options, print_note
from geobuffer.cli.read_keys import Older, name_keys, read_keys, spread_keys
from geobuffer.zones.translation import read_translation

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import geopandas as gpd
    import pandas as pd
    import shapely

    from geobuffer.cli.options import BorderOptions, ModelOptions, PlaceOptions, ZoneOptions
    from geobuffer.zones.zone import Zone


# At the closest useful zoom of the page a pixel is 12 m. An edge within 2 m looks as exact as one
# within 0.1 m, and takes half the time. The area of the default zone is then 0.004 % too small.
PAGE_M = 2.0

# The tolerance where a command uses distances only and does not show the polygon, but still needs
# one: for zones with widths by name, for one side of a bare line, and to cut lines or areas.
UNSEEN_M = 50.0


# In the area of the bundled settlements, none of 5,000 random points was more than 18 km from the
# nearest one. A border farther from all of them lies outside that area, and a count of zero there
# would be wrong.
_COVERED_KM = 20.0


# The side of a zone around the areas of a file. geobuffer.zones.border has the same constant, but
# takes long to import.
AROUND = "around"

# A point is only a pair of numbers: we do not know who measured it.
_TYPED = "as given on the command line"


class Ground(NamedTuple):
    """A border and the regions around it."""

    border: gb.Border
    regions: gb.Regions
    bundled: bool  # whether the regions are bundled; others may lie outside the bundled settlements


class Places(NamedTuple):
    """Settlements with a point, and settlements known by name only.

    The attrs of ``located`` state how many places of each hromada are in ``not_located``.
    """

    located: gpd.GeoDataFrame
    not_located: pd.DataFrame


def check_options(options: BorderOptions) -> None:
    """Raise DataError for options that exclude each other, or that need a missing option."""
    if bool(options.between) != bool(options.and_):
        raise gb.DataError("Invalid --between and --and. Must be given together.")
    if options.between and options.scenario is not None:
        raise gb.DataError(
            "Invalid --scenario with --between. Must be one of them: a file names its regions."
        )
    if options.regions is not None and options.country:
        raise gb.DataError("Invalid --regions with --country. Must be one of them.")
    _check_have_files(options)
    if len(bare := _list_bare_options(options)) > 1:
        raise gb.DataError(f"Invalid {bare[0]} with {bare[1]}. Must be one of them.")
    if bare:
        _check_no_regions(options, bare[0])
    named = bool(options.between or options.scenario)
    if options.regions is not None and not named:
        raise gb.DataError(
            "Invalid --regions without --between and --and. Must name regions of the file there, "
            "or in a --scenario."
        )
    if options.country and not named:
        raise gb.DataError(
            "Invalid --country alone. Must come with --between and --and, or with --scenario."
        )


def _check_have_files(options: BorderOptions) -> None:
    """Raise DataError for options that say how a file is read, without that file."""
    for flag, value in _list_older(options).values():
        if value is not None and not (options.regions or _bare_option(options)):
            raise gb.DataError(
                f"Invalid {flag} without --regions, --along, --around or --outline. Must be given "
                "together."
            )
    check_together(
        {
            "--regions-read": (options.regions_read, options.regions),
            "--along-read": (options.along_read, options.along),
            "--around-read": (options.around_read, options.around),
            "--outline-read": (options.outline_read, options.outline),
        }
    )


def _list_older(options: BorderOptions) -> dict[str, Older]:
    """Return the older options for the file of a border; today each file has its own option."""
    return {
        "name": Older("--region-name", options.region_name),
        "layer": Older("--layer", options.layer),
        "crs": Older("--crs", options.crs),
        "swap": Older("--swap", options.swap or None),
        "edges": Older("--edges", options.edges and options.edges.value),
    }


def _list_bare_options(options: BorderOptions) -> list[str]:
    """Return which options give a border without regions."""
    given = {
        "--along": options.along is not None, "--around": bool(options.around),
        "--outline": bool(options.outline),
    }  # fmt: skip
    return [flag for flag, is_given in given.items() if is_given]


def _bare_option(options: BorderOptions) -> str:
    return next(iter(_list_bare_options(options)), "")


def _check_no_regions(options: BorderOptions, bare: str) -> None:
    """Raise DataError for options about regions if the border has no regions."""
    of_regions = {
        "--scenario": options.scenario if bare.startswith("--") else None,
        "--between": options.between, "--regions": options.regions, "--country": options.country,
        "--gap-m": options.gap_m, "--land-only": options.land_only or None,
    }  # fmt: skip
    for flag, value in of_regions.items():
        if value is not None:
            raise gb.DataError(f"Invalid {flag} with {bare}. Must be one of them.")


def read_scenario(
    options: BorderOptions, changes: Mapping[str, Any] | None = None, *, language: str = "en"
) -> gb.Scenario:
    """Return the scenario of the options: the file or the default one, with changes applied."""
    from geobuffer.datasets.scenario import holds_file

    check_options(options)
    scenario = gb.load_scenario(options.scenario, language=language)
    if scenario.around or scenario.along:
        key = "around" if scenario.around else "along"
        _check_no_regions(options, f"a --scenario that has {key!r}")
    own = bool(options.between or _bare_option(options))
    if own:
        between, and_ = (tuple(split_names(names)) for names in (options.between, options.and_))
        scenario = gb.Scenario("", between, and_, scenario.km, language=language)
    side = {"side": AROUND} if holds_file(options.around or ()) else {}
    changed = dataclasses.replace(scenario, **side | dict(changes or {}))
    if own or changed == scenario:
        return changed
    # A changed zone is not the announced zone: its title must say so.
    title = read_translation(language).text("changed", km=changed.width)
    return dataclasses.replace(changed, title=title, summary="", announced_by="")


def read_zone(options: ZoneOptions, *, language: str = "en") -> gb.Scenario:
    """Return the scenario with the widths, the side and the ends of the options."""
    from geobuffer.zones.border import BOTH
    from geobuffer.zones.quantities import parse_km

    from_km, km = options.from_km, None if options.km is None else _parse_widths(options.km)
    side = options.side
    if isinstance(km, dict) and side is None and (not options.around or _name_sides(km)):
        # Widths by side or section already say which sides the zone has.
        side = BOTH
    given = {
        "km": km,
        "from_km": None if from_km is None else parse_km(from_km, "--from-km"),
        "side": side,
        "ends": options.ends and options.ends.value,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    return read_scenario(options, changes, language=language)


def _name_sides(names: Iterable[str]) -> bool:
    """Return whether any of the names means inside or outside, in any language."""
    from geobuffer.zones.border import SIDE_NAMES
    from geobuffer.zones.toponyms import fold_name

    sides = [*SIDE_NAMES["inside"].values(), *SIDE_NAMES["outside"].values()]
    return not {fold_name(name) for name in names}.isdisjoint(map(fold_name, sides))


def make_heading(scenario: gb.Scenario, zone: Zone) -> str:
    """Return the heading of a table: the title of the scenario, or the name of the border."""
    from geobuffer.viz.captions import has_only_points, load_translation, write_title

    if scenario.title:
        # Points have no sides.
        is_plain = has_only_points(zone.sections)
        return scenario.title if is_plain else f"{scenario.title} – side: {zone.side}"
    return write_title(zone, "", load_translation("en", zone))


def split_names(names: list[str] | None) -> list[str]:
    """Return all names: an option may repeat, and each may hold several names with commas."""
    return [name.strip() for given in names or [] for name in given.split(",")]


def _parse_widths(km: str) -> tuple[float, ...] | dict[str, float]:
    """Return the edges of the rings, or a width by side or section."""
    from geobuffer.zones.quantities import describe_readings, parse_km, quote_value

    parts = [part.strip() for part in km.split(",")]
    named = [part.rpartition("=") for part in parts]
    if all(equals for _, equals, _ in named):
        return _name_widths(km, [(name.strip(), width.strip()) for name, _, width in named])
    with_unit = [part.rstrip(".")[-1:].isalpha() for part in parts]
    # 10,5 km may mean two rings or a decimal comma.
    if len(set(with_unit)) > 1 or any(equals for _, equals, _ in named):
        raise gb.GeometryError(
            f"Invalid --km {quote_value(km)}{describe_readings(km)}. Commas separate rings: write "
            "5,10,20, or a unit for each ring, as in '500 m, 5 km', or a name for each width, as "
            "in Ukraine=10,Russia=5; decimals have a point."
        )
    return tuple(parse_km(part, "--km") for part in parts)


def _name_widths(km: str, named: list[tuple[str, str]]) -> dict[str, float]:
    """Return the width of each side or section; raise GeometryError for a name given twice.

    A dictionary alone would silently keep the last width. A side that is named in two languages is
    found later, by :func:`geobuffer.build_zone`.
    """
    from geobuffer.zones.quantities import parse_km, quote_value
    from geobuffer.zones.toponyms import fold_name

    widths: dict[str, float] = {}
    folded = [fold_name(name) for name, _ in named]
    for name, width in named:
        if folded.count(fold_name(name)) > 1:
            raise gb.GeometryError(
                f"Invalid --km {quote_value(km)}: {name!r} is named twice. Name it once."
            )
        widths[name] = parse_km(width, "--km")
    return widths


def load_ground(options: BorderOptions, scenario: gb.Scenario) -> Ground:
    """Return the border of the options or the scenario, and the regions around it."""
    from geobuffer.datasets.bundled import load_border

    if scenario.around or scenario.along:
        return Ground(gb.scenario_border(scenario), gb.load_regions(), bundled=False)
    if options.along is not None:
        keys = read_keys("--along-read", options.along_read, _list_older(options))
        with name_keys("--along-read"):
            line = gb.read_border(options.along, **keys)
        return Ground(line, gb.load_regions(), bundled=False)
    if options.around:
        return Ground(_make_border_around(options), gb.load_regions(), bundled=False)
    if options.outline:
        border = _read_border_around("--outline-read", options.outline, options)
        return Ground(border, gb.load_regions(), bundled=False)
    # A file of regions replaces the countries that a scenario names.
    country = [] if options.regions else split_names(options.country) or list(scenario.country)
    regions = _load_regions(options, country)
    land_only = options.land_only or scenario.land_only
    bundled = options.regions is None and not country
    one, other = regions[scenario.between], regions[scenario.other]
    is_known = bundled and options.gap_m is None and not land_only
    known = load_border(one, other) if is_known else None
    with name_options({"tolerance_m": "--gap-m"}):
        border = known or gb.border_between(
            one, other, tolerance_m=options.gap_m, land_only=land_only
        )
    # The world has countries and their regions: a map of both would draw them twice.
    shown = gb.Regions(()) if country else regions
    return Ground(border, shown, bundled=bundled)


def _make_border_around(options: BorderOptions) -> gb.Border:
    """Return the border around the points, and around the shapes of the files, of --around."""
    from geobuffer.datasets.scenario import make_border_around, parse_point

    texts = options.around or []
    given = [parse_point(text, "--around") for text in texts]
    points = [point for point in given if point is not None]
    files = [text for text, point in zip(texts, given, strict=True) if point is None]
    if files:
        return _read_border_around("--around-read", files, options, points)
    older = [flag for flag, value in _list_older(options).values() if value is not None]
    for flag in [*(["--around-read"] if options.around_read else []), *older]:
        raise gb.DataError(f"Invalid {flag} with a point. Must come with a file.")
    return make_border_around([], points, gb.Source(_TYPED))


def _read_border_around(
    flag: str, files: list[str], options: BorderOptions, points: Sequence[shapely.Point] = ()
) -> gb.Border:
    """Return the border around the shapes of files, and around points."""
    from geobuffer.datasets.scenario import make_border_around
    from geobuffer.io.read.read import read_shapes

    texts = options.around_read if flag == "--around-read" else options.outline_read
    each = spread_keys(flag, texts, len(files), _list_older(options))
    with name_keys(flag):
        read = [read_shapes(file, **keys) for file, keys in zip(files, each, strict=True)]
    return make_border_around(read, points, gb.Source(_TYPED))


def _load_regions(options: BorderOptions, country: Sequence[str]) -> gb.Regions:
    """Return the regions of the user's file, those of the named countries, or the bundled ones."""
    if country:
        from geobuffer.datasets.scenario import load_country_regions

        return load_country_regions(country)
    if options.regions is None:
        return gb.load_regions()
    keys = read_keys("--regions-read", options.regions_read, _list_older(options))
    with name_keys("--regions-read"):
        return gb.read_regions(options.regions, **keys)


def build_zone(scenario: gb.Scenario, border: gb.Border, tolerance_m: float | str = 0.1) -> Zone:
    """Build the zone of a scenario along a border."""
    return gb.build_zone(
        border,
        km=scenario.km,
        from_km=scenario.from_km,
        side=scenario.side,
        ends=scenario.ends,
        tolerance_m=tolerance_m,
    )


def load_places(options: PlaceOptions, ground: Ground) -> Places:
    """Return settlements as :func:`find_places` does; raise DataError if it returns None."""
    places = find_places(options, ground)
    if places is None:
        raise gb.DataError(
            "No settlements are bundled along this border: the bundled ones are those along the "
            "border of Ukraine and Russia. Must be given: --places FILE."
        )
    return places


def _list_older_of_places(options: PlaceOptions) -> dict[str, Older]:
    """Return the options that hold for all files of places."""
    return {
        "layer": Older("--places-layer", options.places_layer),
        "crs": Older("--places-crs", options.places_crs),
        "swap": Older("--places-swap", options.places_swap or None),
    }


def find_places(options: PlaceOptions, ground: Ground) -> Places | None:
    """Return the settlements of the user or the bundled ones, with other gazetteers merged in.

    The result is None if the user gives no file and none are bundled along the border: it is not
    known then how many settlements lie there.
    """
    import pandas as pd

    tables = _load_first_tables(options, ground)
    if not options.add_places and not options.fetched:
        known = pd.concat(tables[1:]) if tables[1:] else pd.DataFrame()
        return make_places(tables[0], known) if tables else None
    files = options.add_places or []
    each = spread_keys(
        "--add-places-read", options.add_places_read, len(files), _list_older_of_places(options)
    )
    tables += [
        _add_ids(_read_places("--add-places-read", file, keys, ground), file)
        for file, keys in zip(files, each, strict=True)
    ]
    fetched = load_fetched_places(ground.border, ground.regions) if options.fetched else []
    tables += fetched
    merged = gb.merge_settlements(*tables, regions=ground.regions)
    counts = gb.merge_summary(merged)
    print_note(
        f"{counts['records']:,} records are {counts['places']:,} places; known by name only: "
        f"{counts['newly_located']:,} of them now have a position, {counts['not_located']:,} have "
        f"none. Records that contradict each other: {counts['conflicts']:,}."
    )
    if fetched:
        print_fetched_sources(merged, fetched)
    there = merged.geometry.notna()
    return make_places(merged[there], merged[~there])


def make_places(located: gpd.GeoDataFrame, not_located: pd.DataFrame) -> Places:
    """Return both tables; the attrs of the first count the rows of the second by hromada."""
    from geobuffer.io.not_located import NOT_LOCATED, count_by_hromada

    located = located.copy(deep=False)
    located.attrs[NOT_LOCATED] = count_by_hromada(not_located)
    return Places(located, not_located)


def _load_first_tables(options: PlaceOptions, ground: Ground) -> list[pd.DataFrame]:
    """Return the tables to start from: the file of the user, or the bundled tables."""
    if options.places is not None:
        keys = read_keys("--places-read", options.places_read, _list_older_of_places(options))
        own = _read_places("--places-read", options.places, keys, ground)
        return [_add_ids(own, options.places) if options.add_places or options.fetched else own]
    bundled = gb.load_settlements()
    if not ground.bundled:
        if gb.distance_to_border(bundled, ground.border).min() > _COVERED_KM:
            return []
        print_note(
            "the bundled settlements are those along the border of Ukraine and Russia; "
            "--places reads your own."
        )
    # Places known by name only have no point; they are counted, and `where` finds them.
    return [bundled, gb.load_not_located()]


def _read_places(flag: str, file: str, keys: Mapping[str, Any], ground: Ground) -> gpd.GeoDataFrame:
    """Read settlements, and print a note if they have no accuracies."""
    with name_keys(flag):
        places = gb.read_settlements(file, **keys, near=ground.border)
    if "accuracy_m" not in places:
        print_note(
            f"{file} has no column accuracy_m: its points count as exact, and no place is "
            f"uncertain. Add the column, in metres, or state {flag} accuracy_m= for all, to see "
            "which places are uncertain."
        )
    return places


def _add_ids(table: gpd.GeoDataFrame, file: str) -> gpd.GeoDataFrame:
    """Return a table with a column id; a new id is the name of the file and the row number."""
    if "id" in table:
        return table
    stem = Path(file).stem.replace(";", "")
    return table.assign(id=[f"{stem}:{number}" for number in range(1, len(table) + 1)])


def measure_zone(
    scenario: gb.Scenario, ground: Ground, options: PlaceOptions
) -> tuple[Zone, gpd.GeoDataFrame]:
    """Return the zone of a scenario, for distances only, and all places.

    Raises
    ------
    DataError
        No settlements are bundled along the border, and the user gives none.
    """
    from geobuffer.io.feature_tables import POINTS, find_kind
    from geobuffer.zones.border import BOTH
    from geobuffer.zones.make_zone import plan_zone

    towns = join_places(load_places(options, ground))
    is_cut = ground.border.is_bare and scenario.side != BOTH
    if isinstance(scenario.km, Mapping) or is_cut or find_kind(towns) != POINTS:
        return build_zone(scenario, ground.border, UNSEEN_M), towns
    how: dict[str, Any] = {"side": scenario.side, "ends": scenario.ends}
    return plan_zone(ground.border, scenario.km, from_km=scenario.from_km, **how), towns


def join_places(places: Places) -> gpd.GeoDataFrame:
    """Return one table of places, those without a point at the end."""
    from geobuffer.io.not_located import join_not_located

    return join_not_located(*places)


def load_totals(
    model: ModelOptions, places: PlaceOptions, towns: gpd.GeoDataFrame
) -> dict[str, float]:
    """Return the people of hromadas for the model: from the user's table, or from the cache.

    Raises
    ------
    DataError
        The table cannot be read, or none of its codes is that of a hromada of the places.
    """
    from geobuffer.io.not_located import read_hromadas
    from geobuffer.io.read.totals import read_totals

    if model.totals is None:
        return load_fetched_totals() if places.fetched and not model.no_model else {}
    import pandas as pd

    totals = read_totals(model.totals)
    keys = read_hromadas(pd.DataFrame({"hromada_code": list(totals)}))
    known = len({*read_hromadas(towns)} & {*keys})
    if not known:
        raise gb.DataError(
            f"Invalid --totals {model.totals}: none of its {len(totals):,} codes is that of a "
            "hromada of the settlements. Must be KATOTTG codes of hromadas, as "
            "UA59080270000000000, or their first nine characters."
        )
    print_note(f"people of hromadas, for the model: {known:,} from {model.totals}.")
    return totals


def classify_places(places: gpd.GeoDataFrame, zone: Zone) -> gpd.GeoDataFrame:
    """Return places with their distance, side, section and membership in the zone."""
    from geobuffer.analysis.classify import join_columns

    return join_columns(places, gb.classify(places, zone))


def count_not_located(classed: gpd.GeoDataFrame) -> int:
    """Return how many places without a point the zone may hold.

    They are those of hromadas with other places in the zone, and those without a known hromada.
    """
    from geobuffer.analysis.membership import is_counted
    from geobuffer.io.not_located import find_not_located

    unplaced = find_not_located(classed, classed["membership"].isna().to_numpy())
    return unplaced.count_near(is_counted(classed["membership"]))


def describe_expected(expected: float, low: int, high: int, surely: int) -> str:
    """Return the sentence about how many places are expected in a zone."""
    return (
        f"About {round(expected):,} places are expected in the zone, with 90 % probability {low:,} "
        f"to {high:,}; {surely:,} of them surely."
    )


def has_hromadas(places: pd.DataFrame) -> bool:
    """Return whether a table states the hromada of at least one place."""
    from geobuffer.io.not_located import read_hromadas

    return any(key is not None for key in read_hromadas(places))


def describe_not_located(count: int, *, is_expected: bool = False, by_hromada: bool = True) -> str:
    """Return the sentence about places without a point that the zone may hold."""
    where = (
        "among those expected, but in no other count" if is_expected else "in none of these counts"
    )
    if not by_hromada:
        rows, they = ("1 place has", "it") if count == 1 else (f"{count:,} places have", "they")
        be = "is" if count == 1 else "are"
        return f"{rows} no position: {they} may lie inside or outside, and {be} {where}."
    if count == 1:
        return (
            "1 more place of the same hromadas is known by name but has no trusted position; it is "
            f"{where}."
        )
    return (
        f"{count:,} more places of the same hromadas are known by name but have no trusted "
        f"position; they are {where}."
    )

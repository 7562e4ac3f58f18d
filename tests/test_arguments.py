"""Each argument of each public function and constructor: a wrong type gives an error of ours.

The functions, the dataclasses and their parameters come from the signatures. A new public name
fails the first test until `CALLS` holds a right call of it.
"""

import contextlib
import dataclasses
import inspect
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import geobuffer as gb

SOURCE = gb.Source("drawn by hand")
LINE = shapely.LineString([(30, 50), (30, 50.2)])


KEYWORD = inspect.Parameter.KEYWORD_ONLY


class Thing:
    """A value that no function can use."""


class Calls:
    """A right call of each public function: its positional and its named arguments."""

    def __init__(self, folder: Path) -> None:
        park = gb.Region("Park", shapely.box(29.9, 50, 30, 50.2), SOURCE)
        wood = gb.Region("Wood", shapely.box(30, 50, 30.1, 50.2), SOURCE)
        border = gb.border_along(LINE, source=SOURCE)
        zone = gb.build_zone(border, km=5, tolerance_m=10)
        places = gb.load_settlements().iloc[:40]
        table = gb.write(places, folder / "places.csv")
        shapes = gb.write(zone, folder / "zone.gpkg")
        lines = folder / "lines.geojson"
        lines.write_text(
            '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"name": '
            '"road"}, "geometry": {"type": "LineString", "coordinates": [[30, 50], [30, 50.2]]}}]}'
        )
        scenario = gb.load_scenario()
        regions = gb.load_regions()
        curve = gb.exposure_curve(places, border, to_km=5, step_km=1)
        counts = gb.exposure(places, zone)
        merged = gb.merge_settlements(places)
        self.calls = {
            "answer": ([30.0], [50.1], zone),
            "border_along": (LINE,),
            "border_around": (shapely.Point(30, 50),),
            "border_between": (park, wood),
            "border_of": (park,),
            "buffer": (places, 5),
            "build_zone": (border, 5),
            "check_scenario": (scenario, zone, places),
            "classify": (places, zone),
            "classify_file": (table, zone, folder / "answers.parquet"),
            "clip": (places, zone),
            "clip_zone": (zone, park),
            "compare": (zone, zone),
            "compare_exposure": (counts, counts),
            "distance_grid": (border,),
            "distance_to_border": (places, border),
            "exposure": (places, zone),
            "exposure_curve": (places, border),
            "exposure_raster": ("none.tif", zone),
            "fetch": ("hdx",),
            "find_settlements": (places, "Басівка"),
            "inline": (gb.map_zone(zone),),
            "list_datasets": (),
            "list_sources": (),
            "load_not_located": (),
            "load_regions": (),
            "load_scenario": (),
            "load_settlements": (),
            "locate": (places, border),
            "map_zone": (zone,),
            "merge_settlements": (places,),
            "merge_summary": (merged,),
            "nearest_section": (places, border),
            "plot_crs": (zone,),
            "plot_curve": (curve,),
            "plot_zone": (zone,),
            "read_border": (lines,),
            "read_regions": (shapes,),
            "read_settlements": (table,),
            "read_zone": (shapes,),
            "scenario_border": (scenario, regions),
            "scenario_places": (scenario, gb.load_settlements()),
            "scenario_zone": (scenario, regions),
            "show_versions": (),
            "source_of": ("oblasts",),
            "subtract": (zone, park),
            "unite": (zone, park),
            "widget": (zone,),
            "within": (places, zone),
            "write": (places, folder / "out.csv"),
            "Border": (border.sections, border.sides, SOURCE),
            "BufferZone": (border, (0.0, 5.0), "both", "round", zone.rings, 10.0, 1.0),
            "CombinedZone": ("union", (zone, park), zone.polygon, "zone"),
            "Downloader": (),
            "OfflinePage": ("<p>A page</p>",),
            "Region": ("Park", park.geometry, SOURCE),
            "Regions": ((park,),),
            "Report": ("It is wide.",),
            "Scenario": ("A proposal", ("Kursk",), ("Sumy",), (10.0,)),
            "Section": ("road", LINE, (park, wood), 0.0, 22.2),
            "Side": ("left", park.geometry),
            "Source": ("a map",),
        }
        self.needed = {
            "exposure_curve": {"to_km": 5},
            "exposure_raster": {"values": "counts"},
        }


@pytest.fixture(scope="module")
def calls(tmp_path_factory):
    return Calls(tmp_path_factory.mktemp("arguments"))


FUNCTIONS = [
    name
    for name in gb.__all__
    if inspect.isfunction(getattr(gb, name)) or dataclasses.is_dataclass(getattr(gb, name))
]
ARGUMENTS = [
    (name, parameter)
    for name in FUNCTIONS
    for parameter, facts in inspect.signature(getattr(gb, name)).parameters.items()
    if facts.kind is not inspect.Parameter.VAR_KEYWORD
]
# Values of many types. Some are right for some arguments; those calls must work.
VALUES = {
    "thing": Thing(),
    "none": None,
    "truth": True,
    "number": 7.5,
    "text": "no such thing",
    "bytes": b"no such thing",
    "list": ["no such thing"],
    "empty": [],
    "numbers": np.array([[1.0, 2.0]]),
    "table": pd.DataFrame({"lon": [30.0], "lat": [50.0]}),
    "shape": shapely.Point(30, 50),
    "mapping": {"no such": Thing()},
    "things": [Thing()],
    "class": Thing,
}


def call(calls, name, parameter, value):
    """Call a function with one of its arguments replaced."""
    args, named = list(calls.calls[name]), dict(calls.needed.get(name, {}))
    facts = inspect.signature(getattr(gb, name)).parameters
    if facts[parameter].kind is inspect.Parameter.VAR_POSITIONAL:
        args = [*args[:-1], value]
    elif facts[parameter].kind is not KEYWORD and list(facts).index(parameter) < len(args):
        args[list(facts).index(parameter)] = value
    else:
        named[parameter] = value
    return getattr(gb, name)(*args, **named)


def test_each_public_function_has_a_call(calls):
    assert sorted(calls.calls) == sorted(FUNCTIONS)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "parameter"), ARGUMENTS)
def test_an_unusable_value_is_refused_with_the_name_of_its_argument(calls, name, parameter):
    with pytest.raises(gb.GeobufferError) as caught:
        call(calls, name, parameter, VALUES["thing"])
    assert caught.value.parameter == parameter
    assert "Thing" in str(caught.value)
    assert "Must be" in str(caught.value)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "parameter"), ARGUMENTS)
def test_no_value_gives_an_error_of_python(calls, tmp_path, monkeypatch, name, parameter):
    monkeypatch.chdir(tmp_path)
    failed = {}
    for kind, value in VALUES.items():
        try:
            with contextlib.suppress(gb.GeobufferError):
                call(calls, name, parameter, value)
        except Exception as error:  # noqa: BLE001 - we list whatever it is
            failed[kind] = repr(error)
    assert failed == {}


BOW_TIE = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
SPIKE = shapely.Polygon([(0, 0), (1, 0), (1, 1), (0, 1), (0, 2), (0, 1)])


def constructors(calls):
    border, _, _ = calls.calls["Border"]
    border, edges, *rest = calls.calls["BufferZone"]
    how, parts, _, name = calls.calls["CombinedZone"]
    return {
        "region": lambda shape: gb.Region("x", shape, SOURCE).geometry,
        "side": lambda shape: gb.Side("x", shape).area,
        "ring": lambda shape: gb.BufferZone(
            border, edges, *rest[:2], (shape,), *rest[3:]).polygon,
        "zone": lambda shape: gb.CombinedZone(how, parts, shape, name).polygon,
    }  # fmt: skip


@pytest.mark.parametrize("what", ["region", "side", "ring", "zone"])
def test_constructors_repair_polygons_as_readers_do(calls, what):
    make = constructors(calls)[what]
    with pytest.raises(gb.GeometryError, match="Self-intersection"):
        make(BOW_TIE)
    with pytest.warns(UserWarning, match=r"^repaired .*12,308.5 km² before, 12,308.5") as caught:
        assert make(SPIKE).is_valid
    assert caught[0].filename == __file__


def test_a_name_that_no_file_can_hold_is_refused():
    for make in (
        gb.Source,
        lambda name: gb.Region(name, shapely.box(0, 0, 1, 1), SOURCE),
        lambda name: gb.border_along(LINE, names=[name]),
        lambda name: gb.border_around(shapely.Point(30, 50), names=[name]),
        lambda name: gb.Scenario(name, ("Kursk",), ("Sumy",), (10.0,)),
    ):
        make("Суми")
        with pytest.raises(gb.GeobufferError, match="whole characters"):
            make("Sumy\ud83d")


def test_lists_and_texts_become_what_a_noun_holds():
    scenario = gb.Scenario("A proposal", ["Kursk"], ["Sumy"], ["5 km", 10])
    assert scenario == gb.Scenario("A proposal", ("Kursk",), ("Sumy",), (5.0, 10.0))
    assert gb.Scenario("A proposal", ("Kursk",), ("Sumy",), 10).km == (10.0,)
    assert gb.Source("a map", accuracy_m="500 ft") == gb.Source("a map", accuracy_m=152.4)
    with pytest.raises(gb.WrongKind, match="between"):
        gb.Scenario("A proposal", "Kursk", ("Sumy",), 10)
    with pytest.raises(gb.GeometryError, match="accuracy_m"):
        gb.Source("a map", accuracy_m=-1)


def _table_of(module, name, *calls):
    """An object that looks like a table of a library which need not be installed."""
    return type(name, (), {"__module__": module, **dict.fromkeys(calls, print)})()


ZONE = gb.build_zone(gb.border_along(LINE, source=SOURCE), km=1)

FOREIGN = {
    "polars": (_table_of("polars.dataframe.frame", "DataFrame", "to_pandas"), "to_pandas()"),
    "polars, lazy": (
        _table_of("polars.lazyframe.frame", "LazyFrame", "collect"), "collect().to_pandas()"),
    "dask": (_table_of("dask.dataframe.dask_expr", "DataFrame", "compute"), "compute()"),
    "xarray": (_table_of("xarray.core.dataset", "Dataset", "to_dataframe"), "to_dataframe()"),
    "duckdb": (_table_of("_duckdb", "DuckDBPyRelation", "df"), "df()"),
    "astropy": (_table_of("astropy.table.table", "Table", "to_pandas"), "to_pandas()"),
"pyarrow": (_table_of("pyarrow.lib", "RecordBatchReader", "to_pandas"), "to_pandas()"),
}  # fmt: skip


@pytest.mark.parametrize("library", FOREIGN)
@pytest.mark.parametrize(
    "call",
    [
        lambda given: gb.classify(given, ZONE),
        gb.read_settlements,
        gb.read_regions,
        gb.merge_settlements,
        gb.border_along,
        gb.border_around,
        lambda given: gb.write(given, "towns.gpkg"),
    ],
    ids=["classify", "settlements", "regions", "merge", "along", "around", "write"],
)
def test_a_table_of_another_library_gets_its_conversion(call, library):
    table, conversion = FOREIGN[library]
    with pytest.raises(gb.GeobufferError) as caught:
        call(table)
    assert f"Convert it first: its {conversion} gives a table of pandas." in str(caught.value)
    assert f" of {library.split(',')[0]}" in str(caught.value)
    # A lazy table has only to be collected for functions that take tables of its library.
    assert ("take its collect()" in str(caught.value)) == (library == "polars, lazy")


def test_a_table_without_geometry_is_refused_with_what_makes_shapes():
    table = pd.DataFrame({"lon": [34.8, 34.9], "lat": [50.9, 51.0]})
    for function in (gb.border_along, gb.border_around):
        with pytest.raises(gb.DataError, match="a DataFrame without geometry") as caught:
            function(table)
        assert (
            "geopandas.GeoDataFrame(df, geometry=geopandas.points_from_xy(df.lon, df.lat), "
            "crs=4326)" in str(caught.value)
        )
        assert "shapely.LineString(df[['lon', 'lat']].to_numpy())" in str(caught.value)
    # What the message says works.
    assert gb.border_around(
        gpd.GeoDataFrame(table, geometry=gpd.points_from_xy(table.lon, table.lat), crs=4326)
    )
    assert gb.border_along(shapely.LineString(table[["lon", "lat"]].to_numpy()))
    with pytest.raises(gb.DataError, match=r"shapely\.from_wkt"):
        gb.border_along("LINESTRING (30 50, 31 50)")
    with pytest.raises(gb.DataError, match=r"read_settlements\(\) makes points"):
        gb.write(table, "towns.gpkg")


def test_a_region_is_not_looked_up_by_a_table():
    with pytest.raises(gb.UnknownRegion, match=r"^Invalid region: a DataFrame\. Must be a name"):
        gb.load_regions()[pd.DataFrame({"name": ["Sumy"]})]

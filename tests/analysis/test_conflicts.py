"""Conflicts between the country and oblast that a table lists and its points."""

import numpy as np

import geobuffer as gb
from geobuffer.analysis.conflicts import find_conflicts, find_listed_country, read_listing
from geobuffer.io.point_tables import read_lonlat


def test_names_and_codes_give_the_same_conflicts(towns, regions, zone):
    """The bundled places, each listed where another one is, in codes and then in names."""
    columns = ["oblast_iso", "oblast", "country"]
    table = towns.assign(**{column: np.roll(towns[column], 2_000) for column in columns})
    lon, lat = read_lonlat(table)
    said, wrong, _ = find_conflicts(read_listing(table), zone.regions, lon, lat)
    assert said.astype(bool).sum() > 30
    assert wrong.sum() > 10
    words = {"UA": "Україна", "RU": "Russian Federation"}
    named = table.drop(columns="oblast_iso").assign(country=table["country"].map(words))
    again, wrong_again, _ = find_conflicts(read_listing(named), zone.regions, lon, lat)
    assert (again == said).all()
    assert (wrong_again == wrong).all()


def test_a_table_without_countries_has_no_conflicts(towns, zone):
    bare = towns[["name_uk", "geometry"]]
    said, wrong, _ = find_conflicts(read_listing(bare), zone.regions, *read_lonlat(bare))
    assert not said.astype(bool).any()
    assert not wrong.any()


def test_namesakes_in_other_countries_are_other_oblasts():
    import geopandas as gpd
    import shapely

    source = gb.Source("drawn")
    limburg = gb.Region("Limburg", shapely.box(5, 50, 6, 51), source, country="BE")
    table = gpd.GeoDataFrame(
        {"oblast": ["Limburg"] * 2, "country": ["NL", "BE"]},
        geometry=[shapely.Point(6.1, 51.5)] * 2, crs=4326,
    )  # fmt: skip
    said, _, _ = find_conflicts(read_listing(table), [limburg], *read_lonlat(table))
    assert said.tolist() == ["", "listed in Limburg, but its point lies outside it"]


def test_a_country_code_is_not_an_oblast_code(towns):
    import shapely

    land = gb.Region("Land", shapely.box(20, 40, 50, 60), gb.Source("drawn"), iso="UA",
                     country="UA")  # fmt: skip
    some = towns[towns["country"] == "UA"].head(50)
    said, wrong, _ = find_conflicts(read_listing(some), [land], *read_lonlat(some))
    assert not said.astype(bool).any()
    assert not wrong.any()


def test_missing_countries_stay_missing(towns, regions):
    table = towns.head(3).assign(country=[np.nan, None, " ru "])
    assert find_listed_country(table, regions).tolist() == [None, None, "RU"]

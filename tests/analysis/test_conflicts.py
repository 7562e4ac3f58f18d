"""Conflicts between the country and oblast that a table lists and its points."""

import numpy as np
import pandas as pd
import pytest

import geobuffer as gb
from geobuffer.analysis.conflicts import find_conflicts, read_listing
from geobuffer.io.point_tables import read_lonlat


def _find(table, regions):
    """Return the sentences of rows, and whether another country lists them."""
    found = find_conflicts(read_listing(table), regions, *read_lonlat(table))
    return found.sentences.spread(), found.wrong_country


def test_names_and_codes_give_the_same_conflicts(towns, regions, zone):
    """The bundled places, each listed where another one is, in codes and then in names."""
    columns = ["oblast_iso", "oblast", "country"]
    table = towns.assign(**{column: np.roll(towns[column], 2_000) for column in columns})
    said, wrong = _find(table, zone.regions)
    assert said.astype(bool).sum() > 30
    assert wrong.sum() > 10
    words = {"UA": "Україна", "RU": "Russian Federation"}
    named = table.drop(columns="oblast_iso").assign(country=table["country"].map(words))
    again, wrong_again = _find(named, zone.regions)
    assert (again == said).all()
    assert (wrong_again == wrong).all()


def test_a_table_without_countries_has_no_conflicts(towns, zone):
    bare = towns[["name_uk", "geometry"]]
    said, wrong = _find(bare, zone.regions)
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
    said, _ = _find(table, [limburg])
    assert said.tolist() == ["", "listed in Limburg, but its point lies outside it"]


def test_a_country_code_is_not_an_oblast_code(towns):
    import shapely

    land = gb.Region("Land", shapely.box(20, 40, 50, 60), gb.Source("drawn"), iso="UA",
                     country="UA")  # fmt: skip
    some = towns[towns["country"] == "UA"].head(50)
    said, wrong = _find(some, [land])
    assert not said.astype(bool).any()
    assert not wrong.any()


def test_missing_countries_stay_missing(towns, regions):
    table = towns.head(4).assign(country=[np.nan, None, " ru ", " "])
    found = find_conflicts(read_listing(table), list(regions), *read_lonlat(table))
    assert found.unlisted.tolist() == [True, True, False, True]


@pytest.mark.parametrize("dtype", [object, "str", "category"])
def test_columns_of_few_values_are_judged_row_by_row(dtype, zone):
    """Each row alone gets what it gets in a table, whatever type its columns have."""
    rng = np.random.default_rng(5)
    west, south, east, north = zone.border.line.bounds
    lon, lat = rng.uniform(west, east, 400), rng.uniform(south, north, 400)
    lon[:20] = lat[:20] = np.nan
    listed = {
        "country": ["UA", "ru", "Utopia", " ", None],
        "country_name": ["Україна", "Russia", None],
        "oblast": ["Сумська область", "Kursk", "Київ", "elsewhere", None],
        "oblast_iso": ["UA-59", "RU-KUR", "UA", None, None],
    }
    table = pd.DataFrame({name: rng.choice(values, 400) for name, values in listed.items()})
    typed = table.astype(dtype).where(table.notna(), None)
    sentences, wrong, unlisted = find_conflicts(read_listing(typed), zone.regions, lon, lat)
    assert len(set(sentences.spread())) > 10
    for row in range(400):
        one = find_conflicts(
            read_listing(table[row : row + 1]), zone.regions, lon[row : row + 1],
            lat[row : row + 1], zone.region_index,
        )  # fmt: skip
        assert one.sentences.spread().tolist() == [sentences.spread()[row]]
        assert (one.wrong_country[0], one.unlisted[0]) == (wrong[row], unlisted[row])

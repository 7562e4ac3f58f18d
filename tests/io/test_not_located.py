"""Places without coordinates: their hromada shows whether a zone may hold them."""

import numpy as np
import pandas as pd
import pytest

import geobuffer as gb
from geobuffer.io.not_located import (
    NOT_LOCATED,
    count_by_hromada,
    find_not_located,
    read_hromadas,
    select_same_hromadas,
)

SUMY = "UA59080270000073662"
MYKOLAIVSKA = ("UA59080130000022249", "UA59080150000013842")


def test_two_hromadas_of_one_name_in_one_raion_are_two():
    table = pd.DataFrame({"raion": "Сумський район", "hromada": "Миколаївська громада"}, [0, 1])
    first, second = read_hromadas(table.assign(hromada_code=MYKOLAIVSKA))
    assert first != second
    # Without codes we know only the names.
    first, second = read_hromadas(table)
    assert first == second


def test_the_code_of_a_place_gives_that_of_its_hromada():
    by_hromada, by_place = (
        read_hromadas(pd.DataFrame({column: [code]}))
        for column, code in (("hromada_code", SUMY), ("code", "UA59080270010036634"))
    )
    assert by_hromada.tolist() == by_place.tolist() == ["UA5908027"]


def test_codes_of_other_countries_are_compared_whole():
    table = pd.DataFrame(
        {"hromada_code": ["0201011", "0201012", None], "code": [None, "1", "14755"]}
    )
    assert read_hromadas(table).tolist() == ["0201011", "0201012", None]


def test_only_places_of_the_same_hromadas_are_selected():
    table = pd.DataFrame({"hromada_code": [SUMY, MYKOLAIVSKA[0], None]})
    near = table.iloc[[0, 2]]
    assert select_same_hromadas(table, near).index.tolist() == [0]
    assert select_same_hromadas(table, table.iloc[:0]).empty


def test_rows_without_a_point_and_those_of_the_attrs_add_up():
    table = pd.DataFrame({"hromada_code": [SUMY, SUMY, MYKOLAIVSKA[0], None]})
    missing = np.array([False, True, False, True])
    table.attrs[NOT_LOCATED] = {"UA5908027": 3, "UA5908013": 10, "UA0000000": 100, "": 1000}
    found = find_not_located(table, missing)
    assert found.count_near(np.array([True, False, False, False])) == 1 + 3 + 1 + 1000
    assert found.count_near(np.array([False, False, True, False])) == 10 + 1 + 1000
    assert found.count_near(np.zeros(4, dtype=bool)) == 1 + 1000


def test_a_table_with_all_points_and_no_attrs_has_no_information():
    table = pd.DataFrame({"hromada_code": [SUMY]})
    assert not find_not_located(table, np.array([False])).is_known
    assert find_not_located(table, np.array([True])).is_known


def test_counts_by_hromada_include_rows_without_a_hromada():
    assert count_by_hromada(pd.DataFrame({"hromada_code": [SUMY, SUMY, None]})) == {
        "UA5908027": 2, "": 1,
    }  # fmt: skip
    assert count_by_hromada(pd.DataFrame()) == {}


def test_the_bundled_places_count_those_without_a_point():
    assert sum(gb.load_settlements().attrs[NOT_LOCATED].values()) == len(gb.load_not_located())


def test_places_near_a_table_without_hromadas_are_refused():
    with pytest.raises(gb.WrongKind, match=r"near.*hromada_code"):
        gb.load_not_located(pd.DataFrame({"name": ["Суми"]}))
    assert gb.load_not_located(gb.load_settlements().iloc[:0]).empty

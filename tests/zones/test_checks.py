"""Other things than a border, a zone or a region raise an error that names the remedy.

Widths are read in the forms in which people write them; anything else raises an error.
"""

import re

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

import geobuffer as gb
from geobuffer.zones.quantities import KM_FORMS, parse_km, quote_value

PLACES = gpd.GeoDataFrame({"name": ["A"]}, geometry=[shapely.Point(34, 51)], crs=4326)
LINE = shapely.LineString([(34, 51), (34, 52)])
REGION = gb.Region("Park", shapely.box(30, 50, 31, 51), gb.Source("a sketch"))
BORDER = gb.border_of(REGION)
ZONE = gb.build_zone(BORDER, km=1, tolerance_m=50)

OF_BORDER = {
    "build_zone": lambda given: gb.build_zone(given, km=1),
    "distance_to_border": lambda given: gb.distance_to_border(PLACES, given),
    "exposure_curve": lambda given: gb.exposure_curve(PLACES, given, to_km=1),
    "locate": lambda given: gb.locate(PLACES, given),
    "nearest_section": lambda given: gb.nearest_section(PLACES, given),
}
OF_ZONE = {
    "answer": lambda given: gb.answer(np.zeros(1), np.zeros(1), given),
    "classify": lambda given: gb.classify(PLACES, given),
    "classify_file": lambda given: gb.classify_file("in.csv", given, "out.csv"),
    "compare": lambda given: gb.compare(ZONE, given),
    "exposure": lambda given: gb.exposure(PLACES, given),
    "exposure_raster": lambda given: gb.exposure_raster("people.tif", given, values="counts"),
    "map_zone": gb.map_zone,
    "plot_crs": gb.plot_crs,
    "plot_zone": gb.plot_zone,
    "within": lambda given: gb.within(PLACES, given),
}
OF_REGION = {
    "border_of": gb.border_of,
    "border_between": lambda given: gb.border_between(given, REGION),
    "border_between, the other": lambda given: gb.border_between(REGION, given),
}


@pytest.mark.parametrize("given", [LINE, "border.gpkg", None, ZONE, PLACES], ids=type)
@pytest.mark.parametrize("function", OF_BORDER.values(), ids=OF_BORDER)
def test_other_things_are_not_borders(function, given):
    with pytest.raises(gb.WrongKind, match=f"a {type(given).__name__}.*border_between") as caught:
        function(given)
    assert caught.value.parameter == "border"


@pytest.mark.parametrize("given", [LINE, "zone.gpkg", None, BORDER, PLACES], ids=type)
@pytest.mark.parametrize("function", OF_ZONE.values(), ids=OF_ZONE)
def test_arguments_of_other_types_are_not_zones(function, given):
    with pytest.raises(gb.WrongKind, match=f"a {type(given).__name__}.*build_zone") as caught:
        function(given)
    # The zones of compare are called before and after.
    assert caught.value.parameter == ("after" if function is OF_ZONE["compare"] else "zone")


@pytest.mark.parametrize("given", [LINE, None, BORDER, PLACES, 7], ids=type)
@pytest.mark.parametrize("function", OF_REGION.values(), ids=OF_REGION)
def test_other_things_are_not_regions(function, given):
    with pytest.raises(gb.WrongKind, match=f"a {type(given).__name__}.*load_regions") as caught:
        function(given)
    assert caught.value.parameter in {"region", "one", "other"}


@pytest.mark.parametrize("function", OF_REGION.values(), ids=OF_REGION)
def test_a_name_of_a_region_is_refused_with_a_remedy(function):
    with pytest.raises(gb.WrongKind, match=r"'Kursk'.*load_regions\(\)\['Kursk'\]"):
        function("Kursk")


def test_a_name_among_regions_is_refused():
    with pytest.raises(gb.WrongKind, match="'Sumy'"):
        gb.border_between([REGION, "Sumy"], REGION)


def test_a_part_of_a_zone_is_a_zone_or_a_region():
    with pytest.raises(gb.WrongKind, match="a LineString"):
        gb.unite(ZONE, LINE)
    with pytest.raises(gb.WrongKind, match="a list of str") as caught:
        gb.clip_zone(ZONE, ["Kursk"])
    assert caught.value.parameter == "regions"


def test_wrong_kind_is_a_type_error():
    with pytest.raises(TypeError, match="a Border"):
        gb.map_zone(BORDER)


UNITS = {"km": 1, "км": 1, "m": 1e-3, "м": 1e-3, "NM": 1.852, "nmi": 1.852, "mi": 1.609344, "": 1}


@given(st.integers(0, 2_000_000), st.integers(0, 99), st.sampled_from(sorted(UNITS)),
       st.sampled_from(".,"), st.sampled_from([" ", "\u00a0", ""]), st.booleans())  # fmt: skip
def test_every_plain_form_is_the_number_it_shows(whole, hundredths, unit, mark, space, parted):
    digits = f"{whole:,}".replace(",", "\u202f") if parted else str(whole)
    written = f"{digits}{mark}{hundredths:02}{space}{unit}"
    if mark == "," and whole:  # two widths, or one with a decimal comma
        with pytest.raises(gb.GeometryError, match=rf"may mean .*, or .* and {hundredths:02}"):
            parse_km(written)
    else:
        km = (whole + hundredths / 100) * UNITS[unit]
        assert parse_km(written) == pytest.approx(km, abs=1e-9)


@given(st.floats(allow_nan=False))
def test_a_number_is_a_width_in_km(number):
    assert parse_km(number) == number


@given(st.one_of(st.text(), st.binary(), st.booleans(), st.none(), st.lists(st.integers())))
def test_other_values_than_widths_are_refused_with_the_forms(value):
    if isinstance(value, str) and any(sign.isdecimal() for sign in value):
        return  # it may be one
    with pytest.raises(gb.GeometryError) as caught:
        parse_km(value)
    assert quote_value(value) in str(caught.value)
    assert KM_FORMS in str(caught.value)
    assert caught.value.parameter == "km"


@pytest.mark.parametrize("written", ["1,852 m", "10,000", "5 M", "5 М", "10 000 0 m", "1.000,5 km"])
def test_ambiguous_widths_are_refused(written):
    with pytest.raises(gb.GeometryError, match=re.escape(repr(written))):
        parse_km(written)

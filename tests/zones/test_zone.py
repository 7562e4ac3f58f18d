"""Both classes of zones offer what every zone offers."""

import pytest
import shapely

import geobuffer as gb
from geobuffer.zones.border import SIDE_NAMES
from geobuffer.zones.translation import list_languages
from geobuffer.zones.zone import Zone, is_zone, zone_frame

SOURCE = gb.Source("a sketch")
PARK = gb.Region("Park", shapely.box(30, 50, 30.1, 50.1), SOURCE)
LINE = gb.border_along(shapely.LineString([(30, 50), (30, 50.3)]), source=SOURCE)
PLAIN = gb.build_zone(LINE, km=[1, 2], tolerance_m=20)
BEYOND = gb.build_zone(LINE, km=2, from_km=1, tolerance_m=20)
UNITED = gb.unite(PLAIN, PARK, name="both")
MEMBERS = sorted(name for name in vars(Zone) if not name.startswith("_"))


@pytest.mark.parametrize("zone", [PLAIN, BEYOND, UNITED], ids=["plain", "from 1 km", "united"])
def test_a_zone_has_all_members_of_the_protocol(zone):
    assert "has_plain_edges" in MEMBERS
    for name in MEMBERS:
        assert getattr(zone, name) is not None, name
    assert is_zone(zone)
    assert len(zone_frame(zone)) == len(zone.rings) == len(zone.ring_names)


@pytest.mark.parametrize("thing", [LINE, PARK, SOURCE, 10, None])
def test_other_things_are_not_zones(thing):
    assert not is_zone(thing)


def test_the_zones_of_a_zone_are_those_along_single_borders():
    assert PLAIN.zones == (PLAIN,)
    assert gb.subtract(UNITED, BEYOND).zones == (PLAIN, BEYOND)


def test_the_text_of_a_zone_omits_a_beginning_at_0_km():
    assert repr(PLAIN).startswith("BufferZone(1/2 km, ")
    assert repr(BEYOND).startswith("BufferZone(1/2 km, ")
    assert BEYOND.ring_names == ("1–2 km",)


def test_unnamed_sides_have_a_name_in_every_language():
    for side in (*LINE.sides, *gb.border_of(PARK).sides):
        assert side.names == SIDE_NAMES[side.name]
        assert set(side.names) == set(list_languages())

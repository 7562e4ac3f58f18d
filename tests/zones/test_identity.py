"""Nouns are equal and hash by content: geometry to 1e-9 degrees, widths, sides, ends, sources."""

import copy
import pickle
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

import geobuffer as gb

MAP = gb.Source("a map", accuracy_m=5)


def road(lon=30.0, *, noise=0.0, name="road", source=MAP):
    line = shapely.LineString([(lon, 50 - noise), (lon + 0.1 + noise, 50.05)])
    return gb.border_along(line, names=[name], source=source)


def plant(lon=30.1, source=MAP):
    return gb.border_around(shapely.Point(lon, 51.39), source=source)


def park(east=30.2, name="Park", **facts):
    return gb.Region(name, shapely.box(30, 50, east, 50.1), MAP, **facts)


@st.composite
def recipes(draw):
    """A function that builds one zone: along a line, about a point or a park, plain or combined."""
    tenths = st.integers(-100, 100)
    lon, lat = 0.1 * draw(tenths), 40 + 0.1 * draw(tenths)
    kind = draw(st.sampled_from(["line", "point", "park", "between"]))
    accuracy = draw(st.sampled_from([None, 0, 12.5]))
    km = draw(st.lists(st.sampled_from([0.3, 1, 2.5, 4]), min_size=1, max_size=2, unique=True))
    ends = draw(st.sampled_from(["round", "flat"])) if kind in {"line", "between"} else "round"
    combined = draw(st.sampled_from(["", "unite", "subtract", "clip"]))

    def build():
        source = gb.Source("a sketch", accuracy_m=accuracy)
        box = shapely.box(lon, lat, lon + 0.1, lat + 0.1)
        one = gb.Region("One", box, source, {"uk": "Один"}, country="AA")
        if kind == "line":
            line = shapely.LineString([(lon, lat), (lon + 0.05, lat + 0.02)])
            border = gb.border_along(line, source=source)
        elif kind == "point":
            border = gb.border_around(shapely.Point(lon, lat), source=source)
        elif kind == "park":
            border = gb.border_of(one)
        else:
            east = shapely.box(lon + 0.1, lat, lon + 0.2, lat + 0.1)
            border = gb.border_between(one, gb.Region("Two", east, source, country="BB"))
        zone = gb.build_zone(border, km=sorted(km), ends=ends, tolerance_m=20)
        if combined == "unite":
            return gb.unite(zone, one)
        if combined == "subtract":
            return gb.subtract(zone, gb.build_zone(border, km=0.2, tolerance_m=20))
        return gb.clip_zone(zone, one) if combined == "clip" else zone

    return build


@given(build=recipes())
def test_a_zone_equals_itself_built_again_copied_and_read(build, tmp_path_factory):
    zone = build()
    read = gb.read_zone(gb.write(zone, tmp_path_factory.mktemp("zone") / "zone.gpkg"))
    unpickled = pickle.loads(pickle.dumps(zone))  # noqa: S301 - our own
    for other in (build(), unpickled, copy.deepcopy(zone), read):
        assert other is not zone
        assert other == zone
        assert not other != zone  # noqa: SIM202 - both operators
        assert hash(other) == hash(zone)
        assert other.digest == zone.digest
        assert (other.sections, other.sides, other.regions, other.source) == (
            zone.sections, zone.sides, zone.regions, zone.source,
        )  # fmt: skip
        assert {zone: "found"}[other] == "found"


@given(one=recipes(), other=recipes())
def test_equal_zones_give_equal_answers_and_others_other_digests(one, other):
    one, other = one(), other()
    assert (one == other) == (one.digest == other.digest) == (repr_of(one) == repr_of(other))


def repr_of(zone):
    """Return all facts of a zone in exact text, found without the code that is tested."""
    facts = [type(zone).__name__, zone.side, zone.ends, zone.edges_km, zone.ring_names]
    facts += [(s.name, s.line.wkt, s.start_km) for s in zone.sections]
    facts += [
        getattr(zone, "how", ""),
        [type(part).__name__ for part in getattr(zone, "parts", ())],
    ]
    facts += [(r.name, r.geometry.wkt) for r in zone.regions]
    facts += [(one.edges_km, one.source.accuracy_m, one.source.title) for one in zone.zones]
    return repr(facts)


def test_the_same_road_four_degrees_apart_is_another():
    one, other = (gb.build_zone(road(lon), km=2, tolerance_m=20) for lon in (30, 34))
    assert [s.name for s in one.sections] == [s.name for s in other.sections]
    assert one.border.length_km == pytest.approx(other.border.length_km)
    assert one != other
    assert one.border != other.border
    assert one.sections != other.sections
    assert one == gb.build_zone(road(30), km=2)


def test_two_points_of_one_latitude_are_different():
    one, other = (gb.build_zone(plant(lon), km=20) for lon in (30.1, 35.1))
    assert repr(one) == repr(other)
    assert one != other
    assert one == gb.build_zone(plant(30.1), km=20)


def test_an_edited_region_of_one_name_is_another():
    assert park() == park()
    assert park() != park(east=30.21)
    assert gb.Regions((park(),)) == gb.Regions((park(),))
    assert gb.Regions((park(),)) != gb.Regions((park(east=30.21),))
    assert gb.border_of(park()) == gb.border_of(park())
    assert gb.border_of(park()) != gb.border_of(park(east=30.21))


@pytest.mark.parametrize(
    "change",
    [{"name": "Other"}, {"source": gb.Source("a map", accuracy_m=6)}, {"names": {"uk": "Парк"}},
     {"iso": "XX-1"}, {"country": "XX"}, {"country_names": {"en": "Exland"}},
     {"border_source": MAP}, {"geometry": shapely.box(30, 50, 30.2, 50.100000002)}],
)  # fmt: skip
def test_each_fact_of_a_region_counts(change):
    assert replace(park()) == park()
    assert replace(park(), **change) != park()


@pytest.mark.parametrize(
    "change",
    [{"km": 3}, {"km": [1, 2]}, {"from_km": 1}, {"side": "left"}, {"ends": "flat"},
     {"km": {"left": 2, "right": 1}}, {"km": {"left": 1, "right": 2}}, {"km": 2.000001}],
)  # fmt: skip
def test_zones_with_other_arguments_are_unequal(change):
    plain = gb.build_zone(road(), km=2, tolerance_m=20)
    assert gb.build_zone(road(), **{"km": 2, "tolerance_m": 20, **change}) != plain


def test_the_accuracy_and_the_name_count():
    plain = gb.build_zone(road(), km=2, tolerance_m=20)
    for border in (road(source=replace(MAP, accuracy_m=6)), road(name="path"),
                   road(source=replace(MAP, accuracy_m=None))):  # fmt: skip
        assert gb.build_zone(border, km=2, tolerance_m=20) != plain
    assert gb.build_zone(road(source=replace(MAP, accuracy_m=5.0)), km=2.0) == plain


def test_a_flat_end_counts_also_in_a_zone_made_by_hand():
    flat = gb.build_zone(road(), km=2, ends="flat", tolerance_m=20)
    assert len(flat.flat_ends) == 2
    assert replace(flat, flat_ends=flat.flat_ends[:1]) != flat


def test_polygons_and_their_tolerance_do_not_count():
    fine, coarse = (gb.build_zone(road(), km=2, tolerance_m=m) for m in (0.1, 50))
    assert not fine.polygon.equals(coarse.polygon)
    assert fine == coarse
    lon, lat = np.random.default_rng(1).uniform((29.9, 49.9), (30.2, 50.2), (500, 2)).T
    for one, other in zip(gb.answer(lon, lat, fine), gb.answer(lon, lat, coarse), strict=True):
        np.testing.assert_array_equal(one, other)  # NaN equals NaN


def test_a_file_keeps_the_polygons_of_equal_zones(tmp_path):
    fine, coarse = (gb.build_zone(road(), km=2, tolerance_m=m) for m in (0.1, 50))
    read = gb.read_zone(gb.write(gb.unite(fine, coarse), tmp_path / "zone.gpkg"))
    assert [one.tolerance_m for one in read.parts] == [0.1, 50]
    assert read.parts[1].polygon.equals(coarse.polygon)


@pytest.mark.parametrize("noise", [1e-10, -3e-10, 1e-12])
def test_noise_below_the_step_does_not_count(noise):
    assert road(noise=noise) == road()
    assert hash(road(noise=noise)) == hash(road())
    zones = [gb.build_zone(road(noise=n), km=2, ends="flat", tolerance_m=20) for n in (0, noise)]
    assert zones[0] == zones[1]
    assert road(noise=2e-9) != road()


def test_zero_has_no_sign():
    one, other = (
        gb.border_along(shapely.LineString([(zero, zero), (0.1, 0.1)]), source=MAP)
        for zero in (0.0, -0.0)
    )
    assert one == other
    assert hash(one) == hash(other)


def test_a_polygon_and_a_multipolygon_of_it_are_one_area():
    box = shapely.box(30, 50, 30.2, 50.1)
    assert gb.Region("Park", shapely.MultiPolygon([box]), MAP) == gb.Region("Park", box, MAP)
    # The chainage of its outline follows the vertices.
    assert gb.Region("Park", shapely.reverse(box), MAP) != gb.Region("Park", box, MAP)


def test_combined_zones_are_compared_by_how_parts_and_name():
    def parts():
        return gb.build_zone(plant(), km=5), gb.build_zone(plant(30.15), km=5)

    one, other = parts()
    united = gb.unite(one, other)
    assert united == gb.unite(*parts())
    assert {united, gb.unite(*parts())} == {united}
    for another in (gb.subtract(one, other), gb.unite(one, other, name="both"),
                    gb.unite(other, one), gb.unite(one, other, park()), one):  # fmt: skip
        assert united != another
    clipped = gb.clip_zone(one, park(east=30.3))
    assert clipped == gb.clip_zone(one, park(east=30.3))
    assert clipped != gb.clip_zone(one, park(east=30.29))


def test_equal_parts_of_a_union_are_one_section_with_the_same_answers():
    one, other = (gb.build_zone(road(), km=2, tolerance_m=20) for _ in range(2))
    united = gb.unite(one, other)
    assert [s.name for s in united.sections] == ["road"]
    lon, lat = np.random.default_rng(2).uniform((29.9, 49.9), (30.2, 50.2), (500, 2)).T
    found, alone = gb.answer(lon, lat, united), gb.answer(lon, lat, one)
    assert (found.distance_km == alone.distance_km).all()
    assert (found.membership == alone.membership).all()


def test_nouns_of_different_classes_and_other_things_are_unequal():
    border = road()
    things = [MAP, park(), gb.Regions((park(),)), *border.sections, *border.sides, border,
              gb.build_zone(border, km=2, tolerance_m=20), "road", None, 2]  # fmt: skip
    for n, one in enumerate(things):
        for m, other in enumerate(things):
            assert (one == other) == (n == m)


def test_a_noun_without_a_shape_is_compared_too():
    one, other = (gb.Side("nowhere", None) for _ in range(2))
    assert one == other
    assert one != gb.Side("nowhere", None, (park(),))
    unknown = [gb.Source("a map", accuracy_m=value) for value in (None, float("nan"))]
    assert unknown[0] == unknown[1] == gb.Source("a map")


def test_the_digest_is_the_same_in_another_process_and_not_pickled():
    zone = gb.build_zone(plant(), km=20)
    assert len(zone.digest) == 64
    assert int(zone.digest, 16)
    assert zone.digest.encode() not in pickle.dumps(zone)
    code = (
        "import geobuffer as gb, shapely\n"
        "border = gb.border_around(shapely.Point(30.1, 51.39), source=gb.Source('a map', "
        "accuracy_m=5))\nprint(gb.build_zone(border, km=20).digest)"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == zone.digest


def test_a_digest_is_computed_once(monkeypatch):
    zone = gb.build_zone(plant(), km=20)
    assert hash(zone) == hash(zone)
    monkeypatch.setattr("geobuffer.zones.identity.compute_digest", lambda _: pytest.fail("again"))
    assert hash(zone) == hash(zone)
    assert {zone: 1}[zone] == 1


def test_a_zone_as_a_table_states_its_identity():
    zone = gb.build_zone(plant(), km=[10, 20])
    assert zone.to_frame()["zone_id"].tolist() == [zone.digest] * 2


def test_bundled_regions_loaded_twice_are_equal(regions):
    assert gb.load_regions() == regions
    border, again = (
        gb.border_between(found["Belgorod"], found["Sumy"])
        for found in (regions, gb.load_regions())
    )
    assert border == again


def test_scenarios_are_equal_and_hash_by_content_too():
    def proposal(width=10, language="en"):
        report = gb.Report("It is wide.", "A minister", language=language)
        km = {"Ukraine": width, "Russia": 5}
        return gb.Scenario("A proposal", ("Kursk",), ("Sumy",), km=km, reports=(report,))

    assert proposal() == proposal()
    assert len({proposal(), proposal(), proposal(11), proposal(language="uk")}) == 3
    assert gb.load_scenario() == gb.load_scenario()

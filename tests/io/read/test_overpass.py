"""Answers of Overpass give places, lines and areas, with or without geometry of their own."""

import json
import warnings

import pytest
import shapely

import geobuffer as gb


def node(number, lon, lat, **tags):
    return {"type": "node", "id": number, "lon": lon, "lat": lat} | ({"tags": tags} if tags else {})


CORNERS = [(35, 51), (36, 51), (36, 52), (35, 52)]
NODES = [node(number, *xy) for number, xy in enumerate(CORNERS, 1)]
RIVER = {"type": "way", "id": 10, "nodes": [1, 3], "tags": {"waterway": "river", "name": "Псел"}}
RING = {"type": "way", "id": 11, "nodes": [1, 2, 3, 4, 1], "tags": {"name": "Парк"}}
PLACE = node(9, 35.2, 51.2, place="village", name="Юнаківка", population="1 234")


def relation(*members, **tags):
    return {"type": "relation", "id": 20, "members": list(members), "tags": tags}


def member(*points, role="outer"):
    shape = [{"lon": lon, "lat": lat} for lon, lat in points]
    return {"type": "way", "ref": 5, "role": role, "geometry": shape}


OBLAST = relation(
    member(*CORNERS[:3]), member(CORNERS[2], CORNERS[3], CORNERS[0]), type="boundary", name="Суми"
)


@pytest.fixture
def write(tmp_path):
    def write_answer(*elements, **more):
        path = tmp_path / "overpass.json"
        answer = {"version": 0.6, "generator": "Overpass API", "osm3s": {}, "elements": elements}
        path.write_text(json.dumps(answer | more), encoding="utf-8")
        return path

    return write_answer


def read(reader, path, **options):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        return reader(path, **options), "\n".join(str(one.message) for one in said)


def test_each_reader_takes_its_kind(write):
    path = write(*NODES, RIVER, RING, PLACE, OBLAST)
    places, said = read(gb.read_settlements, path, name="name")
    assert places[["id", "name", "population"]].iloc[0].tolist() == [
        "osm:node/9", "Юнаківка", 1234,
    ]  # fmt: skip
    assert len(places) == 1
    assert "no points were left out: 1 line, 2 areas" in said
    regions, said = read(gb.read_regions, path, name="name")
    assert [region.name for region in regions] == ["Парк", "Суми"]
    assert all(region.geometry.equals(shapely.box(35, 51, 36, 52)) for region in regions)
    border, _ = read(gb.read_border, write(*NODES, RIVER, PLACE))
    assert shapely.get_coordinates(border.line).tolist() == [[35, 51], [36, 52]]


def test_the_ways_of_a_boundary_are_lines_of_a_border(write):
    border, _ = read(gb.read_border, write(OBLAST))
    assert border.line.length == pytest.approx(4)


def test_a_relation_may_name_ways_of_the_answer(write):
    ways = [
        {"type": "way", "id": 7, "nodes": [1, 2, 3]},
        {"type": "way", "id": 8, "nodes": [3, 4, 1]},
    ]
    members = [{"type": "way", "ref": way["id"], "role": "outer"} for way in ways]
    oblast = relation(*members, type="multipolygon", name="Суми")
    regions, _ = read(gb.read_regions, write(*NODES, *ways, oblast))
    assert [region.name for region in regions] == ["Суми"]


def test_the_centre_of_a_way_is_a_point(write):
    way = {"type": "way", "id": 1, "center": {"lon": 35, "lat": 51}, "tags": {"name": "Сад"}}
    places, _ = read(gb.read_settlements, write(way))
    assert places.geometry.tolist() == [shapely.Point(35, 51)]


def test_elements_without_tags_are_rows_if_all_lack_them(write):
    places, _ = read(gb.read_settlements, write(*NODES))
    assert len(places) == 4


def test_an_incomplete_answer_is_refused(write):
    path = write(PLACE, remark="runtime error: Query timed out after 25 seconds.")
    with pytest.raises(gb.DataError, match=r"overpass\.json: Overpass reports 'runtime error"):
        gb.read_settlements(path)
    with pytest.raises(gb.DataError, match="no rows"):
        gb.read_settlements(write())
    with pytest.raises(gb.DataError, match="no layers"):
        gb.read_settlements(write(PLACE), layer="x")


def test_a_boundary_that_does_not_close_is_refused_by_its_number(write):
    with pytest.raises(gb.DataError, match=r"overpass\.json: .*relation 20"):
        gb.read_regions(write(relation(member(*CORNERS), type="boundary", name="Суми")))


@pytest.mark.parametrize(
    "element",
    [
        {"type": "node", "id": 1, "lon": "x", "lat": 51},
        {"type": "node", "id": 1},
        {"type": "way", "id": 1, "geometry": [1, 2]},
        {"type": "way", "id": 1, "nodes": 5},
        {"type": "relation", "id": 1, "members": [{"type": "way"}]},
        {"type": "node", "lon": 35, "lat": 51},
        {"type": "node", "id": 1, "lon": 35, "lat": 51, "tags": ["a"]},
        "node",
        None,
    ],
)
def test_a_damaged_element_is_refused(write, element):
    with pytest.raises(gb.DataError, match=r"overpass\.json: it is incomplete or damaged"):
        gb.read_settlements(write(element))


def test_the_number_of_cells_is_limited(write, monkeypatch):
    from geobuffer.io.read import overpass

    monkeypatch.setattr(overpass, "_MAX_CELLS", 4)
    places, said = read(gb.read_settlements, write(PLACE, node(2, 35, 51, name="A", x="1")))
    assert "the 2 rarest tags were left out" in said
    assert places["name"].tolist() == ["Юнаківка", "A"]

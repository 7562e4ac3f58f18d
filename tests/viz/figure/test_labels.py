"""Labels do not overlap, are not cut, and contain no character that reverses a line."""

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geobuffer.viz.figure.labels import (
    Box,
    Label,
    Obstacles,
    clean_text,
    find_leader,
    measure_text,
    place_labels,
    shorten_text,
    wrap_text,
)

NONE = np.empty((0, 2))
words = st.text(alphabet="абвгҐїє abcW$_^\\{}iIl.-", max_size=80)


@given(st.text())
def test_printable_text_is_one_line_and_can_be_written(text):
    shown = clean_text(text)
    assert shown.isprintable()
    shown.encode("utf-8")
    assert clean_text(shown) == shown


def test_marks_that_turn_text_round_are_left_out():
    assert clean_text("a\u202eb\u2066c\u200fd\x00e\ud83df") == "abcdef"


@settings(deadline=None, max_examples=50)
@given(words, st.floats(30, 300), st.floats(6, 14))
def test_wrapped_lines_fit_and_lose_nothing(text, width, size):
    lines = wrap_text(text, width, size)
    assert "".join(lines).replace(" ", "") == "".join(text.split())
    assert all(measure_text(line, size) <= width for line in lines)


@settings(deadline=None, max_examples=50)
@given(words, st.floats(30, 300))
def test_shortened_text_fits(text, width):
    short = shorten_text(text, width, 8.0)
    assert measure_text(short, 8.0) <= width
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.builds(Label, st.text("abcдє", min_size=1, max_size=12), st.floats(0, 300),
                  st.floats(0, 200), st.just(7.0), st.floats(0, 6), st.just("normal")),
        max_size=40,
    )
)  # fmt: skip
def test_no_label_covers_another_or_leaves_the_frame(labels):
    frame, taken = Box(0, 0, 300, 200), [Box(100, 50, 180, 90)]
    dots = np.array([(label.x, label.y) for label in labels]).reshape(-1, 2)
    obstacles = Obstacles(taken, dots, NONE)
    placed = place_labels(labels, frame, obstacles, most=25)
    boxes = [box for _, box in placed] + taken
    assert not any(a.meets(b) for i, a in enumerate(boxes) for b in boxes[:i])
    assert all(
        box.left >= 0 and box.bottom >= 0 and box.right <= 300 and box.top <= 200 for box in boxes
    )
    assert len(placed) <= 25
    # The same input gives the same result.
    assert placed == place_labels(labels, frame, obstacles, most=25)


def test_labels_are_placed_in_order_and_hide_no_crowd_of_dots():
    frame = Box(0, 0, 200, 100)
    label = Label("Велика Писарівка", 100, 50, 7, 2)
    crowd = np.array([(x, 50.0) for x in range(104, 180, 3)])
    ((_, box),) = place_labels([label], frame, Obstacles([], crowd, NONE), most=9)
    assert not ((crowd > box[:2]) & (crowd < box[2:])).all(axis=1).any()
    everywhere = np.stack(np.meshgrid(np.arange(0, 200, 3.0), np.arange(0, 100, 3.0)), 2)
    assert not place_labels([label], frame, Obstacles([], everywhere.reshape(-1, 2), NONE), most=9)


def test_labels_cover_no_line_and_stay_on_their_side():
    """A wall runs beside the dot; only with a leader is there room for the name, on its side."""
    frame = Box(0, 0, 300, 100)
    label = Label("Юнаківка", 150, 50, 7, 2, side="west")
    wall = np.array([(x, y) for x in (140.0, 162.0) for y in range(101)])
    obstacles = Obstacles([], NONE, wall, {"west": shapely.box(155, 0, 300, 100)})
    assert not place_labels([label], frame, obstacles, most=9)
    ((_, box),) = place_labels([label._replace(longest=90.0)], frame, obstacles, most=9)
    assert box.right < 140
    assert find_leader(label, box)


def test_lines_to_names_are_short_and_cross_nothing():
    """Dots stand in a column between two walls: their names have room only outside, by lines."""
    frame = Box(0, 0, 300, 200)
    labels = [
        Label(f"Село {i}", 150 + 3 * (i % 3), 40 + 9 * i, 7, 2, longest=90) for i in range(12)
    ]
    dots = np.array([(label.x, label.y) for label in labels])
    walls = np.array([(x, y) for x in (138.0, 168.0) for y in range(201)])
    placed = place_labels(labels, frame, Obstacles([], dots, walls), most=25)
    lines = [
        shapely.LineString([(label.x, label.y), find_leader(label, box)]) for label, box in placed
    ]
    assert len(lines) >= 8
    for i, line in enumerate(lines):
        others = [shapely.box(*box) for j, (_, box) in enumerate(placed) if j != i]
        assert line.length <= 90 + 1e-9
        assert not shapely.intersects(line, others).any()
        assert not shapely.intersects(line, lines[:i]).any()
        assert sorted(shapely.distance(line, shapely.points(dots)))[1] >= 1.0
    assert not place_labels(
        [labels[0]._replace(longest=5)], frame, Obstacles([], dots, walls), most=9
    )

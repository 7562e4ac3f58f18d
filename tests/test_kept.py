"""Shapes kept between runs: given back as they were, or made anew."""

import threading

import pytest
import shapely

from geobuffer.kept import keep_shape, load_shape

SHAPE = shapely.MultiPolygon([shapely.box(30, 50, 31, 51), shapely.box(32, 50, 33, 51 + 1e-15)])


def test_a_shape_is_given_back_to_the_last_bit(tmp_path):
    folder = tmp_path / "not" / "there yet"
    assert load_shape(folder, "one") is None
    keep_shape(folder, "one", SHAPE)
    assert load_shape(folder, "one").wkb == SHAPE.wkb
    assert load_shape(folder, "../other") is None
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-1], lambda b: b[:-9] + b"\0" + b[-8:], lambda _: b""]
)
def test_what_was_damaged_is_not_taken_for_the_shape(damage, tmp_path):
    keep_shape(tmp_path, "one", SHAPE)
    (file,) = tmp_path.iterdir()
    file.write_bytes(damage(file.read_bytes()))
    assert load_shape(tmp_path, "one") is None
    keep_shape(tmp_path, "one", SHAPE)
    assert load_shape(tmp_path, "one").wkb == SHAPE.wkb


def test_a_folder_that_cannot_be_made_is_done_without(tmp_path):
    (tmp_path / "file").write_text("in the way")
    keep_shape(tmp_path / "file", "one", SHAPE)
    assert load_shape(tmp_path / "file", "one") is None


def test_several_may_keep_the_same_at_once(tmp_path):
    threads = [
        threading.Thread(target=keep_shape, args=(tmp_path, "one", SHAPE)) for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert load_shape(tmp_path, "one").wkb == SHAPE.wkb
    assert len(list(tmp_path.iterdir())) == 1

"""Each thread captures only its own warnings, and the warning filters are restored."""

import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest

from geobuffer.io.untrusted import capture_warnings, silence_warnings


@pytest.mark.parametrize("context", [capture_warnings, silence_warnings])
def test_warning_filters_are_restored(context):
    before = list(warnings.filters)
    shown = warnings.showwarning
    together = threading.Barrier(8)

    def listen(_):
        together.wait()
        for _ in range(200):
            with context():
                pass

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(listen, range(8)))
    assert list(warnings.filters) == before
    assert warnings.showwarning is shown


def test_each_thread_captures_its_own_warnings():
    together = threading.Barrier(8)

    def listen(number):
        together.wait()
        texts = set()
        for _ in range(50):
            with capture_warnings() as said:
                warnings.warn(f"file {number}", stacklevel=1)
                texts |= {str(one.message) for one in said}
        return texts

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(listen, range(8))) == [{f"file {n}"} for n in range(8)]


def test_captures_can_be_nested():
    with capture_warnings() as outer:
        with capture_warnings() as inner:
            warnings.warn("inner", stacklevel=1)
        warnings.warn("outer", stacklevel=1)
    assert [str(one.message) for one in inner] == ["inner"]
    assert [str(one.message) for one in outer] == ["outer"]


def test_only_the_given_category_is_silenced():
    with capture_warnings() as said, silence_warnings(DeprecationWarning):
        warnings.warn("silenced", DeprecationWarning, stacklevel=1)
        warnings.warn("a warning", UserWarning, stacklevel=1)
    assert [str(one.message) for one in said] == ["a warning"]

"""Errors name the invalid argument, survive copies, and say which optional part is missing."""

import copy
import copyreg
import io
import multiprocessing
import pickle
import sys
import types

import pytest

from geobuffer import errors

CLASSES = sorted(
    (
        item
        for item in vars(errors).values()
        if isinstance(item, type) and issubclass(item, errors.GeobufferError)
    ),
    key=lambda item: item.__name__,
)


def make_error(kind):
    """Raise and catch an error as our code does: with a cause, a note and an argument."""
    try:
        raise kind("Invalid km 0.", parameter="km") from KeyError("km")
    except errors.GeobufferError as error:
        error.add_note("Row 12.")
        return error


def check_copy(error, kind):
    assert type(error) is kind
    assert (str(error), error.args, error.parameter) == ("Invalid km 0.", ("Invalid km 0.",), "km")
    assert error.__notes__ == ["Row 12."]


def test_an_error_without_an_argument_names_none():
    assert [kind("Invalid file.").parameter for kind in CLASSES] == [None] * len(CLASSES)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("kind", CLASSES)
def test_a_pickled_error_keeps_its_message_and_its_parameter(kind, protocol):
    written = pickle.dumps(make_error(kind), protocol)
    check_copy(pickle.loads(written), kind)  # noqa: S301 - our own


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
@pytest.mark.parametrize("kind", CLASSES)
def test_a_copied_error_keeps_its_message_and_its_parameter(kind, duplicate):
    check_copy(duplicate(make_error(kind)), kind)


@pytest.mark.parametrize("kind", CLASSES)
def test_an_instance_is_made_by_the_class_itself(kind):
    # tblib, joblib and others make an instance first and fill it second.
    assert type(kind.__new__(kind)) is kind


@pytest.mark.parametrize("kind", CLASSES)
def test_dask_can_send_an_error_to_another_process(kind):
    tblib = pytest.importorskip("tblib.pickling_support")
    error, written = make_error(kind), io.BytesIO()
    pickler = pickle.Pickler(written)
    # The table of this pickler only: tblib.install() would change pickle for the whole process.
    classes = dict.fromkeys((kind, KeyError), tblib.pickle_exception)
    tracebacks = {types.TracebackType: tblib.pickle_traceback}
    pickler.dispatch_table = copyreg.dispatch_table | classes | tracebacks
    pickler.dump(error)
    read = pickle.loads(written.getvalue())  # noqa: S301 - our own
    check_copy(read, kind)
    assert isinstance(read.__cause__, KeyError)
    assert read.__traceback__.tb_frame.f_code.co_name == "make_error"


def test_errors_reach_the_parent_process():
    code = "from geobuffer import errors; raise errors.{}('Invalid km 0.', parameter='km')"
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        for kind in CLASSES:
            with pytest.raises(kind) as caught:
                pool.apply(exec, [code.format(kind.__name__)])
            assert type(caught.value) is kind
            assert (str(caught.value), caught.value.parameter) == ("Invalid km 0.", "km")


def test_require_returns_the_module():
    assert errors.require("plot", "json.decoder", "A figure") is sys.modules["json.decoder"]


@pytest.mark.parametrize("kind", [errors.DataError, ImportError])
def test_require_names_what_is_missing_and_how_to_install_it(monkeypatch, kind):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(kind) as caught:
        errors.require("plot", "matplotlib", "A figure")
    assert type(caught.value) is errors.MissingExtra
    assert str(caught.value) == (
        "A figure needs matplotlib, which is not installed. Run: pip install 'geobuffer[plot]'."
    )


def test_require_names_the_module_that_another_one_lacks(monkeypatch, tmp_path):
    (tmp_path / "reader_of_tests.py").write_text("import a_package_that_is_missing\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(errors.MissingExtra, match="needs a_package_that_is_missing, which"):
        errors.require("raster", "reader_of_tests", "A raster")

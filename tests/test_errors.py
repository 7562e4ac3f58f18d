"""Errors name the invalid argument, survive a pickle, and say which optional part is missing."""

import pickle
import sys

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


@pytest.mark.parametrize("kind", CLASSES)
def test_an_error_keeps_its_message_and_its_parameter(kind):
    written = pickle.dumps(kind("Invalid km 0.", parameter="km"))
    error = pickle.loads(written)  # noqa: S301 - our own
    assert type(error) is kind
    assert (str(error), error.args, error.parameter) == ("Invalid km 0.", ("Invalid km 0.",), "km")
    assert kind("Invalid file.").parameter is None


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

"""Every public name has a complete docstring with an example."""

import inspect
from functools import cached_property

import pytest
from numpydoc.validate import validate

import geobuffer as gb

# We do not require a longer text (ES01), the order of parameters, because similar ones stand
# together (PR03), types, which the signature has (PR04), a section "Returns", which the summary
# "Return …" replaces (RT01), and a section "See also" (SA01).
UNASKED = {"ES01", "PR03", "PR04", "RT01", "SA01"}
# Members and errors need no example, because their class or function has one.
SHOWN_ELSEWHERE = {"EX01"}
# Errors have the parameters of GeobufferError, which documents them.
INHERITED = {"PR01"}


def _is_error(thing):
    return inspect.isclass(thing) and issubclass(thing, Exception)


FACE = [name for name in gb.__all__ if not name.startswith("__")]
MEMBERS = [
    f"{name}.{member}"
    for name in FACE
    if inspect.isclass(getattr(gb, name))
    for member, value in vars(getattr(gb, name)).items()
    if not member.startswith("_")
    and (inspect.isfunction(value) or isinstance(value, property | cached_property))
]


def lacking(name, allowed):
    return {
        code: text
        for code, text in validate(f"geobuffer.{name}")["errors"]
        if code not in UNASKED | allowed
    }


@pytest.mark.parametrize("name", FACE)
def test_every_public_name_explains_itself(name):
    thing = getattr(gb, name)
    allowed = SHOWN_ELSEWHERE if _is_error(thing) else set()
    if _is_error(thing) and "__init__" not in vars(thing):
        allowed = allowed | INHERITED
    assert not lacking(name, allowed)


@pytest.mark.parametrize("name", MEMBERS)
def test_every_public_member_explains_itself(name):
    assert not lacking(name, SHOWN_ELSEWHERE)


@pytest.mark.parametrize("name", [n for n in FACE if inspect.isfunction(getattr(gb, n))])
def test_what_a_function_raises_is_an_error_of_ours(name):
    text = inspect.getdoc(getattr(gb, name)).partition("Raises\n------\n")[2].partition("\n\n")[0]
    for line in text.splitlines():
        if line and not line.startswith(" "):
            for error in line.split(", "):
                assert hasattr(gb, error), f"{name} raises {error}"

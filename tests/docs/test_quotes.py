"""Figures of speed and accuracy that pages quote are those of the one run in the repository."""

import importlib
import re
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(
    not (ROOT / "benchmarks").is_dir(), reason="the benchmarks are not in a source archive"
)


@cache
def _quotes():
    sys.path.append(str(ROOT / "benchmarks" / "peers"))
    return importlib.import_module("quotes")


@cache
def _results():
    return _quotes().found.read(_quotes().found.latest())


def test_there_is_one_run():
    assert len(list((ROOT / "benchmarks" / "results").glob("peers-*.csv"))) == 1


def test_pages_quote_that_run():
    quoted = set()
    for page in _quotes().pages():
        text = page.read_text(encoding="utf-8")
        quoted |= {match[2] for match in _quotes().QUOTE.finditer(text)}
        # A comment without its end would leave a figure as it is.
        assert len(re.findall("<!-- /?measured", text)) == 2 * len(_quotes().QUOTE.findall(text))
        assert _quotes().fill(text, _results()) == text, f"{page}: peers.py --quote"
    assert quoted == set(_quotes().QUOTES)


def test_the_tables_of_the_run_are_those_of_its_rows():
    stem = _quotes().found.latest()
    page = _quotes().report.page(_results())
    assert stem.with_suffix(".md").read_text(encoding="utf-8") == page


def test_another_figure_is_noticed():
    page = ROOT / "README.md"
    text = re.sub(r"(<!-- measured: speed -->.*?)\d", r"\g<1>x", page.read_text("utf-8"), count=1,
                  flags=re.DOTALL)  # fmt: skip
    assert _quotes().fill(text, _results()) == page.read_text("utf-8")
    assert text != page.read_text("utf-8")


def test_every_goal_was_measured_and_states_a_reason():
    goals = _quotes().found.read_goals()
    assert goals
    for goal in goals:
        assert goal["reason"]
        assert ("at_most" in goal) != ("at_least" in goal), goal["what"]
        assert _quotes().found.measure_goal(_results(), goal) > 0.0

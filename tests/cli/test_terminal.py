"""Tables and paragraphs on a terminal: they fit its width, and no word is broken."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from support.cli import run_geobuffer

from geobuffer.cli import output


def print_on_terminal(width, monkeypatch, print_):
    """Return the lines that are printed on a terminal of a width."""
    console = Console(width=width, force_terminal=True, color_system=None, highlight=False)
    with monkeypatch.context() as patch, console.capture() as captured:
        patch.setattr(output, "stdout_console", lambda: console)
        print_()
    return captured.get().split("\n")


COMMANDS = [
    ("exposure", "--km", "5,10", "--by", "oblast"),
    ("exposure", "--km", "5,10,15,20", "--cumulative"),
    ("curve", "--to-km", "10"),
    ("settlements",),
    ("check",),
    ("where", "Yunakivka"),
    ("zone", "--km", "5,10"),
    ("data",),
]


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_answers_fit_80_columns_without_broken_words(words, run, monkeypatch):
    wide = run(*words).out
    lines = print_on_terminal(80, monkeypatch, lambda: run_geobuffer(*words))
    assert max(map(len, wide.split("\n"))) > 80, "else the test would say nothing"
    assert max(map(len, lines)) <= 80
    without_rules = wide.replace("─", "")
    assert set(without_rules.split()) <= set(" ".join(lines).split())


def test_uncertain_counts_stay_together(run, monkeypatch):
    lines = print_on_terminal(80, monkeypatch, lambda: run_geobuffer("exposure", "--km", "5,10"))
    heads = [line.split() for line in lines if line.split()[:1] == ["ring"]]
    assert heads[1] == ["ring", "uncertain", "people", "no", "figure", "for"]


@given(
    table=st.lists(
        st.lists(st.text("abc ", min_size=1, max_size=25), min_size=2, max_size=2),
        min_size=1, max_size=9,
    ),
    width=st.integers(60, 100),
)  # fmt: skip
def test_every_table_fits_and_keeps_its_words(table, width):
    columns = {f"heading {number}": cells for number, cells in enumerate(table)}
    with pytest.MonkeyPatch.context() as patch:
        lines = print_on_terminal(
            width, patch, lambda: output.print_table(pd.DataFrame(columns), "title")
        )
    assert max(map(len, lines)) <= width
    printed = " ".join(lines).split()
    for cells in columns.values():
        for word in " ".join(cells).split():
            assert word in printed


def test_a_word_longer_than_the_terminal_is_printed_whole(monkeypatch):
    table = pd.DataFrame({"id": [1], "source": ["https://example.org/" + 90 * "x"]})
    lines = print_on_terminal(80, monkeypatch, lambda: output.print_table(table, "title"))
    assert "https://example.org/" + 90 * "x" in "".join(line.strip() for line in lines)


def test_wide_and_escaped_characters_are_measured_as_they_are_printed(monkeypatch):
    name = "北京市海淀区中关村"
    table = pd.DataFrame({"name": [name, "red\x1b[31m"], "km": [1.0, 2.0]})
    lines = print_on_terminal(40, monkeypatch, lambda: output.print_table(table, "title"))
    assert any(name in line for line in lines)
    assert any(r"red\x1b[31m" in line for line in lines)

"""The linter's word check finds banned words and passes everything else."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "words.py"

pytestmark = pytest.mark.skipif(not SCRIPT.exists(), reason="a source archive has no .ci folder")


@pytest.fixture(scope="module")
def words():
    spec = importlib.util.spec_from_file_location("words", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_banned_word_is_found(words):
    for number, word in enumerate(words.PLAIN, start=1):
        text = "\n" * (number - 1) + f"The {word.title().replace('None', 'none')}."
        assert list(words.find_banned(text)) == [(number, word)]


@pytest.mark.parametrize(
    "text",
    ["a width is\nnone", "# a width is\n# none", "    // a width is\n    // none", "is  none"],
)
def test_a_phrase_over_two_lines_is_found(words, text):
    assert list(words.find_banned(text)) == [(1, "is none")]


@pytest.mark.parametrize(
    "text",
    ["if x is None:", "the mending of nets", "an ashtray", "largest", "is tolder", "a nobody_"],
)
def test_code_and_parts_of_words_pass(words, text):
    assert list(words.find_banned(text)) == []


def test_a_marker_excepts_its_line_alone(words):
    text = 'quote = "made anew"  # plain: ok\nother = "made anew"'
    assert list(words.find_banned(text)) == [(2, "anew")]


@pytest.mark.parametrize(
    ("path", "is_checked"),
    [("a/b.py", True), (".ci/run", True), ("Makefile", True), ("x.csv", False), ("y.png", False)],
)
def test_code_and_text_are_checked_and_data_are_not(words, path, is_checked):
    assert words.is_checked(path) == is_checked


def test_the_command_names_file_line_and_remedy(tmp_path):
    (tmp_path / "page.md").write_text("Fine.\n\nIt was made anew.\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, SCRIPT, "page.md"],
        capture_output=True, text=True, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == 'page.md:3: "anew" is banned. Write: again.\n'
    (tmp_path / "page.md").write_text("Fine.\n", encoding="utf-8")
    done = subprocess.run([sys.executable, SCRIPT, "page.md"], cwd=tmp_path, check=False)
    assert done.returncode == 0

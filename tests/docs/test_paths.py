"""Paths of the repository that pages and scripts name exist, so that a renamed file is noticed."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMED = re.compile(
    r"(?<![\w./-])(?:(?:geobuffer|tests|docs|data|benchmarks|notebooks|\.ci)/[\w./-]*\w"
    r"|Makefile|[A-Z]{4,}\.md)\b"
)
# Folders that commands make, or that the wheel alone has.
MADE = ("docs/_build", "data/build/wheels", "geobuffer/data", "tests/viz/web/assets/node_modules")


def _tracked(*patterns):
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *patterns], cwd=ROOT, capture_output=True, check=False
    )
    return [ROOT / name for name in listed.stdout.decode().split("\0")[:-1]]


FILES = [
    path
    for path in _tracked("*.md", ".ci", ".github", "Makefile", "*.yaml", "pyproject.toml")
    if path.name not in {"CHANGELOG.md", "words.py"}
]


def find_missing(text):
    """Return the named paths that do not exist; a text may leave out the suffix."""
    named = {match[0] for match in NAMED.finditer(text)}
    return sorted(
        path
        for path in named
        if not path.startswith(MADE)
        and not (ROOT / path).exists()
        and not list(ROOT.glob(f"{path}.*"))
    )


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_paths_that_are_named_exist(file):
    assert find_missing(file.read_text(encoding="utf-8")) == []


def test_a_path_that_is_missing_is_found():
    text = "see `tests/test_nothing.py`, docs/index.md and geobuffer/zones/nothing.py."
    assert find_missing(text) == ["geobuffer/zones/nothing.py", "tests/test_nothing.py"]

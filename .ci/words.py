"""Find words that are banned from the repository because many readers do not know them.

Run: ``python .ci/words.py [FILE ...]``; without files, all that git tracks. Each match is printed
with its line and a plain word to use. The command ends with 1 if there is any. A line that needs
a banned word, for example a quotation, says ``plain: ok`` in a comment.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Each banned word or phrase, and what to write.
PLAIN = {
    "anew": "again",
    "stray": "other, extra, or the size of the error",
    "strays": "departs, differs",
    "strayed": "departed, differed",
    "mend": "repair, correct",
    "mends": "repairs, corrects",
    "mended": "repaired, corrected",
    "lest": "so that ... not",
    "whoever": "a person who, if you",
    "whatsoever": "at all, or nothing",
    "nought": "zero, nothing",
    "naught": "zero, nothing",
    "nobody": "no one, no caller",
    "thereof": "of it, of them",
    "is told": "is reported, with who reports it",
    "are told": "are reported, with who reports them",
    "told by": "reported by, given by",
    "tells of": "reports",
    "is none": "there is no",
    "are none": "there are no",
    "none of which": "and none of them",
    "at the door": "on input, early",
    "of their own accord": "without being asked",
    "as it has it": "as the source states it",
}
SUFFIXES = {
    ".cff", ".css", ".html", ".js", ".json", ".md", ".py", ".sh", ".toml", ".yaml", ".yml",
}  # fmt: skip
# These have to name the words. A notebook says what the page of Markdown beside it says.
OWN = {".ci/words.py", "tests/docs/test_words.py"}
MARKER = "plain: ok"

# A phrase may be broken over lines of prose or of comments.
_GAP = r"\s+(?:(?:#|//|\*|>)\s*)?"
_BANNED = re.compile(
    r"\b(?:" + "|".join(words.replace(" ", _GAP) for words in PLAIN) + r")\b", re.IGNORECASE
)


def find_banned(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line number and the banned words of each match in a text."""
    lines = text.split("\n")
    for match in _BANNED.finditer(text):
        # Python's `x is None` is code and not prose.
        if match[0].endswith("None"):
            continue
        first = text.count("\n", 0, match.start())
        last = text.count("\n", 0, match.end())
        if not any(MARKER in line for line in lines[first : last + 1]):
            words = re.sub(_GAP, " ", match[0]).lower()
            yield first + 1, words


def is_checked(path: str) -> bool:
    """Return whether a file is code, text or a script without a suffix, and not exempt."""
    name = Path(path)
    is_script = name.parts[0] == ".ci" or name.name == "Makefile"
    return path not in OWN and (name.suffix in SUFFIXES or is_script)


def main(paths: list[str]) -> None:
    """Check files, or all that git tracks if none are given."""
    if not paths:
        done = subprocess.run(
            ["git", "ls-files", "-z"],  # noqa: S607 - the git in PATH
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        paths = done.stdout.split("\0")[:-1]
    found = [
        f'{path}:{line}: "{words}" is banned. Write: {PLAIN[words]}.'
        for path in filter(is_checked, paths)
        for line, words in find_banned(Path(path).read_text(encoding="utf-8"))
    ]
    if found:
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main(sys.argv[1:])

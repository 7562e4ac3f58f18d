# ruff: noqa: INP001
"""Copy pages that live elsewhere in the repository into the source of the site, at build time.

Sphinx reads no page outside its source folder. Links in the file system would bring them in, but
a checkout on Windows has them as text files; copies in the repository would fall behind. So each
build copies them, into places that git ignores, and only where they differ, so that a second
build reads only what has changed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx

DOCS = Path(__file__).parent
ROOT = DOCS.parent

# How links to pages of the site begin in what is copied, and how they begin on the site.
FROM_FOLDER = ((b"](../docs/", b"](../"),)
FROM_ROOT = ((b"](docs/", b"](../"), (b"](benchmarks/", b"](../benchmarks/"))

# What to copy, where to, and which of its links to change.
BROUGHT: tuple[tuple[str, str, tuple[tuple[bytes, bytes], ...]], ...] = (
    ("notebooks/*.ipynb", "tutorials", FROM_FOLDER),
    ("benchmarks/README.md", "benchmarks", FROM_FOLDER),
    ("benchmarks/requirements.txt", "benchmarks", ()),
    ("benchmarks/goals.toml", "benchmarks", ()),
    ("benchmarks/results/*", "benchmarks/results", ()),
    ("ARCHITECTURE.md", "project", FROM_ROOT),
    ("CHANGELOG.md", "project", FROM_ROOT),
    ("SECURITY.md", "project", FROM_ROOT),
)

# Where links of pages to the repository lead on the site.
LEADS = (
    ("](../../notebooks/", "](../tutorials/"),
    ("](../../benchmarks/", "](../benchmarks/"),
    ("](../../SECURITY.md", "](../project/SECURITY.md"),
)


def copies() -> Iterator[tuple[Path, bytes]]:
    """Yield where each copy belongs, and what is in it."""
    for pattern, folder, links in BROUGHT:
        for file in sorted(ROOT.glob(pattern)):
            content = file.read_bytes()
            for there, here in links:
                content = content.replace(there, here)
            yield DOCS / folder / file.name, content


def lead_to_copies(_app: Sphinx, _page: str, text: list[str]) -> None:
    """Turn links of a page to files of the repository, as it is read, into links to their copies.

    So a page leads to the right place in the repository as well as on the site.
    """
    for there, here in LEADS:
        text[0] = text[0].replace(there, here)


def bring(_app: Sphinx) -> None:
    """Write the copies that are missing or differ; remove notebooks that are gone."""
    wanted = dict(copies())
    for old in (DOCS / "tutorials").glob("*.ipynb"):
        if old not in wanted:
            old.unlink()
    for target, content in wanted.items():
        if not target.exists() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)

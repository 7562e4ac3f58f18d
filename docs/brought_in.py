# ruff: noqa: INP001
"""Copy pages that live elsewhere in the repository into the source of the site, at build time.

Sphinx reads no page outside its source folder. A checkout on Windows turns symbolic links into text
files, and copies in the repository would become outdated. So each build copies the pages to places
that git ignores. It copies only those that differ, so that a second build reads only what has
changed.
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
    """Yield the path and the content of each copy."""
    for pattern, folder, links in BROUGHT:
        for file in sorted(ROOT.glob(pattern)):
            content = file.read_bytes()
            for there, here in links:
                content = content.replace(there, here)
            yield DOCS / folder / file.name, content


def lead_to_copies(_app: Sphinx, _page: str, text: list[str]) -> None:
    """When Sphinx reads a page, replace its links to files of the repository by links to copies.

    So the links of a page work in the repository and on the site.
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

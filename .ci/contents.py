"""Fail if a wheel or an sdist lacks files that users need or contains files that they do not need.

Run: ``python .ci/contents.py DIST``, a folder with one of each.
"""

from __future__ import annotations

import re
import sys
import tarfile
import zipfile
from pathlib import Path

# What each must contain. data/licences has the licence of every bundled file.
WHEEL = (
    "geobuffer/py.typed", "geobuffer/viz/web/assets/page.html", "geobuffer/data/manifest.toml",
    "geobuffer/data/boundaries/", "geobuffer/data/settlements/", "geobuffer/data/scenarios/",
    "geobuffer/data/licences/", ".dist-info/licenses/LICENSE", ".dist-info/licenses/data/licences/",
)  # fmt: skip
SDIST = (
    "/geobuffer/py.typed", "/data/manifest.toml", "/data/boundaries/", "/data/licences/",
    "/LICENSE", "/CITATION.cff", "/CHANGELOG.md",
)  # fmt: skip
# What belongs to development, and what no archive should have.
UNWANTED = re.compile(r"(^|/)(tests|benchmarks|notebooks|docs|\.ci|\.github|__pycache__)/|\.pyc$")
# An archive has 3.83 MB, of which the ground of maps has 0.82 and Leaflet 0.05. The limit is a
# little higher, so that data cannot grow without being noticed.
LIMIT_MB = 3.9


def check(archive: Path, names: list[str], wanted: tuple[str, ...]) -> list[str]:
    """Return what is wrong with an archive."""
    wrong = [f"lacks {part}" for part in wanted if not any(part in name for name in names)]
    wrong += [f"holds {name}" for name in names if UNWANTED.search(name)]
    size_mb = archive.stat().st_size / 1e6
    if size_mb > LIMIT_MB:
        wrong.append(f"is {size_mb:.1f} MB, more than {LIMIT_MB}")
    print(f"{archive.name}: {size_mb:.2f} MB, {len(names)} files")
    return [f"{archive.name} {text}" for text in wrong]


def main(folder: Path) -> None:
    """Check the one wheel and the one sdist of a folder."""
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        wrong = check(wheel, archive.namelist(), WHEEL)
    with tarfile.open(sdist) as archive:
        wrong += check(sdist, archive.getnames(), SDIST)
    if wrong:
        sys.exit("\n".join(wrong))


main(Path(sys.argv[1]))

"""Take the files of Leaflet that pages need from its package on npm.

Run: ``python data/build/leaflet.py FOLDER``, a folder for the downloaded package. Every run writes
the same files to ``geobuffer/viz/web/assets/leaflet``; the hash of the package is in `wheels.toml`.
"""

import sys
from pathlib import Path

from wheels import fetch_wheels, read_member, verify_wheels

TARGET = Path(__file__).parents[2] / "geobuffer" / "viz" / "web" / "assets" / "leaflet"

PICTURES = ("layers.png", "layers-2x.png", "marker-icon.png", "marker-icon-2x.png",
            "marker-shadow.png")  # fmt: skip
FILES = {
    "LICENSE": "LICENSE",
    "leaflet.css": "dist/leaflet.css",
    "leaflet.js": "dist/leaflet.js",
    **{f"images/{name}": f"dist/images/{name}" for name in PICTURES},
}


def main(folder: Path) -> None:
    """Download Leaflet and write its files."""
    fetch_wheels(folder, ["leaflet"])
    verify_wheels(folder, ["leaflet"])
    for name, member in FILES.items():
        path = TARGET / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # A browser hashes a text after it has turned each line end into one character.
        content = read_member(folder, "leaflet", member)
        is_text = path.suffix != ".png"
        path.write_bytes(content.replace(b"\r\n", b"\n") if is_text else content)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

# ruff: noqa: INP001, T201, S603, S607
"""Take the pictures of the map page and of the picture for print that the documentation shows.

Each is made as a reader would make it, by `geobuffer map` or in JupyterLab, from bundled data or
from the files in docs/examples. Pages are opened in headless Chromium without a network.

Run: python docs/page_pictures.py [NAME ...], all by default. Needs the extra test, Chromium with
its driver, and pdftoppm (of poppler) for the printed pages; takes one or two minutes. Look at each
picture before you commit it.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

import geobuffer as gb

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

from support.browser import CHROMIUM, DRIVER, Browser, chromium  # noqa: E402 - tests are no package
from support.lab import jupyter_lab, wait_for  # noqa: E402

FIGURES = HERE / "figures"
EXAMPLES = HERE / "examples"

# Printed pages have 1,100 pixels along the longer side of A4: small print is just legible.
PRINT_DPI = 94
# The picture for print has 300 pixels to the inch, more than a page of documentation can show.
PICTURE_WIDTH = 1600
# Places of the largest table, as many as in the measurements of pages.
MANY = 100_000


# What the notebook with the widget runs: a road by hand, and the places within 10 km of it.
NOTEBOOK = """import geobuffer as gb, geopandas as gpd, shapely
regions, towns = gb.load_regions(), gb.load_settlements()
zone = gb.build_zone(gb.border_between(regions["Kursk"], regions["Sumy"]), km=10, side="Ukraine")
w = gb.widget(zone, towns, language="en", height=580)
road = shapely.LineString([(34.8, 50.91), (34.31, 51.15), (34.02, 51.32), (33.92, 51.66)])
w.drawn = gpd.GeoSeries([road], crs="EPSG:4326")
near = gb.build_zone(gb.border_along(w.drawn), km=10, tolerance_m=10)
w.km, w.selected = 15, gb.within(gb.within(towns, zone), near)
w"""


@dataclass(frozen=True)
class Shot:
    """A page to make and how to look at it."""

    name: str
    command: tuple[str, ...] = ()
    size: tuple[int, int] = (1280, 800)
    dark: bool = False
    paper: str = ""
    state: str = "#lang=en"


KOREA = ("--country", "KR,KP", "--between", "KR", "--and", "KP", "--km", "2")
RIVER = ("--along", str(EXAMPLES / "psel.geojson"), "--km", "3")
CAMP = (
    "--around", str(EXAMPLES / "zaatari.geojson"), "--km", "4", "--places",
    str(EXAMPLES / "zaatari-places.csv"),
)  # fmt: skip
FIJI = (
    "--around", str(EXAMPLES / "taveuni.geojson"), "--km", "60", "--places",
    str(EXAMPLES / "taveuni-places.csv"),
)  # fmt: skip
# The places of this table are made up, so the page is not that of the zone announced.
MANY_PLACES = (
    "--between", "Bryansk,Kursk,Belgorod", "--and", "Chernihiv,Sumy,Kharkiv", "--km", "10",
    "--side", "Ukraine", "--places", "many.csv",
)  # fmt: skip

SHOTS = (
    Shot("page-screen", size=(1440, 900)),
    Shot("page-dark", dark=True),
    Shot("page-phone", size=(360, 740)),
    Shot("page-frame", size=(640, 700)),
    Shot("page-a4-portrait", paper="portrait"),
    Shot("page-a4-landscape", paper="landscape"),
    Shot("page-river", RIVER),
    Shot("page-camp", CAMP),
    Shot("page-korea", KOREA),
    Shot("page-180", FIJI),
    Shot("page-many", MANY_PLACES),
)


def save(picture: Image.Image, name: str) -> None:
    """Save a picture in 256 colours, which are enough for flat tints."""
    file = FIGURES / f"{name}.png"
    # Without a few rounds of k-means, rare colours such as those of dots would be lost.
    reduced = picture.convert("RGB").quantize(256, kmeans=3, dither=Image.Dither.NONE)
    reduced.save(file, optimize=True)
    print(file.name, f"{picture.width} x {picture.height}, {file.stat().st_size / 1e3:.0f} kB")


def write_many(file: Path) -> None:
    """Write a table of MANY places without true names: the bundled ones, each moved many times."""
    places = gb.load_settlements()
    places = places[places.geometry.notna()]
    rng = np.random.default_rng(0)
    chosen = places.iloc[np.arange(MANY) % len(places)]
    pd.DataFrame(
        {
            "name": [f"Place {number:,}" for number in range(1, MANY + 1)],
            "lon": (chosen.geometry.x + rng.normal(0.0, 0.08, MANY)).round(5).to_numpy(),
            "lat": (chosen.geometry.y + rng.normal(0.0, 0.05, MANY)).round(5).to_numpy(),
            "accuracy_m": 500,
            "radius_m": 300,
        }
    ).to_csv(file, index=False)


def make_page(shot: Shot, folder: Path, made: dict[tuple[str, ...], Path]) -> Path:
    """Make the page of a shot, or return it if another shot needed it before."""
    if shot.command not in made:
        if "many.csv" in shot.command:
            write_many(folder / "many.csv")
        page = folder / f"{len(made)}.html"
        subprocess.run(
            ["geobuffer", "map", *shot.command, "--out", page.name], check=True, cwd=folder
        )
        made[shot.command] = page
    return made[shot.command]


def rendered(pdf: bytes) -> Image.Image:
    """Return the first page of a PDF as a picture."""
    command = ["pdftoppm", "-png", "-r", str(PRINT_DPI), "-f", "1", "-l", "1", "-"]
    png = subprocess.run(command, input=pdf, capture_output=True, check=True).stdout
    return Image.open(io.BytesIO(png))


def take(browser: Browser, shot: Shot, page: Path) -> Image.Image:
    """Open a page and return what is seen of it."""
    width, height = shot.size
    browser.open(page, width=width, height=height, dark=shot.dark, state=shot.state)
    if shot.paper:
        return rendered(browser.pdf(landscape=shot.paper == "landscape"))
    return Image.open(io.BytesIO(browser.driver.get_screenshot_as_png()))


def draw_picture(folder: Path) -> None:
    """Draw the default zone for print."""
    subprocess.run(["geobuffer", "map", "--png", "picture.png"], check=True, cwd=folder)
    with Image.open(folder / "picture.png") as picture:
        height = round(picture.height * PICTURE_WIDTH / picture.width)
        smaller = picture.convert("RGB").resize((PICTURE_WIDTH, height), Image.Resampling.LANCZOS)
        save(smaller, "picture")


def take_widget(browser: Browser, folder: Path) -> None:
    """Take the widget in a notebook."""
    with jupyter_lab(folder, NOTEBOOK, browser):
        frame = wait_for(
            lambda: browser.driver.find_elements("css selector", "iframe"),
            "a widget in the notebook",
        )
        browser.driver.switch_to.frame(frame[0])
        wait_for(
            lambda: browser.run("return window.geobuffer?.view.km === 15"), "the width of 15 km"
        )
        time.sleep(1)  # names are placed when the slider rests
        browser.driver.switch_to.default_content()
        png = browser.driver.get_screenshot_as_png()
    save(Image.open(io.BytesIO(png)), "widget")


def missing(shots: list[Shot]) -> list[str]:
    """Return the needed tools that are not installed."""
    needed = {"chromium": CHROMIUM, "chromedriver": DRIVER}
    if any(shot.paper for shot in shots):
        needed["pdftoppm (of poppler-utils)"] = shutil.which("pdftoppm")
    return [tool for tool, found in needed.items() if not found]


def main(names: list[str]) -> None:
    """Take the pictures of these names, or all."""
    known = [shot.name for shot in SHOTS] + ["picture", "widget"]
    if unknown := sorted(set(names) - set(known)):
        sys.exit(f"no picture is called {', '.join(unknown)}; there are {', '.join(known)}")
    shots = [shot for shot in SHOTS if not names or shot.name in names]
    if lacking := missing(shots):
        sys.exit(f"not found: {', '.join(lacking)}; install it and run this again")
    made: dict[tuple[str, ...], Path] = {}
    with tempfile.TemporaryDirectory() as made_in, chromium() as browser:
        folder = Path(made_in)
        if not names or "picture" in names:
            draw_picture(folder)
        if not names or "widget" in names:
            take_widget(browser, folder)
        for shot in shots:
            save(take(browser, shot, make_page(shot, folder, made)), shot.name)


if __name__ == "__main__":
    main(sys.argv[1:])

"""Compare the map page with a plain folium map of the same places: size, first paint, slider step.

Run: ``python benchmarks/page.py``. Needs Chromium with its driver and the extra ``test``. Both maps
are opened without a network; what the folium map would fetch is not counted.
"""

from __future__ import annotations

import gzip
import sys
import tempfile
import time
from pathlib import Path

import folium
import geopandas as gpd
import numpy as np
import pandas as pd

import geobuffer as gb

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from browser import Browser, chromium

_STEPS = """
const taken = [];
for (const km of geobuffer.facts.slider.widths_km) {
  const start = performance.now();
  geobuffer.setWidth(km);
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  taken.push(performance.now() - start);
}
return taken;
"""


def paint_ms(browser: Browser, page: Path) -> float:
    """Return when the page first showed something, in ms."""
    browser.open(page)
    time.sleep(1.0)
    entries = "return performance.getEntriesByName('first-contentful-paint').map(e => e.startTime)"
    return float((browser.run(entries) or [float("nan")])[0])


def report(name: str, page: Path, built_s: float, browser: Browser) -> None:
    """Print a line of the table."""
    text = page.read_bytes()
    steps = []
    paint = paint_ms(browser, page)
    if browser.run("return Boolean(window.geobuffer)"):
        steps = browser.driver.execute_async_script(
            f"const done = arguments[0]; (async () => {{ {_STEPS} }})().then(done)"
        )
    slider = f"{np.median(steps):6.0f} {max(steps):6.0f}" if steps else "     -      -"
    print(
        f"{name:34} {built_s:7.1f} {len(text) / 1e6:7.2f} "
        f"{len(gzip.compress(text)) / 1e3:7.0f} {paint:8.0f} {slider}"
    )


def stock(zone: gb.BufferZone, table: gpd.GeoDataFrame) -> folium.Map:
    """Draw the same map with folium alone, in the fastest way that it offers for points."""
    drawn = folium.Map(location=[51, 35], zoom_start=8, tiles=None, prefer_canvas=True)
    folium.GeoJson(zone.to_frame()).add_to(drawn)
    shown = table[["name_en", "geometry"]]
    folium.GeoJson(shown, marker=folium.CircleMarker(radius=3)).add_to(drawn)
    return drawn


def many(table: gpd.GeoDataFrame, count: int) -> gpd.GeoDataFrame:
    """Repeat places, each moved by up to 2 km, so that none hides another."""
    rng = np.random.default_rng(0)
    rows = table.iloc[rng.integers(0, len(table), count)].reset_index(drop=True)
    moved = gpd.points_from_xy(
        rows.geometry.x + rng.normal(0, 0.02, count), rows.geometry.y + rng.normal(0, 0.02, count)
    )
    return rows.set_geometry(gpd.GeoSeries(moved, crs=4326))


def main() -> None:
    """Build, open and time each page."""
    zone = gb.scenario_zone(gb.load_scenario(), gb.load_regions())
    table = gb.load_settlements()
    default = pd.concat([table, gb.load_not_located()], ignore_index=True)
    near = table[gb.distance_to_border(table, zone.border) < 33.0]
    cases = {
        "geobuffer, the default map": lambda: gb.map_zone(zone, settlements=default,
                                                          regions=gb.load_regions()),
        "folium GeoJson, the same places": lambda: stock(zone, near),
        "geobuffer, 10,000 places": lambda: gb.map_zone(zone, settlements=many(near, 10_000)),
        "folium GeoJson, 10,000 places": lambda: stock(zone, many(near, 10_000)),
        "geobuffer, 100,000 places": lambda: gb.map_zone(zone, settlements=many(near, 100_000)),
    }  # fmt: skip
    print(
        f"{'':34} {'built s':>7} {'MB':>7} {'gz kB':>7} {'paint ms':>8} {'step ms':>6} {'most':>6}"
    )
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        browser.driver.set_script_timeout(300)
        for name, draw in cases.items():
            path = Path(folder) / "map.html"
            start = time.perf_counter()
            draw().save(str(path))
            report(name, path, time.perf_counter() - start, browser)


if __name__ == "__main__":
    main()

# ruff: noqa: INP001, T201
"""Build the gallery of real zones: a picture of each, its numbers, and the page that shows them.

Each zone comes from a scenario file alone: that of the package, or one in docs/examples/gallery.
Its area is computed a second time by a way that shares no code with the library.

Run: make gallery, or python docs/gallery.py [NAME ...]. Needs the extras plot, test and world;
takes two or three minutes. Look at each picture before you commit it.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import pyproj
import shapely
from PIL import Image

import geobuffer as gb

mpl.use("agg")

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

from support.plane_areas import buffer_line, equal_area_km2, turn  # noqa: E402 - tests are no package

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shapely.geometry.base import BaseGeometry

FOLDER = HERE / "examples" / "gallery"
FIGURES = HERE / "figures" / "gallery"
MEASURED = FOLDER / "measured.json"
PAGE = HERE / "how-to" / "real-zones.md"
BEGIN, END = "<!-- gallery -->\n", "<!-- /gallery -->\n"

# The width of the pictures in pixels, and their colours: flat tints need no more, and a picture
# then has some 50 kB, which a repository can carry.
WIDTH, COLOURS = 1000, 48
# The usual height of a picture, and that of pictures of other shapes. Closer than zoom 10 a picture
# draws no coast, which would be wrong by many pixels. So the pictures of Fukushima and Lebanon,
# by the sea, are low: in a lower picture the zone fits at a lower zoom.
HEIGHT = 760
HEIGHTS = {
    "lesotho": 860, "korea": 620, "us-mexico": 640, "rio-grande": 700, "fukushima": 600,
    "lebanon-israel": 520,
}  # fmt: skip

# A zone that is 700 times as long as wide would be too thin to see, so its picture shows only the
# first kilometres, up to this vertex of the line.
SHOWN_VERTICES = {"rio-grande": 260}

GEOD = pyproj.Geod(ellps="WGS84")


@dataclass(frozen=True)
class Zone:
    """A zone of the gallery, and what is published of its border or its middle."""

    name: str
    published: str = ""

    @property
    def file(self) -> Path | None:
        """The scenario file; None for that of the package."""
        return None if self.name == "announced" else FOLDER / f"{self.name}.toml"


# {km} and {land_km} stand for the length of the border here, all of it and on land; {inside_km2}
# for the area that the zone surrounds.
ZONES = (
    Zone("announced"),
    Zone(
        "korea",
        "The border is published with [250 km](https://www.thenews.com.pk/print/"
        "384474-koreas-un-command-agree-to-demilitarise-part-of-border); here it has {km} km.",
    ),
    Zone("india"),
    Zone(
        "us-mexico",
        "The border without its maritime stretches is published with [3,145 km]"
        "(https://en.wikipedia.org/wiki/Mexico%E2%80%93United_States_border); here it has "
        "{land_km} km.",
    ),
    Zone(
        "norway-russia",
        "The land border is published with [195.7 km]"
        "(https://en.wikipedia.org/wiki/Norway%E2%80%93Russia_border); here it has {km} km.",
    ),
    Zone("poland-ukraine"),
    Zone("lebanon-israel"),
    Zone(
        "lesotho",
        "The border is published with [909 km](https://www.farmersweekly.co.za/opinion/"
        "by-invitation/tackling-crime-along-the-south-africa-lesotho-border/); here it has {km} "
        "km. Rivers and watersheds get longer the finer they are drawn, so a length without a "
        "scale says little. The area is the better check: the ring holds {inside_km2} km².",
    ),
    Zone("chornobyl"),
    Zone("fukushima"),
    Zone(
        "rio-grande",
        "The stretch is published with [191.2 river miles]"
        "(https://en.wikipedia.org/wiki/Rio_Grande_Wild_and_Scenic_River), 308 km; the line here, "
        "which was simplified to some 30 m, has {km} km.",
    ),
    Zone("vogtle"),
    Zone(
        "wrangel",
        "The island is published with [7,608 km²](https://worldheritageoutlook.iucn.org/"
        "explore-sites/natural-system-wrangel-island-reserve); the coarse coast here holds "
        "{inside_km2} km².",
    ),
)


def circle_km2(lon: float, lat: float, km: float) -> float:
    """Return the area within a distance of a point, by 3,600 geodesics."""
    azimuth = np.linspace(0.0, 360.0, 3600, endpoint=False)
    ones = np.ones(len(azimuth))
    edge = GEOD.fwd(lon * ones, lat * ones, azimuth, 1e3 * km * ones)
    return float(abs(GEOD.polygon_area_perimeter(edge[0], edge[1])[0]) / 1e6)


def left_of(line: BaseGeometry) -> BaseGeometry:
    """Return the area north of a line that runs from west to east; its ends go straight on."""
    xy = shapely.get_coordinates(line)
    # Some hundred lengths of the segments at the ends, so farther than the zone reaches.
    first, last = xy[0] + 100.0 * (xy[0] - xy[1]), xy[-1] + 100.0 * (xy[-1] - xy[-2])
    north = xy[:, 1].max() + 1.0
    ring = [first, *xy, last, (last[0] + 0.1, north), (first[0] - 0.1, north)]
    return shapely.make_valid(shapely.Polygon(ring))


def territory(side: gb.Side) -> BaseGeometry:
    """Return the area of the regions of a side."""
    return shapely.union_all([region.geometry for region in side.regions])


def check_area_km2(border: gb.Border, scenario: gb.Scenario) -> float:
    """Return the area of a scenario's zone, computed without the library."""
    km, section = list(scenario.km)[-1], border.sections[0]
    if section.line.geom_type == "Point":
        return circle_km2(section.line.x, section.line.y, km)
    band = buffer_line(border.line, km)
    if scenario.side == "left":
        band = band.intersection(left_of(border.line))
    elif scenario.side == "outside":
        band = band.difference(turn(territory(border.side("inside"))))
    elif scenario.side != "both":
        band = band.intersection(territory(border.side(scenario.side)))
    return float(equal_area_km2(band))


def surrounded_km2(border: gb.Border) -> float:
    """Return the area of an island or an enclave: of the smaller side."""
    return min(
        (sum(region.area_km2 for region in side.regions) for side in border.sides if side.regions),
        default=0.0,
    )


def load(zone: Zone) -> gb.Scenario:
    """Return the scenario of a zone, whose files are named from the folder of this repository."""
    return gb.load_scenario(zone.file)


def measure(scenario: gb.Scenario, built: gb.BufferZone) -> dict[str, Any]:
    """Return the numbers of a zone, and its area by the other way."""
    border = built.border
    return {
        "edges_km": [round(km, 6) for km in built.edges_km],
        "side": built.side,
        "area_km2": round(built.area_km2, 3),
        "checked_km2": round(check_area_km2(border, scenario), 3),
        "border_km": round(border.length_km, 3),
        "sea_km": round(border.sea_km, 3),
        "inside_km2": round(surrounded_km2(border), 1),
        "outlines_apart_m": round(1e3 * border.healing.disagreement_km, 1) if border.healing else 0,
    }


def cut(zone: Zone, scenario: gb.Scenario, built: gb.BufferZone) -> tuple[str, gb.BufferZone]:
    """Return the title of a picture and the zone that it shows."""
    count = SHOWN_VERTICES.get(zone.name)
    if count is None:
        return scenario.title, built
    border = built.border
    line = shapely.LineString(shapely.get_coordinates(border.line)[:count])
    part = gb.border_along(line, names=[border.sections[0].name], source=border.source)
    title = f"{scenario.title}, the first {part.length_km:.0f} km"
    return title, gb.build_zone(part, km=scenario.km, side=scenario.side)


def draw(zone: Zone, scenario: gb.Scenario, built: gb.BufferZone) -> None:
    """Draw a zone, and keep the picture in few colours."""
    title, shown = cut(zone, scenario, built)
    figure = gb.plot_zone(shown, title=title, size=f"{WIDTH}x{HEIGHTS.get(zone.name, HEIGHT)}")
    with tempfile.TemporaryDirectory() as folder:
        drawn = Path(folder) / "zone.png"
        gb.write(figure, drawn)
        with Image.open(drawn) as picture:
            # Without k-means, rare colours such as those of borders would be lost.
            few = picture.convert("RGB").quantize(COLOURS, kmeans=3, dither=Image.Dither.NONE)
    file = FIGURES / f"{zone.name}.png"
    few.save(file, optimize=True)
    print(f"  {file.name}: {file.stat().st_size / 1e3:.0f} kB")


def render(measured: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the part of the page that this script writes: a table, then zone by zone."""
    rows = "\n".join(_row(zone, measured[zone.name]) for zone in ZONES)
    table = (
        "| zone | width, km | border, km | zone, km² | by the other way, km² | differ by, % |\n"
        "|---|---:|---:|---:|---:|---:|\n"
    )
    sections = "\n".join(_section(zone, measured[zone.name]) for zone in ZONES)
    return f"{table}{rows}\n\n{sections}"


def _row(zone: Zone, numbers: Mapping[str, Any]) -> str:
    # The whole title stands above the picture.
    heading = load(zone).title.partition(":")[0]
    widths = " / ".join(f"{km:.4g}" for km in numbers["edges_km"][1:])
    length = f"{numbers['border_km']:,.0f}" if numbers["border_km"] else "–"
    area, checked = numbers["area_km2"], numbers["checked_km2"]
    differs = f"{100.0 * abs(checked / area - 1.0):.4f}"
    return f"| {heading} | {widths} | {length} | {area:,.1f} | {checked:,.1f} | {differs} |"


def _section(zone: Zone, numbers: Mapping[str, Any]) -> str:
    """Return the heading, picture, text, sources and command of a zone."""
    scenario = load(zone)
    sources = "\n".join(f"- {_cite(report)}" for report in scenario.reports)
    option = f" --scenario docs/examples/gallery/{zone.name}.toml" if zone.file else ""
    file = f"../examples/gallery/{zone.name}.toml" if zone.file else ""
    link = f" ([the file]({file}))" if file else ""
    published = zone.published.format(
        km=f"{numbers['border_km']:,.0f}",
        land_km=f"{numbers['border_km'] - numbers['sea_km']:,.0f}",
        inside_km2=f"{numbers['inside_km2']:,.0f}",
    )
    known = f"{published}\n\n" if published else ""
    return (
        f"### {scenario.title}\n\n"
        f"![{scenario.title}](../figures/gallery/{zone.name}.png)\n\n"
        f"{scenario.summary}\n\n{known}{sources}\n\n"
        f"`geobuffer map{option}`{link}\n"
    )


def _cite(report: gb.Report) -> str:
    when = f", {report.date.day} {report.date:%B %Y}" if report.date else ""
    return f"{report.claim} [{report.said_by}{when}]({report.url})"


def write_page(measured: Mapping[str, Mapping[str, Any]]) -> None:
    """Put the numbers and texts of all zones on the page."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n{render(measured)}\n{END}{after}", encoding="utf-8")


def main(names: Sequence[str]) -> None:
    """Build the zones of these names, or all."""
    known = [zone.name for zone in ZONES]
    if unknown := sorted(set(names) - set(known)):
        sys.exit(f"no zone is called {', '.join(unknown)}; there are {', '.join(known)}")
    measured = json.loads(MEASURED.read_text(encoding="utf-8")) if MEASURED.exists() else {}
    for zone in ZONES:
        if names and zone.name not in names:
            continue
        start = time.perf_counter()
        scenario = load(zone)
        built = gb.scenario_zone(scenario)
        print(f"{zone.name}: built in {time.perf_counter() - start:.1f} s")
        measured[zone.name] = measure(scenario, built)
        draw(zone, scenario, built)
    ordered = {name: measured[name] for name in known}
    MEASURED.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    write_page(ordered)


if __name__ == "__main__":
    main(sys.argv[1:])

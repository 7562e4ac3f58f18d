# ruff: noqa: INP001, T201
"""Draw the figures of the documentation and print one of its tables, with the library itself.

The table is that of explanation/exactness.md. Run: python docs/figures.py. Needs the extra plot;
takes about a minute.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import pyproj
import shapely

import geobuffer as gb
from geobuffer.geodesy.buffer import buffer_lines
from geobuffer.geodesy.ellipsoid import WGS84
from geobuffer.palette import BORDER, REGION

mpl.use("agg")
mpl.rcParams["svg.hashsalt"] = "geobuffer"

from matplotlib import pyplot as plt  # noqa: E402 - after the choice of a backend

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from geobuffer.geodesy.ellipsoid import Floats
    from geobuffer.geodesy.nearest import LineIndex

HERE = Path(__file__).parent
WIDTH_M = 10_000.0
# The colours of the true zone and of a recipe's zone. Colour-blind readers can distinguish them.
ZONE, RECIPE = "#0072b2", "#d55e00"

# A notch of the default zone's edge, among the deepest of some seventy.
NOTCH = (37.353587, 50.320188)


def sampled(shape: shapely.Geometry, step_m: float) -> tuple[Floats, Floats]:
    """Return points along the edges of a shape in lon/lat, at least three of each edge."""
    lon, lat = [], []
    for ring in shapely.get_rings(shapely.get_parts(shape)):
        xy = shapely.get_coordinates(ring)
        _, _, length = WGS84.inv(*xy[:-1].T, *xy[1:].T)
        cuts = np.maximum(np.ceil(length / step_m), 3).astype(int)
        edge = np.repeat(np.arange(len(cuts)), cuts)
        share = (np.arange(len(edge)) - np.repeat(np.cumsum(cuts) - cuts, cuts)) / cuts[edge]
        at = xy[edge] + share[:, None] * (xy[edge + 1] - xy[edge])
        lon.append(at[:, 0])
        lat.append(at[:, 1])
    return np.concatenate(lon), np.concatenate(lat)


def recipe(line: shapely.Geometry, crs: str | int | pyproj.CRS, quadrant: int) -> shapely.Geometry:
    """Buffer a line in a projection, as geopandas users do."""
    series = gpd.GeoSeries([line], crs=4326).to_crs(crs)
    return series.buffer(WIDTH_M, quad_segs=quadrant).to_crs(4326).item()


def recipes(line: shapely.Geometry) -> dict[str, shapely.Geometry]:
    """Return the zones of common recipes."""
    west, south, east, north = line.bounds
    at = f"+lon_0={(west + east) / 2} +lat_0={(south + north) / 2} +ellps=WGS84"
    conic = (
        f"+proj=eqdc {at} +lat_1={south + (north - south) / 6} +lat_2={north - (north - south) / 6}"
    )
    utm = gpd.GeoSeries([line], crs=4326).estimate_utm_crs()
    return {
        "degrees: `buffer(10 / 111.32)` in EPSG:4326": shapely.buffer(line, 10 / 111.32),
        "Web Mercator, EPSG:3857": recipe(line, 3857, 16),
        "Europe equal-area, EPSG:3035": recipe(line, 3035, 16),
        f"`estimate_utm_crs()`: {utm.name.split('/')[-1].strip()}": recipe(line, utm, 16),
        "the same, arcs of 128 segments": recipe(line, utm, 128),
        "azimuthal equidistant about the middle, 128": recipe(line, f"+proj=aeqd {at}", 128),
        "equidistant conic fitted to the border, 128": recipe(line, conic, 128),
    }


def points_near_edge(index: LineIndex, edge: shapely.Geometry) -> tuple[Floats, Floats, Floats]:
    """Return random points between 9,950 and 10,050 m from the lines, and their distance."""
    rng = np.random.default_rng(0)
    lon, lat = sampled(edge, 100.0)
    pick = rng.integers(0, len(lon), 600_000)
    lon, lat = lon[pick], lat[pick]
    foot = index.nearest(lon, lat)
    azimuth, _, _ = WGS84.inv(foot.lon, foot.lat, lon, lat)
    away = rng.uniform(WIDTH_M - 60.0, WIDTH_M + 60.0, len(lon))
    lon, lat, _ = WGS84.fwd(foot.lon, foot.lat, azimuth + rng.normal(0.0, 0.3, len(lon)), away)
    distance = index.nearest(lon, lat).distance_m
    near = np.flatnonzero(np.abs(distance - WIDTH_M) <= 50.0)
    return lon[near], lat[near], distance[near]


def row(name: str, off: Floats | None, wrong: NDArray[np.bool_], vertices: str) -> None:
    """Print a row of the table."""
    errors = "| |"
    if off is not None:
        errors = f"{off.min():+,.4g} … {off.max():+,.4g} | {np.sqrt((off**2).mean()):,.3g} |"
    print(f"| {name} | {vertices} | {errors} {wrong.mean() * 1e6:,.0f} |")


def table(border: gb.Border) -> None:
    """Print how far the edges of 10 km zones lie from 10 km, and what they misclassify."""
    zones = recipes(border.line)
    for tolerance in (1.0, 0.1, 0.01):
        zones[f"**geobuffer, tolerance {tolerance:g} m**"], _ = buffer_lines(
            border.index, WIDTH_M, tolerance_m=tolerance
        )
    edge = zones["**geobuffer, tolerance 0.1 m**"]
    lon, lat, distance = points_near_edge(border.index, edge)
    print(f"{len(lon):,} points")
    for name, zone in zones.items():
        off = border.index.nearest(*sampled(zone, 100.0)).distance_m - WIDTH_M
        shapely.prepare(zone)
        wrong = shapely.contains_xy(zone, lon, lat) != (distance <= WIDTH_M)
        row(name, off, wrong, f"{shapely.get_num_coordinates(zone):,}")
    sphere = pyproj.Geod(a=6_371_008.8, b=6_371_008.8)
    foot = border.index.nearest(lon, lat)
    _, _, round_earth = sphere.inv(foot.lon, foot.lat, lon, lat)
    wrong = (round_earth <= WIDTH_M) != (distance <= WIDTH_M)
    row("distances on a sphere of 6,371 km", -(round_earth - distance), wrong, "")


def styled(width: float, height: float) -> tuple[Figure, Axes]:
    """Return an empty figure without the frame's top and right."""
    figure, axes = plt.subplots(figsize=(width, height), layout="constrained")
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def saved(figure: Figure, name: str) -> None:
    """Save a figure, without a date so that it is the same each time."""
    file = HERE / "figures" / name
    file.parent.mkdir(exist_ok=True)
    figure.savefig(file, dpi=110, metadata={"Software": None})
    plt.close(figure)
    print(file.name, f"{file.stat().st_size / 1e3:.0f} kB")


def draw_edge_errors(border: gb.Border) -> None:
    """Draw the error of the UTM recipe and ours along the zone's edge."""
    figure, axes = styled(7.2, 3.2)
    utm = gpd.GeoSeries([border.line], crs=4326).estimate_utm_crs()
    starts = np.array([section.start_km for section in border.sections])
    for zone, colour, label in (
        (recipe(border.line, utm, 16), RECIPE, "planar buffer in UTM 36N, as usual"),
        (
            buffer_lines(border.index, WIDTH_M, tolerance_m=0.1)[0],
            ZONE,
            "geobuffer, tolerance 0.1 m",
        ),
    ):
        foot = border.index.nearest(*sampled(zone, 150.0))
        chainage = starts[foot.line] + foot.chainage_m / 1e3
        off = foot.distance_m - WIDTH_M
        axes.plot(chainage, off, ".", ms=1.2, color=colour, rasterized=True)
        axes.plot([], [], "o", ms=5, color=colour, label=label)
    axes.axhline(0.0, color="black", lw=0.4)
    axes.set_xlabel("nearest kilometre of the border")
    axes.set_ylabel("distance − 10 km, in m")
    axes.set_xlim(0.0, border.length_km)
    axes.legend(frameon=False, loc="lower left")
    saved(figure, "edge-errors.png")


def note(axes: Axes, at: tuple[float, float], text: str, colour: str, *, turn: float = 0.0) -> None:
    """Write a few words into a figure."""
    axes.text(*at, text, color=colour, ha="center", va="center", rotation=turn)


@dataclass(frozen=True)
class Plane:
    """A plane about a point, in kilometres (or metres) east and north."""

    lon: float
    lat: float
    unit_m: float

    def __call__(self, xy: Floats) -> Floats:
        """Return lon/lat in the plane."""
        n = len(xy)
        azimuth, _, away = WGS84.inv(np.full(n, self.lon), np.full(n, self.lat), *xy.T)
        azimuth = np.radians(azimuth)
        toward = np.stack([np.sin(azimuth), np.cos(azimuth)], axis=1)
        return np.asarray(toward * (away / self.unit_m)[:, None])

    def drawn(self, shape: shapely.Geometry, reach: float) -> shapely.Geometry:
        """Return the part of a shape near the point, in the plane."""
        degrees = np.degrees(2.5 * reach * self.unit_m / WGS84.b)
        near = shapely.box(
            self.lon - 2.0 * degrees, self.lat - degrees, self.lon + 2.0 * degrees,
            self.lat + degrees,
        )  # fmt: skip
        return shapely.transform(shapely.intersection(shape, near), self)


def filled(axes: Axes, shape: shapely.Geometry, **style: Any) -> None:
    """Fill the polygons of a shape."""
    for part in shapely.get_parts(shape):
        axes.fill(*part.exterior.xy, **style)


def traced(axes: Axes, shape: shapely.Geometry, **style: Any) -> None:
    """Draw the lines of a shape."""
    for part in shapely.get_parts(shape):
        axes.plot(*part.xy, **style)


def draw_ends(border: gb.Border, regions: gb.Regions) -> None:
    """Draw round and flat ends where the default border meets Luhansk oblast."""
    lon, lat = border.line.coords[-1]
    plane = Plane(lon, lat, 1e3)
    figure, axes = styled(6.0, 4.4)
    reach = 16.0
    drawn: tuple[tuple[str, Literal["round", "flat"], dict[str, Any]], ...] = (
        ("both", "round", {"fc": "none", "ec": ZONE, "ls": ":", "lw": 1.2}),
        ("Ukraine", "round", {"fc": RECIPE, "ec": "none", "alpha": 0.75}),
        ("Ukraine", "flat", {"fc": "#b8d8ee", "ec": "none"}),
    )
    for side, ends, style in drawn:
        zone = gb.build_zone(border, km=10, side=side, ends=ends, tolerance_m=1)
        filled(axes, plane.drawn(zone.polygon, 3 * reach), **style)
    names = {"Kharkiv": (-12.0, -11.5), "Luhansk": (10.0, -11.5), "Belgorod": (3.0, 9.0)}
    for name, at in names.items():
        note(axes, at, f"{name}\noblast", REGION)
        traced(
            axes, plane.drawn(shapely.boundary(regions[name].geometry), reach), color=REGION, lw=0.8
        )
    note(axes, (-8.5, 3.5), "the zone", ZONE)
    note(axes, (-3.0, -5.0), "kept by\nround ends", "black")
    note(axes, (11.9, 0.0), "10 km", ZONE)
    traced(axes, plane.drawn(border.line, reach), color=BORDER, lw=2.0)
    axes.plot(0, 0, "o", color=BORDER, ms=6)
    axes.set(xlim=(-reach, reach * 0.9), ylim=(-14, 13), aspect="equal")
    axes.set_xlabel("km east of the border's end")
    axes.set_ylabel("km north")
    saved(figure, "ends.png")


def draw_notch(border: gb.Border) -> None:
    """Draw a notch of the edge, where two stretches of border are equally far."""
    at = NOTCH
    plane = Plane(*at, 1.0)
    reach = 16.0
    figure, axes = styled(5.4, 4.0)
    aeqd = f"+proj=aeqd +lon_0={at[0]} +lat_0={at[1]} +ellps=WGS84"
    near = shapely.clip_by_rect(border.line, at[0] - 0.5, at[1] - 0.3, at[0] + 0.5, at[1] + 0.3)
    start = plane.drawn(recipe(near, aeqd, 32), 4 * reach)
    zone, _ = buffer_lines(border.index, WIDTH_M, tolerance_m=0.1)
    ours = plane.drawn(zone, 4 * reach)
    filled(axes, ours, fc="#b8d8ee", ec="none")
    traced(axes, shapely.boundary(ours), color=ZONE, lw=1.6, marker="o", ms=3.5)
    traced(axes, shapely.boundary(start), color=RECIPE, lw=1.6, ls="--", marker="o", ms=3.5)
    note(axes, (9.5, 8.0), "the zone", ZONE)
    note(axes, (-2.5, 6.2), "planar buffer, 4.4 m short", RECIPE)
    note(axes, (-9.0, -5.8), "10 km from kilometre 994", ZONE, turn=24.0)
    note(axes, (4.0, -7.6), "from kilometre 1,023", ZONE, turn=-57.0)
    axes.set(xlim=(-reach, reach), ylim=(-0.75 * reach, 0.75 * reach), aspect="equal")
    axes.set_xlabel("metres")
    saved(figure, "notch.png")


def list_kinds(regions: gb.Regions) -> dict[str, gb.Zone]:
    """Return a zone of every kind of the guide to zones, by a few words that say what it is."""
    border = gb.border_between(
        [regions["Bryansk"], regions["Kursk"]], [regions["Chernihiv"], regions["Sumy"]]
    )
    build = partial(gb.build_zone, border, tolerance_m=100)
    source = gb.Source("drawn for this figure")
    # A line with bends, an area and a point of the same oblasts.
    line = gb.border_along(
        shapely.LineString([(33.0, 51.3), (33.6, 51.9), (34.4, 51.5), (35.1, 51.8)]), source=source
    )
    park = shapely.Polygon([(33.4, 51.3), (34.2, 51.2), (34.6, 51.7), (34.1, 52.0), (33.6, 51.8)])
    area = gb.border_around(park, source=source)
    plant = gb.border_around(shapely.Point(34.0, 51.6), source=source)
    near, far = build(km=15, side="Ukraine"), gb.build_zone(plant, km=45, tolerance_m=100)
    return {
        "on one side": build(km=20, side="Ukraine"),
        "on both sides": build(km=20),
        "in rings": build(km=[10, 20, 30], side="Ukraine"),
        "with flat ends": build(km=20, side="Ukraine", ends="flat"),
        "of a width for each side": build(km={"Ukraine": 25, "Russia": 10}),
        "of a width for each section": build(km={"Kursk–Sumy": 25, "Bryansk–Sumy": 10}),
        "between two distances": build(km=25, from_km=10, side="Ukraine"),
        "left of a line": gb.build_zone(line, km=20, side="left", tolerance_m=100),
        "in rings around a point": gb.build_zone(plant, km=[15, 30, 45], tolerance_m=100),
        "an area and all around it": gb.build_zone(area, km=15, side="around", tolerance_m=100),
        "outside an area": gb.build_zone(area, km=15, side="outside", tolerance_m=100),
        "inside an area": gb.build_zone(area, km=8, side="inside", tolerance_m=100),
        "united": gb.unite(near, far, name="both"),
        "subtracted": gb.subtract(near, far),
        "clipped to an oblast": gb.clip_zone(near, regions["Sumy"]),
    }


def draw_kinds(regions: gb.Regions) -> None:
    """Draw a zone of every kind, each in a panel of its own."""
    kinds = list_kinds(regions)
    figure, panels = plt.subplots(5, 3, figsize=(8.0, 11.5), layout="constrained")
    for axes, (name, zone) in zip(panels.flat, kinds.items(), strict=True):
        rings = zone.to_frame().geometry
        gpd.GeoSeries([region.geometry for region in regions], crs=4326).boundary.plot(
            ax=axes, color=REGION, lw=0.4
        )
        shades = mpl.colormaps["Blues"](np.linspace(0.65, 0.25, len(rings)))
        rings.plot(ax=axes, color=shades, edgecolor=ZONE, lw=0.6)
        lines = [section.line for section in zone.sections]
        gpd.GeoSeries(lines, crs=4326).plot(ax=axes, color=BORDER, lw=1.2, markersize=6)
        axes.set(xlim=(31.2, 35.9), ylim=(50.3, 52.9), xticks=[], yticks=[], xlabel="", ylabel="")
        axes.set_title(name, fontsize=10)
    saved(figure, "kinds.png")


def main() -> None:
    """Print the table, draw the figures."""
    regions = gb.load_regions()
    border = gb.scenario_border(gb.load_scenario(), regions)
    table(border)
    draw_edge_errors(border)
    draw_ends(border, regions)
    draw_notch(border)
    draw_kinds(regions)


if __name__ == "__main__":
    main()

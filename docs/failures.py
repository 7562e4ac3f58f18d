# ruff: noqa: INP001, T201
"""Draw what goes wrong with usual ways of buffering, on the bundled border: failure-modes.md.

Run: python docs/failures.py. Needs the extra plot; takes half a minute. Prints the figures that
the page quotes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely
from figures import RECIPE, WIDTH_M, Plane, filled, recipe, sampled, saved, styled, traced

import geobuffer as gb
from geobuffer.palette import BORDER

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# The fill is light, so that lines on it are visible, in print too.
ZONE, INSIDE = "#0072b2", "#b8d8ee"


@dataclass(frozen=True)
class Ground:
    """The bundled case: its border, its zone on both sides, the places and how far they are."""

    border: gb.Border
    zone: gb.BufferZone
    places: gpd.GeoDataFrame

    @property
    def line(self) -> shapely.LineString:
        """The line of the border."""
        return self.border.line

    def wrong(self, polygon: shapely.Geometry) -> str:
        """Return how many places a polygon loses and adds, of those within 10 km."""
        shapely.prepare(polygon)
        held = shapely.contains_xy(polygon, self.places.geometry.x, self.places.geometry.y)
        within = (self.places["km"] <= WIDTH_M / 1e3).to_numpy()
        lost, added = (within & ~held).sum(), (~within & held).sum()
        return f"of {within.sum()} places within 10 km {lost} lost, {added} added"

    def edge_errors_m(self, polygon: shapely.Geometry) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return points along a polygon's edge, and how far from 10 km each is, in metres."""
        lon, lat = sampled(polygon, 100.0)
        return lon, lat, self.border.index.nearest(lon, lat).distance_m - WIDTH_M

    def worst(self, polygon: shapely.Geometry) -> tuple[float, float, float]:
        """Return where the error of a polygon's edge is largest, and the error in metres."""
        lon, lat, off = self.edge_errors_m(polygon)
        at = int(np.argmax(np.abs(off)))
        return float(lon[at]), float(lat[at]), float(off[at])


def print_errors(name: str, ground: Ground, polygon: shapely.Geometry) -> None:
    """Print what the page says of a recipe."""
    _, _, off = ground.edge_errors_m(polygon)
    print(f"{name}: edge {off.min():+,.0f} … {off.max():+,.0f} m; {ground.wrong(polygon)}")


def view(plane: Plane, ground: Ground, reach: float) -> tuple[Figure, Axes]:
    """Return a square figure about a point, with the zone and the border in it."""
    figure, axes = styled(5.4, 4.6)
    filled(axes, plane.drawn(ground.zone.polygon, 2 * reach), fc=INSIDE, ec=ZONE, lw=1.2)
    traced(axes, plane.drawn(ground.line, 2 * reach), color=BORDER, lw=1.8)
    axes.set(xlim=(-reach, reach), ylim=(-0.8 * reach, 0.8 * reach), aspect="equal")
    axes.set_xlabel("kilometres" if plane.unit_m == 1e3 else "metres")
    return figure, axes


def outlined(axes: Axes, plane: Plane, shape: shapely.Geometry, reach: float) -> None:
    """Draw the edge of a recipe's polygon."""
    drawn = plane.drawn(shapely.boundary(shape), 2 * reach)
    traced(axes, drawn, color=RECIPE, lw=1.6)


def middle(ground: Ground) -> Plane:
    """Return a plane of kilometres about the middle of the border."""
    at = shapely.line_interpolate_point(ground.line, 0.5, normalized=True)
    return Plane(at.x, at.y, 1e3)


def draw_degrees(ground: Ground) -> None:
    """Draw a buffer of 10 km given in degrees."""
    wrong = shapely.buffer(ground.line, 10 / 111.32)
    print_errors("degrees", ground, wrong)
    lon, lat, _ = ground.worst(wrong)
    figure, axes = view(Plane(lon, lat, 1e3), ground, 26.0)
    outlined(axes, Plane(lon, lat, 1e3), wrong, 26.0)
    axes.set_title("10 / 111.32 degrees (orange) for 10 km (blue)", fontsize=10)
    saved(figure, "failure-degrees.png")


def draw_mercator(ground: Ground) -> None:
    """Draw a buffer of 10,000 units of Web Mercator, and the places it loses."""
    wrong = recipe(ground.line, 3857, 16)
    print_errors("EPSG:3857", ground, wrong)
    plane = middle(ground)
    figure, axes = view(plane, ground, 40.0)
    outlined(axes, plane, wrong, 40.0)
    places = ground.places[ground.places["km"] <= WIDTH_M / 1e3].geometry
    lost = places[~shapely.contains_xy(wrong, places.x, places.y)]
    axes.plot(*plane(shapely.get_coordinates(lost)).T, ".", color="black", ms=4)
    axes.set(ylim=(-24.0, 40.0))
    axes.set_title("10,000 units of EPSG:3857 (orange) for 10 km (blue)", fontsize=10)
    saved(figure, "failure-mercator.png")


def draw_utm(ground: Ground) -> None:
    """Draw the buffer in UTM where its error is largest."""
    utm = gpd.GeoSeries([ground.line], crs=4326).estimate_utm_crs()
    wrong = recipe(ground.line, utm, 16)
    print_errors(utm.name, ground, wrong)
    lon, lat, off = ground.worst(wrong)
    print(f"  worst at {lat:.3f} N {lon:.3f} E: {off:+.1f} m")
    plane, reach = Plane(lon, lat, 1.0), 160.0
    figure, axes = view(plane, ground, reach)
    outlined(axes, plane, wrong, reach)
    axes.set_title(f"Planar buffer in UTM (orange): at worst {-off:.0f} m short", fontsize=10)
    saved(figure, "failure-utm.png")


def draw_arcs(ground: Ground) -> None:
    """Draw round ends of 5 and 8 chords to the quarter circle, in a plane that is right there."""
    end = ground.line.coords[0]
    aeqd = f"+proj=aeqd +lon_0={end[0]} +lat_0={end[1]} +ellps=WGS84"
    plane = Plane(*end, 1e3)
    figure, axes = view(plane, ground, 13.0)
    for chords, style in ((5, "-"), (8, "--")):
        wrong = recipe(ground.line, aeqd, chords)
        short = WIDTH_M * (1 - np.cos(np.pi / 4 / chords))
        print(f"arcs of {chords}: {short:.0f} m short half-way along a chord")
        print_errors("  in a plane about the end", ground, wrong)
        drawn = plane.drawn(shapely.boundary(wrong), 26.0)
        traced(axes, drawn, color=RECIPE, lw=1.3, ls=style, marker="o", ms=3)
    axes.set_title("Arcs of 5 chords (orange) and of 8 (dashed) to the quarter circle", fontsize=10)
    axes.set(xlim=(-10.4, -8.4), ylim=(0.0, 3.4), aspect="auto")
    axes.set_xlabel("km east of the border's end")
    axes.set_ylabel("km north")
    saved(figure, "failure-arcs.png")


def draw_one_sided(ground: Ground) -> None:
    """Draw a buffer on one side of the line, in UTM, against the zone cut to the territory."""
    right = gb.build_zone(ground.border, km=10, side="Ukraine", tolerance_m=1).polygon
    utm = gpd.GeoSeries([ground.line], crs=4326).estimate_utm_crs()
    flat = gpd.GeoSeries([ground.line], crs=4326).to_crs(utm)
    sides = [
        flat.buffer(width, single_sided=True, quad_segs=128).to_crs(4326).make_valid().item()
        for width in (WIDTH_M, -WIDTH_M)
    ]
    wrong = max(sides, key=lambda side: shapely.area(shapely.intersection(side, right)))
    area = gpd.GeoSeries(
        [shapely.difference(right, wrong), shapely.difference(wrong, right)], crs=4326
    )
    missing, extra = area.to_crs(3035).area / 1e6
    print(f"one-sided: {missing:.0f} km² missing, {extra:.0f} km² too many")
    # All but a thousandth of both lies about the two ends; this is the western one.
    plane, reach = Plane(*ground.line.coords[0], 1e3), 16.0
    figure, axes = styled(5.4, 4.6)
    filled(axes, plane.drawn(right, 2 * reach), fc=INSIDE, ec=ZONE, lw=1.2)
    for shape, look in zip(area, ({"fc": RECIPE}, {"fc": "none", "hatch": "////"}), strict=True):
        near = shapely.get_parts(plane.drawn(shape, 2 * reach))
        parts = shapely.MultiPolygon([part for part in near if part.geom_type == "Polygon"])
        filled(axes, parts, ec=RECIPE, lw=0.8, **look)
    traced(axes, plane.drawn(ground.line, 2 * reach), color=BORDER, lw=1.8)
    axes.set(xlim=(-reach, reach), ylim=(-0.8 * reach, 0.8 * reach), aspect="equal")
    axes.set_xlabel("kilometres from the border's end")
    axes.set_title("One-sided buffer: what it loses (orange) and adds (hatched)", fontsize=10)
    saved(figure, "failure-one-sided.png")


def draw_simplified(ground: Ground) -> None:
    """Draw the zone of a line that was simplified by 500 m first."""
    metres = gpd.GeoSeries([ground.line], crs=4326).to_crs(3035)
    simple = metres.simplify(500.0).to_crs(4326).item()
    source = gb.Source("simplified", accuracy_m=500)
    border = gb.border_along(simple, names=["simplified"], source=source)
    wrong = gb.build_zone(border, km=10, tolerance_m=1).polygon
    print_errors("simplified by 500 m", ground, wrong)
    lon, lat, off = ground.worst(wrong)
    plane, reach = Plane(lon, lat, 1e3), 4.0
    figure, axes = view(plane, ground, reach)
    outlined(axes, plane, wrong, reach)
    axes.set_title(f"From a line simplified by 500 m (orange): {-off:.0f} m short", fontsize=10)
    saved(figure, "failure-simplified.png")


def main() -> None:
    """Draw all, and print what the page says."""
    border = gb.scenario_border(gb.load_scenario(), gb.load_regions())
    zone = gb.build_zone(border, km=10)
    places = gb.load_settlements()
    places["km"] = gb.distance_to_border(places, border)
    ground = Ground(border, zone, places)
    for draw in (
        draw_degrees, draw_mercator, draw_utm, draw_arcs, draw_one_sided, draw_simplified,
    ):  # fmt: skip
        draw(ground)


if __name__ == "__main__":
    main()

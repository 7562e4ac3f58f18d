"""Pictures show every part in its place, and keep text as text."""

import itertools
import pickle
import re
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from PIL import Image
from support.pictures import (
    DPI,
    GOLDEN,
    compare_pictures,
    draw_default,
    draw_made,
    find_letters,
    make_places,
    make_region,
    make_zone,
    read_pixels,
    render_png,
)

import geobuffer as gb
from geobuffer.geodesy.antimeridian import cut_at_antimeridian
from geobuffer.palette import DAY, MEMBERSHIP
from geobuffer.viz.captions import load_translation
from geobuffer.viz.figure.layout import _fit_frame
from geobuffer.viz.figure.projection import measure_scales
from geobuffer.viz.symbols import scale_dots
from geobuffer.zones.toponyms import NAME_LANGUAGES
from geobuffer.zones.translation import list_languages

GEOD = pyproj.Geod(ellps="WGS84")
HOSTILE = "$x^ \\frac{ {{7*7}} </svg> ]]> \u202e <b> -- & \"' %s\x00 \\n"
SEEN = "$x^ \\frac{ {{7*7}} </svg> ]]> <b> -- & \"' %s \\n"


def named(figure, gid):
    """Return the parts of a figure that have a gid."""
    return figure.findobj(lambda part: part.get_gid() == f"geobuffer-{gid}")


def legend(figure):
    return [text.get_text().replace("\n", " ") for text in figure.axes[0].get_legend().get_texts()]


def boxes(figure, parts):
    renderer = FigureCanvasAgg(figure).get_renderer()
    return [part.get_window_extent(renderer) for part in parts]


@pytest.fixture(scope="module")
def figure():
    """The picture of the zone that is made by hand."""
    return draw_made()


@pytest.fixture(scope="module")
def default(zone, towns, regions):
    """The picture of the default zone."""
    return draw_default(zone, towns, regions)


# We inspected the golden pictures before we stored them. Outside letters, matplotlib 3.9 and 3.11
# differ by 1e-5; without any one kind of part, the difference is 7e-5 or more. Their letters differ
# by as much as 0.01.

_SHAPES, _ALL = 3e-5, 0.015


def apart(figure, name):
    now, then = read_pixels(render_png(figure)), read_pixels((GOLDEN / f"{name}.png").read_bytes())
    assert now.shape == then.shape
    return compare_pictures(now, then, but=find_letters(figure, now.shape)), compare_pictures(
        now, then
    )


@pytest.mark.parametrize("name", ["made", "announced"])
def test_pictures_are_those_that_were_reviewed(name, request):
    picture = request.getfixturevalue({"made": "figure", "announced": "default"}[name])
    shapes, everything = apart(picture, name)
    assert shapes[0] < _SHAPES
    assert shapes[1] == 0.0
    assert everything[0] < _ALL
    assert everything[1] < 0.05


PARTS = ["border", "graticule", "inside", "outside", "uncertain", "zone", "scale-bar", "regions",
         "north-arrow", "land", "band", "locator"]  # fmt: skip


@pytest.mark.parametrize("part", PARTS)
def test_a_picture_without_one_of_its_parts_is_another(part, figure):
    """This shows that the test above can fail."""
    seen = [artist for artist in named(figure, part) if artist.get_visible()]
    assert seen
    for artist in seen:
        artist.set_visible(False)
    difference = apart(figure, "made")[0][0]
    for artist in seen:
        artist.set_visible(True)
    assert difference > _SHAPES


# What is drawn


def test_a_zone_alone_is_a_picture(zone):
    figure = gb.plot_zone(zone)
    assert isinstance(figure, Figure)
    assert figure.get_suptitle() == "10 km zone along the border Russia – Ukraine, side: Ukraine"
    assert legend(figure) == [
        "Border; dots lie between its sections",
        "Zone 0–10 km, 8,137 km²",
        "Regions",
    ]
    assert not named(figure, "names")


def test_the_legend_counts_as_classify_does(default, zone, towns):
    counts = gb.classify(towns, zone)["membership"].value_counts()
    assert legend(default)[2].startswith("Hatched: nearer to the edge than 1 km")
    assert legend(default)[4:] == [
        f"Inside the zone ({counts['inside']})",
        f"Uncertain: nearer to the edge than the data is accurate ({counts['uncertain']})",
        "Outside the zone",
        "Known by name, position unknown (218)",
    ]


def test_places_without_a_point_are_counted_not_drawn(figure):
    assert legend(figure)[-1] == "Відомі за назвою, розташування невідоме (1)"
    dots = sum(len(part.get_offsets()) for kind in MEMBERSHIP for part in named(figure, kind)[:1])
    assert dots == len(make_places()) - 1


def test_columns_of_another_zone_are_ignored(figure):
    """The classes of a table that belong to another zone must not count for this one."""
    other = gb.classify(make_places(), make_zone(km=1))
    table = make_places().assign(**{c: other[c].to_numpy() for c in other.columns})
    again = gb.plot_zone(make_zone(), settlements=table, language="uk")
    assert legend(again) == legend(figure)


def test_classes_differ_in_size_and_outline_not_in_hue_alone(figure):
    looks = {kind: named(figure, kind)[0] for kind in MEMBERSHIP}
    assert len({round(float(dots.get_sizes()[0]), 3) for dots in looks.values()}) == 3
    assert len({float(np.ravel(dots.get_linewidths())[0]) for dots in looks.values()}) == 3
    for kind, dots in looks.items():
        assert mpl.colors.to_hex(dots.get_facecolor()[0]) == MEMBERSHIP[kind]


def test_dots_are_where_places_are(figure):
    places, zone = make_places(), make_zone()
    inside = places[(gb.classify(places, zone)["membership"] == "inside").to_numpy()]
    there = inside.to_crs(gb.plot_crs(zone)).get_coordinates().to_numpy()
    assert np.allclose(np.sort(named(figure, "inside")[0].get_offsets(), axis=0),
                       np.sort(there, axis=0), atol=1e-3)  # fmt: skip


def test_rings_are_as_large_as_the_zone_says(figure):
    """Compare the drawn area, in a projection that is true to a hundredth of a per mille."""
    for patch, area in zip(named(figure, "zone"), make_zone().ring_areas_km2, strict=True):
        drawn_ = shapely.Polygon(patch.get_path().to_polygons()[0])
        assert drawn_.area / 1e6 == pytest.approx(area, rel=2e-4)


def test_junctions_part_the_sections(default, zone):
    (dots,) = named(default, "junctions")
    assert len(dots.get_offsets()) == len(zone.border.sections) - 1
    line = gpd.GeoSeries([zone.border.line], crs=4326).to_crs(gb.plot_crs(zone)).item()
    for point in dots.get_offsets():
        assert shapely.distance(shapely.Point(point), line) < 1.0


@pytest.mark.parametrize("language", list_languages())
def test_names_are_in_the_chosen_language(language, zone, towns, regions):
    figure = gb.plot_zone(zone, settlements=towns, regions=regions, language=language)
    # Most villages of Ukraine have no Russian name; their Ukrainian one stands for it. Data has no
    # names in further languages: they are English.
    known = language if language in NAME_LANGUAGES else "en"
    column = towns[f"name_{known}"].fillna(towns["name_uk"])
    names = [text.get_text() for text in named(figure, "names")]
    assert len(names) > 20
    assert set(names) <= set(column)
    shown = {text.get_text().replace("\n", " ") for text in named(figure, "region-names")}
    assert shown <= {region.names[known] for region in regions}
    assert len(shown) >= 8


@pytest.mark.parametrize("language", list_languages())
def test_border_at_sea_is_dashed_and_its_source_is_named(language):
    boxes = (30.5, 45, 31.5, 48), (31.5, 45, 32.5, 48)
    source = gb.Source("a sketch")
    west, east = (gb.Region(str(box), shapely.box(*box), source) for box in boxes)
    zone = gb.build_zone(gb.border_between(west, east), km=5, tolerance_m=50)
    words = load_translation(language)
    drawn = gb.plot_zone(zone, language=language)
    [sea], [dry] = named(drawn, "border-at-sea"), named(drawn, "border")
    assert sea.get_linestyle() != "solid"
    assert dry.get_linestyle() == "solid"
    # Both together are the whole line, in metres of the plane.
    lengths = [shapely.LineString(part.get_path().vertices).length for part in (sea, dry)]
    assert lengths[0] / sum(lengths) == pytest.approx(
        zone.border.sea_km / zone.border.length_km, abs=0.02
    )
    assert words.text("at_sea") in legend(drawn)
    texts = " ".join(text.get_text() for text in drawn.findobj(mpl.text.Text))
    assert words.text("sea_km", km=words.format_number(zone.border.sea_km)) in texts
    assert "Natural Earth" in texts


def test_the_largest_places_in_the_zone_are_named(default, zone, towns):
    inside = gb.within(towns, zone)
    inside = inside[inside["population"].notna()].sort_values("population")
    names = {text.get_text() for text in named(default, "names")}
    assert len(set(inside["name_en"].tail(6)) & names) >= 5


@pytest.mark.parametrize("which", ["figure", "default"])
def test_no_words_lie_over_others_or_off_the_page(which, request):
    figure = request.getfixturevalue(which)
    figure.set_dpi(144)
    check_words(figure)


def check_words(figure):
    """Assert that no words of a picture lie over others, over the frame or off the page."""
    page = figure.bbox
    axes = figure.axes[0]
    names = boxes(figure, [*named(figure, "names"), *named(figure, "region-names")])
    texts = [*figure.texts, *axes.get_xticklabels(), *axes.get_yticklabels(),
             *named(figure, "scale"), axes.get_legend(),
             *(t for t in named(figure, "scale-bar") if hasattr(t, "get_text"))]  # fmt: skip
    around = boxes(figure, texts)
    for one, other in itertools.combinations([*names, *around], 2):
        assert not one.overlaps(other), (one, other)
    for box in (*names, *around):
        assert page.x0 <= box.x0
        assert box.x1 <= page.x1
        assert page.y0 <= box.y0
        assert box.y1 <= page.y1
    frame = axes.get_window_extent()
    assert all(frame.x0 <= b.x0 and b.x1 <= frame.x1 for b in names)
    assert not any(frame.overlaps(box) for box in around)


# What is measured


def test_the_scale_bar_drawn_is_as_long_as_its_words_say(default, zone):
    bars = [part for part in named(default, "scale-bar") if hasattr(part, "get_width")]
    words = [part.get_text() for part in named(default, "scale-bar") if hasattr(part, "get_text")]
    assert words == ["0", "50", "100 km"]
    west = min(bar.get_x() for bar in bars)
    east = max(bar.get_x() + bar.get_width() for bar in bars)
    # The scale is true at the centre of the map: there, the ends of the bar are 100 km apart.
    axes = default.axes[0]
    x, y = (sum(limits) / 2 for limits in (axes.get_xlim(), axes.get_ylim()))
    half = (east - west) / 2
    plane = pyproj.Proj(gb.plot_crs(zone))
    (lon, to_lon), (lat, to_lat) = plane([x - half, x + half], [y, y], inverse=True)
    assert GEOD.inv(lon, lat, to_lon, to_lat)[2] == pytest.approx(100_000, abs=1)


def test_the_north_arrow_points_along_the_meridian_at_the_centre(default, zone):
    axes = default.axes[0]
    light, dark = (p for p in named(default, "north-arrow") if hasattr(p, "get_xy"))
    size = axes.get_window_extent().size
    corners = np.array([p.get_xy() * size for p in (light, dark)])
    tip, notch = corners[0][0], corners[0][2]
    angle = np.degrees(np.arctan2(*(tip - notch)))
    plane = pyproj.Proj(gb.plot_crs(zone))
    x, y = (sum(limits) / 2 for limits in (axes.get_xlim(), axes.get_ylim()))
    lon, lat = plane(x, y, inverse=True)
    assert angle == pytest.approx(-plane.get_factors(lon, lat).meridian_convergence, abs=0.05)


def test_axes_are_metres_of_the_projection_it_names(default, zone):
    axes = default.axes[0]
    assert axes.get_aspect() == 1
    west, south, east, north = (
        gpd.GeoSeries([zone.polygon], crs=4326).to_crs(gb.plot_crs(zone)).total_bounds
    )
    assert axes.get_xlim()[0] < west < east < axes.get_xlim()[1]
    assert axes.get_ylim()[0] < south < north < axes.get_ylim()[1]


def test_a_layer_of_ones_own_is_drawn_in_place(zone):
    figure = gb.plot_zone(zone)
    axes = figure.axes[0]
    before = axes.get_xlim(), axes.get_ylim()
    sumy = gpd.GeoSeries.from_xy([34.8], [50.91], crs=4326)
    sumy.to_crs(gb.plot_crs(zone)).plot(ax=axes, aspect=None)
    assert (axes.get_xlim(), axes.get_ylim()) == before


# Anywhere on Earth


def blob(lon, lat, radius):
    """Return a shape that is not convex."""
    turn = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    r = radius * (1 + 0.25 * np.sin(3 * turn) + 0.1 * np.cos(7 * turn))
    return shapely.Polygon(np.stack([lon + r * np.cos(turn) / np.cos(np.radians(lat)),
                                     lat + r * np.sin(turn)], axis=1))  # fmt: skip


def region_at(lon, lat, radius):
    shape = cut_at_antimeridian(blob(lon, lat, radius))
    return replace(make_region("Cape", 0, 0, 1, 1), geometry=shape)


PLACES_ON_EARTH = {
    "antimeridian": (180.0, 61.0, 1.0, [10, 25], 0.002),
    "north": (25.0, 72.0, 1.5, 40, 0.002),
    "far north": (-60.0, 84.0, 1.5, 60, 0.003),
    "south": (-70.0, -73.0, 1.0, 20, 0.002),
    "equator": (0.0, 0.0, 2.0, 100, 0.002),
    "tiny": (12.4, 44.1, 0.001, 0.01, 1e-6),
    "vast": (20.0, 10.0, 15.0, 900, 0.1),
}


@pytest.mark.parametrize("where", PLACES_ON_EARTH)
def test_a_picture_of_a_zone_anywhere(where):
    lon, lat, radius, km, bound = PLACES_ON_EARTH[where]
    zone = gb.build_zone(gb.border_of(region_at(lon, lat, radius)), km=km, tolerance_m=50)
    crs = gb.plot_crs(zone)
    lons, lats = shapely.get_coordinates(zone.polygon).T
    assert np.abs(measure_scales(crs, lons, lats) - 1).max() < bound
    rng = np.random.default_rng(0)
    # East of the centre, and therefore across the antimeridian if the zone is there.
    points = gpd.points_from_xy(lon + rng.uniform(0, 1, 30) * radius, np.full(30, lat), crs=4326)
    table = gpd.GeoDataFrame({"name": [f"Camp {i}" for i in range(30)]}, geometry=points)
    figure = gb.plot_zone(zone, settlements=table, language="ru")
    picture = read_pixels(render_png(figure))
    assert picture.std() > 0.05
    axes = figure.axes[0]
    # Holes run the other way round than outer edges, so their areas add up.
    edges = [edge for patch in named(figure, "zone") for edge in patch.get_path().to_polygons()]
    area = sum(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) / 2 for x, y in (e.T for e in edges))
    assert abs(area) / 1e6 == pytest.approx(zone.area_km2, rel=max(2 * bound, 1e-3))
    assert all(len(axis.get_ticklabels()) >= 1 for axis in (axes.xaxis, axes.yaxis))


def test_one_piece_across_the_antimeridian():
    zone = gb.build_zone(gb.border_of(region_at(180.0, 61.0, 1.0)), km=10, tolerance_m=50)
    assert shapely.get_num_geometries(zone.polygon) > 1
    (ring,) = named(gb.plot_zone(zone), "zone")
    # An outer edge and an inner one, and no edge where the globe is cut.
    assert len(ring.get_path().to_polygons()) == 2


def test_the_frame_holds_the_zone_and_is_not_elongated():
    for bounds in ((0, 0, 1000, 10), (0, 0, 10, 1000), (5, 5, 305, 205)):
        (west, south, east, north), (width, height) = _fit_frame(bounds, 100.0)
        assert west < bounds[0] < bounds[2] < east
        assert south < bounds[1] < bounds[3] < north
        assert (east - west) / (north - south) == pytest.approx(width / height)
        assert 0.5 < width / height < 1.7
    # The frame grows with a legend of many rings.
    assert _fit_frame((0, 0, 10, 10), 900.0)[1][1] >= 900.0


def test_many_rings_fit_into_the_legend():
    zone = make_zone(km=list(range(1, 31)))
    figure = gb.plot_zone(zone)
    (box,) = boxes(figure, [figure.axes[0].get_legend()])
    assert box.y0 > figure.axes[0].get_window_extent().y0


@pytest.mark.parametrize("dpi", [72, 100, 120, 300])
def test_long_lines_end_before_the_edge_of_the_page(dpi):
    makers = "; ".join(f"Institute of long names, number {number}" for number in range(40))
    zone = replace(make_zone(), border=replace(make_zone().border, source=gb.Source("a", makers)))
    figure = gb.plot_zone(zone, title="A heading of many words " * 8)
    figure.dpi = dpi
    found = [named(figure, gid) for gid in ("title", "subtitle", "sources")]
    for box in boxes(figure, [text for (text,) in found]):
        assert box.x1 <= figure.bbox.x1


@pytest.mark.parametrize(
    ("size", "pixels"),
    [
        ("social", (1200, 630)),
        ("900x1400", (900, 1400)),
        ("a4", (2480, 3507)),
        ("a3", (3507, 4960)),
    ],
)
def test_picture_has_the_size_that_is_asked_for(size, pixels, tmp_path):
    figure = gb.plot_zone(make_zone(), settlements=make_places(), size=size)
    with Image.open(gb.write(figure, tmp_path / "zone.png")) as image:
        assert image.size == pixels
    check_words(figure)


@pytest.mark.parametrize(
    ("size", "said"),
    [("a5", "Must be 'a4'"), ("0x0", "Must be 'a4'"), ("1200", "pixels"), ("300x200", "at least")],
)
def test_invalid_or_too_small_sizes_are_refused(size, said):
    with pytest.raises(gb.DataError, match=said) as refused:
        gb.plot_zone(make_zone(), size=size)
    assert size in str(refused.value)


# Whose land is whose


def test_a_map_fills_axes_of_the_caller(zone, towns):
    from matplotlib.figure import Figure

    own = Figure(figsize=(9, 4))
    left, right = own.subplots(1, 2)
    right.plot([1, 2], [3, 4])
    assert gb.plot_zone(zone, settlements=towns, ax=left) is own
    shown = {part.get_gid() for part in left.findobj()} - {None}
    assert {"geobuffer-zone", "geobuffer-inside", "geobuffer-sources"} <= shown
    assert right.lines
    west, east = left.get_xlim()
    south, north = left.get_ylim()
    bounds = gpd.GeoSeries([zone.polygon], crs=4326).to_crs(gb.plot_crs(zone)).total_bounds
    assert west < bounds[0] < bounds[2] < east
    assert south < bounds[1] < bounds[3] < north
    with pytest.raises(gb.DataError, match=r"ax\.set_title"):
        gb.plot_zone(zone, ax=left, title="Here")
    with pytest.raises(gb.GeobufferError, match="axes of matplotlib"):
        gb.plot_zone(zone, ax=own)


def test_simferopol_is_in_ukraine():
    """On the map and on its locator, its pixel has the tint of Ukraine, and others have theirs."""
    shape = shapely.LineString([(31, 44.2), (31, 47), (38, 47)])
    zone = gb.build_zone(
        gb.border_along(shape, source=gb.Source("by hand")), km=10, tolerance_m=500
    )
    figure = gb.plot_zone(zone)
    pixels = read_pixels(render_png(figure))
    axes = figure.axes[0]
    for lon, lat, land in ((34.1, 44.95, "land_1"), (37.7, 45.3, "land_0"), (32, 44.6, "water")):
        at = gpd.GeoSeries([shapely.Point(lon, lat)], crs=4326).to_crs(gb.plot_crs(zone)).item()
        x, y = axes.transData.transform((at.x, at.y)) * DPI / figure.dpi
        seen = pixels[len(pixels) - 1 - round(y), round(x)]
        assert mpl.colors.to_hex(seen) == DAY[land], (lon, lat)
    (mark,) = named(figure, "locator-mark")
    (left, low), (right, high) = mark.get_path().get_extents().get_points()
    west, south, east, north_ = zone.polygon.bounds
    at = (
        left + (34.1 - west) / (east - west) * (right - left),
        low + (44.95 - south) / (north_ - south) * (high - low),
    )
    land = [part for part in named(figure, "locator-land") if part.get_path().contains_point(at)]
    assert [mpl.colors.to_hex(part.get_facecolor()) for part in land] == [DAY["land_1"]]


@pytest.mark.parametrize(("lon", "ground"), [(92.15, "land"), (160.0, "water")])
def test_a_close_picture_shows_no_coarse_coast(lon, ground):
    """At Cox's Bazar coarse coast and border would be wrong by a kilometre; the sea stays sea."""
    zone = gb.build_zone(
        gb.border_around(shapely.Point(lon, 21.2), source=gb.Source("x")), km=5, tolerance_m=500
    )
    figure = gb.plot_zone(zone)
    assert not named(figure, "land") + named(figure, "state-borders")
    assert mpl.colors.to_hex(figure.axes[0].get_facecolor()) == DAY[ground]


def test_regions_far_away_are_not_in_the_legend_at_180_degrees(regions):
    zone = gb.build_zone(
        gb.border_around(shapely.Point(180, -17), source=gb.Source("x")), km=20, tolerance_m=500
    )
    assert len(legend(gb.plot_zone(zone, regions=regions))) == 2  # the point and the zone
    camp = gb.border_around(make_region("Camp", 30, 50, 30.1, 50.1, country=""))
    assert len(legend(gb.plot_zone(gb.build_zone(camp, km=1, tolerance_m=50)))) == 2


# Text is text


def hostile_zone():
    source = gb.Source(HOSTILE, HOSTILE, HOSTILE, HOSTILE, as_of=HOSTILE, accuracy_m=1)
    west, east = (
        replace(make_region(side + HOSTILE, *box, country=code), source=source,
                names={"en": side + HOSTILE})
        for side, box, code in (("W", (29, 50, 30, 51), "AA"), ("E", (30, 50, 31, 51), "BB"))
    )  # fmt: skip
    return gb.build_zone(gb.border_between(west, east), km=10, tolerance_m=10)


@pytest.mark.parametrize(("suffix", "usetex"), [(".png", False), (".svg", True), (".pdf", True)])
def test_hostile_text_is_harmless(suffix, usetex, tmp_path):
    places = make_places().rename(columns={"name_en": "name"}).drop(columns="name_uk")
    places["name"] = places["source"] = HOSTILE
    with mpl.rc_context({"text.usetex": usetex, "text.parse_math": True}):
        figure = gb.plot_zone(hostile_zone(), settlements=places, title=f"{HOSTILE}\ud800")
        path = gb.write(figure, tmp_path / f"zone{suffix}")
    if suffix == ".svg":
        root = ET.parse(path).getroot()  # noqa: S314 - our own
        assert root.find(".//{http://purl.org/dc/elements/1.1/}title").text == SEEN
        assert not root.findall(".//{http://www.w3.org/2000/svg}b")
    assert figure.get_suptitle() == SEEN
    texts = figure.findobj(lambda part: isinstance(part, mpl.text.Text) and "$" in part.get_text())
    assert len(texts) > 5
    assert not any(text.get_parse_math() or text.get_usetex() for text in texts)
    assert len(named(figure, "names")) > 3
    assert SEEN[:20] in figure.texts[-1].get_text() + figure.texts[-2].get_text()


def test_names_without_letters_are_left_out():
    places = make_places().assign(name_en="\u202e \n", name_uk=None)
    assert not named(gb.plot_zone(make_zone(), settlements=places), "names")


# Effects on the caller


def test_the_callers_table_is_not_changed():
    table = make_places().to_crs("EPSG:3857").set_index(pd.Index(list("abcdefghij") * 2))
    before = table.copy(deep=True)
    gb.plot_zone(make_zone(), settlements=table)
    pd.testing.assert_frame_equal(table, before)
    assert table.crs == "EPSG:3857"


def test_a_table_in_another_crs_is_drawn_in_the_same_place(figure):
    table = make_places().to_crs("EPSG:32636")
    again = gb.plot_zone(make_zone(), settlements=table, language="uk")
    one, other = (np.sort(named(f, "inside")[0].get_offsets(), axis=0) for f in (figure, again))
    assert np.allclose(one, other, atol=1e-3)


def test_an_empty_table_and_one_without_names_are_drawn():
    empty = gb.plot_zone(make_zone(), settlements=make_places().iloc[:0])
    assert legend(empty)[4] == "Inside the zone (0)"
    bare = gb.plot_zone(make_zone(), settlements=make_places()[["geometry"]])
    assert not named(bare, "names")
    assert any(len(dots.get_offsets()) for dots in named(bare, "uncertain") + named(bare, "inside"))


def test_the_same_again_is_the_same_picture(figure):
    first = render_png(draw_made())
    assert render_png(figure) == first
    find_letters(figure, (1, 1))
    assert render_png(figure) == first


def test_the_users_settings_stay_and_change_nothing(figure):
    settings = {"font.size": 30, "axes.facecolor": "red", "lines.linewidth": 9, "axes.grid": True,
                "figure.autolayout": True, "font.family": ["monospace"]}  # fmt: skip
    with mpl.rc_context(settings):
        again = draw_made()
        assert {key: mpl.rcParams[key] for key in settings} == settings
    assert render_png(again) == render_png(figure)


def test_pyplot_is_not_used():
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    gb.plot_zone(make_zone())
    assert plt.get_fignums() == before


def test_a_notebook_shows_it_and_it_can_be_pickled(figure):
    assert figure._repr_png_().startswith(b"\x89PNG")
    again = pickle.loads(pickle.dumps(figure))  # noqa: S301 - our own
    assert render_png(again) == render_png(figure)


def test_a_zoomed_map_keeps_names_by_their_dots(default):
    names = [part for part in named(default, "names") if isinstance(part, Annotation)]
    assert names
    for name in names:
        assert np.hypot(*name.xyann) < 130.0


@pytest.mark.parametrize("language", ["de", "UK", ""])
def test_an_unknown_language_is_refused(language, strip):
    zone = gb.build_zone(strip, km=5, tolerance_m=10)
    with pytest.raises(gb.DataError, match="Invalid language"):
        gb.plot_zone(zone, language=language)


def test_tables_that_cannot_be_drawn_are_refused():
    zone, table = make_zone(), make_places()
    with pytest.raises(gb.MissingCRSError):
        gb.plot_zone(zone, settlements=table.set_crs(None, allow_override=True))
    rings = shapely.buffer(table.geometry.to_numpy(), 0.1).tolist()
    lines = table.set_geometry([ring and ring.exterior for ring in rings], crs=table.crs)
    with pytest.raises(gb.DataError, match="Must be a Point"):
        gb.plot_zone(zone, settlements=lines)
    with pytest.raises(gb.DataError, match="population"):
        gb.plot_zone(zone, settlements=table.assign(population="many"))


def test_without_matplotlib_the_extra_is_named(monkeypatch, strip):
    zone = gb.build_zone(strip, km=5, tolerance_m=10)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(gb.MissingExtra, match=r"pip install 'geobuffer\[plot\]'"):
        gb.plot_zone(zone)


@pytest.mark.parametrize(("zoom", "scale"), [(0, 0.42), (7, 0.42), (9, 0.72), (15, 1.3)])
def test_dots_shrink_as_on_the_page(zoom, scale):
    assert scale_dots(zoom, "inside") == pytest.approx(scale)
    assert scale_dots(zoom, "outside") == pytest.approx(scale * (0.7 if zoom < 9 else 1))


def test_the_how_to_works_as_it_stands(tmp_path, monkeypatch, made_once):
    guide = Path(__file__).parents[3] / "docs" / "how-to" / "pictures.md"
    blocks = re.findall(r"```python\n(.*?)```", guide.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 4
    monkeypatch.chdir(tmp_path)
    names = {}
    exec("\n".join(blocks), names)  # noqa: S102 - our own
    assert sorted(p.name for p in tmp_path.iterdir()) == ["zone-with-shelters.png", "zone.pdf"]
    assert {ring.get_hatch() for ring in named(names["figure"], "zone")} == {"///"}


def test_the_title_of_a_combined_zone_is_its_name(strip):
    band = gb.subtract(gb.build_zone(strip, km=9), gb.build_zone(strip, km=3), name="Band $5")
    figure = gb.plot_zone(band)
    assert figure.get_suptitle() == "Band $5 · West–East"
    assert any(text.startswith("Band $5: ") for text in legend(figure))

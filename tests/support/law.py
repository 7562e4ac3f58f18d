"""Random zones of every kind, each made from a seed, and the law that their polygons obey.

The law: for every point farther than ``error_m`` from the drawn edge, polygon and membership agree.
Points within the tolerance of a bare line are excused. So are points within the tolerance of a
change of membership, because a polygon may leave out a sliver thinner than the tolerance.

A *plan* says how to make a zone, in values that JSON holds. So a plan that broke the law becomes a
file in ``tests/zones/cases``::

    python -m support.law 123 > zones/cases/law-123.json
"""

import json
import sys
import warnings

import numpy as np
import pyproj
import shapely
from support.reference import distance_m

import geobuffer as gb
from geobuffer.geodesy.antimeridian import keep_polygons

GEOD = pyproj.Geod(ellps="WGS84")
HAND = gb.Source("drawn by hand")

# Nearest points are accurate to micrometres, and vertices to some nanometres of a degree.
ROUNDING_M = 2e-3

LINES = ("random", "simple", "closed", "touching", "spiral", "parallel", "hairpin", "zigzag",
         "star", "eight")  # fmt: skip
ZONES = ("both", "side", "flat", "sections", "widths of sides", "combined", "clipped", "from",
         "flat side", "areas", "around", "mixed", "sections of areas", "widths of areas", "nested",
         "polar")  # fmt: skip


# --- plans ---


def draw_plan(seed):
    """Return the plan of a seed: all kinds of zones and of lines come in turns."""
    rng = np.random.default_rng(seed)
    kind = ZONES[seed % len(ZONES)]
    width_m = 10.0 ** rng.uniform(0.0, np.log10(1.5e6))
    # The ratio of the size of a line to the width of its zone is random.
    size_m = min(width_m * 10.0 ** rng.uniform(-1.7, 1.7) / 2.0, 1.5e6)
    ground = _Ground(rng, size_m, width_m)
    tolerance_m = float(np.clip(width_m * 10.0 ** rng.uniform(-4.3, -2.3), 0.01, 100.0))
    plan = {"km": width_m / 1e3, "tolerance_m": tolerance_m}
    if kind in _OF_AREAS:
        plan |= {"areas": ground.areas()}
    elif kind != "polar":
        plan |= {"lines": ground.lines(str(rng.choice(LINES)))}
    return _KINDS.get(kind, _leave)(plan, rng, ground)


def _leave(plan, rng, ground):
    return plan


def _one_side(plan, rng, ground):
    return plan | {"side": str(rng.choice(["left", "right"]))}


def _flat(plan, rng, ground):
    return plan | {"ends": "flat"}


def _flat_side(plan, rng, ground):
    return _one_side(plan, rng, ground) | {"ends": "flat"}


def _sections(plan, rng, ground):
    km = max(plan.pop("km"), 0.004)
    lines = [*plan["lines"], *ground.lines("random")]
    widths = {f"line {n + 1}": km * rng.uniform(0.3, 1.0) for n in range(len(lines))}
    return plan | {"lines": lines, "km": widths}


def _widths_of_sides(plan, rng, ground):
    km = max(plan.pop("km"), 0.006)
    return plan | {"km": {"left": km * rng.uniform(0.2, 1.0), "right": km}}


def _from(plan, rng, ground):
    plan = plan | {"from_km": plan["km"] * rng.uniform(0.1, 0.9)}
    plan["km"] = [plan["km"] * 0.95, plan["km"]] if rng.random() < 0.5 else plan["km"]
    if plan["from_km"] < 0.001 or np.any(np.less_equal(plan["km"], plan["from_km"])):
        del plan["from_km"]
    return _one_side(plan, rng, ground) if rng.random() < 0.5 else plan


def _combined(plan, rng, ground):
    other = {"lines": ground.lines("random"), "km": max(plan["km"] * rng.uniform(0.3, 1.0), 0.001),
             "tolerance_m": plan["tolerance_m"]}  # fmt: skip
    how = str(rng.choice(["unite", "subtract"]))
    first = _one_side(plan, rng, ground) if rng.random() < 0.5 else plan
    return {how: [first, other]}


def _clipped(plan, rng, ground):
    first = _one_side(plan, rng, ground) if rng.random() < 0.5 else plan
    return {"clip": first, "region": ground.areas()}


def _areas(plan, rng, ground):
    return plan | {"side": str(rng.choice(["inside", "outside", "both"]))}


def _around(plan, rng, ground):
    plan = plan | {"side": "around"}
    if plan["km"] > 0.01 and rng.random() < 0.5:
        plan |= {"km": [plan["km"] * rng.uniform(0.2, 0.9), plan["km"]]}
    return plan


def _mixed(plan, rng, ground):
    """Areas, a line and points, which may lie in the areas."""
    extra = {"lines": ground.lines("random"), "points": ground.place(rng.uniform(-1, 1, (2, 2)))}
    return plan | extra | {"side": str(rng.choice(["around", "outside", "both"]))}


def _sections_of_areas(plan, rng, ground):
    km = max(plan["km"], 0.004)
    plan = plan | {"lines": ground.lines("random")}
    widths = {f"shape {n + 1}": km * rng.uniform(0.3, 1.0) for n in range(len(plan["areas"]) + 1)}
    return plan | {"km": widths, "side": str(rng.choice(["around", "outside", "both"]))}


def _widths_of_areas(plan, rng, ground):
    km = max(plan["km"], 0.006)
    return plan | {"km": {"inside": km * rng.uniform(0.2, 1.0), "outside": km}}


def _nested(plan, rng, ground):
    """Two zones or three, one of them about areas or on one side, put together twice."""
    about = {"areas": ground.areas(), "side": "around"}
    other = {"lines": ground.lines("random"), "side": str(rng.choice(["both", "left", "right"]))}
    one, two = (
        more | {"km": max(plan["km"] * rng.uniform(0.3, 1.0), 0.001),
                "tolerance_m": plan["tolerance_m"]}
        for more in (about, other)
    )  # fmt: skip
    first, second = (str(rng.choice(["unite", "subtract", "intersect"])) for _ in range(2))
    return {first: [{second: [plan, one]}, two]}


def _polar(plan, rng, ground):
    """A zone over a pole. It reaches beyond the pole from every vertex of its line."""
    plan = plan | {"km": max(plan["km"], 0.5)}  # an edge within 50 m of the pole is refused
    farthest_m = plan["km"] * 1e3 * rng.uniform(0.05, 0.6)
    count = int(rng.integers(2, 9))
    lon = rng.uniform(-180, 180) + np.cumsum(rng.uniform(-45, 45, count))
    lat = 90.0 - farthest_m / 112_000.0 * rng.uniform(0.01, 1.0, count)
    line = np.stack([(lon + 180.0) % 360.0 - 180.0, lat * rng.choice([-1, 1])], axis=1)
    return plan | {"lines": [np.round(line, 9).tolist()]}


_OF_AREAS = ("areas", "around", "mixed", "sections of areas", "widths of areas")

_KINDS = {
    "areas": _areas,
    "around": _around,
    "mixed": _mixed,
    "sections of areas": _sections_of_areas,
    "widths of areas": _widths_of_areas,
    "nested": _nested,
    "polar": _polar,
    "side": _one_side,
    "flat": _flat,
    "flat side": _flat_side,
    "sections": _sections,
    "widths of sides": _widths_of_sides,
    "from": _from,
    "combined": _combined,
    "clipped": _clipped,
}


class _Ground:
    """A place on the globe where lines and areas of a given size in metres are drawn."""

    def __init__(self, rng, size_m, width_m):
        self.rng, self.size_m = rng, size_m
        most = 89.0 - (1.3 * width_m + 1.6 * size_m) / 111_000.0
        self.lat = float(np.clip(rng.uniform(-85.0, 85.0), -max(most, 0.0), max(most, 0.0)))
        places = [rng.uniform(-180.0, 180.0), 180.0, 179.9 + rng.uniform(0.0, 0.1), -179.99]
        self.lon = places[int(rng.choice(4, p=[0.55, 0.15, 0.15, 0.15]))]
        turn = rng.uniform(0.0, 2.0 * np.pi)
        self.turn = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])

    def place(self, xy):
        """Return points of a square from −1 to 1 as degrees within ±180°, as files have them."""
        east, north = (np.asarray(xy, dtype=float) @ self.turn.T * self.size_m).T
        lon = self.lon + east / (111_320.0 * np.cos(np.radians(self.lat)))
        within = (lon + 180.0) % 360.0 - 180.0
        # Wide steps over 180° are refused, so files have longitudes there that go beyond 180°.
        wide = (np.abs(np.diff(within)) > 180.0) & (np.abs(np.diff(lon)) > 45.0)
        lon = lon if wide.any() else within
        return np.round(np.stack([lon, self.lat + north / 111_000.0], axis=1), 9).tolist()

    def lines(self, kind):
        return [self.place(line) for line in _LINES[kind](self.rng)]

    def areas(self):
        """Return polygons: one or two, the first perhaps with a hole."""
        rng = self.rng
        areas = []
        for n in range(int(rng.integers(1, 3))):
            ring = _closed(rng)[0] * 0.45 + [(-0.5, 0.5)[n], 0.0]
            rings = [ring]
            if rng.random() < 0.5:
                middle = np.array([(-0.5, 0.5)[n], 0.0])
                rings.append(middle + 0.4 * (ring - middle))
            areas.append([self.place(one) for one in rings])
        return areas


def _random(rng):
    return [rng.uniform(-1, 1, (int(rng.integers(2, 13)), 2))]


def _simple(rng):
    x = np.sort(rng.uniform(-1, 1, int(rng.integers(3, 13))))
    return [np.stack([x, rng.uniform(-0.3, 0.3, len(x))], axis=1)]


def _closed(rng):
    angle = np.linspace(0, 2 * np.pi, int(rng.integers(4, 13)))[:-1] + rng.uniform(0, 0.4)
    away = rng.uniform(0.3, 1, len(angle))
    ring = np.stack([away * np.cos(angle), away * np.sin(angle)], axis=1)
    ring = np.vstack([ring, ring[:1]])
    return [ring[::-1] if rng.random() < 0.5 else ring]


def _touching(rng):
    """A line that ends on one of its own vertices, or on one of its own segments."""
    line = rng.uniform(-1, 1, (int(rng.integers(4, 13)), 2))
    j = int(rng.integers(0, len(line) - 2))
    share = 0.0 if rng.random() < 0.5 else rng.integers(1, 8) / 8
    return [np.vstack([line, line[j] + share * (line[j + 1] - line[j])])]


def _spiral(rng):
    angle = np.linspace(0, rng.uniform(1, 3) * 2 * np.pi, int(rng.integers(8, 14)))
    away = np.linspace(0.1, 1, len(angle))
    return [np.stack([away * np.cos(angle), away * np.sin(angle)], axis=1)]


def _parallel(rng):
    gap = 10 ** rng.uniform(-2.5, -0.3)
    bends = rng.uniform(-0.1, 0.1, int(rng.integers(2, 4))) * gap
    return [
        np.array([[-1, k * gap], [0, k * gap + by], [1, k * gap]]) for k, by in enumerate(bends)
    ]


def _hairpin(rng):
    gap = 10 ** rng.uniform(-2.5, -0.3)
    end = [-1 + rng.uniform(0, 1), gap * rng.uniform(0.5, 1.5)]
    return [np.array([[-1, 0], [1, 0], [1, gap], end])]


def _zigzag(rng):
    x = np.linspace(-1, 1, int(rng.integers(4, 13)))
    return [np.stack([x, rng.uniform(0.02, 1) * (-1.0) ** np.arange(len(x))], axis=1)]


def _star(rng):
    """Lines that share an end: one arrives there, one leaves, and one crosses both."""
    tips = rng.uniform(-1, 1, (4, 2))
    lines = [np.array([tips[0], [0, 0]]), np.array([[0, 0], tips[1]]), tips[2:]]
    return lines[: int(rng.integers(2, 4))]


def _eight(rng):
    """A figure eight. It crosses itself beside the middle, where a cut at 180° may add a vertex."""
    angle = np.linspace(0, 2 * np.pi, int(rng.integers(6, 13)))
    return [np.stack([np.sin(angle) + 0.01, np.sin(2 * angle) / 2], axis=1)]


_LINES = dict(
    zip(
        LINES,
        (_random, _simple, _closed, _touching, _spiral, _parallel, _hairpin, _zigzag, _star,
         _eight), strict=True,
    )
)  # fmt: skip


# --- from plans to zones ---


def build(plan):
    """Return the zone of a plan."""
    if "unite" in plan:
        return gb.unite(*map(build, plan["unite"]))
    if "subtract" in plan:
        return gb.subtract(*map(build, plan["subtract"]))
    if "intersect" in plan:
        parts = tuple(map(build, plan["intersect"]))
        shared = shapely.intersection_all([part.polygon for part in parts])
        return gb.CombinedZone("intersection", parts, keep_polygons(shared), "shared")
    if "clip" in plan:
        region = gb.Region("region", _polygons(plan["region"]), HAND)
        return gb.clip_zone(build(plan["clip"]), region)
    options = {key: plan[key] for key in ("side", "ends", "from_km", "tolerance_m") if key in plan}
    return gb.build_zone(border_of(plan), plan["km"], **options)


def border_of(plan):
    """Return the border of a plan that is neither combined nor clipped."""
    if "areas" in plan:
        shapes = list(shapely.get_parts(_polygons(plan["areas"])))
        shapes += map(shapely.LineString, plan.get("lines", []))
        shapes += map(shapely.Point, plan.get("points", []))
        names = [f"shape {n + 1}" for n in range(len(shapes))]
        return gb.border_around(shapes, names=names, source=HAND)
    return gb.border_along([shapely.LineString(line) for line in plan["lines"]], source=HAND)


def _polygons(areas):
    return shapely.MultiPolygon([shapely.Polygon(rings[0], rings[1:]) for rings in areas])


# --- the law ---


def find_breaches(plan, zone, rng, count=1_000, *, strict=False):
    """Return points (n, 2) that break the law, and how far from the drawn edge each lies.

    ``strict`` excuses no slivers.
    """
    lon, lat = _draw_points(plan, zone, rng, count)
    found = gb.answer(lon, lat, zone).ring
    at, off = [], []
    for number, ring in enumerate(zone.rings):
        held = found == number
        wrong = np.flatnonzero(shapely.intersects_xy(ring, lon, lat) != held)
        excused = _near_bare_lines(zone, lon[wrong], lat[wrong])
        if not strict:
            excused |= _near_true_edge(zone, number, lon[wrong], lat[wrong], held[wrong])
        edges = _edges(ring)
        for n in wrong[~excused]:
            off.append(distance_m(edges, lon[n], lat[n]) if edges else np.inf)
            at.append((lon[n], lat[n]))
    breach = np.asarray(off) > zone.error_m + ROUNDING_M + 1e-9 * zone.width_km * 1e3
    return np.reshape(at, (-1, 2))[breach], np.asarray(off)[breach]


def _draw_points(plan, zone, rng, count):
    """Return points about the lines, evenly or close to them, and beside the drawn edge."""
    pieces = [one.border.index.pieces for one in zone.zones]
    lon0, lat0, dlon, dlat = (
        np.concatenate([getattr(p, name) for p in pieces])
        for name in ("lon", "lat", "dlon", "dlat")
    )
    piece, share = rng.integers(0, len(lon0), count), rng.uniform(0, 1, count)
    lon, lat = lon0[piece] + share * dlon[piece], lat0[piece] + share * dlat[piece]
    near = np.where(rng.random(count) < 0.6, np.sqrt(rng.uniform(0, 1.3, count)),
                    10 ** rng.uniform(-3, 0, count))  # fmt: skip
    away = zone.width_km * 1e3 * near
    edges = _edges(zone.polygon)
    if edges:
        at = np.concatenate(edges)
        at = at[rng.integers(0, len(at), count // 3)]
        lon[: len(at)], lat[: len(at)] = at.T
        away[: len(at)] = zone.tolerance_m * 10 ** rng.uniform(0.0, 3, len(at))
    lon, lat, _ = GEOD.fwd(lon, lat, rng.uniform(-180, 180, count), away)
    return np.asarray(lon), np.asarray(lat)


def _near_bare_lines(zone, lon, lat):
    near = np.zeros(len(lon), dtype=bool)
    for one in zone.zones:
        if one.border.is_bare and len(lon):
            near |= one.border.index.nearest(lon, lat).distance_m <= one.tolerance_m
    return near


def _near_true_edge(zone, number, lon, lat, held):
    """Return which points have another membership within the tolerance, in sixteen directions."""
    near = np.zeros(len(lon), dtype=bool)
    if len(lon):
        for turn in np.arange(16) * 22.5:
            away = np.full(len(lon), zone.tolerance_m)
            beside = GEOD.fwd(lon, lat, np.full(len(lon), turn), away)[:2]
            near |= (gb.answer(*map(np.asarray, beside), zone).ring == number) != held
    return near


def _edges(polygon):
    """Return the edges of a polygon as arrays (n, 2), without those of a cut at 180°."""
    edges = []
    for ring in shapely.get_rings(shapely.get_parts(polygon)):
        xy = shapely.get_coordinates(ring)
        seam = (np.abs(xy[:-1, 0]) == 180.0) & (np.abs(xy[1:, 0]) == 180.0)
        runs = np.split(np.arange(len(xy)), np.flatnonzero(seam) + 1)
        edges += [xy[run] for run in runs if len(run) > 1]
    return edges


def main(seed):
    """Write the plan of a seed to stdout, as a case."""
    plan = draw_plan(seed)
    sys.stdout.write(
        json.dumps({"what": f"broke the law as seed {seed}", "plan": plan, "seed": seed})
    )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(int(sys.argv[1]))

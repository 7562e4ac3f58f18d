"""An independent solution: the nearest point of a line by bounded search, with GeographicLib only.

Nothing of geobuffer is used. If the middle of a stretch of the line lies at the distance m from the
point, no point of the stretch is nearer than m less half the length of the stretch. By that bound
we halve and drop stretches until 2 m are left. There the distance has one minimum, which we find by
golden-section search.
"""

import numpy as np
import pyproj

GEOD = pyproj.Geod(ellps="WGS84")
GOLDEN = (np.sqrt(5.0) - 1.0) / 2.0


def _away(lon, lat, to_lon, to_lat):
    # We add a point, because pyproj takes an array of one for a number, and numpy 2.0 to 2.3 warns.
    n, to_lon, to_lat = len(to_lon), np.append(to_lon, lon), np.append(to_lat, lat)
    return GEOD.inv(np.full(n + 1, lon), np.full(n + 1, lat), to_lon, to_lat)[2][:n]


def distance_m(lines, lon, lat):
    """Return the distance of one point to lines: arrays (n, 2), straight in lon and lat."""
    starts = np.concatenate([np.asarray(c)[:-1] for c in lines])
    steps = np.concatenate([np.diff(np.asarray(c), axis=0) for c in lines])
    steps[:, 0] = (steps[:, 0] + 180.0) % 360.0 - 180.0
    while True:
        ends = starts + steps
        middles = starts + steps / 2.0
        # A stretch is no longer than its two legs by way of a right angle, 1 % for the ellipsoid.
        cos = np.cos(np.radians(np.minimum(np.abs(starts[:, 1]), np.abs(ends[:, 1]))))
        length = 111_700.0 * 1.01 * (np.abs(steps[:, 0]) * cos + np.abs(steps[:, 1]))
        away = _away(lon, lat, middles[:, 0], middles[:, 1])
        keep = away - length / 2.0 <= away.min()
        starts, steps, length = starts[keep], steps[keep], length[keep]
        # All points of a parallel are as far from the pole, so nothing is dropped. Stretches of
        # some km have one minimum, too. Without this limit, a point at a pole took minutes.
        if (length <= 2.0).all() or len(starts) > 2000:
            return _golden(lon, lat, starts, steps)
        halves = np.concatenate([starts, starts + steps / 2.0])
        starts, steps = halves, np.concatenate([steps / 2.0, steps / 2.0])


def _golden(lon, lat, starts, steps):
    low, high = np.zeros(len(starts)), np.ones(len(starts))

    def at(t):
        return _away(lon, lat, *(starts + steps * t[:, None]).T)

    for _ in range(40):  # 2 m · 0.618⁴⁰ is 10 nm
        a, b = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        left = at(a) < at(b)
        high, low = np.where(left, b, high), np.where(left, low, a)
    return float(min(at((low + high) / 2.0).min(), at(np.zeros_like(low)).min(),
                     at(np.ones_like(low)).min()))  # fmt: skip

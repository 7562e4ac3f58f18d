"""Find the share of pixels within each distance of a border, by distances and without polygons.

If all distances in a pixel lie between two widths, one distance is enough. If the line at one width
crosses the pixel, we divide the pixel into four, again and again, until the distance is nearly
linear in each part. The distance grows by one metre per metre, in the direction away from the
nearest point of the border. So a formula gives the share of a part within a width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from geobuffer.geodesy.ellipsoid import WGS84, to_ecef
from geobuffer.zones.border import AROUND, BOTH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from geobuffer.analysis.rasters import Cells, Mosaic
    from geobuffer.geodesy.ellipsoid import Floats, Ints
    from geobuffer.zones.border import Border

    Flags = NDArray[np.bool_]


# A part is small enough if its corners are nearer to its centre than this share of the width that
# cuts it. Around a single point, where distances bend most, the linear share is then off by 0.02 %.
_SMALL = 1.0 / 20.0
# If the border itself cuts the part, this share of the least width is enough: the border is mostly
# straight within a part, and the errors at its corners mostly cancel out.
_SMALL_AT_BORDER = 1.0 / 8.0
# Pixels on the rim of a territory are divided into parts of at most this share of their size, and
# the centre of each part decides on its side. There are few such pixels.
_SMALL_ON_RIM = 1.0 / 16.0
# A centre nearer to the border than this share of a part's radius does not show where the border
# runs, so the part is cut once more.
_NO_DIRECTION = 0.02
# Parts are at least this share of a pixel, so that every search ends. Parts with a corner off the
# Earth, as on the rim of a map of the world, are divided less often.
_SMALLEST, _SMALLEST_NOWHERE = 2.0**-24, 2.0**-4

# How many parts we measure at a time: each takes some 500 bytes.
_BATCH = 65_536
# How many shares we compute at a time: of pixels by widths, or of parts by the widths cutting them.
_MOST_SHARES = 2_000_000


class _Parts(NamedTuple):
    """Parts of pixels, all of one size: number of the pixel, and centre in columns and rows."""

    pixel: Ints
    column: Floats
    row: Floats

    def select(self, rows: Flags | Ints | slice) -> _Parts:
        return _Parts(self.pixel[rows], self.column[rows], self.row[rows])

    def quarter(self, size: float) -> _Parts:
        """Return the four parts of this size that each part consists of."""
        step = size / 2.0 * np.array([-1.0, 1.0])
        right, down = (one.ravel() for one in np.meshgrid(step, step))
        return _Parts(
            np.repeat(self.pixel, 4),
            (self.column[:, None] + right).ravel(),
            (self.row[:, None] + down).ravel(),
        )


class _Measured(NamedTuple):
    """The measurements of parts, in kilometres."""

    km: Floats
    """The distance of the centre; 0 in areas that a zone around them holds, NaN off the Earth."""
    radius: Floats
    """No point of the part is farther from the centre; infinite if a corner is off the Earth."""
    along: Floats
    across: Floats
    """How much the distance grows from the centre to the middle of one edge, and of the next."""
    low: Ints
    high: Ints
    """The first width that may cut the part, and the first one after those that may."""
    inside: Floats
    """The share of the part on the side of the zone."""
    is_split: Flags
    """Whether a corner lies on another side than the centre, away from the border itself."""


class DistanceShares:
    """The shares of a grid's pixels within some widths, on a side of a border.

    Parameters
    ----------
    border
        The border.
    side
        ``"both"``, ``"around"`` or the name of a side.
    grid
        The grid of the pixels.
    within_km
        The widths, ascending.
    """

    def __init__(self, border: Border, side: str, grid: Mosaic, within_km: Floats) -> None:
        self.border, self.side, self.grid, self.within_km = border, side, grid, within_km
        self.is_one_sided = side not in {BOTH, AROUND}

    def add_up(self, cells: Cells, share: Floats, values: Floats) -> Floats:
        """Return the sums of values of pixels within each width.

        Parameters
        ----------
        cells
            Pixels that the zone of the last width covers.
        share
            The share of each pixel in that zone. It is exact; the distances say how much of it lies
            within the other widths.
        values
            For each sum, the value of that share of each pixel: (k, n).

        Returns
        -------
        numpy.ndarray
            The sums within each width: (k, widths).
        """
        sums = np.zeros((len(values), len(self.within_km)))
        # Because of rounding, the share of a whole pixel may be a little below 1.
        is_rim = self.is_one_sided & (share < 1.0 - 1e-6)
        for first in range(0, len(share), _BATCH):
            rows = slice(first, first + _BATCH)
            column, row = (np.add(one[rows], 0.5, dtype=float) for one in (cells.column, cells.row))
            parts = _Parts(np.arange(len(column)), column, row)
            sums += self._add_pixels(parts, is_rim[rows], values[:, rows])
        return sums

    def _add_pixels(self, parts: _Parts, is_rim: Flags, values: Floats) -> Floats:
        """Return sums of values of some pixels within each width."""
        count = len(self.within_km)
        found = self._measure(parts, 1.0, is_rim)
        is_cut = found.low < found.high
        is_open = is_cut & self._find_large(found, is_rim, found.radius, 1.0)
        # A pixel beyond the last width lies in the zone only because its polygon is rounded.
        begin = np.minimum(found.low, count - 1)
        sums = _bin_values(begin[~is_cut], values[:, ~is_cut], count).cumsum(axis=1)
        rest = np.flatnonzero(is_cut & ~is_open)
        sums += _bin_values(found.high[rest], values[:, rest], count).cumsum(axis=1)
        whole = self._share_within(found, slice(None), count - 1)
        for part, width in self._list_cuts(found, rest):
            share = self._share_within(found, part, width)
            given = whole[part]
            share = np.divide(share, given, out=(width == count - 1) * 1.0, where=given > 0.0)
            sums += _bin_values(width, values[:, part] * share, count)
        opened: Ints = np.flatnonzero(is_open)
        step = _MOST_SHARES // count + 1
        for first in range(0, len(opened), step):
            rows = opened[first : first + step]
            shares = self._share_pixels(parts.select(rows), found.radius[rows], is_rim[rows])
            given = shares[:, -1:]
            # If no part lies within any width, the pixel covers a sliver of the zone: it counts
            # from the width at the distance of its centre.
            sliver = (np.arange(count) >= begin[rows, None]) * 1.0
            sums += values[:, rows] @ np.divide(shares, given, out=sliver, where=given > 0.0)
        return sums

    def _share_pixels(self, pixels: _Parts, radius: Floats, is_rim: Flags) -> Floats:
        """Return the share of each pixel that lies within each width, on the side: (n, widths)."""
        shape = (len(pixels.pixel), len(self.within_km) + 1)
        begun, cut = np.zeros(shape), np.zeros(shape)
        stack = [(pixels._replace(pixel=np.arange(shape[0])), 1.0)]
        while stack:
            coarse, size = stack.pop()
            if len(coarse.pixel) > _BATCH:
                stack.append((coarse.select(slice(_BATCH, None)), size))
                coarse = coarse.select(slice(_BATCH))
            size /= 2.0
            parts = coarse.quarter(size)
            rim = is_rim[parts.pixel]
            found = self._measure(parts, size, rim)
            is_open = self._find_large(found, rim, radius[parts.pixel], size)
            weight, at = found.inside * size**2, parts.pixel * shape[1]
            closed = np.flatnonzero(~is_open)
            _add_at(begun, at[closed] + found.high[closed], weight[closed])
            for part, width in self._list_cuts(found, closed):
                share = self._share_within(found, part, width)
                _add_at(cut, at[part] + width, weight[part] * share)
            if is_open.any():
                stack.append((parts.select(is_open), size))
        return np.asarray(begun.cumsum(axis=1) + cut)[:, :-1]

    def _find_large(self, found: _Measured, is_rim: Flags, whole: Floats, size: float) -> Flags:
        """Return which parts, all of one size, are to be cut into four.

        ``whole`` is the radius of the pixel that each is part of.
        """
        km, radius = found.km, found.radius
        nearest = self.within_km[np.minimum(found.low, len(self.within_km) - 1)]
        most = np.where(found.low < found.high, nearest * _SMALL, np.inf)
        at_border = is_rim & (km < radius)
        most[at_border] = np.minimum(most[at_border], self.within_km[0] * _SMALL_AT_BORDER)
        most[found.is_split] = np.minimum(most, whole * _SMALL_ON_RIM)[found.is_split]
        is_large = (radius > most) | (at_border & (km < _NO_DIRECTION * radius))
        smallest = np.where(np.isfinite(radius), _SMALLEST, _SMALLEST_NOWHERE)
        return np.asarray(is_large & (size > smallest))

    def _list_cuts(self, found: _Measured, rows: Ints) -> Iterator[tuple[Ints, Ints]]:
        """Yield pairs of a part and a width that may cut it, in batches."""
        times = (found.high - found.low)[rows]
        batch = np.cumsum(times) // _MOST_SHARES
        for some in np.split(rows, np.flatnonzero(np.diff(batch)) + 1):
            times = (found.high - found.low)[some]
            begin = np.repeat(np.cumsum(times) - times, times)
            yield (
                np.repeat(some, times),
                np.repeat(found.low[some], times) + (np.arange(len(begin)) - begin),
            )

    def _share_within(self, found: _Measured, part: Ints | slice, width: Ints | int) -> Floats:
        """Return the share of parts that lies within a width, taken for one that cuts them."""
        above = self.within_km[width] - found.km[part]
        return share_below(above, found.along[part], found.across[part])

    def _measure(self, parts: _Parts, size: float, is_rim: Flags) -> _Measured:
        """Return what is known of parts of one size, some of them of pixels on a rim."""
        lon, lat = self.grid.to_lonlat(*self.grid.find_corner(parts.column, parts.row))
        half = size / 2.0
        corner_lon, corner_lat = self.grid.to_lonlat(
            *self.grid.find_corner(
                parts.column[:, None] + half * np.array([-1, 1, 1, -1]),
                parts.row[:, None] + half * np.array([-1, -1, 1, 1]),
            )
        )
        there = np.isfinite(lon) & np.isfinite(lat)
        lon, lat = np.where(there, lon, 0.0), np.where(there, lat, 0.0)
        near = self.border.index.nearest(lon, lat)
        centre, corners = to_ecef(lon, lat), to_ecef(corner_lon, np.clip(corner_lat, -90.0, 90.0))
        chord = np.sqrt(((corners - centre[:, None]) ** 2).sum(axis=2).max(axis=1))
        # Between corners an edge may bulge: a parallel does, or the image of a straight line.
        radius = np.where(there & np.isfinite(chord), chord, np.inf)
        radius *= 1.01 + radius / WGS84.a
        outward = _find_outward(centre, to_ecef(near.lon, near.lat), lon, lat)
        sides = corners[:, 2] - corners[:, 0], corners[:, 1] - corners[:, 3]
        along, across = (
            np.abs(((sides[0] + sign * sides[1]) * outward).sum(axis=1)) / 4e3 for sign in (1, -1)
        )
        km = np.where(there, near.distance_m / 1e3, np.nan)
        if self.side == AROUND:
            km[there & (self.border.side_codes(lon, lat) == 0)] = 0.0
        radius /= 1e3
        edges = self.within_km
        found = _Measured(
            km, radius, along, across, np.searchsorted(edges, km - radius),
            np.searchsorted(edges, km + radius), there.astype(np.float64), np.zeros(len(km), bool),
        )  # fmt: skip
        self._measure_sides(found, np.flatnonzero(is_rim), (lon, lat), (corner_lon, corner_lat))
        return found

    def _measure_sides(
        self,
        found: _Measured,
        rim: Ints,
        centre: tuple[Floats, Floats],
        corners: tuple[Floats, Floats],
    ) -> None:
        """Set the share of parts on the side of the zone, for parts of pixels on a rim."""
        if not len(rim):
            return
        ours = [side.name for side in self.border.sides].index(self.side)
        is_ours = self.border.side_codes(centre[0][rim], centre[1][rim]) == ours
        found.inside[rim] *= is_ours
        at_border = found.km[rim] < found.radius[rim]
        cut = rim[at_border]
        signed = np.where(is_ours[at_border], 1.0, -1.0) * found.km[cut]
        found.inside[cut] = share_below(signed, found.along[cut], found.across[cut])
        others = rim[~at_border]
        if len(others):
            lon, lat = (degrees[others].ravel() for degrees in corners)
            lat = np.clip(lat, -90.0, 90.0)
            codes = self.border.side_codes(lon, lat).reshape(-1, 4) == ours
            found.is_split[others] = (codes != is_ours[~at_border, None]).any(axis=1)


def _find_outward(centre: Floats, foot: Floats, lon: Floats, lat: Floats) -> Floats:
    """Return the horizontal direction from nearest points to points: (n, 3), of length 1."""
    lam, phi = np.radians(lon), np.radians(lat)
    up = np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], axis=1)
    away = centre - foot
    away -= (away * up).sum(axis=1)[:, None] * up
    length = np.sqrt((away**2).sum(axis=1))
    return np.asarray(away / np.maximum(length, 1e-9)[:, None])


def _bin_values(bins: Ints, values: Floats, count: int) -> Floats:
    """Return sums of values by number, those of numbers that are too large left out: (k, count)."""
    sums = [np.bincount(bins, row, minlength=count)[:count] for row in values]
    return np.array(sums, dtype=np.float64)


def _add_at(sums: Floats, place: Ints, values: Floats) -> None:
    flat = sums.reshape(-1)
    flat += np.bincount(place, values, minlength=len(flat))


def share_below(above: Floats, along: Floats, across: Floats) -> Floats:
    """Return the share of each rectangle in which a linear function is below a level.

    Parameters
    ----------
    above
        How much the level is above the value in the middle.
    along, across
        How much the value grows from the middle of a rectangle to the middle of one edge, and to
        the middle of the next edge. At least 0.

    Examples
    --------
    >>> share_below(np.array([0.0, 0.5, -1.0]), np.ones(3), np.array([0.0, 0.0, 1.0])).tolist()
    [0.5, 0.75, 0.125]
    """
    # The values are distributed like the sum of two uniform variables; one of width 0 is constant.
    long = np.maximum(np.maximum(along, across), 1e-12)
    short = np.maximum(np.minimum(along, across), 1e-9 * long)
    off = np.minimum(np.abs(above), long + short)
    corner = (long + short - off) ** 2 / (8.0 * long * short)
    beyond = np.where(off <= long - short, 0.5 - off / (2.0 * long), corner)
    return np.asarray(np.where(above < 0.0, beyond, 1.0 - beyond))

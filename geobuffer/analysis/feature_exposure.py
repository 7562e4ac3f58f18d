"""Count lines and areas in each ring of a zone: kilometres, square kilometres and sums of columns.

Each part of a row counts in the ring in which it lies. A row near an edge of a ring is counted
separately as uncertain, like a place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from geobuffer.analysis.classify import join_columns, make_feature_frame
from geobuffer.analysis.column_sums import PEOPLE, name_sums, read_columns, sum_columns
from geobuffer.analysis.count_rows import label_rings, list_group_columns, order_key
from geobuffer.analysis.features import answer_features
from geobuffer.analysis.membership import is_counted
from geobuffer.io.feature_tables import LINES
from geobuffer.zones.arguments import TEXTS
from geobuffer.zones.source import ORIGIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from geobuffer.analysis.features import FeatureAnswers
    from geobuffer.geodesy.ellipsoid import Floats, Ints
    from geobuffer.zones.zone import Zone

    Flags = NDArray[np.bool_]

# Columns that every result has, so `by` and `of` may not use these names.
_TAKEN = ("ring", "from_km", "within_km", "features", "uncertain", "length_km", "area_km2")


class _Parts(NamedTuple):
    """Parts of rows in rings, and a part of size 0 for each row that may lie in the zone."""

    row: Ints
    ring: Ints
    size: Floats
    key: list[tuple[object, ...]]
    """The values of the columns to count by."""


def expose_features(  # noqa: PLR0913 - the arguments of exposure
    table: gpd.GeoDataFrame,
    kind: str,
    zone: Zone,
    *,
    by: str | Sequence[str] | None,
    cumulative: bool,
    of: str | Sequence[str] | None,
    whole: bool,
) -> pd.DataFrame:
    """Return what :func:`geobuffer.exposure` does, for a table of lines or areas.

    Parameters
    ----------
    table, zone, by, cumulative, of, whole
        As for :func:`geobuffer.exposure`.
    kind
        The result of :func:`geobuffer.io.feature_tables.find_kind` for the table.
    """
    # Values that are not names of columns raise an error below.
    asked = [by] if isinstance(by, str) or not TEXTS.accepts(by) else [*(by or ())]
    divide = "side" in asked or "section" in asked
    found = answer_features(table, kind, zone, divide=divide)
    frame = make_feature_frame(table, zone, found)
    joined = join_columns(table, frame)
    columns = list_group_columns(joined, by, _TAKEN)
    # Most lines have no people, so there is no column of zeros for them.
    summed = [] if of is None and PEOPLE not in table.columns else of
    figures = read_columns(joined, summed, {*_TAKEN, *columns})
    size = "length_km" if kind == LINES else "area_km2"
    parts = _list_parts(joined, found, zone, columns)
    keys = sorted({*parts.key} or {()}, key=order_key)
    labels = label_rings(zone, cumulative=cumulative)
    rows = []
    for number, label in enumerate(labels):
        rings = range(number + 1) if cumulative else range(number, number + 1)
        edges = zone.edges_km[0 if cumulative else number], zone.edges_km[number + 1]
        near = _find_near(frame, *edges)
        for key in keys:
            held = _sum_by_row(parts, key, rings, len(table))
            here = _sum_by_row(parts, key, range(-1, len(zone.ring_names)), len(table)) > -1.0
            unsure = here & _is_unsure(frame, held, near, is_only=len(labels) == 1)
            sure = (held > 0.0) & ~unsure
            if not columns or (sure | unsure).any():
                share = sure.astype(np.float64)
                if not whole:
                    share[sure] = (held / frame[size].to_numpy())[sure]
                rows.append(
                    label
                    | dict(zip(columns, key, strict=True))
                    | {"features": int(sure.sum()), "uncertain": int(unsure.sum())}
                    | {size: float(held[sure].sum())}
                    | sum_columns(figures, share, unsure)
                )
    sums = [name for column in figures for name in name_sums(column)]
    names = [*labels[0], *columns, "features", "uncertain", size, *sums]
    counted = pd.DataFrame(rows, columns=names)
    counted.attrs[ORIGIN] = joined.attrs[ORIGIN]
    return counted


def _list_parts(
    joined: gpd.GeoDataFrame, found: FeatureAnswers, zone: Zone, columns: Sequence[str]
) -> _Parts:
    """Return the parts of the rows, with the key of each."""
    may = np.flatnonzero(is_counted(joined["membership"]))
    row = np.concatenate([found.parts.row, may])
    none = np.full(len(may), -1)
    ring = np.concatenate([found.parts.ring, none])
    size = np.concatenate([found.parts.size, np.zeros(len(may))])
    names: dict[str, NDArray[np.object_]] = {
        "side": np.array([*(side.name for side in zone.sides), ""], dtype=object),
        "section": np.array([*(section.name for section in zone.sections), None], dtype=object),
    }
    codes = {"side": found.parts.side, "section": found.parts.section}
    values: list[Any] = []
    for column in columns:
        own = joined[column].astype(object)
        plain = np.where(own.isna(), None, own.to_numpy(dtype=object))
        if column in codes:
            # Parts of one row may lie on two sides, or near two sections.
            values.append([*names[column][codes[column]], *plain[may]])
        else:
            values.append(plain[row].tolist())
    keys: list[tuple[object, ...]] = [*zip(*values, strict=True)] if columns else [()] * len(row)
    return _Parts(row, ring, size, keys)


def _sum_by_row(parts: _Parts, key: tuple[object, ...], rings: range, count: int) -> Floats:
    """Return the size of each row's parts with a key in some rings; −1 for rows without any."""
    here = np.array([one == key for one in parts.key], dtype=bool)
    here &= np.isin(parts.ring, rings)
    held = np.full(count, -1.0)
    held[parts.row[here]] = 0.0
    np.add.at(held, parts.row[here], parts.size[here])
    return held


def _find_near(frame: pd.DataFrame, inner: float, outer: float) -> Flags:
    """Return the rows whose nearest or farthest point has an edge of a ring within its margin."""
    margin = frame["margin_km"].to_numpy()
    begins = np.abs(frame["distance_km"].to_numpy() - outer) < margin
    ends = np.abs(frame["farthest_km"].to_numpy() - inner) < margin
    return np.asarray(begins | (ends & (inner > 0.0)))


def _is_unsure(frame: pd.DataFrame, held: Floats, near: Flags, *, is_only: bool) -> Flags:
    """Return which rows may have a part in a ring, but not surely."""
    membership = frame["membership"].to_numpy()
    doubtful = membership == "uncertain"
    if is_only:
        return np.asarray(doubtful)
    return np.asarray(is_counted(membership) & (near | (doubtful & (held > 0.0))))

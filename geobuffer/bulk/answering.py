"""What a zone says of the rows of a source, batch by batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from geobuffer.bulk.opening import read_batches
from geobuffer.bulk.points import numbers_of, points_of
from geobuffer.errors import DataError
from geobuffer.geodesy import ON_GLOBE, is_on_globe, wrap
from geobuffer.membership import MEMBERSHIP, answer, margin_km
from geobuffer.nearest import has_numba
from geobuffer.oddities import warn_if_swapped
from geobuffer.points import UNSTATED_M

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

    from geobuffer.bulk.opening import Coordinates, Rows
    from geobuffer.combined import Zone
    from geobuffer.geodesy import Floats


def answered_batches(
    rows: Rows,
    zone: Zone,
    progress: Callable[[float], None] | None,
    skip: set[int],
) -> Iterator[tuple[int, pa.Table]]:
    """Yield numbered batches with what the zone says of them, but for those to skip."""
    first = 0
    for number, (share, batch) in enumerate(read_batches(rows)):
        if number not in skip:
            try:
                answered = _answered(batch, rows.at, zone, first)
            except DataError as error:
                raise DataError(f"{rows.path}: {error}") from error
            yield number, answered
        first += batch.num_rows
        if progress is not None:
            progress(share)


def _answered(rows: pa.Table, at: Coordinates, zone: Zone, first: int) -> pa.Table:
    """Return rows with what a zone says of them."""
    lon, lat = points_of(rows, at, first)
    nowhere = np.isnan(lon) & np.isnan(lat)
    bad = np.flatnonzero(~nowhere & ~is_on_globe(lon, lat))
    if len(bad):
        row = bad[0]
        raise DataError(
            f"Invalid point in row {first + row}: longitude {lon[row]:.10g}, latitude "
            f"{lat[row]:.10g}. {ON_GLOBE}"
        )
    if not first:  # the first batch tells as well as all
        lines = [one.line for one in zone.sections]
        warn_if_swapped(lon, lat, lines, pd.RangeIndex(len(lon)), stacklevel=2)
    accuracy, radius = (
        _metres(rows, name, first, at.decimal) for name in ("accuracy_m", "radius_m")
    )
    margin = margin_km(accuracy, radius, zone)
    # Not left to the number of rows: the last batch is short, and must be asked like the others.
    said = answer(wrap(lon), lat, zone, margin=margin, compiled=has_numba())
    sides, sections = zone.sides, zone.sections
    columns = {
        "distance_km": _floats(said.distance_km),
        "side": _coded(said.side, [side.name for side in sides]),
        "section": _coded(said.section, [section.name for section in sections]),
        "ring": _coded(said.ring, zone.ring_names),
        "membership": _coded(said.membership, MEMBERSHIP),
    }
    kept = [name for name in rows.column_names if name not in columns]
    rows = rows.select(kept)
    for name, column in columns.items():
        rows = rows.append_column(name, column)
    return rows


def _metres(rows: pa.Table, name: str, first: int, decimal: str) -> Floats:
    """Return accuracies or radii."""
    if name not in rows.column_names:
        return np.zeros(rows.num_rows)
    metres = numbers_of(rows, name, first, decimal)
    bad = np.flatnonzero(metres < 0)
    if len(bad):
        row = bad[0]
        raise DataError(
            f"Invalid {name} in row {first + row}: {metres[row]:g}. Must not be negative."
        )
    return np.where(np.isnan(metres), UNSTATED_M, metres)


def _floats(values: Floats) -> pa.Array:
    import pyarrow as pa

    return pa.array(values, from_pandas=True)


def _coded(codes: np.ndarray[Any, Any], names: Any) -> pa.Array:
    """Return codes as a column of names, each name kept once; −1 is missing."""
    import pyarrow as pa

    indices = pa.array(codes, mask=codes < 0) if (codes < 0).any() else pa.array(codes)
    return pa.DictionaryArray.from_arrays(indices, pa.array(list(names), pa.string()))

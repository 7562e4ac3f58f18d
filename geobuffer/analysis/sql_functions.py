"""Functions of points for databases: distance, membership, side, section and probability.

:mod:`geobuffer.analysis.duckdb` registers them in DuckDB. A how-to guide registers them in Spark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from geobuffer.analysis.membership import MEMBERSHIP, answer
from geobuffer.analysis.text_columns import make_dictionary

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from geobuffer.analysis.membership import Answers
    from geobuffer.zones.zone import Zone

    Columns = Sequence[NDArray[np.float64]]


class SqlFunction(NamedTuple):
    """A function that a query can call for each of its rows."""

    name: str
    """Its name, without a prefix."""
    parameters: tuple[str, ...]
    """The names of its parameters, all of which are numbers."""
    sql_type: str
    """The type of its values: ``"DOUBLE"`` or ``"VARCHAR"``."""
    read: Callable[[Zone, Answers], pa.Array]
    """How to read its values from the answers about a zone."""

    def ask(self, zone: Zone, *columns: NDArray[np.float64]) -> pa.Array:
        """Return its values, one for each row.

        Parameters
        ----------
        zone
            The zone.
        columns
            An array of numbers for each of the parameters, NaN where the value is missing.

        Raises
        ------
        DataError
            A coordinate is not finite or outside the range of degrees, or an accuracy is negative.

        Examples
        --------
        >>> import geobuffer as gb, numpy as np, shapely
        >>> plant = gb.border_around(shapely.Point(30.1, 51.39), source=gb.Source("a map"))
        >>> zone = gb.build_zone(plant, km=10)
        >>> lon, lat, accuracy_m = np.array([[30.1, 30.3], [51.4, 51.4], [0.0, 500.0]])
        >>> [function.name for function in SQL_FUNCTIONS]
        ['km', 'membership', 'side', 'section', 'p_inside']
        >>> SQL_FUNCTIONS[1].ask(zone, lon, lat, accuracy_m).to_pylist()
        ['inside', 'outside']
        """
        return self.read(zone, answer_columns(zone, *columns))


def answer_columns(zone: Zone, *columns: NDArray[np.float64]) -> Answers:
    """Classify the points of columns (lon, lat and perhaps accuracy) for all functions.

    Raises
    ------
    DataError
        As :meth:`SqlFunction.ask`.
    """
    lon, lat, *accuracy = columns
    # A row that lacks one of the two coordinates has no point.
    nowhere = np.isnan(lon) | np.isnan(lat)
    lon, lat = np.where(nowhere, np.nan, lon), np.where(nowhere, np.nan, lat)
    return answer(lon, lat, zone, accuracy_m=accuracy[0] if accuracy else None)


def _number_column(values: NDArray[np.float64]) -> pa.Array:
    return pa.array(values, type=pa.float64(), from_pandas=True)  # NaN becomes missing


def _name_column(names: Sequence[str], codes: NDArray[np.signedinteger]) -> pa.Array:
    """Return the names that codes stand for; −1 stands for a missing one."""
    return make_dictionary(codes, names).dictionary_decode()


def _read_side(zone: Zone, answers: Answers) -> pa.Array:
    nowhere = np.isnan(answers.distance_km)
    names = [*(side.name for side in zone.sides), ""]
    neither = len(names) - 1
    codes = np.where(answers.side < 0, neither, answers.side)
    return _name_column(names, np.where(nowhere, -1, codes))


def _read_section(zone: Zone, answers: Answers) -> pa.Array:
    return _name_column([section.name for section in zone.sections], answers.section)


_POINT, _PLACE = ("lon", "lat"), ("lon", "lat", "accuracy_m")

#: The functions, in the order in which guides list them.
SQL_FUNCTIONS = (
    SqlFunction("km", _POINT, "DOUBLE", lambda _, a: _number_column(a.distance_km)),
    SqlFunction(
        "membership", _PLACE, "VARCHAR", lambda _, a: _name_column(MEMBERSHIP, a.membership)
    ),
    SqlFunction("side", _POINT, "VARCHAR", _read_side),
    SqlFunction("section", _POINT, "VARCHAR", _read_section),
    SqlFunction("p_inside", _PLACE, "DOUBLE", lambda _, a: _number_column(a.p_inside)),
)

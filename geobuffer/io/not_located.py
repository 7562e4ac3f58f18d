"""Count the places without coordinates that a zone may hold.

Such a place lies somewhere in its hromada, a municipality of Ukraine. A zone may hold the place if
it surely or possibly holds another place of that hromada. We compare hromadas by their codes,
because Sumy raion has two hromadas of one name.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

#: The entry of a table's ``attrs`` with the number of places without coordinates, by the key of
#: their hromada ("" if unknown). These places are not rows of the table.
NOT_LOCATED = "geobuffer_not_located"

# A KATOTTG code, of a hromada or of a place in it. Its first nine characters identify the hromada.
_KATOTTG = re.compile(r"UA\d{17}$")
_HROMADA_CHARACTERS = 9


def read_hromadas(table: pd.DataFrame) -> NDArray[np.object_]:
    """Return a key of the hromada of each row; None where the table does not name one.

    The key is the code of the hromada, in ``hromada_code`` or in the KATOTTG code of the place.
    Rows without a code have the names of oblast, raion and hromada together as their key.

    Examples
    --------
    >>> read_hromadas(pd.DataFrame({"code": ["UA59080270010036634", "45", None]})).tolist()
    ['UA5908027', None, None]
    """
    keys = np.full(len(table), None, dtype=object)
    if "hromada_code" in table:
        codes, names = pd.factorize(table["hromada_code"])
        keys = np.array([*(_shorten_code(str(name)) for name in names), None], dtype=object)[codes]
    if "code" in table:
        rest = np.flatnonzero(pd.isna(keys) & table["code"].notna().to_numpy())
        places = table["code"].astype(object).to_numpy()[rest]
        keys[rest] = [_shorten_code(str(c)) if _KATOTTG.match(str(c)) else None for c in places]
    if "hromada" in table:
        rest = np.flatnonzero(pd.isna(keys) & table["hromada"].notna().to_numpy())
        columns = [name for name in ("oblast", "raion", "hromada") if name in table]
        named = table[columns].astype(object).iloc[rest]
        texts = named.where(named.notna(), "").itertuples(index=False)
        keys[rest] = ["\n".join(map(str, parts)) for parts in texts]
    return keys


def _shorten_code(code: str) -> str:
    """Return the part of a KATOTTG code that identifies the hromada; other codes unchanged."""
    return code[:_HROMADA_CHARACTERS] if _KATOTTG.match(code) else code


def select_same_hromadas(table: pd.DataFrame, near: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a table whose hromada is also the hromada of a row in `near`."""
    here = {key for key in read_hromadas(near) if key is not None}
    return table[np.array([key in here for key in read_hromadas(table)], dtype=bool)]


def count_by_hromada(table: pd.DataFrame) -> dict[str, int]:
    """Return the number of rows of each hromada, for the entry `NOT_LOCATED` of another table."""
    return dict(Counter(str(key or "") for key in read_hromadas(table)))


def join_not_located(located: gpd.GeoDataFrame, not_located: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return one table of the places with a point and, after them, those without."""
    both = pd.concat([located, not_located], ignore_index=True)
    joined = gpd.GeoDataFrame(both, geometry=located.geometry.name, crs=located.crs)
    # The table now has these places as rows, so the attrs must not count them again.
    joined.attrs = {key: value for key, value in located.attrs.items() if key != NOT_LOCATED}
    return joined


class NotLocated(NamedTuple):
    """The places of a table that have no point, for counting those that a zone may hold.

    Parameters
    ----------
    hromada
        The number of the hromada of each row of the table; −1 if unknown.
    known
        How many places without a point each of these hromadas has.
    anywhere
        How many places without a point have no known hromada.
    is_known
        Whether the table has any information about places without a point.
    """

    hromada: NDArray[np.int64]
    known: NDArray[np.int64]
    anywhere: int
    is_known: bool

    def count_near(self, here: NDArray[np.bool_]) -> int:
        """Return how many places without a point may lie in the hromadas of these rows."""
        found = np.unique(self.hromada[here])
        return self.anywhere + int(self.known[found[found >= 0]].sum())

    def select(self, rows: NDArray[np.bool_]) -> NotLocated:
        """Return the same counts for some of the rows."""
        return self._replace(hromada=self.hromada[rows])


def find_not_located(table: pd.DataFrame, missing: NDArray[np.bool_]) -> NotLocated:
    """Count the places without a point: rows whose point is missing, and those in the attrs."""
    besides: Mapping[str, int] = table.attrs.get(NOT_LOCATED) or {}
    if not missing.any() and not besides:
        return NotLocated(np.full(len(table), -1), np.zeros(0, dtype=np.int64), 0, is_known=False)
    codes, names = pd.factorize(read_hromadas(table))
    count = np.bincount(codes[missing & (codes >= 0)], minlength=len(names))
    count = count + np.array([besides.get(str(name), 0) for name in names], dtype=np.int64)
    anywhere = int((missing & (codes < 0)).sum()) + besides.get("", 0)
    return NotLocated(codes, count, anywhere, is_known=True)

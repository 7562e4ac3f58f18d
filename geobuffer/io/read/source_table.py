"""What a file holds before it is checked, and how messages speak of it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from geobuffer.errors import DataError
from geobuffer.zones.toponyms import escape_controls

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


# How many rows a message names before it only counts them.
_NAMED_ROWS = 5


@dataclass(eq=False)
class SourceTable:
    """The rows of a file or table as they are, and what is to be told of them.

    Parameters
    ----------
    name
        What messages call the file or layer.
    frame
        The attributes, numbered from 0.
    shapes
        A shape for each row, or ``None`` for a table of numbers and texts.
    crs
        Their reference system, if the file tells it.
    crs_is_fixed
        Whether the format allows no other.
    line_numbers
        For texts and spreadsheets: the line of each row, as an editor shows it.
    notes
        What the user is warned of when all is read.
    """

    name: str
    frame: pd.DataFrame
    shapes: NDArray[np.object_] | None = None
    crs: Any = None
    crs_is_fixed: bool = False
    line_numbers: list[int] | None = None
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make its name, which may be that of a layer in the file, fit for messages."""
        self.name = escape_controls(self.name)

    @property
    def required_shapes(self) -> NDArray[np.object_]:
        """Its shapes.

        Raises
        ------
        DataError
            It is a table without any.
        """
        if self.shapes is None:
            raise DataError(
                f"Invalid file {self.name}: a table without shapes. Must be a layer; "
                "read_settlements() reads tables with coordinates."
            )
        return self.shapes

    def cite_row(self, number: int) -> str:
        """Return how a message calls a row."""
        if self.line_numbers is not None:
            return f"line {self.line_numbers[number]} of {self.name}"
        return f"row {number} of {self.name}"

    def cite_rows(self, numbers: Iterable[int]) -> str:
        """Return how a message calls several rows: how many they are, and the first of them."""
        chosen = [int(number) for number in numbers]
        shown = chosen if self.line_numbers is None else [self.line_numbers[n] for n in chosen]
        word = "row" if self.line_numbers is None else "line"
        first = ", ".join(str(number) for number in shown[:_NAMED_ROWS])
        more = f" and {len(shown) - _NAMED_ROWS} more" if len(shown) > _NAMED_ROWS else ""
        return f"{len(shown):,} ({word}{'s'[: len(shown) != 1]} {first}{more})"

    def warn_notes(self) -> None:
        """Warn of all that was noted; to be called by the function that the user calls."""
        for note in self.notes:
            warnings.warn(f"{self.name}: {note}", stacklevel=3)

    def drop_rows(self, rows: NDArray[np.bool_]) -> None:
        """Leave rows out."""
        kept = ~rows
        self.frame = self.frame[kept].reset_index(drop=True)
        self.shapes = None if self.shapes is None else self.shapes[kept]
        if self.line_numbers is not None:
            self.line_numbers = [n for n, k in zip(self.line_numbers, kept, strict=True) if k]


def check_has_rows(table: SourceTable) -> None:
    """Refuse a file without rows.

    Raises
    ------
    DataError
        It has none.
    """
    if not len(table.frame):
        raise DataError(f"Invalid file {table.name}: it has no rows. Must have some.")

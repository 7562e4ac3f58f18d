"""Hold the rows of a file before they are checked, with their line numbers for messages."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from geobuffer.errors import DataError
from geobuffer.zones.toponyms import escape_controls

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from geobuffer.geodesy.curved_edges import EdgeKind


# How many rows a message names; it counts the others.
_NAMED_ROWS = 5


class PointAxes(NamedTuple):
    """The two columns from which points were made, the one for x first."""

    columns: tuple[str, str]
    is_stated: bool
    """Whether the caller stated a column."""


@dataclass(eq=False)
class SourceTable:
    """The rows of a file or table as read, and the warnings to give about them.

    Parameters
    ----------
    name
        The name of the file or layer in messages.
    frame
        The attributes. The rows are numbered from 0.
    shapes
        A shape for each row, or ``None`` for a table without shapes.
    crs
        The reference system of the shapes, if the file states it.
    crs_is_fixed
        Whether the format allows only this reference system.
    line_numbers
        For text tables and spreadsheets: the line of each row, as an editor shows it.
    first_row
        The number of the first row, if the rows are a batch of a longer table without lines.
    row_numbers
        The numbers of the rows in the file, if rows before them were left out.
    decimal
        The decimal mark of the coordinates, if they are texts that have one.
    marks
        The decimal marks of whole columns by name, if the rows are a batch of a longer table.
    axes
        The two columns from which the points were made, if there were two.
    tags
        The meaning of columns by their names, from tags of HXL.
    edges
        How the edges of the shapes run between their vertices.
    notes
        The warnings to give when the whole file is read.
    """

    name: str
    frame: pd.DataFrame
    shapes: NDArray[np.object_] | None = None
    crs: Any = None
    crs_is_fixed: bool = False
    line_numbers: Sequence[int] | None = None
    first_row: int = 0
    row_numbers: Sequence[int] | None = None
    decimal: str = ""
    marks: Mapping[str, str] = field(default_factory=dict)
    axes: PointAxes | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    edges: EdgeKind = "straight"
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the name safe for messages: it may contain a layer's name from the file."""
        self.name = escape_controls(self.name)

    @property
    def required_shapes(self) -> NDArray[np.object_]:
        """The shapes of a table that must have them.

        Raises
        ------
        DataError
            The table has no shapes.
        """
        if self.shapes is None:
            raise DataError(
                f"Invalid file {self.name}: a table without shapes. Use a layer; "
                "read_settlements() reads tables with coordinates."
            )
        return self.shapes

    def cite_row(self, number: int) -> str:
        """Return the words for a row in a message."""
        word = "row" if self.line_numbers is None else "line"
        return f"{word} {self.number_of(number)} of {self.name}"

    def number_of(self, row: int) -> int:
        """Return the line of a row, or its number in the file."""
        numbers = self.row_numbers if self.line_numbers is None else self.line_numbers
        return self.first_row + row if numbers is None else numbers[row]

    def cite_rows(self, numbers: Iterable[int], count: int | None = None) -> str:
        """Return the words for several rows in a message: their number and the first of them.

        ``count`` is their number if ``numbers`` are only the first of them.
        """
        chosen = [int(number) for number in numbers]
        count = len(chosen) if count is None else count
        shown = [self.number_of(row) for row in chosen[:_NAMED_ROWS]]
        word = "row" if self.line_numbers is None else "line"
        plural = "" if count == 1 else "s"
        first = ", ".join(str(number) for number in shown)
        more = f" and {count - len(shown):,} more" if count > len(shown) else ""
        return f"{count:,} ({word}{plural} {first}{more})"

    def warn_notes(self) -> None:
        """Give the warnings. Call it in the public reader: they point to the user's line."""
        for note in self.notes:
            warnings.warn(f"{self.name}: {note}", stacklevel=3)

    def drop_rows(self, rows: NDArray[np.bool_]) -> None:
        """Leave out the rows that are true in a mask."""
        rows_left = ~rows
        if self.line_numbers is None:
            self.row_numbers = [self.number_of(row) for row in rows_left.nonzero()[0].tolist()]
        self.frame = self.frame[rows_left].reset_index(drop=True)
        self.shapes = None if self.shapes is None else self.shapes[rows_left]
        if self.line_numbers is not None:
            self.line_numbers = [n for n, k in zip(self.line_numbers, rows_left, strict=True) if k]


def check_has_rows(table: SourceTable) -> None:
    """Check that a file has rows.

    Raises
    ------
    DataError
        The file has no rows.
    """
    if not len(table.frame):
        raise DataError(f"Invalid file {table.name}: it has no rows. Must have at least one.")

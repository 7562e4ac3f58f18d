"""Measure text, break it into lines, and place labels without overlaps.

Text is measured in points with the font DejaVu Sans, which comes with matplotlib and has Latin,
Greek and Cyrillic letters. This needs no renderer and no screen, and the same text always takes the
same space. Text is never markup: a dollar sign stays a dollar sign.
"""

from __future__ import annotations

import functools
import unicodedata
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray


#: The font in which text is measured and drawn.
FONT = "DejaVu Sans"

#: The height of a line of text as a multiple of its size, from the accents on capitals to the
#: bottom of descenders.
LINE = 1.28

# The space around a label in points. Two names that are closer look like one.
_AIR = (4.0, 1.0)

# A dot is hidden if a label comes closer to its centre than this fraction of its radius.
_HIDES = 0.6

# How many dots a label may hide. A name over a crowd of villages hides more than it shows.
_MOST_HIDDEN = 1

# Characters that are not drawn but change how others are drawn: control characters, marks of
# direction (which would reverse the rest of a line), unassigned ones and halves of surrogate pairs.
_UNSEEN = {"Cc", "Cf", "Cn", "Cs", "Co", "Zl", "Zp"}


class Box(NamedTuple):
    """A rectangle in points, y upwards."""

    left: float
    bottom: float
    right: float
    top: float

    def meets(self, other: Box) -> bool:
        """Return whether two rectangles overlap."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.bottom < other.top
            and other.bottom < self.top
        )


class Label(NamedTuple):
    """A name to place beside its dot, which is at ``x`` and ``y`` in points."""

    text: str
    x: float
    y: float
    size: float
    radius: float
    weight: str = "normal"


def clean_text(text: str) -> str:
    r"""Return text in one line, without invisible characters.

    Examples
    --------
    >>> clean_text("Zone\n\u202eone\ud800  two")
    'Zone one two'
    """
    shown = (" " if c.isspace() else c for c in text)
    seen = "".join(c for c in shown if unicodedata.category(c) not in _UNSEEN)
    return " ".join(seen.split())


def measure_text(text: str, size: float, weight: str = "normal") -> float:
    """Return the width of text in points.

    Examples
    --------
    >>> measure_text("Sumy", 10) < measure_text("Sumy", 10, "bold") < measure_text("Sumy", 20)
    True
    """
    from matplotlib.textpath import text_to_path

    wide, _, _ = text_to_path.get_text_width_height_descent(
        text, _find_font(size, weight), ismath=False
    )
    return float(wide)


@functools.cache
def _find_font(size: float, weight: str) -> Any:
    from matplotlib.font_manager import FontProperties

    return FontProperties(family=FONT, size=size, weight=weight)


def wrap_text(text: str, width: float, size: float, weight: str = "normal") -> list[str]:
    """Return text broken into lines of at most a width in points.

    A word wider than a line is broken too, at the end of the line.

    Examples
    --------
    >>> wrap_text("Boundaries imply nothing", 80, 10)
    ['Boundaries', 'imply nothing']
    >>> len(wrap_text("x" * 100, 80, 10)) > 5
    True
    """
    lines, line = [], ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if measure_text(longer, size, weight) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        *whole, line = _break_word(word, width, size, weight)
        lines.extend(whole)
    return [*lines, line] if line else lines


def _break_word(word: str, width: float, size: float, weight: str) -> list[str]:
    """Return a word in parts that fit a line."""
    parts = [""]
    for letter in word:
        if parts[-1] and measure_text(parts[-1] + letter, size, weight) > width:
            parts.append("")
        parts[-1] += letter
    return parts


def shorten_text(text: str, width: float, size: float, weight: str = "normal") -> str:
    """Return text cut to a width in points, with an ellipsis where it was cut.

    Examples
    --------
    >>> shorten_text("Chernihiv", 40, 10), shorten_text("Sumy", 40, 10)
    ('Chern…', 'Sumy')
    """
    if measure_text(text, size, weight) <= width:
        return text
    shown = _break_word(text, width - measure_text("…", size, weight), size, weight)[0]
    return f"{shown}…"


def place_labels(
    labels: Iterable[Label],
    area: Box,
    *,
    taken: Sequence[Box],
    dots: NDArray[np.float64],
    line: NDArray[np.float64],
    most: int,
) -> list[tuple[Label, Box]]:
    """Return the labels that fit, with their boxes; earlier labels take precedence.

    Candidate positions are right and left of the dot, above, below and at its corners. A label must
    lie within the area, overlap no other label, and hide at most one dot. Among the remaining
    positions, we choose the one that hides least of dots and line.

    Parameters
    ----------
    labels
        The labels, the most important first.
    area
        The area in which labels may lie.
    taken
        Boxes that labels must not overlap.
    dots
        Points (an array of n × 2) that labels should not hide.
    line
        Points along a line that labels should not hide.
    most
        The largest number of labels.

    Examples
    --------
    >>> twins = [Label("Sumy", 50, 50, 8, 2), Label("Sumy", 50, 50, 8, 2)]
    >>> none = np.empty((0, 2))
    >>> set_ = place_labels(twins, Box(0, 0, 90, 90), taken=[], dots=none, line=none, most=9)
    >>> [box.left > 50 for _, box in set_]
    [True, False]
    """
    boxes, shown = list(taken), dots
    placed: list[tuple[Label, Box]] = []
    for label in labels:
        if len(placed) == most:
            break
        reach = _HIDES * label.radius
        free = [
            (hidden + _count_hidden(box, line), box)
            for box in _list_boxes(label)
            if _contains_box(area, box)
            and not any(_grow_box(box, *_AIR).meets(other) for other in boxes)
            and (hidden := _count_hidden(_grow_box(box, reach, reach), shown)) <= _MOST_HIDDEN
        ]
        if free:
            _, best = min(free, key=lambda found: found[0])
            boxes.append(best)
            shown = np.concatenate([shown, [[label.x, label.y]]])
            placed.append((label, best))
    return placed


def _list_boxes(label: Label) -> list[Box]:
    """Return the candidate boxes of a label, the best first."""
    wide, high = measure_text(label.text, label.size, label.weight), label.size * LINE
    gap = label.radius + 2.5  # points: close enough to belong to the dot, without touching it
    near = gap * 0.75  # at a corner, where the dot is round
    left, right = label.x - gap - wide, label.x + gap
    centre, middle = label.x - wide / 2.0, label.y - high / 2.0
    # Capitals and descenders leave a point of space in their line.
    above, below = label.y + gap - 1.0, label.y - gap - high + 1.0
    corners = [
        (x, y)
        for x in (label.x + near, label.x - near - wide)
        for y in (label.y + near - 1.0, label.y - near - high + 1.0)
    ]
    at = [(right, middle), (left, middle), (centre, above), (centre, below), *corners]
    return [Box(x, y, x + wide, y + high) for x, y in at]


def _grow_box(box: Box, x: float, y: float) -> Box:
    return Box(box.left - x, box.bottom - y, box.right + x, box.top + y)


def _count_hidden(box: Box, dots: NDArray[np.float64]) -> int:
    x, y = dots.T
    inside = (x > box.left) & (x < box.right) & (y > box.bottom) & (y < box.top)
    return int(np.count_nonzero(inside))


def _contains_box(area: Box, box: Box) -> bool:
    return (
        area.left <= box.left
        and box.right <= area.right
        and area.bottom <= box.bottom
        and box.top <= area.top
    )

"""Set words in a picture: measured in points, broken into lines, and none over another.

Everything is measured in the font itself, DejaVu Sans, which comes with matplotlib and has Latin,
Greek and Cyrillic: no renderer and no screen is needed, and the same words always take the same
room. Text is never markup: a dollar sign is a dollar sign.
"""

from __future__ import annotations

import functools
import unicodedata
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray


#: The font that pictures are measured and lettered in.
FONT = "DejaVu Sans"

# A line of text is so many times its size high, from the top of its capitals' accents to the
# bottom of its tails.
LINE = 1.28

# Air about a label, in points: two names with less between them read as one.
_AIR = (4.0, 1.0)

# A dot is hidden if a label comes nearer to its middle than this share of its radius.
_HIDES = 0.6

# Dots that a label may hide, at the most: a name over a crowd of villages hides more than it says.
_MOST_HIDDEN = 1

# Characters that are not drawn but change how others are: controls, marks of direction (which
# would turn the rest of a line round), unassigned ones and halves of surrogate pairs.
_UNSEEN = {"Cc", "Cf", "Cn", "Cs", "Co", "Zl", "Zp"}


class Box(NamedTuple):
    """A rectangle in points, y upwards."""

    left: float
    bottom: float
    right: float
    top: float

    def meets(self, other: Box) -> bool:
        """Tell whether two rectangles overlap."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.bottom < other.top
            and other.bottom < self.top
        )


class Label(NamedTuple):
    """A name that wants a place beside its dot, at ``x`` and ``y`` in points."""

    text: str
    x: float
    y: float
    size: float
    radius: float
    weight: str = "normal"


def clean_text(text: str) -> str:
    r"""Return text in one line, without characters that cannot be seen.

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
    """Return text broken into lines no wider than so many points.

    A word wider than a line is broken too, wherever the line ends.

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
    """Return a word in pieces that fit a line."""
    pieces = [""]
    for letter in word:
        if pieces[-1] and measure_text(pieces[-1] + letter, size, weight) > width:
            pieces.append("")
        pieces[-1] += letter
    return pieces


def shorten_text(text: str, width: float, size: float, weight: str = "normal") -> str:
    """Return text cut to so many points, with an ellipsis where it was cut.

    Examples
    --------
    >>> shorten_text("Chernihiv", 40, 10), shorten_text("Sumy", 40, 10)
    ('Chern…', 'Sumy')
    """
    if measure_text(text, size, weight) <= width:
        return text
    kept = _break_word(text, width - measure_text("…", size, weight), size, weight)[0]
    return f"{kept}…"


def place_labels(
    labels: Iterable[Label],
    room: Box,
    *,
    taken: Sequence[Box],
    dots: NDArray[np.float64],
    line: NDArray[np.float64],
    most: int,
) -> list[tuple[Label, Box]]:
    """Return the labels that find a place, with their boxes, the first served first.

    A label is tried to the right of its dot, left, above, below and at the corners. It must lie in
    the room and over no other, and hide no more than one dot; of the places left it takes the one
    that hides least of dots and line.

    Parameters
    ----------
    labels
        The labels, those with most to say first.
    room
        Where labels may be.
    taken
        Boxes that are taken already.
    dots
        Points (an array of n × 2) not to be hidden.
    line
        Points along a line that is better not hidden.
    most
        How many labels to set at the most.

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
            if _contains_box(room, box)
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
    """Return where a label may be, the best first."""
    wide, high = measure_text(label.text, label.size, label.weight), label.size * LINE
    gap = label.radius + 2.5  # points: near enough to belong to its dot, its rim not on it
    near = gap * 0.75  # at a corner, where the dot is round
    left, right = label.x - gap - wide, label.x + gap
    centre, middle = label.x - wide / 2.0, label.y - high / 2.0
    # Capitals and tails leave a point of air in their line.
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


def _contains_box(room: Box, box: Box) -> bool:
    return (
        room.left <= box.left
        and box.right <= room.right
        and room.bottom <= box.bottom
        and box.top <= room.top
    )

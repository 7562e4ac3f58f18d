"""Measure text, break it into lines, and place labels without overlaps.

Text is measured in points with the font DejaVu Sans, which comes with matplotlib and has Latin,
Greek and Cyrillic letters. This needs no renderer and no screen, and the same text always takes the
same space. Text is never markup: a dollar sign stays a dollar sign.
"""

from __future__ import annotations

import functools
import itertools
import math
import re
import unicodedata
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

from geobuffer.viz.label_rules import load_label_rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry


#: The font in which text is measured and drawn.
FONT = "DejaVu Sans"

#: The height of a line of text as a multiple of its size, from the accents on capitals to the
#: bottom of descenders.
LINE = 1.28

#: A pixel of the page in points. The rules of labels and the sizes of the page are in pixels.
PIXEL = 0.75

# A label covers a dot if it comes closer to the dot's centre than this fraction of its radius.
_COVER_SHARE = 0.6

# The least distance of a line from the centre of another dot, as a fraction of its radius. The page
# has the same rule.
_CLEARANCE_SHARE = 0.5

# Characters that are not drawn but change how others are drawn: control characters, marks of
# direction (which would reverse the rest of a line), unassigned ones and halves of surrogate pairs.
_INVISIBLE = {"Cc", "Cf", "Cn", "Cs", "Co", "Zl", "Zp"}


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
    """A name to place beside its dot.

    The dot is at ``x`` and ``y`` in points, on ``side`` of the border. If there is no room beside
    it, the name may be farther away, at the end of a line of at most ``longest`` points. The line
    of a name that ``must`` be written may cross dots.
    """

    text: str
    x: float
    y: float
    size: float
    radius: float
    weight: str = "normal"
    side: str = ""
    longest: float = 0.0
    must: bool = False


class Obstacles(NamedTuple):
    """What labels must not cover, in points.

    ``taken`` are boxes; ``dots`` the centres of dots (n, 2); ``line`` points along lines, no
    farther apart than labels are high. ``forbidden`` maps a side to the area in which no label of
    that side may be centred, and which no line to a label may cross.
    """

    taken: Sequence[Box]
    dots: NDArray[np.float64]
    line: NDArray[np.float64]
    forbidden: Mapping[str, BaseGeometry] = MappingProxyType({})


# A line may end at spaces, but not between a number and its unit.
_LINE_BREAKS = re.compile(r"(?<!\d)\s+|\s+(?!(?:km|m|км|м)(?:²|\b))")


def clean_text(text: str) -> str:
    r"""Return text in one line, without invisible characters.

    Examples
    --------
    >>> clean_text("Zone\n\u202eone\ud800  two")
    'Zone one two'
    """
    shown = (" " if c.isspace() else c for c in text)
    seen = "".join(c for c in shown if unicodedata.category(c) not in _INVISIBLE)
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
    >>> wrap_text("nearer than 1 km", 65, 10)
    ['nearer than', '1 km']
    >>> len(wrap_text("x" * 100, 80, 10)) > 5
    True
    """
    lines, line = [], ""
    for word in (" ".join(part.split()) for part in _LINE_BREAKS.split(text) if part):
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
    obstacles: Obstacles,
    *,
    most: int,
) -> list[tuple[Label, Box]]:
    """Return the labels that fit, with their boxes; earlier labels take precedence.

    The positions are those of ``label_rules.json``: right and left of the dot, above, below and at
    its corners; then at the end of a line, the shortest first. A label lies within the area and
    covers no other label, no dot and no point of the line. A line to a label crosses no other line,
    no label and no dot. Only the line to a label that ``must`` be written may cross dots, if there
    is no other way.

    Parameters
    ----------
    labels
        The labels, the most important first.
    area
        The area in which labels may lie.
    obstacles
        What labels must not cover.
    most
        The largest number of labels.

    Examples
    --------
    >>> import numpy as np
    >>> twins = [Label("Sumy", 50, 50, 8, 2), Label("Sumy", 50, 50, 8, 2)]
    >>> none = np.empty((0, 2))
    >>> set_ = place_labels(twins, Box(0, 0, 90, 90), Obstacles([], none, none), most=9)
    >>> [box.left > 50 for _, box in set_]
    [True, False]
    """
    boxes = list(obstacles.taken)
    placed: list[tuple[Label, Box]] = []
    leaders: list[BaseGeometry] = []
    rules = load_label_rules()
    air = [PIXEL * part for part in rules["air"]]
    clear = PIXEL * rules["line_air"]
    for label in labels:
        if len(placed) == most:
            break
        reach = _COVER_SHARE * label.radius
        tries = [(box, False) for box in _list_boxes(label)]
        tries += [(box, True) for box, _ in tries if label.must]
        for box, over_dots in tries:
            if (
                _contains_box(area, box)
                and not any(_grow_box(box, *air).meets(other) for other in boxes)
                and not _contains_any(_grow_box(box, reach, reach), obstacles.dots)
                and not _contains_any(_grow_box(box, clear, clear), obstacles.line)
                and not _is_centred_in(box, obstacles.forbidden.get(label.side))
                and not shapely.intersects(shapely.box(*box), leaders).any()
                and _is_way_clear(label, box, boxes, leaders, obstacles, over_dots=over_dots)
            ):
                if end := find_leader(label, box):
                    leaders.append(shapely.LineString([(label.x, label.y), end]))
                boxes.append(box)
                placed.append((label, box))
                break
    return placed


def _is_way_clear(
    label: Label, box: Box, boxes: list[Box], leaders: list[BaseGeometry], obstacles: Obstacles,
    *, over_dots: bool,
) -> bool:  # fmt: skip
    """Return whether the line to a label, if it needs one, crosses no line, no label and no dot."""
    end = find_leader(label, box)
    if end is None:
        return True
    line = shapely.LineString([(label.x, label.y), end])
    far = np.hypot(*(obstacles.dots - (label.x, label.y)).T) > label.radius
    dots = shapely.points(obstacles.dots[far])
    clearance = _CLEARANCE_SHARE * label.radius
    return not (
        shapely.intersects(line, leaders).any()
        or shapely.intersects(line, [shapely.box(*other) for other in boxes]).any()
        or (not over_dots and (shapely.distance(line, dots) < clearance).any())
        or shapely.intersects(line, obstacles.forbidden.get(label.side, shapely.Polygon()))
    )


def find_leader(label: Label, box: Box) -> tuple[float, float] | None:
    """Return where a line from a dot meets the box of its label; None if the label is beside it.

    Examples
    --------
    >>> label = Label("Sumy", 50, 50, 8, 2)
    >>> find_leader(label, Box(54, 45, 80, 55)), find_leader(label, Box(90, 70, 110, 80))
    (None, (90, 70))
    """
    x = min(max(label.x, box.left), box.right)
    y = min(max(label.y, box.bottom), box.top)
    beside = label.radius + PIXEL * load_label_rules()["gap"] + 2.0
    return None if math.hypot(x - label.x, y - label.y) <= beside else (x, y)


def _list_boxes(label: Label) -> Iterator[Box]:
    """Yield the candidate boxes of a label, the best first."""
    rules = load_label_rules()
    wide, high = measure_text(label.text, label.size, label.weight), label.size * LINE
    gap = label.radius + PIXEL * rules["gap"]
    for dx, dy in rules["positions"]:
        # Beside a corner of its box, a round dot leaves more room.
        near = gap * 0.7 if dx and dy else gap
        x = label.x + dx * near - (wide if dx < 0 else 0.0 if dx else wide / 2.0)
        y = label.y + dy * near - (high if dy < 0 else 0.0 if dy else high / 2.0)
        yield Box(x, y, x + wide, y + high)
    leader = rules["leader"]
    lengths = [length for length in leader["lengths"] if length * PIXEL <= label.longest]
    for length, turn in itertools.product(lengths, range(leader["directions"])):
        angle = 2.0 * math.pi * turn / leader["directions"]
        dx, dy = math.cos(angle), math.sin(angle)
        x = label.x + dx * length * PIXEL - wide * _find_share_before(dx)
        y = label.y + dy * length * PIXEL - high * _find_share_before(dy)
        yield Box(x, y, x + wide, y + high)


def _find_share_before(step: float) -> float:
    """Return which share of a box lies before the end of its leader line, along one axis."""
    return 0.0 if step > 0.3 else 1.0 if step < -0.3 else 0.5


def _grow_box(box: Box, x: float, y: float) -> Box:
    return Box(box.left - x, box.bottom - y, box.right + x, box.top + y)


def _is_centred_in(box: Box, area: BaseGeometry | None) -> bool:
    """Return whether the middle of a box is in an area."""
    middle = (box.left + box.right) / 2.0, (box.bottom + box.top) / 2.0
    return area is not None and bool(shapely.contains_xy(area, *middle))


def _contains_any(box: Box, points: NDArray[np.float64]) -> bool:
    x, y = points.T
    return bool(((x > box.left) & (x < box.right) & (y > box.bottom) & (y < box.top)).any())


def _contains_box(area: Box, box: Box) -> bool:
    return (
        area.left <= box.left
        and box.right <= area.right
        and area.bottom <= box.bottom
        and box.top <= area.top
    )

"""Layout of the flow-chart: a pure function of the tree and of the folded questions.

Across, the chart is `WIDTH` units wide and stretches with the page; down, a unit is a pixel.
"""

from dataclasses import dataclass
from functools import lru_cache

from galaxy_explorer import decision_tree as tree

WIDTH = 1000.0
EDGE = 5.0  # margin to the left and right, for outlines
NARROWEST_PX = 700  # all text fits when the chart is this wide
KEY_HEIGHT = 22.0  # the key to the chart, above it
BAR_HEIGHT, _HANG, TILE_HEIGHT = 21.0, 1.0, 41.0  # a question, the space below it, an answer
_CAPTION_HEIGHT = 16.0
_BETWEEN_TILES = 5.0
TIER_WIDTH = 9.0  # of the colour of a question's tier, at the left of its bar

# Within a tile, from its left and from its top: the drawing, the name over the bars, the numbers at the right.
ICON_MIDDLE, TEXT_LEFT, NUMBERS_WIDTH, PADDING = 23.0, 44.0, 44.0, 4.0
NAME_DROP = 11.0
SHARE_STEP, SHARE_HEIGHT = 12.0, 6.0  # from the network's bar to the volunteers'
SHARES_DROP = 23.5

# Row, left and right edge of each question, as Galaxy Zoo users know them, in the order of asking.
_POSITIONS = {
    1: (0, 0.0, 1000.0),
    7: (1, 0.0, 590.0),
    2: (1, 612.0, 960.0),
    9: (2, 40.0, 590.0),
    3: (2, 612.0, 960.0),
    4: (3, 612.0, 960.0),
    10: (4, 420.0, 960.0),
    11: (5, 40.0, 960.0),
    5: (6, 40.0, 960.0),
    6: (7, 0.0, 930.0),
    8: (8, 0.0, 930.0),
}
ASKING_ORDER = tuple(_POSITIONS)
_END = (950.0, 1000.0)  # left and right of the box "End", next to questions 6 and 8
# Above each row. The curves run straight down where the gap is narrow.
_GAPS = (0.0, 24.0, 23.0, 14.0, 18.0, 14.0, 18.0, 18.0, 14.0)
_GAP_OF_FOLDED = 8.0  # above a row that is folded, like the one before


@dataclass(frozen=True)
class Box:
    """A rectangle; y runs downwards."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Length from left to right."""
        return self.right - self.left

    @property
    def middle(self) -> float:
        """Middle from left to right."""
        return (self.left + self.right) / 2

    @property
    def centre(self) -> float:
        """Middle from top to bottom."""
        return (self.top + self.bottom) / 2


@dataclass(frozen=True, eq=False)
class Layout:
    """Positions of all that is drawn, when some questions are folded to their bars."""

    folded: frozenset[int]
    bars: dict[int, Box]  # by question
    tiles: dict[str, Box]  # by answer; of a folded question without a height, at the bottom of its bar
    gaps: tuple[float, ...]  # above each row
    end: Box
    foot: float  # the middle of the caption
    height: float

    @property
    def shown(self) -> tuple[str, ...]:
        """The answers of the questions that are not folded."""
        return tuple(column for column in tree.COLUMNS if tree.QUESTION_OF[column].number not in self.folded)


def row_of(question: int) -> int:
    """Return a question's row, from 0."""
    return _POSITIONS[question][0]


def tier_of(question: int) -> int:
    """Return the depth of a question in the tree: 1 if asked of everyone, up to 4."""
    column = tree.MASS_COLUMN[question]
    return 1 if column is None else 1 + tier_of(tree.QUESTION_OF[column].number)


@lru_cache(maxsize=256)
def layout_of(folded: frozenset[int] = frozenset(), sources: int = 2) -> Layout:
    """Return the layout with some questions folded, which moves others up and never across.

    A third source, whose bar is under the others, makes every tile higher.
    """
    tile_height = TILE_HEIGHT + SHARE_STEP * max(0, sources - 2)
    rows = range(len(_GAPS))
    is_folded = [all(n in folded for n in _POSITIONS if row_of(n) == row) for row in rows]
    gaps = [_GAP_OF_FOLDED if row and is_folded[row] and is_folded[row - 1] else _GAPS[row] for row in rows]
    bars: dict[int, Box] = {}
    bottom = KEY_HEIGHT
    for row in rows:
        top = bottom + gaps[row]
        bars |= {n: Box(a, top, b, top + BAR_HEIGHT) for n, (r, a, b) in _POSITIONS.items() if r == row}
        bottom = top + BAR_HEIGHT + (0.0 if is_folded[row] else _HANG + tile_height)
    tiles = {
        column: box
        for number, bar in bars.items()
        for column, box in _tiles(number, bar, 0.0 if number in folded else tile_height)
    }
    end = Box(_END[0], bars[6].top, _END[1], bottom)
    return Layout(folded, bars, tiles, tuple(gaps), end, bottom + _CAPTION_HEIGHT / 2, bottom + _CAPTION_HEIGHT)


def _tiles(question: int, bar: Box, height: float) -> list[tuple[str, Box]]:
    """Return the boxes of a question's answers; without a height if it is folded."""
    columns = tree.columns_of(question)
    step = (bar.width + _BETWEEN_TILES) / len(columns)
    top = bar.bottom + (_HANG if height else 0.0)
    lefts = [bar.left + i * step for i in range(len(columns))]
    return [(c, Box(x, top, x + step - _BETWEEN_TILES, top + height)) for c, x in zip(columns, lefts, strict=True)]


HEIGHT = layout_of().height  # with every question open, the highest

"""Layout of the flow-chart: a pure function of the tree, independent of the votes.

Across, the chart is `WIDTH` units wide and stretches with the page; down, a unit is a pixel.
"""

import math
import textwrap
from dataclasses import dataclass

from galaxy_explorer import decision_tree as tree

WIDTH = 1000.0
NARROWEST_PX = 700  # all text fits when the chart is this wide
KEY_HEIGHT = 75.0  # the key to the chart, above it

_LINE, _BAR_PADDING = 17.0, 10.0
_HANG = 3.0  # between a question and its answers
TILE_HEIGHT = 114.0
_GAP, _WIDE_GAP = 46.0, 72.0  # between the rows, where the curves run; the wide one above question 6
_BETWEEN_TILES = 5.0
# Within a tile, from its top and from its middle.
ICON_DROP, NAME_DROP, SHARES_DROP = 25.0, 63.0, 88.0
SHARE_STEP = 15.0  # from the network's bar to the volunteers'
SHARE_HEIGHT = 8.0
TRACK = 65.0  # a share of 1, of the same length everywhere
TRACK_LEFT = -58.0
NUMBER_GAP = 4.0
_END_DROP, END_SIZE = 20.0, (62.0, 18.0)

# Row, left and right edge of each question, as Galaxy Zoo users know them.
_POSITIONS = {
    1: (0, 0.0, 1000.0),
    7: (1, 0.0, 390.0),
    2: (1, 424.0, 816.0),
    9: (2, 140.0, 530.0),
    3: (2, 570.0, 930.0),
    4: (3, 570.0, 930.0),
    10: (4, 465.0, 855.0),
    11: (5, 150.0, 930.0),
    5: (6, 150.0, 930.0),
    6: (7, 190.0, 790.0),
    8: (8, 0.0, 1000.0),
}

_EVERYONE = "asked of everyone in these scores"
NOTES = {
    tree.ASKED_OF_EVERYONE: _EVERYONE,
    8: f"of those who see something odd, which was {_EVERYONE}",
}


@dataclass(frozen=True)
class Box:
    """A rectangle; y runs downwards."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def middle(self) -> float:
        """Middle from left to right."""
        return (self.left + self.right) / 2

    @property
    def centre(self) -> float:
        """Middle from top to bottom."""
        return (self.top + self.bottom) / 2


def row_of(question: int) -> int:
    """Return a question's row, from 0."""
    return _POSITIONS[question][0]


def gap_above(row: int) -> float:
    """Return the height between a row and the one before it."""
    return _WIDE_GAP if row == row_of(tree.ASKED_OF_EVERYONE) else _GAP


def lines_of(question: tree.Question) -> list[str]:
    """Wrap a question's text into lines of similar length that fit at the narrowest width."""
    _, left, right = _POSITIONS[question.number]
    width_px = (right - left) / WIDTH * NARROWEST_PX - 40  # the number stands on the left
    letters = width_px / 6.7  # of 14 px
    count = math.ceil(len(question.text) / letters)
    return textwrap.wrap(question.text, max(math.ceil(len(question.text) / count) + 3, 1))


def _row_heights() -> list[float]:
    """Return each row's bar height, for the longest text in it and its note."""
    heights = [0.0] * (1 + max(row for row, _, _ in _POSITIONS.values()))
    for question in tree.QUESTIONS:
        row = _POSITIONS[question.number][0]
        count = len(lines_of(question)) + (question.number in NOTES)
        heights[row] = max(heights[row], count * _LINE + _BAR_PADDING)
    return heights


def _bars() -> dict[int, Box]:
    """Return the boxes of the questions."""
    heights = _row_heights()
    tops = [KEY_HEIGHT]
    for row, height in enumerate(heights):
        tops.append(tops[-1] + height + _HANG + TILE_HEIGHT + gap_above(row + 1))
    return {
        number: Box(left, tops[row], right, tops[row] + heights[row])
        for number, (row, left, right) in _POSITIONS.items()
    }


def _tiles() -> dict[str, Box]:
    """Return the boxes of the answers, equal tiles under their question."""
    tiles = {}
    for number, bar in BARS.items():
        columns = tree.columns_of(number)
        step = (bar.right - bar.left + _BETWEEN_TILES) / len(columns)
        top = bar.bottom + _HANG
        for i, column in enumerate(columns):
            left = bar.left + i * step
            tiles[column] = Box(left, top, left + step - _BETWEEN_TILES, top + TILE_HEIGHT)
    return tiles


def _ends() -> dict[str, Box]:
    """Return the boxes of "end" under answers that end the tree while others continue."""
    ends = {}
    for column, answer in tree.ANSWER_OF.items():
        others = tree.QUESTION_OF[column].answers
        if answer.leads_to is None and any(other.leads_to for other in others):
            tile, (width, height) = TILES[column], END_SIZE
            top = tile.bottom + _END_DROP
            ends[column] = Box(tile.middle - width / 2, top, tile.middle + width / 2, top + height)
    return ends


BARS = _bars()
TILES = _tiles()
ENDS = _ends()
EDGE = 5.0  # margin to the left and right, for outlines
FOOT = max(tile.bottom for tile in TILES.values()) + 18  # the middle of the caption
HEIGHT = FOOT + 12

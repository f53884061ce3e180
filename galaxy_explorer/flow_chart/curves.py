"""Curves of the flow-chart, which carry votes from an answer to the next question."""

import math
from functools import lru_cache
from itertools import pairwise

import numpy as np

from galaxy_explorer import decision_tree as tree
from galaxy_explorer.flow_chart.layout import Layout, row_of
from galaxy_explorer.flow_chart.readings import Reading

FULL_WIDTH = 32.0  # a curve that carries all votes, in units across
_PX_PER_UNIT = 0.8  # at a medium width; keeps a curve's thickness where it runs across
# A curve that skips rows runs down next to them: 7 and 9 on the left; "no spiral arms" and stars on the right. The
# curves of one channel lie side by side and together carry no more than all votes.
_LEFT, _RIGHT = 18.0, 980.0
_CHANNELS = {
    _LEFT: (*tree.columns_of(7), *tree.columns_of(9)),
    _RIGHT: (tree.column(4, 2), tree.column(1, 3)),
}
_CHANNEL_OF = {column: x for x, columns in _CHANNELS.items() for column in columns}
_PORT_INSET = 16.0
_PORT_SPACING = FULL_WIDTH / 2 + 2  # enough for any two, since what flows into a question sums to at most 1
Point = tuple[float, float]


def is_level(column: str) -> bool:
    """Return whether the curve from an answer runs level to the end, next to its question."""
    return tree.ANSWER_OF[column].leads_to is None and column not in _CHANNEL_OF


def _approach(column: str, layout: Layout) -> float:
    """Return the x from which a curve approaches its question: its tile's middle or its channel."""
    return _CHANNEL_OF.get(column, layout.tiles[column].middle)


def _ports(question: int, layout: Layout) -> dict[float, float]:
    """Return where the curves into a question arrive on its bar, by their approach."""
    bar = layout.bars[question]
    low, high = bar.left + _PORT_INSET, bar.right - _PORT_INSET
    sources = sorted({_approach(column, layout) for column in tree.columns_into(question)})
    straight = [min(max(x, low), high) for x in sources]
    if all(b - a >= _PORT_SPACING for a, b in pairwise(straight)):
        return dict(zip(sources, straight, strict=True))
    scale = (high - low) / (sources[-1] - sources[0])
    return {x: low + (x - sources[0]) * scale for x in sources}


@lru_cache(maxsize=256)
def routes(layout: Layout) -> dict[str, tuple[Point, ...]]:
    """Return the middle line of every curve: tile, channel if it skips rows, question or end."""
    return {column: _route(column, layout) for column in tree.COLUMNS}


def _route(column: str, layout: Layout) -> tuple[Point, ...]:
    """Return the middle line of the curve from an answer."""
    tile, target = layout.tiles[column], tree.ANSWER_OF[column].leads_to
    if is_level(column):
        beside = layout.bars[tree.QUESTION_OF[column].number].right
        return (beside, tile.centre), (layout.end.left, tile.centre)
    start, approach = (tile.middle, tile.bottom), _approach(column, layout)
    top = layout.end.top if target is None else layout.bars[target].top
    arrival = (approach if target is None else _ports(target, layout)[approach], top)
    if column not in _CHANNEL_OF:
        return start, arrival
    leaves = tile.bottom + layout.gaps[row_of(tree.QUESTION_OF[column].number) + 1]
    above = layout.gaps[row_of(target or tree.ASKED_OF_EVERYONE)]
    return start, (approach, leaves), (approach, top - above), arrival


def offsets(lead: Reading) -> dict[str, float]:
    """Return the offsets that put the curves of a channel, or level ones, side by side."""
    found: dict[str, float] = {}
    level = [tuple(filter(is_level, tree.columns_of(question.number))) for question in tree.QUESTIONS]
    for columns in (*_CHANNELS.values(), *filter(None, level)):
        widths = FULL_WIDTH * np.array([lead.flow(column) for column in columns])
        middles = np.cumsum(widths) - widths / 2 - widths.sum() / 2
        found.update(zip(columns, middles.tolist(), strict=True))
    return found


def ribbon(layout: Layout, column: str, votes: float, offset: float = 0.0) -> str:
    """Return the SVG path of the curve from an answer, as wide as its vote fraction.

    For 0 votes it is the open middle line. `offset` moves it to the right in its channel, in units; down if level.
    """
    half = votes * FULL_WIDTH / 2
    route = routes(layout)[column]
    if is_level(column):
        (x0, y), (x1, _) = route
        low, high = (y + (offset + side) * _PX_PER_UNIT for side in (-half, half))
        forward = f"M{_point((x0, low))}L{_point((x1, low))}"
        return forward + f"L{_point((x1, high))}L{_point((x0, high))}Z" if half else forward
    there = _edge(route, -half, offset)
    start, forward = _point(there[0][:2]), _walk(there)
    if not half:
        return f"M{start}{forward}"
    back = _edge(route, half, offset)[::-1]
    return f"M{start}{forward}L{_point(back[0][:2])}{_walk(back)}Z"


def _edge(route: tuple[Point, ...], aside: float, offset: float) -> list[tuple[float, float, float]]:
    """Return the corners of one edge of a ribbon, each with its distance from the middle line.

    At the tile that is half the ribbon's width; after it the whole ribbon is offset as well.
    """
    (x, y), *rest = route
    return [(x + aside, y, aside), *((x + aside + offset, y, aside + offset) for x, y in rest)]


def _walk(corners: list[tuple[float, float, float]]) -> str:
    """Join corners by segments; each turns by the distance of its end nearer to the tile."""
    return "".join(_segment(a[:2], b[:2], a[2] if a[1] < b[1] else b[2]) for a, b in pairwise(corners))


def _point(xy: Point) -> str:
    return f"{xy[0]:.2f},{xy[1]:.2f}"


def _segment(start: Point, end: Point, shift: float) -> str:
    """Return one segment: straight down, or an S that turns early enough to keep its width."""
    (x0, y0), (x1, y1) = start, end
    if math.isclose(x0, x1, abs_tol=0.01):
        return f"L{_point(end)}"
    across, down = x1 - x0, y1 - y0
    slant = across / (abs(across) + abs(down))
    turn = (y0 + y1) / 2 - shift * _PX_PER_UNIT * slant * math.copysign(1, down)
    turn = min(max(turn, min(y0, y1) + 1), max(y0, y1) - 1)  # a wide curve across a narrow gap stays within it
    return f"C{_point((x0, turn))} {_point((x1, turn))} {_point(end)}"

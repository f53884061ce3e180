"""Curves of the flow-chart, which carry votes from an answer to the next question."""

import math
from itertools import pairwise

from galaxy_explorer import decision_tree as tree
from galaxy_explorer.flow_chart.layout import BARS, ENDS, TILES, gap_above, row_of

FULL_WIDTH = 40.0  # a curve that carries all votes, in units across
# A curve that skips rows runs down next to them: 7 and 9 on the left, "no spiral" on the right.
_CHANNELS = {7: 35.0, 9: 95.0, 4: 970.0}
_PX_PER_UNIT = 0.95  # at a medium width; keeps a curve's thickness where it runs across
_PORT_INSET = 34.0
_PORT_SPACING = FULL_WIDTH / 2 + 2  # enough for any two, since what flows into a question sums to at most 1


def _approach(column: str) -> float:
    """Return the x from which a curve approaches its question: its tile's middle or its channel."""
    source, target = tree.QUESTION_OF[column].number, tree.ANSWER_OF[column].leads_to
    if target is not None and row_of(target) > row_of(source) + 1:
        return _CHANNELS[source]
    return TILES[column].middle


def _ports(question: int) -> dict[float, float]:
    """Return where the curves into a question arrive on its bar, by their approach."""
    bar = BARS[question]
    low, high = bar.left + _PORT_INSET, bar.right - _PORT_INSET
    sources = sorted({_approach(column) for column in tree.columns_into(question)})
    straight = [min(max(x, low), high) for x in sources]
    if all(b - a >= _PORT_SPACING for a, b in pairwise(straight)):
        return dict(zip(sources, straight, strict=True))
    scale = (high - low) / (sources[-1] - sources[0])
    return {x: low + (x - sources[0]) * scale for x in sources}


def _routes() -> dict[str, tuple[tuple[float, float], ...]]:
    """Return the middle line of every curve: tile, channel if it skips rows, question or end."""
    routes: dict[str, tuple[tuple[float, float], ...]] = {}
    for column, answer in tree.ANSWER_OF.items():
        tile = TILES[column]
        start = (tile.middle, tile.bottom)
        if column in ENDS:
            routes[column] = (start, (tile.middle, ENDS[column].top))
        if answer.leads_to is None:
            continue
        approach, target = _approach(column), BARS[answer.leads_to]
        arrival = (_ports(answer.leads_to)[approach], target.top)
        if approach == tile.middle:
            routes[column] = (start, arrival)
        else:
            leaves = tile.bottom + gap_above(row_of(tree.QUESTION_OF[column].number) + 1)
            channel = ((approach, leaves), (approach, target.top - gap_above(row_of(answer.leads_to))))
            routes[column] = (start, *channel, arrival)
    return routes


ROUTES = _routes()


def in_channel(column: str) -> bool:
    """Return whether the curve from an answer skips rows, in a channel of its question."""
    return len(ROUTES.get(column, ())) > 2


def ribbon(column: str, votes: float, offset: float = 0.0) -> str:
    """Return the SVG path of the curve from an answer, as wide as its vote fraction.

    For 0 votes it is the open middle line. `offset` moves it to the right in its channel, in units.
    """
    half = votes * FULL_WIDTH / 2
    there = _edge(column, -half, offset)
    start, forward = _point(there[0][:2]), _walk(there)
    if not half:
        return f"M{start}{forward}"
    back = _edge(column, half, offset)[::-1]
    return f"M{start}{forward}L{_point(back[0][:2])}{_walk(back)}Z"


def _edge(column: str, aside: float, offset: float) -> list[tuple[float, float, float]]:
    """Return the corners of one edge of a ribbon, each with its distance from the middle line.

    At the tile that is half the ribbon's width; after it the whole ribbon is offset as well.
    """
    (x, y), *rest = ROUTES[column]
    return [(x + aside, y, aside), *((x + aside + offset, y, aside + offset) for x, y in rest)]


def _walk(corners: list[tuple[float, float, float]]) -> str:
    """Join corners by segments; each turns by the distance of its end nearer to the tile."""
    return "".join(_segment(a[:2], b[:2], a[2] if a[1] < b[1] else b[2]) for a, b in pairwise(corners))


def _point(xy: tuple[float, float]) -> str:
    return f"{xy[0]:.2f},{xy[1]:.2f}"


def _segment(start: tuple[float, float], end: tuple[float, float], shift: float) -> str:
    """Return one segment: straight down, or an S that turns early enough to keep its width."""
    (x0, y0), (x1, y1) = start, end
    if math.isclose(x0, x1, abs_tol=0.01):
        return f"L{_point(end)}"
    across, down = x1 - x0, y1 - y0
    slant = across / (abs(across) + abs(down))
    turn = (y0 + y1) / 2 - shift * _PX_PER_UNIT * slant * math.copysign(1, down)
    return f"C{_point((x0, turn))} {_point((x1, turn))} {_point(end)}"

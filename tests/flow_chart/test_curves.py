"""The curves of the flow-chart, and the room that questions and answers leave them."""

import re
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from galaxy_explorer import decision_tree as tree
from galaxy_explorer.decision_tree import COLUMNS, INDEX, columns_of
from galaxy_explorer.flow_chart import flow_chart
from galaxy_explorer.flow_chart.curves import FULL_WIDTH, is_level, ribbon, routes
from galaxy_explorer.flow_chart.layout import Box, layout_of

SPIRAL, ODD = 4, tree.ASKED_OF_EVERYONE
OPEN = layout_of()
BARS, TILES, ROUTES = OPEN.bars, OPEN.tiles, routes(OPEN)
DOWNWARDS = [column for column in COLUMNS if not is_level(column)]
folds = st.frozensets(st.sampled_from([number for number in BARS if number not in (1, ODD)]))
ROUNDED = 0.021  # units; a path's numbers have two decimals


def curves_of(figure):
    """The paths of the curves that carry votes, by the answer they leave."""
    shapes = [shape for shape in figure.layout.shapes if shape.name.startswith("curve ")]
    return {shape.name.removeprefix("curve "): shape.path for shape in shapes}


def points(path):
    return [tuple(map(float, pair)) for pair in re.findall(r"(-?[\d.]+),(-?[\d.]+)", path)]


def segments(path):
    """The corners of each line or Bézier curve of a path, which runs within their bounding box."""
    steps = [points(step) for step in re.findall(r"[MLC][^MLCZ]*", path)]
    return [[before[-1], *after] for before, after in pairwise(steps)]


def widths(path):
    """How wide a curve is where it starts and where it ends."""
    ends = (min(y for _, y in points(path)), max(y for _, y in points(path)))
    across = [[x for x, y in points(path) if y == end] for end in ends]
    return [max(xs) - min(xs) for xs in across]


def overlap(a, b):
    side_by_side = a.right - b.left < ROUNDED or b.right - a.left < ROUNDED
    return not side_by_side and a.top < b.bottom and b.top < a.bottom


def test_curves_that_skip_rows_pass_on_their_side():
    assert all(x < BARS[9].left for c in columns_of(7) for x, _ in ROUTES[c][1:-1])
    assert all(x < BARS[11].left for c in columns_of(9) for x, _ in ROUTES[c][1:-1])
    for column in (tree.column(SPIRAL, 2), tree.column(1, 3)):
        assert all(x > BARS[11].right for x, _ in ROUTES[column][1:-1])


def test_every_answer_leads_to_its_question_or_to_the_one_end():
    assert set(ROUTES) == set(COLUMNS)
    ending = {column for column, answer in tree.ANSWER_OF.items() if answer.leads_to is None}
    assert ending == {tree.column(1, 3), tree.column(ODD, 2), *columns_of(8)}
    for column in set(COLUMNS) - ending:
        (x, y), target = ROUTES[column][-1], BARS[tree.ANSWER_OF[column].leads_to]
        assert y == target.top
        assert target.left < x < target.right
    for column in ending:
        x, y = ROUTES[column][-1]
        assert OPEN.end.left <= x < OPEN.end.right
        assert OPEN.end.top <= y < OPEN.end.bottom


@given(folded=folds)
def test_questions_and_answers_do_not_overlap(folded):
    layout = layout_of(folded)
    boxes = [*layout.bars.values(), *(layout.tiles[column] for column in layout.shown), layout.end]
    assert not any(overlap(a, b) for a, b in combinations(boxes, 2))
    assert max(box.bottom for box in boxes) < layout.foot < layout.height
    for number, bar in layout.bars.items():
        tiles = [layout.tiles[column] for column in columns_of(number)]
        assert len({round(tile.width, 6) for tile in tiles}) == 1
        assert (tiles[0].left, round(tiles[-1].right, 6)) == (bar.left, bar.right)


@given(folded=folds)
def test_folding_moves_questions_up_and_never_across(folded):
    layout = layout_of(folded)
    assert layout.height <= OPEN.height
    for number, bar in layout.bars.items():
        assert (bar.left, bar.right) == (BARS[number].left, BARS[number].right)
        assert bar.top <= BARS[number].top
    order = sorted(BARS, key=lambda number: BARS[number].top)
    assert all(layout.bars[a].top <= layout.bars[b].top for a, b in pairwise(order))


def test_curves_run_over_no_question_and_no_answer():
    boxes = [*BARS.values(), *TILES.values()]
    for column in ROUTES:
        for corners in segments(ribbon(OPEN, column, 1.0)):
            xs, ys = [x for x, _ in corners], [y for _, y in corners]
            around = Box(min(xs), min(ys), max(xs), max(ys))
            assert not any(overlap(around, box) for box in boxes), column


def test_curves_are_as_wide_as_the_votes_of_real_galaxies(sample):
    for fractions in sample.volunteer_fractions[~np.isnan(sample.volunteer_fractions).any(axis=1)]:
        curves = curves_of(flow_chart(volunteers=fractions))
        assert set(curves) == {column for column in ROUTES if fractions[INDEX[column]] > 0}
        for column in set(curves).intersection(DOWNWARDS):
            path = curves[column]
            assert widths(path) == pytest.approx([FULL_WIDTH * fractions[INDEX[column]]] * 2, abs=ROUNDED)


@given(votes=st.floats(0.001, 1), column=st.sampled_from(DOWNWARDS), offset=st.floats(-20, 20))
def test_curves_are_as_wide_as_any_votes(votes, column, offset):
    assert widths(ribbon(OPEN, column, votes, offset)) == pytest.approx([FULL_WIDTH * votes] * 2, abs=ROUNDED)


def test_curves_into_question_6_carry_what_the_tree_brings(random_fractions):
    galaxy = random_fractions(1)[0]
    curves = curves_of(flow_chart(galaxy))
    brought = sum(widths(curves[column])[1] for column in tree.columns_into(ODD))
    assert brought == pytest.approx(FULL_WIDTH * (1 - galaxy[INDEX[tree.column(1, 3)]]), abs=0.3)


def test_curves_that_share_a_channel_lie_side_by_side(random_fractions):
    galaxy = random_fractions(1)[0]
    curves = curves_of(flow_chart(galaxy))
    spans = []
    for column in (*columns_of(7), *columns_of(9)):
        bottom = max(y for _, y in points(curves[column]))
        xs = [x for x, y in points(curves[column]) if y == bottom]
        spans.append((min(xs), max(xs)))
    assert all(right == pytest.approx(left, abs=ROUNDED) for (_, right), (left, _) in pairwise(spans))


def test_curves_are_those_of_the_network_if_there_is_one(random_fractions):
    galaxy, other = random_fractions(2)
    assert curves_of(flow_chart(galaxy, other)) == curves_of(flow_chart(galaxy))
    assert curves_of(flow_chart(volunteers=other)) != curves_of(flow_chart(galaxy))


def test_curves_to_the_end_next_to_a_question_lie_one_above_the_other(random_fractions):
    curves = curves_of(flow_chart(random_fractions(1)[0]))
    spans = []
    for column in columns_of(8):
        assert {x for x, _ in points(curves[column])} == {BARS[8].right, OPEN.end.left}
        ys = [y for _, y in points(curves[column])]
        spans.append((min(ys), max(ys)))
    assert all(bottom == pytest.approx(top, abs=ROUNDED) for (_, bottom), (top, _) in pairwise(spans))
    assert TILES["Class8.1"].top < spans[0][0] < spans[-1][1] < TILES["Class8.1"].bottom

"""Drawn shares of all answers, for tests of the decision tree."""

from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from galaxy_explorer.decision_tree import COLUMNS, SLICES


@st.composite
def answer_shares(draw):
    """Shares of every question, some of them 0; each question's sum to 1."""
    weights = draw(arrays(float, len(COLUMNS), elements=st.one_of(st.just(0.0), st.floats(0.01, 1))))
    for where in SLICES.values():
        if weights[where].sum() == 0:
            weights[where.start + draw(st.integers(0, where.stop - where.start - 1))] = 1.0
        weights[where] /= weights[where].sum()
    return weights

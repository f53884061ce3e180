"""The likeliest path through the tree, as columns and as a sentence."""

import numpy as np
import pytest
from answer_shares import answer_shares
from hypothesis import given

from galaxy_explorer.decision_tree import (
    ANSWER_OF,
    COLUMNS,
    QUESTION_OF,
    QUESTIONS,
    SLICES,
    fractions_from_shares,
    most_likely_path,
)


class TestTheLikeliestPath:
    def test_takes_the_largest_share_at_each_question(self, sample):
        path = most_likely_path(sample.volunteer_fractions[sample.ids.index("100023")])
        assert [name for name, _ in path] == [
            *("Class1.2", "Class2.2", "Class3.1", "Class4.1", "Class10.3", "Class11.2", "Class5.2", "Class6.2")
        ]
        assert path[0][1] == pytest.approx(0.663777)
        assert path[2][1] == pytest.approx(0.467369636 / 0.632598731)

    def test_is_greedy_even_where_another_path_has_a_larger_product(self):
        shares = np.zeros(len(COLUMNS))
        shares[SLICES[1]] = (0.4, 0.6, 0)
        shares[SLICES[2]] = (0.5, 0.5)
        for number in SLICES.keys() - {1, 2}:
            shares[SLICES[number].start] = 1
        assert [name for name, _ in most_likely_path(fractions_from_shares(shares))][:2] == ["Class1.2", "Class2.1"]

    def test_gives_ties_to_the_earlier_answer(self):
        shares = np.concatenate([np.full(len(q.answers), 1 / len(q.answers)) for q in QUESTIONS])
        path = most_likely_path(fractions_from_shares(shares))
        assert [name for name, _ in path] == ["Class1.1", "Class7.1", "Class6.1", "Class8.1"]

    @given(answer_shares())
    def test_follows_the_edges_from_question_1_to_an_end(self, shares):
        path = [name for name, _ in most_likely_path(fractions_from_shares(shares))]
        assert QUESTION_OF[path[0]].number == 1
        for name, following in zip(path, [*path[1:], None], strict=True):
            assert ANSWER_OF[name].leads_to == (None if following is None else QUESTION_OF[following].number)

    def test_continues_after_unknown_shares_with_the_question_asked_of_everyone(self):
        fractions = np.full(len(COLUMNS), np.nan)
        fractions[SLICES[1]] = (0.2, 0.8, 0)
        fractions[SLICES[2]] = (0.2, 0.6)
        fractions[SLICES[6]] = (0.7, 0.3)
        path = [name for name, _ in most_likely_path(fractions)]
        assert path == ["Class1.2", "Class2.2", "Class6.1"]  # and no further, though question 8 is not known either
        fractions[SLICES[8]] = (0.7, 0, 0, 0, 0, 0, 0)
        assert most_likely_path(fractions)[3:] == [("Class8.1", 1.0)]

    def test_ends_early_where_shares_are_unknown(self):
        fractions = np.full(len(COLUMNS), np.nan)
        fractions[SLICES[1]] = (0.2, 0.8, 0)
        assert most_likely_path(fractions) == [("Class1.2", 0.8)]
        assert most_likely_path(np.full(len(COLUMNS), np.nan)) == []

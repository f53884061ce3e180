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
    in_words,
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


class TestInWords:
    def test_describes_the_path_of_a_smooth_galaxy(self, sample):
        assert in_words(sample.volunteer_fractions[sample.ids.index("100053")]).replace("\u00a0", " ") == (
            "Most likely a smooth galaxy (77 %), between round and cigar-shaped (97 %), "
            "and with nothing odd about it (100 %)."
        )

    def test_describes_the_path_of_a_merging_spiral(self, sample):
        assert in_words(sample.volunteer_fractions[sample.ids.index("587726016142835881")]).replace("\u00a0", " ") == (
            "Most likely a galaxy with features or a disk (50 %), not seen edge-on (97 %), without a bar (67 %), "
            "with spiral arms (85 %), which are moderately wound (56 %), and hard to count (61 %), "
            "with an obvious bulge (82 %), and with something odd about it (69 %), namely a merger (92 %)."
        )

    def test_describes_the_path_of_an_edge_on_disk(self, sample):
        assert in_words(sample.volunteer_fractions[sample.ids.index("587736542560715163")]).replace("\u00a0", " ") == (
            "Most likely a galaxy with features or a disk (97 %), seen edge-on (100 %), with a rounded bulge (66 %), "
            "and with nothing odd about it (71 %)."
        )

    def test_describes_what_is_odd_though_questions_before_are_unknown(self):
        fractions = np.full(len(COLUMNS), np.nan)
        fractions[SLICES[6]] = (0.1, 0.9)
        assert in_words(fractions).replace("\u00a0", " ") == "Most likely with nothing odd about it (90 %)."
        fractions[SLICES[1]] = (0.2, 0.8, 0)
        assert in_words(fractions).replace("\u00a0", " ") == (
            "Most likely a galaxy with features or a disk (80 %), and with nothing odd about it (90 %)."
        )

    def test_says_when_nothing_is_known(self):
        assert in_words(np.full(len(COLUMNS), np.nan)) == "No votes are known for this galaxy."

    @given(answer_shares())
    def test_is_one_sentence_with_a_share_for_each_step(self, shares):
        fractions = fractions_from_shares(shares)
        words = in_words(fractions)
        assert words.startswith("Most likely ")
        assert words.endswith(".")
        assert words.count(".") == 1
        assert words.count("%") == len(most_likely_path(fractions))

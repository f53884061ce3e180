"""Importance weights of the fully scored galaxies."""

import numpy as np
import pytest

from galaxy_explorer.decision_tree import INDEX, columns_of
from galaxy_explorer.training.data.sample_weights import MAX_WEIGHT, importance_weights


def test_correct_a_selection(random_fractions):
    fractions = random_fractions(4000, seed=2)
    chance = np.random.default_rng(0).random(4000)
    selected = chance[:2500] < fractions[:2500, 0] ** 2  # smooth galaxies are selected more often
    votes = np.concatenate([fractions[:2500][selected], fractions[2500:]])
    unbiased = fractions[2500:, 0].mean()
    complete = selected.sum()
    partly = [column for question in (3, 4, 5, 9, 10, 11) for column in columns_of(question)]
    votes[complete:, [INDEX[column] for column in partly]] = np.nan
    weights = importance_weights(votes)
    assert (weights[complete:] == 1).all()
    assert weights[:complete].mean() == pytest.approx(1.0, abs=1e-4)
    assert weights.max() <= 1.5 * MAX_WEIGHT
    before = votes[:complete, 0].mean() - unbiased
    after = np.average(votes[:complete, 0], weights=weights[:complete]) - unbiased
    assert before > 0.05
    assert abs(after) < before / 4


def test_are_1_without_partly_scored_galaxies(random_fractions):
    assert (importance_weights(random_fractions(300)) == 1).all()


def test_are_1_if_too_few_galaxies_are_fully_scored(random_fractions):
    for complete in (0, 199):
        votes = random_fractions(600, seed=3)
        votes[complete:, INDEX["Class4.1"]] = np.nan
        assert (importance_weights(votes) == 1).all()

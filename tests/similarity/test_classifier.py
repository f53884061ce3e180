"""Classes of one's own: learning, scores, cross-validation, suggestions."""

import numpy as np
import pytest

from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.similarity.classifier import (
    BACKGROUND,
    FEWEST,
    ROUND,
    Quality,
    cross_validate,
    features,
    learn,
    random_rows,
    suggest,
)

D = 6


@pytest.fixture(scope="module")
def galaxies():
    """Embeddings (N, D) float16, answers (N, 37), and which galaxies belong: a tenth, with one larger value."""
    random = np.random.default_rng(0)
    vectors = random.uniform(0, 1, (1000, D)).astype(np.float16)
    belongs = np.arange(1000) % 10 == 0
    vectors[belongs, 2] += 2
    return vectors, random.uniform(0, 1, (1000, len(COLUMNS))).astype(np.float32), belongs


def learned(galaxies, rows):
    """The class of some rows, and its scores."""
    vectors, answers, belongs = galaxies
    background = random_rows(len(vectors), rows)
    of = features(vectors, answers)
    model = learn(of[rows], belongs[rows], of[background], D)
    return model, model.scores(vectors, answers)


def test_a_few_members_alone_find_the_others(galaxies):
    belongs = galaxies[2]
    _, scores = learned(galaxies, np.flatnonzero(belongs)[:5])
    first = np.argsort(-scores)[:100]
    assert belongs[first].mean() > 0.6  # at random 0.1
    assert ((scores >= 0) & (scores <= 1)).all()


def test_scores_do_not_depend_on_the_blocks_and_are_nan_where_something_is(galaxies, monkeypatch):
    vectors, answers, _ = galaxies
    model, scores = learned(galaxies, np.arange(20))
    monkeypatch.setattr("galaxy_explorer.similarity.classifier.BLOCK", 7)
    np.testing.assert_allclose(model.scores(vectors, answers), scores, atol=1e-6)
    answers = answers.copy()
    answers[3, 0] = np.nan
    assert np.flatnonzero(np.isnan(model.scores(vectors, answers))).tolist() == [3]
    np.testing.assert_allclose(
        scores, 1 / (1 + np.exp(-(features(vectors, galaxies[1]) @ model.weights + model.bias))), atol=1e-5
    )


def test_embeddings_of_another_network_are_refused(galaxies):
    model, _ = learned(galaxies, np.arange(20))
    with pytest.raises(ValueError, match="learned with 6"):
        model.scores(galaxies[0][:, :4], galaxies[1])


def test_nothing_is_learned_without_members_or_others(galaxies):
    of = features(*galaxies[:2])
    for belongs, background in ((np.zeros(5, bool), of[:3]), (np.ones(5, bool), of[:0])):
        with pytest.raises(ValueError, match="mark one"):
            learn(of[:5], belongs, background, D)


def test_cross_validation_is_honest_about_noise_and_silent_with_few_marks(galaxies):
    vectors, answers, belongs = galaxies
    of = features(vectors, answers)
    rows = np.concatenate([np.flatnonzero(belongs)[:20], np.flatnonzero(~belongs)[:20]])
    background = of[random_rows(1000, rows)]
    good = cross_validate(of[rows], belongs[rows], background, D)
    shuffled = np.random.default_rng(1).permutation(belongs[rows])
    bad = cross_validate(of[rows], shuffled, background, D)
    assert good.precision > 0.9
    assert good.recall > 0.75
    assert bad.precision < 0.75
    few = np.concatenate([np.flatnonzero(belongs)[: FEWEST - 1], np.flatnonzero(~belongs)[:20]])
    assert cross_validate(of[few], belongs[few], background, D) is None


def test_bounds_are_those_of_wilson():
    low, high = Quality(10, 8, 12).bounds(8, 10)
    assert (round(low, 3), round(high, 3)) == (0.490, 0.943)  # Wilson 1927, by hand
    assert Quality(0, 0, 5).bounds(0, 0) == (0.0, 1.0)
    assert Quality(0, 0, 5).precision == 0.0


def test_the_likeliest_and_the_most_uncertain_are_offered_in_turn_without_what_is_marked():
    scores = np.array([0.9, 0.8, np.nan, 0.52, 0.1, 0.49, 0.95, 0.0])
    assert suggest(scores, np.array([6]), 4).tolist() == [0, 5, 1, 3]
    assert suggest(scores, np.array([], int), 3).tolist() == [6, 5, 0]
    assert sorted(suggest(scores, np.array([0, 1]), ROUND).tolist()) == [3, 4, 5, 6, 7]
    assert suggest(np.full(4, np.nan), np.array([], int)).tolist() == []


def test_random_rows_are_the_same_each_time_and_leave_marks_out():
    marked = np.arange(0, 5000, 3)
    rows = random_rows(5000, marked)
    np.testing.assert_array_equal(rows, random_rows(5000, marked))
    assert len(np.unique(rows)) == BACKGROUND
    assert not np.isin(rows, marked).any()
    assert random_rows(4, np.array([1])).tolist() == [0, 2, 3]

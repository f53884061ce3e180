"""Tests of `galaxy_explorer.evaluation.answers`, and of the standard errors of `score`."""

import numpy as np
import pytest

from galaxy_explorer.decision_tree import COLUMNS, INDEX, SLICES
from galaxy_explorer.evaluation.answers import plain_answers, score_answers
from galaxy_explorer.evaluation.metrics import score


def with_bars(shares, mass=0.6):
    """Vote fractions of galaxies whose question on bars has given shares of "yes", and a mass."""
    fractions = np.zeros((len(shares), len(COLUMNS)))
    fractions[:, INDEX["Class2.2"]] = mass
    fractions[:, INDEX["Class3.1"]] = np.array(shares) * mass
    fractions[:, INDEX["Class3.2"]] = (1 - np.array(shares)) * mass
    return fractions


def test_the_difference_is_that_of_the_means_with_its_standard_error(random_fractions):
    predicted, volunteers = random_fractions(50, seed=1), random_fractions(50, seed=2)
    table = score_answers(predicted, volunteers)
    assert list(table.index) == list(COLUMNS)
    for name, row in table.iterrows():
        difference = (predicted - volunteers)[:, INDEX[name]]
        assert row["difference"] == pytest.approx(difference.mean())
        assert row["standard_error"] == pytest.approx(difference.std(ddof=1) / np.sqrt(50))


def test_counts_precision_and_recall_are_of_the_answer_share():
    predicted, voted = [0.9, 0.6, 0.5, 0.49, 0.1], [0.9, 0.4, 0.5, 0.80, 0.1]
    row = score_answers(with_bars(predicted), with_bars(voted)).loc["Class3.1"]
    assert (row["predicted_0.5"], row["voted_0.5"], row["predicted_0.8"], row["voted_0.8"]) == (3, 3, 1, 2)
    assert row["precision_0.5"] == pytest.approx(2 / 3)
    assert row["recall_0.5"] == pytest.approx(2 / 3)
    assert row["precision_0.8"] == 1
    assert row["recall_0.8"] == pytest.approx(1 / 3)


def test_a_galaxy_whose_question_few_votes_reach_is_not_selected():
    shares = [0.9, 0.9]
    row = score_answers(with_bars(shares, mass=0.42), with_bars(shares, mass=0.43)).loc["Class3.1"]
    assert (row["predicted_0.5"], row["voted_0.5"], row["recall_0.5"]) == (0, 2, 0)
    assert np.isnan(row["precision_0.5"])


def test_galaxies_with_unknown_votes_count_neither_as_predicted_nor_as_voted():
    predicted, volunteers = with_bars([0.9] * 4), with_bars([0.9] * 4)
    volunteers[0, SLICES[3]] = np.nan
    volunteers[1, INDEX["Class3.2"]] = np.nan
    volunteers[2, INDEX["Class2.2"]] = np.nan  # the mass of the question
    volunteers[:, SLICES[4]] = np.nan
    table = score_answers(predicted, volunteers)
    assert table.loc["Class3.1", ["galaxies", "predicted_0.5", "voted_0.5"]].tolist() == [1, 1, 1]
    assert not {"Class4.1", "Class4.2"} & set(table.index)


def test_as_plain_types_unknown_figures_are_none():
    plain = plain_answers(score_answers(with_bars([0.1]), with_bars([0.1])))
    assert plain["Class3.1"]["standard_error"] is None  # of one galaxy
    assert plain["Class3.1"]["precision_0.5"] is None
    assert type(plain["Class3.1"]["voted_0.5"]) is int


def test_standard_errors_are_those_of_galaxies_and_the_same_each_time(random_fractions):
    predicted, volunteers = random_fractions(400, seed=1), random_fractions(400, seed=2)
    found = score(predicted, volunteers, standard_errors=True)
    assert found == score(predicted, volunteers, standard_errors=True)
    squares = ((predicted - volunteers) ** 2).mean(axis=1)
    expected = squares.std(ddof=1) / np.sqrt(400) / (2 * found.rmse)  # of a root mean square, for many galaxies
    assert found.rmse_standard_error == pytest.approx(expected, rel=0.15)
    assert set(found.standard_error_by_question) == set(SLICES)
    twice = score(np.repeat(predicted, 2, axis=0), np.repeat(volunteers, 2, axis=0), standard_errors=True)
    assert twice.rmse_standard_error == pytest.approx(found.rmse_standard_error / np.sqrt(2), rel=0.15)


def test_without_a_request_or_of_one_galaxy_there_are_no_standard_errors(random_fractions):
    predicted, volunteers = random_fractions(3, seed=1), random_fractions(3, seed=2)
    assert score(predicted, volunteers).rmse_standard_error is None
    one = score(predicted[:1], volunteers[:1], standard_errors=True)
    assert one.rmse_standard_error is None
    assert one.standard_error_by_question == {}

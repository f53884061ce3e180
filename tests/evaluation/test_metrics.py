"""Tests of `galaxy_explorer.evaluation.metrics`."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from galaxy_explorer.decision_tree import COLUMNS, INDEX, SLICES, columns_of
from galaxy_explorer.evaluation.metrics import calibration, density, disagreements, largest_differences, rms, score


@pytest.fixture
def predicted(random_fractions):
    return random_fractions(40, seed=1)


@pytest.fixture
def volunteers(random_fractions):
    return random_fractions(40, seed=2)


def test_rmse_is_the_root_of_the_mean_square_over_all_pairs(predicted, volunteers):
    mean = volunteers.mean(axis=0)
    result = score(predicted, volunteers, mean)
    assert result.galaxies == 40
    assert result.rmse == pytest.approx(np.sqrt(np.mean((predicted - volunteers) ** 2)))
    assert result.mean_rmse == pytest.approx(np.sqrt(np.mean((mean - volunteers) ** 2)))
    for number, where in SLICES.items():
        expected = np.sqrt(np.mean((predicted[:, where] - volunteers[:, where]) ** 2))
        assert result.rmse_by_question[number] == pytest.approx(expected)


def test_rms_is_computed_over_the_finite_differences_of_each_galaxy():
    found = rms([np.array([3.0, 1.0, np.nan]), np.array([4.0, np.nan, np.nan])])
    np.testing.assert_allclose(found, [np.sqrt(12.5), 1.0, np.nan])
    assert rms(iter([np.float32([2.0])])).dtype == np.float32
    assert rms([0.3, np.nan, -0.3]) == pytest.approx(0.3)  # of one galaxy


def test_unknown_votes_are_left_out_of_sum_and_count(predicted, volunteers):
    volunteers[:10] = np.nan
    volunteers[10:20, SLICES[4]] = np.nan
    known = np.isfinite(volunteers)
    result = score(predicted, volunteers, np.full(len(COLUMNS), 0.5))
    assert result.galaxies == 30
    assert result.rmse == pytest.approx(np.sqrt(np.mean((predicted[known] - volunteers[known]) ** 2)))
    assert result.rmse_by_question[4] == pytest.approx(
        np.sqrt(np.mean((predicted[20:, SLICES[4]] - volunteers[20:, SLICES[4]]) ** 2))
    )


def test_a_question_without_votes_has_no_error(predicted, volunteers):
    volunteers[:, SLICES[3]] = np.nan
    mean = volunteers.mean(axis=0)  # unknown where no vote is
    result = score(predicted, volunteers, mean)
    assert 3 not in result.rmse_by_question
    assert 3 not in result.mean_rmse_by_question
    assert len(result.rmse_by_question) == len(SLICES) - 1


def test_a_galaxy_of_weight_two_counts_as_two(predicted, volunteers):
    volunteers[3, SLICES[4]] = np.nan
    weights = np.where(np.arange(40) < 10, 2.0, 1.0)
    twice = np.repeat(np.arange(40), weights.astype(int))
    mean = np.full(len(COLUMNS), 0.3)
    weighted = score(predicted, volunteers, mean, weights=weights)
    repeated = score(predicted[twice], volunteers[twice], mean)
    assert (weighted.galaxies, repeated.galaxies) == (40, 50)
    for name in ("rmse", "rmse_by_question", "mean_rmse", "mean_rmse_by_question"):
        assert getattr(weighted, name) == pytest.approx(getattr(repeated, name)), name


def test_without_a_training_mean_its_figures_are_missing(predicted, volunteers):
    result = score(predicted, volunteers)
    assert result.mean_rmse is None
    assert result.mean_rmse_by_question == {}


@given(st.floats(0, 0.5))
def test_a_constant_error_is_the_rmse_of_every_question(error):
    volunteers = np.full((3, len(COLUMNS)), 0.25)
    result = score(volunteers + error, volunteers)
    for rmse in (result.rmse, *result.rmse_by_question.values()):
        assert rmse == pytest.approx(error, abs=1e-12)


def test_invalid_tables_are_an_error(predicted, volunteers):
    with pytest.raises(ValueError, match="none of the 40 galaxies has a known vote fraction"):
        score(predicted, np.full_like(volunteers, np.nan))
    with pytest.raises(ValueError, match=r"predicted has the shape \(40, 37\); expected \(39, 37\)"):
        score(predicted, volunteers[1:])
    with pytest.raises(ValueError, match=r"predicted has the shape \(40, 36\)"):
        score(predicted[:, 1:], volunteers)
    with pytest.raises(ValueError, match=r"training mean has the shape \(3,\)"):
        score(predicted, volunteers, np.zeros(3))
    predicted[7, 3] = np.nan
    with pytest.raises(ValueError, match=r"predicted: the value of Class2\.1, row 7, is nan"):
        score(predicted, volunteers)


def test_a_training_mean_that_lacks_an_answer_is_ignored(predicted, volunteers):
    mean = np.full(len(COLUMNS), 0.1)
    mean[INDEX["Class4.1"]] = np.nan
    assert score(predicted, volunteers, mean) == score(predicted, volunteers)
    volunteers[:, INDEX["Class4.1"]] = np.nan
    assert score(predicted, volunteers, mean).mean_rmse is not None


def test_disagreements_have_the_answer_that_differs_most(predicted):
    volunteers = predicted.copy()
    volunteers[0, INDEX["Class4.1"]] += 0.3
    volunteers[1, INDEX["Class7.2"]] -= 0.2
    volunteers[1, INDEX["Class1.1"]] = np.nan
    volunteers[2] = np.nan
    found = disagreements(predicted, volunteers)
    assert found.loc[[0, 1], "column"].tolist() == ["Class4.1", "Class7.2"]
    assert found.loc[0, "rmse"] == pytest.approx(0.3 / np.sqrt(len(COLUMNS)))
    assert found.loc[1, "rmse"] == pytest.approx(0.2 / np.sqrt(len(COLUMNS) - 1))
    assert found.loc[0, "voted"] - found.loc[0, "predicted"] == pytest.approx(0.3)
    assert found.loc[2].isna().all()


def test_calibration_of_perfect_predictions_is_the_diagonal(predicted):
    table = calibration(predicted, predicted)
    assert np.allclose(table["predicted"], table["voted"])
    assert table["count"].sum() == predicted.size
    assert ((table["lower"] <= table["predicted"]) & (table["predicted"] <= table["upper"])).all()


def test_calibration_pools_the_given_columns_in_the_given_bins(predicted, volunteers):
    volunteers[:4] = np.nan
    predicted[5, SLICES[2]] = [1.0, 0.0]  # both ends belong to a bin
    table = calibration(predicted, volunteers, columns_of(2), bins=4)
    assert table["count"].sum() == 36 * 2
    inside = (predicted[4:, SLICES[2]] >= 0.25) & (predicted[4:, SLICES[2]] < 0.5)
    row = table[table["lower"] == 0.25].iloc[0]
    assert row["voted"] == pytest.approx(volunteers[4:, SLICES[2]][inside].mean())


def test_calibration_in_one_bin_is_the_mean_of_both(predicted, volunteers):
    (row,) = calibration(predicted, volunteers, bins=1).to_dict("records")
    assert row == pytest.approx(
        {"lower": 0, "upper": 1, "predicted": predicted.mean(), "voted": volunteers.mean(), "count": predicted.size}
    )


def test_calibration_without_columns_or_bins_is_an_error(predicted, volunteers):
    with pytest.raises(ValueError, match=r"the columns are Class12\.1"):
        calibration(predicted, volunteers, ["Class12.1"])
    with pytest.raises(ValueError, match="the columns are none"):
        calibration(predicted, volunteers, [])
    with pytest.raises(ValueError, match="number of bins is 0"):
        calibration(predicted, volunteers, bins=0)


def test_a_density_counts_every_known_pair_once(predicted, volunteers):
    volunteers[:4] = np.nan
    predicted[5, SLICES[2]] = [1.0, 0.0]  # both ends belong to a bin
    volunteers[5, SLICES[2]] = [0.0, 1.0]
    counts = density(predicted, volunteers, columns_of(2), bins=10)
    assert counts.shape == (10, 10)
    assert counts.sum() == 36 * 2
    assert counts[0, 9] >= 1  # voted 0 where 1 was predicted: up first, then across
    inside = (predicted[4:, SLICES[2]] >= 0.3) & (predicted[4:, SLICES[2]] < 0.4)
    assert counts[:, 3].sum() == inside.sum()


def test_a_density_of_equal_tables_lies_on_the_diagonal(predicted):
    counts = density(predicted, predicted)
    assert counts.sum() == predicted.size == np.trace(counts)


def test_largest_differences_are_one_answer_per_question_the_largest_first():
    predicted, voted = np.zeros(len(COLUMNS)), np.zeros(len(COLUMNS))
    predicted[INDEX["Class1.1"]], voted[INDEX["Class1.2"]] = 0.5, 0.7  # the larger of the two is that of question 1
    predicted[INDEX["Class6.1"]] = 0.9
    voted[INDEX["Class4.1"]] = 0.3
    voted[INDEX["Class7.1"]] = np.nan
    assert largest_differences(predicted, voted, 3) == ["Class6.1", "Class1.2", "Class4.1"]
    assert len(largest_differences(predicted, voted, 99)) == 11


def test_largest_differences_skip_equal_fractions(predicted):
    voted = predicted[0].copy()
    voted[INDEX["Class11.5"]] += 0.001
    voted[INDEX["Class9.2"]] -= 0.002
    assert largest_differences(predicted[0], voted, 2) == ["Class9.2", "Class11.5"]


def test_largest_differences_skip_unknown_votes():
    assert largest_differences(np.zeros(len(COLUMNS)), np.full(len(COLUMNS), np.nan), 3) == []

"""Evaluation on hold-out and validation set, for a model card."""

import numpy as np
import pandas as pd
import pytest
from tiny_training import TINY_FLAGS

from galaxy_explorer.catalogue import open_catalogue
from galaxy_explorer.decision_tree import COLUMNS, QUESTIONS, columns_of
from galaxy_explorer.evaluation.answers import plain_answers, score_answers
from galaxy_explorer.evaluation.intervals import LEVEL, MEASURED_VIEWS, coverage, cross_coverage, fit_error_model
from galaxy_explorer.evaluation.metrics import calibration, score
from galaxy_explorer.models.checkpoints import load, read_card
from galaxy_explorer.prediction import Predictions, predict
from galaxy_explorer.training import cli
from galaxy_explorer.training.model_card.evaluate import SPOT_CHECK, evaluate_hold_out, evaluate_validation

GALAXIES = 600

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def votes(random_fractions):
    return random_fractions(GALAXIES, seed=1)


@pytest.fixture(scope="module")
def tables(votes):
    """Predicted fractions near the votes, and their spread over the TTA views."""
    random = np.random.default_rng(3)
    predicted = np.clip(votes + 0.3 * votes * random.standard_normal(votes.shape), 0, 1)
    return predicted, 0.1 * predicted


@pytest.fixture
def predictions(tables):
    """The same for galaxies whose ids are not sorted as text."""
    ids = pd.Index([str(number) for number in range(90, 90 + GALAXIES)], name="GalaxyID")
    return Predictions(*(pd.DataFrame(table, ids, list(COLUMNS)) for table in tables), {})


class TestHoldOut:
    def test_has_error_model_calibration_and_coverage(self, tables, votes):
        found = evaluate_hold_out({8: tables}, votes)
        assert found["error_models"] == {8: fit_error_model(*tables, votes)}
        assert found["hold_out"].coverage == cross_coverage(*tables, votes)
        assert found["hold_out"].galaxies == GALAXIES
        for question in QUESTIONS:
            expected = calibration(tables[0], votes, columns_of(question.number))
            assert pd.DataFrame(vars(found["calibration"][question.number])).to_numpy() == pytest.approx(
                expected.to_numpy(), abs=1e-5
            )

    def test_counts_every_galaxy_by_its_importance_weight(self, tables, votes):
        weights = np.where(np.arange(GALAXIES) < 200, 4.0, 1.0)
        found = evaluate_hold_out({8: tables}, votes, weights)
        assert found["error_models"][8] == fit_error_model(*tables, votes, weights)
        assert found["error_models"][8] != fit_error_model(*tables, votes)
        assert found["hold_out"].coverage == cross_coverage(*tables, votes, weights)
        assert found["hold_out"].rmse == score(tables[0], votes, weights=weights).rmse
        assert found["hold_out"].rmse != score(tables[0], votes).rmse

    def test_has_the_figures_of_the_most_views_and_an_error_model_of_each_number(self, tables, votes):
        one_view = (tables[0] * 0.9, tables[1] * 0)
        found = evaluate_hold_out({8: tables, 1: one_view}, votes)
        assert (found["hold_out"].tta_views, list(found["error_models"])) == (8, [1, 8])
        assert found["hold_out"].rmse == score(tables[0], votes).rmse
        assert found["error_models"][1] == fit_error_model(*one_view, votes)

    def test_of_one_galaxy_has_no_coverage(self, tables, votes):
        found = evaluate_hold_out({8: [table[:1] for table in tables]}, votes[:1])
        assert found["hold_out"].coverage is None


class TestValidation:
    def test_spot_checks_the_first_sixty_ids_as_text(self, predictions, votes):
        validation = evaluate_validation(predictions, votes, None, None)
        chosen = sorted(predictions.fractions.index)[:SPOT_CHECK]
        assert chosen[0] == "100"
        rows = predictions.fractions.index.get_indexer(chosen)
        expected = score(predictions.fractions.loc[chosen].to_numpy(), votes[rows]).rmse
        assert validation.spot_check.rmse == pytest.approx(expected)
        assert validation.spot_check.galaxies == SPOT_CHECK
        assert validation.coverage is None

    def test_has_the_errors_of_the_training_mean(self, predictions, tables, votes):
        mean = votes.mean(axis=0)
        validation = evaluate_validation(predictions, votes, mean.tolist(), None)
        assert validation.mean_rmse_by_question == score(tables[0], votes, mean).mean_rmse_by_question

    def test_has_standard_errors_and_the_metrics_by_answer(self, predictions, tables, votes):
        validation = evaluate_validation(predictions, votes, None, None)
        assert validation.rmse_standard_error == score(tables[0], votes, standard_errors=True).rmse_standard_error
        assert validation.answers == plain_answers(score_answers(tables[0], votes))

    def test_has_the_coverage_of_the_error_model(self, predictions, tables, votes):
        error_model = fit_error_model(*tables, votes)
        validation = evaluate_validation(predictions, votes, None, error_model)
        assert validation.coverage == coverage(tables[0], error_model.half_widths(*tables), votes)
        assert validation.coverage.all == pytest.approx(LEVEL, abs=0.015)


def test_a_training_and_update_card_write_the_same_evaluation(kaggle_folder, tmp_path):
    checkpoint = tmp_path / "run" / "model.pt"
    flags = ["--data", kaggle_folder, "--cache", tmp_path / "cache", "--device", "cpu", "--validate"]
    train = [str(part) for part in (*flags, *TINY_FLAGS, "--epochs", "1", "--work", tmp_path / "run")]
    assert cli.main(train) == 0
    card = read_card(checkpoint)
    assert card.hold_out.galaxies == card.error_models[1].galaxies == 2
    assert card.validation.spot_check.rmse == pytest.approx(card.validation.rmse)  # there are three
    assert list(card.error_models) == list(MEASURED_VIEWS)
    validation = open_catalogue(kaggle_folder).subset(["200001", "200002", "200003"])
    pictures = [validation.picture(galaxy) for galaxy in validation.ids]
    assert card.validation.coverage == coverage(*predict(load(checkpoint), pictures), validation.volunteer_fractions)
    checkpoint.unlink()
    assert cli.main([*train, "--resume"]) == 0
    assert read_card(checkpoint) == card

    update = [str(part) for part in (*flags, "--update-card", checkpoint)]
    assert cli.main([part for part in update if part != "--validate"]) == 0
    assert read_card(checkpoint).validation.coverage is None  # that of error models that the card no longer holds
    assert cli.main(update) == 0
    assert read_card(checkpoint) == card

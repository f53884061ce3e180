"""Evaluation on hold-out and validation set, for a model card."""

import numpy as np
import pandas as pd
import pytest
from tiny_training import TINY_FLAGS

from galaxy_explorer.catalogue import open_catalogue
from galaxy_explorer.decision_tree import COLUMNS, QUESTIONS, columns_of
from galaxy_explorer.evaluation.answers import plain_answers, score_answers
from galaxy_explorer.evaluation.interval_fit import cross_coverage, fit_interval_model
from galaxy_explorer.evaluation.intervals import LEVEL, coverage
from galaxy_explorer.evaluation.metrics import calibration, score
from galaxy_explorer.models.checkpoints import load, read_card
from galaxy_explorer.prediction import Predictions, predict
from galaxy_explorer.training import cli
from galaxy_explorer.training.model_card import evaluate
from galaxy_explorer.training.model_card.evaluate import SPOT_CHECK, evaluate_hold_out, evaluate_validation

GALAXIES = 300

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def votes(random_fractions):
    return random_fractions(GALAXIES, seed=1)


@pytest.fixture(scope="module")
def predicted(votes):
    """Predicted fractions near the votes."""
    random = np.random.default_rng(3)
    return np.clip(votes + 0.3 * votes * random.standard_normal(votes.shape), 0, 1)


@pytest.fixture
def predictions(predicted):
    """The same for galaxies whose ids are not sorted as text."""
    ids = pd.Index([str(number) for number in range(90, 90 + GALAXIES)], name="GalaxyID")
    table = pd.DataFrame(predicted, ids, list(COLUMNS))
    return Predictions(table, table, table, {})


class TestHoldOut:
    @pytest.fixture
    def few(self, predicted, votes):
        """The first sixty, which are fitted to sooner."""
        return predicted[:60], votes[:60]

    def test_has_calibration_coverage_and_an_interval_model_of_each_number_of_views(self, few):
        predicted, votes = few
        one_view = predicted * 0.9
        found = evaluate_hold_out({8: predicted, 1: one_view}, votes)
        models = [fit_interval_model(one_view, votes), fit_interval_model(predicted, votes)]
        assert list(found["interval_models"].items()) == list(zip((1, 8), models, strict=True))
        assert found["hold_out"].interval_coverage == cross_coverage(predicted, votes)
        assert (found["hold_out"].galaxies, found["hold_out"].tta_views) == (60, 8)
        assert found["hold_out"].rmse == score(predicted, votes).rmse
        for question in QUESTIONS:
            expected = calibration(predicted, votes, columns_of(question.number))
            assert pd.DataFrame(vars(found["calibration"][question.number])).to_numpy() == pytest.approx(
                expected.to_numpy(), abs=1e-5
            )

    def test_counts_every_galaxy_by_its_importance_weight(self, few, monkeypatch):
        predicted, votes = few
        weights = np.where(np.arange(60) < 40, 4.0, 1.0)
        for fit in ("fit_interval_model", "cross_coverage"):  # which test_intervals.py tests with weights
            monkeypatch.setattr(evaluate, fit, lambda *given: given)
        found = evaluate_hold_out({8: predicted}, votes, weights)
        for given in (found["interval_models"][8], found["hold_out"].interval_coverage):
            assert list(map(id, given)) == list(map(id, (predicted, votes, weights)))
        assert found["hold_out"].rmse == score(predicted, votes, weights=weights).rmse
        assert found["hold_out"].rmse != score(predicted, votes).rmse

    def test_of_few_galaxies_has_no_intervals(self, predicted, votes):
        found = evaluate_hold_out({8: predicted[:19]}, votes[:19])
        assert (found["hold_out"].interval_coverage, found["interval_models"]) == (None, {})
        assert evaluate_hold_out({8: predicted[:20]}, votes[:20])["interval_models"][8].galaxies == 20


class TestValidation:
    def test_spot_checks_the_first_sixty_ids_as_text(self, predictions, votes):
        validation = evaluate_validation(predictions, votes, None, None)
        chosen = sorted(predictions.fractions.index)[:SPOT_CHECK]
        assert chosen[0] == "100"
        rows = predictions.fractions.index.get_indexer(chosen)
        expected = score(predictions.fractions.loc[chosen].to_numpy(), votes[rows]).rmse
        assert validation.spot_check.rmse == pytest.approx(expected)
        assert validation.spot_check.galaxies == SPOT_CHECK
        assert validation.interval_coverage is None

    def test_has_the_errors_of_the_training_mean(self, predictions, predicted, votes):
        mean = votes.mean(axis=0)
        validation = evaluate_validation(predictions, votes, mean.tolist(), None)
        assert validation.mean_rmse_by_question == score(predicted, votes, mean).mean_rmse_by_question

    def test_has_standard_errors_and_the_metrics_by_answer(self, predictions, predicted, votes):
        validation = evaluate_validation(predictions, votes, None, None)
        assert validation.rmse_standard_error == score(predicted, votes, standard_errors=True).rmse_standard_error
        assert validation.answers == plain_answers(score_answers(predicted, votes))

    def test_has_the_coverage_of_the_interval_model(self, predictions, predicted, votes):
        interval_model = fit_interval_model(predicted, votes)
        validation = evaluate_validation(predictions, votes, None, interval_model)
        ends = interval_model.intervals(predicted)
        assert validation.interval_coverage == coverage(ends[:, 0], ends[:, 1], votes)
        assert validation.interval_coverage.all == pytest.approx(LEVEL, abs=0.03)


def test_a_training_and_update_card_write_the_same_evaluation(kaggle_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(evaluate, "MIN_GALAXIES", 2)
    monkeypatch.setattr(evaluate, "MEASURED_VIEWS", (1, 8))  # each is a fit in every one of four evaluations
    checkpoint = tmp_path / "run" / "model.pt"
    flags = ["--data", kaggle_folder, "--cache", tmp_path / "cache", "--device", "cpu", "--validate"]
    train = [str(part) for part in (*flags, *TINY_FLAGS, "--epochs", "1", "--work", tmp_path / "run")]
    assert cli.main(train) == 0
    card = read_card(checkpoint)
    assert card.hold_out.galaxies == card.interval_models[1].galaxies == 2
    assert card.validation.spot_check.rmse == pytest.approx(card.validation.rmse)  # there are three
    assert list(card.interval_models) == list(card.interval_checks) == [1, 8]
    validation = open_catalogue(kaggle_folder).subset(["200001", "200002", "200003"])
    pictures = [validation.picture(galaxy) for galaxy in validation.ids]
    _, ends = predict(load(checkpoint), pictures)
    assert card.validation.interval_coverage == coverage(ends[:, 0], ends[:, 1], validation.volunteer_fractions)
    assert card.interval_checks[8]["fractions"]["all"]["votes"] == 3 * len(COLUMNS)
    checkpoint.unlink()
    assert cli.main([*train, "--resume"]) == 0
    assert read_card(checkpoint) == card

    update = [str(part) for part in (*flags, "--update-card", checkpoint)]
    assert cli.main([part for part in update if part != "--validate"]) == 0
    without = read_card(checkpoint)  # those of interval models that the card no longer holds
    assert (without.validation.interval_coverage, without.interval_checks) == (None, {})
    assert cli.main(update) == 0
    assert read_card(checkpoint) == card

"""Tests of `galaxy_explorer.training.model_card.intervals`: what cards say of the hold-out."""

import json

import numpy as np
import pandas as pd
import pytest
from tiny_training import TINY, in_one_thread

from galaxy_explorer.catalogue import open_catalogue
from galaxy_explorer.decision_tree import COLUMNS, QUESTIONS, columns_of
from galaxy_explorer.evaluation.intervals import LEVEL, coverage, coverage_in_halves, fit_error_model, spread_of
from galaxy_explorer.evaluation.metrics import calibration, score
from galaxy_explorer.models.checkpoints import load, read_card, save
from galaxy_explorer.models.networks import build
from galaxy_explorer.prediction import Predictions, predict
from galaxy_explorer.training import cli
from galaxy_explorer.training.model_card import intervals
from galaxy_explorer.training.model_card.calibration_plot import calibration_picture
from galaxy_explorer.training.model_card.card import cards_in_markdown, write_cards

GALAXIES = 600


@pytest.fixture(autouse=True)
def one_thread():
    yield from in_one_thread()


@pytest.fixture(scope="module")
def volunteers(random_fractions):
    return random_fractions(GALAXIES, seed=1)


@pytest.fixture(scope="module")
def predictions(volunteers):
    """Predictions around the votes, for galaxies whose ids are not in their order as text."""
    random = np.random.default_rng(3)
    predicted = np.clip(volunteers + 0.3 * volunteers * random.standard_normal(volunteers.shape), 0, 1)
    ids = pd.Index([str(number) for number in range(90, 90 + GALAXIES)], name="GalaxyID")
    view_spread = 0.1 * predicted
    tables = (pd.DataFrame(table.astype(np.float32), ids, list(COLUMNS)) for table in (predicted, view_spread))
    return Predictions(*tables, {})


@pytest.fixture
def network():
    return build("fcn", **TINY.model_arguments()).eval().requires_grad_(False)


@pytest.fixture
def card():
    preprocessing = {"image_size": 32, "crop": 0.8, "mean": [0.1] * 3, "std": [0.2] * 3}
    return {"model": "fcn", "arguments": TINY.model_arguments(), "columns": list(COLUMNS), **preprocessing}


class TestCards:
    def test_keep_uncertainty_calibration_and_coverage(self, card, network, predictions, volunteers, tmp_path):
        intervals.add_uncertainty(card, {8: predictions}, volunteers)
        save(tmp_path / "a.pt", network, card)
        kept = read_card(tmp_path / "a.pt")
        assert kept == card == json.loads(json.dumps(card))
        fractions, over_views = (table.to_numpy(float) for table in (predictions.fractions, predictions.spread))
        assert kept["error_models"]["8"] == fit_error_model(fractions, over_views, volunteers)
        assert kept["hold_out"]["coverage"] == coverage_in_halves(fractions, over_views, volunteers)
        assert kept["hold_out"]["galaxies"] == GALAXIES
        for question in QUESTIONS:
            expected = calibration(fractions, volunteers, columns_of(question.number))
            assert pd.DataFrame(kept["calibration"][str(question.number)]).to_numpy() == pytest.approx(
                expected.to_numpy(), abs=1e-5
            )

    def test_count_every_galaxy_by_its_weight(self, card, predictions, volunteers):
        weights = np.where(np.arange(GALAXIES) < 200, 4.0, 1.0)
        intervals.add_uncertainty(card, {8: predictions}, volunteers, weights)
        tables = [table.to_numpy(float) for table in (predictions.fractions, predictions.spread)]
        assert card["error_models"]["8"] == fit_error_model(*tables, volunteers, weights)
        assert card["error_models"]["8"] != fit_error_model(*tables, volunteers)
        assert card["hold_out"]["coverage"] == coverage_in_halves(*tables, volunteers, weights)
        assert card["hold_out"]["rmse"] == score(tables[0], volunteers, weights=weights).rmse
        assert card["hold_out"]["rmse"] != score(tables[0], volunteers).rmse

    def test_have_the_figures_of_the_most_views_and_an_error_model_of_each_number(self, card, predictions, volunteers):
        one_view = Predictions(predictions.fractions * 0.9, predictions.spread * 0, {})
        intervals.add_uncertainty(card, {8: predictions, 1: one_view}, volunteers)
        assert (card["hold_out"]["views"], list(card["error_models"])) == (8, ["1", "8"])
        assert card["hold_out"]["rmse"] == score(predictions.fractions.to_numpy(float), volunteers).rmse
        one = [table.to_numpy(float) for table in (one_view.fractions, one_view.spread)]
        assert card["error_models"]["1"] == fit_error_model(*one, volunteers)
        card["validation"] = {"views": 2}
        intervals.add_to_validation(card, one_view, volunteers)
        expected = coverage(one[0], spread_of(*one, card["error_models"]["1"]), volunteers)
        assert card["validation"]["coverage"] == expected

    def test_spot_check_the_first_sixty_ids_as_text(self, card, predictions, volunteers):
        card["validation"] = {"views": 8}
        intervals.add_to_validation(card, predictions, volunteers)
        chosen = sorted(predictions.fractions.index)[: intervals.SPOT_CHECK]
        assert chosen[0] == "100"
        rows = predictions.fractions.index.get_indexer(chosen)
        expected = score(predictions.fractions.loc[chosen].to_numpy(), volunteers[rows]).rmse
        assert card["validation"]["spot_check"]["rmse"] == pytest.approx(expected)
        assert card["validation"]["spot_check"]["galaxies"] == intervals.SPOT_CHECK
        assert "coverage" not in card["validation"]

    def test_hold_the_coverage_of_the_validation_galaxies(self, card, predictions, volunteers):
        card["validation"] = {"views": 8}
        intervals.add_uncertainty(card, {8: predictions}, volunteers)
        intervals.add_to_validation(card, predictions, volunteers)
        assert card["validation"]["coverage"]["all"] == pytest.approx(LEVEL, abs=0.015)

    def test_show_the_calibration_on_their_page(self, card, network, predictions, volunteers, tmp_path):
        save(tmp_path / "old.pt", network, card)
        intervals.add_uncertainty(card, {8: predictions}, volunteers)
        save(tmp_path / "new.pt", network, card)
        (tmp_path / "README.md").write_text("# Weights\n")
        write_cards(tmp_path)
        page = (tmp_path / "README.md").read_text(encoding="utf-8")
        assert page == cards_in_markdown(tmp_path)
        assert "(calibration-new.svg)" in page
        assert "calibration-old.svg" not in page
        assert f"holds {card['hold_out']['coverage']['all']:.1%} of the hold-out's" in page
        drawn = (tmp_path / "calibration-new.svg").read_text(encoding="utf-8")
        assert drawn == calibration_picture(card["calibration"], "new")
        assert not (tmp_path / "calibration-old.svg").exists()


class TestTraining:
    def test_puts_the_uncertainty_of_the_hold_out_on_the_card_also_of_a_finished_run(self, kaggle_folder, tmp_path):
        flags = ["--data", kaggle_folder, "--cache", tmp_path / "cache", "--device", "cpu", "--validate"]
        sizes = ["--model", "fcn", "--size", "32", "--widths", "8", "8", "8", "--batch-size", "4", "--hold-out", "2"]
        run = [str(part) for part in (*flags, *sizes, "--epochs", "1", "--work", tmp_path / "run")]
        assert cli.main(run) == 0
        card = read_card(tmp_path / "run" / "model.pt")
        assert card["hold_out"]["galaxies"] == card["error_models"]["1"]["galaxies"] == 2
        assert card["validation"]["spot_check"]["rmse"] == pytest.approx(card["validation"]["rmse"])  # there are three
        assert list(card["error_models"]) == ["1", "2", "4", "8"]
        network, _ = load(tmp_path / "run" / "model.pt")
        validation = open_catalogue(kaggle_folder).subset(["200001", "200002", "200003"])
        fractions, spread = predict(network, card, [validation.picture(galaxy) for galaxy in validation.ids])
        assert card["validation"]["coverage"] == coverage(fractions, spread, validation.volunteer_fractions)
        (tmp_path / "run" / "model.pt").unlink()
        assert cli.main([*run, "--resume"]) == 0
        assert read_card(tmp_path / "run" / "model.pt") == card

        again = [str(part) for part in (*flags, "--update-card", tmp_path / "run" / "model.pt")]
        assert cli.main([part for part in again if part != "--validate"]) == 0
        found = read_card(tmp_path / "run" / "model.pt")
        assert found["validation"].pop("coverage", None) is None  # of error models that the card no longer holds
        assert cli.main(again) == 0
        assert read_card(tmp_path / "run" / "model.pt") == card

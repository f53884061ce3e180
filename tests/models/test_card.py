"""Model cards: plain types in the file, entries of earlier versions, typed records."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_prediction import tiny_card, tiny_interval_model, tiny_model

from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.evaluation.intervals import Coverage, IntervalModel
from galaxy_explorer.evaluation.out_of_distribution import OODReference
from galaxy_explorer.images import for_prediction
from galaxy_explorer.models import Card
from galaxy_explorer.models.card import CalibrationBins, HoldOut, SpotCheck, Validation
from galaxy_explorer.models.checkpoints import available

COVERAGE = {"all": 0.67, "by_question": {"1": 0.68, "11": 0.66}}
SCORE = {"galaxies": 600, "rmse": 0.08, "rmse_by_question": {"1": 0.1}, "mean_rmse": 0.16}
MODEL = {"level": 0.68, "galaxies": 800, "knots": [0.1, 0.5], "errors": {name: [0.1, 0.2] for name in COLUMNS}}
REFERENCE = {"quantile": 0.99, "threshold": 22.0, "mean": [0.2, 0.3], "variances": [2.3]}
# The entries that were renamed, as the first version wrote them.
EARLIER = {
    "learnt": "AAAA",  # wording: quote
    "never_seen": 600,
    "unscored_galaxies": 4,
    "head": "tree",
    "familiarity": REFERENCE  # wording: quote
    | {"galaxies": 3717, "held_out": 800, "axes": [[0.6, 0.8]], "rest": 0.005},
    "hold_out": {"galaxies": 800, "views": 8, "rmse": 0.0816, "coverage": COVERAGE},
    "validation": SCORE
    | {"mean_rmse_by_question": {"1": 0.2}, "views": 8, "coverage": COVERAGE}
    | {"spot_check": {"galaxies": 60, "rule": "the first 60", "rmse": 0.082}},
    "error_models": {"1": MODEL, "8": MODEL},  # of intervals with one half-width
    "calibration": {"7": {"lower": [0.0], "upper": [0.1], "predicted": [0.02], "voted": [0.03], "count": [9]}},
}


def test_entries_of_the_first_version_are_read_under_their_present_names():
    card = Card.from_dict(tiny_card().to_dict() | EARLIER)
    assert (card.training_fingerprint, card.excluded_galaxies, card.unlabeled_galaxies) == ("AAAA", 600, 4)
    assert card.ood_reference == OODReference(3717, 800, 0.99, 22.0, [0.2, 0.3], [[0.6, 0.8]], [2.3], 0.005)
    assert card.hold_out == HoldOut(800, 8, 0.0816)
    spot_check = SpotCheck(60, "the first 60", 0.082)
    assert card.validation == Validation(600, 0.08, {1: 0.1}, 0.16, {1: 0.2}, tta_views=8, spot_check=spot_check)
    assert card.interval_model(8) is None
    assert card.calibration == {7: CalibrationBins([0.0], [0.1], [0.02], [0.03], [9])}
    assert card.extra == {"head": "tree"}


def test_a_card_is_plain_and_survives_its_file():
    present = {"interval_models": {1: tiny_interval_model()}, "vote_noise": {1: 0.05}}
    present |= {"interval_checks": {8: {"shares": {"all": {"votes": 9}}}}}
    present |= {"hold_out": HoldOut(800, 8, 0.0816, Coverage(0.67, {1: 0.68, 11: 0.66}))}
    card = Card.from_dict(
        tiny_card().to_dict() | EARLIER | tiny_card(**present).to_dict() | {"made_by": {"name": "somewhere else"}}
    )
    assert card.interval_model(1) == tiny_interval_model()
    entries = json.loads(json.dumps(card.to_dict()))
    assert Card.from_dict(entries) == card
    assert entries["made_by"] == {"name": "somewhere else"}
    assert "learnt" not in entries  # wording: quote
    assert "note" not in entries  # an entry without a value


def test_the_bundled_cards_are_read_completely():
    for path in available().values():
        stored = torch.load(path, weights_only=True)["card"]
        card = Card.from_dict(stored)
        assert set(card.extra) <= {"head", "error_model"}  # of earlier versions, without use
        assert card.validation.rmse == stored["validation"]["rmse"]
        assert card.hold_out.interval_coverage.all == stored["hold_out"]["interval_coverage"]["all"]
        assert card.training_fingerprint == (stored.get("training_fingerprint") or stored["learnt"])  # wording: quote
        assert card.ood_reference.hold_out_galaxies == 800


def test_numbers_of_numpy_become_plain_and_other_types_are_an_error():
    entries = tiny_card(training_mean=np.full(37, 0.25), extra={"rmse": {"all": [np.float64(0.5)]}}).to_dict()
    assert entries["training_mean"] == [0.25] * 37
    assert type(entries["rmse"]["all"][0]) is float
    with pytest.raises(TypeError, match="a model card cannot hold a PosixPath"):
        tiny_card(note=Path("weights")).to_dict()


def test_inputs_are_preprocessed_by_the_card(picture):
    model = tiny_model()
    expected = for_prediction(picture, size=32, crop=0.8, mean=model.card.mean, std=model.card.std, field=0.9)
    assert np.array_equal(model.inputs(picture, 0.9), expected)


def test_the_interval_model_is_that_of_as_many_views_or_of_the_next_fewer():
    models = {views: IntervalModel(galaxies=views) for views in (2, 8)}
    card = replace(tiny_card(), interval_models=models)
    assert [card.interval_model(views).galaxies for views in (1, 2, 7, 8)] == [2, 2, 2, 8]
    assert tiny_card().interval_model(8) is None

"""The bundled models have the figures on their cards."""

import json

import numpy as np
import pytest
import torch

from galaxy_explorer.catalogue import open_catalogue, read_ids
from galaxy_explorer.decision_tree import COLUMNS, QUESTIONS
from galaxy_explorer.evaluation.intervals import MEASURED_VIEWS, coverage
from galaxy_explorer.evaluation.metrics import score
from galaxy_explorer.evaluation.out_of_distribution import QUANTILE
from galaxy_explorer.models.checkpoints import WEIGHTS, available, load, read_card
from galaxy_explorer.prediction import PredictOptions, embed, ood_score, predict_catalogue
from galaxy_explorer.similarity import placement_of
from galaxy_explorer.training import TrainingError
from galaxy_explorer.training.distillation.leakage import check_no_leakage
from galaxy_explorer.training.model_card.calibration_plot import calibration_plot
from galaxy_explorer.training.model_card.evaluate import SPOT_CHECK, spot_check_ids

MEGABYTES = 16
CARD_KILOBYTES = 300  # as JSON; cards are read often, half of one is its intervals

shipped = pytest.mark.parametrize("name", available())


@shipped
def test_bundled_checkpoints_are_small(name):
    assert available()[name].stat().st_size <= MEGABYTES * 2**20


@pytest.fixture
def sixty(shared_data):
    """The first sixty galaxies of the validation set, as the spot check on the cards."""
    ids = spot_check_ids(read_ids(shared_data / "kaggle" / "validation.txt"))
    return open_catalogue(shared_data / "kaggle").subset(ids)


@shipped
def test_the_spot_check_on_the_card_is_measured_again(name, sixty):
    model = load(name)
    validation = model.card.validation
    predicted = predict_catalogue(model, sixty, PredictOptions(validation.tta_views))
    assert not predicted.failures
    assert len(sixty) == validation.spot_check.galaxies == SPOT_CHECK
    rmse = score(predicted.fractions.to_numpy(), sixty.volunteer_fractions).rmse
    assert rmse == pytest.approx(validation.spot_check.rmse, abs=0.001)


@shipped
def test_the_intervals_on_the_card_have_their_coverage(name):
    card = read_card(available()[name])
    assert list(card.interval_models) == list(card.interval_checks) == list(MEASURED_VIEWS)
    assert all(list(model.shares.upper) == list(COLUMNS) for model in card.interval_models.values())
    for evaluation in (card.hold_out, card.validation):
        assert 0.75 <= evaluation.interval_coverage.all <= 0.85  # more than 68 %, as most votes are 0
        assert len(evaluation.interval_coverage.by_question) == len(QUESTIONS)


@shipped
def test_each_end_of_the_intervals_on_the_card_has_its_nominal_part_of_the_votes(name):
    for checks in read_card(available()[name]).interval_checks.values():
        for figures in (checks["fractions"]["all"], checks["shares"]["all"]):
            assert figures["upper_inside"] == pytest.approx(0.84, abs=0.03)
            assert figures["lower_above_0"] == pytest.approx(0.16, abs=0.03)
            assert max(figures["upper_change"], figures["lower_change"]) < 0.015


@pytest.mark.parametrize(("name", "views"), [("fcn", 1), ("fcn", 3), ("fcn", 8), ("densenet", 3)])  # the last is slow
def test_intervals_have_their_nominal_coverage_for_any_number_of_views(name, views, sixty):
    predicted = predict_catalogue(load(name), sixty, PredictOptions(views))
    votes, lower, upper = sixty.volunteer_fractions, predicted.lower.to_numpy(), predicted.upper.to_numpy()
    assert 0.74 <= coverage(lower, upper, votes).all <= 0.86
    assert (votes <= upper)[upper > 0].mean() == pytest.approx(0.84, abs=0.05)
    assert (votes < lower)[lower > 0].mean() == pytest.approx(0.16, abs=0.05)


@shipped
def test_the_card_has_the_fingerprint_of_its_training_set(name, shared_data):
    card = read_card(available()[name])
    validation = read_ids(shared_data / "kaggle" / "validation.txt")
    check_no_leakage(name, card.training_fingerprint, validation)
    others = [galaxy for galaxy in open_catalogue(shared_data / "kaggle").ids if galaxy not in set(validation)]
    with pytest.raises(TrainingError, match=f"was trained on {card.training_galaxies - card.unlabeled_galaxies} of"):
        check_no_leakage(name, card.training_fingerprint, others)


@shipped
def test_the_calibration_plot_is_that_of_the_card(name):
    bins = read_card(available()[name]).calibration
    assert (WEIGHTS / f"calibration-{name}.svg").read_text(encoding="utf-8") == calibration_plot(bins, name)
    assert all(sum(one.count) > 0 for one in bins.values())


def other_pictures():
    """Images of other things than galaxies, by name."""
    random = np.random.default_rng(0)
    rows, columns = np.mgrid[:424, :424]
    text = np.full((424, 424), 255)
    text[(rows % 20 < 9) & (columns % 12 < 2 + rows // 20 % 7)] = 0  # strokes in lines
    face = np.where(np.hypot((rows - 212) / 1.4, columns - 212) < 110, 200, 100)
    for x, y, radius, grey in (
        (170, 172, 16, 255),
        (254, 172, 16, 255),
        (170, 172, 7, 0),
        (254, 172, 7, 0),
        (212, 280, 25, 40),
    ):
        face[np.hypot(columns - x, rows - y) < radius] = grey
    flat = {"text": text, "face": face, "gradient": columns * 255 // 423}
    made = {name: np.repeat(values[..., np.newaxis], 3, axis=2).astype(np.uint8) for name, values in flat.items()}
    made["noise"] = random.integers(0, 256, (424, 424, 3), dtype=np.uint8)
    made["blocks"] = np.kron(random.integers(0, 256, (8, 8, 3)), np.ones((53, 53, 1))).astype(np.uint8)
    made["inverted galaxy"] = 255 - open_catalogue("sample").picture("100023")
    return made


@shipped
def test_images_of_other_things_are_out_of_distribution_and_the_sample_is_not(name, sample):
    model, others = load(name), other_pictures()
    scores = ood_score(model, list(others.values()))
    assert dict(zip(others, scores > 1, strict=True)) == dict.fromkeys(others, True)
    assert (ood_score(model, [sample.picture(galaxy) for galaxy in sample.ids]) <= 1).all()


@shipped
def test_few_unseen_galaxies_are_out_of_distribution(name, sixty):
    model = load(name)
    assert model.card.ood_reference.quantile == QUANTILE
    scores = ood_score(model, [sixty.picture(galaxy) for galaxy in sixty.ids])
    assert (scores > 1).sum() <= 4  # of 60, where 0.6 are expected


@shipped
def test_every_galaxy_has_its_place_on_the_map(name, sample):
    placement, model = placement_of(name), load(name)
    figures = model.placement["figures"]
    assert figures["placement"] > 2 * figures["pca"]
    inputs = torch.from_numpy(np.stack([model.inputs(sample.picture(galaxy)) for galaxy in sample.ids]))
    places = placement.place(embed(model, inputs))
    assert ((places >= 0) & (places <= 1)).all()
    assert len(np.unique(places.round(2), axis=0)) == len(sample)
    layers = [values for layer in model.placement["layers"] for values in layer.values()]
    assert 2 * sum(values.size for values in layers) < 300_000  # bytes of the file


@shipped
def test_cards_stay_small(name):
    assert len(json.dumps(read_card(available()[name]).to_dict())) <= CARD_KILOBYTES * 1000

"""The weights that ship do what their cards say."""

import json

import numpy as np
import pytest

from galaxy_explorer.catalogue import open_catalogue, read_ids
from galaxy_explorer.decision_tree import COLUMNS, QUESTIONS
from galaxy_explorer.evaluation.intervals import MEASURED_VIEWS, coverage
from galaxy_explorer.evaluation.metrics import score
from galaxy_explorer.evaluation.out_of_distribution import QUANTILE
from galaxy_explorer.models.checkpoints import WEIGHTS, available, load, read_card
from galaxy_explorer.prediction import PredictOptions, ood_score, predict_catalogue
from galaxy_explorer.training import TrainingError
from galaxy_explorer.training.distillation.leakage import check_no_leakage
from galaxy_explorer.training.model_card.calibration_plot import calibration_picture
from galaxy_explorer.training.model_card.intervals import SPOT_CHECK, spot_check_ids

MEGABYTES = 16
CARD_KILOBYTES = 150  # cards are read often

shipped = pytest.mark.parametrize("name", available())


@shipped
def test_shipped_weights_are_small(name):
    assert available()[name].stat().st_size <= MEGABYTES * 2**20


@shipped
def test_the_card_s_rmse_is_measured_again_on_sixty_galaxies(name, shared_data):
    network, card = load(name)
    noted = card["validation"]["spot_check"]
    galaxies = open_catalogue(shared_data / "kaggle").subset(
        spot_check_ids(read_ids(shared_data / "kaggle" / "validation.txt"))
    )
    predicted = predict_catalogue(network, card, galaxies, PredictOptions(card["validation"]["views"]))
    assert not predicted.failures
    assert len(galaxies) == noted["galaxies"] == SPOT_CHECK
    found = score(predicted.fractions.to_numpy(), galaxies.volunteer_fractions).rmse
    assert found == pytest.approx(noted["rmse"], abs=0.001)


@shipped
def test_the_card_s_intervals_hold_what_they_promise(name):
    card = read_card(available()[name])
    assert list(card["error_models"]) == [str(views) for views in MEASURED_VIEWS]
    assert all(list(model["errors"]) == list(COLUMNS) for model in card["error_models"].values())
    for part in ("hold_out", "validation"):
        assert 0.60 <= card[part]["coverage"]["all"] <= 0.76
        assert len(card[part]["coverage"]["by_question"]) == len(QUESTIONS)


@shipped
@pytest.mark.parametrize("views", [1, 3, 8])
def test_intervals_hold_the_votes_of_sixty_galaxies_however_many_views_are_averaged(name, views, shared_data):
    network, card = load(name)
    galaxies = open_catalogue(shared_data / "kaggle").subset(
        spot_check_ids(read_ids(shared_data / "kaggle" / "validation.txt"))
    )
    predicted = predict_catalogue(network, card, galaxies, PredictOptions(views))
    found = coverage(predicted.fractions, predicted.spread, galaxies.volunteer_fractions)
    assert 0.60 <= found["all"] <= 0.76


@shipped
def test_the_card_says_what_was_learnt_from(name, shared_data):
    card = read_card(available()[name])
    validation = read_ids(shared_data / "kaggle" / "validation.txt")
    check_no_leakage(name, card["learnt"], validation)
    others = [galaxy for galaxy in open_catalogue(shared_data / "kaggle").ids if galaxy not in set(validation)]
    with pytest.raises(
        TrainingError, match=f"was trained on {card['training_galaxies'] - card.get('unscored_galaxies', 0)} of"
    ):
        check_no_leakage(name, card["learnt"], others)


@shipped
def test_the_card_s_calibration_is_the_picture_beside_it(name):
    card = read_card(available()[name])
    drawn = (WEIGHTS / f"calibration-{name}.svg").read_text(encoding="utf-8")
    assert drawn == calibration_picture(card["calibration"], name)
    for bins in card["calibration"].values():
        assert np.sum(bins["count"]) > 0


def other_pictures():
    """Pictures of other things than galaxies, by name."""
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
def test_pictures_of_other_things_are_strange_and_the_sample_is_not(name, sample):
    network, card = load(name)
    others = other_pictures()
    found = ood_score(network, card, list(others.values()))
    assert dict(zip(others, found > 1, strict=True)) == dict.fromkeys(others, True)
    assert (ood_score(network, card, [sample.picture(galaxy) for galaxy in sample.ids]) <= 1).all()


@shipped
def test_few_galaxies_that_were_never_seen_are_strange(name, shared_data):
    network, card = load(name)
    galaxies = open_catalogue(shared_data / "kaggle").subset(
        spot_check_ids(read_ids(shared_data / "kaggle" / "validation.txt"))
    )
    assert card["familiarity"]["quantile"] == QUANTILE
    strange = ood_score(network, card, [galaxies.picture(galaxy) for galaxy in galaxies.ids]) > 1
    assert strange.sum() <= 4  # of 60, where 0.6 are expected


@shipped
def test_cards_stay_small(name):
    assert len(json.dumps(read_card(available()[name]))) <= CARD_KILOBYTES * 1000

"""The weights that ship do what their cards say."""

import numpy as np
import pytest

from galaxy_explorer.catalogue import open_catalogue, read_ids
from galaxy_explorer.checkpoints import WEIGHTS, available, load, read_card
from galaxy_explorer.comparison import score
from galaxy_explorer.decision_tree import COLUMNS, QUESTIONS
from galaxy_explorer.prediction import predict_catalogue
from galaxy_explorer.training.uncertainty import SPOT_CHECK, calibration_picture, spot_check_ids

MEGABYTES = 16

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
    predicted = predict_catalogue(network, card, galaxies, views=card["validation"]["views"])
    assert not predicted.failures
    assert len(galaxies) == noted["galaxies"] == SPOT_CHECK
    found = score(predicted.fractions.to_numpy(), galaxies.volunteer_fractions).rmse
    assert found == pytest.approx(noted["rmse"], abs=0.001)


@shipped
def test_the_card_s_intervals_hold_what_they_promise(name):
    card = read_card(available()[name])
    assert list(card["error_model"]["errors"]) == list(COLUMNS)
    for part in ("hold_out", "validation"):
        assert 0.60 <= card[part]["coverage"]["all"] <= 0.76
        assert len(card[part]["coverage"]["by_question"]) == len(QUESTIONS)


@shipped
def test_the_card_s_calibration_is_the_picture_beside_it(name):
    card = read_card(available()[name])
    drawn = (WEIGHTS / f"calibration-{name}.svg").read_text(encoding="utf-8")
    assert drawn == calibration_picture(card["calibration"], name)
    for bins in card["calibration"].values():
        assert np.sum(bins["count"]) > 0

"""Model card of a finished run."""

import pytest
from tiny_training import TINY

from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.models import Model, build
from galaxy_explorer.models.checkpoints import read_card, save
from galaxy_explorer.training.distillation.leakage import training_fingerprint
from galaxy_explorer.training.model_card.card import make_card

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def card(trained):
    return make_card(trained(), data="drawn", command="python train.py --size 32")


def test_has_the_run(card, galaxies):
    assert card.columns == list(COLUMNS)
    assert (card.training_galaxies, card.hold_out_galaxies, card.epochs) == (9, 3, 3)
    assert card.recipe == TINY.as_dict()
    assert build(card.model, **card.arguments)
    assert "CPU" in card.hardware
    assert card.training_fingerprint == training_fingerprint(galaxies.training_ids)


def test_is_plain_and_survives_its_file(card, tmp_path):
    save(tmp_path / "a.pt", Model(build("fcn", **TINY.model_arguments()), card))
    assert read_card(tmp_path / "a.pt") == card

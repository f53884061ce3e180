"""What a card says of the pictures that were learnt from: after a training, and added to finished weights."""

import numpy as np
import pytest
import torch
from tiny_training import TINY_FLAGS

from galaxy_explorer.catalogue import open_catalogue
from galaxy_explorer.evaluation import out_of_distribution
from galaxy_explorer.models.checkpoints import load, read_card, save
from galaxy_explorer.prediction import ood_score, prediction_key
from galaxy_explorer.training import cli
from galaxy_explorer.training.model_card.card import cards_in_markdown

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def flags(kaggle_folder, tmp_path, weights):
    places = ["--data", kaggle_folder, "--cache", tmp_path / "cache", "--device", "cpu", "--work", tmp_path / "run"]
    return [str(part) for part in (*places, *TINY_FLAGS, "--epochs", "1", "--out", weights)]


@pytest.fixture
def weights(tmp_path):
    return tmp_path / "weights" / "tiny.pt"


@pytest.fixture
def few_are_enough(monkeypatch):
    monkeypatch.setattr(out_of_distribution, "LEAST_HELD_OUT", 2)
    monkeypatch.setattr(out_of_distribution, "LEAST_PER_NUMBER", 1)


@pytest.mark.usefixtures("few_are_enough")
def test_a_training_describes_what_it_learnt_and_remeasuring_says_the_same(
    flags, weights, kaggle_folder, tmp_path, capsys
):
    assert cli.main(flags) == 0
    network, card = load(weights)
    described = card["familiarity"]
    assert (described["galaxies"], described["held_out"], len(described["mean"])) == (9, 2, 8)
    assert "than 99% of the 2 held out" in cards_in_markdown(weights.parent)

    # Pictures read anew lie where the decoded ones of the training do.
    catalogue = open_catalogue(kaggle_folder)
    ids = [galaxy for galaxy in catalogue.ids if galaxy.startswith("2")]
    distances = ood_score(network, card, [catalogue.picture(galaxy) for galaxy in ids])
    assert distances is not None
    assert np.isclose(distances, 1, atol=0.05).any()

    key, tensors = prediction_key(network, card, 8), torch.load(weights, weights_only=True)["weights"]
    del card["familiarity"]
    save(weights, network, card)
    assert ood_score(network, card, [catalogue.picture(ids[0])]) is None
    assert cli.main([*flags[:6], "--update-card", str(weights)]) == 0
    assert f"wrote {weights}" in capsys.readouterr().err
    assert read_card(weights)["familiarity"] == described
    assert prediction_key(*load(weights), 8) == key  # what was predicted before still counts
    for name, value in torch.load(weights, weights_only=True)["weights"].items():
        assert torch.equal(value, tensors[name])


def test_too_few_galaxies_leave_a_card_without(flags, weights, capsys):
    assert cli.main(flags) == 0
    assert "familiarity" not in read_card(weights)
    assert cli.main([*flags[:6], "--update-card", str(weights)]) == 0
    assert "too few galaxies for an out-of-distribution reference" in capsys.readouterr().err


def test_remeasuring_on_other_galaxies_is_refused(flags, weights, kaggle_folder, capsys):
    assert cli.main(flags) == 0
    (kaggle_folder / "validation.txt").write_text("200001\n")
    assert cli.main([*flags[:6], "--update-card", str(weights)]) == 2
    assert "was trained on other galaxies than those in" in capsys.readouterr().err

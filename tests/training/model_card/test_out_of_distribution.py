"""Out-of-distribution reference: after a training, and added to a finished checkpoint."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_training import TINY_FLAGS

from galaxy_explorer.catalogue import open_catalogue
from galaxy_explorer.evaluation import out_of_distribution
from galaxy_explorer.models.checkpoints import load, read_card, save
from galaxy_explorer.prediction import ood_score
from galaxy_explorer.training import cli
from galaxy_explorer.training.model_card.page import cards_in_markdown

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def checkpoint(tmp_path):
    return tmp_path / "weights" / "tiny.pt"


@pytest.fixture
def data(kaggle_folder, tmp_path):
    return ["--data", str(kaggle_folder), "--cache", str(tmp_path / "cache"), "--device", "cpu"]


@pytest.fixture
def train(data, tmp_path, checkpoint):
    return [*data, "--work", str(tmp_path / "run"), *TINY_FLAGS, "--epochs", "1", "--out", str(checkpoint)]


@pytest.fixture
def few_are_enough(monkeypatch):
    monkeypatch.setattr(out_of_distribution, "MIN_HOLD_OUT", 2)
    monkeypatch.setattr(out_of_distribution, "MIN_PER_FEATURE", 1)


@pytest.mark.usefixtures("few_are_enough")
def test_a_training_and_update_card_fit_the_same_reference(train, data, checkpoint, kaggle_folder, capsys):
    assert cli.main(train) == 0
    model = load(checkpoint)
    reference = model.card.ood_reference
    assert (reference.training_galaxies, reference.hold_out_galaxies, len(reference.mean)) == (9, 2, 8)
    page = cards_in_markdown(checkpoint.parent)
    assert "OOD threshold: 99th percentile of the hold-out's Mahalanobis distance (4 principal components" in page

    # Pictures that are decoded again lie where those of the training set do.
    catalogue = open_catalogue(kaggle_folder)
    pictures = [catalogue.picture(galaxy) for galaxy in catalogue.ids if galaxy.startswith("2")]
    assert np.isclose(ood_score(model, pictures), 1, atol=0.05).any()

    tensors = torch.load(checkpoint, weights_only=True)["weights"]
    bare = replace(model, card=replace(model.card, ood_reference=None))
    save(checkpoint, bare)
    assert ood_score(bare, pictures[:1]) is None
    assert cli.main([*data, "--update-card", str(checkpoint)]) == 0
    assert f"wrote {checkpoint}" in capsys.readouterr().err
    assert read_card(checkpoint).ood_reference == reference
    assert load(checkpoint).key() == model.key()  # cached predictions stay valid
    for name, value in torch.load(checkpoint, weights_only=True)["weights"].items():
        assert torch.equal(value, tensors[name])


@pytest.mark.parametrize(("difference", "status"), [(1e-5, 0), (1e-3, 2)])
def test_update_card_compares_means_up_to_the_change_of_a_resize(train, data, checkpoint, difference, status):
    assert cli.main(train) == 0
    model = load(checkpoint)
    save(checkpoint, replace(model, card=replace(model.card, mean=[value + difference for value in model.card.mean])))
    assert cli.main([*data, "--update-card", str(checkpoint)]) == status


def test_too_few_galaxies_leave_a_card_without_reference(train, data, checkpoint, capsys):
    assert cli.main(train) == 0
    assert read_card(checkpoint).ood_reference is None
    assert cli.main([*data, "--update-card", str(checkpoint)]) == 0
    assert "too few galaxies for an out-of-distribution reference" in capsys.readouterr().err


def test_update_card_with_other_galaxies_is_an_error(train, data, checkpoint, kaggle_folder, capsys):
    assert cli.main(train) == 0
    (kaggle_folder / "validation.txt").write_text("200001\n")
    assert cli.main([*data, "--update-card", str(checkpoint)]) == 2
    assert "was trained on other galaxies than those in" in capsys.readouterr().err

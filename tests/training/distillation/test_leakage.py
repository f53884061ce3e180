"""Leakage: a model trained on galaxies of the evaluation is neither a teacher nor a start."""

import re
from dataclasses import replace

import pytest
import torch
from tiny_prediction import tiny_card, tiny_network
from tiny_training import TINY_FLAGS

from galaxy_explorer.models import Model
from galaxy_explorer.models.checkpoints import load, read_card, save
from galaxy_explorer.training import TrainingError, cli
from galaxy_explorer.training.distillation.leakage import check_no_leakage, training_fingerprint, training_overlap

pytestmark = pytest.mark.usefixtures("one_thread")
IDS = [str(1_237_600_000_000_000_000 + number) for number in range(3000)]


@pytest.fixture
def train(kaggle_folder, tmp_path):
    """A function that trains for an epoch with more flags and returns the exit status."""
    flags = ["--data", kaggle_folder, "--cache", tmp_path / "cache", "--device", "cpu", *TINY_FLAGS, "--epochs", "1"]
    return lambda name, *more: cli.main([str(part) for part in (*flags, "--work", tmp_path / name, *more)])


class TestFingerprint:
    def test_distinguishes_training_galaxies_from_others(self):
        fingerprint = training_fingerprint(IDS)
        check_no_leakage("it", fingerprint, [f"{galaxy}9" for galaxy in IDS])
        with pytest.raises(TrainingError, match="it was trained on 20 of the 1020 galaxies"):
            check_no_leakage("it", fingerprint, [*IDS[:20], *map(str, range(1000))])

    def test_includes_those_of_the_teachers(self):
        fingerprint = training_fingerprint(IDS[5:9], [training_fingerprint(IDS[:5])])
        assert training_overlap(fingerprint, IDS) == 9

    @pytest.mark.parametrize("damaged", ["%%%", "AAA=", 5])
    def test_that_is_damaged_is_an_error(self, damaged):
        with pytest.raises(ValueError, match="fingerprint on a model card is damaged"):
            training_overlap(damaged, IDS)

    def test_that_is_missing_is_an_error_with_the_remedy(self):
        assert training_overlap(None, IDS) == 0
        with pytest.raises(TrainingError, match=r"the model card of it has no .*--update-card"):
            check_no_leakage("it", None, IDS)


@pytest.mark.parametrize("exclude_ids", ["--exclude-ids", "--never"])
def test_a_run_rejects_models_trained_on_its_evaluation_galaxies(train, tmp_path, capsys, exclude_ids):
    (tmp_path / "none.txt").write_text("200001\n")
    assert train("first", exclude_ids, tmp_path / "none.txt") == 0
    checkpoint = tmp_path / "first" / "model.pt"
    capsys.readouterr()
    for flag in ("--teacher", "--start-from"):
        assert train(f"second{flag}", flag, checkpoint) == 2
        assert re.search(r"leakage: .* was trained on \d of the 5 galaxies", capsys.readouterr().err)
        assert train(f"third{flag}", flag, checkpoint, exclude_ids, tmp_path / "none.txt") == 0
    card = read_card(tmp_path / "third--start-from" / "model.pt")
    assert card.training_fingerprint == read_card(checkpoint).training_fingerprint


@pytest.mark.parametrize("update_card", ["--update-card", "--remeasure"])
class TestUpdateCard:
    def test_adds_to_an_older_card_what_a_new_one_has(self, train, tmp_path, update_card):
        assert train("first") == 0
        path = tmp_path / "first" / "model.pt"
        model = load(path)
        older = replace(model.card, training_fingerprint=None, interval_models={}, hold_out=None)
        save(path, replace(model, card=older))
        assert train("again", update_card, path) == 0
        assert read_card(path) == model.card
        assert torch.equal(load(path).network.to_answers.weight, model.network.to_answers.weight)

    @pytest.mark.parametrize(
        ("recipe", "words"), [({}, "holds no settings"), ({"old": 1}, "holds the unknown settings old")]
    )
    def test_needs_the_recipe_of_the_training(self, train, tmp_path, capsys, update_card, recipe, words):
        save(tmp_path / "foreign.pt", Model(tiny_network(), tiny_card(recipe=recipe)))
        assert train("again", update_card, tmp_path / "foreign.pt") == 2
        assert words in capsys.readouterr().err

    def test_needs_the_size_of_the_hold_out(self, train, tmp_path, capsys, update_card):
        assert train("first") == 0
        model = load(tmp_path / "first" / "model.pt")
        save(tmp_path / "foreign.pt", replace(model, card=replace(model.card, hold_out_galaxies=None)))
        assert train("again", update_card, tmp_path / "foreign.pt") == 2
        assert "was trained on other galaxies than those in" in capsys.readouterr().err

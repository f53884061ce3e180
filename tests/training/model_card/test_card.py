"""The cards of trained networks, in their files and on the page beside them."""

import re

import numpy as np
import pytest
from tiny_training import CPU, TINY, without_hold_out

from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.evaluation.metrics import score
from galaxy_explorer.models.checkpoints import WEIGHTS, available, read_card, save
from galaxy_explorer.models.networks import build
from galaxy_explorer.training import Run, fit
from galaxy_explorer.training.model_card import card as model_card_card
from galaxy_explorer.training.model_card.card import add_validation, cards_in_markdown, make_card, write_cards

pytestmark = pytest.mark.usefixtures("one_thread")


class TestCards:
    @pytest.fixture
    def card(self, trained):
        return make_card(trained(), data="drawn", command="python train.py --size 32")

    @pytest.fixture
    def network(self):
        return build("fcn", **TINY.model_arguments())

    def test_say_what_was_run(self, card):
        assert card["columns"] == list(COLUMNS)
        assert (card["training_galaxies"], card["hold_out_galaxies"], card["epochs"]) == (9, 3, 3)
        assert card["recipe"] == TINY.as_dict()
        assert build(card["model"], **card["arguments"])
        assert "CPU" in card["hardware"]

    def test_are_plain_and_survive_their_file(self, card, network, tmp_path):
        save(tmp_path / "a.pt", network, card)
        assert read_card(tmp_path / "a.pt") == card

    def test_hold_the_validation_figures(self, card, network, tmp_path, random_fractions):
        volunteers = random_fractions(4, seed=1)
        measured = score(random_fractions(4, seed=2), volunteers, volunteers.mean(axis=0))
        add_validation(card, measured, views=8)
        save(tmp_path / "fcn.pt", network, card)
        page = cards_in_markdown(tmp_path)
        assert f"RMSE on the 4 validation galaxies, 8 views averaged: {measured.rmse:.4f}" in page
        assert f"| {measured.rmse_by_question[7]:.4f} | {measured.mean_rmse_by_question[7]:.4f} |" in page
        assert "`python train.py --size 32`" in page
        assert "## fcn" in page

    def test_of_older_files_say_what_they_hold(self, card, network, tmp_path):
        del card["never_seen"], card["command"]
        save(tmp_path / "old.pt", network, card)
        page = cards_in_markdown(tmp_path)
        assert "## old" in page
        assert "3 epochs in" in page
        assert "command" not in page.partition("## old")[2]

    def test_can_lack_figures(self, trained, galaxies, network, tmp_path):
        run = Run(TINY, without_hold_out(galaxies), CPU, tmp_path / "none")
        fit(run, quiet=True)
        card = make_card(run, data="drawn", command="")
        volunteers = np.full((2, 37), np.nan)
        volunteers[:, :3] = [0.5, 0.25, 0.25]
        add_validation(card, score(np.zeros((2, 37)), volunteers), views=1)
        save(tmp_path / "a.pt", network, card)
        page = cards_in_markdown(tmp_path)
        assert "RMSE on the hold-out, weighted against its selection, one view: not measured" in page
        assert "0.3536** (predicting the training mean: not measured)" in page

    def test_of_the_project_s_own_weights_always_have_their_page(self, card, network, tmp_path, monkeypatch):
        monkeypatch.setattr(model_card_card, "WEIGHTS", tmp_path.resolve())
        save(tmp_path / "a.pt", network, card)
        for _ in range(2):
            write_cards(tmp_path)
            assert (tmp_path / "README.md").read_text() == cards_in_markdown(tmp_path)
            (tmp_path / "README.md").write_text("")

    def test_are_written_to_a_page_of_cards_and_replace_no_other(self, card, network, tmp_path):
        save(tmp_path / "a.pt", network, card)
        write_cards(tmp_path)
        assert not (tmp_path / "README.md").exists()
        (tmp_path / "README.md").write_text("# My project\n")
        write_cards(tmp_path)
        assert (tmp_path / "README.md").read_text() == "# My project\n"
        (tmp_path / "README.md").write_text("# Weights\n")
        write_cards(tmp_path)
        assert (tmp_path / "README.md").read_text() == cards_in_markdown(tmp_path)

    def test_say_of_a_damaged_file_that_it_cannot_be_read(self, card, network, tmp_path):
        save(tmp_path / "a.pt", network, card)
        (tmp_path / "b.pt").write_bytes(b"junk")
        (tmp_path / "README.md").write_text("# Weights\n")
        write_cards(tmp_path)
        page = (tmp_path / "README.md").read_text()
        assert "## a\n" in page
        assert re.search(r"## b\n\n.*b\.pt cannot be read as weights", page)

    @pytest.mark.skipif(not available(), reason="no weights have been trained yet")
    def test_of_the_shipped_weights_are_the_page_beside_them(self):
        assert (WEIGHTS / "README.md").read_text(encoding="utf-8") == cards_in_markdown(WEIGHTS)

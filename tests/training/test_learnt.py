"""Weights that have learnt from the galaxies by which a run is judged are neither its teachers nor its beginning."""

import pytest
import torch
from PIL import Image
from tiny_prediction import tiny_card, tiny_network
from tiny_training import TINY, TINY_FLAGS

import train
from galaxy_explorer.catalogue import open_catalogue
from galaxy_explorer.models.checkpoints import load, read_card, save
from galaxy_explorer.training import Lessons, Teacher, TrainingError, add_learnt, gather
from galaxy_explorer.training.distillation.leakage import refuse_if_learnt

pytestmark = pytest.mark.usefixtures("one_thread")
LEARNT = [str(1_237_600_000_000_000_000 + number) for number in range(3000)]


@pytest.fixture
def run(kaggle_folder, tmp_path):
    """Train for an epoch, by more flags; give the exit status."""
    places = ["--data", kaggle_folder, "--cache", tmp_path / "cache", "--device", "cpu", *TINY_FLAGS, "--epochs", "1"]
    return lambda name, *more: train.main([str(part) for part in (*places, "--work", tmp_path / name, *more)])


class TestCard:
    def test_tells_galaxies_learnt_from_from_others(self):
        card = {}
        add_learnt(card, LEARNT)
        refuse_if_learnt("it", card, [f"{galaxy}9" for galaxy in LEARNT])
        with pytest.raises(
            TrainingError, match="it has learnt from 20 of the 1020 galaxies that this run is judged by"
        ):
            refuse_if_learnt("it", card, [*LEARNT[:20], *map(str, range(1000))])

    def test_knows_what_its_teachers_have_learnt(self):
        first, second = {}, {}
        add_learnt(first, LEARNT[:5])
        add_learnt(second, LEARNT[5:9], [first])
        with pytest.raises(TrainingError, match="from 9 of the 9"):
            refuse_if_learnt("it", second, LEARNT[:9])

    def test_that_says_nothing_is_refused(self):
        with pytest.raises(TrainingError, match=r"the card of it does not say .*--remeasure"):
            refuse_if_learnt("it", {}, LEARNT)


class TestRun:
    def test_refuses_weights_that_know_its_galaxies(self, run, kaggle_folder, tmp_path, capsys):
        (tmp_path / "none.txt").write_text("200001\n")
        assert run("first", "--never", tmp_path / "none.txt") == 0
        weights = tmp_path / "first" / "model.pt"
        capsys.readouterr()
        for flag in ("--teacher", "--start-from"):
            assert run(f"second{flag}", flag, weights) == 2
            assert "galaxies that this run is judged by; hold out those that it held out" in capsys.readouterr().err
            assert run(f"third{flag}", flag, weights, "--never", tmp_path / "none.txt") == 0
        card = read_card(tmp_path / "third--start-from" / "model.pt")
        assert card["learnt"] == read_card(weights)["learnt"]

    def test_never_has_a_galaxy_taught_that_it_must_not_see(self, kaggle_folder, tmp_path, draw_galaxy):
        (tmp_path / "unscored").mkdir()
        for galaxy in ("7777", "8888"):
            Image.fromarray(draw_galaxy(1, 60, 60)).save(tmp_path / "unscored" / f"{galaxy}.png")
        flags = train.read_flags(["--data", str(kaggle_folder), "--never", str(tmp_path / "never.txt")])
        flags.never.write_text("7777\n200001\n")
        catalogue, card = open_catalogue(kaggle_folder), tiny_card()
        add_learnt(card, [])
        lessons = Lessons([Teacher("it", tiny_network(), card)], 1, open_catalogue(tmp_path / "unscored"))
        never = train.read_never(flags, catalogue)
        found = gather(catalogue, TINY, tmp_path / "cache", never=never, lessons=lessons, quiet=True)
        assert (len(found.unscored_pictures), found.never_seen) == (1, 1)


class TestRemeasuring:
    def test_puts_on_an_older_card_what_a_new_one_has(self, run, tmp_path):
        assert run("first") == 0
        file = tmp_path / "first" / "model.pt"
        network, card = load(file)
        older = {name: value for name, value in card.items() if name not in ("learnt", "error_models", "hold_out")}
        save(file, network, older)
        assert run("anew", "--remeasure", file) == 0
        assert read_card(file) == card
        assert torch.equal(load(file)[0].to_answers.weight, network.to_answers.weight)

    @pytest.mark.parametrize(
        ("recipe", "words"), [({}, "holds none; train it again"), ({"old": 1}, "holds the unknown old")]
    )
    def test_without_a_recipe_is_refused_in_words(self, run, tmp_path, capsys, recipe, words):
        save(tmp_path / "foreign.pt", tiny_network(), tiny_card() | {"recipe": recipe})
        assert run("anew", "--remeasure", tmp_path / "foreign.pt") == 2
        assert words in capsys.readouterr().err

    def test_of_a_card_that_does_not_say_how_many_were_held_out_is_refused_in_words(self, run, tmp_path, capsys):
        assert run("first") == 0
        network, card = load(tmp_path / "first" / "model.pt")
        del card["hold_out_galaxies"]
        save(tmp_path / "foreign.pt", network, card)
        assert run("anew", "--remeasure", tmp_path / "foreign.pt") == 2
        assert "learnt from other galaxies than those in" in capsys.readouterr().err

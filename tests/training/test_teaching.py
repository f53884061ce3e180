"""Teachers and weights of galaxies: what a run learns beside the volunteers' own scores."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_prediction import tiny_card, tiny_network
from tiny_training import CPU, TINY, TINY_FLAGS

import train
from galaxy_explorer.catalogue import open_catalogue
from galaxy_explorer.decision_tree import INDEX, columns_of
from galaxy_explorer.models.checkpoints import read_card, save
from galaxy_explorer.prediction import predict
from galaxy_explorer.training import (
    Lessons,
    Teacher,
    add_learnt,
    gather,
    load_teachers,
    selection_weights,
)
from galaxy_explorer.training.data.batches import read_batches
from galaxy_explorer.training.data.sample_weights import LARGEST

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def teachers():
    """Two teachers that disagree."""
    first, second = tiny_network(), tiny_network()
    second.to_answers.weight.data.mul_(-3.0)
    card = tiny_card()
    add_learnt(card, ["200013", "200014"])
    return [Teacher(name, network, card) for name, network in (("first", first), ("second", second))]


@pytest.fixture
def unscored(tmp_path, draw_galaxy):
    """Five pictures without scores, one of them damaged, and one of a galaxy of the challenge."""
    folder = tmp_path / "unscored"
    folder.mkdir()
    for n in range(5):
        Image.fromarray(draw_galaxy(n, 60, 60)).save(folder / f"{n}.png")
    Image.fromarray(draw_galaxy(9, 60, 60)).save(folder / "200004.png")
    (folder / "3.png").write_bytes(b"\x89PNG\r\n\x1a\n nothing")
    return folder


def mean_answer(teachers, catalogue, ids):
    """What the teachers say of galaxies, two views each."""
    pictures = [catalogue.picture(galaxy) for galaxy in ids]
    return np.mean([predict(one.network, one.card, pictures, tta_views=2)[0] for one in teachers], axis=0)


class TestTeachers:
    def test_fill_the_unknown_scores_and_leave_the_others(self, kaggle_folder, tmp_path, teachers):
        catalogue = open_catalogue(kaggle_folder)
        found = gather(catalogue, TINY, tmp_path / "cache", lessons=Lessons(teachers, 2), quiet=True)
        known = np.isfinite(found.volunteer_fractions)
        assert np.array_equal(found.learnt_fractions[known], found.volunteer_fractions[known])
        partly = ["200013", "200014"]
        rows = [catalogue.ids.index(galaxy) for galaxy in partly]
        expected = mean_answer(teachers, catalogue, partly)
        unknown = ~known[rows]
        assert unknown.any()
        assert found.learnt_fractions[rows][unknown] == pytest.approx(expected[unknown], abs=1e-5)
        assert np.isfinite(found.learnt_fractions[found.training_rows]).all()

    def test_have_a_part_in_the_known_scores_where_asked(self, kaggle_folder, tmp_path, teachers):
        catalogue = open_catalogue(kaggle_folder)
        recipe = replace(TINY, teaching=0.25)
        found = gather(catalogue, recipe, tmp_path / "cache", lessons=Lessons(teachers, 2), quiet=True)
        row = found.training_rows[0]
        voted = found.volunteer_fractions[row]
        expected = 0.75 * voted + 0.25 * mean_answer(teachers, catalogue, [catalogue.ids[row]])[0]
        assert found.learnt_fractions[row] == pytest.approx(expected, abs=1e-5)
        held_out = found.hold_out_rows
        assert np.array_equal(found.learnt_fractions[held_out], found.volunteer_fractions[held_out])

    def test_answer_for_galaxies_without_scores_but_never_for_those_kept_aside(
        self, kaggle_folder, tmp_path, teachers, unscored
    ):
        others = open_catalogue(unscored)
        lessons = Lessons(teachers, 2, others)
        found = gather(
            open_catalogue(kaggle_folder), TINY, tmp_path / "cache", never=["200001"], lessons=lessons, quiet=True
        )
        added = found.training_rows[found.training_rows >= len(found.pictures)]
        assert len(added) == 4  # neither the damaged one, nor the one that has scores
        assert list(found.failures) == ["3"]
        ids = ["0", "1", "2", "4"]
        assert found.learnt_fractions[added] == pytest.approx(mean_answer(teachers, others, ids), abs=1e-5)
        assert np.isnan(found.volunteer_fractions[added]).all()
        batches = read_batches(found, added[[2, 0]], 2, CPU.device)
        pictures, scores, weights = next(batches)
        assert torch.equal(pictures, torch.from_numpy(found.unscored_pictures[[0, 2]]))
        assert np.array_equal(scores.numpy(), found.learnt_fractions[added[[0, 2]]])
        assert weights.tolist() == [1, 1]
        batches.close()

    def test_are_asked_once(self, kaggle_folder, tmp_path, teachers, monkeypatch):
        catalogue, lessons = open_catalogue(kaggle_folder), Lessons(teachers, 2)
        first = gather(catalogue, TINY, tmp_path / "cache", lessons=lessons, quiet=True)
        for teacher in teachers:
            monkeypatch.setattr(teacher.network, "forward", lambda _: pytest.fail("asked again"))
        again = gather(catalogue, TINY, tmp_path / "cache", lessons=lessons, quiet=True)
        assert np.array_equal(first.learnt_fractions, again.learnt_fractions, equal_nan=True)

    def test_are_loaded_by_their_files(self, tmp_path, capsys):
        save(tmp_path / "one.pt", tiny_network(), tiny_card() | {"training_mean": [0.3] * 37})
        (teacher,) = load_teachers([tmp_path / "one.pt"], CPU.device)
        assert teacher.name == "one"
        assert "taught by one" in capsys.readouterr().err
        assert load_teachers([], CPU.device) == []


class TestRun:
    def run(self, folder, work, *more):
        places = ["--data", folder, "--cache", work.parent / "cache", "--work", work, "--device", "cpu"]
        return train.main([str(part) for part in (*places, *TINY_FLAGS, "--epochs", "1", *more)])

    def test_a_network_is_taught_by_another_and_its_card_says_so(self, kaggle_folder, tmp_path, unscored):
        assert self.run(kaggle_folder, tmp_path / "first") == 0
        teacher = tmp_path / "first" / "model.pt"
        shutil.make_archive(str(tmp_path / "pack"), "zip", unscored)
        more = ["--teacher", teacher, "--unscored", tmp_path / "pack.zip", "--unscored-field", "288/424"]
        (tmp_path / "taught").mkdir()
        (tmp_path / "taught" / "README.md").write_text("# Weights\n")
        out = tmp_path / "taught" / "student.pt"
        more += ["--start-from", teacher, "--out", out]
        assert self.run(kaggle_folder, tmp_path / "second", *more) == 1  # one is damaged
        card = read_card(out)
        assert (card["training_galaxies"], card["unscored_galaxies"]) == (13, 4)
        assert "taught by model (hold-out RMSE 0." in (tmp_path / "taught" / "README.md").read_text()

    def test_unscored_pictures_without_a_teacher_are_refused(self, kaggle_folder, tmp_path, unscored, capsys):
        assert self.run(kaggle_folder, tmp_path / "run", "--unscored", unscored) == 2
        assert "name weights with --teacher" in capsys.readouterr().err


class TestSelectionWeights:
    def test_undo_a_selection(self, random_fractions):
        fractions = random_fractions(4000, seed=2)
        chance = np.random.default_rng(0).random(4000)
        selected = chance[:2500] < fractions[:2500, 0] ** 2  # smooth galaxies are chosen more often
        volunteers = np.concatenate([fractions[:2500][selected], fractions[2500:]])
        fair = fractions[2500:, 0].mean()
        complete = selected.sum()
        partly = [column for question in (3, 4, 5, 9, 10, 11) for column in columns_of(question)]
        volunteers[complete:, [INDEX[column] for column in partly]] = np.nan
        weights = selection_weights(volunteers)
        assert (weights[complete:] == 1).all()
        assert weights[:complete].mean() == pytest.approx(1.0, abs=1e-4)
        assert weights.max() <= 1.5 * LARGEST
        before = volunteers[:complete, 0].mean() - fair
        after = np.average(volunteers[:complete, 0], weights=weights[:complete]) - fair
        assert before > 0.05
        assert abs(after) < before / 4

    def test_are_all_one_where_nothing_tells_of_a_selection(self, random_fractions):
        assert (selection_weights(random_fractions(300)) == 1).all()

    def test_are_all_one_where_too_few_galaxies_have_all_scores(self, random_fractions):
        volunteers = random_fractions(600, seed=3)
        for complete in (0, 199):
            volunteers[complete:, INDEX["Class4.1"]] = np.nan
            assert (selection_weights(volunteers) == 1).all()
            volunteers = random_fractions(600, seed=3)

    def test_count_in_the_loss_where_asked(self, galaxies):
        weighted = replace(galaxies, training_weights=np.linspace(0, 1.1, 12).astype(np.float32))
        _, _, weights = next(iter(read_batches(weighted, np.array([5, 2]), 2, CPU.device)))
        assert weights.tolist() == pytest.approx([0.2, 0.5])

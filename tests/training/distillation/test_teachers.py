"""Teachers: pseudo-labels for missing and known scores, unlabeled galaxies."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_prediction import tiny_card, tiny_model, tiny_network
from tiny_training import CPU, TINY, TINY_FLAGS

from galaxy_explorer.catalogue import open_catalogue
from galaxy_explorer.models import Model
from galaxy_explorer.models.checkpoints import read_card, save
from galaxy_explorer.prediction import predict
from galaxy_explorer.training import build_training_set, cli
from galaxy_explorer.training.data.batches import read_batches
from galaxy_explorer.training.distillation.leakage import training_fingerprint
from galaxy_explorer.training.distillation.teachers import Distillation, Teacher, load_teachers

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def teachers():
    """Two teachers that disagree."""
    first, second = tiny_network(), tiny_network()
    second.to_answers.weight.data.mul_(-3.0)
    card = tiny_card(training_fingerprint=training_fingerprint(["200013", "200014"]))
    return [Teacher("first", Model(first, card)), Teacher("second", Model(second, card))]


@pytest.fixture
def unlabeled(tmp_path, draw_galaxy):
    """Five pictures without scores, one of them damaged, and one of a galaxy of the challenge."""
    folder = tmp_path / "unlabeled"
    folder.mkdir()
    for n in range(5):
        Image.fromarray(draw_galaxy(n, 60, 60)).save(folder / f"{n}.png")
    Image.fromarray(draw_galaxy(9, 60, 60)).save(folder / "200004.png")
    (folder / "3.png").write_bytes(b"\x89PNG\r\n\x1a\n nothing")
    return folder


def mean_prediction(teachers, catalogue, ids):
    """The mean prediction of the teachers, with two TTA views."""
    pictures = [catalogue.picture(galaxy) for galaxy in ids]
    return np.mean([predict(one.model, pictures, tta_views=2)[0] for one in teachers], axis=0)


class TestPseudoLabels:
    def test_replace_unknown_scores_and_no_others(self, kaggle_folder, tmp_path, teachers):
        catalogue, distillation = open_catalogue(kaggle_folder), Distillation(teachers, 2)
        galaxies = build_training_set(catalogue, TINY, tmp_path / "cache", distillation=distillation, quiet=True)
        known = np.isfinite(galaxies.volunteer_fractions)
        assert np.array_equal(galaxies.target_fractions[known], galaxies.volunteer_fractions[known])
        partly = ["200013", "200014"]
        rows = [catalogue.ids.index(galaxy) for galaxy in partly]
        expected = mean_prediction(teachers, catalogue, partly)
        unknown = ~known[rows]
        assert unknown.any()
        assert galaxies.target_fractions[rows][unknown] == pytest.approx(expected[unknown], abs=1e-5)
        assert np.isfinite(galaxies.target_fractions[galaxies.training_rows]).all()

    def test_are_blended_into_known_scores_by_their_weight(self, kaggle_folder, tmp_path, teachers):
        catalogue, recipe = open_catalogue(kaggle_folder), replace(TINY, distill_weight=0.25)
        distillation = Distillation(teachers, 2)
        galaxies = build_training_set(catalogue, recipe, tmp_path / "cache", distillation=distillation, quiet=True)
        row = galaxies.training_rows[0]
        votes = galaxies.volunteer_fractions[row]
        expected = 0.75 * votes + 0.25 * mean_prediction(teachers, catalogue, [catalogue.ids[row]])[0]
        assert galaxies.target_fractions[row] == pytest.approx(expected, abs=1e-5)
        hold_out = galaxies.hold_out_rows
        assert np.array_equal(galaxies.target_fractions[hold_out], galaxies.volunteer_fractions[hold_out])

    def test_are_the_targets_of_unlabeled_galaxies(self, kaggle_folder, tmp_path, teachers, unlabeled):
        catalogue, others = open_catalogue(kaggle_folder), open_catalogue(unlabeled)
        data = {"excluded_ids": ["200001"], "distillation": Distillation(teachers, 2, others)}
        galaxies = build_training_set(catalogue, TINY, tmp_path / "cache", **data, quiet=True)
        added = galaxies.training_rows[galaxies.training_rows >= len(galaxies.pictures)]
        assert len(added) == 4  # neither the damaged one, nor the one that has scores
        assert list(galaxies.failures) == ["3"]
        expected = mean_prediction(teachers, others, ["0", "1", "2", "4"])
        assert galaxies.target_fractions[added] == pytest.approx(expected, abs=1e-5)
        assert np.isnan(galaxies.volunteer_fractions[added]).all()
        (batch,) = read_batches(galaxies, added[[2, 0]], 2, CPU.device)
        assert torch.equal(batch.pictures, torch.from_numpy(galaxies.unlabeled_pictures[[0, 2]]))
        assert np.array_equal(batch.targets.numpy(), galaxies.target_fractions[added[[0, 2]]])
        assert batch.weights.tolist() == [1, 1]

    def test_are_cached(self, kaggle_folder, tmp_path, teachers, monkeypatch):
        catalogue, distillation = open_catalogue(kaggle_folder), Distillation(teachers, 2)
        first = build_training_set(catalogue, TINY, tmp_path / "cache", distillation=distillation, quiet=True)
        for teacher in teachers:
            monkeypatch.setattr(teacher.model.network, "forward", lambda _: pytest.fail("predicted again"))
        again = build_training_set(catalogue, TINY, tmp_path / "cache", distillation=distillation, quiet=True)
        assert np.array_equal(first.target_fractions, again.target_fractions, equal_nan=True)

    def test_are_not_computed_for_excluded_galaxies(self, kaggle_folder, tmp_path, draw_galaxy):
        (tmp_path / "more").mkdir()
        for galaxy in ("7777", "8888"):
            Image.fromarray(draw_galaxy(1, 60, 60)).save(tmp_path / "more" / f"{galaxy}.png")
        flags = cli.read_flags(["--data", str(kaggle_folder), "--exclude-ids", str(tmp_path / "excluded.txt")])
        flags.exclude_ids.write_text("7777\n200001\n")
        catalogue, card = open_catalogue(kaggle_folder), tiny_card(training_fingerprint=training_fingerprint([]))
        teacher = Teacher("it", Model(tiny_network(), card))
        distillation = Distillation([teacher], 1, open_catalogue(tmp_path / "more"))
        data = {"excluded_ids": cli.read_excluded_ids(flags, catalogue), "distillation": distillation}
        galaxies = build_training_set(catalogue, TINY, tmp_path / "cache", **data, quiet=True)
        assert (len(galaxies.unlabeled_pictures), galaxies.excluded) == (1, 1)


def test_teachers_are_loaded_from_their_checkpoints(tmp_path, capsys):
    save(tmp_path / "one.pt", tiny_model())
    (teacher,) = load_teachers([tmp_path / "one.pt"], CPU.device)
    assert (teacher.name, teacher.label) == ("one", "one (hold-out RMSE unknown)")
    assert "teachers: one" in capsys.readouterr().err
    assert load_teachers([], CPU.device) == []


class TestCommandLine:
    def train(self, data, work, *more):
        folders = ["--data", data, "--cache", work.parent / "cache", "--work", work, "--device", "cpu"]
        return cli.main([str(part) for part in (*folders, *TINY_FLAGS, "--epochs", "1", *more)])

    @pytest.mark.parametrize("flags", [("--unlabeled", "--unlabeled-field"), ("--unscored", "--unscored-field")])
    def test_a_network_is_distilled_and_its_card_lists_the_teacher(self, kaggle_folder, tmp_path, unlabeled, flags):
        assert self.train(kaggle_folder, tmp_path / "first") == 0
        teacher = tmp_path / "first" / "model.pt"
        shutil.make_archive(str(tmp_path / "pack"), "zip", unlabeled)
        more = ["--teacher", teacher, flags[0], tmp_path / "pack.zip", flags[1], "288/424"]
        (tmp_path / "distilled").mkdir()
        (tmp_path / "distilled" / "README.md").write_text("# Weights\n")
        out = tmp_path / "distilled" / "student.pt"
        more += ["--start-from", teacher, "--out", out]
        assert self.train(kaggle_folder, tmp_path / "second", *more) == 1  # one is damaged
        card = read_card(out)
        assert (card.training_galaxies, card.unlabeled_galaxies) == (13, 4)
        assert "model (hold-out RMSE 0." in (tmp_path / "distilled" / "README.md").read_text()

    def test_unlabeled_pictures_need_a_teacher(self, kaggle_folder, tmp_path, unlabeled, capsys):
        assert self.train(kaggle_folder, tmp_path / "run", "--unlabeled", unlabeled) == 2
        assert "add models with --teacher" in capsys.readouterr().err

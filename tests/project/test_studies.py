"""The studies for teachers and students: networks, photometric augmentation, margin loss and steadiness."""

import numpy as np
import pytest
import torch
from tiny_prediction import tiny_card, tiny_network
from tiny_training import tiny_training_set

from benchmarks.studies import steadiness, students
from benchmarks.studies.efficientnet_lite import EfficientNetLite
from benchmarks.studies.photometry import Photometry, change_light, draw_photometry
from benchmarks.studies.teachers import Settings, augmented, tta_views
from galaxy_explorer import images as package_images
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.models import Model
from galaxy_explorer.models.checkpoints import save
from galaxy_explorer.training import TrainingError
from galaxy_explorer.training.data.batches import TrainingBatch, no_augmentation
from galaxy_explorer.training.distillation.leakage import training_fingerprint


@pytest.fixture
def network():
    torch.manual_seed(0)
    return EfficientNetLite("lite1", [0.1, 0.1, 0.1], [0.15, 0.13, 0.11]).eval()


def published(network, tmp_path):
    """Write the weights of a network as a published file does, with a classifier of its own."""
    own = ("mean", "to_answers.weight", "to_answers.bias")
    weights = {name: value for name, value in network.state_dict().items() if name not in own}
    file = tmp_path / "lite1.pth"
    torch.save(weights | {"_fc.weight": torch.zeros(1000, 1280), "_fc.bias": torch.zeros(1000)}, file)
    return file


def test_a_teacher_begins_with_the_answers_of_the_training_mean(network, tmp_path):
    mean = torch.full((len(COLUMNS),), 0.5)
    mean[:3] = torch.tensor([0.5, 0.3, 0.2])
    network.load_imagenet(published(network, tmp_path), mean.tolist())
    with torch.no_grad():
        found = network(torch.rand(2, 3, 64, 64))
    assert found.shape == (2, len(COLUMNS))
    torch.testing.assert_close(found[:, :3], mean[:3].expand(2, 3))


def test_weights_of_another_network_raise_an_error(network, tmp_path):
    file = published(EfficientNetLite("lite2", [0.1] * 3, [0.1] * 3), tmp_path)
    with pytest.raises((ValueError, RuntimeError)):
        network.load_imagenet(file, [0.1] * len(COLUMNS))


def test_photometry_that_is_off_changes_nothing():
    images, generator = torch.rand(4, 3, 8, 8), torch.Generator().manual_seed(0)
    assert change_light(images, draw_photometry(4, generator), Photometry()) is images


def test_photometry_stays_in_range_and_differs_between_pictures():
    strength = Photometry(brightness=0.5, gamma=0.3, grey=1.0, saturation=0.3, noise=0.02, blur=0.5)
    images, generator = torch.rand(1, 3, 32, 32).expand(16, 3, 32, 32), torch.Generator().manual_seed(0)
    changed = change_light(images, draw_photometry(16, generator), strength)
    assert changed.min() >= 0.0
    assert changed.max() <= 1.0
    assert changed.mean(dim=(1, 2, 3)).std() > 0.05


def test_a_tenth_of_the_pictures_lose_all_colour():
    images, generator = torch.rand(500, 3, 4, 4), torch.Generator().manual_seed(0)
    changed = change_light(images, draw_photometry(500, generator), Photometry(grey=1.0))
    grey = (changed.amax(dim=1) - changed.amin(dim=1)).amax(dim=(1, 2)) < 1e-6
    assert 0.05 < grey.float().mean() < 0.15


def test_augmentation_resamples_to_the_size_of_the_stage():
    settings = Settings(size=16, small_size=12, brightness=0.0, gamma=0.0, saturation=0.0)
    pictures = torch.full((2, 20, 20, 3), 100, dtype=torch.uint8)
    batch = TrainingBatch(pictures, torch.zeros(2, len(COLUMNS)), torch.ones(2), *no_augmentation(2))
    found = augmented(batch, torch.zeros(2, 6), settings, 12)
    torch.testing.assert_close(found, torch.full((2, 3, 12, 12), 100 / 255))


def test_views_are_those_of_the_package():
    images = torch.rand(2, 3, 5, 5)
    ours = torch.stack(list(tta_views(images, 8))).numpy()
    np.testing.assert_array_equal(ours, package_images.tta_views(images.numpy(), 8))


def test_the_margin_loss_counts_violations_alone():
    predicted = torch.zeros(3, len(COLUMNS))
    predicted[:, students.WEAK] = torch.tensor([0.5, 0.3, 0.1, 0.2, 0.4])
    largest = torch.tensor([0.0, 4.0, float("nan")])
    found = students.margin_loss(predicted, largest, 0.02)
    torch.testing.assert_close(found, torch.tensor(0.12**2 / 3))  # 0.5 leads 0.4 by 0.10 too much, plus the margin


def test_the_margin_loss_without_labels_is_zero_and_has_a_gradient():
    predicted = torch.rand(2, len(COLUMNS), requires_grad=True)
    found = students.margin_loss(predicted, torch.full((2,), float("nan")), 0.02)
    found.backward()
    assert found == 0.0
    assert not predicted.grad.any()


def test_an_exported_student_names_the_training_galaxies_that_train_py_would(draw_galaxy, random_fractions, tmp_path):
    galaxies = tiny_training_set(draw_galaxy, random_fractions)
    assert students.fingerprint_of(galaxies, None, None) == training_fingerprint("abcdefghi")
    (tmp_path / "weak.csv").write_text("GalaxyID,largest\nx,Class1.1\nj,Class1.1\n")  # j is in the hold-out
    card = tiny_card(training_fingerprint=training_fingerprint(["y"]))
    save(tmp_path / "first.pt", Model(tiny_network(), card))
    found = students.fingerprint_of(galaxies, tmp_path / "weak.csv", str(tmp_path / "first.pt"))
    assert found == training_fingerprint("abcdefghixy")


def test_a_student_does_not_start_from_weights_that_know_the_hold_out(draw_galaxy, random_fractions, tmp_path):
    galaxies = tiny_training_set(draw_galaxy, random_fractions)
    save(tmp_path / "first.pt", Model(tiny_network(), tiny_card(training_fingerprint=training_fingerprint("j"))))
    settings = students.StudentSettings(network="fcn", arguments='{"widths": [8, 8, 8, 8]}')
    with pytest.raises(TrainingError, match="leakage"):
        students.make_student(settings, galaxies, str(tmp_path / "first.pt"))


def test_changes_of_steadiness_keep_the_kind_of_picture():
    picture = np.random.default_rng(0).integers(0, 256, (424, 424, 3), dtype=np.uint8)
    for change in steadiness.CHANGES:
        changed = change.picture(picture)
        assert changed.dtype == np.uint8
        assert changed.shape in {(424, 424, 3), (106, 106, 3)}
    np.testing.assert_array_equal(steadiness.shift(picture)[:, 20:], picture[:, :-20])
    assert np.ptp(steadiness.remove_colour(picture), axis=2).max() == 0

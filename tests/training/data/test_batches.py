"""Batches: their content, reading ahead, errors."""

import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_training import CPU, TIMEOUT_S

from galaxy_explorer.training.data.batches import no_augmentation, read_batches

pytestmark = pytest.mark.usefixtures("one_thread")


def test_contain_each_galaxy_once_with_its_own_targets(galaxies):
    rows = np.array([3, 11, 0, 7, 5, 1, 8])
    seen = []
    for batch in read_batches(galaxies, rows, 3, CPU.device):
        assert len(batch.pictures) == len(batch.matrices) == batch.weights.sum() <= 3
        for image, scores in zip(batch.pictures.numpy(), batch.targets.numpy(), strict=True):
            (row,) = (i for i in range(12) if np.array_equal(galaxies.pictures[i], image))
            assert np.array_equal(galaxies.volunteer_fractions[row], scores, equal_nan=True)
            seen.append(row)
    assert [set(seen[:3]), set(seen[3:6]), set(seen[6:])] == [{3, 11, 0}, {7, 5, 1}, {8}]


def test_have_the_augmentation_that_was_drawn_for_them(galaxies):
    (batch,) = read_batches(galaxies, np.arange(3), 3, CPU.device, lambda n: (torch.zeros(n, 2, 3), torch.zeros(n, 3)))
    assert not batch.matrices.any()
    assert not batch.colour_factors.any()


def test_have_the_sample_weights_of_their_galaxies(galaxies):
    weighted = replace(galaxies, sample_weights=np.linspace(0, 1.1, 12).astype(np.float32))
    (batch,) = read_batches(weighted, np.array([5, 2]), 2, CPU.device)
    assert batch.weights.tolist() == pytest.approx([0.2, 0.5])


def test_are_read_three_ahead_and_no_more(galaxies):
    read, fourth = [], threading.Event()

    def draw(count):
        read.append(count)
        if len(read) == 4:
            fourth.set()
        return no_augmentation(count)

    batches = read_batches(galaxies, np.arange(10), 1, CPU.device, draw)
    next(batches)
    assert fourth.wait(TIMEOUT_S)  # the one in use and three more
    batches.close()  # waits for the reader
    assert len(read) == 4


def test_an_error_in_reading_reaches_the_caller(galaxies):
    def draw(count):
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        list(read_batches(galaxies, np.arange(5), 2, CPU.device, draw))

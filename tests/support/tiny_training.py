"""Trainings small enough for tests: recipes, drawn galaxies, a clock, and command lines."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from galaxy_explorer.prediction import Rank
from galaxy_explorer.training import Recipe, TrainingSet

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 240  # after which a started process counts as hanging
CPU = Rank()
TINY = Recipe(model="fcn", size=32, widths=(8, 8, 8), batch_size=4, epochs=3, hold_out=3, learning_rate=0.01)
TINY_FLAGS = ["--model", "fcn", "--size", "32", "--widths", "8", "8", "8", "--batch-size", "4", "--hold-out", "2"]
TINY_DENSENET = replace(TINY, model="densenet", growth_rate=4, blocks=(1, 1, 1, 1), initial_features=8)


def in_one_thread():
    """Compute in one thread until the generator ends: tiny networks are not faster with more."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def tiny_training_set(draw_galaxy, random_fractions):
    """Twelve drawn galaxies: nine to train on, one of them partly scored; three in the hold-out."""
    size = TINY.margin_size
    votes = random_fractions(12).astype(np.float32)
    votes[8, 5:] = np.nan
    drawn = np.stack([draw_galaxy(seed, size, size) for seed in range(12)])
    return TrainingSet(drawn, votes, np.arange(9), np.arange(9, 12), [0.2] * 3, [0.2] * 3, ids=tuple("abcdefghijkl"))


def without_hold_out(galaxies):
    """The same galaxies without a hold-out."""
    return replace(galaxies, hold_out_rows=np.array([], dtype=int))


def generator(seed=0):
    """A seeded random generator."""
    return torch.Generator().manual_seed(seed)


def weights_of(run):
    """All weights and statistics of the network that a run trains, as one vector."""
    return torch.cat([value.flatten().double() for value in run.network.state_dict().values()])


class FakeClock:
    """A clock that advances by `step` seconds each time it is read."""

    def __init__(self, step):
        self.step, self.time = step, 0.0

    def __call__(self):
        self.time += self.step
        return self.time

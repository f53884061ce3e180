"""Trainings small enough for tests: recipes, drawn galaxies, and what is asked of a run."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from galaxy_explorer.prediction import Rank
from galaxy_explorer.training import Recipe, TrainingGalaxies

ROOT = Path(__file__).parents[2]
PATIENCE = 240  # seconds after which a process counts as hanging
CPU = Rank()
TINY = Recipe(model="fcn", size=32, widths=(8, 8, 8), batch_size=4, epochs=3, hold_out=3, learning_rate=0.01)
TINY_FLAGS = ["--model", "fcn", "--size", "32", "--widths", "8", "8", "8", "--batch-size", "4", "--hold-out", "2"]
TINY_DENSENET = replace(TINY, model="densenet", growth_rate=4, blocks=(1, 1, 1, 1), initial_features=8)


def in_one_thread():
    """Compute in one thread until the generator goes on: tiny networks gain nothing from more, and lose much
    where the machine is busy."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def drawn_galaxies(draw_galaxy, random_fractions):
    """Twelve drawn galaxies, as they are once gathered: nine to train on, one of them partial, three held out."""
    size = TINY.margin_size
    volunteers = random_fractions(12).astype(np.float32)
    volunteers[8, 5:] = np.nan
    drawn = np.stack([draw_galaxy(seed, size, size) for seed in range(12)])
    return TrainingGalaxies(
        drawn, volunteers, np.arange(9), np.arange(9, 12), [0.2] * 3, [0.2] * 3, ids=tuple("abcdefghijkl")
    )


def without_hold_out(galaxies):
    """The same galaxies, none held out."""
    return replace(galaxies, hold_out_rows=np.array([], dtype=int))


def generator(seed=0):
    """A source of chance."""
    return torch.Generator().manual_seed(seed)


def weights_of(run):
    """All weights and statistics of the network that a run trains, as one vector."""
    return torch.cat([value.flatten().double() for value in run.network.state_dict().values()])

"""From a catalogue to what a run learns from: which galaxies, their pictures, and the statistics."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.training.pictures import channel_statistics, decode
from galaxy_explorer.training.recipe import Recipe
from galaxy_explorer.training.state import TrainingError


@dataclass(frozen=True)
class TrainingGalaxies:
    """What a run learns from: decoded pictures, volunteer scores, and which rows are for what."""

    pictures: np.ndarray  # (N, S, S, 3) uint8, memory-mapped
    volunteer_fractions: np.ndarray  # (N, 37) float32, NaN where unknown
    training_rows: np.ndarray  # (M,) int
    hold_out_rows: np.ndarray  # (K,) int, disjoint from the training rows
    mean: list[float]  # of each channel over the training galaxies, 0-1
    std: list[float]

    def training_mean(self) -> list[float]:
        """Give the mean of each score over the training galaxies of which it is known, ``(37,)``."""
        known = self.volunteer_fractions[self.training_rows]
        return [round(float(value), 6) for value in np.nanmean(known.astype(np.float64), axis=0)]


def gather(
    catalogue: Catalogue, recipe: Recipe, cache: Path, *, never: Iterable[str] = (), quiet: bool = False
) -> TrainingGalaxies:
    """Choose the galaxies to train on and to hold out, and decode their pictures.

    Parameters
    ----------
    catalogue : Catalogue
        Galaxies with volunteer scores.
    recipe : Recipe
        Says how many are held out, by which seed, and whether partial scores count.
    cache : Path
        Where decoded pictures are kept.
    never : iterable of str
        Ids that the run must not see: the validation galaxies.
    quiet : bool
        Show no progress bar.

    Returns
    -------
    TrainingGalaxies

    Raises
    ------
    TrainingError
        When too few galaxies have scores.
    """
    decoded = decode(catalogue, recipe, cache, quiet=quiet)
    volunteers = catalogue.volunteer_fractions.astype(np.float32)
    known = np.isfinite(volunteers)
    usable = ~np.isin(np.array(catalogue.ids, dtype=object), list(never))
    usable[list(decoded.failures)] = False
    complete = np.flatnonzero(usable & known.all(axis=1))
    partial = np.flatnonzero(usable & known.any(axis=1) & ~known.all(axis=1))
    held_out = np.sort(np.random.default_rng(recipe.seed).permutation(complete)[: recipe.hold_out])
    training = np.setdiff1d(complete, held_out)
    if recipe.partial:
        training = np.sort(np.concatenate([training, partial]))
    if len(training) < recipe.batch_size:
        raise TrainingError(
            f"{catalogue.name} leaves {len(training)} galaxies to train on ({len(complete)} with all {len(COLUMNS)} "
            f"scores, {len(held_out)} held out); a batch takes {recipe.batch_size}: give more galaxies, or a smaller "
            "--hold-out or --batch-size"
        )
    mean, std = channel_statistics(decoded.array, training, recipe)
    return TrainingGalaxies(decoded.array, volunteers, training, held_out, mean, std)

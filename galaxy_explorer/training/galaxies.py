"""From a catalogue to what a run learns from: which galaxies, their pictures, and the statistics."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
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
    failures: dict[str, str] = field(default_factory=dict)  # galaxies whose picture cannot be read, and why
    never_seen: int = 0  # galaxies of the catalogue that the run was told to leave alone

    def training_mean(self) -> list[float]:
        """Give the mean of each score over the training galaxies of which it is known, ``(37,)``; NaN where none is."""
        volunteers = self.volunteer_fractions[self.training_rows].astype(np.float64)
        known = np.isfinite(volunteers)
        mean = np.full(len(COLUMNS), np.nan)
        np.divide(np.where(known, volunteers, 0.0).sum(axis=0), known.sum(axis=0), out=mean, where=known.any(axis=0))
        return [round(float(value), 6) for value in mean]

    @cached_property
    def fingerprint(self) -> str:
        """A short text that changes with the galaxies learnt from and held out, or with their scores."""
        digest = hashlib.blake2b(digest_size=10)
        for rows in (self.training_rows, self.hold_out_rows):
            digest.update(np.ascontiguousarray(rows, dtype=np.int64).tobytes())
            digest.update(np.ascontiguousarray(self.volunteer_fractions[rows], dtype=np.float32).tobytes())
        return digest.hexdigest()


def gather(
    catalogue: Catalogue, recipe: Recipe, cache: Path, *, never: Iterable[str] = (), quiet: bool = False
) -> TrainingGalaxies:
    """Choose the galaxies to train on and to hold out, and decode their pictures.

    Parameters
    ----------
    catalogue : Catalogue
        Galaxies with volunteer scores; those without any are passed over.
    recipe : Recipe
        Says how many are held out, by which seed, and whether partial scores count.
    cache : Path
        Where decoded pictures are kept.
    never : iterable of str
        Ids that the run must not see: the validation galaxies. They are not even decoded.
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
    scored = np.isfinite(catalogue.volunteer_fractions).any(axis=1)
    forbidden = catalogue.table.index.isin(list(never))
    learnable = catalogue.rows(np.flatnonzero(scored & ~forbidden))
    _check_number(len(learnable), recipe, f"{learnable.name} has {len(learnable)} galaxies with scores to train on")
    decoded = decode(learnable, recipe, cache, quiet=quiet)
    volunteers = learnable.volunteer_fractions
    complete = np.isfinite(volunteers).all(axis=1)
    readable = np.ones(len(learnable), dtype=bool)
    readable[list(decoded.failures)] = False
    held_out, training = _split(np.flatnonzero(readable & complete), np.flatnonzero(readable & ~complete), recipe)
    _check_number(
        len(training),
        recipe,
        f"{learnable.name} leaves {len(training)} galaxies to train on ({int(complete.sum())} with all {len(COLUMNS)} "
        f"scores, {len(held_out)} held out, {len(decoded.failures)} whose picture cannot be read)",
    )
    mean, std = channel_statistics(decoded.array, training, recipe)
    failures = {learnable.ids[row]: reason for row, reason in sorted(decoded.failures.items())}
    return TrainingGalaxies(decoded.array, volunteers, training, held_out, mean, std, failures, int(forbidden.sum()))


def _split(complete: np.ndarray, partial: np.ndarray, recipe: Recipe) -> tuple[np.ndarray, np.ndarray]:
    """Draw the galaxies to hold out, by the recipe's seed, among those with all scores; give them and the others."""
    held_out = np.sort(np.random.default_rng(recipe.seed).permutation(complete)[: recipe.hold_out])
    training = np.setdiff1d(complete, held_out)
    return held_out, np.sort(np.concatenate([training, partial])) if recipe.partial else training


def _check_number(count: int, recipe: Recipe, found: str) -> None:
    """Refuse fewer galaxies than a batch takes."""
    if count < recipe.batch_size:
        raise TrainingError(
            f"{found}; a batch takes {recipe.batch_size}: give more galaxies with scores, or a smaller --hold-out or --batch-size"
        )

"""From a catalogue to what a run learns from: which galaxies, their pictures, and the statistics."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.training.data.decoded_images import DecodedPictures, channel_statistics, decode
from galaxy_explorer.training.data.sample_weights import selection_weights
from galaxy_explorer.training.distillation.teachers import Lessons
from galaxy_explorer.training.recipe import Recipe
from galaxy_explorer.training.resume import TrainingError


@dataclass(frozen=True)
class TrainingGalaxies:
    """What a run learns from: decoded pictures, scores, and which rows are for what."""

    pictures: np.ndarray  # (N, S, S, 3) uint8, memory-mapped
    volunteer_fractions: np.ndarray  # (N + U, 37) float32, NaN where unknown
    training_rows: np.ndarray  # (M,) int
    hold_out_rows: np.ndarray  # (K,) int, disjoint from the training rows
    mean: list[float]  # of each channel over the training galaxies, 0-1
    std: list[float]
    failures: dict[str, str] = field(default_factory=dict)  # galaxies whose picture cannot be read, and why
    ids: tuple[str, ...] = ()  # (N,)
    never: tuple[str, ...] = ()  # galaxies that the run was told to leave alone, of this catalogue or another
    never_seen: int = 0  # how many of them are in the catalogue
    unscored_pictures: np.ndarray | None = None  # (U, S, S, 3) uint8: rows N and on
    taught_fractions: np.ndarray | None = None  # (N + U, 37): what teachers made of the scores; None without any
    hold_out_weights: np.ndarray | None = None  # (K,): undo the selection
    training_weights: np.ndarray | None = None  # (N + U,): likewise, in the loss

    @property
    def hold_out_ids(self) -> tuple[str, ...]:
        """The galaxies held out."""
        return tuple(self.ids[row] for row in self.hold_out_rows)

    @property
    def kept_back(self) -> tuple[str, ...]:
        """The galaxies that a run is judged by: those held out, and those that it was told to leave alone."""
        return (*self.hold_out_ids, *self.never)

    @property
    def learnt_ids(self) -> tuple[str, ...]:
        """The galaxies whose votes are learnt from."""
        return tuple(self.ids[row] for row in self.training_rows if row < len(self.pictures))

    @property
    def learnt_fractions(self) -> np.ndarray:
        """The ``(N + U, 37)`` scores that the network is to give: the volunteers', or what teachers made of them."""
        return self.volunteer_fractions if self.taught_fractions is None else self.taught_fractions

    def read(self, rows: np.ndarray, out: np.ndarray) -> None:
        """Read the pictures of rows in rising order into ``(len(rows), S, S, 3) uint8``."""
        scored = int(np.searchsorted(rows, len(self.pictures)))
        # "clip" writes without a copy.
        np.take(self.pictures, rows[:scored], axis=0, out=out[:scored], mode="clip")
        if scored < len(rows) and self.unscored_pictures is not None:
            others = rows[scored:] - len(self.pictures)
            np.take(self.unscored_pictures, others, axis=0, out=out[scored:], mode="clip")

    def training_mean(self) -> list[float]:
        """Give the mean of each score over the training galaxies of which it is known, ``(37,)``; NaN where none is."""
        volunteers = self.volunteer_fractions[self.training_rows].astype(np.float64)
        known = np.isfinite(volunteers)
        mean = np.full(len(COLUMNS), np.nan)
        np.divide(np.where(known, volunteers, 0.0).sum(axis=0), known.sum(axis=0), out=mean, where=known.any(axis=0))
        return [round(float(value), 6) for value in mean]

    @cached_property
    def fingerprint(self) -> str:
        """A short text that changes with the galaxies learnt from and held out, their scores, or how bright they are."""
        digest = hashlib.blake2b(repr((self.mean, self.std)).encode(), digest_size=10)
        for rows in (self.training_rows, self.hold_out_rows):
            digest.update(np.ascontiguousarray(rows, dtype=np.int64).tobytes())
            digest.update(np.ascontiguousarray(self.learnt_fractions[rows], dtype=np.float32).tobytes())
        return digest.hexdigest()


def gather(
    catalogue: Catalogue,
    recipe: Recipe,
    cache: Path,
    *,
    never: Iterable[str] = (),
    lessons: Lessons | None = None,
    quiet: bool = False,
) -> TrainingGalaxies:
    """Choose the galaxies to train on and to hold out, and decode their pictures.

    Parameters
    ----------
    catalogue : Catalogue
        Galaxies with volunteer scores; those without any are passed over.
    recipe : Recipe
        Says how many are held out, by which seed, and whether partial scores count.
    cache : Path
        Where decoded pictures and the teachers' answers are kept.
    never : iterable of str
        Ids that the run must not see: the validation galaxies. They are not even decoded, and not taught either.
    lessons : Lessons, optional
        Teachers, whose answers fill unknown scores of the training galaxies, and galaxies without any.
    quiet : bool
        Show no progress bar.

    Returns
    -------
    TrainingGalaxies

    Raises
    ------
    TrainingError
        When too few galaxies have scores, or a teacher has learnt from galaxies that the run is judged by.
    """
    never = tuple(dict.fromkeys(never))
    scored = np.isfinite(catalogue.volunteer_fractions).any(axis=1)
    forbidden = catalogue.table.index.isin(never)
    learnable = catalogue.rows(np.flatnonzero(scored & ~forbidden))
    galaxies = replace(_scored(learnable, recipe, cache, quiet), never=never, never_seen=int(forbidden.sum()))
    if lessons is None:
        return galaxies
    lessons.refuse_those_that_learnt(galaxies.kept_back)
    answers = lessons.answers(learnable.rows(galaxies.training_rows), cache, quiet=quiet)
    galaxies = _taught(galaxies, answers, recipe.teaching)
    if lessons.unscored is None:
        return galaxies
    others = lessons.unscored.rows(~lessons.unscored.table.index.isin([*learnable.ids, *never]))
    answers, decoded = lessons.answers(others, cache, quiet=quiet), decode(others, recipe, cache, quiet=quiet)
    return _with_unscored(galaxies, others, answers, decoded)


def _scored(learnable: Catalogue, recipe: Recipe, cache: Path, quiet: bool) -> TrainingGalaxies:
    """Decode the galaxies that have scores, and choose among them."""
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
    weights = selection_weights(volunteers)
    return TrainingGalaxies(
        decoded.array,
        volunteers,
        training,
        held_out,
        *channel_statistics(decoded.array, training, recipe),
        failures={learnable.ids[row]: reason for row, reason in sorted(decoded.failures.items())},
        ids=tuple(learnable.ids),
        hold_out_weights=weights[held_out],
        training_weights=weights if recipe.reweigh else None,
    )


def _taught(galaxies: TrainingGalaxies, answers: np.ndarray, part: float) -> TrainingGalaxies:
    """Fill the unknown scores of the training galaxies with their teachers' answers, and blend a part into the known."""
    taught, rows = galaxies.volunteer_fractions.copy(), galaxies.training_rows
    voted = taught[rows]
    blended = np.where(np.isnan(answers), voted, (1.0 - part) * voted + part * answers)
    taught[rows] = np.where(np.isnan(voted), answers, blended)
    return replace(galaxies, taught_fractions=taught)


def _with_unscored(
    galaxies: TrainingGalaxies, others: Catalogue, answers: np.ndarray, decoded: DecodedPictures
) -> TrainingGalaxies:
    """Add galaxies without scores to those to train on."""
    first = len(galaxies.pictures)
    readable = np.setdiff1d(np.arange(len(others)), list(decoded.failures)).astype(int)
    unknown = np.full((len(others), len(COLUMNS)), np.nan, np.float32)
    weights = galaxies.training_weights
    return replace(
        galaxies,
        unscored_pictures=decoded.array,
        volunteer_fractions=np.concatenate([galaxies.volunteer_fractions, unknown]),
        taught_fractions=np.concatenate([galaxies.learnt_fractions, answers]),
        training_rows=np.concatenate([galaxies.training_rows, first + readable]),
        training_weights=None if weights is None else np.concatenate([weights, np.ones(len(others), np.float32)]),
        failures=galaxies.failures | {others.ids[row]: reason for row, reason in sorted(decoded.failures.items())},
    )


def _split(complete: np.ndarray, partial: np.ndarray, recipe: Recipe) -> tuple[np.ndarray, np.ndarray]:
    """Draw the galaxies to hold out, by the recipe's seed for it, among those with all scores; give them and the others."""
    held_out = np.sort(np.random.default_rng(recipe.hold_out_seed).permutation(complete)[: recipe.hold_out])
    training = np.setdiff1d(complete, held_out)
    return held_out, np.sort(np.concatenate([training, partial])) if recipe.partial else training


def _check_number(count: int, recipe: Recipe, found: str) -> None:
    """Refuse fewer galaxies than a batch takes."""
    if count < recipe.batch_size:
        raise TrainingError(
            f"{found}; a batch takes {recipe.batch_size}: give more galaxies with scores, or a smaller --hold-out or --batch-size"
        )

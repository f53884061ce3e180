"""Training set: training galaxies and hold-out with pictures, targets and statistics."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.training.data.decoded_images import DecodedPictures, channel_statistics, decode
from galaxy_explorer.training.data.sample_weights import importance_weights
from galaxy_explorer.training.distillation.teachers import Distillation
from galaxy_explorer.training.recipe import Recipe
from galaxy_explorer.training.resume import TrainingError


@dataclass(frozen=True)
class TrainingSet:
    """Pictures, targets and rows of a run: N galaxies with votes, then U unlabeled ones."""

    pictures: np.ndarray  # (N, S, S, 3) uint8, memory-mapped
    volunteer_fractions: np.ndarray  # (N + U, 37) float32, NaN where unknown
    training_rows: np.ndarray  # (M,) int
    hold_out_rows: np.ndarray  # (K,) int, disjoint from the training rows
    mean: list[float]  # of each channel over the training galaxies, 0-1
    std: list[float]
    failures: dict[str, str] = field(default_factory=dict)  # unreadable pictures by galaxy id, with the reason
    ids: tuple[str, ...] = ()  # (N,)
    excluded_ids: tuple[str, ...] = ()  # never trained on, in this catalogue or not
    excluded: int = 0  # number of them in the catalogue
    unlabeled_pictures: np.ndarray | None = None  # (U, S, S, 3) uint8
    distilled_fractions: np.ndarray | None = None  # (N + U, 37): votes and pseudo-labels; None without teachers
    hold_out_weights: np.ndarray | None = None  # (K,) importance weights
    sample_weights: np.ndarray | None = None  # (N + U,) importance weights in the loss

    @property
    def hold_out_ids(self) -> tuple[str, ...]:
        """Ids of the hold-out."""
        return tuple(self.ids[row] for row in self.hold_out_rows)

    @property
    def evaluation_ids(self) -> tuple[str, ...]:
        """Ids of the galaxies that the run is evaluated on: hold-out and excluded galaxies."""
        return (*self.hold_out_ids, *self.excluded_ids)

    @property
    def training_ids(self) -> tuple[str, ...]:
        """Ids of the training galaxies with votes."""
        return tuple(self.ids[row] for row in self.training_rows if row < len(self.pictures))

    @property
    def target_fractions(self) -> np.ndarray:
        """Targets of the loss, ``(N + U, 37)``: the votes, with pseudo-labels if there are teachers."""
        return self.volunteer_fractions if self.distilled_fractions is None else self.distilled_fractions

    def read(self, rows: np.ndarray, out: np.ndarray) -> None:
        """Read the pictures of sorted rows into ``(len(rows), S, S, 3) uint8``."""
        labeled = int(np.searchsorted(rows, len(self.pictures)))
        # mode="clip" writes without a copy.
        np.take(self.pictures, rows[:labeled], axis=0, out=out[:labeled], mode="clip")
        if labeled < len(rows) and self.unlabeled_pictures is not None:
            others = rows[labeled:] - len(self.pictures)
            np.take(self.unlabeled_pictures, others, axis=0, out=out[labeled:], mode="clip")

    def training_mean(self) -> list[float]:
        """Compute the mean vote fractions of the training galaxies, ``(37,)``; NaN if unknown."""
        votes = self.volunteer_fractions[self.training_rows].astype(np.float64)
        known = np.isfinite(votes)
        mean = np.full(len(COLUMNS), np.nan)
        np.divide(np.where(known, votes, 0.0).sum(axis=0), known.sum(axis=0), out=mean, where=known.any(axis=0))
        return mean.round(6).tolist()

    @cached_property
    def fingerprint(self) -> str:
        """Digest of the training galaxies and the hold-out, their targets and channel statistics."""
        digest = hashlib.blake2b(repr((self.mean, self.std)).encode(), digest_size=10)
        for rows in (self.training_rows, self.hold_out_rows):
            digest.update(np.ascontiguousarray(rows, dtype=np.int64).tobytes())
            digest.update(np.ascontiguousarray(self.target_fractions[rows], dtype=np.float32).tobytes())
        return digest.hexdigest()


def build_training_set(
    catalogue: Catalogue,
    recipe: Recipe,
    cache: Path,
    *,
    excluded_ids: Iterable[str] = (),
    distillation: Distillation | None = None,
    quiet: bool = False,
) -> TrainingSet:
    """Choose the training galaxies and the hold-out of a catalogue, and decode their pictures.

    Parameters
    ----------
    catalogue : Catalogue
        Galaxies without any votes are skipped.
    recipe : Recipe
        Size and seed of the hold-out, use of partial scores, weight of the pseudo-labels.
    cache : Path
        Folder for decoded pictures and the teachers' predictions.
    excluded_ids : iterable of str
        Galaxies that are neither decoded, trained on, nor given a pseudo-label: the validation set.
    distillation : Distillation, optional
        Teachers, whose pseudo-labels replace unknown scores, and unlabeled galaxies.
    quiet : bool
        Show no progress bar.

    Raises
    ------
    TrainingError
        If too few galaxies have scores, or a teacher was trained on galaxies that the run is evaluated on.
    """
    excluded_ids = tuple(dict.fromkeys(excluded_ids))
    scored = np.isfinite(catalogue.volunteer_fractions).any(axis=1)
    excluded = catalogue.table.index.isin(excluded_ids)
    labeled = catalogue.rows(np.flatnonzero(scored & ~excluded))
    galaxies = _labeled(labeled, recipe, cache, quiet)
    galaxies = replace(galaxies, excluded_ids=excluded_ids, excluded=int(excluded.sum()))
    if distillation is None:
        return galaxies
    distillation.check_no_leakage(galaxies.evaluation_ids)
    pseudo_labels = distillation.pseudo_labels(labeled.rows(galaxies.training_rows), cache, quiet=quiet)
    galaxies = _distilled(galaxies, pseudo_labels, recipe.distill_weight)
    if distillation.unlabeled is None:
        return galaxies
    others = distillation.unlabeled
    others = others.rows(~others.table.index.isin([*labeled.ids, *excluded_ids]))
    pseudo_labels = distillation.pseudo_labels(others, cache, quiet=quiet)
    return _with_unlabeled(galaxies, others.ids, pseudo_labels, decode(others, recipe, cache, quiet=quiet))


def _labeled(catalogue: Catalogue, recipe: Recipe, cache: Path, quiet: bool) -> TrainingSet:
    """Decode galaxies with votes and split them into training galaxies and hold-out."""
    name, votes = catalogue.name, catalogue.volunteer_fractions
    _check_number(len(catalogue), recipe, f"{name} has {len(catalogue)} galaxies with scores to train on")
    decoded = decode(catalogue, recipe, cache, quiet=quiet)
    complete = np.isfinite(votes).all(axis=1)
    readable = ~np.isin(np.arange(len(catalogue)), list(decoded.failures))
    shuffled = np.random.default_rng(recipe.hold_out_seed).permutation(np.flatnonzero(readable & complete))
    hold_out = np.sort(shuffled[: recipe.hold_out])
    if recipe.hold_out and not len(hold_out):
        unknown = [column for column, known in zip(COLUMNS, np.isfinite(votes).any(axis=0), strict=True) if not known]
        missing = f" (no galaxy has {', '.join(unknown[:5])}{', …' if unknown[5:] else ''})" if unknown else ""
        raise TrainingError(
            f"none of the {len(catalogue)} galaxies of {name} has all {len(COLUMNS)} scores and a picture that can be "
            f"read{missing}, so the hold-out would be empty; complete the scores, or train without a hold-out, and "
            "without intervals: --hold-out 0"
        )
    training = np.setdiff1d(np.flatnonzero(readable if recipe.partial else readable & complete), hold_out)
    _check_number(
        len(training),
        recipe,
        f"{name} has {len(training)} galaxies to train on ({int(complete.sum())} with all {len(COLUMNS)} scores, "
        f"{len(hold_out)} in the hold-out, {len(decoded.failures)} with an unreadable picture)",
    )
    weights = importance_weights(votes)
    return TrainingSet(
        decoded.array,
        votes,
        training,
        hold_out,
        *channel_statistics(decoded.array, training, recipe),
        failures={catalogue.ids[row]: reason for row, reason in sorted(decoded.failures.items())},
        ids=tuple(catalogue.ids),
        hold_out_weights=weights[hold_out],
        sample_weights=weights if recipe.reweight else None,
    )


def _check_number(count: int, recipe: Recipe, found: str) -> None:
    """Raise TrainingError for fewer galaxies than a batch takes."""
    if count < recipe.batch_size:
        raise TrainingError(
            f"{found}; a batch takes {recipe.batch_size}: add galaxies with scores, or lower --hold-out or --batch-size"
        )


def _distilled(galaxies: TrainingSet, pseudo_labels: np.ndarray, weight: float) -> TrainingSet:
    """Replace unknown scores by pseudo-labels, and blend these into the known ones."""
    targets, rows = galaxies.volunteer_fractions.copy(), galaxies.training_rows
    votes = targets[rows]
    blended = np.where(np.isnan(pseudo_labels), votes, (1.0 - weight) * votes + weight * pseudo_labels)
    targets[rows] = np.where(np.isnan(votes), pseudo_labels, blended)
    return replace(galaxies, distilled_fractions=targets)


def _with_unlabeled(
    galaxies: TrainingSet, ids: list[str], pseudo_labels: np.ndarray, decoded: DecodedPictures
) -> TrainingSet:
    """Add unlabeled galaxies to the training galaxies."""
    first, count = len(galaxies.pictures), len(ids)
    readable = np.setdiff1d(np.arange(count), list(decoded.failures)).astype(int)
    weights = galaxies.sample_weights
    unknown = np.full((count, len(COLUMNS)), np.nan, np.float32)
    return replace(
        galaxies,
        unlabeled_pictures=decoded.array,
        volunteer_fractions=np.concatenate([galaxies.volunteer_fractions, unknown]),
        distilled_fractions=np.concatenate([galaxies.target_fractions, pseudo_labels]),
        training_rows=np.concatenate([galaxies.training_rows, first + readable]),
        sample_weights=None if weights is None else np.concatenate([weights, np.ones(count, np.float32)]),
        failures=galaxies.failures | {ids[row]: reason for row, reason in sorted(decoded.failures.items())},
    )

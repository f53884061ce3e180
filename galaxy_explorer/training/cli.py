"""Command line of the training: data, model, fit, checkpoint, model card."""

import argparse
import shlex
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from galaxy_explorer.catalogue import (
    VALIDATION_FILE,
    Catalogue,
    open_catalogue,
    read_ids,
    read_validation_ids,
    skipped_note,
    unread_note,
    without_votes_note,
)
from galaxy_explorer.models import Card, Model
from galaxy_explorer.models.checkpoints import WEIGHTS, find, load, save
from galaxy_explorer.prediction import SINGLE_PROCESS, Rank, init_distributed
from galaxy_explorer.prediction.distributed import default_device
from galaxy_explorer.signals import sigterm_as_interrupt
from galaxy_explorer.training.data.dataset import TrainingSet, build_training_set
from galaxy_explorer.training.distillation.leakage import training_fingerprint
from galaxy_explorer.training.distillation.teachers import Distillation, load_teachers
from galaxy_explorer.training.flags import read_flags, recipe_of
from galaxy_explorer.training.model_card.card import make_card
from galaxy_explorer.training.model_card.evaluate import update_card, validate
from galaxy_explorer.training.model_card.page import write_cards
from galaxy_explorer.training.recipe import Recipe
from galaxy_explorer.training.resume import RUN_CHECKPOINT, TrainingError, work_folder_lock
from galaxy_explorer.training.run import Run, fit

MAX_LISTED = 10  # unreadable pictures that are listed by id
SAME_MEAN = 1e-4  # difference of a channel's mean: another version of the resize changes it by 1e-5


def main(argv: Sequence[str] | None = None) -> int:
    """Train a network, or update a model card; print errors as one line.

    Parameters
    ----------
    argv : sequence of str, optional
        Flags; by default those of the process.

    Returns
    -------
    int
        Exit status: 0 all done; 1 some pictures could not be read and the rest is done; 2 the run could not
        start or continue; 130 interrupted.
    """
    argv = sys.argv[1:] if argv is None else list(argv)
    flags = read_flags(argv)
    try:
        with sigterm_as_interrupt(), init_distributed(flags.device or default_device()) as rank:
            if flags.update_card:
                return update(flags, rank)
            starter = ["python"] if rank.world_size == 1 else ["torchrun", "--nproc-per-node", str(rank.world_size)]
            repeatable = [argument for argument in argv if argument != "--resume"]
            return train(flags, rank, shlex.join([*starter, "train.py", *repeatable]))
    except (ValueError, OSError, RuntimeError) as error:
        print(f"train: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("train: interrupted; --resume continues after the last finished epoch", file=sys.stderr)
        return 130


def train(flags: argparse.Namespace, rank: Rank, command: str) -> int:
    """Train a network from the data to the checkpoint; return the exit status."""
    recipe = recipe_of(flags)
    work = flags.work or Path("runs") / recipe.model
    out = flags.out or work / "model.pt"
    check_paths(work, out, flags.resume)
    with work_folder_lock(work, out) if rank.is_rank_0 else nullcontext():
        # Data: rank 0 decodes, the others then find the array in the cache.
        catalogue, distillation = open_scored(flags.data, rank), read_distillation(flags, rank)
        excluded_ids = read_excluded_ids(flags, catalogue, rank)
        data: dict[str, Any] = {"excluded_ids": excluded_ids, "distillation": distillation}
        build = partial(build_training_set, catalogue, recipe, flags.cache, quiet=not rank.is_rank_0, **data)
        with rank.barrier():
            galaxies = build() if rank.is_rank_0 else None
        galaxies = galaxies or build()
        sizes = len(galaxies.training_rows), len(galaxies.hold_out_rows), galaxies.excluded
        say(rank, "{} training galaxies, {} in the hold-out, {} excluded".format(*sizes))
        say(rank, *small_hold_out(galaxies, recipe))
        say(rank, *skipped(galaxies.failures))

        # Model and fit.
        run = Run(recipe, galaxies, rank, work, minutes=flags.time_limit)
        with rank.barrier():
            run.start(flags.start_from, flags.pretrained)
        if flags.resume:
            resumed = run.resume()
            say(rank, f"resuming after epoch {run.progress.epoch}" if resumed else f"no epoch in {work} yet: starting")
        progress = fit(run)
        if not rank.is_rank_0:
            return 0

        # Checkpoint in half precision, then the evaluation of what was saved.
        card = make_card(run, data=catalogue.name, command=command, note=flags.note, distillation=distillation)
        model = Model(run.best_network(), card)
        save(out, model)
        rmse = "not measured" if card.hold_out_rmse is None else f"{card.hold_out_rmse:.4f}"
        say(rank, f"wrote {out}: weights of epoch {progress.best_epoch}; hold-out RMSE {rmse}")
        _, lost = evaluate(out, model, catalogue, galaxies, excluded_ids if flags.validate else ())
        return 1 if lost or galaxies.failures else 0


def update(flags: argparse.Namespace, rank: Rank) -> int:
    """Recompute the model card of an existing checkpoint; return the exit status."""
    path = find(flags.update_card)
    model = load(path, rank.device)
    card = model.card
    recipe = Recipe.from_dict(card.recipe, f"the card of {path}")
    catalogue = open_scored(flags.data, rank)
    excluded_ids = read_excluded_ids(flags, catalogue, rank)
    galaxies = build_training_set(catalogue, recipe, flags.cache, excluded_ids=excluded_ids)
    has_same_means = np.allclose(galaxies.mean, card.mean, rtol=0, atol=SAME_MEAN)
    if not has_same_means or len(galaxies.hold_out_rows) != card.hold_out_galaxies:
        raise TrainingError(
            f"{path} was trained on other galaxies than those in {flags.data} (channel means {card.mean}, here "
            f"{galaxies.mean}); use the data and the --exclude-ids of the command in its model card"
        )
    fingerprint = training_fingerprint(galaxies.training_ids, filter(None, [card.training_fingerprint]))
    model = replace(model, card=replace(card, training_fingerprint=fingerprint))
    card, lost = evaluate(path, model, catalogue, galaxies, excluded_ids if flags.validate else ())
    say(
        rank,
        f"wrote {path}" + ("" if card.ood_reference else ": too few galaxies for an out-of-distribution reference"),
    )
    return 1 if lost or galaxies.failures else 0


def evaluate(
    path: Path, model: Model, catalogue: Catalogue, galaxies: TrainingSet, validation_ids: Sequence[str]
) -> tuple[Card, dict[str, str]]:
    """Evaluate a model and write its checkpoint; return the card and the unreadable pictures."""
    card, lost = update_card(model, catalogue, galaxies)
    save(path, replace(model, card=card))
    if validation_ids:
        card, unread = validate(replace(model, card=card), catalogue, validation_ids)
        save(path, replace(model, card=card))
        lost |= unread
        if len(unread) < len(validation_ids) and (measured := card.validation):
            say(SINGLE_PROCESS, f"RMSE on {measured.galaxies} validation galaxies: {measured.rmse:.4f}")
    say(SINGLE_PROCESS, *skipped(lost))
    write_cards(path.resolve().parent)
    return card, lost


def check_paths(work: Path, out: Path, resume: bool) -> None:
    """Raise TrainingError, before any work, for folders and files that a run must not write to."""
    if work.resolve().is_relative_to(WEIGHTS):
        raise TrainingError(f"{work} is for finished models; set another folder for the run with --work")
    if out.is_dir():
        raise TrainingError(f"{out} is a folder; set the checkpoint to write with --out")
    out.parent.mkdir(parents=True, exist_ok=True)
    if (work / RUN_CHECKPOINT).is_file() and not resume:
        raise TrainingError(f"{work} already holds a run; add --resume to continue it, or set another --work folder")


def open_scored(data: str, rank: Rank) -> Catalogue:
    """Open the catalogue to train on, and report what is left out of its files and tables."""
    catalogue = open_catalogue(data)
    scored = int(np.isfinite(catalogue.volunteer_fractions).any(axis=1).sum())
    if not scored:
        raise TrainingError(without_votes_note(catalogue, data))
    say(rank, *filter(None, (skipped_note(data), unread_note(catalogue.table))))
    if catalogue.missing_pictures:
        counts = f"{catalogue.missing_pictures:,}; pictures without scores: {len(catalogue) - scored:,}"
        say(rank, f"left out, scores without a picture: {counts}")
    return catalogue


def small_hold_out(galaxies: TrainingSet, recipe: Recipe) -> list[str]:
    """Return a line on a hold-out with fewer galaxies than requested."""
    count = len(galaxies.hold_out_rows)
    if count >= recipe.hold_out:
        return []
    return [
        f"the hold-out has {count} galaxies, not the {recipe.hold_out} of --hold-out: no more have all 37 scores and a "
        "picture that can be read, so all training galaxies have only some of the scores"
    ]


def read_excluded_ids(flags: argparse.Namespace, catalogue: Catalogue, rank: Rank = SINGLE_PROCESS) -> list[str]:
    """Read the ids that the run must not train on, whether they are in the catalogue or not."""
    source = flags.exclude_ids or Path(flags.data) / VALIDATION_FILE
    excluded_ids = read_ids(flags.exclude_ids) if flags.exclude_ids else read_validation_ids(flags.data)
    if flags.validate and not excluded_ids:
        raise TrainingError(
            f"--validate needs a list of galaxies, but {flags.data} holds no {VALIDATION_FILE}; list ids in a file and "
            "pass it with --exclude-ids, or leave out --validate"
        )
    known = catalogue.subset([galaxy for galaxy in dict.fromkeys(excluded_ids) if galaxy in catalogue])
    if absent := len(set(excluded_ids)) - len(known):
        say(rank, f"{absent:,} of the {len(set(excluded_ids)):,} ids in {source} are not in {catalogue.name}")
    if flags.validate and not np.isfinite(known.volunteer_fractions).any():
        raise TrainingError(
            f"--validate needs galaxies with scores, but {source} lists {len(excluded_ids)}, {catalogue.name} has "
            f"{len(known)} of them, and none has scores; list some of its ids in a file and pass it with --exclude-ids"
        )
    return excluded_ids


def read_distillation(flags: argparse.Namespace, rank: Rank) -> Distillation | None:
    """Load the teachers and open the unlabeled pictures."""
    if not flags.teacher:
        if flags.unlabeled or flags.distill_weight:
            raise TrainingError("--unlabeled and --distill-weight need a teacher; add models with --teacher")
        return None
    unlabeled = open_catalogue(flags.unlabeled) if flags.unlabeled else None
    if unlabeled is not None and unlabeled.field_of_view == 1.0:
        unlabeled = replace(unlabeled, field_of_view=float(flags.unlabeled_field))
    return Distillation(load_teachers(flags.teacher, rank.device), flags.teacher_views, unlabeled)


def say(rank: Rank, *lines: str) -> None:
    """Print lines to stderr, from rank 0 alone."""
    if rank.is_rank_0 and lines:
        print(*lines, sep="\n", file=sys.stderr)


def skipped(failures: Mapping[str, str]) -> list[str]:
    """Return a line for each unreadable picture, with the reason."""
    lines = [f"skipped: galaxy {galaxy}: {reason}" for galaxy, reason in failures.items()]
    more = len(lines) - MAX_LISTED
    return [*lines[:MAX_LISTED], f"skipped: {more} more galaxies"] if more > 0 else lines

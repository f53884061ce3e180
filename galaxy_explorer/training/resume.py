"""Run checkpoint and log of an unfinished run, written after every epoch, so that a kill loses at most one epoch."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from galaxy_explorer.models.checkpoints import UNREADABLE, torch_save_atomic
from galaxy_explorer.storage import try_lock
from galaxy_explorer.training.recipe import Recipe, current_settings

RUN_CHECKPOINT, LOG, LOCK = "state.pt", "log.jsonl", ".lock"


class TrainingError(RuntimeError):
    """A training run cannot start or continue; the message holds the reason and what to do."""


@dataclass
class Progress:
    """Progress of a run, in plain numbers."""

    epoch: int = 0  # finished epochs
    step: int = 0  # finished optimiser steps
    seconds: float = 0.0  # over all resumptions
    best_rmse: float = float("inf")  # of the averaged weights on the hold-out; inf without a hold-out
    best_epoch: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class RunIdentity:
    """What a run must share with a run checkpoint to resume it."""

    recipe: Recipe
    initial_weights: str
    galaxies: str  # fingerprint of the training set

    def settings(self) -> dict[str, Any]:
        """Return the settings as plain types."""
        return self.recipe.as_dict() | {"start": self.initial_weights}


def save_run(work: Path, parts: dict[str, Any], progress: Progress, identity: RunIdentity) -> None:
    """Write the run checkpoint atomically: state dicts by name, and the progress."""
    content = {
        "parts": parts,
        "progress": asdict(progress),
        "recipe": identity.settings(),
        "galaxies": identity.galaxies,
    }
    torch_save_atomic(content, work / RUN_CHECKPOINT)


def load_run(work: Path, identity: RunIdentity) -> tuple[dict[str, Any], Progress] | None:
    """Read the run checkpoint onto the CPU; None if no epoch is finished.

    Raises
    ------
    TrainingError
        If it cannot be read, or belongs to a run with other settings or galaxies.
    """
    path = work / RUN_CHECKPOINT
    if not path.is_file():
        return None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        saved, parts, progress = dict(state["recipe"]), state["parts"], Progress(**state["progress"])
    except UNREADABLE as error:
        raise TrainingError(
            f"{path} cannot be read as a run checkpoint ({str(error).partition(chr(10))[0] or 'it is empty'}); "
            "delete it, or start again in another --work folder"
        ) from error
    try:
        saved = current_settings(saved)
    except ValueError as error:
        raise TrainingError(f"{path} cannot be resumed: {error}") from error
    ours, unused = identity.settings(), identity.recipe.unused
    other = [name for name, value in saved.items() if name not in unused and ours.get(name) != value]
    if other:
        changed = ", ".join(f"{name} {saved[name]} there, {ours.get(name)} here" for name in other)
        raise TrainingError(f"{path} belongs to a run with other settings ({changed}); use another --work folder")
    if state.get("galaxies", identity.galaxies) != identity.galaxies:
        raise TrainingError(
            f"{path} belongs to a run on other galaxies, or their scores or pictures have changed; "
            "restore the data, or start again in another --work folder"
        )
    return parts, progress


@contextmanager
def work_folder_lock(work: Path) -> Iterator[None]:
    """Hold the lock of a work folder; raise TrainingError if another run holds it."""
    work.mkdir(parents=True, exist_ok=True)
    with try_lock(work / LOCK) as acquired:
        if not acquired:
            raise TrainingError(f"another run uses {work}; wait for it, or set another folder with --work")
        yield


def start_log(work: Path, history: list[dict[str, Any]]) -> None:
    """Write the log of the finished epochs, so that it agrees with the run checkpoint after a kill."""
    work.mkdir(parents=True, exist_ok=True)
    (work / LOG).write_text("".join(json.dumps(line) + "\n" for line in history), encoding="utf-8")


def append_log(work: Path, line: dict[str, Any]) -> None:
    """Append one epoch to the run's log, as a line of JSON."""
    with (work / LOG).open("a", encoding="utf-8") as log:
        log.write(json.dumps(line) + "\n")

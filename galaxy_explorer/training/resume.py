"""What a run leaves behind after each epoch, so that a kill loses at most the epoch under way."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from galaxy_explorer.models.checkpoints import UNREADABLE, write_atomically
from galaxy_explorer.storage import try_lock
from galaxy_explorer.training.recipe import Recipe

STATE, LOG, LOCK = "state.pt", "log.jsonl", ".lock"


class TrainingError(RuntimeError):
    """A training run that cannot start or go on, with the reason and what to do."""


@dataclass
class Progress:
    """How far a run has come, in plain numbers."""

    epoch: int = 0  # epochs done
    step: int = 0  # optimiser steps done
    seconds: float = 0.0  # spent in all, over every resumption
    best_rmse: float = float("inf")  # of the averaged weights on the hold-out; infinite where there is none
    best_epoch: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)


def save_state(
    work: Path, parts: dict[str, Any], progress: Progress, recipe: Recipe, start: str, galaxies: str
) -> None:
    """Write all that `load_state` needs, in one step.

    Parameters
    ----------
    work : Path
        The run's folder.
    parts : dict
        State dicts by name.
    progress : Progress
        How far the run has come.
    recipe : Recipe
        The settings, so that another run is not resumed by mistake.
    start : str
        What the weights were in the beginning, for the same reason.
    galaxies : str
        The fingerprint of the galaxies learnt from and held out, for the same reason.
    """
    settings = recipe.as_dict() | {"start": start}
    content = {"parts": parts, "progress": asdict(progress), "recipe": settings, "galaxies": galaxies}
    write_atomically(content, work / STATE)


def load_state(work: Path, recipe: Recipe, start: str, galaxies: str) -> tuple[dict[str, Any], Progress] | None:
    """Read what `save_state` wrote, on the CPU; None where the run has not finished an epoch yet.

    Raises
    ------
    TrainingError
        When the file cannot be read, or is of a run with other settings or galaxies.
    """
    path = work / STATE
    if not path.is_file():
        return None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        theirs, parts, progress = state["recipe"], state["parts"], Progress(**state["progress"])
    except UNREADABLE as error:
        raise TrainingError(
            f"{path} cannot be read as the state of a run ({str(error).partition(chr(10))[0] or 'it is empty'}); "
            "delete it, or use another --work folder, to begin again"
        ) from error
    ours = recipe.as_dict() | {"start": start}
    other = [name for name, value in theirs.items() if name not in recipe.unused and ours.get(name) != value]
    if other:
        changed = ", ".join(f"{name} {theirs[name]} there, {ours.get(name)} now" for name in other)
        raise TrainingError(f"{path} belongs to a run with other settings ({changed}); use another --work folder")
    if state.get("galaxies", galaxies) != galaxies:
        raise TrainingError(
            f"{path} belongs to a run on other galaxies, or their scores or pictures have changed since, so that it would "
            "go on with something else; put the data back, or begin again in another --work folder"
        )
    return parts, progress


@contextmanager
def alone_in(work: Path) -> Iterator[None]:
    """Keep other runs out of a work folder until the block ends.

    Raises
    ------
    TrainingError
        When another one is at work there.
    """
    work.mkdir(parents=True, exist_ok=True)
    with try_lock(work / LOCK) as ours:
        if not ours:
            raise TrainingError(f"another run is at work in {work}; wait for it, or name another folder with --work")
        yield


def begin_log(work: Path, history: list[dict[str, Any]]) -> None:
    """Write the log of the epochs done, so that it agrees with the state also after a kill."""
    work.mkdir(parents=True, exist_ok=True)
    (work / LOG).write_text("".join(json.dumps(line) + "\n" for line in history), encoding="utf-8")


def log_line(work: Path, line: dict[str, Any]) -> None:
    """Append one epoch to the run's log, as a line of JSON."""
    with (work / LOG).open("a", encoding="utf-8") as log:
        log.write(json.dumps(line) + "\n")

"""What a run leaves behind after each epoch, so that a kill loses at most the epoch under way."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from galaxy_explorer.checkpoints import write_atomically


class TrainingError(RuntimeError):
    """A training run that cannot start or go on, with the reason and what to do."""


@dataclass
class Progress:
    """How far a run has come, in plain numbers."""

    epoch: int = 0  # epochs done
    step: int = 0  # optimiser steps done
    seconds: float = 0.0  # spent in all, over every resumption
    best_rmse: float = float("inf")  # of the averaged weights on the hold-out
    best_epoch: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)


def save_state(work: Path, parts: dict[str, Any], progress: Progress, recipe: dict[str, Any]) -> None:
    """Write all that `resume` needs in one step.

    Parameters
    ----------
    work : Path
        The run's folder.
    parts : dict
        State dicts by name.
    progress : Progress
        How far the run has come.
    recipe : dict
        The settings, so that another run is not resumed by mistake.
    """
    write_atomically({"parts": parts, "progress": asdict(progress), "recipe": recipe}, work / "state.pt")


def load_state(work: Path, recipe: dict[str, Any], device: torch.device) -> tuple[dict[str, Any], Progress] | None:
    """Read what `save_state` wrote; None where the run has not finished an epoch yet.

    Raises
    ------
    TrainingError
        When the folder holds a run with other settings.
    """
    path = work / "state.pt"
    if not path.is_file():
        return None
    state = torch.load(path, map_location=device, weights_only=True)
    other = [name for name, value in state["recipe"].items() if recipe.get(name) != value]
    if other:
        changed = ", ".join(f"{name} {state['recipe'][name]} there, {recipe.get(name)} now" for name in other)
        raise TrainingError(f"{path} belongs to a run with other settings ({changed}); use another --work folder")
    return state["parts"], Progress(**state["progress"])


def log_line(work: Path, line: dict[str, Any]) -> None:
    """Append one epoch to the run's log, as a line of JSON."""
    with (work / "log.jsonl").open("a", encoding="utf-8") as log:
        log.write(json.dumps(line) + "\n")

"""Run checkpoint and log of an unfinished run: a kill loses at most one epoch."""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from galaxy_explorer.models.checkpoints import UNREADABLE, torch_save_atomic
from galaxy_explorer.storage import remove_leftovers, try_lock
from galaxy_explorer.training.recipe import current_settings

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


def save_run(work: Path, parts: dict[str, Any], progress: Progress, identity: Mapping[str, Any]) -> None:
    """Write the run checkpoint atomically: state dicts, progress, and the run's identity."""
    torch_save_atomic({"parts": parts, "progress": asdict(progress), **identity}, work / RUN_CHECKPOINT)


def load_run(
    work: Path, identity: Mapping[str, Any], unused: Collection[str] = ()
) -> tuple[dict[str, Any], Progress] | None:
    """Read the run checkpoint onto the CPU; None if no epoch is finished.

    Parameters
    ----------
    work : Path
        Folder of the run.
    identity : mapping
        ``recipe``, settings of the run, and ``galaxies``, the fingerprint of its training set.
    unused : collection of str
        Settings that may differ.

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
    ours, saved = identity["recipe"], current_settings(saved)
    other = [name for name, value in saved.items() if name not in unused and ours.get(name) != value]
    if other:
        changed = ", ".join(f"{name} {saved[name]} there, {ours.get(name)} here" for name in other)
        raise TrainingError(f"{path} belongs to a run with other settings ({changed}); use another --work folder")
    if state.get("galaxies", identity["galaxies"]) != identity["galaxies"]:
        raise TrainingError(
            f"{path} belongs to a run on other galaxies, or their scores or pictures have changed; "
            "restore the data, or start again in another --work folder"
        )
    return parts, progress


@contextmanager
def work_folder_lock(work: Path, out: Path | None = None) -> Iterator[None]:
    """Hold the lock of a work folder; raise TrainingError if another run holds it.

    Removes the temporary files that a killed run left: of the run checkpoint, and of `out` in the same folder.
    """
    work.mkdir(parents=True, exist_ok=True)
    with try_lock(work / LOCK) as acquired:
        if not acquired:
            raise TrainingError(f"another run uses {work}; wait for it, or set another folder with --work")
        remove_leftovers(work / RUN_CHECKPOINT)
        if out is not None and out.resolve().parent == work.resolve():
            remove_leftovers(out)
        yield


def start_log(work: Path, history: list[dict[str, Any]]) -> None:
    """Write the log of the finished epochs; after a kill it lacked the last one."""
    work.mkdir(parents=True, exist_ok=True)
    (work / LOG).write_text("".join(json.dumps(line) + "\n" for line in history), encoding="utf-8")


def append_log(work: Path, line: dict[str, Any]) -> None:
    """Append one epoch to the run's log, as a line of JSON."""
    with (work / LOG).open("a", encoding="utf-8") as log:
        log.write(json.dumps(line) + "\n")

"""Teachers: trained networks whose answers stand in for scores that nobody gave."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.models.checkpoints import load
from galaxy_explorer.models.networks import GalaxyNetwork
from galaxy_explorer.prediction import PredictOptions, predict_catalogue, prediction_key
from galaxy_explorer.storage import evict_prediction_tables
from galaxy_explorer.storage.cache import MAX_PREDICTION_TABLES
from galaxy_explorer.training.distillation.leakage import refuse_if_learnt


@dataclass(frozen=True)
class Teacher:
    """A trained network with its card."""

    name: str
    network: GalaxyNetwork
    card: dict[str, Any]


@dataclass(frozen=True)
class Lessons:
    """What a run learns beside the volunteers' scores: the mean answer of its teachers, over several views each."""

    teachers: Sequence[Teacher]
    views: int = 8
    unscored: Catalogue | None = None  # galaxies without scores, which the teachers alone answer for

    def answers(self, galaxies: Catalogue, cache: Path, *, quiet: bool = False) -> np.ndarray:
        """Ask the teachers about galaxies.

        Parameters
        ----------
        galaxies : Catalogue
            Which ones.
        cache : Path
            Keeps each teacher's answers, so that a teacher is asked once and a stopped run goes on.
        quiet : bool
            Show no progress bar.

        Returns
        -------
        (N, 37) np.ndarray of float32
            The mean over the teachers; NaN where a picture cannot be read.
        """
        total = np.zeros((len(galaxies), len(COLUMNS)))
        for teacher in self.teachers:
            key = f"{galaxies.fingerprint}-{prediction_key(teacher.network, teacher.card, self.views)}"
            store = cache / "predictions" / f"{key}.parquet"
            store.parent.mkdir(parents=True, exist_ok=True)
            with tqdm(total=len(galaxies), desc=f"asking {teacher.name}", unit=" galaxies", disable=quiet) as bar:

                def progress(done: int, _total: int, bar: tqdm = bar) -> None:
                    bar.update(done - bar.n)

                options = PredictOptions(self.views, progress=progress)
                predicted = predict_catalogue(teacher.network, teacher.card, galaxies, options, store=store)
            total += predicted.fractions.reindex(galaxies.ids).to_numpy(float)
            evict_prediction_tables(store.parent, MAX_PREDICTION_TABLES, [store])
        return (total / len(self.teachers)).astype(np.float32)

    def refuse_those_that_learnt(self, kept_back: Sequence[str]) -> None:
        """Refuse teachers whose answers would tell of the galaxies by which a run is judged.

        Raises
        ------
        TrainingError
            When a teacher has learnt from some of them, or does not say what it has learnt from.
        """
        for teacher in self.teachers:
            refuse_if_learnt(f"the teacher {teacher.name}", teacher.card, kept_back)

    def described(self) -> dict[str, Any]:
        """Say who taught, in plain types for a card."""
        named = ", ".join(f"{one.name} ({_figure_of(one.card)})" for one in self.teachers)
        return {"teachers": named, "teacher_views": self.views}


def _figure_of(card: dict[str, Any]) -> str:
    """Say how good a teacher is."""
    rmse = card.get("hold_out", {}).get("rmse")
    return "hold-out RMSE unknown" if rmse is None else f"hold-out RMSE {rmse:.4f}"


def load_teachers(files: Sequence[str], device: torch.device) -> list[Teacher]:
    """Load teachers.

    Parameters
    ----------
    files : sequence of str
        Files of weights, or names of those that ship.
    device : torch.device
        Where they compute.

    Raises
    ------
    CheckpointError
        When a file cannot be loaded.
    """
    teachers = []
    for file in files:
        network, card = load(file)
        teachers.append(Teacher(Path(file).stem, network.to(device), card))
    if teachers:
        print(f"taught by {', '.join(teacher.name for teacher in teachers)}", file=sys.stderr)
    return teachers

"""Knowledge distillation: teacher predictions as pseudo-labels for missing scores."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.images import DEFAULT_VIEWS
from galaxy_explorer.models import Model
from galaxy_explorer.models.checkpoints import load
from galaxy_explorer.prediction import PredictOptions, predict_catalogue
from galaxy_explorer.progress import progress_bar
from galaxy_explorer.storage import evict_prediction_tables
from galaxy_explorer.storage.cache import MAX_PREDICTION_TABLES
from galaxy_explorer.training.distillation.leakage import check_no_leakage


@dataclass(frozen=True)
class Teacher:
    """A trained model that gives pseudo-labels."""

    name: str
    model: Model

    @property
    def label(self) -> str:
        """The teacher's name and hold-out RMSE."""
        hold_out = self.model.card.hold_out
        return f"{self.name} (hold-out RMSE {f'{hold_out.rmse:.4f}' if hold_out else 'unknown'})"


@dataclass(frozen=True)
class Distillation:
    """Teachers, whose mean prediction is the pseudo-label, and the unlabeled galaxies."""

    teachers: Sequence[Teacher]
    views: int = DEFAULT_VIEWS
    unlabeled: Catalogue | None = None

    def pseudo_labels(self, galaxies: Catalogue, cache: Path, *, quiet: bool = False) -> np.ndarray:
        """Return the teachers' mean prediction, ``(N, 37)``, cached; NaN for unreadable pictures."""
        total = np.zeros((len(galaxies), len(COLUMNS)))
        for teacher in self.teachers:
            key = f"{galaxies.fingerprint}-{teacher.model.key(self.views)}"
            store = cache / "predictions" / f"{key}.parquet"
            store.parent.mkdir(parents=True, exist_ok=True)
            label = f"predicting with {teacher.name}"
            with progress_bar("galaxies", len(galaxies), desc=label, disable=quiet) as bar:

                def progress(done: int, _total: int, bar: tqdm = bar) -> None:
                    bar.update(done - bar.n)

                options = PredictOptions(self.views, progress=progress)
                predicted = predict_catalogue(teacher.model, galaxies, options, store=store)
            total += predicted.fractions.reindex(galaxies.ids).to_numpy(float)
            evict_prediction_tables(store.parent, MAX_PREDICTION_TABLES, [store])
        return (total / len(self.teachers)).astype(np.float32)

    def check_no_leakage(self, evaluation_ids: Sequence[str]) -> None:
        """Raise TrainingError if a teacher was trained on galaxies that the run is evaluated on."""
        for teacher in self.teachers:
            check_no_leakage(f"the teacher {teacher.name}", teacher.model.card.training_fingerprint, evaluation_ids)


def load_teachers(files: Sequence[str], device: torch.device) -> list[Teacher]:
    """Load teachers from checkpoints, or by the names of bundled models."""
    teachers = [Teacher(Path(file).stem, load(file, device)) for file in files]
    if teachers:
        print(f"teachers: {', '.join(teacher.name for teacher in teachers)}", file=sys.stderr)
    return teachers

"""Model card of a finished run."""

import datetime
import math
import os
import platform

import torch

import galaxy_explorer
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.models import Card
from galaxy_explorer.prediction import Rank
from galaxy_explorer.training.distillation.leakage import training_fingerprint
from galaxy_explorer.training.distillation.teachers import Distillation
from galaxy_explorer.training.run import Run


def make_card(
    run: Run, *, data: str, command: str, note: str | None = None, distillation: Distillation | None = None
) -> Card:
    """Return the model card of a finished run on a catalogue of that name, not yet evaluated."""
    recipe, galaxies, progress = run.recipe, run.galaxies, run.progress
    teachers = distillation.teachers if distillation else ()
    fingerprints = [run.initial_fingerprint, *(teacher.model.card.training_fingerprint for teacher in teachers)]
    return Card(
        model=recipe.model,
        arguments=recipe.model_arguments(),
        image_size=recipe.size,
        crop=recipe.crop,
        mean=galaxies.mean,
        std=galaxies.std,
        columns=list(COLUMNS),
        data=data,
        training_galaxies=len(galaxies.training_rows),
        unlabeled_galaxies=int((galaxies.training_rows >= len(galaxies.pictures)).sum()),
        hold_out_galaxies=len(galaxies.hold_out_rows),
        excluded_galaxies=galaxies.excluded,
        training_mean=galaxies.training_mean(),
        training_fingerprint=training_fingerprint(galaxies.training_ids, filter(None, fingerprints)),
        recipe=recipe.as_dict(),
        epochs=progress.epoch,
        best_epoch=progress.best_epoch,
        hold_out_rmse=round(progress.best_rmse, 5) if math.isfinite(progress.best_rmse) else None,
        minutes=round(progress.seconds / 60.0, 1),
        hardware=_hardware(run.rank),
        command=command,
        version=galaxy_explorer.__version__,
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        note=note,
        teachers=", ".join(teacher.label for teacher in teachers) or None,
        teacher_views=distillation.views if distillation else None,
    )


def _hardware(rank: Rank) -> str:
    """Return the devices that a run computed on."""
    if rank.device.type == "cuda":
        return f"{rank.world_size} × {torch.cuda.get_device_name(rank.device)}"
    return f"CPU, {rank.world_size * torch.get_num_threads()} of {os.cpu_count()} cores ({platform.machine()})"

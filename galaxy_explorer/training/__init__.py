"""Training: recipe, data, distillation, the run, and the model card of its result."""

from galaxy_explorer.training.data.dataset import TrainingSet, build_training_set
from galaxy_explorer.training.distillation.leakage import training_overlap
from galaxy_explorer.training.recipe import Recipe
from galaxy_explorer.training.resume import TrainingError
from galaxy_explorer.training.run import Run, fit

__all__ = [
    "Recipe",
    "Run",
    "TrainingError",
    "TrainingSet",
    "build_training_set",
    "fit",
    "training_overlap",
]

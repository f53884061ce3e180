"""Training: the recipe, decoded pictures, augmentation, the loop, and what a run leaves behind.

TrainingError(RuntimeError)    a run cannot start or go on
"""

from galaxy_explorer.training.data.dataset import TrainingGalaxies, gather
from galaxy_explorer.training.data.decoded_images import decode
from galaxy_explorer.training.data.sample_weights import selection_weights
from galaxy_explorer.training.distillation.leakage import add_learnt, learnt_from
from galaxy_explorer.training.distillation.teachers import Lessons, Teacher, load_teachers
from galaxy_explorer.training.initial_weights import start_from_file, start_from_imagenet
from galaxy_explorer.training.loop import fit
from galaxy_explorer.training.model_card.card import cards_in_markdown, make_card, write_cards
from galaxy_explorer.training.model_card.evaluate import describe, validate
from galaxy_explorer.training.optimisation import learning_rate, masked_squared_error
from galaxy_explorer.training.recipe import Recipe
from galaxy_explorer.training.resume import Progress, TrainingError
from galaxy_explorer.training.run import Run

__all__ = [
    "Lessons",
    "Progress",
    "Recipe",
    "Run",
    "Teacher",
    "TrainingError",
    "TrainingGalaxies",
    "add_learnt",
    "cards_in_markdown",
    "decode",
    "describe",
    "fit",
    "gather",
    "learning_rate",
    "learnt_from",
    "load_teachers",
    "make_card",
    "masked_squared_error",
    "selection_weights",
    "start_from_file",
    "start_from_imagenet",
    "validate",
    "write_cards",
]

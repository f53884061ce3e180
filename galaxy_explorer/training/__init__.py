"""Training: the recipe, decoded pictures, augmentation, the loop, and what a run leaves behind.

TrainingError(RuntimeError)    a run cannot start or go on
"""

from galaxy_explorer.training.card import cards_in_markdown, make_card, write_cards
from galaxy_explorer.training.devices import Place, find_place
from galaxy_explorer.training.galaxies import TrainingGalaxies, gather
from galaxy_explorer.training.learnt import add_learnt, learnt_from
from galaxy_explorer.training.loop import fit
from galaxy_explorer.training.measuring import describe, validate
from galaxy_explorer.training.optimisation import learning_rate, masked_squared_error
from galaxy_explorer.training.pictures import decode
from galaxy_explorer.training.recipe import Recipe
from galaxy_explorer.training.run import Run
from galaxy_explorer.training.selection import selection_weights
from galaxy_explorer.training.start import start_from_file, start_from_imagenet
from galaxy_explorer.training.state import Progress, TrainingError
from galaxy_explorer.training.teaching import Lessons, Teacher, load_teachers

__all__ = [
    "Lessons",
    "Place",
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
    "find_place",
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

"""Flags of the training command: files and folders, and one for each setting of the recipe."""

import argparse
from collections.abc import Sequence
from dataclasses import fields
from fractions import Fraction
from pathlib import Path
from typing import Any

from galaxy_explorer.images import DEFAULT_VIEWS
from galaxy_explorer.storage import cache_folder
from galaxy_explorer.training.recipe import REMOVED, RENAMED, Recipe

EXAMPLE = "example: galaxy-explorer train --data ~/galaxy-zoo --model fcn --time-limit 120 --out weights/fcn.pt"
# Flags of earlier versions, which set the same as their successors.
HIDDEN: dict[str, Any] = {"default": argparse.SUPPRESS, "help": argparse.SUPPRESS}
# Groups of the recipe's flags in --help, by their first setting.
GROUPS = {
    "model": "network and input",
    "epochs": "optimisation",
    "rotation": "augmentation",
    "loss": "targets, hold-out and seeds",
    "widths": "size of the network",
}


def read_flags(argv: Sequence[str]) -> argparse.Namespace:
    """Parse the flags: files and folders, and one flag for each setting of the recipe."""
    description = "Train a network on Galaxy Zoo 2 scores."
    parser = argparse.ArgumentParser(prog="galaxy-explorer train", description=description, epilog=EXAMPLE)
    add_data_flags(parser.add_argument_group("data, output and device"))
    add_teacher_flags(parser.add_argument_group("distillation"))
    group = parser.add_argument_group()
    for setting in fields(Recipe):
        if setting.name in GROUPS:
            group = parser.add_argument_group(GROUPS[setting.name])
        default = setting.default
        kind: dict[str, Any] = {"type": type(default), "choices": setting.metadata["choices"] or None}
        if isinstance(default, bool):
            kind = {"action": argparse.BooleanOptionalAction}
        elif isinstance(default, tuple):
            kind = {"type": int, "nargs": "+"}
        text = f"{setting.metadata['why']} (default: {default})"
        group.add_argument(_flag(setting.name), default=default, help=text, **kind)
        for old in (old for old, new in RENAMED.items() if new == setting.name):
            group.add_argument(_flag(old), dest=setting.name, **kind | HIDDEN)
    for name, off in REMOVED.items():
        group.add_argument(_flag(name), type=type(off), default=off, help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def add_data_flags(group: argparse._ArgumentGroup) -> None:
    """Add the flags of data, output and device."""
    add = group.add_argument
    data = "folder of the challenge or of Galaxy Zoo 2, or a folder or zip file of pictures with scores.csv"
    add("--data", required=True, metavar="DIR|ZIP", help=data)
    add("--out", type=Path, help="checkpoint to write (default: model.pt in the work folder)")
    add("--work", type=Path, help="folder of the run checkpoint and the log (default: runs/MODEL)")
    add("--cache", type=Path, default=cache_folder(), help="folder of decoded pictures (default: %(default)s)")
    add("--resume", action="store_true", help="resume the run in the work folder")
    limit = "end the run cleanly after that many minutes of training, over all resumptions"
    add("--time-limit", type=minutes, metavar="MINUTES", help=limit)
    excluded = "list of ids that are never trained on (default: validation.txt in the data folder or zip)"
    add("--exclude-ids", type=Path, metavar="FILE", help=excluded)
    add("--validate", action="store_true", help="at the end, evaluate on those ids for the model card")
    start = group.add_mutually_exclusive_group()
    # Not "--start": torchrun reads that as its own --start-method.
    start.add_argument("--start-from", metavar="FILE", help="start from the weights of this checkpoint")
    start.add_argument("--pretrained", action="store_true", help="start from ImageNet weights, which are downloaded")
    add("--update-card", metavar="FILE", help="recompute the model card of existing weights, without training")
    add("--note", help="sentence for the model card that its command does not contain")
    add("--device", choices=("cpu", "cuda"), help="default: cuda if available")
    add("--never", dest="exclude_ids", type=Path, **HIDDEN)
    add("--remeasure", dest="update_card", **HIDDEN)


def add_teacher_flags(group: argparse._ArgumentGroup) -> None:
    """Add the flags of knowledge distillation."""
    add = group.add_argument
    add("--teacher", nargs="+", default=[], metavar="FILE", help="models whose mean prediction is the pseudo-label")
    views = "TTA views of a teacher's prediction (default: %(default)s)"
    add("--teacher-views", type=int, choices=range(1, DEFAULT_VIEWS + 1), default=DEFAULT_VIEWS, help=views)
    add("--unlabeled", metavar="DIR|ZIP", help="more pictures, as of --data, which get pseudo-labels alone")
    field = "their field of view as a fraction, such as 288/424, if they have no field.json (default: 1)"
    add("--unlabeled-field", type=fraction, default=Fraction(1), metavar="FRACTION", help=field)
    add("--unscored", dest="unlabeled", **HIDDEN)
    add("--unscored-field", dest="unlabeled_field", type=fraction, **HIDDEN)


def _flag(name: str) -> str:
    """Return the flag of a setting."""
    return "--" + name.replace("_", "-")


def minutes(text: str) -> float:
    """Parse a time limit."""
    value = float(text)
    if not value > 0:
        raise argparse.ArgumentTypeError(f"the time limit is {text} minutes; expected more than 0")
    return value


def fraction(text: str) -> Fraction:
    """Parse a fraction of the field of view, such as 0.68 or 288/424."""
    try:
        value = Fraction(text)
    except ZeroDivisionError:
        value = Fraction(0)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"the field of view is {text}; expected more than 0 and at most 1")
    return value


def recipe_of(flags: argparse.Namespace) -> Recipe:
    """Return the recipe in the flags."""
    names = (*(setting.name for setting in fields(Recipe)), *REMOVED)
    return Recipe.from_dict({name: getattr(flags, name) for name in names}, "the command line")

"""Model cards: what a file of weights is, where it comes from and how well it does."""

import datetime
import os
import platform
from pathlib import Path
from typing import Any

import torch

import galaxy_explorer
from galaxy_explorer.checkpoints import available, read_card
from galaxy_explorer.comparison import Score
from galaxy_explorer.decision_tree import COLUMNS, QUESTIONS
from galaxy_explorer.training.galaxies import TrainingGalaxies
from galaxy_explorer.training.recipe import Recipe
from galaxy_explorer.training.state import Progress


def make_card(
    recipe: Recipe, galaxies: TrainingGalaxies, progress: Progress, *, data: str, command: str, device: torch.device
) -> dict[str, Any]:
    """Say all that is needed to use a run's weights, and what was run.

    Parameters
    ----------
    recipe, galaxies, progress
        The run.
    data : str
        The catalogue's name.
    command : str
        The command line.
    device : torch.device
        Where the run computed.

    Returns
    -------
    dict
        Plain types only. `add_validation` adds the figures of the validation galaxies.
    """
    return {
        "model": recipe.model,
        "arguments": recipe.model_arguments(),
        "image_size": recipe.size,
        "crop": recipe.crop,
        "mean": galaxies.mean,
        "std": galaxies.std,
        "columns": list(COLUMNS),
        "head": recipe.head,
        "data": data,
        "training_galaxies": len(galaxies.training_rows),
        "hold_out_galaxies": len(galaxies.hold_out_rows),
        "training_mean": galaxies.training_mean(),
        "recipe": recipe.as_dict(),
        "epochs": progress.epoch,
        "best_epoch": progress.best_epoch,
        "hold_out_rmse": round(progress.best_rmse, 5),
        "minutes": round(progress.seconds / 60.0, 1),
        "hardware": _hardware(device),
        "command": command,
        "version": galaxy_explorer.__version__,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }


def add_validation(card: dict[str, Any], score: Score, views: int) -> None:
    """Put the figures of the validation galaxies on a card."""
    card["validation"] = score.as_dict() | {"views": views}


def _hardware(device: torch.device) -> str:
    """Name what a run computed on."""
    if device.type == "cuda":
        return f"1 × {torch.cuda.get_device_name(device)}"
    return f"CPU, {torch.get_num_threads()} of {os.cpu_count()} cores ({platform.machine()})"


def in_markdown(name: str, card: dict[str, Any]) -> str:
    """Write one card as a section of Markdown."""
    validation = card.get("validation")
    lines = [
        f"## {name}",
        "",
        f"`{card['model']}` with {_plain(card['arguments'])}; {card['head']} head.",
        "",
        f"- input: the central {card['crop']:g} of the field at {card['image_size']} × {card['image_size']} pixels, "
        f"channel means {card['mean']}, deviations {card['std']}",
        f"- data: {card['data']}: {card['training_galaxies']} galaxies to train on, {card['hold_out_galaxies']} others to "
        "choose the epoch by; the validation galaxies were in neither",
        f"- run: {card['epochs']} epochs in {card['minutes']} minutes on {card['hardware']}, {card['date']}, "
        f"version {card['version']}; the weights are the running average after epoch {card['best_epoch']}",
        f"- command: `{card['command']}`",
        f"- RMSE on the hold-out, one view: {card['hold_out_rmse']:.4f}",
    ]
    if validation:
        lines += [
            f"- **RMSE on the {validation['galaxies']} validation galaxies, {validation['views']} views averaged: "
            f"{validation['rmse']:.4f}** (predicting the training mean: {validation['mean_rmse']:.4f})",
            "",
            "| question | RMSE | training mean |",
            "|---|---|---|",
        ]
        for question in QUESTIONS:
            number = str(question.number)
            lines.append(
                f"| {number} {question.text} | {validation['rmse_by_question'][number]:.4f} "
                f"| {validation['mean_rmse_by_question'][number]:.4f} |"
            )
    return "\n".join(lines) + "\n"


def _plain(arguments: dict[str, Any]) -> str:
    """Write a network's arguments as words."""
    return ", ".join(f"{name} {value}" for name, value in arguments.items() if name != "head")


HEADING = """# Weights

Each file holds a network's weights in half precision and its card; this page is written from the cards by
`train.py`, whenever it writes a file beside it. `python -m galaxy_explorer evaluate DIR` measures the same figures again.
"""


def write_cards(folder: Path) -> None:
    """Write ``README.md`` beside the weights in a folder, from the cards in the files."""
    sections = [in_markdown(name, read_card(path)) for name, path in available(folder).items()]
    temporary = folder / f".README.md.{os.getpid()}"
    temporary.write_text("\n".join([HEADING, *sections]), encoding="utf-8")
    temporary.replace(folder / "README.md")

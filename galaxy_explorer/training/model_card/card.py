"""Model cards: what a file of weights is, where it comes from and how well it does."""

import datetime
import math
import os
import platform
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

import galaxy_explorer
from galaxy_explorer.decision_tree import COLUMNS, QUESTIONS
from galaxy_explorer.evaluation.metrics import Score
from galaxy_explorer.models.checkpoints import WEIGHTS, CheckpointError, available, read_card
from galaxy_explorer.prediction import Rank
from galaxy_explorer.storage import write_atomic
from galaxy_explorer.training.model_card.calibration_plot import calibration_picture
from galaxy_explorer.training.run import Run


def make_card(run: Run, *, data: str, command: str) -> dict[str, Any]:
    """Return the model card of a finished run on a catalogue of that name, without evaluation."""
    recipe, galaxies, progress = run.recipe, run.galaxies, run.progress
    return {
        "model": recipe.model,
        "arguments": recipe.model_arguments(),
        "image_size": recipe.size,
        "crop": recipe.crop,
        "mean": galaxies.mean,
        "std": galaxies.std,
        "columns": list(COLUMNS),
        "data": data,
        "training_galaxies": len(galaxies.training_rows),
        "unscored_galaxies": int((galaxies.training_rows >= len(galaxies.pictures)).sum()),
        "hold_out_galaxies": len(galaxies.hold_out_rows),
        "never_seen": galaxies.excluded,
        "training_mean": galaxies.training_mean(),
        "recipe": recipe.as_dict(),
        "epochs": progress.epoch,
        "best_epoch": progress.best_epoch,
        "hold_out_rmse": round(progress.best_rmse, 5) if math.isfinite(progress.best_rmse) else None,
        "minutes": round(progress.seconds / 60.0, 1),
        "hardware": _hardware(run.rank),
        "command": command,
        "version": galaxy_explorer.__version__,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }


def add_validation(card: dict[str, Any], score: Score, views: int) -> None:
    """Put the figures of the validation galaxies on a card."""
    card["validation"] = score.as_dict() | {"views": views}


def _hardware(rank: Rank) -> str:
    """Name what a run computed on."""
    if rank.device.type == "cuda":
        return f"{rank.world_size} × {torch.cuda.get_device_name(rank.device)}"
    return f"CPU, {rank.world_size * torch.get_num_threads()} of {os.cpu_count()} cores ({platform.machine()})"


# What a section says of a card, entry by entry. Where a card lacks something, its line is left out.
LINES = (
    "- input: the central {crop:g} of the field at {image_size} × {image_size} pixels, channel means {mean}, deviations {std}",
    "- output: {head} head",
    "- data: {data}: {training_galaxies} galaxies to train on, {hold_out_galaxies} others to choose the epoch by, "
    "{never_seen} more kept for validation and in neither",
    "- taught by {teachers}, {teacher_views} views averaged; {unscored_galaxies} of the galaxies have no other scores",
    "- run: {epochs} epochs in {minutes} minutes on {hardware}, {date}, version {version}; the weights are the running "
    "average after epoch {best_epoch}",
    "- command: `{command}`",
    "- note: {note}",
)
OF_THE_HOLD_OUT = (
    "- RMSE on the hold-out, weighted too, {views} views averaged: {rmse:.4f}",
    "- the interval for 68% of the votes holds {coverage[all]:.1%} of the hold-out's, weighted too, each half by the errors of the other",
)
OF_THE_FAMILIAR = (
    "- a picture is called unlike what it learnt where it lies farther from {galaxies} training galaxies, in {axes_kept} "
    "principal axes of the embedding and across them, than {quantile:.0%} of the {held_out} held out",
)
OF_THE_VALIDATION = (
    "- it holds {coverage[all]:.1%} of the validation galaxies' votes",
    "- RMSE on {spot_check[rule]}: {spot_check[rmse]:.4f}",
)


def in_markdown(name: str, card: dict[str, Any]) -> str:
    """Write one card as a section of Markdown."""
    lines = [f"## {name}", "", f"`{card['model']}` with {_plain(card['arguments'])}.", ""]
    lines += _said_by(card, LINES)
    lines.append(
        f"- RMSE on the hold-out, weighted against its selection, one view: {_figure(card.get('hold_out_rmse'))}"
    )
    lines += _said_by(card.get("hold_out", {}), OF_THE_HOLD_OUT)
    lines += _said_by(card.get("validation", {}), OF_THE_VALIDATION)
    if familiar := card.get("familiarity"):
        lines += _said_by(familiar | {"axes_kept": len(familiar["axes"])}, OF_THE_FAMILIAR)
    lines += _validation_lines(card.get("validation"))
    if "calibration" in card:
        lines += ["", f"![Predicted against voted fractions of the hold-out, by question]({_picture_of(name)})"]
    return "\n".join(lines) + "\n"


def _said_by(entries: dict[str, Any], lines: tuple[str, ...]) -> Iterator[str]:
    """Fill in the lines of which all is known."""
    for line in lines:
        with suppress(KeyError):
            yield line.format_map(entries)


def _picture_of(name: str) -> str:
    """Name the file of a network's calibration picture."""
    return f"calibration-{name}.svg"


def _validation_lines(validation: dict[str, Any] | None) -> list[str]:
    """Write the figures of the validation galaxies, where they were measured."""
    if not validation:
        return []
    lines = [
        f"- **RMSE on the {validation['galaxies']} validation galaxies, {validation['views']} views averaged: "
        f"{_figure(validation['rmse'])}** (predicting the training mean: {_figure(validation['mean_rmse'])})",
        "",
        "| question | RMSE | training mean |",
        "|---|---|---|",
    ]
    for question in QUESTIONS:
        ours, mean = (
            validation[name].get(str(question.number)) for name in ("rmse_by_question", "mean_rmse_by_question")
        )
        lines.append(f"| {question.number} {question.text} | {_figure(ours)} | {_figure(mean)} |")
    return lines


def _figure(value: float | None) -> str:
    """Write a figure, or that there is none."""
    return "not measured" if value is None else f"{value:.4f}"


def _plain(arguments: dict[str, Any]) -> str:
    """Write a network's arguments as words."""
    return ", ".join(f"{name} {value}" for name, value in arguments.items() if name != "head")


HEADING = """# Weights

Each file holds a network's weights in half precision and its card; this page is written from the cards by
`train.py`, whenever it writes a file beside it. `python -m galaxy_explorer evaluate DIR` measures the same figures
again where DIR's `validation.txt` lists the same 600 galaxies; it says of how many a network has learnt.
"""


def cards_in_markdown(folder: Path) -> str:
    """Write the page of the cards of all weights in a folder; of a file that cannot be read it says why."""
    sections = []
    for name, path in available(folder).items():
        try:
            sections.append(in_markdown(name, read_card(path)))
        except CheckpointError as error:
            sections.append(f"## {name}\n\n{error}\n")
    return "\n".join([HEADING, *sections])


def write_cards(folder: Path) -> None:
    """Write ``README.md`` and the calibration pictures beside the weights in a folder, from the cards in the files.

    Only the project's own folder of weights, or one whose ``README.md`` is such a page already, gets one: no
    other page is ever replaced.
    """
    page, title = folder / "README.md", HEADING.partition("\n")[0]
    is_cards = page.is_file() and page.read_text(encoding="utf-8").startswith(f"{title}\n")
    if not is_cards and folder.resolve() != WEIGHTS:
        return
    write_atomic(page, cards_in_markdown(folder).encode())
    for name, path in available(folder).items():
        with suppress(CheckpointError, KeyError):
            write_atomic(folder / _picture_of(name), calibration_picture(read_card(path)["calibration"], name).encode())

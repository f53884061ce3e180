"""Page of model cards next to the checkpoints in a folder, in the form of Hugging Face."""

import hashlib
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from galaxy_explorer.decision_tree import QUESTIONS, name_of
from galaxy_explorer.evaluation.answers import CUTS, MIN_MASS
from galaxy_explorer.models import Card
from galaxy_explorer.models.card import Validation
from galaxy_explorer.models.checkpoints import WEIGHTS, CheckpointError, available, load, read_card
from galaxy_explorer.storage import write_atomic
from galaxy_explorer.training.model_card.calibration_plot import calibration_plot

TEMPLATE = Path(__file__).with_name("template.md")
TITLE = "# Weights\n"  # of the page, also in earlier versions
KINDS = {"fractions": "vote fractions", "shares": "answer shares"}
CHECKED = (
    "Votes of the validation set at or below the upper end (nominally 84 %); of those whose upper end is neither 0 nor "
    "1 (84 %); and votes below the lower end of those whose lower end is above 0 (16 %). In brackets: by how much the "
    "latter two change at most if all ends are 2 % nearer to or farther from the prediction. A question's mass is the "
    "predicted fraction of the votes that reaches it; shares are those with a mass of 0.02 or more."
)


def write_cards(folder: Path) -> None:
    """Write ``README.md`` and the calibration plots of the checkpoints in a folder.

    Only for the project's own ``weights/``, or if the ``README.md`` is such a page already: no other is overwritten.
    """
    page = folder / "README.md"
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    is_ours = text.startswith((TITLE, TEMPLATE.read_text(encoding="utf-8").partition(TITLE)[0]))
    if not is_ours and folder.resolve() != WEIGHTS:
        return
    write_atomic(page, cards_in_markdown(folder).encode())
    for name, path in available(folder).items():
        with suppress(CheckpointError):
            if bins := read_card(path).calibration:
                write_atomic(folder / plot_name(name), calibration_plot(bins, name).encode())


def cards_in_markdown(folder: Path) -> str:
    """Return the page of all model cards in a folder, with errors of unreadable checkpoints."""
    heading, mark, section = TEMPLATE.read_text(encoding="utf-8").partition("## {name}\n")
    sections = []
    for name, path in available(folder).items():
        try:
            sections.append(_fill_in(mark + section, path, read_card(path)))
        except CheckpointError as error:
            sections.append(f"## {name}\n\n{error}\n")
    return "\n".join([heading.rstrip() + "\n", *sections])


def plot_name(name: str) -> str:
    """Return the file name of a model's calibration plot."""
    return f"calibration-{name}.svg"


def _fill_in(template: str, path: Path, card: Card) -> str:
    """Fill in the template; leave out the lines whose entries the card lacks."""
    content, name = path.read_bytes(), path.stem
    arguments = {key: value for key, value in card.arguments.items() if key != "head"}  # of earlier versions
    values: dict[str, Any] = card.to_dict() | {
        "name": name,
        "file": path.name,
        "megabytes": len(content) / 1e6,
        "sha256": hashlib.sha256(content).hexdigest(),
        "key": (model := load(path)).key(),
        "arguments_text": ", ".join(f"{key} {value}" for key, value in arguments.items()),
        "unlabeled_galaxies": card.unlabeled_galaxies,
    }
    if model.placement and model.placement["figures"]:
        figures = model.placement["figures"]
        values["placement"] = {name: one if isinstance(one, int) else 100 * one for name, one in figures.items()}
    if card.validation:
        values["rmse_by_question"] = _by_question(card.validation, card.vote_noise)
        if card.validation.answers:
            values |= {"by_answer": _by_answer(card.validation), "min_mass": MIN_MASS, "majority": CUTS[0]}
    for part, evaluation in (("validation", card.validation), ("hold_out", card.hold_out)):
        if evaluation and evaluation.interval_coverage:
            values[f"{part}_coverage"] = 100 * evaluation.interval_coverage.all
    if card.interval_checks:
        values["interval_checks"] = _interval_checks(card.interval_checks)
    if card.calibration:
        title = "Predicted against voted fractions of the hold-out, by question"
        values["calibration_plot"] = f"![{title}]({plot_name(name)})"
    if card.ood_reference:
        values |= {"components": len(card.ood_reference.components), "quantile": 100 * card.ood_reference.quantile}
    lines = []
    for line in template.splitlines():
        with suppress(KeyError):
            lines.append(line.format_map(values))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"  # lines left out leave blank ones


def _interval_checks(checks: Mapping[int, Mapping[str, Any]]) -> str:
    """Return tables of the check of each end of the intervals, by number of TTA views."""
    parts = []
    for what in ("fractions", "shares"):
        groups = {group: None for one in checks.values() for group in one[what]}
        heading = " | ".join(f"{views} view{'s' if views > 1 else ''}" for views in checks)
        lines = [f"| {KINDS[what]} | {heading} |", "|---|" + "---|" * len(checks)]
        for group in groups:
            cells = (_ends(one[what].get(group, {})) for one in checks.values())
            lines.append(f"| {group} | {' | '.join(cells)} |")
        parts.append("\n".join(lines))
    return "\n\n".join([CHECKED, *parts])


def _ends(figures: Mapping[str, float]) -> str:
    """Format the check of both ends of a group of votes, in per cent."""
    upper, inside, lower = (
        f"{100 * figures[name]:.1f}" if name in figures else "–" for name in ("upper", "upper_inside", "lower_above_0")
    )
    change = max(figures.get("upper_change", 0.0), figures.get("lower_change", 0.0))
    return f"{upper}, {inside}, {lower} (±{100 * change:.1f})"


def _by_question(validation: Validation, noise: Mapping[int, float]) -> str:
    """Return a table of the RMSE of each question, with that of a perfect prediction."""
    lines = ["| question | RMSE | training mean | scatter of 44 votes alone |", "|---|---|---|---|"]
    for question in QUESTIONS:
        errors = (validation.rmse_by_question, validation.mean_rmse_by_question, noise)
        figures = (f"{one[question.number]:.4f}" if question.number in one else "not measured" for one in errors)
        lines.append(f"| {question.number} {question.text} | {' | '.join(figures)} |")
    return "\n".join(lines)


def _by_answer(validation: Validation) -> str:
    """Return a table of the bias of each answer, and of what cuts in its share select."""
    cuts = "".join(f" share ≥ {cut}: predicted | voted | precision | recall |" for cut in CUTS)
    lines = [f"| answer | mean of network − votes |{cuts}", "|---|---|" + "---|" * 4 * len(CUTS)]
    for name, row in validation.answers.items():
        cells = [f"{name} {name_of(name)}", f"{row['difference']:+.3f} ± {_rounded(row['standard_error'])}"]
        for cut in CUTS:
            cells += [f"{row[f'{what}_{cut}']}" for what in ("predicted", "voted")]
            cells += [_rounded(row[f"{what}_{cut}"]) for what in ("precision", "recall")]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _rounded(value: float | None) -> str:
    """Return a figure with three digits, or a dash for None."""
    return "–" if value is None else f"{value:.3f}"

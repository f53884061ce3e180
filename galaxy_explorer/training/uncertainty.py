"""What a card says of a network's uncertainty: measured on the hold-out, as numbers and as a picture."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

import numpy as np

from galaxy_explorer.comparison import calibration, score
from galaxy_explorer.decision_tree import QUESTIONS, columns_of
from galaxy_explorer.prediction import Predictions
from galaxy_explorer.uncertainty import coverage, coverage_in_halves, fit_error_model, model_for, spread_of

SPOT_CHECK = 60  # validation galaxies whose RMSE a test measures again from the shipped weights

# The picture: small panels in rows of four, in the last place what they show. The colours are those of the light theme.
PANEL, LEFT, GAP, TOP, BELOW, ACROSS = 170, 46, 50, 34, 28, 4
NETWORK, INK, QUIET, OUTLINE = "#0072b2", "#172033", "#556074", "#d3dbe7"


def add_uncertainty(
    card: dict[str, Any],
    predicted: Mapping[int, Predictions],
    volunteers: np.ndarray,
    weights: np.ndarray | None = None,
) -> None:
    """Fit a network's error models to the hold-out, and put them on the card with coverage and calibration.

    Parameters
    ----------
    card : dict
        Gets the entries ``error_models`` (by number of views, as text) and, of the most views, ``calibration`` (by
        question, its number as text) and ``hold_out``.
    predicted : mapping of int to Predictions
        Of the galaxies held out, by the number of views that were averaged and by a card without error models: their
        spread is that over the views.
    volunteers : (N, 37) np.ndarray
        The volunteers' fractions of the galaxies in `predicted`.
    weights : (N,) np.ndarray, optional
        How much each galaxy counts, in the RMSE, the error models and the coverage.

    Notes
    -----
    The epoch was chosen by the same galaxies, a choice among some tens that their 30,000 votes hardly notice. The
    coverage is that of each half of them by the model of the other; the model on the card is fitted to all.
    """
    card["error_models"] = {}
    for views, found in sorted(predicted.items()):
        fractions, view_spread = found.fractions.to_numpy(float), found.spread.to_numpy(float)
        card["error_models"][str(views)] = fit_error_model(fractions, view_spread, volunteers, weights)
    card["calibration"] = {
        str(question.number): _in_bins(fractions, volunteers, question.number) for question in QUESTIONS
    }
    measured = score(fractions, volunteers, weights=weights)
    card["hold_out"] = {"galaxies": measured.galaxies, "views": views, "rmse": measured.rmse}
    if len(fractions) > 1:
        card["hold_out"]["coverage"] = coverage_in_halves(fractions, view_spread, volunteers, weights)


def add_to_validation(card: dict[str, Any], predicted: Predictions, volunteers: np.ndarray) -> None:
    """Put on a card which share of the validation votes its intervals hold, and the RMSE of the spot check.

    Parameters
    ----------
    card : dict
        Its ``validation``, which says of how many ``views``, gets the entries ``spot_check`` and, if the card has error
        models, ``coverage``.
    predicted : Predictions
        Of the validation galaxies, by a card without error models.
    volunteers : (N, 37) np.ndarray
        The volunteers' fractions of them.
    """
    fractions = predicted.fractions.to_numpy(float)
    ids = predicted.fractions.index
    rows = np.flatnonzero(ids.isin(spot_check_ids(ids)))
    card["validation"]["spot_check"] = {
        "galaxies": len(rows),
        "rule": f"the first {SPOT_CHECK} validation galaxies, their ids sorted as text",
        "rmse": score(fractions[rows], volunteers[rows]).rmse,
    }
    if "error_models" in card:
        model = model_for(card["error_models"], card["validation"]["views"])
        spread = spread_of(fractions, predicted.spread.to_numpy(float), model)
        card["validation"]["coverage"] = coverage(fractions, spread, volunteers)


def spot_check_ids(validation_ids: Iterable[str]) -> list[str]:
    """Choose the few validation galaxies whose RMSE is quick to measure again: always the same."""
    return sorted(validation_ids)[:SPOT_CHECK]


def _in_bins(fractions: np.ndarray, volunteers: np.ndarray, question: int) -> dict[str, list[float]]:
    """Give the calibration of one question as plain lists, an entry per bin that holds anything."""
    table = calibration(fractions, volunteers, columns_of(question)).round(5)
    return {name: table[name].tolist() for name in table.columns}


def calibration_picture(by_question: Mapping[str, Mapping[str, list[float]]], name: str) -> str:
    """Draw the calibration of a network as small panels, one a question.

    Parameters
    ----------
    by_question : mapping
        The ``calibration`` of a card.
    name : str
        What the network is called.

    Returns
    -------
    str
        An SVG picture, which needs nothing but itself and keeps its white ground in a dark theme.
    """
    width = LEFT + ACROSS * (PANEL + GAP)
    rows = -(-(len(QUESTIONS) + 1) // ACROSS)  # one more place, for the key
    height = rows * (TOP + PANEL + BELOW)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" font-family="sans-serif" font-size="11" fill="{QUIET}">',
        f"<title>Calibration of {escape(name)}: mean vote fraction of the volunteers against the predicted one</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for place, question in enumerate(QUESTIONS):
        found = by_question.get(str(question.number), {})
        parts += [_at(place), *_panel(f"{question.number} {question.short}", found), "</g>"]
    parts += [_at(len(QUESTIONS)), *_key(name), "</g>", "</svg>"]
    return "\n".join(parts) + "\n"


def _at(place: int) -> str:
    """Begin a group whose origin is the upper left corner of a panel."""
    row, column = divmod(place, ACROSS)
    return f'<g transform="translate({LEFT + column * (PANEL + GAP)} {TOP + row * (TOP + PANEL + BELOW)})">'


def _panel(title: str, found: Mapping[str, list[float]]) -> list[str]:
    """Draw one question: frame, diagonal, and a dot per bin, larger the more answers are in it."""
    parts = [
        f'<text y="-8" font-size="13" fill="{INK}">{escape(title)}</text>',
        f'<rect width="{PANEL}" height="{PANEL}" fill="none" stroke="{OUTLINE}"/>',
        f'<path d="M0 {PANEL}L{PANEL} 0" stroke="{QUIET}" stroke-dasharray="4 4"/>',
    ]
    for tick in (0, 0.5, 1):
        along = round(tick * PANEL, 1)
        parts.append(f'<text x="{along}" y="{PANEL + 15}" text-anchor="middle">{tick:g}</text>')
        parts.append(f'<text x="-6" y="{PANEL - along + 4}" text-anchor="end">{tick:g}</text>')
    if not found or not found["count"]:
        return parts
    dots = [
        (round(PANEL * ours, 1), round(PANEL * (1 - theirs), 1), count)
        for ours, theirs, count in zip(found["predicted"], found["voted"], found["count"], strict=True)
    ]
    line = "L".join(f"{x} {y}" for x, y, _ in dots)
    parts.append(f'<path d="M{line}" fill="none" stroke="{NETWORK}" stroke-width="1.5"/>')
    most = max(found["count"])
    for x, y, count in dots:
        radius = round(2 + 4 * (count / most) ** 0.5, 1)
        parts.append(f'<circle cx="{x}" cy="{y}" r="{radius}" fill="{NETWORK}"><title>{count:g}</title></circle>')
    return parts


def _key(name: str) -> list[str]:
    """Write what the panels show."""
    lines = (
        "Across: the predicted vote fraction,",
        "in tenths. Up: the volunteers’ mean",
        "for the answers in that tenth.",
        "Dashed: as it should be.",
        "Larger dots: more answers.",
    )
    written = [f'<text y="{24 + 18 * number}">{line}</text>' for number, line in enumerate(lines)]
    return [f'<text y="-8" font-size="13" font-weight="bold" fill="{INK}">{escape(name)}</text>', *written]

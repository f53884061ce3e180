"""``evaluate``: a model, or a prediction table, against the volunteers' votes."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pandas as pd

from galaxy_explorer.catalogue import (
    SCORES_FILE,
    Catalogue,
    open_catalogue,
    read_ids,
    read_validation_ids,
    skipped_note,
)
from galaxy_explorer.catalogue.image_files import KAGGLE_SCORES
from galaxy_explorer.catalogue.layouts import KAGGLE_PICTURES
from galaxy_explorer.commands.console import inference_options, load_model, progress_bar
from galaxy_explorer.commands.reporting import report, say
from galaxy_explorer.decision_tree import QUESTIONS
from galaxy_explorer.evaluation.metrics import Score, score
from galaxy_explorer.models import Card
from galaxy_explorer.prediction import predict_catalogue, read_fractions
from galaxy_explorer.training import training_overlap


def evaluate(options: argparse.Namespace) -> int:
    """Print the errors over galaxies with votes; return the exit status.

    Raises
    ------
    ValueError
        If it cannot start; the message says why and what to do.
    """
    catalogue = open_catalogue(options.data, votes=options.votes)
    scored = catalogue.rows(np.isfinite(catalogue.volunteer_fractions).any(axis=1))
    if not len(scored):
        raise ValueError(_without_votes(catalogue, options.data))
    if catalogue.missing_pictures:
        say(
            f"scores without a picture: {catalogue.missing_pictures:,}; pictures without scores: "
            f"{len(catalogue) - len(scored):,}"
        )
    wanted = _wanted_ids(options, scored)
    chosen = scored.table.index.isin(wanted)
    if not chosen.any():
        raise ValueError(
            f"{options.data} holds the scores of {len(scored):,} galaxies, but of none of the {len(wanted):,} to "
            "evaluate; give a folder with images and scores, and ids that are in it"
        )
    predicted, failures, card = _predictions_of(options, scored.rows(chosen))
    absent = [galaxy_id for galaxy_id in wanted if galaxy_id not in catalogue]
    failures = failures | dict.fromkeys(absent, f"there is no image of it in {options.data}")
    unscored = len(wanted) - len(absent) - int(chosen.sum())
    if unscored:
        say(f"left out, without scores of volunteers: {unscored:,} of the {len(wanted):,} galaxies")
    if trained := training_overlap(card.training_fingerprint if card else None, predicted.index):
        say(
            f"{options.weights} was trained on {trained:,} of the {len(predicted):,} galaxies: errors on training "
            "galaxies are optimistic"
        )
    if len(predicted):
        votes = scored.subset(predicted.index).volunteer_fractions
        default = card.training_mean if card else None
        result = score(predicted.to_numpy(), votes, _training_mean(scored.rows(~chosen), len(predicted), default))
        print(json.dumps(_settings(options) | asdict(result), indent=2) if options.json else _as_text(result))
    return report(failures, "the figures are without them")


def _without_votes(catalogue: Catalogue, where: str) -> str:
    """Return the message for a catalogue without votes."""
    if catalogue.missing_pictures:
        return (
            f"{where} holds the scores of {catalogue.missing_pictures:,} galaxies, and images of {len(catalogue):,} "
            "others; an id is the image's name without its ending"
        )
    table = KAGGLE_SCORES[0] if (catalogue.root / KAGGLE_PICTURES[0]).is_dir() else SCORES_FILE
    advice = f"{where} holds no {table} with the volunteers' votes; put it next to the images, or name another folder"
    return f"{advice}. {skipped_note(where)}".removesuffix(". ")


def _wanted_ids(options: argparse.Namespace, scored: Catalogue) -> list[str]:
    """Return the galaxies of ``--ids``, else the validation set, else all with scores."""
    if options.ids:
        return list(dict.fromkeys(read_ids(options.ids)))
    validation = [] if options.all else read_validation_ids(options.data)
    return list(dict.fromkeys(validation)) or scored.ids


def _predictions_of(
    options: argparse.Namespace, catalogue: Catalogue
) -> tuple[pd.DataFrame, dict[str, str], Card | None]:
    """Return predictions, failures and the model card, which is None for a table."""
    if options.predictions:
        return *_from_table(options, catalogue), None
    model = load_model(options)
    with progress_bar() as progress:
        settings = replace(inference_options(options), progress=progress)
        predictions = predict_catalogue(model, catalogue, settings)
    return predictions.fractions, predictions.failures, model.card


def _from_table(options: argparse.Namespace, catalogue: Catalogue) -> tuple[pd.DataFrame, dict[str, str]]:
    """Read predictions from the table of ``--predictions``, and why others are missing."""
    table = read_fractions(options.predictions)
    rows = table.reindex([galaxy_id for galaxy_id in catalogue.ids if galaxy_id in table.index])
    if not len(rows):
        first = f"the first of them {table.index[0]}, " if len(table) else ""
        raise ValueError(
            f"none of the {len(table):,} galaxies of {options.predictions}, {first}is among the {len(catalogue):,} to "
            f"evaluate, the first of them {catalogue.ids[0]}; an id is the image's name without its ending"
        )
    complete = rows.dropna()
    failures = dict.fromkeys(catalogue.ids, f"it is not in {options.predictions}")
    failures |= dict.fromkeys(rows.index, f"{options.predictions} lacks some of its 37 fractions")
    return complete, {galaxy_id: reason for galaxy_id, reason in failures.items() if galaxy_id not in complete.index}


def _training_mean(others: Catalogue, evaluated: int, default: Sequence[float] | None) -> np.ndarray | None:
    """Return the mean scores of the other galaxies, or that on the card if they are fewer."""
    fractions = others.volunteer_fractions.astype(float)
    if (np.isfinite(fractions).sum(axis=0) >= evaluated).all():
        return np.nanmean(fractions, axis=0)
    return None if default is None else np.array(default, dtype=float)


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    """Return what was evaluated, for JSON."""
    if options.predictions:
        return {"data": options.data, "predictions": str(options.predictions)}
    return {"data": options.data, "weights": options.weights, "views": inference_options(options).tta_views}


def _as_text(result: Score) -> str:
    """Lay a score out as text: a row for all answers, and one for each question."""
    rows: list[tuple[str, float, float | None]] = [("all answers", result.rmse, result.mean_rmse)]
    for question in QUESTIONS:
        if question.number in result.rmse_by_question:
            name = f"{question.number:2} {question.text}"
            mean_rmse = result.mean_rmse_by_question.get(question.number)
            rows.append((name, result.rmse_by_question[question.number], mean_rmse))
    width = max(len(name) for name, _, _ in rows)
    lines = [f"{f'RMSE over {result.galaxies:,} galaxies':{width}}   network   training mean"]
    for name, rmse, mean_rmse in rows:
        lines.append(f"{name:{width}}   {rmse:7.5f}   {'unknown' if mean_rmse is None else f'{mean_rmse:.5f}':>13}")
    return "\n".join(lines)

"""``evaluate``: a network, or a table of predictions, against the volunteers."""

import argparse
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from galaxy_explorer.catalogue import Catalogue, read_ids, read_validation
from galaxy_explorer.catalogue.layouts import KAGGLE_PICTURES, KAGGLE_SCORES, SCORES
from galaxy_explorer.commands.console import network_for, progress_bar, speed
from galaxy_explorer.commands.reporting import catalogue_at, report, say
from galaxy_explorer.decision_tree import QUESTIONS
from galaxy_explorer.evaluation.metrics import Score, score
from galaxy_explorer.prediction import predict_catalogue, read_fractions
from galaxy_explorer.training import training_overlap


def evaluate(options: argparse.Namespace) -> int:
    """Print the errors over galaxies that volunteers voted on, and give the exit status.

    Raises
    ------
    ValueError
        When it cannot begin; the message says why and what to do.
    """
    catalogue = catalogue_at(options.data, options.votes)
    scored = catalogue.rows(np.isfinite(catalogue.volunteer_fractions).any(axis=1))
    if not len(scored):
        raise ValueError(_without_votes(catalogue, options.data))
    wanted = _wanted(options, scored)
    chosen = scored.table.index.isin(wanted)
    if not chosen.any():
        raise ValueError(
            f"{options.data} holds the scores of {len(scored):,} galaxies, none of them among the {len(wanted):,} wanted; "
            "give a folder with pictures and scores, and ids that are in it"
        )
    predicted, failures, card = _predictions_of(options, scored.rows(chosen))
    absent = [galaxy_id for galaxy_id in wanted if galaxy_id not in catalogue]
    failures = failures | dict.fromkeys(absent, f"there is no picture of it in {options.data}")
    unscored = len(wanted) - len(absent) - int(chosen.sum())
    if unscored:
        say(f"left out, without scores of volunteers: {unscored:,} of the {len(wanted):,} galaxies")
    if learnt := training_overlap(card.get("learnt"), predicted.index):
        say(
            f"{learnt:,} of the {len(predicted):,} galaxies are among those that {options.weights} has learnt from: it errs "
            "less about them than about others"
        )
    if len(predicted):
        voted = scored.subset(predicted.index).volunteer_fractions
        result = score(predicted.to_numpy(), voted, _training_mean(scored.rows(~chosen), len(predicted), card))
        print(json.dumps(_settings(options) | result.as_dict(), indent=2) if options.json else in_words(result))
    return report(failures, "the figures are without them")


def _without_votes(catalogue: Catalogue, where: str) -> str:
    """Say what is missing where no galaxy has votes."""
    if catalogue.missing_pictures:
        return (
            f"{where} holds the scores of {catalogue.missing_pictures:,} galaxies, and pictures of {len(catalogue):,} others; "
            "an id is the picture's name without its ending"
        )
    table = KAGGLE_SCORES[0] if (catalogue.root / KAGGLE_PICTURES[0]).is_dir() else SCORES
    return f"{where} holds no {table} with the volunteers' votes; put it beside the pictures, or name another folder"


def _wanted(options: argparse.Namespace, scored: Catalogue) -> list[str]:
    """Name the galaxies to evaluate, each once."""
    if options.ids:
        return list(dict.fromkeys(read_ids(options.ids)))
    validation = [] if options.all else read_validation(options.data)
    return list(dict.fromkeys(validation)) or scored.ids


def _predictions_of(
    options: argparse.Namespace, catalogue: Catalogue
) -> tuple[pd.DataFrame, dict[str, str], Mapping[str, Any]]:
    """Predict galaxies or take them from a table; give the failures and the network's card as well."""
    if options.predictions:
        table = read_fractions(options.predictions)
        found = table[table.index.isin(catalogue.ids)]
        if not len(found):
            first = f"the first of them {table.index[0]}, " if len(table) else ""
            raise ValueError(
                f"none of the {len(table):,} galaxies of {options.predictions}, {first}is among the {len(catalogue):,} to "
                f"evaluate, the first of them {catalogue.ids[0]}; an id is the picture's name without its ending"
            )
        whole = found.index[found.notna().all(axis=1)]
        holes = dict.fromkeys(found.index.difference(whole), f"{options.predictions} lacks some of its 37 fractions")
        lacking = [galaxy_id for galaxy_id in catalogue.ids if galaxy_id not in found.index]
        absent = dict.fromkeys(lacking, f"it is not in {options.predictions}")
        return found.loc[[galaxy_id for galaxy_id in catalogue.ids if galaxy_id in whole]], absent | holes, {}
    network, card = network_for(options)
    with progress_bar() as progress:
        predictions = predict_catalogue(network, card, catalogue, progress=progress, **speed(options))
    return predictions.fractions, predictions.failures, card


def _training_mean(others: Catalogue, evaluated: int, card: Mapping[str, Any]) -> np.ndarray | None:
    """Average the scores of the galaxies that are not evaluated; where they are fewer than those, ask the card."""
    fractions = others.volunteer_fractions.astype(float)
    if (np.isfinite(fractions).sum(axis=0) >= evaluated).all():
        return np.nanmean(fractions, axis=0)
    return np.array(card["training_mean"], dtype=float) if "training_mean" in card else None


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    """Say what was evaluated, for JSON."""
    if options.predictions:
        return {"data": options.data, "predictions": str(options.predictions)}
    return {"data": options.data, "weights": options.weights, "views": options.views}


def in_words(result: Score) -> str:
    """Lay a score out as a table for people: a row for all answers, and one per question."""
    rows: list[tuple[str, float, float | None]] = [("all answers", result.rmse, result.mean_rmse)]
    for question in QUESTIONS:
        if question.number in result.rmse_by_question:
            rmse, mean_rmse = (
                errors.get(question.number) for errors in (result.rmse_by_question, result.mean_rmse_by_question)
            )
            rows.append((f"{question.number:2} {question.text}", rmse or 0.0, mean_rmse))
    width = max(len(name) for name, _, _ in rows)
    lines = [f"{f'RMSE over {result.galaxies:,} galaxies':{width}}   network   training mean"]
    for name, rmse, mean_rmse in rows:
        lines.append(f"{name:{width}}   {rmse:7.5f}   {'unknown' if mean_rmse is None else f'{mean_rmse:.5f}':>13}")
    return "\n".join(lines)

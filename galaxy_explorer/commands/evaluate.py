"""``evaluate``: a model, or a prediction table, against the volunteers' votes."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pandas as pd

from galaxy_explorer.catalogue import (
    VALIDATION_FILE,
    Catalogue,
    open_catalogue,
    read_ids,
    read_validation_ids,
    unread_note,
    without_votes_note,
)
from galaxy_explorer.commands.console import inference_options, load_model, progress_bar
from galaxy_explorer.commands.reporting import report, report_unscanned, say
from galaxy_explorer.commands.sources import with_crop
from galaxy_explorer.decision_tree import QUESTIONS, name_of
from galaxy_explorer.evaluation.answers import CUTS, MIN_MASS, plain_answers, score_answers
from galaxy_explorer.evaluation.metrics import Score, score
from galaxy_explorer.models import Card
from galaxy_explorer.models.checkpoints import available, find, read_card
from galaxy_explorer.prediction import find_network, predict_catalogue, read_about, read_fractions
from galaxy_explorer.training import training_overlap


def evaluate(options: argparse.Namespace) -> int:
    """Print the errors over galaxies with votes; return the exit status.

    Raises
    ------
    ValueError
        If it cannot start; the message says why and what to do.
    """
    catalogue = with_crop(open_catalogue(options.data, votes=options.votes), options.crop == "auto")
    scored = catalogue.rows(np.isfinite(catalogue.volunteer_fractions).any(axis=1))
    if not len(scored):
        raise ValueError(without_votes_note(catalogue, options.data))
    _report_unread(options, catalogue, len(scored))
    table = read_fractions(options.predictions) if options.predictions else None
    wanted = _wanted_ids(options, scored, table)
    failures = _failures_before(wanted, catalogue, scored, options.data)
    chosen = scored.table.index.isin(wanted)
    if table is None:
        predicted, failed, card = _predict(options, scored.rows(chosen))
        name = options.weights
    else:
        predicted, failed = _from_table(options, scored.rows(chosen), table)
        name, card = _network_of(options)
    trained_on = _report_training(name, card, list(predicted.index))
    if len(predicted):
        votes = scored.subset(predicted.index).volunteer_fractions
        others = scored.rows(~scored.table.index.isin(predicted.index))
        mean = _training_mean(others, len(predicted), card.training_mean if card else None)
        result = score(predicted.to_numpy(), votes, mean, standard_errors=True)
        answers = score_answers(predicted.to_numpy(), votes)
        about = _settings(options) | {"trained_on": trained_on} | asdict(result) | {"answers": plain_answers(answers)}
        print(json.dumps(about, indent=2) if options.json else f"{_as_text(result)}\n\n{_answers_as_text(answers)}")
    return report(failures | failed, "the figures are without them")


def _report_unread(options: argparse.Namespace, catalogue: Catalogue, scored: int) -> None:
    """Report what is left out of the files and tables of a catalogue."""
    report_unscanned([options.data])
    if note := unread_note(catalogue.table):
        say(note)
    if catalogue.missing_pictures:
        say(
            f"scores without a picture: {catalogue.missing_pictures:,}; pictures without scores: "
            f"{len(catalogue) - scored:,}"
        )


def _wanted_ids(options: argparse.Namespace, scored: Catalogue, table: pd.DataFrame | None) -> list[str]:
    """Return the galaxies of ``--ids``, else the validation set, else all with scores."""
    if options.ids:
        return list(dict.fromkeys(read_ids(options.ids)))
    validation = [] if options.all else list(dict.fromkeys(read_validation_ids(options.data)))
    others = table is not None and not table.index.isin(validation).any() and table.index.isin(scored.ids).any()
    if validation and others:
        say(
            f"{options.predictions} holds none of the {len(validation):,} galaxies of {VALIDATION_FILE}: all of its "
            "galaxies with scores are evaluated, as with --all"
        )
        return scored.ids
    return validation or scored.ids


def _failures_before(wanted: Sequence[str], catalogue: Catalogue, scored: Catalogue, where: str) -> dict[str, str]:
    """Return the galaxies without an image, and report the number of those without scores.

    Raises
    ------
    ValueError
        If none of the galaxies has scores.
    """
    absent = [galaxy_id for galaxy_id in wanted if galaxy_id not in catalogue]
    found = sum(galaxy_id in scored for galaxy_id in wanted)
    if not found:
        raise ValueError(
            f"{where} holds the scores of {len(scored):,} galaxies, but of none of the {len(wanted):,} to evaluate; "
            "add --all for all galaxies with scores, or list ids that are in it with --ids"
        )
    if unscored := len(wanted) - len(absent) - found:
        say(f"left out, without scores of volunteers: {unscored:,} of the {len(wanted):,} galaxies")
    return dict.fromkeys(absent, f"there is no image of it in {where}")


def _predict(options: argparse.Namespace, catalogue: Catalogue) -> tuple[pd.DataFrame, dict[str, str], Card | None]:
    """Return the predictions of ``--weights``, the failures, and the model card."""
    model = load_model(options)
    with progress_bar() as progress:
        settings = replace(inference_options(options), progress=progress)
        predictions = predict_catalogue(model, catalogue, settings)
    return predictions.fractions, dict(predictions.failures), model.card


def _from_table(
    options: argparse.Namespace, catalogue: Catalogue, table: pd.DataFrame
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return the complete rows of ``--predictions``, and why others are missing."""
    rows = table.reindex([galaxy_id for galaxy_id in catalogue.ids if galaxy_id in table.index])
    if not len(rows):
        first = f"the first of them {table.index[0]}, " if len(table) else ""
        raise ValueError(
            f"none of the {len(table):,} galaxies of {options.predictions}, {first}is among the {len(catalogue):,} to "
            f"evaluate, the first of them {catalogue.ids[0]}; an id is the image's name without its ending. "
            "--all evaluates all galaxies with scores, --ids FILE those of a list"
        )
    if lacking := len(catalogue) - len(rows):
        say(f"{lacking:,} of the {len(catalogue):,} galaxies to evaluate are not in {options.predictions}")
    incomplete = rows.index[rows.isna().any(axis=1)]
    return rows.dropna(), dict.fromkeys(incomplete, f"{options.predictions} lacks some of its 37 fractions")


def _network_of(options: argparse.Namespace) -> tuple[str, Card | None]:
    """Return name and model card of the network that made ``--predictions``, or None."""
    files = dict.fromkeys([*available().values(), find(options.weights)])
    path = find_network(read_about(options.predictions), list(files))
    return (str(options.predictions), None) if path is None else (path.stem, read_card(path))


def _report_training(name: str, card: Card | None, ids: Sequence[str]) -> int | None:
    """Report on how many of the galaxies a network was trained; return it, None if unknown."""
    if card is None or card.training_fingerprint is None:
        unknown = (
            f"{name} does not name its network, or names one that is not known here; pass its checkpoint with --weights"
            if card is None
            else f"the model card of {name} does not list its training galaxies"
        )
        say(f"unknown whether the network was trained on these galaxies: {unknown}")
        return None
    trained = training_overlap(card.training_fingerprint, ids)
    count = f"{trained:,} of the {len(ids):,} galaxies: errors on training galaxies are optimistic"
    say(f"{name} was trained on {count if trained else f'none of the {len(ids):,} galaxies'}")
    return trained


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
    views = inference_options(options).tta_views
    return {"data": options.data, "weights": options.weights, "views": views, "crop": options.crop}


def _as_text(result: Score) -> str:
    """Lay a score out as text: a row for all answers, and one for each question."""
    rows: list[tuple[str, float, float | None, float | None]]
    rows = [("all answers", result.rmse, result.rmse_standard_error, result.mean_rmse)]
    for question in QUESTIONS:
        if question.number in result.rmse_by_question:
            name, number = f"{question.number:2} {question.text}", question.number
            error, mean_rmse = result.standard_error_by_question.get(number), result.mean_rmse_by_question.get(number)
            rows.append((name, result.rmse_by_question[number], error, mean_rmse))
    width = max(len(name) for name, *_ in rows)
    lines = [f"{f'RMSE over {result.galaxies:,} galaxies':{width}}   network ± s.e.      training mean"]
    for name, rmse, error, mean_rmse in rows:
        lines.append(f"{name:{width}}   {rmse:.5f} ± {_rounded(error):7}   {_rounded(mean_rmse):>13}")
    return "\n".join(lines)


def _answers_as_text(answers: pd.DataFrame) -> str:
    """Lay the metrics by answer out as text: bias, counts, precision and recall."""
    heading = "network minus votes"
    names = [f"{column} {name_of(column)}" for column in answers.index]
    width = max(map(len, [*names, heading]))
    over = "".join(f"   {f'share of {cut} or more':^37}" for cut in CUTS)
    under = "   network    votes  precision  recall" * len(CUTS)
    lines = [f"{'':{width + 20}}{over}".rstrip(), f"{heading:{width}}   mean ± s.e.      {under}"]
    for answer, row in zip(names, answers.to_dict("records"), strict=True):
        line = f"{answer:{width}}   {row['difference']:+.5f} ± {_rounded(row['standard_error']):7}"
        for cut in CUTS:
            counts = f"   {row[f'predicted_{cut}']:7,} {row[f'voted_{cut}']:8,}"
            precision, recall = (_rounded(row[f"{name}_{cut}"], 3, "–") for name in ("precision", "recall"))
            line += f"{counts} {precision:>10} {recall:>7}"
        lines.append(line)
    note = (
        f"A galaxy counts if {MIN_MASS} or more of the votes reach the question. Precision and recall are against the "
        f"volunteers' majority, a share of {CUTS[0]} or more."
    )
    return "\n".join([*lines, note])


def _rounded(value: float | None, digits: int = 5, unknown: str = "unknown") -> str:
    """Return a figure as text."""
    return unknown if value is None or np.isnan(value) else f"{value:.{digits}f}"

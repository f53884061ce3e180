"""The numbers of a comparison as tables to read and to download."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from galaxy_explorer.app.compare.comparison import Comparison
from galaxy_explorer.catalogue.score_tables import ID
from galaxy_explorer.decision_tree import COLUMNS, QUESTIONS, name_of
from galaxy_explorer.evaluation.metrics import disagreements

DIGITS = 6  # scores are given with as many
BLOCK = 20_000  # galaxies written at a time


def question_table(comparison: Comparison) -> pd.DataFrame:
    """Give a row for each question: errors of each network and of the mean, coverage, and the networks' distances.

    Returns
    -------
    pd.DataFrame
        The index is the question's number; columns without any number are left out.
    """
    table = pd.DataFrame({"question": [question.text for question in QUESTIONS]},
                         index=pd.Index([question.number for question in QUESTIONS], name="number"))  # fmt: skip
    if comparison.voted:
        for name, found in comparison.scores.items():
            table[f"{name}_rmse"] = pd.Series(found.rmse_by_question)
            table["mean_predictor_rmse"] = pd.Series(found.mean_rmse_by_question)
    for name, within in comparison.coverage.items():
        table[f"{name}_coverage"] = pd.Series(within.by_question)
    for one, other in pairs_of(list(comparison.predicted)):
        table[f"{one}_to_{other}_rmse"] = pd.Series(comparison.between(one, other).rmse_by_question)
    return table.round(DIGITS)


def galaxy_table(comparison: Comparison, rows: slice = slice(None)) -> pd.DataFrame:
    """Give a row for each galaxy: the fractions of each network and of the volunteers, and each network's RMSE.

    Parameters
    ----------
    comparison : Comparison
        The galaxies.
    rows : slice, optional
        Which of them.

    Returns
    -------
    pd.DataFrame
        Indexed by ``GalaxyID``; ``<network>_Class1.1`` and so on, ``volunteers_Class1.1`` and so on,
        ``<network>_rmse``. Votes that are unknown are missing.
    """
    parts = [
        pd.DataFrame(values[rows], comparison.ids[rows], [f"{name}_{column}" for column in COLUMNS])
        for name, values in [*comparison.predicted.items(), ("volunteers", comparison.volunteers)]
    ]
    if comparison.voted:
        for name in comparison.predicted:
            errors = disagreements(comparison.predicted[name][rows], comparison.volunteers[rows])["rmse"]
            parts.append(errors.set_axis(comparison.ids[rows]).rename(f"{name}_rmse").to_frame())
    return pd.concat(parts, axis=1).astype("float32").round(DIGITS).rename_axis(index=ID)


def galaxies_as(ending: str, comparison: Comparison) -> bytes:
    """Write `galaxy_table` as ``.csv`` or ``.parquet``.

    A part of the galaxies at a time: the table of 240,000 takes 110 MB, and as much again at each step.
    """
    from galaxy_explorer.prediction import write_table

    columns = galaxy_table(comparison, slice(0)).columns.astype(str).tolist()
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"galaxies{ending}"
        blocks = (galaxy_table(comparison, slice(start, start + BLOCK)) for start in range(0, len(comparison), BLOCK))
        write_table(path, ending, blocks, columns, {})
        return path.read_bytes()


def questions_as_csv(comparison: Comparison) -> bytes:
    """Write `question_table` as CSV."""
    return question_table(comparison).to_csv(float_format=f"%.{DIGITS}f", lineterminator="\n").encode()


def pairs_of(names: Sequence[str]) -> list[tuple[str, str]]:
    """Give every two of some names, in their order."""
    return [(one, other) for place, one in enumerate(names) for other in names[place + 1 :]]


def disagreement_in_words(row: pd.Series, network: str, other: str) -> str:
    """Say over which answer two sides differ most, and what each says.

    Parameters
    ----------
    row : pd.Series
        A row of `Comparison.disagreements`.
    network, other : str
        What the sides of ``predicted`` and ``voted`` are called.

    Returns
    -------
    str
        Markdown, such as "spiral arms: yes" in bold, then "volunteers 62 %, fcn 8 %".
    """
    column = str(row["column"])
    predicted, voted = (f"{100 * row[side]:.0f}\u00a0%" for side in ("predicted", "voted"))
    return f"**{name_of(column)}**  \n{other} {voted}, {network} {predicted}"

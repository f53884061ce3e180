"""The numbers of a comparison as tables to read and to download."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from galaxy_explorer.app.compare.comparison import Comparison
from galaxy_explorer.catalogue.tables.score_tables import ID
from galaxy_explorer.decision_tree import COLUMNS, QUESTIONS, label_of
from galaxy_explorer.evaluation.metrics import disagreements

DIGITS = 6
BLOCK = 20_000  # galaxies written at a time


def question_table(comparison: Comparison) -> pd.DataFrame:
    """Return a row per question: RMSE of networks and mean, coverage, RMSE between networks."""
    numbers = pd.Index([question.number for question in QUESTIONS], name="number")
    table = pd.DataFrame({"question": [question.text for question in QUESTIONS]}, numbers)
    for name, score in comparison.scores().items() if comparison.voted else ():
        table[f"{name}_rmse"] = pd.Series(score.rmse_by_question)
        table["mean_predictor_rmse"] = pd.Series(score.mean_rmse_by_question)
    for name, within in comparison.coverage.items():
        table[f"{name}_coverage"] = pd.Series(within.by_question)
    for one, other in pairs_of(list(comparison.predicted)):
        table[f"{one}_to_{other}_rmse"] = pd.Series(comparison.between(one, other).rmse_by_question)
    return table.round(DIGITS)


def galaxy_table(comparison: Comparison, rows: slice = slice(None)) -> pd.DataFrame:
    """Return a row per galaxy: fractions of networks and volunteers, each network's RMSE.

    The columns are ``<network>_Class1.1`` and so on, ``volunteers_Class1.1`` and so on, and ``<network>_rmse``.
    """
    ids, votes = comparison.ids[rows], comparison.volunteers[rows]
    sides = {name: fractions[rows] for name, fractions in comparison.predicted.items()}
    parts = [
        pd.DataFrame(values, ids, [f"{name}_{column}" for column in COLUMNS])
        for name, values in [*sides.items(), ("volunteers", votes)]
    ]
    for name, values in sides.items() if comparison.voted else ():
        parts.append(disagreements(values, votes)["rmse"].set_axis(ids).to_frame(f"{name}_rmse"))
    return pd.concat(parts, axis=1).astype("float32").round(DIGITS).rename_axis(index=ID)


def galaxies_as(ending: str, comparison: Comparison) -> bytes:
    """Return `galaxy_table` as a file, written in blocks: for 240,000 galaxies it takes 110 MB."""
    from galaxy_explorer.prediction import write_table

    columns = galaxy_table(comparison, slice(0)).columns.astype(str).tolist()
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"galaxies{ending}"
        blocks = (galaxy_table(comparison, slice(start, start + BLOCK)) for start in range(0, len(comparison), BLOCK))
        write_table(path, ending, blocks, columns, {})
        return path.read_bytes()


def questions_as_csv(comparison: Comparison) -> bytes:
    """Return `question_table` as a CSV file."""
    return question_table(comparison).to_csv(float_format=f"%.{DIGITS}f", lineterminator="\n").encode()


def pairs_of(names: Sequence[str]) -> list[tuple[str, str]]:
    """Return all pairs of names, in their order."""
    return [(one, other) for i, one in enumerate(names) for other in names[i + 1 :]]


def disagreement_in_words(row: pd.Series, network: str, other: str) -> str:
    """Return a row of `Comparison.disagreements` in Markdown: the answer, both fractions."""
    predicted, voted = (f"{100 * row[side]:.0f}\u00a0%" for side in ("predicted", "voted"))
    return f"**{label_of(str(row['column']))}**  \n{other} {voted}, {network} {predicted}"

"""Ballots as files: raw votes, counts, and a score table like any other."""

import io
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.storage import write_atomic
from galaxy_explorer.votes.ballots import Ballot, counts_of
from galaxy_explorer.votes.weighting import consistency_weights, scores_of

SCORES, COUNTS, RAW = "scores.csv", "counts.csv", "votes.csv"
FORMULA = "=+-@"  # a spreadsheet would compute a cell that begins with one of them
_RAW_COLUMNS = ("GalaxyID", "voter", "time", "answers")


def merge(*logs: Iterable[Ballot]) -> list[Ballot]:
    """Join the votes of several people; a voter's latest ballot about a galaxy counts."""
    latest: dict[tuple[str, str], Ballot] = {}
    for ballot in (ballot for log in logs for ballot in log):
        key = ballot.galaxy, ballot.voter
        if key not in latest or latest[key].time <= ballot.time:
            latest[key] = ballot
    return list(latest.values())


def read_ballots(file: Path | bytes, name: str = "") -> list[Ballot]:
    """Read a log of raw votes (`votes.csv`).

    Parameters
    ----------
    file : Path or bytes
        The file or its content.
    name : str, optional
        What messages call it; by default the file's name.

    Returns
    -------
    list of Ballot
        In the order of the file.

    Raises
    ------
    ValueError
        If a column is missing, or at a row whose answers are not a path through the tree; the row is named.
    """
    name = name or (file.name if isinstance(file, Path) else "the log")
    try:
        opened = file if isinstance(file, Path) else io.BytesIO(file)
        table = pd.read_csv(opened, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except ValueError as error:  # pandas' own errors and those of decoding are such
        raise ValueError(f"{name} is not a CSV file in UTF-8 ({error}).") from error
    if missing := [column for column in _RAW_COLUMNS if column not in table.columns]:
        raise ValueError(f"{name} has no column {missing[0]}; a log of votes has {', '.join(_RAW_COLUMNS)}.")
    ballots = []
    for line, (galaxy, voter, time, answers) in enumerate(
        table[list(_RAW_COLUMNS)].itertuples(index=False, name=None), start=2
    ):
        try:
            ballots.append(Ballot(galaxy, tuple(answers.split()), voter, time))
        except ValueError as error:
            raise ValueError(f"{name}, line {line}: {error}") from None
    return ballots


def tables_of(ballots: Iterable[Ballot]) -> dict[str, pd.DataFrame]:
    """Return the three tables of a data set by file name: scores, counts, raw votes.

    `scores.csv` is in the challenge's format, with the weights of `consistency_weights`; `counts.csv` has the
    number of ballots (`votes`) and of each answer; `votes.csv` has one line per ballot.
    """
    ballots = merge(ballots)
    weights = consistency_weights(ballots)
    by_galaxy: dict[str, list[Ballot]] = defaultdict(list)
    for ballot in ballots:
        by_galaxy[ballot.galaxy].append(ballot)
    ids = pd.Index(by_galaxy, name="GalaxyID", dtype=str)
    scores = pd.DataFrame([scores_of(group, weights) for group in by_galaxy.values()], ids, columns=list(COLUMNS))
    counts = pd.DataFrame([counts_of(group) for group in by_galaxy.values()], ids, columns=list(COLUMNS))
    counts.insert(0, "votes", [len(group) for group in by_galaxy.values()])
    raw = [(ballot.galaxy, ballot.voter, ballot.time, " ".join(ballot.answers)) for ballot in ballots]
    return {
        SCORES: scores.reset_index(),
        COUNTS: counts.reset_index(),
        RAW: pd.DataFrame(raw, columns=list(_RAW_COLUMNS)),
    }


def files_of(ballots: Iterable[Ballot]) -> dict[str, bytes]:
    """Return the three CSV files of a data set by name, as `tables_of` describes them."""
    return {name: table.to_csv(index=False, float_format="%.6f").encode() for name, table in tables_of(ballots).items()}


def write_data_set(folder: Path, ballots: Iterable[Ballot]) -> None:
    """Write `scores.csv`, `counts.csv` and `votes.csv` into a folder, each by an atomic write.

    Raises
    ------
    ValueError
        If the folder has a `scores.csv` without a `votes.csv`: votes of others, which would be lost.
    """
    if (folder / SCORES).exists() and not (folder / RAW).exists():
        raise ValueError(
            f"{folder / SCORES} has votes that this command did not write, and is left as it is; "
            "give another folder, or move the file away."
        )
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files_of(ballots).items():
        write_atomic(folder / name, content)

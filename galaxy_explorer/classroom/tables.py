"""Votes of a class as ballots, scores and tables."""

import csv
import io
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from galaxy_explorer.classroom.records import ClassGalaxy, Pupil, Vote
from galaxy_explorer.decision_tree import COLUMNS, QUESTION_OF, QUESTIONS, label_of
from galaxy_explorer.votes import FORMULA, SCORES, Ballot, files_of, scores_of

HEADER = ("galaxy", "GalaxyID", "pupil", "time", *(f"question {question.number}" for question in QUESTIONS), "answers")


def ballots_of(galaxies: Sequence[ClassGalaxy], pupils: Sequence[Pupil], votes: Sequence[Vote]) -> list[Ballot]:
    """Return votes as ballots, with the pupils' names as voters."""
    names = {pupil.pupil_id: pupil.name for pupil in pupils}
    return [
        Ballot(galaxies[vote.place].galaxy_id, vote.answers, names[vote.pupil_id], _iso(vote.time))
        for vote in votes
        if vote.pupil_id in names
    ]


def class_scores(galaxies: Sequence[ClassGalaxy], ballots: Sequence[Ballot]) -> list[np.ndarray | None]:
    """Return the ``(37,)`` vote fractions of a class by galaxy; None without votes."""
    by_galaxy = [[ballot for ballot in ballots if ballot.galaxy == galaxy.galaxy_id] for galaxy in galaxies]
    return [scores_of(own) if own else None for own in by_galaxy]


def votes_csv(galaxies: Sequence[ClassGalaxy], ballots: Sequence[Ballot]) -> bytes:
    """Return all votes as a CSV table, one line per pupil and galaxy, that spreadsheets open.

    Its columns are the galaxy's number and id, the pupil, the time in UTC, the answer to each of the 11 questions in
    words, empty where it was not asked, and the columns of the answers.
    """
    numbers = {galaxy.galaxy_id: number for number, galaxy in enumerate(galaxies, 1)}
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(HEADER)
    for ballot in sorted(ballots, key=lambda ballot: (numbers[ballot.galaxy], ballot.voter)):
        given = {QUESTION_OF[column].number: label_of(column) for column in ballot.answers}
        words = [given.get(question.number, "") for question in QUESTIONS]
        first = (numbers[ballot.galaxy], _as_cell(ballot.galaxy), ballot.voter, ballot.time)
        writer.writerow([*first, *words, " ".join(ballot.answers)])
    return file.getvalue().encode("utf-8-sig")  # or spreadsheets would take it for another encoding


def data_set_zip(galaxies: Sequence[ClassGalaxy], ballots: Sequence[Ballot]) -> bytes:
    """Return a zip that opens in the app: pictures, votes and scores of all."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for galaxy in galaxies:
            packed.writestr(f"{galaxy.galaxy_id}.jpg", galaxy.picture)
        for name, content in files_of(ballots).items():
            packed.writestr(name, content)
        for name in ("volunteers", "network"):
            known = {galaxy.galaxy_id: getattr(galaxy, name) for galaxy in galaxies}
            rows = {galaxy_id: row for galaxy_id, row in known.items() if row is not None}
            if rows:
                table = pd.DataFrame(list(rows.values()), pd.Index(rows, name="GalaxyID"), list(COLUMNS))
                packed.writestr(f"{name}/{SCORES}", table.to_csv())
    return file.getvalue()


def _as_cell(text: str) -> str:
    """Return a text for a table that spreadsheets open: never a formula."""
    return f"'{text}" if text.startswith(tuple(FORMULA)) else text


def _iso(seconds: float) -> str:
    """Return a time in UTC, ISO 8601."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")

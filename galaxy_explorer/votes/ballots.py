"""One person's answers about one galaxy."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from galaxy_explorer.decision_tree import ANSWER_OF, COLUMNS, INDEX, QUESTION_OF, QUESTIONS


@dataclass(frozen=True)
class Ballot:
    """The answers of one voter about one galaxy.

    Attributes
    ----------
    galaxy : str
        ID of the galaxy.
    answers : tuple of str
        Score columns of the answers in the order of the questions, from question 1 to an answer that ends the
        questionnaire.
    voter : str
        Name of the voter; one voter has one ballot per galaxy.
    time : str
        When the last question was answered, ISO 8601 in UTC.

    Raises
    ------
    ValueError
        If the answers are not a complete path through the tree.
    """

    galaxy: str
    answers: tuple[str, ...]
    voter: str
    time: str

    def __post_init__(self) -> None:
        if next_question(check_answers(self.answers)) is not None:
            last = self.answers[-1] if self.answers else "nothing"
            raise ValueError(f"A ballot about galaxy {self.galaxy} stops at {last}; questions follow it.")


def next_question(answers: Sequence[str]) -> int | None:
    """Return the number of the question after these answers; None at the end."""
    return ANSWER_OF[answers[-1]].leads_to if answers else QUESTIONS[0].number


def check_answers(answers: Sequence[str]) -> Sequence[str]:
    """Return answers that follow each other in the tree.

    Raises
    ------
    ValueError
        At the first answer that is unknown or does not belong to the question asked.
    """
    for place, column in enumerate(answers):
        asked = next_question(answers[:place])
        if column not in ANSWER_OF:
            raise ValueError(f"{column!r} is not an answer; answers are {COLUMNS[0]} to {COLUMNS[-1]}.")
        if QUESTION_OF[column].number != asked:
            expected = "no further answer" if asked is None else f"an answer to question {asked}"
            raise ValueError(f"{column} was found where {expected} was expected.")
    return answers


def counts_of(ballots: Iterable[Ballot]) -> np.ndarray:
    """Return how many ballots chose each answer: (37,) int."""
    counts = np.zeros(len(COLUMNS), dtype=int)
    for ballot in ballots:
        counts[[INDEX[column] for column in ballot.answers]] += 1
    return counts

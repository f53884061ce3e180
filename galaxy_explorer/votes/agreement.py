"""Agreement of one voter with the volunteers, next to that of two random volunteers."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from galaxy_explorer.decision_tree import INDEX, QUESTION_OF, QUESTIONS, SLICES, shares_from_fractions
from galaxy_explorer.votes.ballots import Ballot

SURE = 2.0  # standard errors from which a difference is not chance


@dataclass(frozen=True)
class Agreement:
    """How often a voter agrees with the volunteers, over some answers.

    Attributes
    ----------
    answers : int
        Number of the voter's answers that are compared.
    own : float
        Chance in [0, 1] that a random volunteer gave the voter's answer: the mean of its share.
    expected : float
        The same for a random volunteer instead of the voter: the mean of the sum of squared shares.
    error : float
        Standard error of `own` if the voter answered like a random volunteer.
    """

    answers: int
    own: float
    expected: float
    error: float

    @property
    def differs(self) -> int:
        """1 if the voter agrees more than chance allows, -1 if less, 0 otherwise."""
        away = self.own - self.expected
        return 0 if abs(away) <= SURE * self.error else int(np.sign(away))


@dataclass(frozen=True)
class Difference:
    """An answer that few volunteers gave."""

    galaxy: str
    mine: str
    theirs: str  # the most frequent answer
    my_share: float
    their_share: float


def agreement(ballots: Iterable[Ballot], votes: Mapping[str, np.ndarray]) -> dict[int, Agreement]:
    """Compare one voter's answers with the volunteers' votes, question by question.

    Parameters
    ----------
    ballots : iterable of Ballot
        Of one voter.
    votes : mapping of str to (37,) np.ndarray
        Vote fractions of the volunteers by galaxy; galaxies without them do not count.

    Returns
    -------
    dict of int to Agreement
        By number of the question; 0 for all questions together. Questions without an answer to compare are absent.
    """
    found: dict[int, list[tuple[float, float, float]]] = defaultdict(list)
    for column, shares in _compared(ballots, votes):
        mine, squares = float(shares[INDEX[column] - _start(column)]), float((shares**2).sum())
        values = mine, squares, float((shares**3).sum()) - squares**2
        found[0].append(values)
        found[QUESTION_OF[column].number].append(values)
    return {number: _mean(found[number]) for number in (0, *(one.number for one in QUESTIONS)) if found[number]}


def differences(ballots: Iterable[Ballot], votes: Mapping[str, np.ndarray]) -> list[Difference]:
    """Return the voter's answers that are not the most frequent one, the rarest first."""
    found = []
    for ballot in ballots:
        for column, shares in _compared([ballot], votes):
            first, best = _start(column), int(np.argmax(shares))
            theirs = list(INDEX)[first + best]
            if theirs != column:
                share = float(shares[INDEX[column] - first])
                found.append(Difference(ballot.galaxy, column, theirs, share, float(shares[best])))
    return sorted(found, key=lambda one: one.my_share - one.their_share)


def _compared(ballots: Iterable[Ballot], votes: Mapping[str, np.ndarray]) -> Iterable[tuple[str, np.ndarray]]:
    """Yield each answer that can be compared, with the shares of its question's answers."""
    for ballot in ballots:
        if ballot.galaxy not in votes:
            continue
        shares = shares_from_fractions(votes[ballot.galaxy])
        for column in ballot.answers:
            asked = shares[SLICES[QUESTION_OF[column].number]]
            if not np.isnan(asked).any():
                yield column, asked


def _start(column: str) -> int:
    """Return the index of the first answer of a column's question."""
    return SLICES[QUESTION_OF[column].number].start


def _mean(values: list[tuple[float, float, float]]) -> Agreement:
    """Return the agreement of some answers."""
    own, expected, variance = np.mean(values, axis=0)
    return Agreement(len(values), float(own), float(expected), float(np.sqrt(max(variance, 0) / len(values))))

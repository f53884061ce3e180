"""From ballots to the 37 scores, with the weights of Galaxy Zoo 2."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from galaxy_explorer.decision_tree import (
    COLUMNS,
    INDEX,
    QUESTION_OF,
    SLICES,
    fractions_from_shares,
    shares_of_question,
)
from galaxy_explorer.votes.ballots import Ballot

_FULL_WEIGHT_FROM = 0.6  # consistency above which a vote counts in full
_STEEPNESS = 8.5
_ROUNDS = 3
_FEWEST = 3  # ballots of a galaxy from which its voters can be compared


def scores_of(ballots: Sequence[Ballot], weights: Mapping[str, float] | None = None) -> np.ndarray:
    """Return the vote fractions of one galaxy.

    Parameters
    ----------
    ballots : sequence of Ballot
        Ballots about one galaxy.
    weights : mapping of str to float, optional
        Weight of each voter, as `consistency_weights` returns them; 1 where absent.

    Returns
    -------
    (37,) np.ndarray of float
        Vote fractions in the order of `COLUMNS`: a question's share of the (weighted) votes times the mass that
        reaches it. NaN where votes reach a question in the scores that no one was asked.
    """
    return fractions_from_shares(_shares(ballots, weights or {}))


def consistency_weights(ballots: Sequence[Ballot]) -> dict[str, float]:
    """Return the weight of each voter by how consistent their votes are with everyone's.

    The consistency of a vote is the mean over the question's answers of f where the voter chose the answer and of
    1 - f where not, f being the answer's weighted share. A voter with a mean consistency k has the weight
    min(1, (k / 0.6)^8.5); three rounds. Galaxies with fewer than three ballots do not count: with two voters, who
    disagrees cannot be told.

    References
    ----------
    Willett et al. 2013, MNRAS 435, 2835, section 3.2.
    """
    by_galaxy: dict[str, list[Ballot]] = defaultdict(list)
    for ballot in ballots:
        by_galaxy[ballot.galaxy].append(ballot)
    compared = [group for group in by_galaxy.values() if len(group) >= _FEWEST]
    weights = {ballot.voter: 1.0 for ballot in ballots}
    for _ in range(_ROUNDS if compared else 0):
        consistencies: dict[str, list[float]] = defaultdict(list)
        for group in compared:
            shares = _shares(group, weights)
            for ballot in group:
                consistencies[ballot.voter] += [_consistency(column, shares) for column in ballot.answers]
        for voter, values in consistencies.items():
            weights[voter] = min(1.0, (float(np.mean(values)) / _FULL_WEIGHT_FROM) ** _STEEPNESS)
    return weights


def _shares(ballots: Sequence[Ballot], weights: Mapping[str, float]) -> np.ndarray:
    """Return the shares of the weighted votes; NaN where no one was asked."""
    counts = np.zeros(len(COLUMNS))
    for ballot in ballots:
        counts[[INDEX[column] for column in ballot.answers]] += weights.get(ballot.voter, 1.0)
    return np.concatenate([shares_of_question(counts[where]) for where in SLICES.values()])


def _consistency(column: str, shares: np.ndarray) -> float:
    """Return the consistency of one vote with the shares of its question's answers."""
    where = SLICES[QUESTION_OF[column].number]
    agreeing = 1.0 - shares[where]
    agreeing[INDEX[column] - where.start] = shares[INDEX[column]]
    return float(agreeing.mean())

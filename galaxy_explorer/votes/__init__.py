"""Votes of people on galaxies: ballots, their vote fractions, and the data set they make."""

from galaxy_explorer.votes.agreement import Agreement, Difference, agreement, differences
from galaxy_explorer.votes.ballots import Ballot, check_answers, counts_of, next_question
from galaxy_explorer.votes.data_set import (
    FORMULA,
    RAW,
    SCORES,
    files_of,
    merge,
    read_ballots,
    tables_of,
    write_data_set,
)
from galaxy_explorer.votes.weighting import consistency_weights, scores_of

__all__ = [
    "FORMULA",
    "RAW",
    "SCORES",
    "Agreement",
    "Ballot",
    "Difference",
    "agreement",
    "check_answers",
    "consistency_weights",
    "counts_of",
    "differences",
    "files_of",
    "merge",
    "next_question",
    "read_ballots",
    "scores_of",
    "tables_of",
    "write_data_set",
]

"""Likeliest path of one galaxy down the tree."""

import numpy as np

from galaxy_explorer.decision_tree.arithmetic import shares_from_fractions
from galaxy_explorer.decision_tree.table import (
    ANSWER_OF,
    ASKED_OF_EVERYONE,
    INDEX,
    QUESTIONS,
    SLICES,
    columns_of,
)


def most_likely_path(fractions: np.ndarray) -> list[tuple[str, float]]:
    """Return the likeliest path: at each question the answer with the largest share.

    This greedy path does not always have the largest product of shares. A tie is resolved to the earlier answer.
    Question 6 and, after "yes", question 8 come last on every path.

    Parameters
    ----------
    fractions : (37,) np.ndarray
        Vote fractions of one galaxy, NaN where unknown.

    Returns
    -------
    list of (str, float)
        Column and share of each answer on the path. After a question without shares it continues with question 6,
        and ends early if that has none either.
    """
    shares = shares_from_fractions(fractions)
    path: list[tuple[str, float]] = []
    walked: set[int] = set()
    number: int | None = QUESTIONS[0].number
    while number is not None and number not in walked:
        walked.add(number)
        asked = shares[SLICES[number]]
        if np.isnan(asked).any():
            number = ASKED_OF_EVERYONE
            continue
        name = columns_of(number)[int(np.argmax(asked))]
        path.append((name, float(shares[INDEX[name]])))
        number = ANSWER_OF[name].leads_to
    return path

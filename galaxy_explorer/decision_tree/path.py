"""Likeliest path of one galaxy down the tree, and the sentence that describes it."""

import numpy as np

from galaxy_explorer.decision_tree.arithmetic import shares_from_fractions
from galaxy_explorer.decision_tree.table import (
    ANSWER_OF,
    ASKED_OF_EVERYONE,
    INDEX,
    QUESTION_OF,
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


def in_words(fractions: np.ndarray) -> str:
    """Describe the likeliest path of one galaxy in one English sentence, with its shares.

    Parameters
    ----------
    fractions : (37,) np.ndarray
        Vote fractions of one galaxy, NaN where unknown.

    Returns
    -------
    str
        For example "Most likely a smooth galaxy (77 %), completely round (97 %), and with nothing odd
        about it (100 %)."
    """
    clauses = []
    for name, share in most_likely_path(fractions):
        number, phrase = QUESTION_OF[name].number, ANSWER_OF[name].phrase
        clauses.append(_LINKS.get(number, "") + f"{phrase} ({100 * share:.0f}\u00a0%)")
    if not clauses:
        return "No votes are known for this galaxy."
    return "Most likely " + ", ".join(clauses).removeprefix("and ") + "."


# How the clause of a question joins the sentence before it.
_LINKS = {5: "with ", 6: "and with ", 8: "namely ", 9: "with ", 10: "which are ", 11: "and "}

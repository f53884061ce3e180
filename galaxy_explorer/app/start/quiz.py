"""The quiz: a short walk down the tree, compared with volunteers and network."""

import tomllib
from pathlib import Path

import numpy as np

from galaxy_explorer.decision_tree import ANSWER_OF, INDEX, QUESTION_OF, QUESTIONS, columns_of, most_likely_path

_TEXTS = tomllib.loads(Path(__file__).with_name("quiz.toml").read_text(encoding="utf-8"))
PROMPTS: dict[int, str] = {int(number): prompt for number, prompt in _TEXTS["prompts"].items()}
DRAWING_OF: dict[str, int] = _TEXTS["drawings"]
VERDICTS: dict[str, str] = _TEXTS["verdicts"]


def next_question(answers: list[str]) -> int | None:
    """Return the number of the question after these answers; None at the end."""
    number = ANSWER_OF[answers[-1]].leads_to if answers else QUESTIONS[0].number
    while number is not None and number not in PROMPTS:  # all answers of a skipped question lead to the same one
        number = ANSWER_OF[columns_of(number)[0]].leads_to
    return number


def steps_left(answers: list[str]) -> int:
    """Return the largest number of questions that may still follow."""
    number = next_question(answers)
    return 0 if number is None else 1 + max(steps_left([*answers, column]) for column in columns_of(number))


def path_of(fractions: np.ndarray) -> list[tuple[str, float]]:
    """Return column and share of the answers on the likeliest path, for the quiz.

    Parameters
    ----------
    fractions : (37,) np.ndarray
        Vote fractions of one galaxy, NaN where unknown.
    """
    return [(column, share) for column, share in most_likely_path(fractions) if QUESTION_OF[column].number in PROMPTS]


def verdict_of(path: list[str]) -> str:
    """Return the answer that a complete path amounts to; empty if it is not complete."""
    return next((column for column in VERDICTS if column in path), "")


def verdict_in_words(answers: list[str], votes: np.ndarray, predicted: np.ndarray | None) -> str:
    """Compare the visitor's verdict with those of volunteers and network.

    Parameters
    ----------
    answers : list of str
        The visitor's answers.
    votes, predicted : (37,) np.ndarray
        Vote fractions of the volunteers, and predicted by a network; None without a prediction.
    """
    mine = verdict_of(answers)
    theirs = verdict_of([column for column, _ in path_of(votes)])
    network = verdict_of([column for column, _ in path_of(predicted)]) if predicted is not None else ""
    seen, others = VERDICTS[mine], VERDICTS[theirs]
    volunteers = f"{100 * votes[INDEX[theirs]]:.0f}\u00a0% of the volunteers"
    if mine == theirs == network:
        return f"You, {volunteers} and the network agree: {seen}."
    if mine == theirs:
        return f"You and {volunteers} saw {seen}" + (f"; the network predicts {VERDICTS[network]}." if network else ".")
    if mine == network:
        return f"You and the network agree: {seen}. {volunteers} saw {others}."
    prediction = "the same" if network == theirs else VERDICTS.get(network)
    return f"You saw {seen}; {volunteers} saw {others}" + (
        f", and the network predicts {prediction}." if network else "."
    )

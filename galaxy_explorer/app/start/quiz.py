"""The quiz: a short walk down the tree, compared with volunteers and network."""

import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from galaxy_explorer.decision_tree import ANSWER_OF, QUESTION_OF, QUESTIONS, columns_of, most_likely_path

_TEXTS = tomllib.loads(Path(__file__).with_name("quiz.toml").read_text(encoding="utf-8"))
PROMPTS: dict[int, str] = {int(number): prompt for number, prompt in _TEXTS["prompts"].items()}
TOPICS: dict[int, str] = {int(number): topic for number, topic in _TEXTS["topics"].items()}
SHAPES: dict[str, str] = _TEXTS["shapes"]
PARTINGS: dict[str, str] = _TEXTS["partings"]
KINDS = ("Class1.1", "Class1.3", "Class2.1", "Class2.2")
ORDER = (1, 7, 2, 9, 3, 4, 6)  # of the questions, as columns of the comparison


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


def differing(mine: Sequence[str], theirs: Sequence[str]) -> list[str]:
    """Return the answers of a path to questions that another path answers differently."""
    others = {QUESTION_OF[column].number: column for column in theirs}
    return [column for column in mine if others.get(QUESTION_OF[column].number, column) != column]


def kind_of(path: list[str]) -> str:
    """Return the answer that gives the kind of a path; empty without one.

    The kinds are smooth, edge-on disk, spiral or disk, star. Whether something is odd says nothing about them.
    """
    return next((column for column in KINDS if column in path), "")


def questions_of(paths: Iterable[Iterable[str]]) -> list[int]:
    """Return the questions that any of these paths answers, in the order of the quiz."""
    asked = {QUESTION_OF[column].number for path in paths for column in path}
    return [number for number in ORDER if number in asked]


def verdict_in_words(answers: list[str], votes: np.ndarray, predicted: np.ndarray | None) -> str:
    """Compare the visitor's answers with those of volunteers and network.

    Parameters
    ----------
    answers : list of str
        The visitor's answers.
    votes, predicted : (37,) np.ndarray
        Vote fractions of the volunteers, and predicted by a network; None without a prediction.
    """
    theirs = dict(path_of(votes))
    network = [column for column, _ in path_of(predicted)] if predicted is not None else []
    if not kind_of([*theirs]):
        return f"You saw {_shape(answers)}; the volunteers' votes do not tell."
    if kind_of(answers) != kind_of([*theirs]):
        return _other_kind(answers, theirs, network)
    unlike = differing(answers, [*theirs])
    aside = "" if _shape(network) in ("", _shape(answers)) else f" The network predicts {_shape(network)}."
    if unlike:
        topics = ", ".join(TOPICS[QUESTION_OF[column].number] for column in unlike)
        return f"Same on {len(answers) - len(unlike)} of {len(answers)}: you differ on {topics}.{aside}"
    if aside or not network:
        return f"You and the volunteers agree: {_shape(answers)}.{aside}"
    return f"You, the volunteers and the network agree: {_shape(answers)}."


def _shape(path: list[str]) -> str:
    """Return the words for the shape that a path amounts to; empty if it gives none."""
    return next((words for column, words in SHAPES.items() if column in path), "")


def _other_kind(answers: list[str], theirs: dict[str, float], network: list[str]) -> str:
    """Return the verdict about two kinds, with the volunteers' share where they part."""
    (parting, *_) = differing(answers, [*theirs])
    (other,) = set(theirs) & set(columns_of(QUESTION_OF[parting].number))
    mine = f"You saw {_shape(answers)}"
    volunteers = f"{100 * theirs[other]:.0f}\u00a0% of the volunteers saw {PARTINGS[other]}"
    as_predicted = ", as the network predicts"
    if kind_of(network) == kind_of(answers):
        return f"{mine}{as_predicted}; {volunteers}."
    if kind_of(network) == kind_of([*theirs]):
        return f"{mine}; {volunteers}{as_predicted}."
    return f"{mine}; {volunteers}." + (f" The network predicts {_shape(network)}." if _shape(network) else "")

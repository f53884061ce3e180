"""The table of the tree: questions, answers, and what follows from their order and links."""

import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Answer:
    """One answer of a question."""

    name: str  # as Galaxy Zoo wrote it below the question
    label: str  # a name that needs no question next to it
    stem: str  # the answer's part of a column name in the GZ2 catalogue
    phrase: str  # the answer as a part of a sentence about one galaxy
    meaning: str  # one sentence for someone who meets the answer for the first time
    leads_to: int | None = None  # the next question's number; None ends the questionnaire


@dataclass(frozen=True)
class Question:
    """One question with its answers in the order of the score columns."""

    number: int
    text: str
    stem: str
    short: str  # a name of one to three words, where the text does not fit
    answers: tuple[Answer, ...]


_TABLE = tomllib.loads(Path(__file__).with_name("questions.toml").read_text(encoding="utf-8"))["question"]
QUESTIONS: tuple[Question, ...] = tuple(
    Question(**(question | {"answers": tuple(Answer(**answer) for answer in question["answers"])}))
    for question in _TABLE
)

# The one exception to the rule that a question's mass is what flows into it: 1 - Class1.3 flows into
# question 6, but the challenge's scores normalise it to 1 for every galaxy.
ASKED_OF_EVERYONE = 6


def column(question: int, answer: int) -> str:
    """Return the score column of an answer: ``column(4, 1) == "Class4.1"``."""
    return f"Class{question}.{answer}"


_ANSWERS = tuple((column(q.number, i), q, answer) for q in QUESTIONS for i, answer in enumerate(q.answers, start=1))
COLUMNS: tuple[str, ...] = tuple(name for name, _, _ in _ANSWERS)
INDEX: dict[str, int] = {name: i for i, name in enumerate(COLUMNS)}
QUESTION_OF: dict[str, Question] = {name: question for name, question, _ in _ANSWERS}
ANSWER_OF: dict[str, Answer] = {name: answer for name, _, answer in _ANSWERS}
SLICES: dict[int, slice] = {
    q.number: slice(INDEX[column(q.number, 1)], INDEX[column(q.number, 1)] + len(q.answers)) for q in QUESTIONS
}


def columns_of(question: int) -> tuple[str, ...]:
    """Return the score columns of a question, in the order of its answers."""
    return COLUMNS[SLICES[question]]


def name_of(column: str) -> str:
    """Return an answer's name with its question: ``spiral arms: yes``."""
    return f"{QUESTION_OF[column].short}: {ANSWER_OF[column].name}"


def label_of(column: str) -> str:
    """Return a name of an answer that needs no question next to it: ``no spiral arms``."""
    return ANSWER_OF[column].label


def tile_name_of(column: str) -> str:
    """Return an answer's name below its question: ``tight``, and ``no bar`` instead of ``no``."""
    answer = ANSWER_OF[column]
    return answer.label if answer.name in ("yes", "no") else answer.name


def columns_into(question: int) -> tuple[str, ...]:
    """Return the columns of the answers that lead to a question."""
    return tuple(name for name, answer in ANSWER_OF.items() if answer.leads_to == question)


def _mass_column(question: int) -> str | None:
    """Find the one answer on every route to a question; None without one.

    If all answers of an earlier question are among the routes, the votes divide there and join again, so the
    routes into that question replace them.
    """
    routes = set(columns_into(question))
    while len(routes) > 1:
        joined = [q.number for q in QUESTIONS if columns_into(q.number) and routes.issuperset(columns_of(q.number))]
        if not joined:
            return None
        routes.difference_update(columns_of(joined[-1]))
        routes.update(columns_into(joined[-1]))
    return next(iter(routes), None)


# The column whose vote fraction is the mass of a question; None where the mass is 1.
MASS_COLUMN: dict[int, str | None] = {question.number: _mass_column(question.number) for question in QUESTIONS}

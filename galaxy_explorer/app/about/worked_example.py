"""One galaxy's 37 scores worked through as arithmetic, computed from its votes."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from itertools import islice

import numpy as np

from galaxy_explorer.app.about.texts import texts
from galaxy_explorer.app.ui.wording import listed
from galaxy_explorer.decision_tree import (
    ANSWER_OF,
    ASKED_OF_EVERYONE,
    COLUMNS,
    INDEX,
    MASS_COLUMN,
    QUESTION_OF,
    QUESTIONS,
    SLICES,
    columns_into,
    columns_of,
    label_of,
    mass_of,
    shares_from_fractions,
)

HEADINGS = ("Question", "Votes that reach it", "Answer with most votes", "Share", "Mass × share = score")


@dataclass(frozen=True)
class Step:
    """One question of the example, with the answer that most of those asked chose."""

    question: str
    mass: float
    mass_from: str  # where the mass comes from, in words
    answer: str  # empty if the question was not asked
    share: float
    fraction: float

    def cells(self) -> tuple[str, ...]:
        """Return the texts of a row of the table, after the question."""
        if not self.answer:
            return f"{self.mass:.3f}, {self.mass_from}", "not asked", "unknown", "all its scores are 0"
        product = f"{self.mass:.3f} × {self.share:.3f} = {self.fraction:.3f}"
        return f"{self.mass:.3f}, {self.mass_from}", self.answer, f"{100 * self.share:.1f}\u00a0%", product


def steps(fractions: np.ndarray) -> Iterator[Step]:
    """Work through the questions of one galaxy, ``(37,)`` known vote fractions."""
    shares = shares_from_fractions(fractions)
    by_number = {question.number: question for question in QUESTIONS}
    for number, part in SLICES.items():
        source = MASS_COLUMN[number]
        mass = float(mass_of(number, fractions))
        mass_from = "everyone" if source is None else f"score of {_answer(source)}"
        answer, share, fraction = "", np.nan, 0.0
        if not np.isnan(shares[part]).any():
            best = columns_of(number)[int(np.argmax(shares[part]))]
            answer, share, fraction = label_of(best), float(shares[INDEX[best]]), float(fractions[INDEX[best]])
        yield Step(f"{number} · {by_number[number].text}", mass, mass_from, answer, share, fraction)


def _answer(column: str) -> str:
    """Return the name of an answer with its question, in quotes."""
    return f"“{label_of(column)}”"


def as_table(fractions: np.ndarray) -> str:
    """Format the steps as an HTML table."""
    return _table(HEADINGS, [(step.question, *step.cells()) for step in steps(fractions)])


def as_short_table(fractions: np.ndarray, most: int) -> str:
    """Format the first steps, without where the votes come from, as an HTML table."""
    rows = [(step.question, *step.cells()[1:]) for step in islice(steps(fractions), most)]
    return _table((HEADINGS[0], *HEADINGS[2:]), rows)


def _table(headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Format rows as an HTML table, whose cells know their headings for narrow windows."""
    head = "".join(f'<th scope="col">{heading}</th>' for heading in headings)
    body = ""
    for question, *texts_of_cells in rows:
        cells = zip(headings[1:], texts_of_cells, strict=True)
        row = "".join(f'<td data-label="{heading}">{escape(text)}</td>' for heading, text in cells)
        body += f'<tr><th scope="row">{escape(question)}</th>{row}</tr>'
    return f'<table class="worked"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def lessons(fractions: np.ndarray) -> list[str]:
    """Return what the arithmetic shows, one paragraph of Markdown each."""
    shares, lesson = shares_from_fractions(fractions), texts()["lessons"]
    column = COLUMNS[int(np.nanargmax(shares - fractions))]  # whose share and score differ most
    share, fraction = shares[INDEX[column]], fractions[INDEX[column]]
    mass, total = mass_of(QUESTION_OF[column].number, fractions), fractions.sum()
    numbers = {"fraction": fraction, "percent": 100 * share, "mass": 100 * float(mass), "total": total}
    found = [lesson["not_probabilities"].format(answer=_answer(column), **numbers)]

    leaving = [column for column in columns_of(1) if ANSWER_OF[column].leads_to is None]
    left = sum(float(fractions[INDEX[column]]) for column in leaving)
    numbers = {"percent": 100 * left, "flow": 1 - left, "total": float(fractions[SLICES[ASKED_OF_EVERYONE]].sum())}
    numbers |= {"question": ASKED_OF_EVERYONE, "sources": len(columns_into(ASKED_OF_EVERYONE))}
    found.append(lesson["exception"].format(answers=" or ".join(map(_answer, leaving)), **numbers))

    unasked = [str(question.number) for question in QUESTIONS if np.isnan(shares[SLICES[question.number]]).any()]
    if unasked:
        found.append(lesson["not_asked"].format(questions=f"question{'s' * (len(unasked) > 1)} {listed(unasked)}"))
    return found

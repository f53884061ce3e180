"""One galaxy's 37 scores worked through as arithmetic, computed from its votes."""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree as ET

import numpy as np

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
    mass_of,
    name_of,
    shares_from_fractions,
)

HEADINGS = ("Question", "Votes that reach it", "Most said", "Share", "Mass × share = score")


@dataclass(frozen=True)
class Step:
    """One question of the example, with the answer that most of those asked gave."""

    question: str
    mass: float
    mass_from: str  # whence the mass comes, in words
    answer: str  # empty where the question was not asked
    share: float
    fraction: float


def steps(fractions: np.ndarray) -> Iterator[Step]:
    """Work through the questions in the order in which their masses become known.

    Parameters
    ----------
    fractions : (37,) np.ndarray
        The vote fractions of one galaxy, all known.
    """
    shares = shares_from_fractions(fractions)
    by_number = {question.number: question for question in QUESTIONS}
    for number in SLICES:
        name = MASS_COLUMN[number]
        mass = float(mass_of(number, fractions))
        text = f"{number} · {by_number[number].text}"
        source = "everyone" if name is None else f"score of {_answer(name)}"
        asked = shares[SLICES[number]]
        if np.isnan(asked).any():
            yield Step(text, mass, source, "", np.nan, 0.0)
            continue
        best = columns_of(number)[int(np.argmax(asked))]
        yield Step(text, mass, source, ANSWER_OF[best].name, float(shares[INDEX[best]]), float(fractions[INDEX[best]]))


def _answer(name: str) -> str:
    """Name an answer by its question."""
    return f"“{name_of(name)}”"


def as_table(fractions: np.ndarray) -> str:
    """Write the steps as a table in HTML, every text escaped."""
    table = ET.Element("table", {"class": "worked"})
    head = ET.SubElement(ET.SubElement(table, "thead"), "tr")
    for heading in HEADINGS:
        ET.SubElement(head, "th", {"scope": "col"}).text = heading
    body = ET.SubElement(table, "tbody")
    for step in steps(fractions):
        row = ET.SubElement(body, "tr")
        ET.SubElement(row, "th", {"scope": "row"}).text = step.question
        asked = bool(step.answer)
        cells = (
            f"{step.mass:.3f}, {step.mass_from}",
            step.answer if asked else "not asked",
            f"{100 * step.share:.1f} %" if asked else "unknown",
            f"{step.mass:.3f} × {step.share:.3f} = {step.fraction:.3f}" if asked else "all its scores are 0",
        )
        for heading, text in zip(HEADINGS[1:], cells, strict=True):
            ET.SubElement(row, "td", {"data-label": heading}).text = text
    return ET.tostring(table, encoding="unicode", short_empty_elements=False)


def lessons(fractions: np.ndarray) -> list[str]:
    """Say what the arithmetic teaches, with the galaxy's own numbers: one paragraph of Markdown each."""
    shares = shares_from_fractions(fractions)
    said = []
    gap = np.where(np.isnan(shares), -1.0, shares - fractions)
    name = COLUMNS[int(np.argmax(gap))]
    share, fraction = shares[INDEX[name]], fractions[INDEX[name]]
    mass = float(mass_of(QUESTION_OF[name].number, fractions))
    said.append(
        f"**Why they are not probabilities.** The score of {_answer(name)} is only {fraction:.3f}, and yet "
        f"{100 * share:.0f} % of those who were asked said so: {100 * mass:.1f} % of the votes reached the question. The 37 scores "
        f"add up to {fractions.sum():.2f}, not to 1, since every volunteer answers several questions."
    )
    leaving = [name for name in columns_of(1) if ANSWER_OF[name].leads_to is None]
    flows = 1.0 - sum(float(fractions[INDEX[name]]) for name in leaving)
    last = float(fractions[SLICES[ASKED_OF_EVERYONE]].sum())
    said.append(
        f"**The one exception.** {100 * (1 - flows):.1f} % of the votes leave at question 1 with "
        f"{' or '.join(_answer(name) for name in leaving)}. By the tree, {flows:.3f} of the votes would reach question "
        f"{ASKED_OF_EVERYONE}, from {len(columns_into(ASKED_OF_EVERYONE))} answers. In these scores its answers add up to "
        f"{last:.3f} all the same: the challenge scaled it as if everyone had been asked."
    )
    unasked = [str(q.number) for q in QUESTIONS if np.isnan(shares[SLICES[q.number]]).any()]
    if unasked:
        listed = " and ".join(filter(None, [", ".join(unasked[:-1]), unasked[-1]]))
        said.append(
            f"**Not asked is not zero.** No votes reached {'questions' if len(unasked) > 1 else 'question'} {listed}. Their scores "
            "are 0, but that says nothing about the galaxy: nobody was asked. A galaxy's page writes “not asked” there, never 0 %."
        )
    return said

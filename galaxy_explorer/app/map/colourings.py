"""What the map can be coloured by: answer shares, the OOD score, the RMSE."""

from dataclasses import dataclass, field

import numpy as np

from galaxy_explorer.app.query.filters.ood import ood_scores
from galaxy_explorer.app.query.filters.rmse import rmse_between
from galaxy_explorer.app.query.query import DEFAULT_MIN_ASKED, slug
from galaxy_explorer.app.services.answers import VOLUNTEERS
from galaxy_explorer.catalogue import Catalogue, Votes
from galaxy_explorer.decision_tree import ANSWER_OF, COLUMNS, MASS_COLUMN, QUESTION_OF, columns_of, label_of

OOD, RMSE = "ood", "rmse"
DEFAULT_COLOUR = slug("Class1.2")  # features or disk: the first question divides the map best
MAX_OOD, MAX_RMSE = 2.0, 0.3  # ends of the scales, beyond which few galaxies lie
MOST_TO_DERIVE = 3  # answers of a question: with more, the rounding of the others adds up


@dataclass(frozen=True, eq=False)
class Colouring:
    """One choice of colour.

    Parameters
    ----------
    name : str
        In a URL.
    label : str
        On the page.
    group : str
        Heading of the choices that belong together.
    high : float
        Upper end of the scale, which starts at 0.
    values : (N,) np.ndarray of float or None
        By row of the catalogue, NaN where unknown; None if the browser derives them from `rest_of`.
    rest_of : tuple of str
        Names of the other answers of a question, whose shares and this one sum to 1.
    question : int
        Number of the answer's question; 0 for other choices.
    leads_to : int or None
        The next question after this answer.
    grey : str
        What the legend says of grey galaxies that match.
    """

    name: str
    label: str
    group: str
    high: float = 1.0
    values: np.ndarray | None = field(default=None, repr=False)
    rest_of: tuple[str, ...] = ()
    question: int = 0
    leads_to: int | None = None
    grey: str = "unknown"


def answer_colourings(votes: Votes) -> list[Colouring]:
    """Return a choice for each of the 37 answers: its share where enough were asked."""
    found = []
    for column in COLUMNS:
        question = QUESTION_OF[column]
        *others, last = columns_of(question.number)
        is_rest = column == last and len(others) < MOST_TO_DERIVE
        found.append(
            Colouring(
                slug(column),
                label_of(column),
                f"{question.number} · {question.short}",
                values=None if is_rest else votes.values(column, min_mass=DEFAULT_MIN_ASKED / 100),
                rest_of=tuple(map(slug, others)) if is_rest else (),
                question=question.number,
                leads_to=ANSWER_OF[column].leads_to,
                grey=f"asked of fewer than {DEFAULT_MIN_ASKED} %" if MASS_COLUMN[question.number] else "",
            )
        )
    return found


def network_colourings(catalogue: Catalogue, network: str) -> list[Colouring]:
    """Return the OOD score and the RMSE of a network's predictions, if any is known."""
    choices = (
        Colouring(OOD, "out-of-distribution score", "Network", MAX_OOD, ood_scores(catalogue, network)),
        Colouring(RMSE, "RMSE vs volunteers", "Network", MAX_RMSE, rmse_between(catalogue, network, VOLUNTEERS)),
    )
    return [choice for choice in choices if choice.values is not None and np.isfinite(choice.values).any()]

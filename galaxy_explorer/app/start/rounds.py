"""The galaxies of the quiz: those of the bundled sample, then those of the open catalogue."""

import numpy as np

from galaxy_explorer.app import state
from galaxy_explorer.app.panel.shown_galaxy import ShownGalaxy, galaxy_of
from galaxy_explorer.app.services import sources
from galaxy_explorer.app.start.quiz import kind_of, next_question, path_of
from galaxy_explorer.catalogue import SAMPLE, CatalogueError, draw_named
from galaxy_explorer.decision_tree import INDEX, columns_of
from galaxy_explorer.images import ImageError

# Of the sample, those with votes: on the first ones the volunteers agree.
SAMPLE_ORDER = (
    "587737825678131439",  # spiral
    "587736542560715163",  # edge-on
    "100053",  # smooth
    "587726016142835881",  # merger
    "100023",  # barred spiral
    "100008",  # spiral for 42 % of the votes, smooth for 38 %
)
# Of other catalogues, galaxies with a large vote fraction of one of these answers, in turn.
CLEAR = {"Class4.1": 0.6, "Class1.1": 0.8, "Class2.1": 0.6, "Class6.1": 0.7, "Class3.1": 0.5, "Class7.3": 0.5}


def current_galaxy() -> ShownGalaxy | None:
    """Return the galaxy that is asked about, the next one after `advance`; None after the last."""
    quiz = state.start()
    while True:
        quiz.galaxy = quiz.galaxy or _next_galaxy(quiz.shown)
        if quiz.galaxy is None:
            return None
        try:
            return galaxy_of(*quiz.galaxy)
        except (CatalogueError, ImageError, OSError):  # a picture of the visitor's folder: another one will do
            advance()


def first_galaxy() -> ShownGalaxy:
    """Return the first galaxy of the sample."""
    return galaxy_of(SAMPLE, SAMPLE_ORDER[0])


def advance() -> None:
    """Turn to the next galaxy."""
    quiz = state.start()
    quiz.shown += [quiz.galaxy] if quiz.galaxy else []
    quiz.galaxy, quiz.answers = None, []


def start_again() -> None:
    """Start with the first galaxy again."""
    state.start().clear()


def give_answer(column: str, votes: np.ndarray) -> None:
    """Record an answer, and at the end whether the volunteers saw the same kind."""
    quiz = state.start()
    number = next_question(quiz.answers)
    if number is None or column not in columns_of(number):  # a second press, faster than the page
        return
    quiz.answers = [*quiz.answers, column]
    if next_question(quiz.answers) is None:
        quiz.agreed.append(kind_of(quiz.answers) == kind_of([answer for answer, _ in path_of(votes)]))


def take_back() -> None:
    """Remove the last answer."""
    quiz = state.start()
    quiz.answers = quiz.answers[:-1]


def _next_galaxy(shown: list[tuple[str, str]]) -> tuple[str, str] | None:
    """Return source and id of a galaxy that has not been shown."""
    for galaxy_id in SAMPLE_ORDER:
        if (SAMPLE, galaxy_id) not in shown:
            return SAMPLE, galaxy_id
    source = sources.current_source()
    if source == SAMPLE or draw_named(source):  # live galaxies would be requested without a press
        return None
    try:
        return _clear_galaxy(source, {galaxy_id for name, galaxy_id in shown if name == source})
    except (CatalogueError, OSError):
        return None


def _clear_galaxy(source: str, shown: set[str]) -> tuple[str, str] | None:
    """Return an unseen galaxy on whose kind the volunteers agree; None without one."""
    catalogue = sources.catalogue(source)
    if catalogue.simulated:  # the quiz is about real ones
        return None
    fractions = catalogue.volunteer_fractions
    unseen = ~catalogue.table.index.isin(list(shown))
    kinds = [*CLEAR] * 2
    for column in kinds[len(shown) % len(CLEAR) :]:
        with np.errstate(invalid="ignore"):
            rows = np.flatnonzero(unseen & (fractions[:, INDEX[column]] >= CLEAR[column]))
        if len(rows):
            row = np.random.default_rng(len(shown)).choice(rows)
            return source, catalogue.ids[row]
    return None

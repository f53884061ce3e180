"""Surveys of simulated galaxies: drawn from the priors, or balanced over the 37 answers."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from galaxy_explorer.decision_tree import COLUMNS, INDEX, QUESTION_OF, mass_of, shares_from_fractions
from galaxy_explorer.simulation.parameters import Parameters, from_url, to_url
from galaxy_explorer.simulation.priors import sample
from galaxy_explorer.simulation.volunteers import simulate_votes

CLEAR_SHARE, CLEAR_MASS = 0.6, 0.5  # a clear example: of those asked, and of all, as the app's examples of answers
TRIES = 300  # galaxies drawn for one clear example; the best one is taken then
SEEDS = 1_000_000  # between the galaxies of two surveys

# In a balanced survey, galaxies of these answers for one of any other: ready-made selections of the app are about them.
_WEIGHTS = {"Class3.1": 3, "Class8.1": 4, "Class8.6": 4, "Class8.7": 4, "Class7.1": 3, "Class2.1": 2}
_ANY_KIND = 3  # galaxies of the priors for one of any answer


@dataclass(frozen=True)
class SimulatedGalaxy:
    """A galaxy of a survey: its id, parameters, and the votes of 44 simulated volunteers."""

    galaxy_id: str
    parameters: Parameters
    votes: np.ndarray  # (37,) vote fractions


def draw_survey(
    count: int, seed: int = 0, kind: str | None = None, *, balanced: bool = False
) -> Iterator[SimulatedGalaxy]:
    """Draw the galaxies of a survey.

    Parameters
    ----------
    count : int
        Their number.
    seed : int, optional
        The same seed, the same galaxies; the first ones do not depend on the count unless balanced.
    kind : str, optional
        A column, such as "Class4.1": galaxies that most people would give this answer.
    balanced : bool, optional
        Whether all answers are as frequent as possible, each with clear examples, in a random order.

    Yields
    ------
    SimulatedGalaxy
        With ids ``simulated-0001`` and on, as long as the last one needs.
    """
    digits = max(3, len(str(count)))
    kinds = _balanced_kinds(count, seed) if balanced else itertools.repeat(kind, count)
    for number, wanted in enumerate(kinds):
        first = seed * SEEDS + number * (TRIES if balanced else 1)
        parameters, votes = _clear_example(first, wanted) if balanced and wanted else _drawn(first, wanted)
        yield SimulatedGalaxy(f"simulated-{number + 1:0{digits}}", parameters, votes)


def _balanced_kinds(count: int, seed: int) -> list[str | None]:
    """Return the kinds of a balanced survey, shuffled; None for a galaxy of the priors."""
    turns: list[str | None] = [column for column in COLUMNS for _ in range(_WEIGHTS.get(column, 1))] + [
        None
    ] * _ANY_KIND
    kinds = list(itertools.islice(itertools.cycle(turns), count))
    return [kinds[place] for place in np.random.default_rng(seed).permutation(count)]


def _drawn(seed: int, kind: str | None) -> tuple[Parameters, np.ndarray]:
    """Draw a galaxy and its votes."""
    # As a URL and a table hold them, so that both give the same picture.
    parameters = from_url(to_url(sample(seed, kind)))
    return parameters, simulate_votes(parameters, seed=seed)


def _clear_example(first: int, kind: str) -> tuple[Parameters, np.ndarray]:
    """Draw galaxies of a kind up to a clear example, or return the best of too many."""
    drawn = (_drawn(seed, kind) for seed in range(first, first + TRIES))
    return max(_until_clear(drawn, kind), key=lambda one: _clarity(one[1], kind))


def _until_clear(drawn: Iterator[tuple[Parameters, np.ndarray]], kind: str) -> Iterator[tuple[Parameters, np.ndarray]]:
    """Yield galaxies up to the first clear example of a kind."""
    for one in drawn:
        yield one
        if _clarity(one[1], kind) >= 1:
            return


def _clarity(votes: np.ndarray, kind: str) -> float:
    """Return how clear an example of a kind is; 1 or more for a clear one."""
    share = np.nan_to_num(shares_from_fractions(votes)[INDEX[kind]])
    return float(min(share / CLEAR_SHARE, mass_of(QUESTION_OF[kind].number, votes) / CLEAR_MASS))

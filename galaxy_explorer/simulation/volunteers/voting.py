"""Expected vote fractions of a simulated galaxy, and the votes of a few people."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from galaxy_explorer.decision_tree import (
    ANSWER_OF,
    COLUMNS,
    INDEX,
    SLICES,
    columns_of,
    fractions_from_shares,
    shares_of_question,
)
from galaxy_explorer.simulation.parameters import Parameters
from galaxy_explorer.simulation.volunteers.visibility import Values, quantities, rules, step, visible

PEOPLE = 44  # mean number of classifications of a galaxy in Galaxy Zoo 2 (Willett et al. 2013, section 2.2)
_ORDER = (1, 2, 9, 3, 4, 10, 11, 5, 7, 6, 8)  # a question comes after all that lead to it

# Features for which each answer of question 8 is given, in its order. Who sees a companion does not say "disturbed".
_ODD = (("ring",), ("arc",), ("disturbed",), ("clumps",), ("other",), ("companion",), ("dust_lane",))


def vote_fractions(parameters: Parameters) -> np.ndarray:
    """Return the expected vote fractions of a galaxy.

    Parameters
    ----------
    parameters : Parameters

    Returns
    -------
    (37,) np.ndarray of float64
        In the order of `decision_tree.COLUMNS`; they obey the tree.
    """
    return fractions_from_shares(shares_of([parameters]))[0]


def simulate_votes(parameters: Parameters, people: int = PEOPLE, seed: int = 0) -> np.ndarray:
    """Return the vote fractions of some people, each of whom walks the tree.

    Parameters
    ----------
    parameters : Parameters
    people : int, optional
        Their number, at least 1.
    seed : int, optional
        The same seed and galaxy give the same votes.

    Returns
    -------
    (37,) np.ndarray of float64
        Fractions of the people, weighted as in Galaxy Zoo's scores: 0 where a question was asked of no one.

    Raises
    ------
    ValueError
        If there are no people.
    """
    if people < 1:
        raise ValueError(f"{people} people cannot vote; expected at least 1")
    return fractions_from_counts(
        count_votes(shares_of([parameters])[0], people, np.random.default_rng([seed, parameters.seed]))
    )


def count_votes(shares: np.ndarray, people: int, random: np.random.Generator) -> np.ndarray:
    """Return how many people give each answer, (..., 37) int, as each walks the tree."""
    counts = np.zeros(shares.shape, dtype=int)
    asked = {number: np.zeros(shares.shape[:-1], dtype=int) for number in SLICES} | {
        1: np.full(shares.shape[:-1], people)
    }
    for number in _ORDER:
        where = SLICES[number]
        counts[..., where] = random.multinomial(asked[number], shares[..., where])
        for column in columns_of(number):
            if (following := ANSWER_OF[column].leads_to) is not None:
                asked[following] = asked[following] + counts[..., INDEX[column]]
    return counts


def fractions_from_counts(counts: np.ndarray) -> np.ndarray:
    """Return the vote fractions, (..., 37), of counted answers; a star is nothing odd."""
    shares = [shares_of_question(counts[..., where].astype(float)) for where in SLICES.values()]
    shares[5] = np.where(np.isnan(shares[5]), (0.0, 1.0), shares[5])  # question 6 has a score for every galaxy
    return fractions_from_shares(np.concatenate(shares, axis=-1))


def shares_of(galaxies: Sequence[Parameters], table: Mapping[str, Any] | None = None) -> np.ndarray:
    """Return the expected answer shares of galaxies.

    Parameters
    ----------
    galaxies : sequence of Parameters
    table : mapping, optional
        Rules as in ``visibility.toml``, which is the default.

    Returns
    -------
    (N, 37) np.ndarray of float64
        Those of a question sum to 1.
    """
    rows = [asdict(galaxy) for galaxy in galaxies]
    return answer_shares({name: np.array([row[name] for row in rows], dtype=float) for name in rows[0]}, table)


def answer_shares(parameters: Values, table: Mapping[str, Any] | None = None) -> np.ndarray:
    """Return the expected answer shares, (N, 37), of galaxies given as columns."""
    table = rules() if table is None else table
    found = quantities(parameters)
    seen, answers = visible(found, table), table["answers"]
    shares = np.empty((len(found["radius"]), len(COLUMNS)))

    def put(number: int, *columns: np.ndarray) -> None:
        stacked = np.stack(np.broadcast_arrays(*columns), axis=-1)
        shares[:, SLICES[number]] = stacked / stacked.sum(axis=-1, keepdims=True)

    artifact = _any_of(seen["star"], answers["1"]["trail_as_artifact"] * seen["trail"])
    features = _combined(answers["1"], seen)
    unclear = answers["1"]["star_or_artifact"] * (1 - features)  # who sees nothing takes it for a star at times
    put(1, (1 - features - unclear) * (1 - artifact), features * (1 - artifact), artifact + unclear * (1 - artifact))
    for number in (2, 3, 4):
        yes = _combined(answers[str(number)], seen)
        put(number, yes, 1 - yes)
    put(5, *_between(found["bulge_prominence"], **answers["5"]))
    odd = _combined(answers["6"], seen)
    put(6, odd, 1 - odd)
    put(7, *_between(found["axis_ratio"], **answers["7"])[::-1])
    seen["disturbed"] = _any_of(seen["lopsided"], seen["tails"]) * (1 - seen["companion"])
    seen["other"] = _any_of(seen["trail"], answers["8"]["companion_as_other"] * seen["companion"])
    kinds = (_any_of(0.0, *(seen[name] for name in names)) for names in _ODD)
    votes = zip(answers["8"]["none"], answers["8"]["seen"], kinds, strict=True)
    put(8, *(none + weight * kind**2 for none, weight, kind in votes))
    put(9, *_edge_on_bulge(found, answers["9"]))
    put(10, *_between(np.abs(found["pitch"]), **answers["10"]))
    put(11, *_arm_numbers(found, seen["distinct_arms"], answers["11"]))
    return shares


def _combined(weights: Mapping[str, float], seen: Values) -> np.ndarray:
    """Return the part of the people who say yes, for any of some features or for none of them."""
    return _any_of(weights["none"], *(weight * seen[name] for name, weight in weights.items() if name in seen))


def _any_of(*parts: np.ndarray | float) -> np.ndarray:
    """Return the part of the people who see any of some things that are seen independently."""
    none = np.ones(())
    for part in parts:
        none = none * (1 - part)
    return 1 - none


def _between(values: np.ndarray, cuts: Sequence[float], scatter: float) -> list[np.ndarray]:
    """Return the parts of the people for whom a value lies below, between and above some cuts."""
    above = [np.ones_like(values), *(step(values, cut, scatter) for cut in cuts), np.zeros_like(values)]
    return [above[i] - above[i + 1] for i in range(len(above) - 1)]


def _edge_on_bulge(found: Values, rule: Mapping[str, Any]) -> tuple[np.ndarray, ...]:
    """Return the parts of the people who see a round bulge, a boxy one, and none."""
    any_bulge = step(found["bulge_prominence"], rule["cut"], rule["scatter"])
    boxy = step(found["boxiness"], *rule["boxy"])
    return any_bulge * (1 - boxy), any_bulge * boxy, 1 - any_bulge


def _arm_numbers(found: Values, distinct: np.ndarray, rule: Mapping[str, float]) -> list[np.ndarray]:
    """Return the parts of the people who count 1, 2, 3, 4 and more arms, and who cannot tell.

    Who takes a galaxy without arms for a spiral counts two.
    """
    counted = np.where(found["arms"] >= 1, found["arms"], 2)
    scatter = rule["scatter"] + rule["indistinct"] * (1 - distinct)
    numbers = [np.exp(-(((counted - number) / scatter) ** 2) / 2) + 0.01 for number in range(1, 7)]
    numbers = [*numbers[:4], numbers[4] + numbers[5]]
    unsure = _any_of(rule["unsure"], rule["unsure_indistinct"] * (1 - distinct))
    return [*((1 - unsure) * number / sum(numbers) for number in numbers), unsure]

"""Vote fractions and answer shares, and the way from one to the other."""

import numpy as np

from galaxy_explorer.decision_tree.table import COLUMNS, INDEX, MASS_COLUMN, SLICES


def mass_of(question: int, fractions: np.ndarray) -> np.ndarray:
    """Give the mass of votes that reaches a question.

    Parameters
    ----------
    question : int
        The question's number, 1 to 11.
    fractions : (..., 37) np.ndarray
        Vote fractions in the order of `COLUMNS`; NaN where unknown.

    Returns
    -------
    (...) np.ndarray
        The mass in [0, 1], NaN where unknown. 1 for question 1, and for question 6 in these scores.
    """
    name = MASS_COLUMN[question]
    return np.ones(fractions.shape[:-1]) if name is None else np.asarray(fractions[..., INDEX[name]], dtype=float)


def shares_from_fractions(fractions: np.ndarray) -> np.ndarray:
    """Turn vote fractions into answer shares.

    Parameters
    ----------
    fractions : (..., 37) np.ndarray
        Vote fractions in the order of `COLUMNS`; NaN where unknown.

    Returns
    -------
    (..., 37) np.ndarray of float
        Shares in [0, 1]; those of a question sum to 1. NaN where a question was not asked (no votes
        reached it) and where its fractions are unknown: a share of nothing is undefined, not 0.
    """
    fractions = _checked(fractions)
    shares = np.empty(fractions.shape)
    for where in SLICES.values():
        shares[..., where] = shares_of_question(fractions[..., where])
    return shares


def shares_of_question(fractions: np.ndarray) -> np.ndarray:
    """Turn the vote fractions of one question into its answer shares.

    Parameters
    ----------
    fractions : (..., A) np.ndarray of float
        Vote fractions of the question's A answers; NaN where unknown.

    Returns
    -------
    (..., A) np.ndarray of the same type
        Shares as `shares_from_fractions` gives them, NaN where the question was not asked.
    """
    shares = np.full_like(fractions, np.nan)
    votes = fractions.sum(axis=-1, keepdims=True)
    np.divide(fractions, votes, out=shares, where=votes > 0)
    return shares


def fractions_from_shares(shares: np.ndarray) -> np.ndarray:
    """Turn answer shares into vote fractions, by walking the tree from question 1.

    Parameters
    ----------
    shares : (..., 37) np.ndarray
        Shares in the order of `COLUMNS`; NaN where a question was not asked or is unknown.

    Returns
    -------
    (..., 37) np.ndarray of float
        Vote fractions; each question's sum to its mass. 0 where no votes reach a question, NaN
        where votes reach it and its shares are NaN.
    """
    shares = _checked(shares)
    fractions = np.empty(shares.shape)
    for number in SLICES:  # a question comes after the one that gives it its mass
        mass = mass_of(number, fractions)[..., np.newaxis]
        fractions[..., SLICES[number]] = np.where(mass == 0, 0.0, shares[..., SLICES[number]] * mass)
    return fractions


def _checked(values: np.ndarray) -> np.ndarray:
    """Take an array whose last axis is the 37 columns, as float64."""
    values = np.asarray(values, dtype=float)
    if values.shape[-1:] != (len(COLUMNS),):
        raise ValueError(
            f"an array of shape {values.shape} was given, but the last axis must hold the "
            f"{len(COLUMNS)} columns {COLUMNS[0]} to {COLUMNS[-1]}"
        )
    return values

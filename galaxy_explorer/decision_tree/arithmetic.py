"""Conversion between vote fractions and answer shares, and the check of scores."""

import numpy as np

from galaxy_explorer.decision_tree.table import COLUMNS, INDEX, MASS_COLUMN, SLICES


def check_scores(
    scores: np.ndarray,
    name: str = "scores",
    *,
    leading: tuple[int, ...] | None = None,
    bounds: tuple[float, float] | None = None,
    tolerance: float = 0.0,
    allow_nan: bool = True,
) -> np.ndarray:
    """Check an array whose last axis holds the 37 scores, and return it.

    Parameters
    ----------
    scores : (..., 37) array_like
        Values in the order of `COLUMNS`.
    name : str
        What the message calls them.
    leading : tuple of int, optional
        The shape before the last axis: ``()`` for one galaxy, ``(N,)`` for N galaxies; any if None.
    bounds : (float, float), optional
        The smallest and the largest value allowed; infinity is not allowed within any bounds.
    tolerance : float
        How far a value may lie outside the bounds.
    allow_nan : bool
        Whether NaN, for unknown values, is allowed.

    Returns
    -------
    (..., 37) np.ndarray
        The scores, not copied if they are an array.

    Raises
    ------
    ValueError
        If the shape is wrong, or a value is out of bounds or NaN.
    """
    array = np.asarray(scores)
    expected = (*(array.shape[:-1] if leading is None else leading), len(COLUMNS))
    if array.shape != expected:
        hint = ": pass one row of a score table" if leading == () else ""
        raise ValueError(
            f"{name} has the shape {array.shape}; expected {expected}, whose last axis holds the {len(COLUMNS)} "
            f"columns {COLUMNS[0]} to {COLUMNS[-1]}{hint}"
        )
    if bounds is None and allow_nan:
        return array
    low, high = bounds or (-np.inf, np.inf)
    good = np.isfinite(array) & (array >= low - tolerance) & (array <= high + tolerance)
    if allow_nan:
        good |= np.isnan(array)
    if not good.all():
        *row, column = (int(index) for index in np.argwhere(~good)[0])
        position = f"{COLUMNS[column]}, row {', '.join(map(str, row))}," if row else COLUMNS[column]
        limits = f"{low:g} to {high:g}" if bounds else "a finite number"
        raise ValueError(
            f"{name}: the value of {position} is {array[(*row, column)]:g}; expected {limits}"
            f"{', or NaN where unknown' if allow_nan else ''}: pass fractions, not percentages or logits, "
            "and leave out galaxies without a prediction"
        )
    return array


def mass_of(question: int, fractions: np.ndarray) -> np.ndarray:
    """Return the mass of votes that reaches a question.

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
    """Convert vote fractions to answer shares.

    Parameters
    ----------
    fractions : (..., 37) np.ndarray
        Vote fractions in the order of `COLUMNS`; NaN where unknown.

    Returns
    -------
    (..., 37) np.ndarray of float
        Shares in [0, 1]; those of a question sum to 1. NaN where a question was not asked (no votes
        reached it) or its fractions are unknown: a share of 0 votes is undefined, not 0.
    """
    fractions = check_scores(np.asarray(fractions, dtype=float), "fractions")
    shares = np.empty(fractions.shape)
    for where in SLICES.values():
        shares[..., where] = shares_of_question(fractions[..., where])
    return shares


def shares_of_question(fractions: np.ndarray) -> np.ndarray:
    """Convert the vote fractions of one question to its answer shares.

    Parameters
    ----------
    fractions : (..., A) np.ndarray of float
        Vote fractions of the question's A answers; NaN where unknown.

    Returns
    -------
    (..., A) np.ndarray of the same type
        Shares as of `shares_from_fractions`, NaN where the question was not asked.
    """
    shares = np.full_like(fractions, np.nan)
    votes = fractions.sum(axis=-1, keepdims=True)
    np.divide(fractions, votes, out=shares, where=votes > 0)
    return shares


def fractions_from_shares(shares: np.ndarray) -> np.ndarray:
    """Convert answer shares to vote fractions, walking the tree from question 1.

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
    shares = check_scores(np.asarray(shares, dtype=float), "shares")
    fractions = np.empty(shares.shape)
    for number in SLICES:  # a question comes after the one that gives it its mass
        mass = mass_of(number, fractions)[..., np.newaxis]
        fractions[..., SLICES[number]] = np.where(mass == 0, 0.0, shares[..., SLICES[number]] * mass)
    return fractions

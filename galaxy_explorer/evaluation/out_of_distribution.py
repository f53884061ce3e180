"""How far a picture lies from those a network learnt from, in the network's own description of pictures.

The description is the network's embedding: the mean of each of its last maps, never negative. Its square roots
are spread about evenly, so a normal distribution fits them: along the first principal axes with the variances
found there, across them with one variance for all (Tipping & Bishop 1999, J. R. Stat. Soc. B 61, 611). The distance is
that distribution's Mahalanobis distance.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

QUANTILE = 0.99  # of the galaxies held out lie within the threshold: one galaxy in a hundred is called strange
MOST_AXES = 16
MOST_NUMBERS = 4000  # on the axes: cards are read often, and stay small
LEAST_HELD_OUT = 100  # below it there is no 99th percentile to speak of
LEAST_VARIANCE = 1e-6  # of the largest: numbers that are the same for every galaxy would make any other infinitely far
LEAST_PER_NUMBER = 2  # training galaxies for each number of the embedding, for its mean and axes to mean something


def fit_reference(training: np.ndarray, held_out: np.ndarray) -> dict[str, Any] | None:
    """Describe where the embeddings of galaxies lie.

    Parameters
    ----------
    training : (N, D) np.ndarray
        Embeddings of galaxies that were learnt from.
    held_out : (M, D) np.ndarray
        Embeddings of others, which set the threshold: what was learnt lies closer.

    Returns
    -------
    dict or None
        Plain types, for a card: ``galaxies``, ``held_out``, ``quantile``, ``threshold``, ``mean`` (D), ``axes``
        (K lists of D, unit vectors), ``variances`` (K) and ``rest``, the variance across the axes. None where the galaxies
        are too few, or their embeddings all alike.
    """
    count, size = training.shape
    if len(held_out) < LEAST_HELD_OUT or count < LEAST_PER_NUMBER * size:
        return None
    roots = _roots(training)
    mean = roots.mean(axis=0)
    variances, axes = np.linalg.eigh(np.cov(roots, rowvar=False, bias=True))  # in rising order
    kept = max(1, min(MOST_AXES, MOST_NUMBERS // size, size // 2))
    if not variances[-1] > 0:
        return None
    rest = float(max(variances[:-kept].mean(), LEAST_VARIANCE * variances[-1]))
    reference: dict[str, Any] = {
        "galaxies": count,
        "held_out": len(held_out),
        "quantile": QUANTILE,
        "threshold": 1.0,
        "mean": mean.round(5).tolist(),
        "axes": axes.T[::-1][:kept].round(5).tolist(),
        "variances": [float(f"{max(value, rest):.5g}") for value in variances[::-1][:kept]],
        "rest": float(f"{rest:.5g}"),
    }
    reference["threshold"] = float(f"{np.quantile(strangeness(held_out, reference), QUANTILE):.5g}")
    return reference


def strangeness(embeddings: np.ndarray, reference: Mapping[str, Any]) -> np.ndarray:
    """Measure how strange pictures are to a network.

    Parameters
    ----------
    embeddings : (N, D) np.ndarray
        The network's embeddings of the pictures.
    reference : mapping
        What `fit_reference` gave.

    Returns
    -------
    (N,) np.ndarray of float
        Mahalanobis distances in units of the threshold: above 1 a picture is called strange.
    """
    apart = _roots(embeddings) - np.asarray(reference["mean"])
    along = apart @ np.asarray(reference["axes"]).T  # (N, K)
    across = np.maximum((apart**2).sum(axis=1) - (along**2).sum(axis=1), 0.0)
    squared = (along**2 / np.asarray(reference["variances"])).sum(axis=1) + across / reference["rest"]
    return np.sqrt(squared) / reference["threshold"]


def _roots(embeddings: np.ndarray) -> np.ndarray:
    """Take square roots of embeddings, which rounding may have left a little below 0."""
    return np.sqrt(np.maximum(np.asarray(embeddings, dtype=float), 0.0))

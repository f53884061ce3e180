"""Out-of-distribution score: Mahalanobis distance of an embedding from the training set.

The distribution is fitted to the square roots of the embedding, which are about normal: probabilistic PCA, that is
the first principal components with their variances and one residual variance for all other directions [1]_.

References
----------
.. [1] Tipping and Bishop 1999, "Probabilistic principal component analysis", J. R. Stat. Soc. B 61, 611.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

QUANTILE = 0.99  # of the hold-out lies within the threshold: 1 % of galaxies are out of distribution
MAX_COMPONENTS = 16
MAX_NUMBERS = 4000  # in all components: cards are read often, and stay small
MIN_HOLD_OUT = 100  # galaxies, for a 99th percentile
MIN_VARIANCE = 1e-6  # of the largest: a feature that is constant in training would make any other value infinitely far
MIN_PER_FEATURE = 2  # training galaxies for each feature of the embedding


@dataclass(frozen=True)
class OODReference:
    """Distribution of the training embeddings and the OOD threshold, as plain types."""

    training_galaxies: int
    hold_out_galaxies: int
    quantile: float
    threshold: float  # Mahalanobis distance
    mean: Sequence[float]  # (D,)
    components: Sequence[Sequence[float]]  # (K, D), unit vectors
    variances: Sequence[float]  # (K,)
    residual_variance: float


def fit_reference(training: np.ndarray, hold_out: np.ndarray) -> OODReference | None:
    """Fit the reference of the out-of-distribution score.

    Parameters
    ----------
    training : (N, D) np.ndarray
        Embeddings of training galaxies.
    hold_out : (M, D) np.ndarray
        Embeddings of the hold-out, for the threshold: training galaxies lie closer.

    Returns
    -------
    OODReference or None
        None if the galaxies are too few, or their embeddings all equal.
    """
    count, size = training.shape
    if len(hold_out) < MIN_HOLD_OUT or count < MIN_PER_FEATURE * size:
        return None
    roots = _roots(training)
    variances, axes = np.linalg.eigh(np.cov(roots, rowvar=False, bias=True))  # ascending
    kept = max(1, min(MAX_COMPONENTS, MAX_NUMBERS // size, size // 2))
    if not variances[-1] > 0:
        return None
    residual = float(max(variances[:-kept].mean(), MIN_VARIANCE * variances[-1]))
    reference = OODReference(
        training_galaxies=count,
        hold_out_galaxies=len(hold_out),
        quantile=QUANTILE,
        threshold=1.0,
        mean=roots.mean(axis=0).round(5).tolist(),
        components=axes.T[::-1][:kept].round(5).tolist(),
        variances=[float(f"{max(value, residual):.5g}") for value in variances[::-1][:kept]],
        residual_variance=float(f"{residual:.5g}"),
    )
    threshold = float(f"{np.quantile(ood_score(hold_out, reference), QUANTILE):.5g}")
    return replace(reference, threshold=threshold)


def ood_score(embeddings: np.ndarray, reference: OODReference) -> np.ndarray:
    """Compute the out-of-distribution score: Mahalanobis distance / threshold.

    A score above 1 is out of distribution.

    Parameters
    ----------
    embeddings : (N, D) np.ndarray
        Embeddings of the images.
    reference : OODReference
        Of the same network.

    Returns
    -------
    (N,) np.ndarray of float
    """
    offsets = _roots(embeddings) - np.asarray(reference.mean)
    along = offsets @ np.asarray(reference.components).T  # (N, K)
    across = np.maximum((offsets**2).sum(axis=1) - (along**2).sum(axis=1), 0.0)
    squared = (along**2 / np.asarray(reference.variances)).sum(axis=1) + across / reference.residual_variance
    return np.sqrt(squared) / reference.threshold


def _roots(embeddings: np.ndarray) -> np.ndarray:
    """Return the square roots of embeddings, which rounding may have left slightly negative."""
    return np.sqrt(np.maximum(np.asarray(embeddings, dtype=float), 0.0))

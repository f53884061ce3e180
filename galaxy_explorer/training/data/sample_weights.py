"""Weights that undo how the galaxies with all scores were selected."""

import numpy as np

FEWEST = 200  # partly scored galaxies below which they say too little of how the others were selected
LARGEST = 4.0  # of a weight; the smallest is its inverse


def selection_weights(volunteer_fractions: np.ndarray) -> np.ndarray:
    """Weigh the galaxies with all scores so that they stand for those with some, which are a fair sample.

    In the challenge's data as we have it, clear smooth galaxies are over-represented among the galaxies with all
    scores. A weight is the ratio of the two samples' densities at a galaxy's scores, as a logistic regression on
    the scores known of both finds it.

    Parameters
    ----------
    volunteer_fractions : (N, 37) np.ndarray
        NaN where unknown.

    Returns
    -------
    (N,) np.ndarray of float32
        Between ``1 / LARGEST`` and ``LARGEST`` before they are scaled to a mean of 1 over the galaxies with all
        scores. All the others weigh 1, and so do all where fewer than `FEWEST` are partly scored.

    References
    ----------
    Bickel, Brückner and Scheffer 2007, "Discriminative learning for differing training and test distributions".
    """
    known = np.isfinite(volunteer_fractions)
    complete, partial = known.all(axis=1), known.any(axis=1) & ~known.all(axis=1)
    weights = np.ones(len(volunteer_fractions), np.float32)
    shared = known[partial].all(axis=0)
    if partial.sum() < FEWEST or complete.sum() < FEWEST or not shared.any():
        return weights
    from sklearn.linear_model import LogisticRegression

    scores = volunteer_fractions[:, shared].astype(np.float64)
    features = np.hstack([scores, scores**2])
    both = complete | partial
    fitted = LogisticRegression(C=1.0, max_iter=1000).fit(features[both], partial[both])
    odds = np.exp(fitted.decision_function(features[complete])) * complete.sum() / partial.sum()
    odds = odds.clip(1.0 / LARGEST, LARGEST)
    weights[complete] = odds / odds.mean()
    return weights

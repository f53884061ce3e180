"""Importance weights that correct the selection bias of the fully scored sample."""

import numpy as np

MIN_GALAXIES = 200  # of either sample; fewer say too little of the selection
MAX_WEIGHT = 4.0  # the smallest weight is its inverse


def importance_weights(volunteer_fractions: np.ndarray) -> np.ndarray:
    """Return the importance weights of the fully scored sample.

    In the challenge's data as bundled, clear smooth galaxies are over-represented among the fully scored; the partly
    scored are a fair sample. A weight is the ratio of the two densities at a galaxy's scores, from a logistic
    regression on the scores that both samples have.

    Parameters
    ----------
    volunteer_fractions : (N, 37) np.ndarray
        NaN where unknown.

    Returns
    -------
    (N,) np.ndarray of float32
        Clipped to ``1 / MAX_WEIGHT`` to ``MAX_WEIGHT``, then scaled to a mean of 1 over the fully scored galaxies.
        1 for all others, and for all if a sample has fewer than `MIN_GALAXIES`.

    References
    ----------
    Bickel, Brückner and Scheffer 2007, "Discriminative learning for differing training and test distributions".
    """
    known = np.isfinite(volunteer_fractions)
    complete, partial = known.all(axis=1), known.any(axis=1) & ~known.all(axis=1)
    weights = np.ones(len(volunteer_fractions), np.float32)
    shared = known[partial].all(axis=0)
    if partial.sum() < MIN_GALAXIES or complete.sum() < MIN_GALAXIES or not shared.any():
        return weights
    from sklearn.linear_model import LogisticRegression

    scores = volunteer_fractions[:, shared].astype(np.float64)
    features = np.hstack([scores, scores**2])
    both = complete | partial
    fitted = LogisticRegression(C=1.0, max_iter=1000).fit(features[both], partial[both])
    odds = np.exp(fitted.decision_function(features[complete])) * complete.sum() / partial.sum()
    odds = odds.clip(1.0 / MAX_WEIGHT, MAX_WEIGHT)
    weights[complete] = odds / odds.mean()
    return weights

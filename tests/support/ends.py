"""Ends of intervals for tests."""

import numpy as np

from galaxy_explorer.decision_tree import shares_from_fractions


def around(fractions, half_width):
    """Ends of intervals at a distance from vote fractions, (N, 2, 37), in [0, 1]."""
    ends = np.stack([fractions - half_width, fractions + half_width], axis=1)
    return ends.clip(0, 1).astype(np.float32)


def share_ends(fractions):
    """Ends of intervals of one galaxy's answer shares, (2, 37), not symmetric about the shares."""
    shares = shares_from_fractions(fractions)
    return np.stack([0.5 * shares, 0.8 * shares + 0.2])

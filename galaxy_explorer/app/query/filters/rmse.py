"""Filter of Browse by the RMSE between a network and the volunteers."""

from dataclasses import dataclass

import numpy as np

from galaxy_explorer.app.query.filters.filter import Caption, ScoreRange
from galaxy_explorer.app.services.answers import VOLUNTEERS, answers_of
from galaxy_explorer.app.services.result_cache import catalogue_result
from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.prediction import cached


@dataclass(frozen=True)
class RmseRange(ScoreRange):
    """Bounds on the RMSE between a network and the volunteers."""

    param = "rmse"
    expected = "bounds of the RMSE between a network and the volunteers, such as `0.1-`"
    needs_network = True
    slider_end = 0.3

    def scores(self, catalogue: Catalogue, network: str) -> np.ndarray:
        """Return the RMSE of a network, (N,) float, NaN where unknown."""
        return rmse_between(catalogue, network, VOLUNTEERS)

    def in_words(self) -> str:
        """Describe the range: ``RMSE to the volunteers > 0.1``."""
        return f"RMSE to the volunteers{':' if self == RmseRange() else ''} {self.bounds_in_words()}"

    def caption(self, catalogue: Catalogue, network: str) -> Caption:
        """Return a function that writes the RMSE of a galaxy, or what is missing."""
        return rmse_caption(catalogue, network, VOLUNTEERS)


def rmse_between(catalogue: Catalogue, one: str, other: str) -> np.ndarray:
    """Compute the RMSE between two sides, galaxy by galaxy.

    Parameters
    ----------
    catalogue : Catalogue
    one, other : str
        Names of answers: of the volunteers or of a network.

    Returns
    -------
    (N,) np.ndarray of float
        NaN where a side is unknown. Read-only by convention: it is cached.
    """
    sides = [answers_of(catalogue, name) for name in (one, other)]
    columns = [side.votes.fractions for side in sides]
    key = ("rmse", *(side.key for side in sides))
    return catalogue_result(catalogue, key, lambda: cached.rms_difference(*columns))


def rmse_caption(catalogue: Catalogue, one: str, other: str) -> Caption:
    """Return a function that writes the RMSE of a galaxy, or which side is missing."""
    rmse = rmse_between(catalogue, one, other)
    unvoted = ~catalogue.votes.known if VOLUNTEERS in (one, other) else np.zeros(len(rmse), dtype=bool)

    def write(row: int) -> str:
        if np.isfinite(rmse[row]):
            return f"RMSE {rmse[row]:.2f}"
        return "no votes known" if unvoted[row] else "not predicted"

    return write

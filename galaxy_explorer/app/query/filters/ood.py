"""Filter of Browse by the out-of-distribution (OOD) scores of stored predictions."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from galaxy_explorer.app.query.filters.filter import Caption, ScoreRange
from galaxy_explorer.app.services.result_cache import latest_result
from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.prediction import cached
from galaxy_explorer.prediction.tables import OOD_SCORE


@dataclass(frozen=True)
class OodRange(ScoreRange):
    """Bounds on the OOD score: above 1 a picture is out of distribution."""

    param = "ood"
    expected = "bounds of the out-of-distribution score, such as `1-`"
    needs_network = True
    slider_end = 3.0

    @property
    def column(self) -> str:
        """Column name of the scores in a table."""
        return OOD_SCORE

    def scores(self, catalogue: Catalogue, network: str) -> np.ndarray:
        """Return the OOD scores by a network, (N,) float32, NaN where unknown."""
        return ood_scores(catalogue, network)

    def in_words(self) -> str:
        """Describe the range: ``differs from the training pictures``."""
        if self == OUT_OF_DISTRIBUTION:
            return "differs from the training pictures"
        if self == IN_DISTRIBUTION:
            return "similar to the training pictures"
        return f"OOD score{':' if self == OodRange() else ''} {self.bounds_in_words()}"

    def caption(self, catalogue: Catalogue, network: str) -> Caption:
        """Return a function that writes a score, never 1.00 for one near 1."""
        return ood_caption(self.scores(catalogue, network))


OUT_OF_DISTRIBUTION, IN_DISTRIBUTION = OodRange(1.0), OodRange(0.0, 1.0)


def ood_caption(scores: np.ndarray) -> Caption:
    """Return a function that writes a score, never 1.00 for one near 1."""

    def write(row: int) -> str:
        if np.isnan(scores[row]):
            return "OOD score unknown"
        rounded = f"{scores[row]:.2f}"
        return f"OOD score {rounded if rounded != '1.00' or scores[row] == 1 else f'{scores[row]:.4f}'}"

    return write


def ood_scores(catalogue: Catalogue, network: str) -> np.ndarray:
    """Read the scores by a network from its predictions, (N,) float32, NaN without one."""
    tables = partial(cached.tables_by, catalogue, network)
    scores: np.ndarray = latest_result(catalogue, ("ood", network), tables, partial(_read, catalogue))
    return scores


def _read(catalogue: Catalogue, tables: cached.Tables) -> np.ndarray:
    try:
        return cached.open_columns(catalogue.table.index, tables, [OOD_SCORE])(OOD_SCORE)
    except (OSError, ValueError):  # a damaged table; the next prediction replaces it
        return np.full(len(catalogue), np.nan, dtype=np.float32)

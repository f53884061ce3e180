"""Filter of Browse by the out-of-distribution (OOD) scores of stored predictions."""

import math
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from galaxy_explorer.app.services.result_cache import catalogue_result
from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.prediction import cached
from galaxy_explorer.prediction.tables import OOD_SCORE

MAX_SHOWN = 3.0  # end of the slider, which stands for no upper bound


@dataclass(frozen=True)
class OodRange:
    """Bounds on the OOD score, the upper one included: above 1 a picture is out of distribution."""

    low: float = 0.0
    high: float = math.inf

    def __post_init__(self) -> None:
        if not 0 <= self.low < self.high:
            raise ValueError(f"a range from {self.low:g} to {self.high:g} was given; it must rise from 0")

    def mask(self, scores: np.ndarray) -> np.ndarray:
        """Return a mask of the scores within the bounds; False for NaN."""
        above = scores > self.low if self.low else scores >= 0
        return above & (scores <= self.high)

    def in_words(self) -> str:
        """Describe the range: ``out of distribution``."""
        if self == OUT_OF_DISTRIBUTION:
            return "out of distribution"
        if self == IN_DISTRIBUTION:
            return "not out of distribution"
        if math.isinf(self.high):
            return f"OOD score > {self.low:.4g}" if self.low else "OOD score: known"
        return f"OOD score between {self.low:.4g} and {self.high:.4g}" if self.low else f"OOD score ≤ {self.high:.4g}"

    def to_url(self) -> str:
        """Format the range for a URL: ``0.5-1.2``; ``1-`` for scores above 1."""
        return f"{self.low:.4g}-{'' if math.isinf(self.high) else f'{self.high:.4g}'}"


OUT_OF_DISTRIBUTION, IN_DISTRIBUTION = OodRange(1.0), OodRange(0.0, 1.0)


def ood_range_from_url(text: str) -> OodRange:
    """Parse a range of a URL; raise ValueError if it is malformed."""
    low, dash, high = text.partition("-")
    if not dash:
        raise ValueError(text)
    return OodRange(float(low), float(high) if high else math.inf)


@dataclass(frozen=True)
class OodScores:
    """OOD scores of a catalogue's galaxies by one network."""

    network: str  # empty if there are none
    scores: np.ndarray = field(repr=False)  # (N,) float32, NaN without a score
    networks: tuple[str, ...] = ()  # all with scores
    predicted: bool = False  # whether any network has predictions, with scores or without

    @property
    def missing(self) -> int:
        """Number of galaxies without a score."""
        return int(np.isnan(self.scores).sum())


def ood_scores(catalogue: Catalogue, network: str = "") -> OodScores:
    """Read the scores by a network, or by the first that has any, from the stored predictions."""
    found, tables = {}, cached.tables_of(catalogue)
    for table in tables:
        scores = catalogue_result(catalogue, ("ood", table), partial(_read, catalogue, table))
        if np.isfinite(scores).any():
            found[table.network] = scores
    name = network if network in found else next(iter(found), "")
    unknown = np.full(len(catalogue), np.nan, dtype=np.float32)
    return OodScores(name, found.get(name, unknown), tuple(found), bool(tables))


def _read(catalogue: Catalogue, table: cached.Tables) -> np.ndarray:
    """Read the scores of a network, (N,) float32, NaN without one."""
    try:
        return cached.open_columns(catalogue.table.index, table, [OOD_SCORE])(OOD_SCORE)
    except (OSError, ValueError):  # a damaged table; Compare replaces it
        return np.full(len(catalogue), np.nan, dtype=np.float32)

"""Filter of Browse by the score of a class of the visitor's own."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import quote, unquote

import numpy as np

from galaxy_explorer.app.query.filters.filter import Caption, Filter
from galaxy_explorer.app.services.collections.collection import clean_name
from galaxy_explorer.app.services.collections.ranking import ranking_named
from galaxy_explorer.catalogue import Catalogue


@dataclass(frozen=True)
class ClassRange(Filter):
    """Bounds on the score of a class: a collection of the visitor, or an opened file."""

    name: str
    low: float = 0.0
    high: float = 1.0

    param = "class"
    expected = "the name of one of your classes and bounds of its score, such as `rings~0.5-1`"
    needs_network = True

    def __post_init__(self) -> None:
        if not self.name or not 0 <= self.low < self.high <= 1:
            raise ValueError(f"the class {self.name!r} and scores from {self.low:g} to {self.high:g} were given")

    @property
    def column(self) -> str:
        """Column name of the scores in a table."""
        return self.name

    @property
    def needs_collections(self) -> bool:
        """Whether it may be learned from a collection: always."""
        return True

    def scores(self, catalogue: Catalogue, network: str) -> np.ndarray:
        """Return the scores of a catalogue, (N,) float32, NaN where unknown."""
        found = ranking_named(catalogue, self.name, network)
        return np.full(len(catalogue), np.nan, dtype=np.float32) if found is None else found.scores

    def mask(self, catalogue: Catalogue, network: str) -> np.ndarray:
        """Return a mask of the scores within the bounds; False for NaN."""
        scores = self.scores(catalogue, network)
        return (scores >= self.low) & (scores <= self.high)

    def caption(self, catalogue: Catalogue, network: str) -> Caption:
        """Return a function that writes the score of a galaxy."""
        scores = self.scores(catalogue, network)
        return lambda row: f"{self.name} {scores[row]:.2f}" if np.isfinite(scores[row]) else "not predicted"

    def in_words(self) -> str:
        """Describe the condition: ``like rings: score ≥ 0.5``."""
        if (self.low, self.high) == (0.0, 1.0):
            return f"like {self.name}: score known"
        if self.high == 1.0:
            return f"like {self.name}: score ≥ {self.low:.4g}"
        return f"like {self.name}: score between {self.low:.4g} and {self.high:.4g}"

    def to_url(self) -> str:
        """Format the class and its bounds: ``rings~0.5-1``."""
        return f"{quote(self.name, safe=' ')}~{self.low:.4g}-{self.high:.4g}"

    @classmethod
    def from_url(cls, text: str) -> Self:
        """Parse a class of a URL, with or without bounds; raise ValueError if it is malformed."""
        name, _, bounds = text.partition("~")
        low, _, high = (bounds or "0-1").partition("-")
        return cls(clean_name(unquote(name)), float(low), float(high or 1))

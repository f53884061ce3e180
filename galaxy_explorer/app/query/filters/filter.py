"""A condition of Browse that is not a range of an answer, and ranges of a score."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from galaxy_explorer.catalogue import Catalogue

Caption = Callable[[int], str]  # of a row


class Filter(ABC):
    """A condition; its subclasses are frozen dataclasses, listed in `registry.FILTERS`."""

    param: ClassVar[str]  # its URL parameter
    expected: ClassVar[str]  # what a value of the parameter should be, for a message
    needs_network: ClassVar[bool] = False  # whether it goes by predictions of a network

    @property
    def key(self) -> Hashable:
        """Key of the filter within a query: another filter with this key replaces it."""
        return self.param

    @property
    def needs_collections(self) -> bool:
        """Whether it goes by collections that the visitor's browser keeps."""
        return False

    @abstractmethod
    def in_words(self) -> str:
        """Describe the condition for its chip."""

    @abstractmethod
    def to_url(self) -> str:
        """Format the condition as a value of its URL parameter."""

    @classmethod
    @abstractmethod
    def from_url(cls, text: str) -> Self:
        """Parse a value of the URL parameter; raise ValueError if it is malformed."""

    @abstractmethod
    def mask(self, catalogue: Catalogue, network: str) -> np.ndarray:
        """Return a mask, (N,) bool, of the galaxies that match, by a network if it needs one."""

    def scores(self, catalogue: Catalogue, network: str) -> np.ndarray | None:
        """Return the values that it bounds, (N,) float, NaN where unknown; None if there are none."""
        return None

    @property
    def column(self) -> str:
        """Column name of these values in a table."""
        return self.param

    def caption(self, catalogue: Catalogue, network: str) -> Caption | None:
        """Return a function that writes a galaxy's value on its tile, if it has one."""
        return None


@dataclass(frozen=True)
class ScoreRange(Filter):
    """Bounds on a score from 0 up, the upper one included."""

    slider_end: ClassVar[float]  # the end of its slider, which stands for no upper bound

    low: float = 0.0
    high: float = math.inf

    def __post_init__(self) -> None:
        if not 0 <= self.low < self.high:
            raise ValueError(f"a range from {self.low:g} to {self.high:g} was given; it must rise from 0")

    @abstractmethod
    def scores(self, catalogue: Catalogue, network: str) -> np.ndarray:
        """Return the scores of a catalogue, (N,) float32, NaN where unknown."""

    def mask(self, catalogue: Catalogue, network: str) -> np.ndarray:
        """Return a mask of the scores within the bounds; False for NaN."""
        return self.within(self.scores(catalogue, network))

    def within(self, scores: np.ndarray) -> np.ndarray:
        """Return a mask of the scores within the bounds; False for NaN."""
        above = scores > self.low if self.low else scores >= 0
        return above & (scores <= self.high)

    def bounds_in_words(self) -> str:
        """Describe the bounds: ``> 1.2``."""
        if math.isinf(self.high):
            return f"> {self.low:.4g}" if self.low else "known"
        return f"between {self.low:.4g} and {self.high:.4g}" if self.low else f"≤ {self.high:.4g}"

    def to_url(self) -> str:
        """Format the range: ``0.5-1.2``; ``1-`` for scores above 1."""
        return f"{self.low:.4g}-{'' if math.isinf(self.high) else f'{self.high:.4g}'}"

    @classmethod
    def from_url(cls, text: str) -> Self:
        """Parse a range; raise ValueError if it is malformed."""
        low, dash, high = text.partition("-")
        if not dash:
            raise ValueError(text)
        return cls(float(low), float(high) if high else math.inf)

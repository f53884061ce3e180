"""Filter of Browse by a collection: the visitor's own, or one whose ids the URL holds."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from galaxy_explorer.app.query.filters.filter import Filter
from galaxy_explorer.app.services.collections import session
from galaxy_explorer.app.services.collections.exchange import Shared, shared_from_url
from galaxy_explorer.catalogue import Catalogue


@dataclass(frozen=True)
class InCollection(Filter):
    """Galaxies of a collection; without ids in the URL it is the visitor's own of this name."""

    shared: Shared

    param = "collection"
    expected = "the name of one of your collections, or a name and ids, such as `rings:100008,100023`"

    @property
    def needs_collections(self) -> bool:
        """Whether the URL has no ids."""
        return not self.shared.ids

    def mask(self, catalogue: Catalogue, network: str) -> np.ndarray:
        """Return a mask, (N,) bool, of its galaxies."""
        ids = self.shared.ids or session.watch().get(self.shared.name).ids(catalogue.source)
        index = catalogue.table.index
        rows = index.get_indexer(pd.Index(ids, dtype=index.dtype))
        found = np.zeros(len(catalogue), dtype=bool)
        found[rows[rows >= 0]] = True
        return found

    def in_words(self) -> str:
        """Describe the condition for its chip."""
        return f"in {self.shared.name}"

    def to_url(self) -> str:
        """Format the collection: ``rings``, or ``rings:100008,100023``."""
        return self.shared.to_url()

    @classmethod
    def from_url(cls, text: str) -> Self:
        """Parse a collection of a URL; raise ValueError if it is malformed."""
        return cls(shared_from_url(text))

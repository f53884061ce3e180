"""The galaxies that Browse or Map shows, in their order."""

from dataclasses import dataclass, field

import numpy as np

from galaxy_explorer.catalogue import Catalogue


@dataclass(frozen=True)
class Selection:
    """Galaxies of a Browse query in their order, as row numbers: 4 bytes each."""

    source: str
    rows: np.ndarray = field(repr=False)  # (n,) int
    of: int  # number of galaxies in the catalogue when they were selected

    def neighbours(self, catalogue: Catalogue, galaxy_id: str) -> tuple[str | None, str | None, int] | None:
        """Return the previous and next galaxy, and the rank from 1; None if it is not selected."""
        ids = catalogue.table.index
        if len(ids) != self.of or not len(found := np.flatnonzero(self.rows == ids.get_loc(galaxy_id))):
            return None
        index = int(found[0])
        before = ids[self.rows[index - 1]] if index else None
        after = ids[self.rows[index + 1]] if index + 1 < len(self.rows) else None
        return before, after, index + 1

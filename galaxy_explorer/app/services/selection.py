"""What a visitor asks Browse for: as a value, as a short address, and in plain words."""

from dataclasses import dataclass, field

import numpy as np

from galaxy_explorer.catalogue import Catalogue


@dataclass(frozen=True)
class Selection:
    """The galaxies of a view in their order, as the rows of a catalogue: 4 bytes each."""

    source: str
    rows: np.ndarray = field(repr=False)  # (n,) int
    of: int  # galaxies in the catalogue, when the rows were picked

    def neighbours(self, catalogue: Catalogue, galaxy_id: str) -> tuple[str | None, str | None, int] | None:
        """Find the galaxies before and after one, and its place from 1 on; None where it is not in the selection."""
        ids = catalogue.table.index
        if len(ids) != self.of:
            return None
        places = np.flatnonzero(self.rows == ids.get_loc(galaxy_id))
        if not len(places):
            return None
        place = int(places[0])
        before = ids[self.rows[place - 1]] if place else None
        after = ids[self.rows[place + 1]] if place + 1 < len(self.rows) else None
        return before, after, place + 1

"""Open mosaic files, a few in each thread."""

import threading
from collections import OrderedDict
from contextlib import ExitStack
from pathlib import Path

from galaxy_explorer.images.formats.fits_files import Plane, Unit, opened, units_of
from galaxy_explorer.survey.mosaics import Tile

MOST_OPEN = 8  # in a thread: two tiles of each of three bands, and some more


class OpenFiles(threading.local):
    """Files of mosaics that stay open, the most recently used ones of each thread."""

    def __init__(self) -> None:
        self._open: OrderedDict[Path, tuple[ExitStack, dict[int, Unit]]] = OrderedDict()

    def plane(self, tile: Tile) -> Plane:
        """Return the pixels of a tile, to be read by `read_section` in this thread."""
        if tile.path in self._open:
            self._open.move_to_end(tile.path)
        else:
            if len(self._open) >= MOST_OPEN:
                self._open.popitem(last=False)[1][0].close()
            stack = ExitStack()
            file = stack.enter_context(tile.path.open("rb"))
            units = units_of(stack.enter_context(opened(file)))[0]
            self._open[tile.path] = stack, {unit.number: unit for unit in units}
        return Plane(self._open[tile.path][1][tile.number])

    def __del__(self) -> None:
        while self._open:
            self._open.popitem()[1][0].close()

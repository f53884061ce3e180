"""Open mosaic files, a few in each thread, and the parts that are read of them."""

import threading
from collections import OrderedDict
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import numpy as np

from galaxy_explorer.images import ImageError
from galaxy_explorer.images.formats.fits_files import Plane, Unit, opened, units_of
from galaxy_explorer.images.formats.fits_pixels import averaged, read_section
from galaxy_explorer.storage import ResultCache
from galaxy_explorer.survey.mosaics import Tile

MOST_OPEN = 8  # in a thread: two tiles of each of three bands, and some more
# A tile of a compressed image is unpacked as a whole. Where tiles are rows of a wide mosaic, as fpack makes them, a
# cutout needs 100 times as many pixels as it shows, so that blocks of rows are cached for the galaxies next to it.
WIDE = 1000  # pixels of such a row
BLOCK_ROWS = 64
MOST_BLOCKS = 16  # of one section; a larger one is read in strips
CACHE_BYTES = 256 * 2**20  # of blocks, in all threads together: 18 of each of three bands of 20,000 pixels


def new_cache() -> ResultCache:
    """Return an empty cache of blocks of rows, for all threads."""
    return ResultCache(CACHE_BYTES, lambda block: block.nbytes)


class OpenFiles(threading.local):
    """Files of mosaics that stay open, the most recently used ones of each thread.

    Parameters
    ----------
    cache : ResultCache
        What `new_cache` returns; the threads share it.
    """

    def __init__(self, cache: ResultCache) -> None:
        self._open: OrderedDict[Path, tuple[ExitStack, dict[int, Unit]]] = OrderedDict()
        self._cache = cache

    def section(self, tile: Tile, rows: slice, columns: slice, averaging: int) -> np.ndarray:
        """Read a part of a tile as `read_section` does; ImageError if the file is damaged."""
        try:
            return self._section(self.plane(tile), tile, rows, columns, averaging)
        except (ImageError, OSError):
            raise
        except Exception as error:  # astropy raises anything on damaged files
            raise ImageError(
                f"{tile.path.name} cannot be read ({error}); it is damaged or cut short: fetch or save it again"
            ) from error

    def _section(self, plane: Plane, tile: Tile, rows: slice, columns: slice, averaging: int) -> np.ndarray:
        """Read a part of a tile, through the cache if its rows are compressed."""
        first, end = rows.start // BLOCK_ROWS, -(-rows.stop // BLOCK_ROWS)
        if not _has_wide_tiles(plane) or end - first > MOST_BLOCKS:
            return read_section(plane, rows, columns, averaging)
        blocks = []
        for number in range(first, end):
            part = slice(number * BLOCK_ROWS, min((number + 1) * BLOCK_ROWS, plane.shape[0]))
            read = partial(read_section, plane, part, slice(0, plane.shape[1]))
            block = self._cache.get((tile.path, tile.number, number), read)
            blocks.append(block[max(0, rows.start - part.start) : rows.stop - part.start, columns])
        return averaged(np.concatenate(blocks), averaging)

    def plane(self, tile: Tile) -> Plane:
        """Return the pixels of a tile, to be read in this thread."""
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


def _has_wide_tiles(plane: Plane) -> bool:
    """Return whether an image is compressed in rows, or in tiles much wider than tall."""
    shape = getattr(plane.unit.hdu, "tile_shape", (1, 1))
    return int(shape[-1]) >= WIDE and int(shape[-1]) > 4 * int(shape[-2])

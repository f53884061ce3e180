"""Thumbnails of galaxies, cached on disk and in memory."""

import hashlib
import io
import math
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path

from PIL import Image

from galaxy_explorer.catalogue import GONE, Catalogue
from galaxy_explorer.images import ImageError, central_field, read_image
from galaxy_explorer.storage import LRUFolder, ResultCache

SIDE = 240  # pixels: the part of a 424-pixel picture that is shown
PART = 0.55  # of the original field of view, in which a galaxy takes about half of the width
PART_IF_UNFRAMED = 0.75  # of a picture whose galaxy may be anywhere, and of any size
QUALITY = 85  # of JPEG: some 8 kB a thumbnail
MAX_FILES = 20_000
MAX_BYTES = 250e6
THREADS = 4  # for a page: decoding releases Python's lock


class Thumbnails:
    """Thumbnails by catalogue and galaxy: from memory, else from disk, else made.

    Parameters
    ----------
    folder : Path
        The cache folder; it need not exist.
    memory : ResultCache
        Thumbnails in memory.
    max_files : int, optional
    max_bytes : float, optional
        Bounds of the folder.
    """

    def __init__(
        self, folder: Path, memory: ResultCache, max_files: int = MAX_FILES, max_bytes: float = MAX_BYTES
    ) -> None:
        self.memory = memory
        self._files = LRUFolder(folder, "*/*.jpg", max_files, max_bytes)
        self._made = True  # check the bounds at once, against what earlier runs left

    def get(self, catalogue: Catalogue, galaxy_id: str) -> bytes:
        """Return the middle of a galaxy's image as a small JPEG file.

        Raises
        ------
        ImageError
            If the image is missing or damaged.
        """
        state = catalogue.picture_state(galaxy_id)
        # Without a file there is nothing to tell an old image from a new one.
        name = "" if state == GONE else _file_name(catalogue, galaxy_id, state)
        key = name or (catalogue.root, galaxy_id)
        return self.memory.get(key, lambda: self._read_or_make(catalogue, galaxy_id, name))

    def get_all(self, catalogue: Catalogue, ids: Iterable[str]) -> Iterator[bytes | ImageError]:
        """Yield thumbnails in order; the error for an image that cannot be read."""

        def one(galaxy_id: str) -> bytes | ImageError:
            try:
                return self.get(catalogue, galaxy_id)
            except ImageError as error:
                return error

        with ThreadPoolExecutor(THREADS) as pool:
            # Each in a copy of the context, which holds the deadline of all images of the sky together.
            tasks = [pool.submit(copy_context().run, one, galaxy_id) for galaxy_id in ids]
            yield from (task.result() for task in tasks)
        if self._made:
            self._made = False
            self._files.evict()  # scanning 20,000 files takes a tenth of a second

    def _read_or_make(self, catalogue: Catalogue, galaxy_id: str, name: str) -> bytes:
        """Read a thumbnail from disk; make and write it if it is missing."""
        if name and (content := self._files.read(name)) is not None:
            return content
        content = make_thumbnail(catalogue, galaxy_id)
        if name:
            self._made = self._files.write(name, content)
        return content


def _file_name(catalogue: Catalogue, galaxy_id: str, state: tuple[int, int]) -> str:
    """Return the name of a thumbnail's file: a digest of all that decides it."""
    part = _shown_part(catalogue)
    decisive = (str(catalogue.root.resolve()), galaxy_id, state, part, SIDE, QUALITY)
    digest = hashlib.blake2b(repr(decisive).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
    return f"{digest[:2]}/{digest[2:]}.jpg"


def _shown_part(catalogue: Catalogue) -> float:
    """Return the part of the pictures that thumbnails show, at most all of it."""
    part = PART if catalogue.framed else PART_IF_UNFRAMED
    return min(1.0, part / catalogue.field_of_view)


def make_thumbnail(catalogue: Catalogue, galaxy_id: str) -> bytes:
    """Return a new thumbnail of a galaxy, as a JPEG file of `SIDE` pixels.

    Raises
    ------
    ImageError
        If the image is missing or damaged.
    """
    part = _shown_part(catalogue)
    picture = read_image(catalogue.picture_bytes(galaxy_id), shortest=math.ceil(SIDE / part))
    file = io.BytesIO()
    Image.fromarray(central_field(picture, part, SIDE)).save(file, "JPEG", quality=QUALITY)
    return file.getvalue()

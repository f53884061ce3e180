"""Small pictures of galaxies, made once and kept on disk."""

import hashlib
import io
import math
from collections.abc import Callable, Hashable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from threading import Lock

from PIL import Image

from galaxy_explorer.catalogue import GONE, Catalogue
from galaxy_explorer.images import ImageError, central_field, read_image
from galaxy_explorer.storage import LRUFolder

SIDE = 240  # pixels: a tile's 150 to 230, and some more for sharp screens
PART = 0.75  # of the original field of view, of which a galaxy takes about a third of the width
QUALITY = 85  # of JPEG: some 8 kB a thumbnail
MOST_FILES = 20_000  # thumbnails on disk
MOST_BYTES = 250e6
TIDIED_AFTER = 500  # thumbnails made; looking through 20,000 files takes a tenth of a second
AT_ONCE = 4  # threads for a page: decoding leaves Python to the others

Recall = Callable[[Hashable, Callable[[], bytes]], bytes]


class Thumbnails:
    """Thumbnails by catalogue and galaxy: from memory, else from disk, else made and kept.

    Parameters
    ----------
    folder : Path
        Where they are kept; it need not exist yet.
    recall : callable
        The memory: takes a key and what makes its bytes.
    most_files : int, optional
        How many files stay when there are too many: those used last.
    most_bytes : float, optional
        How many bytes these may take.
    """

    def __init__(
        self, folder: Path, recall: Recall, most_files: int = MOST_FILES, most_bytes: float = MOST_BYTES
    ) -> None:
        self.folder = folder
        self.recall = recall
        self._files = LRUFolder(folder, "*/*.jpg", most_files, most_bytes)
        self._lock = Lock()
        self._made = TIDIED_AFTER  # look at once at what earlier runs left

    def get(self, catalogue: Catalogue, galaxy_id: str) -> bytes:
        """Give the middle of a galaxy's picture as a small JPEG file.

        Raises
        ------
        ImageError
            When the picture has gone or is damaged.
        """
        state = catalogue.picture_state(galaxy_id)
        # Without a file on disk there is nothing to tell an old picture from a new one.
        kept = None if state == GONE else self.folder / self._name(catalogue, galaxy_id, state)
        return self.recall(kept or (catalogue.root, galaxy_id), lambda: self._from_disk(catalogue, galaxy_id, kept))

    def get_all(self, catalogue: Catalogue, ids: Iterable[str]) -> Iterator[bytes | ImageError]:
        """Give the thumbnails of many galaxies in their order; the reason where there is none."""

        def one(galaxy_id: str) -> bytes | ImageError:
            try:
                return self.get(catalogue, galaxy_id)
            except ImageError as error:
                return error

        with ThreadPoolExecutor(AT_ONCE) as pool:
            # Each in a copy of the context, which holds how long pictures of the sky may take together.
            names = list(ids)
            yield from pool.map(lambda name, context: context.run(one, name), names, [copy_context() for _ in names])
        self._tidy()

    def _name(self, catalogue: Catalogue, galaxy_id: str, state: tuple[int, int]) -> str:
        """Name a thumbnail after all that decides it."""
        decisive = (str(catalogue.root.resolve()), galaxy_id, state, catalogue.field_of_view, SIDE, PART, QUALITY)
        digest = hashlib.blake2b(repr(decisive).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
        return f"{digest[:2]}/{digest[2:]}.jpg"

    def _from_disk(self, catalogue: Catalogue, galaxy_id: str, kept: Path | None) -> bytes:
        """Read a thumbnail, or make and keep it."""
        if kept is None:
            return make_thumbnail(catalogue, galaxy_id)
        name = str(kept.relative_to(self.folder))
        if (content := self._files.read(name)) is not None:
            return content
        content = make_thumbnail(catalogue, galaxy_id)
        self._files.write(name, content)
        with self._lock:
            self._made += 1
        return content

    def _tidy(self) -> None:
        """Forget the oldest every now and then."""
        with self._lock:
            if self._made < TIDIED_AFTER:
                return
            self._made = 0
        self._files.evict()


def make_thumbnail(catalogue: Catalogue, galaxy_id: str) -> bytes:
    """Make the thumbnail of a galaxy from its picture, as a JPEG file of `SIDE` pixels.

    Raises
    ------
    ImageError
        When the picture has gone or is damaged.
    """
    part = min(1.0, PART / catalogue.field_of_view)  # of a picture that was cropped before, more
    picture = read_image(catalogue.picture_bytes(galaxy_id), shortest=math.ceil(SIDE / part))
    file = io.BytesIO()
    Image.fromarray(central_field(picture, part, SIDE)).save(file, "JPEG", quality=QUALITY)
    return file.getvalue()

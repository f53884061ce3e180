"""The catalogue itself: a table of galaxies and the way to their pictures."""

import hashlib
import lzma
import os
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from galaxy_explorer.catalogue.volunteer_votes import Votes
from galaxy_explorer.catalogue.zip_files import MAX_PICTURE_BYTES, read_member, zip_file
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.images import FITS_ENDINGS, ImageError, is_named, read_image

GONE = (-1, -1)  # the state of a picture whose file is not there, or cannot be read
# What comes of files and zip files that are damaged, locked or gone. RuntimeError: encrypted; UnicodeDecodeError: names.
UNREADABLE = (
    *(OSError, EOFError, RuntimeError, UnicodeDecodeError),
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)


class CatalogueError(ValueError):
    """There is no catalogue there, or a table of it cannot be read; the message says where and what to do."""


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Galaxies with their pictures and, where volunteers voted, their vote fractions.

    Parameters
    ----------
    name : str
        What the catalogue is called on a page.
    table : pd.DataFrame
        One row per galaxy. The index ``GalaxyID`` is text, without duplicates. The columns are the 37 of
        `decision_tree.COLUMNS` (float32, vote fractions in [0, 1], NaN where unknown), ``picture`` (the
        picture's name within `root`) and, where known, ``ra_deg`` and ``dec_deg`` (degrees, J2000).
    root : Path
        The folder or the zip file that holds the pictures.
    field : float
        The fraction of the original 424-pixel field of view that the pictures cover: 1 unless they were
        cropped before.
    missing_pictures : int
        How many galaxies of the score tables were left out because they have no picture.
    note : str
        One sentence on where the galaxies come from and whom to credit.
    vote_kind : str
        Which kind of votes the scores are made of, ``"debiased"`` or ``"weighted"``, where the galaxies come
        with both; empty where there is no choice.
    fetch : callable, optional
        Gives the file of a picture by its name, where pictures are no files of `root`; it raises an
        `ImageError` where there is none. Pictures of one name are always the same.
    stale : bool
        Whether it is made of an old answer, because the service gives no newer: worth asking for again.
    left_out : tuple of str
        The files of pictures whose names cannot be read as ids.
    """

    name: str
    table: pd.DataFrame
    root: Path
    field: float = 1.0
    missing_pictures: int = 0
    note: str = ""
    vote_kind: str = ""
    fetch: Callable[[str], bytes] | None = None
    stale: bool = False
    left_out: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Count the galaxies."""
        return len(self.table)

    def __contains__(self, galaxy_id: object) -> bool:
        """Say whether a galaxy is in the catalogue."""
        return galaxy_id in self.table.index

    @property
    def ids(self) -> list[str]:
        """The galaxies' ids in the order of the table."""
        return self.table.index.tolist()

    @cached_property
    def votes(self) -> Votes:
        """The volunteers' votes answer by answer, for filters and sorts; what it has worked out is kept."""
        return Votes(self.table)

    @property
    def volunteer_fractions(self) -> np.ndarray:
        """Vote fractions, (N, 37) np.ndarray of float32 in the order of `decision_tree.COLUMNS`, NaN where unknown."""
        return self.table[list(COLUMNS)].to_numpy(dtype=np.float32)

    def picture_bytes(self, galaxy_id: str) -> bytes:
        """Read the file of a galaxy's picture.

        Parameters
        ----------
        galaxy_id : str
            An id of the catalogue.

        Returns
        -------
        bytes
            The file as it is.

        Raises
        ------
        CatalogueError
            If the id is not in the catalogue.
        ImageError
            If the file has gone or cannot be read. Any number of threads may read at once.
        """
        if galaxy_id not in self:
            raise CatalogueError(f"galaxy {galaxy_id!r} is not among the {len(self)} of {self.name}: check the id")
        picture = str(self.table.at[galaxy_id, "picture"])
        if self.fetch:
            return self.fetch(picture)
        try:
            if self.root.is_file():
                return read_member(zip_file(self.root), picture, MAX_PICTURE_BYTES)
            return (self.root / picture).read_bytes()
        except (*UNREADABLE, KeyError) as error:
            raise ImageError(
                f"the picture {picture} of galaxy {galaxy_id} cannot be read from {self.root} ({error}); "
                "put a good one there and open the catalogue again"
            ) from error

    def picture_file(self, galaxy_id: str) -> bytes | Path:
        """Give a galaxy's picture in the form in which `images.read_exposure` takes it.

        Parameters
        ----------
        galaxy_id : str
            An id of the catalogue.

        Returns
        -------
        bytes or Path
            The path of a FITS file in a folder, of which only a part may be needed; else what
            `picture_bytes` gives, with its errors.
        """
        if galaxy_id in self and self.root.is_dir():
            name = str(self.table.at[galaxy_id, "picture"])
            if is_named(name, *FITS_ENDINGS):
                return self.root / name
        return self.picture_bytes(galaxy_id)

    def picture(self, galaxy_id: str) -> np.ndarray:
        """Read a galaxy's picture.

        Parameters
        ----------
        galaxy_id : str
            An id of the catalogue.

        Returns
        -------
        (H, W, 3) np.ndarray of uint8
            The picture in RGB.

        Raises
        ------
        CatalogueError
            If the id is not in the catalogue, or the whole folder or zip file has gone.
        ImageError
            If the picture has gone or is damaged.
        """
        with self.giving_none_up():
            return read_image(self.picture_file(galaxy_id))

    @contextmanager
    def giving_none_up(self) -> Iterator[None]:
        """Tell a picture that cannot be read, which costs itself, from a folder or zip file that has gone.

        Raises
        ------
        CatalogueError
            Of the latter, in the place of the error that the block raised.
        """
        try:
            yield
        except (ImageError, OSError) as error:
            if self.fetch or not _is_away(self.root):
                raise
            raise CatalogueError(f"{self.root} has gone; bring it back, or its disk, and try again") from error

    def subset(self, ids: Iterable[str]) -> "Catalogue":
        """Take some of the galaxies, in the order asked for.

        Parameters
        ----------
        ids : iterable of str
            Ids of the catalogue, none of them twice.

        Returns
        -------
        Catalogue
            Those galaxies.

        Raises
        ------
        CatalogueError
            If an id is not in the catalogue, or is named twice.
        """
        wanted = pd.Index(list(ids), dtype=self.table.index.dtype)
        rows = self.table.index.get_indexer(wanted)
        if (rows < 0).any():
            raise CatalogueError(f"galaxy {wanted[rows < 0][0]!r} is not among the {len(self)} of {self.name}")
        if wanted.has_duplicates:
            raise CatalogueError(
                f"galaxy {wanted[wanted.duplicated()][0]!r} was asked for twice; name each galaxy once"
            )
        return self.rows(rows)

    def rows(self, rows: np.ndarray) -> "Catalogue":
        """Take galaxies by their places in the table, (n,) np.ndarray of int, or by a mask, (N,) of bool."""
        return replace(self, table=self.table.iloc[rows])

    @cached_property
    def fingerprint(self) -> str:
        """A short text that changes when galaxies, scores or picture files change, for use as the key of a cache."""
        digest = hashlib.blake2b(self.pictures_fingerprint.encode(), digest_size=10)
        digest.update(np.ascontiguousarray(self.volunteer_fractions).tobytes())
        return digest.hexdigest()

    @cached_property
    def pictures_fingerprint(self) -> str:
        """The same without the scores, for the cache of what only depends on the pictures."""
        digest = hashlib.blake2b(digest_size=10)
        digest.update(repr(self.field).encode())
        for texts in (self.ids, self.table["picture"].tolist()):
            digest.update("\n".join(texts).encode("utf-8", "surrogateescape"))
        digest.update(self._picture_states().tobytes())
        return digest.hexdigest()

    def picture_state(self, galaxy_id: str) -> tuple[int, int]:
        """Tell size and time of change of a galaxy's picture (in a zip, size and checksum).

        Parameters
        ----------
        galaxy_id : str
            An id of the catalogue.

        Returns
        -------
        (int, int)
            Other numbers when the picture changes; `GONE` where there is no such file, or a zip that cannot be read.
        """
        return self._state_of(str(self.table.at[galaxy_id, "picture"]))

    def _picture_states(self) -> np.ndarray:
        """Give the state of each picture."""
        return np.array([self._state_of(name) for name in self.table["picture"].tolist()], dtype=np.int64).reshape(
            -1, 2
        )

    @cached_property
    def _named_as_zip(self) -> bool:
        """Whether the root ends as a zip file does: worked out once, not for each of 240,000 pictures."""
        return self.root.suffix.lower() == ".zip"

    def _state_of(self, name: str) -> tuple[int, int]:
        """Give the state of the picture of a name within the root."""
        if self.fetch:
            return 0, zlib.crc32(name.encode())
        try:
            if self._named_as_zip and self.root.is_file():
                member = zip_file(self.root).NameToInfo.get(name)
                return (member.file_size, member.CRC) if member else GONE
            state = os.stat(f"{self.root}/{name}")
        except UNREADABLE:
            return GONE
        return state.st_size, state.st_mtime_ns


def _is_away(root: Path) -> bool:
    """Tell whether a folder or zip file has gone, or is empty as the place of a disk that is away: no reason to give a galaxy up."""
    if not root.is_dir():
        return not os.path.exists(root)
    try:
        with os.scandir(root) as entries:
            return next(entries, None) is None
    except OSError:
        return False

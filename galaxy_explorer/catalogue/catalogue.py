"""The catalogue: a table of galaxies, with access to their pictures."""

import hashlib
import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from galaxy_explorer.catalogue.errors import UNREADABLE, CatalogueError, shortened
from galaxy_explorer.catalogue.volunteer_votes import Votes
from galaxy_explorer.catalogue.zip_files import MAX_PICTURE_BYTES, PackingError, open_zip, read_member
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.images import FITS_ENDINGS, Finding, ImageError, find_galaxy, is_named, read_image

PARAMETERS_FILE = "parameters.csv"  # of simulated galaxies: what they were made from
GONE = (-1, -1)  # state of a picture whose file is missing or unreadable


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Galaxies with their pictures and, where known, the volunteers' vote fractions.

    Parameters
    ----------
    name : str
        Title of the catalogue on a page.
    table : pd.DataFrame
        One row per galaxy. The index ``GalaxyID`` is text, without duplicates. The columns are the 37 of
        `decision_tree.COLUMNS` (float32, vote fractions in [0, 1], NaN where unknown), ``picture`` (the
        picture's name within `root`) and, where known, ``ra_deg`` and ``dec_deg`` (degrees, J2000).
    root : Path
        Folder or zip file of the pictures.
    field_of_view : float
        Fraction of the original 424-pixel field of view that the pictures cover: below 1 if they were cropped before,
        above 1 if they show more.
    missing_pictures : int
        Number of galaxies in the score tables that are left out because they have no picture.
    note : str
        Origin of the galaxies, credits, and what was left out.
    vote_kind : str
        Kind of votes behind the scores, ``"debiased"`` or ``"weighted"``; empty if there is no choice.
    fetch : callable, optional
        Download of a picture's file by its name, if pictures are not files of `root`; it raises `ImageError`.
        A name always stands for the same picture.
    stale : bool
        Whether the table is an expired cached response, because the service failed.
    source : str
        Name under which the app lists the catalogue, and value of ``?source=``; empty outside the app.
    framed : bool
        Whether the pictures are known to show Galaxy Zoo's field of view, or the part of it in `field_of_view`. If
        not, `finding` searches the galaxy in each picture.
    simulated : bool
        Whether the galaxies are simulated; pages mark each of them.
    """

    name: str
    table: pd.DataFrame
    root: Path
    field_of_view: float = 1.0
    missing_pictures: int = 0
    note: str = ""
    vote_kind: str = ""
    fetch: Callable[[str], bytes] | None = None
    stale: bool = False
    source: str = ""
    framed: bool = True
    simulated: bool = False

    def __len__(self) -> int:
        return len(self.table)

    def __contains__(self, galaxy_id: object) -> bool:
        return galaxy_id in self.table.index

    @property
    def ids(self) -> list[str]:
        """Ids of the galaxies in the order of the table."""
        return self.table.index.tolist()

    @cached_property
    def votes(self) -> Votes:
        """Volunteers' votes by answer, with cached answer shares and sort orders."""
        table = self.table  # a reference to the catalogue would keep it in memory
        return Votes(lambda column: table[column].to_numpy())

    @property
    def volunteer_fractions(self) -> np.ndarray:
        """Vote fractions, (N, 37) float32 in the order of `COLUMNS`, NaN where unknown."""
        return self.table[list(COLUMNS)].to_numpy(dtype=np.float32)

    def picture_bytes(self, galaxy_id: str) -> bytes:
        """Return the file of a galaxy's picture; safe in any number of threads.

        Parameters
        ----------
        galaxy_id : str

        Returns
        -------
        bytes

        Raises
        ------
        CatalogueError
            If the id is not in the catalogue.
        ImageError
            If the file is missing or cannot be read.
        """
        if galaxy_id not in self:
            raise CatalogueError(
                f"galaxy {shortened(galaxy_id)!r} is not among the {len(self)} of {self.name}: check the id"
            )
        picture = str(self.table.at[galaxy_id, "picture"])
        if self.fetch:
            return self.fetch(picture)
        try:
            if self.root.is_file():
                return read_member(open_zip(self.root), picture, MAX_PICTURE_BYTES)
            return (self.root / picture).read_bytes()
        except (*UNREADABLE, KeyError) as error:
            which = f"the picture {shortened(picture)} of galaxy {shortened(galaxy_id)} cannot be read from {self.root}"
            advice = "" if isinstance(error, PackingError) else "; replace it and open the catalogue again"
            raise ImageError(f"{which} ({error}){advice}") from error

    def parameters_file(self) -> bytes:
        """Return the table that simulated galaxies were made from, as CSV; empty if there is none."""
        try:
            if self.root.is_file():
                archive = open_zip(self.root)
                name = next((name for name in archive.NameToInfo if name.rpartition("/")[2] == PARAMETERS_FILE), None)
                return read_member(archive, name, MAX_PICTURE_BYTES) if name else b""
            return (self.root / PARAMETERS_FILE).read_bytes()
        except (*UNREADABLE, KeyError):
            return b""

    def picture_file(self, galaxy_id: str) -> bytes | Path:
        """Return a galaxy's picture as an input of `images.read_exposure`.

        Parameters
        ----------
        galaxy_id : str

        Returns
        -------
        bytes or Path
            Path of a FITS file in a folder, which may be read in part; else the bytes (and errors) of
            `picture_bytes`.
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

        Returns
        -------
        (H, W, 3) np.ndarray of uint8
            RGB.

        Raises
        ------
        CatalogueError
            If the id is not in the catalogue, or the whole folder or zip file is missing.
        ImageError
            If this picture is missing or damaged.
        """
        with self.distinguish_missing_root():
            return read_image(self.picture_file(galaxy_id))

    def finding(self, galaxy_id: str) -> Finding:
        """Read what the networks should see of a galaxy's picture.

        Parameters
        ----------
        galaxy_id : str

        Returns
        -------
        Finding
            The picture as it is if it is framed, else what `images.find_galaxy` returns. Errors are those of `picture`.
        """
        picture = self.picture(galaxy_id)
        return Finding(picture) if self.framed else find_galaxy(picture)

    @contextmanager
    def distinguish_missing_root(self) -> Iterator[None]:
        """Raise CatalogueError instead of a picture's error if the whole folder or zip is missing.

        Raises
        ------
        CatalogueError
            Instead of the `ImageError` or `OSError` that the block raised.
        """
        try:
            yield
        except (ImageError, OSError) as error:
            if self.fetch or not _is_missing(self.root):
                raise
            raise CatalogueError(f"{self.root} is missing; restore it, or mount its disk, and try again") from error

    def subset(self, ids: Iterable[str]) -> "Catalogue":
        """Select galaxies by their ids, in the given order.

        Parameters
        ----------
        ids : iterable of str
            Ids of the catalogue, without duplicates.

        Returns
        -------
        Catalogue

        Raises
        ------
        CatalogueError
            If an id is not in the catalogue, or is given twice.
        """
        wanted = pd.Index(list(ids), dtype=self.table.index.dtype)
        rows = self.table.index.get_indexer(wanted)
        if (rows < 0).any():
            raise CatalogueError(
                f"galaxy {shortened(wanted[rows < 0][0])!r} is not among the {len(self)} of {self.name}"
            )
        if wanted.has_duplicates:
            repeated = shortened(wanted[wanted.duplicated()][0])
            raise CatalogueError(f"galaxy {repeated!r} is listed twice; list each galaxy once")
        return self.rows(rows)

    def rows(self, rows: np.ndarray) -> "Catalogue":
        """Select galaxies by row numbers, (n,) int, or by a mask, (N,) bool."""
        return replace(self, table=self.table.iloc[rows])

    @cached_property
    def fingerprint(self) -> str:
        """Cache key that changes with the galaxies, their scores and their picture files."""
        digest = hashlib.blake2b(self.pictures_fingerprint.encode(), digest_size=10)
        digest.update(np.ascontiguousarray(self.volunteer_fractions).tobytes())
        return digest.hexdigest()

    @cached_property
    def pictures_fingerprint(self) -> str:
        """Cache key as `fingerprint`, without the scores."""
        seen = repr(self.field_of_view) + ("" if self.framed else " cropped")
        digest = hashlib.blake2b(seen.encode(), digest_size=10)
        names = self.table["picture"].tolist()
        for texts in (self.ids, names):
            digest.update("\n".join(texts).encode())
        digest.update(np.array([self._state_of(name) for name in names], dtype=np.int64).tobytes())
        return digest.hexdigest()

    def picture_state(self, galaxy_id: str) -> tuple[int, int]:
        """Return a pair of numbers that changes with a galaxy's picture file.

        Parameters
        ----------
        galaxy_id : str

        Returns
        -------
        (int, int)
            Size and modification time in ns (in a zip file, size and checksum); `GONE` if it cannot be read.
        """
        return self._state_of(str(self.table.at[galaxy_id, "picture"]))

    @cached_property
    def _named_as_zip(self) -> bool:
        return self.root.suffix.lower() == ".zip"  # once, not for each of 240,000 pictures

    def _state_of(self, name: str) -> tuple[int, int]:
        if self.fetch:
            return 0, zlib.crc32(name.encode())
        try:
            if self._named_as_zip and self.root.is_file():
                member = open_zip(self.root).NameToInfo.get(name)
                return (member.file_size, member.CRC) if member else GONE
            state = os.stat(f"{self.root}/{name}")
        except UNREADABLE:
            return GONE
        return state.st_size, state.st_mtime_ns


def _is_missing(root: Path) -> bool:
    """Return whether a folder or zip file is missing, or empty like the mount point of a disk."""
    if not root.is_dir():
        return not os.path.exists(root)
    try:
        with os.scandir(root) as entries:
            return next(entries, None) is None
    except OSError:
        return False

"""The user's folders for caches and data, and cache folders with LRU eviction."""

import os
import shutil
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from galaxy_explorer.storage.atomic import write_atomic

ABANDONED_S = 24 * 3600.0  # age at which a temporary file belongs to a process that was killed
MAX_PREDICTION_TABLES = 40
MAX_PREDICTION_BYTES = 4e9  # a table of 240,000 galaxies takes 110 MB, their embeddings 94 MB more


def cache_folder() -> Path:
    """Return the project's folder in the user's cache; it need not exist.

    Returns
    -------
    Path
        ``$XDG_CACHE_HOME/galaxy-explorer``, by default ``~/.cache/galaxy-explorer``.
    """
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "galaxy-explorer"


def data_folder() -> Path:
    """Return the project's folder for what a user made and must not lose; it need not exist.

    Returns
    -------
    Path
        ``$XDG_DATA_HOME/galaxy-explorer``, by default ``~/.local/share/galaxy-explorer``.
    """
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "galaxy-explorer"


@dataclass(frozen=True)
class LRUFolder:
    """A folder of cache files, bounded in number, bytes and age; evicts the least recently used.

    Parameters
    ----------
    path : Path
        The folder; it is made when the first file is written.
    pattern : str
        Glob of the files that count, such as ``*/*.jpg``.
    max_files : int
    max_bytes : float, optional
        Of all files together.
    max_age_s : float, optional
        Time since the last use, in seconds.
    """

    path: Path
    pattern: str
    max_files: int
    max_bytes: float = float("inf")
    max_age_s: float = float("inf")

    def read(self, name: str) -> bytes | None:
        """Return a file's bytes and mark it as used; None on a cache miss."""
        try:
            content = (self.path / name).read_bytes()
            self.touch(name)
        except OSError:
            return None
        return content

    def write(self, name: str, content: bytes) -> bool:
        """Write a file atomically; return False if the disk is full or read-only."""
        try:
            write_atomic(self.path / name, content)
        except OSError:
            return False
        return True

    def touch(self, name: str) -> None:
        """Mark a file as just used."""
        os.utime(self.path / name)

    def evict(self, room: int = 0) -> None:
        """Evict the least recently used files, and temporary files of killed processes.

        Parameters
        ----------
        room : int, optional
            Number of further files to make room for.
        """
        files = []
        for path in self.path.glob(self.pattern):
            with suppress(FileNotFoundError):  # another process has just deleted it
                state = path.stat()
                files.append((state.st_mtime_ns, state.st_size, path))
        total, oldest = 0, (time.time() - self.max_age_s) * 1e9
        for rank, (used, size, path) in enumerate(sorted(files, reverse=True)):
            total += size
            if rank >= self.max_files - room or total > self.max_bytes or used < oldest:
                path.unlink(missing_ok=True)
        folders, _, name = self.pattern.rpartition("/")
        for path in self.path.glob(f"{folders or '.'}/.{name}.*"):
            with suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > ABANDONED_S:
                    path.unlink()


def evict_prediction_tables(
    folder: Path, max_tables: int, spared: Collection[Path] = (), max_bytes: float = MAX_PREDICTION_BYTES
) -> None:
    """Evict the least recently changed prediction tables, with all files that belong to them.

    Parameters
    ----------
    folder : Path
        The folder of the tables; it need not exist.
    max_tables : int
        Number of tables to keep.
    spared : collection of Path
        Tables to keep whatever their age, because a job is about to resume them.
    max_bytes : float, optional
        Of all tables to keep together.
    """
    changed: dict[str, float] = {}
    parts: dict[str, list[Path]] = {}
    sizes: dict[str, int] = {}
    for path in folder.glob("*"):
        table = path.name.lstrip(".").partition(".")[0]  # a table's name has no dot but that of its ending
        with suppress(FileNotFoundError):  # another process has just renamed or deleted it
            sizes[table] = sizes.get(table, 0) + _bytes_of(path)
            changed[table] = max(changed.get(table, 0.0), path.stat().st_mtime)
            parts.setdefault(table, []).append(path)
    total, kept = 0, {spare.stem for spare in spared}
    for rank, table in enumerate(sorted(changed, key=changed.__getitem__, reverse=True)):
        total += sizes[table]
        for path in parts[table] if table not in kept and (rank >= max_tables or total > max_bytes) else ():
            remove(path)


def _bytes_of(path: Path) -> int:
    """Return the size of a file, or of the files in a folder."""
    return sum(file.stat().st_size for file in (path.iterdir() if path.is_dir() else [path]))


def remove(path: Path) -> None:
    """Delete a file or a folder with its content; a missing one is not an error."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)

"""Where decoded pictures, thumbnails and predictions are kept, outside every data folder."""

import os
import shutil
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ABANDONED_SECONDS = 24 * 3600.0  # after which an unfinished file is nobody's any more
STORES = 40  # tables of predictions that are kept; of 240,000 galaxies each takes some 70 MB


def cache_folder() -> Path:
    """Name the project's folder in the user's cache.

    Returns
    -------
    Path
        ``$XDG_CACHE_HOME/galaxy-explorer``, by default ``~/.cache/galaxy-explorer``; it need not exist yet.
    """
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "galaxy-explorer"


def forget_oldest(
    folder: Path, pattern: str, keep: int, keep_bytes: float = float("inf"), keep_seconds: float = float("inf")
) -> None:
    """Delete all but the files used last, and what killed processes left of such files half-written.

    Parameters
    ----------
    folder : Path
        A folder of the cache.
    pattern : str
        Which of its files count, as in ``glob``.
    keep : int
        How many stay at most.
    keep_bytes : float, optional
        How many bytes they may take together.
    keep_seconds : float, optional
        How long ago they may have been used last.
    """
    files = []
    for path in folder.glob(pattern):
        try:
            state = path.stat()
        except FileNotFoundError:  # another process has just deleted it
            continue
        files.append((state.st_mtime_ns, state.st_size, path))
    total, oldest = 0, (time.time() - keep_seconds) * 1e9
    for place, (used, size, path) in enumerate(sorted(files, reverse=True)):
        total += size
        if place >= keep or total > keep_bytes or used < oldest:
            path.unlink(missing_ok=True)
    for path in folder.glob(f".{pattern}.*"):
        with suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > ABANDONED_SECONDS:
                path.unlink()


def forget_oldest_stores(folder: Path, keep: int, spared: Collection[Path] = ()) -> None:
    """Delete all that belongs to a table of predictions but for those changed last: notes, failures, unfinished parts.

    Parameters
    ----------
    folder : Path
        That of the predictions; it need not exist.
    keep : int
        How many tables stay.
    spared : collection of Path
        Tables that stay whatever their age, since work is about to go on with them.
    """
    changed: dict[str, float] = {}
    parts: dict[str, list[Path]] = {}
    for path in folder.glob("*"):
        store = path.name.lstrip(".").partition(".")[0]  # the name of a table has no dot but that of its ending
        with suppress(FileNotFoundError):  # another process has just renamed or deleted it
            changed[store] = max(changed.get(store, 0.0), path.stat().st_mtime)
            parts.setdefault(store, []).append(path)
    for store in sorted(changed, key=changed.__getitem__, reverse=True)[keep:]:
        for path in () if store in {table.stem for table in spared} else parts[store]:
            remove(path)


def remove(path: Path) -> None:
    """Delete a file, or a folder with all that is in it, whether it is still there or not."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a temporary file beside a path, which takes the path's place when the block ends well."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def keep(path: Path, content: bytes | memoryview) -> None:
    """Write a file in one step: who reads it meanwhile sees the old one or the new one, whole.

    Parameters
    ----------
    path : Path
        The file; its folder is made where there is none.
    content : bytes or memoryview
        What it shall hold.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as temporary:
        temporary.write_bytes(content)

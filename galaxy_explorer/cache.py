"""Where decoded pictures, thumbnails and predictions are kept, outside every data folder."""

import os
import threading
import time
from pathlib import Path


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
    """Delete all but the files used last.

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
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)

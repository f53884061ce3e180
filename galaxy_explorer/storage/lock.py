"""Advisory, non-blocking file lock; the operating system releases it when the process exits."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


@contextmanager
def try_lock(path: Path) -> Iterator[bool]:
    """Try to acquire a file lock for the block, without waiting.

    Parameters
    ----------
    path : Path
        The lock file. It is deleted on release; one left by a killed process does not block.

    Yields
    ------
    bool
        True if the lock is held; False if another process or thread holds it.

    Raises
    ------
    OSError
        If the lock file cannot be created.
    """
    lock = FileLock(path, timeout=0, is_singleton=False)
    try:
        lock.acquire()
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        path.unlink(missing_ok=True)  # while it is held, so that no other process's lock file is deleted
        lock.release()

"""A file that one process or thread at a time can lock, and whose lock ends with its process, however that ends."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _take(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _take(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


HELD_ELSEWHERE = {errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK}
# Some file systems of clusters know no locks. To work without one is better there than not to work.
UNKNOWN_HERE = {errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK}


@contextmanager
def locked(path: Path) -> Iterator[bool]:
    """Lock a file until the block ends, without waiting for it.

    Parameters
    ----------
    path : Path
        The file, which is there while it is locked. One that a killed process left behind is not locked.

    Yields
    ------
    bool
        Whether it is locked for this block; False where another one, of any process or thread, holds it.
    """
    file = _open_locked(path)
    try:
        yield file is not None
    finally:
        if file is not None:
            _let_go(path, file)


def _open_locked(path: Path) -> int | None:
    """Open and lock a file; None where it is locked already."""
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _take(file)
        except OSError as error:
            if error.errno not in UNKNOWN_HERE:
                os.close(file)
                if error.errno in HELD_ELSEWHERE:
                    return None
                raise
        if _is_named(path, file):
            return file
        os.close(file)  # who held it took it away after it was opened: a lock on it would keep nobody off


def _let_go(path: Path, file: int) -> None:
    """Take a locked file away and end the lock."""
    if sys.platform == "win32":  # an open file cannot be deleted there, nor one that another has opened by now
        os.close(file)
        with suppress(OSError):
            path.unlink()
        return
    if _is_named(path, file):
        path.unlink()
    os.close(file)


def _is_named(path: Path, file: int) -> bool:
    """Tell whether a path names an open file."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(file))
    except FileNotFoundError:
        return False

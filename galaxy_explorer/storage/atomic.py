"""Atomic writes: a temporary file in the same folder, then a rename."""

import os
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path that replaces `path` if the block ends without an error."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_atomic(path: Path, content: bytes | memoryview) -> None:
    """Write a file atomically (temporary file, then rename); make its folder if needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def remove_leftovers(path: Path) -> None:
    """Remove the temporary files of killed processes for `path` and the files that go with it.

    Call it while holding the lock of `path`: then no other process is writing them.
    """
    temporary = re.compile(rf"\.{re.escape(path.name)}(\.json|\.failed\.csv|\.partial|\.[0-9a-f]+\.npy)?\.\d+(\.\d+)?")
    with os.scandir(path.parent) as entries:
        left = [Path(entry.path) for entry in entries if temporary.fullmatch(entry.name)]
    for one in left:
        if one.is_dir():
            shutil.rmtree(one, ignore_errors=True)
        else:
            one.unlink(missing_ok=True)

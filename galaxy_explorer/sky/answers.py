"""Answers of services, kept on disk: asked for once, and still there when the service is not."""

import hashlib
import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

from galaxy_explorer.sky.errors import Hurried, SkyError, Unavailable
from galaxy_explorer.sky.hosts import Service, asked
from galaxy_explorer.sky.wire import fetch, time_left
from galaxy_explorer.storage import LRUFolder, cache_folder, write_atomic

MOST_BYTES = 512 * 2**20  # of all answers: some 15,000 cutouts
MOST_FILES = 50_000
MOST_SECONDS = 2 * 365 * 86_400.0  # an answer older than this is of no use even when offline
_TIDY_EVERY = 64  # answers written: to look at every file costs some hundredths of a second

Read = TypeVar("Read")
_written = count(1)
_under_way: dict[Path, Future[bytes]] = {}  # by the file of the answer
_lock = Lock()


@dataclass(frozen=True)
class Answer(Generic[Read]):
    """What a service said.

    Parameters
    ----------
    value : Read
        The answer after it was read and checked.
    fetched : float
        When it was given, in seconds since 1970.
    stale : bool
        Whether it is older than it should be, and used because the service gives no newer one.
    """

    value: Read
    fetched: float
    stale: bool = False


def folder() -> Path:
    """Name the folder of the answers."""
    return cache_folder() / "sky"


def ask(service: Service, question: Mapping[str, str] | str, read: Callable[[bytes], Read]) -> Answer[Read]:
    """Ask a service, unless it has answered the same question lately, or is being asked it by somebody else.

    Parameters
    ----------
    service : Service
        Who is asked.
    question : mapping of str to str, or str
        What, as in `Service.url`.
    read : callable
        Turns the answer's bytes into its value; it raises a `SkyError` where they are not to be believed. Only
        an answer that passes is kept.

    Returns
    -------
    Answer
        Fresh from the service or from the disk; where the service is unavailable, as old as there is.

    Raises
    ------
    SkyError
        If there is no answer, or `read` does not believe it.
    """
    url = service.url(question)
    path = folder() / hashlib.blake2b(asked(url).encode(), digest_size=20).hexdigest()
    kept = _kept(path, read)
    if kept and time.time() - kept.fetched < service.keep_seconds:
        return kept
    try:
        return Answer(_asked_together(service, url, path, read), time.time())
    except Unavailable:
        if kept:
            return Answer(kept.value, kept.fetched, stale=True)
        raise


def _asked_together(service: Service, url: str, path: Path, read: Callable[[bytes], Read]) -> Read:
    """Ask, or wait for the answer to whoever asks the same now."""
    while True:
        with _lock:
            theirs = _under_way.get(path)
            ours: Future[bytes] = Future()
            if theirs is None:
                _under_way[path] = ours
        if theirs is None:
            return _ask_for_all(service, url, path, read, ours)
        left = time_left()
        try:
            return read(theirs.result(None if left == float("inf") else left))
        except CancelledError:  # they had less time than we have, or were interrupted
            continue
        except TimeoutError as error:
            raise Hurried(f"{service.name} gave no answer in time; try again, or another source") from error
        except SkyError as error:
            raise type(error)(str(error)) from error  # a new one: others are looking at the first


def _ask_for_all(service: Service, url: str, path: Path, read: Callable[[bytes], Read], told: Future[bytes]) -> Read:
    """Ask, keep an answer that is believed, and tell all who wait for it."""
    try:
        if (kept := _kept(path, read)) and time.time() - kept.fetched < service.keep_seconds:
            return kept.value  # it came after we had looked; those who wait look again
        content = fetch(service, url)
        value = read(content)
        _store(path, content)
        told.set_result(content)
        return value
    except SkyError as error:
        if not isinstance(error, Hurried):
            told.set_exception(error)
        raise
    finally:
        with _lock:
            del _under_way[path]
        told.cancel()  # of no effect where there is something to tell


def _kept(path: Path, read: Callable[[bytes], Read]) -> Answer[Read] | None:
    """Take an answer from the disk, if there is one that can still be read."""
    try:
        fetched = os.stat(path).st_mtime
        return Answer(read(path.read_bytes()), fetched)
    except (OSError, SkyError):  # none, or one that an earlier version believed
        return None


def _store(path: Path, content: bytes) -> None:
    """Keep an answer. A disk that is full or not ours to write to costs the cache, not the answer."""
    with suppress(OSError):
        write_atomic(path, content)
        if next(_written) % _TIDY_EVERY == 1:
            LRUFolder(path.parent, "*", MOST_FILES, MOST_BYTES, MOST_SECONDS).evict()

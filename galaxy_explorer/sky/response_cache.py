"""Disk cache of HTTP responses: TTL, stale-if-error, one request at a time for a URL."""

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from threading import Lock, Semaphore
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

from galaxy_explorer.sky import services
from galaxy_explorer.sky.errors import ServiceError, SkyError
from galaxy_explorer.sky.http_client import acquired
from galaxy_explorer.sky.services import Service
from galaxy_explorer.storage import LRUFolder, cache_folder

MAX_BYTES = 512 * 2**20  # of all responses: some 15,000 cutouts
MAX_FILES = 50_000
MAX_AGE_S = 2 * 365 * 86_400.0  # older responses are evicted
EVICT_EVERY = 64  # writes: listing all files takes some hundredths of a second

Value = TypeVar("Value")
_writes = count(1)
_locks: WeakValueDictionary[str, Semaphore] = WeakValueDictionary()  # by URL hash, while a request holds or awaits it
_guard = Lock()  # of _locks


@dataclass(frozen=True)
class CachedResponse(Generic[Value]):
    """Parsed response; `stale` if its TTL has passed and the service is unavailable."""

    value: Value
    stale: bool = False


def folder() -> Path:
    """Return the folder of the responses."""
    return cache_folder() / "sky"


def fetch_cached(
    service: Service, query: Mapping[str, str] | str, parse: Callable[[bytes], Value]
) -> CachedResponse[Value]:
    """Fetch through the disk cache; wait for a concurrent request of the same URL.

    `parse` turns the content into a value, or raises a `SkyError`; the content is stored only if it does not.
    If the service fails, an expired response is returned as stale.
    """
    client, url = services.client(), service.url(query)
    digest = hashlib.blake2b((client.base_url + url).encode(), digest_size=20)
    name = digest.hexdigest()
    if fresh := _cached(name, parse, service.cache_ttl_s):
        return fresh
    with _guard:
        lock = _locks.setdefault(name, Semaphore())
    try:
        with acquired(lock, f"{service.name} did not respond before the deadline; try again"):
            if fresh := _cached(name, parse, service.cache_ttl_s):  # of the request that held the lock
                return fresh
            content = client.get(url, name=service.name, timeout_s=service.timeout_s, max_bytes=service.max_bytes)
            value = parse(content)
            _store(name, content)
            return CachedResponse(value)
    except ServiceError:
        if old := _cached(name, parse, float("inf")):
            return CachedResponse(old.value, stale=True)
        raise


def _cached(name: str, parse: Callable[[bytes], Value], max_age_s: float) -> CachedResponse[Value] | None:
    """Return a stored response; None if it is missing, too old, or cannot be parsed."""
    path = folder() / name
    try:
        if time.time() - path.stat().st_mtime < max_age_s:
            return CachedResponse(parse(path.read_bytes()))
    except (OSError, SkyError):
        pass
    return None


def _store(name: str, content: bytes) -> None:
    cache = LRUFolder(folder(), "*", MAX_FILES, MAX_BYTES, MAX_AGE_S)
    if cache.write(name, content) and next(_writes) % EVICT_EVERY == 1:
        cache.evict()

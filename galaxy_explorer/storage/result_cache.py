"""In-memory LRU cache of results, safe for threads."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any


class ResultCache:
    """Thread-safe LRU cache.

    Streamlit's caches are always shared by all visitors, and computing shows no progress.

    Parameters
    ----------
    max_size : float
        Total size of the results; the newest one stays even if it is larger.
    size_of : callable, optional
        Size of a result; by default each counts as 1.
    """

    def __init__(self, max_size: float, size_of: Callable[[Any], float] = lambda result: 1) -> None:
        self.max_size, self._size_of = max_size, size_of
        self._results: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = Lock()

    def __contains__(self, key: object) -> bool:
        """Whether a result is cached."""
        return key in self._results

    def __len__(self) -> int:
        """Count the results."""
        return len(self._results)

    def get(self, key: Hashable, compute: Callable[[], Any]) -> Any:
        """Return the cached result; on a miss compute and cache it."""
        with self._lock:
            if key in self._results:
                self._results.move_to_end(key)
                return self._results[key]
        result = compute()  # without the lock: two threads may compute the same, none waits for another's
        self.put(key, result)
        return result

    def put(self, key: Hashable, result: Any) -> None:
        """Cache a result, and evict the least recently used ones beyond the bound."""
        with self._lock:
            self._results[key] = result
            self._results.move_to_end(key)
            while len(self._results) > 1 and sum(map(self._size_of, self._results.values())) > self.max_size:
                self._results.popitem(last=False)

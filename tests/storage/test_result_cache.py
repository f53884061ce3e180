"""The in-memory cache is bounded, evicts the least recently used, and is safe for threads."""

from concurrent.futures import ThreadPoolExecutor

from galaxy_explorer.storage import ResultCache


def test_a_result_is_computed_once() -> None:
    cache, computed = ResultCache(max_size=2), []
    for _ in range(3):
        assert cache.get("a", lambda: computed.append(1) or "result") == "result"
    assert computed == [1]
    assert "a" in cache
    assert "b" not in cache


def test_the_least_recently_used_result_is_evicted() -> None:
    cache = ResultCache(max_size=2)
    for key in "ab":
        cache.put(key, key)
    cache.get("a", lambda: "a")
    cache.put("c", "c")
    assert [key in cache for key in "abc"] == [True, False, True]


def test_the_bound_may_be_a_size_and_the_newest_result_stays() -> None:
    cache = ResultCache(10, size_of=len)
    for key in ("a" * 4, "b" * 4, "c" * 4):
        cache.put(key, key)
    assert len(cache) == 2
    cache.put("large", "x" * 99)
    assert len(cache) == 1
    assert "large" in cache


def test_threads_never_exceed_the_bound() -> None:
    cache = ResultCache(max_size=5)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda n: cache.get(n % 20, lambda: n % 20), range(2000)))
    assert results == [n % 20 for n in range(2000)]
    assert len(cache) == 5

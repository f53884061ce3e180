"""Folders for caches and data, in-memory caches, atomic writes, locks of processes."""

from galaxy_explorer.storage.atomic import atomic_path, remove_leftovers, write_atomic
from galaxy_explorer.storage.bundled import bundled
from galaxy_explorer.storage.cache import LRUFolder, cache_folder, data_folder, evict_prediction_tables, remove
from galaxy_explorer.storage.lock import try_lock
from galaxy_explorer.storage.result_cache import ResultCache

__all__ = [
    "LRUFolder",
    "ResultCache",
    "atomic_path",
    "bundled",
    "cache_folder",
    "data_folder",
    "evict_prediction_tables",
    "remove",
    "remove_leftovers",
    "try_lock",
    "write_atomic",
]

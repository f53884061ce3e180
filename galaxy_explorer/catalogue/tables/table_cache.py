"""Cache of large tables: read once from CSV, then from Parquet in the user's cache folder."""

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pandas as pd

from galaxy_explorer.catalogue.tables.score_tables import ID
from galaxy_explorer.storage import LRUFolder, atomic_path, cache_folder

FORMAT = 1  # of the cached tables; a new number makes older files misses
MAX_TABLES = 4  # one of Galaxy Zoo 2 takes up to 35 MB


def cached_table(source: Path, kind: str, read: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    """Return a table through the disk cache; `read` is called on a miss.

    The key holds the source's path, size and modification time. `kind` distinguishes tables of one source and is
    part of the file name. A cache that is damaged or cannot be written only costs the time to read the source.
    """
    state = source.stat()
    key = f"{FORMAT} {source.resolve()} {state.st_size} {state.st_mtime_ns}"
    digest = hashlib.blake2b(os.fsencode(key), digest_size=10).hexdigest()
    folder = LRUFolder(cache_folder() / "tables", "*.parquet", MAX_TABLES)
    file = folder.path / f"{kind}-{digest}.parquet"
    try:
        table = pd.read_parquet(file).set_index(ID)
        folder.touch(file.name)
    except (OSError, ValueError, KeyError, ImportError):  # ImportError: without pyarrow
        table = read()
        with suppress(OSError, ImportError):
            folder.path.mkdir(parents=True, exist_ok=True)
            with atomic_path(file) as temporary:
                table.reset_index().to_parquet(temporary, compression="zstd", index=False)
            folder.evict()
    return table

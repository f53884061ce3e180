"""Large tables, kept as Parquet in the user's cache once they have been read from CSV."""

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pandas as pd

from galaxy_explorer.catalogue.score_tables import ID
from galaxy_explorer.storage import LRUFolder, atomic_path, cache_folder

FORM = 1  # of the kept tables: a higher one makes older files count as absent
KEPT = 4  # tables; one of Galaxy Zoo 2 takes up to 35 MB


def kept_table(source: Path, kind: str, read: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    """Give a table as it was kept, or read it and keep it.

    Parameters
    ----------
    source : Path
        The file that the table is made from. When its path, size or time of change is another one, the
        table is read again.
    kind : str
        What was made of it, as part of a file name.
    read : callable
        Reads the table: a pd.DataFrame with an index ``GalaxyID`` of text.

    Returns
    -------
    pd.DataFrame
        The table. Where the cache cannot be written, or a kept file is damaged, it is simply read.
    """
    state = source.stat()
    key = f"{FORM} {source.resolve()} {state.st_size} {state.st_mtime_ns}"
    digest = hashlib.blake2b(key.encode("utf-8", "surrogateescape"), digest_size=10).hexdigest()
    file = cache_folder() / "tables" / f"{kind}-{digest}.parquet"
    try:
        table = pd.read_parquet(file).set_index(ID)
        os.utime(file)  # used last
    except (OSError, ValueError, KeyError, ImportError):  # ImportError: reading needs pyarrow
        table = read()
        _keep(table, file)
    return table


def _keep(table: pd.DataFrame, file: Path) -> None:
    """Write a table whole or not at all."""
    with suppress(OSError, ImportError):  # a full disk costs the next opening some seconds, and nothing else
        file.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(file) as unfinished:
            table.reset_index().to_parquet(unfinished, compression="zstd", index=False)
        LRUFolder(file.parent, "*.parquet", KEPT).evict()

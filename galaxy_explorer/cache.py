"""Where decoded pictures, thumbnails and predictions are kept, outside every data folder."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """Name the project's folder in the user's cache.

    Returns
    -------
    Path
        ``$XDG_CACHE_HOME/galaxy-explorer``, by default ``~/.cache/galaxy-explorer``; it need not exist yet.
    """
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "galaxy-explorer"


def forget_oldest(folder: Path, pattern: str, keep: int) -> None:
    """Delete all but the files used last.

    Parameters
    ----------
    folder : Path
        A folder of the cache.
    pattern : str
        Which of its files count, as in ``glob``.
    keep : int
        How many stay.
    """
    files = sorted(folder.glob(pattern), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in files[keep:]:
        path.unlink(missing_ok=True)

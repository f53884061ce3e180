"""Disk cache of decoded pictures: one memory-mapped uint8 array per catalogue."""

import hashlib
import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.images import ImageError, central_field
from galaxy_explorer.progress import progress_bar
from galaxy_explorer.storage import LRUFolder, atomic_path, write_atomic
from galaxy_explorer.training.recipe import Recipe
from galaxy_explorer.training.resume import TrainingError

MAX_ARRAYS = 6  # in the cache (LRU); 12,549 galaxies at 80 pixels take 241 MB
AT_ONCE = 32  # pictures that a worker decodes between two updates of the progress bar


class DecodedPictures(NamedTuple):
    """Pictures of a catalogue at a recipe's pixel scale, with a margin around the input."""

    array: np.ndarray  # (N, S, S, 3) uint8, memory-mapped, in the order of the catalogue
    failures: dict[int, str]  # unreadable pictures by row, with the reason; they are black


def decode(catalogue: Catalogue, recipe: Recipe, cache: Path, *, quiet: bool = False) -> DecodedPictures:
    """Return a catalogue's decoded pictures from the cache; decode them on a miss.

    Parameters
    ----------
    catalogue : Catalogue
        Its fingerprint is part of the cache key, so changed data is decoded again.
    recipe : Recipe
        Pixel scale and field of view.
    cache : Path
        Folder of the cache; the array is written atomically.
    quiet : bool
        Show no progress bar.

    Raises
    ------
    TrainingError
        If the disk is too full.
    """
    size, crop = recipe.margin_size, recipe.margin_crop
    key = hashlib.sha256(f"{catalogue.fingerprint} {size} {crop:.6f}".encode()).hexdigest()[:20]
    path, notes = cache / f"decoded-{key}.npy", cache / f"decoded-{key}.json"
    if not (path.is_file() and notes.is_file()):
        cache.mkdir(parents=True, exist_ok=True)
        _evict(cache)
        _check_disk_space(cache, len(catalogue) * size * size * 3)
        with atomic_path(path) as temporary:
            shape = (len(catalogue), size, size, 3)
            array = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.uint8, shape=shape)
            failures = _decode_into(array, catalogue, crop, quiet)
            array.flush()
            write_atomic(notes, json.dumps(failures).encode())
    os.utime(path)  # marks it as used
    failures = {int(row): reason for row, reason in json.loads(notes.read_text(encoding="utf-8")).items()}
    return DecodedPictures(np.load(path, mmap_mode="r"), failures)


def _evict(cache: Path) -> None:
    """Evict the least recently used arrays to make room for one, and notes without an array."""
    LRUFolder(cache, "decoded-*.npy", MAX_ARRAYS).evict(room=1)
    for notes in cache.glob("decoded-*.json"):
        if not notes.with_suffix(".npy").exists():
            notes.unlink(missing_ok=True)


def _check_disk_space(cache: Path, needed: int) -> None:
    """Raise TrainingError if the disk cannot hold an array of that many bytes."""
    free = shutil.disk_usage(cache).free
    if free < needed:
        raise TrainingError(
            f"the decoded pictures need {needed / 1e6:,.0f} MB and {cache} has {free / 1e6:,.0f} MB free; "
            "free some space, or set another folder with --cache"
        )


def _decode_into(array: np.ndarray, catalogue: Catalogue, crop: float, quiet: bool) -> dict[int, str]:
    """Decode a catalogue's pictures into an array; return the unreadable rows with the reason."""
    failures: dict[int, str] = {}
    ids, size = catalogue.ids, array.shape[1]
    # With its margin the crop may be wider than the field of view: then the picture is a part of that crop.
    widest = max(1.0, crop)

    def decode_rows(first: int) -> int:
        rows = range(first, min(first + AT_ONCE, len(ids)))
        for row in rows:
            try:
                picture = catalogue.finding(ids[row]).picture
                array[row] = central_field(picture, crop / widest, size, field=catalogue.field_of_view / widest)
            except (ImageError, OSError) as error:
                failures[row] = str(error)
        return len(rows)

    workers = ThreadPoolExecutor(thread_name_prefix="decode")  # Pillow releases the GIL
    try:
        with progress_bar("galaxies", len(ids), desc="decoding pictures", disable=quiet) as bar:
            for done in workers.map(decode_rows, range(0, len(ids), AT_ONCE)):
                bar.update(done)
    finally:
        workers.shutdown(cancel_futures=True)  # an interruption does not wait for the rest
    return failures


def channel_statistics(pictures: np.ndarray, rows: np.ndarray, recipe: Recipe) -> tuple[list[float], list[float]]:
    """Compute mean and standard deviation of each channel (0–1) over the input's field of view."""
    edge = (pictures.shape[1] - recipe.size) // 2
    total, squares = np.zeros(3), np.zeros(3)
    rows = np.sort(rows)[:: max(1, len(rows) // 4096)]
    for row in rows:
        inner = pictures[row, edge : edge + recipe.size, edge : edge + recipe.size] / 255.0
        total += inner.mean(axis=(0, 1))
        squares += (inner**2).mean(axis=(0, 1))
    mean = total / len(rows)
    std = np.sqrt(np.maximum(squares / len(rows) - mean**2, 1e-8))
    return mean.round(5).tolist(), std.round(5).tolist()

"""Pictures decoded once: a memory-mapped uint8 array in the cache, so that no epoch waits for a JPEG."""

import errno
import hashlib
import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
from tqdm import tqdm

from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.images import ImageError, central_field
from galaxy_explorer.storage import LRUFolder, atomic_path, write_atomic
from galaxy_explorer.training.recipe import Recipe
from galaxy_explorer.training.resume import TrainingError

# The cache keeps this many decoded catalogues, the latest used; 12,549 galaxies at 80 pixels are 241 MB.
KEPT = 6
AT_ONCE = 32  # pictures that a thread decodes between two reports


class DecodedPictures:
    """The pictures of a catalogue at a recipe's pixel scale, with a margin around the input's field.

    Attributes
    ----------
    array : (N, S, S, 3) np.ndarray of uint8
        Memory-mapped; row i is the catalogue's galaxy i.
    failures : dict of int to str
        Rows whose picture could not be read, with the reason; they are black.
    """

    def __init__(self, array: np.ndarray, failures: dict[int, str]) -> None:
        self.array = array
        self.failures = failures


def decode(catalogue: Catalogue, recipe: Recipe, cache: Path, *, quiet: bool = False) -> DecodedPictures:
    """Open a catalogue's decoded pictures, decoding them first where the cache has none or older ones.

    Parameters
    ----------
    catalogue : Catalogue
        Where the pictures are. Its fingerprint changes with the data, and the cache with it.
    recipe : Recipe
        Gives the pixel scale and the field.
    cache : Path
        The folder of the cache. The array is written to a temporary file and renamed when complete.
    quiet : bool
        Show no progress bar.

    Returns
    -------
    DecodedPictures

    Raises
    ------
    TrainingError
        When the disk has no room for them.
    """
    size, crop = recipe.margin_size, recipe.margin_crop
    key = hashlib.sha256(f"{catalogue.fingerprint} {size} {crop:.6f}".encode()).hexdigest()[:20]
    path, notes = cache / f"decoded-{key}.npy", cache / f"decoded-{key}.json"
    if not (path.is_file() and notes.is_file()) or _mended(catalogue, size, crop, _failures_in(notes)):
        cache.mkdir(parents=True, exist_ok=True)
        _forget_old(cache)
        _check_room(cache, len(catalogue) * size * size * 3)
        _write(catalogue, size, crop, path, notes, quiet)
    os.utime(path)
    return DecodedPictures(np.load(path, mmap_mode="r"), _failures_in(notes))


def _failures_in(notes: Path) -> dict[int, str]:
    """Read which rows could not be read, with the reasons."""
    return {int(row): reason for row, reason in json.loads(notes.read_text(encoding="utf-8")).items()}


def _mended(catalogue: Catalogue, size: int, crop: float, failures: dict[int, str]) -> bool:
    """Tell whether a picture that failed can be read by now, as after a disk was away for a moment."""
    for row in failures:
        with suppress(ImageError, OSError):
            _read(catalogue, row, size, crop)
            return True
    return False


def _check_room(cache: Path, needed: int) -> None:
    """Refuse to begin an array that the disk cannot hold."""
    free = shutil.disk_usage(cache).free
    if free < needed:
        raise TrainingError(
            f"the decoded pictures take {needed / 1e6:,.0f} MB and {cache} has {free / 1e6:,.0f} MB left; "
            "make room, or name another folder with --cache"
        )


def _reserve(path: Path) -> None:
    """Take the room of a mapped file that is written later: one that then finds the disk full ends the process."""
    if not hasattr(os, "posix_fallocate"):
        return
    with path.open("r+b") as file:
        size = path.stat().st_size
        try:
            os.posix_fallocate(file.fileno(), 0, size)
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.EOPNOTSUPP):  # this file system cannot
                return
            raise TrainingError(
                f"{path.parent} has no room for the decoded pictures, {size / 1e6:,.0f} MB ({error.strerror}); make room, or "
                "name another folder with --cache"
            ) from error


def _write(catalogue: Catalogue, size: int, crop: float, path: Path, notes: Path, quiet: bool) -> None:
    """Decode all pictures into a new array, in parallel: Pillow works outside Python's lock."""
    with atomic_path(path) as temporary:
        array = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.uint8, shape=(len(catalogue), size, size, 3))
        _reserve(temporary)
        failures = _decode_into(array, catalogue, crop, quiet)
        array.flush()
        write_atomic(notes, json.dumps(failures).encode())


def _decode_into(array: np.ndarray, catalogue: Catalogue, crop: float, quiet: bool) -> dict[int, str]:
    """Fill an array with a catalogue's pictures; give the rows that could not be read, with the reason."""
    failures: dict[int, str] = {}
    ids, size = catalogue.ids, array.shape[1]

    def decode_some(first: int) -> int:
        rows = range(first, min(first + AT_ONCE, len(ids)))
        for row in rows:
            try:
                array[row] = _read(catalogue, row, size, crop)
            except (ImageError, OSError) as error:
                failures[row] = str(error)
        return len(rows)

    workers = ThreadPoolExecutor(thread_name_prefix="decode")
    try:
        with tqdm(total=len(ids), desc="decoding pictures", unit=" galaxies", disable=quiet) as bar:
            for done in workers.map(decode_some, range(0, len(ids), AT_ONCE)):
                bar.update(done)
    finally:
        workers.shutdown(cancel_futures=True)  # an interruption does not wait for the rest
    return failures


def _read(catalogue: Catalogue, row: int, size: int, crop: float) -> np.ndarray:
    """Read the central part of a galaxy's picture."""
    # With its margin the field may be wider than what the volunteers saw: then it is the whole, and they saw a part.
    widest = max(1.0, crop)
    picture = catalogue.picture(catalogue.ids[row])
    return central_field(picture, crop / widest, size, field=catalogue.field_of_view / widest)


def _forget_old(cache: Path) -> None:
    """Make room for one decoded catalogue more among those used last."""
    LRUFolder(cache, "decoded-*.npy", KEPT).evict(room=1)
    for notes in cache.glob("decoded-*.json"):
        if not notes.with_suffix(".npy").exists():
            notes.unlink(missing_ok=True)


def channel_statistics(pictures: np.ndarray, rows: np.ndarray, recipe: Recipe) -> tuple[list[float], list[float]]:
    """Measure the mean and the standard deviation of each channel over the network's field.

    Parameters
    ----------
    pictures : (N, S, S, 3) np.ndarray of uint8
        Decoded pictures with their margin.
    rows : (M,) np.ndarray of int
        The training galaxies; of more than 8,191 every second is measured, and so on.
    recipe : Recipe
        Gives the input's size.

    Returns
    -------
    mean, std : list of float
        Three each, red, green, blue, on the scale 0–1.
    """
    edge = (pictures.shape[1] - recipe.size) // 2
    total, squares = np.zeros(3), np.zeros(3)
    rows = np.sort(rows)[:: max(1, len(rows) // 4096)]
    for row in rows:
        inner = pictures[row, edge : edge + recipe.size, edge : edge + recipe.size] / 255.0
        total += inner.mean(axis=(0, 1))
        squares += (inner**2).mean(axis=(0, 1))
    mean = total / len(rows)
    std = np.sqrt(np.maximum(squares / len(rows) - mean**2, 1e-8))
    return [round(float(value), 5) for value in mean], [round(float(value), 5) for value in std]

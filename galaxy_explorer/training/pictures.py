"""Pictures decoded once: a memory-mapped uint8 array in the cache, so that no epoch waits for a JPEG."""

import hashlib
import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from tqdm import tqdm

from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.images import ImageError, central_field
from galaxy_explorer.training.recipe import Recipe

# The cache keeps this many decoded catalogues, the latest used; 12,549 galaxies at 80 pixels are 241 MB.
KEPT = 6


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


def default_cache() -> Path:
    """Name the user's cache folder for this project."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "galaxy-explorer"


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
    """
    size, crop = recipe.margin_size, recipe.margin_crop
    key = hashlib.sha256(f"{catalogue.fingerprint} {size} {crop:.6f}".encode()).hexdigest()[:20]
    path, notes = cache / f"decoded-{key}.npy", cache / f"decoded-{key}.json"
    if not (path.is_file() and notes.is_file()):
        cache.mkdir(parents=True, exist_ok=True)
        _write(catalogue, size, crop, path, notes, quiet)
        _forget_old(cache)
    os.utime(path)
    failures = {int(row): reason for row, reason in json.loads(notes.read_text()).items()}
    return DecodedPictures(np.load(path, mmap_mode="r"), failures)


def _write(catalogue: Catalogue, size: int, crop: float, path: Path, notes: Path, quiet: bool) -> None:
    """Decode all pictures into a new array, in parallel: Pillow works outside Python's lock."""
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        array = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.uint8, shape=(len(catalogue), size, size, 3))
        failures = _decode_into(array, catalogue, crop, quiet)
        array.flush()
        notes.write_text(json.dumps(failures))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _decode_into(array: np.ndarray, catalogue: Catalogue, crop: float, quiet: bool) -> dict[int, str]:
    """Fill an array with a catalogue's pictures; give the rows that could not be read, with the reason."""
    failures: dict[int, str] = {}

    def decode_one(numbered: tuple[int, str]) -> None:
        row, galaxy_id = numbered
        try:
            array[row] = central_field(catalogue.picture(galaxy_id), crop, array.shape[1], field=catalogue.field)
        except (ImageError, OSError) as error:
            failures[row] = str(error)

    with ThreadPoolExecutor() as workers:
        done = workers.map(decode_one, enumerate(catalogue.ids))
        for _ in tqdm(done, total=len(catalogue), desc="decoding pictures", unit="galaxy", disable=quiet):
            pass
    return failures


def _forget_old(cache: Path) -> None:
    """Delete all but the latest used decoded catalogues."""
    arrays = sorted(cache.glob("decoded-*.npy"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in arrays[KEPT:]:
        path.unlink(missing_ok=True)
        path.with_suffix(".json").unlink(missing_ok=True)


def channel_statistics(pictures: np.ndarray, rows: np.ndarray, recipe: Recipe) -> tuple[list[float], list[float]]:
    """Measure the mean and the standard deviation of each channel over the network's field.

    Parameters
    ----------
    pictures : (N, S, S, 3) np.ndarray of uint8
        Decoded pictures with their margin.
    rows : (M,) np.ndarray of int
        The training galaxies; at most 4,096 of them, evenly spread, are measured.
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


def batches(array: np.ndarray, order: np.ndarray, batch_size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Read batches of pictures in the given order, always one batch ahead of its use.

    Yields
    ------
    pictures : (B, S, S, 3) np.ndarray of uint8
    rows : (B,) np.ndarray of int
        Which galaxies they show, ascending: sorted reads walk the file forwards, and the order within
        a batch does not matter.
    """
    parts = [np.sort(order[start : start + batch_size]) for start in range(0, len(order), batch_size)]
    with ThreadPoolExecutor(max_workers=1) as reader:
        coming = [reader.submit(array.__getitem__, part) for part in parts[:1]]
        for i, part in enumerate(parts):
            coming += [reader.submit(array.__getitem__, following) for following in parts[i + 1 : i + 2]]
            yield coming.pop(0).result(), part

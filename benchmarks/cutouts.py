"""Measure how fast cutouts are made of mosaics, against reading their sections alone.

python benchmarks/cutouts.py                                     three mosaics of 8,000 pixels a side, 200 galaxies
python benchmarks/cutouts.py --side 20000 --galaxies 2000 --compression RICE_1
"""

import argparse
import math
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the package need not be installed

from astropy.io import fits
from measuring import peak_megabytes, reset_peak, resident_megabytes, timed

from galaxy_explorer.survey import Mosaics, Target, cut, cutting, scan_mosaics
from galaxy_explorer.survey.open_files import OpenFiles, new_cache

BANDS = ("i", "r", "g")
SCALE_ARCSEC = 0.4
RADII_ARCSEC = (4.0, 20.0)  # as most galaxies of Galaxy Zoo 2 have


def read_flags(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Measure how fast cutouts are made of large mosaics.")
    parser.add_argument("--side", type=int, default=8000, metavar="PX", help="of a mosaic (%(default)s)")
    parser.add_argument("--galaxies", type=int, default=200, metavar="N", help="(%(default)s)")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="threads (%(default)s)")
    parser.add_argument("--compression", metavar="NAME", help="of tiles, such as RICE_1 or GZIP_2 (none)")
    return parser.parse_args(arguments)


def write_mosaics(folder: Path, side: int, compression: str | None) -> str:
    """Write a mosaic of noise for each band; return the pattern of their names."""
    header = fits.Header({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.0, "CRVAL2": 2.0})
    header.update({"CRPIX1": side / 2, "CRPIX2": side / 2})
    header.update({"CDELT1": -SCALE_ARCSEC / 3600, "CDELT2": SCALE_ARCSEC / 3600})
    noise = np.random.default_rng(0).normal(10, 1, (100, side)).astype(np.float32)
    for band in BANDS:
        image = np.tile(noise, (side // 100, 1))
        unit = fits.CompImageHDU(image, header, compression_type=compression) if compression else None
        fits.HDUList([fits.PrimaryHDU(), unit] if unit else [fits.PrimaryHDU(image, header)]).writeto(
            folder / f"{band}.fits"
        )
    return str(folder / "{band}.fits")


def targets(count: int, side: int) -> list[Target]:
    """Return galaxies all over a mosaic."""
    random = np.random.default_rng(1)
    apart = random.uniform(-0.48, 0.48, (count, 2)) * side * SCALE_ARCSEC / 3600
    smallest, largest = map(math.log, RADII_ARCSEC)
    radii = np.exp(random.uniform(smallest, largest, count))
    return [
        Target(str(n), 150.0 + east / np.cos(np.radians(2.0)), 2.0 + north, radius)
        for n, ((east, north), radius) in enumerate(zip(apart, radii, strict=True))
    ]


def measure(galaxies: list[Target], mosaics: Mosaics, workers: int) -> None:
    """Print the rate, the ratio and the memory."""
    galaxies = [galaxies[row] for row in mosaics.order(cutting.vectors_of(galaxies))]
    files, sections = OpenFiles(new_cache()), []
    read = OpenFiles.section

    def recorded(files: OpenFiles, *section: Any) -> np.ndarray:
        sections.append(section)
        return read(files, *section)

    cut(galaxies[0], mosaics, files)  # imports
    with mock.patch.object(OpenFiles, "section", recorded):
        alone = processor_seconds(lambda: [cut(one, mosaics, files) for one in galaxies])
    fresh = OpenFiles(new_cache())
    reading = processor_seconds(lambda: [fresh.section(*section) for section in sections])
    reset_peak()
    before = resident_megabytes()
    with ThreadPoolExecutor(workers) as pool:
        together, _ = timed(lambda: list(pool.map(lambda one: cut(one, mosaics, files), galaxies)))
    print(f"  processor time: {1000 * alone / len(galaxies):.0f} ms a cutout")
    print(f"  reading the sections alone: {reading / alone:.2f} of it")
    print(f"  {workers} threads: {len(galaxies) / together:.1f} cutouts a second")
    print(f"  growth of the resident memory at most: {peak_megabytes() - before:.0f} MB")


def processor_seconds(work: Callable[[], object]) -> float:
    """Return the processor time of one call, which depends little on other processes."""
    start = time.process_time()
    work()
    return time.process_time() - start


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmark."""
    flags = read_flags(arguments)
    with tempfile.TemporaryDirectory() as folder:
        pattern = write_mosaics(Path(folder), flags.side, flags.compression)
        print(f"{flags.galaxies:,} galaxies, {len(BANDS)} mosaics of {flags.side:,} pixels a side", flush=True)
        measure(targets(flags.galaxies, flags.side), scan_mosaics([pattern], BANDS), flags.workers)


if __name__ == "__main__":
    main()

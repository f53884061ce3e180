"""What the benchmarks share: pictures to work on, and timings of which one run gives the ratios."""

import os
import shutil
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from galaxy_explorer.catalogue import open_catalogue
from galaxy_explorer.decision_tree import COLUMNS


def write_pictures(folder: Path, count: int) -> Path:
    """Fill a new folder with copies of the sample's nine pictures under ids of their own, and with scores for all.

    Galaxies of the sample without scores get those of others: the numbers do not matter to a clock.
    """
    folder.mkdir(parents=True)
    sample = open_catalogue("sample")
    voted = sample.volunteer_fractions
    voted = voted[np.isfinite(voted).all(axis=1)]
    ids = [f"{number:07}" for number in range(count)]
    for number, galaxy_id in enumerate(ids):
        picture = sample.table["picture"].iloc[number % len(sample)]
        shutil.copyfile(sample.root / picture, folder / f"{galaxy_id}.jpg")
    scores = pd.DataFrame(voted[np.arange(count) % len(voted)], pd.Index(ids, name="GalaxyID"), list(COLUMNS))
    scores.to_csv(folder / "scores.csv")
    return folder


def median_seconds(ways: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Time several ways of doing something, in turn, so that a busy spell of the machine meets all of them.

    Parameters
    ----------
    ways : mapping of str to callable
        Each is called once as a warm-up, and then `repeats` times.
    repeats : int
        Of these the median counts.

    Returns
    -------
    dict of str to float
        Seconds on the clock.
    """
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for repeat in range(repeats + 1):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            if repeat:
                seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def resident_megabytes() -> float:
    """Measure this process's resident memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def verdict(name: str, ratio: float, wanted: str, reached: bool) -> None:
    """Print a ratio beside its target."""
    print(f"  {name}: {ratio:.3f} (wanted: {wanted}; {'reached' if reached else 'NOT reached'})", flush=True)

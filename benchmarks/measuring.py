"""Shared by the benchmarks: pictures to work on, and alternating timings for ratios."""

import os
import shutil
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from galaxy_explorer.catalogue import open_catalogue
from galaxy_explorer.decision_tree import COLUMNS


def write_pictures(folder: Path, count: int) -> Path:
    """Fill a new folder with copies of the sample's pictures under new ids, all with scores."""
    folder.mkdir(parents=True)
    sample = open_catalogue("sample")
    fractions = sample.volunteer_fractions
    fractions = fractions[np.isfinite(fractions).all(axis=1)]  # repeated: a timing does not depend on the values
    ids = [f"{number:07}" for number in range(count)]
    for number, galaxy_id in enumerate(ids):
        picture = sample.table["picture"].iloc[number % len(sample)]
        shutil.copyfile(sample.root / picture, folder / f"{galaxy_id}.jpg")
    scores = pd.DataFrame(fractions[np.arange(count) % len(fractions)], pd.Index(ids, name="GalaxyID"), list(COLUMNS))
    scores.to_csv(folder / "scores.csv")
    return folder


def timed(work: Callable[..., Any], *arguments: object) -> tuple[float, Any]:
    """Return the seconds of one call, and its result."""
    start = time.perf_counter()
    result = work(*arguments)
    return time.perf_counter() - start, result


def median_seconds(ways: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Return the median seconds of each callable, after a warm-up.

    They alternate, so that a spell of other load on the machine affects all of them.
    """
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for repeat in range(repeats + 1):
        for name, way in ways.items():
            duration, _ = timed(way)
            if repeat:
                seconds[name].append(duration)
    return {name: statistics.median(values) for name, values in seconds.items()}


def resident_megabytes() -> float:
    """Return this process's resident memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def reset_peak() -> None:
    """Reset the peak of `peak_megabytes` (Linux)."""
    Path("/proc/self/clear_refs").write_text("5")


def peak_megabytes() -> float:
    """Return the largest resident memory of this process since `reset_peak` (Linux)."""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1e3


def verdict(name: str, value: float, wanted: str, reached: bool) -> None:
    """Print a value next to its target."""
    print(f"  {name}: {value:.3f} (wanted: {wanted}; {'reached' if reached else 'NOT reached'})", flush=True)


def verdict_below(name: str, value: float, limit: float) -> None:
    """Print a value next to its upper limit."""
    verdict(name, value, f"below {limit:g}", value < limit)

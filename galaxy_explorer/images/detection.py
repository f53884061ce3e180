"""The sky of a picture, and the objects that stand out from it."""

import numpy as np
from PIL import Image

WORKING_SIDE = 160  # pixels of the longer side, at which is measured: the sky of a stretched picture needs averaging
CLIP = 3.0  # standard deviations beyond which a pixel is not sky
LEAST_NOISE = 2.0  # grey levels; the median of the challenge's pictures, so that a cleaner sky shows no larger galaxy
STRAIGHT = 0.93  # of its box is filled by a rectangle, whose corners are blurred; an ellipse fills 0.79
LEAST_BOX = 5  # pixels of that box's shorter side: in smaller ones everything is square
ABOVE_SKY = 4.0  # standard deviations of the sky above it, from which on a pixel belongs to an object


def shrunk(brightness: np.ndarray) -> tuple[np.ndarray, float]:
    """Shrink an ``(H, W)`` picture to `WORKING_SIDE`, if it is larger; say also by how much."""
    height, width = brightness.shape
    scale = max(1.0, max(height, width) / WORKING_SIDE)
    size = max(1, round(width / scale)), max(1, round(height / scale))
    small = Image.fromarray(brightness).resize(size, Image.Resampling.BOX)
    return np.asarray(small, dtype=float), scale


def smoothed(values: np.ndarray) -> np.ndarray:
    """Average each pixel with its neighbours by 1:2:1 along both axes, so that noise breaks no object apart."""
    padded = np.pad(values, 1, mode="edge")
    across = (padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]) / 4
    return (across[:-2] + 2 * across[1:-1] + across[2:]) / 4


def sky_of(values: np.ndarray) -> tuple[float, float]:
    """Measure the sky's level and standard deviation by clipping what lies far from the median."""
    kept = values.ravel()
    while True:
        level = float(np.median(kept))
        noise = 1.4826 * float(np.median(np.abs(kept - level)))  # of a normal distribution
        noise = max(noise, LEAST_NOISE)
        near = kept[np.abs(kept - level) <= CLIP * noise]
        if len(near) == len(kept):
            return level, noise
        kept = near


def objects(bright: np.ndarray) -> np.ndarray:
    """Number the connected parts of an ``(H, W)`` mask, from 1 on, with gaps; 0 where it is False."""
    parents: list[int] = []

    def root(run: int) -> int:
        while parents[run] != run:
            run = parents[run]
        return run

    runs: list[tuple[int, int, int]] = []  # row, first column, column after the last
    above: list[int] = []
    for row, line in enumerate(bright):
        edges = np.flatnonzero(np.diff(line.astype(np.int8), prepend=0, append=0))
        here = []
        for first, end in edges.reshape(-1, 2).tolist():
            run = len(runs)
            runs.append((row, first, end))
            parents.append(run)
            here.append(run)
            for other in (run for run in above if runs[run][1] < end and first < runs[run][2]):
                parents[root(other)] = root(run)
        above = here
    numbers = np.zeros(bright.shape, dtype=int)
    for run, (row, first, end) in enumerate(runs):
        numbers[row, first:end] = root(run) + 1
    return numbers


def are_rectangles(numbers: np.ndarray) -> np.ndarray:
    """Tell which of the numbered objects are straight-sided, as a button or a box is and no galaxy.

    Parameters
    ----------
    numbers : (H, W) np.ndarray of int
        What `objects` gives.

    Returns
    -------
    (N + 1,) np.ndarray of bool
        By the objects' numbers, of which N is the largest.
    """
    flat, most = numbers.ravel(), int(numbers.max()) + 1
    boxes = np.zeros((2, most))
    for extent, along in zip(boxes, np.indices(numbers.shape), strict=True):
        first, last = np.full(most, max(numbers.shape)), np.zeros(most, dtype=int)
        np.minimum.at(first, flat, along.ravel())
        np.maximum.at(last, flat, along.ravel())
        extent[:] = np.maximum(last - first + 1, 0)
    area = np.bincount(flat, minlength=most)
    return (boxes.min(axis=0) >= LEAST_BOX) & (area > STRAIGHT * boxes.prod(axis=0))

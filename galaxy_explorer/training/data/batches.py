"""Batches of training galaxies, read ahead in a thread and copied to the device."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import torch

from galaxy_explorer.training.data.dataset import TrainingSet

AHEAD = 3  # batches that wait in memory, so that a slow read does not keep the device waiting


class TrainingBatch(NamedTuple):
    """One batch of B galaxies on the device."""

    pictures: torch.Tensor  # (B, S, S, 3) uint8
    targets: torch.Tensor  # (B, 37) float32, NaN where unknown
    weights: torch.Tensor  # (B,) float32, importance weights
    matrices: torch.Tensor  # (B, 2, 3) float32, see `draw_augmentation`
    colour_factors: torch.Tensor  # (B, 3) float32


Draw = Callable[[int], tuple[torch.Tensor, torch.Tensor]]


def no_augmentation(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return identity matrices and colour factors of 1."""
    return torch.eye(2, 3).repeat(count, 1, 1), torch.ones(count, 3)


def read_batches(
    galaxies: TrainingSet, rows: np.ndarray, batch_size: int, device: torch.device, draw: Draw = no_augmentation
) -> Iterator[TrainingBatch]:
    """Read batches of the given rows in a thread that stays `AHEAD` batches ahead.

    Copies to a GPU use pinned memory and do not block. `draw` is called for one batch after the other.
    """
    pinned = device.type == "cuda"

    def read(batch_rows: np.ndarray) -> TrainingBatch:
        batch_rows = np.sort(batch_rows)  # reads walk the file forwards; the order within a batch does not matter
        shape = (len(batch_rows), *galaxies.pictures.shape[1:])
        pictures = torch.empty(shape, dtype=torch.uint8, pin_memory=pinned)
        galaxies.read(batch_rows, pictures.numpy())
        weights = galaxies.sample_weights
        weights = np.ones(len(batch_rows), np.float32) if weights is None else weights[batch_rows]
        targets = torch.from_numpy(galaxies.target_fractions[batch_rows])
        tensors = (targets, torch.from_numpy(weights), *draw(len(batch_rows)))
        return TrainingBatch(pictures, *(tensor.pin_memory() if pinned else tensor for tensor in tensors))

    def on_device(batch: Future[TrainingBatch]) -> TrainingBatch:
        return TrainingBatch(*(tensor.to(device, non_blocking=True) for tensor in batch.result()))

    waiting: deque[Future[TrainingBatch]] = deque()
    reader = ThreadPoolExecutor(1, "read", *((torch.cuda.set_device, (device,)) if pinned else ()))
    try:
        for start in range(0, len(rows), batch_size):
            waiting.append(reader.submit(read, rows[start : start + batch_size]))
            if len(waiting) > AHEAD:
                yield on_device(waiting.popleft())
        while waiting:
            yield on_device(waiting.popleft())
    finally:
        reader.shutdown(cancel_futures=True)

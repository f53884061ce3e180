"""Batches on their way from the decoded pictures to the device, read ahead of their use."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch

from galaxy_explorer.training.data.dataset import TrainingGalaxies

AHEAD = 3  # batches that wait in memory, so that a slow read does not keep the device waiting

Draw = Callable[[int], tuple[torch.Tensor, ...]]


def read_batches(
    galaxies: TrainingGalaxies,
    rows: np.ndarray,
    batch_size: int,
    device: torch.device,
    draw: Draw | None = None,
) -> Iterator[tuple[torch.Tensor, ...]]:
    """Read galaxies in the given order, in a thread of its own that stays a few batches ahead.

    Parameters
    ----------
    galaxies : TrainingGalaxies
        Where they are read from.
    rows : (M,) np.ndarray of int
        Which ones.
    batch_size : int
        Galaxies in a batch; the last one may hold fewer.
    device : torch.device
        Where the batches are wanted. Copies to a GPU go by pinned memory, so that nothing waits for them.
    draw : callable, optional
        Makes more tensors for a batch from the number of its galaxies; it is called for one batch after
        the other.

    Yields
    ------
    pictures : (B, S, S, 3) torch.Tensor of uint8
    learnt_fractions : (B, 37) torch.Tensor of float32
        NaN where unknown.
    weights : (B,) torch.Tensor of float32
        How much each galaxy counts.
    *more : torch.Tensor
        What `draw` made.
    """
    pinned = device.type == "cuda"

    def read(part: np.ndarray) -> tuple[torch.Tensor, ...]:
        part = np.sort(part)  # reads walk the file forwards; within a batch the order does not matter
        pictures = torch.empty((len(part), *galaxies.pictures.shape[1:]), dtype=torch.uint8, pin_memory=pinned)
        galaxies.read(part, pictures.numpy())
        given = galaxies.training_weights
        weights = np.ones(len(part), np.float32) if given is None else given[part]
        scores = torch.from_numpy(galaxies.learnt_fractions[part])
        rest = (scores, torch.from_numpy(weights), *(draw(len(part)) if draw else ()))
        return pictures, *(tensor.pin_memory() if pinned else tensor for tensor in rest)

    waiting: deque[Future[tuple[torch.Tensor, ...]]] = deque()
    reader = ThreadPoolExecutor(1, "read", *((torch.cuda.set_device, (device,)) if pinned else ()))
    try:
        for start in range(0, len(rows), batch_size):
            waiting.append(reader.submit(read, rows[start : start + batch_size]))
            if len(waiting) > AHEAD:
                yield _moved(waiting.popleft(), device)
        while waiting:
            yield _moved(waiting.popleft(), device)
    finally:
        reader.shutdown(cancel_futures=True)


def _moved(batch: Future[tuple[torch.Tensor, ...]], device: torch.device) -> tuple[torch.Tensor, ...]:
    """Send a batch to the device without waiting for its arrival."""
    return tuple(tensor.to(device, non_blocking=True) for tensor in batch.result())

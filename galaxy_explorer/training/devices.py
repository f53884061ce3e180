"""Where a run computes: CUDA or the CPU, in one process or in several under torchrun."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed as dist

from galaxy_explorer.prediction import PredictionError, own_cuda_device
from galaxy_explorer.training.resume import TrainingError

# How long processes wait for each other. The leading one may decode a large catalogue meanwhile; where one
# ends with an error, torchrun ends the others at once.
PATIENCE = timedelta(hours=24)


@dataclass(frozen=True)
class Place:
    """One process of a run: its device, its rank, and how many there are."""

    device: torch.device
    rank: int = 0
    world: int = 1

    @property
    def leads(self) -> bool:
        """Tell whether this process writes the files and shows the progress."""
        return self.rank == 0

    @contextmanager
    def together(self) -> Iterator[None]:
        """Run a block in every process, and wait at its end; where one fails, all of them do.

        A process that failed alone would leave the others waiting for it. The block itself must not
        call any other method of `Place`.

        Raises
        ------
        TrainingError
            When another process failed.
        """
        failed = 1.0
        try:
            yield
            failed = 0.0
        finally:
            failures = self.total(torch.tensor([failed], device=self.device)).item()
        if failures:
            raise TrainingError("another process of this run failed; its message says why")

    def agree(self, value: float) -> float:
        """Give every process the value of the leading one."""
        if self.world == 1:
            return value
        shared = torch.tensor([value], dtype=torch.float64, device=self.device)
        dist.broadcast(shared, src=0)
        return float(shared.item())

    def total(self, values: torch.Tensor) -> torch.Tensor:
        """Add up a tensor over all processes."""
        if self.world > 1:
            dist.all_reduce(values)
        return values


@contextmanager
def find_place(device: str | None = None) -> Iterator[Place]:
    """Find where this process computes; under torchrun, join the others until the block ends.

    Parameters
    ----------
    device : str, optional
        ``cpu`` or ``cuda``; by default CUDA where there is one.

    Raises
    ------
    TrainingError
        When there is no such device, or there are more processes than devices.
    """
    kind = device or ("cuda" if torch.cuda.is_available() else "cpu")
    world = int(os.environ.get("WORLD_SIZE", "1"))
    number = int(os.environ.get("LOCAL_RANK", "0"))
    place = torch.device(kind)
    if kind == "cuda":
        try:
            place = own_cuda_device(number)
        except PredictionError as error:
            raise TrainingError(str(error)) from error
        torch.cuda.set_device(place)
        torch.backends.cudnn.benchmark = True  # all batches have one shape: the fastest kernels are worth a search
    if world == 1:
        yield Place(place)
        return
    try:
        dist.init_process_group("nccl" if kind == "cuda" else "gloo", timeout=PATIENCE)
    except (ValueError, RuntimeError) as error:
        raise TrainingError(
            f"this is one of {world} processes, and cannot find the others ({error}); start them with torchrun"
        ) from error
    yield Place(place, dist.get_rank(), world)
    # Not after an error: the others may be waiting in an exchange, and this process would wait for them.
    dist.destroy_process_group()

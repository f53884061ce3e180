"""Distributed runs by ``torchrun``: rank, barrier, broadcast and all-reduce of a process."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import torch

TIMEOUT = timedelta(days=7)  # rank 0 may decode a large catalogue while the others wait; a process that dies ends it
RESUME_HINT = "completed work is saved: run the same command with --resume"
Item = TypeVar("Item")


class DistributedError(ValueError):
    """A distributed run that cannot start, or that another process has ended."""


@dataclass(frozen=True)
class Rank:
    """One process of a run; without ``torchrun``, the only one.

    Parameters
    ----------
    rank, world_size : int
        Its number among all processes, and how many there are.
    local_rank, local_world_size : int
        The same on this machine.
    device_name : str
        Device that the run computes on, such as ``cuda:1``.
    """

    rank: int = 0
    world_size: int = 1
    local_rank: int = 0
    local_world_size: int = 1
    device_name: str = "cpu"

    @property
    def is_rank_0(self) -> bool:
        """Whether this process writes the files and reports to the user."""
        return self.rank == 0

    @property
    def device(self) -> "torch.device":
        """The device that the run computes on."""
        import torch

        return torch.device(self.device_name)

    def share(self, items: Sequence[Item]) -> Sequence[Item]:
        """Return this process's consecutive share of some items, so that tables keep their order."""
        first, end = (len(items) * rank // self.world_size for rank in (self.rank, self.rank + 1))
        return items[first:end]

    @contextmanager
    def barrier(self) -> Iterator[None]:
        """Run a block in every process and wait at its end; if one process fails, all do.

        The block must not exchange anything itself.

        Raises
        ------
        DistributedError
            If another process failed or has ended.
        """
        try:
            yield
        except (ValueError, OSError, RuntimeError):
            with suppress(DistributedError):  # the first error is the one to report
                self.all_equal(1)
            raise
        if not self.all_equal(0):
            raise DistributedError(f"another process of this run failed, its message says why; {RESUME_HINT}")

    def all_equal(self, number: int) -> bool:
        """Wait for all processes; return whether all passed the same number (at most 63 bits).

        Raises
        ------
        DistributedError
            If another process has ended.
        """
        if self.world_size == 1:
            return True
        import torch
        import torch.distributed as dist

        numbers = [torch.zeros(1, dtype=torch.int64) for _ in range(self.world_size)]
        try:
            dist.all_gather(numbers, torch.tensor([number]))
        except RuntimeError as error:
            raise DistributedError(f"another process of this run has ended; {RESUME_HINT}") from error
        return all(other.item() == number for other in numbers)

    def broadcast(self, value: float) -> float:
        """Return rank 0's value in every process."""
        if self.world_size == 1:
            return value
        import torch
        import torch.distributed as dist

        shared = torch.tensor([value], dtype=torch.float64)
        dist.broadcast(shared, src=0)
        return float(shared.item())

    def all_reduce(self, values: "torch.Tensor") -> "torch.Tensor":
        """Sum a tensor over all processes, in place."""
        if self.world_size > 1:
            import torch.distributed as dist

            dist.all_reduce(values)
        return values


SINGLE_PROCESS = Rank()


def default_device() -> str:
    """Return ``cuda`` if torch finds a CUDA device, otherwise ``cpu``."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def own_cuda_device(local_rank: int) -> str:
    """Return the CUDA device of a process, one for each process of a machine.

    Raises
    ------
    DistributedError
        If there are fewer devices.
    """
    import torch

    if local_rank >= torch.cuda.device_count():
        raise DistributedError(
            f"process {local_rank + 1} of this machine found {torch.cuda.device_count()} CUDA devices and needs one of "
            "its own; lower torchrun's --nproc-per-node, or compute with --device cpu"
        )
    return f"cuda:{local_rank}"


@contextmanager
def init_distributed(device: str = "cpu") -> Iterator[Rank]:
    """Read this process's rank from the environment; under torchrun, join the process group.

    Parameters
    ----------
    device : str
        ``cpu``, or ``cuda`` to reduce tensors on a CUDA device of this process's own.

    Raises
    ------
    DistributedError
        If the environment names several processes that cannot connect, or there are fewer devices than processes.
    """
    import torch
    import torch.distributed as dist

    world_size, number = (int(os.environ.get(name, default)) for name, default in (("WORLD_SIZE", "1"), ("RANK", "0")))
    local_rank = int(os.environ.get("LOCAL_RANK", number))
    rank = Rank(number, world_size, local_rank, int(os.environ.get("LOCAL_WORLD_SIZE", world_size)), device)
    if device == "cuda":
        rank = replace(rank, device_name=own_cuda_device(local_rank))
        torch.cuda.set_device(rank.device)
        torch.backends.cudnn.benchmark = True  # all batches have one shape: a search for the fastest kernels pays
    if world_size == 1:
        yield rank
        return
    try:
        dist.init_process_group("cpu:gloo,cuda:nccl" if device == "cuda" else "gloo", timeout=TIMEOUT)
    except (ValueError, RuntimeError) as error:
        raise DistributedError(
            f"this is process {number} of {world_size} and cannot connect to the others ({error}); "
            "start them with torchrun"
        ) from error
    yield rank
    # Only on success: after an error the others may wait in an exchange, and this call would wait for them.
    dist.destroy_process_group()

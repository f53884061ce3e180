"""Several processes on one table: which galaxies each of them predicts, and how they wait for one another.

``torchrun`` starts the processes and tells each its number in the environment. They share the folder of the
table, so no prediction travels between them: only their few agreements do.
"""

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import NoReturn, TypeVar

import torch
import torch.distributed as dist

from galaxy_explorer.prediction.tables import PredictionError

# How long a process that is done waits for the others, whose galaxies may be slower. It learns at once
# of one that has died.
PATIENCE = timedelta(days=7)
GO_ON = "what is done is kept: the same command with --resume goes on, with any number of processes"
Item = TypeVar("Item")


@dataclass(frozen=True)
class Process:
    """One process of a run: its number among all, its number on this machine, and how many there are."""

    rank: int = 0
    world: int = 1
    local_rank: int = 0
    local_world: int = 1

    @property
    def leads(self) -> bool:
        """Tell whether this process writes the finished table and speaks for all."""
        return self.rank == 0

    def share(self, items: Sequence[Item]) -> Sequence[Item]:
        """Take this process's part: neighbours, so that files are read in their order and the table keeps it."""
        first, after = (len(items) * rank // self.world for rank in (self.rank, self.rank + 1))
        return items[first:after]

    def all_have(self, number: int) -> bool:
        """Wait for all processes, and tell whether all of them came with this number, of at most 63 bits.

        Raises
        ------
        PredictionError
            When another process has ended.
        """
        if self.world == 1:
            return True
        numbers = [torch.zeros(1, dtype=torch.int64) for _ in range(self.world)]
        try:
            dist.all_gather(numbers, torch.tensor([number]))
        except RuntimeError as error:
            raise PredictionError(f"another process of this run has ended; {GO_ON}") from error
        return all(theirs.item() == number for theirs in numbers)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Run a block in every process, and wait at its end; where one fails, all of them do.

        Raises
        ------
        PredictionError
            When another process failed or has ended.
        """
        try:
            yield
        except (ValueError, OSError, RuntimeError):
            with suppress(PredictionError):  # the first reason is the one to tell
                self.all_have(1)
            raise
        if not self.all_have(0):
            raise PredictionError(f"another process of this run failed, and its message says why; {GO_ON}")


ALONE = Process()


def own_cuda_device(number: int) -> torch.device:
    """Give a process the CUDA device that bears the process's number on this machine.

    Raises
    ------
    PredictionError
        When there are fewer devices.
    """
    if number >= torch.cuda.device_count():
        raise PredictionError(
            f"process {number + 1} of this machine found {torch.cuda.device_count()} CUDA devices and needs one of "
            "its own; lower torchrun's --nproc-per-node, or compute with --device cpu"
        )
    return torch.device("cuda", number)


@contextmanager
def joined() -> Iterator[Process]:
    """Find this process's place in the environment; under torchrun, join the others until the block ends.

    Raises
    ------
    PredictionError
        When the environment speaks of several processes that cannot find one another.
    """
    rank, world = (int(os.environ.get(name, default)) for name, default in (("RANK", "0"), ("WORLD_SIZE", "1")))
    if world == 1:
        yield ALONE
        return
    local_rank = int(os.environ.get("LOCAL_RANK", rank))
    local_world = int(os.environ.get("LOCAL_WORLD_SIZE", world))
    # torchrun ends the others by this signal when one has died; they shall keep what they have done.
    before = signal.signal(signal.SIGTERM, _told_to_end)
    try:
        try:
            dist.init_process_group("gloo", timeout=PATIENCE)
        except (ValueError, RuntimeError) as error:
            raise PredictionError(
                f"this is process {rank} of {world}, which cannot find the others ({error}); start them with torchrun"
            ) from error
        yield Process(rank, world, local_rank, local_world)
        # Not after an error: the others may be waiting in an agreement, and this process would wait for them.
        dist.destroy_process_group()
    finally:
        signal.signal(signal.SIGTERM, before)


def _told_to_end(*_: object) -> NoReturn:
    """Turn the signal into an interruption, which keeps what is done."""
    raise KeyboardInterrupt(f"told to end, as another process of this run has ended or torchrun was stopped; {GO_ON}")

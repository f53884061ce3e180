"""What the commands of the networks share: the network that was asked for, and progress."""

import argparse
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from tqdm import tqdm

from galaxy_explorer.models.checkpoints import load
from galaxy_explorer.models.networks import GalaxyNetwork
from galaxy_explorer.prediction import ALONE, Process, own_cuda_device


def network_for(options: argparse.Namespace, process: Process = ALONE) -> tuple[GalaxyNetwork, dict[str, Any]]:
    """Load the network of ``--weights``, with its card, onto ``--device``; several processes take a CUDA device each.

    Raises
    ------
    CheckpointError
        When there is no such network.
    ValueError
        When there is no such device, or fewer than processes.
    """
    device = options.device or ("cuda" if torch.cuda.is_available() else "cpu")
    if not re.fullmatch(r"cpu|cuda(:\d+)?|mps", device):
        raise ValueError(f"--device {device} is no device; give cpu, cuda, cuda:1, … or mps, or leave the option out")
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise ValueError(f"--device {device}: torch finds no CUDA device here; leave the option out to use the CPU")
    if device == "cuda" and process.world > 1:
        device = str(own_cuda_device(process.local_rank))
    return load(options.weights, device)


def speed(options: argparse.Namespace, process: Process = ALONE) -> dict[str, Any]:
    """Give the options that every prediction takes."""
    workers = options.workers or max(1, (os.cpu_count() or 1) // process.local_world)
    return {"views": options.views, "batch_size": options.batch_size, "workers": workers}


@contextmanager
def progress_bar(process: Process = ALONE, before: int = 0) -> Iterator[Callable[[int, int], None]]:
    """Show galaxies done out of all on standard error, where that is a terminal; one process shows it for all.

    What an interrupted run has done `before` is no part of this one's speed.
    """
    with tqdm(unit=" galaxies", initial=before, disable=None if process.leads else True) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield progress

"""Loading, prediction options and progress bar of the commands that run a network."""

import argparse
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from galaxy_explorer.images import DEFAULT_VIEWS
from galaxy_explorer.models import Model
from galaxy_explorer.models.checkpoints import load
from galaxy_explorer.prediction import SINGLE_PROCESS, PredictOptions, Rank
from galaxy_explorer.prediction.distributed import default_device, own_cuda_device
from galaxy_explorer.prediction.stream import BATCH_SIZE
from galaxy_explorer.progress import progress_bar as open_bar

Progress = Callable[[int, int], object]


def load_model(options: argparse.Namespace, rank: Rank = SINGLE_PROCESS) -> Model:
    """Load the model of ``--weights``; processes of one machine use a GPU each.

    Raises
    ------
    ValueError
        If there is no such model or device, or there are fewer devices than processes.
    """
    device = options.device or default_device()
    if not re.fullmatch(r"cpu|cuda(:\d+)?|mps", device):
        raise ValueError(
            f"--device {device} is not a device; give cpu, cuda, cuda:1, … or mps, or leave the option out"
        )
    if device.startswith("cuda") and default_device() == "cpu":
        raise ValueError(f"--device {device}: torch finds no CUDA device; leave the option out to use the CPU")
    if device == "cuda" and rank.world_size > 1:
        device = own_cuda_device(rank.local_rank)
    return load(options.weights, device)


def inference_options(options: argparse.Namespace, rank: Rank = SINGLE_PROCESS) -> PredictOptions:
    """Return the options of the command line; processes of one machine share its cores."""
    workers = options.workers or max(1, (os.cpu_count() or 1) // rank.local_world_size)
    return PredictOptions(options.tta_views or DEFAULT_VIEWS, options.batch_size or BATCH_SIZE, workers)


@contextmanager
def progress_bar(rank: Rank = SINGLE_PROCESS, before: int = 0) -> Iterator[Progress]:
    """Show a progress bar, or a line a minute in a log file; rank 0 shows it for all processes.

    Galaxies that an interrupted run predicted `before` do not count for the speed.
    """
    with open_bar("galaxies", initial=before, disable=not rank.is_rank_0) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield progress

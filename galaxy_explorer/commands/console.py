"""What the commands share: the network that was asked for, progress, and words for failures."""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from tqdm import tqdm

from galaxy_explorer.checkpoints import load
from galaxy_explorer.models import GalaxyNetwork

NAMED_FAILURES = 20  # on the screen; a list beside the table has them all


def say(message: str) -> None:
    """Print on standard error."""
    print(message, file=sys.stderr)


def report(failures: Mapping[str, str], where: str) -> int:
    """Name the galaxies that failed on standard error, and give the exit status: 1 if any failed, else 0."""
    for galaxy_id, reason in list(failures.items())[:NAMED_FAILURES]:
        say(f"galaxy {galaxy_id} failed: {reason}")
    if failures:
        say(f"galaxies that failed: {len(failures):,}; {where}")
    return int(bool(failures))


def network_for(options: argparse.Namespace) -> tuple[GalaxyNetwork, dict[str, Any]]:
    """Load the network of ``--weights``, with its card, onto ``--device``.

    Raises
    ------
    CheckpointError
        When there is no such network.
    ValueError
        When there is no such device.
    """
    device = options.device or ("cuda" if torch.cuda.is_available() else "cpu")
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise ValueError(f"--device {device}: torch finds no CUDA device here; leave the option out to use the CPU")
    return load(options.weights, device)


def speed(options: argparse.Namespace) -> dict[str, Any]:
    """Give the options that every prediction takes."""
    return {"views": options.views, "batch_size": options.batch_size, "workers": options.workers}


@contextmanager
def progress_bar() -> Iterator[Callable[[int, int], None]]:
    """Show galaxies done out of all on standard error, where that is a terminal."""
    with tqdm(unit=" galaxies", disable=None) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield progress

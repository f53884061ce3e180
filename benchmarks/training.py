"""How fast the training loop is beside the same step fed from the device: whether data ever starves it.

The reading of the batches is timed alone as well: up to that many images a second a device can take before it waits.

python benchmarks/training.py --model densenet --size 128 --batch-size 128
python benchmarks/training.py --data ~/galaxy-zoo --model fcn --epochs 1

Flags that are not of this script are those of the recipe, as ``train.py`` takes them.
"""

import argparse
import contextlib
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import replace
from itertools import repeat
from pathlib import Path
from unittest import mock

import torch
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # it is run as a script

from measuring import median_seconds, verdict, write_pictures

import train
from galaxy_explorer.catalogue import open_catalogue
from galaxy_explorer.prediction import init_distributed
from galaxy_explorer.prediction.distributed import default_device
from galaxy_explorer.training import Recipe, Run, gather
from galaxy_explorer.training import run as run_module

REACHED = 0.85


class FedFromTheDevice(Run):
    """The same run, whose batches are one batch that lies on the device already, over and over."""

    def _batches(self) -> Generator[tuple[torch.Tensor, ...]]:
        with contextlib.closing(super()._batches()) as batches:
            batch = next(batches)
        yield from repeat(batch, self.steps_per_epoch)


def read_flags(arguments: list[str] | None = None) -> tuple[argparse.Namespace, Recipe]:
    """Read this script's flags, and leave the others to ``train.py``."""
    parser = argparse.ArgumentParser(
        description="Training against the same step fed from the device.",
        epilog="All other flags are those of the recipe: python train.py --help",
    )
    add = parser.add_argument
    add("--data", type=Path, metavar="DIR", help="train on these galaxies (default: copies of the sample's)")
    add("--cache", type=Path, help="folder of decoded pictures (default: a temporary one)")
    add("--galaxies", type=int, default=4000, metavar="N", help="copies of the sample's galaxies (%(default)s)")
    add("--repeats", type=int, default=3, metavar="N", help="epochs of which the median counts (%(default)s)")
    add("--device", choices=("cpu", "cuda"), help="default: CUDA where there is one")
    flags, others = parser.parse_known_args(arguments)
    return flags, train.recipe_of(train.read_flags(["--data", ".", *others]))


def epoch_of(run: Run) -> Callable[[], object]:
    """Give what trains one epoch of a run, and no more: nothing is measured on the hold-out or written."""
    return lambda: run.train_epoch(tqdm(disable=True))


def without_augmentation(run: Run) -> Callable[[], object]:
    """Give what trains one epoch of a run with inputs that are made once."""
    pictures, _, _, matrices, tints, *_ = next(iter(run._batches()))  # more of them under mixup and label noise
    inputs = run_module.augment(pictures, matrices, tints, run.recipe.size)

    def epoch() -> None:
        with mock.patch.object(run_module, "augment", lambda pictures, *_: inputs[: len(pictures)]):
            run.train_epoch(tqdm(disable=True))

    return epoch


def reading_alone(run: Run) -> Callable[[], object]:
    """Give what reads the batches of one epoch, and does nothing with them."""
    return lambda: deque(run._batches(), maxlen=0)


def measure(flags: argparse.Namespace, recipe: Recipe, folder: Path) -> None:
    """Train epochs by turns in the three ways, and read one without training; print the ratios."""
    galaxies = gather(open_catalogue(flags.data or folder / "pictures"), recipe, flags.cache or folder / "cache")
    with init_distributed(flags.device or default_device()) as rank:
        fed = FedFromTheDevice(recipe, galaxies, rank, folder)
        ways = {
            "training as train.py does it": epoch_of(Run(recipe, galaxies, rank, folder)),
            "the same step, pictures on the device": epoch_of(fed),
            "the same step, inputs on the device": without_augmentation(fed),
            "reading alone": reading_alone(Run(recipe, galaxies, rank, folder)),
        }
        seconds = median_seconds(ways, flags.repeats)
    seen = fed.steps_per_epoch * fed.own_batch
    print(f"{recipe.model} on {rank.device}, {recipe.size} px, {recipe.batch_size} in a batch, {seen:,} galaxies:")
    for name, value in seconds.items():
        print(f"  {name}: {value:.2f} s an epoch, {seen / value:,.0f} images/s")
    real, *bare, _ = seconds.values()
    for name, value in zip(list(seconds)[1:-1], bare, strict=True):
        verdict(f"training against {name}, as speed", value / real, f"at least {REACHED}", value / real >= REACHED)


def main(arguments: list[str] | None = None) -> None:
    """Print images a second, seconds an epoch, and the ratios."""
    flags, recipe = read_flags(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if not flags.data:
            write_pictures(folder / "pictures", flags.galaxies)
            recipe = replace(recipe, hold_out=min(recipe.hold_out, flags.galaxies // 4))
        measure(flags, recipe, folder)


if __name__ == "__main__":
    main()

"""Speed of the training loop against the same step on batches on the device.

The reading of the batches is timed alone as well: the largest speed of a device that never waits for data.

python benchmarks/training.py --model densenet --size 128 --batch-size 128
python benchmarks/training.py --data ~/galaxy-zoo --model fcn --epochs 1

All other flags are those of the recipe, as for ``train.py``.
"""

import argparse
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import repeat
from pathlib import Path
from unittest import mock

from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # it is run as a script

from measuring import median_seconds, verdict, write_pictures

from galaxy_explorer.catalogue import open_catalogue
from galaxy_explorer.prediction import init_distributed
from galaxy_explorer.prediction.distributed import default_device
from galaxy_explorer.training import Recipe, Run, build_training_set, cli
from galaxy_explorer.training import run as run_module
from galaxy_explorer.training.data.batches import TrainingBatch

REACHED = 0.85


class FedFromTheDevice(Run):
    """A run that repeats one batch, which is on the device."""

    def _batches(self) -> Iterator[TrainingBatch]:
        batches = super()._batches()
        batch = next(batches)
        del batches  # closes the reader
        yield from repeat(batch, self.steps_per_epoch)


def read_flags(arguments: list[str] | None = None) -> tuple[argparse.Namespace, Recipe]:
    """Parse this script's flags, and the others as a recipe."""
    parser = argparse.ArgumentParser(
        description="Training against the same step on the device alone.",
        epilog="All other flags are those of the recipe: python train.py --help",
    )
    add = parser.add_argument
    add("--data", type=Path, metavar="DIR", help="catalogue (default: copies of the sample)")
    add("--cache", type=Path, help="folder of decoded pictures (default: a temporary one)")
    add("--galaxies", type=int, default=4000, metavar="N", help="copies of the sample (%(default)s)")
    add("--repeats", type=int, default=3, metavar="N", help="epochs; the median counts (%(default)s)")
    add("--device", choices=("cpu", "cuda"), help="default: cuda if available")
    flags, others = parser.parse_known_args(arguments)
    return flags, cli.recipe_of(cli.read_flags(["--data", ".", *others]))


def epoch_of(run: Run) -> Callable[[], object]:
    """Return a function that trains one epoch, without evaluation and files."""
    return lambda: run.train_epoch(tqdm(disable=True))


def without_augmentation(run: Run) -> Callable[[], object]:
    """Return a function that trains one epoch with inputs that are augmented once."""
    batch = next(iter(run._batches()))
    inputs = run_module.augment(batch.pictures, batch.matrices, batch.colour_factors, run.recipe.size)

    def epoch() -> None:
        with mock.patch.object(run_module, "augment", lambda pictures, *_: inputs[: len(pictures)]):
            run.train_epoch(tqdm(disable=True))

    return epoch


def reading_alone(run: Run) -> Callable[[], object]:
    """Return a function that reads the batches of one epoch and drops them."""
    return lambda: deque(run._batches(), maxlen=0)


def measure(flags: argparse.Namespace, recipe: Recipe, folder: Path) -> None:
    """Time epochs of the three loops and of reading alone in turn; print the ratios."""
    catalogue = open_catalogue(flags.data or folder / "pictures")
    galaxies = build_training_set(catalogue, recipe, flags.cache or folder / "cache")
    with init_distributed(flags.device or default_device()) as rank:
        fed = FedFromTheDevice(recipe, galaxies, rank, folder)
        ways = {
            "training as in train.py": epoch_of(Run(recipe, galaxies, rank, folder)),
            "the same step, pictures on the device": epoch_of(fed),
            "the same step, inputs on the device": without_augmentation(fed),
            "reading alone": reading_alone(Run(recipe, galaxies, rank, folder)),
        }
        seconds = median_seconds(ways, flags.repeats)
    seen = fed.steps_per_epoch * fed.own_batch
    print(f"{recipe.model} on {rank.device}, {recipe.size} px, {recipe.batch_size} in a batch, {seen:,} galaxies:")
    for name, value in seconds.items():
        print(f"  {name}: {value:.2f} s per epoch, {seen / value:,.0f} images/s")
    real, *bare, _ = seconds.values()
    for name, value in zip(list(seconds)[1:-1], bare, strict=True):
        verdict(f"training against {name}, as speed", value / real, f"at least {REACHED}", value / real >= REACHED)


def main(arguments: list[str] | None = None) -> None:
    """Print images per second, seconds per epoch, and the ratios."""
    flags, recipe = read_flags(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if not flags.data:
            write_pictures(folder / "pictures", flags.galaxies)
            recipe = replace(recipe, hold_out=min(recipe.hold_out, flags.galaxies // 4))
        measure(flags, recipe, folder)


if __name__ == "__main__":
    main()

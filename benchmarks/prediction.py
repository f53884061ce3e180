"""Speed of prediction relative to its parts, and whether its memory stays flat.

python benchmarks/prediction.py --weights fcn densenet
python benchmarks/prediction.py --weights fcn --pictures 200 --memory-pictures 2000     a quick look
"""

import argparse
import contextlib
import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # it is run as a script

from measuring import (
    median_seconds,
    peak_megabytes,
    reset_peak,
    resident_megabytes,
    timed,
    verdict,
    write_pictures,
)

from galaxy_explorer.catalogue import open_catalogue
from galaxy_explorer.cli import main as galaxy_explorer
from galaxy_explorer.images import DEFAULT_VIEWS, read_image, tta_views
from galaxy_explorer.models import GalaxyNetwork, Model
from galaxy_explorer.models.checkpoints import load
from galaxy_explorer.prediction import (
    PredictionStore,
    PredictOptions,
    Source,
    predict,
    predict_missing,
    sources_of,
)
from galaxy_explorer.prediction.distributed import default_device
from galaxy_explorer.prediction.inference import INPUTS_PER_PASS

ROOT = Path(__file__).resolve().parents[1]
SAMPLED = 20  # images whose inputs are kept for the bare passes: 160 inputs with eight TTA views


def read_flags(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description="Ratios of prediction to its parts, all from one run.")
    add = parser.add_argument
    add("--weights", nargs="+", default=["fcn", "densenet"], metavar="NAME|FILE", help="networks (%(default)s)")
    add("--pictures", type=int, default=1000, metavar="N", help="JPEG files to predict (%(default)s)")
    views_help = "flips and quarter turns that are averaged (%(default)s)"
    add("--views", type=int, default=DEFAULT_VIEWS, choices=range(1, 9), help=views_help)
    add("--repeats", type=int, default=3, metavar="N", help="timings whose median counts (%(default)s)")
    memory_help = "images after which memory is compared with that after a tenth of them; 0 skips it (%(default)s)"
    add("--memory-pictures", type=int, default=10_000, metavar="N", help=memory_help)
    add("--device", default=default_device(), help="(%(default)s)")
    return parser.parse_args(arguments)


def bare_passes(network: GalaxyNetwork, inputs: torch.Tensor, count: int) -> None:
    """Pass inputs on the device through a network, repeatedly, until `count` have passed."""
    with torch.inference_mode():
        parts = inputs.split(INPUTS_PER_PASS[inputs.device.type])
        passed = 0
        while passed < count:
            for part in parts:
                outputs = network(part[: count - passed])
                passed += len(part)
                if passed >= count:
                    break
        outputs.cpu()  # a GPU is done when the outputs are here


def view_inputs(pictures: list[np.ndarray], model: Model, count: int, device: str) -> torch.Tensor:
    """Return the network inputs of some images with all their TTA views."""
    seen = tta_views(np.stack([model.inputs(picture) for picture in pictures]), count)
    return torch.from_numpy(seen.reshape(-1, *seen.shape[2:])).to(device, memory_format=torch.channels_last)


def many(flags: argparse.Namespace, weights: str, model: Model, folder: Path) -> None:
    """Time ``predict`` over a folder and, separately, its decoding and its forward passes."""
    files = sorted(folder.glob("*.jpg"))
    inputs = view_inputs([read_image(file) for file in files[:SAMPLED]], model, flags.views, flags.device)
    command = ["predict", str(folder), "--weights", weights, "--tta-views", str(flags.views), "--device", flags.device]
    command += ["--crop", "none"]  # the search for the galaxy is not among the bare parts

    def decode() -> None:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for _ in pool.map(lambda file: read_image(file).shape, files):
                pass

    def predicted(*more: str) -> None:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            if galaxy_explorer([*command, *more, "--output", str(folder.parent / "scores.parquet")]):
                raise RuntimeError("predict failed; run it by itself to see why")

    seconds = median_seconds(
        {
            "bare decoding": decode,
            "bare forward passes": lambda: bare_passes(model.network, inputs, flags.views * len(files)),
            "predict": predicted,
            "predict with embeddings": partial(predicted, "--embeddings", str(folder.parent / "embeddings.parquet")),
        },
        flags.repeats,
    )
    for name, value in seconds.items():
        print(f"  {name}: {value:.2f} s, {len(files) / value:,.0f} galaxies/s")
    slower = max(seconds["bare decoding"], seconds["bare forward passes"])
    ratio = slower / seconds["predict"]
    verdict("predict against the slower of the two, as speed", ratio, "at least 0.85", ratio >= 0.85)
    ratio = seconds["predict with embeddings"] / seconds["predict"]
    verdict("with embeddings against without, as time", ratio, "at most 1.03", ratio <= 1.03)
    both = seconds["bare decoding"] + seconds["bare forward passes"]
    print(f"  predict against one after the other, as speed: {both / seconds['predict']:.3f}")
    # All the above run in this process, which has torch already.
    run = [sys.executable, "-m", "galaxy_explorer", *command, "--output", str(folder.parent / "again.parquet")]
    alone, _ = timed(partial(subprocess.run, run, cwd=ROOT, check=True, capture_output=True))
    print(f"  the command by itself, with interpreter and imports: {alone:.2f} s, as speed: {slower / alone:.3f}")


def one(flags: argparse.Namespace, model: Model, picture: np.ndarray) -> None:
    """Time the prediction of one image against the bare forward pass of its TTA views."""
    inputs = view_inputs([picture], model, flags.views, flags.device)
    seconds = median_seconds(
        {
            "bare": lambda: bare_passes(model.network, inputs, flags.views),
            "predict": lambda: predict(model, [picture], tta_views=flags.views),
        },
        20 * flags.repeats,
    )
    print(f"  one picture, {flags.views} views: {1e3 * seconds['predict']:.1f} ms")
    ratio = seconds["predict"] / seconds["bare"]
    verdict("one picture against its bare forward pass, as time", ratio, "at most 1.25", ratio <= 1.25)


def memory(flags: argparse.Namespace, model: Model, folder: Path) -> None:
    """Compare the resident memory after a tenth of many images with that after all of them."""
    early, late = flags.memory_pictures // 10, flags.memory_pictures
    resident: dict[int, float] = {}

    def measure(done: int, total: int) -> None:
        for count in (early, late):
            if done >= count:
                resident.setdefault(count, resident_megabytes())

    store = PredictionStore(folder.parent / "memory.parquet", model.key(1))
    sources = list(islice(endless(folder), late))
    reset_peak()
    predict_missing(store, model, sources, PredictOptions(tta_views=1, progress=measure))
    store.finish()
    growth = resident[late] / resident[early] - 1
    print(f"  peak, with the joining of the table: {peak_megabytes():.0f} MB")
    print(f"  resident after {early:,} and {late:,} pictures: {resident[early]:.0f} and {resident[late]:.0f} MB")
    verdict("growth", growth, "within ± 0.05", abs(growth) <= 0.05)


def endless(folder: Path) -> Iterator[Source]:
    """Yield the galaxies of a folder again and again, under new ids."""
    catalogue, number = open_catalogue(folder), 0
    while True:
        for source in sources_of(catalogue):
            yield Source(str(number), source.read, source.field)
            number += 1


def main(arguments: list[str] | None = None) -> None:
    """Print the ratios for each network."""
    flags = read_flags(arguments)
    for weights in flags.weights:
        model = load(weights, flags.device)
        print(f"{weights} on {flags.device}, {torch.get_num_threads()} threads, {flags.pictures:,} JPEG files:")
        with tempfile.TemporaryDirectory() as temporary:
            folder = write_pictures(Path(temporary) / "pictures", flags.pictures)
            one(flags, model, read_image(next(folder.glob("*.jpg"))))
            many(flags, weights, model, folder)
            if flags.memory_pictures and sys.platform == "linux":
                memory(flags, model, folder)


if __name__ == "__main__":
    main()

"""Time of an exact search of nearest neighbours among the embeddings of a survey.

python benchmarks/similarity.py
python benchmarks/similarity.py --galaxies 2000000                      a larger survey
python benchmarks/similarity.py --embeddings fcn-embeddings.npy         real ones, repeated with a little noise
"""

import argparse
import sys
import tempfile
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the package need not be installed

from measuring import median_seconds, resident_megabytes, timed, verdict_below

from galaxy_explorer.prediction import Embeddings
from galaxy_explorer.similarity import Neighbours

GALAXIES, WIDTH, FACTORS = 240_000, 196, 12
SECONDS, RATIO = 0.1, 2.0
QUERIES = 8  # different galaxies


@dataclass(frozen=True)
class Flags:
    """The command line."""

    galaxies: int
    embeddings: Path | None
    repeats: int


def read_flags(arguments: list[str] | None = None) -> Flags:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Time of an exact search of nearest neighbours.")
    parser.add_argument("--galaxies", type=int, default=GALAXIES, metavar="N", help="(%(default)s)")
    parser.add_argument("--embeddings", type=Path, metavar="FILE", help="real ones, (n, D) in a .npy file")
    parser.add_argument("--repeats", type=int, default=9, metavar="N", help="(%(default)s)")
    return Flags(**vars(parser.parse_args(arguments)))


def write_embeddings(file: Path, flags: Flags) -> None:
    """Write embeddings as float16: real ones with noise, or ones that depend on a few factors."""
    random = np.random.default_rng(0)
    real = np.load(flags.embeddings) if flags.embeddings else None
    mixing = random.normal(size=(FACTORS, WIDTH))
    width = WIDTH if real is None else real.shape[1]
    vectors = np.lib.format.open_memmap(file, "w+", np.float16, (flags.galaxies, width))
    for first in range(0, flags.galaxies, 10_000):
        rows = np.arange(first, min(first + 10_000, flags.galaxies))
        if real is None:
            values = random.normal(size=(len(rows), FACTORS)) @ mixing + random.normal(size=(len(rows), WIDTH))
        else:
            values = real[rows % len(real)] * random.normal(1, 0.05, size=(len(rows), width))
        vectors[rows] = np.maximum(values, 0)
    vectors.flush()


def main(arguments: list[str] | None = None) -> None:
    """Print the figures next to their targets."""
    flags = read_flags(arguments)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "embeddings.npy")
        write_embeddings(file, flags)
        vectors = np.load(file, mmap_mode="r")
        embeddings = Embeddings("fcn", np.arange(len(vectors), dtype=np.int32), vectors)
        before = resident_megabytes()
        seconds, search = timed(Neighbours, embeddings)
        print(
            f"{len(vectors):,} galaxies, {vectors.shape[1]} dimensions, prepared in {seconds:.2f} s, "
            f"{resident_megabytes() - before:+.0f} MB"
        )
        rows = cycle(np.random.default_rng(1).integers(len(vectors), size=QUERIES))
        plain, vector = vectors.astype(np.float32), vectors[0].astype(np.float32)

        def nearest() -> None:
            row = int(next(rows))
            search.nearest(vectors[row], exclude=row)

        taken = median_seconds({"nearest": nearest, "matmul": lambda: plain @ vector}, flags.repeats)
        verdict_below("the 12 nearest, s", taken["nearest"], SECONDS)
        verdict_below("against one product of the same size in float32", taken["nearest"] / taken["matmul"], RATIO)


if __name__ == "__main__":
    main()

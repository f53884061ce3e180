"""Make a catalogue of survey size, of links to a few galaxies, with synthetic predictions.

python benchmarks/make_survey.py ~/survey                         240,000 galaxies to open in the app
python benchmarks/make_survey.py ~/survey --predicted             with predictions of each network in weights/
"""

import argparse
import contextlib
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the package need not be installed

from galaxy_explorer.catalogue import Catalogue, open_catalogue
from galaxy_explorer.decision_tree import COLUMNS, SLICES, fractions_from_shares, shares_from_fractions

GALAXIES = 240_000  # as many as Galaxy Zoo 2 has
SCATTER = 0.3  # of synthetic predictions around the votes, in the logarithm of an answer share
CHUNK = 50_000  # galaxies in a chunk of predictions
DIMENSIONS = 192  # of synthetic embeddings


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the catalogue's content."""
    parser.add_argument("--galaxies", type=int, default=GALAXIES, metavar="N", help="(%(default)s)")
    parser.add_argument("--data", default="sample", metavar="DIR", help="source of pictures and votes (%(default)s)")


def read_page_flags(description: str, arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line of a benchmark of a page."""
    parser = argparse.ArgumentParser(description=description)
    add_flags(parser)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="make the catalogue there, or use the one there")
    return parser.parse_args(arguments)


@contextlib.contextmanager
def first_source(flags: argparse.Namespace) -> Iterator[Path]:
    """Make the app's first catalogue, with predictions in a new cache; yield its folder."""
    logging.disable(logging.WARNING)  # Streamlit warns of a missing server at every call
    with tempfile.TemporaryDirectory() as temporary:
        folder = flags.keep or Path(temporary) / "survey"
        variables = {"XDG_CACHE_HOME": f"{temporary}/cache", "GALAXY_EXPLORER_DATA": str(folder)}
        with mock.patch.dict(os.environ, variables):
            make(folder, flags)
            yield folder


def make(folder: Path, flags: argparse.Namespace) -> None:
    """Make a catalogue with predictions in a new process, so that torch takes no memory here."""
    arguments = [folder, "--galaxies", flags.galaxies, "--data", flags.data, "--predicted"]
    subprocess.run([sys.executable, __file__, *map(str, arguments)], check=True)


def read_flags(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Make a catalogue of survey size, with synthetic predictions.")
    parser.add_argument("folder", type=Path, help="a new folder, or one made before")
    add_flags(parser)
    parser.add_argument("--predicted", action="store_true", help="write synthetic predictions into the app's cache")
    return parser.parse_args(arguments)


def write_survey(folder: Path, origin: Catalogue, count: int) -> None:
    """Fill a new folder with links to a catalogue's pictures under new ids, and with scores.

    The scores are those of the galaxies with some noise, so that few are equal; they obey the tree.
    """
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    voted = origin.table[np.isfinite(origin.volunteer_fractions).all(axis=1)]
    drawn = voted.iloc[random.integers(0, len(voted), count)]
    noise = np.log(random.uniform(0.8, 1.2, (count, len(COLUMNS))))
    ids = pd.Index([f"{number:018}" for number in range(count)], name="GalaxyID")
    votes = _with_noise(drawn[list(COLUMNS)].to_numpy(dtype=float), noise, min_share=1e-4)
    pd.DataFrame(votes, ids, list(COLUMNS)).to_csv(folder / "scores.csv", float_format="%.6f")
    root = origin.root.resolve()
    for galaxy_id, name in zip(ids, drawn["picture"], strict=True):
        os.symlink(root / name, folder / f"{galaxy_id}.jpg")


def write_predictions(galaxies: Catalogue) -> None:
    """Write predictions of each network that scatter around the votes; random embeddings."""
    from galaxy_explorer.app.services import prediction_jobs
    from galaxy_explorer.models.checkpoints import available
    from galaxy_explorer.prediction import PredictionStore, cached
    from galaxy_explorer.prediction.stream import Batch

    for seed, (network, weights) in enumerate(sorted(available().items())):
        random = np.random.default_rng(seed)
        store = PredictionStore(prediction_jobs.store_of(galaxies, network), prediction_jobs.network_key(network), True)
        if store.path.exists():
            continue
        cached.write_manifest(store.path, galaxies, network, weights)
        for start in range(0, len(galaxies), CHUNK):
            votes = galaxies.volunteer_fractions[start : start + CHUNK].astype(float)
            fractions = _with_noise(votes, random.normal(0, SCATTER, votes.shape), min_share=1e-3)
            half = 0.02 + 0.15 * np.sqrt(fractions * (1 - fractions))
            intervals = np.stack([fractions - half, fractions + half], axis=1).clip(0, 1)
            ids = galaxies.ids[start : start + CHUNK]
            embeddings = random.random((len(ids), DIMENSIONS), np.float32).astype(np.float16)
            store.add(
                [Batch(ids, fractions.astype(np.float32), intervals.astype(np.float32), {}, embeddings=embeddings)]
            )
        store.finish()


def _with_noise(fractions: np.ndarray, noise: np.ndarray, min_share: float) -> np.ndarray:
    """Return vote fractions with noise added to the logarithms of the answer shares."""
    shares = shares_from_fractions(fractions)
    shares = (np.where(np.isnan(shares), 0.0, shares) + min_share) * np.exp(noise)
    for question in SLICES.values():
        shares[:, question] /= shares[:, question].sum(axis=1, keepdims=True)
    return fractions_from_shares(shares)


def main(arguments: list[str] | None = None) -> None:
    """Make the catalogue, unless the folder exists, and its predictions."""
    flags = read_flags(arguments)
    logging.disable(logging.WARNING)  # Streamlit warns of a missing server
    if not flags.folder.exists():
        write_survey(flags.folder, open_catalogue(flags.data), flags.galaxies)
    if flags.predicted:
        write_predictions(open_catalogue(flags.folder))


if __name__ == "__main__":
    main()

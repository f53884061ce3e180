"""A catalogue of survey size, made of a few galaxies by reference, and predictions of all of it, made up in seconds.

python benchmarks/survey.py ~/survey                              240,000 galaxies to open in the app
python benchmarks/survey.py ~/survey --predicted                  the same, looked at by the networks in weights/
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

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # it is run as a script

from galaxy_explorer.catalogue import Catalogue, open_catalogue
from galaxy_explorer.decision_tree import COLUMNS, SLICES, fractions_from_shares, shares_from_fractions

GALAXIES = 240_000  # as many as Galaxy Zoo 2 has
SCATTER = 0.3  # of made-up predictions around the votes, in the logarithm of a share
CHUNK = 50_000  # galaxies of a chunk of predictions


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say what the catalogue is made of."""
    parser.add_argument("--galaxies", type=int, default=GALAXIES, metavar="N", help="(%(default)s)")
    parser.add_argument(
        "--data", default="sample", metavar="DIR", help="galaxies whose pictures and votes are taken (%(default)s)"
    )


def read_page_flags(description: str, arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line of a benchmark of a page."""
    parser = argparse.ArgumentParser(description=description)
    add_flags(parser)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="make the catalogue there, or take the one there")
    return parser.parse_args(arguments)


@contextlib.contextmanager
def first_source(flags: argparse.Namespace) -> Iterator[Path]:
    """Make a catalogue with predictions and have the app open it first, with a cache of its own; give its folder."""
    logging.disable(logging.WARNING)  # Streamlit misses its server at every call
    with tempfile.TemporaryDirectory() as temporary:
        folder = flags.keep or Path(temporary) / "survey"
        places = {"XDG_CACHE_HOME": f"{temporary}/cache", "GALAXY_EXPLORER_DATA": str(folder)}
        with mock.patch.dict(os.environ, places):
            make(folder, flags)
            yield folder


def make(folder: Path, flags: argparse.Namespace) -> None:
    """Make a catalogue with predictions in a process of its own, so that torch does not count as the caller's memory."""
    what = [folder, "--galaxies", flags.galaxies, "--data", flags.data, "--predicted"]
    subprocess.run([sys.executable, __file__, *map(str, what)], check=True)


def read_flags(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Make a catalogue of survey size, and predictions of it.")
    parser.add_argument("folder", type=Path, help="where it is made, or is already")
    add_flags(parser)
    parser.add_argument(
        "--predicted", action="store_true", help="keep made-up predictions in the user's cache, where the app looks"
    )
    return parser.parse_args(arguments)


def write_survey(folder: Path, origin: Catalogue, count: int) -> None:
    """Fill a new folder with links to a catalogue's pictures under ids of their own, and with scores for all.

    The votes are those of the galaxies, shaken a little, so that hardly two are alike; they obey the tree.
    """
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    voted = origin.table[np.isfinite(origin.volunteer_fractions).all(axis=1)]
    drawn = voted.iloc[random.integers(0, len(voted), count)]
    shaken = np.log(random.uniform(0.8, 1.2, (count, len(COLUMNS))))
    ids = pd.Index([f"{number:018}" for number in range(count)], name="GalaxyID")
    votes = _shaken(drawn[list(COLUMNS)].to_numpy(dtype=float), shaken, least=1e-4)
    pd.DataFrame(votes, ids, list(COLUMNS)).to_csv(folder / "scores.csv", float_format="%.6f")
    root = origin.root.resolve()
    for galaxy_id, name in zip(ids, drawn["picture"], strict=True):
        os.symlink(root / name, folder / f"{galaxy_id}.jpg")


def write_predictions(galaxies: Catalogue) -> None:
    """Keep made-up predictions of all galaxies, with spread, by each network, as the app's worker would in hours.

    They scatter around the votes, and obey the tree.
    """
    from galaxy_explorer.app.services import prediction_jobs
    from galaxy_explorer.models.checkpoints import available
    from galaxy_explorer.prediction import PredictionStore, cached
    from galaxy_explorer.prediction.stream import Batch

    for seed, (network, weights) in enumerate(sorted(available().items())):
        random = np.random.default_rng(seed)
        store = PredictionStore(prediction_jobs.store_of(galaxies, network), prediction_jobs.network_key(network))
        if store.path.exists():
            continue
        cached.write_manifest(store.path, galaxies, network, weights)
        for start in range(0, len(galaxies), CHUNK):
            votes = galaxies.volunteer_fractions[start : start + CHUNK].astype(float)
            made_up = _shaken(votes, random.normal(0, SCATTER, votes.shape), least=1e-3)
            spread = 0.02 + 0.15 * np.sqrt(made_up * (1 - made_up))
            ids = galaxies.ids[start : start + CHUNK]
            store.add([Batch(ids, made_up.astype(np.float32), spread.astype(np.float32), {})])
        store.finish()


def _shaken(fractions: np.ndarray, by: np.ndarray, least: float) -> np.ndarray:
    """Add to the logarithms of the shares, each of which is at least so large, and give the vote fractions."""
    shares = shares_from_fractions(fractions)
    shares = (np.where(np.isnan(shares), 0.0, shares) + least) * np.exp(by)
    for where in SLICES.values():
        shares[:, where] /= shares[:, where].sum(axis=1, keepdims=True)
    return fractions_from_shares(shares)


def main(arguments: list[str] | None = None) -> None:
    """Make what is not there yet."""
    flags = read_flags(arguments)
    logging.disable(logging.WARNING)  # Streamlit misses its server
    if not flags.folder.exists():
        write_survey(flags.folder, open_catalogue(flags.data), flags.galaxies)
    if flags.predicted:
        write_predictions(open_catalogue(flags.folder))


if __name__ == "__main__":
    main()

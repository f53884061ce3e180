"""The app as a server, with galaxies to open: drawn, with votes and predictions."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ends import around

from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.images import to_png

ROOT = Path(__file__).parents[2]
START_SECONDS = 60
GALAXIES, PREDICTED = 400, 60  # one network has more galaxies left than it can predict before a test presses a button


@contextmanager
def served(cache: Path, **settings: str) -> Iterator[str]:
    """Start the app with a cache of its own, and yield its URL."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if name != "GALAXY_EXPLORER_DATA"}
    environment |= {"XDG_CACHE_HOME": str(cache), "XDG_DATA_HOME": str(cache / "data"), **settings}
    command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}", "--server.headless=true"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as server:
        url = f"http://localhost:{port}"
        try:
            _wait(f"{url}/_stcore/health")
            yield url
        finally:
            server.terminate()


def _wait(url: str) -> None:
    """Wait until the server answers."""
    for _ in range(START_SECONDS * 5):
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"the app did not answer at {url} within {START_SECONDS} s")


def draw_survey(folder: Path, cache: Path, draw_galaxy: Callable, random_fractions: Callable) -> None:
    """Make a folder of drawn galaxies with votes, and a cache with predictions of all or few."""
    from galaxy_explorer.app.services import networks, prediction_jobs, sources
    from galaxy_explorer.prediction import Batch, PredictionStore

    folder.mkdir()
    pictures = [to_png(draw_galaxy(seed)) for seed in range(8)]
    ids = [f"g{i:03}" for i in range(GALAXIES)]
    for i, galaxy_id in enumerate(ids):
        (folder / f"{galaxy_id}.png").write_bytes(pictures[i % len(pictures)])
    votes = random_fractions(GALAXIES)
    pd.DataFrame(votes, columns=list(COLUMNS), index=pd.Index(ids, name="GalaxyID")).to_csv(folder / "scores.csv")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_CACHE_HOME", str(cache))
        catalogue = sources.open_source(str(folder))
        for name, count in zip(networks.networks(), (PREDICTED, GALAXIES), strict=True):
            store = PredictionStore(prediction_jobs.store_of(catalogue, name), prediction_jobs.network_key(name))
            store.path.parent.mkdir(parents=True, exist_ok=True)
            noise = np.random.default_rng(count).normal(0, 0.1, size=(count, len(COLUMNS)))
            fractions = np.clip(votes[:count] + noise, 0, 1).astype(np.float32)
            store.add([Batch(ids[:count], fractions, around(fractions, 0.1), {})])

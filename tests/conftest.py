"""Galaxies for the tests: the bundled sample, folders made from it, small drawn pictures."""

import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

# Before numpy and torch are imported, here and in what the tests start: on a busy machine, threads of small matrices
# and the tests' tiny networks would wait for one another far longer than they compute.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

from galaxy_explorer.catalogue import Catalogue, open_catalogue
from galaxy_explorer.decision_tree import COLUMNS, SLICES, columns_of, fractions_from_shares
from galaxy_explorer.images import to_png

ROOT = Path(__file__).parent.parent
BROWSER = "tests/browser"

# The machines that run the tests differ in speed: a slow example is no failure. The same examples each time.
settings.register_profile("galaxy_explorer", deadline=None, derandomize=True)
settings.load_profile("galaxy_explorer")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out the tests that ask real services, unless a person wants them: others' servers are not for every run."""
    if os.environ.get("GALAXY_EXPLORER_NETWORK") != "1":
        reason = "this test asks real services over the internet: set GALAXY_EXPLORER_NETWORK=1 to run it"
        for item in items:
            if item.get_closest_marker("network"):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Return a scheduler as ``--dist loadfile`` that runs the browser's files in one process, first.

    Each process that had one of them would start a server, load the networks in it, and start a Chromium.
    """
    from xdist.scheduler import LoadFileScheduling

    class BrowserInOneProcess(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return BROWSER if nodeid.startswith(f"{BROWSER}/") else super()._split_scope(nodeid)

        def _assign_work_unit(self, node: Any) -> None:
            if BROWSER in self.workqueue:
                self.workqueue.move_to_end(BROWSER, last=False)
            super()._assign_work_unit(node)

    return BrowserInOneProcess(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real galaxies that is kept beside the project, never in it."""
    path = ROOT.parent / "shared" / "data"
    if not (path / "kaggle" / "training_solutions_rev1.csv").is_file():
        pytest.skip(
            "this test reads the Galaxy Challenge, whose pictures and scores are not part of the project: "
            "put its files in ../shared/data/kaggle to run it"
        )
    return path


@pytest.fixture(scope="session")
def sample() -> Catalogue:
    """The bundled sample: nine real galaxies, six of them with scores."""
    return open_catalogue("sample")


@pytest.fixture(scope="session")
def draw_galaxy() -> Callable[..., np.ndarray]:
    """A function that draws a tilted blob of light on noise, (H, W, 3) uint8; the same for the same seed."""

    def draw(seed: int = 0, height: int = 64, width: int = 64) -> np.ndarray:
        random = np.random.default_rng(seed)
        rows, columns = np.mgrid[0:height, 0:width]
        y, x = rows - (height - 1) / 2, columns - (width - 1) / 2
        angle, ratio = random.uniform(0, np.pi), random.uniform(0.3, 1)
        along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        light = np.exp(-np.hypot(along, across / ratio) / (0.12 * min(height, width)))
        colours = random.uniform(120, 230, size=3)
        noise = random.uniform(0, 20, size=(height, width, 3))
        return np.clip(light[..., np.newaxis] * colours + noise, 0, 255).astype(np.uint8)

    return draw


@pytest.fixture(scope="session")
def picture(draw_galaxy: Callable[..., np.ndarray]) -> np.ndarray:
    """One drawn galaxy, 64×64."""
    return draw_galaxy(0)


@pytest.fixture
def kaggle_folder(tmp_path: Path, sample: Catalogue) -> Path:
    """The challenge's layout with the sample's pictures: 14 training galaxies (the last two with a partial
    table), 3 test galaxies without scores, and a validation.txt that names the first three."""
    folder = tmp_path / "challenge"
    voted = sample.table[sample.table[COLUMNS[0]].notna()]
    ids = [str(200_001 + n) for n in range(14)]
    rows = pd.concat([voted] * 3).iloc[: len(ids)]
    (folder / "images_training_rev1").mkdir(parents=True)
    (folder / "images_test_rev1").mkdir()
    for galaxy, name in zip(ids, rows["picture"], strict=True):
        shutil.copyfile(sample.root / name, folder / "images_training_rev1" / f"{galaxy}.jpg")
    for n, name in enumerate(sample.table.loc[sample.table[COLUMNS[0]].isna(), "picture"]):
        shutil.copyfile(sample.root / name, folder / "images_test_rev1" / f"{300_001 + n}.jpg")
    scores = pd.DataFrame(
        rows[list(COLUMNS)].to_numpy(), columns=list(COLUMNS), index=pd.Index(ids, name="GalaxyID")
    ).round(9)
    partly = [name for question in (1, 2, 6, 7, 8) for name in columns_of(question)]
    scores.iloc[:12].to_csv(folder / "training_solutions_rev1.csv")
    scores.iloc[12:][partly].to_csv(folder / "training_solutions_partial.csv")
    (folder / "validation.txt").write_text("\n".join(ids[:3]) + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def picture_folder(tmp_path: Path, draw_galaxy: Callable[..., np.ndarray]) -> Path:
    """A plain folder of four pictures with ids that are easily spoilt."""
    path = tmp_path / "galaxies"
    path.mkdir()
    for seed, name in enumerate(["0012.png", "587726016142835881.PNG", "NA.png", "a b.c.png"]):
        (path / name).write_bytes(to_png(draw_galaxy(seed)))
    (path / "notes.txt").write_text("not a picture", encoding="utf-8")
    (path / "._0012.png").write_bytes(b"what a Mac leaves behind")
    return path


@pytest.fixture
def picture_zip(tmp_path: Path, picture_folder: Path) -> Path:
    """The same as a zip file, the pictures in a folder of it."""
    path = tmp_path / "galaxies.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for file in picture_folder.iterdir():
            packed.write(file, f"pictures/{file.name}")
        packed.writestr("__MACOSX/pictures/0012.png", b"what a Mac leaves behind")
    return path


@pytest.fixture(scope="session")
def random_fractions() -> Callable[..., np.ndarray]:
    """A function that draws vote fractions which obey the tree, (count, 37) float64."""

    def draw(count: int, seed: int = 0) -> np.ndarray:
        random = np.random.default_rng(seed)
        shares = random.uniform(0.01, 1, size=(count, len(COLUMNS)))
        for where in SLICES.values():
            shares[:, where] /= shares[:, where].sum(axis=1, keepdims=True)
        return fractions_from_shares(shares)

    return draw


@pytest.fixture
def sky_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Fake server of all services of the sky, with an empty cache and a client that retries at once."""
    from sky_server import SkyServer

    from galaxy_explorer.sky import HttpClient, Limits, services

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with SkyServer() as server:
        client = HttpClient(services.HOSTS, server.address, Limits(backoff_s=0, max_retry_after_s=0.2))
        monkeypatch.setattr(services, "client", lambda: client)
        yield server


@pytest.fixture
def short_timeouts(sky_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A timeout of 0.2 s for every request, as long as the fake server has a fault."""
    from galaxy_explorer.sky import services

    client = services.client()
    get = client.get

    def get_soon(url: str, *, timeout_s: float, **options: Any) -> bytes:
        return get(url, timeout_s=0.2 if sky_server.faults else timeout_s, **options)

    monkeypatch.setattr(client, "get", get_soon)


# Of the tests of training. They import torch, which other tests can do without.
@pytest.fixture
def one_thread() -> Iterator[None]:
    """One thread of torch for as long as a test runs."""
    from tiny_training import in_one_thread

    yield from in_one_thread()


@pytest.fixture
def galaxies(draw_galaxy: Callable[..., np.ndarray], random_fractions: Callable[..., np.ndarray]) -> Any:
    """A training set of twelve drawn galaxies."""
    from tiny_training import tiny_training_set

    return tiny_training_set(draw_galaxy, random_fractions)


@pytest.fixture
def trained(galaxies: Any, tmp_path: Path) -> Callable[..., Any]:
    """A function that trains a recipe in a folder and returns the run."""
    from tiny_training import CPU, TINY

    from galaxy_explorer.training import Run, fit

    def train(recipe: Any = TINY, folder: str = "run", resume: bool = False, **options: Any) -> Any:
        run = Run(recipe, galaxies, CPU, tmp_path / folder, **options)
        if resume:
            assert run.resume()
        fit(run, quiet=True)
        return run

    return train

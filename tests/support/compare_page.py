"""Compare without a browser, with tiny networks: what its tests share."""

from collections.abc import Callable, Iterator
from pathlib import Path

import app_page
import numpy as np
import pandas as pd
import pytest
import torch
from app_page import ROOT, SECONDS, press, texts
from ends import around
from streamlit.testing.v1 import AppTest
from tiny_prediction import WIDTHS, tiny_card

from galaxy_explorer.app.panel import shown_galaxy  # noqa: F401, it binds `network`: not while that is replaced
from galaxy_explorer.app.services import networks, prediction_jobs, sources
from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.decision_tree import COLUMNS, QUESTIONS
from galaxy_explorer.images import to_png
from galaxy_explorer.models import Model, checkpoints
from galaxy_explorer.models import networks as models_networks
from galaxy_explorer.models.card import Validation
from galaxy_explorer.prediction import Batch, PredictionStore

NETWORKS = ("first", "second")


def two_tiny_networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The checkpoints of two tiny networks, with validation errors on their cards."""
    folder, found = tmp_path_factory.mktemp("weights"), {}
    by_question = {question.number: 0.1 for question in QUESTIONS}
    validation = Validation(600, 0.1234, by_question, 0.2, by_question)
    for seed, name in enumerate(NETWORKS):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            network = models_networks.build("fcn", widths=WIDTHS)
        found[name] = folder / f"{name}.pt"
        card = tiny_card(training_mean=[0.3] * len(COLUMNS), validation=validation)
        checkpoints.save(found[name], Model(network, card))
    return found


def sixty_drawn(tmp_path_factory: pytest.TempPathFactory, draw_galaxy: Callable, random_fractions: Callable) -> Path:
    """A folder of sixty drawn galaxies with votes."""
    folder = tmp_path_factory.mktemp("drawn") / "many"
    folder.mkdir()
    ids = [f"copy{i}" for i in range(60)]
    for i, galaxy_id in enumerate(ids):
        (folder / f"{galaxy_id}.png").write_bytes(to_png(draw_galaxy(i % 6, 32, 32)))
    scores = pd.DataFrame(random_fractions(len(ids)), columns=list(COLUMNS), index=pd.Index(ids, name="GalaxyID"))
    scores.round(6).to_csv(folder / "scores.csv")
    return folder


def app_with_two(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, weights: dict[str, Path], many: Path
) -> Iterator[AppTest]:
    """The app with an empty cache, two tiny networks and a folder of sixty galaxies."""
    monkeypatch.setenv("GALAXY_EXPLORER_DATA", str(many))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    loaded = {name: checkpoints.load(path) for name, path in weights.items()}
    monkeypatch.setattr(checkpoints, "available", lambda: weights)
    monkeypatch.setattr(networks, "networks", lambda: list(NETWORKS))
    monkeypatch.setattr(networks, "cards", lambda: {name: checkpoints.read_card(weights[name]) for name in NETWORKS})
    monkeypatch.setattr(networks, "unreadable_networks", list)
    monkeypatch.setattr(networks, "network", lambda name: loaded[name])
    worker = prediction_jobs.Worker()
    monkeypatch.setattr(prediction_jobs, "worker", lambda: worker)
    yield AppTest.from_file(str(ROOT / "app.py"), default_timeout=SECONDS)
    for job in worker.jobs.values():
        job.stop.set()


def opened(app: AppTest) -> AppTest:
    """Open Compare, without an exception."""
    return app_page.opened(app, "compare")


def labels(app: AppTest) -> set[str]:
    """The labels of all buttons."""
    return {button.label for button in app.button}


def wait_for(app: AppTest, is_there: Callable[[], bool]) -> None:
    """Run a page again, as a browser does, after the jobs, until something is there."""
    for _ in range(2):
        for job in [] if is_there() else list(prediction_jobs.worker().jobs.values()):
            assert job.ended.wait(SECONDS)
        app.run()
    assert not app.exception
    assert is_there()


def headings(app: AppTest) -> list[str]:
    """The headings of the sections."""
    return [heading.value for heading in app.subheader]


def predict_at_once(where: Path | str, but: int = 0) -> Catalogue:
    """Write predictions of all galaxies but the last few into the stores of both networks."""
    catalogue = sources.open_source(str(where))
    ids = catalogue.ids[: len(catalogue) - but]
    votes = np.nan_to_num(catalogue.volunteer_fractions[: len(ids)], nan=0.2)
    for number, name in enumerate(NETWORKS):
        path, key = prediction_jobs.store_of(catalogue, name), prediction_jobs.network_key(name)
        store = PredictionStore(path, key, embeddings=True)
        store.path.parent.mkdir(parents=True, exist_ok=True)
        fractions = np.clip(votes + 0.1 * number, 0, 1)
        embeddings = np.ones((len(ids), WIDTHS[-1]), np.float16)
        store.add([Batch(ids, fractions, around(fractions, 0.05), {}, embeddings=embeddings)])
        if not but:
            store.finish()
    return catalogue


__all__ = [
    "NETWORKS",
    "SECONDS",
    "app_with_two",
    "headings",
    "labels",
    "opened",
    "predict_at_once",
    "press",
    "sixty_drawn",
    "texts",
    "two_tiny_networks",
    "wait_for",
]

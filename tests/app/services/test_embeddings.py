"""Embeddings of an open catalogue, which all visitors share and which grow while a job predicts."""

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from tiny_prediction import tiny_model, write_pictures, write_tiny_weights
from tiny_training import in_one_thread

from galaxy_explorer.app.services import embeddings, networks, prediction_jobs
from galaxy_explorer.app.services.embeddings import embeddings_of
from galaxy_explorer.app.services.prediction_jobs import Worker
from galaxy_explorer.app.ui import predicting
from galaxy_explorer.app.ui.predicting import missing_galaxies
from galaxy_explorer.catalogue import Catalogue, open_catalogue
from galaxy_explorer.models import checkpoints
from galaxy_explorer.prediction import Embeddings, cached, open_embeddings, predict_catalogue

SECONDS = 60  # at most; the tests wait for events, not for times
TINY = "tiny"

one_thread = pytest.fixture(scope="module", autouse=True)(in_one_thread)


@pytest.fixture
def catalogue(tmp_path: Path, draw_galaxy: Callable[..., np.ndarray], monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    """Forty drawn galaxies, a tiny network for them, and an empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    loaded, weights = tiny_model(), Path(write_tiny_weights(tmp_path))
    monkeypatch.setattr(checkpoints, "available", lambda: {TINY: weights})
    monkeypatch.setattr(networks, "network", lambda name: loaded)
    return open_catalogue(write_pictures(tmp_path / "galaxies", [draw_galaxy(seed, 32, 32) for seed in range(4)] * 10))


def test_embeddings_of_a_catalogue_grow_with_its_jobs(catalogue: Catalogue) -> None:
    assert embeddings_of(catalogue, TINY) is None
    worker = Worker()
    assert worker.submit(catalogue, catalogue.ids[5:15], TINY).ended.wait(SECONDS)
    some = embeddings_of(catalogue, TINY)
    assert some is not None
    assert some.rows.tolist() == list(range(5, 15))
    assert embeddings_of(catalogue, TINY) is some
    assert embeddings_of(catalogue, "another network") is None
    assert worker.submit(catalogue, catalogue.ids, TINY).ended.wait(SECONDS)
    whole = embeddings_of(catalogue, TINY)
    assert whole is not None
    assert len(whole) == 40
    assert isinstance(whole.vectors, np.memmap)
    np.testing.assert_array_equal(whole.vectors[5:15], some.vectors)
    assert embeddings_of(catalogue, TINY) is whole


def offered(galaxies: str, network: str) -> None:
    from galaxy_explorer.app.ui.predicting import offer_predictions
    from galaxy_explorer.catalogue import open_catalogue

    offer_predictions(open_catalogue(galaxies), network, embeddings=True)


def test_a_job_makes_the_embeddings_that_an_earlier_version_did_not(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: Future[float] = Future()
    measured.set_result(0.5)
    monkeypatch.setattr(prediction_jobs, "timing", lambda name: measured)
    monkeypatch.setattr(networks, "names", lambda: [TINY])
    store = prediction_jobs.store_of(catalogue, TINY)
    cached.write_manifest(store, catalogue, TINY, checkpoints.available()[TINY])
    predict_catalogue(networks.network(TINY), catalogue, store=store)
    assert embeddings_of(catalogue, TINY) is None
    assert missing_galaxies(catalogue, TINY) == ([], {})
    assert missing_galaxies(catalogue, TINY, embeddings=True) == (catalogue.ids, {})
    page = AppTest.from_function(offered, args=(str(catalogue.root), TINY)).run()
    assert [caption.value for caption in page.caption] == [
        "40 galaxies were predicted by an earlier version, without embeddings."
    ]
    assert [button.label for button in page.button] == ["Predict 40 galaxies (about 20 seconds, once)"]
    some = Embeddings(TINY, np.arange(15, dtype=np.int32), np.zeros((15, 8), np.float16))
    with monkeypatch.context() as stopped:
        stopped.setattr(predicting, "embeddings_of", lambda *_: some)
        assert [caption.value for caption in page.run().caption] == [
            "25 galaxies were predicted by an earlier version, without embeddings."
        ]
    job = Worker().submit(catalogue, catalogue.ids, TINY)
    assert job.ended.wait(SECONDS)
    assert (job.error, job.done) == ("", 40)
    found = embeddings_of(catalogue, TINY)
    assert found is not None
    assert len(found) == 40
    assert missing_galaxies(catalogue, TINY, embeddings=True) == ([], {})
    assert not page.run().button


def test_a_table_that_is_finished_while_it_is_read_is_read_again(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, calls = Worker(), []
    assert worker.submit(catalogue, catalogue.ids[:10], TINY).ended.wait(SECONDS)

    def finished_first(*given: object) -> object:
        calls.append(given)
        if len(calls) == 1:
            assert worker.submit(catalogue, catalogue.ids, TINY).ended.wait(SECONDS)
        return open_embeddings(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(embeddings, "open_embeddings", finished_first)
    found = embeddings_of(catalogue, TINY)
    assert found is not None
    assert len(found) == 40
    assert len(calls) == 2

"""Prediction jobs: one per catalogue and network, shared, extended, stopped by who may."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from tiny_prediction import tiny_model, write_pictures, write_tiny_weights
from tiny_training import in_one_thread

from galaxy_explorer.app.services import networks, prediction_jobs
from galaxy_explorer.app.services.local_paths import OPEN_FOLDERS
from galaxy_explorer.app.services.prediction_jobs import PredictionJob, Status, Worker
from galaxy_explorer.catalogue import Catalogue, open_catalogue
from galaxy_explorer.models import checkpoints
from galaxy_explorer.models.checkpoints import CheckpointError
from galaxy_explorer.prediction import PredictionStore
from galaxy_explorer.storage import evict_prediction_tables

SECONDS = 60  # at most; the tests wait for events, not for times
TINY = "tiny"  # what the network is called
MEASURED = prediction_jobs.timing  # before it is replaced for all tests of the app

one_thread = pytest.fixture(scope="module", autouse=True)(in_one_thread)


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A tiny network instead of those in weights/, an empty cache, and no start option."""
    monkeypatch.delenv(OPEN_FOLDERS, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    loaded = tiny_model()
    monkeypatch.setattr(checkpoints, "available", lambda: {TINY: Path(write_tiny_weights(tmp_path))})
    monkeypatch.setattr(networks, "network", lambda name: loaded)


@pytest.fixture
def catalogue(tmp_path: Path, draw_galaxy: Callable[..., np.ndarray]) -> Catalogue:
    """Seventy drawn galaxies: three batches."""
    return open_catalogue(write_pictures(tmp_path / "galaxies", [draw_galaxy(seed, 32, 32) for seed in range(7)] * 10))


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """An event before which the worker loads no network."""
    opened, load = threading.Event(), networks.network

    def wait(name: str) -> object:
        assert opened.wait(SECONDS)
        return load(name)

    key = prediction_jobs.network_key(TINY)
    monkeypatch.setattr(prediction_jobs, "network_key", lambda name: key)
    monkeypatch.setattr(networks, "network", wait)
    yield opened
    opened.set()


def held(job: PredictionJob) -> int:
    """Number of galaxies in the store of a job."""
    return len(PredictionStore(job.store, prediction_jobs.network_key(TINY)).read().fractions)


def test_a_job_ends_with_its_galaxies_in_the_store_of_the_catalogue(catalogue: Catalogue) -> None:
    worker = Worker()
    job = worker.submit(catalogue, catalogue.ids[:40], TINY)
    assert job.ended.wait(SECONDS)
    assert (job.error, job.done, job.status, held(job)) == ("", 40, Status.FINISHED, 40)
    assert not job.store.exists()  # thirty are still missing
    rest = worker.submit(catalogue, catalogue.ids, TINY)
    assert rest.ended.wait(SECONDS)
    assert rest.store == job.store
    assert rest.store.is_file()
    assert held(rest) == 70
    assert worker.find(catalogue, TINY) is None


def test_a_stopped_job_keeps_what_is_done_and_can_be_resumed(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop_after_the_first_batch(job: PredictionJob, done: int, total: int) -> None:
        job.stop.set()

    worker, progress = Worker(), PredictionJob.progress
    with monkeypatch.context() as patched:
        patched.setattr(PredictionJob, "progress", stop_after_the_first_batch)
        job = worker.submit(catalogue, catalogue.ids, TINY)
        assert job.ended.wait(SECONDS)
    assert (job.error, job.status, held(job)) == ("", Status.STOPPED, 32)
    seen = []
    monkeypatch.setattr(
        PredictionJob, "progress", lambda job, done, total: (seen.append(done), progress(job, done, total))
    )
    again = worker.submit(catalogue, catalogue.ids, TINY)
    assert again is not job
    assert again.ended.wait(SECONDS)
    assert seen == [64, 70]  # the first 32 were not predicted again
    assert held(again) == 70


def test_visitors_share_one_job_which_is_extended_by_other_galaxies(
    catalogue: Catalogue, gate: threading.Event
) -> None:
    worker = Worker()
    job = worker.submit(catalogue, catalogue.ids[:40], TINY, "me")
    assert worker.submit(catalogue, catalogue.ids[5:9], TINY, "you") is job  # these are among them
    assert len(job.ids) == 40
    assert worker.submit(catalogue, catalogue.ids[30:50], TINY, "them") is job
    assert worker.find(catalogue, TINY) is job
    assert (sorted(job.ids), job.started_by) == (catalogue.ids[:50], "me")
    gate.set()
    assert job.ended.wait(SECONDS)
    assert (held(job), job.done) == (50, 50)


def test_a_running_job_predicts_the_galaxies_that_were_added(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, progress = Worker(), PredictionJob.progress

    def add_others(job: PredictionJob, done: int, total: int) -> None:
        progress(job, done, total)
        assert worker.submit(catalogue, catalogue.ids, TINY, "you") is job

    monkeypatch.setattr(PredictionJob, "progress", add_others)
    job = worker.submit(catalogue, catalogue.ids[:10], TINY, "me")
    assert job.ended.wait(SECONDS)
    assert (held(job), job.done, len(job.ids)) == (70, 70, 70)


def watched(galaxies: str, network: str) -> None:
    import numpy as np

    from galaxy_explorer.app.compare import comparison as compare_comparison
    from galaxy_explorer.app.compare import progress
    from galaxy_explorer.catalogue import open_catalogue

    catalogue = open_catalogue(galaxies)
    rows = np.arange(len(catalogue))
    comparison = compare_comparison.compare(catalogue, rows, compare_comparison.origins_of(catalogue, [network], {}))
    progress.show_predictions(catalogue, comparison, len(rows))


def test_only_the_visitor_who_started_a_job_or_the_host_can_stop_it(
    catalogue: Catalogue, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prediction_jobs, "seconds_per_galaxy", lambda name: 1.0)
    prediction_jobs.worker.clear()
    worker = prediction_jobs.worker()
    arguments = (str(catalogue.root), TINY)
    job = worker.submit(catalogue, catalogue.ids, TINY, "another visitor")
    page = AppTest.from_function(watched, args=arguments).run()
    assert not page.button  # the job is shown to all
    assert any("Another visitor" in caption.value for caption in page.caption)
    monkeypatch.setenv(OPEN_FOLDERS, "1")  # on the host
    page.run().button[0].click().run()
    assert job.stop.is_set()
    monkeypatch.delenv(OPEN_FOLDERS)
    mine = worker.submit(catalogue, catalogue.ids, TINY)
    page = AppTest.from_function(watched, args=arguments)
    monkeypatch.setattr(prediction_jobs, "session_id", lambda: mine.started_by)
    page.run().button[0].click().run()
    assert mine.stop.is_set()
    gate.set()
    assert mine.ended.wait(SECONDS)  # its thread would disturb the next test's random weights


def test_a_stopped_job_can_be_started_again_before_it_ends(catalogue: Catalogue, gate: threading.Event) -> None:
    worker = Worker()
    job = worker.submit(catalogue, catalogue.ids, TINY, "me")
    job.stop.set()
    again = worker.submit(catalogue, catalogue.ids, TINY, "me")
    assert again is not job
    gate.set()
    assert again.ended.wait(SECONDS)
    assert (job.status, held(again)) == (Status.STOPPED, 70)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (CheckpointError("the weights are damaged; fetch them again"), "the weights are damaged; fetch them again"),
        (KeyError("surprise"), "unexpected error (KeyError)"),
    ],
)
def test_a_failed_job_has_a_reason_and_does_not_stop_the_worker(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    prediction_jobs.network_key(TINY)  # known before the loading fails
    worker = Worker()

    def fail(name: str) -> object:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(networks, "network", fail)
        job = worker.submit(catalogue, catalogue.ids, TINY)
        assert job.ended.wait(SECONDS)
    assert said in job.error
    assert job.status == Status.FAILED
    assert worker.find(catalogue, TINY) is job  # so that a page can show it
    again = worker.submit(catalogue, catalogue.ids, TINY)
    assert again.ended.wait(SECONDS)
    assert (again.error, held(again)) == ("", 70)


def test_a_cache_that_cannot_be_written_is_named_with_what_to_do(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("-")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    job = Worker().submit(catalogue, catalogue.ids, TINY)
    assert job.ended.wait(SECONDS)
    assert f"{tmp_path / 'file'}/galaxy-explorer/predictions, which cannot be used (Not a directory)" in job.error
    assert "XDG_CACHE_HOME" in job.error


def test_the_number_of_failed_jobs_is_bounded(
    tmp_path: Path, draw_galaxy: Callable[..., np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    prediction_jobs.network_key(TINY)
    monkeypatch.setattr(prediction_jobs, "MAX_FAILED", 2)
    monkeypatch.setattr(networks, "network", lambda name: (_ for _ in ()).throw(OSError("no disk")))
    worker = Worker()
    for seed in range(4):
        catalogue = open_catalogue(write_pictures(tmp_path / f"catalogue{seed}", [draw_galaxy(seed, 32, 32)]))
        assert worker.submit(catalogue, catalogue.ids, TINY).ended.wait(SECONDS)
    assert [job.catalogue.name for job in worker.jobs.values()] == ["catalogue2", "catalogue3"]


def test_the_time_left_is_estimated_since_the_first_batch(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = PredictionJob(catalogue, catalogue.ids, TINY, Path("store.parquet"), "me")
    clock = iter([100.0, 110.0])
    monkeypatch.setattr(prediction_jobs.time, "monotonic", lambda: next(clock))
    assert job.seconds_left is None
    job.progress(50, 70)  # an earlier run had done 40 of them: they do not count
    assert job.seconds_left is None
    job.progress(60, 70)
    assert job.seconds_left == pytest.approx(10.0)


def test_the_oldest_stores_are_evicted_with_all_their_files(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = prediction_jobs.store_of(catalogue, TINY).parent
    folder.mkdir(parents=True)
    for age, store in enumerate(["new", "old", "older", "oldest"]):
        names = [f"{store}.parquet", f"{store}.parquet.failed.csv", f".{store}.parquet.12"]
        for path in [folder / name for name in names] + [folder / f"{store}.parquet.partial"]:
            path.mkdir() if path.suffix == ".partial" else path.write_bytes(b"")
            os.utime(path, (1000 - age, 1000 - age))
        (folder / f".{store}.parquet.partial.12").mkdir()
        os.utime(folder / f".{store}.parquet.partial.12", (1000 - age, 1000 - age))
    monkeypatch.setattr(prediction_jobs, "MAX_PREDICTION_TABLES", 2)
    worker = Worker()
    job = worker.submit(catalogue, catalogue.ids[:5], TINY)
    assert job.ended.wait(SECONDS)
    left = {path.name.lstrip(".").partition(".")[0] for path in folder.iterdir()}
    assert left == {job.store.stem, "new"}
    assert len([path for path in folder.iterdir() if "new" in path.name]) == 5
    assert held(job) == 5


@pytest.mark.parametrize("damaged", ["{}", "{}.partial/000000-00000-000000-1.parquet"])
def test_a_damaged_table_is_made_again(catalogue: Catalogue, damaged: str) -> None:
    store = prediction_jobs.store_of(catalogue, TINY)
    path = store.parent / damaged.format(store.name)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"PAR1, and cut short")
    job = Worker().submit(catalogue, catalogue.ids[:5], TINY)
    assert job.ended.wait(SECONDS)
    assert not job.error
    assert held(job) == 5


def test_no_store_that_is_being_written_is_evicted(tmp_path: Path) -> None:
    for age, store in enumerate(["new", "old", "older"]):
        (tmp_path / f"{store}.parquet").write_bytes(b"")
        os.utime(tmp_path / f"{store}.parquet", (1000 - age, 1000 - age))
    evict_prediction_tables(tmp_path, 1, {tmp_path / "older.parquet"})
    assert {path.stem for path in tmp_path.iterdir()} == {"new", "older"}


def test_a_job_is_found_without_loading_its_network(
    catalogue: Catalogue, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = Worker()
    job = worker.submit(catalogue, catalogue.ids[:3], TINY)
    monkeypatch.setattr(prediction_jobs, "store_of", None)
    assert worker.find(open_catalogue(catalogue.root), TINY) is job
    assert worker.find(catalogue, "another") is None
    assert worker.find(catalogue.rows(np.arange(3)), TINY) is None
    gate.set()
    assert job.ended.wait(SECONDS)


def test_the_speed_of_a_network_is_measured_in_the_background(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = threading.Event()
    monkeypatch.setattr(prediction_jobs, "seconds_per_galaxy", lambda name: 0.5 if measured.wait(SECONDS) else 0.0)
    timed = MEASURED(TINY)
    assert not timed.done()
    measured.set()
    assert timed.result(SECONDS) == 0.5
    assert MEASURED(TINY) is timed
    MEASURED.clear()

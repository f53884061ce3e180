"""Tests of the background worker that predicts galaxies."""

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
from galaxy_explorer.app.services.prediction_jobs import Job, Worker
from galaxy_explorer.catalogue import Catalogue, open_catalogue
from galaxy_explorer.models import checkpoints
from galaxy_explorer.models.checkpoints import CheckpointError
from galaxy_explorer.prediction import PredictionStore
from galaxy_explorer.storage import evict_prediction_tables

SECONDS = 60  # at most; the tests wait for events, not for times
TINY = "tiny"  # what the network is called

one_thread = pytest.fixture(scope="module", autouse=True)(in_one_thread)


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A tiny network in place of those in weights/, and a cache of the test's own."""
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
    """Holds the worker back before it loads a network, until the event is set."""
    opened, load = threading.Event(), networks.network

    def wait(name: str) -> object:
        assert opened.wait(SECONDS)
        return load(name)

    key = prediction_jobs.network_key(TINY)
    monkeypatch.setattr(prediction_jobs, "network_key", lambda name: key)
    monkeypatch.setattr(networks, "network", wait)
    yield opened
    opened.set()


def held(job: Job) -> int:
    """The galaxies that a job's store holds."""
    return len(PredictionStore(job.store, prediction_jobs.network_key(TINY)).read().fractions)


def test_a_job_ends_with_its_galaxies_in_the_store_of_the_catalogue(catalogue: Catalogue) -> None:
    worker = Worker()
    job = worker.submit(catalogue, catalogue.ids[:40], TINY)
    assert job.finished.wait(SECONDS)
    assert (job.error, job.done, held(job)) == ("", 40, 40)
    assert not job.store.exists()  # thirty are still to come
    rest = worker.submit(catalogue, catalogue.ids, TINY)
    assert rest.finished.wait(SECONDS)
    assert rest.store == job.store
    assert rest.store.is_file()
    assert held(rest) == 70
    assert worker.find(catalogue, catalogue.ids, TINY) is None


def test_a_stopped_job_keeps_what_is_done_and_is_gone_on_with(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop_after_the_first_batch(job: Job, done: int, total: int) -> None:
        job.done = done
        job.stop.set()

    worker = Worker()
    with monkeypatch.context() as patched:
        patched.setattr(Job, "report", stop_after_the_first_batch)
        job = worker.submit(catalogue, catalogue.ids, TINY)
        assert job.finished.wait(SECONDS)
    assert (job.error, held(job)) == ("", 32)
    seen = []
    report = Job.report
    monkeypatch.setattr(Job, "report", lambda job, done, total: (seen.append(done), report(job, done, total)))
    again = worker.submit(catalogue, catalogue.ids, TINY)
    assert again is not job
    assert again.finished.wait(SECONDS)
    assert seen == [64, 70]  # the first 32 were not predicted again
    assert held(again) == 70


def test_visitors_who_want_the_same_galaxies_share_one_job(catalogue: Catalogue, gate: threading.Event) -> None:
    worker = Worker()
    mine = worker.submit(catalogue, catalogue.ids, TINY, "me")
    assert worker.submit(catalogue, catalogue.ids, TINY, "you") is mine
    assert worker.submit(catalogue, catalogue.ids[5:9], TINY, "them") is mine  # these are among them
    assert worker.find(catalogue, catalogue.ids[5:9], TINY) is mine
    gate.set()
    assert mine.finished.wait(SECONDS)
    assert held(mine) == 70


def test_a_visitor_cannot_stop_what_another_waits_for(catalogue: Catalogue, gate: threading.Event) -> None:
    worker = Worker()
    job = worker.submit(catalogue, catalogue.ids, TINY, "me")
    worker.submit(catalogue, catalogue.ids, TINY, "you")
    assert not worker.leave(job, "me", lambda visitor: True)
    assert worker.leave(job, "you", lambda visitor: True)
    gate.set()
    assert job.finished.wait(SECONDS)
    assert held(job) == 0


def test_who_is_shown_a_job_waits_for_it_until_he_leaves(catalogue: Catalogue, gate: threading.Event) -> None:
    worker = Worker()
    job = worker.submit(catalogue, catalogue.ids, TINY, "me")
    worker.wait_for(job, "you")
    assert not worker.leave(job, "me", lambda visitor: True)
    worker.wait_for(job, "me")  # the page is drawn anew
    assert job.visitors == {"you"}
    assert worker.submit(catalogue, catalogue.ids, TINY, "me") is job  # until the start is pressed again
    worker.wait_for(job, "me")
    assert (job.visitors, job.left) == ({"me", "you"}, set())


def watched(galaxies: str, network: str) -> None:
    import numpy as np

    from galaxy_explorer.app.compare import comparison as compare_comparison
    from galaxy_explorer.app.compare import progress
    from galaxy_explorer.catalogue import open_catalogue

    catalogue = open_catalogue(galaxies)
    rows = np.arange(len(catalogue))
    comparison = compare_comparison.compare(catalogue, rows, compare_comparison.origins_of(catalogue, [network], {}))
    progress.see_to_predictions(catalogue, comparison, len(rows))


def test_who_cannot_stop_a_job_is_told_why(
    catalogue: Catalogue, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = {"another"}
    monkeypatch.setattr(prediction_jobs, "is_here", lambda visitor: visitor in here)
    monkeypatch.setattr(prediction_jobs, "seconds_per_galaxy", lambda name: 1.0)
    prediction_jobs.worker.clear()
    job = prediction_jobs.worker().submit(catalogue, catalogue.ids, TINY, "another")
    page = AppTest.from_function(watched, args=(str(catalogue.root), TINY)).run()
    assert not page.info
    assert len(job.visitors) == 2  # who is shown the progress waits too
    page.button[0].click().run()
    for _ in range(2):
        assert "Another visitor waits for these galaxies too" in page.info[0].value
        assert page.button[0].disabled
        page.run()
    assert not job.stop.is_set()
    here.clear()
    page.run()
    assert job.stop.is_set()  # nobody waits any longer


def test_a_visitor_who_has_gone_keeps_nobody_from_stopping(catalogue: Catalogue, gate: threading.Event) -> None:
    worker = Worker()
    job = worker.submit(catalogue, catalogue.ids, TINY, "my last session")
    assert worker.leave(job, "me", lambda visitor: False)


def test_a_job_that_was_stopped_can_be_asked_for_again_before_it_ends(
    catalogue: Catalogue, gate: threading.Event
) -> None:
    worker = Worker()
    job = worker.submit(catalogue, catalogue.ids, TINY, "me")
    worker.leave(job, "me", lambda visitor: True)
    again = worker.submit(catalogue, catalogue.ids, TINY, "me")
    assert again is not job
    gate.set()
    assert again.finished.wait(SECONDS)
    assert held(again) == 70


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (CheckpointError("the weights are damaged; fetch them again"), "the weights are damaged; fetch them again"),
        (KeyError("surprise"), "a reason that the app does not know (KeyError)"),
    ],
)
def test_a_failed_job_says_why_and_keeps_no_other_from_its_turn(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    prediction_jobs.network_key(TINY)  # known before the loading fails
    worker = Worker()

    def fail(name: str) -> object:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(networks, "network", fail)
        job = worker.submit(catalogue, catalogue.ids, TINY)
        assert job.finished.wait(SECONDS)
    assert said in job.error
    assert worker.find(catalogue, catalogue.ids, TINY) is job  # so that a page can say so
    again = worker.submit(catalogue, catalogue.ids, TINY)
    assert again.finished.wait(SECONDS)
    assert (again.error, held(again)) == ("", 70)


def test_a_cache_that_cannot_be_written_is_named_with_what_to_do(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("-")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    job = Worker().submit(catalogue, catalogue.ids, TINY)
    assert job.finished.wait(SECONDS)
    assert f"{tmp_path / 'file'}/galaxy-explorer/predictions, which cannot be used (Not a directory)" in job.error
    assert "XDG_CACHE_HOME" in job.error


def test_failed_jobs_are_remembered_within_bounds(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    prediction_jobs.network_key(TINY)
    monkeypatch.setattr(prediction_jobs, "REMEMBERED", 2)
    monkeypatch.setattr(networks, "network", lambda name: (_ for _ in ()).throw(OSError("no disk")))
    worker = Worker()
    for galaxy_id in catalogue.ids[:4]:
        assert worker.submit(catalogue, [galaxy_id], TINY).finished.wait(SECONDS)
    assert [list(job.ids) for job in worker.jobs] == [[galaxy_id] for galaxy_id in catalogue.ids[2:4]]


def test_the_time_left_is_told_by_the_pace_since_the_first_batch(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = Job(catalogue, catalogue.ids, TINY, Path("store.parquet"))
    clock = iter([100.0, 110.0])
    monkeypatch.setattr(prediction_jobs.time, "monotonic", lambda: next(clock))
    assert job.seconds_left is None
    job.report(50, 70)  # 40 of which an earlier run had done: they say nothing of the pace
    assert job.seconds_left is None
    job.report(60, 70)
    assert job.seconds_left == pytest.approx(10.0)


def test_the_cache_forgets_the_oldest_stores_with_all_that_belongs_to_them(
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
    assert job.finished.wait(SECONDS)
    left = {path.name.lstrip(".").partition(".")[0] for path in folder.iterdir()}
    assert left == {job.store.stem, "new"}
    assert len([path for path in folder.iterdir() if "new" in path.name]) == 5
    assert held(job) == 5


@pytest.mark.parametrize("damaged", ["{}", "{}.partial/000000-00000-000000-1.parquet"])
def test_a_damaged_table_is_made_anew(catalogue: Catalogue, damaged: str) -> None:
    store = prediction_jobs.store_of(catalogue, TINY)
    path = store.parent / damaged.format(store.name)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"PAR1, and cut short")
    job = Worker().submit(catalogue, catalogue.ids[:5], TINY)
    assert job.finished.wait(SECONDS)
    assert not job.error
    assert held(job) == 5


def test_the_cache_forgets_no_store_that_is_being_written(tmp_path: Path) -> None:
    for age, store in enumerate(["new", "old", "older"]):
        (tmp_path / f"{store}.parquet").write_bytes(b"")
        os.utime(tmp_path / f"{store}.parquet", (1000 - age, 1000 - age))
    evict_prediction_tables(tmp_path, 1, {tmp_path / "older.parquet"})
    assert {path.stem for path in tmp_path.iterdir()} == {"new", "older"}

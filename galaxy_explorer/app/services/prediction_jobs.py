"""Background jobs that predict galaxies: one shared job per catalogue and network."""

import logging
import os
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from pathlib import Path
from queue import Queue
from threading import Event, Lock, Thread

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from galaxy_explorer.app.services import networks, sources
from galaxy_explorer.app.services.local_paths import may_open_paths
from galaxy_explorer.catalogue import Catalogue, CatalogueError
from galaxy_explorer.images import ImageError
from galaxy_explorer.prediction import cached
from galaxy_explorer.storage import evict_prediction_tables
from galaxy_explorer.storage.cache import MAX_PREDICTION_TABLES

MAX_FAILED = 20  # failed jobs that are kept, so that visitors read why


class Status(StrEnum):
    """Status of a job."""

    QUEUED, RUNNING, FINISHED, STOPPED, FAILED = "queued", "running", "finished", "stopped", "failed"


@dataclass(eq=False)
class PredictionJob:
    """Predictions of galaxies of a catalogue by one network, shared by all visitors."""

    catalogue: Catalogue
    ids: list[str]  # grows while the job is active
    network: str
    store: Path
    started_by: str  # session id
    status: Status = Status.QUEUED
    done: int = 0
    error: str = ""
    stop: Event = field(default_factory=Event)
    ended: Event = field(default_factory=Event)
    first: tuple[float, int] | None = None  # time of the first batch, and the number of galaxies done by then

    @property
    def active(self) -> bool:
        """Whether it predicts, or will, and was not asked to stop."""
        return self.status in (Status.QUEUED, Status.RUNNING) and not self.stop.is_set()

    @property
    def seconds_left(self) -> float | None:
        """Estimated time left; None before the second batch."""
        if self.first is None or self.done <= self.first[1]:
            return None
        since, begun = self.first
        return (time.monotonic() - since) / (self.done - begun) * (len(self.ids) - self.done)

    def progress(self, done: int, _total: int) -> None:
        """Record the number of galaxies done."""
        self.done = done
        self.first = self.first or (time.monotonic(), done)

    def run(self) -> None:
        """Predict all galaxies into the store."""
        import torch

        from galaxy_explorer.models.checkpoints import available
        from galaxy_explorer.prediction import PredictionError, PredictOptions, predict_catalogue

        # Of this thread's passes: those for visitors run in one thread each, and torch would take over their number.
        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1))
        model = networks.network(self.network)
        self.store.parent.mkdir(parents=True, exist_ok=True)
        cached.write_manifest(self.store, self.catalogue, self.network, available()[self.network])
        options = PredictOptions(progress=self.progress, stop=self.stop)
        predict = partial(
            predict_catalogue, model, self.catalogue, options, store=self.store, only=self.ids, embeddings=True
        )
        try:
            predict()
        except PredictionError:  # the disk was full or the machine went down: the table in the cache is damaged
            logging.getLogger(__name__).warning("%s is damaged and is made again", self.store)
            cached.delete_table(self.store)
            predict()


class Worker:
    """Thread that runs one job at a time, so that visitors do not slow one another down."""

    def __init__(self) -> None:
        self.jobs: dict[Path, PredictionJob] = {}  # by store: active or failed
        self.lock = Lock()
        self.queue: Queue[PredictionJob] = Queue()
        Thread(target=self._work, name="predictions", daemon=True).start()

    def find(self, catalogue: Catalogue, network: str) -> PredictionJob | None:
        """Return the active or failed job of a catalogue and network; no network is loaded."""
        pictures = catalogue.pictures_fingerprint if self.jobs else ""
        for job in self.jobs.copy().values():
            if job.network == network and job.catalogue.pictures_fingerprint == pictures:
                return job
        return None

    def submit(self, catalogue: Catalogue, ids: Iterable[str], network: str, started_by: str = "") -> PredictionJob:
        """Return the shared job of a catalogue and network, extended; start one if none is active."""
        store = store_of(catalogue, network)
        with self.lock:
            job = self.jobs.get(store)
            if job and job.active:
                if added := set(ids).difference(job.ids):
                    job.ids = [*job.ids, *added]
            else:
                job = self.jobs[store] = PredictionJob(catalogue, list(ids), network, store, started_by)
                self.queue.put(job)
        return job

    def _work(self) -> None:
        while True:
            self._run(self.queue.get())

    def _run(self, job: PredictionJob) -> None:
        """Run a job until all its galaxies are done, also those that were added while it ran."""
        predicted: list[str] = []
        while not self._has_ended(job, predicted):
            predicted = job.ids
            job.error = _run_once(job)
        with suppress(OSError):  # the cache can be tidied after the next job
            evict_prediction_tables(job.store.parent, MAX_PREDICTION_TABLES, {job.store, *self.jobs.copy()})
        job.ended.set()

    def _has_ended(self, job: PredictionJob, predicted: list[str]) -> bool:
        """Set the status of a job; forget it when it has ended, unless it failed."""
        with self.lock:
            if not (job.error or job.stop.is_set() or predicted is job.ids):
                job.status = Status.RUNNING
                return False
            job.status = Status.FAILED if job.error else Status.STOPPED if job.stop.is_set() else Status.FINISHED
            if not job.error and self.jobs.get(job.store) is job:
                del self.jobs[job.store]
            failed = [store for store, other in self.jobs.items() if other.status == Status.FAILED]
            for store in failed[:-MAX_FAILED]:
                del self.jobs[store]
            return True


def _run_once(job: PredictionJob) -> str:
    """Predict the galaxies of a job; return the reason if it fails."""
    try:
        job.run()
    except (CatalogueError, ImageError, ValueError, RuntimeError) as error:
        return str(error)
    except OSError as error:
        return cached.disk_error_message(error)
    except Exception as error:  # the outermost rim: if the thread ended here, all visitors would wait for ever
        logging.getLogger(__name__).exception("predicting %s", job.store)
        return f"the prediction ended with an unexpected error ({type(error).__name__})"
    return ""


@st.cache_resource
def worker() -> Worker:
    """Return the app's one worker."""
    return Worker()


def session_id() -> str:
    """Return the id of this visitor's session."""
    context = get_script_run_ctx()
    return context.session_id if context else ""


def may_stop(job: PredictionJob) -> bool:
    """Whether this visitor may stop a job: who started it, or anyone on the host."""
    return job.started_by == session_id() or may_open_paths()


@st.cache_resource(max_entries=8, show_spinner=False)
def network_key(name: str) -> str:
    """Return the fingerprint of a network's weights, for file names."""
    return networks.network(name).key()


def store_of(catalogue: Catalogue, network: str) -> Path:
    """Return the path of the prediction table of a catalogue and network."""
    return cached.folder() / f"{catalogue.pictures_fingerprint}-{network_key(network)}.parquet"


@st.cache_resource(max_entries=8, show_spinner=False)
def seconds_per_galaxy(network: str) -> float:
    """Measure the prediction time on the bundled sample, with all TTA views."""
    from galaxy_explorer.prediction import predict

    sample = sources.open_source("sample")
    pictures = [sample.picture(galaxy_id) for galaxy_id in sample.ids]
    model = networks.network(network)
    predict(model, pictures[:1])
    start = time.perf_counter()
    predict(model, pictures)
    return (time.perf_counter() - start) / len(pictures)


@st.cache_resource(max_entries=8, show_spinner=False)
def timing(network: str) -> Future[float]:
    """Measure `seconds_per_galaxy` in a thread, once for all visitors; no page waits for it."""
    executor = ThreadPoolExecutor(1, "timing")
    try:
        return executor.submit(lambda: seconds_per_galaxy(network))
    finally:
        executor.shutdown(wait=False)

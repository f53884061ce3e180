"""One background worker that predicts galaxies while people click on."""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from queue import Queue
from threading import Event, Lock, Thread

import streamlit as st
from streamlit import runtime

from galaxy_explorer.app.services import networks, sources
from galaxy_explorer.catalogue import Catalogue, CatalogueError
from galaxy_explorer.images import ImageError
from galaxy_explorer.prediction import cached
from galaxy_explorer.storage import evict_prediction_tables
from galaxy_explorer.storage.cache import MAX_PREDICTION_TABLES

REMEMBERED = 20  # failed jobs, so that their visitors learn why


@dataclass(eq=False)
class Job:
    """Predictions of some galaxies of a catalogue by one network: under way, done, stopped or failed."""

    catalogue: Catalogue
    ids: Sequence[str]  # those that are wanted
    network: str
    store: Path
    done: int = 0
    started: float | None = None
    error: str = ""
    stop: Event = field(default_factory=Event)
    finished: Event = field(default_factory=Event)
    visitors: set[str] = field(default_factory=set)  # the sessions that wait for it
    left: set[str] = field(default_factory=set)  # those that wait no longer
    first: tuple[float, int] | None = None  # when the first batch was done, and how many galaxies were by then

    def report(self, done: int, _total: int) -> None:
        """Note how many galaxies are done."""
        self.done = done
        self.first = self.first or (time.monotonic(), done)

    @property
    def seconds_left(self) -> float | None:
        """Estimate how long it still takes; None before the second batch has shown the pace."""
        if self.first is None or self.done <= self.first[1]:
            return None
        since, begun = self.first
        return (time.monotonic() - since) / (self.done - begun) * (len(self.ids) - self.done)


class Worker:
    """Works through jobs one after the other in one thread, so that visitors do not slow one another down."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []  # waiting, under way or failed
        self.lock = Lock()
        self.queue: Queue[Job] = Queue()
        Thread(target=self._work, name="predictions", daemon=True).start()

    def submit(self, catalogue: Catalogue, ids: Sequence[str], network: str, visitor: str = "") -> Job:
        """Give the job that predicts these galaxies of a catalogue by a network; queue it where there is none."""
        store = store_of(catalogue, network)
        with self.lock:
            job = self._find(store, ids)
            if job is None or job.stop.is_set() or job.finished.is_set():
                self.jobs = [other for other in self.jobs if other is not job]
                job = Job(catalogue, ids, network, store)
                self.jobs.append(job)
                self.queue.put(job)
            job.visitors.add(visitor)
            job.left.discard(visitor)
        return job

    def find(self, catalogue: Catalogue, ids: Sequence[str], network: str) -> Job | None:
        """Give the job, waiting, under way or failed, that covers these galaxies and this network."""
        with self.lock:
            return self._find(store_of(catalogue, network), ids)

    def wait_for(self, job: Job, visitor: str) -> None:
        """Count a visitor who is shown a job among those that wait for it, but for one who has left it."""
        with self.lock:
            if visitor not in job.left:
                job.visitors.add(visitor)

    def leave(self, job: Job, visitor: str, is_here: Callable[[str], bool]) -> bool:
        """Stop a job unless another visitor who is still here waits for it; say whether it stops."""
        with self.lock:
            job.left.add(visitor)
            job.visitors = {other for other in job.visitors if other != visitor and is_here(other)}
            if not job.visitors:
                job.stop.set()
        return job.stop.is_set()

    def _find(self, store: Path, ids: Sequence[str]) -> Job | None:
        """Take the newest job of a store that covers some galaxies."""
        of_store = (job for job in reversed(self.jobs) if job.store == store)
        return next((job for job in of_store if job.ids == ids or set(job.ids).issuperset(ids)), None)

    def _work(self) -> None:
        """Take jobs from the queue for as long as the app runs."""
        while True:
            job = self.queue.get()
            try:
                _run(job)
            except (CatalogueError, ImageError, ValueError, RuntimeError) as error:
                job.error = str(error)
            except OSError as error:
                job.error = cached.disk_error_message(error)
            except Exception as error:  # the rim: a thread that ended here would keep all visitors waiting
                logging.getLogger(__name__).exception("predicting %s", job.store)
                job.error = f"the work broke off for a reason that the app does not know ({type(error).__name__})"
            finally:
                with suppress(OSError):  # the cache can be tidied the next time
                    evict_prediction_tables(
                        job.store.parent, MAX_PREDICTION_TABLES, {other.store for other in self.jobs}
                    )
                self._put_away(job)

    def _put_away(self, job: Job) -> None:
        """Forget a job that has ended, unless it failed: the reason is kept for a while."""
        with self.lock:
            kept = [other for other in self.jobs if other is not job or job.error]
            failed = [other for other in kept if other.error]
            self.jobs = failed[-REMEMBERED:] + [other for other in kept if not other.error]
            job.finished.set()


def _run(job: Job) -> None:
    """Predict a job's galaxies into the store of its catalogue."""
    from galaxy_explorer.models.checkpoints import available
    from galaxy_explorer.prediction import PredictionError, PredictOptions, predict_catalogue

    if job.stop.is_set():
        return
    model = networks.network(job.network)
    job.started = time.monotonic()
    job.store.parent.mkdir(parents=True, exist_ok=True)
    cached.write_manifest(job.store, job.catalogue, job.network, available()[job.network])
    options = PredictOptions(progress=job.report, stop=job.stop)
    ask = partial(predict_catalogue, model, job.catalogue, options, only=job.ids, store=job.store)
    try:
        ask()
    except PredictionError:  # a disk that was full, or a machine that went down, left a damaged table in the cache
        logging.getLogger(__name__).warning("%s is made anew: it is damaged", job.store)
        cached.delete_table(job.store)
        ask()


@st.cache_resource
def worker() -> Worker:
    """The app's one worker."""
    return Worker()


def is_here(visitor: str) -> bool:
    """Tell whether a visitor's session is still open."""
    return runtime.exists() and runtime.get_instance().is_active_session(visitor)


@st.cache_resource(max_entries=8, show_spinner=False)
def network_key(name: str) -> str:
    """Name a network's weights, for the names of files."""
    return networks.network(name).key()


def store_of(catalogue: Catalogue, network: str) -> Path:
    """Name the file that keeps the predictions of a catalogue by a network, however many of its galaxies are done."""
    return cached.folder() / f"{catalogue.pictures_fingerprint}-{network_key(network)}.parquet"


@st.cache_resource(max_entries=8, show_spinner=False)
def seconds_per_galaxy(network: str) -> float:
    """Time a network on the bundled sample, views included."""
    sample = sources.open_source("sample")
    pictures = [sample.picture(galaxy_id) for galaxy_id in sample.ids]
    from galaxy_explorer.prediction import predict

    model = networks.network(network)
    predict(model, pictures[:1])
    start = time.perf_counter()
    predict(model, pictures)
    return (time.perf_counter() - start) / len(pictures)

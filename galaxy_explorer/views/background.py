"""One background worker that predicts catalogues while people click on."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue
from threading import Event, Lock, Thread

import streamlit as st

from galaxy_explorer.catalogue import Catalogue, CatalogueError
from galaxy_explorer.images import ImageError
from galaxy_explorer.views import predicted, resources

KEPT = 40  # tables of predictions in the cache; 240,000 galaxies take some 70 MB


@dataclass
class Job:
    """Predictions of one catalogue by one network: under way, done, stopped or failed."""

    galaxies: Catalogue
    network: str
    store: Path
    done: int = 0
    started: float | None = None
    error: str = ""
    stop: Event = field(default_factory=Event)
    finished: Event = field(default_factory=Event)

    @property
    def seconds_left(self) -> float | None:
        """Estimate how long it still takes; None before anything is known."""
        if self.started is None or not self.done:
            return None
        return (time.monotonic() - self.started) * (len(self.galaxies) / self.done - 1.0)


class Worker:
    """Works through jobs one after the other in one thread, so that visitors do not slow one another down."""

    def __init__(self) -> None:
        self.jobs: dict[Path, Job] = {}
        self.lock = Lock()
        self.queue: Queue[Job] = Queue()
        Thread(target=self._work, name="predictions", daemon=True).start()

    def submit(self, galaxies: Catalogue, network: str) -> Job:
        """Give the job for these galaxies and this network; queue it where there is none."""
        store = store_of(galaxies, network)
        with self.lock:
            job = self.jobs.get(store)
            if job is None or job.stop.is_set() or job.error:
                job = self.jobs[store] = Job(galaxies, network, store)
                self.queue.put(job)
        return job

    def find(self, galaxies: Catalogue, network: str) -> Job | None:
        """Give the job for these galaxies and this network where there is one."""
        return self.jobs.get(store_of(galaxies, network))

    def _work(self) -> None:
        """Take jobs from the queue for as long as the app runs."""
        while True:
            job = self.queue.get()
            try:
                _run(job)
            except (CatalogueError, ImageError, ValueError, OSError, RuntimeError) as error:
                job.error = str(error)
            finally:
                job.finished.set()


def _run(job: Job) -> None:
    """Predict a job's galaxies into its store."""
    from galaxy_explorer.checkpoints import available
    from galaxy_explorer.prediction import predict_catalogue

    def progress(done: int, _total: int) -> None:
        job.done = done

    if job.stop.is_set():
        return
    network, card = resources.network(job.network)
    job.started = time.monotonic()
    job.store.parent.mkdir(parents=True, exist_ok=True)
    predicted.note(job.store, job.galaxies, job.network, available()[job.network])
    predict_catalogue(
        network, card, job.galaxies, views=resources.VIEWS, store=job.store, progress=progress, stop=job.stop
    )
    predicted.forget_oldest_stores(job.store.parent, KEPT)


@st.cache_resource
def worker() -> Worker:
    """The app's one worker."""
    return Worker()


@st.cache_resource(max_entries=8, show_spinner=False)
def _network_key(name: str) -> str:
    """Name a network's weights, for the names of files."""
    from galaxy_explorer.prediction import prediction_key

    return prediction_key(*resources.network(name), resources.VIEWS)


def store_of(galaxies: Catalogue, network: str) -> Path:
    """Name the file that keeps the predictions of these galaxies by this network."""
    return predicted.folder() / f"{galaxies.fingerprint}-{_network_key(network)}.parquet"


@st.cache_resource(max_entries=8, show_spinner="Timing the network …")
def seconds_per_galaxy(network: str) -> float:
    """Time a network on the bundled sample, views included."""
    sample = resources.open_source("sample")
    pictures = [sample.picture(galaxy_id) for galaxy_id in sample.ids]
    from galaxy_explorer.prediction import predict

    loaded = resources.network(network)
    predict(*loaded, pictures[:1], views=resources.VIEWS)
    start = time.perf_counter()
    predict(*loaded, pictures, views=resources.VIEWS)
    return (time.perf_counter() - start) / len(pictures)

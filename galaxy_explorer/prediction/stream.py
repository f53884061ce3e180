"""Stream of predictions: images decoded in worker threads with bounded look-ahead."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from threading import Event
from typing import TYPE_CHECKING

import numpy as np

from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.evaluation.out_of_distribution import ood_score
from galaxy_explorer.images import DEFAULT_VIEWS, Finding, ImageError, Square
from galaxy_explorer.prediction.embeddings import to_half
from galaxy_explorer.prediction.inference import intervals_of, predict_inputs

if TYPE_CHECKING:
    from galaxy_explorer.models import Model

BATCH_SIZE = 32  # with eight TTA views 256 inputs, enough to keep a GPU busy


@dataclass(frozen=True)
class PredictOptions:
    """Settings of the prediction of many galaxies.

    Parameters
    ----------
    tta_views : int
        Number of flips and quarter turns that are averaged, 1 to 8.
    batch_size : int
        Images in a batch.
    workers : int, optional
        Threads that decode images; by default one for each processor.
    progress : callable, optional
        Called after each batch with the number of galaxies done and their total.
    stop : threading.Event, optional
        When it is set, prediction stops after the current batch.
    """

    tta_views: int = DEFAULT_VIEWS
    batch_size: int = BATCH_SIZE
    workers: int | None = None
    progress: Callable[[int, int], object] | None = None
    stop: Event | None = None

    @property
    def stopped(self) -> bool:
        """Whether a stop was requested."""
        return self.stop is not None and self.stop.is_set()


DEFAULTS = PredictOptions()


@dataclass(frozen=True, slots=True)
class Source:
    """A galaxy whose image is still to be read.

    Parameters
    ----------
    galaxy_id : str
        Its id.
    read : callable
        Returns the (H, W, 3) uint8 image, or what `images.find_galaxy` found in it; or raises an `ImageError`. It is
        called in a worker thread.
    field : float
        Fraction of the original field of view that the image covers, in (0, 1].
    state : (int, int)
        Size and modification time of its file, as `Catalogue.picture_state` returns them.
    cropped : bool
        Whether the galaxy is found in the image, and the image cropped to it.
    """

    galaxy_id: str
    read: Callable[[], np.ndarray | Finding]
    field: float = 1.0
    state: tuple[int, int] = (0, 0)
    cropped: bool = False

    @property
    def fingerprint(self) -> str:
        """A short text that changes with the image and what part of it is predicted."""
        return " ".join(map(str, (round(self.field, 6), *self.state, *(["cropped"] if self.cropped else []))))


@dataclass(frozen=True)
class Batch:
    """Some galaxies with their predictions, and the reason for each that failed."""

    ids: list[str]
    fractions: np.ndarray  # (n, 37) float32 vote fractions
    intervals: np.ndarray  # (n, 2, 37) float32, as `predict` returns them
    failures: dict[str, str]
    fingerprints: Sequence[str | None] | None = None  # (n,) of their images
    ood_scores: np.ndarray | None = None  # (n,) float; None if the model card has no reference
    squares: Sequence[Square | None] | None = None  # (n,) parts of the images that were predicted; None for all of it
    embeddings: np.ndarray = field(default_factory=lambda: np.empty((0, 0), np.float16))  # (n, D), means over the views

    def __len__(self) -> int:
        """Return the number of galaxies, failed ones included."""
        return len(self.ids) + len(self.failures)


Input = tuple[np.ndarray, Square | None]  # the network's, and the part of the image that it shows
Decoding = tuple[Source, "Future[Input]"]


def predict_pictures(model: "Model", sources: Iterable[Source], options: PredictOptions = DEFAULTS) -> Generator[Batch]:
    """Predict images as they are decoded, in their order.

    While the network works on one batch, threads decode the next two. No image after these is opened, so memory
    does not grow with the number of images.

    Parameters
    ----------
    model
        As in `predict`.
    sources : iterable of Source
        The images; a generator is consumed step by step.
    options : PredictOptions
        ``progress`` and ``stop`` are not used here.

    Yields
    ------
    Batch
        ``batch_size`` sources each, the last one fewer. An image that cannot be read is one of its ``failures``.
    """
    decoding = _decode(sources, model, options.workers or os.cpu_count() or 1, 2 * options.batch_size)
    try:
        while batch := list(islice(decoding, options.batch_size)):
            yield _predict_batch(model, batch, options.tta_views)
    finally:
        decoding.close()


def _predict_batch(model: "Model", batch: list[Decoding], tta_views: int) -> Batch:
    """Predict those images of a batch that can be read."""
    inputs: dict[Source, Input] = {}
    failures: dict[str, str] = {}
    for source, decoded in batch:
        try:
            inputs[source] = decoded.result()
        except (ImageError, OSError) as error:
            failures[source.galaxy_id] = str(error)
    if not inputs:
        nothing = np.empty((0, 3, len(COLUMNS)), np.float32)
        return Batch([], nothing[:, 0], nothing[:, 1:], failures)
    arrays, squares = zip(*inputs.values(), strict=True)
    fractions, embeddings = predict_inputs(model.network, np.stack(arrays), tta_views)
    reference = model.card.ood_reference
    return Batch(
        [source.galaxy_id for source in inputs],
        fractions,
        intervals_of(model, fractions, tta_views),
        failures,
        [source.fingerprint for source in inputs],
        # The first view is the image itself, from which the reference was made.
        None if reference is None else ood_score(embeddings[0], reference),
        squares,
        to_half(embeddings.mean(axis=0)),
    )


def _input_of(source: Source, model: "Model") -> Input:
    """Read an image as network input."""
    found = source.read()
    picture, square = (found.picture, found.square) if isinstance(found, Finding) else (found, None)
    return model.inputs(picture, source.field), square


def _decode(sources: Iterable[Source], model: "Model", workers: int, ahead: int) -> Generator[Decoding]:
    """Yield each source with its network input, in order, at most `ahead` of them in advance."""
    waiting: deque[Decoding] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="decode")
    try:
        for source in sources:
            waiting.append((source, pool.submit(_input_of, source, model)))
            if len(waiting) > ahead:
                yield waiting.popleft()
        yield from waiting
        pool.shutdown()  # which waits for all of them
    finally:
        pool.shutdown(cancel_futures=True)

"""Pictures decoded in parallel with the network, in order, with a bounded look-ahead."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.images import ImageError
from galaxy_explorer.models.networks import GalaxyNetwork
from galaxy_explorer.prediction.inference import predict_inputs, prepared, with_own_error

BATCH_SIZE = 32  # pictures; with eight views 256 inputs, enough to keep a GPU busy


@dataclass(frozen=True, slots=True)
class Source:
    """A galaxy whose picture is yet to be read.

    Parameters
    ----------
    galaxy_id : str
        Its id.
    read : callable
        Gives the (H, W, 3) uint8 picture, or raises an `ImageError`. It is called in another thread.
    field : float
        The fraction of the original field of view that the picture covers, in (0, 1].
    state : (int, int)
        Size and time of change of its file, as `Catalogue.picture_state` tells them.
    """

    galaxy_id: str
    read: Callable[[], np.ndarray]
    field: float = 1.0
    state: tuple[int, int] = (0, 0)

    @property
    def seen_as(self) -> str:
        """What the network is shown, as a short text: another one when the picture or its field changes."""
        return " ".join(map(str, (round(self.field, 6), *self.state)))


@dataclass(frozen=True)
class Batch:
    """Some galaxies with their predictions, and those whose picture cannot be read, with the reason."""

    ids: list[str]
    fractions: np.ndarray  # (n, 37) float32 vote fractions
    spread: np.ndarray  # (n, 37) float32, as `predict` gives it
    failures: dict[str, str]
    states: Sequence[str | None] | None = None  # (n,) what their pictures were `seen_as`

    def __len__(self) -> int:
        """Count the galaxies that were tried."""
        return len(self.ids) + len(self.failures)


# Sources with their network inputs, or with the reasons why there are none.
Decoded = Generator[tuple[Source, np.ndarray | str]]


def predict_pictures(
    network: GalaxyNetwork,
    card: Mapping[str, Any],
    sources: Iterable[Source],
    *,
    views: int = 8,
    batch_size: int = BATCH_SIZE,
    workers: int | None = None,
) -> Generator[Batch]:
    """Predict pictures as they are read, in their order.

    While the network works on one batch, threads read and decode the next two; no picture beyond
    these is opened, so memory does not grow with the number of pictures.

    Parameters
    ----------
    network, card, views
        As in `predict`.
    sources : iterable of Source
        The pictures, as many as there are; a generator is taken step by step.
    batch_size : int
        Pictures in a batch.
    workers : int, optional
        Threads that decode; as many as there are processors unless given.

    Yields
    ------
    Batch
        `batch_size` sources each, the last one fewer. A picture that cannot be read is among its
        `failures` and costs nothing else.
    """
    decoded = _decoded(sources, card, workers or os.cpu_count() or 1, 2 * batch_size)
    try:
        while taken := list(islice(decoded, batch_size)):
            yield _predicted(network, card, taken, views)
    finally:
        decoded.close()


def _predicted(
    network: GalaxyNetwork, card: Mapping[str, Any], taken: list[tuple[Source, np.ndarray | str]], views: int
) -> Batch:
    """Predict the pictures of one batch that could be read."""
    failures = {source.galaxy_id: found for source, found in taken if isinstance(found, str)}
    read = [(source, found) for source, found in taken if not isinstance(found, str)]
    fractions = spread = np.empty((0, len(COLUMNS)), np.float32)
    if read:
        fractions, spread = predict_inputs(network, np.stack([found for _, found in read]), views)
        spread = with_own_error(fractions, spread, card, views)
    states = [source.seen_as for source, _ in read]
    return Batch([source.galaxy_id for source, _ in read], fractions, spread, failures, states)


def _decoded(sources: Iterable[Source], card: Mapping[str, Any], workers: int, ahead: int) -> Decoded:
    """Give each source with its network input, or with the reason why there is none, in order."""
    waiting: deque[tuple[Source, Future]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="decode")
    try:
        for source in sources:
            waiting.append((source, pool.submit(_input_or_reason, source, card)))
            if len(waiting) > ahead:
                read, future = waiting.popleft()
                yield read, future.result()
        while waiting:
            read, future = waiting.popleft()
            yield read, future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _input_or_reason(source: Source, card: Mapping[str, Any]) -> np.ndarray | str:
    """Read and prepare one picture, or say why that is impossible."""
    try:
        return prepared(source.read(), card, source.field)
    except (ImageError, OSError) as error:
        return str(error)

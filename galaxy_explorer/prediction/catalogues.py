"""Predictions of whole catalogues, which can be stopped and gone on with."""

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.models.networks import GalaxyNetwork
from galaxy_explorer.prediction.inference import prediction_key
from galaxy_explorer.prediction.processes import ALONE, Process
from galaxy_explorer.prediction.store import Predictions, PredictionStore, collect
from galaxy_explorer.prediction.stream import BATCH_SIZE, Batch, Source, predict_pictures
from galaxy_explorer.prediction.tables import PredictionError

CHUNK_SECONDS = 60.0  # between two chunks on disk: what a kill can cost at most
LOOK_SECONDS = 1.0  # between two looks at a table that another process is writing
Progress = Callable[[int, int], object]


def predict_catalogue(
    network: GalaxyNetwork,
    card: Mapping[str, Any],
    catalogue: Catalogue,
    *,
    views: int = 8,
    batch_size: int = BATCH_SIZE,
    workers: int | None = None,
    store: str | Path | None = None,
    only: Sequence[str] | None = None,
    progress: Progress | None = None,
    stop: Event | None = None,
) -> Predictions:
    """Predict all galaxies of a catalogue, keeping what is done on disk if asked to.

    Parameters
    ----------
    network, card, views
        As in `predict`.
    catalogue : Catalogue
        The galaxies.
    batch_size, workers
        As in `predict_pictures`.
    store : str or Path, optional
        A Parquet file to keep the predictions in, named after the catalogue (its `fingerprint`) and
        `prediction_key`. A finished one is read, an unfinished one gone on with: a galaxy is never
        predicted twice: where another process or thread is at it, this one waits, and reads what that one has
        done. Galaxies that failed before are tried again. The file is the one that ``predict --spread`` writes.
    only : sequence of str, optional
        The ids of the galaxies that are wanted now. The store stays unfinished until it holds the whole catalogue.
    progress : callable, optional
        Called after each batch with the galaxies done and those there are.
    stop : threading.Event, optional
        When it is set, the work ends after the batch under way; the store stays unfinished.

    Returns
    -------
    Predictions
        In the order of the catalogue, or of `only`. Galaxies that a stop left undone are in neither part.

    Raises
    ------
    PredictionError
        When the store is of other weights, views or galaxies.
    """
    wanted = catalogue if only is None else catalogue.subset(only)
    sources = sources_of(wanted)
    options: dict[str, Any] = {"views": views, "batch_size": batch_size, "workers": workers}
    if store is None:
        batches = predict_pictures(network, card, sources, **options)
        return collect(list(_watched(batches, 0, len(wanted), progress, stop)))
    kept = PredictionStore(Path(store), prediction_key(network, card, views))
    if kept.path.suffix.lower() != ".parquet":
        raise PredictionError(f"{store} is no Parquet file, as the predictions of a catalogue are kept in; name one")

    def go_on() -> None:
        beside = len(kept.predicted_ids().difference(wanted.ids)) if only is not None else 0
        shown: dict[str, Any] = {"total": len(wanted) + beside, "progress": _without(beside, progress)}
        complete = fill(kept, network, card, sources, stop=stop, **shown, **options)
        if complete and ((only is None and not catalogue.fetch) or _holds_all(kept, catalogue)):
            kept.finish()

    if kept.finished and not kept.failures().keys().isdisjoint(wanted.ids):  # a disk that was away may be back
        with kept.reserved() as ours:
            if ours and kept.finished:
                kept.reopen()
    _in_turn(kept, wanted, go_on, progress, stop)
    return _of(wanted, kept)


def _in_turn(
    store: PredictionStore,
    wanted: Catalogue,
    go_on: Callable[[], None],
    progress: Progress | None,
    stop: Event | None,
) -> None:
    """Go on with a table; while another is at it, wait until it has what is wanted, or leaves off."""
    chunks = -1
    while not store.finished:
        with store.reserved() as ours:
            if ours and not store.finished:
                go_on()
            if ours:
                return
        before, chunks = chunks, len(list(store.chunks.glob("*.parquet")))
        if chunks != before:
            done = len(store.unfinished_ids().intersection(wanted.ids))
            if progress:
                progress(done, len(wanted))
            if done == len(wanted):
                return
        if (stop or Event()).wait(LOOK_SECONDS):
            return


def _without(beside: int, progress: Progress | None) -> Progress | None:
    """Report progress without the galaxies that a store holds beside those that are wanted."""
    return progress and (lambda done, total: progress(done - beside, total - beside))


def _holds_all(store: PredictionStore, catalogue: Catalogue) -> bool:
    """Say whether a store has numbers for every galaxy of a catalogue, or the reason why there never will be."""
    kept = store.read()
    lasting = {} if catalogue.fetch else kept.failures  # a service that fails now may answer later
    return {*kept.fractions.index, *lasting}.issuperset(catalogue.ids)


def fill(
    store: PredictionStore,
    network: GalaxyNetwork,
    card: Mapping[str, Any],
    sources: Iterable[Source],
    *,
    total: int,
    views: int = 8,
    batch_size: int = BATCH_SIZE,
    workers: int | None = None,
    progress: Progress | None = None,
    stop: Event | None = None,
    process: Process = ALONE,
) -> bool:
    """Predict what a store does not hold yet, writing a chunk every `CHUNK_SECONDS`.

    Parameters
    ----------
    store : PredictionStore
        What is done is kept there, also when an exception (as of Ctrl-C) ends the work.
    network, card, views, batch_size, workers
        As in `predict_pictures`.
    sources : iterable of Source
        All galaxies that the finished table shall hold.
    total : int
        How many they are, for `progress`.
    progress, stop
        As in `predict_catalogue`.
    process : Process
        Of several processes each predicts its share of what is left, and waits for the others at the end.

    Returns
    -------
    bool
        Whether all is done, so that ``store.finish()`` may follow; False after a stop.

    Raises
    ------
    PredictionError
        When the unfinished table is of other weights or views, or another process failed.
    """
    with process.together():  # all look before anyone writes, and see the same
        done, part = store.predicted_ids(), store.begin_part(process.rank)
        left = _left(sources, done, process)
    batches = predict_pictures(network, card, left, views=views, batch_size=batch_size, workers=workers)
    unwritten: list[Batch] = []
    written = time.monotonic()
    try:
        for batch in _watched(batches, len(done), total, progress, stop, each=process.world):
            unwritten.append(batch)
            if time.monotonic() - written >= CHUNK_SECONDS:
                store.add(unwritten, part)
                unwritten, written = [], time.monotonic()
    finally:
        store.add(unwritten, part)
    process.all_have(0)  # which waits for all
    return not (stop and stop.is_set())


def _left(sources: Iterable[Source], done: set[str], process: Process) -> Iterable[Source]:
    """Give what is left of the galaxies; in one of several processes, its share."""
    left = (source for source in sources if source.galaxy_id not in done)
    return left if process.world == 1 else process.share(list(left))


def sources_of(catalogue: Catalogue) -> Iterator[Source]:
    """Give the galaxies of a catalogue as sources, one by one."""
    for galaxy_id in catalogue.ids:
        read = partial(catalogue.picture, galaxy_id)
        yield Source(galaxy_id, read, catalogue.field_of_view, catalogue.picture_state(galaxy_id))


def _watched(
    batches: Generator[Batch], done: int, total: int, progress: Progress | None, stop: Event | None, each: int = 1
) -> Iterator[Batch]:
    """Pass batches on, report progress as of `each` such processes, and end when told to."""
    with closing(batches):
        while not (stop and stop.is_set()) and (batch := next(batches, None)):
            done = min(total, done + each * len(batch))
            yield batch
            if progress:
                progress(done, total)


def _of(catalogue: Catalogue, store: PredictionStore) -> Predictions:
    """Read the galaxies of a catalogue from a store, in its order."""
    kept = store.read()
    ids = [galaxy_id for galaxy_id in catalogue.ids if galaxy_id in kept.fractions.index]
    failures = {galaxy_id: reason for galaxy_id, reason in kept.failures.items() if galaxy_id in catalogue}
    undone = len(catalogue) - len(ids) - len(failures)
    if undone and store.finished:
        raise PredictionError(
            f"{store.path} lacks {undone} of the {len(catalogue)} galaxies of {catalogue.name}; "
            "delete it, or name another file for this catalogue"
        )
    return Predictions(kept.fractions.loc[ids], kept.spread.loc[ids], failures)

"""Prediction of whole catalogues, which can be stopped and resumed."""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.prediction.chunks import Predictions, collect
from galaxy_explorer.prediction.distributed import SINGLE_PROCESS, Rank
from galaxy_explorer.prediction.embeddings import array_of
from galaxy_explorer.prediction.store import PredictionStore
from galaxy_explorer.prediction.stream import DEFAULTS, Batch, PredictOptions, Source, predict_pictures
from galaxy_explorer.prediction.tables import PredictionError

if TYPE_CHECKING:
    from galaxy_explorer.models import Model

CHUNK_SECONDS = 60.0  # between two chunks on disk: what a kill can lose at most
FIRST_CHUNK_SECONDS = 5.0  # the app shows what is predicted so far
POLL_SECONDS = 1.0  # between two reads of a table that another process is writing


def predict_catalogue(
    model: "Model",
    catalogue: Catalogue,
    options: PredictOptions = DEFAULTS,
    *,
    store: str | Path | None = None,
    only: Sequence[str] | None = None,
    embeddings: bool = False,
) -> Predictions:
    """Predict the galaxies of a catalogue, with a table on disk if a path is given.

    Parameters
    ----------
    model
        As in `predict`.
    catalogue : Catalogue
        The galaxies.
    options : PredictOptions
        After a stop the store stays unfinished.
    store : str or Path, optional
        Parquet file for the predictions, named after the catalogue (its ``fingerprint``) and `Model.key`. A
        finished table is read, an unfinished one is resumed, so that no galaxy is predicted twice. If another
        process or thread holds its lock, this call waits and reads its predictions. Failed galaxies are predicted
        again.
    only : sequence of str, optional
        Ids of the galaxies that are needed now. The store stays unfinished until it holds the whole catalogue.
    embeddings : bool, optional
        Whether the store holds embeddings as well (`open_embeddings`). A finished table without them becomes
        unfinished; its galaxies are predicted again, and can be read until then.

    Returns
    -------
    Predictions
        In the order of the catalogue, or of `only`. Galaxies that a stop left undone are in neither part.

    Raises
    ------
    PredictionError
        If the store is of other weights, TTA views or galaxies.
    """
    wanted = catalogue if only is None else catalogue.subset(only)
    if store is None:
        batches = predict_pictures(model, sources_of(wanted), options)
        return collect(list(_track(batches, options, len(wanted))))
    table = PredictionStore(Path(store), model.key(options.tta_views), embeddings)
    if table.path.suffix.lower() != ".parquet":
        raise PredictionError(f"{store} is not a Parquet file; predictions of a catalogue are stored as .parquet")

    def resume() -> None:
        predict_missing(table, model, list(sources_of(wanted)), options)
        if _is_complete(table, catalogue):
            table.finish(order=catalogue.ids)

    lacking = embeddings and array_of(table.path) is None  # an earlier version made it
    # A disk that was away may be back.
    if table.finished and (lacking or not table.failures().keys().isdisjoint(wanted.ids)):
        with table.lock() as acquired:
            if acquired and table.finished:
                table.reopen()
    _wait_or_resume(table, wanted, resume, options)
    return _read_rows(table, wanted)


def _wait_or_resume(
    store: PredictionStore, wanted: Catalogue, resume: Callable[[], None], options: PredictOptions
) -> None:
    """Resume a table; if another process holds its lock, poll until the requested rows exist."""
    chunks = -1
    while not store.finished:
        with store.lock() as acquired:
            if acquired and not store.finished:
                resume()
            if acquired:
                return
        before, chunks = chunks, len(store.chunk_paths())
        if chunks != before:
            done = len(store.unfinished().index.intersection(wanted.ids))
            if options.progress:
                options.progress(done, len(wanted))
            if done == len(wanted):
                return
        if (options.stop or Event()).wait(POLL_SECONDS):
            return


def _is_complete(store: PredictionStore, catalogue: Catalogue) -> bool:
    """Return whether an unfinished store has each galaxy of a catalogue, predicted or failed."""
    # Downloads that fail now may succeed later. Without their embeddings, galaxies are not done, and are not dropped.
    failed = () if catalogue.fetch else store.failures()
    return {*store.predicted_ids(), *failed}.issuperset(catalogue.ids)


def predict_missing(
    store: PredictionStore,
    model: "Model",
    sources: Sequence[Source],
    options: PredictOptions = DEFAULTS,
    rank: Rank = SINGLE_PROCESS,
) -> None:
    """Predict the galaxies that a store lacks, writing a chunk at least every `CHUNK_SECONDS`.

    Parameters
    ----------
    store : PredictionStore
        It gets what is done also when an exception (such as Ctrl-C) ends the prediction.
    model
        As in `predict`.
    sources : sequence of Source
        All galaxies of the finished table.
    options : PredictOptions
        After a stop the store lacks some galaxies.
    rank : Rank
        Each process of a distributed run predicts its share, then waits for the others.

    Raises
    ------
    PredictionError
        If the store is of other weights or TTA views.
    DistributedError
        If another process failed.
    """
    with rank.barrier():  # all processes read the store before one of them writes
        predicted, part = store.predicted_ids(), store.begin_part(rank.rank)
        missing = [source for source in sources if source.galaxy_id not in predicted]
    batches = predict_pictures(model, rank.share(missing), options)
    unwritten: list[Batch] = []
    started = written_at = time.monotonic()
    try:
        for batch in _track(batches, options, len(sources), len(sources) - len(missing), rank.world_size):
            unwritten.append(batch)
            # The first chunks are soon there: after 5, 10, 20 and 40 seconds.
            if time.monotonic() - written_at >= min(CHUNK_SECONDS, max(FIRST_CHUNK_SECONDS, written_at - started)):
                store.add(unwritten, part)
                unwritten, written_at = [], time.monotonic()
    finally:
        store.add(unwritten, part)
    rank.all_equal(0)  # waits for all


def sources_of(catalogue: Catalogue) -> Iterator[Source]:
    """Yield the galaxies of a catalogue as sources."""
    read, field, cropped = catalogue.finding, catalogue.field_of_view, not catalogue.framed
    for galaxy_id in catalogue.ids:
        yield Source(galaxy_id, partial(read, galaxy_id), field, catalogue.picture_state(galaxy_id), cropped)


def _track(
    batches: Generator[Batch], options: PredictOptions, total: int, done: int = 0, world_size: int = 1
) -> Iterator[Batch]:
    """Yield batches, report progress as if all processes were equally far, and end on a stop."""
    with closing(batches):
        while not options.stopped and (batch := next(batches, None)):
            done = min(total, done + world_size * len(batch))
            yield batch
            if options.progress:
                options.progress(done, total)


def _read_rows(store: PredictionStore, catalogue: Catalogue) -> Predictions:
    """Read the galaxies of a catalogue from a store, in its order."""
    table = store.read()
    ids = [galaxy_id for galaxy_id in catalogue.ids if galaxy_id in table.fractions.index]
    failures = {galaxy_id: reason for galaxy_id, reason in table.failures.items() if galaxy_id in catalogue}
    undone = len(catalogue) - len(ids) - len(failures)
    if undone and store.finished:
        raise PredictionError(
            f"{store.path} lacks {undone} of the {len(catalogue)} galaxies of {catalogue.name}; "
            "delete it, or name another file for this catalogue"
        )
    fractions, lower, upper = (part.loc[ids] for part in (table.fractions, table.lower, table.upper))
    return Predictions(fractions, lower, upper, failures, table.ood_scores.loc[ids])

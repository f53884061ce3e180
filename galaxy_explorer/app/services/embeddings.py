"""Embeddings of the open catalogues, which grow while a job predicts."""

from weakref import ref

from galaxy_explorer.app.services.result_cache import catalogue_results
from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.prediction import Embeddings, cached, open_embeddings


def embeddings_of(catalogue: Catalogue, network: str) -> Embeddings | None:
    """Return the embeddings of a catalogue's galaxies by a network so far.

    Parameters
    ----------
    catalogue : Catalogue
        An open catalogue.
    network : str
        Name of the network.

    Returns
    -------
    Embeddings or None
        The same object until more galaxies are predicted; all visitors share it. None if no galaxy has an embedding:
        `prediction_jobs` makes them, also of galaxies that an earlier version predicted.
    """
    key = (ref(catalogue), "embeddings", network)
    known, found = before = catalogue_results().get(key, lambda: (None, None))
    while (tables := _tables_of(catalogue, network)) != known:  # until no job has finished a table during the reading
        known, found = tables, open_embeddings(catalogue, tables) if tables else None
    if (known, found) != before:  # the newest replace those before: those of an unfinished table are in memory
        catalogue_results().put(key, (known, found))
    return found


def _tables_of(catalogue: Catalogue, network: str) -> cached.Tables | None:
    return next((tables for tables in cached.tables_of(catalogue) if tables.network == network), None)

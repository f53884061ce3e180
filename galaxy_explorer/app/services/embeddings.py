"""Embeddings of the open catalogues, which grow while a job predicts."""

from functools import partial

from galaxy_explorer.app.services.result_cache import latest_result
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
    tables = partial(cached.tables_by, catalogue, network)
    found: Embeddings | None = latest_result(
        catalogue, ("embeddings", network), tables, lambda tables: open_embeddings(catalogue, tables)
    )
    return found

"""Places of galaxies on the map: their embeddings, projected to two dimensions."""

from dataclasses import dataclass, field

import numpy as np

from galaxy_explorer.app.services import networks
from galaxy_explorer.app.services.embeddings import embeddings_of
from galaxy_explorer.app.services.result_cache import latest_result
from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.prediction import Embeddings

LAST = 65535  # of uint16, for the right and the lower edge of the map


@dataclass(frozen=True, eq=False)
class Places:
    """Galaxies on the map of a network, in a random order that a seed fixes.

    Any first part of them is a fair sample, which the browser draws while the map moves.

    Parameters
    ----------
    network : str
        The network whose embeddings are placed.
    rows : (n,) np.ndarray of int32
        Rows of the catalogue.
    xy : (n, 2) np.ndarray of uint16
        Positions from the left and from the top, 0 to `LAST`.
    """

    network: str
    rows: np.ndarray = field(repr=False)
    xy: np.ndarray = field(repr=False)

    def __len__(self) -> int:
        return len(self.rows)


def places_from(network: str, rows: np.ndarray, positions: np.ndarray) -> Places:
    """Return the places of galaxies, shuffled.

    Parameters
    ----------
    network : str
    rows : (n,) np.ndarray of int
        Rows of the catalogue.
    positions : (n, 2) np.ndarray of float
        In [0, 1]; what lies beyond is moved to the edge, and a galaxy at NaN is left out.

    Returns
    -------
    Places
    """
    known = np.flatnonzero(np.isfinite(positions).all(axis=1))
    order = np.random.default_rng(len(known)).permutation(known)
    xy = np.round(np.clip(np.nan_to_num(positions), 0, 1) * LAST).astype(np.uint16)
    return Places(network, rows[order].astype(np.int32), xy[order])


def networks_with_places(catalogue: Catalogue) -> list[str]:
    """Return the networks with embeddings of a catalogue, those of the most galaxies first."""
    found = {name: len(embeddings.rows) for name in networks.names() if (embeddings := embeddings_of(catalogue, name))}
    return sorted((name for name, count in found.items() if count), key=lambda name: -found[name])


def places_of(catalogue: Catalogue, network: str) -> Places | None:
    """Return the places of galaxies on the map of a network; None without embeddings."""
    embeddings = embeddings_of(catalogue, network) if network in networks.names() else None
    if embeddings is None or not len(embeddings.rows):
        return None

    def compute(found: Embeddings) -> Places:
        return places_from(network, found.rows, _positions(network, found.vectors))

    places: Places = latest_result(catalogue, ("places", network), lambda: embeddings, compute)
    return places


def _positions(network: str, vectors: np.ndarray) -> np.ndarray:
    """Place embeddings by what the network's file holds, else by their two principal components."""
    from galaxy_explorer.models.checkpoints import available
    from galaxy_explorer.similarity import Placement, placement_of

    return (placement_of(available()[network]) or Placement.pca(vectors)).place(vectors)

"""Placement: a place on the map for every galaxy, from its embedding.

The place belongs to the network: t-SNE was run once on all pictures at hand, and a small network learned it, which is
stored in the checkpoint. ``benchmarks/studies/placement.py`` repeats this.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from galaxy_explorer.similarity.neighbours import unit_roots

BLOCK = 8192  # rows at once
TAIL = 1.0  # per cent of the galaxies at each side whose places are clipped to the edge
EDGE = 0.03  # of the map at each side for these
MAX_SAMPLE = 20_000  # vectors that principal components are fitted to


@dataclass(frozen=True, eq=False)
class Placement:
    """Places on the map of galaxies by one network.

    Attributes
    ----------
    layers : tuple of (np.ndarray, np.ndarray)
        Weights ``(inputs, outputs)`` and biases of linear layers with ReLU between them, float32. The input is the
        `unit_roots` of an embedding, the output its place.
    """

    layers: tuple[tuple[np.ndarray, np.ndarray], ...]

    def place(self, vectors: np.ndarray) -> np.ndarray:
        """Return the places of galaxies.

        Parameters
        ----------
        vectors : (n, D) np.ndarray of float
            Their embeddings.

        Returns
        -------
        (n, 2) np.ndarray of float32
            x and y in [0, 1]; NaN for a vector with NaN or inf.

        Raises
        ------
        ValueError
            If the vectors have another length than the embeddings that the placement is for.
        """
        width = len(self.layers[0][0])
        if np.ndim(vectors) != 2 or np.shape(vectors)[1] != width:
            raise ValueError(
                f"the embeddings have the shape {np.shape(vectors)}; expected (n, {width}), by the placement's network"
            )
        places = np.empty((len(vectors), 2), np.float32)
        for first in range(0, len(vectors), BLOCK):
            values = unit_roots(vectors[first : first + BLOCK])
            unknown = ~np.isfinite(values).all(axis=1)
            for number, (weights, biases) in enumerate(self.layers):
                values = (np.maximum(values, 0) if number else values) @ weights + biases
            values[unknown] = np.nan
            places[first : first + BLOCK] = np.clip(values, 0, 1)
        return places

    @classmethod
    def pca(cls, vectors: np.ndarray) -> "Placement":
        """Fit a placement by the first two principal components, if the network has none.

        Parameters
        ----------
        vectors : (n, D) np.ndarray of float
            Embeddings of a catalogue.

        Returns
        -------
        Placement
            All but the outermost galaxies lie within the edges.
        """
        roots = unit_roots(vectors[:: max(1, len(vectors) // MAX_SAMPLE)]).astype(np.float32)
        roots = roots[np.isfinite(roots).all(axis=1)]
        width = np.shape(vectors)[1]
        if len(roots) < 2:
            return cls(((np.zeros((width, 2), np.float32), np.full(2, 0.5, np.float32)),))
        mean = roots.mean(axis=0)
        components = np.linalg.eigh(np.cov(roots.T))[1][:, :-3:-1]
        # The sign of a component is arbitrary: its largest value is made positive.
        components *= np.sign(components[np.abs(components).argmax(axis=0), [0, 1]])
        scale, shift = scaling((roots - mean) @ components)
        weights = components * scale
        return cls(((weights.astype(np.float32), (shift - mean @ weights).astype(np.float32)),))


def scaling(places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return scale and shift from ``(n, 2)`` places to the map, few of them to its edges."""
    low, high = np.percentile(places, [TAIL, 100 - TAIL], axis=0)
    scale = (1 - 2 * EDGE) / np.maximum(high - low, 1e-9)
    return scale, EDGE - low * scale


def placement_of(weights: str | Path) -> Placement | None:
    """Return the placement of a network.

    Parameters
    ----------
    weights : str or Path
        Name of a bundled model, or a checkpoint.

    Returns
    -------
    Placement or None
        None if the checkpoint has none that was fitted to its weights.

    Raises
    ------
    CheckpointError
        If the file cannot be read.
    """
    from galaxy_explorer.models.checkpoints import read_placement

    stored = read_placement(weights)
    if stored is None:
        return None
    return Placement(tuple((layer["weights"], layer["biases"]) for layer in stored["layers"]))

"""Exact search of nearest neighbours among the embeddings of a catalogue."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from galaxy_explorer.prediction import Embeddings

BLOCK = 8192  # rows that are converted at once: 6 MB in float32
COMPONENTS = 47  # with the length of the rest 48 numbers a galaxy: 46 MB for 240,000
SAMPLE = 4096  # rows that the components are fitted to
MARGIN = 1e-5  # of a cosine in float32
ROUNDING = 1e-6  # of a squared length in float32
FIRST = 256  # rows whose distances are computed first; their worst decides which others are


def unit_roots(vectors: np.ndarray) -> np.ndarray:
    """Return what embeddings are compared by: their square roots, at unit length.

    An embedding is a mean of maps that are 0 or above; its large values would decide alone. For the choice see
    ``benchmarks/studies/similarity.py``.

    Parameters
    ----------
    vectors : (..., D) np.ndarray of float
        Embeddings.

    Returns
    -------
    (..., D) np.ndarray of float32 or float64
        Values below 0 keep their sign. A vector of zeros, or with NaN or inf, has NaN.
    """
    values = np.asarray(vectors)
    values = values.astype(np.result_type(values, np.float32), copy=False)
    roots = np.copysign(np.sqrt(np.abs(values)), values)
    lengths = np.sqrt(np.einsum("...i,...i", roots, roots))[..., np.newaxis]
    with np.errstate(invalid="ignore"):  # 0 / 0, inf / inf
        return np.divide(roots, lengths, out=roots)


class Neighbours:
    """Embeddings of a catalogue, prepared for exact searches of nearest neighbours.

    Each row is held in memory as a few principal components and the length of the rest, whose product with those of a
    vector is an upper bound of their cosine. Only rows whose bound is high enough are read from the float16 vectors.

    Parameters
    ----------
    embeddings : Embeddings
        Rows of zeros, or with NaN or inf, are never found.
    """

    def __init__(self, embeddings: "Embeddings") -> None:
        self.embeddings = embeddings
        count = len(embeddings.vectors)
        sample = unit_roots(embeddings.vectors[:: max(1, count // SAMPLE)])
        sample = sample[np.isfinite(sample).all(axis=1)]
        # Eigenvectors of the second moments, without a mean: the bound is that of a cosine.
        self._components = np.linalg.eigh(sample.T @ sample)[1][:, ::-1][:, :COMPONENTS]
        self._bounds = np.empty((count, self._components.shape[1] + 1), np.float32)
        for block, rows in _blocks(embeddings.vectors):
            self._bounds[rows] = self._reduced(unit_roots(block))
        self._unusable = np.flatnonzero(~np.isfinite(self._bounds).all(axis=1))
        self._bounds[self._unusable] = 0

    def nearest(
        self, vector: np.ndarray, count: int = 12, *, exclude: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Find the galaxies nearest to a vector, as `nearest` does."""
        width = self.embeddings.vectors.shape[1]
        wanted = unit_roots(np.asarray(vector, np.float64))
        if wanted.shape != (width,) or not np.isfinite(wanted).all():
            raise ValueError(
                f"the vector has the shape {wanted.shape}, or holds NaN, inf or zeros alone; expected {width} finite "
                f"numbers, an embedding by {self.embeddings.network}"
            )
        bounds = self._bounds @ self._reduced(wanted.astype(np.float32))
        bounds[self._unusable] = -np.inf
        if exclude is not None:
            bounds[self.embeddings.rows == exclude] = -np.inf
        count = min(count, int(np.isfinite(bounds).sum()))
        if count <= 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        few = min(max(FIRST, 2 * count), len(bounds))
        found = np.argpartition(-bounds, few - 1)[:few]
        found = found[np.isfinite(bounds[found])]
        worst = np.partition(self._squared(found, wanted), count - 1)[count - 1]
        # A squared distance is 2 − 2 cosine: all rows that may be as near as the worst of the nearest.
        found = np.flatnonzero(bounds >= 1 - worst / 2 - MARGIN)
        squared = self._squared(found, wanted)
        order = np.lexsort((found, squared))[:count]  # equally near: in the order of the catalogue
        return self.embeddings.rows[found[order]].astype(np.int64), np.sqrt(squared[order]).astype(np.float32)

    def _reduced(self, units: np.ndarray) -> np.ndarray:
        """Return components and the length of the rest, ``(..., K + 1)``, of vectors of unit length."""
        inside = units @ self._components
        rest = np.einsum("...i,...i", units, units) - np.einsum("...i,...i", inside, inside)
        return np.concatenate([inside, np.sqrt(np.maximum(rest, 0) + ROUNDING)[..., np.newaxis]], axis=-1)

    def _squared(self, positions: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        """Return squared distances in float64, where those of equal vectors are equal."""
        differences = unit_roots(self.embeddings.vectors[positions].astype(np.float64)) - wanted
        return np.einsum("ij,ij->i", differences, differences)


def nearest(
    embeddings: "Embeddings", vector: np.ndarray, count: int = 12, *, exclude: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Find the galaxies whose embeddings are nearest to a vector; exact.

    For several searches prepare the embeddings once: ``Neighbours(embeddings).nearest(vector)``.

    Parameters
    ----------
    embeddings : Embeddings
        Those of a catalogue by one network.
    vector : (D,) np.ndarray of float
        An embedding by the same network.
    count : int
        Number of galaxies wanted; fewer are returned if there are fewer.
    exclude : int, optional
        Row of the catalogue that is not wanted: the galaxy itself.

    Returns
    -------
    rows : (count,) np.ndarray of int64
        Rows of the catalogue, nearest first; of equally near ones the first in the catalogue.
    distances : (count,) np.ndarray of float32
        Euclidean distances of the `unit_roots`: 0 for the same embedding, at most √2 if no value is below 0.

    Raises
    ------
    ValueError
        If the vector has another length than the embeddings, or holds NaN, inf or zeros alone.
    """
    return Neighbours(embeddings).nearest(vector, count, exclude=exclude)


def _blocks(vectors: np.ndarray) -> Iterator[tuple[np.ndarray, slice]]:
    """Yield blocks of rows in float32, with their slices."""
    for first in range(0, len(vectors), BLOCK):
        rows = slice(first, first + BLOCK)
        yield vectors[rows].astype(np.float32), rows

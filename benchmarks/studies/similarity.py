"""Do neighbours look alike? Votes of galaxies against those of their nearest neighbours.

galaxy-explorer predict ~/galaxy-zoo --weights fcn --output fcn.parquet --embeddings embeddings.parquet
python benchmarks/studies/similarity.py --data ~/galaxy-zoo --predictions fcn.parquet --embeddings embeddings.parquet

For each validation galaxy: the mean RMS difference of the vote fractions to its neighbours among all other galaxies,
and the part of them of the same kind in words. Neighbours by several distances of the embeddings are compared with
those by pixels, by colour and size, by the network's 37 vote fractions, by the votes themselves (which no method can
beat), and with random galaxies.
"""

import argparse
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the package need not be installed

from galaxy_explorer.catalogue import ID, Catalogue, open_catalogue, read_validation_ids
from galaxy_explorer.decision_tree import kind_of
from galaxy_explorer.images import central_field
from galaxy_explorer.prediction import read_fractions
from galaxy_explorer.similarity import unit_roots

NEIGHBOURS = 10
FIELD = 0.5  # of the 424 pixels, as the networks see it
SIDE = 32  # pixels that are compared
DIMENSIONS = (8, 16, 64)  # of principal components


def read_flags(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Votes of galaxies and of their nearest neighbours.")
    add = parser.add_argument
    add("--data", required=True, metavar="DIR", help="the challenge's folder, with validation.txt")
    add("--predictions", required=True, type=Path, metavar="FILE", help="a table of `predict --output`")
    add("--embeddings", required=True, type=Path, metavar="FILE", help="a table of `predict --embeddings`")
    return parser.parse_args(arguments)


def read_embeddings(file: Path) -> pd.DataFrame:
    """Read a table of `predict --embeddings`: (N, D), by galaxy id."""
    table = pq.read_table(file)
    (column,) = (name for name in table.column_names if name != ID)
    vectors = table[column].combine_chunks()
    values = vectors.flatten().to_numpy(zero_copy_only=False).reshape(len(vectors), -1)
    return pd.DataFrame(values, index=pd.Index(table[ID].to_pylist(), name=ID))


def features_of(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the pixels of a picture's middle, and the galaxy's colours, size and concentration."""
    middle = central_field(picture, FIELD, SIDE).astype(np.float32)
    light = middle - np.median(picture[:20], axis=(0, 1))  # less the sky at the edge
    rows, columns = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    radius = np.hypot(rows, columns).ravel()
    order = radius.argsort()
    growth = np.maximum(light.sum(axis=2), 0).ravel()[order].cumsum() + 1e-3 * np.arange(1, SIDE**2 + 1)
    half, most = (radius[order][np.searchsorted(growth, part * growth[-1])] for part in (0.5, 0.9))
    red, green, blue = np.maximum(light.reshape(-1, 3).mean(axis=0), 0.1)
    physical = [np.log(red / green), np.log(green / blue), np.log(red + green + blue), np.log(half + 1), half / most]
    return middle.ravel(), np.array(physical, np.float32)


def pictures_of(catalogue: Catalogue) -> tuple[np.ndarray, np.ndarray]:
    """Return the pixels, and colours and size, of all pictures."""
    with ThreadPoolExecutor() as pool:
        found = list(pool.map(lambda galaxy_id: features_of(catalogue.picture(galaxy_id)), catalogue.ids))
    pixels, physical = (np.stack(values) for values in zip(*found, strict=True))
    return pixels, standardised(physical)


def standardised(values: np.ndarray) -> np.ndarray:
    """Return columns with a mean of 0 and a standard deviation of 1."""
    return (values - values.mean(axis=0)) / values.std(axis=0)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Return vectors of length 1, whose Euclidean distances are ordered as their angles."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def components(vectors: np.ndarray, count: int, whitened: bool = False) -> np.ndarray:
    """Return principal components; whitened, each has a standard deviation of 1."""
    centred = vectors - vectors.mean(axis=0)
    values = centred @ np.linalg.eigh(np.cov(centred.T))[1][:, ::-1][:, :count]
    return values / (values.std(axis=0) + 1e-6) if whitened else values


def spaces(embeddings: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Yield ways to compare embeddings, each as vectors whose Euclidean distance counts."""
    roots = np.sqrt(np.maximum(embeddings, 0))
    yield "embedding, Euclidean", embeddings
    yield "embedding, cosine", unit(embeddings)
    yield "square roots, Euclidean", roots
    yield "square roots, cosine (the app's)", unit_roots(embeddings)
    yield "logarithms, cosine", unit(np.log1p(embeddings / (embeddings.mean(axis=0) + 1e-6)))
    for count in DIMENSIONS:
        yield f"square roots, {count} components", components(roots, count)
        yield f"square roots, {count} components, whitened", components(roots, count, whitened=True)


def neighbours(vectors: np.ndarray, rows: np.ndarray, count: int = NEIGHBOURS) -> np.ndarray:
    """Return the nearest other rows of some rows, (n, count), unordered."""
    vectors = np.nan_to_num(vectors.astype(np.float32))
    squares, found = np.einsum("ij,ij->i", vectors, vectors), []
    for part in np.array_split(rows, max(1, len(rows) // 512)):
        distances = squares - 2 * vectors[part] @ vectors.T
        distances[np.arange(len(part)), part] = np.inf
        found.append(np.argpartition(distances, count, axis=1)[:, :count])
    return np.concatenate(found)


def vote_distances(votes: np.ndarray, rows: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Return the mean RMS difference of the votes between each row and those that were found."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a galaxy without votes
        differences = np.sqrt(np.nanmean((votes[found] - votes[rows][:, np.newaxis]) ** 2, axis=2))
    return np.nanmean(differences, axis=1)


def same_kinds(votes: np.ndarray, rows: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Return the part of those that were found, with all votes, of the kind of each row."""
    kinds = np.array([kind_of(values) if np.isfinite(values).all() else "" for values in votes.astype(float)])
    complete, same = kinds[found] != "", kinds[found] == kinds[rows][:, np.newaxis]
    counts = complete.sum(axis=1)
    return np.where(counts > 0, (same & complete).sum(axis=1) / np.maximum(counts, 1), np.nan)


def estimate(values: np.ndarray, digits: int) -> str:
    """Return a mean with its standard error."""
    error = np.nanstd(values) / np.sqrt(np.isfinite(values).sum())
    return f"{np.nanmean(values):.{digits}f} ± {error:.{digits}f}"


def main(arguments: list[str] | None = None) -> None:
    """Print a table of mean distances."""
    flags = read_flags(arguments)
    embeddings = read_embeddings(flags.embeddings)
    catalogue = open_catalogue(flags.data).subset(embeddings.index)
    votes = catalogue.volunteer_fractions
    wanted = catalogue.table.index.isin(read_validation_ids(flags.data)) & np.isfinite(votes).all(axis=1)
    rows = np.flatnonzero(wanted)
    pixels, physical = pictures_of(catalogue)
    predicted = read_fractions(flags.predictions).loc[catalogue.ids].to_numpy(np.float32)
    compared = [
        *spaces(embeddings.to_numpy(np.float32)),
        ("the network's vote fractions", predicted),
        ("colour and size", physical),
        ("pixels", pixels),
        ("the volunteers' votes themselves", votes),
    ]
    print(f"{len(rows)} validation galaxies, {len(catalogue):,} candidates, {NEIGHBOURS} neighbours\n")
    print("| neighbours by | distance of the votes | of the same kind |\n|---|---|---|")
    at_random = np.random.default_rng(0).integers(len(catalogue), size=(len(rows), NEIGHBOURS))
    for name, found in [*((name, neighbours(vectors, rows)) for name, vectors in compared), ("chance", at_random)]:
        distance, same = vote_distances(votes, rows, found), 100 * same_kinds(votes, rows, found)
        print(f"| {name} | {estimate(distance, 4)} | {estimate(same, 1)} % |", flush=True)


if __name__ == "__main__":
    main()

"""Prediction tables in the cache, written without a network."""

from pathlib import Path

import numpy as np
from ends import around

from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.prediction import PredictionStore, cached
from galaxy_explorer.prediction.stream import Batch

KEY = "key"  # of the weights and views


def keep_predictions(
    sample: Catalogue, ids, value: float, name: str, weights: Path, finish: bool = True, ood_scores=None
) -> Path:
    """Keep predictions as the worker does; the last of the ids failed."""
    fractions = np.full((len(ids) - 1, len(COLUMNS)), value, dtype=np.float32)
    store = PredictionStore(cached.folder() / f"{name}.parquet", "key")
    cached.write_manifest(store.path, sample, name.partition("-")[0], weights)
    scores = None if ood_scores is None else np.asarray(ood_scores, dtype=float)
    store.add([Batch(list(ids[:-1]), fractions, around(fractions, 0.1), {ids[-1]: "damaged"}, ood_scores=scores)])
    if finish:
        store.finish()
    return store.path


def keep_fractions(
    galaxies: Catalogue, ids, fractions, name: str, weights: Path, finish: bool = True, network: str = ""
) -> Path:
    """Keep given predictions as the worker does."""
    store = PredictionStore(cached.folder() / f"{name}.parquet", KEY)
    cached.write_manifest(store.path, galaxies, network or name.partition("-")[0], weights)
    fractions = np.asarray(fractions, dtype=np.float32)
    store.add([Batch(list(ids), fractions, around(fractions, 0.1), {})], store.begin_part())
    if finish:
        store.finish()
    return store.path

"""Prediction of vote fractions with their 68 % intervals, for one image or a million.

The same weights, image and TTA views give the same 37 numbers in every run, and on the CPU in every batch, to 1e-6.
torch is imported when a network runs.

    PredictionError(ValueError)     predictions cannot be made, stored or read
    DistributedError(ValueError)    processes cannot connect, or one has ended
"""

from galaxy_explorer.prediction.catalogues import predict_catalogue, predict_missing, sources_of
from galaxy_explorer.prediction.chunks import Predictions
from galaxy_explorer.prediction.distributed import SINGLE_PROCESS, DistributedError, Rank, init_distributed
from galaxy_explorer.prediction.embeddings import Embeddings, open_embeddings
from galaxy_explorer.prediction.formats import ENDINGS, as_bytes, read_about, read_fractions, read_table, write_table
from galaxy_explorer.prediction.inference import embed, ood_score, predict
from galaxy_explorer.prediction.provenance import find_network, provenance
from galaxy_explorer.prediction.store import PredictionStore
from galaxy_explorer.prediction.stream import Batch, PredictOptions, Source, predict_pictures
from galaxy_explorer.prediction.tables import (
    CROP_COLUMNS,
    INTERVAL_COLUMNS,
    LOWER_COLUMNS,
    OOD_FLAG,
    OOD_SCORE,
    UPPER_COLUMNS,
    PredictionError,
    read_failures,
)

__all__ = [
    "CROP_COLUMNS",
    "ENDINGS",
    "INTERVAL_COLUMNS",
    "LOWER_COLUMNS",
    "OOD_FLAG",
    "OOD_SCORE",
    "SINGLE_PROCESS",
    "UPPER_COLUMNS",
    "Batch",
    "DistributedError",
    "Embeddings",
    "PredictOptions",
    "PredictionError",
    "PredictionStore",
    "Predictions",
    "Rank",
    "Source",
    "as_bytes",
    "embed",
    "find_network",
    "init_distributed",
    "ood_score",
    "open_embeddings",
    "predict",
    "predict_catalogue",
    "predict_missing",
    "predict_pictures",
    "provenance",
    "read_about",
    "read_failures",
    "read_fractions",
    "read_table",
    "sources_of",
    "write_table",
]

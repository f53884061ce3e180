"""From pictures to vote fractions, with their spread: one picture or a million.

The same weights, picture and views give the same 37 numbers on every run, and on the CPU in every batch, to 1e-6.

    PredictionError(ValueError)    predictions cannot be made, kept or read here
"""

from galaxy_explorer.prediction.catalogues import fill, predict_catalogue, sources_of
from galaxy_explorer.prediction.embeddings import embed, strangeness_of
from galaxy_explorer.prediction.formats import ENDINGS, as_bytes, read_fractions, read_head
from galaxy_explorer.prediction.inference import predict, prediction_key
from galaxy_explorer.prediction.processes import ALONE, Process, joined, own_cuda_device
from galaxy_explorer.prediction.store import Predictions, PredictionStore
from galaxy_explorer.prediction.stream import BATCH_SIZE, Batch, Source, predict_pictures
from galaxy_explorer.prediction.tables import SPREAD_COLUMNS, PredictionError, read_failures, read_parquet

__all__ = [
    "ALONE",
    "BATCH_SIZE",
    "ENDINGS",
    "SPREAD_COLUMNS",
    "Batch",
    "PredictionError",
    "PredictionStore",
    "Predictions",
    "Process",
    "Source",
    "as_bytes",
    "embed",
    "fill",
    "joined",
    "own_cuda_device",
    "predict",
    "predict_catalogue",
    "predict_pictures",
    "prediction_key",
    "read_failures",
    "read_fractions",
    "read_head",
    "read_parquet",
    "sources_of",
    "strangeness_of",
]

"""Forward passes for several visitors at once, in a few threads."""

import os
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import streamlit as st

from galaxy_explorer.images import DEFAULT_VIEWS

if TYPE_CHECKING:
    from galaxy_explorer.models import Model
    from galaxy_explorer.saliency import FeatureMaps

MAX_PICTURES = 4  # in a batch; the next one must not wait long
MAX_THREADS = 4


class ForwardPass(NamedTuple):
    """Results of a forward pass of the TTA views of a picture."""

    fractions: np.ndarray  # (37,) vote fractions
    intervals: np.ndarray  # (2, 37) lower and upper ends of the 68 % prediction intervals; NaN if unknown
    features: "FeatureMaps"  # for its saliency maps
    embedding: np.ndarray  # (D,) float32, the mean over the views, as prediction tables hold it


class Request(NamedTuple):
    """A picture that waits for a forward pass."""

    model: "Model"
    inputs: np.ndarray  # (3, S, S) float32
    result: "Future[ForwardPass]"


class BatchWorker:
    """Threads that run forward passes of all waiting pictures together.

    Between two layers a pass waits for Python's lock, so that passes in the threads of twenty visitors hinder one
    another.
    """

    def __init__(self, threads: int) -> None:
        self.waiting: SimpleQueue[Request] = SimpleQueue()
        for _ in range(threads):
            Thread(target=self._work, name="batches", daemon=True).start()

    def run(self, model: "Model", inputs: np.ndarray) -> ForwardPass:
        """Wait for the pass of a picture, ``(3, S, S)`` inputs; raise what it raised."""
        request = Request(model, inputs, Future())
        self.waiting.put(request)
        return request.result.result()

    def _work(self) -> None:
        requests = [self.waiting.get()]
        import torch

        torch.set_num_threads(1)  # of this thread's passes; next to busy threads two take longer than one
        while True:
            with suppress(Empty):
                while len(requests) < MAX_PICTURES:
                    requests.append(self.waiting.get_nowait())
            for model in {id(request.model): request.model for request in requests}.values():
                _run([request for request in requests if request.model is model])
            requests = [self.waiting.get()]


def _run(requests: list[Request]) -> None:
    """Run the pass of one model's pictures, and hand over the results or the error."""
    try:
        results = forward_passes(requests[0].model, [request.inputs for request in requests])
    except Exception as error:  # each visitor's thread raises it
        for request in requests:
            request.result.set_exception(error)
        return
    for request, result in zip(requests, results, strict=True):
        request.result.set_result(result)


def forward_passes(model: "Model", inputs: list[np.ndarray]) -> list[ForwardPass]:
    """Predict pictures, each ``(3, S, S)`` inputs; keep the features for their saliency maps."""
    from galaxy_explorer.prediction.inference import intervals_of, predict_features
    from galaxy_explorer.saliency import feature_maps

    shared = feature_maps(model.network, inputs, DEFAULT_VIEWS)
    fractions, embeddings = predict_features(model.network, [each.features for each in shared])
    intervals = intervals_of(model, fractions, DEFAULT_VIEWS)
    results = zip(fractions, intervals, shared, embeddings.mean(axis=0), strict=True)
    return [ForwardPass(*each) for each in results]


@st.cache_resource(show_spinner=False)
def batch_worker() -> BatchWorker:
    """Return the app's threads of forward passes."""
    return BatchWorker(min(os.cpu_count() or 1, MAX_THREADS))

"""Forward passes for several visitors at once, in one thread."""

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


class ForwardPass(NamedTuple):
    """What one forward pass over the TTA views of a picture yields."""

    fractions: np.ndarray  # (37,) vote fractions
    interval: np.ndarray  # (37,) half-widths of the 68 % prediction intervals
    features: "FeatureMaps"  # for its saliency maps


class Request(NamedTuple):
    """A picture that waits for a forward pass."""

    model: "Model"
    inputs: np.ndarray  # (3, S, S) float32
    result: "Future[ForwardPass]"


class BatchWorker:
    """Thread that runs forward passes over all waiting pictures together.

    Between two layers a pass waits for Python's lock, so that passes in the threads of twenty visitors hinder one
    another.
    """

    def __init__(self) -> None:
        self.waiting: SimpleQueue[Request] = SimpleQueue()
        Thread(target=self._work, name="batches", daemon=True).start()

    def run(self, model: "Model", inputs: np.ndarray) -> ForwardPass:
        """Wait for the pass over a picture, ``(3, S, S)`` inputs; raise what it raised."""
        request = Request(model, inputs, Future())
        self.waiting.put(request)
        return request.result.result()

    def _work(self) -> None:
        while True:
            requests = [self.waiting.get()]
            with suppress(Empty):
                while len(requests) < MAX_PICTURES:
                    requests.append(self.waiting.get_nowait())
            for model in {id(request.model): request.model for request in requests}.values():
                _run([request for request in requests if request.model is model])


def _run(requests: list[Request]) -> None:
    """Run the pass over pictures of one model, and hand over the results or the error."""
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
    from galaxy_explorer.prediction.inference import add_model_error, predict_features
    from galaxy_explorer.saliency import feature_maps

    shared = feature_maps(model.network, inputs, DEFAULT_VIEWS)
    fractions, over_views = predict_features(model.network, [each.features for each in shared])
    interval = add_model_error(model, fractions, over_views, DEFAULT_VIEWS)
    return [ForwardPass(*each) for each in zip(fractions, interval, shared, strict=True)]


@st.cache_resource(show_spinner=False)
def batch_worker() -> BatchWorker:
    """Return the app's one thread of forward passes."""
    return BatchWorker()

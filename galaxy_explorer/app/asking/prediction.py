"""Predictions of the galaxy, computed in a thread while the visitor answers."""

from concurrent.futures import Future
from threading import Thread
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from galaxy_explorer.app.services import networks
from galaxy_explorer.storage import ResultCache

if TYPE_CHECKING:
    from galaxy_explorer.app.panel.shown_galaxy import ShownGalaxy

Prediction = Future[np.ndarray | None]  # (37,) vote fractions; None without a network


def predict_soon(galaxy: "ShownGalaxy") -> Prediction:
    """Return the prediction of a galaxy by the default network, computed once for all visitors."""
    futures = _predictions()
    found: Prediction = futures.get(galaxy.key, lambda: _start(galaxy))
    if found.done() and found.exception():
        futures.put(galaxy.key, found := _start(galaxy))
    return found


@st.cache_resource(show_spinner=False)
def _predictions() -> ResultCache:
    return ResultCache(max_size=500)


def _start(galaxy: "ShownGalaxy") -> Prediction:
    """Start a thread that imports torch, if no page has, and predicts."""
    future: Prediction = Future()

    def predict() -> None:
        try:
            names = networks.networks()
            future.set_result(galaxy.predict(names[0]).fractions if names else None)
        except Exception as error:  # shown by the page
            future.set_exception(error)

    Thread(target=predict, name="asking", daemon=True).start()
    return future

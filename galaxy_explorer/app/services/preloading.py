"""Imports and networks that the first galaxy needs, loaded in the background."""

from threading import Timer

import numpy as np
import streamlit as st

from galaxy_explorer.app.services import networks
from galaxy_explorer.app.services.batches import batch_worker

DELAY_S = 1.0  # the browser first fetches the pictures of the page


@st.cache_resource(show_spinner=False)
def preload_soon() -> None:
    """Start loading in a thread, once for all visitors; a page calls it when it is drawn."""
    timer = Timer(DELAY_S, preload)
    timer.daemon = True  # or Ctrl-C would wait for its end
    timer.start()


def preload() -> None:
    """Import torch, load the networks, and run each once, the default one first."""
    for name in networks.networks():
        model = networks.network(name)
        size = model.card.image_size
        batch_worker().run(model, np.zeros((3, size, size), np.float32))
    import galaxy_explorer.saliency.cams  # noqa: F401  for the first map

    networks.freeze_gc("saliency")

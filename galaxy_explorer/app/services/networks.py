"""The models that all visitors share; torch is imported inside the functions that need it."""

import atexit
import gc
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from galaxy_explorer.models import Card, Model


VIEWS = 8  # flips and quarter turns averaged for every number that the app shows


def networks() -> list[str]:
    """Name the networks that ship with the project, the one with the smallest error on its card first."""
    errors = {name: card.validation.rmse if card.validation else 1.0 for name, card in cards().items()}
    return sorted(errors, key=errors.__getitem__)


def cards() -> "dict[str, Card]":
    """Give the cards of the networks in ``weights/``, by name, without those that cannot be read."""
    return _cards()[0]


def unreadable_networks() -> list[str]:
    """Say why networks in ``weights/`` are left out: a sentence each."""
    return [f"A network is left out: {reason}" for reason in _cards()[1]]


@st.cache_data(ttl=60, show_spinner=False)
def _cards() -> "tuple[dict[str, Card], list[str]]":
    """Read the cards of all networks, and why some cannot be read; torch is loaded for it."""
    from galaxy_explorer.models.checkpoints import CheckpointError, available, read_card

    found, wrong = {}, []
    for name, path in available().items():
        try:
            found[name] = read_card(path)
        except CheckpointError as error:
            wrong.append(str(error))
    _set_aside("torch")
    return found, wrong


@st.cache_resource(show_spinner=False)
def _set_aside(what: str) -> None:
    """Take what has been loaded, which stays, out of what the garbage collector looks through; once for each thing."""
    # Streamlit collects after every run of a page: with torch loaded, all visitors would wait for a quarter of a second.
    gc.collect()
    gc.freeze()
    atexit.register(gc.unfreeze)  # or triton complains of leaks


@st.cache_resource(max_entries=4, show_spinner="Loading the network …")
def network(name: str) -> "Model":
    """Load a model once for all visitors."""
    from galaxy_explorer.models.checkpoints import load

    loaded = load(name)
    _set_aside("prediction")
    return loaded

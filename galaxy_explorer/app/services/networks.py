"""Networks that all visitors share; torch is imported inside the functions that need it."""

import atexit
import gc
from typing import TYPE_CHECKING

import streamlit as st

from galaxy_explorer.storage import bundled

if TYPE_CHECKING:
    from galaxy_explorer.models import Card, Model


def networks() -> list[str]:
    """Return the names of the bundled networks, the smallest validation error first."""
    errors = {name: card.validation.rmse if card.validation else 1.0 for name, card in cards().items()}
    return sorted(errors, key=errors.__getitem__)


LABELS = {"densenet": "accurate", "fcn": "quick"}  # what most visitors choose by


def names() -> list[str]:
    """Return the names of the bundled networks without loading torch: those with a label first."""
    found = sorted(path.stem for path in bundled("weights").glob("*.pt"))
    return sorted(found, key=lambda name: (name not in LABELS, [*LABELS, name].index(name)))


def label(name: str) -> str:
    """Return the label of a network or of voters: ``accurate``, ``our votes``, or its name."""
    return "our votes" if name == "ours" else LABELS.get(name, name)


def cards() -> "dict[str, Card]":
    """Return the readable model cards in ``weights/`` by network."""
    return _cards()[0]


def unreadable_networks() -> list[str]:
    """Return a sentence for each checkpoint in ``weights/`` that cannot be read."""
    return [f"A network is left out: {reason}" for reason in _cards()[1]]


@st.cache_resource(ttl=60, show_spinner=False)
def _cards() -> "tuple[dict[str, Card], list[str]]":
    from galaxy_explorer.models.checkpoints import CheckpointError, available, read_card

    readable, errors = {}, []
    for name, path in available().items():
        try:
            readable[name] = read_card(path)
        except CheckpointError as error:
            errors.append(str(error))
    freeze_gc("torch")
    return readable, errors


@st.cache_resource(show_spinner=False)
def freeze_gc(loaded: str) -> None:
    """Exclude what has been loaded for good from garbage collection; once for each name."""
    # Streamlit collects after every run of a page: with torch loaded, all visitors would wait for 0.25 s.
    gc.collect()
    gc.freeze()
    atexit.register(gc.unfreeze)  # or triton complains of leaks


@st.cache_resource(max_entries=4, show_spinner=False)  # threads without a page load them as well
def network(name: str) -> "Model":
    """Return a model, loaded once for all visitors."""
    from galaxy_explorer.models.checkpoints import load

    loaded = load(name)
    freeze_gc("prediction")
    return loaded


def fingerprint(name: str) -> str:
    """Return the fingerprint of a network, which classes are saved with."""
    return network(name).fingerprint

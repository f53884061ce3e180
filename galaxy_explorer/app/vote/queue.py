"""Galaxies to vote on: one, a collection, the selection of Browse, or a whole catalogue."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.services.collections import session as collections
from galaxy_explorer.app.services.collections.exchange import shared_from_url
from galaxy_explorer.app.ui.url_params import ignored_param_message
from galaxy_explorer.app.ui.wording import cut, escape_markdown
from galaxy_explorer.catalogue import Catalogue

URL_PARAMS = ("source", "votes", "galaxy", "collection", "of")
SELECTION = "selection"
SEED = 1  # everyone who votes on a whole catalogue has the same galaxies first


@dataclass(frozen=True)
class Queue:
    """Galaxies of one source in the order of voting."""

    source: str
    name: str  # what it is, for the page
    rows: np.ndarray = field(repr=False)  # (n,) int, of the catalogue

    def ids(self, catalogue: Catalogue) -> Iterator[str]:
        """Yield the ids in order."""
        ids = catalogue.table.index
        return (str(ids[row]) for row in self.rows)

    def done(self, catalogue: Catalogue) -> int:
        """Count those that the visitor has voted on."""
        voted = [galaxy for source, galaxy in state.votes().kept if source == self.source and galaxy in catalogue]
        return int(np.isin(self.rows, catalogue.table.index.get_indexer(pd.Index(voted))).sum())

    def following(self, catalogue: Catalogue) -> str | None:
        """Return the first galaxy without a vote that was not skipped; None after the last."""
        passed = state.votes().kept.keys() | state.vote().skipped
        return next((one for one in self.ids(catalogue) if (self.source, one) not in passed), None)


def queue_of_url(source: str, catalogue: Catalogue) -> tuple[Queue, list[str]]:
    """Return the galaxies that the URL names, with messages about what it names in vain."""
    messages: list[str] = []
    text, galaxy = st.query_params.get("collection"), st.query_params.get("galaxy")
    if text is not None:
        if (found := _collection(source, catalogue, text)) is not None:
            return found, messages
        message = "a collection of yours with galaxies of this source, or a name and ids"
        messages.append(ignored_param_message("collection", text, message))
    selection = state.shared().selection
    selected = selection and selection.source == source and selection.of == len(catalogue) and len(selection.rows)
    if galaxy is not None and galaxy not in catalogue:
        messages.append(f"There is no galaxy “{escape_markdown(cut(galaxy))}” here.")
        galaxy = None
    if selection and selected and (galaxy or st.query_params.get("of") == SELECTION):
        if galaxy:
            return Queue(source, "from this galaxy on", _from(selection.rows, catalogue, galaxy)), messages
        return Queue(source, "Browse's selection", selection.rows), messages
    order = np.random.default_rng(SEED).permutation(len(catalogue))
    if galaxy:
        return Queue(source, "from this galaxy on", _from(order, catalogue, galaxy)), messages
    return Queue(source, "in random order", order), messages


def _from(rows: np.ndarray, catalogue: Catalogue, galaxy: str) -> np.ndarray:
    """Return rows from a galaxy on, those before it at the end."""
    row = catalogue.table.index.get_loc(galaxy)
    place = np.flatnonzero(rows == row)
    return np.roll(rows, -int(place[0])) if len(place) else np.concatenate([[row], rows])


def _collection(source: str, catalogue: Catalogue, text: str) -> Queue | None:
    """Return the galaxies of a collection, the visitor's or the link's; None without any here."""
    try:
        named = shared_from_url(text)
    except ValueError:
        return None
    ids = named.ids or collections.collections().get(named.name).ids(source)
    rows = catalogue.table.index.get_indexer(pd.Index(ids))
    return Queue(source, f"“{named.name}”", rows[rows >= 0]) if (rows >= 0).any() else None

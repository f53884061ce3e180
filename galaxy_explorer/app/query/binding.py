"""Widgets bound to the query: the URL alone holds it, and a change writes a new URL."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.query.query import BrowseQuery, query_from_url
from galaxy_explorer.app.services import sources
from galaxy_explorer.app.ui.buttons.heart import await_collections

CLOSE = ":material/close:"


def read_url() -> tuple[BrowseQuery, list[str]]:
    """Read the query from the URL, with a message for each parameter that is ignored."""
    return query_from_url({name: st.query_params.get_all(name) for name in st.query_params})


def read_url_with_collections() -> tuple[BrowseQuery, list[str]]:
    """Read the query as `read_url`; the page ends if it needs collections that are not known yet."""
    query, ignored = read_url()
    if any(wanted.needs_collections for wanted in query.filters):
        await_collections()
    return query, ignored


def write_url(query: BrowseQuery) -> None:
    """Write a query into the URL; as a callback, the page shows it at once."""
    source = sources.current_source()
    votes = sources.vote_params(sources.catalogue(source))
    st.query_params.from_dict({"source": source, **query.url_params(), **votes})


def bound(
    key: state.Key, value: Any, query: BrowseQuery, change: Callable[[Any], dict[str, Any] | BrowseQuery]
) -> dict[str, Any]:
    """Bind a widget to the query.

    Parameters
    ----------
    key : Key
        The widget's key.
    value : object
        What it shows.
    query : BrowseQuery
        The present query.
    change : callable
        Returns the changed fields of the query, or another query, given the widget's new value.

    Returns
    -------
    dict of str to object
        Arguments of the widget: its key, and a callback that writes the changed query.
    """
    state.set_widget(key, value)

    def write() -> None:
        changed = change(state.widget(key))
        write_url(changed if isinstance(changed, BrowseQuery) else replace(query, **({"page": 1} | changed)))

    return {"key": key, "on_change": write}

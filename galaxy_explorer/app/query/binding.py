"""Widgets bound to the query: the URL alone holds it, and a change writes a new URL."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.query.query import BrowseQuery, query_from_url
from galaxy_explorer.app.services import sources
from galaxy_explorer.app.state import Key
from galaxy_explorer.app.ui import vote_kind
from galaxy_explorer.app.ui.buttons.heart import await_collections

CLOSE = ":material/close:"


def read_url() -> tuple[BrowseQuery, list[str]]:
    """Read the query from the URL, with a message for each parameter that is ignored."""
    return query_from_url({name: st.query_params.get_all(name) for name in st.query_params})


def read_url_with_collections() -> tuple[BrowseQuery, list[str]]:
    """Read the query; the page ends if it needs collections that are not known yet."""
    query, ignored = read_url()
    if any(wanted.needs_collections for wanted in query.filters):
        await_collections()
    return query, ignored


def restore_query() -> None:
    """Restore the last query of Browse or Map if the visitor comes from the menu.

    The menu leaves the URL empty. On the page itself an empty URL is one that the Back button restored, and stays.
    """
    last = state.browse().url_params
    if state.shared().arrived and not st.query_params and len(last) > 1:  # more than the source
        st.query_params.from_dict(last)
    if "votes" not in st.query_params:
        state.shared().vote_kind = ""
    vote_kind.read_url()


def choose_source() -> str:
    """Draw the choice of a source; return its name."""
    source = sources.current_source()
    state.shared().source = source
    state.set_widget(Key.SOURCE, source)
    with st.container(horizontal=True, vertical_alignment="center", width="content", key="source"):
        st.selectbox(
            "Catalogue",
            list(sources.sources()),
            format_func=sources.source_label,
            key=Key.SOURCE,
            on_change=_change_source,
            label_visibility="collapsed",
            width=280,
        )
    return source


def _change_source() -> None:
    """Open the chosen source with the same filters and sort order."""
    query, _ = read_url()
    sources.turn_to(state.widget(Key.SOURCE), **replace(query, search="", page=1).url_params())


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

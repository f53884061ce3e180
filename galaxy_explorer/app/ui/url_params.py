"""Warnings about URL parameters that a page cannot read."""

import re
from collections.abc import Iterable
from pathlib import Path

import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.ui.wording import cut

# Read by Streamlit itself, or appended to links by mail programs and search engines.
FOREIGN_PARAMS = re.compile(r"embed(_options)?|utm_.*|[a-z]+clid|mc_[ce]id|ref")

HISTORY = Path(__file__).with_name("history.html")
MAX_MESSAGES = 5  # on the parameters of one kind


def ignored_param_message(name: str, value: str, expected: str) -> str:
    """Return a sentence in Markdown about a parameter whose value is ignored.

    Parameters
    ----------
    name, value : str
        The parameter; the value may hold anything.
    expected : str
        What the value should have been, such as ``a page number``.
    """
    return f"URL parameter `{name}={_as_code(value)}` is ignored; expected {expected}."


def replace_history() -> None:
    """Make changes of a galaxy replace the browser's history entry, so that Back leaves it."""
    with st.container(key="history"):
        st.html(HISTORY, unsafe_allow_javascript=True)


def unknown_params(known: Iterable[str]) -> list[str]:
    """Return sentences for the URL parameters that this page does not have."""
    names = list(known)
    unknown = [name for name in st.query_params if name not in names and not FOREIGN_PARAMS.fullmatch(name)]
    messages = [
        f"URL parameter `{_as_code(name)}` is ignored; this page does not use it." for name in unknown[:MAX_MESSAGES]
    ]
    if unknown[MAX_MESSAGES:]:
        messages.append(f"{len(unknown) - MAX_MESSAGES:,} more URL parameters are ignored.")
    return messages


def warn_once(messages: list[str]) -> None:
    """Show a warning about the page's URL, and not again while the URL stays the same."""
    url = (st.context.url, str(sorted((name, st.query_params.get_all(name)) for name in st.query_params)))
    is_new = url != state.shared().warned_url
    state.shared().warned_url = url
    if messages and is_new:
        st.warning("  \n".join(messages), icon=":material/link_off:")


def _as_code(text: str) -> str:
    """Shorten a text, and replace the characters that would end a code span."""
    return cut(text).replace("`", "'").replace("\n", " ")

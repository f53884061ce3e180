"""What is said of the parts of a page's address that cannot be read, and of other people's errors: in whole sentences."""

import re
from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches

import streamlit as st

from galaxy_explorer.app.ui.wording import LONGEST, cut

ALIKE = 0.6  # of 1: below that, nothing is taken for what was meant
# What Streamlit reads itself, and what mail programs and search engines hang onto a link: nobody wrote it.
NOT_OURS = re.compile(r"embed(_options)?|utm_.*|[a-z]+clid|mc_[ce]id|ref")


def left_out(name: str, text: str, why: str, known: Iterable[str] = ()) -> str:
    """Say of a part of the address why it is left out, and what was perhaps meant.

    Parameters
    ----------
    name, text : str
        The part, as ``name=text``; may hold anything.
    why : str
        What the text is not, such as ``no page number``.
    known : iterable of str, optional
        What would have been understood.

    Returns
    -------
    str
        One or two sentences in Markdown, the part as code in them.
    """
    return f"`{name}={_shown(text)}` in the address is {why}; it is left out.{suggestion(text, known)}"


def nearest(text: str, known: Iterable[str]) -> str:
    """Find what was perhaps meant by a text; empty where nothing is like it, or two names are equally so."""
    by_small, asked = {name.lower(): name for name in known}, text.lower()[:LONGEST]
    near = get_close_matches(asked, by_small, 2, ALIKE)
    if (
        len(near) == 2
        and SequenceMatcher(None, near[0], asked).ratio() == SequenceMatcher(None, near[1], asked).ratio()
    ):
        return ""
    return by_small[near[0]] if near else ""


def unknown_names(known: Iterable[str]) -> list[str]:
    """Say of each part of this page's address that its name is none that the page knows: a sentence or two each."""
    names = list(known)
    return [
        f"This page knows no `{_shown(name)}` in the address; it is left out.{suggestion(name, names)}"
        for name in st.query_params
        if name not in names and not NOT_OURS.fullmatch(name)
    ]


def say_once(complaints: list[str]) -> None:
    """Show complaints about the page's address when it is new, and not again while it stays the same."""
    address = (st.context.url, str(sorted((name, st.query_params.get_all(name)) for name in st.query_params)))
    said, st.session_state["address_said"] = st.session_state.get("address_said"), address
    if complaints and said != address:
        st.warning("  \n".join(complaints), icon=":material/link_off:")


def suggestion(text: str, known: Iterable[str]) -> str:
    """Say what was perhaps meant, where anything is like it."""
    near = nearest(text, known)
    return f" Perhaps `{_shown(near)}` was meant." if near else ""


def _shown(text: str) -> str:
    """Cut a text from an address down to what a sentence holds, without what would end its code mark."""
    return cut(text).replace("`", "'").replace("\n", " ")

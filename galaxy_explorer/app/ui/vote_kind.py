"""Choice of the volunteers' votes, for catalogues with more than one kind."""

import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.state import Key
from galaxy_explorer.catalogue import DEBIASED, WEIGHTED, Catalogue

KINDS = (DEBIASED, WEIGHTED)
HELP = (
    "Debiased votes estimate what volunteers would have said if every galaxy were at the same, small distance, since "
    "detail is lost with distance (Willett et al. 2013, Hart et al. 2016). Weighted votes are what they did say, with "
    "each volunteer weighted by agreement with the others (Willett et al. 2013)."
)


def read_url() -> None:
    """Set the kind of votes from the URL; the default if it has a source but no kind."""
    kind = st.query_params.get("votes")
    if kind in KINDS:
        state.shared().vote_kind = kind
    elif "source" in st.query_params:
        state.shared().vote_kind = ""


def choose_votes(catalogue: Catalogue) -> None:
    """Draw the choice of votes if the catalogue has several kinds."""
    if not catalogue.vote_kind:
        return
    state.set_widget(Key.VOTES, catalogue.vote_kind)
    st.segmented_control("Volunteers' votes", KINDS, required=True, help=HELP, key=Key.VOTES, on_change=_write_url)


def _write_url() -> None:
    """Write the chosen kind of votes into the URL, from where every page reads it."""
    kind = state.shared().vote_kind = state.widget(Key.VOTES)
    if kind == DEBIASED:
        st.query_params.pop("votes", None)
    else:
        st.query_params["votes"] = kind


def show_vote_kind(catalogue: Catalogue) -> None:
    """Show which kind of votes the page uses if the catalogue has several."""
    if catalogue.vote_kind:
        st.caption(f"Volunteers' votes: {catalogue.vote_kind}. Change them in Browse.", help=HELP)
